"""Results in the formats that other people hold: one file a format."""

from pathlib import Path

from scenarios.export.model import export_model, export_study_model
from scenarios.export.workbook import export_workbook
from scenarios.results import RIVAL, read_results, results_in
from scenarios.study import is_study

MODELS = ("mps", "lp")
FORMATS = ("xlsx", *MODELS)


def export(place: Path | str, to: str, *, study: Path | None = None, scenario: str = "baseline") -> list[Path]:
    """Writes results in another format, beside them; returns the files.

    Args:
        place: A results folder, or the results of one scenario; for a model also a study.
        to: One of `FORMATS`. The rival, in which nothing is chosen, has no model.
        study: The study that results were made from, where it has been moved since.
        scenario: The scenario to model, where `place` is a study.

    Raises:
        ResultsError: no results, no study beside them, or a study that has changed since.
        StudyError: the study or the scenario does not fit.
        optimizer.InfeasiblePlan: some systems of the study have no option at all.
    """
    place = Path(place)
    if to in MODELS and is_study(place):
        return [export_study_model(place, scenario, to)]
    left_out = {RIVAL} if to in MODELS else set()
    names = [name for name in results_in(place) if name not in left_out]
    results = [read_results(place / name) for name in names] or [read_results(place)]
    if to in MODELS:
        return [export_model(one, to, study) for one in results]
    return [export_workbook(one) for one in results]


__all__ = ["FORMATS", "export", "export_model", "export_study_model", "export_workbook"]
