"""Cleaning that tells: what stands in the way of a forecast is found, treated and listed.

Every rule looks at one line alone, but for the partial last year, which is a median over all lines; so a wild line
never changes how another is treated. Rules are told in years; of quarters or months, a neighbour is also the same one
of another year, silence is a year of it, and a shift must lie a year apart on both sides. What is found:

- *partial last year*: the median line fell by more than a quarter in the last year and never before. The year before is
  carried on.
- *outlier*: an amount `SPIKE` times off all its neighbours and far off the line's usual changes, or `WILD` times off;
  in the last year, which nothing confirms, only the latter. A straight line between neighbours takes its place.
- *gap*: up to `GAP` missing years within a line. A straight line takes their place.
- *long gap*: more of them. Taken as zero; models see only what came after.
- *missing last year*: the line has no amount in the last year alone. Its last amount is carried on.
- *ended*: no amount in the last `GAP` years or more. Taken as zero from then on.
- *level shift*: the amount at least halved or doubled in one year, and stayed. Models see only what came after.
- *few points*: one to three years to learn from. No trend of the line's own is believed.
- *no amounts*: nothing known at all. Taken as zero.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    changes,
    fill_forward,
    first_finite,
    interpolate,
    last_finite,
    row_any,
    row_quantile,
)
from forecast.models import TREND_POINTS

GAP = 2
"""Years: the longest gap that is filled; a line silent for as long at the end has ended."""
NEIGHBOURS = 2
"""Years on either side that an outlier is held against."""
SPIKE = 5.0
"""Times its largest neighbour (or a part of its smallest): an outlier, if also `CALM` usual changes off."""
CALM = 20.0
"""Times the lower quartile of the line's yearly changes."""
WILD = 100.0
"""Times its largest neighbour: an outlier whatever the line's changes, even unconfirmed in the last year."""
SHIFT = float(np.log(2.0))
"""Log ratio of a level shift: half, or twice."""
SHIFT_WINDOW = 3
"""Years on either side that must lie apart for a shift."""
SHIFT_CHANGES = 4.0
"""Times the line's median yearly change (log) that a shift must be."""
LEAST_LEVEL = 1e-3
"""Share of its largest amount under which a line's level counts as this much, so that zeros have a log."""
PARTIAL = 0.75
"""Median ratio to the year before under which a last year is taken as not yet complete."""
PARTIAL_LINES = 5
"""Lines needed to tell a partial year from a cut."""


@dataclass(frozen=True)
class Note:
    """One thing that was found, in any number of cells."""

    found: str
    treatment: str
    line: IntArray
    """Rows, (c,)."""
    year: IntArray
    """Columns, (c,)."""
    before: FloatArray
    """USD, (c,), NaN where nothing was known."""
    after: FloatArray
    """USD, (c,)."""


@dataclass(frozen=True)
class Cleaned:
    """Lines by years after cleaning."""

    values: FloatArray
    """USD, (n, T), NaN only before a line begins: what is shown as history."""
    fit: FloatArray
    """The part that models see: NaN also before a level shift, a long gap or an end, (n, T)."""
    sound: BoolArray
    """Amounts that were given and left as they were, (n, T): what a back-test may be scored on."""
    begun: BoolArray
    """Lines with at least one known amount, (n,)."""
    notes: tuple[Note, ...]


def clean(amounts: FloatArray, season: int = 1) -> Cleaned:
    """Find and treat what stands in the way of a forecast in (n, T) amounts, USD, NaN where unknown.

    `season` is the number of periods of a year.
    """
    given = np.isfinite(amounts)
    begun = row_any(given)
    values, partial = _carry_partial_year(amounts, season)
    values, outliers = _straighten_outliers(values, season)
    values, silences, start = _fill_silence(values, max(GAP, season))
    few = _find_few(values, start)
    shifts, start = _find_shifts(values, start, season)
    empty = _find_empty(begun, amounts.shape[1])
    values = np.where(begun[:, None], values, 0.0)
    fit = np.where(np.arange(amounts.shape[1]) >= start[:, None], values, np.nan)
    notes = tuple(note for note in (*partial, *outliers, *silences, *shifts, *few, *empty) if len(note.line))
    return Cleaned(values=values, fit=fit, sound=given & (values == amounts), begun=begun, notes=notes)


def list_treatments(notes: tuple[Note, ...]) -> pd.DataFrame:
    """Notes as rows `line, year, found, treatment, before, after`, by line and year (places, not names)."""
    tables = [
        pd.DataFrame(
            {
                "line": note.line,
                "year": note.year,
                "found": note.found,
                "treatment": note.treatment,
                "before": note.before,
                "after": note.after,
            }
        )
        for note in notes
    ]
    empty = {
        "line": "int64",
        "year": "int64",
        "found": "str",
        "treatment": "str",
        "before": "float64",
        "after": "float64",
    }
    table = pd.concat(tables) if tables else pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in empty.items()})
    return table.sort_values(["line", "year", "found"], kind="stable", ignore_index=True)


def _note(
    found: str, treatment: str, where: BoolArray, before: FloatArray, after: FloatArray, rows: IntArray | None = None
) -> Note:
    """A note on all cells of a mask, (c, T), of all lines or of those in some rows, (c,)."""
    line, year = np.nonzero(where)
    return Note(found, treatment, line if rows is None else rows[line], year, before[line, year], after[line, year])


def _carry_partial_year(amounts: FloatArray, season: int) -> tuple[FloatArray, Iterator[Note]]:
    """A last year in which the median line fell as in no year before is not yet complete."""
    years = amounts.shape[1]
    if years < season + 3 or not _median_growth(amounts, years - 1, season) < np.log(PARTIAL):
        return amounts, iter(())
    if min(_median_growth(amounts, t, season) for t in range(season, years - 1)) < np.log(PARTIAL):
        return amounts, iter(())
    values = amounts.copy()
    both = np.isfinite(amounts[:, -1]) & np.isfinite(amounts[:, -1 - season])
    values[both, -1] = amounts[both, -1 - season]
    where = np.zeros(amounts.shape, dtype=np.bool_)
    where[:, -1] = both
    return values, iter((_note("partial last year", "carried from the year before", where, amounts, values),))


def _median_growth(amounts: FloatArray, year: int, season: int) -> float:
    """Median growth of logs since the year before over the lines that spent in both; none where too few did."""
    earlier, later = amounts[:, year - season], amounts[:, year]
    both = (earlier > 0) & (later > 0)
    if both.sum() < PARTIAL_LINES:
        return 0.0
    return float(np.median(np.log(later[both]) - np.log(earlier[both])))


def _straighten_outliers(amounts: FloatArray, season: int) -> tuple[FloatArray, Iterator[Note]]:
    """An amount far off all its neighbours becomes the straight line between them."""
    smallest, largest = _range(np.abs(amounts))
    rows = np.flatnonzero(largest > SPIKE * smallest)
    some = amounts[rows]
    where = _find_outliers(some, season)
    values = amounts.copy()
    values[rows] = _bridge(some, where)
    return values, iter((_note("outlier", "straight line between neighbours", where, some, values[rows], rows),))


def _range(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest known value of each row, (n,), NaN where there is none."""
    return np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1)


def _find_outliers(amounts: FloatArray, season: int) -> BoolArray:
    """Amounts far off all their neighbours, (n, T)."""
    years = amounts.shape[1]
    size = np.abs(amounts)
    steps = {sign * k * unit for k in range(1, NEIGHBOURS + 1) for unit in (1, season) for sign in (-1, 1)}
    side = NEIGHBOURS * season
    padded = np.pad(size, ((0, 0), (side, side)), constant_values=np.nan)
    near = np.stack([padded[:, side + step : side + step + years] for step in sorted(steps)])
    count = np.isfinite(near).sum(axis=0)
    largest = np.where(np.isfinite(near), near, -np.inf).max(axis=0)
    smallest = np.where(np.isfinite(near), near, np.inf).min(axis=0)
    calm = CALM * row_quantile(np.abs(changes(amounts)), 0.25)[:, None]
    inside = np.arange(years) < last_finite(amounts)[:, None]
    judged = np.isfinite(amounts) & (count >= 2) & (largest > 0)
    spike = inside & (size > SPIKE * largest) & (size - largest > calm)
    dip = inside & (size * SPIKE < smallest) & (smallest - size > calm)
    return np.asarray(judged & (spike | dip | (size > WILD * largest)), dtype=np.bool_)


def _bridge(amounts: FloatArray, where: BoolArray) -> FloatArray:
    """Straight lines over the cells of a mask, between the known years on either side: (n, T) -> (n, T)."""
    values = amounts.copy()
    rows = row_any(where)
    straight = interpolate(np.where(where[rows], np.nan, amounts[rows]))
    values[rows] = np.where(where[rows], straight, amounts[rows])
    return values


def _fill_silence(amounts: FloatArray, longest: int) -> tuple[FloatArray, Iterator[Note], IntArray]:
    """Fill up to so many missing periods; also the column from which models see each line, (n,)."""
    rows = np.flatnonzero(row_any(np.isnan(amounts)))
    some, years = amounts[rows], amounts.shape[1]
    known = np.isfinite(some)
    column = np.arange(years)
    first, last = first_finite(some)[:, None], last_finite(some)[:, None]
    nothing = last < 0
    silent_end = ~known & (column > last) & ~nothing
    ended = silent_end & (years - 1 - last >= longest)
    missing_last = silent_end & ~ended
    length = _gap_length(known)
    inner = ~known & (column > first) & (column < last)
    gap, long_gap = inner & (length <= longest), inner & (length > longest)

    filled = np.where(missing_last, fill_forward(some), _bridge(some, gap))
    filled = np.where(ended | long_gap, 0.0, filled)
    resumed = np.where(long_gap, column + 1, 0).max(axis=1)
    begin = np.maximum(first[:, 0], resumed)
    begin = np.where(row_any(ended), last[:, 0] + 1, begin)
    values, start = amounts.copy(), np.zeros(len(amounts), dtype=np.int64)
    values[rows], start[rows] = filled, np.where(nothing[:, 0], 0, begin)

    def notes() -> Iterator[Note]:
        yield _note("gap", "straight line between neighbours", gap, some, filled, rows)
        first_of_gap = _first(long_gap)
        yield _note("long gap", "taken as zero; models see only what came after", first_of_gap, some, filled, rows)
        yield _note("missing last year", "last amount carried", missing_last, some, filled, rows)
        yield _note("ended", "taken as zero from then on", _first(ended), some, filled, rows)

    return values, notes(), start


def _first(where: BoolArray) -> BoolArray:
    """The first cell of each run of cells: (n, T) -> (n, T)."""
    first = where.copy()
    first[:, 1:] &= ~where[:, :-1]
    return first


def _gap_length(known: BoolArray) -> IntArray:
    """Length of the run of missing years that each cell stands in, zero for known ones: (n, T) -> (n, T)."""
    ahead, back = np.zeros(known.shape, dtype=np.int64), np.zeros(known.shape, dtype=np.int64)
    years = known.shape[1]
    for t in range(years):
        ahead[:, t] = np.where(known[:, t], 0, 1 + (ahead[:, t - 1] if t else 0))
        u = years - 1 - t
        back[:, u] = np.where(known[:, u], 0, 1 + (back[:, u + 1] if t else 0))
    return np.where(known, 0, ahead + back - 1)


def _find_shifts(values: FloatArray, start: IntArray, season: int) -> tuple[Iterator[Note], IntArray]:
    """The last year in which a line's level halved or doubled for good, and where models then begin, (n,)."""
    years = values.shape[1]
    smallest, largest = _range(values)
    rows = np.flatnonzero((smallest >= 0) & (largest > 0) & (largest >= 2 * smallest))
    some = values[rows]
    seen = (np.arange(years) >= start[rows, None]) & np.isfinite(some)
    level = np.where(seen, np.log((some / largest[rows, None]).clip(LEAST_LEVEL)), np.nan)
    shift = _last_shift(level, season)
    where = np.zeros(some.shape, dtype=np.bool_)
    found = np.flatnonzero(shift)
    where[found, shift[found]] = True
    earlier = np.pad(some[:, :-1], ((0, 0), (1, 0)), constant_values=np.nan)
    note = _note("level shift", "models see only what came after", where, earlier, some, rows)
    begin = start.copy()
    begin[rows] = np.maximum(begin[rows], shift)
    return iter((note,)), begin


def _last_shift(level: FloatArray, season: int) -> IntArray:
    """The last year in which logs, (n, T), were lifted or lowered for good, (n,), zero where there is none."""
    usual = SHIFT_CHANGES * row_quantile(np.abs(changes(level)), 0.5)
    found = np.zeros(len(level), dtype=np.int64)
    by_year = np.ascontiguousarray(level.T)
    window, confirmed = (SHIFT_WINDOW, 1) if season == 1 else (max(SHIFT_WINDOW, season),) * 2
    for s in range(window, len(by_year) + 1 - confirmed):
        before, after = by_year[s - window : s], by_year[s : s + window]
        up, down = after.min(axis=0) - before.max(axis=0), before.min(axis=0) - after.max(axis=0)
        jump = np.abs(by_year[s] - by_year[s - 1])
        found = np.where((np.maximum(up, down) >= SHIFT) & (jump > usual), s, found)
    return found


def _find_few(values: FloatArray, start: IntArray) -> Iterator[Note]:
    """Lines that spend, of too few years for a trend of their own."""
    years = values.shape[1]
    rows = np.flatnonzero(years - start < TREND_POINTS)
    some = values[rows]
    spends = row_any(np.isfinite(some) & (np.arange(years) >= start[rows, None]) & (some != 0))
    where = np.zeros(some.shape, dtype=np.bool_)
    where[:, -1] = spends
    yield _note("few points", "no trend of its own; growth and errors of the pool", where, some, some, rows)


def _find_empty(begun: BoolArray, years: int) -> Iterator[Note]:
    """Lines without any amount."""
    rows = np.flatnonzero(~begun)
    last = np.full(len(rows), years - 1, dtype=np.int64)
    nothing = np.full(len(rows), np.nan)
    yield Note("no amounts", "taken as zero", rows, last, nothing, np.zeros(len(rows)))
