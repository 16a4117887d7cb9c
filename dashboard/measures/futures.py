"""How sure a plan is: chances by appropriation, outlays year by year, policies side by side, what drives the spread."""

from __future__ import annotations

import pandas as pd

from dashboard.measures import outlook
from dashboard.measures.money import fiscal_year
from scenarios.results import Results

PLAN, NOTHING, GREEDY = "plan", "do_nothing", "greedy"
"""Policies that a sentence speaks of, where they were played."""
ALL = "all"
"""Every fund, or every fiscal year of the horizon, in `risk.csv`."""
TARGETS = (0.8, 0.9, 0.95)
TARGET = 0.9
"""The chance below which an appropriation is marked, unless the address says otherwise."""
NEAR = 0.05
"""Within this much above the target a chance is near it."""
BANDS = ((95, "p02_5", "p97_5"), (80, "p10", "p90"), (50, "p25", "p75"))
"""Level of each band of the fan and the columns of its ends, the widest first."""
CHANCES = ("fund", "period", "year", "chance", "error", "futures")
POLICIES = (
    *("policy", "title", "p05", "p50", "p80", "p95", "chance", "error", "legacy", "units", "futures"),
    *("regret", "regret_error", "regret_futures"),
)
BIENNIUM = "biennium "
"""How a period of two fiscal years begins in `risk.csv`; the year it ends in follows."""


def is_played(results: Results) -> bool:
    """Whether futures of this plan were played; what is written last is there."""
    return bool(results.futures) and len(results.risk) > 0


def played(results: Results) -> int:
    """In how many futures."""
    return int(results.futures.get("futures", 0))


def figure(
    results: Results, measure: str, column: str, policy: str = PLAN, fund: str = ALL, period: object = ALL
) -> float:
    """One figure of `risk.csv`; NaN where there is none."""
    rows = results.risk
    if rows.empty or column not in rows:
        return float("nan")
    found = rows.loc[
        rows["policy"].eq(policy)
        & rows["measure"].eq(measure)
        & rows["fund"].eq(fund)
        & rows["period"].eq(str(period)),
        column,
    ]
    return float(found.iloc[0]) if len(found) else float("nan")


def chances(results: Results, policy: str = PLAN) -> pd.DataFrame:
    """`CHANCES` of keeping each appropriation, as in `risk.csv`; fund `all` is that of keeping every one of the period.

    `year` is the fiscal year, or the first of a biennium; periods without an appropriation are left out.
    """
    rows = results.risk
    if rows.empty:
        return pd.DataFrame(columns=list(CHANCES))
    rows = rows[rows["policy"].eq(policy) & rows["measure"].eq("outlay") & rows["chance_within"].notna()]
    table = rows.rename(columns={"chance_within": "chance", "standard_error": "error"})
    table = table.assign(year=[_first_year(p) for p in table["period"].astype(str)])
    named = table[table["fund"].ne(ALL)]
    return table[table["period"].isin(named["period"])][list(CHANCES)].reset_index(drop=True)


def single(table: pd.DataFrame) -> pd.DataFrame:
    """Those of `chances` that are of one appropriation."""
    return table[table["fund"].ne(ALL)]


def below(table: pd.DataFrame, target: float) -> pd.DataFrame:
    """Appropriations whose chance is below a target, the least sure first."""
    rows = single(table)
    return rows[rows["chance"].lt(target)].sort_values(["chance", "year", "fund"], ignore_index=True)


def grid(table: pd.DataFrame) -> pd.DataFrame:
    """`chances` as fund by period, periods in order of time, the least sure fund first, `all` last."""
    wide = table.pivot(index="fund", columns="period", values="chance")
    order = table.drop_duplicates("period").sort_values(["year", "period"])["period"]
    wide = wide[order.tolist()]
    rank = wide.min(axis=1).sort_values(kind="stable").index
    return wide.reindex([*(f for f in rank if f != ALL), *([ALL] if ALL in wide.index else [])])


def funds(results: Results) -> list[str]:
    """What the fan can show besides everything, the largest outlay first."""
    rows = _outlays(results)
    rows = rows[rows["fund"].ne(ALL)]
    return [str(f) for f in rows.groupby("fund")["mean"].sum().sort_values(ascending=False, kind="stable").index]


def outlays(results: Results, fund: str = ALL) -> pd.DataFrame:
    """Outlays of the plan by fiscal year: `year`, percentiles of `risk.csv`, `chance error futures appropriation`."""
    rows = _outlays(results)
    rows = rows[rows["fund"].eq(fund)]
    table = rows.assign(year=fiscal_year(rows["period"])).rename(
        columns={"chance_within": "chance", "standard_error": "error"}
    )
    money = appropriated(results, fund)
    return table.assign(appropriation=table["year"].map(money)).sort_values("year", ignore_index=True)


def appropriated(results: Results, fund: str = ALL) -> pd.Series:
    """What is appropriated by fiscal year, as planned with, before cuts; empty where there is none."""
    rows = _rows_for(results, fund)
    return rows.groupby(rows["fiscal_year"].astype(int))["amount"].sum() if len(rows) else pd.Series(dtype=float)


def is_carried(results: Results, fund: str = ALL) -> bool:
    """Whether some of what is left in a year may be spent in the next."""
    rows = _rows_for(results, fund)
    return "carry_forward" in rows and bool(rows["carry_forward"].fillna(0).astype(float).gt(0).any())


def _rows_for(results: Results, fund: str) -> pd.DataFrame:
    """Appropriations of a fund, or of a part of one: `general`, `general health capital`."""
    rows = results.appropriations
    if fund == ALL or rows.empty:
        return rows
    text = rows.reindex(columns=["fund", "agency", "line_item", "purpose"]).fillna("").astype(str)
    parts = text.assign(purpose=text["purpose"].replace("any", "")).to_numpy().tolist()
    own = pd.Series([" ".join(part for part in row if part) == fund for row in parts], index=rows.index)
    return rows[own if own.any() else text["fund"].eq(fund)]


def history(results: Results, fund: str = ALL) -> pd.DataFrame:
    """What was spent: `year expended`; empty for a part of a fund."""
    known = set(results.history["fund"].astype(str)) if "fund" in results.history else set()
    if fund != ALL and fund not in known:
        return pd.DataFrame({"year": pd.Series(dtype=int), "expended": pd.Series(dtype=float)})
    return outlook.history(results, "" if fund == ALL else "fund", "" if fund == ALL else fund)[["year", "expended"]]


def policies(results: Results) -> pd.DataFrame:
    """`POLICIES`: cost of the horizon and what comes of it, the plan shown first, then by median cost.

    `legacy` and `units` are medians at the end of the last year; `regret` is a mean in USD with its standard error,
    from a sample of the futures; NaN where it was not told.
    """
    rows = results.risk
    cost = rows[rows["measure"].eq("cost")] if len(rows) else rows
    if cost.empty:
        return pd.DataFrame(columns=list(POLICIES))
    last = last_year(results)
    titles = results.futures.get("policies", {})
    table = pd.DataFrame(
        [
            {
                "policy": name,
                "title": str(titles.get(name, name.replace("_", " ").capitalize())),
                **{p: figure(results, "cost", p, name) for p in ("p05", "p50", "p80", "p95", "futures")},
                "chance": figure(results, "cost", "chance_within", name),
                "error": figure(results, "cost", "standard_error", name),
                "legacy": figure(results, "legacy_share", "p50", name, period=last),
                "units": figure(results, "units_moved", "p50", name, period=last),
                "regret": figure(results, "regret", "mean", name),
                "regret_error": figure(results, "regret", "standard_error", name),
                "regret_futures": figure(results, "regret", "futures", name),
            }
            for name in cost["policy"].astype(str)
        ]
    )
    table = table.assign(own=table["policy"].ne(PLAN)).sort_values(["own", "p50"], ignore_index=True)
    return table[list(POLICIES)]


def last_year(results: Results) -> int:
    """The last fiscal year that was played."""
    rows = results.risk
    periods = rows.loc[rows["measure"].eq("units_moved"), "period"].astype(str)
    return max((int(p) for p in periods if p.isdigit()), default=0)


def drivers(results: Results) -> pd.DataFrame:
    """`source title spread chance futures`: USD by which each widens P5 to P95 of cost, and what it does to the chance.

    The widest first; empty where nobody worked it out.
    """
    rows = results.drivers
    columns = ["source", "title", "spread", "chance", "futures"]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    wide = rows.pivot(index="source", columns="measure", values="change")
    about = rows.drop_duplicates("source").set_index("source")[["title", "futures"]]
    table = about.join(wide.reindex(columns=["cost_spread", "chance_within"])).reset_index()
    table = table.rename(columns={"cost_spread": "spread", "chance_within": "chance"})
    return table.sort_values("spread", ascending=False, kind="stable", ignore_index=True)[columns]


def spread_of_all(results: Results) -> float:
    """P95 less P5 of the plan's cost in the futures from which the drivers are told, USD."""
    rows = results.drivers
    found = rows.loc[rows["measure"].eq("cost_spread"), "with_all"] if len(rows) else pd.Series(dtype=float)
    return float(found.iloc[0]) if len(found) else float("nan")


def _outlays(results: Results) -> pd.DataFrame:
    """Rows of the plan's outlays that are of a fiscal year."""
    rows = results.risk
    if rows.empty:
        return pd.DataFrame(columns=["fund", "period", "mean", "chance_within", "standard_error", "futures"])
    rows = rows[rows["policy"].eq(PLAN) & rows["measure"].eq("outlay")]
    return rows[rows["period"].astype(str).str.fullmatch(r"\d{4}")]


def _first_year(period: str) -> int:
    return int(period.removeprefix(BIENNIUM)) - 1 if period.startswith(BIENNIUM) else int(period)
