"""What a file is, told by its content; own workbooks; and files that are not what they claim."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter

from scenarios.intake import IntakeError, import_files, sniff
from scenarios.intake.sheets import distinct, numbers, slug
from scenarios.tables import TABLES

ACCEPTED = (
    "Give an RVTools export (xlsx or its CSV files), a ledger (CSV or xlsx) "
    "or a workbook of study tables (xlsx or CSV)."
)

SYSTEMS: list[list[Any]] = [
    ["system", "agency", "fund", "annual_run_cost", "vcpus"],
    ["payroll", "health", "general", 1000, 4],
]
MONEY: list[list[Any]] = [["fund", "fiscal_year", "amount"], *([["general", y, 5000] for y in range(2027, 2032)])]


def book(path: Path, **tabs: list[list[Any]]) -> Path:
    with xlsxwriter.Workbook(str(path)) as workbook:
        for name, rows in tabs.items():
            sheet = workbook.add_worksheet(name)
            for i, row in enumerate(rows):
                sheet.write_row(i, 0, row)
    return path


def refused(*paths: Path) -> str:
    with pytest.raises(IntakeError) as caught:
        import_files(paths)
    return str(caught.value)


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("readme.txt", "no workbook")
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("estate.xlsx", archive(), "is a zip archive, not an Excel workbook"),
        ("estate.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "is a binary file, not an Excel workbook"),
        ("ledger.csv", b"", "is empty"),
        ("ledger.csv", b"\n  \n", "is empty"),
        ("ledger.csv", b"a\0b\0c", "is a binary file, not text"),
        ("ledger.csv", b"PAR1....", "is a Parquet file"),
        ("ledger.csv", b"%PDF-1.7 ....", "is a PDF document"),
        ("ledger.csv", b"\x1f\x8b\x08\x00rest", "is a gzip archive"),
        ("ledger.csv", b"<!DOCTYPE html><p>Sign in</p>", "is a web page or XML, not a table"),
        ("ledger.csv", b"name,colour\nx,red\n", "is not recognised: its first line is name, colour"),
        ("ledger.csv", b"just some words\n", "is not recognised: its first line is just some words"),
    ],
)
def test_a_file_that_is_not_what_it_claims(tmp_path: Path, name: str, content: bytes, wrong: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    said = f"The files cannot be read in:\n  - {name}: {wrong}. {ACCEPTED}"
    assert refused(file) == said
    with pytest.raises(IntakeError) as caught:
        sniff(file)
    assert str(caught.value) == said


def test_a_workbook_of_other_tabs(tmp_path: Path) -> None:
    file = book(tmp_path / "plan.xlsx", Gantt=[["task", "days"], ["dig", 3]], Notes=[["hello"]])
    wrong = "is not recognised: its tabs are Gantt, Notes"
    assert refused(file) == f"The files cannot be read in:\n  - plan.xlsx: {wrong}. {ACCEPTED}"


def test_an_empty_workbook(tmp_path: Path) -> None:
    wrong = "is a workbook without any cells filled"
    assert (
        refused(book(tmp_path / "b.xlsx", Sheet1=[]))
        == f"The files cannot be read in:\n  - b.xlsx: {wrong}. {ACCEPTED}"
    )


def test_files_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert refused(tmp_path / "gone.csv") == (
        "The files cannot be read in:\n  - gone.csv: does not exist. Check the name."
    )
    assert refused(tmp_path / "empty") == (
        f"The files cannot be read in:\n  - empty: is a folder without CSV files or workbooks. {ACCEPTED}"
    )
    assert refused() == "No file to read in. Name one or more: an RVTools export, a ledger, a workbook of study tables"


def test_all_files_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    (tmp_path / "b.csv").write_bytes(b"PAR1")
    assert refused(tmp_path / "a.csv", tmp_path / "b.csv").count("\n  - ") == 2


def test_an_own_workbook_is_taken_as_it_is(tmp_path: Path) -> None:
    facts: list[list[Any]] = [
        ["key", "value"],
        ["name", "Health"],
        ["as_of", "2026-07-01"],
        ["horizon", 3],
        ["discount", 1],
    ]
    file = book(tmp_path / "own.xlsx", study=facts, systems=SYSTEMS, appropriations=MONEY)
    assert sniff(file) == "workbook"
    study = import_files([file])
    assert study.settings["name"] == "Health"
    assert study.settings["as_of"] == datetime.date(2026, 7, 1)
    assert study.settings["horizon"] == 3
    assert "discount" not in study.settings
    system = study.tables["systems"].loc[0, ["system", "annual_run_cost", "criticality"]]
    assert list(system) == ["payroll", 1000.0, 3]
    assert len(study.tables["appropriations"]) == 5
    for name, frame in study.tables.items():
        assert tuple(frame.columns) == TABLES[name].names
        blank = TABLES[name].blank()
        assert {c: str(t) for c, t in frame.dtypes.items()} == {c: str(t) for c, t in blank.dtypes.items()}
    filled = study.assumed[study.assumed["table"].eq("systems") & study.assumed["column"].eq("criticality")]
    assert filled[["file", "value", "rows", "reason"]].to_numpy().tolist() == [
        ["own.xlsx[systems]", "3", 1, "blank: default of the column"]
    ]


def test_own_tables_and_an_inventory_together(tmp_path: Path) -> None:
    own = book(tmp_path / "own.xlsx", systems=SYSTEMS, appropriations=MONEY)
    estate = tmp_path / "e.csv"
    estate.write_text("VM,Powerstate,CPUs,Memory\npayroll,poweredOn,4,16384\n", encoding="utf-8")
    study = import_files([own, estate], as_of=datetime.date(2026, 7, 1))
    assert study.tables["systems"]["system"].tolist() == ["payroll", "payroll_2"]
    assert study.tables["systems"]["agency"].tolist() == ["health", "statewide"]


def test_an_own_table_as_csv(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    pd.DataFrame(SYSTEMS[1:], columns=SYSTEMS[0]).to_csv(file, index=False)
    assert sniff(file) == "workbook"
    assert import_files([file]).tables["systems"]["system"].tolist() == ["payroll"]


def test_an_own_workbook_with_faults(tmp_path: Path) -> None:
    rows = [*SYSTEMS, [""], ["HR", "health", "general", "much", 2]]
    assert refused(book(tmp_path / "own.xlsx", systems=rows, Extra=[["a"], [1]])) == (
        "The files cannot be read in:\n"
        '  - own.xlsx[systems], row 4, column system: "HR" is not valid. '
        "Write a name of lower-case letters, digits and underscores.\n"
        '  - own.xlsx[systems], row 4, column annual_run_cost: "much" is not a number. '
        "Write a number, such as 1250.5.\n"
        "  - own.xlsx[Extra]: is not a table of a study. Rename the tab to a table, or remove it; "
        "the tables are systems, dependencies, sites, appropriations, spending, months, overrides, capacity."
    )


def test_numbers() -> None:
    cells = pd.Series(
        ["1234.5", "1,234.50", "$5", "(1,000)", "12-", "-3", "", "-", "1.5e3", "12,34", "1.2.3", "nan", "x", ".5"]
    )
    values, wrong = numbers(cells)
    assert values.dropna().tolist() == [1234.5, 1234.5, 5, -1000, -12, -3, 1500, 0.5]
    assert cells[wrong].tolist() == ["12,34", "1.2.3", "nan", "x"]


def test_slugs() -> None:
    assert slug("  HR-Pay (old)  ") == "hr_pay_old"
    assert slug("***") == "unnamed"
    assert distinct(pd.Series(["a", "a_2", "a", "a"])).tolist() == ["a", "a_2", "a_3", "a_4"]


def test_a_table_of_months_is_told_from_one_of_years(tmp_path: Path) -> None:
    own = book(tmp_path / "own.xlsx", systems=SYSTEMS, appropriations=MONEY)
    months, years = tmp_path / "books.csv", tmp_path / "history.csv"
    months.write_text("period,agency,fund,category,expended\n2026-05,health,general,servers,7\n", encoding="utf-8")
    years.write_text("period,agency,fund,category,expended\n2025,health,general,servers,80\n", encoding="utf-8")
    study = import_files([own, months, years], as_of=datetime.date(2026, 7, 1))
    assert study.tables["months"][["period", "expended"]].to_numpy().tolist() == [["2026-05", 7.0]]
    assert study.tables["spending"][["period", "expended"]].to_numpy().tolist() == [[2025, 80.0]]
