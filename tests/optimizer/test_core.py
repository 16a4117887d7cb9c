"""Both ways to a plan: the same answers within their gaps, the same plan for a seed, an honest word at the end."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from optimizer import core, direct, duals
from optimizer.blocks import Listing
from optimizer.duals import price_limits
from optimizer.options import expand
from optimizer.problem import Problem
from optimizer.solver import Status
from optimizer.study import study
from tests.optimizer.portfolios import CATALOGUE, ECONOMICS, made_up
from tests.optimizer.problems import brute_force, random_problem


def plan_problem(count: int, seed: int = 0, **more: Any) -> Problem:
    return study(expand(made_up(count, seed=seed, **more), CATALOGUE, ECONOMICS)).problem


def assert_sound(problem: Problem, answer: core.Solution) -> None:
    """Every unit has one fate, no limit is overrun, the figures belong to the plan."""
    assert (answer.x == np.rint(answer.x)).all()
    equal, right, _ = problem.equalities
    np.testing.assert_allclose(equal @ answer.x, right, atol=1e-9)
    size = np.maximum(problem.limits.abs().to_numpy(), 1.0)
    assert (problem.excess(answer.x, answer.extra) <= 1e-3 + 1e-8 * size).all()
    assert answer.objective == pytest.approx(problem.objective(answer.x, answer.extra), rel=1e-12)
    assert answer.bound <= answer.objective


@settings(max_examples=6)
@given(st.integers(0, 10_000), st.booleans())
def test_by_prices_a_small_problem_gets_a_plan_between_its_bound_and_the_best_one(seed: int, bundles: bool) -> None:
    problem = random_problem(seed, bundles=bundles)
    best = brute_force(problem)
    answer = core.solve(problem, way="generation", seconds=6, gap=1e-9)
    if np.isinf(best):
        assert answer.status in (Status.INFEASIBLE, Status.UNKNOWN)
        return
    assert_sound(problem, answer)
    assert answer.objective == pytest.approx(best, rel=1e-9)
    assert answer.bound <= best + 1e-9 * abs(best)


@pytest.mark.parametrize("more", [{}, {"units": 1, "groups": 0.0}, {"groups": 0.4}, {"carry_forward": 0.5}])
def test_both_ways_agree_within_their_gaps(more: dict[str, Any]) -> None:
    problem = plan_problem(150, seed=3, **more)
    by_prices = core.solve(problem, way="generation", seconds=8, gap=2e-3)
    whole = core.solve(problem, way="direct", seconds=8, gap=2e-3)
    for answer in (by_prices, whole):
        assert_sound(problem, answer)
    assert max(by_prices.bound, whole.bound) <= min(by_prices.objective, whole.objective) * (1 + 1e-9)
    assert by_prices.gap <= 0.05


def test_the_same_seed_gives_the_same_plan_and_the_clock_is_named_when_it_ends_a_run() -> None:
    problem = plan_problem(700, seed=1)
    one, two = (core.solve(problem, gap=2e-3, seconds=120, seed=5) for _ in range(2))
    assert one.reached == two.reached == "gap"
    assert one.status is Status.FEASIBLE
    np.testing.assert_array_equal(one.x, two.x)
    assert one.bound == two.bound
    cut = core.solve(problem, gap=1e-9, seconds=2.0)
    assert cut.reached == "time"
    assert cut.status is not Status.OPTIMAL


def test_a_plan_to_start_from_gives_nearly_the_same_bound() -> None:
    problem = plan_problem(700, seed=2)
    first = core.solve(problem, gap=2e-3, seconds=60)
    limits = problem.limits.copy()
    limits.iloc[1] *= 1.01
    moved = problem.replace(limits=limits)
    warm, cold = core.solve(moved, gap=2e-3, seconds=60, start=first), core.solve(moved, gap=2e-3, seconds=60)
    assert warm.bound == pytest.approx(cold.bound, rel=1e-4)
    # More of a limit cannot cost more; each bound is itself only as near to the best one as its prices are.
    assert warm.bound <= first.bound * (1 + 1e-6)
    assert_sound(moved, warm)


def test_a_limit_that_is_far_from_reached_has_no_price() -> None:
    problem = plan_problem(700, seed=1)
    limits = problem.limits.copy()
    limits.iloc[0] *= 3
    priced = price_limits(problem.replace(limits=limits))
    assert priced.prices[0] == 0
    assert 3 <= (priced.prices > 0).sum() < len(limits)
    assert priced.bound == pytest.approx(direct.relax(problem.replace(limits=limits)).value, rel=1e-5)


def test_a_problem_without_a_plan_is_proven_so_by_its_prices() -> None:
    problem = plan_problem(700)
    none = core.solve(problem.replace(limits=problem.limits * 0.2), seconds=60)
    assert none.status is Status.INFEASIBLE
    assert none.objective == np.inf


def test_a_problem_of_any_kind_will_do() -> None:
    options = pd.DataFrame({"system": ["a", "a", "b", "b"], "cost": [0.0, -9.0, 0.0, -5.0]})
    problem = Problem(options, sparse.csr_array(np.array([[0.0], [4.0], [0.0], [3.0]])), pd.Series({"weight": 5.0}))
    answer = core.solve(problem)
    assert answer.units.tolist() == [0, 1, 1, 0]
    assert answer.objective == -9.0
    assert answer.prices.index.tolist() == ["weight"]


@pytest.mark.parametrize(("seed", "share"), [(1, 0.9), (12, 0.85)])
def test_prices_hold_where_a_sample_of_the_systems_has_no_plan(
    seed: int, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = random_problem(seed, systems=40)
    first = price_limits(problem)
    tight = problem.replace(limits=problem.limits * share)
    exact = core.solve(tight, gap=0.0, way="direct").objective
    monkeypatch.setattr(duals, "SAMPLE", 6)
    priced = price_limits(tight, first.prices)
    assert not priced.hopeless
    assert 0.98 * exact <= priced.bound <= exact


def test_curvature_is_the_change_of_the_slope(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = random_problem(5, systems=30, units=3)
    smoothed = duals.Smoothed.of(problem, Listing.of(problem, np.zeros(3)).blocks)
    prices, temperature, step = np.array([40.0, 25.0, 60.0]), 2.0, 1e-5
    bend = smoothed.curvature(smoothed.at(prices, temperature), temperature)
    slopes = [
        (smoothed.at(prices + move, temperature).slope - smoothed.at(prices - move, temperature).slope) / (2 * step)
        for move in step * np.eye(3)
    ]
    np.testing.assert_allclose(bend, -np.array(slopes), rtol=1e-5, atol=1e-8)
    monkeypatch.setattr(duals, "MOST_CURVED", 40)
    some = smoothed.curvature(smoothed.at(prices, temperature), temperature)
    assert not np.allclose(some, bend, rtol=1e-6)
    np.testing.assert_allclose(np.diag(some), np.diag(bend), rtol=0.6)
