"""Why there is no plan: the smallest set of limits found that cannot hold together, and by how much."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import inf
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer import direct
from optimizer.errors import InfeasiblePlan
from optimizer.problem import Problem
from optimizer.solver import Status
from optimizer.study import Study
from optimizer.words import amount_of

NOTHING = 1e-7
"""A shortfall below this share of a limit is rounding."""


def why_not(case: Study, *, seconds: float = 60.0, seed: int = 0) -> InfeasiblePlan:
    """Build the error to raise when no plan satisfies every limit, with the ones that conflict."""
    until = perf_counter() + max(seconds, 5.0)
    elastic = Elastic.of(case)
    if order := _contradictions(elastic.problem, seed):
        return InfeasiblePlan(
            f"no schedule keeps the order of moves, whatever the limits.\n  {'; '.join(order)}.\n"
            "  Ease a lock, an earliest or a latest start of one of these, or leave the dependency out."
        )
    short, worth = elastic.relaxed(np.ones(len(elastic.keys), dtype=bool), seed)
    if (short * elastic.weight).sum() <= NOTHING:
        short = elastic.whole(until - perf_counter(), seed)
        return _message(elastic, short > NOTHING, short, "no schedule of whole units satisfies every limit.")
    conflict = worth > NOTHING * worth.max()
    for each in _parts(elastic, conflict):
        if perf_counter() > until:
            break
        without = conflict & ~each
        if without.any() and (elastic.relaxed(without, seed)[0] * elastic.weight * without).sum() > NOTHING:
            conflict = without
    short, _ = elastic.relaxed(conflict, seed)
    return _message(elastic, conflict, np.where(conflict, short, 0.0), "no schedule satisfies every limit.")


def _contradictions(problem: Problem, seed: int) -> list[str]:
    """The rules that cannot be kept although every limit may be raised: `payroll needs ledger`."""
    count = len(problem.rules_limits)
    if not count or direct.relax(problem, seed=seed).status is not Status.INFEASIBLE:
        return []
    broken = pd.DataFrame({"upper": inf, "cost": 1.0}, index=problem.rules_limits.index)
    eased = problem.replace(
        extra=pd.concat([problem.extra.assign(cost=0.0), broken]),
        extra_use=_widened(problem.more, count),
        rules_extra_use=sparse.csr_array(sparse.vstack([problem.rules[1], -sparse.eye_array(count)], format="csr")),
    )
    names = broken.index[direct.relax(eased, seed=seed).x[-count:] > NOTHING]
    return list(dict.fromkeys(name.partition(" ")[2].rpartition(" ")[0] for name in names))


def _parts(elastic: "Elastic", conflict: np.ndarray) -> list[np.ndarray]:
    """What to try without: first whole families of limits, then single rows, the loosest first."""
    families = elastic.keys["limit"].to_numpy()
    rows = np.flatnonzero(conflict)
    single = [np.arange(len(conflict)) == row for row in rows]
    return [*(families == family for family in pd.unique(families[rows])), *single]


@dataclass(frozen=True, eq=False)
class Elastic:
    r"""A study in which every limit may be raised at a price: how much is missing at least? Rules hold as they are.

    $$\min \sum_l w_l e_l \qquad \mathrm{use}_l(x) \le b_l + e_l,\ e \ge 0$$
    with $w_l$ one over the size of the limit, so that a dollar, an hour and a start can be compared.
    """

    problem: Problem
    keys: pd.DataFrame
    """`limit key unit allowed`, one row per limit that may be raised."""
    weight: np.ndarray

    @classmethod
    def of(cls, case: Study) -> "Elastic":
        """The elastic form of a study."""
        loosened = sparse.csr_array(sparse.block_diag([limit.loosened() for limit in case.limits], format="csr"))
        tables = [limit.table(case.options.take(np.array([], dtype=int)), np.array([])) for limit in case.limits]
        keys = pd.concat(
            [
                table.reset_index(names="key").assign(limit=limit.name, unit=limit.unit)
                for limit, table in zip(case.limits, tables, strict=True)
            ],
            ignore_index=True,
        )
        problem = case.problem
        most = abs(problem.use).T @ problem.upper + problem.limits.abs().to_numpy() + 1
        weight = 1.0 / np.maximum(keys["allowed"].abs().to_numpy(dtype=float), 1.0)
        names = [f"short {limit} {key}" for limit, key in zip(keys["limit"], keys["key"], strict=True)]
        raised = pd.DataFrame(
            {"upper": float(most.max(initial=0.0)), "cost": weight}, index=pd.Index(names, dtype="str")
        )
        elastic = problem.replace(
            options=problem.options.assign(cost=0.0),
            extra=pd.concat([problem.extra.assign(cost=0.0), raised]),
            extra_use=sparse.csr_array(sparse.vstack([problem.more, -loosened.T], format="csr")),
            rules_extra_use=_widened(problem.rules[1], len(raised)),
        )
        return cls(elastic, keys, weight)

    def relaxed(self, active: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Least shortfall when only some limits count (others may be raised for nothing), and what each is worth."""
        count = len(self.keys)
        extra = self.problem.extra.copy()
        extra.iloc[-count:, extra.columns.get_loc("cost")] = np.where(active, self.weight, 0.0)  # type: ignore[index]
        problem = self.problem.replace(extra=extra)
        answer = direct.relax(problem, seed=seed)
        duals = np.maximum(answer.duals[-len(problem.limits) :], 0.0)
        worth = -(self.problem.more[-count:] @ duals) / self.weight
        return np.maximum(answer.x[-count:], 0.0), np.where(active, worth, 0.0)

    def whole(self, seconds: float, seed: int) -> np.ndarray:
        """Least shortfall of a plan of whole units, as good as the time allows."""
        answer = direct.solve(self.problem, gap=0.05, seconds=max(min(seconds, 20.0), 2.0), seed=seed)
        if answer.status in (Status.INFEASIBLE, Status.UNKNOWN) or answer.objective == inf:
            return np.zeros(len(self.keys))
        return np.asarray(np.maximum(answer.extra[-len(self.keys) :], 0.0))


def _widened(use: sparse.csr_array, count: int) -> sparse.csr_array:
    """The use of some decisions, and of some more that take nothing."""
    return sparse.csr_array(sparse.vstack([use, sparse.csr_array((count, use.shape[1]))], format="csr"))


def _message(elastic: Elastic, conflict: np.ndarray, short: np.ndarray, headline: str) -> InfeasiblePlan:
    """Say what conflicts, where, and what to do next."""
    found = elastic.keys[conflict].assign(short=short[conflict])[["limit", "key", "short", "unit", "allowed"]]
    missing = found["short"] * elastic.weight[conflict] > NOTHING
    found = found.assign(order=~missing).sort_values(["order", "limit", "key"], kind="stable").drop(columns="order")
    words = [_row(row) for row in found.assign(missing=missing).to_dict("records")]
    shown = words if len(words) <= 8 else [*words[:7], f"and {len(words) - 7} more"]
    lines = [headline]
    if words:
        lines.append(f"  {'; '.join(shown)}.")
    ordered = elastic.problem.rules_limits.index.str.startswith("precedence").any()
    forces = "a freeze, a move group or a dependency" if ordered else "a freeze or a move group"
    lines.append(f"  Raise one of these, or ease a lock, a latest start, {forces} that forces them.")
    return InfeasiblePlan("\n".join(lines), found.reset_index(drop=True))


def _row(row: Mapping[Hashable, Any]) -> str:
    """One limit of the conflict in words."""
    if not row["missing"]:
        return f"{row['limit']} {row['key']} allows only {amount_of(row['allowed'], row['unit'])}"
    return f"{row['limit']} {row['key']} is short by {amount_of(round(row['short'], 4), row['unit'])}"
