"""The way through: portfolio -> options -> problem -> plan -> referee."""

from collections.abc import Iterable
from dataclasses import replace
from math import nan
from time import perf_counter

import numpy as np
import pandas as pd

from optimizer import core, explain
from optimizer import solver as solvers
from optimizer.catalogue import RETAIN, Economics, Method, Strategy
from optimizer.checks import check
from optimizer.direct import Progress, gap_of
from optimizer.errors import DisputedPlan, NoPlanFound
from optimizer.flows import flows
from optimizer.limits import Soft, limits_of
from optimizer.options import Options, chosen, expand
from optimizer.plan import REFERENCE, ROW_COLUMNS, Plan, waves
from optimizer.portfolio import Portfolio
from optimizer.sites import Closings, closures
from optimizer.solver import Status
from optimizer.study import study
from optimizer.terms import by_term, dollars
from optimizer.verify import verify


def modernize(
    portfolio: Portfolio,
    strategies: Iterable[Strategy],
    economics: Economics,
    *,
    methods: Iterable[Method] = (),
    gap: float = 1e-3,
    seconds: float = 60.0,
    seed: int = 0,
    solver: str = solvers.DEFAULT,
    progress: Progress | None = None,
) -> Plan:
    """Choose how and when each unit moves, at least cost within every limit; proven, and checked by the referee.

    Args:
        portfolio: the estate, its money and its capacity.
        strategies: the catalogue; `retain` is always there.
        economics: rates, prices and times that every option shares.
        methods: ways to buy what a strategy needs; without any, nothing waits for a purchase.
        gap: stop when the plan is proven to be within this share of the best one.
        seconds: stop after about this long with the best plan so far.
        seed: the same study and seed give the same plan.
        solver: HiGHS, or any other of PuLP's solvers by name.
        progress: called with words and the share of the way that lies behind.

    Raises:
        DataError: what was handed over is wrong.
        InfeasiblePlan: no plan satisfies every limit.
        NoPlanFound: the time ran out before a first plan.
    """
    began = perf_counter()
    catalogue, ways = tuple(strategies), tuple(methods)
    name = solvers.named(solver)
    check(portfolio, catalogue, ways)
    if progress:
        progress("listing options", 0.0)
    options = expand(portfolio, catalogue, economics, ways)
    case = study(options)
    solution = core.solve(
        case.problem, gap=gap, seconds=seconds - (perf_counter() - began), seed=seed, solver=name, progress=progress
    )
    if solution.status is Status.INFEASIBLE:
        raise explain.why_not(case, seconds=seconds, seed=seed)
    if solution.status is Status.UNKNOWN:
        raise NoPlanFound(
            f"no plan found in {seconds:g} seconds among {len(options):,} options "
            f"of {len(portfolio.systems):,} systems.\n"
            "  Give it more seconds, or loosen the tightest limits."
        )
    plan = _report(
        *case.taken(solution.x),
        prices=case.prices(solution.prices.to_numpy()),
        bound=solution.bound,
        status=solution.status.value,
        solver=name,
        version=solvers.version_of(name),
        seed=seed,
        reached=solution.reached,
    )
    return _refereed(plan, portfolio, catalogue, economics, ways, began)


def continue_as_now(
    portfolio: Portfolio, strategies: Iterable[Strategy], economics: Economics, *, methods: Iterable[Method] = ()
) -> Plan:
    """Cost to continue: the same estate if nothing moves. Its outlay may be above what is appropriated."""
    systems = portfolio.systems
    rows = pd.DataFrame(
        {"system": systems.index, "units": systems["units"].to_numpy(), "strategy": RETAIN, "start": ""}
    )
    return evaluate(rows, portfolio, strategies, economics, methods=methods)


def evaluate(
    rows: pd.DataFrame,
    portfolio: Portfolio,
    strategies: Iterable[Strategy],
    economics: Economics,
    *,
    methods: Iterable[Method] = (),
    status: str = REFERENCE,
) -> Plan:
    """Work out money, limits and terms of given rows (`system units strategy start`), within the limits or not.

    Rows may name their `method`; without one they are bought the cheapest way that is open.
    """
    began = perf_counter()
    catalogue, ways = tuple(strategies), tuple(methods)
    check(portfolio, catalogue, ways)
    options, units = chosen(portfolio, catalogue, economics, rows, ways)
    plan = _report(options, units, prices=None, bound=nan, status=status)
    return _refereed(plan, portfolio, catalogue, economics, ways, began)


def _report(
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


def _refereed(
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
