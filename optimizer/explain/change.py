"""Changes of a study that make a plan possible: data that can be read, priced and applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from optimizer.limits import Budgets
from optimizer.limits.base import by_year
from optimizer.portfolio import Portfolio
from optimizer.words import amount_of, dollars


@dataclass(frozen=True)
class Part:
    """One figure or rule of a study, changed."""

    limit: str
    """What is changed: a limit of the plan by its name, `reserve`, or a rule: `lock`, `earliest`, `latest`, `freeze`,
    `group`, `needs`."""
    key: str
    """Which of them: `general FY2028`, `migration FY2027`, `FY2028`, a system, a quarter, `payroll needs ledger`."""
    by: float
    """By how much, in its unit; for a rule that is dropped 0."""
    unit: str
    """`USD`, `hours`, `units` or `purchases` (in each quarter of the year), `share`, `unit-quarters`, `months`."""
    value: float | str
    """What stands there afterwards; empty where a rule is dropped."""
    words: str
    """What to do, in words."""

    def apply(self, portfolio: Portfolio) -> Portfolio:
        """Another portfolio with this figure in it."""
        return APPLIED[self.limit](portfolio, self)


@dataclass(frozen=True)
class Change:
    """The least change of one kind, or of several together, that makes a plan possible."""

    parts: tuple[Part, ...]

    @property
    def limits(self) -> tuple[str, ...]:
        """The kinds of limits and rules that it changes."""
        return tuple(dict.fromkeys(part.limit for part in self.parts))

    @property
    def costs(self) -> dict[str, float]:
        """What it takes in all, by unit."""
        units = dict.fromkeys(part.unit for part in self.parts if part.by)
        return {unit: sum(abs(part.by) for part in self.parts if part.unit == unit) for unit in units}

    def apply(self, portfolio: Portfolio) -> Portfolio:
        """Another portfolio, for which a plan exists."""
        for part in self.parts:
            portfolio = part.apply(portfolio)
        return portfolio

    def frame(self) -> pd.DataFrame:
        """`limit key by unit value words`, a row per part."""
        rows = [(p.limit, p.key, p.by, p.unit, str(p.value), p.words) for p in self.parts]
        return pd.DataFrame(rows, columns=["limit", "key", "by", "unit", "value", "words"])

    def __str__(self) -> str:
        """Say what to do."""
        words = [part.words for part in self.parts]
        return "; ".join(words if len(words) <= 6 else [*words[:5], f"and {len(words) - 5} more of these"])


# Words and values ---------------------------------------------------------------------------------------------------


def percent(share: float) -> str:
    """A share as people write it: `12.5 %`."""
    return f"{100 * max(share, 0.0):.6g} %"


def raised(portfolio: Portfolio, limit: str, key: str, by: float) -> Part:
    """A limit that is raised by some of its unit; `by` is counted as the tables count it (hours of a year)."""
    year = int(key[-4:]) if key[-4:].isdigit() else 0
    if limit == "appropriation":
        old = float(portfolio.appropriations["amount"].iloc[_row(portfolio, key)])
        words = f"raise the appropriation {key} by {dollars(by)} to {dollars(old + by)}"
        return Part(limit, key, by, "USD", old + by, words)
    if limit == "transfers":
        old = float(portfolio.appropriations["transfer_limit"].iloc[_row(portfolio, key)])
        return Part(limit, key, by, "USD", old + by, f"let {dollars(by)} more be moved into {key}")
    if limit == "hours":
        skill, old = key.rpartition(" ")[0], float(portfolio.capacity.loc[_capacity(portfolio, key), "hours"].iloc[-1])
        words = f"add {amount_of(by, 'hours')} of {skill} in FY{year} ({old:,.10g} now)"
        return Part(limit, key, by, "hours", old + by, words)
    if limit == "starts":
        old = float(portfolio.starts[year])
        words = (
            f"let {by:,.10g} more {'unit' if by == 1 else 'units'} start in each quarter of FY{year} ({old:,.10g} now)"
        )
        return Part(limit, key, by, "units", old + by, words)
    if limit == "procurement":
        old = 0.0 if portfolio.procurement_capacity is None else float(portfolio.procurement_capacity[year])
        many = f"{by:,.10g} more {'purchase' if by == 1 else 'purchases'}"
        words = f"let {many} be open in each quarter of FY{year} ({old:,.10g} now)"
        return Part(limit, key, by, "purchases", old + by, words)
    if limit == "risk_ceiling":
        old = float(portfolio.risk_ceiling[year])
        words = f"allow {by:,.10g} more unit-quarters past the end of support in FY{year} ({old:,.10g} now)"
        return Part(limit, key, by, "unit-quarters", old + by, words)
    if limit == "modern_share":
        old = float(portfolio.modern_share[year])
        words = f"ask for a modern share of {percent(old - by)} in FY{year} instead of {percent(old)}"
        return Part(limit, key, by, "share", old - by, words)
    old = float(by_year(portfolio.reserve, np.array([year]))[0])
    words = f"keep {percent(old - by)} of FY{year} free instead of {percent(old)}"
    return Part("reserve", key, by, "share", max(old - by, 0.0), words)


def moved(rule: str, system: str, months: int, old: str, new: str) -> Part:
    """A date of a system that is moved; empty: dropped."""
    far = f"{abs(months)} months {'later' if months > 0 else 'earlier'}"
    if rule == "lock":
        words = f"lock {system} to {new} instead of {old}" + (f", {far}" if months else "")
        words = words if new else f"drop the lock {old} of {system}"
    else:
        until = {"latest": "at the latest", "earliest": "at the earliest"}[rule]
        words = f"let {system} start in {new} {until} instead of {old}, {far}"
    return Part(rule, system, float(months), "months", new, words)


def dropped(rule: str, key: str) -> Part:
    """A rule that is dropped."""
    words = {"freeze": f"lift the freeze of {key}", "group": f"let the systems of group {key} move apart"}
    system, _, need = key.partition(" needs ")
    return Part(rule, key, 0.0, "", "", words.get(rule, f"let {system} move without waiting for {need}"))


def sooner(key: str, lag: float, months: float) -> Part:
    """A dependency whose lag is shorter."""
    system, _, need = key.partition(" needs ")
    left = f"{lag - months:g} months after" if lag > months else "as soon as"
    ends = " has cut over" if lag <= months else " instead of " + f"{lag:g}"
    return Part("needs", key, -months, "months", lag - months, f"let {system} start {left} {need}{ends}")


# How each is applied ------------------------------------------------------------------------------------------------


def _row(portfolio: Portfolio, key: str) -> int:
    """Position of the row of the appropriations that stands for a budget: of its years the last."""
    budgets = Budgets(portfolio)
    at = int(np.flatnonzero(budgets.frame["key"] == key)[0])
    row = budgets.rows[budgets.rows["budget"] == at].iloc[-1]
    table = portfolio.appropriations
    scope = ["fund", "agency", "line_item", "purpose", "fiscal_year"]
    return int(np.flatnonzero((table[scope] == row[scope]).all(axis=1))[-1])


def _capacity(portfolio: Portfolio, key: str) -> np.ndarray:
    skill, _, year = key.rpartition(" FY")
    table = portfolio.capacity
    return np.asarray((table["skill"] == skill) & (table["fiscal_year"] == int(year)))


def _cell(column: str) -> Callable[[Portfolio, Part], Portfolio]:
    """A figure of the appropriations."""

    def apply(portfolio: Portfolio, part: Part) -> Portfolio:
        table = portfolio.appropriations.astype({column: float})
        table.iloc[_row(portfolio, part.key), table.columns.get_loc(column)] = part.value  # type: ignore[index]
        return portfolio.replace(appropriations=table)

    return apply


def _hours(portfolio: Portfolio, part: Part) -> Portfolio:
    table = portfolio.capacity.astype({"hours": float})
    table.loc[_capacity(portfolio, part.key), "hours"] = part.value
    return portfolio.replace(capacity=table)


def _series(name: str) -> Callable[[Portfolio, Part], Portfolio]:
    """A number of a fiscal year."""

    def apply(portfolio: Portfolio, part: Part) -> Portfolio:
        values = getattr(portfolio, name).astype(float).copy()
        values[int(part.key[-4:])] = part.value
        return portfolio.replace(**{name: values})

    return apply


def _reserve(portfolio: Portfolio, part: Part) -> Portfolio:
    years = portfolio.fiscal_years
    values = pd.Series(by_year(portfolio.reserve, years), index=years)
    values[int(part.key[-4:])] = part.value
    return portfolio.replace(reserve=values)


def _system(column: str) -> Callable[[Portfolio, Part], Portfolio]:
    """What the table says of a system."""

    def apply(portfolio: Portfolio, part: Part) -> Portfolio:
        systems = portfolio.systems.copy()
        systems.loc[part.key, column] = part.value
        return portfolio.replace(systems=systems)

    return apply


def _freeze(portfolio: Portfolio, part: Part) -> Portfolio:
    return portfolio.replace(freezes=tuple(freeze for freeze in portfolio.freezes if str(freeze) != part.key))


def _group(portfolio: Portfolio, part: Part) -> Portfolio:
    systems = portfolio.systems
    return portfolio.replace(systems=systems.assign(group=systems["group"].where(systems["group"] != part.key, "")))


def _needs(portfolio: Portfolio, part: Part) -> Portfolio:
    table = portfolio.dependencies
    system, _, need = part.key.partition(" needs ")
    mine = (table["system"] == system) & (table["needs"] == need)
    if part.value == "":
        return portfolio.replace(dependencies=table[~mine].reset_index(drop=True))
    return portfolio.replace(dependencies=table.assign(lag=table["lag"].astype(float).where(~mine, float(part.value))))


APPLIED: dict[str, Callable[[Portfolio, Part], Portfolio]] = {
    "appropriation": _cell("amount"),
    "transfers": _cell("transfer_limit"),
    "hours": _hours,
    "starts": _series("starts"),
    "procurement": _series("procurement_capacity"),
    "modern_share": _series("modern_share"),
    "risk_ceiling": _series("risk_ceiling"),
    "reserve": _reserve,
    "lock": _system("lock"),
    "earliest": _system("earliest"),
    "latest": _system("latest"),
    "freeze": _freeze,
    "group": _group,
    "needs": _needs,
}
"""How a part is put into a portfolio, by what it changes."""


def together(changes: Iterable[Change]) -> Change:
    """Several changes as one."""
    return Change(tuple(part for change in changes for part in change.parts))


def scaled(change: Change, portfolio: Portfolio, times: float) -> Change:
    """The same change with its amounts some times as large; dates and rules stay."""
    numbers = ("USD", "hours", "units", "purchases", "share", "unit-quarters")
    parts = (raised(portfolio, p.limit, p.key, p.by * times) if p.unit in numbers else p for p in change.parts)
    return replace(change, parts=tuple(parts))
