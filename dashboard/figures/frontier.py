"""What does less risk or more speed cost? Two panels over one scale of cost; every dot is a plan."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.figures.canvas import Drawing, canvas, money_ticks, nothing, say, spread
from dashboard.format import NARROW, bare, money, percent
from dashboard.measures.choices import efficient
from dashboard.theme import SMALL, Palette

HEIGHT = 340
LEFT = 58
PANELS = (
    ("risk", "Risk, unit-quarters past the end of support", "Risk, unit-quarters past support"),
    ("speed", "Speed, mean share of servers on modern platforms", "Speed, mean share on modern platforms"),
)
"""Measure, and what it is called on a wide and on a narrow page."""


def frontier(table: pd.DataFrame, p: Palette, narrow: bool = False) -> Any:
    """Cost against risk and against speed; in ink the plans that no cheaper one equals in the panel's measure.

    Args:
        table: `measures.choices.frontier`.
        p: the colours.
        narrow: under 640 pixels: the panels one above the other.
    """
    if table.empty:
        return nothing(p, "No frontier yet.")
    drawing = canvas(p, HEIGHT * (2 if narrow else 1), left=LEFT, right=12, top=36, bottom=56)
    for i, (measure, wide, short) in enumerate(PANELS):
        _panel(drawing, table, measure, short if narrow else wide, i, p, narrow)
    return drawing.done()


def value_of(measure: str, value: float) -> str:
    """A figure of a panel: `4,200`, `29.8 %`."""
    return percent(value, 1) if measure == "speed" else bare(value, 0)


def _panel(drawing: Drawing, table: pd.DataFrame, measure: str, words: str, i: int, p: Palette, narrow: bool) -> None:
    suffix = str(i + 1) if i else ""
    across, up = (
        ([0.0, 1.0], [0.58 - 0.58 * i, 1.0 - 0.58 * i]) if narrow else ([0.54 * i, 0.46 + 0.54 * i], [0.0, 1.0])
    )
    lead = efficient(table, measure)
    rest = table.drop(index=lead.index)
    axes = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
    for rows, colour, mode in ((rest, p.edge, "markers"), (lead, p.ink, "lines+markers")):
        if len(rows):
            drawing.plot.add_scatter(
                x=list(rows["cost"]),
                y=list(rows[measure]),
                mode=mode,
                name=measure,
                line={"color": colour, "width": 1.5},
                marker={
                    "color": colour,
                    "size": [13 if own else 8 for own in rows["own"]],
                    "line": {"width": 0},
                    "opacity": 1,
                },
                customdata=[[_told(r, measure)] for r in rows.to_dict("records")],
                hovertemplate="%{customdata[0]}<extra></extra>",
                **axes,
            )
    low, high = _range(table["cost"])
    bottom, top = _range(table[measure])
    _labels(drawing, table, measure, (low, high, bottom, top), (f"x{suffix}", f"y{suffix}"), p)
    say(
        drawing, across[0], up[1], words, p.quiet, size=SMALL, valign="bottom",
        xref="paper", yref="paper", xshift=-LEFT, yshift=8,
    )  # fmt: skip
    middle = sum(across) / 2
    say(
        drawing,
        middle,
        up[0],
        "Cost, present value",
        p.quiet,
        "center",
        SMALL,
        "top",
        xref="paper",
        yref="paper",
        yshift=-26,
    )
    ticks, texts = _cost_ticks(low, high, 2 if narrow else 4)
    drawing.plot.update_layout(
        {
            f"xaxis{suffix}": _axis(p, across, axes["yaxis"], [low, high], ticks, texts, False),
            f"yaxis{suffix}": _axis(p, up, axes["xaxis"], [bottom, top], *_ticks(measure, bottom, top), True),
        }
    )


def _axis(
    p: Palette, domain: list[float], anchor: str, span: list[float], ticks: list[float], texts: list[str], grid: bool
) -> dict[str, Any]:
    return {
        "domain": domain,
        "anchor": anchor,
        "range": span,
        "tickvals": ticks,
        "ticktext": texts,
        "tickfont": {"color": p.ink},
        "showgrid": grid,
        "gridcolor": p.rule,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "fixedrange": True,
    }


def _range(values: pd.Series) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = max((high - low) * 0.14, abs(high) * 0.002, 1e-6)
    return low - room, high + room


def _cost_ticks(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    ticks, texts = money_ticks(low, high, most)
    if len(set(texts)) < len(texts):
        texts = [f"${t / 1e6:,.2f}M" for t in ticks]
    return ticks, texts


def _ticks(measure: str, low: float, high: float) -> tuple[list[float], list[str]]:
    scale = 100.0 if measure == "speed" else 1.0
    ticks, _ = money_ticks(low * scale, high * scale, 5)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    digits = 0 if step >= 1 else 1
    unit = f"{NARROW}%" if scale > 1 else ""
    return [t / scale for t in ticks], [f"{bare(t, digits)}{unit}" for t in ticks]


def _told(row: dict[Any, Any], measure: str) -> str:
    more = "" if row["own"] else f"<br>{money(row['more'])} more than the plan shown"
    return f"Plan {row['plan']}, sought for {row['aim']}<br><b>{value_of(measure, row[measure])}</b>{more}"


def _labels(
    drawing: Drawing,
    table: pd.DataFrame,
    measure: str,
    span: tuple[float, float, float, float],
    refs: tuple[str, str],
    p: Palette,
) -> None:
    """Words beside the ends and the plan of the study's own aim."""
    low, high, bottom, top = span
    best = table["risk"].idxmin() if measure == "risk" else table["speed"].idxmax()
    named = {
        table["cost"].idxmin(): "Least cost",
        best: "Least risk" if measure == "risk" else "Fastest",
        table["own"].idxmax(): "Plan shown",
    }
    rows = table.loc[list(named)]
    places = spread([float(v) for v in rows[measure]], (top - bottom) * 0.09, bottom, top)
    for (at, row), y in zip(rows.iterrows(), places, strict=True):
        right = float(row["cost"]) < (low + high) / 2
        # the line comes from the left: words there stand clear of it
        aside = 0 if right else -11 if measure == "risk" else 11
        text = f"<b>{named[at]}</b> {value_of(measure, float(row[measure]))}"
        say(
            drawing, float(row["cost"]), y, text, p.ink, "left" if right else "right", SMALL,
            xref=refs[0], yref=refs[1], xshift=14 if right else -14, yshift=aside,
        )  # fmt: skip
