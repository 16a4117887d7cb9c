"""Makes a study of files that are there already: the intake's tables, checked and written."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pandas as pd

import forecast
from scenarios.books import prevailing
from scenarios.errors import Problem, StudyError
from scenarios.expected import history_of, outlook_of
from scenarios.intake import import_files
from scenarios.parameters import Settings, default_of, making_parameters, unknown_name
from scenarios.study import GIVEN, Assumed, Study, StudyFacts, checked, read_study, refuse_occupied, write_study
from scenarios.tables import LINE_KEYS
from scenarios.workbooks import read_sheets
from scenarios.year_end import year_end_of


def import_study(
    files: Sequence[Path],
    into: Path,
    *,
    as_of: str | None = None,
    name: str = "",
    changes: Mapping[str, float] | None = None,
    today: datetime.date | None = None,
) -> Study:
    """Reads files of any kind that the intake knows and writes one study of them.

    `changes` sets what is assumed where the files say nothing: a name of `making_parameters()` and its value.

    Raises:
        StudyError: everything that is wrong in any of the files, or a place that already holds something.
    """
    refuse_occupied(into)
    changed = _checked_changes(changes or {})
    assumptions = {n.removeprefix("import."): v for n, v in changed.items()}
    found = import_files(files, as_of=_day(as_of), today=today, assumptions=assumptions)
    facts = StudyFacts(**({**found.settings} | ({"name": name} if name else {})))
    study = Study(
        facts,
        Settings.defaults().change(facts.parameters, "study", "study.yaml"),
        MappingProxyType(dict(found.tables)),
        found.assumed[["table", "column", "value", "rows", "reason"]],
        MappingProxyType({}),
        tuple(Problem("import", str(w).rstrip("."), "See assumptions.csv", severe=False) for w in found.warnings),
    )
    noted = study.warnings
    study = checked(with_room(study, changed.get("import.room", default_of("import.room"))))
    given = tuple(Assumed(table=GIVEN, column=n, value=f"{v:g}", reason="given on import") for n, v in changed.items())
    told = given + tuple(Assumed(**{str(k): v for k, v in row.items()}) for row in study.assumed.to_dict("records"))
    write_study(replace(study, facts=study.facts.model_copy(update={"assumed": told})), into)
    return Study(
        study.facts, study.settings, study.tables, study.assumed, study.scenarios, (*noted, *study.warnings), into
    )


def with_room(study: Study, room: float = default_of("import.room")) -> Study:
    """Assumed appropriations raised to the outlook and a little more, where they were lower.

    A ledger holds no appropriations of coming years. Grown from the last one they can fall below what it costs to
    continue; no plan could then exist, for a reason that nobody decided.
    """
    outlook = outlook_of(study)
    table = study.table("appropriations")
    if outlook is None or not table["status"].eq("forecast").any():
        return study
    expected = outlook.lines.groupby(["fund", "period"])["mean"].sum() * (1 + room)
    wanted = expected.reindex(pd.MultiIndex.from_frame(table[["fund", "fiscal_year"]])).fillna(0.0).to_numpy().round(2)
    low = table["status"].eq("forecast") & table["agency"].eq("") & table["amount"].lt(wanted)
    low &= table.index.isin(prevailing(table).index)
    if not low.any():
        return study
    reason = f"the outlook's mean and {room:.0%} room for moving, where the grown appropriation is below it"
    noted = pd.DataFrame(
        [("appropriations", "amount", "raised to the outlook", int(low.sum()), reason)],
        columns=["table", "column", "value", "rows", "reason"],
    )
    return replace(
        study.with_table("appropriations", table.assign(amount=table["amount"].mask(low, wanted))),
        assumed=pd.concat([study.assumed, noted], ignore_index=True),
    )


def read_spending_table(
    source: Path,
    *,
    amount: str | None = None,
    period: str = "period",
    keys: Sequence[str] | None = None,
    freq: str | None = None,
) -> pd.DataFrame:
    """Spending as the forecaster takes it, from a study or from any long table; see `forecast.read_spending`."""
    if source.is_dir() or (source.suffix == ".xlsx" and source.exists() and "study" in read_sheets(source)):
        study = read_study(source)
        spending = history_of(study, year_end_of(study))
        if spending.empty:
            raise StudyError([Problem("tables/spending.csv", "holds no history", "Add at least one fiscal year")])
        return spending
    if not source.exists():
        raise StudyError([Problem(str(source), "does not exist", "Name a table or a study")])
    table = forecast.read_spending(source, amount, period=period, keys=keys, freq=freq)
    known = [c for c in table if c not in (*LINE_KEYS, "period", "amount")]
    return table[[*(k for k in LINE_KEYS if k in table), *known, "period", "amount"]]


def _checked_changes(changes: Mapping[str, float]) -> dict[str, float]:
    known = making_parameters()
    problems = [unknown_name(n, known, "--set", "parameter of an import") for n in changes if n not in known]
    for name, value in changes.items():
        problems += known[name].read(value, "--set")[1] if name in known else []
    if problems:
        raise StudyError(problems, "The import cannot start")
    return dict(changes)


def _day(text: str | None) -> datetime.date | None:
    if text is None:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise StudyError([Problem("--as-of", "is not a date", "Write a date as YYYY-MM-DD", value=text)]) from None
