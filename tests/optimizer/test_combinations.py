"""Several limits at once: small studies against brute force, random ones against the referee."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import optimizer
from optimizer import Economics, InfeasiblePlan, Method, Portfolio, Strategy
from optimizer.portfolio import Learning
from tests.optimizer.brute_force import best_by_brute_force
from tests.optimizer.portfolios import CATALOGUE, ECONOMICS, by_hand, made_up

MOVE = Strategy("rehost", 4_000.0, 50.0, 1, 0, 0, {"migration": 10}, 0.3)
FLAT = Economics(discount_rate=0.03, tail_years=4, avoidable_share=0.9, risk_price=20.0)

SYSTEMS: dict[str, dict[str, Any]] = {
    "payroll": {"units": 2, "end_of_support": "2027-12-31", "latest": "2028Q1", "site": "hall", "criticality": 4},
    "ledger": {"agency": "tax", "program": "accounts", "latest": "2027Q3", "site": "hall"},
    "tolls": {"agency": "tax", "earliest": "2027Q2", "latest": "2027Q3", "site": "depot"},
}
ROWS = (
    {"agency": "health", "fiscal_year": 2027, "amount": 8_700.0, "transfer_limit": 1_000.0, "carry_forward": 0.5},
    {"agency": "health", "fiscal_year": 2028, "amount": 7_300.0, "transfer_limit": 300.0},
    {"agency": "tax", "fiscal_year": 2027, "amount": 14_600.0, "carry_forward": 1.0},
    {"agency": "tax", "fiscal_year": 2028, "amount": 4_300.0},
    {"fund": "tolls", "fiscal_year": 2027, "amount": 3_000.0},
)


HALL = {"annual_fixed_cost": 3_000.0, "closure_cost": 400.0, "lease_end": "2027-12-31", "fund": "tolls"}
DEPOT = {"annual_fixed_cost": 1_200.0, "closure_cost": 900.0}
METHODS = (Method("itb", 100.0), Method("sole_source", 20.0, price_factor=1.1), Method("rfp", 300.0, price_factor=0.9))


def three(**changes: Any) -> Portfolio:
    kept: dict[str, Any] = {
        "run": {"payroll": 900.0, "ledger": 1_500.0, "tolls": 1_000.0},
        "appropriations": ROWS,
        "capacity": [("migration", 2027, 120.0), ("migration", 2028, 80.0)],
        "years": 2,
        **changes,
    }
    return by_hand(SYSTEMS, **kept)


COMBINED: dict[str, dict[str, Any]] = {
    "transfers and carry-forward": {},
    "precedence": {"dependencies": [("payroll", "tolls", 0.0), ("tolls", "ledger", 1.0)]},
    "sweep": {"sweep": 0.05},
    "sweep and reserve by year": {"sweep": pd.Series({2028: 0.4}), "reserve": pd.Series({2027: 0.02})},
    "biennium": {"biennium_start": 2027, "sweep": 0.2},
    "half a biennium": {"biennium_start": 2026, "dependencies": [("tolls", "ledger", 0.0)]},
    "learning": {"learning": Learning(0.3, 0.6), "dependencies": [("payroll", "ledger", 3.0)]},
    "sites": {"closes_sites": True, "sites": {"hall": HALL, "depot": DEPOT}},
    "sites, a biennium and an order": {
        "closes_sites": True,
        "sites": {"hall": {**HALL, "fund": "general"}, "depot": DEPOT},
        "biennium_start": 2027,
        "appropriations": [{"fiscal_year": year, "amount": 24_300.0} for year in (2027, 2028)],
        "dependencies": [("payroll", "ledger", 1.0)],
    },
    "shares and a ceiling": {
        "modern_share": pd.Series({2028: 0.3}),
        "risk_ceiling": pd.Series({2028: 2.0}),
        "appropriations": (),
        "dependencies": [("payroll", "tolls", 6.0)],
    },
    "weights": {
        "fund_weights": {"general": 0.4, "tolls": 1.7},
        "disruption_price": 1_500.0,
        "closes_sites": True,
        "sites": {"hall": HALL, "depot": DEPOT},
    },
    "soft": {
        "soft": {"appropriation": 0.8, "hours": 90.0},
        "appropriations": [row for row in ROWS if row.get("agency") == "tax"],
        "capacity": [("migration", 2027, 40.0), ("migration", 2028, 20.0)],
    },
    "a fund with a reserve of its own": {"reserve": 0.01, "fund_reserves": {"general": 0.02}},
    "soft money with transfers": {"soft": {"appropriation": 0.8}, "reserve": 0.02, "sweep": 0.1},
}


FREE = -4_063.94
"""What the plan comes to without any limit."""


@pytest.mark.parametrize("kind", list(COMBINED))
def test_brute_force_agrees(kind: str) -> None:
    portfolio = three(**COMBINED[kind])
    best = best_by_brute_force(portfolio, (MOVE,), FLAT)
    assert best is not None
    assert best != pytest.approx(FREE)
    plan = optimizer.modernize(portfolio, (MOVE,), FLAT, gap=1e-9)
    assert plan.objective == pytest.approx(best)


@pytest.mark.parametrize("most", [0.5, 1.0, 1.5, None])
def test_brute_force_agrees_on_purchases(most: float | None) -> None:
    capacity = None if most is None else pd.Series({2027: most, 2028: most})
    systems = {name: {**SYSTEMS[name], "latest": "2027Q4"} for name in ("payroll", "ledger")}
    portfolio = by_hand(systems, years=2, run={"payroll": 900.0, "ledger": 1_500.0}, procurement_capacity=capacity)
    plan = optimizer.modernize(portfolio, (MOVE,), FLAT, methods=METHODS, gap=1e-9)
    assert plan.objective == pytest.approx(best_by_brute_force(portfolio, (MOVE,), FLAT, METHODS))


shares = st.sampled_from([0.0, 0.1, 0.4])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    count=st.integers(2, 8),
    seed=st.integers(0, 10_000),
    years=st.integers(2, 4),
    ease=st.floats(1.1, 2.0),
    sweep=shares,
    reserve=shares,
    begins=st.sampled_from([None, 2026, 2027]),
    curve=st.sampled_from([None, Learning(0.3, 0.7)]),
    links=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(0, 9)), max_size=4),
    closes=st.booleans(),
    modern=st.sampled_from([0.0, 0.1]),
    soft=st.booleans(),
)
def test_random_studies(
    count: int,
    seed: int,
    years: int,
    ease: float,
    sweep: float,
    reserve: float,
    begins: int | None,
    curve: Learning | None,
    links: list[tuple[int, int, int]],
    closes: bool,
    modern: float,
    soft: bool,
) -> None:
    portfolio = made_up(
        count, seed=seed, years=years, units=2, groups=0.4, funds=2, agencies=2, headroom=(ease + 0.3 + 1.5 * reserve,)
    )
    names = portfolio.systems.index
    forward = [(names[b], names[a], lag) for a, b, lag in links if a < b < count]
    stands = pd.Series([f"site{i % 2}" for i in range(count)], index=names, dtype="str")
    stands = stands.where(portfolio.systems["side"] == "legacy", "")
    portfolio = portfolio.replace(
        systems=portfolio.systems.assign(site=stands),
        sites=estate(portfolio),
        closes_sites=closes,
        modern_share=pd.Series({2028: modern}),
        risk_ceiling=pd.Series({2027 + years - 1: 60.0}),
        soft={"hours": 200.0, "modern_share": 0.5} if soft else {},
        fund_weights={"federal": 0.25},
        dependencies=pd.DataFrame(forward, columns=["system", "needs", "lag"]),
        sweep=sweep,
        reserve=reserve,
        biennium_start=begins,
        learning=curve,
        appropriations=by_agency(portfolio),
    )
    try:
        plan = optimizer.modernize(portfolio, CATALOGUE, ECONOMICS, gap=0.02, seconds=15)
    except InfeasiblePlan:
        return
    except optimizer.DataError as error:
        # what was drawn may be a circle by way of a move group
        if "dependencies: " not in str(error):
            raise
        return
    hard = plan.limits[~plan.limits["limit"].isin(portfolio.soft)]
    assert (hard["used"] <= hard["allowed"] + 0.01).all()
    again = optimizer.evaluate(plan.rows, portfolio, CATALOGUE, ECONOMICS)
    pd.testing.assert_frame_equal(again.limits[["key", "used", "allowed"]], plan.limits[["key", "used", "allowed"]])


SHARED = "general:0.5|federal:0.5"


def estate(portfolio: Portfolio) -> pd.DataFrame:
    """Two sites that cost as much as their systems."""
    run = float(portfolio.run_cost.iloc[:, 0].sum())
    sites = {f"site{i}": {"annual_fixed_cost": run, "closure_cost": run / 3, "fund": SHARED} for i in range(2)}
    return by_hand({"x": {}}, sites=sites).sites


def by_agency(portfolio: Portfolio) -> pd.DataFrame:
    """Each fund's money shared out to two agencies, by halves, with something to move and to carry forward."""
    rows = portfolio.appropriations
    halves = [rows.assign(agency=agency, amount=rows["amount"] * 0.6) for agency in ("agency0", "agency1")]
    whole = rows.assign(transfer_limit=0.0)
    both = pd.concat(halves).assign(transfer_limit=rows["amount"].max() / 3, carry_forward=0.5)
    return pd.concat([whole, both], ignore_index=True)
