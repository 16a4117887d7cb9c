"""How far a year may end from its projection: the scale of each line, and how many scales its intervals reach."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri, stdtrit

from forecast.arrays import FloatArray, IntArray, row_mean, row_quantile
from forecast.intervals import COMMON_SHARE, LEAST_MONEY, NO_AMOUNT_SCALE, USUAL_CHANGE
from forecast.profiles import Position, lean, pool

RECENT = 3
"""Years whose mean total says how large a line is."""
SIZE_GAP = 100.0
"""Times that the past and the projected total of a line may differ before its size follows the larger one."""
OWN_ERRORS = 4.0
"""$\\kappa$: errors of its own that the pool counts for in a line's scale."""
APART = 0.5
"""$\\alpha$: power with which disagreement among rules widens a line's scale."""
FARTHEST = 10.0
"""Times the pool's error, or a part of it, that a line's own error or disagreement counts for at most."""
RUN_RATE_MISS = 0.15
"""Median absolute error of a run rate at mid-year: of a large city's departments (FY2010-14) 13 %, receipts (FY2015-17)
18 %. It goes with the root of what is left over what is done."""
THIRDS, THIRD_LINES = 3, 10
"""Thirds of the lines by size, where each would have so many lines; else one."""
PRIOR_ERRORS = 20.0
"""Back-test errors that a wider sample counts for in a quantile."""
LEAST_QUANTILE = 0.1
"""Scales: an interval reaches no less far."""
TOTAL_ORIGINS = 5.0
"""Origins that the interval implied by the lines counts for in that of a sum."""
LEAST_SCALE = 1e-3
"""Share of its size under which no line's scale falls."""


def line_size(totals: FloatArray, projected: FloatArray) -> FloatArray:
    r"""How large each line is, USD, (n,), above zero: the geometric mean of its recent years and its projection.

    A mean that follows the smaller one: a line that all but ended is not judged by what it once was.
    """
    size = np.abs(projected)
    before = row_mean(np.abs(totals[:, -RECENT:]))
    before = np.where(before > 0, before, size)
    size = np.where(size > 0, size, before / SIZE_GAP)
    between = np.sqrt(np.maximum(size, before / SIZE_GAP)) * np.sqrt(np.maximum(before, size / SIZE_GAP))
    return np.where(between > 0, np.maximum(between, LEAST_MONEY), NO_AMOUNT_SCALE)


def size_third(size: FloatArray) -> IntArray:
    """Third of the lines with money in them that each belongs to, (n,): 0, 1, 2; all 0 where they are few.

    Small lines miss by a larger share: they must not lend their tails to a pension fund.
    """
    spends = size != NO_AMOUNT_SCALE
    if spends.sum() < THIRDS * THIRD_LINES:
        return np.zeros(len(size), dtype=np.int64)
    edges = np.quantile(size[spends], np.arange(1, THIRDS) / THIRDS)
    return np.searchsorted(edges, size, side="right").astype(np.int64)


def line_scale(
    size: FloatArray, miss: FloatArray, count: FloatArray, apart: FloatArray, peers: IntArray, at: Position
) -> FloatArray:
    r"""Scale of each line, USD, (n,): how far it usually ends from its projection, zero only when the year is closed.

    $$\ln s_i = \ln a_i + \frac{m_i \ln \epsilon_i + \kappa\,(\ln \epsilon_c + \alpha \ln (d_i / \tilde d))}
    {m_i + \kappa}$$

    $a_i$ is the line's `size`, $\epsilon_i$ its mean absolute error over size (`miss` sums $m_i$ = `count` of them),
    $\epsilon_c$ its median over its `peers`, like lines of like size, which leans to the usual yearly change of state
    spending times the root of the share of the year that is left; $d_i$ the median distance over size of the rules
    from their mean (`apart`, (R, n)), $\tilde d$ its median over lines: where the rules part, the line is hard to tell.
    A line of which nothing but its year to date is told is as uncertain as a run rate.
    """
    left = 1.0 - at.straight
    if not left:
        return np.zeros(len(size))
    own = np.where(count > 0, miss / count.clip(1), np.nan)
    wider = pool(own, peers, USUAL_CHANGE * np.sqrt(left)).clip(LEAST_SCALE)
    wider = np.where(at.told, wider, np.maximum(wider, RUN_RATE_MISS * np.sqrt(left / at.straight)))
    distance = row_quantile(np.abs(apart).T, 0.5) / size
    parted = distance[distance > 0]
    usual = max(float(np.median(parted)), LEAST_MONEY) if len(parted) else 1.0
    spread = np.where(at.told & (len(parted) > 0), distance / usual, 1.0).clip(1 / FARTHEST, FARTHEST)
    known = np.where(count > 0, own, wider).clip(wider / FARTHEST, wider * FARTHEST)
    leaned = lean(np.log(known), count, np.log(wider) + APART * np.log(spread), OWN_ERRORS)
    return np.asarray(size * np.exp(leaned).clip(LEAST_SCALE), dtype=np.float64)


def reach(errors: FloatArray, third: IntArray, levels: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    r"""How many scales intervals reach below and above, by third, each (L, 3), for rising levels, never shrinking.

    $$q_p = \frac{N\,e_{(\lceil (N+1)p \rceil)} + \kappa\,q^0_p}{N + \kappa}$$

    from the finite `errors` of each `third`, of one shape: the finite-sample conformal quantile (Vovk, Gammerman &
    Shafer, 2005), its rank taken from the other end below one half, leaning to that of all errors; and this to a
    normal error whose mean absolute size is one scale, $q^0_p = \sqrt{\pi/2}\,z_p$.
    """
    tail = (1 - np.asarray(levels, dtype=np.float64) / 100) / 2
    normal = np.sqrt(np.pi / 2) * -ndtri(tail)
    known = np.isfinite(errors)
    wider = _quantiles(errors[known], tail, (normal, normal))
    parts = [_quantiles(errors[known & (third == each)], tail, wider) for each in range(THIRDS)]
    below, above = (
        np.maximum.accumulate(np.maximum(np.column_stack(side), LEAST_QUANTILE)) for side in zip(*parts, strict=True)
    )
    return below, above


def _quantiles(sample: FloatArray, tail: FloatArray, wider: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
    """Quantiles of a sample at both tails, away from zero, each (L,), leaning to wider ones."""
    count = len(sample)
    if not count:
        return wider
    ordered = np.sort(sample)
    rank = np.ceil((count + 1) * (1 - tail)).clip(1, count).astype(np.int64)
    sides = (-ordered[count - rank], ordered[rank - 1])
    return tuple(lean(own, np.array(count), far, PRIOR_ERRORS) for own, far in zip(sides, wider, strict=True))


def ends(mean: FloatArray, floor: FloatArray, below: FloatArray, above: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lower and upper ends, (L, n), of reaches (L, n) about means (n,); none below a floor that the mean is above."""
    return np.maximum(mean - below, np.minimum(floor, mean)), mean + above


def group_reach(
    spread: FloatArray, missed: FloatArray, unit: FloatArray, group: IntArray, levels: Sequence[int]
) -> FloatArray:
    r"""Reach of the sum of each group of lines, USD, (L, G): what its lines imply, and its own back-test errors.

    $$w = \frac{m\,t_m\,u\,\mathrm{rms} + \kappa\,z\,\sigma}{m + \kappa}, \qquad
    \sigma^2 = (1-\rho)\sum_i\sigma_i^2 + \rho\Big(\sum_i\sigma_i\Big)^2$$

    `spread` $\sigma_i$ is (n,), USD; `missed`, (O, G), are past errors of each sum in units of the sum of its lines'
    scales, NaN where none was scored, $m$ of them finite; `unit` $u$ is that sum now, (G,). $z$ and $t_m$ are the
    level's normal and Student quantiles; $\rho$ is `COMMON_SHARE`.
    """
    alone, together = np.bincount(group, spread**2), np.bincount(group, spread)
    implied = np.sqrt((1 - COMMON_SHARE) * alone + COMMON_SHARE * together**2)
    count = np.isfinite(missed).sum(axis=0)
    square = np.where(np.isfinite(missed), missed, 0.0) ** 2
    rms = np.sqrt(square.sum(axis=0) / count.clip(1))
    share = 0.5 + np.asarray(levels, dtype=np.float64)[:, None] / 200
    own = stdtrit(count.clip(1)[None], share) * rms * unit
    return np.maximum.accumulate(lean(own, count, ndtri(share) * implied, TOTAL_ORIGINS), axis=0)
