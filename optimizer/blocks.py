"""A problem as blocks that know nothing of each other: each takes so many of its own columns, limits alone join them.

A system is a block and its options are its columns. A bundle is a block too: a column of it is a whole way for all its
systems to take one slot, one option each. There are too many of those to list, so they are added as prices call for
them; the bound of `Problem.price` needs no list.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from optimizer.bundles import Bundles
from optimizer.problem import Problem


@dataclass(frozen=True, eq=False)
class Blocks:
    """B blocks, K columns sorted by block, L limits."""

    members: sparse.csr_array
    """How many units of each option one unit of a column takes, (K, options)."""
    cost: np.ndarray
    """(K,)."""
    use: sparse.csr_array
    """What one unit of a column takes of each limit, (K, L)."""
    block: np.ndarray
    """Position of each column's block, (K,), never falling."""
    units: np.ndarray
    """Units of each block, (B,)."""

    @cached_property
    def first(self) -> np.ndarray:
        """The first column of each block, (B,)."""
        return np.searchsorted(self.block, np.arange(len(self.units)))

    @cached_property
    def size(self) -> np.ndarray:
        """Columns of each block, (B,)."""
        return np.diff(np.append(self.first, len(self.block)))

    @cached_property
    def spread(self) -> float:
        """Usual difference of the dearest and the cheapest column of a block."""
        apart = np.maximum.reduceat(self.cost, self.first) - np.minimum.reduceat(self.cost, self.first)
        return float(np.median(apart[apart > 0])) if (apart > 0).any() else 1.0

    def sizes(self, limits: np.ndarray) -> np.ndarray:
        """Size of each limit, (L,): what is allowed, or what blocks usually take of it if that is more."""
        usual = np.asarray(abs(self.use).T @ (self.units / self.size)[self.block])
        return np.asarray(np.maximum(np.maximum(np.abs(limits), usual), 1e-9))

    def of(self, chosen: np.ndarray) -> Blocks:
        """Some of the blocks, by mask (B,)."""
        rows = np.flatnonzero(chosen[self.block])
        place = np.cumsum(chosen) - 1
        return Blocks(self.members[rows], self.cost[rows], self.use[rows], place[self.block[rows]], self.units[chosen])

    def options(self, x: np.ndarray) -> np.ndarray:
        """Units of each option from units of each column."""
        return np.asarray(self.members.T @ x)


@dataclass(frozen=True, eq=False)
class Listing:
    """Blocks of a problem, and which columns of bundles are listed already."""

    problem: Problem
    together: Bundles
    blocks: Blocks
    seen: frozenset[int]
    """Fingerprints of the listed columns of bundles."""

    @classmethod
    def of(cls, problem: Problem, prices: np.ndarray) -> Listing:
        """All columns of systems that stand alone; of bundles those that are cheapest at some prices, (L,)."""
        together = problem.together
        alone = np.flatnonzero(~np.isin(problem.system, together.systems))
        order = alone[np.argsort(problem.system[alone], kind="stable")]
        systems, block = np.unique(problem.system[order], return_inverse=True)
        count = len(order)
        members = sparse.csr_array((np.ones(count), (np.arange(count), order)), shape=(count, len(problem)))
        units = np.append(problem.units[systems], np.ones(together.count))
        blocks = Blocks(members, problem.cost[order], problem.use[order], block, units)
        return cls(problem, together, blocks, frozenset()).with_cheapest(prices)[0]

    def with_cheapest(self, prices: np.ndarray) -> tuple[Listing, bool]:
        """The same with the columns of bundles that are cheapest at these prices; whether any is new."""
        return self.with_cheapest_at(self.problem.cost + self.problem.use @ prices)

    def with_cheapest_at(self, reduced: np.ndarray) -> tuple[Listing, bool]:
        """The same at such costs of options, (options,)."""
        together = self.together
        if not together.count:
            return self, False
        options, row = together.cheapest(reduced)
        return self._with(options, row, together.complete, together.bundle)

    def with_lone(self) -> Listing:
        """The same with every option of bundles of one system: few enough to be listed."""
        together = self.together
        if not together.count:
            return self
        bundle = together.bundle_of
        members = np.zeros(together.count, dtype=np.int64)
        heads = np.unique(together.owner, return_index=True)[1]
        np.add.at(members, bundle[heads], 1)
        lone = np.flatnonzero(members[bundle] == 1)
        return self._with(together.options[lone], np.arange(len(lone)), np.ones(len(lone), dtype=bool), bundle[lone])[0]

    def _with(
        self, options: np.ndarray, row: np.ndarray, whole: np.ndarray, bundle: np.ndarray
    ) -> tuple[Listing, bool]:
        """The same with those columns of bundles that are whole and new; `row` is the column of each of the options."""
        names = np.random.default_rng(0).integers(1, 2**62, len(self.problem))
        mark = np.zeros(len(bundle), dtype=np.int64)
        np.add.at(mark, row, names[options])
        fresh = whole & ~np.isin(mark, list(self.seen))
        if not fresh.any():
            return self, False
        kept = fresh[row]
        place = np.cumsum(fresh) - 1
        shape = (int(fresh.sum()), len(self.problem))
        more = sparse.csr_array((np.ones(kept.sum()), (place[row[kept]], options[kept])), shape=shape)
        singles = len(self.blocks.units) - self.together.count
        return replace(
            self,
            blocks=_joined(self.problem, self.blocks, more, singles + bundle[fresh]),
            seen=self.seen | frozenset(mark[fresh].tolist()),
        ), True


def _joined(problem: Problem, blocks: Blocks, more: sparse.csr_array, block: np.ndarray) -> Blocks:
    """Blocks with more columns, sorted by block again."""
    every = np.append(blocks.block, block)
    order = np.argsort(every, kind="stable")
    members = sparse.csr_array(sparse.vstack([blocks.members, more], format="csr")[order])
    use = sparse.csr_array(sparse.vstack([blocks.use, more @ problem.use], format="csr")[order])
    cost = np.append(blocks.cost, more @ problem.cost)[order]
    return Blocks(members, cost, use, every[order], blocks.units)
