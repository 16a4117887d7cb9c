"""What a file is, told by what stands in it and not by how it is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from scenarios.intake import ledger, rvtools
from scenarios.intake.errors import IntakeError, Problem
from scenarios.intake.sheets import ACCEPTED, Sheet, open_file, text
from scenarios.tables import TABLES

Kind = Literal["rvtools", "ledger", "workbook"]
"""`rvtools`: tabs of an RVTools export; `ledger`: amounts by year and agency; `workbook`: tables of a study."""

SHOWN = 8
"""How many column names a refusal quotes."""


def sniff(path: Path | str) -> Kind:
    """What a file, or a folder of CSV files, is.

    Raises:
        IntakeError: it is none of what the intake reads; says what was found and what is accepted.
    """
    path = Path(path)
    return kind_of([sheet for file in files_of(path) for sheet in open_file(file)], path.name)


def files_of(path: Path) -> list[Path]:
    """The file itself; of a folder, its CSV files and workbooks.

    Raises:
        IntakeError: a folder without any such file.
    """
    if not path.is_dir():
        return [path]
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in {".csv", ".tsv", ".txt", ".xlsx", ".xls"})
    if not files:
        raise IntakeError([Problem(path.name, "is a folder without CSV files or workbooks", f"Give {ACCEPTED}")])
    return files


def kind_of(sheets: Sequence[Sheet], file: str) -> Kind:
    """What the tables of one file are, together.

    Raises:
        IntakeError: none of what the intake reads.
    """
    if any(study_table(sheet) for sheet in sheets):
        return "workbook"
    tabs = {rvtools.tab(s.header(i), s.name) for s in sheets for i in range(min(3, len(s.cells)))}
    if tabs & {"vInfo", "vPartition"}:
        return "rvtools"
    if any(sheet.find(ledger.is_ledger) is not None for sheet in sheets):
        return "ledger"
    if any(sheet.find(ledger.nearly_ledger) is not None for sheet in sheets):
        return "ledger"
    raise IntakeError([Problem(file, f"is not recognised: {_found(sheets)}", f"Give {ACCEPTED}")])


def study_table(sheet: Sheet) -> str:
    """The table of a study that a sheet is, or empty: by its tab and a column, or (in a CSV file) by all columns."""
    if not sheet.cells:
        return ""
    headers = {text(c) for c in sheet.cells[0]} - {""}
    if sheet.name:
        table = TABLES.get(sheet.name)
        if sheet.name == "study" and {"key", "value"} <= headers:
            return "study"
        return sheet.name if table and headers & set(table.names) else ""
    fits = [n for n, t in TABLES.items() if _required(n) <= headers <= set(t.names)]
    # spending by year and by month have like columns: the first period tells them apart
    return "months" if "months" in fits and _by_month(sheet) else next(iter(fits), "")


def _by_month(sheet: Sheet) -> bool:
    """Whether the first period of a sheet is a month."""
    place = [text(c) for c in sheet.cells[0]].index("period")
    first = next((text(row[place]) for row in sheet.cells[1:] if len(row) > place), "")
    return bool(re.match(r"\d{4}-\d{2}$", first))


def _required(table: str) -> set[str]:
    return {c.name for c in TABLES[table].columns if c.required}


def _found(sheets: Sequence[Sheet]) -> str:
    """The tabs, or the column names, in words."""
    if len(sheets) > 1:
        return f"its tabs are {', '.join(s.name or s.file for s in sheets[:SHOWN])}"
    first = next((row for row in sheets[0].cells if any(text(c) for c in row)), [])
    names = [text(c)[:40] for c in first if text(c)]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"its first line is {', '.join(names[:SHOWN])}{more}"
