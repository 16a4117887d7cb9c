"""Every limit has three tests: a plan inside, a plan outside, and its rows as an LP."""

from inspect import isabstract
from types import ModuleType

import pytest

from optimizer.limits import LIMITS, Appropriation, Limit, Starts, limits_of, rules_of, structure_of
from optimizer.options import expand
from optimizer.sites import Closings
from tests.optimizer import (
    test_limits_money,
    test_limits_share,
    test_limits_sites,
    test_limits_soft,
    test_limits_structure,
    test_limits_work,
)
from tests.optimizer.limit_cases import PLAIN, REHOST, fleet, money

MODULES: tuple[ModuleType, ...] = (
    *(test_limits_structure, test_limits_sites, test_limits_money),
    *(test_limits_work, test_limits_share, test_limits_soft),
)


def kinds(root: type[Limit]) -> set[type[Limit]]:
    """All classes below one that can be made."""
    every = {kind for child in root.__subclasses__() for kind in (child, *kinds(child))}
    return {kind for kind in every if not isabstract(kind)}


def test_every_limit_is_tested() -> None:
    registers = [module.REGISTER for module in MODULES]
    assert kinds(Limit) == set(LIMITS)  # type: ignore[type-abstract]
    assert {limit for register in registers for limit in register} == set(LIMITS)
    for module, register in zip(MODULES, registers, strict=True):
        assert all(callable(getattr(module, name)) for names in register.values() for name in names)


def test_every_limit_is_part_of_a_study() -> None:
    annual, biennial = fleet(soft={"hours": 1.0}), fleet(biennium_start=2027)
    cases = Closings.possible(expand(annual, (REHOST,), PLAIN))
    used = {
        type(limit)
        for portfolio in (annual, biennial)
        for limit in (*limits_of(portfolio), *rules_of(portfolio, cases), *structure_of(portfolio))
    }
    assert used == set(LIMITS)


@pytest.mark.parametrize("limit", LIMITS)
def test_every_limit_states_its_formula(limit: type[Limit]) -> None:
    assert "$$" in (limit.__doc__ or "")


def test_limits_speak() -> None:
    portfolio = money({"fiscal_year": 2027, "amount": 16_000.0})
    assert Appropriation(portfolio).sentence("general FY2027", 15_000.0, 16_000.0) == (
        "appropriation general FY2027: outlay $15.0K of $16.0K"
    )
    assert Starts(portfolio.quarters, portfolio.starts).sentence("2027Q1", 2, 3) == "starts 2027Q1: 2 units of 3 units"
