"""Cost against risk against speed: plans of which none is better in everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimizer.catalogue import MODERN, Economics, Method, Strategy
from optimizer.direct import SMALL, Progress, Solution
from optimizer.explain.variants import Variants, costing, within
from optimizer.options import Options
from optimizer.plan import Plan
from optimizer.portfolio import Portfolio
from optimizer.problem import Problem
from optimizer.terms import by_term
from optimizer.words import dollars

AGAINST = ("cost", "risk", "slowness")
STEP = 3.0
"""How many times the price of a measure before it each further one is, in a large study."""


@dataclass(frozen=True, eq=False)
class Frontier:
    """Plans, and what each costs, risks and how fast it is."""

    table: pd.DataFrame
    """`plan cost risk speed moved_share aim`: present value of all money, unit-quarters past the end of support
    (criticality 3 counts 1), share of units on a modern platform on average over the horizon and at its end, and what
    the plan was sought for. No row is worse than another in cost, risk and speed together."""
    plans: tuple[Plan, ...]


def frontier(
    portfolio: Portfolio,
    strategies: Iterable[Strategy],
    economics: Economics,
    *,
    methods: Iterable[Method] = (),
    points: int = 5,
    gap: float = 1e-3,
    seconds: float = 120.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> Frontier:
    r"""Trade cost for risk and for speed: the cheapest plan of each of several levels, every one a real plan.

    $$\min \mathrm{cost}(x) \qquad \mathrm{risk}(x) \le r_i \quad\text{or}\quad \mathrm{speed}(x) \ge v_i$$
    with levels evenly spread from what the cheapest plan has to the best there can be (epsilon-constraint). Plans that
    another one beats in cost, risk and speed are left out. `points` levels of each, and the plan of the study's own
    objective beside them. A study of more than `SMALL` options has prices instead of levels,
    $\min \mathrm{cost}(x) + \lambda_i\, \mathrm{risk}(x)$, each three times the one before.

    Raises:
        InfeasiblePlan: no plan satisfies every limit.
        NoPlanFound: the time ran out before a first plan.
    """
    tell = progress or (lambda words, share: None)
    tell("looking for the best plan", 0.05)
    variants = Variants(portfolio, tuple(strategies), economics, tuple(methods), gap, seed)
    case = variants.case
    problem, each = case.problem, seconds / (2 * points + 5)
    best = variants.best(each * 2)
    measures = {name: _padded(problem, use) for name, use in measured(case.options).items()}
    sites = np.concatenate([np.zeros(len(case.options)), problem.cost[len(case.options) :]])
    measures["cost"] = measures["cost"] + sites
    paid = problem.extra["cost"].to_numpy(dtype=float)
    # of equally cheap plans the one of less risk and more speed: a millionth of the objective for all of either
    little = 1e-6 * max(abs(best.objective), 1.0)
    tie = measures["risk"] / max(float(measures["risk"] @ best.x), 1.0) + measures["slowness"]
    money = costing(problem, measures["cost"] + little * tie, paid)
    found: list[tuple[str, Solution]] = [("the study's own objective", best)]
    cheapest = variants.solve(money, each, known=[best])
    if cheapest is not None:
        found.append(("least cost", cheapest))
        for name, share in (("risk", 0.25), ("slowness", 0.6)):
            tell(f"trading cost for {'less risk' if name == 'risk' else 'more speed'}", share)
            seek = _levels if len(problem) <= SMALL else _priced
            found += seek(variants, money, name, measures[name], [cheapest, best], points, each)
    rows: list[dict[str, object]] = []
    for aim, answer in found:
        values = {name: float(use @ answer.x) for name, use in measures.items()}
        rows.append({**values, "aim": aim, "at": len(rows)})
    table = _undominated(pd.DataFrame(rows))
    plans = tuple(variants.plan(found[at][1].x, best.bound) for at in table["at"])
    total = float(portfolio.systems["units"].sum())
    ends = [float(p.rows.loc[p.rows["strategy"].isin(MODERN), "units"].sum()) / total for p in plans]
    costs = [float(p.terms.drop(["risk", "disruption"], errors="ignore").sum()) for p in plans]
    table = table.assign(plan=np.arange(1, len(table) + 1), speed=-table["slowness"], moved_share=ends, cost=costs)
    return Frontier(table[["plan", "cost", "risk", "speed", "moved_share", "aim"]].reset_index(drop=True), plans)


def measured(options: Options) -> dict[str, np.ndarray]:
    """Cost, risk and slowness (minus speed) of one block of units on each option."""
    portfolio, block, length = options.portfolio, options.block, options.timeline.length
    terms = by_term(options)
    money = sum((v for name, v in terms.items() if name not in ("risk", "disruption")), start=np.zeros(len(options)))
    late = options.timeline.passed(portfolio.systems["end_of_support"])[options.s]
    remains = np.where(np.arange(length) < options.q[:, None], 1.0, options.of_strategy("residual_risk")[:, None])
    critical = portfolio.systems["criticality"].to_numpy(dtype=float)[options.s] / 3
    modern = np.array([False, *(strategy.name in MODERN for strategy in options.strategies)])[options.k]
    speed = np.where(modern, np.maximum(length - options.q, 0), 0) / length / float(portfolio.systems["units"].sum())
    return {
        "cost": money * block,
        "risk": critical * (late * remains).sum(axis=1) * block,
        "slowness": -speed * block,
    }


def _padded(problem: Problem, use: np.ndarray) -> np.ndarray:
    """The same for all decisions of a problem: sites have none of it."""
    return np.concatenate([use, np.zeros(len(problem) - len(use))])


def _levels(
    variants: Variants, money: Problem, name: str, use: np.ndarray, known: list[Solution], points: int, seconds: float
) -> list[tuple[str, Solution]]:
    """The cheapest plans at levels of one measure, from the least there can be up to that of the cheapest plan."""
    scale = 1e6 if name == "slowness" else 1.0
    least = variants.solve(costing(money, use * scale), seconds, gap=1e-4, known=known)
    if least is None:
        return []
    low, high = float(use @ least.x), float(use @ known[0].x)
    found, known = [], [least, *known]
    words = {"risk": "risk at most {:,.1f} unit-quarters", "slowness": "speed at least {:.1%}"}[name]
    for level in np.linspace(low, high, points + 1)[:-1] if high > low + 1e-12 else ():
        room = level + 1e-9 * max(abs(level), 1e-3)
        problem = within(money, name, use * scale, room * scale)
        answer = variants.solve(problem, seconds, known=known)
        if answer is not None:
            known.append(answer)
            found.append((words.format(abs(level)), answer))
    return found


def _priced(
    variants: Variants, money: Problem, name: str, use: np.ndarray, known: list[Solution], points: int, seconds: float
) -> list[tuple[str, Solution]]:
    """Plans of a large study that pay for one measure, first what the study's own plan pays for it, then ever more.

    A limit on the measure leaves a search among whole units little room; a price does not.
    """
    cheapest, best = known
    cost = money.cost
    paid, gained = float(cost @ (best.x - cheapest.x)), float(use @ (cheapest.x - best.x))
    first = (
        paid / gained
        if paid > 0 and gained > 0
        else abs(float(cost @ cheapest.x)) / max(abs(float(use @ best.x)), 1e-9)
    )
    extra = money.extra["cost"].to_numpy(dtype=float)
    found = []
    for price in first * STEP ** np.arange(points):
        answer = variants.solve(costing(money, cost + price * use, extra), seconds)
        if answer is None:
            break
        of = "risk at {} a unit-quarter" if name == "risk" else "speed at {} a point"
        found.append((of.format(dollars(price if name == "risk" else price / 100)), answer))
    return found


def _undominated(table: pd.DataFrame) -> pd.DataFrame:
    """Without rows that another one equals or beats in every measure; of equal ones the first."""
    values = table[list(AGAINST)].to_numpy(dtype=float)
    scale = np.maximum(np.abs(values).max(axis=0), 1e-9) * 1e-9
    not_worse = (values[:, None, :] <= values[None, :, :] + scale).all(axis=2)
    better = (values[:, None, :] < values[None, :, :] - scale).any(axis=2)
    earlier = np.arange(len(values))[:, None] < np.arange(len(values))[None, :]
    beaten = (not_worse & (better | earlier)).any(axis=0)
    kept: pd.DataFrame = table[~beaten]
    return kept.sort_values("cost").reset_index(drop=True)
