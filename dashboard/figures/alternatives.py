"""What else costs nearly as little? A strip a plan: how many servers begin to move in each quarter."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.figures.canvas import Drawing, beside, canvas, nothing, say, stroke
from dashboard.figures.roadmap import LEFT, RIGHT, Horizon, year_axis
from dashboard.format import count, money, percent
from dashboard.theme import SMALL, Palette

PITCH = 58
"""Pixels a strip."""
_HIGH = 0.8


def alternatives(starts: pd.DataFrame, plans: pd.DataFrame, h: Horizon, p: Palette) -> Any:
    """The plan shown in ink, then the others, all on one scale.

    Args:
        starts: `measures.choices.starts`.
        plans: `measures.choices.alternatives`.
        h: the time axis.
        p: the colours.
    """
    if plans.empty or starts.empty or not h.quarters:
        return nothing(p, "No other plan yet.")
    shown = [(0, "Plan shown", "")]
    shown += [
        (int(r["plan"]), f"Plan {int(r['plan'])}", f"{percent(r['dearer'], 1)} dearer, {money(r['dollars'])}")
        for r in plans.to_dict("records")
    ]
    drawing = canvas(p, PITCH * len(shown) + 40, left=LEFT, right=RIGHT, top=32, bottom=8)
    for edge in range(0, h.length + 1, 4):
        stroke(drawing, edge, 0, edge, -len(shown), p.rule, layer="below")
    top = max(float(starts["units"].max()), 1.0)
    for i, (plan, name, note) in enumerate(shown):
        _strip(drawing, starts[starts["plan"] == plan], (name, note), -float(i + 1), top, h, p)
    drawing.plot.update_layout(barmode="overlay")
    year_axis(drawing, h, p)
    drawing.plot.update_yaxes(visible=False, range=[-len(shown) - 0.05, 0])
    return drawing.done()


def _strip(
    drawing: Drawing, rows: pd.DataFrame, words: tuple[str, str], floor: float, top: float, h: Horizon, p: Palette
) -> None:
    order = {q: i for i, q in enumerate(h.quarters)}
    rows = rows[rows["start"].isin(order)]
    name, note = words
    drawing.plot.add_bar(
        x=[order[q] + 0.5 for q in rows["start"]],
        y=[_HIGH * u / top for u in rows["units"]],
        base=floor,
        width=0.86,
        marker={"color": p.edge if note else p.ink, "line": {"width": 0}},
        customdata=[[q, count(u, "server")] for q, u in zip(rows["start"], rows["units"], strict=True)],
        name=name,
        hovertemplate="%{fullData.name}, %{customdata[0]}<br><b>%{customdata[1]}</b> begin to move<extra></extra>",
    )
    stroke(drawing, 0, floor, h.length, floor, p.rule)
    say(drawing, 0, floor + 0.5, f"<b>{name}</b>", p.ink, xref="paper", xshift=-LEFT)
    if note:
        say(drawing, 0, floor + 0.18, note, p.quiet, size=SMALL, xref="paper", xshift=-LEFT)
    beside(drawing, floor + 0.5, f"<b>{int(rows['units'].sum()):,}</b>", p.ink, 8, SMALL)
    beside(drawing, floor + 0.18, "move", p.quiet, 8, SMALL)
