"""Ledgers: what was appropriated and spent, by year, agency and fund, in the many shapes that states publish.

Columns are matched by alias. Years may stand in a column or inside headers (`FY2021 Actual`, `2017 Budget`, `Enacted
Appropriations 2015-16`); a fiscal year is named for the year in which it ends. Codes are the keys where there are any,
and names (which change over time) only label them: the latest name of a code is used for all years. A file, or a year,
that tells an appropriation and no spending is not history: it becomes an enacted appropriation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from scenarios.calendar import FiscalCalendar
from scenarios.intake.assumptions import Filled
from scenarios.intake.errors import IntakeError, Problem, faults
from scenarios.intake.sheets import Sheet, numbers, slug, text

KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "year": ("fiscal year", "fy", "budget year", "fiscal yr", "budget fiscal year", "year", "period", "bfy"),
        "date": ("payment date", "transaction month", "payment issue date", "transaction date", "purchase order date"),
        "agency_code": ("agency", "agency code", "agency id", "agency number", "department id", "dept id", "dept code"),
        "agency_name": (
            "agency name",
            "department description",
            "department name",
            "department",
            "dept name",
            "dept",
            "agency description",
        ),
        "fund_code": ("fund", "fund code", "fund id", "fund number", "fund no"),
        "fund_name": ("fund name", "fund description", "fund title"),
        "program_code": ("appr org", "program code", "org", "org code", "organization code", "division code"),
        "program_name": ("program name", "program", "org name", "organization", "division name", "division", "bureau"),
        "line_code": ("obj seq type", "ali", "appropriation code", "reference number", "line item code"),
        "line_name": (
            "appropriation name",
            "appropriation line item and name",
            "appropriation line item",
            "line item name",
            "line item",
            "appropriation title",
        ),
        "category_code": ("object", "object code", "account", "account code", "expense code"),
        "category_name": (
            "object name",
            "object description",
            "category",
            "appropriation category",
            "expense category",
            "expense type",
            "account category",
            "account name",
            "character",
        ),
    }
)
"""What a row is keyed by, and the headers under which it is found, as `header_key` writes them; the first counts."""

AMOUNTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "appropriated": (
            "appropriated",
            "appropriation",
            "appropriations",
            "enacted appropriations",
            "enacted appropriation",
            "original budget",
            "original appropriation",
            "adopted budget",
            "enacted budget",
            "enacted",
            "budget",
            "appropriation amount",
        ),
        "revised": (
            "revised",
            "final budget",
            "revised budget",
            "amended budget",
            "current budget",
            "adjusted appropriation",
            "appropriations available",
            "appropriations recommended",
        ),
        "expended": (
            "expended",
            "expenditure",
            "expenditures",
            "actual",
            "actuals",
            "actual expenditures",
            "ytd expenditures",
            "amount spent",
            "spent",
            "vouchers paid",
            "payment amount",
            "amount",
            "",
        ),
        "encumbered": ("encumbered", "encumbrances", "encumbrance"),
    }
)
"""What is added up; `revised` stands in for `appropriated` where there is none; a bare year means `expended`."""

LINE = ("agency", "program", "fund", "category")
"""The keys of a spending line."""

_YEAR = re.compile(r"(?:fy ?)?((?:19|20)\d\d)(?: ?(?:to|/)? ?((?:19|20)?\d\d))?(?!\d)|fy ?(\d\d)(?!\d)")
_DAY = re.compile(r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4}")
_TOTAL = r"(?i)\s*(?:grand|sub)?[\s-]*totals?\s*:?\s*"
_TECHNOLOGY = (
    r"(?i)information tech|info(?:rmation)? system|data process|\bedp\b|telecom|technolog"
    r"|computer|network|software|cyber"
)
_REMEDY = MappingProxyType(
    {
        "year": "Add a column fiscal_year, or years in the headers such as FY2021 Actual",
        "agency": "Add a column agency (a code or a name)",
        "amount": "Add a column expended, or appropriated for a file of appropriations",
    }
)


@dataclass(frozen=True)
class Ledger:
    """What one file tells about money."""

    file: str
    spending: pd.DataFrame
    """History: `period agency program fund category appropriated expended encumbered`, one row a line and year."""
    enacted: pd.DataFrame
    """Years that have an appropriation and no spending yet: `fund fiscal_year amount`."""
    technology: pd.DataFrame
    """Spending of which a name says that it is for technology: `period agency amount`."""
    assumed: tuple[Filled, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Shape:
    """Where in a header row everything stands."""

    keys: Mapping[str, int]
    amounts: Sequence[tuple[str, int | None, int]]
    """Measure, fiscal year inside the header, position."""

    @property
    def lacking(self) -> list[str]:
        found = []
        if not ({"year", "date"} & set(self.keys) or any(year for _, year, _ in self.amounts)):
            found.append("year")
        if not {"agency_code", "agency_name"} & set(self.keys):
            found.append("agency")
        if not {"appropriated", "revised", "expended"} & {m for m, _, _ in self.amounts}:
            found.append("amount")
        return found


def header_key(header: str) -> str:
    """A header as it is compared: lower case, words of letters and digits with one space between."""
    return " ".join(re.findall(r"[a-z0-9%#/.]+", header.lower().replace("_", " ").replace("-", " ")))


def is_ledger(headers: Sequence[str]) -> bool:
    """Whether a row of headers is one of a ledger that can be read."""
    return not _shape(headers).lacking


def nearly_ledger(headers: Sequence[str]) -> bool:
    """Whether a row of headers has an amount, or an agency and a fund, of a ledger: enough to say what is missing."""
    shape = _shape(headers)
    return len([h for h in headers if h]) >= 3 and len(shape.lacking) <= 1


def read_ledger(sheet: Sheet, fiscal_year_start: int = 7) -> Ledger:
    """Reads one table of amounts.

    Args:
        sheet: the table.
        fiscal_year_start: month in which fiscal years start, for files that tell dates.

    Raises:
        IntakeError: everything that is wrong in it, at once.
    """
    at = sheet.find(is_ledger)
    if at is None:
        at = sheet.find(nearly_ledger) or 0
        shape = _shape(sheet.header(at))
        lacking, year = shape.lacking, _title_year(sheet, at)
        if lacking == ["year"] and year is not None:
            dated = _Shape(shape.keys, [(m, year, p) for m, _, p in shape.amounts])
            found = _read(sheet, at, dated, fiscal_year_start)
            note = Filled(sheet.file, "spending", "period", str(year), len(found.spending), "the year in the title")
            return replace(found, assumed=(*found.assumed, note))
        said = {"year": "fiscal_year", "agency": "agency", "amount": "expended"}
        raise IntakeError(
            [Problem(sheet.file, "is missing", _REMEDY[w], row=sheet.lines[at], column=said[w]) for w in lacking]
        )
    return _read(sheet, at, _shape(sheet.header(at)), fiscal_year_start)


def pooled_growth(spending: pd.DataFrame, amount: str = "appropriated", *, floor: float, ceiling: float) -> float:
    """Yearly growth of what funds are given: the median over years of the growth of all funds that both years have.

    Args:
        spending: `period fund` and the amount.
        amount: column that is compared.
        floor: lowest growth returned, 1/year.
        ceiling: highest growth returned, 1/year.
    """
    totals = spending.pivot_table(index="period", columns="fund", values=amount, aggfunc="sum").sort_index()
    totals = totals.where(totals.gt(0))
    before, after = totals.shift(1), totals
    both = before.notna() & after.notna()
    base = before.where(both).sum(axis=1)
    growth = (after.where(both).sum(axis=1) / base.where(base.gt(0)) - 1).dropna()
    return float(np.clip(growth.median(), floor, ceiling)) if len(growth) else 0.0


def assumed_appropriations(
    spending: pd.DataFrame,
    years: range,
    enacted: pd.DataFrame | None = None,
    *,
    floor: float = -0.05,
    ceiling: float = 0.08,
) -> pd.DataFrame:
    """Appropriations for years that a ledger does not know: the last year's of each fund, grown alike.

    Args:
        spending: history, as `Ledger.spending`.
        years: fiscal years wanted.
        enacted: what is known of them, as `Ledger.enacted`; taken as it is, and grown from.
        floor: see `pooled_growth`.
        ceiling: see `pooled_growth`.

    Returns:
        `fund fiscal_year amount purpose status`, one row per fund and year; status `enacted` where it was given and
        `forecast` where it is assumed. Where a fund's history tells no appropriation, its spending stands in.
    """
    last = int(spending["period"].max())
    amount = "appropriated" if spending["appropriated"].gt(0).any() else "expended"
    growth = pooled_growth(spending, amount, floor=floor, ceiling=ceiling)
    totals = spending[spending["period"].eq(last)].groupby("fund")[["appropriated", "expended"]].sum()
    base = totals["appropriated"].where(totals["appropriated"].gt(0), totals["expended"])
    known = {} if enacted is None else {(str(f), int(y)): float(a) for f, y, a in enacted.itertuples(index=False)}
    rows = []
    for fund in sorted({*base[base.gt(0)].index, *(f for f, _ in known)}):
        level, since = float(base.get(fund, 0.0)), last
        for year in range(min(last + 1, years.start), years.stop):
            if (fund, year) in known:
                level, since = known[fund, year], year
            if year in years:
                status = "enacted" if since == year else "forecast"
                rows.append((fund, year, round(level * (1 + growth) ** (year - since), 2), "any", status))
    return pd.DataFrame(rows, columns=["fund", "fiscal_year", "amount", "purpose", "status"])


def _shape(headers: Sequence[str]) -> _Shape:
    keys = [header_key(h) for h in headers]
    found = {
        w: p for w, names in KEYS.items() if (p := next((keys.index(n) for n in names if n in keys), None)) is not None
    }
    amounts: list[tuple[str, int | None, int]] = []
    for place, (header, key) in enumerate(zip(headers, keys, strict=True)):
        if not key or place in found.values() or _DAY.search(header):
            continue
        year, rest = _year_in(key)
        measure = next((m for m, names in AMOUNTS.items() if rest in names), None)
        if measure is None or (rest == "" and year is None):
            continue
        if not any(m == measure and y == year for m, y, _ in amounts):
            amounts.append((measure, year, place))
    return _Shape(MappingProxyType(found), tuple(amounts))


def _year_in(key: str) -> tuple[int | None, str]:
    """The fiscal year inside a header or a cell, and the words around it."""
    match = _YEAR.search(key)
    if not match:
        return None, key
    rest = " ".join((key[: match.start()] + " " + key[match.end() :]).replace(" fy", " ").split())
    first, second, short = match.groups()
    if short:
        return _century(int(short)), rest
    if second:
        end = int(second) if len(second) == 4 else int(first) // 100 * 100 + int(second)
        end += 100 if end < int(first) else 0
        if end - int(first) == 1:
            return end, rest
        return None, key
    return int(first), rest


def _title_year(sheet: Sheet, at: int) -> int | None:
    """The one fiscal year that the lines above the column names speak of."""
    cells = [header_key(text(c)) for row in sheet.cells[:at] for c in row]
    years = {year for cell in cells if (year := _year_in(cell)[0]) is not None}
    return years.pop() if len(years) == 1 else None


def _century(short: int) -> int:
    return 2000 + short if short < 70 else 1900 + short


def _read(sheet: Sheet, at: int, shape: _Shape, fiscal_year_start: int) -> Ledger:
    headers = sheet.header(at)
    places = [*shape.keys.values(), *(p for _, _, p in shape.amounts)]
    raw = sheet.frame(at, places)
    keys = raw.iloc[:, : len(shape.keys)].set_axis(list(shape.keys), axis=1)
    problems = sheet.ragged(at)
    notes: list[str] = []
    keys, raw = _without_totals(keys, raw, sheet.file, notes)
    if keys.empty:
        raise IntakeError([Problem(sheet.file, "has column names and no rows", "Export it with its rows"), *problems])
    years, wrong = _years(keys, shape, headers, sheet.file, fiscal_year_start, notes)
    problems += wrong
    who = "agency_code" if "agency_code" in keys else "agency_name"
    blank = keys[who].eq("")
    said = headers[shape.keys[who]]
    problems += faults(sheet.file, said, keys.loc[blank, who], "is blank", "Write the agency of this amount")
    filled: list[Filled] = []
    parts = []
    for i, (measure, year, place) in enumerate(shape.amounts):
        cells = raw.iloc[:, len(shape.keys) + i]
        values, bad = numbers(cells)
        rule = "Write a plain amount such as 1234.50, or leave it blank for 0"
        problems += faults(sheet.file, headers[place], cells[bad], "is not a number", rule)
        _note_blanks(cells, values, bad, headers[place], measure, sheet.file, filled)
        period = years if year is None else pd.Series(year, index=keys.index)
        parts.append(pd.DataFrame({"period": period, "measure": measure, "amount": values.fillna(0.0)}))
    if problems:
        raise IntakeError(problems)
    return _ledger(keys, parts, shape, headers, sheet.file, filled, notes)


def _note_blanks(
    cells: pd.Series, values: pd.Series, bad: pd.Series, header: str, measure: str, file: str, filled: list[Filled]
) -> None:
    blank = int((values.isna() & ~bad).sum())
    if blank:
        column = "appropriated" if measure == "revised" else measure
        filled.append(Filled(file, "spending", column, "0", blank, f"blank in the column {header}"))


def _without_totals(
    keys: pd.DataFrame, raw: pd.DataFrame, file: str, notes: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leaves out rows that add up others, which would count them twice."""
    total = pd.Series(False, index=keys.index)
    for column in keys:
        total |= keys[column].str.fullmatch(_TOTAL)
    if total.any():
        notes.append(f"{file}: {int(total.sum())} rows of totals left out, which would count amounts twice.")
    return keys[~total], raw[~total]


def _years(
    keys: pd.DataFrame, shape: _Shape, headers: Sequence[str], file: str, start: int, notes: list[str]
) -> tuple[pd.Series, list[Problem]]:
    """The fiscal year of each row, 0 where only headers tell it; and what is not a year."""
    if "year" in keys:
        cells, header = keys["year"], headers[shape.keys["year"]]
        known = {cell: _fiscal_year(str(cell)) for cell in cells.unique()}
        years = cells.map(known).astype(float)
        wrong, rule = "is not a fiscal year", "Write the year in which it ends, such as 2021 or 2020-21"
    elif "date" in keys:
        cells, header = keys["date"], headers[shape.keys["date"]]
        calendar = FiscalCalendar(start)
        days = {cell: _day(str(cell)) for cell in cells.unique()}
        years = cells.map({c: np.nan if d is None else calendar.year_of(d) for c, d in days.items()}).astype(float)
        wrong, rule = "is not a date", "Write it as YYYY-MM-DD"
        _note_partial(cells.map(days), years, file, notes)
    else:
        return pd.Series(0, index=keys.index), []
    problems = faults(file, header, cells[years.isna()], wrong, rule)
    return years.fillna(0).astype("int64"), problems


def _note_partial(days: pd.Series, years: pd.Series, file: str, notes: list[str]) -> None:
    months = pd.to_datetime(days, errors="coerce").dt.month.groupby(years).nunique()
    for year, count in months[months.lt(12)].items():
        notes.append(f"{file}: FY{int(float(str(year)))} holds {count} of 12 months; it looks lower than it was.")


def _fiscal_year(cell: str) -> float:
    year, rest = _year_in(header_key(cell))
    return float(year) if year is not None and rest == "" else np.nan


def _day(cell: str) -> pd.Timestamp | None:
    bare = re.split(r"[T ]\d\d:", cell)[0]
    for form in ("%Y-%m-%d", "%m/%d/%Y", "%Y-%m", "%Y%m%d", "%m/%Y"):
        day = pd.to_datetime(bare, format=form, errors="coerce")
        if isinstance(day, pd.Timestamp):
            return day
    return None


def _ledger(
    keys: pd.DataFrame,
    parts: list[pd.DataFrame],
    shape: _Shape,
    headers: Sequence[str],
    file: str,
    filled: list[Filled],
    notes: list[str],
) -> Ledger:
    order = parts[0]["period"] if parts[0]["period"].gt(0).any() else pd.Series(0, index=keys.index)
    lines = _lines(keys, order, shape, headers, file, filled)
    long = pd.concat([lines.join(p) for p in parts])
    technology = _is_technology(keys)
    wide = long.pivot_table(index=["period", *LINE], columns="measure", values="amount", aggfunc="sum")
    bare = [m for m in ("appropriated", "expended", "encumbered") if m not in wide]
    stated = wide.get("appropriated", pd.Series(np.nan, index=wide.index))
    wide["appropriated"] = stated.fillna(wide.get("revised", pd.Series(np.nan, index=wide.index)))
    spent = wide["expended"].groupby("period").sum() if "expended" in wide else pd.Series(dtype=float)
    last = int(spent[spent.ne(0)].index.max()) if spent.ne(0).any() else 0
    table = wide.reindex(columns=["appropriated", "expended", "encumbered"]).fillna(0.0).round(2).reset_index()
    spending = table[table["period"].le(last)].rename_axis(columns=None).reset_index(drop=True)
    ahead = table[table["period"].gt(last)]
    enacted = ahead.groupby(["fund", "period"], as_index=False)["appropriated"].sum()
    enacted = enacted.set_axis(["fund", "fiscal_year", "amount"], axis=1)
    enacted = enacted[enacted["amount"].gt(0)].reset_index(drop=True)
    for column in bare:
        absent = not (column == "appropriated" and "revised" in wide) and len(spending)
        if absent:
            filled.append(Filled(file, "spending", column, "0", len(spending), "the file has no such column"))
    if any(m == "expended" and header_key(headers[p]).replace("fy", "").strip().isdigit() for m, _, p in shape.amounts):
        rule = "a column headed by a year alone is read as spending"
        filled.append(Filled(file, "spending", "expended", "from bare years", len(spending), rule))
    mine = long[long["measure"].eq("expended") & technology.reindex(long.index).to_numpy()]
    found = mine.groupby(["period", "agency"], as_index=False)["amount"].sum()
    return Ledger(file, spending, enacted, found[found["period"].le(last)], tuple(filled), tuple(notes))


def _is_technology(keys: pd.DataFrame) -> pd.Series:
    """Whether a name of the agency, the program, the line or the category says that a row is for technology."""
    found = pd.Series(False, index=keys.index)
    for column in ("agency_name", "agency_code", "program_name", "line_name", "category_name", "fund_name"):
        if column in keys:
            says = {name: bool(re.search(_TECHNOLOGY, str(name))) for name in keys[column].unique()}
            found |= keys[column].map(says).astype(bool)
    return found


def _lines(
    keys: pd.DataFrame,
    order: pd.Series,
    shape: _Shape,
    headers: Sequence[str],
    file: str,
    filled: list[Filled],
) -> pd.DataFrame:
    """The keys of each row's line as slugs: `agency program fund category`."""

    def label(what: str, scope: pd.Series | None = None) -> pd.Series | None:
        code, name = keys.get(f"{what}_code"), keys.get(f"{what}_name")
        if code is None and name is None:
            return None
        place = shape.keys.get(f"{what}_code", shape.keys.get(f"{what}_name", 0))
        return _labels(code, name, order, scope, slug(header_key(headers[place])))

    agency = label("agency")
    assert agency is not None
    program, fund, category = label("program", agency), label("fund"), label("category")
    line = label("line", agency)
    if category is not None and "category_name" not in keys and "line_name" in keys:
        prefix = slug(header_key(headers[shape.keys["category_code"]]))
        category = _usual(keys["category_code"], keys["line_name"], prefix)
        rule = "a code without a name: named for the line that most of its rows are for, else by its code"
        filled.append(Filled(file, "spending", "category", "by code", len(keys), rule))
    if category is None and line is not None:
        category, line = line, None
    if program is None and line is not None:
        program = line
    found = {"agency": agency, "program": program, "fund": fund, "category": category}
    defaults = {"program": "", "fund": "general", "category": "all"}
    for column, value in defaults.items():
        if found[column] is None:
            filled.append(Filled(file, "spending", column, value, len(keys), "the file has no such column"))
            found[column] = pd.Series(value, index=keys.index)
    return pd.DataFrame(found)


def _labels(
    code: pd.Series | None, name: pd.Series | None, order: pd.Series, scope: pd.Series | None, prefix: str
) -> pd.Series:
    """Slugs of a key: the latest name of each code, with the code where two share it; a code without a name by itself.

    Args:
        code: the key, where the file has one.
        name: what it is called in that row, where the file says.
        order: the year of each row: the latest name counts.
        scope: key within which codes are unique (programs within their agency).
        prefix: what stands before a code of digits that has no name.
    """
    if code is None or name is None:
        only = name if code is None else code
        assert only is not None
        key = only.str.upper().str.replace(r"\s+", " ", regex=True)
        slugged = {k: _only(str(k), prefix) for k in key.unique()}
        return key.map(slugged).astype(str)
    group = [code] if scope is None else [scope, code]
    named = pd.DataFrame({"name": name, "order": order}).assign(**{f"k{i}": g for i, g in enumerate(group)})
    places = [f"k{i}" for i in range(len(group))]
    latest = named[named["name"].ne("")].sort_values("order", kind="stable").groupby(places)["name"].last()
    table = named[places].drop_duplicates().merge(latest.reset_index(), on=places, how="left")
    bare = table["name"].isna()
    table["slug"] = [
        slug(str(n)) if not b else _only(str(c), prefix)
        for n, b, c in zip(table["name"], bare, table[places[-1]], strict=True)
    ]
    within = ["slug"] if scope is None else ["k0", "slug"]
    shared = table.duplicated(within, keep=False)
    table.loc[shared, "slug"] += "_" + table.loc[shared, places[-1]].map(lambda c: slug(str(c)))
    return pd.Series(named[places].merge(table, on=places, how="left")["slug"].to_numpy(), index=code.index).astype(str)


def _only(name: str, prefix: str) -> str:
    """A name by itself; a mere number behind what it is a number of."""
    said = slug(name, "unknown")
    return f"{prefix}_{said}" if said.isdigit() else said


def _usual(code: pd.Series, name: pd.Series, prefix: str) -> pd.Series:
    """Codes named for the name that at least half of their named rows carry, else by themselves."""
    named = pd.DataFrame({"code": code, "slug": name.map({n: slug(str(n), "") for n in name.unique()})})
    named = named[named["slug"].ne("")]
    counts = named.value_counts(["code", "slug"]).rename("n").reset_index()
    top = counts.drop_duplicates("code").set_index("code")
    share = top["n"] / named["code"].value_counts().reindex(top.index)
    usual = top.loc[share.ge(0.5), "slug"]
    taken = usual[~usual.duplicated(keep=False)]
    distinct = {c: str(taken[c]) if c in taken.index else "" for c in code.unique()}
    shared = usual[usual.duplicated(keep=False)]
    labels = {
        c: s or (f"{shared[c]}_{slug(str(c))}" if c in shared.index else f"{prefix}_{slug(str(c), 'none')}")
        for c, s in distinct.items()
    }
    return code.map(labels).astype(str)
