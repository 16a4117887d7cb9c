from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from forecast.arrays import FloatArray
from forecast.intervals import (
    CLASSES,
    LEAST_QUANTILE,
    LEAST_SCALE,
    MIDDLE_BY_CHANCE,
    NO_AMOUNT_SCALE,
    OWN_CHANGES,
    OWN_ERRORS,
    PRIOR_ERRORS,
    RECENT,
    USUAL_CHANGE,
    USUAL_LINES,
    bounds,
    calibrate,
    came_to_light,
    distribution,
    line_amount,
    line_scale,
    own_stretch,
    size_class,
    widths,
)
from tests.forecast.hard_tables import Table, hard_tables
from tests.forecast.spending_tables import random_walks

NAN = np.nan


def test_scale_of_a_line_alone_leans_to_what_is_usual() -> None:
    history = np.array([[100.0, 110, 100, 110, 100]])
    relative = (10 / 105 + 3 * USUAL_CHANGE) / 4
    assert line_scale(history)[0] == pytest.approx(310 / 3 * (4 * 10 / 105 + 4 * relative) / 8)


def plain_scales(history: FloatArray) -> list[float]:
    """Scales of lines that all spend, as the formula tells them."""
    own, counts = [], []
    for line in history:
        pairs = [(a, b) for a, b in pairwise(line) if np.isfinite(a + b)][-RECENT:]
        own.append(float(np.mean([abs(b - a) / ((a + b) / 2) for a, b in pairs])) if pairs else 0.0)
        counts.append(len(pairs))
    known = [change for change, count in zip(own, counts, strict=True) if count]
    pool = (sum(map(bool, counts)) * np.median(known) + USUAL_LINES * USUAL_CHANGE) / (len(known) + USUAL_LINES)
    return [
        float(
            max((count * change + OWN_CHANGES * pool) / (count + OWN_CHANGES), LEAST_SCALE) * line_amount(line[None])[0]
        )
        for line, change, count in zip(history, own, counts, strict=True)
    ]


def test_scales_are_those_of_a_plain_loop() -> None:
    history = random_walks(6, 14)
    history[1, :6] = NAN
    history[2, :-1] = NAN
    history[3] = 1e6
    np.testing.assert_allclose(line_scale(history), plain_scales(history))


@given(table=hard_tables())
@settings(max_examples=50, deadline=None)
def test_every_line_has_a_scale_and_a_class(table: Table) -> None:
    scale, size = line_scale(table.amounts), size_class(table.amounts, table.season)
    assert np.isfinite(scale).all()
    assert (scale > 0).all()
    assert ((size == 0) == (np.nan_to_num(table.amounts) == 0).all(axis=1)).all()
    assert size.max() <= CLASSES - 1


def test_constant_short_and_empty_lines_have_a_scale() -> None:
    scale = line_scale(np.array([[5.0] * 6, [NAN] * 5 + [70], [0.0] * 6, [NAN] * 6]))
    assert (scale > 0).all()
    assert scale[2] == scale[3] == NO_AMOUNT_SCALE


def test_a_line_that_pauses_keeps_a_tenth_of_its_usual_amount() -> None:
    assert line_amount(np.array([[90.0, 90, 90, 0, 0, 0]]))[0] == pytest.approx(4.5)
    assert line_amount(np.array([[NAN, 90.0, 90, 60, 30, 30]]))[0] == pytest.approx(40)


def test_a_wild_line_does_not_move_the_scale_of_others() -> None:
    history = random_walks(50, 10)
    wild = np.vstack([history, [[1, 1e12, 1, 1e12, 1, 1e12, 1, 1e12, 1, 1e12]]])
    np.testing.assert_allclose(line_scale(wild)[:-1], line_scale(history), rtol=0.02)


def test_classes_are_thirds_of_the_lines_that_spend() -> None:
    history = np.vstack([np.zeros((10, 5)), np.arange(1, 100)[:, None] * np.ones(5)])
    size = size_class(history)
    assert np.bincount(size).tolist() == [10, 33, 33, 33]
    assert size_class(history[:50]).tolist() == [0] * 10 + [1] * 40


def test_quantiles_are_those_of_the_errors_where_there_are_many() -> None:
    errors = np.random.default_rng(1).normal(size=(40_000, 1))
    reach = calibrate(errors, np.ones(40_000, dtype=np.int64), (80, 95), 1).reach
    np.testing.assert_allclose(reach[:, 1, 0], [1.2816, 1.96], rtol=0.03)


def test_quantiles_of_few_errors_lean_to_a_random_walk() -> None:
    reach = calibrate(np.array([[3.0], [-1.0]]), np.ones(2, dtype=np.int64), (80,), 1).reach
    prior = np.sqrt(np.pi / 2) * 1.2815515655
    middle = MIDDLE_BY_CHANCE * 2
    assert reach[0, 1, 0] == pytest.approx((2 * (3 - middle) + PRIOR_ERRORS * prior) / (2 + PRIOR_ERRORS))


def calibrated(errors: FloatArray, level: int) -> float:
    return float(calibrate(errors[:, None], np.ones(len(errors), dtype=np.int64), (level,), 1).reach[0, 1, 0])


def test_a_middle_that_chance_explains_widens_nothing() -> None:
    """A year that moved all lines a little one way may move them the other way next time."""
    errors = np.random.default_rng(2).normal(size=20_000)
    assert calibrated(errors + 0.2, 80) == pytest.approx(calibrated(errors, 80), rel=0.02)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_middle_far_off_is_covered(sign: float) -> None:
    """A forecast that always misses the same way has intervals that hold nevertheless."""
    errors = sign * (np.random.default_rng(2).normal(size=20_000) + 3)
    inside = np.mean(np.abs(errors) <= calibrated(errors, 80))
    assert 0.7 < inside <= 0.8


def test_which_way_errors_went_does_not_matter() -> None:
    errors = np.random.default_rng(3).lognormal(size=301) - 1
    assert calibrated(-errors, 80) == pytest.approx(calibrated(errors, 80), rel=1e-12)


def plain_reach(errors: list[float], level: int) -> float:
    """Reach one year ahead, as the formulas tell it."""
    errors, count = sorted(errors), len(errors)
    low, high = errors[count // 4], errors[count - 1 - count // 4]
    most = MIDDLE_BY_CHANCE * (high - low) / 2
    middle = max(-most, min(most, (low + high) / 2))
    sizes = sorted(abs(error - middle) for error in errors)
    rank = min(max(int(np.ceil((count + 1) * (level / 100))), 1), count)
    prior = np.sqrt(np.pi / 2) * ndtri(0.5 + level / 200)
    return float(max((count * sizes[rank - 1] + PRIOR_ERRORS * prior) / (count + PRIOR_ERRORS), LEAST_QUANTILE))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.sampled_from([20, 50, 80, 95, 98]))
def test_reach_is_that_of_a_plain_loop(errors: list[float], level: int) -> None:
    assert calibrated(np.array(errors), level) == pytest.approx(plain_reach(errors, level), rel=1e-9)


@given(st.lists(st.lists(st.floats(-1e6, 1e6) | st.just(NAN), min_size=4, max_size=4), max_size=30))
def test_reach_is_never_nothing_and_never_shrinks(rows: list[list[float]]) -> None:
    errors = np.array(rows, dtype=np.float64).reshape(-1, 4)
    reach = calibrate(errors, np.ones(len(errors), dtype=np.int64), (50, 80, 95), 4).reach
    assert reach.shape == (3, CLASSES, 4)
    assert (reach >= LEAST_QUANTILE).all()
    assert (np.diff(reach, axis=2) >= 0).all()
    assert (np.diff(reach, axis=0) >= 0).all()


def test_widths_are_quantiles_times_scale() -> None:
    reach = calibrate(np.empty((0, 2)), np.empty(0, dtype=np.int64), (80,), 2)
    below, above = widths(reach, np.array([1.0, 10.0]), np.array([1, 2]))
    assert below.shape == (1, 2, 2)
    np.testing.assert_allclose(below[0, 1], 10 * below[0, 0])
    np.testing.assert_allclose(below, above)


def test_lines_that_never_were_negative_end_at_zero() -> None:
    mean = np.array([[10.0, 1.0]])
    reach = np.array([[[5.0, 6.0]], [[8.0, 9.0]]])
    low, high = bounds(mean, reach, reach, np.array([True]))
    np.testing.assert_array_equal(low, [[[5, 0]], [[2, 0]]])
    np.testing.assert_array_equal(high, [[[15, 7]], [[18, 10]]])
    low, _ = bounds(mean, reach, reach, np.array([False]))
    assert low[0, 0, 1] == -5


def test_the_distribution_passes_through_every_interval_and_the_forecast() -> None:
    errors = np.random.default_rng(2).normal(size=(500, 2))
    levels = (50, 80, 95)
    fitted = calibrate(errors, np.ones(500, dtype=np.int64), levels, 2)
    knots, reach = distribution(fitted, levels)
    np.testing.assert_allclose(knots, [-1.96, -1.2816, -0.6745, 0, 0.6745, 1.2816, 1.96], atol=1e-4)
    assert reach.shape == (CLASSES, 2, 7)
    assert (np.diff(reach, axis=2) > 0).all()
    assert (reach[:, :, 3] == 0).all()
    np.testing.assert_array_equal(reach[:, :, 5], fitted.reach[1])
    np.testing.assert_array_equal(reach[:, :, 1], -fitted.reach[1])


def test_what_came_to_light_is_told_once_and_only_when_it_was_known() -> None:
    origins = np.array([4, 6, 7])
    told = [sorted(came_to_light(origins, now, 3)) for now in (4, 6, 7, 10)]
    assert told == [[], [(0, 0), (0, 1)], [(0, 2), (1, 0)], [(1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]]


@given(st.sets(st.integers(1, 30), max_size=8), st.integers(1, 40), st.integers(1, 12), st.none() | st.integers(0, 30))
def test_what_came_to_light_is_that_of_a_plain_loop(
    places: set[int], now: int, horizon: int, since: int | None
) -> None:
    origins = np.array(sorted(places), dtype=np.int64)
    before = max((origin for origin in places if origin < now), default=0) if since is None else since
    expected = [
        (j, k)
        for j, origin in enumerate(sorted(places))
        for k in range(horizon)
        if origin < now and before <= origin + k < now
    ]
    assert list(came_to_light(origins, now, horizon, since)) == expected


def plain_stretch(errors: FloatArray, origins: list[int], now: int, line: int) -> float:
    """Stretch of a line in period `now`, by the errors known then."""
    lines, horizon = errors.shape[1:]
    known = {
        (j, i, k): abs(errors[j, i, k])
        for j, origin in enumerate(origins)
        for i in range(lines)
        for k in range(horizon)
        if origin + k < now and np.isfinite(errors[j, i, k])
    }
    told, weight, usual = OWN_ERRORS, OWN_ERRORS, 0.0
    for k in range(horizon):
        sizes = [size for (_, _, far), size in known.items() if far == k]
        usual = max(usual, float(np.mean(sizes))) if sizes else usual
        own = [size for (_, i, far), size in known.items() if far == k and i == line]
        told += sum(size / usual / np.sqrt(k + 1) for size in own)
        weight += len(own) / np.sqrt(k + 1)
    return told / weight


def test_stretch_is_that_of_a_plain_loop() -> None:
    draw = np.random.default_rng(5)
    errors = draw.normal(size=(4, 5, 3)) * np.arange(1, 6)[:, None]
    errors[draw.random(errors.shape) < 0.2] = NAN
    origins, periods = [4, 5, 7, 8], 9
    expected = [
        [plain_stretch(errors, origins[:j], now, i) for i in range(5)] for j, now in enumerate([*origins, periods])
    ]
    np.testing.assert_allclose(own_stretch(errors, np.array(origins), periods), expected)


def test_no_stretch_is_learned_from_what_came_later() -> None:
    errors = np.random.default_rng(6).normal(size=(6, 9, 3))
    origins = np.arange(5, 11)
    changed = errors.copy()
    for j, origin in enumerate(origins):
        changed[j, :, max(0, 8 - origin) :] *= 100
    early = origins <= 8
    before, after = (own_stretch(table, origins, 11)[:-1][early] for table in (errors, changed))
    np.testing.assert_array_equal(after, before)


def test_a_line_that_misses_twice_as_far_is_stretched_towards_twice() -> None:
    errors = np.abs(np.random.default_rng(3).normal(1, 0.1, size=(12, 40, 4)))
    errors[:, 0] *= 2
    stretch = own_stretch(errors, np.arange(10, 22), 22)
    assert stretch.shape == (13, 40)
    np.testing.assert_array_equal(stretch[0], 1)
    assert (np.diff(stretch[:, 0]) >= 0).all()
    assert 1.3 < stretch[-1, 0] < 2
    np.testing.assert_allclose(stretch[-1, 1:], 1, atol=0.05)


def test_stretch_without_errors_is_none() -> None:
    origins = np.array([3, 4])
    np.testing.assert_array_equal(own_stretch(np.full((2, 3, 4), NAN), origins, 5), 1)
    assert (own_stretch(np.zeros((2, 3, 4)), origins, 5) <= 1).all()


def test_rounding_tells_no_line_from_another() -> None:
    errors = np.full((2, 3, 4), 5e-324)
    errors[:, 1] = 1e-17
    stretch = own_stretch(errors, np.array([3, 4]), 5)
    np.testing.assert_allclose(stretch, stretch[:, :1] * np.ones(3), rtol=1e-6)


def test_lines_of_months_are_of_one_class() -> None:
    history = np.vstack([np.zeros((2, 5)), np.arange(1, 100)[:, None] * np.ones(5)])
    assert size_class(history, 12).tolist() == [0] * 2 + [1] * 99
    assert set(size_class(history).tolist()) == {0, 1, 2, 3}
