import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.intervals import (
    CLASSES,
    COMMON_SHARE,
    LEAST_QUANTILE,
    NO_AMOUNT_SCALE,
    PRIOR_ERRORS,
    USUAL_CHANGE,
    bounds,
    calibrate,
    line_amount,
    line_scale,
    size_class,
    total_reach,
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


def test_what_zero_cuts_off_is_added_on_top() -> None:
    mean = np.array([[10.0, 1.0]])
    reach = np.array([[[5.0, 6.0]], [[8.0, 9.0]]])
    low, high = bounds(mean, reach, reach, np.array([True]))
    np.testing.assert_array_equal(low, [[[5, 0]], [[2, 0]]])
    np.testing.assert_array_equal(high, [[[15, 10]], [[18, 16]]])
    low, _ = bounds(mean, reach, reach, np.array([False]))
    assert low[0, 0, 1] == -5


def test_total_without_a_backtest_is_what_its_lines_imply() -> None:
    spread = np.array([[3.0], [4.0]]) * 1.2815515655
    reach = total_reach(spread, np.full((0, 1), NAN), 1.0, (80,))
    assert reach[0, 0] == pytest.approx(1.2815515655 * np.sqrt((1 - COMMON_SHARE) * 25 + COMMON_SHARE * 49))


def test_total_leans_to_its_own_errors_with_every_origin() -> None:
    core = np.ones((4, 1))
    few, many = (total_reach(core, np.full((count, 1), 0.5), 10.0, (80,))[0, 0] for count in (2, 200))
    assert few < many
    assert many == pytest.approx(5 * 1.2858, rel=0.03)
