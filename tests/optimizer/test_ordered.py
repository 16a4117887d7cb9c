"""Problems whose rules are about time, by prices: bounds that hold, windows that keep the order, plans that verify."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optimizer
from optimizer import Portfolio, core
from optimizer.direct import relax
from optimizer.layers import price_layers
from optimizer.options import expand
from optimizer.ordered import Schedule
from optimizer.problem import Problem
from optimizer.solver import Status
from optimizer.study import study
from optimizer.windows import Windows
from tests.optimizer.brute_force import best_by_brute_force
from tests.optimizer.limit_cases import PLAIN, REHOST
from tests.optimizer.portfolios import CATALOGUE, ECONOMICS, by_hand, intertwined


def problem_of(portfolio: Portfolio) -> Problem:
    return study(expand(portfolio, CATALOGUE, ECONOMICS)).problem


def halls(seed: int) -> Portfolio:
    """Four systems in two halls, two of which wait for others; money and hours are short."""
    random = np.random.default_rng(seed)
    systems: dict[str, dict[str, Any]] = {
        name: {"site": ("north", "south")[int(random.integers(0, 2))], "group": group}
        for name, group in zip("abcd", ("", "", *random.choice(["", "pair"], 1).repeat(2)), strict=True)
    }
    return by_hand(
        systems,
        run={name: float(random.integers(500, 3_000)) for name in systems},
        sites={
            name: {"annual_fixed_cost": float(random.integers(0, 9_000)), "closure_cost": 300.0}
            for name in ("north", "south")
        },
        closes_sites=True,
        dependencies=[("c", "a", float(random.integers(0, 5))), ("d", "b", 0.0)][: int(random.integers(0, 3))],
        appropriations=[{"amount": float(random.integers(20, 70)) * 1_000.0}],
        capacity=[("migration", 2027, 160.0 * float(random.integers(1, 5)))],
    )


@settings(max_examples=6)
@given(st.integers(0, 10_000))
def test_by_prices_an_ordered_problem_gets_a_plan_between_its_bound_and_the_best_one(seed: int) -> None:
    portfolio = halls(seed)
    best = best_by_brute_force(portfolio, (REHOST,), PLAIN)
    problem = study(expand(portfolio, (REHOST,), PLAIN)).problem
    answer = core.solve(problem, way="generation", seconds=1.5, gap=1e-9)
    if best is None:
        assert answer.status in (Status.INFEASIBLE, Status.UNKNOWN)
        return
    assert answer.objective == pytest.approx(best, rel=1e-9)
    assert answer.bound <= best + 1e-9 * abs(best)
    assert (problem.broken(answer.x, answer.extra) <= 1e-9).all()


@settings(max_examples=4)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_any_prices_of_limits_and_rules_prove_a_bound_with_homes(seed: int, other: int) -> None:
    portfolio = halls(seed)
    best = best_by_brute_force(portfolio, (REHOST,), PLAIN)
    problem = study(expand(portfolio, (REHOST,), PLAIN)).problem
    random = np.random.default_rng(other)
    prices, rules = random.exponential(5.0, len(problem.limits)), random.exponential(50.0, len(problem.rules_limits))
    bound, above = problem.price(prices, rules)
    if best is not None:
        assert bound <= best + 1e-9 * abs(best)
        answer = core.solve(problem, way="direct", gap=1e-9)
        # a plan with an option costs at least the bound plus what the option costs more
        assert bound + above[answer.x > 0].max() <= answer.objective + 1e-9 * abs(answer.objective)


def test_layers_prove_nearly_what_the_relaxation_does() -> None:
    problem = problem_of(intertwined(120, seed=3, sites=4))
    layered, whole = price_layers(problem), relax(problem).value
    assert layered.bound <= whole * (1 + 1e-9)
    assert layered.bound == pytest.approx(whole, rel=5e-3)
    assert problem.price(layered.prices, layered.rule_prices)[0] == pytest.approx(layered.bound)


def test_limits_that_hold_nothing_back_have_no_price_beside_rules() -> None:
    problem = problem_of(intertwined(120, seed=4, sites=4))
    money = problem.limits.index.str.startswith("appropriation")
    eased = problem.replace(limits=problem.limits * np.where(money, 1.3, 1.0))
    worth = relax(eased).duals[-len(problem.limits) :]
    priced = price_layers(eased).prices > 0
    assert 0 < (worth > 1e-9).sum() < len(worth)
    np.testing.assert_array_equal(priced, worth > 1e-9)


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.sampled_from([0.2, 0.5, 0.8]), st.sampled_from([0.0, 0.5, 1.0]))
def test_whatever_is_chosen_within_windows_keeps_the_order(seed: int, share: float, between: float) -> None:
    problem = problem_of(intertwined(60, seed=seed, sites=3))
    windows = Windows.of(problem)
    random = np.random.default_rng(seed)
    x = random.exponential(1.0, len(problem))
    found = windows.open(x, windows.closing(x, share), between)
    assert found is not None
    kept = found.kept
    part = problem.only(np.flatnonzero(kept)).free()
    # any option of each system, and of a group any whole way
    _, above = part.price(random.exponential(1.0, len(part.limits)) * 0)
    answer = core.solve(
        part.replace(limits=part.limits + 1e12, options=part.options.assign(cost=random.normal(size=len(part)))),
        gap=1e-9,
        seconds=20,
        way="generation",
    )
    assert len(above) == len(part)
    x = np.zeros(len(problem))
    x[kept] = answer.x
    assert (problem.broken(windows.settled(x), np.zeros(len(problem.extra))) <= 1e-9).all()


def test_windows_laid_anew_all_at_once_are_never_worse() -> None:
    problem = problem_of(intertwined(150, seed=3, sites=4))
    schedule = Schedule(problem, price_layers(problem), 1e-4, 0, np.inf)
    first = schedule._first()
    assert first is not None
    best = schedule._better(first)
    assert best is not None
    assert best.priced.bound < first.priced.bound
    assert (best.opening.moment != first.opening.moment).any()


def test_the_bound_is_near_the_relaxation_where_each_system_that_waits_moves_whole() -> None:
    portfolio = intertwined(120, seed=4, sites=2, groups=0.0)
    portfolio.systems["group"] = [f"alone-{i}" for i in range(len(portfolio.systems))]
    problem = problem_of(portfolio)
    bound, value = price_layers(problem).bound, relax(problem).value
    assert value - 1e-3 * abs(value) <= bound <= value + 1e-9 * abs(value)


def test_a_large_study_with_everything_at_once_is_planned_and_verified() -> None:
    portfolio = intertwined(400, seed=1)
    plan = optimizer.modernize(portfolio, CATALOGUE, ECONOMICS, gap=0.02, seconds=120)
    assert plan.reached == "gap"
    assert plan.gap <= 0.02
    assert (plan.sites["closes"] != "").any()
    assert optimizer.verify(portfolio, CATALOGUE, ECONOMICS, plan).agrees


def test_the_same_seed_gives_the_same_plan() -> None:
    problem = problem_of(intertwined(300, seed=2))
    one, two = (core.solve(problem, way="generation", gap=0.03, seconds=120, seed=4) for _ in range(2))
    assert one.reached == "gap"
    np.testing.assert_array_equal(one.x, two.x)


def test_a_study_that_no_plan_keeps_is_proven_so() -> None:
    problem = problem_of(intertwined(150, seed=1))
    answer = core.solve(problem.replace(limits=problem.limits * 0.2), way="generation", seconds=30)
    assert answer.status in (Status.INFEASIBLE, Status.UNKNOWN)


def test_a_schedule_keeps_only_plans_that_keep_every_rule() -> None:
    problem = problem_of(intertwined(60, seed=5, sites=3))
    schedule = Schedule(problem, price_layers(problem), 0.01, 0, np.inf)
    stay = np.zeros(len(problem))
    stay[problem.first] = problem.units
    schedule._keep(stay, np.zeros(len(problem.extra)))
    broken = (problem.broken(stay, np.zeros(len(problem.extra))) > 1e-6).any()
    over = (problem.excess(stay, np.zeros(len(problem.extra))) > 1.0).any()
    assert (schedule.objective == np.inf) == (broken or over)


def test_windows_that_prices_rule_out_are_no_better_than_the_best() -> None:
    problem = problem_of(intertwined(120, seed=6, sites=5))
    schedule = Schedule(problem, price_layers(problem), 0.01, 0, np.inf)
    best = schedule._first()
    assert best is not None
    random = np.random.default_rng(0)
    ruled_out = kept = 0
    for share in random.uniform(0.1, 0.95, 12):
        closing = schedule.windows.closing(schedule.layered.x, float(share))
        every = schedule._trial(schedule.layered.x, closing, 0.5)
        some = schedule._trial(schedule.layered.x, closing, 0.5, best)
        if every is None:
            continue
        if some is None:
            ruled_out += 1
            assert every.priced.bound >= best.priced.bound - 1e-4 * abs(best.priced.bound)
        else:
            kept += 1
            assert some.priced.bound == pytest.approx(every.priced.bound, rel=1e-3)
    assert ruled_out
    assert kept


def test_closing_one_home_at_another_time_never_makes_windows_worse() -> None:
    problem = problem_of(intertwined(150, seed=5, sites=6))
    schedule = Schedule(problem, price_layers(problem), 1e-4, 0, np.inf)
    first = best = schedule._first()
    assert best is not None
    for _ in range(40):
        better = schedule._reclosed(best)
        assert better is None or better.priced.bound < best.priced.bound
        best = better or best
    assert first is not None
    assert best.priced.bound < first.priced.bound
    assert (best.opening.closing != first.opening.closing).any()
