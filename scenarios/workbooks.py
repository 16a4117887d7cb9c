"""Tables as sheets of one xlsx workbook: read with calamine, written with XlsxWriter."""

from __future__ import annotations

import datetime
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from scenarios.errors import Problem, StudyError


def read_sheets(path: Path) -> dict[str, pd.DataFrame]:
    """Every sheet as a frame of text, named as its tab; the first row holds the column names, blank rows are left out.

    Raises:
        StudyError: the file is no workbook.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            rows = {
                name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in workbook.sheet_names
            }
    except (CalamineError, OSError, ValueError) as error:
        raise StudyError(
            [
                Problem(
                    path.name,
                    f"is not an xlsx workbook ({_brief(error)})",
                    "Save it as .xlsx, or give a folder of CSV files",
                )
            ]
        ) from None
    return {name: _frame(cells) for name, cells in rows.items()}


def write_sheets(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Writes tables as sheets, all or nothing; dates as text so that every program reads them alike."""
    import xlsxwriter

    handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".xlsx")
    os.close(handle)
    try:
        with xlsxwriter.Workbook(draft, {"strings_to_numbers": False, "nan_inf_to_errors": False}) as workbook:
            bold = workbook.add_format({"bold": True})
            for name, frame in tables.items():
                sheet = workbook.add_worksheet(name)
                sheet.write_row(0, 0, list(frame.columns), bold)
                sheet.freeze_panes(1, 1)
                for j, column in enumerate(frame.columns):
                    sheet.write_column(1, j, [cell(v) for v in frame[column]])
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)


def without_blank_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame of text without rows that say nothing; the index keeps their places in the file."""
    return frame[(frame != "").any(axis=1)]


def cell(value: object) -> object:
    """A value as a sheet holds it: missing as blank, dates as text."""
    if value is None or value is pd.NaT or value != value:
        return None
    if isinstance(value, (pd.Timestamp, datetime.date)):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, (bool, str)):
        return str(value).lower() if isinstance(value, bool) else value
    return value.item() if hasattr(value, "item") else value


def _brief(error: Exception) -> str:
    return str(error).splitlines()[0].strip().rstrip(".")[:120]


def _frame(cells: Sequence[Sequence[object]]) -> pd.DataFrame:
    if not cells:
        return pd.DataFrame()
    header = [_text(c) for c in cells[0]]
    frame = pd.DataFrame([[_text(c) for c in row] for row in cells[1:]], columns=header, dtype=str)
    frame = frame.loc[:, [h != "" for h in header]]
    return without_blank_rows(frame)


def _text(value: object) -> str:
    """A cell as it would stand in a CSV file: 5.0 is 5, dates are ISO."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(sep=" ")
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip()
