"""The parameters of the model: declared once in `parameters.yaml`, overridden by a study or a scenario."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml

from scenarios.errors import Problem, StudyError

Value = float | int | str | tuple[str, ...] | Mapping[int, float]
"""A number; a name; a list of quarters; or a number by fiscal year, held until the next year listed."""


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
    by_year: bool = False

    @property
    def kind(self) -> str:
        """`number`, `by_year`, `list` or `name`."""
        if self.by_year:
            return "by_year"
        if isinstance(self.default, tuple):
            return "list"
        return "name" if isinstance(self.default, str) else "number"

    def read(self, value: object, file: str) -> tuple[Value, list[Problem]]:
        """The value as the parameter's kind, and what is wrong with it."""
        if self.kind == "name":
            return str(value), [] if value else [self._wrong(file, value, "is blank", "Write a name")]
        if self.kind == "list":
            listed = value if isinstance(value, (list, tuple)) else [value]
            return tuple(str(v) for v in listed), []
        if self.by_year and isinstance(value, Mapping):
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

    def _number(self, value: object, file: str) -> tuple[float, list[Problem]]:
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
        default = tuple(entry["default"]) if isinstance(entry["default"], list) else entry["default"]
        found[name] = Parameter(
            name, entry["title"], entry["unit"], default, low, high, entry["source"], entry.get("by_year", False)
        )
    return MappingProxyType(found)


def unknown_name(name: str, known: Iterable[str], file: str, what: str = "parameter") -> Problem:
    """The problem of a name that nothing has, with the nearest that something has."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    remedy = f"Did you mean {near[0]}? Write that name" if near else f"See docs/parameters.md for every {what}"
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

    def change(self, changes: Mapping[str, object], by: str, file: str) -> Settings:
        """The same settings with some values changed.

        Raises:
            StudyError: names that are no parameter (with the nearest), values of the wrong kind or range; all at once.
        """
        known, problems = parameters(), []
        values, changed = dict(self.values), dict(self.changed_by)
        for name, value in changes.items():
            if name not in known:
                problems.append(unknown_name(str(name), known, file))
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
            return {y: float(value) for y in years}  # type: ignore[arg-type]
        listed = sorted(value)
        return {y: float(value[max([k for k in listed if k <= y], default=listed[0])]) for y in years}
