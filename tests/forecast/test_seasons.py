import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.seasons import YEARS_SEEN, find_season

NAN = np.nan
SHAPE = np.array([0.7, 1.2, 1.3, 0.8])


def seasonal(lines: int = 6, years: int = 8, noise: float = 0.02) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Lines with the season of `SHAPE` about a slow growth."""
    draw = np.random.default_rng(4)
    level = 100 * 1.01 ** np.arange(4 * years)
    return np.asarray(np.tile(SHAPE, years) * level * draw.normal(1, noise, size=(lines, 4 * years)), dtype=np.float64)


def test_a_season_is_found_and_taken_out() -> None:
    values = seasonal()
    season = find_season(values, 4)
    assert season.found.all()
    assert season.ratio.all()
    np.testing.assert_allclose(season.ahead(4), np.tile(SHAPE, (6, 1)), atol=0.04)
    left = season.remove(values)
    assert (left.std(axis=1) < values.std(axis=1) / 2).all()


def test_differences_where_amounts_are_not_all_positive() -> None:
    values = seasonal() - 100
    season = find_season(values, 4)
    assert season.found.all()
    assert not season.ratio.any()
    np.testing.assert_allclose(season.index.mean(axis=1), 0, atol=1e-9)


@given(st.integers(1, 13), st.integers(0, 3))
def test_what_is_taken_out_is_put_back(horizon: int, shift: int) -> None:
    values = seasonal()[:, shift:] - 100 * (shift == 3)
    season = find_season(values[:, :-horizon], 4)
    whole = np.concatenate([season.remove(values[:, :-horizon]), np.ones((6, horizon))], axis=1)
    restored = season.restore(whole[:, -horizon:])
    expected = season.ahead(horizon) * 1.0 if season.ratio.all() else season.ahead(horizon) + 1
    np.testing.assert_allclose(restored, expected)


def test_last_years_phases_come_again() -> None:
    values = seasonal(noise=0.0)
    season = find_season(values[:, :-3], 4)
    np.testing.assert_allclose(season.ahead(3), np.tile(SHAPE[1:], (6, 1)), atol=0.03)


def test_short_lines_and_annual_ones_have_none() -> None:
    values = seasonal()
    values[0, : -4 * YEARS_SEEN + 1] = NAN
    assert find_season(values, 4).found.tolist() == [False, True, True, True, True, True]
    annual = find_season(values, 1)
    assert not annual.found.any()
    assert annual.remove(values) is values


@pytest.mark.parametrize("seed", range(3))
def test_a_season_found_in_noise_is_a_small_one(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(100, 10, size=(200, 40))
    season = find_season(noise, 4)
    assert season.found.mean() < 0.5
    assert np.abs(season.index - 1).mean() < 0.015
