"""The block of Risk about single appropriations: a table of fund by period whose cells below the target are washed."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import html

from dashboard import cards, ids
from dashboard.format import NARROW, percent
from dashboard.look import View
from dashboard.measures import futures as measure
from dashboard.pages.risk import sentences

QUESTION = "Where could the money run short?"
SHOWN = 12
"""Appropriations in sight, the least sure ones; the table has them all."""


def block(view: View, target: float) -> Any:
    """The table, its key, and the choice of the target."""
    results = view.showing
    table = measure.chances(results)
    low = measure.below(table, target)
    answer = sentences.where(low, len(measure.single(table)), target)
    if table.empty:
        return cards.block("chance", QUESTION, answer, html.Div(), span=7, foot=[cards.source(view, "")])
    wide = measure.grid(table)
    more = max(len(wide) - 1 - SHOWN, 0)
    worst = 100 * float(table["error"].max())
    note = sentences.source(measure.played(results), results.futures.get("seed", "unknown"))
    note += f" \u00b7 standard error at most {worst:.1f} points"
    note = f"{more} surer ones in the table \u00b7 {note}" if more else note
    options = [(str(t), percent(t)) for t in measure.TARGETS]
    content = [cards.scrolled(_grid(wide, target), "Chance by fund and year"), _key(target)]
    return cards.block(
        "chance",
        QUESTION,
        answer,
        html.Div(content),
        span=7,
        before=html.Div(cards.choose(ids.RISK_TARGET, "Target", options, str(target)), className="filters"),
        foot=cards.foot("chance", QUESTION, view, "risk", frame(table), note),
    )


def frame(table: pd.DataFrame) -> pd.DataFrame:
    """A row an appropriation and period, for the file."""
    return pd.DataFrame(
        {
            "Fund": [sentences.fund_name(str(f)) for f in table["fund"]],
            "Period": [sentences.period_name(str(p)) for p in table["period"]],
            "Chance to stay within, %": table["chance"].astype(float) * 100,
            "Standard error, points (%)": table["error"].astype(float) * 100,
            "Futures": table["futures"].astype(int),
        }
    )


def _grid(wide: pd.DataFrame, target: float) -> Any:
    shown = wide if len(wide) <= SHOWN + 1 else pd.concat([wide.iloc[:SHOWN], wide.loc[[measure.ALL]]])
    heads = [html.Th(sentences.period_name(str(p)), scope="col") for p in wide.columns]
    rows = [
        html.Tr(
            [
                html.Th(sentences.fund_name(str(fund)), scope="row"),
                *[_cell(float(v), target, fund == measure.ALL) for v in values],
            ],
            className="total" if fund == measure.ALL else "",
        )
        for fund, values in zip(shown.index, shown.to_numpy(dtype=float), strict=True)
    ]
    caption = html.Caption("Chance to stay within each appropriation", className="hidden")
    head = html.Tr([html.Th("Fund", scope="col"), *heads])
    return html.Table([caption, html.Thead(head), html.Tbody(rows)], className="plain chances")


def _cell(value: float, target: float, every: bool) -> Any:
    """A chance, washed below the target and near it; that of keeping all of them has no target."""
    if pd.isna(value):
        return html.Td("\u2013")
    words = _shown(value, target)
    if every or value >= target + measure.NEAR:
        return html.Td(words)
    if value >= target:
        return html.Td(words, className="near")
    flag = html.Span("\u25bc", className="flag", **{"aria-hidden": "true"})
    return html.Td([flag, html.Span(words), html.Span(" below target", className="hidden")], className="low")


def _shown(value: float, target: float) -> str:
    """A chance to one digit, as the terminal shows it; to two where it would read as the target that it misses."""
    if value > 0.999:
        return f"over 99.9{NARROW}%"
    return f"under 0.1{NARROW}%" if value < 0.001 else percent(value, 2 if value < target <= round(value, 3) else 1)


def _key(target: float) -> Any:
    end = min(target + measure.NEAR, 1.0)
    rest = f"unmarked: {percent(end)} or more" if end < 1 else "unmarked: always"
    return html.P(
        [
            html.Span(["\u25bc below ", percent(target)], className="swatch low"),
            html.Span(f"{percent(target)} to under {percent(end)}", className="swatch near"),
            html.Span(rest),
        ],
        className="swatches",
    )
