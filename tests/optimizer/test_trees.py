"""Trees of waits: at given prices they do exactly what a solver does, and say what that gains."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer import core
from optimizer.options import expand
from optimizer.problem import Problem
from optimizer.solver import Status
from optimizer.study import study
from optimizer.trees import Trees
from optimizer.windows import Opening, Windows
from tests.optimizer.portfolios import CATALOGUE, ECONOMICS, intertwined


def case(seed: int, waits: int = 30) -> tuple[Problem, Windows, Opening]:
    """A study in which many wait, groups and systems alone, and windows somewhere in it."""
    problem = study(expand(intertwined(40, seed=seed, sites=3, groups=0.4, waits=waits), CATALOGUE, ECONOMICS)).problem
    windows = Windows.of(problem)
    x = np.random.default_rng(seed).exponential(1.0, len(problem))
    opening = windows.open(x, windows.closing(x, 0.8))
    assert opening is not None
    # homes close when they are told: that leaves the rules about who waits
    of_homes = abs(problem.rules[0][problem.homes.case]).sum(axis=0) > 0
    return problem.ruled(np.flatnonzero(~of_homes)), windows, opening


def freely(problem: Problem, reduced: np.ndarray, kept: np.ndarray) -> float:
    """What the cheapest plan costs within the rules about who waits, by a solver."""
    part = problem.only(np.flatnonzero(kept))
    ample = part.replace(limits=part.limits + 1e15, options=part.options.assign(cost=reduced[kept]))
    answer = core.solve(ample, way="direct", gap=1e-9, seconds=60)
    assert answer.status is Status.OPTIMAL
    return answer.objective


@settings(max_examples=8)
@given(st.integers(0, 10_000))
def test_trees_do_what_a_solver_does(seed: int) -> None:
    problem, windows, opening = case(seed)
    trees, random = Trees(windows), np.random.default_rng(seed)
    free = trees.forest(random)
    reduced = problem.cost + random.normal(0, 0.2 * np.abs(problem.cost).mean(), len(problem))
    better = trees.better(reduced, opening, opening.closing, free)
    assert better is not None
    allowed = windows.allowed(opening.closing) & windows.within(opening.moment, ~free)
    x = np.zeros(len(problem))
    mine = better.taken[better.taken >= 0]
    x[mine] = problem.units[problem.system[mine]]
    # every system lives in a site, so that trees are all there is
    others = np.flatnonzero(allowed & (better.taken[problem.system] < 0))
    assert set(others) == set(np.flatnonzero(allowed & ~problem.homes.resident))
    x[others] = 1.0
    assert (problem.broken(x, np.zeros(len(problem.extra))) <= 1e-9).all()
    best = freely(problem, reduced, allowed)
    assert reduced @ x == pytest.approx(best, rel=1e-7)
    assert freely(problem, reduced, opening.kept) - best == pytest.approx(better.gain.sum(), rel=1e-5, abs=1e-3)


def test_of_a_ring_of_waits_one_is_held() -> None:
    _, windows, opening = case(3, waits=60)
    trees = Trees(windows)
    free = trees.forest(np.random.default_rng(0))
    assert 0 < (~free).sum() < len(free)
    better = trees.better(windows.problem.cost, opening, opening.closing, free)
    assert better is not None
    assert ((better.tree < 0) == ~free).all()
    # so many waits join so many nodes to so many trees
    nodes = np.unique(windows.node[better.taken >= 0])
    assert len(nodes) - free.sum() == len(better.gain)


def test_new_moments_leave_room_for_what_trees_take() -> None:
    problem, windows, opening = case(5)
    trees = Trees(windows)
    free = trees.forest(np.random.default_rng(0))
    better = trees.better(problem.cost, opening, opening.closing, free)
    assert better is not None
    for between in (0.0, 0.4, 1.0):
        moment = np.where(free, windows.moments(better.taken, between), opening.moment)
        kept = windows.opening(opening.closing, moment).kept
        assert kept[better.taken[better.taken >= 0]].all()


def test_trees_that_cannot_leave_a_home_in_time_say_so() -> None:
    problem, windows, opening = case(7)
    trees = Trees(windows)
    free = trees.forest(np.random.default_rng(0))
    at_once = np.zeros_like(opening.closing)
    at_once[-1] = opening.closing[-1]
    assert trees.better(problem.cost, opening, at_once, free) is None
