"""The reserve that keeps all appropriations with a stated chance: found by planning again, tried on other futures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import optimizer
from optimizer import InfeasiblePlan, NoPlanFound, Plan, Portfolio
from scenarios.errors import Problem, ResultsError
from scenarios.futures.case import Case
from scenarios.futures.draws import BLOCK
from scenarios.futures.run import Progress, case_of, play_all
from scenarios.futures.schedule import schedule_of
from scenarios.parameters import AUTO, Settings
from scenarios.pipeline import Prepared
from scenarios.results import read_results

STEPS = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
"""Reserves that are tried first."""
TRIED_ON = 2 * BLOCK
"""Futures that each reserve is tried on, and others that the one found is tried on."""
NEAREST = 0.001
"""Reserves nearer to each other than this are the same."""
ROUGH = 0.01
"""As long as none that was tried is enough, so near to reserves without a plan is near enough."""


@dataclass(frozen=True)
class Reserve:
    """What was found."""

    wanted: float
    """Chance of keeping all appropriations."""
    share: float
    """The least reserve found that reaches it; where none does, the one with the best chance."""
    reached: bool
    chance: float
    """In futures that were not used to find it."""
    error: float
    """Standard error of that chance."""
    futures: int
    """How many of these there were; as many others were used to find it."""
    tried: tuple[tuple[float, float | None], ...]
    """Reserves, and the chance in the futures used to find one; None where no plan exists, or none was found."""
    fund: str = ""
    """Of whose appropriations it is kept; empty: of all."""

    def json(self) -> dict[str, Any]:
        """Everything as plain values."""
        tried = [{"reserve": share, "chance": chance} for share, chance in self.tried]
        return {
            "wanted": self.wanted,
            "reserve": self.share,
            "reached": self.reached,
            "chance": self.chance,
            "standard_error": self.error,
            "futures": self.futures,
            "fund": self.fund,
            "tried": tried,
        }

    def __str__(self) -> str:
        """What to set, or that no reserve is enough; then what was tried."""
        told = f"{100 * self.chance:.1f} % (± {100 * self.error:.1f}) of {self.futures:,} futures not used to find it"
        of, name = (
            f" of {self.fund}" if self.fund else "",
            f"fund_reserves: {{{self.fund}: " if self.fund else "reserve: ",
        )
        if self.reached:
            head = f"A reserve of {self.share:.2%}{of} keeps all appropriations in {told}. "
            head += f"Set {name}{self.share:g}{'}' if self.fund else ''}"
        else:
            head = f"No reserve{of} keeps all appropriations with a chance of {self.wanted:.0%}. The best that was "
            head += f"tried, {self.share:.2%}, keeps them in {told}"
        lines = [f"  reserve {share:>7.2%}  {_said(chance)}" for share, chance in sorted(self.tried)]
        return "\n".join([f"{head}.", *lines])


def find_reserve(
    folder: Path | str,
    chance: float,
    *,
    futures: int = TRIED_ON,
    seed: int | None = None,
    study: Path | str | None = None,
    seconds: float = 60.0,
    gap: float = 1e-3,
    fund: str = "",
    progress: Progress | None = None,
) -> Reserve:
    """Plans a scenario with ever more of each appropriation kept free, until all are kept with a chance.

    The plan of the folder stays as it is. Of reserves that differ by a tenth of a percent the least is sought;
    `seconds` and `gap` are those of each plan. With a `fund`, only of its appropriations more is kept free.

    Raises:
        ResultsError: a chance that is none, a fund that has no appropriation, no results, no study beside them, or one
            that has changed since.
    """
    if not 0 < chance < 1:
        raise ResultsError([Problem("chance", "is no chance", "Write a share such as 0.9", value=f"{chance:g}")])
    case, _, _ = case_of(read_results(folder), study, seed)
    known = sorted(case.portfolio.appropriations["fund"].unique())
    if fund and fund not in known:
        raise ResultsError([Problem("fund", "has no appropriation", f"Name one of {', '.join(known)}", value=fund)])
    own = dict(case.portfolio.fund_reserves)

    def put(share: float) -> Portfolio:
        if fund:
            return case.portfolio.replace(fund_reserves={**own, fund: share})
        return case.portfolio.replace(reserve=share)

    search = _Search(
        case, put, chance, futures, {"seconds": seconds, "gap": gap}, progress or (lambda stage, share: None)
    )
    best = search.run()
    if best is None:
        raise ResultsError([Problem(str(folder), "has no plan to try", "Plan the scenario again, with more --seconds")])
    return search.told(best, fund)


def settled(ready: Prepared, asked: Mapping[str, Any], progress: Progress) -> tuple[Plan, Reserve]:
    """The plan of a scenario whose reserve is `auto`, and the reserve: the least that reaches `reserve_chance`.

    Where none reaches it, that with the best chance. Years and funds that have a number of their own keep it.

    Raises:
        optimizer.InfeasiblePlan, optimizer.NoPlanFound: there is no plan even where nothing is kept free.
    """
    settings, seed = ready.study.settings, ready.study.facts.seed
    case = Case.of(ready, pd.DataFrame(columns=["limit", "key", "used"]), seed)

    def put(share: float) -> Portfolio:
        by_year = settings.found("reserve", share).from_year("reserve", ready.study.years)
        return case.portfolio.replace(
            reserve=pd.Series(by_year, dtype=float).reindex(list(ready.study.years), fill_value=0.0),
            fund_reserves=settings.found("fund_reserves", share).by_name("fund_reserves"),
        )

    search = _Search(case, put, settings.number("reserve_chance"), TRIED_ON, asked, progress)
    best = search.run()
    if best is None:
        # nothing is kept free, and there is no plan: the error says why
        optimizer.modernize(put(0.0), case.strategies, case.economics, methods=case.methods, **asked, seed=seed)
        raise NoPlanFound("no plan found in the time given with any reserve.\n  Give it more seconds.")
    funds = [] if settings.is_auto("reserve") else sorted(_autos(settings))
    return search.found[best].plan, search.told(best, ", ".join(funds))


def _autos(settings: Settings) -> list[str]:
    value = settings.values["fund_reserves"]
    return [str(name) for name, own in value.items() if own == AUTO] if isinstance(value, Mapping) else []


@dataclass(frozen=True, eq=False)
class _Tried:
    """A reserve that has a plan."""

    plan: Plan
    chance: float


@dataclass
class _Search:
    """Reserves that were tried: each is planned with, and its plan is played."""

    case: Case
    put: Callable[[float], Portfolio]
    """The portfolio with a reserve."""
    wanted: float
    futures: int
    asked: Mapping[str, Any]
    tell: Progress
    found: dict[float, _Tried] = field(default_factory=dict)
    without: set[float] = field(default_factory=set)
    """Reserves for which no plan exists, or none was found."""

    def run(self) -> float | None:
        """The least reserve that reaches the chance, else that of the best; None where there is no plan at all."""
        low, high = 0.0, None
        for share in STEPS:
            enough = self._reaches(share)
            if enough is not False:
                high = share
                break
            low = share
        while high is not None and high - low > (NEAREST if self._reaches(high) else ROUGH) + 1e-9:
            middle = round((low + high) / 2, 4)
            if self._reaches(middle) is False:
                low = middle
            else:
                high = middle
        enough_of = [share for share, tried in self.found.items() if tried.chance >= self.wanted]
        if enough_of or not self.found:
            return min(enough_of, default=None)
        return max(self.found, key=lambda share: (self.found[share].chance, -share))

    def _reaches(self, share: float) -> bool | None:
        """Whether a reserve is enough; None where there is no plan with it."""
        if share not in self.found and share not in self.without:
            count = len(self.found) + len(self.without)
            self.tell(f"Planning with a reserve of {share:.2%}", min(count / 15, 0.9))
            self._try(share)
        return None if share in self.without else self.found[share].chance >= self.wanted

    def _try(self, share: float) -> None:
        """Plans with a reserve and plays the plan."""
        case = replace(self.case, portfolio=self.put(share))
        try:
            plan = optimizer.modernize(
                case.portfolio, case.strategies, case.economics, methods=case.methods, **self.asked, seed=case.seed
            )
        except (InfeasiblePlan, NoPlanFound):
            self.without.add(share)
            return
        self.found[share] = _Tried(plan, float(self._kept(case, plan).mean()))

    def _kept(self, case: Case, plan: Plan) -> np.ndarray:
        """Futures in which a plan keeps every appropriation."""
        schedule = schedule_of(case.planned(plan.limits), plan.rows)
        return np.asarray(play_all({"plan": schedule}, self.futures)["plan"].within().all(axis=1))

    def told(self, best: float, fund: str) -> Reserve:
        """What was found, tried on futures that were not used to find it."""
        self.tell("Other futures", 0.95)
        other = replace(self.case, portfolio=self.put(best), seed=self.case.seed + 1)
        chance = float(self._kept(other, self.found[best].plan).mean())
        tried = [*((share, tried.chance) for share, tried in self.found.items()), *((s, None) for s in self.without)]
        return Reserve(
            wanted=self.wanted,
            share=best,
            reached=self.found[best].chance >= self.wanted,
            chance=chance,
            error=float((chance * (1 - chance) / self.futures) ** 0.5),
            futures=self.futures,
            tried=tuple(sorted(tried)),
            fund=fund,
        )


def _said(chance: float | None) -> str:
    return "no plan" if chance is None else f"keeps all in {chance:.1%}"
