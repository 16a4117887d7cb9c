"""The roundtable's story: results differ, and each for the reason that its scenario gives."""

from pathlib import Path

import pandas as pd
import pytest

from scenarios.futures.run import simulate
from scenarios.library.roundtable.study import cycle, delays, roundtable
from scenarios.library.stories import KEYS, WITHIN, story
from scenarios.parameters import Settings
from scenarios.pipeline import plan_study
from scenarios.referee import verify_results
from scenarios.study import Study, read_study, write_study
from scenarios.tables import METHODS

STORY = story("roundtable")
EXPECTED = STORY.expected().set_index(list(KEYS))["simulated"]
PLANNED = ("baseline", "apart", "on_paper")
PLAYED = {"one_time", "moved_likely", "chance_within", "standard_error", "futures"}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return read_study(write_study(roundtable(), tmp_path_factory.mktemp("roundtable") / "study"))


@pytest.fixture(scope="module")
def out(state: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    for name in PLANNED:
        plan_study(state, name, folder, gap=STORY.gap, seconds=600)
    simulate(folder / "baseline", futures=STORY.futures, drivers=False)
    return folder


def told(scenario: str, measure: str, period: str = "") -> float:
    return float(EXPECTED[scenario, measure, period])


def test_it_comes_to_what_it_came_to(out: Path) -> None:
    now = STORY.measure(out).set_index(list(KEYS))["simulated"]
    place = EXPECTED.index
    wanted = place.get_level_values("scenario").isin(PLANNED)
    wanted &= (place.get_level_values("scenario") == "baseline") | ~place.get_level_values("measure").isin(PLAYED)
    expected = EXPECTED[wanted]
    assert set(now.index) == set(expected.index)
    pd.testing.assert_series_equal(now, expected.reindex(now.index), rtol=WITHIN, atol=1e-9, check_dtype=False)


def test_its_plans_pass_the_referee(out: Path) -> None:
    assert all(verify_results(out / name).agrees for name in PLANNED)


def test_reviews_are_in_the_lead_times_of_every_method(state: Study) -> None:
    together, in_turn = delays()
    assert (together, in_turn) == (cycle()["days"].max(), cycle()["days"].sum())
    assert cycle()[["role", "signs_off", "source"]].notna().all(axis=None)
    apart = state.scenario("reviews_in_turn").set
    for method in METHODS:
        base = Settings.defaults().number(f"{method}.lead_days")
        assert state.settings.number(f"{method}.lead_days") == base + together
        assert apart[f"{method}.lead_days"] == base + in_turn


def test_each_part_of_planning_together_is_worth_something() -> None:
    middle = ("reviews_in_turn", "one_method")
    for part in middle:
        assert told("baseline", "lead") < told(part, "lead") < told("apart", "lead")
        for year in ("2018", "2020", "2022"):
            assert told("apart", "servers_moved", year) < told(part, "servers_moved", year)
            assert told(part, "servers_moved", year) < told("baseline", "servers_moved", year)
        assert told("baseline", "saving_present") > told(part, "saving_present") > told("apart", "saving_present")
    assert told("on_paper", "servers_moved", "2018") > told("baseline", "servers_moved", "2018")


def test_money_lapses_where_nothing_can_be_bought_in_time() -> None:
    given = 7e6
    assert told("apart", "servers_moved", "2018") == 0
    assert told("apart", "lapsed", "2018") > 0.9 * given
    assert told("baseline", "lapsed", "2018") < 0.5 * given


def test_gate_reviews_cut_the_worst_costs_and_some_of_what_moves() -> None:
    assert told("gates", "servers_moved", "2022") == told("baseline", "servers_moved", "2022")
    assert told("gates", "one_time", "P95") < 0.8 * told("baseline", "one_time", "P95")
    assert told("gates", "moved_likely", "2022") < told("baseline", "moved_likely", "2022")
    assert told("gates", "chance_within") > told("baseline", "chance_within") + 3 * told("gates", "standard_error")
