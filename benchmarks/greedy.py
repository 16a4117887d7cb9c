"""The optimized plan against pay-back greedy, today's practice, on the sample state: the difference in dollars.

    python -m benchmarks.greedy [--seconds 120] [--gap 1e-3] [--seed 0]

Both plans go through the same referee. The greedy takes moves in order of pay-back, each as early as it fits in
appropriations, hours and starts; it does not look ahead, and dependent systems stay (`optimizer.greedy`).
"""

import argparse
import os
import platform
import sys
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
sys.path[:] = [str(ROOT), *(p for p in sys.path if Path(p or ".").name != "benchmarks")]

import optimizer  # noqa: E402
from optimizer import Plan  # noqa: E402
from optimizer.catalogue import MODERN  # noqa: E402
from scenarios.pipeline import Prepared, prepare  # noqa: E402
from scenarios.sample import erie  # noqa: E402


def figures(plan: Plan, rival: Plan) -> dict[str, float]:
    """What a plan comes to, USD and units."""
    return {
        "objective": plan.objective,
        "npv saving": float(plan.rows["npv_saving"].sum()),
        "nominal saving": float(rival.flows["amount"].sum() - plan.flows["amount"].sum()),
        "units moved": float(plan.rows.loc[plan.rows["strategy"].isin(MODERN), "units"].sum()),
        "overrun": float(plan.limits["violation"].max()),
    }


def checked(ready: Prepared, plan: Plan) -> str:
    """What the referee says of a plan."""
    report = optimizer.verify(*ready.case, plan, methods=ready.methods)
    return "verified" if report.agrees else str(report)


def main() -> None:
    """Plan the sample state both ways and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--gap", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    ready = prepare(erie(arguments.seed))
    rival = optimizer.continue_as_now(*ready.case, methods=ready.methods)
    began = perf_counter()
    ours = optimizer.modernize(
        *ready.case, methods=ready.methods, gap=arguments.gap, seconds=arguments.seconds, seed=arguments.seed
    )
    between = perf_counter()
    greedy = optimizer.greedy(*ready.case, methods=ready.methods)
    seconds = between - began, perf_counter() - between
    print(f"optimized: {ours.status}, proven gap {ours.gap:.1e}, {seconds[0]:.1f} s, {checked(ready, ours)}")
    print(f"greedy: {seconds[1]:.1f} s, {checked(ready, greedy)}")
    print(f"{'':16}{'optimized':>18}{'greedy':>18}{'difference':>18}")
    both = figures(ours, rival), figures(greedy, rival)
    for name in both[0]:
        a, b = both[0][name], both[1][name]
        print(f"{name:16}{a:18,.0f}{b:18,.0f}{a - b:18,.0f}")


if __name__ == "__main__":
    main()
