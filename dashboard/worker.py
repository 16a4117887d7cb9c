"""The child process of one job: `python -m dashboard.worker DATABASE JOB_ID`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from threading import Event, Thread
from time import time
from typing import Any

from sqlalchemy.engine import Engine

from dashboard.jobs import DONE, FAILED, RUNNING, change, engine, find

BEAT = 1.0
"""Seconds between heartbeats."""


def run(database: str, name: str) -> int:
    """Does a job and writes down how it went; 0 when it is done, 1 when not."""
    rows = engine(database)
    job = find(rows, name)
    if job is None or not change(rows, name, state=RUNNING, heartbeat=time(), stage="reading the study"):
        return 1
    over = Event()
    Thread(target=_beat, args=(rows, name, over), daemon=True).start()
    try:
        work = explain if job.request.get("kind") == "explain" else plan
        result = work(dict(job.request), lambda stage, share: _tell(rows, name, stage, share))
    except Exception as error:  # whatever went wrong must reach the page, or the page waits for ever
        change(rows, name, state=FAILED, error=in_words(error), heartbeat=time())
        return 1
    else:
        change(rows, name, state=DONE, percent=100.0, stage="done", result=result, heartbeat=time())
        return 0
    finally:
        over.set()


def plan(request: dict[str, Any], progress: Any) -> str:
    """Makes the plan that a request asks for; returns the name of its results."""
    from scenarios.pipeline import plan_study
    from scenarios.scenario import Scenario
    from scenarios.study import read_study

    study = read_study(Path(request["study"]))
    scenario = Scenario(**_with_years(request["scenario"]))
    results = plan_study(study, scenario, Path(request["out"]), seconds=float(request["seconds"]), progress=progress)
    return str(results.name)


def explain(request: dict[str, Any], progress: Any) -> str:
    """Answers what a request asks about a plan; returns the name of its results."""
    from scenarios.explain import Asked
    from scenarios.explain import explain as answer

    question, place = str(request["question"]), Path(request["out"]) / request["name"]
    if question == "futures":
        from scenarios.futures.run import simulate

        simulate(place, study=str(request["study"]), progress=progress)
        return str(place.name)
    asked = Asked(
        prices=question == "prices",
        alternatives=question == "alternatives",
        frontier=int(request["levels"]) if question == "frontier" else 0,
        seconds=float(request["seconds"]),
    )
    answer(place, asked, study=str(request["study"]), progress=progress)
    return str(place.name)


def _with_years(scenario: dict[str, Any]) -> dict[str, Any]:
    """A scenario as it was before JSON made its fiscal years text."""
    settings = dict(scenario.get("set", {}))
    for name in ("appropriation", "capacity"):
        if isinstance(settings.get(name), dict):
            settings[name] = {k: {int(y): v for y, v in years.items()} for k, years in settings[name].items()}
    return {**scenario, "set": settings}


def in_words(error: Exception) -> str:
    """What to tell a reader: the message of an error that was meant for one, else that it was not foreseen."""
    ours = type(error).__module__.partition(".")[0] in ("scenarios", "forecast", "optimizer")
    if (ours or isinstance(error, (ValueError, FileNotFoundError))) and str(error):
        return str(error)
    return f"The plan could not be made: {type(error).__name__}: {error}"


def _tell(rows: Engine, name: str, stage: str, share: float) -> None:
    if not change(rows, name, stage=stage[:200], percent=round(100 * min(max(share, 0.0), 1.0), 1), heartbeat=time()):
        os._exit(1)


def _beat(rows: Engine, name: str, over: Event) -> None:
    """Shows that the process lives; ends it when its row says that it was cancelled."""
    while not over.wait(BEAT):
        if not change(rows, name, heartbeat=time()) and not over.is_set():
            os._exit(1)


if __name__ == "__main__":
    raise SystemExit(run(*sys.argv[1:3]))
