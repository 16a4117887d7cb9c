from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.arrays import FloatArray, IntArray
from forecast.models import MODELS, WIDEST, DampedTrend, Drift, LastValue, Model, PooledGrowth
from tests.forecast.spending_tables import random_walks

NAN = np.nan


def alike(history: FloatArray) -> IntArray:
    return np.zeros(len(history), dtype=np.int64)


def predict(model: Model, *lines: list[float], horizon: int = 3) -> FloatArray:
    history = np.array(lines)
    return model.fit(history, alike(history)).predict(horizon)


def test_last_value_stays() -> None:
    np.testing.assert_array_equal(predict(LastValue(), [1, 2, 3, 7], [NAN, NAN, NAN, -4]), [[7] * 3, [-4] * 3])


def test_drift_goes_on_at_the_mean_change() -> None:
    np.testing.assert_allclose(predict(Drift(), [10, 11, 9, 16], [NAN, 5, 5, 5]), [[18, 20, 22], [5, 5, 5]])


def test_drift_of_three_points_is_none() -> None:
    np.testing.assert_array_equal(predict(Drift(), [NAN, 1, 2, 3]), [[3, 3, 3]])


def test_drift_does_not_turn_spending_negative() -> None:
    np.testing.assert_array_equal(predict(Drift(), [30, 20, 10, 3]), [[0, 0, 0]])
    assert predict(Drift(), [30, 20, 10, -3])[0, 2] < -3


def test_damped_trend_follows_its_recursion() -> None:
    """One point of the grid against a plain loop, in logs."""
    model = DampedTrend(level_weights=(0.6,), trend_weights=(0.3,), dampings=(0.9,))
    amounts = [100.0, 110, 115, 130, 128, 140]
    logs = np.log(amounts)
    level, slope = logs[0], sorted(np.diff(logs)[:4])[1]
    for value in logs[1:]:
        expected = level + 0.9 * slope
        level, slope = expected + 0.6 * (value - expected), 0.9 * slope + 0.18 * (value - expected)
    ahead = [np.exp(level + slope * 0.9), np.exp(level + slope * (0.9 + 0.81))]
    np.testing.assert_allclose(predict(model, amounts, horizon=2), [ahead])
    late = [NAN, NAN, *amounts]
    np.testing.assert_allclose(predict(model, late, horizon=2), [ahead])


def test_damped_trend_takes_the_best_point_of_the_grid() -> None:
    rising = [2.0**k for k in range(8)]
    assert predict(DampedTrend(), rising)[0, 0] > 2**7
    np.testing.assert_allclose(predict(DampedTrend(), [5.0] * 6), [[5] * 3])


def test_damped_trend_works_in_dollars_where_amounts_are_not_positive() -> None:
    model = DampedTrend(level_weights=(1.0,), trend_weights=(0.0,), dampings=(0.5,))
    np.testing.assert_allclose(predict(model, [-1, 0, 1, 2, 3], horizon=2), [[3 + 0.5**5, 3 + 0.5**5 + 0.5**6]])


def test_pooled_growth_is_the_median_that_leans_to_none() -> None:
    grown = [[100.0 * 1.1**k for k in range(5)] for _ in range(10)]
    result = predict(PooledGrowth(), *grown)
    overall = np.log(1.1) * 40 / 50
    own = (np.log(1.1) * 40 + overall * 10) / 50
    np.testing.assert_allclose(result[0], 100 * 1.1**4 * np.exp(own * np.arange(1, 4)))


def test_pooled_growth_is_of_like_lines() -> None:
    history = np.array([[100.0 * 1.1**k for k in range(9)]] * 20 + [[100.0] * 9] * 20)
    like = np.repeat([0, 1], 20)
    ahead = PooledGrowth().fit(history, like).predict(1)[:, 0] / history[:, -1]
    assert ahead[0] == pytest.approx(1.1, abs=0.01)
    assert ahead[-1] == pytest.approx(1.0, abs=0.01)


def test_one_wild_line_does_not_move_pooled_growth() -> None:
    history = random_walks(50, 10)
    wild = np.vstack([history, 10.0 ** np.array([[0, 9, 1, 8, 2, 9, 0, 9, 1, 12]])])
    calm = PooledGrowth().fit(history, alike(history)).predict(5)
    np.testing.assert_allclose(PooledGrowth().fit(wild, alike(wild)).predict(5)[:-1], calm, rtol=0.02)


@pytest.mark.parametrize("model", MODELS)
def test_fit_twice_is_equal_and_leaves_the_model_as_it_was(model: Model) -> None:
    history = random_walks(7, 9)
    first, second = (model.fit(history, alike(history)) for _ in range(2))
    for field in fields(first):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))
    with pytest.raises((FrozenInstanceError, TypeError)):
        setattr(model, "years", 3)  # noqa: B010


@pytest.mark.parametrize("model", [model for model in MODELS if not isinstance(model, PooledGrowth)])
def test_a_line_is_forecast_the_same_in_any_company(model: Model) -> None:
    history = random_walks(7, 9)
    alone = model.fit(history[2:3], alike(history[2:3])).predict(4)
    np.testing.assert_allclose(model.fit(history, alike(history)).predict(4)[2:3], alone)


@pytest.mark.parametrize("model", MODELS)
@given(amounts=st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=12))
def test_no_forecast_leaves_its_bounds(model: Model, amounts: list[float]) -> None:
    path = predict(model, amounts, horizon=8)
    largest = max(abs(amount) for amount in amounts)
    assert np.isfinite(path).all()
    assert (np.abs(path) <= WIDEST * largest * (1 + 1e-12)).all()
    if min(amounts) >= 0:
        assert (path >= 0).all()
