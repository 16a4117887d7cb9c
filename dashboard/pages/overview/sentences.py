"""The sentences of the Overview, a template a branch."""

from __future__ import annotations

import pandas as pd

from dashboard.format import (
    change,
    count,
    fy,
    in_words,
    is_nothing,
    listed,
    money,
    named,
    percent,
    sentence_case,
    years,
)
from dashboard.measures.money import Balance
from dashboard.words import joined, slot


def lede(b: Balance) -> str:
    """What moving does to the money: dearer then cheaper, nothing back, never dearer, a tie, or still a cost."""
    moving = f"Moving {slot(count(b.moved, 'server'))}" if b.moved else "This plan"
    if is_nothing(b.net) and is_nothing(b.extra):
        return f"{moving} costs the same as to continue as now by {fy(b.end)}."
    if is_nothing(b.extra):
        return f"{moving} saves {slot(money(b.net))} by {fy(b.end)}, and costs more in no year."
    start = f"{moving} costs {slot(money(b.extra))} more than to continue as now through {fy(b.until)}"
    if is_nothing(b.back):
        return f"{start}, and none of it comes back by {slot(fy(b.end))}."
    returned = f"{start}, then gives back {slot(money(b.back))}"
    if is_nothing(b.net):
        return f"{returned}: it costs the same by {fy(b.end)}."
    verdict = "a net saving of" if b.net > 0 else "which still leaves a net cost of"
    joint = ":" if b.net > 0 else ","
    return f"{returned}{joint} {verdict} {slot(money(abs(b.net)))} by {fy(b.end)}."


def spend(table: pd.DataFrame, narrow: bool = False) -> str:
    """How the legacy share moves, and when transition peaks."""
    known = table["share"].dropna()
    first = ""
    if len(known) == 1:
        first = f"Legacy is {slot(percent(known.iloc[0]))} of run cost in {fy(int(known.index[0]))}"
    elif len(known):
        a, b = float(known.iloc[0]), float(known.iloc[-1])
        verb = "stays near" if abs(a - b) < 0.005 else "falls from" if b < a else "rises from"
        ends = f" to {slot(percent(b))} in {fy(int(known.index[-1]))}" if abs(a - b) >= 0.005 else ""
        since = f" in {fy(int(known.index[0]))}" if ends else ""
        first = f"Legacy {verb} {slot(percent(a))} of run cost{since}{ends}"
    peak = float(table["transition"].max()) if len(table) else 0.0
    second = (
        f"transition peaks at {slot(money(peak))} in {fy(int(table.index[int(table['transition'].argmax())]))}"
        if peak > 0
        else ""
    )
    both = "; ".join(part for part in (first, second) if part)
    unit = ", $M" if narrow else ""
    bold = f"Bold figures: change against cost to continue{unit}." if len(table) else ""
    return joined(f"{sentence_case(both)}." if both else "", bold)


def ribbons(flows: pd.DataFrame, year: int) -> str:
    """Where the freed dollars come from, or what is added."""
    if flows.empty:
        return f"No dollar of {fy(year)} moves."
    freed = flows[flows["target"] == "Freed"].groupby("through")["amount"].sum().sort_values(ascending=False)
    added = float(flows.loc[flows["source"] == "Added", "amount"].sum())
    ways = {
        "Switched off": "switching systems off",
        "Relocate": "relocating",
        "Move to modern platforms": "moving to modern platforms",
    }
    total = float(freed.sum())
    spent = f"Moving adds {slot(money(added))}." if not is_nothing(added) else ""
    if is_nothing(total):
        return spent or f"Nothing is freed in {fy(year)}, and nothing added."
    top = [(money(v), ways.get(str(n), str(n).lower())) for n, v in freed.items() if not is_nothing(v)]
    if len(top) == 1:
        return joined(f"All of {slot(money(total))} freed in {fy(year)} comes from {top[0][1]}.", spent)
    said = listed(f"{slot(v)} from {n}" for v, n in top)
    return joined(f"Of {slot(money(total))} freed in {fy(year)}, {said.replace('* from', '* comes from', 1)}.", spent)


def funds(table: pd.DataFrame, n: int) -> str:
    """Which fund pays most, and which gains most, over `n` fiscal years."""
    rows = table.drop(index="All funds", errors="ignore")["total"]
    span = f"over {in_words(n)} years" if n > 1 else "in one year"
    pays = rows[rows.gt(0) & ~rows.map(is_nothing)].sort_values()
    gains = rows[rows.lt(0) & ~rows.map(is_nothing)].sort_values()
    end = "Figures are changes against cost to continue."
    if pays.empty and gains.empty:
        return f"No fund pays more or less than to continue. {end}"
    payer, paid = (named(str(pays.index[-1])), slot(money(pays.iloc[-1]))) if len(pays) else ("", "")
    gainer, gained = (named(str(gains.index[0])), slot(money(-gains.iloc[0]))) if len(gains) else ("", "")
    if not payer:
        return f"Every fund pays less or the same; {gainer} gains most, {gained} {span}. {end}"
    if not gainer:
        return f"No fund gains; {payer} pays most, {paid} more {span}. {end}"
    return f"{payer} pays {paid} more {span}; {gainer} gains {gained}. {end}"


def decisions(waves: pd.DataFrame, shown: int) -> str:
    """How many purchases fall due by when."""
    if waves.empty:
        return "Nothing is to be bought in this plan."
    due = waves.head(shown)
    last = due["buy_by"].max()
    if len(due) == 1:
        return f"One purchase falls due by {slot(f'{last:%B %Y}')}."
    if len(due) == len(waves):
        return f"All {in_words(len(due))} purchases fall due by {slot(f'{last:%B %Y}')}."
    return (
        f"{sentence_case(in_words(len(due)))} of {in_words(len(waves))} purchases fall due by {slot(f'{last:%B %Y}')}."
    )


def outlay_change(dollars: float) -> str:
    """A change with its rival's name."""
    return f"{change(dollars)} against cost to continue"


def horizon(table: pd.DataFrame) -> str:
    """`FY2026-31`."""
    return years(int(table.index[0]), int(table.index[-1]))
