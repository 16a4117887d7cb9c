"""The sentences of the Risk page, a template a branch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dashboard.format import (
    MINUS,
    chance,
    count,
    fy,
    in_words,
    is_nothing,
    listed,
    money,
    named,
    percent,
    years,
)
from dashboard.measures.futures import ALL, BIENNIUM, GREEDY, NOTHING, PLAN
from dashboard.words import joined, slot
from dashboard.worth import inside

LISTED = 3
"""Appropriations that a sentence names."""
REPLANNED = "replanned"
"""How the policies begin that plan again from what has happened."""


def period_name(period: str) -> str:
    """`FY2028`, `FY2027–28`."""
    if not period.startswith(BIENNIUM):
        return fy(int(period))
    end = int(period.removeprefix(BIENNIUM))
    return years(end - 1, end)


def fund_name(fund: str) -> str:
    """An appropriation's fund, or whatever else it is for, in words."""
    return "All of them" if fund == ALL else named(fund)


def lede(share: float, futures: int, one_by_one: pd.DataFrame) -> str:
    """The chance of keeping every appropriation, and the appropriation least sure to be kept."""
    if one_by_one.empty:
        return f"No appropriation can run short in {slot(f'{futures:,}')} simulated futures: this study names none."
    start = (
        f"In {slot(chance(share))} of {count(futures, 'simulated future')} the plan stays within every appropriation."
    )
    low = float(one_by_one["chance"].min())
    weakest = one_by_one[one_by_one["chance"].eq(low)]
    if low >= 1:
        return joined(start, "None runs short in any of them.")
    if len(weakest) > 1:
        return joined(start, f"The weakest {in_words(len(weakest))} are at {slot(chance(low))} each.")
    row = weakest.iloc[0]
    where = f"{slot(inside(fund_name(row['fund'])))} in {slot(period_name(row['period']))}"
    return joined(start, f"The weakest point is {where}, at {slot(chance(low))}.")


def where(low: pd.DataFrame, every: int, target: float) -> str:
    """Which appropriations fall below the target; `low` as `measures.futures.below`."""
    if not every:
        return "This study names no appropriation that could run short."
    of = count(every, "appropriation")
    if low.empty:
        only = "The one appropriation keeps" if every == 1 else f"All {of} keep"
        return f"{only} the target of {percent(target)}."
    verb = "falls" if len(low) == 1 else "fall"
    start = f"{slot(f'{len(low):,}')} of {of} {verb} below the target of {percent(target)}"
    groups = [(fund, rows["period"].tolist()) for fund, rows in low.groupby("fund", sort=False)]
    told = [
        f"{fund_name(str(fund)) if i == 0 else inside(fund_name(str(fund)))} in {listed(map(period_name, sorted(at)))}"
        for i, (fund, at) in enumerate(groups[:LISTED])
    ]
    rest = sum(len(at) for _, at in groups[LISTED:])
    names = f"{', '.join(told)} and {rest} more" if rest else listed(told)
    return f"{start}: {names}."


def fan(table: pd.DataFrame, what: str = "") -> str:
    """How the median stands against the appropriation in the tightest year, and how far one future in ten goes."""
    if table.empty:
        return "No outlay was simulated for this."
    subject = f"The median of {what}" if what else "The median"
    tight = table[table["appropriation"].notna()]
    if tight.empty:
        end = table.iloc[-1]
        return (
            f"{subject} is {slot(money(end['p50']))} in {slot(fy(int(end['year'])))}; in {slot('1 future in 10')} "
            f"outlays reach {slot(money(end['p90']))}. No appropriation is named."
        )
    room = (tight["appropriation"] - tight["p50"]) / tight["appropriation"].abs().clip(lower=1.0)
    row = tight.iloc[int(room.to_numpy(dtype=float).argmin())]
    left, year = float(row["appropriation"] - row["p50"]), fy(int(row["year"]))
    tightest = ", the tightest year" if len(tight) > 1 else ""
    stands = (
        f"stands at the appropriation in {year}"
        if is_nothing(left)
        else f"stays {slot(money(left))} under in {year}"
        if left > 0
        else f"is {slot(money(-left))} over in {year}"
    )
    over = float(row["p90"] - row["appropriation"])
    reach = (
        "which is the appropriation" if is_nothing(over) else f"{money(abs(over))} {'over' if over > 0 else 'under'}"
    )
    return (
        f"{subject} {stands}{tightest}; in {slot('1 future in 10')} outlays reach {slot(money(row['p90']))}, {reach}."
    )


def policies(table: pd.DataFrame) -> str:
    """What the plan is worth against its rivals in the same futures; `table` as `measures.futures.policies`."""
    by = {str(row["policy"]): row for row in table.to_dict("records")}
    if PLAN not in by:
        return "The plan itself was not played."
    plan = by[PLAN]
    again = [row for name, row in by.items() if name.startswith(REPLANNED) and row["futures"] == plan["futures"]]
    first = (
        _replanned(float(plan["chance"]), float(again[0]["chance"]))
        if again
        else _nothing(float(plan["chance"]), float(by[NOTHING]["chance"]))
        if NOTHING in by
        else ""
    )
    rival = next((by[name] for name in (GREEDY, NOTHING) if name in by), None)
    return joined(first, _rival(plan, rival) if rival is not None else "") or "No other policy was played."


def _replanned(held: float, again: float) -> str:
    if chance(held) == chance(again):
        return f"Planning again each year leaves the chance at {slot(chance(held))}."
    verb = "lifts" if again > held else "lowers"
    return f"Planning again each year {verb} the chance from {slot(chance(held))} to {slot(chance(again))}."


def _nothing(plan: float, nothing: float) -> str:
    if chance(plan) == chance(nothing):
        return f"Plan and doing nothing both stay within every appropriation in {slot(chance(plan))} of futures."
    return (
        f"The plan stays within every appropriation in {slot(chance(plan))} of futures, doing nothing in "
        f"{slot(chance(nothing))}."
    )


def _rival(plan: Mapping[Any, Any], rival: Mapping[Any, Any]) -> str:
    """What a rival costs at the median, what it leaves, and how sure it is; not what an earlier sentence says."""
    name = "Pay-back first" if rival["policy"] == GREEDY else "Doing nothing"
    dearer, legacy, own = float(rival["p50"]) - float(plan["p50"]), float(rival["legacy"]), float(plan["legacy"])
    told = [
        "costs the same at the median"
        if is_nothing(dearer)
        else f"costs {slot(money(abs(dearer)))} {'more' if dearer > 0 else 'less'} at the median"
    ]
    if legacy == legacy and own == own:
        told.append(f"leaves {slot(percent(legacy))} legacy against {slot(percent(own))}")
    if rival["policy"] == GREEDY:
        told.append(f"stays within in {slot(chance(float(rival['chance'])))}")
    return f"{name} {listed(told)}."


def drivers(table: pd.DataFrame, whole: float) -> str:
    """What widens the range of costs most; `whole` is that range, USD."""
    if table.empty:
        return "What drives the spread was not worked out when this plan was simulated."
    wide = table[table["spread"].gt(0) & ~table["spread"].map(is_nothing)]
    if wide.empty:
        return "No single source widens the range of costs."
    top = wide.iloc[0]
    start = (
        f"Most comes from {slot(inside(str(top['title'])))}: turned off, the range of costs from P5 to P95, "
        f"{money(whole)}, narrows by {slot(money(top['spread']))}."
    )
    hurt = table.iloc[int(table["chance"].to_numpy(dtype=float).argmin())]
    lost = -float(hurt["chance"])
    if lost < 0.005:
        return start
    what = "The same" if hurt["source"] == top["source"] else str(hurt["title"])
    return joined(start, f"{what}: {slot(f'{MINUS}{100 * lost:.0f} points')} of chance, the most of any.")


def not_played(name: str, can: bool) -> str:
    """Why there is nothing to see yet."""
    return f"{slot(name)} has not met any simulated future yet." if can else f"{slot(name)} has not been simulated."


NOTHING_MOVES = "Cost to continue is played beside every plan. Choose a plan to see how sure it is."


def source(futures: int, seed: object) -> str:
    """Where the figures of a block come from."""
    return f"{count(futures, 'simulated future')}, seed {seed}"


__all__ = [
    "NOTHING_MOVES",
    "drivers",
    "fan",
    "fund_name",
    "lede",
    "not_played",
    "period_name",
    "policies",
    "source",
    "where",
]
