"""What will be spent if nothing changes: history and outlook of the whole or of one part."""

from __future__ import annotations

from math import sqrt

import pandas as pd

from dashboard.measures.money import ALL, fiscal_year
from scenarios.results import Results

KEYS = ("agency", "program", "fund", "category")
CUTS = ("agency", "fund", "category")
LEVELS = (80, 95)


def parts(results: Results, cut: str) -> list[str]:
    """The values of a key, largest outlook first."""
    rows = _lines(results.outlook)
    if rows.empty or cut not in rows:
        return []
    return [str(v) for v in rows.groupby(cut)["mean"].sum().sort_values(ascending=False).index if str(v)]


def history(results: Results, cut: str = "", part: str = "") -> pd.DataFrame:
    """Past spending by fiscal year: `year appropriated expended`, of everything or of one part."""
    rows = _lines(results.history)
    rows = rows[rows[cut].astype(str) == part] if cut else rows
    table = rows.groupby(fiscal_year(rows["period"]).rename("year"))[["appropriated", "expended"]].sum(min_count=1)
    return table.reset_index()


def outlook(results: Results, cut: str = "", part: str = "") -> pd.DataFrame:
    """The outlook by fiscal year: `year mean lo_80 hi_80 lo_95 hi_95`, of everything or of one part.

    Ranges of lines do not add up. Those of a part are put together with the correlation between lines that makes the
    ranges of all lines together as wide as the forecast says the total's is.
    """
    lines = _lines(results.outlook)
    totals = _by_year(results.outlook[_is_total(results.outlook)])
    if not cut and len(totals):
        return totals.groupby("year").sum().reset_index()
    chosen = _by_year(lines[lines[cut].astype(str) == part] if cut else lines)
    everything = _by_year(lines)
    table = chosen.groupby("year")[["mean"]].sum()
    for level in LEVELS:
        for side, sign in (("lo", -1.0), ("hi", 1.0)):
            name = f"{side}_{level}"
            width = {
                year: _together(_widths(chosen, year, name), _rho(everything, totals, year, name))
                for year in table.index
            }
            table[name] = table["mean"] + sign * pd.Series(width, dtype=float)
    return table.reset_index()


def appropriated(results: Results, cut: str = "", part: str = "") -> pd.Series:
    """Appropriations ahead by fiscal year; blank where a part has none of its own (a category never has)."""
    rows = results.appropriations
    if cut == "category" or rows.empty:
        return pd.Series(dtype=float)
    if cut:
        rows = rows[rows[cut].astype(str) == part]
    return rows.groupby(rows["fiscal_year"].astype(int))["amount"].sum()


def scores(results: Results) -> pd.DataFrame:
    """The back-test beside its naive rival: `horizon combined naive coverage_80 coverage_95 n`.

    Errors are sMAPE as fractions; the file has them in percent.
    """
    rows = results.scores
    wanted = ["smape", "coverage_80", "coverage_95", "n"]
    ours = rows[rows["model"] == "combined"].set_index("horizon")[wanted]
    naive = rows[rows["model"] == "last value"].set_index("horizon")["smape"].rename("naive")
    table = ours.rename(columns={"smape": "combined"}).join(naive).reset_index()
    table[["combined", "naive"]] /= 100
    return table[["horizon", "combined", "naive", "coverage_80", "coverage_95", "n"]].sort_values("horizon")


def _is_total(rows: pd.DataFrame) -> pd.Series:
    return (rows[[k for k in KEYS if k in rows]].astype(str) == ALL).all(axis=1)


def _lines(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[~_is_total(rows)]


def _by_year(rows: pd.DataFrame) -> pd.DataFrame:
    """Lines by fiscal year; the quarters of a year are taken to move together."""
    columns = ["mean", *(f"{side}_{level}" for level in LEVELS for side in ("lo", "hi"))]
    keys = [k for k in KEYS if k in rows]
    return (
        rows.assign(year=fiscal_year(rows["period"]))
        .groupby([*keys, "year"])[columns]
        .sum()
        .reset_index()[["year", *columns]]
    )


def _widths(rows: pd.DataFrame, year: int, name: str) -> pd.Series:
    of_year = rows[rows["year"] == year]
    return (of_year[name] - of_year["mean"]).abs()


def _together(widths: pd.Series, rho: float) -> float:
    return sqrt(rho * float(widths.sum()) ** 2 + (1 - rho) * float((widths**2).sum()))


def _rho(lines: pd.DataFrame, totals: pd.DataFrame, year: int, name: str) -> float:
    """The common correlation under which the widths of all lines give the total's; 1 where there is no total."""
    total = _widths(totals, year, name)
    widths = _widths(lines, year, name)
    apart, all_one = float((widths**2).sum()), float(widths.sum()) ** 2
    if total.empty or all_one <= apart:
        return 1.0
    return min(1.0, max(0.0, (float(total.sum()) ** 2 - apart) / (all_one - apart)))
