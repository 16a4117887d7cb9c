"""One study, other questions: the same options, another objective or one limit more; each answer a checked plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer import core, direct
from optimizer import solver as solvers
from optimizer.catalogue import Economics, Method, Strategy
from optimizer.checks import check
from optimizer.direct import Root, Solution
from optimizer.errors import InfeasiblePlan, NoPlanFound, StuckSystems
from optimizer.explain.why_not import refusal
from optimizer.options import expand
from optimizer.plan import Plan
from optimizer.portfolio import Portfolio
from optimizer.problem import Problem
from optimizer.report import plan_of, refereed
from optimizer.solver import Status
from optimizer.study import Study, study


@dataclass(frozen=True, eq=False)
class Variants:
    """A study and its best plan, to compare others with."""

    portfolio: Portfolio
    strategies: tuple[Strategy, ...]
    economics: Economics
    methods: tuple[Method, ...]
    gap: float
    seed: int

    def __post_init__(self) -> None:
        """Refuse what is wrong."""
        check(self.portfolio, self.strategies, self.methods)

    @cached_property
    def case(self) -> Study:
        """Its options and limits."""
        try:
            return study(expand(self.portfolio, self.strategies, self.economics, self.methods))
        except StuckSystems as stuck:
            raise self.refused() from stuck

    def refused(self, seconds: float = 60.0) -> InfeasiblePlan:
        """The error that says why there is no plan."""
        return refusal(self.portfolio, self.strategies, self.economics, self.methods, seconds=seconds, seed=self.seed)

    def best(self, seconds: float) -> Solution:
        """The plan of least cost.

        Raises:
            InfeasiblePlan: no plan satisfies every limit.
            NoPlanFound: the time ran out before a first plan.
        """
        solution = core.solve(self.case.problem, gap=self.gap, seconds=seconds, seed=self.seed)
        if solution.status is Status.INFEASIBLE:
            raise self.refused(seconds)
        if solution.status is Status.UNKNOWN:
            raise NoPlanFound(f"no plan found in {seconds:g} seconds.\n  Give it more seconds, or loosen a limit.")
        return solution

    def solve(
        self, problem: Problem, seconds: float, gap: float | None = None, known: Iterable[Solution] = ()
    ) -> Solution | None:
        """The answer to another question about the same decisions; None where there is none, or not in the time.

        Decisions that are `known`, of other questions, are where a small problem starts, if they keep to its limits.
        """
        gap, seconds, root = self.gap if gap is None else gap, max(seconds, 1.0), None
        if len(problem) <= direct.SMALL:
            root = _root([(k.x, k.extra) for k in known], problem, self.seed)
        if root is not None:
            answer = direct.solve(problem, gap=gap, seconds=seconds, seed=self.seed, root=root)
        else:
            answer = core.solve(problem, gap=gap, seconds=seconds, seed=self.seed)
        return answer if answer.status in (Status.OPTIMAL, Status.FEASIBLE) else None

    def plan(self, x: np.ndarray, bound: float) -> Plan:
        """The plan of a solution, recomputed by the referee; `bound` is that of the study's own objective."""
        began = perf_counter()
        name = solvers.DEFAULT
        plan = plan_of(
            *self.case.taken(x),
            prices=None,
            bound=bound,
            status=Status.FEASIBLE.value,
            solver=name,
            version=solvers.version_of(name),
            seed=self.seed,
        )
        return refereed(plan, self.portfolio, self.strategies, self.economics, self.methods, began)


def _root(known: list[tuple[np.ndarray, np.ndarray]], problem: Problem, seed: int) -> Root | None:
    """The cheapest of some decisions that keep to a problem's limits, and what the relaxation proves."""
    room = 1e-3 + 1e-9 * problem.limits.abs().to_numpy()
    fits = [pair for pair in known if (problem.excess(*pair) <= room).all()]
    if not fits:
        return None
    relaxed = direct.relax(problem, seed=seed)
    if relaxed.status is not Status.OPTIMAL:
        return None
    prices = np.maximum(relaxed.duals[len(relaxed.duals) - len(problem.limits) :], 0.0)
    x, extra = min(fits, key=lambda pair: problem.objective(*pair))
    return Root(prices, *problem.price(prices), x, extra, problem.objective(x, extra))


def costing(problem: Problem, cost: np.ndarray, extra: np.ndarray | None = None) -> Problem:
    """A problem with another objective, (options,) and (extra decisions,)."""
    beside = np.zeros(len(problem.extra)) if extra is None else extra
    return problem.replace(options=problem.options.assign(cost=cost), extra=problem.extra.assign(cost=beside))


def within(problem: Problem, name: str, use: np.ndarray, allowed: float, extra: np.ndarray | None = None) -> Problem:
    """A problem with one limit more, the last."""
    beside = np.zeros(len(problem.extra)) if extra is None else extra
    column, below = sparse.csr_array(use[:, None]), sparse.csr_array(beside[:, None])
    limits = pd.concat([problem.limits, pd.Series([allowed], index=pd.Index([name], dtype="str"))])
    return problem.replace(
        use=sparse.csr_array(sparse.hstack([problem.use, column], format="csr")),
        extra_use=sparse.csr_array(sparse.hstack([problem.more, below], format="csr")),
        limits=limits,
    )
