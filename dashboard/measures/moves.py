"""What moves when: quarters as places on an axis, waves, sites, and the limits that a plan uses up."""

from __future__ import annotations

import re

import pandas as pd

from dashboard.measures.money import MODERN, fiscal_year, old_systems
from scenarios.results import Results
from scenarios.tables import METHODS

_QUARTER = re.compile(r"\d{4}Q[1-4]")
_YEAR = re.compile(r"FY(\d{4})")


def quarters(results: Results) -> list[str]:
    """Every quarter of the horizon, in order."""
    return sorted(results.outlays["period"].astype(str).unique())


def year_end(results: Results) -> int:
    """The month in which the study's fiscal year ends."""
    return (int(results.summary.get("fiscal_year_start", 7)) - 2) % 12 + 1


def start_of(quarter: str, end_month: int = 6) -> pd.Timestamp:
    """The first day of a fiscal quarter: 2027Q1 begins on 1 July 2026 where the year ends in June."""
    year, number = int(quarter[:4]), int(quarter[-1])
    return pd.Timestamp(year - 1, 1, 1) + pd.DateOffset(months=end_month + 3 * (number - 1))


def end_of(quarter: str, end_month: int = 6) -> pd.Timestamp:
    """The last day of a fiscal quarter."""
    return start_of(quarter, end_month) + pd.DateOffset(months=3) - pd.Timedelta(days=1)


def place(date: pd.Timestamp, first: str, end_month: int = 6) -> float:
    """Where a date falls on an axis that counts quarters from the first one's beginning."""
    begin = start_of(first, end_month)
    months = 12 * (date.year - begin.year) + date.month - begin.month
    return (months + (date.day - 1) / date.days_in_month) / 3


def assumption(results: Results, name: str) -> str:
    """A parameter's value as the plan was made with it, as text; blank where it is not listed."""
    rows = results.assumptions
    found = rows.loc[rows["parameter"].astype(str) == name, "value"] if "parameter" in rows else pd.Series(dtype=str)
    return str(found.iloc[0]) if len(found) else ""


def buy_by(results: Results, quarter: str) -> pd.Timestamp:
    """The day on which buying begins, in time: the first of the quarter that the plan names, or today; NaT if none."""
    return max(start_of(quarter, year_end(results)), as_of(results)) if quarter else pd.NaT  # type: ignore[return-value]


def bought_from(plan: pd.DataFrame) -> pd.Series:
    """The quarter in which the purchase of each row begins; blank where nothing is bought, or not told."""
    return plan["buy_from"].fillna("").astype(str) if "buy_from" in plan else pd.Series("", index=plan.index)


def methods(names: pd.Series) -> str:
    """Ways to buy in plain words: `cooperative contract, invitation to bid`; those of other programs as they are."""
    used = {str(name) for name in names} - {"", "nan"}
    known = [METHODS[name] for name in METHODS if name in used]
    return ", ".join([*known, *sorted(name.replace("_", " ") for name in used - set(METHODS))])


def first_purchase(results: Results) -> str:
    """How the first thing is bought, in plain words; blank where nothing is, or where the folder does not tell."""
    first = results.summary.get("first_purchase") or {}
    return methods(pd.Series([str(first.get("method", ""))]))


def as_of(results: Results) -> pd.Timestamp:
    """The day from which the plan looks ahead: as the study says, or the first day of the horizon."""
    said = str(results.summary.get("as_of", ""))
    if re.match(r"\d{4}-\d{2}-\d{2}", said):
        return pd.Timestamp(said[:10])
    known = quarters(results)
    return start_of(known[0], year_end(results)) if known else pd.Timestamp(2026, 7, 1)


def waves(results: Results) -> pd.DataFrame:
    """Each wave: `wave start off systems units sites one_time_cost methods agencies buy_by`, by first start."""
    rows = _with_wave(results.plan).assign(buy_from=bought_from(results.plan))
    rows = rows[rows["start"].astype(str) != ""]
    columns = ["wave", "start", "off", "systems", "units", "sites", "one_time_cost", "methods", "agencies", "buy_by"]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    found = [
        {
            "wave": str(name),
            "start": str(group["start"].min()),
            "off": str(group["legacy_off"].max()),
            "systems": int(group["system"].nunique()),
            "units": int(group["units"].sum()),
            "sites": int(group["site"].astype(str).nunique()),
            "one_time_cost": float(group["one_time_cost"].sum()),
            "methods": methods(group["method"]),
            "agencies": int(group["agency"].astype(str).nunique()),
            "buy_by": buy_by(results, min((q for q in group["buy_from"] if q), default="")),
        }
        for name, group in rows.groupby("wave", sort=False)
    ]
    return pd.DataFrame(found).sort_values(["start", "wave"], ignore_index=True)[columns]


def purchases(waves: pd.DataFrame) -> pd.DataFrame:
    """The waves for which something is bought, the first to buy first."""
    return waves.dropna(subset="buy_by").sort_values(["buy_by", "start", "wave"], ignore_index=True)


def lifelines(results: Results) -> pd.DataFrame:
    """Each site: `site wave units moved stays start off modern`, by first start; where nothing moves last."""
    modern = _modern_systems(results)
    placed = results.plan["site"].astype(str).ne("") | ~results.plan["system"].astype(str).isin(modern)
    rows = _with_wave(results.plan[placed])
    rows = rows.assign(site=rows["site"].astype(str).replace("", "without a site"))
    found = []
    for site, group in rows.groupby("site"):
        moving = group[group["start"].astype(str) != ""]
        first = moving.sort_values("start").iloc[0] if len(moving) else None
        stays = group[group["start"].astype(str) == ""]
        found.append(
            {
                "site": str(site),
                "wave": str(first["wave"]) if first is not None else "",
                "units": int(group["units"].sum()),
                "moved": int(moving["units"].sum()),
                "stays": int(stays["units"].sum()),
                "start": str(first["start"]) if first is not None else "",
                "off": str(moving["legacy_off"].max()) if len(moving) else "",
                "modern": bool(len(stays)) and bool(stays["system"].astype(str).isin(modern).all()),
            }
        )
    columns = ["site", "wave", "units", "moved", "stays", "start", "off", "modern"]
    table = pd.DataFrame(found, columns=columns)
    last = table["start"].replace("", "9999Q9")
    return table.assign(_last=last).sort_values(["_last", "off", "site"], ignore_index=True)[columns]


def closings(results: Results) -> pd.DataFrame:
    """`site closes saving` of each site that the plan closes: quarter, USD in present value, the first one first."""
    rows = results.sites
    if "closes" not in rows:
        return pd.DataFrame(columns=["site", "closes", "saving"])
    closed = rows[rows["closes"].fillna("").astype(str) != ""]
    return closed[["site", "closes", "saving"]].sort_values(["closes", "site"], ignore_index=True)


def _with_wave(plan: pd.DataFrame) -> pd.DataFrame:
    """The plan with its waves as text: a column with blanks comes back from a file as fractions."""
    return plan.assign(wave=plan["wave"].astype(str).str.removesuffix(".0").replace("nan", ""))


def _modern_systems(results: Results) -> set[str]:
    """Systems that were modern from the start."""
    rows = results.plan
    return set(rows.loc[rows["side"].astype(str) == "modern", "system"].astype(str)) if "side" in rows else set()


def limits(results: Results) -> pd.DataFrame:
    """The limits with their keys taken apart: `limit subject quarter year used allowed unit binding price`."""
    rows = results.limits
    keys = rows["key"].astype(str)
    quarter = keys.map(lambda key: match[0] if (match := _QUARTER.search(key)) else "")
    year = keys.map(lambda key: match[1] if (match := _YEAR.search(key)) else "")
    subject = [
        re.sub(r"\s+", " ", key.replace(q, "").replace(f"FY{y}", "")).strip()
        for key, q, y in zip(keys, quarter, year, strict=True)
    ]
    binding = rows["binding"].astype(str).str.lower().isin(("true", "1", "1.0", "yes"))
    return rows.assign(subject=subject, quarter=quarter, year=year, binding=binding)


def capacity(results: Results) -> pd.DataFrame:
    """Limits counted by quarter: those of `limits` that name one, with every quarter of the horizon present."""
    rows = limits(results)
    rows = rows[rows["quarter"] != ""]
    return rows.sort_values(["limit", "subject", "quarter"], ignore_index=True)


def fates(results: Results) -> pd.DataFrame:
    """What happens to each system, as the page's grid shows it; money in millions."""
    rows = old_systems(results)
    starts = [str(s) for s in rows["start"]]
    begins = bought_from(rows)
    buy = {q: str(buy_by(results, q).date()) if q else "" for q in set(begins)}
    return pd.DataFrame(
        {
            "system": rows["system"].astype(str),
            "name": rows["name"].astype(str).where(rows["name"].astype(str) != "", rows["system"].astype(str)),
            "agency": rows["agency"].astype(str),
            "site": rows["site"].astype(str),
            "units": rows["units"].astype(int),
            "cost": rows["run_cost_before"].astype(float) / 1e6,
            "after": rows["run_cost_after"].astype(float) / 1e6,
            "risk": rows["risk"].astype(float),
            "strategy": rows["strategy"].astype(str),
            "fate": rows["strategy"].astype(str),
            "buy": [buy[q] for q in begins],
            "start": starts,
            "off": rows["legacy_off"].astype(str),
            "saves": rows["npv_saving"].astype(float) / 1e6,
            "held": rows["lock"].astype(str).replace("nan", ""),
        }
    )


def moved_share(results: Results) -> float:
    """Share of servers that end on modern platforms."""
    rows = old_systems(results)
    total = float(rows["units"].sum())
    return float(rows.loc[rows["strategy"].isin(MODERN), "units"].sum()) / total if total else 0.0


def last_year(results: Results) -> int:
    """The last fiscal year of the horizon."""
    return int(fiscal_year(results.outlays["period"]).max())
