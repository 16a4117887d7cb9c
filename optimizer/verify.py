"""The referee: reads the tables and a plan's rows, works everything out anew and lists what disagrees.

It shares no arithmetic with the rest of the package: one long table of rows x quarters, the cash flow table read anew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, isnan, log10

import numpy as np
import pandas as pd

from optimizer.catalogue import Economics, Method, Strategy
from optimizer.funds import parse
from optimizer.plan import Plan
from optimizer.portfolio import Portfolio
from optimizer.recount import recount, site_money
from optimizer.words import amount_of, listed

CENT = 0.005
"""Dollars by which two figures may differ."""
FLOW_KEYS = ["entity", "period", "fund", "nature", "side"]


@dataclass(frozen=True)
class Report:
    """What the referee found."""

    disagreements: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether there is nothing to object to."""
        return not self.disagreements

    def __str__(self) -> str:
        """List everything."""
        if self.agrees:
            return "verified: the plan agrees with the tables."
        return "\n".join(
            [f"the referee disagrees in {len(self.disagreements)} points.", *(f"  - {d}" for d in self.disagreements)]
        )


def verify(
    portfolio: Portfolio,
    strategies: Iterable[Strategy],
    economics: Economics,
    plan: Plan,
    *,
    methods: Iterable[Method] = (),
) -> Report:
    """Recompute a plan from the tables: its rows, money, limits, terms, objective and gap.

    A plan that was only given (status `reference`) may break limits and rules; all it states must still be right.
    """
    by_name = {strategy.name: strategy for strategy in strategies if strategy.name != "retain"}
    unknown = sorted(set(plan.rows["strategy"]) - {*by_name, "retain"}) + sorted(
        set(plan.rows["system"]) - set(portfolio.systems.index)
    )
    if unknown:
        return Report((f"rows: nothing in the tables is called {listed(unknown)}",))
    strict = plan.status != "reference"
    rows = _read(portfolio, by_name, plan)
    bought = _purchases(portfolio, economics, {method.name: method for method in methods}, rows, strict)
    cells = _cells(portfolio, economics, rows)
    sites = site_money(portfolio, economics, rows)
    flows = _flows(portfolio, cells, sites)
    dollars, values = (_values(portfolio, economics, cells, weights) for weights in ({}, portfolio.fund_weights))
    found = [
        *_dates(portfolio, economics, rows, strict),
        *bought,
        *_fates(portfolio, rows, strict),
        *_groups(portfolio, rows, strict),
        *_order(portfolio, rows, strict),
        *_row_figures(portfolio, economics, rows, cells, dollars),
        *_flow_figures(flows, plan.flows),
        *_limit_figures(portfolio, economics, rows, cells, sites, plan, strict),
        *_closures(portfolio, sites, plan),
        *_certificate(portfolio, rows, values, sites, plan),
    ]
    return Report(tuple(found))


def _read(portfolio: Portfolio, by_name: dict[str, Strategy], plan: Plan) -> pd.DataFrame:
    """Plan rows with what the tables say about their system and strategy; times as ordinals of quarters."""
    quarters = portfolio.quarters
    rows = plan.rows.reset_index(drop=True).rename_axis("row")
    systems = portfolio.systems.loc[rows["system"]].reset_index(drop=True)
    rows = rows.join(systems.drop(columns=["units"]).add_prefix("s_"))
    rows["moves"] = rows["strategy"] != "retain"
    stays = Strategy("retain", side="", buys=False)
    catalogue = {**by_name, "retain": stays}
    for column in (
        *("one_time_cost", "decommission_cost", "run_factor", "cloud_factor", "residual_risk"),
        *("buys", "subscription_years"),
    ):
        rows[f"k_{column}"] = [float(getattr(catalogue[name], column)) for name in rows["strategy"]]
    for column in ("work_quarters", "early_quarters", "dual_run_quarters"):
        rows[f"k_{column}"] = [int(getattr(catalogue[name], column)) for name in rows["strategy"]]
    rows["k_side"] = [catalogue[name].side for name in rows["strategy"]]
    rows["k_capital"] = [catalogue[name].capital for name in rows["strategy"]]
    rows["k_hours"] = pd.Series(
        [dict(catalogue[name].hours) for name in rows["strategy"]], index=rows.index, dtype=object
    )

    def ordinal(text: object) -> float:
        return float(pd.Period(str(text), quarters.freqstr).ordinal) if text else np.nan

    rows["at"] = rows["start"].map(ordinal)
    rows["cut"] = rows["at"] + rows["k_work_quarters"]
    rows["gone"] = rows["cut"] + rows["k_dual_run_quarters"]
    ends = rows["s_contract_end"].map(
        lambda end: np.nan if pd.isna(end) else (end - pd.Timedelta(1, "ns")).to_period(quarters.freqstr).ordinal + 1
    )
    rows["contract"] = ends.astype(float)
    return rows


def _cells(portfolio: Portfolio, economics: Economics, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows x quarters, long, until nothing is owed any more: what one unit pays, nature by nature and side by side."""
    quarters = portfolio.quarters
    first, last = quarters[0].ordinal, quarters[-1].ordinal
    end = max(last + round(4 * economics.tail_years), rows["gone"].max(), rows["contract"].max(), last)
    time = pd.DataFrame({"t": np.arange(first, int(np.nan_to_num(end, nan=last)) + 1)})
    period = pd.period_range(quarters[0], periods=len(time), freq=quarters.freqstr)
    now = portfolio.as_of.to_period(quarters.freqstr)
    time["year"] = np.asarray(period.qyear)
    time["starts"] = period.start_time
    into = (portfolio.as_of.value - now.start_time.value) / ((now + 1).start_time.value - now.start_time.value)
    years_away = (time["t"] + 0.5 - now.ordinal - into) / 4
    time["discount"] = (1 + economics.discount_rate) ** -years_away
    base = now.qyear if portfolio.base_year is None else portfolio.base_year
    time["prices"] = (1 + economics.price_growth) ** (time["year"] - base)
    time["cloud"] = (1 + economics.cloud_price_growth) ** (time["year"] - base)
    beyond = time["t"] > last
    time.loc[beyond, "cloud"] = float(time.loc[time["t"] == last, "cloud"].iloc[0])
    time["inside"] = ~beyond
    time["tail"] = beyond & (time["t"] <= last + round(4 * economics.tail_years))
    level = portfolio.run_cost.set_axis(quarters.astype("int64"), axis=1).rename_axis(index="system", columns="t")
    level = level.reset_index().melt("system", var_name="t", value_name="R").astype({"t": "int64"})
    final = portfolio.run_cost.iloc[:, -1].rename("R_last")

    names = [
        name
        for name in map(str, rows.columns)
        if not name.startswith("s_") and name not in ("wave", "method", "k_hours")
    ]
    kept = rows[[*names, "s_side", "s_exit_fee", "s_cloud_price", "s_end_of_support", "s_criticality"]]
    cells = (
        kept.reset_index().merge(time, how="cross").merge(level[["system", "t", "R"]], how="left", on=["system", "t"])
    )
    cells["R"] = cells["R"].fillna(cells["system"].map(final))
    t, cut, gone, moves = cells["t"], cells["cut"], cells["gone"], cells["moves"]
    new = cells["k_run_factor"] * cells["R"] + cells["k_cloud_factor"] * cells["s_cloud_price"] / 4 * cells["cloud"]
    kept_on = 1 - economics.avoidable_share
    cells["run_old"] = cells["R"].where(~moves | (t < cut), 0.0) + (kept_on * cells["R"]).where(
        moves & (t >= gone), 0.0
    )
    cells["run_new"] = new.where(moves & (t >= cut), 0.0)
    cells["dual_old"] = cells["R"].where(moves & (t >= cut) & (t < gone), 0.0)
    cells["dual_new"] = new.where(moves & (t < cut) & (t >= cut - cells["k_early_quarters"]), 0.0)
    price = cells["k_one_time_cost"] * cells["price_factor"]
    build = (price / cells["k_work_quarters"]).where(moves & (t >= cells["at"]) & (t < cut), 0.0)
    cells["one_time"] = (build + cells["k_decommission_cost"].where(moves & (t == gone), 0.0)) * cells["prices"]
    owing = (economics.avoidable_share * cells["R"]).where(moves & (t >= gone) & (t < cells["contract"]), 0.0)
    owed = owing.groupby(cells["row"]).transform("sum")
    cells["exit"] = owing.where(~(cells["s_exit_fee"] < owed), cells["s_exit_fee"].where(moves & (t == gone), 0.0))
    return cells


def _flows(portfolio: Portfolio, cells: pd.DataFrame, sites: pd.DataFrame) -> pd.Series:
    """All money of the plan by entity, period, fund, nature and side."""
    inside = cells[cells["inside"]]
    modern = inside["k_side"].eq("modern").map({True: "modern", False: "legacy"})
    own = inside["s_side"]
    parts = [
        ("run", own, inside["run_old"], "fund"),
        ("run", modern, inside["run_new"], "fund"),
        ("dual_run", own, inside["dual_old"], "fund"),
        ("dual_run", modern, inside["dual_new"], "fund"),
        ("one_time", modern, inside["one_time"], "one_time_fund"),
        ("exit", own, inside["exit"], "fund"),
    ]
    long = pd.concat(
        [
            pd.DataFrame(
                {
                    "entity": inside["system"],
                    "t": inside["t"],
                    "nature": n,
                    "side": s,
                    "amount": a * inside["units"],
                    "payer": p,
                }
            )
            for n, s, a, p in parts
        ]
    )
    keys = ["entity", "t", "nature", "side", "payer"]
    long = long[long["amount"] != 0].groupby(keys)["amount"].sum().reset_index()
    shares = pd.concat([_split(portfolio.systems[p]).assign(payer=p) for p in ("fund", "one_time_fund")])
    tables = [long.merge(shares, on=["entity", "payer"])]
    t = pd.DataFrame({"t": portfolio.quarters.astype("int64"), "fiscal_year": np.asarray(portfolio.quarters.qyear)})
    if len(portfolio.sites):
        paid = sites[sites["inside"] & (sites["amount"] != 0)].rename(columns={"site": "entity"})
        paid = paid[["entity", "t", "amount"]].assign(nature="site", side="legacy")
        tables.append(paid.merge(_split(portfolio.sites["fund"]), on="entity"))
    if len(portfolio.residual):
        rest = portfolio.residual.reset_index(drop=True).rename_axis("entity")
        split = _split(rest["fund"])
        rest = rest.drop(columns="fund").reset_index().merge(split, on="entity").merge(t, on="fiscal_year")
        rest["amount"] /= 4
        rest["entity"] = "residual:" + rest["agency"]
        tables.append(rest.assign(nature="residual", side="other"))
    total = pd.concat(tables)
    total["amount"] *= total["share"]
    total["period"] = portfolio.quarters[total["t"].to_numpy(np.int64) - portfolio.quarters[0].ordinal]
    return total.groupby(FLOW_KEYS)["amount"].sum()


def _weights(splits: pd.Series, weights: Mapping[str, float]) -> pd.Series:
    """What a dollar counts that each split of funds pays."""
    return splits.map(lambda text: sum(share * weights.get(fund, 1.0) for fund, share in parse(str(text)).items()))


def _split(column: pd.Series) -> pd.DataFrame:
    """`entity fund share`, one row for each fund that pays."""
    long = [(entity, fund, share) for entity, text in column.items() for fund, share in parse(str(text)).items()]
    return pd.DataFrame(long, columns=["entity", "fund", "share"])


def _values(
    portfolio: Portfolio, economics: Economics, cells: pd.DataFrame, weights: Mapping[str, float]
) -> pd.DataFrame:
    """Present value of each row's terms, all its units; a dollar counts what its fund weighs."""
    d = cells["discount"] * cells["units"]
    runs, builds = (
        cells["system"].map(_weights(portfolio.systems[split], weights)) for split in ("fund", "one_time_fund")
    )
    inside = cells["inside"]
    every = {
        "run": runs * (cells["run_old"] + cells["run_new"]).where(inside, 0.0),
        "one_time": builds * cells["one_time"].where(inside, 0.0),
        "dual_run": runs * (cells["dual_old"] + cells["dual_new"]).where(inside, 0.0),
        "exit": runs * cells["exit"].where(inside, 0.0),
        "tail": runs * (cells["run_old"] + cells["run_new"] - cells["R"]).where(cells["tail"], 0.0)
        + (runs * (cells["dual_old"] + cells["exit"]) + builds * cells["one_time"]).where(~inside, 0.0),
        "risk": economics.risk_price
        * cells["s_criticality"]
        / 3
        * (inside & (cells["starts"] > cells["s_end_of_support"]))
        * cells["k_residual_risk"].where(cells["moves"] & (cells["t"] >= cells["cut"]), 1.0),
        "stay": cells["R"].where(inside, 0.0),
    }
    return pd.DataFrame({name: (amount * d).groupby(cells["row"]).sum() for name, amount in every.items()})


# What may disagree --------------------------------------------------------------------------------------------------


def _named(rows: pd.DataFrame, wrong: pd.Series, words: str) -> list[str]:
    return [f"rows: {words} ({listed(rows.loc[wrong, 'system'])})"] if wrong.any() else []


def _far(stated: pd.Series, right: pd.Series) -> pd.Series:
    """Whether figures differ by more than a cent and the rounding of a double."""
    return ~((stated - right).abs() <= CENT + 1e-11 * right.abs())


def _dates(portfolio: Portfolio, economics: Economics, rows: pd.DataFrame, strict: bool) -> list[str]:
    """Start, cut-over and end of the old system; earliest, latest, freezes, locks, lead time, allowed strategies."""
    quarters = portfolio.quarters
    quarter = {
        o: pd.Period(ordinal=int(o), freq=quarters.freqstr) for c in ("at", "cut", "gone") for o in rows[c].dropna()
    }
    halves = [2 * quarter[o].qyear + (quarter[o].quarter > 2) if o in quarter else 0 for o in rows["at"]]
    number = {half: i for i, half in enumerate(sorted({0, *halves}))}
    cut, gone = ([str(quarter[o]) if o in quarter else "" for o in rows[c]] for c in ("cut", "gone"))
    wave = [number[half] for half in halves]
    found = [
        *_named(
            rows, rows["moves"] != (rows["start"] != ""), "a unit that moves needs a start, one that stays has none"
        ),
        *_named(rows, rows["cutover"] != cut, "the cut-over is not the start plus the work"),
        *_named(
            rows,
            rows["legacy_off"] != gone,
            "the old system's end is not that of the strategy",
        ),
        *_named(
            rows, rows["wave"].astype("Int64").fillna(0) != wave, "the wave is not the half fiscal year of the start"
        ),
    ]
    if not strict:
        return found
    frozen = [pd.Period(str(freeze), quarters.freqstr).ordinal for freeze in portfolio.freezes]

    def bound(column: str) -> pd.Series:
        return (
            rows[f"s_{column}"]
            .map(lambda q: float(pd.Period(q, quarters.freqstr).ordinal) if q else np.nan)
            .astype(float)
        )

    allowed = [not text or k in text.split("|") for text, k in zip(rows["s_strategies"], rows["strategy"], strict=True)]
    fate = rows["strategy"] + "@" + rows["start"]
    kept = (rows["s_lock"] == "") | (rows["s_lock"] == fate) | ((rows["s_lock"] == "keep") & ~rows["moves"])
    rules = {
        "start before the horizon": rows["at"] < quarters[0].ordinal,
        "cut over after the horizon": rows["cut"] > quarters[-1].ordinal,
        "start before their earliest quarter": rows["at"] < bound("earliest"),
        "start after their latest quarter": rows["at"] > bound("latest"),
        "start or cut over in a freeze": rows["at"].isin(frozen) | rows["cut"].isin(frozen),
        "move in a way that is not allowed to them": rows["moves"] & ~pd.Series(allowed, index=rows.index, dtype=bool),
        "are modern and yet move": rows["moves"] & (rows["s_side"] == "modern"),
        "do not keep to their lock": ~kept,
    }
    return found + [line for words, wrong in rules.items() for line in _named(rows, wrong, f"systems {words}")]


def _purchases(
    portfolio: Portfolio, economics: Economics, methods: dict[str, Method], rows: pd.DataFrame, strict: bool
) -> list[str]:
    """What is wrong with the way in which rows are bought; the price factors are left in them."""
    quarters = portfolio.quarters
    today = portfolio.as_of.normalize()
    buying = rows["moves"] & (rows["k_buys"] > 0) & bool(methods)
    used = [methods.get(name) if buys else None for name, buys in zip(rows["method"], buying, strict=True)]
    rows["price_factor"] = [1.0 if method is None else method.price_factor for method in used]
    rows["modules"] = [1 if method is None else method.modules for method in used]
    sizes = _contracts(portfolio, economics, rows)
    lead = [0 if method is None else _days(method, size) for method, size in zip(used, sizes, strict=True)]
    rows["lead"] = lead
    rows["bought"] = [method is not None for method in used]
    first = {o: pd.Period(ordinal=int(o), freq=quarters.freqstr).start_time for o in rows["at"].dropna().unique()}
    opens = pd.to_datetime(rows["at"].map(first))
    begins = opens - pd.to_timedelta(lead, unit="D")
    bought = [method is not None and not pd.isna(day) for method, day in zip(used, begins, strict=True)]
    quarter = ["" if not b else str(d.to_period(quarters.freqstr)) for b, d in zip(bought, begins, strict=True)]
    # a column of a file that is empty in every row comes back as numbers
    stated = rows["buy_from"].astype(object).where(rows["buy_from"].notna(), "")
    nameless = pd.Series([method is None for method in used], index=rows.index, dtype=bool)
    found = [
        *_named(rows, nameless & (buying | (rows["method"] != "")), "another purchasing method"),
        *_named(rows, stated != quarter, "the purchase begins in another quarter"),
    ]
    if not strict:
        return found
    serves = [m is None or not m.strategies or k in m.strategies for m, k in zip(used, rows["strategy"], strict=True)]
    fits = [
        m is None or m.smallest * (1 - 1e-9) - CENT <= size <= m.largest * (1 + 1e-9) + CENT
        for m, size in zip(used, sizes, strict=True)
    ]
    rules = {
        "start before what they need is bought": begins < today,
        "are bought in a way that their strategy is not": ~pd.Series(serves, index=rows.index, dtype=bool),
        "are bought in a way that contracts of their size are not": ~pd.Series(fits, index=rows.index, dtype=bool),
    }
    return found + [line for words, wrong in rules.items() for line in _named(rows, wrong, f"systems {words}")]


def _days(method: Method, size: float) -> int:
    """Expected days to buy a contract, rounded up: more for each tenfold of a module's size above the reference."""
    tenfolds = log10(size / method.modules / method.reference_size) if size > 0 else 0.0
    expected = method.lead_days + method.protest_chance * method.protest_days
    return ceil(expected + method.days_per_decade * max(tenfolds, 0.0) - 1e-9)


def _contracts(portfolio: Portfolio, economics: Economics, rows: pd.DataFrame) -> list[float]:
    """What each row's contract is worth: the row's strategy for all units of its system, or of all its move group."""
    systems, quarters = portfolio.systems, portfolio.quarters
    base = portfolio.as_of.to_period(quarters.freqstr).qyear if portfolio.base_year is None else portfolio.base_year
    alone = (systems["group"] == "") | (systems["side"] == "modern")
    party = ("system " + systems.index.to_series()).where(alone, "group " + systems["group"])
    units = systems["units"].groupby(party).sum()
    clouds = (systems["units"] * systems["cloud_price"]).groupby(party).sum()
    running = portfolio.run_cost.mul(systems["units"], axis=0).groupby(party).sum().T.to_dict("list")
    column = {float(quarter.ordinal): i for i, quarter in enumerate(quarters)}
    sizes = []
    for row in rows.to_dict("records"):
        i = column.get(row["at"], -1)
        if i < 0 or not row["k_buys"]:
            sizes.append(0.0)
            continue
        who, years = party[row["system"]], quarters[i].qyear - base
        size = units[who] * row["k_one_time_cost"] * (1 + economics.price_growth) ** years
        if row["k_subscription_years"] > 0:
            run = row["k_run_factor"] * 4 * running[who][i]
            run += row["k_cloud_factor"] * clouds[who] * (1 + economics.cloud_price_growth) ** years
            size += row["k_subscription_years"] * run
        sizes.append(float(size))
    return sizes


def _fates(portfolio: Portfolio, rows: pd.DataFrame, strict: bool) -> list[str]:
    """Every unit has one fate."""
    count = rows.groupby("system")["units"].sum().reindex(portfolio.systems.index, fill_value=0)
    wrong = count.index[count != portfolio.systems["units"]]
    found = [f"rows: the units do not add up to those of the system ({listed(wrong)})"] if len(wrong) and strict else []
    return found + _named(rows, rows["units"] < 1, "units must be 1 or more")


def _groups(portfolio: Portfolio, rows: pd.DataFrame, strict: bool) -> list[str]:
    """Members of a group start together, each whole, or all stay."""
    grouped = rows[(rows["s_group"] != "") & (rows["s_side"] == "legacy")]
    if not strict or grouped.empty:
        return []
    split = grouped.loc[grouped["system"].duplicated(), "system"].unique()
    starts = grouped.groupby("s_group")["start"].nunique()
    apart = starts.index[starts > 1]
    return [
        *([f"rows: systems of a group are split ({listed(split)})"] if len(split) else []),
        *([f"rows: groups do not start together ({listed(apart)})"] if len(apart) else []),
    ]


def _order(portfolio: Portfolio, rows: pd.DataFrame, strict: bool) -> list[str]:
    """What a system needs has cut over before it starts, by the lag or more; those that depend on others move whole."""
    table, systems = portfolio.dependencies, portfolio.systems
    legacy = rows[rows["s_side"] == "legacy"]
    named = legacy[legacy["system"].isin([*table["system"], *table["needs"]])]
    split = named.loc[named["system"].duplicated(), "system"].unique()
    found = [f"rows: systems that depend on others are split ({listed(split)})"] if len(split) else []
    for system, needs, lag in table[["system", "needs", "lag"]].itertuples(index=False):
        group = systems.loc[system, "group"]
        if systems.loc[needs, "side"] == "modern" or (group and group == systems.loc[needs, "group"]):
            continue
        starts = rows.loc[(rows["system"] == system) & rows["moves"], "at"]
        ends = rows.loc[rows["system"] == needs, "cut"]
        if len(starts) and not (ends + lag / 3 <= starts.min() + 1e-9).all():
            found.append(f"systems start before what they need has cut over ({system} needs {needs})")
    return found if strict else []


def _row_figures(
    portfolio: Portfolio, economics: Economics, rows: pd.DataFrame, cells: pd.DataFrame, values: pd.DataFrame
) -> list[str]:
    """One-time cost, run cost before and after, saving."""
    inside = cells["inside"]
    last = inside & (cells["year"] == portfolio.quarters[-1].qyear)

    def total(amount: pd.Series, where: pd.Series) -> pd.Series:
        return (amount * cells["units"]).where(where, 0.0).groupby(cells["row"]).sum()

    right = {
        "one_time_cost": total(cells["one_time"], inside),
        "run_cost_before": total(cells["R"], last),
        "run_cost_after": total(cells["run_old"] + cells["run_new"], last),
        "npv_saving": values["stay"] - values[["run", "one_time", "dual_run", "exit", "tail"]].sum(axis=1),
    }
    return [
        line for name, figure in right.items() for line in _named(rows, _far(rows[name], figure), f"{name} is another")
    ]


def _flow_figures(right: pd.Series, stated: pd.DataFrame) -> list[str]:
    """Every flow, by entity, period, fund, nature and side."""
    summed = stated.groupby(FLOW_KEYS)["amount"].sum()
    both = pd.concat([summed.rename("stated"), right.rename("right")], axis=1).fillna(0.0)
    wrong = both[_far(both["stated"], both["right"])]
    shown = [
        f"{' '.join(str(line[key]) for key in FLOW_KEYS)} is {line['stated']:,.2f}, not {line['right']:,.2f}"
        for line in wrong.head(3).reset_index().to_dict("records")
    ]
    return [f"flows: {len(wrong)} amounts differ; {'; '.join(shown)}"] if len(wrong) else []


def _limit_figures(
    portfolio: Portfolio,
    economics: Economics,
    rows: pd.DataFrame,
    cells: pd.DataFrame,
    sites: pd.DataFrame,
    plan: Plan,
    strict: bool,
) -> list[str]:
    """What each limit allows and what is used of it, and whether it is kept."""
    right, found = recount(portfolio, economics, rows, cells, sites, plan.limits)
    stated = plan.limits.set_index(["limit", "key"])
    gone, new = right.index.difference(stated.index), stated.index.difference(right.index)
    if len(gone) or len(new):
        found.append(f"limits: rows are missing or unknown ({listed([*gone, *new])})")
    columns = [column for column in ("used", "allowed", "violation") if column in stated]
    both = right.join(stated[columns].add_suffix("_stated"), how="inner")
    both["violation"] = (both["used"] - both["allowed"]).clip(lower=0.0)
    for column in columns:
        wrong = both[_far(both[f"{column}_stated"], both[column])]
        for line in wrong.reset_index().to_dict("records"):
            stated_, right_ = amount_of(line[f"{column}_stated"], line["unit"]), amount_of(line[column], line["unit"])
            found.append(f"limits: {line['limit']} {line['key']} states {column} {stated_}, is {right_}")
    if strict:
        hard = right[~right.index.get_level_values("limit").isin(portfolio.soft)]
        broken = hard[hard["used"] > hard["allowed"] + CENT + 1e-9 * hard["allowed"].abs()]
        for line in broken.reset_index().to_dict("records"):
            used, allowed = amount_of(line["used"], line["unit"]), amount_of(line["allowed"], line["unit"])
            found.append(f"limits: {line['limit']} {line['key']} is broken: {used} used, {allowed} allowed")
    return found


def _closures(portfolio: Portfolio, sites: pd.DataFrame, plan: Plan) -> list[str]:
    """When each site closes, and what that saves."""
    if not portfolio.closes_sites:
        return []
    saving = -(sites["difference"] * sites["discount"]).groupby(sites["site"]).sum()
    closing = sites.groupby("site")["closes"].first()
    stated = plan.sites.set_index("site").reindex(portfolio.sites.index)
    said = stated["closes"].map(lambda text: pd.Period(text, portfolio.quarters.freqstr).ordinal if text else np.nan)
    right = closing.reindex(portfolio.sites.index)
    wrong = [
        *portfolio.sites.index[(said != right) & ~(said.isna() & right.isna())],
        *portfolio.sites.index[_far(stated["saving"].astype(float), saving.reindex(portfolio.sites.index))],
    ]
    return [f"sites: another quarter of closing, or another saving ({listed(dict.fromkeys(wrong))})"] if wrong else []


def _certificate(
    portfolio: Portfolio, rows: pd.DataFrame, values: pd.DataFrame, sites: pd.DataFrame, plan: Plan
) -> list[str]:
    """Terms, objective, bound and gap."""
    right = values.drop(columns="stay").sum()
    if portfolio.disruption_price > 0:
        critical = (rows["s_criticality"] * rows["units"])[rows["moves"]].sum()
        right["disruption"] = portfolio.disruption_price / 3 * critical
    if portfolio.soft:
        over = (plan.limits["used"] - plan.limits["allowed"]).clip(lower=0.0)
        right["violation"] = (over * plan.limits["limit"].map(portfolio.soft).fillna(0.0)).sum()
    if sites["closable"].any():
        weights = _weights(portfolio.sites["fund"], portfolio.fund_weights)
        counts = sites["difference"] * sites["discount"] * sites["site"].map(weights)
        right["site"] = counts[sites["inside"]].sum()
        right["tail"] += counts[~sites["inside"]].sum()
    found = [
        f"terms: {name} is {plan.terms.get(name, np.nan):,.2f}, not {value:,.2f}"
        for name, value in right.items()
        if not abs(plan.terms.get(name, np.nan) - value) <= CENT + 1e-11 * abs(value)
    ]
    if set(plan.terms.index) != set(right.index):
        found.append(f"terms: must be {listed(right.index, 9)}")
    total = float(right.sum())
    if not abs(plan.objective - total) <= CENT + 1e-11 * abs(total):
        found.append(f"objective: is {plan.objective:,.2f}, not {total:,.2f}")
    if isnan(plan.bound):
        return found if isnan(plan.gap) else [*found, "gap: a plan without a bound has no gap"]
    if plan.bound > plan.objective + CENT:
        found.append(f"bound: {plan.bound:,.2f} lies above the objective {plan.objective:,.2f}")
    gap = max(0.0, plan.objective - plan.bound) / max(abs(plan.objective), 1.0)
    if not abs(plan.gap - gap) <= 1e-9:
        found.append(f"gap: is {plan.gap:.3e}, not {gap:.3e}")
    return found
