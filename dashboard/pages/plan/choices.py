"""Other plans: what costs nearly as little, and what less risk or more speed costs; each asked of the worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from dash import html

from dashboard import cards
from dashboard.figures.alternatives import alternatives as draw_alternatives
from dashboard.figures.frontier import frontier as draw_frontier
from dashboard.figures.roadmap import horizon
from dashboard.format import sentence_case
from dashboard.look import View
from dashboard.measures import choices
from dashboard.pages import explained
from dashboard.pages.plan import sentences
from dashboard.source import Source

ALTERNATIVES = "What else costs nearly as little?"
FRONTIER = "What does less risk or more speed cost?"


def answers(view: View, source: Source | None = None) -> dict[str, Any]:
    """The two blocks, as far as they were asked for."""
    return {"alternatives": _alternatives(view, source), "frontier": _frontier(view, source)}


def frames(view: View) -> dict[str, pd.DataFrame]:
    """The frames of what was asked for and found."""
    found: Mapping[str, pd.DataFrame] = {
        "alternatives": _alternative_frame(choices.alternatives(view.showing)),
        "frontier": _frontier_frame(choices.frontier(view.showing)),
    }
    return {key: frame for key, frame in found.items() if len(frame)}


def _ask(question: str, view: View, source: Source | None) -> Any:
    return html.Div(explained.button(question, view.showing, source), className="actions")


def _alternative_frame(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Plan": [f"Plan {int(n)}" for n in table["plan"]],
            "Dearer, %": table["dearer"].astype(float) * 100,
            "Dearer, present value, $M": table["dollars"].astype(float) / 1e6,
            "Servers with another fate, %": table["difference"].astype(float) * 100,
            "What differs": [sentence_case(str(w)) for w in table["words"]],
        }
    )


def _alternatives(view: View, source: Source | None) -> Any:
    asked = "alternatives" in view.showing.explained
    table = choices.alternatives(view.showing)
    answer = sentences.alternatives(table, asked)
    ask = _ask("alternatives", view, source)
    if table.empty:
        return cards.block("alternatives", ALTERNATIVES, answer, ask)
    frame = _alternative_frame(table)
    figure = draw_alternatives(choices.starts(view.showing), table, horizon(view.showing), view.look.palette)
    words = cards.plain_table(frame[["Plan", "What differs"]], ALTERNATIVES, hidden=True, wrap=("What differs",))
    picture = cards.picture("alternatives", figure, f"Servers that begin to move in each quarter. {answer}")
    return cards.block(
        "alternatives",
        ALTERNATIVES,
        answer,
        html.Div([cards.scrolled(picture, "Starts of each plan", wide=True), words, ask]),
        foot=cards.foot("alternatives", ALTERNATIVES, view, "plan", frame, "columns: servers that begin to move"),
    )


def _frontier_frame(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Plan": [f"Plan {int(n)}" for n in table["plan"]],
            "Cost, present value, $M": table["cost"].astype(float) / 1e6,
            "Change against the plan shown, $M": table["more"].astype(float) / 1e6,
            "Risk, unit-quarters": table["risk"].astype(float),
            "Speed, %": table["speed"].astype(float) * 100,
            "Moved at the end, %": table["moved_share"].astype(float) * 100,
            "Sought for": [sentence_case(str(a)) for a in table["aim"]],
        }
    )


def _frontier(view: View, source: Source | None) -> Any:
    asked = "frontier" in view.showing.explained
    table = choices.frontier(view.showing)
    answer = sentences.frontier(table, asked)
    ask = _ask("frontier", view, source)
    if table.empty:
        return cards.block("frontier", FRONTIER, answer, ask)
    figure = draw_frontier(table, view.look.palette, view.look.narrow)
    note = "every dot is a plan that keeps every limit; in ink those that no cheaper one equals; axes do not start at 0"
    return cards.block(
        "frontier",
        FRONTIER,
        answer,
        html.Div([cards.picture("frontier", figure, answer), ask]),
        foot=cards.foot("frontier", FRONTIER, view, "plan", _frontier_frame(table), note),
    )
