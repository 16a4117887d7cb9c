"""Tables of stories for a terminal and for the pages in docs: no figure on a page is typed in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from scenarios.library.stories import KEYS, NAMES, Story, story

DOCS = Path(__file__).parents[2] / "docs"
VALUE = re.compile(r"\d[\d_]*$")
"""What was swept, at the end of a member's name: `0_25` is 0.25."""
HEADS = ("what", "of", "published", "simulated", "", "source")
MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
"""Where the table of a scenario, of a family, or of `scenarios` side by side stands in a page."""


def figure(value: float, unit: str) -> str:
    """A figure for people; blank where there is none."""
    if pd.isna(value):
        return ""
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "USD":
        return f"{'-' if value < 0 else ''}${abs(value) / 1e6:,.1f}M"
    if unit in ("months", "days"):
        return f"{value:,.{int(unit == 'months')}f} {unit}"
    if unit == "ratio":
        return f"{value:,.2f}"
    return f"{value:,.0f}"


def _years(period: str) -> str:
    return f"FY{period}" if re.fullmatch(r"\d{4}(-\d{4})?", period) else period


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
    """One scenario's table as Markdown; `scenarios` gives all but families side by side, a family's name its members.

    Side by side stand the figures that all of them tell and that differ. The name of a CSV file of the story's folder
    gives that file as it stands.
    """
    names = [str(name) for name in table["scenario"].unique()]
    if (own := one.folder / f"{which}.csv").exists():
        return _as_it_stands(pd.read_csv(own, dtype="str", keep_default_na=False))
    if which == "scenarios":
        return _side_by_side(one, table, {n: n.replace("_", " ") for n in names if "__" not in n})
    if members := [n for n in names if n.startswith(f"{which}__")]:
        heads = {n: VALUE.findall(n)[0].replace("_", ".") for n in members}
        return _side_by_side(one, table, {**heads, "baseline": "baseline"})
    rows = table_rows(one, table[table["scenario"] == which])
    lines = [HEADS, ("---",) * len(HEADS), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def _side_by_side(one: Story, table: pd.DataFrame, heads: Mapping[str, str]) -> str:
    """What some scenarios tell, a column each, under their heads."""
    by = table.drop_duplicates(list(KEYS)).pivot(index=["measure", "period"], columns="scenario", values="simulated")
    by = by.reindex(table.set_index(["measure", "period"]).index.unique())[list(heads)].dropna()
    units = table.drop_duplicates(["measure", "period"]).set_index(["measure", "period"])["unit"]
    lines: list[tuple[str, ...]] = [("what", "of", *heads.values()), ("---",) * (2 + len(heads))]
    told = [name for name in heads if name != "baseline"]
    differ = by[by[told].nunique(axis=1) > 1].reset_index()
    for what, period, *row in differ.itertuples(index=False, name=None):
        values = [figure(value, str(units[what, period])) for value in row]
        lines.append((one.words[what], _years(period), *values))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _as_it_stands(table: pd.DataFrame) -> str:
    """A table of the story's folder."""
    heads = tuple(str(column).replace("_", " ") for column in table)
    lines = [heads, ("---",) * len(heads), *table.itertuples(index=False, name=None)]
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
