"""One problem, two ways to its plan: hand it whole to a solver, or find prices first and search.

Small problems go to the solver (`direct`), unless limits alone join many systems; these and large ones go by prices
(`generation`, or `ordered` where rules are about time), and what time is then left goes to the solver, with that plan
to start from, where few enough options are still in the running.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from time import perf_counter
from typing import Any, Literal

import numpy as np
import pandas as pd

from optimizer import direct, generation
from optimizer import solver as solvers
from optimizer.direct import Progress, Root, Solution, gap_of, status_of
from optimizer.duals import CLOSE, Priced, price_limits
from optimizer.layers import Layered, price_layers
from optimizer.ordered import Schedule
from optimizer.problem import Problem
from optimizer.solver import Status

Way = Literal["auto", "direct", "generation"]
"""How to solve: chosen by size, or forced by name."""

SMALL = 2_500
"""Up to so many options the whole problem goes to the solver at once."""
FEW = 500
"""Up to so many systems the solver gets its share of the time: there a better bound comes from branching."""
SEARCHING = 0.4
"""That share is what this one, the search's, leaves."""
MANY = 75
"""From so many systems on a small problem goes by prices too, where limits alone join its systems: there a solver's
branching helps the bound little."""
LONGER, PHASES = 0.8, 3_000
"""What the search gets there: this share of the time, and so many phases at most."""
BOUND_SHARE = 0.02
"""Share of the gap that is asked which the bound may give away."""
WITHIN_REACH = 30_000
"""Options that can still be part of a better plan, at most, for the solver to be worth asking."""


def solve(
    problem: Problem,
    *,
    gap: float = 1e-4,
    seconds: float = 60.0,
    seed: int = 0,
    solver: str = solvers.DEFAULT,
    solver_options: Mapping[str, Any] | None = None,
    way: Way = "auto",
    start: Solution | None = None,
    progress: Progress | None = None,
) -> Solution:
    """Find decisions of least cost, proven to within `gap`, in at most about `seconds`.

    Args:
        problem: options of systems that meet only in shared limits.
        gap: stop when the plan is proven to be within this share of the best one.
        seconds: stop after about this long with the best plan so far; the answer says so.
        seed: the same problem and seed give the same plan, unless the clock cut the run short.
        solver: HiGHS, or any other of PuLP's solvers by name.
        solver_options: handed to PuLP's class of that solver, or to HiGHS, by its own names.
        way: `direct` hands the whole problem over, `generation` goes by prices; by default the size decides.
        start: the answer to a problem like this one: its prices are a good place to begin.
        progress: called with words and the share of the way that lies behind.
    """
    began = perf_counter()
    name = solvers.named(solver)
    own_options = solvers.checked(name, solver_options)
    tell = progress or (lambda words, share: None)
    unknown = len(problem.rules_limits) and not problem.horizon
    small = len(problem) <= SMALL
    loose = small and not len(problem.rules_limits) and len(problem.systems) >= MANY
    if way == "direct" or unknown or (way == "auto" and small and not loose):
        # of rules that are not about time prices know nothing
        return direct.solve(
            problem, gap=gap, seconds=seconds, seed=seed, solver=name, solver_options=own_options, progress=progress
        )
    until = began + seconds
    few = len(problem.systems) <= FEW
    pause = began + seconds * (LONGER if loose else SEARCHING) if few else until
    tell("pricing the limits", 0.1)
    choosing = partial(tell, f"choosing among {len(problem):,} options", 0.4)
    ask = _Ask(problem, gap, seed, until, pause, choosing, PHASES if loose else generation.PHASES)
    root = ask.ordered() if len(problem.rules_limits) else ask.free(None if start is None else start.prices.to_numpy())
    worth = pd.Series(root.prices, index=problem.limits.index)
    if root.bound == inf:
        return Solution(Status.INFEASIBLE, root.x, root.extra, inf, inf, worth, "limits", perf_counter() - began)
    left_open = gap_of(root.objective, root.bound)
    found = root.objective < inf
    reach = int((root.above <= root.objective - root.bound).sum())
    if left_open > gap and perf_counter() < until and (few or not found or reach <= WITHIN_REACH):
        left = until - perf_counter()
        return direct.solve(
            problem,
            gap=gap,
            seconds=left,
            seed=seed,
            solver=name,
            solver_options=own_options,
            progress=progress,
            root=root,
            began=began,
        )
    reached = "gap" if left_open <= gap else "time" if perf_counter() > until else "work"
    bound = min(root.bound, root.objective)
    return Solution(
        status_of(left_open), root.x, root.extra, root.objective, bound, worth, reached, perf_counter() - began
    )


def bounded(problem: Problem, start: Priced | Layered | None = None, *, seed: int = 0) -> Priced | Layered:
    """Prices of the limits of a large problem and the bound that they prove, as a plan by prices has them.

    `start` is the answer to a problem like this one. Rules that are not about time are left out, which makes the bound
    no less true.
    """
    if len(problem.rules_limits) and problem.horizon:
        return price_layers(problem, start if isinstance(start, Layered) else None)
    return price_limits(problem, None if start is None else start.prices, seed=seed)


@dataclass(frozen=True, eq=False)
class _Ask:
    """What is asked of prices and a search: a plan and its proof."""

    problem: Problem
    gap: float
    seed: int
    until: float
    """The moment of `perf_counter` at which the time is over."""
    pause: float
    """The moment at which the search hands over to the solver."""
    priced: Callable[[], None]
    """Called when prices are known."""
    phases: int = generation.PHASES
    """Of the search, at most."""

    def free(self, prices: np.ndarray | None) -> Root:
        """Where nothing but limits joins the systems; `prices` to begin with."""
        problem = self.problem
        close = max(CLOSE, BOUND_SHARE * self.gap)
        priced = price_limits(problem, prices, seed=self.seed, close=close, stop=self._late)
        if priced.hopeless:
            return self._hopeless(priced.prices)
        self.priced()
        search = generation.found(problem, priced, self.gap, self.seed, self.pause, self.phases)
        x = priced.blocks.options(search.best[0]) if search.best else np.zeros(len(problem))
        extra = search.best[1] if search.best else np.zeros(len(problem.extra))
        return Root(priced.prices, priced.bound, priced.above, x, extra, search.objective)

    def ordered(self) -> Root:
        """Where systems wait for each other, or sites for their systems; what was known before is no help yet."""
        layered = price_layers(self.problem, close=BOUND_SHARE * self.gap, stop=self._late)
        if layered.hopeless:
            return self._hopeless(layered.prices)
        self.priced()
        schedule = Schedule(self.problem, layered, self.gap, self.seed, self.pause)
        schedule.run()
        return Root(layered.prices, layered.bound, layered.above, schedule.x, schedule.extra, schedule.objective)

    def _late(self) -> bool:
        return perf_counter() > self.until

    def _hopeless(self, prices: np.ndarray) -> Root:
        """No plan can be: the bound is above what any could cost."""
        count, beside = len(self.problem), len(self.problem.extra)
        return Root(prices, inf, np.zeros(count), np.zeros(count), np.zeros(beside))


__all__ = ["Solution", "Way", "bounded", "gap_of", "solve"]
