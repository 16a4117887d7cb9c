"""The study: the estate of the sample state, set back to fiscal year 2012 and to what Ohio spent then.

Inputs that Ohio published: estate, sites, spend and its infrastructure share in FY2012, the money asked for, the pace
of moving. Servers moved, sites closed, shares and savings of the years after come out of the plan.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
import yaml

from scenarios import operating_systems, sample
from scenarios.library.folders import scenarios_in
from scenarios.parameters import Settings
from scenarios.study import Study, checked
from scenarios.tables import STRATEGIES

HERE = Path(__file__).parent
NAME = "Ohio, replayed"
BACK = 14
"""Years by which the sample state is set back: an even number, so that bienniums stay bienniums."""
SPEND = 830e6
"""IT spend of FY2012, USD (GCN 3/2013, citing the Ohio IT Transformation Plan: more than $830M)."""
INFRASTRUCTURE = 0.81
"""Infrastructure share before (DAS: less than 19 cents of each IT dollar on public-facing work; others say 70-80 %)."""
ASKED = 62e6
"""Money for the move, USD (Controlling Board 2014, Route Fifty 8/2014); spread evenly over the years here."""
PLATFORMS = {
    "Microsoft Windows Server 2008 R2 (64-bit)": "Microsoft Windows 2000 Server",
    "Microsoft Windows Server 2012 R2 (64-bit)": "Microsoft Windows Server 2003",
    "Microsoft Windows Server 2016 (64-bit)": "Microsoft Windows Server 2008",
    "Microsoft Windows Server 2019 (64-bit)": "Microsoft Windows Server 2008 R2 (64-bit)",
    "Red Hat Enterprise Linux 6 (64-bit)": "Red Hat Enterprise Linux 4",
    "Red Hat Enterprise Linux 7 (64-bit)": "Red Hat Enterprise Linux 5",
    "Red Hat Enterprise Linux 8 (64-bit)": "Red Hat Enterprise Linux 6",
}
"""What the sample state's servers ran two generations before. Made up, like the mix."""
DONE = ("retain", "retire", "rehost", "relocate")
"""What the program did: it moved servers into a private cloud of the state (datacenterdynamics 2013, GCN 5/2016).
Buying services and rebuilding applications was another budget, and is left out."""
ABOUT = (
    "Made up. A state that does not exist, built to figures that Ohio published for fiscal year 2012: agencies, data "
    "centers, servers, applications, spend. Its systems, names, costs and appropriations are invented."
)


def ohio(seed: int = 0, fitted: Mapping[str, float] | None = None) -> Study:
    """The study; `fitted` are the parameters that are fitted to published figures, by default those of fitted.yaml."""
    today = sample.erie(seed, spend=SPEND, infrastructure=INFRASTRUCTURE)
    tables = {name: _earlier(frame) for name, frame in today.tables.items()}
    tables["systems"] = _systems(tables["systems"])
    # nobody published what needs what
    tables["dependencies"] = tables["dependencies"].head(0)
    tables["appropriations"] = _asked(tables["appropriations"])
    starts = {year - BACK: units for year, units in today.facts.parameters["starts_per_quarter"].items()}
    parameters = {**today.facts.parameters, "starts_per_quarter": starts}
    parameters |= fitted_parameters() if fitted is None else fitted
    facts = today.facts.model_copy(
        update={
            "name": NAME,
            "as_of": datetime.date(today.facts.as_of.year - BACK, 7, 1),
            "base_year": today.facts.base_year - BACK,
            "biennium_start": sample.BASE - BACK,
            "about": ABOUT,
            "parameters": parameters,
        }
    )
    settings = Settings.defaults().change(parameters, "study", "study.yaml")
    scenarios = MappingProxyType(scenarios_in(HERE))
    return checked(replace(today, facts=facts, settings=settings, tables=MappingProxyType(tables), scenarios=scenarios))


def fitted_parameters() -> dict[str, float]:
    """The parameters that were fitted to published figures: at most three."""
    said: dict[str, Any] = yaml.safe_load((HERE / "fitted.yaml").read_text(encoding="utf-8"))
    return {name: float(fit["value"]) for name, fit in said.items()}


def _earlier(frame: pd.DataFrame) -> pd.DataFrame:
    """A table of the sample state with all its years, months and days set back."""
    frame = frame.copy()
    for column in ("period", "fiscal_year"):
        if column in frame:
            text = frame[column].astype(str)
            year = (text.str[:4].astype(int) - BACK).astype(str) + text.str[4:]
            frame[column] = year.astype(frame[column].dtype)
    for column in ("end_of_support", "contract_end", "lease_end", "date"):
        if column in frame:
            frame[column] = pd.to_datetime(frame[column]) - pd.DateOffset(years=BACK)
    return frame


def _systems(systems: pd.DataFrame) -> pd.DataFrame:
    """Platforms of their day; whoever stands in a site that may close can be moved, as it is, to one that stays.

    Ohio's data centers went from 32 to a few: what was not moved to the private cloud was moved into them.
    """
    servers = systems["side"].eq("legacy")
    platform = systems["platform"].replace(PLATFORMS)
    ends = operating_systems.end_of_support(platform).where(servers)
    elsewhere = servers & ~systems["site"].isin(sample.KEPT)
    allowed = _done_then(systems["strategies"])
    allowed = (allowed + "|relocate").where(elsewhere, allowed)
    systems = systems.assign(platform=platform, end_of_support=ends, strategies=allowed)
    past = (pd.Timestamp(sample.BASE - BACK, 7, 1) - ends).dt.days / 365.25
    risk = (25 + 7 * past.clip(-3, 7) + 6 * systems["criticality"]).clip(5, 100).round()
    return systems.assign(risk=risk.where(servers, systems["risk"]))


def _done_then(strategies: pd.Series) -> pd.Series:
    """What Ohio's program did, of what each system allows: servers went to the private cloud as they were, or away."""
    pattern = "|".join(sorted(set(STRATEGIES) - set(DONE)))
    return strategies.str.replace(rf"\|({pattern})\b", "", regex=True)


def _asked(appropriations: pd.DataFrame) -> pd.DataFrame:
    """The IT capital fund holds what Ohio asked for, in equal parts a year."""
    mine = appropriations["fund"].eq("it_capital")
    each = ASKED / appropriations.loc[mine, "fiscal_year"].nunique()
    share = appropriations["amount"] / sample.CAPITAL[-1]
    versions = appropriations["status"].isin(["request", "cost_to_continue"]) & mine
    amount = appropriations["amount"].where(~mine, each).where(~versions, (each * share).round(-3))
    return appropriations.assign(amount=amount)
