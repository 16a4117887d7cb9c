"""The study: a small made-up state with biennial money, and the reviews that stand between a request and an award.

Reviews (`cycle.csv`) are days that a purchase takes beside those of its method. In turn, each waits for the one before:
their sum. Together, they run side by side: the longest of them. Both go into the days of every method, `lead_days`;
where reviews get rows of their own in a study, `delays` is the one place to change.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from scenarios.library.folders import filled, none_assumed
from scenarios.parameters import Settings
from scenarios.scenario import Scenario
from scenarios.study import Study, StudyFacts, checked
from scenarios.tables import METHODS, TABLES

HERE = Path(__file__).parent
NAME = "Roundtable"
FIRST, HORIZON = 2017, 6
"""Three bienniums, from July 2016 on, the month in which CIOs and procurement officers met in Charlotte."""
SYSTEMS = 24
AGENCIES = ("health", "revenue", "transportation", "corrections", "natural_resources")
MONEY = 7e6
"""Appropriation for moving, USD a biennium."""
MARGIN = 1.02
"""Appropriation for running over what it costs to continue."""
GROWTH = 0.025
OPEN = 4
"""Purchases that the procurement office can have open at once."""
STARTS = 150
ABOUT = (
    "Made up. A small state that does not exist: its systems, costs, appropriations, reviews and the days that these "
    "take are invented. What buying takes by method and size are the defaults, with their sources."
)


def cycle() -> pd.DataFrame:
    """`step role signs_off days source`: what stands between a request and an award."""
    return pd.read_csv(HERE / "cycle.csv")


def delays() -> tuple[float, float]:
    """Days that reviews add to a purchase: side by side, and each after the other."""
    days = cycle()["days"]
    return float(days.max()), float(days.sum())


def lead_days(more: float) -> dict[str, float]:
    """The base days of every method, and so many more."""
    usual = Settings.defaults()
    return {f"{name}.lead_days": usual.number(f"{name}.lead_days") + more for name in METHODS}


def roundtable(seed: int = 0) -> Study:
    """The study; in the baseline all plan together."""
    together, in_turn = delays()
    values: dict[str, Any] = {
        "appropriation_years": 2,
        "procurement_capacity": OPEN,
        "starts_per_quarter": STARTS,
        "price_growth": GROWTH,
        "contract_bundle": "system",
        **lead_days(together),
    }
    systems = _systems(np.random.default_rng(seed))
    facts = StudyFacts(
        name=NAME,
        as_of=datetime.date(FIRST - 1, 7, 1),
        base_year=FIRST - 1,
        horizon=HORIZON,
        biennium_start=FIRST,
        made_up=True,
        about=ABOUT,
        seed=seed,
        parameters=values,
    )
    tables = {name: table.blank() for name, table in TABLES.items()}
    tables |= {"systems": filled("systems", systems), "appropriations": filled("appropriations", _money(systems))}
    settings = Settings.defaults().change(values, "study", "study.yaml")
    scenarios = MappingProxyType({scenario.name: scenario for scenario in _scenarios(in_turn)})
    return checked(Study(facts, settings, MappingProxyType(tables), none_assumed(), scenarios))


def _scenarios(in_turn: float) -> tuple[Scenario, ...]:
    return (
        Scenario(
            name="on_paper",
            title="What the CIO promises alone",
            why="The plan that goes with the request when nobody has asked procurement: all starts when it should.",
            set={"methods": []},
            not_modelled=("that things must be bought",),
        ),
        Scenario(
            name="reviews_in_turn",
            title="Reviews each after the other",
            why="Each office begins when the one before has signed; methods are still chosen with the plan.",
            set=lead_days(in_turn),
        ),
        Scenario(
            name="one_method",
            title="Everything by a single RFP",
            why="The method is chosen after the plan, by habit: one RFP whatever the size. Reviews run side by side.",
            set={"methods": ["single_rfp"]},
        ),
        Scenario(
            name="apart",
            title="One after the other",
            based_on="one_method",
            why="Both: the CIO asks, each office reviews in turn, and procurement then buys all of it by a single RFP.",
            set=lead_days(in_turn),
        ),
        Scenario(
            name="gates",
            title="Together, with gate reviews that stop",
            why="As the baseline, and a gate review ends a contract that has cost one and a half times its plan.",
            set={"overrun.stop_rule": 1.5},
            not_modelled=("what is lacking when a contract is stopped",),
        ),
    )


def _systems(draw: np.random.Generator) -> pd.DataFrame:
    """Systems of a few to some two hundred servers each, so that contracts run from thousands to millions."""
    units = np.clip(np.round(draw.lognormal(np.log(26), 1.1, SYSTEMS)), 1, 250).astype(int)
    vcpus = draw.choice([2, 4, 8], SYSTEMS, p=[0.4, 0.4, 0.2])
    able = draw.random((SYSTEMS, 2)) < (0.8, 0.4)
    return pd.DataFrame(
        {
            "system": [f"system_{i + 1:02d}" for i in range(SYSTEMS)],
            "agency": draw.choice(AGENCIES, SYSTEMS),
            "units": units,
            "group": [f"g_{i + 1:02d}" for i in range(SYSTEMS)],
            "vcpus": vcpus,
            "memory_gib": 4 * vcpus,
            "storage_gib": 200,
            "annual_run_cost": np.round(draw.lognormal(np.log(38e3), 0.35, SYSTEMS), 2),
            "fund": "general",
            "one_time_fund": "it_capital",
            "criticality": draw.choice([2, 3, 4, 5], SYSTEMS),
            "end_of_support": pd.to_datetime([f"{y}-06-30" for y in draw.integers(2014, 2021, SYSTEMS)]).astype("str"),
            "strategies": [
                "|".join(
                    ["retain", "rehost", *(n for n, yes in zip(("replatform", "repurchase"), row, strict=True) if yes)]
                )
                for row in able
            ],
        }
    )


def _money(systems: pd.DataFrame) -> pd.DataFrame:
    """Two appropriations a fiscal year: to run, above what it costs to continue, and to move."""
    running = float((systems["annual_run_cost"] * systems["units"]).sum())
    years = range(FIRST, FIRST + HORIZON)
    rows = [("general", y, round(running * MARGIN * (1 + GROWTH) ** (y - FIRST + 1), -3)) for y in years]
    rows += [("it_capital", y, MONEY / 2) for y in years]
    return pd.DataFrame(rows, columns=["fund", "fiscal_year", "amount"])
