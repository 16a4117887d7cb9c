r"""Within the year: where each line will end, how sure that is, what will lapse, and why the budget is missed.

    end = forecast.project(months, budget)
    print(end)

What is known when k of P periods of the fiscal year are closed is held against past years at the same k. The rules of
`forecast.profiles` each say where the year ends; a back-test over past years, in which only earlier years are known,
weighs them line by line (the naive ones are always among them and may win) and calibrates the intervals. A month is a
pandas `Period`, a date or text such as `2026-07`; a quarter is a `Period` or text such as `2027Q1`, which counts from
the start of the fiscal year.

**Lapse.** With $F$ the distribution of a line's year end $T$, straight between the quantiles that the intervals give,

$$E[\max(0, A - T)] = \int_{-\infty}^{A} F(t)\,dt, \qquad E[\max(0, T - A)] = \int_{A}^{\infty} (1 - F(t))\,dt$$

Money lapses line by line: what one line leaves does not pay for what another overspends. The expected lapse of a fund
or an agency is hence the sum over its lines; netting them first would hide both.

**Budget against actual.** With the profile $s$, the appropriation $A$, the year to date $c$ and the projection $\hat
T$ of a line,

$$\underbrace{sA - c}_{\text{variance}} = \underbrace{s\hat T - c}_{\text{timing}} +
\underbrace{s(A - \hat T)}_{\text{level}}$$

Above zero is favourable: less is spent than the budget to date. *Timing* reverses by the end of the year, *level* does
not.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast import losses
from forecast.arrays import BoolArray, FloatArray, IntArray, first_finite, row_any
from forecast.errors import SettingError, SpendingError, level_problems, like_problems
from forecast.evidence import lay_beside
from forecast.profiles import (
    KNOTS,
    NAIVE,
    Chances,
    Panel,
    Trial,
    chances,
    cumulative_share,
    ends,
    group_reach,
    reach,
    try_rules,
)
from forecast.spending import ALL, LONGEST_HISTORY, MEASURES, distinct_lines, find_lines, line_index, read_spending

VARIANCE = ("appropriated", "budget_to_date", "spent", "variance", "timing", "level", "direction", "share")
"""What `explain` tells of a line, in the order of `YearEnd.variance`."""
COMBINED = "combined"
"""Name of the weighed mean of all rules."""
CORE = 80
"""Percent: the level whose reach stands for a line's spread in a total; farther tails do not add up."""
CORE_NORMAL = 1.2815515655446004
"""The normal quantile of that level."""
LARGEST = 1e50
"""USD: tables with larger amounts are computed in a larger unit, so that squares stay finite."""
OFTEN = 0.75
"""Share of periods with a row from which on a missing one is odd."""
PARTIAL = 0.5
"""Median ratio of the last period to the same of last year, over that of the year so far, under which it is partial."""
PARTIAL_LINES = 5
"""Lines needed to tell a partial period from a quiet one."""
ONE_ROW = pd.DataFrame(index=range(1))
"""The keys of a sum of all lines: none."""
SHOWN = 5
"""Lines that a summary names."""
RESERVED = re.compile(
    r"^(spent|mean|(lo|hi)_\d+|expected_(lapse|overspend)|chance_over|budget_to_date|variance|timing|level|direction|"
    r"period|month|share|fiscal_year|found|treatment|before|after|line)$"
)
"""Names that the projection uses itself, so that no key may bear them."""
MONTH = re.compile(r"^(\d{4})-(\d{1,2})(-\d{1,2}([ T].*)?)?$")
QUARTER = re.compile(r"^(\d{4})[- ]?Q([1-4])$", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class YearEnd:
    """Where a fiscal year will end, with intervals, and how that was judged. Money is nominal USD of that year."""

    keys: tuple[str, ...]
    """Names of the key columns."""
    fiscal_year: int
    """The present one, named for the calendar year in which it ends."""
    closed: int
    """Closed periods of it."""
    periods: int
    """Periods of a year: 12 or 4."""
    levels: tuple[int, ...]
    """Chances, in percent, of the intervals."""
    lines: pd.DataFrame
    """`keys..., spent, encumbered, mean, lo_80, hi_80, ..., appropriated, expected_lapse, expected_overspend,
    chance_over`, a row a line, sorted by keys. `encumbered` stands there where the months have it, the last four where
    there is a budget: NaN for a line without an appropriation."""
    variance: pd.DataFrame
    """`keys..., appropriated, budget_to_date, spent, variance, timing, level, direction, share`, a row a line with an
    appropriation, the largest variance first; `share` is the variance over the sum of absolute ones."""
    scores: pd.DataFrame
    """`rule, smape, coverage_80, ..., weight, n`: the back-test at this period, with the naive rules and `combined`."""
    weights: pd.DataFrame
    """A row a line (in the order of `lines`), a column a rule; rows sum to 1."""
    profile: pd.DataFrame
    """`keys..., month, share`: the share of a year that a line has spent by the end of its n-th period."""
    treatments: pd.DataFrame
    """`keys..., period, found, treatment, before, after`: what was odd in the months, in USD."""
    tested: Trial
    """The back-test as arrays."""
    unit: float
    """USD in which its arrays are counted."""

    def totals(self, by: str | Sequence[str] = ()) -> pd.DataFrame:
        """Sums by one or several keys, by default of all lines: columns as in `lines`, the keys being `by`.

        Means add up. The interval blends what the lines imply with the sum's own errors in the back-test. Lapse and
        overspend are sums over lines, for money lapses line by line; `chance_over` is that of the sum against the sum
        of appropriations, NaN where a line with money in it has none.

        Raises:
            SettingError: when `by` is no key.
        """
        names = [by] if isinstance(by, str) else list(by)
        if unknown := [name for name in names if name not in self.keys]:
            has = ", ".join(self.keys) or "none"
            raise SettingError("totals", [f"by '{name}' is not a key (keys: {has})." for name in unknown])
        heads = self.lines[names].drop_duplicates().sort_values(names, ignore_index=True) if names else ONE_ROW
        group = find_lines(self.lines, heads)
        count = len(heads)

        def total(name: str) -> FloatArray:
            return _add_up(self.lines[name].fillna(0.0).to_numpy(dtype=np.float64), group, count)

        frame = heads.assign(**{name: total(name) for name in ("spent", "encumbered", "mean") if name in self.lines})
        floor = _add_up(self.tested.floor[-1], group, count) * self.unit
        low_ends, high_ends = ends(total("mean"), floor, *self._sums(group, self.levels))
        for level, low, high in zip(self.levels, low_ends, high_ends, strict=True):
            frame[f"lo_{level}"], frame[f"hi_{level}"] = low, high
        if "appropriated" not in self.lines:
            return frame
        frame = frame.assign(**{name: total(name) for name in ("appropriated", "expected_lapse", "expected_overspend")})
        likely = chances(total("mean"), floor, *self._sums(group, KNOTS))
        without = self.lines["appropriated"].isna() & (self.lines["mean"] != 0)
        partly = np.bincount(group, without.to_numpy(dtype=np.bool_), count) > 0
        frame["chance_over"] = np.where(partly, np.nan, likely.over(total("appropriated")))
        return frame

    def best(self) -> str:
        """The rule with the smallest sMAPE at this period; may well be a naive one, which also wins a tie."""
        scored = self.scores.dropna(subset="smape").set_index("rule")
        return str(scored["smape"].idxmin()) if len(scored) else NAIVE[0]

    def summary(self) -> str:
        """The projection as a page of text, money in USD."""
        return "\n".join(
            [*self._total_rows(), *self._budget_rows(), "", *self._score_rows(), "", *self._treatment_rows()]
        )

    def __str__(self) -> str:
        """The same as `summary`."""
        return self.summary()

    def _sums(self, group: IntArray, levels: Sequence[int]) -> tuple[FloatArray, FloatArray]:
        """Reach of the sum of each group, USD, below and above, each (L, G); a group of one line has that line's."""
        count = int(group.max()) + 1
        errors = (self.tested.actual - self.tested.projected[:, -1])[:-1]
        missed = np.full((len(errors), count), np.nan)
        for j, error in enumerate(errors):
            known = np.isfinite(error)
            scale = _add_up(np.where(known, self.tested.scale[j], 0.0), group, count)
            sums = _add_up(np.where(known, error, 0.0), group, count)
            missed[j] = np.where(scale > 0, sums / np.where(scale > 0, scale, 1.0), np.nan)
        now = _add_up(self.tested.scale[-1], group, count)
        alone = np.bincount(group, minlength=count) == 1
        both = []
        for side, core in zip(self.tested.widths(levels), self.tested.widths((CORE,)), strict=True):
            whole = group_reach(core[0] / CORE_NORMAL, missed, now, group, levels)
            one = np.stack([_add_up(each, group, count) for each in side])
            both.append(np.where(alone, one, whole) * self.unit)
        return both[0], both[1]

    def _total_rows(self) -> list[str]:
        """Where the sum of all lines stands and ends."""
        total = self.totals().iloc[0]
        unit = "months" if self.periods == 12 else "quarters"
        count = f"{len(self.lines):,} line{'' if len(self.lines) == 1 else 's'}"
        rows = [
            f"FY{self.fiscal_year} after {self.closed} of {self.periods} {unit}, {count}, in USD",
            f"  {'spent to date':<22}{total['spent']:>20,.0f}",
            f"  {'year end':<22}{total['mean']:>20,.0f}",
        ]
        for level in self.levels:
            low, high = total[f"lo_{level}"], total[f"hi_{level}"]
            rows.append(f"  {f'  {level} in 100 within':<22}{low:>20,.0f} to {high:,.0f}")
        return rows

    def _budget_rows(self) -> Iterator[str]:
        """What lapses, who overspends, and where the budget is missed."""
        if "appropriated" not in self.lines:
            return
        total = self.totals().iloc[0]
        for name in ("appropriated", "expected_lapse", "expected_overspend"):
            yield f"  {name.replace('_', ' '):<22}{total[name]:>20,.0f}"
        yield from self._named("Largest expected overspend", self.lines, "expected_overspend")
        yield from self._named("Largest expected lapse", self.lines, "expected_lapse")
        yield from self._named("Farthest from the budget to date", self.variance, "variance")

    def _named(self, title: str, frame: pd.DataFrame, column: str) -> Iterator[str]:
        """The lines with the largest figures of a column."""
        some = frame.loc[frame[column].abs().nlargest(SHOWN).index]
        some = some[some[column].abs() >= 0.5]
        if some.empty:
            return
        yield title
        for row in some.to_dict("records"):
            name = ", ".join(str(row[key]) for key in self.keys) or ALL
            if column == "variance":
                extra = f"  (timing {row['timing']:,.0f}, level {row['level']:,.0f})"
            else:
                extra = f"  ({row['chance_over']:.0%} likely to overspend)"
            yield f"  {row[column]:>20,.0f}  {name}{extra}"

    def _score_rows(self) -> list[str]:
        """Scores of the rules at this period of past years."""
        if self.closed == self.periods:
            return ["The year is closed: there is nothing left to project."]
        covered = [column for column in self.scores.columns if column.startswith("coverage_")]
        heads = ("smape", *covered, "weight", "n")
        rows = [
            f"Back-test at the same period of past years (smallest sMAPE: {self.best()})",
            f"{'rule':<16}" + "".join(f"{head.replace('_', ' '):>13}" for head in heads),
        ]
        for row in self.scores.to_dict("records"):
            cells = [f"{row['smape']:>13.1f}", *(f"{row[head]:>13.2f}" for head in heads[1:-1]), f"{row['n']:>13,}"]
            rows.append(f"{row['rule']:<16}" + "".join(cells))
        return rows

    def _treatment_rows(self) -> list[str]:
        """How often what was odd."""
        if self.treatments.empty:
            return ["Nothing was odd."]
        counts = (self.treatments["found"] + ": " + self.treatments["treatment"]).value_counts().sort_index()
        return ["Odd:", *(f"  {count:,} x {what}" for what, count in counts.items())]


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
            other lines have one, is nothing spent. Years before the present one serve to learn.
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
    ledger = _read(months, budget, prior, fiscal_year_start, as_of)
    panel = ledger.panel(like)
    tested = try_rules(panel)
    return _result(ledger, panel, tested, chosen)


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
    settings = {"like": like, "fiscal_year_start": fiscal_year_start, "as_of": as_of}
    return project(months, budget, **settings).variance  # type: ignore[arg-type]


@dataclass(frozen=True)
class Months:
    """The tables laid out as lines by fiscal years by periods, the present year last."""

    lines: pd.DataFrame
    """The keys: n rows, one text column a key (possibly none), sorted."""
    first_year: int
    """Fiscal year of the first column."""
    start: int
    """Calendar month in which fiscal years begin."""
    closed: int
    """Closed periods of the present year."""
    amounts: FloatArray
    """In units, (n, Y, P), NaN where the tables have nothing or a blank."""
    present: BoolArray
    """Where the table has a row, (n, Y, P)."""
    encumbered: FloatArray | None
    """In units, (n, Y, P), zero where the table has no row, NaN where it has a blank; None without such a column."""
    appropriated: FloatArray | None
    """In units, (n, Y), NaN where the budget has nothing; None without a budget."""
    prior: FloatArray
    """In units, (n, Y), NaN where there is none."""
    left_out: int
    """Periods at the end that were left out as partial: 0 or 1."""
    unit: float
    """USD in which money is counted."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the key columns."""
        return tuple(self.lines.columns)

    @property
    def last(self) -> int:
        """Place of the last closed period, counted from the first of the first year."""
        return int((self.amounts.shape[1] - 1) * self.amounts.shape[2] + self.closed - 1)

    def periods(self, places: IntArray) -> pd.Series:
        """Places as pandas periods."""
        per_year = self.amounts.shape[2]
        tick = self.first_year * per_year + places
        end = 12 if self.start == 1 else self.start - 1
        frequency = f"Q-{pd.Timestamp(2000, end, 1).strftime('%b').upper()}" if per_year == 4 else "M"
        since = 1970 * 4 if per_year == 4 else 1970 * 12 - (self.start - 1) + (12 if self.start > 1 else 0)
        distinct, place = np.unique(tick - since, return_inverse=True)
        periods = [pd.Period(ordinal=int(each), freq=frequency) for each in distinct]
        return pd.Series(pd.PeriodIndex(periods, freq=frequency).take(place))

    def word(self) -> str:
        """What a period is called."""
        return "month" if self.amounts.shape[2] == 12 else "quarter"

    def panel(self, like: Sequence[str]) -> Panel:
        """The arrays that rules see."""
        seen = self.seen()
        n, years, per_year = self.amounts.shape
        nothing = np.full((n, years), np.nan)
        cells = np.arange(years - 1) * per_year
        whole = (seen.begin[:, None] < cells + per_year // 2) & (cells >= seen.table_begin)
        gaps = np.asarray(seen.blank.any(axis=2), dtype=np.bool_)[:, :-1]
        sound = whole & ~gaps & (seen.begin[:, None] < cells + self.closed)
        alike = self.lines[list(like)]
        return Panel(
            amounts=seen.filled,
            whole=whole,
            sound=sound,
            closed=self.closed,
            like=distinct_lines(alike, like)[1],
            appropriated=nothing if self.appropriated is None else self.appropriated,
            encumbered=nothing if self.encumbered is None else self.encumbered[:, :, self.closed - 1],
            prior=self.prior,
        )

    def seen(self) -> "Seen":
        """What is known, unknown and nothing."""
        shape = self.amounts.shape
        present, amounts = self.present.reshape(len(self.lines), -1), self.amounts.reshape(len(self.lines), -1)
        cell = np.arange(present.shape[1])
        any_row = np.flatnonzero(present.any(axis=0))
        begin = first_finite(np.where(present, 0.0, np.nan))
        live = (cell >= begin[:, None]) & (cell <= self.last)
        known = live & np.isfinite(amounts)
        rows = np.asarray(present | ~present.any(axis=0), dtype=np.bool_)
        blank = live & ~known & rows
        year_before = np.column_stack([np.full((len(present), shape[2]), np.nan), np.where(known, amounts, np.nan)])
        year = np.where(known, amounts, 0.0).reshape(shape)
        mean = year.sum(axis=2) / known.reshape(shape).sum(axis=2).clip(1)
        guess = year_before[:, : len(cell)]
        guess = np.where(np.isfinite(guess), guess, np.repeat(mean, shape[2], axis=1))
        filled = np.where(known, amounts, np.where(blank, guess, 0.0))
        return Seen(
            filled=filled.reshape(shape),
            known=known.reshape(shape),
            blank=blank.reshape(shape),
            live=live.reshape(shape),
            begin=begin,
            table_begin=int(any_row[0]),
        )


@dataclass(frozen=True)
class Seen:
    """Lines by years by periods, each (n, Y, P)."""

    filled: FloatArray
    """Amounts without gaps: a blank is that of the year before, or the mean of its year; no row is zero."""
    known: BoolArray
    """Amounts that were given."""
    blank: BoolArray
    """Unknown: a row without an amount, or a period without any row."""
    live: BoolArray
    """From the line's first row to the last closed period."""
    begin: IntArray
    """Place of each line's first row, (n,), beyond the table if it has none."""
    table_begin: int
    """Place of the table's first row."""


def _check_settings(
    months: pd.DataFrame, levels: Sequence[int], like: Sequence[str], fiscal_year_start: int
) -> tuple[int, ...]:
    """Refuse what no projection can have; the levels, sorted."""
    problems = level_problems(levels)
    if not isinstance(fiscal_year_start, int | np.integer) or not 1 <= fiscal_year_start <= 12:
        problems.append(f"fiscal_year_start {fiscal_year_start} is not a month from 1 to 12. Write 7 for July.")
    problems += like_problems(like, _key_names(months))
    if problems:
        raise SettingError("project", problems)
    return tuple(sorted({int(level) for level in levels}))


def _key_names(table: pd.DataFrame) -> list[str]:
    """Columns that tell lines apart."""
    return [str(name) for name in table.columns if name not in ("period", *MEASURES)]


def _read(
    months: pd.DataFrame, budget: pd.DataFrame | None, prior: pd.DataFrame | None, start: int, as_of: object
) -> Months:
    """Lay the tables out, or refuse them with every problem of all."""
    keys = _key_names(months)
    problems = list(_column_problems(months, keys))
    money = {name: _dollars(months[name], problems) for name in ("amount", "encumbered") if name in months}
    tick, per_year = (
        _ticks(months["period"], start, problems) if "period" in months else (np.zeros(0, dtype=np.int64), 12)
    )
    enacted = None if budget is None else _yearly(budget, "budget", keys, "amount", problems)
    if problems:
        _yearly(prior, "prior", keys, "mean", problems)
        raise SpendingError("project", problems)
    last = _last_tick(tick, per_year, start, as_of, problems)
    said = _yearly(prior, "prior", keys, "mean", problems, default=last // per_year)
    if enacted is not None and not (enacted["period"] == last // per_year).any():
        problems.append(f"budget: no appropriation of FY{last // per_year}, the present year. Add it.")
    if problems:
        raise SpendingError("project", problems)

    kept = tick <= last
    rows = months.loc[kept, keys]
    own = pd.DataFrame(columns=keys) if enacted is None else enacted.loc[enacted["period"] == last // per_year, keys]
    lines, places = distinct_lines(pd.concat([rows, own], ignore_index=True) if len(own) else rows, keys)
    place, tick = places[: len(rows)], tick[kept]
    first_year = int(tick.min() // per_year)
    shape = (len(lines), int(last // per_year) - first_year + 1, per_year)
    cell = np.asarray(place * (shape[1] * per_year) + tick - first_year * per_year, dtype=np.int64)
    if problems := list(_repeated(months.loc[kept], cell, keys)):
        raise SpendingError("project", problems)
    return _lay_out(money, kept, cell, shape, lines, first_year, start, int(last), enacted, said, partial=as_of is None)


def _lay_out(
    money: dict[str, FloatArray],
    kept: BoolArray,
    cell: IntArray,
    shape: tuple[int, int, int],
    lines: pd.DataFrame,
    first_year: int,
    start: int,
    last: int,
    enacted: pd.DataFrame | None,
    said: pd.DataFrame | None,
    *,
    partial: bool,
) -> Months:
    """Rows into arrays, in a unit in which squares stay finite."""
    present = np.zeros(shape, dtype=np.bool_)
    present.ravel()[cell] = True
    amounts = np.full(shape, np.nan)
    amounts.ravel()[cell] = money["amount"][kept]
    appropriated = None if enacted is None else _by_year(enacted, lines, first_year, shape[1])
    prior = np.full(shape[:2], np.nan) if said is None else _by_year(said, lines, first_year, shape[1])
    encumbered = np.zeros(shape) if "encumbered" in money else None
    if encumbered is not None:
        encumbered.ravel()[cell] = money["encumbered"][kept]
    tables = [table for table in (amounts, appropriated, encumbered, prior) if table is not None]
    largest = max(float(np.abs(np.where(np.isfinite(table), table, 0.0)).max()) for table in tables)
    unit = max(1.0, largest / LARGEST)
    closed = last % shape[2] + 1
    left_out = int(partial and _is_partial(np.where(np.isfinite(amounts), amounts, 0.0), closed))
    return Months(
        lines=lines,
        first_year=first_year,
        start=start,
        closed=closed - left_out,
        amounts=amounts / unit,
        present=present,
        encumbered=None if encumbered is None else encumbered / unit,
        appropriated=None if appropriated is None else appropriated / unit,
        prior=prior / unit,
        left_out=left_out,
        unit=unit,
    )


def _is_partial(amounts: FloatArray, closed: int) -> bool:
    """Whether the last period of (n, Y, P) is plainly not complete, as no year's was before."""
    if closed < 2 or amounts.shape[1] < 2:
        return False
    month, to_date = amounts[:, :, closed - 1], amounts[:, :, : closed - 1].sum(axis=2)
    usual = (month[:, :-1] > 0) & (to_date[:, :-1] > 0) & (to_date[:, 1:] > 0)
    month, to_date = (np.log(np.maximum(values, np.finfo(float).tiny)) for values in (month, to_date))
    relative = np.where(usual, np.diff(month, axis=1) - np.diff(to_date, axis=1), np.nan)
    median = [float(np.median(year[np.isfinite(year)])) for year in relative.T if np.isfinite(year).any()]
    enough = int(usual[:, -1].sum()) >= PARTIAL_LINES
    return enough and median[-1] < np.log(PARTIAL) and min(median[:-1], default=0.0) >= np.log(PARTIAL)


def _column_problems(months: pd.DataFrame, keys: list[str]) -> Iterator[str]:
    """Everything that is wrong with the header of the months."""
    columns = [str(column) for column in months.columns]
    for name in ("period", "amount"):
        if name not in columns:
            yield f"months: no column '{name}' (columns: {', '.join(columns) or 'none'})."
    for name in keys:
        if RESERVED.match(name):
            yield f"months: column '{name}' bears a name that the projection uses itself. Rename it."
    for name in sorted({name for name in columns if columns.count(name) > 1}):
        yield f"months: column '{name}' stands there twice. Rename or remove one."
    if not len(months):
        yield "months: there are no rows. It needs one a line and month."


def _dollars(column: pd.Series, problems: list[str]) -> FloatArray:
    """Dollars, NaN where blank; what is no number goes to the problems."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    blank = column.isna().to_numpy(dtype=np.bool_)
    if not pd.api.types.is_numeric_dtype(column.dtype):
        blank = blank | (column.astype("str").str.strip() == "").to_numpy(dtype=np.bool_)
    wrong = column[~np.isfinite(numbers) & ~blank]
    for row, value in wrong.items():
        problems.append(f"months: row {row}, column '{column.name}': '{value}' is not a number. Write plain dollars.")
    if len(column) and blank.all() and column.name == "amount":
        problems.append("months: column 'amount': every amount is blank. At least one must be known.")
    return np.asarray(numbers, dtype=np.float64)


def _ticks(column: pd.Series, start: int, problems: list[str]) -> tuple[IntArray, int]:
    """Fiscal year times periods a year, plus the place in the year, of each row; and the periods a year."""
    place, distinct = pd.factorize(column)
    read = [_month(value, start) for value in distinct]
    spans = {span for _, span in (each for each in read if each)}
    lookup = np.array([_tick(each, start) for each in read] + [-1], dtype=np.int64)
    tick = lookup[place]
    for row, value in column[tick < 0].items():
        shown = "" if value is None or value is pd.NaT or value != value else value
        problems.append(
            f"months: row {row}, column 'period': '{shown}' is not a month (2026-07) or a quarter of the "
            "fiscal year (2027Q1)."
        )
    if len(spans) > 1:
        problems.append("months: column 'period' holds both months and quarters. Give one of them.")
    per_year = 4 if spans == {3} else 12
    read_years = tick[tick >= 0] // per_year
    if len(read_years) and read_years.max() - read_years.min() >= LONGEST_HISTORY:
        problems.append(f"months: column 'period' spans more than {LONGEST_HISTORY} years. Check the first and last.")
    return tick, per_year


def _month(value: object, start: int) -> tuple[int, int] | None:
    """The last calendar month of a period, counted from year 0, and its length in months."""
    if isinstance(value, pd.Period):
        span = {"M": 1, "Q": 3}.get(value.freqstr[0])
        end = value.asfreq("M", how="end") if span else value
        return (end.year * 12 + end.month - 1, span) if span else None
    if hasattr(value, "year") and hasattr(value, "month"):
        return value.year * 12 + value.month - 1, 1
    text = str(value).strip()
    if found := MONTH.match(text):
        year, month = int(found[1]), int(found[2])
        return (year * 12 + month - 1, 1) if 1 <= month <= 12 else None
    if found := QUARTER.match(text):
        first = (int(found[1]) - (start > 1)) * 12 + start - 1
        return first + 3 * int(found[2]) - 1, 3
    return None


def _tick(read: tuple[int, int] | None, start: int) -> int:
    """Fiscal year times periods a year, plus the place in the year; -1 where unread or across fiscal quarters."""
    if read is None:
        return -1
    month = read[0] - (start - 1) + (12 if start > 1 else 0)
    return month // read[1] if (month + 1) % read[1] == 0 else -1


def _last_tick(tick: IntArray, per_year: int, start: int, as_of: object, problems: list[str]) -> int:
    """The last closed period."""
    newest = int(tick.max())
    if as_of is None:
        return newest
    read = _month(as_of, start)
    chosen = -1 if read is None else _tick((read[0], 12 // per_year), start)
    if not tick.min() <= chosen <= newest:
        problems.append(f"as_of '{as_of}' is no closed period of the months. Choose one of them, or leave it out.")
    return chosen


def _yearly(
    table: pd.DataFrame | None, name: str, keys: list[str], column: str, problems: list[str], default: int | None = None
) -> pd.DataFrame | None:
    """A yearly table as `keys..., period, amount` with fiscal years as numbers; what is wrong goes to the problems."""
    if table is None:
        return None
    year = "fiscal_year" if "fiscal_year" in table else "period"
    if column == "mean":
        if year not in table:
            table = table.assign(**{year: default or 1})
        table = table[[key for key in (*keys, year, column) if key in table]]
    try:
        read = read_spending(table, amount=column, period=year)
    except SpendingError as error:
        problems.extend(f"{name}: {problem}" for problem in error.problems)
        return None
    own = [str(key) for key in read.columns[:-2]]
    if set(own) != set(keys):
        has, needs = ", ".join(own) or "none", ", ".join(keys) or "none"
        problems.append(f"{name}: its keys are {has}, those of the months {needs}. Add up to the same keys.")
        return None
    period = read["period"]
    years = period.dt.year if isinstance(period.dtype, pd.PeriodDtype) else period
    return read.rename(columns={column: "amount"}).assign(period=years.to_numpy(dtype=np.int64))


def _repeated(rows: pd.DataFrame, cell: IntArray, keys: list[str]) -> Iterator[str]:
    """Second amounts of one line and period."""
    again = rows[pd.Series(cell).duplicated().to_numpy()]
    for row, values in again.iterrows():
        line = ", ".join(str(values[key]) for key in keys) or "the line"
        yield f"months: row {row}: a second amount for {line} in {values['period']}. Add them up."


def _by_year(table: pd.DataFrame, lines: pd.DataFrame, first_year: int, years: int) -> FloatArray:
    """A yearly table as lines by years, NaN where it has nothing; other lines and years are left out."""
    return lay_beside(table.rename(columns={"period": "step"}), list(lines.columns), lines, first_year, years)


def _add_up(values: FloatArray, group: IntArray, count: int) -> FloatArray:
    """Sum of the lines of each of `count` groups: (n,), (n,) -> (G,)."""
    return np.asarray(np.bincount(group, values, count), dtype=np.float64)


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
        scores=_scores(tested, levels),
        weights=pd.DataFrame(
            tested.weights, index=line_index(ledger.lines), columns=[rule.name for rule in tested.rules]
        ),
        profile=_profile(ledger, panel),
        treatments=_treatments(ledger, panel),
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


def explain(ends: pd.DataFrame, share: FloatArray | pd.Series) -> pd.DataFrame:
    """Budget to date against actual, the largest variance first: see the top of this file.

    Args:
        ends: a row a line or sum, its keys and `spent`, `mean`, `appropriated`; rows without the last are left out.
        share: of the year that is usually spent by now, (rows,).

    Returns:
        The same rows with `budget_to_date, variance, timing, level, direction, share`; `share` is the variance over the
        sum of absolute ones.
    """
    to_date = share * ends["appropriated"]
    variance = to_date - ends["spent"]
    size = variance.abs().sum()
    frame = ends.assign(
        budget_to_date=to_date,
        variance=variance,
        timing=share * ends["mean"] - ends["spent"],
        level=share * (ends["appropriated"] - ends["mean"]),
        direction=np.select([variance > 0, variance < 0], ["favourable", "unfavourable"], "on budget"),
        share=variance / size if size else 0.0,
    )
    frame = frame[ends["appropriated"].notna()]
    return frame.sort_values("variance", key=np.abs, ascending=False, kind="stable", ignore_index=True)


def _scores(tested: Trial, levels: tuple[int, ...]) -> pd.DataFrame:
    """One row a rule: sMAPE in percent, coverage of its intervals with the year left out, mean weight, errors."""
    names = [*(rule.name for rule in tested.rules), COMBINED]
    weight = [*tested.weights.mean(axis=0), 1.0]
    rows = []
    for r, name in enumerate(names):
        known = np.isfinite(tested.actual[:-1]) & np.isfinite(tested.projected[:-1, r])
        missed = losses.smape(tested.actual[:-1][known], tested.projected[:-1, r][known])
        inside = _coverage(tested, r, levels)
        row = {"rule": name, "smape": missed.mean() if len(missed) else np.nan}
        row |= {f"coverage_{level}": inside[j] for j, level in enumerate(levels)}
        rows.append(row | {"weight": weight[r], "n": int(known.sum())})
    return pd.DataFrame(rows)


def _coverage(tested: Trial, rule: int, levels: tuple[int, ...]) -> FloatArray:
    """Share of year ends within their intervals, (L,), each year left out of its calibration, NaN without any."""
    errors = tested.errors(rule)
    hits, count = np.zeros(len(levels)), 0
    for j in range(len(errors)):
        known, third = np.isfinite(errors[j]), tested.third[j]
        others = reach(np.delete(errors, j, axis=0), np.delete(tested.third[:-1], j, axis=0), levels)
        sides = (side[:, third[known]] * tested.scale[j, known] for side in others)
        low, high = ends(tested.projected[j, rule, known], tested.floor[j, known], *sides)
        hits += losses.covered(tested.actual[j, known], low, high).sum(axis=1)
        count += int(known.sum())
    return hits / count if count else np.full(len(levels), np.nan)


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


def _treatments(ledger: Months, panel: Panel) -> pd.DataFrame:
    """What was odd, by keys and period."""
    tables = [
        pd.DataFrame({"line": line, "place": place, "found": found, "treatment": treatment, "before": b, "after": a})
        for found, treatment, line, place, b, a in _odd(ledger, panel)
    ]
    table = pd.concat(tables).sort_values(["line", "place", "found"], kind="stable", ignore_index=True)
    frame = ledger.lines.iloc[table["line"].to_numpy(dtype=np.int64)].reset_index(drop=True)
    frame["period"] = ledger.periods(table["place"].to_numpy(dtype=np.int64))
    for name in ("found", "treatment"):
        frame[name] = table[name].astype("str")
    for name in ("before", "after"):
        frame[name] = table[name].astype("float64") * ledger.unit
    return frame


Odd = tuple[str, str, IntArray, IntArray, FloatArray, FloatArray]


def _odd(ledger: Months, panel: Panel) -> Iterator[Odd]:
    """Each kind of oddity: what, what was done, lines, places, USD before and after."""
    seen, word = ledger.seen(), ledger.word()
    n, years, per_year = ledger.amounts.shape

    def note(found: str, treatment: str, where: BoolArray) -> Odd:
        """On the cells of a mask, (n, Y, P)."""
        line, year, period = np.nonzero(where)
        before, after = ledger.amounts[line, year, period], seen.filled[line, year, period]
        return found, treatment, line, year * per_year + period, before, after

    def note_lines(found: str, treatment: str, where: BoolArray, place: IntArray) -> Odd:
        """On the lines of a mask, (n,), at one place each, (n,)."""
        line = np.flatnonzero(where)
        cell = place[line].clip(0, ledger.last)
        flat = seen.filled.reshape(n, -1)[line, cell]
        return found, treatment, line, cell, flat, flat

    live = seen.live.sum(axis=(1, 2))
    often = (seen.live & ledger.present).sum(axis=(1, 2)) >= OFTEN * live
    yield note(
        f"missing {word}", "taken as nothing spent", seen.live & ~seen.known & ~seen.blank & often[:, None, None]
    )
    yield note(f"blank {word}", f"the same {word} of the year before, or the mean of the year", seen.blank)
    yield note(
        f"negative {word}", "kept, a credit: the year may end lower than it stands", seen.known & (seen.filled < 0)
    )
    if ledger.left_out:
        where = np.zeros(seen.live.shape, dtype=np.bool_)
        where[:, -1, ledger.closed] = ledger.present[:, -1, ledger.closed]
        yield note(f"partial last {word}", f"left out: the year is closed through the {word} before", where)
    now = np.full(n, ledger.last)
    first_year = seen.begin // per_year
    teaches = np.column_stack([panel.whole, np.ones(n, dtype=np.bool_)])[np.arange(n), first_year.clip(max=years - 1)]
    late_table = seen.table_begin % per_year > 0
    from_start = first_year == seen.table_begin // per_year
    yield note_lines("partial first year", "teaches nothing", ~teaches & from_start & late_table, seen.begin)
    yield note_lines(
        "begun within a year", "that year teaches nothing", ~teaches & ~(from_start & late_table), seen.begin
    )
    yield note_lines("no full year", "profile and errors of the pool", ~row_any(panel.whole), now)
    empty = panel.whole & (panel.amounts[:, :-1].sum(axis=2) <= 0) & ledger.present[:, :-1].any(axis=2)
    yield note_lines("year without spending", "teaches no profile", row_any(empty), _last_of(empty) * per_year)
    if ledger.appropriated is not None:
        spent = seen.filled[:, -1].sum(axis=1) != 0
        without = ~np.isfinite(ledger.appropriated[:, -1])
        yield note_lines("no appropriation", "left out of lapse and variance", without & spent, now)


def _last_of(mask: BoolArray) -> IntArray:
    """Column of each row's last set cell: (n, Y) -> (n,), zero if there is none."""
    return np.asarray((mask * np.arange(mask.shape[1])).max(axis=1, initial=0), dtype=np.int64)
