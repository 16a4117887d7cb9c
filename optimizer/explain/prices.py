"""What one more unit of each limit is worth: the price, confirmed by moving the limit, and how far it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, nan
from time import perf_counter

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer import core, direct
from optimizer.catalogue import Economics, Method, Strategy
from optimizer.direct import Progress
from optimizer.duals import Priced
from optimizer.explain.variants import Variants
from optimizer.layers import Layered
from optimizer.portfolio import Portfolio
from optimizer.problem import Problem
from optimizer.solver import Status
from optimizer.words import amount_of, dollars

STEPS = (0.001, 0.003, 0.01, 0.03, 0.1)
"""Shares of a limit by which it is moved, one after the other, up and down."""
EXACT, NEAR = 1e-9, 2e-6
"""Share of the bound to which it is known: from the relaxation itself, and from prices."""
TELLING = 20.0
"""How many times what is uncertain of the bound a step must promise, to say anything about a price."""
COLUMNS = ("limit", "key", "unit", "allowed", "price", "more", "less", "holds_from", "holds_to", "confirmed", "words")


def price_of_limits(
    portfolio: Portfolio,
    strategies: Iterable[Strategy],
    economics: Economics,
    *,
    methods: Iterable[Method] = (),
    tolerance: float = 0.1,
    most: int = 20,
    seconds: float = 60.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Price the limits that hold the plan back, and move each a little up and down to see whether that is so.

    What moves is the proven bound, which whole units follow within the gap. It falls ever more slowly as a limit is
    raised, so a price that holds at one step holds all the way to it.

    Args:
        portfolio: the estate, its money and its capacity.
        strategies: the catalogue.
        economics: rates, prices and times.
        methods: ways to buy.
        tolerance: share by which worth may differ from the price for the price to hold.
        most: how many limits to move, those of which all that is allowed is worth most.
        seconds: stop moving limits after about this long; the rest is listed unconfirmed.
        seed: of everything drawn at random.
        progress: called with words and the share of the way that lies behind.

    Returns:
        `limit key unit allowed price more less holds_from holds_to confirmed words`, dearest first by all that is
        allowed: `price` in USD of the objective for one more unit, `more` what each unit of the first step up was
        worth, `less` what each unit of the first step down cost, `holds_from` and `holds_to` the allowed amounts
        between which the price was seen to hold. `confirmed`: the price lies between `more` and `less`.

    Raises:
        InfeasiblePlan: no plan satisfies every limit.
    """
    began = perf_counter()
    tell = progress or (lambda words, share: None)
    tell("pricing the limits", 0.05)
    variants = Variants(portfolio, tuple(strategies), economics, tuple(methods), 1e-3, seed)
    case = variants.case
    now = _bound(case.problem, None, seed)
    if now.bound == inf:
        raise variants.refused(seconds)
    bound, prices = now.bound, now.prices
    loosened = sparse.csc_array(sparse.block_diag([limit.loosened() for limit in case.limits], format="csc"))
    nobody = case.options.take(np.array([], dtype=int))
    tables = [
        limit.table(nobody, np.array([])).rename_axis("key").reset_index().assign(limit=limit.name, unit=limit.unit)
        for limit in case.limits
    ]
    table = pd.concat(tables, ignore_index=True)
    table["price"] = loosened.T @ prices
    table["column"] = np.arange(len(table))
    # climbed once more, a bound rises by about what it lacks
    now = now if now.start is None else _bound(case.problem, now.start, seed)
    accuracy = max(now.bound - bound, (EXACT if _small(case.problem) else NEAR) * abs(bound), EXACT)
    size = table["allowed"].abs().clip(lower=1.0)
    # a price that all of the limit cannot be worth is the rounding of a solver
    table = table[table["price"] * size > max(accuracy, 1e-6)].assign(all=table["price"] * size)
    rows: list[list[object]] = []
    for row in table.sort_values("all", ascending=False).to_dict("records"):
        rest: list[float] = [nan, nan, nan, nan, False]
        passed = (perf_counter() - began) / seconds
        if len(rows) < most and passed < 1:
            tell("moving each limit", 0.1 + 0.85 * max(passed, len(rows) / min(most, len(table))))
            by = loosened[:, [int(row["column"])]].toarray().ravel()
            rest = _moved(case.problem, by, row["allowed"], row["price"], now, accuracy, tolerance, seed)
        rows.append([row[name] for name in COLUMNS[:5]] + rest)
    found = pd.DataFrame(rows, columns=list(COLUMNS[:-1])).astype({"confirmed": bool})
    return found.assign(words=[_words(row) for row in found.to_dict("records")])


def _small(problem: Problem) -> bool:
    return len(problem) <= direct.SMALL


@dataclass(frozen=True, eq=False)
class _Bound:
    """What is proven about all plans, the prices that prove it, and where a problem like this one may start."""

    bound: float
    """Infinite where nothing fits."""
    prices: np.ndarray
    start: Priced | Layered | None = None


def _bound(problem: Problem, start: Priced | Layered | None, seed: int) -> _Bound:
    """The bound of the relaxation, or of prices where the problem is large."""
    if _small(problem):
        relaxed = direct.relax(problem, seed=seed)
        rows = len(problem.limits)
        if relaxed.status is Status.INFEASIBLE:
            return _Bound(inf, np.zeros(rows))
        return _Bound(relaxed.value, np.maximum(relaxed.duals[len(relaxed.duals) - rows :], 0.0))
    found = core.bounded(problem, start, seed=seed)
    return _Bound(inf if found.hopeless else found.bound, found.prices, found)


def _moved(
    problem: Problem,
    by: np.ndarray,
    allowed: float,
    price: float,
    now: _Bound,
    accuracy: float,
    tolerance: float,
    seed: int,
) -> list[float]:
    """`more less holds_from holds_to confirmed` of one limit, whose unit moves the problem's limits `by`."""
    size = max(abs(allowed), 1.0)
    steps = [size * step for step in STEPS if price * size * step >= TELLING * accuracy] or [size * STEPS[-1]]
    first: dict[int, float] = {}
    holds = {1: allowed, -1: allowed}
    for way in (1, -1):
        for step in steps:
            there = _bound(problem.replace(limits=problem.limits + way * step * by), now.start, seed)
            worth = way * (now.bound - there.bound) / step
            first.setdefault(way, worth)
            if abs(worth - price) > tolerance * price:
                break
            holds[way] = allowed + way * step
    slack = accuracy / steps[0] + 0.01 * price
    confirmed = first[1] <= price + slack and price <= first[-1] + slack
    return [first[1], first[-1], holds[-1], holds[1], confirmed]


def _words(row: dict[object, object]) -> str:
    """One price in words."""
    price, unit, name = float(str(row["price"])), str(row["unit"]), f"{row['limit']} {row['key']}"
    one = "dollar" if unit == "USD" else unit.rstrip("s").replace("unit-quarter", "unit-quarter")
    worth = f"${price:,.2f}" if price < 1_000 else dollars(price)
    low, high = (float(str(row[side])) for side in ("holds_from", "holds_to"))
    said = f"one more {one} of {name} is worth {worth}"
    if np.isnan(low):
        return said
    if high <= low:
        return f"{said}; the worth changes at once when it moves"
    return f"{said}, from {amount_of(low, unit)} to {amount_of(high, unit)}"
