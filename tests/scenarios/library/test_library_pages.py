"""The library's files belong together: scenarios with reasons, published figures with sources, pages made from both."""

from pathlib import Path

import pytest

from scenarios.errors import ResultsError
from scenarios.library.pages import DOCS, page, table_text
from scenarios.library.stories import KEYS, NAMES, SIMULATED, story, told_of

PRESENT = [name for name in NAMES if (Path(__file__).parents[3] / "docs" / f"{name}.md").exists()]


@pytest.mark.parametrize("name", PRESENT)
def test_the_tables_of_its_page_are_what_is_expected(name: str) -> None:
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert page(name, text) == text, "run `python -m scenarios.library docs`"
    assert "Made up" in text


@pytest.mark.parametrize("name", PRESENT)
def test_every_scenario_has_a_reason_and_an_expected_result(name: str) -> None:
    one = story(name)
    study, expected = one.study(0), one.expected()
    assert study.facts.made_up
    assert all(len(scenario.why) > 40 for scenario in study.scenarios.values())
    told = set(expected["scenario"])
    for scenario in study.scenarios.values():
        assert any(t.startswith(f"{scenario.name}__") for t in told) if scenario.is_family else scenario.name in told
    assert list(expected.columns) == list(SIMULATED)
    assert not expected.duplicated(list(KEYS)).any()
    assert set(expected["measure"]) <= set(one.words)


@pytest.mark.parametrize("name", PRESENT)
def test_what_was_published_has_its_source_and_a_figure_beside_it(name: str) -> None:
    one = story(name)
    published, expected = one.published(), one.expected()
    assert published["source"].str.len().gt(8).all()
    assert set(published["role"]) <= {"input", "fitted", "result"}
    asked = set(published[list(KEYS)].itertuples(index=False, name=None))
    assert asked <= set(expected[list(KEYS)].itertuples(index=False, name=None))
    table = one.table(expected)
    assert table["published"].notna().sum() == len(published)
    assert "made-up data" in table_text(one, table)


def test_a_story_that_is_none_is_told_the_nearest() -> None:
    with pytest.raises(ResultsError, match="ohio"):
        story("ohoi")


def test_a_folder_without_results_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="reallot new DIR --from ohio"):
        told_of("ohio", tmp_path)
