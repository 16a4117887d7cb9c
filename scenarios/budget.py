"""The budget of a study: what was appropriated, as the forecaster takes it, and every version of it side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.cycles import ACTUAL, ENACTED, biennium
from forecast.ledger import ALL
from forecast.result import FORECAST
from scenarios import books
from scenarios.study import Study
from scenarios.tables import LINE_KEYS, STATUSES

MONEY_KEYS = ("fund", "agency", "line_item", "purpose")
"""What an appropriation is for; a blank is any."""
VERSIONS = (*MONEY_KEYS, "period", "biennium", "version", "amount", "source")
"""The columns of `versions.csv`."""
ORDER = (*STATUSES, ACTUAL)
"""Versions in the order in which files and pages list them."""
GIVEN, BOOKS, OUTLOOK = "appropriations", "spending", "outlook"
"""Where an amount of `versions.csv` is from: the study's own tables, or what is forecast."""


def evidence(study: Study, last: int, through: int | None = None) -> pd.DataFrame | None:
    """Appropriations as the forecaster takes them, `keys..., period, amount`; None where the past holds none.

    Up to `last`, the last fiscal year of history, what was appropriated; after it what has the force of law, by the
    keys that all of that tells, and a blank amount where one is only asked for or assumed. With `through`, as it was
    known then: what was first enacted, up to that year.
    """
    told = study.table("spending")
    told = told[told["appropriated"].gt(0) & told["period"].le(last if through is None else through)]
    rows = study.table("appropriations")
    rows = rows[rows["status"].eq(ENACTED) & rows["fiscal_year"].le(through)] if through else books.prevailing(rows)
    rows = rows.rename(columns={"line_item": "program", "fiscal_year": "period"})
    rows = rows[~rows["period"].isin(set(told["period"]))]
    known = rows["status"].isin(books.EVIDENCE)
    ahead = rows[known & rows["period"].gt(last)]
    if not told["period"].le(last).any():
        return None
    by_line = ahead.empty and told["period"].gt(last).any()
    keys = [k for k in LINE_KEYS if k == "fund" or by_line or (k in ahead and len(ahead) and ahead[k].ne("").all())]
    awaited = rows[~known & rows["period"].gt(last)].assign(amount=np.nan)
    parts = [told.assign(amount=told["appropriated"]), *([] if by_line else [rows[known], awaited])]
    both = pd.concat([part[[*keys, "period", "amount"]] for part in parts])
    return both.groupby([*keys, "period"])["amount"].sum(min_count=1).reset_index()


def versions(study: Study, appropriations: pd.DataFrame | None) -> pd.DataFrame:
    """`VERSIONS`: every version of every year's budget, and what was spent in the end.

    What the table `appropriations` holds; what the history says was appropriated, as enacted, where that table has no
    enacted row of the fund and year; what was spent; and the outlook's own `appropriations`, as forecast, where that
    table has no forecast of the fund and year. A scenario changes none of it.
    """
    given = study.table("appropriations").rename(columns={"fiscal_year": "period", "status": "version"})
    parts = [
        given.assign(source=GIVEN),
        _unless(_appropriated(study), given[given["version"].eq(ENACTED)]),
        _spent(study),
        _unless(_forecast(appropriations), given[given["version"].eq(FORECAST)]),
    ]
    rows = pd.concat([part.assign(biennium="")[list(VERSIONS)] for part in parts if len(part)], ignore_index=True)
    if study.facts.biennium_start is not None and len(rows):
        rows["biennium"] = biennium(rows["period"], study.facts.biennium_start)
    rank = rows["version"].map({name: place for place, name in enumerate(ORDER)})
    rows = rows.assign(rank=rank).sort_values(["period", *MONEY_KEYS, "rank"], kind="stable", ignore_index=True)
    return rows.drop(columns="rank")


def _appropriated(study: Study) -> pd.DataFrame:
    """What the history says was appropriated."""
    rows = study.table("spending").rename(columns={"appropriated": "amount"})
    return _by_line_item(rows[rows["amount"].gt(0)], ENACTED)


def _spent(study: Study) -> pd.DataFrame:
    """What was spent in closed years."""
    return _by_line_item(books.closed_years(study.tables, study.years, study.quarters), ACTUAL)


def _by_line_item(rows: pd.DataFrame, version: str) -> pd.DataFrame:
    """Lines of spending added up over categories."""
    rows = rows.rename(columns={"program": "line_item"})
    sums = rows.groupby([*(k for k in MONEY_KEYS if k in rows), "period"])["amount"].sum().reset_index()
    return sums.assign(purpose="any", version=version, source=BOOKS)


def _forecast(appropriations: pd.DataFrame | None) -> pd.DataFrame:
    """What the outlook expects to be appropriated beyond the enacted years."""
    if appropriations is None:
        return pd.DataFrame(columns=list(VERSIONS))
    rows = appropriations[appropriations["status"].eq(FORECAST)].rename(columns={"program": "line_item"})
    keys = {key: rows[key].replace(ALL, "") for key in MONEY_KEYS if key in rows}
    return rows.assign(**keys, purpose="any", version=FORECAST, source=OUTLOOK)


def _unless(rows: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """Rows of funds and years that are not given already."""
    own, known = (pd.MultiIndex.from_frame(frame[["fund", "period"]].astype(str)) for frame in (rows, given))
    return rows[~own.isin(known)]
