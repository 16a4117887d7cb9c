"""The parameters of the model: declared once in `parameters.yaml`, overridden by a study or a scenario."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from scenarios.errors import Problem, StudyError

Value = float | int | bool | str | tuple[str, ...] | Mapping[int, float] | Mapping[str, float | str]
"""A number; true or false; a name; a list of names; or a number by fiscal year, by fund, by limit. Some are `auto`."""

AUTO = "auto"
"""What is to be found by planning, in place of a number."""


MAKING = ("import.", "cost_model.")
"""How the names of parameters begin that are used when a study is made, not when it is planned."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: what it means, in which unit, within which range, and where its default comes from."""

    name: str
    title: str
    unit: str
    default: Value
    low: float | None
    high: float | None
    source: str
    by: str = ""
    """What it may have a number for each of: `year` (one number for all years will do), `fund` or `limit`."""
    words: tuple[str, ...] = ()
    """Words that may stand in place of a number."""

    @property
    def kind(self) -> str:
        """`number`, `by_year`, `by_name`, `truth`, `list` or `name`."""
        if self.by:
            return "by_year" if self.by == "year" else "by_name"
        if isinstance(self.default, bool):
            return "truth"
        if isinstance(self.default, tuple):
            return "list"
        return "name" if isinstance(self.default, str) else "number"

    @property
    def basis(self) -> str:
        """`fact` where a source says so, `derived` where arithmetic on facts does, else `assumption`: its first tag."""
        tags = {"[B]": "assumption", "[D]": "derived", "[O]": "fact", "[S]": "fact"}
        return tags.get(self.source[:3], "fact")

    def read(self, value: object, file: str) -> tuple[Value, list[Problem]]:
        """The value as the parameter's kind, and what is wrong with it."""
        if self.kind == "name":
            return str(value), [] if value else [self._wrong(file, value, "is blank", "Write a name")]
        if self.kind == "list":
            listed = value if isinstance(value, (list, tuple)) else [value]
            return tuple(str(v) for v in listed), []
        if self.kind == "truth":
            wrong = [] if isinstance(value, bool) else [self._wrong(file, value, "is not true or false", "Write one")]
            return value is True, wrong
        if self.kind == "by_name":
            return self._by_name(value, file)
        if self.by == "year" and isinstance(value, Mapping):
            years, problems = {}, []
            for year, amount in value.items():
                number, wrong = self._number(amount, file)
                problems += wrong
                if not (isinstance(year, int) or str(year).isdigit()):
                    problems.append(self._wrong(file, year, "is not a fiscal year", "Write a year such as 2028"))
                    continue
                years[int(year)] = number
            return MappingProxyType(dict(sorted(years.items()))), problems
        return self._number(value, file)

    def _by_name(self, value: object, file: str) -> tuple[Value, list[Problem]]:
        if not isinstance(value, Mapping):
            return {}, [self._wrong(file, value, f"is not a list by {self.by}", f"Write {{{self.by}: number}}")]
        read = {str(name): self._number(number, file) for name, number in value.items()}
        numbers = {name: number for name, (number, _) in read.items()}
        return MappingProxyType(numbers), [problem for _, wrong in read.values() for problem in wrong]

    def _number(self, value: object, file: str) -> tuple[Any, list[Problem]]:
        if self.words and isinstance(value, str):
            remedy = f"Write a number in {self.unit}, or {' or '.join(self.words)}"
            return value, [] if value in self.words else [self._wrong(file, value, "is not a number", remedy)]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
            return 0.0, [self._wrong(file, value, "is not a number", f"Write a number in {self.unit}")]
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            rule = f"Write a value from {self.low:g} to {self.high:g} {self.unit}"
            return float(value), [self._wrong(file, value, "is out of range", rule)]
        return value, []

    def _wrong(self, file: str, value: object, wrong: str, remedy: str) -> Problem:
        return Problem(file, wrong, remedy, column=self.name, value=str(value))


def parameters() -> Mapping[str, Parameter]:
    """The parameters that a plan rests on, by name, in the order of the file."""
    return MappingProxyType({n: p for n, p in declared().items() if not n.startswith(MAKING)})


def making_parameters() -> Mapping[str, Parameter]:
    """The parameters used when a study is made: what an import fills in, and the run cost of a server."""
    return MappingProxyType({n: p for n, p in declared().items() if n.startswith(MAKING)})


def default_of(name: str) -> float:
    """The default of a parameter that is one number."""
    value = declared()[name].default
    if not isinstance(value, (int, float)):
        raise TypeError(f"{name} is no number: {value!r}")
    return float(value)


@cache
def declared() -> Mapping[str, Parameter]:
    """Every parameter by name, in the order of the file."""
    entries = yaml.load((Path(__file__).parent / "parameters.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    found = {}
    for name, entry in entries.items():
        low, high = entry["range"] or (None, None)
        default = _frozen(entry["default"])
        found[name] = Parameter(
            name,
            entry["title"],
            entry["unit"],
            default,
            low,
            high,
            entry["source"],
            entry.get("by", ""),
            tuple(entry.get("words", ())),
        )
    return MappingProxyType(found)


def _frozen(value: Any) -> Value:
    if isinstance(value, dict):
        return MappingProxyType(value)
    frozen: Value = tuple(value) if isinstance(value, list) else value
    return frozen


FEW = 5
"""Names that a message lists, at most."""


def unknown_name(name: str, known: Iterable[str], file: str, what: str = "parameter") -> Problem:
    """The problem of a name that nothing has, with the nearest that something has, or all where they are few."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    every = f"Write one of: {', '.join(names)}" if len(names) <= FEW else f"See docs/parameters.md for every {what}"
    remedy = f"Did you mean {near[0]}? Write that name" if near else every
    return Problem(file, f"is not a {what}", remedy, value=name)


@dataclass(frozen=True)
class Settings:
    """The parameters in force: each with its value and who set it."""

    values: Mapping[str, Value]
    changed_by: Mapping[str, str]
    """Only those that differ from the default: `study`, or the scenario's name."""

    @classmethod
    def defaults(cls) -> Settings:
        """Every parameter at its default."""
        return cls(MappingProxyType({n: p.default for n, p in parameters().items()}), MappingProxyType({}))

    def change(self, changes: Mapping[str, object], by: str, file: str, beside: Iterable[str] = ()) -> Settings:
        """The same settings with some values changed; `beside` are other names that may stand there, once spelt right.

        Raises:
            StudyError: names that are no parameter (with the nearest), values of the wrong kind or range; all at once.
        """
        known, problems = parameters(), []
        values, changed = dict(self.values), dict(self.changed_by)
        for name, value in changes.items():
            if name not in known:
                problems.append(unknown_name(str(name), [*known, *beside], file))
                continue
            values[name], wrong = known[name].read(value, file)
            problems += wrong
            changed[name] = by
        if problems:
            raise StudyError(problems, f"{file} sets parameters that do not fit")
        return Settings(MappingProxyType(values), MappingProxyType(changed))

    def number(self, name: str) -> float:
        """A parameter that is one number."""
        value = self.values[name]
        if not isinstance(value, (int, float)):
            raise TypeError(f"{name} is no number: {value!r}")
        return float(value)

    def truth(self, name: str) -> bool:
        """A parameter that is true or false."""
        return self.values[name] is True

    def by_name(self, name: str) -> dict[str, float]:
        """A parameter by fund or by limit; 0 where it is `auto`."""
        value = self.values[name]
        return {str(key): _number_of(number) for key, number in value.items()} if isinstance(value, Mapping) else {}

    def found(self, name: str, number: float) -> Settings:
        """The same with a number wherever a parameter, or a name in it, is `auto`."""
        value: Any = self.values[name]
        if isinstance(value, Mapping):
            value = MappingProxyType({key: number if own == AUTO else own for key, own in value.items()})
        elif value == AUTO:
            value = number
        return Settings(MappingProxyType({**self.values, name: value}), self.changed_by)

    def is_auto(self, name: str) -> bool:
        """Whether a parameter, or a name in it, is `auto`."""
        value = self.values[name]
        return AUTO in value.values() if isinstance(value, Mapping) else value == AUTO

    def text(self, name: str) -> str:
        """A parameter that is a name."""
        return str(self.values[name])

    def listed(self, name: str) -> tuple[str, ...]:
        """A parameter that is a list of names."""
        value = self.values[name]
        return value if isinstance(value, tuple) else (str(value),)

    def by_year(self, name: str, years: Iterable[int]) -> dict[int, float]:
        """A parameter by fiscal year: each value holds until the next year listed, the first also before it."""
        value = self.values[name]
        if not isinstance(value, Mapping):
            return {y: _number_of(value) for y in years}
        listed = {int(year): _number_of(number) for year, number in value.items()}
        return {y: listed[max([k for k in listed if k <= y], default=min(listed))] for y in years if listed}

    def from_year(self, name: str, years: Iterable[int]) -> dict[int, float]:
        """A limit by fiscal year: each value holds until the next year listed, and nothing before the first."""
        value = self.values[name]
        if not isinstance(value, Mapping):
            return {y: _number_of(value) for y in years}
        first = min((int(year) for year in value), default=None)
        return {} if first is None else self.by_year(name, [y for y in years if y >= first])


def _number_of(value: object) -> float:
    """A number; what is still to be found counts as nothing until then."""
    return 0.0 if value == AUTO else float(value)  # type: ignore[arg-type]


def said(value: object) -> str:
    """A value as text: `84`, `FY2027: 300, FY2028: 480`, `federal: 0`, `none` where there is nothing."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, Mapping):
        names = {key: f"FY{key}" if isinstance(key, int) else str(key) for key in value}
        return ", ".join(f"{names[key]}: {said(amount)}" for key, amount in value.items()) or "none"
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)
