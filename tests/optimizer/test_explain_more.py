"""Prices, near-equal plans, the frontier, re-plans and the greedy: by hand, against brute force, on made-up studies."""

import sys
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

import optimizer
from optimizer import DataError, Economics, InfeasiblePlan, Portfolio, Strategy
from optimizer.explain.frontier import measured
from optimizer.limits import limits_of
from optimizer.options import expand
from tests.optimizer.portfolios import CATALOGUE, ECONOMICS, by_hand, intertwined, made_up

MOVE = Strategy("rehost", 600.0, 0.0, 1, 0, 0, {"migration": 10}, 0.5)
SAFE = Strategy("replatform", 1_500.0, 0.0, 1, 0, 0, {"migration": 10}, 0.4, residual_risk=0.0)
HALF = Strategy("rehost", 600.0, 0.0, 1, 0, 0, {"migration": 10}, 0.5, residual_risk=0.6)
PLAIN = Economics(tail_years=1)


def fleet(hours: float = 40.0, **changes: Any) -> Portfolio:
    return by_hand({"payroll": {"units": 10}}, capacity=[("migration", 2027, hours)], **changes)


# Prices --------------------------------------------------------------------------------------------------------------


def test_a_price_is_what_moving_the_limit_is_worth() -> None:
    table = optimizer.price_of_limits(fleet(), (MOVE,), PLAIN).set_index("key")
    # a unit moved in the first quarter saves 500 in each of 7 quarters and costs 600; ten hours move one
    row = table.loc["migration 2027Q1"]
    assert row["price"] == pytest.approx((7 * 500 - 600) / 10)
    assert row["more"] == pytest.approx(row["price"])
    assert row["less"] == pytest.approx(row["price"])
    assert row["confirmed"]
    assert (row["holds_from"], row["holds_to"]) == (pytest.approx(9), pytest.approx(11))
    assert row["words"].startswith("one more hour of hours migration 2027Q1 is worth $290.00, from 9 hours to 11 hours")


def test_a_price_stops_where_something_else_binds() -> None:
    # one unit can use ten hours and no more: half an hour beyond that is worth nothing
    portfolio = by_hand({"payroll": {}}, capacity=[("migration", 2027, 39.9)], starts={2027: 1})
    table = optimizer.price_of_limits(portfolio, (MOVE,), PLAIN).set_index("key")
    row = table.loc["migration 2027Q1"]
    assert row["price"] > 0
    assert row["holds_to"] < 10.01
    assert row["less"] == pytest.approx(row["price"])


def test_prices_of_a_larger_study_are_confirmed() -> None:
    portfolio = made_up(90, seed=2, units=1.0, groups=0.0)
    assert len(expand(portfolio, CATALOGUE, ECONOMICS)) > 2_500
    table = optimizer.price_of_limits(portfolio, CATALOGUE, ECONOMICS, most=4, seconds=60)
    tried = table[table["more"].notna()]
    assert len(tried) == 4
    assert tried["confirmed"].all()
    assert (tried["more"] <= tried["less"] * 1.05).all()


def test_prices_of_a_study_with_waits_and_sites_are_those_of_its_plan() -> None:
    portfolio = intertwined(150, seed=1, sites=5)
    plan = optimizer.modernize(portfolio, CATALOGUE, ECONOMICS, gap=0.05, seconds=60)
    assert len(expand(portfolio, CATALOGUE, ECONOMICS)) > 2_500
    table = optimizer.price_of_limits(portfolio, CATALOGUE, ECONOMICS, most=2, seconds=60)
    assert table["confirmed"][:2].all()
    told = table.set_index(["limit", "key"])["price"]
    planned = plan.prices().set_index(["limit", "key"])["price"]
    assert told.to_dict() == pytest.approx(planned[told.index].to_dict())
    assert planned.drop(told.index).max() < planned.median()


def test_nothing_binds_nothing_has_a_price() -> None:
    assert optimizer.price_of_limits(by_hand({"payroll": {}}), (MOVE,), PLAIN).empty
    with pytest.raises(InfeasiblePlan, match="short by"):
        optimizer.price_of_limits(fleet(appropriations=[{"amount": 1.0}]), (MOVE,), PLAIN)


# Near-equal plans ----------------------------------------------------------------------------------------------------


def test_near_equal_plans_are_near_and_differ() -> None:
    portfolio = by_hand({f"s{i}": {} for i in range(9)}, years=3, starts={2027: 3, 2028: 3})
    found = optimizer.alternatives(portfolio, (MOVE, SAFE), PLAIN, seconds=30)
    assert len(found.plans) == 3
    for plan in found.plans:
        assert plan.objective <= found.best.objective * 1.02 + 0.01
        assert optimizer.verify(portfolio, (MOVE, SAFE), PLAIN, plan).agrees
    assert (found.table["difference"] > 0).all()
    assert (found.table["nearest"] > 0).all()
    assert str(found).splitlines()[0].startswith("plan 1: costs ")


def test_fewer_are_told_where_no_more_exist() -> None:
    portfolio = by_hand({"payroll": {"lock": "keep"}})
    assert optimizer.alternatives(portfolio, (MOVE,), PLAIN).plans == ()


def test_the_first_near_equal_plan_differs_most() -> None:
    # staying costs 4,000 and 4,000 beyond, moving late nearly as much: within 100 % everything may differ
    found = optimizer.alternatives(fleet(400.0), (MOVE,), PLAIN, count=1, dearer=3.0)
    assert found.plans[0].rows["strategy"].tolist() == ["retain"]
    assert found.table["difference"].tolist() == [1.0]
    assert "keeps 10 units that the best plan moves" in str(found)


# The frontier --------------------------------------------------------------------------------------------------------


def risky() -> Portfolio:
    systems = {name: {"end_of_support": "2026-01-01", "criticality": c} for name, c in (("a", 3), ("b", 5), ("c", 1))}
    return by_hand(systems, starts={2027: 1}, capacity=[("migration", 2027, 80.0)])


def test_no_point_of_the_frontier_is_beaten_by_any_plan() -> None:
    portfolio, catalogue = risky(), (HALF, SAFE)
    found = optimizer.frontier(portfolio, catalogue, PLAIN, points=4, gap=1e-9, seconds=30)
    assert len(found.table) >= 3
    assert len(found.plans) == len(found.table)
    for plan in found.plans:
        assert plan.status == "feasible"
        assert optimizer.verify(portfolio, catalogue, PLAIN, plan).agrees
    options = expand(portfolio, catalogue, PLAIN)
    measures = np.column_stack([measured(options)[name] for name in ("cost", "risk", "slowness")])
    ways = [np.flatnonzero(options.s == s) for s in range(3)]
    every = []
    for chosen in product(*ways):
        taken = options.take(np.array(chosen))
        if all(limit.holds(taken, np.ones(3)) for limit in limits_of(portfolio)):
            every.append(measures[list(chosen)].sum(axis=0))
    plans = np.array(every)
    points = found.table[["cost", "risk", "speed"]].to_numpy() * [1, 1, -1]
    for point in points:
        beaten = (plans <= point + 1e-6).all(axis=1) & (plans < point - 1e-3 * np.maximum(np.abs(point), 1)).any(axis=1)
        assert not beaten.any()
    assert points[:, 0].min() == pytest.approx(plans[:, 0].min())
    assert points[:, 1].min() == pytest.approx(plans[:, 1].min())
    assert points[:, 2].min() == pytest.approx(plans[:, 2].min())


def test_a_large_study_pays_ever_more_for_less_risk_and_more_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    portfolio, catalogue = risky(), (HALF, SAFE)
    levels = optimizer.frontier(portfolio, catalogue, PLAIN, points=4, gap=1e-9, seconds=30).table
    monkeypatch.setattr(sys.modules["optimizer.explain.frontier"], "SMALL", 0)
    found = optimizer.frontier(portfolio, catalogue, PLAIN, points=8, gap=1e-9, seconds=30)
    assert len(found.table) >= 2
    assert found.table["risk"].min() < found.table.loc[0, "risk"]
    assert found.table["cost"].min() == pytest.approx(levels["cost"].min())
    assert any("a unit-quarter" in aim or "a point" in aim for aim in found.table["aim"])
    for plan in found.plans:
        assert optimizer.verify(portfolio, catalogue, PLAIN, plan).agrees
    behind = found.table.sort_values("cost")
    kept = behind[["risk", "speed"]].to_numpy() * [1, -1]
    assert not any((kept[:i] <= kept[i] - 1e-9).all(axis=1).any() for i in range(len(kept)))


# Planning again ------------------------------------------------------------------------------------------------------


def test_what_has_begun_stays_and_nothing_else_changes_without_need() -> None:
    portfolio = fleet(years=2)
    promised = optimizer.modernize(portfolio, (MOVE,), PLAIN, gap=1e-9)
    again = optimizer.replan(portfolio, (MOVE,), PLAIN, promised, "2027-01-01", gap=1e-9)
    assert again.changed_units == 0
    assert again.changes.empty
    assert again.cost_of_keeping == pytest.approx(0.0, abs=0.01)


def test_a_cut_changes_as_little_as_it_must() -> None:
    plan = optimizer.modernize(fleet(100.0), (MOVE,), PLAIN, gap=1e-9)
    assert plan.rows["start"].tolist() == ["2027Q1", "2027Q2", "2027Q3", ""]
    early = by_hand({"payroll": {"units": 10, "latest": "2027Q2"}}, capacity=[("migration", 2027, 100.0)])
    again = optimizer.replan(early, (MOVE,), PLAIN, plan, "2026-10-01", gap=1e-9)
    assert again.plan.rows["start"].tolist() == ["2027Q1", "2027Q2", ""]
    assert again.changed_units == 2
    assert again.plan.objective >= again.free.objective - 0.01
    assert set(again.changes["new_strategy"]) == {"retain"}
    with pytest.raises(InfeasiblePlan, match="no plan keeps what has begun by 2026-10-01"):
        optimizer.replan(fleet(40.0), (MOVE,), PLAIN, plan, "2026-10-01")


def test_a_price_of_change_trades_promises_for_money() -> None:
    portfolio = by_hand({"payroll": {}}, years=2)
    late = pd.DataFrame({"system": ["payroll"], "units": [1], "strategy": ["rehost"], "start": ["2028Q1"]})
    kept = optimizer.replan(portfolio, (MOVE,), PLAIN, late, "2026-07-01", gap=1e-9)
    assert kept.plan.rows["start"].tolist() == ["2028Q1"]
    assert kept.cost_of_keeping == pytest.approx(4 * 500)
    assert kept.free_changed_units == 1
    cheap = optimizer.replan(portfolio, (MOVE,), PLAIN, late, "2026-07-01", change_price=100.0, gap=1e-9)
    assert cheap.plan.rows["start"].tolist() == ["2027Q1"]
    assert cheap.changes[["start", "new_start", "months"]].to_numpy().tolist() == [["2028Q1", "2027Q1", -12.0]]


def test_a_promise_that_is_no_option_is_refused() -> None:
    early = pd.DataFrame({"system": ["payroll"], "units": [1], "strategy": ["rehost"], "start": ["2027Q1"]})
    with pytest.raises(DataError, match="what has begun of payroll is no option of this portfolio"):
        optimizer.replan(by_hand({"payroll": {"lock": "keep"}}), (MOVE,), PLAIN, early, "2027-02-01")


# The greedy ----------------------------------------------------------------------------------------------------------


def test_the_greedy_takes_the_soonest_pay_back_first() -> None:
    portfolio = by_hand({"slow": {"units": 2}, "quick": {}}, run={"slow": 400.0, "quick": 4_000.0}, starts={2027: 1})
    plan = optimizer.greedy(portfolio, (MOVE,), PLAIN)
    assert plan.status == "reference"
    assert plan.rows[["system", "units", "start"]].to_numpy().tolist() == [
        ["slow", 1, "2027Q2"],
        ["slow", 1, "2027Q3"],
        ["quick", 1, "2027Q1"],
    ]


def test_the_greedy_keeps_to_locks_groups_and_limits() -> None:
    systems = {
        "a": {"group": "g"},
        "b": {"group": "g", "earliest": "2027Q2"},
        "c": {"lock": "rehost@2027Q2"},
        "d": {"lock": "keep"},
        "e": {},
        "f": {},
    }
    portfolio = by_hand(systems, capacity=[("migration", 2027, 80.0)], dependencies=[("f", "e", 0.0)])
    rows = optimizer.greedy(portfolio, (MOVE,), PLAIN).rows.set_index("system")["start"]
    assert rows.to_dict() == {"a": "2027Q3", "b": "2027Q3", "c": "2027Q2", "d": "", "e": "", "f": ""}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_greedy_is_within_the_limits_and_never_better(seed: int) -> None:
    portfolio = made_up(30, seed=seed)
    greedy = optimizer.greedy(portfolio, CATALOGUE, ECONOMICS)
    assert (greedy.limits["violation"] <= 0.01).all()
    assert optimizer.verify(portfolio, CATALOGUE, ECONOMICS, greedy).agrees
    best = optimizer.modernize(portfolio, CATALOGUE, ECONOMICS, gap=0.02, seconds=20)
    assert best.bound <= greedy.objective
    assert len(greedy.moves) > 0
