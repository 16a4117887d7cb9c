"""Limits on money: what is appropriated for a year or a biennium."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer.limits.base import Columns
from optimizer.limits.budgets import APPROPRIATION, OfBudgets
from optimizer.limits.sweep import swept
from optimizer.limits.transfers import moved
from optimizer.options import Options
from optimizer.sites import Closings
from optimizer.words import amount_of


@dataclass(frozen=True, eq=False)
class Appropriation(OfBudgets):
    r"""A fund's outlay of a fiscal year stays within its appropriation and what was brought from the year before.

    $$\sum_o \mathrm{outlay}_{fy,o}\, x_o - v_{fy} \le (1 - \eta_{fy}) A_{fy} - F_{fy}$$
    $$0 \le v_{fy} \le \rho_{f,y-1} A_{f,y-1}, \qquad
    v_{f,y+1} \le \rho_{fy} \bigl(A_{fy} - (\mathrm{outlay}_{fy} - v_{fy})\bigr)$$
    with $v$ the money brought from the year before (in the first year at most the opening balance; it lapses after one
    year), $F$ the outlay that no decision changes (residual and sites), $\rho$ the share that carries forward, $\eta$
    the share that is kept free in reserve and carries forward like any other rest. A row of the table may name an
    agency, a line item (a system's program) and a purpose, and then counts only their outlay; the residual has no line
    item, a site no agency.
    """

    name = APPROPRIATION

    def coefficients(self, options: Options) -> sparse.csr_array:
        """The outlay of one unit in each budget; then the same again for what can go on into the next one."""
        return sparse.csr_array(self.budgets.spent @ self.budgets.outlay(options))

    def of_sites(self, closings: Closings) -> sparse.csr_array:
        """What closing saves and costs in each budget."""
        return sparse.csr_array(self.budgets.spent @ self.budgets.of_sites(closings))

    def allowed(self) -> pd.Series:
        """The amount less the outlay that no decision changes; for what can go on, also of what is kept in reserve."""
        return self.budgets.allowed

    def columns(self, options: Options) -> Columns:
        """Money brought into a budget from the one before."""
        return self.budgets.brings

    def loosened(self) -> sparse.csr_array:
        """One more dollar counts in its year, and its share that carries forward in what can go on."""
        return self.budgets.taken

    def table(self, options: Options, units: np.ndarray) -> pd.DataFrame:
        """All outlay against the free amount, what was moved, what was swept, and what the budget before leaves."""
        budgets, table = self.budgets, self.budgets.frame
        used = budgets.used(options, units)
        taken = swept(budgets, options, units)
        given = moved(budgets, used, taken) - taken
        allowed = table["free"].to_numpy() + given + budgets.brought(used, given)
        return pd.DataFrame({"used": used, "allowed": allowed}, index=table["key"])

    def sentence(self, key: str, used: float, allowed: float) -> str:
        """One row in words."""
        return f"appropriation {key}: outlay {amount_of(used, self.unit)} of {amount_of(allowed, self.unit)}"


@dataclass(frozen=True, eq=False)
class Biennium(Appropriation):
    r"""A fund's outlay of a budget cycle of two years stays within both years' appropriations together.

    $$\sum_o \sum_{y \in c} \mathrm{outlay}_{fy,o}\, x_o - v_{fc} \le
    \sum_{y \in c} \bigl((1 - \eta_{fy}) A_{fy} - F_{fy}\bigr) \qquad \forall f, c$$
    Within the cycle $c$ money may be spent in either year; at its end it lapses. Only the first cycle has money brought
    in, $v$, at most the opening balance. Of a cycle that the horizon cuts, the years within it count.
    """
