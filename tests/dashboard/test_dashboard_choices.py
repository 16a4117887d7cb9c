"""Other plans on the Plan page: near-equal ones and the frontier, in the figures of the plan shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dashboard.jobs import Jobs
from dashboard.look import View
from dashboard.measures import choices
from dashboard.pages import plan
from dashboard.pages.plan import sentences
from dashboard.source import Source
from dashboard.words import plain
from scenarios.results import Results
from tests.dashboard.made_up import results, with_choices, write
from tests.dashboard.test_dashboard_pages import text, walk


def view(made: Results | None = None) -> View:
    return View(made or with_choices(), results("rival"))


def spaced(words: str) -> str:
    return plain(words).replace("\u202f", " ")


@pytest.fixture
def study(tmp_path: Path) -> Source:
    write(tmp_path / "study" / "results")
    (tmp_path / "study" / "study.yaml").write_text("name: Erie\n", encoding="utf-8")
    return Source.of(tmp_path / "study")


def test_other_plans_cost_a_share_of_what_this_one_costs() -> None:
    table = choices.alternatives(with_choices())
    assert table["dollars"].tolist() == pytest.approx([1.5e6, 1.1e6])
    assert table["words"].tolist() == [
        "starts 9 servers in another quarter",
        "moves 1 server that the best plan keeps",
    ]
    starts = choices.starts(with_choices())
    moved = results().plan.loc[results().plan["start"] != "", "units"].sum()
    assert starts.groupby("plan")["units"].sum().tolist() == [moved] * 3
    assert choices.starts(results())["plan"].unique().tolist() == [0]


def test_the_frontier_is_told_against_the_plan_of_the_studys_own_aim() -> None:
    table = choices.frontier(with_choices())
    assert table["own"].tolist() == [False, True, False, False]
    assert table["more"].tolist() == [-1e6, 0.0, 3e6, 9e6]
    assert choices.efficient(table, "risk")["plan"].tolist() == [1, 2, 3]
    assert choices.efficient(table, "speed")["plan"].tolist() == [1, 2, 4]
    made = with_choices()
    other = made.explained["frontier"].assign(aim="least cost")
    unmarked = choices.frontier(replace(made, explained={"frontier": other}))
    assert unmarked["own"].tolist() == [True, False, False, False]


def test_how_dear_and_how_different_in_words() -> None:
    table = choices.alternatives(with_choices())
    assert spaced(sentences.alternatives(table, True)) == (
        "Two other plans cost 1.1 % to 1.5 % more, $1.1M to $1.5M in present value; "
        "each gives at least 30 % of servers another fate."
    )
    assert spaced(sentences.alternatives(table.head(1), True)) == (
        "One other plan costs 1.5 % more, $1.5M in present value, and gives 40 % of servers another fate."
    )
    same = table.assign(dearer=0.02, dollars=2e6)
    assert "cost 2.0 % more, $2.0M in" in spaced(sentences.alternatives(same, True))
    none = "No other plan within 2 % of the best was found in the time given."
    assert spaced(sentences.alternatives(table.head(0), True)) == none
    assert sentences.alternatives(table.head(0), False) == "Nobody has looked yet."


def test_what_less_risk_and_more_speed_cost_in_words() -> None:
    table = choices.frontier(with_choices())
    start = "Of four plans none beats another in cost, risk and speed"
    assert spaced(sentences.frontier(table, True)) == (
        f"{start}: 7 % less risk costs $3.0M and 8.0 points more speed $9.0M more than the plan shown."
    )
    assert len(spaced(sentences.frontier(table, True))) <= 200
    slow = table[table["plan"] != 3].assign(risk=[900.0, 700.0, 720.0])
    assert spaced(sentences.frontier(slow, True)).endswith(
        "speed: 8.0 points more speed costs $9.0M more than the plan shown."
    )
    cheap = sentences.frontier(table.head(2), True)
    assert spaced(cheap).endswith("than the one shown: $1.0M less costs 29 % more risk.")
    assert sentences.frontier(table.head(1), True).startswith("One plan was found")
    assert sentences.frontier(table.head(0), True) == "No plan was found in the time given."
    assert sentences.frontier(table.head(0), False) == "Nobody has worked this out yet."


def buttons(page: Any) -> list[str]:
    return [text(c) for c in walk(page) if type(c).__name__ == "Button"]


def test_what_was_not_asked_for_is_offered_and_has_no_file(study: Source, tmp_path: Path) -> None:
    page = plan.layout(view(results()), study, Jobs(tmp_path / "jobs.sqlite"))
    assert {"Look for other plans", "Work out the frontier"} <= set(buttons(page))
    assert "Nobody has looked yet." in text(page)
    assert {"alternatives", "frontier"}.isdisjoint(plan.frames(view(results())))
    alone = Source.of(write(tmp_path / "out"))
    assert buttons(plan.layout(view(results()), alone)) == []


def test_what_was_found_has_a_figure_a_table_and_a_file(study: Source, tmp_path: Path) -> None:
    page = plan.layout(view(), study, Jobs(tmp_path / "jobs.sqlite"))
    links = {c.href for c in walk(page) if str(getattr(c, "href", "")).startswith("/csv/")}
    assert links == {f"/csv/plan/{key}" for key in plan.frames(view())}
    assert {"Look again", "Work it out again"} <= set(buttons(page))
    pictures = [getattr(c, "aria-label") for c in walk(page) if getattr(c, "role", "") == "img"]
    assert any(label.startswith("Servers that begin to move in each quarter. Two other plans") for label in pictures)
    table = plan.frames(view())["frontier"]
    assert table["Change against the plan shown, $M"].tolist() == [-1.0, 0.0, 3.0, 9.0]
    parts = plan.answers(view(), study)
    assert set(parts) == {"alternatives", "frontier"}


def test_a_search_that_found_nothing_says_so(study: Source) -> None:
    nothing = {name: frame.iloc[:0] for name, frame in with_choices().explained.items()}
    page = text(plan.layout(view(replace(results(), explained=nothing)), study))
    assert "No other plan within" in page
    assert "No plan was found in the time given." in page
    assert choices.alternatives(replace(results(), explained={"alternatives": pd.DataFrame()})).empty
