"""From a study and its outlook to what the optimizer takes: portfolio, catalogue, economics."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimizer import Economics, Learning, Method, Portfolio, Strategy
from optimizer import funds as fund_splits
from scenarios import cloud, operating_systems
from scenarios.books import prevailing
from scenarios.checks import spending_lines
from scenarios.errors import Problem, StudyError
from scenarios.expected import Expected
from scenarios.parameters import Settings
from scenarios.setting_checks import BOUGHT
from scenarios.study import Study
from scenarios.tables import METHODS, MODERN, STRATEGIES

SKILLS = ("migration", "application")
"""The skills whose hours the strategies use."""


def build_portfolio(study: Study, outlook: Expected | None) -> Portfolio:
    """The estate as the optimizer takes it, with run costs that follow the outlook."""
    systems = study.table("systems").set_index("system")
    systems["one_time_fund"] = systems["one_time_fund"].where(systems["one_time_fund"].ne(""), systems["fund"])
    systems["cloud_price"] = cloud_price(study)
    run_cost = run_cost_by_quarter(study, cost_index(study, outlook))
    sites = study.table("sites").set_index("site")
    settings = study.settings
    starts, purchases = settings.by_year("starts_per_quarter", study.years), _limit(study, "procurement_capacity")
    return Portfolio(
        quarters=study.quarters,
        as_of=study.as_of,
        systems=systems,
        run_cost=run_cost,
        residual=residual(study, outlook, run_cost),
        sites=sites,
        appropriations=prevailing(study.table("appropriations")),
        capacity=study.table("capacity"),
        starts=pd.Series(starts, dtype=float),
        freezes=tuple(pd.Period(q, study.calendar.quarterly) for q in settings.listed("freezes")),
        base_year=study.facts.base_year,
        dependencies=study.table("dependencies"),
        closes_sites=settings.truth("close_sites"),
        biennium_start=study.facts.biennium_start if settings.number("appropriation_years") == 2 else None,
        reserve=_shares(study, "reserve"),
        fund_reserves=settings.by_name("fund_reserves"),
        sweep=_shares(study, "savings_sweep"),
        procurement_capacity=None if purchases.empty else purchases,
        modern_share=_limit(study, "modern_share").loc[lambda share: share > 0],
        risk_ceiling=_limit(study, "risk_ceiling"),
        soft=settings.by_name("violation_price"),
        learning=_learning(settings),
        disruption_price=settings.number("disruption_price"),
        fund_weights=settings.by_name("fund_weights"),
    )


def _limit(study: Study, name: str) -> pd.Series:
    """A limit by fiscal year of the horizon; years before the first one listed are free, and missing."""
    return pd.Series(study.settings.from_year(name, study.years), dtype=float)


def _shares(study: Study, name: str) -> pd.Series:
    """A share by fiscal year of the horizon, 0 before the first one listed."""
    return _limit(study, name).reindex(list(study.years), fill_value=0.0)


def _learning(settings: Settings) -> Learning | None:
    """The learning curve; None where all hours are there from the start."""
    first = settings.number("learning_first")
    return None if first == 1 else Learning(first, settings.number("learning_decay"))


def catalogue(settings: Settings) -> tuple[Strategy, ...]:
    """The strategies other than retain, as the parameters describe them."""

    def value(strategy: str, name: str) -> float:
        return settings.number(f"{strategy}.{name}")

    return tuple(
        Strategy(
            name=name,
            one_time_cost=value(name, "one_time_cost"),
            decommission_cost=value(name, "decommission_cost"),
            work_quarters=int(value(name, "work_quarters")),
            early_quarters=min(int(value(name, "early_quarters")), int(value(name, "work_quarters"))),
            dual_run_quarters=int(value(name, "dual_run_quarters")),
            hours={skill: value(name, f"{skill}_hours") for skill in SKILLS},
            run_factor=value(name, "run_factor"),
            cloud_factor=value(name, "cloud_factor"),
            residual_risk=value(name, "residual_risk"),
            side="modern" if name in MODERN else "legacy" if name == "relocate" else "",
            capital=name != "retire",
            buys=name in BOUGHT,
            subscription_years=value(name, "subscription_years") if name == "repurchase" else 0.0,
        )
        for name in STRATEGIES
        if name != "retain"
    )


def methods(settings: Settings) -> tuple[Method, ...]:
    """The ways to buy that may be used, as the parameters describe them; without any nothing waits for a purchase."""
    allowed = settings.listed("methods")
    return tuple(_method(settings, name) for name in METHODS if name in allowed)


def _method(settings: Settings, name: str) -> Method:
    modules, strategies = f"{name}.modules", f"{name}.strategies"
    return Method(
        name=name,
        lead_days=settings.number(f"{name}.lead_days"),
        days_per_decade=settings.number(f"{name}.days_per_decade"),
        reference_size=settings.number("contract_reference_size"),
        protest_chance=settings.number(f"{name}.protest_chance"),
        protest_days=settings.number(f"{name}.protest_days"),
        price_factor=settings.number(f"{name}.price_factor"),
        smallest=settings.number(f"{name}.smallest"),
        largest=settings.number(f"{name}.largest"),
        modules=int(settings.number(modules)) if modules in settings.values else 1,
        strategies=settings.listed(strategies) if strategies in settings.values else (),
    )


def economics(study: Study) -> Economics:
    """Rates and prices, as the parameters give them."""
    settings = study.settings
    return Economics(
        discount_rate=settings.number("discount_rate"),
        price_growth=settings.number("price_growth"),
        cloud_price_growth=settings.number("cloud_price_growth"),
        tail_years=settings.number("tail_years"),
        risk_price=settings.number("risk_price"),
        avoidable_share=settings.number("avoidable_share"),
    )


def cloud_price(study: Study) -> np.ndarray:
    """USD per unit and year of the smallest instance that fits each system, its storage included.

    A system without processors or memory takes the median of those that have them.
    """
    systems, settings = study.table("systems"), study.settings
    needs = sizes(systems)
    try:
        fit = cloud.cheapest_fit(
            needs["vcpus"],
            needs["memory_gib"],
            region=settings.text("cloud_region"),
            headroom=settings.number("cloud_headroom"),
            commitment_discount=settings.number("cloud_commitment_discount"),
            os=operating_systems.cloud_system(systems["platform"]),
            storage_gib=needs["storage_gib"],
            storage_usd_per_gib_month=settings.number("cloud_storage_price"),
        )
    except cloud.UnknownRegion as error:
        raise StudyError(
            [Problem("parameters", str(error).rstrip("."), "Change cloud_region", column="cloud_region")]
        ) from None
    return np.asarray(fit["usd_per_year"], dtype=float)


TYPICAL = {"vcpus": 4.0, "memory_gib": 16.0, "storage_gib": 200.0}
"""Size of a unit where no system of the study tells its own."""


def sizes(systems: pd.DataFrame) -> pd.DataFrame:
    """`vcpus memory_gib storage_gib` of each system; blanks take the study's median, or a typical server's."""
    known = systems[list(TYPICAL)]
    return known.fillna(known.median()).fillna(pd.Series(TYPICAL))


def cost_index(study: Study, outlook: Expected | None) -> pd.DataFrame:
    """Systems x fiscal years: cost to continue relative to the base year.

    A system follows its spending line; without one its agency; without history of that the total;
    without any history `price_growth`.
    """
    systems, years, base = study.table("systems"), list(study.years), study.facts.base_year
    if outlook is None:
        growth = (1 + study.settings.number("price_growth")) ** (np.array(years) - base)
        return pd.DataFrame(np.tile(growth, (len(systems), 1)), index=systems["system"], columns=years)
    lines = by_year(study, outlook)
    agency = lines.index.to_series().str.split("/").str[0]
    levels = [lines, lines.groupby(agency).sum(), lines.sum().to_frame("all").T]
    wanted = [systems["spending_line"], systems["agency"], pd.Series("all", index=systems.index)]
    index = pd.DataFrame(np.nan, index=systems["system"], columns=years)
    for level, keys in zip(levels, wanted, strict=True):
        ratio = level[years].div(level[base].where(level[base] > 0), axis=0)
        index = index.fillna(ratio.reindex(keys).set_axis(index.index))
    return index.fillna(1.0)


def by_year(study: Study, outlook: Expected) -> pd.DataFrame:
    """Lines x fiscal years, USD: what was spent in the base year, then the outlook's mean."""
    history = outlook.history.assign(line=spending_lines(outlook.history))
    mean = outlook.lines.assign(line=spending_lines(outlook.lines))
    spent = history.pivot_table(index="line", columns="period", values="amount", aggfunc="sum")
    ahead = mean.pivot_table(index="line", columns="period", values="mean", aggfunc="sum")
    both = pd.concat([spent[[c for c in spent if c not in ahead]], ahead], axis=1).fillna(0.0)
    return both.reindex(columns=sorted({*both.columns, *study.years, study.facts.base_year}), fill_value=0.0)


def run_cost_by_quarter(study: Study, index: pd.DataFrame) -> pd.DataFrame:
    """Systems x quarters, USD per unit and quarter, if nothing moves."""
    yearly = index.mul(study.table("systems").set_index("system")["annual_run_cost"], axis=0) / 4
    quarters = study.quarters
    return pd.DataFrame(yearly[list(quarters.qyear)].to_numpy(), index=yearly.index, columns=quarters)


def residual(study: Study, outlook: Expected | None, run_cost: pd.DataFrame) -> pd.DataFrame:
    """`agency fund fiscal_year amount`: what the outlook holds and no system or site explains, USD a year.

    A site's fixed cost is taken from the agencies that run units in it, by their number of units.
    """
    columns = ["agency", "fund", "fiscal_year", "amount"]
    if outlook is None:
        return pd.DataFrame({c: pd.Series(dtype=object if c in columns[:2] else float) for c in columns})
    years = list(study.years)
    lines = outlook.lines[outlook.lines["period"].isin(years)]
    expected = lines.groupby(["agency", "fund", "period"])["mean"].sum().unstack("period").reindex(columns=years)
    explained = _explained_by_systems(study, run_cost).add(_explained_by_sites(study), fill_value=0.0)
    rest = expected.sub(explained.reindex(columns=years), fill_value=0.0).fillna(0.0)
    long = rest.reset_index().melt(["agency", "fund"], var_name="fiscal_year", value_name="amount")
    long["fiscal_year"] = long["fiscal_year"].astype(int)
    silent = ~long["fund"].isin(study.table("appropriations")["fund"]) & long["amount"].eq(0)
    return long.loc[~silent, columns].reset_index(drop=True)


def _explained_by_systems(study: Study, run_cost: pd.DataFrame) -> pd.DataFrame:
    """Run cost by (agency, fund) x fiscal year."""
    systems = study.table("systems")
    yearly = run_cost.mul(systems["units"].to_numpy(), axis=0).T.groupby(study.quarters.qyear).sum().T
    shares = fund_splits.shares(systems["fund"])
    parts = [
        yearly.mul(shares[fund].to_numpy(), axis=0).groupby(systems["agency"].to_numpy()).sum().assign(fund=str(fund))
        for fund in shares
    ]
    return pd.concat(parts).rename_axis("agency").set_index("fund", append=True)


def _explained_by_sites(study: Study) -> pd.DataFrame:
    sites, systems, years = study.table("sites"), study.table("systems"), list(study.years)
    index = pd.MultiIndex.from_arrays([[], []], names=["agency", "fund"])
    if sites.empty:
        return pd.DataFrame(columns=years, index=index, dtype=float)
    units = systems.groupby(["site", "agency"])["units"].sum().rename("units").reset_index()
    weight = sites[["site"]].merge(units, on="site", how="left").fillna({"agency": "", "units": 1})
    weight["share"] = weight["units"] / weight.groupby("site")["units"].transform("sum")
    shares = fund_splits.shares(sites.set_index("site")["fund"]).reset_index()
    shares = shares.melt("site", var_name="fund", value_name="part")
    cost = weight.merge(shares, on="site").merge(sites[["site", "annual_fixed_cost"]], on="site")
    cost["amount"] = cost["share"] * cost["part"] * cost["annual_fixed_cost"]
    total = cost.groupby(["agency", "fund"])["amount"].sum()
    return pd.DataFrame({y: total for y in years}).rename_axis(["agency", "fund"])
