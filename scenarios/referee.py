"""Checks a results folder against the study that it was made from: every file, to the cent, without a solver."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import optimizer
from optimizer import Plan
from scenarios.errors import Problem, ResultsError
from scenarios.pipeline import Prepared, prepare
from scenarios.results import RIVAL, Results, input_hashes, read_results
from scenarios.scenario import Scenario
from scenarios.study import read_study
from scenarios.summary import outlay_by_year, summarize

CENT = 0.01


@dataclass(frozen=True)
class Verdict:
    """What the referee found in a results folder."""

    name: str
    disagreements: tuple[str, ...]
    checked: str

    @property
    def agrees(self) -> bool:
        """Whether there is nothing to object to."""
        return not self.disagreements

    def __str__(self) -> str:
        """One line when all agrees, else every disagreement."""
        if self.agrees:
            return f"{self.name}: verified. {self.checked}"
        return "\n".join(
            [f"{self.name}: {len(self.disagreements)} disagreements.", *(f"  - {d}" for d in self.disagreements)]
        )


def verify_results(folder: Path | str, study_place: Path | str | None = None) -> Verdict:
    """Recomputes the plan in a results folder from the tables of its study, and every total from its flows.

    Raises:
        ResultsError: no results, no study beside them, or a study that has changed since.
    """
    results = read_results(folder)
    place, ready = made_from(results, study_place)
    plan = plan_from(results)
    report = optimizer.verify(*ready.case, plan, methods=ready.methods)
    rival = optimizer.continue_as_now(*ready.case, methods=ready.methods)
    expected = summarize(ready.study, ready.scenario, plan, rival, ready.outlook)
    found = (*report.disagreements, *_files(results), *_summary(results, expected))
    total = float(results.flows["amount"].sum())
    checked = (
        f"{len(plan.rows):,} plan rows and {len(results.flows):,} flows of ${total:,.2f} recomputed from {place.name}"
    )
    return Verdict(results.name, tuple(found), checked)


def made_from(results: Results, study_place: Path | str | None = None) -> tuple[Path, Prepared]:
    """The study that results were made from, and what the optimizer took.

    Raises:
        ResultsError: no study beside them, or one that has changed since.
    """
    place = _study_place(results, study_place)
    found = results.manifest.get("reserve")
    return place, prepare(read_study(place), Scenario(**_scenario(results)), found["reserve"] if found else None)


def plan_from(results: Results) -> Plan:
    """The plan as its files tell it."""
    said, made = results.summary, results.manifest
    rows = results.plan[list(optimizer.ROW_COLUMNS)].assign(wave=results.plan["wave"].astype("Int64"))
    frequency = _frequency(results)
    flows = results.flows.assign(period=pd.PeriodIndex(results.flows["period"], freq=frequency))
    return Plan(
        rows=rows,
        flows=flows,
        limits=results.limits,
        terms=pd.Series(said["terms"], dtype=float),
        objective=said["objective"],
        bound=np.nan if said["bound"] is None else said["bound"],
        gap=np.nan if said["gap"] is None else said["gap"],
        status=said["status"],
        solver=made["solver"],
        seed=made["seed"],
        reached=made["reached"],
        sites=results.sites.reindex(columns=["site", "closes", "saving"]),
    )


def _frequency(results: Results) -> str:
    return str(results.manifest["quarters"])


def _scenario(results: Results) -> dict[str, object]:
    """The scenario as the manifest holds it; the rival is the baseline with nothing moved."""
    return {
        **results.manifest["scenario"],
        "name": "baseline" if results.name == RIVAL else results.manifest["scenario"]["name"],
    }


def _study_place(results: Results, given: Path | str | None) -> Path:
    said = results.manifest["study"]
    place = Path(given) if given else results.folder / said if said else None
    if place is None or not place.exists():
        raise ResultsError(
            [
                Problem(
                    str(results.folder),
                    "does not find its study",
                    "Say where it is: reallot verify OUT/SCENARIO --study DIR",
                )
            ]
        )
    place, now = place.resolve(), input_hashes(place.resolve())
    changed = sorted(name for name, hashed in results.manifest["inputs"].items() if now.get(name) != hashed)
    if changed:
        raise ResultsError(
            [
                Problem(name, "has changed since the plan was made", "Plan again: reallot plan DIR --out OUT")
                for name in changed
            ],
            f"{results.name} cannot be verified",
        )
    return place


def _files(results: Results) -> list[str]:
    """Do the CSV files add up to the flows?"""
    keys = ["period", "fund", "nature", "side"]
    flows = results.flows.groupby(keys, observed=True)["amount"].sum()
    outlays = results.outlays.groupby(keys)["amount"].sum()
    apart = flows.sub(outlays, fill_value=0.0).abs()
    off = apart[apart > CENT].reset_index().astype({"amount": float}).to_dict("records")
    found = [f"outlays.csv: {', '.join(str(o[k]) for k in keys)} is ${o['amount']:,.2f} apart from flows" for o in off]
    one_time = float(results.flows.loc[results.flows["nature"].eq("one_time"), "amount"].sum())
    planned = float(results.plan["one_time_cost"].sum())
    if abs(one_time - planned) > CENT * (1 + len(results.plan)):
        found.append(f"plan.csv: one_time_cost adds up to ${planned:,.2f}, flows to ${one_time:,.2f}")
    by_year = outlay_by_year(results.flows)
    for year, amount in results.summary["outlay_by_year"].items():
        if abs(by_year.get(int(year), 0.0) - amount) > CENT:
            found.append(
                f"summary.json: the outlay of FY{year} is ${amount:,.2f}, flows say ${by_year.get(int(year), 0.0):,.2f}"
            )
    return found


def _summary(results: Results, expected: dict[str, object]) -> list[str]:
    """Is every figure of the summary what the study and the plan say?"""
    said = pd.json_normalize(dict(results.summary)).iloc[0]
    right = pd.json_normalize(expected).iloc[0]
    found = []
    for name in sorted(set(said.index) | set(right.index)):
        if name in ("scenario", "title", "why", "warnings", "status"):
            continue
        a, b = said.get(name), right.get(name)
        numbers = isinstance(a, (int, float)) and isinstance(b, (int, float))
        close = numbers and abs(float(a) - float(b)) <= CENT  # type: ignore[arg-type]
        if not close and not (a is None and b is None) and a != b:
            found.append(f"summary.json: {name} is {a}, the study and the plan say {b}")
    return found
