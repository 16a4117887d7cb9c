"""The referee's own count of what each limit allows and what a plan uses of it: loops over tables, no shared maths."""

import numpy as np
import pandas as pd

from optimizer.catalogue import Economics
from optimizer.funds import parse
from optimizer.portfolio import Portfolio

CENT = 0.005
"""Dollars by which two figures may differ."""

Record = tuple[str, str, float, float, str]
"""`limit key used allowed unit`."""


def recount(
    portfolio: Portfolio,
    economics: Economics,
    rows: pd.DataFrame,
    cells: pd.DataFrame,
    sites: pd.DataFrame,
    stated: pd.DataFrame,
) -> tuple[pd.DataFrame, list[str]]:
    """`used allowed unit` of every limit, by `limit key`, and what is wrong with transfers.

    What was moved between appropriations is the plan's own decision, so it is read from what the plan states.
    """
    moves = stated[stated["limit"] == "transfers"].set_index("key")["used"]
    money, found = _money(portfolio, cells, sites, moves)
    work = [*_hours(portfolio, rows), *_starts(portfolio, rows), *_purchases(portfolio, economics, rows)]
    records = [*money, *work, *_shares(portfolio, cells), *_risks(portfolio, cells)]
    table = pd.DataFrame(records, columns=["limit", "key", "used", "allowed", "unit"])
    return table.set_index(["limit", "key"]).astype({"used": float, "allowed": float}), found


# Money --------------------------------------------------------------------------------------------------------------


def _money(
    portfolio: Portfolio, cells: pd.DataFrame, sites: pd.DataFrame, moves: pd.Series
) -> tuple[list[Record], list[str]]:
    """Appropriations, budget after budget: first what was brought, then the own amount; a share of its rest goes on."""
    spend, years = _spend(portfolio, cells), sorted(set(portfolio.quarters.qyear))
    table = portfolio.appropriations[portfolio.appropriations["fiscal_year"].isin(years)]
    records, pools = [], _pools(portfolio, table)
    total: dict[str, float] = {}
    found = []
    for scope, rows in table.groupby(["fund", "agency", "line_item", "purpose"]):
        fund, agency, line, purpose = map(str, scope)
        used, saved = _by_year(portfolio, spend, sites, fund, agency, line, purpose)
        words = " ".join(part for part in (fund, agency, line, "" if purpose == "any" else purpose) if part)
        brought, earlier = 0.0, None
        for cycle, part in rows.sort_values("fiscal_year").groupby(_cycle(portfolio, rows["fiscal_year"])):
            key = f"{words} biennium FY{cycle}" if portfolio.biennium_start is not None else f"{words} FY{cycle}"
            moved = float(moves.get(key, 0.0))
            own = part.to_dict("records")
            outlay = sum(used[row["fiscal_year"]] for row in own)
            amount = moved + sum(
                row["amount"] - _of_year(portfolio.sweep, row["fiscal_year"]) * max(saved[row["fiscal_year"] - 1], 0.0)
                for row in own
            )
            beside = portfolio.fund_reserves.get(fund, 0.0)
            kept = sum(
                row["amount"] * min(_of_year(portfolio.reserve, row["fiscal_year"]) + beside, 1.0) for row in own
            )
            if portfolio.biennium_start is not None or earlier != cycle - 1:
                brought = float(own[0]["opening_balance"]) if own[0]["fiscal_year"] == years[0] else 0.0
            records.append(("appropriation", key, outlay, amount - kept + brought, "USD"))
            pool = pools.get((fund, cycle), 0.0)
            if pool > 0 and (agency or line or purpose not in ("any", "")):
                records.append(("transfers", key, moved, float(part["transfer_limit"].sum()), "USD"))
                total[f"{fund} FY{cycle}"] = total.get(f"{fund} FY{cycle}", 0.0) + moved
                if -moved > part["amount"].sum() + CENT:
                    found.append(f"transfers: more goes out of {key} than there is")
            elif moved:
                found.append(f"transfers: {key} takes no part in any")
            left = amount - max(outlay - brought, 0.0)
            brought, earlier = float(own[-1]["carry_forward"]) * max(left, 0.0), cycle
    found += [f"transfers: {pool} does not add up to nothing" for pool, sum_ in total.items() if abs(sum_) > CENT]
    return records, found


def _pools(portfolio: Portfolio, table: pd.DataFrame) -> dict[tuple[str, int], float]:
    """What may be moved within each fund and budget cycle, by rows that name an agency, a line item or a purpose."""
    pools: dict[tuple[str, int], float] = {}
    for row in table.assign(cycle=_cycle(portfolio, table["fiscal_year"])).to_dict("records"):
        if row["agency"] or row["line_item"] or row["purpose"] in ("operating", "capital"):
            pool = str(row["fund"]), int(row["cycle"])
            pools[pool] = pools.get(pool, 0.0) + float(row["transfer_limit"])
    return pools


def _cycle(portfolio: Portfolio, years: pd.Series) -> pd.Series:
    """The fiscal year in which the budget of each year ends."""
    begins = portfolio.biennium_start
    return years.map(lambda year: year if begins is None or (year - begins) % 2 else year + 1)


def _of_year(value: float | pd.Series, year: int) -> float:
    """What holds in a year: the same in all, or what the series says of it."""
    return float(value.get(year, 0.0)) if isinstance(value, pd.Series) else float(value)


def _spend(portfolio: Portfolio, cells: pd.DataFrame) -> pd.DataFrame:
    """`system year capital running building stay agency program`: what is spent, and what staying would have cost."""
    inside = cells[cells["inside"]]
    running = inside[["run_old", "run_new", "dual_old", "dual_new", "exit"]].sum(axis=1)
    amounts = pd.DataFrame({"running": running, "building": inside["one_time"], "stay": inside["R"]})
    by = [inside["system"], inside["year"], inside["k_capital"].rename("capital")]
    spend = amounts.mul(inside["units"], axis=0).groupby(by).sum().reset_index()
    for column in ("agency", "program"):
        spend[column] = spend["system"].map(portfolio.systems[column])
    return spend


def _by_year(
    portfolio: Portfolio, spend: pd.DataFrame, money: pd.DataFrame, fund: str, agency: str, line: str, purpose: str
) -> tuple[dict[int, float], dict[int, float]]:
    """Outlay and saving of running money of one scope, by fiscal year; nothing was saved before the first."""
    systems, sites, residual = portfolio.systems, portfolio.sites, portfolio.residual
    mine = spend[((spend["agency"] == agency) | (agency == "")) & ((spend["program"] == line) | (line == ""))]
    shares = {
        name: {text: parse(str(text)).get(fund, 0.0) for text in column.unique()}
        for name, column in (
            ("runs", systems["fund"]),
            ("builds", systems["one_time_fund"]),
            ("sites", sites["fund"]),
            ("rest", residual["fund"]),
        )
    }
    runs = mine["system"].map(systems["fund"]).map(shares["runs"]).astype(float)
    builds = mine["system"].map(systems["one_time_fund"]).map(shares["builds"]).astype(float)
    operating = runs * mine["running"] + (builds * mine["building"]).where(~mine["capital"], 0.0)
    capital = (builds * mine["building"]).where(mine["capital"], 0.0)
    outlay = {"operating": operating, "capital": capital}.get(purpose, operating + capital)
    spent = outlay.astype(float).groupby(mine["year"]).sum()
    saving = (runs * (mine["stay"] - mine["running"])).groupby(mine["year"]).sum() * (purpose != "capital")
    quarters = pd.Series(portfolio.quarters.qyear).value_counts()
    used, saved = {}, {int(quarters.index.min()) - 1: 0.0}
    for year, count in quarters.items():
        fixed = other = 0.0
        if line == "" and purpose != "capital":
            of_year = residual[(residual["fiscal_year"] == year) & ((residual["agency"] == agency) | (agency == ""))]
            fixed += sum(a * shares["rest"][f] for a, f in zip(of_year["amount"], of_year["fund"], strict=True))
            if agency == "":
                paid = money[money["inside"] & (money["year"] == year)].groupby("site")["amount"].sum()
                other = float((paid * sites["fund"].map(shares["sites"]).astype(float)).sum())
        used[int(str(year))] = float(spent.get(year, 0.0)) + fixed * count / 4 + other
        saved[int(str(year))] = float(saving.get(year, 0.0))
    return used, saved


def site_money(portfolio: Portfolio, economics: Economics, rows: pd.DataFrame) -> pd.DataFrame:
    """Sites x quarters, tail included: `site closable closes t year inside discount amount difference`.

    `amount` is what the site costs, `difference` that against staying open; `closes` is NaN where it stays.
    """
    sites, systems, quarters = portfolio.sites, portfolio.systems, portfolio.quarters
    first, last = quarters[0].ordinal, quarters[-1].ordinal
    stop = last + 1 + round(4 * economics.tail_years)
    now = portfolio.as_of.to_period(quarters.freqstr)
    into = (portfolio.as_of.value - now.start_time.value) / ((now + 1).start_time.value - now.start_time.value)
    records = []
    for name, site in sites.to_dict("index").items():
        here = rows[rows["s_site"] == name]
        legacy = (systems.loc[systems["site"] == name, "side"] == "legacy").all()
        closable = bool(portfolio.closes_sites and (systems["site"] == name).any() and legacy and not site["keep"])
        closes = float("nan")
        if closable and len(here) and here["moves"].all() and here["gone"].max() <= last:
            closes = here["gone"].max()
            if not pd.isna(site["lease_end"]):
                lease = pd.Timestamp(site["lease_end"]) - pd.Timedelta(1, "ns")
                closes = max(closes, lease.to_period(quarters.freqstr).ordinal + 1)
            closes = float("nan") if closes >= stop else closes
        for t in range(first, stop):
            gone = t >= closes
            saved = site["annual_fixed_cost"] / 4 if gone else 0.0
            price = site["closure_cost"] if t == closes else 0.0
            amount = site["annual_fixed_cost"] / 4 - saved + price
            discount = (1 + economics.discount_rate) ** -((t + 0.5 - now.ordinal - into) / 4)
            year = quarters[0].qyear + (t - first + quarters[0].quarter - 1) // 4
            records.append((name, closable, closes, t, year, t <= last, discount, amount, price - saved))
    columns = ["site", "closable", "closes", "t", "year", "inside", "discount", "amount", "difference"]
    return pd.DataFrame(records, columns=columns).astype({"closable": bool, "inside": bool})


# Work ---------------------------------------------------------------------------------------------------------------


def _hours(portfolio: Portfolio, rows: pd.DataFrame) -> list[Record]:
    """Hours of each skill in each quarter."""
    records = []
    moving, learning = rows[rows["moves"]], portfolio.learning
    now = portfolio.as_of.to_period(portfolio.quarters.freqstr).ordinal
    for row in portfolio.capacity.to_dict("records"):
        hours = pd.Series([h.get(row["skill"], 0.0) for h in moving["k_hours"]], index=moving.index, dtype=float)
        each = hours / moving["k_work_quarters"]
        for quarter in portfolio.quarters[np.asarray(portfolio.quarters.qyear) == row["fiscal_year"]]:
            working = (moving["at"] <= quarter.ordinal) & (quarter.ordinal < moving["cut"])
            used = float((each * moving["units"])[working].sum())
            able = 1.0
            if learning is not None:
                able -= (1 - learning.first) * learning.decay ** max(quarter.ordinal - now, 0)
            records.append(("hours", f"{row['skill']} {quarter}", used, able * float(row["hours"]) / 4, "hours"))
    return records


def _starts(portfolio: Portfolio, rows: pd.DataFrame) -> list[Record]:
    """Units that begin to move in each quarter."""
    begins = rows[rows["moves"]].groupby("at")["units"].sum()
    return [
        ("starts", str(quarter), float(begins.get(quarter.ordinal, 0)), float(portfolio.starts[quarter.qyear]), "units")
        for quarter in portfolio.quarters
        if quarter.qyear in portfolio.starts.index
    ]


def _purchases(portfolio: Portfolio, economics: Economics, rows: pd.DataFrame) -> list[Record]:
    """Purchases that are open in each quarter: of a system or its move group one, in modules so many."""
    capacity, quarters, systems = portfolio.procurement_capacity, portfolio.quarters, portfolio.systems
    if capacity is None:
        return []
    open_ = dict.fromkeys(quarters.astype("int64"), 0.0)
    for row in rows[rows["bought"]].to_dict("records"):
        together = systems[(systems["group"] == row["s_group"]) & (systems["side"] == "legacy")]
        of = together["units"].sum() if row["s_group"] else systems.loc[row["system"], "units"]
        for j in range(row["modules"]):
            award = int(row["at"]) + j * row["k_work_quarters"] // row["modules"]
            day = pd.Period(ordinal=award, freq=quarters.freqstr).start_time - pd.Timedelta(days=row["lead"])
            for t in range(day.to_period(quarters.freqstr).ordinal, award):
                if t in open_:
                    open_[t] += row["units"] / of
    return [
        ("procurement", str(quarter), open_[quarter.ordinal], float(capacity[quarter.qyear]), "purchases")
        for quarter in quarters
        if quarter.qyear in capacity.index
    ]


# What a year looks like ---------------------------------------------------------------------------------------------


def _shares(portfolio: Portfolio, cells: pd.DataFrame) -> list[Record]:
    """Legacy run cost of a year against what may be legacy."""
    inside = cells[cells["inside"]]
    records = []
    for year, least in portfolio.modern_share.items():
        of = inside[inside["year"] == year]
        if of.empty:
            continue
        every = float(((of["run_old"] + of["run_new"]) * of["units"]).sum())
        was = (of["run_old"] * of["units"])[of["s_side"] == "modern"].sum()
        modern = float((of["run_new"] * of["units"])[of["k_side"] == "modern"].sum() + was)
        records.append(("modern_share", f"FY{year}", every - modern, (1 - float(least)) * every, "USD"))
    return records


def _risks(portfolio: Portfolio, cells: pd.DataFrame) -> list[Record]:
    """Unit-quarters of a year past the end of support, weighted by criticality."""
    late = cells[cells["inside"] & (cells["starts"] > cells["s_end_of_support"])]
    remains = late["k_residual_risk"].where(late["moves"] & (late["t"] >= late["cut"]), 1.0)
    risk = (late["units"] * late["s_criticality"] / 3 * remains).groupby(late["year"]).sum()
    years = sorted(set(portfolio.quarters.qyear))
    return [
        ("risk_ceiling", f"FY{year}", float(risk.get(year, 0.0)), float(most), "unit-quarters")
        for year, most in portfolio.risk_ceiling.items()
        if year in years
    ]
