"""What every plan consists of: fates, groups, and systems that wait for others."""

from typing import Any

from optimizer import Portfolio
from optimizer.limits import MoveGroups, OneFate, Precedence, structure_of
from tests.optimizer.limit_cases import Fate, Tests, chose, compare, fleet, written
from tests.optimizer.portfolios import by_hand

# One fate


def test_one_fate_takes_all_units() -> None:
    options, units = chose(
        fleet(), ("payroll", 2, "retain", ""), ("payroll", 1, "rehost", "2027Q1"), ("ledger", 1, "retain", "")
    )
    assert structure_of(options.portfolio)[0].holds(options, units)


def test_one_fate_refuses_a_unit_without_one() -> None:
    options, units = chose(fleet(), ("payroll", 2, "retain", ""), ("ledger", 1, "retain", ""))
    assert not structure_of(options.portfolio)[0].holds(options, units)


def test_one_fate_lp() -> None:
    compare("one_fate", written(fleet(), "one_fate"))


# Groups


def pair(**changes: Any) -> Portfolio:
    systems: dict[str, dict[str, Any]] = {
        "payroll": {"group": "hr", "units": 3},
        "pension": {"group": "hr"},
        "ledger": {"group": "hr", "side": "modern"},
    }
    return by_hand(systems, **changes)


def test_groups_start_together() -> None:
    options, units = chose(
        pair(), ("payroll", 3, "rehost", "2027Q2"), ("pension", 1, "replatform", "2027Q2"), ("ledger", 1, "retain", "")
    )
    assert structure_of(options.portfolio)[1].holds(options, units)


def test_groups_refuse_different_starts() -> None:
    options, units = chose(pair(), ("payroll", 3, "rehost", "2027Q2"), ("pension", 1, "rehost", "2027Q3"))
    assert not structure_of(options.portfolio)[1].holds(options, units)


def test_groups_refuse_one_that_stays() -> None:
    options, units = chose(pair(), ("payroll", 3, "rehost", "2027Q2"), ("pension", 1, "retain", ""))
    assert not structure_of(options.portfolio)[1].holds(options, units)


def test_groups_lp() -> None:
    compare("together", written(pair(), "together"))


# Precedence


def chain(lag: float = 0.0, **changes: Any) -> Portfolio:
    """Payroll needs the ledger, which needs nothing."""
    return fleet(dependencies=[("payroll", "ledger", lag)], **changes)


def waits(portfolio: Portfolio, *fates: Fate) -> bool:
    options, units = chose(portfolio, *fates)
    return Precedence(portfolio).holds(options, units)


FIRST = ("ledger", 1, "rehost", "2027Q1")


def test_precedence_lets_a_system_start_when_its_need_has_cut_over() -> None:
    assert waits(chain(), FIRST, ("payroll", 3, "rehost", "2027Q2"))
    assert waits(chain(), FIRST, ("payroll", 3, "retain", ""))
    assert waits(chain(6), FIRST, ("payroll", 3, "rehost", "2027Q4"))


def test_precedence_refuses_a_start_before_the_need_has_cut_over() -> None:
    assert not waits(chain(), FIRST, ("payroll", 3, "rehost", "2027Q1"))
    assert not waits(chain(), ("ledger", 1, "retain", ""), ("payroll", 3, "rehost", "2027Q3"))
    # one month after the cut-over is over when the next quarter begins
    assert not waits(chain(1), FIRST, ("payroll", 3, "rehost", "2027Q2"))
    assert waits(chain(1), FIRST, ("payroll", 3, "rehost", "2027Q3"))
    assert not waits(chain(4), FIRST, ("payroll", 3, "rehost", "2027Q3"))


def test_precedence_lp() -> None:
    compare("precedence", written(chain(3), "precedence"))


def test_a_need_that_is_modern_or_goes_along_is_met() -> None:
    modern = by_hand(
        {"payroll": {"units": 3}, "ledger": {"side": "modern"}}, dependencies=[("payroll", "ledger", 12.0)]
    )
    assert waits(modern, ("payroll", 3, "rehost", "2027Q1"), ("ledger", 1, "retain", ""))
    together = pair(dependencies=[("payroll", "pension", 0.0)])
    assert waits(together, ("payroll", 3, "rehost", "2027Q1"), ("pension", 1, "rehost", "2027Q1"))
    assert Precedence(together).allowed().empty


def test_systems_that_depend_on_each_other_move_whole() -> None:
    assert chain().whole.tolist() == [True, True]
    assert fleet().whole.tolist() == [False, False]


REGISTER: Tests = {
    OneFate: ("test_one_fate_takes_all_units", "test_one_fate_refuses_a_unit_without_one", "test_one_fate_lp"),
    MoveGroups: ("test_groups_start_together", "test_groups_refuse_different_starts", "test_groups_lp"),
    Precedence: (
        "test_precedence_lets_a_system_start_when_its_need_has_cut_over",
        "test_precedence_refuses_a_start_before_the_need_has_cut_over",
        "test_precedence_lp",
    ),
}
