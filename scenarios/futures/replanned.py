r"""The plan, decided again at the start of each fiscal year in every future, at the prices of the last solve.

Prices say what each limit was worth when the plan was made: the *reduced* value of a choice is its objective plus all
that it takes of the limits at those prices, $\bar c_{cq} = c_{cq} + \lambda u_{cq}$. A new solve in each future would
move prices a little; here they stay, and two things are done with what has not begun, in futures that have strayed
from the plan:

1. *Relief.* Where budgets are expected to be overspent, contracts move to the start of least reduced value, a dollar
   overspent counting $\pi$ beside itself; those of least surplus $\max_q -\bar c_{cq}$ first. What leaves a scarce
   quarter is credited with what that is worth, and what crowds another one is charged with it.
2. *Advance.* Where a limit has become slack its price there is zero: so contracts, those of most surplus first, move to
   a start of lower objective that fits into what is left of every budget, of hours and of starts.

Each move of the second kind lowers the objective as it is expected, and breaks no limit that was kept; so does each of
the first kind once what is overspent counts. Without luck nothing strays, and the plan is left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scenarios.futures.case import Case
from scenarios.futures.known import Known

OVERSPENT = 1.0
"""What a dollar above an appropriation counts beside the dollar itself, in decisions and in what is made of them."""
WORTHWHILE = 1.0
"""USD of the objective by which a change must be better."""


@dataclass(frozen=True)
class Replanned:
    """A plan that is decided again each fiscal year from what has happened, by the prices of its last solve."""

    plan: pd.DataFrame
    """Its rows."""
    overspent: float = OVERSPENT
    name: str = "replanned"
    title: str = "Re-planned by prices"

    def rows(self, case: Case) -> pd.DataFrame:
        """As they were planned."""
        return self.plan

    def aims(self, known: Known) -> np.ndarray:
        """When each contract is to begin, (C, F)."""
        strayed = np.flatnonzero(known.off_plan)
        aim = known.aim.copy()
        if len(strayed):
            again = _Again(known, strayed, self.overspent)
            again.relieve()
            again.advance()
            aim[:, strayed] = again.aim
        return aim


class _Again:
    """The futures that have strayed, as they are decided again."""

    def __init__(self, known: Known, which: np.ndarray, overspent: float) -> None:
        choices = known.choices
        self.known, self.choices, self.overspent = known, choices, overspent
        self.contracts = known.schedule.contracts
        self.aim = known.aim[:, which].copy()
        self.open, self.soonest = known.open[:, which], known.soonest[:, which]
        self.ready = known.ready[:, which].copy()
        self.left = known.left[which].copy()
        self.starts, self.hours = self._room()
        # a dollar less spent this year is carried on into the next one
        frame = known.schedule.case.budgets.frame
        onward, carries = frame["next"].to_numpy(dtype=np.int64), np.flatnonzero(choices.keeps > 0)
        self.taken = choices.outlay.copy()
        for b in carries.tolist():
            self.taken[:, :, onward[b]] += choices.keeps[b] * choices.outlay[:, :, b]
        ends = np.array([np.flatnonzero(cycle).max() for cycle in known.schedule.case.cycle], dtype=np.int64)
        self.budgets = np.flatnonzero(ends >= known.year)

    def _room(self) -> tuple[np.ndarray, np.ndarray]:
        """Starts (T + 1, F) and hours (F, H) that are left by what has begun and what is meant to."""
        choices, count = self.choices, self.aim.shape[1]
        starts = np.repeat(np.append(choices.starts, np.inf)[:, None], count, axis=1)
        hours = np.broadcast_to(choices.capacity, (count, len(choices.capacity))).copy()
        each = np.arange(count)
        for c in range(len(self.aim)):
            starts[self.aim[c], each] -= self.contracts.units[c]
            hours -= choices.hours[c].take(self.aim[c], axis=0)
        return starts, hours

    @property
    def surplus(self) -> np.ndarray:
        """What each contract is worth at the prices, USD, (C,)."""
        return np.asarray(-np.where(self.choices.allowed, self.choices.reduced, np.inf).min(axis=1))

    def relieve(self) -> None:
        """Contracts leave budgets that are expected to be overspent, those of least surplus first."""
        for c in np.argsort(self.surplus, kind="stable").tolist():
            mine = self._mine(c)
            over = (self.left[:, mine] < -1.0).any(axis=1)
            self._move(c, np.flatnonzero(self.open[c] & over), self.choices.reduced[c], mine, cheaper=False)

    def advance(self) -> None:
        """Contracts move to better starts that fit, those of most surplus first."""
        for c in np.argsort(-self.surplus, kind="stable").tolist():
            self._move(c, np.flatnonzero(self.open[c]), self.choices.cost[c], self._mine(c), cheaper=True)

    def _mine(self, c: int) -> np.ndarray:
        """Budgets that a contract draws on."""
        return np.asarray(self.budgets[(abs(self.taken[c][:, self.budgets]) > 1.0).any(axis=0)])

    def _move(self, c: int, which: np.ndarray, value: np.ndarray, mine: np.ndarray, *, cheaper: bool) -> None:
        """A contract goes where it is worth most in some futures, if that is better than where it is."""
        choices, now = self.choices, self.aim[c, which]
        quarters = np.flatnonzero(choices.allowed[c])
        quarters = quarters[quarters >= self.known.quarter]
        if cheaper and len(quarters):
            behind = value[now] > value[quarters].min() + WORTHWHILE
            which, now = which[behind], now[behind]
        if not len(which) or not len(quarters):
            return
        fits = self.starts[np.ix_(quarters, which)] >= self.contracts.units[c] - 1e-9
        if cheaper:
            fits &= value[quarters][:, None] < value[now] - WORTHWHILE
        if not fits.any():
            return
        first = np.maximum(self.soonest[c, which], self._needed(c, which))
        fits &= (quarters[:, None] >= first) & (quarters[:, None] != now)
        q, i = np.nonzero(fits)
        if not len(i):
            return
        then, before = quarters[q], now[i]
        taken, left = self.taken[c][:, mine], self.left[np.ix_(which, mine)]
        short = np.maximum(-left, 0.0).sum(axis=1)
        after = np.maximum(-(left[i] + taken[before] - taken[then]), 0.0).sum(axis=1)
        better = value[before] - value[then] + self.overspent * (short[i] - after)
        wanted = better > WORTHWHILE
        if cheaper:
            wanted &= after <= short[i] + 1.0
        i, then, before, better = i[wanted], then[wanted], before[wanted], better[wanted]
        if not len(i):
            return
        hourly = np.flatnonzero(choices.hours[c].any(axis=0))
        freed = choices.hours[c][:, hourly]
        spare = self.hours[np.ix_(which, hourly)].take(i, axis=0)
        possible = (spare + freed[before] - freed[then] >= np.minimum(spare, 0.0) - 1e-6).all(axis=1)
        i, then, better = i[possible], then[possible], better[possible]
        gain = np.zeros((len(which), choices.never + 1))
        gain[i, then] = better
        best = gain.argmax(axis=1)
        moves = np.flatnonzero(gain[np.arange(len(which)), best] > WORTHWHILE)
        if len(moves):
            self._put(c, which[moves], best[moves])

    def _needed(self, c: int, which: np.ndarray) -> np.ndarray:
        """The first quarter in which all that a contract needs is expected to have cut over."""
        needs = self.contracts.needs
        found = np.zeros(len(which), dtype=np.int64)
        for _, cell, lag in needs[needs[:, 0] == c].tolist():
            found = np.maximum(found, self.ready[cell, which] + lag)
        return found

    def _put(self, c: int, which: np.ndarray, then: np.ndarray) -> None:
        """A contract has another start in some futures."""
        choices, before = self.choices, self.aim[c, which]
        self.left[which] += self.taken[c].take(before, axis=0) - self.taken[c].take(then, axis=0)
        self.hours[which] += choices.hours[c].take(before, axis=0) - choices.hours[c].take(then, axis=0)
        self.starts[before, which] += self.contracts.units[c]
        self.starts[then, which] -= self.contracts.units[c]
        for cell in self.contracts.cells(c):
            self.ready[cell, which] += then - before
        self.aim[c, which] = then
