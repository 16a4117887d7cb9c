r"""Exponential smoothing of all lines, for a whole grid of parameters, at all origins, in one pass.

A back-test asks what a model would have said at many origins. A recursion that runs once through time passes all of
them: its state at an origin is all that the forecast from there needs. Cells of the grid lie on the first axis and
lines on the last, so that each step in time is a few operations on one (K, n) array.

Each line is counted from its first amount: before and at its beginning it is zero, so that no recursion stirs, and no
level is ever foreseen. A line does not choose one cell of the grid: its forecast is the mean over cells, weighed by how
likely each made the line's past, $w_k \propto (\mathrm{SSE}_k / N)^{-N/2}$ (the normal likelihood with its variance
profiled out). A short line hence averages over nearly all cells, a long one listens to its best.

Letters of shapes: n lines, T periods, K cells, A levels of $\alpha$, O origins, H horizons.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecast.arrays import BoolArray, FloatArray, IntArray, first_finite

BLOCK = 1_024
"""Lines that are smoothed together: their states stay in the processor's cache."""
FIRST_STEPS = 3
"""Changes from which a trend's first value is taken: no model believes a trend of fewer points, so none is foreseen."""
STILL = 1e-8
"""Share of a line's mean square under which no error counts: likelihoods of a perfect fit stay finite."""
LEAST_SQUARE = 1e-280
"""No sum of squares is divided by less."""


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


def smooth(values: FloatArray, cells: Cells, origins: IntArray, horizon: int) -> FloatArray:
    r"""Forecasts by exponential smoothing with a damped trend, (O, n, H).

    $$e_t = y_t - \ell_{t-1} - \phi b_{t-1}, \quad \ell_t = y_t - (1-\alpha) e_t, \quad
    b_t = \phi b_{t-1} + \gamma e_t, \quad \hat y_{T+k} = \ell_T + b_T\sum_{j=1}^{k}\phi^j$$

    `values`, (n, T), are NaN before a line begins. It begins with $\ell_1 = y_1$ and $b_1$ the mean of its first
    changes. Where a line has not begun at an origin, its forecast is zero. Source: Gardner & McKenzie, Management
    Science 31 (1985); Holt (1957) for $\phi = 1$.
    """
    return _in_blocks(values, origins, horizon, lambda seen, out: _smooth(seen, cells, origins, out))


def smooth_theta(values: FloatArray, cells: "ThetaCells", origins: IntArray, horizon: int) -> FloatArray:
    r"""Forecasts by the dynamic optimised theta model, (O, n, H).

    $$\mu_{t+1} = \ell_t + \left(1-\tfrac1\theta\right)\left[(1-\alpha)^t A_t + \frac{1-(1-\alpha)^{t+1}}{\alpha}
    B_t\right], \qquad \ell_t = \alpha y_t + (1-\alpha)\ell_{t-1}$$

    $A_t$ and $B_t$ are level and slope of the straight line through $y_1 \dots y_t$, kept up to date as t moves on;
    $\ell_0 = y_1/\theta$, so that $\mu_2 = y_1$. Forecasts go on as if $\mu$ had come true. `values`, (n, T), are NaN
    before a line begins; where it has not begun at an origin, its forecast is zero. Source: Fiorucci, Pellegrini,
    Louzada, Petropoulos & Koehler, International Journal of Forecasting 32 (2016).
    """
    ahead = _ThetaAhead.of(cells, values.shape[1], horizon)
    return _in_blocks(values, origins, horizon, lambda seen, out: _smooth_theta(seen, cells, ahead, origins, out))


@dataclass(frozen=True)
class _Seen:
    """A block of lines as the recursions see them: counted from their first amounts, of no more than one."""

    by_period: FloatArray
    """(T, n), zero before a line begins and where it does."""
    known: BoolArray
    """(T, n)."""
    square: FloatArray
    """Mean square of each line up to each period, (T, n)."""

    @classmethod
    def of(cls, counted: FloatArray) -> "_Seen":
        """From (n, T), NaN before a line begins."""
        known = np.ascontiguousarray(np.isfinite(counted).T)
        by_period = np.where(known, counted.T, 0.0)
        square = (by_period**2).cumsum(axis=0) / known.cumsum(axis=0).clip(1)
        return cls(by_period, known, square)


def _in_blocks(
    values: FloatArray, origins: IntArray, horizon: int, run: Callable[[_Seen, FloatArray], None]
) -> FloatArray:
    """A recursion over all lines, block by block; it fills in forecasts, (O, n, H), of what it is shown.

    Each line is counted in the power of two above its largest amount: beside an enormous line the squares of a small
    one would vanish, and a power of two rounds nothing, so that what comes later leaves no trace in what came before.
    """
    n, periods = values.shape
    first = values[np.arange(n), first_finite(values).clip(max=periods - 1)]
    counted = values - first[:, None]
    unit = np.frexp(np.fmax.reduce(np.abs(counted), axis=1, initial=0.0))[1]
    out = np.zeros((len(origins), n, horizon))
    for begin in range(0, n, BLOCK):
        block = slice(begin, begin + BLOCK)
        run(_Seen.of(np.ldexp(counted[block], -unit[block, None])), out[:, block])
    np.ldexp(out, unit[:, None], out=out)
    out += np.where(np.isfinite(values.T[origins - 1]), first, 0.0)[:, :, None]
    return out


def likelihood(loss: FloatArray, count: FloatArray, square: FloatArray) -> FloatArray:
    """Weights of cells, (K, n), from their sums of squared errors, (K, n), of `count` errors, (n,).

    `square` is the mean square of each line, (n,), counted in a unit in which no amount is above 1. Weights of a line
    sum to 1; those of a line without errors, or with none to speak of, are alike.
    """
    log = loss / np.maximum(count * square, LEAST_SQUARE)
    log += STILL
    np.log(log, out=log)
    log *= -count / 2
    log -= log.max(axis=0)
    weights = np.exp(log, out=log)
    weights /= weights.sum(axis=0)
    return weights


def _smooth(seen: _Seen, cells: Cells, origins: IntArray, out: FloatArray) -> None:
    """The recursion of `smooth` on a block; forecasts into (O, n, H)."""
    keep, reach = 1.0 - cells.alpha, cells.reach(out.shape[2])
    level, slope, loss, error, spare = np.zeros((5, len(keep), seen.by_period.shape[1]))
    begins, first = _first_trend(seen)
    count = np.zeros(seen.by_period.shape[1])
    for t, y in enumerate(seen.by_period):
        slope *= cells.phi
        np.subtract(y, level, out=error)
        error -= slope
        loss += np.multiply(error, error, out=spare)
        np.subtract(y, np.multiply(error, keep, out=spare), out=level)
        slope += np.multiply(error, cells.gamma, out=spare)
        starts = begins == t
        if starts.any():
            slope[:, starts] = np.where(cells.phi > 0, first[starts], 0.0)
        count += begins < t
        for place in np.flatnonzero(origins == t + 1):
            weights = likelihood(loss, count, seen.square[t])
            out[place] = np.multiply(weights, slope, out=spare).T @ reach
            out[place] += np.multiply(weights, level, out=spare).sum(axis=0)[:, None]


def _first_trend(seen: _Seen) -> tuple[IntArray, FloatArray]:
    """Where each line begins, and the mean of its first `FIRST_STEPS` changes or as many as there are, (n,) each."""
    periods, n = seen.by_period.shape
    begins = np.where(seen.known[-1], seen.known.argmax(axis=0), periods)
    steps = (periods - 1 - begins).clip(0, FIRST_STEPS)
    rise = seen.by_period[(begins + steps).clip(max=periods - 1), np.arange(n)]
    return begins, rise / steps.clip(1)


@dataclass(frozen=True)
class ThetaCells:
    r"""A grid of all pairs of $\alpha$, (A,), and $1 - 1/\theta$, (B,); $\theta$ runs fastest."""

    alpha: FloatArray
    trend: FloatArray

    @classmethod
    def of(cls, alphas: tuple[float, ...], thetas: tuple[float, ...]) -> "ThetaCells":
        r"""All pairs of $\alpha$ and $\theta$."""
        return cls(np.array(alphas, dtype=np.float64), 1.0 - 1.0 / np.array(thetas, dtype=np.float64))


def _smooth_theta(seen: _Seen, cells: ThetaCells, ahead: "_ThetaAhead", origins: IntArray, out: FloatArray) -> None:
    r"""The recursion of `smooth_theta` on a block; forecasts into (O, n, H).

    $\theta$ only scales the pull of the line, $e = u - (1-1/\theta) p$, so three sums of squares a level tell the
    losses of all cells. Counted from its first amount, a line begins with $\ell_1 = 0$ whatever $\theta$.
    """
    periods, n = seen.by_period.shape
    alpha = cells.alpha[:, None]
    at_start, at_slope = _pull(alpha, np.arange(periods))
    level, uu, up, pp = np.zeros((4, len(alpha), n))
    line = _Line(np.zeros(n, dtype=np.int64), *np.zeros((2, n)))
    for t, y in enumerate(seen.by_period):
        pull = at_start[:, line.count] * line.start + at_slope[:, line.count] * line.slope
        error = y - level
        uu += error * error
        up += error * pull
        pp += pull * pull
        level += alpha * error
        line.add(y, seen.known[t])
        for place in np.flatnonzero(origins == t + 1):
            loss = uu[:, None] - cells.trend[:, None] * (2.0 * up[:, None] - cells.trend[:, None] * pp[:, None])
            weights = likelihood(loss.clip(0).reshape(-1, n), (line.count - 1.0).clip(0), seen.square[t])
            out[place] = ahead.of_lines(weights, level, line)


@dataclass
class _Line:
    """The straight line through each line's values so far, kept up to date value by value; arrays of one shape."""

    count: IntArray
    mean: FloatArray
    slope: FloatArray

    @property
    def start(self) -> FloatArray:
        """Where it stands one period before the first value."""
        return np.asarray(self.mean - (self.count + 1) / 2 * self.slope, dtype=np.float64)

    def add(self, y: FloatArray, known: BoolArray | bool = True) -> None:
        """Take in one more value a line, zero of lines that have not begun: they stay as they are."""
        k = self.count
        self.slope = ((k - 1) * self.slope + 6 / (k + 1) * (y - self.mean)) / (k + 2)
        self.mean = (k * self.mean + y) / (k + 1)
        self.count = k + known


@dataclass(frozen=True)
class _ThetaAhead:
    """What the theta model says ahead: it is linear in the level and in mean and slope of the line."""

    shares: FloatArray
    """Of level, mean and slope in the next H values, by how many values were seen, (3, T + 1, K, H)."""

    @classmethod
    def of(cls, cells: ThetaCells, periods: int, horizon: int) -> "_ThetaAhead":
        """Go on from one of the three at one, the others at zero, as if each value had come true."""
        alpha, trend = (grid.ravel() for grid in np.meshgrid(cells.alpha, cells.trend, indexing="ij"))
        each = np.eye(3)[:, :, None, None] * np.ones((periods + 1, len(alpha)))
        level, line = each[0], _Line(np.arange(periods + 1)[:, None], each[1], each[2])
        shares = np.empty((*level.shape, horizon))
        for k in range(horizon):
            at_start, at_slope = _pull(alpha, line.count)
            shares[..., k] = level + trend * (at_start * line.start + at_slope * line.slope)
            level = level + alpha * (shares[..., k] - level)
            line.add(shares[..., k])
        return cls(shares)

    def of_lines(self, weights: FloatArray, level: FloatArray, line: _Line) -> FloatArray:
        """The next H values, (n, H), of lines with levels (A, n), cells weighed by (K, n)."""
        out = np.empty((weights.shape[1], self.shares.shape[3]))
        weighed = weights * level.repeat(len(weights) // len(level), axis=0)
        for count in np.unique(line.count):
            of = line.count == count
            by_level, by_mean, by_slope = self.shares[:, count]
            own, mean, slope = weights[:, of].T, line.mean[of, None], line.slope[of, None]
            out[of] = weighed[:, of].T @ by_level + mean * (own @ by_mean) + slope * (own @ by_slope)
        return out


def _pull(alpha: FloatArray, count: IntArray) -> tuple[FloatArray, FloatArray]:
    r"""$(1-\alpha)^t$ and $(1-(1-\alpha)^{t+1})/\alpha$: shares of start and slope of a line of t values."""
    decay = (1.0 - alpha) ** count
    return decay, (1.0 - decay * (1.0 - alpha)) / alpha
