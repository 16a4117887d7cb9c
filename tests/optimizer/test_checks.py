"""Data that are wrong are refused, all at once and in words."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimizer import DataError, Economics, Portfolio, Strategy, modernize
from tests.optimizer.portfolios import CATALOGUE, ECONOMICS, by_hand


def refused(portfolio: Portfolio) -> str:
    with pytest.raises(DataError) as caught:
        modernize(portfolio, CATALOGUE, ECONOMICS)
    return str(caught.value)


ROW = {"fiscal_year": 2027, "amount": 9e5}


@pytest.mark.parametrize(
    ("system", "words"),
    [
        ({"units": np.nan}, "systems.units: not a finite number; nothing is guessed, fill it in (payroll)"),
        ({"units": 0}, "systems.units: below 1 (payroll)"),
        ({"units": 1.5}, "systems.units: not a whole number (payroll)"),
        ({"criticality": np.nan}, "systems.criticality: not a finite number"),
        ({"cloud_price": np.nan}, "systems.cloud_price: not a finite number"),
        ({"cloud_price": -1.0}, "systems.cloud_price: below 0"),
        ({"exit_fee": -1.0}, "systems.exit_fee: below 0"),
        ({"group": np.nan}, "systems.group: missing; give an empty text (payroll)"),
        ({"side": "old"}, "systems.side: neither `legacy` nor `modern`"),
        ({"strategies": "rehost|teleport"}, "`rehost|teleport` names teleport, not in the catalogue"),
        ({"earliest": "soon"}, "systems.earliest: `soon` is not a quarter such as 2027Q1"),
        ({"lock": "rehost"}, "systems.lock: `rehost` must be `keep` or `strategy@quarter`"),
        ({"lock": "rehost@soon"}, "systems.lock: `soon` is not a quarter"),
        ({"fund": "genral"}, "systems.fund: fund genral has no appropriation; known are general"),
        ({"fund": "general:0.5"}, "systems.fund: `general:0.5`: the shares must add up to 1; they add up to 0.5"),
    ],
)
def test_each_wrong_cell_is_named(system: dict[str, Any], words: str) -> None:
    assert words in refused(by_hand({"payroll": system}, appropriations=[ROW]))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"amount": np.nan}, "appropriations.amount: not a finite number"),
        ({"carry_forward": 1.5}, "appropriations.carry_forward: above 1"),
        ({"opening_balance": np.nan}, "appropriations.opening_balance: not a finite number"),
        ({"purpose": "fun"}, "appropriations.purpose: neither `operating`, `capital` nor `any`"),
    ],
)
def test_each_wrong_appropriation_is_named(row: dict[str, Any], words: str) -> None:
    assert words in refused(by_hand({"payroll": {}}, appropriations=[{**ROW, **row}]))


def test_an_appropriation_stands_once() -> None:
    assert "occur twice (general FY2027)" in refused(by_hand({"payroll": {}}, appropriations=[ROW, ROW]))


def test_run_cost_must_be_complete() -> None:
    portfolio = by_hand({"payroll": {}, "ledger": {}})
    gap = portfolio.run_cost.copy()
    gap.iloc[1, 2] = np.nan
    assert "run_cost: has quarters without a finite number (ledger)" in refused(portfolio.replace(run_cost=gap))
    assert "run_cost: its columns must be the quarters" in refused(portfolio.replace(run_cost=gap.iloc[:, :2]))
    assert "run_cost: its rows must be the systems" in refused(portfolio.replace(run_cost=gap.iloc[::-1]))


def test_columns_must_be_there() -> None:
    portfolio = by_hand({"payroll": {}})
    assert "systems: columns are missing: fund" in refused(
        portfolio.replace(systems=portfolio.systems.drop(columns="fund"))
    )


def test_ids_are_slugs() -> None:
    assert "ids must be slugs of a-z, 0-9 and _ (HR-Pay)" in refused(by_hand({"HR-Pay": {}}))


def test_other_tables_are_read_too() -> None:
    assert "capacity.hours: not a finite number" in refused(by_hand({"a": {}}, capacity=[("migration", 2027, np.nan)]))
    assert "capacity: the same skill and fiscal_year occur twice" in refused(
        by_hand({"a": {}}, capacity=[("m", 2027, 1.0)] * 2)
    )
    assert "starts: below 0" in refused(by_hand({"a": {}}, starts={2027: -1}))
    assert "residual.amount: not a finite number" in refused(by_hand({"a": {}}, residual=[{"amount": np.nan}]))
    assert "sites.annual_fixed_cost: below 0" in refused(
        by_hand({"a": {}}, sites={"hall": {"annual_fixed_cost": -1.0}})
    )
    assert "as_of: 2031-01-01 lies after the horizon" in refused(by_hand({"a": {}}, as_of="2031-01-01"))


def test_all_problems_come_at_once() -> None:
    words = refused(by_hand({"payroll": {"units": 0, "side": "old", "earliest": "soon"}}, starts={2027: -1}))
    assert words.startswith("portfolio: 4 problems.\n  - ")


def test_strategies_and_economics_refuse_nonsense() -> None:
    with pytest.raises(DataError, match=r"strategy x: 1 problem\.\n  - work_quarters is 0, must be at least 1"):
        Strategy("x", work_quarters=0)
    with pytest.raises(DataError, match="early_quarters is 2, must lie between 0 and work_quarters"):
        Strategy("x", early_quarters=2)
    with pytest.raises(DataError, match="avoidable_share is 2, must lie between 0 and 1"):
        Economics(avoidable_share=2)
    with pytest.raises(DataError, match="names occur twice"):
        modernize(by_hand({"a": {}}), (*CATALOGUE, CATALOGUE[0]), ECONOMICS)


def test_a_budget_of_nothing_has_words() -> None:
    from optimizer import InfeasiblePlan

    with pytest.raises(InfeasiblePlan, match=r"appropriation general FY2027 is short by \$4.0K"):
        modernize(by_hand({"payroll": {"lock": "keep"}}, appropriations=[{**ROW, "amount": 0.0}]), CATALOGUE, ECONOMICS)


def test_quarters_must_be_in_a_row() -> None:
    portfolio = by_hand({"payroll": {}})
    holes = portfolio.quarters[[0, 2]]
    broken = portfolio.replace(quarters=holes, run_cost=portfolio.run_cost.iloc[:, [0, 2]])
    assert "quarters: must be quarters in a row" in refused(broken)
    assert isinstance(holes, pd.PeriodIndex)


@pytest.mark.parametrize(
    ("links", "words"),
    [
        ([("payroll", "legder", 0.0)], "dependencies: nothing in systems is called legder"),
        ([("payroll", "payroll", 0.0)], "dependencies: payroll needs itself"),
        ([("payroll", "ledger", -1.0)], "dependencies.lag: below 0"),
        (
            [("payroll", "ledger", 0.0), ("ledger", "taxes", 0.0), ("taxes", "payroll", 0.0)],
            "ledger needs taxes needs payroll needs ledger, so none of them can ever start. Put them in one move group",
        ),
        (
            [("payroll", "courts", 0.0), ("parks", "payroll", 0.0)],
            "payroll needs the move group g needs payroll, so none",
        ),
    ],
)
def test_each_wrong_dependency_is_named(links: list[tuple[str, str, float]], words: str) -> None:
    systems: dict[str, dict[str, Any]] = {name: {} for name in ("payroll", "ledger", "taxes")}
    grouped = {name: {"group": "g"} for name in ("courts", "parks")}
    assert words in refused(by_hand({**systems, **grouped}, dependencies=links))


def test_shares_lie_between_nothing_and_all() -> None:
    portfolio = by_hand({"payroll": {}}, reserve=1.2, sweep=pd.Series({2027: -0.1}))
    words = refused(portfolio)
    assert "reserve: must lie between 0 and 1" in words
    assert "sweep: must lie between 0 and 1" in words
