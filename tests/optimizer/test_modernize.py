"""From a portfolio to a checked plan: by hand, against brute force, and on random portfolios."""

from math import isnan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import optimizer
from optimizer import Economics, InfeasiblePlan, Plan, Portfolio, Strategy, direct
from optimizer.solver import available
from optimizer.timeline import Timeline
from tests.optimizer.brute_force import best_by_brute_force
from tests.optimizer.portfolios import CATALOGUE, ECONOMICS, by_hand, made_up

SAVES = Strategy("rehost", 600.0, 50.0, 1, 0, 0, {"migration": 10}, 0.4)
LARGE = Strategy("refactor", 2_000.0, 50.0, 2, 1, 1, {"migration": 25}, 0.1, capital=True)
FLAT = Economics(discount_rate=0.03, tail_years=1, avoidable_share=0.9, risk_price=20.0)


def tiny(**changes: Any) -> Portfolio:
    systems: dict[str, dict[str, Any]] = {
        "payroll": {"units": 2, "end_of_support": "2026-12-31"},
        "ledger": {"group": "money"},
        "taxes": {"group": "money", "units": 2, "contract_end": "2027-06-30", "exit_fee": 300.0},
    }
    kept: dict[str, Any] = {
        "run": {"payroll": 900.0, "ledger": 1_500.0, "taxes": 700.0},
        "appropriations": [{"fiscal_year": 2027, "amount": 19_500.0}],
        "capacity": [("migration", 2027, 100.0)],
        **changes,
    }
    return by_hand(systems, **kept)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"appropriations": []},
        {"capacity": [("migration", 2027, 79.0)]},
        {"capacity": [("migration", 2027, 300.0)], "starts": {2027: 2}},
        {"appropriations": [{"fiscal_year": 2027, "amount": 19_000.0, "opening_balance": 1_200.0}]},
        {"freezes": ["2027Q2"]},
    ],
)
def test_brute_force_agrees(changes: dict[str, Any]) -> None:
    portfolio = tiny(**changes)
    plan = optimizer.modernize(portfolio, (SAVES,), FLAT, gap=1e-9)
    assert plan.objective == pytest.approx(best_by_brute_force(portfolio, (SAVES,), FLAT))
    assert plan.status == "optimal"


def test_a_move_that_pays_is_made_at_once() -> None:
    plan = optimizer.modernize(by_hand({"payroll": {}}), (SAVES,), Economics(tail_years=1))
    row = plan.rows.iloc[0]
    assert (row["strategy"], row["start"], row["cutover"], row["legacy_off"], row["wave"]) == (
        "rehost",
        "2027Q1",
        "2027Q2",
        "2027Q2",
        1,
    )
    # four quarters at 1,000; or one at 1,000 and three at 400, 600 + 50 once, and 600 less in each of four more
    assert (row["one_time_cost"], row["run_cost_before"], row["run_cost_after"]) == (650, 4_000, 2_200)
    assert row["npv_saving"] == pytest.approx(4_000 - 2_200 - 650 + 2_400)
    assert plan.terms.round(6).to_dict() == {
        "run": 2_200,
        "one_time": 650,
        "dual_run": 0,
        "exit": 0,
        "tail": -2_400,
        "risk": 0,
    }


def test_a_move_that_does_not_pay_is_not_made() -> None:
    plan = optimizer.modernize(by_hand({"payroll": {}}), (SAVES,), Economics(tail_years=0, avoidable_share=0.1))
    assert plan.rows["strategy"].tolist() == ["retain"]
    assert plan.rows["wave"].isna().all()
    assert plan.rows[["method", "start", "cutover", "legacy_off"]].isin([""]).all(axis=None)


def test_a_plan_may_split_a_fleet() -> None:
    portfolio = by_hand({"payroll": {"units": 5}}, starts={2027: 2})
    plan = optimizer.modernize(portfolio, (SAVES,), Economics(tail_years=1), gap=1e-9)
    assert plan.rows[["units", "start"]].to_numpy().tolist() == [[2, "2027Q1"], [2, "2027Q2"], [1, "2027Q3"]]
    assert plan.rows["wave"].tolist() == [1, 1, 2]


def test_locks_hold_against_the_money() -> None:
    portfolio = by_hand({"payroll": {"lock": "rehost@2027Q3"}, "ledger": {"lock": "keep"}})
    plan = optimizer.modernize(portfolio, (SAVES,), Economics(tail_years=1))
    assert plan.rows[["strategy", "start"]].to_numpy().tolist() == [["rehost", "2027Q3"], ["retain", ""]]


def test_carry_forward_pays_for_a_move() -> None:
    rows = [
        {"fiscal_year": 2027, "amount": 4_600.0, "carry_forward": 1.0},
        {"fiscal_year": 2028, "amount": 4_000.0},
    ]
    # 600 are left of the first year; building and clearing in the second cost 650, the move saves 600 a quarter
    portfolio = by_hand({"payroll": {"earliest": "2028Q1"}}, years=2, appropriations=rows)
    assert optimizer.modernize(portfolio, (SAVES,), Economics(tail_years=1)).rows["strategy"].tolist() == ["rehost"]
    late = by_hand({"payroll": {"earliest": "2028Q3"}}, years=2, appropriations=rows)
    plan = optimizer.modernize(late, (SAVES,), Economics(tail_years=1))
    assert plan.rows["start"].tolist() == ["2028Q3"]
    without = by_hand(
        {"payroll": {"earliest": "2028Q3"}}, years=2, appropriations=[{**rows[0], "carry_forward": 0.0}, rows[1]]
    )
    assert optimizer.modernize(without, (SAVES,), Economics(tail_years=1)).rows["strategy"].tolist() == ["retain"]
    row = plan.limits.set_index("key").loc["general FY2028"]
    assert (row["used"], row["allowed"]) == (3 * 1_000 + 400 + 600 + 50, 4_600)


def test_prices_say_what_one_more_unit_is_worth() -> None:
    portfolio = by_hand({"payroll": {"units": 10}}, capacity=[("migration", 2027, 40.0)])
    economics = Economics(tail_years=1)
    plan = optimizer.modernize(portfolio, (SAVES,), economics, gap=1e-9)
    price = plan.prices().set_index("key")["price"]
    more = optimizer.modernize(
        portfolio.replace(capacity=portfolio.capacity.assign(hours=80.0)), (SAVES,), economics, gap=1e-9
    )
    assert price.sum() * 10 == pytest.approx(plan.objective - more.objective)
    assert set(plan.limits.loc[plan.limits["price"] > 0, "binding"]) == {True}


def test_continue_as_now_changes_nothing() -> None:
    portfolio = tiny(residual=[{"fiscal_year": 2027, "amount": 400.0}], sites={"hall": {"annual_fixed_cost": 200.0}})
    plan = optimizer.continue_as_now(portfolio, (SAVES,), FLAT)
    assert plan.status == "reference"
    assert isnan(plan.bound)
    assert isnan(plan.gap)
    assert (plan.rows["strategy"] == "retain").all()
    assert plan.flows["amount"].sum() == pytest.approx(4 * (2 * 900 + 1_500 + 2 * 700) + 600)
    assert plan.flows.groupby("nature")["amount"].sum().to_dict() == {"residual": 400, "run": 18_800, "site": 200}
    assert set(plan.flows.loc[plan.flows["nature"] == "residual", "entity"]) == {"residual:health"}
    assert plan.rows["npv_saving"].sum() == 0


def test_evaluate_gives_the_plan_back() -> None:
    portfolio = made_up(15, seed=2)
    plan = optimizer.modernize(portfolio, CATALOGUE, ECONOMICS, gap=0.01, seconds=20)
    again = optimizer.evaluate(plan.rows, portfolio, CATALOGUE, ECONOMICS)
    pd.testing.assert_frame_equal(again.rows, plan.rows)
    pd.testing.assert_frame_equal(again.flows, plan.flows)
    assert again.objective == pytest.approx(plan.objective)


def test_the_same_seed_gives_the_same_plan() -> None:
    portfolio = made_up(60, seed=5)
    first, second = (optimizer.modernize(portfolio, CATALOGUE, ECONOMICS, gap=0.01, seed=7) for _ in range(2))
    pd.testing.assert_frame_equal(first.rows, second.rows)
    assert (first.objective, first.bound) == (second.objective, second.bound)


def test_a_restricted_model_gives_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    portfolio = made_up(25, seed=4)
    whole = optimizer.modernize(portfolio, CATALOGUE, ECONOMICS, gap=0.012)
    monkeypatch.setattr(direct, "SMALL", 0)
    few = optimizer.modernize(portfolio, CATALOGUE, ECONOMICS, gap=0.012)
    assert few.gap <= 0.012
    assert max(whole.bound, few.bound) <= min(whole.objective, few.objective) + 0.01


def test_cbc_agrees_with_highs() -> None:
    if "PULP_CBC_CMD" not in available():
        pytest.skip("CBC is not here")
    portfolio = tiny()
    highs = optimizer.modernize(portfolio, (SAVES, LARGE), FLAT, gap=1e-6)
    cbc = optimizer.modernize(portfolio, (SAVES, LARGE), FLAT, gap=1e-6, solver="cbc")
    assert cbc.solver == "PULP_CBC_CMD"
    assert cbc.objective == pytest.approx(highs.objective, rel=2e-6)
    assert cbc.gap <= 1.001e-6


def test_progress_is_told() -> None:
    told: list[tuple[str, float]] = []
    optimizer.modernize(tiny(), (SAVES,), FLAT, progress=lambda words, share: told.append((words, share)))
    assert [words for words, _ in told][:2] == ["listing options", "pricing the limits"]
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)


def checks(portfolio: Portfolio, plan: Plan) -> None:
    """What holds for every plan (the referee has seen it already)."""
    assert plan.terms.sum() == pytest.approx(plan.objective)
    assert plan.objective >= plan.bound - 1e-6
    assert plan.gap == pytest.approx(max(0.0, plan.objective - plan.bound) / max(abs(plan.objective), 1.0))
    assert plan.rows.groupby("system")["units"].sum().to_dict() == portfolio.systems["units"].to_dict()
    assert (plan.limits["used"] <= plan.limits["allowed"] + 0.01).all()
    assert (plan.limits["price"] >= 0).all()
    whole = plan.flows[plan.flows["fund"] == "general"].groupby(plan.flows["period"].dt.qyear)["amount"].sum()
    stated = plan.limits[plan.limits["key"].str.fullmatch(r"general FY\d+")].set_index("key")["used"]
    for key, used in stated.items():
        assert whole.get(int(str(key)[-4:]), 0.0) == pytest.approx(used, abs=0.01)


def conserves(portfolio: Portfolio, plan: Plan) -> None:
    """Present value of the flows of systems is that of the terms without tail and risk."""
    d = pd.Series(
        Timeline(portfolio).discount(ECONOMICS.discount_rate, np.arange(len(portfolio.quarters))),
        index=portfolio.quarters,
    )
    systems = plan.flows[~plan.flows["nature"].isin(["site", "residual"])]
    value = (systems["amount"] * systems["period"].map(d).astype(float)).sum()
    assert value == pytest.approx(plan.terms[["run", "one_time", "dual_run", "exit"]].sum())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    count=st.integers(1, 9),
    seed=st.integers(0, 10_000),
    years=st.integers(1, 3),
    groups=st.sampled_from([0.0, 0.7]),
    carry=st.sampled_from([0.0, 0.6]),
    ease=st.floats(1.0, 1.6),
)
def test_random_portfolios(count: int, seed: int, years: int, groups: float, carry: float, ease: float) -> None:
    portfolio = made_up(
        count, seed=seed, years=years, units=2, groups=groups, funds=2, headroom=(ease,), carry_forward=carry
    ).replace(
        residual=pd.DataFrame({"agency": ["agency1"], "fund": ["general"], "fiscal_year": [2027], "amount": [-50.0]}),
        freezes=(pd.Period("2027Q3", "Q-JUN"),),
    )
    try:
        plan = optimizer.modernize(portfolio, CATALOGUE, ECONOMICS, gap=0.02, seconds=15)
    except InfeasiblePlan:
        return
    checks(portfolio, plan)
    conserves(portfolio, plan)
