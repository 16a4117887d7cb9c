"""The one file that knows solvers: what they are called, how they are told to stop, what their answers mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from optimizer.errors import UnknownSolver

if TYPE_CHECKING:
    import pulp

DEFAULT = "HiGHS"
ALIASES = {"highs": DEFAULT, "cbc": "PULP_CBC_CMD"}


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
) -> Answer:
    """Solve a PuLP model; HiGHS also takes a `target` (an objective that is good enough) and a `start` (values)."""
    seconds = max(seconds, 0.1)
    if name == DEFAULT:
        return _run_highs(model, gap, seconds, seed, target, start)
    import pulp

    options: dict[str, Any] = {"msg": False, "timeLimit": seconds, "gapRel": gap}
    if name == "PULP_CBC_CMD":
        options |= {"_skip_v4_deprecation": True, "options": [f"randomSeed {seed + 1}"], "threads": 1}
    model.solve(pulp.getSolver(name, **options))
    status = {
        pulp.LpSolutionOptimal: Status.OPTIMAL,
        pulp.LpSolutionIntegerFeasible: Status.FEASIBLE,
        pulp.LpSolutionInfeasible: Status.INFEASIBLE,
    }.get(model.sol_status, Status.UNKNOWN)
    if status is not Status.OPTIMAL:
        return Answer(status, None)
    value = float(pulp.value(model.objective))
    return Answer(status, value - gap * abs(value))


def _run_highs(
    model: pulp.LpProblem, gap: float, seconds: float, seed: int, target: float | None, start: dict[str, float] | None
) -> Answer:
    """HiGHS by way of PuLP, keeping what PuLP forgets: the real status and the bound."""
    import highspy
    import pulp

    settings: dict[str, Any] = {"random_seed": seed, "mip_abs_gap": 1e-3}
    if target is not None:
        settings["objective_target"] = target
    engine = pulp.HiGHS(msg=False, gapRel=gap, timeLimit=seconds, threads=1, **settings)
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
