"""The pages: each module has `layout(view)`, `frames(view)` for its files, and may have callbacks of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from dashboard import frame
from dashboard.cards import empty
from dashboard.jobs import Jobs
from dashboard.look import Look, View, parse
from dashboard.pages import assumptions, outlook, overview, plan
from dashboard.source import Source

_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d.])")
MODULES = MappingProxyType({"/": overview, "/outlook": outlook, "/plan": plan, "/assumptions": assumptions})


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
        return empty(question, str(error.args[0] if error.args else error)), rail, None
    return MODULES[path].layout(view, source, jobs), rail, frame.differs(view)


def look_at(source: Source, query: Mapping[str, str], look: Look) -> View:
    """The plan and its rival that an address asks for.

    Raises:
        KeyError: one of them has no results.
    """
    showing = source.read(query.get("showing") or source.shown_first)
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
    for module in (outlook, plan, assumptions):
        module.register(app, source, jobs)


__all__ = ["MODULES", "csv", "look_at", "register", "render"]
