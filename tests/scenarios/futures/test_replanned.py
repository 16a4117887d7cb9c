"""The plan decided again each fiscal year: as good as the plan without luck, and blind to what is still to come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from benchmarks.futures import Plain
from optimizer.options import NEVER
from scenarios.futures.case import Case, World
from scenarios.futures.draws import StateDraws
from scenarios.futures.known import Known
from scenarios.futures.luck import luck_of
from scenarios.futures.policies import AllAtOnce, Fixed, Greedy
from scenarios.futures.priors import SOURCES
from scenarios.futures.replanned import OVERSPENT, WORTHWHILE, Replanned
from scenarios.futures.run import simulate
from scenarios.futures.schedule import Schedule, schedule_of
from scenarios.futures.simulate import play
from scenarios.pipeline import plan_study, prepare
from scenarios.results import Results
from scenarios.study import Study, read_study, write_study
from tests.scenarios.studies import small_study

CENT = 0.005
WILD = {
    "overrun.small.tail_chance": 0.4,
    "cancellation_rate": 0.4,
    "slip.median": 1.6,
    "cut.chance": 0.6,
    "cut.size": 0.1,
    "holdback.chance": 0.5,
    "contract_bundle": "system",
}


def a_study(seed: int = 0, margin: float = 1.05, **parameters: object) -> Study:
    own = {"starts_per_quarter": 8, "risk_price": 15_000, "close_sites": True, **parameters}
    return small_study(seed, margin=margin, parameters=own)


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Results:
    place = tmp_path_factory.mktemp("replanned")
    study = read_study(write_study(a_study(2, contract_bundle="system"), place / "study"))
    return plan_study(study, "baseline", place / "out", seconds=20, gap=0.01)


def case_of(planned: Results) -> Case:
    return Case.of(prepare(read_study(planned.folder.parents[1] / "study")), planned.limits, 0)


def priced(study: Study, seed: int) -> Case:
    """A case whose limits have prices of all kinds, though nothing was solved."""
    case = Case.of(prepare(study), pd.DataFrame(columns=["limit", "key", "used"]), seed)
    names = [f"appropriation {key}" for key in case.budgets.frame["key"]]
    names += [f"starts {quarter}" for quarter in case.portfolio.quarters]
    prices = np.random.default_rng(seed).random(len(names)) * np.where(np.arange(len(names)) < 8, 0.2, 2000.0)
    return replace(case, prices=pd.Series(prices, index=names))


@dataclass(frozen=True)
class Listening:
    """Decides like another policy, and keeps what it was told."""

    own: Replanned
    heard: list[tuple[Known, np.ndarray]]
    name: str = "listening"
    title: str = "Listening"

    def rows(self, case: Case) -> pd.DataFrame:
        return self.own.rows(case)

    def aims(self, known: Known) -> np.ndarray:
        self.heard.append((known, self.own.aims(known)))
        return self.heard[-1][1]


def test_with_all_sources_off_the_plan_is_left_as_it_is(planned: Results) -> None:
    case = case_of(planned)
    calm = replace(case, priors=case.priors.without(*SOURCES))
    told = play(schedule_of(calm, planned.plan, Replanned(planned.plan)), 0)
    held = play(schedule_of(calm, planned.plan, Fixed(planned.plan)), 0)
    assert (told.start == held.start).all()
    assert (told.outlay == held.outlay).all()
    assert told.within().all()


def test_it_decides_otherwise_where_things_go_otherwise_and_costs_no_more(planned: Results) -> None:
    case = case_of(planned)
    held, again = (
        play(schedule_of(case, planned.plan, policy), 0) for policy in (Fixed(planned.plan), Replanned(planned.plan))
    )
    assert (held.start != again.start).any()
    cost = [told.outlay[:, : case.funds].sum(axis=(1, 2)).mean() for told in (held, again)]
    short = [np.maximum(told.used - told.allowed, 0.0).sum(axis=1).mean() for told in (held, again)]
    assert cost[1] + OVERSPENT * short[1] <= cost[0] + OVERSPENT * short[0]


@given(seed=st.integers(0, 500), margin=st.floats(1.0, 1.1), greedy=st.booleans())
@settings(max_examples=4, deadline=None)
def test_decisions_are_those_of_a_plain_loop_and_every_history_keeps_the_books(
    seed: int, margin: float, greedy: bool
) -> None:
    case = priced(a_study(seed, margin, **WILD), seed)
    rows = (Greedy() if greedy else AllAtOnce()).rows(case)
    heard: list[tuple[Known, np.ndarray]] = []
    schedule = schedule_of(case, rows, Listening(Replanned(rows), heard))
    world = case.world(0)
    told = play(schedule, 0, world, slice(0, 60))
    assert len(heard) == len(case.years)
    event("something was decided anew" if any((aim != known.aim).any() for known, aim in heard) else "nothing was")
    for known, aim in heard:
        for f in range(0, 60, 20):
            expected = _plain(known, f) if known.off_plan[f] else known.aim[:, f].tolist()
            assert aim[:, f].tolist() == expected
    # what has begun stays, and nothing begins before it can be bought, twice, or in a frozen quarter
    last = schedule.contracts.quarters
    for known, _ in heard:
        begun = known.begun.T
        assert (told.start[begun] == known.aim.T[begun]).all()
        later = ~begun & (told.start < last)
        assert (told.start[later] >= known.quarter).all()
    # money: a plain loop over the books of single futures comes to the same, fund by fund
    luck = luck_of(schedule, 0, world)
    plain = Plain(schedule, world, luck)
    for f in range(0, 60, 13):
        start = told.start[f].astype(int).tolist()
        of_cell = schedule.contracts.contract
        begun = told.start[f][of_cell] < last
        cut = told.start[f][of_cell] + schedule.contracts.work + luck.longer[:, f]
        cut = np.where(begun & ~luck.gone[of_cell, f], cut, NEVER)
        outlay = plain._books(f, start, luck.variant[:, f].tolist(), cut.tolist())
        assert np.abs(outlay - told.outlay[f]).max() < CENT
    # units: none is moved twice, none is lost
    alive = (told.start < last) & ~told.cancelled
    assert (told.moved[:, -1] <= alive @ schedule.contracts.units).all()
    assert rows["units"].sum() == case.portfolio.systems["units"].sum()


def _plain(known: Known, f: int) -> list[int]:
    """What `Replanned` decides in one future, contract after contract, start after start."""
    choices, contracts = known.choices, known.schedule.contracts
    frame, last = known.schedule.case.budgets.frame, choices.never
    onward = frame["next"].tolist()
    aim: list[int] = known.aim[:, f].tolist()
    left = known.left[f].tolist()
    ready = known.ready[:, f].tolist()
    starts = [*choices.starts, np.inf]
    hours = choices.capacity.tolist()
    for c, q in enumerate(aim):
        starts[q] -= contracts.units[c]
        hours = [room - used for room, used in zip(hours, choices.hours[c, q], strict=True)]

    def taken(c: int, q: int, b: int) -> float:
        before = [a for a, n in enumerate(onward) if n == b and choices.keeps[a] > 0]
        return float(choices.outlay[c, q, b] + sum(choices.keeps[a] * choices.outlay[c, q, a] for a in before))

    current = [b for b in range(len(frame)) if np.flatnonzero(known.schedule.case.cycle[b]).max() >= known.year]
    surplus = [
        max(-v for v, may in zip(choices.reduced[c], choices.allowed[c], strict=True) if may) for c in range(len(aim))
    ]
    for cheaper, value in ((False, choices.reduced), (True, choices.cost)):
        order = sorted(range(len(aim)), key=lambda c: -surplus[c] if cheaper else surplus[c])
        for c in order:
            mine = [b for b in current if any(abs(taken(c, q, b)) > 1 for q in range(last + 1))]
            if known.begun[c, f] or (not cheaper and not any(left[b] < -1 for b in mine)):
                continue
            now, best, gain = aim[c], aim[c], WORTHWHILE
            first = max(
                [known.soonest[c, f], *(ready[cell] + lag for w, cell, lag in contracts.needs.tolist() if w == c)]
            )
            for q in range(max(first, known.quarter), last + 1):
                if q == now or not choices.allowed[c, q] or starts[q] < contracts.units[c] - 1e-9:
                    continue
                if cheaper and value[c, q] >= value[c, now] - WORTHWHILE:
                    continue
                spare = [r + choices.hours[c, now, h] - choices.hours[c, q, h] for h, r in enumerate(hours)]
                used = choices.hours[c].any(axis=0)
                if any(used[h] and s < min(hours[h], 0.0) - 1e-6 for h, s in enumerate(spare)):
                    continue
                short = sum(max(-left[b], 0.0) for b in mine)
                after = sum(max(-(left[b] + taken(c, now, b) - taken(c, q, b)), 0.0) for b in mine)
                if cheaper and after > short + 1:
                    continue
                better = value[c, now] - value[c, q] + OVERSPENT * (short - after)
                if better > gain + 1e-6:
                    best, gain = q, better
            left = [r + taken(c, now, b) - taken(c, best, b) for b, r in enumerate(left)]
            hours = [r + choices.hours[c, now, h] - choices.hours[c, best, h] for h, r in enumerate(hours)]
            starts[now] += contracts.units[c]
            starts[best] -= contracts.units[c]
            for cell in contracts.cells(c):
                ready[cell] += best - now
            aim[c] = best
    return aim


def test_no_decision_knows_what_is_still_to_come(planned: Results) -> None:
    case = case_of(planned)
    schedule = schedule_of(case, planned.plan, Replanned(planned.plan))
    world = case.world(0)
    told = play(schedule, 0, world)
    for y in range(1, len(case.years)):
        other = play(schedule, 0, _other_from(case, world, y))
        before = told.start < np.flatnonzero(case.year_of == y)[0]
        assert (told.start[before] == other.start[before]).all()
        assert (before == (other.start < np.flatnonzero(case.year_of == y)[0])).all()
    assert (other.outlay != told.outlay).any()


def _other_from(case: Case, world: World, y: int) -> World:
    """The same futures up to a fiscal year, and quite other ones from then on."""
    line, rest, amount = world.line.copy(), world.rest.copy(), world.amount.copy()
    line[:, :, y:] *= 1.2
    rest[:, :, y:] += 1e6
    later = case.budgets.rows["y"].to_numpy() >= y
    amount[:, :, later] *= 0.8
    cloud = world.state.cloud.copy()
    cloud[:, y:] *= 1.5
    state = StateDraws(world.state.shock, cloud, world.state.cut, world.state.holdback)
    return World(state, line, rest, amount)


@dataclass(frozen=True)
class WaitAfterACut:
    """A policy of one's own: whatever has not begun waits a year where this year's appropriations are cut."""

    plan: pd.DataFrame
    name: str = "wait_after_a_cut"
    title: str = "Wait a year after a cut"

    def rows(self, case: Case) -> pd.DataFrame:
        return self.plan

    def aims(self, known: Known) -> np.ndarray:
        promised = known.schedule.case.budgets.frame["amount"].to_numpy()
        cut = (known.amount < promised - 1).any(axis=1)
        return np.where(known.open & cut, known.aim + 4, known.aim)


def test_a_policy_of_ones_own_decides_each_fiscal_year(planned: Results, tmp_path: Path) -> None:
    found = simulate(planned.folder, futures=400, drivers=False, policies=[WaitAfterACut(planned.plan)])
    mine = found.risk[found.risk["policy"] == "wait_after_a_cut"]
    assert len(mine) == len(found.risk[found.risk["policy"] == "replanned"])
    moved = [found.figure(name, "units_moved", "mean", period=2028) for name in ("wait_after_a_cut", "plan")]
    assert moved[0] < moved[1]


@dataclass(frozen=True)
class AtOnce:
    """Wants all that has not begun now, and never what is begun: neither can be had."""

    plan: pd.DataFrame
    name: str = "at_once"
    title: str = "At once"

    def rows(self, case: Case) -> pd.DataFrame:
        return self.plan

    def aims(self, known: Known) -> np.ndarray:
        return np.where(known.begun, known.choices.never, -3)


def test_what_cannot_be_is_not_done(planned: Results) -> None:
    case = case_of(planned)
    schedule: Schedule = schedule_of(case, planned.plan, AtOnce(planned.plan))
    told = play(schedule, 0)
    choices = schedule.choices
    bought = np.array([method is not None for method in schedule.contracts.method])
    lead = schedule.bought_from[1]
    first = np.searchsorted(schedule.first_day, np.minimum(lead, schedule.bought_from[0] + lead) - 1e-6)
    began = told.start < choices.never
    assert began.any()
    assert (told.start >= np.where(bought, first, 0))[began].all()
    assert (told.start.max(axis=0) < choices.never)[schedule.contracts.start < 4].any()
