"""Everything that can go wrong in this package.

```
OptimizerError
├── DataError            what was handed over is wrong; lists every problem
├── UnknownSolver        no solver of that name; lists those that are there
├── InfeasiblePlan       no plan satisfies every limit; names the ones that conflict
├── NoPlanFound          the time ran out before a first plan
└── DisputedPlan         the referee recomputed a plan and disagrees
```
"""

from collections.abc import Sequence


class OptimizerError(Exception):
    """The root of the tree."""


class DataError(OptimizerError, ValueError):
    """What was handed over is wrong. `problems` holds one sentence each."""

    def __init__(self, problems: Sequence[str], where: str = "portfolio") -> None:
        self.problems = tuple(problems)
        some = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n".join([f"{where}: {some}.", *(f"  - {problem}" for problem in self.problems)]))


class UnknownSolver(OptimizerError, ValueError):
    """No solver of that name can be used here."""


class InfeasiblePlan(OptimizerError):
    """No plan satisfies every limit. `conflicts` holds `limit key short unit`, the smallest set found."""

    def __init__(self, message: str, conflicts: object = None) -> None:
        self.conflicts = conflicts
        super().__init__(message)


class NoPlanFound(OptimizerError):
    """The time ran out before a first plan."""


class DisputedPlan(OptimizerError):
    """The referee recomputed a plan and disagrees: a fault of this program, never of the study."""
