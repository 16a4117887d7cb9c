"""How sure are we? Chances by appropriation, a fan of outlays, policies side by side, and what drives the spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from dash import Input, Output, State, html

from dashboard import cards, ids
from dashboard.figures.outlays import axis_start
from dashboard.figures.outlays import outlays as draw_outlays
from dashboard.figures.policies import policies as draw_policies
from dashboard.figures.tornado import tornado as draw_tornado
from dashboard.format import chance as in_words
from dashboard.format import change, fy, is_nothing, millions, money, named, percent, points, years
from dashboard.jobs import Jobs
from dashboard.look import View
from dashboard.measures import futures as measure
from dashboard.pages import explained
from dashboard.pages.assumptions import progress
from dashboard.pages.risk import chances, sentences
from dashboard.source import RIVAL, Source, title
from dashboard.words import joined
from scenarios.results import Results

QUESTION = "How sure are we?"
FAN = "Will outlays stay under the appropriation?"
POLICIES = "What is a plan worth against habit?"
DRIVERS = "What makes it unsure?"
PAST = 5
"""Closed years in front of the fan."""


def layout(view: View, source: Source | None = None, jobs: Jobs | None = None) -> Any:
    """The page; before the plan was simulated a sentence and the button that does it."""
    found = answers(view, source)
    panel = progress.panel(source, jobs, dict(view.query)) if source is not None and jobs is not None else None
    return html.Div(
        [
            html.Div(found["head"], id=ids.answer("head")),
            panel,
            html.Div(found["body"], id=ids.answer("body")),
        ]
    )


def answers(view: View, source: Source | None = None) -> dict[str, Any]:
    """What changes on the page once futures were played."""
    results = view.showing
    if not measure.is_played(results):
        return {"head": cards.head(QUESTION, _why_empty(view, source)), "body": _ask(view, source)}
    table = measure.chances(results)
    share = measure.figure(results, "cost", "chance_within")
    lede = sentences.lede(share, measure.played(results), measure.single(table))
    blocks = [
        chances.block(view, target(view)),
        _drivers(view, source),
        _fan(view),
        _policies(view),
    ]
    return {
        "head": cards.head(QUESTION, lede),
        "body": [_figures(view), html.Div(blocks, className="grid")],
    }


def frames(view: View) -> Mapping[str, pd.DataFrame]:
    """The frame of each block, for its file; none before the plan was simulated."""
    results = view.showing
    if not measure.is_played(results):
        return {}
    found = {
        "chance": chances.frame(measure.chances(results)),
        "fan": _fan_frame(measure.outlays(results, fund(view))),
        "policies": _policy_frame(measure.policies(results), measure.last_year(results)),
    }
    drivers = measure.drivers(results)
    return found | ({"drivers": _driver_frame(drivers)} if len(drivers) else {})


def register(app: Any, *_: Any) -> None:
    """Keeps what is chosen in the address."""
    for control, word, standard in (
        (ids.RISK_FUND, "fund", measure.ALL),
        (ids.RISK_TARGET, "target", str(measure.TARGET)),
    ):
        app.clientside_callback(
            f"function(value, search) {{ return window.reallot.ask(search, "
            f"{{{word}: value === '{standard}' ? '' : value}}); }}",
            Output(ids.URL, "search", allow_duplicate=True),
            Input(control, "value"),
            State(ids.URL, "search"),
            prevent_initial_call=True,
        )


def target(view: View) -> float:
    """The chance that the address asks for; the usual one where it asks for none that can be chosen."""
    asked = view.query.get("target", "")
    return next((t for t in measure.TARGETS if str(t) == asked), measure.TARGET)


def fund(view: View) -> str:
    """The fund whose outlays the address asks for; all where it asks for none that there is."""
    asked = view.query.get("fund", "")
    return asked if asked in measure.funds(view.showing) else measure.ALL


def _why_empty(view: View, source: Source | None) -> str:
    if view.showing.name == RIVAL:
        return sentences.NOTHING_MOVES
    return sentences.not_played(title(view.showing), source is not None and source.study is not None)


def _ask(view: View, source: Source | None) -> Any:
    if view.showing.name == RIVAL:
        return html.Div(html.A("Look at the plan", href=view.link("/risk", showing=""), className="link"))
    return html.Div(explained.button("futures", view.showing, source), className="actions")


def _figures(view: View) -> Any:
    """The chance with its error, and what the plan costs at the median, in four of five futures, and at worst."""
    results = view.showing

    def cost(column: str, policy: str = measure.PLAN, what: str = "cost") -> float:
        return measure.figure(results, what, column, policy)

    share, error = cost("chance_within"), cost("standard_error")
    told = f"\u00b1 {points(error)}, standard error"
    figures = [cards.key_figure(in_words(share), "Within every appropriation", joined(told + _against(view)))]
    for value, nothing, label in (
        (cost("p50"), cost("p50", measure.NOTHING), "Outlay in half of futures, at most"),
        (cost("p80"), cost("p80", measure.NOTHING), "Outlay in 4 of 5 futures, at most"),
        (
            cost("mean", what="cost_tail_mean"),
            cost("mean", measure.NOTHING, "cost_tail_mean"),
            "Outlay in the worst 5\u202f%, mean",
        ),
    ):
        than = (
            "as if nothing moves" if is_nothing(value - nothing) else f"{change(value - nothing)} against doing nothing"
        )
        figures.append(cards.key_figure(_big(value, view.look.narrow), label, than if nothing == nothing else ""))
    return cards.key_figures(*figures)


def _big(dollars: float, narrow: bool) -> str:
    """Where billions differ by little, in millions as far as there is room."""
    return millions(dollars) if 1e9 <= abs(dollars) < 1e10 and not narrow else money(dollars)


def _against(view: View) -> str:
    """The same chance in the plan that this one is held against, where that was simulated."""
    other = view.against
    if other.name == view.showing.name:
        return ""
    if other.name == RIVAL:
        share = measure.figure(view.showing, "cost", "chance_within", measure.NOTHING)
        return f"; {in_words(share)} if nothing moves" if share == share else ""
    if not measure.is_played(other):
        return f"; {title(other)} was not simulated"
    return f"; {in_words(measure.figure(other, 'cost', 'chance_within'))} in {title(other)}"


def _source(results: Results) -> str:
    return sentences.source(measure.played(results), results.futures.get("seed", "unknown"))


def _fan_frame(table: pd.DataFrame) -> pd.DataFrame:
    heads = {
        "appropriation": "Appropriation, $M",
        "p02_5": "1 in 40 below, $M",
        "p10": "1 in 10 below, $M",
        "p25": "1 in 4 below, $M",
        "p50": "Median, $M",
        "p75": "1 in 4 above, $M",
        "p90": "1 in 10 above, $M",
        "p97_5": "1 in 40 above, $M",
    }
    columns: dict[str, Any] = {"Fiscal year": pd.Series([fy(int(y)) for y in table["year"]], dtype=str)}
    columns |= {head: table[c].astype(float) / 1e6 for c, head in heads.items() if c in table}
    columns["Chance to stay within, %"] = table["chance"].astype(float) * 100
    columns["Standard error, points (%)"] = table["error"].astype(float).where(table["chance"].notna()) * 100
    columns["Futures"] = table["futures"].astype(int)
    return pd.DataFrame(columns)


def _fan(view: View) -> Any:
    results, look, name = view.showing, view.look, fund(view)
    table, past = measure.outlays(results, name), measure.history(results, name).tail(PAST)
    answer = sentences.fan(table, "" if name == measure.ALL else named(name))
    start = axis_start(past, table)
    what = "all funds" if name == measure.ALL else named(name)
    axis = f" \u00b7 axis starts at {money(start)}" if start > 0 else ""
    carried = " \u00b7 what is carried forward comes on top" if measure.is_carried(results, name) else ""
    marks = cards.key(
        ("limit", "Appropriation"),
        ("median", "Median"),
        ("band-50", "half of futures"),
        ("band-80", "4 in 5"),
        ("band-95", "19 in 20"),
    )
    picture = cards.picture("fan", draw_outlays(past, table, look.palette, look.narrow), answer)
    options = [(measure.ALL, "All funds"), *((f, named(f)) for f in measure.funds(results))]
    return cards.block(
        "fan",
        FAN,
        answer,
        html.Div([marks, picture]) if look.narrow else picture,
        before=html.Div(cards.choose(ids.RISK_FUND, "Show", options, name), className="filters"),
        foot=cards.foot(
            "fan", FAN, view, "risk", _fan_frame(table), f"{_source(results)} \u00b7 {what}{carried}{axis}"
        ),
    )


def _policy_frame(table: pd.DataFrame, year: int) -> pd.DataFrame:
    columns: dict[str, Any] = {"Policy": table["title"].astype(str)}
    for column, head in (("p05", "P5, $M"), ("p50", "Median, $M"), ("p80", "P80, $M"), ("p95", "P95, $M")):
        columns[head] = table[column].astype(float) / 1e6
    columns["Within every appropriation, %"] = table["chance"].astype(float) * 100
    columns["Standard error, points (%)"] = table["error"].astype(float) * 100
    columns[f"Legacy {fy(year)}, %"] = table["legacy"].astype(float) * 100
    columns["Servers moved"] = table["units"].astype(float)
    columns["Futures"] = table["futures"].astype(int)
    if table["regret"].notna().any():
        columns["Regret, mean, $M"] = table["regret"].astype(float) / 1e6
        columns["Standard error of regret, $M"] = table["regret_error"].astype(float) / 1e6
        columns["Futures of regret"] = table["regret_futures"].astype(float)
    return pd.DataFrame(columns)


def _policies(view: View) -> Any:
    results, look = view.showing, view.look
    table, year = measure.policies(results), measure.last_year(results)
    answer = sentences.policies(table)
    counted = set(table["futures"].astype(int))
    same = "the same" if len(counted) == 1 else "the first of the same"
    first = min(measure.outlays(results)["year"], default=year)
    note = f"{same} {_source(results)} \u00b7 outlay {years(int(first), year)}"
    picture = cards.picture(
        "policies", draw_policies(table, year, look.palette, look.narrow), f"Cost of each policy. {answer}"
    )
    return cards.block(
        "policies",
        POLICIES,
        answer,
        picture if look.narrow else cards.scrolled(picture, "Policies side by side", wide=True),
        foot=cards.foot("policies", POLICIES, view, "risk", _policy_frame(table, year), note),
    )


def _driver_frame(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Source": table["title"].astype(str),
            "Widens P5 to P95 by, $M": table["spread"].astype(float) / 1e6,
            "Changes the chance by, points (%)": table["chance"].astype(float) * 100,
            "Futures": table["futures"].astype(int),
        }
    )


def _drivers(view: View, source: Source | None) -> Any:
    results = view.showing
    table = measure.drivers(results)
    answer = sentences.drivers(table, measure.spread_of_all(results))
    if table.empty:
        ask = html.Div(explained.button("futures", results, source), className="actions")
        return cards.block("drivers", DRIVERS, answer, ask, span=5)
    futures = int(table["futures"].iloc[0])
    note = f"{sentences.source(futures, results.futures.get('seed', 'unknown'))} \u00b7 each source turned off in turn"
    picture = cards.picture("drivers", draw_tornado(table, view.look.palette), answer)
    return cards.block(
        "drivers",
        DRIVERS,
        answer,
        picture,
        span=5,
        foot=cards.foot("drivers", DRIVERS, view, "risk", _driver_frame(table), note),
    )


__all__ = ["answers", "frames", "layout", "percent", "register"]
