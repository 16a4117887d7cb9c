"""The fiscal year under way: where it will end, why that is not what was budgeted, and what people set by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from dashboard.format import named
from dashboard.measures.money import ALL
from dashboard.measures.outlook import KEYS, is_sum
from scenarios.results import Results

WITHIN = MappingProxyType({"": "fund", "agency": "fund", "fund": "agency", "category": "fund"})
"""The key by which each cut is told apart further."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """How far the year under way is."""

    year: int
    closed: int
    of: int

    @property
    def periods(self) -> str:
        """What is counted."""
        return "months" if self.of == 12 else "quarters"


def under_way(results: Results) -> UnderWay | None:
    """How far the year under way is; None where the results hold none."""
    rows = results.year_end
    if rows.empty:
        return None
    year, closed, of = (int(rows[name].iloc[0]) for name in ("period", "closed", "of"))
    return UnderWay(year, closed, of)


def year_end(results: Results, cut: str = "", part: str = "") -> pd.DataFrame:
    """The whole (or one part) and what it is made of, largest first: `name` and the columns of the file.

    The first row, named with a blank, is the sum of the others; a sum of one thing stands alone.
    """
    rows, within = results.year_end, WITHIN[cut]
    if rows.empty:
        return rows.assign(name=pd.Series(dtype=str))
    told = {cut: part} if cut else {}
    whole = rows[is_sum(rows, told)].assign(name="")
    values = sorted(set(rows[within].astype(str)) - {ALL})
    parts = pd.concat([rows[is_sum(rows, {**told, within: value})].assign(name=value) for value in values])
    parts = parts.sort_values("mean", ascending=False, kind="stable") if len(parts) > 1 else parts.iloc[:0]
    return pd.concat([whole, parts], ignore_index=True)


def variance(results: Results, cut: str = "", part: str = "") -> pd.DataFrame:
    """Budget against actual to date at the keys of the appropriations, the largest first; of everything or one part."""
    rows = results.variance
    if rows.empty or not cut:
        return rows
    return rows[rows[cut].astype(str) == part].reset_index(drop=True)


def lines(rows: pd.DataFrame) -> list[str]:
    """A name for each row, of the keys that it tells; a program named for its agency is left out."""
    keys = [k for k in KEYS if k in rows]
    return [_name(dict(zip(keys, map(str, row), strict=True))) for row in rows[keys].itertuples(index=False, name=None)]


def _name(told: Mapping[str, str]) -> str:
    agency = told.get("agency", "")
    again = bool(agency) and told.get("program", "").startswith(agency)
    said = [v for k, v in told.items() if v not in ("", ALL) and not (k == "program" and again)]
    return " / ".join(named(v) for v in said) or "All lines"


def overrides(results: Results) -> pd.DataFrame:
    """What was set by hand, with `change`: the amount less what the models say."""
    rows = results.overrides
    if rows.empty:
        return rows
    return rows.assign(change=rows["amount"] - rows["model_mean"])
