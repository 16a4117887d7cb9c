"""A study: a folder (or one xlsx workbook) of tables, read, checked and written as a whole.

```
study.yaml              what the study is called, when it stands, how far it looks, which parameters differ
tables/systems.csv ...  the tables of `scenarios.tables`
scenarios/*.yaml        differences from the baseline
```
"""

from __future__ import annotations

import datetime
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from scenarios.calendar import FiscalCalendar
from scenarios.checks import check_tables
from scenarios.errors import Problem, StudyError
from scenarios.parameters import Settings, unknown_name
from scenarios.scenario import Scenario
from scenarios.setting_checks import check_settings
from scenarios.tables import TABLES
from scenarios.workbooks import read_sheets, without_blank_rows, write_sheets

GIVEN = "--set"
"""The table of an `Assumed` that was given on the command line of an import."""


class Assumed(BaseModel):
    """A value that no file held, filled in by a rule."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    table: str
    """Table that was filled in."""
    column: str
    """Column of that table."""
    value: str = ""
    """What was filled in, or the rule."""
    rows: int = 0
    """How many rows it fills."""
    reason: str
    """Why."""


class StudyFacts(BaseModel):
    """What `study.yaml` says."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: str = Field(min_length=1)
    """Name of the study, for people."""
    as_of: datetime.date
    """The day from which the plan looks ahead: nothing starts before it, present values are of this day."""
    fiscal_year_start: int = Field(7, ge=1, le=12, strict=True)
    """Month in which fiscal years start."""
    base_year: int = Field(ge=1990, le=2100, strict=True)
    """Fiscal year whose prices `annual_run_cost` is in."""
    horizon: int = Field(5, ge=1, le=20, strict=True)
    """Fiscal years that the plan covers, from the one in which `as_of` lies."""
    period: Literal["quarter"] = "quarter"
    """Length of a planning period."""
    currency: Literal["USD"] = "USD"
    """Currency of every amount."""
    biennium_start: int | None = Field(None, strict=True)
    """A fiscal year in which a biennium starts; left out where budgets are annual."""
    made_up: bool = False
    """True where the data are invented; every page and file then says so."""
    about: str = ""
    """Where the data come from."""
    seed: int = Field(0, ge=0, lt=2**63, strict=True)
    """Seed of everything drawn at random."""
    tables: dict[str, str] = Field(default_factory=dict)
    """Other places for tables, as paths from the study's folder."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Parameters that differ from their defaults."""
    assumed: tuple[Assumed, ...] = ()
    """Values that were filled in when the study was imported, each with its reason."""

    @field_validator("tables")
    @classmethod
    def _known_tables(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(value) - set(TABLES))
        if unknown:
            raise ValueError(f"names no table: {', '.join(unknown)}; the tables are {', '.join(TABLES)}")
        return value


@dataclass(frozen=True)
class Study:
    """A study that has been read and checked. Changing something means a new one (`replace`)."""

    facts: StudyFacts
    settings: Settings
    tables: Mapping[str, pd.DataFrame]
    assumed: pd.DataFrame
    """What was filled in: `table column value rows reason`."""
    scenarios: Mapping[str, Scenario]
    warnings: tuple[Problem, ...] = ()
    place: Path | None = None
    """Folder or workbook that it was read from."""

    @property
    def calendar(self) -> FiscalCalendar:
        """When its fiscal years start."""
        return FiscalCalendar(self.facts.fiscal_year_start)

    @property
    def as_of(self) -> pd.Timestamp:
        """The day from which the plan looks ahead."""
        return pd.Timestamp(self.facts.as_of)

    @property
    def years(self) -> range:
        """The fiscal years of the horizon."""
        first = self.calendar.year_of(self.as_of)
        return range(first, first + self.facts.horizon)

    @property
    def quarters(self) -> pd.PeriodIndex:
        """The fiscal quarters of the horizon."""
        return self.calendar.quarters(self.years[0], len(self.years))

    def table(self, name: str) -> pd.DataFrame:
        """A table by name."""
        return self.tables[name]

    def with_table(self, name: str, frame: pd.DataFrame) -> Study:
        """The same study with another table in place of one."""
        return replace(self, tables=MappingProxyType({**self.tables, name: frame}))

    def scenario(self, name: str) -> Scenario:
        """A scenario by name, also a member of a sweep or sample; `baseline` always exists.

        Raises:
            ScenarioError: no scenario of that name, with the nearest.
        """
        if name == "baseline" and name not in self.scenarios:
            return Scenario(name="baseline", why="The study as it stands.")
        if name not in self.scenarios:
            from scenarios.errors import ScenarioError
            from scenarios.expand import family_of

            if member := family_of(self, name):
                return member
            known = ["baseline", *self.scenarios]
            raise ScenarioError([unknown_name(name, known, "scenarios", "scenario of this study")])
        return self.scenarios[name]


def is_study(place: Path) -> bool:
    """Whether a path is that of a study: a folder with `study.yaml`, or a workbook."""
    return (place / "study.yaml").exists() or place.suffix == ".xlsx"


def read_study(place: Path | str, *, check: bool = True) -> Study:
    """Reads a study from its folder or workbook.

    Raises:
        StudyError: everything that is wrong in any of its files, at once.
    """
    place = Path(place)
    facts_raw, sheets, problems = _raw(place)
    facts, wrong = _facts(facts_raw, _facts_file(place))
    problems += wrong
    tables: dict[str, pd.DataFrame] = {}
    filled = []
    for name, table in TABLES.items():
        file = _table_file(place, name, facts)
        raw = sheets.get(name)
        if raw is None:
            if table.required and not any(p.file == file for p in problems):
                problems.append(Problem(file, "is missing", f"Add the table {name}: {table.brief}"))
            tables[name] = table.blank()
            continue
        if table.required and raw.empty and set(table.names) & set(raw.columns):
            problems.append(Problem(file, "has no rows", f"Add at least one row: {table.brief}"))
        tables[name], wrong, assumed = table.read(raw, file)
        problems += wrong
        filled.append(assumed.assign(reason=f"blank in {file}: default of the column"))
    scenarios, wrong = _scenarios(place) if place.is_dir() else ({}, [])
    problems += wrong
    settings = Settings.defaults()
    try:
        settings = settings.change(facts.parameters if facts else {}, "study", _facts_file(place))
    except StudyError as error:
        problems += error.problems
    if facts is None or problems:
        raise StudyError(sorted(problems, key=_order), f"The study {place.name} cannot be used")
    noted = pd.DataFrame([a.model_dump() for a in facts.assumed], columns=list(Assumed.model_fields))
    assumed = pd.concat([*filled, noted], ignore_index=True) if filled else noted
    study = Study(facts, settings, MappingProxyType(tables), assumed, MappingProxyType(scenarios), (), place)
    return checked(study) if check else study


def checked(study: Study) -> Study:
    """The study with its warnings.

    Raises:
        StudyError: everything that does not fit between its tables and parameters.
    """
    place = study.place or Path("study")
    found = check_tables(
        study.tables,
        study.settings,
        study.years,
        study.quarters,
        study.as_of,
        {name: _table_file(place, name, study.facts) for name in TABLES},
    )
    found += check_settings(study.settings, study.tables, study.years, study.facts.biennium_start, _facts_file(place))
    severe = [p for p in found if p.severe]
    if severe:
        raise StudyError(sorted(severe, key=_order), f"The study {place.name} cannot be used")
    return replace(study, warnings=tuple(p for p in found if not p.severe))


def write_study(study: Study, place: Path | str) -> Path:
    """Writes a study into a new folder, or a workbook where `place` ends in .xlsx. All of it or nothing.

    Raises:
        StudyError: the place already holds something.
    """
    place = Path(place)
    refuse_occupied(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.suffix == ".xlsx":
        facts = pd.DataFrame(_flat(_plain_facts(study.facts)), columns=["key", "value"])
        write_sheets({"study": facts, **study.tables}, place)
        return place
    with tempfile.TemporaryDirectory(dir=place.parent) as draft:
        folder = Path(draft) / place.name
        (folder / "tables").mkdir(parents=True)
        (folder / "scenarios").mkdir()
        text = yaml.safe_dump(_plain_facts(study.facts), sort_keys=False, allow_unicode=True, width=120)
        (folder / "study.yaml").write_text(text, encoding="utf-8")
        for name, frame in study.tables.items():
            frame.to_csv(folder / "tables" / f"{name}.csv", index=False, lineterminator="\n")
        for scenario in study.scenarios.values():
            scenario.write(folder / "scenarios" / f"{scenario.name}.yaml")
        if place.exists():
            place.rmdir()
        shutil.move(str(folder), str(place))
    return place


def refuse_occupied(place: Path) -> None:
    """Raises `StudyError` for a place that already holds something: a study is never written over."""
    if place.exists() and (place.is_file() or any(place.iterdir())):
        raise StudyError([Problem(str(place), "already holds something", "Name another place, or empty this one")])


def wrong_rows(place: Path | str, problems: tuple[Problem, ...]) -> dict[str, pd.DataFrame]:
    """The rows that are wrong, as they stand in the files, each with its `error`: table name -> frame."""
    _, sheets, _ = _raw(Path(place))
    found = {}
    for name, raw in sheets.items():
        here = [p for p in problems if p.row is not None and p.row > 1 and _names(p.file, name)]
        if here:
            said = pd.Series([f"{p.column}: {p.wrong}" for p in here], index=[p.row - 2 for p in here if p.row])
            errors = said.groupby(level=0).agg("; ".join)
            found[name] = raw.loc[errors.index].assign(error=errors)
    return found


def _names(file: str, table: str) -> bool:
    return Path(file).stem == table or file.endswith(f"[{table}]")


def _order(problem: Problem) -> tuple[str, int, str]:
    return problem.file, problem.row or 0, problem.column


def _facts_file(place: Path) -> str:
    return f"{place.name}[study]" if place.suffix == ".xlsx" else "study.yaml"


def _table_file(place: Path, name: str, facts: StudyFacts | None) -> str:
    if place.suffix == ".xlsx":
        return f"{place.name}[{name}]"
    return facts.tables.get(name, f"tables/{name}.csv") if facts else f"tables/{name}.csv"


def _raw(place: Path) -> tuple[dict[str, Any], dict[str, pd.DataFrame], list[Problem]]:
    """The facts and tables as text, before anything is believed."""
    if not place.exists():
        raise StudyError(
            [Problem(str(place), "does not exist", "Name a study, or make one: reallot new DIR --from sample")]
        )
    if place.is_file():
        sheets = read_sheets(place)
        facts = sheets.pop("study", None)
        if facts is None or list(facts.columns)[:2] != ["key", "value"]:
            known = ", ".join(sheets) or "none"
            raise StudyError(
                [Problem(place.name, f"has no sheet study with columns key and value (its sheets: {known})", "Add it")]
            )
        values = {str(k): yaml.safe_load(str(v)) for k, v in zip(facts["key"], facts["value"], strict=True)}
        unknown = [
            unknown_name(name, TABLES, f"{place.name}[{name}]", "table of a study")
            for name in sheets
            if name not in TABLES
        ]
        return _nested(values), sheets, unknown
    file = place / "study.yaml"
    if not file.exists():
        raise StudyError(
            [Problem(str(file), "is missing", "Name a study's folder, or make one: reallot new DIR --from sample")]
        )
    values, problems = read_yaml(file, "study.yaml")
    places = values.get("tables") or {}
    sheets = {}
    for name in TABLES:
        path = place / (str(places[name]) if isinstance(places, dict) and name in places else f"tables/{name}.csv")
        if path.exists():
            frame, wrong = read_csv(
                path, path.relative_to(place).as_posix() if path.is_relative_to(place) else path.name
            )
            problems += wrong
            if frame is not None:
                sheets[name] = frame
    return values, sheets, problems


def read_yaml(path: Path, file: str) -> tuple[dict[str, Any], list[Problem]]:
    """A YAML file that holds keys and values."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        return {}, [
            Problem(file, "is not YAML", "Write it as `key: value` lines", row=None if line is None else line + 1)
        ]
    if not isinstance(values, dict):
        return {}, [Problem(file, "holds no keys and values", "Write it as `key: value` lines")]
    return values, []


def read_csv(path: Path, file: str) -> tuple[pd.DataFrame | None, list[Problem]]:
    """A CSV file as text, blanks as empty text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                path, dtype=str, keep_default_na=False, encoding="utf-8-sig", skip_blank_lines=False, index_col=False
            )
    except pd.errors.EmptyDataError:
        return None, [Problem(file, "is empty", "Write at least the line of column names, or remove the file")]
    except UnicodeDecodeError:
        return None, [Problem(file, "is not UTF-8 text", "Save it as CSV UTF-8")]
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        said = str(error).removeprefix("Error tokenizing data. C error: ").split(". ")[0].strip().rstrip(".")
        return None, [Problem(file, f"is not a table ({said})", "Give each line as many cells as the first line has")]
    return without_blank_rows(frame), []


def _facts(values: dict[str, Any], file: str) -> tuple[StudyFacts | None, list[Problem]]:
    problems = [
        unknown_name(str(name), StudyFacts.model_fields, file, "key of study.yaml")
        for name in values
        if name not in StudyFacts.model_fields
    ]
    known = {str(k): v for k, v in values.items() if k in StudyFacts.model_fields}
    try:
        return StudyFacts(**known), problems
    except ValidationError as error:
        return None, problems + [
            Problem(
                file,
                _said(e),
                f"See {file}: {(StudyFacts.model_fields[str(e['loc'][0])].description or '').rstrip('.')}",
                column=".".join(str(part) for part in e["loc"]),
                value="" if e["type"] == "missing" else str(e["input"]),
            )
            for e in error.errors()
        ]


def _said(error: Any) -> str:
    """A pydantic message as a clause."""
    if error["type"] == "missing":
        return "is missing"
    said = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    return (
        said[0].lower() + said[1:] if said.startswith(("Input should", "Names")) is False else f"is not valid: {said}"
    )


def _scenarios(place: Path) -> tuple[dict[str, Scenario], list[Problem]]:
    found, problems = {}, []
    for path in sorted((place / "scenarios").glob("*.yaml")):
        values, wrong = read_yaml(path, f"scenarios/{path.name}")
        problems += wrong
        if not wrong:
            try:
                scenario = Scenario.read(values, f"scenarios/{path.name}")
                found[scenario.name] = scenario
            except StudyError as error:
                problems += error.problems
    return found, problems


def _plain_facts(facts: StudyFacts) -> dict[str, Any]:
    plain = facts.model_dump(mode="python")
    return {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items() if v not in ({}, "", None, ())}


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested keys as `parameters/discount_rate` rows, values as YAML text, for a sheet."""
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping) and prefix == "":
            rows += _flat(value, f"{key}/")
        else:
            text = yaml.safe_dump(value, default_flow_style=True, width=10_000).replace("\n...\n", "").strip()
            rows.append((f"{prefix}{key}", text))
    return rows


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in values.items():
        head, _, tail = key.partition("/")
        if tail:
            nested.setdefault(head, {})[tail] = value
        else:
            nested[head] = value
    return nested
