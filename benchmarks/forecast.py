"""How good and how fast the outlook is, beside the naive rival and a plain loop.

    python benchmarks/forecast.py [--lines 20000] [--years 20]

Prints, on a made-up table and on a real state's ledger where one is present (`REALLOT_SHARED`, or `shared` beside the
checkout), the sMAPE of each model and its ratio to that of the last value; and lines per CPU second of the outlook,
of our damped trend, and of the same damped trend as a plain Python loop, in the same run.
"""

import argparse
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

import forecast  # noqa: E402
from forecast.arrays import FloatArray  # noqa: E402
from forecast.models import TREND_POINTS, DampedTrend  # noqa: E402

SHARED = Path(os.environ.get("REALLOT_SHARED", ROOT.parent / "shared"))
LEDGER = SHARED / "data" / "state_ledger" / "agency_year_fy1998_2021.csv"
LOOPED = 200
"""Lines given to the plain loop, which would take minutes for all."""


def made_up(lines: int, years: int) -> FloatArray:
    """Log random walks with a common shock each year, USD, (lines, years)."""
    draw = np.random.default_rng(2027)
    steps = 0.03 + 0.08 * draw.normal(size=(lines, years)) + 0.03 * draw.normal(size=(1, years))
    return np.asarray(np.exp(draw.normal(13, 1.5, size=(lines, 1)) + steps.cumsum(axis=1)), dtype=np.float64)


def as_spending(amounts: FloatArray) -> pd.DataFrame:
    """The long frame of (n, T) amounts."""
    lines, years = amounts.shape
    names = np.repeat([f"line{place:06d}" for place in range(lines)], years)
    return pd.DataFrame(
        {"line_item": names, "period": np.tile(np.arange(years) + 2001, lines), "amount": amounts.ravel()}
    )


def loop_damped_trend(amounts: Sequence[float], horizon: int) -> list[float]:
    """The damped trend of one line of positive amounts, grid and all, as one would write it without arrays."""
    logs = [math.log(amount) for amount in amounts]
    early = sorted(after - before for before, after in pairwise(logs[: TREND_POINTS + 1]))
    first = early[(len(early) - 1) // 2]
    best, end = math.inf, (0.0, 0.0, 1.0)
    for alpha, beta, phi in DampedTrend().grid():
        level, slope, loss = logs[0], first, 0.0
        for value in logs[1:]:
            expected = level + phi * slope
            error = value - expected
            loss += error * error
            level, slope = expected + alpha * error, phi * slope + alpha * beta * error
        if loss < best:
            best, end = loss, (level, slope, phi)
    level, slope, phi = end
    return [math.exp(level + slope * sum(phi**j for j in range(1, k + 1))) for k in range(1, horizon + 1)]


def timed(work: Callable[[], object]) -> float:
    """CPU seconds that something takes, which other work on the machine does not change."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def print_scores(title: str, outlook: forecast.Outlook) -> None:
    """SMAPE by model and horizon, and its ratio to that of the last value."""
    smape = outlook.scores.pivot(index="model", columns="horizon", values="smape")
    print(f"\n{title}: sMAPE in percent by years ahead (in brackets, over that of last value)")
    for model, row in smape.loc[outlook.scores["model"].unique()].iterrows():
        cells = (
            f"{value:8.2f} ({value / rival:.3f})" for value, rival in zip(row, smape.loc["last value"], strict=True)
        )
        print(f"  {model:<14}" + "".join(cells))
    combined = outlook.scores[outlook.scores["model"] == "combined"]
    for level in (80, 95):
        print(f"  coverage of {level} %: " + "  ".join(f"{value:.3f}" for value in combined[f"coverage_{level}"]))


def print_speed(amounts: FloatArray, seconds: float) -> None:
    """Lines per CPU second of the outlook, and of the damped trend against a plain loop."""
    lines = len(amounts)
    model, like = DampedTrend(), np.zeros(lines, dtype=np.int64)
    ours = lines / timed(lambda: model.fit(amounts, like).predict(5))
    some = amounts[:LOOPED].tolist()
    loop = len(some) / timed(lambda: [loop_damped_trend(line, 5) for line in some])
    looped = np.array([loop_damped_trend(line, 5) for line in some])
    apart = np.abs(looped / model.fit(amounts, like).predict(5)[: len(some)] - 1).max()
    print(f"\nSpeed, {lines:,} lines x {amounts.shape[1]} years ({platform.machine()}, {os.cpu_count()} cores)")
    print(f"  outlook with back-test and intervals  {lines / seconds:12,.0f} lines/CPU s")
    print(f"  damped trend, all lines at once       {ours:12,.0f} lines/CPU s")
    print(f"  damped trend, plain Python loop       {loop:12,.0f} lines/CPU s (the same to {apart:.0e})")
    print(f"  ratio                                 {ours / loop:12,.0f}")


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--years", type=int, default=20)
    options = parser.parse_args()

    amounts = made_up(options.lines, options.years)
    spending = as_spending(amounts)
    begin = time.process_time()
    outlook = forecast.outlook(spending)
    seconds = time.process_time() - begin
    print_scores(f"Made-up table of {options.lines:,} lines", outlook)
    if LEDGER.is_file():
        ledger = forecast.read_spending(LEDGER, amount="expenditure", period="fy", keys=["agency"])
        print_scores("State ledger, agency totals", forecast.outlook(ledger))
    else:
        print(f"\nNo state ledger at {LEDGER}: set REALLOT_SHARED to measure on it.")
    print_speed(amounts, seconds)


if __name__ == "__main__":
    main()
