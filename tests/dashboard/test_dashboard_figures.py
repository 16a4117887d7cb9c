"""Each figure: empty, one year, full; and every axis that is shown tells its unit."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from dashboard.figures.alternatives import alternatives
from dashboard.figures.canvas import money_ticks, spread
from dashboard.figures.capacity import capacity
from dashboard.figures.fan import axis_start, fan
from dashboard.figures.frontier import frontier
from dashboard.figures.ribbons import ribbons
from dashboard.figures.roadmap import Horizon, roadmap
from dashboard.figures.spend import spend
from dashboard.figures.use import MOST as STRIPS
from dashboard.figures.use import use
from dashboard.figures.year_end import MOST, axis, likely, year_end
from dashboard.measures import choices, limits, money, moves
from dashboard.measures import outlook as ahead
from dashboard.measures import year_end as books
from dashboard.theme import DARK, LIGHT
from tests.dashboard.made_up import results, with_choices


def words(figure: Any) -> list[str]:
    return [a.text for a in figure.layout.annotations]


def horizon(years: int = 5) -> Horizon:
    made = results("full", years)
    return Horizon(tuple(moves.quarters(made)), moves.year_end(made), moves.as_of(made))


def drawn(name: str, kind: str, years: int, narrow: bool = False) -> Any:
    made, rival = results(kind, years), results("rival" if kind == "full" else kind, years)
    palette = DARK if narrow else LIGHT
    if name == "spend":
        return spend(money.spending(made, rival), "Cost to continue", palette, narrow)
    if name == "ribbons":
        return ribbons(money.ribbons(made, rival, 2026 + years), palette, narrow)
    if name == "fan":
        return fan(ahead.history(made), ahead.outlook(made), ahead.appropriated(made), palette, narrow)
    if name == "year end":
        return year_end(books.year_end(made), "All funds", palette, narrow)
    if name == "roadmap":
        return roadmap(moves.lifelines(made), moves.waves(made), horizon(years), palette)
    if name == "alternatives":
        made = with_choices(made) if kind == "full" else made
        return alternatives(choices.starts(made), choices.alternatives(made), horizon(years), palette)
    if name == "frontier":
        return frontier(choices.frontier(with_choices(made) if kind == "full" else made), palette, narrow)
    if name == "use":
        return use(limits.use(limits.priced(made)), horizon(years), palette)
    return capacity(moves.capacity(made), horizon(years), palette)


FIGURES = ("spend", "ribbons", "fan", "year end", "roadmap", "capacity", "use", "alternatives", "frontier")


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_nothing_is_a_sentence(name: str) -> None:
    figure = drawn(name, "empty", 5)
    assert len(words(figure)) == 1
    assert words(figure)[0].endswith(".")
    assert not figure.data


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
@pytest.mark.parametrize("years", [1, 5], ids=["one year", "full"])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_marks_and_an_axis_with_a_unit(name: str, years: int, narrow: bool) -> None:
    figure = drawn(name, "full", years, narrow)
    assert figure.data
    assert figure.layout.showlegend is False
    units = {"year end": ("%", ""), "frontier": ("$", "")}.get(name, ("FY", "$"))
    for side, unit in ((figure.layout.xaxis, units[0]), (figure.layout.yaxis, units[1])):
        if side.visible is not False:
            assert any(unit in str(tick) for tick in side.ticktext), side
    sizes = [a.font.size for a in figure.layout.annotations]
    assert min(sizes) >= 12


def test_columns_stand_on_the_frame_that_the_table_shows() -> None:
    table = money.spending(results(), results("rival"))
    figure = spend(table, "Cost to continue", LIGHT)
    by_name = {trace.name: list(trace.y) for trace in figure.data}
    assert by_name["Legacy"] == list(table["legacy"])
    assert sum(map(sum, by_name.values())) == pytest.approx(table["outlay"].sum())
    assert "enacted" in words(figure)
    assert any(text.startswith("<b>Cost to continue</b>") for text in words(figure))


def test_years_under_one_status_stand_together() -> None:
    figure = spend(money.spending(results(), results("rival")), "Rival", LIGHT)
    at = figure.layout.xaxis.tickvals
    steps = [round(b - a, 2) for a, b in pairwise(at)]
    assert steps == [1, 1.34, 1, 1.34]


def test_a_residual_below_nothing_hangs_below_the_axis() -> None:
    table = money.spending(results(), results("rival"))
    table = table.assign(other=-5e6, outlay=table["outlay"] - table["other"] - 5e6)
    assert spend(table, "Rival", LIGHT).layout.yaxis.range[0] == -5e6


def test_ribbons_draw_each_pair_once_on_either_side() -> None:
    flows = money.ribbons(results(), results("rival"), 2031)
    figure = ribbons(flows, LIGHT)
    pairs = len(flows.groupby(["source", "through"])) + len(flows.groupby(["through", "target"]))
    assert len(figure.data) == pairs


def test_a_single_year_of_history_is_a_dot() -> None:
    history = pd.DataFrame({"year": [2026], "appropriated": [9e6], "expended": [8e6]})
    figure = fan(history, ahead.outlook(results("empty")), pd.Series(dtype=float), LIGHT)
    assert figure.data[-1].mode == "markers"


def test_the_fan_says_where_its_axis_starts() -> None:
    start = axis_start(ahead.history(results()), ahead.outlook(results()), ahead.appropriated(results()))
    assert drawn("fan", "full", 5).layout.yaxis.range[0] == start


def test_the_roadmap_names_every_site_and_wave() -> None:
    text = words(drawn("roadmap", "full", 5))
    lines = moves.lifelines(results())
    assert {str(site).capitalize() for site in lines["site"]} <= set(text)
    assert sum("Buy by" in t for t in text) == len(moves.waves(results()))


def test_full_quarters_are_in_ink() -> None:
    figure = drawn("capacity", "full", 5)
    colours = list(figure.data[0].marker.color)
    assert colours.count(LIGHT.ink) == 5
    assert "full in 5 quarters" in words(figure)
    assert "never full" in words(figure)


def test_what_binds_is_in_ink_and_nothing_passes_the_line() -> None:
    rows = limits.use(limits.priced(results()))
    figure = use(rows, horizon(), LIGHT)
    by_name = {trace.name: trace for trace in figure.data}
    assert list(by_name) == ["General", "Application", "Migration", "Starts"]
    assert list(by_name["General"].marker.color).count(LIGHT.ink) == 1
    assert list(by_name["General"].x) == [2.0, 6.0, 10.0, 14.0, 18.0]
    assert list(by_name["Starts"].x) == [i + 0.5 for i in range(20)]
    assert max(max(trace.y) for trace in figure.data) <= 0.62
    assert {"Appropriations", "Hours of work", "binds in 1 of 5 years", "never binds"} <= set(words(figure))


def test_a_limit_of_no_time_spans_the_horizon_and_one_outside_it_is_left_out() -> None:
    rows = limits.use(limits.priced(results())).head(3).assign(limit="site_closure", subject="ashford", unit="units")
    figure = use(rows.assign(period=["", "2044", "2027Q1"]), horizon(), LIGHT)
    assert list(figure.data[0].width) == [pytest.approx(20 - 0.14), pytest.approx(1 - 0.14)]


def test_other_plans_stand_below_the_plan_shown_on_one_scale() -> None:
    figure = drawn("alternatives", "full", 5)
    assert [trace.name for trace in figure.data] == ["Plan shown", "Plan 1", "Plan 2"]
    assert [trace.marker.color for trace in figure.data] == [LIGHT.ink, LIGHT.edge, LIGHT.edge]
    assert list(figure.data[0].y) == pytest.approx(list(figure.data[1].y))
    assert "1.1\u202f% dearer, $1.1M" in words(figure)


def test_every_point_of_the_frontier_is_drawn_in_both_panels() -> None:
    table = choices.frontier(with_choices())
    figure = drawn("frontier", "full", 5)
    for name in ("risk", "speed"):
        assert sum(len(trace.x) for trace in figure.data if trace.name == name) == len(table)
    lines = {trace.name: list(trace.y) for trace in figure.data if trace.mode == "lines+markers"}
    assert lines == {"risk": [900.0, 700.0, 650.0], "speed": [0.30, 0.33, 0.41]}
    assert {"<b>Plan shown</b> 700", "<b>Least risk</b> 650", "<b>Fastest</b> 41.0\u202f%"} <= set(words(figure))
    narrow = drawn("frontier", "full", 5, narrow=True)
    assert narrow.layout.height == 2 * figure.layout.height
    assert frontier(table.head(1), LIGHT).data


def test_many_limits_are_cut() -> None:
    rows = limits.use(limits.priced(results()))
    many = pd.concat([rows.assign(subject=rows["subject"] + f"_{i}") for i in range(9)], ignore_index=True)
    assert len(use(many, horizon(), LIGHT).data) == STRIPS


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 905e6, ["0", "$200M", "$400M", "$600M", "$800M"]),
        (0, 3.2e9, ["0", "$1B", "$2B", "$3B"]),
        (0, 900e3, ["0", "$200K", "$400K", "$600K", "$800K"]),
        (-5e6, 10e6, ["−$5M", "0", "$5M", "$10M"]),
    ],
)
def test_ticks_are_round_and_share_a_unit(low: float, high: float, labels: list[str]) -> None:
    assert money_ticks(low, high)[1] == labels


def test_labels_are_moved_apart_in_their_order() -> None:
    placed = spread([1.0, 1.1, 5.0], 1.0)
    assert placed[1] - placed[0] >= 0.99
    assert placed[2] == pytest.approx(5.0, abs=0.2)


def test_labels_keep_apart_and_inside_even_where_ribbons_are_thin() -> None:
    placed = spread([1.0, 1.5, 2.0, 80.0], 9.0, 4.5, 95.5)
    assert placed == sorted(placed)
    assert all(later - earlier >= 9.0 - 1e-6 for earlier, later in pairwise(placed))
    assert placed[0] >= 4.5
    assert placed[-1] <= 95.5
    thin = [("Other IT", "Other IT", "Other IT", 1e9)]
    thin += [("Legacy", "Move to modern platforms", t, 1e6) for t in ("Modern", "Freed", "Transition", "Legacy")]
    figure = ribbons(pd.DataFrame(thin, columns=["source", "through", "target", "amount"]), LIGHT)
    ends = sorted(a.y for a in figure.layout.annotations if a.x is not None and a.x > 0.8 and a.yref != "paper")
    assert len(ends) == 5
    tall = max(s.y1 for s in figure.layout.shapes)
    assert all(later - earlier >= 0.08 * tall for earlier, later in pairwise(ends))


def test_a_year_end_shows_what_is_spent_ranges_and_the_appropriation() -> None:
    rows = books.year_end(results())
    figure = year_end(rows, "All funds", LIGHT)
    text = words(figure)
    assert "<b>All funds</b>" in text
    assert sum("may lapse" in t for t in text) == len(rows)
    assert [trace.x[0] for trace in figure.data] == pytest.approx(list(rows["mean"] / rows["appropriated"]))
    low, high = axis(rows)
    assert low <= (rows["spent"] / rows["appropriated"]).min()
    assert high >= max((rows["hi_95"] / rows["appropriated"]).max(), 1.0)
    limits = [s for s in figure.layout.shapes if s.type == "line" and s.x0 == s.x1 == 1.0]
    assert len(limits) == len(rows)


def test_a_year_end_without_money_is_a_share_of_itself() -> None:
    rows = books.year_end(results()).assign(appropriated=float("nan"), chance_over=float("nan"))
    figure = year_end(rows, "All funds", LIGHT)
    assert [trace.x[0] for trace in figure.data] == pytest.approx([1.0] * len(rows))
    assert sum(t == "no appropriation known" for t in words(figure)) == len(rows)


def test_many_rows_are_cut() -> None:
    rows = pd.concat([books.year_end(results())] * 9, ignore_index=True)
    assert len(year_end(rows, "All funds", LIGHT).data) == MOST + 1


def test_chances_stop_short_of_certainty() -> None:
    assert [likely(c) for c in (0.0, 0.5, 1.0)] == ["under 1\u202f%", "50\u202f%", "over 99\u202f%"]


def test_an_outlook_without_a_range_is_a_line() -> None:
    table = ahead.outlook(results()).assign(**dict.fromkeys(ahead.BANDS, float("nan")))
    figure = fan(ahead.history(results()), table, ahead.appropriated(results()), LIGHT)
    assert [trace.name for trace in figure.data] == ["Outlook", "Spent"]
    assert not any("1 in" in t for t in words(figure))
