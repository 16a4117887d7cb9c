"""What every figure shares: no box, no legend, hairline rules, words beside the marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor, inf, log10
from typing import Any

import plotly.graph_objects as go

from dashboard.format import MINUS
from dashboard.theme import CHART, FONT, Palette


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure in the making; lines and words are handed over at once, for Plotly checks all at each addition."""

    plot: Any
    shapes: list[dict[str, Any]] = field(default_factory=list)
    words: list[dict[str, Any]] = field(default_factory=list)

    def done(self) -> Any:
        """The finished `plotly.graph_objects.Figure`."""
        self.plot.update_layout(shapes=self.shapes, annotations=self.words)
        return self.plot


def canvas(
    p: Palette, height: float, *, left: float = 8, right: float = 8, top: float = 28, bottom: float = 28
) -> Drawing:
    """An empty drawing in the house style; margins in pixels."""
    figure = go.Figure()
    figure.update_layout(
        template="none",
        height=round(height),
        autosize=True,
        showlegend=False,
        dragmode=False,
        hovermode="closest",
        bargap=0,
        margin={"l": left, "r": right, "t": top, "b": bottom, "pad": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": CHART, "color": p.quiet},
        hoverlabel={
            "bgcolor": p.page,
            "bordercolor": p.edge,
            "font": {"family": FONT, "size": CHART, "color": p.ink},
            "align": "left",
        },
    )
    plain = {"zeroline": False, "showline": False, "ticks": "", "fixedrange": True}
    figure.update_xaxes(showgrid=False, **plain)
    figure.update_yaxes(gridcolor=p.rule, gridwidth=1, **plain)
    return Drawing(figure)


def say(
    drawing: Drawing,
    x: float,
    y: float,
    text: str,
    colour: str,
    anchor: str = "left",
    size: int = CHART,
    valign: str = "middle",
    **more: Any,
) -> None:
    """Words in the figure, placed by data unless `more` says otherwise."""
    drawing.words.append(
        {
            "x": x,
            "y": y,
            "text": text,
            "showarrow": False,
            "xanchor": anchor,
            "yanchor": valign,
            "align": anchor,
            "font": {"size": size, "color": colour},
            **more,
        }
    )


def beside(drawing: Drawing, y: float, text: str, colour: str, shift: float = 10, size: int = CHART) -> None:
    """Words to the right of the plot, level with a value: what stands in for a legend."""
    say(drawing, 1, y, text, colour, "left", size, xref="paper", xshift=shift)


def stroke(
    drawing: Drawing,
    x0: float,
    y0: float,
    x1: float,
    y1: float,
    colour: str,
    width: float = 1,
    dash: str = "solid",
    **more: Any,
) -> None:
    """A straight line."""
    line = {"color": colour, "width": width, "dash": dash}
    drawing.shapes.append({"type": "line", "x0": x0, "y0": y0, "x1": x1, "y1": y1, "line": line, **more})


def spread(wanted: Sequence[float], room: float, low: float = -inf, high: float = inf) -> list[float]:
    """Moves labels apart until no two are closer than `room`, in their order and as near as can be to their places.

    None is placed below `low`; none above `high` unless there is no room for all.
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    placed = [float(wanted[i]) for i in order]
    for _ in range(200):
        for under in range(len(placed) - 1):
            lack = room - (placed[under + 1] - placed[under])
            if lack > room * 1e-6:
                placed[under] -= lack / 2
                placed[under + 1] += lack / 2
    for i in reversed(range(len(placed))):
        placed[i] = min(placed[i], high - room * (len(placed) - 1 - i))
    for i in range(len(placed)):
        placed[i] = max(placed[i], low + room * i)
    back = [0.0] * len(wanted)
    for rank, i in enumerate(order):
        back[i] = placed[rank]
    return back


def money_ticks(low: float, high: float, most: int = 5) -> tuple[list[float], list[str]]:
    """Round amounts between two, at most `most` steps, all in one unit: `$200M`."""
    rough = max(high - low, 1.0) / most
    power = 10 ** floor(log10(rough))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough)
    first = -(-low // step) * step
    values = [first + step * i for i in range(int((high - first) // step) + 1)]
    unit, sign = next(
        ((u, s) for u, s in ((1e9, "B"), (1e6, "M"), (1e3, "K")) if step >= u or high >= 2.5 * u), (1.0, "")
    )
    if unit == 1e9 and step < 1e8:
        unit, sign = 1e6, "M"
    digits = 0 if step / unit >= 1 and (step / unit) % 1 == 0 else 1 if round(step / unit * 10, 6) % 1 == 0 else 2
    return values, [_tick(v / unit, digits, sign) for v in values]


def _tick(value: float, digits: int, unit: str) -> str:
    return "0" if value == 0 else f"{MINUS if value < 0 else ''}${abs(value):,.{digits}f}{unit}"


def nothing(p: Palette, text: str) -> Any:
    """The picture of a frame without rows: a sentence."""
    drawing = canvas(p, 96)
    drawing.plot.update_xaxes(visible=False, range=[0, 1])
    drawing.plot.update_yaxes(visible=False, range=[0, 1])
    say(drawing, 0, 0.5, text, p.quiet, xref="paper")
    return drawing.done()


__all__ = ["Drawing", "beside", "canvas", "money_ticks", "nothing", "say", "spread", "stroke"]
