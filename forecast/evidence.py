"""What is known of periods to come, or beside the spending: appropriations and indices, laid out beside the lines.

Such a table has some of the spending table's keys, `period` and a number; it may reach further back and further ahead.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from forecast.arrays import BoolArray, FloatArray, IntArray
from forecast.errors import SettingError, SpendingError
from forecast.hierarchy import Hierarchy
from forecast.ledger import Ledger
from forecast.spending import read_spending


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


@dataclass(frozen=True, eq=False)
class Appropriations:
    """What was appropriated and what is enacted ahead, at the keys at which it is told: c cells."""

    cells: pd.DataFrame
    """Their keys, c rows."""
    amounts: FloatArray
    """USD, (c, T + H), NaN where nothing is told."""
    awaited: BoolArray
    """Cells that have a blank amount ahead, (c,): it is not enacted yet."""
    nodes: sparse.csr_array
    """One where a node adds up a cell, (a, c). None for nodes that the keys do not tell apart."""
    lines: sparse.csr_array
    """The same of the lines, (n, c): none unless the cells are lines."""


def appropriated(ledger: Ledger, tree: Hierarchy, table: pd.DataFrame, horizon: int) -> Appropriations:
    """Lay a table of appropriations out beside the ledger.

    A table by agency and fund tells of every node that its keys tell apart (an agency and fund, an agency, a fund, the
    total), and of lines only if it has all keys. Cells of which no line ever spent count in no sum: they cannot tell
    what lines will spend.
    """
    own = read_beside(table, ledger, "amount", "appropriations", summed=True)
    keys = [str(name) for name in own.columns[:-2]]
    cells = own[keys].drop_duplicates(ignore_index=True) if keys else own[keys].head(1)
    first, periods = int(ledger.steps[0]), len(ledger.steps)
    amounts = lay_beside(own, keys, cells, first, periods + horizon)
    blank = own[own["amount"].isna() & own["step"].gt(first + periods - 1)]
    awaited, spent_from = _among(cells, blank, keys), _among(cells, ledger.lines, keys)
    rows = [
        (np.unique(tree.members[place]), level) for place, level in enumerate(tree.levels) if set(level) <= set(keys)
    ]
    parts = [_members(cells, spent_from, tree.nodes, level, some) for some, level in rows]
    own_lines = [_members(cells, spent_from, ledger.lines, keys)] if set(keys) == set(ledger.keys) else []
    nodes, lines = _sums(parts, len(tree.nodes), len(cells)), _sums(own_lines, len(ledger.lines), len(cells))
    return Appropriations(cells, amounts, awaited, nodes, lines)


def _among(cells: pd.DataFrame, rows: pd.DataFrame, keys: Sequence[str]) -> BoolArray:
    """Cells whose keys some row has, (c,)."""
    ours, theirs = np.split(_codes(cells, rows, keys), [len(cells)])
    return np.asarray(np.isin(ours, theirs), dtype=np.bool_)


def _members(
    cells: pd.DataFrame, counted: BoolArray, rows: pd.DataFrame, keys: Sequence[str], some: IntArray | None = None
) -> IntArray:
    """Pairs of a row and a cell that agree in some keys, (2, pairs); rows are all different in them."""
    place = np.arange(len(rows)) if some is None else some
    ours, theirs = np.split(_codes(cells, rows.iloc[place], keys), [len(cells)])
    row_of = np.full(int(max(ours.max(initial=-1), theirs.max(initial=-1))) + 1, -1)
    row_of[theirs] = place
    found = np.flatnonzero(counted & (row_of[ours] >= 0))
    return np.stack([row_of[ours[found]], found])


def _sums(pairs: Sequence[IntArray], rows: int, cells: int) -> sparse.csr_array:
    """The matrix that adds up cells, (rows, cells)."""
    row, cell = np.concatenate([np.empty((2, 0), dtype=np.int64), *pairs], axis=1)
    return sparse.csr_array((np.ones(len(row)), (row, cell)), shape=(rows, cells))
