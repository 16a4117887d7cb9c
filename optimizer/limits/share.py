"""Limits on what a year looks like: how much of its run cost is legacy, how much risk it carries."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer.limits.base import Limit
from optimizer.options import Options
from optimizer.portfolio import Portfolio
from optimizer.words import amount_of


@dataclass(frozen=True, eq=False)
class ModernShare(Limit):
    r"""At least a share of a year's run cost is that of modern systems: the ratio is flipped.

    $$\sum_o \mathrm{legacy}_{oy}\, x_o \le (1 - \theta_y) \sum_o (\mathrm{legacy}_{oy} + \mathrm{modern}_{oy})\, x_o
    \qquad \forall y$$
    with the run cost of both sides, as in the legacy share that pages show: neither building, nor running side by side,
    nor sites, nor the residual, which has no side.
    """

    name = "modern_share"
    unit = "USD"
    portfolio: Portfolio

    def _years(self) -> np.ndarray:
        return np.flatnonzero(np.isin(self.portfolio.fiscal_years, self.portfolio.modern_share.index))

    def _least(self) -> np.ndarray:
        years = self.portfolio.fiscal_years[self._years()]
        return self.portfolio.modern_share.reindex(years).to_numpy(dtype=float)

    def _run(self, options: Options, side: str) -> np.ndarray:
        """Run cost of one unit on one side, years x options."""
        return np.asarray(options.yearly(options.cash("run", side))[:, self._years()].T)

    def coefficients(self, options: Options) -> sparse.csr_array:
        """Legacy run cost less what may be legacy of all run cost."""
        legacy, modern = (self._run(options, side) for side in ("legacy", "modern"))
        return sparse.csr_array(legacy - (1 - self._least())[:, None] * (legacy + modern))

    def allowed(self) -> pd.Series:
        """No more than that."""
        years = self.portfolio.fiscal_years[self._years()]
        return pd.Series(0.0, index=pd.Index([f"FY{year}" for year in years], dtype="str"))

    def table(self, options: Options, units: np.ndarray) -> pd.DataFrame:
        """Legacy run cost against what may be legacy."""
        legacy, modern = (self._run(options, side) @ units for side in ("legacy", "modern"))
        return pd.DataFrame(
            {"used": legacy, "allowed": (1 - self._least()) * (legacy + modern)}, index=self.allowed().index
        )

    def sentence(self, key: str, used: float, allowed: float) -> str:
        """One row in words."""
        return f"modern_share {key}: legacy run cost {amount_of(used, self.unit)} of {amount_of(allowed, self.unit)}"


@dataclass(frozen=True, eq=False)
class RiskCeiling(Limit):
    r"""The units that run past their end of support in a year, weighted by criticality, stay below a number.

    $$\sum_o x_o \frac{c_s}{3} \sum_{t \in y \,:\, t > \mathrm{eos}(s)} \bigl([t < q_o] + \rho_k [t \ge q_o]\bigr)
    \le r_y \qquad \forall y$$
    in unit-quarters of criticality 3: what the term `risk` prices, before discounting.
    """

    name = "risk_ceiling"
    unit = "unit-quarters"
    portfolio: Portfolio

    def _years(self) -> np.ndarray:
        return np.flatnonzero(np.isin(self.portfolio.fiscal_years, self.portfolio.risk_ceiling.index))

    def coefficients(self, options: Options) -> sparse.csr_array:
        """Quarters past the end of support: whole ones before the cut-over, what risk remains of them after it."""
        systems, t = self.portfolio.systems, np.arange(options.timeline.length)
        late = options.timeline.passed(systems["end_of_support"])[options.s]
        remains = np.where(t < options.q[:, None], 1.0, options.of_strategy("residual_risk")[:, None])
        critical = systems["criticality"].to_numpy(dtype=float)[options.s] / 3
        return sparse.csr_array((critical[:, None] * options.yearly(late * remains))[:, self._years()].T)

    def allowed(self) -> pd.Series:
        """The number of each year."""
        years = self.portfolio.fiscal_years[self._years()]
        keys = pd.Index([f"FY{year}" for year in years], dtype="str")
        return self.portfolio.risk_ceiling.reindex(years).astype(float).set_axis(keys)
