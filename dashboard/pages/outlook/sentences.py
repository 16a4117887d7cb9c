"""The sentences of the Outlook, a template a branch."""

from __future__ import annotations

import pandas as pd

from dashboard.format import NARROW, change, count, fy, in_words, is_nothing, listed, money, percent, sentence_case
from dashboard.measures.outlook import UNDER_WAY
from dashboard.measures.year_end import UnderWay
from dashboard.words import joined, plain, slot


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
        last, end = int(known.index[-1]), int(outlook["year"].iloc[-1])
        until = "in every year" if last == end else f"through {slot(fy(last))}"
        return f"It stays within what is appropriated {until}."
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
    if pd.isna(end["hi_95"]):
        return (
            f"In {fy(int(end['year']))} outlays come to {slot(money(end['mean']))}; these results hold no range for it."
        )
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
    held = (
        ""
        if pd.isna(row["coverage_80"])
        else f"Its 80{NARROW}% range held {slot(percent(row['coverage_80']))} of the time."
    )
    if pd.isna(row["naive"]):
        return joined(f"Tried on the past, the forecast was {ours} {ahead}.", held)
    better = row["combined"] < row["naive"]
    verdict = "better than" if better else "no better than"
    rival = f"{verdict} to repeat the last year, which was {slot(percent(row['naive'], 1))} off"
    return joined(f"Tried on the past, the forecast was {ours} {ahead}: {rival}.", held)


def treatments(table: pd.DataFrame) -> str:
    """How much of the history was treated before it was used, and which year in it is not closed."""
    if table.empty:
        return "Nothing in the history was found to need treatment."
    under_way = table["found"].eq(UNDER_WAY)
    last = ""
    if under_way.any():
        row = table[under_way].iloc[0]
        last = f"{slot(fy(int(row['period'])))} stands in it as a {row['treatment']}."
        table = table[~under_way]
    if table.empty:
        return joined("Nothing in the closed years needed treatment.", last)
    kinds = table["found"].astype(str).value_counts()
    words = ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in zip(map(str, kinds.index), kinds, strict=True))
    verb = "was" if len(table) == 1 else "were"
    return joined(sentence_case(f"{slot(count(len(table), 'figure'))} of the history {verb} treated: {words}."), last)


EARLIER = "These results are from before this was read. Plan again to see it."
NAMED = 4
"""Authors that a sentence names."""


def year_end(now: UnderWay | None, rows: pd.DataFrame, who: str = "") -> str:
    """Where the year under way ends, how sure that is, and what becomes of its appropriation."""
    if now is None or rows.empty:
        return EARLIER if rows.empty and "mean" not in rows else "The study holds no months of a year under way."
    row = rows.iloc[0]
    amount, low, high = (slot(money(row[name])) for name in ("mean", "lo_80", "hi_80"))
    subject = f"{who} ends {fy(now.year)}" if who else f"{fy(now.year)} ends"
    done = f"With {now.closed} of {now.of} {now.periods} closed"
    first = f"{done}, {subject} near {amount}: between {low} and {high} with 4 chances in 5."
    if pd.isna(row["appropriated"]):
        return joined(first, "No appropriation is known for it.")
    lapse, over = slot(money(row["expected_lapse"])), slot(money(row["expected_overspend"]))
    return joined(first, f"Of its appropriations {lapse} is expected to lapse and {over} to be overspent.")


def variance(rows: pd.DataFrame, cut: str = "") -> str:
    """How far spending is from the budget to date, and how much of that lasts."""
    if rows.empty:
        if "variance" not in rows:
            return EARLIER
        return f"Nothing is appropriated by {cut}." if cut else "No budget of a year under way is known."
    total, timing, level = (float(rows[name].sum()) for name in ("variance", "timing", "level"))
    side = "below" if total >= 0 else "above"
    gap = f"Spending to date is {slot(money(abs(total)))} {side} budget"
    lasts = f"{slot(change(level))} lasts to the end of the year"
    return f"{gap}: {lasts}, and {slot(change(timing))} is timing, which reverses by then."


def overrides(rows: pd.DataFrame, lines: list[str]) -> str:
    """What is set by hand, against what the models say; and who was nearer than they in years that have closed."""
    if rows.empty:
        return EARLIER if "amount" not in rows else "Nothing is set by hand: every figure is what the models say."
    came = rows["better"].notna() if "better" in rows else pd.Series(False, index=rows.index)
    ahead = rows[~came]
    return joined(
        _standing(ahead, [line for line, past in zip(lines, came, strict=True) if not past]), _nearer(rows[came])
    )


def _standing(rows: pd.DataFrame, lines: list[str]) -> str:
    if rows.empty:
        return "Nothing ahead is set by hand."
    against = slot(change(float(rows["change"].sum())))
    if len(rows) == 1:
        year = slot(fy(int(rows["period"].iloc[0])))
        return f"One amount is set by hand: {lines[0]} in {year}, {against} against the models."
    return f"{slot(sentence_case(in_words(len(rows))))} amounts are set by hand, together {against} against the models."


def _nearer(rows: pd.DataFrame) -> str:
    """Author by author, how often what was set by hand was nearer than the models."""
    if rows.empty:
        return ""
    by = rows.groupby("author", sort=True)["better"].agg(nearer=lambda better: int((better == 1).sum()), n="size")
    told = [
        f"{plain(str(author))} in {slot(f'{row.nearer} of {row.n}')}"
        for author, row in zip(by.index, by.itertuples(), strict=True)
    ]
    return f"Once the year had closed, what was set was nearer than the models: {_few(told)}."


def _few(told: list[str]) -> str:
    """The first of many, the rest counted."""
    more = len(told) - NAMED
    return listed(told) if more <= 0 else f"{', '.join(told[:NAMED])} and {count(more, 'more author')}"


def budget(table: pd.DataFrame, changes: pd.DataFrame, lines: list[str], cut: str = "", earlier: bool = False) -> str:
    """What was asked for and what was enacted, in the last years that tell both, and whose change is largest."""
    if earlier:
        return EARLIER
    if cut == "category":
        return "Nothing is appropriated by category."
    if table.empty:
        return "No budget is known."
    names = pd.Series(lines, index=changes.index, dtype=str)
    told = [_asked(rows, names[rows.index]) for _, rows in changes.groupby("year", sort=False)][:2]
    return joined(*told) or "Of no year both is known: what was asked for and what was enacted."


def _asked(rows: pd.DataFrame, names: pd.Series) -> str:
    asked, got = slot(money(rows["request"].sum())), slot(money(rows["enacted"].sum()))
    first = f"For {slot(fy(int(rows['year'].iloc[0])))} {asked} was asked for and {got} enacted"
    if len(rows) == 1 or is_nothing(float(rows["change"].iloc[0])):
        return f"{first}."
    return f"{first}; the largest change is {names.iloc[0]}, {slot(change(float(rows['change'].iloc[0])))}."
