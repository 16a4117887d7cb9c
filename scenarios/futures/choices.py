r"""What is still open in a plan of contracts: when each may begin, what that is worth, and what it takes of the limits.

A choice is a contract and the quarter in which it begins, or never (T). All figures are at expected prices, as planned;
what they come to is booked elsewhere (`scenarios.futures.books`).

Letters of shapes: C contracts, T quarters, B budgets, H rows of hours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optimizer.limits import Hours
from optimizer.options import Options, chosen, possible
from optimizer.terms import cost

if TYPE_CHECKING:
    from scenarios.futures.schedule import Schedule


@dataclass(frozen=True, eq=False)
class Choices:
    """What each contract could do, whatever has happened."""

    cost: np.ndarray
    """Objective against staying, present value, USD, (C, T + 1)."""
    reduced: np.ndarray
    """The same with all that it takes of the limits at the prices of the last solve, USD, (C, T + 1)."""
    outlay: np.ndarray
    """Outlay against staying by budget, USD, (C, T + 1, B)."""
    hours: np.ndarray
    """Hours by quarter and skill, (C, T + 1, H)."""
    capacity: np.ndarray
    """Hours that there are, (H,)."""
    starts: np.ndarray
    """Units that may begin in each quarter, infinite where there is no limit, (T,)."""
    allowed: np.ndarray
    """When it may begin: windows, freezes, the horizon; a lock leaves its own quarter, (C, T + 1)."""
    purchase: np.ndarray
    """Day on which its purchase begins at the latest, for each start, days from `as_of`, (C, T)."""
    keeps: np.ndarray
    """What is left of each budget in the next one, per dollar: 0 where nothing may be carried on, (B,)."""

    @cached_property
    def next_allowed(self) -> np.ndarray:
        """The first quarter from each on in which a contract may begin, (C, T + 1)."""
        found = np.full(self.allowed.shape, self.never)
        for start in range(self.never - 1, -1, -1):
            found[:, start] = np.where(self.allowed[:, start], start, found[:, start + 1])
        return found

    @property
    def never(self) -> int:
        """T: the start of what does not begin."""
        return int(self.cost.shape[1]) - 1


def choices_of(schedule: Schedule) -> Choices:
    """What is open in a schedule, and what its prices say of it."""
    case, contracts = schedule.case, schedule.contracts
    last, count = contracts.quarters, len(contracts)
    outlay = np.stack([part.planned @ schedule.within[part.columns] for part in schedule.projected]) if count else None
    outlay = np.zeros((0, last + 1, len(case.budgets.frame))) if outlay is None else outlay - outlay[:, -1:]
    value, hours, capacity = _worth(schedule)
    portfolio = case.portfolio
    starts = portfolio.starts.reindex(np.asarray(portfolio.quarters.qyear)).fillna(np.inf).to_numpy(dtype=float)
    of_money = case.price("appropriation", case.budgets.frame["key"])
    of_hours = case.price("hours", capacity.index)
    of_starts = np.append(case.price("starts", portfolio.quarters.astype(str)), 0.0)
    reduced = value + outlay @ of_money + hours @ of_hours + contracts.units[:, None] * of_starts
    frame = case.budgets.frame
    onward = np.isin(np.arange(len(frame)), case.budgets.carries)
    return Choices(
        cost=value,
        reduced=reduced,
        outlay=outlay,
        hours=hours,
        capacity=capacity.to_numpy(dtype=float),
        starts=starts,
        allowed=_allowed(schedule),
        purchase=_purchases(schedule),
        keeps=np.where(onward, frame["rho"].to_numpy(dtype=float), 0.0),
    )


def _options(schedule: Schedule) -> tuple[Options, np.ndarray]:
    """The rows of the contracts as options, and the units of each."""
    case = schedule.case
    return chosen(case.portfolio, case.strategies, case.economics, schedule.contracts.rows, case.methods)


def _worth(schedule: Schedule) -> tuple[np.ndarray, np.ndarray, pd.Series]:
    """Objective (C, T + 1) and hours (C, T + 1, H) by start, and the hours that there are."""
    count, last = len(schedule.contracts), schedule.contracts.quarters
    limit = Hours(schedule.case.portfolio)
    capacity = limit.allowed()
    value, hours = np.zeros((count, last + 1)), np.zeros((count, last + 1, len(capacity)))
    if not count:
        return value, hours, capacity
    options, units = _options(schedule)
    contract = schedule.contracts.rows["contract"].to_numpy(dtype=np.int64)
    staying = cost(options.staying())
    for start in range(last):
        moved = replace(options, tau=np.full_like(options.tau, start))
        value[:, start] = np.bincount(contract, (cost(moved) - staying) * units, count)
        of_rows = limit.coefficients(moved).tocoo()
        row, o = (np.asarray(at, dtype=np.int64) for at in of_rows.coords)
        np.add.at(hours[:, start], (contract[o], row), of_rows.data * units[o])
    return value, hours, capacity


def _allowed(schedule: Schedule) -> np.ndarray:
    """When each contract may begin, never included, (C, T + 1)."""
    contracts, portfolio = schedule.contracts, schedule.case.portfolio
    found = np.ones((len(contracts), contracts.quarters + 1), dtype=bool)
    if not len(contracts):
        return found
    options, _ = _options(schedule)
    may = possible(portfolio, options.strategies)[options.s, options.k]
    locked = (portfolio.systems["lock"] != "").to_numpy()[options.s]
    own = np.arange(contracts.quarters) == options.tau[:, None]
    may = np.where(locked[:, None], own, may | own)
    contract = contracts.rows["contract"].to_numpy(dtype=np.int64)
    np.logical_and.at(found, contract, np.column_stack([may, ~locked]))
    return found


def _purchases(schedule: Schedule) -> np.ndarray:
    """Day on which each purchase begins at the latest, by start, (C, T)."""
    count, last, clock = len(schedule.contracts), schedule.contracts.quarters, schedule.clock
    lead = schedule.lead
    begins = [clock.days_until(clock.before(np.full(count, start), lead)) for start in range(last)]
    return np.asarray(np.maximum(np.array(begins).reshape(last, count).T, 0))
