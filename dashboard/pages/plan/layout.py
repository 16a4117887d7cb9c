"""What moves when?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_ag_grid as dag
import pandas as pd
from dash import Input, Output, State, html
from dash.exceptions import PreventUpdate

from dashboard import cards, ids
from dashboard.figures.capacity import capacity as draw_capacity
from dashboard.figures.roadmap import horizon
from dashboard.figures.roadmap import roadmap as draw_roadmap
from dashboard.format import named
from dashboard.jobs import Jobs
from dashboard.look import View, address, parse
from dashboard.measures import limits, money, moves
from dashboard.pages.assumptions import progress
from dashboard.pages.plan import sentences
from dashboard.pages.plan.choices import answers
from dashboard.pages.plan.choices import frames as other_frames
from dashboard.pages.plan.locks import differing_locks, lock_request
from dashboard.source import Source
from dashboard.words import joined, marked
from dashboard.worth import limit_name, short_price, subject_name

QUESTION = "What moves when?"
ROADMAP = "What moves when, and what must be bought first?"
PEOPLE = "Have we the people to do it?"
LIMITS = "What holds the plan back?"
SYSTEMS = "What happens to each system?"
ROWS = 12
SHOWN = 10
"""Limits in the table; the file has them all."""
_KEY = (
    ("order", "last day to start buying"),
    ("line-old", "runs on old systems"),
    ("moving", "moving, both paid"),
    ("closed", "last old system off"),
    ("line-new", "modern already"),
)


def layout(view: View, source: Source | None = None, jobs: Jobs | None = None) -> Any:
    """The page."""
    results = view.showing
    if results.plan.empty:
        return cards.empty(
            QUESTION, "No plan yet.", html.A("Make one", href=view.link("/assumptions"), className="link")
        )
    waves, lines, rows = moves.waves(results), moves.lifelines(results), limits.priced(results)
    lede = sentences.lede(
        waves,
        int(results.plan.loc[results.plan["start"] != "", "units"].sum()),
        _end(view, waves),
        rows[rows["binding"]],
        moves.first_purchase(results),
    )
    return html.Div(
        [
            cards.head(QUESTION, lede),
            progress.panel(source, jobs, dict(view.query)) if source is not None and jobs is not None else None,
            _strategies(view),
            html.Div(
                [
                    _roadmap(view, lines, waves),
                    _capacity(view),
                    _limits(view, rows),
                    *[
                        html.Div(block, id=ids.answer(k), className="span-12")
                        for k, block in answers(view, source).items()
                    ],
                    _systems(view, source is not None and source.study is not None),
                ],
                className="grid",
            ),
        ]
    )


def frames(view: View) -> Mapping[str, pd.DataFrame]:
    """The frame of each block, for its file."""
    return {
        "roadmap": _roadmap_frame(view, moves.lifelines(view.showing), moves.waves(view.showing)),
        "capacity": _capacity_frame(moves.capacity(view.showing)),
        "limits": _limit_frame(limits.priced(view.showing)),
        "systems": moves.fates(view.showing),
        **other_frames(view),
    }


def register(app: Any, source: Source, jobs: Jobs) -> None:
    """A changed lock makes the plan stale; *Plan again* starts a job that the Assumptions page follows."""

    def locked(_: Any, rows: list[dict[str, Any]], search: str) -> tuple[Any, bool]:
        changed = differing_locks(rows)
        return marked(sentences.locks(sum(bool(r["lock"]) for r in rows), len(changed))), not changed

    def again(clicks: int | None, rows: list[dict[str, Any]], search: str) -> tuple[str, str]:
        if not clicks:
            raise PreventUpdate
        query = parse(search)
        job = jobs.submit(lock_request(source, source.shown(query), differing_locks(rows)))
        return "/assumptions", address("", query, job=job)

    app.callback(
        Output(ids.LOCKS, "children"),
        Output(ids.AGAIN, "disabled"),
        Input(ids.SYSTEMS, "cellValueChanged"),
        State(ids.SYSTEMS, "rowData"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )(locked)
    app.callback(
        Output(ids.URL, "pathname"),
        Output(ids.URL, "search", allow_duplicate=True),
        Input(ids.AGAIN, "n_clicks"),
        State(ids.SYSTEMS, "rowData"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )(again)


def _end(view: View, waves: pd.DataFrame) -> pd.Timestamp | None:
    last = str(waves["off"].max()) if len(waves) else ""
    return moves.end_of(last, moves.year_end(view.showing)) if last else None


def _strategies(view: View) -> Any:
    figures = [
        cards.key_figure(f"{n:,}", named(str(name)), sentences.MEANS[str(name)])
        for name, n in money.units_by_strategy(view.showing).items()
    ]
    return cards.key_figures(*figures)


def _roadmap_frame(view: View, lines: pd.DataFrame, waves: pd.DataFrame) -> pd.DataFrame:
    closes = moves.closings(view.showing).set_index("site")["closes"]
    buy = dict(zip(waves["wave"], ("" if pd.isna(d) else str(d.date()) for d in waves["buy_by"]), strict=True))
    return pd.DataFrame(
        {
            "Site": [named(s) for s in lines["site"]],
            "Wave": lines["wave"],
            "Buy by": [buy.get(w, "") for w in lines["wave"]],
            "First start": lines["start"],
            "Last old system off": lines["off"],
            "Servers": lines["units"],
            "Move": lines["moved"],
            "Stay": lines["stays"],
            "Site closes": [str(closes.get(site, "")) for site in lines["site"]],
        }
    )


def _roadmap(view: View, lines: pd.DataFrame, waves: pd.DataFrame) -> Any:
    answer = joined(sentences.roadmap(lines), sentences.closing(moves.closings(view.showing)))
    figure = draw_roadmap(lines, waves, horizon(view.showing), view.look.palette)
    content = [cards.key(*_KEY), cards.picture("roadmap", figure, answer)]
    return cards.block(
        "roadmap",
        ROADMAP,
        answer,
        cards.scrolled(content, "Roadmap", wide=True),
        foot=cards.foot("roadmap", ROADMAP, view, "plan", _roadmap_frame(view, lines, waves)),
    )


def _capacity_frame(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Limit": [subject_name(str(n), str(s)) for n, s in zip(rows["limit"], rows["subject"], strict=True)],
            "Quarter": rows["quarter"],
            "Used": rows["used"].astype(float),
            "There is": rows["allowed"].astype(float),
            "Unit": rows["unit"],
        }
    )


def _capacity(view: View) -> Any:
    rows = moves.capacity(view.showing)
    answer = sentences.capacity(rows)
    figure = draw_capacity(rows, horizon(view.showing), view.look.palette)
    return cards.block(
        "capacity",
        PEOPLE,
        answer,
        cards.scrolled(cards.picture("capacity", figure, answer), "Capacity", wide=True),
        foot=cards.foot("capacity", PEOPLE, view, "plan", _capacity_frame(rows)),
    )


def _limit_frame(rows: pd.DataFrame) -> pd.DataFrame:
    bound = rows[rows["binding"]].sort_values("price", ascending=False, kind="stable")
    dollars = bound["unit"] == "USD"
    return pd.DataFrame(
        {
            "Limit": [named(limit_name(row)) for _, row in bound.iterrows()],
            "Used": (bound["used"] / dollars.map({True: 1e6, False: 1.0})).astype(float),
            "Allowed": (bound["allowed"] / dollars.map({True: 1e6, False: 1.0})).astype(float),
            "Unit": bound["unit"].replace("USD", "$M"),
            "One more is worth": [short_price(row) for _, row in bound.iterrows()],
        }
    )


def _limits(view: View, rows: pd.DataFrame) -> Any:
    frame = _limit_frame(rows).head(SHOWN)
    content = (
        cards.scrolled(cards.plain_table(frame, LIMITS, hidden=True), f"Table: {LIMITS}") if len(frame) else html.Div()
    )
    more = int(rows["binding"].sum()) - len(frame)
    note = f"{more} more in the file" if more > 0 else ""
    worth = html.A("What each is worth, and what if", href=view.link("/limits"), className="link")
    foot = [cards.csv_link("limits", LIMITS, view, "plan"), worth, cards.source(view, note)]
    return cards.block("limits", LIMITS, sentences.limits(rows[rows["binding"]]), content, foot=foot)


def _systems(view: View, can_plan: bool) -> Any:
    table = moves.fates(view.showing)
    names = {c: table[c].map(named) for c in ("site", "fate")}
    rows = table.assign(lock=table["held"] != "", **names)
    records = [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")]
    held = int(table.loc[table["held"] != "", "system"].nunique())
    year = moves.last_year(view.showing)
    again = html.Button("Plan again", id=ids.AGAIN, className="button", type="button", disabled=True)
    note = html.Span(marked(sentences.locks(held, 0)), id=ids.LOCKS, role="status")
    if not can_plan:
        note = html.Span(
            "To lock systems and plan again, open the study that these results were made from.", className="note"
        )
    content = html.Div(
        [
            html.Div([note, *([again] if can_plan else [])], className="toolbar"),
            html.Div(_grid(records, can_plan), className="sheet", role="region", **{"aria-label": "Systems"}),
        ]
    )
    foot = [cards.csv_link("systems", SYSTEMS, view, "plan"), cards.source(view)]
    return cards.block("fates", SYSTEMS, sentences.systems(table, year), content, foot=foot)


def _grid(rows: list[dict[str, Any]], can_lock: bool) -> Any:
    def figure(digits: int) -> dict[str, str]:
        return {"function": f"figure(params.value, {digits})"}

    right = {"type": "rightAligned"}
    columns = [
        {
            "field": "lock",
            "headerName": "Lock",
            "cellRenderer": "Lock",
            "width": 84,
            "pinned": "left",
            "filter": False,
            "sortable": False,
        },
        {"field": "name", "headerName": "System", "pinned": "left", "width": 206},
        {"field": "site", "headerName": "Site", "width": 112},
        {"field": "units", "headerName": "Servers", "width": 84, **right},
        {"field": "cost", "headerName": "Cost, $M", "width": 92, "valueFormatter": figure(2), **right},
        {"field": "risk", "headerName": "Risk", "width": 66, "valueFormatter": figure(0), **right},
        {"field": "fate", "headerName": "What happens", "width": 114},
        {"field": "buy", "headerName": "Buy by", "width": 112},
        {"field": "start", "headerName": "Starts", "width": 84},
        {"field": "off", "headerName": "Old is off", "width": 92},
        {"field": "saves", "headerName": "Saves, $M", "width": 98, "valueFormatter": figure(2), **right},
    ]
    return dag.AgGrid(
        id=ids.SYSTEMS,
        rowData=rows,
        columnDefs=columns if can_lock else columns[1:],
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "filter": True,
            "suppressHeaderMenuButton": True,
            "suppressHeaderFilterButton": True,
        },
        dashGridOptions={
            "rowHeight": 34,
            "headerHeight": 38,
            "ensureDomOrder": True,
            "animateRows": False,
            "suppressColumnVirtualisation": True,
            "enableCellTextSelection": True,
            "tabToNextCell": {"function": "leave(params)"},
        },
        style={"height": 38 + 34 * min(max(len(rows), 1), ROWS) + 2},
    )
