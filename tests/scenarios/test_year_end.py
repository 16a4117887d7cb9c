"""The year under way: its money is conserved from the books to the page, and lapses where it was appropriated."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.measures import year_end as shown
from scenarios import year_end as module
from scenarios.errors import StudyError
from scenarios.expected import Expected, history_of, outlook_of
from scenarios.pipeline import plan_study, prepare
from scenarios.referee import verify_results
from scenarios.results import LATER, RIVAL, Results, read_results, write_results
from scenarios.scenario import Scenario
from scenarios.study import Study, checked, read_study, write_study
from scenarios.tables import LINE_KEYS, TABLES
from scenarios.year_end import YearUnderWay, year_end_of
from tests.dashboard.made_up import results as made_up
from tests.scenarios.studies import small_study, under_way

ENACTED = ["fund", "agency", "line_item", "fiscal_year", "amount", "purpose", "status"]


def projected(study: Study) -> YearUnderWay:
    found = year_end_of(study)
    assert found is not None
    return found


def expected(study: Study) -> Expected:
    found = outlook_of(study)
    assert found is not None
    return found


def with_money(study: Study, *rows: tuple[str, str, str, int, float]) -> Study:
    """The study with enacted appropriations added."""
    table = study.table("appropriations")
    more = pd.DataFrame([(*row, "any", "enacted") for row in rows], columns=ENACTED)
    filling = {"carry_forward": 0.0, "opening_balance": 0.0, "transfer_limit": 0.0}
    return study.with_table("appropriations", pd.concat([table, more.assign(**filling)], ignore_index=True))


def total_of(year_end: YearUnderWay) -> pd.Series:
    return year_end.sums.iloc[-1]


@given(seed=st.integers(0, 10_000), months=st.integers(1, 11), by_line=st.booleans(), scale=st.floats(0.8, 1.2))
@settings(max_examples=25, deadline=None)
def test_money_is_conserved_from_the_books_to_the_page(seed: int, months: int, by_line: bool, scale: float) -> None:
    study = under_way(small_study(seed), months, seed=seed)
    spent = study.table("months").loc[lambda m: m["period"].ge("2025-07"), "expended"].sum()
    if by_line:
        rows = study.table("spending").loc[lambda s: s["period"].eq(2025)]
        opened = rows.assign(period=2026, appropriated=rows["appropriated"] * scale, expended=np.nan)
        study = study.with_table("spending", pd.concat([study.table("spending"), opened], ignore_index=True))
    else:
        study = with_money(study, ("general", "", "", 2026, 4e5 * scale), ("federal", "", "", 2026, 3e5 * scale))
    year_end = projected(checked(study))
    lines, sums = year_end.lines, year_end.sums
    assert lines["spent"].sum() == pytest.approx(spent, abs=0.01)
    for keys in module.SUMS:
        rows = sums[(sums[list(LINE_KEYS)] != "(all)").eq([k in keys for k in LINE_KEYS]).all(axis=1)]
        for name in ("spent", "mean"):
            assert rows[name].sum() == pytest.approx(lines[name].sum(), rel=1e-9, abs=0.01)
    by_fund = sums[sums["fund"].ne("(all)") & sums["agency"].eq("(all)") & sums["category"].eq("(all)")]
    total = total_of(year_end)
    for name in ("appropriated", "expected_lapse", "expected_overspend"):
        assert by_fund[name].sum() == pytest.approx(total[name], rel=1e-9, abs=0.01)
    assert (sums["expected_lapse"].dropna() >= 0).all()
    assert sums["chance_over"].dropna().between(0, 1).all()
    told = year_end.variance
    assert told["variance"].to_numpy() == pytest.approx((told["timing"] + told["level"]).to_numpy(), abs=0.01)
    assert told["spent"].sum() == pytest.approx(lines["spent"].sum(), abs=0.01)
    assert lines["appropriated"].notna().all() == by_line
    made = replace(_nothing(), year_end=year_end.table)
    for cut in shown.WITHIN:
        parts = sorted(set(lines[cut])) if cut else [""]
        heads = [shown.year_end(made, cut, part) for part in parts]
        assert sum(rows["mean"].iloc[0] for rows in heads) == pytest.approx(lines["mean"].sum(), rel=1e-9)
        for rows in heads:
            if len(rows) > 1:
                assert rows["mean"].iloc[1:].sum() == pytest.approx(rows["mean"].iloc[0], rel=1e-9)


def _nothing() -> Results:
    return made_up("empty")


def test_the_year_under_way_stands_in_the_history_and_says_so() -> None:
    study = under_way(small_study(), 11)
    found = expected(study)
    year_end = found.year_end
    assert year_end is not None
    history = history_of(study, year_end)
    assert history.loc[history["period"].eq(2026), "amount"].sum() == pytest.approx(total_of(year_end)["mean"])
    noted = found.treatments[found.treatments["found"].eq("year under way")]
    assert len(noted) == len(year_end.lines)
    assert set(noted["treatment"]) == {"year-end projection from 11 of 12 months"}
    assert noted["after"].sum() == pytest.approx(year_end.lines["mean"].sum())
    assert list(found.totals["period"]) == [2026, 2027, 2028, 2029]
    assert found.totals["mean"].iloc[0] == total_of(year_end)["mean"]


def test_a_closed_year_is_taken_as_it_is() -> None:
    assert year_end_of(small_study()) is None
    closed = under_way(small_study(), 12)
    assert year_end_of(closed) is None
    told = history_of(closed, None)
    wanted = small_study().table("spending").loc[lambda s: s["period"].eq(2026), "expended"].sum()
    assert told.loc[told["period"].eq(2026), "amount"].sum() == pytest.approx(wanted, abs=0.01)


def test_the_first_month_of_the_first_year_with_books_is_enough() -> None:
    study = under_way(small_study(), 1)
    months = study.table("months")
    first = study.with_table("months", months[months["period"].eq("2025-07")].reset_index(drop=True))
    year_end = projected(checked(first))
    total = total_of(year_end)
    assert year_end.summary() == {"fiscal_year": 2026, "closed": 1, "of": 12, "smape": None, "naive_smape": None}
    assert total["lo_80"] < total["mean"] < total["hi_80"]
    assert expected(first).totals["mean"].notna().all()


def test_months_that_are_not_over_are_left_out() -> None:
    study = under_way(small_study(), 11)
    early = replace(study, facts=study.facts.model_copy(update={"as_of": datetime.date(2026, 3, 10)}))
    assert projected(early).summary()["closed"] == 8


def test_a_year_under_way_within_the_horizon_is_what_the_plan_continues(tmp_path: Path) -> None:
    study = under_way(small_study(margin=1.2), 3, year=2027)
    study = replace(study, facts=study.facts.model_copy(update={"as_of": datetime.date(2026, 10, 15)}))
    place = write_study(study, tmp_path / "study")
    results = plan_study(read_study(place), "baseline", tmp_path / "out")
    assert results.summary["year_end"]["closed"] == 3
    every = (results.outlook[list(LINE_KEYS)] == "(all)").all(axis=1)
    total = results.outlook[every].set_index("period")["mean"]
    assert list(total.index) == [2027, 2028, 2029]
    rival = read_results(results.folder.parent / RIVAL)
    for year, amount in rival.summary["outlay_by_year"].items():
        assert amount == pytest.approx(total[int(year)], abs=0.01)
    assert verify_results(results.folder, place).agrees


def test_a_horizon_that_ends_with_the_year_under_way_is_planned() -> None:
    study = under_way(small_study(), 3, year=2027)
    later = {"as_of": datetime.date(2026, 10, 15), "horizon": 1}
    study = replace(study, facts=study.facts.model_copy(update=later))
    ready = prepare(study)
    assert ready.outlook is not None
    total = ready.outlook.totals.set_index("period")["mean"]
    explained = (ready.portfolio.run_cost.mul(ready.portfolio.systems["units"], axis=0)).sum().sum()
    fixed = study.table("sites")["annual_fixed_cost"].sum()
    assert explained + fixed + ready.portfolio.residual["amount"].sum() == pytest.approx(total[2027])


def test_where_only_funds_have_money_lines_have_no_lapse() -> None:
    year_end = projected(with_money(under_way(small_study()), ("general", "", "", 2026, 5e6)))
    assert year_end.lines["expected_lapse"].isna().all()
    funds = year_end.sums[(year_end.sums[["agency", "program", "category"]] == "(all)").all(axis=1)].set_index("fund")
    assert funds["expected_lapse"].gt(0).to_dict() == {"(all)": True, "federal": False, "general": True}
    assert funds["expected_lapse"].isna().to_dict() == {"(all)": False, "federal": True, "general": False}
    assert funds["chance_over"].isna().to_dict() == {"(all)": True, "federal": True, "general": False}
    assert year_end.variance[["agency", "fund"]].to_numpy().tolist() == [["(all)", "general"]]


def test_appropriations_that_name_one_line_each_are_those_of_the_lines() -> None:
    study = under_way(small_study())
    lines = study.table("months")[["fund", "agency", "program"]].drop_duplicates().itertuples(index=False, name=None)
    year_end = projected(with_money(study, *((*line, 2026, 2e5) for line in lines)))
    assert year_end.lines["appropriated"].eq(2e5).all()
    assert year_end.lines["expected_lapse"].notna().all()
    end = year_end.projection
    by_sum = module._held_against(
        replace(end, lines=end.lines.drop(columns=list(module.BUDGETED))),
        year_end.lines[["agency", "program", "fund"]].assign(amount=2e5),
    )
    ours = by_sum.set_index(["agency", "program", "fund"])["expected_lapse"]
    lapse = year_end.lines.set_index(["agency", "program", "fund"])["expected_lapse"]
    assert ours.to_numpy() == pytest.approx(lapse.reindex(ours.index).to_numpy(), rel=1e-3, abs=1.0)


def test_lapse_less_overspend_is_what_is_left_of_the_money() -> None:
    study = under_way(small_study())
    little, much = (
        total_of(projected(with_money(study, ("general", "", "", 2026, a), ("federal", "", "", 2026, a))))
        for a in (1e5, 5e6)
    )
    for row in (little, much):
        assert row["appropriated"] - row["mean"] == pytest.approx(
            row["expected_lapse"] - row["expected_overspend"], abs=row["hi_80"] - row["lo_80"]
        )
    moved = (much["expected_lapse"] - much["expected_overspend"]) - (
        little["expected_lapse"] - little["expected_overspend"]
    )
    assert moved == pytest.approx(2 * 4.9e6, rel=1e-9)
    assert (little["chance_over"], much["chance_over"]) == (1.0, 0.0)


def test_what_a_scenario_does_to_appropriations_is_no_evidence_of_spending() -> None:
    study = with_money(under_way(small_study()), ("general", "", "", 2026, 5e5), ("federal", "", "", 2026, 3e5))
    table = study.table("appropriations")
    study = study.with_table(
        "appropriations", table.assign(status=table["status"].mask(table["fiscal_year"].eq(2027), "enacted"))
    )
    cut = Scenario(name="cut", why="Less money.", set={"appropriation": {"all": {2027: "-1%"}}})
    before, after = prepare(study).outlook, prepare(study, cut).outlook
    assert before is not None
    assert after is not None
    pd.testing.assert_frame_equal(before.lines, after.lines)
    without = study.with_table("appropriations", study.table("appropriations").assign(status="forecast"))
    told = expected(without).lines
    assert not np.allclose(told["mean"], before.lines["mean"])


def override(**changed: object) -> pd.DataFrame:
    row = {
        "agency": "health",
        "program": "",
        "fund": "",
        "category": "",
        "fiscal_year": 2028,
        "amount": 123_456.0,
        "reason": "A contract ends",
        "author": "Budget office",
        "date": pd.Timestamp(2026, 6, 15),
    }
    return pd.DataFrame([row | changed])


def test_an_override_is_what_is_expected_and_stands_beside_the_models(tmp_path: Path) -> None:
    study = under_way(small_study())
    before = expected(study).lines
    place = write_study(study.with_table("overrides", override()), tmp_path / "study")
    results = plan_study(read_study(place), "baseline", tmp_path / "out")
    own = results.outlook[results.outlook["agency"].eq("health") & results.outlook["program"].eq("it")]
    lines = own[(own[list(LINE_KEYS)] != "(all)").all(axis=1)]
    assert lines.loc[lines["period"].eq(2028), "mean"].sum() == pytest.approx(123_456)
    told = read_results(results.folder).overrides
    assert told[["reason", "author", "date"]].iloc[0].tolist() == ["A contract ends", "Budget office", "2026-06-15"]
    model = before[before["agency"].eq("health") & before["period"].eq(2028)]["mean"].sum()
    assert told["model_mean"].iloc[0] == pytest.approx(model)
    assert told["lines"].iloc[0] == 2
    assert verify_results(results.folder, place).agrees


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (override(agency="helth"), "is no line of tables/spending.csv"),
        (override(fiscal_year=2021, date=pd.Timestamp(2021, 1, 5)), "is not forecast. Write a year from 2022 to 2029."),
        (override(fiscal_year=2040), "is not forecast. Write a year from 2022 to 2029."),
        (override(fiscal_year=2025), '"2026-06-15" is after its year ended. Write the day on which it was first said.'),
        (pd.concat([override(), override(fund="general")], ignore_index=True), "row 3, column agency, program, fund"),
    ],
    ids=["line", "before", "beyond", "afterwards", "twice"],
)
def test_overrides_that_set_nothing_or_twice_are_refused(table: pd.DataFrame, said: str) -> None:
    with pytest.raises(StudyError) as caught:
        checked(under_way(small_study()).with_table("overrides", table))
    assert len(caught.value.problems) == 1
    assert said in str(caught.value.problems[0])


def test_a_blank_amount_spent_needs_the_months_of_its_year() -> None:
    study = small_study()
    rows = study.table("spending")
    blank = study.with_table("spending", rows.assign(expended=rows["expended"].mask(rows["period"].eq(2024))))
    with pytest.raises(StudyError) as caught:
        checked(blank)
    assert len(caught.value.problems) == rows["period"].eq(2024).sum()
    assert "is blank. Write what was spent, or give tables/months.csv of that year." in str(caught.value.problems[0])
    half = study.with_table("spending", rows.assign(expended=rows["expended"].mask(rows.index == 5)))
    with pytest.raises(StudyError, match="though other lines of that year are closed"):
        checked(half)


def test_months_that_do_not_come_to_the_year_are_a_warning() -> None:
    study = under_way(small_study())
    months = study.table("months")
    assert not [w for w in checked(study).warnings if w.file == "tables/months.csv"]
    wrong = months.assign(expended=months["expended"].mask(months["period"].eq("2024-12"), 0.0))
    found = [w for w in checked(study.with_table("months", wrong)).warnings if w.file == "tables/months.csv"]
    assert len(found) == 1
    assert "less in FY2025 than tables/spending.csv" in str(found[0])


def test_faults_in_both_tables_are_told_at_once() -> None:
    months = pd.DataFrame(
        {"period": ["2026-13", "2026-05"], "agency": "health", "fund": ["", "general"], "expended": ["1", "x"]}
    )
    _, problems, _ = TABLES["months"].read(months, "months.csv")
    assert [str(p) for p in problems] == [
        'months.csv, row 2, column period: "2026-13" does not have the form that is wanted. '
        "Write a month such as 2026-05.",
        "months.csv, row 2, column fund: is blank. Write a name of lower-case letters, digits and underscores.",
        'months.csv, row 3, column expended: "x" is not a number. Write a number, such as 1250.5.',
    ]
    row = pd.DataFrame({"fiscal_year": ["2028"], "amount": ["5"], "reason": [""], "author": ["A"], "date": ["June"]})
    _, problems, _ = TABLES["overrides"].read(row, "overrides.csv")
    assert [(p.column, p.value) for p in problems] == [("reason", ""), ("date", "June")]


@pytest.mark.parametrize("name", ["study", "study.xlsx"])
def test_the_books_read_back_as_they_were_written(tmp_path: Path, name: str) -> None:
    study = under_way(small_study()).with_table("overrides", override())
    back = read_study(write_study(study, tmp_path / name))
    for table in ("months", "overrides", "spending"):
        pd.testing.assert_frame_equal(study.table(table), back.table(table), check_dtype=False)


def test_results_of_earlier_versions_open_without_the_year(tmp_path: Path) -> None:
    folder = write_results(replace(made_up(), folder=tmp_path / "old")).folder
    assert len(read_results(folder).year_end) == len(made_up().year_end)
    for name in LATER:
        (folder / f"{name}.csv").unlink()
    back = read_results(folder)
    assert back.year_end.empty
    assert shown.under_way(back) is None
    assert shown.year_end(back).empty


def test_months_of_a_year_that_the_history_lacks_are_held_against_the_other_years_alone() -> None:
    study = under_way(small_study())
    months, spending = study.table("months"), study.table("spending")
    lacking = spending["period"].eq(spending["period"].max())
    said = [w for w in checked(study.with_table("spending", spending[~lacking])).warnings if "comes to" in w.wrong]
    assert not said
    more = months.assign(expended=months["expended"].where(months.index > 0, months["expended"] + 5e6))
    wrong = study.with_table("spending", spending[~lacking]).with_table("months", more)
    assert ["comes to $5,000,000 more" in w.wrong for w in checked(wrong).warnings].count(True) == 1
