"""The pages: each module has `layout(view)`, `frames(view)` for its files, and may have callbacks of its own.

A page that asks the worker questions about the plan has `answers(view, source)`: the parts that an answer changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd
from dash import ALL, Input, Output, State, ctx, html, no_update
from dash.exceptions import PreventUpdate

from dashboard import frame, ids
from dashboard.cards import empty
from dashboard.jobs import DONE, Jobs
from dashboard.look import Look, View, address, parse
from dashboard.pages import assumptions, compare, explained, limits, outlook, overview, plan, risk
from dashboard.source import Source

_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d.])")
MODULES = MappingProxyType(
    {
        "/": overview,
        "/outlook": outlook,
        "/plan": plan,
        "/risk": risk,
        "/compare": compare,
        "/limits": limits,
        "/assumptions": assumptions,
    }
)


def render(
    source: Source, jobs: Jobs, path: str | None, search: str | None, look: Mapping[str, Any] | None
) -> tuple[Any, Any, Any]:
    """The page at an address, the rail beside it, and what differs between its scenarios."""
    path, query = (path or "/").rstrip("/") or "/", parse(search)
    rail = frame.rail(path, query)
    if path not in MODULES:
        return frame.not_found(path), rail, None
    if not source.scenarios:
        return assumptions.first_plan(source, jobs, query), rail, None
    try:
        view = look_at(source, query, Look(**(look or {})))
    except (KeyError, ValueError) as error:
        question = next(q for p, _, q in frame.PAGES if p == path)
        back = html.A(
            "Look at the plan shown first", href=address(path, {}, theme=query.get("theme", "")), className="link"
        )
        return empty(question, str(error.args[0] if error.args else error), back), rail, None
    return MODULES[path].layout(view, source, jobs), rail, frame.differs(view)


def look_at(source: Source, query: Mapping[str, str], look: Look) -> View:
    """The plan and its rival that an address asks for.

    Raises:
        KeyError: one of them has no results.
    """
    showing = source.shown(query)
    against = source.read(query.get("against") or source.rival_first)
    return View(showing, against, look, query)


def csv(source: Source, page: str, key: str, query: Mapping[str, str]) -> str | None:
    """The file of one block: the frame that its table shows; None where there is none."""
    module = MODULES.get("/" if page == "overview" else f"/{page}")
    if module is None:
        return None
    try:
        view = look_at(source, query, Look())
    except (KeyError, ValueError):
        return None
    found: Mapping[str, pd.DataFrame] = module.frames(view)
    if key not in found:
        return None
    table = found[key].map(_harmless)
    if view.showing.summary.get("made_up"):
        table = table.assign(data="made up")
    return table.to_csv(index=False)


def _harmless(value: object) -> object:
    """Text that a spreadsheet would take for a formula, marked as text."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def register(app: Any, source: Source, jobs: Jobs) -> None:
    """The callbacks of the pages that have some."""
    for module in (outlook, plan, risk, compare, limits, assumptions):
        module.register(app, source, jobs)
    _ask(app, source, jobs)
    _answer(app, source, jobs)


def _ask(app: Any, source: Source, jobs: Jobs) -> None:
    """The button of a question about the plan shown starts a job, which the page then follows."""

    def ask(clicks: list[int | None], search: str) -> str:
        if not any(clicks) or not ctx.triggered_id:
            raise PreventUpdate
        query = parse(search)
        results = source.shown(query)
        job = jobs.submit(explained.request(source, results, str(ctx.triggered_id["explain"])))
        return address("", query, job=job)

    app.callback(
        Output(ids.URL, "search", allow_duplicate=True),
        Input(ids.explain(ALL), "n_clicks"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )(ask)


def _answer(app: Any, source: Source, jobs: Jobs) -> None:
    """When the job is over, what it found takes its place; the panel stays, for it is read aloud."""

    def answer(over: bool, parts: list[dict[str, str]], job: str, look: Any, search: str, path: str) -> list[Any]:
        done = jobs.read(job)
        if not over or done is None or not explained.question_of(done.request) or done.state != DONE:
            return [no_update] * len(parts)
        found = MODULES[path.rstrip("/")].answers(look_at(source, parse(search), Look(**(look or {}))), source)
        return [found[part["answer"]] for part in parts]

    app.callback(
        Output(ids.answer(ALL), "children"),
        Input(ids.JOB_TICK, "disabled"),
        State(ids.answer(ALL), "id"),
        State(ids.JOB, "data"),
        State(ids.LOOK, "data"),
        State(ids.URL, "search"),
        State(ids.URL, "pathname"),
        prevent_initial_call=True,
    )(answer)


__all__ = ["MODULES", "csv", "look_at", "register", "render"]
