"""What is known of periods to come, or beside the spending: appropriations and indices, laid out beside the lines.

Such a table has some of the spending table's keys, `period` and a number; it may reach further back and further ahead.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from forecast.arrays import FloatArray, IntArray
from forecast.errors import SettingError, SpendingError
from forecast.hierarchy import Hierarchy
from forecast.spending import Ledger, read_spending


def read_beside(table: pd.DataFrame, ledger: Ledger, amount: str, where: str, *, summed: bool = False) -> pd.DataFrame:
    """The table as `keys..., step, amount`, its keys as text, one row a line and period.

    Rows that repeat are added up where `summed`; else they are an error: two indices make no index.

    Raises:
        SettingError: for keys that the ledger has not.
        SpendingError: for rows that cannot be read, or periods of another kind.
    """
    keys = [str(name) for name in table.columns if name not in ("period", amount)]
    problems = list(_key_problems(keys, ledger))
    try:
        read = read_spending(table, amount=amount, keys=keys if summed else None)
    except SpendingError as error:
        raise SpendingError(where, [*problems, *error.problems]) from None
    if problems:
        raise SettingError(where, problems)
    return read[keys].assign(step=ledger.steps_of(read["period"]), amount=read["amount"])


def _key_problems(keys: Sequence[str], ledger: Ledger) -> Iterator[str]:
    """Keys that the ledger does not know."""
    has = ", ".join(ledger.keys) or "none"
    for key in keys:
        if key not in ledger.keys:
            yield f"column '{key}' is not a key of the spending table (keys: {has}). Rename or remove it."


def lay_beside(table: pd.DataFrame, keys: Sequence[str], rows: pd.DataFrame, first: int, width: int) -> FloatArray:
    """Amounts of each row's keys by step, (rows, width) from step `first` on, NaN where the table has none.

    `table` is `keys..., step, amount`; amounts of one cell are added up. Without keys it holds for every row.
    """
    place = table["step"].to_numpy(dtype=np.int64) - first
    within = (place >= 0) & (place < width) & table["amount"].notna().to_numpy()
    codes = _codes(table, rows, keys)
    ours, theirs = codes[: len(table)][within], codes[len(table) :]
    size = int(codes.max(initial=-1)) + 1
    sums, count = np.zeros((size, width)), np.zeros((size, width))
    np.add.at(sums, (ours, place[within]), table["amount"].to_numpy(dtype=np.float64)[within])
    np.add.at(count, (ours, place[within]), 1)
    return np.asarray(np.where(count > 0, sums, np.nan)[theirs], dtype=np.float64)


def _codes(table: pd.DataFrame, rows: pd.DataFrame, keys: Sequence[str]) -> IntArray:
    """Number of the keys of each row of both frames, one after the other."""
    if not keys:
        return np.zeros(len(table) + len(rows), dtype=np.int64)
    both = pd.concat([table[list(keys)], rows[list(keys)]], ignore_index=True)
    return np.asarray(both.groupby(list(keys), sort=False).ngroup(), dtype=np.int64)


def appropriated(ledger: Ledger, tree: Hierarchy, table: pd.DataFrame, horizon: int) -> tuple[FloatArray, FloatArray]:
    """Appropriations of the nodes, (a, T + H), and of the lines, (n, T + H), NaN where none is known.

    A table by agency and fund tells of every node that its keys tell apart (an agency and fund, an agency, a fund, the
    total), and of lines only if it has all keys. Appropriations of which no line ever spent are left out: they cannot
    tell what lines will spend.
    """
    own = read_beside(table, ledger, "amount", "appropriations", summed=True)
    keys = [str(name) for name in own.columns[:-2]]
    if keys:
        known = pd.MultiIndex.from_frame(ledger.lines[keys])
        own = own[pd.MultiIndex.from_frame(own[keys]).isin(known)]
    first, width = int(ledger.steps[0]), len(ledger.steps) + horizon
    nothing = np.full((len(ledger.lines), width), np.nan)
    lines = lay_beside(own, keys, ledger.lines, first, width) if set(keys) == set(ledger.keys) else nothing
    nodes = np.full((len(tree.nodes), width), np.nan)
    for place, level in enumerate(tree.levels):
        if set(level) <= set(keys):
            rows = np.unique(tree.members[place])
            nodes[rows] = lay_beside(own, level, tree.nodes.iloc[rows], first, width)
    return nodes, lines
