"""What a limit is called and what one more unit of it is worth, in words; the same on every page."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from dashboard.format import bare, count, fy, money, named
from dashboard.words import slot

KINDS = MappingProxyType(
    {
        "starts": "Starts",
        "hours": "Hours of work",
        "procurement": "Open purchases",
        "appropriation": "Appropriations",
        "sweep": "Appropriations after the sweep of savings",
        "transfers": "Transfers between appropriations",
        "modern_share": "Share of modern systems",
        "risk_ceiling": "Ceiling on risk",
    }
)
"""Kinds of limits as headings."""
_ITSELF = MappingProxyType({"starts": "start", "procurement": "open purchase"})
"""Kinds of which one more needs no other name."""
_MONEY = ("appropriation", "sweep", "transfers")


def kind_name(limit: str) -> str:
    """A kind of limit as a heading."""
    return KINDS.get(limit, named(limit))


def within(limit: str) -> str:
    """A kind of limit within a sentence: `hours of work`."""
    return inside(kind_name(limit))


def when(row: pd.Series) -> str:
    """`2028Q2`, `FY2028`, or blank where a limit is of no time."""
    return str(row["quarter"] or (fy(int(row["year"])) if row["year"] else ""))


def limit_name(row: pd.Series) -> str:
    """A limit's row in words: `general appropriation FY2028`, `migration hours 2027Q3`."""
    return inside(f"{subject_name(str(row['limit']), str(row['subject']))} {when(row)}".strip())


def inside(name: str) -> str:
    """A name within a sentence: `general`, but `IT capital`."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def subject_name(limit: str, subject: str) -> str:
    """What a limit is on, whatever the time: `IT capital appropriation`, `Migration hours`, `Starts`."""
    return named(f"{subject} {limit}" if subject else limit)


def one_more(row: pd.Series) -> str:
    """One unit of a limit: `One more hour of migration in 2028Q2`."""
    limit, subject = str(row["limit"]), str(row["subject"])
    time = f" in {when(row)}" if when(row) else ""
    what = inside(named(subject)) if subject else ""
    if str(row["unit"]) == "USD":
        of = f"of {what} money" if limit in _MONEY and what else f"under the {within(limit)}"
        return f"One more dollar {of}{time}"
    if limit in _ITSELF:
        return f"One more {_ITSELF[limit]}{time}"
    return f"One more {_one(str(row['unit']))} {f'of {what}' if what else f'under the {within(limit)}'}{time}"


def each(row: pd.Series, column: str = "price") -> str:
    """What one unit is worth: `$38`, `$0.40`."""
    value = float(row[column])
    return f"${value:,.2f}" if str(row["unit"]) == "USD" else money(value)


def price(row: pd.Series) -> str:
    """What one more unit of a limit is worth, in words."""
    if not float(row["price"]) > 0:
        return "One more is worth nothing."
    return f"{one_more(row)} is worth {slot(each(row))}."


def short_price(row: pd.Series) -> str:
    """What one more unit is worth, for a table: `$38 an hour`."""
    unit = str(row["unit"])
    if not float(row["price"]) > 0:
        return "nothing"
    one = "dollar" if unit == "USD" else "start" if str(row["limit"]) == "starts" else _one(unit)
    return f"{each(row)} {'an' if one[0] in 'aeio' or one == 'hour' else 'a'} {one}"


def amount(value: float, row: Mapping[Any, Any] | pd.Series) -> str:
    """So much of a limit: `$1.2M`, `1,200 hours`, `30 starts`."""
    unit = str(row["unit"])
    if unit == "USD":
        return money(value)
    one = "start" if str(row["limit"]) == "starts" else _one(unit)
    return count(value, one) if value >= 1 or not value else f"{bare(value, 1)} {one}s"


def use_of(row: Mapping[Any, Any] | pd.Series) -> str:
    """How much of a limit: `299 of 300 starts`, `$4.8M of $6.0M`."""
    of = amount(float(row["allowed"]), row)
    return f"{money(float(row['used'])) if row['unit'] == 'USD' else format(float(row['used']), ',.0f')} of {of}"


def _one(unit: str) -> str:
    return unit.removesuffix("s")
