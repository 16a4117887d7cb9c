"""Reading the tables of a projection: the months of the year under way and before it, its budget, a prior forecast.

A month is a pandas `Period`, a date or text such as `2026-07`; a quarter is a `Period` or text such as `2027Q1`, which
counts from the start of the fiscal year. Each row is read by itself, for unlike in `forecast.spending` nothing is left
to guess: a date is never a year or a quarter, and quarters are those of the fiscal year.

A row's *tick* is its fiscal year times the periods of a year, plus its place in that year.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from forecast.arrays import FloatArray, IntArray
from forecast.cells import read_amounts, shown
from forecast.errors import SpendingError
from forecast.evidence import lay_beside
from forecast.frequency import Frequency
from forecast.ledger import distinct_lines
from forecast.months import Months
from forecast.periods import last_months
from forecast.spending import LONGEST_HISTORY, MEASURES, read_spending

LARGEST = 1e50
"""USD: tables with larger amounts are computed in a larger unit, so that squares stay finite."""
PARTIAL = 0.5
"""Median ratio of the last period to the same of last year, over that of the year so far, under which it is partial."""
PARTIAL_LINES = 5
"""Lines needed to tell a partial period from a quiet one."""
RESERVED = re.compile(
    r"^(spent|mean|(lo|hi)_\d+|expected_(lapse|overspend)|chance_over|budget_to_date|variance|timing|level|direction|"
    r"period|month|share|fiscal_year|found|treatment|before|after|line)$"
)
"""Names that the projection uses itself, so that no key may bear them."""


def key_names(months: pd.DataFrame) -> list[str]:
    """Columns that tell lines apart."""
    return [str(name) for name in months.columns if name not in ("period", *MEASURES)]


def read_months(
    months: pd.DataFrame, budget: pd.DataFrame | None, prior: pd.DataFrame | None, start: int, as_of: object
) -> Months:
    """Lay the tables out; fiscal years begin in calendar month `start`, and `as_of` is the last closed period.

    Raises:
        SpendingError: with every problem of all tables.
    """
    year, keys = Frequency(12, (start - 2) % 12 + 1), key_names(months)
    problems = list(_column_problems(months, keys))
    money = _read_money(months, problems)
    tick, per_year = _read_ticks(months, year, problems)
    enacted = _read_yearly(budget, "budget", keys, "amount", problems)
    if problems:
        _read_prior(prior, keys, 1, problems)
        raise SpendingError("project", problems)
    last = _last_tick(tick, per_year, year, as_of, problems)
    this_year = last // per_year
    said = _read_prior(prior, keys, this_year, problems)
    if enacted is not None and not (enacted["step"] == this_year).any():
        problems.append(f"budget: no appropriation of FY{this_year}, the present year. Add it.")
    if problems:
        raise SpendingError("project", problems)

    kept = tick <= last
    rows = months.loc[kept, keys]
    own = pd.DataFrame(columns=keys) if enacted is None else enacted.loc[enacted["step"] == this_year, keys]
    lines, places = distinct_lines(pd.concat([rows, own], ignore_index=True) if len(own) else rows, keys)
    first_year = int(tick[kept].min() // per_year)
    shape = (len(lines), this_year - first_year + 1, per_year)
    cell = places[: len(rows)] * (shape[1] * per_year) + tick[kept] - first_year * per_year
    if problems := list(_repeated(months.loc[kept], cell, keys)):
        raise SpendingError("project", problems)

    present = np.zeros(shape, dtype=np.bool_)
    present.ravel()[cell] = True
    amounts = _spread(money["amount"][kept], cell, np.full(shape, np.nan))
    encumbered = _spread(money["encumbered"][kept], cell, np.zeros(shape)) if "encumbered" in money else None
    closed = last % per_year + 1
    left_out = int(as_of is None and _is_partial(np.where(np.isfinite(amounts), amounts, 0.0), closed))
    laid = Months(
        lines=lines,
        first_year=first_year,
        year=year,
        closed=closed - left_out,
        amounts=amounts,
        present=present,
        encumbered=encumbered,
        appropriated=None if enacted is None else lay_beside(enacted, keys, lines, first_year, shape[1]),
        prior=np.full(shape[:2], np.nan) if said is None else lay_beside(said, keys, lines, first_year, shape[1]),
        left_out=left_out,
        unit=1.0,
    )
    return _in_larger_units(laid)


def _spread(values: FloatArray, cell: IntArray, empty: FloatArray) -> FloatArray:
    """An empty table with the values in their cells."""
    empty.ravel()[cell] = values
    return empty


def _in_larger_units(laid: Months) -> Months:
    """The same in a unit in which squares stay finite."""
    tables = [table for table in (laid.amounts, laid.appropriated, laid.encumbered, laid.prior) if table is not None]
    largest = max(float(np.abs(np.where(np.isfinite(table), table, 0.0)).max()) for table in tables)
    unit = max(1.0, largest / LARGEST)
    return replace(
        laid,
        amounts=laid.amounts / unit,
        encumbered=None if laid.encumbered is None else laid.encumbered / unit,
        appropriated=None if laid.appropriated is None else laid.appropriated / unit,
        prior=laid.prior / unit,
        unit=unit,
    )


def _is_partial(amounts: FloatArray, closed: int) -> bool:
    """Whether the last period of (n, Y, P) is plainly not complete, as no year's was before."""
    if closed < 2 or amounts.shape[1] < 2:
        return False
    month, to_date = amounts[:, :, closed - 1], amounts[:, :, : closed - 1].sum(axis=2)
    usual = (month[:, :-1] > 0) & (to_date[:, :-1] > 0) & (to_date[:, 1:] > 0)
    month, to_date = (np.log(np.maximum(values, np.finfo(float).tiny)) for values in (month, to_date))
    relative = np.where(usual, np.diff(month, axis=1) - np.diff(to_date, axis=1), np.nan)
    median = [float(np.median(year[np.isfinite(year)])) for year in relative.T if np.isfinite(year).any()]
    enough = int(usual[:, -1].sum()) >= PARTIAL_LINES
    return enough and median[-1] < np.log(PARTIAL) and min(median[:-1], default=0.0) >= np.log(PARTIAL)


def _column_problems(months: pd.DataFrame, keys: list[str]) -> Iterator[str]:
    """Everything that is wrong with the header of the months."""
    columns = [str(column) for column in months.columns]
    for name in ("period", "amount"):
        if name not in columns:
            yield f"months: no column '{name}' (columns: {', '.join(columns) or 'none'})."
    for name in keys:
        if RESERVED.match(name):
            yield f"months: column '{name}' bears a name that the projection uses itself. Rename it."
    for name in sorted({name for name in columns if columns.count(name) > 1}):
        yield f"months: column '{name}' stands there twice. Rename or remove one."
    if not len(months):
        yield "months: there are no rows. It needs one a line and month."


def _read_money(months: pd.DataFrame, problems: list[str]) -> dict[str, FloatArray]:
    """Dollars, NaN where blank, by column; what is no number goes to the problems."""
    money = {}
    for name in ("amount", "encumbered"):
        if list(months.columns).count(name) == 1:
            money[name], wrong = read_amounts(months[name], needed=name == "amount")
            problems += [f"months: {problem}" for problem in wrong]
    return money


def _read_ticks(months: pd.DataFrame, year: Frequency, problems: list[str]) -> tuple[IntArray, int]:
    """The tick of each row, -1 where unreadable, and the periods of a year; what is wrong goes to the problems."""
    if list(months.columns).count("period") != 1:
        return np.zeros(0, dtype=np.int64), 12
    column = months["period"]
    place, distinct = pd.factorize(column)  # -1 where missing, which is the place of the last tick
    last, span = last_months(pd.Series(distinct), year)
    tick = np.append(_ticks(last, span, year), -1)[place]
    for row, value in column[tick < 0].items():
        problems.append(
            f"months: row {row}, column 'period': '{shown(value)}' is not a month (2026-07) or a quarter of the "
            "fiscal year (2027Q1)."
        )
    per_year = 4 if (span != 1).all() and (span == 3).any() else 12
    years = tick[tick >= 0] // per_year
    if (span == 1).any() and (span == 3).any():
        problems.append("months: column 'period' holds both months and quarters. Give one of them.")
    elif len(years) and years.max() - years.min() >= LONGEST_HISTORY:
        problems.append(f"months: column 'period' spans more than {LONGEST_HISTORY} years. Check the first and last.")
    return tick, per_year


def _ticks(last: IntArray, span: IntArray, year: Frequency) -> IntArray:
    """Ticks of periods of `span` months that end in month `last`; -1 where that is 0 or they lie across quarters."""
    fiscal, months = year.holding(last), span.clip(1)
    over = last + 1 - year.first_month(fiscal)
    return np.where((span > 0) & (over % months == 0), fiscal * (12 // months) + over // months - 1, -1)


def _last_tick(tick: IntArray, per_year: int, year: Frequency, as_of: object, problems: list[str]) -> int:
    """The last closed period."""
    newest = int(tick.max())
    if as_of is None:
        return newest
    last, span = last_months(pd.Series([as_of], dtype="object"), year)
    chosen = int(_ticks(last, np.where(span > 0, 12 // per_year, 0), year)[0])
    if not tick.min() <= chosen <= newest:
        problems.append(f"as_of '{as_of}' is no closed period of the months. Choose one of them, or leave it out.")
    return chosen


def _read_prior(
    prior: pd.DataFrame | None, keys: Sequence[str], present: int, problems: list[str]
) -> pd.DataFrame | None:
    """Forecasts made elsewhere, of the present year where they tell none; other columns are left out."""
    if prior is None:
        return None
    year = _year_column(prior)
    told = prior if year in prior else prior.assign(**{year: present})
    own = [name for name in (*keys, year, "mean") if name in told]
    return _read_yearly(told[own], "prior", keys, "mean", problems)


def _read_yearly(
    table: pd.DataFrame | None, name: str, keys: Sequence[str], column: str, problems: list[str]
) -> pd.DataFrame | None:
    """A yearly table as `keys..., step, amount`, steps being fiscal years; what is wrong goes to the problems."""
    if table is None:
        return None
    try:
        read = read_spending(table, amount=column, period=_year_column(table))
    except SpendingError as error:
        problems += [f"{name}: {problem}" for problem in error.problems]
        return None
    own = [str(key) for key in read.columns[:-2]]
    if set(own) != set(keys):
        has, needs = ", ".join(own) or "none", ", ".join(keys) or "none"
        problems.append(f"{name}: its keys are {has}, those of the months {needs}. Add up to the same keys.")
        return None
    period = read["period"]
    years = period.dt.year if isinstance(period.dtype, pd.PeriodDtype) else period
    return read.assign(step=years.to_numpy(dtype=np.int64))


def _year_column(table: pd.DataFrame) -> str:
    """The column of fiscal years."""
    return "fiscal_year" if "fiscal_year" in table else "period"


def _repeated(rows: pd.DataFrame, cell: IntArray, keys: list[str]) -> Iterator[str]:
    """Second amounts of one line and period."""
    again = rows[pd.Series(cell).duplicated().to_numpy()]
    for row, values in again.iterrows():
        line = ", ".join(str(values[key]) for key in keys) or "the line"
        yield f"months: row {row}: a second amount for {line} in {values['period']}. Add them up."
