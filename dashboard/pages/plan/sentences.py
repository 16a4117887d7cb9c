"""The sentences of the Plan, a template a branch."""

from __future__ import annotations

import pandas as pd

from dashboard.figures.capacity import FULL, strip_name
from dashboard.format import count, day, fy, in_words, listed, money, sentence_case
from dashboard.words import joined, slot

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
        name = strip_name(str(limit), str(subject))
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


def price(row: pd.Series) -> str:
    """What one more unit of a limit is worth, in words."""
    value, limit = float(row["price"]), str(row["limit"])
    what = str(row["subject"]).replace("_", " ")
    when = str(row["quarter"] or (fy(int(row["year"])) if row["year"] else ""))
    if not value > 0:
        return "One more is worth nothing."
    if str(row["unit"]) == "USD":
        return f"One more dollar of {what} money in {when} is worth {slot(f'${value:,.2f}')}."
    one = "start" if limit == "starts" else f"{_one(str(row['unit']))} of {what or limit}"
    return f"One more {one} in {when} is worth {slot(money(value))}."


def short_price(row: pd.Series) -> str:
    """What one more unit is worth, for a table: `$38 an hour`."""
    value, unit = float(row["price"]), str(row["unit"])
    if not value > 0:
        return "nothing"
    if unit == "USD":
        return f"${value:,.2f} a dollar"
    one = "start" if str(row["limit"]) == "starts" else _one(unit)
    return f"{money(value)} {'an' if one[0] in 'aeio' or one == 'hour' else 'a'} {one}"


def _one(unit: str) -> str:
    return {"hours": "hour", "units": "unit", "starts": "start"}.get(unit, unit)


def limit_name(row: pd.Series) -> str:
    """A limit's row in words: `general appropriation FY2028`, `migration hours 2027Q3`."""
    subject = str(row["subject"])
    subject = subject.replace("_", " ")
    when = str(row["quarter"] or (fy(int(row["year"])) if row["year"] else ""))
    words = f"{subject} {str(row['limit']).replace('_', ' ')}".strip()
    return f"{words} {when}".strip()


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
