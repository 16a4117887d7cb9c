r"""Budget cycles: what was asked for, enacted, allotted and spent, as versions of one table.

    versions = forecast.cycles.read_versions("tables/versions.csv")
    print(compare(versions, "request", "enacted"))

The long table `keys..., period, version, amount` holds, for each line and fiscal year, any of the versions that a
budget goes through, in this order: `cost_to_continue` (today's programs at next year's prices), `request`, `enacted`,
`allotted` (what may be spent of it by now), `revised` (after supplementals, transfers and holdbacks), `actual`.

What counts as known of a year to come is the last word that has the force of law: `revised` over `allotted` over
`enacted`. A request is a wish and cost to continue is arithmetic; neither is evidence.

With $E$ the evidence and $A$ the actual amount of a line and year, $\max(0, E - A)$ lapses and $\max(0, A - E)$ is
overspent, line by line: what one line leaves does not pay for what another overspends.
"""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.arrays import FloatArray, IntArray
from forecast.cells import as_text
from forecast.errors import SettingError, SpendingError
from forecast.evidence import lay_beside
from forecast.opening import open_table
from forecast.spending import read_spending

COST_TO_CONTINUE, REQUEST, ENACTED, ALLOTTED, REVISED, ACTUAL = (
    "cost_to_continue",
    "request",
    "enacted",
    "allotted",
    "revised",
    "actual",
)
VERSIONS = (COST_TO_CONTINUE, REQUEST, ENACTED, ALLOTTED, REVISED, ACTUAL)
"""In the order of a budget's life."""
EVIDENCE = (REVISED, ALLOTTED, ENACTED)
"""Those that have the force of law, the one that prevails first."""
RESERVED = {*VERSIONS, "biennium", "years", "change", "share", "lapse", "overspent"}
"""Columns of results, which no key may be named as."""


def read_versions(
    source: str | Path | pd.DataFrame, *, keys: Sequence[str] | None = None, freq: str | None = None
) -> pd.DataFrame:
    """Read the versions of budgets into the long frame `keys..., period, version, amount`.

    Sorted by keys, period and the order of a budget's life. Versions may be written `Cost to Continue` or
    `cost-to-continue`; a blank amount is a version that there is not. Money is nominal USD.

    Args:
        source: a CSV, Parquet or xlsx file or a frame, one row a line, fiscal year and version.
        keys: the columns that tell lines apart; rows that agree in them are added up. By default every column but
            `period`, `version` and `amount`, and then two rows of one line, year and version are an error.
        freq: fiscal years as pandas names them (`Y-JUN`), to which quarters and months are added up.

    Raises:
        SpendingError: with every problem of the table.
    """
    where, raw = open_table(source)
    where = "versions table" if isinstance(source, pd.DataFrame) else where
    raw = raw.set_axis([str(column) for column in raw.columns], axis=1)
    version, problems = _read_names(raw)
    problems += [f"column '{name}' bears a name that comparisons use. Rename it." for name in raw if name in RESERVED]
    try:
        wanted = None if keys is None else [*keys, "version"]
        table = read_spending(raw.assign(version=version), amount="amount", keys=wanted, freq=freq)
    except SpendingError as error:
        raise SpendingError(where, [*problems, *error.problems]) from None
    problems += _period_problems(table)
    if problems:
        raise SpendingError(where, problems)
    period = table["period"]
    year = period.dt.year if isinstance(period.dtype, pd.PeriodDtype) else period
    names = [str(name) for name in table.columns if name not in ("period", "version", "amount")]
    table = table.assign(period=year.astype("int64"))[[*names, "period", "version", "amount"]]
    return _in_order(table.dropna(subset="amount"), [*names, "period"], VERSIONS)


def biennium(period: pd.Series | IntArray | int, start: int) -> pd.Series:
    """Names of the budget cycles of two fiscal years that hold each period, such as `FY2027-28`.

    `start` is any fiscal year in which a cycle starts; 1 or 0 will do for odd or even ones.
    """
    year = np.atleast_1d(np.asarray(period, dtype=np.int64))
    first = year - (year - start) % 2
    names = {int(y): f"FY{y}-{(y + 1) % 100:02d}" for y in np.unique(first)}
    index = period.index if isinstance(period, pd.Series) else None
    return pd.Series([names[int(y)] for y in first], index=index, name="biennium", dtype="str")


def by_biennium(versions: pd.DataFrame, start: int) -> pd.DataFrame:
    """Sums by budget cycle: `keys..., biennium, version, amount, years`; `years` tells whole cycles (2) from halves.

    `start` is any fiscal year in which a cycle starts.
    """
    names = line_keys(versions)
    table = versions.assign(biennium=biennium(versions["period"], start))
    groups = table.groupby([*names, "biennium", "version"])
    sums = groups.agg(amount=("amount", "sum"), years=("period", "nunique")).reset_index()
    return _in_order(sums, [*names, "biennium"], VERSIONS)


def line_keys(versions: pd.DataFrame) -> list[str]:
    """Names of the columns that tell lines apart."""
    return [str(name) for name in versions.columns if name not in ("period", "version", "amount")]


def evidence(versions: pd.DataFrame) -> pd.DataFrame:
    """What counts as known of each line and year: `keys..., period, version, amount`, one row each.

    The revised amount over the allotted over the enacted one. Lines and years of which there is only a request, cost to
    continue or the actual amount have no row.
    """
    cell = [*line_keys(versions), "period"]
    known = versions[versions["version"].isin(EVIDENCE)]
    return _in_order(known, cell, EVIDENCE).drop_duplicates(cell).reset_index(drop=True)


def enacted_through(versions: pd.DataFrame) -> int | None:
    """The last fiscal year of which any line has evidence; None where there is none."""
    known = versions["version"].isin(EVIDENCE)
    return int(versions.loc[known, "period"].max()) if known.any() else None


def lay_evidence(versions: pd.DataFrame, lines: pd.DataFrame, years: IntArray) -> FloatArray:
    """Evidence of each line by fiscal year, USD, (n, years), NaN where there is none.

    `lines` holds the keys of n lines, such as `Ledger.lines`; further keys of the versions are added up.

    Raises:
        SettingError: for a key of the lines that the versions have not.
    """
    names = [str(name) for name in lines.columns]
    _check_names("lay_evidence", "lines", names, line_keys(versions))
    known = evidence(versions).rename(columns={"period": "step"})
    first, last = (int(years.min()), int(years.max())) if len(years) else (0, 0)
    laid = lay_beside(known, names, lines, first, last - first + 1)
    return np.asarray(laid[:, years - first], dtype=np.float64)


def compare(versions: pd.DataFrame, earlier: str, later: str, by: Sequence[str] = ()) -> pd.DataFrame:
    """What changed from one version to another, line by line, the largest change of each year first.

    `keys..., period, <earlier>, <later>, change, share` for the fiscal years of which there are both. A line that one
    version lacks counts there as nothing. `share` is the line's part of the year's total change: shares of a year sum
    to 1, and one below zero pulls the other way; 0 throughout where the total does not change. `by` names the keys to
    add up by; by default every line stands alone.

    Raises:
        SettingError: for a name that is no version, or a key that there is not.
    """
    names = list(by) or line_keys(versions)
    problems = [
        f"'{name}' is no version (versions: {', '.join(VERSIONS)})."
        for name in (earlier, later)
        if name not in VERSIONS
    ]
    if earlier == later:
        problems.append(f"'{earlier}' is compared with itself. Name two versions.")
    if problems:
        raise SettingError("compare", problems)
    _check_names("compare", "by", names, line_keys(versions))
    wide = _side_by_side(versions, [*names, "period"], (earlier, later))
    have = [set(versions.loc[versions["version"] == name, "period"]) for name in (earlier, later)]
    wide = wide[wide["period"].isin(have[0] & have[1])].fillna({earlier: 0.0, later: 0.0})
    wide["change"] = wide[later] - wide[earlier]
    total = wide.groupby("period")["change"].transform("sum")
    size = wide[earlier].abs().groupby(wide["period"]).transform("sum")
    still = total.abs() <= 1e-12 * size
    wide["share"] = (wide["change"] / total.mask(still)).fillna(0.0) + 0.0
    wide = wide.sort_values("change", key=lambda change: -change.abs(), kind="stable")
    return wide.sort_values("period", kind="stable").reset_index(drop=True)


def lapse(versions: pd.DataFrame, by: Sequence[str] = ("period",), start: int | None = None) -> pd.DataFrame:
    """What lapsed and what was overspent: `by..., appropriated, actual, lapse, overspent`, USD.

    Over the lines and years of which both the evidence and the actual amount are known; lapse and overspending are
    taken line by line before they are added up, so that `appropriated - actual = lapse - overspent`. With `start`, a
    fiscal year in which a budget cycle of two years starts, money lapses at the end of the cycle: both years of a line
    are added up first, and `by` may name `biennium`.

    Raises:
        SettingError: for a key in `by` that there is not.
    """
    names = line_keys(versions)
    time = "period" if start is None else "biennium"
    _check_names("lapse", "by", list(by), [*names, time])
    allowed = evidence(versions).assign(version="appropriated")
    spent = versions[versions["version"] == ACTUAL]
    both = _side_by_side(pd.concat([allowed, spent]), [*names, "period"], ("appropriated", ACTUAL)).dropna()
    if start is not None:
        both["biennium"] = biennium(both["period"], start)
        both = both.groupby([*names, time], as_index=False)[["appropriated", ACTUAL]].sum()
    left = both["appropriated"] - both[ACTUAL]
    both = both.assign(lapse=left.clip(lower=0.0), overspent=(-left).clip(lower=0.0))
    money = ["appropriated", ACTUAL, "lapse", "overspent"]
    if not by:
        return both[money].sum().to_frame().T
    return both.groupby(list(by), as_index=False)[money].sum()


def _in_order(versions: pd.DataFrame, cell: list[str], order: Sequence[str]) -> pd.DataFrame:
    """Rows by cell, and in it by version in a given order."""
    ranked = versions.assign(version=pd.Categorical(versions["version"], list(order)))
    ranked = ranked.sort_values([*cell, "version"], kind="stable", ignore_index=True)
    return ranked.astype({"version": "str"})


def _read_names(raw: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    """Versions as this module writes them, and what is wrong with them."""
    if (count := list(raw.columns).count("version")) != 1:
        has = ", ".join(raw.columns) or "none"
        told = f"no column 'version' (columns: {has}). It names one of {', '.join(VERSIONS)}."
        return pd.Series([str(row) for row in range(len(raw))], index=raw.index, dtype="str"), [] if count else [told]
    column = raw["version"]
    text = as_text(column)
    plain = text.str.lower().str.replace(r"[\s-]+", "_", regex=True)
    wrong = ~plain.isin(VERSIONS)
    return plain.where(~wrong, text), [_unknown(row, value) for row, value in text[wrong].items()]


def _unknown(row: object, value: str) -> str:
    """Problem of a name that is no version."""
    near = difflib.get_close_matches(value.lower(), VERSIONS, n=1)
    remedy = f"Did you mean {near[0]}?" if near else f"Write one of {', '.join(VERSIONS)}."
    return f"row {row}, column 'version': '{value}' is no version. {remedy}"


def _period_problems(table: pd.DataFrame) -> Iterator[str]:
    """Periods that are not fiscal years."""
    dtype = table["period"].dtype
    if isinstance(dtype, pd.PeriodDtype) and not str(dtype).startswith("period[Y-"):
        yield f"column 'period': {dtype} are no fiscal years. Give `freq`, such as 'Y-JUN', to add them up."


def _side_by_side(versions: pd.DataFrame, cell: list[str], names: Sequence[str]) -> pd.DataFrame:
    """Sums of some versions by cell, a column each, NaN where a version has nothing there."""
    some = versions[versions["version"].isin(names)]
    wide = some.groupby([*cell, "version"])["amount"].sum().unstack("version").reindex(columns=list(names))
    return wide.rename_axis(columns=None).reset_index()


def _check_names(where: str, what: str, names: Sequence[str], has: Sequence[str]) -> None:
    """Refuse keys that there are not."""
    if unknown := [name for name in names if name not in has]:
        known = ", ".join(has) or "none"
        raise SettingError(where, [f"{what} '{name}' is not a key (keys: {known})." for name in unknown])
