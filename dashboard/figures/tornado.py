"""What drives the spread? A bar a source: by how much the range of costs narrows when it is turned off."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.figures.canvas import canvas, nothing, say, stroke
from dashboard.format import change, is_nothing
from dashboard.theme import SMALL, Palette

PITCH = 44


def tornado(table: pd.DataFrame, p: Palette) -> Any:
    """Sources of chance, the widest first: name above its bar, dollars at its end.

    Args:
        table: `measures.futures.drivers`.
        p: the colours.
    """
    if table.empty:
        return nothing(p, "Not worked out.")
    drawing = canvas(p, PITCH * len(table) + 16, left=8, right=76, top=8, bottom=8)
    low, high = min(float(table["spread"].min()), 0.0), max(float(table["spread"].max()), 0.0)
    room = max(high - low, 1.0) * 0.01
    for i, (title, amount) in enumerate(zip(table["title"], table["spread"].astype(float), strict=True)):
        drawing.plot.add_bar(
            x=[amount], y=[-i - 0.2], orientation="h", width=0.32, name=str(title),
            marker={"color": p.median if i == 0 else p.edge, "line": {"width": 0}},
            hovertemplate=f"{title}<br><b>{change(amount)}</b><extra></extra>",
        )  # fmt: skip
        say(drawing, 0, -i + 0.06, str(title), p.ink, size=SMALL, valign="bottom", xshift=0 if low == 0 else 4)
        words = "no change" if is_nothing(amount) else change(amount)
        say(drawing, max(amount, 0.0), -i - 0.2, f"<b>{words}</b>" if i == 0 else words, p.ink, size=SMALL, xshift=6)
    stroke(drawing, 0, -len(table) + 0.4, 0, 0.5, p.edge)
    drawing.plot.update_xaxes(visible=False, range=[low - room, high + room])
    drawing.plot.update_yaxes(visible=False, range=[-len(table) + 0.4, 0.6])
    return drawing.done()
