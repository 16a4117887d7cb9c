"""The outlook on a real state's books, FY1998-2021: agency totals, where the last year is hard to beat."""

import os
from pathlib import Path

import pytest

import forecast
from forecast import Outlook

SHARED = Path(os.environ.get("REALLOT_SHARED", Path(__file__).resolve().parents[3] / "shared"))
LEDGER = SHARED / "data" / "state_ledger" / "agency_year_fy1998_2021.csv"

pytestmark = pytest.mark.skipif(not LEDGER.is_file(), reason=f"no real ledger at {LEDGER}; set REALLOT_SHARED")


@pytest.fixture(scope="module")
def outlook() -> Outlook:
    spending = forecast.read_spending(LEDGER, amount="expenditure", period="fy", keys=["agency"])
    return forecast.outlook(spending)


def test_combined_is_not_worse_than_last_year_one_year_ahead(outlook: Outlook) -> None:
    smape = outlook.scores.set_index(["model", "horizon"])["smape"]
    assert smape["combined", 1] <= 1.02 * smape["last value", 1]


def test_intervals_cover_about_as_often_as_they_say(outlook: Outlook) -> None:
    combined = outlook.scores[outlook.scores["model"] == "combined"]
    assert combined["coverage_80"].between(0.76, 0.84).all()
    assert combined["coverage_95"].between(0.92, 0.97).all()


def test_agencies_add_up_and_those_that_are_gone_stay_gone(outlook: Outlook) -> None:
    sums = outlook.lines.groupby("period")["mean"].sum().to_numpy()
    assert sums == pytest.approx(outlook.totals["mean"].to_numpy(), rel=1e-12)
    ended = outlook.treatments.loc[outlook.treatments["found"] == "ended", "agency"]
    assert len(ended) > 0
    assert (outlook.lines.loc[outlook.lines["agency"].isin(ended), "mean"] == 0).all()
