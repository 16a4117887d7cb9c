"""What can go wrong in a forecast.

ForecastError
├── SpendingError    the spending table cannot be read as one; lists every problem
└── SettingError     a horizon, a level or a year that no outlook can have
"""

from collections.abc import Sequence

import numpy as np

SHOWN = 20
"""Problems printed in full; the rest are counted (all stand in `problems`)."""


class ForecastError(ValueError):
    """Anything that this package refuses, with every problem at once."""

    def __init__(self, where: str, problems: Sequence[str]) -> None:
        """Say where, then one bullet a problem."""
        self.where = where
        self.problems = tuple(problems)
        count = f"{len(self.problems)} problem{'' if len(self.problems) == 1 else 's'}"
        bullets = [f"  - {problem}" for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            bullets.append(f"  ... and {len(self.problems) - SHOWN:,} more.")
        super().__init__("\n".join([f"{where}: {count}.", *bullets]))


class SpendingError(ForecastError):
    """The spending table cannot be read as `keys..., period, amount`."""


class SettingError(ForecastError):
    """A setting of the outlook is out of its range."""


def level_problems(levels: Sequence[object]) -> list[str]:
    """What is wrong with the levels of intervals."""
    wrong = [level for level in levels if not isinstance(level, int | np.integer) or not 1 <= level <= 99]
    problems = [f"level {level} is not a whole percentage from 1 to 99. Write 80 for 80 %." for level in wrong]
    return problems if levels else ["there is no level. Give at least one, such as 80."]


def like_problems(like: Sequence[str], keys: Sequence[str]) -> list[str]:
    """What is wrong with the keys that like lines share."""
    has = ", ".join(keys) or "none"
    return [f"like '{key}' is not a key (keys: {has})." for key in like if key not in keys]
