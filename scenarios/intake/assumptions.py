"""What the intake fills in where the files say nothing, and the record of having done so."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pandas as pd

from scenarios.cost_model import CostModel
from scenarios.intake.errors import IntakeError, Problem
from scenarios.parameters import default_of

ASSUMED_COLUMNS = ("file", "table", "row", "column", "value", "rows", "reason")
"""The columns of a list of assumptions; `row` is blank where one rule filled `rows` rows."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Everything that an import may fill in, each with its default."""

    name: str = "Imported study"
    """Name of the study."""
    fiscal_year_start: float = 7
    """Month in which fiscal years start; 7 in 46 states (NCSL 7/2023)."""
    horizon: float = 5
    """Fiscal years that the plan covers."""
    growth_floor: float = default_of("import.growth_floor")
    """1/year. Appropriations are never assumed to fall faster [B]."""
    growth_ceiling: float = default_of("import.growth_ceiling")
    """1/year. Appropriations are never assumed to grow faster [B]; general funds grew by 4.3 % (NASBO) [D]."""
    agency: str = ""
    """Agency (as a slug) that owns every server; blank: the one with the largest technology spending."""
    fund: str = ""
    """Fund, or split of funds, that pays for every server; blank: as that agency paid in its last year."""
    agency_without_ledger: str = "statewide"
    """Agency that owns every server where there is no ledger."""
    fund_without_ledger: str = "general"
    """Fund that pays for every server where there is no ledger."""
    appropriation_margin: float = default_of("import.appropriation_margin")
    """Without a ledger: by how much the appropriation exceeds today's run cost [B]."""
    appropriation_growth: float = default_of("import.appropriation_growth")
    """1/year. Without a ledger: growth of that appropriation [B]."""
    moved_per_year: float = default_of("import.moved_per_year")
    """Share of the estate that a year's hours can move [B]; Ohio planned 5,000 of 9,000 in five years [O]."""
    migration_hours: float = default_of("import.migration_hours")
    """Hours of migration engineers per server, as for a rehost [B]."""
    application_hours: float = default_of("import.application_hours")
    """Hours of application teams per server, between a rehost and a replatform [B]."""
    room: float = default_of("import.room")
    """Share above cost to continue that an assumed appropriation leaves for moving [B]."""
    cost_model: CostModel = field(default_factory=CostModel)
    """Prices every server that has no run cost of its own; set a coefficient as `cost_model.labour_rate`."""

    @classmethod
    def of(cls, changes: Mapping[str, float | str] | None) -> Assumptions:
        """The defaults with some changed.

        Raises:
            IntakeError: names that are no assumption (with the nearest) and values of the wrong kind; all at once.
        """
        defaults, model = cls(), CostModel()
        plain = {f.name: getattr(defaults, f.name) for f in fields(cls) if f.name != "cost_model"}
        prices = {
            f"cost_model.{f.name}": value
            for f in fields(CostModel)
            if isinstance(value := getattr(model, f.name), float)
        }
        known: dict[str, Any] = {**plain, **prices}
        problems = [p for name, value in (changes or {}).items() for p in _check(name, value, known)]
        if problems:
            raise IntakeError(problems)
        set_prices: dict[str, Any] = {k.partition(".")[2]: float(v) for k, v in (changes or {}).items() if k in prices}
        set_plain: dict[str, Any] = {k: v for k, v in (changes or {}).items() if k in plain}
        return replace(defaults, **set_plain, cost_model=replace(model, **set_prices))


@dataclass(frozen=True, slots=True)
class Filled:
    """One value, or one rule, that was filled in."""

    file: str
    table: str
    column: str
    value: str
    rows: int
    reason: str
    row: str = ""


def assumed_frame(filled: Iterable[Filled]) -> pd.DataFrame:
    """What was filled in, as a table with `ASSUMED_COLUMNS`."""
    rows = [tuple(getattr(f, c) for c in ASSUMED_COLUMNS) for f in filled]
    return pd.DataFrame(rows, columns=list(ASSUMED_COLUMNS)).astype({"rows": "int64"})


def by_value(file: str, table: str, column: str, values: pd.Series, reason: str) -> list[Filled]:
    """One record per distinct value of a column that one rule filled."""
    counts = values.astype(str).value_counts(sort=False)
    return [Filled(file, table, column, str(v), int(n), reason) for v, n in counts.items()]


def _check(name: str, value: object, known: Mapping[str, Any]) -> list[Problem]:
    file = "assumptions"
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        rule = f"Did you mean {near[0]}? Write that" if near else f"Write one of: {', '.join(known)}"
        return [Problem(file, "is not an assumption", rule, value=name)]
    if isinstance(known[name], str):
        return [] if isinstance(value, str) else [Problem(file, "is not text", "Write a name", None, name, str(value))]
    number = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    return [] if number else [Problem(file, "is not a number", "Write a number", None, name, str(value))]
