"""What stands in the table of Compare: assumptions that differ, then results that differ, each value in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from dashboard.format import chance, fy, is_nothing, millions, money, named, percent, points, years
from dashboard.measures import compare as measure
from dashboard.measures.compare import Compared
from dashboard.measures.money import outlay_by_year
from dashboard.source import title
from scenarios.parameters import parameters
from scenarios.results import Results

APPROPRIATION = "appropriation."
SHARES = ("share", "1/year")
"""Units that people read as percent."""
SMALL = 10e6
"""Dollars below which tenths of a million are too coarse."""


@dataclass(frozen=True)
class Row:
    """One line of the table: what it is called, and its values by scenario."""

    name: str
    words: Mapping[str, str]
    values: Mapping[str, float | str] = field(default_factory=dict)
    """As they are, for the file: dollars in millions, shares in percent."""
    best: frozenset[str] = frozenset()
    """Scenarios whose value is the best."""
    unit: str = ""
    """How the file's header ends."""
    is_money: bool = False
    """Whether it is an appropriation."""

    @property
    def differs(self) -> bool:
        """Whether not all values are the same: the file has such rows, as `reallot compare` does."""
        return len({str(value) for value in self.values.values()}) > 1

    @property
    def reads_apart(self) -> bool:
        """Whether not all values read the same: only such rows are on the page."""
        return len(set(self.words.values())) > 1


def assumptions(side: Compared) -> list[Row]:
    """Assumptions that differ, as `reallot compare` has them, appropriations last."""
    table = side.comparison.assumptions
    columns = sorted(map(str, table.columns), key=lambda c: c.startswith(APPROPRIATION))
    rows = []
    for column in columns:
        words = {name: assumed(column, str(table.at[name, column])) for name in side.names}
        rows.append(Row(_called(column), words, dict(words), is_money=column.startswith(APPROPRIATION)))
    return rows


def assumed(name: str, value: str) -> str:
    """An assumption's value for people."""
    if name.startswith(APPROPRIATION):
        return millions(float(value)) if value else "none"
    if not value:
        return "none set"
    declared = parameters().get(name)
    if declared is not None and declared.unit in SHARES:
        try:
            share = float(value)
        except ValueError:  # a share for each fiscal year
            return value
        return percent(share, 0 if round(share * 100, 6) % 1 == 0 else 1)
    return value


def _called(name: str) -> str:
    declared = parameters().get(name)
    if declared is not None:
        return declared.title
    kind, _, of = name.partition(".")
    if name.startswith(APPROPRIATION):
        return f"Appropriations of {named(of)}, all years"
    return f"{named(kind)}: {named(of)}" if of else named(kind)


def results(side: Compared, against: Results) -> list[Row]:
    """Results that differ; better is less or more, whichever the figure says."""
    end, horizon = "the last year", "all years"
    if measure.same_years(side):
        first = side.results[side.names[0]]
        last = measure.last_year(first)
        end, horizon = fy(last), years(min(int(y) for y in outlay_by_year(first).index), last)
    ahead = _paid_ahead(side, against)
    rows = [
        _row(side, f"Outlay, {horizon}", _of(side, measure.outlay), millions, min, "$M"),
        _row(side, f"Most paid ahead of {title(against)}", ahead, _ahead, None, "$M"),
        _row(side, f"Outlay in {end}", _of(side, measure.outlay_at_end), millions, min, "$M"),
        _summary(side, "net_saving", "Net saving against cost to continue", millions, max, "$M"),
        _summary(side, "npv_saving", "Saving with the years after, present value", millions, max, "$M"),
        _summary(side, "objective", "Cost that the plan minimises, present value", millions, min, "$M"),
        _row(side, f"Legacy share in {end}", _of(side, measure.legacy), lambda v: percent(v, 1), min, "%"),
        _summary(side, "units_moved", "Servers moved to modern platforms", lambda v: f"{v:,.0f}", max, ""),
        _row(side, "Sites still open", _of(side, measure.sites_open), lambda v: f"{v:,.0f}", min, ""),
        _text(side, "first_cutover", "First cut-over"),
        _summary(side, "gap", "Proven gap", percent, None, "%"),
        _chance(side),
        _row(side, "Outlay in 4 of 5 futures, at most", _sure(side, "p80"), millions, min, "$M"),
    ]
    return [row for row in rows if row.differs]


def yearly(side: Compared) -> list[Row]:
    """Outlay by fiscal year, for the file."""
    every = sorted({str(y) for r in side.results.values() for y in r.summary["outlay_by_year"]})
    found = []
    for year in every:
        values = {n: float(r.summary["outlay_by_year"].get(year, "nan")) for n, r in side.results.items()}
        found.append(_row(side, f"Outlay {fy(int(year))}", values, millions, None, "$M"))
    return [row for row in found if row.differs]


def _of(side: Compared, read: Callable[[Results], float]) -> dict[str, float]:
    return {name: read(r) for name, r in side.results.items()}


def _sure(side: Compared, column: str) -> dict[str, float]:
    return {name: measure.sure(side, name, column) for name in side.names}


def _summary(
    side: Compared,
    key: str,
    name: str,
    words: Callable[[float], str],
    best: Callable[[list[float]], float] | None,
    unit: str,
) -> Row:
    return _row(side, name, _of(side, measure.figure_of(key)), words, best, unit)


def _row(
    side: Compared,
    name: str,
    values: Mapping[str, float],
    words: Callable[[float], str],
    best: Callable[[list[float]], float] | None,
    unit: str,
) -> Row:
    """A row; the best are those that read like the best, unless all do."""
    known = [v for v in values.values() if not pd.isna(v)]
    if unit == "$M" and words is millions and max(map(abs, known), default=0.0) < SMALL:
        words = money
    told = {n: "\u2013" if pd.isna(v) else words(v) for n, v in values.items()}
    lead: frozenset[str] = frozenset()
    if best is not None and known and len(set(told.values())) > 1:
        lead = frozenset(n for n, text in told.items() if text == words(best(known)))
    scale = {"$M": 1e-6, "%": 100.0}.get(unit, 1.0)
    return Row(name, told, {n: float(v) * scale for n, v in values.items()}, lead, unit)


def _text(side: Compared, key: str, name: str) -> Row:
    told = {n: str(r.summary.get(key) or "\u2013") for n, r in side.results.items()}
    return Row(name, told, dict(told))


def _chance(side: Compared) -> Row:
    """The chance of keeping every appropriation with its standard error; its absence said in words."""
    values, errors = _sure(side, "chance_within"), _sure(side, "standard_error")
    row = _row(side, "Within every appropriation", values, chance, max, "%")
    told = {n: "not simulated" if pd.isna(v) else f"{chance(v)} \u00b1 {points(errors[n])}" for n, v in values.items()}
    return Row(row.name, told, row.values, row.best, row.unit)


def _paid_ahead(side: Compared, against: Results) -> dict[str, float]:
    saved = measure.running(side, against)
    lowest = {str(n): -float(rows["saved"].min()) for n, rows in saved.groupby("scenario")}
    return {name: lowest.get(name, float("nan")) for name in side.names}


def _ahead(amount: float) -> str:
    return "nothing" if is_nothing(amount) or amount < 0 else millions(amount)
