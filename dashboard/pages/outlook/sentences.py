"""The sentences of the Outlook, a template a branch."""

from __future__ import annotations

import pandas as pd

from dashboard.format import count, fy, money, percent, sentence_case
from dashboard.words import joined, slot


def lede(history: pd.DataFrame, outlook: pd.DataFrame, appropriated: pd.Series, who: str = "") -> str:
    """Where spending goes if nothing changes, and when it passes what is appropriated."""
    if outlook.empty:
        return "No history yet, so nothing can be said about the years ahead."
    end, year = float(outlook["mean"].iloc[-1]), int(outlook["year"].iloc[-1])
    subject = f"spending of {who}" if who else "spending"
    if history.empty:
        start = f"If nothing changes, {subject} is {slot(money(end))} in {fy(year)}."
    else:
        before, since = float(history["expended"].iloc[-1]), int(history["year"].iloc[-1])
        growth = end / before - 1 if before else 0.0
        verb = "stays near" if abs(growth) < 0.005 else "grows to" if growth > 0 else "falls to"
        then, now = slot(money(end)), slot(money(before))
        start = f"If nothing changes, {subject} {verb} {then} by {fy(year)}, from {now} in {fy(since)}."
    return joined(start, _against(outlook, appropriated))


def _against(outlook: pd.DataFrame, appropriated: pd.Series) -> str:
    known = (
        outlook.set_index(outlook["year"].astype(int))["mean"]
        .to_frame("mean")
        .join(appropriated.rename("limit"))
        .dropna()
    )
    if known.empty:
        return ""
    over = known[known["mean"] > known["limit"]]
    if over.empty:
        return "It stays within what is appropriated in every year."
    first = int(over.index[0])
    short = float((over["mean"] - over["limit"]).max())
    return f"It passes what is appropriated in {slot(fy(first))}, and is short by {slot(money(short))} at most."


def fan(outlook: pd.DataFrame) -> str:
    """How wide the range is at the end."""
    if outlook.empty:
        return "No history yet."
    if len(outlook) == 1:
        return "One year; no trend can be shown."
    end = outlook.iloc[-1]
    low, high, top = (slot(money(end[name])) for name in ("lo_80", "hi_80", "hi_95"))
    year = fy(int(end["year"]))
    return f"In {year} outlays lie between {low} and {high} with 4 chances in 5, and above {top} with 1 in 40."


def scores(table: pd.DataFrame) -> str:
    """How far off the forecast has been, beside its naive rival."""
    if table.empty:
        return "No back-test yet: it needs a few years of history."
    row = table.iloc[0]
    ahead = "one year ahead" if int(row["horizon"]) == 1 else f"{int(row['horizon'])} years ahead"
    ours = f"{slot(percent(row['combined'], 1))} off"
    if pd.isna(row["naive"]):
        return f"Tried on the past, the forecast was {ours} {ahead}."
    better = row["combined"] < row["naive"]
    verdict = "better than" if better else "no better than"
    return (
        f"Tried on the past, the forecast was {ours} {ahead}: {verdict} to repeat the last year, "
        f"which was {slot(percent(row['naive'], 1))} off."
    )


def treatments(table: pd.DataFrame) -> str:
    """How much of the history was treated before it was used."""
    if table.empty:
        return "Nothing in the history was found to need treatment."
    kinds = table["found"].astype(str).value_counts()
    words = ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in zip(map(str, kinds.index), kinds, strict=True))
    return sentence_case(
        f"{slot(count(len(table), 'figure'))} of the history {'was' if len(table) == 1 else 'were'} treated: {words}."
    )
