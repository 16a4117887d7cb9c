"""The whole way through, on a small study and on random ones: every total agrees with every other."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

import optimizer
from dashboard.measures import money
from scenarios.expected import outlook_of
from scenarios.export import export_workbook
from scenarios.pipeline import plan_study, prepare
from scenarios.referee import verify_results
from scenarios.results import RIVAL, Results, read_results, results_in
from scenarios.scenario import Scenario
from scenarios.study import read_study, write_study
from scenarios.summary import fiscal_year
from scenarios.terminal import summary_text
from tests.scenarios.studies import small_study


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("run")
    return plan_study(read_study(write_study(small_study(), folder / "study")), "baseline", folder / "out")


def test_sites_that_close_and_weighted_funds_come_through_to_the_files(tmp_path: Path) -> None:
    study = small_study(3, parameters={"methods": ["cooperative"], "close_sites": True, "fund_weights": {"federal": 0}})
    sites = study.table("sites").assign(annual_fixed_cost=4e5, closure_cost=1e4)
    systems = study.table("systems").assign(strategies="retain|rehost", group="")
    study = study.with_table("sites", sites).with_table("systems", systems)
    results = plan_study(read_study(write_study(study, tmp_path / "study")), "baseline", tmp_path / "out")
    back, summary = read_results(results.folder), results.summary
    closed = back.sites[back.sites["closes"] != ""]
    assert len(closed) >= 1
    assert (closed["saving"] > 0).all()
    assert back.plan["npv_saving"].sum() + back.sites["saving"].sum() == pytest.approx(summary["npv_saving"], abs=0.01)
    moved = back.plan[back.plan["start"] != ""]
    assert set(moved["method"]) <= {"cooperative", ""}
    assert summary["first_purchase"]["quarter"] == moved.loc[moved["buy_from"] != "", "buy_from"].min()
    assert str(verify_results(results.folder)).startswith("baseline: verified.")
    _pages_agree(back)


@given(seed=st.integers(0, 10_000), margin=st.floats(1.02, 1.2))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_total_agrees_on_random_studies(
    tmp_path_factory: pytest.TempPathFactory, seed: int, margin: float
) -> None:
    folder = tmp_path_factory.mktemp("random")
    study = read_study(write_study(small_study(seed, margin=margin), folder / "study"))
    try:
        results = plan_study(study, "baseline", folder / "out")
    except optimizer.InfeasiblePlan:
        reject()
    back = read_results(results.folder)
    flows, summary = back.flows, back.summary
    years = fiscal_year(flows["period"])
    assert back.outlays["amount"].sum() == pytest.approx(flows["amount"].sum(), abs=0.01)
    for year, amount in summary["outlay_by_year"].items():
        assert flows.loc[years.eq(int(year)), "amount"].sum() == pytest.approx(amount, abs=0.01)
    one_time = flows.loc[flows["nature"].eq("one_time"), "amount"].sum()
    assert back.plan["one_time_cost"].sum() == pytest.approx(one_time, abs=0.01)
    assert sum(summary["terms"].values()) == pytest.approx(summary["objective"], abs=0.01)
    assert summary["gap_usd"] == pytest.approx(summary["objective"] - summary["bound"], abs=0.01)
    assert back.plan["npv_saving"].sum() == pytest.approx(summary["npv_saving"], abs=0.01)
    assert back.plan["units"].sum() == study.table("systems")["units"].sum()
    _workbook_agrees(back)
    _pages_agree(back)
    assert str(verify_results(results.folder)).startswith("baseline: verified.")


def _pages_agree(results: Results) -> None:
    """What the pages show is what the files hold."""
    rival = read_results(results.folder.parent / RIVAL)
    shown = money.outlay_by_year(results)["outlay"]
    assert {str(y): pytest.approx(a, abs=0.01) for y, a in shown.items()} == results.summary["outlay_by_year"]
    saved = money.outlay_by_year(rival)["outlay"] - shown
    assert saved.sum() == pytest.approx(results.summary["net_saving"], abs=0.01)
    assert money.units_moved(results) == results.summary["units_moved"]
    assert money.units_by_strategy(results).sum() == money.units_total(results) == results.summary["units_total"]


def _workbook_agrees(results: Results) -> None:
    sheet = CalamineWorkbook.from_path(str(export_workbook(results))).get_sheet_by_name("Summary").to_python()
    header = sheet[2]
    rows = {row[0]: row for row in sheet[3:]}
    for year, amount in results.summary["outlay_by_year"].items():
        column = header.index(f"FY{year}")
        assert rows["Outlay"][column] == pytest.approx(amount, abs=0.01)
        parts = [row[column] for name, row in rows.items() if name not in {"Outlay", "Cost to continue", ""}]
        assert sum(p for p in parts[:-1] if isinstance(p, float)) == pytest.approx(amount, abs=0.01)
    assert rows["Outlay"][len(results.summary["outlay_by_year"]) + 1] == pytest.approx(
        results.flows["amount"].sum(), abs=0.01
    )


def test_cost_to_continue_is_the_outlook(results: Results) -> None:
    rival = read_results(results.folder.parent / RIVAL)
    every = (rival.outlook[["agency", "program", "fund", "category"]] == "(all)").all(axis=1)
    total = rival.outlook[every].set_index("period")["mean"]
    for year, amount in rival.summary["outlay_by_year"].items():
        assert amount == pytest.approx(total[int(year)], abs=0.01)
        assert results.summary["cost_to_continue_by_year"][year] == pytest.approx(amount, abs=0.01)


def test_a_results_folder_reads_back_as_it_was_written(results: Results) -> None:
    back = read_results(results.folder)
    assert back.summary == json.loads(json.dumps(dict(results.summary)))
    pd.testing.assert_frame_equal(back.flows, results.flows, check_dtype=False, check_categorical=False)
    for name in ("plan", "outlays", "limits"):
        mine, theirs = getattr(results, name), getattr(back, name)
        assert list(mine.columns) == list(theirs.columns)
        assert len(mine) == len(theirs)


def test_tables_are_written_as_parquet_where_asked(results: Results, tmp_path: Path) -> None:
    plan = plan_study(read_study(results.folder.parent.parent / "study"), "baseline", tmp_path, parquet=True)
    told = pd.read_parquet(plan.folder / "outlays.parquet")
    assert told["amount"].sum() == pytest.approx(results.outlays["amount"].sum(), abs=0.01)


def test_the_baseline_comes_first_and_the_rival_last(results: Results) -> None:
    assert results_in(results.folder.parent) == ["baseline", RIVAL]


def test_the_same_study_gives_the_same_bytes(tmp_path: Path) -> None:
    study = read_study(write_study(small_study(), tmp_path / "study"))
    one = plan_study(study, "baseline", tmp_path / "one").folder
    two = plan_study(study, "baseline", tmp_path / "two").folder
    for path in sorted(one.iterdir()):
        if path.name not in {"timings.json"}:
            assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_a_scenario_is_planned_beside_the_baseline(results: Results) -> None:
    out, place = results.folder.parent, results.folder.parent.parent / "study"
    dearer = Scenario(name="dearer", why="Money costs more.", set={"discount_rate": 0.08})
    planned = plan_study(read_study(place), dearer, out)
    changed = planned.assumptions[planned.assumptions["changed_by"].eq("dearer")]
    assert changed[["parameter", "value", "default"]].to_numpy().tolist() == [["discount_rate", "0.08", "0.03"]]
    assert results_in(out) == ["baseline", "dearer", RIVAL]
    assert verify_results(planned.folder).agrees


@pytest.mark.parametrize(
    ("file", "column"),
    [("outlays.csv", "amount"), ("plan.csv", "one_time_cost"), ("plan.csv", "npv_saving"), ("limits.csv", "used")],
)
def test_the_referee_finds_a_figure_that_was_changed(results: Results, tmp_path: Path, file: str, column: str) -> None:
    copy = _copy(results, tmp_path)
    frame = pd.read_csv(copy / file)
    frame.loc[frame[column].abs().eq(frame[column].abs().max()), column] += 1.0
    frame.to_csv(copy / file, index=False)
    assert not verify_results(copy, results.folder.parent.parent / "study").agrees


def test_the_rival_is_the_baselines_whichever_scenario_comes_first(results: Results, tmp_path: Path) -> None:
    dearer = Scenario(name="dearer", why="Money costs more.", set={"discount_rate": 0.08})
    plan_study(read_study(results.folder.parent.parent / "study"), dearer, tmp_path)
    first, usual = read_results(tmp_path / RIVAL), read_results(results.folder.parent / RIVAL)
    assert first.summary == usual.summary
    assert verify_results(tmp_path / RIVAL).agrees


@pytest.mark.parametrize("name", ["objective", "npv_saving", "units_moved", "bound"])
def test_the_referee_finds_a_summary_that_was_changed(results: Results, tmp_path: Path, name: str) -> None:
    copy = _copy(results, tmp_path)
    said = json.loads((copy / "summary.json").read_text())
    said[name] += 1
    (copy / "summary.json").write_text(json.dumps(said))
    assert not verify_results(copy, results.folder.parent.parent / "study").agrees


def _copy(results: Results, place: Path) -> Path:
    import shutil

    return Path(shutil.copytree(results.folder, place / "baseline"))


def test_lines_that_ended_stay_ended() -> None:
    study = small_study()
    spending = study.table("spending")
    ended = spending[spending["agency"].eq("health") & spending["period"].ge(2025)].index
    outlook = outlook_of(study.with_table("spending", spending.drop(ended)))
    assert outlook is not None
    mean = outlook.lines.groupby("agency")["mean"].sum()
    assert mean["health"] == 0
    assert mean["taxation"] > 0


def test_a_fund_that_nobody_appropriates_is_held_by_no_limit(tmp_path: Path) -> None:
    study = small_study()
    old = study.table("spending")
    extra = old[old["fund"].eq("federal")].assign(fund="forgotten")
    results = plan_study(study.with_table("spending", pd.concat([old, extra], ignore_index=True)), "baseline", tmp_path)
    assert results.outlays.loc[results.outlays["fund"].eq("forgotten"), "amount"].sum() > 0
    assert not results.limits["key"].str.contains("forgotten").any()


def test_without_history_costs_grow_with_prices() -> None:
    study = small_study()
    ready = prepare(study.with_table("spending", study.table("spending").iloc[:0]))
    first = ready.portfolio.run_cost.iloc[:, 0].to_numpy() * 4
    wanted = study.table("systems")["annual_run_cost"].to_numpy() * 1.025
    assert ready.outlook is None
    assert np.allclose(first, wanted)
    assert ready.portfolio.residual.empty


def test_the_terminal_shows_what_the_summary_says(results: Results) -> None:
    text = summary_text(results)
    assert f"{results.summary['units_moved']:,} of {results.summary['units_total']:,} units moved" in text
    assert "Testland, Baseline (made-up data)" in text
    for year in results.summary["outlay_by_year"]:
        assert f"FY{year}" in text
