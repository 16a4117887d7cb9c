"""How options are bought: the size of the contract, the ways that are open to them, the cheapest of these.

A way is a method, or nothing where nothing is bought; arrays are options x (nothing, methods).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer.portfolio import Portfolio

if TYPE_CHECKING:
    from optimizer.options import Options


def contract(options: Options) -> np.ndarray:
    r"""Size of an option's contract, nominal USD in prices of the start; 0 where the strategy buys nothing.

    $$z_o = \sum_{s' \in g(s)} n_{s'} \left( c_k (1+g)^{y(\tau)-y_0} + 4 h_k M_{s'k\tau} \right)$$
    The whole system is bought at once, however its units are spread over quarters, and a move group as if all of it
    went the same way: $g(s)$ is the group, or the system alone. $c_k$ is the one-time cost before the price factor,
    $h_k$ the years of subscription that the contract buys too.
    """
    portfolio, economics = options.portfolio, options.economics
    units, cloud = (portfolio.systems[name].to_numpy(dtype=float) for name in ("units", "cloud_price"))
    run = portfolio.run_cost.to_numpy(dtype=float)
    whole = with_group(portfolio, np.column_stack([units, units * cloud, units[:, None] * run]))
    s, t = options.s, np.maximum(options.tau, 0)
    quarters = np.arange(options.timeline.length)
    prices = options.timeline.growth(economics.price_growth, quarters)[t]
    cloud_prices = options.timeline.growth(economics.cloud_price_growth, quarters)[t]
    build = options.of_strategy("one_time_cost") * prices * whole[s, 0]
    after = options.of_strategy("run_factor") * whole[s, 2 + t]
    after += options.of_strategy("cloud_factor") / 4 * cloud_prices * whole[s, 1]
    return np.where(buys(options), build + 4 * options.of_strategy("subscription_years") * after, 0.0)


def with_group(portfolio: Portfolio, amounts: np.ndarray) -> np.ndarray:
    """Amounts of each system and of all that move with it, systems x columns."""
    systems = portfolio.systems
    group = pd.factorize(systems["group"])[0]
    alone = ((systems["group"] == "") | (systems["side"] != "legacy")).to_numpy()
    party = np.where(alone, len(group) + np.arange(len(group)), group)
    member = sparse.csr_array((np.ones(len(party)), (party, np.arange(len(party)))))
    return np.asarray((member @ amounts)[party])


def buys(options: Options) -> np.ndarray:
    """Whether something is bought for it."""
    return np.asarray(options.of_strategy("buys") > 0)


def leads(options: Options) -> np.ndarray:
    """Days from the decision to buy to the award, options x (nothing, methods)."""
    none = np.zeros(len(options))
    return np.column_stack([none, *(method.lead(options.contract) for method in options.methods)])


def open_ways(options: Options) -> np.ndarray:
    """Which ways an option has: those that may buy its strategy, fit its contract and award it before the start.

    A start waits for the first quarter that begins on or after the day of the award. Without any methods nothing needs
    to be bought.
    """
    wanted = [method.strategies for method in options.methods]
    may = np.zeros((1 + len(options.strategies), 1 + len(wanted)), dtype=bool)
    for k, strategy in enumerate(options.strategies, start=1):
        may[k, 1:] = [strategy.buys and (not names or strategy.name in names) for names in wanted]
    may[:, 0] = [True, *(not strategy.buys or not wanted for strategy in options.strategies)]
    ways = may[options.k]
    if wanted:
        ways[:, 1:] &= np.column_stack([method.fits(options.contract) for method in options.methods])
        days = options.timeline.days_until(np.arange(options.timeline.length))[options.tau]
        ways &= options.stays[:, None] | (leads(options) <= days[:, None])
    return np.asarray(ways)


def cheapest(options: Options, ways: np.ndarray) -> np.ndarray:
    """The cheapest of an option's ways, of equal ones the quickest, then the first; where none is open, of all.

    Two ways to buy the same move at the same time differ in the one-time cost alone: the dearer one costs more, takes
    more of an appropriation, and is better in nothing.
    """
    every = buys(options)[:, None] == (np.arange(ways.shape[1]) > 0)
    ways = np.where(ways.any(axis=1, keepdims=True), ways, every)
    costs = np.asarray(options.of_strategy("one_time_cost") > 0)
    price = np.where(ways, options.price_factors * costs[:, None], np.inf)
    level = price <= np.min(price, axis=1, keepdims=True)
    return np.asarray(np.where(level, leads(options), np.inf).argmin(axis=1))
