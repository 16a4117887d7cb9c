"""The competition's losses and its naive rival, against the same written as plain loops over one series."""

import math
import statistics
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.competition import (
    Entry,
    Panel,
    changes_scale,
    combine,
    compare,
    has_season,
    judge,
    naive2,
    roll,
    seasonal_index,
)
from forecast.arrays import FloatArray


def loop_scale(past: list[float], season: int) -> float:
    changes = [abs(past[t] - past[t - season]) for t in range(season, len(past))]
    return sum(changes) / len(changes) if changes and sum(changes) > 0 else math.nan


def loop_has_season(past: list[float], season: int) -> bool:
    if season == 1 or len(past) < 3 * season or min(past) <= 0:
        return False
    mean = statistics.fmean(past)
    power = sum((value - mean) ** 2 for value in past)
    if power == 0:
        return False
    correlations = [
        sum((past[t] - mean) * (past[t - lag] - mean) for t in range(lag, len(past))) / power
        for lag in range(1, season + 1)
    ]
    limit = 1.645 * math.sqrt((1 + 2 * sum(r * r for r in correlations[:-1])) / len(past))
    return abs(correlations[-1]) > limit


def loop_seasonal_index(past: list[float], season: int) -> list[float]:
    """As of the first period after the last."""
    half = season // 2
    ratios: dict[int, list[float]] = {}
    for t in range(half, len(past) - half):
        window = past[t - half : t + half + 1]
        if season % 2 == 0:
            window = [window[0] / 2, *window[1:-1], window[-1] / 2]
        ratios.setdefault((t - len(past)) % season, []).append(past[t] / (sum(window) / season))
    means = [statistics.fmean(ratios[phase]) for phase in range(season)]
    return [value / statistics.fmean(means) for value in means]


def loop_naive2(past: list[float], season: int, horizon: int) -> list[float]:
    if not loop_has_season(past, season):
        return [past[-1]] * horizon
    index = loop_seasonal_index(past, season)
    return [past[-1] / index[-1] * index[k % season] for k in range(horizon)]


def series_of(draw: np.random.Generator, season: int, many: int = 40, positive: bool = True) -> list[list[float]]:
    """Random walks of all lengths, half of them with a season."""
    past = []
    for row in range(many):
        length = int(draw.integers(1, 7 * season + 5))
        swing = 0.4 * (row % 2) * np.sin(2 * np.pi * np.arange(length) / season)
        walk = np.exp(3 + swing + 0.05 * draw.normal(size=length).cumsum())
        past.append((walk if positive else walk - 20).tolist())
    return past


def panel_of(past: list[list[float]], actual: FloatArray, season: int) -> Panel:
    width = max(map(len, past))
    history = np.array([[math.nan] * (width - len(one)) + one for one in past])
    return Panel("some", season, tuple(f"line{row}" for row in range(len(past))), history, actual)


@pytest.mark.parametrize("season", [1, 3, 4, 12])
@pytest.mark.parametrize("positive", [True, False])
def test_naive2_is_that_of_a_plain_loop(season: int, positive: bool) -> None:
    past = series_of(np.random.default_rng(season), season, positive=positive)
    panel = panel_of(past, np.zeros((len(past), season + 3)), season)
    expected = [loop_naive2(one, season, panel.horizon) for one in past]
    assert naive2(panel).mean == pytest.approx(np.array(expected), rel=1e-9)


@pytest.mark.parametrize("season", [4, 12])
def test_some_series_have_a_season_and_some_do_not(season: int) -> None:
    past = series_of(np.random.default_rng(season), season)
    found = has_season(panel_of(past, np.zeros((len(past), 1)), season).history, season)
    assert found.tolist() == [loop_has_season(one, season) for one in past]
    assert 5 < found.sum() < 35


def test_a_known_season_is_found_again() -> None:
    index = np.array([0.6, 1.4, 1.1, 0.9])
    history = np.array([100 * index[np.arange(26) % 4]])
    assert seasonal_index(history, 4)[0] == pytest.approx(np.roll(index, -2))
    assert naive2(Panel("p", 4, ("a",), history, np.zeros((1, 6)))).mean[0] == pytest.approx(
        100 * index[np.arange(26, 32) % 4]
    )


def test_a_gap_moves_neither_the_season_nor_the_level() -> None:
    index = np.array([0.6, 1.4, 1.1, 0.9])
    history = np.array([100 * index[np.arange(28) % 4]])
    history[0, [9, 27]] = np.nan
    assert naive2(Panel("p", 4, ("a",), history, np.zeros((1, 4)))).mean[0] == pytest.approx(100 * index)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 4]))
@settings(max_examples=40, deadline=None)
def test_losses_are_those_of_a_plain_loop(seed: int, season: int) -> None:
    draw = np.random.default_rng(seed)
    past = series_of(draw, season, many=6)
    actual = draw.normal(20, 5, size=(6, 5))
    actual[draw.random(actual.shape) < 0.2] = np.nan
    mean, half = draw.normal(20, 5, size=(6, 5)), draw.uniform(0, 8, size=(6, 5))
    entry = Entry(mean, {80: mean - half, 95: mean - 2 * half}, {80: mean + half, 95: mean + 2 * half})
    losses = judge(panel_of(past, actual, season), entry)
    for row, one in enumerate(past):
        known = [k for k in range(5) if not math.isnan(actual[row, k])]
        scale = loop_scale(one, season)

        def mean_of(values: list[float]) -> float:
            return sum(values) / len(values) if values else math.nan

        errors = [abs(actual[row, k] - mean[row, k]) for k in known]
        sizes = [abs(actual[row, k]) + abs(mean[row, k]) for k in known]
        expected = {
            "smape": mean_of([200 * error / size for error, size in zip(errors, sizes, strict=True)]),
            "mase": mean_of(errors) / scale,
        }
        for level, alpha in ((80, 0.2), (95, 0.05)):
            inside, scores = [], []
            for k in known:
                low, high, y = entry.low[level][row, k], entry.high[level][row, k], actual[row, k]
                inside.append(float(low <= y <= high))
                scores.append(
                    high - low + (2 / alpha * (low - y) if y < low else 2 / alpha * (y - high) if y > high else 0)
                )
            expected[f"coverage_{level}"] = mean_of(inside)
            expected[f"msis_{level}"] = mean_of(scores) / scale
        assert losses.iloc[row].to_dict() == pytest.approx(expected, rel=1e-9, nan_ok=True)


def test_the_scale_leaves_out_what_never_moved_and_what_is_not_known() -> None:
    history = np.array([[5.0, 5, 5, 5], [np.nan, np.nan, np.nan, 5], [1, 3, np.nan, 4], [1, 2, 4, 8]])
    assert changes_scale(history, 1) == pytest.approx([math.nan, math.nan, 2, 7 / 3], nan_ok=True)


def test_overall_weighs_series_and_not_panels() -> None:
    one = Panel("one", 1, ("a", "b", "c"), np.tile([1.0, 2, 4], (3, 1)), np.full((3, 2), 6.0))
    other = Panel("other", 1, ("d",), np.array([[10.0, 20, 30]]), np.array([[40.0, 50]]))
    perfect = {"one": Entry(one.actual), "other": Entry(np.full((1, 2), 30.0))}
    table = compare([one, other], {"half right": perfect, "of one": {"one": Entry(one.actual)}})
    table = table.set_index(["panel", "method"])
    assert table.at[("one", "Naive2"), "smape"] == pytest.approx(40)
    assert table.at[("one", "Naive2"), "mase"] == pytest.approx(2 / 1.5)
    assert table.at[("one", "half right"), "owa"] == 0
    assert table.at[("other", "half right"), "owa"] == 1
    smape = (200 * 10 / 70 + 200 * 20 / 80) / 2
    mase = 1.5
    assert table.at[("overall", "Naive2"), "smape"] == pytest.approx((3 * 40 + smape) / 4)
    expected = (smape / 4 / ((3 * 40 + smape) / 4) + mase / 4 / ((3 * 2 / 1.5 + mase) / 4)) / 2
    assert table.at[("overall", "half right"), "owa"] == pytest.approx(expected)
    assert ("overall", "of one") not in table.index


def test_rolling_origins_show_nothing_of_the_future() -> None:
    values = np.arange(10.0).reshape(2, 5)
    years = np.arange(2001, 2006)
    history, actual = roll(values, years, [2002, 2004], 2)
    nan = math.nan
    expected = [[nan, nan, nan, 0, 1], [nan, nan, nan, 5, 6], [nan, 0, 1, 2, 3], [nan, 5, 6, 7, 8]]
    assert history == pytest.approx(np.array(expected), nan_ok=True)
    assert actual == pytest.approx(np.array([[2, 3], [7, 8], [4, nan], [9, nan]]), nan_ok=True)


def test_a_step_judges_only_the_period_so_far_ahead() -> None:
    panel = Panel("p", 1, ("a",), np.array([[1.0, 2, 3]]), np.array([[4.0, 8]]))
    entry = Entry(np.array([[4.0, 4]]))
    assert judge(panel.step(1), entry)["mase"].tolist() == [0]
    assert judge(panel.step(2), entry)["mase"].tolist() == [4]
    assert panel.step(2).name == "p, 2 ahead"


@pytest.mark.parametrize(("how", "expected"), [("mean", 4), ("median", 2)])
def test_combinations_take_points_and_ends_of_intervals(how: Literal["mean", "median"], expected: float) -> None:
    def entry(value: float) -> Entry:
        return Entry(np.array([[value]]), {80: np.array([[value - 1]])}, {80: np.array([[value + 1]])})

    both = combine([entry(1), entry(2), entry(9)], how)
    assert (both.mean[0, 0], both.low[80][0, 0], both.high[80][0, 0]) == (expected, expected - 1, expected + 1)


def test_levels_that_one_part_lacks_are_left_out() -> None:
    one = np.ones((1, 1))
    assert combine([Entry(one, {80: one, 95: one}, {80: one, 95: one}), Entry(one, {95: one}, {95: one})]).low == {
        95: one
    }


def test_an_entry_that_leaves_series_out_is_refused() -> None:
    panel = Panel("p", 1, ("a", "b"), np.ones((2, 3)), np.array([[1.0, 2], [3, np.nan]]))
    mean = np.array([[1.0, 2], [3, np.nan]])
    assert judge(panel, Entry(mean))["smape"].tolist() == [0, 0]
    low = np.array([[1.0, np.nan], [np.nan, 0]])
    with pytest.raises(ValueError, match="cannot be judged") as raised:
        judge(panel, Entry(mean, {80: low}, {80: mean[:, :1]}))
    assert "low 80 is not a number for 2 series, first a" in str(raised.value)
    assert "high 80 is (2, 1), not (2, 2)" in str(raised.value)


def test_rows_of_a_panel_and_of_an_entry_belong_together() -> None:
    panel = Panel("p", 1, ("a", "b", "c"), np.arange(6.0).reshape(3, 2), np.arange(3.0).reshape(3, 1))
    some = np.array([2, 0])
    entry = Entry(panel.actual, {80: panel.actual}, {80: panel.actual})
    assert panel.rows(some).lines == ("c", "a")
    assert judge(panel.rows(some), entry.rows(some))["smape"].tolist() == [0, 0]
