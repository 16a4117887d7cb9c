"""Limits that may be overrun at a price."""

from dataclasses import replace

import pandas as pd
import pytest

import optimizer
from optimizer import Economics, Portfolio
from optimizer.limits import Appropriation, Hours, Soft, Starts, limits_of
from tests.optimizer.limit_cases import REHOST, STAY, Fate, Tests, chose, compare, fleet, money, written

LATER = Economics(tail_years=2)
TOGETHER: tuple[Fate, ...] = (("payroll", 3, "rehost", "2027Q1"), ("ledger", 1, "rehost", "2027Q1"))


def crowded(price: float) -> Portfolio:
    """Each start beyond the second costs something."""
    return fleet(starts={2027: 2}, soft={"starts": price})


def test_soft_costs_nothing_within_the_limit() -> None:
    options, units = chose(crowded(100.0), *STAY)
    assert Soft(Starts(options.portfolio.quarters, options.portfolio.starts), 100.0).paid(options, units) == 0


def test_soft_tells_what_is_overrun_and_what_it_costs() -> None:
    options, units = chose(crowded(100.0), *TOGETHER)
    soft = Soft(Starts(options.portfolio.quarters, options.portfolio.starts), 100.0)
    assert not soft.holds(options, units)
    assert soft.paid(options, units) == 200
    rows = pd.DataFrame(TOGETHER, columns=["system", "units", "strategy", "start"])
    plan = optimizer.evaluate(rows, crowded(100.0), (REHOST,), LATER)
    row = plan.limits[plan.limits["key"] == "2027Q1"].iloc[0]
    assert (row["used"], row["allowed"], row["violation"]) == (4, 2, 2)
    assert plan.terms["violation"] == 200


def test_soft_lp() -> None:
    portfolio = money(
        {"fiscal_year": 2027, "amount": 16_000.0, "carry_forward": 0.5},
        {"fiscal_year": 2028, "amount": 15_000.0},
        soft={"appropriation": 1.5},
    )
    compare("soft", written(portfolio, "appropriation", columns=("brought", "over")))


def test_soft_goes_by_the_name_of_its_limit() -> None:
    portfolio = money({"fiscal_year": 2027, "amount": 16_000.0}, soft={"appropriation": 2.0, "hours": 3.0})
    soft = [limit for limit in limits_of(portfolio) if isinstance(limit, Soft)]
    assert [(limit.name, type(limit.limit), limit.price) for limit in soft] == [
        ("appropriation", Appropriation, 2.0),
        ("hours", Hours, 3.0),
    ]
    assert soft[0].sentence("general FY2027", 1e3, 2e3) == Appropriation(portfolio).sentence("general FY2027", 1e3, 2e3)


def test_a_plan_weighs_the_price_of_a_start_against_waiting() -> None:
    # a quarter later costs 500 a unit
    for price, starts in ((400.0, [4]), (600.0, [2, 2])):
        plan = optimizer.modernize(crowded(price), (REHOST,), LATER, gap=1e-9)
        assert plan.moves.groupby("start")["units"].sum().tolist() == starts
        assert plan.terms["violation"] == price * (starts[0] - 2)
        assert plan.limits["violation"].sum() == starts[0] - 2


def test_money_that_is_missing_is_borrowed_where_that_is_allowed() -> None:
    portfolio = money({"fiscal_year": 2027, "amount": 15_000.0})
    stay = portfolio.replace(systems=portfolio.systems.assign(lock="keep"))
    with pytest.raises(optimizer.InfeasiblePlan):
        optimizer.modernize(stay, (REHOST,), LATER)
    eased = stay.replace(soft={"appropriation": 0.5})
    plan = optimizer.modernize(eased, (REHOST,), LATER)
    assert plan.terms["violation"] == 500
    assert plan.status == "optimal"
    lie = replace(plan, limits=plan.limits.assign(violation=0.0))
    assert "states violation $0" in str(
        optimizer.verify(stay.replace(soft={"appropriation": 0.5}), (REHOST,), LATER, lie)
    )


def test_what_is_no_limit_cannot_be_soft() -> None:
    with pytest.raises(optimizer.DataError, match="soft: transfers cannot be overrun"):
        optimizer.modernize(fleet(soft={"transfers": 1.0}), (REHOST,), LATER)


REGISTER: Tests = {
    Soft: (
        "test_soft_costs_nothing_within_the_limit",
        "test_soft_tells_what_is_overrun_and_what_it_costs",
        "test_soft_lp",
    )
}
