"""A site is open as long as a unit is in it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer.limits.base import Limit, ranges
from optimizer.options import NEVER, Options
from optimizer.sites import Closings, homes


@dataclass(frozen=True, eq=False)
class SiteClosure(Limit):
    r"""A site is empty from the quarter in which its last unit has left; then it closes.

    $$\sum_{o \in O(s),\, \mathrm{off}_o > e} x_o \le n_s \Bigl(1 - \sum_{e' \le e} w_{je'}\Bigr)
    \qquad \forall s \in j,\ e$$
    $$w_{je} \le \sum_{s \in j} \sum_{o \in O(s),\, \mathrm{off}_o = e} x_o \qquad \forall j,\ e, \qquad
    w_{j\infty} \le \sum_{s \in j} \sum_{o \in O(s),\, \mathrm{off}_o \ge T} x_o, \qquad
    \sum_e w_{je} = 1$$
    with $w_{je}$ whether site $j$ is empty from $e$ on: a decision of the site, as $x$ is one of a system. So a plan's
    rows alone tell when each site closes.
    """

    name = "site_closure"
    unit = "units"
    closings: Closings
    """The cases $w$."""

    @cached_property
    def _cases(self) -> pd.DataFrame:
        """`first count`, by site: where its cases of being empty begin, the earliest first, and how many there are."""
        cases = pd.DataFrame({"j": self.closings.j, "at": np.arange(len(self.closings))})
        cases = cases[self.closings.e < NEVER]
        table = cases.groupby("j")["at"].agg(["min", "count"]).set_axis(["first", "count"], axis=1)
        return table.reindex(range(len(self.closings.portfolio.sites)), fill_value=0)

    @cached_property
    def _systems(self) -> pd.DataFrame:
        """`j first count row units`, by system at a site with cases: a row for each of them from `row` on."""
        portfolio = self.closings.portfolio
        j = homes(portfolio)
        table = pd.DataFrame({"j": j, "units": portfolio.systems["units"].to_numpy(dtype=float)})
        table = table[j >= 0].join(self._cases, on="j")
        return table[table["count"] > 0].assign(row=lambda t: t["count"].cumsum() - t["count"])

    @property
    def _leaving(self) -> int:
        """How many rows say that a system has left; those that say who makes a site empty come after them."""
        return int(self._systems["count"].sum())

    def coefficients(self, options: Options) -> sparse.csr_array:
        """Units that are still there in each case; then, less than none, units that make it so."""
        cases, length = self.closings, options.timeline.length
        here = pd.DataFrame({"s": options.s, "o": np.arange(len(options))}).join(self._systems, on="s", how="inner")
        off = np.where(options.off < length, options.off, NEVER)[here["o"]]
        first, j = here["first"].to_numpy(), here["j"].to_numpy()
        moments = cases.j * 2 * NEVER + cases.e
        later = np.searchsorted(moments, j * 2 * NEVER + off) - first
        makes = np.flatnonzero(np.isin(j * 2 * NEVER + off, moments))
        made = np.searchsorted(moments, (j * 2 * NEVER + off)[makes])
        o = here["o"].to_numpy()
        rows = np.concatenate([ranges(here["row"].to_numpy(), later), self._leaving + made])
        value = np.concatenate([np.ones(later.sum()), -np.ones(len(makes))])
        columns = np.concatenate([np.repeat(o, later), o[makes]])
        return sparse.csr_array((value, (rows, columns)), shape=(self._leaving + len(cases), len(options)))

    def of_sites(self, closings: Closings) -> sparse.csr_array:
        """All units of a system in every case that is no later; one where a case must be made so."""
        systems, count = self._systems, len(closings)
        nth = ranges(np.ones(len(systems), dtype=np.int64), systems["count"].to_numpy())
        owner = np.repeat(np.arange(len(systems)), systems["count"])
        rows = np.concatenate([np.repeat(np.arange(len(nth)), nth), self._leaving + np.arange(count)])
        value = np.concatenate([np.repeat(systems["units"].to_numpy()[owner], nth), np.ones(count)])
        columns = np.concatenate([ranges(systems["first"].to_numpy()[owner], nth), np.arange(count)])
        return sparse.csr_array((value, (rows, columns)), shape=(self._leaving + count, count))

    def allowed(self) -> pd.Series:
        """All units of a system while its site is open; nothing for what must be made so."""
        portfolio, cases, systems = self.closings.portfolio, self.closings, self._systems
        when = np.asarray(cases.timeline.texts(cases.e, cases.e < NEVER).astype(object))
        sites = portfolio.sites.index.to_numpy()[cases.j]
        s = np.repeat(systems.index.to_numpy(), systems["count"])
        case = ranges(systems["first"].to_numpy(), systems["count"].to_numpy())
        names = portfolio.systems.index.to_numpy()[s]
        leaves = [f"{name} out of {j} {t}" for name, j, t in zip(names, sites[case], when[case], strict=True)]
        made = [f"{j} empty {t or 'never'}" for j, t in zip(sites, when, strict=True)]
        values = np.concatenate([np.repeat(systems["units"], systems["count"]), np.zeros(len(cases))])
        return pd.Series(values, index=pd.Index([*leaves, *made], dtype="str"))
