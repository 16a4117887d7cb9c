"""Have we the people? One strip a limit, on the roadmap's time axis."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.figures.canvas import Drawing, beside, canvas, nothing, say, stroke
from dashboard.figures.roadmap import LEFT, RIGHT, Horizon, year_axis
from dashboard.format import bare, count
from dashboard.theme import SMALL, Palette
from dashboard.worth import subject_name

_PITCH = 1.75
FULL = 0.999


def capacity(rows: pd.DataFrame, h: Horizon, p: Palette) -> Any:
    """What the plan uses by quarter, full quarters in ink, under the line of what there is.

    Args:
        rows: `measures.moves.capacity`.
        h: the time axis.
        p: the colours.
    """
    if rows.empty or not h.quarters:
        return nothing(p, "No limit is counted by quarter in this study.")
    strips = list(rows.groupby(["limit", "subject"], sort=False))
    drawing = canvas(p, 76 * len(strips) + 40, left=LEFT, right=RIGHT, top=32, bottom=8)
    for i, ((limit, subject), strip) in enumerate(strips):
        _strip(drawing, subject_name(str(limit), str(subject)), strip, -_PITCH * (i + 1), h, p)
    today = h.at(h.today)
    stroke(drawing, today, 0, today, -_PITCH * len(strips), p.ink, layer="below")
    drawing.plot.update_layout(barmode="overlay")
    year_axis(drawing, h, p)
    drawing.plot.update_yaxes(visible=False, range=[-_PITCH * len(strips) - 0.05, -0.6])
    return drawing.done()


def _strip(drawing: Drawing, name: str, rows: pd.DataFrame, floor: float, h: Horizon, p: Palette) -> None:
    order = {q: i for i, q in enumerate(h.quarters)}
    rows = rows[rows["quarter"].isin(order)]
    top = max(float(rows["allowed"].max()), float(rows["used"].max()), 1e-9)
    full = [bool(u >= a * FULL and a > 0) for u, a in zip(rows["used"], rows["allowed"], strict=True)]
    unit = str(rows["unit"].iloc[0]) if len(rows) else ""
    drawing.plot.add_bar(
        x=[order[q] + 0.5 for q in rows["quarter"]],
        y=[u / top for u in rows["used"]],
        base=floor,
        width=0.86,
        marker={"color": [p.ink if f else p.edge for f in full], "line": {"width": 0}},
        customdata=[
            [q, bare(u, 0), bare(a, 0)] for q, u, a in zip(rows["quarter"], rows["used"], rows["allowed"], strict=True)
        ],
        name=name,
        hovertemplate="%{fullData.name} %{customdata[0]}<br>"
        f"<b>%{{customdata[1]}}</b> of %{{customdata[2]}} {unit}<extra></extra>",
    )
    for quarter, allowed in zip(rows["quarter"], rows["allowed"], strict=True):
        x = order[quarter]
        stroke(drawing, x, floor + allowed / top, x + 1, floor + allowed / top, p.appropriation, 1.5)
    stroke(drawing, 0, floor, h.length, floor, p.rule)
    say(drawing, 0, floor + 0.72, f"<b>{name}</b>", p.ink, xref="paper", xshift=-LEFT)
    words = f"full in {count(sum(full), 'quarter')}" if sum(full) else "never full"
    say(drawing, 0, floor + 0.28, words, p.quiet, size=SMALL, xref="paper", xshift=-LEFT)
    if len(rows):
        last = float(rows["allowed"].iloc[-1])
        beside(drawing, floor + last / top - 0.03, f"<b>{bare(last, 0)}</b>", p.ink, 8, SMALL)
        beside(drawing, floor + last / top - 0.34, unit, p.quiet, 8, SMALL)
