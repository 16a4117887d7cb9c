r"""Spending given the appropriation: what is enacted already is evidence, and mostly better evidence than history.

A line spends the lesser of what it needs and what it may. So most lines follow their appropriation, and those that
leave much of it follow little. With the amount $y_t$, the appropriation $A_t$ and the reach $c \ge 1$ of a line (above
one where it has overspent of late), the lesser of the two is taken softly,

$$\frac1{y_t} = \frac1{c A_t} + \frac1{N_t}, \qquad N_t = c A_t\,\frac{\rho_t}{1 - \rho_t}, \qquad
\rho_t = \frac{y_t}{c A_t}$$

so that the need $N_t$ can be told from what was spent, and the share spent is $\rho = N / (N + cA)$: where the
appropriation grows by one percent, spending grows by $\rho$ percent. The rules differ in what they hold still, and in
how long they remember:

| rule | holds | remembers |
|---|---|---|
| history alone | the rival: the forecast that knows no appropriation; it may win | |
| lapse ratio | the share spent $\rho$ | years, each counting for `FADING` of the next |
| change of the appropriation | the same | the last year: last value times growth of the appropriation |
| need | $N$ | years |
| last need | $N$ | the last year |

Means are of the logarithm of the odds $\rho / (1 - \rho)$, and of $\ln N$; those that remember years lean to the median
odds of like lines. A back-test weighs the rules line by line as `forecast.backtest` does models: at a past origin one
knew as many enacted years as today, and the weights come from errors that were known by then.

Beyond the last enacted year $K$ the appropriation is itself forecast, by what the models say, $a$, of its history:

$$A_{K+j} = A_K\,\frac{a_{K+j}}{a_K}$$

and the rules go on with that. It is forecast at the keys at which it is told, and sums are sums of those.

A line without a usable appropriation keeps the forecast of history alone: where none is enacted ahead, or zero, or more
than `ABSURD_JUMP` times any before; where amounts never lay near their appropriations; where nothing was spent of late.

How it was chosen: by the errors at origins FY2005-2013 of the agency totals of a state ledger (52 agencies above $10M),
and of its lines by agency and fund and by agency and object. Tried were three-year ratios, last ratios, medians and
means of ratios, damped changes, ratios in logs and in odds, dollars unspent, regressions on the change of the
appropriation, elasticities, and medians, means and weights of two to seven of them. Origins FY2014-2020 then told the
same story. SMAPE of agency totals one year ahead on either span: last value 10.6, 17.5; lapse ratio of three years 7.9,
10.2; last value times growth of the appropriation 6.7, 9.7; median of both and history alone 6.7, 8.9; these rules,
weighed, 6.1, 7.8. Beyond the enacted years were tried: spending that goes on as history alone does, or as the forecast
appropriation does, and means of both; spending forecast anew from what is said of the enacted years; an appropriation
that stays as it is, or is forecast from its last enacted year; weights from the errors of those years alone (they come
from all errors; those of the enacted years from theirs alone).
`python -m benchmarks.appropriations` prints the figures of today.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from forecast import losses
from forecast.arrays import BoolArray, FloatArray, IntArray, last_finite, row_any
from forecast.backtest import combine, weigh
from forecast.intervals import came_to_light
from forecast.models import WIDEST

HISTORY = "history alone"
"""Name of the rival that knows no appropriation."""
FADING = 0.8
"""Weight of a year's odds against the next year's, where a rule remembers years."""
LIKE_YEARS = 0.3
"""Years of its own that like lines count for in the odds of a line."""
RECENT = 3
"""Years within which a line must have spent of an appropriation; the odds of like lines are taken from as many."""
REACH_YEARS = 5
"""Years in which an overspent appropriation widens the reach."""
ABSURD_RATIO = 3.0
"""Times its appropriation: an amount above that is not spent from it."""
ABSURD_JUMP = 100.0
"""Times the largest appropriation of the past: more is taken for a slip of the pen, as cleaning takes amounts."""
ALIKE = 3.0
"""SMAPE in percent up to which misses are alike: a line that never moved does not tell which rule to trust."""
LEAST_SHARE, LARGEST_SHARE = 0.01, 0.999
"""Shares spent are taken to lie between these, so that odds are finite."""


@dataclass(frozen=True)
class Rule:
    """What a line holds still while its appropriation changes."""

    name: str
    need: bool
    """Whether it is the need that is held; else the share spent."""
    fading: float
    """Weight of a year against the next one; with 0 only the last year counts."""
    leaning: float
    """Years of its own that like lines count for."""


RULES = (
    Rule("lapse ratio", need=False, fading=FADING, leaning=LIKE_YEARS),
    Rule("change of the appropriation", need=False, fading=0.0, leaning=0.0),
    Rule("need", need=True, fading=FADING, leaning=LIKE_YEARS),
    Rule("last need", need=True, fading=0.0, leaning=0.0),
)
"""The rules that are weighed against history alone."""


@dataclass(frozen=True)
class Given:
    """Forecasts that know the enacted appropriations. R rules, history alone the first."""

    names: tuple[str, ...]
    """The rules, (R,)."""
    rules: FloatArray
    """What each said at past origins, USD, (O, R, n, H)."""
    then: FloatArray
    """What they said together at past origins, USD, (O, n, H): to score and to calibrate intervals on."""
    now: FloatArray
    """The same from today on, USD, (n, H)."""
    weights: FloatArray
    """Weights for the forecast to come, (n, R), rows sum to 1; all on history alone where it is the only one."""
    pool_weights: FloatArray
    """The same of a line with no errors of its own, (R,)."""
    used: BoolArray
    """Lines whose forecast from today on knows an appropriation, (n,)."""


def given(
    history: FloatArray,
    appropriated: FloatArray,
    ahead: FloatArray,
    enacted: IntArray,
    forecasts_then: FloatArray,
    forecast_now: FloatArray,
    origins: IntArray,
    like: IntArray | None = None,
) -> Given:
    """Revise forecasts of history alone by what was appropriated.

    Args:
        history: spending, USD, (n, T), NaN where a line had not begun or nothing is known. Amounts as they were given
            serve better than cleaned ones: what looks odd beside its neighbours is often what was appropriated.
        appropriated: USD, (n, T), NaN or zero where unknown.
        ahead: appropriations of the years to come as they were known or expected at each past origin, and are today,
            USD, (O + 1, n, H), NaN where nothing was: see `look_ahead`.
        enacted: years ahead of which they were known, (n,); later ones were expected.
        forecasts_then: of history alone, USD, (O, n, H); at an origin o the first o years were known.
        forecast_now: the same from today on, USD, (n, H).
        origins: years known at each past origin, (O,), rising.
        like: number of each line's group of like lines, (n,); by default all are.
    """
    n, periods = history.shape
    cuts = np.append(origins, periods)
    group = np.zeros(n, dtype=np.int64) if like is None else like
    alone = np.concatenate([forecasts_then, forecast_now[None]])
    told = [
        _tell(history[:, :cut], appropriated[:, :cut], known, group) for cut, known in zip(cuts, ahead, strict=True)
    ]
    evidence = np.stack([np.isfinite(said[0]) for said in told])
    rules = np.stack([np.concatenate([path[None], carry(said, path)]) for said, path in zip(told, alone, strict=True)])
    error = _errors(history, rules[:-1], evidence[:-1], origins)
    within = np.arange(alone.shape[2]) < enacted[:, None]
    said, weights, pool = _weighed(rules, np.where(within, error, np.nan), origins, periods)
    if (evidence & ~within).any():
        said = np.where(within, said, _weighed(rules, error, origins, periods)[0])
    known = np.where(evidence, said, np.nan)
    together = np.stack([carry(*both) for both in zip(known, alone, strict=True)])
    used = row_any(evidence[-1])
    return Given(
        names=(HISTORY, *(rule.name for rule in RULES)),
        rules=rules[:-1],
        then=together[:-1],
        now=together[-1],
        weights=np.where(used[:, None], weights, np.eye(rules.shape[1])[0]),
        pool_weights=pool,
        used=used,
    )


def enacted_years(appropriated: FloatArray, periods: int) -> IntArray:
    """Years after the first T = `periods` up to the last one of which (n, T + H) appropriations tell, (n,)."""
    return np.asarray(last_finite(appropriated[:, periods:]) + 1, dtype=np.int64)


def look_ahead(
    appropriated: FloatArray, horizon: int, origins: IntArray, enacted: IntArray, forecasts: FloatArray | None = None
) -> FloatArray:
    """What was known or expected of the next H = `horizon` years at each past origin, and is today: USD, (O + 1, n, H).

    Args:
        appropriated: USD, (n, T + H), NaN where nothing is told.
        horizon: years to look ahead.
        origins: years known at each past origin, (O,), rising.
        enacted: years that are enacted ahead, (n,): as far back as one looks, as many were.
        forecasts: what the history of the appropriations says of them from each origin and from today on, USD,
            (O + 1, n, H). Without it nothing is expected beyond the enacted years.
    """
    cuts = np.append(origins, appropriated.shape[1] - horizon)
    within = np.arange(horizon) < enacted[:, None]
    known = np.stack([np.where(within, appropriated[:, cut : cut + horizon], np.nan) for cut in cuts])
    return known if forecasts is None else np.stack([carry(*both) for both in zip(known, forecasts, strict=True)])


def carry(known: FloatArray, path: FloatArray) -> FloatArray:
    """Fill up (..., n, K) to H years: after a known one by the growth of a path (n, H), before any by the path itself.

    Where the path starts from zero or changes its sign, the known amount goes on; it never grows more than
    `WIDEST`-fold.
    """
    filled = np.empty((*known.shape[:-1], path.shape[1]))
    led = np.zeros(known.shape[:-1], dtype=np.bool_)
    anchor = base = np.broadcast_to(path[:, 0], led.shape)
    for k in range(path.shape[1]):
        if k < known.shape[-1]:
            here = np.isfinite(known[..., k])
            led = led | here
            anchor, base = np.where(here, known[..., k], anchor), np.where(here, path[:, k], base)
        filled[..., k] = np.where(led, anchor * _growth(base, path[:, k]), path[:, k])
    return filled


def _growth(base: FloatArray, later: FloatArray) -> FloatArray:
    """Later over base, 1 where that is no growth, `WIDEST` at most."""
    wide = np.abs(later) > WIDEST * np.abs(base)
    ratio = np.where(wide, WIDEST, later / np.where(wide | (base == 0), 1.0, base))
    return np.where((base != 0) & (np.sign(base) * np.sign(later) >= 0), ratio, 1.0)


def _tell(spent: FloatArray, appropriated: FloatArray, ahead: FloatArray, like: IntArray) -> FloatArray:
    """What each rule says after t years, (R - 1, n, H), NaN without evidence; appropriations are `ahead`, (n, H)."""
    known = _known(spent, appropriated)
    ratio = np.where(known, spent, 0.0) / np.where(known, appropriated, 1.0)
    reach = ratio[:, -REACH_YEARS:].max(axis=1, initial=1.0)[:, None]
    odds = logit((ratio / reach).clip(LEAST_SHARE, LARGEST_SHARE))
    need = odds + np.log(np.where(known, appropriated, 1.0) * reach)
    usual = _usual_odds(odds, known, like)[:, None]
    usable = _usable(spent, appropriated, known, ahead)
    may = np.where(usable, ahead, 1.0) * reach
    told = np.empty((len(RULES), *ahead.shape))
    memory = {fading: _memory(known, fading) for fading in {rule.fading for rule in RULES}}
    for place, rule in enumerate(RULES):
        weight = memory[rule.fading]
        years = weight.sum(axis=1, keepdims=True)
        own = (weight * (need if rule.need else odds)).sum(axis=1, keepdims=True)
        own = own - years * np.log(may) if rule.need else own
        told[place] = may * expit((own + rule.leaning * usual) / np.maximum(years + rule.leaning, LIKE_YEARS))
    return np.where(usable, told, np.nan)


def _known(spent: FloatArray, appropriated: FloatArray) -> BoolArray:
    """Years whose amount can have been spent from their appropriation, (n, t)."""
    amount, allowed = np.nan_to_num(spent, nan=-1.0), np.nan_to_num(appropriated)
    return np.asarray((amount >= 0) & (allowed > 0) & (amount <= ABSURD_RATIO * allowed), dtype=np.bool_)


def _usual_odds(odds: FloatArray, known: BoolArray, like: IntArray) -> FloatArray:
    """Median log odds of like lines in the last years, (n,); of all lines where they have none, else even."""
    line, year = np.nonzero(known[:, -RECENT:])
    late = pd.Series(odds[:, -RECENT:][line, year])
    overall = float(late.median()) if len(late) else 0.0
    usual = late.groupby(like[line]).median().reindex(like).fillna(overall)
    return np.asarray(usual.to_numpy(dtype=np.float64), dtype=np.float64)


def _usable(spent: FloatArray, appropriated: FloatArray, known: BoolArray, ahead: FloatArray) -> BoolArray:
    """Appropriations (n, H) that are evidence of what will be spent."""
    lately = row_any((known & (np.nan_to_num(spent) > 0))[:, -RECENT:])[:, None]
    largest = np.where(known, appropriated, 0.0).max(axis=1, initial=0.0, keepdims=True)
    amount = np.nan_to_num(ahead)
    return np.asarray(lately & (amount > 0) & (amount <= ABSURD_JUMP * largest), dtype=np.bool_)


def _memory(known: BoolArray, fading: float) -> FloatArray:
    """Weight of each year, (n, t): 1 for the last one known, less by `fading` for each year before, 0 where unknown."""
    last = last_finite(np.where(known, 1.0, np.nan))
    age = (last[:, None] - np.arange(known.shape[1])).clip(0)
    return np.asarray(known * (fading ** np.arange(known.shape[1] + 1.0))[age], dtype=np.float64)


def _weighed(
    rules: FloatArray, error: FloatArray, origins: IntArray, periods: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What rules (O + 1, R, n, H) say together at each origin and today, (O + 1, n, H), and the last weights."""
    loss, count = np.zeros((rules.shape[2], rules.shape[1])), np.zeros(rules.shape[2])
    said = np.empty((len(rules), *rules.shape[2:]))
    for j, cut in enumerate([*origins.tolist(), periods]):
        _learn(loss, count, error, origins, cut)
        weights, pool = weigh(loss, count)
        said[j] = combine(rules[j], weights)
    return said, weights, pool


def _errors(history: FloatArray, rules: FloatArray, evidence: BoolArray, origins: IntArray) -> FloatArray:
    """SMAPE of each rule, at least `ALIKE`, (O, R, n, K), NaN where there was no evidence or nothing came yet."""
    horizon = rules.shape[3]
    truth = np.pad(history, ((0, 0), (0, horizon)), constant_values=np.nan)
    error = np.full(rules.shape, np.nan)
    for j, origin in enumerate(origins):
        actual = np.where(evidence[j], truth[:, origin : origin + horizon], np.nan)
        error[j] = np.maximum(losses.smape(actual, rules[j]), ALIKE)
    return error


def _learn(loss: FloatArray, count: FloatArray, error: FloatArray, origins: IntArray, now: int) -> None:
    """Add to losses, (n, R), and counts, (n,), in place, what came to light since the origin before period `now`."""
    for j, k in came_to_light(origins, now, error.shape[3]):
        known = np.isfinite(error[j, 0, :, k])
        loss += np.where(known, error[j, :, :, k], 0.0).T
        count += known
