"""Appropriations as budgets: which money of which years goes together, what it pays for, what it was given."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer import funds
from optimizer.limits.base import Columns, Limit, by_year
from optimizer.options import Options
from optimizer.portfolio import Portfolio
from optimizer.sites import Closings

APPROPRIATION = "appropriation"
"""Name of the limit whose rows the budgets are."""
SCOPE = ["fund", "agency", "line_item", "purpose"]


@dataclass(frozen=True, eq=False)
class Budgets:
    """The appropriations of a horizon, row by row, and as budgets: one a fiscal year, or one a biennium."""

    portfolio: Portfolio

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The table's rows in order: scope, `fiscal_year amount rho opening limit y kept swept cycle budget`.

        `kept` is the share that is to be kept free, `swept` the share of last year's saving that is taken away.
        """
        years, table = self.portfolio.fiscal_years, self.portfolio.appropriations
        rows = table[table["fiscal_year"].isin(years)].sort_values(
            [*SCOPE, "fiscal_year"], kind="stable", ignore_index=True
        )
        renamed = {"carry_forward": "rho", "opening_balance": "opening", "transfer_limit": "limit"}
        numbers = rows[["amount", *renamed]].astype(float).rename(columns=renamed)
        rows = pd.concat([rows[[*SCOPE, "fiscal_year"]], numbers], axis=1)
        of_year, begins = rows["fiscal_year"].to_numpy(dtype=np.int64), self.portfolio.biennium_start
        rows["y"] = np.searchsorted(years, of_year)
        of_fund = rows["fund"].map(dict(self.portfolio.fund_reserves)).fillna(0.0).to_numpy(dtype=float)
        rows["kept"] = np.minimum(by_year(self.portfolio.reserve, of_year) + of_fund, 1.0)
        rows["swept"] = by_year(self.portfolio.sweep, of_year)
        # the fiscal year in which the budget ends
        rows["cycle"] = of_year if begins is None else of_year + (begins + 1 - of_year) % 2
        fresh = (rows[[*SCOPE, "cycle"]] != rows[[*SCOPE, "cycle"]].shift()).any(axis=1)
        rows["budget"] = fresh.cumsum() - 1
        return rows

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The budgets: scope, `cycle amount free rho limit fixed next brought key`.

        `free` is the amount less what is to be kept, `fixed` the outlay that no decision changes, `next` the budget
        into which its rest may go, `brought` what may come from the one before at most.
        """
        rows = self.rows.assign(
            free=(1 - self.rows["kept"]) * self.rows["amount"], fixed=fixed_outlay(self.portfolio, self.rows)
        )
        sums = {name: (name, "sum") for name in ("amount", "free", "limit", "fixed")}
        heads = {name: (name, "first") for name in (*SCOPE, "cycle", "opening", "fiscal_year")}
        table = rows.groupby("budget").agg(**heads, **sums, rho=("rho", "last"))
        annual = self.portfolio.biennium_start is None
        follows = (table[SCOPE].shift() == table[SCOPE]).all(axis=1) & (table["cycle"].diff() == 1) & annual
        table["next"] = np.where(follows.shift(-1, fill_value=False), np.arange(len(table)) + 1, -1)
        before = (table["rho"] * (table["amount"] + table["limit"])).shift(fill_value=0.0)
        opens = table["fiscal_year"] == self.portfolio.fiscal_years[0]
        table["brought"] = np.where(follows, before, np.where(opens, table["opening"], 0.0))
        table["key"] = self._keys(table)
        return table

    def _keys(self, table: pd.DataFrame) -> pd.Series:
        """`general FY2028`, `general health capital FY2028`, `general biennium FY2029`."""
        words = table["fund"].astype(str)
        for part in ("agency", "line_item"):
            words = words + np.where(table[part] == "", "", " " + table[part].astype(str))
        words = words + np.where(table["purpose"].isin(["", "any"]), "", " " + table["purpose"].astype(str))
        return (
            words + ("" if self.portfolio.biennium_start is None else " biennium") + " FY" + table["cycle"].astype(str)
        )

    @cached_property
    def sums(self) -> sparse.csr_array:
        """Ones where a row of the table belongs to a budget, budgets x rows."""
        budget = self.rows["budget"].to_numpy()
        return sparse.csr_array(
            (np.ones(len(budget)), (budget, np.arange(len(budget)))), shape=(len(self.frame), len(budget))
        )

    @cached_property
    def carries(self) -> np.ndarray:
        """Positions of budgets whose rest can go on into a next one."""
        onward, brought = self.frame["next"].to_numpy(), self.frame["brought"].to_numpy()
        return np.flatnonzero((onward >= 0) & (brought[onward] > 0))

    @cached_property
    def _on(self) -> sparse.csr_array:
        """What goes on of a dollar left in each budget, carries x budgets."""
        unit = sparse.eye_array(len(self.frame), format="csr")
        return sparse.csr_array(sparse.diags_array(self.frame["rho"].to_numpy()[self.carries]) @ unit[self.carries])

    @cached_property
    def changes(self) -> bool:
        """Whether amounts are no fixed numbers: money is moved between budgets or swept."""
        return bool((self.rows["limit"] > 0).any() or (self.rows["swept"] > 0).any())

    @cached_property
    def spent(self) -> sparse.csr_array:
        """What a dollar spent of each budget takes of each row of the limit, rows x budgets.

        Rows are the budgets, then what can go on of each that carries, and then, where amounts can change, the most
        that ever can: its share of the amount itself.
        """
        unit = sparse.eye_array(len(self.frame), format="csr")
        parts = [unit, self._on, *([self._on * 0.0] if self.changes else [])]
        return sparse.csr_array(sparse.vstack(parts, format="csr"))

    @cached_property
    def taken(self) -> sparse.csr_array:
        """What a dollar taken out of each budget's amount takes of each row of the limit, rows x budgets."""
        unit = sparse.eye_array(len(self.frame), format="csr")
        return sparse.csr_array(sparse.vstack([unit, self._on, *([self._on] if self.changes else [])], format="csr"))

    @cached_property
    def brings(self) -> Columns:
        """Money brought into a budget from the one before: it adds to its own, and no more comes than is left."""
        table = self.frame
        brings = np.flatnonzero(table["brought"] > 0)
        unit = sparse.eye_array(len(table), format="csr")
        comes = unit[table["next"].to_numpy()[self.carries]]
        parts = [sparse.csr_array(unit.shape), comes, *([comes] if self.changes else [])]
        use = sparse.csr_array(sparse.vstack(parts, format="csr") - self.spent)[:, brings]
        names = "brought " + table["key"].iloc[brings]
        return Columns(table["brought"].iloc[brings].set_axis(names), {APPROPRIATION: sparse.csr_array(use)})

    @cached_property
    def allowed(self) -> pd.Series:
        """The right-hand side of each row of the limit."""
        table = self.frame
        on = table.iloc[self.carries]
        parts = [
            (table["free"] - table["fixed"]).set_axis(table["key"]),
            (on["rho"] * (on["amount"] - on["fixed"])).set_axis("carry " + on["key"]),
        ]
        if self.changes:
            parts.append((on["rho"] * on["amount"]).set_axis("most " + on["key"]))
        return pd.concat(parts)

    def outlay(self, options: Options) -> sparse.csr_array:
        """Outlay of one unit of each option within each budget's scope and years."""
        return sparse.csr_array(self.sums @ scoped_outlay(self.rows, options))

    def of_sites(self, closings: Closings) -> sparse.csr_array:
        """What each case of what becomes of a site adds to the outlay of each budget: operating money of no agency."""
        rows, yearly = self.rows, _yearly(self.portfolio, closings.cash)
        plain = (rows["agency"] == "") & (rows["line_item"] == "") & (rows["purpose"] != "capital")
        shares = funds.shares(self.portfolio.sites["fund"]).reindex(columns=rows["fund"].unique(), fill_value=0.0)
        part = shares[rows["fund"]].to_numpy().T[:, closings.j] * yearly[:, rows["y"]].T
        return sparse.csr_array(self.sums @ sparse.csr_array(part * plain.to_numpy()[:, None]))

    def used(self, options: Options, units: np.ndarray) -> np.ndarray:
        """All outlay of a plan within each budget."""
        closings = Closings.after(options, units)
        chosen = self.outlay(options) @ units + self.of_sites(closings) @ np.ones(len(closings))
        return np.asarray(chosen + self.frame["fixed"].to_numpy())

    def brought(self, outlay: np.ndarray, given: np.ndarray) -> np.ndarray:
        """Money that each budget brings from the one before, when such money is always used first.

        `given` is what is added to its amount: transfers, less what is swept.
        """
        table = self.frame
        amount, rho, onward = table["amount"].to_numpy() + given, table["rho"].to_numpy(), table["next"].to_numpy()
        brought = np.where(np.isin(np.arange(len(table)), onward), 0.0, table["brought"].to_numpy())
        for i in np.flatnonzero(onward >= 0):
            own = max(outlay[i] - brought[i], 0.0)
            brought[onward[i]] = rho[i] * max(amount[i] - own, 0.0)
        return brought


@dataclass(frozen=True, eq=False)
class OfBudgets(Limit):
    """A limit on the money of appropriations."""

    unit = "USD"
    portfolio: Portfolio

    @cached_property
    def budgets(self) -> Budgets:
        """Budgets of a fiscal year each, or of a biennium."""
        return Budgets(self.portfolio)


def _yearly(portfolio: Portfolio, quarterly: np.ndarray) -> np.ndarray:
    """Fiscal years from quarters, by columns."""
    years = np.asarray(portfolio.quarters.qyear)
    return np.add.reduceat(quarterly, np.flatnonzero(np.diff(years, prepend=years[0] - 1)), axis=1)


def fixed_outlay(portfolio: Portfolio, rows: pd.DataFrame) -> np.ndarray:
    """What the residual and the sites take from each row: operating money without a line item; a site has no agency."""
    years = portfolio.fiscal_years
    quarters = np.asarray(portfolio.quarters.qyear)
    share_of_year = np.array([(quarters == year).sum() / 4 for year in years])
    residual, sites = portfolio.residual, portfolio.sites
    fixed = np.zeros(len(rows))
    for i, row in enumerate(rows.to_dict("records")):
        if row["line_item"] or row["purpose"] == "capital":
            continue
        of_year = residual[residual["fiscal_year"] == row["fiscal_year"]]
        if row["agency"]:
            of_year = of_year[of_year["agency"] == row["agency"]]
        fixed[i] = float((of_year["amount"] * funds.share_of(of_year["fund"], row["fund"])).sum())
        if not row["agency"]:
            fixed[i] += float((sites["annual_fixed_cost"] * funds.share_of(sites["fund"], row["fund"])).sum())
        fixed[i] *= share_of_year[row["y"]]
    return fixed


def scoped_outlay(rows: pd.DataFrame, options: Options) -> sparse.csr_array:
    """Outlay of one unit of each option within each row's scope and year."""
    return _scoped(rows, options, options.yearly_running, options.yearly_one_time)


def scoped_saving(rows: pd.DataFrame, options: Options) -> sparse.csr_array:
    """Running money that one unit of each option saves against staying, in each row's scope and the year before it."""
    saved = options.staying().yearly_running - options.yearly_running
    before = np.hstack([np.zeros((len(options), 1)), saved[:, :-1]])
    return _scoped(rows, options, before, np.zeros_like(before))


def _scoped(rows: pd.DataFrame, options: Options, running: np.ndarray, building: np.ndarray) -> sparse.csr_array:
    """Running and building money, options x years, as rows x options: each within its row's scope and year."""
    systems = options.portfolio.systems
    blocks = []
    for (fund, agency, line_item, purpose), scope in rows.groupby(SCOPE, sort=False):
        inside = np.ones(len(systems), dtype=bool)
        if agency:
            inside &= (systems["agency"] == agency).to_numpy()
        if line_item:
            inside &= (systems["program"] == line_item).to_numpy()
        runs = inside * funds.share_of(systems["fund"], str(fund)) * (purpose != "capital")
        builds = inside * funds.share_of(systems["one_time_fund"], str(fund))
        o = np.flatnonzero((runs + builds)[options.s] > 0)
        of_purpose = {"capital": options.capital[o], "operating": ~options.capital[o]}.get(
            str(purpose), np.ones(len(o), bool)
        )
        pays = running[o] * runs[options.s[o], None] + building[o] * (builds[options.s[o]] * of_purpose)[:, None]
        part = sparse.coo_array(pays[:, scope["y"]])
        row, column = scope.index.to_numpy()[part.coords[1]], o[part.coords[0]]
        blocks.append((part.data, row, column))
    if not blocks:
        return sparse.csr_array((len(rows), len(options)))
    data, row, column = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return sparse.csr_array((data, (row, column)), shape=(len(rows), len(options)))
