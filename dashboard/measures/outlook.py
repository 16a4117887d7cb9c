"""What will be spent if nothing changes: history and outlook of the whole or of one part."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dashboard.measures.money import ALL, fiscal_year
from scenarios.results import Results

KEYS = ("agency", "program", "fund", "category")
CUTS = ("agency", "fund", "category")
BANDS = ("lo_80", "hi_80", "lo_95", "hi_95")


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

    Ranges of lines do not add up: those of a sum are the sum's own. Results that hold none of it have the sum of the
    means, and blanks for the range.
    """
    rows = results.outlook
    own = rows[is_sum(rows, {cut: part} if cut else {})]
    if len(own):
        return own.assign(year=fiscal_year(own["period"])).groupby("year")[["mean", *BANDS]].sum().reset_index()
    lines = _lines(rows)
    lines = lines[lines[cut].astype(str) == part] if cut else lines
    table = lines.groupby(fiscal_year(lines["period"]).rename("year"))[["mean"]].sum().reset_index()
    return table.assign(**dict.fromkeys(BANDS, np.nan))


def appropriated(results: Results, cut: str = "", part: str = "") -> pd.Series:
    """Appropriations ahead by fiscal year; none where a part has none of its own (a category never has)."""
    rows = results.appropriations
    if cut == "category" or rows.empty:
        return pd.Series(dtype=float)
    if cut:
        rows = rows[rows[cut].astype(str) == part]
    return rows.groupby(rows["fiscal_year"].astype(int))["amount"].sum()


def scores(results: Results) -> pd.DataFrame:
    """The back-test beside its naive rival: `horizon combined naive owa coverage_80 coverage_95 n`.

    Errors are sMAPE as fractions; the file has them in percent. `owa` is blank in results of earlier versions.
    """
    rows = results.scores
    wanted = ["smape", "owa", "coverage_80", "coverage_95", "n"]
    ours = rows[rows["model"] == "combined"].set_index("horizon").reindex(columns=wanted)
    naive = rows[rows["model"] == "last value"].set_index("horizon")["smape"].rename("naive")
    table = ours.rename(columns={"smape": "combined"}).join(naive).reset_index()
    table[["combined", "naive"]] /= 100
    return table[["horizon", "combined", "naive", "owa", "coverage_80", "coverage_95", "n"]].sort_values("horizon")


UNDER_WAY = "year under way"
"""What the history says of a year that is not closed."""


def treatments(results: Results) -> pd.DataFrame:
    """What was done to the history; the lines of a year under way, which all are projected alike, as one row."""
    rows = results.treatments
    if "found" not in rows or not rows["found"].eq(UNDER_WAY).any():
        return rows
    open_year = rows["found"].eq(UNDER_WAY)
    alike = rows[open_year].groupby(["period", "found", "treatment"])[["before", "after"]].sum().reset_index()
    return pd.concat([rows[~open_year], alike.assign(**dict.fromkeys(KEYS, ALL))], ignore_index=True)[
        list(rows.columns)
    ]


def is_sum(rows: pd.DataFrame, told: Mapping[str, str]) -> pd.Series:
    """Which rows are the sum over all lines with these keys: theirs in those keys, `(all)` in the others."""
    wanted = pd.Series([told.get(key, ALL) for key in KEYS], index=list(KEYS))
    return (rows.reindex(columns=list(KEYS)).astype(str) == wanted).all(axis=1)


def _lines(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that are no sums."""
    return rows[(rows.reindex(columns=list(KEYS)).astype(str) != ALL).all(axis=1)]
