"""The Compare page: the figures of `reallot compare`, which plans stand side by side, and each branch in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import reallot
from dashboard import pages
from dashboard.figures.payback import payback as draw_payback
from dashboard.figures.scenarios import scenarios as draw_scenarios
from dashboard.figures.scenarios import value_of
from dashboard.format import chance, money, percent
from dashboard.frame import PAGES
from dashboard.jobs import Jobs
from dashboard.look import Look, View, address, parse
from dashboard.measures import compare as measure
from dashboard.measures.compare import Compared
from dashboard.pages import compare
from dashboard.pages.compare import rows, sentences
from dashboard.source import RIVAL, Source
from dashboard.theme import DARK, LIGHT
from dashboard.words import plain
from scenarios.batch import run_study
from scenarios.comparison import Comparison
from scenarios.comparison import compare as terminal_compare
from scenarios.futures.run import simulate
from scenarios.results import Results, read_results
from scenarios.study import write_study
from tests.dashboard.made_up import results, write
from tests.dashboard.made_up_futures import played
from tests.dashboard.test_dashboard_pages import text, walk
from tests.scenarios.studies import small_study

MORE = """name: more
title: More money
why: Revenue comes in.
set: {appropriation: {all: {2027: +50%}}, capacity: {migration: {2028: +10%}}}
"""
DEARER = """name: dearer
why: The treasurer expects another rate.
set: {discount_rate: 0.09}
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three plans of a small study and their rival; of one futures were played."""
    folder = tmp_path_factory.mktemp("side_by_side")
    place = write_study(small_study(systems=8), folder / "study")
    for yaml in (MORE, DEARER):
        (place / "scenarios" / f"{yaml.split()[1]}.yaml").write_text(yaml)
    made = run_study(place, folder / "study" / "results", gap=1e-2).out
    simulate(made / "baseline", futures=100, drivers=False)
    return made


def look_at(out: Path, look: Look | None = None, **query: str) -> View:
    return pages.look_at(Source(out, None), query, look or Look())


def spaced(sentence: str) -> str:
    return plain(sentence).replace("\u202f", " ")


# ---- which plans ---------------------------------------------------------------------------------------------------

NAMES = ["baseline", "dearer", "lean", "more", "other", RIVAL]


@pytest.mark.parametrize(
    ("asked", "chosen", "missing"),
    [
        ("", [RIVAL, "baseline", "dearer", "lean"], []),
        ("more,lean", ["more", "lean"], []),
        ("more, lean ,more", ["more", "lean"], []),
        ("more,nowhere", ["more", RIVAL], ["nowhere"]),
        ("more", ["more", RIVAL], []),
        ("nowhere", [RIVAL, "baseline"], ["nowhere"]),
        ("baseline,dearer,lean,more,other", ["baseline", "dearer", "lean", "more"], []),
    ],
)
def test_two_to_four_plans_stand_side_by_side(asked: str, chosen: list[str], missing: list[str]) -> None:
    assert measure.chosen(NAMES, asked, "baseline", RIVAL) == (chosen, missing)


def test_an_address_can_be_read_and_goes_along_to_every_page() -> None:
    query = parse("?compare=a,b&showing=a&by=risk")
    assert query["compare"] == "a,b"
    assert address("/plan", query) == "/plan?showing=a&compare=a,b"
    assert parse(address("", query)) == {"compare": "a,b", "showing": "a"}


@pytest.mark.parametrize("path", [path for path, _, _ in PAGES])
def test_a_scenario_is_a_url_on_every_page(path: str, out: Path, tmp_path: Path) -> None:
    source, jobs = Source(out, out.parent), Jobs(tmp_path / "jobs.sqlite")
    search = "?showing=more&against=dearer&compare=more,dearer"
    page, rail, differs = pages.render(source, jobs, path, search, {})
    links = [str(c.href) for c in walk(rail) if getattr(c, "href", None)]
    assert links == [f"{to}{search}" for to, _, _ in PAGES] * 2
    assert "differ" in text(differs)
    inside = [str(c.href) for c in walk(page) if str(getattr(c, "href", "")).startswith("/csv/")]
    assert all("showing=more" in link and "against=dearer" in link for link in inside)
    sources = [text(c) for c in walk(page) if getattr(c, "className", "") == "source"]
    assert all("More money" in said and said.startswith("Made-up data") for said in sources)


def test_an_unknown_scenario_is_told_with_a_way_back(out: Path, tmp_path: Path) -> None:
    page, _, _ = pages.render(
        Source(out, None), Jobs(tmp_path / "jobs.sqlite"), "/compare", "?showing=zzz&theme=dark", {}
    )
    assert "Zzz has no results yet." in text(page)
    assert [c.href for c in walk(page) if getattr(c, "href", None)] == ["/compare?theme=dark"]
    shown = compare.layout(look_at(out, compare="baseline,zzz"))
    assert "Zzz has no results." in text(shown)


# ---- the same numbers ----------------------------------------------------------------------------------------------


def test_page_file_and_terminal_say_the_same(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reallot.app(["compare", str(out)], standalone_mode=False)
    printed = capsys.readouterr().out
    told = terminal_compare(out)
    view = look_at(out, compare="baseline,more,dearer,cost_to_continue")
    side, _ = compare.compared(view)
    pd.testing.assert_frame_equal(side.comparison.results.sort_index(), told.results.sort_index(), check_like=True)
    file = compare.frames(view)["sides"].set_index("Scenario")
    page = text(compare.layout(view))
    for name in side.names:
        line: Any = told.results.loc[name]
        title = side.title(name)
        assert file.loc[title, "Net saving against cost to continue, $M"] == pytest.approx(line["net_saving"] / 1e6)
        assert money(float(line["net_saving"])) in page
        assert file.loc[title, "Servers moved to modern platforms"] == line["units_moved"]
        assert file.loc[title, "Legacy share in FY2029, %"] == pytest.approx(100 * line["legacy_share"])
        assert percent(float(line["legacy_share"]), 1) in page
        assert file.loc[title, "Outlay FY2028, $M"] == pytest.approx(line["outlay_2028"] / 1e6)
        assert f"{line['units_moved']:,}" in printed
    assert "Nominal discount rate" in " ".join(file.columns)
    assert [row.name for row in rows.assumptions(side)][-1].startswith("Appropriations of")
    assert len(rows.assumptions(side)) == told.assumptions.shape[1]


def test_running_savings_end_at_the_net_saving(out: Path) -> None:
    view = look_at(out)
    side, _ = compare.compared(view)
    saved = measure.running(side, view.against)
    ends = saved.groupby("scenario")["saved"].last()
    for name in side.movers:
        assert ends[name] == pytest.approx(side.results[name].summary["net_saving"], abs=1.0)
    assert RIVAL not in set(saved["scenario"])
    assert saved.groupby("scenario")["saved"].first().eq(0).all()
    assert saved.groupby("scenario").size().eq(4).all()
    other = measure.running(side, side.results["baseline"])
    assert "baseline" not in set(other["scenario"])


def test_the_chance_says_its_error_and_who_was_not_simulated(out: Path) -> None:
    view = look_at(out, compare="cost_to_continue,baseline,more")
    side, _ = compare.compared(view)
    row = next(r for r in rows.results(side, view.against) if r.name == "Within every appropriation")
    assert row.words["more"] == "not simulated"
    risk = side.results["baseline"].risk
    cost = risk[risk["measure"].eq("cost")].set_index("policy")
    for name, policy in (("baseline", "plan"), (RIVAL, "do_nothing")):
        assert row.words[name].startswith(chance(float(cost["chance_within"][policy])))
        assert "\u00b1" in row.words[name]
    assert "chances in 100 simulated futures" in text(compare.layout(view))
    table = measure.dots(out).set_index("scenario")
    assert table.loc["baseline", "short"] == pytest.approx(1 - cost["chance_within"]["plan"])
    assert np.isnan(float(table["short"]["more"]))
    assert RIVAL not in table.index


# ---- the table -----------------------------------------------------------------------------------------------------


def test_the_best_of_each_row_is_underlined_and_said(out: Path) -> None:
    page = compare.layout(look_at(out, compare="baseline,more,dearer"))
    best = [c for c in walk(page) if getattr(c, "className", "") == "best"]
    assert best
    said = [text(c) for c in walk(page) if type(c).__name__ == "Td" and text(c).endswith(" best")]
    assert len(said) == len(best)
    found = rows.results(compare.compared(look_at(out, compare="baseline,more"))[0], look_at(out).against)
    saving = next(r for r in found if r.name.startswith("Net saving"))
    top = max(saving.values, key=lambda n: float(saving.values[n]))
    assert top in saving.best
    assert all(row.differs for row in found)


def test_the_plan_of_the_bar_is_washed_and_what_is_as_in_it_stands_back(out: Path) -> None:
    page = compare.layout(look_at(out, showing="dearer", compare="baseline,dearer"))
    heads = [text(c) for c in walk(page) if getattr(c, "className", "") == "shown" and type(c).__name__ == "Th"]
    assert len(heads) == 1
    assert heads[0].startswith("Dearer")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("discount_rate", "0.03", "3 %"),
        ("discount_rate", "0.035", "3.5 %"),
        ("discount_rate", "FY2028: 0.1", "FY2028: 0.1"),
        ("starts_per_quarter", "300", "300"),
        ("appropriation.general", "1250000.00", "$1.2M"),
        ("appropriation.general", "", "none"),
        ("capacity.migration", "", "none set"),
    ],
)
def test_assumptions_read_as_people_say_them(name: str, value: str, said: str) -> None:
    assert spaced(rows.assumed(name, value)) == said


# ---- sentences -----------------------------------------------------------------------------------------------------


def made(
    name: str, outlay: float, saving: float = 0.0, legacy: float = 0.3, gap: float = 0.0, sure: float | None = None
) -> Results:
    """Results of a plan that costs so much in each of two years."""
    base = results("full", 2)
    money = base.outlays.iloc[:2].assign(period=["2027Q1", "2028Q1"], amount=outlay)
    said = {
        **base.summary,
        "title": name.capitalize().replace("_", " "),
        "outlay_by_year": {"2027": outlay, "2028": outlay},
        "net_saving": saving,
        "legacy_share": {"2028": legacy},
        "units_moved": 10,
        "units_total": 40,
        "gap_usd": gap,
    }
    found = replace(base, folder=Path(name), outlays=money, summary=said)
    if sure is None:
        return found
    told = played(found)
    chances = told.risk["chance_within"].where(told.risk["measure"].ne("cost"), sure)
    return replace(told, risk=told.risk.assign(chance_within=chances))


def side(*plans: Results, shown: str = "") -> Compared:
    names = {r.name: r for r in plans}
    empty = Comparison(plans[0].name, pd.DataFrame(), pd.DataFrame(), dict.fromkeys(names, ""))
    return Compared(shown or plans[0].name, names, empty)


@pytest.mark.parametrize(
    ("plans", "said"),
    [
        (
            side(made(RIVAL, 60e6), made("base", 50e6), made("team", 45e6, legacy=0.25), shown="base"),
            "Team is the cheapest of two plans: $10.0M less than Base. It leaves 25 % legacy in FY2028 against 30 %.",
        ),
        (
            side(made("base", 50e6, sure=0.79), made("team", 45e6, sure=0.74)),
            "Team is the cheapest of two plans: $10.0M less than Base. It is also less sure: 74 % against 79 %.",
        ),
        (
            side(made("base", 50e6, sure=0.74), made("team", 45e6, sure=0.79)),
            "Team is the cheapest of two plans: $10.0M less than Base. It is also surer: 79 % against 74 %.",
        ),
        (
            side(made("base", 50e6, sure=0.741), made("team", 45e6, sure=0.743)),
            "Team is the cheapest of two plans: $10.0M less than Base. It is as sure: 74 % of futures stay within "
            "every appropriation.",
        ),
        (
            side(made("base", 45e6), made("team", 50e6), made("late", 48e6)),
            "Base is the cheapest of three plans: $6.0M less than Late. It leaves the same 30 % legacy in FY2028.",
        ),
        (
            side(made("base", 45e6, legacy=np.nan), made("team", 50e6, legacy=np.nan)),
            "Base is the cheapest of two plans: $10.0M less than Team.",
        ),
        (
            side(made("base", 50e6, gap=1.1e7), made("team", 45e6)),
            "Team is the cheapest of two plans: $10.0M less than Base. That is within what the proofs leave open.",
        ),
        (side(made("base", 50e6), made("team", 50e6)), "Base and Team cost the same."),
        (
            side(made("base", 50e6), made("team", 50e6), made("late", 58e6)),
            "Base and Team cost the same, the least of three plans.",
        ),
        (
            side(made("base", 50e6), made("team", 50e6), made("late", 50e6), made("new", 50e6)),
            "Four plans cost the same.",
        ),
        (
            side(made("base", 50e6), made(RIVAL, 60e6)),
            "Base saves $20.0M against continuing as now by FY2028.",
        ),
        (
            side(made("base", 70e6), made(RIVAL, 60e6)),
            "Base costs $20.0M more than to continue as now by FY2028.",
        ),
        (side(made("base", 60e6), made(RIVAL, 60e6)), "Base costs the same as to continue as now by FY2028."),
    ],
)
def test_the_lede_names_the_cheapest_and_what_speaks_against_it(plans: Compared, said: str) -> None:
    assert spaced(sentences.lede(plans)) == said
    assert len(said) <= 200


def test_plans_of_other_years_are_not_summed() -> None:
    longer = made("long", 50e6)
    more = pd.concat([longer.outlays, longer.outlays.tail(1).assign(period="2029Q1")])
    plans = side(made("base", 50e6), replace(longer, outlays=more))
    assert "cover other years" in sentences.lede(plans)
    named = [r.name for r in rows.results(plans, plans.results["base"])]
    assert not any("FY20" in name for name in named)


@pytest.mark.parametrize(
    ("numbers", "missing", "said"),
    [
        ((3, 4), [], "Three assumptions differ; the underlined figure in each row is the best."),
        ((1, 4), ["zzz"], "One assumption differs; the underlined figure in each row is the best. zzz has no results."),
        ((0, 4), ["a", "b"], "No assumption differs; the underlined figure in each row is the best. a and b have no "
         "results."),
        ((1, 0), [], "One assumption differs, and no result."),
        ((0, 0), [], "Nothing differs: these plans came to the same."),
    ],
)  # fmt: skip
def test_how_much_differs_in_words(numbers: tuple[int, int], missing: list[str], said: str) -> None:
    assert spaced(sentences.table(*numbers, missing)) == said


def saved(**plans: list[float]) -> pd.DataFrame:
    told = [
        (name, name.capitalize(), 2026 + i, 1e6 * v)
        for name, values in plans.items()
        for i, v in enumerate([0.0, *values])
    ]
    return pd.DataFrame(told, columns=list(measure.RUNNING))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            saved(base=[-5, 9], team=[-8, 12]),
            "Both pay back in FY2028. Team pays most ahead, $8.0M and saves most, $12.0M.",
        ),
        (
            saved(base=[-5, 9], team=[-8, 2], late=[-1, 3]),
            "All three pay back in FY2028. Team pays most ahead, $8.0M; Base saves most, $9.0M.",
        ),
        (
            saved(base=[-5, 1, 9], team=[-8, -2, 12]),
            "Base pays back in FY2028 and Team in FY2029. Team pays most ahead, $8.0M and saves most, $12.0M.",
        ),
        (
            saved(base=[-5, 9], team=[-8, -2]),
            "Base pays back in FY2028; Team does not pay back by FY2028. Team pays most ahead, $8.0M; Base "
            "saves most, $9.0M.",
        ),
        (saved(base=[-5, -9], team=[-8, -2]), "Base and Team do not pay back by FY2028. Base pays most ahead, $9.0M."),
        (saved(base=[5, 9], team=[8, 12]), "None is ever behind Now. Team saves most, $12.0M."),
        (saved(base=[5, 9]), "Base is never behind Now. In the end it saves $9.0M."),
        (saved(base=[-5, -9]), "Base does not pay back by FY2028. In the end it costs $9.0M."),
        (saved(base=[0, 0]), "Base is never behind Now. In the end it costs the same as Now."),
        (saved(), "No other plan stands beside Now."),
    ],
)
def test_pay_back_in_words(table: pd.DataFrame, said: str) -> None:
    assert spaced(sentences.payback(table, "Now")) == said


def dots(*plans: tuple[str, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(plans, columns=["title", "cost", "legacy"])
    return table.assign(scenario=table["title"].str.lower(), risk=table["legacy"] * 1e8, short=np.nan)


@pytest.mark.parametrize(
    ("table", "by", "said"),
    [
        (
            dots(("A", 50e6, 0.3), ("B", 52e6, 0.25), ("C", 53e6, 0.28)),
            "legacy",
            "Of 3 plans two are beaten by none. From A to B the legacy share falls from 30 % to 25 % for $2.0M more.",
        ),
        (
            dots(("A", 50e6, 0.2), ("B", 52e6, 0.25)),
            "risk",
            "Of 2 plans A is the cheapest and the lowest in risk left: $20.0M.",
        ),
        (
            dots(("A", 50e6, 0.2)),
            "legacy",
            "Only A tells its legacy share, 20 %: there is nothing to weigh it against.",
        ),
        (dots(("A", 50e6, 0.2)), "short", "No plan tells its chance of running short."),
    ],
)
def test_the_frontier_in_words(table: pd.DataFrame, by: str, said: str) -> None:
    assert spaced(sentences.frontier(table, by)) == said


def row(name: str, ours: str, theirs: str, is_money: bool = False) -> rows.Row:
    return rows.Row(name, {"team": ours, "base": theirs}, is_money=is_money)


@pytest.mark.parametrize(
    ("name", "differing", "said"),
    [
        ("base", [], "Saves $5.0M net against cost to continue; 10 of 40 servers move; 30 % of run cost is legacy in "
         "FY2028."),
        (
            "team",
            [row("Discount rate", "4 %", "3 %")],
            "With discount rate 4 % instead of 3 %, it saves $9.0M net against cost to continue, $4.0M more than Base; "
            "10 servers move; 25 % of run cost is legacy in FY2028 (\u22125.0 points).",
        ),
        (
            "team",
            [row("IT rate", "x" * 30, "y" * 30), row("a", "1", "2", True), row("b", "1", "2", True)],
            "With other IT rate and other appropriations, it saves",
        ),
        ("team", [row("a", "1", "2", True)], "With a 1 instead of 2, it saves"),
        ("team", [row(n, "1", "2") for n in ("ab", "cd", "ef", "gh")],
         "With ab 1 instead of 2, cd 1 instead of 2, ef 1 instead of 2 and 1 more, it"),
        ("team", [], "With the same assumptions it saves"),
        (RIVAL, [], "Nothing moves; 80 % of run cost is legacy in FY2028 (+50.0 points)."),
        ("open", [], "With the same assumptions it saves $6.0M net against cost to continue, $1.0M more than Base, "
         "which is within what the proofs leave open;"),
        ("loss", [], "With the same assumptions it costs $1.0M net against cost to continue, $6.0M less than Base;"),
        ("like", [], "With the same assumptions it saves $5.0M net against cost to continue, the same as Base;"),
    ],
)  # fmt: skip
def test_a_sentence_for_each_scenario(name: str, differing: list[rows.Row], said: str) -> None:
    plans = side(
        made("base", 50e6, 5e6),
        made("team", 45e6, 9e6, 0.25),
        made(RIVAL, 60e6, 0.0, 0.8),
        made("open", 50e6, 6e6, gap=2e6),
        made("loss", 50e6, -1e6),
        made("like", 50e6, 5e6),
    )
    assert spaced(sentences.of_scenario(plans, name, differing)).startswith(said)


# ---- figures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("narrow", [False, True])
def test_running_savings_are_lines_and_the_plan_shown_leads(palette: Any, narrow: bool) -> None:
    table = saved(base=[-5, 9], team=[-8, 12])
    figure = draw_payback(table, "base", "Now", palette, narrow)
    assert [list(trace.y) for trace in figure.data] == [[0, -5e6, 9e6], [0, -8e6, 12e6]]
    assert figure.data[0].line.color == palette.ink
    words = [a.text for a in figure.layout.annotations]
    assert words[0] == "$5.0M paid ahead by FY2027"
    assert ("Now" in words) is not narrow


def test_one_year_and_no_plan_are_drawn_too() -> None:
    one = draw_payback(saved(base=[3]), "base", "Now", LIGHT)
    assert list(one.data[0].x) == [2026, 2027]
    assert draw_payback(saved(), "base", "Now", LIGHT).layout.annotations[0].text.startswith("No other plan")
    empty = draw_scenarios(dots(), "legacy", [], "", LIGHT)
    assert empty.layout.annotations[0].text == "No plan tells this."
    alone = draw_scenarios(dots(("A", 50e6, 0.2)), "legacy", ["a"], "a", LIGHT)
    assert alone.layout.xaxis.range[0] < 50e6 < alone.layout.xaxis.range[1]


@pytest.mark.parametrize("by", ["legacy", "risk"])
@pytest.mark.parametrize("narrow", [False, True])
def test_plans_that_none_beats_are_joined_and_those_compared_named(by: str, narrow: bool) -> None:
    long = "A plan with a name that is far too long for a telephone"
    table = dots(("A", 50e6, 0.3), ("B", 52e6, 0.25), ("C", 53e6, 0.28), (long, 60e6, 0.5))
    figure = draw_scenarios(table, by, ["a", long.lower()], "a", DARK, narrow)
    beaten, lead = figure.data
    assert list(lead.x) == [50e6, 52e6]
    assert list(beaten.x) == [53e6, 60e6]
    words = " ".join(a.text for a in figure.layout.annotations)
    assert "<b>A</b>" in words
    assert (long in words) is not narrow
    assert spaced(value_of(by, float(table[by].iloc[0]))) == ("30 %" if by == "legacy" else "$30.0M")


def test_only_lower_and_cheaper_counts_as_unbeaten() -> None:
    table = dots(("A", 50e6, 0.3), ("B", 50e6, 0.25), ("C", 53e6, 0.25))
    assert measure.efficient(table, "legacy")["title"].tolist() == ["B"]


# ---- the page ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [{}, {"compare": "baseline,more", "by": "risk"}, {"by": "short", "showing": "more"}])
def test_every_block_has_an_answer_a_name_and_a_file(query: dict[str, str], out: Path) -> None:
    view = look_at(out, Look("dark", True), **query)
    page = compare.layout(view)
    found = list(walk(page))
    ids = [c.id for c in found if isinstance(getattr(c, "id", None), str)]
    assert len(ids) == len(set(ids))
    links = {str(c.href).partition("?")[0] for c in found if str(getattr(c, "href", "")).startswith("/csv/")}
    assert links == {f"/csv/compare/{key}" for key in compare.frames(view)}
    for key, frame in compare.frames(view).items():
        assert len(frame), key
    pictures = [c for c in found if getattr(c, "role", "") == "img"]
    assert len(pictures) == 2
    told = compare.frames(view)["each"]
    assert all(said in text(page) for said in told["What comes of it"])
    assert told["In full"].str.len().gt(20).all()


def test_the_choices_offer_each_plan_once_and_two_must_stay(out: Path) -> None:
    page = compare.layout(look_at(out, compare="baseline,more"))
    fields = [c for c in walk(page) if type(c).__name__ == "Select" and c.id != "compare-by"]
    assert [c.value for c in fields] == ["baseline", "more", "none", "none"]
    options = [[o["value"] for o in c.data] for c in fields]
    assert options[0] == ["baseline", "dearer", RIVAL]
    assert "none" not in options[1]
    assert options[2] == ["dearer", RIVAL, "none"]


def test_titles_are_read_from_summaries_and_read_alike(out: Path) -> None:
    assert measure.titles(out) == dict(Source(out, None).titles())


def test_one_plan_alone_says_what_to_do(out: Path, tmp_path: Path) -> None:
    alone = write(tmp_path / "out")
    for file in (alone / RIVAL).iterdir():
        file.unlink()
    view = look_at(alone)
    assert "There is only one plan" in text(compare.layout(view))
    assert compare.frames(view) == {}


def test_results_of_earlier_versions_say_so(tmp_path: Path) -> None:
    view = look_at(write(tmp_path / "out"))
    assert "was made by an earlier version. Plan it again to compare it." in text(compare.layout(view))
    assert compare.frames(view) == {}


def test_the_file_of_the_page_is_the_frame_of_the_page(out: Path) -> None:
    found = pages.csv(Source(out, None), "compare", "sides", {"compare": "baseline,more"})
    assert found is not None
    assert found.splitlines()[0].startswith("Scenario,")
    assert len(found.splitlines()) == 3
    assert read_results(out / "more").summary["title"] in found
