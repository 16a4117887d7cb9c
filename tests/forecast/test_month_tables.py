from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.errors import SpendingError
from forecast.projection import project
from tests.forecast.monthly_tables import LAST, NAN, budget, check, months, odd, spending


def test_months_may_be_written_in_many_ways() -> None:
    table = months(spending(3, 4, 7))
    ways = {
        "text": table["period"].astype("str"),
        "date": table["period"].dt.to_timestamp(),
        "day": table["period"].dt.to_timestamp().dt.strftime("%Y-%m-%d"),
        "object": table["period"].astype("object"),
        "words": table["period"].dt.strftime("%b %Y"),
        "mixed": [str(period) if period.month < 6 else f"{period}-15" for period in table["period"]],
    }
    first = project(table)
    for period in ways.values():
        pd.testing.assert_frame_equal(project(table.assign(period=period)).lines, first.lines)


def test_quarters_are_those_of_the_fiscal_year() -> None:
    table = months(spending(5, 6, 9))
    quarter = table["period"].dt.asfreq("Q-JUN")
    sums = table.assign(period=quarter).groupby(["agency", "period"])["amount"].sum().reset_index()
    end = project(sums)
    assert (end.periods, end.closed, end.fiscal_year) == (4, 3, LAST)
    written = sums.assign(period=sums["period"].astype("str"))
    assert written["period"].iloc[-1] == "2026Q3"
    pd.testing.assert_frame_equal(project(written).lines, end.lines)
    calendar = sums.assign(period=sums["period"].dt.asfreq("M").dt.asfreq("Q-DEC"))
    pd.testing.assert_frame_equal(project(calendar).lines, end.lines)
    np.testing.assert_allclose(end.lines["spent"], project(table).lines["spent"])
    check(end, budgeted=False)


def test_the_fiscal_year_begins_where_it_is_said_to() -> None:
    table = months(spending(3, 4, 12))
    for start, closed, year in ((7, 12, 2026), (10, 9, 2026), (1, 6, 2026), (4, 3, 2027)):
        end = project(table, fiscal_year_start=start)
        assert (end.closed, end.fiscal_year) == (closed, year)
        begin = pd.Period("2026-06", "M") - closed
        spent = table[table["period"] > begin].groupby("agency")["amount"].sum()
        np.testing.assert_allclose(end.lines["spent"], spent)


def test_a_month_that_is_hardly_booked_is_left_out() -> None:
    table = months(spending(10, 5, 8, seed=7))
    partial = table.assign(amount=table["amount"].where(table["period"] < "2026-02", table["amount"] * 0.2))
    end = project(partial)
    assert end.closed == 7
    assert odd(end) == [(name, "2026-02", "partial last month") for name in end.lines["agency"]]
    pd.testing.assert_frame_equal(end.lines, project(table, as_of="2026-01").lines)
    assert project(partial, as_of="2026-02").closed == 8
    assert project(table).closed == 8


def test_a_month_that_is_always_quiet_is_not_partial() -> None:
    lines = spending(10, 5, 8, seed=7)
    for amounts in lines.values():
        amounts[:, 7] *= 0.05
    assert project(months(lines)).closed == 8


def test_everything_wrong_with_the_tables_is_said_at_once() -> None:
    table = pd.DataFrame(
        {
            "agency": ["a", "a", "b", "b"],
            "period": ["2025-07", "2025-13", "FY2026", "2025-08"],
            "amount": ["1", "x", "3", "4"],
        }
    )
    wrong = pd.DataFrame({"fund": ["general"], "fiscal_year": [2026], "amount": [1.0]})
    said = pd.DataFrame({"agency": ["a"], "mean": ["much"]})
    with pytest.raises(SpendingError) as raised:
        project(table, wrong, prior=said)
    problems = "\n".join(raised.value.problems)
    assert len(raised.value.problems) == 5
    assert "months: row 1, column 'amount': 'x' is not a number" in problems
    assert "months: row 1, column 'period': '2025-13' is not a month" in problems
    assert "months: row 2, column 'period': 'FY2026' is not a month" in problems
    assert "budget: its keys are fund, those of the months agency" in problems
    assert "prior: row 0, column 'mean': 'much' is not a number" in problems


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"period": ["2025-07", "2025-07"]}, "a second amount for a in 2025-07. Add them up."),
        ({"period": ["2025-07", "2025Q4"]}, "holds both months and quarters"),
        ({"period": ["1025-07", "2025-07"]}, "spans more than 200 years"),
        ({"amount": [NAN, NAN]}, "every amount is blank"),
        ({"amount": [1.0, np.inf]}, "'inf' is not a number"),
        ({"mean": ["x", "y"]}, "column 'mean' bears a name that the projection uses itself"),
        ({"amount": None}, "no column 'amount' (columns: agency, period)"),
        ({"encumbered": ["", "x"]}, "row 1, column 'encumbered': 'x' is not a number"),
        ({"period": ["2025-7", "2025-08"]}, "row 0, column 'period': '2025-7' is not a month (2026-07)"),
        ({"period": pd.PeriodIndex(["2025Q1", "2025Q2"], freq="Q-NOV")}, "'2025Q1' is not a month (2026-07)"),
        ({"period": [pd.Period("2025-07-01", "D")] * 2}, "is not a month (2026-07)"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(change: dict[str, Any], problem: str) -> None:
    table = pd.DataFrame({"agency": ["a", "a"], "period": ["2025-07", "2025-08"], "amount": [1.0, 2.0]})
    for name, values in change.items():
        table = table.drop(columns=name) if values is None else table.assign(**{name: values})
    with pytest.raises(SpendingError) as raised:
        project(table)
    assert problem in str(raised.value)


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(SpendingError, match="there are no rows"):
        project(pd.DataFrame({"agency": [], "period": [], "amount": []}))


def test_a_budget_without_the_present_year_and_a_date_out_of_the_table_are_refused() -> None:
    table = months(spending(2, 3, 8))
    with pytest.raises(SpendingError, match=r"no appropriation of FY2026, the present year"):
        project(table, budget({"line000": 5.0}, last=2025))
    for as_of in ("2026-03", "2020-01", "soon"):
        with pytest.raises(SpendingError, match=f"as_of '{as_of}' is no closed period"):
            project(table, as_of=as_of)


@pytest.mark.parametrize("name", ["amount", "period"])
def test_a_column_that_stands_there_twice_is_refused(name: str) -> None:
    table = pd.DataFrame({"agency": ["a"], "period": ["2025-07"], "amount": [1.0], "again": ["2"]})
    with pytest.raises(SpendingError, match=f"column '{name}' stands there twice. Rename or remove one"):
        project(table.rename(columns={"again": name}))


def test_months_and_quarters_are_not_also_said_to_be_far_apart() -> None:
    table = pd.DataFrame({"agency": ["a", "b"], "period": ["2025-07", "2025Q4"], "amount": [1.0, 2.0]})
    with pytest.raises(SpendingError) as raised:
        project(table)
    assert raised.value.problems == ("months: column 'period' holds both months and quarters. Give one of them.",)


def test_encumbrances_may_all_be_blank() -> None:
    table = months(spending(3, 4, 7))
    assert project(table.assign(encumbered=NAN)).lines["encumbered"].isna().all()


@pytest.mark.parametrize("as_of", ["2025-12", "2025-12-31", "2026Q2", pd.Timestamp("2025-12-03"), pd.Period("2025Q4")])
def test_the_last_closed_period_may_be_a_month_or_a_quarter(as_of: object) -> None:
    table = months(spending(3, 4, 9))
    assert project(table, as_of=as_of).closed == 6
    quarters = table.assign(period=table["period"].dt.asfreq("Q-JUN")).groupby(["agency", "period"]).sum().reset_index()
    assert project(quarters, as_of=as_of).closed == 2
