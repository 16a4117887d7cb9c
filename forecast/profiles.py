r"""What is known of lines when k of P periods of a year are closed, and the profile that past years teach.

$c$ is the year to date, $T_y$ and $c_y$ a past year's total and its year to date at the same k. The *profile* $s$ is
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

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from forecast.arrays import BoolArray, FloatArray, IntArray, last_finite
from forecast.models import WIDEST

DECAY = 0.8
"""$\\delta$: weight of a year over that of the year after it."""
POOL_LINES = 3.0
"""Lines that the default counts for in a pool over all lines, and all lines in a pool of like ones."""
GROWTH_LINES = 10.0
"""The same for growth, which is noisier."""
OWN_YEARS = 1.0
"""$\\kappa$ where it cannot be learnt: years of its own that the pool counts for."""
LEAST_OWN, MOST_OWN = 0.1, 10.0
"""Bounds of $\\kappa$."""
MOST_SHARE = 1.5
"""Largest share spent by period k that is believed; credits late in a year put it above one."""


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
        before = last_known(self.to_date)
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


def last_known(values: FloatArray) -> FloatArray:
    """Each line's last finite year: (n, Y) -> (n,), NaN without any."""
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    return np.asarray(values[np.arange(len(values)), last_finite(values)], dtype=np.float64)
