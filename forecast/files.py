"""Writing an outlook: one file for the figures, others beside it for how they were judged."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow
import pyarrow.csv

from forecast.errors import SettingError
from forecast.result import Outlook

SUFFIXES = (".csv", ".parquet", ".xlsx")
"""What can be written."""
WIDEST_SHEET = 1_048_575
"""Rows that a sheet of a workbook holds, its header apart."""


def write_outlook(
    outlook: Outlook, out: Path | str, *, details: bool = False, paths: int = 0, seed: int = 0
) -> list[Path]:
    """Write an outlook and say which files that made: all of them, or none if one cannot be written.

    `OUT` holds `Outlook.frame()`. With `details`, `OUT` with `_scores`, `_line_scores`, `_weights`, `_treatments` and,
    where there are any, `_appropriations` before its suffix hold those tables; with `paths`, `_paths` holds that many
    joint sample paths of the lines, `keys..., period, path, amount` (a Parquet file unless `out` is a CSV file).

    Raises:
        SettingError: for a suffix that is none of `SUFFIXES`, or more rows than a sheet holds.
    """
    out = Path(out)
    tables = {"": outlook.frame()}
    if details:
        tables |= {
            "_scores": outlook.scores,
            "_line_scores": _with_keys(outlook, outlook.line_scores),
            "_weights": _with_keys(outlook, outlook.weights),
            "_treatments": outlook.treatments,
        }
        if outlook.appropriations is not None:
            tables["_appropriations"] = outlook.appropriations
    if paths:
        tables["_paths"] = outlook.paths(paths, seed=seed).frame()
    if problems := _problems(out, tables):
        raise SettingError(out.name, problems)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=".draft-") as draft:
        made = {Path(draft) / f"{out.stem}{name}{_suffix(out, name)}": table for name, table in tables.items()}
        for path, table in made.items():
            _write(table, path)
        for path in made:
            os.replace(path, out.parent / path.name)
    return [out.parent / path.name for path in made]


def _problems(out: Path, tables: dict[str, pd.DataFrame]) -> list[str]:
    """What stands in the way of writing."""
    if out.suffix.lower() not in SUFFIXES:
        return [f"'{out.suffix}' files cannot be written. End the name in {', '.join(SUFFIXES)}."]
    return [
        f"{len(table):,} rows do not fit on a sheet ({WIDEST_SHEET:,}). Write a .csv or .parquet file."
        for name, table in tables.items()
        if _suffix(out, name).lower() == ".xlsx" and len(table) > WIDEST_SHEET
    ]


def _suffix(out: Path, name: str) -> str:
    """Paths are many rows: never a sheet."""
    return ".parquet" if name == "_paths" and out.suffix.lower() == ".xlsx" else out.suffix


def _with_keys(outlook: Outlook, table: pd.DataFrame) -> pd.DataFrame:
    """The index of lines as columns."""
    return table.reset_index() if outlook.keys else table.reset_index(drop=True)


def _write(table: pd.DataFrame, path: Path) -> None:
    """One table in the form that the suffix names; periods as text, as they are read back."""
    if "period" in table and isinstance(table["period"].dtype, pd.PeriodDtype):
        names = pd.Series(table["period"].unique())
        table = table.assign(period=table["period"].map(dict(zip(names, names.astype("str"), strict=True))))
    if path.suffix.lower() == ".xlsx":
        table.to_excel(path, index=False, engine="xlsxwriter")
    elif path.suffix.lower() == ".parquet":
        table.to_parquet(path, index=False)
    else:
        columns = pyarrow.Table.from_pandas(table, preserve_index=False)
        options = pyarrow.csv.WriteOptions(quoting_style="needed")
        pyarrow.csv.write_csv(columns, path, options)
