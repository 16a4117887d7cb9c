"""What an impossible study answers."""

from typing import Any

import pytest

from optimizer import Economics, InfeasiblePlan, NoPlanFound, Portfolio, Strategy, direct, modernize
from optimizer.solver import Status
from tests.optimizer.portfolios import by_hand

MOVE = Strategy("rehost", 600.0, 0.0, 1, 0, 0, {"migration": 10}, 0.5)
PLAIN = Economics(tail_years=1)


def refused(portfolio: Portfolio) -> InfeasiblePlan:
    with pytest.raises(InfeasiblePlan) as caught:
        modernize(portfolio, (MOVE,), PLAIN)
    return caught.value


def test_too_little_money_is_named_with_what_is_missing() -> None:
    portfolio = by_hand(
        {"payroll": {}},
        years=2,
        run=1e6,
        appropriations=[{"fiscal_year": 2027, "amount": 9e6}, {"fiscal_year": 2028, "amount": 0.8e6}],
        capacity=[("migration", 2027, 400.0)],
    )
    refusal = refused(portfolio)
    assert str(refusal) == (
        "no schedule satisfies every limit.\n"
        "  appropriation general FY2028 is short by $1.2M.\n"
        "  This makes a plan possible: raise the appropriation general FY2028 by $1.2M to $2.0M."
    )


def test_a_conflict_of_two_limits_names_both() -> None:
    # the money of 2028 needs all ten units moved in 2027, the hours allow one a quarter
    portfolio = by_hand(
        {"payroll": {"units": 10}},
        years=2,
        appropriations=[{"fiscal_year": 2028, "amount": 20_000.0}],
        capacity=[("migration", 2027, 40.0)],
        starts={2027: 50.0},
    )
    refusal = refused(portfolio)
    found: Any = refusal.conflicts
    assert set(found["limit"]) == {"appropriation", "hours"}
    assert "starts" not in str(refusal)
    assert str(refusal).startswith("no schedule satisfies every limit.\n  ")


def test_a_lock_against_the_starts() -> None:
    portfolio = by_hand({"payroll": {"units": 3, "lock": "rehost@2027Q2"}}, starts={2027: 2})
    assert "starts 2027Q2 is short by 1 units" in str(refused(portfolio))


def test_a_lock_against_a_dependency() -> None:
    systems: dict[str, dict[str, Any]] = {"payroll": {"lock": "rehost@2027Q2"}, "ledger": {"lock": "keep"}, "tolls": {}}
    waits = [("payroll", "ledger", 0.0), ("tolls", "payroll", 3.0)]
    assert str(refused(by_hand(systems, dependencies=waits))) == (
        "no schedule keeps these rules together, whatever the limits.\n"
        "  payroll needs ledger; payroll is locked to rehost@2027Q2; ledger is locked to keep.\n"
        "  Any one of these makes a plan possible:\n"
        "    - let payroll move without waiting for ledger\n"
        "    - lock ledger to rehost@2027Q1 instead of keep"
    )


def test_an_order_of_moves_may_stand_against_the_money() -> None:
    # the money of 2028 needs both moved, which the order allows only when the tolls have moved first
    systems: dict[str, dict[str, Any]] = {"payroll": {}, "tolls": {"earliest": "2028Q3"}}
    rows = [{"fiscal_year": 2028, "amount": 5_000.0}]
    refusal = refused(by_hand(systems, years=2, appropriations=rows, dependencies=[("payroll", "tolls", 0.0)]))
    assert "appropriation general FY2028 is short by $3.0K" in str(refusal)
    assert "tolls does not start before 2028Q3" in str(refusal)
    assert "let tolls start in 2027Q3 at the earliest instead of 2028Q3, 12 months earlier" in str(refusal)


def test_no_schedule_of_whole_units() -> None:
    # the lot must move at once (a group), half of it would do
    rows = [{"fiscal_year": 2027, "amount": 7_000.0}]
    portfolio = by_hand(
        {"payroll": {"units": 2, "group": "g"}}, appropriations=rows, capacity=[("migration", 2027, 40.0)]
    )
    assert str(refused(portfolio)).startswith("no schedule of whole units satisfies every limit.\n  ")


def test_no_plan_in_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object, **__: object) -> Status:
        return Status.UNKNOWN

    monkeypatch.setattr(direct._Search, "step", nothing)
    with pytest.raises(NoPlanFound, match="no plan found in 0 seconds among 4 options of 1 systems"):
        modernize(by_hand({"payroll": {}}), (MOVE,), PLAIN, seconds=0)
