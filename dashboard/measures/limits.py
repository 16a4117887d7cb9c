"""What holds the plan back: the limits with their prices, as checked where they were, and how far each holds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.measures import moves
from scenarios.results import Results

STEP = 0.01
"""The share of a limit by which limits of different units are compared."""
ANSWERS = ("tried", "confirmed", "up", "down", "more", "less")


def priced(results: Results) -> pd.DataFrame:
    """`measures.moves.limits`, each with what one more unit is worth, and with `percent` and `ANSWERS`.

    Where prices were checked (`reallot explain --prices`), those count, and what they leave out is worth nothing.
    `percent`: USD, the most that 1 % more of what is allowed is worth, for each further unit is worth no more than the
    one before. `up` and `down`: how much more and how much less the price was seen to hold for; `more`, `less`: what
    each unit of a first step up was worth, and of a first step down cost. All four are blank where it was not tried.
    """
    rows = moves.limits(results)
    rows = rows.assign(price=pd.to_numeric(rows["price"]).fillna(0.0).clip(lower=0.0))
    checked = results.explained.get("prices")
    if checked is None or "price" not in checked:
        rows = rows.assign(tried=False, confirmed=False, **dict.fromkeys(ANSWERS[2:], np.nan))
    else:
        rows = rows.drop(columns="price").merge(_answers(checked), on=["limit", "key"], how="left")
        rows = rows.assign(price=rows["price"].fillna(0.0))
        for name in ("tried", "confirmed"):
            rows[name] = rows[name].eq(True)
    rows = rows.assign(binding=rows["binding"] | rows["price"].gt(0))
    return rows.assign(percent=STEP * rows["allowed"].astype(float).abs() * rows["price"])


def _answers(checked: pd.DataFrame) -> pd.DataFrame:
    """The checked prices with how far each holds, counted from where its limit was priced."""
    return pd.DataFrame(
        {
            "limit": checked["limit"],
            "key": checked["key"],
            "price": checked["price"].astype(float),
            "tried": checked["more"].notna(),
            "confirmed": checked["confirmed"].astype(str).str.lower().eq("true"),
            "up": checked["holds_to"] - checked["allowed"],
            "down": checked["allowed"] - checked["holds_from"],
            "more": checked["more"],
            "less": checked["less"],
        }
    )


def is_checked(results: Results) -> bool:
    """Whether the prices were checked since the plan was made."""
    return "prices" in results.explained


def bound(rows: pd.DataFrame) -> pd.DataFrame:
    """Those of `priced` that hold the plan back, kind by kind: the kind, and in it the limit, worth most first."""
    found = rows[rows["binding"]]
    worth = found.groupby("limit")["percent"].transform("sum")
    return found.assign(worth=worth).sort_values(
        ["worth", "limit", "percent", "key"], ascending=[False, True, False, True], ignore_index=True
    )


def kinds(rows: pd.DataFrame) -> pd.DataFrame:
    """`limit bound all percent` of each kind that holds the plan back, the one worth most first."""
    table = rows.groupby("limit").agg(bound=("binding", "sum"), all=("binding", "size"), percent=("percent", "sum"))
    table = table[table["bound"] > 0].reset_index()
    return table.sort_values(["percent", "bound", "limit"], ascending=[False, False, True], ignore_index=True)


def use(rows: pd.DataFrame) -> pd.DataFrame:
    """Each subject over time: `limit subject period used allowed share binding unit`, what binds most often first."""
    table = rows.assign(
        period=rows["quarter"].where(rows["quarter"] != "", rows["year"]),
        share=(rows["used"] / rows["allowed"].where(rows["allowed"] > 0)).clip(lower=0.0).fillna(0.0),
    )
    often = table.groupby(["limit", "subject"])["binding"].transform("mean")
    order = table["limit"].map({name: i for i, name in enumerate(kinds(rows)["limit"])}).fillna(99)
    table = table.assign(often=often, order=order)
    table = table.sort_values(
        ["order", "limit", "often", "subject", "period"], ascending=[True, True, False, True, True]
    )
    columns = ["limit", "subject", "period", "used", "allowed", "share", "binding", "unit"]
    return table[columns].reset_index(drop=True)
