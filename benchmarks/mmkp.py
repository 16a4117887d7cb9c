"""Knapsacks with several limits through the core: plan, proven gap, and how near the bound that is listed for each.

    python -m benchmarks.mmkp [FOLDER] [--seconds 30] [--way auto]

FOLDER holds instances of the multiple-choice multidimensional knapsack problem (Khan, 1998) as text, and `bounds.csv`
with `instance, highs20s_upper_bound`. From each group one item is taken; what the limits allow is shared by all. Value
is maximised, so cost is minus value.
"""

import argparse
import os
import platform
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer import Problem, solve

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "mmkp"


def read(path: Path) -> Problem:
    """One instance: `groups items limits`, what is allowed, then per group its number and rows `value use...`."""
    numbers = [float(word) for word in path.read_text().partition("Solutions")[0].split()]
    groups, items, limits = (int(number) for number in numbers[:3])
    allowed = pd.Series(numbers[3 : 3 + limits], index=[f"limit {i + 1}" for i in range(limits)])
    table = np.array(numbers[3 + limits :]).reshape(groups, 1 + items * (1 + limits))[:, 1:]
    rows = table.reshape(groups * items, 1 + limits)
    system = np.repeat([f"group {g + 1}" for g in range(groups)], items)
    return Problem(pd.DataFrame({"system": system, "cost": -rows[:, 0]}), sparse.csr_array(rows[:, 1:]), allowed)


def main() -> None:
    """Solve every instance and print a row for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--way", choices=["auto", "direct", "generation"], default="auto")
    arguments = parser.parse_args()
    listed = pd.read_csv(arguments.folder / "bounds.csv")
    listed = listed[listed["instance"] != "instance"].drop_duplicates("instance").set_index("instance")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{'':6}{'value':>10}{'bound':>11}{'gap':>10}{'listed':>11}{'below it':>10}{'seconds':>9}  status")
    for name, upper in listed["highs20s_upper_bound"].astype(float).items():
        problem = read(arguments.folder / f"{name}.txt")
        answer = solve(problem, gap=1e-6, seconds=arguments.seconds, way=arguments.way)
        value, bound = -answer.objective, -answer.bound
        print(
            f"{name:6}{value:10,.0f}{bound:11,.1f}{answer.gap:10.1e}{upper:11,.1f}{100 * (1 - value / upper):9.3f}%"
            f"{answer.seconds:9.1f}  {answer.status.value}"
        )


if __name__ == "__main__":
    main()
