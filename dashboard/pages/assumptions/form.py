"""The form of assumptions: its fields with what they hold now, and what is wrong with what was put in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from dashboard.format import bare, fy, named
from dashboard.measures.money import fiscal_year
from dashboard.measures.moves import assumption
from dashboard.source import RIVAL, Source, title
from scenarios.parameters import Parameter, parameters
from scenarios.results import Results

FIRST = (
    "discount_rate",
    "risk_price",
    "avoidable_share",
    "price_growth",
    "cloud_price_growth",
    "tail_years",
    "starts_per_quarter",
)
"""The parameters that stand in sight; the others are behind a disclosure."""
NESTED = ("appropriation", "capacity")
"""Settings by fund or skill: a change of one leaves the others as they were."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_BY_YEAR = re.compile(r"FY(\d{4}): ([-+.e\d]+)")
_SHARES = ("1/year", "share")


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter as the form shows it; rates and shares in percent."""

    parameter: Parameter
    now: float
    year: int | None = None
    """The fiscal year, where the parameter has a figure for each."""

    @property
    def key(self) -> str:
        """What it is filed under: `discount_rate`, `starts_per_quarter@2028`."""
        return self.parameter.name if self.year is None else f"{self.parameter.name}@{self.year}"

    @property
    def scale(self) -> float:
        """What the shown figure is divided by to give the parameter's value."""
        return 100.0 if self.parameter.unit in _SHARES else 1.0

    @property
    def shown(self) -> float:
        """The figure to begin with."""
        return round(self.now * self.scale, 6)

    @property
    def label(self) -> str:
        """What it is, with its unit."""
        unit = (
            "% a year"
            if self.parameter.unit == "1/year"
            else "%"
            if self.parameter.unit == "share"
            else self.parameter.unit
        )
        return f"{self.parameter.title}, {unit}"

    @property
    def range(self) -> str:
        """What may be put in, in words."""
        low, high = self.parameter.low, self.parameter.high
        if low is None or high is None:
            return ""
        return f"{_plain(low * self.scale)} to {_plain(high * self.scale)}"

    @property
    def whole(self) -> bool:
        """Whether it counts things."""
        return self.parameter.unit in ("years", "quarters", "days", "units/quarter", "contracts", "fiscal years")

    def wrong(self, value: Any) -> str:
        """What is wrong with a figure that was put in; blank where nothing is."""
        number = _number(value)
        if number is None:
            return f"Write a number from {self.range}." if self.range else "Write a number."
        low, high = self.parameter.low, self.parameter.high
        if (low is not None and number < low * self.scale - 1e-9) or (
            high is not None and number > high * self.scale + 1e-9
        ):
            return f"{_plain(number)} is outside {self.range}."
        return "Write a whole number." if self.whole and number % 1 else ""


@dataclass(frozen=True, slots=True)
class Amounts:
    """The appropriation of one fund, by fiscal year, as planned with; USD."""

    fund: str
    by_year: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Entered:
    """What was put in, by field."""

    name: str
    why: str
    figures: Mapping[str, Any]
    amounts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of it: a scenario, or what is wrong by field."""

    scenario: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    why: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)
    amounts: Mapping[str, str] = field(default_factory=dict)
    nothing: str = ""

    @property
    def good(self) -> bool:
        """Whether there is a scenario."""
        return bool(self.scenario)


def fields(results: Results, asked: Mapping[str, Any] = MappingProxyType({})) -> list[Field]:
    """Every parameter that is a number, those of `FIRST` first, with its value in the plan shown.

    Values that were `asked` for, as a scenario sets them, come before the plan's.
    """
    declared = parameters()
    order = [*FIRST, *(name for name in declared if name not in FIRST)]
    found = []
    for name in order:
        value = assumption(results, name)
        if name not in declared or declared[name].kind not in ("number", "by_year"):
            continue
        if _NUMBER.fullmatch(value):
            found.append(Field(declared[name], float(_asked(asked, name, value))))
        else:
            found += [
                Field(declared[name], float(_asked(asked, name, v, y)), int(y)) for y, v in _BY_YEAR.findall(value)
            ]
    return found


def _asked(asked: Mapping[str, Any], name: str, value: str, year: str = "") -> Any:
    wanted = asked.get(name, value)
    return wanted.get(year, value) if isinstance(wanted, Mapping) else wanted


def amounts(results: Results, asked: Mapping[str, Any] = MappingProxyType({})) -> list[Amounts]:
    """Funds whose money is one appropriation a year: those that a scenario can set by amount."""
    money = asked.get("appropriation", {})
    rows = results.appropriations
    years = set(fiscal_year(results.outlays["period"]))
    rows = rows[rows["fiscal_year"].astype(int).isin(years)]
    whole = rows[(rows["agency"].astype(str) == "") & (rows["line_item"].astype(str) == "")]
    found = []
    for fund, own in whole.groupby("fund", sort=False):
        if not own["fiscal_year"].duplicated().any():
            by_year = {int(y): float(a) for y, a in zip(own["fiscal_year"], own["amount"], strict=True)}
            wanted = money.get(fund, {})
            by_year |= {int(y): float(a) for y, a in wanted.items() if not isinstance(a, str)}
            found.append(Amounts(str(fund), dict(sorted(by_year.items()))))
    return found


def check(entered: Entered, results: Results, taken: Sequence[str]) -> Checked:
    """The scenario that was put in, as a difference from the plan shown; or what is wrong, field by field."""
    name, why = _wrong_name(entered.name, taken), "" if entered.why.strip() else "Say why, in a sentence."
    known = {f.key: f for f in fields(results)}
    figures = {n: known[n].wrong(v) for n, v in entered.figures.items() if n in known}
    money = {n: _wrong_amount(v) for n, v in entered.amounts.items()}
    if name or why or any(figures.values()) or any(money.values()):
        return Checked(name=name, why=why, figures=figures, amounts=money)
    changed = changes(entered, results)
    if not changed:
        return Checked(
            nothing="Nothing differs from the plan shown. Change a figure first.", figures=figures, amounts=money
        )
    return Checked(scenario_with(results, changed, slug(entered.name), entered.name.strip(), entered.why.strip()))


def scenario_with(results: Results, changed: Mapping[str, Any], name: str, title: str, why: str) -> dict[str, Any]:
    """The scenario of the plan shown with some settings changed, under a name of its own."""
    base = dict(results.manifest.get("scenario") or {})
    settings = dict(base.get("set") or {})
    for key, value in changed.items():
        if key in NESTED:
            before = dict(settings.get(key) or {})
            settings[key] = {**{k: v for k, v in before.items() if k not in value}, **value}
        else:
            settings[key] = value
    return {
        "name": name,
        "title": title,
        "based_on": base.get("based_on") or "baseline",
        "why": why,
        "set": settings,
    }


def changes(entered: Entered, results: Results) -> dict[str, Any]:
    """What was put in and differs from the plan shown, as settings of a scenario."""
    known = {f.key: f for f in fields(results)}
    changed: dict[str, Any] = {}
    for name, value in entered.figures.items():
        number = _number(value)
        if name in known and number is not None and abs(number - known[name].shown) > 1e-9:
            changed |= _setting(known, known[name], number, entered)
    money: dict[str, dict[int, float]] = {}
    for row, fund in enumerate(amounts(results)):
        now = {y: _number(entered.amounts.get(f"{row}/{y}")) for y in fund.by_year}
        if any(v is not None and abs(v - shown_amount(fund.by_year[y])) > 1e-9 for y, v in now.items()):
            money[fund.fund] = {
                y: fund.by_year[y] if v is None or abs(v - shown_amount(fund.by_year[y])) < 1e-9 else v * 1e6
                for y, v in now.items()
            }
    return changed | ({"appropriation": money} if money else {})


def _setting(known: Mapping[str, Field], one: Field, number: float, entered: Entered) -> dict[str, Any]:
    """A parameter's new value; one with a figure for each year is set for all its years."""

    def value(f: Field, shown: float) -> float:
        return int(shown) if f.whole else round(shown / f.scale, 9)

    name = one.parameter.name
    if one.year is None:
        return {name: value(one, number)}
    years = [f for f in known.values() if f.parameter.name == name and f.year is not None]
    return {name: {str(f.year): value(f, _number(entered.figures.get(f.key)) or 0.0) for f in years}}


def shown_amount(dollars: float) -> float:
    """An appropriation in $M, as its field shows it."""
    return round(dollars / 1e6, 3)


def request(source: Source, scenario: Mapping[str, Any], before: str, seconds: float = 60.0) -> dict[str, Any]:
    """The job that plans a scenario; `before` is the plan that it is held against."""
    return {
        "study": str(source.study),
        "out": str(source.results),
        "seconds": seconds,
        "before": before,
        "scenario": dict(scenario),
    }


def slug(text: str) -> str:
    """A name as an identifier."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def suggestion(results: Results, taken: Sequence[str]) -> str:
    """A name that is free."""
    first = "What if" if results.name in ("baseline", RIVAL) else f"{title(results)}, what if"
    return next(n for n in (first, *(f"{first} {i}" for i in range(2, len(taken) + 3))) if slug(n) not in taken)


def _wrong_name(name: str, taken: Sequence[str]) -> str:
    made = slug(name)
    if not made:
        return "Give the scenario a name."
    return f"{named(made)} exists already. Choose another name." if made in {*taken, "baseline", RIVAL} else ""


def _wrong_amount(value: Any) -> str:
    number = _number(value)
    if number is None:
        return "Write $M."
    return "Not below 0." if number < 0 else ""


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    text = str(value).replace(",", "").replace("\u2212", "-").strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def _plain(value: float) -> str:
    return bare(value, 0) if value % 1 == 0 else bare(value, 2).rstrip("0")


def year_labels(funds: Sequence[Amounts]) -> list[tuple[int, str]]:
    """The fiscal years that any fund has."""
    return [(y, fy(y)) for y in sorted({y for f in funds for y in f.by_year})]
