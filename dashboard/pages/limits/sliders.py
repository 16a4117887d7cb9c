"""Limits that can be moved by percent: what there is today, what is asked for, and the scenario that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd

from dashboard.format import MINUS, NARROW, bare, fy, listed, money, named
from dashboard.measures.money import fiscal_year
from dashboard.measures.moves import assumption
from dashboard.pages.assumptions import form
from dashboard.pages.plan.locks import free_name
from dashboard.source import Source, title
from dashboard.worth import inside
from scenarios.changes import factor_of
from scenarios.results import Results

MOST = 20
"""Percent up and down that a slider goes."""
LONGEST = 60
"""Letters of a scenario's identifier: one made from one made from another would grow without end."""
COUNTED = MappingProxyType({"starts_per_quarter": "starts", "procurement_capacity": "procurement"})
"""Capacity that is a parameter, with the limit that it sets."""
GROUPS = MappingProxyType({"starts_per_quarter": "Starts", "procurement_capacity": "Open purchases"})


@dataclass(frozen=True, slots=True)
class Slider:
    """One limit that can be moved: a capacity in all years, or an appropriation of one year."""

    key: str
    """`hours/migration`, `starts_per_quarter`, `appropriation/general/2028`."""
    label: str
    low: float
    high: float
    """What there is today, least and most: USD of a year, or units or hours of a quarter."""
    percent: float
    """USD: what 1 % more is worth at most."""
    binding: bool

    @property
    def is_money(self) -> bool:
        """Whether it is an appropriation."""
        return self.key.startswith("appropriation/")


def sliders(results: Results, rows: pd.DataFrame) -> list[Slider]:
    """Every limit that a scenario can move, capacity first.

    Args:
        results: the plan shown.
        rows: `measures.limits.priced`.
    """
    found = []
    for name in (n for n in COUNTED if assumption(results, n) not in ("", "none")):
        found.append(_capacity(name, GROUPS[name], rows[rows["limit"] == COUNTED[name]]))
    hours = rows[rows["limit"] == "hours"]
    for skill, own in hours.groupby("subject", sort=False):
        found.append(_capacity(f"hours/{skill}", f"{named(str(skill))} hours", own))
    for fund in form.amounts(results):
        own = rows[(rows["limit"] == "appropriation") & (rows["subject"] == fund.fund)]
        by_year = own[own["year"] != ""].set_index("year")
        for year, amount in fund.by_year.items():
            price = float(by_year["price"].get(str(year), 0.0))
            binds = bool(by_year["binding"].get(str(year), False))
            key, label = f"appropriation/{fund.fund}/{year}", f"{named(fund.fund)} {fy(year)}"
            found.append(Slider(key, label, amount, amount, price * amount / 100, binds))
    return found


def _capacity(key: str, label: str, rows: pd.DataFrame) -> Slider:
    allowed = rows["allowed"].astype(float)
    low, high = (float(allowed.min()), float(allowed.max())) if len(rows) else (0.0, 0.0)
    return Slider(key, label, low, high, float(rows["percent"].sum()), bool(rows["binding"].any()))


def moved(values: Mapping[str, Any]) -> dict[str, float]:
    """The sliders that are not where they were, in percent, within what a slider allows."""
    numbers = {key: float(value or 0) for key, value in values.items()}
    return {key: float(min(max(n, -MOST), MOST)) for key, n in numbers.items() if n}


def signed(percent: float) -> str:
    """`+5 %` with a true minus."""
    return f"{MINUS if percent < 0 else '+'}{bare(abs(percent), 0 if percent % 1 == 0 else 1)}{NARROW}%"


def told(slider: Slider, percent: float) -> str:
    """What a slider says of itself: what there is, what is asked for, and what that is worth at most."""
    if not percent:
        return _amount(slider, 1.0)
    now = f"{signed(percent)}: {_amount(slider, 1 + percent / 100)}"
    worth = abs(percent) * slider.percent
    if not slider.percent > 0:
        return f"{now}; worth nothing by itself" if percent > 0 else now
    return f"{now}; {f'worth {money(worth)} at most' if percent > 0 else f'costs {money(worth)} at least'}"


def _amount(slider: Slider, factor: float) -> str:
    """`$12.0M`, `300 to 480 a quarter`."""
    if slider.is_money:
        return money(slider.high * factor)
    low, high = (f"{amount * factor:,.0f}" for amount in (slider.low, slider.high))
    return f"{high} a quarter" if low == high else f"{low} to {high} a quarter"


def title_of(asked: Mapping[str, float], known: Sequence[Slider]) -> str:
    """What a plan with other limits is called: `IT capital FY2028 +5 %`, `starts −10 % and 2 more`."""
    said = [f"{inside(s.label)} {signed(asked[s.key])}" for s in known if s.key in asked]
    return said[0] if len(said) == 1 else f"{said[0]} and {len(said) - 1} more"


def scenario(results: Results, asked: Mapping[str, float], rows: pd.DataFrame, taken: Sequence[str]) -> dict[str, Any]:
    """The scenario of the plan shown with limits moved by percent; settings as the Assumptions page makes them."""
    known = sliders(results, rows)
    changed = form.changes(_entered(results, asked), results)
    skills = {key.partition("/")[2]: percent for key, percent in asked.items() if key.startswith("hours/")}
    if skills:
        before = dict((results.manifest.get("scenario") or {}).get("set") or {}).get("capacity") or {}
        years = sorted(set(fiscal_year(results.outlays["period"])))
        changed["capacity"] = {s: rescaled(before.get(s) or {}, years, percent) for s, percent in skills.items()}
    name = title_of(asked, known)
    why = f"What if: {listed(f'{s.label} {signed(asked[s.key])}' for s in known if s.key in asked)}."
    words = f"{results.name} {name.replace('+', 'plus ').replace(MINUS, 'minus ')}"
    slug = free_name(form.slug(words)[:LONGEST].rstrip("_"), taken)
    return form.scenario_with(results, changed, slug, f"{title(results)}, {name}", why)


def _entered(results: Results, asked: Mapping[str, float]) -> form.Entered:
    """The moved limits as figures of the form on the Assumptions page."""
    figures = {
        f.key: round(f.shown * (1 + asked[f.parameter.name] / 100))
        for f in form.fields(results)
        if f.parameter.name in asked
    }
    money_ = {
        f"{row}/{year}": form.shown_amount(amount * (1 + asked.get(f"appropriation/{fund.fund}/{year}", 0.0) / 100))
        for row, fund in enumerate(form.amounts(results))
        for year, amount in fund.by_year.items()
    }
    return form.Entered("", "", figures, money_)


def rescaled(before: Mapping[Any, Any], years: Sequence[int], percent: float) -> dict[int, float | str]:
    """Changes by year, each moved by percent on top of what a scenario sets already and holds until the next year."""
    listed_ = {int(year): change for year, change in before.items()}
    found: dict[int, float | str] = {}
    for year in years:
        first = max((y for y in listed_ if y <= year), default=None)
        found[year] = _on_top(listed_[first] if first is not None else "+0%", percent)
    return found


def _on_top(change: float | str, percent: float) -> float | str:
    if not isinstance(change, str):
        return float(change) * (1 + percent / 100)
    factor = factor_of(change) * (1 + percent / 100)
    return f"{100 * (factor - 1):+.4f}".rstrip("0").rstrip(".") + "%"


def request(source: Source, results: Results, asked: Mapping[str, float], rows: pd.DataFrame) -> dict[str, Any]:
    """The job that plans with other limits; where the sliders stand goes along, so that they stand there again."""
    made = scenario(results, asked, rows, source.scenarios)
    return {**form.request(source, made, results.name), "moved": dict(asked)}
