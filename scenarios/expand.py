"""Families of scenarios: the grid of a `sweep` and the draws of a `sample`, each a scenario with a name of its own.

A member is based on its family and sets one value for each name. Names read like `cuts__discount_rate_0_02`; those of
draws are numbered, `cuts__draw_007`. The same file gives the same members, whatever else the study holds.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from scenarios.changes import PERCENT, apply, apply_one, factor_of
from scenarios.errors import Problem, ScenarioError, StudyError
from scenarios.parameters import parameters, unknown_name
from scenarios.scenario import Sample, Scenario
from scenarios.study import Study

TABLES = {"appropriation": ("appropriations", "fund"), "capacity": ("capacity", "skill"), "lock": ("systems", "system")}
"""What a name such as `appropriation.general` begins with: the table that it changes, and its column of names."""

LONGEST = 120
"""Characters of a member's name; longer ones end with the first of their digest."""

MOST = 100_000
"""Members of one family."""


def scenarios_of(study: Study) -> dict[str, Scenario]:
    """Every scenario that can be planned, by name: the baseline, those as written, and the members of families.

    A family itself is not planned. The order is that of names of files, members in the order of their values.

    Raises:
        ScenarioError: everything that is wrong in any sweep or sample.
    """
    found = {"baseline": study.scenario("baseline")}
    problems: list[Problem] = []
    for scenario in study.scenarios.values():
        if not scenario.is_family:
            found[scenario.name] = scenario
            continue
        try:
            members = expand(study, scenario)
        except ScenarioError as error:
            problems += error.problems
            continue
        taken = [member.name for member in members if member.name in study.scenarios]
        problems += [
            Problem(_file(scenario), "is also the name of a member", "Give one another name", value=n) for n in taken
        ]
        found |= {member.name: member for member in members}
    if problems:
        raise ScenarioError(problems, "The scenarios cannot be used")
    return found


def family_of(study: Study, name: str) -> Scenario | None:
    """The member of a family by its name; None where no family has it."""
    for scenario in study.scenarios.values():
        if scenario.is_family and name.startswith(f"{scenario.name}__"):
            for member in expand(study, scenario):
                if member.name == name:
                    return member
    return None


def check_scenarios(study: Study) -> int:
    """Puts every scenario into the study, families by their own `set` and by each value once; how many can be planned.

    Raises:
        ScenarioError: everything that does not fit, in any of them.
    """
    problems: list[Problem] = []
    count = 0
    try:
        count = len(scenarios_of(study))
    except ScenarioError as error:
        problems += error.problems
    for scenario in study.scenarios.values():
        try:
            apply(study, scenario)
        except StudyError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    if problems:
        raise ScenarioError(problems, "The scenarios cannot be used")
    return count


def expand(study: Study, scenario: Scenario) -> list[Scenario]:
    """The members of a family: every combination of its sweep, with every draw of its sample.

    Raises:
        ScenarioError: everything that is wrong in its sweep or sample.
    """
    problems = [*_wrong_sweep(study, scenario), *_wrong_sample(study, scenario)]
    if scenario.name == "baseline":
        problems.append(Problem(_file(scenario), "is what others differ from", "Sweep in another scenario"))
    draws = scenario.sample.count if scenario.sample else 1
    size = draws
    for values in scenario.sweep.values():
        size *= max(len(values), 1)
    if size > MOST:
        problems.append(Problem(_file(scenario), f"stands for {size:,} scenarios", f"Leave at most {MOST:,}"))
    if problems:
        raise ScenarioError(problems, f"The scenario {scenario.name} does not fit the study")
    first = study.years[0]
    width = len(str(draws))
    points = [
        (dict(zip(scenario.sweep, values, strict=True)), number, drawn)
        for values in itertools.product(*scenario.sweep.values())
        for number, drawn in enumerate(_draws(scenario.sample), start=1)
    ]
    names = [_name(scenario, swept, f"draw_{n:0{width}}" if scenario.sample else "") for swept, n, _ in points]
    alike = Counter(names)
    return [
        Scenario(
            name=_shortened(name, settings_text(swept), always=alike[name] > 1),
            title=f"{scenario.title or scenario.name}: {settings_text(swept | drawn)}",
            based_on=scenario.name,
            why=scenario.why,
            set=_as_changes(swept | drawn, first),
            not_modelled=scenario.not_modelled,
        )
        for name, (swept, _, drawn) in zip(names, points, strict=True)
    ]


def point_of(member: Scenario) -> dict[str, Any]:
    """What a scenario sets, by flat names: `{"discount_rate": 0.02, "appropriation.general": "-10%"}`.

    A change by table that holds from one year on reads as its value, one by several years as the list.
    """
    found: dict[str, Any] = {}
    for name, value in member.set.items():
        if name in TABLES and isinstance(value, Mapping):
            for key, by_year in value.items():
                single = isinstance(by_year, Mapping) and len(by_year) == 1
                found[f"{name}.{key}"] = next(iter(by_year.values())) if single else by_year
        else:
            found[name] = value
    return found


def settings_text(point: Mapping[str, Any]) -> str:
    """`discount_rate=0.02; appropriation.general=-10%`."""
    return "; ".join(f"{name}={_text(value)}" for name, value in point.items())


def _as_changes(point: Mapping[str, Any], first: int) -> dict[str, Any]:
    """A point as the `set` of a scenario: what changes a table holds from the first year of the horizon on."""
    changes: dict[str, Any] = {}
    for name, value in point.items():
        table, _, key = name.partition(".")
        if table not in TABLES:
            changes[name] = value
        else:
            by_year = value if table == "lock" or isinstance(value, Mapping) else {first: value}
            changes.setdefault(table, {})[key] = by_year
    return changes


def _draws(sample: Sample | None) -> Iterator[dict[str, Any]]:
    """The points of a Latin hypercube, in the order drawn; one empty point without a sample."""
    if sample is None:
        yield {}
        return
    from scipy.stats import qmc

    drawn = qmc.LatinHypercube(d=len(sample.ranges), rng=sample.seed).random(sample.count)
    for row in drawn:
        ends = zip(sample.ranges.items(), row, strict=True)
        yield {name: _between(low, high, float(share)) for (name, (low, high)), share in ends}


def _between(low: Any, high: Any, share: float) -> Any:
    """The value at a share of the way, to six significant digits; whole where both ends are whole."""
    if isinstance(low, str):
        ends = [100 * (factor_of(end) - 1) for end in (low, high)]
        return f"{ends[0] + share * (ends[1] - ends[0]):+.4f}%"
    if isinstance(low, int) and isinstance(high, int):
        return low + int(share * (high - low + 1))
    return float(f"{low + share * (high - low):.6g}")


def _wrong_sweep(study: Study, scenario: Scenario) -> list[Problem]:
    problems: list[Problem] = []
    for name, values in scenario.sweep.items():
        column = f"sweep.{name}"
        if wrong := _wrong_name(study, scenario, name):
            problems.append(wrong)
            continue
        if not values:
            problems.append(Problem(_file(scenario), "lists no value", "Write values as [a, b]", column=column))
        texts = Counter(_text(value) for value in values)
        problems += [
            Problem(_file(scenario), "is listed twice", "Write each value once", column=column, value=text)
            for text, times in texts.items()
            if times > 1
        ]
        for value in values:
            problems += _wrong_value(study, scenario, name, value, "sweep")
    return problems


def _wrong_sample(study: Study, scenario: Scenario) -> list[Problem]:
    problems: list[Problem] = []
    for name, ends in (scenario.sample.ranges if scenario.sample else {}).items():
        column = f"sample.ranges.{name}"
        if name in scenario.sweep:
            problems.append(Problem(_file(scenario), "is in the sweep too", "Leave one of both", column=column))
        if wrong := _wrong_name(study, scenario, name):
            problems.append(wrong)
            continue
        if not (all(map(_is_number, ends)) or all(map(_is_percent, ends))):
            said = "Write two numbers as [low, high], or two changes as [-10%, +10%]"
            problems.append(Problem(_file(scenario), "is no range", said, column=column, value=_text(list(ends))))
            continue
        low, high = (factor_of(end) if isinstance(end, str) else end for end in ends)
        if low >= high:
            said = "Write the lower end first"
            problems.append(Problem(_file(scenario), "is no range", said, column=column, value=_text(list(ends))))
        for end in ends:
            problems += _wrong_value(study, scenario, name, end, "sample.ranges")
    return problems


def _wrong_name(study: Study, scenario: Scenario, name: str) -> Problem | None:
    """A name that is neither a parameter nor a fund, skill or system of the study."""
    table, dot, key = name.partition(".")
    if dot and table in TABLES:
        source, column = TABLES[table]
        known = [*map(str, study.table(source)[column].unique()), *(["all"] if table != "lock" else [])]
        named = [f"{table}.{k}" for k in known]
        return None if key in known else unknown_name(name, named, _file(scenario), f"{column} of this study")
    if name in parameters():
        return None
    funds = [f"appropriation.{fund}" for fund in study.table("appropriations")["fund"].unique()]
    return unknown_name(name, [*parameters(), *funds], _file(scenario))


def _wrong_value(study: Study, scenario: Scenario, name: str, value: Any, where: str) -> list[Problem]:
    """What is wrong with one value of a name, as if a scenario had set it."""
    table = name.partition(".")[0]
    if table not in TABLES:
        return parameters()[name].read(value, f"{_file(scenario)}, {where}")[1]
    if isinstance(value, Mapping) and not value:
        return [Problem(_file(scenario), "lists no year", "Write {2028: -5%}", column=f"{where}.{name}")]
    changes = _as_changes({name: value}, study.years[0])
    try:
        apply_one(study, scenario.model_copy(update={"set": changes}))
    except StudyError as error:
        return list(error.problems)
    return []


def _name(scenario: Scenario, swept: Mapping[str, Any], draw: str) -> str:
    parts = [f"{_slug(name)}_{_slug(_text(value))}" for name, value in swept.items()]
    return "__".join([scenario.name, *parts, *([draw] if draw else [])])


def _shortened(name: str, told_apart_by: str, *, always: bool) -> str:
    if len(name) <= LONGEST and not always:
        return name
    mark = hashlib.sha256(f"{name} {told_apart_by}".encode()).hexdigest()[:8]
    return f"{name[: LONGEST - 9].rstrip('_')}_{mark}"


def _slug(text: str) -> str:
    """Text as part of a name: `-10%` is `minus_10pct`, `0.02` is `0_02`."""
    text = re.sub(r"(?<![\w.])\+", "plus ", re.sub(r"(?<![\w.])-", "minus ", text.lower()))
    return re.sub(r"[^a-z0-9]+", "_", text.replace("%", "pct")).strip("_") or "blank"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(item)}" for key, item in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_text, value)) or "none"
    return repr(value) if isinstance(value, float) else str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_percent(value: Any) -> bool:
    return isinstance(value, str) and bool(PERCENT.match(value.strip()))


def _file(scenario: Scenario) -> str:
    return f"scenarios/{scenario.name}.yaml"
