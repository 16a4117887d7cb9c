"""Scenarios side by side: what differs, assumptions first, and sentences whose figures are those of the results."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

import reallot
from scenarios.batch import run_study
from scenarios.comparison import compare
from scenarios.errors import ResultsError
from scenarios.results import RIVAL, read_json
from scenarios.study import write_study
from tests.scenarios.studies import small_study

MORE = """name: more
why: Revenue comes in.
set: {appropriation: {all: {2027: +50%}}, capacity: {migration: {2028: +10%}}}
"""
SAME = """name: same
why: Nothing differs.
"""
POOR = """name: poor
why: No money at all.
set: {appropriation: {all: {2027: -95%}}}
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    place = write_study(small_study(systems=8), folder / "study")
    for text in (MORE, SAME, POOR):
        (place / "scenarios" / f"{text.split()[1]}.yaml").write_text(text)
    return run_study(place, folder / "out", gap=1e-2).out


def test_only_what_differs_is_shown_assumptions_first(out: Path) -> None:
    found = compare(out)
    assert list(found.assumptions) == ["appropriation.federal", "appropriation.general", "capacity.migration"]
    assert list(found.results.index) == ["baseline", "more", "same", RIVAL]
    money = found.assumptions["appropriation.general"].astype(float)
    assert money["more"] == pytest.approx(1.5 * money["baseline"])
    columns = list(found.table)
    assert columns.index("capacity.migration") < columns.index("net_saving") < columns.index("sentence")
    alone = compare(out, scenarios=["same"])
    assert alone.assumptions.empty
    assert alone.results.empty


def test_figures_are_those_of_the_results(out: Path) -> None:
    found = compare(out, to="more")
    for name in found.results.index:
        summary = read_json(out / str(name) / "summary.json")
        assert found.results.at[name, "net_saving"] == summary["net_saving"]
        assert found.results.at[name, "outlay_2029"] == summary["outlay_by_year"]["2029"]


def test_sentences_say_what_differs_and_what_follows(out: Path) -> None:
    said = compare(out).sentences
    saved = read_json(out / "baseline" / "summary.json")["net_saving"]
    assert said["baseline"].startswith(f"baseline {'saves' if saved >= 0 else 'costs'} ${abs(saved) / 1e6:.2f}M net")
    assert "with the same assumptions" in said["same"]
    assert "as in baseline" in said["same"]
    assert "appropriation.general $" in said["more"]
    assert "proven gap" in said["more"]
    assert re.search("(more|less) than baseline", said[RIVAL])
    assert "nothing is chosen in it" in said[RIVAL]


def test_a_difference_below_the_gap_is_within_the_gap(out: Path) -> None:
    path = out / "more" / "summary.json"
    before = path.read_text()
    there = read_json(out / "baseline" / "summary.json")
    try:
        gap = there["gap_usd"] + 1000.0
        for cost, within in ((gap - 1, True), (gap + 1, False), (1 - gap, True), (-gap - 1, False)):
            changed = json.loads(before) | {"objective": there["objective"] + cost, "gap_usd": gap}
            path.write_text(json.dumps(changed))
            part = compare(out).sentences["more"].split("the objective is")[1].split(";")[0]
            assert ("within the gap" in part) is within, cost
    finally:
        path.write_text(before)


def test_what_has_no_results_and_what_has_other_inputs_is_noted(out: Path) -> None:
    assert any(note.startswith("poor has no results: no plan exists.") for note in compare(out).notes)
    path = out / "same" / "manifest.json"
    before = path.read_text()
    try:
        made = json.loads(before)
        made["inputs"]["tables/systems.csv"] = "other"
        path.write_text(json.dumps(made))
        assert compare(out).notes[0].startswith("same was made from other tables")
    finally:
        path.write_text(before)


def test_the_command_writes_a_table_in_both_formats(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("c.csv", "c.xlsx"):
        reallot.app(["compare", str(out), "--out", str(tmp_path / name)], standalone_mode=False)
    said = capsys.readouterr().out
    assert said.startswith("Held against baseline")
    assert all(sentence[:40] in said for sentence in compare(out).sentences.values())
    table = pd.read_csv(tmp_path / "c.csv")
    rows = CalamineWorkbook.from_path(str(tmp_path / "c.xlsx")).get_sheet_by_name("comparison").to_python()
    assert list(table) == rows[0]
    assert list(table["scenario"]) == [row[0] for row in rows[1:]]
    reallot.app(["compare", str(out), "--to", "more", "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["to"] == "more"


def test_what_cannot_be_compared_is_refused(out: Path, tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="Did you mean more"):
        compare(out, to="mroe")
    with pytest.raises(ResultsError, match="holds no results"):
        compare(tmp_path)
    with pytest.raises(ResultsError, match="is no kind of file to write"):
        compare(out).write(tmp_path / "c.txt")
