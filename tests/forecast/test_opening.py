import datetime
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast import SpendingError, read_spending
from forecast.opening import read_cells
from tests.forecast.spending_tables import of_one_agency, problems, write, write_sheets, written


def test_rows_are_the_lines_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '\n\nagency , period,amount\n"a\nb",2025,1\n\na,2025,2\n,,\na,2026,x\n')
    assert problems(path) == ("row 9, column 'amount': 'x' is not a number. Write plain dollars such as 1250000.",)
    assert len(read_spending(write(tmp_path, path.read_text().replace(",x", ",5")))) == 3


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
def test_separators_are_found(tmp_path: Path, separator: str) -> None:
    text = "agency,period,amount\nhealth,2025,1.5\n".replace(",", separator)
    assert read_spending(write(tmp_path, text))["amount"].tolist() == [1.5]


def test_columns_without_a_name(tmp_path: Path) -> None:
    table = ",agency,period,amount,\n0,a,2025,1,\n1,b,2025,2,\n"
    assert problems(write(tmp_path, table)) == ("column 1 has no name. Name it, remove it, or choose `keys`.",)
    assert problems(write(tmp_path, table.replace("agency", ""))) == (
        "column 1 has no name. Name it, remove it, or choose `keys`.",
        "column 2 has no name. Name it, remove it, or choose `keys`.",
    )
    assert len(read_spending(write(tmp_path, table), keys=["agency"])) == 2


def test_a_column_that_stands_there_twice(tmp_path: Path) -> None:
    path = write(tmp_path, "agency,note,note,period,amount\na,x,y,2025,1\n")
    assert problems(path) == ("column 'note' stands there twice. Rename or remove one.",)
    assert len(read_spending(path, keys=["agency"])) == 1


def test_a_reserved_column_that_stands_there_twice(tmp_path: Path) -> None:
    assert problems(write(tmp_path, "mean,mean,period,amount\na,x,2025,1\n")) == (
        "column 'mean' bears a name that the outlook uses itself. Rename it.",
        "column 'mean' stands there twice. Rename or remove one.",
    )


def test_cells_are_read_as_they_stand(tmp_path: Path) -> None:
    cells = read_cells(write(tmp_path, "agency,period,index\n 01,FY2025,1.030\n"))
    assert cells.to_dict("list") == {"agency": [" 01"], "period": ["FY2025"], "index": ["1.030"]}


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zip"])
def test_packed_files_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"spending.csv{suffix}"
    of_one_agency([2025]).to_csv(path, index=False)
    assert read_spending(path)["amount"].tolist() == [1.0]


def test_the_sheet_with_periods_is_found(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["agency", "period", "amount"],
        [None, None, None],
        ["0312", 2025, 1.25],
        [312, 2026, None],
    ]
    path = write_sheets(tmp_path / "book.xlsx", {"notes": [["Spending"], ["of agencies"]], "data": rows, "more": rows})
    table = read_spending(path)
    assert table["agency"].tolist() == ["0312", "312"]
    np.testing.assert_array_equal(table["amount"], [1.25, np.nan])
    pd.testing.assert_frame_equal(read_spending(path, sheet="more"), table)
    assert problems(path, sheet="notes") == (
        "no column 'period' (columns: Spending). Name the one that holds it with period='...'.",
        "no column 'amount' (columns: Spending). Name the one that holds it with amount='...'.",
    )
    assert problems(path, sheet="none") == ("no sheet 'none' (sheets: notes, data, more). Correct `sheet`.",)


def test_cells_of_dates_are_dates_and_rows_those_of_the_sheet(tmp_path: Path) -> None:
    day = datetime.date
    rows: list[list[object]] = [["agency", "period", "amount"], ["a", day(2026, 7, 1), 1], ["a", day(2026, 8, 1), 2]]
    path = write_sheets(tmp_path / "book.xlsx", {"data": rows})
    assert written(read_spending(path)) == ["2026-07", "2026-08"]
    path = write_sheets(tmp_path / "book.xlsx", {"data": [[None, None, None], *rows, ["a", "soon", 2]]})
    assert problems(path) == ("row 5, column 'period': 'soon' is not a date. Write one such as 2026-07-01.",)


def test_rows_of_parquet_are_counted_from_one_and_named_indexes_are_columns(tmp_path: Path) -> None:
    path = tmp_path / "spending.parquet"
    table = of_one_agency([2025, 2025])
    table.to_parquet(path)
    assert problems(path) == ("row 2: a second amount for a in 2025. Add them up, or name `keys`.",)
    of_one_agency([2025, 2026]).set_index(["agency", "period"]).to_parquet(path)
    assert read_spending(path)["period"].tolist() == [2025, 2026]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", b"", "the file is empty. It needs a header and one row a line and period."),
        ("a.csv", b"\n \n\n", "the file is empty. It needs a header and one row a line and period."),
        ("a.csv", b"PK\x03\x04...", "not CSV, which its suffix says: it holds xlsx. Rename it to .xlsx."),
        ("a.xlsx", b"PAR1...", "not xlsx, which its suffix says: it holds Parquet. Rename it to .parquet."),
        ("a.PARQUET", b"agency,period", "not Parquet, which its suffix says: it holds text. Rename it to .csv."),
        ("a.xls", b"\xd0\xcf\x11\xe0...", "a workbook of before Excel 2007. Save it as .xlsx."),
        ("a.csv", b"agency,period,amount\n", "there are no rows. It needs one a line and period."),
        (
            "a.csv",
            b"agency,period,amount\na,2025,1,2\n",
            "not a CSV file in UTF-8 (Error tokenizing data. C error: Expected 3 fields in line 2, saw 4). Save it as "
            "one.",
        ),
        (
            "a.csv",
            b"agency,period,amount\n\xe9,2025,1\n",
            "not a CSV file in UTF-8 ('utf-8' codec can't decode byte 0xe9 in position 21: invalid continuation byte)."
            " Save it as one.",
        ),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SpendingError) as error:
        read_spending(path)
    assert str(error.value) == f"{name}: 1 problem.\n  - {problem}"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.xlsx", b"PK\x03\x04...", r"^not an xlsx workbook \(.+[^.]\)\. Save it as one\.$"),
        ("a.parquet", b"PAR1...", r"^not a Parquet file \(.+[^.]\)\. Write it again\.$"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SpendingError) as error:
        read_spending(path)
    assert len(error.value.problems) == 1
    assert re.match(problem, error.value.problems[0])


def test_a_suffix_that_says_nothing_leaves_it_to_the_content(tmp_path: Path) -> None:
    assert len(read_spending(write(tmp_path, "agency,period,amount\na,2025,1\n", "spending.dat"))) == 1


def test_a_missing_file_a_folder_and_a_sheet_of_no_workbook(tmp_path: Path) -> None:
    missing = tmp_path / "nothing.csv"
    assert problems(missing) == (f"no such file: {missing}. Check the path.",)
    assert problems(tmp_path) == ("cannot be opened (Is a directory). Name a file.",)
    assert problems(write(tmp_path, "a,b"), sheet="data") == ("a CSV file has no sheet 'data'. Leave out `sheet`.",)
    assert problems(of_one_agency([2025]), sheet="data") == ("a frame has no sheet 'data'. Leave out `sheet`.",)
