"""A study goes in, results come out: intake, tables, parameters, the way through, and what is left behind.

study = scenarios.read_study("study/")
results = scenarios.plan_study(study, "baseline", "results/")
print(scenarios.verify_results(results.folder))
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scenarios.batch import run_study
    from scenarios.comparison import compare
    from scenarios.errors import ResultsError, ScenarioError, StudyError
    from scenarios.imported import import_study
    from scenarios.pipeline import plan_study
    from scenarios.referee import verify_results
    from scenarios.results import Results, read_results, results_in
    from scenarios.sample import erie
    from scenarios.scenario import Scenario
    from scenarios.study import Study, read_study, write_study

_HOMES = {
    "batch": ("run_study",),
    "comparison": ("compare",),
    "errors": ("ResultsError", "ScenarioError", "StudyError"),
    "imported": ("import_study",),
    "pipeline": ("plan_study",),
    "referee": ("verify_results",),
    "results": ("Results", "read_results", "results_in"),
    "sample": ("erie",),
    "scenario": ("Scenario",),
    "study": ("Study", "read_study", "write_study"),
}

__all__ = [
    "Results",
    "ResultsError",
    "Scenario",
    "ScenarioError",
    "Study",
    "StudyError",
    "compare",
    "erie",
    "import_study",
    "plan_study",
    "read_results",
    "read_study",
    "results_in",
    "run_study",
    "verify_results",
    "write_study",
]


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first used: a page that reads results need not wait for a solver."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"scenarios.{module}"), name)
    raise AttributeError(f"module 'scenarios' has no attribute {name!r}")
