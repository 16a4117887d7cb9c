"""Small made-up tables for the tests of forecasting."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

LAST = 2026
"""The last fiscal year of every made-up table."""

NAN = float("nan")


def spending(lines: Mapping[str, Sequence[float]], last: int = LAST) -> pd.DataFrame:
    """A long frame `agency, period, amount`; each line's amounts end in `last`, NaN where blank."""
    rows = [
        (agency, last - len(amounts) + 1 + place, amount)
        for agency, amounts in lines.items()
        for place, amount in enumerate(amounts)
    ]
    return pd.DataFrame(rows, columns=["agency", "period", "amount"])


def random_walks(
    lines: int, years: int, seed: int = 0, growth: float = 0.03, own: float = 0.08, common: float = 0.03
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Amounts, (lines, years), of log random walks with a common shock each year."""
    draw = np.random.default_rng(seed)
    steps = growth + own * draw.normal(size=(lines, years)) + common * draw.normal(size=(1, years))
    return np.asarray(np.exp(draw.normal(13, 1.5, size=(lines, 1)) + steps.cumsum(axis=1)), dtype=np.float64)


def walking(lines: int, years: int, seed: int = 0) -> pd.DataFrame:
    """The same as a long frame."""
    return spending({f"line{place:05d}": list(row) for place, row in enumerate(random_walks(lines, years, seed))})


def by_periods(lines: Mapping[str, Sequence[float]], periods: pd.PeriodIndex) -> pd.DataFrame:
    """A long frame `agency, period, amount`; each line has an amount a period, NaN where blank."""
    return pd.concat(
        [pd.DataFrame({"agency": agency, "period": periods, "amount": amounts}) for agency, amounts in lines.items()],
        ignore_index=True,
    )
