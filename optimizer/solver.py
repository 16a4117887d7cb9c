"""The one file that knows solvers: what they are called, how they are told to stop, what their answers mean."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from optimizer.errors import UnknownSolver, UnknownSolverOption

if TYPE_CHECKING:
    import pulp

DEFAULT = "HiGHS"
ALIASES = {"highs": DEFAULT, "cbc": "PULP_CBC_CMD"}
OURS = {
    "msg": "nothing is printed",
    "mip": "a plan moves whole units",
    "solve_relaxation": "a plan moves whole units",
    "timeLimit": "use seconds",
    "time_limit": "use seconds",
    "gapRel": "use gap",
    "mip_rel_gap": "use gap",
    "objective_bound": "it would hide plans",
    "objective_target": "use gap",
    **dict.fromkeys(
        ["mip_max_improving_sols", "mip_max_leaves", "mip_max_nodes", "mip_max_stall_nodes"],
        "PuLP cannot read such a stop, use seconds",
    ),
}
"""Options that follow from what was asked, each with what to use in its place."""


class Status(StrEnum):
    """What a solver's answer means."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "no plan found"


@dataclass(frozen=True, eq=False)
class Answer:
    """What a solver found: `bound` is its own lower bound of the problem it was given (None where it tells none)."""

    status: Status
    bound: float | None


@dataclass(frozen=True, eq=False)
class Relaxation:
    """A solved linear program: values and what one more unit of each row is worth."""

    status: Status
    value: float
    x: np.ndarray
    duals: np.ndarray


def available() -> list[str]:
    """The solvers that can be used here."""
    import pulp

    return list(pulp.listSolvers(onlyAvailable=True))


def named(name: str) -> str:
    """The full name of a solver (`cbc`, `highs` and any of PuLP's own names), or an error that lists what is there."""
    found = {solver.lower(): solver for solver in available()}
    wanted = ALIASES.get(name.lower(), name).lower()
    if wanted not in found:
        raise UnknownSolver(f"solver `{name}` is not available here. Choose one of: {', '.join(found.values())}.")
    return found[wanted]


def checked(name: str, options: Mapping[str, Any] | None) -> dict[str, Any]:
    """The options of the solver called `name`, as PuLP's class or HiGHS itself names them.

    Raises:
        UnknownSolverOption: an option that the solver does not have, or that follows from what was asked.
    """
    given = dict(options or {})
    known = [key for key in _accepted(name) if key not in OURS]
    for key in given:
        if key in OURS:
            raise UnknownSolverOption(f"option `{key}` of solver {name} cannot be set: {OURS[key]}.")
        if known and key not in known:
            raise UnknownSolverOption(f"solver {name} has no option `{key}`. Choose among: {', '.join(known)}.")
    if isinstance(given.get("options"), str) and name != DEFAULT:
        given["options"] = [given["options"]]
    return given


def _accepted(name: str) -> list[str]:
    """Names of a solver's options; none where its class takes any name and leaves the judging to the solver."""
    if name == DEFAULT:
        import highspy

        return [key for key in dir(highspy.HighsOptions()) if not key.startswith("_")]
    parameters = _parameters(name)
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return []
    return [key for key in parameters if not key.startswith("_")]


def _parameters(name: str) -> Mapping[str, inspect.Parameter]:
    """What PuLP's class of a solver takes."""
    import pulp

    quiet = {"_skip_v4_deprecation": True} if name == "PULP_CBC_CMD" else {}
    return inspect.signature(type(pulp.getSolver(name, **quiet))).parameters


def version_of(name: str) -> str:
    """PuLP's version and, where it is a package, the solver's."""
    packages = ["pulp", *(["highspy"] if name == DEFAULT else [])]
    return ", ".join(f"{package} {version(package)}" for package in packages)


def relax(
    cost: np.ndarray,
    matrix: sparse.csr_array | sparse.csc_array,
    low: np.ndarray,
    high: np.ndarray,
    upper: np.ndarray,
    seconds: float,
    seed: int = 0,
    method: str = "choose",
) -> Relaxation:
    """Solve `min cost x, low <= matrix x <= high, 0 <= x <= upper` from arrays, without names."""
    import highspy

    columns = sparse.csc_array(matrix)
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = matrix.shape
    model.col_cost_, model.col_lower_, model.col_upper_ = cost, np.zeros(len(cost)), upper
    model.row_lower_, model.row_upper_ = low, high
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = (
        columns.indptr,
        columns.indices,
        columns.data,
    )
    engine = highspy.Highs()
    settings = {"output_flag": False, "time_limit": float(max(seconds, 0.1)), "random_seed": seed, "threads": 1}
    for option, value in {**settings, "solver": method}.items():
        engine.setOptionValue(option, value)
    engine.passModel(model)
    engine.run()
    solution = engine.getSolution()
    return Relaxation(
        _meaning(engine),
        float(engine.getInfo().objective_function_value),
        np.asarray(solution.col_value, dtype=float),
        -np.asarray(solution.row_dual, dtype=float),
    )


def run(
    model: pulp.LpProblem,
    name: str = DEFAULT,
    *,
    gap: float = 0.0,
    seconds: float = 60.0,
    seed: int = 0,
    target: float | None = None,
    start: dict[str, float] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Answer:
    """Solve a PuLP model; HiGHS also takes a `target` (an objective that is good enough) and a `start` (values).

    PuLP tells no bound of another solver. Its word `optimal` is taken as a proof to within `gap` only if its class
    takes a gap, it ended before its time and no `options` were set that could have loosened what it means.
    """
    mine = checked(name, options)
    seconds = max(seconds, 0.1)
    if name == DEFAULT:
        return _run_highs(model, gap, seconds, seed, target, start, mine)
    import pulp

    takes = _parameters(name)
    told = {"msg": False, "timeLimit": seconds, "gapRel": gap}
    settings: dict[str, Any] = {key: value for key, value in told.items() if key in takes}
    if name == "PULP_CBC_CMD":
        settings |= {"_skip_v4_deprecation": True, "threads": 1}
        mine["options"] = [f"randomSeed {seed + 1}", *mine.get("options", [])]
    began = perf_counter()
    model.solve(pulp.getSolver(name, **settings | mine))
    late = perf_counter() - began >= seconds
    status = {
        pulp.LpSolutionOptimal: Status.OPTIMAL,
        pulp.LpSolutionIntegerFeasible: Status.FEASIBLE,
        pulp.LpSolutionInfeasible: Status.INFEASIBLE,
    }.get(model.sol_status, Status.UNKNOWN)
    if status is Status.INFEASIBLE and options:
        return Answer(Status.UNKNOWN, None)
    if status is Status.OPTIMAL and (late or options or "gapRel" not in settings):
        status = Status.FEASIBLE
    if status is not Status.OPTIMAL:
        return Answer(status, None)
    value = float(pulp.value(model.objective))
    return Answer(status, value - gap * abs(value))


def _run_highs(
    model: pulp.LpProblem,
    gap: float,
    seconds: float,
    seed: int,
    target: float | None,
    start: dict[str, float] | None,
    options: Mapping[str, Any],
) -> Answer:
    """HiGHS by way of PuLP, keeping what PuLP forgets: the real status and the bound."""
    import highspy
    import pulp

    settings: dict[str, Any] = {"random_seed": seed, "mip_abs_gap": 1e-3, "threads": 1, **options}
    if target is not None:
        settings["objective_target"] = target
    engine = pulp.HiGHS(msg=False, gapRel=gap, timeLimit=seconds, **settings)
    engine.createAndConfigureSolver(model)
    engine.buildSolverModel(model)
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = [start.get(variable.name, 0.0) for variable in model.variables()]
        model.solverModel.setSolution(solution)
    engine.callSolver(model)
    engine.findSolutionValues(model)
    live = model.solverModel
    return Answer(_meaning(live), float(live.getInfo().mip_dual_bound))


def _meaning(engine: Any) -> Status:
    """A HiGHS status in our words: one that stopped early is feasible at best, never optimal."""
    import highspy

    status, states = engine.getModelStatus(), highspy.HighsModelStatus
    if status in (states.kOptimal, states.kModelEmpty):
        return Status.OPTIMAL
    if status in (states.kInfeasible, states.kUnboundedOrInfeasible):
        return Status.INFEASIBLE
    found = engine.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    return Status.FEASIBLE if found else Status.UNKNOWN
