"""Ten and more ways to make a study impossible: each is explained, and each change is tried by planning again."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import optimizer
from optimizer import Economics, InfeasiblePlan, Method, Portfolio, Strategy
from optimizer.explain.change import raised
from optimizer.explain.elastic import Elastic
from tests.optimizer.brute_force import best_by_brute_force
from tests.optimizer.portfolios import CATALOGUE, ECONOMICS, by_hand, made_up

MOVE = Strategy("rehost", 600.0, 0.0, 1, 0, 0, {"migration": 10}, 0.5)
PLAIN = Economics(tail_years=1)
OLD = {"end_of_support": "2026-01-01"}
SLOW = (Method("single_rfp", 150.0),)


def year(value: float, of: int = 2027) -> pd.Series:
    return pd.Series({of: value})


def money(amount: float, of: int = 2027, **more: Any) -> dict[str, Any]:
    return {"fiscal_year": of, "amount": amount, **more}


@dataclass(frozen=True)
class Case:
    """A study without a plan, what conflicts, and the least changes by `limit key by`."""

    portfolio: Portfolio
    conflict: set[tuple[str, str]]
    changes: set[tuple[str, str, float]]
    economics: Economics = PLAIN
    methods: tuple[Method, ...] = ()
    words: tuple[str, ...] = field(default=())


CASES = {
    "the appropriation is below cost to continue": Case(
        by_hand({"payroll": {}}, years=2, appropriations=[money(9_000), money(800, 2028)]),
        {("appropriation", "general FY2028")},
        {("appropriation", "general FY2028", 1_200)},
        words=("appropriation general FY2028 is short by $1.2K",),
    ),
    "operating money alone is short, capital money lies idle": Case(
        by_hand(
            {"payroll": {"lock": "keep"}},
            appropriations=[money(3_200, purpose="operating"), money(9_000, purpose="capital")],
        ),
        {("appropriation", "general operating FY2027"), ("lock", "payroll")},
        {("appropriation", "general operating FY2027", 800), ("lock", "payroll", 0)},
    ),
    "too few hours for a lock": Case(
        by_hand({"payroll": {"units": 3, "group": "g", "lock": "rehost@2027Q2"}}, capacity=[("migration", 2027, 80.0)]),
        {("hours", "migration 2027Q2"), ("lock", "payroll")},
        {("hours", "migration FY2027", 40), ("lock", "payroll", 0)},
        words=("add 40 hours of migration in FY2027 (80 now)", "lock payroll to keep instead of rehost@2027Q2"),
    ),
    "too few starts for a lock": Case(
        by_hand({"payroll": {"units": 3, "lock": "rehost@2027Q2"}}, starts={2027: 2}),
        {("starts", "2027Q2"), ("lock", "payroll")},
        {("starts", "FY2027", 1), ("lock", "payroll", 0)},
        words=("let 1 more unit start in each quarter of FY2027 (2 now)", "drop the lock rehost@2027Q2 of payroll"),
    ),
    "a move group with two locks apart": Case(
        by_hand({"a": {"group": "g", "lock": "rehost@2027Q1"}, "b": {"group": "g", "lock": "rehost@2027Q3"}}),
        {("group", "g"), ("lock", "a"), ("lock", "b")},
        {("group", "g", 0), ("lock", "b", -6)},
        words=("group g moves together (a, b)", "whatever the limits"),
    ),
    "an order of moves against a deadline": Case(
        by_hand(
            {"payroll": {"lock": "rehost@2027Q3"}, "ledger": {}}, years=2, dependencies=[("payroll", "ledger", 6.0)]
        ),
        {("needs", "payroll needs ledger"), ("lock", "payroll")},
        {("needs", "payroll needs ledger", -3), ("lock", "payroll", 3)},
        words=("payroll needs ledger, 6 months after it", "lock payroll to rehost@2027Q4 instead of rehost@2027Q3"),
    ),
    "a freeze against a latest start": Case(
        by_hand({"a": {"latest": "2027Q2", **OLD}}, years=2, freezes=["2027Q2"], risk_ceiling=year(0, 2028)).replace(
            systems=by_hand({"a": {"latest": "2027Q2", **OLD}}).systems
        ),
        {("risk_ceiling", "FY2028"), ("freeze", "2027Q2"), ("latest", "a")},
        {("risk_ceiling", "FY2028", 4), ("freeze", "2027Q2", 0), ("latest", "a", 3)},
        words=("nothing starts or cuts over in 2027Q2", "let a start in 2027Q3 at the latest instead of 2027Q2"),
    ),
    "a lease that runs on": Case(
        by_hand(
            {"a": {"site": "hall"}},
            years=2,
            closes_sites=True,
            sites={"hall": {"annual_fixed_cost": 4_000.0, "lease_end": "2030-06-30"}},
            appropriations=[money(5_000, 2028)],
        ),
        {("appropriation", "general FY2028")},
        {("appropriation", "general FY2028", 1_000)},
    ),
    "a floor of the modern share against the capacity": Case(
        by_hand(
            {"a": {"units": 10}},
            years=2,
            capacity=[("migration", 2027, 40.0), ("migration", 2028, 0.0)],
            modern_share=year(0.5, 2028),
        ),
        {("modern_share", "FY2028"), *(("hours", f"migration {q}") for q in ("2027Q1", "2027Q2", "2027Q3", "2027Q4"))}
        | {("hours", "migration 2028Q1"), ("hours", "migration 2028Q2")},
        {("modern_share", "FY2028", 0.25), ("hours", "migration FY2027", 40)},
        words=("ask for a modern share of 25 % in FY2028 instead of 50 %",),
    ),
    "more purchases than the office can open": Case(
        by_hand({"a": {"lock": "rehost@2027Q3"}, "b": {"lock": "rehost@2027Q3"}}, procurement_capacity=year(1.0)),
        {("procurement", "2027Q2"), ("lock", "a"), ("lock", "b")},
        {("procurement", "FY2027", 1), ("lock", "a", -3)},
        methods=(Method("itb", 80.0),),
    ),
    "a purchase that takes longer than a lock allows": Case(
        by_hand({"a": {"lock": "rehost@2027Q1"}}),
        {("lock", "a")},
        {("lock", "a", 6)},
        methods=SLOW,
        words=("before what it needs can be bought (it can start from 2027Q3 on)",),
    ),
    "a reserve that the money does not leave": Case(
        by_hand({"a": {"lock": "keep"}}, appropriations=[money(4_100)], reserve=0.1),
        {("appropriation", "general FY2027"), ("reserve", "FY2027"), ("lock", "a")},
        {("appropriation", "general FY2027", 345), ("reserve", "FY2027", 0.07561), ("lock", "a", 0)},
        words=("10 % of each appropriation of FY2027 is kept free", "keep 2.439 % of FY2027 free instead of 10 %"),
    ),
    "a ceiling of risk below what can be moved": Case(
        by_hand(
            {"a": {"units": 4, **OLD}},
            years=2,
            risk_ceiling=year(2.0, 2028),
            capacity=[("migration", 2027, 20.0), ("migration", 2028, 0.0)],
        ),
        {("risk_ceiling", "FY2028"), *(("hours", f"migration 2027Q{q}") for q in range(1, 5))},
        {("risk_ceiling", "FY2028", 14), ("hours", "migration FY2027", 20)},
    ),
    "a lock that does not cut over within the horizon": Case(
        by_hand({"a": {"lock": "rehost@2027Q4"}}),
        {("lock", "a")},
        {("lock", "a", -3)},
        words=("which does not cut over within the horizon (it can start until 2027Q3)",),
    ),
    "nothing but whole units": Case(
        by_hand(
            {"payroll": {"units": 2, "group": "g"}},
            appropriations=[money(7_000)],
            capacity=[("migration", 2027, 40.0)],
        ),
        {("appropriation", "general FY2027"), ("hours", "migration 2027Q1")},
        {("appropriation", "general FY2027", 1_000), ("hours", "migration FY2027", 40)},
        words=("no schedule of whole units satisfies every limit.",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_impossible_study_is_explained_and_each_change_mends_it(name: str) -> None:
    case = CASES[name]
    with pytest.raises(InfeasiblePlan) as caught:
        optimizer.modernize(case.portfolio, (MOVE,), case.economics, methods=case.methods)
    refusal = caught.value
    assert refusal.conflicts is not None
    found = set(refusal.conflicts[["limit", "key"]].astype(str).itertuples(index=False, name=None))
    assert found == case.conflict
    assert {(p.limit, p.key, p.by) for c in refusal.changes for p in c.parts} == case.changes
    assert all(words in str(refusal) for words in case.words)
    for change in refusal.changes:
        assert str(change) in str(refusal)
        mended = change.apply(case.portfolio)
        plan = optimizer.modernize(mended, (MOVE,), case.economics, methods=case.methods)
        assert optimizer.verify(mended, (MOVE,), case.economics, plan, methods=case.methods).agrees


@pytest.mark.parametrize("name", CASES)
def test_a_little_less_than_the_change_is_not_enough(name: str) -> None:
    case = CASES[name]
    found = optimizer.why_not(case.portfolio, (MOVE,), case.economics, methods=case.methods)
    assert found is not None
    for change in found.changes:
        for part in change.parts:
            if not part.by or part.unit == "months":
                continue
            less = 0.9 * float(part.by) if part.unit != "units" else part.by - 1
            short = raised(case.portfolio, part.limit, part.key, less).apply(case.portfolio)
            with pytest.raises(InfeasiblePlan):
                optimizer.modernize(short, (MOVE,), case.economics, methods=case.methods)


def test_two_troubles_of_different_kinds_are_mended_together() -> None:
    systems = {"a": {"agency": "health", "lock": "rehost@2027Q1"}, "b": {"agency": "tax", "lock": "keep"}}
    portfolio = by_hand(systems, starts={2027: 0}, appropriations=[money(1_000, agency="tax")])
    found = optimizer.why_not(portfolio, (MOVE,), PLAIN)
    assert found is not None
    assert len(found.changes) == 1
    assert len(found.changes[0].limits) == 2
    assert found.changes[0].costs["USD"] == 3_000
    mended = found.changes[0].apply(portfolio)
    assert optimizer.modernize(mended, (MOVE,), PLAIN).status == "optimal"


def test_why_not_says_nothing_where_a_plan_exists() -> None:
    assert optimizer.why_not(by_hand({"a": {}}), (MOVE,), PLAIN) is None


def test_a_change_is_a_table_too() -> None:
    case = CASES["too few starts for a lock"]
    found = optimizer.why_not(case.portfolio, (MOVE,), PLAIN)
    assert found is not None
    row = found.changes[0].frame().iloc[0]
    assert row[["limit", "key", "by", "unit", "value"]].to_list() == ["starts", "FY2027", 1.0, "units", "3.0"]
    assert found.irreducible


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    amount=st.integers(5, 12),
    starts=st.integers(0, 2),
    latest=st.sampled_from(["", "2027Q1", "2027Q2"]),
    lock=st.sampled_from(["", "keep", "rehost@2027Q1"]),
    group=st.sampled_from(["", "g"]),
    freeze=st.sampled_from([(), ("2027Q1",), ("2027Q2",)]),
)
def test_no_smaller_set_conflicts(
    amount: int, starts: int, latest: str, lock: str, group: str, freeze: tuple[str, ...]
) -> None:
    """By brute force: what is found conflicts, and without any one of its members there is a plan."""
    portfolio = by_hand(
        {"a": {"latest": latest, "units": 2, "group": group}, "b": {"lock": lock, "group": group}},
        appropriations=[money(1_000.0 * amount)],
        starts={2027: starts},
        freezes=freeze,
        risk_ceiling=year(4.0),
    )
    portfolio = portfolio.replace(systems=portfolio.systems.assign(end_of_support=pd.Timestamp("2026-01-01")))
    found = optimizer.why_not(portfolio, (MOVE,), PLAIN)
    best = best_or_none(portfolio)
    assert (found is None) == (best is not None)
    if found is None:
        return
    members = list(found.conflict[["limit", "key"]].astype(str).itertuples(index=False, name=None))
    assert best_or_none(only(portfolio, members)) is None
    elastic = Elastic.of(portfolio, (MOVE,), PLAIN, ())
    for left_out in members:
        rest = {member for member in members if member != left_out}
        rules, keys = (
            np.array([(r["limit"], r["key"]) in rest for r in table.to_dict("records")], dtype=bool)
            for table in (elastic.rules, elastic.keys.table)
        )
        assert elastic.possible(rules, keys, 10.0, 0)
        if left_out[0] != "starts":
            assert best_or_none(only(portfolio, sorted(rest))) is not None
    for change in found.changes:
        assert best_or_none(change.apply(portfolio)) is not None


def best_or_none(portfolio: Portfolio) -> float | None:
    try:
        return best_by_brute_force(portfolio, (MOVE,), PLAIN)
    except optimizer.DataError:
        return None


def only(portfolio: Portfolio, members: list[tuple[str, str]]) -> Portfolio:
    """The study with these limits and rules and no others (of starts, all quarters of a year)."""
    held = {limit: {key for name, key in members if name == limit} for limit in dict(members)}
    systems = portfolio.systems
    for rule in ("lock", "latest"):
        systems = systems.assign(**{rule: systems[rule].where(systems.index.isin(list(held.get(rule, ()))), "")})
    whole = systems["group"].ne("").any() and "group" not in held
    if whole:
        # each still moves whole: a group of its own
        systems = systems.assign(group=systems.index)
    return portfolio.replace(
        systems=systems.astype({"group": "str"}),
        appropriations=portfolio.appropriations if "appropriation" in held else portfolio.appropriations.iloc[:0],
        starts=portfolio.starts if "starts" in held else portfolio.starts.iloc[:0],
        freezes=tuple(q for q in portfolio.freezes if str(q) in held.get("freeze", ())),
        risk_ceiling=portfolio.risk_ceiling if "risk_ceiling" in held else portfolio.risk_ceiling.iloc[:0],
    )


def test_a_large_study_is_explained_with_fractions() -> None:
    portfolio = made_up(80, seed=3)
    rows = portfolio.appropriations
    cut = rows["amount"].where((rows["fund"] != "general") | (rows["fiscal_year"] != 2028), rows["amount"] * 0.5)
    portfolio = portfolio.replace(appropriations=rows.assign(amount=cut))
    found = optimizer.why_not(portfolio, CATALOGUE, ECONOMICS, seconds=60)
    assert found is not None
    assert ("appropriation", "general FY2028") in set(
        found.conflict[["limit", "key"]].itertuples(index=False, name=None)
    )
    plan = optimizer.modernize(found.changes[0].apply(portfolio), CATALOGUE, ECONOMICS, gap=0.05, seconds=30)
    assert plan.gap < 0.2
