"""From a problem to PuLP and back."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from optimizer import Problem
from optimizer.direct import _Search, build, gap_of


def two(room: float) -> Problem:
    """One system, two options; the cheap one takes 3."""
    table = pd.DataFrame({"system": ["a", "a"], "cost": [0.0, -2.0]})
    return Problem(table, sparse.csr_array(np.array([[0.0], [3.0]])), pd.Series([room], index=["room here"]))


def took(room: float) -> tuple[_Search, np.ndarray]:
    problem = two(room)
    search = _Search(problem, -2.0, -2.0, np.zeros(2), (np.zeros(2), np.zeros(0)), float("inf"))
    _, x, extra = build(problem)
    x[0].varValue, x[1].varValue = 1e-9, 1 - 1e-9
    return search, search._take(np.ones(2, dtype=bool), x, extra)


def test_whole_numbers_are_made_whole() -> None:
    search, over = took(3.0)
    assert (search.objective, search.best[0].tolist(), over.tolist()) == (-2.0, [0.0, 1.0], [0.0])


def test_a_plan_that_overruns_a_limit_after_rounding_is_not_kept() -> None:
    search, over = took(2.99)
    assert not search.found
    assert over.tolist() == [pytest.approx(0.01)]


def test_gap_is_a_share_of_the_objective() -> None:
    assert gap_of(100.0, 99.0) == pytest.approx(0.01)
    assert gap_of(-100.0, -101.0) == pytest.approx(0.01)
    assert gap_of(100.0, 101.0) == 0
    assert gap_of(0.0, 0.0) == 0
