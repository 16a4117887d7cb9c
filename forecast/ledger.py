"""The long table laid out as lines by periods, and lines of one table found in another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.arrays import FloatArray, IntArray
from forecast.cells import as_category, texts_at
from forecast.errors import SpendingError
from forecast.frequency import FREQUENCIES, as_periods, as_steps, kind_of, period_name

ALL = "(all)"
"""Stands for every key of a row that is the total of all lines."""

MOST_NUMBERS = 2**40
"""Of lines; times the days of ten thousand years (less than 2^22) it is less than 2^63."""


@dataclass(frozen=True)
class Ledger:
    """A spending table laid out as lines by periods, sorted by key."""

    lines: pd.DataFrame
    """The keys: n rows, one text column a key (possibly none)."""
    steps: IntArray
    """Periods without a gap between first and last, consecutive whole numbers, (T,): fiscal years, plain integers, or
    pandas ordinals of quarters and months."""
    amounts: FloatArray
    """USD, (n, T), NaN where the table has nothing."""
    frequency: str
    """Frequency of the periods, such as `Y-JUN`, `Q-JUN` or `M`; empty where they are plain integers."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the key columns."""
        return tuple(self.lines.columns)

    @property
    def season(self) -> int:
        """Periods a year: 12, 4 or 1; plain integers are taken for years."""
        return 12 // FREQUENCIES[self.frequency].months if self.frequency else 1

    def periods(self, steps: IntArray) -> pd.Series:
        """Steps, (rows,), as the table writes them: integers, or pandas periods."""
        return as_periods(steps, FREQUENCIES.get(self.frequency))

    def steps_of(self, periods: pd.Series) -> IntArray:
        """Periods, (rows,), as steps: the inverse of `periods`, in which whole numbers are also fiscal years.

        Raises:
            SpendingError: for periods of another frequency.
        """
        name = period_name(periods)
        if name == self.frequency or (not self.frequency and name.startswith("Y-")):
            return as_steps(periods)
        if not name and self.frequency.startswith("Y-"):
            return as_steps(periods)
        raise SpendingError("periods", [f"{kind_of(name)} are not the {kind_of(self.frequency)} of the table."])

    def long(self, places: IntArray, steps: IntArray, **columns: FloatArray | pd.Series) -> pd.DataFrame:
        """The long frame `keys..., period, columns...` of the lines at `places` in the given steps, both (rows,)."""
        frame = self.lines.iloc[places].reset_index(drop=True)
        frame["period"] = self.periods(steps)
        for name, values in columns.items():
            frame[name] = values
        return frame


def lay_out(spending: pd.DataFrame) -> Ledger:
    """Lay a long frame out as lines by periods; it must be as `read_spending` returns it, sorted above all."""
    keys = [str(column) for column in spending.columns[:-2]]
    step = as_steps(spending["period"])
    steps = np.arange(step.min(), step.max() + 1, dtype=np.int64)
    begins = np.zeros(len(spending), dtype=np.bool_)
    begins[0] = True
    for key in keys:
        begins |= (spending[key] != spending[key].shift()).to_numpy(dtype=np.bool_)
    lines = spending.loc[begins, keys].reset_index(drop=True)
    amounts = np.full((len(lines), len(steps)), np.nan)
    amounts[begins.cumsum() - 1, step - steps[0]] = spending["amount"].to_numpy(dtype=np.float64)
    return Ledger(lines=lines, steps=steps, amounts=amounts, frequency=period_name(spending["period"]))


def line_index(lines: pd.DataFrame) -> pd.Index:
    """Lines, a row each and a column a key, as an index: plain for one key, a `MultiIndex` for several."""
    if len(lines.columns) > 1:
        return pd.MultiIndex.from_frame(lines)
    return pd.Index(lines.iloc[:, 0]) if len(lines.columns) else pd.RangeIndex(1)


def distinct_lines(table: pd.DataFrame, keys: Sequence[str]) -> tuple[pd.DataFrame, IntArray]:
    """The lines of a table, sorted, their keys as text, and the place of each row among them."""
    texts = pd.DataFrame({key: as_category(table[key]) for key in keys}, index=table.index)
    _, first, place = np.unique(number_lines(texts), return_index=True, return_inverse=True)
    return pd.DataFrame({key: texts_at(texts[key], first) for key in keys}, index=range(len(first))), place


def find_lines(rows: pd.DataFrame, lines: pd.DataFrame) -> IntArray:
    """Place among `lines` of each row of a frame that has their keys, -1 if it is none of them."""
    if not len(lines.columns):
        return np.zeros(len(rows), dtype=np.int64)
    return line_index(lines).get_indexer(line_index(rows[list(lines.columns)])).astype(np.int64)


def number_lines(keys: pd.DataFrame) -> IntArray:
    """Numbers of lines in the order of their keys, (rows,), small enough to be multiplied by a number of periods."""
    lines, count = np.zeros(len(keys), dtype=np.int64), 1
    for name in keys:
        texts = keys[name].cat
        lines = lines * len(texts.categories) + texts.codes.to_numpy(dtype=np.int64)
        count *= max(1, len(texts.categories))
        if count > MOST_NUMBERS:
            lines = np.unique(lines, return_inverse=True)[1]
            count = len(lines)
    return lines
