"""Files as tables of text: the one place of the intake that opens a file."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from scenarios.intake.errors import IntakeError, Problem

ACCEPTED = (
    "an RVTools export (xlsx or its CSV files), a ledger (CSV or xlsx) or a workbook of study tables (xlsx or CSV)"
)
"""What the intake reads, in words."""

SEARCHED = 25
"""Rows at the top of a sheet in which the line of column names is looked for."""

_GIVE = f"Give {ACCEPTED}"
_MAGIC = (
    (b"PAR1", "is a Parquet file"),
    (b"%PDF", "is a PDF document"),
    (b"\x1f\x8b", "is a gzip archive"),
    (b"\x89PNG", "is a picture"),
    (b"\xff\xd8\xff", "is a picture"),
    (b"7z\xbc\xaf", "is a 7z archive"),
)
_AMOUNT = r"-?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d+)?"


@dataclass(frozen=True)
class Sheet:
    """One table as it stands in a file, before anything is believed."""

    file: str
    """How it is called in problems: `ledger.csv`, `estate.xlsx[vInfo]`."""
    name: str
    """Name of the tab; empty for a CSV file."""
    cells: list[list[object]]
    """The rows; they may differ in length."""
    lines: list[int]
    """Line of each row in the file (the first is 1)."""

    def find(self, wanted: Callable[[list[str]], bool]) -> int | None:
        """Position of the first row, near the top, whose texts are the column names that are wanted."""
        for i, row in enumerate(self.cells[:SEARCHED]):
            if wanted([text(c) for c in row]):
                return i
        return None

    def header(self, at: int) -> list[str]:
        """The texts of a row."""
        return [text(c) for c in self.cells[at]]

    def frame(self, at: int, keep: Sequence[int] | None = None) -> pd.DataFrame:
        """The rows below the column names, as text, without blank ones; index: their lines in the file.

        Args:
            at: position of the row of column names.
            keep: positions of the columns wanted; None for all that have a name.
        """
        header = self.header(at)
        kept = [i for i, h in enumerate(header) if h] if keep is None else list(keep)
        body = self.cells[at + 1 :]
        columns = {j: [text(row[i]) if i < len(row) else "" for row in body] for j, i in enumerate(kept)}
        frame = pd.DataFrame(columns, index=self.lines[at + 1 :], dtype=str)
        frame.columns = pd.Index([header[i] for i in kept])
        filled = pd.Series([any(c not in ("", None) for c in row) for row in body], index=frame.index, dtype=bool)
        return frame[filled]

    def ragged(self, at: int) -> list[Problem]:
        """Rows with more cells than there are column names: a stray separator moves every value after it."""
        width = len(self.cells[at])
        found = []
        for row, line in zip(self.cells[at + 1 :], self.lines[at + 1 :], strict=True):
            extra = [c for c in row[width:] if text(c)]
            if extra:
                rule = "Put text that holds the separator into quotes, or remove the stray separator"
                wrong = f"has {len(row)} cells where the line of column names has {width}"
                found.append(Problem(self.file, wrong, rule, row=line, value=text(extra[0])))
        return found


def open_file(path: Path) -> list[Sheet]:
    """Every table of a file that holds one or more: the tabs of a workbook, or the one of a CSV file.

    Raises:
        IntakeError: the file does not exist, is empty, or is neither; says what it is instead.
    """
    if path.is_dir():
        raise _refuse(path, "is a folder", "Name the files in it")
    if not path.exists():
        raise _refuse(path, "does not exist", "Check the name")
    content = path.read_bytes()
    if not content.strip():
        raise _refuse(path, "is empty", _GIVE)
    if content.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return _workbook(path, content)
    for magic, said in _MAGIC:
        if content.startswith(magic):
            raise _refuse(path, said, _GIVE)
    return [_csv(path, _decoded(path, content))]


def text(value: object) -> str:
    """A cell as it would stand in a CSV file: 5.0 is 5, dates are ISO, blanks around it are gone."""
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(sep=" ")
    return str(value).strip()


def numbers(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Text as numbers.

    Understood are `1234.5`, `1,234.50`, `$1,234`, `(1,234)` and `1,234-` for amounts below zero.

    Returns:
        The numbers, NaN where a cell is blank (or a lone dash) or not a number; and, per cell, whether it is not one.
    """
    bare = cells.astype(str).str.replace(r"[\s$\u00a0]", "", regex=True)
    blank = bare.isin(["", "-", "–", "—"])
    negative = bare.str.fullmatch(r"\(.*\)|.*\d-")
    bare = bare.mask(negative, "-" + bare.str.strip("()-"))
    fits = bare.str.fullmatch(_AMOUNT) & bare.str.contains(r"\d", regex=True)
    values = pd.to_numeric(bare.str.replace(",", "", regex=False).where(fits), errors="coerce").astype(float)
    wrong = ~blank & (values.isna() | values.abs().gt(1e300))
    return values.mask(wrong | blank), wrong


def slug(name: str, fallback: str = "unnamed") -> str:
    """A name as an identifier: lower-case letters, digits and underscores."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or fallback


def slugs(names: pd.Series, fallback: str = "unnamed") -> pd.Series:
    """Names as identifiers, worked out once per distinct name."""
    distinct = {name: slug(str(name), fallback) for name in names.unique()}
    return names.map(distinct).astype(str)


def distinct(ids: pd.Series) -> pd.Series:
    """Identifiers with `_2`, `_3`, ... after those that occur again, never the same as another one."""
    again = ids.groupby(ids).cumcount()
    if not again.any():
        return ids
    taken = set(ids)
    renamed = ids.astype(object).copy()
    for place in again.index[again > 0]:
        number = int(again.loc[place]) + 1
        while f"{ids.loc[place]}_{number}" in taken:
            number += 1
        renamed.loc[place] = f"{ids.loc[place]}_{number}"
        taken.add(str(renamed.loc[place]))
    return renamed.astype(str)


def _refuse(path: Path, wrong: str, remedy: str) -> IntakeError:
    return IntakeError([Problem(path.name, wrong, remedy)])


def _workbook(path: Path, content: bytes) -> list[Sheet]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            tabs = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except (CalamineError, OSError, ValueError):
        kind = "zip archive" if content.startswith(b"PK") else "binary file"
        raise _refuse(path, f"is a {kind}, not an Excel workbook", _GIVE) from None
    sheets = [
        Sheet(f"{path.name}[{name}]", name, [list(row) for row in rows], list(range(1, len(rows) + 1)))
        for name, rows in tabs.items()
    ]
    if not any(text(c) for sheet in sheets for row in sheet.cells[:SEARCHED] for c in row):
        raise _refuse(path, "is a workbook without any cells filled", _GIVE)
    return sheets


def _decoded(path: Path, content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if b"\0" in content[:65_536]:
        raise _refuse(path, "is a binary file, not text", _GIVE)
    try:
        said = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        said = content.decode("cp1252", errors="replace")
    if said.lstrip().lower().startswith(("<!doctype", "<html", "<?xml")):
        raise _refuse(path, "is a web page or XML, not a table", _GIVE)
    return said


def _csv(path: Path, said: str) -> Sheet:
    top = [line for line in said.splitlines()[:SEARCHED] if line.strip()]
    separator = max(",;\t|", key=lambda s: sum(line.count(s) for line in top))
    reader = csv.reader(io.StringIO(said, newline=""), delimiter=separator)
    cells: list[list[object]] = []
    lines: list[int] = []
    started = 1
    try:
        for row in reader:
            if row:
                cells.append(list(row))
                lines.append(started)
            started = reader.line_num + 1
    except csv.Error as error:
        raise IntakeError(
            [Problem(path.name, f"cannot be read as CSV ({error})", "Save it as CSV UTF-8", row=reader.line_num)]
        ) from None
    return Sheet(path.name, "", cells, lines)
