"""Grids and samples: which scenarios a family stands for, what they are called, and how wrong ones are refused."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from scenarios.changes import apply, factor_of
from scenarios.errors import ScenarioError
from scenarios.expand import LONGEST, check_scenarios, expand, family_of, scenarios_of
from scenarios.pipeline import prepare
from scenarios.scenario import Scenario
from scenarios.study import Study
from tests.scenarios.studies import small_study


def family(**keys: Any) -> Scenario:
    return Scenario.read({"name": "cuts", "why": "A test.", **keys}, "scenarios/cuts.yaml")


def holding(*scenarios: Scenario) -> Study:
    return replace(small_study(), scenarios=MappingProxyType({s.name: s for s in scenarios}))


def test_a_sweep_is_every_combination_with_names_that_read() -> None:
    grid = family(sweep={"discount_rate": [0.02, 0.03], "appropriation.general": ["-10%", "0%"]})
    assert [member.name for member in expand(small_study(), grid)] == [
        "cuts__discount_rate_0_02__appropriation_general_minus_10pct",
        "cuts__discount_rate_0_02__appropriation_general_0pct",
        "cuts__discount_rate_0_03__appropriation_general_minus_10pct",
        "cuts__discount_rate_0_03__appropriation_general_0pct",
    ]


def test_a_member_stands_on_what_its_family_sets() -> None:
    grid = family(set={"risk_price": 9, "appropriation": {"general": {2027: "-50%"}}}, sweep={"tail_years": [3]})
    both = family(set={"appropriation": {"general": {2028: "-50%"}}}, sweep={"appropriation.general": ["-10%"]})
    study = holding(grid)
    changed = apply(study, study.scenario("cuts__tail_years_3"))
    assert (changed.settings.number("risk_price"), changed.settings.number("tail_years")) == (9, 3)
    study = holding(both)
    before = study.table("appropriations").set_index(["fund", "fiscal_year"])["amount"]["general"]
    changed = apply(study, study.scenario("cuts__appropriation_general_minus_10pct"))
    after = changed.table("appropriations").set_index(["fund", "fiscal_year"])["amount"]["general"]
    np.testing.assert_allclose(after / before, [0.9, 0.45, 0.45], rtol=1e-5)


def test_a_sample_meets_each_part_of_each_range_once() -> None:
    ranges = {"discount_rate": [0.01, 0.05], "appropriation.general": ["-10%", "+10%"], "tail_years": [3, 6]}
    members = expand(small_study(), family(sample={"count": 20, "seed": 1, "ranges": ranges}))
    rates = np.sort([m.set["discount_rate"] for m in members])
    assert np.array_equal(((rates - 0.01) / 0.04 * 20).astype(int), range(20))
    changes = np.sort([factor_of(m.set["appropriation"]["general"][2027]) for m in members])
    assert np.array_equal(((changes - 0.9) / 0.2 * 20).astype(int), range(20))
    assert [list(m.set["tail_years"] for m in members).count(years) for years in (3, 4, 5, 6)] == [5, 5, 5, 5]
    assert [m.name for m in members][:2] == ["cuts__draw_01", "cuts__draw_02"]


def test_a_seed_gives_the_same_draws_and_another_seed_others() -> None:
    drawn = [
        [
            m.set
            for m in expand(small_study(), family(sample={"count": 5, "seed": s, "ranges": {"tail_years": [1, 9.5]}}))
        ]
        for s in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_sweep_and_a_sample_are_every_draw_at_every_point() -> None:
    both = family(sweep={"tail_years": [3, 5]}, sample={"count": 4, "ranges": {"discount_rate": [0.01, 0.05]}})
    members = expand(small_study(), both)
    assert len({m.name for m in members}) == len(members) == 8
    assert [m.set["discount_rate"] for m in members[:4]] == [m.set["discount_rate"] for m in members[4:]]


def test_long_names_and_names_that_look_alike_stay_apart() -> None:
    long = family(sweep={"modern_share": [{year: 0.1 for year in range(2027, 2042)}, {2027: 0.1}]})
    names = [m.name for m in expand(small_study(), long)]
    assert max(map(len, names)) <= LONGEST
    alike = family(sweep={"methods": [["cooperative", "itb"], ["cooperative itb"]]})
    assert len({m.name for m in expand(small_study(), alike)}) == 2


def test_members_are_found_by_name_and_families_are_not_planned() -> None:
    study = holding(family(sweep={"tail_years": [3, 5]}))
    assert list(scenarios_of(study)) == ["baseline", "cuts__tail_years_3", "cuts__tail_years_5"]
    assert family_of(study, "cuts__tail_years_4") is None
    with pytest.raises(ScenarioError, match=r"stands for many scenarios\. Plan all of them"):
        prepare(study, "cuts")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"sweep": {"discont_rate": [0.1]}}, '"discont_rate" is not a parameter. Did you mean discount_rate?'),
        ({"sweep": {"appropriation.genral": ["0%"]}}, "Did you mean appropriation.general?"),
        ({"sweep": {"capacity.migraton": ["0%"]}}, "Did you mean capacity.migration?"),
        ({"sweep": {"lock.s3": ["keep"]}}, "is not a system of this study. Did you mean lock.s0"),
        ({"sweep": {"appropriation.general": ["ten"]}}, '"ten" is no amount'),
        ({"sweep": {"discount_rate": [0.02, 5]}}, '"5" is out of range'),
        ({"sweep": {"discount_rate": [0.02, 0.02]}}, '"0.02" is listed twice'),
        ({"sweep": {"discount_rate": []}}, "lists no value"),
        ({"sweep": {"appropriation.general": [{}]}}, "lists no year"),
        ({"sample": {"count": 2, "ranges": {"discount_rate": [0.05, 0.01]}}}, "Write the lower end first"),
        ({"sample": {"count": 2, "ranges": {"discount_rate": ["low", 1]}}}, "Write two numbers as [low, high]"),
        (
            {"sweep": {"tail_years": list(range(9))}, "sample": {"count": 99999, "ranges": {"discount_rate": [0, 1]}}},
            "899,991",
        ),
    ],
)
def test_what_is_wrong_with_a_family_is_said(keys: dict[str, Any], said: str) -> None:
    study = holding(family(**keys))
    with pytest.raises(ScenarioError) as caught:
        check_scenarios(study)
    assert said in str(caught.value)


def test_all_that_is_wrong_in_all_scenarios_is_said_at_once() -> None:
    wrong = Scenario(name="wrong", why="A test.", set={"tail_yeers": 1})
    lost = Scenario(name="lost", why="A test.", based_on="wronk")
    with pytest.raises(ScenarioError) as caught:
        check_scenarios(holding(family(sweep={"discont_rate": [1]}), wrong, lost))
    assert all(near in str(caught.value) for near in ("discount_rate", "tail_years", "Did you mean wrong"))
