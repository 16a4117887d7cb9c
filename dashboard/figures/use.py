"""How much of each limit is used? One strip a limit on a common time axis, by kind; what binds in ink."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.figures.canvas import Drawing, beside, canvas, nothing, say, stroke
from dashboard.figures.roadmap import LEFT, RIGHT, Horizon, year_axis
from dashboard.format import count, named, percent
from dashboard.theme import SMALL, Palette
from dashboard.worth import kind_name, use_of

MOST = 16
"""Strips that are drawn; the table holds all."""
PITCH = 46
"""Pixels a strip."""
_HIGH = 0.62
"""Height of what is allowed, in strips."""
_HEAD = 0.66


def use(rows: pd.DataFrame, h: Horizon, p: Palette) -> Any:
    """What the plan uses of each limit, as a share of what is allowed, which is the line.

    Args:
        rows: `measures.limits.use`.
        h: the time axis.
        p: the colours.
    """
    if rows.empty or not h.quarters:
        return nothing(p, "This plan has no limits.")
    strips = list(rows.groupby(["limit", "subject"], sort=False))[:MOST]
    depths, heads, y = [], {}, 0.0
    for i, ((limit, _), _) in enumerate(strips):
        if i == 0 or limit != strips[i - 1][0][0]:
            y -= _HEAD
            if strips[i][0][1]:  # a limit without subjects is named by its strip
                heads[y] = kind_name(str(limit))
        y -= 1.0
        depths.append(y)
    drawing = canvas(p, PITCH * -y + 40, left=LEFT, right=RIGHT, top=32, bottom=8)
    for edge in range(0, h.length + 1, 4):
        stroke(drawing, edge, 0, edge, y, p.rule, layer="below")
    for depth, name in heads.items():
        say(drawing, 0, depth + 0.1, name, p.quiet, size=SMALL, xref="paper", xshift=-LEFT)
    for ((_, subject), strip), depth in zip(strips, depths, strict=True):
        _strip(drawing, str(subject), strip, depth, h, p)
    drawing.plot.update_layout(barmode="overlay")
    year_axis(drawing, h, p)
    drawing.plot.update_yaxes(visible=False, range=[y - 0.06, 0])
    return drawing.done()


def span(period: str, h: Horizon) -> tuple[float, float] | None:
    """Where a quarter, a fiscal year, or what is of no time lies on the axis; None outside of it."""
    known = [i for i, q in enumerate(h.quarters) if q == period or q[:4] == period or not period]
    return (known[0], known[-1] + 1.0) if known else None


def _strip(drawing: Drawing, subject: str, rows: pd.DataFrame, floor: float, h: Horizon, p: Palette) -> None:
    placed = [(span(str(r["period"]), h), r) for r in rows.to_dict("records")]
    seen = [(at, r) for at, r in placed if at is not None]
    name = named(subject) if subject else kind_name(str(rows["limit"].iloc[0]))
    drawing.plot.add_bar(
        x=[(a + b) / 2 for (a, b), _ in seen],
        y=[_HIGH * min(float(r["share"]), 1.0) for _, r in seen],
        base=floor,
        width=[b - a - 0.14 for (a, b), _ in seen],
        marker={"color": [p.ink if r["binding"] else p.edge for _, r in seen], "line": {"width": 0}},
        customdata=[[_label(r), use_of(r), percent(r["share"])] for _, r in seen],
        name=name,
        hovertemplate="%{fullData.name} %{customdata[0]}<br>%{customdata[1]}, %{customdata[2]}<extra></extra>",
    )
    for (a, b), _ in seen:
        stroke(drawing, a, floor + _HIGH, b, floor + _HIGH, p.appropriation, 1.5)
    stroke(drawing, 0, floor, h.length, floor, p.rule)
    say(drawing, 0, floor + 0.5, f"<b>{name}</b>", p.ink, xref="paper", xshift=-LEFT)
    say(drawing, 0, floor + 0.14, often(rows), p.quiet, size=SMALL, xref="paper", xshift=-LEFT)
    top = max(float(r["share"]) for _, r in seen) if seen else 0.0
    beside(drawing, floor + 0.5, f"<b>{percent(top)}</b>", p.ink, 8, SMALL)
    beside(drawing, floor + 0.14, "at most", p.quiet, 8, SMALL)


def often(rows: pd.DataFrame) -> str:
    """`binds in 15 of 20 quarters`."""
    n, total = int(rows["binding"].sum()), len(rows)
    if not n:
        return "never binds"
    unit = "quarter" if "Q" in str(rows["period"].iloc[0]) else "year"
    if not str(rows["period"].iloc[0]):
        return "binds"
    return f"binds in {n} of {count(total, unit)}"


def _label(row: Any) -> str:
    period = str(row["period"])
    return f"FY{period}" if period.isdigit() else period
