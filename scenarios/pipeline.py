"""The way through: study -> outlook -> portfolio -> plan -> results, once and without detours."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

import optimizer
from optimizer import Plan, Portfolio, SolverOption
from scenarios import portfolio as build
from scenarios.budget import versions
from scenarios.by_hand import OVERRIDDEN
from scenarios.changes import apply
from scenarios.errors import Problem, ScenarioError
from scenarios.expected import AHEAD, Expected, outlook_of
from scenarios.parameters import making_parameters, parameters, said
from scenarios.results import RIVAL, Results, input_hashes, write_results
from scenarios.scenario import Scenario
from scenarios.study import GIVEN, Study
from scenarios.summary import summarize
from scenarios.tables import LINE_KEYS
from scenarios.year_end import COLUMNS, VARIANCE

Progress = Callable[[str, float], None]
"""Called with the stage in words and the share done, 0 to 1."""

PACKAGES = ("numpy", "pandas", "scipy", "pulp", "highspy", "apache-libcloud", "reallot")


@dataclass(frozen=True)
class Prepared:
    """A study with a scenario's changes in it, its outlook, and what the optimizer takes."""

    study: Study
    scenario: Scenario
    outlook: Expected | None
    portfolio: Portfolio
    versions: pd.DataFrame
    """`scenarios.budget.VERSIONS` of the study's own budget, whatever the scenario."""

    @property
    def case(self) -> tuple[Portfolio, tuple[optimizer.Strategy, ...], optimizer.Economics]:
        """Portfolio, strategies and economics: the first arguments of everything in the optimizer."""
        return self.portfolio, build.catalogue(self.study.settings), build.economics(self.study)

    @property
    def wants_reserve(self) -> bool:
        """Whether a reserve is `auto`: to be found by planning again (`scenarios.futures.reserve`)."""
        return any(self.study.settings.is_auto(name) for name in ("reserve", "fund_reserves"))

    @property
    def methods(self) -> tuple[optimizer.Method, ...]:
        """The ways to buy that may be used."""
        return build.methods(self.study.settings)


def prepare(study: Study, scenario: Scenario | str = "baseline", reserve: float | None = None) -> Prepared:
    """Everything up to the optimizer; `reserve` is what was found where it is `auto`, which is nothing until then.

    Raises:
        StudyError: the study or the scenario does not fit.
    """
    scenario = study.scenario(scenario) if isinstance(scenario, str) else scenario
    return _prepared(study, scenario, outlook_of(study), reserve)


def _prepared(study: Study, scenario: Scenario, outlook: Expected | None, reserve: float | None = None) -> Prepared:
    """The same with an outlook that is there already: it is the study's own, whatever the scenario."""
    if scenario.is_family:
        said = "Plan all of them: reallot run DIR --out OUT; or name one of them"
        raise ScenarioError([Problem(f"scenarios/{scenario.name}.yaml", "stands for many scenarios", said)])
    changed = apply(study, scenario)
    if reserve is not None:
        changed = replace(changed, settings=changed.settings.found("reserve", reserve).found("fund_reserves", reserve))
    budget = versions(study, outlook.outlook.appropriations if outlook else None)
    return Prepared(changed, scenario, outlook, build.build_portfolio(changed, outlook), budget)


def plan_study(
    study: Study,
    scenario: Scenario | str,
    out: Path | str,
    *,
    seconds: float = 60.0,
    gap: float = 1e-3,
    solver: str = "HiGHS",
    solver_options: Mapping[str, SolverOption] | None = None,
    parquet: bool = False,
    progress: Progress | None = None,
) -> Results:
    """Plans one scenario and writes its results folder, and that of the rival beside it.

    `solver_options` go to the solver by its own names; the manifest keeps them.

    Raises:
        StudyError: the study or the scenario does not fit.
        optimizer.UnknownSolver, optimizer.UnknownSolverOption: no such solver here, or options that it does not take.
        optimizer.InfeasiblePlan: no plan satisfies every limit; names those that conflict and what would help.
        optimizer.NoPlanFound: none was found in the time given.
    """
    tell = progress or (lambda stage, share: None)
    tell("Forecasting", 0.02)
    started = time.perf_counter()
    outlook = outlook_of(study)
    spent = time.perf_counter() - started
    asked = asked_for(gap=gap, seconds=seconds, solver=solver, solver_options=solver_options)
    results = plan_scenario(study, scenario, outlook, out, asked, forecast=spent, parquet=parquet, progress=tell)
    if results.name == "baseline" or not (Path(out) / RIVAL).exists():
        write_rival(study, outlook, out, asked)
    tell("Done", 1.0)
    return results


def asked_for(
    *,
    gap: float = 1e-3,
    seconds: float = 60.0,
    solver: str = "HiGHS",
    solver_options: Mapping[str, SolverOption] | None = None,
) -> dict[str, Any]:
    """How to look for a plan, as the manifest keeps it."""
    own = dict(sorted((solver_options or {}).items()))
    return {"gap": gap, "seconds": seconds, "solver": solver, "solver_options": own}


def plan_scenario(
    study: Study,
    scenario: Scenario | str,
    outlook: Expected | None,
    out: Path | str,
    asked: Mapping[str, Any],
    *,
    forecast: float = 0.0,
    parquet: bool = False,
    progress: Progress | None = None,
) -> Results:
    """Plans one scenario with an outlook that is there already, and writes its results folder, not that of the rival.

    Scenarios of one study share `outlook_of(study)`; `forecast` is how many seconds it took. Raises as `plan_study`.
    """
    tell = progress or (lambda stage, share: None)
    clock = _Clock()
    scenario = study.scenario(scenario) if isinstance(scenario, str) else scenario
    ready = _prepared(study, scenario, outlook)
    clock.lap("forecast")
    clock.seconds["forecast"] = round(clock.seconds["forecast"] + forecast, 3)
    tell("Planning", 0.15)
    rival = optimizer.continue_as_now(*ready.case, methods=ready.methods)
    onward: Progress = lambda stage, share: tell(stage, 0.15 + 0.75 * share)  # noqa: E731
    found = None
    if ready.wants_reserve:
        from scenarios.futures.reserve import settled

        plan, found = settled(ready, asked, onward)
        ready = _prepared(study, scenario, outlook, found.share)
    else:
        plan = optimizer.modernize(*ready.case, methods=ready.methods, **asked, seed=study.facts.seed, progress=onward)
    clock.lap("plan")
    tell("Writing", 0.92)
    results = _results(ready, plan, rival, Path(out) / ready.scenario.name, dict(asked), clock)
    if found is not None:
        warnings = [*results.summary["warnings"], str(found).partition("\n")[0]]
        results = replace(
            results,
            summary={**results.summary, "warnings": warnings},
            manifest={**results.manifest, "reserve": found.json()},
        )
    return write_results(results, parquet=parquet)


def write_rival(study: Study, outlook: Expected | None, out: Path | str, asked: Mapping[str, Any]) -> Results:
    """Cost to continue of the baseline, as a results folder like any other."""
    ready = replace(
        _prepared(study, study.scenario("baseline"), outlook),
        scenario=rival_scenario(),
    )
    plan = optimizer.continue_as_now(*ready.case, methods=ready.methods)
    return write_results(_results(ready, plan, plan, Path(out) / RIVAL, dict(asked), _Clock()))


def rival_scenario() -> Scenario:
    """The scenario under which the rival's folder goes."""
    return Scenario(name=RIVAL, title="Cost to continue", why="The same estate and outlook if nothing moves.")


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._last, 3)
        self._last = now


def _results(ready: Prepared, plan: Plan, rival: Plan, folder: Path, asked: dict[str, Any], clock: _Clock) -> Results:
    study, outlook = ready.study, ready.outlook
    year_end = outlook.year_end if outlook else None
    flows = plan.flows.assign(period=plan.flows["period"].astype(str))
    clock.lap("summary")
    return Results(
        folder=folder,
        plan=_plan_table(plan, study),
        flows=flows,
        outlays=flows.groupby(["period", "fund", "nature", "side"], observed=True)["amount"].sum().reset_index(),
        limits=plan.limits,
        outlook=outlook.frame() if outlook else pd.DataFrame(columns=AHEAD),
        history=_history_table(study),
        scores=outlook.outlook.scores if outlook else pd.DataFrame(columns=["model", "horizon"]),
        treatments=outlook.treatments if outlook else pd.DataFrame(columns=[*LINE_KEYS, "period", "found"]),
        year_end=year_end.table if year_end else pd.DataFrame(columns=COLUMNS),
        variance=year_end.variance if year_end else pd.DataFrame(columns=VARIANCE),
        overrides=outlook.overrides if outlook else pd.DataFrame(columns=OVERRIDDEN),
        appropriations=study.table("appropriations"),
        versions=ready.versions,
        sites=study.table("sites").merge(plan.sites, on="site", how="left", validate="one_to_one"),
        assumptions=assumptions(study),
        summary=summarize(study, ready.scenario, plan, rival, outlook),
        manifest=_manifest(ready, plan, folder, asked),
        timings={"seconds": clock.seconds, "machine": platform.machine(), "cores": os.cpu_count()},
    )


def _plan_table(plan: Plan, study: Study) -> pd.DataFrame:
    about = ["name", "agency", "program", "site", "side", "fund", "criticality", "risk", "end_of_support", "lock"]
    systems = study.table("systems")[["system", *about]]
    return plan.rows.merge(systems, on="system", how="left", validate="many_to_one")


def _history_table(study: Study) -> pd.DataFrame:
    closed = study.table("spending").dropna(subset="expended")
    return closed[[*LINE_KEYS, "period", "appropriated", "expended"]]


def assumptions(study: Study) -> pd.DataFrame:
    """Every parameter in force and every value that was filled in: `parameter value unit default source changed_by`."""
    declared, settings = parameters(), study.settings
    rows = [
        (name, said(settings.values[name]), p.unit, said(p.default), p.source, settings.changed_by.get(name, ""))
        for name, p in declared.items()
    ]
    if study.facts.assumed or study.facts.made_up:
        given = {a.column: a.value for a in study.facts.assumed if a.table == GIVEN}
        rows += [
            (n, given.get(n, said(p.default)), p.unit, said(p.default), p.source, "import" if n in given else "")
            for n, p in making_parameters().items()
        ]
    rows += [
        (f"{table}.{column}", f"{value} ({count} rows)", "", "", str(reason), "assumed")
        for table, column, value, count, reason in study.assumed.astype(str).itertuples(index=False, name=None)
        if table != GIVEN
    ]
    rows += [
        (name, "as in the scenario", "", "", f"scenario {by}", by)
        for name, by in settings.changed_by.items()
        if name not in declared
    ]
    return pd.DataFrame(rows, columns=["parameter", "value", "unit", "default", "source", "changed_by"])


def _manifest(ready: Prepared, plan: Plan, folder: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """All that is needed to repeat the run bit for bit, and nothing that changes between two runs."""
    place = ready.study.place
    return {
        "study": os.path.relpath(place.resolve(), folder.resolve()) if place else None,
        "inputs": input_hashes(place) if place else {},
        "scenario": ready.scenario.model_dump(mode="json"),
        "quarters": ready.study.calendar.quarterly,
        "seed": ready.study.facts.seed,
        "asked": asked,
        "solver": plan.solver,
        "reached": plan.reached,
        "versions": {name: version_of(name) for name in PACKAGES},
    }


def version_of(package: str) -> str:
    """The version of a package that is installed here, as manifests keep it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
