"""The library's files belong together: scenarios with reasons, published figures with sources, pages made from both."""

import os
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pytest

from scenarios.errors import ResultsError, StudyError
from scenarios.library import stories
from scenarios.library.ohio import fit
from scenarios.library.pages import DOCS, page, table_text
from scenarios.library.stories import KEYS, NAMES, SIMULATED, TABLE, WITHIN, story, tell, told_of
from scenarios.pipeline import plan_study
from scenarios.study import Study
from tests.scenarios.studies import small_study


@pytest.mark.parametrize("name", NAMES)
def test_the_tables_of_its_page_are_what_is_expected(name: str) -> None:
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert page(name, text) == text, "run `python -m scenarios.library docs`"
    assert "Made up" in text


@pytest.mark.parametrize("name", NAMES)
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


@pytest.mark.parametrize("name", NAMES)
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


def test_results_of_another_study_are_no_story(tmp_path: Path) -> None:
    plan_study(small_study(), "baseline", tmp_path)
    with pytest.raises(ResultsError, match="another study, not of ohio"):
        told_of("ohio", tmp_path)


def test_telling_leaves_study_results_and_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = story("california")

    def smaller(seed: int) -> Study:
        return replace(one.study(seed), scenarios=MappingProxyType({}))

    monkeypatch.setattr(stories, "story", lambda name: replace(one, study=smaller))
    told = tell("california", tmp_path / "kept")
    written = pd.read_csv(tmp_path / "kept" / "story.csv")
    assert list(written.columns) == list(TABLE)
    assert written["made_up"].all()
    assert set(written["scenario"]) == {"baseline"}
    assert written["simulated"].to_numpy() == pytest.approx(told.table["simulated"].to_numpy())
    again = told_of("california", tmp_path / "kept" / "results")
    pd.testing.assert_frame_equal(again.table, told.table)
    with pytest.raises(StudyError, match="already holds something"):
        tell("california", tmp_path / "kept")


def test_the_fit_finds_the_price_at_which_as_many_servers_move(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[float] = []

    def falls_with_the_price(value: float) -> float:
        tried.append(value)
        return 6200 - 3000 * value

    monkeypatch.setattr(fit, "simulated", falls_with_the_price)
    assert falls_with_the_price(fit.fit()) == pytest.approx(fit.published(), rel=fit.CLOSE)
    assert len(tried) < 9


@pytest.mark.skipif("REALLOT_LONG" not in os.environ, reason="long: plans and plays whole stories; set REALLOT_LONG=1")
@pytest.mark.parametrize("name", NAMES)
def test_the_whole_story_comes_to_what_it_came_to(name: str) -> None:
    keys = list(KEYS)
    now = tell(name).table.drop_duplicates(keys).set_index(keys)["simulated"]
    expected = story(name).expected().set_index(keys)["simulated"]
    pd.testing.assert_series_equal(now, expected, rtol=WITHIN, atol=1e-9, check_dtype=False)


def test_a_story_that_there_is_none_of_is_told_those_that_there_are() -> None:
    with pytest.raises(ResultsError, match="Write one of: ohio, california, roundtable"):
        story("nevada")
