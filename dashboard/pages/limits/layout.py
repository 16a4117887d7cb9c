"""What holds us back? The limits that bind, what each is worth, and how much of each is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from dash import html

from dashboard import cards, ids
from dashboard.figures.roadmap import horizon
from dashboard.figures.use import MOST
from dashboard.figures.use import use as draw_use
from dashboard.format import NARROW, count, fy, money, named
from dashboard.jobs import Jobs
from dashboard.look import View
from dashboard.measures import limits as measure
from dashboard.pages import explained
from dashboard.pages.assumptions import progress
from dashboard.pages.limits import sentences, what_if
from dashboard.source import Source
from dashboard.words import marked
from dashboard.worth import each, kind_name, limit_name, one_more, price, short_price, subject_name, use_of, when

QUESTION = "What holds us back?"
WHICH = "Which limits bind, and what is each worth?"
USE = "How much of each limit is used?"
FIGURES = 3
"""Kinds of limits that have a key figure."""
SHOWN = 5
"""Limits of a kind in sight; the table has them all."""
NEARLY = 0.99
"""The share of an appropriation from which it counts as spent."""
SOURCE = "prices in present value; a further unit is never worth more than the one before"


def layout(view: View, source: Source | None = None, jobs: Jobs | None = None) -> Any:
    """The page."""
    if view.showing.limits.empty:
        return cards.empty(
            QUESTION, "No limits yet.", html.A("Make a plan", href=view.link("/assumptions"), className="link")
        )
    found = answers(view, source)
    panel = progress.panel(source, jobs, dict(view.query)) if source is not None and jobs is not None else None
    return html.Div(
        [
            html.Div(found["head"], id=ids.answer("head")),
            panel,
            html.Div(found["body"], id=ids.answer("body")),
            html.Div(what_if.block(view, source, jobs), className="grid what-if"),
        ]
    )


def answers(view: View, source: Source | None = None) -> dict[str, Any]:
    """What changes on the page once prices were checked."""
    rows = measure.priced(view.showing)
    kinds, bound = measure.kinds(rows), measure.bound(rows)
    moves = bool((view.showing.plan["start"].astype(str) != "").any())
    blocks = [_which(view, bound, source), _use(view, rows)]
    return {
        "head": cards.head(QUESTION, sentences.lede(kinds, moves)),
        "body": [_figures(len(rows), kinds, bound), html.Div(blocks, className="grid")],
    }


def frames(view: View) -> Mapping[str, pd.DataFrame]:
    """The frame of each block, for its file."""
    rows = measure.priced(view.showing)
    return {
        "bound": _bound_frame(measure.bound(rows), measure.is_checked(view.showing)),
        "use": _use_frame(measure.use(rows)),
    }


def _figures(every: int, kinds: pd.DataFrame, bound: pd.DataFrame) -> Any:
    """How many limits bind, the dearest unit of each kind, and how many prices were checked."""
    figures = [cards.key_figure(f"{len(bound):,}", "Limits that bind", f"of {every:,} in this plan")]
    for _, kind in kinds.head(FIGURES).iterrows():
        own = bound[bound["limit"] == kind["limit"]]
        figures.append(_dearest(own.loc[own["price"].idxmax()], kind))
    priced = bound[bound["price"] > 0]
    if len(priced):
        sure, tried = int(priced["confirmed"].sum()), int(priced["tried"].sum())
        told = f"of {tried:,} tried, of {len(priced):,} in all" if tried else "not checked yet"
        figures.append(cards.key_figure(f"{sure:,}" if tried else "–", "Prices confirmed", told))
    return cards.key_figures(*figures)


def _dearest(row: pd.Series, kind: pd.Series) -> Any:
    """The limit of a kind of which one more unit is worth most."""
    many = (
        f"{int(kind['bound']):,} of {count(int(kind['all']), 'such limit')} {'binds' if kind['bound'] == 1 else 'bind'}"
    )
    return cards.key_figure(each(row), one_more(row), many)


def _bound_frame(bound: pd.DataFrame, checked: bool) -> pd.DataFrame:
    dollars = (bound["unit"] == "USD").map({True: 1e6, False: 1.0}).astype(float)
    return pd.DataFrame(
        {
            "Limit": [named(limit_name(row)) for _, row in bound.iterrows()],
            "Kind": [kind_name(str(k)) for k in bound["limit"]],
            "Used": (bound["used"] / dollars).astype(float),
            "Allowed": (bound["allowed"] / dollars).astype(float),
            "Unit": bound["unit"].replace("USD", "$M"),
            "One more is worth": [short_price(row) for _, row in bound.iterrows()],
            "The price holds": [sentences.holds(row) if checked else "not checked" for _, row in bound.iterrows()],
            "Confirmed": ["yes" if sure else "no" for sure in bound["confirmed"]],
            "1 % more is worth at most, $M": bound["percent"].astype(float) / 1e6,
        }
    )


def _which(view: View, bound: pd.DataFrame, source: Source | None) -> Any:
    checked = measure.is_checked(view.showing)
    ask = html.Div(explained.button("prices", view.showing, source), className="actions")
    content = html.Div()
    if len(bound):
        content = cards.scrolled(_grouped(bound, checked), "Binding limits by kind")
    frame = _bound_frame(bound, checked)
    hidden = len(bound) - sum(min(n, SHOWN) for n in bound["limit"].value_counts())
    note = f"{hidden} more in the table · {SOURCE}" if hidden else SOURCE
    return cards.block(
        "bound",
        WHICH,
        sentences.which(bound, checked),
        html.Div([content, ask]),
        foot=cards.foot("bound", WHICH, view, "limits", frame, note),
    )


def _grouped(bound: pd.DataFrame, checked: bool) -> Any:
    """A table whose rows stand under their kind; the bar is what 1 % more is worth at most."""
    heads = [
        "Limit",
        "Used",
        "In words",
        *(["The price holds"] if checked else []),
        f"1{NARROW}% more is worth at most",
    ]
    head = html.Tr([html.Th(t, scope="col", className="text") for t in heads])
    widest = max(float(bound["percent"].max()), 1.0)
    parts = []
    for limit, own in bound.groupby("limit", sort=False):
        title = html.Th(kind_name(str(limit)), scope="rowgroup", colSpan=len(heads))
        rows = [_row(row, widest, checked) for _, row in own.head(SHOWN).iterrows()]
        parts.append(html.Tbody([html.Tr(title, className="kind"), *rows]))
    caption = html.Caption(WHICH, className="hidden")
    return html.Table([caption, html.Thead(head), *parts], className="plain worth")


def _row(row: pd.Series, widest: float, checked: bool) -> Any:
    subject = str(row["subject"])
    name = [html.Span(named(subject) if subject else kind_name(str(row["limit"]))), html.Span(when(row))]
    bar = html.Span(className="measure", style={"width": f"{60 * float(row['percent']) / widest:.1f}%"})
    return html.Tr(
        [
            html.Th(name, scope="row", className="limit"),
            html.Td(used(row), className="wrap used"),
            html.Td(marked(price(row)), className="wrap"),
            *([html.Td(sentences.holds(row), className="wrap")] if checked else []),
            html.Td([bar, html.B(money(float(row["percent"])))], className="bar-cell"),
        ]
    )


def used(row: pd.Series) -> str:
    """What is used, and of an appropriation that is not spent what becomes of the rest."""
    said = use_of(row)
    # full only together with the next year: a dollar that is left now is a dollar more then
    left = str(row["limit"]) == "appropriation" and float(row["used"]) < NEARLY * float(row["allowed"])
    return f"{said}; the rest goes on to the next year" if left else said


def _use_frame(table: pd.DataFrame) -> pd.DataFrame:
    dollars = (table["unit"] == "USD").map({True: 1e6, False: 1.0}).astype(float)
    return pd.DataFrame(
        {
            "Limit": [subject_name(str(n), str(s)) for n, s in zip(table["limit"], table["subject"], strict=True)],
            "Period": [fy(int(t)) if t.isdigit() else t for t in table["period"].astype(str)],
            "Used": (table["used"] / dollars).astype(float),
            "Allowed": (table["allowed"] / dollars).astype(float),
            "Unit": table["unit"].replace("USD", "$M"),
            "Used, %": table["share"].astype(float) * 100,
            "Binds": ["yes" if b else "no" for b in table["binding"]],
        }
    )


def _use(view: View, rows: pd.DataFrame) -> Any:
    table = measure.use(rows)
    answer = sentences.use(table)
    figure = draw_use(table, horizon(view.showing), view.look.palette)
    content = [cards.key(("full", "binds"), ("part", "has room"), ("limit", "all that is allowed"))]
    content.append(cards.picture("use", figure, answer))
    more = table.groupby(["limit", "subject"]).ngroups - MOST
    note = f"{more} more limits in the table" if more > 0 else ""
    return cards.block(
        "use",
        USE,
        answer,
        cards.scrolled(content, "Use of each limit", wide=True),
        foot=cards.foot("use", USE, view, "limits", _use_frame(table), note),
    )
