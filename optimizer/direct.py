"""From a problem to an answer: the relaxation gives prices and a proof, a small integer model in PuLP the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer import solver as solvers
from optimizer.names import rows_of, variables_of
from optimizer.problem import Problem
from optimizer.solver import Status

if TYPE_CHECKING:
    import pulp

Progress = Callable[[str, float], None]
"""Told what is being done and the share of the way that lies behind."""

SMALL = 2_500
"""Up to so many options the whole problem goes to the solver at once."""
PER_SYSTEM = 1.6
"""Options per system in the first restricted problem."""
PROVEN = 1e-9
"""A gap that is the rounding of a solver: nothing is left to gain."""
SLACK, ROUNDING = 1e-9, 1e-3
"""How far a limit may be overrun by the rounding of a solver: a share of it, and a tenth of a cent."""


@dataclass(frozen=True, eq=False)
class Solution:
    """The answer to a problem; `prices` are those of its limits in the relaxation.

    Its status is `optimal` only where the bound leaves nothing to gain; a plan as near as was asked is `feasible` with
    its gap, and `reached` says why the work ended: `gap`, `time`, `work`, `limits` (nothing fits) or `solver`.
    """

    status: Status
    x: np.ndarray
    extra: np.ndarray
    objective: float
    bound: float
    prices: pd.Series
    reached: str
    seconds: float

    @property
    def gap(self) -> float:
        """(objective - bound) / |objective|."""
        return gap_of(self.objective, self.bound)

    @property
    def units(self) -> pd.Series:
        """Units of each option, whole numbers, in the order of the problem's options."""
        return pd.Series(self.x.astype(np.int64), name="units")


@dataclass(frozen=True, eq=False)
class Root:
    """What is known before a solver is asked: prices, what they prove, and a plan if there is one."""

    prices: np.ndarray
    """(L,)."""
    bound: float
    above: np.ndarray
    """How much dearer than the bound any plan with each option is at least, (options,)."""
    x: np.ndarray
    extra: np.ndarray
    objective: float = inf
    """Infinite without a plan."""


def status_of(gap: float) -> Status:
    """What a plan with this gap may be called; an infinite one means that there is no plan."""
    return Status.OPTIMAL if gap <= PROVEN else Status.FEASIBLE if gap < inf else Status.UNKNOWN


def gap_of(objective: float, bound: float) -> float:
    """Share of the objective by which a better plan could still exist at most; infinite without a plan."""
    if objective == inf:
        return inf
    return max(0.0, objective - bound) / max(abs(objective), 1.0)


def solve(
    problem: Problem,
    *,
    gap: float = 1e-3,
    seconds: float = 60.0,
    seed: int = 0,
    solver: str = solvers.DEFAULT,
    solver_options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    root: Root | None = None,
    began: float | None = None,
) -> Solution:
    """Find decisions of least cost by a solver, proven to within `gap`, in at most about `seconds`.

    `root` is what is known already; without it the linear relaxation comes first. `began` is when the work began of
    which this is the last part.
    """
    start = perf_counter()
    began = start if began is None else began
    name = solvers.named(solver)
    tell = progress or (lambda words, share: None)

    def left() -> float:
        return seconds - (perf_counter() - start)

    if root is None:
        tell("pricing the limits", 0.1)
        root = _relaxed(problem, left(), seed)
    worth = pd.Series(root.prices, index=problem.limits.index)
    if root.bound == inf:
        return Solution(Status.INFEASIBLE, root.x, root.extra, inf, inf, worth, "limits", perf_counter() - began)
    search = _Search(problem, root.bound, root.bound, root.above, (root.x, root.extra), root.objective)
    kept = search.first()
    while True:
        tell(f"choosing among {kept.sum():,} options", 0.9 - 0.6 * max(left(), 0.0) / seconds)
        status = search.step(kept, gap, left(), seed, name, solver_options)
        if search.gap <= gap:
            reached = "gap"
            break
        if left() <= 0:
            reached = "time"
            break
        if search.final(kept):
            reached = "limits" if status is Status.INFEASIBLE else "solver"
            break
        kept = search.wider(kept)
    status = Status.INFEASIBLE if reached == "limits" else status_of(search.gap)
    x, extra = search.best
    bound = min(search.bound, search.objective)
    return Solution(status, x, extra, search.objective, bound, worth, reached, perf_counter() - began)


def _relaxed(problem: Problem, seconds: float, seed: int) -> Root:
    """Prices of the linear relaxation; an infinite bound where it has no solution."""
    relaxation = relax(problem, seconds=seconds, seed=seed)
    nothing = np.zeros(len(problem)), np.zeros(len(problem.extra))
    rows = len(problem.limits)
    prices = np.maximum(relaxation.duals[-rows:] if rows and len(relaxation.duals) else np.zeros(rows), 0.0)
    if relaxation.status is Status.INFEASIBLE:
        return Root(prices, inf, np.zeros(len(problem)), *nothing)
    return Root(prices, *problem.price(prices), *nothing)


def relax(problem: Problem, *, seconds: float = inf, seed: int = 0, method: str = "choose") -> solvers.Relaxation:
    """Solve the linear relaxation of the whole problem; the last duals are those of the limits, after the rules'."""
    equal, right, _ = problem.equalities
    none = sparse.csr_array((len(problem.extra), equal.shape[0]))
    rules, beside = problem.rules
    columns = sparse.block_array([[equal.T, rules, problem.use], [none, beside, problem.more]], format="csr")
    high = np.concatenate([problem.rules_limits.to_numpy(dtype=float), problem.limits.to_numpy(dtype=float)])
    return solvers.relax(
        np.concatenate([problem.cost, problem.extra["cost"].to_numpy()]),
        sparse.csc_array(columns.T),
        np.concatenate([right, np.full(len(high), -inf)]),
        np.concatenate([right, high]),
        np.concatenate([problem.upper, problem.extra["upper"].to_numpy()]),
        seconds,
        seed,
        method,
    )


@dataclass
class _Search:
    """The best plan so far and what is proven about all plans."""

    problem: Problem
    root: float
    bound: float
    above: np.ndarray
    best: tuple[np.ndarray, np.ndarray]
    objective: float

    @property
    def found(self) -> bool:
        """Whether there is a plan."""
        return self.objective < inf

    @property
    def gap(self) -> float:
        """Gap of the best plan; infinite without one."""
        return gap_of(self.objective, self.bound)

    def first(self) -> np.ndarray:
        """The options to begin with: those of least reduced cost, and the ones that are always kept."""
        if len(self.problem) <= SMALL:
            return np.ones(len(self.problem), dtype=bool)
        return self._nearest(round(PER_SYSTEM * len(self.problem.systems)))

    def _nearest(self, count: int) -> np.ndarray:
        """The options nearest to the best fate of their system."""
        if count >= len(self.above):
            return np.ones(len(self.above), dtype=bool)
        kept = np.asarray(self.above <= np.partition(self.above, count)[count])
        if "always" in self.problem.options:
            kept |= self.problem.options["always"].to_numpy(dtype=bool)
        return kept

    def final(self, kept: np.ndarray) -> bool:
        """Whether no option left out could be part of a better plan."""
        return bool(self.above[~kept].min(initial=inf) >= self.objective - self.root)

    def wider(self, kept: np.ndarray) -> np.ndarray:
        """Double the options; stop at those that could still be part of a better plan."""
        double = kept | self._nearest(2 * int(kept.sum()))
        if not self.found:
            return np.asarray(double)
        useful = kept | (self.above <= self.objective - self.root)
        few = useful.sum() <= max(double.sum(), 2 * SMALL)
        return np.asarray(useful if few else double & useful)

    def step(
        self,
        kept: np.ndarray,
        gap: float,
        seconds: float,
        seed: int,
        solver: str,
        options: Mapping[str, Any] | None = None,
    ) -> Status:
        """Solve the restricted problem; keep its plan if better, and its proof."""
        part = self.problem if kept.all() else self.problem.only(np.flatnonzero(kept))
        model, x, extra = build(part)
        target = self.root / (1 - gap) if self.root > 0 else self.root / (1 + gap)
        start = None
        if self.found:
            values = [*self.best[0][kept], *self.best[1]]
            start = dict(zip((variable.name for variable in [*x, *extra]), values, strict=True))
        final = self.final(kept)
        answer = solvers.run(
            model,
            solver,
            gap=gap if final else gap / 4,
            seconds=seconds if final else seconds / 4,
            seed=seed,
            target=target,
            start=start,
            options=options,
        )
        if answer.status in (Status.OPTIMAL, Status.FEASIBLE):
            over = self._take(kept, x, extra)
            if over.any():
                # rounding overran a limit: leave that much room and ask again, for a plan, not for a proof
                model, x, extra = build(part.replace(limits=part.limits - 2 * over))
                again = solvers.run(
                    model, solver, gap=gap, seconds=seconds / 4, seed=seed, target=target, options=options
                )
                if again.status in (Status.OPTIMAL, Status.FEASIBLE):
                    self._take(kept, x, extra)
        outside = self.root + float(self.above[~kept].min(initial=inf))
        inside = {Status.INFEASIBLE: inf}.get(answer.status, -inf if answer.bound is None else answer.bound)
        self.bound = max(self.bound, min(inside, outside))
        return answer.status

    def _take(self, kept: np.ndarray, x: list[pulp.LpVariable], extra: list[pulp.LpVariable]) -> np.ndarray:
        """Keep a model's plan if it is better; whole numbers are made whole. Tells how far limits are overrun."""
        whole = np.zeros(len(self.problem))
        whole[kept] = np.rint([variable.varValue or 0.0 for variable in x])
        beside = np.array([variable.varValue or 0.0 for variable in extra])
        excess = self.problem.excess(whole, beside)
        over = np.where(excess > ROUNDING + SLACK * self.problem.limits.abs().to_numpy(), excess, 0.0)
        objective = self.problem.objective(whole, beside)
        if objective < self.objective and not over.any():
            self.objective, self.best = objective, (whole, beside)
        return np.asarray(over)


def build(problem: Problem, title: str = "plan") -> tuple[pulp.LpProblem, list[pulp.LpVariable], list[pulp.LpVariable]]:
    """Write a problem as a PuLP model: the model, a variable per option, a variable per extra decision."""
    import pulp

    model = pulp.LpProblem(title, pulp.LpMinimize)
    count = len(problem)
    uppers = [*problem.upper.tolist(), *problem.extra["upper"].tolist()]
    kinds = [pulp.LpInteger] * count
    kinds += [pulp.LpInteger if whole else pulp.LpContinuous for whole in problem.whole]
    every = [
        model.add_variable(name, 0, None if upper == inf else upper, kind)
        for name, upper, kind in zip(variables_of(problem), uppers, kinds, strict=True)
    ]
    x, extra = every[:count], every[count:]
    costs = [*problem.cost.tolist(), *problem.extra["cost"].tolist()]
    model.setObjective(pulp.LpAffineExpression(dict(zip(every, costs, strict=True)), name="cost"))
    structure, limits, rules = rows_of(problem)
    equal, right, _ = problem.equalities
    _rows(model, equal, right, structure, x, pulp.LpConstraintEQ)
    for (use, more), allowed, titles in (
        ((problem.use, problem.more), problem.limits, limits),
        (problem.rules, problem.rules_limits, rules),
    ):
        matrix = sparse.csr_array(sparse.hstack([use.T, more.T], format="csr"))
        _rows(model, matrix, allowed.to_numpy(dtype=float), titles, every, pulp.LpConstraintLE)
    return model, x, extra


def _rows(
    model: pulp.LpProblem,
    matrix: sparse.csr_array,
    right: np.ndarray,
    names: list[str],
    variables: list[pulp.LpVariable],
    sense: int,
) -> None:
    """Add one constraint per row of a matrix."""
    import pulp

    data, columns, at = matrix.data.tolist(), matrix.indices.tolist(), matrix.indptr.tolist()
    for i, (name, value) in enumerate(zip(names, right.tolist(), strict=True)):
        terms = {variables[c]: d for c, d in zip(columns[at[i] : at[i + 1]], data[at[i] : at[i + 1]], strict=True)}
        model.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(terms), sense, name, value))
