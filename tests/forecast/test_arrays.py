import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast import arrays

NAN = np.nan
CELL = st.floats(-1e9, 1e9) | st.just(NAN)
TABLE = np.array([[NAN, 1.0, NAN, 3.0], [4.0, NAN, NAN, 1.0], [NAN, NAN, NAN, NAN], [5.0, 6.0, 7.0, NAN]])


def test_row_quantile_takes_the_lower_of_two() -> None:
    np.testing.assert_array_equal(arrays.row_quantile(TABLE, 0.5), [1.0, 1.0, NAN, 6.0])
    np.testing.assert_array_equal(arrays.row_quantile(np.empty((2, 0)), 0.5), [NAN, NAN])


def test_row_mean_is_zero_where_nothing_is_known() -> None:
    np.testing.assert_array_equal(arrays.row_mean(TABLE), [2.0, 2.5, 0.0, 6.0])


def test_first_and_last_known_year() -> None:
    np.testing.assert_array_equal(arrays.first_finite(TABLE), [1, 0, 4, 0])
    np.testing.assert_array_equal(arrays.last_finite(TABLE), [3, 3, -1, 2])


def test_fill_forward_leaves_what_comes_before_the_first() -> None:
    np.testing.assert_array_equal(
        arrays.fill_forward(TABLE),
        [[NAN, 1, 1, 3], [4, 4, 4, 1], [NAN] * 4, [5, 6, 7, 7]],
    )


def test_interpolate_draws_straight_lines_and_holds_the_ends() -> None:
    expected = np.array([[1, 1, 2, 3], [4, 3, 2, 1], [NAN] * 4, [5, 6, 7, 7]])
    np.testing.assert_allclose(arrays.interpolate(TABLE), expected, rtol=1e-12)


def test_changes_are_unknown_where_either_year_is() -> None:
    np.testing.assert_array_equal(arrays.changes(TABLE), [[NAN, NAN, NAN], [NAN] * 3, [NAN] * 3, [1, 1, NAN]])


def test_row_any_is_of_each_row() -> None:
    assert arrays.row_any(np.isfinite(TABLE)).tolist() == [True, True, False, True]


ROWS = st.integers(1, 12).flatmap(lambda years: st.lists(st.lists(CELL, min_size=years, max_size=years), max_size=5))


@given(ROWS.filter(bool))
def test_row_operations_are_those_of_a_plain_loop(rows: list[list[float]]) -> None:
    values = np.array(rows)
    for i, row in enumerate(rows):
        known = [(t, value) for t, value in enumerate(row) if np.isfinite(value)]
        amounts = sorted(value for _, value in known)
        assert arrays.first_finite(values)[i] == (known[0][0] if known else len(row))
        assert arrays.last_finite(values)[i] == (known[-1][0] if known else -1)
        assert arrays.row_mean(values)[i] == pytest.approx(np.mean(amounts) if known else 0.0, abs=1e-3)
        expected = amounts[int((len(amounts) - 1) * 0.25)] if known else NAN
        np.testing.assert_array_equal(arrays.row_quantile(values, 0.25)[i], expected)
        places = [place for place, _ in known]
        straight = np.interp(range(len(row)), places, values[i, places]) if known else np.full(len(row), NAN)
        np.testing.assert_allclose(arrays.interpolate(values)[i], straight, rtol=1e-9, atol=1e-3)
