"""One long table of the results of many scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.changes import PERCENT, factor_of
from scenarios.expand import point_of, settings_text
from scenarios.results import read_json
from scenarios.scenario import Scenario
from scenarios.summary import fiscal_year

COLUMNS = ("scenario", "settings", "measure", "fund", "period", "value")
"""Scenario and what it sets, as text; measure; fund and fiscal year, blank where the figure is of all; the figure.

Measures: `setting.NAME` (what the scenario sets, where that is a number or a percentage, as a fraction of change),
`objective`, `bound`, `gap`, `net_saving`, `npv_saving`, `npv_saving_horizon` (USD, the gap a fraction), `units_total`,
`units_moved`, `term.NAME` (USD), and by year `outlay` (by fund too), `net_saving`, `legacy_share`, `units_moved`.
"""

WHOLE = ("objective", "bound", "gap", "net_saving", "npv_saving", "npv_saving_horizon", "units_total", "units_moved")
YEARLY = {"net_saving": "net_saving_by_year", "legacy_share": "legacy_share", "units_moved": "units_moved_by_year"}

_Row = tuple[str, str, str, float]


def run_table(out: Path, scenarios: Mapping[str, Scenario]) -> pd.DataFrame:
    """`COLUMNS` of the results folders of these scenarios, in their order."""
    rows = [
        (name, settings_text(point_of(scenario)), *row)
        for name, scenario in scenarios.items()
        for row in _rows(out / name, scenario)
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype(dict.fromkeys(COLUMNS[:-1], "str") | {"value": "float64"})


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Writes a table as Parquet, all of it or nothing."""
    draft = path.with_name(f".draft-{path.name}")
    table.to_parquet(draft, index=False)
    draft.replace(path)


def _rows(folder: Path, scenario: Scenario) -> Iterator[_Row]:
    summary = read_json(folder / "summary.json")
    for name, value in point_of(scenario).items():
        if (number := _number(value)) is not None:
            yield f"setting.{name}", "", "", number
    for measure in WHOLE:
        if summary[measure] is not None:
            yield measure, "", "", float(summary[measure])
    for term, value in summary["terms"].items():
        yield f"term.{term}", "", "", float(value)
    outlays = pd.read_csv(folder / "outlays.csv", dtype={"period": "str", "fund": "str"})
    spent = outlays.assign(year=fiscal_year(outlays["period"])).groupby(["fund", "year"])["amount"].sum().reset_index()
    for fund, year, amount in spent.itertuples(index=False, name=None):
        yield "outlay", str(fund), str(year), float(amount)
    for measure, key in YEARLY.items():
        for year, value in summary[key].items():
            yield measure, "", str(year), float(value)


def _number(value: Any) -> float | None:
    """A setting as a number: `-10%` is -0.1; None for what is no number."""
    if isinstance(value, str) and PERCENT.match(value.strip()):
        return round(factor_of(value) - 1, 9)
    return float(value) if isinstance(value, (int, float)) else None
