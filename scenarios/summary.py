"""The figures of a plan that fit on a page, each a sum of flows or a count of plan rows."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from optimizer import Plan
from scenarios.expected import Expected
from scenarios.scenario import Scenario
from scenarios.study import Study
from scenarios.tables import MODERN

TRANSITION = ("one_time", "dual_run", "exit")
"""The natures of outlay that exist only because something moves."""

INFRASTRUCTURE = "infrastructure"
"""Categories of spending whose name holds this word are infrastructure."""


def summarize(study: Study, scenario: Scenario, plan: Plan, rival: Plan, outlook: Expected | None) -> dict[str, Any]:
    """What `summary.json` holds; amounts in USD, years as text."""
    own, other = outlay_by_year(plan.flows), outlay_by_year(rival.flows)
    saved = other.sub(own, fill_value=0.0)
    sides = study.table("systems").set_index("system")["side"]
    rows = plan.rows[plan.rows["system"].map(sides).eq("legacy")]
    moved = rows[rows["strategy"].isin(MODERN)]
    return {
        "study": study.facts.name,
        "scenario": scenario.name,
        "title": scenario.title or scenario.name.replace("_", " ").capitalize(),
        "why": scenario.why,
        "made_up": study.facts.made_up,
        "as_of": study.facts.as_of.isoformat(),
        "fiscal_year_start": study.facts.fiscal_year_start,
        "biennium_start": study.facts.biennium_start,
        "status": plan.status,
        "objective": plan.objective,
        "bound": _number(plan.bound),
        "gap": _number(plan.gap),
        "gap_usd": _number(plan.objective - plan.bound),
        "terms": {str(k): float(v) for k, v in plan.terms.items()},
        "net_saving": float(saved.sum()),
        "net_saving_by_year": _by_year(saved),
        "npv_saving": float(plan.rows["npv_saving"].sum() + plan.sites["saving"].sum()),
        "npv_saving_horizon": _present_value(study, rival) - _present_value(study, plan),
        "outlay_by_year": _by_year(own),
        "cost_to_continue_by_year": _by_year(other),
        "legacy_share": _by_year(legacy_share(plan.flows)),
        "infrastructure_share": _by_year(infrastructure_share(study, outlook)),
        "infrastructure_share_planned": _by_year(infrastructure_share_planned(study, plan, rival, outlook)),
        "units_total": int(rows["units"].sum()),
        "units_moved": int(moved["units"].sum()),
        "units_moved_by_year": _by_year(_units_by_year(moved, study), int),
        "units_by_strategy": {str(k): int(v) for k, v in rows.groupby("strategy")["units"].sum().items()},
        "first_cutover": str(min((c for c in rows["cutover"] if c), default="")),
        "first_purchase": _first_purchase(plan.moves),
        "year_end": outlook.year_end.summary() if outlook and outlook.year_end else None,
        "futures": 0,
        "warnings": [str(w) for w in study.warnings],
    }


def _first_purchase(moves: pd.DataFrame) -> dict[str, str] | None:
    """`quarter`, in which the first purchase begins at the latest, and its `method`; None where nothing is bought."""
    bought = moves[moves["buy_from"].ne("")].sort_values(["buy_from", "start", "system"])
    if bought.empty:
        return None
    return {"quarter": str(bought["buy_from"].iloc[0]), "method": str(bought["method"].iloc[0])}


def fiscal_year(period: pd.Series) -> pd.Series:
    """The fiscal year of quarters written as text (`2027Q1`)."""
    return period.astype(str).str[:4].astype(int)


def outlay_by_year(flows: pd.DataFrame) -> pd.Series:
    """All that is spent by fiscal year, USD."""
    return flows["amount"].groupby(fiscal_year(flows["period"]).to_numpy()).sum()


def legacy_share(flows: pd.DataFrame) -> pd.Series:
    """Legacy run cost over all run cost, by fiscal year; the residual has no side and does not count."""
    run = flows[flows["nature"].eq("run")]
    by = run.assign(year=fiscal_year(run["period"])).pivot_table(
        index="year", columns="side", values="amount", aggfunc="sum", fill_value=0.0
    )
    legacy = by["legacy"] if "legacy" in by else 0.0 * by.sum(axis=1)
    return (legacy / by.sum(axis=1)).fillna(0.0)


def infrastructure_share(study: Study, outlook: Expected | None) -> pd.Series:
    """Share of cost to continue in categories called infrastructure, by fiscal year, history included.

    The share that Ohio published (70-81 %); computed from spending categories, never from sides.
    """
    if outlook is None or not study.table("spending")["category"].str.contains(INFRASTRUCTURE).any():
        return pd.Series(dtype=float)
    inside, total = _infrastructure(outlook)
    return inside / total


def infrastructure_share_planned(study: Study, plan: Plan, rival: Plan, outlook: Expected | None) -> pd.Series:
    """The same share if the plan is carried out, by fiscal year of the horizon; empty where categories do not tell.

    What a system costs, moving it included, stays in the category of its `spending_line`; only a service that was
    bought in its place (repurchase) is an application. Sites are infrastructure. Nothing saved is spent elsewhere.
    """
    systems = study.table("systems").set_index("system")
    if infrastructure_share(study, outlook).empty or outlook is None or systems["spending_line"].eq("").any():
        return pd.Series(dtype=float)
    inside, total = _infrastructure(outlook)
    category = systems["spending_line"].str.rsplit("/", n=1).str[-1]
    part = category.str.contains(INFRASTRUCTURE).astype(float)
    moved = plan.rows[plan.rows["strategy"].isin(MODERN)].set_index("system")
    bought = moved["units"].where(moved["strategy"].eq("repurchase"), 0).groupby(level=0).sum()
    kept = 1 - (bought / moved["units"].groupby(level=0).sum()).reindex(part.index).fillna(0.0)
    change = pd.Series(0.0, index=total.index)
    change_inside = change.copy()
    for flows, sign in ((plan.flows, 1.0), (rival.flows, -1.0)):
        own = flows[flows["nature"].ne("residual")]
        share = own["entity"].map(part).fillna(1.0)
        share *= own["entity"].map(kept).fillna(1.0).where(own["side"].eq("modern"), 1.0)
        year = fiscal_year(own["period"]).to_numpy()
        change = change.add(sign * own["amount"].groupby(year).sum(), fill_value=0.0)
        change_inside = change_inside.add(sign * (own["amount"] * share).groupby(year).sum(), fill_value=0.0)
    years = list(study.years)
    return (inside.add(change_inside, fill_value=0.0) / total.add(change, fill_value=0.0)).reindex(years).dropna()


def _infrastructure(outlook: Expected) -> tuple[pd.Series, pd.Series]:
    """Cost to continue in categories called infrastructure, and in all, by fiscal year, history included; USD."""
    spent = outlook.history[["category", "period", "amount"]]
    ahead = outlook.lines[["category", "period", "mean"]].set_axis(["category", "period", "amount"], axis=1)
    both = pd.concat([spent[~spent["period"].isin(set(ahead["period"]))], ahead])
    inside = both["category"].astype(str).str.contains(INFRASTRUCTURE)
    return both[inside].groupby("period")["amount"].sum(), both.groupby("period")["amount"].sum()


def _present_value(study: Study, plan: Plan) -> float:
    """All money within the horizon, discounted from the middle of each quarter; a dollar of any fund counts alike."""
    now = study.calendar.quarter_of(study.as_of)
    into = (study.as_of - now.start_time) / ((now + 1).start_time - now.start_time)
    amounts = plan.flows["amount"].groupby(plan.flows["period"].to_numpy()).sum()
    quarters = pd.PeriodIndex(amounts.index).astype("int64").to_numpy() - now.ordinal
    rate = study.settings.number("discount_rate")
    return float(amounts.to_numpy() @ (1 + rate) ** (-(quarters + 0.5 - into) / 4))


def _units_by_year(moved: pd.DataFrame, study: Study) -> pd.Series:
    by = moved["units"].groupby(fiscal_year(moved["cutover"]).to_numpy()).sum() if len(moved) else pd.Series(dtype=int)
    return by.reindex(list(study.years), fill_value=0)


def _number(value: float) -> float | None:
    """None where there is no such figure: a plan that was given has no bound."""
    return None if math.isnan(value) else value


def _by_year(values: pd.Series, kind: type = float) -> dict[str, Any]:
    return {str(year): kind(value) for year, value in values.items()}
