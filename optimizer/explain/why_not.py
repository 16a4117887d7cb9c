"""Why there is no plan: an irreducible set of limits and rules that cannot hold together, and what to change."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from optimizer import core
from optimizer.catalogue import Economics, Method, Strategy
from optimizer.checks import check
from optimizer.errors import InfeasiblePlan, StuckSystems
from optimizer.explain.change import Change, Part, dropped, moved, raised, scaled, sooner
from optimizer.explain.elastic import DATES, Elastic, Levers
from optimizer.options import expand
from optimizer.portfolio import Portfolio
from optimizer.problem import Problem
from optimizer.solver import Status
from optimizer.study import study
from optimizer.words import amount_of, listed

NOTHING = 1e-7
"""A shortfall below this share of a limit is rounding."""
MARGINS = (1.0, 1.0001, 1.001, 1.01, 1.05)
"""How much larger a change is made, one after the other, until a plan in whole units is found."""
FIRST = ("freeze", "earliest", "latest", "group", "needs", "lock", "transfers", "procurement", "starts", "hours")
"""What a conflict is tried without first; money comes last."""
ROUNDED = {"USD": 0, "hours": 2, "units": 0, "purchases": 2, "share": 6, "unit-quarters": 2}
"""Digits to which an amount is rounded up."""


@dataclass(frozen=True, eq=False)
class WhyNot:
    """Why no plan exists, and what would make one possible."""

    conflict: pd.DataFrame
    """`limit key short unit allowed words`: limits and rules that cannot hold together; without any one of them a plan
    would be possible as far as the others go. `short` is by how much at least, where it is an amount."""
    changes: tuple[Change, ...]
    """Each alone makes a plan possible: the least one of each kind."""
    headline: str
    irreducible: bool = True
    """False where the time ran out before every member was tried."""

    def __str__(self) -> str:
        """What conflicts, and what to do next."""
        words = [str(text) for text in self.conflict["words"]]
        shown = words if len(words) <= 8 else [*words[:7], f"and {len(words) - 7} more"]
        lines = [self.headline, *([f"  {'; '.join(shown)}."] if words else [])]
        if len(self.changes) == 1:
            lines.append(f"  This makes a plan possible: {self.changes[0]}.")
        elif self.changes:
            lines += ["  Any one of these makes a plan possible:", *(f"    - {change}" for change in self.changes)]
        else:
            lines.append("  Raise one of these, or ease a lock, a latest start, a freeze or a group that forces them.")
        return "\n".join(lines)

    def error(self) -> InfeasiblePlan:
        """The error that says so."""
        return InfeasiblePlan(str(self), self.conflict, self.changes)


def why_not(
    portfolio: Portfolio,
    strategies: Iterable[Strategy],
    economics: Economics,
    *,
    methods: Iterable[Method] = (),
    seconds: float = 60.0,
    seed: int = 0,
) -> WhyNot | None:
    """Say why no plan satisfies every limit, and what would; None where a plan exists, or none is ruled out.

    The conflict is irreducible: each of its members has been left out once, and then a plan was possible. Up to 2,500
    options that is tried with whole units, above with fractions of systems. Each change has been applied and a plan
    found under it.

    Raises:
        DataError: what was handed over is wrong.
    """
    catalogue, ways = tuple(strategies), tuple(methods)
    check(portfolio, catalogue, ways)
    search = _Search(portfolio, catalogue, economics, ways, perf_counter() + max(seconds, 5.0), seed)
    return search.found()


def refusal(
    portfolio: Portfolio,
    strategies: tuple[Strategy, ...],
    economics: Economics,
    methods: tuple[Method, ...],
    *,
    seconds: float = 60.0,
    seed: int = 0,
) -> InfeasiblePlan:
    """The error to raise when no plan satisfies every limit."""
    found = why_not(portfolio, strategies, economics, methods=methods, seconds=seconds, seed=seed)
    return found.error() if found else InfeasiblePlan("no schedule of whole units satisfies every limit.")


class _Search:
    """One study without a plan."""

    def __init__(
        self,
        portfolio: Portfolio,
        strategies: tuple[Strategy, ...],
        economics: Economics,
        methods: tuple[Method, ...],
        until: float,
        seed: int,
    ) -> None:
        self.portfolio, self.strategies, self.economics, self.methods = portfolio, strategies, economics, methods
        self.until, self.seed = until, seed
        self.elastic = Elastic.of(portfolio, strategies, economics, methods)
        self.rules, self.keys = self.elastic.rules, self.elastic.keys.table
        self.kinds = np.concatenate([self.rules["limit"].to_numpy(dtype=object), self.keys["limit"].to_numpy(object)])
        self.irreducible, self.whole = True, False

    def left(self) -> float:
        return self.until - perf_counter()

    def found(self) -> WhyNot | None:
        """Everything, in order."""
        every = np.ones(len(self.kinds), dtype=bool)
        if self._possible(every):
            return None if self.elastic.small or self._works(Change(())) else self._fractional()
        supported = self._supported(every)
        table = self._table(self._shrunk(supported))
        if table["short"].isna().all():
            headline = "no schedule keeps these rules together, whatever the limits."
        else:
            headline = f"no schedule {'of whole units ' if self.whole else ''}satisfies every limit."
        changes = tuple(self._changes(list(dict.fromkeys(table["limit"]))))
        return WhyNot(table, changes, headline, self.irreducible)

    # The conflict -------------------------------------------------------------------------------------------------

    def _possible(self, active: np.ndarray) -> bool:
        count = len(self.rules)
        return self.elastic.possible(active[:count], active[count:], self.left(), self.seed)

    def _supported(self, every: np.ndarray) -> np.ndarray:
        """All rules, and the limits from which the shortage comes, if they are enough for it."""
        worth = self.elastic.worth(self.left(), self.seed)
        if worth is None or not worth.any():
            self.whole = worth is not None
            return every
        some = np.concatenate([np.ones(len(self.rules), dtype=bool), worth])
        return every if self._possible(some) else some

    def _shrunk(self, conflict: np.ndarray) -> np.ndarray:
        """Leave out all that is not needed for the conflict: whole kinds, halves of them, then one by one."""
        order = [*FIRST, *(kind for kind in pd.unique(self.kinds) if kind not in FIRST)]
        conflict = conflict.copy()
        rules = np.arange(len(self.kinds)) < len(self.rules)
        waiting = [rules, *(self.kinds == kind for kind in order)]
        while waiting:
            chunk = np.flatnonzero(waiting.pop(0) & conflict)
            if not len(chunk):
                continue
            if self.left() < 0:
                self.irreducible = False
                break
            conflict[chunk] = False
            if not self._possible(conflict):
                continue
            conflict[chunk] = True
            whole = len(chunk) == rules.sum() and rules[chunk].all() and len(pd.unique(self.kinds[chunk])) > 1
            if len(chunk) > 1 and not whole:
                halves = np.zeros((2, len(conflict)), dtype=bool)
                halves[0, chunk[: len(chunk) // 2]] = halves[1, chunk[len(chunk) // 2 :]] = True
                waiting[:0] = list(halves)
        return conflict

    def _table(self, conflict: np.ndarray) -> pd.DataFrame:
        """The conflict as a frame, limits that are short first."""
        count = len(self.rules)
        rules, held = conflict[:count], conflict[count:]
        limits = self.keys[held].assign(short=self._short(conflict)[held])
        limits["words"] = [_limit_words(row) for row in limits.to_dict("records")]
        forced = self.rules[rules].assign(unit="", short=np.nan, allowed=np.nan)
        forced["words"] = [self._rule_words(str(r["limit"]), str(r["key"])) for r in forced.to_dict("records")]
        table = pd.concat([limits, forced], ignore_index=True)[["limit", "key", "short", "unit", "allowed", "words"]]
        order = np.where(table["short"] > 0, 0, np.where(table["short"].isna(), 2, 1))
        return table.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)

    def _short(self, conflict: np.ndarray) -> np.ndarray:
        """By how much each limit is short if no other kind changes; where none is enough, if those in conflict do."""
        count, keys = len(self.rules), self.elastic.keys
        kinds, short = self.keys["limit"].to_numpy(dtype=object), np.zeros(len(keys))
        problem = self.elastic.bound(np.ones(count, dtype=bool))
        for kind in pd.unique(kinds[conflict[count:]]):
            if problem is None:
                break
            mine = kinds == kind
            cost = np.ones(int(mine.sum()))
            answer = self.elastic.least(problem, keys.only(mine), cost, self.left(), self.seed, None)
            short[mine] = 0.0 if answer is None else answer[1]
        problem = self.elastic.bound(conflict[:count])
        if problem is not None and not short[conflict[count:]].any():
            cost = np.where(conflict[count:], keys.weight, 0.0)
            answer = self.elastic.least(problem, keys, cost, self.left(), self.seed, None)
            short = np.zeros(len(keys)) if answer is None else np.where(conflict[count:], answer[1], 0.0)
        return np.where(short * keys.weight > NOTHING, short, 0.0)

    def _rule_words(self, rule: str, key: str) -> str:
        """A rule in words, with the reason where it is impossible by itself."""
        systems = self.portfolio.systems
        said = str(systems[rule].astype(object)[key]) if rule in DATES else ""
        if rule == "lock":
            return f"{key} is locked to {said}{self._alone(key)}"
        if rule in ("earliest", "latest"):
            words = {"earliest": "does not start before", "latest": "starts at the latest in"}[rule]
            return f"{key} {words} {said}"
        if rule == "freeze":
            return f"nothing starts or cuts over in {key}"
        if rule == "group":
            members = listed(systems.index[(systems["group"] == key) & (systems["side"] == "legacy")])
            return f"group {key} moves together ({members})"
        table = self.portfolio.dependencies
        lag = table.loc[(table["system"] + " needs " + table["needs"]) == key, "lag"].astype(float).max()
        return key + (f", {lag:g} months after it" if lag > 0 else "")

    def _alone(self, system: str) -> str:
        """Why a lock cannot be kept even alone; empty where it can."""
        options, s = self.elastic.options, int(self.portfolio.systems.index.get_loc(system))  # type: ignore[arg-type]
        if ((options.s == s) & (self.elastic.breaks["lock"] == 0)).any():
            return ""
        strategy, _, quarter = str(self.portfolio.systems.at[system, "lock"]).partition("@")
        names = [each.name for each in self.strategies]
        mine = options.tau[(options.s == s) & (options.k == names.index(strategy) + 1)] if strategy in names else []
        if not len(mine):
            return ", which its strategies do not allow"
        first, last = (self.portfolio.quarters[int(t)] for t in (np.min(mine), np.max(mine)))
        if self.elastic.line.position(quarter) > int(np.max(mine)):
            return f", which does not cut over within the horizon (it can start until {last})"
        return f", before what it needs can be bought (it can start from {first} on)"

    # What to change -----------------------------------------------------------------------------------------------

    def _changes(self, kinds: list[str]) -> Iterator[Change]:
        """The least change of each kind; where none alone is enough, of several kinds together."""
        found = [change for kind in kinds for change in self._of_kind(kind)]
        if not found:
            found = list(self._together(kinds))
        yield from found

    def _of_kind(self, kind: str) -> Iterator[Change]:
        if kind in ("group", "needs"):
            yield from self._without(kind)
            return
        yield from self._confirmed(self._eased((kind,)))

    def _together(self, kinds: list[str]) -> Iterator[Change]:
        """As few kinds of limits and dates as are enough, each raised by as small a share as possible."""
        every = [kind for kind in dict.fromkeys([*kinds, *self.kinds[::-1]]) if kind not in ("group", "needs")]
        change = self._eased(tuple(every))
        for kind in every[::-1] if change else ():
            fewer = [other for other in every if other != kind]
            if self.left() > 0 and (less := self._eased(tuple(fewer))):
                every, change = fewer, less
        yield from self._confirmed(change)

    def _eased(self, kinds: tuple[str, ...]) -> Change | None:
        """The cheapest change of limits and dates of some kinds."""
        elastic = self.elastic
        priced = tuple(kind for kind in kinds if kind in (*DATES, "freeze"))
        active = np.ones(len(self.rules), dtype=bool)
        problem = elastic.bound(active, priced)
        if problem is None:
            return None
        levers = elastic.figures.only(elastic.figures.table["limit"].isin(kinds).to_numpy())
        alone = len(kinds) == 1
        cost = np.ones(len(levers)) if alone else levers.weight
        if not alone:
            scale = 1.0 / (3 * len(self.portfolio.quarters))
            problem = problem.replace(options=problem.options.assign(cost=problem.cost * scale))
        answer = elastic.least(problem, levers, cost, self.left(), self.seed, None)
        if answer is None:
            return None
        x, by = answer
        kept = elastic.kept(active, priced)
        units = np.zeros(len(elastic.options))
        units[kept] = np.where(x[: len(kept)] > NOTHING, x[: len(kept)], 0.0) * elastic.options.block[kept]
        parts = (*self._amounts(levers, by, units), *self._dates(priced, units))
        return Change(parts) if parts else None

    def _amounts(self, levers: Levers, by: np.ndarray, units: np.ndarray) -> list[Part]:
        """The figures that are raised, each rounded up to what people write."""
        found = []
        for (limit, key), much in zip(levers.table[["limit", "key"]].itertuples(index=False), by, strict=True):
            if much <= 1e-6:
                continue
            if limit == "modern_share":
                much = self._share(int(str(key)[-4:]), units)
            unit = {"modern_share": "share", "reserve": "share"}.get(limit, _unit(levers, limit))
            digits = ROUNDED[unit]
            rounded = float(np.ceil(round(much * 10**digits, 3)) / 10**digits)
            found.append(raised(self.portfolio, str(limit), str(key), rounded))
        return found

    def _share(self, year: int, units: np.ndarray) -> float:
        """By how much the modern share of a plan falls short of what is asked."""
        options = self.elastic.options
        y = int(np.flatnonzero(self.portfolio.fiscal_years == year)[0])
        old, new = (float(options.yearly(options.cash("run", side))[:, y] @ units) for side in ("legacy", "modern"))
        return float(self.portfolio.modern_share[year]) - (new / (old + new) if old + new > 0 else 0.0)

    def _dates(self, priced: tuple[str, ...], units: np.ndarray) -> list[Part]:
        """Locks, windows and freezes as the units that break them would have them."""
        options, systems, quarters = self.elastic.options, self.portfolio.systems, self.portfolio.quarters
        names = ["keep", *(strategy.name for strategy in self.strategies)]
        found = []
        for rule in priced:
            breaking = np.flatnonzero((self.elastic.breaks[rule] > 0) & (units > 0))
            if rule == "freeze":
                frozen = {str(freeze) for freeze in self.portfolio.freezes}
                used = {str(quarters[int(t)]) for t in [*options.tau[breaking], *options.q[breaking]]}
                found += [dropped("freeze", quarter) for quarter in sorted(frozen & used)]
                continue
            for s in np.unique(options.s[breaking]).tolist():
                system, mine = str(systems.index[s]), breaking[options.s[breaking] == s]
                old = str(systems[rule].iloc[s])
                if rule != "lock":
                    t = int(options.tau[mine].max() if rule == "latest" else options.tau[mine].min())
                    months = 3 * (t - self.elastic.line.position(old))
                    found.append(moved(rule, system, months, old, str(quarters[t])))
                    continue
                fates = {(int(k), int(t)) for k, t in zip(options.k[mine], options.tau[mine], strict=True)}
                if len(fates) > 1 or options.s[(units > 0) & (options.s == s)].size > len(mine):
                    found.append(moved(rule, system, 0, old, ""))
                    continue
                (k, t), *_ = fates
                start = old.partition("@")[2]
                months = 3 * (t - self.elastic.line.position(start)) if k and start else 0
                found.append(moved(rule, system, months, old, f"{names[k]}@{quarters[t]}" if k else "keep"))
        return found

    def _without(self, kind: str) -> Iterator[Change]:
        """Groups or dependencies of which each alone may be dropped; of dependencies first a shorter lag."""
        for key in self.rules.loc[self.rules["limit"] == kind, "key"].astype(str):
            active = ~((self.rules["limit"] == kind) & (self.rules["key"] == key)).to_numpy()
            if not self.elastic.possible(active, np.ones(len(self.keys), dtype=bool), self.left(), self.seed):
                continue
            yield (
                next(self._sooner(key), None) or Change((dropped(kind, key),))
                if kind == "needs"
                else Change((dropped(kind, key),))
            )

    def _sooner(self, key: str) -> Iterator[Change]:
        """A dependency with the longest lag that works."""
        table = self.portfolio.dependencies
        lags = table.loc[(table["system"] + " needs " + table["needs"]) == key, "lag"].astype(float)
        for less in np.arange(3, float(lags.max()) + 3, 3):
            change = Change((sooner(key, float(lags.max()), min(float(less), float(lags.max()))),))
            if self._works(change):
                yield change

    def _confirmed(self, change: Change | None) -> Iterator[Change]:
        """The change, as much larger as it takes to find a plan in whole units."""
        if change is None:
            return
        numbers = any(part.unit != "months" and part.by for part in change.parts)
        for times in MARGINS if numbers else MARGINS[:1]:
            larger = change if times == 1 else scaled(change, self.portfolio, times)
            if self._works(larger):
                yield larger
                return

    def _works(self, change: Change) -> bool:
        """Whether a plan is found under a change."""
        portfolio = change.apply(self.portfolio)
        try:
            problem: Problem = study(expand(portfolio, self.strategies, self.economics, self.methods)).problem
        except StuckSystems:
            return False
        seconds = max(min(self.left(), 30.0), 5.0)
        answer = core.solve(problem, gap=0.5, seconds=seconds, seed=self.seed)
        return answer.status in (Status.OPTIMAL, Status.FEASIBLE)

    def _fractional(self) -> WhyNot | None:
        """A large study that only lacks whole units: what is short by how little, and the change that helps."""
        kinds = [kind for kind in pd.unique(self.keys["limit"].to_numpy(dtype=object)) if kind != "modern_share"]
        levers = self.elastic.figures.only(self.elastic.figures.table["limit"].isin(kinds).to_numpy())
        little = levers.table["allowed"].abs().to_numpy() * 1e-4
        parts = self._amounts(levers, little, np.zeros(len(self.elastic.options)))
        empty = pd.DataFrame(columns=["limit", "key", "short", "unit", "allowed", "words"])
        changes = tuple(self._confirmed(Change(tuple(parts))))
        return WhyNot(empty, changes, "no schedule of whole units satisfies every limit.") if changes else None


def _unit(levers: Levers, limit: str) -> str:
    return str(levers.table.loc[levers.table["limit"] == limit, "unit"].iloc[0])


def _limit_words(row: dict[Hashable, Any]) -> str:
    """One limit of the conflict in words."""
    name, unit = f"{row['limit']} {row['key']}", row["unit"]
    if row["limit"] == "reserve":
        return f"{100 * row['most']:.6g} % of each appropriation of {row['key']} is kept free"
    if row["short"] > 0:
        return f"{name} is short by {amount_of(round(row['short'], 4), unit)}"
    return f"{name} allows only {amount_of(row['allowed'], unit)}"
