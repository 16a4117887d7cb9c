import math

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from forecast.appropriations import (
    FADING,
    HISTORY,
    LARGEST_SHARE,
    LEAST_SHARE,
    LIKE_YEARS,
    RULES,
    Given,
    carry,
    enacted_years,
    given,
    look_ahead,
)
from forecast.arrays import FloatArray, IntArray
from forecast.backtest import combine
from forecast.models import WIDEST

NAN = float("nan")


def last_value(history: FloatArray, cuts: IntArray, horizon: int) -> FloatArray:
    """The last value at each cut, (cuts, n, horizon)."""
    return np.repeat(np.stack([np.nan_to_num(history[:, cut - 1]) for cut in cuts])[:, :, None], horizon, axis=2)


def revise(
    history: FloatArray,
    appropriated: FloatArray,
    enacted: int | None = None,
    first: int = 3,
    like: IntArray | None = None,
    path: FloatArray | None = None,
    expected: FloatArray | None = None,
) -> Given:
    """Revise the last value, today a path, at all origins from `first` years on; money may be expected, (n, H)."""
    periods, n = history.shape[1], len(history)
    horizon = appropriated.shape[1] - periods
    origins = np.arange(first, periods, dtype=np.int64)
    alone = last_value(history, np.append(origins, periods), horizon)
    years = enacted_years(appropriated, periods) if enacted is None else np.full(n, enacted)
    money = None if expected is None else np.broadcast_to(expected, alone.shape)
    ahead = look_ahead(appropriated, horizon, origins, years, money)
    now = alone[-1] if path is None else path
    return given(history, appropriated[:, :periods], ahead, years, alone[:-1], now, origins, like)


def ledger(lines: int = 6, years: int = 10, horizon: int = 2, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Spending, (lines, years), and appropriations with a further `horizon` years."""
    draw = np.random.default_rng(seed)
    allowed = np.exp(draw.normal(15, 1, (lines, 1)) + draw.normal(0, 0.3, (lines, years + horizon)).cumsum(axis=1))
    return allowed[:, :years] * draw.uniform(0.3, 1.0, (lines, years)), allowed


def rule_single(
    spent: list[float], allowed: list[float], ahead: float, usual: float, need: bool, fading: float
) -> float:
    """One rule for one line as a plain loop; the last REACH_YEARS years overspend nothing."""
    total = weight = 0.0
    known = [place for place, (s, a) in enumerate(zip(spent, allowed, strict=True)) if s == s and a == a]
    for place in known:
        share = min(max(spent[place] / allowed[place], LEAST_SHARE), LARGEST_SHARE)
        odds = math.log(share / (1 - share))
        held = odds + math.log(allowed[place]) - math.log(ahead) if need else odds
        by = fading ** (known[-1] - place)
        total, weight = total + by * held, weight + by
    leaning = LIKE_YEARS if fading else 0.0
    odds = (total + leaning * usual) / (weight + leaning)
    return ahead / (1 + math.exp(-odds))


def test_every_rule_is_a_plain_loop() -> None:
    history, allowed = ledger()
    history[2, 4] = NAN
    allowed[3, :2] = NAN
    result = revise(history, allowed, enacted=2)
    assert result.names == (HISTORY, *(rule.name for rule in RULES))
    for j, origin in enumerate(range(3, 10)):
        late = [
            math.log(share / (1 - share))
            for i in range(6)
            for t in range(origin - 3, origin)
            if (share := min(history[i, t] / allowed[i, t], LARGEST_SHARE)) == share
        ]
        usual = float(np.median(late))
        for i in range(6):
            for k in range(2):
                for r, rule in enumerate(RULES, 1):
                    expected = rule_single(
                        list(history[i, :origin]),
                        list(allowed[i, :origin]),
                        allowed[i, origin + k],
                        usual,
                        rule.need,
                        rule.fading,
                    )
                    assert result.rules[j, r, i, k] == pytest.approx(expected, rel=1e-9)


def test_what_a_rule_holds_still() -> None:
    history, allowed = np.array([[90.0, 80.0, 60.0]]), np.array([[100.0, 100.0, 100.0, 150.0]])
    assert revise(history, allowed).rules.shape == (0, 5, 1, 1)
    again = revise(np.append(history, [[NAN]], axis=1), np.append(allowed, [[NAN]], axis=1), enacted=1)
    rules = dict(zip(again.names, again.rules[0, :, 0, 0], strict=True))
    assert rules["change of the appropriation"] == pytest.approx(60 * 150 / 100)
    assert rules["last need"] == pytest.approx(1 / (1 / 60 - 1 / 100 + 1 / 150))
    assert 90 < rules["lapse ratio"] < 135
    assert rules["last need"] < rules["need"] < rules["lapse ratio"]


def test_who_spends_all_follows_the_appropriation_and_who_leaves_most_does_not() -> None:
    history = np.array([[100.0] * 6, [10.0] * 6])
    allowed = np.array([[100.0] * 6 + [200.0], [100.0] * 6 + [200.0]])
    now = revise(history, allowed).now[:, 0]
    assert 170 < now[0] < 200
    assert 10 <= now[1] < 15


def test_the_first_origin_weighs_all_rules_alike() -> None:
    history, allowed = ledger()
    result = revise(history, allowed, enacted=1)
    alike = combine(result.rules[0], np.full((6, 5), 0.2))
    np.testing.assert_allclose(result.then[0, :, 0], alike[:, 0])


def test_weights_go_to_what_served() -> None:
    draw = np.random.default_rng(1)
    level = np.full((12, 14), 100.0)
    useless = revise(level, 200 * np.exp(draw.normal(0, 0.8, (12, 15))))
    assert (useless.weights[:, 0] > 0.5).all()
    steps = np.tile(allowed_steps(), (8, 1))
    useful = revise(steps * 0.95, np.append(steps, np.full((8, 1), 400.0), axis=1))
    assert (useful.weights[:, 0] < 0.05).all()
    np.testing.assert_allclose(useful.now[:, 0], 380, rtol=0.02)
    both = revise(
        np.vstack([level[:, :10], steps * 0.95]), np.vstack([useless_money(12), np.append(steps, steps[:, :1], axis=1)])
    )
    assert (both.weights[:12, 0] > both.pool_weights[0]).all()
    assert (both.weights[12:, 0] < both.pool_weights[0]).all()


def useless_money(lines: int) -> FloatArray:
    """Appropriations of eleven years that tell nothing."""
    return np.asarray(200 * np.exp(np.random.default_rng(2).normal(0, 0.8, (lines, 11))), dtype=np.float64)


def allowed_steps() -> FloatArray:
    """An appropriation that halves or doubles each year."""
    return np.array([100.0, 200, 100, 200, 400, 200, 100, 200, 400, 200])


@pytest.mark.parametrize("enacted", [1, 2])
def test_nothing_is_known_before_its_time(enacted: int) -> None:
    history, allowed = ledger(horizon=3)
    before = revise(history, allowed, enacted)
    cut = 7
    changed, other = history.copy(), allowed.copy()
    changed[:, cut:] *= 3
    other[:, cut + enacted :] *= 5
    after = revise(changed, other, enacted)
    early = slice(0, cut - 3 + 1)
    np.testing.assert_array_equal(after.rules[early], before.rules[early])
    np.testing.assert_array_equal(after.then[early], before.then[early])
    assert (after.then[cut - 3 + 1] != before.then[cut - 3 + 1]).any()


def test_where_no_money_is_expected_spending_moves_on_as_history_alone() -> None:
    history, allowed = ledger(horizon=4)
    path = history[:, -1:] * np.array([1.0, 1.1, 1.3, 0.9])
    result = revise(history, allowed, 2, path=path)
    for k in (2, 3):
        np.testing.assert_allclose(result.now[:, k], result.now[:, 1] * path[:, k] / path[:, 1])
    assert (result.now[:, :2] != path[:, :2]).all()


def test_each_line_has_its_own_number_of_enacted_years() -> None:
    history, allowed = ledger(lines=3, horizon=2)
    allowed[0, 10:], allowed[1, 11] = NAN, NAN
    assert enacted_years(allowed, 10).tolist() == [0, 1, 2]
    assert enacted_years(np.where(np.arange(12) == 10, NAN, allowed), 10).tolist() == [0, 0, 2]
    result = revise(history, allowed)
    alone = history[:, -1:].repeat(2, axis=1)
    np.testing.assert_array_equal(result.now[0], alone[0])
    assert result.now[1, 1] == pytest.approx(result.now[1, 0])
    assert result.now[2, 0] != result.now[2, 1]
    np.testing.assert_array_equal(result.then[:, 0], last_value(history, np.arange(3, 10), 2)[:, 0])
    np.testing.assert_array_equal(result.used, [False, True, True])


@pytest.mark.parametrize(
    ("spent", "allowed", "ahead"),
    [
        ([50.0, 60, 70, 80], [100.0, 100, 100, 100], NAN),
        ([50.0, 60, 70, 80], [100.0, 100, 100, 100], 0.0),
        ([50.0, 60, 70, 80], [100.0, 100, 100, 100], -10.0),
        ([50.0, 60, 70, 80], [100.0, 100, 100, 100], 10_001.0),
        ([50.0, 60, 70, 80], [NAN, NAN, NAN, NAN], 100.0),
        ([50.0, 60, 70, 80], [0.0, 0, 0, 0], 100.0),
        ([50.0, 60, 70, 80], [10.0, 10, 10, 10], 10.0),
        ([50.0, 0, 0, 0], [100.0, 100, 100, 100], 100.0),
        ([NAN, NAN, NAN, NAN], [100.0, 100, 100, 100], 100.0),
        ([-50.0, -60, -70, -80], [100.0, 100, 100, 100], 100.0),
    ],
)
def test_an_unusable_appropriation_leaves_history_alone(spent: list[float], allowed: list[float], ahead: float) -> None:
    sound, money = ledger(lines=2, years=4, horizon=1)
    history, reach = np.vstack([sound, spent]), np.vstack([money, [*allowed, ahead]])
    result = revise(history, reach, enacted=1)
    assert result.now[2, 0] == np.nan_to_num(spent[-1])
    assert result.used.tolist() == [True, True, False]
    assert result.weights[2].tolist() == [1, 0, 0, 0, 0]
    without = revise(sound, money, enacted=1)
    np.testing.assert_allclose(result.weights[:2].sum(axis=1), 1)
    assert (np.abs(result.now[:2] / without.now - 1) < 0.5).all()


def test_an_overspent_line_is_taken_to_reach_beyond_its_appropriation() -> None:
    history, allowed = np.full((1, 6), 120.0), np.array([[100.0] * 6 + [200.0]])
    assert revise(history, allowed).now[0, 0] == pytest.approx(240, rel=0.05)


def test_a_single_absurd_amount_is_not_learned_from() -> None:
    history, allowed = np.full((1, 8), 80.0), np.full((1, 9), 100.0)
    history[0, 5] = 80e6
    assert revise(history, allowed).now[0, 0] == pytest.approx(80, rel=0.01)


def test_a_new_line_leans_to_like_lines() -> None:
    draw = np.random.default_rng(3)
    history = np.array([90.0] * 10 + [20.0] * 10)[:, None] * np.exp(draw.normal(0, 0.02, (20, 8)))
    fresh = np.full((2, 8), NAN)
    fresh[:, -1] = 50.0
    allowed = np.full((22, 9), 100.0)
    like = np.array([0] * 10 + [1] * 10 + [0, 1])
    result = revise(np.vstack([history, fresh]), allowed, first=7, like=like)
    assert result.now[20, 0] > 50 > result.now[21, 0]


CELL = st.sampled_from([NAN, 0.0, -5.0, 1e-9, 3.0, 80.0, 100.0, 1e4, 1e9, 1e50]) | st.floats(-1e12, 1e12)


@settings(max_examples=50, deadline=None)
@drawn(st.data(), st.integers(1, 7), st.integers(0, 3))
def test_no_finite_input_gives_anything_but_finite_forecasts(data: st.DataObject, years: int, horizon: int) -> None:
    horizon += 1
    history = np.array(data.draw(st.lists(st.lists(CELL, min_size=years, max_size=years), min_size=2, max_size=2)))
    width = years + horizon
    allowed = np.array(data.draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=2, max_size=2)))
    result = revise(history, allowed, first=1)
    assert np.isfinite(result.now).all()
    assert np.isfinite(result.then).all()
    assert np.isfinite(result.rules).all()
    np.testing.assert_allclose(result.weights.sum(axis=1), 1)
    np.testing.assert_array_equal(
        result.now[~result.used], last_value(history, np.array([years]), horizon)[0][~result.used]
    )


def carry_single(known: list[float], path: list[float]) -> list[float]:
    filled: list[float] = []
    anchor = base = NAN
    for k, value in enumerate(known):
        if value == value:
            anchor, base = value, path[k]
        if anchor != anchor:
            filled.append(path[k])
        elif base == 0 or base * path[k] < 0:
            filled.append(anchor)
        else:
            filled.append(anchor * min(path[k] / base, WIDEST))
    return filled


@settings(deadline=None)
@drawn(
    st.lists(
        st.tuples(st.sampled_from([NAN, 5.0, 0.0, -2.0]), st.sampled_from([0.0, 1.0, 2.0, -3.0, 70.0])),
        min_size=1,
        max_size=6,
    )
)
def test_carry_is_a_plain_loop(cells: list[tuple[float, float]]) -> None:
    known, path = [cell[0] for cell in cells], [cell[1] for cell in cells]
    np.testing.assert_allclose(carry(np.array([known]), np.array([path]))[0], carry_single(known, path))


def test_appropriations_go_on_after_the_enacted_cycle() -> None:
    allowed = np.array([[90.0, 100.0, 120.0, NAN, NAN], [90.0, 100.0, NAN, NAN, NAN], [90.0, 100.0, 0.0, NAN, NAN]])
    path = np.array([[[105.0, 110.0, 121.0]] * 3] * 2)
    years = enacted_years(allowed, 2)
    assert years.tolist() == [1, 0, 1]
    then, now = look_ahead(allowed, 3, np.array([1]), years, path)
    np.testing.assert_allclose(now[0], [120, 120 * 110 / 105, 120 * 121 / 105])
    np.testing.assert_allclose(now[1:], [[105, 110, 121], [0, 0, 0]])
    np.testing.assert_allclose(then[0], [100, 100 * 110 / 105, 100 * 121 / 105])
    np.testing.assert_allclose(then[1], [105, 110, 121])
    known = look_ahead(allowed, 3, np.array([1]), years)
    np.testing.assert_array_equal(known[1], [[120, NAN, NAN], [NAN, NAN, NAN], [0, NAN, NAN]])


def test_beyond_the_enacted_years_spending_follows_the_money_that_is_expected() -> None:
    _, allowed = ledger(lines=4, horizon=3)
    history, whole = 0.95 * allowed[:, :10], np.append(allowed[:, :11], np.full((4, 2), NAN), axis=1)
    grows = np.array([1.0, 1.2, 1.5])
    result = revise(history, whole, expected=grows[None])
    np.testing.assert_allclose(result.now[:, 1:] / result.now[:, :1], np.tile(grows[1:], (4, 1)), rtol=0.1)
    alone = revise(history, whole)
    np.testing.assert_allclose(alone.now[:, 1:] / alone.now[:, :1], 1)


def test_the_last_years_odds_count_most() -> None:
    assert 0 < FADING < 1
    rising = revise(np.array([[20.0, 40, 60, 80]]), np.full((1, 5), 100.0)).now[0, 0]
    falling = revise(np.array([[80.0, 60, 40, 20]]), np.full((1, 5), 100.0)).now[0, 0]
    assert falling < 50 < rising
