r"""Exponential smoothing of all lines, for a whole grid of parameters, at all origins, in one pass.

A back-test asks what a model would have said at many origins. A recursion that runs once through time passes all of
them: its state at an origin is all that the forecast from there needs. Cells of the grid lie on the first axis and
lines on the last, so that each step in time is a few operations on one (K, n) array.

A line does not choose one cell of the grid: its forecast is the mean over cells, weighed by how likely each made the
line's past, $w_k \propto (\mathrm{SSE}_k / N)^{-N/2}$ (the normal likelihood with its variance profiled out). A short
line hence averages over nearly all cells, a long one listens to its best.

Letters of shapes: n lines, T periods, K cells, O origins, H horizons.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecast.arrays import BoolArray, FloatArray, IntArray

BLOCK = 2_048
"""Lines that are smoothed together: their states stay in the processor's cache."""
FIRST_STEPS = 3
"""Changes from which a trend's first value is taken: no model believes a trend of fewer points, so none is foreseen."""
STILL = 1e-8
"""Share of a line's mean square under which no error counts: likelihoods of a perfect fit stay finite."""


@dataclass(frozen=True)
class Cells:
    r"""A grid of smoothing parameters, one column each, (K, 1)."""

    alpha: FloatArray
    """$\\alpha$: share of an error that moves the level."""
    gamma: FloatArray
    """$\\gamma$: share of an error that moves the trend."""
    phi: FloatArray
    """$\\phi$: share of a trend that lives on for a period; 0 for no trend, 1 for Holt's straight one."""

    @classmethod
    def of(cls, triples: list[tuple[float, float, float]]) -> "Cells":
        r"""Cells from $(\alpha, \gamma, \phi)$."""
        alpha, gamma, phi = np.array(triples, dtype=np.float64).T[:, :, None]
        return cls(alpha, gamma, phi)

    def reach(self, horizon: int) -> FloatArray:
        r"""$\sum_{j=1}^{k}\phi^j$ for k = 1..H, (K, H)."""
        powers = self.phi ** np.arange(1, horizon + 1)
        return np.asarray(powers.cumsum(axis=1), dtype=np.float64)


def blocks(lines: int) -> Iterator[slice]:
    """Slices of lines that are worked on together."""
    for begin in range(0, lines, BLOCK):
        yield slice(begin, min(begin + BLOCK, lines))


def likelihood(loss: FloatArray, count: FloatArray, square: FloatArray) -> FloatArray:
    """Weights of cells, (K, n), from their sums of squared errors, (K, n), of `count` errors, (n,).

    `square` is the mean square of each line, (n,). Weights of a line sum to 1.
    """
    power = count / 2
    log = np.log(loss / count.clip(1) + (STILL * square + np.finfo(np.float64).tiny))
    log *= -power
    log -= log.max(axis=0)
    weights = np.exp(log, out=log)
    weights /= weights.sum(axis=0)
    return np.asarray(weights, dtype=np.float64)


def smooth(values: FloatArray, cells: Cells, origins: IntArray, horizon: int) -> FloatArray:
    r"""Forecasts by exponential smoothing with a damped trend, (O, n, H), of one block of lines.

    $$e_t = y_t - \ell_{t-1} - \phi b_{t-1}, \quad \ell_t = y_t - (1-\alpha) e_t, \quad
    b_t = \phi b_{t-1} + \gamma e_t, \quad \hat y_{T+k} = \ell_T + b_T\sum_{j=1}^{k}\phi^j$$

    `values`, (n, T), are NaN before a line begins. It begins with $\ell_1 = y_1$ and $b_1$ the mean of its first
    changes. Where a line has not begun at an origin, its forecast is zero. Source: Gardner & McKenzie, Management
    Science 31 (1985); Holt (1957) for $\phi = 1$.
    """
    by_period, known = _by_period(values)
    square = _mean_square(by_period, known)
    first = _first_trend(by_period, known)
    trendless = cells.phi == 0
    n, keep = by_period.shape[1], 1.0 - cells.alpha
    level = np.zeros((len(cells.phi), n))
    slope, loss = np.zeros_like(level), np.zeros_like(level)
    count = np.zeros(n)
    reach = cells.reach(horizon)
    out = np.zeros((len(origins), n, horizon))
    begun = np.zeros(n, dtype=np.bool_)
    for t, y in enumerate(by_period):
        begin = known[t] & ~begun
        slope *= cells.phi
        error = y - level
        error -= slope
        error *= begun
        loss += error * error
        level = np.where(known[t], y - keep * error, 0.0)
        slope += cells.gamma * error
        if begin.any():
            slope = np.where(begin, np.where(trendless, 0.0, first), slope)
        count += begun
        begun = known[t]
        for place in np.flatnonzero(origins == t + 1):
            weights = likelihood(loss, count, square[t])
            out[place] = (weights * level).sum(axis=0)[:, None] + (weights * slope).T @ reach
    return out


@dataclass(frozen=True)
class ThetaCells:
    r"""A grid of $\alpha$ and $1 - 1/\theta$, (K, 1) each."""

    alpha: FloatArray
    trend: FloatArray

    @classmethod
    def of(cls, alphas: tuple[float, ...], thetas: tuple[float, ...]) -> "ThetaCells":
        r"""All pairs of $\alpha$ and $\theta$."""
        pairs = np.array([(alpha, 1 - 1 / theta) for alpha in alphas for theta in thetas], dtype=np.float64)
        return cls(pairs[:, :1], pairs[:, 1:])


def smooth_theta(values: FloatArray, cells: ThetaCells, origins: IntArray, horizon: int) -> FloatArray:
    r"""Forecasts by the dynamic optimised theta model, (O, n, H), of one block of lines.

    $$\mu_{t+1} = \ell_t + \left(1-\tfrac1\theta\right)\left[(1-\alpha)^t A_t + \frac{1-(1-\alpha)^{t+1}}{\alpha}
    B_t\right], \qquad \ell_t = \alpha y_t + (1-\alpha)\ell_{t-1}$$

    $A_t$ and $B_t$ are level and slope of the straight line through $y_1 \dots y_t$, kept up to date as t moves on.
    Forecasts go on as if $\mu$ had come true. Source: Fiorucci, Pellegrini, Louzada, Petropoulos & Koehler,
    International Journal of Forecasting 32 (2016).
    """
    by_period, known = _by_period(values)
    square = _mean_square(by_period, known)
    n, keep = by_period.shape[1], 1.0 - cells.alpha
    level = np.zeros((len(keep), n))
    loss, decay = np.zeros_like(level), np.ones_like(level)
    line = _Line.empty(n)
    count = np.zeros(n)
    out = np.zeros((len(origins), n, horizon))
    begun = np.zeros(n, dtype=np.bool_)
    for t, y in enumerate(by_period):
        expected = level + cells.trend * (decay * line.start + (1.0 - decay * keep) / cells.alpha * line.slope)
        error = (y - expected) * begun
        loss += error * error
        level = np.where(begun, keep * level + cells.alpha * y, np.where(known[t], y, 0.0))
        decay = np.where(begun, decay * keep, keep)
        line.add(y, known[t])
        count += begun
        begun = known[t]
        for place in np.flatnonzero(origins == t + 1):
            weights = likelihood(loss, count, square[t])
            out[place] = _theta_path(cells, level, decay, line, weights, horizon)
    return out


def _theta_path(
    cells: ThetaCells, level: FloatArray, decay: FloatArray, line: "_Line", weights: FloatArray, horizon: int
) -> FloatArray:
    """The next H values, (n, H), each taken in as if it had come true."""
    keep = 1.0 - cells.alpha
    line = line.spread()
    path = np.empty((weights.shape[1], horizon))
    for k in range(horizon):
        expected = level + cells.trend * (decay * line.start + (1.0 - decay * keep) / cells.alpha * line.slope)
        path[:, k] = (weights * expected).sum(axis=0)
        level = keep * level + cells.alpha * expected
        decay = decay * keep
        line.go_on(expected)
    return path


@dataclass
class _Line:
    """The straight line through each line's values so far, kept up to date value by value; (n,) or (K, n) each."""

    count: FloatArray
    mean: FloatArray
    slope: FloatArray
    start: FloatArray

    @classmethod
    def empty(cls, lines: int) -> "_Line":
        """Nothing seen yet."""
        return cls(*np.zeros((4, lines)))

    def spread(self) -> "_Line":
        """A copy that can be carried on cell by cell."""
        return _Line(self.count, self.mean[None], self.slope[None], self.start[None])

    def go_on(self, y: FloatArray) -> None:
        """Take in one more value, (K, n), of lines that have all begun."""
        k = self.count.clip(1)
        apart = (y - self.mean) * (6 / ((k + 1) * (k + 2)))
        self.slope = self.slope * ((k - 1) / (k + 2)) + apart
        self.mean = self.mean * (k / (k + 1)) + y / (k + 1)
        self.count = k + 1
        self.start = self.mean - self.slope * ((k + 2) / 2)

    def add(self, y: FloatArray, known: BoolArray) -> None:
        """Take in one more value a line; lines that have not begun stay as they are."""
        k = self.count
        slope = ((k - 1) * self.slope + np.where(k > 0, 6 / (k + 1) * (y - self.mean), 0.0)) / (k + 2)
        self.slope = np.where(known & (k > 0), slope, 0.0)
        self.mean = np.where(known, (k * self.mean + y) / (k + 1), 0.0)
        self.count = k + known
        self.start = np.where(known, self.mean - (self.count + 1) / 2 * self.slope, 0.0)


def _by_period(values: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Values and whether they are known, periods first, (T, n), zero where unknown."""
    known = np.ascontiguousarray(np.isfinite(values).T)
    return np.where(known, values.T, 0.0), known


def _mean_square(by_period: FloatArray, known: BoolArray) -> FloatArray:
    """Mean square of each line up to each period, (T, n)."""
    return np.asarray((by_period**2).cumsum(axis=0) / known.cumsum(axis=0).clip(1), dtype=np.float64)


def _first_trend(by_period: FloatArray, known: BoolArray) -> FloatArray:
    """Mean of each line's first `FIRST_STEPS` changes, (n,); of as many as there are; zero for a single value."""
    periods = len(by_period)
    begin = np.where(known.any(axis=0), known.argmax(axis=0), periods - 1)
    steps = np.minimum(periods - 1 - begin, FIRST_STEPS)
    lines = np.arange(by_period.shape[1])
    rise = by_period[begin + steps, lines] - by_period[begin, lines]
    return np.where(steps > 0, rise / steps.clip(1), 0.0)
