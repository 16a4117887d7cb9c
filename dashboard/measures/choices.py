"""Other plans than the one shown: those that cost nearly as little, and those of less risk or more speed."""

from __future__ import annotations

import re

import pandas as pd

from scenarios.results import Results

OWN = "the study's own objective"
"""What the frontier says of the plan that the study itself seeks."""
ALTERNATIVES = ("plan", "dearer", "dollars", "difference", "words")
FRONTIER = ("plan", "cost", "more", "risk", "speed", "moved_share", "aim", "own")


def alternatives(results: Results) -> pd.DataFrame:
    """`ALTERNATIVES`, numbered as they were found: by which share and how many dollars each is dearer, what differs.

    `dollars` are of present value; `difference` is the share of servers with another fate than in the best plan.
    """
    found = results.explained.get("alternatives", pd.DataFrame())
    if found.empty:
        return pd.DataFrame(columns=list(ALTERNATIVES))
    objective = abs(float(results.summary.get("objective") or 0.0))
    words = [re.sub(r"\bunit(s?)\b", r"server\1", str(w).partition("; ")[2]) for w in found["words"]]
    table = found.assign(dollars=found["dearer"].astype(float) * objective, words=words)
    return table.sort_values("plan", ignore_index=True)[list(ALTERNATIVES)]


def starts(results: Results) -> pd.DataFrame:
    """`plan start units`: servers that begin to move by quarter, in the plan shown (0) and in the alternatives."""
    other = results.explained.get("alternative_plans", pd.DataFrame())
    parts = [results.plan.assign(plan=0), *([other] if len(other) else [])]
    rows = pd.concat([p[["plan", "start", "units"]] for p in parts], ignore_index=True)
    rows = rows[rows["start"].astype(str) != ""]
    table = rows.astype({"plan": int, "units": int}).groupby(["plan", "start"])["units"].sum().reset_index()
    order = {plan: i for i, plan in enumerate([0, *alternatives(results)["plan"].astype(int)])}
    table = table.assign(order=table["plan"].map(order)).dropna(subset="order")
    return table.sort_values(["order", "start"], ignore_index=True)[["plan", "start", "units"]]


def frontier(results: Results) -> pd.DataFrame:
    """`FRONTIER`, the cheapest first; `own` marks the plan of the study's own aim, `more` is what each costs beyond it.

    Where none is marked (another plan equals it), the cheapest takes its place.
    """
    found = results.explained.get("frontier", pd.DataFrame())
    if found.empty:
        return pd.DataFrame(columns=list(FRONTIER))
    table = found.sort_values("cost", ignore_index=True)
    own = table["aim"].eq(OWN)
    own = own if own.any() else pd.Series(table.index == 0)
    first = float(table.loc[own, "cost"].iloc[0])
    return table.assign(own=own, more=table["cost"].astype(float) - first)[list(FRONTIER)]


def efficient(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Those of a frontier that no cheaper plan equals in one measure: less risk, or more speed."""
    worth = table[measure] if measure == "speed" else -table[measure]
    best_before = worth.cummax().shift()
    return table[best_before.isna() | (worth > best_before)]
