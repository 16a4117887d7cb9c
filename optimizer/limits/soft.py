"""Limits that may be overrun at a price."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer.limits.base import Columns, Limit, most
from optimizer.options import Options
from optimizer.sites import Closings


@dataclass(frozen=True, eq=False)
class Soft(Limit):
    r"""Any limit, with a price for each unit by which it is overrun.

    $$\mathrm{use}_l(x) \le b_l + e_l, \qquad e_l \ge 0, \qquad \text{at a cost of } p \sum_l e_l$$
    The price counts as it is, in whatever year; what is paid is the term `violation` of the objective.
    """

    limit: Limit
    price: float
    """$p$, USD in the objective for each unit of the limit."""

    def __post_init__(self) -> None:
        """Go by the name of the limit."""
        for what in ("name", "sense", "unit"):
            object.__setattr__(self, what, getattr(self.limit, what))

    def coefficients(self, options: Options) -> sparse.csr_array:
        """Those of the limit."""
        return self.limit.coefficients(options)

    def of_sites(self, closings: Closings) -> sparse.csr_array:
        """Those of the limit."""
        return self.limit.of_sites(closings)

    def allowed(self) -> pd.Series:
        """What the limit allows."""
        return self.limit.allowed()

    def columns(self, options: Options) -> Columns:
        """Those of the limit, and how far each of its keys is overrun."""
        own, loosened, allowed = self.limit.columns(options), self.loosened(), self.allowed()
        keys = loosened.shape[1]
        ever = 2 * (most(self.coefficients(options), options) + allowed.abs().to_numpy())[:keys]
        over = pd.Series(ever, index=[f"over {self.name} {key}" for key in allowed.index[:keys]])
        use = own.use.get(self.name, sparse.csr_array((len(allowed), len(own.upper))))
        shifted = {name: _widened(part, keys) for name, part in own.use.items()}
        shifted[self.name] = sparse.csr_array(sparse.hstack([use, -loosened], format="csr"))
        cost = np.concatenate([np.zeros(len(own.upper)), np.full(keys, self.price)])
        return Columns(pd.concat([own.upper, over]), shifted, cost)

    def loosened(self) -> sparse.csr_array:
        """As of the limit."""
        return self.limit.loosened()

    def table(self, options: Options, units: np.ndarray) -> pd.DataFrame:
        """As of the limit: more may be used than is allowed."""
        return self.limit.table(options, units)

    def paid(self, options: Options, units: np.ndarray) -> float:
        """What a plan pays for what it overruns."""
        table = self.table(options, units)
        return self.price * float(np.maximum(table["used"] - table["allowed"], 0.0).sum())

    def sentence(self, key: str, used: float, allowed: float) -> str:
        """One row in words."""
        return self.limit.sentence(key, used, allowed)


def _widened(use: sparse.csr_array, count: int) -> sparse.csr_array:
    """The same with some more columns that take nothing."""
    return sparse.csr_array(sparse.hstack([use, sparse.csr_array((use.shape[0], count))], format="csr"))
