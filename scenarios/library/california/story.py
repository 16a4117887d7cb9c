"""California's story: what the futures of each scenario say of its contract, beside what happened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from scenarios.futures.purchases import DAYS_OF_A_MONTH, Purchase, purchases
from scenarios.library.california.study import NAME, california
from scenarios.library.stories import SIMULATED, Story
from scenarios.results import RIVAL, results_in

WORDS = {
    "planned_cost": "Planned cost",
    "modules": "Contracts",
    "lead": "From the RFP's start to the first award, on average",
    "lead_range": "The same, range of what is drawn",
    "lead_shorter": "Futures with a shorter one than",
    "cost_ratio": "Actual over planned cost",
    "cost": "Actual cost",
    "chance_over": "Chance that it costs more than",
    "chance_ended": "Chance that it is cancelled or stopped",
    "standard_error": "Standard error of a chance, at most",
    "futures": "Futures",
}
MONTHS = (5, 8, 24)
"""Lead times that California planned or took, months."""
OVER = (1.5, 3.0, 3.8, 4.3)
"""A moderate overrun, a catastrophe, and what California's system cost by 2026 over its figures of 2015 and of 2016."""
PERCENTS = (50, 80, 95)
RANGE = (1, 5, 50, 95, 99)
Row = tuple[str, str, str, float]


def measure(out: Path) -> pd.DataFrame:
    """`SIMULATED` of California's results: one contract a scenario, in the futures that `reallot simulate` plays."""
    rows = [
        (name, what, period, unit, value)
        for name in results_in(out)
        if name != RIVAL
        for what, period, unit, value in figures(purchases(out / name)[0])
    ]
    return pd.DataFrame(rows, columns=list(SIMULATED))


def figures(bought: Purchase) -> Iterator[Row]:
    """`measure period unit value` of one contract."""
    months, cost = bought.lead / DAYS_OF_A_MONTH, bought.cost
    yield "planned_cost", "", "USD", bought.size
    yield "modules", "", "contracts", float(bought.method.modules if bought.method else 1)
    yield "lead", "", "months", float(months.mean())
    for percent in RANGE:
        yield "lead_range", f"P{percent}", "months", float(np.percentile(months, percent))
    for limit in MONTHS:
        yield "lead_shorter", f"{limit} months", "share", float((months < limit).mean())
    yield "cost_ratio", "mean", "ratio", float(cost.mean())
    for percent in PERCENTS:
        yield "cost_ratio", f"P{percent}", "ratio", float(np.percentile(cost, percent))
    yield "cost_ratio", "worst 5 %", "ratio", float(np.sort(cost)[-max(len(cost) // 20, 1) :].mean())
    yield "cost_ratio", "highest", "ratio", float(cost.max())
    for percent in PERCENTS:
        yield "cost", f"P{percent}", "USD", float(bought.size * np.percentile(cost, percent))
    yield "cost", "highest", "USD", float(bought.size * cost.max())
    for times in OVER:
        yield "chance_over", f"{times:g} times", "share", float((cost > times).mean())
    yield "chance_ended", "", "share", float(bought.ended.mean())
    yield "standard_error", "", "share", float(np.sqrt(0.25 / len(cost)))
    yield "futures", "", "futures", float(len(cost))


STORY = Story("california", "California: one RFP or modules", NAME, california, measure, WORDS)
