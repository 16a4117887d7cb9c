"""What must fit between the parameters in force and the tables: names, years, sizes; every problem at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scenarios.errors import Problem
from scenarios.parameters import Settings, parameters
from scenarios.tables import METHODS, QUARTER, STRATEGIES

BOUGHT = tuple(name for name in STRATEGIES if name not in ("retain", "retire"))
"""The strategies for which something is bought: nobody is hired to switch a system off."""

PRICED = ("appropriation", "hours", "starts", "procurement", "modern_share", "risk_ceiling")
"""The limits that may be overrun at a price."""

BUNDLES = ("agency", "system")
"""What may be one contract in a simulated future: see `scenarios.futures.contracts`."""

_WHOLE = ("quarters", "contracts", "fiscal years", "futures")
"""Units of parameters that count things."""
_FROM_YEAR = ("reserve", "savings_sweep", "procurement_capacity", "modern_share", "risk_ceiling")


@dataclass(frozen=True)
class _Case:
    """What the checks look at."""

    settings: Settings
    tables: Mapping[str, pd.DataFrame]
    years: range
    biennium_start: int | None
    file_of: Callable[[str], str]
    """The file that sets a parameter."""

    def problem(self, name: str, value: object, wrong: str, remedy: str, severe: bool = True) -> Problem:
        return Problem(self.file_of(name), wrong, remedy, column=name, value=str(value), severe=severe)

    def unknown(self, name: str, value: str, known: Iterable[str], what: str) -> Problem:
        names = list(known)
        near = difflib.get_close_matches(value, names, n=1, cutoff=0.6)
        remedy = f"Did you mean {near[0]}? Write that" if near else f"Write any of {', '.join(names)}"
        return self.problem(name, value, f"is no {what}", remedy)


def check_settings(
    settings: Settings, tables: Mapping[str, pd.DataFrame], years: range, biennium_start: int | None, file: str
) -> list[Problem]:
    """Everything about the parameters that does not fit, warnings included; `file` is that of the study's own."""

    def file_of(name: str) -> str:
        by = settings.changed_by.get(name, "study")
        return file if by == "study" else f"scenarios/{by}.yaml"

    case = _Case(settings, tables, years, biennium_start, file_of)
    return [*_counts(case), *_names(case), *_sizes(case), *_unbought(case), *_years(case), *_biennium(case)]


def _counts(case: _Case) -> Iterable[Problem]:
    """What counts things is whole."""
    for name, parameter in parameters().items():
        if parameter.kind == "number" and parameter.unit in _WHOLE and case.settings.number(name) % 1:
            value = f"{case.settings.number(name):g}"
            yield case.problem(name, value, "is not a whole number", f"Write a whole number of {parameter.unit}")


def _names(case: _Case) -> Iterable[Problem]:
    """Methods, strategies, quarters, funds and limits that a parameter names exist."""
    settings = case.settings
    known: dict[str, tuple[Iterable[str], Iterable[str], str]] = {
        "methods": (settings.listed("methods"), METHODS, "way to buy"),
        **{
            f"{method}.strategies": (settings.listed(f"{method}.strategies"), BOUGHT, "strategy that is bought")
            for method in METHODS
            if f"{method}.strategies" in settings.values
        },
        "contract_bundle": ([settings.text("contract_bundle")], BUNDLES, "way to bundle contracts"),
        "violation_price": (settings.by_name("violation_price"), PRICED, "limit that can be overrun"),
        **{
            name: (
                settings.by_name(name),
                sorted(case.tables["appropriations"]["fund"].unique()),
                "fund of appropriations",
            )
            for name in ("fund_weights", "fund_reserves")
        },
    }
    for name, (said, names, what) in known.items():
        yield from (case.unknown(name, value, names, what) for value in said if value not in set(names))
    for value in settings.listed("freezes"):
        if not re.match(QUARTER, value):
            yield case.problem("freezes", value, "is not a quarter", "Write a quarter such as 2027Q3")


def _open(case: _Case) -> list[str]:
    return [name for name in METHODS if name in case.settings.listed("methods")]


def _range(case: _Case, method: str) -> tuple[float, float]:
    return case.settings.number(f"{method}.smallest"), case.settings.number(f"{method}.largest")


def _sizes(case: _Case) -> Iterable[Problem]:
    """The smallest contract of a method is not above its largest."""
    for method in _open(case):
        smallest, largest = _range(case, method)
        if smallest > largest:
            wrong = f"is above {method}.largest, {largest:g}, so that nothing can be bought this way"
            remedy = "Write a smaller one, or leave the method out of methods"
            yield case.problem(f"{method}.smallest", f"{smallest:g}", wrong, remedy)


def _unbought(case: _Case) -> Iterable[Problem]:
    """Every strategy that systems may take can be bought, in contracts of any size."""
    systems = case.tables["systems"]
    legacy = systems.loc[systems["side"].eq("legacy"), "strategies"]
    used = set("|".join(legacy.unique()).split("|"))
    for strategy in BOUGHT if _open(case) else ():
        serving = [m for m in _open(case) if strategy in _serves(case, m)]
        if strategy not in used:
            continue
        if not serving:
            wrong = f"names none that may buy {strategy}, which systems may take"
            yield case.problem("methods", ", ".join(_open(case)), wrong, "Add one that may, such as existing_contract")
            continue
        gap = _gap([_range(case, m) for m in serving])
        if gap:
            wrong = f"names none that may buy {strategy} in contracts {gap}"
            remedy = "Add one, or change what it may buy; systems of that size stay as they are"
            yield case.problem("methods", ", ".join(serving), wrong, remedy, severe=False)


def _serves(case: _Case, method: str) -> tuple[str, ...]:
    name = f"{method}.strategies"
    return (case.settings.listed(name) if name in case.settings.values else ()) or BOUGHT


def _gap(ranges: list[tuple[float, float]]) -> str:
    """The first sizes of contracts, in words, that none of some ranges holds; blank where all are held."""
    reached = 0.0
    for smallest, largest in sorted(ranges):
        if smallest > reached:
            return f"from ${reached:,.0f} to ${smallest:,.0f}"
        reached = max(reached, largest)
    most = parameters()["single_rfp.largest"].high or np.inf
    return "" if reached >= most else f"above ${reached:,.0f}"


def _years(case: _Case) -> Iterable[Problem]:
    """A limit by fiscal year begins within the horizon."""
    for name in _FROM_YEAR:
        value = case.settings.values[name]
        first = min((int(y) for y in value), default=None) if isinstance(value, Mapping) else None
        if first is not None and first > case.years[-1]:
            rule = f"Write a year from {case.years[0]} to {case.years[-1]}"
            yield case.problem(name, first, "is after the horizon, so that it limits nothing", rule, severe=False)


def _biennium(case: _Case) -> Iterable[Problem]:
    """Appropriations of two years need to know when a biennium starts, and nothing carries forward within them."""
    if case.settings.number("appropriation_years") < 2:
        return
    if case.biennium_start is None:
        remedy = "Write in study.yaml biennium_start: the first fiscal year of a biennium"
        yield case.problem("appropriation_years", 2, "needs to know when a biennium starts", remedy)
    money = case.tables["appropriations"]
    if money.loc[money["fiscal_year"].isin(list(case.years)), "carry_forward"].gt(0).any():
        wrong = "joins the years of a biennium, and what is left at its end lapses: carry_forward does not count"
        yield case.problem("appropriation_years", 2, wrong, "Write 1 to carry forward from year to year", severe=False)
