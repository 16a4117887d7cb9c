"""Jobs: what the table says, what a worker does, and that one job's end is no other's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from time import sleep, time
from typing import Any

import pytest

from dashboard import worker
from dashboard.jobs import CANCELLED, DONE, FAILED, JOBS, RUNNING, WAITING, Jobs, change, engine, find
from dashboard.look import parse
from dashboard.pages.assumptions.progress import standing
from dashboard.source import Source
from tests.dashboard.made_up import write

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    """Jobs whose processes sleep instead of planning."""
    made = Jobs(tmp_path / "jobs.sqlite")
    monkeypatch.setattr("dashboard.jobs.subprocess.Popen", lambda *_, **kept: Popen(SLEEP, **kept))
    yield made
    for name in list(made._children):
        made.cancel(name)


def waiting(database: Any, **values: Any) -> str:
    row = {"id": "one", "state": WAITING, "percent": 0, "stage": "", "heartbeat": time(), "request": "{}"}
    with database.begin() as connection:
        connection.execute(JOBS.insert().values(**{**row, "result": "", "error": "", **values}))
    return "one"


def test_looking_at_results_makes_no_database(tmp_path: Path) -> None:
    assert Jobs(tmp_path / "jobs.sqlite").read("one") is None
    assert not (tmp_path / "jobs.sqlite").exists()


def test_a_job_is_known_by_its_id_alone(jobs: Jobs) -> None:
    name = jobs.submit({"study": "erie"})
    again = Jobs(jobs.database)
    job = again.read(name)
    assert job is not None
    assert job.state == WAITING
    assert job.request == {"study": "erie"}
    assert jobs.read("another") is None
    assert jobs.read("") is None


def test_cancel_ends_that_job_and_no_other(jobs: Jobs) -> None:
    one, other = jobs.submit({}), jobs.submit({})
    child = jobs._children[one]
    jobs.cancel(one)
    job = jobs.read(one)
    assert job is not None
    assert job.state == CANCELLED
    assert child.poll() is not None
    assert jobs._children[other].poll() is None
    jobs.cancel(one)


def test_a_process_that_ends_without_an_answer_is_reported(jobs: Jobs) -> None:
    name = jobs.submit({})
    jobs._children[name].kill()
    jobs._children[name].wait(10)
    job = jobs.read(name)
    assert job is not None
    assert job.state == FAILED
    assert job.error == "The planning process ended without an answer. Plan again."


def test_a_worker_that_has_fallen_silent_is_reported(tmp_path: Path) -> None:
    rows = Jobs(tmp_path / "jobs.sqlite")
    waiting(rows.engine, state=RUNNING, heartbeat=time() - 120)
    job = rows.read("one")
    assert job is not None
    assert job.state == FAILED


def test_what_is_over_does_not_change(tmp_path: Path) -> None:
    rows = engine(tmp_path / "jobs.sqlite")
    waiting(rows, state=CANCELLED)
    assert not change(rows, "one", state=DONE)
    job = find(rows, "one")
    assert job is not None
    assert job.state == CANCELLED


def test_a_worker_writes_progress_and_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = engine(tmp_path / "jobs.sqlite")
    waiting(rows)
    seen = []

    def plan(request: dict[str, Any], progress: Any) -> str:
        progress("pricing the limits", 0.4)
        job = find(rows, "one")
        assert job is not None
        seen.append((job.state, job.stage, job.percent))
        return "new"

    monkeypatch.setattr(worker, "plan", plan)
    assert worker.run(str(tmp_path / "jobs.sqlite"), "one") == 0
    job = find(rows, "one")
    assert job is not None
    assert seen == [(RUNNING, "pricing the limits", 40.0)]
    assert (job.state, job.result, job.percent) == (DONE, "new", 100.0)
    assert worker.run(str(tmp_path / "jobs.sqlite"), "one") == 1


def test_a_worker_writes_why_it_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = engine(tmp_path / "jobs.sqlite")
    waiting(rows)

    def plan(request: dict[str, Any], progress: Any) -> str:
        raise ValueError("No plan satisfies every limit.")

    monkeypatch.setattr(worker, "plan", plan)
    assert worker.run(str(tmp_path / "jobs.sqlite"), "one") == 1
    job = find(rows, "one")
    assert job is not None
    assert (job.state, job.error) == (FAILED, "No plan satisfies every limit.")
    assert worker.in_words(KeyError("x")) == "The plan could not be made: KeyError: 'x'"


def test_a_heartbeat_shows_that_a_worker_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = engine(tmp_path / "jobs.sqlite")
    waiting(rows, heartbeat=0.0)
    monkeypatch.setattr(worker, "BEAT", 0.05)

    def plan(request: dict[str, Any], progress: Any) -> str:
        change(rows, "one", heartbeat=0.0)
        sleep(0.5)
        return "new"

    monkeypatch.setattr(worker, "plan", plan)
    worker.run(str(tmp_path / "jobs.sqlite"), "one")
    job = find(rows, "one")
    assert job is not None
    assert job.heartbeat > 0


def test_fiscal_years_are_numbers_again() -> None:
    scenario = {"name": "a", "set": {"appropriation": {"general": {"2028": 1.0}}, "risk_price": 2}}
    made = worker._with_years(scenario)
    assert made["set"] == {"appropriation": {"general": {2028: 1.0}}, "risk_price": 2}
    hours = worker._with_years({"set": {"capacity": {"migration": {"2028": "+5%"}}}})
    assert hours["set"] == {"capacity": {"migration": {2028: "+5%"}}}


def test_the_page_says_how_a_job_stands(tmp_path: Path) -> None:
    source = Source.of(write(tmp_path / "out"))
    rows = Jobs(tmp_path / "jobs.sqlite")
    waiting(rows.engine, state=FAILED, error="No plan satisfies every limit.")
    status, _, over, result = standing(rows.read("one"), source, parse(""))
    assert (status, over) == ("No plan was made.", True)
    assert result.children == "No plan satisfies every limit."
    assert standing(None, source, {})[0] == "This job is no longer known."


def test_the_page_shows_the_new_plan_beside_the_old(tmp_path: Path) -> None:
    source = Source.of(write(tmp_path / "out"))
    rows = Jobs(tmp_path / "jobs.sqlite")
    waiting(rows.engine, state=DONE, result="baseline", request='{"before": "cost_to_continue"}')
    status, _, over, result = standing(rows.read("one"), source, parse(""))
    assert (status, over) == ("The plan is ready.", True)
    links = [link.href for link in result.children[-1].children]
    assert links == ["/?showing=baseline", "/plan?showing=baseline", "/limits?showing=baseline"]


def test_a_result_that_has_gone_is_told(tmp_path: Path) -> None:
    source = Source.of(write(tmp_path / "out"))
    rows = Jobs(tmp_path / "jobs.sqlite")
    waiting(rows.engine, state=DONE, result="gone")
    assert "has no results yet" in standing(rows.read("one"), source, parse(""))[3].children
