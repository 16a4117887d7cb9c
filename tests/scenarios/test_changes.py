from types import MappingProxyType
from typing import Any

import pandas as pd
import pytest

from scenarios.changes import apply
from scenarios.errors import StudyError
from scenarios.scenario import Scenario
from scenarios.study import Study
from tests.scenarios.studies import small_study


def scenario(name: str = "test", based_on: str = "baseline", **set: Any) -> Scenario:
    return Scenario(name=name, why="A test.", based_on=based_on, set=set)


def amounts(study: Study, fund: str) -> list[float]:
    table = study.table("appropriations")
    return [round(a) for a in table.loc[table["fund"].eq(fund), "amount"]]


def test_the_baseline_changes_nothing() -> None:
    study = small_study()
    for name, table in apply(study, study.scenario("baseline")).tables.items():
        pd.testing.assert_frame_equal(table, study.table(name))


def test_a_percentage_holds_until_the_next_year_listed() -> None:
    study = small_study()
    before = amounts(study, "general")
    after = amounts(apply(study, scenario(appropriation={"general": {2027: "-10%", 2029: "+5%"}})), "general")
    assert after == [round(before[0] * 0.9), round(before[1] * 0.9), round(before[2] * 1.05)]


def test_an_amount_replaces_the_appropriation_and_all_means_every_fund() -> None:
    study = small_study()
    assert amounts(apply(study, scenario(appropriation={"general": {2028: 5_000_000}})), "general")[1:] == [5e6, 5e6]
    cut = apply(study, scenario(appropriation={"all": {2027: "-50 %"}}))
    assert amounts(cut, "federal")[0] == pytest.approx(amounts(study, "federal")[0] / 2, abs=1)


def hours(study: Study, skill: str) -> list[float]:
    table = study.table("capacity")
    return [round(h, 6) for h in table.loc[table["skill"].eq(skill), "hours"]]


def test_hours_are_changed_by_amount_or_percent_until_the_next_year_listed() -> None:
    study = small_study()
    before, others = hours(study, "migration"), hours(study, "application")
    after = apply(study, scenario(capacity={"migration": {2028: "+10%", 2029: 500}}))
    assert hours(after, "migration") == [before[0], round(before[1] * 1.1, 6), 500.0]
    assert hours(after, "application") == others
    assert after.settings.changed_by["capacity"] == "test"
    more = apply(study, scenario(capacity={"all": {2027: "+20%"}}))
    assert hours(more, "application") == [round(h * 1.2, 6) for h in others]


def test_a_scenario_stands_on_the_one_it_is_based_on() -> None:
    dearer = scenario("dearer", discount_rate=0.06)
    study = small_study()
    study = Study(study.facts, study.settings, study.tables, study.assumed, MappingProxyType({"dearer": dearer}))
    changed = apply(study, scenario("both", based_on="dearer", risk_price=9))
    assert (changed.settings.number("discount_rate"), changed.settings.number("risk_price")) == (0.06, 9)
    assert changed.settings.changed_by["discount_rate"] == "dearer"


def test_a_lock_is_set_and_can_be_lifted() -> None:
    study = apply(small_study(), scenario(lock={"s03": "keep"}))
    assert study.table("systems").set_index("system").loc["s03", "lock"] == "keep"
    lifted = apply(study, scenario(lock={"s03": ""}))
    assert lifted.table("systems").set_index("system").loc["s03", "lock"] == ""


@pytest.mark.parametrize(
    ("set", "said"),
    [
        (
            {"discont_rate": 0.1},
            'scenarios/test.yaml: "discont_rate" is not a parameter. Did you mean discount_rate? Write that name.',
        ),
        (
            {"appropriation": {"genral": {2028: 1}}},
            'scenarios/test.yaml: "genral" is not a fund of this study. Did you mean general? Write that name.',
        ),
        (
            {"appropriation": {"general": {2040: 1}}},
            'scenarios/test.yaml, column appropriation.general: "2040" is not a fiscal year of the horizon. '
            "Write a year from 2027 to 2029.",
        ),
        (
            {"appropriation": {"general": {2028: "less"}}},
            'scenarios/test.yaml, column appropriation.general.2028: "less" is no amount. '
            'Write dollars, or a change such as "+5%" or "-5%".',
        ),
        (
            {"appropriation": {"general": {2028: -1}}},
            'scenarios/test.yaml, column appropriation.general.2028: "-1" is no amount. '
            'Write dollars, or a change such as "+5%" or "-5%".',
        ),
        (
            {"capacity": {"migratoin": {2028: 1}}},
            'scenarios/test.yaml: "migratoin" is not a skill of this study. Did you mean migration? Write that name.',
        ),
        (
            {"capacity": {"migration": {2028: "more"}}},
            'scenarios/test.yaml, column capacity.migration.2028: "more" is no amount. '
            'Write hours, or a change such as "+5%" or "-5%".',
        ),
        (
            {"capacity": {"migration": 9}},
            "scenarios/test.yaml, column migration: is not a list by fiscal year. Write {2028: -5%}.",
        ),
        (
            {"lock": {"s3": "keep"}},
            'scenarios/test.yaml: "s3" is not a system of this study. Did you mean s03? Write that name.',
        ),
        (
            {"lock": {"s03": "later"}},
            'scenarios/test.yaml, column lock.s03: "later" is no lock. '
            "Write keep, or a strategy and quarter such as rehost@2027Q3.",
        ),
    ],
)
def test_a_change_that_does_not_fit_is_named(set: dict[str, Any], said: str) -> None:
    with pytest.raises(StudyError) as caught:
        apply(small_study(), scenario(**set))
    assert [str(p) for p in caught.value.problems] == [said]


def test_a_circle_of_scenarios_is_named() -> None:
    study = small_study()
    circle = MappingProxyType({"a": scenario("a", based_on="b"), "b": scenario("b", based_on="a")})
    with pytest.raises(StudyError, match="is based on itself"):
        apply(Study(study.facts, study.settings, study.tables, study.assumed, circle), circle["a"])
