"""The study: one system for 58 counties that is to be built anew, as it stood in November 2015.

Put in as published: $449M, 58 counties, the federal half, and the day on which the one large RFP was to go out. What
the old system costs, what may be spent and how long building takes is made up.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from scenarios.library.folders import filled, none_assumed, scenarios_in
from scenarios.parameters import Settings
from scenarios.study import Study, StudyFacts, checked
from scenarios.tables import TABLES

HERE = Path(__file__).parent
NAME = "California, one RFP or modules"
PLANNED = 449e6
"""USD (insider.govtech.com 11/2015)."""
COUNTIES = 58
OLD = 90e6
"""USD a year that the old system costs. Made up."""
MODULE = 10e6
"""Largest project that is advised, USD (18F handbook): the number of modules follows from it."""
FIRST, HORIZON = 2016, 12
APPROPRIATED = 125e6
"""USD a fund and fiscal year. Made up."""
WORK = 16
"""Quarters of building. Made up."""
ABOUT = (
    "Made up, but for what California published in November 2015: $449M for a new child welfare system of 58 counties, "
    "half of it federal, to be bought in one RFP. Costs of the old system, appropriations and the length of the work "
    "are invented."
)


def california(seed: int = 0) -> Study:
    """The study; the baseline buys in one RFP."""
    parameters = {
        "methods": ["single_rfp"],
        "refactor.one_time_cost": round(PLANNED / COUNTIES, 2),
        "refactor.work_quarters": WORK,
        "refactor.application_hours": 0,
        "refactor.migration_hours": 0,
        "modular_rfp.modules": round(PLANNED / MODULE),
        "price_growth": 0,
        "avoidable_share": 1,
        "modern_share": {FIRST + HORIZON - 1: 0.9},
        "contract_bundle": "system",
    }
    facts = StudyFacts(
        name=NAME,
        as_of=datetime.date(FIRST - 1, 11, 24),
        base_year=FIRST,
        horizon=HORIZON,
        made_up=True,
        about=ABOUT,
        seed=seed,
        parameters=parameters,
    )
    systems = pd.DataFrame(
        {
            "system": ["child_welfare"],
            "name": ["Child welfare, by county"],
            "agency": "social_services",
            "units": COUNTIES,
            "group": "child_welfare",
            "annual_run_cost": round(OLD / COUNTIES, 2),
            "fund": "general:0.5|federal:0.5",
            "criticality": 5,
            "strategies": "retain|refactor",
        }
    )
    money = pd.DataFrame(
        [(fund, year, APPROPRIATED) for fund in ("general", "federal") for year in range(FIRST, FIRST + HORIZON)],
        columns=["fund", "fiscal_year", "amount"],
    )
    tables = {name: table.blank() for name, table in TABLES.items()}
    tables |= {"systems": filled("systems", systems), "appropriations": filled("appropriations", money)}
    settings = Settings.defaults().change(parameters, "study", "study.yaml")
    scenarios = MappingProxyType(scenarios_in(HERE))
    return checked(Study(facts, settings, MappingProxyType(tables), none_assumed(), scenarios))
