"""Arrays of lines by years: the shapes that this package computes on, and the few row operations that NumPy lacks.

Letters of shapes: n lines, T years, H horizons, M models, O origins, L levels, C size classes.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def row_any(mask: BoolArray) -> BoolArray:
    """Whether any cell of each row is set: (n, T) -> (n,)."""
    return np.asarray(mask.any(axis=1), dtype=np.bool_)


def row_quantile(values: FloatArray, share: float) -> FloatArray:
    """Quantile of each row over its finite values, the lower one where two would do: (n, T) -> (n,), NaN if none."""
    if values.shape[1] == 0:
        return np.full(len(values), np.nan)
    finite = np.isfinite(values)
    ordered = np.sort(np.where(finite, values, np.nan), axis=1)
    place = np.floor((finite.sum(axis=1) - 1).clip(0) * share).astype(np.int64)
    return np.asarray(ordered[np.arange(len(values)), place], dtype=np.float64)


def row_mean(values: FloatArray) -> FloatArray:
    """Mean of each row over its finite values: (n, T) -> (n,), zero if there are none."""
    finite = np.isfinite(values)
    total = np.where(finite, values, 0.0).sum(axis=1)
    return np.asarray(total / finite.sum(axis=1).clip(1), dtype=np.float64)


def first_finite(values: FloatArray) -> IntArray:
    """Column of each row's first finite value: (n, T) -> (n,), T if there is none."""
    finite = np.isfinite(values)
    return np.asarray(np.where(finite.any(axis=1), finite.argmax(axis=1), values.shape[1]), dtype=np.int64)


def last_finite(values: FloatArray) -> IntArray:
    """Column of each row's last finite value: (n, T) -> (n,), -1 if there is none."""
    finite = np.isfinite(values)
    backward = finite[:, ::-1].argmax(axis=1)
    return np.asarray(np.where(finite.any(axis=1), values.shape[1] - 1 - backward, -1), dtype=np.int64)


def fill_forward(values: FloatArray) -> FloatArray:
    """Each NaN becomes the last finite value on its left: (n, T) -> (n, T)."""
    place = np.where(np.isfinite(values), np.arange(values.shape[1]), -1)
    place = np.maximum.accumulate(place, axis=1)
    filled = np.take_along_axis(values, place.clip(0), axis=1)
    return np.where(place >= 0, filled, np.nan)


def interpolate(values: FloatArray) -> FloatArray:
    """Straight lines over interior NaN, the nearest value at both ends: (n, T) -> (n, T).

    A row without any finite value stays NaN.
    """
    years = values.shape[1]
    column = np.broadcast_to(np.arange(years, dtype=np.float64), values.shape)
    known = np.where(np.isfinite(values), column, np.nan)
    left, right = fill_forward(values), fill_forward(values[:, ::-1])[:, ::-1]
    at_left, at_right = fill_forward(known), fill_forward(known[:, ::-1])[:, ::-1]
    left, at_left = np.where(np.isfinite(left), left, right), np.where(np.isfinite(at_left), at_left, at_right)
    right, at_right = np.where(np.isfinite(right), right, left), np.where(np.isfinite(at_right), at_right, at_left)
    apart = at_right - at_left
    share = np.where(apart > 0, (column - at_left) / np.where(apart > 0, apart, 1.0), 0.0)
    return np.asarray(left + share * (right - left), dtype=np.float64)


def changes(values: FloatArray) -> FloatArray:
    """Year-on-year changes, NaN where either year is missing: (n, T) -> (n, T - 1)."""
    return np.diff(values, axis=1)
