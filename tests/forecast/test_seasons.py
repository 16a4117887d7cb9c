import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.arrays import FloatArray
from forecast.models import Lines, SeasonalNaive
from forecast.seasons import LEAST_INDEX, YEARS_SEEN, Season, find_season
from tests.forecast.hard_tables import Table, hard_tables

NAN = np.nan
SHAPE = np.array([0.7, 1.2, 1.3, 0.8])


def seasonal(lines: int = 6, years: int = 8, noise: float = 0.02, seed: int = 4) -> FloatArray:
    """Lines with the season of `SHAPE` about a slow growth."""
    draw = np.random.default_rng(seed)
    level = 100 * 1.01 ** np.arange(4 * years)
    return np.asarray(np.tile(SHAPE, years) * level * draw.normal(1, noise, size=(lines, 4 * years)), dtype=np.float64)


def again(values: FloatArray, season: Season, horizon: int) -> tuple[FloatArray, FloatArray]:
    """The last whole years, as they were and without their season, to be taken for the next H periods."""
    begin = values.shape[1] - season.length * -(-horizon // season.length)
    return values[:, begin : begin + horizon], season.remove(values)[:, begin : begin + horizon]


def test_a_season_is_found_and_taken_out() -> None:
    values = seasonal()
    season = find_season(values, 4)
    assert season.found.all()
    assert season.ratio.all()
    np.testing.assert_allclose(season.ahead(4), np.tile(SHAPE, (6, 1)), atol=0.04)
    np.testing.assert_allclose(season.index.mean(axis=1), 1)
    left = season.remove(values)
    assert (left.std(axis=1) < values.std(axis=1) / 2).all()


def test_a_season_without_noise_is_recovered() -> None:
    values = np.tile(SHAPE, 6)[None] * 100
    np.testing.assert_allclose(find_season(values, 4).ahead(4), [SHAPE])
    np.testing.assert_allclose(find_season(values, 4).remove(values), 100)
    np.testing.assert_allclose(find_season(values - 90, 4).ahead(4), [100 * (SHAPE - 1)])
    np.testing.assert_allclose(find_season(values - 90, 4).remove(values - 90), 10)


def test_months_are_told_apart() -> None:
    wave = 1 + 0.4 * np.sin(np.arange(60) * 2 * np.pi / 12)
    season = find_season(np.random.default_rng(1).normal(50, 1, size=(20, 60)) * wave, 12)
    assert season.found.all()
    np.testing.assert_allclose(season.ahead(12), np.tile(wave[:12], (20, 1)), atol=0.06)


@pytest.mark.parametrize("off", [0.0, -100.0])
def test_differences_where_amounts_are_not_all_positive(off: float) -> None:
    values = seasonal() + off
    if not off:
        values[:, 7] = 0
    season = find_season(values, 4)
    assert season.found.all()
    assert not season.ratio.any()
    np.testing.assert_allclose(season.index.mean(axis=1), 0, atol=1e-9)
    assert (season.remove(values).std(axis=1) < values.std(axis=1)).all()


@given(st.integers(1, 13), st.integers(0, 3), st.booleans())
def test_what_is_taken_out_is_put_back(horizon: int, shift: int, negative: bool) -> None:
    values = seasonal()[:, shift:] - 100 * negative
    season = find_season(values, 4)
    was, without = again(values, season, horizon)
    np.testing.assert_allclose(season.restore(without), was)
    np.testing.assert_allclose(season.restore(np.stack([without, 2 * without]))[0], was)
    assert np.abs(without - was).max() > 5


@given(st.integers(1, 13), st.integers(0, 3), st.booleans())
def test_the_seasonal_naive_is_the_amount_of_a_year_ago(horizon: int, shift: int, negative: bool) -> None:
    values = seasonal()[:, shift:] - 100 * negative
    season = find_season(values, 4)
    lines = Lines(season.remove(values), np.zeros(6, dtype=np.int64), 4)
    said = season.restore(SeasonalNaive().forecast(lines, np.array([values.shape[1]]), horizon)[0])
    np.testing.assert_allclose(said, np.tile(values[:, -4:], 4)[:, :horizon])


def test_last_years_phases_come_again() -> None:
    values = seasonal(noise=0.0)
    season = find_season(values[:, :-3], 4)
    np.testing.assert_allclose(season.ahead(3), np.tile(SHAPE[1:], (6, 1)), atol=0.03)


def test_short_lines_and_annual_ones_have_none() -> None:
    values = seasonal()
    values[0, : -4 * YEARS_SEEN + 1] = NAN
    values[1, : -4 * YEARS_SEEN] = NAN
    assert find_season(values, 4).found.tolist() == [False, True, True, True, True, True]
    assert not find_season(values[:, : 4 * YEARS_SEEN - 1], 4).found.any()
    annual = find_season(values, 1)
    assert not annual.found.any()
    assert annual.remove(values) is values
    assert annual.restore(values) is values


def test_lines_without_a_season_are_left_as_they_are() -> None:
    values = np.vstack([seasonal(), 100.0 + np.arange(32)[None] % 3, np.full((1, 32), 7.0), np.full((1, 32), -0.1)])
    season = find_season(values, 4)
    assert season.found.tolist() == [True] * 6 + [False] * 3
    np.testing.assert_array_equal(season.remove(values)[6:], values[6:])
    np.testing.assert_array_equal(season.restore(values)[6:], values[6:])


@pytest.mark.parametrize("seed", range(3))
def test_a_season_found_in_noise_is_a_small_one(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(100, 10, size=(200, 40))
    season = find_season(noise, 4)
    assert season.found.mean() < 0.5
    assert np.abs(season.index - 1).mean() < 0.015


@pytest.mark.parametrize("length", [4, 12])
def test_a_season_found_in_noise_does_little_harm(length: int) -> None:
    """The mean of the past as a forecast of a year, with and without what was taken for a season."""
    noise = np.random.default_rng(9).normal(100, 10, size=(400, 6 * length))
    past, to_come = noise[:, :-length], noise[:, -length:]
    season = find_season(past, length)
    assert season.found.any()
    plain = past.mean(axis=1, keepdims=True).repeat(length, axis=1)
    told = season.restore(season.remove(past).mean(axis=1, keepdims=True).repeat(length, axis=1))
    lost = [np.sqrt(np.mean((said - to_come) ** 2)) for said in (plain, told)]
    assert lost[1] < 1.03 * lost[0]


def test_a_planted_season_does_much_good() -> None:
    values = seasonal(lines=200, noise=0.1, seed=8)
    past, to_come = values[:, :-4], values[:, -4:]
    season = find_season(past, 4)
    plain = past[:, -8:].mean(axis=1, keepdims=True).repeat(4, axis=1)
    told = season.restore(season.remove(past)[:, -8:].mean(axis=1, keepdims=True).repeat(4, axis=1))
    lost = [np.sqrt(np.mean((said - to_come) ** 2)) for said in (plain, told)]
    assert lost[1] < 0.6 * lost[0]


def test_the_noisier_a_season_the_nearer_to_none() -> None:
    spreads = [find_season(seasonal(lines=200, noise=noise), 4).index.std() for noise in (0.01, 0.1, 0.2)]
    assert spreads[0] > spreads[1] > spreads[2]


def test_a_phase_of_next_to_nothing_has_an_index_to_divide_by() -> None:
    values = np.tile([1e-300, 1.0, 1.0, 1.0], 6)[None]
    season = find_season(values, 4)
    assert season.found.all()
    assert season.index.min() == LEAST_INDEX
    values[0, 0] = 1e50
    assert np.isfinite(season.remove(values)).all()


def test_amounts_next_to_nothing_have_a_mean_to_be_divided_by() -> None:
    values = np.tile(100 * SHAPE, 9)[None]
    values[0, :9] = 5e-324
    season = find_season(values, 4)
    assert season.found.all()
    assert np.isfinite(season.index).all()


def plain_index(values: list[float], positive: bool) -> list[float]:
    """Index of quarters by their place in a whole number of years, as the formula tells."""
    middle = {
        t: (values[t - 2] / 2 + values[t - 1] + values[t] + values[t + 1] + values[t + 2] / 2) / 4
        for t in range(2, len(values) - 2)
    }
    apart = [(t % 4, values[t] / mean if positive else values[t] - mean) for t, mean in middle.items()]
    seen = [[each for phase, each in apart if phase == place] for place in range(4)]
    centre = np.mean([np.mean(part) for part in seen])
    ratios = [np.mean(part) / centre - 1 if positive else np.mean(part) - centre for part in seen]
    spread = np.mean([(np.mean(part) - centre) ** 2 for part in seen])
    shrink = max(0.0, 1 - np.mean([np.var(part) for part in seen]) / (len(apart) / 4 - 1) / spread)
    return [float(ratio * shrink + positive) for ratio in ratios]


@pytest.mark.parametrize("off", [0.0, -100.0])
def test_the_index_is_that_of_a_plain_loop(off: float) -> None:
    values = seasonal(noise=0.2) + off
    season = find_season(values, 4)
    assert season.found.sum() >= 4
    for line in np.flatnonzero(season.found):
        np.testing.assert_allclose(season.ahead(4)[line], plain_index(values[line].tolist(), not off))


@given(table=hard_tables(least_periods=13))
@settings(max_examples=150, deadline=None)
def test_no_table_is_too_hard(table: Table) -> None:
    known = np.logical_or.accumulate(np.isfinite(table.amounts), axis=1)
    values = np.where(known, np.nan_to_num(table.amounts), NAN)
    season = find_season(values, table.season)
    assert np.isfinite(season.index).all()
    assert (season.index[season.ratio] > 0).all()
    without = season.remove(values)
    np.testing.assert_array_equal(np.isfinite(without), known)
    if season.found.any():
        was, left = again(values, season, table.season)
        tolerance = 1e-12 * np.abs(np.nan_to_num(values)).max(axis=1, keepdims=True)
        assert (np.abs(np.nan_to_num(season.restore(left) - was)) <= tolerance).all()
