"""Which plans are beaten by none? Every scenario a dot: what it costs, and what is better if less."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd

from dashboard.figures.canvas import canvas, money_ticks, nothing, say, spread
from dashboard.format import money, percent
from dashboard.measures.compare import efficient
from dashboard.theme import SMALL, Palette

HEIGHT = 360
NAMES = MappingProxyType(
    {
        "legacy": "Legacy share of run cost in the last year",
        "risk": "Risk left, present value",
        "short": "Chance that an appropriation is overspent",
    }
)
"""Measures as the axis calls them."""
_LONGEST = 22


def scenarios(table: pd.DataFrame, by: str, named: Sequence[str], shown: str, p: Palette, narrow: bool = False) -> Any:
    """Cost across, a measure upward; down and left is better. In ink, joined: those that none beats in both.

    Args:
        table: `measures.compare.dots`.
        by: the measure.
        named: scenarios with their name beside them.
        shown: the one whose dot leads.
        p: the colours.
        narrow: under 640 pixels: long names are cut.
    """
    rows = table.dropna(subset=["cost", by])
    if rows.empty:
        return nothing(p, "No plan tells this.")
    drawing = canvas(p, HEIGHT, left=58, right=20, top=34, bottom=52)
    lead = efficient(rows, by)
    rest = rows[~rows["scenario"].isin(lead["scenario"])]
    for part, colour, mode in ((rest, p.edge, "markers"), (lead, p.ink, "lines+markers")):
        drawing.plot.add_scatter(
            x=list(part["cost"]),
            y=list(part[by]),
            mode=mode,
            line={"color": colour, "width": 1.5},
            marker={
                "color": colour,
                "size": [14 if name == shown else 9 for name in part["scenario"]],
                "line": {"color": p.page, "width": 2},
                "opacity": 1,
            },
            name="beaten by none" if mode != "markers" else "beaten",
            text=[
                f"{r['title']}<br>{money(r['cost'])}, <b>{value_of(by, float(r[by]))}</b>"
                for r in part.to_dict("records")
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    (left, right), (low, high) = _axis(rows["cost"]), _axis(rows[by])
    ink = rows[rows["scenario"].isin(list(named))]
    places = spread([float(v) for v in ink[by]], (high - low) * 0.075)
    for row, y in zip(ink.to_dict("records"), places, strict=True):
        side = float(row["cost"]) > left + 0.55 * (right - left)
        name = str(row["title"])
        name = f"{name[:_LONGEST].rstrip()}\u2026" if narrow and len(name) > _LONGEST else name
        text = f"<b>{name}</b>" if row["scenario"] == shown else name
        say(drawing, float(row["cost"]), y, text, p.ink if row["scenario"] == shown else p.quiet,
            "right" if side else "left", SMALL, xshift=-12 if side else 12)  # fmt: skip
    ticks, words = money_ticks(left, right, most=3 if narrow else 4)
    drawing.plot.update_xaxes(tickvals=ticks, ticktext=words, range=[left, right], showgrid=False)
    drawing.plot.update_yaxes(**_ticks(by, low, high), range=[low, high])
    say(
        drawing,
        0,
        1,
        NAMES[by],
        p.quiet,
        size=SMALL,
        valign="bottom",
        xref="paper",
        yref="paper",
        xshift=-50,
        yshift=10,
    )
    say(drawing, 1, 0, "Outlay of the horizon", p.quiet, "right", SMALL, "top", xref="paper", yref="paper", yshift=-28)
    return drawing.done()


def value_of(by: str, value: float) -> str:
    """A measure's value: `29 %`, `$225.5M`."""
    return money(value) if by == "risk" else percent(value)


def _axis(values: pd.Series) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = (high - low) * 0.16 or max(abs(high) * 0.05, 0.01)
    return low - room, high + room


def _ticks(by: str, low: float, high: float) -> dict[str, Any]:
    if by == "risk":
        ticks, words = money_ticks(low, high)
        return {"tickvals": ticks, "ticktext": words}
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if (high - low) / s <= 6)
    first = -(-low // step) * step
    ticks = [first + step * i for i in range(int((high - first) / step) + 1)]
    return {"tickvals": [t for t in ticks if t >= 0], "ticktext": [percent(t) for t in ticks if t >= 0]}
