r"""Where a fiscal year will end: the result of a projection, and budget against actual.

Money lapses line by line: what one line leaves does not pay for what another overspends. The expected lapse of a fund
or an agency is hence the sum over its lines; netting them first would hide both.

**Budget against actual.** With the profile $s$, the appropriation $A$, the year to date $c$ and the projection $\hat
T$ of a line,

$$\underbrace{sA - c}_{\text{variance}} = \underbrace{s\hat T - c}_{\text{timing}} +
\underbrace{s(A - \hat T)}_{\text{level}}$$

Above zero is favourable: less is spent than the budget to date. *Timing* reverses by the end of the year, *level* does
not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.arrays import FloatArray, IntArray
from forecast.chances import KNOTS, chances
from forecast.errors import SettingError
from forecast.ledger import ALL, find_lines
from forecast.reach import ends, group_reach
from forecast.rules import NAIVE
from forecast.trial import Trial

VARIANCE = ("appropriated", "budget_to_date", "spent", "variance", "timing", "level", "direction", "share")
"""What `explain` tells of a line, in the order of `YearEnd.variance`."""
CORE = 80
"""Percent: the level whose reach stands for a line's spread in a total; farther tails do not add up."""
CORE_NORMAL = 1.2815515655446004
"""The normal quantile of that level."""
ONE_ROW = pd.DataFrame(index=range(1))
"""The keys of a sum of all lines: none."""
SHOWN = 5
"""Lines that a summary names."""


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


def _add_up(values: FloatArray, group: IntArray, count: int) -> FloatArray:
    """Sum of the lines of each of `count` groups: (n,), (n,) -> (G,)."""
    return np.asarray(np.bincount(group, values, count), dtype=np.float64)
