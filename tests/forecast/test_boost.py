import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import boost
from forecast.arrays import FloatArray
from forecast.backtest import Backtest, Prepared, backtest
from forecast.boost import BOOSTED, LEAST_LINES, NO_GAIN, SHARES, Boosted, boosted, with_boost
from forecast.errors import SettingError
from forecast.models import COMBINED, models_for, naive_rival
from forecast.scores import score
from tests.forecast.spending_tables import random_walks

needs_lightgbm = pytest.mark.skipif(
    find_spec("lightgbm") is None, reason="LightGBM is absent: pip install 'reallot[boost]'"
)
NAN = np.nan


def tried(amounts: FloatArray, horizon: int = 3, season: int = 1) -> tuple[Backtest, Prepared]:
    now = Prepared.of(amounts, season)
    return backtest(amounts, now, np.zeros(len(amounts), dtype=np.int64), models_for(season), horizon), now


def alternating(lines: int, years: int, seed: int = 0) -> FloatArray:
    """Every other year a tenth more, half of the lines in even years: what no model of ours can say."""
    draw = np.random.default_rng(seed)
    sign = np.where((np.arange(years) + draw.integers(0, 2, size=(lines, 1))) % 2, 1.0, -1.0)
    noise = 0.02 * draw.normal(size=(lines, years))
    return np.asarray(np.exp(draw.normal(13, 1, size=(lines, 1)) + 0.05 * sign + noise), dtype=np.float64)


def mean_error(actual: FloatArray, said: FloatArray) -> float:
    return float(np.abs(np.log(actual / said)).mean())


def one_ahead(test: Backtest, now: Prepared, model: str = COMBINED) -> dict[str, float]:
    """Scores of a model one period ahead."""
    table = score(test, now, (80, 95), naive_rival(1)).drop(columns="horizon")
    row = table[table["model"] == model].drop(columns="model").iloc[0]
    return dict(zip(row.index, row.to_numpy(dtype=np.float64).tolist(), strict=True))


def test_without_lightgbm_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    test, now = tried(random_walks(3, 8))
    for say in (boosted, with_boost):
        with pytest.raises(SettingError, match=r"LightGBM is not installed.*reallot\[boost\]"):
            say(test, now)


@needs_lightgbm
def test_a_shape_that_no_model_knows_is_learned() -> None:
    amounts = alternating(200, 20)
    known, actual = amounts[:, :17], amounts[:, 17:]
    test, now = tried(known)
    more = with_boost(test, now)
    own, alone, drawn = (mean_error(actual, said) for said in (test.ahead[-1], more.ahead[-2], more.ahead[-1]))
    assert alone < 0.7 * own
    assert alone < drawn < 0.9 * own
    assert more.pool_weights[-1] > 0.4


@needs_lightgbm
@pytest.mark.parametrize(("own", "common"), [(0.1, 0.0), (0.05, 0.1)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_there_is_nothing_to_learn_it_does_no_harm(own: float, common: float, seed: int) -> None:
    amounts = random_walks(100, 15, seed=seed, growth=0.0, own=own, common=common)
    test, now = tried(amounts[:, :12])
    more = with_boost(test, now)
    assert mean_error(amounts[:, 12:], more.ahead[-1]) < 1.03 * mean_error(amounts[:, 12:], test.ahead[-1])


@needs_lightgbm
def test_the_same_seed_gives_the_same_bytes() -> None:
    test, now = tried(random_walks(60, 14))
    one, same, other = (with_boost(test, now, seed=seed) for seed in (7, 7, 8))
    assert one.forecasts.tobytes() == same.forecasts.tobytes()
    assert one.ahead.tobytes() == same.ahead.tobytes()
    assert one.ahead[-2].tobytes() != other.ahead[-2].tobytes()


@needs_lightgbm
def test_nothing_later_than_an_origin_is_known_there() -> None:
    amounts = alternating(400, 16)
    changed = amounts.copy()
    changed[:, 11:] *= np.random.default_rng(1).uniform(0.8, 1.25, size=changed[:, 11:].shape)
    (test, now), (other, then) = tried(amounts), tried(changed)
    early = test.origins <= 11
    before = with_boost(test, now)
    said = np.where(early[:, None, None, None], test.forecasts, other.forecasts)
    after = with_boost(replace(other, forecasts=said, scale=test.scale), then)
    assert (before.forecasts[early, -2] != test.forecasts[early, -1]).any()
    assert (before.forecasts[early, -1] != test.forecasts[early, -1]).any()
    np.testing.assert_array_equal(after.forecasts[early], before.forecasts[early])
    assert (after.forecasts[-1] != before.forecasts[-1]).any()


@needs_lightgbm
def test_a_horizon_is_left_alone_until_a_miss_of_it_is_known() -> None:
    test, now = tried(alternating(400, 12), horizon=4)
    assert test.origins.tolist() == list(range(4, 12))
    said = boosted(test, now).forecasts
    np.testing.assert_array_equal(said[0], test.forecasts[0, -1])
    for j, origin in enumerate(test.origins[1:], start=1):
        unknown = np.arange(1, 5) > origin - test.origins[0]
        np.testing.assert_array_equal(said[j][:, unknown], test.forecasts[j, -1][:, unknown])
        if j > 1:
            assert (said[j][:, ~unknown] != test.forecasts[j, -1][:, ~unknown]).any(axis=0).all()


@needs_lightgbm
def test_the_back_test_goes_on_as_before_with_one_model_more() -> None:
    test, now = tried(alternating(100, 16))
    more = with_boost(test, now)
    assert more.names == (*test.names[:-1], BOOSTED, COMBINED)
    np.testing.assert_array_equal(more.forecasts[:, :-2], test.forecasts[:, :-1])
    np.testing.assert_array_equal(more.ahead[:-2], test.ahead[:-1])
    share = more.weights[:, -1:]
    assert (share == share[0]).all()
    assert 0 < share[0, 0] < 1
    np.testing.assert_allclose(more.weights[:, :-1], test.weights * (1 - share))
    np.testing.assert_allclose(more.weights.sum(axis=1), 1)
    np.testing.assert_allclose(more.pool_weights, [*test.pool_weights * (1 - share[0]), share[0, 0]])
    np.testing.assert_allclose(more.ahead[-1], (1 - share) * test.ahead[-1] + share * more.ahead[-2])
    ours, plain = one_ahead(more, now), one_ahead(test, now)
    assert ours["n"] == plain["n"]
    assert ours["mase"] < plain["mase"]
    assert ours["coverage_80"] == pytest.approx(0.8, abs=0.05)
    assert one_ahead(more, now, BOOSTED)["weight"] == pytest.approx(share[0, 0])


@needs_lightgbm
@pytest.mark.parametrize(("lines", "years"), [(LEAST_LINES - 1, 12), (1, 12), (40, 5), (40, 2), (40, 1), (1, 1)])
def test_with_too_little_to_learn_it_says_what_the_combination_says(lines: int, years: int) -> None:
    test, now = tried(alternating(lines, years))
    more = with_boost(test, now)
    for place in (-1, -2):
        np.testing.assert_array_equal(more.forecasts[:, place], test.forecasts[:, -1])
        np.testing.assert_array_equal(more.ahead[place], test.ahead[-1])
    assert more.pool_weights[-1] == 0


@needs_lightgbm
def test_what_is_to_spend_nothing_stays_so_and_none_moves_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boost, "FARTHEST_MOVE", 0.02)
    amounts = alternating(90, 16)
    amounts[:10] = 0.0
    amounts[10:20] *= -1
    test, now = tried(amounts)
    said = boosted(test, now)
    assert (said.ahead[:10] == 0).all()
    for ours, theirs in ((said.ahead, test.ahead[-1]), (said.forecasts, test.forecasts[:, -1])):
        moved = np.abs(ours - theirs)[..., 10:, :] / np.abs(theirs)[..., 10:, :]
        assert moved.max() == pytest.approx(0.02)


WILD = st.one_of(st.floats(-1e50, 1e50), st.sampled_from([0.0, NAN, 1e-300, 1.0, 1e9]))


@needs_lightgbm
@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(WILD, min_size=9, max_size=9), min_size=1, max_size=6), st.sampled_from([1, 4]))
def test_whatever_is_given_comes_out_finite(wild: list[list[float]], season: int) -> None:
    amounts = np.concatenate([alternating(300, 9), np.array(wild)])
    test, now = tried(amounts, season=season)
    more = with_boost(test, now)
    assert np.isfinite(more.forecasts).all()
    assert np.isfinite(more.ahead).all()
    assert (more.ahead[-2] != test.ahead[-1]).any()


@needs_lightgbm
def test_lines_turned_upside_down_are_told_the_same_upside_down() -> None:
    import lightgbm

    draw = np.random.default_rng(0)
    seen = draw.normal(size=(3_000, 8))
    miss = np.asarray(0.5 * seen[:, 0] + 0.3 + 0.1 * draw.normal(size=3_000), dtype=np.float64)
    trees = boost._grow(lightgbm, seen, miss, 0)
    told = boost._ask(trees, seen[None])
    np.testing.assert_array_equal(boost._ask(trees, boost._upside_down(seen)[None]), -told)
    assert np.corrcoef(told[0], seen[:, 0])[0, 1] > 0.9
    assert abs(told.mean()) < 0.05


@needs_lightgbm
def test_a_large_table_is_learned_from_a_part_of_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    test, now = tried(alternating(300, 14))
    monkeypatch.setattr(boost, "EXAMPLES", 100 * len(test.origins) * 3)
    some = boost._draw_lines(test.actual.shape, np.random.default_rng(0))
    assert len(set(some.tolist())) == 100
    assert boosted(test, now).ahead.tobytes() == boosted(test, now).ahead.tobytes()
    hidden = test.actual.copy()
    hidden[:, np.setdiff1d(np.arange(300), some)] = NAN
    np.testing.assert_array_equal(boosted(replace(test, actual=hidden), now).ahead, boosted(test, now).ahead)


def shares_single(test: Backtest, said: Boosted, periods: int) -> list[float]:
    out = []
    for now in [*test.origins.tolist(), periods]:
        lost: list[list[float]] = []
        for j, origin in enumerate(test.origins.tolist()):
            row, judged = [0.0] * len(SHARES), False
            for i, k in np.ndindex(test.actual.shape[1:]):
                unit = test.scale[j, i] * np.sqrt(k + 1)
                miss = (test.actual[j, i, k] - test.forecasts[j, -1, i, k]) / unit
                told = (said.forecasts[j, i, k] - test.forecasts[j, -1, i, k]) / unit
                if origin + k + 1 > now or np.isnan(miss) or told == 0:
                    continue
                judged = True
                row = [loss + abs(miss - share * told) for loss, share in zip(row, SHARES, strict=True)]
            if judged:
                lost.append(row)
        best = [
            SHARES[int(np.argmin(sum(np.array(row) for j, row in enumerate(lost) if j != out_of)))]
            for out_of in range(len(lost))
            if len(lost) > 1
        ]
        out.append(min(best) * len(lost) / (len(lost) + NO_GAIN) if best else 0.0)
    return out


@given(st.integers(0, 1_000), st.floats(0.1, 2.0))
@settings(max_examples=20, deadline=None)
def test_the_share_is_that_of_plain_loops(seed: int, right: float) -> None:
    test, _ = tried(random_walks(4, 9, seed=seed), horizon=2)
    draw = np.random.default_rng(seed)
    ahead_of = np.where(np.isfinite(test.actual), test.actual - test.forecasts[:, -1], 0.0)
    noise = draw.uniform(0.0, right, size=ahead_of.shape) * draw.integers(0, 2, size=ahead_of.shape)
    said = Boosted(test.forecasts[:, -1] + noise * ahead_of, test.ahead[-1])
    np.testing.assert_allclose(boost._shares(test, said, 9), shares_single(test, said, 9))


def test_a_gain_that_hangs_on_one_origin_is_none() -> None:
    test, _ = tried(random_walks(20, 12, seed=3), horizon=1)
    miss = test.actual - test.forecasts[:, -1]
    always = Boosted(test.forecasts[:, -1] + miss, test.ahead[-1])
    away = np.where(np.arange(len(miss))[:, None, None] == 5, 100 * miss, -0.1 * miss)
    once = Boosted(test.forecasts[:, -1] + away, test.ahead[-1])
    assert boost._shares(test, always, 12)[-1] == pytest.approx(8 / (8 + NO_GAIN))
    assert boost._shares(test, once, 12)[-1] == 0


def test_changes_are_from_a_year_ago_and_only_of_amounts_that_were_given() -> None:
    amounts = random_walks(6, 24)
    amounts[0, 21], amounts[1, :20] = NAN, NAN
    now = Prepared.of(amounts, 4)
    for lag, change in enumerate(boost._changes(now, 23), start=1):
        for i in range(6):
            place = 23 - lag
            given = now.cleaned.sound[i, place] and now.cleaned.sound[i, place - 4]
            expected = amounts[i, place] - amounts[i, place - 4] if given else NAN
            np.testing.assert_equal(change[i], expected)
    assert all(np.isnan(change).all() for change in boost._changes(now, 1))
