"""Made-up portfolios: by hand for small tests, by the dozen for large ones."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from optimizer import Economics, Method, Portfolio, Strategy

CATALOGUE = (
    Strategy("retire", 400.0, 600.0, 1, 0, 0, {"migration": 8, "application": 4}, 0.0, 0.0, 0.0, ""),
    Strategy("rehost", 6_900.0, 500.0, 1, 1, 1, {"migration": 40, "application": 12}, 0.3, 1.0, 0.5),
    Strategy("relocate", 3_500.0, 250.0, 1, 0, 0, {"migration": 24, "application": 6}, 0.86, 0.0, 0.9, "legacy"),
    Strategy("replatform", 16_500.0, 500.0, 2, 1, 1, {"migration": 60, "application": 60}, 0.2, 0.9, 0.1, capital=True),
    Strategy("repurchase", 12_000.0, 500.0, 2, 1, 2, {"migration": 16, "application": 80}, 0.6, 0.0, 0.05),
    Strategy("refactor", 52_000.0, 500.0, 3, 2, 1, {"migration": 60, "application": 300}, 0.1, 0.7, 0.0, capital=True),
)
ECONOMICS = Economics(0.04, 0.02, -0.01, 5.0, 200.0, 0.85)

BOUGHT = tuple(
    replace(s, buys=s.name != "retire", subscription_years=1.0 if s.name == "repurchase" else 0.0) for s in CATALOGUE
)
"""The same catalogue, where nothing is bought to retire a server, and a year of the service with a repurchase."""
METHODS = (
    Method("existing_contract", 60, 25, largest=5e6),
    Method("cooperative", 120, 25, price_factor=0.98, largest=1e7),
    Method("itb", 75, 30, 1e5, 0.01, 60, 0.97, 5e4, 1e7, strategies=("rehost", "relocate", "repurchase")),
    Method("single_rfp", 158, 190, 1e5, 0.05, 60, smallest=5e4),
    Method("modular_rfp", 158, 190, 1e5, 0.02, 60, 1.05, 1e6, modules=5),
    Method("sole_source", 28, price_factor=1.1, largest=5e4),
)

PLAIN: dict[str, Any] = {
    "agency": "health",
    "program": "",
    "site": "",
    "kind": "server",
    "units": 1,
    "group": "",
    "side": "legacy",
    "fund": "general",
    "one_time_fund": "",
    "criticality": 3,
    "risk": 50.0,
    "end_of_support": pd.NaT,
    "contract_end": pd.NaT,
    "exit_fee": np.nan,
    "strategies": "",
    "earliest": "",
    "latest": "",
    "lock": "",
    "cloud_price": 0.0,
}


SITE: dict[str, Any] = {
    **{"fund": "general", "annual_fixed_cost": 0.0, "lease_end": pd.NaT, "closure_cost": 0.0},
    "keep": False,
}


def table(rows: Sequence[Mapping[str, Any]], defaults: Mapping[str, Any]) -> pd.DataFrame:
    """Rows with defaults filled in, text columns as text."""
    frame = pd.DataFrame([{**defaults, **row} for row in rows], columns=list(defaults))
    return frame.astype({name: "str" for name, value in defaults.items() if isinstance(value, str)})


def quarters(years: int, first: int = 2027) -> pd.PeriodIndex:
    """Whole fiscal years of quarters, July to June."""
    return pd.period_range(f"{first}Q1", periods=4 * years, freq="Q-JUN")


def by_hand(
    systems: Mapping[str, Mapping[str, Any]],
    *,
    run: float | Mapping[str, float] = 1_000.0,
    years: int = 1,
    appropriations: Sequence[Mapping[str, Any]] = (),
    residual: Sequence[Mapping[str, Any]] = (),
    sites: Mapping[str, Mapping[str, Any]] | None = None,
    capacity: Sequence[tuple[str, int, float]] = (),
    starts: Mapping[int, float] | None = None,
    freezes: Sequence[str] = (),
    dependencies: Sequence[tuple[str, str, float]] = (),
    as_of: str = "2026-07-01",
    **more: Any,
) -> Portfolio:
    """A portfolio from a few words; `run` is what a unit costs in each quarter."""
    frame = table(list(systems.values()), PLAIN).set_axis(pd.Index(list(systems), name="system", dtype="str"))
    frame["one_time_fund"] = frame["one_time_fund"].where(frame["one_time_fund"] != "", frame["fund"])
    for column in ("end_of_support", "contract_end"):
        frame[column] = pd.to_datetime(frame[column])
    horizon = quarters(years)
    cost = np.array([run if isinstance(run, float | int) else run[name] for name in systems], dtype=float)
    return Portfolio(
        quarters=horizon,
        as_of=pd.Timestamp(as_of),
        systems=frame,
        run_cost=pd.DataFrame(cost[:, None] * np.ones(len(horizon)), index=frame.index, columns=horizon),
        residual=table(residual, {"agency": "health", "fund": "general", "fiscal_year": 2027, "amount": 0.0}),
        sites=table(list((sites or {}).values()), SITE).set_axis(pd.Index(list(sites or {}), name="site", dtype="str")),
        appropriations=table(
            appropriations,
            {
                "fund": "general",
                "agency": "",
                "line_item": "",
                "fiscal_year": 2027,
                "amount": 0.0,
                "purpose": "any",
                "status": "enacted",
                "carry_forward": 0.0,
                "opening_balance": 0.0,
                "transfer_limit": 0.0,
            },
        ),
        capacity=pd.DataFrame(list(capacity), columns=["skill", "fiscal_year", "hours"]),
        starts=pd.Series(dict(starts or {}), dtype=float),
        freezes=tuple(pd.Period(freeze, "Q-JUN") for freeze in freezes),
        base_year=2027,
        dependencies=pd.DataFrame(list(dependencies), columns=["system", "needs", "lag"]),
        **more,
    )


def made_up(
    count: int = 200,
    *,
    years: int = 5,
    seed: int = 0,
    units: float = 4.5,
    groups: float = 0.08,
    headroom: Sequence[float] = (1.06, 1.06, 1.05, 1.03, 1.0),
    funds: int = 3,
    agencies: int = 8,
    carry_forward: float = 0.0,
) -> Portfolio:
    """An estate of many systems whose money binds: appropriations follow cost to continue by `headroom`.

    Nothing starts in the first quarter.
    """
    random = np.random.default_rng(seed)
    names = pd.Index([f"s{i:05d}" for i in range(count)], name="system", dtype="str")
    horizon = quarters(years)
    run = random.lognormal(np.log(3_000), 0.7, count)
    paying = random.integers(0, funds, count)
    fund_names = np.array(["general", "federal", "special", "highway"][:funds])
    fund = fund_names[paying].astype(object)
    shared = random.random(count) < 0.15
    fund[shared] = "general:0.4|federal:0.6" if funds > 1 else "general"
    group = np.full(count, "", dtype=object)
    grouped = random.permutation(count)[: 3 * round(groups * count / 3)]
    group[grouped] = [f"g{i // 3:04d}" for i in range(len(grouped))]
    modern = (random.random(count) < 0.08) & (group == "")
    supported = pd.Timestamp("2026-07-01") + pd.to_timedelta(random.integers(-300, 2_200, count), unit="D")
    contracts = pd.Timestamp("2026-09-30") + pd.to_timedelta(random.integers(0, 1_500, count), unit="D")
    has_contract = random.random(count) < 0.3
    allowed = [
        "|".join(n for n, p in zip(_NAMES, _CHANCES, strict=True) if random.random() < p) or "rehost"
        for _ in range(count)
    ]
    systems = pd.DataFrame(
        {
            **{name: pd.Series([value] * count, index=names) for name, value in PLAIN.items()},
            "agency": pd.Series([f"agency{i}" for i in random.integers(0, agencies, count)], index=names, dtype="str"),
            "units": 1 + random.poisson(max(units - 1, 0), count),
            "group": pd.Series(group, index=names, dtype="str"),
            "side": pd.Series(np.where(modern, "modern", "legacy"), index=names, dtype="str"),
            "fund": pd.Series(fund, index=names, dtype="str"),
            "one_time_fund": pd.Series(fund, index=names, dtype="str"),
            "criticality": random.integers(1, 6, count),
            "risk": random.uniform(0, 100, count),
            "end_of_support": pd.Series(supported, index=names),
            "contract_end": pd.Series(contracts, index=names).where(has_contract),
            "exit_fee": np.where(has_contract & (random.random(count) < 0.5), run * 2, np.nan),
            "strategies": pd.Series(allowed, index=names, dtype="str"),
            "cloud_price": run * 4 * random.uniform(0.15, 0.5, count),
        },
        index=names,
    ).astype({name: "str" for name in ("program", "site", "kind", "earliest", "latest", "lock")})
    growth = 1.03 ** (np.arange(len(horizon)) / 4)
    cost = pd.DataFrame(run[:, None] * growth, index=names, columns=horizon)
    fiscal = np.asarray(horizon.qyear)
    rows = []
    for i, name in enumerate(fund_names):
        share = np.where(
            shared & (funds > 1), {"general": 0.4, "federal": 0.6}.get(str(name), 0.0), (paying == i) * 1.0
        )
        for y, year in enumerate(sorted(set(fiscal))):
            base = float((systems["units"].to_numpy() * share) @ cost.to_numpy()[:, fiscal == year].sum(axis=1))
            ease = headroom[min(y, len(headroom) - 1)]
            rows.append(
                {"fund": str(name), "fiscal_year": int(year), "amount": base * ease, "carry_forward": carry_forward}
            )
    total = int(systems["units"].sum())
    blank = by_hand({"x": {}}, years=years, appropriations=rows)
    return blank.replace(
        systems=systems,
        run_cost=cost,
        capacity=pd.DataFrame(
            [
                (skill, int(year), total * hours / years)
                for skill, hours in (("migration", 26.0), ("application", 22.0))
                for year in sorted(set(fiscal))
            ],
            columns=["skill", "fiscal_year", "hours"],
        ),
        starts=pd.Series({int(year): max(3.0, round(total / len(horizon) * 0.9)) for year in sorted(set(fiscal))}),
        freezes=tuple(horizon[:1]),
    )


_NAMES = ("retire", "rehost", "relocate", "replatform", "repurchase", "refactor")
_CHANCES = (0.1, 0.95, 0.6, 0.6, 0.3, 0.3)


def intertwined(
    count: int = 200,
    *,
    seed: int = 0,
    sites: int = 8,
    waits: int | None = None,
    groups: float = 0.2,
    carry_forward: float = 0.5,
    modern_share: Mapping[int, float] | None = None,
    **more: Any,
) -> Portfolio:
    """An estate with everything at once: groups of one site, systems that wait for others, sites that close.

    Twice in five systems wait for another unless `waits` says how many; the rent of all sites is a tenth of run cost.
    """
    plain = made_up(count, seed=seed, units=1.0, groups=0.0, carry_forward=carry_forward, **more)
    random = np.random.default_rng([seed, 1])
    halls = pd.Index([f"hall{j:02d}" for j in range(sites)], name="site", dtype="str")
    home = random.integers(0, sites, count)
    group = np.full(count, "", dtype=object)
    for hall in range(sites):
        here = random.permutation(np.flatnonzero(home == hall))
        here = here[: 3 * int(groups * len(here) / 3)]
        group[here] = [f"{halls[hall]}-{i // 3}" for i in range(len(here))]
    systems = plain.systems.assign(site=pd.Series(halls[home], index=plain.systems.index, dtype="str"), side="legacy")
    systems["group"] = pd.Series(group, index=systems.index, dtype="str")
    rent = 0.1 * plain.run_cost.to_numpy().sum() / 5 / sites * random.lognormal(0, 0.3, sites)
    table_of_sites = pd.DataFrame({**SITE, "annual_fixed_cost": rent, "closure_cost": 0.3 * rent}, index=halls).astype(
        {"lease_end": "datetime64[ns]", "fund": "str"}
    )
    appropriations = plain.appropriations.copy()
    appropriations.loc[appropriations["fund"] == "general", "amount"] += rent.sum()
    # a system waits for one that comes before it, and so does a group: nothing ever waits for itself
    alone = np.where(group == "", np.arange(count).astype(str), group)
    rank = pd.Series(np.arange(count)).groupby(alone).transform("min").to_numpy()
    pairs = random.integers(0, count, (4 * (2 * count // 5 if waits is None else waits) + 8, 2))
    late, early = (np.where(rank[pairs[:, 0]] > rank[pairs[:, 1]], pairs[:, i], pairs[:, 1 - i]) for i in (0, 1))
    known = pd.DataFrame({"late": late, "early": early}).drop_duplicates()
    known = known[rank[known["late"]] > rank[known["early"]]]
    known = known.iloc[: 2 * count // 5 if waits is None else waits]
    names = systems.index.to_numpy()
    lags = random.integers(0, 7, len(known)).astype(float)
    return plain.replace(
        systems=systems,
        sites=table_of_sites,
        closes_sites=True,
        appropriations=appropriations,
        dependencies=pd.DataFrame({"system": names[known["late"]], "needs": names[known["early"]], "lag": lags}),
        modern_share=pd.Series({2029: 0.12, 2031: 0.25} if modern_share is None else dict(modern_share), dtype=float),
    )
