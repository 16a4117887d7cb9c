"""Simulated futures of the made-up state, in the shapes of `docs/futures.md`, drawn by hand and not by `simulate`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from scenarios.futures.risk import DRIVERS, RISK
from scenarios.results import Results
from tests.dashboard.made_up import FUNDS, results

PERCENTS = (2.5, 5, 10, 25, 50, 75, 80, 90, 95, 97.5)
TITLES = {"do_nothing": "Do nothing", "greedy": "Pay-back greedy", "plan": "The plan held fixed"}
SOURCES = (
    ("run_cost", "Run costs and other IT", 9e6, -0.02),
    ("overrun", "Cost overruns of contracts", 4e6, -0.12),
    ("lead_time", "Lead times of purchases, and protests", -0.2e6, 0.0),
)
FUTURES = 400


def played(made: Results | None = None, drivers: bool = True, titles: dict[str, str] | None = None) -> Results:
    """Results whose plan has met 400 futures; without `drivers` as `reallot simulate --no-drivers` leaves it."""
    made = made or results()
    titles = titles or TITLES
    rows: list[tuple[object, ...]] = []
    for shift, policy in enumerate(titles):
        rows += _policy(made, policy, 1.0 + 0.01 * shift)
    table = pd.DataFrame(rows, columns=list(RISK))
    sources = [
        (source, title, measure, with_all, with_all - change, change, FUTURES)
        for source, title, spread, chance in SOURCES
        for measure, with_all, change in (
            ("cost_spread", 20e6, spread),
            ("cost_mean", 500e6, 1e6),
            ("chance_within", 0.7, chance),
        )
    ]
    told = {"scenario": made.name, "made_up": True, "futures": FUTURES, "seed": 3, "policies": titles}
    return replace(
        made,
        risk=table,
        drivers=pd.DataFrame(sources if drivers else [], columns=list(DRIVERS)),
        futures=told,
    )


def _policy(made: Results, policy: str, factor: float) -> list[tuple[object, ...]]:
    rng = np.random.default_rng(5)
    by = made.outlays.groupby(["fund", made.outlays["period"].str[:4]])["amount"].sum()
    money = made.appropriations.set_index(["fund", "fiscal_year"])["amount"]
    years = sorted({year for _, year in by.index})
    rows: list[tuple[object, ...]] = []
    total, all_kept = np.zeros((len(years), FUTURES)), np.ones((len(years), FUTURES), dtype=bool)
    for fund in FUNDS:
        for y, year in enumerate(years):
            drawn = float(by.get((fund, year), 0.0)) * factor * rng.lognormal(0, 0.02 * (1 + y), FUTURES)
            kept = drawn <= float(money[fund, int(year)])
            total[y] += drawn
            all_kept[y] &= kept
            rows.append(_row(policy, "outlay", fund, year, drawn, kept))
    rows += [_row(policy, "outlay", "all", year, total[y], all_kept[y]) for y, year in enumerate(years)]
    cost = total.sum(axis=0)
    rows.append(_row(policy, "cost", "all", "all", cost, np.asarray(all_kept.all(axis=0))))
    worst = np.sort(cost)[-FUTURES // 20 :]
    rows.append((policy, "cost_tail_mean", "all", "all", worst.mean(), *[np.nan] * (len(PERCENTS) + 1), 1.0, FUTURES))
    for y, year in enumerate(years):
        rows.append(_row(policy, "legacy_share", "all", year, np.full(FUTURES, 0.8 - 0.1 * y / factor)))
        rows.append(_row(policy, "units_moved", "all", year, np.full(FUTURES, 100.0 * y)))
    return rows


def _row(
    policy: str, measure: str, fund: str, period: str, values: np.ndarray, kept: np.ndarray | None = None
) -> tuple[object, ...]:
    chance = np.nan if kept is None else float(kept.mean())
    error = float(values.std() / 20) if kept is None else float(np.sqrt(chance * (1 - chance) / FUTURES))
    return policy, measure, fund, period, values.mean(), *np.percentile(values, PERCENTS), chance, error, FUTURES
