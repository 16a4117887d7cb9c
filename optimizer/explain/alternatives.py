"""Plans that cost nearly as little as the best one and differ most from it and from each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimizer.catalogue import Economics, Method, Strategy
from optimizer.direct import SMALL, Progress, Solution
from optimizer.explain.variants import Variants, costing, within
from optimizer.options import Options
from optimizer.plan import Plan
from optimizer.portfolio import Portfolio
from optimizer.problem import Problem
from optimizer.words import dollars

PRICES = (0.025, 0.01, 0.004)
"""Prices of a unit that goes the same way, as shares of the cost of a plan by unit, tried from above."""
APART = 4
"""Quarters by which two starts differ that count as wholly different."""


@dataclass(frozen=True, eq=False)
class Alternatives:
    """The best plan and near-equal ones."""

    best: Plan
    plans: tuple[Plan, ...]
    table: pd.DataFrame
    """`plan dearer difference nearest words`, a row per plan: share by which it is dearer, share of units with another
    fate than in the best plan, and than in the plan that is most like it."""

    def __str__(self) -> str:
        """A line a plan."""
        return "\n".join(f"plan {row['plan']}: {row['words']}" for row in self.table.to_dict("records"))


def alternatives(
    portfolio: Portfolio,
    strategies: Iterable[Strategy],
    economics: Economics,
    *,
    methods: Iterable[Method] = (),
    count: int = 3,
    dearer: float = 0.02,
    gap: float = 1e-3,
    seconds: float = 60.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> Alternatives:
    r"""Find plans within `dearer` of the best that differ most from it and from each other, one after the other.

    $$\min \sum_p \sum_o \mathrm{like}_p(o)\, x_o \qquad c x \le (1 + \epsilon) z^*$$
    with $\mathrm{like}_p(o)$ the share of the system that goes the same way in plan p: one for the same strategy and
    start, a quarter less for each quarter between the starts. Each is a plan like any other, checked by the referee.
    Fewer are returned where no other is found in the time.

    Raises:
        InfeasiblePlan: no plan satisfies every limit.
        NoPlanFound: the time ran out before a first plan.
    """
    tell = progress or (lambda words, share: None)
    tell("looking for the best plan", 0.05)
    variants = Variants(portfolio, tuple(strategies), economics, tuple(methods), gap, seed)
    case, best = variants.case, variants.best(seconds / 2)
    problem, options = case.problem, case.options
    most = best.objective + dearer * abs(best.objective)
    near = within(problem, "near the best", problem.cost, most, problem.extra["cost"].to_numpy(dtype=float))
    taken, known, plans = [best.x], [best], [variants.plan(best.x, best.bound)]
    every = np.zeros(len(problem))
    for number in range(count):
        tell("looking for plans that differ", 0.5 + 0.45 * number / count)
        likeness = np.zeros(len(problem))
        likeness[: len(options)] = like(options, taken[-1][: len(options)])
        # and not one of those that are there already: at least half a unit of it is apart
        near = within(near, f"unlike plan {len(plans)}", likeness, float(likeness @ taken[-1]) - 0.5)
        every += likeness
        if len(problem) <= SMALL:
            answer = variants.solve(costing(near, every), seconds / (2 * count), gap=0.01, known=known[1:])
        else:
            answer = _priced(variants, problem, every, most, seconds / (2 * count))
        if answer is None:
            break
        plan = variants.plan(answer.x, best.bound)
        if min(apart(plan.rows, other.rows) for other in plans) == 0.0:
            break
        taken.append(answer.x)
        known.append(answer)
        plans.append(plan)
    shares = np.array([[apart(plan.rows, other.rows) for other in plans] for plan in plans])
    rows: list[tuple[object, ...]] = []
    for i, plan in enumerate(plans[1:], start=1):
        more = (plan.objective - plans[0].objective) / max(abs(plans[0].objective), 1.0)
        others = np.delete(shares[i], i)
        rows.append((i, more, shares[i, 0], float(others.min()), in_words(plan, plans[0], more)))
    columns = ["plan", "dearer", "difference", "nearest", "words"]
    return Alternatives(plans[0], tuple(plans[1:]), pd.DataFrame(rows, columns=columns))


def _priced(variants: Variants, problem: Problem, every: np.ndarray, most: float, seconds: float) -> Solution | None:
    """A plan that differs, of a large study: likeness has a price, the highest that keeps to the cost."""
    extra, units = problem.extra["cost"].to_numpy(dtype=float), float(problem.upper[problem.first].sum())
    for times in PRICES:
        price = times * abs(most) / units
        answer = variants.solve(costing(problem, problem.cost + price * every, extra), max(seconds / 2, 5.0), gap=0.01)
        if answer is not None and problem.objective(answer.x, answer.extra) <= most:
            return answer
    return None


def like(options: Options, x: np.ndarray) -> np.ndarray:
    """How many units of a plan each option is like, for each of its own: `like @ y` are the units alike in plan y."""
    mine = np.flatnonzero(x > 0)
    units = portfolio_units(options)
    theirs = pd.DataFrame(
        {"s": options.s[mine], "k": options.k[mine], "t": options.tau[mine], "n": x[mine] * options.block[mine]}
    )
    every = pd.DataFrame({"o": np.arange(len(options)), "s": options.s, "k": options.k, "tau": options.tau})
    both = every.merge(theirs, on=["s", "k"])
    alike = np.clip(1 - np.abs(both["tau"] - both["t"]) / APART, 0.0, 1.0) * both["n"] / units[both["s"]]
    return np.asarray(np.bincount(both["o"], alike, len(options)) * options.block)


def portfolio_units(options: Options) -> np.ndarray:
    """Units of each system."""
    return options.portfolio.systems["units"].to_numpy(dtype=float)


def apart(rows: pd.DataFrame, others: pd.DataFrame) -> float:
    """Share of units whose strategy or start differs between two plans."""
    keys = ["system", "strategy", "start"]
    a, b = (frame.groupby(keys)["units"].sum() for frame in (rows, others))
    return float(a.sub(b, fill_value=0).abs().sum() / 2 / rows["units"].sum())


def differences(rows: pd.DataFrame, others: pd.DataFrame) -> dict[str, int]:
    """Units by what sets them apart: moved only here, only there, another strategy, another start."""
    keys = ["system", "strategy", "start"]
    a, b = (frame.groupby(keys)["units"].sum() for frame in (rows, others))
    apart = a.sub(b, fill_value=0).rename("units").reset_index()
    strategy = apart.groupby(["system", "strategy"])["units"].sum().reset_index()
    stays = strategy[strategy["strategy"] == "retain"].set_index("system")["units"]
    moved_less, moved_more = int(stays.clip(lower=0).sum()), int((-stays).clip(lower=0).sum())
    ways = strategy[strategy["strategy"] != "retain"].groupby("system")["units"]
    gained, lost = ways.agg(lambda u: u.clip(lower=0).sum()), ways.agg(lambda u: (-u).clip(lower=0).sum())
    other_way = int(np.minimum(gained, lost).sum())
    starts = apart[apart["strategy"] != "retain"].groupby(["system", "strategy"])["units"]
    later = np.minimum(starts.agg(lambda u: u.clip(lower=0).sum()), starts.agg(lambda u: (-u).clip(lower=0).sum()))
    return {"moved": moved_more, "kept": moved_less, "other strategy": other_way, "other start": int(later.sum())}


def in_words(plan: Plan, best: Plan, more: float) -> str:
    """How a plan differs from the best one."""
    said = differences(plan.rows, best.rows)
    parts = [
        (said["moved"], "moves {} that the best plan keeps"),
        (said["kept"], "keeps {} that the best plan moves"),
        (said["other strategy"], "takes another strategy for {}"),
        (said["other start"], "starts {} in another quarter"),
    ]
    shown = [words.format(f"{n:,} unit{'' if n == 1 else 's'}") for n, words in parts if n]
    change = plan.objective - best.objective
    cost = f"costs {100 * more:.2f} % more ({dollars(change)})" if change > 0.5 else "costs as little"
    return f"{cost}; {', '.join(shown) or 'the same plan'}"
