"""The block of the Outlook about the versions of the budget."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import html

from dashboard import cards
from dashboard.format import DASH, fy
from dashboard.look import View
from dashboard.measures import budget as measure
from dashboard.measures import year_end
from dashboard.pages.outlook import sentences

QUESTION = "What was asked for, and what was enacted?"
HEADS = {
    "cost_to_continue": "Cost to continue, $M",
    "request": "Asked for, $M",
    "enacted": "Enacted, $M",
    "as_revised": "As revised, $M",
    "forecast": "Forecast, $M",
    "actual": "Spent, $M",
}
MOST = 100
"""Lines in the table of the page; the file holds all."""


def budget(view: View, cut: str, part: str) -> Any:
    """Versions by fiscal year, and behind them the lines of years of which there is a request and what was enacted."""
    table, changes = measure.by_year(view.showing, cut, part), measure.changes(view.showing, cut, part)
    earlier = "version" not in view.showing.versions
    answer = sentences.budget(table, changes, _lines(changes), cut, earlier)
    frame = line_frame(view, cut, part)
    more = len(frame) - MOST
    note = f"{more:,} more lines in the file" if more > 0 else ""
    shown = cards.plain_table(year_frame(table), QUESTION, hidden=True)
    return cards.block(
        "budget",
        QUESTION,
        answer,
        cards.scrolled(shown, f"By fiscal year: {QUESTION}") if len(table) else html.Div(),
        foot=cards.foot("budget", f"{QUESTION} Line by line", view, "outlook", frame.head(MOST), note),
    )


def year_frame(table: pd.DataFrame) -> pd.DataFrame:
    """A row a fiscal year."""
    columns: dict[str, Any] = {"Fiscal year": pd.Series([fy(int(year)) for year in table["year"]], dtype=str)}
    if table["biennium"].ne("").any():
        columns["Biennium"] = table["biennium"].astype(str).str.replace("-", DASH).to_numpy()
    return pd.DataFrame(columns | _millions(table))


def line_frame(view: View, cut: str, part: str) -> pd.DataFrame:
    """A row a line and year of which there is both what was asked for and what was enacted."""
    changes = measure.changes(view.showing, cut, part)
    columns: dict[str, Any] = {"Line": pd.Series(_lines(changes), dtype=str)}
    columns["Fiscal year"] = [fy(int(year)) for year in changes["year"]]
    return pd.DataFrame(columns | _millions(changes) | {"Change, $M": changes["change"].astype(float).to_numpy() / 1e6})


def _millions(table: pd.DataFrame) -> dict[str, Any]:
    """The versions of which anything is known, each under its head."""
    known = {head: table[name].astype(float) for name, head in HEADS.items() if table[name].notna().any()}
    return {head: (amounts / 1e6).to_numpy() for head, amounts in known.items()}


def _lines(changes: pd.DataFrame) -> list[str]:
    return year_end.lines(changes.rename(columns={"line_item": "program"}))
