"""Quarters as positions on a line: 0 is the first of the horizon, T the first beyond it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from optimizer.portfolio import Portfolio


@dataclass(frozen=True)
class Timeline:
    """Discount factors, price growth and positions of dates on a portfolio's quarters."""

    portfolio: Portfolio

    @cached_property
    def length(self) -> int:
        """$T$, quarters of the horizon."""
        return len(self.portfolio.quarters)

    @cached_property
    def first(self) -> int:
        """Ordinal of the first quarter."""
        return int(self.portfolio.quarters[0].ordinal)

    @cached_property
    def freq(self) -> str:
        """The frequency of the quarters, such as `Q-JUN`."""
        return str(self.portfolio.quarters.freqstr)

    def position(self, moment: pd.Timestamp | pd.Period | str) -> int:
        """Position of the quarter in which a moment lies, or of a quarter itself."""
        quarter = moment.to_period(self.freq) if isinstance(moment, pd.Timestamp) else pd.Period(moment, self.freq)
        return int(quarter.ordinal) - self.first

    def ended(self, dates: pd.Series) -> np.ndarray:
        """For each date the first position whose quarter starts at or after it; NaT gives -1."""
        stamps = pd.DatetimeIndex(dates)
        quarters = stamps.to_period(self.freq)
        later = np.asarray(stamps > quarters.start_time)
        return np.where(stamps.isna(), -1, np.asarray(quarters.astype("int64")) - self.first + later).astype(np.int64)

    def passed(self, dates: pd.Series) -> np.ndarray:
        """Dates x quarters: True where the quarter starts after the date."""
        starts = self.portfolio.quarters.start_time.to_numpy()
        with np.errstate(invalid="ignore"):
            return np.asarray(starts[None, :] > pd.DatetimeIndex(dates).to_numpy()[:, None])

    def days_until(self, positions: np.ndarray) -> np.ndarray:
        """Days from `as_of` to the first day of each position's quarter; negative where that day has passed."""
        return np.asarray((self._first_days(positions) - self.portfolio.as_of.normalize()).days)

    def before(self, positions: np.ndarray, days: np.ndarray) -> np.ndarray:
        """Position of the quarter in which the day lies that comes some days before each position's first day."""
        moments = self._first_days(positions) - pd.to_timedelta(days, unit="D")
        return np.asarray(moments.to_period(self.freq).astype("int64")) - self.first

    def _first_days(self, positions: np.ndarray) -> pd.DatetimeIndex:
        low, last = int(positions.min(initial=0)), int(positions.max(initial=0))
        quarters = pd.period_range(self.portfolio.quarters[0] + low, periods=last - low + 1, freq=self.freq)
        return pd.DatetimeIndex(quarters.start_time[positions - low])

    def discount(self, rate: float, positions: np.ndarray) -> np.ndarray:
        r"""$d_t = (1+r)^{-v_t}$ where $v_t$ is the years from `as_of` to the middle of the quarter."""
        as_of = self.portfolio.as_of
        quarter = as_of.to_period(self.freq)
        into = (as_of - quarter.start_time) / ((quarter + 1).start_time - quarter.start_time)
        years = (positions + 0.5 - into - (quarter.ordinal - self.first)) / 4
        return np.asarray((1 + rate) ** -years)

    def growth(self, rate: float, positions: np.ndarray) -> np.ndarray:
        """$(1+g)^n$, n whole fiscal years since the base year of the prices."""
        years = self.qyear(positions) - self.portfolio.price_year
        return np.asarray((1.0 + rate) ** years)

    def qyear(self, positions: np.ndarray) -> np.ndarray:
        """Fiscal years of positions, also beyond the horizon."""
        return self.portfolio.quarters[0].qyear + (positions + self.portfolio.quarters[0].quarter - 1) // 4

    def texts(self, positions: np.ndarray, shown: np.ndarray) -> pd.Categorical:
        """Positions as text (`2027Q1`), empty where they are not shown."""
        seen = positions[shown]
        low, last = int(seen.min(initial=0)), int(seen.max(initial=0))
        first = self.portfolio.quarters[0] + low
        names = ["", *pd.period_range(first, periods=last - low + 1, freq=self.freq).astype(str)]
        codes = np.where(shown, positions - low + 1, 0)
        return pd.Categorical.from_codes(codes, categories=pd.Index(names, dtype="str"))
