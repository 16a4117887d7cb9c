"""What is a plan worth against habit? A line a policy: P5 to P95, a dot at the median, a tick at P80."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.figures.canvas import Drawing, canvas, money_ticks, nothing, say, stroke
from dashboard.format import chance, fy, money, percent
from dashboard.measures.futures import PLAN
from dashboard.theme import SMALL, Palette

PITCH = 64
LEFT, RIGHT = 216, 290
COLUMNS = (100, 190, 280)
"""Pixels from the plot to the right edge of each column."""
MARKS = (("p05", "P5", "center"), ("p50", "median", "right"), ("p80", "P80", "left"), ("p95", "P95", "center"))
"""What the ends, the dot and the tick are called below the last line, and on which side."""


def policies(table: pd.DataFrame, year: int, p: Palette, narrow: bool = False) -> Any:
    """Policies in the same futures, that of the plan shown in the median's colour.

    Args:
        table: `measures.futures.policies`.
        year: the fiscal year at whose end legacy share and servers are told.
        p: the colours.
        narrow: under 640 pixels: name and figures above each line instead of columns beside it.
    """
    if table.empty:
        return nothing(p, "No futures yet.")
    count = len(table)
    left, right = (8, 12) if narrow else (LEFT, RIGHT)
    drawing = canvas(p, PITCH * count + 78, left=left, right=right, top=46, bottom=32)
    for i, row in enumerate(table.to_dict("records")):
        _line(drawing, row, -i, p)
        if narrow:
            _above(drawing, row, -i, p)
        else:
            _columns(drawing, row, -i, p)
        if i < count - 1:
            stroke(drawing, 0, -i - 0.5, 1, -i - 0.5, p.rule, xref="paper")
    if not narrow:
        heads = ("Within every<br>appropriation", f"Legacy<br>{fy(year)}", "Servers<br>moved")
        for shift, text in zip(COLUMNS, heads, strict=True):
            say(drawing, 1, 1, text, p.quiet, "right", SMALL, "bottom", xref="paper", yref="paper",
                xshift=shift, yshift=8)  # fmt: skip
    _marks(drawing, table.iloc[-1], 1 - count, p)
    low, high = float(table["p05"].min()), float(table["p95"].max())
    room = max((high - low) * 0.04, high * 0.005, 1.0)
    ticks, labels = money_ticks(low - room, high + room, most=3 if narrow else 5)
    drawing.plot.update_xaxes(
        tickvals=ticks, ticktext=labels, side="top", range=[low - room, high + room], showgrid=True, gridcolor=p.rule
    )
    drawing.plot.update_yaxes(visible=False, range=[-count + 0.4, 0.62])
    return drawing.done()


def _line(drawing: Drawing, row: dict[Any, Any], y: float, p: Palette) -> None:
    own = row["policy"] == PLAN
    stroke(drawing, row["p05"], y, row["p95"], y, p.median if own else p.edge, 7 if own else 5, layer="below")
    stroke(drawing, row["p80"], y - 0.19, row["p80"], y + 0.19, p.ink, 2, layer="below")
    drawing.plot.add_scatter(
        x=[row["p50"]],
        y=[y],
        mode="markers",
        marker={"size": 15 if own else 12, "color": p.ink, "line": {"color": p.page, "width": 2}, "opacity": 1},
        name=row["title"],
        text=[
            f"{row['title']}<br>Median <b>{money(row['p50'])}</b><br>P5 {money(row['p05'])}, P80 {money(row['p80'])}, "
            f"P95 {money(row['p95'])}<br>{int(row['futures']):,} futures"
        ],
        hovertemplate="%{text}<extra></extra>",
    )


def _columns(drawing: Drawing, row: dict[Any, Any], y: float, p: Palette) -> None:
    own = row["policy"] == PLAN
    strong = ("<b>", "</b>") if own else ("", "")
    note = "shown above" if own else f"{int(row['futures']):,} futures"
    say(drawing, row["p50"], y + 0.2, money(row["p50"]), p.ink, "center", SMALL, "bottom")
    name = f"{strong[0]}{row['title']}{strong[1]}<br><span style='color:{p.quiet};font-size:{SMALL}px'>{note}</span>"
    say(drawing, 0, y, name, p.ink, xref="paper", xshift=-LEFT)
    legacy = "–" if pd.isna(row["legacy"]) else percent(row["legacy"])
    figures = (chance(row["chance"]), legacy, f"{row['units']:,.0f}")
    for shift, text in zip(COLUMNS, figures, strict=True):
        say(drawing, 1, y, f"{strong[0]}{text}{strong[1]}", p.ink, "right", xref="paper", xshift=shift)


def _above(drawing: Drawing, row: dict[Any, Any], y: float, p: Palette) -> None:
    strong = ("<b>", "</b>") if row["policy"] == PLAN else ("", "")
    text = f"{strong[0]}{row['title']}{strong[1]} {money(row['p50'])}, {chance(row['chance'])} within"
    say(drawing, 0, y + 0.2, text, p.ink, size=SMALL, valign="bottom", xref="paper")


def _marks(drawing: Drawing, row: pd.Series, y: float, p: Palette) -> None:
    """`MARKS` below the last line."""
    for column, text, anchor in MARKS:
        say(drawing, float(row[column]), y - 0.26, text, p.quiet, anchor, SMALL, "top")
