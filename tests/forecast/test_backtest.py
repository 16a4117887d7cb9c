import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.arrays import FloatArray
from forecast.backtest import MIDDLE, Backtest, backtest, combine, score, weigh
from forecast.cleaning import clean
from forecast.models import COMBINED, MODELS, LastValue
from tests.forecast.spending_tables import random_walks

NAN = np.nan
NAIVE = 0


def run(amounts: FloatArray, horizon: int = 3) -> Backtest:
    return backtest(amounts, clean(amounts), np.zeros(len(amounts), dtype=np.int64), MODELS, horizon)


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
    np.testing.assert_array_equal(after.forecasts[early], before.forecasts[early])
    np.testing.assert_array_equal(after.scale[early], before.scale[early])


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
    np.testing.assert_allclose(test.forecasts[0, -1], combine(test.forecasts[0, :-1], np.full((4, 4), 0.25)))


def test_weights_by_hand() -> None:
    weights, pool = weigh(np.array([[10.0, 30.0], [0.0, 0.0]]), np.array([10.0, 0.0]))
    np.testing.assert_allclose(pool, [0.9, 0.1])
    np.testing.assert_allclose(weights, [[0.9, 0.1], [0.9, 0.1]])


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
    assert combine(forecasts, np.full((1, 4), 0.25))[0, 0] == pytest.approx(11.5)


def test_scores_count_what_they_stand_on() -> None:
    amounts = random_walks(5, 12)
    amounts[0, :8] = NAN
    amounts[1] = 0.0
    test = run(amounts)
    table = score(test, clean(amounts), (80, 95)).set_index(["model", "horizon"])
    assert {LastValue.name, COMBINED} < set(table.index.get_level_values("model"))
    assert table.loc[(COMBINED, 1), "n"] == 3 * 8 + 3
    assert table.loc[(COMBINED, 3), "n"] == 3 * 6 + 1
    assert table.loc[(COMBINED, 1), "weight"] == 1
    naive = [abs(amounts[i, t] - amounts[i, t - 1]) for i in (2, 3, 4) for t in range(4, 12)]
    assert min(naive) > 0
    expected = [
        200 * abs(amounts[i, t] - amounts[i, t - 1]) / (amounts[i, t] + amounts[i, t - 1])
        for i in (0, 2, 3, 4)
        for t in range(9 if i == 0 else 4, 12)
    ]
    assert table.loc[(LastValue.name, 1), "smape"] == pytest.approx(np.mean(expected))


def test_scores_without_an_origin_are_nan_with_n_zero() -> None:
    amounts = random_walks(2, 3)
    table = score(run(amounts, horizon=5), clean(amounts), (80,))
    far = table[table["horizon"] == 5]
    assert (far["n"] == 0).all()
    assert far[["smape", "mase", "coverage_80"]].isna().all(axis=None)


def test_errors_of_the_total_count_lines_that_began_later() -> None:
    amounts = random_walks(5, 12)
    late = np.vstack([amounts, [[NAN] * 8 + [1e9] * 4]])
    without, with_it = run(amounts), run(late)
    j = int(np.flatnonzero(without.origins == 8)[0])
    assert with_it.total_errors[j, 0] * with_it.scale[j].sum() > 9e8 + without.total_errors[j, 0]
