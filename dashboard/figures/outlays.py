"""Will outlays stay under the appropriation? What was spent, then a fan of simulated outlays under its steps."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.figures.canvas import Drawing, beside, canvas, money_ticks, nothing, say, spread, stroke
from dashboard.figures.fan import spent
from dashboard.format import fy, money, year_ticks
from dashboard.measures.futures import BANDS
from dashboard.theme import SMALL, Palette

HEIGHT = 400
ENDS = (
    ("p97_5", "1 in 40 above"),
    ("p90", "1 in 10 above"),
    ("p10", "1 in 10 below"),
    ("p02_5", "1 in 40 below"),
)
"""Columns that are named at the end of the fan."""


def outlays(history: pd.DataFrame, futures: pd.DataFrame, p: Palette, narrow: bool = False) -> Any:
    """Outlays by fiscal year: those that were, then the median and bands of half, 80 % and 95 % of futures.

    Args:
        history: `year expended`; may be empty.
        futures: `measures.futures.outlays`; bands whose columns are missing are left out.
        p: the colours.
        narrow: under 640 pixels: short years, a key elsewhere instead of words beside the lines.
    """
    if futures.empty:
        return nothing(p, "No futures yet.")
    drawing = canvas(p, HEIGHT, left=58, right=6 if narrow else 190, top=18, bottom=40)
    last = history.iloc[-1:] if len(history) else history
    bands = [band for band in BANDS if {band[1], band[2]} <= set(futures)]
    for band in bands:
        _band(drawing, futures, last, band, p)
    _lines(drawing, history, futures, last, p)
    _steps(drawing, futures, p)
    low, high = _range(history, futures)
    years = sorted({*history["year"].astype(int), *futures["year"].astype(int)})
    if len(history):
        say(drawing, int(history["year"].iloc[0]), float(history["expended"].iloc[0]), "Spent", p.ink, size=SMALL,
            valign="bottom", yshift=8)  # fmt: skip
    if not narrow:
        _names(drawing, futures.iloc[-1], (low, high), p)
    every = max(1, -(-len(years) // (6 if narrow else 12)))
    shown = years[::-1][::every][::-1]
    drawing.plot.update_xaxes(
        tickvals=shown, ticktext=year_ticks(shown, short=narrow), tickfont={"color": p.ink},
        range=[years[0] - 0.3, years[-1] + 0.6],
    )  # fmt: skip
    ticks, labels = money_ticks(low, high)
    drawing.plot.update_yaxes(tickvals=ticks, ticktext=labels, range=[low, high])
    return drawing.done()


def axis_start(history: pd.DataFrame, futures: pd.DataFrame) -> float:
    """Where the axis of `outlays` begins, for the words below it."""
    return _range(history, futures)[0] if len(futures) else 0.0


def _range(history: pd.DataFrame, futures: pd.DataFrame) -> tuple[float, float]:
    columns = [c for _, *ends in BANDS for c in ends if c in futures]
    seen = pd.concat([history["expended"], futures["appropriation"], *(futures[c] for c in [*columns, "p50"])])
    seen = seen.astype(float).dropna()
    low, high = float(seen.min()), float(seen.max())
    room = max((high - low) * 0.08, high * 0.02, 1.0)
    start = low - room
    return (0.0 if start < 0.45 * high else start), high + room


def _band(drawing: Drawing, futures: pd.DataFrame, last: pd.DataFrame, band: tuple[int, str, str], p: Palette) -> None:
    """One band; the fan opens where what was spent ends."""
    level, low, high = band
    colour = {95: p.band_95, 80: p.band_80, 50: p.band_50}[level]
    start = [float(v) for v in last["expended"]]
    years = [float(y) for y in [*last["year"], *futures["year"]]]
    lows, highs = start + [float(v) for v in futures[low]], start + [float(v) for v in futures[high]]
    edge = {"color": p.band_edge, "width": 1 if level == BANDS[0][0] else 0}
    if len(years) == 1:  # a fan of one year is a bar
        at = years[0]
        years, lows, highs = [at - 0.06, at + 0.06], lows * 2, highs * 2
    drawing.plot.add_scatter(
        x=years + years[::-1], y=lows + highs[::-1], mode="lines", line=edge, fill="toself", fillcolor=colour,
        hoverinfo="skip", name=f"{level} % of futures",
    )  # fmt: skip


def _lines(drawing: Drawing, history: pd.DataFrame, futures: pd.DataFrame, last: pd.DataFrame, p: Palette) -> None:
    years = [int(y) for y in last["year"]] + [int(y) for y in futures["year"]]
    told = [""] * len(last)
    told += [
        f"<br>1 in 10 above {money(high)}, 1 in 10 below {money(low)}"
        for low, high in zip(futures["p10"], futures["p90"], strict=True)
    ]
    drawing.plot.add_scatter(
        x=years,
        y=[*last["expended"], *futures["p50"]],
        mode="lines" if len(years) > 1 else "markers",
        line={"color": p.median, "width": 2.5},
        marker={"color": p.median, "size": 9},
        name="Median",
        text=[
            f"{fy(y)}: <b>{money(v)}</b>{more}"
            for y, v, more in zip(years, [*last["expended"], *futures["p50"]], told, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
    )
    if len(history):
        spent(drawing, history, p)


def _steps(drawing: Drawing, futures: pd.DataFrame, p: Palette) -> None:
    """A step for each year that has an appropriation, joined to the year before."""
    rows = [(int(y), float(a)) for y, a in zip(futures["year"], futures["appropriation"], strict=True) if a == a]
    before: tuple[int, float] | None = None
    for year, amount in rows:
        stroke(drawing, year - 0.5, amount, year + 0.5, amount, p.appropriation, 2)
        if before is not None and before[0] == year - 1:
            stroke(drawing, year - 0.5, before[1], year - 0.5, amount, p.appropriation, 2)
        before = year, amount


def _names(drawing: Drawing, end: pd.Series, axis: tuple[float, float], p: Palette) -> None:
    labels = [(float(end[c]), f"{words} {money(end[c])}", p.quiet) for c, words in ENDS if c in end.index]
    labels.append((float(end["p50"]), f"<b>Median</b> {money(end['p50'])}", p.median))
    if pd.notna(end["appropriation"]):
        amount = float(end["appropriation"])
        labels.append((amount, f"<b>Appropriation</b> {money(amount)}", p.ink))
    places = spread([y for y, _, _ in labels], (axis[1] - axis[0]) * 0.062)
    for (_, text, colour), y in zip(labels, places, strict=True):
        beside(drawing, y, text, colour)
