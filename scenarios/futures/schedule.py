"""A policy's decisions, made ready to be played: contracts with their money in the forms that are looked up.

Letters of shapes: F futures, C contracts, K cells, S scopes, B budgets, Y fiscal years, T quarters, V variants of work.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from optimizer.catalogue import RETAIN
from optimizer.options import NEVER
from optimizer.sites import Closings
from optimizer.timeline import Timeline
from scenarios.futures.case import Case
from scenarios.futures.choices import Choices, choices_of
from scenarios.futures.contracts import KINDS, MOST_SLIP, Contracts, contracts_of
from scenarios.futures.policies import Policy, Replanning

RUNS = np.array([kind[2] == "runs" for kind in KINDS])
"""Kinds of money that the fund for running pays."""
_RUN = np.array([kind[0] == "run" for kind in KINDS])
_LEGACY = np.array([kind[1] == "legacy" for kind in KINDS])
_BY = {scale: np.array([kind[3] == scale for kind in KINDS]) for scale in ("line", "cloud", "fixed", "contract")}

PARTS = {
    "line": RUNS & _BY["line"],
    "cloud": RUNS & _BY["cloud"],
    "exit": RUNS & _BY["fixed"],
    "clearing": ~RUNS & _BY["fixed"],
    "own": _BY["contract"],
    "legacy line": _RUN & _LEGACY & _BY["line"],
    "legacy cloud": _RUN & _LEGACY & _BY["cloud"],
    "run line": _RUN & _BY["line"],
    "run cloud": _RUN & _BY["cloud"],
}
"""Sums of kinds that the books are kept in: the first five are outlay."""


@dataclass(frozen=True, eq=False)
class Staying:
    """What a schedule leaves as it is: by line, USD."""

    outlay: np.ndarray
    """(L, S, Y)."""
    legacy: np.ndarray
    """Legacy run cost, (L, Y)."""
    run: np.ndarray
    """All run cost, (L, Y)."""
    sites: np.ndarray
    """Sites in which a unit stays, (sites,)."""


@dataclass(frozen=True, eq=False)
class Projected:
    """What an office projects of a contract: outlay against staying, at expected prices, USD."""

    columns: np.ndarray
    """Positions in scope x year, flat."""
    planned: np.ndarray
    """If it goes as planned, (T + 1, columns)."""
    others: tuple[np.ndarray, ...]
    """Of each of its cells all but the contract's own cost, ((T + 1) V, columns)."""
    owns: tuple[np.ndarray, ...]
    """Of each of its cells the contract's own cost as planned, ((T + 1) V, columns)."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """A policy's decisions: contracts, and what stays."""

    case: Case
    contracts: Contracts
    staying: Staying
    policy: Policy | None = None
    """Whose it is; one that decides again each fiscal year (`Replanning`) is asked then."""

    def under(self, policy: Policy) -> Schedule:
        """The same decisions in other hands; what is looked up is shared."""
        other = copy(self)
        object.__setattr__(other, "policy", policy)
        return other

    @cached_property
    def variants(self) -> int:
        """V."""
        return int(self.contracts.money.shape[2])

    def prepare(self) -> None:
        """Works out all that is looked up, once, before futures are played."""
        for name in ("pays", "scopes", "parts", "projected", "swept", "bought_from", "free", "planned_sites"):
            getattr(self, name)
        if isinstance(self.policy, Replanning):
            _ = self.choices, self.case.persistence
        for name in ("staying", "cycle", "residual", "line_scopes", "scope_of", "year_of", "moved"):
            getattr(self.case, name)

    @property
    def longest(self) -> int:
        """Quarters by which work can be prolonged."""
        return MOST_SLIP

    @cached_property
    def pays(self) -> tuple[np.ndarray, np.ndarray]:
        """Share of running and of one-time money of each cell by scope, two of (K, S)."""
        return self.case.pays(self.contracts.system, self.contracts.capital)

    @cached_property
    def scopes(self) -> list[list[int]]:
        """Scopes that pay for each cell."""
        runs, builds = self.pays
        return [np.flatnonzero(row).tolist() for row in runs + builds]

    @cached_property
    def parts(self) -> list[tuple[tuple[str, ...], np.ndarray]]:
        """Of each cell the parts that are ever anything, and their USD by state, parts x (T + 1) V x Y."""
        found = []
        for money in self.contracts.money:
            sums = {name: money[:, :, which].sum(axis=2) for name, which in PARTS.items()}
            names = tuple(name for name, amounts in sums.items() if amounts.any())
            found.append((names, np.stack([sums[name].reshape(-1, money.shape[-1]) for name in names])))
        return found

    @cached_property
    def projected(self) -> list[Projected]:
        """What an office projects of each contract."""
        found = []
        for c in range(len(self.contracts)):
            cells = [self._against_staying(k) for k in self.contracts.cells(c)]
            total = sum((other + own)[:: self.variants] for other, own in cells)
            columns = np.flatnonzero(sum((abs(other) + abs(own)).any(axis=0) for other, own in cells))
            others, owns = (
                tuple(np.ascontiguousarray(part[:, columns]) for part in parts) for parts in zip(*cells, strict=True)
            )
            found.append(Projected(columns, np.ascontiguousarray(np.asarray(total)[:, columns]), others, owns))
        return found

    def _against_staying(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """All but the contract's own cost, and that, of one cell, two of ((T + 1) V, S Y)."""
        runs, builds = (share[k][:, None] for share in self.pays)
        money = self.contracts.money[k][:, :, :, None]
        own = builds * money[:, :, PARTS["own"]].sum(axis=2)
        other = builds * money[:, :, PARTS["clearing"]].sum(axis=2) + runs * money[:, :, RUNS].sum(axis=2)
        flat = len(self.case.scopes) * len(self.case.years)
        return (other - other[-1:, :1]).reshape(-1, flat), own.reshape(-1, flat)

    @cached_property
    def choices(self) -> Choices:
        """What is open in it, for policies that decide again."""
        return choices_of(self)

    @cached_property
    def within(self) -> np.ndarray:
        """Which scopes and years each budget pays for, ones, (S Y, B)."""
        case = self.case
        found = np.zeros((len(case.scopes), len(case.years), len(case.scope_of)))
        found[case.scope_of, :, np.arange(len(case.scope_of))] = case.cycle
        return found.reshape(-1, len(case.scope_of))

    @cached_property
    def swept(self) -> np.ndarray:
        """What is taken from each budget for run cost saved the year before, as planned, USD, (B,)."""
        rows, runs = self.case.budgets.rows, self.pays[0]
        found = np.zeros(len(self.case.budgets.frame))
        taken = rows[(rows["swept"] > 0) & (rows["y"] > 0)]
        if taken.empty or not len(self.contracts):
            return found
        start = self.contracts.start[self.contracts.contract]
        running = self.contracts.money[:, :, 0, RUNS].sum(axis=2)
        each = np.arange(len(start))
        saved = runs.T @ (running[each, -1] - running[each, start])
        for row in taken.to_dict("records"):
            found[row["budget"]] += row["swept"] * max(saved[self.case.scope_of[row["budget"]], row["y"] - 1], 0.0)
        return found

    @cached_property
    def bought_from(self) -> tuple[np.ndarray, np.ndarray]:
        """Days from `as_of` to the day on which each purchase begins, and its expected lead, two of (C,).

        It begins with the quarter in which it must begin, and no sooner than the plan is made.
        """
        contracts, clock = self.contracts, self.clock
        methods = zip(contracts.method, contracts.size, strict=True)
        lead = np.array([0.0 if m is None else float(m.lead(np.array([size]))[0]) for m, size in methods])
        begins = clock.days_until(clock.before(contracts.start, lead)) if len(contracts) else lead
        return np.maximum(begins, 0), lead

    @cached_property
    def lead(self) -> np.ndarray:
        """Days that a plan counts with from the beginning of each purchase to the award, (C,).

        What is bought together may be expected to take longer than each part of it: what was planned is in time.
        """
        if not len(self.contracts):
            return np.zeros(0)
        begins, expected = self.bought_from
        return np.asarray(np.minimum(expected, self.first_day[self.contracts.start] - begins))

    @cached_property
    def first_day(self) -> np.ndarray:
        """Days from `as_of` to the first day of each quarter, (T,)."""
        return np.asarray(self.clock.days_until(np.arange(len(self.case.portfolio.quarters))))

    @cached_property
    def clock(self) -> Timeline:
        """Positions of dates."""
        return Timeline(self.case.portfolio)

    @cached_property
    def free(self) -> np.ndarray:
        """The first quarter from each on in which things may start or cut over, (T + 1,)."""
        last = len(self.case.portfolio.quarters)
        frozen = {self.clock.position(quarter) for quarter in self.case.portfolio.freezes}
        found = np.full(last + 1, last)
        for t in range(last - 1, -1, -1):
            found[t] = found[t + 1] if t in frozen else t
        return found

    # Sites -------------------------------------------------------------------------------------------------------

    @cached_property
    def closing(self) -> np.ndarray:
        """Sites that close when their contracts have left, positions in the portfolio."""
        here = self.case.portfolio.closable & ~self.staying.sites
        return np.flatnonzero(here & np.isin(np.arange(len(here)), self.contracts.site))

    @cached_property
    def site_cash(self) -> np.ndarray:
        """What each closing site costs against staying open, by the quarter from which it is empty (`T`: never).

        USD, (closing, T + 1, Y).
        """
        last, sites = len(self.case.portfolio.quarters), self.closing
        j, e = np.repeat(sites, last + 1), np.tile(np.append(np.arange(last), NEVER), len(sites))
        cash = Closings(self.case.portfolio, self.case.economics, j, e).cash
        yearly = np.add.reduceat(cash, np.flatnonzero(np.diff(self.case.year_of, prepend=-1)), axis=1)
        return np.asarray(yearly.reshape(len(sites), last + 1, len(self.case.years)))

    def empty(self, off: np.ndarray) -> np.ndarray:
        """From which quarter each closing site is empty, (closing, F), from when the old systems of cells are off."""
        last = len(self.case.portfolio.quarters)
        found = [np.minimum(off[self.contracts.site == j].max(axis=0), last) for j in self.closing.tolist()]
        return np.array(found, dtype=np.int64).reshape(len(found), off.shape[1])

    @cached_property
    def open_sites(self) -> np.ndarray:
        """What sites cost if all stay open, USD, (S, Y)."""
        sites, years = self.case.portfolio.sites, len(self.case.years)
        if sites.empty:
            return np.zeros((len(self.case.scopes), years))
        part = np.bincount(self.case.year_of, minlength=years) / 4
        yearly = sites["annual_fixed_cost"].to_numpy(dtype=float)[:, None] * part
        return np.asarray(self.case.sites.T @ yearly)

    @cached_property
    def planned_sites(self) -> np.ndarray:
        """What sites cost if all goes as planned, USD, (S, Y)."""
        contracts, total = self.contracts, self.open_sites.copy()
        off = contracts.start[contracts.contract] + contracts.work + contracts.dual_run
        for i, e in enumerate(self.empty(off[:, None])[:, 0].tolist() if len(self.closing) else ()):
            total += np.outer(self.case.sites[self.closing[i]], self.site_cash[i, e])
        return total


def schedule_of(case: Case, rows: pd.DataFrame, policy: Policy | None = None) -> Schedule:
    """The rows of a policy (`system units strategy method start`) as contracts, and what stays."""
    contracts = contracts_of(
        case.portfolio, case.strategies, case.economics, case.methods, rows, case.lines.of_system, case.bundle
    )
    systems = case.portfolio.systems
    moving = rows[rows["strategy"] != RETAIN].groupby("system")["units"].sum()
    left = systems["units"] - moving.reindex(systems.index).fillna(0).astype(np.int64)
    units, every = left.to_numpy(dtype=float), np.arange(len(systems))
    runs, _ = case.pays(every, np.zeros(len(systems), dtype=bool))
    legacy = systems["side"].eq("legacy").to_numpy(dtype=float)
    both = case.by_line(every, units, np.column_stack([legacy, np.ones(len(systems))]))
    stays = systems.loc[left > 0, "site"]
    staying = Staying(
        outlay=case.by_line(every, units, runs),
        legacy=both[:, 0],
        run=both[:, 1],
        sites=np.asarray(case.portfolio.sites.index.isin(stays)),
    )
    return Schedule(case, contracts, staying, policy)
