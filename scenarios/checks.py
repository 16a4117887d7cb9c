"""What must fit between the tables of a study; each check looks at whole columns and names every row that does not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from optimizer import funds as fund_splits
from scenarios import books
from scenarios.errors import Problem
from scenarios.parameters import Settings
from scenarios.tables import LINE_KEYS

ROUNDED = 1e-4
"""Share of a year's spending by which its months may miss it without a word."""
DATES = (pd.Timestamp("1950-01-01"), pd.Timestamp("2100-12-31"))


def check_tables(
    tables: Mapping[str, pd.DataFrame],
    settings: Settings,
    years: range,
    quarters: pd.PeriodIndex,
    as_of: pd.Timestamp,
    files: Mapping[str, str],
) -> list[Problem]:
    """Everything that does not fit between the tables, warnings included."""
    systems = tables["systems"]
    found = [
        *_funds(tables, files),
        *_sites(tables, files),
        *_lines(tables, files),
        *_dependencies(tables, files),
        *_dates(tables, files),
        *_windows(systems, quarters, files["systems"]),
        *_years(tables, years, files),
        *_versions(tables, years, quarters, as_of, files),
        *_idle(tables, settings, years, files),
        *_open_years(tables, quarters, files),
        *_books(tables, quarters, files),
        *_by_hand(tables, years, quarters, as_of, files),
    ]
    if tables["spending"].empty and tables["months"].empty:
        found.append(
            _warn(files["spending"], "holds no history", "Costs grow with price_growth; add history for a forecast")
        )
    return found


def spending_lines(spending: pd.DataFrame) -> pd.Series:
    """The name of each row's line: its keys joined by /."""
    joined = spending[LINE_KEYS[0]].astype(str)
    for key in LINE_KEYS[1:]:
        joined = joined + "/" + spending[key].astype(str)
    return joined


def _funds(tables: Mapping[str, pd.DataFrame], files: Mapping[str, str]) -> Iterable[Problem]:
    known = set(tables["appropriations"]["fund"])
    if not known:
        yield Problem(files["appropriations"], "names no fund", "Add a row for each fund and fiscal year of the plan")
        return
    for table, column in (("systems", "fund"), ("systems", "one_time_fund"), ("sites", "fund")):
        text = tables[table][column]
        for split in text[text.ne("")].unique():
            rows = np.flatnonzero(text.eq(split).to_numpy())
            try:
                shares = fund_splits.parse(split)
            except ValueError as error:
                yield from _each(files[table], rows, column, text, str(error), "Write shares that add up to 1")
                continue
            for fund in shares:
                if fund not in known:
                    near = difflib.get_close_matches(fund, known, n=1)
                    remedy = f"Did you mean {near[0]}? Write that" if near else "Add it to appropriations"
                    wrong = f"names the fund {fund}, which has no appropriation"
                    yield from _each(files[table], rows, column, text, wrong, remedy)


def _sites(tables: Mapping[str, pd.DataFrame], files: Mapping[str, str]) -> Iterable[Problem]:
    sites = tables["sites"]["site"]
    if sites.empty:
        return
    named = tables["systems"]["site"]
    rows = np.flatnonzero((named.ne("") & ~named.isin(sites)).to_numpy())
    yield from _unknown(files["systems"], rows, "site", named, list(sites), f"is not a site of {files['sites']}")


def _lines(tables: Mapping[str, pd.DataFrame], files: Mapping[str, str]) -> Iterable[Problem]:
    named = tables["systems"]["spending_line"]
    known = spending_lines(tables["spending"]).unique()
    rows = np.flatnonzero((named.ne("") & ~named.isin(known)).to_numpy())
    yield from _unknown(
        files["systems"], rows, "spending_line", named, list(known), f"is no line of {files['spending']}"
    )


def _dependencies(tables: Mapping[str, pd.DataFrame], files: Mapping[str, str]) -> Iterable[Problem]:
    needs, systems = tables["dependencies"], pd.Index(tables["systems"]["system"])
    file = files["dependencies"]
    for column in ("system", "needs"):
        rows = np.flatnonzero(~needs[column].isin(systems).to_numpy() & needs[column].ne("").to_numpy())
        yield from _unknown(file, rows, column, needs[column], list(systems), f"is not a system of {files['systems']}")
    known = needs[needs["system"].isin(systems) & needs["needs"].isin(systems)]
    if known.empty or systems.has_duplicates:
        return
    s, p = systems.get_indexer(pd.Index(known["system"])), systems.get_indexer(pd.Index(known["needs"]))
    party, names = _parties(tables["systems"])
    yield from _each(file, known.index.to_numpy()[s == p], "needs", needs["needs"], "needs itself", "Remove the row")
    # what is modern already is there, and what moves together does not wait for each other
    waits = tables["systems"]["side"].eq("legacy").to_numpy()[p] & (party[s] != party[p])
    stuck = (tables["systems"]["strategies"].eq("retain") | tables["systems"]["lock"].eq("keep")).to_numpy()[p]
    wrong, remedy = "may only stay, so that what needs it can never move", "Let it move, or remove the row"
    yield from _noted(file, known.index.to_numpy()[waits & stuck], "needs", needs["needs"], wrong, remedy)
    first, second, rows = party[s[waits]], party[p[waits]], known.index.to_numpy()[waits]
    graph = sparse.csr_array((np.ones(len(first)), (first, second)), shape=(len(names), len(names)))
    _, component = csgraph.connected_components(graph, directed=True, connection="strong")
    size = np.bincount(component, minlength=1)
    circular = (component[first] == component[second]) & (size[component[first]] > 1)
    for each in np.unique(component[first][circular]):
        members = sorted(names[component == each])
        said = ", ".join(members[:5]) + (f" and {len(members) - 5} more" if len(members) > 5 else "")
        row = int(rows[np.flatnonzero(circular & (component[first] == each))[0]]) + 2
        remedy = "Remove one of the needs, or put them in one move group"
        yield Problem(file, "is part of a cycle: each needs another of them", remedy, row, value=said)


def _parties(systems: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Which systems move together, as numbers, and what each such party is called."""
    group = systems["group"].where(systems["side"].eq("legacy"), other="")
    party, names = pd.factorize(systems["system"].where(group.eq(""), "group " + group).astype(object))
    return party, np.asarray(names, dtype=object)


def _dates(tables: Mapping[str, pd.DataFrame], files: Mapping[str, str]) -> Iterable[Problem]:
    for table, column in (("systems", "end_of_support"), ("systems", "contract_end"), ("sites", "lease_end")):
        day = tables[table][column]
        rows = np.flatnonzero((day.notna() & ~day.between(*DATES)).to_numpy())
        text = day.dt.strftime("%Y-%m-%d")
        yield from _each(files[table], rows, column, text, "is out of range", "Write a date from 1950 to 2100")
    for table, column in (("appropriations", "fiscal_year"), ("capacity", "fiscal_year"), ("spending", "period")):
        year = tables[table][column]
        rows = np.flatnonzero(year.gt(2100).to_numpy())
        yield from _each(files[table], rows, column, year.astype(str), "is out of range", "Write a year up to 2100")


def _windows(systems: pd.DataFrame, quarters: pd.PeriodIndex, file: str) -> Iterable[Problem]:
    both = systems["earliest"].ne("") & systems["latest"].ne("")
    rows = np.flatnonzero((both & (systems["earliest"] > systems["latest"])).to_numpy())
    yield from _each(file, rows, "latest", systems["latest"], "is before earliest", "Write a later quarter")
    locked = systems["lock"].str.extract(r"^(?P<strategy>[a-z]+)@(?P<quarter>\d{4}Q[1-4])$")
    outside = locked["quarter"].notna() & ~locked["quarter"].isin([str(q) for q in quarters])
    rule = f"Write a quarter from {quarters[0]} to {quarters[-1]}"
    yield from _each(file, np.flatnonzero(outside), "lock", systems["lock"], "is outside the horizon", rule)
    allowed = systems["strategies"].str.split("|")
    clash = [bool(s == s and a != [""] and s not in a) for s, a in zip(locked["strategy"], allowed, strict=True)]
    rule = "Add the strategy to strategies, or change the lock"
    yield from _each(file, np.flatnonzero(clash), "lock", systems["lock"], "is not among its strategies", rule)


def _years(tables: Mapping[str, pd.DataFrame], years: range, files: Mapping[str, str]) -> Iterable[Problem]:
    """A fund that is appropriated as a whole is so in every year; years that only have a version are told elsewhere."""
    money = tables["appropriations"]
    known = money[money["agency"].eq("") & money["line_item"].eq("")]
    for fund, listed in known.groupby("fund")["fiscal_year"]:
        lacking = sorted(set(years) - set(listed))
        if lacking:
            said = ", ".join(f"FY{y}" for y in lacking)
            yield Problem(
                files["appropriations"],
                f"has no appropriation for {said}",
                "Add a row a year, up to the end of the horizon",
                column="fiscal_year",
                value=str(fund),
            )


def _versions(
    tables: Mapping[str, pd.DataFrame],
    years: range,
    quarters: pd.PeriodIndex,
    as_of: pd.Timestamp,
    files: Mapping[str, str],
) -> Iterable[Problem]:
    """Cost to continue permits no spending, and the row that prevails tells all that there is to its money."""
    money, file = tables["appropriations"], files["appropriations"]
    cells = pd.MultiIndex.from_frame(money[list(books.CELL)])
    permitted = books.prevailing(money).set_index(list(books.CELL))
    alone, year = ~cells.isin(permitted.index), money["fiscal_year"]
    wrong = "is the only version of its money in that year, and permits no spending"
    remedy = "Add a row with what is enacted, requested or forecast"
    yield from _each(file, np.flatnonzero(alone & year.isin(list(years))), "status", money["status"], wrong, remedy)
    now = books.under_way(tables, years, quarters, as_of) or 0
    told = tables["spending"].loc[lambda s: s["appropriated"].gt(0) & s["period"].eq(now), "fund"]
    open_year = alone & year.eq(now) & ~year.isin(list(years)) & ~money["fund"].isin(told)
    for problem in _each(file, np.flatnonzero(open_year), "status", money["status"], wrong, remedy):
        yield replace(problem, severe=False)
    for name in ("carry_forward", "opening_balance", "transfer_limit"):
        lost = ~alone & permitted[name].reindex(cells).eq(0).to_numpy() & money[name].gt(0).to_numpy()
        wrong = "does not count: the row that prevails over this one holds none"
        remedy = "Write it in that row too"
        for problem in _each(file, np.flatnonzero(lost), name, money[name].astype(str), wrong, remedy):
            yield replace(problem, severe=False)


def _open_years(
    tables: Mapping[str, pd.DataFrame], quarters: pd.PeriodIndex, files: Mapping[str, str]
) -> Iterable[Problem]:
    """A blank amount spent says that the year is not closed: its months must say how far it is, and of all lines."""
    spending = tables["spending"]
    blank = spending["expended"].isna()
    if not blank.any():
        return
    told = set(books.year_of_month(tables["months"]["period"], quarters))
    half = set(spending.loc[~blank, "period"])
    year = spending["period"]
    for rows, wrong, remedy in (
        (
            blank & year.isin(half),
            "is blank, though other lines of that year are closed",
            "Write what was spent, or leave the whole year blank",
        ),
        (
            blank & ~year.isin(half) & ~year.isin(told),
            "is blank",
            f"Write what was spent, or give {files['months']} of that year",
        ),
    ):
        text = pd.Series("", index=spending.index)
        yield from _each(files["spending"], np.flatnonzero(rows.to_numpy()), "expended", text, wrong, remedy)


def _books(tables: Mapping[str, pd.DataFrame], quarters: pd.PeriodIndex, files: Mapping[str, str]) -> Iterable[Problem]:
    """Whole years of months come to what the yearly history says."""
    months, file = tables["months"], files["months"]
    if months.empty:
        return
    year = books.year_of_month(months["period"], quarters)
    spending = tables["spending"].dropna(subset="expended")
    whole = months["period"].groupby(year).nunique().eq(books.MONTHS_A_YEAR)
    by_month = months["expended"].groupby(year).sum()[whole.to_numpy()]
    by_year = spending.groupby("period")["expended"].sum().reindex(by_month.index)
    gap = (by_month - by_year).dropna()
    for fiscal_year, amount in gap[gap.abs() > np.maximum(1.0, ROUNDED * by_year[gap.index].abs())].items():
        said = f"comes to ${abs(amount):,.0f} {'more' if amount > 0 else 'less'} in FY{fiscal_year} than"
        yield _warn(file, f"{said} {files['spending']}", "Compare the two; the yearly history is taken")


def _by_hand(
    tables: Mapping[str, pd.DataFrame],
    years: range,
    quarters: pd.PeriodIndex,
    as_of: pd.Timestamp,
    files: Mapping[str, str],
) -> Iterable[Problem]:
    """Overrides name lines that there are, years that are or were forecast, and no line and year twice."""
    overrides, file = tables["overrides"], files["overrides"]
    if overrides.empty:
        return
    closed = set(books.closed_years(tables, years, quarters)["period"])
    last = books.last_known(tables, years, quarters, as_of)
    first = min(closed, default=last) + 1
    year = overrides["fiscal_year"]
    rows = np.flatnonzero((~year.between(first, years[-1])).to_numpy())
    rule = f"Write a year from {first} to {years[-1]}"
    yield from _each(file, rows, "fiscal_year", year.astype(str), "is not forecast", rule)
    waiting = np.flatnonzero((year.between(first, last) & ~year.isin(closed)).to_numpy())
    wrong, rule = "is under way: its books say where it ends", "Keep the row: it is judged when that year has closed"
    for problem in _each(file, waiting, "fiscal_year", year.astype(str), wrong, rule):
        yield replace(problem, severe=False)
    said = overrides["date"].dt.strftime("%Y-%m-%d")
    late = np.flatnonzero((overrides["date"].dt.to_period(quarters.freqstr).dt.qyear > year).to_numpy())
    yield from _each(file, late, "date", said, "is after its year ended", "Write the day on which it was first said")
    both = pd.concat([tables[name][list(LINE_KEYS)] for name in ("spending", "months")])
    lines = both.drop_duplicates(ignore_index=True)
    fits = books.matching(overrides, lines)
    told = spending_lines(overrides).str.replace("//", "/", regex=False).str.strip("/")
    none = np.flatnonzero(~fits.any(axis=1))
    rule = "Write keys as they stand there; a blank one stands for any"
    yield from _each(file, none, ", ".join(LINE_KEYS), told, f"is no line of {files['spending']}", rule)
    for value in sorted(set(year)):
        own = np.flatnonzero(year.eq(value).to_numpy())
        earlier = np.cumsum(fits[own], axis=0) - fits[own]
        again = (fits[own] & (earlier > 0)).any(axis=1)
        said = f"sets a line of FY{value} that an earlier row sets too"
        yield from _each(file, own[again], ", ".join(LINE_KEYS), told, said, "Keep one of the two")


def _idle(
    tables: Mapping[str, pd.DataFrame], settings: Settings, years: range, files: Mapping[str, str]
) -> Iterable[Problem]:
    """What the tables hold and the plan does not heed: said, never passed over."""
    sites, money = tables["sites"], tables["appropriations"]
    if sites["capacity"].gt(0).any():
        yield _warn(files["sites"], "holds capacities, which are not planned with yet", "Lock what must not relocate")
    if not settings.truth("close_sites") and sites["annual_fixed_cost"].gt(0).any():
        wrong = "holds fixed costs, which are paid in every plan while sites do not close"
        yield _warn(files["sites"], wrong, "Set close_sites: true where a site closes when its last unit has left")
    ahead = money["fiscal_year"].isin(list(years))
    whole = money["agency"].eq("") & money["line_item"].eq("") & money["purpose"].eq("any")
    rows = np.flatnonzero((ahead & whole & money["transfer_limit"].gt(0)).to_numpy())
    wrong = "changes nothing: the row is the whole fund's, and transfers are within a fund"
    remedy = "Write it in rows that name an agency, a line item or a purpose"
    text = money["transfer_limit"].astype(str)
    yield from _noted(files["appropriations"], rows, "transfer_limit", text, wrong, remedy)
    rows = np.flatnonzero((ahead & money["fiscal_year"].gt(years[0]) & money["opening_balance"].gt(0)).to_numpy())
    wrong, remedy = "does not count: the plan opens with an earlier year", f"Write it in the row of FY{years[0]}"
    text = money["opening_balance"].astype(str)
    yield from _noted(files["appropriations"], rows, "opening_balance", text, wrong, remedy)
    for column, theirs in (("agency", "agency"), ("line_item", "program")):
        known = {name for table in ("systems", "spending", "months") for name in tables[table][theirs].unique()}
        rows = np.flatnonzero((ahead & ~money[column].isin(known | {""})).to_numpy())
        for value in money[column].iloc[rows].unique():
            near = difflib.get_close_matches(str(value), sorted(known), n=1)
            own = rows[money[column].iloc[rows].eq(value).to_numpy()]
            wrong = f"limits nothing: no system and no history has that {theirs}"
            remedy = f"Did you mean {near[0]}? Write that" if near else "Write one of theirs"
            yield from _noted(files["appropriations"], own, column, money[column], wrong, remedy)


def _unknown(
    file: str, rows: np.ndarray, column: str, text: pd.Series, known: list[str], wrong: str
) -> Iterable[Problem]:
    for value in text.iloc[rows].unique():
        near = difflib.get_close_matches(str(value), known, n=1)
        here = rows[text.iloc[rows].eq(value).to_numpy()]
        yield from _each(
            file, here, column, text, wrong, f"Did you mean {near[0]}? Write that" if near else "Add it there"
        )


def _each(file: str, rows: np.ndarray, column: str, text: pd.Series, wrong: str, remedy: str) -> Iterable[Problem]:
    return [Problem(file, wrong, remedy, int(text.index[i]) + 2, column, str(text.iloc[i])) for i in rows]


def _noted(file: str, rows: np.ndarray, column: str, text: pd.Series, wrong: str, remedy: str) -> Iterable[Problem]:
    return (replace(problem, severe=False) for problem in _each(file, rows, column, text, wrong, remedy))


def _warn(file: str, wrong: str, remedy: str) -> Problem:
    return Problem(file, wrong, remedy, severe=False)
