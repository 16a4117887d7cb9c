"""Limits on work: hours of each skill, starts, and purchases that are open at once."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer import buying
from optimizer.limits.base import Limit, empty, indicator, ranges
from optimizer.options import Options
from optimizer.portfolio import Portfolio
from optimizer.timeline import Timeline


@dataclass(frozen=True, eq=False)
class Hours(Limit):
    r"""The work of a quarter stays within the hours of each skill; a year's hours are spread evenly over its quarters.

    $$\sum_{o \,:\, \tau_o \le t < q_o} \frac{h_{ok}}{w_o}\, x_o \le
    \frac{H_{ky(t)}}{4} \bigl(1 - (1 - \phi)\, \delta^{t - t_0}\bigr) \qquad \forall k, t$$
    with $\phi$ the share of the work that a team does in the quarter $t_0$ of `as_of` and $\delta$ what is left of the
    gap after each quarter; without a learning curve $\phi = 1$. A skill and year without a row is free.
    """

    name = "hours"
    unit = "hours"
    portfolio: Portfolio

    def _rows(self) -> pd.DataFrame:
        every = self.portfolio.quarters
        quarters = pd.DataFrame({"t": np.arange(len(every)), "fiscal_year": np.asarray(every.qyear)})
        rows = self.portfolio.capacity.merge(quarters, on="fiscal_year").sort_values(["skill", "t"], ignore_index=True)
        return rows.assign(key=rows["skill"].astype(str) + " " + pd.Series(every[rows["t"]].astype(str)))

    def coefficients(self, options: Options) -> sparse.csr_array:
        """Hours of one unit in each quarter of its work."""
        rows = self._rows()
        blocks = [
            sparse.csr_array(options.hours(str(skill)).T)[t]
            for skill, t in rows.groupby("skill")["t"].agg(list).items()
        ]
        return sparse.csr_array(sparse.vstack(blocks, format="csr")) if blocks else empty(options)

    def allowed(self) -> pd.Series:
        """A quarter of the year's hours, or what has been learnt of it by then."""
        rows, learning = self._rows(), self.portfolio.learning
        hours = rows["hours"].astype(float) / 4
        if learning is not None:
            now = Timeline(self.portfolio).position(self.portfolio.as_of)
            hours = hours * learning.share(rows["t"].to_numpy() - now)
        return hours.set_axis(rows["key"])


@dataclass(frozen=True, eq=False)
class Starts(Limit):
    r"""At most $a_t$ units begin to move in a quarter.

    $$\sum_{o \,:\, \tau_o = t} x_o \le a_{y(t)} \qquad \forall t$$
    """

    name = "starts"
    unit = "units"
    quarters: pd.PeriodIndex
    by_year: pd.Series
    """$a_y$, units per quarter, by fiscal year; a year without an entry is free."""

    def _t(self) -> np.ndarray:
        return np.flatnonzero(np.isin(np.asarray(self.quarters.qyear), self.by_year.index))

    def coefficients(self, options: Options) -> sparse.csr_array:
        """Ones where an option starts."""
        return indicator(pd.Index(self._t()).get_indexer(options.tau), len(self._t()))

    def allowed(self) -> pd.Series:
        """The number of its fiscal year."""
        quarters = self.quarters[self._t()]
        values = self.by_year.reindex(np.asarray(quarters.qyear)).to_numpy(dtype=float)
        return pd.Series(values, index=pd.Index(quarters.astype(str), dtype="str"))


@dataclass(frozen=True, eq=False)
class Procurements(Limit):
    r"""At most so many purchases are open in a quarter: the procurement office can look after no more.

    $$\sum_o \frac{x_o}{n_{g(s)}} \sum_{j=1}^{n_m} [b_{oj} \le t < a_{oj}] \le P_{y(t)} \qquad \forall t$$
    A purchase is open from the quarter $b$ in which it begins at the latest until the quarter $a$ of the award: that of
    the start, and for module $j$ the one in which $(j-1)/n_m$ of the work lies behind. A system is bought at once, a
    move group as one, so that $n_{g(s)}$ units are one purchase; units that start at different times are their share
    of it.
    """

    name = "procurement"
    unit = "purchases"
    portfolio: Portfolio

    def _t(self) -> np.ndarray:
        capacity, years = self.portfolio.procurement_capacity, np.asarray(self.portfolio.quarters.qyear)
        return np.flatnonzero(np.isin(years, [] if capacity is None else capacity.index))

    def coefficients(self, options: Options) -> sparse.csr_array:
        """The share of a purchase that one unit is, in each quarter in which it or a module of it is open."""
        kept, length = self._t(), len(self.portfolio.quarters)
        units = self.portfolio.systems["units"].to_numpy(dtype=float)
        share = 1 / buying.with_group(self.portfolio, units[:, None])[:, 0]
        o, t = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        modules = np.array([1, *(method.modules for method in options.methods)])[options.m]
        for j in range(int(modules.max(initial=0))):
            mine = np.flatnonzero((options.m > 0) & (modules > j))
            award = options.tau[mine] + j * options.of_strategy("work_quarters")[mine] // modules[mine]
            begins = np.maximum(options.timeline.before(award, options.lead[mine]), 0)
            last = np.minimum(award, length)
            o.append(np.repeat(mine, np.maximum(last - begins, 0)))
            t.append(ranges(begins, np.maximum(last - begins, 0)))
        column, row = np.concatenate(o), np.concatenate(t)
        shape = (length, len(options))
        return sparse.csr_array(sparse.csr_array((share[options.s[column]], (row, column)), shape=shape)[kept])

    def allowed(self) -> pd.Series:
        """The number of its fiscal year."""
        quarters, capacity = self.portfolio.quarters[self._t()], self.portfolio.procurement_capacity
        values = pd.Series(dtype=float) if capacity is None else capacity.reindex(np.asarray(quarters.qyear))
        return pd.Series(values.to_numpy(dtype=float), index=pd.Index(quarters.astype(str), dtype="str"))
