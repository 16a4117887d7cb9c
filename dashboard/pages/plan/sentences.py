"""The sentences of the Plan, a template a branch."""

from __future__ import annotations

import pandas as pd

from dashboard.figures.capacity import FULL
from dashboard.format import NARROW, count, day, fy, in_words, listed, money, percent, sentence_case
from dashboard.words import joined, slot
from dashboard.worth import price, subject_name

MEANS = {
    "rehost": "moved as it is, to the cloud",
    "replatform": "to a managed platform",
    "repurchase": "replaced by a service",
    "refactor": "rebuilt",
    "relocate": "to another site",
    "retire": "switched off",
    "retain": "stay where they are",
}
_PACE = {
    "hours": "hours of work set the pace",
    "starts": "the number of starts sets the pace",
    "appropriation": "appropriations set the pace",
    "procurement": "the procurement office sets the pace",
    "modern_share": "the share of modern systems sets the pace",
    "risk_ceiling": "the ceiling on risk sets the pace",
}


def lede(waves: pd.DataFrame, moved: int, closed: pd.Timestamp | None, bound: pd.DataFrame, first: str = "") -> str:
    """How much moves by when, the first purchase with its method, and what sets the pace."""
    if waves.empty:
        return "Nothing moves in this plan: every system stays as it is."
    by = f" by {slot(f'{closed:%B %Y}')}" if closed is not None else ""
    number = slot(in_words(len(waves)))
    verb = "moves" if moved == 1 else "move"
    moving = f"{slot(count(moved, 'server'))} {verb} in {number} {'wave' if len(waves) == 1 else 'waves'}{by}."
    pace = pacing(bound)
    if waves["buy_by"].isna().all():
        return joined(moving, f"Nothing is to be bought for it{f', and {pace}' if pace else ''}.")
    how = f", first by {first}" if first else ""
    second = f"Buying must start by {slot(day(waves['buy_by'].min()))}{how}" + (f", and {pace}." if pace else ".")
    return joined(moving, second)


def pacing(bound: pd.DataFrame) -> str:
    """The kind of limit that binds most often; blank where none does, or none more often than another."""
    counts = bound["limit"].astype(str).value_counts()
    if counts.empty or (len(counts) > 1 and counts.iloc[0] == counts.iloc[1]):
        return ""
    name = str(counts.index[0])
    return _PACE.get(name, f"{name.replace('_', ' ')} set the pace")


def roadmap(lines: pd.DataFrame) -> str:
    """How many sites empty, and how many keep something."""
    emptied = lines[(lines["moved"] > 0) & (lines["stays"] == 0)]
    part = lines[(lines["moved"] > 0) & (lines["stays"] > 0)]
    still = lines[lines["moved"] == 0]
    if lines.empty:
        return "No site yet."
    said = []
    if len(emptied):
        said.append(f"{slot(in_words(len(emptied)))} of {in_words(len(lines))} sites empty")
    if len(part):
        all_of = "all " if len(part) == len(lines) > 1 else ""
        sites = " sites" if all_of else ""
        said.append(f"{all_of}{slot(in_words(len(part)))}{sites} {'keeps' if len(part) == 1 else 'keep'} some systems")
    if len(still):
        said.append(f"at {slot(in_words(len(still)))} nothing moves")
    return sentence_case(f"{listed(said)}.") if said[0][0] != "*" else f"*{sentence_case(listed(said)[1:])}."


def closing(closed: pd.DataFrame) -> str:
    """How many sites close, and what that saves; blank where none does."""
    if closed.empty:
        return ""
    verb = "closes" if len(closed) == 1 else "close"
    saves = slot(money(float(closed["saving"].sum())))
    return f"{sentence_case(in_words(len(closed)))} {verb}, which saves {saves} in present value."


def capacity(rows: pd.DataFrame) -> str:
    """Which limits are full, and for how long."""
    if rows.empty:
        return "No limit is counted by quarter in this study."
    full: list[tuple[str, int]] = []
    free: list[tuple[str, int]] = []
    for (limit, subject), strip in rows.groupby(["limit", "subject"], sort=False):
        n = int((strip["used"] >= strip["allowed"] * FULL).sum())
        name = subject_name(str(limit), str(subject))
        (full if n else free).append((name, n))
    if not full:
        return "Every quarter has room."
    said = listed(f"{name[:1].lower() + name[1:]} are full in {slot(count(n, 'quarter'))}" for name, n in full)
    rest = listed(name[:1].lower() + name[1:] for name, _ in free) if free else ""
    room = (
        f"{sentence_case(rest)} always {'have' if len(free) > 1 or rest.endswith('s') else 'has'} room." if rest else ""
    )
    return joined(f"{sentence_case(said)}.", room)


def limits(bound: pd.DataFrame) -> str:
    """How many limits bind, and which is worth most."""
    if bound.empty:
        return "No limit binds: more money or hours would not change this plan."
    priced = bound[bound["price"].fillna(0) > 0]
    n = slot(count(len(bound), "limit"))
    start = f"{n} {'binds' if len(bound) == 1 else 'bind'}."
    if priced.empty:
        return joined(start, "None has a price: one more of any is worth nothing by itself.")
    top = priced.sort_values("price", ascending=False).iloc[0]
    return joined(start, price(top))


def systems(table: pd.DataFrame, year: int) -> str:
    """What the grid lists."""
    if table.empty:
        return "No system yet."
    n, units = int(table["system"].nunique()), int(table["units"].sum())
    before, after = float(table["cost"].sum()), float(table["after"].sum())
    cost = slot(money(before * 1e6))
    start = f"{slot(count(n, 'system'))}, {slot(count(units, 'server'))}, {cost} of run cost in {fy(year)}"
    difference = (before - after) * 1e6
    if abs(difference) < 50_000:
        return f"{start}; the plan leaves it as it is."
    return (
        f"{start}; the plan takes {slot(money(difference))} a year off."
        if difference > 0
        else (f"{start}; the plan adds {slot(money(-difference))} a year.")
    )


def locks(n: int, changed: int) -> str:
    """How many systems are locked, and whether the plan knows."""
    known = "A lock keeps a system\u2019s fate when the plan is made again."
    start = f"{slot(count(n, 'system'))} locked."
    return joined(start, "The plan shown does not know of this yet." if changed else known)


def alternatives(table: pd.DataFrame, asked: bool) -> str:
    """How much dearer the other plans are, and how much they differ."""
    if table.empty:
        none = f"No other plan within 2{NARROW}% of the best was found in the time given."
        return none if asked else "Nobody has looked yet."
    n, dearer, dollars = len(table), table["dearer"], table["dollars"]
    differ = slot(percent(float(table["difference"].min())))
    if n == 1:
        more = f"{slot(percent(float(dearer.iloc[0]), 1))} more, {money(float(dollars.iloc[0]))} in present value"
        return f"One other plan costs {more}, and gives {differ} of servers another fate."
    low, high = (percent(float(v), 1) for v in (dearer.min(), dearer.max()))
    share = slot(high) if low == high else f"{slot(low)} to {slot(high)}"
    least, most = (money(float(v)) for v in (dollars.min(), dollars.max()))
    worth = least if least == most else f"{least} to {most}"
    start = f"{sentence_case(in_words(n))} other plans cost {share} more, {worth} in present value"
    return f"{start}; each gives at least {differ} of servers another fate."


def frontier(table: pd.DataFrame, asked: bool) -> str:
    """What the least risk and the highest speed cost beyond the plan of the study's own aim."""
    if table.empty:
        return "No plan was found in the time given." if asked else "Nobody has worked this out yet."
    if len(table) == 1:
        return "One plan was found, and none that trades cost for less risk or more speed."
    rows = [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
    own = next(row for row in rows if row["own"])
    safest, fastest = min(rows, key=lambda r: float(r["risk"])), max(rows, key=lambda r: float(r["speed"]))
    start = f"Of {in_words(len(table))} plans none beats another in cost, risk and speed"
    said = []
    if safest["risk"] < own["risk"]:
        said.append(f"{slot(percent(1 - safest['risk'] / own['risk']))} less risk costs {slot(money(safest['more']))}")
    if fastest["speed"] > own["speed"]:
        points = slot(f"{100 * (fastest['speed'] - own['speed']):.1f} points")
        said.append(f"{points} more speed {'costs ' if not said else ''}{slot(money(fastest['more']))}")
    if said:
        return f"{start}: {listed(said)} more than the plan shown."
    risk = slot(percent(rows[0]["risk"] / own["risk"] - 1))
    saves = slot(money(own["cost"] - rows[0]["cost"]))
    return f"{start}, and none has less risk or more speed than the one shown: {saves} less costs {risk} more risk."
