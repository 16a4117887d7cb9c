"""Files of any kind, together, as the tables of one study; what they do not say is assumed, and said so."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from optimizer import funds
from scenarios.calendar import FiscalCalendar
from scenarios.intake.assumptions import Assumptions, Filled, assumed_frame, by_value
from scenarios.intake.errors import IntakeError, Problem
from scenarios.intake.ledger import (
    LINE,
    Ledger,
    assumed_appropriations,
    is_ledger,
    nearly_ledger,
    pooled_growth,
    read_ledger,
)
from scenarios.intake.rvtools import Estate, read_rvtools
from scenarios.intake.sheets import Sheet, distinct, open_file
from scenarios.intake.sniff import Kind, files_of, kind_of
from scenarios.intake.workbook import Tables, read_tables
from scenarios.tables import TABLES

FUNDS = 4
"""Most funds that a split assumed for a server names."""


@dataclass(frozen=True)
class Imported:
    """A study made from files."""

    tables: Mapping[str, pd.DataFrame]
    """Every table of `scenarios.tables`, typed, with all of its columns."""
    settings: Mapping[str, Any]
    """For study.yaml: `name as_of fiscal_year_start base_year horizon period currency about`."""
    assumed: pd.DataFrame
    """What was filled in: `file table row column value rows reason`; `row` is blank where a rule filled `rows` rows."""
    warnings: tuple[str, ...]

    @property
    def sources(self) -> dict[str, str]:
        """`table.column` -> the reasons given for it, for study.yaml."""
        keys = self.assumed["table"] + "." + self.assumed["column"]
        said = self.assumed["reason"].groupby(keys, sort=False)
        return {str(key): "; ".join(dict.fromkeys(reasons)) for key, reasons in said}


@dataclass(frozen=True)
class _Found:
    """What the files hold, each read for itself."""

    estates: tuple[Estate, ...]
    ledgers: tuple[Ledger, ...]
    tables: tuple[Tables, ...]
    assumed: list[Filled]
    warnings: list[str]


def import_files(
    paths: Iterable[Path | str],
    *,
    as_of: datetime.date | None = None,
    today: datetime.date | None = None,
    assumptions: Mapping[str, float | str] | None = None,
) -> Imported:
    """Reads files of any kind the intake knows and makes one study of them.

    Args:
        paths: files, or folders of CSV files.
        as_of: the day from which the plan looks ahead; by default the first after the last fiscal year with spending;
            of a file of appropriations alone, the first of its last year; without a ledger, the first day of the
            fiscal year after today's.
        today: what counts as today; by default the day on which this runs.
        assumptions: what differs from `scenarios.intake.assumptions.Assumptions`, by name; a coefficient of the
            cost model as `cost_model.labour_rate`.

    Raises:
        IntakeError: everything that is wrong in any of the files, at once.
    """
    chosen = Assumptions.of(assumptions)
    now = today or datetime.date.today()
    groups = _groups([Path(p) for p in paths])
    found = _read(groups, int(chosen.fiscal_year_start))
    stated = {k: v for t in found.tables for k, v in t.settings.items()}
    start = int(stated.get("fiscal_year_start", chosen.fiscal_year_start))
    filled, notes = found.assumed, found.warnings
    own = _own_tables(found.tables)
    spending = _spending(found.ledgers, own)
    day = _as_of(as_of or stated.get("as_of"), spending, found.ledgers, now, start, filled)
    years = _years(day, start, int(stated.get("horizon", chosen.horizon)))
    home = _home(spending, found.ledgers, chosen)
    systems = _systems(found.estates, own, home, spending, day, chosen, filled, notes)
    tables = {
        "systems": systems,
        "dependencies": own.get("dependencies", TABLES["dependencies"].blank()),
        "sites": _sites(found.estates, own, home, filled, notes),
        "appropriations": _appropriations(found.ledgers, own, spending, systems, years, chosen, filled),
        "spending": spending,
        "months": own.get("months", TABLES["months"].blank()),
        "overrides": own.get("overrides", TABLES["overrides"].blank()),
        "capacity": _capacity(own, systems, years, chosen, filled),
    }
    settings = {
        "name": chosen.name,
        "as_of": day.date(),
        "fiscal_year_start": start,
        "base_year": years[0],
        "horizon": len(years),
        "period": "quarter",
        "currency": "USD",
        "about": f"Imported from {', '.join(_names(groups))}; what the files do not say is assumed",
    }
    settings |= {k: v for k, v in stated.items() if k != "as_of"}
    typed = {name: _typed(name, frame) for name, frame in tables.items()}
    return Imported(typed, settings, assumed_frame(filled), tuple(dict.fromkeys(notes)))


def _groups(paths: Sequence[Path]) -> list[tuple[Kind, list[Sheet]]]:
    """The tables of each file, CSV files of one RVTools export together. Every file that cannot be used is named."""
    if not paths:
        raise IntakeError(
            "No file to read in. Name one or more: an RVTools export, a ledger, a workbook of study tables"
        )
    problems: list[Problem] = []
    groups: dict[str, tuple[Kind, list[Sheet]]] = {}
    seen: dict[str, str] = {}
    for path in [p for given in paths for p in files_of(given)]:
        try:
            sheets = open_file(path)
            kind = kind_of(sheets, path.name)
        except IntakeError as error:
            problems += error.problems
            continue
        mark = hashlib.sha256(path.read_bytes()).hexdigest()
        if mark in seen:
            problems.append(Problem(path.name, f"holds the same as {seen[mark]}", "Give each file once"))
        seen[mark] = path.name
        exported_apart = kind == "rvtools" and not sheets[0].name
        place = f"{path.parent.resolve()} rvtools" if exported_apart else str(path.resolve())
        groups.setdefault(place, (kind, []))[1].extend(sheets)
    if problems:
        raise IntakeError(problems)
    return list(groups.values())


def _names(groups: Sequence[tuple[Kind, list[Sheet]]]) -> list[str]:
    return list(dict.fromkeys(s.file.partition("[")[0] for _, sheets in groups for s in sheets))


def _read(groups: Sequence[tuple[Kind, list[Sheet]]], start: int) -> _Found:
    """Each file read for itself; the problems of all of them at once."""
    problems: list[Problem] = []
    estates: list[Estate] = []
    ledgers: list[Ledger] = []
    tables: list[Tables] = []
    notes: list[str] = []
    for kind, sheets in groups:
        try:
            if kind == "ledger":
                ledgers += _ledgers(sheets, start, notes)
            elif kind == "workbook":
                tables.append(read_tables(sheets))
            else:
                estates.append(read_rvtools(sheets))
        except IntakeError as error:
            problems += error.problems
    if problems:
        raise IntakeError(problems)
    notes += [note for estate in estates for note in estate.warnings]
    notes += [note for ledger in ledgers for note in ledger.warnings]
    parts: tuple[Estate | Ledger | Tables, ...] = (*estates, *ledgers, *tables)
    return _Found(tuple(estates), tuple(ledgers), tuple(tables), [f for p in parts for f in p.assumed], notes)


def _ledgers(sheets: Sequence[Sheet], start: int, notes: list[str]) -> list[Ledger]:
    """The tabs of a file that are ledgers; of a file with none, the error that says what it lacks."""
    usable = [s for s in sheets if s.find(is_ledger) is not None]
    if not usable:
        return [read_ledger(next(s for s in sheets if s.find(nearly_ledger) is not None), start)]
    notes += [f"{s.file}: not read, it is no ledger." for s in sheets if s.cells and s not in usable]
    found: list[Ledger] = []
    problems: list[Problem] = []
    for sheet in usable:
        try:
            found.append(read_ledger(sheet, start))
        except IntakeError as error:
            problems += error.problems
    if problems:
        raise IntakeError(problems)
    return found


def _own_tables(tables: Sequence[Tables]) -> dict[str, pd.DataFrame]:
    """The tables of own workbooks, those of the same name below each other."""
    names = dict.fromkeys(n for t in tables for n in t.tables)
    return {n: pd.concat([t.tables[n] for t in tables if n in t.tables], ignore_index=True) for n in names}


def _spending(ledgers: Sequence[Ledger], own: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The history of all files, added up by line and year."""
    parts = [ledger.spending for ledger in ledgers if len(ledger.spending)]
    if "spending" in own:
        parts.append(own["spending"])
    if not parts:
        return TABLES["spending"].blank()
    amounts = ["appropriated", "expended", "encumbered"]
    return pd.concat(parts).groupby(["period", *LINE], as_index=False)[amounts].sum(min_count=1).round(2)


def _as_of(
    given: object,
    spending: pd.DataFrame,
    ledgers: Sequence[Ledger],
    today: datetime.date,
    start: int,
    filled: list[Filled],
) -> pd.Timestamp:
    """The day from which the plan looks ahead."""
    if given is not None:
        return pd.Timestamp(str(given))
    enacted = [int(ledger.enacted["fiscal_year"].max()) for ledger in ledgers if len(ledger.enacted)]
    if not len(spending) and enacted:
        last, why = max(enacted) - 1, "no history: the first day of the last fiscal year with an appropriation"
    elif len(spending):
        last, why = int(spending["period"].max()), "the first day after the last fiscal year with spending"
    else:
        last = FiscalCalendar(start).year_of(pd.Timestamp(today))
        why = "no ledger: the first day of the fiscal year after today's"
    day = pd.Timestamp(last + (start == 1), start, 1)
    filled.append(Filled("", "study", "as_of", f"{day:%Y-%m-%d}", 1, why))
    return day


def _years(day: pd.Timestamp, start: int, horizon: int) -> range:
    first = FiscalCalendar(start).year_of(day)
    return range(first, first + horizon)


@dataclass(frozen=True)
class _Home:
    """To whom servers belong when no file says so."""

    agency: str
    fund: str
    line: str
    agency_why: str
    fund_why: str
    line_why: str


def _home(spending: pd.DataFrame, ledgers: Sequence[Ledger], chosen: Assumptions) -> _Home:
    """The agency with the largest technology spending in the last year, its funds and its largest line."""
    if spending.empty:
        agency = chosen.agency or chosen.agency_without_ledger
        why = "no ledger: everything belongs to one agency, paid from one fund"
        return _Home(agency, chosen.fund or chosen.fund_without_ledger, "", why, why, why)
    last = int(spending["period"].max())
    latest = spending[spending["period"].eq(last)]
    technology = [led.technology for led in ledgers if led.technology["period"].eq(last).any()]
    named = pd.concat(technology) if technology else latest.rename(columns={"expended": "amount"})
    what = "technology spending" if technology else "spending"
    totals = named[named["period"].eq(last)].groupby("agency")["amount"].sum()
    agency = chosen.agency or str(totals.idxmax())
    why = f"the agency with the largest {what} in FY{last}; an inventory names no owner"
    mine = latest[latest["agency"].eq(agency)]
    if mine.empty or not mine["expended"].gt(0).any():
        known = ", ".join(sorted(latest["agency"].unique())[:10])
        rule = f"Name an agency that spent in FY{last}, such as {known}"
        raise IntakeError([Problem("assumptions", f"has no spending in FY{last}", rule, column="agency", value=agency)])
    if chosen.agency:
        why = "as asked for"
    line = mine.iloc[int(mine["expended"].argmax())]
    fund_why = f"as {agency} paid in FY{last}, the {FUNDS} largest funds" if not chosen.fund else "as asked for"
    return _Home(
        agency,
        chosen.fund or _split(mine.groupby("fund")["expended"].sum()),
        "/".join(str(line[k]) for k in LINE),
        why,
        fund_why,
        f"the largest line of {agency} in FY{last}",
    )


def _split(spent: pd.Series) -> str:
    """Amounts by fund as a split of whole percents that add up to 1: the largest funds, the rest left out."""
    top = spent[spent.gt(0)].nlargest(FUNDS)
    exact = top / top.sum() * 100
    whole = exact.astype(int)
    short = 100 - int(whole.sum())
    whole[(exact - whole).nlargest(short).index] += 1
    whole = whole[whole.gt(0)]
    if len(whole) == 1:
        return str(whole.index[0])
    return "|".join(f"{fund}:{share / 100:.2f}" for fund, share in whole.items())


def _systems(
    estates: Sequence[Estate],
    own: Mapping[str, pd.DataFrame],
    home: _Home,
    spending: pd.DataFrame,
    day: pd.Timestamp,
    chosen: Assumptions,
    filled: list[Filled],
    notes: list[str],
) -> pd.DataFrame:
    """The systems of all files: of own workbooks as they are, of inventories with what these lack filled in."""
    parts = [_owned(estate, home, day, chosen, filled) for estate in estates]
    if "systems" in own:
        parts.insert(0, own["systems"])
    if not parts:
        notes.append("No file lists systems: add an inventory, or the table systems, before planning.")
        return TABLES["systems"].blank()
    systems = pd.concat(parts, ignore_index=True)
    systems["system"] = distinct(systems["system"])
    _note_line(systems, home, spending, notes)
    return systems


def _owned(estate: Estate, home: _Home, day: pd.Timestamp, chosen: Assumptions, filled: list[Filled]) -> pd.DataFrame:
    """An estate with owner, fund, run cost and risk, none of which an inventory tells."""
    systems, file, rows = estate.systems, estate.file, len(estate.systems)
    cost = chosen.cost_model.run_cost(systems)["annual_run_cost"].round(2)
    ends = systems["end_of_support"]
    risk = pd.Series(30.0, index=systems.index).mask(ends.isna(), 50.0).mask(ends.lt(day), 80.0)
    why = "modelled from vCPUs, memory, storage, operating system and use (scenarios.cost_model), not measured"
    filled += [
        Filled(file, "systems", "agency", home.agency, rows, home.agency_why),
        Filled(file, "systems", "fund", home.fund, rows, home.fund_why),
        Filled(file, "systems", "spending_line", home.line, rows, home.line_why),
        Filled(file, "systems", "side", "legacy", rows, "everything in an inventory of virtual machines counts as old"),
        Filled(file, "systems", "annual_run_cost", f"{cost.min():,.0f} to {cost.max():,.0f}", rows, why),
        *by_value(file, "systems", "risk", risk, f"80 past end of support on {day:%Y-%m-%d}, 30 before, 50 unknown"),
    ]
    return systems.assign(
        agency=home.agency,
        fund=home.fund,
        spending_line=home.line,
        side="legacy",
        annual_run_cost=cost,
        risk=risk,
    )


def _note_line(systems: pd.DataFrame, home: _Home, spending: pd.DataFrame, notes: list[str]) -> None:
    """Says when servers cost more than the line that is to pay for them."""
    mine = systems[systems["spending_line"].eq(home.line)] if home.line else systems.iloc[:0]
    if mine.empty:
        return
    last = int(spending["period"].max())
    line = (spending[k].eq(part) for k, part in zip(LINE, home.line.split("/"), strict=True))
    here = spending["period"].eq(last)
    for match in line:
        here &= match
    paid, cost = float(spending.loc[here, "expended"].sum()), float((mine["annual_run_cost"] * mine["units"]).sum())
    if cost > paid:
        notes.append(
            f"The systems on {home.line} are modelled at ${cost:,.0f} a year, the line spent ${paid:,.0f} in FY{last}: "
            "lower the cost model, or name another line."
        )


def _sites(
    estates: Sequence[Estate], own: Mapping[str, pd.DataFrame], home: _Home, filled: list[Filled], notes: list[str]
) -> pd.DataFrame:
    """The sites of all files. Nobody knows what those of an inventory cost, so they cost nothing and stay."""
    parts = [own["sites"]] if "sites" in own else []
    known = set(own["sites"]["site"]) if "sites" in own else set()
    for estate in estates:
        again = sorted(known & set(estate.sites["site"]))
        if again:
            notes.append(
                f"{estate.file}: the sites {', '.join(again)} are also in another file and taken for the same."
            )
        new = estate.sites[~estate.sites["site"].isin(known)]
        known |= set(new["site"])
        if new.empty:
            continue
        parts.append(new.assign(fund=home.fund, annual_fixed_cost=0.0, keep=True))
        file, rows = estate.file, len(new)
        filled += [
            Filled(file, "sites", "annual_fixed_cost", "0", rows, "unknown: savings from closing a site are left out"),
            Filled(file, "sites", "keep", "true", rows, "unknown what a closure would save, so none is planned"),
            Filled(file, "sites", "closure_cost", "0", rows, "no site is closed"),
            Filled(file, "sites", "capacity", "0", rows, "unknown: nothing relocates there"),
            Filled(file, "sites", "fund", home.fund, rows, "the same as its servers'"),
        ]
    return pd.concat(parts, ignore_index=True) if parts else TABLES["sites"].blank()


def _appropriations(
    ledgers: Sequence[Ledger],
    own: Mapping[str, pd.DataFrame],
    spending: pd.DataFrame,
    systems: pd.DataFrame,
    years: range,
    chosen: Assumptions,
    filled: list[Filled],
) -> pd.DataFrame:
    """What may be spent in the plan's years: as given, else assumed from the ledger, else from today's run cost."""
    if "appropriations" in own:
        return own["appropriations"]
    given = [ledger.enacted for ledger in ledgers if len(ledger.enacted)]
    enacted: pd.DataFrame | None = None
    if given:
        enacted = pd.concat(given).groupby(["fund", "fiscal_year"], as_index=False)[["amount"]].sum()
    if spending.empty and enacted is None:
        return _from_run_cost(systems, years, chosen, filled)
    limits = {"floor": chosen.growth_floor, "ceiling": chosen.growth_ceiling}
    history = spending
    if spending.empty and enacted is not None:
        first = enacted[enacted["fiscal_year"].eq(enacted["fiscal_year"].max())]
        history = pd.DataFrame(
            {"period": first["fiscal_year"], "fund": first["fund"], "appropriated": first["amount"], "expended": 0.0}
        )
    money = assumed_appropriations(history, years, enacted, **limits)
    amount = "appropriated" if history["appropriated"].gt(0).any() else "expended"
    growth, last = pooled_growth(history, amount, **limits), int(history["period"].max())
    told = "last appropriation" if amount == "appropriated" else "last spending (the files tell no appropriation)"
    why = (
        f"the {told} of each fund (FY{last}) grown by {growth:.2%} a year: the median over years of the growth of all "
        f"funds together, held within {chosen.growth_floor:.0%} and {chosen.growth_ceiling:.0%}"
    )
    assumed = money["status"].eq("forecast")
    filled.append(Filled("", "appropriations", "amount", f"grown by {growth:.4f}", int(assumed.sum()), why))
    filled += _money_defaults(len(money))
    return money


def _from_run_cost(systems: pd.DataFrame, years: range, chosen: Assumptions, filled: list[Filled]) -> pd.DataFrame:
    """Without any word about money: today's run cost by fund, with a margin, growing."""
    if systems.empty:
        return TABLES["appropriations"].blank()
    cost = systems["annual_run_cost"] * systems["units"]
    by_fund: dict[str, float] = {}
    for split, total in cost.groupby(systems["fund"]).sum().items():
        for fund, share in funds.parse(str(split)).items():
            by_fund[fund] = by_fund.get(fund, 0.0) + float(total) * share
    margin, growth = 1 + chosen.appropriation_margin, 1 + chosen.appropriation_growth
    rows = [
        (fund, year, round(total * margin * growth ** (year - years[0]), 2), "any", "forecast")
        for fund, total in sorted(by_fund.items())
        for year in years
    ]
    why = f"no ledger: the modelled run cost of its systems x {margin:g}, growing by {growth - 1:.1%} a year"
    filled.append(Filled("", "appropriations", "amount", f"run cost x {margin:g}", len(rows), why))
    filled += _money_defaults(len(rows))
    return pd.DataFrame(rows, columns=["fund", "fiscal_year", "amount", "purpose", "status"])


def _money_defaults(rows: int) -> list[Filled]:
    return [
        Filled("", "appropriations", "purpose", "any", rows, "a ledger does not say what may be bought"),
        Filled("", "appropriations", "carry_forward", "0", rows, "what is not spent lapses, as in most states"),
        Filled("", "appropriations", "opening_balance", "0", rows, "nothing known"),
        Filled("", "appropriations", "transfer_limit", "0", rows, "nothing known"),
    ]


def _capacity(
    own: Mapping[str, pd.DataFrame], systems: pd.DataFrame, years: range, chosen: Assumptions, filled: list[Filled]
) -> pd.DataFrame:
    """Hours of work, so that a stated share of the estate could move in a year."""
    if "capacity" in own:
        return own["capacity"]
    if systems.empty:
        return TABLES["capacity"].blank()
    units = int(systems["units"].sum())
    per_unit = {"application": chosen.application_hours, "migration": chosen.migration_hours}
    hours = {skill: round(units * chosen.moved_per_year * each) for skill, each in per_unit.items()}
    filled += [
        Filled(
            "",
            "capacity",
            "hours",
            str(total),
            len(years),
            f"{skill}: {per_unit[skill]:g} hours a unit for {chosen.moved_per_year:.0%} of {units} units a year",
        )
        for skill, total in hours.items()
    ]
    rows = [(skill, year, float(total)) for skill, total in hours.items() for year in years]
    return pd.DataFrame(rows, columns=["skill", "fiscal_year", "hours"])


def _typed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A table with every column that is declared, each as declared, checked as if read from a file."""
    table = TABLES[name]
    text = pd.DataFrame({c: _as_text(frame[c]) for c in table.names if c in frame}, dtype=str)
    typed, problems, _ = table.read(text.reset_index(drop=True), f"{name} (imported)")
    if problems:
        raise IntakeError(problems)
    return typed


def _as_text(column: pd.Series) -> pd.Series:
    """Values as a CSV file holds them."""
    if pd.api.types.is_datetime64_any_dtype(column):
        days: pd.Series = column.dt.strftime("%Y-%m-%d").fillna("")
        return days
    if pd.api.types.is_bool_dtype(column):
        return column.map({True: "true", False: "false"}).astype(str)
    return column.astype(object).where(column.notna(), "").astype(str)
