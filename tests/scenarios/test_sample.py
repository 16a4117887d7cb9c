"""The made-up state is built to the published figures, and what is asked of its plan comes out of it."""

from itertools import pairwise
from pathlib import Path

import pytest

from scenarios.books import CELL, prevailing, year_of_month
from scenarios.pipeline import plan_study
from scenarios.referee import verify_results
from scenarios.results import Results
from scenarios.sample import AGENCIES, SPEND, SURGE, erie
from scenarios.study import Study, read_study, write_study
from scenarios.summary import fiscal_year
from scenarios.tables import LINE_KEYS
from scenarios.year_end import year_end_of


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return read_study(write_study(erie(), tmp_path_factory.mktemp("state") / "ohio"))


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
    year_end = year_end_of(state)
    assert year_end is not None
    total = year_end.sums.iloc[-1]
    lines = year_end.lines
    infrastructure = lines.loc[lines["category"].str.contains("infrastructure"), "mean"].sum()
    assert total["lo_80"] < SPEND < total["hi_80"]
    assert 830e6 <= SPEND <= 930e6
    assert 0.70 <= infrastructure / total["mean"] <= 0.81
    assert sorted(state.table("spending")["period"].unique()) == list(range(2017, 2026))


def test_the_books_of_closed_years_come_to_the_cent_to_what_was_spent(state: Study) -> None:
    months, spending = state.table("months"), state.table("spending")
    year = year_of_month(months["period"], state.quarters)
    assert months["period"].max() == "2026-05"
    assert sorted(year.unique()) == [2023, 2024, 2025, 2026]
    by_month = (
        months.groupby([*(months[k] for k in LINE_KEYS), year])["expended"].sum().rename_axis([*LINE_KEYS, "period"])
    )
    by_year = spending.set_index([*LINE_KEYS, "period"])["expended"].loc[lambda s: s.index.isin(by_month.index)]
    closed = by_month[by_month.index.get_level_values("period") < 2026]
    assert len(by_year) == len(closed)
    assert (closed - by_year).abs().max() < 0.005
    assert not state.warnings or not any("months" in w.file for w in state.warnings)


def test_the_last_month_of_a_year_surges_as_it_did_in_texas(state: Study) -> None:
    months = state.table("months")
    total = months.groupby("period")["expended"].sum()
    for june, may in (("2023-06", "2023-05"), ("2024-06", "2024-05"), ("2025-06", "2025-05")):
        assert total[june] / total[may] == pytest.approx(SURGE, rel=1e-6)


def test_its_budget_has_versions_and_each_cell_one_that_prevails(state: Study, planned: Results) -> None:
    table = state.table("appropriations")
    assert set(table["status"]) == {"cost_to_continue", "request", "enacted", "revised", "forecast"}
    permitted = prevailing(table)
    assert len(permitted) == len(table.drop_duplicates(list(CELL)))
    assert planned.appropriations["amount"].sum() == pytest.approx(permitted["amount"].sum())
    raised = permitted[permitted["status"].eq("revised")]
    first = table[table["status"].eq("enacted")].merge(raised, on=list(CELL), suffixes=("", "_raised"))
    assert len(first) == len(raised) == 5
    assert (first["amount"] < first["amount_raised"]).all()
    told = planned.versions
    assert told.loc[told["period"].eq(2027), "biennium"].eq("FY2026-27").all()
    expected = told[told["source"].eq("outlook")]
    assert sorted(expected["period"].unique()) == [2028, 2029]


def test_what_offices_set_by_hand_has_been_judged_where_its_year_has_closed(planned: Results) -> None:
    rows = planned.overrides
    assert rows["period"].tolist() == [2027, 2024, 2025]
    assert rows["better"].tolist()[1:] == [1.0, 0.0]
    assert (rows["smape"] < rows["model_smape"]).tolist() == [False, True, False]
    assert rows.loc[rows["better"].isna(), "actual"].isna().all()


def test_it_says_that_it_is_made_up(state: Study, planned: Results) -> None:
    assert state.facts.made_up
    assert state.facts.about.startswith("Made up.")
    assert planned.summary["made_up"]


def test_the_same_seed_draws_the_same_state_and_another_seed_another() -> None:
    one, again, other = erie(5), erie(5), erie(6)
    for name in ("systems", "spending", "months", "overrides", "appropriations"):
        assert one.table(name).equals(again.table(name)), name
        assert not one.table(name).equals(other.table(name)), name


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
