"""A made-up state, drawn from a seed and built to Ohio's published figures.

Only what an estate is and what it costs is drawn: systems, sites, history, appropriations, capacity. What moves, when
and what that saves is never typed in; it comes out of the plan.

Published figures (`domain.md` section 1): 26 cabinet agencies, 32 data centers, about 9,000 servers, more than 2,000
applications (Davis, sync-magazine.com 2016); IT spend of $830M (FY2012) to $930M a year (GovTech 2018), 70-81 % of it
infrastructure (LNW, StateScoop, DAS); fiscal years July to June, biennial budgets.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from optimizer import funds
from scenarios import operating_systems
from scenarios.cost_model import CostModel
from scenarios.parameters import Settings
from scenarios.scenario import Scenario
from scenarios.schema import Column
from scenarios.study import Study, StudyFacts, checked
from scenarios.tables import LINE_KEYS, TABLES

SERVERS, APPLICATIONS, SERVICES = 9_000, 2_000, 60
SPEND = 905e6
"""IT spend of the base year, USD; Ohio: $830M in FY2012, more than $930M by 2018."""
INFRASTRUCTURE = 0.78
"""Share of it that is infrastructure; Ohio: 70-81 %."""
BASE, HISTORY, HORIZON = 2026, 10, 5
BOOKS = 4
"""Fiscal years whose months are given, the last one without its last month: the books of June close in August."""
SURGE = 1.57
"""What the last month of a year spends over the one before it; Texas: August 57 % above July, FY1998-2002 (Comptroller
of Public Accounts, e-Texas, GG 17, 2003)."""
RENEWALS = 1.6
"""What the first month spends on applications over an ordinary one: yearly licences fall due in July. Made up."""
UNSTEADY = 0.08
"""Standard deviation of a month of one line about its profile, in logs. Made up."""
COMMITTED, LOOSE = 0.3, 0.25
"""Share of what the rest of a year will spend that is encumbered, and its standard deviation in logs. Made up."""
SUPPLEMENTED = ("job_family_services", "medicaid", "public_safety")
"""Agencies whose enacted money of the year under way a supplemental raised. Made up."""
ASKED, CONTINUED, RAISED = (0.005, 0.06), (-0.04, -0.01), (-0.04, -0.01)
"""What was asked for, what it costs to continue, and what was first enacted where it was raised, over what may be
spent. Made up."""
KEPT = ("capitol_center", "north_campus", "lakefront", "southgate")

AGENCIES = {
    # name: (weight of its estate, fund of its systems, fund of its one-time work)
    "administrative_services": (2.2, "services", "it_capital"),
    "aging": (0.3, "general:0.4|federal:0.6", "general:0.4|federal:0.6"),
    "agriculture": (0.5, "general", "it_capital"),
    "budget_management": (0.6, "general", "it_capital"),
    "children_families": (1.4, "general:0.5|federal:0.5", "general:0.5|federal:0.5"),
    "commerce": (0.7, "dedicated", "dedicated"),
    "corrections": (1.6, "general", "it_capital"),
    "developmental_disabilities": (0.6, "general:0.4|federal:0.6", "general:0.4|federal:0.6"),
    "development": (0.5, "general", "it_capital"),
    "education": (1.2, "general", "it_capital"),
    "environmental_protection": (0.8, "dedicated", "dedicated"),
    "health": (1.3, "general:0.4|federal:0.6", "general:0.4|federal:0.6"),
    "higher_education": (0.4, "general", "it_capital"),
    "insurance": (0.4, "dedicated", "dedicated"),
    "job_family_services": (3.0, "general:0.25|federal:0.75", "general:0.1|federal:0.9"),
    "lottery": (0.5, "dedicated", "dedicated"),
    "medicaid": (2.4, "general:0.25|federal:0.75", "general:0.1|federal:0.9"),
    "mental_health": (0.7, "general:0.5|federal:0.5", "general:0.5|federal:0.5"),
    "natural_resources": (0.8, "general:0.6|dedicated:0.4", "it_capital"),
    "public_safety": (2.0, "highway", "highway"),
    "public_utilities": (0.3, "dedicated", "dedicated"),
    "taxation": (1.6, "general", "it_capital"),
    "transportation": (2.2, "highway", "highway"),
    "veterans_services": (0.3, "general", "it_capital"),
    "workers_compensation": (1.5, "dedicated", "dedicated"),
    "youth_services": (0.4, "general", "it_capital"),
}
"""26 made-up agencies. Federal match of eligibility systems: 75 % to operate, 90 % to build (CMS FAQ June 2019)."""

FUNDS = {
    # carry-forward of the unspent rest, margin of the appropriation over expected cost by fiscal year
    "general": (0.0, (1.020, 1.025, 1.030, 1.030, 1.035)),
    "federal": (1.0, (1.030, 1.040, 1.040, 1.040, 1.040)),
    "highway": (0.5, (1.020, 1.030, 1.030, 1.030, 1.030)),
    "services": (0.5, (1.015, 1.025, 1.030, 1.030, 1.030)),
    "dedicated": (0.5, (1.020, 1.030, 1.030, 1.030, 1.030)),
}
CAPITAL = (6e6, 12e6, 12e6, 12e6, 12e6)
"""Appropriation of the IT capital fund by fiscal year, USD; Ohio's program asked for $62M (Route Fifty 8/2014)."""
STARTS = (300, 480, 480, 480, 480)
"""Units that may begin to move in a quarter: from Ohio's average of about 19 a week up to its peak of about 37."""
HEADROOM = -0.5
"""Cloud instances are right-sized: Ohio's data centers used less than 10 % of their capacity (LNW), and 30-50 % can be
taken off after 2-4 weeks of measured use (awsi.click); sizes come in steps of two, so the next smaller one."""
HOURS = {"migration": (50e3, 90e3, 110e3, 110e3, 110e3), "application": (100e3, 200e3, 240e3, 240e3, 240e3)}
"""Hours a fiscal year; Ohio's Transformation Office had more than 100 IT staff (das.ohio.gov FAQ)."""

PLATFORMS = {
    "Microsoft Windows Server 2008 R2 (64-bit)": 0.20,
    "Microsoft Windows Server 2012 R2 (64-bit)": 0.28,
    "Microsoft Windows Server 2016 (64-bit)": 0.20,
    "Microsoft Windows Server 2019 (64-bit)": 0.07,
    "Red Hat Enterprise Linux 6 (64-bit)": 0.10,
    "Red Hat Enterprise Linux 7 (64-bit)": 0.12,
    "Red Hat Enterprise Linux 8 (64-bit)": 0.03,
}
KINDS = ("web", "database", "batch", "reporting", "records", "integration", "licensing", "portal", "files", "casework")
PLACES = tuple(
    f"{first}{second}"
    for first in ("Ash", "Bell", "Dun", "East", "Fair", "Kenn", "Mar")
    for second in ("ford", "wood", "more", "view")
)
ABOUT = (
    "Made up. A state that does not exist, drawn from a seed and built to figures that Ohio published: agencies, data "
    "centers, servers, applications, spend. Its systems, names, costs and appropriations are invented."
)


@dataclass(frozen=True)
class _Estate:
    """The systems as drawn, with what their applications cost beside the servers."""

    systems: pd.DataFrame
    sites: pd.DataFrame


def erie(seed: int = 0, spend: float = SPEND, infrastructure: float = INFRASTRUCTURE) -> Study:
    """The made-up state as a study; the same seed gives the same state.

    `spend` is what IT cost in the base year, USD, and `infrastructure` the share of it that is infrastructure.
    """
    draw = np.random.default_rng(seed)
    estate = _estate(draw)
    expected = _expected(estate, spend, infrastructure)
    dependencies = _dependencies(draw, estate.systems)
    truth = _truth(draw, expected)
    tables = {
        "systems": estate.systems,
        "dependencies": dependencies.head(0),
        "sites": estate.sites,
        "spending": truth[truth["period"].lt(BASE)].reset_index(drop=True),
        "months": _months(np.random.default_rng([seed, BOOKS]), truth),
        "overrides": _overrides(truth),
        "capacity": _capacity(),
        "appropriations": _versions(
            np.random.default_rng([seed, HORIZON]),
            pd.concat([_enacted(truth), _appropriations(expected)], ignore_index=True),
        ),
    }
    years = range(BASE + 1, BASE + 1 + HORIZON)
    facts = StudyFacts(
        name="State of Erie",
        as_of=datetime.date(BASE, 7, 1),
        base_year=BASE,
        horizon=HORIZON,
        biennium_start=BASE,
        made_up=True,
        about=ABOUT,
        seed=seed,
        parameters={
            "starts_per_quarter": dict(zip(years, STARTS, strict=True)),
            "cloud_headroom": HEADROOM,
            "close_sites": True,
        },
    )
    settings = Settings.defaults().change(facts.parameters, "study", "study.yaml")
    frames = {name: tables[name][list(TABLES[name].names)] for name in TABLES}
    none = pd.DataFrame(columns=["table", "column", "value", "rows", "reason"])
    scenarios = {s.name: s for s in _scenarios()}
    return checked(Study(facts, settings, MappingProxyType(frames), none, MappingProxyType(scenarios)))


def blank() -> Study:
    """An empty study to fill: tables with their columns and nothing else."""
    facts = StudyFacts(name="New study", as_of=datetime.date(BASE, 7, 1), base_year=BASE, horizon=HORIZON)
    none = pd.DataFrame(columns=["table", "column", "value", "rows", "reason"])
    tables = MappingProxyType({name: table.blank() for name, table in TABLES.items()})
    return Study(facts, Settings.defaults(), tables, none, MappingProxyType({}))


def _scenarios() -> tuple[Scenario, ...]:
    return (
        Scenario(
            name="lean_years",
            title="Lean years",
            why="Revenue falls short after FY2027: every appropriation is cut by 1 % from FY2028 on.",
            set={"appropriation": {"all": {2028: "-1%"}}},
        ),
    )


def _estate(draw: np.random.Generator) -> _Estate:
    """Applications with their servers, modern services beside them, and the sites that hold the servers."""
    agency = _spread(draw, list(AGENCIES), [w for w, _, _ in AGENCIES.values()], APPLICATIONS)
    home = {a: _homes(draw) for a in AGENCIES}
    units = _whole_shares(draw.lognormal(0.0, 0.9, APPLICATIONS), SERVERS, at_most=90)
    vcpus = draw.choice([2, 4, 8, 16], APPLICATIONS, p=[0.3, 0.42, 0.2, 0.08]).astype(float)
    platform = pd.Series(draw.choice(list(PLATFORMS), APPLICATIONS, p=list(PLATFORMS.values())))
    kind = draw.choice(KINDS, APPLICATIONS)
    systems = pd.DataFrame(
        {
            "system": [f"app_{i + 1:04d}" for i in range(APPLICATIONS)],
            "name": [f"{_words(a)} {k} {i + 1}" for i, (a, k) in enumerate(zip(agency, kind, strict=True))],
            "agency": agency,
            "program": [f"{a}_it" for a in agency],
            "site": [draw.choice(home[a]) for a in agency],
            "kind": "server",
            "units": units,
            "group": _groups(draw, agency),
            "platform": platform,
            "environment": draw.choice(["production", "test"], APPLICATIONS, p=[0.86, 0.14]),
            "vcpus": vcpus,
            "memory_gib": vcpus * draw.choice([2.0, 4.0, 8.0], APPLICATIONS, p=[0.3, 0.5, 0.2]),
            "storage_gib": np.round(draw.lognormal(5.3, 0.7, APPLICATIONS)),
            "side": "legacy",
            "criticality": draw.choice([1, 2, 3, 4, 5], APPLICATIONS, p=[0.1, 0.2, 0.36, 0.24, 0.1]),
            "end_of_support": operating_systems.end_of_support(platform),
            "strategies": _allowed(draw),
        }
    )
    support = draw.lognormal(np.log(62e3), 0.6, APPLICATIONS) / units
    systems["annual_run_cost"] = np.round(CostModel().run_cost(systems)["annual_run_cost"].to_numpy() + support, 2)
    systems["risk"] = _risk(systems)
    systems = _contracts(draw, systems)
    both = pd.concat([systems, _services(draw)], ignore_index=True)
    both["fund"] = both["agency"].map({a: f for a, (_, f, _) in AGENCIES.items()})
    both["one_time_fund"] = both["agency"].map({a: f for a, (_, _, f) in AGENCIES.items()})
    first_fund = both["fund"].str.split(r"[:|]").str[0]
    category = np.where(both["side"].eq("modern"), "applications", "infrastructure_servers")
    both["spending_line"] = both["agency"] + "/" + both["program"] + "/" + first_fund + "/" + category
    for column in TABLES["systems"].columns:
        if column.name not in both:
            both[column.name] = _filling(column)
    text = both.select_dtypes(["object", "str"]).columns
    both[text] = both[text].fillna("")
    return _Estate(both, _sites(draw))


def _services(draw: np.random.Generator) -> pd.DataFrame:
    """Services that are modern already: bought as subscriptions, retained in every plan."""
    agency = _spread(draw, list(AGENCIES), [w for w, _, _ in AGENCIES.values()], SERVICES)
    cost = draw.lognormal(0.0, 0.7, SERVICES)
    return pd.DataFrame(
        {
            "system": [f"service_{i + 1:02d}" for i in range(SERVICES)],
            "name": [f"{_words(a)} service {i + 1}" for i, a in enumerate(agency)],
            "agency": agency,
            "program": [f"{a}_it" for a in agency],
            "kind": "service",
            "units": 1,
            "environment": "production",
            "annual_run_cost": np.round(cost / cost.sum() * 100e6, 2),
            "side": "modern",
            "criticality": 3,
            "risk": 10.0,
            "strategies": "retain",
        }
    )


def _homes(draw: np.random.Generator) -> list[str]:
    """The one to four sites in which an agency runs its servers."""
    places = [p.lower() for p in PLACES]
    return [*draw.choice(places, draw.integers(1, 4), replace=False), draw.choice(KEPT)]


def _sites(draw: np.random.Generator) -> pd.DataFrame:
    names = [p.lower() for p in PLACES] + list(KEPT)
    keep = np.array([n in KEPT for n in names])
    return pd.DataFrame(
        {
            "site": names,
            "name": [n.replace("_", " ").title() for n in names],
            "fund": np.where(
                keep, "services", draw.choice(["general", "services", "highway", "dedicated"], len(names))
            ),
            "annual_fixed_cost": np.round(np.where(keep, 2.4e6, draw.lognormal(np.log(0.75e6), 0.4, len(names))), -3),
            "lease_end": pd.to_datetime([f"{y}-06-30" for y in draw.integers(2027, 2034, len(names))]),
            "closure_cost": np.round(draw.uniform(1e5, 6e5, len(names)), -3),
            "capacity": 0,
            "keep": keep,
        }
    )


def _groups(draw: np.random.Generator, agency: np.ndarray) -> np.ndarray:
    """Each application moves whole; about one in ten moves together with one to three others of its agency."""
    group = np.array([f"g_{i + 1:04d}" for i in range(len(agency))])
    order = np.argsort(agency, kind="stable")
    lead = np.flatnonzero(draw.random(len(order)) < 0.04)
    for at in lead[lead < len(order) - 4]:
        members = order[at : at + draw.integers(2, 5)]
        group[members[agency[members] == agency[members[0]]]] = group[members[0]]
    return group


def _allowed(draw: np.random.Generator) -> list[str]:
    """Strategies that fit each application: 15 % can go (10-20 %, opsolute), one in ten cannot move."""
    odds = {"retire": 0.15, "rehost": 0.85, "repurchase": 0.25, "replatform": 0.75, "refactor": 0.22}
    able = {name: draw.random(APPLICATIONS) < share for name, share in odds.items()}
    stuck = draw.random(APPLICATIONS) < 0.1
    return [
        "|".join(["retain", *([] if stuck[i] else [name for name in odds if able[name][i]])])
        for i in range(APPLICATIONS)
    ]


def _contracts(draw: np.random.Generator, systems: pd.DataFrame) -> pd.DataFrame:
    """A quarter of the applications run under a contract; half of those can be left early for a fee."""
    n = len(systems)
    bound = pd.Series(draw.random(n) < 0.25)
    ends = pd.Series(pd.Timestamp(BASE, 1, 31) + pd.to_timedelta(draw.integers(0, 4 * 365, n), unit="D"))
    fee = (systems["annual_run_cost"] * draw.uniform(0.1, 0.4, n)).round(2)
    return systems.assign(contract_end=ends.where(bound), exit_fee=fee.where(bound & (draw.random(n) < 0.5)))


def _risk(systems: pd.DataFrame) -> pd.Series:
    """0-100: years past end of support at the base year, and criticality."""
    past: pd.Series = (pd.Timestamp(BASE, 7, 1) - systems["end_of_support"]).dt.days / 365.25
    risk: pd.Series = 25 + 7 * past.clip(-3, 7) + 6 * systems["criticality"]
    return risk.clip(5, 100).round()


def _expected(estate: _Estate, spend: float, infrastructure: float) -> pd.DataFrame:
    """`agency program fund category amount`: what the base year cost, by line, adding up to the published spend."""
    systems, sites = estate.systems, estate.sites
    cost = systems.assign(amount=systems["annual_run_cost"] * systems["units"])
    lines = []
    for agency, (weight, split, _) in AGENCIES.items():
        own = cost[cost["agency"].eq(agency)]
        for fund, share in funds.parse(split).items():
            for category, side in (("infrastructure_servers", "legacy"), ("applications", "modern")):
                lines.append(
                    (agency, f"{agency}_it", fund, category, share * own.loc[own["side"].eq(side), "amount"].sum())
                )
            lines.append((agency, f"{agency}_it", fund, "infrastructure_network", share * weight))
    frame = pd.DataFrame(lines, columns=["agency", "program", "fund", "category", "amount"])
    servers = frame["category"].eq("infrastructure_servers")
    frame.loc[servers, "amount"] *= 1 + sites["annual_fixed_cost"].sum() / frame.loc[servers, "amount"].sum()
    frame.loc[servers, "amount"] *= 1.03
    network = frame["category"].eq("infrastructure_network")
    rest = spend * infrastructure - frame.loc[servers, "amount"].sum()
    frame.loc[network, "amount"] *= rest / frame.loc[network, "amount"].sum()
    software = frame["category"].eq("applications")
    size = frame["agency"].map({a: w for a, (w, _, _) in AGENCIES.items()}).where(software, 0.0)
    unexplained = spend * (1 - infrastructure) - frame.loc[software, "amount"].sum()
    return frame.assign(amount=frame["amount"] + size / size.sum() * unexplained)


def _truth(draw: np.random.Generator, expected: pd.DataFrame) -> pd.DataFrame:
    """Ten fiscal years up to the base year: growth, shocks common to all lines (29 % of variance, NASBO), noise.

    The base year is what its months come to; the books of its last month are not closed on the day of the study.
    """
    years = np.arange(BASE - HISTORY + 1, BASE + 1)
    common = draw.normal(0.0, 0.008, HISTORY)
    own = draw.normal(0.0, 0.014, (len(expected), HISTORY))
    for t in range(1, HISTORY):
        own[:, t] += 0.32 * own[:, t - 1]
    level = np.exp((common + own) - (common + own)[:, -1:]) * 1.028 ** (years - BASE)
    spent = np.round(expected["amount"].to_numpy()[:, None] * level, 2)
    frame = expected.drop(columns="amount").loc[np.repeat(expected.index, HISTORY)].reset_index(drop=True)
    lapse = draw.uniform(0.0, 0.06, spent.shape)
    return frame.assign(
        period=np.tile(years, len(expected)),
        appropriated=np.round(spent / (1 - lapse), -3).ravel(),
        expended=spent.ravel(),
        encumbered=0.0,
    ).sort_values(["agency", "program", "fund", "category", "period"], ignore_index=True)


def _months(draw: np.random.Generator, truth: pd.DataFrame) -> pd.DataFrame:
    """The last fiscal years by month, to the cent what they come to, without the month that is not closed."""
    years = truth[truth["period"].gt(BASE - BOOKS)].reset_index(drop=True)
    weight = np.ones((len(years), 12))
    weight[years["category"].eq("applications"), 0] = RENEWALS
    weight *= np.exp(draw.normal(0.0, UNSTEADY, weight.shape))
    weight[:, -1] = SURGE * weight[:, -2]
    spent = np.round(years["expended"].to_numpy()[:, None] * weight / weight.sum(axis=1, keepdims=True), 2)
    spent[:, -1] = np.round(years["expended"].to_numpy() - spent[:, :-1].sum(axis=1), 2)
    to_come = spent[:, ::-1].cumsum(axis=1)[:, ::-1] - spent
    committed = np.round(COMMITTED * to_come * np.exp(draw.normal(0.0, LOOSE, spent.shape)), 2)
    month = np.array(
        [[f"{p:%Y-%m}" for p in pd.period_range(f"{y - 1}-07", periods=12, freq="M")] for y in years["period"]]
    )
    frame = years.loc[np.repeat(years.index, 12), list(LINE_KEYS)].reset_index(drop=True)
    frame = frame.assign(period=month.ravel(), expended=spent.ravel(), encumbered=committed.ravel())
    frame = frame[frame["period"].lt(f"{BASE}-06")]
    return frame.sort_values([*LINE_KEYS, "period"], ignore_index=True)


def _overrides(truth: pd.DataFrame) -> pd.DataFrame:
    """What offices knew, or believed to know, better than any model; two of the years have closed since."""

    def spent(agency: str, year: int, category: str = "") -> float:
        own = truth["period"].eq(year) & truth["agency"].eq(agency)
        return float(truth.loc[own & (truth["category"].eq(category) | (category == "")), "expended"].sum())

    agency, office = "public_utilities", "Public utilities, finance office"
    paid, dearer = "The filing service was paid ahead to December 2026", "The filing service is dearer from January on"
    growth = "Enrolment was expected to go on growing"
    half, knew = spent(agency, BASE, "applications") / 2, spent(agency, BASE - 2, "applications") * 1.002
    rows = [
        (agency, "dedicated", "applications", BASE + 1, half, paid, office, (BASE, 6, 15)),
        (agency, "dedicated", "applications", BASE - 2, knew, dearer, office, (BASE - 3, 9, 12)),
        (
            "medicaid",
            "",
            "",
            BASE - 1,
            spent("medicaid", BASE - 1) * 1.06,
            growth,
            "Office of budget",
            (BASE - 2, 9, 2),
        ),
    ]
    table = pd.DataFrame(
        rows, columns=["agency", "fund", "category", "fiscal_year", "amount", "reason", "author", "date"]
    )
    return table.assign(
        program=(table["agency"] + "_it").where(table["category"].ne(""), ""),
        amount=table["amount"].round(-3),
        date=[pd.Timestamp(*day) for day in table["date"]],
    )


def _enacted(truth: pd.DataFrame) -> pd.DataFrame:
    """What was appropriated for the year under way, by fund, agency and line item: two years ago, from the books then.

    The biennium began a year before, so that nobody knew what would come; some lines hence run over and others lapse.
    """
    known = truth[truth["period"].eq(BASE - 2)].groupby(["fund", "agency", "program"])["expended"].sum().reset_index()
    carry = known["fund"].map({fund: share for fund, (share, _) in FUNDS.items()})
    margin = known["fund"].map({fund: margins[0] for fund, (_, margins) in FUNDS.items()})
    return known.rename(columns={"program": "line_item"}).assign(
        fiscal_year=BASE,
        amount=(known["expended"] * 1.028**2 * margin).round(-3),
        purpose="any",
        status="enacted",
        carry_forward=carry,
        opening_balance=0.0,
        transfer_limit=0.0,
    )


def _appropriations(expected: pd.DataFrame) -> pd.DataFrame:
    """FY2027 is the second year of an enacted biennium, FY2028-29 is requested, what follows is forecast."""
    years = np.arange(BASE + 1, BASE + 1 + HORIZON)
    status = ("enacted", "request", "request", "forecast", "forecast")
    by_fund = expected.groupby("fund")["amount"].sum()
    rows = [
        (fund, int(y), round(by_fund[fund] * 1.028 ** (y - BASE) * margin, -3), "any", s, carry)
        for fund, (carry, margins) in FUNDS.items()
        for y, margin, s in zip(years, margins, status, strict=True)
    ]
    rows += [("it_capital", int(y), a, "any", s, 1.0) for y, a, s in zip(years, CAPITAL, status, strict=True)]
    frame = pd.DataFrame(rows, columns=["fund", "fiscal_year", "amount", "purpose", "status", "carry_forward"])
    return frame.assign(agency="", line_item="", opening_balance=0.0, transfer_limit=0.0)


def _versions(draw: np.random.Generator, permitted: pd.DataFrame) -> pd.DataFrame:
    """What may be spent, and beside it what came before: cost to continue, what was asked for, what was first enacted.

    What may be spent stays as it is: a raised amount is the revised one, and an enacted one stands beside it.
    """
    raised = permitted["fiscal_year"].eq(BASE) & permitted["agency"].isin(SUPPLEMENTED)
    known = permitted["status"].eq("enacted")
    asked = known | permitted["status"].eq("request")

    def beside(rows: pd.Series, status: str, by: tuple[float, float]) -> pd.DataFrame:
        own = permitted[rows]
        return own.assign(amount=(own["amount"] * (1 + draw.uniform(*by, len(own)))).round(-3), status=status)

    parts = [
        permitted.assign(status=permitted["status"].mask(raised, "revised")),
        beside(raised, "enacted", RAISED),
        beside(known, "request", ASKED),
        beside(asked, "cost_to_continue", CONTINUED),
    ]
    return pd.concat(parts, ignore_index=True)


def _capacity() -> pd.DataFrame:
    rows = [(skill, BASE + 1 + i, h) for skill, hours in HOURS.items() for i, h in enumerate(hours)]
    return pd.DataFrame(rows, columns=["skill", "fiscal_year", "hours"])


def _dependencies(draw: np.random.Generator, systems: pd.DataFrame) -> pd.DataFrame:
    """Some 600 needs within agencies, later applications on earlier ones, so that no cycle arises."""
    apps = systems[systems["side"].eq("legacy")]
    members = {a: list(g) for a, g in apps.groupby("agency")["system"]}
    rows = set()
    for agency, listed in members.items():
        for _ in range(int(len(listed) * 0.32)):
            first, second = sorted(draw.choice(len(listed), 2, replace=False)) if len(listed) > 1 else (0, 0)
            if first != second:
                rows.add((members[agency][second], members[agency][first], int(draw.choice([0, 0, 3]))))
    frame = pd.DataFrame(sorted(rows), columns=["system", "needs", "lag"])
    return frame.drop_duplicates(["system", "needs"], ignore_index=True)


def _spread(draw: np.random.Generator, names: list[str], weights: list[float], n: int) -> np.ndarray:
    """N names in proportion to their weights, each at least once, shuffled."""
    counts = _whole_shares(np.array(weights), n)
    return draw.permutation(np.repeat(names, counts))


def _filling(column: Column) -> Any:
    return column.empty if column.default is None else column.default


def _whole_shares(weights: np.ndarray, total: int, at_most: int | None = None) -> np.ndarray:
    """Whole numbers of at least 1, in proportion to the weights, that add up to the total (largest remainder)."""
    exact = weights / weights.sum() * total
    if at_most:
        for _ in range(20):
            exact = np.minimum(exact, at_most)
            exact *= total / exact.sum()
    whole = np.maximum(1, np.floor(exact)).astype(int)
    short = total - int(whole.sum())
    order = np.argsort(-(exact - whole), kind="stable") if short > 0 else np.argsort(-whole, kind="stable")
    whole[order[: abs(short)]] += np.sign(short)
    return np.asarray(whole)


def _words(slug: str) -> str:
    return slug.replace("_", " ").capitalize()
