"""Two to four plans side by side: what differs, what each saves as the years go by, and all plans as dots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dashboard.format import named
from dashboard.measures import futures
from dashboard.measures.money import outlay_by_year
from dashboard.source import RIVAL, Source, title
from scenarios.comparison import Comparison, compare
from scenarios.results import Results, read_json, results_in

MOST, LEAST = 4, 2
"""How many plans stand side by side."""
SUMMARIES = 300
"""Scenarios of which the frontier reads the summary, at most."""
NEEDED = frozenset({"outlay_by_year", "net_saving", "legacy_share", "units_moved", "units_total", "gap", "objective"})
"""What a summary must tell."""
RUNNING = ("scenario", "title", "year", "saved")
DOTS = ("scenario", "title", "cost", "legacy", "risk", "short", "error", "futures")
MEASURES = ("legacy", "risk", "short")
"""What the frontier can show against cost; of each, less is better."""


@dataclass(frozen=True)
class Compared:
    """Plans side by side, and what differs between them."""

    shown: str
    """The plan that the others are held against in words: that of the bar where it is among them."""
    results: Mapping[str, Results]
    comparison: Comparison
    """The same that `reallot compare` prints."""

    @property
    def names(self) -> list[str]:
        """In the order of the columns."""
        return list(self.results)

    @property
    def movers(self) -> list[str]:
        """Those that are plans, and not the rival in which nothing moves."""
        return [name for name in self.results if name != RIVAL]

    def title(self, name: str) -> str:
        """What a scenario is called on a page."""
        return title(self.results[name])


def chosen(names: Sequence[str], asked: str, showing: str, against: str) -> tuple[list[str], list[str]]:
    """The scenarios that stand side by side, and those asked for of which there are no results.

    Args:
        names: scenarios that have results.
        asked: as in the address, `baseline,second_team`; blank for the usual ones.
        showing: the scenario of the bar.
        against: its rival.
    """
    wanted = list(dict.fromkeys(part.strip() for part in asked.split(",") if part.strip()))
    known = [name for name in wanted if name in names][:MOST]
    usual = list(dict.fromkeys(name for name in (against, showing, *names) if name in names))
    if len(known) < LEAST:
        least = LEAST if wanted else MOST
        known = [*known, *(name for name in usual if name not in known)][:least]
    return known, [name for name in wanted if name not in names]


def compared(folder: Path, names: Sequence[str], shown: str) -> Compared:
    """The scenarios of a results folder, side by side.

    Raises:
        KeyError: one has no results.
        ValueError: one was made by an earlier version, and lacks a figure.
    """
    source = Source(folder, None)
    lacking = [n for n in names if not set(source.read(n).summary) >= NEEDED or "inputs" not in source.read(n).manifest]
    if lacking:
        raise ValueError(
            f"{title(source.read(lacking[0]))} was made by an earlier version. Plan it again to compare it."
        )
    to = shown if shown in names else next((n for n in names if n != RIVAL), names[0])
    return Compared(to, {name: source.read(name) for name in names}, compare(folder, to, names))


def same_years(side: Compared) -> bool:
    """Whether sums over the horizon are of the same years."""
    return len({tuple(outlay_by_year(r).index) for r in side.results.values()}) == 1


def last_year(results: Results) -> int:
    """The last fiscal year of the horizon."""
    return max((int(year) for year in outlay_by_year(results).index), default=0)


def outlay(results: Results) -> float:
    """Outlay of the horizon, USD: the sum of what `reallot compare` shows by year."""
    return float(sum(results.summary["outlay_by_year"].values()))


def outlay_at_end(results: Results) -> float:
    """Outlay of the last year of the horizon, USD."""
    values = results.summary["outlay_by_year"]
    return float(values[max(values)])


def legacy(results: Results) -> float:
    """Legacy share of run cost in the last year; NaN where nothing runs."""
    values = results.summary["legacy_share"]
    return float(values[max(values)]) if values else float("nan")


def sites_open(results: Results) -> float:
    """Sites that never close; NaN in results that do not tell."""
    rows = results.sites
    return float(rows["closes"].fillna("").astype(str).eq("").sum()) if "closes" in rows and len(rows) else float("nan")


def sure(side: Compared, name: str, column: str = "chance_within") -> float:
    """A figure of the cost in simulated futures; of the rival that of doing nothing beside the plan shown."""
    if name == RIVAL:
        return (
            futures.figure(side.results[side.shown], "cost", column, futures.NOTHING) if _told(side) else float("nan")
        )
    results = side.results[name]
    return futures.figure(results, "cost", column) if futures.is_played(results) else float("nan")


def _told(side: Compared) -> bool:
    return side.shown in side.results and futures.is_played(side.results[side.shown])


def figure_of(name: str) -> Callable[[Results], float]:
    """A figure of `summary.json`; NaN where there is none."""

    def read(results: Results) -> float:
        value = results.summary.get(name)
        return float("nan") if value is None else float(value)

    return read


def running(side: Compared, against: Results) -> pd.DataFrame:
    """`RUNNING`: what each plan has saved by the end of each year against another, USD; 0 at the beginning.

    Only years that both cover; the plan held against itself is left out.
    """
    rival = outlay_by_year(against)["outlay"]
    rows: list[tuple[str, str, int, float]] = []
    for name, results in side.results.items():
        if name == against.name:
            continue
        saved = (rival - outlay_by_year(results)["outlay"]).dropna().cumsum()
        if len(saved):
            rows.append((name, side.title(name), int(saved.index[0]) - 1, 0.0))
            rows += [(name, side.title(name), int(y), float(v)) for y, v in zip(saved.index, saved, strict=True)]
    return pd.DataFrame(rows, columns=list(RUNNING))


def paid_back(saved: pd.DataFrame) -> int:
    """The year from which a plan's running saving stays above nothing; 0 where it never does, or was never below."""
    values, years = saved["saved"].to_numpy(dtype=float), saved["year"].to_numpy(dtype=int)
    under = np.flatnonzero(values < -0.5)
    if not len(under) or under[-1] == len(values) - 1:
        return 0
    return int(years[under[-1] + 1])


def dots(folder: Path) -> pd.DataFrame:
    """`DOTS` of the plans of a results folder, the rival left out: outlay of the horizon, and what is better if less.

    `legacy`: share of run cost in the last year; `risk`: what the plan's objective says of risk, USD in present value;
    `short`: chance that some appropriation is overspent, with its `error` and `futures`; NaN where none were played.
    """
    rows = []
    for name in [n for n in results_in(folder) if n != RIVAL][:SUMMARIES]:
        said = read_json(folder / name / "summary.json")
        share = said.get("legacy_share") or {}
        short, error, count = _short(folder / name)
        rows.append(
            {
                "scenario": name,
                "title": _title(said, name),
                "cost": float(sum((said.get("outlay_by_year") or {"": np.nan}).values())),
                "legacy": float(share[max(share)]) if share else np.nan,
                "risk": float((said.get("terms") or {}).get("risk", np.nan)),
                "short": short,
                "error": error,
                "futures": count,
            }
        )
    return pd.DataFrame(rows, columns=list(DOTS))


def titles(folder: Path) -> dict[str, str]:
    """What each scenario of a results folder is called on a page, from its summary alone: there may be hundreds."""
    return {name: _title(read_json(folder / name / "summary.json"), name) for name in results_in(folder)}


def _title(summary: Mapping[str, object], name: str) -> str:
    return str(summary.get("title") or named(name))


def _short(folder: Path) -> tuple[float, float, float]:
    """Chance of overspending some appropriation, its standard error, and in how many futures."""
    nothing = float("nan"), float("nan"), float("nan")
    if not (folder / "futures.json").exists():
        return nothing
    rows = pd.read_csv(folder / "risk.csv", usecols=["policy", "measure", "chance_within", "standard_error", "futures"])
    own = rows[rows["policy"].eq(futures.PLAN) & rows["measure"].eq("cost")]
    if own.empty:
        return nothing
    first = own.iloc[0]
    return 1.0 - float(first["chance_within"]), float(first["standard_error"]), float(first["futures"])


def played(side: Compared) -> list[int]:
    """Numbers of futures from which chances are told; empty where none is."""
    return sorted({futures.played(r) for r in side.results.values() if futures.is_played(r)})


def efficient(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Those that no other equals in both cost and a measure, the cheapest first."""
    rows = table.dropna(subset=["cost", by]).sort_values(["cost", by], ignore_index=True)
    before = rows[by].cummin().shift()
    return rows[before.isna() | (rows[by] < before)].reset_index(drop=True)
