"""Reading a column of periods: pandas periods, dates or text, as steps of one frequency (`forecast.frequency`)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.arrays import BoolArray, FloatArray, IntArray
from forecast.cells import as_category, as_text, shown
from forecast.frequency import FREQUENCIES, Frequency, kind_of, labels, period_name
from forecast.period_styles import DATE, FISCAL_YEAR, MONTH, QUARTER, STYLES, Style

Days = NDArray[np.datetime64]
"""Dates of whole days, NaT where there is none."""


@dataclass(frozen=True)
class Periods:
    """A column of periods, read."""

    steps: IntArray
    """(rows,); anything where unreadable."""
    readable: BoolArray
    frequency: Frequency | None
    """None for plain integers."""
    days: IntArray | None = None
    """Days from January 1, 1970, where rows of one month are told apart by them."""
    problems: Sequence[str] = ()
    notices: Sequence[str] = ()

    def cited(self, rows: IntArray) -> list[str]:
        """The periods of rows as errors write them."""
        if self.days is not None:
            return [str(day) for day in self.days[rows].astype("datetime64[D]")]
        return labels(self.steps[rows], self.frequency)


def read_periods(column: pd.Series, asked: Frequency | None) -> Periods:
    """A column of periods, of whatever type, as steps of the asked frequency or of the finer one that it holds."""
    if column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) == "period":
        column = pd.Series(pd.PeriodIndex(column), index=column.index, name=column.name)
    if isinstance(column.dtype, pd.PeriodDtype):
        return _read_pandas_periods(column, asked)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_localize(None)
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return _from_dates(column, column.to_numpy().astype("datetime64[D]"), asked)
    return _read_text(column, asked)


def last_months(values: pd.Series, year: Frequency) -> tuple[IntArray, IntArray]:
    """The last month of months and quarters, counted from January 1970, and how many months each has, both (rows,).

    Each value is read by itself, whatever the others are, and has 0 months where it is neither. A date stands for its
    month, a quarter in writing for that of the fiscal `year`.
    """
    text = as_text(values)
    month, quarter, day = (style.read(text) for style in (MONTH, QUARTER, DATE))
    styled = [np.isfinite(month), np.isfinite(quarter), np.isfinite(day)]
    of_quarter = Frequency(3, year.end).first_month(_whole(quarter)) + 2
    of_day = _whole(day).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    last, span = np.select(styled, [_whole(month), of_quarter, of_day]), np.select(styled, [1, 3, 1])
    for place, value in enumerate(values):
        if isinstance(value, pd.Period):
            last[place] = value.asfreq("M", how="end").ordinal
            span[place] = {"M": 1, "Q": 3}.get(value.freqstr[0], 0)
    return last, span


def _whole(values: FloatArray) -> IntArray:
    """Whole numbers, zero for NaN."""
    return np.where(np.isfinite(values), values, 0.0).astype(np.int64)


def _read_pandas_periods(column: pd.Series, asked: Frequency | None) -> Periods:
    """Pandas periods as steps."""
    name = period_name(column)
    if name == "D":
        return _from_dates(column, column.dt.to_timestamp().to_numpy().astype("datetime64[D]"), asked)
    frequency = FREQUENCIES.get(name)
    readable = column.notna().to_numpy()
    if frequency is None:
        fault = f"column '{column.name}': periods of frequency {name}. Make them fiscal years, quarters or months."
        return Periods(np.zeros(len(column), dtype=np.int64), np.zeros_like(readable), None, problems=[fault])
    problems = [
        *_unreadable(column, readable, {12: FISCAL_YEAR, 3: QUARTER, 1: MONTH}[frequency.months]),
        *_misfit(column, frequency, asked),
    ]
    steps = np.where(readable, frequency.steps(pd.PeriodIndex(column)), 0)
    return Periods(steps, readable, frequency, problems=problems)


def _read_text(column: pd.Series, asked: Frequency | None) -> Periods:
    """Periods in writing as steps; every style is tried on the distinct texts, and the commonest is the column's."""
    text = as_category(column).cat
    codes, distinct = text.codes.to_numpy(), pd.Series(text.categories, dtype="str")
    values = np.stack([style.read(distinct) for style in STYLES])
    styled = np.isfinite(values)
    kind = int(np.argmax((styled * np.bincount(codes, minlength=len(distinct))).sum(axis=1)))
    style = STYLES[kind]
    readable = styled[kind][codes]
    problems = list(
        _unreadable(column, readable, style, np.where(styled.any(axis=0), styled.argmax(axis=0), -1)[codes])
    )
    steps = np.where(readable, values[kind][codes], 0).astype(np.int64)
    if style is DATE:
        days = np.where(readable, steps.astype("datetime64[D]"), np.datetime64("NaT"))
        return _from_dates(column, days, asked, problems)
    frequency, notices = _frequency_of(style, distinct[styled[kind]], asked)
    problems += _misfit(column, frequency or Frequency(12, asked.end if asked else 12), asked)
    return Periods(steps, readable, frequency, problems=problems, notices=notices)


def _frequency_of(style: Style, texts: pd.Series, asked: Frequency | None) -> tuple[Frequency | None, list[str]]:
    """The frequency of periods in writing, None for plain integers, and what was taken for granted."""
    if style is MONTH:
        return Frequency(1), []
    if style is FISCAL_YEAR:
        return (asked if asked and asked.months == 12 else None), []
    if asked is None and texts.str.contains("FY", case=False, regex=False).any():
        said = (
            "Fiscal quarters are taken for those of the calendar year (Q-DEC); freq='Q-JUN' makes the year end in June."
        )
        return Frequency(3), [said]
    return Frequency(3, asked.end if asked and asked.months > 1 else 12), []


def _misfit(column: pd.Series, frequency: Frequency, asked: Frequency | None) -> Iterator[str]:
    """Why periods cannot be added up to the asked frequency."""
    if asked is None or frequency.splits(asked):
        return
    if frequency.months > asked.months:
        what = f"{frequency.noun} cannot be split into {kind_of(asked.name)}. Leave out `freq`."
    else:
        nearest = replace(asked, end=frequency.end).name
        what = f"{kind_of(frequency.name)} do not make up {kind_of(asked.name)}. Write freq='{nearest}'."
    yield f"column '{column.name}': {what}"


def _unreadable(column: pd.Series, readable: BoolArray, style: Style, kinds: IntArray | None = None) -> Iterator[str]:
    """One problem a row whose period is not what the column holds, (rows,); `kinds` are their own styles, or -1."""
    wrong = np.flatnonzero(~readable)
    for place, row, value in zip(wrong, column.index[wrong], column.iloc[wrong], strict=True):
        other = -1 if kinds is None else int(kinds[place])
        if other < 0:
            what = f"is not a {style.noun}. Write one such as {style.example}."
        else:
            what = f"is a {STYLES[other].noun} where most rows hold {style.noun}s. Write all alike, as {style.example}."
        yield f"row {row}, column '{column.name}': '{shown(value)}' {what}"


def _from_dates(column: pd.Series, days: Days, asked: Frequency | None, faults: Sequence[str] | None = None) -> Periods:
    """Dates, (rows,), as steps of the asked frequency, or of the one that they seem to have."""
    readable = ~np.isnat(days)
    problems = list(_unreadable(column, readable, DATE) if faults is None else faults)
    known = np.unique(days[readable])
    month = np.where(readable, days.astype("datetime64[M]").astype(np.int64), 0)
    own = _frequency_of_dates(known) if len(known) else Frequency(1)
    if own is None:
        if asked is None:
            inside = column.index[np.flatnonzero(np.isin(days, known[~(_is_first(known) | _is_last(known))]))[0]]
            problems.append(
                f"column '{column.name}': dates within months, the first in row {inside}. Give `freq`, such as 'M' or "
                "'Y-JUN', to add them up."
            )
        said = (
            f"Dates run from {known[0]} to {known[-1]} and do not tell whether the first and the last month are whole."
        )
        day = np.where(readable, days.astype(np.int64), 0)
        return Periods(month, readable, Frequency(1), days=day, problems=problems, notices=[said])
    if asked and asked.months <= own.months:
        return Periods(asked.holding(month), readable, asked, problems=problems)
    problems += _misfit(column, own, asked)
    if asked and own.months == 3 and own.splits(asked):
        own = replace(own, end=asked.end)
    notices = []
    if own.months > 1 and asked is None:
        notices = [
            f"Dates are read as the {own.noun} ({own.name}) that hold them; `freq` gives them another frequency."
        ]
    return Periods(own.holding(month), readable, own, problems=problems, notices=notices)


def _frequency_of_dates(known: Days) -> Frequency | None:
    """The frequency of distinct, sorted dates; none where some lie within their months.

    First days of months whole years (quarters) apart are taken to begin fiscal years (quarters), last days to end them.
    """
    first, last = _is_first(known), _is_last(known)
    if not (first | last).all():
        return None
    months = known.astype("datetime64[M]").astype(np.int64)
    apart = int(np.gcd.reduce(np.diff(months))) if len(months) > 1 else 1
    ends = int(months[0] - (1 if first.all() else 0)) % 12 + 1
    if apart % 3 or not (first.all() or last.all()):
        return Frequency(1)
    return Frequency(12, ends) if apart % 12 == 0 else Frequency(3, (ends - 1) % 3 + 10)


def _is_first(days: Days) -> BoolArray:
    """Whether each date is the first of its month."""
    return np.asarray(days == days.astype("datetime64[M]").astype("datetime64[D]"), dtype=np.bool_)


def _is_last(days: Days) -> BoolArray:
    """Whether each date is the last of its month."""
    return _is_first(days + np.timedelta64(1, "D"))
