"""The core, used by itself."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from optimizer import DataError, Problem, solve
from optimizer.direct import relax
from optimizer.options import expand
from optimizer.solver import Status
from optimizer.study import study
from tests.optimizer.portfolios import CATALOGUE, ECONOMICS, made_up


def knapsack(seed: int, systems: int = 4, choices: int = 3, limits: int = 2) -> Problem:
    """Choose one of several options for each of several systems within several limits."""
    random = np.random.default_rng(seed)
    count = systems * choices
    use = random.integers(1, 20, (limits, count)).astype(float)
    use[:, ::choices] = 0.0
    return Problem(
        options=pd.DataFrame(
            {
                "system": np.repeat([f"s{i}" for i in range(systems)], choices),
                "cost": random.integers(-50, 10, count) * 1.0,
            }
        ),
        use=sparse.csr_array(use.T),
        limits=pd.Series(use.sum(axis=1) / 4, index=[f"room {i}" for i in range(limits)]),
    )


def brute(problem: Problem) -> float:
    options = [np.flatnonzero(problem.system == s) for s in range(len(problem.systems))]
    best = np.inf
    for picks in product(*options):
        x = np.bincount(picks, minlength=len(problem)).astype(float)
        if (problem.use.T @ x <= problem.limits + 1e-9).all():
            best = min(best, problem.objective(x, np.zeros(0)))
    return best


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), prices=st.lists(st.floats(0, 20), min_size=2, max_size=2))
def test_any_prices_prove_a_bound(seed: int, prices: list[float]) -> None:
    problem = knapsack(seed)
    bound, above = problem.price(np.array(prices))
    best = brute(problem)
    assert bound <= best + 1e-9
    assert (above >= -1e-9).all()
    solution = solve(problem, gap=1e-9)
    assert solution.objective == pytest.approx(best)
    # a plan with an option costs at least the bound plus what the option costs more
    assert bound + above[solution.x > 0].max() <= best + 1e-9


def test_units_may_be_more_than_one() -> None:
    problem = Problem(
        pd.DataFrame({"system": ["a", "a"], "cost": [0.0, -2.0], "units": [5, 5]}),
        sparse.csr_array(np.array([[0.0], [3.0]])),
        pd.Series([10.0], index=["room"]),
    )
    solution = solve(problem, gap=1e-9)
    assert (solution.x.tolist(), solution.objective, solution.status) == ([2, 3], -6, Status.OPTIMAL)
    assert solution.prices["room"] == pytest.approx(2 / 3)


def test_bundles_take_the_same_slot() -> None:
    table = pd.DataFrame(
        {
            "system": ["a", "a", "b", "b"],
            "cost": [0.0, -5.0, -1.0, 3.0],
            "bundle": "both",
            "slot": ["early", "late", "early", "late"],
        }
    )
    free = Problem(table, sparse.csr_array((4, 0)), pd.Series(dtype=float))
    assert free.price(np.zeros(0))[0] == -2.0
    assert free.price(np.zeros(0))[1].tolist() == [1.0, 0.0, 1.0, 0.0]
    solution = solve(free, gap=1e-9)
    assert (solution.x.tolist(), solution.objective, solution.bound) == ([0, 1, 0, 1], -2.0, -2.0)


def test_lagrangian_bound_meets_the_relaxation() -> None:
    case = study(expand(made_up(40, seed=1, carry_forward=0.5), CATALOGUE, ECONOMICS))
    answer = relax(case.problem)
    bound, _ = case.problem.price(np.maximum(answer.duals[-len(case.problem.limits) :], 0.0))
    assert bound == pytest.approx(answer.value, rel=1e-6)
    assert bound <= answer.value + 1e-6 * abs(answer.value)


def test_an_impossible_problem_says_so() -> None:
    problem = knapsack(1)
    impossible = problem.replace(
        use=sparse.csr_array(problem.use + sparse.csr_array(np.ones(problem.use.shape))), limits=problem.limits * 0
    )
    assert solve(impossible).status is Status.INFEASIBLE


def test_what_does_not_fit_is_refused() -> None:
    problem = knapsack(1)
    with pytest.raises(DataError, match="`use` is 12 x 2, must be 12 options x 1 limits"):
        problem.replace(limits=problem.limits.iloc[:1])
    with pytest.raises(DataError, match="`cost` holds 12 values that are not finite numbers"):
        problem.replace(options=problem.options.assign(cost=np.nan))


def ruled(seed: int) -> Problem:
    """A knapsack in which some options rule out others, and a whole number beside them buys room."""
    random = np.random.default_rng(seed)
    problem = knapsack(seed)
    rules = sparse.csr_array((random.random((len(problem), 3)) < 0.3).astype(float))
    return problem.replace(
        extra=pd.DataFrame({"upper": [2.0], "cost": [7.0], "integer": [True]}, index=["bought"]),
        extra_use=sparse.csr_array(np.full((1, 2), -9.0)),
        rules_use=rules,
        rules_extra_use=sparse.csr_array(np.array([[0.0, 0.5, -1.0]])),
        rules_limits=pd.Series([1.0, 2.0, 1.0], index=["one", "two", "three"]),
    )


def best_ruled(problem: Problem) -> float:
    choices = [np.flatnonzero(problem.system == s) for s in range(len(problem.systems))]
    mine, theirs = problem.rules
    best = np.inf
    for picks, bought in product(product(*choices), (0.0, 1.0, 2.0)):
        x, extra = np.bincount(np.array(picks), minlength=len(problem)).astype(float), np.array([bought])
        kept = (mine.T @ x + theirs.T @ extra <= problem.rules_limits + 1e-9).all()
        if kept and (problem.excess(x, extra) <= 1e-9).all():
            best = min(best, problem.objective(x, extra))
    return best


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    prices=st.lists(st.floats(0, 20), min_size=2, max_size=2),
    rules=st.lists(st.floats(0, 20), min_size=3, max_size=3),
)
def test_prices_of_rules_prove_a_bound_too(seed: int, prices: list[float], rules: list[float]) -> None:
    problem = ruled(seed)
    best = best_ruled(problem)
    assert problem.price(np.array(prices))[0] <= best + 1e-9
    assert problem.price(np.array(prices), np.array(rules))[0] <= best + 1e-9
    solution = solve(problem, gap=1e-9)
    assert solution.objective == pytest.approx(best)


def test_best_prices_of_limits_and_rules_prove_the_relaxation() -> None:
    problem = ruled(3)
    answer = relax(problem)
    rules, limits = np.split(np.maximum(answer.duals[-5:], 0.0), [3])
    assert problem.price(limits, rules)[0] == pytest.approx(answer.value)


def test_a_part_of_a_problem_keeps_its_rules() -> None:
    problem = ruled(5)
    part = problem.only(np.arange(6))
    assert part.rules[0].shape == (6, 3)
    assert abs(part.rules[0] - problem.rules[0][:6]).sum() == 0
    with pytest.raises(DataError, match="options x rules and extra decisions x rules"):
        problem.replace(rules_limits=problem.rules_limits.iloc[:2])
