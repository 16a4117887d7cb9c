"""Results in the formats that other people hold: one file a format."""

from collections.abc import Callable, Mapping
from pathlib import Path

from scenarios.export.workbook import export_workbook
from scenarios.results import Results

EXPORTS: Mapping[str, Callable[[Results], Path]] = {"xlsx": export_workbook}
"""Format -> the function that writes it beside the results and returns the file."""

__all__ = ["EXPORTS", "export_workbook"]
