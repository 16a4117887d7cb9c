r"""Known futures: a line or year set by hand, with a reason, kept apart from what the model says and scored afterwards.

    overrides = forecast.overrides.read_overrides("tables/overrides.csv", outlook.lines)
    lines = apply(outlook.lines, overrides)
    print(score(lines, overrides, actuals).authors)

The table `keys..., period, amount, reason, author, date` says what a line will spend in a period, why, who says so and
since when. A blank key stands for any: the amount is then the sum of all lines that match, and is spread over them by
their share of the forecast,

$$\tilde y_i = a\,\frac{\hat y_i}{\sum_j \hat y_j}$$

The model's own figure stays beside it as `model_mean`, and when the actual amounts have come, both are held against
them: whoever overrides learns how often that was better.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecast import losses
from forecast.arrays import BoolArray, FloatArray
from forecast.cells import as_text
from forecast.errors import SettingError
from forecast.opening import open_table

COLUMNS = ("period", "amount", "reason", "author", "date")
"""What every override must tell, beside its keys."""
WHERE = "overrides table"
OVERRIDE, ROW = "(override)", "(row)"
"""Columns of places, beside keys of any name."""


@dataclass(frozen=True, eq=False)
class Score:
    """Overrides against the model's own forecasts, once the actual amounts have come."""

    each: pd.DataFrame
    """`keys..., period, amount, model, actual, smape, model_smape, better, reason, author, date`, a row an override;
    `actual` to `better` are NaN where not all of its lines have an actual amount. `better` is 1 where the override was
    nearer, 0 where the model was, one half where they were alike."""
    authors: pd.DataFrame
    """`author, n, smape, model_smape, better`: means over the overrides that could be scored, `n` how many."""


def read_overrides(source: str | Path | pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Read overrides of an outlook's lines into the frame `keys..., period, amount, reason, author, date`.

    Args:
        source: a CSV, Parquet or xlsx file or a frame, one row an override; its keys are all or some of the outlook's,
            and a blank one stands for any. Periods are written as the outlook writes them, or as `FY2027`.
        lines: `Outlook.lines`, a frame `keys..., period, mean, lo_80, hi_80, ...`.

    Returns:
        All keys of the outlook as text, the period as the outlook has it, USD, text, text, and the date as a timestamp.

    Raises:
        SettingError: with every problem: a column that is missing or no key, a blank or unreadable cell, a line that
            the outlook has not, a period outside it, two overrides of one line and period.
    """
    where, raw = open_table(source)
    where = WHERE if isinstance(source, pd.DataFrame) else where
    raw = raw.set_axis([str(column) for column in raw.columns], axis=1)
    keys = line_keys(lines)
    if problems := list(_column_problems(list(raw.columns), keys)):
        raise SettingError(where, problems)
    text = pd.DataFrame({name: as_text(raw[name]) for name in raw.columns}, index=raw.index)
    text = text.assign(**{key: "" for key in keys if key not in text})[[*keys, *COLUMNS]]
    text["period"] = text["period"].str.upper().str.replace(r"^FY\s?|\.0+$", "", regex=True)
    amount = pd.to_numeric(text["amount"], errors="coerce").astype("float64")
    date = pd.to_datetime(text["date"].str.slice(0, 10), format="%Y-%m-%d", errors="coerce")
    problems = [*_cell_problems(text, amount, date), *_line_problems(text, lines)]
    if problems:
        raise SettingError(where, problems)
    periods = lines["period"].drop_duplicates()
    place = pd.Index(periods.astype("str")).get_indexer(pd.Index(text["period"]))
    table = text.assign(period=periods.iloc[place].set_axis(text.index), amount=amount, date=date)
    return table.reset_index(drop=True)


def line_keys(lines: pd.DataFrame) -> list[str]:
    """Names of the keys of an outlook's lines: the columns before `period`."""
    return [str(name) for name in lines.columns[: list(lines.columns).index("period")]]


def apply(lines: pd.DataFrame, overrides: pd.DataFrame) -> pd.DataFrame:
    """Put overrides into an outlook's lines, in their order.

    The same columns, in which `mean` is the override where there is one and each interval has moved with it, as wide as
    before; one that ended at zero, because the line never was negative, still does not go below. Then `model_mean`, the
    model's own figure throughout, and `overridden`.

    Raises:
        SettingError: as `read_overrides`, or for lines that hold overrides already.
    """
    if "model_mean" in lines.columns:
        raise SettingError("apply", ["the lines hold overrides already. Apply all of them to the outlook's own lines."])
    table = read_overrides(overrides, lines)
    model = lines["mean"].to_numpy(dtype=np.float64)
    pairs = _pairs(table.astype({"period": "str"}), lines)
    mean = model.copy()
    row = pairs["row"].to_numpy(dtype=np.int64)
    mean[row] = table["amount"].to_numpy(dtype=np.float64)[pairs["override"]] * _shares(model, pairs)
    set_by_hand = np.isin(np.arange(len(lines)), row)
    floored = _never_below_zero(lines)
    moved = _move(lines, mean, set_by_hand, floored)
    return moved.assign(model_mean=model, overridden=set_by_hand)


def score(applied: pd.DataFrame, overrides: pd.DataFrame, actuals: pd.DataFrame) -> Score:
    """Hold overrides and the model's own forecasts at the time against what came.

    Args:
        applied: the lines of that outlook as `apply` returned them then.
        overrides: those that were applied.
        actuals: the long frame `keys..., period, amount`, such as `read_spending` returns; lines and periods that it
            lacks have not come yet.

    Raises:
        SettingError: as `read_overrides`, or for actual amounts without a key of the outlook.
    """
    keys = line_keys(applied)
    if missing := [key for key in keys if key not in actuals.columns]:
        raise SettingError("actuals", [f"no column '{key}', a key of the outlook. Add it." for key in missing])
    table = read_overrides(overrides, applied)
    pairs = _pairs(table.astype({"period": "str"}), applied)
    came = actuals.assign(period=actuals["period"].astype("str")).groupby([*keys, "period"])["amount"].sum(min_count=1)
    cells = applied.assign(period=applied["period"].astype("str"))[[*keys, "period"]]
    actual = cells.merge(came.reset_index(), on=[*keys, "period"], how="left")["amount"].to_numpy(dtype=np.float64)
    row = pairs["row"].to_numpy(dtype=np.int64)
    model = applied["model_mean"].to_numpy(dtype=np.float64)[row]
    sums = pd.DataFrame({"override": pairs["override"], "model": model, "actual": actual[row]})
    sums = sums.groupby("override").agg(model=("model", "sum"), actual=("actual", lambda part: part.sum(skipna=False)))
    return _judge(table, sums, keys)


def _judge(table: pd.DataFrame, sums: pd.DataFrame, keys: list[str]) -> Score:
    """Scores of overrides, whose lines' sums stand in the same order."""
    said, model = table["amount"].to_numpy(dtype=np.float64), sums["model"].to_numpy(dtype=np.float64)
    actual = sums["actual"].to_numpy(dtype=np.float64)
    own, rival = losses.smape(actual, said), losses.smape(actual, model)
    nearer = np.sign(np.abs(actual - model) - np.abs(actual - said))
    known = np.isfinite(actual)
    each = table[[*keys, "period", "amount"]].assign(
        model=model,
        actual=actual,
        smape=np.where(known, own, np.nan),
        model_smape=np.where(known, rival, np.nan),
        better=np.where(known, (nearer + 1) / 2, np.nan),
    )
    each = each.join(table[["reason", "author", "date"]])
    heads = {"n": ("smape", "size")} | {name: (name, "mean") for name in ("smape", "model_smape", "better")}
    authors = each[known].groupby("author").agg(**heads).reset_index()
    return Score(each, authors)


def _column_problems(columns: list[str], keys: list[str]) -> Iterator[str]:
    """Everything that is wrong with the header."""
    has = ", ".join(columns) or "none"
    for name in COLUMNS:
        if name not in columns:
            yield f"no column '{name}' (columns: {has}). Every override tells it."
    for name in sorted({name for name in columns if columns.count(name) > 1}):
        yield f"column '{name}' stands there twice. Rename or remove one."
    for name in dict.fromkeys(columns):
        if name not in (*COLUMNS, *keys):
            yield f"column '{name}' is no key of the outlook (keys: {', '.join(keys) or 'none'}). Remove it."


def _cell_problems(text: pd.DataFrame, amount: pd.Series, date: pd.Series) -> Iterator[str]:
    """Cells that are blank or cannot be read."""
    for row, value in text.loc[~np.isfinite(amount), "amount"].items():
        yield f"row {row}, column 'amount': '{value}' is not a number. Write plain dollars such as 1250000."
    for name, remedy in (("reason", "Say why it is set by hand."), ("author", "Say who sets it.")):
        for row in text.index[text[name] == ""]:
            yield f"row {row}, column '{name}': it is blank. {remedy}"
    for row, value in text.loc[date.isna(), "date"].items():
        yield f"row {row}, column 'date': '{value}' is not a date. Write one such as 2026-07-01."


def _line_problems(text: pd.DataFrame, lines: pd.DataFrame) -> Iterator[str]:
    """Overrides of what the outlook has not, and of what another one sets already."""
    keys, periods = line_keys(lines), lines["period"].astype("str")
    known = text["period"].isin(periods)
    for row, value in text.loc[~known, "period"].items():
        yield f"row {row}: the period '{value}' is not in the outlook ({periods.min()} to {periods.max()})."
    anywhere = _pairs(text.assign(period=""), lines.assign(period=""))
    found = np.isin(np.arange(len(text)), anywhere["override"])
    for row, values in text[~found].iterrows():
        yield f"row {row}: the outlook has no line {_named(values, keys)}. Check its keys; a blank one stands for any."
    pairs = _pairs(text, lines).sort_values(["row", "override"])
    pairs["earlier"] = pairs.groupby("row")["override"].transform("first")
    again = pairs[pairs["override"] != pairs["earlier"]].drop_duplicates(["override", "earlier"])
    for override, row, earlier in again.sort_values(["override", "earlier"]).to_numpy(dtype=np.int64):
        cell = f"{_named(lines.iloc[int(row)], keys)} in {periods.iloc[int(row)]}"
        yield f"row {text.index[override]}: sets {cell}, which row {text.index[earlier]} sets too. Keep one."


def _named(values: pd.Series, keys: list[str]) -> str:
    """A line as an error cites it."""
    return ", ".join(str(values[key]) or "(any)" for key in keys) or "at all"


def _pairs(table: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Places of overrides and of the rows of `lines` that each sets: `override, row`, sorted by both.

    Overrides are joined by the keys that they name, one join for each set of keys.
    """
    keys = line_keys(lines)
    cells = lines[[*keys, "period"]].astype("str").assign(**{ROW: np.arange(len(lines))})
    asked = table[[*keys, "period"]].assign(**{OVERRIDE: np.arange(len(table))})
    given = asked[keys].to_numpy(dtype=object) != ""
    found = [np.empty((0, 2), dtype=np.int64)]
    for pattern in np.unique(given, axis=0):
        names = [*(key for key, named in zip(keys, pattern, strict=True) if named), "period"]
        some = asked.loc[(given == pattern).all(axis=1), [*names, OVERRIDE]]
        found.append(some.merge(cells, on=names)[[OVERRIDE, ROW]].to_numpy(dtype=np.int64))
    pairs = pd.DataFrame(np.concatenate(found), columns=["override", "row"])
    return pairs.sort_values(["override", "row"], ignore_index=True)


def _shares(model: FloatArray, pairs: pd.DataFrame) -> FloatArray:
    """Part of its override that each line gets, (pairs,): by forecast; alike where all forecasts are zero or less."""
    weight = pd.Series(np.maximum(model[pairs["row"]], 0.0))
    total = weight.groupby(pairs["override"].to_numpy()).transform("sum")
    count = weight.groupby(pairs["override"].to_numpy()).transform("size")
    share = (weight / total.mask(total <= 0)).fillna(1 / count)
    return np.asarray(share.to_numpy(dtype=np.float64), dtype=np.float64)


def _never_below_zero(lines: pd.DataFrame) -> BoolArray:
    """Whether no interval of the row's line ends below zero in any period, (rows,)."""
    keys = line_keys(lines)
    lows = [name for name in lines.columns if str(name).startswith("lo_")]
    below = (lines[lows].to_numpy(dtype=np.float64) < 0).any(axis=1)
    line = lines.groupby(keys, sort=False).ngroup().to_numpy() if keys else np.zeros(len(lines), dtype=np.int64)
    return np.asarray(np.bincount(line, weights=below, minlength=1)[line] == 0, dtype=np.bool_)


def _move(lines: pd.DataFrame, mean: FloatArray, rows: BoolArray, floored: BoolArray) -> pd.DataFrame:
    """Frame with new means in some rows and intervals that moved along, as wide as before."""
    moved = lines.assign(mean=mean)
    shift = mean - lines["mean"]
    for name in [str(column) for column in lines.columns if str(column).startswith("lo_")]:
        high = "hi_" + name.removeprefix("lo_")
        low = lines[name] + shift
        low = low.mask(floored & (low < 0), np.minimum(mean, 0.0))
        moved[name] = low.where(rows, lines[name])
        moved[high] = (low + (lines[high] - lines[name])).where(rows, lines[high])
    return moved
