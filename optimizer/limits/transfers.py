"""Money that is moved between appropriations of one fund and year."""

from dataclasses import dataclass
from functools import cached_property
from math import inf

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer import solver
from optimizer.limits.base import Columns
from optimizer.limits.budgets import APPROPRIATION, Budgets, OfBudgets
from optimizer.options import Options

SHORT = 1e3
"""How much worse a dollar that is missing is than one that is moved."""


@dataclass(frozen=True, eq=False)
class Transfers(OfBudgets):
    r"""Money may be moved into a row of the appropriations up to its limit, from rows of the same fund and year.

    $$u_b - w_b \le L_b, \qquad \sum_{b \in (f,y)} u_b \le \sum_{b \in (f,y)} w_b, \qquad 0 \le w_b \le A_b$$
    with $u$ what comes in and $w$ what goes out. Rows that name an agency, a line item or a purpose take part; one that
    names none is the whole fund's, which a transfer within it does not change.
    """

    name = "transfers"

    @cached_property
    def members(self) -> pd.DataFrame:
        """Budgets that take part, with their `pool`: those of a fund and year in which somebody may take."""
        table = self.budgets.frame
        named = (table[["agency", "line_item"]] != "").any(axis=1) | ~table["purpose"].isin(["", "any"])
        pools = table[named].assign(pool=table["fund"].astype(str) + " FY" + table["cycle"].astype(str))
        return pools[pools.groupby("pool")["limit"].transform("sum") > 0]

    def coefficients(self, options: Options) -> sparse.csr_array:
        """No option moves money."""
        return sparse.csr_array((len(self.allowed()), len(options)))

    def allowed(self) -> pd.Series:
        """What may come into each; nothing is made of nothing."""
        pools = self.members["pool"].unique()
        keys = [*self.members["key"], *(f"all of {pool}" for pool in pools)]
        limits = [*self.members["limit"], *(0.0 for _ in pools)]
        return pd.Series(limits, index=pd.Index(keys, dtype="str"), dtype=float)

    @cached_property
    def ways(self) -> Columns:
        """What comes into each, then what goes out."""
        table, count = self.members, len(self.members)
        unit = sparse.eye_array(count, format="csr")
        pool = pd.factorize(table["pool"])[0]
        member = sparse.csr_array((np.ones(count), (pool, np.arange(count))), shape=(len(set(pool)), count))
        net = sparse.vstack([unit, member], format="csr")
        taken = self.budgets.taken[:, table.index.to_numpy()]
        upper = pd.concat(
            [table["limit"].set_axis("into " + table["key"]), table["amount"].set_axis("out_of " + table["key"])]
        )
        return Columns(
            upper,
            {
                self.name: sparse.csr_array(sparse.hstack([net, -net], format="csr")),
                APPROPRIATION: sparse.csr_array(sparse.hstack([-taken, taken], format="csr")),
            },
        )

    def columns(self, options: Options) -> Columns:
        """What comes into each, then what goes out."""
        return self.ways

    def loosened(self) -> sparse.csr_array:
        """One more dollar may come in."""
        return sparse.eye_array(len(self.allowed()), len(self.members), format="csr")

    def table(self, options: Options, units: np.ndarray) -> pd.DataFrame:
        """What is moved into each (out of it, where negative) against what may be."""
        from optimizer.limits.sweep import swept

        budgets = self.budgets
        net = moved(budgets, budgets.used(options, units), swept(budgets, options, units))
        into = net[self.members.index.to_numpy()]
        return pd.DataFrame({"used": into, "allowed": self.members["limit"].to_numpy()}, index=self.members["key"])


def moved(budgets: Budgets, used: np.ndarray, swept: np.ndarray) -> np.ndarray:
    """The least money to move so that as little as possible is missing anywhere: what comes into each budget, net."""
    transfers = Transfers(budgets.portfolio)
    net = np.zeros(len(budgets.frame))
    if transfers.members.empty:
        return net
    ways, brings, count = transfers.ways, budgets.brings, len(transfers.members)
    rows = transfers.allowed().to_numpy()
    short = len(budgets.frame)
    matrix = sparse.block_array(
        [
            [ways.use[APPROPRIATION], brings.use[APPROPRIATION], -budgets.taken],
            [ways.use[transfers.name], None, sparse.csr_array((len(rows), short))],
        ],
        format="csr",
    )
    taken = budgets.spent @ (used - budgets.frame["fixed"].to_numpy()) + budgets.taken @ swept
    high = np.concatenate([budgets.allowed.to_numpy() - taken, rows])
    cost = np.concatenate([np.ones(count), np.zeros(count + len(brings.upper)), np.full(short, SHORT)])
    upper = np.concatenate([ways.upper, brings.upper, np.full(short, inf)])
    answer = solver.relax(cost, sparse.csr_array(matrix), np.full(len(high), -inf), high, upper, 10.0)
    into, out = answer.x[:count], answer.x[count : 2 * count]
    into, out = (np.where(amount < 1e-6, 0.0, amount) for amount in (into, out))
    pool = pd.factorize(transfers.members["pool"])[0]
    given, got = np.bincount(pool, out), np.bincount(pool, into)
    share = np.divide(got, given, out=np.zeros_like(got), where=given > 0)
    net[transfers.members.index.to_numpy()] = into - out * share[pool]
    return net
