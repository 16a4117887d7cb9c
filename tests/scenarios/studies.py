"""A small study that tests can write, break and plan: 12 systems, 2 funds, 3 fiscal years."""

from __future__ import annotations

import datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from scenarios.parameters import Settings
from scenarios.study import Study, StudyFacts
from scenarios.tables import LINE_KEYS, TABLES

FIRST, YEARS = 2027, 3


def small_study(seed: int = 0, systems: int = 12, margin: float = 1.05, **facts: object) -> Study:
    """A made-up study drawn from a seed, with history, sites, groups, contracts and two funds."""
    draw = np.random.default_rng(seed)
    estate = _systems(draw, systems)
    spent = (estate["annual_run_cost"] * estate["units"]).groupby(estate["agency"]).sum() * 1.2
    years = range(FIRST, FIRST + YEARS)
    given: dict[str, Any] = {"parameters": {"methods": [], "starts_per_quarter": 8, "risk_price": 15_000}} | facts
    told = StudyFacts(
        name="Testland",
        as_of=datetime.date(FIRST - 1, 7, 1),
        base_year=FIRST - 1,
        horizon=YEARS,
        made_up=True,
        **given,
    )
    history = [
        (y, agency, "it", fund, "infrastructure", share * amount * 1.02, share * amount * 1.02 ** (y - FIRST + 1), 0.0)
        for y in range(FIRST - 6, FIRST)
        for agency, amount in spent.items()
        for fund, share in (("general", 0.6), ("federal", 0.4))
    ]
    total = float(spent.sum())
    money = [
        (fund, y, share * total * margin * 1.03 ** (y - FIRST + 1), 0.5)
        for fund, share in (("general", 0.6), ("federal", 0.4))
        for y in years
    ]
    tables = {
        "systems": estate,
        "dependencies": pd.DataFrame([("s01", "s00", 0)], columns=["system", "needs", "lag"]),
        "sites": pd.DataFrame({"site": ["north", "south"], "fund": "general", "annual_fixed_cost": 1000.0}),
        "spending": pd.DataFrame(history, columns=list(TABLES["spending"].names)),
        "appropriations": pd.DataFrame(money, columns=["fund", "fiscal_year", "amount", "carry_forward"]),
        "capacity": pd.DataFrame(
            [(s, y, 4000.0) for s in ("migration", "application") for y in years],
            columns=["skill", "fiscal_year", "hours"],
        ),
    }
    settings = Settings.defaults().change(told.parameters, "study", "study.yaml")
    none = pd.DataFrame(columns=["table", "column", "value", "rows", "reason"])
    typed = {name: _typed(name, tables[name]) if name in tables else TABLES[name].blank() for name in TABLES}
    return Study(told, settings, MappingProxyType(typed), none, MappingProxyType({}))


def under_way(study: Study, months: int = 11, year: int = FIRST - 1, seed: int = 0) -> Study:
    """The same study with a fiscal year whose books are open after some months, and two closed years before by month.

    The spending table ends before that year; its months come, to the cent, to what the yearly rows of the others say.
    """
    draw = np.random.default_rng(seed)
    spending = study.table("spending")
    last = spending[spending["period"].eq(FIRST - 1)]
    later = [last.assign(period=y, expended=last["expended"] * 1.02 ** (y - FIRST + 1)) for y in range(FIRST, year + 1)]
    every = pd.concat([spending, *later], ignore_index=True)
    rows = every[every["period"].between(year - 2, year)].reset_index(drop=True)
    weight = draw.lognormal(0.0, 0.2, (len(rows), 12))
    amounts = np.round(rows["expended"].to_numpy()[:, None] * weight / weight.sum(axis=1, keepdims=True), 2)
    amounts[:, -1] = np.round(rows["expended"].to_numpy() - amounts[:, :-1].sum(axis=1), 2)
    told = rows.loc[np.repeat(rows.index, 12), list(LINE_KEYS)].reset_index(drop=True)
    names = [str(p) for y in rows["period"] for p in pd.period_range(f"{y - 1}-07", periods=12, freq="M")]
    told = told.assign(period=names, expended=amounts.ravel(), encumbered=np.nan)
    open_from = str(pd.Period(f"{year - 1}-07", "M") + months)
    told = told[told["period"].lt(open_from)].reset_index(drop=True)
    closed = every[every["period"].lt(year)].reset_index(drop=True)
    return study.with_table("spending", closed).with_table("months", _typed("months", told))


def _typed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The table as reading it back would give it."""
    text = frame.copy()
    for column in text:
        text[column] = [
            "" if v is None or v is pd.NaT or v != v else str(v).removesuffix(" 00:00:00") for v in text[column]
        ]
    read, problems, _ = TABLES[name].read(text.astype(str), name)
    assert not problems, problems
    return read


def _systems(draw: np.random.Generator, n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "system": [f"s{i:02d}" for i in range(n)],
            "agency": draw.choice(["health", "taxation"], n),
            "site": draw.choice(["north", "south"], n),
            "units": draw.integers(1, 6, n),
            "group": np.where(np.arange(n) < 2, "pair", ""),
            "platform": draw.choice(
                ["Microsoft Windows Server 2012 R2 (64-bit)", "Red Hat Enterprise Linux 8 (64-bit)"], n
            ),
            "vcpus": draw.choice([2, 4, 8], n),
            "memory_gib": draw.choice([8, 16, 32], n),
            "storage_gib": 100,
            "annual_run_cost": np.round(draw.lognormal(10.4, 0.4, n), 2),
            "fund": draw.choice(["general", "general:0.5|federal:0.5"], n),
            "criticality": draw.integers(1, 6, n),
            "end_of_support": draw.choice(["2023-10-10", "2029-05-31", ""], n),
            "contract_end": draw.choice(["2027-12-31", ""], n),
            "strategies": draw.choice(["", "retain|retire|rehost", "retain|rehost|replatform"], n),
            "exit_fee": draw.choice([500.0, np.nan], n),
        }
    )
