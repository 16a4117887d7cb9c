"""The referee passes an honest plan and names every kind of tampering."""

import ast
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import optimizer
from optimizer import DisputedPlan, Economics, Plan, modernize
from tests.optimizer.portfolios import CATALOGUE, by_hand

PORTFOLIO = by_hand(
    {
        "payroll": {"units": 4, "end_of_support": "2027-03-31", "cloud_price": 900.0},
        "ledger": {"group": "money", "contract_end": "2027-12-31", "exit_fee": 900.0},
        "taxes": {"group": "money", "units": 2},
        "courts": {"lock": "keep"},
        "parks": {"latest": "2027Q4", "earliest": "2027Q3", "strategies": "rehost|refactor"},
        "roads": {"fund": "general:0.5|federal:0.5", "one_time_fund": "federal"},
        "portal": {"side": "modern"},
    },
    run=6_000.0,
    years=3,
    appropriations=[
        {"fund": fund, "fiscal_year": year, "amount": amount, "carry_forward": 0.5}
        for fund, amount in (("general", 275_000.0), ("federal", 30_000.0))
        for year in (2027, 2028, 2029)
    ],
    residual=[{"fiscal_year": year, "amount": 4_000.0} for year in (2027, 2028, 2029)],
    sites={"hall": {"annual_fixed_cost": 8_000.0}},
    capacity=[("migration", 2027, 900.0), ("migration", 2028, 900.0)],
    starts={2027: 4, 2028: 4},
    freezes=("2028Q1",),
    as_of="2026-07-02",
)
ECONOMICS = Economics(0.03, 0.02, -0.01, 5.0, 300.0, 0.9)
PLAN = modernize(PORTFOLIO, CATALOGUE, ECONOMICS, gap=1e-4)


def judged(plan: Plan) -> str:
    return str(optimizer.verify(PORTFOLIO, CATALOGUE, ECONOMICS, plan))


def test_an_honest_plan_passes() -> None:
    assert judged(PLAN) == "verified: the plan agrees with the tables."
    assert len(PLAN.moves) >= 4


def rows(**changes: Any) -> Callable[[Plan], Plan]:
    """Change cells of the first row that moves."""

    def tamper(plan: Plan) -> Plan:
        table = plan.rows.copy()
        first = table.index[table["start"] != ""][0]
        for column, value in changes.items():
            table.loc[first, column] = value
        return replace(plan, rows=table)

    return tamper


def system(name: str, **changes: Any) -> Callable[[Plan], Plan]:
    """Change cells of a system's first row."""

    def tamper(plan: Plan) -> Plan:
        table = plan.rows.copy()
        first = table.index[table["system"] == name][0]
        for column, value in changes.items():
            table.loc[first, column] = value
        return replace(plan, rows=table)

    return tamper


def scaled(table: str, column: str, by: float) -> Callable[[Plan], Plan]:
    """Change the first amount of a table a little."""

    def tamper(plan: Plan) -> Plan:
        frame = getattr(plan, table).copy()
        frame.loc[0, column] = frame.loc[0, column] + by
        return replace(plan, **{table: frame})

    return tamper


TAMPERED: dict[str, tuple[Callable[[Plan], Plan], str]] = {
    "units": (rows(units=9), "the units do not add up"),
    "zero units": (rows(units=0), "units must be 1 or more"),
    "cut-over": (rows(cutover="2029Q4"), "the cut-over is not the start plus the work"),
    "legacy off": (rows(legacy_off="2029Q4"), "the old system's end is not that of the strategy"),
    "wave": (rows(wave=7), "the wave is not the half fiscal year of the start"),
    "method": (rows(method="itb"), "another purchasing method"),
    "one-time cost": (rows(one_time_cost=1.0), "one_time_cost is another"),
    "run cost before": (rows(run_cost_before=1.0), "run_cost_before is another"),
    "run cost after": (rows(run_cost_after=1.0), "run_cost_after is another"),
    "saving": (rows(npv_saving=1e9), "npv_saving is another"),
    "start": (rows(start="2027Q1"), "start before what they need is bought"),
    "freeze": (rows(start="2028Q1"), "start or cut over in a freeze"),
    "horizon": (rows(start="2029Q4"), "cut over after the horizon"),
    "empty start": (rows(start=""), "a unit that moves needs a start"),
    "lock": (system("courts", strategy="rehost", start="2027Q2"), "do not keep to their lock (courts)"),
    "latest": (system("parks", strategy="rehost", start="2028Q3"), "start after their latest quarter (parks)"),
    "earliest": (system("parks", strategy="rehost", start="2027Q2"), "start before their earliest quarter (parks)"),
    "strategy": (system("parks", strategy="retire", start="2027Q3"), "not allowed to them (parks)"),
    "modern": (system("portal", strategy="rehost", start="2027Q3"), "are modern and yet move (portal)"),
    "group": (system("ledger", strategy="rehost", start="2028Q4"), "groups do not start together (money)"),
    "unknown": (system("ledger", strategy="teleport"), "nothing in the tables is called teleport"),
    "flow": (scaled("flows", "amount", 0.02), "flows: 1 amounts differ"),
    "used": (scaled("limits", "used", 0.02), "states used"),
    "allowed": (scaled("limits", "allowed", 0.02), "states allowed"),
    "term": (lambda plan: replace(plan, terms=plan.terms + np.eye(6)[0] / 10), "terms: run is"),
    "objective": (lambda plan: replace(plan, objective=plan.objective - 1), "objective: is"),
    "bound": (lambda plan: replace(plan, bound=plan.objective + 1), "lies above the objective"),
    "gap": (lambda plan: replace(plan, gap=plan.gap + 1e-3), "gap: is"),
    "lost flow": (lambda plan: replace(plan, flows=plan.flows.iloc[1:]), "flows: 1 amounts differ"),
    "lost limit": (lambda plan: replace(plan, limits=plan.limits.iloc[1:]), "limits: rows are missing or unknown"),
    "lost row": (lambda plan: replace(plan, rows=plan.rows.iloc[1:]), "the units do not add up"),
}


@pytest.mark.parametrize("kind", list(TAMPERED))
def test_tampering_is_named(kind: str) -> None:
    tamper, words = TAMPERED[kind]
    report = judged(tamper(PLAN))
    assert words in report
    assert report.startswith(("the referee disagrees",))


def test_a_split_group_is_named() -> None:
    half = PLAN.rows[PLAN.rows["system"] == "taxes"].assign(units=1)
    table = pd.concat([PLAN.rows[PLAN.rows["system"] != "taxes"], half, half], ignore_index=True)
    assert "systems of a group are split (taxes)" in judged(replace(PLAN, rows=table))


def test_a_broken_limit_is_named() -> None:
    portfolio = PORTFOLIO.replace(starts=pd.Series({2027: 0.0, 2028: 0.0}))
    report = str(optimizer.verify(portfolio, CATALOGUE, ECONOMICS, PLAN))
    assert "is broken" in report


def test_less_money_carried_forward_is_noticed() -> None:
    portfolio = PORTFOLIO.replace(appropriations=PORTFOLIO.appropriations.assign(carry_forward=0.1))
    assert "appropriation general FY2028 states allowed" in str(optimizer.verify(portfolio, CATALOGUE, ECONOMICS, PLAN))


def test_a_disputed_plan_never_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    from optimizer.options import Options

    monkeypatch.setattr(Options, "risk", lambda self: self.tau * 0.0 + 1.0)
    with pytest.raises(DisputedPlan, match="terms: risk is"):
        modernize(PORTFOLIO, CATALOGUE, ECONOMICS)


def test_the_referee_shares_no_arithmetic_and_loads_no_solver() -> None:
    for name in ("verify.py", "recount.py"):
        source = Path(optimizer.__file__).with_name(name).read_text(encoding="utf-8")
        imported = {node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}
        ours = {str(module).removeprefix("optimizer.") for module in imported if str(module).startswith("optimizer")}
        assert ours <= {"catalogue", "funds", "plan", "portfolio", "recount", "words"}
    code = "import sys, optimizer.verify; sys.exit(any(m in sys.modules for m in ('pulp', 'highspy')))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(optimizer.__file__).parents[1])
