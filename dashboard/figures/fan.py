"""What will we spend if nothing changes? History, fan and appropriation on one axis."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.figures.canvas import Drawing, beside, canvas, money_ticks, nothing, say, spread, stroke
from dashboard.format import fy, money, year_ticks
from dashboard.theme import SMALL, Palette

HEIGHT = 400
ENDS = (("hi_95", 40, "above"), ("hi_80", 10, "above"), ("lo_80", 10, "below"), ("lo_95", 40, "below"))
"""The ends of the ranges, as the chance of one in so many."""


def fan(history: pd.DataFrame, outlook: pd.DataFrame, appropriated: pd.Series, p: Palette, narrow: bool = False) -> Any:
    """Spending by fiscal year: what was spent, what will be with ranges of 80 and 95 %, and what is appropriated.

    Args:
        history: `year appropriated expended`.
        outlook: `year mean lo_80 hi_80 lo_95 hi_95`.
        appropriated: USD by fiscal year, ahead; may be empty.
        p: the colours.
        narrow: under 640 pixels: short years, a key elsewhere instead of words beside the lines.
    """
    if history.empty and outlook.empty:
        return nothing(p, "No history yet.")
    drawing = canvas(p, HEIGHT, left=58, right=6 if narrow else 190, top=14, bottom=40)
    last = history.iloc[-1:] if len(history) else None
    if len(outlook):
        _bands(drawing, outlook, last, p)
    spent(drawing, history, p)
    low, high = _range(history, outlook, appropriated)
    _appropriation(drawing, history, appropriated, p)
    years = sorted({*history["year"].astype(int), *outlook["year"].astype(int)})
    if len(history) and len(outlook):
        edge = int(outlook["year"].min()) - 0.5
        stroke(drawing, edge, 0, edge, 1, p.rule, 1, layer="below", yref="paper")
        say(drawing, edge, 1, "outlook", p.quiet, size=SMALL, valign="top", yref="paper", xshift=6)
        say(drawing, edge, 1, "spent", p.quiet, "right", SMALL, "top", yref="paper", xshift=-6)
    if not narrow:
        _ends(drawing, outlook, history, appropriated, (low, high), p)
    every = max(1, -(-len(years) // (6 if narrow else 12)))
    shown = years[::-1][::every][::-1]
    drawing.plot.update_xaxes(
        tickvals=shown, ticktext=year_ticks(shown, short=len(shown) > 6), tickfont={"color": p.ink},
        range=[years[0] - 0.6, years[-1] + 0.6],
    )  # fmt: skip
    ticks, labels = money_ticks(low, high)
    drawing.plot.update_yaxes(tickvals=ticks, ticktext=labels, range=[low, high])
    return drawing.done()


def axis_start(history: pd.DataFrame, outlook: pd.DataFrame, appropriated: pd.Series) -> float:
    """Where the axis of `fan` begins, for the words below it."""
    return _range(history, outlook, appropriated)[0]


def _range(history: pd.DataFrame, outlook: pd.DataFrame, appropriated: pd.Series) -> tuple[float, float]:
    values = [history["expended"], history["appropriated"], appropriated, outlook.get("lo_95"), outlook.get("hi_95")]
    seen = pd.concat([v.astype(float) for v in values if v is not None and len(v)]).dropna()
    low, high = float(seen.min()), float(seen.max())
    room = max((high - low) * 0.08, high * 0.02)
    start = low - room
    return (0.0 if start < 0.45 * high else start), high + room


def _bands(drawing: Drawing, outlook: pd.DataFrame, last: pd.DataFrame | None, p: Palette) -> None:
    """The fan opens where history ends."""
    start = [(int(last["year"].iloc[0]), float(last["expended"].iloc[0]))] if last is not None else []
    years = [y for y, _ in start] + [int(y) for y in outlook["year"]]
    ranged = bool(outlook["hi_95"].notna().all())
    for level, colour in ((95, p.band_95), (80, p.band_80)) if ranged else ():
        low = [v for _, v in start] + list(outlook[f"lo_{level}"])
        high = [v for _, v in start] + list(outlook[f"hi_{level}"])
        edge = {"color": p.band_edge, "width": 1 if level == 95 else 0}
        drawing.plot.add_scatter(
            x=years + years[::-1], y=low + high[::-1], mode="lines", line=edge, fill="toself", fillcolor=colour,
            hoverinfo="skip", name=f"{level} % range",
        )  # fmt: skip
    drawing.plot.add_scatter(
        x=years,
        y=[v for _, v in start] + list(outlook["mean"]),
        mode="lines" if len(years) > 1 else "markers",
        line={"color": p.median, "width": 2.5},
        marker={"color": p.median, "size": 9},
        name="Outlook",
        customdata=[[""] * 2 for _ in start]
        + [
            [money(lo), money(hi)] if ranged else [""] * 2
            for lo, hi in zip(outlook["lo_80"], outlook["hi_80"], strict=True)
        ],
        text=[fy(y) for y in years],
        hovertemplate="%{text}<br><b>%{y:$.4s}</b>"
        + ("<br>4 in 5: %{customdata[0]} to %{customdata[1]}" if ranged else "")
        + "<extra></extra>",
    )


def spent(drawing: Drawing, history: pd.DataFrame, p: Palette) -> None:
    """The line of what was spent, by fiscal year: `year expended`."""
    drawing.plot.add_scatter(
        x=[int(y) for y in history["year"]],
        y=list(history["expended"]),
        mode="lines" if len(history) > 1 else "markers",
        line={"color": p.ink, "width": 2},
        marker={"color": p.ink, "size": 9},
        name="Spent",
        text=[f"{fy(int(y))}: {money(v)} spent" for y, v in zip(history["year"], history["expended"], strict=True)],
        hovertemplate="%{text}<extra></extra>",
    )


def _appropriation(drawing: Drawing, history: pd.DataFrame, appropriated: pd.Series, p: Palette) -> None:
    """A step for each year: what was, and what is, appropriated."""
    past = history.set_index("year")["appropriated"].dropna() if len(history) else pd.Series(dtype=float)
    ahead = appropriated.dropna()
    for steps, colour, width in ((past[past > 0], p.baseline, 1.5), (ahead, p.appropriation, 2.0)):
        for year, amount in zip(map(int, steps.index), steps, strict=True):
            stroke(drawing, year - 0.42, amount, year + 0.42, amount, colour, width)


def _ends(
    drawing: Drawing,
    outlook: pd.DataFrame,
    history: pd.DataFrame,
    appropriated: pd.Series,
    axis: tuple[float, float],
    p: Palette,
) -> None:
    labels: list[tuple[float, str, str]] = []
    if len(outlook):
        end = outlook.iloc[-1]
        labels += [
            (float(end[name]), f"1 in {chance} {side} {money(end[name])}", p.quiet)
            for name, chance, side in ENDS
            if pd.notna(end[name])
        ]
        labels.append((float(end["mean"]), f"<b>Outlook</b> {money(end['mean'])}", p.median))
        ahead = appropriated.dropna()
        if len(ahead):
            labels.append((float(ahead.iloc[-1]), f"<b>Appropriation</b> {money(ahead.iloc[-1])}", p.ink))
    elif len(history):
        labels.append(
            (float(history["expended"].iloc[-1]), f"<b>Spent</b> {money(history['expended'].iloc[-1])}", p.ink)
        )
    places = spread([y for y, _, _ in labels], (axis[1] - axis[0]) * 0.062)
    for (_, text, colour), y in zip(labels, places, strict=True):
        beside(drawing, y, text, colour)
