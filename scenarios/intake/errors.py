"""What can go wrong when files are read in, and how it is said.

IntakeError                files cannot be used as they are; carries every problem found, not only the first
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from scenarios.errors import Problem, StudyError

LISTED = 20
"""How many cells with the same fault in one column are listed one by one; the rest are counted."""


class IntakeError(StudyError):
    """Files that cannot be read in: `problems` says what is wrong where, with which value, and what to do."""

    def __init__(self, problems: Iterable[Problem] | str, title: str = "The files cannot be read in") -> None:
        super().__init__(problems, title)


def faults(file: str, column: str, cells: pd.Series, wrong: str, remedy: str) -> list[Problem]:
    """One problem per faulty cell of a column, the first `LISTED` by name and the rest as a count.

    Args:
        file: how the file is called.
        column: the column's name in that file.
        cells: the faulty values as text, index: their lines in the file.
        wrong: what is wrong, as a clause.
        remedy: what to do, as a sentence without its full stop.
    """
    named = [
        Problem(file, wrong, remedy, row=int(row), column=column, value=str(value))
        for row, value in zip(cells.index[:LISTED], cells.iloc[:LISTED], strict=True)
    ]
    rest = cells.iloc[LISTED:]
    if rest.empty:
        return named
    return [*named, Problem(file, f"and {len(rest)} more cells: the same fault", remedy, int(rest.index[0]), column)]


__all__ = ["IntakeError", "Problem", "faults"]
