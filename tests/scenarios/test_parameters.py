import pytest

from scenarios.errors import StudyError
from scenarios.parameters import Settings, declared, said


@pytest.mark.parametrize("parameter", declared().values(), ids=lambda p: p.name)
def test_every_parameter_is_explained_and_lies_in_its_range(parameter) -> None:  # type: ignore[no-untyped-def]
    assert parameter.title
    assert parameter.unit
    assert parameter.source
    if parameter.default and parameter.kind in ("number", "by_year"):
        assert parameter.low <= parameter.default <= parameter.high


def test_values_by_year_hold_until_the_next_year_listed() -> None:
    settings = Settings.defaults().change({"starts_per_quarter": {2028: 10, 2030: 20}}, "test", "test.yaml")
    assert settings.by_year("starts_per_quarter", range(2027, 2032)) == {
        2027: 10,
        2028: 10,
        2029: 10,
        2030: 20,
        2031: 20,
    }


def test_a_change_remembers_who_made_it_and_leaves_the_old_settings_alone() -> None:
    before = Settings.defaults()
    after = before.change({"discount_rate": 0.05}, "study", "study.yaml")
    assert (before.number("discount_rate"), after.number("discount_rate")) == (0.03, 0.05)
    assert dict(after.changed_by) == {"discount_rate": "study"}


def test_every_wrong_change_is_reported() -> None:
    with pytest.raises(StudyError) as caught:
        Settings.defaults().change({"nothing": 1, "tail_years": "five", "avoidable_share": 2}, "test", "test.yaml")
    assert str(caught.value) == (
        "test.yaml sets parameters that do not fit:\n"
        '  - test.yaml: "nothing" is not a parameter. See docs/parameters.md for every parameter.\n'
        '  - test.yaml, column tail_years: "five" is not a number. Write a number in years.\n'
        '  - test.yaml, column avoidable_share: "2" is out of range. Write a value from 0 to 1 share.'
    )


def test_a_limit_by_year_begins_with_the_first_year_listed() -> None:
    settings = Settings.defaults().change({"modern_share": {2029: 0.5, 2031: 0.6}}, "test", "test.yaml")
    assert settings.from_year("modern_share", range(2027, 2033)) == {2029: 0.5, 2030: 0.5, 2031: 0.6, 2032: 0.6}
    assert Settings.defaults().from_year("procurement_capacity", range(2027, 2032)) == {}
    settings = Settings.defaults().change({"reserve": 0.02}, "test", "test.yaml")
    assert settings.from_year("reserve", range(2027, 2029)) == {2027: 0.02, 2028: 0.02}


def test_a_parameter_by_name_or_true_or_false_is_read_as_such() -> None:
    changed = {"fund_weights": {"federal": 0}, "close_sites": True, "methods": []}
    settings = Settings.defaults().change(changed, "test", "test.yaml")
    assert settings.by_name("fund_weights") == {"federal": 0}
    assert settings.truth("close_sites")
    assert settings.listed("methods") == ()
    assert [said(settings.values[name]) for name in changed] == ["federal: 0", "true", "none"]
    with pytest.raises(StudyError) as caught:
        Settings.defaults().change(
            {"fund_weights": 0, "close_sites": "often", "violation_price": {"hours": "dear"}}, "test", "test.yaml"
        )
    assert [str(problem) for problem in caught.value.problems] == [
        'test.yaml, column fund_weights: "0" is not a list by fund. Write {fund: number}.',
        'test.yaml, column close_sites: "often" is not true or false. Write one.',
        'test.yaml, column violation_price: "dear" is not a number. Write a number in USD/unit of the limit.',
    ]
