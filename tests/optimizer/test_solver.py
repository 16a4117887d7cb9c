"""What solvers' answers mean."""

import re
from pathlib import Path

import numpy as np
import pulp
import pytest
from scipy import sparse

import optimizer
from optimizer import UnknownSolver, UnknownSolverOption, solver
from optimizer.solver import Status


def knapsack(size: int, seed: int = 0) -> pulp.LpProblem:
    """A knapsack with five limits, hard enough to outlast a tenth of a second."""
    random = np.random.default_rng(seed)
    model = pulp.LpProblem("knapsack", pulp.LpMinimize)
    x = [model.add_variable(f"x{i}", 0, 1, pulp.LpInteger) for i in range(size)]
    model.setObjective(
        pulp.LpAffineExpression({v: -float(c) for v, c in zip(x, random.integers(10, 99, size), strict=True)})
    )
    for row in random.integers(5, 60, (5, size)):
        left = pulp.LpAffineExpression({v: float(a) for v, a in zip(x, row, strict=True)})
        model.addConstraint(pulp.LpConstraint(left, pulp.LpConstraintLE, None, float(row.sum() // 3)))
    return model


def test_a_solved_model_is_optimal_with_its_bound() -> None:
    model = knapsack(20)
    answer = solver.run(model)
    assert answer.status is Status.OPTIMAL
    assert answer.bound == pytest.approx(pulp.value(model.objective))


def test_a_run_out_of_time_is_feasible_never_optimal() -> None:
    answer = solver.run(knapsack(400), seconds=0.3)
    assert answer.status is Status.FEASIBLE
    assert answer.bound is not None


def test_a_plan_that_is_good_enough_is_feasible() -> None:
    assert solver.run(knapsack(400), seconds=20, target=0.0).status is Status.FEASIBLE


def test_an_impossible_model_is_infeasible() -> None:
    model = knapsack(5)
    model.addConstraint(
        pulp.LpConstraint(pulp.LpAffineExpression({model.variables()[0]: 1.0}), pulp.LpConstraintGE, "two", 2.0)
    )
    assert solver.run(model).status is Status.INFEASIBLE
    if "PULP_CBC_CMD" in solver.available():
        assert solver.run(model, "PULP_CBC_CMD").status is Status.INFEASIBLE


def test_a_start_is_taken() -> None:
    model = knapsack(15)
    solver.run(model)
    best = {v.name: v.varValue for v in model.variables()}
    again = knapsack(15)
    assert solver.run(again, start=best).status is Status.OPTIMAL
    assert {v.name: v.varValue for v in again.variables()} == best


def test_relaxation_gives_prices() -> None:
    # min -3x - y, x + y <= 4, x <= 2 (a bound): one more unit of the row is worth 1
    answer = solver.relax(
        np.array([-3.0, -1.0]),
        sparse.csr_array(np.array([[1.0, 1.0]])),
        np.array([-np.inf]),
        np.array([4.0]),
        np.array([2.0, 9.0]),
        10,
    )
    assert (answer.status, answer.value) == (Status.OPTIMAL, -8.0)
    assert answer.duals.tolist() == [1.0]


def test_names_are_found_in_any_case() -> None:
    assert solver.named("highs") == "HiGHS"
    with pytest.raises(UnknownSolver, match=r"solver `gurobbi` is not available here. Choose one of: .*HiGHS"):
        solver.named("gurobbi")


def test_one_file_knows_the_solver() -> None:
    package = Path(optimizer.__file__).parent
    knowing = [
        path.name for path in package.glob("*.py") if re.search(r"highspy|LpStatus|sol_status", path.read_text("utf-8"))
    ]
    assert knowing == ["solver.py"]


def test_an_option_reaches_the_solver() -> None:
    loose = knapsack(400)
    assert solver.run(loose, seconds=20, options={"mip_abs_gap": 1e6}).bound != pytest.approx(
        pulp.value(loose.objective)
    )


def test_options_are_checked_by_name() -> None:
    with pytest.raises(UnknownSolverOption, match=r"solver HiGHS has no option `presolv`. Choose among: .*presolve"):
        solver.checked("HiGHS", {"presolv": "off"})
    with pytest.raises(UnknownSolverOption, match=r"option `timeLimit` of solver HiGHS cannot be set: use seconds."):
        solver.checked("HiGHS", {"timeLimit": 3})


class Made(pulp.LpSolver):  # type: ignore[misc]
    """A solver that says `optimal` of a plan of zeros; it takes no gap."""

    name = "MADE_UP"

    def __init__(self, msg: bool = True, timeLimit: float | None = None, effort: int = 1) -> None:
        super().__init__(msg=msg, timeLimit=timeLimit)
        self.effort = effort

    def available(self) -> bool:
        return True

    def actualSolve(self, lp: pulp.LpProblem, **_: object) -> int:
        lp.assignVarsVals({variable.name: 0.0 for variable in lp.variables()})
        lp.assignStatus(pulp.LpStatusOptimal)
        return int(pulp.LpStatusOptimal)


def test_a_solver_that_takes_no_gap_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulp, "getSolver", lambda name, **options: Made(**options))
    answer = solver.run(knapsack(5), "MADE_UP", options={"effort": 2})
    assert (answer.status, answer.bound) == (Status.FEASIBLE, None)
    answer = solver.run(knapsack(5), "MADE_UP")
    assert (answer.status, answer.bound) == (Status.FEASIBLE, None)
    with pytest.raises(UnknownSolverOption, match=r"solver MADE_UP has no option `efort`. Choose among: effort."):
        solver.checked("MADE_UP", {"efort": 2})


@pytest.mark.skipif("PULP_CBC_CMD" not in solver.available(), reason="CBC is not here")
def test_cbc_proves_only_what_no_option_loosened() -> None:
    assert solver.run(knapsack(15), "PULP_CBC_CMD").status is Status.OPTIMAL
    loose = solver.run(knapsack(15), "PULP_CBC_CMD", options={"gapAbs": 1e6})
    assert (loose.status, loose.bound) == (Status.FEASIBLE, None)
