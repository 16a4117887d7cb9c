import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.arrays import FloatArray
from forecast.backtest import MIDDLE, Backtest, Prepared, backtest, choose_origins, combine, weigh
from forecast.models import LastValue, models_for
from tests.forecast.spending_tables import random_walks

NAIVE = 0


def run(amounts: FloatArray, horizon: int = 3, season: int = 1) -> Backtest:
    like = np.zeros(len(amounts), dtype=np.int64)
    return backtest(amounts, Prepared.of(amounts, season), like, models_for(season), horizon)


def test_naive_forecasts_are_last_values_and_actuals_what_came() -> None:
    amounts = random_walks(5, 12)
    test = run(amounts)
    assert test.names[NAIVE] == LastValue.name
    assert test.origins.tolist() == [4, 5, 6, 7, 8, 9, 10, 11]
    for j, origin in enumerate(test.origins):
        np.testing.assert_array_equal(test.forecasts[j, NAIVE, :, 2], amounts[:, origin - 1])
        known = amounts[:, origin : origin + 3]
        np.testing.assert_array_equal(test.actual[j, :, : known.shape[1]], known)
        assert np.isnan(test.actual[j, :, known.shape[1] :]).all()


def test_nothing_later_than_an_origin_is_known_there() -> None:
    amounts = random_walks(6, 14)
    changed = amounts.copy()
    changed[:, 10:] *= 1.5
    before, after = run(amounts), run(changed)
    early = before.origins <= 10
    np.testing.assert_allclose(after.forecasts[early], before.forecasts[early], rtol=1e-12)
    np.testing.assert_allclose(after.scale[:-1][early], before.scale[:-1][early], rtol=0.2)


@pytest.mark.parametrize("years", [1, 2, 3, 4, 30])
def test_any_number_of_years_has_its_origins(years: int) -> None:
    test = run(random_walks(3, years))
    assert len(test.origins) == {1: 0, 2: 1, 3: 1, 4: 1, 30: 10}[years]
    np.testing.assert_allclose(test.weights.sum(axis=1), 1)


def test_weights_are_alike_without_errors_and_at_the_first_origin() -> None:
    weights, pool = weigh(np.zeros((2, 4)), np.zeros(2))
    np.testing.assert_allclose(weights, 0.25)
    np.testing.assert_allclose(pool, 0.25)
    test = run(random_walks(4, 9))
    np.testing.assert_allclose(test.forecasts[0, -1], combine(test.forecasts[0, :-1], np.full((4, 9), 1 / 9)))


def test_weights_by_hand() -> None:
    weights, pool = weigh(np.array([[10.0, 30.0], [0.0, 0.0]]), np.array([10.0, 0.0]))
    np.testing.assert_allclose(pool, [27 / 28, 1 / 28])
    np.testing.assert_allclose(weights, [pool, pool])


def test_a_line_favours_what_served_it_and_leans_to_the_pool() -> None:
    loss = np.array([[1.0, 2.0]] * 9 + [[2.0, 1.0]])
    few, _ = weigh(loss, np.full(10, 1.0))
    many, _ = weigh(loss * 100, np.full(10, 100.0))
    assert few[9, 1] < 0.5 < many[9, 1]
    np.testing.assert_allclose(weigh(loss * 7, np.full(10, 1.0))[0], few)


def test_one_wild_line_hardly_moves_the_pool() -> None:
    loss = np.vstack([np.tile([1.0, 2.0], (99, 1)), [[1e30, 1.0]]])
    _, pool = weigh(loss, np.full(100, 5.0))
    np.testing.assert_allclose(pool, weigh(loss[:99], np.full(99, 5.0))[1], atol=0.02)


def middle_single(values: list[float], weights: list[float]) -> float:
    low, high, passed, total = 0.5 - MIDDLE / 2, 0.5 + MIDDLE / 2, 0.0, 0.0
    for value, weight in sorted(zip(values, weights, strict=True)):
        total += value * max(0.0, min(passed + weight, high) - max(passed, low))
        passed += weight
    return total / MIDDLE


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.integers(1, 9)), min_size=1, max_size=6))
def test_combine_is_the_trimmed_mean_of_a_plain_loop(pairs: list[tuple[float, int]]) -> None:
    values, parts = [float(pair[0]) for pair in pairs], [pair[1] for pair in pairs]
    shares = [part / sum(parts) for part in parts]
    result = combine(np.array(values)[:, None, None], np.array([shares]))
    assert result[0, 0] == pytest.approx(middle_single(values, shares), abs=1e-6)


def test_one_model_gone_astray_does_not_count() -> None:
    forecasts = np.array([10.0, 11, 12, 1e9])[:, None, None]
    assert combine(forecasts, np.array([[0.3, 0.3, 0.3, 0.1]]))[0, 0] == pytest.approx(11, abs=0.2)


def test_a_year_that_looks_odd_only_later_was_believed_before() -> None:
    """A typing error is treated once later years tell; forecasts from before that are those of the table as it was."""
    amounts = np.vstack([random_walks(5, 14), np.full((1, 14), 1e6)])
    amounts[5, 9] = 2e7
    test = run(amounts)
    for j, origin in enumerate(test.origins):
        cut = run(amounts[:, :origin])
        np.testing.assert_allclose(test.forecasts[j, :-1], cut.ahead[:-1], rtol=1e-12)


@pytest.mark.parametrize("season", [1, 4])
def test_one_pass_says_what_was_said_origin_by_origin(season: int) -> None:
    amounts = random_walks(6, 30)
    test = run(amounts, season=season)
    for j, origin in enumerate(test.origins):
        np.testing.assert_allclose(test.forecasts[j, :-1], run(amounts[:, :origin], season=season).ahead[:-1])


def test_origins_reach_every_horizon_where_there_are_periods_enough() -> None:
    assert choose_origins(12, 5).tolist() == [4, 5, 6, 7, 8, 9, 10, 11]
    months = choose_origins(120, 18)
    assert len(months) == 10
    assert months[0] == 84
    assert months[-1] == 119
    assert choose_origins(2, 5).tolist() == [1]


def test_no_forecast_explodes_or_turns_negative() -> None:
    rising = np.array([[1.0, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7], [80.0, 70, 60, 50, 40, 30, 20, 10]])
    test = run(rising, horizon=10)
    assert (test.ahead <= 10 * rising.max(axis=1)[:, None]).all()
    assert (test.ahead >= 0).all()
