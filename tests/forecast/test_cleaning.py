from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.arrays import FloatArray
from forecast.cleaning import CALM, GAP, NEIGHBOURS, SHIFT, SPIKE, WILD, Cleaned, clean, list_treatments
from tests.forecast.hard_tables import Table, hard_tables
from tests.forecast.spending_tables import random_walks

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
        ([100, 101, 600, 103, 102, 104], [100, 101, 102, 103, 102, 104], [("outlier", 2)]),
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


def test_a_level_that_rose_by_little_more_than_double_is_a_shift() -> None:
    assert found(clean(one(40, 41, 42, 40, 41, 100, 103, 101))) == [("level shift", 5)]
    assert found(clean(one(40, 41, 42, 40, 41, 80, 83, 81))) == []


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


def test_a_partial_year_is_one_that_falls_as_none_before() -> None:
    amounts = np.outer(np.arange(1, 8), [100.0, 50, 104, 103, 50])
    assert not any(note.found == "partial last year" for note in clean(amounts).notes)
    for few in (np.outer(np.arange(1, 5), [100.0, 102, 104, 103, 50]), np.outer(np.arange(1, 8), [100.0, 102, 50])):
        assert not any(note.found == "partial last year" for note in clean(few).notes)


def test_a_partial_last_quarter_is_told_by_that_of_the_year_before() -> None:
    quarters = np.outer(np.arange(1, 8), np.tile([100.0, 20, 100, 100], 3)[:-2])
    assert clean(quarters, 4).notes == ()
    quarters[:, -1] /= 2
    cleaned = clean(quarters, 4)
    assert [found(cleaned, line) for line in range(7)] == [[("partial last year", 9)]] * 7
    np.testing.assert_array_equal(cleaned.values[:, -1], quarters[:, -5])


def test_a_deep_season_is_no_outlier_and_no_shift() -> None:
    quarters = one(*np.tile([100.0, 1, 100, 100], 5))
    assert clean(quarters, 4).notes == ()
    assert found(clean(quarters)) != []


def test_a_spike_among_quarters_is_one_that_no_other_year_has() -> None:
    quarters = one(*np.tile([100.0, 20, 100, 100], 5))
    quarters[0, 9] = 2000
    cleaned = clean(quarters, 4)
    assert found(cleaned) == [("outlier", 9)]
    assert cleaned.values[0, 9] == 100


def test_months_are_silent_for_a_year_before_they_have_ended() -> None:
    months = one(*[10.0] * 24, *[NAN] * 11)
    assert found(clean(months, 12)) == [("missing last year", month) for month in range(24, 35)]
    ended = clean(np.append(months, [[NAN]], axis=1), 12)
    assert found(ended) == [("ended", 24)]
    np.testing.assert_array_equal(ended.values[0, 24:], 0)


def test_a_shift_of_quarters_lies_a_year_apart_on_both_sides() -> None:
    level = np.repeat([100.0, 30.0], [12, 8])[None] * np.tile([1, 1.2, 1, 0.9], 5)
    cleaned = clean(level, 4)
    assert found(cleaned) == [("level shift", 12)]
    assert np.isnan(cleaned.fit[0, :12]).all()
    assert found(clean(level[:, :15], 4)) == []


def test_a_line_that_began_again_after_a_long_gap_and_a_shift() -> None:
    cleaned = clean(one(50, NAN, NAN, NAN, 9, 9, 9, 3, 3, 3))
    assert found(cleaned) == [("long gap", 1), ("level shift", 7)]
    np.testing.assert_array_equal(cleaned.fit, one(*[NAN] * 7, 3, 3, 3))
    np.testing.assert_array_equal(cleaned.values, one(50, 0, 0, 0, 9, 9, 9, 3, 3, 3))


def outliers_single(amounts: list[float], season: int) -> list[int]:
    """Where a line is far off all its neighbours, as told in the module's first lines."""
    sizes = [abs(amount) for amount in amounts]
    changes = sorted(abs(b - a) for a, b in pairwise(amounts) if np.isfinite(b - a))
    calm = CALM * changes[int((len(changes) - 1) * 0.25)] if changes else NAN
    last = max((t for t, size in enumerate(sizes) if np.isfinite(size)), default=-1)
    places = []
    for t, size in enumerate(sizes):
        steps = {sign * k * unit for k in range(1, NEIGHBOURS + 1) for unit in (1, season) for sign in (-1, 1)}
        near = [sizes[t + step] for step in steps if 0 <= t + step < len(sizes) and np.isfinite(sizes[t + step])]
        if not np.isfinite(size) or len(near) < 2 or max(near) == 0:
            continue
        spike = t < last and size > SPIKE * max(near) and size - max(near) > calm
        dip = t < last and size * SPIKE < min(near) and min(near) - size > calm
        if spike or dip or size > WILD * max(near):
            places.append(t)
    return places


@given(table=hard_tables())
@settings(max_examples=150, deadline=None)
def test_outliers_are_those_of_a_plain_loop(table: Table) -> None:
    amounts = table.amounts[:4]
    rows = list_treatments(clean(amounts, table.season).notes)
    for line, given_ in enumerate(amounts):
        own = rows[(rows["line"] == line) & (rows["found"] == "outlier")]
        assert own["year"].tolist() == outliers_single(given_.tolist(), table.season)


@given(table=hard_tables())
@settings(max_examples=150, deadline=None)
def test_any_table_is_cleaned_line_by_line(table: Table) -> None:
    """Four lines are too few to tell a partial year; no other rule looks at two lines."""
    amounts = table.amounts[:4]
    cleaned = clean(amounts, table.season)
    for line in range(len(amounts)):
        alone = clean(amounts[[line]], table.season)
        np.testing.assert_array_equal(cleaned.values[line], alone.values[0])
        np.testing.assert_array_equal(cleaned.fit[line], alone.fit[0])
        assert found(cleaned, line) == found(alone)


@given(table=hard_tables())
@settings(max_examples=150, deadline=None)
def test_what_is_cleaned_has_no_gaps_and_tells_what_was_changed(table: Table) -> None:
    amounts = table.amounts
    cleaned = clean(amounts, table.season)
    for values in (cleaned.values, cleaned.fit):
        known = np.isfinite(values)
        assert (np.diff(known.astype(int), axis=1) >= 0).all()
    assert np.isfinite(cleaned.values[:, -1]).all()
    np.testing.assert_array_equal(cleaned.fit[np.isfinite(cleaned.fit)], cleaned.values[np.isfinite(cleaned.fit)])
    np.testing.assert_array_equal(cleaned.begun, np.isfinite(amounts).any(axis=1))
    np.testing.assert_array_equal(cleaned.values[cleaned.sound], amounts[cleaned.sound])
    told = list_treatments(cleaned.notes)
    lines = set(told["line"])
    changed = np.isfinite(amounts) & ~cleaned.sound
    assert set(np.flatnonzero(changed.any(axis=1))) <= lines
    assert set(np.flatnonzero(~cleaned.begun)) <= lines


@given(seed=st.integers(0, 2**32), season=st.sampled_from([1, 4]))
@settings(max_examples=30, deadline=None)
def test_shifts_are_those_of_a_plain_loop(seed: int, season: int) -> None:
    draw = np.random.default_rng(seed)
    amounts = random_walks(4, 24, seed) * np.where(np.arange(24) >= draw.integers(1, 24, size=(4, 1)), 3.0, 1.0)
    cleaned = clean(amounts, season)
    window = 3 if season == 1 else season
    for line, values in enumerate(cleaned.values):
        log = np.log(values)
        usual = 4 * np.sort(np.abs(np.diff(log)))[11]
        places = [
            s
            for s in range(window, 25 - (1 if season == 1 else season))
            if abs(log[s] - log[s - 1]) > usual
            and max(
                log[s : s + window].min() - log[s - window : s].max(),
                log[s - window : s].min() - log[s : s + window].max(),
            )
            >= SHIFT
        ]
        begin = places[-1] if places else 0
        assert np.isnan(cleaned.fit[line, :begin]).all()
        assert np.isfinite(cleaned.fit[line, begin:]).all()


def test_gaps_of_each_length_are_filled_or_silent() -> None:
    for length in range(1, 5):
        amounts = one(8, 8, 8, *[NAN] * length, 8, 8, 8, 8)
        expected = 8.0 if length <= GAP else 0.0
        np.testing.assert_array_equal(clean(amounts).values[0, 3 : 3 + length], expected)
