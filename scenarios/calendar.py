"""Fiscal years and quarters. A fiscal year is named for the calendar year in which it ends."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclass(frozen=True, slots=True)
class FiscalCalendar:
    """When fiscal years start: 7 in 46 states, 4 in New York, 9 in Texas, 10 in Alabama, Michigan and federally.

    Source: NCSL 7/2023.
    """

    start_month: int = 7

    @property
    def quarterly(self) -> str:
        """The pandas frequency of its quarters: `Q-JUN` when years start in July."""
        return f"Q-{MONTHS[(self.start_month - 2) % 12]}"

    def quarters(self, first_year: int, years: int) -> pd.PeriodIndex:
        """All quarters of `years` fiscal years from `first_year` on."""
        return pd.period_range(f"{first_year}Q1", periods=4 * years, freq=self.quarterly)

    def quarter_of(self, day: pd.Timestamp) -> pd.Period:
        """The fiscal quarter in which a day lies."""
        return day.to_period(self.quarterly)

    def year_of(self, day: pd.Timestamp) -> int:
        """The fiscal year in which a day lies."""
        return int(self.quarter_of(day).qyear)
