"""A table of a study, declared once: what its columns are called, hold and default to.

The reader, the checks, the writer and the table of columns in the docs all come from these declarations.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from scenarios.errors import Problem

Kind = Literal["slug", "text", "number", "integer", "boolean", "date", "split", "slugs"]
"""`split` is `general` or `general:0.25|federal:0.75`; `slugs` are names joined by `|`."""

SLUG = r"[a-z0-9][a-z0-9_]*"
_PATTERN = {
    "slug": rf"^{SLUG}$",
    "slugs": rf"^{SLUG}(\|{SLUG})*$",
    "split": rf"^{SLUG}$|^{SLUG}:[0-9.]+(\|{SLUG}:[0-9.]+)*$",
}
_WANTED = {
    "slug": "a name of lower-case letters, digits and underscores",
    "slugs": "names of lower-case letters, digits and underscores, joined by |",
    "split": "a fund, or shares such as general:0.25|federal:0.75",
    "number": "a number, such as 1250.5",
    "integer": "a whole number",
    "date": "a date as YYYY-MM-DD",
    "boolean": "true or false",
}
_TRUTH = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what it holds, in which unit, and what stands in for a blank."""

    name: str
    kind: Kind
    title: str
    """One sentence for the docs and for the page."""
    unit: str = ""
    required: bool = False
    may_be_blank: bool = False
    """Of a required column: it must stand there, though a cell may be blank."""
    default: object = None
    """What a blank becomes. None with `required=False` means: stays blank."""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    """A regular expression for text with a form of its own, such as a quarter."""
    wanted: str = ""
    """What to write where the pattern is not met: `a quarter such as 2027Q3`."""

    @property
    def empty(self) -> object:
        """What a blank is held as in the frame."""
        return {"number": np.nan, "date": pd.NaT, "boolean": False, "integer": 0}.get(self.kind, "")


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a study: its columns, what makes a row unique, and whether it may be left out or empty."""

    name: str
    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    required: bool = False
    names: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(c.name for c in self.columns))

    @property
    def brief(self) -> str:
        """The title as a clause."""
        return self.title[0].lower() + self.title[1:].rstrip(".")

    def blank(self) -> pd.DataFrame:
        """The table without rows, columns typed."""
        return self.read(pd.DataFrame({c.name: pd.Series(dtype=str) for c in self.columns}), "")[0]

    def read(self, raw: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[Problem], pd.DataFrame]:
        """Types a table of text and finds all that is wrong with it.

        Args:
            raw: the file as text, one row a line, index 0..n-1 (line 2 onwards of the file).
            file: how the file is called in problems.

        Returns:
            The typed table with every column declared; every problem found; and what was filled in
            (`table column value rows`), one row a column.
        """
        problems = [*self._missing_columns(raw, file), *self._unknown_columns(raw, file)]
        typed: dict[str, pd.Series] = {}
        filled: list[tuple[str, str, str, int]] = []
        for column in self.columns:
            text = raw[column.name].fillna("").astype(str).str.strip() if column.name in raw else _blanks(raw)
            series, wrong = _typed(column, text)
            problems += [_problem(column, file, int(i), text) for i in wrong]
            blank = text.eq("")
            if column.required and not column.may_be_blank and column.name in raw:
                problems += [_blank_problem(column, file, int(i)) for i in np.flatnonzero(blank)]
            elif column.default is not None and blank.any():
                series = series.mask(blank, column.default)
                if column.default != "":
                    filled.append((self.name, column.name, str(column.default), int(blank.sum())))
            typed[column.name] = series
        frame = pd.DataFrame(typed)
        problems += self._duplicates(frame, file)
        return frame, problems, pd.DataFrame(filled, columns=["table", "column", "value", "rows"])

    def _missing_columns(self, raw: pd.DataFrame, file: str) -> list[Problem]:
        lacking = [c for c in self.columns if c.required and c.name not in raw]
        return [
            Problem(file, "is missing", f"Add the column {c.name}: {c.title[0].lower()}{c.title[1:]}", column=c.name)
            for c in lacking
        ]

    def _unknown_columns(self, raw: pd.DataFrame, file: str) -> list[Problem]:
        found = []
        for name in raw.columns:
            if name in self.names:
                continue
            near = difflib.get_close_matches(str(name), self.names, n=1)
            remedy = (
                f"Did you mean {near[0]}? Rename it" if near else f"Remove it, or use one of: {', '.join(self.names)}"
            )
            found.append(Problem(file, "is not a column of this table", remedy, row=1, column=str(name)))
        return found

    def _duplicates(self, frame: pd.DataFrame, file: str) -> list[Problem]:
        if not self.key or frame.empty:
            return []
        keys = frame[list(self.key)]
        again = keys.duplicated(keep="first") & keys.astype(str).ne("").any(axis=1)  # type: ignore[arg-type]
        first = keys.reset_index().groupby(list(self.key), dropna=False)["index"].transform("min").to_numpy()
        return [
            Problem(
                file,
                f"is the same as row {int(first[i]) + 2}",
                "Keep one of the two, or give this one another name",
                row=int(i) + 2,
                column=", ".join(self.key),
                value=", ".join(str(v) for v in keys.iloc[i]),
            )
            for i in np.flatnonzero(again)
        ]


def _blanks(raw: pd.DataFrame) -> pd.Series:
    return pd.Series("", index=raw.index, dtype=str)


def _typed(column: Column, text: pd.Series) -> tuple[pd.Series, Sequence[int]]:
    """The column as its kind, and the positions of what is neither blank nor valid."""
    readers = {"number": _numbers, "integer": _numbers, "date": _dates, "boolean": _booleans}
    series, valid = readers.get(column.kind, _words)(column, text)
    return series, [int(i) for i in np.flatnonzero(~valid & text.ne("").to_numpy())]


def _numbers(column: Column, text: pd.Series) -> tuple[pd.Series, np.ndarray]:
    values = pd.to_numeric(text.where(text.ne("")), errors="coerce").to_numpy(dtype=float)
    valid = np.isfinite(values)
    if column.kind == "integer":
        valid &= np.mod(np.where(valid, values, 0.0), 1) == 0
    if column.low is not None:
        valid &= values >= column.low
    if column.high is not None:
        valid &= values <= column.high
    held = np.where(valid, values, 0.0).astype("int64") if column.kind == "integer" else np.where(valid, values, np.nan)
    return pd.Series(held, index=text.index), valid


def _dates(column: Column, text: pd.Series) -> tuple[pd.Series, np.ndarray]:
    days = pd.to_datetime(text.where(text.ne("")), errors="coerce", format="%Y-%m-%d").astype("datetime64[us]")
    return days, days.notna().to_numpy()


def _booleans(column: Column, text: pd.Series) -> tuple[pd.Series, np.ndarray]:
    said = text.str.lower().map(_TRUTH)
    return said.eq(True), said.notna().to_numpy()


def _words(column: Column, text: pd.Series) -> tuple[pd.Series, np.ndarray]:
    pattern = column.pattern or _PATTERN.get(column.kind, "")
    valid = text.str.match(pattern).to_numpy(dtype=bool) if pattern else np.full(len(text), True)
    if column.choices:
        valid = valid & text.isin(column.choices).to_numpy()
    return text, valid


def _problem(column: Column, file: str, i: int, text: pd.Series) -> Problem:
    value = str(text.iloc[i])
    wrong, remedy = "is not valid", f"Write {_WANTED.get(column.kind, 'a valid value')}"
    number = pd.to_numeric(value, errors="coerce") if column.kind in ("number", "integer") else np.nan
    if column.choices:
        near = difflib.get_close_matches(value, column.choices, n=1)
        wrong = "is not known"
        remedy = f"Write {'one of ' if not near else ''}{near[0] if near else ', '.join(column.choices)}"
    elif column.kind in ("number", "integer"):
        if pd.isna(number) or not np.isfinite(number):
            wrong = "is not a number"
        elif column.low is not None and number < column.low:
            wrong = f"is below {column.low:g}"
            remedy = f"Write a value of {column.low:g} or more"
        elif column.high is not None and number > column.high:
            wrong = f"is above {column.high:g}"
            remedy = f"Write a value of {column.high:g} or less"
        else:
            wrong = "is not a whole number"
    elif column.kind == "date":
        wrong = "is not a date"
    elif column.pattern:
        wrong = "does not have the form that is wanted"
        remedy = f"Write {column.wanted}"
    return Problem(file, wrong, remedy, row=i + 2, column=column.name, value=value)


def _blank_problem(column: Column, file: str, i: int) -> Problem:
    return Problem(file, "is blank", f"Write {_WANTED.get(column.kind, 'a value')}", row=i + 2, column=column.name)
