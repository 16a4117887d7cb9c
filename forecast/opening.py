"""Opening a table: a CSV, Parquet or xlsx file, or a frame, as cells whose rows bear the numbers that errors cite.

That is the line in a CSV file or a sheet (the header is line 1), a count from 1 in a Parquet file, the index label in a
frame.
"""

import csv
import zipfile
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from forecast.arrays import BoolArray
from forecast.cells import shown
from forecast.errors import SpendingError

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
    names = ["" if shown(value) == "" else str(value).strip() for value in cells.iloc[0]]
    cells = cells.iloc[1:].set_axis(names, axis=1)
    keep = [bool(name) or not _blank(cells.iloc[:, place]).all() for place, name in enumerate(names)]
    return cells if all(keep) else cells.loc[:, keep]


def _blank(column: pd.Series) -> BoolArray:
    """Whether each cell holds nothing."""
    return np.asarray(column.isna() | (column == ""), dtype=np.bool_)


def _said(error: Exception) -> str:
    """What another library says, in one line."""
    return " ".join(str(error).split()).rstrip(".")
