"""Plan again from what was promised: what has begun stays, and as little else changes as possible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer.catalogue import Economics, Method, Strategy
from optimizer.errors import DataError, InfeasiblePlan
from optimizer.explain.variants import Variants, costing, within
from optimizer.options import Options
from optimizer.plan import Plan
from optimizer.portfolio import Portfolio
from optimizer.problem import Problem
from optimizer.timeline import Timeline
from optimizer.words import dollars, listed


@dataclass(frozen=True, eq=False)
class Replan:
    """A plan near to what was promised, and the one that forgets all promises that have not begun."""

    plan: Plan
    free: Plan
    changes: pd.DataFrame
    """`system units strategy start new_strategy new_start`: units whose fate is another than promised; `months` is how
    much later they start, NaN where they stay or the strategy is another."""
    changed_units: int
    free_changed_units: int
    """What the plan that forgets promises would change."""

    @property
    def cost_of_keeping(self) -> float:
        """What keeping promises costs: objective against that of planning anew, USD."""
        return self.plan.objective - self.free.objective

    def __str__(self) -> str:
        """Both plans in two lines."""
        return (
            f"{self.changed_units:,} units change against what was promised; planning anew would change "
            f"{self.free_changed_units:,}\n  keeping promises costs {dollars(self.cost_of_keeping)} of the objective"
        )


def replan(
    portfolio: Portfolio,
    strategies: Iterable[Strategy],
    economics: Economics,
    promised: Plan | pd.DataFrame,
    as_of: pd.Timestamp | str,
    *,
    methods: Iterable[Method] = (),
    change_price: float | None = None,
    gap: float = 1e-3,
    seconds: float = 60.0,
    seed: int = 0,
) -> Replan:
    r"""Plan what is left of a plan, from some day on, so that as little as possible changes.

    Rows that start before the quarter of `as_of` have begun and stay as they are; nothing new starts before it.
    The horizon, present values and limits are those of the portfolio, which may have changed since the promise.

    $$\min c x + \pi \Bigl(\sum_s n_s - \sum_o \min(p_o,\, b_o x_o)\Bigr)$$
    with $p_o$ the units that were promised to go that way.

    Args:
        portfolio: the study as it is now, over the horizon of the promise.
        strategies: the catalogue.
        economics: rates, prices and times.
        promised: the plan, or its rows `system units strategy start`.
        as_of: the day from which to plan.
        methods: ways to buy.
        change_price: $\pi$, USD in the objective for each unit whose fate changes. None: first the fewest changes,
            then the least cost among those.
        gap: proven gap at which to stop.
        seconds: stop after about this long.
        seed: of everything drawn at random.

    Raises:
        DataError: what has begun is no option of the portfolio.
        InfeasiblePlan: no plan keeps what has begun within the limits.
    """
    variants = Variants(portfolio, tuple(strategies), economics, tuple(methods), gap, seed)
    rows = promised.rows if isinstance(promised, Plan) else promised
    case, options = variants.case, variants.case.options
    now = Timeline(portfolio).position(pd.Timestamp(as_of))
    given = _units(options, rows)
    problem = _begun(case.problem, options, given, now, rows)
    free = variants.solve(problem, seconds / 3)
    if free is None:
        raise InfeasiblePlan(
            f"no plan keeps what has begun by {pd.Timestamp(as_of):%Y-%m-%d} within every limit.\n"
            "  Raise the limits of the quarters to come, or stop some of what has begun: leave it out of the promise."
        )
    total = float(given.sum())
    problem, kept_units = _counted(problem, options, given)
    money = problem.extra["cost"].to_numpy(dtype=float)
    known = [replace(free, extra=np.concatenate([free.extra, np.zeros(len(kept_units) - len(free.extra))]))]
    if change_price is not None:
        priced = costing(problem, problem.cost, money - change_price * kept_units)
        kept = variants.solve(priced, seconds / 3, known=known)
    else:
        nothing = np.zeros(len(problem))
        fewest = variants.solve(costing(problem, nothing, -kept_units), seconds / 3, gap=1e-6, known=known)
        most = total if fewest is None else np.floor(float(kept_units @ fewest.extra) + 1e-6)
        near = within(problem, "promises kept", nothing, -most + 1e-6, -kept_units)
        kept = variants.solve(near, seconds / 3, known=[fewest] if fewest else []) or fewest
    kept = kept or free
    # what was proven without promises is true of every plan that keeps them
    plan, anew = variants.plan(kept.x, free.bound), variants.plan(free.x, free.bound)
    changes = changed(plan.rows, rows, str(portfolio.quarters.freqstr))
    others = changed(anew.rows, rows, str(portfolio.quarters.freqstr))
    return Replan(plan, anew, changes, int(changes["units"].sum()), int(others["units"].sum()))


def _counted(problem: Problem, options: Options, given: np.ndarray) -> tuple[Problem, np.ndarray]:
    r"""The problem with columns that count units whose fate is as promised, and which columns those are.

    $$u_o \le \min(p_o,\ b_o x_o)$$
    """
    promised = np.flatnonzero(given > 0)
    count, before = len(promised), len(problem.extra)
    names = pd.Index([f"as promised {i}" for i in range(count)], dtype="str")
    columns = pd.DataFrame({"upper": given[promised], "cost": 0.0, "integer": False}, index=names)
    own = problem.extra.assign(integer=problem.whole)
    each = sparse.csr_array(
        (-options.block[promised].astype(float), (promised, np.arange(count))), shape=(len(problem), count)
    )
    mine, theirs = problem.rules
    below = sparse.csr_array((count, theirs.shape[1]))
    counted = problem.replace(
        extra=pd.concat([own, columns]),
        extra_use=sparse.csr_array(sparse.vstack([problem.more, sparse.csr_array((count, len(problem.limits)))])),
        rules_use=sparse.csr_array(sparse.hstack([mine, each], format="csr")),
        rules_extra_use=sparse.csr_array(
            sparse.block_array(
                [[theirs, sparse.csr_array((before, count))], [below, sparse.eye_array(count)]], format="csr"
            )
        ),
        rules_limits=pd.concat(
            [problem.rules_limits, pd.Series(0.0, index=pd.Index([f"count {i}" for i in range(count)], dtype="str"))]
        ),
        horizon=0,
    )
    return counted, np.concatenate([np.zeros(before), np.ones(count)])


def _units(options: Options, rows: pd.DataFrame) -> np.ndarray:
    """Promised units of each option; rows that are none are forgotten here."""
    names = pd.Index(["retain", *(strategy.name for strategy in options.strategies)])
    table = pd.DataFrame(
        {
            "s": options.portfolio.systems.index.get_indexer(pd.Index(rows["system"].astype(object))),
            "k": names.get_indexer(pd.Index(rows["strategy"].astype(object))),
            "start": rows["start"].fillna("").astype(object).to_numpy(),
            "units": rows["units"].to_numpy(dtype=float),
        }
    )
    mine = pd.DataFrame({"s": options.s, "k": options.k, "start": options.frame["start"].astype(object)})
    mine["o"] = np.arange(len(options))
    both = mine.drop_duplicates(["s", "k", "start"]).merge(table, on=["s", "k", "start"])
    return np.bincount(both["o"], both["units"], len(options))


def _begun(problem: Problem, options: Options, given: np.ndarray, now: int, rows: pd.DataFrame) -> Problem:
    """The problem in which what has begun goes on, and nothing else starts before now."""
    early = ~options.stays & (options.tau < now)
    begun = np.flatnonzero(early & (given > 0))
    line, starts = options.timeline, rows["start"].fillna("").astype(object)
    positions = starts.map({text: line.position(text) if text else now for text in starts.unique()})
    stated = float(rows.loc[(positions < now).to_numpy(), "units"].sum())
    if abs(stated - given[begun].sum()) > 1e-6:
        known = set(options.portfolio.systems.index[options.s[begun]])
        gone = rows.loc[(positions < now).to_numpy() & ~rows["system"].isin(known), "system"]
        raise DataError(
            [f"what has begun of {listed(gone.unique()) or 'some systems'} is no option of this portfolio"],
            "promise",
        )
    kept = np.ones(len(problem), dtype=bool)
    kept[: len(options)] = ~early | (given > 0)
    use = sparse.csr_array(
        (-options.block[begun].astype(float), (begun, np.arange(len(begun)))), shape=(len(problem), len(begun))
    )
    forbidden = np.flatnonzero(~kept)
    # nothing new before now: one rule, of which not a single unit is allowed
    never = sparse.csr_array(
        (np.ones(len(forbidden)), (forbidden, np.zeros(len(forbidden), dtype=np.int64))), shape=(len(problem), 1)
    )
    # and no more of what has begun than was promised
    cap = -use
    names = [f"begun {options.frame['system'].iloc[o]} {options.frame['start'].iloc[o]}" for o in begun]
    limits = pd.Series(
        [*(-given[begun]), *given[begun], 0.0],
        index=pd.Index([*names, *(f"only {name}" for name in names), "begun nothing else"], dtype="str"),
    )
    mine, theirs = problem.rules
    return problem.replace(
        rules_use=sparse.csr_array(sparse.hstack([mine, use, cap, never], format="csr")),
        rules_extra_use=sparse.csr_array(
            sparse.hstack([theirs, sparse.csr_array((len(problem.extra), 2 * len(begun) + 1))], format="csr")
        ),
        rules_limits=pd.concat([problem.rules_limits, limits]),
        horizon=0,
    )


def changed(rows: pd.DataFrame, promised: pd.DataFrame, freq: str) -> pd.DataFrame:
    """Units whose fate differs: what was promised and what comes, matched in order of time."""
    keys = ["system", "strategy", "start"]
    now, then = (f.assign(start=f["start"].fillna("")).groupby(keys)["units"].sum() for f in (rows, promised))
    apart = now.sub(then, fill_value=0).rename("units").reset_index()
    apart = apart[apart["units"].abs() > 0.5].sort_values(["system", "start", "strategy"])
    lost = apart[apart["units"] < 0].assign(units=lambda f: -f["units"])
    gained = apart[apart["units"] > 0].rename(columns={"strategy": "new_strategy", "start": "new_start"})
    lost, gained = (f.loc[f.index.repeat(f["units"].astype(int))] for f in (lost, gained))
    lost, gained = (f.assign(nth=f.groupby("system").cumcount()).drop(columns="units") for f in (lost, gained))
    both = lost.merge(gained, on=["system", "nth"])
    columns = ["system", "units", "strategy", "start", "new_strategy", "new_start", "months"]
    fates = ["system", "strategy", "start", "new_strategy", "new_start"]
    table = both.groupby(fates, sort=False).size().rename("units").reset_index()
    same = (table["strategy"] == table["new_strategy"]) & (table["start"] != "") & (table["new_start"] != "")
    months = np.full(len(table), np.nan)
    at = [pd.PeriodIndex(table.loc[same, name], freq=freq).astype("int64") for name in ("start", "new_start")]
    months[same.to_numpy()] = 3 * (np.asarray(at[1]) - np.asarray(at[0]))
    return table.assign(months=months)[columns]
