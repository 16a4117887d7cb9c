"""Simulated futures keep the books: money and units are conserved, and without luck a future is the plan itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reallot
from benchmarks.futures import Plain
from optimizer.options import chosen
from scenarios.errors import ResultsError
from scenarios.futures.case import Case
from scenarios.futures.contracts import MOST_SLIP, contracts_of
from scenarios.futures.draws import BLOCK
from scenarios.futures.luck import luck_of
from scenarios.futures.policies import AllAtOnce, DoNothing, Fixed, Greedy
from scenarios.futures.priors import SOURCES
from scenarios.futures.run import play_all, simulate
from scenarios.futures.schedule import schedule_of
from scenarios.futures.simulate import play
from scenarios.pipeline import plan_study, prepare
from scenarios.results import Results, read_results
from scenarios.study import Study, read_study, write_study
from tests.scenarios.studies import small_study

CENT = 0.005
WILD = {
    "overrun.small.tail_chance": 0.4,
    "cancellation_rate": 0.5,
    "slip.median": 2.0,
    "cut.chance": 0.6,
    "cut.size": 0.15,
    "holdback.chance": 0.5,
}


def a_study(seed: int = 0, margin: float = 1.05, **parameters: object) -> Study:
    """A small study in which sites close, things wait for purchases, and years follow each other."""
    own = {"starts_per_quarter": 8, "risk_price": 15_000, "close_sites": True, **parameters}
    return small_study(seed, margin=margin, parameters=own)


def case_for(study: Study, seed: int = 0) -> Case:
    return Case.of(prepare(study), pd.DataFrame(columns=["limit", "key", "used"]), seed)


def calm(case: Case) -> Case:
    return replace(case, priors=case.priors.without(*SOURCES))


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Results:
    place = tmp_path_factory.mktemp("futures")
    study = read_study(write_study(a_study(), place / "study"))
    return plan_study(study, "baseline", place / "out", seconds=20, gap=0.01)


def test_with_all_sources_off_every_future_is_the_plan_to_the_cent(planned: Results) -> None:
    study = read_study(planned.folder.parents[1] / "study")
    case = calm(Case.of(prepare(study), planned.limits, 0))
    told = play(schedule_of(case, planned.plan), 0)
    flows = pd.read_parquet(planned.folder / "flows.parquet")
    year = flows["period"].str[:4].astype(int)
    by_fund = flows.groupby(["fund", year])["amount"].sum().unstack()
    names = case.scopes["fund"][: case.funds]
    expected = by_fund.reindex(index=names, columns=case.years, fill_value=0.0).to_numpy()
    assert np.abs(told.outlay[:, : case.funds] - expected).max() < CENT
    one_time = flows[flows["nature"] == "one_time"].groupby(year)["amount"].sum().reindex(case.years, fill_value=0.0)
    assert one_time.sum() > 0
    assert np.abs(told.one_time - one_time.to_numpy()).max() < CENT
    run = flows[flows["nature"] == "run"].groupby(["side", year])["amount"].sum().unstack("side")
    assert np.abs(told.legacy - run["legacy"].to_numpy()).max() < CENT
    assert np.abs(told.run - run.sum(axis=1).to_numpy()).max() < CENT
    moved = list(planned.summary["units_moved_by_year"].values())
    assert (told.moved == np.cumsum(moved)).all()
    assert told.within().all()
    limits = planned.limits[planned.limits["limit"] == "appropriation"].set_index("key")
    keys = case.budgets.frame["key"]
    assert np.abs(told.used[0] - limits.loc[keys, "used"].to_numpy()).max() < 0.01
    assert np.abs(told.allowed[0] - limits.loc[keys, "allowed"].to_numpy()).max() < 0.01


@given(
    seed=st.integers(0, 500),
    margin=st.floats(1.0, 1.1),
    bundle=st.sampled_from(["agency", "system"]),
    freezes=st.sampled_from([[], ["2028Q1", "2028Q4"]]),
)
@settings(max_examples=8, deadline=None)
def test_money_and_units_are_conserved_in_every_future(
    seed: int, margin: float, bundle: str, freezes: list[str]
) -> None:
    case = case_for(a_study(seed, margin, contract_bundle=bundle, freezes=freezes, **WILD), seed)
    rows = AllAtOnce().rows(case)
    schedule = schedule_of(case, rows)
    world = case.world(0)
    told = play(schedule, 0, world)
    # units: each is in one contract or stays, and no more arrive than went
    moving = rows[rows["strategy"] != "retain"]
    assert schedule.contracts.units.sum() == moving["units"].sum()
    assert rows["units"].sum() == case.portfolio.systems["units"].sum()
    arrived = np.diff(told.moved, axis=1, prepend=0)
    assert (arrived >= 0).all()
    alive = (told.start < schedule.contracts.quarters) & ~told.cancelled
    assert (told.moved[:, -1] <= alive @ schedule.contracts.units).all()
    frozen = np.flatnonzero(case.portfolio.quarters.isin(list(case.portfolio.freezes)))
    assert len(frozen) == len(freezes)
    assert not np.isin(told.start, frozen).any()
    # money: a plain loop over single futures comes to the same, fund by fund
    plain = Plain(schedule, world, luck_of(schedule, 0, world))
    for i in range(0, BLOCK, BLOCK // 6):
        outlay, start = plain.future(i)
        assert start == told.start[i].tolist()
        assert np.abs(outlay - told.outlay[i]).max() < CENT
    # the funds pay all of it: nothing is lost between them
    for share in schedule.pays:
        assert share[:, : case.funds].sum(axis=1) == pytest.approx(1.0)


@given(seed=st.integers(0, 500), late=st.integers(0, 3), longer=st.integers(0, MOST_SLIP))
@settings(max_examples=6, deadline=None)
def test_the_money_of_a_contract_that_slips_is_that_of_the_optimizer(seed: int, late: int, longer: int) -> None:
    study = a_study(seed, methods=[])
    case = case_for(study)
    rows = Greedy().rows(case)
    moving = rows[rows["strategy"] != "retain"].reset_index(drop=True)
    if moving.empty:
        return
    slower = tuple(replace(s, work_quarters=s.work_quarters + longer) for s in case.strategies)
    last = len(case.portfolio.quarters)
    line = case.lines.of_system
    contracts = contracts_of(case.portfolio, case.strategies, case.economics, (), moving, line, "system")
    start = contracts.start[contracts.contract] + late
    kept = (start < last).all()
    if not kept:
        return
    total = contracts.money[np.arange(len(start)), start, longer].sum(axis=(0, 1))
    quarters = pd.PeriodIndex(moving["start"], freq=case.portfolio.quarters.freqstr) + late
    moved = moving.assign(start=quarters.astype(str))[["system", "units", "strategy", "start"]]
    options, units = chosen(case.portfolio, slower, case.economics, moved)
    flows = np.sum([options.total(nature) for nature in ("run", "dual_run", "one_time", "exit")], axis=0)
    assert total == pytest.approx((options.yearly(flows) * units[:, None]).sum(axis=0), abs=CENT)


def test_slips_push_cut_overs_and_cancelled_work_leaves_units_where_they_are() -> None:
    case = case_for(a_study(3))
    schedule = schedule_of(case, Greedy().rows(case))
    planned = play(replace(schedule, case=calm(case)), 0)
    slow = replace(case.priors.without(*(set(SOURCES) - {"slip"})), slip_median=3.0, slip_tail_mean=3.0)
    slipped = play(replace(schedule, case=replace(case, priors=slow)), 0)
    assert (slipped.moved <= planned.moved).all()
    assert slipped.moved[:, -1].mean() < planned.moved[:, -1].mean()
    doomed = replace(case.priors.without(*(set(SOURCES) - {"cancellation"})), cancellation_rate=1.0)
    lost = play(replace(schedule, case=replace(case, priors=doomed)), 0)
    assert not lost.moved.any()
    assert lost.one_time.sum() > 0
    assert (lost.cancelled == (lost.start < schedule.contracts.quarters)).all()


def test_a_stop_rule_ends_contracts_at_their_cap() -> None:
    case = case_for(a_study(3))
    priors = replace(case.priors.without(*(set(SOURCES) - {"overrun"})), stop_rule=1.2)
    schedule = schedule_of(case, Greedy().rows(case))
    luck = luck_of(replace(schedule, case=replace(case, priors=priors)), 0, case.world(0))
    assert luck.ratio.max() == 1.2
    assert (luck.gone == (luck.ratio >= 1.2)).all()
    assert 0.02 < luck.gone.mean() < 0.5


def test_dependants_wait_for_what_they_need() -> None:
    # the systems of a group need nothing of each other: s05 is made to need s04
    study = a_study(1, margin=1.6, contract_bundle="system", **WILD)
    edges = pd.DataFrame({"system": ["s05"], "needs": ["s04"], "lag": [3]})
    case = case_for(study.with_table("dependencies", edges))
    rows = AllAtOnce().rows(case)
    begins = rows.set_index("system")["start"]
    if not (begins["s05"] and begins["s04"]):
        pytest.skip("neither moves in this study")
    schedule = schedule_of(case, rows)
    told = play(schedule, 0)
    contracts = schedule.contracts
    (waits, cell, lag), *_ = contracts.needs.tolist()
    needed = contracts.contract[cell]
    began = told.start[:, waits] < contracts.quarters
    cut = told.start[:, needed] + contracts.work[cell]
    assert began.any()
    assert (told.start[began, waits] >= cut[began] + lag).all()
    assert not began[told.cancelled[:, needed]].any()


def test_starts_wait_for_money_and_never_make_a_year_worse_than_doing_nothing_would() -> None:
    case = case_for(a_study(2, margin=1.0))
    nothing, everything = (play(schedule_of(calm(case), policy.rows(case)), 0) for policy in (DoNothing(), AllAtOnce()))
    assert everything.start.min() >= 0
    short = np.maximum(everything.used - everything.allowed, 0).sum()
    assert short <= np.maximum(nothing.used - nothing.allowed, 0).sum() + 1


def test_futures_do_not_depend_on_how_many_are_asked_for_nor_on_who_else_plays() -> None:
    case = case_for(a_study(4))
    plan, none = schedule_of(case, Greedy().rows(case)), schedule_of(case, DoNothing().rows(case))
    few = play_all({"plan": plan}, 100)["plan"]
    many = play_all({"none": none, "plan": plan}, BLOCK + 10)["plan"]
    assert len(many.outlay) == BLOCK + 10
    assert (many.outlay[:100] == few.outlay).all()
    other = play_all({"plan": schedule_of(replace(case, seed=9), Greedy().rows(case))}, 100)["plan"]
    assert (other.outlay != few.outlay).any()


def test_the_command_plays_a_plan_and_results_read_it_back(
    planned: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    reallot.app(["simulate", str(planned.folder), "--futures", "300", "--json"], standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    assert told["futures"] == 300
    assert "300 futures" in told["headline"]
    back = read_results(planned.folder)
    assert set(back.risk["policy"]) == {"do_nothing", "greedy", "all_at_once", "plan", "replanned"}
    assert back.risk["futures"].eq(300).all()
    outlay = back.risk[(back.risk["measure"] == "outlay") & (back.risk["policy"] == "plan")]
    assert outlay["chance_within"].between(0, 1).all()
    spread = outlay[["p05", "p10", "p50", "p80", "p90", "p95"]].to_numpy()
    assert (np.diff(spread, axis=1) >= 0).all()
    cost = back.risk[(back.risk["measure"] == "cost") & (back.risk["policy"] == "plan")].iloc[0]
    p = cost["chance_within"]
    assert cost["standard_error"] == pytest.approx(np.sqrt(p * (1 - p) / 300), abs=1e-6)
    assert set(back.drivers["source"]) == set(SOURCES)
    reallot.app(["simulate", str(planned.folder), "--futures", "300", "--no-drivers"], standalone_mode=False)
    said = capsys.readouterr().out
    assert "The plan held fixed" in said
    assert "made-up data" in said
    first = (planned.folder / "risk.csv").read_bytes()
    simulate(planned.folder, futures=300, drivers=False)
    assert (planned.folder / "risk.csv").read_bytes() == first


def test_a_policy_of_ones_own_meets_the_same_futures(planned: Results) -> None:
    mine = Fixed(planned.plan, name="mine", title="The same again")
    found = simulate(planned.folder, futures=50, drivers=False, policies=[mine])
    both = [found.risk[found.risk["policy"] == name].drop(columns="policy") for name in ("plan", "mine")]
    assert both[0].reset_index(drop=True).equals(both[1].reset_index(drop=True))


def test_the_rival_has_no_plan_to_play(planned: Results) -> None:
    with pytest.raises(ResultsError, match="holds no plan"):
        simulate(planned.folder.parent / "cost_to_continue")
    with pytest.raises(ResultsError, match="at least one future"):
        simulate(planned.folder, futures=0)


def test_results_lie_where_they_are_told(planned: Results, tmp_path: Path) -> None:
    assert planned.risk.empty
    with pytest.raises(ResultsError, match="holds no results"):
        simulate(tmp_path)
