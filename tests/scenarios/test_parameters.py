import pytest

from scenarios.errors import StudyError
from scenarios.parameters import Settings, declared


@pytest.mark.parametrize("parameter", declared().values(), ids=lambda p: p.name)
def test_every_parameter_is_explained_and_lies_in_its_range(parameter) -> None:  # type: ignore[no-untyped-def]
    assert parameter.title
    assert parameter.unit
    assert parameter.source
    if parameter.kind in ("number", "by_year"):
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
