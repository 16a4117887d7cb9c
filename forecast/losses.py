"""Losses: pure functions of arrays of one shape; the caller averages. Tested against plain loops."""

import numpy as np

from forecast.arrays import BoolArray, FloatArray

STILL = 1e-12
"""Share of an amount: rounding, no change."""


def smape(actual: FloatArray, forecast: FloatArray) -> FloatArray:
    r"""Symmetric absolute percentage error, in percent (0..200), zero where both are zero.

    $$200\,\frac{|y-\hat y|}{|y|+|\hat y|}$$

    Source: Makridakis & Hibon, *The M3-Competition*, International Journal of Forecasting 16 (2000).
    """
    size = np.abs(actual) + np.abs(forecast)
    return np.asarray(200.0 * np.abs(actual - forecast) / np.where(size > 0, size, 1.0), dtype=np.float64)


def scaled_error(actual: FloatArray, forecast: FloatArray, change: FloatArray) -> FloatArray:
    r"""Absolute error in units of the line's mean absolute yearly change; its mean is the MASE.

    $$\frac{|y-\hat y|}{\overline{|y_t-y_{t-1}|}}$$

    NaN where the line never changed, rounding (`STILL`) apart. Source: Hyndman & Koehler, International Journal of
    Forecasting 22 (2006). Here the change is the mean over a line's whole history, so that a line which lay still
    before an origin cannot swamp the mean.
    """
    moving = change > STILL * (np.abs(actual) + np.abs(forecast))
    return np.where(moving, np.abs(actual - forecast) / np.where(moving, change, 1.0), np.nan)


def covered(actual: FloatArray, low: FloatArray, high: FloatArray) -> BoolArray:
    """Whether the actual amount lies within its interval, both ends included."""
    return np.asarray((low <= actual) & (actual <= high), dtype=np.bool_)
