"""Versions of the budget: one row a cell is what may be spent, the others stand beside it, and money counts once."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import cycles
from scenarios.books import CELL, EVIDENCE, PREVAILS, prevailing
from scenarios.budget import ORDER, VERSIONS, evidence, versions
from scenarios.errors import StudyError
from scenarios.expected import outlook_of
from scenarios.pipeline import plan_study, prepare
from scenarios.referee import verify_results
from scenarios.results import Results, read_results
from scenarios.scenario import Scenario
from scenarios.study import Study, checked, read_study, write_study
from scenarios.tables import LINE_KEYS, STATUSES, TABLES
from scenarios.year_end import year_end_of
from tests.scenarios.studies import small_study, under_way

ROW = {"agency": "", "line_item": "", "purpose": "any", "carry_forward": 0.0, "opening_balance": 0.0}


def row(fund: str, year: int, amount: float, status: str, **more: object) -> dict[str, object]:
    return {**ROW, "transfer_limit": 0.0, "fund": fund, "fiscal_year": year, "amount": amount, "status": status, **more}


def with_rows(study: Study, *rows: dict[str, object]) -> Study:
    """The study with more appropriations, as reading them back would give them."""
    more = pd.DataFrame(list(rows), columns=list(TABLES["appropriations"].names))
    table = study.table("appropriations")
    return study.with_table("appropriations", pd.concat([table, more.astype(table.dtypes)], ignore_index=True))


def with_versions(study: Study, seed: int = 0) -> Study:
    """The study with versions that do not prevail beside each of its appropriations: as planned, in another order."""
    draw = random.Random(seed)
    table = study.table("appropriations")
    beside = [
        table.assign(status=status, amount=table["amount"] * draw.uniform(0.5, 1.5))
        for status in ("cost_to_continue", "request", "enacted")
    ]
    whole = pd.concat([table.assign(status="revised"), *beside], ignore_index=True)
    return study.with_table("appropriations", whole.sample(frac=1.0, random_state=seed).reset_index(drop=True))


def outlook_appropriations(study: Study) -> pd.DataFrame | None:
    found = outlook_of(study)
    return found.outlook.appropriations if found else None


CELLS = st.tuples(st.sampled_from(["general", "federal"]), st.sampled_from(["", "health"]), st.integers(2027, 2029))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.tuples(CELLS, st.sampled_from(STATUSES)), st.integers(0, 99), max_size=25), st.randoms())
def test_what_prevails_is_a_plain_loop(cells: dict[tuple[tuple[str, str, int], str], int], draw: random.Random) -> None:
    told = list(cells.items())
    draw.shuffle(told)
    rows = [row(fund, year, amount, status, agency=agency) for ((fund, agency, year), status), amount in told]
    found = prevailing(pd.DataFrame(rows, columns=list(TABLES["appropriations"].names)))
    for cell in {cell for cell, _ in cells}:
        fund, agency, year = cell
        best = next((status for status in PREVAILS if (cell, status) in cells), None)
        own = found[found["fund"].eq(fund) & found["agency"].eq(agency) & found["fiscal_year"].eq(year)]
        assert own["status"].tolist() == ([] if best is None else [best])
        assert own["amount"].sum() == (0 if best is None else cells[cell, best])
    assert found.index.is_monotonic_increasing


def test_versions_are_named_and_ordered_as_the_forecaster_has_them() -> None:
    assert EVIDENCE == cycles.EVIDENCE
    assert [name for name in ORDER if name != "forecast"] == list(cycles.VERSIONS)
    assert set(PREVAILS) | {"cost_to_continue"} == set(STATUSES)


def test_a_study_without_versions_is_planned_with_its_own_table() -> None:
    table = small_study().table("appropriations")
    pd.testing.assert_frame_equal(prevailing(table), table)


def planned(study: Study, place: Path) -> Results:
    write_study(study, place / "study")
    return plan_study(read_study(place / "study"), "baseline", place / "out", gap=0.0)


def test_versions_that_do_not_prevail_change_no_plan(tmp_path: Path) -> None:
    plain = small_study()
    revised = plain.with_table("appropriations", plain.table("appropriations").assign(status="revised"))
    alone, beside = (
        planned(study, tmp_path / name) for name, study in (("a", revised), ("b", with_versions(plain, 3)))
    )
    assert beside.summary["objective"] == pytest.approx(alone.summary["objective"], rel=1e-9)
    key = list(CELL)
    for name in ("amount", "carry_forward"):
        one, other = (each.appropriations.set_index(key)[name].sort_index() for each in (alone, beside))
        pd.testing.assert_series_equal(one, other)
    assert beside.appropriations["status"].eq("revised").all()
    assert verify_results(beside.folder, tmp_path / "b" / "study").agrees
    back = read_results(beside.folder).versions
    assert len(back) > len(alone.versions)
    assert back["agency"].eq("").any()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), start=st.sampled_from([None, 2026, 2027]), opened=st.booleans())
def test_money_is_conserved_from_the_tables_to_the_versions(seed: int, start: int | None, opened: bool) -> None:
    study = with_versions(small_study(seed), seed)
    study = under_way(study, seed=seed) if opened else study
    study = with_rows(study, row("general", 2026, 4e5, "enacted"), row("general", 2026, 3e5, "allotted"))
    study = checked(replace(study, facts=study.facts.model_copy(update={"biennium_start": start})))
    ready = prepare(study)
    told = ready.versions
    assert list(told.columns) == list(VERSIONS)
    table, spending = study.table("appropriations"), study.table("spending")
    given_rows = told[told["source"].eq("appropriations")]
    sums = given_rows.groupby(["version", "fund", "period"])["amount"].sum()
    wanted = table.groupby(["status", "fund", "fiscal_year"])["amount"].sum()
    assert sums.to_numpy() == pytest.approx(wanted.to_numpy())
    books = told[told["source"].eq("spending")].groupby("version")["amount"].sum()
    assert books["actual"] == pytest.approx(spending["expended"].sum())
    elsewhere = spending["fund"].eq("general") & spending["period"].eq(2026)
    assert books["enacted"] == pytest.approx(spending.loc[~elsewhere, "appropriated"].sum())
    back = given_rows.rename(columns={"period": "fiscal_year", "version": "status"})
    permitted = prevailing(back.reset_index(drop=True)).set_index(list(CELL))["amount"].sort_index()
    left = ready.study.table("appropriations").set_index(list(CELL))["amount"].sort_index()
    pd.testing.assert_series_equal(permitted, left, check_index_type=False)
    assert told.groupby([*CELL[:4], "period", "version"]).size().max() == 1
    assert told["biennium"].eq("").all() == (start is None)
    if start is not None:
        assert set(told.loc[told["period"].eq(2027), "biennium"]) == {"FY2026-27" if start == 2026 else "FY2027-28"}


def test_what_the_outlook_expects_stands_where_no_forecast_is_given() -> None:
    study = small_study()
    table = study.table("appropriations")
    status = table["fiscal_year"].map({2027: "enacted", 2028: "request", 2029: "forecast"})
    told = versions(study.with_table("appropriations", table.assign(status=status)), None)
    assert told[told["source"].eq("outlook")].empty
    asked = study.with_table("appropriations", table.assign(status=status))
    told = versions(asked, outlook_appropriations(asked))
    expected = told[told["source"].eq("outlook")]
    assert expected[["fund", "period"]].to_numpy().tolist() == [["federal", 2028], ["general", 2028]]
    assert expected["version"].eq("forecast").all()
    enacted = table[table["fiscal_year"].eq(2027)].set_index("fund")["amount"]
    growth = expected.set_index("fund")["amount"] / enacted
    assert growth.between(0.9, 1.1).all()
    assert told[told["version"].eq("forecast") & told["period"].eq(2029)]["source"].eq("appropriations").all()


def test_a_scenario_changes_what_may_be_spent_and_not_what_was_asked_for() -> None:
    study = with_versions(small_study())
    cut = Scenario(name="cut", why="Less.", set={"appropriation": {"all": {2027: "-1%"}, "general": {2028: 9e9}}})
    before, after = prepare(study), prepare(study, cut)
    pd.testing.assert_frame_equal(before.versions, after.versions)
    one, other = (each.study.table("appropriations").set_index(list(CELL))["amount"] for each in (before, after))
    first = one.index.get_level_values("fiscal_year") == 2027
    assert other[first].to_numpy() == pytest.approx(0.99 * one[first].to_numpy())
    assert other.loc[("general", "", "", "any", 2028)] == 9e9
    assert len(other) == len(one) == 6


def problems(study: Study) -> list[str]:
    with pytest.raises(StudyError) as caught:
        checked(study)
    return [str(problem) for problem in caught.value.problems]


def test_cost_to_continue_alone_permits_nothing_and_says_what_to_do() -> None:
    study = small_study()
    table = study.table("appropriations")
    last = table["fiscal_year"].eq(2029) & table["fund"].eq("general")
    alone = study.with_table("appropriations", table.assign(status=table["status"].mask(last, "cost_to_continue")))
    place = f"tables/appropriations.csv, row {int(last.to_numpy().argmax()) + 2}, column status"
    said = "is the only version of its money in that year, and permits no spending"
    assert problems(alone) == [
        f'{place}: "cost_to_continue" {said}. Add a row with what is enacted, requested or forecast.'
    ]
    both = with_rows(alone, row("general", 2028, 5.0, "cost_to_continue", agency="health"))
    assert len(problems(both)) == 2
    asked = checked(with_rows(alone, row("general", 2029, 9e5, "request", carry_forward=0.5)))
    assert not [w for w in asked.warnings if w.file == "tables/appropriations.csv"]


def test_of_the_year_under_way_it_is_a_warning_unless_the_books_hold_its_budget() -> None:
    study = with_rows(under_way(small_study()), row("general", 2026, 5e5, "cost_to_continue"))
    found = [w for w in checked(study).warnings if w.column == "status"]
    assert len(found) == 1
    assert "permits no spending" in str(found[0])
    spending = study.table("spending")
    opened = spending[spending["period"].eq(2025)].assign(period=2026, expended=float("nan"))
    told = study.with_table("spending", pd.concat([spending, opened], ignore_index=True))
    assert not [w for w in checked(told).warnings if w.column == "status"]


def test_what_only_a_row_that_does_not_prevail_holds_is_a_warning() -> None:
    study = with_rows(small_study(), row("general", 2027, 9e9, "revised"))
    found = [w for w in checked(study).warnings if w.column == "carry_forward"]
    assert [str(w) for w in found] == [
        'tables/appropriations.csv, row 2, column carry_forward: "0.5" does not count: the row that prevails over this '
        "one holds none. Write it in that row too."
    ]
    same = with_rows(small_study(), row("general", 2027, 9e9, "revised", carry_forward=0.5))
    assert not [w for w in checked(same).warnings if w.column == "carry_forward"]


def test_two_rows_of_one_version_and_unknown_versions_are_errors() -> None:
    raw = pd.DataFrame({"fund": "general", "fiscal_year": "2027", "amount": "5", "status": ["request", "asked"]})
    _, wrong, _ = TABLES["appropriations"].read(pd.concat([raw, raw.head(1)], ignore_index=True), "a.csv")
    assert [str(problem) for problem in wrong] == [
        'a.csv, row 3, column status: "asked" is not known. Write one of cost_to_continue, request, enacted, allotted, '
        "revised, forecast.",
        'a.csv, row 4, column fund, agency, line_item, purpose, fiscal_year, status: "general, , , any, 2027, request" '
        "is the same as row 2. Keep one of the two, or give this one another name.",
    ]


def test_the_year_under_way_is_held_against_what_prevails() -> None:
    rows = (row("general", 2026, 5e6, "enacted"), row("general", 2026, 9e6, "request"))
    first = year_end_of(with_rows(under_way(small_study()), *rows))
    later = year_end_of(with_rows(under_way(small_study()), *rows, row("general", 2026, 4e6, "revised")))
    assert first is not None
    assert later is not None
    by_fund = [each.sums[each.sums["fund"].eq("general")]["appropriated"].max() for each in (first, later)]
    assert by_fund == [5e6, 4e6]


def test_evidence_is_what_has_the_force_of_law_and_what_is_asked_for_is_awaited() -> None:
    study = small_study()
    table = study.table("appropriations")
    study = study.with_table("appropriations", table[table["fiscal_year"].gt(2027)].reset_index(drop=True))
    study = with_rows(
        study,
        row("general", 2027, 5e5, "enacted"),
        row("general", 2027, 6e5, "allotted"),
        row("federal", 2027, 7e5, "request"),
    )
    told = evidence(study, 2026)
    assert told is not None
    ahead = told[told["period"].gt(2026)].set_index(["fund", "period"])["amount"]
    assert ahead["general", 2027] == 6e5
    assert ahead.drop(("general", 2027)).isna().all()
    assert len(ahead) == 6
    past = study.table("spending").groupby(["fund", "period"])["appropriated"].sum()
    known = told[told["period"].le(2026)].set_index(["fund", "period"])["amount"]
    assert known.to_numpy() == pytest.approx(past.reindex(known.index).to_numpy())
    spending = study.table("spending")
    assert evidence(study.with_table("spending", spending.assign(appropriated=0.0)), 2026) is None


def test_evidence_of_an_earlier_day_ends_where_it_was_not_known_yet() -> None:
    study = with_rows(small_study(), row("general", 2025, 1.0, "revised"))
    told = evidence(study, 2023, through=2024)
    assert told is not None
    assert list(told.columns) == [*LINE_KEYS, "period", "amount"]
    assert sorted(told["period"].unique()) == [2021, 2022, 2023, 2024]
    assert told["amount"].notna().all()
    spending = study.table("spending")
    later = spending.assign(appropriated=spending["appropriated"].where(spending["period"].le(2023), 0.0))
    rows = (
        row("general", 2024, 8e5, "enacted"),
        row("general", 2024, 9e5, "revised"),
        row("general", 2025, 9e5, "enacted"),
    )
    by_fund = evidence(with_rows(study.with_table("spending", later), *rows), 2023, through=2024)
    assert by_fund is not None
    assert by_fund[by_fund["period"].gt(2023)].to_numpy().tolist() == [["general", 2024, 8e5]]
