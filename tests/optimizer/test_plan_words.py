"""What a plan says of itself."""

import pandas as pd

from optimizer import Economics, Strategy, continue_as_now, modernize
from optimizer.plan import waves
from optimizer.words import amount_of, dollars, listed
from tests.optimizer.portfolios import by_hand

MOVE = Strategy("rehost", 600.0, 50.0, 1, 0, 0, {"migration": 10}, 0.4)
PORTFOLIO = by_hand(
    {"payroll": {"units": 3}, "ledger": {"lock": "keep"}},
    run=1e5,
    years=2,
    appropriations=[{"fiscal_year": year, "amount": 1.7e6} for year in (2027, 2028)],
    starts={2027: 2},
)


def test_a_plan_speaks_in_the_words_of_the_trade() -> None:
    plan = modernize(PORTFOLIO, (MOVE,), Economics(tail_years=1), gap=1e-9)
    assert str(plan).splitlines() == [
        "plan: optimal, within 0.000 % of the best (proven), 3 of 4 units moved to modern by FY2028",
        "  FY2027  outlay $1.1M of $1.7M   3 units start",
        "  FY2028  outlay $880.0K of $1.7M   0 units start",
        "  objective $1.3M = run $2.0M + one-time $1.9K + dual-run $0 + exit $0 + tail −$720.0K + risk $0",
    ]
    assert plan.prices()["limit"].tolist() == ["starts"]


def test_a_reference_states_no_proof() -> None:
    assert str(continue_as_now(PORTFOLIO, (MOVE,), Economics())).startswith("plan: reference, 0 of 4 units moved")


def test_waves_are_half_fiscal_years_in_order_of_time() -> None:
    numbers = waves(pd.Series(["2028Q4", "", "2027Q1", "2027Q2", "2027Q3", "2028Q3"]), "Q-JUN")
    assert numbers.fillna(0).tolist() == [3, 0, 1, 1, 2, 3]


def test_amounts_in_words() -> None:
    assert [dollars(x) for x in (0, 12, 999.6, 1_500, 4.2e6, -3.1e5, 2.345e9)] == [
        "$0",
        "$12",
        "$1.0K",
        "$1.5K",
        "$4.2M",
        "−$310.0K",
        "$2.35B",
    ]
    assert amount_of(3, "units") == "3 units"
    assert listed("abcdefg", 3) == "a, b, c and 4 more"
