"""Where will this year end? A row a fund: spent to date, the projected year end with its ranges, the appropriation."""

from __future__ import annotations

from math import floor
from typing import Any

import numpy as np
import pandas as pd

from dashboard.figures.canvas import Drawing, canvas, nothing, say, stroke
from dashboard.format import NARROW, money, named, percent
from dashboard.theme import SMALL, Palette

LEFT, RIGHT = 190, 250
PITCH, PITCH_NARROW = 52, 66
MOST = 12
"""Rows that are drawn; the table holds all."""
THICK = 0.22
"""Half the height of a range, in rows."""


def year_end(rows: pd.DataFrame, whole: str, p: Palette, narrow: bool = False) -> Any:
    """Each row as a share of its appropriation, so that all compare; of its projected year end if one has none.

    Args:
        rows: `measures.year_end.year_end`.
        whole: what the first row is called.
        p: the colours.
        narrow: under 640 pixels: words above the marks instead of beside them.
    """
    rows = rows.head(MOST + 1)
    if rows.empty:
        return nothing(p, "No month of a year under way.")
    scale = _scale(rows)
    share = rows[["spent", "mean", "lo_80", "hi_80", "lo_95", "hi_95", "appropriated"]].div(scale, axis=0).fillna(0.0)
    start, end = axis(rows)
    pitch = PITCH_NARROW if narrow else PITCH
    drawing = canvas(
        p, pitch * len(rows) + 64, left=8 if narrow else LEFT, right=12 if narrow else RIGHT, top=24, bottom=40
    )
    for i, row in enumerate(rows.to_dict("records")):
        told = {str(k): v for k, v in row.items()}
        _row(drawing, -float(i), {str(k): float(v) for k, v in share.iloc[i].items()}, told, start, p)
        _words(drawing, -float(i), told, whole if not told["name"] else named(str(told["name"])), p, narrow)
    if not narrow:
        _key(drawing, share.iloc[0], bool(rows["appropriated"].iloc[0] > 0), p)
    step = 0.05 if end - start < 0.4 else 0.1 if end - start < 0.8 else 0.25
    ticks = [round(step * i, 2) for i in range(round(start / step), floor(end / step + 1e-9) + 1)]
    ticks = ticks[:: 2 if narrow and len(ticks) > 6 else 1]
    drawing.plot.update_xaxes(
        tickvals=ticks, ticktext=[f"{t * 100:.0f}{NARROW}%" for t in ticks], tickfont={"color": p.quiet},
        range=[start, end], showgrid=not narrow, gridcolor=p.rule,
    )  # fmt: skip
    drawing.plot.update_yaxes(visible=False, range=[-len(rows) + 0.4, 0.75 if narrow else 0.6])
    return drawing.done()


def axis(rows: pd.DataFrame) -> tuple[float, float]:
    """Where the axis begins and ends, as shares; for the words below the figure too."""
    rows = rows.head(MOST + 1)
    scale = _scale(rows)
    low = float((rows[["spent", "lo_95"]].min(axis=1) / scale).min())
    high = float((rows[["hi_95", "appropriated"]].max(axis=1) / scale).max())
    low, high = (0.0 if pd.isna(v) else v for v in (low, high))
    start = floor((low - 0.02) * 20) / 20
    return (0.0 if start < 0.5 else start), max(high, 1.0) + 0.015


def _scale(rows: pd.DataFrame) -> pd.Series:
    """What is 100 %: the appropriation where every row has one, else the projected year end."""
    every = bool((rows["appropriated"] > 0).all())
    return rows["appropriated" if every else "mean"].astype(float).replace(0.0, np.nan)


def _row(drawing: Drawing, y: float, at: dict[str, float], row: dict[str, Any], start: float, p: Palette) -> None:
    for level, colour in ((95, p.band_95), (80, p.band_80)):
        low, high = at[f"lo_{level}"], at[f"hi_{level}"]
        edge = {"color": p.band_edge, "width": 1 if level == 95 else 0}
        drawing.shapes.append(
            {"type": "rect", "x0": low, "x1": high, "y0": y - THICK, "y1": y + THICK, "fillcolor": colour, "line": edge}
        )
    stroke(drawing, start, y, at["spent"], y, p.ink, 3)
    stroke(drawing, at["mean"], y - THICK, at["mean"], y + THICK, p.median, 2.5)
    if row["appropriated"] > 0:
        stroke(drawing, at["appropriated"], y - 0.3, at["appropriated"], y + 0.3, p.appropriation, 2)
    drawing.plot.add_scatter(
        x=[at["mean"]],
        y=[y],
        mode="markers",
        marker={"color": p.median, "size": 7},
        name=str(row["name"]) or "All",
        text=[f"{money(row['mean'])}<br>4 in 5: {money(row['lo_80'])} to {money(row['hi_80'])}"],
        hovertemplate="%{text}<extra></extra>",
    )


def _words(drawing: Drawing, y: float, row: dict[str, Any], name: str, p: Palette, narrow: bool) -> None:
    spent = f"{money(row['spent'])} spent"
    ends = f"<b>{money(row['mean'])}</b>" + (f" of {money(row['appropriated'])}" if row["appropriated"] > 0 else "")
    if narrow:
        say(drawing, 0, y + 0.5, f"<b>{name}</b>", p.ink, xref="paper")
        say(drawing, 1, y + 0.5, ends, p.median, "right", xref="paper")
        return
    say(drawing, 0, y + 0.15, f"<b>{name}</b>", p.ink, xref="paper", xshift=-LEFT)
    say(drawing, 0, y - 0.2, spent, p.quiet, size=SMALL, xref="paper", xshift=-LEFT)
    say(drawing, 1, y + 0.15, ends, p.median, xref="paper", xshift=12)
    say(drawing, 1, y - 0.2, _lapse(row), p.quiet, size=SMALL, xref="paper", xshift=12)


def _lapse(row: dict[str, Any]) -> str:
    if not row["appropriated"] > 0:
        return "no appropriation known"
    chance = row["chance_over"]
    over = "" if pd.isna(chance) else f", {likely(float(chance))} likely over"
    return f"{money(row['expected_lapse'])} may lapse{over}"


def likely(chance: float) -> str:
    """A chance in words that stop at over 99 % and under 1 %."""
    if chance < 0.01:
        return f"under 1{NARROW}%"
    return f"over 99{NARROW}%" if chance > 0.99 else percent(chance)


def _key(drawing: Drawing, share: pd.Series, budgeted: bool, p: Palette) -> None:
    """Words above the marks of the first row."""
    say(drawing, float(share["spent"]), 0.46, "spent", p.quiet, "right", SMALL)
    say(drawing, float(share["mean"]), 0.46, "year end", p.median, "center", SMALL)
    if budgeted:
        at = float(share["appropriated"])
        say(drawing, at, 0.46, "appropriation", p.ink, "left" if float(share["mean"]) < at else "right", SMALL)
