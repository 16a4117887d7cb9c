r"""From prices to whole units: a search among plans that are nearly as cheap as the bound.

Against the bound, a plan costs $\sum_k \bar c_k x_k + \lambda\, r$: how much dearer its columns are than the best of
their blocks, and the priced room $r$ that it leaves in the limits. So the search moves single units between columns
with a small $\bar c_k$ and pays for a limit that is overrun by a penalty. Penalties rise while a limit is overrun and
fall while it is not, so that the search swings between plans inside and outside; a unit that has just moved rests for a
few steps. The best plan inside is then polished by pairs of moves that fit together.

Sources: Glover & Laguna, *Tabu Search* (1997), for resting and for swinging about the edge (strategic oscillation).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf

import numpy as np
from scipy import sparse

from optimizer import solver as solvers
from optimizer.blocks import Blocks
from optimizer.problem import Problem

WIDE = (1_600, 1_000, 2_600)
"""Columns that units may move to, in one phase and the next, until there is a plan: many find one."""
NARROW = (1.0, 0.6, 1.6, 4.0)
"""The same for each block once there is one, up to as many as before: few are quick and make it better."""
PAIRED = 6_000
"""The same where pairs are sought."""
STALLED, STALLED_EACH = 8_000, 40
"""Steps without a better plan after which a phase ends: at most, and for each column to move to."""
REST = (6, 12)
"""Steps that a unit rests after it has moved: between these."""
DEARER, CHEAPER, LEAST = 1.03, 0.99, 1.2
"""Penalty of a limit that is overrun and of one that is not, from step to step; its least multiple of the price."""
USUAL = 0.01
"""Share of the bound that all limits' penalties together stand for, where they have no price."""
TIGHT = 0.05
"""Share of a limit that may be left before it is looked at."""
MARGINS = (0.0, 0.0, 0.0, 1e-4, 2e-4, 4e-4, 8e-4)
"""Share of a limit's size that the search leaves free, from phase to phase, until there is a plan: one that is found
without is nearer to the bound."""
EXACT = 1e-9
"""Share of a limit's size that rounding may overrun."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What the search stands on: columns, limits, prices and the bound."""

    blocks: Blocks
    limits: np.ndarray
    """(L,)."""
    size: np.ndarray
    """Sizes of the limits, (L,)."""
    prices: np.ndarray
    """(L,)."""
    above: np.ndarray
    """How much dearer each column is than the best of its block at these prices, (K,)."""
    bound: float

    @property
    def penalties(self) -> np.ndarray:
        """What a unit of overrun costs at least, (L,)."""
        usual = USUAL * max(abs(self.bound), 1.0) / (self.size * max(len(self.size), 1))
        return np.asarray(np.maximum(self.prices, usual))


class Neighbourhood:
    """Single units and the columns that each may move to, with what a move changes; kept up to date move by move."""

    def __init__(self, ground: Ground, x: np.ndarray, room: np.ndarray, count: int) -> None:
        blocks = ground.blocks
        used = np.flatnonzero(x > 0)
        rank = ground.above.copy()
        rank[used] = inf
        count = min(count, int(np.isfinite(rank).sum()))
        others = np.argpartition(rank, count - 1)[:count] if count else np.empty(0, dtype=np.int64)
        choice = np.zeros(len(blocks.units), dtype=bool)
        choice[blocks.block[others]] = True
        movers = used[choice[blocks.block[used]]]
        column, unit = _pairs(blocks, movers, np.union1d(others, movers))
        self.column, self.unit, self.at = column, unit, np.empty(len(movers), dtype=np.int64)
        own = np.flatnonzero(column == movers[unit]) if len(movers) else np.empty(0, dtype=np.int64)
        self.at[unit[own]] = own
        self.start = np.searchsorted(unit, np.arange(len(movers)))
        self.stop = np.searchsorted(unit, np.arange(len(movers)), side="right")
        tight = (ground.prices > 0) & (ground.prices * ground.size > 1e-7 * abs(ground.bound))
        self.rows = np.flatnonzero(tight | (room < TIGHT * ground.size))
        self.use = np.ascontiguousarray(blocks.use[column].toarray()[:, self.rows])
        self.above, self.price = ground.above[column], ground.prices[self.rows]
        self.room = room[self.rows]
        self.shift = self.use - self.use[self.at[unit]]
        self.dearer = self.above - self.above[self.at[unit]] - self.shift @ self.price

    def __len__(self) -> int:
        """How many columns there are to move to."""
        return len(self.column)

    def move(self, j: int) -> None:
        """Move the unit of place j there."""
        unit = self.unit[j]
        mine = slice(self.start[unit], self.stop[unit])
        self.room = self.room - self.shift[j]
        self.at[unit] = j
        self.shift[mine] = self.use[mine] - self.use[j]
        self.dearer[mine] = self.above[mine] - self.above[j] - self.shift[mine] @ self.price

    def columns(self) -> np.ndarray:
        """Where each unit is now, columns."""
        return self.column[self.at]


def _pairs(blocks: Blocks, movers: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every unit that may move beside every column of its block: columns and numbers of units, by unit."""
    owner = blocks.block[columns]
    begin, end = (np.searchsorted(owner, blocks.block[movers], side=side) for side in ("left", "right"))
    count = end - begin
    unit = np.repeat(np.arange(len(movers)), count)
    within = np.arange(len(unit)) - np.repeat(np.cumsum(count) - count, count)
    return columns[np.repeat(begin, count) + within], unit


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
        """Search in so many phases, or until the gap is reached; `margins` as in `MARGINS`."""
        polished = inf
        for phase in range(phases):
            if self.gap <= gap or self.stop():
                return
            count = WIDE[phase % len(WIDE)]
            if self.best is not None:
                count = min(count, round(NARROW[phase % len(NARROW)] * len(self.ground.blocks.units)))
            self.phase(count, gap, 0.0 if self.best is not None else margins[phase % len(margins)])
            if self.objective < polished and self.gap > gap:
                self.polish(gap)
                polished = self.objective

    def _room(self, x: np.ndarray) -> np.ndarray:
        """What is left of each limit, (L,); negative where it is overrun."""
        return np.asarray(self.ground.limits - self.ground.blocks.use.T @ x - self.problem.more.T @ self.extra)

    def _cost(self, x: np.ndarray) -> float:
        return float(self.ground.blocks.cost @ x + self.problem.extra["cost"].to_numpy() @ self.extra)

    def _keep(self, x: np.ndarray) -> None:
        """Remember a plan if it is inside all limits and better."""
        inside = (self._room(x) >= -EXACT * self.ground.size).all()
        if inside and (cost := self._cost(x)) < self.objective:
            self.objective, self.best = cost, (x.copy(), self.extra.copy())

    def phase(self, count: int, gap: float, margin: float = 0.0) -> None:
        """Swing about the limits, from the best plan (or the last one), until nothing better comes.

        With a margin it swings about limits that are tighter by that share of their size; what it finds between those
        and the true ones is a plan all the same.
        """
        x = self._begin()
        near = Neighbourhood(self.ground, x, self._room(x) - margin * self.ground.size, count)
        if not len(near):
            return
        free = margin * self.ground.size[near.rows]
        base = self.ground.penalties[near.rows]
        edge = -EXACT * self.ground.size[near.rows]
        outside = self._cost(x) - self.ground.bound - float(near.price @ near.room) - near.above[near.at].sum()
        before, penalty, buffer = near.columns(), 2 * base, np.empty_like(near.shift)
        rests = np.zeros(len(near), dtype=np.int64)
        lowest, better, step = inf, 0, 0
        enough = self.ground.bound + gap * max(abs(self.ground.bound), 1.0)
        best = near.columns()
        patience = min(STALLED, STALLED_EACH * len(near))
        while step - better <= patience and not (step % 256 == 0 and self.stop()):
            step += 1
            np.subtract(near.shift, near.room, out=buffer)
            np.maximum(buffer, 0.0, out=buffer)
            value = buffer @ penalty + near.dearer
            value[rests > step] = inf
            value[near.at] = inf
            j = int(value.argmin())
            unit, left = near.unit[j], near.at[near.unit[j]]
            near.move(j)
            until = step + int(self.random.integers(*REST))
            rests[near.start[unit] : near.stop[unit]] = until
            rests[left] = until + REST[0]
            penalty = np.where(near.room < edge, penalty * DEARER, np.maximum(penalty * CHEAPER, LEAST * base))
            if (near.room + free >= edge).all():
                cost = outside + float(near.above[near.at].sum() + near.price @ near.room)
                if cost < lowest - 1e-6:
                    lowest, better, best = cost, step, near.columns()
                    if cost + self.ground.bound <= enough:
                        break
        self.steps += step
        self.x = _moved(x, before, best if lowest < inf else near.columns())
        self._keep(self.x)

    def _begin(self) -> np.ndarray:
        """Units to start from; what the other decisions can do for them is done first."""
        if self.best is not None:
            self.x, self.extra = self.best[0].copy(), self.best[1].copy()
        elif len(self.extra):
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

    def polish(self, gap: float) -> None:
        """Better the best plan by single moves and pairs of them that stay inside all limits."""
        x = self._begin()
        near = Neighbourhood(self.ground, x, self._room(x), PAIRED)
        before = near.columns()
        enough = (gap - self.gap) * max(abs(self.objective), 1.0)
        gained = 0.0
        for moves, gain in _fitting(near, EXACT * self.ground.size[near.rows], self.stop):
            for j in moves:
                near.move(j)
            gained += gain
            if gained < enough:
                break
        self.x = _moved(x, before, near.columns())
        self._keep(self.x)


def _fitting(near: Neighbourhood, edge: np.ndarray, stop: Callable[[], bool]) -> Iterator[tuple[list[int], float]]:
    """Moves, one or two at a time, that save money and fit; the next come after these have been made."""
    misses, turn = 0, 0
    order = np.argsort(near.above - near.above[near.at[near.unit]], kind="stable")
    while misses < len(order) and not (turn % 64 == 0 and stop()):
        j = int(order[turn % len(order)])
        turn += 1
        misses += 1
        if near.at[near.unit[j]] == j:
            continue
        saved = near.dearer + near.shift @ near.price
        left = near.room + edge - near.shift[j]
        alone = saved[j] < -1e-6 and (left >= 0).all()
        fits = (near.shift <= left).all(axis=1) & (saved + saved[j] < -1e-6) & (near.unit != near.unit[j])
        k = int(np.where(fits, saved, inf).argmin()) if fits.any() else -1
        if k >= 0 and (saved[k] < 0 or not alone):
            misses = 0
            yield [j, k], float(saved[j] + saved[k])
        elif alone:
            misses = 0
            yield [j], float(saved[j])


def _moved(x: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Units after single ones went from columns to others."""
    moved = x.copy()
    np.subtract.at(moved, before, 1)
    np.add.at(moved, after, 1)
    return moved
