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
KINDS: Mapping[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
"""What an option may take, in words."""


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
        UnknownSolverOption: options that the solver does not have or take, or that follow from what was asked.
    """
    given = dict(options or {})
    if problems := wrong_options(name, given):
        raise UnknownSolverOption(problems)
    if isinstance(given.get("options"), str) and name != DEFAULT:
        given["options"] = [given["options"]]
    return given


def wrong_options(name: str, options: Mapping[str, Any]) -> list[str]:
    """All that is wrong with options of the solver called `name`, a sentence each."""
    kinds = _kinds(name)
    known = [key for key in kinds if key not in OURS]
    unknown = [key for key in options if known and key not in (*known, *OURS)]
    judged = {key: value for key, value in options.items() if key not in unknown}
    problems = [said for key, value in judged.items() if (said := _refusal(name, key, value, kinds.get(key)))]
    if unknown:
        many = "option" if len(unknown) == 1 else "options"
        said = ", ".join(f"`{key}`" for key in unknown)
        problems.append(f"solver {name} has no {many} {said}. Choose among: {', '.join(known)}.")
    return problems


def _kinds(name: str) -> dict[str, type | None]:
    """Options of a solver with the type of each, None where it tells none.

    Empty where its class takes any name and leaves the judging to the solver.
    """
    if name == DEFAULT:
        import highspy

        plain = highspy.HighsOptions()
        return {key: type(getattr(plain, key)) for key in dir(plain) if not key.startswith("_")}
    parameters = _parameters(name)
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return {}
    told = {key: parameter.default for key, parameter in parameters.items() if not key.startswith("_")}
    return {key: type(value) if isinstance(value, bool | int | float | str) else None for key, value in told.items()}


def _refusal(name: str, key: str, value: Any, kind: type | None) -> str:
    """Why a solver does not take an option that it has; empty where it does."""
    option = f"option `{key}` of solver {name}"
    if key in OURS:
        return f"{option} cannot be set: {OURS[key]}."
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind is not None and type(value) is not kind and not (kind is float and whole):
        return f"{option} takes {KINDS[kind]}, not `{value}`."
    if name == DEFAULT and not _taken(key, value):
        return f"{option} does not take `{value}`."
    return ""


def _taken(key: str, value: Any) -> bool:
    """Whether HiGHS takes an option: only it knows the words and the ranges."""
    import highspy

    engine = highspy.Highs()
    engine.setOptionValue("output_flag", False)
    return bool(engine.setOptionValue(key, value) == highspy.HighsStatus.kOk)


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
