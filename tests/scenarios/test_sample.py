"""The made-up state is built to the published figures, and what is asked of its plan comes out of it."""

from itertools import pairwise
from pathlib import Path

import pytest

from scenarios.pipeline import plan_study
from scenarios.referee import verify_results
from scenarios.results import Results
from scenarios.sample import AGENCIES, SPEND, ohio
from scenarios.study import Study, read_study, write_study
from scenarios.summary import fiscal_year


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return read_study(write_study(ohio(), tmp_path_factory.mktemp("state") / "ohio"))


@pytest.fixture(scope="module")
def planned(state: Study, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return plan_study(state, "baseline", tmp_path_factory.mktemp("planned"))


def test_the_estate_has_the_published_size(state: Study) -> None:
    systems = state.table("systems")
    old = systems[systems["side"].eq("legacy")]
    assert (len(AGENCIES), systems["agency"].nunique()) == (26, 26)
    assert len(state.table("sites")) == 32
    assert (len(old), old["units"].sum()) == (2000, 9000)


def test_spending_and_its_infrastructure_share_are_the_published_ones(state: Study) -> None:
    spending = state.table("spending")
    last = spending[spending["period"].eq(2026)]
    infrastructure = last.loc[last["category"].str.contains("infrastructure"), "expended"].sum()
    assert last["expended"].sum() == pytest.approx(SPEND, abs=5)
    assert 830e6 <= SPEND <= 930e6
    assert 0.70 <= infrastructure / SPEND <= 0.81
    assert sorted(spending["period"].unique()) == list(range(2017, 2027))


def test_it_says_that_it_is_made_up(state: Study, planned: Results) -> None:
    assert state.facts.made_up
    assert state.facts.about.startswith("Made up.")
    assert planned.summary["made_up"]


def test_the_same_seed_draws_the_same_state_and_another_seed_another() -> None:
    one, again, other = ohio(5).table("systems"), ohio(5).table("systems"), ohio(6).table("systems")
    assert one.equals(again)
    assert not one.equals(other)


def test_the_plan_is_proven_closely_enough_to_show_its_saving(planned: Results) -> None:
    summary = planned.summary
    assert summary["gap"] <= 0.005
    assert summary["gap_usd"] <= 0.1 * min(summary["npv_saving"], summary["npv_saving_horizon"], summary["net_saving"])


def test_five_thousand_servers_move_within_five_years(planned: Results) -> None:
    assert planned.summary["units_moved"] >= 5000
    assert sum(planned.summary["units_moved_by_year"].values()) == planned.summary["units_moved"]


def test_the_legacy_share_never_rises_and_falls_after_the_first_cutover(planned: Results) -> None:
    share = [planned.summary["legacy_share"][str(y)] for y in range(2027, 2032)]
    first = int(planned.summary["first_cutover"][:4])
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(share))
    assert all(share[i] < share[i - 1] for i in range(1, 5) if 2027 + i > first)


def test_the_plan_is_verified_and_stays_within_every_appropriation(planned: Results, state: Study) -> None:
    assert verify_results(planned.folder, state.place).agrees
    money = planned.limits[planned.limits["limit"].eq("appropriation")]
    assert (money["used"] <= money["allowed"] + 0.01).all()


def test_what_moves_in_a_year_is_counted_from_the_plan(planned: Results) -> None:
    old = planned.plan[planned.plan["strategy"].isin(["rehost", "replatform", "repurchase", "refactor"])]
    by_year = old.groupby(fiscal_year(old["cutover"]).to_numpy())["units"].sum()
    assert {str(y): int(n) for y, n in by_year.items()} == {
        y: n for y, n in planned.summary["units_moved_by_year"].items() if n
    }


def test_no_plan_of_a_leaner_budget_beats_the_bound_of_the_richer(
    state: Study, planned: Results, tmp_path: Path
) -> None:
    lean = plan_study(state, "lean_years", tmp_path, gap=2e-3)
    assert lean.summary["objective"] >= planned.summary["bound"]
    cut = lean.appropriations["amount"].sum() / planned.appropriations["amount"].sum()
    assert 0.99 < cut < 1
    assert verify_results(lean.folder, state.place).agrees
