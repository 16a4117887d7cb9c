"""The contracts of a plan, each by itself: how long buying takes and what it comes to, in the futures that are played.

The same blocks, seed and luck as `reallot simulate`: what is told here is what happened there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from optimizer import Method
from scenarios.futures.draws import BLOCK, contract_draws
from scenarios.futures.luck import luck_of
from scenarios.futures.run import case_of
from scenarios.futures.schedule import schedule_of
from scenarios.results import read_results

DAYS_OF_A_MONTH = 365.25 / 12


@dataclass(frozen=True, eq=False)
class Purchase:
    """One contract of a plan in F futures."""

    size: float
    """One-time cost as planned, before the price factor, in prices of the start, USD."""
    method: Method | None
    """How it is bought; None where nothing is."""
    lead: np.ndarray
    """Days from the decision to buy to the (first) award, (F,)."""
    cost: np.ndarray
    """Actual over planned cost, (F,): capped or stopped, with what the years cost by which it outlasts its plan."""
    ended: np.ndarray
    """Whether it was cancelled or stopped, (F,)."""


def purchases(
    folder: Path | str, *, futures: int | None = None, seed: int | None = None, study: Path | str | None = None
) -> tuple[Purchase, ...]:
    """The contracts of the plan in a results folder, in order of their planned start.

    `futures` and `seed` are by default those of the study, as for `reallot simulate`.

    Raises:
        ResultsError: no results, the rival's, or no study beside them; a study that has changed since.
    """
    case, plan, default = case_of(read_results(folder), study, seed)
    count = default if futures is None else futures
    schedule = schedule_of(case, plan)
    contracts = schedule.contracts
    leads, costs, ended = [], [], []
    for block in range(-(-count // BLOCK)):
        world = case.world(block)
        luck = luck_of(schedule, block, world)
        costs.append(luck.ratio)
        ended.append(luck.gone)
        drawn = [
            contract_draws(
                case.priors,
                float(contracts.size[c]),
                contracts.method[c],
                int(contracts.name[c]),
                world.state.shock,
                case.seed,
                block,
            ).lead
            for c in range(len(contracts))
        ]
        leads.append(np.array(drawn).reshape(len(contracts), BLOCK))
    lead, cost, gone = (np.concatenate(parts, axis=1)[:, :count] for parts in (leads, costs, ended))
    return tuple(
        Purchase(float(contracts.size[c]), contracts.method[c], lead[c], cost[c], gone[c])
        for c in range(len(contracts))
    )
