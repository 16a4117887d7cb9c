from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import backtest as module
from forecast import losses
from forecast.arrays import FloatArray, IntArray
from forecast.backtest import (
    FIRST_ORIGIN,
    MIDDLE,
    MISSED_ORIGINS,
    MISSED_SURELY,
    ORIGINS,
    Backtest,
    Prepared,
    backtest,
    choose_origins,
    combine,
    missed_again,
    weigh,
)
from forecast.intervals import line_scale
from forecast.models import COMBINED, TREND_POINTS, WIDEST, LastValue, Lines, PooledGrowth, models_for, naive_rival
from tests.forecast.hard_tables import Table, hard_tables
from tests.forecast.spending_tables import random_walks

NAN = np.nan
NAIVE = 0
NO_MONEY = 1e-30
"""USD: beside amounts that come later, the squares of so little are lost."""


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


def quarters(lines: int = 6, years: int = 8) -> FloatArray:
    """Lines with a season."""
    return np.asarray(random_walks(lines, 4 * years) * np.tile([0.7, 1.2, 1.3, 0.8], years), dtype=np.float64)


@pytest.mark.parametrize(("amounts", "season"), [(random_walks(6, 14), 1), (quarters(), 4)])
def test_nothing_later_than_an_origin_is_known_there(amounts: FloatArray, season: int) -> None:
    """Neither by the models, nor by their weights, nor by the scale of a line."""
    known = amounts.shape[1] - 4
    changed = amounts.copy()
    changed[:, known:] *= 1.3
    before, after = run(amounts, season=season), run(changed, season=season)
    early = before.origins <= known
    assert early.sum() >= 4
    np.testing.assert_allclose(after.forecasts[early], before.forecasts[early], rtol=1e-12)
    np.testing.assert_allclose(after.scale[:-1][early], before.scale[:-1][early], rtol=1e-12)
    np.testing.assert_array_equal(after.size[:-1][early], before.size[:-1][early])


def spike(amounts: FloatArray) -> None:
    """The last known amount turns out to be an outlier, and another comes."""
    amounts[1, -5] *= 30
    amounts[2, -2] *= 1e4


def shift(amounts: FloatArray) -> None:
    """The level of a line falls for good, that of another rises."""
    amounts[1, -4:] *= 0.1
    amounts[2, -3:] *= 9


def end(amounts: FloatArray) -> None:
    """A line ends, another misses its last amount, a third has a gap."""
    amounts[1, -4:] = NAN
    amounts[2, -1:] = NAN
    amounts[3, -3] = NAN


def fall(amounts: FloatArray) -> None:
    """Zeros and negatives where there were none, and a partial year."""
    amounts[1, -4:] = 0
    amounts[2, -4:] *= -1
    amounts[:, -1] *= 0.5


def grow(amounts: FloatArray) -> None:
    """What comes is beyond anything that was."""
    amounts[1, -4:] = 1e50
    amounts[2, -4:] = -1e50


@pytest.mark.parametrize("happen", [spike, shift, end, fall, grow])
@pytest.mark.parametrize(("amounts", "season"), [(random_walks(6, 14), 1), (quarters(), 4)])
def test_what_cleaning_learns_later_was_not_known_before(
    happen: Callable[[FloatArray], None], amounts: FloatArray, season: int
) -> None:
    """The table is as it was up to each origin: what was said there is what would be said had nothing happened."""
    changed = amounts.copy()
    happen(changed)
    usual = amounts.copy()
    usual[:, :-4] = changed[:, :-4]
    before, after = run(usual, season=season), run(changed, season=season)
    early = before.origins <= amounts.shape[1] - 4
    assert early.sum() >= 4
    np.testing.assert_allclose(after.forecasts[early], before.forecasts[early], rtol=1e-9, atol=1e-9)
    assert not np.allclose(after.ahead, before.ahead)


@given(table=hard_tables(least_periods=3), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_later_was_not_known_before(table: Table, seed: int) -> None:
    draw = np.random.default_rng(seed)
    amounts = np.where(np.abs(table.amounts) < NO_MONEY, 0.0, table.amounts)
    known = int(draw.integers(1, amounts.shape[1]))
    changed = amounts.copy()
    changed[:, known:] = draw.choice([NAN, 0.0, 1.0, -3.0, 1e9, 1e-9], size=changed[:, known:].shape)
    before, after = (run(usual, 2, table.season) for usual in (amounts, changed))
    early = before.origins <= known
    reach = WIDEST * np.abs(np.nan_to_num(amounts[:, :known])).max(axis=1)[:, None]
    off = np.abs(after.forecasts[early] - before.forecasts[early])
    assert (off <= 1e-6 * reach).all()


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


@pytest.mark.parametrize("wild", [[1e30, 1.0, 1.0], [1.0, 1e30, 1.0], [1.0, 1.0, 1e-30]])
def test_one_wild_line_hardly_moves_the_pool(wild: list[float]) -> None:
    """Among forty lines, a mean would move a model's weight by a fifth."""
    loss = np.random.default_rng(1).lognormal(0, 0.1, size=(39, 3)) * [1.0, 1.1, 1.2]
    _, pool = weigh(np.vstack([loss, [wild]]), np.full(40, 5.0))
    np.testing.assert_allclose(pool, weigh(loss, np.full(39, 5.0))[1], rtol=0.04)


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


def test_origins_of_years_are_the_last_ones() -> None:
    assert choose_origins(12, 5).tolist() == [4, 5, 6, 7, 8, 9, 10, 11]
    assert choose_origins(40, 5).tolist() == list(range(30, 40))
    assert choose_origins(2, 5).tolist() == [1]
    assert choose_origins(5, 5).tolist() == [4]


def test_origins_of_months_reach_every_horizon() -> None:
    months = choose_origins(120, 18)
    assert len(months) == ORIGINS
    assert months[0] == 120 - 2 * 18
    assert months[-1] == 119
    short = choose_origins(30, 18)
    assert short[0] == FIRST_ORIGIN
    assert short[0] + 18 <= 30


@given(st.integers(2, 400), st.integers(1, 60))
def test_origins_are_few_rising_and_known(periods: int, horizon: int) -> None:
    origins = choose_origins(periods, horizon)
    assert 1 <= len(origins) <= ORIGINS
    assert (np.diff(origins) > 0).all()
    assert origins[0] >= min(FIRST_ORIGIN, periods - 1)
    assert origins[-1] == periods - 1
    if periods >= FIRST_ORIGIN + 2 * horizon:
        assert origins[0] + horizon <= periods


@dataclass(frozen=True)
class Always:
    """A model that says the same amount of every line."""

    amount: float
    name: str = "always"
    pooled: bool = False

    def forecast(self, lines: Lines, origins: IntArray, horizon: int) -> FloatArray:
        return np.full((len(origins), len(lines.values), horizon), self.amount)


def test_no_forecast_explodes_or_turns_negative() -> None:
    rising = np.array([[1.0, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7], [80.0, 70, 60, 50, 40, 30, 20, 10]])
    test = run(rising, horizon=10)
    assert (test.ahead <= WIDEST * rising.max(axis=1)[:, None]).all()
    assert (test.ahead >= 0).all()


def test_every_model_is_held_in_reach_of_what_was_known_at_its_origin() -> None:
    amounts = np.array([[4.0, 5, 6, 7, 8, 9], [4.0, -5, 6, 7, 8, 9], [0.0] * 6])
    like = np.zeros(3, dtype=np.int64)
    test = backtest(amounts, Prepared.of(amounts, 1), like, (Always(1e9), Always(-1e9)), 2)
    assert test.origins.tolist() == [4, 5]
    np.testing.assert_array_equal(test.forecasts[0, 0, :, 0], [70, 70, 0])
    np.testing.assert_array_equal(test.forecasts[1, 0, :, 0], [80, 80, 0])
    np.testing.assert_array_equal(test.ahead[0, :, 1], [90, 90, 0])
    np.testing.assert_array_equal(test.ahead[1, :, 1], [0, -90, 0])


def test_no_season_turns_spending_negative() -> None:
    """A line with idle quarters has a season in dollars; what the models say without it may be less than it."""
    amounts = np.tile([0.0, 100, 300, 20], 8)[None] + np.random.default_rng(1).uniform(0, 5, size=(3, 32))
    amounts[:, ::4] = 0
    test = run(amounts, horizon=8, season=4)
    assert (test.forecasts >= 0).all()
    assert (test.ahead >= 0).all()
    assert test.ahead[-1, :, 0].max() < 20


def test_an_idle_quarter_is_forecast_as_nothing_at_all() -> None:
    """Not as what rounding leaves of it, of which a percentage would be all."""
    amounts = np.tile([0.0, 0.1, 0.3, 0.7], 8)[None] * np.array([[1.0], [7.0], [1e9]])
    test = run(amounts, horizon=8, season=4)
    assert (test.ahead[:, :, ::4] == 0).all()
    assert (test.ahead[:, :, 1::4] > 0).all()


def plain_weights(test: Backtest, amounts: FloatArray, periods: int) -> tuple[FloatArray, FloatArray]:
    """Losses and counts of lines in period `periods`, out of what was said and what then came, NaN if unsound."""
    lines, models = amounts.shape[0], len(test.names) - 1
    loss, count = np.zeros((lines, models)), np.zeros(lines)
    for j, origin in enumerate(test.origins.tolist()):
        points = np.isfinite(Prepared.of(amounts[:, :origin], 1).seen).sum(axis=1)
        for i, k in product(range(lines), range(test.actual.shape[2])):
            told = points[i] >= TREND_POINTS and test.size[j, i] > 0
            if told and origin + k < periods and np.isfinite(amounts[i, origin + k]):
                said = test.forecasts[j, :-1, i, k]
                loss[i] += losses.smape(np.full(models, amounts[i, origin + k]), said) / np.sqrt(k + 1)
                count[i] += 1
    return loss, count


def test_weights_at_an_origin_are_of_the_errors_known_by_then() -> None:
    amounts = random_walks(4, 12)
    amounts[1, :6] = NAN
    test = run(amounts)
    for j, origin in enumerate(test.origins.tolist()):
        weights, _ = weigh(*plain_weights(test, amounts, origin))
        np.testing.assert_allclose(test.forecasts[j, -1], combine(test.forecasts[j, :-1], weights))
    weights, pool = weigh(*plain_weights(test, amounts, 12))
    np.testing.assert_allclose(test.weights, weights)
    np.testing.assert_allclose(test.pool_weights, pool)
    np.testing.assert_allclose(test.ahead[-1], combine(test.ahead[:-1], weights))


def test_a_line_without_errors_has_the_weights_of_the_pool() -> None:
    amounts = random_walks(5, 12)
    amounts[4, :9] = NAN
    test = run(amounts)
    np.testing.assert_allclose(test.weights[4], test.pool_weights)
    assert np.abs(test.weights[:4] - test.pool_weights).max(axis=1).min() > 1e-3


def test_what_is_missed_again_by_hand() -> None:
    """Five origins with a mean of 2, a standard deviation of 1 and Student's t of 2.13 at 90 % and four degrees."""
    misses = np.array([1.0, 3.0, NAN, 2.0, 1.0, 3.0])
    sure = 1 - 2.13184679**2 * np.std(misses[np.isfinite(misses)], ddof=1) ** 2 / (5 * 2**2)
    assert MISSED_SURELY == 0.9
    assert missed_again(misses) == pytest.approx(5 / (5 + MISSED_ORIGINS) * sure * 2, rel=1e-6)
    assert missed_again(-misses) == -missed_again(misses)


@pytest.mark.parametrize(
    "misses", [[], [NAN, NAN], [3.0], [1.0, -1.0], [2.0, 0.1], [0.5, -0.3, 0.4, -0.2], [1e-12] * 9]
)
def test_what_chance_explains_is_not_missed_again(misses: list[float]) -> None:
    assert missed_again(np.array(misses)) == 0


@given(st.lists(st.floats(-1e12, 1e12), max_size=12))
def test_less_is_missed_again_than_was_missed(misses: list[float]) -> None:
    again = missed_again(np.array(misses))
    assert abs(again) <= (abs(float(np.mean(misses))) if misses else 0)


def growing(rate: float, lines: int = 40, years: int = 12) -> FloatArray:
    """Lines that grow alike, with a little of their own."""
    draw = np.random.default_rng(8)
    noise = draw.normal(0, 0.01, size=(lines, years))
    return np.asarray(1e6 * np.exp(rate * np.arange(years) + noise.cumsum(axis=1)), dtype=np.float64)


@pytest.mark.parametrize("rate", [0.02, 0.05])
def test_growth_that_was_underrated_every_year_is_made_up_for_in_part(
    rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the forecast fell short of all lines at every origin, it is moved, but no further than a model says."""
    amounts = growing(rate)
    mended = run(amounts, horizon=5)
    monkeypatch.setattr(module, "MISSED_ORIGINS", 1e12)
    plain = run(amounts, horizon=5)
    moved = mended.ahead[-1] - plain.ahead[-1]
    short = amounts[:, -1:] * np.exp(rate * np.arange(1, 6)) - plain.ahead[-1]
    assert short.mean() > 0
    assert (moved >= 0).all()
    assert 0.1 * short.mean() < moved.mean() < short.mean()
    np.testing.assert_array_equal(mended.forecasts[:, :-1], plain.forecasts[:, :-1])
    np.testing.assert_array_equal(mended.forecasts[:2, -1], plain.forecasts[:2, -1])
    assert (mended.ahead[-1] <= mended.ahead[:-1].max(axis=0)).all()
    assert (mended.ahead[-1] >= mended.ahead[:-1].min(axis=0)).all()


def plain_mend(test: Backtest, plain: Backtest, amounts: FloatArray, periods: int) -> FloatArray:
    """What is added in period `periods` to what the combination says, in scales a period."""
    misses = []
    for j, origin in enumerate(test.origins.tolist()):
        if origin < periods:
            scale = line_scale(Prepared.of(amounts[:, :origin], 1).seen)
            misses.append(np.median((amounts[:, origin] - plain.forecasts[j, -1, :, 0]) / scale))
    ahead = np.arange(1, test.actual.shape[2] + 1)
    return np.asarray(missed_again(np.array(misses)) * ahead, dtype=np.float64)


def test_what_is_missed_again_is_of_the_misses_known_by_then(monkeypatch: pytest.MonkeyPatch) -> None:
    amounts = growing(0.05)
    test = run(amounts)
    monkeypatch.setattr(module, "MISSED_ORIGINS", 1e12)
    plain = run(amounts)
    monkeypatch.undo()
    for j, now in enumerate([*test.origins.tolist(), 12]):
        said, before = (np.append(made.forecasts, made.ahead[None], axis=0)[j] for made in (test, plain))
        scale = line_scale(Prepared.of(amounts[:, :now], 1).seen)[:, None]
        moved = before[-1] + scale * plain_mend(test, plain, amounts, now)
        np.testing.assert_allclose(said[-1], np.clip(moved, said[:-1].min(axis=0), said[:-1].max(axis=0)), rtol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_the_naive_rival_is_hardly_beaten_on_random_walks(seed: int) -> None:
    """Nothing beats the last value of a random walk: nothing weighs more, and the combination stays close to it."""
    test = run(random_walks(300, 16, seed, growth=0.0, common=0.0))
    weight = dict(zip(test.names, test.pool_weights, strict=False))
    stay = min(weight.pop(LastValue.name), weight.pop(PooledGrowth.name))
    assert stay > 1 / 9 > max(weight.values()) - 0.01
    assert stay > 1.08 * max(weight.values())
    known = np.isfinite(test.actual)
    missed = [np.abs(test.actual - test.forecasts[:, m])[known] for m in (NAIVE, -1)]
    lines = np.broadcast_to(test.scale[:-1, :, None], known.shape)[known]
    assert 1 < np.mean(missed[1] / lines) / np.mean(missed[0] / lines) < 1.06
    assert 0.42 < np.mean(missed[1] < missed[0]) < 0.52


@pytest.mark.parametrize("seed", range(2))
def test_a_trend_wins_where_lines_have_one(seed: int) -> None:
    draw = np.random.default_rng(seed)
    amounts = 100 + draw.uniform(3, 9, size=(50, 1)) * np.arange(16) + draw.normal(0, 1, size=(50, 16))
    test = run(amounts)
    weight = dict(zip(test.names, test.pool_weights, strict=False))
    assert max(weight, key=lambda name: weight[name]) not in (LastValue.name, PooledGrowth.name)
    assert weight[LastValue.name] < 0.05


WILD = {
    "spikes": np.where(np.arange(14) % 3 == 0, 1e12, 1.0),
    "nothing known": np.full(14, NAN),
    "nothing spent": np.zeros(14),
    "alternating": 1e6 * (-1.0) ** np.arange(14),
    "a float's end": np.where(np.arange(14) % 2 == 0, 5e-324, 1e50),
}


@pytest.mark.parametrize("wild", WILD.values(), ids=WILD.keys())
def test_a_wild_line_reaches_others_only_through_what_is_pooled(wild: FloatArray) -> None:
    """That is: `pooled growth`, the pool's part in the weights, and what is missed again.

    All other models say the same but for rounding.
    """
    amounts = random_walks(40, 14)
    beside = amounts.copy()
    beside[7] = wild
    others = np.arange(40) != 7
    calm, after = run(amounts), run(beside)
    alone = [name not in (PooledGrowth.name, COMBINED) for name in calm.names]
    then, before = after.forecasts[:, alone][:, :, others], calm.forecasts[:, alone][:, :, others]
    np.testing.assert_allclose(then, before, rtol=1e-12)
    np.testing.assert_allclose(after.ahead[alone][:, others], calm.ahead[alone][:, others], rtol=1e-12)
    pooled = calm.names.index(PooledGrowth.name)
    np.testing.assert_allclose(after.ahead[pooled, others], calm.ahead[pooled, others], rtol=0.02)
    np.testing.assert_allclose(after.ahead[-1, others], calm.ahead[-1, others], rtol=0.02)
    np.testing.assert_allclose(after.weights[others], calm.weights[others], atol=0.03)
    np.testing.assert_array_equal(after.actual[:, others], calm.actual[:, others])


@pytest.mark.parametrize("wild", WILD.values(), ids=WILD.keys())
def test_without_a_pool_a_wild_line_reaches_no_other(wild: FloatArray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POOL_ERRORS", 1e-12)
    monkeypatch.setattr(module, "MISSED_ORIGINS", 1e12)
    models = [model for model in models_for(1) if not model.pooled]
    amounts = random_walks(40, 14)
    beside = amounts.copy()
    beside[7] = wild
    others = np.arange(40) != 7
    calm, after = (
        backtest(table, Prepared.of(table, 1), np.zeros(40, dtype=np.int64), models, 3) for table in (amounts, beside)
    )
    np.testing.assert_allclose(after.forecasts[:, :, others], calm.forecasts[:, :, others], rtol=1e-9)
    np.testing.assert_allclose(after.ahead[:, others], calm.ahead[:, others], rtol=1e-9)


def test_an_outlier_that_came_to_light_is_neither_scored_nor_learned_from() -> None:
    """In the year after it, it was believed; how far it was off no weight and no score hears of today."""
    amounts = random_walks(5, 14)
    once, twice = amounts.copy(), amounts.copy()
    once[2, 9] *= 40
    twice[2, 9] *= 80
    first, second = run(once), run(twice)
    for test in (first, second):
        assert np.isnan(test.actual[test.origins == 9, 2, 0]).all()
        assert np.isfinite(test.actual[test.origins == 9, 3, 0]).all()
    believed = first.origins == 10
    np.testing.assert_allclose(second.forecasts[believed, NAIVE, 2], 2 * first.forecasts[believed, NAIVE, 2])
    later = first.origins > 11
    np.testing.assert_allclose(second.forecasts[later, :-1], first.forecasts[later, :-1])
    np.testing.assert_array_equal(second.actual, first.actual)


@given(table=hard_tables(), horizon=st.integers(1, 20))
@settings(max_examples=100, deadline=None)
def test_no_table_is_too_hard(table: Table, horizon: int) -> None:
    amounts, season = table
    test = run(amounts, horizon, season)
    for part in (test.forecasts, test.ahead, test.scale, test.weights, test.pool_weights):
        assert np.isfinite(part).all()
    np.testing.assert_allclose(test.weights.sum(axis=1), 1)
    assert (test.weights > 0).all()
    assert (test.scale > 0).all()
    assert naive_rival(season) in test.names
    seen = Prepared.of(amounts, season).cleaned.fit
    assert (np.abs(test.ahead) <= WIDEST * np.abs(np.nan_to_num(seen)).max(axis=1)[:, None] * (1 + 1e-12)).all()
    assert (test.ahead[:, ~(seen < 0).any(axis=1)] >= 0).all()
    low, high = test.ahead[:-1].min(axis=0), test.ahead[:-1].max(axis=0)
    slack = 1e-9 * np.maximum(np.abs(low), np.abs(high)) + NO_MONEY
    assert ((low - slack <= test.ahead[-1]) & (test.ahead[-1] <= high + slack)).all()
