"""What a limit is: rows that a plan keeps to, and decisions of its own where it needs some."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer.options import Options
from optimizer.sites import Closings
from optimizer.words import amount_of


class HasFrame(Protocol):
    """Anything with one row per option."""

    @property
    def frame(self) -> pd.DataFrame:
        """One row per option."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Decisions that a limit needs beside the options: `0 <= v <= upper`."""

    upper: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    """By name."""
    use: Mapping[str, sparse.csr_array] = field(default_factory=dict)
    """What each takes of the rows of a limit (gives, where negative), by the limit's name: rows x decisions."""
    cost: float | np.ndarray = 0.0
    """What one unit of each adds to the objective."""


class Limit(ABC):
    """Rows `coefficients @ x + use @ v (sense) allowed`, with v the decisions of all limits."""

    name: str
    sense: str = "<="
    unit: str

    @abstractmethod
    def coefficients(self, options: Options) -> sparse.csr_array:
        """What one unit of each option uses, rows x options."""

    @abstractmethod
    def allowed(self) -> pd.Series:
        """Right-hand side of each row, by key."""

    def columns(self, options: Options) -> Columns:
        """Its own decisions; most limits have none."""
        return Columns()

    def of_sites(self, closings: Closings) -> sparse.csr_array:
        """What each case of what becomes of a site uses, rows x cases; nothing for most limits."""
        return sparse.csr_array((len(self.allowed()), len(closings)))

    def loosened(self) -> sparse.csr_array:
        """What one more unit allowed adds to the right-hand sides, rows x keys of the table."""
        return sparse.csr_array(sparse.eye_array(len(self.allowed()), format="csr"))

    def table(self, options: Options, units: np.ndarray) -> pd.DataFrame:
        """`used` and `allowed` by key for a plan."""
        return pd.DataFrame({"used": self.coefficients(options) @ units, "allowed": self.allowed()})

    def holds(self, options: Options, units: np.ndarray) -> bool:
        """Whether a plan keeps to it."""
        table = self.table(options, units)
        over = table["used"] - table["allowed"]
        if self.sense == "==":
            over = over.abs()
        return bool((over <= 1e-6 * (1 + table["allowed"].abs())).all())

    def sentence(self, key: str, used: float, allowed: float) -> str:
        """One row in words."""
        return f"{self.name} {key}: {amount_of(used, self.unit)} of {amount_of(allowed, self.unit)}"


def indicator(row: np.ndarray, rows: int) -> sparse.csr_array:
    """Ones at `(row[o], o)`, nothing where the row is -1."""
    o = np.flatnonzero(row >= 0)
    return sparse.csr_array((np.ones(len(o)), (row[o], o)), shape=(rows, len(row)))


def empty(options: Options) -> sparse.csr_array:
    """No rows at all."""
    return sparse.csr_array((0, len(options)))


def by_year(value: float | pd.Series, years: np.ndarray) -> np.ndarray:
    """A number for each fiscal year: the same for all, or what the series says of it (0 where it says nothing)."""
    if isinstance(value, pd.Series):
        return value.reindex(years).fillna(0.0).to_numpy(dtype=float)
    return np.full(len(years), float(value))


def most(use: sparse.csr_array, options: Options) -> np.ndarray:
    """The most that all units together can use of each row, whatever they do."""
    entries = sparse.coo_array(use)
    row, o = entries.coords
    count = len(options.portfolio.systems)
    each = np.zeros((use.shape[0], count))
    np.maximum.at(each, (row, options.s[o]), entries.data)
    return np.asarray(each @ options.portfolio.systems["units"].to_numpy(dtype=float))


def ranges(first: np.ndarray, count: np.ndarray) -> np.ndarray:
    """`first`, `first + 1` and so on, `count` of them, one after the other."""
    return np.asarray(np.arange(count.sum()) + np.repeat(first - np.cumsum(count) + count, count))
