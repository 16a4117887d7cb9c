"""What must be true of the data before anything is worked out; every problem is listed at once."""

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from optimizer import funds
from optimizer.catalogue import RETAIN, Strategy
from optimizer.errors import DataError
from optimizer.portfolio import APPROPRIATION_COLUMNS, SYSTEM_COLUMNS, Portfolio
from optimizer.words import listed

SLUG = re.compile(r"^[a-z0-9][a-z0-9_]*$")
TEXTS = (
    "agency",
    "program",
    "site",
    "group",
    "side",
    "fund",
    "one_time_fund",
    "strategies",
    "earliest",
    "latest",
    "lock",
)


def check(portfolio: Portfolio, strategies: Sequence[Strategy]) -> None:
    """Raise a `DataError` that lists everything that is wrong."""
    problems = [*_shapes(portfolio)]
    if not problems:
        problems = [
            *_horizon(portfolio),
            *_numbers(portfolio),
            *_texts(portfolio, strategies),
            *_funds(portfolio),
            *_appropriations(portfolio),
            *_catalogue(strategies),
        ]
    if problems:
        raise DataError(problems)


def _shapes(portfolio: Portfolio) -> Iterator[str]:
    """Columns that must be there."""
    needed = {
        "systems": (portfolio.systems, SYSTEM_COLUMNS),
        "appropriations": (portfolio.appropriations, APPROPRIATION_COLUMNS),
        "residual": (portfolio.residual, ("agency", "fund", "fiscal_year", "amount")),
        "sites": (portfolio.sites, ("fund", "annual_fixed_cost")),
        "capacity": (portfolio.capacity, ("skill", "fiscal_year", "hours")),
    }
    for name, (table, columns) in needed.items():
        gone = [column for column in columns if column not in table]
        if gone:
            yield f"{name}: columns are missing: {', '.join(gone)}"
    if not portfolio.run_cost.index.equals(portfolio.systems.index):
        yield "run_cost: its rows must be the systems, in the same order"
    if (
        portfolio.run_cost.shape[1] != len(portfolio.quarters)
        or not (portfolio.run_cost.columns == portfolio.quarters).all()
    ):
        yield "run_cost: its columns must be the quarters of the horizon"


def _horizon(portfolio: Portfolio) -> Iterator[str]:
    quarters = portfolio.quarters
    if len(quarters) == 0:
        yield "quarters: the horizon is empty"
    elif not quarters.freqstr.startswith("Q-") or (np.diff(quarters.astype("int64")) != 1).any():
        yield f"quarters: must be quarters in a row (`Q-JUN`), are `{quarters.freqstr}`"
    elif portfolio.as_of.to_period(quarters.freqstr) > quarters[-1]:
        yield f"as_of: {portfolio.as_of:%Y-%m-%d} lies after the horizon, which ends with {quarters[-1]}"


def _numbers(portfolio: Portfolio) -> Iterator[str]:
    systems = portfolio.systems
    columns: list[tuple[str, pd.Series, float]] = [
        *((f"systems.{name}", systems[name], 0.0) for name in ("criticality", "cloud_price")),
        ("systems.units", systems["units"], 1.0),
        ("systems.exit_fee", systems["exit_fee"].dropna(), 0.0),
        ("residual.amount", portfolio.residual["amount"], -np.inf),
        ("sites.annual_fixed_cost", portfolio.sites["annual_fixed_cost"], 0.0),
        ("capacity.hours", portfolio.capacity["hours"], 0.0),
        ("starts", portfolio.starts, 0.0),
        *(
            (f"appropriations.{n}", portfolio.appropriations[n], 0.0)
            for n in ("amount", "carry_forward", "opening_balance")
        ),
    ]
    for name, values, least in columns:
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
        yield from _refused(name, values, ~np.isfinite(numbers), "not a finite number; nothing is guessed, fill it in")
        with np.errstate(invalid="ignore"):
            yield from _refused(name, values, numbers < least, f"below {least:g}")
    fractional = pd.to_numeric(systems["units"], errors="coerce").to_numpy(dtype=float)
    fractional = np.asarray(fractional % 1 > 0)
    yield from _refused("systems.units", systems["units"], fractional, "not a whole number")
    run = portfolio.run_cost.to_numpy(dtype=float)
    yield from _refused(
        "run_cost",
        portfolio.run_cost,
        np.asarray(~np.isfinite(run).all(axis=1)),
        "has quarters without a finite number",
    )
    with np.errstate(invalid="ignore"):
        yield from _refused("run_cost", portfolio.run_cost, np.asarray((run < 0).any(axis=1)), "has quarters below 0")


def _refused(name: str, values: pd.Series | pd.DataFrame, wrong: np.ndarray, words: str) -> Iterator[str]:
    if wrong.any():
        yield f"{name}: {words} ({listed(values.index[wrong])})"


def _texts(portfolio: Portfolio, strategies: Sequence[Strategy]) -> Iterator[str]:
    systems = portfolio.systems
    ids = systems.index
    if ids.has_duplicates:
        yield f"systems: ids occur twice ({listed(ids[ids.duplicated()].unique())})"
    bad = [name for name in ids if not (isinstance(name, str) and SLUG.match(name))]
    if bad:
        yield f"systems: ids must be slugs of a-z, 0-9 and _ ({listed(bad)})"
    for column in TEXTS:
        yield from _refused(
            f"systems.{column}", systems, systems[column].isna().to_numpy(), "missing; give an empty text"
        )
    sides = ~systems["side"].isin(["legacy", "modern"]).to_numpy()
    yield from _refused("systems.side", systems, sides, "neither `legacy` nor `modern`")
    names = {RETAIN, *(strategy.name for strategy in strategies)}
    for text in systems["strategies"].dropna().unique():
        unknown = {part.strip() for part in str(text).split("|") if part} - names
        if unknown:
            known = listed(sorted(names), 9)
            yield f"systems.strategies: `{text}` names {listed(sorted(unknown))}, not in the catalogue ({known})"
    quarters = {column: systems[column].dropna() for column in ("earliest", "latest")}
    locks = systems["lock"].dropna()
    locks = locks[(locks != "") & (locks != "keep")]
    quarters["lock"] = locks.str.partition("@")[2] if len(locks) else locks
    for column, texts in quarters.items():
        for text in texts[texts != ""].unique():
            if not re.fullmatch(r"\d{4}Q[1-4]", str(text)):
                yield f"systems.{column}: `{text}` is not a quarter such as {portfolio.quarters[0]}"
    for lock in locks.unique():
        if "@" not in str(lock) or str(lock).partition("@")[0] not in names - {RETAIN}:
            yield f"systems.lock: `{lock}` must be `keep` or `strategy@quarter` with a strategy of the catalogue"


def _funds(portfolio: Portfolio) -> Iterator[str]:
    known = set(portfolio.appropriations["fund"])
    splits = {
        "systems.fund": portfolio.systems["fund"],
        "systems.one_time_fund": portfolio.systems["one_time_fund"],
        "sites.fund": portfolio.sites["fund"],
        "residual.fund": portfolio.residual["fund"],
    }
    for name, column in splits.items():
        for split in column.dropna().unique():
            try:
                parts: Iterable[str] = funds.parse(str(split))
            except ValueError as error:
                yield f"{name}: {error}"
                continue
            unknown = sorted(set(parts) - known)
            # the residual is history: what a fund still spends without an appropriation is held by no limit
            if known and unknown and name != "residual.fund":
                yield (
                    f"{name}: fund {listed(unknown)} has no appropriation; known are {listed(sorted(known))}. "
                    "Add its appropriations or correct the name"
                )


def _appropriations(portfolio: Portfolio) -> Iterator[str]:
    table = portfolio.appropriations
    scope = ["fund", "agency", "line_item", "purpose", "fiscal_year"]
    for column in scope:
        yield from _refused(f"appropriations.{column}", table, table[column].isna().to_numpy(), "missing")
    twice = table[table.duplicated(scope)]
    if len(twice):
        keys = twice["fund"].astype(str) + " FY" + twice["fiscal_year"].astype(str)
        yield f"appropriations: the same fund, agency, line item, purpose and year occur twice ({listed(keys)})"
    no_purpose = ~table["purpose"].isin(["operating", "capital", "any", ""]).to_numpy()
    yield from _refused("appropriations.purpose", table, no_purpose, "neither `operating`, `capital` nor `any`")
    yield from _refused("appropriations.carry_forward", table, (table["carry_forward"] > 1).to_numpy(), "above 1")
    for name, rows, key in (
        ("capacity", portfolio.capacity, ["skill", "fiscal_year"]),
        ("starts", portfolio.starts.rename_axis("fiscal_year").reset_index(), ["fiscal_year"]),
    ):
        if rows.duplicated(key).any():
            yield f"{name}: the same {' and '.join(key)} occur twice"


def _catalogue(strategies: Sequence[Strategy]) -> Iterator[str]:
    names = [strategy.name for strategy in strategies]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        yield f"strategies: names occur twice ({listed(twice)})"
    no_slug = [name for name in names if not SLUG.match(name)]
    if no_slug:
        yield f"strategies: names must be slugs of a-z, 0-9 and _ ({listed(no_slug)})"
