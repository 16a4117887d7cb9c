"""What becomes of the contracts of a schedule once they begin, in the futures of one block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenarios.futures.case import World
from scenarios.futures.contracts import MOST_SLIP, cancelled_after
from scenarios.futures.draws import contract_draws
from scenarios.futures.schedule import Schedule


@dataclass(frozen=True, eq=False)
class Luck:
    """The fate of C contracts of K cells in F futures, whenever they begin."""

    award: np.ndarray
    """First quarter in which each can begin, T where it never can, (C, F)."""
    ratio: np.ndarray
    """Actual over planned cost, (C, F)."""
    gone: np.ndarray
    """Whether it is cancelled or stopped, (C, F)."""
    longer: np.ndarray
    """Quarters by which work is prolonged, (K, F)."""
    variant: np.ndarray
    """State of each cell's money: prolonged, or cancelled after some quarters, (K, F)."""
    lead: np.ndarray
    """Days from the beginning of each purchase to its award, (C, F)."""

    def part(self, which: slice) -> Luck:
        """Some futures of the block."""
        return Luck(**{name: getattr(self, name)[:, which] for name in self.__dataclass_fields__})


def luck_of(schedule: Schedule, block: int, world: World) -> Luck:
    """Draws what happens to each contract of a block."""
    contracts, priors = schedule.contracts, schedule.case.priors
    futures, last = len(world.state.shock), contracts.quarters
    lead = np.zeros((len(contracts), futures))
    award = np.full((len(contracts), futures), last, dtype=np.int16)
    ratio = np.ones((len(contracts), futures))
    gone = np.zeros((len(contracts), futures), dtype=bool)
    longer = np.zeros((len(contracts.contract), futures), dtype=np.int16)
    variant = np.zeros((len(contracts.contract), futures), dtype=np.int16)
    first_day = schedule.clock.days_until(np.arange(last))
    begins, expected = schedule.bought_from
    for c in range(len(contracts)):
        size, method = float(contracts.size[c]), contracts.method[c]
        name = int(contracts.name[c])
        draws = contract_draws(priors, size, method, name, world.state.shock, schedule.case.seed, block)
        lead[c] = draws.lead
        planned = int(contracts.start[c])
        late = np.searchsorted(first_day, begins[c] + draws.lead - 1e-6)
        # as long as was expected is in time: that is what the plan counted with
        award[c] = schedule.free[np.where(draws.lead <= expected[c] + 1e-6, planned, np.maximum(late, planned))]
        cells = list(contracts.cells(c))
        for k in cells:
            exact = np.maximum(contracts.work[k] * (draws.slip - 1), 0.0)
            longer[k] = np.minimum(np.floor(exact + (exact > 0) * draws.rounding), MOST_SLIP)
        most = longer[cells].max(axis=0)
        with_years = draws.cost * (1 + priors.year_factor * most / 4) if priors.has("overrun") else draws.cost
        ratio[c] = np.minimum(with_years, draws.cap)
        hazard = 1 - (1 - priors.cancellation_rate) ** ((contracts.work[cells].max() + most) / 4)
        ended = draws.cancel < hazard
        gone[c] = ended | (with_years >= draws.cap)
        for k in cells:
            # who is stopped by its cost has spent all of it; who is cancelled has spent what the work so far cost
            after = np.where(ended, np.maximum(np.ceil(draws.when * contracts.work[k]), 1), contracts.work[k])
            variant[k] = np.where(gone[c], cancelled_after(after.astype(np.int64)), longer[k])
    return Luck(award, ratio, gone, longer, variant, lead)
