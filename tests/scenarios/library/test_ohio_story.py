"""Ohio's story: published inputs go in, nothing published comes out of a file, and the results are those of before."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

import reallot
from scenarios.library.ohio.study import HERE, SPEND, ohio
from scenarios.library.stories import KEYS, WITHIN, story, told_of
from scenarios.pipeline import plan_study
from scenarios.referee import verify_results
from scenarios.results import RIVAL, read_results
from scenarios.study import Study, read_study, write_study
from scenarios.summary import fiscal_year

STORY = story("ohio")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(ohio(), tmp_path_factory.mktemp("ohio") / "study")


@pytest.fixture(scope="module")
def state(place: Path) -> Study:
    return read_study(place)


@pytest.fixture(scope="module")
def out(state: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    plan_study(state, "baseline", folder, gap=STORY.gap, seconds=600)
    return folder


def test_the_estate_of_2012_is_the_published_one(state: Study) -> None:
    systems = state.table("systems")
    old = systems[systems["side"].eq("legacy")]
    assert (systems["agency"].nunique(), len(state.table("sites")), len(old), old["units"].sum()) == (
        26,
        32,
        2000,
        9000,
    )
    assert state.years == range(2013, 2018)
    assert state.facts.made_up
    assert state.table("spending")["period"].max() == 2011
    assert state.table("months")["period"].max() == "2012-05"
    assert pd.Timestamp("2010-07-13") == old["end_of_support"].min()
    asked = state.table("appropriations").query("fund == 'it_capital' and status != 'cost_to_continue'")
    prevailing = asked.sort_values("status").drop_duplicates("fiscal_year")
    assert prevailing["amount"].sum() == pytest.approx(62e6, rel=1e-6)


def test_only_what_the_program_did_is_allowed_and_all_closing_sites_can_be_emptied(state: Study) -> None:
    systems, sites = state.table("systems"), state.table("sites")
    allowed = systems["strategies"].str.split("|").explode()
    assert set(allowed) == {"retain", "retire", "rehost", "relocate"}
    closing = systems["site"].isin(sites.loc[~sites["keep"].astype(bool), "site"])
    assert systems.loc[closing, "strategies"].str.contains("relocate").all()


def test_it_comes_to_what_it_came_to(out: Path) -> None:
    keys = list(KEYS)
    expected = STORY.expected().query("scenario == 'baseline'").set_index(keys)["simulated"]
    now = STORY.measure(out).set_index(keys)["simulated"]
    assert list(now.index) == list(expected.index)
    pd.testing.assert_series_equal(now, expected, rtol=WITHIN, atol=1e-9, check_dtype=False)


def test_what_is_fitted_is_named_and_fits() -> None:
    fitted = yaml.safe_load((HERE / "fitted.yaml").read_text(encoding="utf-8"))
    page = (HERE.parents[2] / "docs" / "ohio.md").read_text(encoding="utf-8")
    assert 1 <= len(fitted) <= 3
    expected = STORY.expected().set_index(list(KEYS))["simulated"]
    published = STORY.published().set_index(["measure", "period"])["published"]
    for name, fit in fitted.items():
        what, period = fit["fitted_to"].split()
        assert f"`{name}`" in page
        assert expected["baseline", what, period] == pytest.approx(published[what, period], rel=0.01)
        assert ohio().facts.parameters[name] == fit["value"]


def test_inputs_are_in_the_study_as_published() -> None:
    published = STORY.published().query("role == 'input'").set_index(["measure", "period"])["published"]
    expected = STORY.expected().query("scenario == 'baseline'").set_index(["measure", "period"])["simulated"]
    assert published["it_spend", "2012"] == SPEND
    # the pace is a ceiling, which the busiest quarter comes near to
    assert expected.reindex(published.index).to_numpy() == pytest.approx(published.to_numpy(), rel=0.02)


def test_the_infrastructure_share_is_that_of_the_books_and_of_what_moves(state: Study, out: Path) -> None:
    results, rival = read_results(out / "baseline"), read_results(out / RIVAL)
    assert rival.summary["infrastructure_share_planned"] == pytest.approx(
        {y: v for y, v in rival.summary["infrastructure_share"].items() if int(y) in state.years}
    )
    # nothing is bought as a service here, so all that systems of infrastructure and sites save is infrastructure
    lines = results.outlook.query(
        "agency != '(all)' and program != '(all)' and fund != '(all)' and category != '(all)'"
    )
    lines = lines[lines["period"].eq(2016)]
    inside = lines.loc[lines["category"].str.contains("infrastructure"), "mean"].sum()
    old = set(state.table("systems").query("side == 'legacy'")["system"]) | set(state.table("sites")["site"])
    spent = [
        f.loc[fiscal_year(f["period"]).eq(2016) & f["entity"].isin(old), "amount"].sum()
        for f in (results.flows, rival.flows)
    ]
    saved = spent[1] - spent[0]
    share = (inside - saved) / (lines["mean"].sum() - saved)
    assert results.summary["infrastructure_share_planned"]["2016"] == pytest.approx(share, rel=1e-9)


def test_the_plan_passes_the_referee(out: Path) -> None:
    assert verify_results(out / "baseline").agrees


def test_the_command_tells_it_from_results(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reallot.app(["story", "ohio", "--results", str(out)], standalone_mode=False)
    text = capsys.readouterr().out
    assert "made-up data" in text
    assert "5,000" in text
    reallot.app(["story", "ohio", "--results", str(out), "--json"], standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    assert told["made_up"] is True
    assert len(told["table"]) == len(told_of("ohio", out).table)
