r"""Regret: what a policy costs more than the plan of one who knows the future, in each future of a sample.

Both are judged by the same measure, the *objective* of a history: the present value of all outlay of the horizon
(mid-year, each fund by its weight), what its moves are worth beyond the horizon and what risk they take away (terms
`tail`, `risk`, `disruption` of the optimizer), and `OVERSPENT` for each dollar spent above an appropriation. The
foresighted plan chooses when each contract of the plan begins, or that it never does, knowing its cost, slip, lead time
and cancellation, run costs, prices and appropriations of that future; it keeps to hours and starts as plans do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimizer import funds
from optimizer.options import NEVER, chosen
from optimizer.solver import Status
from optimizer.terms import terms_of
from scenarios.futures.books import Outcome, booked
from scenarios.futures.case import Case, World
from scenarios.futures.contracts import MOST_SLIP, moved_to
from scenarios.futures.draws import BLOCK
from scenarios.futures.luck import Luck, luck_of
from scenarios.futures.replanned import OVERSPENT
from scenarios.futures.risk import ALL, RISK, spread
from scenarios.futures.schedule import Schedule
from scenarios.futures.simulate import play
from scenarios.futures.solves import GAP, SECONDS, Open, ReplannedFully, carried, solved

CHUNK = 5
"""Futures that are solved together; what is cut off is whole chunks."""
FORESIGHT = "foresight"
TITLES = {ReplannedFully.name: ReplannedFully.title, FORESIGHT: "Perfect foresight"}
BEYOND = ("tail", "risk", "disruption")
"""Terms of the objective that are no outlay of the horizon."""


@dataclass(frozen=True, eq=False)
class Sample:
    """The first futures, solved one by one."""

    outcomes: Mapping[str, Outcome]
    """Re-planned in full, and with perfect foresight."""
    rows: pd.DataFrame
    """`regret`, `objective`, and differences to re-planning in full, as rows of risk.csv."""
    futures: int
    asked: int
    solves: int
    seconds: float
    gap: float
    """Mean over the futures of what foresight may still miss, USD of the objective."""
    worst_gap: float
    """The most that it may miss in one of them."""

    def json(self) -> dict[str, object]:
        """How it was made."""
        return {
            "futures": self.futures,
            "asked": self.asked,
            "solves": self.solves,
            "foresight_gap_mean": self.gap,
            "foresight_gap_max": self.worst_gap,
        }


def sampled(
    schedule: Schedule,
    others: Mapping[str, tuple[Schedule, Outcome]],
    futures: int,
    seconds: float = np.inf,
    tell: Callable[[float], None] | None = None,
) -> Sample:
    """Solves the first futures one by one, until the time is over or Ctrl-C is pressed; at least one chunk is done.

    `schedule` is that of the plan; `others` are further histories of these futures, paired with those found here.
    """
    began, solves, wanted = time.perf_counter(), 0, min(futures, BLOCK)
    world = schedule.case.world(0)
    luck = luck_of(schedule, 0, world)

    def solved_one() -> None:
        nonlocal solves
        solves += 1

    fully = schedule.under(ReplannedFully(schedule.contracts.rows, told=solved_one))
    made: list[tuple[Outcome, Outcome, np.ndarray]] = []
    worth = _Worth(schedule)
    for first in range(0, wanted, CHUNK):
        part = slice(first, min(first + CHUNK, wanted))
        some, own = world.part(part), luck.part(part)
        try:
            again = play(fully, 0, world, part)
            start, gaps = foreseen(schedule, worth, some, own)
        except KeyboardInterrupt:
            if not made:
                raise
            break
        solves += part.stop - part.start
        made.append((again, _history(schedule, some, own, start), gaps))
        if tell:
            tell(part.stop / wanted)
        if time.perf_counter() - began > seconds:
            break
    gaps = np.concatenate([part[2] for part in made])
    count = len(gaps)
    found = {
        ReplannedFully.name: (schedule, Outcome.joined([part[0] for part in made], count)),
        FORESIGHT: (schedule, Outcome.joined([part[1] for part in made], count)),
    }
    paired = {name: (own_schedule, Outcome.joined([told], count)) for name, (own_schedule, told) in others.items()}
    rows = _rows(schedule.case, {**paired, **found}, count)
    spent = time.perf_counter() - began
    outcomes = {name: told for name, (_, told) in found.items()}
    return Sample(outcomes, rows, count, futures, solves, spent, float(gaps.mean()), float(gaps.max()))


def _rows(case: Case, histories: Mapping[str, tuple[Schedule, Outcome]], count: int) -> pd.DataFrame:
    """Rows of risk.csv: by policy its objective and regret, and what it costs more than re-planning in full."""
    objective: dict[str, np.ndarray] = {}
    worths: dict[int, tuple[_Worth, Luck]] = {}
    for name, (schedule, told) in histories.items():
        of = id(schedule.contracts)
        if of not in worths:
            luck = luck_of(schedule, 0, case.world(0)).part(slice(0, count))
            worths[of] = _Worth(schedule), luck
        worth, luck = worths[of]
        objective[name] = worth.objective(told, luck)
    cost = {name: told.outlay[:, : case.funds].sum(axis=(1, 2)) for name, (_, told) in histories.items()}
    found: list[tuple[object, ...]] = []
    full = ReplannedFully.name
    for name, own in objective.items():
        found.append((name, "objective", ALL, ALL, *spread(own, None)))
        if name != FORESIGHT:
            found.append((name, "regret", ALL, ALL, *spread(own - objective[FORESIGHT], None)))
        if name not in (FORESIGHT, full):
            found.append((name, "objective_above_full", ALL, ALL, *spread(own - objective[full], None)))
            found.append((name, "cost_above_full", ALL, ALL, *spread(cost[name] - cost[full], None)))
    return pd.DataFrame(found, columns=list(RISK))


# What a history is worth ---------------------------------------------------------------------------------------------


class _Worth:
    """The objective of histories of a schedule's contracts."""

    def __init__(self, schedule: Schedule) -> None:
        case = schedule.case
        self.schedule = schedule
        d = schedule.clock.discount(case.economics.discount_rate, np.arange(len(case.year_of)))
        self.discount = np.bincount(case.year_of, d) / np.bincount(case.year_of)
        names = pd.Series(case.scopes["fund"][: case.funds].to_numpy())
        self.weight = np.asarray(funds.weight(names, case.portfolio.fund_weights), dtype=float)
        self.beyond = _beyond(schedule)
        self.of_scope = np.zeros(len(case.scopes))
        self.of_scope[: case.funds] = self.weight

    def objective(self, told: Outcome, luck: Luck) -> np.ndarray:
        """USD, (F,)."""
        contracts = self.schedule.contracts
        money = np.einsum("fsy,s,y->f", told.outlay, self.of_scope, self.discount)
        money += OVERSPENT * np.maximum(told.used - told.allowed, 0.0).sum(axis=1)
        if not len(contracts):
            return np.asarray(money)
        start = told.start.T.astype(np.int64)[contracts.contract]
        begun = (start < contracts.quarters) & ~luck.gone[contracts.contract]
        each = np.arange(len(start))[:, None]
        worth = np.where(begun, self.beyond[each, np.minimum(start, contracts.quarters - 1), luck.longer], 0.0)
        return np.asarray(money + worth.sum(axis=0))


def _beyond(schedule: Schedule) -> np.ndarray:
    """What each cell is worth beyond the outlay of the horizon, against staying, USD, (K, T, 1 + MOST_SLIP)."""
    case, contracts = schedule.case, schedule.contracts
    last, cells = contracts.quarters, len(contracts.contract)
    found = np.zeros((cells, last, 1 + MOST_SLIP))
    if not cells:
        return found
    options, units = chosen(case.portfolio, case.strategies, case.economics, contracts.rows, case.methods)
    cell = contracts.rows["cell"].to_numpy(dtype=np.int64)
    terms = [term for term in terms_of(case.portfolio) if term.name in BEYOND]
    staying = sum(term.cost(options.staying()) for term in terms)
    for start in range(last):
        for longer in range(1 + MOST_SLIP):
            moved = moved_to(options, start, longer)
            value = sum(term.cost(moved) for term in terms) - staying
            found[:, start, longer] = np.bincount(cell, value * units, cells)
    return found


# Knowing the future --------------------------------------------------------------------------------------------------


def foreseen(schedule: Schedule, worth: _Worth, world: World, luck: Luck) -> tuple[np.ndarray, np.ndarray]:
    """When each contract begins in the plans of one who knows, (C, F), and what these may still miss, USD, (F,)."""
    case, contracts, choices = schedule.case, schedule.contracts, schedule.choices
    last, futures = contracts.quarters, len(world.state.shock)
    found, gaps = np.full((len(contracts), futures), last), np.zeros(futures)
    frame = case.budgets.frame
    base = np.einsum("fly,lsy->fsy", world.line, schedule.staying.outlay, optimize=True)
    base += (case.residual + schedule.open_sites) + world.rest
    allowed = case.amount(world, None) - schedule.swept
    onward, rho = frame["next"].to_numpy(dtype=np.int64), frame["rho"].to_numpy(dtype=float)
    first_day, lead = schedule.first_day, schedule.bought_from[1]
    bought = np.array([method is not None for method in contracts.method])
    for f in range(futures):
        outlay = _outlay(schedule, world, luck, f)
        never = outlay[:, -1].sum(axis=0)
        against = outlay - outlay[:, -1:]
        used = schedule.within.T @ (base[f].reshape(-1) + never)
        brought = case.opening(1)[0]
        for b in np.flatnonzero(onward >= 0).tolist():
            own = max(used[b] - brought[b], 0.0)
            brought[onward[b]] = rho[b] * max(allowed[f, b] - own, 0.0)
        late = np.maximum(luck.lead[:, f], np.minimum(lead, luck.lead[:, f]))
        soonest = np.where(bought, np.searchsorted(first_day, late - 1e-6), np.searchsorted(first_day, 0))
        may = choices.allowed & (np.arange(last + 1) >= soonest[:, None])
        may[:, -1] = True
        may &= _worthwhile(schedule, luck, f)
        c, q = np.nonzero(may)
        money = np.einsum(
            "nsy,s,y->n", against[c, q].reshape(len(c), -1, len(case.years)), worth.of_scope, worth.discount
        )
        cost = money + _worth_of(schedule, worth, luck, f)[c, q]
        taken = carried(schedule, against[c, q] @ schedule.within)
        after = contracts.work + luck.longer[:, f]
        option = Open(c, q, cost, taken, choices.hours[c, q])
        start, answer = solved(
            schedule, option, allowed[f] + brought - used, choices.capacity, OVERSPENT, after, None, GAP, SECONDS
        )
        found[:, f] = np.where(start >= 0, start, last)
        proven = answer.status in (Status.OPTIMAL, Status.FEASIBLE)
        gaps[f] = answer.objective - answer.bound if proven else np.inf
    return found, gaps


def _worthwhile(schedule: Schedule, luck: Luck, f: int) -> np.ndarray:
    """Choices that are none in one future: what waits for something that will be cancelled never begins, (C, T + 1)."""
    contracts = schedule.contracts
    found = np.ones((len(contracts), contracts.quarters + 1), dtype=bool)
    for c, cell, _ in contracts.needs.tolist():
        if luck.gone[contracts.contract[cell], f]:
            found[c, :-1] = False
    return found


def _worth_of(schedule: Schedule, worth: _Worth, luck: Luck, f: int) -> np.ndarray:
    """What each contract is worth beyond the horizon in one future, by start, USD, (C, T + 1)."""
    contracts = schedule.contracts
    found = np.zeros((len(contracts), contracts.quarters + 1))
    each = np.arange(len(contracts.contract))
    value = worth.beyond[each, :, luck.longer[:, f]] * ~luck.gone[contracts.contract, f][:, None]
    np.add.at(found[:, :-1], contracts.contract, value)
    return found


def _outlay(schedule: Schedule, world: World, luck: Luck, f: int) -> np.ndarray:
    """What each contract will have cost in one future, by start, USD, (C, T + 1, S Y)."""
    case, contracts = schedule.case, schedule.contracts
    last, years, scopes = contracts.quarters, len(case.years), len(case.scopes)
    found = np.zeros((len(contracts), last + 1, scopes, years))
    runs, builds = schedule.pays
    of_line = case.lines.of_system[contracts.system]
    factor = {"cloud": world.state.cloud[f], "exit": np.ones(years)}
    for k, c in enumerate(contracts.contract.tolist()):
        names, table = schedule.parts[k]
        state = np.arange(last + 1) * schedule.variants
        state[:-1] += int(luck.variant[k, f])
        part = dict(zip(names, table[:, state], strict=True))
        running, built = np.zeros((2, last + 1, years))
        for name in ("line", "cloud", "exit"):
            if name in part:
                running += part[name] * (world.line[f, of_line[k]] if name == "line" else factor[name])
        built += luck.ratio[c, f] * part.get("own", built) + part.get("clearing", 0.0)
        for s in schedule.scopes[k]:
            found[c, :, s] += runs[k, s] * running + builds[k, s] * built
    return found.reshape(len(contracts), last + 1, -1)


def _history(schedule: Schedule, world: World, luck: Luck, start: np.ndarray) -> Outcome:
    """The books of contracts that begin in given quarters, (C, F)."""
    contracts, last = schedule.contracts, schedule.contracts.quarters
    of_cell = contracts.contract
    cut = start[of_cell] + contracts.work[:, None] + luck.longer
    cut = np.where((start[of_cell] < last) & ~luck.gone[of_cell], cut, NEVER)
    return booked(schedule, world, start, luck.variant.astype(np.int64), luck.ratio, luck.gone, cut)
