"""Hours of each skill, starts, and purchases that are open at once."""

from dataclasses import replace

import pandas as pd
import pytest

from optimizer import Economics, Method, Strategy, modernize
from optimizer.direct import build
from optimizer.limits import Hours, Procurements, Starts
from optimizer.options import chosen, expand
from optimizer.portfolio import Learning
from optimizer.study import study
from tests.optimizer.limit_cases import PLAIN, REHOST, Fate, Tests, chose, compare, fleet, written

# Hours


def test_hours_within_a_quarter_of_the_year() -> None:
    portfolio = fleet(capacity=[("migration", 2027, 80.0)])
    options, units = chose(portfolio, ("payroll", 2, "rehost", "2027Q1"), ("ledger", 1, "rehost", "2027Q2"))
    assert Hours(portfolio).holds(options, units)


def test_hours_refuse_more_work() -> None:
    portfolio = fleet(capacity=[("migration", 2027, 80.0)])
    options, units = chose(portfolio, ("payroll", 2, "rehost", "2027Q1"), ("ledger", 1, "rehost", "2027Q1"))
    assert not Hours(portfolio).holds(options, units)


def test_hours_lp() -> None:
    compare("hours", written(fleet(capacity=[("migration", 2027, 80.0)]), "hours"))


# Starts


def test_starts_within_the_number() -> None:
    portfolio = fleet(starts={2027: 2})
    options, units = chose(portfolio, ("payroll", 2, "rehost", "2027Q1"), ("ledger", 1, "rehost", "2027Q2"))
    assert Starts(portfolio.quarters, portfolio.starts).holds(options, units)


def test_starts_refuse_one_more() -> None:
    portfolio = fleet(starts={2027: 2})
    options, units = chose(portfolio, ("payroll", 2, "rehost", "2027Q1"), ("ledger", 1, "rehost", "2027Q1"))
    assert not Starts(portfolio.quarters, portfolio.starts).holds(options, units)


def test_starts_lp() -> None:
    compare("starts", written(fleet(starts={2027: 2}), "starts"))


# Learning


def test_hours_ramp_up_along_a_learning_curve() -> None:
    portfolio = fleet(capacity=[("migration", 2027, 80.0)], learning=Learning(0.4, 0.5))
    assert Hours(portfolio).allowed().to_dict() == pytest.approx(
        {"migration 2027Q1": 8.0, "migration 2027Q2": 14.0, "migration 2027Q3": 17.0, "migration 2027Q4": 18.5}
    )
    begun = portfolio.replace(as_of=portfolio.as_of.replace(month=11))
    assert Hours(begun).allowed().tolist() == pytest.approx([8.0, 8.0, 14.0, 17.0])


# Purchases

RFP = Method("rfp", 100.0)


def office(number: float, *fates: Fate, method: Method = RFP, strategy: Strategy = REHOST) -> bool:
    """Whether an office that can look after so many purchases at once keeps up."""
    portfolio = fleet(years=2, procurement_capacity=pd.Series({2027: number}))
    rows = pd.DataFrame(fates, columns=["system", "units", "strategy", "start"])
    options, units = chosen(portfolio, (strategy,), PLAIN, rows, (method,))
    return Procurements(portfolio).holds(options, units)


BOTH: tuple[Fate, ...] = (("payroll", 3, "rehost", "2027Q3"), ("ledger", 1, "rehost", "2027Q4"))


def test_purchases_within_the_capacity_of_the_office() -> None:
    # 100 days before January is September, 100 days before April is December: both are open in 2027Q2
    assert office(2, *BOTH)
    assert office(1, BOTH[0], ("ledger", 1, "retain", ""))
    assert office(1, BOTH[0], ("ledger", 1, "rehost", "2028Q2"))
    # one of three units is a third of the purchase
    assert office(4 / 3, ("payroll", 1, "rehost", "2027Q3"), ("payroll", 2, "retain", ""), BOTH[1])


def test_purchases_beyond_the_capacity_are_refused() -> None:
    assert not office(1.9, *BOTH)
    assert not office(0.9, BOTH[0], ("ledger", 1, "retain", ""))
    assert not office(1.3, ("payroll", 1, "rehost", "2027Q3"), ("payroll", 2, "retain", ""), BOTH[1])


def test_purchases_lp() -> None:
    portfolio = fleet(procurement_capacity=pd.Series({2027: 1.0}))
    model, _, _ = build(
        study(expand(portfolio, (REHOST,), PLAIN, (RFP, Method("dear", 20.0, price_factor=1.1)))).problem
    )
    lines = sorted(f"{row.name}: {row}" for row in model.constraints() if row.name.startswith("procurement"))
    compare("procurement", lines)


def test_modules_are_bought_while_others_are_built() -> None:
    slow = replace(REHOST, work_quarters=4)
    modular = Method("modular", 80.0, modules=4)
    portfolio = fleet(years=2, procurement_capacity=pd.Series({2027: 1.0, 2028: 1.0}))
    rows = pd.DataFrame([("payroll", 3, "rehost", "2027Q2")], columns=["system", "units", "strategy", "start"])
    options, units = chosen(portfolio, (slow,), PLAIN, rows, (modular,))
    assert Procurements(portfolio).table(options, units)["used"].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]


def test_without_methods_nothing_is_bought() -> None:
    portfolio = fleet(years=2, procurement_capacity=pd.Series({2027: 1.0, 2028: 1.0}))
    rows = pd.DataFrame([("payroll", 3, "rehost", "2027Q4")], columns=["system", "units", "strategy", "start"])
    options, units = chosen(portfolio, (REHOST,), PLAIN, rows)
    assert Procurements(portfolio).table(options, units)["used"].tolist() == [0] * 8


def test_a_plan_keeps_to_the_office_and_picks_the_method_for_it() -> None:
    # the cheaper way keeps the office busy for two quarters
    cheap, quick = Method("cheap", 150.0), Method("quick", 60.0, price_factor=1.01)
    portfolio = fleet(years=2, procurement_capacity=pd.Series({2027: 1.0, 2028: 1.0}))
    plans = [
        modernize(study_, (REHOST,), Economics(tail_years=2), methods=(cheap, quick), gap=1e-9)
        for study_ in (portfolio, portfolio.replace(procurement_capacity=None))
    ]
    assert plans[0].limits.loc[plans[0].limits["limit"] == "procurement", "used"].max() == 1
    assert set(plans[0].moves["method"]) == {"quick"}
    assert plans[0].objective > plans[1].objective


REGISTER: Tests = {
    Procurements: (
        "test_purchases_within_the_capacity_of_the_office",
        "test_purchases_beyond_the_capacity_are_refused",
        "test_purchases_lp",
    ),
    Hours: ("test_hours_within_a_quarter_of_the_year", "test_hours_refuse_more_work", "test_hours_lp"),
    Starts: ("test_starts_within_the_number", "test_starts_refuse_one_more", "test_starts_lp"),
}
