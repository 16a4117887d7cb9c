"""What an office knows when a fiscal year begins, in all futures at once; nothing of what is still to come.

Known are the years that lie behind, this year's cut, and what has begun: its cost and length, as everywhere in the
simulation. Run costs and other IT of the years to come are guessed from those of the last one
(`Case.persistence`); contracts that have not begun are expected to go as planned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenarios.futures.books import TOLERANCE
from scenarios.futures.case import World
from scenarios.futures.choices import Choices
from scenarios.futures.schedule import Schedule


@dataclass(frozen=True, eq=False)
class Known:
    """The start of a fiscal year: F futures, C contracts, B budgets, T quarters."""

    schedule: Schedule
    choices: Choices
    quarter: int
    """The first of the year."""
    year: int
    """Position of the fiscal year."""
    begun: np.ndarray
    """Which contracts have begun, (C, F)."""
    aim: np.ndarray
    """When each began, or is meant to begin; T: never, (C, F)."""
    soonest: np.ndarray
    """When what has not begun could begin, by what is known of its purchase, (C, F)."""
    ready: np.ndarray
    """When each cell has cut over, or will have if all goes as planned from now on; `NEVER` if cancelled, (K, F)."""
    amount: np.ndarray
    """Amount of each budget, as it is known now, USD, (F, B)."""
    left: np.ndarray
    """What each budget is expected to have left, its reserve kept, if all goes as is meant now, USD, (F, B)."""
    off_plan: np.ndarray
    """Futures in which anything has come otherwise than planned, (F,)."""

    @property
    def open(self) -> np.ndarray:
        """Contracts about which something can still be decided, (C, F)."""
        return ~self.begun


def soonest(
    schedule: Schedule, t: int, start: np.ndarray, purchase: np.ndarray, lead: np.ndarray, begun: np.ndarray
) -> np.ndarray:
    """The first quarter in which contracts could begin as far as is known at the start of quarter t, (C, F).

    What is awarded can begin at once. What is being bought will be awarded when its lead time is over, and no sooner
    than next quarter. What is not being bought yet is bought from today on.
    """
    last, first_day = schedule.contracts.quarters, schedule.first_day
    today = int(first_day[t])
    expected = schedule.lead[:, None]
    buys = np.array([method is not None for method in schedule.contracts.method])[:, None]
    awarded = purchase + lead <= today + 1e-6
    bought = purchase < today
    due = np.searchsorted(first_day, purchase + expected - 1e-6)
    waiting = np.maximum(due, t + 1)
    anew = np.broadcast_to(np.searchsorted(first_day, today + expected - 1e-6), bought.shape)
    found = np.where(bought, np.where(awarded, t, waiting), anew)
    found = np.where(buys, np.maximum(found, t), t)
    found = schedule.free[np.minimum(found, last)]
    return np.asarray(np.where(begun, start, found))


def expected_lines(schedule: Schedule, world: World, y: int) -> tuple[np.ndarray, np.ndarray]:
    """Run cost over that expected, (F, L, Y), and other IT beyond what is expected, (F, S, Y), as year y knows them."""
    line, rest = world.line.copy(), world.rest.copy()
    if y == 0:
        line[:], rest[:] = 1.0, 0.0
        return line, rest
    of_line, of_rest = schedule.case.persistence
    line[:, :, y:] = 1 + (world.line[:, :, y - 1, None] - 1) * of_line[:, y - 1, y:]
    rest[:, :, y:] = world.rest[:, :, y - 1, None] * of_rest[:, y - 1, y:]
    return line, rest


def left_over(schedule: Schedule, amount: np.ndarray, projected: np.ndarray) -> np.ndarray:
    """What budgets are expected to have left of what they may plan with, their reserve kept, USD, (F, B)."""
    case, frame = schedule.case, schedule.case.budgets.frame
    kept = (frame["amount"] - frame["free"]).to_numpy(dtype=float)
    used = projected @ schedule.within
    amount = amount - schedule.swept
    brought = case.opening(len(amount))
    onward, rho = frame["next"].to_numpy(dtype=np.int64), frame["rho"].to_numpy(dtype=float)
    for b in np.flatnonzero(onward >= 0).tolist():
        own = np.maximum(used[:, b] - brought[:, b], 0.0)
        brought[:, onward[b]] = rho[b] * np.maximum(amount[:, b] - own, 0.0)
    return np.asarray(amount - kept + brought - used)


def strayed(
    schedule: Schedule, amount: np.ndarray, projected: np.ndarray, aim: np.ndarray, soonest: np.ndarray
) -> np.ndarray:
    """Futures in which money, or when something begins, is another than planned, (F,)."""
    case = schedule.case
    planned = (case.residual + schedule.planned_sites + case.staying.sum(axis=0)).reshape(-1)
    for c, start in enumerate(schedule.contracts.start.tolist()):
        part = schedule.projected[c]
        planned[part.columns] += part.planned[start]
    promised = case.budgets.frame["amount"].to_numpy(dtype=float) + case.moved
    start = schedule.contracts.start[:, None]
    money = (abs(projected - planned) > TOLERANCE).any(axis=1) | (abs(amount - promised) > TOLERANCE).any(axis=1)
    return np.asarray(money | ((aim != start) | (soonest > aim)).any(axis=0))
