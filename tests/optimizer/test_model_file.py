"""A written model is the whole problem: read back, it has the same parts and the same best plan."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path

import highspy
import numpy as np
import pandas as pd
import pulp
import pytest
from scipy import sparse

import optimizer
from optimizer import DataError, Problem
from optimizer.names import rows_of, variables_of
from tests.optimizer.portfolios import BOUGHT, CATALOGUE, ECONOMICS, METHODS, by_hand, intertwined, made_up
from tests.optimizer.test_combinations import COMBINED, FLAT, MOVE, three


def everything(seed: int) -> Problem:
    """Groups, systems that wait for others, sites that close, sweeps, and money that may be overrun at a price."""
    portfolio = intertwined(12, seed=seed, sites=2, years=3, groups=0.7, headroom=(1.3,), modern_share={2029: 0.01})
    eased = portfolio.replace(
        sweep=0.2,
        soft={"appropriation": 0.5},
        starts=portfolio.starts * 3,
        capacity=portfolio.capacity.assign(hours=portfolio.capacity["hours"] * 9),
    )
    return optimizer.assemble(eased, CATALOGUE, ECONOMICS)


def combined(kind: str) -> Problem:
    return optimizer.assemble(three(**COMBINED[kind]), (MOVE,), FLAT)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "everything": partial(everything, 0),
    "everything, another": partial(everything, 1),
    "units and groups": lambda: optimizer.assemble(made_up(12, seed=2, years=3), CATALOGUE, ECONOMICS),
    **{kind: partial(combined, kind) for kind in COMBINED},
}


def read(path: Path) -> highspy.Highs:
    engine = highspy.Highs()
    engine.setOptionValue("output_flag", False)
    assert engine.readModel(str(path)) == highspy.HighsStatus.kOk
    return engine


def least(engine: highspy.Highs) -> float:
    engine.setOptionValue("mip_rel_gap", 0.0)
    engine.run()
    assert engine.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(engine.getInfo().objective_function_value)


@pytest.mark.parametrize("suffix", [".mps", ".lp"])
@pytest.mark.parametrize("kind", PROBLEMS)
def test_a_file_read_back_has_the_same_best_plan(kind: str, suffix: str, tmp_path: Path) -> None:
    problem = PROBLEMS[kind]()
    solution = optimizer.solve(problem, gap=0)
    assert solution.objective < inf
    path = optimizer.write_model(problem, tmp_path / f"model{suffix}")
    assert least(read(path)) == pytest.approx(solution.objective, rel=1e-7, abs=1e-3)
    assert [p.name for p in tmp_path.iterdir()] == [f"model{suffix}"]


def test_the_random_studies_have_all_parts() -> None:
    problem = everything(0)
    assert (problem.options["bundle"] != "").any()
    assert len(problem.waits)
    assert problem.homes.count
    families = {str(name).split()[0] for name in (*problem.limits.index, *problem.extra.index)}
    assert {"sweep", "swept", "over", "brought", "modern_share"} <= families


def test_pulp_reads_it_too(tmp_path: Path) -> None:
    problem = everything(1)
    path = optimizer.write_model(problem, tmp_path / "model.mps")
    variables, model = pulp.LpProblem.fromMPS(str(path))  # type: ignore[no-untyped-call, unused-ignore]
    assert set(variables) == set(variables_of(problem))
    model.solve(pulp.HiGHS(msg=False, gapRel=0))
    assert pulp.value(model.objective) == pytest.approx(optimizer.solve(problem, gap=0).objective, rel=1e-7)


@pytest.mark.parametrize("suffix", [".mps", ".lp"])
def test_every_number_of_the_problem_is_in_the_file(suffix: str, tmp_path: Path) -> None:
    problem = everything(0)
    live = read(optimizer.write_model(problem, tmp_path / f"model{suffix}")).getLp()
    columns, rows = variables_of(problem), [name for names in rows_of(problem) for name in names]
    equal, right, _ = problem.equalities
    matrix = sparse.block_array(
        [[equal, None], [problem.use.T, problem.more.T], [problem.rules[0].T, problem.rules[1].T]], format="csr"
    )
    kept = np.diff(matrix.indptr) > 0
    wanted = pd.DataFrame(matrix.toarray(), index=rows, columns=columns)[kept]
    shape, starts = (live.num_row_, live.num_col_), live.a_matrix_.start_
    found = sparse.csc_array((live.a_matrix_.value_, live.a_matrix_.index_, starts), shape=shape).toarray()
    told = pd.DataFrame(found, index=live.row_names_, columns=live.col_names_)
    pd.testing.assert_frame_equal(told.loc[wanted.index, wanted.columns], wanted, rtol=1e-10)
    costs = pd.Series(live.col_cost_, index=live.col_names_)[columns]
    assert costs.to_numpy() == pytest.approx([*problem.cost, *problem.extra["cost"]], rel=1e-10)
    upper = pd.Series(live.col_upper_, index=live.col_names_)[columns]
    assert upper.to_numpy() == pytest.approx([*problem.upper, *problem.extra["upper"]], rel=1e-10)
    allowed = pd.Series([*right, *problem.limits, *problem.rules_limits], index=rows)[kept]
    room = pd.Series(live.row_upper_, index=live.row_names_)[allowed.index]
    assert room.to_numpy() == pytest.approx(allowed.to_numpy(), rel=1e-10)
    kinds = pd.Series(live.integrality_, index=live.col_names_)[columns]
    whole = [*[True] * len(problem), *problem.whole]
    assert [kind == highspy.HighsVarType.kInteger for kind in kinds] == whole


def test_names_say_what_they_are(tmp_path: Path) -> None:
    portfolio = made_up(6, seed=3, years=3).replace(procurement_capacity=pd.Series({2027: 9.0, 2028: 9.0, 2029: 9.0}))
    problem = optimizer.assemble(portfolio, BOUGHT, ECONOMICS, methods=METHODS)
    model = read(optimizer.write_model(problem, tmp_path / "model.lp")).getLp()
    for names in (model.col_names_, model.row_names_):
        assert len(set(names)) == len(names)
    assert "keep(s00000)" in model.col_names_
    assert any(name.startswith("move(s00001,rehost,existing_contract,2028") for name in model.col_names_)
    assert "appropriation(general,FY2028)" in model.row_names_


def test_the_same_problem_gives_the_same_bytes(tmp_path: Path) -> None:
    for suffix in (".mps", ".lp"):
        one, two = (optimizer.write_model(everything(0), tmp_path / f"{name}{suffix}") for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_plain_problems_and_limits_of_nothing_are_written(tmp_path: Path) -> None:
    table = pd.DataFrame({"system": ["a", "a"], "cost": [0.0, -2.0]})
    limits = pd.Series([3.0, 1.0], index=["room", "free"])
    extra = pd.DataFrame({"upper": [inf], "cost": [0.0]}, index=["9th"])
    problem = Problem(table, sparse.csr_array(np.array([[0.0, 0.0], [3.0, 0.0]])), limits, extra)
    for suffix in (".mps", ".lp"):
        engine = read(optimizer.write_model(problem, tmp_path / f"model{suffix}"))
        assert least(engine) == -2.0
        assert set(engine.getLp().row_names_) == {"one_fate(a)", "room"}
        assert set(engine.getLp().col_names_) == {"take(a,0)", "take(a,1)", "_9th"}
    engine = read(optimizer.write_model(replace(problem, limits=limits - 2), tmp_path / "impossible.mps"))
    engine.run()
    assert engine.getModelStatus() == highspy.HighsModelStatus.kInfeasible


def test_a_name_that_cannot_be_written_says_all_that_is_wrong(tmp_path: Path) -> None:
    problem = optimizer.assemble(by_hand({"payroll": {}}), (MOVE,), FLAT)
    with pytest.raises(DataError) as caught:
        optimizer.write_model(problem, tmp_path / "nowhere" / "model.sol")
    assert caught.value.problems == (
        "`.sol` is no format of a model. Write a name that ends in `.mps` or `.lp`.",
        f"there is no folder {tmp_path / 'nowhere'}. Make it first.",
    )
    assert not list(tmp_path.iterdir())


def test_a_system_without_an_option_has_no_model() -> None:
    portfolio = by_hand({"payroll": {"lock": "rehost@2027Q4", "latest": "2027Q1"}})
    with pytest.raises(optimizer.InfeasiblePlan, match="lock"):
        optimizer.assemble(portfolio, (MOVE,), FLAT)
