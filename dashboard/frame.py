"""The frame of every page: bar, rail, and what stands between two scenarios."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import dcc, html

from dashboard import ids, theme
from dashboard.cards import choose
from dashboard.format import count, named
from dashboard.look import View, address
from dashboard.measures.moves import as_of
from dashboard.source import Source, title
from dashboard.words import marked, slot

PAGES = (
    ("/", "Overview", "What happens to our money?"),
    ("/outlook", "Outlook", "What will we spend if nothing changes?"),
    ("/plan", "Plan", "What moves when?"),
    ("/risk", "Risk", "How sure are we?"),
    ("/compare", "Compare", "Which plan?"),
    ("/limits", "Limits", "What holds us back?"),
    ("/assumptions", "Assumptions", "What if?"),
)
"""The pages that there are: address, name, question."""


def shell(source: Source) -> Any:
    """Everything around a page; called once for each load."""
    names = source.scenarios
    options = source.titles()
    known: dict[str, str] = {"showing": source.shown_first, "against": source.rival_first}
    first = source.read(source.shown_first) if names else None
    return dmc.MantineProvider(
        id=ids.MANTINE,
        theme=theme.mantine(),
        forceColorScheme="light",
        children=[
            dcc.Location(id=ids.URL, refresh=False),
            dcc.Store(id=ids.LOOK),
            dcc.Store(id=ids.NARROW),
            dcc.Store(id=ids.KNOWN, data=known),
            html.A("Skip to the page", href="#main", className="skip"),
            html.Div(
                [
                    html.Header(
                        [
                            html.Div(_who(first), className="who"),
                            html.Div(
                                [
                                    choose(ids.SHOWING, "Showing", options, known["showing"]),
                                    choose(ids.AGAINST, "against", options, known["against"]),
                                    html.Div(id=ids.DIFFERS, className="differs-place"),
                                ]
                                if names
                                else [html.Div(id=ids.DIFFERS), *_absent()],
                                className="what",
                            ),
                            dmc.Switch(
                                id=ids.DARK, label="Dark", size="sm", className="dark", withThumbIndicator=False
                            ),
                        ],
                        className="bar",
                    ),
                    html.Nav(id=ids.RAIL, className="rail", **{"aria-label": "Pages"}),
                    html.Main(id=ids.MAIN, tabIndex="-1"),
                ],
                className="shell",
            ),
            html.Div(id=ids.TITLE, className="hidden"),
        ],
    )


def _absent() -> list[Any]:
    """Stand-ins for the scenario choices while there is nothing to choose."""
    return [html.Div(choose(name, name, [], None), hidden=True) for name in (ids.SHOWING, ids.AGAINST)]


def _who(results: Any) -> list[Any]:
    brand = html.Span("Reallot", className="brand")
    if results is None:
        return [brand]
    day = f", {as_of(results):%B %Y}"
    study = html.Span([str(results.summary.get("study", "")), html.Span(day, className="as-of")], className="study")
    label = [html.Span("Made-up data", className="made-up")] if results.summary.get("made_up") else []
    return [brand, study, *label]


def rail(path: str, query: dict[str, str]) -> list[Any]:
    """The pages, twice: a column beside a wide page, a disclosure above a narrow one."""
    current = next((name for slug, name, _ in PAGES if slug == path), "All pages")
    links = [_link(slug, name, question, path, query) for slug, name, question in PAGES]
    again = [_link(slug, name, question, path, query) for slug, name, question in PAGES]
    summary = html.Summary([html.Span(current, className="name"), html.Span("All pages", className="asks")])
    return [
        html.Div(html.Ul(links), className="rail-full"),
        html.Details([summary, html.Ul(again)], className="rail-menu"),
    ]


def _link(slug: str, name: str, question: str, path: str, query: dict[str, str]) -> Any:
    here: dict[str, Any] = {"aria-current": "page"} if slug == path else {}
    return html.Li(
        dmc.Anchor(
            [html.Span(name, className="name"), html.Span(question, className="asks")],
            href=address(slug, query),
            refresh=False,
            underline="never",
            className="page here" if here else "page",
            **here,
        )
    )


def differing(view: View) -> pd.DataFrame:
    """The settings in which two scenarios differ: `setting showing against why`."""
    # several values may have been filled into one column: the first is compared with the first, and so on
    ours, theirs = (
        r.assumptions.assign(nth=r.assumptions.groupby("parameter").cumcount()).set_index(["parameter", "nth"])
        for r in (view.showing, view.against)
    )
    both = ours.join(theirs["value"].rename("other"), how="left").droplevel("nth")
    both = both[both["value"].astype(str) != both["other"].astype(str)]
    return pd.DataFrame(
        {
            "setting": [named(str(p)) for p in both.index],
            "showing": both["value"].astype(str),
            "against": both["other"].astype(str),
            "why": both["changed_by"].astype(str).replace("nan", ""),
        }
    )


def differs(view: View) -> Any:
    """`3 settings differ`, with those three."""
    rows = differing(view)
    if rows.empty:
        return html.Span("No setting differs", className="no-difference")
    names = [title(view.showing), title(view.against)]
    head_row = html.Tr([html.Th(t, scope="col", className="text") for t in ("Setting", *names)])
    body = [
        html.Tr([html.Th(setting, scope="row"), html.Td(ours, className="text"), html.Td(theirs, className="text")])
        for setting, ours, theirs, _ in rows.itertuples(index=False)
    ]
    caption = html.Caption("Settings that differ", className="hidden")
    table = html.Table([caption, html.Thead(head_row), html.Tbody(body)], className="plain")
    why = str(view.showing.summary.get("why", ""))
    words = f"{count(len(rows), 'setting')} {'differs' if len(rows) == 1 else 'differ'}"
    sheet = html.Div([*([html.P(why)] if why else []), table], className="sheet-over")
    return html.Details([html.Summary(words), sheet], className="differs")


def not_found(path: str) -> Any:
    """What an address shows that no page has."""
    return html.Div(
        [html.H1("There is no such page"), html.P(marked(f"Nothing lies at {slot(path)}."), className="lede")]
    )
