import numpy as np
import pytest

from forecast.arrays import FloatArray
from forecast.cleaning import Cleaned, clean, list_treatments

NAN = np.nan


def found(cleaned: Cleaned, line: int = 0) -> list[tuple[str, int]]:
    """What was found in a line, and in which column."""
    table = list_treatments(cleaned.notes)
    own = table[table["line"] == line]
    return list(zip(own["found"], own["year"], strict=True))


def one(*amounts: float) -> FloatArray:
    return np.array([amounts], dtype=np.float64)


def test_a_quiet_line_is_left_alone() -> None:
    cleaned = clean(one(100, 103, 101, 107, 110))
    assert cleaned.notes == ()
    np.testing.assert_array_equal(cleaned.fit, one(100, 103, 101, 107, 110))
    assert cleaned.sound.all()


@pytest.mark.parametrize(
    ("amounts", "values", "what"),
    [
        ([100, NAN, 104, 105], [100, 102, 104, 105], [("gap", 1)]),
        ([100, 102, 104, 105, NAN], [100, 102, 104, 105, 105], [("missing last year", 4)]),
        ([100, 102, 104, 105, NAN, NAN], [100, 102, 104, 105, 0, 0], [("ended", 4)]),
        ([9, NAN, NAN, NAN, 5, 5, 5, 5], [9, 0, 0, 0, 5, 5, 5, 5], [("long gap", 1)]),
        ([100, 101, 1e6, 103, 102, 104], [100, 101, 102, 103, 102, 104], [("outlier", 2)]),
        ([100, 101, 99, 103, 102, 1e6], [100, 101, 99, 103, 102, 102], [("outlier", 5)]),
        ([1e6, 101, 99, 103, 102, 104], [101, 101, 99, 103, 102, 104], [("outlier", 0)]),
        ([100, 101, 0, 103, 102, 104], [100, 101, 102, 103, 102, 104], [("outlier", 2)]),
        ([100, 1e6, 104], [100, 102, 104], [("outlier", 1), ("few points", 2)]),
        ([NAN, NAN], [0, 0], [("no amounts", 1)]),
        ([100, 102], [100, 102], [("few points", 1)]),
    ],
)
def test_what_is_found_and_how_it_is_treated(
    amounts: list[float], values: list[float], what: list[tuple[str, int]]
) -> None:
    cleaned = clean(one(*amounts))
    np.testing.assert_allclose(cleaned.values, [values])
    assert found(cleaned) == what


def test_a_level_shift_hides_what_came_before_from_the_models_only() -> None:
    amounts = one(100, 103, 101, 104, 102, 31, 30, 32)
    cleaned = clean(amounts)
    assert found(cleaned) == [("level shift", 5)]
    np.testing.assert_array_equal(cleaned.values, amounts)
    np.testing.assert_array_equal(cleaned.fit, one(NAN, NAN, NAN, NAN, NAN, 31, 30, 32))


def test_a_drop_in_the_last_year_is_a_new_level() -> None:
    assert found(clean(one(100, 103, 101, 104, 102, 31))) == [("level shift", 5)]


def test_steady_growth_and_noise_are_no_shift() -> None:
    assert clean(one(*(2.0 ** np.arange(8)))).notes == ()
    assert clean(one(10, 25, 9, 30, 12, 28, 11, 26)).notes == ()


def test_a_partial_last_year_shows_in_the_median_line() -> None:
    amounts = np.outer(np.arange(1, 8), [100.0, 102, 104, 103, 50])
    amounts[0, -1] = 105
    cleaned = clean(amounts)
    assert [found(cleaned, line) for line in range(7)] == [[("partial last year", 4)]] * 7
    np.testing.assert_array_equal(cleaned.values[:, -1], amounts[:, -2])
    assert not cleaned.sound[:, -1].any()


def test_a_wild_line_changes_no_other_lines_treatment() -> None:
    calm = np.array([[100, 101, NAN, 103, 102, 104, 103], [50, 51, 5e5, 52, 52, 53, 54], [9, 9, 9, 9, 9, 9, 3]])
    wild = np.array([[1, -1e12, 0, 1e15, NAN, 3, -1e9]])
    alone, together = clean(calm), clean(np.vstack([calm, wild]))
    np.testing.assert_array_equal(together.values[:3], alone.values)
    np.testing.assert_array_equal(together.fit[:3], alone.fit)
    for line in range(3):
        assert found(together, line) == found(alone, line)


def test_only_given_amounts_that_were_left_alone_are_sound() -> None:
    cleaned = clean(one(100, NAN, 104, 1e6, 105, 104, 106))
    np.testing.assert_array_equal(cleaned.sound, [[True, False, True, False, True, True, True]])
