"""What the tests of limits share: small fleets, plans by hand, rows as an LP."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optimizer import Economics, Portfolio, Strategy
from optimizer.direct import build
from optimizer.limits import Limit
from optimizer.options import Options, chosen, expand
from optimizer.study import study
from tests.optimizer.portfolios import by_hand

REHOST = Strategy("rehost", 600.0, 0.0, 1, 0, 0, {"migration": 10}, 0.5)
BUILD = Strategy("replatform", 900.0, 0.0, 1, 0, 0, {"migration": 30}, 0.2, capital=True)
PLAIN = Economics(tail_years=0)
LP = Path(__file__).parent / "lp"

Fate = tuple[str, int, str, str]
Tests = dict[type[Limit], tuple[str, str, str]]
"""For each limit the tests of a plan inside, a plan outside, and its rows."""

STAY: tuple[Fate, ...] = (("payroll", 3, "retain", ""), ("ledger", 1, "retain", ""))


def chose(portfolio: Portfolio, *fates: Fate) -> tuple[Options, np.ndarray]:
    """The options of a plan written as `(system, units, strategy, start)`."""
    rows = pd.DataFrame(fates, columns=["system", "units", "strategy", "start"])
    return chosen(portfolio, (REHOST, BUILD), PLAIN, rows)


def written(portfolio: Portfolio, *families: str, columns: str | tuple[str, ...] = ()) -> list[str]:
    """The rows of some limits, and the bounds of some decisions, as sorted lines of an LP."""
    model, _, _ = build(study(expand(portfolio, (REHOST,), PLAIN)).problem)
    rows = [f"{row.name}: {row}" for row in model.constraints() if row.name.startswith(families)]
    bounds = [f"{v.lowBound} <= {v.name} <= {v.upBound}" for v in model.variables() if v.name.startswith(columns)]
    return sorted(rows) + sorted(bounds)


def compare(name: str, lines: list[str]) -> None:
    """Compare with the stored LP, line by line."""
    assert lines == (LP / f"{name}.lp").read_text(encoding="utf-8").splitlines()


def fleet(**changes: Any) -> Portfolio:
    return by_hand({"payroll": {"units": 3}, "ledger": {}}, **changes)


def money(*rows: dict[str, Any], **changes: Any) -> Portfolio:
    return fleet(appropriations=rows, **{"years": 2, **changes})
