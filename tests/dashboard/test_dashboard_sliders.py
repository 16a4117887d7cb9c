"""Sliders: what they say, and that what they ask for is a scenario like one from the Assumptions page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dashboard.jobs import Jobs
from dashboard.measures import limits as measure
from dashboard.pages import limits
from dashboard.pages.limits import sentences, sliders
from dashboard.source import Source
from dashboard.words import plain
from scenarios.changes import apply
from scenarios.results import Results, write_results
from scenarios.scenario import Scenario
from tests.dashboard.made_up import ASSUMPTIONS, results, write
from tests.dashboard.test_dashboard_limits import view
from tests.dashboard.test_dashboard_pages import text, walk
from tests.scenarios.studies import small_study


def with_starts(made: Results | None = None) -> Results:
    """Results that list a limit on starts by year."""
    rows = [*ASSUMPTIONS, ("starts_per_quarter", "FY2027: 300, FY2028: 480", "units/quarter", "480", "")]
    table = pd.DataFrame(rows, columns=["parameter", "value", "unit", "default", "source"]).assign(changed_by="")
    return replace(made or results(), assumptions=table)


def known(made: Results | None = None) -> dict[str, sliders.Slider]:
    made = made or with_starts()
    return {s.key: s for s in sliders.sliders(made, measure.priced(made))}


def asked_of(made: Results, asked: dict[str, float], taken: tuple[str, ...] = ()) -> dict[str, Any]:
    return sliders.scenario(made, asked, measure.priced(made), taken)


def spaced(words: str) -> str:
    return plain(words).replace("\u202f", " ")


def test_every_limit_that_a_scenario_can_set_has_a_slider() -> None:
    found = known()
    assert list(found)[:3] == ["starts_per_quarter", "hours/migration", "hours/application"]
    assert sum(s.is_money for s in found.values()) == 20
    assert [s.key for s in found.values() if s.binding and s.is_money] == ["appropriation/general/2028"]
    rows = measure.priced(results())
    hours = rows[rows["limit"].eq("hours") & rows["subject"].eq("migration")]
    assert found["hours/migration"].percent == pytest.approx(hours["percent"].sum())
    money = found["appropriation/general/2028"]
    assert money.percent == pytest.approx(0.4 * money.high / 100)
    assert "starts_per_quarter" not in known(results())


def test_a_slider_says_what_there_is_and_what_is_asked_for() -> None:
    found = known()
    hours, free = found["hours/migration"], found["appropriation/federal/2028"]
    assert sliders.told(hours, 0) == "4,000 a quarter"
    assert spaced(sliders.told(hours, 5)).startswith("+5 %: 4,200 a quarter; worth $")
    assert spaced(sliders.told(hours, -5)).endswith("at least")
    assert spaced(sliders.told(free, 5)).endswith("; worth nothing by itself")
    assert spaced(sliders.told(free, -10)).startswith("−10 %: $")
    spread = replace(hours, low=3000.0)
    assert sliders.told(spread, 0) == "3,000 to 4,000 a quarter"
    assert sliders.moved({"a": "4", "b": 0, "c": None, "d": -99}) == {"a": 4.0, "d": -20.0}
    assert spaced(sliders.signed(2.5)) == "+2.5 %"


def test_what_is_asked_for_in_words() -> None:
    found = known()
    rows = list(found.values())
    assert sentences.asked(rows, {}).startswith("Nothing is moved")
    more = spaced(sentences.asked(rows, {"hours/migration": 10, "appropriation/general/2028": 2}))
    assert more.startswith(
        "Asked for: Migration hours +10 % and General FY2028 +2 %. By today’s prices that is worth $"
    )
    assert more.endswith("at most, in present value.")
    less = spaced(sentences.asked(rows, {"hours/migration": -10, "appropriation/federal/2028": 2}))
    assert "costs $" in less
    assert less.endswith("at least, in present value.")
    nothing = sentences.asked(rows, {"appropriation/federal/2028": 2})
    assert nothing.endswith("worth little or nothing.")
    many = {key: 1.0 for key in list(found)[3:9]}
    assert "and 3 more." in sentences.asked(rows, many)
    assert sentences.what_if(False).startswith("This plan has no limit")


def test_a_moved_appropriation_is_an_amount_as_the_form_would_set_it() -> None:
    made = with_starts()
    scenario = asked_of(made, {"appropriation/general/2028": 10.0}, ("baseline",))
    amounts = made.appropriations.set_index(["fund", "fiscal_year"])["amount"]
    money = scenario["set"]["appropriation"]
    assert set(money) == {"general"}
    assert money["general"][2028] == pytest.approx(1.1 * amounts["general", 2028])
    assert money["general"][2029] == amounts["general", 2029]
    assert scenario["name"] == "baseline_general_fy2028_plus_10"
    assert spaced(scenario["title"]) == "Baseline, general FY2028 +10 %"
    assert spaced(scenario["why"]) == "What if: General FY2028 +10 %."
    long = replace(made, folder=Path("a" * 90))
    assert asked_of(long, {"appropriation/general/2028": 10.0}, ("a" * 60,))["name"] == f"{'a' * 60}_2"


def test_moved_starts_are_whole_and_hours_a_percentage() -> None:
    scenario = asked_of(with_starts(), {"starts_per_quarter": 1.0, "hours/migration": -5.0})
    assert scenario["set"]["starts_per_quarter"] == {"2027": 303, "2028": 485}
    assert scenario["set"]["capacity"] == {"migration": dict.fromkeys(range(2027, 2032), "-5%")}
    assert spaced(scenario["title"]) == "Baseline, starts +1 % and 1 more"


def test_a_move_comes_on_top_of_what_the_plan_shown_sets() -> None:
    before = {"2028": "+10%", "2030": 500.0}
    assert sliders.rescaled(before, range(2027, 2032), 10) == {
        2027: "+10%",
        2028: "+21%",
        2029: "+21%",
        2030: pytest.approx(550.0),
        2031: pytest.approx(550.0),
    }
    held = {"name": "cut", "based_on": "lean", "set": {"capacity": {"application": {"2028": "-5%"}}, "risk_price": 9}}
    scenario = asked_of(replace(with_starts(), manifest={"scenario": held}), {"hours/migration": 5.0})
    assert scenario["based_on"] == "lean"
    assert scenario["set"]["risk_price"] == 9
    assert list(scenario["set"]["capacity"]) == ["application", "migration"]


def test_the_scenario_is_one_that_a_study_takes() -> None:
    made = with_starts()
    scenario = asked_of(made, {"starts_per_quarter": 10.0, "hours/migration": 10.0})
    scenario["set"]["capacity"] = {
        s: {y: c for y, c in years.items() if y <= 2029} for s, years in scenario["set"]["capacity"].items()
    }
    changed = apply(small_study(), Scenario(**{**scenario, "based_on": "baseline"}))
    table = changed.table("capacity")
    assert table.loc[table["skill"].eq("migration"), "hours"].tolist() == pytest.approx([4400.0] * 3)
    assert changed.settings.by_year("starts_per_quarter", [2028]) == {2028: 528}


# ---- the page ------------------------------------------------------------------------------------------------------


@pytest.fixture
def study(tmp_path: Path) -> Source:
    folder = write(tmp_path / "study" / "results")
    write_results(with_starts(replace(results(), folder=folder / "baseline")))
    (tmp_path / "study" / "study.yaml").write_text("name: Erie\n", encoding="utf-8")
    return Source.of(tmp_path / "study")


def inputs(page: Any) -> list[Any]:
    return [c for c in walk(page) if type(c).__name__ == "Input"]


def test_every_slider_is_native_and_lies_in_its_label(study: Source) -> None:
    page = limits.layout(view(with_starts()), study)
    found = inputs(page)
    assert len(found) == len(known())
    assert {(i.type, i.min, i.max, i.step, i.value) for i in found} == {("range", -20, 20, 1, 0.0)}
    labels = [c for c in walk(page) if type(c).__name__ == "Label"]
    assert [len(inputs(label)) for label in labels] == [1] * len(found)
    assert text(labels[0]) == "Starts, change in percent"
    legends = [text(c) for c in walk(page) if type(c).__name__ == "Legend"]
    assert legends == ["Capacity, in every quarter", "Appropriations that bind"]
    assert "All other appropriations (19)" in text(page)


def test_sliders_need_a_study_and_a_plan_that_moves(study: Source, tmp_path: Path) -> None:
    alone = Source.of(write(tmp_path / "out"))
    assert inputs(limits.layout(view(), alone)) == []
    assert "To plan again, open the study" in text(limits.layout(view(), alone))
    assert "Cost to continue moves nothing." in text(limits.layout(view(results("rival")), study))


def test_sliders_stand_where_the_job_left_them(study: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = with_starts()
    request = sliders.request(study, made, {"hours/migration": 5.0}, measure.priced(made))
    assert (request["before"], request["moved"]) == ("baseline", {"hours/migration": 5.0})
    jobs = Jobs(tmp_path / "jobs.sqlite")
    monkeypatch.setattr("dashboard.jobs.subprocess.Popen", lambda *_, **__: None)
    name = jobs.submit(request)
    jobs._children.clear()
    page = limits.layout(view(made, job=name), study, jobs)
    at = {i.id["slider"]: i.value for i in inputs(page)}
    assert at["hours/migration"] == 5.0
    assert sum(v != 0 for v in at.values()) == 1
    button = next(c for c in walk(page) if type(c).__name__ == "Button" and text(c) == "Plan with these limits")
    assert button.disabled is False
