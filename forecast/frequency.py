r"""Fiscal years, quarters and months, told apart and added up by whole-number arithmetic.

With months $m$ counted from January 1970, $k$ months a period and $e$ the month (1 to 12) in which the fiscal year
ends, step $s$ of a frequency begins in month

$$m = k s + e - 12$$

Steps are pandas ordinals, except that a fiscal year's step is the year itself, named for the calendar year in which it
ends.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.arrays import IntArray

EPOCH = 1970
"""The year from which pandas counts periods."""

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
"""As pandas names the end of a fiscal year."""


@dataclass(frozen=True)
class Frequency:
    """Fiscal years, quarters or months."""

    months: int
    """Months a period: 12, 3 or 1."""
    end: int = 12
    """The month, 1 to 12, in which the fiscal year ends."""

    @property
    def name(self) -> str:
        """As pandas names it: `Y-JUN`, `Q-JUN`, `M`."""
        return "M" if self.months == 1 else f"{'Y' if self.months == 12 else 'Q'}-{MONTHS[self.end - 1]}"

    @property
    def noun(self) -> str:
        """What its periods are called."""
        return {12: "fiscal years", 3: "quarters", 1: "months"}[self.months]

    @property
    def _base(self) -> int:
        return EPOCH if self.months == 12 else 0

    def first_month(self, steps: IntArray) -> IntArray:
        """The month, counted from January 1970, in which each step begins."""
        return (steps - self._base) * self.months + self.end - 12

    def holding(self, months: IntArray) -> IntArray:
        """The step that holds each month."""
        return (months - self.end + 12) // self.months + self._base

    def index(self, steps: IntArray) -> pd.PeriodIndex:
        """Steps as pandas periods."""
        return pd.PeriodIndex(pd.arrays.PeriodArray(steps - self._base, dtype=pd.PeriodDtype(self.name)))

    def steps(self, index: pd.PeriodIndex) -> IntArray:
        """Pandas periods as steps."""
        return np.asarray(index.asi8, dtype=np.int64) + self._base

    def splits(self, coarse: "Frequency") -> bool:
        """Whether periods of `coarse` are made up of whole ones of this frequency."""
        return self.months <= coarse.months and (self.end - coarse.end) % self.months == 0


FREQUENCIES = {
    frequency.name: frequency
    for frequency in (Frequency(1), *(Frequency(months, end) for months in (3, 12) for end in range(1, 13)))
}
"""Every frequency that a table may have, by its pandas name."""


def as_periods(steps: IntArray, frequency: Frequency | None) -> pd.Series:
    """Steps as a column of pandas periods; as integers where they have no frequency."""
    if frequency is None:
        return pd.Series(steps, dtype="int64", name="period")
    return pd.Series(frequency.index(steps), name="period")


def as_steps(periods: pd.Series) -> IntArray:
    """The inverse of `as_periods`."""
    frequency = FREQUENCIES.get(period_name(periods))
    return frequency.steps(pd.PeriodIndex(periods)) if frequency else periods.to_numpy(dtype=np.int64)


def kind_of(name: str) -> str:
    """What periods of a frequency are called, with its name."""
    return f"{FREQUENCIES[name].noun} ({name})" if name in FREQUENCIES else f"periods ({name})" if name else "integers"


def period_name(column: pd.Series) -> str:
    """Frequency of a column of pandas periods, such as `Y-JUN`; empty for any other column."""
    periods = isinstance(column.dtype, pd.PeriodDtype)
    return str(column.dtype).removeprefix("period[").removesuffix("]") if periods else ""


def labels(steps: IntArray, frequency: Frequency | None) -> list[str]:
    """Steps as errors and notices write them."""
    if frequency is None:
        return [str(step) for step in steps]
    return [f"FY{step}" for step in steps] if frequency.months == 12 else [str(step) for step in frequency.index(steps)]
