"""The books of a study: which version of its budget prevails, closed fiscal years, the months of the year under way."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from scenarios.tables import LINE_KEYS

MONTHS_A_YEAR = 12
CELL = ("fund", "agency", "line_item", "purpose", "fiscal_year")
"""What may be spent is told once a cell, whatever the versions of its budget."""
EVIDENCE = ("revised", "allotted", "enacted")
"""Versions with the force of law, the one that prevails first."""
PREVAILS = (*EVIDENCE, "request", "forecast")
"""Versions that say what may be spent, the one that prevails first: cost to continue is arithmetic and never does."""


def prevailing(appropriations: pd.DataFrame) -> pd.DataFrame:
    """The rows that say what may be spent: one a cell, of the version that prevails, in their order."""
    rank = appropriations["status"].map({status: place for place, status in enumerate(PREVAILS)})
    ranked = appropriations[list(CELL)].assign(rank=rank).reset_index(drop=True).dropna(subset="rank")
    first = ranked.sort_values("rank", kind="stable").drop_duplicates(list(CELL))
    return appropriations.iloc[np.sort(first.index.to_numpy())]


def year_of_month(months: pd.Series, quarters: pd.PeriodIndex) -> pd.Series:
    """The fiscal year of calendar months written as text (`2026-05`); fiscal years are those of the quarters."""
    years = {m: pd.Period(m, "M").start_time.to_period(quarters.freqstr).qyear for m in months.unique()}
    return months.map(years).astype("int64")


def over(months: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """The rows of the months that are over on a day."""
    return months[months["period"].lt(f"{as_of:%Y-%m}")]


def closed_years(tables: Mapping[str, pd.DataFrame], years: range, quarters: pd.PeriodIndex) -> pd.DataFrame:
    """`agency program fund category period amount`: what was spent in each closed fiscal year before the horizon.

    A whole year that only the months tell counts as closed; where both tell it, the yearly figures are taken.
    """
    spending, months = tables["spending"], tables["months"]
    known = spending[spending["expended"].notna() & spending["period"].lt(years[0])]
    yearly = known[[*LINE_KEYS, "period"]].assign(amount=known["expended"])
    if months.empty:
        return yearly
    by_month = months.assign(year=year_of_month(months["period"], quarters))
    whole = by_month.groupby("year")["period"].transform("nunique").eq(MONTHS_A_YEAR)
    by_month = by_month[whole & by_month["year"].lt(years[0]) & ~by_month["year"].isin(set(yearly["period"]))]
    sums = by_month.groupby([*LINE_KEYS, "year"])["expended"].sum().reset_index()
    return pd.concat([yearly, sums.set_axis(yearly.columns, axis=1)], ignore_index=True)


def under_way(
    tables: Mapping[str, pd.DataFrame], years: range, quarters: pd.PeriodIndex, as_of: pd.Timestamp
) -> int | None:
    """The fiscal year of the last month that is over, unless that year is closed."""
    months = over(tables["months"], as_of)
    if months.empty:
        return None
    year = int(year_of_month(months["period"], quarters).max())
    closed = set(closed_years(tables, years, quarters)["period"])
    return None if year in closed or year < max(closed, default=0) else year


def last_known(tables: Mapping[str, pd.DataFrame], years: range, quarters: pd.PeriodIndex, as_of: pd.Timestamp) -> int:
    """The last fiscal year that is closed or under way: the outlook begins after it."""
    closed = closed_years(tables, years, quarters)["period"].max()
    year = under_way(tables, years, quarters, as_of)
    return year or (years[0] - 1 if pd.isna(closed) else int(closed))


def matching(overrides: pd.DataFrame, lines: pd.DataFrame) -> np.ndarray:
    """Which lines each override sets, (overrides, lines): those that agree in all keys that it names."""
    fits = np.ones((len(overrides), len(lines)), dtype=bool)
    for key in LINE_KEYS:
        wanted = overrides[key].astype(str).to_numpy()[:, None]
        fits &= (wanted == "") | (wanted == lines[key].astype(str).to_numpy()[None, :])
    return fits
