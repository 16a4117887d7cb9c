"""A study in which limits may be raised and rules broken: what is missing at least, and what forbids which option."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer import direct
from optimizer.catalogue import RETAIN, Economics, Method, Strategy
from optimizer.limits import Limit
from optimizer.limits.base import by_year
from optimizer.limits.money import Appropriation
from optimizer.limits.soft import Soft
from optimizer.limits.work import Hours
from optimizer.options import Options, expand
from optimizer.portfolio import Portfolio
from optimizer.problem import Problem
from optimizer.solver import Status
from optimizer.study import Study, study
from optimizer.timeline import Timeline

SMALL = direct.SMALL
"""Up to so many options whole units are asked for; above it, fractions of systems stand for them."""
DATES = ("lock", "earliest", "latest")
"""Rules of a system that are dates."""


@dataclass(frozen=True, eq=False)
class Levers:
    """What can be raised, one a column."""

    table: pd.DataFrame
    """`limit key unit allowed most`: `most` is how far it can be raised."""
    loosens: sparse.csr_array
    """What one more unit of each adds to the rows of the problem's limits, rows x levers."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self.table)

    def only(self, kept: np.ndarray) -> Levers:
        """Some of them."""
        return Levers(self.table[kept].reset_index(drop=True), sparse.csr_array(self.loosens[:, np.flatnonzero(kept)]))

    @property
    def weight(self) -> np.ndarray:
        """One over the size of each."""
        return np.asarray(1.0 / np.maximum(self.table["allowed"].abs().to_numpy(dtype=float), 1.0))


@dataclass(frozen=True, eq=False)
class Elastic:
    r"""A study in which every limit may be raised at a price: how much is missing at least? Rules hold as they are.

    $$\min \sum_l w_l e_l \qquad \mathrm{use}_l(x) \le b_l + e_l,\ e \ge 0$$
    with $w_l$ one over the size of the limit, so that a dollar, an hour and a start can be compared. To find the
    cheapest change of one kind, only limits of that kind have an $e$, and $w_l = 1$: the fewest dollars, hours or
    starts. Dates and freezes are eased by options that exist once they are gone, at the price of the months by which
    they break them.
    """

    case: Study
    """Of all options that there would be without locks, windows and freezes."""
    portfolio: Portfolio
    """As it is."""

    @classmethod
    def of(
        cls,
        portfolio: Portfolio,
        strategies: tuple[Strategy, ...],
        economics: Economics,
        methods: tuple[Method, ...],
    ) -> Elastic:
        """The elastic form of a study."""
        systems = portfolio.systems.assign(lock="", earliest="", latest="")
        words = dict.fromkeys(DATES, "str")
        free = portfolio.replace(systems=systems.astype(words), freezes=())
        return cls(study(expand(free, strategies, economics, methods, bound=False)), portfolio)

    @property
    def options(self) -> Options:
        """Everything there would be without locks, windows and freezes."""
        return self.case.options

    @property
    def small(self) -> bool:
        """Whether whole units can be asked for."""
        return len(self.case.problem) <= SMALL

    @cached_property
    def line(self) -> Timeline:
        """Positions of quarters."""
        return Timeline(self.portfolio)

    # Rules --------------------------------------------------------------------------------------------------------

    @cached_property
    def rules(self) -> pd.DataFrame:
        """`limit key said`: each rule that could be dropped, and what the tables say there."""
        systems, names = self.portfolio.systems, self.portfolio.systems.index.astype(str)
        legacy = systems["side"] == "legacy"
        parts = [pd.DataFrame({"limit": "freeze", "key": [str(q) for q in self.portfolio.freezes]}).assign(said="")]
        for rule in ("earliest", "latest"):
            said = systems[rule].astype(object)
            kept = ((said != "") & legacy).to_numpy()
            parts.append(pd.DataFrame({"limit": rule, "key": names[kept], "said": said[kept].to_numpy()}))
        groups = systems.loc[legacy & (systems["group"] != ""), "group"].astype(object).unique()
        parts.append(pd.DataFrame({"limit": "group", "key": groups, "said": ""}))
        parts.append(pd.DataFrame({"limit": "needs", "key": pd.unique(self._pair_of_row[self._pair_of_row != ""])}))
        locked = (systems["lock"] != "").to_numpy()
        locks = systems["lock"].astype(object)[locked].to_numpy()
        parts.append(pd.DataFrame({"limit": "lock", "key": names[locked], "said": locks}))
        return pd.concat(parts, ignore_index=True).fillna({"said": ""})

    @cached_property
    def _pair_of_row(self) -> np.ndarray:
        """Which dependency each of the problem's rules belongs to: `payroll needs ledger`, or nothing."""
        names = pd.Series(self.case.problem.rules_limits.index.astype("str"), dtype="str")
        ordered = names.str.startswith("precedence ")
        pairs = names.str.removeprefix("precedence ").str.rpartition(" ")[0] if len(names) else names
        return np.asarray(pairs.where(ordered, "").astype(object))

    @cached_property
    def breaks(self) -> dict[str, np.ndarray]:
        """By how many months each option breaks each kind of date or freeze, options; 0 where it keeps to it.

        A freeze counts 1; another strategy than that of a lock counts more than all the months there are.
        """
        options, systems, line = self.options, self.portfolio.systems, self.line
        tau, s, stays = options.tau, options.s, options.stays

        def quarters(texts: pd.Series) -> np.ndarray:
            at = {text: line.position(text) if text else 0 for text in texts.unique()}
            return np.asarray(texts.map(at).to_numpy(dtype=np.int64)[s])

        given = {rule: (systems[rule] != "").to_numpy()[s] & ~stays for rule in ("earliest", "latest")}
        first, last = quarters(systems["earliest"].astype(object)), quarters(systems["latest"].astype(object))
        lock = systems["lock"].astype(object)
        way, _, start = (column.astype(object) for _, column in lock.str.partition("@").items())
        names = pd.Index([RETAIN, *(strategy.name for strategy in options.strategies)])
        k = names.get_indexer(pd.Index(way.where(way != "keep", RETAIN)))[s]
        far, locked = 3 * (line.length + 4), (lock != "").to_numpy()[s]
        apart = np.where(options.k == k, 3 * np.abs(tau - quarters(start)), far)
        apart = np.where(stays, np.where(k == 0, 0, 2 * far), np.where(k == 0, far, apart))
        frozen = np.array([line.position(freeze) for freeze in self.portfolio.freezes], dtype=np.int64)
        return {
            "earliest": np.where(given["earliest"], 3 * np.maximum(first - tau, 0), 0),
            "latest": np.where(given["latest"], 3 * np.maximum(tau - last, 0), 0),
            "freeze": (~stays & (np.isin(tau, frozen) | np.isin(options.q, frozen))).astype(np.int64),
            "lock": np.where(locked, apart, 0),
        }

    def forbidden(self, active: np.ndarray) -> np.ndarray:
        """Which options some rules forbid; `active` says which of `rules` hold."""
        options, table = self.options, self.rules
        forbidden = np.zeros(len(options), dtype=bool)
        for rule in DATES:
            holding = table.loc[active & (table["limit"] == rule).to_numpy(), "key"]
            holds = self.portfolio.systems.index.isin(holding.astype(object))
            forbidden |= (self.breaks[rule] > 0) & holds[options.s]
        frozen = table.loc[active & (table["limit"] == "freeze").to_numpy(), "key"].astype(object)
        t = np.array([self.line.position(freeze) for freeze in frozen], dtype=np.int64)
        return np.asarray(forbidden | (~options.stays & (np.isin(options.tau, t) | np.isin(options.q, t))))

    def bound(self, active: np.ndarray, priced: tuple[str, ...] = ()) -> Problem | None:
        """The problem in which only some rules hold, without cost; None where they leave a system no option.

        What breaks rules of the `priced` kinds costs the months by which it does.
        """
        problem, table, options = self.case.problem, self.rules, self.options
        kinds = table["limit"].to_numpy()
        kept = np.ones(len(problem), dtype=bool)
        kept[: len(options)] = ~self.forbidden(active & ~np.isin(kinds, priced))
        cost = np.zeros(len(problem))
        months = sum((self.breaks[rule] for rule in priced if rule in self.breaks), start=np.zeros(len(options)))
        cost[: len(options)] = months / problem.upper[: len(options)]
        chosen = np.flatnonzero(kept)
        if len(np.unique(problem.system[chosen])) < len(problem.systems):
            return None
        bundle = problem.options["bundle"].astype(object)
        apart = table.loc[~active & (kinds == "group"), "key"]
        waits = np.isin(self._pair_of_row, table.loc[active & (kinds == "needs"), "key"].astype(object))
        holds = waits | (self._pair_of_row == "")
        eased = problem.replace(
            options=problem.options.assign(cost=cost, bundle=bundle.where(~bundle.isin(apart), "")),
            extra=problem.extra.assign(cost=0.0),
            rules_use=problem.rules[0][:, np.flatnonzero(holds)],
            rules_extra_use=problem.rules[1][:, np.flatnonzero(holds)],
            rules_limits=problem.rules_limits[holds],
            horizon=0,
        )
        return eased.only(chosen)

    def kept(self, active: np.ndarray, priced: tuple[str, ...] = ()) -> np.ndarray:
        """Positions of the options that `bound` leaves."""
        kinds = self.rules["limit"].to_numpy()
        return np.flatnonzero(~self.forbidden(active & ~np.isin(kinds, priced)))

    # Limits -------------------------------------------------------------------------------------------------------

    @cached_property
    def keys(self) -> Levers:
        """Each limit as the plan's table lists it; what is kept in reserve, by year."""
        case = self.case
        none, nobody = case.options.take(np.array([], dtype=int)), np.array([])
        tables = [limit.table(none, nobody).rename_axis("key").reset_index() for limit in case.limits]
        table = pd.concat(
            [
                part.assign(limit=limit.name, unit=limit.unit, most=inf)
                for limit, part in zip(case.limits, tables, strict=True)
            ],
            ignore_index=True,
        )
        loosens = sparse.csr_array(sparse.block_diag([limit.loosened() for limit in case.limits], format="csr"))
        return _beside(Levers(table[["limit", "key", "unit", "allowed", "most"]], loosens), self._reserves)

    @cached_property
    def figures(self) -> Levers:
        """Each figure of the tables that sets a limit: an amount, the hours of a year, its starts."""
        parts: list[Levers] = []
        at = 0
        for limit in self.case.limits:
            rows = len(limit.allowed())
            parts.append(self._figures(limit, at))
            at += rows
        return _beside(*parts, self._reserves)

    def _figures(self, limit: Limit, at: int) -> Levers:
        """Those that set one limit, whose rows begin somewhere."""
        inner = limit.limit if isinstance(limit, Soft) else limit
        loosens, keys = limit.loosened(), limit.allowed().index[: limit.loosened().shape[1]].astype("str")
        frame = pd.DataFrame({"key": keys, "limit": limit.name, "unit": limit.unit, "most": inf})
        frame["allowed"] = limit.allowed().to_numpy()[: len(keys)]
        if limit.name in ("hours", "starts", "procurement") and len(frame):
            words = frame["key"].str.rpartition(" ")
            year = "FY" + pd.PeriodIndex(words[2], freq=self.portfolio.quarters.freqstr).qyear.astype(str)
            figure = pd.Series(np.where(words[0] == "", year, words[0] + " " + year))
            codes, names = pd.factorize(figure)
            share = np.ones(len(frame))
            if isinstance(inner, Hours):
                share = self._share_of_hours(frame["key"])
            sums = sparse.csr_array((share, (np.arange(len(frame)), codes)), shape=(len(frame), len(names)))
            loosens = sparse.csr_array(loosens @ sums)
            frame = frame.groupby(codes, sort=False).agg({**dict.fromkeys(("limit", "unit", "most"), "first")})
            frame = frame.assign(key=names, allowed=np.ones(len(names)))
        if isinstance(inner, Appropriation):
            budgets = inner.budgets
            kept = budgets.rows.groupby("budget")["kept"].last().to_numpy()
            free = sparse.diags_array(kept) @ sparse.eye_array(len(keys), loosens.shape[1])
            loosens = sparse.csr_array(loosens - sparse.vstack([free, 0 * loosens[len(keys) :]], format="csr"))
            frame["allowed"] = budgets.frame["amount"].to_numpy()
        return Levers(frame.reset_index(drop=True), self._placed(sparse.csr_array(loosens), at))

    def _share_of_hours(self, keys: pd.Series) -> np.ndarray:
        """Of one more hour in a year, what comes in each quarter."""
        learning, now = self.portfolio.learning, self.line.position(self.portfolio.as_of)
        t = np.array([self.line.position(key.rpartition(" ")[2]) for key in keys], dtype=np.int64)
        return np.full(len(t), 0.25) if learning is None else learning.share(t - now) / 4

    @cached_property
    def _reserves(self) -> Levers:
        """What is kept free of each year, a share of each appropriation."""
        money, at = self.case.limits[0], 0
        budgets = (money.limit if isinstance(money, Soft) else money).budgets  # type: ignore[attr-defined]
        rows, years = budgets.rows, self.portfolio.fiscal_years
        kept = by_year(self.portfolio.reserve, years)
        chosen = np.flatnonzero(kept > 0)
        amounts = np.where(rows["y"].to_numpy()[:, None] == chosen, rows["amount"].to_numpy()[:, None], 0.0)
        loosens = sparse.csr_array(budgets.sums @ amounts).reshape((len(budgets.frame), len(chosen)))
        table = pd.DataFrame(
            {
                "limit": "reserve",
                "key": [f"FY{year}" for year in years[chosen]],
                "unit": "share",
                "allowed": 1.0,
                "most": kept[chosen],
            }
        )
        return Levers(table, self._placed(loosens, at))

    def _placed(self, loosens: sparse.csr_array, at: int) -> sparse.csr_array:
        """Rows of one limit among all rows."""
        rows = sparse.coo_array(loosens)
        where = (rows.coords[0] + at, rows.coords[1])
        return sparse.csr_array((rows.data, where), shape=(len(self.case.problem.limits), loosens.shape[1]))

    # How much is missing ------------------------------------------------------------------------------------------

    def raised(self, problem: Problem, levers: Levers, cost: np.ndarray, held: np.ndarray | None = None) -> Problem:
        """A problem in which limits may be raised at a cost; those that are `held` may not."""
        most = abs(problem.use).T @ problem.upper + problem.limits.abs().to_numpy() + 1
        each = np.asarray(abs(levers.loosens).max(axis=0).todense()).ravel() if len(levers) else np.zeros(0)
        ever = float(most.max(initial=1.0)) / np.maximum(each, 1e-9)
        upper = np.minimum(ever, levers.table["most"].to_numpy(dtype=float))
        upper = np.where(each > 0, upper, 0.0) * (1.0 if held is None else ~held)
        names = "raise " + levers.table["limit"].astype(str) + " " + levers.table["key"].astype(str)
        beside = pd.DataFrame(
            {"upper": upper, "cost": cost, "integer": levers.table["limit"].isin(["starts"]).to_numpy()},
            index=pd.Index(names, dtype="str"),
        )
        own = problem.extra.assign(integer=problem.whole)
        return problem.replace(
            extra=pd.concat([own, beside]),
            extra_use=sparse.csr_array(sparse.vstack([problem.more, -levers.loosens.T], format="csr")),
            rules_extra_use=sparse.csr_array(
                sparse.vstack([problem.rules[1], sparse.csr_array((len(levers), len(problem.rules_limits)))])
            ),
        )

    def possible(self, rules: np.ndarray, keys: np.ndarray, seconds: float, seed: int) -> bool:
        """Whether a plan exists that keeps to some rules and limits; also said when the time is over."""
        problem = self.bound(rules)
        if problem is None:
            return False
        problem = problem.replace(options=problem.options.assign(cost=0.0))
        problem = self.raised(problem, self.keys, np.zeros(len(self.keys)), keys)
        if self.small:
            return direct.solve(problem, gap=1.0, seconds=max(seconds, 1.0), seed=seed).status is not Status.INFEASIBLE
        return direct.relax(problem, seconds=max(seconds, 1.0), seed=seed).status is not Status.INFEASIBLE

    def least(
        self, problem: Problem, levers: Levers, cost: np.ndarray, seconds: float, seed: int, held: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """The cheapest way to raise limits so that a plan exists: units of each option, and by how much; or none."""
        eased, count = self.raised(problem, levers, cost, held), len(levers)
        if self.small:
            answer = direct.solve(eased, gap=1e-7, seconds=max(seconds, 1.0), seed=seed)
            if answer.status not in (Status.OPTIMAL, Status.FEASIBLE):
                return None
            return answer.x, answer.extra[len(answer.extra) - count :]
        relaxed = direct.relax(eased, seconds=max(seconds, 1.0), seed=seed)
        if relaxed.status is not Status.OPTIMAL:
            return None
        return relaxed.x[: len(problem)], np.maximum(relaxed.x[len(relaxed.x) - count :], 0.0)

    def worth(self, seconds: float, seed: int) -> np.ndarray | None:
        """Which limits the shortage comes from when all rules hold, by their prices in the relaxation.

        None where the rules leave a system no option; all False where fractions of units would fit.
        """
        problem = self.bound(np.ones(len(self.rules), dtype=bool))
        if problem is None:
            return None
        eased = self.raised(problem, self.keys, self.keys.weight)
        answer = direct.relax(eased, seconds=max(seconds, 1.0), seed=seed)
        if answer.status is not Status.OPTIMAL:
            return None
        if answer.value <= 1e-9:
            return np.zeros(len(self.keys), dtype=bool)
        prices = np.maximum(answer.duals[-len(problem.limits) :], 0.0)
        value = (self.keys.loosens.T @ prices) / self.keys.weight
        return np.asarray(value > 1e-7 * value.max(initial=1e-300))


def _beside(*parts: Levers) -> Levers:
    """Several lists of levers as one."""
    columns = ["limit", "key", "unit", "allowed", "most"]
    table = pd.concat([part.table[columns].astype({"most": float}) for part in parts], ignore_index=True)
    rows = parts[0].loosens.shape[0]
    blocks = [part.loosens for part in parts if part.loosens.shape[1]]
    return Levers(table, sparse.csr_array(sparse.hstack(blocks, format="csr") if blocks else (rows, 0)))
