r"""Past spending: the only reader and judge of the long table `keys..., period, amount`.

Amounts are nominal US dollars of the period in which they were spent; a fiscal year is named for the calendar year in
which it ends. A blank amount is a gap, which cleaning treats and lists; anything else that is not a number is an
error.

Periods are fiscal years, quarters or months. With months $m$ counted from January 1970, $k$ months a period and $e$
the month (1 to 12) in which the fiscal year ends, step $s$ of a frequency begins in month

$$m = k s + e - 12$$

so that months, quarters and years are told apart and added up by whole-number arithmetic. Steps are pandas ordinals,
except that a fiscal year's step is the year itself.
"""

import csv
import difflib
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.arrays import BoolArray, FloatArray, IntArray
from forecast.errors import SpendingError

MEASURES = ("amount", "expended", "appropriated", "encumbered")
"""Columns that hold money and hence are never keys."""

ALL = "(all)"
"""Stands for every key of a row that is the total of all lines."""

LONGEST_HISTORY = 200
"""Years: more than any public account holds, so a wider span is a slip of the pen."""

RESERVED = re.compile(r"^(mean|(lo|hi)_\d+|found|treatment|before|after|line|period|amount)$")

MOST_NUMBERS = 2**40
"""Of lines; times the days of ten thousand years (less than 2^22) it is less than 2^63."""

NAMED = 3
"""Missing periods that a notice names; the rest are counted."""

EPOCH = 1970
"""The year from which pandas counts periods."""

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)

Days = NDArray[np.datetime64]
"""Dates of whole days, NaT where there is none."""


@dataclass(frozen=True)
class Frequency:
    """Fiscal years, quarters or months."""

    months: int
    """Months a period: 12, 3 or 1."""
    end: int = 12
    """The month, 1 to 12, in which the fiscal year ends."""

    @property
    def name(self) -> str:
        """As pandas names it: `Y-JUN`, `Q-JUN`, `M`."""
        return "M" if self.months == 1 else f"{'Y' if self.months == 12 else 'Q'}-{MONTHS[self.end - 1]}"

    @property
    def noun(self) -> str:
        """What its periods are called."""
        return {12: "fiscal years", 3: "quarters", 1: "months"}[self.months]

    @property
    def _base(self) -> int:
        return EPOCH if self.months == 12 else 0

    def first_month(self, steps: IntArray) -> IntArray:
        """The month, counted from January 1970, in which each step begins."""
        return (steps - self._base) * self.months + self.end - 12

    def holding(self, months: IntArray) -> IntArray:
        """The step that holds each month."""
        return (months - self.end + 12) // self.months + self._base

    def index(self, steps: IntArray) -> pd.PeriodIndex:
        """Steps as pandas periods."""
        return pd.PeriodIndex(pd.arrays.PeriodArray(steps - self._base, dtype=pd.PeriodDtype(self.name)))

    def steps(self, index: pd.PeriodIndex) -> IntArray:
        """Pandas periods as steps."""
        return np.asarray(index.asi8, dtype=np.int64) + self._base

    def splits(self, coarse: "Frequency") -> bool:
        """Whether periods of `coarse` are made up of whole ones of this frequency."""
        return self.months <= coarse.months and (self.end - coarse.end) % self.months == 0


FREQUENCIES = {
    frequency.name: frequency
    for frequency in (Frequency(1), *(Frequency(months, end) for months in (3, 12) for end in range(1, 13)))
}
"""Every frequency that a table may have, by its pandas name."""


@dataclass(frozen=True)
class Ledger:
    """A spending table laid out as lines by periods, sorted by key."""

    lines: pd.DataFrame
    """The keys: n rows, one text column a key (possibly none)."""
    steps: IntArray
    """Periods without a gap between first and last, consecutive whole numbers, (T,): fiscal years, plain integers, or
    pandas ordinals of quarters and months."""
    amounts: FloatArray
    """USD, (n, T), NaN where the table has nothing."""
    frequency: str
    """Frequency of the periods, such as `Y-JUN`, `Q-JUN` or `M`; empty where they are plain integers."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the key columns."""
        return tuple(self.lines.columns)

    @property
    def season(self) -> int:
        """Periods a year: 12, 4 or 1; plain integers are taken for years."""
        return 12 // FREQUENCIES[self.frequency].months if self.frequency else 1

    def periods(self, steps: IntArray) -> pd.Series:
        """Steps, (rows,), as the table writes them: integers, or pandas periods."""
        return _as_periods(steps, FREQUENCIES.get(self.frequency))

    def steps_of(self, periods: pd.Series) -> IntArray:
        """Periods, (rows,), as steps: the inverse of `periods`, in which whole numbers are also fiscal years.

        Raises:
            SpendingError: for periods of another frequency.
        """
        name = _period_name(periods)
        if name == self.frequency or (not self.frequency and name.startswith("Y-")):
            return _as_steps(periods)
        if not name and self.frequency.startswith("Y-"):
            return _as_steps(periods)
        raise SpendingError("periods", [f"{_kind_of(name)} are not the {_kind_of(self.frequency)} of the table."])

    def long(self, places: IntArray, steps: IntArray, **columns: FloatArray | pd.Series) -> pd.DataFrame:
        """The long frame `keys..., period, columns...` of the lines at `places` in the given steps, both (rows,)."""
        frame = self.lines.iloc[places].reset_index(drop=True)
        frame["period"] = self.periods(steps)
        for name, values in columns.items():
            frame[name] = values
        return frame


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
    texts = pd.DataFrame({key: _as_text(raw[key]) for key in named}, index=raw.index)
    periods = _read_periods(raw[period], asked)
    dollars, amount_problems = _read_amounts(raw[chosen])
    table = _Table(raw.index, texts, _number_lines(texts), period, periods, dollars)
    problems = [*periods.problems, *amount_problems, *_row_problems(table, summed=keys is not None)]
    if problems:
        raise SpendingError(where, problems)

    cells, notices = _add_up(table, asked, where)
    result = pd.DataFrame({key: _chosen(texts[key], cells.rows) for key in texts}, index=range(len(cells.rows)))
    result["period"] = _as_periods(cells.steps, asked or periods.frequency)
    result["amount"] = cells.amounts
    earlier = raw.attrs.get("notices")
    result.attrs = {"notices": [*(earlier if isinstance(earlier, list) else ()), *notices]}
    return result


def lay_out(spending: pd.DataFrame) -> Ledger:
    """Lay a long frame out as lines by periods; it must be as `read_spending` returns it, sorted above all."""
    keys = [str(column) for column in spending.columns[:-2]]
    step = _as_steps(spending["period"])
    steps = np.arange(step.min(), step.max() + 1, dtype=np.int64)
    begins = np.zeros(len(spending), dtype=np.bool_)
    begins[0] = True
    for key in keys:
        begins |= (spending[key] != spending[key].shift()).to_numpy(dtype=np.bool_)
    lines = spending.loc[begins, keys].reset_index(drop=True)
    amounts = np.full((len(lines), len(steps)), np.nan)
    amounts[begins.cumsum() - 1, step - steps[0]] = spending["amount"].to_numpy(dtype=np.float64)
    return Ledger(lines=lines, steps=steps, amounts=amounts, frequency=_period_name(spending["period"]))


def line_index(lines: pd.DataFrame) -> pd.Index:
    """Lines, a row each and a column a key, as an index: plain for one key, a `MultiIndex` for several."""
    if len(lines.columns) > 1:
        return pd.MultiIndex.from_frame(lines)
    return pd.Index(lines.iloc[:, 0]) if len(lines.columns) else pd.RangeIndex(1)


def as_text(column: pd.Series) -> pd.Series:
    """Cells as text without blanks around it; a missing one is the empty text."""
    return _as_text(column).astype("str")


def distinct_lines(table: pd.DataFrame, keys: Sequence[str]) -> tuple[pd.DataFrame, IntArray]:
    """The lines of a table, sorted, their keys as text, and the place of each row among them."""
    texts = pd.DataFrame({key: _as_text(table[key]) for key in keys}, index=table.index)
    _, first, place = np.unique(_number_lines(texts), return_index=True, return_inverse=True)
    return pd.DataFrame({key: _chosen(texts[key], first) for key in keys}, index=range(len(first))), place


def find_lines(rows: pd.DataFrame, lines: pd.DataFrame) -> IntArray:
    """Place among `lines` of each row of a frame that has their keys, -1 if it is none of them."""
    if not len(lines.columns):
        return np.zeros(len(rows), dtype=np.int64)
    return line_index(lines).get_indexer(line_index(rows[list(lines.columns)])).astype(np.int64)


# Files


SUFFIXES = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), "CSV"),
    **dict.fromkeys((".parquet", ".pq"), "Parquet"),
    **dict.fromkeys((".xlsx", ".xlsm"), "xlsx"),
}
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
"""Suffixes of packed CSV files, which pandas unpacks."""
SIGNATURES = {b"PAR1": "Parquet", b"PK\x03\x04": "xlsx", b"\xd0\xcf\x11\xe0": "xls"}
"""The first four bytes of a file, and what it is then."""
SEPARATORS = ",;\t|"
SNIFFED = 20
"""Lines in which the header of a CSV file is looked for."""
EMPTY = "the file is empty. It needs a header and one row a line and period."


def read_cells(path: str | Path) -> pd.DataFrame:
    """Any table's cells as they stand in a CSV, Parquet or xlsx file, in the sheet with a column `period`.

    Raises:
        SpendingError: for a file that cannot be read.
    """
    return open_table(Path(path))[1]


def open_table(
    source: str | Path | pd.DataFrame, period: str = "period", sheet: str | None = None
) -> tuple[str, pd.DataFrame]:
    """The name that errors give the table, and its rows under the numbers that they cite."""
    if isinstance(source, pd.DataFrame):
        if sheet is not None:
            raise SpendingError("spending table", [f"a frame has no sheet '{sheet}'. Leave out `sheet`."])
        return "spending table", source
    path = Path(source)
    kind = _kind(path)
    if sheet is not None and kind != "xlsx":
        raise SpendingError(path.name, [f"a {kind} file has no sheet '{sheet}'. Leave out `sheet`."])
    raw = (
        {"CSV": _open_csv, "Parquet": _open_parquet}[kind](path) if kind != "xlsx" else _open_xlsx(path, period, sheet)
    )
    return path.name, raw


def _kind(path: Path) -> str:
    """What a file is, by its suffix and its first bytes, which must agree."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except FileNotFoundError:
        raise SpendingError(path.name, [f"no such file: {path}. Check the path."]) from None
    except OSError as error:
        raise SpendingError(path.name, [f"cannot be opened ({error.strerror}). Name a file."]) from None
    suffix = path.suffix.lower()
    said, holds = SUFFIXES.get(suffix), SIGNATURES.get(start, "CSV")
    if not start:
        raise SpendingError(path.name, [EMPTY])
    if suffix in PACKED:
        return "CSV"
    if holds == "xls":
        raise SpendingError(path.name, ["a workbook of before Excel 2007. Save it as .xlsx."])
    if said and said != holds:
        content = "text" if holds == "CSV" else holds
        raise SpendingError(
            path.name, [f"not {said}, which its suffix says: it holds {content}. Rename it to .{holds.lower()}."]
        )
    return holds


def _open_csv(path: Path) -> pd.DataFrame:
    """Cells as text; the index is the line in the file."""
    try:
        top = _csv_cells(path, "\x1f", quoting=csv.QUOTE_NONE, names=[0], nrows=SNIFFED)[0].fillna("").str.strip()
        blank = int(top.eq("").cumprod().sum())
        separator = max(SEPARATORS, key=str(top.iloc[min(blank, len(top) - 1)]).count)
        cells = _csv_cells(path, separator, skiprows=blank)
    except pd.errors.EmptyDataError:
        raise SpendingError(path.name, [EMPTY]) from None
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise SpendingError(path.name, [f"not a CSV file in UTF-8 ({_said(error)}). Save it as one."]) from None
    line = np.arange(len(cells), dtype=np.int64) + blank + 1
    if path.read_bytes().count(b"\n") > blank + len(cells):
        breaks = [cells[place].fillna("").str.count("\n").to_numpy(dtype=np.int64) for place in cells.columns]
        within = np.sum(breaks, axis=0)
        line += np.cumsum(within) - within
    return _with_header(cells.set_axis(line, axis=0))


def _csv_cells(
    path: Path,
    separator: str,
    *,
    names: list[int] | None = None,
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL,
    nrows: int | None = None,
    skiprows: int = 0,
) -> pd.DataFrame:
    """Every cell as text, the header and blank lines among them."""
    return pd.read_csv(
        path,
        sep=separator,
        header=None,
        names=names,
        dtype="str",
        keep_default_na=False,
        skip_blank_lines=False,
        encoding="utf-8-sig",
        quoting=quoting,
        nrows=nrows,
        skiprows=skiprows,
    )


def _open_parquet(path: Path) -> pd.DataFrame:
    """A frame with rows counted from 1; an index that has names is columns."""
    try:
        raw = pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise SpendingError(path.name, [f"not a Parquet file ({_said(error)}). Write it again."]) from None
    if any(name is not None for name in raw.index.names):
        raw = raw.reset_index()
    return raw.set_axis(range(1, len(raw) + 1), axis=0)


def _open_xlsx(path: Path, period: str, sheet: str | None) -> pd.DataFrame:
    """Cells of the asked sheet, or else of the first one with a column of periods; the index is the row in it."""
    from python_calamine import CalamineError

    read: list[pd.DataFrame] = []
    try:
        with pd.ExcelFile(path, engine="calamine") as book:
            names = [str(name) for name in book.sheet_names]
            for name in names if sheet is None else {sheet} & {*names}:
                cells = pd.read_excel(book, sheet_name=name, header=None, dtype=object, keep_default_na=False)
                read.append(_with_header(cells.set_axis(range(1, len(cells) + 1), axis=0)))
                if period in read[-1].columns:
                    return read[-1]
    except (CalamineError, ValueError, OSError) as error:
        raise SpendingError(path.name, [f"not an xlsx workbook ({_said(error)}). Save it as one."]) from None
    if not read:
        raise SpendingError(path.name, [f"no sheet '{sheet}' (sheets: {', '.join(names)}). Correct `sheet`."])
    return read[0]


def _with_header(cells: pd.DataFrame) -> pd.DataFrame:
    """The first row that holds anything as the header; rows and unnamed columns that hold nothing are left out."""
    blank = _blank(cells.iloc[:, 0]) if cells.shape[1] else np.ones(len(cells), dtype=np.bool_)
    doubtful = cells[blank]
    empty = np.logical_and.reduce([_blank(doubtful[place]) for place in cells.columns]) if len(doubtful) else []
    cells = cells.drop(index=doubtful.index[empty]) if np.any(empty) else cells
    if cells.empty:
        return pd.DataFrame()
    names = ["" if _shown(value) == "" else str(value).strip() for value in cells.iloc[0]]
    cells = cells.iloc[1:].set_axis(names, axis=1)
    keep = [bool(name) or not _blank(cells.iloc[:, place]).all() for place, name in enumerate(names)]
    return cells if all(keep) else cells.loc[:, keep]


def _blank(column: pd.Series) -> BoolArray:
    """Whether each cell holds nothing."""
    return np.asarray(column.isna() | (column == ""), dtype=np.bool_)


# Columns


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


def _as_text(column: pd.Series) -> pd.Series:
    """A column as a categorical of sorted text without blanks around it; a missing value is the empty text."""
    if column.dtype == object:
        column = column.where(column.notna(), "").astype("str")
    codes, distinct = pd.factorize(column)  # -1 where missing, which is the place of the last text
    text = pd.concat([pd.Series(distinct).astype("object").astype("str").str.strip(), pd.Series([""])])
    places, texts = pd.factorize(text, sort=True)
    return pd.Series(pd.Categorical.from_codes(places[codes], categories=pd.Index(texts)), index=column.index)


def _chosen(text: pd.Series, rows: IntArray) -> pd.Series:
    """Some rows of a categorical of text as plain text."""
    return pd.Series(text.cat.categories.take(text.cat.codes.to_numpy()[rows]), dtype="str")


def _read_amounts(column: pd.Series) -> tuple[FloatArray, list[str]]:
    """Dollars, (rows,), NaN where blank or unreadable, and what is wrong."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        dollars, blank = column.to_numpy(dtype=np.float64, na_value=np.nan), column.isna().to_numpy()
    else:
        text = (column.where(column.notna(), "") if column.dtype == object else column.fillna("")).astype("str")
        text = text.str.strip()
        blank = (text == "").to_numpy(dtype=np.bool_)
        dollars = _floats(text.mask(blank, "nan") if blank.any() else text)
    wrong = ~np.isfinite(dollars) & ~blank
    problems = [
        f"row {row}, column '{column.name}': '{_shown(value)}' is not a number. Write plain dollars such as 1250000."
        for row, value in column[wrong].items()
    ]
    if not problems and len(column) and blank.all():
        problems = [f"column '{column.name}': every amount is blank. At least one must be known."]
    return np.where(wrong, np.nan, dollars), problems


def _floats(text: pd.Series) -> FloatArray:
    """Text as numbers, NaN where it is none: at once where all are, else by the slower way that tells."""
    try:
        return np.asarray(text.to_numpy(dtype=object).astype(np.float64), dtype=np.float64)
    except ValueError:
        return pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)


# Periods


@dataclass(frozen=True)
class _Periods:
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
        return _labels(self.steps[rows], self.frequency)


def _read_periods(column: pd.Series, asked: Frequency | None) -> _Periods:
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


def _read_pandas_periods(column: pd.Series, asked: Frequency | None) -> _Periods:
    """Pandas periods as steps."""
    name = _period_name(column)
    if name == "D":
        return _from_dates(column, column.dt.to_timestamp().to_numpy().astype("datetime64[D]"), asked)
    frequency = FREQUENCIES.get(name)
    readable = column.notna().to_numpy()
    if frequency is None:
        fault = f"column '{column.name}': periods of frequency {name}. Make them fiscal years, quarters or months."
        return _Periods(np.zeros(len(column), dtype=np.int64), np.zeros_like(readable), None, problems=[fault])
    problems = [
        *_unreadable(column, readable, STYLES[{12: 0, 3: 1, 1: 2}[frequency.months]]),
        *_misfit(column, frequency, asked),
    ]
    steps = np.where(readable, frequency.steps(pd.PeriodIndex(column)), 0)
    return _Periods(steps, readable, frequency, problems=problems)


def _read_text(column: pd.Series, asked: Frequency | None) -> _Periods:
    """Periods in writing as steps; every style is tried on the distinct texts, and the commonest is the column's."""
    text = _as_text(column).cat
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
    if style.noun == "date":
        days = np.where(readable, steps.astype("datetime64[D]"), np.datetime64("NaT"))
        return _from_dates(column, days, asked, problems)
    frequency, notices = _frequency_of(style, distinct[styled[kind]], asked)
    problems += _misfit(column, frequency or Frequency(12, asked.end if asked else 12), asked)
    return _Periods(steps, readable, frequency, problems=problems, notices=notices)


def _frequency_of(style: "_Style", texts: pd.Series, asked: Frequency | None) -> tuple[Frequency | None, list[str]]:
    """The frequency of periods in writing, None for plain integers, and what was taken for granted."""
    if style.noun == "month":
        return Frequency(1), []
    if style.noun == "fiscal year":
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
        what = f"{frequency.noun} cannot be split into {_kind_of(asked.name)}. Leave out `freq`."
    else:
        nearest = replace(asked, end=frequency.end).name
        what = f"{_kind_of(frequency.name)} do not make up {_kind_of(asked.name)}. Write freq='{nearest}'."
    yield f"column '{column.name}': {what}"


def _unreadable(
    column: pd.Series, readable: BoolArray, style: "_Style", kinds: IntArray | None = None
) -> Iterator[str]:
    """One problem a row whose period is not what the column holds, (rows,); `kinds` are their own styles, or -1."""
    wrong = np.flatnonzero(~readable)
    for place, row, value in zip(wrong, column.index[wrong], column.iloc[wrong], strict=True):
        other = -1 if kinds is None else int(kinds[place])
        if other < 0:
            what = f"is not a {style.noun}. Write one such as {style.example}."
        else:
            what = f"is a {STYLES[other].noun} where most rows hold {style.noun}s. Write all alike, as {style.example}."
        yield f"row {row}, column '{column.name}': '{_shown(value)}' {what}"


def _from_dates(
    column: pd.Series, days: Days, asked: Frequency | None, faults: Sequence[str] | None = None
) -> _Periods:
    """Dates, (rows,), as steps of the asked frequency, or of the one that they seem to have."""
    readable = ~np.isnat(days)
    problems = list(_unreadable(column, readable, STYLES[DATE]) if faults is None else faults)
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
        return _Periods(month, readable, Frequency(1), days=day, problems=problems, notices=[said])
    if asked and asked.months <= own.months:
        return _Periods(asked.holding(month), readable, asked, problems=problems)
    problems += _misfit(column, own, asked)
    if asked and own.months == 3 and own.splits(asked):
        own = replace(own, end=asked.end)
    notices = []
    if own.months > 1 and asked is None:
        notices = [
            f"Dates are read as the {own.noun} ({own.name}) that hold them; `freq` gives them another frequency."
        ]
    return _Periods(own.holding(month), readable, own, problems=problems, notices=notices)


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


class _Style(NamedTuple):
    """A way to write periods."""

    noun: str
    example: str
    read: Callable[[pd.Series], FloatArray]
    """Text to fiscal years, ordinals of quarters or months, or days since 1970; NaN where it is written otherwise."""


def _fiscal_years(text: pd.Series) -> FloatArray:
    """`2027`, `2027.0`, `FY2027`, and `FY27`, in which 69 to 99 are of the last century as in POSIX."""
    said = text.str.extract(r"^FY\s?(\d{2}|\d{4})$", flags=re.IGNORECASE)[0]
    plain = _number(text.str.extract(r"^(\d{1,4})(?:\.0+)?$")[0])
    century = np.select([said.str.len() != 2, _number(said) < 69], [0, 2000], 1900)
    year = np.where(said.isna(), plain, _number(said) + century)
    return np.where(year >= 1, year, np.nan)


def _quarters(text: pd.Series) -> FloatArray:
    """`2027Q1`, `2027-Q1`, `FY2027 Q1`; `Q1 2027`."""
    behind = text.str.extract(r"^(?:FY\s?)?(?P<year>\d{4})[\s-]?Q(?P<quarter>[1-4])$", flags=re.IGNORECASE)
    before = text.str.extract(r"^Q(?P<quarter>[1-4])[\s-]?(?:FY\s?)?(?P<year>\d{4})$", flags=re.IGNORECASE)
    found = behind.fillna(before)
    return (_number(found["year"]) - EPOCH) * 4 + _number(found["quarter"]) - 1


def _months(text: pd.Series) -> FloatArray:
    """`2026-07`; `07/2026`; `Jul 2026`, `July 2026`."""
    behind = text.str.extract(r"^(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])$")
    before = text.str.extract(r"^(?P<month>0?[1-9]|1[0-2])/(?P<year>\d{4})$")
    named = text.str.extract(r"^(?P<month>[A-Z]+)\.?[\s-](?P<year>\d{4})$", flags=re.IGNORECASE)
    numbers = {name[:length]: str(place) for place, name in enumerate(MONTH_NAMES, 1) for length in (3, 9)}
    named["month"] = named["month"].str.lower().map({**numbers, "sept": "9"}).astype("str")
    found = behind.fillna(before).fillna(named)
    return (_number(found["year"]) - EPOCH) * 12 + _number(found["month"]) - 1


def _dates(text: pd.Series) -> FloatArray:
    """`2026-07-01`, with or without a time of day."""
    found = text.str.extract(r"^(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}.*)?$")[0]
    days = pd.to_datetime(found, format="%Y-%m-%d", errors="coerce").to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(np.int64))


def _number(text: pd.Series) -> FloatArray:
    """Digits as numbers, NaN where there are none."""
    return pd.to_numeric(text).to_numpy(dtype=np.float64, na_value=np.nan)


STYLES = (
    _Style("fiscal year", "2027", _fiscal_years),
    _Style("quarter", "2027Q1", _quarters),
    _Style("month", "2026-07", _months),
    _Style("date", "2026-07-01", _dates),
)
DATE = 3
"""Place of dates among them."""


def _as_periods(steps: IntArray, frequency: Frequency | None) -> pd.Series:
    """Steps as a column of pandas periods; as integers where they have no frequency."""
    if frequency is None:
        return pd.Series(steps, dtype="int64", name="period")
    return pd.Series(frequency.index(steps), name="period")


def _as_steps(periods: pd.Series) -> IntArray:
    """The inverse of `_as_periods`."""
    frequency = FREQUENCIES.get(_period_name(periods))
    return frequency.steps(pd.PeriodIndex(periods)) if frequency else periods.to_numpy(dtype=np.int64)


def _kind_of(name: str) -> str:
    """What periods of a frequency are called, with its name."""
    return f"{FREQUENCIES[name].noun} ({name})" if name in FREQUENCIES else f"periods ({name})" if name else "integers"


def _period_name(column: pd.Series) -> str:
    """Frequency of a column of pandas periods, such as `Y-JUN`; empty for any other column."""
    periods = isinstance(column.dtype, pd.PeriodDtype)
    return str(column.dtype).removeprefix("period[").removesuffix("]") if periods else ""


def _labels(steps: IntArray, frequency: Frequency | None) -> list[str]:
    """Steps as errors and notices write them."""
    if frequency is None:
        return [str(step) for step in steps]
    return [f"FY{step}" for step in steps] if frequency.months == 12 else [str(step) for step in frequency.index(steps)]


# Rows


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
    periods: _Periods
    amounts: FloatArray


def _number_lines(keys: pd.DataFrame) -> IntArray:
    """Numbers of lines in the order of their keys, (rows,), small enough to be multiplied by a number of periods."""
    lines, count = np.zeros(len(keys), dtype=np.int64), 1
    for name in keys:
        texts = keys[name].cat
        lines = lines * len(texts.categories) + texts.codes.to_numpy(dtype=np.int64)
        count *= max(1, len(texts.categories))
        if count > MOST_NUMBERS:
            lines = np.unique(lines, return_inverse=True)[1]
            count = len(lines)
    return lines


def _row_problems(table: _Table, *, summed: bool) -> Iterator[str]:
    """Rows that cannot stand together."""
    periods = table.periods
    steps = periods.steps[periods.readable]
    season = 12 // periods.frequency.months if periods.frequency else 1
    if len(steps) and steps.max() - steps.min() >= LONGEST_HISTORY * season:
        span = " to ".join(_labels(np.array([steps.min(), steps.max()]), periods.frequency))
        yield f"column '{table.column}': {span} is more than {LONGEST_HISTORY} years. Check the first and the last."
    if len(table.keys.columns):
        totals = np.logical_and.reduce([(table.keys[name] == ALL).to_numpy() for name in table.keys])
        for row in table.rows[totals]:
            yield f"row {row}: every key is '{ALL}', which stands for the total. Leave totals out."
    if not summed:
        again = _again(table)
        texts = [_chosen(table.keys[name], again) for name in table.keys]
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


# Adding up


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
    missing = _labels(np.setdiff1d(parts, known), own)
    named = ", ".join(missing[:NAMED]) + (f" and {len(missing) - NAMED} more" if len(missing) > NAMED else "")
    return f"{_labels(np.array([step]), asked)[0]} is left out: nothing is known of {named} of its {need} {own.noun}."


def _count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _shown(value: object) -> str:
    """A cell as an error cites it."""
    return "" if value is None or value is pd.NaT or value is pd.NA or value != value else str(value)


def _said(error: Exception) -> str:
    """What another library says, in one line."""
    return " ".join(str(error).split()).rstrip(".")
