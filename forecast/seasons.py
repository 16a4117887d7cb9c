r"""Seasons: taken out before the models look, put back into what they say.

A line with a season of m periods is divided by an index of mean one (a line with amounts of zero or less has a
difference of mean zero taken off instead). The index is the classical one, the mean ratio to the centred moving
average, drawn towards none by how much of its spread is noise:

$$s_j = 1 + (\bar r_j - 1)\left(1 - \lambda\,\frac{v / (c - 1)}{\frac1m\sum_j (\bar r_j - 1)^2}\right)^+,
\qquad c = N / m$$

with $v$ the mean variance of the ratios of one phase. A line is taken for seasonal when the autocorrelation of its
values at lag m lies above its error, with three years seen; being drawn towards none, a season found in vain does
little harm. How this was chosen: among shrinking by years alone and by noise, $\lambda$ from 0.5 to 2 and limits from
0.3 to 2.2 errors, by the last periods of the training part of the M3 competition's quarterly and monthly series.

Source of index and test: Makridakis, Spiliotis & Assimakopoulos, *The M4 Competition*, International Journal of
Forecasting 36 (2020); of the shrinking: Miller & Williams, International Journal of Forecasting 19 (2003).
"""

from dataclasses import dataclass

import numpy as np

from forecast.arrays import BoolArray, FloatArray, row_any, row_mean

YEARS_SEEN = 3
"""Years of values needed before a season is looked for."""
SIGNIFICANT = 1.0
"""Standard errors of the autocorrelation: nine of ten lines without a season have none found."""
LEAN = 1.0
"""$\\lambda$: how much of the noise in an index is taken off its spread."""
LEAST_INDEX = 1e-3
"""No phase is taken to be less than this share of a year's mean: what is divided by it stays a number."""


@dataclass(frozen=True)
class Season:
    """The season of each line, ready to be taken out and put back."""

    length: int
    """m, periods; 1 for none."""
    index: FloatArray
    """(n, m), by how many periods before the last one, modulo m: ratios about 1 or differences about 0."""
    ratio: BoolArray
    """Whether a line's index is a ratio, (n,)."""
    found: BoolArray
    """Lines with a season, (n,)."""

    def remove(self, values: FloatArray) -> FloatArray:
        """Values, (n, T), without their season."""
        if not self.found.any():
            return values
        back = (values.shape[1] - 1 - np.arange(values.shape[1])) % self.length
        index = self.index[:, back]
        return np.where(self.ratio[:, None], values / np.where(self.ratio[:, None], index, 1.0), values - index)

    def restore(self, forecasts: FloatArray) -> FloatArray:
        """Forecasts, (..., n, H) from the last period on, with their season."""
        if not self.found.any():
            return forecasts
        index = self.ahead(forecasts.shape[-1])
        return np.where(self.ratio[:, None], forecasts * np.where(self.ratio[:, None], index, 1.0), forecasts + index)

    def ahead(self, horizon: int) -> FloatArray:
        """Index of the next H periods, (n, H)."""
        return np.asarray(self.index[:, -np.arange(1, horizon + 1) % self.length], dtype=np.float64)


def find_season(values: FloatArray, length: int) -> Season:
    """The season of each line of (n, T) values, NaN before a line begins."""
    n = len(values)
    positive = ~row_any(values <= 0)
    index = np.where(positive[:, None], 1.0, 0.0) * np.ones((1, length))
    found = np.zeros(n, dtype=np.bool_)
    if length > 1 and values.shape[1] >= YEARS_SEEN * length:
        found = _significant(values, length)
        index[found] = _index(values[found], length, positive[found])
    return Season(length, index, positive, found)


def _significant(values: FloatArray, length: int) -> BoolArray:
    """Whether the autocorrelation at the season's lag tells of one, (n,)."""
    count = np.isfinite(values).sum(axis=1)
    apart = np.where(np.isfinite(values), values - row_mean(values)[:, None], 0.0)
    square = (apart**2).sum(axis=1)
    lags = [(apart[:, lag:] * apart[:, :-lag]).sum(axis=1) for lag in range(1, length + 1)]
    correlation = np.stack(lags) / np.where(square > 0, square, 1.0)
    error = np.sqrt((1 + 2 * (correlation[:-1] ** 2).sum(axis=0)) / count.clip(1))
    enough = (count >= YEARS_SEEN * length) & (square > 0)
    return np.asarray(enough & (correlation[-1] > SIGNIFICANT * error), dtype=np.bool_)


def _index(values: FloatArray, length: int, positive: BoolArray) -> FloatArray:
    """Classical index of each phase, (n, m), drawn towards none."""
    middle = _moving_average(values, length)
    ratios = values / np.where(positive[:, None], np.maximum(middle, np.finfo(np.float64).tiny), 1.0)
    apart = np.where(positive[:, None], ratios, values - middle)
    back = (values.shape[1] - 1 - np.arange(values.shape[1])) % length
    seen = [apart[:, back == phase] for phase in range(length)]
    means = np.stack([row_mean(part) for part in seen], axis=1)
    noise = np.stack([row_mean((part - row_mean(part)[:, None]) ** 2) for part in seen], axis=1).mean(axis=1)
    centre = means.mean(axis=1, keepdims=True)
    years = np.isfinite(apart).sum(axis=1) / length
    unsure = noise / (years - 1).clip(0.5)
    spread = ((means - centre) ** 2).mean(axis=1)
    shrink = (1 - LEAN * unsure / np.where(spread > 0, spread, np.inf)).clip(0, 1)[:, None]
    ratio = 1.0 + (means / np.where(positive[:, None] & (centre > 0), centre, 1.0) - 1.0) * shrink
    index = np.where(positive[:, None], np.maximum(ratio, LEAST_INDEX), (means - centre) * shrink)
    return np.asarray(index, dtype=np.float64)


def _moving_average(values: FloatArray, length: int) -> FloatArray:
    """Mean of a season's length about each period, the ends halved where it is even, (n, T), NaN at both ends."""
    even = length % 2 == 0
    weights = np.full(length + even, 1.0 / length)
    if even:
        weights[[0, -1]] /= 2
    side = len(weights) // 2
    inside = values.shape[1] - 2 * side
    out = np.full(values.shape, np.nan)
    out[:, side : side + inside] = sum(w * values[:, k : k + inside] for k, w in enumerate(weights))
    return out
