"""Everything that can go wrong in this package.

```
OptimizerError
├── DataError            what was handed over is wrong; lists every problem
│   └── StuckSystems     systems or move groups that the tables leave no option at all
├── UnknownSolver        no solver of that name; lists those that are there
├── UnknownSolverOption  the solver has no such option or does not take its value; lists every problem
├── InfeasiblePlan       no plan satisfies every limit; names the ones that conflict
├── NoPlanFound          the time ran out before a first plan
└── DisputedPlan         the referee recomputed a plan and disagrees
```
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from optimizer.explain.change import Change


class OptimizerError(Exception):
    """The root of the tree."""


class DataError(OptimizerError, ValueError):
    """What was handed over is wrong. `problems` holds one sentence each."""

    def __init__(self, problems: Sequence[str], where: str = "portfolio") -> None:
        self.problems = tuple(problems)
        some = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n".join([f"{where}: {some}.", *(f"  - {problem}" for problem in self.problems)]))


class StuckSystems(DataError):
    """Systems or move groups that locks, windows, freezes, purchases and the horizon leave no option at all."""


class UnknownSolver(OptimizerError, ValueError):
    """No solver of that name can be used here."""


class UnknownSolverOption(OptimizerError, ValueError):
    """Options that the solver lacks, that are not for the user to set, or whose value it does not take.

    `problems` holds one sentence each.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class InfeasiblePlan(OptimizerError):
    """No plan satisfies every limit.

    `conflicts` is a frame `limit key short unit allowed words`, an irreducible set: without any one of its rows a plan
    would be possible as far as the others go. `changes` holds `optimizer.Change`s, each of which makes a plan possible.
    """

    def __init__(self, message: str, conflicts: pd.DataFrame | None = None, changes: Sequence[Change] = ()) -> None:
        self.conflicts = conflicts
        self.changes = tuple(changes)
        super().__init__(message)


class NoPlanFound(OptimizerError):
    """The time ran out before a first plan."""


class DisputedPlan(OptimizerError):
    """The referee recomputed a plan and disagrees: a fault of this program, never of the study."""
