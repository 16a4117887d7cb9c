r"""Rules that say where a year will end, each for all lines at once, from what is known when k of P periods are closed.

$c$ is the year to date, $T_y$ and $c_y$ a past year's total and its year to date at the same k, $R_y = T_y - c_y$ what
then came, $A_y$ the appropriation and $E_y$ the encumbrances outstanding at the end of period k. The *profile* $s$ is
the share of a year that is spent by then. Agencies spend late where money lapses: in Texas August, the last month, ran
57 % above July (Texas Comptroller, *e-Texas*, GG 17, 2003); the last week of the federal year takes 4.9 times its share
(Liebman & Mahoney, NBER 2013). So a profile is learnt, not assumed:

$$s_i = \frac{m_i\,\bar s_i + \kappa\,s_c}{m_i + \kappa}, \qquad \bar s_i = \frac{\sum_y w_y c_{iy}}{\sum_y w_y T_{iy}},
\qquad m_i = \sum_y w_y, \qquad w_y = \delta^{\text{age}}, \qquad
\kappa = \frac{\sigma^2_{\text{within}}}{\sigma^2_{\text{between}}}$$

$s_c$ is the median of like lines, leaning to that of all lines and this to the straight line $k/P$. $\kappa$ is learnt
too: lines whose years differ more than the lines do trust the pool (Efron & Morris, Journal of the American
Statistical Association 70 (1975)). Years without positive spending teach nothing here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from forecast import losses
from forecast.arrays import BoolArray, FloatArray, IntArray, last_finite, row_mean, row_quantile
from forecast.backtest import combine, weigh
from forecast.intervals import COMMON_SHARE, LEAST_MONEY, NO_AMOUNT_SCALE, USUAL_CHANGE
from forecast.models import WIDEST

DECAY = 0.8
"""$\\delta$: weight of a year over that of the year after it."""
BUDGET_DECAY = 0.7
"""The same for how appropriations are used: habits of budgeting change sooner."""
POOL_LINES = 3.0
"""Lines that the default counts for in a pool over all lines, and all lines in a pool of like ones."""
GROWTH_LINES = 10.0
"""The same for growth, which is noisier."""
OWN_YEARS = 1.0
"""$\\kappa$ where it cannot be learnt: years of its own that the pool counts for."""
LEAST_OWN, MOST_OWN = 0.1, 10.0
"""Bounds of $\\kappa$."""
LEAST_SHARE, MOST_SHARE = 0.02, 1.5
"""Shares spent by period k that are believed; credits late in a year put them above one."""
MOST_USED = 2.0
"""Share of an appropriation beyond which its use is not believed."""
CONVERSION = 0.8
"""Share of encumbrances outstanding that are paid within the year, before it is learnt. An assumption."""
CONVERSION_YEARS = 10.0
"""Years of lines that `CONVERSION` counts for."""


@dataclass(frozen=True)
class Position:
    """What is known of n lines when k periods of a year are closed, and nothing later. Money in USD."""

    past: FloatArray
    """Earlier years, (n, Y, P)."""
    whole: BoolArray
    """Years of a line that count as full years, (n, Y)."""
    now: FloatArray
    """The closed periods, (n, k)."""
    like: IntArray
    """Number of each line's group of like lines, (n,)."""
    appropriated: FloatArray
    """By year, the present one last, (n, Y + 1), NaN where there is none."""
    encumbered: FloatArray
    """Outstanding at the end of period k, by year, the present one last, (n, Y + 1), NaN where unknown."""
    prior: FloatArray
    """Forecasts of the year made elsewhere, (n,), NaN where there is none."""

    @cached_property
    def spent(self) -> FloatArray:
        """$c$, (n,)."""
        return np.asarray(self.now.sum(axis=1), dtype=np.float64)

    @cached_property
    def totals(self) -> FloatArray:
        """$T_y$, (n, Y), NaN where the year does not count."""
        return np.where(self.whole, self.past.sum(axis=2), np.nan)

    @cached_property
    def to_date(self) -> FloatArray:
        """$c_y$, (n, Y), NaN where the year does not count."""
        return np.where(self.whole, self.past[:, :, : self.now.shape[1]].sum(axis=2), np.nan)

    @cached_property
    def straight(self) -> float:
        """$k/P$."""
        return float(self.now.shape[1] / self.past.shape[2])

    @cached_property
    def told(self) -> BoolArray:
        """Lines of which more is known than their year to date: a full year, an appropriation, a forecast, (n,)."""
        known = np.isfinite(self.appropriated[:, -1]) | np.isfinite(self.prior)
        return np.asarray(known | self.whole.any(axis=1), dtype=np.bool_)

    @cached_property
    def credits(self) -> BoolArray:
        """Lines that have had a negative period: their year may yet end below its year to date, (n,)."""
        seen = np.where(self.whole[:, :, None], self.past, 0.0).min(axis=(1, 2), initial=0.0)
        return np.asarray((seen < 0) | (self.now.min(axis=1) < 0), dtype=np.bool_)

    @cached_property
    def share(self) -> FloatArray:
        """$s$, (n,)."""
        return cumulative_share(self.totals, self.to_date, self.straight, self.like)

    @cached_property
    def growth(self) -> FloatArray:
        r"""$g$, (n,): the year to date of like lines over that of their last year, a pooled median of logs."""
        before = _last(self.to_date)
        both = (self.spent > 0) & (before > 0)
        ratio = np.log(np.where(both, self.spent, 1.0)) - np.log(np.where(both, before, 1.0))
        limit = np.log(WIDEST)
        pooled = pool(np.where(both, ratio, np.nan), self.like, 0.0, GROWTH_LINES)
        return np.asarray(np.exp(pooled.clip(-limit, limit)), dtype=np.float64)

    @cached_property
    def usual_rest(self) -> FloatArray:
        r"""$\bar R$, (n,), the weighed mean of what came after period k in past years, NaN without any."""
        return recent_mean(self.totals - self.to_date, DECAY)[0]


def lean(own: FloatArray, count: FloatArray | IntArray, wider: FloatArray | float, kappa: float) -> FloatArray:
    r"""A figure of its own, which may be NaN where its count $m$ is zero, and a wider one.

    $$\frac{m\,x + \kappa\,x_0}{m + \kappa}$$
    """
    return np.asarray((np.where(count > 0, own, 0.0) * count + kappa * wider) / (count + kappa), dtype=np.float64)


def pool(values: FloatArray, like: IntArray, default: float, kappa: float = POOL_LINES) -> FloatArray:
    """Median of like lines, leaning to that of all lines, and this to `default`: (n,) with NaN -> (n,)."""
    known = np.isfinite(values)
    lines = pd.Series(values[known])
    overall = float(lean(np.array(lines.median()), np.array(len(lines)), default, kappa))
    table = lines.groupby(like[known]).agg(["median", "size"])
    leaned = (table["median"] * table["size"] + overall * kappa) / (table["size"] + kappa)
    return leaned.reindex(like).fillna(overall).to_numpy(dtype=np.float64)


def recent_mean(values: FloatArray, decay: float) -> tuple[FloatArray, FloatArray]:
    """Mean of each line's years, later ones heavier, and the sum of weights: (n, Y) -> (n,), NaN without any, (n,)."""
    weight = np.isfinite(values) * decay ** np.arange(values.shape[1])[::-1]
    count = weight.sum(axis=1)
    total = (weight * np.where(np.isfinite(values), values, 0.0)).sum(axis=1)
    return np.where(count > 0, total / np.where(count > 0, count, 1.0), np.nan), np.asarray(count, dtype=np.float64)


def recent_ratio(part: FloatArray, whole: FloatArray, decay: float, most: float) -> tuple[FloatArray, FloatArray]:
    """Ratio of weighed sums, and the sum of weights: (n, Y), (n, Y) -> (n,), NaN without any, (n,).

    Only years count in which both are known and `whole` is positive; a part is held within 0 and `most` wholes.
    """
    usable = np.isfinite(part) & (whole > 0)
    below, count = recent_mean(np.where(usable, whole, np.nan), decay)
    above, _ = recent_mean(np.where(usable, np.clip(part, 0.0, most * whole), np.nan), decay)
    return above / np.where(count > 0, below, np.nan), count


def cumulative_share(totals: FloatArray, to_date: FloatArray, straight: float, like: IntArray) -> FloatArray:
    """The profile at one period from past years, (n, Y) each with NaN: (n,) shares; see the top of this file."""
    own, count = recent_ratio(to_date, totals, DECAY, MOST_SHARE)
    wider = pool(own, like, straight)
    positive = totals > 0
    yearly = np.clip(to_date, 0.0, MOST_SHARE * totals) / np.where(positive, totals, np.nan)
    several = positive.sum(axis=1) > 1
    within, between = np.abs(yearly - own[:, None])[several], np.abs(own - wider)
    within, between = within[np.isfinite(within)], between[np.isfinite(between)]
    return lean(own, count, wider, _own_years(within, between))


def _own_years(within: FloatArray, between: FloatArray) -> float:
    r"""$\kappa$ from deviations of years from their line, and of lines from their pool; medians, so none moves it."""
    if not len(within):
        return OWN_YEARS
    years, lines = float(np.median(within)), float(np.median(between))
    return float(np.clip((years / max(lines, 1e-9)) ** 2, LEAST_OWN, MOST_OWN))


def _last(values: FloatArray) -> FloatArray:
    """Each line's last finite year: (n, Y) -> (n,), NaN without any."""
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    return np.asarray(values[np.arange(len(values)), last_finite(values)], dtype=np.float64)


def _unbegun(at: Position) -> BoolArray:
    """Lines that have spent nothing yet, this year or in a full year before, but of which something is known, (n,)."""
    return np.asarray((at.spent == 0) & at.told & ~at.whole.any(axis=1), dtype=np.bool_)


def run_rate(at: Position) -> FloatArray:
    r"""Naive: the year goes on as it began.

    $$\hat T = c\,P / k$$

    Silent on a line that has not begun to spend, where anything else is known of it.
    """
    return np.where(_unbegun(at), np.nan, at.spent / at.straight)


def last_year(at: Position) -> FloatArray:
    r"""Naive: the year ends as the last one did.

    $$\hat T = T_{y-1}$$
    """
    return _last(at.totals)


def last_years_rest(at: Position) -> FloatArray:
    r"""Seasonal naive: what is left of last year comes again; that is, last year plus the change to date.

    $$\hat T = c + R_{y-1}$$
    """
    return at.spent + _last(at.totals - at.to_date)


def by_profile(at: Position) -> FloatArray:
    r"""The year to date over the share that is usually spent by now.

    $$\hat T = c / s$$

    Silent where the run rate is.
    """
    return np.where(_unbegun(at), np.nan, at.spent / at.share.clip(LEAST_SHARE))


def grown_rest(at: Position) -> FloatArray:
    r"""What is left of last year comes again, as much larger as like lines are to date.

    $$\hat T = c + g\,R_{y-1}$$
    """
    return at.spent + at.growth * _last(at.totals - at.to_date)


def usual_rest(at: Position) -> FloatArray:
    r"""The same with the mean of past years.

    $$\hat T = c + g\,\bar R$$
    """
    return at.spent + at.growth * at.usual_rest


def encumbrances(at: Position) -> FloatArray:
    r"""The usual rest, and the part $q$ of what is encumbered beyond the usual.

    $$\hat T = c + \bar R + q\,(E - \bar E)$$

    $q$ is learnt from like lines (`conversion`). A line without a full year behind it ends at $c + q E$.
    """
    usual, _ = recent_mean(np.where(np.isfinite(at.totals), at.encumbered[:, :-1], np.nan), DECAY)
    outstanding, q = at.encumbered[:, -1], conversion(at)
    known = at.spent + at.usual_rest + q * (outstanding - usual)
    return np.where(at.whole.any(axis=1), known, np.where(outstanding > 0, at.spent + q * outstanding, np.nan))


def conversion(at: Position) -> FloatArray:
    r"""$q$, (n,): slope of what came on what was encumbered, both about the line's own means, in shares of its year.

    $$q = \frac{\sum \Delta R\,\Delta E}{\sum \Delta E^2}$$

    over the years of all lines, leaning to `CONVERSION`; that of like lines leans to it.
    """
    known = np.isfinite(at.totals) & np.isfinite(at.encumbered[:, :-1])
    size = recent_mean(np.abs(np.where(known, at.totals, np.nan)), 1.0)[0][:, None]
    came, held = (
        _deviations(np.where(known & (size > 0), values, np.nan), size)
        for values in (at.totals - at.to_date, at.encumbered[:, :-1])
    )
    both, square = (came * held).sum(axis=1), (held * held).sum(axis=1)
    count = np.where(square > 0, known.sum(axis=1), 0)
    overall = float(
        lean(_slope(both.sum(keepdims=True), square.sum(keepdims=True))[0], count.sum(), CONVERSION, CONVERSION_YEARS)
    )
    slope = _slope(*(np.asarray(np.bincount(at.like, sums), dtype=np.float64) for sums in (both, square)))
    return lean(slope, np.bincount(at.like, count), overall, CONVERSION_YEARS)[at.like]


def _slope(both: FloatArray, square: FloatArray) -> FloatArray:
    """Slope within 0 and 1 from sums of products and of squares, zero where these are zero."""
    return np.asarray(np.clip(both, 0.0, square) / np.where(square > 0, square, 1.0), dtype=np.float64)


def _deviations(values: FloatArray, size: FloatArray) -> FloatArray:
    """Deviations from each line's mean in shares of its size, within -1 and 1, zero where unknown: (n, Y) -> (n, Y)."""
    apart = values - recent_mean(values, 1.0)[0][:, None]
    known = np.isfinite(apart)
    apart = np.where(known, apart, 0.0)
    return np.asarray(apart / np.where(known, np.maximum(size, np.abs(apart)), 1.0), dtype=np.float64)


def straight_budget(at: Position) -> FloatArray:
    r"""Naive: the appropriation is spent.

    $$\hat T = A$$
    """
    return at.appropriated[:, -1]


def used_budget(at: Position) -> FloatArray:
    r"""The appropriation is used as usual.

    $$\hat T = e A, \qquad e = \sum_y w_y T_y \Big/ \sum_y w_y A_y$$

    $e$ leans to that of like lines, and with few lines to 1.
    """
    own, count = recent_ratio(at.totals, at.appropriated[:, :-1], BUDGET_DECAY, MOST_USED)
    used = lean(own, count, pool(own, at.like, 1.0), OWN_YEARS)
    return used * at.appropriated[:, -1]


def used_balance(at: Position) -> FloatArray:
    r"""The unspent balance of the appropriation is used as usual.

    $$\hat T = c + f\,\max(A - c, 0), \qquad f = \sum_y w_y R_y \Big/ \sum_y w_y \max(A_y - c_y, 0)$$

    $f$ leans to that of like lines, and with few lines to 1.
    """
    balance = (at.appropriated[:, :-1] - at.to_date).clip(0.0)
    own, count = recent_ratio(at.totals - at.to_date, balance, BUDGET_DECAY, MOST_USED)
    used = lean(own, count, pool(own, at.like, 1.0), OWN_YEARS)
    return np.asarray(at.spent + used * (at.appropriated[:, -1] - at.spent).clip(0.0), dtype=np.float64)


def prior_forecast(at: Position) -> FloatArray:
    """What was forecast elsewhere for the whole year."""
    return at.prior


@dataclass(frozen=True)
class Rule:
    """One way to project a year's end."""

    name: str
    predict: Callable[[Position], FloatArray]
    """Projected totals, USD, (n,), NaN where the rule has nothing to go by."""


RULES = (
    Rule("run rate", run_rate),
    Rule("last year", last_year),
    Rule("last year's rest", last_years_rest),
    Rule("profile", by_profile),
    Rule("grown rest", grown_rest),
    Rule("usual rest", usual_rest),
    Rule("encumbrances", encumbrances),
    Rule("straight budget", straight_budget),
    Rule("used budget", used_budget),
    Rule("used balance", used_balance),
    Rule("prior", prior_forecast),
)
"""The rules that a projection weighs, the naive rivals first."""


def project_all(at: Position, rules: tuple[Rule, ...]) -> FloatArray:
    """Every rule's projection, USD, (R, n), NaN where a rule has nothing to go by.

    A line that never had a credit ends no lower than it stands; and none beyond `WIDEST` times the largest figure that
    is known of it, a guard, not a belief. A closed year ends where it stands.
    """
    if at.straight == 1.0:
        return np.tile(at.spent, (len(rules), 1))
    known = np.column_stack([at.totals, at.spent / at.straight, at.appropriated[:, -1], at.prior])
    ceiling = WIDEST * np.abs(np.where(np.isfinite(known), known, 0.0)).max(axis=1)
    floor = np.where(at.credits, -ceiling, at.spent)
    return np.stack([np.clip(rule.predict(at), floor, np.maximum(ceiling, floor)) for rule in rules])


NAIVE = ("run rate", "last year")
"""The rivals that anyone can compute in their head: scored whatever is known."""
ORIGINS = 10
"""The most recent past years that the back-test stands in."""
MIDDLE = 0.2
"""Share of the weights, about the median, whose projections are averaged."""
RECENT = 3
"""Years whose mean total says how large a line is."""
SIZE_GAP = 100.0
"""Times that the past and the projected total of a line may differ before its size follows the larger one."""
OWN_ERRORS = 4.0
"""$\\kappa$: errors of its own that the pool counts for in a line's scale."""
APART = 0.5
"""$\\alpha$: power with which disagreement among rules widens a line's scale."""
FARTHEST = 10.0
"""Times the pool's error, or a part of it, that a line's own error or disagreement counts for at most."""
RUN_RATE_MISS = 0.15
"""Median absolute error of a run rate at mid-year: of a large city's departments (FY2010-14) 13 %, receipts (FY2015-17)
18 %. It goes with the root of what is left over what is done."""
THIRDS, THIRD_LINES = 3, 10
"""Thirds of the lines by size, where each would have so many lines; else one."""
PRIOR_ERRORS = 20.0
"""Back-test errors that a wider sample counts for in a quantile."""
LEAST_QUANTILE = 0.1
"""Scales: an interval reaches no less far."""
TOTAL_ORIGINS = 5.0
"""Origins that the interval implied by the lines counts for in that of a sum."""
LEAST_SCALE = 1e-3
"""Share of its size under which no line's scale falls."""


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


def line_size(totals: FloatArray, projected: FloatArray) -> FloatArray:
    r"""How large each line is, USD, (n,), above zero: the geometric mean of its recent years and its projection.

    A mean that follows the smaller one: a line that all but ended is not judged by what it once was.
    """
    size = np.abs(projected)
    before = row_mean(np.abs(totals[:, -RECENT:]))
    before = np.where(before > 0, before, size)
    size = np.where(size > 0, size, before / SIZE_GAP)
    between = np.sqrt(np.maximum(size, before / SIZE_GAP)) * np.sqrt(np.maximum(before, size / SIZE_GAP))
    return np.where(between > 0, np.maximum(between, LEAST_MONEY), NO_AMOUNT_SCALE)


def size_third(size: FloatArray) -> IntArray:
    """Third of the lines with money in them that each belongs to, (n,): 0, 1, 2; all 0 where they are few.

    Small lines miss by a larger share: they must not lend their tails to a pension fund.
    """
    spends = size != NO_AMOUNT_SCALE
    if spends.sum() < THIRDS * THIRD_LINES:
        return np.zeros(len(size), dtype=np.int64)
    edges = np.quantile(size[spends], np.arange(1, THIRDS) / THIRDS)
    return np.searchsorted(edges, size, side="right").astype(np.int64)


def line_scale(
    size: FloatArray, miss: FloatArray, count: FloatArray, apart: FloatArray, peers: IntArray, at: Position
) -> FloatArray:
    r"""Scale of each line, USD, (n,): how far it usually ends from its projection, zero only when the year is closed.

    $$\ln s_i = \ln a_i + \frac{m_i \ln \epsilon_i + \kappa\,(\ln \epsilon_c + \alpha \ln (d_i / \tilde d))}
    {m_i + \kappa}$$

    $a_i$ is the line's `size`, $\epsilon_i$ its mean absolute error over size (`miss` sums $m_i$ = `count` of them),
    $\epsilon_c$ its median over its `peers`, like lines of like size, which leans to the usual yearly change of state
    spending times the root of the share of the year that is left; $d_i$ the median distance over size of the rules
    from their mean (`apart`, (R, n)), $\tilde d$ its median over lines: where the rules part, the line is hard to tell.
    A line of which nothing but its year to date is told is as uncertain as a run rate.
    """
    left = 1.0 - at.straight
    if not left:
        return np.zeros(len(size))
    own = np.where(count > 0, miss / count.clip(1), np.nan)
    wider = pool(own, peers, USUAL_CHANGE * np.sqrt(left)).clip(LEAST_SCALE)
    wider = np.where(at.told, wider, np.maximum(wider, RUN_RATE_MISS * np.sqrt(left / at.straight)))
    distance = row_quantile(np.abs(apart).T, 0.5) / size
    parted = distance[distance > 0]
    usual = max(float(np.median(parted)), LEAST_MONEY) if len(parted) else 1.0
    spread = np.where(at.told & (len(parted) > 0), distance / usual, 1.0).clip(1 / FARTHEST, FARTHEST)
    known = np.where(count > 0, own, wider).clip(wider / FARTHEST, wider * FARTHEST)
    leaned = lean(np.log(known), count, np.log(wider) + APART * np.log(spread), OWN_ERRORS)
    return np.asarray(size * np.exp(leaned).clip(LEAST_SCALE), dtype=np.float64)


def reach(errors: FloatArray, third: IntArray, levels: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    r"""How many scales intervals reach below and above, by third, each (L, 3), for rising levels, never shrinking.

    $$q_p = \frac{N\,e_{(\lceil (N+1)p \rceil)} + \kappa\,q^0_p}{N + \kappa}$$

    from the finite `errors` of each `third`, of one shape: the finite-sample conformal quantile (Vovk, Gammerman &
    Shafer, 2005), its rank taken from the other end below one half, leaning to that of all errors; and this to a
    normal error whose mean absolute size is one scale, $q^0_p = \sqrt{\pi/2}\,z_p$.
    """
    tail = (1 - np.asarray(levels, dtype=np.float64) / 100) / 2
    normal = np.sqrt(np.pi / 2) * -ndtri(tail)
    known = np.isfinite(errors)
    wider = _quantiles(errors[known], tail, (normal, normal))
    parts = [_quantiles(errors[known & (third == each)], tail, wider) for each in range(THIRDS)]
    below, above = (
        np.maximum.accumulate(np.maximum(np.column_stack(side), LEAST_QUANTILE)) for side in zip(*parts, strict=True)
    )
    return below, above


def _quantiles(sample: FloatArray, tail: FloatArray, wider: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
    """Quantiles of a sample at both tails, away from zero, each (L,), leaning to wider ones."""
    count = len(sample)
    if not count:
        return wider
    ordered = np.sort(sample)
    rank = np.ceil((count + 1) * (1 - tail)).clip(1, count).astype(np.int64)
    sides = (-ordered[count - rank], ordered[rank - 1])
    return tuple(lean(own, np.array(count), far, PRIOR_ERRORS) for own, far in zip(sides, wider, strict=True))


def ends(mean: FloatArray, floor: FloatArray, below: FloatArray, above: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lower and upper ends, (L, n), of reaches (L, n) about means (n,); none below a floor that the mean is above."""
    return np.maximum(mean - below, np.minimum(floor, mean)), mean + above


def group_reach(
    spread: FloatArray, missed: FloatArray, unit: FloatArray, group: IntArray, levels: Sequence[int]
) -> FloatArray:
    r"""Reach of the sum of each group of lines, USD, (L, G): what its lines imply, and its own back-test errors.

    $$w = \frac{m\,t_m\,u\,\mathrm{rms} + \kappa\,z\,\sigma}{m + \kappa}, \qquad
    \sigma^2 = (1-\rho)\sum_i\sigma_i^2 + \rho\Big(\sum_i\sigma_i\Big)^2$$

    `spread` $\sigma_i$ is (n,), USD; `missed`, (O, G), are past errors of each sum in units of the sum of its lines'
    scales, NaN where none was scored, $m$ of them finite; `unit` $u$ is that sum now, (G,). $z$ and $t_m$ are the
    level's normal and Student quantiles; $\rho$ is `COMMON_SHARE`.
    """
    alone, together = np.bincount(group, spread**2), np.bincount(group, spread)
    implied = np.sqrt((1 - COMMON_SHARE) * alone + COMMON_SHARE * together**2)
    count = np.isfinite(missed).sum(axis=0)
    square = np.where(np.isfinite(missed), missed, 0.0) ** 2
    rms = np.sqrt(square.sum(axis=0) / count.clip(1))
    share = 0.5 + np.asarray(levels, dtype=np.float64)[:, None] / 200
    own = stdtrit(count.clip(1)[None], share) * rms * unit
    return np.maximum.accumulate(lean(own, count, ndtri(share) * implied, TOTAL_ORIGINS), axis=0)


KNOTS = (20, 40, 60, 80, 90, 95, 98)
"""Levels, in percent, whose ends are the quantiles of a year end's distribution."""
LAST_KNOT = 1.25
"""Times the farthest of them at which the distribution ends."""


@dataclass(frozen=True)
class Chances:
    """A distribution of each line's year end: its cumulative chance is straight between quantiles."""

    amounts: FloatArray
    """Quantiles, USD, (n, K), rising."""
    chance: FloatArray
    """That the year ends no higher, (K,), from 0 to 1."""

    def below(self, limit: FloatArray) -> FloatArray:
        r"""$E[\max(0, A - T)]$, (n,), of limits $A$, (n,): $\int_{-\infty}^{A} F$, a trapezoid a piece."""
        upto = np.minimum(limit[:, None], self.amounts)
        reached = self._chance_at(limit)
        pieces = np.diff(upto, axis=1) * (reached[:, :-1] + reached[:, 1:]) / 2
        return np.asarray(pieces.sum(axis=1) + (limit - self.amounts[:, -1]).clip(0), dtype=np.float64)

    def above(self, limit: FloatArray) -> FloatArray:
        r"""$E[\max(0, T - A)]$, (n,): $\int_A^\infty (1 - F)$."""
        return Chances(-self.amounts[:, ::-1], 1 - self.chance[::-1]).below(-limit)

    def over(self, limit: FloatArray) -> FloatArray:
        """Chance that the year ends above the limit, (n,)."""
        return np.asarray(1.0 - self._chance_at(limit).max(axis=1), dtype=np.float64)

    def _chance_at(self, limit: FloatArray) -> FloatArray:
        """Cumulative chance at each quantile that is no farther than the limit, else at the limit: (n, K)."""
        step = np.diff(self.amounts, axis=1)
        gone = (limit[:, None] - self.amounts[:, :-1]).clip(0, step)
        share = np.where(step > 0, gone / np.where(step > 0, step, 1.0), limit[:, None] >= self.amounts[:, 1:])
        risen = np.cumsum(share * np.diff(self.chance), axis=1)
        return np.column_stack([np.zeros(len(limit)), risen])


def chances(mean: FloatArray, floor: FloatArray, below: FloatArray, above: FloatArray) -> Chances:
    """The distribution whose intervals at the levels `KNOTS` have these reaches, (L, n), about means, (n,)."""
    below, above = (np.vstack([side, LAST_KNOT * side[-1]]) for side in (below, above))
    low, high = ends(mean, floor, below, above)
    tail = np.append((1 - np.array(KNOTS) / 100) / 2, 0.0)
    return Chances(np.column_stack([low[::-1].T, mean, high.T]), np.concatenate([tail[::-1], [0.5], 1 - tail]))
