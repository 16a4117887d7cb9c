r"""Intervals: how far the back-test missed, in units that lines share.

An error is measured in its line's *scale*, the usual yearly change of that line, which leans to that of all lines:

$$s_i = a_i\,\frac{m_i\,\delta_i + \kappa\,r}{m_i + \kappa}, \qquad
r = \frac{n\,\operatorname{median}_i \delta_i + \lambda\,r_0}{n + \lambda}$$

$a_i$ is the line's amount, $\delta_i$ the mean of its last $m_i$ relative changes $|y_t - y_{t-1}|$ over
$(|y_t| + |y_{t-1}|) / 2$, $n$ the number of lines and $r_0$ the usual relative change of state spending. A constant
line hence has a scale too, a growing one a scale of today's size, and a wild one moves no other.

The errors of all lines of one size class and horizon make one sample; its finite-sample conformal quantiles bound the
interval. Source of the quantile: Vovk, Gammerman & Shafer, *Algorithmic Learning in a Random World* (2005).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from forecast.arrays import BoolArray, FloatArray, IntArray, changes, row_any, row_mean

RECENT = 8
"""Years of change that a line's scale is learned from."""
OWN_CHANGES = 4.0
"""$\\kappa$: the number of changes of its own that the pool counts for in a line's scale."""
USUAL_CHANGE = 0.074
"""$r_0$: mean absolute error of last year's figure, general funds of 50 states (computed from NASBO, FY1991-2015)."""
USUAL_LINES = 3.0
"""$\\lambda$: the number of lines that $r_0$ counts for."""
LEAST_SCALE = 0.005
"""Share of its amount under which no line's scale falls."""
LEAST_MONEY = 1e-6
"""USD under which no scale falls: less is no money, and no divisor."""
NO_AMOUNT_SCALE = 1.0
"""USD: scale of a line that is zero throughout."""
LEAST_QUANTILE = 0.1
"""Scales: an interval's half-width one year ahead is never less; it grows with the root of the horizon."""
PRIOR_ERRORS = 20.0
"""Back-test errors that the prior of a random walk counts for."""
THIRDS, CLASS_LINES = 3, 30
"""Size classes of the lines that spend, where each would have so many lines; else one."""
CLASSES = 1 + THIRDS
"""All classes: class 0 holds lines that spend nothing; they are forecast to stay so, and are not scored."""
CORE = 80
"""Percent: the level whose reach stands for a line's spread in a total; farther tails do not add up."""
COMMON_SHARE = 0.29
"""Share of variance that a year has in common over all lines: 50 states' forecast errors, FY1987-2015."""
TOTAL_ORIGINS = 5.0
"""Origins that the interval implied by the lines counts for in that of the total."""


def line_scale(fit: FloatArray) -> FloatArray:
    """Scale $s_i$ of each line, USD, (n, T) -> (n,), always above zero."""
    size = np.abs(fit)
    between = (size[:, 1:] + size[:, :-1]) / 2
    relative = np.where(between > 0, np.abs(changes(fit)) / np.where(between > 0, between, 1.0), between)
    relative = relative[:, -RECENT:]
    count = np.isfinite(relative).sum(axis=1)
    own, amount = row_mean(relative), line_amount(fit)
    usable = (count > 0) & (amount > 0)
    lines = usable.sum()
    median = np.median(own[usable]) if lines else 0.0
    pool = (lines * median + USUAL_LINES * USUAL_CHANGE) / (lines + USUAL_LINES)
    leaned = (count * own + OWN_CHANGES * pool) / (count + OWN_CHANGES)
    scale = np.maximum(leaned, LEAST_SCALE) * amount
    return np.where(scale > 0, np.maximum(scale, LEAST_MONEY), NO_AMOUNT_SCALE)


def line_amount(fit: FloatArray) -> FloatArray:
    """Amount $a_i$ of each line, USD, (n, T) -> (n,): the mean size of the last three years.

    A line that pauses keeps a tenth of its usual amount.
    """
    size = np.abs(fit)
    return np.maximum(row_mean(size[:, -3:]), row_mean(size) / 10)


def size_class(fit: FloatArray) -> IntArray:
    """Class of each line, (n, T) -> (n,): 0 if always zero, else its third by amount, or 1 if lines are few."""
    spends = row_any(np.isfinite(fit) & (fit != 0))
    if spends.sum() < THIRDS * CLASS_LINES:
        return spends.astype(np.int64)
    amount = line_amount(fit)
    edges = np.quantile(amount[spends], np.arange(1, THIRDS) / THIRDS)
    return np.where(spends, 1 + np.searchsorted(edges, amount, side="right"), 0).astype(np.int64)


@dataclass(frozen=True)
class Calibration:
    """How many scales an interval reaches below and above the forecast."""

    below: FloatArray
    """Above zero and rising with the horizon, (L, C, H)."""
    above: FloatArray
    """The same on the other side, (L, C, H)."""


def calibrate(errors: FloatArray, size: IntArray, levels: Sequence[int], horizon: int) -> Calibration:
    """Learn how far intervals reach from errors in scales, (N, H), NaN unscored, of lines of class `size`, (N,)."""
    reach = np.empty((2, len(levels), CLASSES, horizon))
    for c in range(CLASSES):
        own = errors[size == c]
        for k in range(horizon):
            sample = np.sort(own[np.isfinite(own[:, k]), k])
            for j, level in enumerate(levels):
                tail = (1 - level / 100) / 2
                reach[0, j, c, k] = -_quantile(sample, tail, k + 1)
                reach[1, j, c, k] = _quantile(sample, 1 - tail, k + 1)
    years = np.arange(1, horizon + 1)
    reach = np.maximum(reach, LEAST_QUANTILE * np.sqrt(years))
    reach = np.maximum.accumulate(np.maximum.accumulate(reach, axis=3), axis=1)
    return Calibration(below=reach[0], above=reach[1])


def _quantile(sample: FloatArray, share: float, years: int) -> float:
    r"""Finite-sample quantile of a sorted sample of errors, leaning to that of a random walk.

    $$q = \frac{N\,e_{(\lceil (N+1)p \rceil)} + \kappa\sqrt{\pi/2}\,\sqrt{k}\,z_p}{N + \kappa}$$

    with the rank taken from the other end below one half and held within the sample. A random walk whose mean absolute
    yearly change is one has standard deviation $\sqrt{\pi/2}\,\sqrt k$ after $k$ years.
    """
    count = len(sample)
    prior = float(np.sqrt(np.pi / 2 * years) * ndtri(share))
    if not count:
        return prior
    rank = np.ceil((count + 1) * share) if share >= 0.5 else np.floor((count + 1) * share)
    own = float(sample[int(np.clip(rank, 1, count)) - 1])
    return (count * own + PRIOR_ERRORS * prior) / (count + PRIOR_ERRORS)


def widths(calibration: Calibration, scale: FloatArray, size: IntArray) -> tuple[FloatArray, FloatArray]:
    """Reach of each line below and above, USD, each (L, n, H)."""
    stretch = scale[None, :, None]
    return calibration.below[:, size] * stretch, calibration.above[:, size] * stretch


def bounds(
    mean: FloatArray, below: FloatArray, above: FloatArray, never_negative: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Lower and upper ends, USD, each (L, n, H), about means (n, H).

    Lines that never were negative end at zero. What that cuts off a later year's interval is added on top, so that no
    interval is narrower than that of the year before, nor than that of a lower level.
    """
    low, high = mean - below, mean + above
    low = np.where(never_negative[:, None], np.maximum(low, np.minimum(mean, 0.0)), low)
    for k in range(1, mean.shape[1]):
        high[..., k] = np.maximum(high[..., k], low[..., k] + (high[..., k - 1] - low[..., k - 1]))
    return low, np.maximum.accumulate(high, axis=0)


def total_reach(core: FloatArray, errors: FloatArray, unit: float, levels: Sequence[int]) -> FloatArray:
    r"""Reach of a total, (L, H): what its lines imply, blended with the total's own back-test errors.

    $$w = \frac{m\,t_m\,u\,\mathrm{rms}_k + \kappa\,z\,\sigma}{m + \kappa}, \qquad
    \sigma^2 = (1-\rho)\sum_i\sigma_i^2 + \rho\Big(\sum_i\sigma_i\Big)^2$$

    A line's spread $\sigma_i$ is its reach at the level `CORE`, `core` (n, H), over the normal quantile of that
    level: lines miss partly for reasons of their own, partly through one common shock. `errors`, (O, H), are in units
    of `unit` $u$, the sum of the lines' scales; $m$ is the number of origins that reach horizon $k$. $z$ and $t_m$
    are the level's normal and Student quantiles: few origins, wide claims.
    """
    spread = core / ndtri(0.5 + CORE / 200)
    implied = np.sqrt((1 - COMMON_SHARE) * (spread**2).sum(axis=0) + COMMON_SHARE * spread.sum(axis=0) ** 2)
    count = np.isfinite(errors).sum(axis=0)
    rms = np.sqrt((np.where(np.isfinite(errors), errors, 0.0) ** 2).sum(axis=0) / count.clip(1))
    share = 0.5 + np.asarray(levels, dtype=np.float64)[:, None] / 200
    own = stdtrit(count.clip(1)[None, :], share) * np.maximum.accumulate(rms) * unit
    blended = (count * own + TOTAL_ORIGINS * ndtri(share) * implied) / (count + TOTAL_ORIGINS)
    return np.asarray(np.maximum.accumulate(blended, axis=1), dtype=np.float64)
