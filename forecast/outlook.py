"""The outlook: what will be spent if nothing changes, by line and in total; the result, and the way through."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.arrays import FloatArray, IntArray, first_finite
from forecast.backtest import Backtest, backtest, combine, never_negative, score
from forecast.cleaning import Cleaned, clean, list_treatments
from forecast.errors import SettingError
from forecast.intervals import (
    CORE,
    bounds,
    calibrate,
    line_scale,
    size_class,
    total_reach,
    widths,
)
from forecast.models import COMBINED, MODELS
from forecast.spending import ALL, Ledger, lay_out, read_spending

FARTHEST = 50
"""Years: the longest horizon."""
LARGEST = 1e50
"""USD: tables with larger amounts are computed in a larger unit, so that squares stay finite."""


@dataclass(frozen=True, eq=False)
class Outlook:
    """What will be spent, with intervals, and how that was judged. Money is nominal USD of each fiscal year."""

    keys: tuple[str, ...]
    """Names of the key columns."""
    lines: pd.DataFrame
    """`keys..., period, mean, lo_80, hi_80, lo_95, hi_95`, a row a line and year, sorted by keys and period."""
    totals: pd.DataFrame
    """The same for the sum of all lines, a row a year, without keys."""
    scores: pd.DataFrame
    """`model, horizon, smape, mase, coverage_80, coverage_95, weight, n`, with `last value` and `combined`."""
    weights: pd.DataFrame
    """A row a line (indexed by its keys), a column a model; rows sum to 1."""
    treatments: pd.DataFrame
    """`keys..., period, found, treatment, before, after`: everything that cleaning did, in USD.

    A level shift leaves the amounts as they are: `before` is then that of the year before, `after` that of the year.
    """
    history: pd.DataFrame
    """`keys..., period, amount`, cleaned, each line from its first year to the last of the table."""

    def frame(self) -> pd.DataFrame:
        """Lines, then totals under keys that are all `(all)`: the shape of `outlook.csv`."""
        totals = self.totals.copy()
        for place, key in enumerate(self.keys):
            totals.insert(place, key, ALL)
        return pd.concat([self.lines, totals], ignore_index=True) if self.keys else totals

    def best(self, horizon: int = 1) -> str:
        """The model with the smallest sMAPE `horizon` years ahead; may well be `last value`, which also wins a tie."""
        ahead = self.scores[self.scores["horizon"] == horizon].dropna(subset="smape").set_index("model")
        return str(ahead["smape"].idxmin()) if len(ahead) else MODELS[0].name

    def index(self, base: int) -> pd.DataFrame:
        """How each line moves from fiscal year `base` on: its amount in later years over its amount in `base`.

        A row a line (indexed by its keys), a column a fiscal year (`int`) from `base` + 1 to `base` + horizon, as far
        as the outlook reaches. Years of the past are the cleaned history, later ones the mean; so with the last year
        of history as `base` it is mean / last cleaned amount. 1.0 where the amount in `base` is zero or the line had
        not begun.

        Raises:
            SettingError: when `base` is no year of the history or outlook with a year after it.
        """
        past = self._wide(self.history, "amount")
        path = pd.concat([past, self._wide(self.lines, "mean")], axis=1)
        last = int(path.columns[-1])
        if base not in path.columns or base == last:
            years = f"{path.columns[0]} to {last - 1}"
            raise SettingError("Outlook.index", [f"base {base} is not in {years}. Choose one of them."])
        horizon = last - int(past.columns[-1])
        years_on = [year for year in range(base + 1, last + 1) if year <= base + horizon]
        start = path[base].to_numpy(dtype=np.float64)
        usable = np.isfinite(start) & (start != 0)
        later = path[years_on].to_numpy(dtype=np.float64)
        ratio = np.where(usable[:, None], later / np.where(usable, start, 1.0)[:, None], 1.0)
        return pd.DataFrame(ratio, index=path.index, columns=pd.Index(years_on, name="fiscal_year"))

    def summary(self) -> str:
        """The outlook as a page of text: totals in millions of USD, scores one year ahead, what was treated."""
        return "\n".join([*self._total_rows(), "", *self._score_rows(), "", *self._treatment_rows()])

    def __str__(self) -> str:
        """The same as `summary`."""
        return self.summary()

    def _wide(self, frame: pd.DataFrame, column: str) -> pd.DataFrame:
        """Lines by fiscal years (`int`) of one column, in the order of `weights`."""
        period = frame["period"]
        year = period.dt.year if isinstance(period.dtype, pd.PeriodDtype) else period
        years = np.sort(year.unique())
        place = _places(frame, self.keys, self.weights.index)
        wide = np.full((len(self.weights), len(years)), np.nan)
        wide[place, np.searchsorted(years, year.to_numpy())] = frame[column].to_numpy()
        return pd.DataFrame(wide, index=self.weights.index, columns=[int(year) for year in years])

    def _total_rows(self) -> list[str]:
        """Totals with their intervals."""
        bands = [column for column in self.totals.columns if column.startswith(("lo_", "hi_"))]
        head = "".join(f"{name.replace('_', ' '):>13}" for name in ("mean", *bands))
        count = f"{len(self.weights):,} line{'' if len(self.weights) == 1 else 's'}"
        rows = [f"Outlook of {count}, total in millions of USD", f"{'period':<14}{head}"]
        for row in self.totals.to_dict("records"):
            amounts = "".join(f"{row[name] / 1e6:>13,.1f}" for name in ("mean", *bands))
            rows.append(f"{row['period']!s:<14}{amounts}")
        return rows

    def _score_rows(self) -> list[str]:
        """Scores one year ahead."""
        covered = [column for column in self.scores.columns if column.startswith("coverage_")]
        heads = ("smape", "mase", *covered, "weight", "n")
        rows = [
            f"Back-test one year ahead (smallest sMAPE: {self.best()})",
            f"{'model':<14}" + "".join(f"{head.replace('_', ' '):>13}" for head in heads),
        ]
        for row in self.scores[self.scores["horizon"] == 1].to_dict("records"):
            cells = [f"{row['smape']:>13.1f}", *(f"{row[head]:>13.2f}" for head in heads[1:-1]), f"{row['n']:>13,}"]
            rows.append(f"{row['model']:<14}" + "".join(cells))
        return rows

    def _treatment_rows(self) -> list[str]:
        """How often what was treated."""
        if self.treatments.empty:
            return ["Nothing had to be treated."]
        counts = (self.treatments["found"] + ": " + self.treatments["treatment"]).value_counts().sort_index()
        return ["Treated:", *(f"  {count:,} x {what}" for what, count in counts.items())]


def outlook(
    spending: pd.DataFrame,
    horizon: int = 5,
    levels: Sequence[int] = (80, 95),
    *,
    like: Sequence[str] = (),
) -> Outlook:
    """Forecast spending `horizon` years ahead with intervals, by line and in total.

    Args:
        spending: the long frame `keys..., period, amount`, such as `read_spending` returns; the period is a fiscal year
            as `int` or an annual pandas Period.
        horizon: fiscal years after the last one of the table.
        levels: chances, in percent, that an amount lies within its interval.
        like: key columns that lines must share to be like each other, such as `category`; growth is pooled among like
            lines first. By default all lines are like each other.

    Raises:
        SettingError: for a horizon, levels or `like` out of their range.
        SpendingError: for a table that cannot be read, with every problem at once.
    """
    _check_settings(spending, horizon, levels, like)
    levels = sorted(set(levels))
    ledger = lay_out(read_spending(spending, amount="amount"))
    unit = max(1.0, float(np.nanmax(np.abs(ledger.amounts))) / LARGEST)
    amounts = ledger.amounts / unit
    now = clean(amounts)
    alike = _groups(ledger, like)
    test = backtest(amounts, now, alike, MODELS, horizon)

    forecasts = np.stack([model.fit(now.fit, alike).predict(horizon) for model in MODELS])
    mean = combine(forecasts, test.weights)
    line_bounds, total_bounds = _intervals(now, mean, test, levels)
    return _result(ledger, levels, now, test, mean, line_bounds, total_bounds, unit)


def _check_settings(spending: pd.DataFrame, horizon: int, levels: Sequence[int], like: Sequence[str]) -> None:
    """Refuse what no outlook can have."""
    problems = []
    if not isinstance(horizon, int | np.integer) or not 1 <= horizon <= FARTHEST:
        problems.append(f"horizon {horizon} is not a whole number of years from 1 to {FARTHEST}.")
    for level in levels:
        if not isinstance(level, int | np.integer) or not 1 <= level <= 99:
            problems.append(f"level {level} is not a whole percentage from 1 to 99. Write 80 for 80 %.")
    if not levels:
        problems.append("there is no level. Give at least one, such as 80.")
    for key in like:
        if key not in spending.columns or key in ("period", "amount"):
            has = ", ".join(str(name) for name in spending.columns if name not in ("period", "amount")) or "none"
            problems.append(f"like '{key}' is not a key (keys: {has}).")
    if problems:
        raise SettingError("outlook", problems)


def _groups(ledger: Ledger, like: Sequence[str]) -> IntArray:
    """Number of each line's group of like lines, (n,)."""
    if not like:
        return np.zeros(len(ledger.lines), dtype=np.int64)
    return np.asarray(ledger.lines.groupby(list(like), sort=True).ngroup(), dtype=np.int64)


Bounds = tuple[FloatArray, FloatArray]


def _intervals(now: Cleaned, mean: FloatArray, test: Backtest, levels: Sequence[int]) -> tuple[Bounds, Bounds]:
    """Lower and upper ends of the lines, (L, n, H), and of the total, (L, 1, H)."""
    horizon = mean.shape[1]
    scale, size = line_scale(now.fit), size_class(now.fit)
    errors = test.scaled_errors(test.names.index(COMBINED)).reshape(-1, horizon)
    below, above = widths(calibrate(errors, test.size.ravel(), levels, horizon), scale, size)
    never = never_negative(now.values)
    lines = bounds(mean, below, above, never)
    if len(mean) == 1:
        return lines, lines
    core = widths(calibrate(errors, test.size.ravel(), (CORE,), horizon), scale, size)
    total_below, total_above = (
        total_reach(reach[0], test.total_errors, float(scale.sum()), levels)[:, None] for reach in core
    )
    return lines, bounds(mean.sum(axis=0)[None], total_below, total_above, np.array([bool(never.all())]))


def _result(
    ledger: Ledger,
    levels: Sequence[int],
    now: Cleaned,
    test: Backtest,
    mean: FloatArray,
    line_bounds: Bounds,
    total_bounds: Bounds,
    unit: float,
) -> Outlook:
    """Frames in USD out of arrays in `unit`."""
    n, horizon = mean.shape
    ahead = ledger.years[-1] + np.arange(1, horizon + 1)
    columns, total_columns = {"mean": mean.ravel() * unit}, {"mean": mean.sum(axis=0) * unit}
    for j, level in enumerate(levels):
        for end, name in enumerate(("lo", "hi")):
            columns[f"{name}_{level}"] = line_bounds[end][j].ravel() * unit
            total_columns[f"{name}_{level}"] = total_bounds[end][j, 0] * unit
    places = np.repeat(np.arange(n), horizon)
    known = np.arange(len(ledger.years)) >= first_finite(now.values)[:, None]
    line, year = np.nonzero(known)
    return Outlook(
        keys=ledger.keys,
        lines=ledger.long(places, np.tile(ahead, n), **columns),
        totals=pd.DataFrame({"period": ledger.periods(ahead), **total_columns}),
        scores=score(test, now, levels),
        weights=pd.DataFrame(test.weights, index=_line_index(ledger), columns=list(test.names[:-1])),
        treatments=_treatments(ledger, now, unit),
        history=ledger.long(line, ledger.years[year], amount=now.values[line, year] * unit),
    )


def _treatments(ledger: Ledger, now: Cleaned, unit: float) -> pd.DataFrame:
    """What cleaning did, by keys and period."""
    notes = list_treatments(now.notes)
    money = {name: notes[name].to_numpy(dtype=np.float64) * unit for name in ("before", "after")}
    words = {name: notes[name].astype("str") for name in ("found", "treatment")}
    return ledger.long(notes["line"].to_numpy(), ledger.years[notes["year"].to_numpy()], **words, **money)


def _line_index(ledger: Ledger) -> pd.Index:
    """The lines as an index: plain for one key, a `MultiIndex` for several."""
    if len(ledger.keys) > 1:
        return pd.MultiIndex.from_frame(ledger.lines)
    return pd.Index(ledger.lines[ledger.keys[0]]) if ledger.keys else pd.RangeIndex(1)


def _places(frame: pd.DataFrame, keys: tuple[str, ...], index: pd.Index) -> IntArray:
    """Row in `index` of each row of a frame."""
    if not keys:
        return np.zeros(len(frame), dtype=np.int64)
    own = pd.MultiIndex.from_frame(frame[list(keys)]) if len(keys) > 1 else pd.Index(frame[keys[0]])
    return index.get_indexer(own).astype(np.int64)
