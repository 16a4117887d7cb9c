"""What if there were more, or less? Sliders, what they ask for in words, and the button that plans with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import ALL, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate

from dashboard import cards, ids
from dashboard.jobs import Jobs
from dashboard.look import View, address, parse
from dashboard.measures import limits as measure
from dashboard.pages.limits import sentences, sliders
from dashboard.pages.limits.sliders import MOST, Slider
from dashboard.source import RIVAL, Source
from dashboard.words import marked

QUESTION = "What if there were more, or less?"


def block(view: View, source: Source | None, jobs: Jobs | None) -> Any:
    """Sliders for what binds, the others behind a disclosure."""
    if source is None or source.study is None or view.showing.name == RIVAL:
        said = "Cost to continue moves nothing." if view.showing.name == RIVAL else NO_STUDY
        return cards.block("what-if", QUESTION, said, html.Div())
    known = sliders.sliders(view.showing, measure.priced(view.showing))
    asked = _asked(view, jobs)
    capacity = [s for s in known if not s.is_money]
    first = [s for s in known if s.is_money and (s.binding or s.key in asked)]
    rest = [s for s in known if s.is_money and s not in first]
    parts = [
        _group("Capacity, in every quarter", capacity, asked),
        _group("Appropriations that bind", first, asked),
        _others("All other appropriations" if first else "Appropriations", rest, asked),
    ]
    return cards.block("what-if", QUESTION, sentences.what_if(bool(known)), html.Div([*parts, _actions(known, asked)]))


NO_STUDY = "To plan again, open the study that these results were made from."


def _asked(view: View, jobs: Jobs | None) -> Mapping[str, float]:
    """Where the sliders stood when the job that the address names was asked for."""
    job = jobs.read(view.query.get("job", "")) if jobs is not None else None
    return sliders.moved(job.request.get("moved") or {}) if job is not None else {}


def _group(legend: str, known: Sequence[Slider], asked: Mapping[str, float]) -> Any:
    if not known:
        return None
    return html.Fieldset([html.Legend(legend), html.Div([_slider(s, asked) for s in known], className=_places(known))])


def _others(legend: str, known: Sequence[Slider], asked: Mapping[str, float]) -> Any:
    if not known:
        return None
    rows = [_slider(s, asked) for s in known]
    inside = html.Div(rows, className=_places(known), role="group", **{"aria-label": legend})
    return html.Details([html.Summary(f"{legend} ({len(known)})"), inside], className="form-part")


def _places(known: Sequence[Slider]) -> str:
    """Appropriations stand closer: a fund's years in a row where there is room."""
    return "sliders yearly" if known[0].is_money else "sliders"


def _slider(one: Slider, asked: Mapping[str, float]) -> Any:
    """A native slider within its label; what it says stands beside it, for its own value is a bare number."""
    at = asked.get(one.key, 0.0)
    label = html.Label(
        [
            html.Span([one.label, html.Span(", change in percent", className="hidden")], className="slider-name"),
            dcc.Input(
                id=ids.slider(one.key),
                type="range",
                min=-MOST,
                max=MOST,
                step=1,
                value=at,
                className="slide",
            ),
        ]
    )
    return html.Div([label, html.Span(sliders.told(one, at), id=ids.slider_says(one.key), className="slider-says")])


def _actions(known: Sequence[Slider], asked: Mapping[str, float]) -> Any:
    return html.Div(
        [
            html.P(marked(sentences.asked(known, asked)), id=ids.LIMITS_ASKED, role="status"),
            html.Div(
                [
                    html.Button(
                        "Plan with these limits",
                        id=ids.LIMITS_PLAN,
                        type="button",
                        className="button",
                        disabled=not asked,
                    ),
                    html.Button("Back to today", id=ids.LIMITS_RESET, type="button", className="link"),
                    html.Span(
                        f"From {sliders.signed(-MOST)} to {sliders.signed(MOST)}. Planning takes up to a minute.",
                        className="note",
                    ),
                ],
                className="actions",
            ),
        ],
        className="asked",
    )


def register(app: Any, source: Source, jobs: Jobs) -> None:
    """A moved slider says what it asks for; the button plans with all of them; another puts them back."""

    def shown(search: str) -> Any:
        return source.shown(parse(search))

    def move(values: list[Any], names: list[dict[str, str]], search: str) -> tuple[list[str], list[Any], bool]:
        results = shown(search)
        known = sliders.sliders(results, measure.priced(results))
        asked = sliders.moved(_by_key(names, values))
        by_key = {s.key: s for s in known}
        says = [sliders.told(by_key[n["slider"]], asked.get(n["slider"], 0.0)) for n in names]
        return says, marked(sentences.asked(known, asked)), not asked

    def plan(clicks: int | None, values: list[Any], names: list[dict[str, str]], search: str) -> str:
        asked = sliders.moved(_by_key(names, values))
        if not clicks or not asked:
            raise PreventUpdate
        results = shown(search)
        job = jobs.submit(sliders.request(source, results, asked, measure.priced(results)))
        return address("", parse(search), job=job)

    def reset(clicks: int | None, values: list[Any]) -> list[int]:
        if not clicks:
            raise PreventUpdate
        return [0] * len(values)

    app.callback(
        Output(ids.slider_says(ALL), "children"),
        Output(ids.LIMITS_ASKED, "children"),
        Output(ids.LIMITS_PLAN, "disabled"),
        Input(ids.slider(ALL), "value"),
        State(ids.slider(ALL), "id"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )(move)
    app.callback(
        Output(ids.URL, "search", allow_duplicate=True),
        Input(ids.LIMITS_PLAN, "n_clicks"),
        State(ids.slider(ALL), "value"),
        State(ids.slider(ALL), "id"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )(plan)
    app.callback(
        Output(ids.slider(ALL), "value"),
        Input(ids.LIMITS_RESET, "n_clicks"),
        State(ids.slider(ALL), "value"),
        prevent_initial_call=True,
    )(reset)


def _by_key(names: Sequence[Mapping[str, str]], values: Sequence[Any]) -> dict[str, Any]:
    return {n["slider"]: v for n, v in zip(names, values, strict=True)}
