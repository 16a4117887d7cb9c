"""How Ohio's one parameter was fitted: `python -m scenarios.library.ohio.fit` prints each step, `--write` keeps it.

The price of the state's own private cloud was never published by the server; the catalogue has list prices of a public
one. By bisection the share of those prices is found at which the plan moves as many servers in five years as Ohio did.
Nothing else is looked at. Tried before and given up: a second parameter (`avoidable_share`, for the documented
savings); no pair moved 5,000 servers and saved so little, since in the model savings pay for moving.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import yaml

from scenarios.library.ohio.story import measure
from scenarios.library.ohio.study import HERE, ohio
from scenarios.library.stories import story
from scenarios.pipeline import plan_study

PARAMETER = "rehost.cloud_factor"
TARGET = ("servers_moved", "2017")
"""The figure that it is fitted to, and its fiscal year."""
DEAREST, CHEAPEST = 1.0, 0.0
"""List price of a public cloud, and nothing at all."""
CLOSE = 0.01
"""Share of the published figure within which the simulated one is taken to fit."""
STEPS = 10


def simulated(value: float) -> float:
    """Servers moved with this price."""
    with tempfile.TemporaryDirectory() as place:
        plan_study(ohio(fitted={PARAMETER: value}), "baseline", Path(place), gap=story("ohio").gap, seconds=600)
        table = measure(Path(place)).set_index(["scenario", "measure", "period"])["simulated"]
    return float(table["baseline", *TARGET])


def published() -> float:
    """Servers moved, as Ohio published them."""
    return float(story("ohio").published().set_index(["measure", "period"])["published"][TARGET])


def fit() -> float:
    """The price, to two digits, at which as many servers move; dearer clouds move fewer."""
    wanted, low, high = published(), CHEAPEST, DEAREST
    best = (float("inf"), DEAREST)
    for _ in range(STEPS):
        value = round((low + high) / 2, 2)
        moved = simulated(value)
        sys.stdout.write(f"{PARAMETER} {value:g} moves {moved:,.0f} servers, published {wanted:,.0f}\n")
        best = min(best, (abs(moved / wanted - 1), value))
        if best[0] <= CLOSE or high - low <= 0.01:
            break
        low, high = (value, high) if moved > wanted else (low, value)
    return best[1]


def main() -> None:
    """Fits, prints, and writes fitted.yaml where asked to."""
    told = {"value": fit(), "unit": "share", "default": DEAREST, "fitted_to": f"{TARGET[0]} {TARGET[1]}"}
    text = yaml.safe_dump({PARAMETER: told}, sort_keys=False)
    sys.stdout.write("\n" + text)
    if "--write" in sys.argv[1:]:
        head = "# Made by `python -m scenarios.library.ohio.fit --write`. Change the fit, not this file.\n"
        (HERE / "fitted.yaml").write_text(head + text, encoding="utf-8")


if __name__ == "__main__":
    main()
