"""Where a search may go: single units and the columns that each may move to, near to the bound."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from optimizer.blocks import Blocks
from optimizer.duals import Priced
from optimizer.problem import Problem

USUAL = 0.01
"""Share of the bound that all limits' penalties together stand for, where they have no price."""
TIGHT = 0.05
"""Share of a limit that may be left before it is looked at."""


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

    @classmethod
    def of(cls, problem: Problem, priced: Priced) -> Ground:
        """What prices prove, and their columns."""
        blocks, limits = priced.blocks, problem.limits.to_numpy(dtype=float)
        reduced = blocks.cost + blocks.use @ priced.prices
        above = reduced - np.minimum.reduceat(reduced, blocks.first)[blocks.block]
        return cls(blocks, limits, blocks.sizes(limits), priced.prices, above, priced.bound)

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
        # to choose among places half the digits will do, in half the time; what is left is counted with all of them
        self.above, self.price = ground.above[column], ground.prices[self.rows]
        self.room = room[self.rows]
        self.shift = np.ascontiguousarray((self.use - self.use[self.at[unit]]).T, dtype=np.float32)
        """What going there takes of each limit more than before, (rows, K)."""
        self.dearer = self.above - self.above[self.at[unit]] - self.price @ self.shift

    def __len__(self) -> int:
        """How many columns there are to move to."""
        return len(self.column)

    @property
    def dear(self) -> float:
        """How much dearer all units are than the best of their blocks."""
        return float(self.above[self.at].sum())

    @property
    def barred(self) -> np.ndarray:
        """Places where units are, to which nothing can go."""
        return self.at

    def go(self, j: int) -> tuple[slice, int]:
        """Move the unit of place j there: the places that rest then, and the one that was left."""
        unit = self.unit[j]
        mine, left = slice(self.start[unit], self.stop[unit]), int(self.at[unit])
        self.room = self.room - (self.use[j] - self.use[left])
        self.at[unit] = j
        self.shift[:, mine] = (self.use[mine] - self.use[j]).T
        self.dearer[mine] = self.above[mine] - self.above[j] - self.price @ self.shift[:, mine]
        return mine, left

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
