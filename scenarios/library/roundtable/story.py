"""The roundtable's story: what planning together changes, and what each part of planning apart costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from scenarios.futures.purchases import DAYS_OF_A_MONTH, purchases
from scenarios.futures.risk import ALL
from scenarios.library.roundtable.study import NAME, roundtable
from scenarios.library.stories import SIMULATED, Story
from scenarios.results import RIVAL, Results, read_results, results_in

WORDS = {
    "review_days": "Days that reviews add to a purchase",
    "lead": "From the decision to buy to the award, by dollars bought",
    "contracts": "Contracts",
    "bought": "Share of dollars bought by",
    "open": "Purchases open at once, at most",
    "first": "Until the first system is cut over",
    "servers_moved": "Servers moved so far",
    "lapsed": "Money for moving that is left and lapses, by biennium",
    "saving_net": "Net saving",
    "saving_present": "Net saving, present value with the years after",
    "one_time": "One-time cost",
    "moved_likely": "Servers moved in half of the futures",
    "chance_within": "Chance of keeping every appropriation",
    "standard_error": "Standard error of that chance",
    "futures": "Futures",
}
Row = tuple[str, str, str, float]


def measure(out: Path) -> pd.DataFrame:
    """`SIMULATED` of the roundtable's results; what futures say only where `reallot simulate` has played them."""
    rows = [(name, *row) for name in results_in(out) if name != RIVAL for row in _figures(read_results(out / name))]
    return pd.DataFrame(rows, columns=list(SIMULATED))


def _figures(results: Results) -> Iterator[Row]:
    yield from _buying(results)
    yield from _moving(results)
    yield from _futures(results.risk)


def _buying(results: Results) -> Iterator[Row]:
    """Reviews, lead times, methods, open purchases."""
    said = results.assumptions[results.assumptions["parameter"].eq("single_rfp.lead_days")]
    days = float(said["value"].astype(float).sum() - said["default"].astype(float).sum())
    bought = purchases(results.folder, futures=1)
    sizes = np.array([one.size for one in bought])
    leads = np.array([one.method.lead(np.array([one.size]))[0] if one.method else 0.0 for one in bought])
    yield "review_days", "", "days", days if leads.any() else 0.0
    yield "lead", "", "months", float(sizes @ leads / sizes.sum() / DAYS_OF_A_MONTH)
    yield "contracts", "", "contracts", float(len(bought))
    names = pd.Series([one.method.name if one.method else "nothing" for one in bought])
    for name, size in pd.Series(sizes).groupby(names.to_numpy()).sum().items():
        yield "bought", str(name), "share", float(size / sizes.sum())
    busy = results.limits[results.limits["limit"].eq("procurement")]
    yield "open", "", "purchases", float(busy["used"].max())


def _moving(results: Results) -> Iterator[Row]:
    """What moves when, what lapses, what it saves."""
    said = results.summary
    moved = pd.Series(said["units_moved_by_year"]).cumsum()
    years = sorted(moved.index)
    quarter = pd.Period(said["first_cutover"], results.manifest["quarters"])
    began = pd.Period(f"{years[0]}Q1", results.manifest["quarters"])
    yield "first", "", "months", 3.0 * (quarter.ordinal - began.ordinal)
    for year in years[1::2]:
        yield "servers_moved", year, "servers", float(moved[year])
    limits = results.limits[results.limits["key"].str.startswith("it_capital biennium FY")]
    for key, used, allowed in limits[["key", "used", "allowed"]].itertuples(index=False, name=None):
        yield "lapsed", str(key)[-4:], "USD", float(allowed - used)
    yield "saving_net", f"{years[0]}-{years[-1]}", "USD", float(said["net_saving"])
    yield "saving_present", "", "USD", float(said["npv_saving"])


def _futures(risk: pd.DataFrame) -> Iterator[Row]:
    """What the plan comes to in its futures."""
    if risk.empty:
        return
    plan = risk[risk["policy"].eq("plan") & risk["fund"].eq(ALL)]
    cost = plan[plan["measure"].eq("one_time")].iloc[0]
    for name in ("p50", "p80", "p95"):
        yield "one_time", name.upper(), "USD", float(cost[name])
    moved = plan[plan["measure"].eq("units_moved")]
    for period, half in moved[["period", "p50"]].iloc[1::2].itertuples(index=False, name=None):
        yield "moved_likely", str(period), "servers", float(half)
    whole = plan[plan["measure"].eq("cost")].iloc[0]
    yield "chance_within", "", "share", float(whole["chance_within"])
    yield "standard_error", "", "share", float(whole["standard_error"])
    yield "futures", "", "futures", float(whole["futures"])


STORY = Story(
    "roundtable",
    "Roundtable: planning together, or one after the other",
    NAME,
    roundtable,
    measure,
    WORDS,
    futures=2_500,
)
