"""Large problems whose rules are about time: prices of limits and rules, windows from them, units by search.

The proof is the Lagrangian bound of `optimizer.layers`. Within windows rules hold whatever is chosen, so what is left
is a problem of limits alone, which goes by prices and a search like any other (`optimizer.generation`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from time import perf_counter

import numpy as np

from optimizer import generation
from optimizer.direct import ROUNDING, SLACK, gap_of
from optimizer.duals import Priced, price_limits
from optimizer.layers import Layered
from optimizer.problem import Problem
from optimizer.windows import Windows

SHARES = (0.5, 0.7, 0.6, 0.8, 0.95)
r"""Values of $\alpha$ for when homes close: the better of the first two, or the first of the others that will do."""
CLOSINGS = 8
"""Times that homes are closed at other times, at most, before the search begins."""
MOVED, MORE, FEWER = 0.25, 1.5, 0.4
"""Share of the homes that would gain by another time that get it at once; what it grows and shrinks by."""
PHASES = 4
"""Phases of the search within one set of windows."""
MARGINS = (0.0, 1e-4, 2e-4, 4e-4)
"""What the search leaves free of each limit, from phase to phase: windows cost more than a plan that is found late."""
ROUNDS = 30
"""Windows laid round the best plan, one after the other, at most."""
WORTH = 0.1
"""Share of what windows cost against the bound within which a search inside them ends: new windows give more."""
BELOW = 1e-3
"""Share of the bound by which no part of a problem can be cheaper, unless its prices have run away."""


@dataclass(frozen=True, eq=False)
class Trial:
    """What is left of a problem within windows, and its prices."""

    closing: np.ndarray
    """When homes close, (H + 1,)."""
    kept: np.ndarray
    """The options within windows, (options,)."""
    part: Problem
    priced: Priced


@dataclass
class Schedule:
    """The best plan so far of a problem with rules about time."""

    problem: Problem
    layered: Layered
    gap: float
    """The gap that is asked for."""
    seed: int
    until: float
    """The moment of `perf_counter` at which the time is over."""
    objective: float = field(default=inf, init=False)
    x: np.ndarray = field(init=False)
    extra: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self.windows = Windows.of(self.problem)
        self.x, self.extra = np.zeros(len(self.problem)), np.zeros(len(self.problem.extra))
        self.random = np.random.default_rng(self.seed)

    @property
    def late(self) -> bool:
        """Whether the time is over."""
        return perf_counter() > self.until

    @property
    def done(self) -> bool:
        """Whether the plan is good enough, or the time over."""
        return gap_of(self.objective, self.layered.bound) <= self.gap or self.late

    def run(self) -> None:
        """Find good times to close homes, search within windows that follow from them, then move the windows."""
        trial = self._better_closing(self._first())
        if trial is not None:
            self._search(trial)
        for _ in range(ROUNDS):
            if self.done or self.objective == inf:
                return
            near = self.x if self.random.random() < 0.5 else 0.6 * self.x + 0.4 * self.layered.x
            closing = self.windows.closing(near, float(self.random.uniform(0.35, 0.65)))
            trial = self._trial(near, closing, float(self.random.random()))
            if trial is not None and trial.priced.bound < self.objective:
                self._search(trial)

    def _first(self) -> Trial | None:
        """The best of some points of the fractional plan; None where none of them leaves a plan."""
        best: Trial | None = None
        for i, share in enumerate(SHARES):
            if i < 2 or best is None:
                trial = self._trial(self.layered.x, self.windows.closing(self.layered.x, share), 0.5)
                best = trial if best is None or (trial and trial.priced.bound < best.priced.bound) else best
        return best

    def _better_closing(self, best: Trial | None) -> Trial | None:
        """Close the homes at other times that gain most by them at the prices so far, as long as that is better."""
        problem, homes, moved = self.problem, self.problem.homes, MOVED
        rules = problem.rules[0] @ self.layered.rule_prices
        for _ in range(CLOSINGS):
            if best is None or not homes.count or gap_of(best.priced.bound, self.layered.bound) < self.gap / 2:
                break
            reduced = problem.cost + problem.use @ best.priced.prices + rules
            worth, _ = homes.tables(problem.system, problem.units, problem.together, reduced)
            gain = np.take_along_axis(worth, best.closing[:, None], axis=1)[:, 0] - worth.min(axis=1)
            gainers = np.argsort(-gain)[: int((gain > 1e-6 * abs(self.layered.bound)).sum())]
            movers = gainers[: max(1, round(moved * len(gainers)))]
            closing = best.closing.copy()
            closing[movers] = worth[movers].argmin(axis=1)
            trial = self._trial(self.layered.x, closing, 0.5, best.priced.prices) if len(movers) else None
            if trial is not None and trial.priced.bound < best.priced.bound:
                best, moved = trial, min(1.0, moved * MORE)
            elif len(movers) <= 1:
                break
            else:
                moved *= FEWER
        return best

    def _trial(
        self, x: np.ndarray, closing: np.ndarray, between: float, prices: np.ndarray | None = None
    ) -> Trial | None:
        """Windows near a plan and what they leave; None where that is no plan, or the time over."""
        found = None if self.late else self.windows.open(x, closing, between)
        if found is None:
            return None
        kept, closing = found
        part = self.problem.only(np.flatnonzero(kept)).free()
        start = self.layered.prices if prices is None else prices
        priced = price_limits(part, start, seed=self.seed, stop=lambda: self.late)
        least = self.layered.bound - BELOW * abs(self.layered.bound)
        return None if priced.hopeless or priced.bound < least else Trial(closing, kept, part, priced)

    def _search(self, trial: Trial) -> None:
        """Search within windows; keep what is found if it is better and keeps every limit and rule."""
        priced = trial.priced
        lost = gap_of(priced.bound, self.layered.bound)
        gap = max(self.gap - lost, WORTH * lost, 1e-5)
        search = generation.found(trial.part, priced, gap, self.seed, self.until, PHASES, MARGINS)
        if search.best is None:
            return
        x = np.zeros(len(self.problem))
        x[trial.kept] = priced.blocks.options(search.best[0])
        for each in (self.windows.settled(x), x):
            self._keep(each, search.best[1])

    def _keep(self, x: np.ndarray, extra: np.ndarray) -> None:
        """Remember a plan if it is better and keeps every limit and rule."""
        problem = self.problem
        room = ROUNDING + SLACK * problem.limits.abs().to_numpy()
        inside = (problem.excess(x, extra) <= room).all() and (problem.broken(x, extra) <= 1e-6).all()
        objective = problem.objective(x, extra)
        if inside and objective < self.objective:
            self.objective, self.x, self.extra = objective, x, extra
