r"""Rules that say where a year will end, each for all lines at once, from what is known when k of P periods are closed.

$c$ is the year to date, $s$ the profile (`forecast.profiles`), $T_y$ and $c_y$ a past year's total and its year to date
at the same k, $R_y = T_y - c_y$ what then came, $A_y$ the appropriation, $E_y$ the encumbrances outstanding at the end
of period k, and $w_y$ the weight of a year, later ones heavier.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecast.arrays import BoolArray, FloatArray
from forecast.models import WIDEST
from forecast.profiles import DECAY, OWN_YEARS, Position, last_known, lean, pool, recent_mean, recent_ratio

BUDGET_DECAY = 0.7
"""Weight of a year over that of the year after it in how appropriations are used: habits of budgeting change sooner
than profiles (`DECAY`)."""
LEAST_SHARE = 0.02
"""Smallest share spent by period k that is believed."""
MOST_USED = 2.0
"""Share of an appropriation beyond which its use is not believed."""
CONVERSION = 0.8
"""Share of encumbrances outstanding that are paid within the year, before it is learnt. An assumption."""
CONVERSION_YEARS = 10.0
"""Years of lines that `CONVERSION` counts for."""


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
    return last_known(at.totals)


def last_years_rest(at: Position) -> FloatArray:
    r"""Seasonal naive: what is left of last year comes again; that is, last year plus the change to date.

    $$\hat T = c + R_{y-1}$$
    """
    return at.spent + last_known(at.totals - at.to_date)


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
    return at.spent + at.growth * last_known(at.totals - at.to_date)


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

NAIVE = ("run rate", "last year")
"""The rivals that anyone can compute in their head: scored whatever is known."""


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
