"""The referee works out every limit anew: what is changed in the study or in the plan is named."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

import optimizer
from optimizer import Economics, Method, Plan, Portfolio, Strategy
from optimizer.portfolio import Learning
from tests.optimizer.portfolios import by_hand

MOVE = Strategy("rehost", 2_000.0, 50.0, 1, 0, 0, {"migration": 10}, 0.3, residual_risk=0.5)
ECONOMICS = Economics(0.03, tail_years=3, avoidable_share=0.9, risk_price=20.0)
METHODS = (Method("itb", 60.0), Method("modular", 80.0, price_factor=0.98, modules=2))

STUDY = by_hand(
    {
        "payroll": {"units": 2, "end_of_support": "2027-12-31", "site": "hall"},
        "ledger": {"agency": "tax", "site": "hall", "earliest": "2027Q3"},
        "tolls": {"agency": "tax", "fund": "general:0.6|tolls:0.4"},
    },
    run=1_000.0,
    years=2,
    appropriations=[
        {"agency": "health", "amount": 11_000.0, "transfer_limit": 3_000.0, "carry_forward": 0.5},
        {"agency": "health", "fiscal_year": 2028, "amount": 9_000.0},
        {"agency": "tax", "amount": 12_000.0},
        {"agency": "tax", "fiscal_year": 2028, "amount": 9_000.0},
        {"fund": "tolls", "amount": 9_000.0},
    ],
    sites={"hall": {"annual_fixed_cost": 2_000.0, "closure_cost": 100.0, "fund": "tolls"}},
    dependencies=[("payroll", "ledger", 0.0)],
    capacity=[("migration", 2027, 160.0), ("migration", 2028, 60.0)],
    closes_sites=True,
    sweep=0.1,
    reserve=0.05,
    learning=Learning(0.5, 0.5),
    modern_share=pd.Series({2028: 0.3}),
    risk_ceiling=pd.Series({2028: 5.0}),
    procurement_capacity=pd.Series({2027: 2.0, 2028: 2.0}),
    soft={"starts": 50.0},
    starts={2027: 1.0, 2028: 1.0},
    disruption_price=40.0,
    fund_weights={"tolls": 0.5},
)
PLAN = optimizer.modernize(STUDY, (MOVE,), ECONOMICS, methods=METHODS, gap=1e-9)


def judged(plan: Plan = PLAN, portfolio: Portfolio = STUDY) -> str:
    return str(optimizer.verify(portfolio, (MOVE,), ECONOMICS, plan, methods=METHODS))


def test_an_honest_plan_with_every_limit_passes() -> None:
    assert judged() == "verified: the plan agrees with the tables."
    assert set(PLAN.limits["limit"]) == {
        *("appropriation", "transfers", "hours", "starts", "procurement", "modern_share", "risk_ceiling")
    }
    assert PLAN.limits["violation"].max() > 0
    assert PLAN.limits.loc[PLAN.limits["limit"] == "transfers", "used"].max() > 0
    assert PLAN.sites.loc[0, "closes"] == "2028Q1"


OTHERWISE: dict[str, tuple[dict[str, Any], str]] = {
    "sweep": ({"sweep": 0.6}, "limits: appropriation general tax FY2028 states allowed"),
    "reserve": ({"reserve": 0.06}, "limits: appropriation general tax FY2027 states allowed"),
    "biennium": ({"biennium_start": 2027}, "limits: rows are missing or unknown"),
    "learning": ({"learning": None}, "limits: hours migration 2027Q1 states allowed"),
    "modern share": ({"modern_share": pd.Series({2028: 0.9})}, "modern_share FY2028 is broken"),
    "risk": ({"risk_ceiling": pd.Series({2028: 0.5})}, "risk_ceiling FY2028 is broken"),
    "purchases": ({"procurement_capacity": pd.Series({2027: 0.5, 2028: 0.5})}, "procurement 2027Q2 is broken"),
    "soft": ({"soft": {}}, "starts 2027Q4 is broken"),
    "price of a violation": ({"soft": {"starts": 60.0}}, "terms: violation is"),
    "disruption": ({"disruption_price": 41.0}, "terms: disruption is"),
    "weights": ({"fund_weights": {}}, "terms: site is"),
    "sites": ({"closes_sites": False}, "flows: "),
    "order": ({"dependencies": pd.DataFrame([("ledger", "payroll", 0)], columns=["system", "needs", "lag"])}, "needs"),
}


@pytest.mark.parametrize("kind", list(OTHERWISE))
def test_a_plan_of_another_study_is_refused(kind: str) -> None:
    changes, words = OTHERWISE[kind]
    assert words in judged(portfolio=STUDY.replace(**changes))


def limits(limit: str, column: str, by: float) -> Callable[[], Plan]:
    """Change one number of one limit."""

    def tamper() -> Plan:
        table = PLAN.limits.copy()
        table.loc[table.index[table["limit"] == limit][0], column] += by
        return replace(PLAN, limits=table)

    return tamper


def rows(system: str, **changes: Any) -> Callable[[], Plan]:
    """Change a system's rows."""

    def tamper() -> Plan:
        table = PLAN.rows.copy()
        for column, value in changes.items():
            table.loc[table["system"] == system, column] = value
        return replace(PLAN, rows=table)

    return tamper


def split() -> Plan:
    """Half of payroll moves twice."""
    half = PLAN.rows[PLAN.rows["system"] == "payroll"].assign(units=1)
    return replace(PLAN, rows=pd.concat([PLAN.rows[PLAN.rows["system"] != "payroll"], half, half], ignore_index=True))


TAMPERED: dict[str, tuple[Callable[[], Plan], str]] = {
    "transfers": (limits("transfers", "used", 5.0), "transfers: general FY2027 does not add up to nothing"),
    "transfer limit": (limits("transfers", "allowed", 5.0), "transfers general health FY2027 states allowed"),
    "purchases": (limits("procurement", "used", 0.5), "procurement 2027Q1 states used"),
    "modern share": (limits("modern_share", "allowed", 0.5), "modern_share FY2028 states allowed"),
    "risk": (limits("risk_ceiling", "used", 0.5), "risk_ceiling FY2028 states used"),
    "order": (
        rows("payroll", start="2027Q2"),
        "systems start before what they need has cut over (payroll needs ledger)",
    ),
    "split": (split, "rows: systems that depend on others are split (payroll)"),
}


@pytest.mark.parametrize("kind", list(TAMPERED))
def test_tampering_is_named(kind: str) -> None:
    tamper, words = TAMPERED[kind]
    assert words in judged(tamper())
