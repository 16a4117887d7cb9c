r"""A plan as contracts: what starts together and shares its luck, and what it costs in every state that it can be in.

A contract is what an agency starts in one quarter (`contract_bundle: agency`), or a system or move group
(`contract_bundle: system`); move groups are never parted, and no contract has more units than may begin in a quarter.
A *cell* is the part of a contract whose rows have the same length of work, run-cost line, funds, agency, line item and
purpose: all that its money depends on. Its money is a table: start quarter x variant x kind x fiscal year, where the
start `T` is never within the horizon, and the variants are work prolonged by 0..`MOST_SLIP` quarters, then work
cancelled after 1..w quarters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer import Economics, Method, Portfolio, Strategy
from optimizer.catalogue import MODERN, RETAIN
from optimizer.options import NEVER, Options, chosen
from optimizer.sites import homes

MOST_SLIP = 6
"""Quarters by which work can be prolonged; what slips further takes no longer."""

KINDS = (
    *(("run", side, "runs", scale) for side in ("legacy", "modern") for scale in ("line", "cloud")),
    *(("dual_run", side, "runs", scale) for side in ("legacy", "modern") for scale in ("line", "cloud")),
    ("exit", "legacy", "runs", "fixed"),
    ("one_time", "", "builds", "fixed"),
    ("one_time", "", "builds", "contract"),
)
"""Nature, side (empty: that of the strategy), who pays, and what it grows with: the line's path, cloud prices, the
contract's cost, or nothing."""


@dataclass(frozen=True, eq=False)
class Contracts:
    """C contracts of K cells; everything that a plan's moves can cost."""

    portfolio: Portfolio
    rows: pd.DataFrame
    """The plan's rows that move, with `cell contract`."""
    start: np.ndarray
    """Planned start, (C,)."""
    units: np.ndarray
    """Units that move, (C,)."""
    size: np.ndarray
    """Planned one-time cost before the price factor, in prices of the start, USD, (C,)."""
    method: tuple[Method | None, ...]
    """How it is bought: the method of most of its money, (C,)."""
    name: np.ndarray
    """Position of its first system, (C,)."""
    worth: np.ndarray
    """Present value saved for each dollar of one-time cost, (C,): who waits last."""
    contract: np.ndarray
    """Contract of each cell, rising, (K,)."""
    system: np.ndarray
    """A system of each cell, position in the portfolio: its line, funds, agency and program are the cell's, (K,)."""
    work: np.ndarray
    """Quarters of work, (K,)."""
    dual_run: np.ndarray
    """Quarters of dual run, (K,)."""
    modern: np.ndarray
    """Units that are on a modern platform after the move, (K,)."""
    capital: np.ndarray
    """Whether its one-time money is capital, (K,)."""
    lands_modern: np.ndarray
    """Whether one-time money is of the modern side, (K,)."""
    money: np.ndarray
    """USD, (K, T + 1, variants, kinds, years)."""
    site: np.ndarray
    """Site that can close and in which it stands, position in the portfolio; -1 for none, (K,)."""
    needs: np.ndarray
    """Edges (contract that waits, cell that it needs, quarters of lag), (E, 3)."""

    @property
    def quarters(self) -> int:
        """T."""
        return int(self.money.shape[1]) - 1

    def __len__(self) -> int:
        """C."""
        return len(self.start)

    def cells(self, c: int) -> range:
        """Cells of a contract."""
        first, last = np.searchsorted(self.contract, [c, c + 1]).tolist()
        return range(first, last)


def cancelled_after(quarters: np.ndarray) -> np.ndarray:
    """The variant of work that is cancelled after 1.. quarters."""
    return MOST_SLIP + quarters


def contracts_of(
    portfolio: Portfolio,
    strategies: Sequence[Strategy],
    economics: Economics,
    methods: Sequence[Method],
    rows: pd.DataFrame,
    lines: np.ndarray,
    bundle: str = "agency",
) -> Contracts:
    """The moves of a plan's rows (`system units strategy method start`, perhaps `npv_saving`) as contracts.

    `lines` numbers the run-cost line of each system of the portfolio.
    """
    moving = rows[(rows["strategy"] != RETAIN) & (rows["units"] > 0)].reset_index(drop=True)
    options, units = chosen(portfolio, strategies, economics, moving, methods)
    table = _table(options, units, moving, lines)
    table["contract"] = _bundled(table, portfolio, bundle)
    key = [
        "contract",
        "work",
        "line",
        "fund",
        "one_time_fund",
        "agency",
        "program",
        "capital",
        "dual",
        "modern",
        "site",
    ]
    # in order of the planned start, so that contracts and cells are numbered alike
    first = table.groupby("contract")[["tau", "s"]].min().sort_values(["tau", "s"])
    table["contract"] = table["contract"].map(pd.Series(np.arange(len(first)), index=first.index)).astype(np.int64)
    table["cell"] = table.groupby(key, sort=True, dropna=False).ngroup()
    by_cell, by_contract = table.groupby("cell"), table.groupby("contract")
    build = pd.Series(table["build"] * table["price"]).groupby(table["contract"]).sum()
    heads = by_cell.first()
    return Contracts(
        portfolio=portfolio,
        rows=moving.assign(cell=table["cell"], contract=table["contract"]),
        start=by_contract["tau"].min().to_numpy(dtype=np.int64),
        units=by_contract["units"].sum().to_numpy(dtype=float),
        size=by_contract["size"].sum().to_numpy(dtype=float),
        method=_methods(table, options.methods),
        name=by_contract["s"].min().to_numpy(dtype=np.int64),
        worth=by_contract["saving"].sum().to_numpy(dtype=float) / np.maximum(build.to_numpy(dtype=float), 1.0),
        contract=heads["contract"].to_numpy(dtype=np.int64),
        system=heads["s"].to_numpy(dtype=np.int64),
        work=heads["work"].to_numpy(dtype=np.int64),
        dual_run=heads["dual"].to_numpy(dtype=np.int64),
        modern=by_cell["moves"].sum().to_numpy(dtype=float),
        capital=heads["capital"].to_numpy(dtype=bool),
        lands_modern=heads["modern"].to_numpy(dtype=bool),
        money=_money(options, units, table["cell"].to_numpy(), int(table["cell"].max() + 1) if len(table) else 0),
        site=heads["site"].to_numpy(dtype=np.int64),
        needs=_needs(portfolio, table),
    )


def _table(options: Options, units: np.ndarray, moving: pd.DataFrame, lines: np.ndarray) -> pd.DataFrame:
    """What contracts are put together from, a row a row of the plan."""
    systems = options.portfolio.systems.iloc[options.s]
    prices = options.timeline.growth(options.economics.price_growth, np.maximum(options.tau, 0))
    saving = moving["npv_saving"] if "npv_saving" in moving else pd.Series(0.0, index=moving.index)
    build = options.of_strategy("one_time_cost") * prices * units
    text = {name: systems[name].astype(object).to_numpy() for name in ("fund", "one_time_fund", "agency", "program")}
    moves = moving["strategy"].isin(MODERN).to_numpy()
    lands_modern = options.of_strategy("work_quarters") > 0
    lands_modern &= np.array(["", *(strategy.side for strategy in options.strategies)])[options.k] == "modern"
    subscribed = 4 * options.of_strategy("subscription_years") * units
    after = options.after(np.arange(options.timeline.length))[np.arange(len(options)), np.maximum(options.tau, 0)]
    return pd.DataFrame(
        {
            "s": options.s,
            "m": options.m,
            "tau": options.tau,
            "units": units,
            "work": options.of_strategy("work_quarters").astype(np.int64),
            "dual": options.of_strategy("dual_run_quarters").astype(np.int64),
            "line": lines[options.s],
            **text,
            "group": systems["group"].astype(object).to_numpy(),
            "capital": options.capital,
            "modern": lands_modern,
            "site": homes(options.portfolio)[options.s],
            "moves": np.where(moves, units, 0),
            "build": build,
            "size": build + subscribed * after,
            "price": options.price_factors[options.m],
            "saving": saving.to_numpy(dtype=float),
        }
    )


def _bundled(table: pd.DataFrame, portfolio: Portfolio, bundle: str) -> np.ndarray:
    """Number of each row's contract: its bundle joined with its move group, cut where more than a quarter's starts."""
    party = np.where(table["group"] == "", "system " + table["s"].astype(str), "group " + table["group"].astype(str))
    parties = pd.Series(party + " " + table["tau"].astype(str))
    if bundle == "system":
        return np.asarray(pd.factorize(parties)[0])
    joined = pd.DataFrame({"party": pd.factorize(parties)[0], "units": table["units"], "tau": table["tau"]})
    joined["bundle"] = table["agency"].astype(str) + " " + table["tau"].astype(str)
    size = joined.groupby("party")["units"].transform("sum")
    head = joined.assign(size=size).drop_duplicates("party")
    years = np.asarray(portfolio.quarters.qyear)[head["tau"]]
    most = np.asarray(portfolio.starts.reindex(years).fillna(np.inf), dtype=float)
    most = np.where(most > 0, most, np.inf)
    before = head.groupby("bundle")["size"].cumsum() - head["size"] / 2
    piece = head["bundle"] + " " + pd.Series(np.floor(before / most), index=head.index).astype(str)
    return pd.factorize(piece.set_axis(head["party"]).loc[joined["party"]])[0]


def _methods(table: pd.DataFrame, methods: Sequence[Method]) -> tuple[Method | None, ...]:
    """The method of most of each contract's money; none where nothing is bought."""
    bought = table[table["m"] > 0].groupby(["contract", "m"])["size"].sum().reset_index()
    most = bought.sort_values("size", kind="stable").drop_duplicates("contract", keep="last").set_index("contract")
    return tuple(
        methods[int(m) - 1] if m > 0 else None
        for m in most["m"].reindex(sorted(table["contract"].unique()), fill_value=0)
    )


def _needs(portfolio: Portfolio, table: pd.DataFrame) -> np.ndarray:
    """Which contract waits for which cell, and for how long after its cut-over."""
    edges = portfolio.dependencies
    place = portfolio.systems.index
    needing, needed = (place.get_indexer(pd.Index(edges[name].astype(object))) for name in ("system", "needs"))
    lag = -(-edges["lag"].to_numpy(dtype=np.int64) // 3)
    wait = pd.DataFrame({"s": needing, "n": needed, "lag": lag})
    both = wait.merge(table[["s", "contract"]], on="s").merge(
        table[["s", "contract", "cell"]].rename(columns={"s": "n", "contract": "other"}), on="n"
    )
    both = both[both["contract"] != both["other"]]
    longest = both.groupby(["contract", "cell"], as_index=False)["lag"].max()
    return longest.to_numpy(dtype=np.int64).reshape(-1, 3)


# Money in every state ------------------------------------------------------------------------------------------------


def _money(options: Options, units: np.ndarray, cell: np.ndarray, cells: int) -> np.ndarray:
    """USD of each cell, (K, T + 1, variants, kinds, years): all its units, in every state."""
    length, years = options.timeline.length, len(options.portfolio.fiscal_years)
    work = options.of_strategy("work_quarters").astype(np.int64)
    variants = 1 + MOST_SLIP + int(work.max(initial=0))
    money = np.zeros((cells, length + 1, variants, len(KINDS), years))
    if not cells:
        return money
    member = sparse.csr_array((units.astype(float), (cell, np.arange(len(cell)))), shape=(cells, len(cell)))
    systems = options.portfolio.systems
    free_cloud = options.portfolio.replace(systems=systems.assign(cloud_price=0.0))
    staying = _kinds(moved_to(options, NEVER, 0), free_cloud)
    for start in range(length + 1):
        for variant in range(variants):
            after = variant - MOST_SLIP
            if start == length:
                flow = staying
            elif after <= 0:
                flow = _kinds(moved_to(options, start, variant), free_cloud)
            else:
                flow = _cancelled(options, staying, start, np.minimum(after, work))
            summed = member @ flow.reshape(len(options), -1)
            money[:, start, variant] = summed.reshape(cells, len(KINDS), years)
    return money


def moved_to(options: Options, start: int, longer: int) -> Options:
    """The same rows with another start and longer work; their cost is spread over all of it."""
    slower = tuple(replace(s, work_quarters=s.work_quarters + longer) for s in options.strategies)
    return replace(options, strategies=slower, tau=np.full_like(options.tau, start))


def _kinds(moved: Options, free_cloud: Portfolio) -> np.ndarray:
    """One unit of each row, by kind of money, (rows, kinds, years)."""
    plain = replace(moved, portfolio=free_cloud)
    found = []
    for nature, side, _, scale in KINDS[:-2]:
        line = plain.cash(nature, side)
        found.append(line if scale != "cloud" else moved.cash(nature, side) - line)
    whole = moved.total("one_time")
    kept = tuple(replace(s, decommission_cost=0.0) for s in moved.strategies)
    build = replace(moved, strategies=kept).total("one_time")
    return np.stack([moved.yearly(flow) for flow in (*found, whole - build, build)], axis=1)


def _cancelled(options: Options, staying: np.ndarray, start: int, after: np.ndarray) -> np.ndarray:
    """One unit of each row whose work is cancelled after some quarters: it stays, and so much has been paid."""
    t = np.arange(options.timeline.length)
    prices = options.timeline.growth(options.economics.price_growth, t)
    rate = options.price_factors[options.m] * options.of_strategy("one_time_cost")
    rate = rate / np.maximum(options.of_strategy("work_quarters"), 1)
    paid = (start <= t) & (t < start + after[:, None])
    found = staying.copy()
    found[:, -1] = options.yearly(rate[:, None] * paid * prices)
    return found
