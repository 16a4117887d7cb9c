"""Plans of made-up studies: ours, the whole model handed to PuLP + HiGHS, and a pay-back greedy, in one run.

    python -m benchmarks.optimizer [--systems 200 1000 2000] [--seconds 60] [--gap 1e-3] [--seed 0] [--skip-whole]
                                   [--binding]

The studies are generated; appropriations, hours and starts bind. With `--binding` systems are single and appropriations
are squeezed until every fund and year has a price: to what a plan with ease would spend, times `SQUEEZE`.

Seconds of ours and of the whole model both count from the list of options to a plan; reading the answer and the referee
count for neither. `ratio` is the rival's figure over ours. The greedy takes moves in order of pay-back time while every
limit holds; it has no bound of its own.
"""

import argparse
import os
import platform
import sys
from importlib.metadata import version
from math import inf, nan
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
sys.path[:] = [
    str(ROOT),
    str(ROOT / "tests" / "optimizer"),
    *(p for p in sys.path if Path(p or ".").name != "benchmarks"),
]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from optimizer import core, direct, solver  # noqa: E402
from optimizer.direct import gap_of  # noqa: E402
from optimizer.duals import price_limits  # noqa: E402
from optimizer.options import expand  # noqa: E402
from optimizer.problem import Problem  # noqa: E402
from optimizer.solver import Status  # noqa: E402
from optimizer.study import Study, study  # noqa: E402
from tests.optimizer.portfolios import CATALOGUE, ECONOMICS, made_up  # noqa: E402

SQUEEZE = (0.985, 0.985, 0.99, 1.005, 1.005)
"""Share, year by year, of what the plan with ease spends."""


def squeezed(case: Study) -> Study:
    """The same study with appropriations so tight that each has a price."""
    problem = case.problem
    priced = price_limits(problem)
    spent = problem.use.T @ priced.blocks.options(priced.weight)
    names = problem.limits.index
    money = names.str.startswith("appropriation ")
    years = names[money].str[-4:].astype(int)
    limits = problem.limits.copy()
    limits[money] = spent[money] * np.take(SQUEEZE, years - years.min())
    return Study(problem.replace(limits=pd.Series(limits, index=names)), case.options, case.limits, case.closings)


def whole(problem: Problem, gap: float, seconds: float, seed: int) -> tuple[float, float, float]:
    """Everything to PuLP + HiGHS at once: seconds, objective, its own bound."""
    began = perf_counter()
    model, x, extra = direct.build(problem)
    answer = solver.run(model, gap=gap, seconds=seconds - (perf_counter() - began), seed=seed)
    if answer.status not in (Status.OPTIMAL, Status.FEASIBLE):
        return perf_counter() - began, inf, -inf if answer.bound is None else answer.bound
    chosen = np.rint([v.varValue or 0.0 for v in x])
    value = problem.objective(chosen, np.array([v.varValue or 0.0 for v in extra]))
    return perf_counter() - began, value, nan if answer.bound is None else answer.bound


def greedy(case: Study) -> tuple[float, float]:
    """Today's practice: the quickest pay-back first, as early as it fits; seconds and objective."""
    began = perf_counter()
    options, problem = case.options, case.problem
    use, room = problem.use, problem.limits.to_numpy().copy()
    free = problem.units.copy()
    stay = np.zeros(len(free), dtype=np.int64)
    stays = np.flatnonzero(options.stays)
    stay[problem.system[stays]] = stays
    alone = np.flatnonzero(~options.stays & (problem.options["bundle"].astype(str) == "").to_numpy())
    last = options.cash("run", "legacy")[:, -1] + options.cash("run", "modern")[:, -1]
    yearly = 4 * (options.before[:, -1] - last)
    spent = options.total("one_time").sum(axis=1) + options.total("dual_run").sum(axis=1)
    payback = np.where(yearly > 0, spent / np.maximum(yearly, 1e-9), inf)
    x = np.zeros(len(options))
    x[stays] = free[problem.system[stays]]
    room -= problem.use.T @ x
    for o in alone[np.lexsort((options.tau[alone], payback[alone]))]:
        s = problem.system[o]
        if payback[o] == inf or x[stay[s]] == 0:
            continue
        change = np.asarray((use[[o]] - use[[stay[s]]]).todense()).ravel()
        takes = change > 1e-9
        if (room[takes] < 0).any():
            continue
        units = min(x[stay[s]], np.floor((room[takes] / change[takes]).min(initial=inf) + 1e-9))
        if units >= 1:
            x[o], x[stay[s]], room = x[o] + units, x[stay[s]] - units, room - units * change
    return perf_counter() - began, problem.objective(x, np.zeros(len(problem.extra)))


def main() -> None:
    """Run the studies and print one block for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--systems", type=int, nargs="+", default=[200, 1_000, 2_000])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--gap", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--skip-whole", action="store_true")
    parser.add_argument("--binding", action="store_true")
    arguments = parser.parse_args()
    packages = ", ".join(f"{name} {version(name)}" for name in ("pulp", "highspy", "numpy", "scipy", "pandas"))
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}")
    for count in arguments.systems:
        if arguments.binding:
            portfolio = made_up(count, seed=arguments.seed, units=1.0, groups=0.0)
        else:
            portfolio = made_up(count, seed=arguments.seed)
        began = perf_counter()
        case = study(expand(portfolio, CATALOGUE, ECONOMICS))
        listing = perf_counter() - began
        case = squeezed(case) if arguments.binding else case
        ours = core.solve(case.problem, gap=arguments.gap, seconds=arguments.seconds, seed=arguments.seed)
        units = int(portfolio.systems["units"].sum())
        print(
            f"\n{count:,} systems, {units:,} units, {len(case.options):,} options, {len(case.problem.limits)} limits "
            f"({(ours.prices > 1e-7).sum()} with a price); listing options {listing:.1f} s"
        )
        print(f"{'':14}{'seconds':>9}{'objective':>18}{'bound':>18}{'gap':>10}{'ratio':>8}")
        line("ours", ours.seconds, ours.objective, ours.bound, ours.seconds)
        if not arguments.skip_whole:
            line("whole model", *whole(case.problem, arguments.gap, arguments.seconds, arguments.seed), ours.seconds)
        seconds, objective = greedy(case)
        line("pay-back first", seconds, objective, ours.bound, ours.seconds)


def line(name: str, seconds: float, objective: float, bound: float, ours: float) -> None:
    """One line of the table; the greedy is measured against our bound."""
    gap = f"{gap_of(objective, bound):10.2e}" if objective < inf else f"{'no plan':>10}"
    print(f"{name:14}{seconds:9.1f}{objective:18,.0f}{bound:18,.0f}{gap}{seconds / ours:8.2f}")


if __name__ == "__main__":
    main()
