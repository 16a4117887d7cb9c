"""What happens to our money?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from dash import html

from dashboard import cards
from dashboard.figures.ribbons import ribbons as draw_ribbons
from dashboard.figures.spend import spend as draw_spend
from dashboard.format import bare, count, day, fy, is_nothing, money, named, percent
from dashboard.look import View
from dashboard.measures import money as measure
from dashboard.measures import moves
from dashboard.pages.overview import sentences
from dashboard.source import title
from dashboard.words import marked, slot

QUESTION = "What happens to our money?"
SPEND = "When does the money leave the old systems?"
FUNDS = "Who pays, and who gains?"
NOW = "What must be decided now?"
SHOWN = 4
STILL = 50_000.0
"""USD: a fund whose change stays below it in every column shows `0.0` throughout."""


def layout(view: View, *_: Any) -> Any:
    """The page."""
    table = measure.spending(view.showing, view.against)
    if table.empty:
        return cards.empty(QUESTION, "No outlays yet.")
    balance = measure.balance(table["change"], measure.units_moved(view.showing))
    year = int(table.index[-1])
    flows = measure.ribbons(view.showing, view.against, year)
    waves = moves.purchases(moves.waves(view.showing))
    return html.Div(
        [
            cards.head(QUESTION, sentences.lede(balance)),
            _figures(view, table),
            html.Div(
                [
                    _spend(view, table),
                    _decisions(view, waves),
                    _ribbons(view, flows, year),
                    _funds(view, measure.by_fund(view.showing, view.against), len(table)),
                ],
                className="grid",
            ),
        ]
    )


def frames(view: View) -> Mapping[str, pd.DataFrame]:
    """The frame of each block, for its file."""
    table = measure.spending(view.showing, view.against)
    year = int(table.index[-1])
    return {
        "spend": _spend_frame(table, title(view.against)),
        "ribbons": _ribbon_frame(measure.ribbons(view.showing, view.against, year), year),
        "funds": _fund_frame(measure.by_fund(view.showing, view.against)),
        "decisions": _decision_frame(moves.purchases(moves.waves(view.showing))),
    }


def _figures(view: View, table: pd.DataFrame) -> Any:
    last = table.iloc[-1]
    year, total = fy(int(table.index[-1])), float(table["change"].sum())
    moved, estate = measure.units_moved(view.showing), measure.units_total(view.showing)
    before = measure.units_moved(view.against)
    share = "" if pd.isna(last["rival_share"]) else f"{percent(last['rival_share'])} if nothing moves"
    return cards.key_figures(
        cards.key_figure(
            money(float(table["outlay"].sum())),
            f"Outlay, {sentences.horizon(table)}",
            sentences.outlay_change(total),
            _tone(total),
        ),
        cards.key_figure(
            money(float(last["outlay"])),
            f"Outlay in {year}",
            sentences.outlay_change(float(last["change"])),
            _tone(float(last["change"])),
        ),
        cards.key_figure(
            "–" if pd.isna(last["share"]) else percent(last["share"]), f"Legacy share of run cost in {year}", share
        ),
        cards.key_figure(
            f"{moved:,}",
            "Servers moved to modern platforms",
            f"of {estate:,}; {f'{before:,}' if before else 'none'} {_otherwise(view)}",
        ),
    )


def _otherwise(view: View) -> str:
    return "if nothing moves" if view.against.name == "cost_to_continue" else f"in {title(view.against)}"


def _tone(dollars: float) -> str:
    return "good" if dollars < 0 and not is_nothing(dollars) else ""


def _spend_frame(table: pd.DataFrame, rival: str) -> pd.DataFrame:
    names = {
        "other": "Other IT",
        "legacy": "Legacy",
        "transition": "Transition",
        "modern": "Modern",
        "outlay": "Outlay",
    }
    columns = {"Fiscal year": [fy(int(y)) for y in table.index]}
    money_columns = {f"{label}, $M": (table[name] / 1e6).to_numpy() for name, label in names.items()}
    rest = {
        f"{rival}, $M": (table["rival"] / 1e6).to_numpy(),
        "Change, $M": (table["change"] / 1e6).to_numpy(),
        "Appropriation, $M": (table["appropriation"] / 1e6).to_numpy(),
        "Legacy share, %": (table["share"] * 100).to_numpy(),
    }
    return pd.DataFrame({**columns, **money_columns, **rest})


def _spend(view: View, table: pd.DataFrame) -> Any:
    look, rival = view.look, title(view.against)
    answer = sentences.spend(table, look.narrow)
    names = [("modern", "Modern"), ("transition", "Transition"), ("legacy", "Legacy")]
    names += [("other", "Other IT")] if table["other"].abs().sum() else []
    names += [("limit", "Appropriation")] if table["appropriation"].notna().any() else []
    names += [("rival", rival)]
    return cards.block(
        "spend",
        SPEND,
        answer,
        cards.picture("spend", draw_spend(table, rival, look.palette, look.narrow), answer),
        span=8,
        before=cards.key(*names) if look.narrow else None,
        foot=cards.foot("spend", SPEND, view, "overview", _spend_frame(table, rival)),
    )


def _ribbon_frame(flows: pd.DataFrame, year: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "From": flows["source"],
            "Through": flows["through"],
            "To": flows["target"],
            f"{fy(year)}, $M": flows["amount"] / 1e6,
        }
    )


def _ribbons(view: View, flows: pd.DataFrame, year: int) -> Any:
    question = f"Where does each dollar of {fy(year)} end up?"
    answer = sentences.ribbons(flows, year)
    figure = draw_ribbons(flows, view.look.palette, view.look.narrow)
    return cards.block(
        "ribbons",
        question,
        answer,
        cards.picture("ribbons", figure, answer),
        span=6,
        foot=cards.foot("ribbons", question, view, "overview", _ribbon_frame(flows, year)),
    )


def _decision_frame(waves: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Wave": waves["wave"],
            "Buy by": [str(d.date()) for d in waves["buy_by"]],
            "Starts": waves["start"],
            "Systems": waves["systems"],
            "Servers": waves["units"],
            "Method": waves["methods"],
            "One-time cost, $M": waves["one_time_cost"].astype(float) / 1e6,
        }
    )


def _decisions(view: View, waves: pd.DataFrame) -> Any:
    items = [
        html.Li(
            [
                html.Div(
                    [
                        html.Span(f"By {day(row.buy_by)}", className="date"),
                        html.Span(money(row.one_time_cost), className="amount"),
                    ],
                    className="row",
                ),
                html.Strong(f"Buy what wave {row.wave} needs"),
                html.Span(marked(_detail(row)), className="more"),
            ]
        )
        for row in _rows(waves.head(SHOWN))
    ]
    return cards.block(
        "decisions",
        NOW,
        sentences.decisions(waves, SHOWN),
        html.Ol(items, className="decisions"),
        span=4,
        foot=cards.foot("decisions", NOW, view, "overview", _decision_frame(waves)),
    )


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples(index=False))


def _detail(row: Any) -> str:
    method = f"{named(row.methods)}. " if row.methods else ""
    agencies = count(row.agencies, "agency", "agencies")
    return f"{method}{slot(count(row.units, 'server'))} of {agencies} start in {row.start}."


def _fund_frame(table: pd.DataFrame) -> pd.DataFrame:
    years = [c for c in table.columns if c != "total"]
    columns = {
        "Fund": [named(str(f)) for f in table.index],
        "Change over the horizon, $M": (table["total"] / 1e6).to_numpy(),
    }
    return pd.DataFrame({**columns, **{f"Change in {y}, $M": (table[y] / 1e6).to_numpy() for y in years}})


def _funds(view: View, table: pd.DataFrame, n: int) -> Any:
    years = [c for c in table.columns if c != "total"]
    widest = max(float(table["total"].abs().max()), 1.0)
    head = html.Tr(
        [
            html.Th("Fund, $M", scope="col"),
            html.Th("All years", scope="col"),
            html.Td("", className="barred", **{"aria-hidden": "true"}),
            *[html.Th(y, scope="col") for y in years],
        ]
    )
    body = [
        html.Tr(
            [
                html.Th(named(str(fund)), scope="row"),
                html.Td(html.B(_signed(row["total"]))),
                _bar(float(row["total"]), widest),
                *[html.Td(_signed(row[y])) for y in years],
            ],
            className="total" if fund == "All funds" else "",
        )
        for fund, row in told(table).iterrows()
    ]
    caption = html.Caption("Change against cost to continue", className="hidden")
    content = html.Table([caption, html.Thead(head), html.Tbody(body)], className="plain funds")
    return cards.block(
        "funds",
        FUNDS,
        sentences.funds(table, n),
        cards.scrolled(content, "Change by fund"),
        span=6,
        foot=[
            cards.csv_link("funds", FUNDS, view, "overview"),
            cards.source(view),
        ],
    )


def told(table: pd.DataFrame) -> pd.DataFrame:
    """The funds that change, and the others as one row, so that the column still adds up."""
    total = table.index == "All funds"
    still = (table.abs() < STILL).all(axis=1) & ~total
    if still.sum() < 2:
        return table
    rest = table[still].sum().to_frame(f"{still.sum()} other funds").T
    return pd.concat([table[~still & ~total], rest, table[total]])


def _signed(dollars: float) -> str:
    return bare(float(dollars) / 1e6, 1, signed=True)


def _bar(dollars: float, widest: float) -> Any:
    side = "right" if dollars < 0 else "left"
    style = {"width": f"{abs(dollars) / widest * 46:.1f}%", side: "50%"}
    bar = html.Span(className=f"mini {'gain' if dollars < 0 else 'cost'}", style=style)
    return html.Td(bar, className="barred", **{"aria-hidden": "true"})
