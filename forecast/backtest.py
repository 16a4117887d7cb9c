r"""The rolling-origin back-test: what each model would have said, had it been asked in the years before.

At each origin the table is cut off, cleaned anew and forecast by every model, so nothing later than the origin is
known. The errors weigh the models and calibrate the intervals.

The `combined` forecast, a trimmed mean of all models, is scored as honestly: at an origin a line's weights come
from its own errors at earlier origins whose outcome was known and believed by then, shrunk to those of all lines; at
the first origin all models weigh alike. Where it missed all lines the same way, origin after origin, that is expected
again. Coverage at an origin is that of intervals calibrated on the other origins.
Amounts that cleaning, as it knows them today, found unsound, and lines that spend nothing, are not scored.

Lines meet in four places only: in the growth that pooled models learn, in the pool's part of the weights, in what is
missed again, and where cleaning tells a partial last year. Intervals are learned from all lines anyway.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import stdtrit

from forecast import losses
from forecast.arrays import BoolArray, FloatArray, IntArray, row_any
from forecast.cleaning import Cleaned, clean
from forecast.intervals import NO_ERROR, came_to_light, line_scale, own_stretch, size_class
from forecast.models import COMBINED, TREND_POINTS, WIDEST, Lines, Model
from forecast.seasons import Season, find_season

ORIGINS = 10
"""The most recent origins that are used."""
FIRST_ORIGIN = 4
"""Years before the first origin, where there are as many."""
POOL_ERRORS = 10.0
"""$\\kappa$: errors of its own that the pool counts for in a line's weights."""
SHARPNESS = 3.0
"""$p$: how strongly a smaller loss is favoured."""
MIDDLE = 0.7
"""Share of the weights, about the median, whose forecasts are averaged."""
MISSED_ORIGINS = 5.0
"""$\\kappa$: origins without a miss that count against those at which all lines missed the same way."""
MISSED_SURELY = 0.9
"""Chance that there is a common miss at all, from which on some of it is expected again."""
BLOCK = 1_024
"""Lines that are combined together: their forecasts stay in the processor's cache."""


@dataclass(frozen=True)
class Backtest:
    """Forecasts at past origins and what then came."""

    names: tuple[str, ...]
    """Models, the combined one last."""
    origins: IntArray
    """Years known at each origin, (O,)."""
    forecasts: FloatArray
    """USD, (O, M + 1, n, H)."""
    ahead: FloatArray
    """The same from today on, (M + 1, n, H)."""
    actual: FloatArray
    """USD, (O, n, H), NaN where there is nothing to score on."""
    scale: FloatArray
    """Scale of each line at each origin and today, USD, (O + 1, n)."""
    size: IntArray
    """Size class of each line at each origin and today, (O + 1, n)."""
    weights: FloatArray
    """Weights for the forecast to come, (n, M), rows sum to 1."""
    pool_weights: FloatArray
    """The same of a line with no errors of its own, (M,)."""

    def scaled_errors(self, model: int) -> FloatArray:
        """Actual less forecast in the line's scale, (O, n, H), NaN unscored."""
        return np.asarray((self.actual - self.forecasts[:, model]) / self.scale[:-1, :, None], dtype=np.float64)


@dataclass(frozen=True)
class Prepared:
    """A table as it stood at one origin: cleaned, its seasons found, ready for the models."""

    cleaned: Cleaned
    season: Season
    seen: FloatArray
    """What models see, (n, T)."""

    @classmethod
    def of(cls, amounts: FloatArray, length: int) -> "Prepared":
        """Clean (n, T) amounts and take the season of so many periods out of them."""
        cleaned = clean(amounts, length)
        season = find_season(cleaned.fit, length)
        return cls(cleaned, season, season.remove(cleaned.fit))


def choose_origins(periods: int, horizon: int) -> IntArray:
    """Periods known at each origin, (O,), rising: evenly spread over the last twice the horizon, or `ORIGINS`."""
    first = min(FIRST_ORIGIN, periods - 1)
    span = min(periods - first, max(ORIGINS, 2 * horizon))
    back = np.unique(np.linspace(1, max(span, 1), min(ORIGINS, max(span, 1))).round().astype(np.int64))
    return np.asarray(periods - back[::-1], dtype=np.int64).clip(1)


def backtest(amounts: FloatArray, now: Prepared, like: IntArray, models: Sequence[Model], horizon: int) -> Backtest:
    """Forecast (n, T) amounts from earlier origins and from today; `now` is the table prepared as it stands today."""
    periods = amounts.shape[1]
    origins = choose_origins(periods, horizon) if periods > 1 else np.empty(0, dtype=np.int64)
    then = [Prepared.of(amounts[:, :origin], now.season.length) for origin in origins]
    tables = [*then, now]
    scale = np.stack([line_scale(table.seen) for table in tables])
    size = np.stack([size_class(table.cleaned.fit, now.season.length) for table in tables])
    said = _said(now, then, like, models, np.append(origins, periods), horizon)
    grown = np.stack([np.isfinite(table.seen).sum(axis=1) >= TREND_POINTS for table in tables])
    past = _Past(origins, said[:-1, :-1], amounts, (grown & (size > 0))[:-1])
    loss, count = np.zeros((len(models), len(amounts))).T, np.zeros(len(amounts))
    for j, (origin, table) in enumerate(zip(origins.tolist(), then, strict=True)):
        past.learn(loss, count, table.cleaned.sound, came_to_light(origins, origin, horizon))
        said[j, -1] = combine(said[j, :-1], weigh(loss, count)[0])
    loss, count = np.zeros_like(loss), np.zeros_like(count)
    past.learn(loss, count, now.cleaned.sound, came_to_light(origins, periods, horizon, since=0))
    weights, pool = weigh(loss, count)
    said[-1, -1] = combine(said[-1, :-1], weights)
    _mend(said, past, scale, tables)
    actual = _actual(np.where(now.cleaned.sound, amounts, np.nan), size[:-1] > 0, origins, horizon)
    scale *= own_stretch((actual - said[:-1, -1]) / scale[:-1, :, None], origins, periods)
    names = (*(model.name for model in models), COMBINED)
    return Backtest(names, origins, said[:-1], said[-1], actual, scale, size, weights, pool)


def _actual(amounts: FloatArray, scored: BoolArray, origins: IntArray, horizon: int) -> FloatArray:
    """What came after each origin, (O, n, H), NaN where unknown or not scored, (O, n)."""
    to_come = np.pad(amounts, ((0, 0), (0, horizon)), constant_values=np.nan)
    actual = np.empty((len(origins), len(amounts), horizon))
    for j, origin in enumerate(origins.tolist()):
        actual[j] = np.where(scored[j, :, None], to_come[:, origin : origin + horizon], np.nan)
    return actual


@dataclass(frozen=True)
class _Past:
    """What models said, and what then came."""

    origins: IntArray
    said: FloatArray
    """USD, (O, M, n, H)."""
    amounts: FloatArray
    """USD, (n, T)."""
    telling: BoolArray
    """Lines that had points enough at each origin for their errors to tell models apart, (O, n)."""

    def learn(self, loss: FloatArray, count: FloatArray, sound: BoolArray, outcomes: Iterable[tuple[int, int]]) -> None:
        r"""Add to losses, (n, M), and counts, (n,), in place, the errors of some origins and horizons.

        An error is the symmetric percentage over the root of the horizon. `sound` tells which amounts count, (n, t).
        """
        for j, k in outcomes:
            period = self.origins[j] + k
            known = self.telling[j] & sound[:, period]
            actual = np.where(known, self.amounts[:, period], 0.0)
            loss += np.where(known, losses.smape(actual, self.said[j, :, :, k]), 0.0).T / np.sqrt(k + 1)
            count += known

    def usual_misses(self, combined: FloatArray, scale: FloatArray, judges: Sequence[Prepared]) -> FloatArray:
        """Median over lines of the miss one period after each origin, in scales, (O,), NaN where none is known.

        `combined` is what was said for that period, (O, n); the table that came to judge it tells what is sound.
        """
        out = np.full(len(self.origins), np.nan)
        for j, (period, judge) in enumerate(zip(self.origins.tolist(), judges, strict=True)):
            known = self.telling[j] & judge.cleaned.sound[:, period]
            if known.any():
                out[j] = np.median((self.amounts[known, period] - combined[j, known]) / scale[j, known])
        return out


def _mend(said: FloatArray, past: _Past, scale: FloatArray, tables: Sequence[Prepared]) -> None:
    """Move combined forecasts, the last of (O + 1, M + 1, n, H), in place, by what lines were known to miss again.

    No line is moved beyond what one of its models says.
    """
    origins, next_period = len(past.origins), said[:-1, -1, :, 0].copy()
    then = past.usual_misses(next_period, scale[:-1], tables[1:])
    today = past.usual_misses(next_period, scale[:-1], [tables[-1]] * origins)
    for j, known in enumerate([*(then[:j] for j in range(origins)), today]):
        move = missed_again(known) * scale[j][:, None] * np.arange(1, said.shape[-1] + 1)
        if move.any():
            np.clip(said[j, -1] + move, said[j, :-1].min(axis=0), said[j, :-1].max(axis=0), out=said[j, -1])


def missed_again(misses: FloatArray) -> float:
    r"""What will be missed by each period, in scales, if so much was missed at earlier origins, (O,), NaN unknown.

    $$b = \frac{O}{O + \kappa}\left(1 - \frac{t^2\,s^2}{O\,\bar e^2}\right)^{\!+}\bar e$$

    $\bar e$ is the mean of the misses, $s$ their standard deviation and $t$ the two-sided quantile of Student's
    distribution at `MISSED_SURELY`. All lines of one origin share its year, so origins are counted, not lines; and a
    mean that chance explains is none. Growth that is underrated adds up, period by period.
    Source of the factor in brackets: the garrote of Breiman, Technometrics 37 (1995).
    """
    told = misses[np.isfinite(misses)]
    count, mean = len(told), float(told.mean()) if len(told) else 0.0
    if count < 2 or abs(mean) < NO_ERROR:
        return 0.0
    doubt = stdtrit(count - 1, (1 + MISSED_SURELY) / 2) * told.std(ddof=1) / np.sqrt(count)
    return float(count / (count + MISSED_ORIGINS) * max(0.0, 1 - (doubt / mean) ** 2) * mean)


def _said(
    now: Prepared, then: list[Prepared], like: IntArray, models: Sequence[Model], origins: IntArray, horizon: int
) -> FloatArray:
    """What each model says at each origin, the last one today, (O + 1, M + 1, n, H), room for one more model.

    Most lines looked then as they look now, as far as they were known; one pass through time gives what was said of
    them at all origins. The others are forecast again from what they looked like then, and so is any line by a model
    that learns from all of them.
    """
    n = len(now.seen)
    lines = Lines(now.seen, like, now.season.length)
    said = np.empty((len(origins), len(models) + 1, n, horizon))
    for m, model in enumerate(models):
        said[:, m] = model.forecast(lines, origins, horizon)
    for j, table in enumerate(then):
        changed = ~_same(table.seen, now.seen[:, : origins[j]])
        if changed.any():
            _say_again(said[j], Lines(table.seen, like, table.season.length), changed, models)
    for j, table in enumerate([*then, now]):
        said[j, :-1] = table.season.restore(said[j, :-1])
        _keep_in_reach(said[j, :-1], table.cleaned.fit)
    return said


def _same(one: FloatArray, other: FloatArray) -> BoolArray:
    """Rows that agree, NaN with NaN, (n,)."""
    return np.asarray(((one == other) | (np.isnan(one) & np.isnan(other))).all(axis=1), dtype=np.bool_)


def _say_again(said: FloatArray, lines: Lines, rows: BoolArray, models: Sequence[Model]) -> None:
    """Put the forecasts of some lines, of pooled models all, from the end of their table into (M + 1, n, H)."""
    end = np.array([lines.values.shape[1]], dtype=np.int64)
    some = lines.of(rows)
    for m, model in enumerate(models):
        if model.pooled:
            said[m] = model.forecast(lines, end, said.shape[-1])[0]
        else:
            said[m, rows] = model.forecast(some, end, said.shape[-1])[0]


def _keep_in_reach(said: FloatArray, amounts: FloatArray) -> None:
    """Clip forecasts, (M, n, H), in place: no line that never was negative becomes so, and none explodes.

    Where a line has zeros, what is left of them by rounding is zero again: no percentage is taken of it.
    """
    largest = np.abs(np.nan_to_num(amounts)).max(axis=1)[:, None]
    least = np.where(row_any(amounts < 0)[:, None], -WIDEST * largest, 0.0)
    np.clip(said, least, WIDEST * largest, out=said)
    rows = row_any(amounts <= 0)
    some = said[:, rows]
    said[:, rows] = np.where(np.abs(some) <= losses.STILL * largest[rows], 0.0, some)


def weigh(loss: FloatArray, count: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Weights of the models: of each line, (n, M), and of the pool, (M,).

    $$w_{im} \propto \left(\frac{N_i\,l_{im} + \kappa\,l_m}{N_i + \kappa}\right)^{-p}$$

    $l_{im}$ is the line's mean loss with model $m$ over the mean of all models, so that no line counts for more than
    any other; $l_m$ is its median over lines, so that a wild one moves no other; $N_i$ is the number of the line's
    errors. `loss` holds sums, (n, M), `count` $N_i$, (n,).
    """
    middle = loss.mean(axis=1, keepdims=True)
    relative = np.where(middle > 0, loss / np.where(middle > 0, middle, 1.0), 1.0)
    scored = (count > 0) & (middle[:, 0] > 0)
    pool = np.median(relative[scored], axis=0) if scored.any() else np.ones(loss.shape[1])
    leaned = (count[:, None] * relative + POOL_ERRORS * pool) / (count[:, None] + POOL_ERRORS)
    return _favour(leaned), _favour(pool)


def _favour(loss: FloatArray) -> FloatArray:
    """Weights that sum to 1 along the last axis, larger where the loss is smaller."""
    raw = np.maximum(loss, 1e-3) ** -SHARPNESS
    return np.asarray(raw / raw.sum(axis=-1, keepdims=True), dtype=np.float64)


def combine(forecasts: FloatArray, weights: FloatArray, middle: float = MIDDLE) -> FloatArray:
    r"""Trimmed mean of forecasts (M, n, H) by weights (n, M): (n, H).

    Models stand in the order of their forecasts, each as broad as its weight; the mean is that of the `middle` share.
    Where models part, it is one of them that has gone astray, so the ends do not count; and as the middle has a
    breadth, a small change of weights is a small change of the forecast.
    """
    n, horizon = forecasts.shape[1:]
    out = np.empty((n, horizon))
    for begin in range(0, n, BLOCK):
        block = slice(begin, begin + BLOCK)
        ahead = np.ascontiguousarray(forecasts[:, block].transpose(0, 2, 1))
        out[block] = _middle(ahead, np.ascontiguousarray(weights[block].T)[:, None], middle).T
    return out


def _middle(forecasts: FloatArray, breadth: FloatArray, middle: float) -> FloatArray:
    """The trimmed mean over the first axis of (M, H, n), models as broad as (M, 1, n): (H, n)."""
    begin = np.zeros(forecasts.shape)
    for one, other in combinations(range(len(forecasts)), 2):
        ordered = forecasts[one] <= forecasts[other]
        begin[other] += breadth[one] * ordered
        begin[one] += breadth[other] * ~ordered
    low, high = 0.5 - middle / 2, 0.5 + middle / 2
    counted = (np.minimum(begin + breadth, high) - np.maximum(begin, low)).clip(0)
    return np.asarray((counted * forecasts).sum(axis=0) / counted.sum(axis=0), dtype=np.float64)
