"""Sites that close when their last unit has left: rows, money, tail, and what the referee says."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import optimizer
from optimizer import Economics, Portfolio
from optimizer.limits import SiteClosure
from optimizer.options import expand
from optimizer.study import study
from tests.optimizer.limit_cases import PLAIN, REHOST, Fate, Tests, compare, written
from tests.optimizer.portfolios import by_hand

HALL = {"annual_fixed_cost": 8_000.0, "closure_cost": 500.0}
FOREVER = Economics(tail_years=1)


def housed(site: dict[str, Any] = HALL, **changes: Any) -> Portfolio:
    """Payroll's three servers and the ledger's one stand in the hall."""
    systems: dict[str, dict[str, Any]] = {"payroll": {"units": 3, "site": "hall"}, "ledger": {"site": "hall"}}
    kept: dict[str, Any] = {"sites": {"hall": site}, "closes_sites": True, **changes}
    return by_hand(systems, **kept)


def keeps(portfolio: Portfolio, empty: str, *fates: Fate) -> bool:
    """Whether a plan in which the hall is empty from a quarter on keeps to all rules."""
    case = study(expand(portfolio, (REHOST,), PLAIN))
    table = case.problem.options.astype({"slot": str, "system": str})
    x = np.zeros(len(table))
    for system, units, _, start in (*fates, ("site.hall", 1, "", empty)):
        x[np.flatnonzero((table["system"] == system) & (table["slot"] == start))] = units
    use, _ = case.problem.rules
    return bool((use.T @ x <= case.problem.rules_limits.to_numpy() + 1e-9).all())


LEFT: tuple[Fate, ...] = (
    ("payroll", 1, "rehost", "2027Q1"),
    ("payroll", 2, "rehost", "2027Q2"),
    ("ledger", 1, "rehost", "2027Q1"),
)


def test_a_site_is_empty_when_its_last_unit_has_left() -> None:
    assert keeps(housed(), "2027Q3", *LEFT)
    assert keeps(housed(), "", *LEFT[:2], ("ledger", 1, "retain", ""))


def test_a_site_is_not_empty_before_or_later_or_with_somebody_in_it() -> None:
    assert not keeps(housed(), "2027Q2", *LEFT)
    assert not keeps(housed(), "2027Q4", *LEFT)
    assert not keeps(housed(), "", *LEFT)
    assert not keeps(housed(), "2027Q3", *LEFT[:2], ("ledger", 1, "retain", ""))


def test_site_lp() -> None:
    portfolio = housed(appropriations=[{"amount": 50_000.0}])
    compare("site_closure", written(portfolio, "site_closure", "appropriation"))


def plan_of(portfolio: Portfolio, economics: Economics = FOREVER) -> optimizer.Plan:
    return optimizer.modernize(portfolio, (REHOST,), economics, gap=1e-9)


def test_a_site_costs_until_it_closes_and_closing_costs_once() -> None:
    plan = plan_of(housed())
    assert plan.sites.to_dict("records") == [
        {"site": "hall", "closes": "2027Q2", "saving": 3 * 2_000 + 4 * 2_000 - 500}
    ]
    money = plan.flows[plan.flows["nature"] == "site"].set_index("period")["amount"]
    assert money.tolist() == [2_000, 500]
    assert plan.terms["site"] == 500 - 3 * 2_000
    assert plan.terms["tail"] == -4 * (4 * 500 + 2_000)
    assert plan.rows["npv_saving"].sum() + plan.sites["saving"].sum() == pytest.approx(
        sum(4_000.0 for _ in range(4)) - plan.terms.sum()
    )


def test_rent_is_owed_until_the_lease_ends() -> None:
    plan = plan_of(housed({**HALL, "lease_end": "2027-03-31"}))
    assert plan.sites.loc[0, "closes"] == "2027Q4"
    money = plan.flows[plan.flows["nature"] == "site"].set_index("period")["amount"]
    assert money.tolist() == [2_000, 2_000, 2_000, 500]
    later = plan_of(housed({**HALL, "lease_end": "2027-12-31"}))
    assert later.sites.to_dict("records") == [{"site": "hall", "closes": "2028Q3", "saving": 2 * 2_000 - 500}]
    assert later.terms["site"] == 0
    never = plan_of(housed({**HALL, "lease_end": "2031-12-31"}))
    assert never.sites.to_dict("records") == [{"site": "hall", "closes": "", "saving": 0.0}]


def test_who_must_not_or_cannot_close() -> None:
    modern = housed().replace(systems=housed().systems.assign(side=["legacy", "modern"]))
    kept = housed({**HALL, "keep": True})
    without = housed(closes_sites=False)
    elsewhere = housed().replace(systems=housed().systems.assign(site=""))
    for portfolio in (modern, kept, without, elsewhere):
        plan = plan_of(portfolio)
        assert plan.sites["closes"].tolist() == [""]
        assert plan.flows.loc[plan.flows["nature"] == "site", "amount"].tolist() == [2_000] * 4
        assert "site" not in plan.terms or plan.terms["site"] == 0


def test_a_dear_closing_keeps_somebody_in() -> None:
    dear = {**HALL, "closure_cost": 90_000.0}
    plan = plan_of(housed(dear))
    assert plan.sites.loc[0, "closes"] == ""
    assert (plan.rows["strategy"] == "retain").any()


def test_the_money_of_a_site_counts_in_its_appropriation() -> None:
    # 16,000 + 8,000 stay as they are; moving all at once costs 4 * 3,100, the hall 2,000 + 500
    plan = plan_of(housed(appropriations=[{"amount": 14_900.0}]))
    assert plan.limits.set_index("key").loc["general FY2027", "used"] == 14_900
    with pytest.raises(optimizer.InfeasiblePlan, match="short by \\$1"):
        plan_of(housed(appropriations=[{"amount": 14_899.0}]))


def test_a_plan_tells_of_sites_that_close() -> None:
    assert "   4 units start, 1 site closes" in str(plan_of(housed()))
    assert "close" not in str(plan_of(housed(closes_sites=False)))


def test_the_referee_sees_a_site_that_closes_at_another_time() -> None:
    portfolio = housed()
    plan = plan_of(portfolio)
    for column, value in (("closes", "2027Q3"), ("closes", ""), ("saving", 1.0)):
        lie = replace(plan, sites=plan.sites.assign(**{column: value}))
        report = optimizer.verify(portfolio, (REHOST,), FOREVER, lie)
        assert "sites: another quarter of closing, or another saving (hall)" in str(report)


def test_a_site_that_closes_draws_its_systems_along() -> None:
    # building costs more than it saves, unless the hall closes with it
    portfolio = housed({**HALL, "annual_fixed_cost": 30_000.0})
    dear = replace(REHOST, one_time_cost=5_000.0)
    plans = [
        optimizer.modernize(portfolio.replace(closes_sites=closes), (dear,), FOREVER, gap=1e-9)
        for closes in (False, True)
    ]
    assert [set(plan.rows["strategy"]) for plan in plans] == [{"retain"}, {"rehost"}]
    assert [plan.sites.loc[0, "closes"] for plan in plans] == ["", "2027Q2"]


REGISTER: Tests = {
    SiteClosure: (
        "test_a_site_is_empty_when_its_last_unit_has_left",
        "test_a_site_is_not_empty_before_or_later_or_with_somebody_in_it",
        "test_site_lp",
    ),
}
