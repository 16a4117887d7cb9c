"""What must be true of the data before anything is worked out; every problem is listed at once."""

import re
from collections.abc import Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

import numpy as np
import pandas as pd

from optimizer import funds
from optimizer.catalogue import RETAIN, Method, Strategy
from optimizer.errors import DataError
from optimizer.portfolio import APPROPRIATION_COLUMNS, CLOSING_COLUMNS, DEPENDENCY_COLUMNS, SYSTEM_COLUMNS, Portfolio
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


def check(portfolio: Portfolio, strategies: Sequence[Strategy], methods: Sequence[Method] = ()) -> None:
    """Raise a `DataError` that lists everything that is wrong."""
    problems = [*_shapes(portfolio)]
    if not problems:
        problems = [
            *_horizon(portfolio),
            *_numbers(portfolio),
            *_texts(portfolio, strategies),
            *_funds(portfolio),
            *_appropriations(portfolio),
            *_shares(portfolio),
            *_soft(portfolio),
            *_dependencies(portfolio),
            *_catalogue(strategies),
            *_methods(strategies, methods),
        ]
    if problems:
        raise DataError(problems)


def _shapes(portfolio: Portfolio) -> Iterator[str]:
    """Columns that must be there."""
    needed = {
        "systems": (portfolio.systems, SYSTEM_COLUMNS),
        "appropriations": (portfolio.appropriations, APPROPRIATION_COLUMNS),
        "residual": (portfolio.residual, ("agency", "fund", "fiscal_year", "amount")),
        "sites": (portfolio.sites, ("fund", "annual_fixed_cost", *(CLOSING_COLUMNS if portfolio.closes_sites else ()))),
        "capacity": (portfolio.capacity, ("skill", "fiscal_year", "hours")),
        "dependencies": (portfolio.dependencies, DEPENDENCY_COLUMNS),
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
    systems, capacity = portfolio.systems, portfolio.procurement_capacity
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
            for n in ("amount", "carry_forward", "opening_balance", "transfer_limit")
        ),
        ("dependencies.lag", portfolio.dependencies["lag"], 0.0),
        *((("sites.closure_cost", portfolio.sites["closure_cost"], 0.0),) if portfolio.closes_sites else ()),
        ("disruption_price", pd.Series([portfolio.disruption_price], index=["all"]), 0.0),
        ("fund_weights", pd.Series(dict(portfolio.fund_weights), dtype=float), 0.0),
        ("risk_ceiling", portfolio.risk_ceiling, 0.0),
        ("soft", pd.Series(dict(portfolio.soft), dtype=float), 0.0),
        *(() if capacity is None else (("procurement_capacity", capacity, 0.0),)),
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


def _shares(portfolio: Portfolio) -> Iterator[str]:
    """Shares that hold for all years or by fiscal year, and those of a learning curve."""
    learning = portfolio.learning
    shares: dict[str, float | pd.Series] = {
        name: getattr(portfolio, name) for name in ("reserve", "sweep", "modern_share")
    }
    if learning is not None:
        shares |= {"learning.first": learning.first, "learning.decay": learning.decay}
    shares |= {f"fund_reserves.{fund}": share for fund, share in portfolio.fund_reserves.items()}
    for name, share in shares.items():
        values = share if isinstance(share, pd.Series) else pd.Series([share])
        if not values.astype(float).between(0, 1).all():
            yield f"{name}: must lie between 0 and 1"


def _soft(portfolio: Portfolio) -> Iterator[str]:
    """Limits that may be overrun are limits, and none of those that only say where money comes from."""
    known = {"appropriation", "hours", "starts", "procurement", "modern_share", "risk_ceiling"}
    unknown = sorted(set(portfolio.soft) - known)
    if unknown:
        yield f"soft: {listed(unknown)} cannot be overrun; one of {listed(sorted(known), 9)} can"


def _dependencies(portfolio: Portfolio) -> Iterator[str]:
    """Both systems exist, none needs itself, and what must go together is no circle of what must wait."""
    table, systems = portfolio.dependencies, portfolio.systems
    named = [*table["system"], *table["needs"]]
    unknown = sorted({str(name) for name in named if name not in systems.index})
    if unknown:
        yield f"dependencies: nothing in systems is called {listed(unknown)}"
        return
    group = systems["group"]
    party = {name: f"the move group {group[name]}" if group[name] else str(name) for name in named}
    graph: dict[str, set[str]] = {}
    for system, needs in table[["system", "needs"]].itertuples(index=False):
        if system == needs:
            yield f"dependencies: {system} needs itself"
        elif systems.loc[needs, "side"] == "legacy" and party[system] != party[needs]:
            graph.setdefault(party[system], set()).add(party[needs])
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1][:0:-1]
        at = circle.index(min(circle))
        yield (
            f"dependencies: {' needs '.join([*circle[at:], *circle[: at + 1]])}, so none of them can ever start. "
            "Put them in one move group, or leave one of these out"
        )


def _catalogue(strategies: Sequence[Strategy]) -> Iterator[str]:
    names = [strategy.name for strategy in strategies]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        yield f"strategies: names occur twice ({listed(twice)})"
    no_slug = [name for name in names if not SLUG.match(name)]
    if no_slug:
        yield f"strategies: names must be slugs of a-z, 0-9 and _ ({listed(no_slug)})"


def _methods(strategies: Sequence[Strategy], methods: Sequence[Method]) -> Iterator[str]:
    names = [method.name for method in methods]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        yield f"methods: names occur twice ({listed(twice)})"
    no_slug = [name for name in names if not SLUG.match(name)]
    if no_slug:
        yield f"methods: names must be slugs of a-z, 0-9 and _ ({listed(no_slug)})"
    known = {strategy.name for strategy in strategies if strategy.buys}
    for method in methods:
        unknown = sorted(set(method.strategies) - known)
        if unknown:
            yield f"methods: {method.name} buys {listed(unknown)}, of which the catalogue buys nothing"
