"""Own workbooks: the tables of a study, as tabs of one workbook or as CSV files with the same columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd
import yaml

from scenarios.intake.assumptions import Filled
from scenarios.intake.errors import IntakeError, Problem
from scenarios.intake.sheets import Sheet
from scenarios.intake.sniff import study_table
from scenarios.tables import TABLES

SETTINGS = ("name", "as_of", "fiscal_year_start", "base_year", "horizon", "period", "currency", "made_up", "about")
"""What is taken over from a tab `study` of keys and values."""


@dataclass(frozen=True)
class Tables:
    """The tables of one file, typed as `scenarios.tables` declares them."""

    tables: MappingProxyType[str, pd.DataFrame]
    settings: MappingProxyType[str, Any]
    assumed: tuple[Filled, ...]


def read_tables(sheets: Sequence[Sheet]) -> Tables:
    """Reads the tables of a study.

    Raises:
        IntakeError: everything that is wrong in any of them, and tabs that are no table, at once.
    """
    found: dict[str, pd.DataFrame] = {}
    settings: dict[str, Any] = {}
    filled: list[Filled] = []
    problems: list[Problem] = []
    for sheet in sheets:
        name = study_table(sheet)
        if name == "study":
            settings |= _settings(sheet)
        elif name:
            raw = sheet.frame(0)
            lines = [int(line) for line in raw.index]
            table, wrong, assumed = TABLES[name].read(raw.reset_index(drop=True), sheet.file)
            problems += [_at_line(p, lines) for p in wrong]
            found[name] = table
            filled += [
                Filled(sheet.file, name, str(column), str(value), int(rows), "blank: default of the column")
                for _, column, value, rows in assumed.itertuples(index=False)
            ]
        elif sheet.cells:
            rule = f"Rename the tab to a table, or remove it; the tables are {', '.join(TABLES)}"
            problems.append(Problem(sheet.file, "is not a table of a study", rule))
    if problems:
        raise IntakeError(problems)
    return Tables(MappingProxyType(found), MappingProxyType(settings), tuple(filled))


def _at_line(problem: Problem, lines: Sequence[int]) -> Problem:
    """The same problem with its row counted in the file, where blank lines count too."""
    if problem.row is None or not 2 <= problem.row < len(lines) + 2:
        return problem
    line = lines[problem.row - 2]
    return Problem(problem.file, problem.wrong, problem.remedy, line, problem.column, problem.value, problem.severe)


def _settings(sheet: Sheet) -> dict[str, Any]:
    rows = sheet.frame(0)
    return {k: yaml.safe_load(v) for k, v in zip(rows["key"], rows["value"], strict=True) if k in SETTINGS}
