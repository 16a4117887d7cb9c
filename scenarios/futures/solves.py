r"""Contracts as a problem of the optimizer's core: when each is to begin, solved anew for one future at a time.

$$\min \sum_{cq} (c_{cq} + \delta\, n_c [q \ne a_c])\, x_{cq} + \pi \sum_b v_b \qquad \sum_q x_{cq} = 1 \qquad
\sum_{cq} u_{bcq} x_{cq} - v_b \le r_b$$
with $a_c$ what is meant so far, $\delta$ the price of changing a unit's fate, $u$ what a choice takes of a budget, of
the hours and of the starts of a quarter, $r$ what is left of them, and $v$ what is overspent (of budgets only). A
contract waits for what it needs: a rule for each quarter. What has begun is no choice any more: it is in what is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

import optimizer
from optimizer import Problem, Solution
from optimizer.solver import Status
from scenarios.futures.case import Case
from scenarios.futures.known import Known
from scenarios.futures.replanned import OVERSPENT, Replanned
from scenarios.futures.schedule import Schedule

CHANGE_PRICE = 100.0
"""USD of the objective for each unit whose start changes: of plans that cost as much the nearest is taken."""
GAP, SECONDS = 1e-3, 5.0
"""Where each solve may stop."""


@dataclass(frozen=True, eq=False)
class Open:
    """What can be decided in one future: N choices, each a contract and a start."""

    contract: np.ndarray
    """(N,)."""
    start: np.ndarray
    """(N,)."""
    cost: np.ndarray
    """USD of the objective against staying, (N,)."""
    taken: np.ndarray
    """USD of each budget, (N, B)."""
    hours: np.ndarray
    """(N, H)."""


def solved(
    schedule: Schedule,
    choices: Open,
    left: np.ndarray,
    hours: np.ndarray,
    overspent: float,
    after: np.ndarray,
    before: Solution | None = None,
    gap: float = GAP,
    seconds: float = SECONDS,
) -> tuple[np.ndarray, Solution]:
    """The start of each contract that has choices, -1 for the others, (C,), and the solution.

    `left` (B,) and `hours` (H,) are what there is if none of the choices began; `after` (K,) the quarters from the
    start of a cell's contract to its cut-over. `before` is the answer to a problem of the same limits.
    """
    contracts, last = schedule.contracts, schedule.contracts.quarters
    starts = schedule.choices.starts
    quarters, skilled = np.flatnonzero(np.isfinite(starts)), np.arange(len(hours))
    begins = choices.start[:, None] == quarters
    use = np.hstack([choices.taken, choices.hours[:, skilled], begins * contracts.units[choices.contract][:, None]])
    budgets = len(left)
    limits = np.concatenate([left, np.maximum(hours, 0.0), starts[quarters]])
    over = sparse.csr_array((-np.ones(budgets), (np.arange(budgets), np.arange(budgets))), shape=(budgets, len(limits)))
    most = np.maximum(np.abs(choices.taken).sum(axis=0) - np.minimum(left, 0.0), 0.0) + 1.0
    rules, allowed = _rules(schedule, choices, after)
    problem = Problem(
        pd.DataFrame(
            {
                "system": [f"c{c}" for c in choices.contract.tolist()],
                "cost": choices.cost,
                "strategy": "begin",
                "slot": [f"q{q}" for q in choices.start.tolist()],
                "bundle": "",
                "always": choices.start == last,
            }
        ),
        sparse.csr_array(use),
        pd.Series(limits, index=[f"l{i}" for i in range(len(limits))]),
        pd.DataFrame({"upper": most, "cost": overspent}, index=[f"over{b}" for b in range(budgets)]),
        over,
        rules_use=rules,
        rules_extra_use=sparse.csr_array((budgets, len(allowed))),
        rules_limits=allowed,
    )
    answer = optimizer.solve(problem, gap=gap, seconds=seconds, start=before)
    found = np.full(len(contracts), -1, dtype=np.int64)
    if answer.status in (Status.OPTIMAL, Status.FEASIBLE):
        taken = np.flatnonzero(answer.x > 0.5)
        found[choices.contract[taken]] = choices.start[taken]
    return found, answer


def _rules(schedule: Schedule, choices: Open, after: np.ndarray) -> tuple[sparse.csr_array, pd.Series]:
    """What waits begins by a quarter only if what it needs began early enough: choices x rules, and what is allowed."""
    last, contracts = schedule.contracts.quarters, schedule.contracts
    columns: list[np.ndarray] = []
    for c, cell, lag in contracts.needs.tolist():
        other = int(contracts.contract[cell])
        if not (choices.contract == other).any():
            continue
        waits, needed = choices.contract == c, choices.contract == other
        for q in np.unique(choices.start[waits & (choices.start < last)]).tolist():
            early = needed & (choices.start + after[cell] + lag <= q) & (choices.start < last)
            columns.append((waits & (choices.start <= q) & (choices.start < last)).astype(float) - early)
    table = np.stack(columns, axis=1) if columns else np.zeros((len(choices.contract), 0))
    names = [f"wait{i}" for i in range(table.shape[1])]
    return sparse.csr_array(table), pd.Series(np.zeros(len(names)), index=pd.Index(names, dtype="str"))


def carried(schedule: Schedule, outlay: np.ndarray) -> np.ndarray:
    """What outlay by budget (the last axis) takes of budgets once it is no longer carried on into the next one."""
    keeps, found = schedule.choices.keeps, outlay.copy()
    onward = schedule.case.budgets.frame["next"].to_numpy(dtype=np.int64)
    for b in np.flatnonzero(keeps > 0).tolist():
        found[..., onward[b]] += keeps[b] * outlay[..., b]
    return found


@dataclass(frozen=True)
class ReplannedFully:
    """A plan that is solved anew each fiscal year in every future that it meets: few futures, then.

    A solve that stops at its gap may find less than is known already: of what it found, what is meant so far and what
    re-planning by prices would do the best is taken, all by the objective of the solve.
    """

    plan: pd.DataFrame
    """Its rows."""
    overspent: float = OVERSPENT
    change_price: float = CHANGE_PRICE
    gap: float = GAP
    seconds: float = SECONDS
    told: Callable[[], None] | None = None
    """Called after each solve."""
    name: str = "replanned_fully"
    title: str = "Re-planned in full"
    _last: list[Solution] = field(default_factory=list)

    def rows(self, case: Case) -> pd.DataFrame:
        """As they were planned."""
        return self.plan

    def aims(self, known: Known) -> np.ndarray:
        """When each contract is to begin, (C, F): as is meant where no solve found anything."""
        aim = known.aim.copy()
        by_prices = Replanned(self.plan, self.overspent).aims(known)
        for f in np.flatnonzero(known.off_plan & known.open.any(axis=0)).tolist():
            aim[:, f] = self._again(known, f, by_prices[:, f])
            if self.told:
                self.told()
        return aim

    def _again(self, known: Known, f: int, by_prices: np.ndarray) -> np.ndarray:
        """One future, solved."""
        schedule, choices, aim = known.schedule, known.choices, known.aim[:, f]
        contracts = schedule.contracts
        may = choices.allowed & known.open[:, [f]]
        quarters = np.arange(choices.never + 1)
        may &= quarters >= np.maximum(known.soonest[:, f], self._needed(known, f))[:, None]
        may[:, -1] = choices.allowed[:, -1] & known.open[:, f]
        # what has no choice, or a lock, stays as it is meant
        chooses = may.any(axis=1) & choices.allowed[:, -1]
        c, q = np.nonzero(may & chooses[:, None])
        if not len(c):
            return aim
        mine, taken = np.flatnonzero(chooses), carried(schedule, choices.outlay)
        ends = np.array([np.flatnonzero(cycle).max() for cycle in schedule.case.cycle], dtype=np.int64)
        current = np.flatnonzero(ends >= known.year)
        left = known.left[f] + taken[mine, aim[mine]].sum(axis=0)
        others = np.setdiff1d(np.arange(len(aim)), mine)
        hours = choices.capacity - choices.hours[others, aim[others]].sum(axis=0)
        cost = choices.cost[c, q] + self.change_price * contracts.units[c] * (q != aim[c])
        option = Open(c, q, cost, taken[c, q][:, current], choices.hours[c, q])
        start = (
            self._last[-1]
            if self._last
            and len(self._last[-1].prices) == len(current) + len(hours) + int(np.isfinite(choices.starts).sum())
            else None
        )
        found, answer = solved(
            schedule, option, left[current], hours, self.overspent, contracts.work, start, self.gap, self.seconds
        )
        self._last[:] = [answer]

        def worth(start: np.ndarray) -> float:
            over = np.maximum(taken[mine, start[mine]].sum(axis=0) - left, 0.0)[current].sum()
            changed = self.change_price * (contracts.units * (start != aim))[mine].sum()
            return float(choices.cost[mine, start[mine]].sum() + changed + self.overspent * over)

        return min((aim, by_prices, np.where(found >= 0, found, aim)), key=worth)

    def _needed(self, known: Known, f: int) -> np.ndarray:
        """The first quarter in which all that each contract needs, and that has begun, will have cut over, (C,)."""
        needs = known.schedule.contracts.needs
        found = np.zeros(len(known.aim), dtype=np.int64)
        for c, cell, lag in needs.tolist():
            if known.begun[known.schedule.contracts.contract[cell], f]:
                found[c] = max(found[c], int(known.ready[cell, f]) + lag)
        return found
