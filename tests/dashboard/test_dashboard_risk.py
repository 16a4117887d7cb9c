"""The Risk page: the figures of `reallot simulate` in words, tables and pictures, and the job that makes them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dashboard import pages, worker
from dashboard.figures.outlays import axis_start, outlays
from dashboard.figures.policies import policies as draw_policies
from dashboard.figures.tornado import tornado
from dashboard.format import chance, points
from dashboard.jobs import DONE, Jobs
from dashboard.look import Look, View
from dashboard.measures import futures as measure
from dashboard.pages import explained, risk
from dashboard.pages.risk import sentences
from dashboard.source import Source
from dashboard.theme import DARK, LIGHT
from dashboard.words import plain
from reallot import app
from scenarios.futures.run import simulate
from scenarios.pipeline import plan_study
from scenarios.results import Results, read_results
from scenarios.study import read_study, write_study
from tests.dashboard.made_up import results, write
from tests.dashboard.made_up_futures import FUTURES, TITLES, played
from tests.dashboard.test_dashboard_pages import text, walk
from tests.scenarios.studies import small_study


def view(made: Results | None = None, **query: str) -> View:
    return View(made or played(), results("rival"), query=query)


def spaced(sentence: str) -> str:
    return plain(sentence).replace("\u202f", " ")


@pytest.fixture
def study(tmp_path: Path) -> Source:
    write(tmp_path / "study" / "results")
    (tmp_path / "study" / "study.yaml").write_text("name: Erie\n", encoding="utf-8")
    return Source.of(tmp_path / "study")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A small study, planned and simulated for real."""
    place = tmp_path_factory.mktemp("risk")
    write_study(small_study(), place / "study")
    made = plan_study(read_study(place / "study"), "baseline", place / "study" / "results", seconds=20)
    simulate(made.folder, futures=200)
    return read_results(made.folder)


# ---- format --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.794, "79 %"), (0.99, "99 %"), (0.9901, "over 99 %"), (1.0, "over 99 %"), (0.01, "1 %"), (0.0, "under 1 %")],
)
def test_a_chance_is_never_certain(share: float, said: str) -> None:
    assert spaced(chance(share)) == said


def test_a_standard_error_is_in_points() -> None:
    assert points(0.0046) == "0.5 points"
    assert points(0.0102) == "1.0 point"


# ---- measures ------------------------------------------------------------------------------------------------------


def test_chances_are_those_of_the_file_with_the_least_sure_fund_first() -> None:
    made = played()
    table = measure.chances(made)
    assert len(measure.single(table)) == 20
    rows = made.risk[(made.risk["policy"] == "plan") & (made.risk["measure"] == "outlay")]
    wide = measure.grid(table)
    own = rows[rows["fund"].eq("general") & rows["period"].eq("2028")]["chance_within"]
    assert wide.loc[["general"], "2028"].tolist() == own.tolist()
    lowest = wide.drop(index="all").min(axis=1)
    assert lowest.is_monotonic_increasing
    assert wide.index[-1] == "all"
    low = measure.below(table, 0.9)
    assert (low["chance"] < 0.9).all()
    assert len(low) == (measure.single(table)["chance"] < 0.9).sum()
    assert measure.chances(results()).empty


def test_a_biennium_stands_where_it_begins() -> None:
    made = played()
    moved = made.risk["measure"].eq("outlay") & made.risk["fund"].eq("general") & made.risk["period"].eq("2028")
    rows = made.risk.assign(period=made.risk["period"].mask(moved, "biennium 2028"))
    table = measure.chances(replace(made, risk=rows))
    wide = measure.grid(table)
    assert list(wide.columns)[:3] == ["2027", "biennium 2028", "2028"]
    assert sentences.period_name("biennium 2028") == "FY2027\u201328"
    assert "FY2027\u201328" in text(risk.layout(view(replace(made, risk=rows))))


def test_the_fan_of_a_fund_stands_under_its_own_appropriation() -> None:
    made = played()
    assert set(measure.funds(made)) == {"general", "federal", "highway", "services"}
    table = measure.outlays(made, "general")
    own = made.appropriations[made.appropriations["fund"] == "general"].set_index("fiscal_year")["amount"]
    assert table["appropriation"].tolist() == own.tolist()
    whole = measure.outlays(made)
    assert whole["appropriation"].iloc[0] == made.appropriations.query("fiscal_year == 2027")["amount"].sum()
    assert measure.outlays(made, "nothing").empty
    assert not measure.is_carried(made)
    kept = replace(made, appropriations=made.appropriations.assign(carry_forward=0.5))
    assert "carried forward" in text(risk.layout(view(kept)))


def test_a_part_of_a_fund_has_its_own_appropriation_and_no_history() -> None:
    made = played()
    part = made.appropriations.head(1).assign(agency="health", purpose="capital", amount=7.0)
    both = replace(made, appropriations=pd.concat([made.appropriations, part]))
    assert measure.appropriated(both, "general health capital").tolist() == [7.0]
    assert measure.appropriated(both, "general").loc[2027] != 7.0
    assert measure.history(both, "general health capital").empty
    only = replace(made, appropriations=part)
    assert measure.appropriated(only, "general").tolist() == [7.0]
    none = replace(made, appropriations=made.appropriations.iloc[:0])
    assert measure.appropriated(none).empty


def test_policies_are_whatever_was_played_the_plan_first() -> None:
    more = {**TITLES, "replanned": "Planned again", "mine": "My own"}
    table = measure.policies(played(titles=more))
    assert table["policy"].iloc[0] == "plan"
    assert set(table["policy"]) == set(more)
    assert table["p50"].iloc[1:].is_monotonic_increasing
    assert table["regret"].isna().all()
    made = played()
    regret = made.risk[made.risk["measure"].eq("cost")].assign(
        measure="regret", mean=2e6, standard_error=1e5, futures=50
    )
    told = replace(made, risk=pd.concat([made.risk, regret], ignore_index=True))
    assert measure.policies(told)["regret"].tolist() == [2e6] * 3
    frame = risk.frames(view(told))["policies"]
    assert frame["Regret, mean, $M"].tolist() == [2.0] * 3
    assert frame["Standard error of regret, $M"].tolist() == pytest.approx([0.1] * 3)
    assert frame["Futures of regret"].tolist() == [50] * 3
    assert frame["Futures"].tolist() == [FUTURES] * 3
    assert "Regret, mean, $M" not in risk.frames(view(made))["policies"]


def test_folders_of_earlier_versions_and_unfinished_runs_open() -> None:
    made = played()
    early = replace(made, risk=made.risk.drop(columns=["p02_5", "p25", "p75", "p97_5"]))
    assert "In 10" not in text(risk.layout(view(early)))
    figure = outlays(measure.history(early), measure.outlays(early), LIGHT)
    assert sum(trace.fill == "toself" for trace in figure.data) == 1
    assert not measure.is_played(replace(made, futures={}))
    assert np.isnan(measure.figure(results(), "cost", "p50"))


# ---- sentences -----------------------------------------------------------------------------------------------------


def one(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["fund", "period", "chance"]).assign(
        year=lambda t: t["period"].str[-4:].astype(int)
    )


@pytest.mark.parametrize(
    ("share", "table", "said"),
    [
        (
            0.79,
            one(("it_capital", "2028", 0.86), ("general", "2028", 0.9)),
            "In 79 % of 10,000 simulated futures the plan stays within every appropriation. The weakest point is "
            "IT capital in FY2028, at 86 %.",
        ),
        (
            0.79,
            one(("federal", "2028", 0.86), ("general", "2028", 0.86)),
            "In 79 % of 10,000 simulated futures the plan stays within every appropriation. The weakest two are at "
            "86 % each.",
        ),
        (
            1.0,
            one(("federal", "2028", 1.0)),
            "In over 99 % of 10,000 simulated futures the plan stays within every appropriation. None runs short in "
            "any of them.",
        ),
        (1.0, one(), "No appropriation can run short in 10,000 simulated futures: this study names none."),
    ],
)
def test_the_lede_says_how_sure_and_where_it_is_weakest(share: float, table: pd.DataFrame, said: str) -> None:
    assert spaced(sentences.lede(share, 10_000, table)) == said
    assert len(said) <= 200


@pytest.mark.parametrize(
    ("low", "every", "said"),
    [
        (
            one(("it_capital", "2029", 0.8), ("it_capital", "2028", 0.85), ("general", "2028", 0.88)),
            30,
            "3 of 30 appropriations fall below the target of 90 %: IT capital in FY2028 and FY2029 and general in "
            "FY2028.",
        ),
        (
            one(*((fund, "2028", 0.5) for fund in ("ab", "cd", "ef", "gh", "ij"))),
            30,
            "5 of 30 appropriations fall below the target of 90 %: Ab in FY2028, cd in FY2028, ef in "
            "FY2028 and 2 more.",
        ),
        (one(("a", "2028", 0.5)), 2, "1 of 2 appropriations falls below the target of 90 %: A in FY2028."),
        (one(), 30, "All 30 appropriations keep the target of 90 %."),
        (one(), 1, "The one appropriation keeps the target of 90 %."),
        (one(), 0, "This study names no appropriation that could run short."),
    ],
)
def test_what_falls_below_the_target_in_words(low: pd.DataFrame, every: int, said: str) -> None:
    assert spaced(sentences.where(low, every, 0.9)) == said


def years(*rows: tuple[int, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["year", "p50", "p90", "appropriation"])


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            years((2027, 80e6, 90e6, 120e6), (2028, 90e6, 105e6, 100e6)),
            "The median stays $10.0M under in FY2028, the tightest year; in 1 future in 10 outlays reach $105.0M, "
            "$5.0M over.",
        ),
        (
            years((2028, 110e6, 111e6, 100e6)),
            "The median is $10.0M over in FY2028; in 1 future in 10 outlays reach $111.0M, $11.0M over.",
        ),
        (
            years((2028, 100e6, 100e6, 100e6)),
            "The median stands at the appropriation in FY2028; in 1 future in 10 outlays reach $100.0M, which is the "
            "appropriation.",
        ),
        (
            years((2028, 90e6, 95e6, 100e6)),
            "The median stays $10.0M under in FY2028; in 1 future in 10 outlays reach $95.0M, $5.0M under.",
        ),
        (
            years((2028, 90e6, 95e6, np.nan)),
            "The median is $90.0M in FY2028; in 1 future in 10 outlays reach $95.0M. No appropriation is named.",
        ),
        (years(), "No outlay was simulated for this."),
    ],
)
def test_the_fan_in_words(table: pd.DataFrame, said: str) -> None:
    assert spaced(sentences.fan(table)) == said


def test_the_fan_of_one_fund_names_it() -> None:
    assert spaced(sentences.fan(years((2028, 90e6, 95e6, 100e6)), "Highway")).startswith("The median of Highway stays")


def rivals(*rows: tuple[str, float, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["policy", "p50", "chance", "legacy", "futures"])


PLAN = ("plan", 100e6, 0.61, 0.31, 10_000.0)
GREEDY = ("greedy", 145e6, 0.54, 0.47, 10_000.0)
NOTHING = ("do_nothing", 100e6, 0.18, 0.8, 10_000.0)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            rivals(PLAN, GREEDY, NOTHING),
            "The plan stays within every appropriation in 61 % of futures, doing nothing in 18 %. Pay-back first "
            "costs $45.0M more at the median, leaves 47 % legacy against 31 % and stays within in 54 %.",
        ),
        (
            rivals(PLAN, GREEDY, NOTHING, ("replanned", 99e6, 0.79, 0.33, 10_000.0)),
            "Planning again each year lifts the chance from 61 % to 79 %. Pay-back first costs $45.0M "
            "more at the median, leaves 47 % legacy against 31 % and stays within in 54 %.",
        ),
        (
            rivals(PLAN, ("replanned", 99e6, 0.5, 0.33, 10_000.0)),
            "Planning again each year lowers the chance from 61 % to 50 %.",
        ),
        (
            rivals(PLAN, ("replanned", 99e6, 0.611, 0.33, 10_000.0)),
            "Planning again each year leaves the chance at 61 %.",
        ),
        (
            rivals(PLAN, ("replanned_fully", 99e6, 0.9, 0.33, 50.0), NOTHING),
            "The plan stays within every appropriation in 61 % of futures, doing nothing in 18 %. Doing nothing costs "
            "the same at the median and leaves 80 % legacy against 31 %.",
        ),
        (
            rivals(PLAN, ("do_nothing", 90e6, 0.61, np.nan, 10_000.0)),
            "Plan and doing nothing both stay within every appropriation in 61 % of futures. Doing nothing costs "
            "$10.0M less at the median.",
        ),
        (rivals(PLAN), "No other policy was played."),
        (rivals(GREEDY), "The plan itself was not played."),
    ],
)
def test_policies_in_words(table: pd.DataFrame, said: str) -> None:
    assert spaced(sentences.policies(table)) == said


def causes(*rows: tuple[str, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["title", "spread", "chance"])
    return table.assign(source=table["title"])


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            causes(("Run costs", 9e6, -0.02), ("Cost overruns", 4e6, -0.12)),
            "Most comes from run costs: turned off, the range of costs from P5 to P95, $20.0M, narrows by $9.0M. "
            "Cost overruns: \u221212 points of chance, the most of any.",
        ),
        (
            causes(("Run costs", 9e6, -0.12)),
            "Most comes from run costs: turned off, the range of costs from P5 to P95, $20.0M, narrows by $9.0M. "
            "The same: \u221212 points of chance, the most of any.",
        ),
        (
            causes(("Run costs", 9e6, 0.0)),
            "Most comes from run costs: turned off, the range of costs from P5 to P95, $20.0M, narrows by $9.0M.",
        ),
        (causes(("Run costs", -9e6, 0.0)), "No single source widens the range of costs."),
        (causes(), "What drives the spread was not worked out when this plan was simulated."),
    ],
)
def test_drivers_in_words(table: pd.DataFrame, said: str) -> None:
    assert spaced(sentences.drivers(table, 20e6)) == said


# ---- figures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("narrow", [False, True])
def test_the_fan_has_three_bands_a_median_and_a_step_a_year(palette: Any, narrow: bool) -> None:
    made = played()
    figure = outlays(measure.history(made), measure.outlays(made), palette, narrow)
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    assert [trace.fillcolor for trace in bands] == [palette.band_95, palette.band_80, palette.band_50]
    median = next(trace for trace in figure.data if trace.name == "Median")
    assert list(median.y)[1:] == measure.outlays(made)["p50"].tolist()
    across = [s for s in figure.layout.shapes if s.y0 == s.y1]
    assert [s.y0 for s in across] == measure.outlays(made)["appropriation"].tolist()
    assert (len(figure.layout.annotations) > 3) is not narrow


def test_the_fan_of_one_year_is_a_bar_and_a_dot_and_of_none_a_sentence() -> None:
    made = played(results("full", 1))
    nothing_spent = measure.history(made).iloc[:0]
    figure = outlays(nothing_spent, measure.outlays(made), LIGHT)
    assert next(t for t in figure.data if t.name == "Median").mode == "markers"
    assert len({x for t in figure.data if t.fill == "toself" for x in t.x}) == 2
    empty = outlays(nothing_spent, measure.outlays(results()), LIGHT)
    assert empty.layout.annotations[0].text == "No futures yet."
    assert axis_start(nothing_spent, measure.outlays(results())) == 0.0
    assert draw_policies(measure.policies(results()), 2031, LIGHT).layout.annotations[0].text == "No futures yet."
    assert tornado(measure.drivers(results()), LIGHT).layout.annotations[0].text == "Not worked out."


@pytest.mark.parametrize("narrow", [False, True])
def test_a_policy_is_a_line_a_dot_and_a_tick(narrow: bool) -> None:
    table = measure.policies(played())
    figure = draw_policies(table, 2031, LIGHT, narrow)
    assert [trace.x[0] for trace in figure.data] == table["p50"].tolist()
    lines = [s for s in figure.layout.shapes if s.y0 == s.y1 and s.layer == "below"]
    assert [(s.x0, s.x1) for s in lines] == list(zip(table["p05"], table["p95"], strict=True))
    assert lines[0].line.color == LIGHT.median
    ticks = [s.x0 for s in figure.layout.shapes if s.x0 == s.x1]
    assert ticks == table["p80"].tolist()
    words = " ".join(a.text for a in figure.layout.annotations)
    assert all(title in words for title in table["title"])


def test_the_widest_source_leads_the_tornado() -> None:
    table = measure.drivers(played())
    figure = tornado(table, LIGHT)
    assert [trace.x[0] for trace in figure.data] == [9e6, 4e6, -0.2e6]
    assert figure.data[0].marker.color == LIGHT.median


# ---- the page ------------------------------------------------------------------------------------------------------


def test_every_figure_says_how_many_futures_and_its_standard_error() -> None:
    made = played()
    page = risk.layout(view(made))
    assert text(page).count(f"{FUTURES} simulated futures, seed 3") == 4
    error = measure.figure(made, "cost", "standard_error")
    assert f"\u00b1 {points(error)}, standard error" in text(page)
    for key, frame in risk.frames(view(made)).items():
        assert frame["Futures"].eq(FUTURES).all()
        assert key == "drivers" or "Standard error, points (%)" in frame
    assert text(page).count("Made-up data") == 4


def test_what_falls_below_the_target_is_marked_in_words_too() -> None:
    made = played()
    for target in measure.TARGETS:
        page = risk.layout(view(made, target=str(target)))
        cells = [c for c in walk(page) if type(c).__name__ == "Td" and getattr(c, "className", "") == "low"]
        assert len(cells) == len(measure.below(measure.chances(made), target))
        assert all(text(c).startswith("\u25bc") and text(c).endswith("below target") for c in cells)
    page = risk.layout(view(made, target="nonsense", fund="nonsense"))
    chosen = {c.id: c.value for c in walk(page) if type(c).__name__ == "Select"}
    assert chosen == {"risk-target": "0.9", "risk-fund": "all"}


def test_a_chance_just_below_the_target_does_not_read_as_the_target() -> None:
    made = played()
    low = made.risk.assign(chance_within=made.risk["chance_within"].where(made.risk["fund"].ne("general"), 0.8996))
    page = risk.layout(view(replace(made, risk=low)))
    cells = [c for c in walk(page) if type(c).__name__ == "Td" and getattr(c, "className", "") == "low"]
    assert "\u25bc89.96\u202f% below target" in [text(c) for c in cells]


def test_many_appropriations_show_the_least_sure_ones_and_the_file_has_all() -> None:
    made = played()
    rows = made.risk[made.risk["fund"].eq("general") & made.risk["measure"].eq("outlay")]
    more = [rows.assign(fund=f"general agency_{i:02d}") for i in range(20)]
    many = replace(made, risk=pd.concat([made.risk, *more], ignore_index=True))
    page = risk.layout(view(many))
    shown = next(c for c in walk(page) if getattr(c, "className", "") == "plain chances")
    assert sum(type(c).__name__ == "Tr" for c in walk(shown)) == 1 + 12 + 1
    assert "12 surer ones in the table" in text(page)
    assert risk.frames(view(many))["chance"]["Fund"].nunique() == 25


def test_csv_links_and_files_agree_and_the_file_is_the_table(study: Source) -> None:
    made = played()
    page = risk.layout(view(made), study)
    links = {c.href for c in walk(page) if str(getattr(c, "href", "")).startswith("/csv/")}
    assert links == {f"/csv/risk/{key}" for key in risk.frames(view(made))}
    one_fund = risk.frames(view(made, fund="general"))["fan"]
    assert one_fund["Median, $M"].tolist() == (measure.outlays(made, "general")["p50"] / 1e6).tolist()


def buttons(page: Any) -> list[str]:
    return [text(c) for c in walk(page) if type(c).__name__ == "Button"]


def test_before_a_simulation_there_is_one_button(study: Source, tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs.sqlite")
    page = risk.layout(view(results()), study, jobs)
    assert buttons(page) == ["Simulate"]
    assert "Baseline has not met any simulated future yet." in text(page)
    assert risk.frames(view(results())) == {}
    alone = risk.layout(view(results()), Source.of(write(tmp_path / "out")), jobs)
    assert buttons(alone) == []
    assert "open the study" in text(alone)
    rival = risk.layout(View(results("rival"), results("rival")), study, jobs)
    assert buttons(rival) == []
    assert "Choose a plan" in text(rival)


def test_drivers_that_were_left_out_are_offered(study: Source) -> None:
    page = risk.layout(view(played(drivers=False)), study)
    assert "not worked out" in text(page)
    assert buttons(page) == ["Simulate again"]
    assert "drivers" not in risk.frames(view(played(drivers=False)))


def test_the_chance_is_told_against_the_plan_it_is_held_against() -> None:
    made = played()
    nothing = measure.figure(made, "cost", "chance_within", "do_nothing")
    assert f"; {chance(nothing)} if nothing moves" in text(risk.layout(view(made)))
    other = replace(made, folder=Path("other"), summary={**made.summary, "title": "Other"})
    assert " in Other" in text(risk.layout(View(made, other)))
    bare = replace(other, risk=pd.DataFrame(), futures={})
    assert "; Other was not simulated" in text(risk.layout(View(made, bare)))


def test_the_worker_plays_futures_and_the_page_reads_them_again(
    study: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def fake(folder: Path, **options: Any) -> None:
        asked.update(options, folder=folder)
        options["progress"]("Futures", 0.5)
        made = played()
        made.risk.to_csv(folder / "risk.csv", index=False)
        made.drivers.to_csv(folder / "drivers.csv", index=False)
        (folder / "futures.json").write_text('{"futures": 400, "seed": 3, "policies": {}}\n', encoding="utf-8")

    monkeypatch.setattr("scenarios.futures.run.simulate", fake)
    first = study.read("baseline")
    assert not measure.is_played(first)
    jobs = Jobs(tmp_path / "jobs.sqlite")
    monkeypatch.setattr("dashboard.jobs.subprocess.Popen", lambda *_, **__: _Never())
    name = jobs.submit(explained.request(study, first, "futures"))
    assert worker.run(jobs.database, name) == 0
    job = jobs.read(name)
    assert job is not None
    assert job.state == DONE
    assert asked["folder"] == study.results / "baseline"
    assert asked["study"] == str(study.study)
    again = study.read("baseline")
    assert measure.is_played(again)
    page, _, _ = pages.render(study, jobs, "/risk", f"?job={name}", {})
    assert "The futures are played." in text(page)
    assert "400 simulated futures" in text(page)
    table = pages.csv(study, "risk", "chance", {})
    assert table is not None
    assert pd.read_csv(io.StringIO(table))["data"].eq("made up").all()


class _Never:
    """A child that was never started."""

    def poll(self) -> None:
        return None


def test_page_file_and_terminal_say_the_same(real: Results, capsys: pytest.CaptureFixture[str]) -> None:
    app(["simulate", str(real.folder), "--futures", "200"], standalone_mode=False)
    terminal = capsys.readouterr().out
    made = read_results(real.folder)
    pd.testing.assert_frame_equal(made.risk, real.risk)
    shown = view(made)
    page = text(risk.layout(shown)).replace("\u202f", " ")
    file = made.risk[made.risk["measure"].eq("cost")].set_index("policy")
    cost = made.risk[made.risk["policy"].eq("plan") & made.risk["measure"].eq("cost")].iloc[0]
    assert f"{100 * cost['chance_within']:.1f} %" in terminal
    assert f"In {spaced(chance(cost['chance_within']))} of 200 simulated futures" in page
    frames = risk.frames(shown)
    policies = frames["policies"].set_index("Policy")
    for policy, title in made.futures["policies"].items():
        row = file.loc[policy]
        assert policies.loc[title, "Median, $M"] == pytest.approx(row["p50"] / 1e6)
        assert policies.loc[title, "Within every appropriation, %"] == pytest.approx(100 * row["chance_within"])
        line = next(x for x in terminal.splitlines() if x.strip().startswith(title))
        assert f"{row['chance_within']:.1%}" in line
        assert f"{row['p80'] / 1e6:,.0f}" in line
    chances = frames["chance"]
    rows = made.risk.query("policy == 'plan' and measure == 'outlay' and chance_within.notna()")
    assert sorted(chances["Chance to stay within, %"]) == pytest.approx(sorted(100 * rows["chance_within"]))
    drivers = frames["drivers"].set_index("Source")["Widens P5 to P95 by, $M"]
    spread = made.drivers.query("measure == 'cost_spread'").set_index("title")["change"] / 1e6
    assert drivers.to_dict() == pytest.approx(spread.to_dict())
    for title, change in spread.items():
        line = next(x for x in terminal.splitlines() if x.strip().startswith(str(title)))
        assert f"{change:+,.1f}" in line


def test_pictures_have_names_and_a_narrow_page_has_keys() -> None:
    made = played()
    page = risk.layout(View(made, results("rival"), Look("dark", True)))
    pictures = [getattr(c, "aria-label") for c in walk(page) if getattr(c, "role", "") == "img"]
    assert len(pictures) == 3
    assert any(label.startswith("Cost of each policy.") for label in pictures)
    assert "half of futures" in text(page)
