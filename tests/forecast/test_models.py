from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.arrays import FloatArray, IntArray
from forecast.models import (
    MODELS,
    TREND_POINTS,
    DampedTrend,
    Drift,
    DynamicTheta,
    Holt,
    InLogs,
    LastValue,
    Lines,
    Model,
    PooledGrowth,
    SeasonalNaive,
    Theta,
    models_for,
    naive_rival,
)
from tests.forecast.hard_tables import Table, hard_tables
from tests.forecast.spending_tables import random_walks

NAN = np.nan
EVERY: tuple[Model, ...] = (*MODELS, Holt(), InLogs(Holt()), SeasonalNaive())


def alike(history: FloatArray) -> IntArray:
    return np.zeros(len(history), dtype=np.int64)


def ask(model: Model, history: FloatArray, horizon: int, like: IntArray | None = None, season: int = 1) -> FloatArray:
    """What a model says at the end of a table, (n, H)."""
    lines = Lines(history, alike(history) if like is None else like, season)
    return np.asarray(model.forecast(lines, np.array([history.shape[1]]), horizon)[0])


def predict(model: Model, *lines: list[float], horizon: int = 3) -> FloatArray:
    return ask(model, np.array(lines, dtype=np.float64), horizon)


def test_last_value_stays() -> None:
    np.testing.assert_array_equal(predict(LastValue(), [1, 2, 3, 7], [NAN, NAN, NAN, -4]), [[7] * 3, [-4] * 3])


def test_drift_goes_on_at_the_mean_change() -> None:
    np.testing.assert_allclose(predict(Drift(), [10, 11, 9, 16], [NAN, 5, 5, 5]), [[18, 20, 22], [5, 5, 5]])


def test_drift_of_three_points_is_none() -> None:
    np.testing.assert_array_equal(predict(Drift(), [NAN, 1, 2, 3]), [[3, 3, 3]])


def test_seasonal_naive_looks_a_year_back() -> None:
    history = np.array([[1.0, 2, 3, 4, 5, 6, 7, 8], [NAN, NAN, NAN, NAN, NAN, NAN, 9, 10]])
    said = ask(SeasonalNaive(), history, 6, season=4)
    np.testing.assert_array_equal(said, [[5, 6, 7, 8, 5, 6], [10, 10, 9, 10, 10, 10]])


def test_damped_trend_takes_the_cells_that_fit() -> None:
    rising = [2.0 + 3 * k for k in range(20)]
    assert predict(DampedTrend(), rising)[0, 0] > rising[-1]
    np.testing.assert_allclose(predict(Holt(), rising), [[rising[-1] + 3 * k for k in (1, 2, 3)]], rtol=1e-3)
    np.testing.assert_allclose(predict(DampedTrend(), [5.0] * 6), [[5] * 3])


def test_theta_adds_half_the_slope() -> None:
    line = [10.0 + 2 * k for k in range(12)]
    level = predict(Theta(level_weights=(0.98,)), line)
    np.testing.assert_allclose(level[0], line[-1] + 0.5 * 2 * np.arange(2, 5), atol=0.05)


def test_theta_slopes_are_those_of_a_plain_regression() -> None:
    history = random_walks(4, 15)
    history[1, :6] = NAN
    origins = np.array([7, 11, 15])
    lines = Lines(history, alike(history))
    flat = Theta(level_weights=(0.3,))
    said = flat.forecast(lines, origins, 2)
    for j, origin in enumerate(origins):
        for i in range(4):
            known = history[i, :origin][np.isfinite(history[i, :origin])]
            slope = np.polyfit(np.arange(len(known)), known, 1)[0] if len(known) >= TREND_POINTS else 0.0
            assert said[j, i, 1] - said[j, i, 0] == pytest.approx(0.5 * slope, abs=1e-6 * abs(known).max())


@pytest.mark.parametrize("model", [DampedTrend(), Holt(), Theta(), DynamicTheta(), Drift()])
def test_three_points_make_no_trend(model: Model) -> None:
    few = [[NAN, 1, 2, 3], [NAN, NAN, 2, 5], [NAN, NAN, NAN, 7], [NAN, 3, 0, -1]]
    np.testing.assert_array_equal(predict(model, *few), [[3] * 3, [5] * 3, [7] * 3, [-1] * 3])


@pytest.mark.parametrize("model", [DampedTrend(), Holt(), DynamicTheta(), Drift()])
def test_four_points_make_a_trend(model: Model) -> None:
    assert predict(model, [1, 2, 3, 4])[0, 0] > 4
    assert predict(InLogs(model), [1, 2, 4, 8])[0, 0] > 8


@pytest.mark.parametrize("model", EVERY)
@pytest.mark.parametrize("amount", [0.0, 5.0, -5.0, 0.1, 1e50, 5e-324])
def test_constant_lines_stay_to_the_last_bit(model: Model, amount: float) -> None:
    np.testing.assert_array_equal(predict(model, [amount] * 9, [NAN] * 5 + [amount] * 4), [[amount] * 3] * 2)


def test_logs_are_for_positive_lines_alone() -> None:
    grown = [100 * 1.1**k for k in range(15)]
    assert predict(InLogs(Drift()), grown)[0] == pytest.approx([grown[-1] * 1.1**k for k in (1, 2, 3)])
    mixed = [-5.0, 3, 4, 6, 2, 1]
    np.testing.assert_array_equal(predict(InLogs(Drift()), mixed), predict(Drift(), mixed))
    assert InLogs(Drift()).name == "drift, logs"


@pytest.mark.parametrize("model", [DampedTrend(), Holt(), Theta(), DynamicTheta(), Drift()])
def test_forecasts_in_logs_are_exponentials_of_those_of_logs(model: Model) -> None:
    history = random_walks(4, 12)
    history[1, :5] = NAN
    np.testing.assert_allclose(ask(InLogs(model), history, 3), np.exp(ask(model, np.log(history), 3)))


@pytest.mark.parametrize("later", [0.0, -1e9])
@pytest.mark.parametrize("model", [DampedTrend(), Theta(), DynamicTheta(), Drift()])
def test_a_zero_to_come_does_not_take_the_logs_away(model: Model, later: float) -> None:
    history = random_walks(3, 12)
    changed = history.copy()
    changed[1, 9:] = later
    origins = np.array([8, 9, 12])
    before, after = (InLogs(model).forecast(Lines(table, alike(table)), origins, 3) for table in (history, changed))
    np.testing.assert_allclose(after[:2], before[:2], rtol=1e-12)
    np.testing.assert_allclose(after[2, 1], ask(model, changed, 3)[1])
    assert not np.allclose(after[1, 1], model.forecast(Lines(changed, alike(changed)), origins, 3)[1, 1])


def test_logs_that_grow_beyond_any_number_stay_one() -> None:
    wild = [5e-324, 1e-200, 1e-100, 1.0, 1e25, 1e50]
    for model in (Drift(), Holt(), DampedTrend()):
        said = predict(InLogs(model), wild, wild[::-1], horizon=20)
        assert np.isfinite(said).all()
        assert (said >= 0).all()


def test_pooled_growth_is_the_median_that_leans_to_none() -> None:
    grown = [[100.0 * 1.1**k for k in range(5)] for _ in range(10)]
    result = predict(PooledGrowth(), *grown)
    overall = np.log(1.1) * 40 / 50
    own = (np.log(1.1) * 40 + overall * 10) / 50
    np.testing.assert_allclose(result[0], 100 * 1.1**4 * np.exp(own * np.arange(1, 4)))


def test_pooled_growth_is_of_like_lines() -> None:
    history = np.array([[100.0 * 1.1**k for k in range(9)]] * 20 + [[100.0] * 9] * 20)
    like = np.repeat([0, 1], 20)
    ahead = ask(PooledGrowth(), history, 1, like)[:, 0] / history[:, -1]
    assert ahead[0] == pytest.approx(1.1, abs=0.01)
    assert ahead[-1] == pytest.approx(1.0, abs=0.01)


def test_one_wild_line_does_not_move_pooled_growth() -> None:
    history = random_walks(50, 10)
    wild = np.vstack([history, 10.0 ** np.array([[0, 9, 1, 8, 2, 9, 0, 9, 1, 12]])])
    np.testing.assert_allclose(ask(PooledGrowth(), wild, 5)[:-1], ask(PooledGrowth(), history, 5), rtol=0.02)


@pytest.mark.parametrize("model", EVERY)
def test_all_origins_at_once_are_each_origin_alone(model: Model) -> None:
    history = random_walks(7, 16)
    history[2, :9] = NAN
    origins = np.array([1, 5, 6, 12, 16])
    said = model.forecast(Lines(history, alike(history), 4), origins, 3)
    for j, origin in enumerate(origins):
        begun = np.isfinite(history[:, origin - 1])
        np.testing.assert_allclose(said[j, begun], ask(model, history[:, :origin], 3, season=4)[begun])


@pytest.mark.parametrize("model", EVERY)
def test_a_model_stays_as_it_is(model: Model) -> None:
    history = random_walks(7, 9)
    np.testing.assert_array_equal(ask(model, history, 4), ask(model, history, 4))
    with pytest.raises((FrozenInstanceError, TypeError)):
        setattr(model, "years", 3)  # noqa: B010


@pytest.mark.parametrize("model", [model for model in EVERY if not model.pooled])
def test_a_line_is_forecast_the_same_in_any_company(model: Model) -> None:
    history = np.vstack([random_walks(7, 9), [[1e300] * 9]])
    np.testing.assert_allclose(ask(model, history, 4)[2:3], ask(model, history[2:3], 4))


@pytest.mark.parametrize("model", EVERY)
@given(amounts=st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=12))
def test_no_forecast_is_lost(model: Model, amounts: list[float]) -> None:
    assert np.isfinite(predict(model, amounts, horizon=8)).all()


@given(table=hard_tables())
@settings(max_examples=50, deadline=None)
def test_no_table_is_too_hard(table: Table) -> None:
    """Here as in a back-test: amounts without gaps once a line has begun."""
    known = np.logical_or.accumulate(np.isfinite(table.amounts), axis=1)
    history = np.where(known, np.nan_to_num(table.amounts), NAN)
    lines = Lines(history, np.arange(len(history)) % 2, table.season)
    origins = np.arange(1, history.shape[1] + 1)
    for model in (*EVERY, InLogs(Drift())):
        assert np.isfinite(model.forecast(lines, origins, 5)).all(), model.name


def test_the_naive_rival_is_among_the_models() -> None:
    for season in (1, 4, 12):
        names = [model.name for model in models_for(season)]
        assert naive_rival(season) in names
        assert len(set(names)) == len(names)
    assert naive_rival(1) == models_for(1)[0].name == "last value"
    assert naive_rival(4) == "seasonal naive"
