r"""The rolling-origin back-test: what each model would have said, had it been asked in the years before.

At each origin the table is cut off, cleaned anew and forecast by every model, so nothing later than the origin is
known. The errors weigh the models and calibrate the intervals.

The `combined` forecast, a trimmed mean of all models, is scored as honestly: at an origin a line's weights come
from its own errors at earlier origins whose outcome was known by then, shrunk to those of all lines; at the first
origin all models weigh alike. Coverage at an origin is that of intervals calibrated on the other origins. Amounts that
cleaning found unsound, and lines that spend nothing, are not scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast import losses
from forecast.arrays import BoolArray, FloatArray, IntArray, changes, row_any, row_mean
from forecast.cleaning import Cleaned, clean
from forecast.intervals import bounds, calibrate, line_scale, size_class, widths
from forecast.models import COMBINED, Model

ORIGINS = 10
"""The most recent origins that are used."""
FIRST_ORIGIN = 4
"""Years before the first origin, where there are as many."""
POOL_ERRORS = 10.0
"""$\\kappa$: errors of its own that the pool counts for in a line's weights."""
SHARPNESS = 2.0
"""$p$: how strongly a smaller loss is favoured."""
MIDDLE = 0.2
"""Share of the weights, about the median, whose forecasts are averaged."""
SAMPLE = 5_000
"""Lines on which coverage is measured, evenly spread, where there are more."""


@dataclass(frozen=True)
class Backtest:
    """Forecasts at past origins and what then came."""

    names: tuple[str, ...]
    """Models, the combined one last."""
    origins: IntArray
    """Years known at each origin, (O,)."""
    forecasts: FloatArray
    """USD, (O, M + 1, n, H)."""
    actual: FloatArray
    """USD, (O, n, H), NaN where there is nothing to score on."""
    scale: FloatArray
    """Scale of each line at each origin, USD, (O, n)."""
    size: IntArray
    """Size class of each line at each origin, (O, n)."""
    total_errors: FloatArray
    """Actual total less combined forecast, in units of the sum of scales, (O, H), NaN where unknown."""
    weights: FloatArray
    """Weights for the forecast to come, (n, M), rows sum to 1."""
    pool_weights: FloatArray
    """The same of a line with no errors of its own, (M,)."""

    def scaled_errors(self, model: int) -> FloatArray:
        """Actual less forecast in the line's scale, (O, n, H), NaN unscored."""
        return np.asarray((self.actual - self.forecasts[:, model]) / self.scale[:, :, None], dtype=np.float64)


def backtest(amounts: FloatArray, now: Cleaned, like: IntArray, models: Sequence[Model], horizon: int) -> Backtest:
    """Forecast (n, T) amounts from earlier origins; `now` is the table cleaned as it stands today."""
    n, years = amounts.shape
    origins = np.arange(max(min(FIRST_ORIGIN, years - 1), years - ORIGINS, 1), years, dtype=np.int64)
    truth = np.pad(np.where(now.sound, amounts, np.nan), ((0, 0), (0, horizon)), constant_values=np.nan)
    totals = np.pad(
        np.where(np.isfinite(now.values), now.values, 0.0).sum(axis=0), (0, horizon), constant_values=np.nan
    )
    shape = (len(origins), len(models) + 1, n, horizon)
    forecasts, actual = np.empty(shape), np.full((shape[0], n, horizon), np.nan)
    scale, size = np.empty((shape[0], n)), np.empty((shape[0], n), dtype=np.int64)
    total_errors = np.empty((shape[0], horizon))
    loss, count = np.zeros((n, len(models))), np.zeros(n)
    for j, origin in enumerate(origins):
        then = clean(amounts[:, :origin])
        scale[j], size[j] = line_scale(then.fit), size_class(then.fit)
        for m, model in enumerate(models):
            forecasts[j, m] = model.fit(then.fit, like).predict(horizon)
        actual[j] = np.where((then.begun & (size[j] > 0))[:, None], truth[:, origin : origin + horizon], np.nan)
        _learn(loss, count, forecasts[:, :-1], actual, scale, j)
        weights, _ = weigh(loss, count)
        forecasts[j, -1] = combine(forecasts[j, :-1], weights)
        total_errors[j] = (totals[origin : origin + horizon] - forecasts[j, -1].sum(axis=0)) / scale[j].sum()
    _learn(loss, count, forecasts[:, :-1], actual, scale, len(origins))
    weights, pool = weigh(loss, count)
    names = (*(model.name for model in models), COMBINED)
    return Backtest(names, origins, forecasts, actual, scale, size, total_errors, weights, pool)


def _learn(
    loss: FloatArray, count: FloatArray, forecasts: FloatArray, actual: FloatArray, scale: FloatArray, now: int
) -> None:
    """Add to losses, (n, M), and counts, (n,), in place, what came to light at origin number `now`."""
    for k in range(actual.shape[2]):
        then = now - 1 - k
        if then < 0:
            break
        error = np.abs(actual[then, :, k] - forecasts[then, :, :, k]) / (scale[then] * np.sqrt(k + 1))
        known = np.isfinite(actual[then, :, k])
        loss += np.where(known, error, 0.0).T
        count += known


def weigh(loss: FloatArray, count: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Weights of the models: of each line, (n, M), and of the pool, (M,).

    $$w_{im} \propto \left(\frac{N_i\,l_{im} + \kappa\,l_m}{N_i + \kappa}\right)^{-p}$$

    $l_{im}$ is the line's mean loss with model $m$ over the mean of all models, so that no line counts for more than
    any other; $l_m$ is its mean over lines; $N_i$ the number of the line's errors. `loss` holds sums, (n, M), `count`
    $N_i$, (n,).
    """
    middle = loss.mean(axis=1, keepdims=True)
    relative = np.where(middle > 0, loss / np.where(middle > 0, middle, 1.0), 1.0)
    scored = (count > 0) & (middle[:, 0] > 0)
    pool = relative[scored].mean(axis=0) if scored.any() else np.ones(loss.shape[1])
    leaned = (count[:, None] * relative + POOL_ERRORS * pool) / (count[:, None] + POOL_ERRORS)
    return _favour(leaned), _favour(pool)


def _favour(loss: FloatArray) -> FloatArray:
    """Weights that sum to 1 along the last axis, larger where the loss is smaller."""
    raw = np.maximum(loss, 1e-3) ** -SHARPNESS
    return np.asarray(raw / raw.sum(axis=-1, keepdims=True), dtype=np.float64)


def combine(forecasts: FloatArray, weights: FloatArray) -> FloatArray:
    r"""Trimmed mean of forecasts (M, n, H) by weights (n, M): (n, H).

    Models stand in the order of their forecasts, each as broad as its weight; the mean is that of the middle `MIDDLE`.
    Where models part, it is one of them that has gone astray, so the ends do not count; and as the middle has a
    breadth, a small change of weights is a small change of the forecast.
    """
    order = np.argsort(forecasts, axis=0, kind="stable")
    ranked = np.take_along_axis(forecasts, order, axis=0)
    breadth = np.take_along_axis(weights.T[:, :, None], order, axis=0)
    end = np.cumsum(breadth, axis=0)
    low, high = 0.5 - MIDDLE / 2, 0.5 + MIDDLE / 2
    counted = (np.minimum(end, high) - np.maximum(end - breadth, low)).clip(0)
    return np.asarray((counted * ranked).sum(axis=0) / counted.sum(axis=0), dtype=np.float64)


def score(test: Backtest, now: Cleaned, levels: Sequence[int]) -> pd.DataFrame:
    """One row a `(model, horizon)`: `smape` (percent), `mase`, `coverage_*` (shares), `weight` (mean of lines), `n`.

    `n` is the number of errors; where it is zero, losses and coverage are NaN.
    """
    change = np.broadcast_to(row_mean(np.abs(changes(now.values)))[None, :], test.scale.shape)
    share = (*test.weights.mean(axis=0), 1.0)
    rows = []
    for m, name in enumerate(test.names):
        inside = _coverage(test, m, levels, never_negative(now.values))
        for k in range(test.actual.shape[2]):
            known = np.isfinite(test.actual[:, :, k])
            y, f = test.actual[:, :, k][known], test.forecasts[:, m, :, k][known]
            scaled = losses.scaled_error(y, f, change[known])
            row = {"model": name, "horizon": k + 1, "smape": _mean(losses.smape(y, f)), "mase": _mean(scaled)}
            row |= {f"coverage_{level}": inside[j][k] for j, level in enumerate(levels)}
            rows.append(row | {"weight": share[m], "n": int(known.sum())})
    return pd.DataFrame(rows)


def _mean(values: FloatArray) -> float:
    """Mean of the finite values, NaN if there are none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def _coverage(test: Backtest, model: int, levels: Sequence[int], never: BoolArray) -> list[list[float]]:
    """Share of actual amounts within their intervals, by level and horizon, each origin left out of its calibration."""
    some = slice(None, None, max(1, -(-test.actual.shape[1] // SAMPLE)))
    horizon = test.actual.shape[2]
    errors = test.scaled_errors(model)[:, some]
    hits = np.zeros((len(levels), horizon))
    count = np.zeros(horizon)
    for j in range(len(test.origins)):
        others = np.arange(len(test.origins)) != j
        fitted = calibrate(errors[others].reshape(-1, horizon), test.size[others][:, some].ravel(), levels, horizon)
        below, above = widths(fitted, test.scale[j, some], test.size[j, some])
        low, high = bounds(test.forecasts[j, model][some], below, above, never[some])
        known = np.isfinite(test.actual[j, some])
        hits += (losses.covered(test.actual[j, some], low, high) & known).sum(axis=1)
        count += known.sum(axis=0)
    rate = np.where(count > 0, hits / count.clip(1), np.nan)
    return [[float(value) for value in row] for row in rate]


def never_negative(values: FloatArray) -> BoolArray:
    """Lines without a negative amount, (n,)."""
    return ~row_any(values < 0)
