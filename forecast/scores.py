"""Scores: how far each model missed in the back-test, and whether its intervals held.

Losses are defined in `forecast.losses`. An interval at an origin is calibrated on the errors of the other origins, so
that no error judges itself.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast import losses
from forecast.arrays import BoolArray, FloatArray, IntArray, row_any, row_mean
from forecast.backtest import Backtest, Prepared
from forecast.intervals import bounds, calibrate, widths

SAMPLE = 2_000
"""Lines on which the intervals of all models are scored, evenly spread, where there are more."""


def score(test: Backtest, now: Prepared, levels: Sequence[int], naive: str) -> pd.DataFrame:
    """One row a `(model, horizon)`, over all lines.

    `smape` (percent), `mase`, `owa` against the naive rival, `coverage_*` (shares), `interval_score_*` (in mean changes
    of the line), `weight` (mean of lines), `n` (number of errors; where it is zero, all else is NaN).
    """
    some = np.arange(0, test.actual.shape[1], max(1, -(-test.actual.shape[1] // SAMPLE)))
    share = (*test.weights.mean(axis=0), 1.0)
    rows = []
    for m, name in enumerate(test.names):
        smape, mase = _judge_points(test, m, now)
        inside, missed = _judge_bands(test, m, now, levels, some)
        for k in range(test.actual.shape[2]):
            row = {
                "model": name,
                "horizon": k + 1,
                "smape": _mean(smape[..., k]),
                "mase": _mean(mase[..., k]),
            }
            row["owa"] = np.nan
            row |= {f"coverage_{level}": _mean(inside[j, ..., k]) for j, level in enumerate(levels)}
            row |= {f"interval_score_{level}": _mean(missed[j, ..., k]) for j, level in enumerate(levels)}
            rows.append(row | {"weight": share[m], "n": int(np.isfinite(smape[..., k]).sum())})
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
    combined = len(test.names) - 1
    smape, mase = _judge_points(test, combined, now)
    inside, missed = _judge_bands(test, combined, now, levels, every)
    table = {"smape": _by_line(smape), "mase": _by_line(mase)}
    rival = _judge_points(test, test.names.index(naive), now)
    table |= {name: _by_line(loss) for name, loss in zip(("naive_smape", "naive_mase"), rival, strict=True)}
    ratios = np.stack(
        [_ratio(table["smape"], table["naive_smape"]), _ratio(table["mase"], table["naive_mase"])], axis=1
    )
    known = np.isfinite(ratios).any(axis=1)
    table["owa"] = np.where(known, row_mean(ratios), np.nan)
    table |= {f"coverage_{level}": _by_line(inside[j]) for j, level in enumerate(levels)}
    table |= {f"interval_score_{level}": _by_line(missed[j]) for j, level in enumerate(levels)}
    table["n"] = np.isfinite(smape).sum(axis=(0, 2)).astype(np.float64)
    return pd.DataFrame(table).astype({"n": "int64"})


def _judge_points(test: Backtest, model: int, now: Prepared) -> tuple[FloatArray, FloatArray]:
    """SMAPE in percent and absolute errors in mean changes of a model, (O, n, H) each, NaN unscored."""
    known = np.isfinite(test.actual)
    y, said = np.where(known, test.actual, 0.0), test.forecasts[:, model]
    smape = np.where(known, losses.smape(y, said), np.nan)
    return smape, np.where(known, losses.in_changes(np.abs(y - said), y, _change(now)[:, None]), np.nan)


def _judge_bands(
    test: Backtest, model: int, now: Prepared, levels: Sequence[int], some: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Whether a model's intervals held, and their scores in mean changes, on some lines, (L, O, n, H) each.

    NaN unscored. The interval at an origin is calibrated on all other origins.
    """
    actual, said, scale, size = (
        part[:, some] for part in (test.actual, test.forecasts[:, model], test.scale, test.size)
    )
    horizon, origins = actual.shape[2], np.arange(len(actual))
    errors = (actual - said) / scale[:-1, :, None]
    change, never = _change(now)[some, None], never_negative(now.cleaned.values[some])
    inside, missed = np.full((2, len(levels), *actual.shape), np.nan)
    for j in origins:
        others = errors[origins != j].reshape(-1, horizon)
        fitted = calibrate(others, size[:-1][origins != j].ravel(), levels, horizon)
        low, high = bounds(said[j], *widths(fitted, scale[j], size[j]), never)
        known = np.isfinite(actual[j])
        y = np.where(known, actual[j], 0.0)
        inside[:, j] = np.where(known, losses.covered(y, low, high), np.nan)
        for place, level in enumerate(levels):
            wide = losses.interval_score(y, low[place], high[place], level)
            missed[place, j] = np.where(known, losses.in_changes(wide, y, change), np.nan)
    return inside, missed


def _change(now: Prepared) -> FloatArray:
    """Mean absolute change of each line over a year, or from year to year, (n,)."""
    values, season = now.cleaned.values, now.season.length
    return row_mean(np.abs(values[:, season:] - values[:, :-season]))


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
