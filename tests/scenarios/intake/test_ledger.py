"""Ledgers: their shapes, their names that change, and everything that can be wrong in one."""

from __future__ import annotations

import datetime
from pathlib import Path

import pandas as pd
import pytest

from scenarios.intake import Imported, IntakeError, assumed_appropriations, import_files, sniff

LONG = """fy,agency,agency_name,fund,fund_name,appr_org,org_name,object,appropriation_name,appropriated,expenditure
2019,100,REVENUE,0001,GENERAL,01,CENTRAL,1600,,1000.00,900.25
2019,200,DIGITAL,0304,DATA CENTER,01,OFFICE,1900,ADMIN,500,450.5
2020,100,REVENUE      ,0001,GENERAL REVENUE ,01,CENTRAL OFFICE  ,1600,DATA PROCESSING  ,1100.00,1000.25
2020,100,REVENUE,0001,GENERAL REVENUE,01,CENTRAL OFFICE,1600,DATA PROCESSING,0.0,-10.00
2020,200,INFORMATION TECHNOLOGY,0304,TECHNOLOGY,01,OFFICE,1900,ADMIN,"1,000",900
2020,200,INFORMATION TECHNOLOGY,0001,GENERAL REVENUE,01,OFFICE,1900,ADMIN,$300.00,(100.00)
2020,200,INFORMATION TECHNOLOGY,0001,GENERAL REVENUE,02,OFFICE,1900,ADMIN,,400
"""


def write(path: Path, said: str, encoding: str = "utf-8") -> Path:
    path.write_text(said, encoding=encoding)
    return path


def read(path: Path, **options: object) -> Imported:
    return import_files([path], today=datetime.date(2026, 2, 1), **options)  # type: ignore[arg-type]


def test_a_long_ledger(tmp_path: Path) -> None:
    file = write(tmp_path / "export.txt", LONG)
    assert sniff(file) == "ledger"
    study = read(file)
    spending = study.tables["spending"]
    assert spending["expended"].sum() == pytest.approx(900.25 + 450.5 + 1000.25 - 10 + 900 - 100 + 400, abs=1e-9)
    assert spending["appropriated"].sum() == pytest.approx(3900)
    assert set(spending["agency"]) == {"revenue", "information_technology"}
    assert set(spending["fund"]) == {"general_revenue", "technology"}
    assert set(spending["category"]) == {"data_processing", "admin"}
    assert set(spending["program"]) == {"central_office", "office_01", "office_02"}
    assert len(spending) == 6
    assert study.settings["as_of"] == datetime.date(2020, 7, 1)
    assert study.tables["systems"].empty
    assert study.warnings == ("No file lists systems: add an inventory, or the table systems, before planning.",)
    filled = study.assumed[study.assumed["table"].eq("spending")]
    assert filled[["column", "value", "rows"]].to_numpy().tolist() == [
        ["appropriated", "0", 1],
        ["category", "by code", 7],
        ["encumbered", "0", 6],
    ]


def test_appropriations_of_coming_years_are_assumed(tmp_path: Path) -> None:
    study = read(write(tmp_path / "l.csv", LONG))
    money = study.tables["appropriations"].set_index(["fund", "fiscal_year"])
    assert money.loc[("technology", 2021), "amount"] == pytest.approx(1000 * 1.08)
    assert money.loc[("general_revenue", 2025), "amount"] == pytest.approx(1400 * 1.08**5, abs=0.01)
    assert set(money["status"]) == {"forecast"}
    why = study.assumed.loc[study.assumed["table"].eq("appropriations"), "reason"].iloc[0]
    assert why == (
        "the last appropriation of each fund (FY2020) grown by 8.00% a year: the median over years of the growth of "
        "all funds together, held within -5% and 8%"
    )


def test_growth_is_pooled_over_the_funds_both_years_have() -> None:
    history = pd.DataFrame(
        [(2019, "a", 100.0, 1.0), (2020, "a", 104.0, 1.0), (2020, "new", 900.0, 1.0), (2020, "unasked", 0.0, 50.0)],
        columns=["period", "fund", "appropriated", "expended"],
    )
    money = assumed_appropriations(history, range(2021, 2023)).set_index(["fund", "fiscal_year"])["amount"]
    assert money.to_dict() == pytest.approx(
        {
            ("a", 2021): 108.16,
            ("a", 2022): 112.49,
            ("new", 2021): 936.0,
            ("new", 2022): 973.44,
            ("unasked", 2021): 52.0,
            ("unasked", 2022): 54.08,
        },
        abs=0.01,
    )


def test_servers_belong_to_the_agency_with_the_largest_technology_spending(tmp_path: Path) -> None:
    ledger = write(tmp_path / "l.csv", LONG.replace("1000.25", "9000.25"))
    estate = write(tmp_path / "e.csv", "VM,Powerstate,CPUs,Memory,In Use MB\nweb,poweredOn,4,16384,102400\n")
    study = import_files([estate, ledger])
    system = study.tables["systems"].iloc[0]
    assert system["agency"] == "revenue"
    study = import_files([estate, ledger], assumptions={"agency": "information_technology"})
    system = study.tables["systems"].iloc[0]
    assert system["fund"] == "technology:0.75|general_revenue:0.25"
    assert system["spending_line"] == "information_technology/office_01/technology/admin"
    assert any("modelled at $" in w for w in study.warnings)
    with pytest.raises(IntakeError) as caught:
        import_files([estate, ledger], assumptions={"agency": "parks"})
    assert str(caught.value) == (
        'The files cannot be read in:\n  - assumptions, column agency: "parks" has no spending in FY2020. '
        "Name an agency that spent in FY2020, such as information_technology, revenue."
    )


def test_years_inside_headers(tmp_path: Path) -> None:
    said = (
        "State of Somewhere;;;;\n;;;;\n"
        "Agency Name;Fund Name;Program Name;FY2023 Actual;FY 2024 Actual;2024 Budget;Enacted Appropriations 2025-26;"
        "Estimated FTEs 03/31/2025\n"
        "Health;General;Care;10;20;25;30;7\n"
        "Health;Federal;Care;1;2;3;4;8\n"
        "Total;;;11;22;28;34;15\n"
    )
    study = read(write(tmp_path / "wide.csv", said))
    spending = study.tables["spending"].set_index(["period", "fund"])
    assert spending["expended"].to_dict() == {
        (2023, "federal"): 1,
        (2023, "general"): 10,
        (2024, "federal"): 2,
        (2024, "general"): 20,
    }
    assert spending.loc[(2024, "general"), "appropriated"] == 25
    money = study.tables["appropriations"].set_index(["fund", "fiscal_year"])
    assert list(money.loc[("general", 2026), ["amount", "status"]]) == [30.0, "enacted"]
    assert money.loc[("general", 2027), "status"] == "forecast"
    assert "wide.csv: 1 rows of totals left out, which would count amounts twice." in study.warnings


def test_appropriations_without_spending_are_enacted(tmp_path: Path) -> None:
    header = "Agency Name,Fund Name,Appropriations Available 2025-26,Reappropriations Recommended 2026-27"
    said = f"{header}\nParks,General,100,9\n"
    study = read(write(tmp_path / "ny.csv", said))
    assert study.tables["spending"].empty
    money = study.tables["appropriations"].set_index("fiscal_year")
    assert study.settings["as_of"] == datetime.date(2025, 7, 1)
    assert list(money.loc[2026, ["fund", "amount", "status"]]) == ["general", 100.0, "enacted"]
    assert list(money.loc[2027, ["fund", "amount", "status"]]) == ["general", 100.0, "forecast"]


def test_a_checkbook_of_payments(tmp_path: Path) -> None:
    said = (
        "department_id,department_description,account_name,payment_date,payment_amount\n"
        "7,Health,Software,06/30/2024,10.10\n7,Health,Software,07/01/2024,20.20\n7,Health,Software,07/02/2024,0.05\n"
    )
    study = read(write(tmp_path / "c.csv", said, "cp1252"))
    assert study.tables["spending"][["period", "expended", "fund"]].to_numpy().tolist() == [
        [2024, 10.10, "general"],
        [2025, 20.25, "general"],
    ]
    assert "c.csv: FY2025 holds 1 of 12 months; it looks lower than it was." in study.warnings
    assert study.settings["as_of"] == datetime.date(2025, 7, 1)


def test_fiscal_years_that_start_elsewhere(tmp_path: Path) -> None:
    said = "agency,fund,payment_date,amount\nhealth,general,2024-09-30,1\nhealth,general,2024-10-01,2\n"
    study = read(write(tmp_path / "c.csv", said), assumptions={"fiscal_year_start": 10})
    assert study.tables["spending"][["period", "expended"]].to_numpy().tolist() == [[2024, 1.0], [2025, 2.0]]
    assert study.settings["as_of"] == datetime.date(2025, 10, 1)
    assert study.settings["fiscal_year_start"] == 10


@pytest.mark.parametrize("year", ["2021", "FY2021", "FY 21", "2020-21", "2020/21", "2020-2021", "fy2021"])
def test_ways_to_write_a_fiscal_year(tmp_path: Path, year: str) -> None:
    study = read(write(tmp_path / "y.csv", f"agency,fund,period,amount\nhealth,general,{year},5\n"))
    assert study.tables["spending"]["period"].tolist() == [2021]


def test_a_year_in_the_title_and_a_revised_budget(tmp_path: Path) -> None:
    header = "Budgetary report FY2011,,,,\nAGENCY NAME,FUND,FINAL BUDGET,ORIGINAL BUDGET,ACTUAL"
    said = f"{header}\nDAS,GRF,110,,90\nEPA,GRF,7,5,6\n"
    spending = read(write(tmp_path / "r.csv", said)).tables["spending"].set_index("agency")
    assert spending["period"].tolist() == [2011, 2011]
    assert spending.loc["epa", ["appropriated", "expended"]].to_dict() == {"appropriated": 5.0, "expended": 6.0}


def test_times_of_day_do_not_matter(tmp_path: Path) -> None:
    said = "purchase_order_date,department,object,vouchers_paid\n2019-01-02T00:00:00.000,IT,PCs,5\n"
    assert read(write(tmp_path / "t.csv", said)).tables["spending"]["period"].tolist() == [2019]


def test_a_bare_year_is_spending_and_is_reported(tmp_path: Path) -> None:
    study = read(write(tmp_path / "b.csv", "Department,Fund,FY2021,FY2022\nHealth,General,1,2\n"))
    assert study.tables["spending"]["expended"].tolist() == [1, 2]
    assert "a column headed by a year alone is read as spending" in set(study.assumed["reason"])


def refused(path: Path, **options: object) -> str:
    with pytest.raises(IntakeError) as caught:
        read(path, **options)
    return str(caught.value)


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    said = (
        "Fiscal Year,Department,Fund,Budget,Expended\n"
        "2020,Health,General,100,ten\n"
        "20twenty,Health,General,1.234.5,1\n"
        "2020,,General,1,1\n"
        "2021,Health,General,1,1,1,000\n"
    )
    assert refused(write(tmp_path / "l.csv", said)) == (
        "The files cannot be read in:\n"
        '  - l.csv, row 5: "1" has 7 cells where the line of column names has 5. '
        "Put text that holds the separator into quotes, or remove the stray separator.\n"
        '  - l.csv, row 3, column Fiscal Year: "20twenty" is not a fiscal year. '
        "Write the year in which it ends, such as 2021 or 2020-21.\n"
        "  - l.csv, row 4, column Department: is blank. Write the agency of this amount.\n"
        '  - l.csv, row 3, column Budget: "1.234.5" is not a number. '
        "Write a plain amount such as 1234.50, or leave it blank for 0.\n"
        '  - l.csv, row 2, column Expended: "ten" is not a number. '
        "Write a plain amount such as 1234.50, or leave it blank for 0."
    )


@pytest.mark.parametrize(
    ("header", "column", "remedy"),
    [
        (
            "Department,Fund,Expended",
            "fiscal_year",
            "Add a column fiscal_year, or years in the headers such as FY2021 Actual",
        ),
        ("Fiscal Year,Fund,Expended", "agency", "Add a column agency (a code or a name)"),
        (
            "Fiscal Year,Department,Fund",
            "expended",
            "Add a column expended, or appropriated for a file of appropriations",
        ),
    ],
)
def test_a_missing_column_is_named(tmp_path: Path, header: str, column: str, remedy: str) -> None:
    file = write(tmp_path / "l.csv", f"{header}\n1,2,3\n")
    assert refused(file) == f"The files cannot be read in:\n  - l.csv, row 1, column {column}: is missing. {remedy}."


def test_a_hundred_faults_are_counted_not_printed(tmp_path: Path) -> None:
    rows = "".join("2020,Health,General,x\n" for _ in range(100))
    said = refused(write(tmp_path / "l.csv", f"fy,agency,fund,expended\n{rows}"))
    assert len(said.splitlines()) == 22
    assert said.splitlines()[-1] == (
        "  - l.csv, row 22, column expended: and 80 more cells: the same fault. "
        "Write a plain amount such as 1234.50, or leave it blank for 0."
    )


def test_a_header_without_rows(tmp_path: Path) -> None:
    assert refused(write(tmp_path / "l.csv", "fy,agency,fund,expended\n")) == (
        "The files cannot be read in:\n  - l.csv: has column names and no rows. Export it with its rows."
    )


@pytest.mark.parametrize(
    ("assumptions", "said"),
    [
        ({"horizn": 3}, 'assumptions: "horizn" is not an assumption. Did you mean horizon? Write that.'),
        ({"horizon": "five"}, 'assumptions, column horizon: "five" is not a number. Write a number.'),
        ({"agency": 5}, 'assumptions, column agency: "5" is not text. Write a name.'),
    ],
)
def test_assumptions_are_checked(tmp_path: Path, assumptions: dict[str, object], said: str) -> None:
    text = refused(write(tmp_path / "l.csv", LONG), assumptions=assumptions)
    assert text == f"The files cannot be read in:\n  - {said}"
