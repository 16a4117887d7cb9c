"""Within the year: where each line will end, how sure that is, and what will lapse.

    end = forecast.project(months, budget)
    print(end)

What is known when k of P periods of the fiscal year are closed is held against past years at the same k
(`forecast.month_tables`, `forecast.months`). Rules each say where the year ends (`forecast.rules`); a back-test over
past years, in which only earlier years are known, weighs them line by line (`forecast.trial`; the naive ones are always
among them and may win) and calibrates the intervals (`forecast.reach`), which say what will lapse (`forecast.chances`).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.arrays import FloatArray
from forecast.chances import KNOTS, Chances, chances
from forecast.errors import SettingError, level_problems, like_problems
from forecast.ledger import line_index
from forecast.month_tables import key_names, read_months
from forecast.months import Months
from forecast.odd_months import odd_months
from forecast.profiles import cumulative_share
from forecast.reach import ends
from forecast.trial import Panel, Trial, try_rules
from forecast.yearend import VARIANCE, YearEnd, explain


def project(
    months: pd.DataFrame,
    budget: pd.DataFrame | None = None,
    *,
    levels: Sequence[int] = (80, 95),
    like: Sequence[str] = (),
    fiscal_year_start: int = 7,
    as_of: object = None,
    prior: pd.DataFrame | None = None,
) -> YearEnd:
    """Project where the present fiscal year will end, by line, and what will lapse.

    Args:
        months: `keys..., period, amount`, and `encumbered` if known: USD spent in each month or quarter (credits are
            negative) and the encumbrances outstanding at its end. A row with a blank amount is unknown; no row, where
            other lines have one, is nothing spent. Years before the present one serve to learn. Periods are written as
            `forecast.month_tables` says.
        budget: `keys..., fiscal_year, amount`: appropriations in USD, of past years too where known, best as they stood
            at the same period of each year. The keys are those of the months.
        levels: chances, in percent, that a year ends within its interval.
        like: key columns that lines must share to be like each other; by default all are.
        fiscal_year_start: calendar month in which fiscal years begin, 1 to 12.
        as_of: the last closed period; by default the last of the table, unless that is plainly partial. Later rows are
            left out.
        prior: `keys..., mean` and, for past years too, `fiscal_year`: full-year forecasts made elsewhere, such as last
            summer's outlook. Past ones must be what was said then; they decide how much it is heeded.

    Raises:
        SettingError: for settings out of their range.
        SpendingError: for tables that cannot be read, with every problem of all of them at once.
    """
    chosen = _check_settings(months, levels, like, fiscal_year_start)
    ledger = read_months(months, budget, prior, fiscal_year_start, as_of)
    panel = ledger.panel(like)
    return _result(ledger, panel, try_rules(panel), chosen)


def variance(
    months: pd.DataFrame,
    budget: pd.DataFrame,
    *,
    like: Sequence[str] = (),
    fiscal_year_start: int = 7,
    as_of: object = None,
) -> pd.DataFrame:
    """Budget to date against actual, line by line, in timing and level: `YearEnd.variance` of the same tables.

    Raises:
        SettingError, SpendingError: as `project` does.
    """
    return project(months, budget, like=like, fiscal_year_start=fiscal_year_start, as_of=as_of).variance


def _check_settings(
    months: pd.DataFrame, levels: Sequence[int], like: Sequence[str], fiscal_year_start: int
) -> tuple[int, ...]:
    """Refuse what no projection can have; the levels, sorted."""
    problems = level_problems(levels)
    if not isinstance(fiscal_year_start, int | np.integer) or not 1 <= fiscal_year_start <= 12:
        problems.append(f"fiscal_year_start {fiscal_year_start} is not a month from 1 to 12. Write 7 for July.")
    problems += like_problems(like, key_names(months))
    if problems:
        raise SettingError("project", problems)
    return tuple(sorted({int(level) for level in levels}))


def _result(ledger: Months, panel: Panel, tested: Trial, levels: tuple[int, ...]) -> YearEnd:
    """Frames in USD out of arrays in units."""
    at = panel.position(panel.amounts.shape[1] - 1)
    lines = _lines(ledger, at.spent, tested, levels)
    lacking = {} if "appropriated" in lines else {"appropriated": np.nan}
    return YearEnd(
        keys=ledger.keys,
        fiscal_year=ledger.first_year + ledger.amounts.shape[1] - 1,
        closed=ledger.closed,
        periods=ledger.amounts.shape[2],
        levels=levels,
        lines=lines,
        variance=explain(lines.assign(**lacking), at.share)[[*ledger.keys, *VARIANCE]],
        scores=tested.scores(levels),
        weights=pd.DataFrame(
            tested.weights, index=line_index(ledger.lines), columns=[rule.name for rule in tested.rules]
        ),
        profile=_profile(ledger, panel),
        treatments=odd_months(ledger, panel),
        tested=tested,
        unit=ledger.unit,
    )


def _lines(ledger: Months, spent: FloatArray, tested: Trial, levels: tuple[int, ...]) -> pd.DataFrame:
    """A row a line: where it stands, where it ends, and what that does to its appropriation."""
    mean, floor = tested.projected[-1, -1], tested.floor[-1]
    columns = {"spent": spent}
    if ledger.encumbered is not None:
        columns["encumbered"] = ledger.encumbered[:, -1, ledger.closed - 1]
    columns["mean"] = mean
    for level, low, high in zip(levels, *ends(mean, floor, *tested.widths(levels)), strict=True):
        columns[f"lo_{level}"], columns[f"hi_{level}"] = low, high
    if ledger.appropriated is not None:
        likely = chances(mean, floor, *tested.widths(KNOTS))
        columns |= _lapse(likely, ledger.appropriated[:, -1])
    money = {name: values if name == "chance_over" else values * ledger.unit for name, values in columns.items()}
    return ledger.lines.assign(**money)


def _lapse(likely: Chances, appropriated: FloatArray) -> dict[str, FloatArray]:
    """What an appropriation may lapse and be overspent by, NaN where there is none."""
    known = np.isfinite(appropriated)
    limit = np.where(known, appropriated, 0.0)
    found = {
        "expected_lapse": likely.below(limit),
        "expected_overspend": likely.above(limit),
        "chance_over": likely.over(limit),
    }
    return {"appropriated": appropriated} | {name: np.where(known, values, np.nan) for name, values in found.items()}


def _profile(ledger: Months, panel: Panel) -> pd.DataFrame:
    """The learnt profile at every period: a row a line and period."""
    at = panel.position(panel.amounts.shape[1] - 1)
    n, per_year = len(ledger.lines), panel.amounts.shape[2]
    to_date = np.where(panel.whole[:, :, None], at.past.cumsum(axis=2), np.nan)
    share = np.column_stack(
        [cumulative_share(at.totals, to_date[:, :, k], (k + 1) / per_year, panel.like) for k in range(per_year)]
    )
    frame = ledger.lines.iloc[np.repeat(np.arange(n), per_year)].reset_index(drop=True)
    return frame.assign(month=np.tile(np.arange(1, per_year + 1), n), share=share.ravel())
