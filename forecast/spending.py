"""Past spending: the only reader and judge of the long table `keys..., period, amount`.

Amounts are nominal US dollars of the period in which they were spent; a fiscal year is named for the calendar year in
which it ends. A blank amount is a gap, which cleaning treats and lists; anything else that is not a number is an
error.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from forecast.arrays import FloatArray, IntArray
from forecast.cells import as_category, read_amounts, texts_at
from forecast.errors import SpendingError
from forecast.frequency import FREQUENCIES, Frequency, as_periods, labels
from forecast.ledger import ALL, number_lines
from forecast.opening import open_table
from forecast.periods import Periods, read_periods

MEASURES = ("amount", "expended", "appropriated", "encumbered")
"""Columns that hold money and hence are never keys."""

LONGEST_HISTORY = 200
"""Years: more than any public account holds, so a wider span is a slip of the pen."""

RESERVED = re.compile(r"^(mean|(lo|hi)_\d+|found|treatment|before|after|line|period|amount)$")

NAMED = 3
"""Missing periods that a notice names; the rest are counted."""


def read_spending(
    source: str | Path | pd.DataFrame,
    amount: str | None = None,
    *,
    period: str = "period",
    keys: Sequence[str] | None = None,
    freq: str | None = None,
    sheet: str | None = None,
) -> pd.DataFrame:
    """Read past spending into the long frame `keys..., period, amount`, sorted by keys and period.

    Periods may be written as

    - fiscal years: `2027`, `FY2027`, `FY27`, and any other whole numbers from 1 to 9999, which stay integers;
    - quarters: `2027Q1`, `2027-Q1`, `FY2027 Q1`, `Q1 2027`. Of the calendar year (`Q-DEC`) unless `freq` names another,
      for the text does not tell when the fiscal year ends;
    - months: `2026-07`, `07/2026`, `Jul 2026`;
    - dates: `2026-07-01`, or a column of them. Where all are the first or all are the last day of a month, dates that
      lie whole years apart are fiscal years (which begin or end on them), whole quarters apart quarters, else months.
      A single date is a month. Dates within months need `freq`;
    - pandas periods of fiscal years, quarters, months or days,

    in one way throughout the column.

    With `freq`, finer periods are added up: months and quarters to the fiscal year that they lie in. Two rows of one
    line and one finer period are still an error without `keys`. Only complete years (or quarters) are kept, those of
    whose every month some line knows an amount; the others, mostly the first and the last, are left out. What was left
    out, taken for granted, or added up from fewer months than there are, is said in `attrs["notices"]` of the result, a
    list of sentences.

    Args:
        source: a CSV, Parquet or xlsx file or a frame, one row a line and period, its columns in any order.
        amount: the column of dollars; by default `amount`, or `expended` where there is no `amount`.
        period: the column of periods.
        keys: the columns that tell lines apart, as text; rows that agree in them are added up. By default every
            column that is neither the period nor money (`amount`, `expended`, `appropriated`, `encumbered`), and then
            two rows of one line and period are an error.
        freq: the frequency of the periods as pandas names it: `Y-JUN` and `Q-JUN` for fiscal years that end in June,
            `M` for months. By default what the column holds.
        sheet: the sheet of a workbook; by default the first one with a column `period`.

    Returns:
        A frame `keys..., period, amount`, its keys text, its period `int64` for plain integers and else a pandas
        period, its amount USD (NaN for a gap).

    Raises:
        SpendingError: with every problem of the table, each with its row: the line in a CSV file or a sheet (the header
            is line 1), counted from 1 in a Parquet file, the index label in a frame.
    """
    where, raw = open_table(source, period, sheet)
    columns = [str(column) for column in raw.columns]
    raw = raw.set_axis(columns, axis=1)
    chosen = amount or next((name for name in MEASURES[:2] if name in columns), "amount")
    named = list(keys) if keys is not None else [name for name in columns if name not in (period, chosen, *MEASURES)]
    if problems := [*_freq_problems(freq), *_column_problems(columns, chosen, period, named, len(raw))]:
        raise SpendingError(where, problems)

    asked = FREQUENCIES.get(freq or "")
    texts = pd.DataFrame({key: as_category(raw[key]) for key in named}, index=raw.index)
    periods = read_periods(raw[period], asked)
    dollars, amount_problems = read_amounts(raw[chosen])
    table = _Table(raw.index, texts, number_lines(texts), period, periods, dollars)
    problems = [*periods.problems, *amount_problems, *_row_problems(table, summed=keys is not None)]
    if problems:
        raise SpendingError(where, problems)

    cells, notices = _add_up(table, asked, where)
    result = pd.DataFrame({key: texts_at(texts[key], cells.rows) for key in texts}, index=range(len(cells.rows)))
    result["period"] = as_periods(cells.steps, asked or periods.frequency)
    result["amount"] = cells.amounts
    earlier = raw.attrs.get("notices")
    result.attrs = {"notices": [*(earlier if isinstance(earlier, list) else ()), *notices]}
    return result


def _freq_problems(freq: str | None) -> Iterator[str]:
    """What is wrong with the asked frequency, with the nearest one that there is."""
    if freq is None or freq in FREQUENCIES:
        return
    name = str(freq).upper()
    if alias := re.fullmatch(r"B?([AYQM])[ES]?(?:-(\w+))?", name):
        name = "M" if alias[1] == "M" else f"{alias[1].replace('A', 'Y')}-{alias[2] or 'DEC'}"
    nearest = difflib.get_close_matches(name, FREQUENCIES, n=1, cutoff=0.5)
    advice = f"Did you mean '{nearest[0]}'?" if nearest else "Write one such as 'Y-JUN', 'Q-JUN' or 'M'."
    yield f"freq '{freq}' is not a frequency. {advice}"


def _column_problems(columns: list[str], amount: str, period: str, keys: list[str], rows: int) -> Iterator[str]:
    """Everything that is wrong with the header."""
    has = ", ".join(name or "(no name)" for name in columns) or "none"
    for role, name in (("period", period), ("amount", amount)):
        if name not in columns:
            yield f"no column '{name}' (columns: {has}). Name the one that holds it with {role}='...'."
    if "" in keys:
        for place in (place for place, name in enumerate(columns, 1) if not name):
            yield f"column {place} has no name. Name it, remove it, or choose `keys`."
    for name in dict.fromkeys(name for name in keys if name):
        if name not in columns:
            yield f"no column '{name}' to tell lines apart (columns: {has}). Correct `keys`."
        elif RESERVED.match(name):
            yield f"column '{name}' bears a name that the outlook uses itself. Rename it."
    for name in sorted({name for name in (period, amount, *keys) if name and columns.count(name) > 1}):
        yield f"column '{name}' stands there twice. Rename or remove one."
    if not rows:
        yield "there are no rows. It needs one a line and period."


@dataclass(frozen=True)
class _Table:
    """What the rows of a table hold, read one by one."""

    rows: pd.Index
    """What errors call them."""
    keys: pd.DataFrame
    """A categorical of text a key."""
    lines: IntArray
    """A number a line, in the order of the keys."""
    column: str
    """Name of the column of periods."""
    periods: Periods
    amounts: FloatArray


def _row_problems(table: _Table, *, summed: bool) -> Iterator[str]:
    """Rows that cannot stand together."""
    periods = table.periods
    steps = periods.steps[periods.readable]
    season = 12 // periods.frequency.months if periods.frequency else 1
    if len(steps) and steps.max() - steps.min() >= LONGEST_HISTORY * season:
        span = " to ".join(labels(np.array([steps.min(), steps.max()]), periods.frequency))
        yield f"column '{table.column}': {span} is more than {LONGEST_HISTORY} years. Check the first and the last."
    if len(table.keys.columns):
        totals = np.logical_and.reduce([(table.keys[name] == ALL).to_numpy() for name in table.keys])
        for row in table.rows[totals]:
            yield f"row {row}: every key is '{ALL}', which stands for the total. Leave totals out."
    if not summed:
        again = _again(table)
        texts = [texts_at(table.keys[name], again) for name in table.keys]
        lines = [", ".join(line) for line in zip(*texts, strict=True)] if texts else ["the line"] * len(again)
        for row, line, period in zip(table.rows[again], lines, periods.cited(again), strict=True):
            yield f"row {row}: a second amount for {line} in {period}. Add them up, or name `keys`."


def _again(table: _Table) -> IntArray:
    """Places of rows whose line and period stand further up."""
    known = np.flatnonzero(table.periods.readable)
    times = table.periods.steps if table.periods.days is None else table.periods.days
    again = pd.Series(_number_cells(table.lines[known], times[known])).duplicated().to_numpy()
    return known[again]


def _number_cells(lines: IntArray, times: IntArray) -> IntArray:
    """Numbers of lines and times in their order, (rows,)."""
    first, last = (int(times.min()), int(times.max())) if len(times) else (0, 0)
    return lines * (last - first + 1) + times - first


class _Cells(NamedTuple):
    """Amounts by line and period, sorted, each once; all (cells,)."""

    rows: IntArray
    """Place of a row of the table that has the line's keys."""
    lines: IntArray
    steps: IntArray
    amounts: FloatArray
    parts: IntArray
    """Known amounts that were added up."""


def _sum_cells(rows: IntArray, lines: IntArray, steps: IntArray, amounts: FloatArray) -> _Cells:
    """Add up what is known of each line and period; NaN where nothing is."""
    number = _number_cells(lines, steps)
    order = np.argsort(number, kind="stable")
    number, money = number[order], amounts[order]
    begins = np.flatnonzero(np.append(True, number[1:] != number[:-1]))
    finite = np.isfinite(money)
    parts = np.add.reduceat(finite.astype(np.int64), begins)
    with np.errstate(over="ignore"):
        sums = np.add.reduceat(np.where(finite, money, 0.0), begins)
    place = order[begins]
    return _Cells(rows[place], lines[place], steps[place], np.where(parts > 0, sums, np.nan), parts)


def _add_up(table: _Table, asked: Frequency | None, where: str) -> tuple[_Cells, list[str]]:
    """Amounts by line and period of the asked frequency, if any, and what is to be said of them."""
    own, notices = table.periods.frequency, list(table.periods.notices)
    cells = _sum_cells(np.arange(len(table.rows)), table.lines, table.periods.steps, table.amounts)
    if own and asked and own != asked:
        cells, said = _coarsen(table, cells, own, asked, where)
        notices += said
    if problems := [
        f"row {row}: with the others of its line and period its amount is more than a number can hold. Check them."
        for row in table.rows[cells.rows[np.isinf(cells.amounts)]]
    ]:
        raise SpendingError(where, problems)
    return cells, notices


def _coarsen(table: _Table, cells: _Cells, own: Frequency, asked: Frequency, where: str) -> tuple[_Cells, list[str]]:
    """Add periods up to longer ones, of which only whole ones are kept, and say what is lost."""
    need = asked.months // own.months
    steps = asked.holding(own.first_month(cells.steps))
    known = np.unique(cells.steps[np.isfinite(cells.amounts)])
    first, last = int(steps.min()), int(steps.max())
    held = np.bincount(asked.holding(own.first_month(known)) - first, minlength=last - first + 1)
    kept = held[steps - first] == need if need > 1 else np.ones(len(steps), dtype=np.bool_)
    notices = [_left_out(int(step), known, own, asked) for step in np.unique(steps[~kept])]
    if not kept.any():
        advice = "Write 0 where nothing was spent, or leave out `freq`."
        raise SpendingError(where, [f"column '{table.column}': no {asked.noun[:-1]} is whole. {notices[0]} {advice}"])
    summed = _sum_cells(cells.rows[kept], cells.lines[kept], steps[kept], cells.amounts[kept])
    lost = np.setdiff1d(cells.lines[~kept], summed.lines)
    if len(lost):
        notices.append(f"Left out: {_count(len(lost), 'line')} without an amount in a whole {asked.noun[:-1]}.")
    short = int(((summed.parts > 0) & (summed.parts < need)).sum())
    if short:
        notices.append(
            f"{_count(short, 'amount')} of {asked.noun} added up from fewer than {need} {own.noun}: what is blank or "
            "missing counts as nothing."
        )
    return summed, notices


def _left_out(step: int, known: IntArray, own: Frequency, asked: Frequency) -> str:
    """Why a period that is not whole is left out."""
    need = asked.months // own.months
    parts = own.holding(asked.first_month(np.array([step])) + own.months * np.arange(need))
    missing = labels(np.setdiff1d(parts, known), own)
    named = ", ".join(missing[:NAMED]) + (f" and {len(missing) - NAMED} more" if len(missing) > NAMED else "")
    return f"{labels(np.array([step]), asked)[0]} is left out: nothing is known of {named} of its {need} {own.noun}."


def _count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
