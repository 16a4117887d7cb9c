"""Systems that stay open until the last of those that live in them has left: a way of the home fits all its residents.

A home is a system of its own whose options are the times from which it is empty. Given that time, each resident takes
its cheapest option that has left by then, so what a home costs at best is one number for each time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimizer.bundles import Bundles


@dataclass(frozen=True, eq=False)
class Homes:
    """H homes and, beside them, none: the last place of every table by home is that of systems without one."""

    count: int
    """H."""
    horizon: int
    """T: a time from here on is never."""
    home: np.ndarray
    """Each system's home, (systems,): H where it has none."""
    leaves: np.ndarray
    """When each option has left, (options,): T where it never does."""
    case: np.ndarray
    """Positions of the options that are times of homes, (C,)."""
    of: np.ndarray
    """Each case's home, (C,)."""
    at: np.ndarray
    """Each case's time, (C,)."""

    @classmethod
    def within(cls, table: pd.DataFrame, system: np.ndarray, systems: pd.Index, horizon: int) -> Homes:
        """The homes that options name, each an option of the system at that position."""
        if not horizon:
            nothing = np.empty(0, dtype=np.int64)
            zeros = np.zeros(len(systems), np.int64), np.zeros(len(table), np.int64)
            return cls(0, horizon, *zeros, nothing, nothing, nothing)
        first = np.unique(system, return_index=True)[1]
        named = systems.get_indexer(pd.Index(table["home"].iloc[first].astype(object)))
        used = np.unique(named[named >= 0])
        home = np.where(named >= 0, np.searchsorted(used, named), len(used))
        case = np.flatnonzero(np.isin(system, used))
        leaves = np.minimum(table["leaves"].to_numpy(dtype=np.int64), horizon)
        return cls(len(used), horizon, home, leaves, case, np.searchsorted(used, system[case]), leaves[case])

    @property
    def resident(self) -> np.ndarray:
        """The options that are no cases, (options,)."""
        mine = np.ones(len(self.leaves), dtype=bool)
        mine[self.case] = False
        return mine

    def of_bundles(self, together: Bundles) -> np.ndarray:
        """The home of each bundle: that of all its systems, or none where they differ."""
        return self.shared(together.bundle_of, together.owner, together.count)

    def shared(self, owner: np.ndarray, system: np.ndarray, count: int) -> np.ndarray:
        """The home of all systems of each owner, (count,), from pairs of the two: none where they differ."""
        home = self.home[system]
        least, most = np.full(count, self.count), np.zeros(count, dtype=np.int64)
        np.minimum.at(least, owner, home)
        np.maximum.at(most, owner, home)
        return np.where(least == most, least, self.count)

    def tables(
        self, system: np.ndarray, units: np.ndarray, together: Bundles, reduced: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        r"""What each home costs by the time from which it is empty, and how much dearer any plan with an option is.

        $$W_j(e) = r_{je} + \sum_{s \in j} n_s \min_{o \in O(s),\ \mathrm{off}_o \le e} r_o$$
        with r the reduced costs, (options,). Returns W, (H + 1, T + 1), infinite where a time is none of a home's, and
        what a unit of each option costs above $\sum_j \min_e W_j(e)$ at least.
        """
        width, none = self.horizon + 1, self.count
        worth = np.full((none + 1, width), np.inf)
        worth[self.of, self.at] = reduced[self.case]
        worth[none, -1] = 0.0
        by_time = _by_time(system, self.leaves, reduced, len(units), width)
        alone = np.ones(len(units), dtype=bool)
        alone[together.systems] = False
        alone[np.unique(system[self.case])] = False
        np.add.at(worth, self.home[alone], by_time[alone] * units[alone, None])
        if together.count:
            mine = together.options
            of_pair = _by_time(together.pair, self.leaves[mine], reduced[mine], len(together.way), width)
            of_way = np.zeros((len(together.bundle), width))
            np.add.at(of_way, together.way, of_pair)
            of_way[~together.complete] = np.inf
            of_bundle = np.full((together.count, width), np.inf)
            np.minimum.at(of_bundle, together.bundle, of_way)
            homes = self.of_bundles(together)
            np.add.at(worth, homes, of_bundle)
        lowest = worth.min(axis=1)
        rest = worth - lowest[:, None]
        above = np.zeros(len(reduced))
        above[self.case] = rest[self.of, self.at]
        single = np.flatnonzero(alone[system])
        with np.errstate(invalid="ignore"):
            least = _later(rest[self.home] - by_time)
        above[single] = reduced[single] + least[system[single], self.leaves[single]]
        if together.count:
            bundle = together.bundle[together.way]
            with np.errstate(invalid="ignore"):
                dearer = _later(rest[homes[bundle]] - of_bundle[bundle] + of_way[together.way] - of_pair)
            above[mine] = reduced[mine] + dearer[together.pair, self.leaves[mine]]
        return worth, above


def _by_time(row: np.ndarray, time: np.ndarray, value: np.ndarray, rows: int, width: int) -> np.ndarray:
    """Least value of each row up to each time, (rows, width)."""
    table = np.full(rows * width, np.inf)
    np.minimum.at(table, row * width + time, value)
    return np.asarray(np.minimum.accumulate(table.reshape(rows, width), axis=1))


def _later(table: np.ndarray) -> np.ndarray:
    """Least of each row from each time on; what is no number (never less never) counts as never."""
    known = np.where(np.isnan(table), np.inf, table)
    return np.asarray(np.minimum.accumulate(known[:, ::-1], axis=1)[:, ::-1])
