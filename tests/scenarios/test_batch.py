"""Scenarios in bulk: the same table whoever works and however often a run is broken off; failures that stop nothing."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

import reallot
from scenarios.batch import FAILURES, RUNS, Batch, run_study, still_fits
from scenarios.errors import StudyError
from scenarios.pipeline import asked_for
from scenarios.referee import verify_results
from scenarios.results import input_hashes, read_json
from scenarios.study import read_study, write_study
from scenarios.workers import NO_PLAN_EXISTS, Failure, Take, Task, on_processes, work
from tests.scenarios.studies import small_study

ROOT = Path(__file__).parents[2]
GRID = """name: cuts
why: What if revenue and rates differ?
sweep: {discount_rate: [0.02, 0.06], appropriation.general: ["0%", "+10%"]}
"""
POOR = """name: poor
why: No money at all.
set: {appropriation: {all: {2027: -95%}}}
"""
MISSPELT = """name: misspelt
why: A name that nothing has.
set: {discont_rate: 0.1}
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = write_study(small_study(systems=8), tmp_path_factory.mktemp("bulk") / "study")
    (place / "scenarios" / "cuts.yaml").write_text(GRID)
    (place / "scenarios" / "poor.yaml").write_text(POOR)
    (place / "scenarios" / "misspelt.yaml").write_text(MISSPELT)
    return place


@pytest.fixture(scope="module")
def whole(study: Path) -> Batch:
    return run_study(study, study.parent / "whole", gap=1e-2)


def test_every_scenario_has_results_and_failures_stop_none(whole: Batch) -> None:
    assert len(whole.done) == 6
    assert {f.scenario: f.kind for f in whole.failures} == {"poor": NO_PLAN_EXISTS, "misspelt": "bad input"}
    table = pd.read_csv(whole.out / FAILURES)
    assert list(table["scenario"]) == ["misspelt", "poor"]
    assert "Did you mean discount_rate?" in table["message"][0]
    assert str(verify_results(whole.out / whole.done[1])).startswith(f"{whole.done[1]}: verified.")


def test_the_table_says_what_the_folders_say(whole: Batch) -> None:
    table = pd.read_parquet(whole.out / RUNS)
    assert list(table["scenario"].unique()) == list(whole.done)
    for name, rows in table.groupby("scenario"):
        summary = read_json(whole.out / str(name) / "summary.json")
        figures = rows[rows["period"].eq("")].set_index("measure")["value"]
        assert figures["net_saving"] == summary["net_saving"]
        outlay = rows[rows["measure"].eq("outlay")].groupby("period")["value"].sum()
        assert outlay.to_dict() == pytest.approx(summary["outlay_by_year"], abs=0.01)
    one = table[table["scenario"].eq("cuts__discount_rate_0_02__appropriation_general_plus_10pct")]
    settings = one[one["measure"].str.startswith("setting.")].set_index("measure")["value"].to_dict()
    assert settings == {"setting.discount_rate": 0.02, "setting.appropriation.general": 0.1}
    assert set(one["settings"]) == {"discount_rate=0.02; appropriation.general=+10%"}


def test_two_workers_give_the_same_bytes(study: Path, whole: Batch, tmp_path: Path) -> None:
    run_study(study, tmp_path, workers=2, gap=1e-2)
    for name in (RUNS, FAILURES, *(f"{done}/plan.csv" for done in whole.done)):
        assert (tmp_path / name).read_bytes() == (whole.out / name).read_bytes(), name


@pytest.mark.parametrize("seed", [0, 1])
def test_a_run_killed_at_a_random_moment_and_resumed_gives_the_same_table(
    study: Path, whole: Batch, tmp_path: Path, seed: int
) -> None:
    draw = random.Random(seed)
    command = [sys.executable, "-m", "reallot", "run", str(study), "--out", str(tmp_path), "--gap", "0.01"]
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    some = draw.randint(1, 5)
    while run.poll() is None and len(list(tmp_path.glob("[a-z]*/summary.json"))) < some:
        time.sleep(0.01)
    time.sleep(draw.random() * 0.5)
    run.kill()
    run.wait()
    batch = run_study(study, tmp_path, resume=True, gap=1e-2)
    assert len(batch.kept) >= some
    assert (tmp_path / RUNS).read_bytes() == (whole.out / RUNS).read_bytes()
    assert not list(tmp_path.glob(".draft-*"))


def test_only_what_still_fits_is_kept(whole: Batch, study: Path, tmp_path: Path) -> None:
    read, asked, inputs = read_study(study), asked_for(gap=1e-2), input_hashes(study)
    member = read.scenario(whole.done[1])
    folder = whole.out / member.name
    assert still_fits(folder, member, read, asked, inputs)
    assert not still_fits(folder, member, read, asked_for(gap=1e-3), inputs)
    assert not still_fits(folder, member, read, asked, inputs | {"tables/systems.csv": "other"})
    assert not still_fits(folder, member, read, asked, inputs | {"tables/overrides.csv": "new"})
    assert not still_fits(folder, member.model_copy(update={"why": "Another."}), read, asked, inputs)
    assert not still_fits(tmp_path, member, read, asked, inputs)
    for name, fits in (("later", True), ("baseline", False)):
        added = study / "scenarios" / "added.yaml"
        added.write_text(f"name: {name}\nwhy: It came later.\n")
        try:
            assert still_fits(folder, member, read, asked, input_hashes(study)) is fits, name
        finally:
            added.unlink()


def test_ctrl_c_ends_a_run_with_a_word_and_what_is_finished(study: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "reallot", "run", str(study), "--out", str(tmp_path), "--gap", "0.01"]
    run = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while run.poll() is None and not (tmp_path / "baseline" / "summary.json").exists():
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert said.startswith("Broken off.")
    assert "Traceback" not in said
    assert "baseline" in set(pd.read_parquet(tmp_path / RUNS)["scenario"])


def test_results_of_which_no_word_came_before_ctrl_c_are_in_the_table(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_off(tasks: Sequence[Task], workers: int, take: Take) -> None:
        assert work(tasks[0]) is None
        raise KeyboardInterrupt

    monkeypatch.setattr("scenarios.batch.on_processes", broken_off)
    with pytest.raises(KeyboardInterrupt):
        run_study(study, tmp_path, gap=0.01)
    assert set(pd.read_parquet(tmp_path / RUNS)["scenario"]) == {"baseline"}


def test_a_process_that_dies_twice_is_one_failure(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.workers.work", die_on_bad)
    taken: dict[str, Failure | None] = {}
    tasks = [Task(str(study), str(tmp_path), name, {}, ()) for name in ("a", "bad", "c")]
    on_processes(tasks, 2, lambda name, failure: taken.update({name: failure}))
    assert taken.keys() == {"a", "bad", "c"}
    assert taken["a"] is taken["c"] is None
    assert taken["bad"] is not None
    assert "its process ended" in taken["bad"].message


def die_on_bad(task: Task) -> Failure | None:
    if task.name == "bad":
        os._exit(1)
    return None


def test_a_sweep_that_cannot_be_used_stops_the_run_before_it_begins(tmp_path: Path) -> None:
    place = write_study(small_study(), tmp_path / "study")
    (place / "scenarios" / "cuts.yaml").write_text(GRID.replace("discount_rate", "discont_rate"))
    with pytest.raises(StudyError, match="Did you mean discount_rate"):
        run_study(place, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_failed_in_its_exit_code(
    study: Path, whole: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        reallot.main(["run", str(study), "--out", str(whole.out), "--resume", "--gap", "0.01"])
    said = capsys.readouterr().out
    assert caught.value.code == 2
    assert said.startswith(f"6 of 8 scenarios have results in {whole.out}, 6 of them from before")
    assert "failed: poor (no plan exists)" in said
