"""Scores: how far each model missed in the back-test, and whether its intervals held.

Losses are defined in `forecast.losses`. An interval at an origin is calibrated on the errors of the other origins, so
that no error judges itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast import losses
from forecast.arrays import BoolArray, FloatArray, IntArray, row_any, row_mean
from forecast.backtest import Backtest, Prepared
from forecast.intervals import bounds, calibrate, widths

SAMPLE = 2_000
"""Lines on which the intervals of all models are scored, evenly spread, where there are more."""


@dataclass(frozen=True)
class _Judged:
    """Losses of one model on some lines, (O, n, H), NaN unscored; those of intervals with levels first."""

    smape: FloatArray
    mase: FloatArray
    inside: FloatArray
    score: FloatArray


def score(test: Backtest, now: Prepared, levels: Sequence[int], naive: str) -> pd.DataFrame:
    """One row a `(model, horizon)`, over all lines.

    `smape` (percent), `mase`, `owa` against the naive rival, `coverage_*` (shares), `interval_score_*` (in mean changes
    of the line), `weight` (mean of lines), `n` (number of errors; where it is zero, all else is NaN).
    """
    some = np.arange(0, test.actual.shape[1], max(1, -(-test.actual.shape[1] // SAMPLE)))
    share = (*test.weights.mean(axis=0), 1.0)
    every = np.arange(test.actual.shape[1])
    rows = []
    for m, name in enumerate(test.names):
        points = _judge(test, m, now, (), every)
        bands = _judge(test, m, now, levels, some)
        for k in range(test.actual.shape[2]):
            row = {
                "model": name,
                "horizon": k + 1,
                "smape": _mean(points.smape[..., k]),
                "mase": _mean(points.mase[..., k]),
            }
            row["owa"] = np.nan
            row |= {f"coverage_{level}": _mean(bands.inside[j, ..., k]) for j, level in enumerate(levels)}
            row |= {f"interval_score_{level}": _mean(bands.score[j, ..., k]) for j, level in enumerate(levels)}
            rows.append(row | {"weight": share[m], "n": int(np.isfinite(points.smape[..., k]).sum())})
    table = pd.DataFrame(rows)
    rival = table[table["model"] == naive].set_index("horizon")
    names = ["smape", "mase"]
    pairs = np.column_stack([table[names].to_numpy(), rival.loc[table["horizon"], names].to_numpy()]).tolist()
    return table.assign(owa=[losses.owa(*pair) for pair in pairs])


def score_lines(test: Backtest, now: Prepared, levels: Sequence[int], naive: str) -> pd.DataFrame:
    """One row a line, over all horizons.

    The combined forecast's `smape mase owa coverage_* interval_score_* n`, and the naive rival's `naive_smape` and
    `naive_mase`; NaN where a line has nothing to be scored on.
    """
    every = np.arange(test.actual.shape[1])
    own = _judge(test, test.names.index(naive), now, (), every)
    ours = _judge(test, len(test.names) - 1, now, levels, every)
    table = {
        "smape": _by_line(ours.smape),
        "mase": _by_line(ours.mase),
        "naive_smape": _by_line(own.smape),
        "naive_mase": _by_line(own.mase),
    }
    ratios = np.stack(
        [_ratio(table["smape"], table["naive_smape"]), _ratio(table["mase"], table["naive_mase"])], axis=1
    )
    known = np.isfinite(ratios).any(axis=1)
    table["owa"] = np.where(known, row_mean(ratios), np.nan)
    table |= {f"coverage_{level}": _by_line(ours.inside[j]) for j, level in enumerate(levels)}
    table |= {f"interval_score_{level}": _by_line(ours.score[j]) for j, level in enumerate(levels)}
    table["n"] = np.isfinite(ours.smape).sum(axis=(0, 2)).astype(np.float64)
    return pd.DataFrame(table).astype({"n": "int64"})


def _judge(test: Backtest, model: int, now: Prepared, levels: Sequence[int], some: IntArray) -> _Judged:
    """All losses of a model on some lines; those of intervals only at the levels given."""
    actual, said = test.actual[:, some], test.forecasts[:, model][:, some]
    season = now.season.length
    change = row_mean(np.abs(now.cleaned.values[some, season:] - now.cleaned.values[some, :-season]))[:, None]
    known = np.isfinite(actual)
    y = np.where(known, actual, 0.0)
    smape = np.where(known, losses.smape(y, said), np.nan)
    mase = np.where(known, losses.in_changes(np.abs(y - said), y, change), np.nan)
    inside, missed = np.full((2, len(levels), *actual.shape), np.nan)
    if levels:
        never = never_negative(now.cleaned.values[some])
        for j in range(len(test.origins)):
            low, high = _left_out(test, model, j, levels, some, never)
            inside[:, j] = np.where(known[j], losses.covered(y[j], low, high), np.nan)
            for place, level in enumerate(levels):
                size = losses.interval_score(y[j], low[place], high[place], level)
                missed[place, j] = np.where(known[j], losses.in_changes(size, y[j], change), np.nan)
    return _Judged(smape, mase, inside, missed)


def _left_out(
    test: Backtest, model: int, origin: int, levels: Sequence[int], some: IntArray, never: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Intervals at an origin, (L, n, H) each, calibrated on all other origins."""
    horizon = test.actual.shape[2]
    others = np.arange(len(test.origins)) != origin
    errors = (test.actual[others][:, some] - test.forecasts[others, model][:, some]) / test.scale[:-1][others][
        :, some, None
    ]
    sizes = test.size[:-1][others][:, some]
    fitted = calibrate(errors.reshape(-1, horizon), sizes.ravel(), levels, horizon)
    below, above = widths(fitted, test.scale[origin, some], test.size[origin, some])
    return bounds(test.forecasts[origin, model][some], below, above, never)


def never_negative(values: FloatArray) -> BoolArray:
    """Lines without a negative amount, (n,)."""
    return ~row_any(values < 0)


def _mean(values: FloatArray) -> float:
    """Mean of the finite values, NaN if there are none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def _by_line(values: FloatArray) -> FloatArray:
    """Mean over origins and horizons of (O, n, H), NaN where nothing is known, (n,)."""
    flat = values.transpose(1, 0, 2).reshape(values.shape[1], -1)
    return np.where(np.isfinite(flat).any(axis=1), row_mean(flat), np.nan)


def _ratio(one: FloatArray, other: FloatArray) -> FloatArray:
    """One over the other, NaN where that is no more than rounding."""
    usable = np.isfinite(other) & (other > losses.STILL)
    return np.where(usable, one / np.where(usable, other, 1.0), np.nan)
