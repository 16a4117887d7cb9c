"""The books of simulated futures: what was spent, by whom, within which appropriation; each a sum of flows, in USD."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.options import NEVER
from scenarios.futures.case import World
from scenarios.futures.schedule import Schedule

TOLERANCE = 1.0
"""USD by which an outlay may be above a budget and count as within it: a plan's own rounding."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """F futures of one schedule."""

    outlay: np.ndarray
    """By scope, (F, S, Y)."""
    allowed: np.ndarray
    """What each budget may spend, brought money included, (F, B)."""
    used: np.ndarray
    """What is spent of it, (F, B)."""
    one_time: np.ndarray
    """(F, Y)."""
    legacy: np.ndarray
    """Legacy run cost, (F, Y)."""
    run: np.ndarray
    """All run cost, (F, Y)."""
    moved: np.ndarray
    """Units on a modern platform at the end of each year that were moved there, (F, Y)."""
    start: np.ndarray
    """Quarter in which each contract began, T where it never did, (F, C)."""
    cancelled: np.ndarray
    """Whether it began and was cancelled or stopped, (F, C)."""

    def within(self) -> np.ndarray:
        """Whether each budget is kept, (F, B)."""
        return np.asarray(self.used <= self.allowed + TOLERANCE)

    @classmethod
    def joined(cls, parts: list[Outcome], futures: int) -> Outcome:
        """The first futures of several blocks, in their order."""
        names = cls.__dataclass_fields__
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts])[:futures] for name in names})


class _Sums:
    """What is added up: by scope, then as a whole; scopes first, so that what is added to lies together."""

    def __init__(self, futures: int, scopes: int, years: int) -> None:
        self.outlay = np.zeros((scopes, futures, years))
        self.legacy, self.run = np.zeros((2, futures, years))


def booked(
    schedule: Schedule,
    world: World,
    start: np.ndarray,
    variant: np.ndarray,
    ratio: np.ndarray,
    gone: np.ndarray,
    cut: np.ndarray,
) -> Outcome:
    """What it all came to, when each contract began (T: never) in a state of each cell.

    `start`, `ratio`, `gone` are (C, F), `variant`, `cut` (K, F).
    """
    case, contracts, staying = schedule.case, schedule.contracts, schedule.staying
    futures, years, last = len(world.state.shock), len(case.years), len(case.portfolio.quarters)
    shape = futures, len(case.scopes), years
    outlay = np.zeros((len(case.scopes), futures, years))
    legacy = np.einsum("fly,ly->fy", world.line, staying.legacy)
    run = np.einsum("fly,ly->fy", world.line, staying.run)
    one_time = np.zeros((futures, years))
    cloud, of_line = _Sums(*shape), case.lines.of_system[contracts.system]
    runs, builds = schedule.pays
    for line in np.unique(of_line).tolist():
        mine = _Sums(*shape)
        for k in np.flatnonzero(of_line == line).tolist():
            c = int(contracts.contract[k])
            names, table = schedule.parts[k]
            state = start[c] * schedule.variants + np.where(start[c] < last, variant[k], 0)
            part = {name: amounts.take(state, axis=0) for name, amounts in zip(names, table, strict=True)}
            built = np.zeros((futures, years))
            if "own" in part:
                built += ratio[c][:, None] * part["own"]
            if "clearing" in part:
                built += part["clearing"]
            one_time += built
            for s in schedule.scopes[k]:
                if builds[k, s]:
                    outlay[s] += builds[k, s] * built
                if runs[k, s]:
                    for name, spent in (("line", mine.outlay), ("cloud", cloud.outlay), ("exit", outlay)):
                        if name in part:
                            spent[s] += runs[k, s] * part[name]
            for scale, sums in (("line", mine), ("cloud", cloud)):
                if f"legacy {scale}" in part:
                    sums.legacy += part[f"legacy {scale}"]
                if f"run {scale}" in part:
                    sums.run += part[f"run {scale}"]
        factor = np.ascontiguousarray(world.line[:, line])
        outlay += mine.outlay * factor
        legacy += mine.legacy * factor
        run += mine.run * factor
    outlay += cloud.outlay * world.state.cloud
    legacy += cloud.legacy * world.state.cloud
    run += cloud.run * world.state.cloud
    outlay = np.ascontiguousarray(outlay.transpose(1, 0, 2))
    outlay += np.einsum("fly,lsy->fsy", world.line, staying.outlay, optimize=True)
    outlay += (case.residual + schedule.open_sites) + world.rest
    off = np.where(cut < NEVER, cut + contracts.dual_run[:, None], NEVER)
    for i, empty in enumerate(schedule.empty(off) if len(schedule.closing) else ()):
        outlay += schedule.site_cash[i, empty][:, None] * case.sites[schedule.closing[i]][:, None]
    used, allowed = _budgets(schedule, world, outlay)
    ends = np.searchsorted(case.year_of, np.arange(years), side="right")
    arrives = contracts.modern > 0
    moved = np.stack([contracts.modern[arrives] @ (cut[arrives] < end) for end in ends], axis=1)
    begun = start < last
    return Outcome(outlay, allowed, used, one_time, legacy, run, moved, start.T.astype(np.int16), (gone & begun).T)


def _budgets(schedule: Schedule, world: World, outlay: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What each budget spent, and what it might: its amount at last and what it brought, two of (F, B)."""
    case, frame = schedule.case, schedule.case.budgets.frame
    onward, rho = frame["next"].to_numpy(dtype=np.int64), frame["rho"].to_numpy(dtype=float)
    used = np.einsum("fby,by->fb", outlay[:, case.scope_of], case.cycle.astype(float))
    amount = case.amount(world, None) - schedule.swept
    brought = case.opening(len(outlay))
    for b in range(len(frame)):
        if onward[b] >= 0:
            own = np.maximum(used[:, b] - brought[:, b], 0.0)
            brought[:, onward[b]] = rho[b] * np.maximum(amount[:, b] - own, 0.0)
    return used, amount + brought
