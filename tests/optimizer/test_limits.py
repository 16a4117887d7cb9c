"""Three tests for each limit: a plan inside, a plan outside, and its rows as an LP."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimizer import Economics, Portfolio, Strategy
from optimizer.direct import build
from optimizer.limits import Appropriation, Hours, Limit, MoveGroups, OneFate, Starts, limits_of, structure_of
from optimizer.options import Options, chosen, expand
from optimizer.problem import study
from tests.optimizer.portfolios import by_hand

REHOST = Strategy("rehost", 600.0, 0.0, 1, 0, 0, {"migration": 10}, 0.5)
BUILD = Strategy("replatform", 900.0, 0.0, 1, 0, 0, {"migration": 30}, 0.2, capital=True)
PLAIN = Economics(tail_years=0)
LP = Path(__file__).parent / "lp"

Fate = tuple[str, int, str, str]


def chose(portfolio: Portfolio, *fates: Fate) -> tuple[Options, np.ndarray]:
    """The options of a plan written as `(system, units, strategy, start)`."""
    rows = pd.DataFrame(fates, columns=["system", "units", "strategy", "start"])
    return chosen(portfolio, (REHOST, BUILD), PLAIN, rows)


def written(portfolio: Portfolio, *families: str) -> list[str]:
    """The rows of some limits as sorted lines of an LP."""
    model, _, _ = build(study(expand(portfolio, (REHOST,), PLAIN)).problem)
    rows = [f"{row.name}: {row}" for row in model.constraints() if row.name.startswith(families)]
    bounds = [f"{v.lowBound} <= {v.name} <= {v.upBound}" for v in model.variables() if v.name.startswith("brought")]
    return sorted(rows) + sorted(bounds if "appropriation" in families else [])


def compare(name: str, lines: list[str]) -> None:
    """Compare with the stored LP, line by line."""
    assert lines == (LP / f"{name}.lp").read_text(encoding="utf-8").splitlines()


def fleet(**changes: Any) -> Portfolio:
    return by_hand({"payroll": {"units": 3}, "ledger": {}}, **changes)


# One fate


def test_one_fate_takes_all_units() -> None:
    options, units = chose(
        fleet(), ("payroll", 2, "retain", ""), ("payroll", 1, "rehost", "2027Q1"), ("ledger", 1, "retain", "")
    )
    assert structure_of(options.portfolio)[0].holds(options, units)


def test_one_fate_refuses_a_unit_without_one() -> None:
    options, units = chose(fleet(), ("payroll", 2, "retain", ""), ("ledger", 1, "retain", ""))
    assert not structure_of(options.portfolio)[0].holds(options, units)


def test_one_fate_lp() -> None:
    compare("one_fate", written(fleet(), "one_fate"))


# Groups


def pair(**changes: Any) -> Portfolio:
    systems: dict[str, dict[str, Any]] = {
        "payroll": {"group": "hr", "units": 3},
        "pension": {"group": "hr"},
        "ledger": {"group": "hr", "side": "modern"},
    }
    return by_hand(systems, **changes)


def test_groups_start_together() -> None:
    options, units = chose(
        pair(), ("payroll", 3, "rehost", "2027Q2"), ("pension", 1, "replatform", "2027Q2"), ("ledger", 1, "retain", "")
    )
    assert structure_of(options.portfolio)[1].holds(options, units)


def test_groups_refuse_different_starts() -> None:
    options, units = chose(pair(), ("payroll", 3, "rehost", "2027Q2"), ("pension", 1, "rehost", "2027Q3"))
    assert not structure_of(options.portfolio)[1].holds(options, units)


def test_groups_refuse_one_that_stays() -> None:
    options, units = chose(pair(), ("payroll", 3, "rehost", "2027Q2"), ("pension", 1, "retain", ""))
    assert not structure_of(options.portfolio)[1].holds(options, units)


def test_groups_lp() -> None:
    compare("together", written(pair(), "together"))


# Appropriation


def money(*rows: dict[str, Any], **changes: Any) -> Portfolio:
    return fleet(appropriations=rows, **{"years": 2, **changes})


STAY: tuple[Fate, ...] = (("payroll", 3, "retain", ""), ("ledger", 1, "retain", ""))


def keeps(portfolio: Portfolio, *fates: Fate) -> bool:
    options, units = chose(portfolio, *fates)
    return Appropriation(portfolio).holds(options, units)


def test_appropriation_allows_what_it_covers() -> None:
    assert keeps(money({"fiscal_year": 2027, "amount": 16_000.0}), *STAY)


def test_appropriation_refuses_a_dollar_more() -> None:
    assert not keeps(money({"fiscal_year": 2027, "amount": 15_999.0}), *STAY)


def test_appropriation_lp() -> None:
    rows: list[dict[str, Any]] = [
        {"fiscal_year": 2027, "amount": 17_000.0, "carry_forward": 0.5, "opening_balance": 300.0},
        {"fiscal_year": 2028, "amount": 15_000.0},
        {"fiscal_year": 2028, "amount": 700.0, "purpose": "capital"},
    ]
    compare("appropriation", written(money(*rows), "appropriation"))


def test_outlay_counts_the_residual_and_the_sites() -> None:
    rest = [
        {"agency": "health", "fiscal_year": 2027, "amount": 400.0},
        {"agency": "tax", "fiscal_year": 2027, "amount": -100.0},
    ]
    sites = {"hall": {"annual_fixed_cost": 200.0}}

    def portfolio(amount: float, **scope: Any) -> Portfolio:
        return money({"fiscal_year": 2027, "amount": amount, **scope}, residual=rest, sites=sites)

    assert keeps(portfolio(16_500.0), *STAY)
    assert not keeps(portfolio(16_499.0), *STAY)
    # by agency: its own residual, no site; by line item: systems alone
    assert keeps(portfolio(16_400.0, agency="health"), *STAY)
    assert not keeps(portfolio(16_399.0, agency="health"), *STAY)
    assert keeps(portfolio(-100.0, agency="tax"), *STAY)
    assert not keeps(portfolio(-101.0, agency="tax"), *STAY)
    assert keeps(portfolio(0.0, line_item="tax_office"), *STAY)


def test_purpose_parts_capital_from_operating_money() -> None:
    moved = (("payroll", 3, "retain", ""), ("ledger", 1, "replatform", "2027Q1"))

    def portfolio(amount: float, purpose: str) -> Portfolio:
        return money({"fiscal_year": 2027, "amount": amount, "purpose": purpose})

    # ledger runs one quarter at 1,000, then three at 200; building costs 900 of capital money
    assert keeps(portfolio(900.0, "capital"), *moved)
    assert not keeps(portfolio(899.0, "capital"), *moved)
    assert keeps(portfolio(13_600.0, "operating"), *moved)
    assert not keeps(portfolio(13_599.0, "operating"), *moved)
    assert keeps(portfolio(14_500.0, "any"), *moved)
    assert not keeps(portfolio(14_499.0, "any"), *moved)


def test_funds_share_a_system_and_build_money_may_come_from_elsewhere() -> None:
    systems: dict[str, dict[str, Any]] = {"payroll": {"fund": "general:0.25|federal:0.75", "one_time_fund": "bonds"}}
    for fund, need in {"general": 700.0, "federal": 2_100.0, "bonds": 600.0}.items():
        for amount, kept in ((need, True), (need - 1, False)):
            portfolio = by_hand(systems, appropriations=[{"fund": fund, "amount": amount}])
            # one quarter at 1,000, three at 500, half of it avoided at once: run cost 2,800 in all
            rows = pd.DataFrame([("payroll", 1, "rehost", "2027Q1")], columns=["system", "units", "strategy", "start"])
            options, units = chosen(portfolio, (Strategy("rehost", 600.0, run_factor=0.6),), PLAIN, rows)
            assert Appropriation(portfolio).holds(options, units) is kept


def carried(
    first: float, second: float, *, share: float = 0.5, opening: float = 0.0, third: float | None = None
) -> Portfolio:
    rows = [
        {"fiscal_year": 2027, "amount": first, "carry_forward": share, "opening_balance": opening},
        {"fiscal_year": 2028, "amount": second, "carry_forward": share},
    ]
    if third is not None:
        rows.append({"fiscal_year": 2029, "amount": third})
    return money(*rows, years=3 if third is not None else 2)


def test_a_share_of_what_is_left_goes_on_one_year() -> None:
    # each year costs 16,000; 2,000 are left of the first, half of it goes on
    assert keeps(carried(18_000, 15_000), *STAY)
    assert not keeps(carried(18_000, 14_999), *STAY)
    assert not keeps(carried(18_000, 15_000, share=0.4), *STAY)


def test_money_brought_is_used_first_and_lapses() -> None:
    # 4,000 left, 2,000 brought into the second year: own spend 14,000 of 17,000, so that 1,500 go on into the third
    assert keeps(carried(20_000, 17_000, third=14_500), *STAY)
    assert not keeps(carried(20_000, 17_000, third=14_499), *STAY)


def test_the_opening_balance_is_brought_into_the_first_year() -> None:
    assert keeps(carried(15_000, 16_000, opening=1_000), *STAY)
    assert not keeps(carried(15_000, 16_000, opening=999), *STAY)


def test_the_table_states_what_is_brought() -> None:
    portfolio = carried(20_000, 17_000, third=14_500, opening=500)
    options, units = chose(portfolio, *STAY)
    table = Appropriation(portfolio).table(options, units)
    # own spend 15,500 of 20,000 leaves 4,500, of which 2,250 go on; then 16,000 - 2,250 = 13,750 of 17,000 leaves 3,250
    assert table["allowed"].to_dict() == {
        "general FY2027": 20_500,
        "general FY2028": 19_250,
        "general FY2029": 16_125,
    }
    assert table["used"].tolist() == [16_000] * 3


# Hours


def test_hours_within_a_quarter_of_the_year() -> None:
    portfolio = fleet(capacity=[("migration", 2027, 80.0)])
    options, units = chose(portfolio, ("payroll", 2, "rehost", "2027Q1"), ("ledger", 1, "rehost", "2027Q2"))
    assert Hours(portfolio.quarters, portfolio.capacity).holds(options, units)


def test_hours_refuse_more_work() -> None:
    portfolio = fleet(capacity=[("migration", 2027, 80.0)])
    options, units = chose(portfolio, ("payroll", 2, "rehost", "2027Q1"), ("ledger", 1, "rehost", "2027Q1"))
    assert not Hours(portfolio.quarters, portfolio.capacity).holds(options, units)


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


# All of them

REGISTER = {
    OneFate: ("test_one_fate_takes_all_units", "test_one_fate_refuses_a_unit_without_one", "test_one_fate_lp"),
    MoveGroups: ("test_groups_start_together", "test_groups_refuse_different_starts", "test_groups_lp"),
    Appropriation: (
        "test_appropriation_allows_what_it_covers",
        "test_appropriation_refuses_a_dollar_more",
        "test_appropriation_lp",
    ),
    Hours: ("test_hours_within_a_quarter_of_the_year", "test_hours_refuse_more_work", "test_hours_lp"),
    Starts: ("test_starts_within_the_number", "test_starts_refuse_one_more", "test_starts_lp"),
}


def test_every_limit_is_tested() -> None:
    assert set(Limit.__subclasses__()) == set(REGISTER)
    assert all(callable(globals()[name]) for names in REGISTER.values() for name in names)


def test_every_limit_is_part_of_a_study() -> None:
    portfolio = fleet()
    assert {type(limit) for limit in (*limits_of(portfolio), *structure_of(portfolio))} == set(REGISTER)


@pytest.mark.parametrize("limit", list(REGISTER))
def test_every_limit_states_its_formula(limit: type[Limit]) -> None:
    assert "$$" in (limit.__doc__ or "")


def test_limits_speak() -> None:
    portfolio = money({"fiscal_year": 2027, "amount": 16_000.0})
    assert Appropriation(portfolio).sentence("general FY2027", 15_000.0, 16_000.0) == (
        "appropriation general FY2027: outlay $15.0K of $16.0K"
    )
    assert Starts(portfolio.quarters, portfolio.starts).sentence("2027Q1", 2, 3) == "starts 2027Q1: 2 units of 3 units"
