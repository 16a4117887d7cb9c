"""What a legislature takes back of a saving."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer.limits.base import Columns, empty, most
from optimizer.limits.budgets import APPROPRIATION, Budgets, OfBudgets, scoped_saving
from optimizer.options import Options


@dataclass(frozen=True, eq=False)
class Sweep(OfBudgets):
    r"""An appropriation falls by a share of what was saved the year before against cost to continue.

    $$A_{fy} - w_{fy}, \qquad w_{fy} \ge \sigma_y \sum_o \mathrm{saving}_{f,y-1,o}\, x_o, \qquad w_{fy} \ge 0$$
    A saving is running money (run, dual run and exit) that staying would have cost and the option does not, within
    the scope of the row: what is still paid for is not saved. A year that costs more than staying gives nothing back.
    """

    name = "sweep"

    @cached_property
    def _rows(self) -> pd.DataFrame:
        """Rows of the table from which something can be taken; nothing was saved before the first year."""
        rows = self.budgets.rows
        return rows[(rows["swept"] > 0) & (rows["y"] > 0)]

    def coefficients(self, options: Options) -> sparse.csr_array:
        """The share of what one unit saves in the year before."""
        if self._rows.empty:
            return empty(options)
        saving = scoped_saving(self.budgets.rows, options)[self._rows.index.to_numpy()]
        return sparse.csr_array(sparse.diags_array(self._rows["swept"].to_numpy()) @ saving)

    def allowed(self) -> pd.Series:
        """Not more is saved than taken."""
        keys = self.budgets.frame["key"].to_numpy()[self._rows["budget"]].astype(object)
        if self.portfolio.biennium_start is not None:
            keys = keys + " in FY" + self._rows["fiscal_year"].astype(str)
        return pd.Series(0.0, index=pd.Index(keys, dtype="str"))

    def columns(self, options: Options) -> Columns:
        """What is taken from each row."""
        sums = self.budgets.sums[:, self._rows.index.to_numpy()]
        upper = pd.Series(most(self.coefficients(options), options), index="swept " + self.allowed().index)
        return Columns(
            upper,
            {
                self.name: -sparse.eye_array(len(upper), format="csr"),
                APPROPRIATION: sparse.csr_array(self.budgets.taken @ sums),
            },
        )

    def loosened(self) -> sparse.csr_array:
        """Nobody can allow more: these rows only say what is taken."""
        return sparse.csr_array((len(self._rows), 0))

    def table(self, options: Options, units: np.ndarray) -> pd.DataFrame:
        """No rows: the appropriation shows what is left."""
        return pd.DataFrame({"used": [], "allowed": []}, dtype=float)


def swept(budgets: Budgets, options: Options, units: np.ndarray) -> np.ndarray:
    """What is taken from each budget for a plan."""
    sweep = Sweep(budgets.portfolio)
    taken = np.zeros(len(budgets.rows))
    taken[sweep._rows.index.to_numpy()] = np.maximum(sweep.coefficients(options) @ units, 0.0)
    return np.asarray(budgets.sums @ taken)
