"""A job on a page: how far it is, Cancel, and at its end the new plan beside the old."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import Input, Output, State, ctx, dcc, html

from dashboard import cards, ids
from dashboard.format import bare, change, is_nothing, millions, money, percent, sentence_case
from dashboard.jobs import DONE, FAILED, Job, Jobs
from dashboard.look import address, parse
from dashboard.measures import money as measure
from dashboard.pages.assumptions import sentences
from dashboard.pages.explained import question_of
from dashboard.source import Source, title
from dashboard.words import joined, marked
from scenarios.results import Results

QUESTION = "What comes of it?"
EVERY = 500
"""Milliseconds between two looks at a job."""


def panel(source: Source, jobs: Jobs, query: dict[str, str]) -> Any:
    """The place of the job that an address names; empty when it names none."""
    job = jobs.read(query.get("job", ""))
    if job is None:
        return html.Div(className="job-place")
    status, bar, hidden, result = standing(job, source, query)
    return html.Section(
        [
            html.H2(QUESTION, id="job-q"),
            html.P(status, id=ids.JOB_STATUS, role="status", className="answer"),
            html.Div(bar, id=ids.JOB_BAR, className="progress", hidden=hidden, **{"aria-hidden": "true"}),
            html.Button("Cancel", id=ids.JOB_CANCEL, type="button", className="button plain-button", hidden=hidden),
            html.Div(result, id=ids.JOB_RESULT),
            dcc.Store(id=ids.JOB, data=job.id),
            dcc.Interval(id=ids.JOB_TICK, interval=EVERY, disabled=hidden),
        ],
        className="block job-place",
        **{"aria-labelledby": "job-q"},
    )


def register(app: Any, source: Source, jobs: Jobs) -> None:
    """Follows a job until it ends; cancels it when asked."""

    def follow(_: int, clicks: int | None, name: str, search: str) -> tuple[Any, Any, bool, bool, Any, bool]:
        # One callback for both, so that an answer to an older question never overwrites a newer one.
        if ctx.triggered_id == ids.JOB_CANCEL and clicks:
            jobs.cancel(name)
        status, bar, over, result = standing(jobs.read(name), source, parse(search))
        return status, bar, over, over, result, over

    app.clientside_callback(
        "function(job) { return window.reallot.show(job); }",
        Output(ids.JOB_BAR, "title"),
        Input(ids.JOB, "data"),
    )
    app.callback(
        Output(ids.JOB_STATUS, "children"),
        Output(ids.JOB_BAR, "children"),
        Output(ids.JOB_BAR, "hidden"),
        Output(ids.JOB_CANCEL, "hidden"),
        Output(ids.JOB_RESULT, "children"),
        Output(ids.JOB_TICK, "disabled"),
        Input(ids.JOB_TICK, "n_intervals"),
        Input(ids.JOB_CANCEL, "n_clicks"),
        State(ids.JOB, "data"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )(follow)


def standing(job: Job | None, source: Source, query: dict[str, str]) -> tuple[str, Any, bool, Any]:
    """How a job stands: its status, its bar, whether it is over, and what it came to."""
    if job is None:
        return "This job is no longer known.", None, True, None
    bar = html.Div(style={"width": f"{job.percent:.0f}%"})
    if job.state == FAILED:
        return sentences.progress(job), bar, True, html.P(sentence_case(job.error), className="problem", role="alert")
    if job.state == DONE:
        return sentences.progress(job), bar, True, _result(job, source, query)
    return sentences.progress(job), bar, not job.is_open, None


def _result(job: Job, source: Source, query: dict[str, str]) -> Any:
    """The new plan beside the old, and the way to it; of a question about a plan nothing, for the page answers it."""
    if question_of(job.request):
        return None
    try:
        new = source.read(job.result)
    except (KeyError, ValueError) as error:
        return html.P(str(error.args[0] if error.args else error), className="problem", role="alert")
    old = source.read(before) if (before := str(job.request.get("before", ""))) in source.scenarios else None
    links = [
        html.A(f"{name}: {title(new)}", href=address(path, query, showing=new.name), className="link")
        for path, name in (("/", "Overview"), ("/plan", "Plan"), ("/limits", "Limits"))
    ]
    if old is None or old.name == new.name:
        return html.Div(links, className="actions")
    frame = beside(old, new)
    saved = float(measure.outlay_by_year(old)["outlay"].sum() - measure.outlay_by_year(new)["outlay"].sum())
    return html.Div(
        [
            html.P(
                marked(joined(sentences.outcome(saved, title(new), title(old)), _changed(old, new))), className="answer"
            ),
            cards.scrolled(
                cards.plain_table(frame, "The new plan beside the old", hidden=True, right=True),
                "The new plan beside the old",
            ),
            html.Div(links, className="actions"),
        ]
    )


def _changed(old: Results, new: Results) -> str:
    """What the new plan changes, in words; blank where either summary lacks a figure."""
    told = [tuple(_number(r.summary.get(name)) for name in ("net_saving", "objective", "gap_usd")) for r in (old, new)]
    (saving, objective, gap), (saves, costs, leaves) = told
    if saving is None or objective is None or saves is None or costs is None:
        return ""
    units = measure.units_moved(new) - measure.units_moved(old)
    return sentences.changed(saves - saving, costs - objective, units, max(gap or 0.0, leaves or 0.0))


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def beside(old: Results, new: Results) -> pd.DataFrame:
    """What two plans come to: a row a figure, a column a plan, and the difference."""
    rows = [_row(name, kind, value(old), value(new)) for name, kind, value in _FIGURES]
    return pd.DataFrame(rows, columns=["Figure", title(old), title(new), "Difference"])


def _last(values: Any) -> float | None:
    return float(values[max(values)]) if isinstance(values, dict) and values else None


def _outlay(r: Results) -> float:
    return float(measure.outlay_by_year(r)["outlay"].sum())


_FIGURES: tuple[tuple[str, str, Any], ...] = (
    ("Outlay over the horizon", "money", _outlay),
    ("Net saving against cost to continue", "money", lambda r: r.summary.get("net_saving")),
    ("Saving, present value with the years after", "money", lambda r: r.summary.get("npv_saving")),
    ("Legacy share of run cost in the last year", "share", lambda r: _last(r.summary.get("legacy_share"))),
    ("Servers moved to modern platforms", "count", measure.units_moved),
    ("Cost that the plan minimises, present value with risk", "money", lambda r: r.summary.get("objective")),
    ("Proven bound on that cost", "money", lambda r: r.summary.get("bound")),
    ("Gap to the bound", "gap", lambda r: r.summary.get("gap")),
)


def _row(name: str, kind: str, old: float | None, new: float | None) -> tuple[str, str, str, str]:
    if old is None or new is None:
        before, after = ("–" if v is None else _shown(kind, v) for v in (old, new))
        return name, before, after, "–"
    difference = new - old
    if kind == "money":
        words = change(difference) if not is_nothing(difference) else "no change"
    elif kind == "count":
        words = bare(difference, 0, signed=True) if difference else "no change"
    elif kind == "share":
        points = round(100 * difference)
        words = f"{bare(points, 0, signed=True)} {'point' if abs(points) == 1 else 'points'}" if points else "no change"
    else:
        words = ""
    return name, _shown(kind, old), _shown(kind, new), words


def _shown(kind: str, value: float) -> str:
    if kind == "money":
        return millions(value) if abs(value) >= 1e9 else money(value)
    return f"{value:,.0f}" if kind == "count" else percent(value)


__all__ = ["beside", "panel", "register", "standing"]
