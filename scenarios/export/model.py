"""The integer model of a scenario as a file that any solver reads."""

from __future__ import annotations

from pathlib import Path

import optimizer
from scenarios.errors import Problem, ResultsError
from scenarios.pipeline import Prepared, prepare
from scenarios.referee import made_from
from scenarios.results import RIVAL, Results
from scenarios.study import read_study


def export_model(results: Results, to: str, study: Path | None = None) -> Path:
    """Writes `model.mps` or `model.lp`, as `to` says, into the results folder and returns its path.

    Raises:
        ResultsError: no study beside the results, one that has changed since, or results in which nothing was chosen.
    """
    if results.name == RIVAL:
        wrong = "has no model, for nothing is chosen in it"
        raise ResultsError([Problem(str(results.folder), wrong, "Name the results of another scenario")])
    _, ready = made_from(results, study)
    return _write(ready, results.folder / f"model.{to}")


def export_study_model(place: Path, scenario: str, to: str) -> Path:
    """Writes `model_SCENARIO.mps` or `.lp` into the folder of a study, or beside its workbook, and returns its path.

    Raises:
        StudyError: the study or the scenario does not fit.
        optimizer.InfeasiblePlan: some systems have no option at all.
    """
    folder = place if place.is_dir() else place.parent
    return _write(prepare(read_study(place), scenario), folder / f"model_{scenario}.{to}")


def _write(ready: Prepared, path: Path) -> Path:
    return optimizer.write_model(optimizer.assemble(*ready.case, methods=ready.methods), path)
