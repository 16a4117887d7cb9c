"""The best plan of a small study, found by trying every one."""

from itertools import product

import numpy as np

from optimizer import Economics, Method, Portfolio, Strategy
from optimizer.limits import Precedence, Soft, limits_of, structure_of
from optimizer.options import Options, expand
from optimizer.sites import Closings


def best_by_brute_force(
    portfolio: Portfolio, strategies: tuple[Strategy, ...], economics: Economics, methods: tuple[Method, ...] = ()
) -> float | None:
    """Try every combination of whole options and all splits of units, the cheapest first."""
    options = expand(portfolio, strategies, economics, methods)
    cost, limits = options.frame["cost"].to_numpy(), limits_of(portfolio)
    plans = []
    for chosen in product(*(_ways(options, str(name)) for name in portfolio.systems.index)):
        units_of = {o: n for way in chosen for o, n in way.items()}
        taken, units = options.take(np.array(list(units_of))), np.array(list(units_of.values()), dtype=float)
        value = float(cost[list(units_of)] @ units)
        if portfolio.closes_sites:
            value += float(Closings.after(taken, units).cost.sum())
        value += sum(limit.paid(taken, units) for limit in limits if isinstance(limit, Soft))
        plans.append((value, taken, units))
    hard = [limit for limit in limits if not isinstance(limit, Soft)]
    for value, taken, units in sorted(plans, key=lambda plan: plan[0]):
        if all(limit.holds(taken, units) for limit in (*hard, *structure_of(portfolio), Precedence(portfolio))):
            return value
    return None


def _ways(options: Options, system: str) -> list[dict[int, int]]:
    """Every way to share out a system's units: options and their units."""
    of = np.flatnonzero((options.frame["system"] == system).to_numpy())
    whole = int(options.block[of[0]])
    count = int(options.portfolio.systems["units"].iloc[options.s[of[0]]]) // whole
    splits = [split for split in product(range(count + 1), repeat=len(of)) if sum(split) == count]
    return [{o: n * whole for o, n in zip(of.tolist(), split, strict=True) if n} for split in splits]
