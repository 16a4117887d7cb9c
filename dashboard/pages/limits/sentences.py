"""The sentences of the Limits page, a template a branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from dashboard.figures.use import often
from dashboard.format import NARROW, count, in_words, is_nothing, listed, money, sentence_case
from dashboard.pages.limits.sliders import Slider, signed
from dashboard.words import joined, slot
from dashboard.worth import amount, each, inside, price, subject_name, within

TOP = 3
"""Kinds of limits that a sentence names."""


def lede(kinds: pd.DataFrame, moves: bool = True) -> str:
    """How many limits hold the plan back, and what 1 % more of each kind is worth at most."""
    if not moves:
        return "Nothing moves in this plan, so no limit holds it back."
    if kinds.empty:
        return "No limit holds this plan back: more money, hours or starts would not change it."
    n = int(kinds["bound"].sum())
    start = f"{slot(count(n, 'limit'))} {'holds' if n == 1 else 'hold'} the plan back"
    worth = kinds[kinds["percent"] > 0].head(TOP)
    if worth.empty:
        return f"{start}, but 1{NARROW}% more of any is worth nothing by itself."
    first, *rest = [(within(str(k)), money(float(v))) for k, v in zip(worth["limit"], worth["percent"], strict=True)]
    most = f", {slot(first[0])} most" if len(kinds) > 1 else ""
    of = "of them" if most else first[0]
    values = [f"{slot(first[1])} at most", *(f"of {name} {slot(value)}" for name, value in rest)]
    return f"{start}{most}: 1{NARROW}% more {of} is worth {listed(values).replace(' at most and', ' at most, and')}."


def which(bound: pd.DataFrame, checked: bool) -> str:
    """The dearest limit in words, and whether the prices were tried."""
    priced = bound[bound["price"] > 0]
    if bound.empty:
        return "No limit binds."
    if priced.empty:
        return "None has a price: one more of any is worth nothing by itself."
    top = priced.sort_values("percent", ascending=False, kind="stable").iloc[0]
    return joined(price(top), _tried(priced) if checked else "These prices were not checked yet.")


def _tried(priced: pd.DataFrame) -> str:
    tried, sure = int(priced["tried"].sum()), int(priced["confirmed"].sum())
    if not tried:
        return "There was no time to try any of these prices."
    of = f"{tried} of {len(priced)}" if tried < len(priced) else f"all {in_words(tried)}"
    start = f"Moving its limit tried {of} {'price' if len(priced) == 1 else 'prices'}"
    return f"{start} and confirmed {'it' if tried == 1 else 'each'}." if sure == tried else f"{start}: {sure} held."


def holds(row: pd.Series) -> str:
    """How far the price of a limit was seen to hold."""
    if not row["tried"]:
        return "not tried"
    up, down = float(row["up"]), float(row["down"])
    little = 1e-9 * max(abs(float(row["allowed"])), 1.0)
    if up > little and down > little:
        if abs(up - down) <= 0.005 * up:
            return f"for {amount(up, row)} more or less"
        return f"for {amount(up, row)} more, {amount(down, row)} less"
    if up > little:
        return f"for {amount(up, row)} more; less costs more"
    if down > little:
        return f"for {amount(down, row)} less; more is worth less"
    return f"for no step: more is worth {each(row, 'more')}, less costs {each(row, 'less')}"


def use(table: pd.DataFrame) -> str:
    """Which limits are used to the last, and how often."""
    if table.empty:
        return "This plan has no limits."
    said, free = [], 0
    for (limit, subject), strip in table.groupby(["limit", "subject"], sort=False):
        if strip["binding"].any():
            name = inside(subject_name(str(limit), str(subject)))
            said.append(f"{name} {slot(often(strip).replace('binds', 'bind' if name.endswith('s') else 'binds'))}")
        else:
            free += 1
    if not said:
        return "Every limit has room."
    rest = f" and {in_words(len(said) - TOP)} more" if len(said) > TOP else ""
    start = f"{', '.join(said[:TOP])}{rest}" if rest else listed(said)
    room = f"{sentence_case(in_words(free))} {'other never does' if free == 1 else 'others never do'}." if free else ""
    return joined(f"{sentence_case(start)}.", room)


def what_if(known: bool) -> str:
    """What the sliders are for."""
    if not known:
        return "This plan has no limit that a scenario could move."
    return "Move a limit and plan again: the plan shown stays as it is, and the new one stands beside it."


def asked(known: Sequence[Slider], moved: Mapping[str, float]) -> str:
    """What the sliders ask for, and what that is worth at most."""
    mine = [s for s in known if s.key in moved]
    if not mine:
        return "Nothing is moved: these are the limits that the plan was made with."
    said = [f"{s.label} {slot(signed(moved[s.key]))}" for s in mine[:TOP]]
    rest = [f"{len(mine) - TOP} more"] if len(mine) > TOP else []
    start = f"Asked for: {listed([*said, *rest])}."
    gain = sum(s.percent * moved[s.key] for s in mine)
    if is_nothing(gain):
        return joined(start, "By today\u2019s prices that is worth little or nothing.")
    if all(moved[s.key] > 0 for s in mine):
        return joined(start, f"By today\u2019s prices that is worth {slot(money(gain))} at most, in present value.")
    verb = "costs" if gain < 0 else "is worth"
    end = "at least" if gain < 0 else "at most"
    return joined(start, f"By today\u2019s prices that {verb} {slot(money(abs(gain)))} {end}, in present value.")
