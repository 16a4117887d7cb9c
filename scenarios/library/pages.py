"""Tables of stories for a terminal and for the pages in docs: no figure on a page is typed in."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from scenarios.library.stories import KEYS, NAMES, Story, story

DOCS = Path(__file__).parents[2] / "docs"
HEADS = ("what", "fiscal year", "published", "simulated", "", "source")
MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
"""Where the table of a scenario, or of `other` scenarios, stands in a page."""


def figure(value: float, unit: str) -> str:
    """A figure for people; blank where there is none."""
    if pd.isna(value):
        return ""
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "USD":
        return f"{'-' if value < 0 else ''}${abs(value) / 1e6:,.1f}M"
    if unit in ("months", "ratio"):
        return f"{value:,.1f}" if unit == "months" else f"{value:,.2f}"
    return f"{value:,.0f}"


def _years(period: str) -> str:
    return f"FY{period}" if period[:1].isdigit() else period


def _role(row: pd.Series) -> str:
    return "" if row["role"] == "result" else str(row["role"])


def table_rows(one: Story, table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Rows of a scenario's table as text, under `HEADS`."""
    return [
        (
            one.words[row["measure"]],
            _years(row["period"]),
            figure(row["published"], row["unit"]),
            figure(row["simulated"], row["unit"]),
            _role(row),
            str(row["source"]),
        )
        for _, row in table.iterrows()
    ]


def table_text(one: Story, table: pd.DataFrame) -> str:
    """The story for a terminal: each scenario's figures, published beside simulated."""
    lines = [f"{one.title} (made-up data, published figures beside it)"]
    for name, mine in table.groupby("scenario", sort=False):
        rows = table_rows(one, mine)
        wide = max(len(row[0]) for row in rows)
        lines += ["", f"  {str(name).replace('_', ' ')}"]
        lines.append(f"  {HEADS[0]:{wide}}  {HEADS[1]:12}{HEADS[2]:>14}{HEADS[3]:>14}")
        lines += [
            f"  {what:{wide}}  {year:12}{known:>14}{came:>14}  {role:8}{source}".rstrip()
            for what, year, known, came, role, source in rows
        ]
    return "\n".join(lines)


def table_markdown(one: Story, table: pd.DataFrame, which: str) -> str:
    """One scenario's table as Markdown; `scenarios` gives all scenarios side by side, at their last figures."""
    if which == "scenarios":
        return _side_by_side(one, table)
    rows = table_rows(one, table[table["scenario"] == which])
    lines = [HEADS, ("---",) * len(HEADS), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def _side_by_side(one: Story, table: pd.DataFrame) -> str:
    """What all scenarios tell, a column each."""
    plain = table.drop_duplicates(list(KEYS))
    names = list(plain["scenario"].unique())
    told = plain.groupby(["measure", "period"])["scenario"].nunique()
    wanted = plain[plain["scenario"] == names[0]].set_index(["measure", "period"])
    lines = [("what", "fiscal year", *(name.replace("_", " ") for name in names)), ("---",) * (2 + len(names))]
    by = plain.set_index(list(KEYS))["simulated"]
    for (what, period), row in wanted.iterrows():
        if told[what, period] == len(names):
            values = [figure(by[name, what, period], row["unit"]) for name in names]
            lines.append((one.words[what], _years(period), *values))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def page(name: str, text: str) -> str:
    """A page with its tables made anew from what is expected of the story."""
    one = story(name)
    table = one.table(one.expected())
    return MARK.sub(lambda at: f"{at[1]}{table_markdown(one, table, at[2])}{at[3]}", text)


def write_pages(docs: Path = DOCS) -> None:
    """Makes the tables of all stories' pages anew."""
    for name in NAMES:
        path = docs / f"{name}.md"
        if path.exists():
            path.write_text(page(name, path.read_text(encoding="utf-8")), encoding="utf-8")
