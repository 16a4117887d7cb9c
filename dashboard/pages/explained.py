"""Questions that take a while: a button asks, the worker answers, and what was found takes its place on the page."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dash import html

from dashboard import ids
from dashboard.source import RIVAL, Source
from scenarios.results import Results

SECONDS = 60.0
LEVELS = 4
"""Levels of risk and of speed at which the frontier is sought."""
BUTTONS = MappingProxyType(
    {
        "prices": ("Check these prices", "Check the prices again"),
        "alternatives": ("Look for other plans", "Look again"),
        "frontier": ("Work out the frontier", "Work it out again"),
        "futures": ("Simulate", "Simulate again"),
    }
)
WAITS = MappingProxyType(
    {
        "prices": "Each limit is moved a little and the bound worked out anew; that takes about a minute.",
        "alternatives": "The search takes about a minute.",
        "frontier": "Every point is planned anew; that takes two minutes or so.",
        "futures": "The plan and its rivals meet thousands of simulated futures; that takes about a minute.",
    }
)
NO_STUDY = "To work this out, open the study that these results were made from."


def button(question: str, results: Results, source: Source | None) -> list[Any]:
    """What asks a question of the plan shown; why it cannot be asked where it cannot."""
    if results.name == RIVAL:
        return []
    if source is None or source.study is None:
        return [html.Span(NO_STUDY, className="note")]
    answered = question in results.explained or (question == "futures" and bool(results.futures))
    text = BUTTONS[question][1 if answered else 0]
    kind = "button plain-button" if answered else "button"
    return [
        html.Button(text, id=ids.explain(question), type="button", className=kind),
        html.Span(WAITS[question], className="note"),
    ]


def request(source: Source, results: Results, question: str) -> dict[str, Any]:
    """The job that answers a question about a plan."""
    return {
        "kind": "explain",
        "question": question,
        "study": str(source.study),
        "out": str(source.results),
        "name": results.name,
        "levels": LEVELS,
        "seconds": SECONDS * (2 if question == "frontier" else 1),
    }


def question_of(asked: Mapping[str, Any]) -> str:
    """What a job's request asks about a plan; blank where it asks for a plan."""
    return str(asked.get("question", "")) if asked.get("kind") == "explain" else ""
