"""What a plan must keep to: one class per limit, its formula in the docstring.

The model, the prices and the table of limits all come from `coefficients`, `allowed` and `columns`: they cannot differ.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer import funds
from optimizer.options import Options
from optimizer.portfolio import Portfolio
from optimizer.words import amount_of


class HasFrame(Protocol):
    """Anything with one row per option."""

    @property
    def frame(self) -> pd.DataFrame:
        """One row per option."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Decisions that a limit needs beside the options: `0 <= v <= upper`, and their part in the limit's rows."""

    upper: pd.Series
    use: sparse.csr_array


class Limit(ABC):
    """Rows `coefficients @ x + columns.use @ v (sense) allowed`."""

    name: ClassVar[str]
    sense: ClassVar[str] = "<="
    unit: ClassVar[str]

    @abstractmethod
    def coefficients(self, options: Options) -> sparse.csr_array:
        """What one unit of each option uses, rows x options."""

    @abstractmethod
    def allowed(self) -> pd.Series:
        """Right-hand side of each row, by key."""

    def columns(self) -> Columns:
        """Its own decisions; most limits have none."""
        return Columns(pd.Series(dtype=float), sparse.csr_array((len(self.allowed()), 0)))

    def loosened(self) -> sparse.csr_array:
        """What one more unit allowed adds to the right-hand sides, rows x keys of the table."""
        return sparse.csr_array(sparse.eye_array(len(self.allowed()), format="csr"))

    def table(self, options: Options, units: np.ndarray) -> pd.DataFrame:
        """`used` and `allowed` by key for a plan."""
        return pd.DataFrame({"used": self.coefficients(options) @ units, "allowed": self.allowed()})

    def holds(self, options: Options, units: np.ndarray) -> bool:
        """Whether a plan keeps to it."""
        table = self.table(options, units)
        over = table["used"] - table["allowed"]
        if self.sense == "==":
            over = over.abs()
        return bool((over <= 1e-6 * (1 + table["allowed"].abs())).all())

    def sentence(self, key: str, used: float, allowed: float) -> str:
        """One row in words."""
        return f"{self.name} {key}: {amount_of(used, self.unit)} of {amount_of(allowed, self.unit)}"


@dataclass(frozen=True, eq=False)
class OneFate(Limit):
    r"""Every unit has one fate; a system that moves whole is one decision.

    $$\sum_{o \in O(s)} b_o x_o = n_s \qquad \forall s$$
    with $b_o$ the units that go together.
    """

    name = "one_fate"
    sense = "=="
    unit = "units"
    units: pd.Series
    """$n_s$, by system."""

    def coefficients(self, options: HasFrame) -> sparse.csr_array:
        """Ones: every unit of an option counts."""
        return indicator(
            self.units.index.get_indexer(pd.Index(options.frame["system"].astype(object))), len(self.units)
        )

    def allowed(self) -> pd.Series:
        """All units of each system."""
        return self.units.astype(float)


@dataclass(frozen=True, eq=False)
class MoveGroups(Limit):
    r"""Members of a group start in the same quarter, each whole and with its own strategy, or all stay.

    $$\sum_{o \in O(m),\, \tau_o = t} x_o = \sum_{o \in O(m_0),\, \tau_o = t} x_o
    \qquad \forall g,\ m \in g \setminus m_0,\ t$$
    with $x_o \in \{0,1\}$ whether the whole system goes that way. Systems that are modern already hold nobody back.
    """

    name = "together"
    sense = "=="
    unit = "moves"
    members: pd.DataFrame
    """`group system`, a row per member."""
    slots: tuple[str, ...]
    """Starts that must be the same."""

    def pairs(self) -> Iterator[tuple[str, str, str]]:
        """`(group, first member, other member)`."""
        for group, names in self.members.groupby("group", sort=False)["system"]:
            first, *others = names
            yield from ((str(group), first, other) for other in others)

    def coefficients(self, options: HasFrame) -> sparse.csr_array:
        """One for the member's options of that start, minus one for the first member's, per whole system."""
        pairs = list(self.pairs())
        frame = options.frame
        slot = pd.Index(self.slots).get_indexer(pd.Index(frame["start"].astype(object)))
        system = frame["system"].astype(object)
        whole = 1.0 / np.where(slot >= 0, frame["block"], 1)
        width = len(self.slots)
        others = pd.Index([other for _, _, other in pairs]).get_indexer(pd.Index(system))
        mine = np.flatnonzero((others >= 0) & (slot >= 0))
        rows, cols, values = [others[mine] * width + slot[mine]], [mine], [whole[mine]]
        firsts = pd.Series([first for _, first, _ in pairs], dtype=object)
        leading = np.flatnonzero(system.isin(firsts.unique()).to_numpy() & (slot >= 0))
        owner = pd.DataFrame({"system": system.iloc[leading], "column": leading, "slot": slot[leading]})
        led = owner.merge(pd.DataFrame({"system": firsts, "pair": np.arange(len(pairs))}), on="system")
        rows.append((led["pair"] * width + led["slot"]).to_numpy())
        cols.append(led["column"].to_numpy())
        values.append(-whole[led["column"].to_numpy()])
        return sparse.csr_array(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(cols))),
            shape=(len(pairs) * width, len(frame)),
        )

    def allowed(self) -> pd.Series:
        """No difference."""
        keys = [f"{group} {slot or 'stay'} {other}" for group, _, other in self.pairs() for slot in self.slots]
        return pd.Series(0.0, index=pd.Index(keys, dtype="str"))


@dataclass(frozen=True, eq=False)
class Appropriation(Limit):
    r"""A fund's outlay of a fiscal year stays within its appropriation and what was brought from the year before.

    $$\sum_o \mathrm{outlay}_{fy,o}\, x_o - v_{fy} \le A_{fy} - F_{fy}$$
    $$0 \le v_{fy} \le \rho_{f,y-1} A_{f,y-1}, \qquad
    v_{f,y+1} \le \rho_{fy} \bigl(A_{fy} - (\mathrm{outlay}_{fy} - v_{fy})\bigr)$$
    with $v$ the money brought from the year before (in the first year at most the opening balance; it lapses after one
    year), $F$ the outlay that no decision changes (residual and sites), $\rho$ the share that carries forward. A row of
    the table may name an agency, a line item (a system's program) and a purpose, and then counts only their outlay; the
    residual has no line item, a site no agency.
    """

    name = "appropriation"
    unit = "USD"
    portfolio: Portfolio

    @property
    def rows(self) -> pd.DataFrame:
        """The appropriations of the horizon: scope, year, amount, share that carries forward, fixed outlay, brought."""
        return appropriation_rows(self.portfolio)

    def coefficients(self, options: Options) -> sparse.csr_array:
        """The outlay of one unit in each row's scope; then the same again for what can go on into the next year."""
        rows = self.rows
        outlay = scoped_outlay(rows, options)
        carries = self._carries(rows)
        return sparse.csr_array(
            sparse.vstack([outlay, sparse.diags_array(rows["rho"].to_numpy()[carries]) @ outlay[carries]], format="csr")
        )

    @staticmethod
    def _carries(rows: pd.DataFrame) -> np.ndarray:
        """Positions of rows whose money can go on into a next year."""
        onward = rows["next"].to_numpy()
        return np.flatnonzero((onward >= 0) & (rows["brought"].to_numpy()[onward] > 0))

    def allowed(self) -> pd.Series:
        """The amount less the outlay that no decision changes."""
        rows = self.rows
        free = rows["amount"] - rows["fixed"]
        carries = self._carries(rows)
        lapse = pd.Series(
            rows["rho"].to_numpy()[carries] * free.to_numpy()[carries], index="carry " + rows["key"].iloc[carries]
        )
        return pd.concat([free.set_axis(rows["key"]), lapse])

    def columns(self) -> Columns:
        """Money brought into a year from the year before."""
        rows = self.rows
        carries = self._carries(rows)
        column = np.cumsum(rows["brought"].to_numpy() > 0) - 1
        brings = np.flatnonzero(rows["brought"] > 0)
        count = len(rows) + len(carries)
        # within the row of its own year
        use = [(brings, column[brings], -np.ones(len(brings)))]
        # what is brought in is no own money, so that more of that goes on; no more goes on than is left
        into = np.isin(carries, brings)
        second = len(rows) + np.arange(len(carries))
        use.append((second[into], column[carries[into]], -rows["rho"].to_numpy()[carries[into]]))
        onward = rows["next"].to_numpy()[carries]
        use.append((second, column[onward], np.ones(len(carries))))
        r, c, v = (np.concatenate(parts) for parts in zip(*use, strict=True))
        upper = rows["brought"].iloc[brings].set_axis(rows["key"].iloc[brings])
        return Columns(upper, sparse.csr_array((v, (r, c)), shape=(count, len(brings))))

    def loosened(self) -> sparse.csr_array:
        """One more dollar counts in its year, and its share that carries forward in what can go on."""
        rows = self.rows
        carries = self._carries(rows)
        unit = sparse.eye_array(len(rows), format="csr")
        on = sparse.diags_array(rows["rho"].to_numpy()[carries]) @ unit[carries]
        return sparse.csr_array(sparse.vstack([unit, on], format="csr"))

    def table(self, options: Options, units: np.ndarray) -> pd.DataFrame:
        """All outlay against the amount and what the year before leaves, its money used first."""
        rows = self.rows
        used = scoped_outlay(rows, options) @ units + rows["fixed"].to_numpy()
        return pd.DataFrame(
            {"used": used, "allowed": rows["amount"].to_numpy() + available(rows, used)}, index=rows["key"]
        )

    def sentence(self, key: str, used: float, allowed: float) -> str:
        """One row in words."""
        return f"appropriation {key}: outlay {amount_of(used, self.unit)} of {amount_of(allowed, self.unit)}"


@dataclass(frozen=True, eq=False)
class Hours(Limit):
    r"""The work of a quarter stays within the hours of each skill; a year's hours are spread evenly over its quarters.

    $$\sum_{o \,:\, \tau_o \le t < q_o} \frac{h_{ok}}{w_o}\, x_o \le \frac{H_{ky(t)}}{4} \qquad \forall k, t$$
    """

    name = "hours"
    unit = "hours"
    quarters: pd.PeriodIndex
    capacity: pd.DataFrame
    """$H_{ky}$: `skill fiscal_year hours`; a skill and year without a row is free."""

    def _rows(self) -> pd.DataFrame:
        quarters = pd.DataFrame({"t": np.arange(len(self.quarters)), "fiscal_year": np.asarray(self.quarters.qyear)})
        rows = self.capacity.merge(quarters, on="fiscal_year").sort_values(["skill", "t"], ignore_index=True)
        return rows.assign(key=rows["skill"].astype(str) + " " + pd.Series(self.quarters[rows["t"]].astype(str)))

    def coefficients(self, options: Options) -> sparse.csr_array:
        """Hours of one unit in each quarter of its work."""
        rows = self._rows()
        blocks = [
            sparse.csr_array(options.hours(str(skill)).T)[t]
            for skill, t in rows.groupby("skill")["t"].agg(list).items()
        ]
        return sparse.csr_array(sparse.vstack(blocks, format="csr")) if blocks else empty(options)

    def allowed(self) -> pd.Series:
        """A quarter of the year's hours."""
        rows = self._rows()
        return (rows["hours"].astype(float) / 4).set_axis(rows["key"])


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


def limits_of(portfolio: Portfolio) -> tuple[Limit, ...]:
    """All limits of a study on money, work and time (the fates and groups are the structure of the problem)."""
    return (
        Appropriation(portfolio),
        Hours(portfolio.quarters, portfolio.capacity),
        Starts(portfolio.quarters, portfolio.starts),
    )


def structure_of(portfolio: Portfolio) -> tuple[OneFate, MoveGroups]:
    """What every plan consists of: one fate for each unit, and groups that move together."""
    systems = portfolio.systems
    grouped = systems[(systems["group"] != "") & (systems["side"] == "legacy")]
    members = pd.DataFrame({"group": grouped["group"].to_numpy(), "system": grouped.index.to_numpy()})
    return OneFate(systems["units"]), MoveGroups(members, ("", *portfolio.quarters.astype(str)))


def indicator(row: np.ndarray, rows: int) -> sparse.csr_array:
    """Ones at `(row[o], o)`, nothing where the row is -1."""
    o = np.flatnonzero(row >= 0)
    return sparse.csr_array((np.ones(len(o)), (row[o], o)), shape=(rows, len(row)))


def empty(options: Options) -> sparse.csr_array:
    """No rows at all."""
    return sparse.csr_array((0, len(options)))


# Appropriations: scope, outlay and money that goes on ---------------------------------------------------------------

SCOPE = ["fund", "agency", "line_item", "purpose"]


def appropriation_rows(portfolio: Portfolio) -> pd.DataFrame:
    """Appropriations of the horizon in order: their scope and `y amount rho opening fixed next brought key`."""
    years = portfolio.fiscal_years
    table = portfolio.appropriations
    rows = table[table["fiscal_year"].isin(years)].sort_values(
        [*SCOPE, "fiscal_year"], kind="stable", ignore_index=True
    )
    rows = rows[[*SCOPE, "fiscal_year", "amount"]].assign(
        rho=rows["carry_forward"].astype(float), opening=rows["opening_balance"].astype(float)
    )
    rows["y"] = np.searchsorted(years, rows["fiscal_year"])
    follows = (rows[SCOPE].shift() == rows[SCOPE]).all(axis=1) & (rows["fiscal_year"].diff() == 1)
    rows["next"] = np.where(follows.shift(-1, fill_value=False), np.arange(len(rows)) + 1, -1)
    before = (rows["rho"] * rows["amount"]).shift(fill_value=0.0)
    rows["brought"] = np.where(follows, before, np.where(rows["fiscal_year"] == years[0], rows["opening"], 0.0))
    rows["fixed"] = fixed_outlay(portfolio, rows)
    scope = rows["fund"].astype(str)
    for part in ("agency", "line_item"):
        scope = scope + np.where(rows[part] == "", "", " " + rows[part].astype(str))
    scope = scope + np.where(rows["purpose"].isin(["", "any"]), "", " " + rows["purpose"].astype(str))
    rows["key"] = scope + " FY" + rows["fiscal_year"].astype(str)
    return rows


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
        running = options.yearly_running[o] * runs[options.s[o], None]
        building = options.yearly_one_time[o] * (builds[options.s[o]] * of_purpose)[:, None]
        part = sparse.coo_array((running + building)[:, scope["y"]])
        row, column = scope.index.to_numpy()[part.coords[1]], o[part.coords[0]]
        blocks.append((part.data, row, column))
    if not blocks:
        return sparse.csr_array((len(rows), len(options)))
    data, row, column = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return sparse.csr_array((data, (row, column)), shape=(len(rows), len(options)))


def available(rows: pd.DataFrame, used: np.ndarray) -> np.ndarray:
    """Money that each row can bring from the year before, when such money is always used first."""
    amount, rho, onward = rows["amount"].to_numpy(), rows["rho"].to_numpy(), rows["next"].to_numpy()
    brought = np.where(np.isin(np.arange(len(rows)), onward), 0.0, rows["brought"].to_numpy())
    for i in np.flatnonzero(onward >= 0):
        own = max(used[i] - brought[i], 0.0)
        brought[onward[i]] = rho[i] * max(amount[i] - own, 0.0)
    return brought


__all__ = [
    "Appropriation",
    "Columns",
    "Hours",
    "Limit",
    "MoveGroups",
    "OneFate",
    "Starts",
    "limits_of",
    "structure_of",
]
