"""When does the money leave the old systems?"""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.figures.canvas import Drawing, beside, canvas, money_ticks, nothing, say, spread, stroke
from dashboard.format import bare, change, fy, is_nothing, money, percent, year_ticks
from dashboard.measures.money import LAYERS, runs
from dashboard.theme import SMALL, Palette

HEIGHT = 432
_NAMES = {"other": "Other IT", "legacy": "Legacy", "transition": "Transition", "modern": "Modern"}
_WIDTH = 0.72
_GAP = 0.34


def spend(table: pd.DataFrame, rival: str, p: Palette, narrow: bool = False) -> Any:
    """Columns by fiscal year, other IT below, then legacy, transition, modern; ticks for appropriation and rival.

    Args:
        table: `measures.money.spending`.
        rival: what the rival is called.
        p: the colours.
        narrow: under 640 pixels: short years, a key elsewhere instead of words beside the last column.
    """
    if table.empty:
        return nothing(p, "No outlays yet.")
    drawing = canvas(p, HEIGHT, left=58, right=4 if narrow else 196, top=8, bottom=52)
    groups = runs(list(table["status"])) if table["status"].ne("").any() else []
    at = _places(len(table), groups)
    for name in LAYERS:
        _layer(drawing, table, name, at, p)
    drawing.plot.update_layout(barmode="relative")
    high = float(table[["outlay", "rival", "appropriation"]].max().max())
    top = high * 1.17
    for x, (_, row) in zip(at, table.iterrows(), strict=True):
        _column(drawing, x, row, high, p, narrow)
    _groups(drawing, at, groups, list(table["status"]), p)
    if _phases(drawing, at, table, high, p, narrow):
        top = high * 1.27
    if not narrow:
        _ends(drawing, table.iloc[-1], rival, top, p)
    low = min(0.0, float(table["other"].min()))
    ticks, labels = money_ticks(low, high)
    years = [int(y) for y in table.index]
    drawing.plot.update_xaxes(
        tickvals=at, ticktext=year_ticks(years, narrow), tickfont={"color": p.ink}, range=[at[0] - 0.5, at[-1] + 0.5]
    )
    drawing.plot.update_yaxes(tickvals=ticks, ticktext=labels, range=[low, top])
    return drawing.done()


def _places(n: int, groups: list[list[int]]) -> list[float]:
    """Columns side by side, with a gap where the status changes."""
    group = {i: g for g, members in enumerate(groups) for i in members}
    return [i + _GAP * group.get(i, 0) for i in range(n)]


def _layer(drawing: Drawing, table: pd.DataFrame, name: str, at: list[float], p: Palette) -> None:
    amounts, totals = table[name], table["outlay"]
    if not amounts.abs().sum():
        return
    drawing.plot.add_bar(
        x=at,
        y=list(amounts),
        width=_WIDTH,
        name=_NAMES[name],
        marker={"color": getattr(p, name), "line": {"color": p.page, "width": 1.5}},
        customdata=[
            [fy(int(y)), money(a), percent(a / t) if t else ""]
            for y, a, t in zip(table.index, amounts, totals, strict=True)
        ],
        hovertemplate="%{customdata[0]} %{fullData.name}<br><b>%{customdata[1]}</b>, %{customdata[2]}<extra></extra>",
    )


def _column(drawing: Drawing, x: float, row: pd.Series, high: float, p: Palette, narrow: bool) -> None:
    """The ticks across one column, the share that is legacy, and the change above it."""
    half = _WIDTH / 2 + 0.1
    peak = float(row["outlay"])
    if pd.notna(row["appropriation"]):
        stroke(drawing, x - half, row["appropriation"], x + half, row["appropriation"], p.appropriation, 2)
        peak = max(peak, float(row["appropriation"]))
    if pd.notna(row["rival"]):
        stroke(drawing, x - half, row["rival"], x + half, row["rival"], p.page, 4)
        stroke(drawing, x - half, row["rival"], x + half, row["rival"], p.baseline, 2, "dot")
        peak = max(peak, float(row["rival"]))
    if row["legacy"] > 0.06 * high and pd.notna(row["share"]):
        middle = max(float(row["other"]), 0.0) + float(row["legacy"]) / 2
        say(drawing, x, middle, percent(row["share"]), p.on_legacy, "center")
    words = change(row["change"])
    if narrow:
        words = "0" if is_nothing(row["change"]) else bare(row["change"] / 1e6, 0, signed=True)
    say(drawing, x, peak, f"<b>{words}</b>", p.ink, "center", SMALL if narrow else 13, "bottom", yshift=3)


def _groups(drawing: Drawing, at: list[float], groups: list[list[int]], status: list[str], p: Palette) -> None:
    """A rule and the status under the years that share it."""
    for members in groups:
        x0, x1 = at[members[0]] - _WIDTH / 2, at[members[-1]] + _WIDTH / 2
        pixels: dict[str, Any] = {"ysizemode": "pixel", "yanchor": 0, "yref": "paper"}
        stroke(drawing, x0, -26, x1, -26, p.edge, **pixels)
        word = status[members[0]]
        say(drawing, (x0 + x1) / 2, 0, word, p.quiet, "center", SMALL, "top", yref="paper", yshift=-28)


def _phases(drawing: Drawing, at: list[float], table: pd.DataFrame, high: float, p: Palette, narrow: bool) -> bool:
    """Brackets over the years that cost more, and over those that cost less."""
    kinds = ["" if is_nothing(c) else "dear" if c > 0 else "cheap" for c in table["change"]]
    words = {"dear": ("Both are paid for", "Both paid"), "cheap": ("Cheaper than to continue", "Cheaper")}
    drawn = False
    for members in runs(kinds):
        kind = kinds[members[0]]
        if not kind or not table["transition"].sum():
            continue
        y = high * 1.12
        x0, x1 = at[members[0]] - _WIDTH / 2, at[members[-1]] + _WIDTH / 2
        for x in (x0, x1):
            stroke(drawing, x, y, x, y - high * 0.014, p.quiet)
        stroke(drawing, x0, y, x1, y, p.quiet)
        text = words[kind][1 if narrow or len(members) < 2 else 0]
        say(drawing, (x0 + x1) / 2, y, text, p.quiet, "center", SMALL if narrow else 13, "bottom", yshift=2)
        drawn = True
    return drawn


def _ends(drawing: Drawing, last: pd.Series, rival: str, top: float, p: Palette) -> None:
    """Names and values to the right of the last column."""
    labels = []
    base = max(min(float(last["other"]), 0.0), 0.0)
    for name in LAYERS:
        amount = float(last[name])
        if amount > 0:
            labels.append((base + amount / 2, _NAMES[name], amount, getattr(p, f"{name}_text")))
            base += amount
    if pd.notna(last["appropriation"]):
        labels.append((float(last["appropriation"]), "Appropriation", float(last["appropriation"]), p.ink))
    if pd.notna(last["rival"]):
        labels.append((float(last["rival"]), rival, float(last["rival"]), p.quiet))
    places = spread([label[0] for label in labels], top * 0.05)
    for (_, name, amount, colour), y in zip(labels, places, strict=True):
        beside(drawing, y, f"<b>{name}</b> {money(amount)}", colour)
