r"""The boosted model: trees learn over all lines what the combination of models tends to miss.

Each origin, line and horizon of a finished back-test is one example. What is learned is the miss of the combined
forecast, in scales of the line:

$$t_{iok} = \frac{y_{i,o+k} - \hat y_{iok}}{s_{io}\sqrt k}, \qquad
\tilde y_{iok} = \hat y_{iok} + s_{io}\sqrt k\,f(x_{iok})$$

$x$ holds, in the same unit, what each model says less what the naive one says, the last changes of the line, and how
far the models part; then the scale over the amount, and the horizon. $f$ is a sum of few and small regression trees
that makes the mean absolute error small. Source: Friedman, Annals of Statistics 29 (2001), for gradient boosting;
Montero-Manso, Athanasopoulos, Hyndman & Talagala, International Journal of Forecasting 36 (2020), for what trees learn
across lines.

It is *honest*: what it says at an origin is learned from misses that were known by then. A horizon with none stays
with the combination.

It learns *shapes, not years*: each example stands there a second time upside down, signs of changes and miss turned, so
that $f(-x) = -f(x)$. That a leap falls back can be learned, that all lines were cut last year cannot. For the same
reason it sees no period, nor a line's number of points, which for most lines is the period.

It *earns its weight*, which against the combination is the $\lambda$ that would have served best at the origins
before. The least of those with any one origin left out is taken and shrunk: a gain that hangs on one origin is none.
Nor does it move a forecast by more than a share of it: what is to spend nothing stays so, and no sign turns.
"""

from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np

from forecast.arrays import BoolArray, FloatArray, IntArray
from forecast.backtest import Backtest, Prepared
from forecast.errors import SettingError
from forecast.intervals import LEAST_MONEY
from forecast.models import COMBINED

BOOSTED = "boosted"
"""Name of the model."""
TREES = 100
"""How many; more of them learn the examples by heart."""
SETTINGS = {
    "objective": "regression_l1",
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 400,
    "lambda_l2": 10.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
"""LightGBM's; chosen, with `TREES` and `NO_GAIN`, on the training part of the M3 competition, its end held out."""
EXAMPLES = 200_000
"""Examples that are learned from at most; of larger tables, those of lines drawn at random."""
LEAST_LINES = 30
"""Lines with a known miss without which nothing is learned."""
FARTHEST_MISS = 20.0
"""Units at which a miss is cut off: a median hardly sees it, and no number overflows."""
FARTHEST_MOVE = 0.5
"""Share of the combined forecast that it is moved by at most; without it a real ledger's sMAPE is worse, not better."""
LAST_CHANGES = 3
"""A line's last changes that the trees see."""
UPRIGHT = 3
"""What the trees see that stays as it is when a line is turned upside down; it stands last."""
SHARES = np.linspace(0.0, 1.0, 21)
r"""The $\lambda$ that are tried."""
NO_GAIN = 5.0
r"""Origins that "no gain" counts for in $\lambda$: origins near each other miss by the same years."""


@dataclass(frozen=True)
class Boosted:
    """What the boosted model says."""

    forecasts: FloatArray
    """At each origin, USD, (O, n, H)."""
    ahead: FloatArray
    """From today on, USD, (n, H)."""


def boosted(test: Backtest, now: Prepared, *, seed: int = 0) -> Boosted:
    """What the trees say at each origin of a back-test and today; the combined forecast where they learned nothing.

    `now` is the table that was tested, as it stands today. The same seed gives the same bytes.

    Raises:
        SettingError: where LightGBM is not installed.
    """
    lightgbm = _lightgbm()
    horizon, periods = test.actual.shape[2], now.seen.shape[1]
    combined = np.append(test.forecasts[:, -1], test.ahead[None, -1], axis=0)
    unit, miss = _unit(test), _miss(test)
    some = _draw_lines(miss.shape, np.random.default_rng(seed))
    seen: list[FloatArray] = []
    out = combined.copy()
    for j, origin in enumerate(np.append(test.origins, periods).tolist()):
        said = test.ahead if origin == periods else test.forecasts[j]
        here = _look(said, unit[j], now, origin)
        known = _known(test.origins, origin, horizon)[:j, None] & np.isfinite(miss[:j, some])
        if known.any(axis=(0, 2)).sum() >= LEAST_LINES:
            trees = _grow(lightgbm, np.stack(seen)[known], miss[:j, some][known], seed)
            most = FARTHEST_MOVE * np.abs(combined[j])
            moved = combined[j] + (unit[j] * _ask(trees, here)).clip(-most, most)
            out[j] = np.where(known.any(axis=(0, 1)), moved, combined[j])
        seen.append(here[some])
    return Boosted(out[:-1], out[-1])


def with_boost(test: Backtest, now: Prepared, *, seed: int = 0) -> Backtest:
    r"""The back-test with one more model, `BOOSTED`, and its combined forecast drawn towards that by $\lambda$.

    $\lambda$ is told at each origin by the misses known by then; it may be zero throughout. The models' own weights
    shrink to make room.

    Raises:
        SettingError: where LightGBM is not installed.
    """
    said = boosted(test, now, seed=seed)
    share = _shares(test, said, now.seen.shape[1])
    forecasts = _add(test.forecasts, said.forecasts, share[:-1, None, None])
    ahead = _add(test.ahead[None], said.ahead[None], share[-1:, None, None])[0]
    return replace(
        test,
        names=(*test.names[:-1], BOOSTED, COMBINED),
        forecasts=forecasts,
        ahead=ahead,
        weights=np.column_stack([test.weights * (1 - share[-1]), np.full(len(test.weights), share[-1])]),
        pool_weights=np.append(test.pool_weights * (1 - share[-1]), share[-1]),
    )


def _lightgbm() -> Any:
    """The library, which is an extra."""
    try:
        return import_module("lightgbm")
    except ImportError:
        raise SettingError(
            "boost", ["LightGBM is not installed. Install it: pip install 'reallot[boost]'; or forecast without boost."]
        ) from None


def _unit(test: Backtest) -> FloatArray:
    """What misses are measured in at each origin and today, USD, (O + 1, n, H)."""
    return np.asarray(test.scale[:, :, None] * np.sqrt(np.arange(1, test.actual.shape[2] + 1)), dtype=np.float64)


def _miss(test: Backtest) -> FloatArray:
    """What the combined forecast missed by in units, (O, n, H), NaN unscored."""
    missed = (test.actual - test.forecasts[:, -1]) / _unit(test)[:-1]
    return np.asarray(missed.clip(-FARTHEST_MISS, FARTHEST_MISS), dtype=np.float64)


def _known(origins: IntArray, now: int, horizon: int) -> BoolArray:
    """Whether the outcome of each origin and horizon was known in period `now`, (O, H)."""
    return np.asarray(origins[:, None] + np.arange(1, horizon + 1) <= now, dtype=np.bool_)


def _draw_lines(shape: tuple[int, ...], draw: np.random.Generator) -> IntArray:
    """Places of the lines that are learned from: all, or as many as `EXAMPLES` of (O, n, H) allow, drawn at random."""
    origins, lines, horizon = shape
    most = max(LEAST_LINES, EXAMPLES // max(1, origins * horizon))
    return np.sort(draw.choice(lines, most, replace=False)) if lines > most else np.arange(lines)


def _look(said: FloatArray, unit: FloatArray, now: Prepared, origin: int) -> FloatArray:
    """What the trees see at one origin, (n, H, F), out of what the models say there, (M + 1, n, H).

    What turns when a line is turned upside down comes first, then what stays. Amounts that cleaning changed are left
    out: later ones may have told what they should have been.
    """
    naive, scale = said[0], unit[:, 0]
    turning = [
        *(said[1:] - naive) / unit,
        *(np.broadcast_to((c / scale)[:, None], unit.shape) for c in _changes(now, origin)),
    ]
    wild = scale / np.maximum(np.abs(naive).mean(axis=1), LEAST_MONEY)
    apart = said[:-1].std(axis=0) / unit
    upright = [apart, *np.broadcast_arrays(wild[:, None], np.arange(1.0, unit.shape[1] + 1))]
    return np.stack([*turning, *upright], axis=-1)


def _changes(now: Prepared, origin: int) -> list[FloatArray]:
    """The last changes from the same period of the year before, the latest first, NaN where unknown, (n,) each."""
    given = np.where(now.cleaned.sound, now.cleaned.values, np.nan)[:, :origin]
    before = np.pad(given, ((0, 0), (now.season.length + LAST_CHANGES, 0)), constant_values=np.nan)
    return [before[:, -lag] - before[:, -lag - now.season.length] for lag in range(1, LAST_CHANGES + 1)]


def _upside_down(seen: FloatArray) -> FloatArray:
    """What would be seen of lines with all signs turned, (..., F)."""
    sign = np.where(np.arange(seen.shape[-1]) < seen.shape[-1] - UPRIGHT, -1.0, 1.0)
    return np.asarray(seen * sign, dtype=np.float64)


def _grow(lightgbm: Any, seen: FloatArray, miss: FloatArray, seed: int) -> Any:
    """Trees that tell misses, (N,), from what was seen, (N, F)."""
    settings = {**SETTINGS, "seed": seed}
    both = np.concatenate([seen, _upside_down(seen)])
    examples = lightgbm.Dataset(both, np.concatenate([miss, -miss]), params=settings)
    return lightgbm.train(settings, examples, TREES)


def _ask(trees: Any, seen: FloatArray) -> FloatArray:
    """The miss that is expected, (n, H), of what is seen, (n, H, F)."""
    flat = seen.reshape(-1, seen.shape[-1])
    told = (trees.predict(flat) - trees.predict(_upside_down(flat))) / 2
    return np.asarray(told.reshape(seen.shape[:-1]), dtype=np.float64)


def _shares(test: Backtest, said: Boosted, periods: int) -> FloatArray:
    r"""$\lambda$ at each origin and today, (O + 1,).

    $$\lambda = \frac{N}{N+\kappa}\,\min_{o}\,\arg\min_\lambda \sum_{o' \ne o}\sum_{i,k}
    \big|t_{io'k} - \lambda\,f(x_{io'k})\big|$$

    over the N origins where the trees said something whose outcome is known; zero where there is but one.
    """
    miss, told = _miss(test), (said.forecasts - test.forecasts[:, -1]) / _unit(test)[:-1]
    judged = np.isfinite(miss) & (told != 0)
    loss = np.stack([np.where(judged, np.abs(miss - share * told), 0.0).sum(axis=1) for share in SHARES])
    told_any = judged.any(axis=1)
    out = np.zeros(len(test.origins) + 1)
    for j, origin in enumerate(np.append(test.origins, periods).tolist()):
        known = _known(test.origins, origin, miss.shape[2])
        lost = np.where(known, loss, 0.0).sum(axis=2)[:, (known & told_any).any(axis=1)]
        count = lost.shape[1]
        if count > 1:
            best = SHARES[(lost.sum(axis=1, keepdims=True) - lost).argmin(axis=0)]
            out[j] = best.min() * count / (count + NO_GAIN)
    return out


def _add(said: FloatArray, ours: FloatArray, share: FloatArray) -> FloatArray:
    """Forecasts, (O, M + 1, n, H), with one model more before the combined one, which is drawn towards it."""
    drawn = said[:, -1] + share * (ours - said[:, -1])
    return np.concatenate([said[:, :-1], ours[:, None], drawn[:, None]], axis=1)
