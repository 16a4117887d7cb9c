"""Results of a state that does not exist, in the shapes of `docs/architecture.md`, with money conserved."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scenarios.budget import VERSIONS
from scenarios.by_hand import OVERRIDDEN
from scenarios.results import Results, write_results
from scenarios.year_end import COLUMNS, VARIANCE

FUNDS = ("general", "federal", "highway", "services")
AGENCIES = ("taxation", "health", "transportation", "education", "justice", "natural_resources")
SITES = ("ashford", "bellwood", "carlow", "dunmore", "eastlake", "fairview", "garnet", "hollis")
KEYS = ["agency", "program", "fund", "category"]
SUMS: tuple[tuple[str, ...], ...] = (("agency",), ("fund",), ("category",), ())
MODERN = ("rehost", "replatform", "repurchase", "refactor")
RUN_FACTOR = {"rehost": 0.66, "replatform": 0.5, "repurchase": 0.6, "refactor": 0.4, "relocate": 0.72, "retire": 0.0}
COST = {"rehost": 6900, "replatform": 16500, "repurchase": 12000, "refactor": 52000, "relocate": 3500, "retire": 1500}
AVOIDABLE = 0.9
ASSUMPTIONS = (
    ("discount_rate", "0.03", "1/year", "0.03", "[B] Planning assumption"),
    ("risk_price", "1500", "USD/unit-quarter", "1500", "[B] Stated by the planner"),
    ("existing_contract.lead_days", "84", "days", "60", "[D] 45-120 days"),
    ("avoidable_share", "0.9", "share", "0.9", "[B] Shared staff do not vanish"),
)


@cache
def results(kind: str = "full", years: int = 5) -> Results:
    """`full`, `rival`, or `empty` (no rows but the columns), over some fiscal years from FY2027."""
    quarters = [f"{y}Q{q}" for y in range(2027, 2027 + years) for q in (1, 2, 3, 4)]
    systems = _systems()
    plan, flows = _plan(systems, quarters, moves=kind == "full")
    if kind == "empty":
        plan, flows = plan.iloc[:0], flows.iloc[:0]
    name = {"full": "baseline", "rival": "cost_to_continue", "empty": "empty"}[kind]
    outlays = flows.groupby(["period", "fund", "nature", "side"])["amount"].sum().reset_index()
    outlook, history = _outlook(quarters)
    year_end, variance = _year_end(history)
    none = 0 if kind == "empty" else None
    return Results(
        folder=Path(name),
        plan=plan,
        flows=flows,
        outlays=outlays,
        limits=_limits(quarters).iloc[: 0 if kind == "empty" else None],
        outlook=outlook.iloc[: 0 if kind == "empty" else None],
        history=history.iloc[: 0 if kind == "empty" else None],
        scores=_scores().iloc[: 0 if kind == "empty" else None],
        treatments=_treatments(),
        appropriations=_appropriations(flows, years),
        sites=pd.DataFrame({"site": list(SITES), "name": "", "fund": "general", "annual_fixed_cost": 200_000.0}),
        assumptions=pd.DataFrame(ASSUMPTIONS, columns=["parameter", "value", "unit", "default", "source"]).assign(
            changed_by=""
        ),
        summary=_summary(name, plan, flows),
        manifest={"scenario": {"name": name, "why": "The study as it stands."}, "study": None},
        timings={"seconds": {}},
        year_end=year_end.iloc[:none],
        variance=variance.iloc[:none],
        overrides=_overrides(outlook, history).iloc[:none],
        versions=_versions(_appropriations(flows, years), history).iloc[:none],
    )


PRICES = ("limit", "key", "unit", "allowed", "price", "more", "less", "holds_from", "holds_to", "confirmed", "words")
CHECKED = (
    ("hours", "migration 2029Q1", "hours", 4000.0, 40.0, 40.0, 40.0, 3600.0, 4400.0, True, ""),
    ("hours", "application 2029Q1", "hours", 3000.0, 30.0, 20.0, 30.0, 2700.0, 3000.0, True, ""),
    ("hours", "application 2029Q2", "hours", 3000.0, 9.0, np.nan, np.nan, np.nan, np.nan, False, ""),
    ("appropriation", "general FY2028", "USD", 38e6, 0.4, 0.3, 0.5, 38e6, 38e6, False, ""),
)


def checked(made: Results | None = None) -> Results:
    """The full results, or others, with their prices checked."""
    made = made or results()
    return replace(made, explained={**made.explained, "prices": pd.DataFrame(CHECKED, columns=list(PRICES))})


def with_choices(made: Results | None = None) -> Results:
    """The full results, or others, with near-equal plans and a frontier."""
    made = made or results()
    later = made.plan.assign(start=made.plan["start"].mask(made.plan["start"] == "2028Q1", "2028Q2"))
    alternatives = [
        (1, 0.015, 0.4, 0.4, "costs 1.50 % more ($1.5M); starts 9 units in another quarter"),
        (2, 0.011, 0.3, 0.3, "costs 1.10 % more ($1.1M); moves 1 unit that the best plan keeps"),
    ]
    frontier = [
        (1, 80e6, 900.0, 0.30, 0.5, "least cost"),
        (2, 81e6, 700.0, 0.33, 0.6, "the study's own objective"),
        (3, 84e6, 650.0, 0.32, 0.6, "risk at most 650.0 unit-quarters"),
        (4, 90e6, 720.0, 0.41, 0.7, "speed at least 41.0%"),
    ]
    found = {
        "alternatives": pd.DataFrame(alternatives, columns=["plan", "dearer", "difference", "nearest", "words"]),
        "alternative_plans": pd.concat([made.plan.assign(plan=1), later.assign(plan=2)], ignore_index=True),
        "frontier": pd.DataFrame(frontier, columns=["plan", "cost", "risk", "speed", "moved_share", "aim"]),
    }
    return replace(made, explained={**made.explained, **found})


def write(out: Path) -> Path:
    """A results folder with `baseline` and `cost_to_continue`."""
    for kind in ("full", "rival"):
        made = results(kind)
        write_results(replace(made, folder=out / made.name))
    return out


def _systems() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    n = 60
    agency = rng.choice(AGENCIES, n)
    return pd.DataFrame(
        {
            "system": [f"system_{i:02d}" for i in range(n)],
            "name": [f"{a.replace('_', ' ').capitalize()} service {i}" for i, a in enumerate(agency)],
            "agency": agency,
            "program": "",
            "site": rng.choice(SITES[:7], n),
            "fund": rng.choice(FUNDS, n, p=[0.5, 0.2, 0.2, 0.1]),
            "units": rng.integers(3, 90, n),
            "cost": rng.uniform(9_000, 52_000, n).round(2),
            "criticality": rng.integers(1, 6, n),
            "risk": rng.integers(10, 95, n).astype(float),
            "end_of_support": "2028-01-14",
            "side": np.where(np.arange(n) % 12 == 5, "modern", "legacy"),
            "lock": "",
        }
    )


def _plan(systems: pd.DataFrame, quarters: list[str], moves: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(11)
    rows: list[dict[str, Any]] = []
    flows: list[tuple[str, str, str, str, str, float]] = []
    for record in systems.to_dict("records"):
        s = {str(k): v for k, v in record.items()}
        parts = [(int(s["units"]), "retain")]
        if moves and s["side"] == "legacy" and rng.random() < 0.86:
            strategy = str(rng.choice([*MODERN, "relocate", "retire"], p=[0.42, 0.16, 0.08, 0.04, 0.12, 0.18]))
            stay = int(s["units"]) // 3 if rng.random() < 0.2 else 0
            parts = [(int(s["units"]) - stay, strategy)] + ([(stay, "retain")] if stay else [])
        for units, strategy in parts:
            start = int(np.clip(SITES.index(s["site"]) * 2 + rng.integers(1, 4), 1, max(len(quarters) - 5, 1)))
            row, made = _fate(s, units, strategy, start, quarters)
            rows.append(row)
            flows += made
    for quarter in quarters:
        flows += [(site, quarter, "general", "site", "legacy", 50_000.0) for site in SITES]
        flows += [("residual", quarter, fund, "residual", "other", 900_000.0) for fund in FUNDS]
    frame = pd.DataFrame(flows, columns=["entity", "period", "fund", "nature", "side", "amount"])
    sums = frame.groupby(["entity", "period", "fund", "nature", "side"])["amount"].sum()
    return pd.DataFrame(rows), sums.reset_index()


def _fate(
    s: dict[str, Any], units: int, strategy: str, start: int, quarters: list[str]
) -> tuple[dict[str, Any], list[tuple[str, str, str, str, str, float]]]:
    """One row of the plan and its cash flows, as the table of the contract has them."""
    run = [units * s["cost"] / 4 * 1.025 ** (t / 4) for t in range(len(quarters))]
    flows: list[tuple[str, str, str, str, str, float]] = []

    def pay(t: int, nature: str, side: str, amount: float) -> None:
        if t < len(quarters) and amount:
            flows.append((s["system"], quarters[t], s["fund"], nature, side, amount))

    about = {
        k: s[k]
        for k in ("name", "agency", "program", "site", "side", "fund", "criticality", "risk", "end_of_support", "lock")
    }
    row = {"system": s["system"], "units": units, "strategy": strategy, "method": "", "start": "", "cutover": ""}
    row |= {
        "buy_from": "",
        "legacy_off": "",
        "wave": 0,
        "one_time_cost": 0.0,
        "run_cost_before": 4 * run[-1],
        "run_cost_after": 4 * run[-1],
    }
    row |= {"npv_saving": 0.0, **about}
    if strategy == "retain":
        for t, amount in enumerate(run):
            pay(t, "run", s["side"], amount)
        return row, flows
    cut = start + 1
    off = cut + (0 if strategy in ("retire", "relocate") else 1)
    after = [r * RUN_FACTOR[strategy] for r in run]
    once = units * COST[strategy]
    new_side = "legacy" if strategy == "relocate" else "modern"
    for t, amount in enumerate(run):
        pay(t, "run" if t < cut else "dual_run", "legacy", amount if t < off else 0.0)
        pay(t, "run", "legacy", (1 - AVOIDABLE) * amount if t >= off else 0.0)
        pay(t, "run", new_side, after[t] if t >= cut else 0.0)
    pay(start, "one_time", new_side if strategy != "retire" else "legacy", once)
    end = min(off, len(quarters) - 1)
    saved = sum(run[t] * AVOIDABLE - after[t] for t in range(end, len(quarters)))
    row |= {"start": quarters[start], "cutover": quarters[min(cut, len(quarters) - 1)], "legacy_off": quarters[end]}
    row |= {
        "wave": 1 + start // 4,
        "method": "existing_contract",
        "buy_from": quarters[max(start - 1, 0)],
        "one_time_cost": once,
        "npv_saving": saved - once,
    }
    row["run_cost_after"] = 4 * (after[-1] + (1 - AVOIDABLE) * run[-1])
    return row, flows


def _limits(quarters: list[str]) -> pd.DataFrame:
    rows = []
    for i, quarter in enumerate(quarters):
        for skill, allowed in (("migration", 4000.0), ("application", 3000.0)):
            used = min(allowed, allowed * (0.2 + 0.16 * i) if i < 9 else allowed * max(0.05, 1.9 - 0.1 * i))
            rows.append(
                ("hours", f"{skill} {quarter}", used, allowed, "hours", used >= allowed, 38.0 * (used >= allowed))
            )
        rows.append(("starts", quarter, 60.0 + 5 * i, 240.0, "units", False, 0.0))
    for year in sorted({q[:4] for q in quarters}):
        rows.append(
            ("appropriation", f"general FY{year}", 38e6, 38e6, "USD", year == "2028", 0.4 if year == "2028" else 0.0)
        )
    return pd.DataFrame(rows, columns=["limit", "key", "used", "allowed", "unit", "binding", "price"])


def _appropriations(flows: pd.DataFrame, years: int) -> pd.DataFrame:
    spent = flows.groupby(["fund", flows["period"].str[:4].astype(int)])["amount"].sum()
    status = {2027: "enacted", 2028: "enacted", 2029: "request", 2030: "request"}
    rows = [
        {
            "fund": fund,
            "agency": "",
            "line_item": "",
            "fiscal_year": year,
            "amount": round(float(spent.get((fund, year), 9e6)) * 1.06, -5),
            "purpose": "any",
            "status": status.get(year, "forecast"),
            "carry_forward": 0.0,
            "opening_balance": 0.0,
            "transfer_limit": 0.0,
        }
        for fund in FUNDS
        for year in range(2027, 2027 + years)
    ]
    return pd.DataFrame(rows)


def _outlook(quarters: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(3)
    ahead, past = [], []
    years = sorted({int(q[:4]) for q in quarters})
    for agency in AGENCIES:
        for category in ("infrastructure", "applications"):
            fund = str(rng.choice(FUNDS))
            level = float(rng.uniform(2e6, 9e6))
            for year in range(2017, 2027):
                spent = level * 1.03 ** (year - 2027) * float(rng.normal(1, 0.03))
                past.append((agency, "", fund, category, year, spent * 1.04, spent))
            for i, year in enumerate(years):
                mean = level * 1.03**i
                half = 0.06 * mean * (1 + i) ** 0.5
                ahead.append((agency, "", fund, category, year, mean, half))
    lines = pd.DataFrame(ahead, columns=[*KEYS, "period", "mean", "half"])
    both = pd.concat([lines, *(_sum(lines, by, ["period"]) for by in SUMS)], ignore_index=True)
    for level_, k in ((80, 1.0), (95, 1.53)):
        both[f"lo_{level_}"], both[f"hi_{level_}"] = both["mean"] - k * both["half"], both["mean"] + k * both["half"]
    history = pd.DataFrame(past, columns=[*KEYS, "period", "appropriated", "expended"])
    return both[[*KEYS, "period", "mean", "lo_80", "hi_80", "lo_95", "hi_95"]], history


def _sum(lines: pd.DataFrame, by: tuple[str, ...], more: list[str]) -> pd.DataFrame:
    """Sums of lines; their ranges are half as wide as those of the lines together."""
    heads = [*by, *more]
    lines = lines.assign(half=lines["half"] * 0.5)
    numbers = [c for c in lines.select_dtypes("number") if c not in more]
    total = lines.groupby(heads)[numbers].sum().reset_index() if heads else lines[numbers].sum().to_frame().T
    return total.assign(**{k: "(all)" for k in KEYS if k not in by})


def _year_end(history: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """FY2026 after 11 of 12 months, and budget against actual to date; lines have appropriations of their own."""
    lines = history[history["period"].eq(2026)].rename(columns={"expended": "mean"}).reset_index(drop=True)
    lines = lines.assign(spent=lines["mean"] * 0.87, encumbered=lines["mean"] * 0.05, half=lines["mean"] * 0.02)
    lapse = lines["appropriated"] - lines["mean"]
    lines = lines.assign(expected_lapse=lapse + 2e4, expected_overspend=2e4).drop(columns="period")
    table = pd.concat([lines, *(_sum(lines, by, []) for by in (("agency", "fund"), ("fund", "category"), *SUMS))])
    table = table.assign(period=2026, closed=11, of=12, chance_over=0.04)
    for level, k in ((80, 1.0), (95, 1.53)):
        table[f"lo_{level}"], table[f"hi_{level}"] = (
            table["mean"] - k * table["half"],
            table["mean"] + k * table["half"],
        )
    due = lines["appropriated"] * 0.88
    timing = 0.88 * lines["mean"] - lines["spent"]
    variance = lines[[*KEYS, "appropriated", "spent"]].assign(
        period=2026, budget_to_date=due, variance=due - lines["spent"], timing=timing, level=0.88 * lapse
    )
    share = variance["variance"] / variance["variance"].abs().sum()
    variance = variance.assign(direction="favourable", share=share)
    return table[list(COLUMNS)].reset_index(drop=True), variance[list(VARIANCE)]


def _overrides(outlook: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """One ahead, and one of a year that has closed: nearer by hand than by the models."""
    keys = ("health", "", "", "infrastructure")
    model = float(outlook.loc[outlook["agency"].eq("health") & outlook["period"].eq(2027), "mean"].iloc[0])
    own = history["agency"].eq("health") & history["category"].eq("infrastructure") & history["period"].eq(2025)
    came = float(history.loc[own, "expended"].iloc[0])
    said = ("A contract ends in December 2026", "Health, finance office", "2026-06-15")
    then = ("A contract began", "Health, finance office", "2024-09-15")
    rows = [
        (*keys, 2027, model / 2, model, 1, *said, *[np.nan] * 4),
        (*keys, 2025, 1.01 * came, 1.1 * came, 1, *then, came, 200 * 0.01 / 2.01, 200 * 0.1 / 2.1, 1.0),
    ]
    return pd.DataFrame(rows, columns=list(OVERRIDDEN))


def _versions(appropriations: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """What was appropriated, what was asked for before it, one fund that was revised, and what was spent."""
    given = appropriations.rename(columns={"fiscal_year": "period", "status": "version"}).assign(
        source="appropriations"
    )
    enacted = given[given["version"].eq("enacted")]
    raised = enacted[enacted["fund"].eq("general")]
    past = history.groupby(["fund", "agency", "period"])[["appropriated", "expended"]].sum().reset_index()
    past = past.assign(line_item="", purpose="any", source="spending")
    parts = [
        given,
        enacted.assign(version="request", amount=enacted["amount"] * 1.04),
        raised.assign(version="revised", amount=raised["amount"] * 1.01),
        past.assign(version="enacted", amount=past["appropriated"]),
        past.assign(version="actual", amount=past["expended"]),
    ]
    return pd.concat(parts, ignore_index=True).assign(biennium="")[list(VERSIONS)]


def _scores() -> pd.DataFrame:
    rows = []
    for horizon in (1, 2, 3, 4, 5):
        rows.append(("last value", horizon, 5.0 + 2.0 * horizon, 1.0, 1.0, 0.8, 0.95, 0.0, 60))
        rows.append(("combined", horizon, 3.5 + 1.6 * horizon, 0.8, 0.77, 0.81, 0.94, 1.0, 60))
    return pd.DataFrame(
        rows, columns=["model", "horizon", "smape", "mase", "owa", "coverage_80", "coverage_95", "weight", "n"]
    )


def _treatments() -> pd.DataFrame:
    rows = [("health", "", "general", "infrastructure", 2020, "outlier", "pulled in", 9.1e6, 5.2e6)]
    return pd.DataFrame(rows, columns=[*KEYS, "period", "found", "treatment", "before", "after"])


def _summary(name: str, plan: pd.DataFrame, flows: pd.DataFrame) -> dict[str, Any]:
    run = flows[flows["nature"] == "run"]
    by = run.groupby([run["period"].str[:4], "side"])["amount"].sum().unstack().fillna(0.0)
    share = (by["legacy"] / by.sum(axis=1)).to_dict() if len(by) else {}
    return {
        "study": "State of Erie",
        "scenario": name,
        "title": "Cost to continue" if name == "cost_to_continue" else "Baseline",
        "why": "The study as it stands.",
        "made_up": True,
        "as_of": "2026-07-01",
        "biennium_start": None,
        "status": "optimal",
        "objective": 1e8,
        "bound": 0.9992e8,
        "gap": 0.0008,
        "gap_usd": 8e4,
        "npv_saving": float(plan["npv_saving"].sum()) if len(plan) else 0.0,
        "legacy_share": {str(k): float(v) for k, v in share.items()},
        "units_total": int(plan.loc[plan["side"].eq("legacy"), "units"].sum()) if len(plan) else 0,
        "units_moved": int(plan.loc[plan["strategy"].isin(MODERN), "units"].sum()) if len(plan) else 0,
        "first_purchase": {"quarter": "2027Q1", "method": "existing_contract"},
        "warnings": [],
    }
