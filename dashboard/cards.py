"""The blocks that every page is built from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
import pandas as pd
from dash import dcc, html

from dashboard.format import bare
from dashboard.look import View
from dashboard.source import title
from dashboard.words import marked, plain

GRAPH = {
    "displayModeBar": False,
    "displaylogo": False,
    "plotlyServerURL": "",
    "responsive": True,
    "doubleClick": False,
    "scrollZoom": False,
}


SIGNED = ("change", "variance", "timing", "level")
"""How headers of money begin whose sign is the point."""


def head(question: str, lede: str, **more: Any) -> Any:
    """A page's question, small, and the sentence that answers it, large."""
    return html.Header([html.H1(question), html.P(marked(lede), className="lede", **more)], className="page-head")


def key_figure(value: str, label: str, against: str = "", tone: str = "") -> Any:
    """One figure, what it is, and what it is compared with."""
    detail = [html.Span(marked(against), className=f"against {tone}".strip())] if against else []
    return html.Div([html.Dt(label), html.Dd([html.Span(value, className="value"), *detail])], className="key")


def key_figures(*figures: Any) -> Any:
    """A row of key figures."""
    return html.Dl(list(figures), className="keys", **{"data-count": str(len(figures))})


def block(
    key: str,
    question: str,
    answer: str,
    picture: Any,
    *,
    span: int = 12,
    foot: Sequence[Any] = (),
    before: Any = None,
) -> Any:
    """A labelled section: question, one sentence that answers it, the picture, and its foot."""
    return html.Section(
        [
            html.H2(question, id=f"{key}-q"),
            html.P(marked(answer), id=f"{key}-a", className="answer"),
            *([before] if before is not None else []),
            picture,
            html.Div(list(foot), className="foot"),
        ],
        id=key,
        className=f"block span-{span}",
        **{"aria-labelledby": f"{key}-q"},
    )


def picture(key: str, figure: Any, label: str) -> Any:
    """A figure as one image with a name; the table below it says the same in words."""
    graph = dcc.Graph(id=f"{key}-graph", figure=figure, config=GRAPH, style={"height": f"{figure.layout.height}px"})
    return html.Div(graph, role="img", className="picture", **{"aria-label": plain(label)})


def scrolled(content: Any, label: str, wide: bool = False) -> Any:
    """Content that may be wider than the page, in a region that has a name and takes the keyboard's focus."""
    return html.Div(
        content, className="scroll wide" if wide else "scroll", tabIndex=0, role="region", **{"aria-label": label}
    )


def foot(key: str, question: str, view: View, page: str, frame: pd.DataFrame, note: str = "") -> list[Any]:
    """Table, CSV and source of a block."""
    return [
        html.Details(
            [
                html.Summary(["Table", _hidden(f": {question}")]),
                scrolled(plain_table(frame, question), f"Table: {question}"),
            ]
        ),
        csv_link(key, question, view, page),
        source(view, note),
    ]


def csv_link(key: str, question: str, view: View, page: str) -> Any:
    """The link to a block's file."""
    return html.A(["CSV", _hidden(f": {question}")], href=csv_address(view, page, key), className="link", download=True)


def csv_address(view: View, page: str, key: str) -> str:
    """Where the file of a block's frame is."""
    text = urlencode({k: v for k, v in view.query.items() if v and k not in ("theme", "job")}, safe=",")
    return f"/csv/{page}/{key}" + (f"?{text}" if text else "")


def source(view: View, note: str = "") -> Any:
    """Which scenario a picture shows, and whether its data are made up."""
    made_up = "Made-up data" if view.showing.summary.get("made_up") else ""
    return html.Span(" · ".join(t for t in (made_up, title(view.showing), note) if t), className="source")


def _hidden(text: str) -> Any:
    return html.Span(text, className="hidden")


def plain_table(
    frame: pd.DataFrame, caption: str, hidden: bool = False, wrap: Sequence[str] = (), right: bool = False
) -> Any:
    """A table of a frame: the first column names the row, numbers stand to the right in the unit of their header.

    Args:
        frame: what to show.
        caption: what it is called.
        hidden: the caption is only for those who cannot see the question above it.
        wrap: columns of prose, which may break.
        right: everything is figures, though written as text.
    """
    numeric = [right or pd.api.types.is_numeric_dtype(frame[c]) for c in frame.columns]
    head_row = html.Tr(
        [html.Th(c, scope="col", className="" if n else "text") for c, n in zip(frame.columns, numeric, strict=True)]
    )
    rows = []
    for values in frame.itertuples(index=False, name=None):
        cells = [
            html.Th(
                shown(values[0], str(frame.columns[0])),
                scope="row",
                className="wrap" if frame.columns[0] in wrap else "",
            ),
            *(
                html.Td(shown(v, str(c)), className="" if n else "wrap" if c in wrap else "text")
                for v, c, n in zip(values[1:], frame.columns[1:], numeric[1:], strict=True)
            ),
        ]
        rows.append(html.Tr(cells))
    title_row = html.Caption(caption, className="hidden" if hidden else "")
    return html.Table([title_row, html.Thead(head_row), html.Tbody(rows)], className="plain")


def shown(value: Any, column: str) -> str:
    """A value as its column's header says it should read."""
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if "%" in column:
        return bare(float(value), 1)
    if "$" in column:
        return bare(float(value), 1, signed=column.lower().startswith(SIGNED))
    if "ratio" in column:
        return bare(float(value), 2)
    if isinstance(value, float):
        return bare(value, 0 if abs(value) >= 100 or value % 1 == 0 else 1)
    return f"{value:,}" if "year" not in column.lower() else str(value)


def key(*marks: tuple[str, str]) -> Any:
    """Marks and their words, where marks recur too often for words beside them or the page is narrow."""
    return html.Ul([html.Li([html.Span(className=f"mark {kind}"), text]) for kind, text in marks], className="marks")


def choose(name: str, label: str, options: Sequence[tuple[str, str]], value: str | None) -> Any:
    """A labelled choice of one."""
    return dmc.Select(
        id=name,
        label=label,
        value=value,
        data=[{"value": v, "label": t} for v, t in options],
        allowDeselect=False,
        checkIconPosition="right",
        comboboxProps={"width": 280, "position": "bottom-start", "withinPortal": False},
        className="inline",
    )


def empty(question: str, sentence: str, link: Any = None) -> Any:
    """A page with nothing to show: its question, a sentence, one way on."""
    return html.Div([head(question, sentence), *([link] if link is not None else [])], className="empty")
