r"""The fiscal year under way: where its books say that it will end, held against what was appropriated.

Lines are projected by `forecast.project`. Money lapses appropriation by appropriation, so lapse is told at the keys at
which money was appropriated: of each line where the history holds its appropriation, else of the sums that the rows of
`appropriations` name (a fund, say), and of no line then. With the profile $s_i$, the projection $m_i$ and the year to
date $c_i$ of the lines of such a sum, its own profile is $s = \sum s_i m_i / \sum m_i$: its timing,
$\sum (s_i m_i - c_i)$, is that of its lines, and variance = timing + level holds as it does for a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.chances import KNOTS, Chances, chances
from forecast.ledger import ALL
from forecast.projection import project
from forecast.yearend import VARIANCE as EXPLAINED
from forecast.yearend import YearEnd, explain
from scenarios import books
from scenarios.study import Study
from scenarios.tables import LINE_KEYS

LEVELS = (80, 95)
"""Chances, in percent, of the intervals that are written."""
SUMS: tuple[tuple[str, ...], ...] = (
    ("agency", "fund"),
    ("fund", "category"),
    ("agency",),
    ("fund",),
    ("category",),
    (),
)
"""The sums that are written beside the lines, the total last."""
BANDS = tuple(f"{side}_{level}" for level in LEVELS for side in ("lo", "hi"))
BUDGETED = ("appropriated", "expected_lapse", "expected_overspend", "chance_over")
COLUMNS = (*LINE_KEYS, "period", "closed", "of", "spent", "encumbered", "mean", *BANDS, *BUDGETED)
"""The columns of `year_end.csv`; `closed` of `of` periods are over."""
VARIANCE = (*LINE_KEYS, "period", *EXPLAINED)
"""The columns of `variance.csv`."""


@dataclass(frozen=True, eq=False)
class YearUnderWay:
    """Where the fiscal year under way will end."""

    projection: YearEnd
    lines: pd.DataFrame
    """`COLUMNS`, a row a line."""
    sums: pd.DataFrame
    """`COLUMNS`, a row a sum, `(all)` in the keys that it does not tell; the total last."""
    variance: pd.DataFrame
    """`VARIANCE`: budget to date against actual at the keys of the appropriations, the largest first."""

    @property
    def fiscal_year(self) -> int:
        """The year, named for the calendar year in which it ends."""
        return self.projection.fiscal_year

    @property
    def table(self) -> pd.DataFrame:
        """Lines, then sums: the shape of `year_end.csv`."""
        return pd.concat([self.lines, self.sums], ignore_index=True)

    @property
    def treatments(self) -> pd.DataFrame:
        """What this does to the history, as the outlook lists its treatments; `before` is the year to date."""
        end = self.projection
        word = "months" if end.periods == books.MONTHS_A_YEAR else "quarters"
        return self.lines[[*LINE_KEYS, "period"]].assign(
            found="year under way",
            treatment=f"year-end projection from {end.closed} of {end.periods} {word}",
            before=self.lines["spent"],
            after=self.lines["mean"],
        )

    def summary(self) -> dict[str, object]:
        """The year, how far it is, and the back-test at this month of past years beside the naive rival (sMAPE, %)."""
        end = self.projection
        scored = end.scores.set_index("rule")["smape"].dropna()
        return {
            "fiscal_year": end.fiscal_year,
            "closed": end.closed,
            "of": end.periods,
            "smape": float(scored["combined"]) if "combined" in scored else None,
            "naive_smape": float(scored["run rate"]) if "run rate" in scored else None,
        }


def year_end_of(study: Study) -> YearUnderWay | None:
    """The projection of the fiscal year under way; None where the books hold none, or its year is closed."""
    year = books.under_way(study.tables, study.years, study.quarters, study.as_of)
    if year is None:
        return None
    every, over = study.table("months"), books.over(study.table("months"), study.as_of)
    money = ["expended", "encumbered"] if over["encumbered"].notna().any() else ["expended"]
    enacted = _enacted(study, year, over)
    of_lines = _of_lines(study, year, over, enacted)
    end = project(
        over[[*LINE_KEYS, "period", *money]].rename(columns={"expended": "amount"}),
        of_lines,
        levels=sorted({*LEVELS, *KNOTS}),
        like=("category",),
        fiscal_year_start=study.facts.fiscal_year_start,
        as_of=None if len(over) == len(every) else over["period"].max(),
    )
    sums = [end.totals(keys) for keys in SUMS]
    variance = end.variance
    if of_lines is None and enacted is not None:
        told = _held_against(end, enacted)
        sums = [_budgeted(table, keys, told, enacted) for table, keys in zip(sums, SUMS, strict=True)]
        variance = _explained(end, told, enacted)
    return YearUnderWay(
        end,
        _laid_out(end, end.lines, COLUMNS),
        pd.concat([_laid_out(end, table, COLUMNS) for table in sums], ignore_index=True),
        _laid_out(end, variance, VARIANCE),
    )


def _enacted(study: Study, year: int, months: pd.DataFrame) -> pd.DataFrame | None:
    """What was appropriated for a year by the keys that all its rows tell, then `amount`; None if no line has any.

    Appropriations from which no line was ever paid are left out: the books do not say what becomes of them.
    """
    rows = books.prevailing(study.table("appropriations")).rename(columns={"line_item": "program"})
    rows = rows[rows["fiscal_year"].eq(year) & rows["status"].isin(books.EVIDENCE)]
    keys = [k for k in LINE_KEYS if k == "fund" or (k in rows and rows[k].ne("").all())]
    paid = pd.MultiIndex.from_frame(months[keys].drop_duplicates())
    rows = rows[pd.MultiIndex.from_frame(rows[keys]).isin(paid)]
    return None if rows.empty else rows.groupby(keys)["amount"].sum().reset_index()


def _of_lines(study: Study, year: int, months: pd.DataFrame, enacted: pd.DataFrame | None) -> pd.DataFrame | None:
    """Appropriations by line as `forecast.project` takes them, of past years too; None where lines have none."""
    spending = study.table("spending")
    rows = spending[spending["appropriated"].gt(0)].rename(columns={"period": "fiscal_year", "appropriated": "amount"})
    rows = rows[[*LINE_KEYS, "fiscal_year", "amount"]]
    if rows["fiscal_year"].eq(year).any():
        return rows
    lines = months[list(LINE_KEYS)].drop_duplicates()
    if enacted is None or lines.duplicated(list(enacted.columns[:-1])).any():
        return None
    own = lines.merge(enacted, on=list(enacted.columns[:-1])).assign(fiscal_year=year)
    return pd.concat([rows[rows["fiscal_year"].lt(year)], own], ignore_index=True)


def _held_against(end: YearEnd, enacted: pd.DataFrame) -> pd.DataFrame:
    """Sums of lines at the keys of the appropriations, with what may lapse and be overspent; NaN without one."""
    keys = list(enacted.columns[:-1])
    sums = end.totals(keys).merge(enacted.rename(columns={"amount": "appropriated"}), on=keys, how="left")
    limit, likely = sums["appropriated"].to_numpy(), _chances(sums)
    known = np.isfinite(limit)
    limit = np.where(known, limit, 0.0)
    return sums.assign(
        expected_lapse=np.where(known, likely.below(limit), np.nan),
        expected_overspend=np.where(known, likely.above(limit), np.nan),
    )


def _budgeted(table: pd.DataFrame, keys: Sequence[str], told: pd.DataFrame, enacted: pd.DataFrame) -> pd.DataFrame:
    """A table of sums with what is appropriated; left as it is where its keys are finer than the appropriations'."""
    if not set(keys) <= set(enacted.columns[:-1]):
        return table
    money = ["appropriated", "expected_lapse", "expected_overspend"]
    told = told.assign(without=told["appropriated"].isna() & told["mean"].ne(0), every=0)
    by = told.groupby([*keys] or "every")
    sums = by[money].sum(min_count=1).join(by["without"].any()).reset_index()
    table = table.assign(every=0).merge(sums, on=[*keys] or ["every"], how="left").drop(columns="every")
    limit = table["appropriated"].to_numpy()
    sure = np.isfinite(limit) & ~table["without"].astype(bool).to_numpy()
    over = _chances(table).over(np.where(sure, limit, 0.0))
    return table.assign(chance_over=np.where(sure, over, np.nan))


def _chances(sums: pd.DataFrame) -> Chances:
    """The distribution of each sum's year end: no lower than its lowest interval or what is spent already."""
    mean = sums["mean"].to_numpy()
    low, high = (sums[[f"{side}_{level}" for level in KNOTS]].to_numpy().T for side in ("lo", "hi"))
    return chances(mean, np.minimum(low[-1], sums["spent"].to_numpy()), mean - low, high - mean)


def _explained(end: YearEnd, told: pd.DataFrame, enacted: pd.DataFrame) -> pd.DataFrame:
    """Budget to date against actual at the keys of the appropriations: see the top of this file."""
    keys = list(enacted.columns[:-1])
    now = end.profile[end.profile["month"].eq(end.closed)]
    lines = end.lines.merge(now[[*LINE_KEYS, "share"]], on=list(LINE_KEYS))
    lines = lines.assign(due=lines["share"] * lines["mean"])
    by = lines.groupby(keys)
    known = told.merge(by[["due", "share"]].agg({"due": "sum", "share": "mean"}).reset_index(), on=keys)
    share = (known["due"] / known["mean"]).where(known["mean"].gt(0), known["share"])
    return explain(known, share)


def _laid_out(end: YearEnd, table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """A table in the columns of its file: `(all)` for keys that it does not tell, blank for money."""
    table = table.assign(period=end.fiscal_year, closed=end.closed, of=end.periods)
    lacking = {name: ALL if name in LINE_KEYS else np.nan for name in columns if name not in table}
    return table.assign(**lacking)[list(columns)]
