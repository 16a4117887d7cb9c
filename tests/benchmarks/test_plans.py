"""Rivals of the optimizer: a model in whole numbers keeps to the true rows; all ways agree on a small problem."""

from math import inf
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

import optimizer
from benchmarks.rivals import cpsat, plans
from benchmarks.rivals.plans import Outcome
from optimizer import Problem, solver
from tests.optimizer.portfolios import CATALOGUE, ECONOMICS, intertwined


def problem(seed: int = 0) -> Problem:
    portfolio = intertwined(10, seed=seed, sites=2, years=3, groups=0.7, headroom=(1.3,), modern_share={})
    return optimizer.assemble(portfolio.replace(sweep=0.2, soft={"appropriation": 0.5}), CATALOGUE, ECONOMICS)


def model(made: Problem) -> cpsat.Model:
    return cpsat.Model(**plans.arrays_of(made))


@pytest.mark.parametrize("seed", range(3))
def test_what_keeps_to_rows_in_whole_numbers_keeps_to_the_true_ones(seed: int) -> None:
    arrays = model(problem(seed))
    steps = cpsat.steps_of(arrays)
    random = np.random.default_rng(seed)
    matrix = sparse.csr_array((arrays.data, arrays.indices, arrays.indptr), shape=(len(arrays.high), len(arrays.cost)))
    counts = random.integers(0, np.floor(arrays.upper / steps).astype(np.int64) + 1, (200, len(arrays.cost)))
    counts[random.random(counts.shape) < 0.9] = 0
    used = matrix @ (counts * steps).T
    kept = 0
    for i, row in enumerate(cpsat.rows_of(arrays, steps)):
        sums = counts[:, row.decisions] @ row.coefficients
        assert np.abs(row.coefficients) @ (arrays.upper / steps)[row.decisions] <= 1.01 * cpsat.LARGEST
        fits = sums == row.high if row.low is not None else sums <= row.high
        slack = 1e-5 * (1 + abs(arrays.high[i]))
        assert (used[i][fits] <= arrays.high[i] + slack).all()
        kept += int(fits.sum())
    assert kept


def test_factors_are_powers_of_ten_that_nothing_overflows() -> None:
    assert cpsat.factor_of(np.array([1.0, -3.0]), np.array([5.0, 2.0])) == 1
    assert cpsat.factor_of(np.array([1.5]), np.array([1.0])) == cpsat.FINEST
    assert cpsat.factor_of(np.array([1234.56]), np.array([1e9])) == 100
    assert cpsat.factor_of(np.array([1e10]), np.array([1e7])) == 0.01


def test_fractions_count_in_steps() -> None:
    arrays = cpsat.Model(
        cost=np.ones(3),
        upper=np.array([4.0, 5e6, 3.0]),
        whole=np.array([True, False, False]),
        low=np.array([1.5]),
        high=np.array([1.5]),
        data=np.array([0.5]),
        indices=np.array([0]),
        indptr=np.array([0, 1]),
    )
    assert cpsat.steps_of(arrays) == pytest.approx([1.0, 1.0, 1e-4])
    with pytest.raises(ValueError, match="row 0 is an equality of fractions"):
        cpsat.rows_of(arrays, cpsat.steps_of(arrays))


def test_the_bound_of_cbc_is_read_from_its_log() -> None:
    stopped = "Result - Stopped on time limit\nObjective value:    12.5\nLower bound:   11.25\nGap: 0.10\n"
    assert plans.cbc_bound(stopped) == 11.25
    assert plans.cbc_bound("Result - Optimal solution found\nObjective value:    12.5\n") == 12.5
    assert plans.cbc_bound("Result - Stopped on time limit\nObjective value:    12.5\n") == -inf
    assert plans.cbc_bound("") == -inf


RIVALS = [
    "HiGHS",
    pytest.param("cbc", marks=pytest.mark.skipif("PULP_CBC_CMD" not in solver.available(), reason="CBC is not here")),
    pytest.param(
        "cp-sat", marks=pytest.mark.skipif(not plans.has_cpsat(), reason="make bench-rivals has not been run")
    ),
]


@pytest.mark.parametrize("name", RIVALS)
def test_rivals_agree_on_a_small_problem(name: str) -> None:
    small = problem()
    best = optimizer.solve(small, gap=0).objective
    outcome = plans.whole(small, 1e-6, 60.0, 0, name)
    assert outcome.objective == pytest.approx(best, rel=1e-5)
    assert outcome.bound == pytest.approx(best, rel=1e-5)


def quick(word: str) -> Outcome:
    return Outcome(float(len(word)), 2.0, 1.0)


def failing(word: str) -> Outcome:
    raise SystemExit(1)


def test_a_way_runs_alone_and_tells_its_memory() -> None:
    outcome = plans.alone(quick, 60.0, "abc")
    assert (outcome.seconds, outcome.objective, outcome.gap) == (3.0, 2.0, 0.5)
    assert outcome.memory > 10
    nothing = plans.alone(failing, 60.0, "abc")
    assert (nothing.objective, nothing.bound) == (inf, -inf)


def test_requirements_name_versions() -> None:
    for path in Path(plans.HERE).glob("requirements*.txt"):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert all("==" in line for line in lines)
