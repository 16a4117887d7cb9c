"""When does each plan pay back? The running saving of each against one rival: below the line is paid ahead."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.figures.canvas import beside, canvas, money_ticks, nothing, say, spread, stroke
from dashboard.format import change, fy, is_nothing, money, year_ticks
from dashboard.theme import SMALL, Palette

HEIGHT = 360
DASHES = ("dash", "solid", "dot")
"""How lines are told apart that are not of the plan shown."""


def payback(saved: pd.DataFrame, shown: str, rival: str, p: Palette, narrow: bool = False) -> Any:
    """Running saving by fiscal year, the plan shown in ink, and the deepest point of that plan.

    Args:
        saved: `measures.compare.running`.
        shown: the plan whose line leads.
        rival: what the line of nothing is called.
        p: the colours.
        narrow: under 640 pixels: short years, a key elsewhere instead of words beside the lines.
    """
    if saved.empty:
        return nothing(p, "No other plan to hold against it.")
    drawing = canvas(p, HEIGHT, left=58, right=14 if narrow else 176, top=20, bottom=34)
    years = sorted(int(y) for y in saved["year"].unique())
    low, high = float(saved["saved"].min()), float(saved["saved"].max())
    room = max((high - low) * 0.14, 1e5)
    low, high = low - room, high + room
    stroke(drawing, years[0], 0, years[-1], 0, p.baseline, 2, "dot")
    ends: list[tuple[float, str, bool]] = []
    for i, (name, rows) in enumerate(saved.groupby("scenario", sort=False)):
        main = str(name) == shown
        style = {"color": p.ink if main else p.quiet, "width": 3 if main else 1.5}
        title = str(rows["title"].iloc[0])
        drawing.plot.add_scatter(
            x=list(rows["year"]),
            y=list(rows["saved"]),
            mode="lines+markers",
            line={**style, "dash": "solid" if main else DASHES[i % len(DASHES)]},
            marker={"size": 5, "color": style["color"]},
            name=title,
            text=[
                f"{title}<br>by {fy(int(y))}: <b>{change(v)}</b>"
                for y, v in zip(rows["year"], rows["saved"], strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
        )
        ends.append((float(rows["saved"].iloc[-1]), title, main))
        deepest = rows.iloc[int(rows["saved"].to_numpy(dtype=float).argmin())]
        if main and not is_nothing(float(deepest["saved"])) and deepest["saved"] < 0:
            text = f"{money(-float(deepest['saved']))} paid ahead by {fy(int(deepest['year']))}"
            under = float(saved.loc[saved["year"].eq(deepest["year"]), "saved"].min())
            say(drawing, int(deepest["year"]), under, text, p.ink, "center", SMALL, "top", yshift=-8)
    if not narrow:
        labels = [(value, _words(title, value, main), p.ink if main else p.quiet) for value, title, main in ends]
        labels.append((0.0, rival, p.quiet))
        places = spread([v for v, _, _ in labels], (high - low) * 0.125)
        for (_, text, colour), y in zip(labels, places, strict=True):
            beside(drawing, y, text, colour, size=SMALL)
    ticks, words = money_ticks(low, high)
    drawing.plot.update_yaxes(
        tickvals=ticks, ticktext=[f"+{w}" if v > 0 else w for v, w in zip(ticks, words, strict=True)], range=[low, high]
    )
    drawing.plot.update_xaxes(
        tickvals=years[1:], ticktext=year_ticks(years[1:], short=len(years) > 4), tickfont={"color": p.ink},
        range=[years[0], years[-1] + 0.06],
    )  # fmt: skip
    return drawing.done()


def _words(title: str, value: float, main: bool) -> str:
    said = "saves nothing" if is_nothing(value) else f"{'saves' if value > 0 else 'costs'} {money(abs(value))}"
    return f"<b>{title}</b><br>{said}" if main else f"{title}<br>{said}"
