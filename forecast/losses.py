"""Losses: pure functions of arrays of one shape; the caller averages. Tested against plain loops."""

import numpy as np

from forecast.arrays import BoolArray, FloatArray

STILL = 1e-12
"""Share of an amount, or a mean loss: rounding, no change."""


def smape(actual: FloatArray, forecast: FloatArray) -> FloatArray:
    r"""Symmetric absolute percentage error, in percent (0..200), zero where both are zero.

    $$200\,\frac{|y-\hat y|}{|y|+|\hat y|}$$

    Source: Makridakis & Hibon, *The M3-Competition*, International Journal of Forecasting 16 (2000).
    """
    size = np.abs(actual) + np.abs(forecast)
    return np.asarray(200.0 * np.abs(actual - forecast) / np.where(size > 0, size, 1.0), dtype=np.float64)


def in_changes(error: FloatArray, actual: FloatArray, change: FloatArray) -> FloatArray:
    r"""A size of error in units of the line's mean absolute change; the mean over errors is the MASE.

    $$\frac{|y-\hat y|}{\overline{|y_t-y_{t-m}|}}$$

    with m the periods of a year where there are several, else 1. NaN where the line never changed, rounding (`STILL`)
    apart. Source: Hyndman & Koehler, International Journal of Forecasting 22 (2006). Here the change is the mean over a
    line's whole history, so that a line which lay still before an origin cannot swamp the mean.
    """
    moving = change > STILL * (np.abs(actual) + error)
    return np.where(moving, error / np.where(moving, change, 1.0), np.nan)


def owa(smape: float, mase: float, naive_smape: float, naive_mase: float) -> float:
    r"""Overall weighted average of two mean losses over those of the naive rival; below one is better.

    $$\tfrac12\left(\frac{\mathrm{sMAPE}}{\mathrm{sMAPE}_0} + \frac{\mathrm{MASE}}{\mathrm{MASE}_0}\right)$$

    Source: Makridakis, Spiliotis & Assimakopoulos, International Journal of Forecasting 36 (2020). Where only one of
    the two can be told, that one; NaN where neither can.
    """
    pairs = ((smape, naive_smape), (mase, naive_mase))
    parts = [own / naive for own, naive in pairs if naive > STILL and np.isfinite(own)]
    return float(np.mean(parts)) if parts else float("nan")


def interval_score(actual: FloatArray, low: FloatArray, high: FloatArray, level: int) -> FloatArray:
    r"""Width of an interval and the penalty for missing it; the less the better.

    $$u - l + \frac{2}{\alpha}(l-y)^+ + \frac{2}{\alpha}(y-u)^+, \qquad \alpha = 1 - \mathrm{level}/100$$

    Source: Gneiting & Raftery, Journal of the American Statistical Association 102 (2007).
    """
    miss = np.maximum(low - actual, 0.0) + np.maximum(actual - high, 0.0)
    return np.asarray(high - low + 2.0 / (1 - level / 100) * miss, dtype=np.float64)


def covered(actual: FloatArray, low: FloatArray, high: FloatArray) -> BoolArray:
    """Whether the actual amount lies within its interval, both ends included."""
    return np.asarray((low <= actual) & (actual <= high), dtype=np.bool_)
