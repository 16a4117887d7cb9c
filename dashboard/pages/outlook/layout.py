"""What will we spend if nothing changes?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from dash import Input, Output, State, html

from dashboard import cards, ids
from dashboard.figures.fan import axis_start
from dashboard.figures.fan import fan as draw_fan
from dashboard.format import fy, money, named
from dashboard.look import View
from dashboard.measures import outlook as measure
from dashboard.measures import year_end as books
from dashboard.pages.outlook import budget, sentences, under_way

QUESTION = "What will we spend if nothing changes?"
FAN = "How far may it go?"
SCORES = "How good has this forecast been?"
TREATMENTS = "What was done to the history?"


def layout(view: View, *_: Any) -> Any:
    """The page."""
    if view.showing.outlook.empty and view.showing.history.empty:
        return cards.empty(
            QUESTION, "No history yet.", html.A("Look at the plan", href=view.link("/plan"), className="link")
        )
    cut, part = chosen(view)
    history, ahead = measure.history(view.showing, cut, part), measure.outlook(view.showing, cut, part)
    money_ahead = measure.appropriated(view.showing, cut, part)
    lede = sentences.lede(history, ahead, money_ahead, named(part) if part else "")
    return html.Div(
        [
            cards.head(QUESTION, lede),
            html.Div(
                [
                    _fan(view, history, ahead, money_ahead),
                    under_way.year_end(view, cut, part),
                    under_way.variance(view, cut, part),
                    budget.budget(view, cut, part),
                    _scores(view),
                    _treatments(view),
                    under_way.overrides(view),
                ],
                className="grid",
            ),
        ]
    )


def frames(view: View) -> Mapping[str, pd.DataFrame]:
    """The frame of each block, for its file."""
    cut, part = chosen(view)
    history, ahead = measure.history(view.showing, cut, part), measure.outlook(view.showing, cut, part)
    return {
        "fan": _fan_frame(history, ahead, measure.appropriated(view.showing, cut, part)),
        "year-end": under_way.year_end_frame(
            books.year_end(view.showing, cut, part), named(part) if part else "All funds"
        ),
        "variance": under_way.variance_frame(books.variance(view.showing, cut, part)),
        "budget": budget.line_frame(view, cut, part),
        "overrides": under_way.override_frame(books.overrides(view.showing)),
        "scores": _score_frame(measure.scores(view.showing)),
        "treatments": _treatment_frame(measure.treatments(view.showing)),
    }


def register(app: Any, *_: Any) -> None:
    """Keeps what is chosen in the address."""
    app.clientside_callback(
        "function(cut, search) { return window.reallot.ask(search, {cut: cut === 'all' ? '' : cut, part: ''}); }",
        Output(ids.URL, "search", allow_duplicate=True),
        Input(ids.OUTLOOK_CUT, "value"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        "function(part, search) { return window.reallot.ask(search, {part: part}); }",
        Output(ids.URL, "search", allow_duplicate=True),
        Input(ids.OUTLOOK_PART, "value"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )


def chosen(view: View) -> tuple[str, str]:
    """The part that the address asks for: a key and its value; blanks for everything."""
    cut = view.query.get("cut", "")
    known = measure.parts(view.showing, cut) if cut in measure.CUTS else []
    if not known:
        return "", ""
    part = view.query.get("part", "")
    return cut, part if part in known else known[0]


def _choices(view: View) -> Any:
    cut, part = chosen(view)
    cuts = [("all", "Everything"), *((c, f"One {c}") for c in measure.CUTS if measure.parts(view.showing, c))]
    fields = [cards.choose(ids.OUTLOOK_CUT, "Show", cuts, cut or "all")]
    if cut:
        parts = [(p, named(p)) for p in measure.parts(view.showing, cut)]
        fields.append(cards.choose(ids.OUTLOOK_PART, named(cut), parts, part))
    return html.Div(fields, className="filters")


def _fan_frame(history: pd.DataFrame, ahead: pd.DataFrame, appropriated: pd.Series) -> pd.DataFrame:
    past = history.set_index("year") if len(history) else pd.DataFrame(columns=["appropriated", "expended"])
    future = (
        ahead.set_index("year") if len(ahead) else pd.DataFrame(columns=["mean", "lo_80", "hi_80", "lo_95", "hi_95"])
    )
    years = sorted({*(int(y) for y in past.index), *(int(y) for y in future.index)})
    limit = pd.concat([past["appropriated"].astype(float), appropriated.astype(float)])
    limit = limit[~limit.index.duplicated(keep="last")]
    columns = {
        "Spent, $M": past["expended"],
        "Outlook, $M": future["mean"],
        "1 in 10 below, $M": future["lo_80"],
        "1 in 10 above, $M": future["hi_80"],
        "1 in 40 below, $M": future["lo_95"],
        "1 in 40 above, $M": future["hi_95"],
        "Appropriation, $M": limit,
    }
    table = pd.DataFrame({name: values.astype(float).reindex(years) / 1e6 for name, values in columns.items()})
    table.insert(0, "Fiscal year", [fy(y) for y in years])
    return table


def _fan(view: View, history: pd.DataFrame, ahead: pd.DataFrame, appropriated: pd.Series) -> Any:
    look, answer = view.look, sentences.fan(ahead)
    start = axis_start(history, ahead, appropriated)
    note = f"axis starts at {money(start)}" if start > 0 else ""
    marks = cards.key(
        ("past", "Spent"),
        ("median", "Outlook"),
        ("band-80", "4 in 5"),
        ("band-95", "19 in 20"),
        ("limit", "Appropriation"),
    )
    figure = draw_fan(history, ahead, appropriated, look.palette, look.narrow)
    return cards.block(
        "fan",
        FAN,
        answer,
        html.Div([marks, cards.picture("fan", figure, answer)])
        if look.narrow
        else cards.picture("fan", figure, answer),
        before=_choices(view),
        foot=cards.foot("fan", FAN, view, "outlook", _fan_frame(history, ahead, appropriated), note),
    )


def _score_frame(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Years ahead": table["horizon"].astype(int),
            "Forecast off by, %": table["combined"].astype(float) * 100,
            "Last year repeated, %": table["naive"].astype(float) * 100,
            "Error ratio (OWA)": table["owa"].astype(float),
            "Inside the 80 % range, %": table["coverage_80"].astype(float) * 100,
            "Inside the 95 % range, %": table["coverage_95"].astype(float) * 100,
            "Tries": table["n"].astype(int),
        }
    )


def _scores(view: View) -> Any:
    table = measure.scores(view.showing)
    note = "error ratio: below 1 beats the last year repeated" if table["owa"].notna().any() else ""
    return under_way.table_block("scores", SCORES, sentences.scores(table), _score_frame(table), view, note=note)


def _treatment_frame(rows: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, Any] = {"Line": pd.Series(books.lines(rows), dtype=str)}
    if "period" in rows:
        columns["Fiscal year"] = [str(p) for p in rows["period"]]
    for name, label in (("found", "Found"), ("treatment", "Treatment")):
        if name in rows:
            columns[label] = [named(str(v)) for v in rows[name]]
    for name, label in (("before", "Before, $M"), ("after", "After, $M")):
        if name in rows:
            columns[label] = rows[name].astype(float).to_numpy() / 1e6
    return pd.DataFrame(columns)


def _treatments(view: View) -> Any:
    rows = measure.treatments(view.showing)
    answer = sentences.treatments(view.showing.treatments)
    return under_way.table_block("treatments", TREATMENTS, answer, _treatment_frame(rows), view)
