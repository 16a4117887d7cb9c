"""From chosen options to a plan that the referee has seen."""

from dataclasses import replace
from math import nan
from time import perf_counter

import numpy as np
import pandas as pd

from optimizer.catalogue import Economics, Method, Strategy
from optimizer.direct import gap_of
from optimizer.errors import DisputedPlan
from optimizer.flows import flows
from optimizer.limits import Soft, limits_of
from optimizer.options import Options
from optimizer.plan import ROW_COLUMNS, Plan, waves
from optimizer.portfolio import Portfolio
from optimizer.sites import Closings, closures
from optimizer.terms import by_term, dollars
from optimizer.verify import verify


def plan_of(
    options: Options,
    units: np.ndarray,
    *,
    prices: list[pd.Series] | None,
    bound: float,
    status: str,
    solver: str = "",
    version: str = "",
    seed: int = 0,
    reached: str = "",
) -> Plan:
    """A plan from chosen options."""
    closings = Closings.after(options, units)
    terms = _terms(options, units, closings)
    objective = float(terms.sum())
    return Plan(
        rows=_rows(options, units),
        flows=flows(options, units),
        limits=_limits(options, units, prices),
        terms=terms,
        objective=objective,
        bound=min(bound, objective) if bound == bound else nan,
        gap=gap_of(objective, bound) if bound == bound else nan,
        status=status,
        solver=solver,
        version=version,
        seed=seed,
        reached=reached,
        sites=closures(closings),
    )


def _terms(options: Options, units: np.ndarray, closings: Closings) -> pd.Series:
    """Present value of each term; closing sites has one of its own where sites can close, and its part of the tail."""
    terms = {name: float(value @ units) for name, value in by_term(options).items()}
    if len(closings):
        terms["site"] = float(closings.weight @ closings.present_value())
        terms["tail"] += float(closings.weight @ closings.tail())
    soft = [limit for limit in limits_of(options.portfolio) if isinstance(limit, Soft)]
    if soft:
        terms["violation"] = sum(limit.paid(options, units) for limit in soft)
    return pd.Series(terms, name="present_value")


def _rows(options: Options, units: np.ndarray) -> pd.DataFrame:
    """What each chosen option means for its units, in the order of the systems and of time."""
    frame = options.frame
    years = np.asarray(options.portfolio.quarters.qyear)
    last = years == years[-1]
    stay = options.staying()
    rows = pd.DataFrame(
        {
            "system": frame["system"].astype("str"),
            "units": units,
            "strategy": frame["strategy"].astype("str"),
            "method": options.method,
            "start": frame["start"].astype("str"),
            "cutover": frame["cutover"].astype("str"),
            "legacy_off": frame["legacy_off"].astype("str"),
            "wave": waves(frame["start"].astype("str"), options.timeline.freq),
            "one_time_cost": options.total("one_time").sum(axis=1) * units,
            "run_cost_before": (options.before * last).sum(axis=1) * units,
            "run_cost_after": (options.total("run") * last).sum(axis=1) * units,
            "npv_saving": (stay.present_value("run") - dollars(options)) * units,
            "buy_from": options.timeline.texts(options.bought_from, options.m > 0),
        },
        columns=list(ROW_COLUMNS),
    ).astype({"method": "str", "buy_from": "str"})
    order = np.lexsort((options.m, options.k, np.where(options.stays, 10**6, options.tau), options.s))
    rows.loc[options.stays, "npv_saving"] = 0.0
    return rows.iloc[order].reset_index(drop=True)


def _limits(options: Options, units: np.ndarray, prices: list[pd.Series] | None) -> pd.DataFrame:
    """What each limit allows, what the plan uses of it, and what one more unit would be worth."""
    tables = []
    for i, limit in enumerate(limits_of(options.portfolio)):
        table = limit.table(options, units)
        price = pd.Series(0.0, index=table.index) if prices is None else prices[i].reindex(table.index)
        full = table["used"] >= table["allowed"] - 1e-9 * (1 + table["allowed"].abs())
        # a price below a ten-millionth is the rounding of a solver
        price = price.where(price > 1e-7, 0.0)
        over = (table["used"] - table["allowed"]).where(table["used"] > table["allowed"], 0.0)
        tables.append(
            table.assign(limit=limit.name, unit=limit.unit, binding=full | (price > 0), price=price, violation=over)
            .rename_axis("key")
            .reset_index()
        )
    columns = ["limit", "key", "used", "allowed", "unit", "binding", "price", "violation"]
    numbers = dict.fromkeys(("used", "allowed", "price", "violation"), float)
    words = dict.fromkeys(("limit", "key", "unit"), "str")
    return pd.concat(tables, ignore_index=True)[columns].astype({**words, **numbers, "binding": bool})


def refereed(
    plan: Plan,
    portfolio: Portfolio,
    strategies: tuple[Strategy, ...],
    economics: Economics,
    methods: tuple[Method, ...],
    began: float,
) -> Plan:
    """Have the plan recomputed before anyone sees it."""
    report = verify(portfolio, strategies, economics, plan, methods=methods)
    if not report.agrees:
        raise DisputedPlan(str(report))
    return replace(plan, seconds=perf_counter() - began)
