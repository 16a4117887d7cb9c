"""Large problems whose rules are about time: prices of limits and rules, windows from them, units by search.

The proof is the Lagrangian bound of `optimizer.layers`. Within windows rules hold whatever is chosen, so what is left
is a problem of limits alone, which goes by prices and a search like any other (`optimizer.generation`). At those prices
`optimizer.trees` tells how windows had better lie, so that they are laid anew, for few or many, as long as it helps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from time import perf_counter

import numpy as np

from optimizer import generation
from optimizer.direct import ROUNDING, SLACK, gap_of
from optimizer.duals import CLOSE, Priced, price_limits
from optimizer.layers import Layered
from optimizer.problem import Problem
from optimizer.trees import Trees
from optimizer.windows import Opening, Windows

SHARES = (0.5, 0.7, 0.6, 0.8, 0.95)
r"""Values of $\alpha$ for when homes close: the better of the first two, or the first of the others that will do."""
CHANGES = 30
"""Times that windows are laid anew for many at once, at most, before the search begins."""
MOVED, MORE, FEWER = 0.25, 1.5, 0.4
"""Share of the homes that would gain by another time that get it at once; what that share, and the trees', grow and
shrink by."""
LEAST = 0.1
"""Share of the trees of waits that would gain below which windows are left as they are."""
LITTLE = 0.02
"""Share of what windows cost by which laying them anew must better them, to be worth another time."""
GAIN_HOME, GAIN_TREE = 1e-6, 1e-9
"""Shares of the bound that a home or a tree of waits must gain to count."""
PHASES = 4
"""Phases of the search within one set of windows."""
MARGINS = (0.0, 1e-4, 2e-4, 4e-4)
"""What the search leaves free of each limit, from phase to phase: windows cost more than a plan that is found late."""
ROUNDS = 600
"""Times that windows are laid anew or a home is closed at another time, at most."""
AGAIN, REDRAWN = 0.1, 0.3
"""How often windows are laid anew though nothing was better the last time, by prices or by chance."""
NEXT = 0.7
"""How often that is the next time earlier or later, not any."""
ENOUGH = 0.25
"""Share of what windows cost by which it must fall before a search within them is worth its while."""
WAITED = 50
"""Rounds after which better windows are searched, be they little better."""
BOUND_SHARE = 0.01
"""Share of the gap that is asked which the bound of windows may give away."""
WORTH = 0.1
"""Share of what windows cost against the bound within which a search inside them ends: new windows give more."""
BELOW = 1e-3
"""Share of the bound by which no part of a problem can be cheaper, unless its prices have run away."""


@dataclass(frozen=True, eq=False)
class Trial:
    """What is left of a problem within windows, and its prices."""

    opening: Opening
    """The windows."""
    part: Problem
    priced: Priced


@dataclass
class Schedule:
    """The best plan so far of a problem with rules about time."""

    problem: Problem
    layered: Layered
    gap: float
    """The gap that is asked for."""
    seed: int
    until: float
    """The moment of `perf_counter` at which the time is over."""
    objective: float = field(default=inf, init=False)
    x: np.ndarray = field(init=False)
    extra: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self.windows = Windows.of(self.problem)
        self.x, self.extra = np.zeros(len(self.problem)), np.zeros(len(self.problem.extra))
        self.random = np.random.default_rng(self.seed)
        self.trees = Trees(self.windows)
        homes = self.problem.homes
        self._tried = np.full((homes.count + 1, homes.horizon + 1), -1)
        self._rules = self.problem.rules[0] @ self.layered.rule_prices

    @property
    def late(self) -> bool:
        """Whether the time is over."""
        return perf_counter() > self.until

    @property
    def done(self) -> bool:
        """Whether the plan is good enough, or the time over."""
        return gap_of(self.objective, self.layered.bound) <= self.gap or self.late

    def run(self) -> None:
        """Find good times to close homes and windows that follow from them, and search within the best of those."""
        best = self._better(self._first())
        if best is None:
            return
        self._search(best)
        searched, at, way = best, 0, self._round_plan
        for turn in range(ROUNDS):
            if self.done:
                return
            better = way(best)
            way = self._relaid if better is not None else self._other
            best = better or best
            if best is not searched and (self._promising(best, searched) or turn - at >= WAITED):
                self._search(best)
                searched, at, way = best, turn, self._round_plan

    def _promising(self, best: Trial, searched: Trial) -> bool:
        """Whether a search within windows may reach the gap, or find much better plans than within those before."""
        now, before = self._lost(best), self._lost(searched)
        beside = min(gap_of(self.objective, self.layered.bound) - before, before)
        return now < (1 - ENOUGH) * before or (now < (1 - WORTH) * before and now + beside * (1 - ENOUGH) < self.gap)

    def _first(self) -> Trial | None:
        """The best of some points of the fractional plan; None where none of them leaves a plan."""
        best: Trial | None = None
        for i, share in enumerate(SHARES):
            if i < 2 or best is None:
                trial = self._trial(self.layered.x, self.windows.closing(self.layered.x, share), 0.5)
                best = trial if best is None or (trial and trial.priced.bound < best.priced.bound) else best
        return best

    def _better(self, best: Trial | None) -> Trial | None:
        """Close homes at other times and lay windows anew, where most is gained by it, as long as that is better."""
        homes, trees = MOVED, 1.0
        for _ in range(CHANGES):
            if best is None or self.late or trees < LEAST or self._lost(best) < self.gap / 2:
                break
            closing, moved = self._closing(best, homes)
            trial = self._reordered(best, closing, trees)
            if trial is not None and trial.priced.bound < best.priced.bound:
                gained = best.priced.bound - trial.priced.bound
                best, homes, trees = trial, min(1.0, homes * MORE), min(1.0, trees * MORE)
                if not moved and gained < LITTLE * (best.priced.bound - self.layered.bound):
                    break
            elif moved:
                homes *= FEWER
            else:
                trees *= FEWER
        return best

    def _closing(self, best: Trial, share: float) -> tuple[np.ndarray, int]:
        """When homes close where so large a share of those that would gain by it do at their best time; how many."""
        worth = self._worth(best)
        closing = best.opening.closing.copy()
        gain = np.take_along_axis(worth, closing[:, None], axis=1)[:, 0] - worth.min(axis=1)
        gainers = np.argsort(-gain)[: int((gain > GAIN_HOME * abs(self.layered.bound)).sum())]
        movers = gainers[: round(share * len(gainers))]
        closing[movers] = worth[movers].argmin(axis=1)
        return closing, len(movers)

    def _reordered(self, best: Trial, closing: np.ndarray, share: float) -> Trial | None:
        """Homes that close so, and new moments for the trees of waits that must move and a share of those that gain."""
        free = self.trees.forest(self.random)
        better = self.trees.better(self._reduced(best), best.opening, closing, free)
        if better is None:
            return self._trial(self._mixed(best), closing, 0.5, best)
        gainers = np.argsort(-better.gain)[: int((better.gain > GAIN_TREE * abs(self.layered.bound)).sum())]
        have = int(np.isinf(better.gain).sum())
        movers = gainers[: have + int(np.ceil(share * (len(gainers) - have)))]
        moving = np.isin(better.tree, movers)
        moment = best.opening.moment.copy()
        moment[moving] = self.windows.moments(better.taken, float(self.random.random()))[moving]
        return self._priced(self.windows.opening(closing, moment), best)

    def _reduced(self, trial: Trial) -> np.ndarray:
        """Cost of each option at the prices of a trial, (options,)."""
        return np.asarray(self.problem.cost + self.problem.use @ trial.priced.prices)

    def _relaid(self, best: Trial) -> Trial | None:
        """Windows laid anew for some of the trees of waits; None if no better."""
        share = float(self.random.random()) ** 2
        return self._if_better(best, self._reordered(best, best.opening.closing, share))

    def _other(self, best: Trial) -> Trial | None:
        """What to try after something that was no better."""
        chance = self.random.random()
        if chance < AGAIN:
            return self._relaid(best)
        if chance < AGAIN + REDRAWN or not self.problem.homes.count:
            return self._redrawn(best)
        return self._reclosed(best)

    def _redrawn(self, best: Trial) -> Trial | None:
        """Windows round the fractional plan within the best ones so far, alone or mixed; None if no better."""
        near = self._fractional(best) if self.random.random() < 0.5 else self._mixed(best)
        return self._if_better(best, self._trial(near, best.opening.closing, float(self.random.random()), best))

    def _round_plan(self, best: Trial) -> Trial | None:
        """The same round the best plan in whole units, with homes that close as it leaves them."""
        if self.objective == inf:
            return None
        closing = self.windows.closing(self.x, 0.5)
        return self._if_better(best, self._trial(self.x, closing, float(self.random.random()), best))

    def _reclosed(self, best: Trial) -> Trial | None:
        """One home closed at another time by which it would gain at the prices of the best; None if no better."""
        worth = self._worth(best)
        gain = np.take_along_axis(worth, best.opening.closing[:, None], axis=1) - worth
        gain[(self._tried == best.opening.closing[:, None]) | ~(gain > 0)] = 0.0
        gain[:, -1] = 0.0
        if self.random.random() < NEXT:
            # one time earlier or later: what is far is seldom what prices make of it
            times = np.cumsum(np.isfinite(worth), axis=1)
            gain[np.abs(times - np.take_along_axis(times, best.opening.closing[:, None], axis=1)) > 1] = 0.0
        if not gain.any():
            return None
        home, at = np.unravel_index(int(self.random.choice(gain.size, p=(gain / gain.sum()).ravel())), gain.shape)
        self._tried[home, at] = best.opening.closing[home]
        closing = best.opening.closing.copy()
        closing[home] = at
        return self._if_better(best, self._reordered(best, closing, 1.0))

    def _fractional(self, trial: Trial) -> np.ndarray:
        """Units of each option that the prices of a trial make, fractional, (options,)."""
        x = np.zeros(len(self.problem))
        x[trial.opening.kept] = trial.priced.blocks.options(trial.priced.weight)
        return x

    def _mixed(self, trial: Trial) -> np.ndarray:
        """The same with what the first prices made of it, which tells of times outside the windows."""
        return np.asarray(0.6 * self._fractional(trial) + 0.4 * self.layered.x)

    def _if_better(self, best: Trial, trial: Trial | None) -> Trial | None:
        return trial if trial is not None and trial.priced.bound < best.priced.bound else None

    def _lost(self, trial: Trial) -> float:
        """What windows cost at least, as a share."""
        return gap_of(trial.priced.bound, self.layered.bound)

    def _worth(self, trial: Trial) -> np.ndarray:
        """What each home and its residents cost by when it closes, (H + 1, times), at the prices of a trial."""
        problem = self.problem
        reduced = self._reduced(trial) + self._rules
        return problem.homes.tables(problem.system, problem.units, problem.together, reduced)[0]

    def _trial(self, x: np.ndarray, closing: np.ndarray, between: float, best: Trial | None = None) -> Trial | None:
        """Windows near a plan and what they leave; None where that is no plan, or the time over.

        Also where the prices of the best windows so far prove already that these are no better.
        """
        return self._priced(None if self.late else self.windows.open(x, closing, between), best)

    def _priced(self, opening: Opening | None, best: Trial | None = None) -> Trial | None:
        """The same of windows."""
        if opening is None or self.late:
            return None
        part = self.problem.only(np.flatnonzero(opening.kept)).free()
        start = self.layered.prices if best is None else best.priced.prices
        if best is not None and part.price(start)[0] >= best.priced.bound:
            return None
        close = max(CLOSE, BOUND_SHARE * self.gap)
        priced = price_limits(part, start, seed=self.seed, close=close, stop=lambda: self.late)
        least = self.layered.bound - BELOW * abs(self.layered.bound)
        return None if priced.hopeless or priced.bound < least else Trial(opening, part, priced)

    def _search(self, trial: Trial) -> None:
        """Search within windows; keep what is found if it is better and keeps every limit and rule."""
        priced = trial.priced
        lost = self._lost(trial)
        gap = max(self.gap - lost, WORTH * lost, 1e-5)
        phases = PHASES if lost < self.gap or self.objective == inf else 1
        search = generation.found(trial.part, priced, gap, self.seed, self.until, phases, MARGINS)
        if search.best is None:
            return
        x = np.zeros(len(self.problem))
        x[trial.opening.kept] = priced.blocks.options(search.best[0])
        for each in (self.windows.settled(x), x):
            self._keep(each, search.best[1])

    def _keep(self, x: np.ndarray, extra: np.ndarray) -> None:
        """Remember a plan if it is better and keeps every limit and rule."""
        problem = self.problem
        room = ROUNDING + SLACK * problem.limits.abs().to_numpy()
        inside = (problem.excess(x, extra) <= room).all() and (problem.broken(x, extra) <= 1e-6).all()
        objective = problem.objective(x, extra)
        if inside and objective < self.objective:
            self.objective, self.x, self.extra = objective, x, extra
