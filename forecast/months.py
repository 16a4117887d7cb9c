"""The fiscal year under way and the years before it, laid out as lines by years by periods: what is known of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from forecast.arrays import BoolArray, FloatArray, IntArray, first_finite
from forecast.frequency import Frequency, as_periods
from forecast.ledger import distinct_lines
from forecast.trial import Panel


@dataclass(frozen=True)
class Months:
    """The tables laid out as lines by fiscal years by periods, the present year last."""

    lines: pd.DataFrame
    """The keys: n rows, one text column a key (possibly none), sorted."""
    first_year: int
    """Fiscal year of the first column."""
    year: Frequency
    """Fiscal years, by the month in which they end."""
    closed: int
    """Closed periods of the present year."""
    amounts: FloatArray
    """In units, (n, Y, P), NaN where the tables have nothing or a blank."""
    present: BoolArray
    """Where the table has a row, (n, Y, P)."""
    encumbered: FloatArray | None
    """In units, (n, Y, P), zero where the table has no row, NaN where it has a blank; None without such a column."""
    appropriated: FloatArray | None
    """In units, (n, Y), NaN where the budget has nothing; None without a budget."""
    prior: FloatArray
    """In units, (n, Y), NaN where there is none."""
    left_out: int
    """Periods at the end that were left out as partial: 0 or 1."""
    unit: float
    """USD in which money is counted."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the key columns."""
        return tuple(self.lines.columns)

    @property
    def frequency(self) -> Frequency:
        """Months, or quarters of the fiscal year."""
        return Frequency(1) if self.amounts.shape[2] == 12 else Frequency(3, self.year.end)

    @property
    def last(self) -> int:
        """Place of the last closed period, counted from the first of the first year."""
        return int((self.amounts.shape[1] - 1) * self.amounts.shape[2] + self.closed - 1)

    def periods(self, places: IntArray) -> pd.Series:
        """Places as pandas periods."""
        per_year, frequency = self.amounts.shape[2], self.frequency
        first = self.year.first_month(self.first_year + places // per_year)
        return as_periods(frequency.holding(first + places % per_year * frequency.months), frequency)

    def panel(self, like: Sequence[str]) -> Panel:
        """The arrays that rules see."""
        seen = self.seen
        n, years, per_year = self.amounts.shape
        nothing = np.full((n, years), np.nan)
        cells = np.arange(years - 1) * per_year
        whole = (seen.begin[:, None] < cells + per_year // 2) & (cells >= seen.table_begin)
        gaps = np.asarray(seen.blank.any(axis=2), dtype=np.bool_)[:, :-1]
        sound = whole & ~gaps & (seen.begin[:, None] < cells + self.closed)
        return Panel(
            amounts=seen.filled,
            whole=whole,
            sound=sound,
            closed=self.closed,
            like=distinct_lines(self.lines, like)[1],
            appropriated=nothing if self.appropriated is None else self.appropriated,
            encumbered=nothing if self.encumbered is None else self.encumbered[:, :, self.closed - 1],
            prior=self.prior,
        )

    @cached_property
    def seen(self) -> "Seen":
        """What is known, unknown and nothing."""
        shape = self.amounts.shape
        present, amounts = self.present.reshape(len(self.lines), -1), self.amounts.reshape(len(self.lines), -1)
        cell = np.arange(present.shape[1])
        any_row = np.flatnonzero(present.any(axis=0))
        begin = first_finite(np.where(present, 0.0, np.nan))
        live = (cell >= begin[:, None]) & (cell <= self.last)
        known = live & np.isfinite(amounts)
        rows = np.asarray(present | ~present.any(axis=0), dtype=np.bool_)
        blank = live & ~known & rows
        year_before = np.column_stack([np.full((len(present), shape[2]), np.nan), np.where(known, amounts, np.nan)])
        year = np.where(known, amounts, 0.0).reshape(shape)
        mean = year.sum(axis=2) / known.reshape(shape).sum(axis=2).clip(1)
        guess = year_before[:, : len(cell)]
        guess = np.where(np.isfinite(guess), guess, np.repeat(mean, shape[2], axis=1))
        filled = np.where(known, amounts, np.where(blank, guess, 0.0))
        return Seen(
            filled=filled.reshape(shape),
            known=known.reshape(shape),
            blank=blank.reshape(shape),
            live=live.reshape(shape),
            begin=begin,
            table_begin=int(any_row[0]),
        )


@dataclass(frozen=True)
class Seen:
    """Lines by years by periods, each (n, Y, P)."""

    filled: FloatArray
    """Amounts without gaps: a blank is that of the year before, or the mean of its year; no row is zero."""
    known: BoolArray
    """Amounts that were given."""
    blank: BoolArray
    """Unknown: a row without an amount, or a period without any row."""
    live: BoolArray
    """From the line's first row to the last closed period."""
    begin: IntArray
    """Place of each line's first row, (n,), beyond the table if it has none."""
    table_begin: int
    """Place of the table's first row."""
