"""Past spending: the only reader and judge of the long table `keys..., period, amount`.

Amounts are nominal US dollars of the year in which they were spent; a fiscal year is named for the calendar year in
which it ends. A blank amount is a gap, which cleaning treats and lists; anything else that is not a number is an
error.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.arrays import FloatArray, IntArray
from forecast.errors import SpendingError

MEASURES = ("amount", "expended", "appropriated", "encumbered")
"""Columns that hold money and hence are never keys."""

ALL = "(all)"
"""Stands for every key of a row that is the total of all lines."""

LONGEST_HISTORY = 200
"""Years: more than any public account holds, so a wider span is a slip of the pen."""

RESERVED = re.compile(r"^(mean|(lo|hi)_\d+|found|treatment|before|after|line)$")
FISCAL_YEAR = re.compile(r"^(?:FY\s?)?(\d{1,4})(?:\.0+)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Ledger:
    """A spending table laid out as lines by years, sorted by key."""

    lines: pd.DataFrame
    """The keys: n rows, one text column a key (possibly none)."""
    years: IntArray
    """Fiscal years without a gap between first and last, (T,)."""
    amounts: FloatArray
    """USD, (n, T), NaN where the table has nothing."""
    frequency: str
    """Frequency of the periods, such as `Y-JUN`; empty where they are plain integers."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the key columns."""
        return tuple(self.lines.columns)

    def periods(self, years: IntArray) -> pd.Series:
        """Fiscal years as the table writes them: integers, or annual periods."""
        if not self.frequency:
            return pd.Series(years, dtype="int64", name="period")
        return annual_periods(years, self.frequency)

    def long(self, places: IntArray, years: IntArray, **columns: FloatArray | pd.Series) -> pd.DataFrame:
        """The long frame `keys..., period, columns...` of the lines at `places` in the given years, both (rows,)."""
        frame = self.lines.iloc[places].reset_index(drop=True)
        frame["period"] = self.periods(years)
        for name, values in columns.items():
            frame[name] = values
        return frame


def annual_periods(years: IntArray, frequency: str) -> pd.Series:
    """Fiscal years as annual pandas periods of a frequency such as `Y-JUN`, (rows,)."""
    distinct, place = np.unique(years, return_inverse=True)
    periods = pd.PeriodIndex([pd.Period(year=int(year), freq=frequency) for year in distinct], freq=frequency)
    return pd.Series(periods.take(place))


def read_spending(
    source: str | Path | pd.DataFrame,
    amount: str | None = None,
    *,
    period: str = "period",
    keys: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Read past spending into the long frame `keys..., period, amount`, sorted by keys and period.

    Args:
        source: a CSV file or a frame, one row a line and year, its columns in any order.
        amount: the column of dollars; by default `amount`, or `expended` where there is no `amount`.
        period: the column of fiscal years: integers (`2027`, as text also `FY2027`) or annual pandas periods (`Y-JUN`).
        keys: the columns that tell lines apart, as text; rows that agree in them are added up. By default every
            column that is neither the period nor money (`amount`, `expended`, `appropriated`, `encumbered`), and then
            two rows of one line and year are an error.

    Raises:
        SpendingError: with every problem of the table, each with its row: the line in a file (the header is line 1),
            the index label in a frame.
    """
    where, raw = _open(source)
    columns = [str(column) for column in raw.columns]
    raw = raw.set_axis(columns, axis=1)
    chosen = amount or next((name for name in MEASURES[:2] if name in columns), "amount")
    named = list(keys) if keys is not None else [name for name in columns if name not in (period, chosen, *MEASURES)]
    if problems := list(_column_problems(columns, chosen, period, named, len(raw))):
        raise SpendingError(where, problems)

    text = {key: _as_text(raw[key]) for key in named}
    years, frequency, year_problems = _read_years(raw[period])
    dollars, amount_problems = _read_amounts(raw[chosen])
    table = pd.DataFrame({**text, "period": years, "amount": dollars}, index=raw.index)
    problems = [*year_problems, *amount_problems, *_row_problems(table, named, summed=keys is not None)]
    if problems:
        raise SpendingError(where, problems)

    table["period"] = table["period"].astype("int64")
    if keys is not None:
        table = table.groupby([*named, "period"])["amount"].sum(min_count=1).reset_index()
    table = table.sort_values([*named, "period"], kind="stable", ignore_index=True)
    if frequency:
        table["period"] = annual_periods(table["period"].to_numpy(dtype=np.int64), frequency)
    return table


def lay_out(spending: pd.DataFrame) -> Ledger:
    """Lay a long frame, as `read_spending` returns it, out as lines by years."""
    keys = [str(column) for column in spending.columns[:-2]]
    period = spending["period"]
    frequency = _frequency(period)
    year = (period.dt.year if frequency else period).to_numpy(dtype=np.int64)
    years = np.arange(year.min(), year.max() + 1, dtype=np.int64)
    if keys:
        line = spending.groupby(keys, sort=True).ngroup().to_numpy()
        lines = spending[keys].drop_duplicates().sort_values(keys, ignore_index=True)
    else:
        line = np.zeros(len(spending), dtype=np.int64)
        lines = pd.DataFrame(index=range(1))
    amounts = np.full((len(lines), len(years)), np.nan)
    amounts[line, year - years[0]] = spending["amount"].to_numpy(dtype=np.float64)
    return Ledger(lines=lines, years=years, amounts=amounts, frequency=frequency)


def _open(source: str | Path | pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """The name that errors give the table, and its rows under the numbers that they cite."""
    if isinstance(source, pd.DataFrame):
        return "spending table", source
    path = Path(source)
    try:
        raw = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise SpendingError(path.name, [f"no such file: {path}. Check the path."]) from None
    except pd.errors.EmptyDataError:
        raise SpendingError(path.name, ["the file is empty. It needs a header and one row a line and year."]) from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise SpendingError(path.name, [f"not a CSV file in UTF-8 ({error}). Save it as one."]) from None
    return path.name, raw.set_axis(range(2, len(raw) + 2), axis=0)


def _column_problems(columns: list[str], amount: str, period: str, keys: list[str], rows: int) -> Iterator[str]:
    """Everything that is wrong with the header."""
    has = ", ".join(columns) or "none"
    for role, name in (("period", period), ("amount", amount)):
        if name not in columns:
            yield f"no column '{name}' (columns: {has}). Name the one that holds it with {role}='...'."
    for name in keys:
        if name not in columns:
            yield f"no column '{name}' to tell lines apart (columns: {has}). Correct `keys`."
        elif RESERVED.match(name):
            yield f"column '{name}' bears a name that the outlook uses itself. Rename it."
    for name in sorted({name for name in columns if columns.count(name) > 1}):
        yield f"column '{name}' stands there twice. Rename or remove one."
    if not rows:
        yield "there are no rows. It needs one a line and year."


def _as_text(column: pd.Series) -> pd.Series:
    """Keys as text; a missing key is the empty text."""
    return column.astype("object").where(column.notna(), "").astype("str").str.strip()


def _read_years(column: pd.Series) -> tuple[pd.Series, str, list[str]]:
    """Fiscal years as numbers (NaN where unreadable), their frequency if they are periods, and what is wrong."""
    if column.dtype == object and column.map(lambda value: isinstance(value, pd.Period)).all():
        column = pd.Series(pd.PeriodIndex(column), index=column.index, name=column.name)
    if frequency := _frequency(column):
        if not frequency.startswith("Y-"):
            fault = f"column '{column.name}': periods of frequency {frequency}. Add them up to fiscal years first."
            return pd.Series(np.nan, index=column.index), "", [fault]
        return column.dt.year.astype("float64"), frequency, _unreadable_years(column, column.isna())
    if pd.api.types.is_integer_dtype(column.dtype) and not column.isna().any():
        years = column.astype("float64")
    else:
        years = (
            column.astype("str").str.strip().str.extract(FISCAL_YEAR.pattern, flags=re.IGNORECASE)[0].astype("float64")
        )
    return years, "", _unreadable_years(column, ~years.between(1, 9999))


def _frequency(column: pd.Series) -> str:
    """Frequency of a column of pandas periods, such as `Y-JUN`; empty for any other column."""
    periods = isinstance(column.dtype, pd.PeriodDtype)
    return str(column.dtype).removeprefix("period[").removesuffix("]") if periods else ""


def _unreadable_years(column: pd.Series, wrong: pd.Series) -> list[str]:
    """One problem a row whose period is not a fiscal year."""
    return [
        f"row {row}, column '{column.name}': '{_shown(value)}' is not a fiscal year. Write one such as 2027."
        for row, value in column[wrong].items()
    ]


def _read_amounts(column: pd.Series) -> tuple[pd.Series, list[str]]:
    """Dollars (NaN where blank or unreadable), and what is wrong."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        dollars = column.astype("float64")
        blank = column.isna()
    else:
        text = _as_text(column)
        dollars, blank = pd.to_numeric(text, errors="coerce").astype("float64"), text == ""
    wrong = ~np.isfinite(dollars) & ~blank
    problems = [
        f"row {row}, column '{column.name}': '{_shown(value)}' is not a number. Write plain dollars such as 1250000."
        for row, value in column[wrong].items()
    ]
    if not problems and len(column) and blank.all():
        problems = [f"column '{column.name}': every amount is blank. At least one must be known."]
    return dollars.where(~wrong), problems


def _row_problems(table: pd.DataFrame, keys: list[str], *, summed: bool) -> Iterator[str]:
    """Rows that cannot stand together."""
    years = table["period"].dropna()
    if len(years) and years.max() - years.min() >= LONGEST_HISTORY:
        span = f"{years.min():.0f} to {years.max():.0f}"
        yield f"column 'period': {span} is more than {LONGEST_HISTORY} years. Check the first and the last."
    if keys:
        for row in table.index[(table[keys] == ALL).all(axis=1)]:
            yield f"row {row}: every key is '{ALL}', which stands for the total. Leave totals out."
    if not summed:
        known = table[table["period"].notna()]
        again = known.duplicated([*keys, "period"])
        for row, values in known[again].iterrows():
            line = ", ".join(str(values[key]) for key in keys) or "the line"
            yield f"row {row}: a second amount for {line} in {values['period']:.0f}. Add them up, or name `keys`."


def _shown(value: object) -> str:
    """A cell as an error cites it."""
    return "" if value is None or value is pd.NaT or value != value else str(value)
