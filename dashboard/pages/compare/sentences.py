"""The sentences of Compare, a template a branch."""

from __future__ import annotations

import pandas as pd

from dashboard.figures.scenarios import value_of
from dashboard.format import (
    MINUS,
    bare,
    chance,
    count,
    fy,
    in_words,
    is_nothing,
    listed,
    money,
    percent,
    sentence_case,
)
from dashboard.measures import compare as measure
from dashboard.measures.compare import Compared
from dashboard.pages.compare.rows import Row
from dashboard.source import RIVAL
from dashboard.words import joined, slot

LISTED = 3
"""Assumptions or plans that a sentence names."""
LONG = 40
"""Letters of two values above which they are left to the table."""
LESS = {"legacy": "legacy share", "risk": "risk left", "short": "chance of running short"}
"""What is better if less, within a sentence."""


def lede(side: Compared) -> str:
    """Which plan is the cheapest, by how much, and what speaks against it."""
    if not measure.same_years(side):
        return "These plans cover other years: compare what they say of a year, not their sums."
    costs = {name: measure.outlay(side.results[name]) for name in side.names}
    end = fy(measure.last_year(side.results[side.shown]))
    if len(side.movers) == 1:
        return _against_nothing(side, side.movers[0], costs, end)
    order = sorted(side.movers, key=lambda name: costs[name])
    best, others = order[0], order[1:]
    same = [name for name in others if is_nothing(costs[name] - costs[best])]
    number = f"{in_words(len(order))} plans"
    if same:
        names = [slot(side.title(n)) for n in (best, *same)]
        who = listed(names) if len(names) <= LISTED else f"{in_words(len(names))} plans"
        rest = "" if len(names) == len(order) else f", the least of {number}"
        return f"{sentence_case(who)} cost the same{rest}."
    other = side.shown if side.shown in others else others[0]
    less = costs[other] - costs[best]
    start = f"{slot(side.title(best))} is the cheapest of {number}: {slot(money(less))} less than {side.title(other)}."
    if less <= _open(side, best, other):
        return joined(start, "That is within what the proofs leave open.")
    return joined(start, _but(side, best, other, end))


def _open(side: Compared, one: str, other: str) -> float:
    """Dollars by which better plans may turn a difference of two plans round: the larger of both gaps."""
    return max(float(side.results[name].summary.get("gap_usd") or 0.0) for name in (one, other))


def _against_nothing(side: Compared, name: str, costs: dict[str, float], end: str) -> str:
    if RIVAL not in costs:
        return f"{slot(side.title(name))} stands alone."
    saved = costs[RIVAL] - costs[name]
    if is_nothing(saved):
        return f"{slot(side.title(name))} costs the same as to continue as now by {end}."
    verb = "saves" if saved > 0 else "costs"
    than = "against continuing as now" if saved > 0 else "more than to continue as now"
    return f"{slot(side.title(name))} {verb} {slot(money(abs(saved)))} {than} by {end}."


def _but(side: Compared, best: str, other: str, end: str) -> str:
    """How sure the cheapest is against another plan; where that is not known, what legacy it leaves."""
    ours, theirs = measure.sure(side, best), measure.sure(side, other)
    if ours == ours and theirs == theirs:
        if chance(ours) == chance(theirs):
            return f"It is as sure: {slot(chance(ours))} of futures stay within every appropriation."
        word = "surer" if ours > theirs else "less sure"
        return f"It is also {word}: {slot(chance(ours))} against {slot(chance(theirs))}."
    ours, theirs = measure.legacy(side.results[best]), measure.legacy(side.results[other])
    if not (ours == ours and theirs == theirs):
        return ""
    if percent(ours) == percent(theirs):
        return f"It leaves the same {slot(percent(ours))} legacy in {end}."
    return f"It leaves {slot(percent(ours))} legacy in {end} against {slot(percent(theirs))}."


def table(assumptions: int, results: int, missing: list[str]) -> str:
    """How much differs, and what could not be shown."""
    if not assumptions and not results:
        start = "Nothing differs: these plans came to the same."
    else:
        many = "assumption differs" if assumptions == 1 else "assumptions differ"
        what = f"{sentence_case(in_words(assumptions))} {many}" if assumptions else "No assumption differs"
        best = "; the underlined figure in each row is the best" if results else ", and no result"
        start = f"{what}{best}."
    if not missing:
        return start
    return joined(
        start, f"{listed(slot(name) for name in missing)} {'has' if len(missing) == 1 else 'have'} no results."
    )


def payback(saved: pd.DataFrame, rival: str) -> str:
    """When each plan has paid back what it was ahead, who paid most ahead and who saves most."""
    if saved.empty:
        return f"No other plan stands beside {rival}."
    plans = [(str(rows["title"].iloc[0]), rows) for _, rows in saved.groupby("scenario", sort=False)]
    end = fy(int(saved["year"].max()))
    when = [(name, measure.paid_back(rows), float(rows["saved"].iloc[-1])) for name, rows in plans]
    first = _when(when, end, rival)
    if len(plans) < 2:
        return joined(first, _one(plans[0], rival))
    deepest = min(plans, key=lambda plan: float(plan[1]["saved"].min()))
    most = max(plans, key=lambda plan: float(plan[1]["saved"].iloc[-1]))
    low, gain = -float(deepest[1]["saved"].min()), float(most[1]["saved"].iloc[-1])
    digs = "" if is_nothing(low) else f"{slot(deepest[0])} pays most ahead, {slot(money(low))}"
    gains = "" if is_nothing(gain) or gain < 0 else f"saves most, {slot(money(gain))}"
    if digs and gains:
        who = "and" if most[0] == deepest[0] else f"{slot(most[0])}"
        return joined(first, f"{digs}{'' if who == 'and' else ';'} {who} {gains}.")
    return joined(first, f"{digs}." if digs else f"{slot(most[0])} {gains}." if gains else "")


def _one(plan: tuple[str, pd.DataFrame], rival: str) -> str:
    value = float(plan[1]["saved"].iloc[-1])
    if is_nothing(value):
        return f"In the end it costs the same as {rival}."
    return f"In the end it {'saves' if value > 0 else 'costs'} {slot(money(abs(value)))}."


def _when(when: list[tuple[str, int, float]], end: str, rival: str) -> str:
    back = [(name, year) for name, year, _ in when if year]
    never = [name for name, year, saved in when if not year and saved < 0 and not is_nothing(saved)]
    same_year = {year for _, year in back}
    parts = []
    if len(back) == len(when) > 1 and len(same_year) == 1:
        all_of_them = "Both" if len(back) == 2 else f"All {in_words(len(back))}"
        return f"{all_of_them} pay back in {slot(fy(same_year.pop()))}."
    if back:
        told = [
            f"{name} pays back in {slot(fy(year))}" if i == 0 else f"{name} in {slot(fy(year))}"
            for i, (name, year) in enumerate(back)
        ]
        parts.append(listed(told))
    if never:
        parts.append(f"{listed(never)} {'does' if len(never) == 1 else 'do'} not pay back by {end}")
    if not parts:
        return f"None is ever behind {rival}." if len(when) > 1 else f"{when[0][0]} is never behind {rival}."
    return f"{sentence_case('; '.join(parts))}."


def frontier(table: pd.DataFrame, by: str) -> str:
    """Which plans none beats in both cost and a measure, and what going from end to end costs."""
    known = table.dropna(subset=["cost", by])
    if known.empty:
        return f"No plan tells its {LESS[by]}."
    lead = measure.efficient(table, by)
    first, last = lead.iloc[0], lead.iloc[-1]
    low, high = value_of(by, float(last[by])), value_of(by, float(first[by]))
    if len(known) == 1:
        return f"Only {slot(first['title'])} tells its {LESS[by]}, {slot(low)}: there is nothing to weigh it against."
    of = f"Of {count(len(known), 'plan')}"
    if len(lead) == 1:
        return f"{of} {slot(first['title'])} is the cheapest and the lowest in {LESS[by]}: {slot(low)}."
    more = slot(money(float(last["cost"] - first["cost"])))
    return (
        f"{of} {in_words(len(lead))} are beaten by none. From {slot(first['title'])} to {slot(last['title'])} the "
        f"{LESS[by]} falls from {high} to {slot(low)} for {more} more."
    )


def of_scenario(side: Compared, name: str, differing: list[Row]) -> str:
    """What a scenario differs in, and what it comes to against the one shown.

    A difference counts as within what the proofs leave open by the rule of `reallot compare`.
    """
    own, base = side.results[name], side.results[side.shown]
    share = measure.legacy(own)
    legacy = f"{slot(percent(share))} of run cost is legacy in {fy(measure.last_year(own))}" if share == share else ""
    points = "" if name == side.shown else _points(share - measure.legacy(base))
    if name == RIVAL:
        return f"Nothing moves; {legacy}{points}." if legacy else "Nothing moves."
    saving, moved = float(own.summary["net_saving"]), int(own.summary["units_moved"])
    saves = f"{'saves' if saving >= 0 else 'costs'} {slot(money(abs(saving)))} net against cost to continue"
    if name == side.shown:
        total = int(own.summary["units_total"])
        units = f"{slot(f'{moved:,}')} of {count(total, 'server')} {'moves' if moved == 1 else 'move'}"
        return f"{sentence_case('; '.join(t for t in (saves, units, legacy) if t))}."
    than = _than(saving - float(base.summary["net_saving"]), side.title(side.shown), _open(side, name, side.shown))
    units = f"{slot(count(moved, 'server'))} {'moves' if moved == 1 else 'move'}"
    parts = (f"{saves}, {than}", f"{units}{_more(moved - int(base.summary['units_moved']))}", f"{legacy}{points}")
    return f"{_with(side, name, differing)} it {'; '.join(t for t in parts if t)}."


def _with(side: Compared, name: str, differing: list[Row]) -> str:
    """`With discount rate 4 % instead of 3 %`; appropriations of several funds count as one thing."""
    money_rows = [row for row in differing if row.is_money]
    rest = [row for row in differing if not row.is_money] + (money_rows if len(money_rows) == 1 else [])
    told = [_instead(row.name, row.words[name], row.words[side.shown]) for row in rest]
    told += ["other appropriations"] if len(money_rows) > 1 else []
    if not told:
        return "With the same assumptions"
    more = len(told) - LISTED
    return f"With {', '.join(told[:LISTED])} and {more} more," if more > 0 else f"With {listed(told)},"


def _instead(name: str, ours: str, theirs: str) -> str:
    inside = name[:1].lower() + name[1:] if name[1:2].islower() else name
    return f"{inside} {ours} instead of {theirs}" if len(ours + theirs) <= LONG else f"other {inside}"


def _than(amount: float, base: str, gap: float) -> str:
    if is_nothing(amount):
        return f"the same as {base}"
    size = f"{slot(money(abs(amount)))} {'more' if amount > 0 else 'less'} than {base}"
    return f"{size}, which is within what the proofs leave open" if abs(amount) <= gap else size


def _more(units: int) -> str:
    return f", {abs(units):,} {'more' if units > 0 else 'fewer'}" if units else ""


def _points(change: float) -> str:
    if change != change or not round(abs(change) * 100, 1):
        return ""
    return f" ({'+' if change > 0 else MINUS}{bare(abs(change) * 100, 1)} points)"
