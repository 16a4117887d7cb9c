"""The blocks of the Outlook about the fiscal year under way, and about what people set by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import html

from dashboard import cards
from dashboard.figures import year_end as figure
from dashboard.format import NARROW, fy, named, percent
from dashboard.look import View
from dashboard.measures import year_end as measure
from dashboard.pages.outlook import sentences

YEAR_END = "Where will this year end?"
VARIANCE = "Why do we differ from the budget?"
OVERRIDES = "What did people set by hand?"
SHOWN = 12


def year_end(view: View, cut: str, part: str) -> Any:
    """Spent to date, the projected year end and the appropriation, by fund or agency."""
    rows, now = measure.year_end(view.showing, cut, part), measure.under_way(view.showing)
    answer = sentences.year_end(now, rows, named(part) if part else "")
    if rows.empty or now is None:
        return cards.block("year-end", YEAR_END, answer, html.Div(), foot=_file(view, "year-end", YEAR_END))
    look = view.look
    drawn = cards.picture("year-end", figure.year_end(rows, _whole(part), look.palette, look.narrow), answer)
    marks = cards.key(
        ("past", "Spent"),
        ("median", "Year end"),
        ("band-80", "4 in 5"),
        ("band-95", "19 in 20"),
        ("limit", "Appropriation"),
    )
    return cards.block(
        "year-end",
        YEAR_END,
        answer,
        html.Div([marks, drawn]) if look.narrow else drawn,
        foot=cards.foot("year-end", YEAR_END, view, "outlook", year_end_frame(rows, _whole(part)), _note(view, rows)),
    )


def year_end_frame(rows: pd.DataFrame, whole: str) -> pd.DataFrame:
    """The table of `year_end`."""
    names = [named(n) if n else whole for n in map(str, rows["name"])]
    millions = {
        "Spent, $M": "spent",
        "Encumbered, $M": "encumbered",
        "Year end, $M": "mean",
        "1 in 10 below, $M": "lo_80",
        "1 in 10 above, $M": "hi_80",
        "1 in 40 below, $M": "lo_95",
        "1 in 40 above, $M": "hi_95",
        "Appropriation, $M": "appropriated",
        "May lapse, $M": "expected_lapse",
        "May be overspent, $M": "expected_overspend",
    }
    columns: dict[str, Any] = {"Part": pd.Series(names, dtype=str)}
    columns |= {head: (_numbers(rows, name) / 1e6).to_numpy() for head, name in millions.items()}
    return pd.DataFrame(columns | {"Chance to overspend, %": (_numbers(rows, "chance_over") * 100).to_numpy()})


def variance(view: View, cut: str, part: str) -> Any:
    """Budget to date against actual, by line, in timing and level."""
    rows = measure.variance(view.showing, cut, part)
    note = "above zero: less is spent than budgeted to date" if len(rows) else ""
    return table_block(
        "variance", VARIANCE, sentences.variance(rows, cut), variance_frame(rows), view, span=12, note=note
    )


def variance_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """The table of `variance`."""
    money = {
        "Budget to date, $M": "budget_to_date",
        "Spent, $M": "spent",
        "Variance, $M": "variance",
        "Timing, $M": "timing",
        "Level, $M": "level",
        "Appropriation, $M": "appropriated",
    }
    columns: dict[str, Any] = {"Line": pd.Series(measure.lines(rows), dtype=str)}
    return pd.DataFrame(columns | {head: (_numbers(rows, name) / 1e6).to_numpy() for head, name in money.items()})


def overrides(view: View) -> Any:
    """Who set what, why, what the models say there, and who was nearer once it came."""
    rows = measure.overrides(view.showing)
    answer = sentences.overrides(rows, measure.lines(rows))
    return table_block(
        "overrides", OVERRIDES, answer, override_frame(rows), view, span=12, wrap=("Line", "Reason", "Author")
    )


def override_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """The table of `overrides`."""
    columns: dict[str, Any] = {"Line": pd.Series(measure.lines(rows), dtype=str)}
    columns["Fiscal year"] = [fy(int(year)) for year in _numbers(rows, "period")]
    money = {
        "By hand, $M": "amount",
        "Models, $M": "model_mean",
        "Change, $M": "change",
        "Came to, $M": "actual",
    }
    columns |= {head: (_numbers(rows, name) / 1e6).reindex(rows.index).to_numpy() for head, name in money.items()}
    for head, name in (("By hand off, %", "smape"), ("Models off, %", "model_smape")):
        columns[head] = _numbers(rows, name).reindex(rows.index).to_numpy()
    for head, name in (("Reason", "reason"), ("Author", "author"), ("Date", "date")):
        columns[head] = rows[name].astype(str).to_numpy() if name in rows else []
    return pd.DataFrame(columns)


def table_block(
    key: str,
    question: str,
    answer: str,
    frame: pd.DataFrame,
    view: View,
    *,
    span: int = 6,
    note: str = "",
    wrap: tuple[str, ...] = (),
) -> Any:
    """A block whose picture is its table, cut to the first rows."""
    content = (
        cards.scrolled(cards.plain_table(frame.head(SHOWN), question, hidden=True, wrap=wrap), f"Table: {question}")
        if len(frame)
        else html.Div()
    )
    more = len(frame) - SHOWN
    said = "; ".join(t for t in (note, f"{more:,} more in the file" if more > 0 else "") if t)
    return cards.block(key, question, answer, content, span=span, foot=_file(view, key, question, said))


def _file(view: View, key: str, question: str, note: str = "") -> list[Any]:
    return [cards.csv_link(key, question, view, "outlook"), cards.source(view, note)]


def _whole(part: str) -> str:
    return named(part) if part else "All funds"


def _note(view: View, rows: pd.DataFrame) -> str:
    """Where the axis starts, and how good this was in past years beside the run rate, its naive rival."""
    start = figure.axis(rows)[0]
    said = ["shares of the appropriation" if rows["appropriated"].gt(0).all() else "shares of the year end"]
    said += [f"axis starts at {start * 100:.0f}{NARROW}%"] if start > 0 else []
    told = view.showing.summary.get("year_end") or {}
    ours, naive = told.get("smape"), told.get("naive_smape")
    if ours is not None and naive is not None:
        tried = f"in past years at this month off by {percent(ours / 100, 1)}"
        said.append(f"{tried}, the run rate by {percent(naive / 100, 1)}")
    if len(rows) > figure.MOST + 1:
        said.append(f"{len(rows) - figure.MOST - 1} more in the table")
    return "; ".join(said)


def _numbers(rows: pd.DataFrame, name: str) -> pd.Series:
    return rows[name].astype(float) if name in rows else pd.Series(dtype=float)
