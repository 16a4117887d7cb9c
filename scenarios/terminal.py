"""A plan's summary as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenarios.results import Results
from scenarios.summary import TRANSITION, fiscal_year

if TYPE_CHECKING:
    from scenarios.comparison import Comparison
    from scenarios.store import Run

MILLION = 1e6


def summary_text(results: Results) -> str:
    """Status, a line a fiscal year, and what it comes to against cost to continue; money in millions of USD."""
    said = results.summary
    head = f"{said['study']}, {said['title']}" + (" (made-up data)" if said["made_up"] else "")
    status = (
        f"{said['status']}, proven gap {100 * said['gap']:.2g} % (${said['gap_usd'] / MILLION:,.1f}M of the objective)"
    )
    moved = f"{said['units_moved']:,} of {said['units_total']:,} units moved to modern by FY{max(said['legacy_share'])}"
    return "\n".join([head, f"  {status}; {moved}", "", *_years(results), "", *_savings(said)])


def _years(results: Results) -> list[str]:
    """The table by fiscal year."""
    flows = results.flows.assign(year=fiscal_year(results.flows["period"]))
    transition = flows[flows["nature"].isin(TRANSITION)].groupby("year")["amount"].sum()
    said = results.summary
    rows = [
        f"  {'$M':8}{'outlay':>10}{'against cost to continue':>27}"
        f"{'transition':>12}{'legacy share':>14}{'units moved':>13}"
    ]
    for year in said["outlay_by_year"]:
        change = -said["net_saving_by_year"][year] / MILLION
        rows.append(
            f"  FY{year:6}{said['outlay_by_year'][year] / MILLION:>10,.1f}{change:>+27,.1f}"
            f"{transition.get(int(year), 0.0) / MILLION:>12,.1f}{said['legacy_share'][year]:>13.1%}"
            f"{said['units_moved_by_year'].get(year, 0):>13,}"
        )
    return rows


def _savings(said: object) -> list[str]:
    figures = pd.Series(said)
    parts = " + ".join(
        f"{name.replace('_', ' ')} {value / MILLION:,.1f}" for name, value in figures["terms"].items() if value
    )
    last = max(figures["outlay_by_year"])
    return [
        f"  {_saving(figures['net_saving'])} by FY{last} against cost to continue; as a present value with the years "
        f"after, {_saving(figures['npv_saving'])}",
        f"  objective {_millions(figures['objective'])}, a present value = {parts}",
        f"  none below {_millions(figures['bound'])} can exist",
    ]


def _saving(amount: float) -> str:
    return f"net {'saving' if amount >= 0 else 'cost'} {_millions(abs(amount))}"


def _millions(amount: float) -> str:
    return f"{'-' if amount < 0 else ''}${abs(amount) / MILLION:,.1f}M"


COLUMNS_SHOWN = 5
"""How many assumptions that differ a terminal shows; the file has all of them."""


def comparison_text(comparison: Comparison, width: int) -> str:
    """Scenarios side by side as a table, assumptions first, and a sentence each."""
    import io

    from rich.console import Console
    from rich.table import Table

    from scenarios.comparison import assumed

    assumptions, results = comparison.assumptions, comparison.results
    shown = list(assumptions.columns[:COLUMNS_SHOWN])
    figures = [name for name in results if not str(name).startswith("outlay_")]
    table = Table(title=f"Held against {comparison.to}", title_justify="left")
    for name in ("scenario", *shown, *figures):
        table.add_column(
            str(name), justify="left" if name in ("scenario", *shown, "status") else "right", overflow="fold"
        )
    for name in results.index:
        own = [assumed(str(column), str(assumptions.at[name, column])) for column in shown]
        table.add_row(str(name), *own, *(_figure(str(f), results.at[name, f]) for f in figures))
    page = Console(file=io.StringIO(), width=width, color_system=None)
    page.print(table)
    if len(assumptions.columns) > len(shown):
        page.print(f"{len(assumptions.columns) - len(shown)} more assumptions differ: --out FILE.csv has all of them.")
    lines = [*comparison.sentences.values(), *(f"note: {note}" for note in comparison.notes)]
    page.print("\n".join(lines), markup=False, highlight=False)
    return str(page.file.getvalue())  # type: ignore[attr-defined]


def _figure(name: str, value: Any) -> str:
    if value is None or value != value:
        return ""
    if name in ("net_saving", "npv_saving", "objective"):
        return _millions(float(value))
    if name in ("legacy_share", "gap"):
        return f"{float(value):.2%}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def runs_text(runs: Sequence[Run]) -> str:
    """A line a recorded run: id, when, study, scenario, what came out."""
    if not runs:
        return "No runs. Record some: reallot run DIR --out OUT --database FILE"
    width = max(8, *(len(run.scenario) for run in runs))
    heads = f"{'run':12}  {'recorded (UTC)':19}  {'scenario':{width}}"
    lines = [f"{heads}  {'status':10}  {'gap':>7}  {'net saving':>12}"]
    for run in runs:
        said = run.summary
        gap = "" if said["gap"] is None else f"{said['gap']:.2%}"
        when = run.recorded_at[:19].replace("T", " ")
        lines.append(
            f"{run.id:12}  {when:19}  {run.scenario:{width}}  {said['status']:10}  {gap:>7}  "
            f"{_millions(said['net_saving']):>12}  {run.study}"
        )
    return "\n".join(lines)
