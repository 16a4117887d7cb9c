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
"""

from __future__ import annotations

import numpy as np

from optimizer.options import NEVER
from scenarios.futures.books import TOLERANCE, Outcome, booked
from scenarios.futures.case import World
from scenarios.futures.luck import luck_of
from scenarios.futures.schedule import Schedule


def play(schedule: Schedule, block: int, world: World | None = None) -> Outcome:
    """The futures of a block under a schedule."""
    return _Play(schedule, block, schedule.case.world(block) if world is None else world).run()


class _Play:
    """One block of futures as it unfolds; arrays are contracts (or cells) first: the futures of each lie together."""

    def __init__(self, schedule: Schedule, block: int, world: World) -> None:
        case = schedule.case
        self.case, self.schedule, self.world, self.contracts = case, schedule, world, schedule.contracts
        self.luck = luck_of(schedule, block, world)
        self.futures, self.last = len(world.state.shock), len(case.portfolio.quarters)
        self.due = self.luck.award.astype(np.int64)
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

    # Waiting -----------------------------------------------------------------------------------------------------

    def _postpone(self, c: int, which: np.ndarray, until: np.ndarray | int) -> None:
        """A contract begins later in some futures; what it was to cost is taken out and put in anew."""
        contract = self.schedule.projected[c]
        then = np.broadcast_to(self.schedule.free[np.minimum(until, self.last)], which.shape)
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
