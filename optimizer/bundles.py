"""Systems that go together: all of a bundle take the same slot, each its own option of that slot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Bundles:
    """Three levels: n options of bundled systems, P pairs of a system and a slot, W ways of a bundle to take a slot."""

    count: int
    """How many bundles there are."""
    systems: np.ndarray
    """Positions of the systems that are bundled."""
    options: np.ndarray
    """Positions of their options, (n,)."""
    owner: np.ndarray
    """Position of the system of each of those, (n,)."""
    pair: np.ndarray
    """Each option's pair, (n,)."""
    way: np.ndarray
    """Each pair's way, (P,)."""
    bundle: np.ndarray
    """Each way's bundle, (W,)."""
    complete: np.ndarray
    """Whether all systems of the bundle have that slot, (W,)."""

    @classmethod
    def of(cls, table: pd.DataFrame, system: np.ndarray) -> Bundles:
        """The bundles that options name, each an option of the system at that position; none where they name none."""
        bundled = (table["bundle"] != "").to_numpy() if "bundle" in table else np.zeros(len(table), dtype=bool)
        options = np.flatnonzero(bundled)
        if not len(options):
            nothing = np.empty(0, dtype=np.int64)
            return cls(0, nothing, nothing, nothing, nothing, nothing, nothing, np.empty(0, dtype=bool))
        bundle = pd.factorize(table["bundle"].iloc[options])[0]
        slot = pd.factorize(table["slot"].iloc[options])[0]
        width = int(slot.max()) + 1
        owner = system[options]
        _, first, pair = np.unique(owner * width + slot, return_index=True, return_inverse=True)
        ways, way = np.unique((bundle * width + slot)[first], return_inverse=True)
        systems, heads = np.unique(owner, return_index=True)
        members = np.bincount(bundle[heads])
        complete = np.bincount(way, minlength=len(ways)) == members[ways // width]
        return cls(len(members), systems, options, owner, pair, way, ways // width, complete)

    @property
    def bundle_of(self) -> np.ndarray:
        """Each option's bundle, (n,)."""
        return np.asarray(self.bundle[self.way[self.pair]])

    def cheapest(self, cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The option of least cost of each pair, (P,), and the pair's way, (P,); `cost` is that of all options."""
        order = np.lexsort((cost[self.options], self.pair))
        leads = np.flatnonzero(np.diff(self.pair[order], prepend=-1))
        return self.options[order[leads]], self.way

    def least(self, cost: np.ndarray) -> tuple[float, np.ndarray]:
        """Cost of all bundles' cheapest ways together, and how much dearer any plan with each option is, (n,)."""
        mine = cost[self.options]
        of_pair = np.full(len(self.way), np.inf)
        np.minimum.at(of_pair, self.pair, mine)
        of_way = np.zeros(len(self.bundle))
        np.add.at(of_way, self.way, of_pair)
        of_way[~self.complete] = np.inf
        of_bundle = np.full(self.count, np.inf)
        np.minimum.at(of_bundle, self.bundle, of_way)
        dearer = np.full(len(self.bundle), np.inf)
        dearer[self.complete] = (of_way - of_bundle[self.bundle])[self.complete]
        return float(of_bundle.sum()), mine - of_pair[self.pair] + dearer[self.way][self.pair]
