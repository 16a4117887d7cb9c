"""Rules tried in past years at the same period: weighed line by line, and scored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast import losses
from forecast.arrays import BoolArray, FloatArray, IntArray, row_mean
from forecast.backtest import combine, weigh
from forecast.profiles import Position
from forecast.reach import THIRDS, ends, line_scale, line_size, reach, size_third
from forecast.rules import NAIVE, RULES, Rule, project_all

ORIGINS = 10
"""The most recent past years that the back-test stands in."""
MIDDLE = 0.2
"""Share of the weights, about the median, whose projections are averaged."""
COMBINED = "combined"
"""Name of the weighed mean of all rules."""


@dataclass(frozen=True)
class Panel:
    """Lines by years by periods, the present year last. Money in USD."""

    amounts: FloatArray
    """(n, Y, P), finite; periods of the present year that are not closed hold zero."""
    whole: BoolArray
    """Past years of a line that count as full years, (n, Y - 1)."""
    sound: BoolArray
    """Past years that a projection is scored on: full, nothing filled in, begun when it was made, (n, Y - 1)."""
    closed: int
    """$k$, closed periods of the present year."""
    like: IntArray
    """Number of each line's group of like lines, (n,)."""
    appropriated: FloatArray
    """(n, Y), NaN where there is none."""
    encumbered: FloatArray
    """Outstanding at the end of period k of each year, (n, Y), NaN where unknown."""
    prior: FloatArray
    """Forecasts of each year made elsewhere, (n, Y), NaN where there is none."""

    def position(self, year: int) -> Position:
        """What was known in a year, by its place, after as many periods as are closed now."""
        return Position(
            past=self.amounts[:, :year],
            whole=self.whole[:, :year],
            now=self.amounts[:, year, : self.closed],
            like=self.like,
            appropriated=self.appropriated[:, : year + 1],
            encumbered=self.encumbered[:, : year + 1],
            prior=self.prior[:, year],
        )


@dataclass(frozen=True)
class Trial:
    """Every rule in past years and now; O origins, the present year the last of them. Money in USD."""

    rules: tuple[Rule, ...]
    """The naive ones, and those that have something to go by in the present year."""
    years: IntArray
    """Place of each origin's year, (O,)."""
    projected: FloatArray
    """(O, R + 1, n), the combined projection last, NaN where a rule had nothing to go by."""
    actual: FloatArray
    """Year ends, (O, n), NaN where there is nothing to score on."""
    scale: FloatArray
    """Of each line at each origin, (O, n)."""
    third: IntArray
    """Third of the lines by size that each belongs to at each origin, (O, n)."""
    floor: FloatArray
    """What each line cannot fall below, (O, n), minus infinity where credits may come."""
    weights: FloatArray
    """Of the rules in the present year, (n, R), rows sum to 1."""

    def errors(self, rule: int = -1) -> FloatArray:
        """Actual less projected in units of the line's scale at past origins, (O - 1, n), NaN unscored."""
        scale = np.where(self.scale > 0, self.scale, 1.0)
        return np.asarray(((self.actual - self.projected[:, rule]) / scale)[:-1], dtype=np.float64)

    def widths(self, levels: Sequence[int]) -> tuple[FloatArray, FloatArray]:
        """How far the intervals of the present year reach below and above the combined projection, each (L, n)."""
        below, above = reach(self.errors(), self.third[:-1], levels)
        return below[:, self.third[-1]] * self.scale[-1], above[:, self.third[-1]] * self.scale[-1]

    def scores(self, levels: Sequence[int]) -> pd.DataFrame:
        """`rule, smape, coverage_80, ..., weight, n`: a row a rule, the combined projection last.

        sMAPE in percent; coverage of its intervals with the year left out; mean weight; errors.
        """
        names = [*(rule.name for rule in self.rules), COMBINED]
        weight = [*self.weights.mean(axis=0), 1.0]
        rows = []
        for r, name in enumerate(names):
            known = np.isfinite(self.actual[:-1]) & np.isfinite(self.projected[:-1, r])
            missed = losses.smape(self.actual[:-1][known], self.projected[:-1, r][known])
            inside = self._coverage(r, levels)
            row = {"rule": name, "smape": missed.mean() if len(missed) else np.nan}
            row |= {f"coverage_{level}": inside[j] for j, level in enumerate(levels)}
            rows.append(row | {"weight": weight[r], "n": int(known.sum())})
        return pd.DataFrame(rows)

    def _coverage(self, rule: int, levels: Sequence[int]) -> FloatArray:
        """Share of year ends within their intervals, (L,), each year left out of its calibration, NaN without any."""
        errors = self.errors(rule)
        hits, count = np.zeros(len(levels)), 0
        for j in range(len(errors)):
            known, third = np.isfinite(errors[j]), self.third[j]
            others = reach(np.delete(errors, j, axis=0), np.delete(self.third[:-1], j, axis=0), levels)
            sides = (side[:, third[known]] * self.scale[j, known] for side in others)
            low, high = ends(self.projected[j, rule, known], self.floor[j, known], *sides)
            hits += losses.covered(self.actual[j, known], low, high).sum(axis=1)
            count += int(known.sum())
        return hits / count if count else np.full(len(levels), np.nan)


def try_rules(panel: Panel) -> Trial:
    """Project every year from what was known at the same period: the rolling-origin back-test, and the present year.

    At an origin a line's weights come from its own errors at earlier origins, shrunk to those of all lines (`weigh`).
    Nothing is scored before some line has a full year behind it.
    """
    n, years, _ = panel.amounts.shape
    present = panel.position(years - 1)
    rules = tuple(rule for rule in RULES if rule.name in NAIVE or np.isfinite(rule.predict(present)).any())
    origins = np.arange(max(1, years - 1 - ORIGINS), years) if years > 1 else np.zeros(1, dtype=np.int64)
    projected = np.empty((len(origins), len(rules) + 1, n))
    actual, scale, floor = (np.full((len(origins), n), np.nan) for _ in range(3))
    third = np.zeros((len(origins), n), dtype=np.int64)
    loss, miss, count = np.zeros((n, len(rules))), np.zeros(n), np.zeros(n)
    for j, year in enumerate(origins):
        at = panel.position(int(year))
        said = project_all(at, rules)
        weights = _usable_weights(weigh(loss, count)[0], said)
        combined = at.spent if at.straight == 1.0 else middle(said, weights)
        projected[j] = np.vstack([said, combined])
        size = line_size(at.totals, combined)
        third[j] = size_third(size)
        scale[j] = line_scale(size, miss, count, said - combined, at.like * THIRDS + third[j], at)
        floor[j] = np.where(at.credits, -np.inf, at.spent)
        if year == years - 1 or not at.whole.any():
            continue
        truth = panel.amounts[:, year].sum(axis=1)
        alive = (np.abs(combined) > 0) | (truth != 0)
        actual[j] = np.where(panel.sound[:, year] & alive, truth, np.nan)
        known = np.isfinite(actual[j])
        missed = losses.smape(truth, said)
        missed = np.where(np.isfinite(missed), missed, row_mean(missed.T)[None])
        loss += np.where(known, missed, 0.0).T
        miss += np.where(known, np.abs(truth - combined), 0.0) / size
        count += known
    return Trial(rules, origins.astype(np.int64), projected, actual, scale, third, floor, weights)


def _usable_weights(weights: FloatArray, said: FloatArray) -> FloatArray:
    """Weights (n, R) of the rules that have something to go by, (R, n); rows sum to 1 again."""
    usable = np.where(np.isfinite(said.T), weights, 0.0)
    return np.asarray(usable / usable.sum(axis=1, keepdims=True), dtype=np.float64)


def middle(said: FloatArray, weights: FloatArray) -> FloatArray:
    """Trimmed mean of projections, (R, n) with NaN where the weight is zero, by weights, (n, R): (n,)."""
    return combine(np.where(np.isfinite(said), said, 0.0)[:, :, None], weights, MIDDLE)[:, 0]
