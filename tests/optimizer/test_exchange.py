"""Exchanges: what a search believes after any number of them is what a recount finds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from optimizer import exchange
from optimizer.duals import price_limits
from optimizer.exchange import ALPHA, Exchanges
from optimizer.generation import rounded
from optimizer.neighbours import Ground, Neighbourhood
from optimizer.problem import Problem
from optimizer.search import Search
from tests.optimizer.problems import random_problem


def grounded(problem: Problem) -> tuple[Ground, np.ndarray, np.ndarray]:
    """The ground of a problem, units near to the fractional ones, and the room that they leave."""
    priced = price_limits(problem)
    ground, x = Ground.of(problem, priced), rounded(priced)
    return ground, x, np.asarray(ground.limits - ground.blocks.use.T @ x)


def moved(exchanges: Exchanges, x: np.ndarray) -> np.ndarray:
    """Units after what has been made."""
    after = x.copy()
    np.subtract.at(after, exchanges.near.columns(), 1)
    np.add.at(after, exchanges.columns(), 1)
    return after


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_room_and_cost_are_those_of_the_units_whatever_is_exchanged(seed: int, units: int) -> None:
    ground, x, room = grounded(random_problem(seed, systems=12, units=units))
    near = Neighbourhood(ground, x, room, 30)
    exchanges = Exchanges(near, ground.penalties)
    random = np.random.default_rng(seed)
    for _ in range(20):
        free = np.flatnonzero(~exchanges.barred)
        exchanges.go(int(random.choice(free)))
        after = moved(exchanges, x)
        np.testing.assert_array_equal(np.add.reduceat(after, ground.blocks.first), ground.blocks.units)
        left = (ground.limits - ground.blocks.use.T @ after)[exchanges.rows]
        np.testing.assert_allclose(exchanges.room, left, atol=1e-9)
        outside = ground.above @ x - near.dear
        assert exchanges.dear + outside == pytest.approx(float(ground.above @ after))
    assert exchanges.made.any()


def test_of_one_unit_one_exchange_is_made_at_a_time_and_taking_it_back_frees_both() -> None:
    ground, x, room = grounded(random_problem(3, systems=12))
    exchanges = Exchanges(Neighbourhood(ground, x, room, 30), ground.penalties)
    pair = int(np.flatnonzero(exchanges.moves[0] != exchanges.moves[1])[0])
    shift = exchanges.shift.copy()
    exchanges.go(pair)
    unit = exchanges.near.unit[exchanges.moves]
    shared = np.isin(unit, unit[:, pair]).any(axis=0) & ~exchanges.made
    np.testing.assert_array_equal(exchanges.barred, shared)
    np.testing.assert_array_equal(exchanges.shift[:, pair], -shift[:, pair])
    exchanges.go(pair)
    assert not exchanges.barred.any()
    assert not exchanges.made.any()
    np.testing.assert_array_equal(exchanges.shift, shift)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_best_pairs_are_those_of_a_look_at_all(seed: int) -> None:
    random = np.random.default_rng(seed)
    worth, above = random.normal(size=(40, 3)), random.exponential(size=40)
    unit = np.sort(random.integers(0, 15, 40))
    every = ALPHA * np.abs(worth[:, None] + worth).sum(axis=2) + above[:, None] + above
    different = np.triu(unit[:, None] != unit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exchange, "CHUNK", 7)
        patch.setattr(exchange, "MOST", 50)
        first, second = exchange._pairs(worth, above, unit)
    assert len(first) == 50
    assert (unit[first] != unit[second]).all()
    np.testing.assert_allclose(np.sort(every[first, second]), np.sort(every[different])[:50])


def test_an_exchange_goes_where_no_single_move_fits() -> None:
    options = pd.DataFrame({"system": ["a", "a", "b", "b"], "cost": [10.0, 0.0, 3.0, 8.0], "units": 1.0})
    problem = Problem(options, sparse.csr_array(np.array([[5.0], [10.0], [10.0], [5.0]])), pd.Series({"hours": 15.0}))
    ground, _, _ = grounded(problem)
    search = Search(problem, ground, np.array([1.0, 0.0, 1.0, 0.0]), np.zeros(0))
    near = Neighbourhood(ground, search.x, ground.limits - ground.blocks.use.T @ search.x, 4)
    both = Exchanges(near, ground.penalties).shift[:, 0]
    assert both == pytest.approx(0.0)
    assert search.objective == 13.0
    search.exchange(4, 0.0)
    assert search.objective == 8.0
