"""What can go wrong with a study, and how it is said.

StudyError                 a study cannot be used as it is; carries every problem found, not only the first
├── ScenarioError          a scenario names something that the study does not have
├── StoreError             a database of runs cannot be used, or does not hold what is asked for
└── ResultsError           a results folder is missing, incomplete or does not fit its study
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in an input: where it stands, what it says, why that is wrong and what to do."""

    file: str
    """File name, with the sheet where there is one: `tables/systems.csv`, `study.xlsx[systems]`."""
    wrong: str
    """What is wrong, as a clause: `is not a number`."""
    remedy: str
    """What to do next, as a sentence without its full stop."""
    row: int | None = None
    """Line of the file, counted as a text editor or a spreadsheet does (the header is 1)."""
    column: str = ""
    value: str = ""
    severe: bool = True
    """False for a warning: a guess was made and the work goes on."""

    def __str__(self) -> str:
        place = ", ".join(
            part
            for part in (
                self.file,
                f"row {self.row}" if self.row is not None else "",
                f"column {self.column}" if self.column else "",
            )
            if part
        )
        said = f'"{self.value}" ' if self.value else ""
        return f"{place}: {said}{self.wrong}. {self.remedy}."


LISTED = 20
"""How many cells with the same fault in one column are printed one by one; `problems` holds them all."""


class StudyError(ValueError):
    """A study, or a file meant for one, that cannot be used as it is."""

    def __init__(self, problems: Iterable[Problem] | str, title: str = "The study cannot be used") -> None:
        if isinstance(problems, str):
            title, problems = problems, ()
        self.problems: tuple[Problem, ...] = tuple(problems)
        self.title = title
        super().__init__("\n".join([f"{title}:" if self.problems else title, *_listed(self.problems)]))


def _listed(problems: Iterable[Problem]) -> list[str]:
    """A line a problem; what one column has too often is counted."""
    kinds: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        kinds.setdefault((problem.file, problem.column, problem.wrong), []).append(problem)
    lines = []
    for same in kinds.values():
        lines += [f"  - {problem}" for problem in same[:LISTED]]
        if len(same) > LISTED:
            last = same[-1]
            lines.append(
                f"  - {last.file}, column {last.column}: {len(same) - LISTED:,} more such cells, up to row {last.row}. "
                "See all rows: reallot check DIR --errors FOLDER."
            )
    return lines


class ScenarioError(StudyError):
    """A scenario that names what the study does not have."""


class ResultsError(StudyError):
    """A results folder that is missing, incomplete, or not made from the study beside it."""


class StoreError(StudyError):
    """A database of runs that cannot be used, or that does not hold what is asked for."""

    def __init__(self, problems: Iterable[Problem] | str, title: str = "The database cannot be used") -> None:
        super().__init__(problems, title)
