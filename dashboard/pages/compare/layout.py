"""Which plan? Two to four of them side by side: what differs, what comes of it, and how they stand among all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from dash import Input, Output, State, dcc, html

from dashboard import cards, ids
from dashboard.figures.payback import payback as draw_payback
from dashboard.figures.scenarios import NAMES
from dashboard.figures.scenarios import scenarios as draw_scenarios
from dashboard.format import fy, listed, named
from dashboard.jobs import Jobs
from dashboard.look import View
from dashboard.measures import compare as measure
from dashboard.measures.compare import Compared
from dashboard.pages.compare import rows, sentences
from dashboard.pages.compare.rows import Row
from dashboard.source import Source, title
from dashboard.words import marked
from scenarios.results import results_in

QUESTION = "Which plan?"
TABLE = "What differs, and what comes of it?"
PAYBACK = "When does each plan pay back?"
FRONTIER = "Which plans does none beat?"
EACH = "What is each plan?"
NONE = "none"
"""What an empty place is called in the choices."""
SHOWN = 8
"""Assumptions that differ in sight; the file has them all."""
FEW = "There is only one plan to look at. Change an assumption, plan again, and both stand side by side here."


def layout(view: View, source: Source | None = None, jobs: Jobs | None = None) -> Any:
    """The page."""
    names = results_in(view.showing.folder.parent)
    if len(names) < measure.LEAST:
        link = html.A("Change an assumption", href=view.link("/assumptions"), className="link")
        return cards.empty(QUESTION, FEW, link)
    try:
        side, missing = compared(view)
    except ValueError as error:
        return cards.empty(QUESTION, str(error))
    return html.Div(
        [
            cards.head(QUESTION, sentences.lede(side)),
            _choices(side, names),
            html.Div(
                [_table(view, side, missing), _payback(view, side), _frontier(view, side), _each(view, side)],
                className="grid",
            ),
        ]
    )


def frames(view: View) -> Mapping[str, pd.DataFrame]:
    """The frame of each block, for its file."""
    if len(results_in(view.showing.folder.parent)) < measure.LEAST:
        return {}
    try:
        side, _ = compared(view)
    except ValueError:
        return {}
    return {
        "sides": _side_frame(side, view),
        "payback": _payback_frame(measure.running(side, view.against)),
        "frontier": _frontier_frame(measure.dots(view.showing.folder.parent)),
        "each": _each_frame(side),
    }


def register(app: Any, *_: Any) -> None:
    """Keeps what is chosen in the address."""
    app.clientside_callback(
        "function(...values) { return window.reallot.sideBySide(values); }",
        Output(ids.URL, "search", allow_duplicate=True),
        *[Input(ids.plan(i), "value") for i in range(measure.MOST)],
        State(ids.COMPARED, "data"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        "function(value, search) { return window.reallot.ask(search, {by: value === 'legacy' ? '' : value}); }",
        Output(ids.URL, "search", allow_duplicate=True),
        Input(ids.COMPARE_BY, "value"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )


def compared(view: View) -> tuple[Compared, list[str]]:
    """The plans that the address asks for, and those of which there are no results."""
    folder = view.showing.folder.parent
    names, missing = measure.chosen(
        results_in(folder), view.query.get("compare", ""), view.showing.name, view.against.name
    )
    return measure.compared(folder, names, view.showing.name), missing


def by(view: View) -> str:
    """The measure of the frontier that the address asks for."""
    asked = view.query.get("by", "")
    return asked if asked in measure.MEASURES else measure.MEASURES[0]


def _choices(side: Compared, names: list[str]) -> Any:
    """Four places, of which two must be filled; a plan stands in one of them at most."""
    titles = measure.titles(side.results[side.names[0]].folder.parent)
    fields = []
    for i in range(measure.MOST):
        own = side.names[i] if i < len(side.names) else NONE
        free = [(n, titles[n]) for n in names if n == own or n not in side.names]
        options = [*free, *([(NONE, "None")] if i >= measure.LEAST else [])]
        fields.append(cards.choose(ids.plan(i), f"Plan {i + 1}", options, own))
    return html.Div([*fields, dcc.Store(id=ids.COMPARED, data=",".join(side.names))], className="filters sides")


def _side_frame(side: Compared, view: View) -> pd.DataFrame:
    """A row a scenario, a column for each thing that differs: assumptions first."""
    columns: dict[str, Any] = {"Scenario": [side.title(name) for name in side.names]}
    for row in [*rows.assumptions(side), *rows.results(side, view.against), *rows.yearly(side)]:
        head = f"{row.name}, {row.unit}" if row.unit else row.name
        columns[head] = [row.values[name] for name in side.names]
    return pd.DataFrame(columns)


def _table(view: View, side: Compared, missing: list[str]) -> Any:
    differing = rows.assumptions(side)
    found = [row for row in rows.results(side, view.against) if row.reads_apart]
    answer = sentences.table(len(differing), len(found), [named(name) for name in missing])
    hidden = len(differing) - SHOWN
    note = " \u00b7 ".join(
        t
        for t in (f"{hidden} more assumptions in the table" if hidden > 0 else "", _simulated(measure.played(side)))
        if t
    )
    notes = [html.P(note, className="note") for note in side.comparison.notes if note.split(" ")[0] in side.names]
    content = cards.scrolled(_columns(side, differing[:SHOWN], found), "Plans side by side")
    return cards.block(
        "sides",
        TABLE,
        answer,
        html.Div([content, *notes]),
        foot=cards.foot("sides", TABLE, view, "compare", _side_frame(side, view), note),
    )


def _columns(side: Compared, differing: list[Row], found: list[Row]) -> Any:
    """A column a plan; the one shown is washed, and what is as in it stands back."""
    heads = [
        html.Th(
            [html.Span(side.title(name)), html.Small(str(side.results[name].summary.get("why", "")))],
            scope="col",
            className=_tone(side, name),
        )
        for name in side.names
    ]
    parts = []
    for label, group in (("Assumptions that differ", differing), ("Results", found)):
        if group:
            head = html.Th(label, scope="rowgroup", colSpan=len(side.names) + 1)
            parts.append(html.Tbody([html.Tr(head, className="kind"), *[_line(side, row) for row in group]]))
    caption = html.Caption("Plans side by side", className="hidden")
    return html.Table([caption, html.Thead(html.Tr([html.Td(""), *heads])), *parts], className="plain sides-table")


def _line(side: Compared, row: Row) -> Any:
    cells = []
    for name in side.names:
        words = row.words[name]
        same = name != side.shown and not row.best and words == row.words[side.shown]
        content: Any = words
        if name in row.best:
            content = [html.Span(words, className="best"), html.Span(" best", className="hidden")]
        cells.append(html.Td(content, className=f"{_tone(side, name)} {'same' if same else ''}".strip()))
    return html.Tr([html.Th(row.name, scope="row"), *cells])


def _tone(side: Compared, name: str) -> str:
    return "shown" if name == side.shown else ""


def _payback_frame(saved: pd.DataFrame) -> pd.DataFrame:
    wide = saved.pivot(index="year", columns="title", values="saved") if len(saved) else pd.DataFrame()
    columns: dict[str, Any] = {"Through": [fy(int(y)) for y in wide.index]}
    columns |= {f"{t}: change, $M": wide[t].astype(float).to_numpy() / 1e6 for t in dict.fromkeys(saved["title"])}
    return pd.DataFrame(columns)


def _payback(view: View, side: Compared) -> Any:
    saved, rival, look = measure.running(side, view.against), title(view.against), view.look
    answer = sentences.payback(saved, rival)
    figure = draw_payback(saved, side.shown, rival, look.palette, look.narrow)
    picture: Any = cards.picture("payback", figure, answer)
    if look.narrow:
        others = [side.title(n) for n in side.names if n not in (side.shown, view.against.name)]
        marks = [("past", side.title(side.shown)), *(("thin", other) for other in others), ("rival", rival)]
        picture = html.Div([cards.key(*marks), picture])
    return cards.block(
        "payback",
        PAYBACK,
        answer,
        picture,
        span=6,
        foot=cards.foot("payback", PAYBACK, view, "compare", _payback_frame(saved), f"running saving against {rival}"),
    )


def _frontier_frame(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Scenario": table["title"].astype(str),
            "Outlay of the horizon, $M": table["cost"].astype(float) / 1e6,
            "Legacy share in the last year, %": table["legacy"].astype(float) * 100,
            "Risk left, present value, $M": table["risk"].astype(float) / 1e6,
            "Chance of running short, %": table["short"].astype(float) * 100,
            "Standard error, points (%)": table["error"].astype(float) * 100,
            "Futures": table["futures"].astype(float),
        }
    )


def _frontier(view: View, side: Compared) -> Any:
    table, measured, look = measure.dots(view.showing.folder.parent), by(view), view.look
    answer = sentences.frontier(table, measured)
    figure = draw_scenarios(table, measured, side.names, side.shown, look.palette, look.narrow)
    untold = int(table[measured].isna().sum())
    note = "every dot is a scenario; axes do not start at 0"
    note = f"{untold} without it \u00b7 {note}" if untold else note
    told = sorted({int(n) for n in table["futures"].dropna()})
    note = f"{_simulated(told)} \u00b7 {note}" if measured == "short" and told else note
    choice = cards.choose(ids.COMPARE_BY, "Cost against", list(NAMES.items()), measured)
    return cards.block(
        "frontier",
        FRONTIER,
        answer,
        cards.picture("frontier", figure, f"Cost against {NAMES[measured].lower()}. {answer}"),
        span=6,
        before=html.Div(choice, className="filters long"),
        foot=cards.foot("frontier", FRONTIER, view, "compare", _frontier_frame(table), note),
    )


def _simulated(counts: list[int]) -> str:
    """In how many futures chances were told."""
    return f"chances in {listed(f'{n:,}' for n in counts)} simulated futures" if counts else ""


def _sentence(side: Compared, name: str) -> str:
    differing = [row for row in rows.assumptions(side) if row.words[name] != row.words[side.shown]]
    return sentences.of_scenario(side, name, differing)


def _each_frame(side: Compared) -> pd.DataFrame:
    """The sentences of the page, and those of `reallot compare` with every assumption in them."""
    return pd.DataFrame(
        {
            "Scenario": [side.title(name) for name in side.names],
            "Why": [str(side.results[name].summary.get("why", "")) for name in side.names],
            "What comes of it": ["".join(_sentence(side, name).split("*")) for name in side.names],
            "In full": [side.comparison.sentences[name] for name in side.names],
        }
    )


def _each(view: View, side: Compared) -> Any:
    told = [
        html.Li(
            [
                html.H3(side.title(name)),
                html.P(marked(_sentence(side, name))),
                html.A(["Open the plan", html.Span(f": {side.title(name)}", className="hidden")],
                       href=view.link("/plan", showing=name), className="link"),
            ]
        )
        for name in side.names
    ]  # fmt: skip
    return cards.block(
        "each",
        EACH,
        f"Each is held against {side.title(side.shown)}.",
        html.Ul(told, className="each"),
        foot=cards.foot("each", EACH, view, "compare", _each_frame(side)),
    )
