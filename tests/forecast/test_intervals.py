import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.intervals import (
    CLASSES,
    LEAST_QUANTILE,
    NO_AMOUNT_SCALE,
    PRIOR_ERRORS,
    USUAL_CHANGE,
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
from tests.forecast.spending_tables import random_walks

NAN = np.nan


def test_scale_of_a_line_alone_leans_to_what_is_usual() -> None:
    history = np.array([[100.0, 110, 100, 110, 100]])
    relative = (10 / 105 + 3 * USUAL_CHANGE) / 4
    assert line_scale(history)[0] == pytest.approx(310 / 3 * (4 * 10 / 105 + 4 * relative) / 8)


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
    reach = calibrate(errors, np.ones(40_000, dtype=np.int64), (80, 95), 1)
    np.testing.assert_allclose(reach.above[:, 1, 0], [1.2816, 1.96], rtol=0.03)
    np.testing.assert_allclose(reach.below[:, 1, 0], [1.2816, 1.96], rtol=0.03)


def test_quantiles_of_few_errors_lean_to_a_random_walk() -> None:
    reach = calibrate(np.array([[3.0], [-1.0]]), np.ones(2, dtype=np.int64), (80,), 1)
    prior = np.sqrt(np.pi / 2) * 1.2815515655
    assert reach.above[0, 1, 0] == pytest.approx((2 * 3 + PRIOR_ERRORS * prior) / (2 + PRIOR_ERRORS))
    assert reach.below[0, 1, 0] == pytest.approx((2 * 1 + PRIOR_ERRORS * prior) / (2 + PRIOR_ERRORS))


@given(st.lists(st.lists(st.floats(-1e6, 1e6) | st.just(NAN), min_size=4, max_size=4), max_size=30))
def test_reach_is_never_nothing_and_never_shrinks(rows: list[list[float]]) -> None:
    errors = np.array(rows, dtype=np.float64).reshape(-1, 4)
    reach = calibrate(errors, np.ones(len(errors), dtype=np.int64), (50, 80, 95), 4)
    for side in (reach.below, reach.above):
        assert side.shape == (3, CLASSES, 4)
        assert (side >= LEAST_QUANTILE).all()
        assert (np.diff(side, axis=2) >= 0).all()
        assert (np.diff(side, axis=0) >= 0).all()


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
    np.testing.assert_array_equal(reach[:, :, 5], fitted.above[1])
    np.testing.assert_array_equal(reach[:, :, 1], -fitted.below[1])


def test_what_came_to_light_is_told_once_and_only_when_it_was_known() -> None:
    origins = np.array([4, 6, 7])
    told = [sorted(came_to_light(origins, now, 3)) for now in (4, 6, 7, 10)]
    assert told == [[], [(0, 0), (0, 1)], [(0, 2), (1, 0)], [(1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]]


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
    np.testing.assert_array_equal(own_stretch(np.full((2, 3, 4), NAN), np.array([3, 4]), 5), 1)
    np.testing.assert_array_equal(own_stretch(np.zeros((2, 3, 4)), np.array([3, 4]), 5) <= 1, True)


def test_lines_of_months_are_of_one_class() -> None:
    history = np.arange(1, 100)[:, None] * np.ones(5)
    assert set(size_class(history, 12).tolist()) == {1}
