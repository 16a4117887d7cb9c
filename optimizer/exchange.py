r"""Exchanges: two moves at once that nearly cancel, so that what the limits leave changes little.

Near the best plan what is left of each limit is worth less than a hundredth of one move, and a single move oversteps by
far. Two moves in opposite directions of systems of like size change it by as little as is wanted. Pairs are scored by

$$\alpha \sum_i \lambda_i \,|a_{ij} + a_{ik}| + \bar c_j + \bar c_k$$

with $a_j$ what move j takes of each limit more than before, $\bar c_j$ how much dearer it is at the prices $\lambda$.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from optimizer.neighbours import Neighbourhood

MOST = 6_000
"""Exchanges to choose among, beside the single moves."""
CHUNK = 256
"""Moves whose pairs are scored at a time."""
ALPHA = 0.1
"""Weight of what an exchange changes in the limits beside how much dearer it is."""


class Exchanges:
    """Places to go to: exchanges and single moves, each made or not. Of one unit, one of them can be made at a time."""

    def __init__(self, near: Neighbourhood, penalties: np.ndarray) -> None:
        own = near.at[near.unit]
        moves = np.flatnonzero(np.arange(len(near)) != own)
        shift, above, unit = near.shift[:, moves], (near.above - near.above[own])[moves], near.unit[moves]
        first, second = _pairs(shift.T * penalties[near.rows], above, unit)
        alone = np.arange(len(moves))
        self.near, self.rows, self.price, self.room = near, near.rows, near.price, near.room.copy()
        self.moves = moves[np.stack([np.append(first, alone), np.append(second, alone)])]
        """The two places in the neighbourhood, twice the same where a move is alone, (2, K)."""
        self.shift = np.concatenate([shift[:, first] + shift[:, second], shift], axis=1)
        """What going there takes of each limit, (rows, K); what coming back takes where it has been made."""
        self._above = np.concatenate([above[first] + above[second], above])
        self.dearer = self._above - self.price @ self.shift
        self.dear = near.dear
        """How much dearer all units are than the best of their blocks."""
        self.made = np.zeros(len(self.dearer), dtype=bool)
        self._taken = np.zeros(len(near.at), dtype=bool)
        self.barred = np.zeros(len(self.dearer), dtype=bool)
        """What another one of the same unit keeps from being made, (K,)."""
        self._unit = near.unit[self.moves]
        both = self._unit.ravel()
        self._order = np.argsort(both, kind="stable") % len(self.dearer)
        self._from = np.searchsorted(np.sort(both), np.arange(len(near.at) + 1))

    def __len__(self) -> int:
        """How many there are."""
        return len(self.dearer)

    def go(self, j: int) -> tuple[slice, int]:
        """Make an exchange, or take it back: the places that rest then, and the one that was left."""
        units, takes = self._unit[:, j], self._takes(j)
        self.room = self.room + takes if self.made[j] else self.room - takes
        self.dear += float(self._above[j])
        self.made[j] = not self.made[j]
        self.shift[:, j], self.dearer[j], self._above[j] = -self.shift[:, j], -self.dearer[j], -self._above[j]
        self._taken[units] = self.made[j]
        for unit in units:
            of = self._order[self._from[unit] : self._from[unit + 1]]
            self.barred[of] = self._taken[self._unit[:, of]].any(axis=0) & ~self.made[of]
        return slice(j, j + 1), j

    def _takes(self, j: int) -> np.ndarray:
        """What an exchange takes of each limit more than before, (rows,), not rounded."""
        places = self.moves[: 1 if self.moves[0, j] == self.moves[1, j] else 2, j]
        use = self.near.use
        return np.asarray((use[places] - use[self.near.at[self.near.unit[places]]]).sum(axis=0))

    def columns(self) -> np.ndarray:
        """Where each unit is now, columns."""
        at = self.near.at.copy()
        places = self.moves[:, self.made].ravel()
        at[self.near.unit[places]] = places
        return self.near.column[at]


def _pairs(worth: np.ndarray, above: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best pairs of moves of different units; `worth` is what each takes of limits in money, (moves, rows)."""
    order = np.argsort(above, kind="stable")
    worth, above, unit = worth[order], above[order], unit[order]
    pairs, scores, worst = np.empty((2, 0), dtype=np.int64), np.empty(0), np.inf
    for begin in range(0, len(order), CHUNK):
        # no pair scores less than both are dearer, so the dear ones need no look once enough pairs are better
        some, end = slice(begin, begin + CHUNK), np.searchsorted(above, worst - above[begin], side="right")
        if end <= begin:
            break
        score = cdist(worth[some], -worth[begin:end], "cityblock")
        score *= ALPHA
        score += above[some, None]
        score += above[begin:end]
        score[np.tri(*score.shape, dtype=bool) | (unit[some, None] == unit[begin:end])] = np.inf
        found = np.nonzero(score < worst)
        pairs = np.append(pairs, np.stack(found) + begin, axis=1)
        scores = np.append(scores, score[found])
        if len(scores) > MOST:
            kept = np.argpartition(scores, MOST - 1)[:MOST]
            pairs, scores = pairs[:, kept], scores[kept]
            worst = float(scores.max())
    return order[pairs[0]], order[pairs[1]]
