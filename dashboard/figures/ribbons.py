"""Where does each dollar end up? Ribbons drawn as filled curves, so that the cartesian chart bundle is enough."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dashboard.figures.canvas import Drawing, canvas, nothing, say, spread
from dashboard.format import money
from dashboard.measures.money import SOURCES, TARGETS, THROUGH
from dashboard.theme import SMALL, Palette, faded

HEIGHT = 440
_STEPS = np.linspace(0, 1, 30)
_EASE = _STEPS**2 * (3 - 2 * _STEPS)
_BLOCK = 0.02
_LINE = 0.045
"""Height of a line of text, as a share of the picture."""
_SHORT = {
    "Stay as they are": "Stay",
    "Switched off": "Off",
    "Move to modern platforms": "Move",
    "Already modern": "Modern",
}
_HEADS = ("If nothing moves", "What the plan does", "What it then costs")
_SHORT_HEADS = ("If nothing moves", "The plan", "Then")


def ribbons(flows: pd.DataFrame, p: Palette, narrow: bool = False) -> Any:
    """Three columns: what the rival spends, what the plan does, what it then costs; widths are dollars of one year.

    Args:
        flows: `measures.money.ribbons`, `source through target amount`.
        p: the colours.
        narrow: under 640 pixels.
    """
    if flows.empty:
        return nothing(p, "No dollar moves in this year.")
    drawing = canvas(p, HEIGHT, left=0, right=0, top=30, bottom=8)
    columns = _columns(flows)
    sizes = [flows.groupby(key)["amount"].sum() for key in ("source", "through", "target")]
    bases, tall = _stack(columns, sizes)
    xs = (0.0, 0.37, 0.76) if narrow else (0.16, 0.46, 0.83)
    paint = _paint(p)
    for left, right in ((0, 1), (1, 2)):
        _curves(drawing, flows, columns, bases, (left, right), xs, paint)
    for c, names in enumerate(columns):
        middles = [bases[c][name] + float(sizes[c][name]) / 2 for name in names]
        room = tall * (_LINE if c == 1 and not narrow else 2 * _LINE)
        for name, said in zip(names, spread(middles, room, room / 2, tall - room / 2), strict=True):
            _node(drawing, c, name, bases[c][name], float(sizes[c][name]), said, tall, xs, p, narrow)
    for c, head in enumerate(_SHORT_HEADS if narrow else _HEADS):
        last = c == 2 and not narrow
        where: dict[str, Any] = {"yref": "paper", "yshift": 8}
        say(drawing, 1 if last else xs[c], 1, head, p.quiet, "right" if last else "left", valign="bottom", **where)
    drawing.plot.update_xaxes(visible=False, range=[0, 1])
    drawing.plot.update_yaxes(visible=False, range=[-0.01 * tall, 1.01 * tall])
    return drawing.done()


def _columns(flows: pd.DataFrame) -> list[list[str]]:
    """The nodes of each column that carry money, from the top down, in the order that avoids crossings."""
    orders = (("source", SOURCES), ("through", THROUGH), ("target", TARGETS))
    return [[name for name in order if name in set(flows[key])] for key, order in orders]


def _stack(columns: list[list[str]], sizes: list[pd.Series]) -> tuple[list[dict[str, float]], float]:
    """Where each node's lower edge lies, and the height of the tallest column."""
    total = max(float(size.sum()) for size in sizes)
    gap = total * 0.085
    tall = max(float(s.sum()) + gap * (len(names) - 1) for names, s in zip(columns, sizes, strict=True))
    bases = []
    for names, size in zip(columns, sizes, strict=True):
        y = tall - (tall - float(size.sum()) - gap * (len(names) - 1)) / 2
        base = {}
        for name in names:
            y -= float(size[name])
            base[name] = y
            y -= gap
        bases.append(base)
    return bases, tall


def _curves(
    drawing: Drawing,
    flows: pd.DataFrame,
    columns: list[list[str]],
    bases: list[dict[str, float]],
    ends: tuple[int, int],
    xs: tuple[float, float, float],
    paint: dict[str, str],
) -> None:
    """The ribbons between two neighbouring columns, each starting where the one before it ended."""
    keys = ("source", "through", "target")
    left, right = ends
    pairs = flows.groupby([keys[left], keys[right]])["amount"].sum().reset_index()
    rank = [{name: i for i, name in enumerate(names)} for names in columns]
    ordered = sorted(
        ((str(a), str(b), float(v)) for a, b, v in pairs.itertuples(index=False)),
        key=lambda f: (rank[left][f[0]], rank[right][f[1]]),
    )
    out = {n: bases[left][n] + sum(v for a, _, v in ordered if a == n) for n in columns[left]}
    into = {n: bases[right][n] + sum(v for _, b, v in ordered if b == n) for n in columns[right]}
    x = xs[left] + _BLOCK + (xs[right] - xs[left] - _BLOCK) * _STEPS
    for a, b, value in ordered:
        out[a] -= value
        into[b] -= value
        low = out[a] + (into[b] - out[a]) * _EASE
        drawing.plot.add_scatter(
            x=np.r_[x, x[::-1]].tolist(),
            y=np.r_[low, (low + value)[::-1]].tolist(),
            fill="toself",
            mode="lines",
            line={"width": 0},
            hoveron="fills",
            fillcolor=faded(paint[a] if left == 0 else paint[b]),
            name=f"{a} to {b}",
            hoverinfo="text",
            text=f"{a} → {b}: {money(value)}",
        )


def _paint(p: Palette) -> dict[str, str]:
    return {
        "Other IT": p.baseline,
        "Legacy": p.legacy,
        "Added": p.quiet,
        "Modern": p.modern,
        "Freed": p.freed,
        "Transition": p.transition,
        "Already modern": p.modern,
    }


def _words(p: Palette) -> dict[str, str]:
    return {
        "Other IT": p.other_text,
        "Legacy": p.legacy_text,
        "Added": p.quiet,
        "Modern": p.modern_text,
        "Freed": p.freed_text,
        "Transition": p.transition_text,
    }


def _node(
    drawing: Drawing,
    column: int,
    name: str,
    base: float,
    size: float,
    said: float,
    tall: float,
    xs: tuple[float, float, float],
    p: Palette,
    narrow: bool,
) -> None:
    """One node, and its name at the height `said`: to the left of the first column, else to the right of the node."""
    x = xs[column]
    colour = _paint(p).get(name, p.edge)
    ends = {"x0": x, "x1": x + _BLOCK, "y0": base, "y1": base + size}
    drawing.shapes.append({"type": "rect", **ends, "fillcolor": colour, "line": {"width": 0}})
    shown = _SHORT.get(name, name) if narrow and column == 1 else name
    gap = " " if column == 1 and size < 0.09 * tall and not narrow else "<br>"
    text = f"<b>{shown}</b>{gap}{money(size)}"
    words = p.ink if column == 1 else _words(p)[name]
    if column == 0 and not narrow:
        say(drawing, x - 0.012, said, text, words, "right")
    else:
        say(drawing, x + _BLOCK + 0.012, said, text, p.ink if column == 0 else words, size=SMALL if narrow else 13)
