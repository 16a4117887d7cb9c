"""Large problems: prices by Newton's method, columns of bundles as prices call for them, whole units by search.

The proof is the Lagrangian bound of the prices. Work is counted in phases of the search, not in seconds, so that a run
gives the same plan again; one that the clock cut short says so.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from optimizer.duals import Priced
from optimizer.neighbours import Ground
from optimizer.problem import Problem
from optimizer.search import MARGINS, Search

PHASES = 60
"""Phases of the search, at most."""


def found(
    problem: Problem,
    priced: Priced,
    gap: float,
    seed: int,
    until: float,
    phases: int = PHASES,
    margins: tuple[float, ...] = MARGINS,
) -> Search:
    """Search for a plan in whole units under these prices, until a moment of `perf_counter`."""
    ground, start = Ground.of(problem, priced), rounded(priced)
    search = Search(problem, ground, start, priced.extra.copy(), seed, lambda: perf_counter() > until)
    search.run(gap, phases, margins)
    return search


def rounded(priced: Priced) -> np.ndarray:
    """Whole units of each column near to the fractional ones: the largest parts are rounded up."""
    blocks = priced.blocks
    x = np.floor(priced.weight + 1e-9)
    part = priced.weight - x
    lacking = np.rint(blocks.units - np.add.reduceat(x, blocks.first)).astype(np.int64)
    order = np.lexsort((-part, blocks.block))
    place = np.arange(len(order)) - blocks.first[blocks.block[order]]
    x[order[place < lacking[blocks.block[order]]]] += 1
    return x
