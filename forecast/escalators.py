r"""Lines that follow an index: a contract's escalator of 3 %, or a path of consumer prices, given as a table.

$$\hat y_{T+k} = y_T\,\frac{I_{T+k}}{I_T}$$

A line for which the table has the index in the last known period and in all to come follows it, whatever the back-test
says: a contract is no guess. Where the table reaches into the past, what following it would have missed by is scored
like any model, and calibrates the interval.
"""

from collections.abc import Hashable, Iterator, Mapping

import numpy as np
import pandas as pd

from forecast.arrays import BoolArray, FloatArray, IntArray
from forecast.errors import SettingError
from forecast.evidence import lay_beside, read_beside
from forecast.ledger import Ledger

WHERE = "index table"
"""What errors call it."""


def index_paths(ledger: Ledger, index: pd.DataFrame, horizon: int) -> FloatArray:
    """Index of each line, (n, T + H), NaN where the table has none.

    `index` is the long frame `keys..., period, index` with all or some of the ledger's keys; a table without keys holds
    for every line.

    Raises:
        SettingError: for keys that the ledger has not, lines that it does not know, or an index that is not above zero.
    """
    table = read_beside(index, ledger, "index", WHERE)
    keys = [str(name) for name in table.columns[:-2]]
    if problems := list(_problems(table, ledger, keys)):
        raise SettingError(WHERE, problems)
    return lay_beside(table, keys, ledger.lines, int(ledger.steps[0]), len(ledger.steps) + horizon)


def _problems(table: pd.DataFrame, ledger: Ledger, keys: list[str]) -> Iterator[str]:
    """What cannot be an index."""
    for row in table[~(table["amount"] > 0)].to_dict("records"):
        yield f"{_named(row, keys)}: {row['amount']} is no index. It has to be above zero."
    if keys:
        given = table[keys].drop_duplicates()
        known = pd.MultiIndex.from_frame(given).isin(pd.MultiIndex.from_frame(ledger.lines[keys]))
        for row in given[~known].to_dict("records"):
            yield f"no line of the spending table is {_named(row, keys)}. Correct the keys or remove the rows."


def _named(row: Mapping[Hashable, object], keys: list[str]) -> str:
    """A line as an error names it."""
    return " / ".join(str(row[key]) for key in keys) or "every line"


def followers(paths: FloatArray, horizon: int) -> BoolArray:
    """Lines whose index is known today and in every period to come, (n,)."""
    return np.asarray(np.isfinite(paths[:, -horizon - 1 :]).all(axis=1), dtype=np.bool_)


def follow(paths: FloatArray, last: FloatArray, origins: IntArray, horizon: int) -> FloatArray:
    """Amounts that follow the index from each origin, (O, n, H), NaN where it is not known at both ends.

    `last` are the amounts known at the origins, (O, n).
    """
    now = paths.T[origins - 1]
    ahead = np.stack([paths[:, origin : origin + horizon] for origin in origins])
    return np.asarray(last[:, :, None] * ahead / now[:, :, None], dtype=np.float64)
