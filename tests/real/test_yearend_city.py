"""Year-end projections of a real city's receipts and departments, in years that nothing was tuned on."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.yearend import Departments, by_year, city_said, read_departments, read_receipts
from forecast.losses import smape
from forecast.projection import project
from forecast.yearend import YearEnd

SHARED = Path(os.environ.get("REALLOT_SHARED", Path(__file__).resolve().parents[3] / "shared"))
CITY = SHARED / "data" / "city_monthly_receipts"
YEARS = range(2015, 2022)

pytestmark = pytest.mark.skipif(not CITY.is_dir(), reason=f"no real city at {CITY}; set REALLOT_SHARED")


@pytest.fixture(scope="module")
def city() -> Departments:
    return read_departments(CITY / "department_budget_vs_actual_fy2008_2021.csv")


@pytest.fixture(scope="module")
def receipts() -> pd.DataFrame:
    return read_receipts(CITY / "monthly_receipts_2013_2021.csv")


def at_quarter(city: Departments, year: int, closed: int) -> tuple[YearEnd, pd.DataFrame]:
    """The projection with the budget as it stood then, and a row a department of what was said and what came."""
    now = {
        name: table[(table["quarter"] == closed) & (table["fiscal_year"] <= year)].drop(columns="quarter")
        for name, table in (("budget", city.budget), ("published", city.published))
    }
    end = project(city.spending, now["budget"], as_of=f"{year}Q{closed}")
    said = city_said(city, now, year, closed)
    said["ours"] = said["department"].map(end.lines.set_index("department")["mean"])
    return end, said.dropna()


@pytest.mark.parametrize("closed", [2, 3])
def test_departments_end_nearer_than_the_city_and_the_run_rate_said(city: Departments, closed: int) -> None:
    said = pd.concat([at_quarter(city, year, closed)[1] for year in YEARS])
    said = said[said["actual"] != 0]
    missed = {
        name: smape(said["actual"].to_numpy(), said[name].to_numpy()).mean()
        for name in ("ours", "city's own", "budget", "run rate")
    }
    assert len(said) > 500
    assert missed["ours"] < 0.9 * missed["city's own"]
    assert missed["ours"] < 0.9 * missed["budget"]
    assert missed["ours"] < 0.6 * missed["run rate"]


def test_departments_end_within_their_intervals_as_often_as_these_say(city: Departments) -> None:
    inside: dict[int, list[bool]] = {80: [], 95: []}
    for year in YEARS:
        end, said = at_quarter(city, year, 2)
        rows = said.merge(end.lines, on="department")
        for level, held in inside.items():
            held += list((rows[f"lo_{level}"] <= rows["actual"]) & (rows["actual"] <= rows[f"hi_{level}"]))
    assert 0.75 < np.mean(inside[80]) < 0.88
    assert 0.92 < np.mean(inside[95]) < 0.98


def test_what_lapses_is_expected_to(city: Departments) -> None:
    expected = actual = 0.0
    for year in YEARS:
        end, said = at_quarter(city, year, 3)
        rows = said.merge(end.lines, on="department")
        actual += float((rows["appropriated"] - rows["actual"]).clip(lower=0).sum())
        expected += float(rows["expected_lapse"].sum())
    assert expected == pytest.approx(actual, rel=0.5)


def test_receipts_end_nearer_than_the_run_rate_and_last_year_said(receipts: pd.DataFrame) -> None:
    for closed in (3, 6, 9):
        ours, rate, last = [], [], []
        for year in range(2017, 2022):
            end = project(receipts, as_of=pd.Period(year=year - 1, month=6, freq="M") + closed)
            actual, now, before, _ = by_year(receipts, year, closed, 12, "source")
            ours.append(smape(actual, end.lines["mean"].to_numpy()))
            rate.append(smape(actual, now * 12 / closed))
            last.append(smape(actual, before))
        assert np.mean(ours) < 0.8 * np.mean(rate)
        assert np.mean(ours) < 0.9 * np.mean(last)


def test_reversals_of_receipts_are_listed(receipts: pd.DataFrame) -> None:
    end = project(receipts)
    negative = end.treatments[end.treatments["found"] == "negative month"]
    assert len(negative) == (receipts["amount"] < 0).sum()
    assert (end.lines["mean"] == end.lines["spent"]).all()
