"""What was odd in the months of a projection, listed as treatments: where it was, and what was made of it."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from forecast.arrays import BoolArray, FloatArray, IntArray, row_any
from forecast.months import Months
from forecast.trial import Panel

OFTEN = 0.75
"""Share of periods with a row from which on a missing one is odd."""

Odd = tuple[str, str, IntArray, IntArray, FloatArray, FloatArray]
"""What, what was done, lines, places, amounts before and after."""


def odd_months(ledger: Months, panel: Panel) -> pd.DataFrame:
    """`keys..., period, found, treatment, before, after`: what was odd, in USD."""
    tables = [
        pd.DataFrame({"line": line, "place": place, "found": found, "treatment": treatment, "before": b, "after": a})
        for found, treatment, line, place, b, a in _odd(ledger, panel)
    ]
    table = pd.concat(tables).sort_values(["line", "place", "found"], kind="stable", ignore_index=True)
    frame = ledger.lines.iloc[table["line"].to_numpy(dtype=np.int64)].reset_index(drop=True)
    frame["period"] = ledger.periods(table["place"].to_numpy(dtype=np.int64))
    for name in ("found", "treatment"):
        frame[name] = table[name].astype("str")
    for name in ("before", "after"):
        frame[name] = table[name].astype("float64") * ledger.unit
    return frame


def _odd(ledger: Months, panel: Panel) -> Iterator[Odd]:
    """Each kind of oddity."""
    seen, word = ledger.seen, ledger.frequency.noun[:-1]
    n, years, per_year = ledger.amounts.shape

    def note(found: str, treatment: str, where: BoolArray) -> Odd:
        """On the cells of a mask, (n, Y, P)."""
        line, year, period = np.nonzero(where)
        before, after = ledger.amounts[line, year, period], seen.filled[line, year, period]
        return found, treatment, line, year * per_year + period, before, after

    def note_lines(found: str, treatment: str, where: BoolArray, place: IntArray) -> Odd:
        """On the lines of a mask, (n,), at one place each, (n,)."""
        line = np.flatnonzero(where)
        cell = place[line].clip(0, ledger.last)
        flat = seen.filled.reshape(n, -1)[line, cell]
        return found, treatment, line, cell, flat, flat

    live = seen.live.sum(axis=(1, 2))
    often = (seen.live & ledger.present).sum(axis=(1, 2)) >= OFTEN * live
    yield note(
        f"missing {word}", "taken as nothing spent", seen.live & ~seen.known & ~seen.blank & often[:, None, None]
    )
    yield note(f"blank {word}", f"the same {word} of the year before, or the mean of the year", seen.blank)
    yield note(
        f"negative {word}", "kept, a credit: the year may end lower than it stands", seen.known & (seen.filled < 0)
    )
    if ledger.left_out:
        where = np.zeros(seen.live.shape, dtype=np.bool_)
        where[:, -1, ledger.closed] = ledger.present[:, -1, ledger.closed]
        yield note(f"partial last {word}", f"left out: the year is closed through the {word} before", where)
    now = np.full(n, ledger.last)
    first_year = seen.begin // per_year
    teaches = np.column_stack([panel.whole, np.ones(n, dtype=np.bool_)])[np.arange(n), first_year.clip(max=years - 1)]
    late_table = seen.table_begin % per_year > 0
    from_start = first_year == seen.table_begin // per_year
    yield note_lines("partial first year", "teaches nothing", ~teaches & from_start & late_table, seen.begin)
    yield note_lines(
        "begun within a year", "that year teaches nothing", ~teaches & ~(from_start & late_table), seen.begin
    )
    yield note_lines("no full year", "profile and errors of the pool", ~row_any(panel.whole), now)
    empty = panel.whole & (panel.amounts[:, :-1].sum(axis=2) <= 0) & ledger.present[:, :-1].any(axis=2)
    yield note_lines("year without spending", "teaches no profile", row_any(empty), _last_of(empty) * per_year)
    if ledger.appropriated is not None:
        spent = seen.filled[:, -1].sum(axis=1) != 0
        without = ~np.isfinite(ledger.appropriated[:, -1])
        yield note_lines("no appropriation", "left out of lapse and variance", without & spent, now)


def _last_of(mask: BoolArray) -> IntArray:
    """Column of each row's last set cell: (n, Y) -> (n,), zero if there is none."""
    return np.asarray((mask * np.arange(mask.shape[1])).max(axis=1, initial=0), dtype=np.int64)
