"""Random tables that a forecast must survive, for the tests of forecasting."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from forecast.arrays import FloatArray

AWKWARD = (0.0, 5e-324, -5e-324, 1e-310, 1e-160, 1e-6, 1.0, 3e5, -3e5, 1e12, 1e50, -1e50)
LARGEST = 1e50
"""USD: the outlook counts larger tables in a larger unit."""


class Table(NamedTuple):
    """Lines by periods."""

    amounts: FloatArray
    """USD, (n, T), NaN where unknown."""
    season: int


def _walk(draw: np.random.Generator, lines: int, periods: int, season: int) -> FloatArray:
    """Random walks, calm or wild."""
    steps = draw.choice([0.05, 0.3, 1, 3]) * draw.normal(size=(lines, periods))
    return np.asarray(np.exp(steps.cumsum(axis=1)), dtype=np.float64)


def _any_size(draw: np.random.Generator, lines: int, periods: int, season: int) -> FloatArray:
    """Anything from less than nothing to more than all money."""
    return np.asarray(10.0 ** draw.uniform(-320, 50, size=(lines, periods)), dtype=np.float64)


def _awkward(draw: np.random.Generator, lines: int, periods: int, season: int) -> FloatArray:
    """Zeros, negatives, and numbers at the edge of what a float can hold."""
    return draw.choice(AWKWARD, size=(lines, periods))


def _constant(draw: np.random.Generator, lines: int, periods: int, season: int) -> FloatArray:
    """Lines that never change."""
    return np.repeat(draw.choice(AWKWARD, size=(lines, 1)), periods, axis=1)


def _seasonal(draw: np.random.Generator, lines: int, periods: int, season: int) -> FloatArray:
    """Lines with a deep season, of any size."""
    wave = 1 + 0.9 * np.sin(np.arange(periods) * 2 * np.pi / season + 1)
    return np.asarray(wave * np.exp(draw.normal(0, 0.1, size=(lines, periods))) * 10.0 ** draw.uniform(-320, 40))


KINDS = (_walk, _any_size, _awkward, _constant, _seasonal)


@st.composite
def hard_tables(draw: st.DrawFn, least_periods: int = 1) -> Table:
    """1 to 8 lines of 1 to 40 years, quarters or months, with gaps, zeros, spikes, and lines that begin or end."""
    lines, periods = draw(st.integers(1, 8)), draw(st.integers(least_periods, 40))
    season, kind = draw(st.sampled_from([1, 4, 12])), draw(st.sampled_from(KINDS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    amounts = kind(rng, lines, periods, season)
    shape = amounts.shape
    for share, factor in ((0.1, -1.0), (0.1, 0.0), (0.03, 1e3)):
        if draw(st.booleans()):
            amounts = np.where(rng.random(shape) < share, factor * amounts, amounts)
    amounts[rng.random(shape) < draw(st.sampled_from([0.0, 0.1, 0.4]))] = np.nan
    amounts[rng.random(lines) < 0.2, : periods // 2] = np.nan
    amounts[rng.random(lines) < 0.1, periods // 2 :] = np.nan
    return Table(amounts.clip(-LARGEST, LARGEST), season)
