"""What if? The assumptions of a plan, a form to change them, and the plan that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import ALL, Input, Output, State, html, no_update
from dash.exceptions import PreventUpdate

from dashboard import cards, ids
from dashboard.format import fy, named
from dashboard.jobs import Jobs
from dashboard.look import View, address, parse
from dashboard.pages.assumptions import form, progress, sentences
from dashboard.source import Source
from scenarios.parameters import parameters

QUESTION = "What if?"
FORM = "What would you change?"
TABLE = "What does this plan rest on?"


def layout(view: View, source: Source, jobs: Jobs) -> Any:
    """The page."""
    rows = view.showing.assumptions
    changed = int((rows["changed_by"].astype(str).replace("nan", "") != "").sum())
    return html.Div(
        [
            cards.head(QUESTION, sentences.lede(changed, len(rows))),
            progress.panel(source, jobs, dict(view.query)),
            html.Div([_form(view, source, _asked(view, jobs)), _table(view)], className="grid"),
        ]
    )


def frames(view: View) -> Mapping[str, pd.DataFrame]:
    """The frame of each block, for its file."""
    return {"assumptions": _table_frame(view.showing.assumptions)}


def first_plan(source: Source, jobs: Jobs, query: dict[str, str]) -> Any:
    """What a study without results shows: a sentence, and a button that makes the first plan."""
    if source.study is None:
        return cards.empty("What happens to our money?", "There are no results in this folder yet.")
    button = html.Button("Plan", id=ids.PLAN, type="button", className="button")
    page = cards.head("What happens to our money?", "No plan yet.")
    hidden = html.Div(html.P(id=ids.FORM_PROBLEM), hidden=True)
    return html.Div([page, progress.panel(source, jobs, query), html.Div(button, className="actions"), hidden])


def register(app: Any, source: Source, jobs: Jobs) -> None:
    """*Plan* starts a job, or says beside each field what is wrong with it."""

    def plan(
        clicks: int | None,
        name: Any,
        why: Any,
        seconds: Any,
        figures: Any,
        figure_ids: Any,
        money: Any,
        money_ids: Any,
        search: str,
    ) -> Any:
        if not clicks:
            raise PreventUpdate
        entered = form.Entered(
            str(name or ""), str(why or ""), _by_name(figures, figure_ids), _by_name(money, money_ids)
        )
        results = source.shown(parse(search))
        checked = form.check(entered, results, source.scenarios)
        to = (
            _submitted(source, jobs, checked.scenario, results.name, parse(search), seconds)
            if checked.good
            else no_update
        )
        return (
            to,
            checked.name,
            checked.why,
            _errors(checked.figures, figure_ids),
            _errors(checked.amounts, money_ids),
            _said(checked),
        )

    def first(clicks: int | None, search: str) -> str:
        if not clicks:
            raise PreventUpdate
        return _submitted(source, jobs, {"name": "baseline", "why": "The study as it stands."}, "", parse(search), 60)

    app.callback(
        Output(ids.URL, "search", allow_duplicate=True),
        Output(ids.FORM_NAME, "error"),
        Output(ids.FORM_WHY, "error"),
        Output({"field": "parameter", "name": ALL}, "error"),
        Output({"field": "appropriation", "name": ALL}, "error"),
        Output(ids.FORM_PROBLEM, "children"),
        Input(ids.FORM_PLAN, "n_clicks"),
        State(ids.FORM_NAME, "value"),
        State(ids.FORM_WHY, "value"),
        State(ids.FORM_SECONDS, "value"),
        State({"field": "parameter", "name": ALL}, "value"),
        State({"field": "parameter", "name": ALL}, "id"),
        State({"field": "appropriation", "name": ALL}, "value"),
        State({"field": "appropriation", "name": ALL}, "id"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )(plan)
    app.callback(
        Output(ids.URL, "search", allow_duplicate=True),
        Input(ids.PLAN, "n_clicks"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )(first)
    progress.register(app, source, jobs)


def _by_name(values: Sequence[Any], names: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    return {
        n["name"] if "/" in n["name"] and n["field"] == "appropriation" else n["name"].replace("/", "."): v
        for n, v in zip(names, values, strict=True)
    }


def _errors(wrong: Mapping[str, str], names: Sequence[Mapping[str, str]]) -> list[str]:
    return [wrong.get(name, "") for name in _by_name([None] * len(names), names)]


def _said(checked: form.Checked) -> str:
    if checked.good or checked.nothing:
        return checked.nothing
    wrong = sum(map(bool, [checked.name, checked.why, *checked.figures.values(), *checked.amounts.values()]))
    return f"{'One field needs' if wrong == 1 else f'{wrong} fields need'} another look."


def _submitted(
    source: Source, jobs: Jobs, scenario: Mapping[str, Any], before: str, query: dict[str, str], seconds: Any
) -> str:
    """Starts the job; the address that follows it."""
    job = jobs.submit(form.request(source, scenario, before, float(seconds or 60)))
    return address("", query, job=job)


def _asked(view: View, jobs: Jobs) -> Mapping[str, Any]:
    """The scenario of the job that the address names: the form keeps what was put in."""
    job = jobs.read(view.query.get("job", ""))
    return dict(job.request.get("scenario") or {}) if job is not None else {}


def _form(view: View, source: Source, asked: Mapping[str, Any]) -> Any:
    if source.study is None:
        return cards.block("form", FORM, "To plan again, open the study that these results were made from.", html.Div())
    results = view.showing
    settings = dict(asked.get("set") or {})
    known = form.fields(results, settings)
    first = [f for f in known if f.parameter.name in form.FIRST and f.year is None]
    yearly = [f for f in known if f.year is not None]
    rest = [f for f in known if f.parameter.name not in form.FIRST and f.year is None]
    content = html.Div(
        [
            html.Div([_figure(f) for f in first], className="fields"),
            html.Details(
                [
                    html.Summary(f"All other assumptions ({len(rest)})"),
                    html.Div([_figure(f) for f in rest], className="fields"),
                ],
                className="form-part",
            ),
            _yearly(yearly),
            _amounts(form.amounts(results, settings)),
            html.Div(
                [
                    dmc.TextInput(
                        id=ids.FORM_NAME, label="Name of the scenario", value=form.suggestion(results, source.scenarios)
                    ),
                    dmc.TextInput(
                        id=ids.FORM_WHY,
                        label="Why",
                        description="One sentence, kept with the plan",
                        value=str(asked.get("why", "")),
                        inputWrapperOrder=["label", "input", "error", "description"],
                    ),
                    dmc.Select(
                        id=ids.FORM_SECONDS,
                        label="Time to look for a plan",
                        value="60",
                        data=[
                            {"value": s, "label": t}
                            for s, t in (("10", "10 seconds"), ("60", "1 minute"), ("300", "5 minutes"))
                        ],
                        allowDeselect=False,
                        comboboxProps={"withinPortal": False},
                    ),
                ],
                className="fields",
            ),
            html.Div(
                [
                    html.Button("Plan", id=ids.FORM_PLAN, type="button", className="button"),
                    html.P("", id=ids.FORM_PROBLEM, className="problem", role="alert"),
                ],
                className="actions",
            ),
        ]
    )
    answer = "Change what you like, say why, and plan: the plan shown stays as it is, and the new one stands beside it."
    return cards.block("form", FORM, answer, content)


def _figure(f: form.Field) -> Any:
    note = ". ".join(t for t in (f.range, f.parameter.source) if t)
    return dmc.NumberInput(
        id=ids.parameter(f.key),
        label=f.label,
        description=note,
        value=f.shown,
        hideControls=True,
        clampBehavior="none",
        allowDecimal=True,
        inputWrapperOrder=["label", "input", "error", "description"],
    )


def _yearly(known: Sequence[form.Field]) -> Any:
    """Parameters with a figure for each fiscal year, a row each."""
    if not known:
        return None
    years = sorted({f.year for f in known if f.year is not None})
    names = list(dict.fromkeys(f.label for f in known))
    cells = {(f.label, f.year): f for f in known}
    head = html.Tr([html.Th("By fiscal year", scope="col"), *[html.Th(fy(y), scope="col") for y in years]])
    body = [
        html.Tr(
            [
                html.Th(name, scope="row", className="wrap"),
                *[html.Td(_year_figure(cells.get((name, y)))) for y in years],
            ]
        )
        for name in names
    ]
    caption = html.Caption("Assumptions by fiscal year", className="hidden")
    table = html.Table([caption, html.Thead(head), html.Tbody(body)], className="plain amounts")
    return html.Div(cards.scrolled(table, "Assumptions by fiscal year"), className="form-part")


def _year_figure(f: form.Field | None) -> Any:
    if f is None or f.year is None:
        return "–"
    return dmc.NumberInput(
        id=ids.parameter(f.key),
        value=f.shown,
        hideControls=True,
        clampBehavior="none",
        **{"aria-label": f"{f.label}, {fy(f.year)}"},
    )


def _amounts(funds: Sequence[form.Amounts]) -> Any:
    if not funds:
        return html.P("This study has no appropriation for a whole fund that a scenario could set.", className="note")
    years = form.year_labels(funds)
    head = html.Tr([html.Th("Appropriation, $M", scope="col"), *[html.Th(label, scope="col") for _, label in years]])
    body = [
        html.Tr([html.Th(named(f.fund), scope="row"), *[html.Td(_amount(row, f, year)) for year, _ in years]])
        for row, f in enumerate(funds)
    ]
    caption = html.Caption("Appropriations by fund and fiscal year", className="hidden")
    table = html.Table([caption, html.Thead(head), html.Tbody(body)], className="plain amounts")
    return html.Div(cards.scrolled(table, "Appropriations by fund and fiscal year"), className="form-part")


def _amount(row: int, f: form.Amounts, year: int) -> Any:
    if year not in f.by_year:
        return "–"
    return dmc.NumberInput(
        id=ids.appropriation(row, year),
        value=form.shown_amount(f.by_year[year]),
        hideControls=True,
        clampBehavior="none",
        decimalScale=3,
        thousandSeparator=",",
        **{"aria-label": f"{named(f.fund)}, {fy(year)}, $M"},
    )


def _table_frame(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Assumption": [_titled(str(p)) for p in rows["parameter"]],
            "Value": rows["value"].astype(str),
            "Default": rows["default"].astype(str).replace("nan", ""),
            "Unit": rows["unit"].astype(str).replace("nan", ""),
            "Changed by": [named(str(v)) if str(v) not in ("", "nan") else "" for v in rows["changed_by"]],
            "Source": rows["source"].astype(str).replace("nan", ""),
        }
    )


def _titled(name: str) -> str:
    """What an assumption is called: its title where it is declared, else its name."""
    declared = parameters()
    return declared[name].title if name in declared else named(name.replace(".", ": "))


def _table(view: View) -> Any:
    rows = view.showing.assumptions
    frame = _table_frame(rows)
    shown = frame[(frame["Changed by"] != "") | rows["parameter"].isin(form.FIRST)]
    changed = [named(str(p).replace(".", ": ")) for p in rows.loc[frame["Changed by"] != "", "parameter"]]
    answer = (
        "Nothing was changed from its default."
        if not changed
        else f"Changed from the default: {', '.join(changed[:5])}"
        + (f" and {len(changed) - 5} more." if len(changed) > 5 else ".")
    )
    content = cards.scrolled(
        cards.plain_table(shown, TABLE, hidden=True, wrap=("Source", "Assumption", "Value")), "Assumptions in sight"
    )
    foot = cards.foot("assumptions", TABLE, view, "assumptions", frame, f"{len(shown)} of {len(frame)} in sight")
    return cards.block("assumptions", TABLE, answer, content, foot=foot)
