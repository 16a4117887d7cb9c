"""A workbook whose totals are live formulas over the same rows as the CSV files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from scenarios.results import Results
from scenarios.summary import fiscal_year
from scenarios.workbooks import cell

KINDS = (
    # label, nature or None for all, side or None for both
    ("Legacy run", "run", "legacy"),
    ("Modern run", "run", "modern"),
    ("One-time", "one_time", None),
    ("Dual run", "dual_run", None),
    ("Exit", "exit", None),
    ("Sites", "site", None),
    ("Other IT (not in the estate)", "residual", None),
)
"""The rows of the summary sheet: together they are all that is spent."""


def export_workbook(results: Results) -> Path:
    """Writes `workbook.xlsx` into the results folder, all or nothing, and returns its path."""
    path = results.folder / "workbook.xlsx"
    handle, draft = tempfile.mkstemp(dir=results.folder, suffix=".xlsx")
    os.close(handle)
    try:
        with xlsxwriter.Workbook(draft) as book:
            summary = book.add_worksheet("Summary")
            outlays = results.outlays.assign(fiscal_year=fiscal_year(results.outlays["period"]))
            sheets = {
                "Outlays": outlays,
                "Plan": results.plan,
                "Limits": results.limits,
                "Outlook": results.outlook,
                "Assumptions": results.assumptions,
            }
            for name, frame in sheets.items():
                _table(book, name, frame)
            _summary(book, summary, results, outlays)
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)
    return path


def _table(book: xlsxwriter.Workbook, name: str, frame: pd.DataFrame) -> None:
    sheet = book.add_worksheet(name)
    sheet.write_row(0, 0, list(frame.columns), book.add_format({"bold": True, "bottom": 1}))
    sheet.freeze_panes(1, 1)
    for j, column in enumerate(frame.columns):
        sheet.write_column(1, j, [cell(v) for v in frame[column]])
    sheet.autofilter(0, 0, max(len(frame), 1), max(len(frame.columns) - 1, 0))
    sheet.set_column(0, max(len(frame.columns) - 1, 0), 16)


def _summary(
    book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet, results: Results, outlays: pd.DataFrame
) -> None:
    """Outlay by kind and fiscal year as SUMIFS over the sheet Outlays; totals, rival and saving beneath."""
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    total = book.add_format({"num_format": "#,##0.00", "bold": True, "top": 1})
    years = sorted(outlays["fiscal_year"].unique())
    label = " (made-up data)" if results.summary["made_up"] else ""
    sheet.write(0, 0, f"{results.summary['study']}, {results.summary['title']}{label}", bold)
    sheet.write_row(2, 0, ["USD, nominal", *(f"FY{y}" for y in years), "All years"], bold)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, len(years) + 1, 18)
    for i, (name, nature, side) in enumerate(KINDS, start=3):
        sheet.write(i, 0, name)
        chosen = outlays[outlays["nature"].eq(nature) & (outlays["side"].eq(side) if side else True)]
        values = [float(chosen.loc[chosen["fiscal_year"].eq(y), "amount"].sum()) for y in years]
        for j, (year, value) in enumerate(zip(years, values, strict=True), start=1):
            sheet.write_formula(i, j, _sumifs(outlays, int(year), nature, side), money, value)
        _row_total(sheet, i, len(years), money, sum(values))
    last = 2 + len(KINDS)
    by_year = [float(outlays.loc[outlays["fiscal_year"].eq(y), "amount"].sum()) for y in years]
    rival = [float(results.summary["cost_to_continue_by_year"].get(str(y), 0.0)) for y in years]
    sheet.write(last + 1, 0, "Outlay", bold)
    sheet.write(last + 2, 0, "Cost to continue")
    sheet.write(last + 3, 0, "Outlay less cost to continue")
    for j, (own, other) in enumerate(zip(by_year, rival, strict=True), start=1):
        column = xl_col_to_name(j)
        sheet.write_formula(last + 1, j, f"=SUM({column}4:{column}{last + 1})", total, own)
        sheet.write_number(last + 2, j, other, money)
        sheet.write_formula(last + 3, j, f"={column}{last + 2}-{column}{last + 3}", money, own - other)
    for offset, value in ((1, sum(by_year)), (2, sum(rival)), (3, sum(by_year) - sum(rival))):
        _row_total(sheet, last + offset, len(years), total if offset == 1 else money, value)


def _sumifs(outlays: pd.DataFrame, year: int, nature: str, side: str | None) -> str:
    def column(name: str) -> str:
        letter = xl_col_to_name(list(outlays.columns).index(name))
        return f"Outlays!${letter}$2:${letter}${len(outlays) + 1}"

    where = f'{column("fiscal_year")},{year},{column("nature")},"{nature}"' + (
        f',{column("side")},"{side}"' if side else ""
    )
    return f"=SUMIFS({column('amount')},{where})"


def _row_total(sheet: xlsxwriter.worksheet.Worksheet, row: int, years: int, form: object, value: float) -> None:
    first, last = xl_rowcol_to_cell(row, 1), xl_rowcol_to_cell(row, years)
    sheet.write_formula(row, years + 1, f"=SUM({first}:{last})", form, value)
