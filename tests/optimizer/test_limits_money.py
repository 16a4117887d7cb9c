"""Appropriations of a year or a biennium, what moves between them, what is kept free and what is swept."""

from typing import Any

import pandas as pd
import pytest

from optimizer import Portfolio, Strategy
from optimizer.limits import Appropriation, Biennium, Sweep, Transfers, limits_of
from optimizer.options import chosen
from tests.optimizer.limit_cases import PLAIN, STAY, Fate, Tests, chose, compare, money, written
from tests.optimizer.portfolios import by_hand

# Appropriation


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
    compare("appropriation", written(money(*rows), "appropriation", columns="brought"))


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


# Reserve


def test_a_reserve_is_kept_free_and_goes_on_with_the_rest() -> None:
    assert keeps(money({"fiscal_year": 2027, "amount": 20_000.0}).replace(reserve=0.2), *STAY)
    assert not keeps(money({"fiscal_year": 2027, "amount": 20_000.0}).replace(reserve=0.21), *STAY)
    later = pd.Series({2028: 0.5})
    assert keeps(money({"fiscal_year": 2027, "amount": 16_000.0}).replace(reserve=later), *STAY)
    # 4,000 are left of the first year, reserve or not, and all of it goes on
    assert keeps(carried(20_000, 12_000, share=1.0).replace(reserve=pd.Series({2027: 0.2})), *STAY)
    assert not keeps(carried(20_000, 12_000, share=1.0).replace(reserve=0.2), *STAY)


def test_a_fund_keeps_its_own_reserve_beside_that_of_all() -> None:
    portfolio = money({"fiscal_year": 2027, "amount": 20_000.0})
    assert keeps(portfolio.replace(reserve=0.1, fund_reserves={"general": 0.1}), *STAY)
    assert not keeps(portfolio.replace(reserve=0.1, fund_reserves={"general": 0.11}), *STAY)
    assert keeps(portfolio.replace(reserve=0.2, fund_reserves={"federal": 0.5}), *STAY)


# Biennium


def cycle(*amounts: float, first: int = 2027, begins: int = 2027, **row: Any) -> Portfolio:
    rows = [{"fiscal_year": first + i, "amount": amount, **row} for i, amount in enumerate(amounts)]
    return money(*rows, years=max(2, len(amounts)), biennium_start=begins)


def within(portfolio: Portfolio, *fates: Fate) -> bool:
    options, units = chose(portfolio, *fates)
    return all(limit.holds(options, units) for limit in limits_of(portfolio))


def test_biennium_allows_both_years_together() -> None:
    assert within(cycle(20_000, 12_000), *STAY)
    assert within(cycle(12_000, 20_000), *STAY)


def test_biennium_refuses_a_dollar_more_over_both_years() -> None:
    assert not within(cycle(20_000, 11_999), *STAY)


def test_biennium_lp() -> None:
    portfolio = cycle(20_000, 12_000, 16_000, carry_forward=0.5, opening_balance=100.0)
    compare("biennium", written(portfolio, "appropriation", columns="brought"))


def test_money_lapses_at_the_end_of_a_cycle() -> None:
    # 4,000 left of the first cycle are lost, whatever the table says of carrying forward
    assert not within(cycle(20_000, 16_000, 16_000, 15_999, carry_forward=1.0), *STAY)
    assert within(cycle(20_000, 16_000, 16_000, 16_000, carry_forward=1.0), *STAY)


def test_a_cycle_that_began_before_the_horizon_has_its_second_year_and_what_it_opens_with() -> None:
    assert within(cycle(15_000, 16_000, begins=2026, opening_balance=1_000.0), *STAY)
    assert not within(cycle(15_000, 18_000, begins=2026, opening_balance=999.0), *STAY)
    keys = Biennium(cycle(15_000, 16_000, begins=2026)).allowed().index.tolist()
    assert keys == ["general biennium FY2027", "general biennium FY2029"]


# Transfers


def agencies(*, health: float = 15_000.0, tax: float = 1_000.0, limit: float = 1_000.0, **changes: Any) -> Portfolio:
    """Health needs 16,000 a year; tax needs nothing."""
    rows = [
        {"agency": "health", "amount": health, "transfer_limit": limit},
        {"agency": "tax", "amount": tax},
    ]
    return money(*rows, **changes)


def test_transfers_help_an_agency_up_to_the_limit() -> None:
    assert within(agencies(), *STAY)
    portfolio = agencies(health=15_400.0)
    options, units = chose(portfolio, *STAY)
    table = Transfers(portfolio).table(options, units)
    assert table["used"].to_dict() == pytest.approx({"general health FY2027": 600.0, "general tax FY2027": -600.0})
    money_table = Appropriation(portfolio).table(options, units)
    assert money_table["allowed"].to_dict() == pytest.approx(
        {"general health FY2027": 16_000.0, "general tax FY2027": 400.0}
    )


def test_transfers_refuse_more_than_the_limit_or_than_there_is() -> None:
    assert not within(agencies(limit=999.0), *STAY)
    assert not within(agencies(tax=999.0), *STAY)
    assert not within(agencies(limit=0.0), *STAY)


def test_transfers_lp() -> None:
    compare("transfers", written(agencies(), "transfers", "appropriation", columns=("into", "out_of")))


def test_transfers_stay_within_a_fund_and_a_year() -> None:
    rows: list[dict[str, Any]] = [
        {"agency": "health", "amount": 15_000.0, "transfer_limit": 5_000.0},
        {"agency": "tax", "fund": "federal", "amount": 9_000.0},
        {"agency": "tax", "fiscal_year": 2028, "amount": 9_000.0},
        {"amount": 20_000.0},
    ]
    assert not within(money(*rows), *STAY)


def test_what_is_given_away_no_longer_goes_on() -> None:
    # tax keeps 1,000 for its second year unless health takes them in the first
    systems: dict[str, dict[str, Any]] = {"payroll": {"units": 3}, "ledger": {}, "tolls": {"agency": "tax"}}

    def portfolio(health: float) -> Portfolio:
        rows = [
            {"agency": "health", "fiscal_year": 2027, "amount": health, "transfer_limit": 1_000.0},
            {"agency": "health", "fiscal_year": 2028, "amount": 16_000.0},
            {"agency": "tax", "fiscal_year": 2027, "amount": 5_000.0, "carry_forward": 1.0},
            {"agency": "tax", "fiscal_year": 2028, "amount": 3_500.0},
        ]
        return by_hand(systems, years=2, appropriations=rows)

    assert within(portfolio(15_500.0), *STAY, ("tolls", 1, "retain", ""))
    assert not within(portfolio(15_499.0), *STAY, ("tolls", 1, "retain", ""))


# Sweep

MOVED: tuple[Fate, ...] = (
    ("payroll", 1, "rehost", "2027Q1"),
    ("payroll", 2, "retain", ""),
    ("ledger", 1, "retain", ""),
)


def swept(second: float, share: float | pd.Series = 0.5) -> Portfolio:
    return money({"fiscal_year": 2027, "amount": 16_000.0}, {"fiscal_year": 2028, "amount": second}, sweep=share)


def test_sweep_leaves_what_was_not_saved() -> None:
    # one unit saves 1,500 in the first year and costs 2,000 in the second, when half of the 1,500 is gone
    assert within(swept(14_750.0), *MOVED)
    assert within(swept(14_000.0, pd.Series({2027: 0.5})), *MOVED)
    assert within(swept(16_000.0, 1.0), *STAY)


def test_sweep_takes_its_share_of_last_years_saving() -> None:
    assert not within(swept(14_749.0), *MOVED)
    assert not within(swept(15_499.0, pd.Series({2028: 1.0})), *MOVED)


def test_sweep_lp() -> None:
    compare("sweep", written(swept(14_750.0), "sweep", "appropriation(general,FY2028)", columns="swept"))


REGISTER: Tests = {
    Appropriation: (
        "test_appropriation_allows_what_it_covers",
        "test_appropriation_refuses_a_dollar_more",
        "test_appropriation_lp",
    ),
    Biennium: (
        "test_biennium_allows_both_years_together",
        "test_biennium_refuses_a_dollar_more_over_both_years",
        "test_biennium_lp",
    ),
    Transfers: (
        "test_transfers_help_an_agency_up_to_the_limit",
        "test_transfers_refuse_more_than_the_limit_or_than_there_is",
        "test_transfers_lp",
    ),
    Sweep: ("test_sweep_leaves_what_was_not_saved", "test_sweep_takes_its_share_of_last_years_saving", "test_sweep_lp"),
}
