"""Plans of made-up studies: ours, the whole model handed to PuLP and a solver, and a pay-back greedy, in one run.

    python -m benchmarks.optimizer [--systems 200 1000 2000] [--seeds 0] [--seconds 60] [--rival-seconds 60]
                                   [--gap 1e-3] [--binding | --structure] [--warm | --times 10 30 60 120]
                                   [--rivals HiGHS cbc cp-sat | --rivals]

The studies are generated; appropriations, hours and starts bind. With `--binding` systems are single and appropriations
are squeezed until every fund and year has a price: to what a plan with ease would spend, times `SQUEEZE`. With
`--structure` come groups, systems that wait for others (two in five), 32 sites that close, carry-forward and a floor of
the modern share, all at once. `--warm` moves one appropriation after the other by 5 % either way and solves again.
`--times` gives every way as long as each of these, the longest first: a rival that finds no plan in it gets no less.

A rival gets the whole model: PuLP and a solver by PuLP's name, or OR-tools CP-SAT (`cp-sat`), which knows whole numbers
only (`benchmarks.rivals.cpsat` says how the model is scaled) and needs `make bench-rivals`. All have one thread.

Every way runs in a process of its own, so that its peak memory is its own; seconds count from the list of options to a
plan, CP-SAT's with the start of its interpreter. `ratio` is a rival's seconds over ours; a rival that does not reach
the gap counts with all of its seconds. The greedy takes moves in order of pay-back time as they fit; a limit that is
overrun when everything stays may still be when it ends. It has no bound of its own. `saving` is the gap in dollars as a
share of what the plan saves against cost to continue. Several sizes end with how our seconds grow with the size.
"""

import argparse
import os
import platform
import sys
from dataclasses import replace
from importlib.metadata import version
from math import inf
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

from benchmarks.rivals.plans import CPSAT, Outcome, alone, has_cpsat, ours, whole  # noqa: E402
from optimizer import core  # noqa: E402
from optimizer.duals import price_limits  # noqa: E402
from optimizer.greedy import soonest  # noqa: E402
from optimizer.options import expand  # noqa: E402
from optimizer.study import Study, study  # noqa: E402
from tests.optimizer.portfolios import CATALOGUE, ECONOMICS, intertwined, made_up  # noqa: E402

SQUEEZE = (0.985, 0.985, 0.99, 1.005, 1.005)
"""Share, year by year, of what the plan with ease spends."""
SITES = 32
SAME = 2e-5
"""Gaps that differ by less are the same."""
MOVED = (0.95, 1.05)
"""What an appropriation is multiplied by in `--warm`."""


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


def generated(kind: str, count: int, seed: int) -> Study:
    """A study of so many systems: `plain`, `binding` or `structure`."""
    if kind == "structure":
        portfolio = intertwined(count, seed=seed, sites=SITES)
    elif kind == "binding":
        portfolio = made_up(count, seed=seed, units=1.0, groups=0.0)
    else:
        portfolio = made_up(count, seed=seed)
    case = study(expand(portfolio, CATALOGUE, ECONOMICS))
    return squeezed(case) if kind == "binding" else case


def greedy(case: Study) -> Outcome:
    """Today's practice: the quickest pay-back first, as early as it fits (`optimizer.greedy`); every site stays."""
    began = perf_counter()
    taken = soonest(case) / case.options.block
    cost = case.problem.cost[: len(taken)] @ taken + case.closings.cost[_open(case)].sum()
    return Outcome(perf_counter() - began, float(cost), -inf)


def _open(case: Study) -> np.ndarray:
    """Which cases of sites mean that they stay."""
    return case.closings.e >= case.options.timeline.length


def staying(case: Study) -> float:
    """What it costs if every system stays where it is, in the terms of the objective."""
    options, problem = case.options, case.problem
    stays = np.flatnonzero(options.stays)
    return float(problem.cost[stays] @ problem.upper[stays] + case.closings.cost[_open(case)].sum())


def warm(case: Study, gap: float, seconds: float, seed: int) -> None:
    """Move one appropriation after the other and solve again from what is known."""
    problem = case.problem
    first = core.solve(problem, gap=gap, seconds=seconds, seed=seed)
    money = np.flatnonzero(problem.limits.index.str.startswith("appropriation "))
    pricing, planning, gaps = [], [], []
    for row in money:
        for factor in MOVED:
            times = np.where(np.arange(len(problem.limits)) == row, factor, 1.0)
            moved = problem.replace(limits=problem.limits * times)
            began = perf_counter()
            price_limits(moved, first.prices.to_numpy(), seed=seed)
            pricing.append(perf_counter() - began)
            answer = core.solve(moved, gap=gap, seconds=seconds, seed=seed, start=first)
            planning.append(answer.seconds)
            gaps.append(answer.gap)
    print(
        f"{len(pricing)} moves of 5 %: new bound and prices {np.median(pricing):.2f} s (at most {max(pricing):.2f}); "
        f"plan {np.median(planning):.2f} s (at most {max(planning):.2f}), gap at most {max(gaps):.1e}"
    )


def times(case: Study, asked: argparse.Namespace, seed: int) -> None:
    """The gap of every way after each of some times; where ours is the larger one by more than `SAME` it is marked.

    A rival whose gap after a longer time is above ours after all shorter ones is not run again for those: given less
    time it comes no nearer. Its gap there is at least as large.
    """
    problem, longest = case.problem, sorted(asked.times, reverse=True)
    # a gap below what was asked is as good as another
    found = {t: max(alone(ours, t, problem, asked.gap, t, seed).gap, asked.gap) for t in longest}
    print(f"{'seconds':14}" + "".join(f"{t:>12g}" for t in longest))
    print(f"{'ours':14}" + "".join(_gap(found[t]) for t in longest))
    for name in asked.rivals:
        said, least, behind = "", 0.0, False
        for t in longest:
            if least >= max(found[s] for s in longest if s <= t):
                said += f"{'>=' + _gap(least).strip():>12}" if least < inf else _gap(inf)
                continue
            least = max(alone(whole, t, problem, asked.gap, t, seed, name).gap, asked.gap)
            said += _gap(least)
            behind |= found[t] > least + SAME
        print(f"{f'whole, {name}':14}{said}" + (" <- ours is larger" if behind else ""), flush=True)


def _gap(gap: float) -> str:
    return f"{gap:12.2e}" if gap < inf else f"{'no plan':>12}"


def main() -> None:
    """Run the studies and print one block for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--systems", type=int, nargs="+", default=[200, 1_000, 2_000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rival-seconds", type=float, default=60.0)
    parser.add_argument("--gap", type=float, default=1e-3)
    parser.add_argument("--rivals", nargs="*", default=["HiGHS"], help="solvers that get the whole model")
    parser.add_argument("--warm", action="store_true")
    parser.add_argument("--times", type=float, nargs="+", help="compare gaps after each of these times, in seconds")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--binding", dest="kind", action="store_const", const="binding", default="plain")
    kinds.add_argument("--structure", dest="kind", action="store_const", const="structure")
    asked = parser.parse_args()
    if CPSAT in asked.rivals and not has_cpsat():
        parser.error("OR-tools is not here. `make bench-rivals` installs it.")
    packages = ", ".join(f"{name} {version(name)}" for name in ("pulp", "highspy", "numpy", "scipy", "pandas"))
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}")
    taken: dict[int, list[float]] = {}
    for count in asked.systems:
        ratios: dict[str, list[float]] = {}
        for seed in asked.seeds:
            began = perf_counter()
            case = generated(asked.kind, count, seed)
            problem = case.problem
            print(
                f"\n{count:,} systems, seed {seed}: {len(case.options):,} options, {len(problem.limits)} limits, "
                f"{len(problem.rules_limits):,} rules; listed in {perf_counter() - began:.1f} s"
            )
            if asked.warm:
                warm(case, asked.gap, asked.seconds, seed)
                continue
            if asked.times:
                times(case, asked, seed)
                continue
            best = alone(ours, asked.seconds, problem, asked.gap, asked.seconds, seed)
            print(f"{best.priced} limits have a price")
            print(f"{'':14}{'seconds':>9}{'MiB':>8}{'objective':>18}{'bound':>18}{'gap':>10}{'saving':>9}{'ratio':>8}")
            stay = staying(case)
            line("ours", best, best, stay)
            taken.setdefault(count, []).append(best.seconds)
            for name in asked.rivals:
                rival = alone(whole, asked.rival_seconds, problem, asked.gap, asked.rival_seconds, seed, name)
                if rival.gap > asked.gap:
                    rival = replace(rival, seconds=max(rival.seconds, asked.rival_seconds))
                line(f"whole, {name}", rival, best, stay)
                ratios.setdefault(name, []).append(rival.seconds / best.seconds)
            line("pay-back first", replace(alone(greedy, asked.rival_seconds, case), bound=best.bound), best, stay)
        for name, values in ratios.items():
            if len(values) > 1:
                print(f"median of {len(values)}: {name} on the whole model takes {np.median(values):.1f} times as long")
    if len(taken) > 1:
        growth(taken)


def growth(taken: dict[int, list[float]]) -> None:
    """How our seconds grow with the number of systems N: the slope of log median seconds over log N."""
    sizes = sorted(taken)
    medians = [float(np.median(taken[n])) for n in sizes]
    print("\nours, median seconds: " + ", ".join(f"{n:,}: {m:.1f}" for n, m in zip(sizes, medians, strict=True)))
    print(f"growth: N^{np.polyfit(np.log(sizes), np.log(medians), 1)[0]:.2f}")


def line(name: str, outcome: Outcome, best: Outcome, stay: float) -> None:
    """One line of the table; the greedy is measured against our bound."""
    found = outcome.objective < inf
    gap = f"{outcome.gap:10.2e}" if found else f"{'no plan':>10}"
    saved = stay - outcome.objective
    share = f"{100 * (outcome.objective - outcome.bound) / saved:8.2f}%" if found and saved > 0 else f"{'':9}"
    memory = "" if np.isnan(outcome.memory) else f"{outcome.memory:,.0f}"
    print(
        f"{name:14}{outcome.seconds:9.1f}{memory:>8}{outcome.objective:18,.0f}{outcome.bound:18,.0f}{gap}{share}"
        f"{outcome.seconds / best.seconds:8.2f}"
    )


if __name__ == "__main__":
    main()
