"""A schedule of contracts played against the futures of one block, quarter after quarter, in NumPy.

In each quarter, in this order:

1. a contract whose needs have not cut over waits until they have; one that needs what was cancelled is given up;
2. where a budget's projected outlay is above what it may spend, contracts that have not begun wait for the next fiscal
   year (or biennium), those that were to begin last first, of these the ones that save least for their money; but only
   those whose waiting leaves more in that budget;
3. where more units would begin than may, those that save least wait a quarter;
4. what is due begins, and its luck becomes known: cost, slip, cancellation.

The projection counts what has begun at its cost and what has not at its plan, both at expected prices, and what stays
as its line turns out. What is begun is paid for: where that is more than a budget holds, the year ends above its
appropriation. Which contract began when is then booked to the cent (`scenarios.futures.books`).

A policy that decides again (`policies.Replanning`) is asked before the first quarter of each fiscal year that begins on
or after `as_of`, with what is known by then (`scenarios.futures.known`). Only what has not begun can move, and no
sooner than it can be bought.
"""

from __future__ import annotations

import numpy as np

from optimizer.options import NEVER
from scenarios.futures.books import TOLERANCE, Outcome, booked
from scenarios.futures.case import World
from scenarios.futures.known import Known, expected_lines, left_over, soonest, strayed
from scenarios.futures.luck import Luck, luck_of
from scenarios.futures.policies import Replanning
from scenarios.futures.schedule import Schedule


def play(schedule: Schedule, block: int, world: World | None = None, part: slice | None = None) -> Outcome:
    """The futures of a block under a schedule, or only some of them."""
    world = schedule.case.world(block) if world is None else world
    luck = luck_of(schedule, block, world)
    if part is not None:
        world, luck = world.part(part), luck.part(part)
    return _Play(schedule, world, luck).run()


class _Play:
    """One block of futures as it unfolds; arrays are contracts (or cells) first: the futures of each lie together."""

    def __init__(self, schedule: Schedule, world: World, luck: Luck) -> None:
        case = schedule.case
        self.case, self.schedule, self.world, self.contracts = case, schedule, world, schedule.contracts
        self.luck = luck
        self.futures, self.last = len(world.state.shock), len(case.portfolio.quarters)
        self.due = self.luck.award.astype(np.int64)
        self.aim = np.repeat(self.contracts.start[:, None], self.futures, axis=1)
        self.purchase = np.repeat(schedule.bought_from[0][:, None], self.futures, axis=1)
        self.begun = np.zeros(self.due.shape, dtype=bool)
        self.cut = np.full(self.luck.longer.shape, NEVER, dtype=np.int64)
        self.variant = self.luck.variant.astype(np.int64)
        staying = np.einsum("fly,lsy->fsy", world.line, case.staying, optimize=True)
        projected = staying + (case.residual + schedule.planned_sites) + world.rest
        # USD by scope and year, (F, S Y)
        self.projected = projected.reshape(self.futures, -1)

    def run(self) -> Outcome:
        """Quarter after quarter; then the books."""
        case, frame = self.case, self.case.budgets.frame
        for c, contract in enumerate(self.schedule.projected):
            self.projected[:, contract.columns] += contract.planned.take(self.due[c], axis=0)
        onward = frame["next"].to_numpy(dtype=np.int64)
        brought = case.opening(self.futures)
        for t in range(self.last):
            y = int(case.year_of[t])
            now = np.flatnonzero(case.cycle[:, y])
            amount = (case.amount(self.world, t) - self.schedule.swept)[:, now]
            if t == 0 or case.year_of[t - 1] != y:
                self._decide_again(t, y)
            self._wait_for_needs(t)
            self._wait_for_money(t, y, now, amount + brought[:, now])
            self._wait_for_room(t)
            for c in np.flatnonzero(((self.due == t) & ~self.begun).any(axis=1)).tolist():
                self._begin(c, t)
            if t + 1 == self.last or case.year_of[t + 1] != y:
                used = self._used(now)
                for i, b in enumerate(now.tolist()):
                    if onward[b] >= 0:
                        own = np.maximum(used[:, i] - brought[:, b], 0.0)
                        brought[:, onward[b]] = frame["rho"].iloc[b] * np.maximum(amount[:, i] - own, 0.0)
        begun = np.where(self.begun, self.due, self.last)
        return booked(self.schedule, self.world, begun, self.variant, self.luck.ratio, self.luck.gone, self.cut)

    def _used(self, now: np.ndarray) -> np.ndarray:
        """Projected outlay of some budgets, USD, (F, budgets)."""
        return np.asarray(self.projected @ self._within(now))

    def _within(self, now: np.ndarray) -> np.ndarray:
        """Which scopes and years some budgets pay for, (S Y, budgets)."""
        scopes, years = len(self.case.scopes), len(self.case.years)
        found = np.zeros((scopes, years, len(now)))
        found[self.case.scope_of[now], :, np.arange(len(now))] = self.case.cycle[now]
        return found.reshape(scopes * years, len(now))

    # Deciding again ----------------------------------------------------------------------------------------------

    def _decide_again(self, t: int, y: int) -> None:
        """A policy that decides each fiscal year says when what has not begun is to begin."""
        policy = self.schedule.policy
        if not isinstance(policy, Replanning) or not len(self.contracts) or self.schedule.first_day[t] < 0:
            return
        known = self._known(t, y)
        wanted = np.clip(policy.aims(known), 0, self.last)
        for c in np.flatnonzero((wanted != self.aim).any(axis=1)).tolist():
            which = np.flatnonzero((wanted[c] != self.aim[c]) & ~self.begun[c])
            if len(which):
                then = np.maximum(wanted[c, which], known.soonest[c, which])
                self._aim_at(c, which, known.choices.next_allowed[c].take(then), t)

    def _aim_at(self, c: int, which: np.ndarray, then: np.ndarray, t: int) -> None:
        """A contract is meant to begin in another quarter: what is not being bought yet is bought for that one."""
        schedule, first_day = self.schedule, self.schedule.first_day
        today = int(first_day[t])
        starts, lead = then < self.last, self.luck.lead[c, which]
        purchase, expected = self.purchase[c, which], float(schedule.bought_from[1][c])
        anew = starts & (purchase >= today)
        latest = schedule.choices.purchase[c].take(np.minimum(then, self.last - 1))
        purchase = np.where(anew, np.maximum(latest, today), purchase)
        in_time = purchase + schedule.lead[c] <= first_day.take(np.minimum(then, self.last - 1)) + 1e-6
        award = np.where(in_time & (lead <= expected + 1e-6), 0, np.searchsorted(first_day, purchase + lead - 1e-6))
        due = np.where(starts, schedule.free[np.minimum(np.maximum(then, award), self.last)], self.last)
        part = schedule.projected[c]
        change = part.planned.take(due, axis=0) - part.planned.take(self.due[c, which], axis=0)
        self.projected[which[:, None], part.columns] += change
        self.purchase[c, which], self.due[c, which], self.aim[c, which] = purchase, due, then

    def _known(self, t: int, y: int) -> Known:
        """What is known before the first quarter of a fiscal year."""
        schedule, case, world = self.schedule, self.case, self.world
        line, rest = expected_lines(schedule, world, y)
        off = np.einsum("fly,lsy->fsy", line - world.line, case.staying, optimize=True) + rest - world.rest
        projected = self.projected + off.reshape(self.futures, -1)
        first = soonest(schedule, t, self.due, self.purchase, self.luck.lead, self.begun)
        aim = np.where(self.begun, self.due, np.maximum(self.aim, t))
        for c in np.flatnonzero((aim != self.due).any(axis=1)).tolist():
            which = np.flatnonzero(aim[c] != self.due[c])
            part = schedule.projected[c]
            change = part.planned.take(aim[c, which], axis=0) - part.planned.take(self.due[c, which], axis=0)
            projected[which[:, None], part.columns] += change
        amount = case.known_amount(world, t)
        of_cell = self.contracts.contract
        ready = np.where(self.begun[of_cell], self.cut, aim[of_cell] + self.contracts.work[:, None])
        return Known(
            schedule=schedule,
            choices=schedule.choices,
            quarter=t,
            year=y,
            begun=self.begun.copy(),
            aim=aim,
            soonest=first,
            ready=ready,
            amount=amount,
            left=left_over(schedule, amount, projected),
            off_plan=strayed(schedule, amount, projected, aim, np.where(self.begun, aim, first)),
        )

    # Waiting -----------------------------------------------------------------------------------------------------

    def _postpone(self, c: int, which: np.ndarray, until: np.ndarray | int) -> None:
        """A contract begins later in some futures; what it was to cost is taken out and put in anew."""
        contract = self.schedule.projected[c]
        then = np.broadcast_to(self.schedule.free[np.minimum(until, self.last)], which.shape)
        self.aim[c, which] = then
        change = contract.planned.take(then, axis=0) - contract.planned.take(self.due[c, which], axis=0)
        self.projected[which[:, None], contract.columns] += change
        self.due[c, which] = then

    def _wait_for_needs(self, t: int) -> None:
        """A contract whose needs have not cut over waits until they have, and their lag after that."""
        contracts = self.contracts
        for c, cell, lag in contracts.needs.tolist():
            which = np.flatnonzero((self.due[c] == t) & ~self.begun[c])
            other = int(contracts.contract[cell])
            # what has not begun yet cuts over no sooner than it would if it began when it is due
            soonest = np.maximum(self.due[other, which] + contracts.work[cell] + lag, t + 1)
            ready = np.where(self.begun[other, which], self.cut[cell, which] + lag, soonest)
            late = ready > t
            if late.any():
                self._postpone(c, which[late], ready[late])

    def _wait_for_money(self, t: int, y: int, now: np.ndarray, allowed: np.ndarray) -> None:
        """Contracts that have not begun wait for the next budget, the last ones first."""
        if not len(now) or not len(self.contracts):
            return
        over = self._used(now) - allowed
        if not (over > TOLERANCE).any():
            return
        within, spans = self._within(now), self.case.cycle[now]
        until = int(np.searchsorted(self.case.year_of, np.flatnonzero(spans.any(axis=0)).max() + 1))
        waiting = (self.due >= t) & (self.due < until) & ~self.begun
        order = np.lexsort((self.contracts.worth, -self.contracts.start))
        then = int(self.schedule.free[until])
        for c in order[waiting[order].any(axis=1)].tolist():
            contract = self.schedule.projected[c]
            effect = contract.planned @ within[contract.columns]
            gain = effect - effect[then]
            mine = np.flatnonzero((gain[t:until] > TOLERANCE).any(axis=0))
            if not len(mine):
                continue
            which = np.flatnonzero(waiting[c] & (over[:, mine] > TOLERANCE).any(axis=1))
            relief = gain.take(self.due[c, which], axis=0)
            helps = ((relief > TOLERANCE) & (over[which] > TOLERANCE)).any(axis=1)
            if helps.any():
                self._postpone(c, which[helps], until)
                over[which[helps]] -= relief[helps]

    def _wait_for_room(self, t: int) -> None:
        """No more units begin in a quarter than may; the first in the queue always does."""
        portfolio, year = self.case.portfolio, self.case.portfolio.quarters[t].qyear
        if year not in portfolio.starts.index or not len(self.contracts):
            return
        most = float(portfolio.starts[year])
        due = (self.due == t) & ~self.begun
        crowded = (self.contracts.units @ due) > most + 1e-9
        if not crowded.any():
            return
        order = np.lexsort((-self.contracts.worth, self.contracts.start))
        taken = np.zeros(self.futures)
        for c in order[due[order].any(axis=1)].tolist():
            mine = due[c] & crowded
            full = mine & (taken + self.contracts.units[c] > most + 1e-9) & ((taken > 0) | (most <= 0))
            taken += np.where(mine & ~full, self.contracts.units[c], 0.0)
            which = np.flatnonzero(full)
            if len(which):
                self._postpone(c, which, t + 1)

    # Beginning ---------------------------------------------------------------------------------------------------

    def _begin(self, c: int, t: int) -> None:
        """What is due begins, and its luck becomes known."""
        which = np.flatnonzero((self.due[c] == t) & ~self.begun[c])
        contract = self.schedule.projected[c]
        change = np.zeros((len(which), len(contract.columns))) - contract.planned[t]
        self.begun[c, which] = True
        gone, ratio = self.luck.gone[c, which], self.luck.ratio[c, which][:, None]
        for i, k in enumerate(self.contracts.cells(c)):
            cut = t + self.contracts.work[k] + self.luck.longer[k, which].astype(np.int64)
            if self.case.portfolio.freezes:
                cut = self._thawed(k, which, t, cut, gone)
            self.cut[k, which] = np.where(gone, NEVER, cut)
            state = t * self.schedule.variants + self.variant[k, which]
            change += contract.others[i].take(state, axis=0)
            change += ratio * contract.owns[i].take(state, axis=0)
        self.projected[which[:, None], contract.columns] += change

    def _thawed(self, k: int, which: np.ndarray, t: int, cut: np.ndarray, gone: np.ndarray) -> np.ndarray:
        """Cut-overs, moved out of quarters that are frozen; as far as work can be prolonged."""
        free = self.schedule.free
        moved = np.where(cut < self.last, free[np.minimum(cut, self.last)], cut)
        most = t + self.contracts.work[k] + self.schedule.longest
        moved = np.minimum(moved, np.maximum(most, cut))
        self.variant[k, which] += np.where(gone, 0, moved - cut)
        return np.asarray(moved)
