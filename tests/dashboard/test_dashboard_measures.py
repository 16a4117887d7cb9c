"""The frames behind the pages add up to the flows that they come from."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from dashboard.measures import budget, money, moves, outlook, year_end
from tests.dashboard.made_up import results


def test_layers_add_up_to_the_flows() -> None:
    table = money.outlay_by_year(results())
    assert table["outlay"].sum() == pytest.approx(results().flows["amount"].sum())
    assert list(table.columns) == [*money.LAYERS, "outlay"]


def test_every_page_counts_the_same_servers() -> None:
    shown = results()
    assert shown.plan["side"].eq("modern").any()
    total = money.units_total(shown)
    assert money.units_by_strategy(shown).sum() == total
    assert moves.fates(shown)["units"].sum() == total


def test_a_balance_splits_at_the_year_after_which_money_comes_back() -> None:
    change = pd.Series([8e6, 28e6, -20e6, -45e6], index=[2027, 2028, 2029, 2030])
    b = money.balance(change, 10)
    assert (b.extra, b.back, b.until, b.end) == (36e6, 65e6, 2028, 2030)
    assert b.net == pytest.approx(29e6)


def test_a_balance_that_is_never_dearer_has_no_extra() -> None:
    b = money.balance(pd.Series([-1e6, -2e6], index=[2027, 2028]), 1)
    assert (b.extra, b.back, b.net) == (0, 3e6, 3e6)


def test_a_balance_that_dips_before_it_pays_more_counts_the_net() -> None:
    b = money.balance(pd.Series([-1e6, 5e6, -2e6], index=[2027, 2028, 2029]), 1)
    assert (b.extra, b.until, b.back) == (4e6, 2028, 2e6)


@pytest.mark.parametrize("year", [2027, 2029, 2031])
def test_ribbons_conserve_every_dollar(year: int) -> None:
    plan, rival = results(), results("rival")
    flows = money.ribbons(plan, rival, year)
    spent = float(money.outlay_by_year(plan)["outlay"].loc[year])
    before = float(money.outlay_by_year(rival)["outlay"].loc[year])
    added = flows.loc[flows["source"] == "Added", "amount"].sum()
    freed = flows.loc[flows["target"] == "Freed", "amount"].sum()
    assert flows["amount"].sum() == pytest.approx(before + added, abs=50)
    assert flows["amount"].sum() == pytest.approx(spent + freed, abs=50)
    for side in ("source", "target"):
        assert set(flows[side]) <= set(money.SOURCES if side == "source" else money.TARGETS)


def test_ribbons_keep_what_stays_at_what_it_cost() -> None:
    plan = results()
    flows = money.ribbons(plan, results("rival"), 2031)
    stay = flows[flows["through"] == "Stay as they are"]
    assert set(stay["target"]) == {"Legacy"}
    retained = plan.plan[(plan.plan["strategy"] == "retain") & (plan.plan["side"] == "legacy")]["run_cost_before"].sum()
    sites = plan.flows[(plan.flows["nature"] == "site") & plan.flows["period"].str.startswith("2031")]["amount"].sum()
    assert stay["amount"].sum() == pytest.approx(retained + sites, rel=0.03)


def test_funds_add_up_to_the_change() -> None:
    table = money.by_fund(results(), results("rival"))
    change = money.spending(results(), results("rival"))["change"].sum()
    assert table["total"].loc["All funds"] == pytest.approx(change)
    assert table.index[-1] == "All funds"


def test_biennia_pair_years_from_their_start() -> None:
    made = replace(results(), summary={**results().summary, "biennium_start": 2026})
    assert money.biennia(made, range(2027, 2032)) == [[2027], [2028, 2029], [2030, 2031]]
    assert list(money.by_fund(made, results("rival")).columns) == ["FY2027", "FY2028–29", "FY2030–31", "total"]


def test_budget_cycles_stand_in_for_a_status() -> None:
    made = replace(
        results(),
        summary={**results().summary, "biennium_start": 2026},
        appropriations=results().appropriations.assign(status=""),
    )
    status = money.spending(made, results("rival"))["status"]
    assert list(status) == ["FY2027", "FY2028–29", "FY2028–29", "FY2030–31", "FY2030–31"]


def test_quarters_begin_where_the_fiscal_year_does() -> None:
    assert moves.start_of("2027Q1") == pd.Timestamp(2026, 7, 1)
    assert moves.end_of("2027Q4") == pd.Timestamp(2027, 6, 30)
    assert moves.start_of("2027Q1", 12) == pd.Timestamp(2027, 1, 1)
    assert moves.start_of("2027Q2", 9) == pd.Timestamp(2027, 1, 1)
    assert moves.place(pd.Timestamp(2026, 10, 1), "2027Q1") == 1.0


def test_waves_say_by_when_to_buy() -> None:
    waves = moves.waves(results())
    first = waves.iloc[0]
    assert first["buy_by"] == moves.start_of(results().plan["buy_from"].loc[lambda q: q != ""].min())
    assert first["methods"] == "existing contract"
    assert moves.first_purchase(results()) == "existing contract"
    assert waves["units"].sum() == results().plan.loc[results().plan["start"] != "", "units"].sum()
    assert waves["one_time_cost"].sum() == pytest.approx(results().plan["one_time_cost"].sum())


def test_waves_read_back_from_a_file_are_whole_numbers() -> None:
    plan = results().plan.assign(wave=results().plan["wave"].astype(float))
    assert "1" in set(moves.waves(replace(results(), plan=plan))["wave"])


def test_lifelines_count_every_server_once() -> None:
    lines = moves.lifelines(results())
    assert lines["units"].sum() == results().plan["units"].sum()
    assert (lines["moved"] + lines["stays"] == lines["units"]).all()


def test_limits_are_taken_apart() -> None:
    rows = moves.limits(results())
    parts = {key: tuple(rest) for key, *rest in rows[["key", "subject", "quarter", "year"]].itertuples(index=False)}
    assert parts["migration 2028Q2"] == ("migration", "2028Q2", "")
    assert parts["general FY2028"] == ("general", "", "2028")
    assert parts["2027Q1"] == ("", "2027Q1", "")
    assert set(moves.capacity(results())["limit"]) == {"hours", "starts"}


def test_the_outlook_of_the_parts_adds_up_to_the_total() -> None:
    whole = outlook.outlook(results()).set_index("year")["mean"]
    parts = outlook.parts(results(), "agency")
    sums = sum(outlook.outlook(results(), "agency", part).set_index("year")["mean"] for part in parts)
    assert whole.to_numpy() == pytest.approx(pd.Series(sums).to_numpy())


@pytest.mark.parametrize(("cut", "part"), [("", ""), ("agency", "health"), ("fund", "general")])
def test_a_part_shows_the_range_of_its_own_sum(cut: str, part: str) -> None:
    rows = results().outlook
    told = {cut: part}
    own = rows[(rows[list(outlook.KEYS)] == [told.get(k, "(all)") for k in outlook.KEYS]).all(axis=1)]
    table = outlook.outlook(results(), cut, part)
    for name in ("mean", *outlook.BANDS):
        assert table[name].to_numpy() == pytest.approx(own[name].to_numpy())


def test_a_part_without_a_sum_of_its_own_has_no_range() -> None:
    rows = results().outlook
    lines = rows[(rows[list(outlook.KEYS)] != "(all)").all(axis=1)]
    made = replace(results(), outlook=lines)
    table = outlook.outlook(made, "agency", "health")
    assert table["mean"].to_numpy() == pytest.approx(outlook.outlook(results(), "agency", "health")["mean"].to_numpy())
    assert table[list(outlook.BANDS)].isna().all(axis=None)


@pytest.mark.parametrize(
    ("cut", "part"), [("", ""), ("agency", "health"), ("fund", "general"), ("category", "applications")]
)
def test_the_parts_of_the_year_under_way_add_up(cut: str, part: str) -> None:
    rows = year_end.year_end(results(), cut, part)
    assert rows["name"].iloc[0] == ""
    for name in ("spent", "mean", "appropriated", "expected_lapse"):
        assert rows[name].iloc[1:].sum() in (0, pytest.approx(rows[name].iloc[0]))
    assert list(rows["mean"].iloc[1:]) == sorted(rows["mean"].iloc[1:], reverse=True)
    told = year_end.variance(results(), cut, part)
    assert told["spent"].sum() == pytest.approx(rows["spent"].iloc[0])


def test_lines_are_named_by_what_they_tell() -> None:
    rows = pd.DataFrame(
        [("health", "health_it", "general", "(all)"), ("health", "aid", "", ""), ("(all)", "(all)", "(all)", "(all)")],
        columns=list(outlook.KEYS),
    )
    assert year_end.lines(rows) == ["Health / General", "Health / Aid", "All lines"]


def test_lines_of_an_open_year_are_one_treatment() -> None:
    rows = results().treatments
    more = rows.assign(found=outlook.UNDER_WAY, treatment="projected", period=2026)
    made = replace(results(), treatments=pd.concat([more, rows, more.assign(agency="taxation")], ignore_index=True))
    table = outlook.treatments(made)
    assert list(table["found"]) == ["outlier", outlook.UNDER_WAY]
    assert table["before"].iloc[-1] == pytest.approx(2 * rows["before"].sum())


def test_versions_by_year_are_the_sums_of_their_rows() -> None:
    told, table = results().versions, budget.by_year(results()).set_index("year")
    assert list(table.index) == [2024, 2025, 2026, 2027, 2028, 2029, 2030, 2031]
    for version in ("request", "enacted", "forecast", "actual"):
        sums = told[told["version"].eq(version)].groupby("period")["amount"].sum().reindex(table.index)
        assert table[version].to_numpy() == pytest.approx(sums.to_numpy(), nan_ok=True)
    own = told[told["period"].eq(2028)]
    revised = own[own["version"].eq("revised")]["amount"].sum()
    rest = own[own["version"].eq("enacted") & own["fund"].ne("general")]["amount"].sum()
    assert table["as_revised"].dropna().index.tolist() == [2027, 2028]
    assert table.loc[2028, "as_revised"] == pytest.approx(revised + rest)


def test_changes_add_up_and_the_largest_stands_first() -> None:
    rows = budget.changes(results())
    assert rows["year"].tolist() == [2028] * 4 + [2027] * 4
    assert rows["change"].to_numpy() == pytest.approx((rows["enacted"] - rows["request"]).to_numpy())
    assert rows[rows["year"].eq(2028)]["change"].abs().is_monotonic_decreasing
    table = budget.by_year(results()).set_index("year")
    sums = rows.groupby("year")[["request", "enacted"]].sum()
    for name in ("request", "enacted"):
        assert sums[name].to_numpy() == pytest.approx(table[name].reindex(sums.index).to_numpy())


def test_lines_are_as_fine_as_both_versions_tell() -> None:
    told = results().versions
    asked = told[told["version"].eq("request")]
    by_agency = asked.assign(agency="health", line_item="aid")
    made = replace(results(), versions=pd.concat([told[told["version"].ne("request")], by_agency]))
    assert budget.changes(made)["agency"].eq("").all()
    both = told[told["version"].isin(["request", "enacted"])].assign(agency="health", line_item="aid")
    fine = budget.changes(replace(results(), versions=both))
    assert fine["line_item"].eq("aid").all()
    assert budget.changes(results(), "agency", "health").empty
    assert budget.by_year(results(), "category", "applications").empty


def test_an_override_is_compared_with_the_models() -> None:
    rows = year_end.overrides(results())
    assert rows["change"].iloc[0] == pytest.approx(rows["amount"].iloc[0] - rows["model_mean"].iloc[0])


def test_scores_stand_beside_the_naive_rival() -> None:
    table = outlook.scores(results())
    assert table["combined"].iloc[0] == pytest.approx(0.051)
    assert table["naive"].iloc[0] == pytest.approx(0.07)
    assert table["owa"].iloc[0] == pytest.approx(0.77)
    before = replace(results(), scores=results().scores.drop(columns="owa"))
    assert outlook.scores(before)["owa"].isna().all()


def test_a_category_has_no_appropriation_of_its_own() -> None:
    assert outlook.appropriated(results(), "category", "infrastructure").empty
    assert outlook.appropriated(results(), "fund", "general").notna().all()
