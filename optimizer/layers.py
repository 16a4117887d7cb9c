r"""Prices of limits and of rules where systems wait for each other and homes for their residents.

Rules are many, and each joins few systems, so Newton's method (`optimizer.duals`) has no ground to stand on. The
Lagrangian is smoothed in two layers instead: a resident's options within each time by which it must have left, at a
temperature $\tau$, and the times of a home, at a temperature that is higher by its share of all units:

$$\phi_s(e) = -\tau \log \sum_{o \in O(s),\, \mathrm{off}_o \le e} e^{-r_o / \tau}, \qquad
W_j(e) = r_{je} + \sum_{s \in j} n_s \phi_s(e), \qquad
L_\tau = -\tau' \sum_j \log \sum_e e^{-W_j(e) / \tau'}$$

with r the costs under prices $\lambda$ of the limits and $\pi$ of the rules. It is climbed by L-BFGS-B from hot to
cold; any prices prove a bound (`Problem.price`), and the weights are a fractional plan that nearly keeps every rule.

Sources: Nesterov, *Smooth minimization of non-smooth functions* (2005); Byrd, Lu, Nocedal & Zhu, *A limited memory
algorithm for bound constrained optimization* (1995), as `scipy.optimize` has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import exp, inf

import numpy as np
from scipy import optimize, sparse

from optimizer.blocks import Blocks, Listing
from optimizer.duals import dearest, without_dust
from optimizer.homes import Homes
from optimizer.problem import Problem

COOLING: tuple[tuple[float, int], ...] = ((0.3, 30), (0.1, 30), (0.03, 50), (0.01, 60), (3e-3, 90), (1e-3, 110))
"""Temperatures, as shares of the usual spread of cost within a block, and steps at each at most."""
FAR = 30.0
"""Temperatures above the others of its block from which a column is left out when it gets colder: $e^{-30}$."""
REACH_LIMITS, REACH_RULES = 0.3, 0.3
"""Longest step at once: of a limit's price, as a share of its size's part in all cost; of a rule's, of the spread."""
FEW = 0.2
"""Share of the columns below which it is quicker to pick them out than to multiply with all."""
MEMORY = 20
"""Steps that L-BFGS remembers."""
DUST = 1e-5
"""Share of the bound that all of a limit must be worth at its price: what L-BFGS leaves of others is none."""
SOFT = 0.1
"""Temperature of the decisions beside the options, as a share of that of all units together."""


@dataclass(frozen=True, eq=False)
class Layered:
    """Prices of limits and rules, what they prove, and a fractional plan near to the relaxation."""

    prices: np.ndarray
    """(L,)."""
    rule_prices: np.ndarray
    """(R,)."""
    bound: float
    above: np.ndarray
    """How much dearer than the bound any plan with each option is at least, (options,)."""
    x: np.ndarray
    """Units of each option, fractional, (options,)."""
    extra: np.ndarray
    """The decisions beside them, (V,)."""
    hopeless: bool
    """Whether the bound is above what any plan can cost: then there is none."""


@dataclass(frozen=True, eq=False)
class Point:
    """The smoothed Lagrangian at some prices."""

    value: float
    slope: np.ndarray
    weight: np.ndarray
    """Units of each column, fractional, (K,)."""
    case: np.ndarray
    """Weight of each case of a home, (C,)."""
    extra: np.ndarray
    """(V,)."""


@dataclass(frozen=True, eq=False)
class Layers:
    """Columns of residents, sorted by block and time of leaving; rows are limits and rules, each in its own size."""

    problem: Problem
    blocks: Blocks
    """Of the residents alone; a member is a position in the problem's options."""
    size: np.ndarray
    """Size of each row, (L + R,)."""

    @cached_property
    def homes(self) -> Homes:
        """Those of the problem."""
        return self.problem.homes

    @cached_property
    def _members(self) -> sparse.coo_array:
        return sparse.coo_array(self.blocks.members)

    @cached_property
    def leaves(self) -> np.ndarray:
        """When the last member of each column has left, (K,)."""
        column, option = self._members.coords
        leaves = np.zeros(len(self.blocks.cost), dtype=np.int64)
        np.maximum.at(leaves, column, self.homes.leaves[option])
        return leaves

    @cached_property
    def home(self) -> np.ndarray:
        """Each block's home, (B,); none where its members have several."""
        column, option = self._members.coords
        return self.homes.shared(self.blocks.block[column], self.problem.system[option], len(self.blocks.units))

    @cached_property
    def cells(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Columns in order, the first of each cell (a block and a time), and the cell's place in a table of them."""
        width = self.homes.horizon + 1
        key = self.blocks.block * width + self.leaves
        order = np.argsort(key, kind="stable")
        head = np.flatnonzero(np.diff(key[order], prepend=-1))
        return order, head, key[order][head]

    def _rows(self, use: sparse.csr_array, rules: sparse.csr_array) -> sparse.csr_array:
        """What something takes of limits and rules, in their sizes."""
        both = sparse.hstack([use, rules], format="csr")
        return sparse.csr_array(both @ sparse.diags_array(1 / self.size))

    @cached_property
    def use(self) -> sparse.csr_array:
        """What columns take of each row, (K, rows)."""
        return self._rows(self.blocks.use, sparse.csr_array(self.blocks.members @ self.problem.rules[0]))

    @cached_property
    def of_cases(self) -> sparse.csr_array:
        """The same of the cases of homes, (C, rows)."""
        case = self.homes.case
        return self._rows(self.problem.use[case], sparse.csr_array((len(case), len(self.problem.rules_limits))))

    @cached_property
    def beside(self) -> sparse.csr_array:
        """The same of the decisions beside the options, (V, rows)."""
        return self._rows(self.problem.more, self.problem.rules[1])

    @cached_property
    def room(self) -> np.ndarray:
        """Right-hand side of each row, (rows,)."""
        problem = self.problem
        return np.asarray(np.concatenate([problem.limits, problem.rules_limits]).astype(float) / self.size)

    @cached_property
    def _extra(self) -> tuple[np.ndarray, np.ndarray]:
        table = self.problem.extra
        return table["cost"].to_numpy(dtype=float), table["upper"].to_numpy(dtype=float)

    def at(self, prices: np.ndarray, temperature: float) -> Point:
        """Value and slope at prices in sizes of the rows, (rows,)."""
        blocks, homes = self.blocks, self.homes
        order, head, key = self.cells
        shape = (len(blocks.units), homes.horizon + 1)
        higher = temperature * float(blocks.units.sum()) / (homes.count + 1)
        reduced = (blocks.cost + self.use @ prices)[order]
        least = np.minimum.reduceat(reduced, head)
        count = np.diff(np.append(head, len(reduced)))
        part = np.exp((np.repeat(least, count) - reduced) / temperature)
        logs = np.full(shape[0] * shape[1], -inf)
        logs[key] = np.log(np.add.reduceat(part, head)) - least / temperature
        within = np.logaddexp.accumulate(logs.reshape(shape), axis=1)
        worth = np.zeros((homes.count + 1, shape[1]))
        np.add.at(worth, self.home, -temperature * blocks.units[:, None] * within)
        cases = np.full_like(worth, inf)
        cases[homes.of, homes.at] = self.problem.cost[homes.case] + self.of_cases @ prices
        cases[-1, -1] = 0.0
        worth += cases
        lowest = worth.min(axis=1)
        share = np.exp((lowest[:, None] - worth) / higher)
        total = share.sum(axis=1)
        share /= total[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            chance = np.log(share)[self.home] - within
        chance[np.isnan(chance)] = -inf
        later = np.logaddexp.accumulate(chance[:, ::-1], axis=1)[:, ::-1]
        block = blocks.block[order]
        weight = np.empty(len(reduced))
        weight[order] = blocks.units[block] * np.exp(
            np.minimum(later[block, self.leaves[order]] - reduced / temperature, 0.0)
        )
        cost, upper = self._extra
        dear = cost + self.beside @ prices
        soft = SOFT * temperature * blocks.units.sum() / np.maximum(len(upper) * upper, 1e-9)
        drawn = np.where(dear < 0, -dear, 0.0) + soft * np.log1p(np.exp(-np.abs(dear) / soft))
        extra = upper / (1 + np.exp(np.clip(dear / soft, -60, 60)))
        case = share[homes.of, homes.at]
        taken = self._taken(weight) + self.of_cases.T @ case + self.beside.T @ extra
        value = float((lowest - higher * np.log(total)).sum() - drawn @ upper - prices @ self.room)
        return Point(value, taken - self.room, weight, case, extra)

    def _taken(self, weight: np.ndarray) -> np.ndarray:
        """What columns of such weight take of each row, (rows,); few of them are picked out first."""
        near = np.flatnonzero(weight > 1e-12)
        if len(near) > FEW * len(weight):
            return np.asarray(self.use.T @ weight)
        return np.asarray(self.use[near].T @ weight[near])

    def reach(self, point: Point, temperature: float, most: np.ndarray) -> np.ndarray:
        """How far each price may be moved at once, (rows,): one over the root of the curvature there."""
        blocks = self.blocks
        near = np.flatnonzero(point.weight > 1e-9)
        use, weight, owner = self.use[near], point.weight[near], blocks.block[near]
        share = sparse.csr_array(
            (weight / blocks.units[owner], (owner, np.arange(len(near)))), (len(blocks.units), len(near))
        )
        mean = sparse.csr_array(share @ use)
        bend = use.power(2).T @ weight - mean.power(2).T @ blocks.units
        bend = np.maximum(bend, 0.0) / temperature / (temperature * blocks.units.sum())
        return np.asarray(np.minimum(1 / np.sqrt(bend + 1e-300), most))

    def without_far(self, point: Point) -> Layers:
        """The same without columns that no longer count."""
        kept = np.flatnonzero(point.weight > exp(-FAR))
        blocks = self.blocks
        fewer = Blocks(blocks.members[kept], blocks.cost[kept], blocks.use[kept], blocks.block[kept], blocks.units)
        return Layers(self.problem, fewer, self.size)

    def options(self, point: Point) -> np.ndarray:
        """Units of each option, fractional, (options,)."""
        x = self.blocks.options(point.weight)
        x[self.homes.case] = point.case
        return x


def price_layers(
    problem: Problem,
    start: Layered | None = None,
    *,
    close: float = 0.0,
    stop: Callable[[], bool] = lambda: False,
) -> Layered:
    """Find prices that prove nearly the best bound of a problem whose rules are about time.

    Rules of homes need no price. `start` are prices of a problem like this one: then only the last temperature is left
    to climb at. When a colder one betters the bound by less than `close`, as a share, no other follows. `stop` is asked
    at every step whether the time is over.
    """
    ceiling, every = dearest(problem), len(problem.rules_limits)
    priced = np.flatnonzero(abs(problem.rules[0][problem.homes.case]).sum(axis=0) == 0)
    problem = problem.ruled(priced)
    inside = problem.resident()
    few = len(problem.limits)
    listing = Listing.of(inside, np.zeros(few) if start is None else start.prices).with_lone()
    rules = problem.rules[0][problem.homes.resident]
    layers = _layers(problem, listing, None)
    blocks = layers.blocks
    spread = blocks.spread
    # what the size of a limit would cost if all cost were due to limits
    usual = float(np.abs(blocks.cost).mean() * blocks.units.sum()) / max(few, 1)
    most = np.concatenate([np.full(few, REACH_LIMITS * usual), np.full(len(layers.size) - few, REACH_RULES * spread)])
    prices, cooling, rule_prices = np.zeros(len(layers.size)), COOLING, np.zeros(every)
    best = -inf, prices[:few], np.zeros(len(problem))
    if start is not None:
        prices, cooling = np.concatenate([start.prices, start.rule_prices[priced]]) * layers.size, COOLING[-1:]
        bound, above = problem.price(start.prices, start.rule_prices[priced])
        best, rule_prices = (bound, start.prices, above), start.rule_prices.copy()
    hotter = inf
    for share, steps in cooling:
        temperature = share * spread
        if hotter < inf:
            of_limits, of_rules = np.split(prices / layers.size, [few])
            reduced = inside.cost + inside.use @ of_limits + rules @ of_rules
            listing = listing.with_cheapest_at(reduced)[0]
            layers = _layers(problem, listing, layers.size)
            layers = layers.without_far(layers.at(prices, hotter))
        hotter = temperature
        reach = layers.reach(layers.at(prices, temperature), temperature, most)
        prices = _climb(layers, prices, temperature, reach, steps, stop)
        bound, above = problem.price(*np.split(prices / layers.size, [few]))
        bettered = bound - best[0]
        if bettered > 0:
            best = bound, prices[:few] / layers.size[:few], above
            rule_prices[priced] = prices[few:]
        if stop() or 0 <= bettered < close * abs(bound):
            break
    point = layers.at(prices, hotter)
    bound, of_limits, above = without_dust(problem, best, layers.size[:few], DUST, rule_prices[priced])
    return Layered(of_limits, rule_prices, bound, above, layers.options(point), point.extra, bound > ceiling)


def _layers(problem: Problem, listing: Listing, size: np.ndarray | None) -> Layers:
    """All listed columns of the residents, as columns of the problem's own options."""
    blocks = listing.blocks
    place = sparse.coo_array(blocks.members)
    resident = np.flatnonzero(problem.homes.resident)
    members = sparse.csr_array(
        (place.data, (place.coords[0], resident[place.coords[1]])), shape=(len(blocks.cost), len(problem))
    )
    own = Blocks(members, blocks.cost, blocks.use, blocks.block, blocks.units)
    if size is None:
        limits = blocks.sizes(problem.limits.to_numpy(dtype=float))
        size = np.concatenate([limits, np.ones(len(problem.rules_limits))])
    return Layers(problem, own, size)


def _climb(
    layers: Layers, prices: np.ndarray, temperature: float, reach: np.ndarray, steps: int, stop: Callable[[], bool]
) -> np.ndarray:
    """Prices after so many steps up at one temperature."""
    scale = temperature * float(layers.blocks.units.sum())

    def down(y: np.ndarray) -> tuple[float, np.ndarray]:
        point = layers.at(y * reach, temperature)
        return -point.value / scale, -point.slope * reach / scale

    def pause(intermediate_result: optimize.OptimizeResult) -> None:
        if stop():
            raise StopIteration

    found = optimize.minimize(
        down,
        prices / reach,
        jac=True,
        method="L-BFGS-B",
        bounds=optimize.Bounds(np.zeros(len(prices)), np.full(len(prices), inf)),
        callback=pause,
        options={"maxiter": steps, "maxcor": MEMORY},
    )
    return np.asarray(np.maximum(found.x * reach, 0.0))
