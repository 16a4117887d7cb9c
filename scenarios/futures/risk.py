"""Answers: how sure a policy is, as the rows of risk.csv and drivers.csv; each says from how many futures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from scenarios.futures.books import Outcome
from scenarios.futures.case import Case

RISK = (
    *("policy", "measure", "fund", "period", "mean"),
    *("p02_5", "p05", "p10", "p25", "p50", "p75", "p80", "p90", "p95", "p97_5"),
    *("chance_within", "standard_error", "futures"),
)
"""Columns of risk.csv; `standard_error` is that of `chance_within` where there is one, else of `mean`."""
DRIVERS = ("source", "title", "measure", "with_all", "without", "change", "futures")
"""Columns of drivers.csv."""

ALL = "all"
"""Every fund, or every fiscal year of the horizon."""
NOTHING = "do_nothing"
"""The policy that savings are measured against."""
WORST = 0.05
"""Share of futures whose mean is that of the tail."""

SOURCE_TITLES = {
    "run_cost": "Run costs and other IT",
    "overrun": "Cost overruns of contracts",
    "slip": "Slips of contracts",
    "lead_time": "Lead times of purchases, and protests",
    "cancellation": "Cancelled work",
    "cloud_price": "Cloud prices",
    "appropriations": "Cuts and holdbacks",
}
_PERCENTS = (2.5, 5, 10, 25, 50, 75, 80, 90, 95, 97.5)


def risk_table(case: Case, outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """`RISK`: what each policy comes to in its futures.

    Measures: `outlay` (by fund, and by what an appropriation names; USD), `cost` (outlay of the horizon),
    `cost_tail_mean` (mean of its worst 5 %), `net_saving` (against doing nothing in the same future), `one_time`,
    `shortfall` (by how much appropriations are overspent, all added up), `legacy_share`, `units_moved` (to modern, by
    the end of the year). `chance_within` is that of keeping the appropriation; for fund `all` that of keeping them all.
    """
    rows = [row for name, outcome in outcomes.items() for row in _rows(case, name, outcome, outcomes.get(NOTHING))]
    return pd.DataFrame(rows, columns=list(RISK))


def _rows(case: Case, policy: str, told: Outcome, nothing: Outcome | None) -> Iterator[tuple[object, ...]]:
    within, years = told.within(), case.years.tolist()
    names, total = case.scope_names, told.outlay[:, : case.funds].sum(axis=1)
    one_year = case.cycle.sum(axis=1) == 1

    def row(
        measure: str, fund: str, period: object, values: np.ndarray, kept: np.ndarray | None = None
    ) -> tuple[object, ...]:
        return policy, measure, fund, str(period), *spread(values, kept)

    for s, name in enumerate(names):
        for y, year in enumerate(years):
            mine = np.flatnonzero((case.scope_of == s) & case.cycle[:, y] & one_year)
            yield row("outlay", name, year, told.outlay[:, s, y], within[:, mine[0]] if len(mine) else None)
        for b in np.flatnonzero((case.scope_of == s) & ~one_year).tolist():
            period = f"biennium {case.budgets.frame['cycle'].iloc[b]}"
            yield row("outlay", name, period, told.used[:, b], within[:, b])
    for y, year in enumerate(years):
        yield row("outlay", ALL, year, total[:, y], _every(within[:, case.cycle[:, y]]))
    cost = total.sum(axis=1)
    yield row("cost", ALL, ALL, cost, _every(within))
    worst = np.sort(cost)[-max(round(WORST * len(cost)), 1) :]
    error = float(worst.std(ddof=1) / np.sqrt(len(worst))) if len(worst) > 1 else np.nan
    yield policy, "cost_tail_mean", ALL, ALL, float(worst.mean()), *[np.nan] * (len(_PERCENTS) + 1), error, len(cost)
    if nothing is not None and policy != NOTHING:
        saved = nothing.outlay[:, : case.funds].sum(axis=1) - total
        for y, year in enumerate(years):
            yield row("net_saving", ALL, year, saved[:, y])
        yield row("net_saving", ALL, ALL, saved.sum(axis=1))
    yield row("one_time", ALL, ALL, told.one_time.sum(axis=1))
    yield row("shortfall", ALL, ALL, np.maximum(told.used - told.allowed, 0.0).sum(axis=1) * ~within.all(axis=1))
    share = told.legacy / np.where(told.run > 0, told.run, np.inf)
    for y, year in enumerate(years):
        yield row("legacy_share", ALL, year, share[:, y])
    for y, year in enumerate(years):
        yield row("units_moved", ALL, year, told.moved[:, y])


def _every(within: np.ndarray) -> np.ndarray:
    """Futures in which all of some budgets are kept."""
    return np.asarray(within.all(axis=1))


def spread(values: np.ndarray, kept: np.ndarray | None) -> tuple[object, ...]:
    """Mean, percentiles, chance, standard error and number of futures."""
    count = len(values)
    chance = np.nan if kept is None else float(kept.mean())
    of_mean = float(values.std(ddof=1) / np.sqrt(count)) if count > 1 else np.nan
    error = of_mean if kept is None else float(np.sqrt(chance * (1 - chance) / count))
    return float(values.mean()), *np.percentile(values, _PERCENTS).tolist(), chance, error, count


def drivers_table(case: Case, base: Outcome, without: Mapping[str, Outcome]) -> pd.DataFrame:
    """`DRIVERS`: what each source does to the spread of cost and to the chance of keeping every appropriation.

    Each source is turned off in turn, in the same futures. `change` is what it adds: with all sources, less without it.
    """
    rows = []
    for source, told in without.items():
        pairs = {
            "cost_spread": (_cost_spread(case, base), _cost_spread(case, told)),
            "cost_mean": (_cost(case, base).mean(), _cost(case, told).mean()),
            "chance_within": (base.within().all(axis=1).mean(), told.within().all(axis=1).mean()),
        }
        for measure, (own, off) in pairs.items():
            title = SOURCE_TITLES[source]
            rows.append((source, title, measure, float(own), float(off), float(own - off), len(base.outlay)))
    return pd.DataFrame(rows, columns=list(DRIVERS))


def _cost(case: Case, told: Outcome) -> np.ndarray:
    return np.asarray(told.outlay[:, : case.funds].sum(axis=(1, 2)))


def _cost_spread(case: Case, told: Outcome) -> float:
    """P95 less P5 of the cost of the horizon, USD."""
    low, high = np.percentile(_cost(case, told), [5, 95])
    return float(high - low)
