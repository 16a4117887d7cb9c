r"""Prices of the limits, and the bound that they prove, without solving the linear program.

The best prices maximise the Lagrangian $L(\lambda)$ of `Problem.price`, which has corners. A small temperature $\tau$
rounds them off, and a small barrier $\mu$ keeps prices above zero:

$$L_\tau(\lambda) = -\tau \sum_s n_s \log \sum_{k \in K(s)} e^{-(c_k + \lambda u_k)/\tau}
+ \sum_v \bar v\, \sigma_v(c_v + \lambda u_v) - \lambda b + \mu \sum_l \log \lambda_l$$

is smooth in a few dozen prices however many systems there are, so Newton's method climbs it in a few steps, from warm
to cold. Every $\lambda \ge 0$ on the way proves a bound; at a low temperature few columns of a block matter, so the
late steps are cheap, and the early ones look at a sample of the blocks. The weights
$p_k \propto e^{-(c_k + \lambda u_k)/\tau}$ solve the linear relaxation as $\tau \to 0$.

Sources: Nesterov, *Smooth minimization of non-smooth functions*, Mathematical Programming 103 (2005); Boyd &
Vandenberghe, *Convex Optimization* (2004), chapter 11 (following the path of a barrier).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import inf

import numpy as np
from scipy import linalg, sparse

from optimizer.blocks import Blocks, Listing
from optimizer.problem import Problem

SAMPLE = 500
"""Blocks in the sample that the warm steps look at."""
COOLING = 0.3
"""Each temperature is this share of the one before."""
HOT, WARM, COLD = 0.3, 3e-4, 1e-5
"""First temperature, last one of the sample, and last of all: shares of the usual spread of cost within a block."""
PER_TEMPERATURE = 8
"""Newton steps at one temperature, at most."""
SETTLED = 0.002
"""A temperature is done when a step promises less than this share of it per unit."""
NEAR = 25.0
"""Temperatures above the best column of its block at which a column no longer counts: $e^{-25}$."""
BARRIER = 0.1
"""The barrier's part in the error against the temperature's."""
CLOSE = 1e-6
"""Share of the bound by which a fractional plan may be dearer once prices are good enough."""
LEAST_PRICE = 1e-4
"""Share of the highest price from which a limit starts that had none: Newton's steps begin inside."""
DUST = 1e-6
"""Share of the bound that all of a limit must be worth at its price, lest the price be the barrier's."""
MOST_LISTINGS = 12
"""Times that columns of bundles are added, at most."""
MOST_CURVED = 20_000
"""Columns that curvature is summed up from: of more, every second block or third stands for the others."""


@dataclass(frozen=True, eq=False)
class Point:
    """The smoothed Lagrangian at some prices."""

    prices: np.ndarray
    """Scaled, (L,)."""
    value: float
    exact: float
    """The Lagrangian itself: a lower bound."""
    slope: np.ndarray
    """(L,)."""
    relaxed: float
    """Cost of the fractional plan that the weights make, with what it overruns at its price."""
    over: float
    """How far that plan overruns a limit at worst, as a share of the limit's size."""
    near: np.ndarray
    """Columns that count."""
    weight: np.ndarray
    """Units of each of them, fractional."""


@dataclass(frozen=True, eq=False)
class Smoothed:
    """Blocks, limits and further decisions at any temperature; limits are scaled to their size."""

    blocks: Blocks
    limits: np.ndarray
    """$b$, (L,)."""
    upper: np.ndarray
    """$\\bar v$ of the decisions beside the options, (V,)."""
    cost: np.ndarray
    """Their cost, (V,)."""
    more: sparse.csr_array
    """What each takes of each limit, (V, L)."""

    @classmethod
    def of(cls, problem: Problem, blocks: Blocks) -> Smoothed:
        """All blocks of a problem, with its limits."""
        extra = problem.extra
        upper, cost = extra["upper"].to_numpy(dtype=float), extra["cost"].to_numpy(dtype=float)
        return cls(blocks, problem.limits.to_numpy(dtype=float), upper, cost, problem.more)

    @cached_property
    def size(self) -> np.ndarray:
        """Size of each limit, (L,)."""
        return self.blocks.sizes(self.limits)

    @cached_property
    def use(self) -> sparse.csr_array:
        """Use in sizes of the limits, (K, L)."""
        return sparse.csr_array(self.blocks.use @ sparse.diags_array(1 / self.size))

    @cached_property
    def beside(self) -> sparse.csr_array:
        """The same of the other decisions, (V, L)."""
        return sparse.csr_array(self.more @ sparse.diags_array(1 / self.size))

    def barrier(self, temperature: float) -> float:
        r"""$\mu$ at a temperature."""
        return BARRIER * temperature * float(self.blocks.units.sum()) / max(len(self.limits), 1)

    def at(self, prices: np.ndarray, temperature: float) -> Point:
        """Value and slope at prices, (L,), all above zero."""
        blocks, barrier = self.blocks, self.barrier(temperature)
        reduced = blocks.cost + self.use @ prices
        least = np.minimum.reduceat(reduced, blocks.first)
        dearer = (reduced - least[blocks.block]) / temperature
        near = np.flatnonzero(dearer < NEAR)
        part = np.exp(-dearer[near])
        owner = blocks.block[near]
        total = np.bincount(owner, part, len(blocks.units))
        weight = part / total[owner] * blocks.units[owner]
        right = self.limits / self.size
        dear, soft = self.cost + self.beside @ prices, self._softness(temperature)
        drawn = np.where(dear < 0, -dear, 0.0) + soft * np.log1p(np.exp(-np.abs(dear) / soft))
        taken = self.upper * _share(dear / soft)
        room = right - self.use[near].T @ weight - self.beside.T @ taken
        over = np.maximum(-room, 0.0)
        exact = float(least @ blocks.units + np.minimum(0.0, dear) @ self.upper - prices @ right)
        smooth = float(
            (least - temperature * np.log(total)) @ blocks.units - drawn @ self.upper - prices @ right
        ) + barrier * float(np.log(prices).sum())
        return Point(
            prices=prices,
            value=smooth,
            exact=exact,
            slope=barrier / prices - room,
            relaxed=float(blocks.cost[near] @ weight + self.cost @ taken + prices @ over),
            over=float(over.max(initial=0.0)),
            near=near,
            weight=weight,
        )

    def _softness(self, temperature: float) -> np.ndarray:
        """Temperature of each decision beside the options, (V,): their bounds are dollars, not units."""
        units = float(self.blocks.units.sum())
        return (
            BARRIER * temperature * units / (len(self.upper) * np.maximum(self.upper, 1e-9))
            if len(self.upper)
            else self.upper
        )

    def curvature(self, point: Point, temperature: float) -> np.ndarray:
        """Minus the second derivative at a point, (L, L)."""
        blocks = self.blocks
        owner = blocks.block[point.near]
        split = np.flatnonzero(point.weight < blocks.units[owner] * (1 - 1e-9))
        every = -(-len(split) // MOST_CURVED)
        if every > 1:
            split = split[owner[split] % every == 0]
        use, weight, units = self.use[point.near[split]], point.weight[split], blocks.units[owner[split]]
        heads = np.flatnonzero(np.diff(owner[split], prepend=-1))
        parts = weight / np.sqrt(units), np.arange(len(split)), np.append(heads, len(split))
        mean = (sparse.csr_array(parts, shape=(len(heads), len(split))) @ use).toarray()
        use.data *= np.repeat(np.sqrt(weight), np.diff(use.indptr))
        root = use.toarray()
        # of a matrix and itself NumPy works out one half
        total = (root.T @ root - mean.T @ mean) * (every / temperature) + np.diag(
            self.barrier(temperature) / point.prices**2
        )
        if len(self.upper):
            soft = self._softness(temperature)
            share = _share((self.cost + self.beside @ point.prices) / soft)
            bend = self.upper * share * (1 - share) / soft
            total += (self.beside.T @ sparse.diags_array(bend) @ self.beside).toarray()
        return np.asarray(total)

    def taken(self, point: Point, temperature: float) -> np.ndarray:
        """The decisions beside the columns at a point, (V,)."""
        return np.asarray(self.upper * _share((self.cost + self.beside @ point.prices) / self._softness(temperature)))

    def sample(self, count: int, seed: int, prices: np.ndarray, temperature: float) -> Smoothed:
        """So many of the blocks, each standing for several; limits are set right at these prices."""
        chosen = np.zeros(len(self.blocks.units), dtype=bool)
        chosen[np.random.default_rng(seed).choice(len(chosen), count, replace=False)] = True
        some = self.blocks.of(chosen)
        times = float(self.blocks.units.sum() / some.units.sum())
        part = Smoothed(
            Blocks(some.members, some.cost, some.use, some.block, some.units * times),
            self.limits,
            self.upper,
            self.cost,
            self.more,
        )
        part.__dict__["size"] = self.size
        ours, theirs = part.at(prices, temperature), self.at(prices, temperature)
        taken = [smoothed.use[point.near].T @ point.weight for smoothed, point in ((part, ours), (self, theirs))]
        right = Smoothed(part.blocks, self.limits + (taken[0] - taken[1]) * self.size, self.upper, self.cost, self.more)
        right.__dict__["size"] = self.size
        return right


def _share(heat: np.ndarray) -> np.ndarray:
    """Logistic weight of a decision that costs so many temperatures."""
    return np.asarray(1 / (1 + np.exp(np.clip(heat, -60, 60))))


@dataclass
class _Climb:
    """The best prices so far on the way up."""

    smoothed: Smoothed
    prices: np.ndarray
    """Where it stands, scaled, (L,)."""
    temperature: float
    best: Point = field(init=False)
    steps: int = 0

    def __post_init__(self) -> None:
        """Look around."""
        self.point = self.best = self.smoothed.at(self.prices, self.temperature)

    @property
    def _quantum(self) -> float:
        """What a temperature is worth over all units."""
        return self.temperature * float(self.smoothed.blocks.units.sum())

    def _direction(self) -> tuple[np.ndarray, float]:
        """Newton's step and what it promises."""
        bend = self.smoothed.curvature(self.point, self.temperature)
        bend[np.diag_indices(len(bend))] *= 1 + 1e-10
        try:
            step = linalg.cho_solve(linalg.cho_factor(bend), self.point.slope)
        except linalg.LinAlgError:
            step = self.point.slope / np.diag(bend)
        return step, float(self.point.slope @ step)

    def warm(self, least: float) -> None:
        """From the least temperature on, find the first from which Newton's method goes straight up."""
        self._to(least)
        while self._direction()[1] > self._quantum and self.temperature < HOT * self.smoothed.blocks.spread:
            self._to(self.temperature / COOLING)

    def _to(self, temperature: float) -> None:
        self.temperature = temperature
        self.point = self.smoothed.at(self.prices, temperature)

    def settle(self, ceiling: float) -> None:
        """Climb at one temperature, not above what any plan can cost."""
        for _ in range(PER_TEMPERATURE):
            if self.best.exact > ceiling:
                return
            step, promise = self._direction()
            self.steps += 1
            down = step < 0
            length = min(1.0, 0.95 * float((-self.prices[down] / step[down]).min(initial=inf)))
            for _ in range(12):
                there = self.smoothed.at(self.prices + length * step, self.temperature)
                if there.value >= self.point.value + 1e-4 * length * promise:
                    break
                length *= 0.4
            self.point, self.prices = there, there.prices
            if there.exact > self.best.exact:
                self.best = there
            if promise < SETTLED * self._quantum:
                return

    def down(self, cold: float, close: float, stop: Callable[[], bool], ceiling: float = inf) -> None:
        """Cool to the last temperature, or until the fractional plan costs no more than a share above the bound."""
        while True:
            self.settle(ceiling)
            apart = (self.point.relaxed - self.best.exact) / max(abs(self.best.exact), 1.0)
            if (self.point.over < 1e-4 and apart < close) or self.temperature <= cold:
                return
            if stop() or self.best.exact > ceiling:
                return
            self._to(max(self.temperature * COOLING, cold))


@dataclass(frozen=True, eq=False)
class Priced:
    """Prices of the limits and what they prove."""

    prices: np.ndarray
    """(L,)."""
    bound: float
    above: np.ndarray
    """How much dearer than the bound any plan with each option is at least, (options,)."""
    blocks: Blocks
    weight: np.ndarray
    """Units of each column, fractional, near to the linear relaxation, (K,)."""
    extra: np.ndarray
    """Decisions beside the columns, near to it as well, (V,)."""
    steps: int
    hopeless: bool
    """Whether the bound is above what any plan can cost: then there is none."""


def price_limits(
    problem: Problem,
    start: np.ndarray | None = None,
    *,
    seed: int = 0,
    close: float = CLOSE,
    stop: Callable[[], bool] = lambda: False,
) -> Priced:
    """Find prices that prove nearly the best bound; `start` are prices of a problem like this one, (L,).

    `stop` is asked between temperatures whether the time is over.
    """
    listing = Listing.of(problem, np.zeros(len(problem.limits)) if start is None else start)
    ceiling = dearest(problem)
    steps, prices = 0, np.zeros(len(problem.limits))
    best: tuple[float, np.ndarray, np.ndarray] = (-inf, prices, np.zeros(0))
    for turn in range(MOST_LISTINGS):
        smoothed = Smoothed.of(problem, listing.blocks)
        if turn:
            climb = _nearby(smoothed, prices * smoothed.size, COLD)
        else:
            climb = _from_afar(smoothed, None if start is None else start * smoothed.size, seed, ceiling)
        climb.down(COLD * smoothed.blocks.spread, close, stop, ceiling)
        steps += climb.steps
        prices = climb.best.prices / smoothed.size
        bound, above = problem.price(prices)
        if bound > best[0] or not turn:
            best = (bound, prices, above)
        listing, more = listing.with_cheapest(best[1])
        if not more or climb.best.exact - best[0] < close * abs(best[0]) or stop() or best[0] > ceiling:
            break
    best = without_dust(problem, best, smoothed.size, DUST)
    weight = np.zeros(len(smoothed.blocks.cost))
    weight[climb.point.near] = climb.point.weight
    taken = smoothed.taken(climb.point, climb.temperature)
    return Priced(best[1], best[0], best[2], smoothed.blocks, weight, taken, steps, best[0] > ceiling)


def without_dust(
    problem: Problem,
    best: tuple[float, np.ndarray, np.ndarray],
    size: np.ndarray,
    dust: float,
    rule_prices: np.ndarray | None = None,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Bound, prices of limits and how much dearer options are, without prices that smoothing alone holds up.

    A limit of `size`, (L,), has none if all of it is worth less than that share of the bound; as before if the bound
    needs those prices.
    """
    bound, prices, _ = best
    some = np.where(prices * size > dust * abs(bound), prices, 0.0)
    less, above = problem.price(some, rule_prices)
    return (less, some, above) if less >= bound - CLOSE * abs(bound) else best


def _from_afar(smoothed: Smoothed, prices: np.ndarray | None, seed: int, ceiling: float) -> _Climb:
    """Start with the warm temperatures, on a sample where there are many blocks; without prices from the hottest.

    A sample may have no plan where the whole has one: then its prices rise above all bounds and tell nothing.
    """
    count, limits = len(smoothed.blocks.units), max(len(smoothed.limits), 1)
    hot = HOT * smoothed.blocks.spread
    if prices is None:
        usual = float(np.abs(smoothed.blocks.cost).mean()) * smoothed.blocks.units.sum() / limits
        around, temperature = np.full(len(smoothed.limits), 0.01 * max(usual, 1e-9)), hot
    else:
        around, temperature = _inside(prices), WARM * smoothed.blocks.spread
    if count < 2 * SAMPLE:
        return _Climb(smoothed, around, hot) if prices is None else _nearby(smoothed, around, COLD)
    part = _Climb(smoothed.sample(SAMPLE, seed, around, temperature), around, temperature)
    if prices is not None:
        part.warm(WARM * smoothed.blocks.spread)
    part.down(WARM * smoothed.blocks.spread, 0.0, lambda: False, ceiling)
    return _nearby(smoothed, around if part.best.exact > ceiling else part.point.prices, WARM)


def _nearby(smoothed: Smoothed, prices: np.ndarray, least: float) -> _Climb:
    """Start from prices that are nearly right, at the coldest temperature that will do."""
    climb = _Climb(smoothed, _inside(prices), least * smoothed.blocks.spread)
    climb.warm(least * smoothed.blocks.spread)
    return climb


def _inside(prices: np.ndarray) -> np.ndarray:
    """Prices above zero."""
    return np.asarray(np.maximum(prices, LEAST_PRICE * max(float(prices.max(initial=0.0)), 1e-9)))


def dearest(problem: Problem) -> float:
    """What no plan costs more than."""
    most = np.full(len(problem.systems), -inf)
    np.maximum.at(most, problem.system, problem.cost)
    extra = problem.extra
    return float(most @ problem.units + np.maximum(0.0, extra["cost"].to_numpy()) @ extra["upper"].to_numpy())
