"""Puts a scenario's changes into a study: the baseline with a difference, as a new study.

Of its appropriations only the rows that prevail are left: a scenario changes what may be spent, not what was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from scenarios.books import prevailing
from scenarios.errors import Problem, ScenarioError
from scenarios.parameters import unknown_name
from scenarios.scenario import Scenario
from scenarios.study import Study, checked

_LOCK = re.compile(r"^$|^keep$|^[a-z]+@\d{4}Q[1-4]$")
_PERCENT = re.compile(r"^[+-]\d+(\.\d+)?\s*%$")


def apply(study: Study, scenario: Scenario) -> Study:
    """The study with the scenario's changes, and those of the scenarios that it is based on, the base first.

    Raises:
        StudyError: changes that name what the study does not have, or do not fit it.
    """
    for step in _chain(study, scenario):
        study = _apply_one(study, step)
    return checked(study)


def _chain(study: Study, scenario: Scenario) -> list[Scenario]:
    steps, seen = [scenario], {scenario.name}
    while (base := steps[0].based_on) != "baseline" and steps[0].name != "baseline":
        if base in seen:
            raise ScenarioError([Problem(scenario.name, "is based on itself", "Name another scenario", value=base)])
        seen.add(base)
        steps.insert(0, study.scenario(base))
    if steps[0].name != "baseline" and "baseline" in study.scenarios:
        steps.insert(0, study.scenarios["baseline"])
    return steps


def _apply_one(study: Study, scenario: Scenario) -> Study:
    changes: dict[str, Any] = dict(scenario.set)
    file = f"scenarios/{scenario.name}.yaml"
    problems: list[Problem] = []
    money = changes.pop("appropriation", {})
    locks = changes.pop("lock", {})
    permitted = prevailing(study.table("appropriations")).reset_index(drop=True)
    appropriations, wrong = _appropriations(permitted, money, file, set(study.years))
    problems += wrong
    systems, wrong = _locks(study.table("systems"), locks, file)
    problems += wrong
    if problems:
        raise ScenarioError(problems, f"The scenario {scenario.name} does not fit the study")
    settings = study.settings.change(changes, scenario.name, file)
    changed = dict(settings.changed_by)
    changed |= {"appropriation": scenario.name} if money else {}
    changed |= {"lock": scenario.name} if locks else {}
    study = replace(study, settings=replace(settings, changed_by=changed))
    return study.with_table("appropriations", appropriations).with_table("systems", systems)


def _appropriations(
    table: pd.DataFrame, changes: Any, file: str, years: set[int]
) -> tuple[pd.DataFrame, list[Problem]]:
    """Appropriations of whole funds changed by amount or percent; each change holds until the next year listed."""
    if not isinstance(changes, Mapping):
        return table, [Problem(file, "is not a list by fund", "Write appropriation: {general: {2028: -5%}}")]
    table, problems = table.copy(), []
    funds = list(table["fund"].unique())
    for fund, by_year in changes.items():
        if fund != "all" and fund not in funds:
            problems.append(unknown_name(str(fund), [*funds, "all"], file, "fund of this study"))
            continue
        if not isinstance(by_year, Mapping):
            problems.append(Problem(file, "is not a list by fiscal year", "Write {2028: -5%}", column=str(fund)))
            continue
        own = table["fund"].eq(fund) | (fund == "all")
        whole = own & table["agency"].eq("") & table["line_item"].eq("") if fund != "all" else own
        listed = sorted(int(y) for y in by_year if str(y).isdigit())
        for year, change in by_year.items():
            wrong = _wrong_change(year, change, years, file, str(fund))
            if wrong:
                problems.append(wrong)
                continue
            until = min([y for y in listed if y > int(year)], default=9999)
            rows = whole & table["fiscal_year"].ge(int(year)) & table["fiscal_year"].lt(until)
            if isinstance(change, str):
                table.loc[rows, "amount"] *= 1 + float(change.strip().rstrip("%")) / 100
            else:
                if rows.groupby(table["fiscal_year"]).sum().gt(1).any():
                    problems.append(
                        Problem(file, "names several appropriations a year", "Write a percentage", column=str(fund))
                    )
                table.loc[rows, "amount"] = float(change)
    return table, problems


def _wrong_change(year: Any, change: Any, years: set[int], file: str, fund: str) -> Problem | None:
    if not str(year).isdigit() or int(year) not in years:
        said = f"Write a year from {min(years)} to {max(years)}"
        return Problem(
            file, "is not a fiscal year of the horizon", said, column=f"appropriation.{fund}", value=str(year)
        )
    if isinstance(change, str) and _PERCENT.match(change.strip()) and float(change.strip().rstrip("%")) >= -100:
        return None
    if isinstance(change, (int, float)) and not isinstance(change, bool) and np.isfinite(change) and change >= 0:
        return None
    remedy = 'Write dollars, or a change such as "+5%" or "-5%"'
    return Problem(file, "is no amount", remedy, column=f"appropriation.{fund}.{year}", value=str(change))


def _locks(table: pd.DataFrame, locks: Any, file: str) -> tuple[pd.DataFrame, list[Problem]]:
    if not isinstance(locks, Mapping):
        return table, [Problem(file, "is not a list by system", "Write lock: {payroll: keep}")]
    known = pd.Index(table["system"])
    problems = [unknown_name(str(s), list(known), file, "system of this study") for s in locks if s not in known]
    problems += [
        Problem(
            file,
            "is no lock",
            "Write keep, or a strategy and quarter such as rehost@2027Q3",
            column=f"lock.{s}",
            value=str(v),
        )
        for s, v in locks.items()
        if not _LOCK.match(str(v or ""))
    ]
    if problems:
        return table, problems
    wanted = pd.Series({str(s): str(v or "") for s, v in locks.items()}, dtype="str")
    changed = known.isin(wanted.index)
    lock = table["lock"].mask(changed, wanted.reindex(known).set_axis(table.index))
    return table.assign(lock=lock), []
