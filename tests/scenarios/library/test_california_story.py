"""California's story: what is drawn holds what was published, and splitting does what it is said to do."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scenarios.futures.purchases import DAYS_OF_A_MONTH, Purchase, purchases
from scenarios.futures.run import case_of
from scenarios.futures.schedule import schedule_of
from scenarios.futures.simulate import play
from scenarios.library.california.study import california
from scenarios.library.stories import KEYS, story
from scenarios.pipeline import plan_study
from scenarios.results import read_results
from scenarios.study import read_study, write_study

STORY = story("california")
EXPECTED = STORY.expected().set_index(list(KEYS))["simulated"]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the one RFP and of the modules."""
    folder = tmp_path_factory.mktemp("california")
    study = read_study(write_study(california(), folder / "study"))
    for name in ("baseline", "modules"):
        plan_study(study, name, folder / "results", gap=STORY.gap)
    return folder / "results"


@pytest.fixture(scope="module")
def bought(out: Path) -> dict[str, Purchase]:
    return {name: purchases(out / name)[0] for name in ("baseline", "modules")}


def told(scenario: str, measure: str, period: str = "") -> float:
    return float(EXPECTED[scenario, measure, period])


def test_it_comes_to_what_it_came_to(out: Path) -> None:
    now = STORY.measure(out).set_index(list(KEYS))["simulated"]
    expected = EXPECTED[EXPECTED.index.get_level_values("scenario").isin(["baseline", "modules"])]
    assert set(now.index) == set(expected.index)
    pd.testing.assert_series_equal(now, expected.reindex(now.index), rtol=1e-4, atol=1e-9, check_dtype=False)


def test_the_published_lead_times_lie_within_what_is_drawn(bought: dict[str, Purchase]) -> None:
    published = STORY.published().query("measure == 'lead'")
    assert sorted(published["published"]) == [5, 8, 24]
    for scenario, months in zip(published["scenario"], published["published"], strict=True):
        drawn = bought[scenario].lead / DAYS_OF_A_MONTH
        assert np.percentile(drawn, 1) <= months <= np.percentile(drawn, 99)
    one, first = (bought[name].lead for name in ("baseline", "modules"))
    assert np.percentile(one / DAYS_OF_A_MONTH, 25) < 24 < np.percentile(one / DAYS_OF_A_MONTH, 75)
    assert first.mean() < one.mean()


def test_the_purchase_is_the_one_that_futures_are_played_with(out: Path, bought: dict[str, Purchase]) -> None:
    case, plan, _ = case_of(read_results(out / "baseline"), None, None)
    outcome = play(schedule_of(case, plan), 0)
    one, futures = bought["baseline"], len(outcome.start)
    began = outcome.start[:, 0] < len(case.portfolio.quarters)
    assert (outcome.cancelled[:, 0] == one.ended[:futures] & began).all()
    soon = began & ~one.ended[:futures] & (one.lead[:futures] < 900)
    assert soon.sum() > 100
    decommission = 500.0 * 58
    paid = outcome.one_time.sum(axis=1)[soon]
    assert paid == pytest.approx(one.size * one.cost[:futures][soon] + decommission, rel=1e-6)


def test_splitting_ends_the_catastrophe_and_makes_a_moderate_overrun_likelier() -> None:
    family = [f"correlation__overrun_module_correlation_{rho}" for rho in ("0", "0_25", "0_5", "0_75", "1")]
    alone = family[0]
    assert told(alone, "cost_ratio", "mean") == pytest.approx(told("baseline", "cost_ratio", "mean"), rel=0.02)
    assert told(alone, "chance_over", "3 times") < 0.01 < 0.1 < told("baseline", "chance_over", "3 times")
    assert told(alone, "chance_over", "1.5 times") > told("baseline", "chance_over", "1.5 times")
    worst = [told(name, "cost_ratio", "P95") for name in family]
    assert worst == sorted(worst)
    for percent in ("mean", "P50", "P80", "P95"):
        assert told(family[-1], "cost_ratio", percent) == pytest.approx(told("baseline", "cost_ratio", percent))


def test_a_stop_rule_lowers_the_mean_of_one_and_of_many() -> None:
    assert told("one_rfp_stop", "cost_ratio", "mean") < told("baseline", "cost_ratio", "mean")
    assert told("modules_stop", "cost_ratio", "mean") < told("modules", "cost_ratio", "mean")
    assert told("one_rfp_stop", "cost_ratio", "highest") <= 2
