r"""The distribution of each line's year end, and what it leaves of a limit.

With $F$ the distribution of a line's year end $T$, straight between the quantiles that its intervals give, what an
appropriation $A$ is expected to lapse, and to be overspent by, is

$$E[\max(0, A - T)] = \int_{-\infty}^{A} F(t)\,dt, \qquad E[\max(0, T - A)] = \int_{A}^{\infty} (1 - F(t))\,dt$$
"""

from dataclasses import dataclass

import numpy as np

from forecast.arrays import FloatArray
from forecast.reach import ends

KNOTS = (20, 40, 60, 80, 90, 95, 98)
"""Levels, in percent, whose ends are the quantiles of a year end's distribution."""
LAST_KNOT = 1.25
"""Times the farthest of them at which the distribution ends."""


@dataclass(frozen=True)
class Chances:
    """A distribution of each line's year end: its cumulative chance is straight between quantiles."""

    amounts: FloatArray
    """Quantiles, USD, (n, K), rising."""
    chance: FloatArray
    """That the year ends no higher, (K,), from 0 to 1."""

    def below(self, limit: FloatArray) -> FloatArray:
        r"""$E[\max(0, A - T)]$, (n,), of limits $A$, (n,): $\int_{-\infty}^{A} F$, a trapezoid a piece."""
        upto = np.minimum(limit[:, None], self.amounts)
        reached = self._chance_at(limit)
        pieces = np.diff(upto, axis=1) * (reached[:, :-1] + reached[:, 1:]) / 2
        return np.asarray(pieces.sum(axis=1) + (limit - self.amounts[:, -1]).clip(0), dtype=np.float64)

    def above(self, limit: FloatArray) -> FloatArray:
        r"""$E[\max(0, T - A)]$, (n,): $\int_A^\infty (1 - F)$."""
        return Chances(-self.amounts[:, ::-1], 1 - self.chance[::-1]).below(-limit)

    def over(self, limit: FloatArray) -> FloatArray:
        """Chance that the year ends above the limit, (n,)."""
        return np.asarray(1.0 - self._chance_at(limit).max(axis=1), dtype=np.float64)

    def _chance_at(self, limit: FloatArray) -> FloatArray:
        """Cumulative chance at each quantile that is no farther than the limit, else at the limit: (n, K)."""
        step = np.diff(self.amounts, axis=1)
        gone = (limit[:, None] - self.amounts[:, :-1]).clip(0, step)
        share = np.where(step > 0, gone / np.where(step > 0, step, 1.0), limit[:, None] >= self.amounts[:, 1:])
        risen = np.cumsum(share * np.diff(self.chance), axis=1)
        return np.column_stack([np.zeros(len(limit)), risen])


def chances(mean: FloatArray, floor: FloatArray, below: FloatArray, above: FloatArray) -> Chances:
    """The distribution whose intervals at the levels `KNOTS` have these reaches, (L, n), about means, (n,)."""
    below, above = (np.vstack([side, LAST_KNOT * side[-1]]) for side in (below, above))
    low, high = ends(mean, floor, below, above)
    tail = np.append((1 - np.array(KNOTS) / 100) / 2, 0.0)
    return Chances(np.column_stack([low[::-1].T, mean, high.T]), np.concatenate([tail[::-1], [0.5], 1 - tail]))
