"""The reserve that keeps all appropriations with a stated chance: found by planning again, tried on other futures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optimizer
from optimizer import InfeasiblePlan, NoPlanFound
from scenarios.errors import Problem, ResultsError
from scenarios.futures.case import Case
from scenarios.futures.draws import BLOCK
from scenarios.futures.run import Progress, case_of, play_all
from scenarios.futures.schedule import schedule_of
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
            "tried": tried,
        }

    def __str__(self) -> str:
        """What to set, or that no reserve is enough; then what was tried."""
        told = f"{100 * self.chance:.1f} % (± {100 * self.error:.1f}) of {self.futures:,} futures not used to find it"
        if self.reached:
            head = f"A reserve of {self.share:.2%} keeps all appropriations in {told}. Set reserve: {self.share:g}"
        else:
            head = f"No reserve keeps all appropriations with a chance of {self.wanted:.0%}. The best that was tried, "
            head += f"{self.share:.2%}, keeps them in {told}"
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
    progress: Progress | None = None,
) -> Reserve:
    """Plans a scenario with ever more of each appropriation kept free, until all are kept with a chance.

    The plan of the folder stays as it is. Of reserves that differ by a tenth of a percent the least is sought;
    `seconds` and `gap` are those of each plan.

    Raises:
        ResultsError: a chance that is none, no results, no study beside them, or one that has changed since.
    """
    if not 0 < chance < 1:
        raise ResultsError([Problem("chance", "is no chance", "Write a share such as 0.9", value=f"{chance:g}")])
    case, _, _ = case_of(read_results(folder), study, seed)
    tell = progress or (lambda stage, share: None)
    found: dict[float, tuple[float, Any] | None] = {}

    def reaches(share: float) -> bool | None:
        """Whether a reserve is enough; None where there is no plan with it."""
        if share not in found:
            tell(f"Planning with a reserve of {share:.2%}", min(len(found) / 15, 0.9))
            found[share] = _chance(case, share, futures, seconds, gap)
        told = found[share]
        return None if told is None else told[0] >= chance

    low, high = 0.0, None
    for share in STEPS:
        enough = reaches(share)
        if enough is not False:
            high = share
            break
        low = share
    while high is not None and high - low > (NEAREST if reaches(high) else ROUGH) + 1e-9:
        middle = round((low + high) / 2, 4)
        if reaches(middle) is False:
            low = middle
        else:
            high = middle
    told = {share: result for share, result in found.items() if result is not None}
    if not told:
        raise ResultsError([Problem(str(folder), "has no plan to try", "Plan the scenario again, with more --seconds")])
    enough_of = [share for share, (known, _) in told.items() if known >= chance]
    best = min(enough_of) if enough_of else max(told, key=lambda share: (told[share][0], -share))
    tell("Other futures", 0.95)
    other = replace(case, seed=case.seed + 1)
    kept = play_all({"plan": schedule_of(other, told[best][1])}, futures)["plan"].within().all(axis=1)
    share_kept = float(kept.mean())
    return Reserve(
        wanted=chance,
        share=best,
        reached=bool(enough_of),
        chance=share_kept,
        error=float((share_kept * (1 - share_kept) / futures) ** 0.5),
        futures=futures,
        tried=tuple((share, None if result is None else result[0]) for share, result in found.items()),
    )


def _chance(case: Case, share: float, futures: int, seconds: float, gap: float) -> tuple[float, Any] | None:
    """Chance that a plan with a reserve keeps all appropriations, and its rows; None where there is none."""
    portfolio = case.portfolio.replace(reserve=share)
    try:
        plan = optimizer.modernize(
            portfolio, case.strategies, case.economics, methods=case.methods, seconds=seconds, gap=gap, seed=case.seed
        )
    except (InfeasiblePlan, NoPlanFound):
        return None
    outcome = play_all({"plan": schedule_of(case, plan.rows)}, futures)["plan"]
    return float(outcome.within().all(axis=1).mean()), plan.rows


def _said(chance: float | None) -> str:
    return "no plan" if chance is None else f"keeps all in {chance:.1%}"
