import numpy as np

from forecast import arrays

NAN = np.nan
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
