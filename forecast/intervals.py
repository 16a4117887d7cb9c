r"""Intervals: how far the back-test missed, in units that lines share.

An error is measured in its line's *scale*, the usual yearly change of that line, which leans to that of all lines:

$$s_i = a_i\,\frac{m_i\,\delta_i + \kappa\,r}{m_i + \kappa}, \qquad
r = \frac{n\,\operatorname{median}_i \delta_i + \lambda\,r_0}{n + \lambda}$$

$a_i$ is the line's amount, $\delta_i$ the mean of its last $m_i$ relative changes $|y_t - y_{t-1}|$ over
$(|y_t| + |y_{t-1}|) / 2$, $n$ the number of lines and $r_0$ the usual relative change of state spending. A constant
line hence has a scale too, a growing one a scale of today's size, and a wild one moves no other.

What a line has missed by in the past, measured against what all lines have, stretches its scale further: a line whose
changes undo each other is known better than one whose changes add up.

The errors of all lines of one size class and horizon make one sample; the finite-sample conformal quantile of their
sizes bounds the interval, as far below the forecast as above it. The errors of a year go one way together, so which way
ten years' errors went tells little of the next; and as the forecast is the mean of what it is thought to be, sums of
forecasts are the means of sums.
Source of the quantile: Vovk, Gammerman & Shafer, *Algorithmic Learning in a Random World* (2005).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from forecast.arrays import BoolArray, FloatArray, IntArray, changes, row_any, row_mean

RECENT = 8
"""Years of change that a line's scale is learned from."""
OWN_CHANGES = 4.0
"""$\\kappa$: the number of changes of its own that the pool counts for in a line's scale."""
USUAL_CHANGE = 0.074
"""$r_0$: mean absolute error of last year's figure, general funds of 50 states (computed from NASBO, FY1991-2015)."""
USUAL_LINES = 3.0
"""$\\lambda$: the number of lines that $r_0$ counts for."""
OWN_ERRORS = 40.0
"""$\\kappa$: past errors of its own that the pool's count for in a line's stretch."""
NO_ERROR = 1e-9
"""Scales: a mean error under this is rounding, and tells no line from another."""
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
KNOTS = (20, 40, 60, 80, 90, 95, 98)
"""Percent: levels between which a line's distribution is drawn straight, beside those that are asked for."""
COMMON_SHARE = 0.29
"""Share of variance that a year has in common over all lines: 50 states' forecast errors, FY1987-2015."""
USUAL_ORIGINS = 5
"""Origins of a back-test on a dozen years of history, five years ahead."""
MIDDLE_BY_CHANCE = float(np.sqrt(COMMON_SHARE / USUAL_ORIGINS) / ndtri(0.75))
"""Half quartile ranges by which chance moves the middle of all errors: the years in common, averaged over origins."""


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


def own_stretch(errors: FloatArray, origins: IntArray, periods: int) -> FloatArray:
    r"""How much wider a line misses than the pool, at each origin and today, (O + 1, n), about one.

    $$q_i = \frac{\sum_{o,k} w_k\,|e_{iok}|/u_k + \kappa}{\sum_{o,k} w_k + \kappa}, \qquad w_k = k^{-1/2}$$

    over the errors known by then; `errors`, (O, n, H), are in the line's scale, $u_k$ is their mean size.
    Far horizons repeat what near ones said, hence the weights. `periods` is how many are known today.
    """
    n, horizon = errors.shape[1:]
    weight = 1 / np.sqrt(np.arange(1, horizon + 1))
    total, count = np.zeros((2, horizon, n))
    out = np.ones((len(origins) + 1, n))
    for j, now in enumerate(np.append(origins, periods).tolist()):
        for i, k in came_to_light(origins, now, horizon):
            known = np.isfinite(errors[i, :, k])
            total[k] += np.where(known, np.abs(errors[i, :, k]), 0.0)
            count[k] += known
        usual = np.maximum.accumulate(total.sum(axis=1) / count.sum(axis=1).clip(1))
        told = weight @ (total / np.maximum(usual, NO_ERROR)[:, None])
        out[j] = (told + OWN_ERRORS) / (weight @ count + OWN_ERRORS)
    return out


def came_to_light(origins: IntArray, now: int, horizon: int, since: int | None = None) -> Iterator[tuple[int, int]]:
    """Places of origins and horizons whose outcome was known in period `now`, but not yet in `since`.

    That is by default the origin before.
    """
    earlier = origins[origins < now].tolist()
    before = max(earlier, default=0) if since is None else since
    for j, origin in enumerate(earlier):
        for k in range(max(0, before - origin), min(horizon, now - origin)):
            yield j, k


def line_amount(fit: FloatArray) -> FloatArray:
    """Amount $a_i$ of each line, USD, (n, T) -> (n,): the mean size of the last three years.

    A line that pauses keeps a tenth of its usual amount.
    """
    size = np.abs(fit)
    return np.maximum(row_mean(size[:, -3:]), row_mean(size) / 10)


def size_class(fit: FloatArray, season: int = 1) -> IntArray:
    """Class of each line, (n, T) -> (n,): 0 if always zero, else its third by amount.

    1 where lines are few, or have several periods a year: there each line's own errors tell more than its class's.
    """
    spends = row_any(np.isfinite(fit) & (fit != 0))
    if season > 1 or spends.sum() < THIRDS * CLASS_LINES:
        return spends.astype(np.int64)
    amount = line_amount(fit)
    edges = np.quantile(amount[spends], np.arange(1, THIRDS) / THIRDS)
    return np.where(spends, 1 + np.searchsorted(edges, amount, side="right"), 0).astype(np.int64)


@dataclass(frozen=True)
class Calibration:
    """How many scales an interval reaches to either side of the forecast."""

    reach: FloatArray
    """Above zero, rising with the level and the horizon, (L, C, H)."""


def distribution(calibration: Calibration, levels: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    """Errors in scales over normal quantiles: the quantiles, (K,), rising, and the errors there, (C, H, K).

    The forecast itself is the median, and the mean; `levels` are the calibration's, rising.
    """
    z = ndtri(0.5 + np.asarray(levels, dtype=np.float64) / 200)
    reach = calibration.reach.transpose(1, 2, 0)
    middle = np.zeros((*reach.shape[:2], 1))
    return np.concatenate([-z[::-1], [0.0], z]), np.concatenate([-reach[..., ::-1], middle, reach], axis=-1)


def calibrate(errors: FloatArray, size: IntArray, levels: Sequence[int], horizon: int) -> Calibration:
    """Learn how far intervals reach from errors in scales, (N, H), NaN unscored, of lines of class `size`, (N,)."""
    reach = np.empty((len(levels), CLASSES, horizon))
    for c in range(CLASSES):
        own = errors[size == c]
        for k in range(horizon):
            sizes = _sizes(own[np.isfinite(own[:, k]), k])
            reach[:, c, k] = [_quantile(sizes, level / 100, k + 1) for level in levels]
    years = np.arange(1, horizon + 1)
    reach = np.maximum(reach, LEAST_QUANTILE * np.sqrt(years))
    return Calibration(np.maximum.accumulate(np.maximum.accumulate(reach, axis=2), axis=0))


def _sizes(errors: FloatArray) -> FloatArray:
    r"""Sizes of errors, (N,), sorted: $|e - c|$.

    $c$ lies midway between their quartiles, but no farther from zero than chance moves it, `MIDDLE_BY_CHANCE` of their
    distance from it: by so much all may have gone one way, and another year they go the other.
    """
    if not len(errors):
        return errors
    errors, quarter = np.sort(errors), len(errors) // 4
    low, high = errors[quarter], errors[-1 - quarter]
    most = MIDDLE_BY_CHANCE * (high - low) / 2
    return np.sort(np.abs(errors - np.clip((low + high) / 2, -most, most)), kind="stable")


def _quantile(sizes: FloatArray, level: float, years: int) -> float:
    r"""Finite-sample quantile of sorted sizes of errors, leaning to that of a random walk.

    $$q = \frac{N\,|e|_{(\lceil (N+1)p \rceil)} + \kappa\sqrt{\pi/2}\,\sqrt{k}\,z_{(1+p)/2}}{N + \kappa}$$

    with the rank held within the sample. A random walk whose mean absolute yearly change is one has standard deviation
    $\sqrt{\pi/2}\,\sqrt k$ after $k$ years.
    """
    count = len(sizes)
    prior = float(np.sqrt(np.pi / 2 * years) * ndtri((1 + level) / 2))
    if not count:
        return prior
    rank = int(np.clip(np.ceil((count + 1) * level), 1, count))
    return (count * float(sizes[rank - 1]) + PRIOR_ERRORS * prior) / (count + PRIOR_ERRORS)


def widths(calibration: Calibration, scale: FloatArray, size: IntArray) -> tuple[FloatArray, FloatArray]:
    """Reach of each line below and above, the same, USD, each (L, n, H)."""
    reach = calibration.reach[:, size] * scale[None, :, None]
    return reach, reach


def bounds(
    mean: FloatArray, below: FloatArray, above: FloatArray, never_negative: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Lower and upper ends, USD, each (L, n, H), about means (n, H); lines that never were negative end at zero."""
    low = mean - below
    return np.where(never_negative[:, None], np.maximum(low, np.minimum(mean, 0.0)), low), mean + above
