r"""From prices to whole units: a search among plans that are nearly as cheap as the bound.

Against the bound, a plan costs $\sum_k \bar c_k x_k + \lambda\, r$: how much dearer its columns are than the best of
their blocks, and the priced room $r$ that it leaves in the limits. So the search moves single units between columns
with a small $\bar c_k$ and pays for a limit that is overrun by a penalty. Penalties rise while a limit is overrun and
fall while it is not, so that the search swings between plans inside and outside; a unit that has just moved rests for a
few steps. Near the best plan it goes by pairs of moves that nearly cancel (`exchange`).

Sources: Glover & Laguna, *Tabu Search* (1997), for resting and for swinging about the edge (strategic oscillation).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

import numpy as np
from scipy import sparse

from optimizer import solver as solvers
from optimizer.exchange import Exchanges
from optimizer.neighbours import Ground, Neighbourhood
from optimizer.problem import Problem

WIDE = (1_000, 600, 1_600, 2_600)
"""Columns that units may move to, in one phase and the next, until there is a plan: many find one."""
NARROW = (1.0, 0.6, 1.6, 4.0)
"""The same for each block once there is one, up to as many as before: few are quick and make it better."""
STALLED, STALLED_EACH = 3_000, 40
"""Steps without a better plan after which a phase ends: at most, times how often none was found, and for each column to
move to."""
STALLED_EXCHANGES = 1_500
"""The same of exchanges, of which there are more to choose among."""
AMONG = (3_000, 3_500, 4_000)
"""Columns that exchanges are made among: more after fewer, as long as that helps."""
PLENTY = 800
"""Blocks from which on there are pairs enough to exchange: they grow with the square of the blocks."""
WORTH = 0.01
"""Share of what it lacks that a plan must gain in a phase to be bettered any further."""
REST = (6, 12)
"""Steps that a unit rests after it has moved: between these."""
DEARER, CHEAPER, LEAST, MOST = 1.03, 0.99, 1.2, 1e6
"""Penalty of a limit that is overrun and of one that is not, from step to step; its least and most multiple of the
price."""
MARGINS = (0.0, 0.0, 0.0, 1e-4, 2e-4, 4e-4, 8e-4)
"""Share of a limit's size that the search leaves free, from phase to phase, until there is a plan: one that is found
without is nearer to the bound."""
FINE, LEFT_FREE = 1e-4, 0.25
"""Of a gap beyond the first, that share is left free from the beginning: where much is allowed, plans are easy."""
EXACT = 1e-9
"""Share of a limit's size that rounding may overrun."""


@dataclass
class Search:
    """The best plan in whole units so far. `stop` tells whether the time is over."""

    problem: Problem
    ground: Ground
    x: np.ndarray
    """Units of each column, whole, (K,)."""
    extra: np.ndarray
    """Decisions beside the columns, (V,)."""
    seed: int = 0
    stop: Callable[[], bool] = lambda: False
    objective: float = field(default=inf, init=False)
    best: tuple[np.ndarray, np.ndarray] | None = field(default=None, init=False)
    here: float = field(default=inf, init=False)
    """Objective of the plan that is being bettered; infinite while units are outside the limits."""
    steps: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Begin with a generator of its own."""
        self.random = np.random.default_rng(self.seed)
        self._keep(self.x)

    @property
    def gap(self) -> float:
        """Gap of the best plan against the bound, as a share of the plan."""
        return inf if self.best is None else (self.objective - self.ground.bound) / max(abs(self.objective), 1.0)

    def run(self, gap: float, phases: int, margins: tuple[float, ...] = MARGINS) -> None:
        """Search in so many phases, or until the gap is reached; `margins` as in `MARGINS`.

        From a plan that cannot be bettered any more it goes back to the start: the best of several ways down is better
        than a long stay at the end of one.
        """
        start = self.x.copy(), self.extra.copy()
        tried = 0
        for phase in range(phases):
            if self.gap <= gap or self.stop():
                return
            before, count = self.here, WIDE[phase % len(WIDE)]
            if before < inf:
                count = min(count, round(NARROW[phase % len(NARROW)] * len(self.ground.blocks.units)))
            margin = 0.0 if before < inf else max(margins[tried % len(margins)], LEFT_FREE * (gap - FINE))
            tried += before == inf
            self.phase(count, gap, margin, STALLED * max(tried, 1))
            self._exchanges(gap)
            if before < inf and self.here >= before - WORTH * (before - self.ground.bound):
                self.x, self.extra, self.here, tried = start[0].copy(), start[1].copy(), inf, 0

    def _exchanges(self, gap: float) -> None:
        """Where there are pairs enough, exchange among ever more columns as long as it helps."""
        if len(self.ground.blocks.units) < PLENTY:
            return
        for among in AMONG:
            before = self.here
            if self.gap <= gap or self.stop():
                return
            self.exchange(among, gap)
            if self.here == before:
                return

    def _room(self, x: np.ndarray) -> np.ndarray:
        """What is left of each limit, (L,); negative where it is overrun."""
        return np.asarray(self.ground.limits - self.ground.blocks.use.T @ x - self.problem.more.T @ self.extra)

    def _cost(self, x: np.ndarray) -> float:
        return float(self.ground.blocks.cost @ x + self.problem.extra["cost"].to_numpy() @ self.extra)

    def _keep(self, x: np.ndarray) -> None:
        """Go to a plan that is inside all limits and better than the one here; remember it if there is none better."""
        inside = (self._room(x) >= -EXACT * self.ground.size).all()
        if inside and (cost := self._cost(x)) < self.here:
            self.here, self.x = cost, x
            if cost < self.objective:
                self.objective, self.best = cost, (x.copy(), self.extra.copy())

    def phase(self, count: int, gap: float, margin: float = 0.0, patience: int = STALLED) -> None:
        """Swing about the limits, from the plan here (or what is outside), until nothing better comes.

        With a margin it swings about limits that are tighter by that share of their size; what it finds between those
        and the true ones is a plan all the same.
        """
        x = self._begin()
        near = Neighbourhood(self.ground, x, self._room(x) - margin * self.ground.size, count)
        if len(near):
            self._swing(near, x, gap, min(patience, STALLED_EACH * len(near)), margin)

    def exchange(self, count: int, gap: float) -> None:
        """The same with exchanges of two units among so many columns: single moves overstep by more than is left."""
        x = self._begin()
        near = Neighbourhood(self.ground, x, self._room(x), count)
        exchanges = Exchanges(near, self.ground.penalties)
        if len(exchanges):
            self._swing(exchanges, x, gap, STALLED_EXCHANGES)

    def _swing(
        self, near: Neighbourhood | Exchanges, x: np.ndarray, gap: float, patience: int, margin: float = 0.0
    ) -> None:
        """Go from place to place until nothing better has come for so many steps; keep the best of them."""
        free = margin * self.ground.size[near.rows]
        base = self.ground.penalties[near.rows]
        edge = -EXACT * self.ground.size[near.rows]
        outside = self._cost(x) - self.ground.bound - float(near.price @ near.room) - near.dear
        before, penalty, buffer = near.columns(), 2 * base, np.empty_like(near.shift)
        most = 2 * np.abs(near.shift).max(axis=1)
        rests = np.zeros(len(near), dtype=np.int64)
        lowest, better, step = inf, 0, 0
        enough = self.ground.bound + gap * max(abs(self.ground.bound), 1.0)
        best = near.columns()
        while step - better <= patience and not (step % 256 == 0 and self.stop()):
            step += 1
            # what it takes beyond what is left, and as much again for all places: that needs one pass instead of two
            np.maximum(near.shift, np.minimum(near.room, most).astype(np.float32)[:, None], out=buffer)
            value = penalty.astype(np.float32) @ buffer + near.dearer
            value[rests > step] = inf
            value[near.barred] = inf
            j = int(value.argmin())
            if value[j] == inf:
                continue
            resting, left = near.go(j)
            until = step + int(self.random.integers(*REST))
            rests[resting] = until
            rests[left] = until + REST[0]
            higher, lower = np.minimum(penalty * DEARER, MOST * base), np.maximum(penalty * CHEAPER, LEAST * base)
            penalty = np.where(near.room < edge, higher, lower)
            if (near.room + free >= edge).all():
                cost = outside + near.dear + float(near.price @ near.room)
                if cost < lowest - 1e-6:
                    lowest, better, best = cost, step, near.columns()
                    if cost + self.ground.bound <= enough:
                        break
        self.steps += step
        moved = _moved(x, before, best if lowest < inf else near.columns())
        if self.here == inf:
            self.x = moved
        self._keep(moved)

    def _begin(self) -> np.ndarray:
        """Units to start from; outside the limits, what the other decisions can do for them is done first."""
        if self.here == inf and len(self.extra):
            self.extra = self._beside(self.x)
        return self.x.copy()

    def _beside(self, x: np.ndarray) -> np.ndarray:
        """The decisions beside the columns that leave the least to overrun, for given units."""
        short = len(self.ground.limits)
        more = sparse.csr_array(sparse.hstack([self.problem.more.T, -sparse.eye_array(short)], format="csr"))
        room = self.ground.limits - self.ground.blocks.use.T @ x
        cost = np.append(self.problem.extra["cost"].to_numpy(dtype=float), self.ground.penalties)
        upper = np.append(self.problem.extra["upper"].to_numpy(dtype=float), np.full(short, inf))
        answer = solvers.relax(cost, more, np.full(short, -inf), room, upper, 10.0, self.seed)
        return np.asarray(np.clip(answer.x[: len(self.extra)], 0.0, upper[: len(self.extra)]))


def _moved(x: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Units after single ones went from columns to others."""
    moved = x.copy()
    np.subtract.at(moved, before, 1)
    np.add.at(moved, after, 1)
    return moved
