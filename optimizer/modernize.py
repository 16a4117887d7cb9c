"""The way through: portfolio -> options -> problem -> plan -> referee."""

from collections.abc import Iterable, Mapping
from math import nan
from time import perf_counter
from typing import Any

import pandas as pd

from optimizer import core, explain
from optimizer import solver as solvers
from optimizer.catalogue import RETAIN, Economics, Method, Strategy
from optimizer.checks import check
from optimizer.direct import Progress
from optimizer.errors import NoPlanFound, StuckSystems
from optimizer.options import chosen, expand
from optimizer.plan import REFERENCE, Plan
from optimizer.portfolio import Portfolio
from optimizer.problem import Problem
from optimizer.report import plan_of, refereed
from optimizer.solver import Status
from optimizer.study import Study, study


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
    solver_options: Mapping[str, Any] | None = None,
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
        solver_options: handed to PuLP's class of that solver, or to HiGHS, by its own names.
        progress: called with words and the share of the way that lies behind.

    Raises:
        DataError: what was handed over is wrong.
        UnknownSolver, UnknownSolverOption: no such solver here, or it has no such option.
        InfeasiblePlan: no plan satisfies every limit; names those that conflict and what would make a plan possible.
        NoPlanFound: the time ran out before a first plan.
    """
    began = perf_counter()
    catalogue, ways = tuple(strategies), tuple(methods)
    name = solvers.named(solver)
    own_options = solvers.checked(name, solver_options)
    check(portfolio, catalogue, ways)
    if progress:
        progress("listing options", 0.0)
    case = _case(portfolio, catalogue, economics, ways, seconds, seed)
    solution = core.solve(
        case.problem,
        gap=gap,
        seconds=seconds - (perf_counter() - began),
        seed=seed,
        solver=name,
        solver_options=own_options,
        progress=progress,
    )
    if solution.status is Status.INFEASIBLE:
        raise explain.refusal(portfolio, catalogue, economics, ways, seconds=seconds, seed=seed)
    if solution.status is Status.UNKNOWN:
        raise NoPlanFound(
            f"no plan found in {seconds:g} seconds among {len(case.options):,} options "
            f"of {len(portfolio.systems):,} systems.\n"
            "  Give it more seconds, or loosen the tightest limits."
        )
    plan = plan_of(
        *case.taken(solution.x),
        prices=case.prices(solution.prices.to_numpy()),
        bound=solution.bound,
        status=solution.status.value,
        solver=name,
        version=solvers.version_of(name),
        seed=seed,
        reached=solution.reached,
    )
    return refereed(plan, portfolio, catalogue, economics, ways, began)


def assemble(
    portfolio: Portfolio, strategies: Iterable[Strategy], economics: Economics, *, methods: Iterable[Method] = ()
) -> Problem:
    """The problem that `modernize` solves: options of systems and sites, groups, limits and rules.

    Raises:
        DataError: what was handed over is wrong.
        InfeasiblePlan: some systems have no option at all.
    """
    catalogue, ways = tuple(strategies), tuple(methods)
    check(portfolio, catalogue, ways)
    return _case(portfolio, catalogue, economics, ways).problem


def _case(
    portfolio: Portfolio,
    catalogue: tuple[Strategy, ...],
    economics: Economics,
    ways: tuple[Method, ...],
    seconds: float = 60.0,
    seed: int = 0,
) -> Study:
    """The study as a problem; where systems have no option, `seconds` is how long to look for what would help."""
    try:
        return study(expand(portfolio, catalogue, economics, ways))
    except StuckSystems as stuck:
        raise explain.refusal(portfolio, catalogue, economics, ways, seconds=seconds, seed=seed) from stuck


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
    plan = plan_of(options, units, prices=None, bound=nan, status=status)
    return refereed(plan, portfolio, catalogue, economics, ways, began)
