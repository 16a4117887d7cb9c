"""Explains results: what limits are worth, what costs nearly as little, the frontier, a re-plan; why there is none."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

import optimizer
from optimizer import InfeasiblePlan
from scenarios.pipeline import Prepared, Progress, prepare
from scenarios.referee import made_from, plan_from
from scenarios.results import read_results
from scenarios.study import is_study, read_study

MILLION = 1e6


@dataclass(frozen=True)
class Asked:
    """What to explain."""

    why_not: bool = False
    prices: bool = False
    alternatives: bool = False
    frontier: int = 0
    """Levels of risk and of speed; 0: no frontier."""
    replan_from: Path | None = None
    """Results folder of the plan that was promised."""
    on: str = ""
    """Day from which to plan again, YYYY-MM-DD."""
    seconds: float = 60.0
    """Longest time for each question."""
    gap: float = 1e-3


@dataclass
class Explained:
    """Answers: a text and tables for each question."""

    text: list[str] = field(default_factory=list)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    possible: bool = True
    """Whether a plan exists."""

    def json(self) -> dict[str, Any]:
        """All of it as plain values."""
        records = {name: json.loads(table.to_json(orient="records")) for name, table in self.tables.items()}
        return {**self.facts, **records}


def explain(
    place: Path | str,
    asked: Asked,
    *,
    study: Path | str | None = None,
    scenario: str = "",
    progress: Progress | None = None,
) -> Explained:
    """Explain the results of a scenario; `explain.json` and a CSV file for each table are written beside the plan.

    What was explained before stays in `explain.json`. A study has no results yet: of it only the question why not is
    answered, and nothing is written.

    Raises:
        ResultsError: no results, no study beside them, or a study that has changed since.
        StudyError: the study or the scenario does not fit.
        optimizer.InfeasiblePlan: nothing keeps what has begun, in a re-plan.
    """
    place = Path(place)
    found = Explained()
    tell = progress or (lambda stage, share: None)
    if is_study(place):
        _why_not(prepare(read_study(place), scenario or "baseline"), asked, found)
        return found
    results = read_results(place)
    tell("Reading the study", 0.02)
    _, ready = made_from(results, study)
    if asked.why_not:
        _why_not(ready, asked, found)
    if asked.prices:
        _prices(ready, asked, found, tell)
    if asked.alternatives:
        _alternatives(ready, asked, found, tell)
    if asked.frontier:
        _frontier(ready, asked, found, tell)
    if asked.on:
        promised = read_results(asked.replan_from) if asked.replan_from else results
        rows = plan_from(promised).rows
        _replan(ready, rows, asked, found)
    _write(place, found)
    return found


def _why_not(ready: Prepared, asked: Asked, found: Explained) -> None:
    answer = optimizer.why_not(*ready.case, methods=ready.methods, seconds=asked.seconds, seed=ready.study.facts.seed)
    if answer is None:
        found.text.append("Why not? Nothing stands in the way: a plan exists.")
        found.facts["why_not"] = None
        return
    found.possible = False
    found.text.append(str(answer))
    found.facts["why_not"] = str(answer)
    found.tables["conflict"] = answer.conflict
    frames = [change.frame().assign(change=number) for number, change in enumerate(answer.changes, start=1)]
    found.tables["changes"] = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _prices(ready: Prepared, asked: Asked, found: Explained, tell: Progress) -> None:
    table = optimizer.price_of_limits(
        *ready.case, methods=ready.methods, seconds=asked.seconds, seed=ready.study.facts.seed, progress=tell
    )
    found.tables["prices"] = table
    held = [
        f"  {words}" + ("" if sure else " (not tried)" if pd.isna(more) else " (not confirmed)")
        for words, sure, more in table[["words", "confirmed", "more"]].itertuples(index=False)
    ]
    found.text += [
        "What holds us back, and what is one more unit worth?",
        *(held or ["  No limit holds the plan back."]),
    ]


def _alternatives(ready: Prepared, asked: Asked, found: Explained, tell: Progress) -> None:
    answer = optimizer.alternatives(
        *ready.case,
        methods=ready.methods,
        gap=asked.gap,
        seconds=asked.seconds,
        seed=ready.study.facts.seed,
        progress=tell,
    )
    found.tables["alternatives"] = answer.table
    found.tables["alternative_plans"] = _rows_of(answer.plans)
    lines = [f"  {line}" for line in str(answer).splitlines()]
    found.text += ["What else costs nearly as little?", *(lines or ["  Nothing was found within 2 %."])]


def _frontier(ready: Prepared, asked: Asked, found: Explained, tell: Progress) -> None:
    answer = optimizer.frontier(
        *ready.case,
        methods=ready.methods,
        points=asked.frontier,
        gap=asked.gap,
        seconds=asked.seconds,
        seed=ready.study.facts.seed,
        progress=tell,
    )
    found.tables["frontier"] = answer.table
    found.tables["frontier_plans"] = _rows_of(answer.plans)
    head = f"  {'plan':>4}{'cost $M':>11}{'risk':>11}{'speed':>8}{'moved':>8}  sought for"
    lines = [
        f"  {row['plan']:>4}{row['cost'] / MILLION:>11,.1f}{row['risk']:>11,.1f}{row['speed']:>8.1%}"
        f"{row['moved_share']:>8.1%}  {row['aim']}"
        for row in answer.table.to_dict("records")
    ]
    said = "  risk: unit-quarters past the end of support; speed: share of units on a modern platform, on average"
    found.text += ["What does less risk or more speed cost?", head, *lines, said]


def _replan(ready: Prepared, rows: pd.DataFrame, asked: Asked, found: Explained) -> None:
    try:
        answer = optimizer.replan(
            *ready.case,
            rows,
            asked.on,
            methods=ready.methods,
            gap=asked.gap,
            seconds=asked.seconds,
            seed=ready.study.facts.seed,
        )
    except InfeasiblePlan as error:
        found.text.append(str(error))
        found.possible = False
        return
    found.tables["replan"] = answer.plan.rows
    found.tables["replan_changes"] = answer.changes
    found.facts["cost_of_keeping"] = answer.cost_of_keeping
    found.text += [f"What changes if we plan again on {asked.on}?", *(f"  {x}" for x in str(answer).splitlines())]


def _rows_of(plans: tuple[optimizer.Plan, ...]) -> pd.DataFrame:
    """The rows of several plans, told apart by `plan`."""
    frames = [plan.rows.assign(plan=number) for number, plan in enumerate(plans, start=1)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["plan"])


def _write(folder: Path, found: Explained) -> None:
    """Adds to what was explained before; each file appears whole, for a page may read it at any time."""
    for name, table in found.tables.items():
        _put(folder / f"explain_{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    path = folder / "explain.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    _put(path, json.dumps({**before, **found.json()}, indent=2, ensure_ascii=False) + "\n")


def _put(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}")
    draft.write_text(text, encoding="utf-8", newline="\n")
    os.replace(draft, path)
