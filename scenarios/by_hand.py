"""What people set by hand: ahead it stands in the outlook; of years that have closed it is held against what came.

An override of a closed year is judged beside the outlook as it would have stood on its day: the history up to the last
fiscal year that had ended by then, and the appropriations of the year then under way, or of its biennium. (They are the
ones that the tables hold today: what supplementals added later is in them.)
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

import forecast
from forecast import Outlook
from forecast.overrides import apply, score
from scenarios import books
from scenarios.budget import evidence
from scenarios.study import Study
from scenarios.tables import LINE_KEYS

SCORED = ("actual", "smape", "model_smape", "better")
"""Blank until its year has closed; `better` is 1 where the override was nearer than the models, 0.5 where they tie."""
OVERRIDDEN = (*LINE_KEYS, "period", "amount", "model_mean", "lines", "reason", "author", "date", *SCORED)
"""The columns of `overrides.csv`."""


def ahead(study: Study, last: int) -> pd.DataFrame | None:
    """Overrides of the years after `last`, as the forecaster takes them; None where there are none."""
    table = _table(study)
    later = table[table["period"].gt(last)]
    return None if later.empty else later


def told(study: Study, outlook: Outlook) -> pd.DataFrame:
    """`OVERRIDDEN`: as they were set, what the models say (or said on that day) of their lines, and what came of it."""
    table = _table(study)
    later = table["period"].gt(int(outlook.history["period"].max()))
    parts = [_standing(table[later], outlook), *_judged(study, table[~later])]
    rows = pd.concat(parts).loc[table.index]
    return rows.assign(date=rows["date"].dt.strftime("%Y-%m-%d"))[list(OVERRIDDEN)].reset_index(drop=True)


def _table(study: Study) -> pd.DataFrame:
    return study.table("overrides").rename(columns={"fiscal_year": "period"}).reset_index(drop=True)


def _standing(table: pd.DataFrame, outlook: Outlook) -> pd.DataFrame:
    """Overrides that stand in the outlook."""
    touched = outlook.overrides
    fits = books.matching(table, touched) & (table["period"].to_numpy()[:, None] == touched["period"].to_numpy())
    model = fits @ touched["model_mean"].to_numpy(dtype=float)
    return table.assign(model_mean=model, lines=fits.sum(axis=1), **dict.fromkeys(SCORED, np.nan))


def _judged(study: Study, table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Overrides of years that are closed or under way, those of one origin together."""
    if table.empty:
        return
    closed = books.closed_years(study.tables, study.years, study.quarters)
    lines = pd.concat([study.table(name)[list(LINE_KEYS)] for name in ("spending", "months")])
    lines = lines.drop_duplicates(ignore_index=True)
    actuals = _spread(lines, closed, sorted(set(closed["period"])), "amount")
    origins = table["date"].dt.to_period(study.calendar.quarterly).dt.qyear - 1
    for origin, some in table.groupby(origins):
        known = closed[closed["period"].le(origin)]
        made = some.assign(model_mean=np.nan, lines=books.matching(some, lines).sum(axis=1))
        if known.empty:
            yield made.assign(**dict.fromkeys(SCORED, np.nan))
            continue
        said = _spread(lines, _then(study, known, int(some["period"].max())), sorted(set(some["period"])), "mean")
        each = score(apply(said, some), some, actuals).each.set_index(some.index)
        yield made.assign(model_mean=each["model"], **{name: each[name] for name in SCORED})


def _then(study: Study, known: pd.DataFrame, through: int) -> pd.DataFrame:
    """The outlook's lines as they would have stood when no more was known."""
    last = int(known["period"].max())
    first, start = last + 1, study.facts.biennium_start
    cycle = first if start is None else first + 1 - (first - start) % 2
    money = evidence(study, last, through=cycle)
    made = forecast.outlook(known, horizon=max(1, through - last), levels=(80,), appropriations=money)
    return made.lines[[*LINE_KEYS, "period", "mean"]]


def _spread(lines: pd.DataFrame, rows: pd.DataFrame, years: list[int], amount: str) -> pd.DataFrame:
    """`keys..., period, <amount>` of every line in every year: of a line without a row, nothing was said or spent."""
    cells = lines.merge(pd.DataFrame({"period": years}), how="cross")
    sums = rows.groupby([*LINE_KEYS, "period"])[amount].sum().reset_index()
    return cells.merge(sums, on=[*LINE_KEYS, "period"], how="left").fillna({amount: 0.0})
