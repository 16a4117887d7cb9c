"""Re-planning in full and regret against perfect foresight, on a sample of futures that are solved one by one."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import reallot
from scenarios.errors import ResultsError
from scenarios.futures import foresight
from scenarios.futures.case import Case
from scenarios.futures.foresight import CHUNK, FORESIGHT, foreseen, sampled
from scenarios.futures.luck import luck_of
from scenarios.futures.policies import DoNothing, Fixed
from scenarios.futures.priors import SOURCES
from scenarios.futures.replanned import Replanned
from scenarios.futures.run import play_all, schedules_of, simulate
from scenarios.futures.schedule import schedule_of
from scenarios.futures.simulate import play
from scenarios.futures.solves import ReplannedFully
from scenarios.pipeline import plan_study, prepare
from scenarios.results import Results, read_results
from scenarios.study import read_study, write_study
from tests.scenarios.studies import small_study

CENT = 0.005
OWN = {"starts_per_quarter": 8, "risk_price": 15_000, "contract_bundle": "system", "close_sites": False}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Results:
    place = tmp_path_factory.mktemp("foresight")
    study = read_study(write_study(small_study(2, 20, margin=1.05, parameters=OWN), place / "study"))
    return plan_study(study, "baseline", place / "out", seconds=20, gap=0.001)


@pytest.fixture(scope="module")
def case(planned: Results) -> Case:
    return Case.of(prepare(read_study(planned.folder.parents[1] / "study")), planned.limits, 0)


def test_without_luck_the_full_replan_is_the_plan_and_foresight_finds_nothing_better(
    planned: Results, case: Case
) -> None:
    calm = replace(case, priors=case.priors.without(*SOURCES))
    schedules = schedules_of(calm, [DoNothing(), Fixed(planned.plan)])
    outcomes = play_all(schedules, 1)
    found = sampled(schedules["plan"], {name: (schedules[name], told) for name, told in outcomes.items()}, 1)
    assert (found.outcomes["replanned_fully"].outlay == outcomes["plan"].outlay).all()
    rows = found.rows.set_index(["policy", "measure"])["mean"]
    # the plan is within its own gap of the best; foresight within its own
    most = planned.summary["gap_usd"] + 0.002 * abs(rows["do_nothing", "regret"])
    assert -found.worst_gap - 1 <= rows["plan", "regret"] <= most
    # the objective of a history is that of the optimizer, but for the middle of years in place of that of quarters
    worth = rows["do_nothing", "objective"] - rows["plan", "objective"]
    schedule = schedules["plan"]
    own = -schedule.choices.cost[np.arange(len(schedule.contracts)), schedule.contracts.start].sum()
    assert worth == pytest.approx(own, rel=0.02)


def test_what_foresight_counts_is_what_the_books_say(planned: Results, case: Case) -> None:
    schedule = schedule_of(case, planned.plan)
    world = case.world(0)
    some, luck = world.part(slice(0, 6)), luck_of(schedule, 0, world).part(slice(0, 6))
    worth = foresight._Worth(schedule)
    start, gaps = foreseen(schedule, worth, some, luck)
    told = foresight._history(schedule, some, luck, start)
    base = np.einsum("fly,lsy->fsy", some.line, schedule.staying.outlay)
    base += (case.residual + schedule.open_sites) + some.rest
    each = np.arange(len(start))
    for f in range(6):
        outlay = foresight._outlay(schedule, some, luck, f)[each, start[:, f]].sum(axis=0)
        assert np.abs(base[f].reshape(-1) + outlay - told.outlay[f].reshape(-1)).max() < CENT
    assert np.isfinite(gaps).all()
    # no more begins in a quarter than may, and nothing before what it needs has cut over
    for f in range(6):
        begun = np.bincount(start[:, f], schedule.contracts.units, minlength=schedule.contracts.quarters + 1)[:-1]
        assert (begun <= schedule.choices.starts + 1e-9).all()
        for c, cell, lag in schedule.contracts.needs.tolist():
            other = start[schedule.contracts.contract[cell], f]
            ends = other + schedule.contracts.work[cell] + luck.longer[cell, f] + lag
            assert start[c, f] == schedule.contracts.quarters or start[c, f] >= ends


def test_nobody_beats_foresight_by_more_than_it_may_miss(planned: Results, case: Case) -> None:
    schedules = schedules_of(case, [DoNothing(), Fixed(planned.plan), Replanned(planned.plan)])
    outcomes = play_all(schedules, 12)
    found = sampled(schedules["plan"], {name: (schedules[name], told) for name, told in outcomes.items()}, 12)
    assert found.futures == 12
    regret = found.rows[found.rows["measure"] == "regret"].set_index("policy")
    assert set(regret.index) == {"do_nothing", "plan", "replanned", "replanned_fully"}
    assert (regret["p05"] >= -found.worst_gap - 1).all()
    assert (regret["futures"] == 12).all()
    assert regret["mean"]["do_nothing"] > regret["mean"]["plan"] > 0
    # paired: the mean of the differences is the difference of the means
    records = found.rows.to_dict("records")
    mean = {(str(row["policy"]), str(row["measure"])): float(row["mean"]) for row in records}
    own = mean["plan", "objective"]
    assert mean["plan", "objective_above_full"] == pytest.approx(own - mean["replanned_fully", "objective"], abs=1)
    assert mean["plan", "regret"] == pytest.approx(own - mean[FORESIGHT, "objective"], abs=1)


def test_full_replans_are_histories_like_any_other(planned: Results, case: Case) -> None:
    wild = replace(case, priors=replace(case.priors, cancellation_rate=0.3, cut_chance=0.8, cut_size=0.08))
    policy = ReplannedFully(planned.plan)
    schedule = schedule_of(wild, planned.plan, policy)
    world = wild.world(0)
    told = play(schedule, 0, world, slice(0, 10))
    held = play(schedule_of(wild, planned.plan), 0, world, slice(0, 10))
    assert (told.start != held.start).any()
    alive = (told.start < schedule.contracts.quarters) & ~told.cancelled
    assert (told.moved[:, -1] <= alive @ schedule.contracts.units).all()
    assert policy._last
    assert policy._last[-1].objective < np.inf


def test_the_command_says_what_was_solved_and_stops_in_time(
    planned: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["simulate", str(planned.folder), "--futures", "60", "--no-drivers", "--replans", "20"]
    reallot.app([*asked, "--replan-seconds", "0"], standalone_mode=False)
    said = capsys.readouterr().out
    assert f"The first {CHUNK} futures solved one by one" in said
    assert "Re-planned in full" in said
    risk = read_results(planned.folder).risk
    full = risk[risk["policy"].isin(["replanned_fully", FORESIGHT])]
    assert full["futures"].eq(CHUNK).all()
    assert risk.loc[risk["measure"].eq("regret"), "futures"].eq(CHUNK).all()
    assert set(risk.loc[risk["measure"].eq("cost_above_full"), "policy"]) == {
        *("do_nothing", "greedy", "all_at_once", "plan", "replanned")
    }
    sample = json.loads((planned.folder / "futures.json").read_text())["sample"]
    assert sample["asked"] == 20
    assert sample["futures"] == CHUNK
    assert sample["foresight_gap_max"] >= sample["foresight_gap_mean"] >= 0
    simulate(planned.folder, futures=60, drivers=False)
    assert json.loads((planned.folder / "futures.json").read_text())["sample"] is None


def test_no_futures_are_none(planned: Results) -> None:
    with pytest.raises(ResultsError, match="at least one future"):
        simulate(planned.folder, futures=0, replans=5)
