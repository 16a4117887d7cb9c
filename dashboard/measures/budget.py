"""The versions of the budget: what it costs to continue, what was asked for, enacted, revised, expected and spent."""

from __future__ import annotations

import pandas as pd

from dashboard.measures.money import fiscal_year
from scenarios.books import EVIDENCE
from scenarios.results import Results

ASKED, ENACTED, REVISED, SPENT = "request", "enacted", "as_revised", "actual"
SHOWN = ("cost_to_continue", ASKED, ENACTED, REVISED, "forecast", SPENT)
"""What pages show of a budget, in the order of its life."""
KEYS = ("fund", "agency", "line_item")
CLOSED = 3
"""Years that are shown of which only is known what was enacted and spent."""


def rows(results: Results, cut: str = "", part: str = "") -> pd.DataFrame:
    """Versions of the whole budget, or of one fund or agency (a category has none).

    Years in which something was revised or allotted have `as_revised` too: of each cell what has the force of law.
    """
    told = results.versions
    if told.empty:
        return told
    told = told[told[cut].astype(str) == part] if cut in KEYS else told.iloc[: 0 if cut else None]
    moved = set(told.loc[told["version"].isin(EVIDENCE) & told["version"].ne(ENACTED), "period"])
    law = told[told["version"].isin(EVIDENCE) & told["period"].isin(moved)]
    cell, rank = [*KEYS, "purpose", "period"], law["version"].map({v: i for i, v in enumerate(EVIDENCE)})
    law = law.assign(rank=rank).sort_values("rank", kind="stable").drop_duplicates(cell)
    return pd.concat([told, law.drop(columns="rank").assign(version=REVISED)], ignore_index=True)


def by_year(results: Results, cut: str = "", part: str = "") -> pd.DataFrame:
    """`year biennium` and `SHOWN`, USD, blank where there is no such version.

    Years of which more is known than what was enacted and spent, and the last `CLOSED` of the others.
    """
    told = rows(results, cut, part)
    if told.empty:
        return pd.DataFrame(columns=["year", "biennium", *SHOWN])
    year = fiscal_year(told["period"])
    table = told.groupby([year.rename("year"), "version"])["amount"].sum().unstack().reindex(columns=list(SHOWN))
    past = table[SPENT].notna() & table.drop(columns=[ENACTED, SPENT]).isna().all(axis=1)
    kept = table[~past | (past[::-1].cumsum()[::-1] <= CLOSED)]
    names = told.groupby(year)["biennium"].first().reindex(kept.index).fillna("")
    return kept.assign(biennium=names).reset_index()[["year", "biennium", *SHOWN]]


def changes(results: Results, cut: str = "", part: str = "") -> pd.DataFrame:
    """Line by line, years of which there is both what was asked for and what was enacted: the last year first.

    `year`, the keys, `SHOWN` and `change`, USD, the largest change of a year first. Lines are as fine as both versions
    of the year tell; blank in keys that they do not.
    """
    told = rows(results, cut, part)
    columns = ["year", *KEYS, *SHOWN, "change"]
    found = []
    for year, own in told.groupby(fiscal_year(told["period"])) if len(told) else ():
        both = own[own["version"].isin([ASKED, ENACTED])]
        if both["version"].nunique() == 2:
            keys = [k for k in KEYS if k == "fund" or both[k].astype(str).ne("").all()]
            wide = own.groupby([*keys, "version"])["amount"].sum().unstack().reindex(columns=list(SHOWN))
            wide = wide.dropna(subset=[ASKED, ENACTED], how="all").fillna({ASKED: 0.0, ENACTED: 0.0})
            wide = wide.assign(change=wide[ENACTED] - wide[ASKED]).reset_index().assign(year=int(str(year)))
            wide = wide.assign(**{k: "" for k in KEYS if k not in keys})
            found.append(wide.sort_values("change", key=lambda change: -change.abs(), kind="stable"))
    return pd.concat(found[::-1], ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)
