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
OTHER = ("appropriation", "capacity", "lock")
"""What a scenario may set beside parameters."""
PERCENT = re.compile(r"^([+-]\d+(\.\d+)?|0)\s*%$")
"""A change by percent: `+5%`, `-12.5 %`, `0%`."""


def apply(study: Study, scenario: Scenario) -> Study:
    """The study with the scenario's changes, and those of the scenarios that it is based on, the base first.

    Raises:
        StudyError: changes that name what the study does not have, or do not fit it.
    """
    for step in _chain(study, scenario):
        study = apply_one(study, step)
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


def apply_one(study: Study, scenario: Scenario) -> Study:
    """The study with the changes of this scenario alone; what it makes of the whole is not checked.

    Raises:
        StudyError: as `apply`.
    """
    changes: dict[str, Any] = dict(scenario.set)
    file = f"scenarios/{scenario.name}.yaml"
    problems: list[Problem] = []
    money, hours, locks = (changes.pop(name, {}) for name in OTHER)
    permitted = prevailing(study.table("appropriations")).reset_index(drop=True)
    appropriations, wrong = _appropriations(permitted, money, file, set(study.years))
    problems += wrong
    capacity, wrong = _capacity(study.table("capacity"), hours, file, set(study.years))
    problems += wrong
    systems, wrong = _locks(study.table("systems"), locks, file)
    problems += wrong
    if problems:
        raise ScenarioError(problems, f"The scenario {scenario.name} does not fit the study")
    settings = study.settings.change(changes, scenario.name, file, beside=OTHER)
    changed = dict(settings.changed_by)
    changed |= {"appropriation": scenario.name} if money else {}
    changed |= {"capacity": scenario.name} if hours else {}
    changed |= {"lock": scenario.name} if locks else {}
    study = replace(study, settings=replace(settings, changed_by=changed))
    study = study.with_table("appropriations", appropriations).with_table("capacity", capacity)
    return study.with_table("systems", systems)


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
        own = table["fund"].eq(fund) | (fund == "all")
        whole = own & table["agency"].eq("") & table["line_item"].eq("") if fund != "all" else own
        steps, wrong = _steps(by_year, years, file, f"appropriation.{fund}", "dollars")
        problems += wrong
        for first, until, change in steps:
            rows = whole & table["fiscal_year"].ge(first) & table["fiscal_year"].lt(until)
            if not isinstance(change, str) and rows.groupby(table["fiscal_year"]).sum().gt(1).any():
                problems.append(
                    Problem(file, "names several appropriations a year", "Write a percentage", column=str(fund))
                )
            table.loc[rows, "amount"] = _moved(table.loc[rows, "amount"], change)
    return table, problems


def _capacity(table: pd.DataFrame, changes: Any, file: str, years: set[int]) -> tuple[pd.DataFrame, list[Problem]]:
    """Hours of a skill changed by amount or percent; each change holds until the next year listed."""
    if not isinstance(changes, Mapping):
        return table, [Problem(file, "is not a list by skill", "Write capacity: {migration: {2028: +10%}}")]
    table, problems = table.copy(), []
    skills = list(table["skill"].unique())
    for skill, by_year in changes.items():
        if skill != "all" and skill not in skills:
            problems.append(unknown_name(str(skill), [*skills, "all"], file, "skill of this study"))
            continue
        steps, wrong = _steps(by_year, years, file, f"capacity.{skill}", "hours")
        problems += wrong
        own = table["skill"].eq(skill) | (skill == "all")
        for first, until, change in steps:
            rows = own & table["fiscal_year"].ge(first) & table["fiscal_year"].lt(until)
            table.loc[rows, "hours"] = _moved(table.loc[rows, "hours"], change)
    return table, problems


def _steps(
    by_year: Any, years: set[int], file: str, column: str, unit: str
) -> tuple[list[tuple[int, int, float | str]], list[Problem]]:
    """Each change with its first year and the first in which it no longer holds; what is wrong with the others."""
    if not isinstance(by_year, Mapping):
        return [], [Problem(file, "is not a list by fiscal year", "Write {2028: -5%}", column=column.partition(".")[2])]
    listed = sorted(int(y) for y in by_year if str(y).isdigit())
    steps: list[tuple[int, int, float | str]] = []
    problems = []
    for year, change in by_year.items():
        if wrong := _wrong_change(year, change, years, file, column, unit):
            problems.append(wrong)
        else:
            steps.append((int(year), min([y for y in listed if y > int(year)], default=9999), change))
    return steps, problems


def factor_of(change: str) -> float:
    """What an amount is multiplied by where it changes by percent: `+5%` is 1.05."""
    return 1 + float(change.strip().rstrip("%")) / 100


def _moved(amounts: pd.Series, change: float | str) -> pd.Series:
    """Amounts after a change by percent, or set to an amount."""
    if isinstance(change, str):
        return amounts * factor_of(change)
    return pd.Series(float(change), index=amounts.index)


def _wrong_change(year: Any, change: Any, years: set[int], file: str, column: str, unit: str) -> Problem | None:
    if not str(year).isdigit() or int(year) not in years:
        said = f"Write a year from {min(years)} to {max(years)}"
        return Problem(file, "is not a fiscal year of the horizon", said, column=column, value=str(year))
    if isinstance(change, str) and PERCENT.match(change.strip()) and factor_of(change) >= 0:
        return None
    if isinstance(change, (int, float)) and not isinstance(change, bool) and np.isfinite(change) and change >= 0:
        return None
    remedy = f'Write {unit}, or a change such as "+5%" or "-5%"'
    return Problem(file, "is no amount", remedy, column=f"{column}.{year}", value=str(change))


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
