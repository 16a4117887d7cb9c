"""Ten thousand futures of the sample state's plan, beside a plain Python loop over a hundred of them in the same run.

python -m benchmarks.futures [--futures 10000] [--loop 100]
"""

from __future__ import annotations

import argparse
import platform
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from optimizer.options import NEVER
from scenarios.futures.books import TOLERANCE
from scenarios.futures.case import World
from scenarios.futures.draws import BLOCK
from scenarios.futures.luck import Luck, luck_of
from scenarios.futures.policies import AllAtOnce, DoNothing, Fixed, Greedy, Policy
from scenarios.futures.replanned import Replanned
from scenarios.futures.run import case_of, play_all
from scenarios.futures.schedule import Schedule, schedule_of
from scenarios.pipeline import plan_study
from scenarios.results import read_results
from scenarios.sample import erie
from scenarios.study import read_study, write_study


class Plain:
    """The rival: one future at a time, contract after contract, by the rules of `scenarios.futures.simulate`."""

    def __init__(self, schedule: Schedule, world: World, luck: Luck) -> None:
        """Take what a block has drawn."""
        self.schedule, self.world, self.luck = schedule, world, luck
        self.case, self.contracts = schedule.case, schedule.contracts
        self.last, self.years = len(self.case.portfolio.quarters), len(self.case.years)
        frame = self.case.budgets.frame
        self.onward, self.rho = frame["next"].tolist(), frame["rho"].tolist()

    def future(self, i: int) -> tuple[np.ndarray, list[int]]:
        """Outlay of future i by scope and year, USD, (S, Y), and in which quarter each contract began."""
        case, contracts = self.case, self.contracts
        due = [int(q) for q in self.luck.award[:, i]]
        begun = [False] * len(contracts)
        cut = [NEVER] * len(contracts.contract)
        variant = [int(v) for v in self.luck.variant[:, i]]
        projected = (case.residual + self.schedule.planned_sites) + self.world.rest[i]
        for line in range(len(case.staying)):
            projected = projected + case.staying[line] * self.world.line[i, line]
        flat = projected.reshape(-1)
        for c, part in enumerate(self.schedule.projected):
            flat[part.columns] += part.planned[due[c]]
        brought = case.opening(1)[0]
        for t in range(self.last):
            y = int(case.year_of[t])
            now = [b for b in range(len(self.onward)) if case.cycle[b, y]]
            amount = self._amount(i, t)
            self._needs(t, due, begun, cut, flat)
            self._money(t, now, amount + brought, due, begun, flat)
            self._room(t, due, begun, flat)
            for c in range(len(contracts)):
                if due[c] == t and not begun[c]:
                    self._begin(c, t, i, begun, cut, variant, flat)
            if t + 1 == self.last or case.year_of[t + 1] != y:
                for b in now:
                    if self.onward[b] >= 0:
                        own = max(self._used(b, flat) - brought[b], 0.0)
                        brought[self.onward[b]] = self.rho[b] * max(amount[b] - own, 0.0)
        start = [due[c] if begun[c] else self.last for c in range(len(contracts))]
        return self._books(i, start, variant, cut), start

    def _amount(self, i: int, t: int) -> np.ndarray:
        rows, held = self.case.budgets.rows, self.case.portfolio.quarters[t].quarter > 2
        found = self.case.moved - self.schedule.swept
        for r, (budget, y) in enumerate(zip(rows["budget"], rows["y"], strict=True)):
            found[budget] += self.world.amount[int(y < self.case.year_of[t] + held), i, r]
        return np.asarray(found)

    def _used(self, b: int, flat: np.ndarray) -> float:
        mine = flat.reshape(-1, self.years)[self.case.scope_of[b]]
        return float(sum(mine[y] for y in range(self.years) if self.case.cycle[b, y]))

    def _move(self, c: int, until: int, due: list[int], flat: np.ndarray) -> None:
        part, then = self.schedule.projected[c], int(self.schedule.free[min(until, self.last)])
        flat[part.columns] += part.planned[then] - part.planned[due[c]]
        due[c] = then

    def _needs(self, t: int, due: list[int], begun: list[bool], cut: list[int], flat: np.ndarray) -> None:
        for c, cell, lag in self.contracts.needs.tolist():
            if due[c] == t and not begun[c]:
                other = int(self.contracts.contract[cell])
                soonest = max(due[other] + int(self.contracts.work[cell]) + lag, t + 1)
                ready = cut[cell] + lag if begun[other] else soonest
                if ready > t:
                    self._move(c, ready, due, flat)

    def _money(
        self, t: int, now: list[int], allowed: np.ndarray, due: list[int], begun: list[bool], flat: np.ndarray
    ) -> None:
        if not now or not len(self.contracts):
            return
        over = {b: self._used(b, flat) - allowed[b] for b in now}
        covered = [y for y in range(self.years) if any(self.case.cycle[b, y] for b in now)]
        until = int(np.searchsorted(self.case.year_of, max(covered) + 1))
        order = sorted(range(len(due)), key=lambda c: (-self.contracts.start[c], self.contracts.worth[c]))
        for c in order:
            if not any(amount > TOLERANCE for amount in over.values()):
                return
            if begun[c] or not t <= due[c] < until:
                continue
            part, relief = self.schedule.projected[c], {}
            change = part.planned[due[c]] - part.planned[int(self.schedule.free[until])]
            for b in now:
                inside = [
                    change[j]
                    for j, column in enumerate(part.columns)
                    if column // self.years == self.case.scope_of[b] and self.case.cycle[b, column % self.years]
                ]
                relief[b] = float(sum(inside))
            if any(relief[b] > TOLERANCE and over[b] > TOLERANCE for b in now):
                self._move(c, until, due, flat)
                over = {b: over[b] - relief[b] for b in now}

    def _room(self, t: int, due: list[int], begun: list[bool], flat: np.ndarray) -> None:
        starts, year = self.case.portfolio.starts, self.case.portfolio.quarters[t].qyear
        waiting = [c for c in range(len(due)) if due[c] == t and not begun[c]]
        if year not in starts.index or sum(self.contracts.units[c] for c in waiting) <= starts[year] + 1e-9:
            return
        taken = 0.0
        for c in sorted(waiting, key=lambda c: (self.contracts.start[c], -self.contracts.worth[c])):
            if taken + self.contracts.units[c] > starts[year] + 1e-9 and (taken > 0 or starts[year] <= 0):
                self._move(c, t + 1, due, flat)
            else:
                taken += self.contracts.units[c]

    def _begin(
        self, c: int, t: int, i: int, begun: list[bool], cut: list[int], variant: list[int], flat: np.ndarray
    ) -> None:
        part, begun[c] = self.schedule.projected[c], True
        flat[part.columns] -= part.planned[t]
        for j, k in enumerate(self.contracts.cells(c)):
            ends = t + int(self.contracts.work[k]) + int(self.luck.longer[k, i])
            if self.case.portfolio.freezes and ends < self.last:
                thawed = int(self.schedule.free[ends])
                thawed = min(thawed, max(t + int(self.contracts.work[k]) + self.schedule.longest, ends))
                variant[k] += 0 if self.luck.gone[c, i] else thawed - ends
                ends = thawed
            cut[k] = NEVER if self.luck.gone[c, i] else ends
            state = t * self.schedule.variants + variant[k]
            flat[part.columns] += part.others[j][state] + self.luck.ratio[c, i] * part.owns[j][state]

    def _books(self, i: int, start: list[int], variant: list[int], cut: list[int]) -> np.ndarray:
        case, contracts, (runs, builds) = self.case, self.contracts, self.schedule.pays
        total = (case.residual + self.schedule.open_sites) + self.world.rest[i]
        for line in range(len(case.staying)):
            total = total + self.schedule.staying.outlay[line] * self.world.line[i, line]
        for k, c in enumerate(contracts.contract.tolist()):
            state = variant[k] if start[c] < self.last else 0
            names, table = self.schedule.parts[k]
            part = dict(zip(names, table[:, start[c] * self.schedule.variants + state], strict=True))
            factor = {
                "line": self.world.line[i, case.lines.of_system[contracts.system[k]]],
                "cloud": self.world.state.cloud[i],
                "exit": 1.0,
            }
            running = sum(part[name] * factor[name] for name in factor if name in part)
            built = part.get("clearing", 0.0) + self.luck.ratio[c, i] * part.get("own", np.zeros(self.years))
            for s in self.schedule.scopes[k]:
                total[s] += runs[k, s] * running + builds[k, s] * built
        for j, site in enumerate(self.schedule.closing.tolist()):
            here = np.flatnonzero(contracts.site == site).tolist()
            empty = max(NEVER if cut[k] == NEVER else cut[k] + int(contracts.dual_run[k]) for k in here)
            total += np.outer(case.sites[site], self.schedule.site_cash[j, min(empty, self.last)])
        return np.asarray(total)


def main() -> None:
    """Plan the sample state, play it, and say how long it took."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--futures", type=int, default=10_000)
    arguments.add_argument("--loop", type=int, default=100)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        study = read_study(write_study(erie(), Path(place) / "erie"))
        folder = plan_study(study, "baseline", Path(place) / "out").folder
        results = read_results(folder)
        case, rows, _ = case_of(results, None, 0)
    policies: tuple[Policy, ...] = (Fixed(rows), DoNothing(), Greedy(), AllAtOnce(), Replanned(rows))
    print(
        f"sample state: {int(results.summary['units_moved']):,} of {int(results.summary['units_total']):,} units move"
    )
    for policy in policies:
        chosen = policy.rows(case)
        began = time.perf_counter()
        schedule = schedule_of(case, chosen, policy)
        schedule.prepare()
        ready = time.perf_counter()
        outcome = play_all({policy.name: schedule}, asked.futures)[policy.name]
        seconds = time.perf_counter() - ready
        print(
            f"{policy.title:22} {len(schedule.contracts):>4} contracts, {len(case.portfolio.quarters)} quarters, "
            f"{asked.futures:,} futures: {seconds:5.2f} s, made ready in {ready - began:.2f} s; "
            f"keeps all appropriations in {outcome.within().all(axis=1).mean():.1%}"
        )
        if policy.name == "plan":
            _race(schedule, asked.loop, seconds / asked.futures)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"peak memory {peak:.2f} GiB, {platform.machine()}, Python {platform.python_version()}")


def _race(schedule: Schedule, count: int, own: float) -> None:
    """The plain loop on some of the same futures."""
    world = schedule.case.world(0)
    plain = Plain(schedule, world, luck_of(schedule, 0, world))
    began = time.perf_counter()
    for i in range(min(count, BLOCK)):
        plain.future(i)
    each = (time.perf_counter() - began) / min(count, BLOCK)
    print(f"{'':22} a plain loop needs {1000 * each:.1f} ms a future, this {1000 * own:.2f} ms: {each / own:.0f} times")


if __name__ == "__main__":
    main()
