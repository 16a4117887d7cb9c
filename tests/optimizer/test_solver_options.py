"""Options of solvers as people write them."""

import pytest

from optimizer import UnknownSolver, UnknownSolverOption, read_solver_options, solver


def test_values_have_types() -> None:
    texts = ["presolve=off", "mip_heuristic_effort = 1e-1", "threads=2", "mip_detect_symmetry=False", "ranging=on"]
    found = read_solver_options("highs", texts)
    assert list(found.items()) == [
        ("mip_detect_symmetry", False),
        ("mip_heuristic_effort", 0.1),
        ("presolve", "off"),
        ("ranging", "on"),
        ("threads", 2),
    ]
    assert [type(value) for value in found.values()] == [bool, float, str, str, int]
    assert read_solver_options("HiGHS", ["mip_heuristic_effort=1"]) == {"mip_heuristic_effort": 1}
    assert read_solver_options("HiGHS", []) == {}


def test_every_problem_is_named() -> None:
    texts = ["=3", "presolve=", "threads=2.5", "threads=1", "presolve=maybe", "mip_heuristic_effort=3", "gapRel=1"]
    with pytest.raises(UnknownSolverOption) as caught:
        read_solver_options("HiGHS", [*texts, "mip_detect_symmetry=1", "mip_heuristic_run_rens=inf", "a=1", "b=2"])
    assert caught.value.problems[:-1] == (
        "option `=3` is not NAME=VALUE.",
        "option `presolve=` is not NAME=VALUE.",
        "option `threads` is set twice.",
        "option `threads` of solver HiGHS takes a whole number, not `2.5`.",
        "option `presolve` of solver HiGHS does not take `maybe`.",
        "option `mip_heuristic_effort` of solver HiGHS does not take `3`.",
        "option `gapRel` of solver HiGHS cannot be set: use gap.",
        "option `mip_detect_symmetry` of solver HiGHS takes true or false, not `1`.",
        "option `mip_heuristic_run_rens` of solver HiGHS takes true or false, not `inf`.",
    )
    assert caught.value.problems[-1].startswith("solver HiGHS has no options `a`, `b`. Choose among: ")


def test_an_unknown_solver_is_named_first() -> None:
    with pytest.raises(UnknownSolver, match="abacus"):
        read_solver_options("abacus", ["beads=10"])


@pytest.mark.skipif("PULP_CBC_CMD" not in solver.available(), reason="CBC is not here")
def test_options_of_cbc() -> None:
    found = read_solver_options("cbc", ["options=cuts off", "gapAbs=2", "timeMode=cpu"])
    assert found == {"gapAbs": 2, "options": "cuts off", "timeMode": "cpu"}
    assert solver.checked("PULP_CBC_CMD", found)["options"] == ["cuts off"]
    with pytest.raises(UnknownSolverOption, match="`keepFiles` of solver PULP_CBC_CMD takes true or false, not `2`"):
        read_solver_options("cbc", ["keepFiles=2"])
