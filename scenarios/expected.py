"""What is expected if nothing changes: the year under way as its books say it will end, and the outlook after it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

import forecast
from forecast import Outlook
from forecast.spending import ALL
from scenarios import books
from scenarios.study import Study
from scenarios.tables import LINE_KEYS
from scenarios.year_end import BANDS, YearUnderWay, year_end_of

AHEAD = (*LINE_KEYS, "period", "mean", *BANDS)
"""The columns of `outlook.csv`."""
OVERRIDDEN = (*LINE_KEYS, "period", "amount", "model_mean", "lines", "reason", "author", "date")
"""The columns of `overrides.csv`."""


@dataclass(frozen=True, eq=False)
class Expected:
    """The outlook of a study, and the year under way before it."""

    outlook: Outlook
    year_end: YearUnderWay | None
    overrides: pd.DataFrame
    """`OVERRIDDEN`: as they were set, and what the models say of the `lines` that each sets, all together."""

    @property
    def history(self) -> pd.DataFrame:
        """`keys..., period, amount`: cleaned, the year under way as it is projected."""
        return self.outlook.history

    @property
    def lines(self) -> pd.DataFrame:
        """`AHEAD`, a row a line and fiscal year that is not closed."""
        if self.year_end is None:
            return self.outlook.lines[list(AHEAD)]
        both = pd.concat([self.year_end.lines[list(AHEAD)], self.outlook.lines[list(AHEAD)]])
        return both.sort_values([*LINE_KEYS, "period"], kind="stable", ignore_index=True)

    @property
    def totals(self) -> pd.DataFrame:
        """The sum of all lines, a row a fiscal year that is not closed, without keys."""
        every = self.sums
        return every[_is_total(every)].drop(columns=list(LINE_KEYS)).reset_index(drop=True)

    @property
    def sums(self) -> pd.DataFrame:
        """`AHEAD` of every sum above the lines, `(all)` in the keys that it does not tell; the total last."""
        ahead = self.outlook.frame()[list(AHEAD)].iloc[len(self.outlook.lines) :]
        both = ahead if self.year_end is None else pd.concat([self.year_end.sums[list(AHEAD)], ahead])
        total = _is_total(both)
        return pd.concat([both[~total], both[total]], ignore_index=True)

    @property
    def treatments(self) -> pd.DataFrame:
        """What cleaning did to the history, then what stands in it for the year under way."""
        own = self.outlook.treatments
        return own if self.year_end is None else pd.concat([own, self.year_end.treatments], ignore_index=True)

    def frame(self) -> pd.DataFrame:
        """Lines, then the sums above them, the total last: the shape of `outlook.csv`."""
        return pd.concat([self.lines, self.sums], ignore_index=True)


def outlook_of(study: Study) -> Expected | None:
    """What is expected of a study's history to the end of its horizon; None without history.

    All lines take part, also those that ended: the total's errors in the past are those of the whole ledger. What
    has ended (two or more years without a row) is expected to stay so. Appropriations are evidence of what will be
    spent; they are those of the study given here, not those that a scenario makes of them.
    """
    year_end = year_end_of(study)
    spending = history_of(study, year_end)
    if spending.empty:
        return None
    # where the horizon ends with the year under way, the forecaster still looks one year ahead
    horizon = max(1, study.years[-1] - int(spending["period"].max()))
    outlook = forecast.outlook(
        spending,
        horizon=horizon,
        levels=(80, 95),
        appropriations=_appropriations(study, spending),
        overrides=_overrides(study),
    )
    return Expected(outlook, year_end, _set_by_hand(study, outlook))


def history_of(study: Study, year_end: YearUnderWay | None) -> pd.DataFrame:
    """Spending as the forecaster takes it, `keys..., period, amount`: closed years, then the one under way."""
    closed = books.closed_years(study.tables, study.years, study.quarters)
    if year_end is None:
        return closed
    projected = year_end.lines[[*LINE_KEYS, "period"]].assign(amount=year_end.lines["mean"])
    return pd.concat([closed, projected], ignore_index=True)


def _appropriations(study: Study, spending: pd.DataFrame) -> pd.DataFrame | None:
    """What was appropriated in the past and is enacted for years ahead, by the keys that all the latter tell."""
    money = study.table("appropriations").rename(columns={"line_item": "program", "fiscal_year": "period"})
    money = money[money["status"].eq("enacted")]
    ahead = money[money["period"].gt(spending["period"].max())]
    past = study.table("spending")
    past = past[past["appropriated"].gt(0) & past["period"].le(spending["period"].max())]
    if ahead.empty or past.empty:
        return None
    keys = [k for k in LINE_KEYS if k == "fund" or (k in ahead and ahead[k].ne("").all())]
    now = money[~money["period"].isin(set(past["period"]))]
    told = [
        rows[[*keys, "period", name]].set_axis([*keys, "period", "amount"], axis=1)
        for rows, name in ((past, "appropriated"), (now, "amount"))
    ]
    return pd.concat(told).groupby([*keys, "period"])["amount"].sum().reset_index()


def _overrides(study: Study) -> pd.DataFrame | None:
    """What was set by hand, as the forecaster takes it; None where nothing was."""
    table = study.table("overrides").rename(columns={"fiscal_year": "period"})
    return None if table.empty else table


def _set_by_hand(study: Study, outlook: Outlook) -> pd.DataFrame:
    """`Expected.overrides`."""
    table = study.table("overrides").rename(columns={"fiscal_year": "period"})
    touched = outlook.overrides
    fits = books.matching(table, touched) & (table["period"].to_numpy()[:, None] == touched["period"].to_numpy())
    said = table.assign(
        date=table["date"].dt.strftime("%Y-%m-%d"),
        model_mean=fits @ touched["model_mean"].to_numpy(dtype=float),
        lines=fits.sum(axis=1),
    )
    return said[list(OVERRIDDEN)]


def _is_total(rows: pd.DataFrame) -> pd.Series:
    return (rows[list(LINE_KEYS)] == ALL).all(axis=1)
