"""Results explained from their folder: tables beside the plan, words on the terminal, exit codes."""

import json
from pathlib import Path

import pandas as pd
import pytest

import reallot
from scenarios.explain import Asked, explain
from scenarios.pipeline import plan_study
from scenarios.results import EXPLAINED, read_results
from scenarios.study import write_study
from tests.scenarios.studies import small_study


def test_a_folder_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = write_study(small_study(), tmp_path / "study")
    from scenarios.study import read_study

    results = plan_study(read_study(place), "baseline", tmp_path / "out", seconds=20, gap=0.01)
    asked = Asked(
        prices=True, alternatives=True, frontier=1, why_not=True, on=str(small_study().as_of.date()), seconds=10
    )
    told_of: list[float] = []
    found = explain(results.folder, asked, progress=lambda stage, share: told_of.append(share))
    assert found.possible
    assert len(told_of) > 5
    assert 0 < min(told_of) <= max(told_of) <= 1
    assert found.text[0] == "Why not? Nothing stands in the way: a plan exists."
    told = json.loads((results.folder / "explain.json").read_text(encoding="utf-8"))
    assert {"prices", "alternatives", "frontier", "replan", "replan_changes", "why_not"} <= set(told)
    for name in found.tables:
        assert (results.folder / f"explain_{name}.csv").exists()
    assert not pd.read_csv(results.folder / "explain_frontier.csv").empty
    with pytest.raises(SystemExit) as ended:
        reallot.main(["explain", str(results.folder), "--prices", "--json"])
    assert ended.value.code == 0
    assert "prices" in json.loads(capsys.readouterr().out)
    kept = json.loads((results.folder / "explain.json").read_text(encoding="utf-8"))
    assert set(kept) == set(told)
    again = read_results(results.folder)
    assert list(again.explained) == list(EXPLAINED)
    assert len(again.explained["prices"]) == len(found.tables["prices"])
    with pytest.raises(SystemExit) as ended:
        reallot.main(["explain", str(results.folder), "--replan-on", "soon"])
    assert ended.value.code == 2


def test_a_study_without_a_plan_says_why_and_what_helps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = small_study()
    rows = study.table("appropriations")
    tables = {**study.tables, "appropriations": rows.assign(amount=rows["amount"] * 0.01)}
    from dataclasses import replace

    place = write_study(replace(study, tables=tables), tmp_path / "study")
    for command in (["plan", str(place), "--out", str(tmp_path / "out")], ["explain", str(place), "--why-not"]):
        with pytest.raises(SystemExit) as ended:
            reallot.main(command)
        assert ended.value.code == 3
        told = capsys.readouterr()
        assert "no schedule satisfies every limit." in told.out + told.err
        assert "raise the appropriation" in told.out + told.err
