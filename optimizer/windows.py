r"""From a fractional plan that nearly keeps the order of moves to windows of time within which any plan keeps it.

A home closes at the $\alpha$-point of the fractional plan, when that share of it is empty. Then, from what waits for
nothing onwards, every system takes the option of which there is most among those that its home and its needs still
allow. Where s waits for p there is a moment between the end of p's option and the start of s's: s may start from then
on, p must have ended by then. So every system has a window; choices within them are free of each other, and only limits
are left to join them.

Source: Phillips, Stein & Wein, *Minimizing average completion time in the presence of release dates* (1998), who turn
fractional schedules into real ones by their $\alpha$-points and then one by one in that order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from optimizer.problem import Problem

TINY = 1e-300
"""Least share of an option that counts."""
CLEAR = 1e-6
"""Share of a home below which a part of a fractional plan is rounding."""


class Opening(NamedTuple):
    """Windows, and what they follow from."""

    kept: np.ndarray
    """Which options are within all windows, (options,)."""
    closing: np.ndarray
    """When each home closes, (H + 1,)."""
    moment: np.ndarray
    """From when on what waits may start, (waits,): what it waits for has ended so much earlier as the lag says."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Times of a problem's options and who waits for whom, as arrays."""

    problem: Problem
    starts: np.ndarray
    """(options,): the horizon where it is never."""
    ends: np.ndarray
    late: np.ndarray
    """Systems that wait, (waits,)."""
    early: np.ndarray
    """What they wait for, (waits,)."""
    lag: np.ndarray
    """(waits,)."""

    @classmethod
    def of(cls, problem: Problem) -> Windows:
        """Those of a problem with a horizon."""
        starts, ends = (problem.options[name].to_numpy(dtype=np.int64) for name in ("starts", "ends"))
        late, early = (
            problem.systems.get_indexer(pd.Index(problem.waits[name].astype(object))) for name in ("system", "needs")
        )
        never = problem.horizon
        lag = problem.waits["lag"].to_numpy(dtype=np.int64)
        return cls(problem, np.minimum(starts, never), np.minimum(ends, never), late, early, lag)

    def closing(self, x: np.ndarray, share: float) -> np.ndarray:
        r"""When each home closes, (H + 1,): at its $\alpha$-point in a plan, fractional or whole, (options,)."""
        homes, width = self.problem.homes, self.problem.horizon + 1
        empty = np.zeros((homes.count + 1, width))
        np.add.at(empty, (homes.of, homes.at), x[homes.case])
        exists = np.zeros((homes.count + 1, width), dtype=bool)
        exists[homes.of, homes.at] = True
        exists[-1, -1] = True
        reached = exists & (np.cumsum(empty, axis=1) >= share - CLEAR)
        reached[:, -1] |= ~reached.any(axis=1)
        return np.asarray(reached.argmax(axis=1))

    def open(self, x: np.ndarray, closing: np.ndarray, between: float = 0.5) -> Opening | None:
        """Windows near a plan.

        Where a system is left without an option its home, and the homes of those that wait for it, close later; None
        where that is no help.

        Args:
            x: units of each option, fractional or whole, (options,): the windows lie where most of it is.
            closing: when each home had better close, (H + 1,).
            between: where the moment lies between an end and the start that waits for it (0..1).
        """
        homes = self.problem.homes
        dear = -np.log(np.maximum(x, TINY))
        for reach in range(1, 2 + self.problem.horizon * (homes.count + 1)):
            taken = self._anchors(self.allowed(closing), dear)
            if (taken >= 0).all():
                return self.opening(closing, self.moments(taken, between))
            closing = self._later(closing, np.unique(homes.home[self._company(taken < 0, reach)]))
        return None

    def _company(self, some: np.ndarray, steps: int) -> np.ndarray:
        """Some systems, those of their bundles and those that wait for them, so many steps far, (systems,)."""
        together = self.problem.together
        bundle = together.bundle_of
        reached = some.copy()
        for _ in range(min(steps, int(self._level.max(initial=0)) + 1)):
            of_bundle = np.zeros(together.count, dtype=bool)
            of_bundle[bundle[reached[together.owner]]] = True
            reached[together.owner[of_bundle[bundle]]] = True
            reached[self.late[reached[self.early]]] = True
        return reached

    def _later(self, closing: np.ndarray, some: np.ndarray) -> np.ndarray:
        """The same with some homes that close at the next time they can, (H + 1,)."""
        homes = self.problem.homes
        after = homes.at > closing[homes.of]
        following = np.full(len(closing), self.problem.horizon)
        np.minimum.at(following, homes.of[after], homes.at[after])
        later = closing.copy()
        later[some] = following[some]
        return later

    def allowed(self, closing: np.ndarray) -> np.ndarray:
        """Options that have left by when their home closes, (options,)."""
        homes = self.problem.homes
        allowed = homes.leaves <= closing[homes.home[self.problem.system]]
        allowed[homes.case] = homes.at == closing[homes.of]
        return np.asarray(allowed)

    def moments(self, taken: np.ndarray, between: float) -> np.ndarray:
        """A moment for each wait, (waits,), so that an option of each system is within windows."""
        first, last = self.after(self.ends[taken[self.early]], self.lag), self.starts[taken[self.late]]
        return np.asarray(first + np.ceil(between * (last - first)).astype(np.int64))

    def within(self, moment: np.ndarray, held: np.ndarray) -> np.ndarray:
        """Options that keep to the moments of some waits, by mask, (options,)."""
        never, system = self.problem.horizon, self.problem.system
        low, high = self._free()
        moment, lag = moment[held], self.lag[held]
        np.maximum.at(low, self.late[held], moment)
        np.minimum.at(high, self.early[held], np.where(moment < never, moment - lag, never))
        return np.asarray((self.starts >= low[system]) & (self.ends <= high[system]))

    def opening(self, closing: np.ndarray, moment: np.ndarray) -> Opening:
        """Windows from when homes close and the moments of waits."""
        kept = self.allowed(closing) & self.within(moment, np.ones(len(moment), dtype=bool))
        return Opening(kept, closing, moment)

    def settled(self, x: np.ndarray) -> np.ndarray:
        """The same plan with homes that close as soon as the last has left, (options,)."""
        homes, system = self.problem.homes, self.problem.system
        there = np.flatnonzero((x > 0) & homes.resident)
        last = np.zeros(homes.count + 1, dtype=np.int64)
        np.maximum.at(last, homes.home[system[there]], homes.leaves[there])
        cases = (homes.at == last[homes.of]).astype(float)
        found = np.bincount(homes.of, cases, homes.count) > 0
        settled = x.copy()
        # a home that cannot close just then keeps the time it had
        settled[homes.case] = np.where(found[homes.of], cases, x[homes.case])
        return settled

    def _free(self) -> tuple[np.ndarray, np.ndarray]:
        """Earliest starts and latest ends of systems that wait for nothing, (systems,) twice."""
        count = len(self.problem.systems)
        return np.zeros(count, dtype=np.int64), np.full(count, self.problem.horizon)

    def after(self, end: np.ndarray, lag: np.ndarray) -> np.ndarray:
        """When what waits so long may start once what it needs has ended; never where that does not."""
        never = self.problem.horizon
        return np.asarray(np.minimum(np.where(end < never, end + lag, never), never))

    @cached_property
    def node(self) -> np.ndarray:
        """What moves as one, (systems,): the system itself, or its bundle, numbered after all systems."""
        together, count = self.problem.together, len(self.problem.systems)
        node = np.arange(count)
        node[together.owner] = count + together.bundle_of
        return np.asarray(node)

    @cached_property
    def _level(self) -> np.ndarray:
        """How many systems at most must have moved before each, one after the other, (systems,)."""
        node = self.node
        level = np.zeros(len(node) + self.problem.together.count, dtype=np.int64)
        for _ in range(len(level)):
            deeper = level.copy()
            np.maximum.at(deeper, node[self.late], level[node[self.early]] + 1)
            if (deeper == level).all():
                break
            level = deeper
        return np.asarray(level[node])

    def _anchors(self, allowed: np.ndarray, dear: np.ndarray) -> np.ndarray:
        """One option for each system, (systems,), that keep the order together; -1 for the first that have none.

        First, from the last on, by when each must have ended so that all that wait for it can still start; then, from
        the first on, the least dear that its needs allow. Level by level, all systems of one at once.
        """
        system, never = self.problem.system, self.problem.horizon
        low, high = self._free()
        levels = np.arange(int(self._level.max(initial=0)) + 1)
        for level in levels[::-1]:
            mine = self._level[self.late] == level
            if mine.any():
                possible = self._with_company(allowed & (self.ends <= high[system]))
                latest = np.full(len(high), -1)
                np.maximum.at(latest, system[possible], self.starts[possible])
                start = latest[self.late[mine]]
                np.minimum.at(high, self.early[mine], np.where(start < never, start - self.lag[mine], never))
        allowed = allowed & (self.ends <= high[system])
        taken = np.full(len(high), -1)
        for level in levels:
            here = self._level == level
            taken = np.where(here, self._least(allowed & (self.starts >= low[system]), dear), taken)
            if (taken[here] < 0).any():
                return np.where(here, taken, 0)
            mine = self._level[self.early] == level
            np.maximum.at(low, self.late[mine], self.after(self.ends[taken[self.early]], self.lag)[mine])
        return taken

    def _with_company(self, kept: np.ndarray) -> np.ndarray:
        """Without options of bundles whose other systems have none for that slot."""
        together = self.problem.together
        there = np.zeros(len(together.way), dtype=bool)
        there[together.pair[kept[together.options]]] = True
        whole = together.complete & (np.bincount(together.way, ~there, len(together.bundle)) == 0)
        both = kept.copy()
        both[together.options] &= whole[together.way[together.pair]]
        return both

    def _least(self, kept: np.ndarray, dear: np.ndarray) -> np.ndarray:
        """The least dear option of each system among those kept, bundles as a whole, (systems,); -1 without any."""
        problem, together = self.problem, self.problem.together
        price = np.where(kept, dear, np.inf)
        least = np.full(len(problem.systems), np.inf)
        np.minimum.at(least, problem.system, price)
        chosen = kept & (price <= least[problem.system])
        if together.count:
            mine = together.options
            of_pair = np.full(len(together.way), np.inf)
            np.minimum.at(of_pair, together.pair, price[mine])
            of_way = np.zeros(len(together.bundle))
            np.add.at(of_way, together.way, of_pair)
            of_way[~together.complete] = np.inf
            order = np.lexsort((of_way, together.bundle))
            best = order[np.flatnonzero(np.diff(together.bundle[order], prepend=-1))]
            way = together.way[together.pair]
            chosen[mine] = kept[mine] & (way == best[together.bundle[way]]) & (price[mine] <= of_pair[together.pair])
            chosen[mine] &= np.isfinite(of_way)[way]
        taken = np.full(len(problem.systems), -1)
        options = np.flatnonzero(chosen)[::-1]
        taken[problem.system[options]] = options
        return taken
