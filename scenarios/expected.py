"""What is expected if nothing changes: the year under way as its books say it will end, and the outlook after it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

import forecast
from forecast import Outlook
from forecast.ledger import ALL
from scenarios import books, by_hand
from scenarios.budget import evidence
from scenarios.study import Study
from scenarios.tables import LINE_KEYS
from scenarios.year_end import BANDS, YearUnderWay, year_end_of

AHEAD = (*LINE_KEYS, "period", "mean", *BANDS)
"""The columns of `outlook.csv`."""


@dataclass(frozen=True, eq=False)
class Expected:
    """The outlook of a study, and the year under way before it."""

    outlook: Outlook
    year_end: YearUnderWay | None
    overrides: pd.DataFrame
    """`scenarios.by_hand.OVERRIDDEN`: as they were set, what the models say of the `lines` that each sets, and what
    came."""

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
    spent, and themselves forecast beyond the enacted years; they are those of the study given here, not those that a
    scenario makes of them.
    """
    year_end = year_end_of(study)
    spending = history_of(study, year_end)
    if spending.empty:
        return None
    # where the horizon ends with the year under way, the forecaster still looks one year ahead
    last = int(spending["period"].max())
    horizon = max(1, study.years[-1] - last)
    outlook = forecast.outlook(
        spending,
        horizon=horizon,
        levels=(80, 95),
        appropriations=evidence(study, last),
        overrides=by_hand.ahead(study, last),
    )
    return Expected(outlook, year_end, by_hand.told(study, outlook))


def history_of(study: Study, year_end: YearUnderWay | None) -> pd.DataFrame:
    """Spending as the forecaster takes it, `keys..., period, amount`: closed years, then the one under way."""
    closed = books.closed_years(study.tables, study.years, study.quarters)
    if year_end is None:
        return closed
    projected = year_end.lines[[*LINE_KEYS, "period"]].assign(amount=year_end.lines["mean"])
    return pd.concat([closed, projected], ignore_index=True)


def _is_total(rows: pd.DataFrame) -> pd.Series:
    return (rows[list(LINE_KEYS)] == ALL).all(axis=1)
