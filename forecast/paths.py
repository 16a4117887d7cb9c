r"""Joint sample paths: futures in which a bad year hits lines together, and a bad year is followed by another.

Each line's amount $i$ at horizon $h$ is its own forecast distribution at a normal draw $z_{ih}$, and the draws hang
together (a Gaussian factor copula):

$$y_{ih} = \mu_{ih} + s_i\,G_{c(i)h}(z_{ih}), \qquad
z_{ih} = \sum_l \sqrt{\rho_l}\,\zeta_{g_l(i)\,h} + \sqrt{1 - \textstyle\sum_l \rho_l}\;\zeta_{ih}$$

$G$ is what the intervals of a size class were calibrated to, $g_l(i)$ the line's node at level $l$ and $\rho_l$ the
share of variance that lines have in common there. Every $\zeta$ is a shock of its own, accumulated over the years as
forecast errors are: yearly increments with lag-1 correlation $\phi$, summed and divided by their standard deviation.
So each line's marginal distribution is its interval's, whatever the dependence; nodes are sums of lines, path by path.
Intervals reach as far down as up, so a node's paths lie about the sum of its lines' means, unless zero holds lines up.
Source of the factor copula: Oh & Patton, Journal of Business & Economic Statistics 35 (2017).

Paths are drawn in blocks of `BLOCK`, each from a generator of its own, so that they depend on the seed and the
hierarchy alone: not on how many are asked for at once, nor by how many threads. Half of a block are the other half with
every shock turned round: means and medians settle sooner, and half the shocks suffice.
Source of such antithetic draws: Hammersley & Morton, Mathematical Proceedings of the Cambridge Philosophical Society 52
(1956).
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import nnls
from scipy.special import ndtri

from forecast.arrays import FloatArray, IntArray
from forecast.errors import SettingError
from forecast.hierarchy import Hierarchy
from forecast.intervals import COMMON_SHARE

SingleArray = NDArray[np.float32]

PERSISTENCE = 0.32
"""Usual lag-1 correlation of yearly errors: 50 states' revenue forecasts, FY1987-2015."""
PRIOR_ORIGINS = 10.0
"""Origins that the usual shares and persistence count for: at ten, chance moves an estimated share by its half."""
MOST_COMMON = 0.95
"""Shares of variance in common add up to no more."""
MOST_PERSISTENCE = 0.95
"""Persistence is sought between this and its negative."""
STILL = 1e-9
"""Scales: a line that never missed by more says nothing of dependence."""
BLOCK = 32
"""Paths drawn from one generator; the second half mirrors the first."""
TILE = 512
"""Lines worked on at a time, so that a tile's paths stay in the processor's cache."""
MOST_SUMS = 1 << 29
"""Bytes of node paths held at a time; where there are more, the paths are drawn again for further nodes."""


@dataclass(frozen=True, eq=False)
class Marginals:
    r"""How each line's amounts are distributed: $\mu + s\,G(z)$ with z standard normal, n lines, H horizons."""

    mean: FloatArray
    """$\\mu$, USD, (n, H)."""
    scale: FloatArray
    """$s$, USD, (n,)."""
    size: IntArray
    """Class of each line, (n,), 0..C-1."""
    knots: FloatArray
    """Standard normal quantiles, rising, (K,), at least two."""
    reach: FloatArray
    """$G$ at the knots, in scales, (C, H, K), never falling along K; straight between knots and beyond the ends."""
    floor: FloatArray
    """USD that a line does not fall below unless its mean does, (n,); minus infinity for none."""

    @cached_property
    def least(self) -> FloatArray:
        """What no path falls below, USD, (n, H)."""
        return np.minimum(self.mean, self.floor[:, None])

    @cached_property
    def pieces(self) -> tuple[SingleArray, SingleArray]:
        """Intercept and slope of $G$ between knots, each (C, H, K - 1)."""
        slope = np.diff(self.reach) / np.diff(self.knots)
        return (self.reach[..., :-1] - slope * self.knots[:-1]).astype(np.float32), slope.astype(np.float32)

    def quantiles(self, shares: Sequence[float]) -> FloatArray:
        """Amounts that lines stay below with these chances, USD, (n, H, Q)."""
        z = ndtri(np.asarray(shares, dtype=np.float64))
        piece = np.searchsorted(self.knots[1:-1], z)
        rise = (z - self.knots[piece]) / (self.knots[piece + 1] - self.knots[piece])
        reach = self.reach[..., piece] + rise * (self.reach[..., piece + 1] - self.reach[..., piece])
        amounts = self.mean[:, :, None] + self.scale[:, None, None] * reach[self.size]
        return np.asarray(np.maximum(amounts, self.least[:, :, None]), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Dependence:
    """How errors of lines and years hang together."""

    shares: FloatArray
    """$\\rho$: share of variance in common at each level of the hierarchy, (L,), none negative, at most 0.95 in all."""
    persistence: float
    """$\\phi$: correlation of the shocks of two years in a row, between -1 and 1."""

    def __post_init__(self) -> None:
        problems = []
        if bool(np.any(self.shares < 0)) or self.shares.sum() > MOST_COMMON + 1e-9:
            problems.append(f"shares {self.shares.tolist()} are not >= 0 with a sum <= {MOST_COMMON}.")
        if not -1 < self.persistence < 1:
            problems.append(f"persistence {self.persistence} does not lie between -1 and 1.")
        if problems:
            raise SettingError("dependence", problems)


def fit_dependence(hierarchy: Hierarchy, errors: FloatArray) -> Dependence:
    r"""Learn from back-test errors how lines and years hang together.

    Errors become normal scores, sign and all, so that no wild line outweighs the rest. Let $b_l$ be the mean product of
    the one-step scores of two lines that share their node at level $l$, and $a_{lm}$ the part of such pairs that share
    their node at level $m$ too; then $b \approx A \rho$, solved by least squares with $\rho \ge 0$ and level $l$
    weighed by its number of nodes. Persistence is what best explains the correlation of one horizon with the next.
    Both lean to what is usual (`COMMON_SHARE` for the total, nothing for other levels; `PERSISTENCE`):

    $$\rho_l = \frac{m_l\,\hat\rho_l + \kappa\,\rho_l^0}{m_l + \kappa}$$

    with $m_l$ the number of a level's nodes times origins, and $\kappa$ `PRIOR_ORIGINS`.

    Args:
        hierarchy: n lines and their levels.
        errors: actual less forecast in each line's scale, (O, n, H), NaN unscored.
    """
    moving = np.abs(np.nan_to_num(errors)).max(axis=(0, 2), initial=0.0) > STILL
    scores = normal_scores(np.where(moving[:, None], errors, np.nan))
    return Dependence(_fit_shares(hierarchy, scores[:, :, 0]), _fit_persistence(scores))


def normal_scores(errors: FloatArray) -> FloatArray:
    """Errors on a normal scale about zero, horizon by horizon: (O, n, H) -> (O, n, H), NaN where there is none.

    The sizes of all errors of a horizon are ranked and each gets the quantile of a half-normal; the sign stays.
    """
    scores = np.full(errors.shape, np.nan)
    for k in range(errors.shape[2]):
        known = np.isfinite(errors[:, :, k])
        sizes, place, count = np.unique(np.abs(errors[:, :, k][known]), return_inverse=True, return_counts=True)
        rank = (count.cumsum() - count / 2) / max(known.sum(), 1)
        half = np.where(sizes > 0, ndtri(0.5 + rank / 2), 0.0)
        scores[:, :, k][known] = np.sign(errors[:, :, k][known]) * half[place]
    return scores


def _fit_shares(hierarchy: Hierarchy, scores: FloatArray) -> FloatArray:
    """Share of variance in common at each level, (L,), from one-step scores (O, n)."""
    levels = len(hierarchy.levels)
    known = np.isfinite(scores)
    filled = np.where(known, scores, 0.0)
    filled /= np.sqrt((filled**2).sum() / max(known.sum(), 1)) or 1.0
    pairs, product = np.zeros((levels, levels)), np.zeros(levels)
    nodes = np.zeros(levels)
    for one in range(levels):
        product[one] = _pair_products(hierarchy.members[one], filled).sum()
        for other in range(one, levels):
            shared = _pair_products(hierarchy.joint(one, other), known.astype(np.float64))
            pairs[one, other] = pairs[other, one] = shared.sum()
            if other == one:
                nodes[one] = (shared > 0).sum()
    count = np.diag(pairs)
    weight = np.sqrt(nodes) / np.where(count > 0, count, 1.0)
    found, _ = nnls(pairs * weight[:, None], product * weight) if levels else (np.zeros(0), 0.0)
    usual = np.array([0.0 if level else COMMON_SHARE for level in hierarchy.levels])
    leaned = (nodes * found + PRIOR_ORIGINS * usual) / (nodes + PRIOR_ORIGINS)
    return np.asarray(leaned * min(1.0, MOST_COMMON / max(leaned.sum(), MOST_COMMON)), dtype=np.float64)


def _pair_products(group: IntArray, values: FloatArray) -> FloatArray:
    """Sum of products over ordered pairs of lines of one group, at each origin: (n,), (O, n) -> (O, groups)."""
    count = int(group.max(initial=-1)) + 1
    sums = np.array([np.bincount(group, row, count) for row in values]).reshape(len(values), count)
    squares = np.array([np.bincount(group, row**2, count) for row in values]).reshape(len(values), count)
    return np.asarray(sums**2 - squares, dtype=np.float64)


def _fit_persistence(scores: FloatArray) -> float:
    """Lag-1 correlation of yearly shocks, from scores (O, n, H)."""
    both = np.isfinite(scores[:, :, :-1]) & np.isfinite(scores[:, :, 1:])
    near, far = (np.where(both, part, 0.0) for part in (scores[:, :, :-1], scores[:, :, 1:]))
    size = np.sqrt((near**2).sum(axis=(0, 1)) * (far**2).sum(axis=(0, 1)))
    usable = size > 0
    if not usable.any():
        return PERSISTENCE
    found = (near * far).sum(axis=(0, 1))[usable] / size[usable]
    origins = both.any(axis=1).sum(axis=0)
    tried = np.linspace(-MOST_PERSISTENCE, MOST_PERSISTENCE, 381)
    said = np.array([_next_correlation(phi, scores.shape[2])[usable] for phi in tried])
    best = tried[((said - found) ** 2 @ origins[usable]).argmin()]
    count = float(origins.max())
    return float((count * best + PRIOR_ORIGINS * PERSISTENCE) / (count + PRIOR_ORIGINS))


def spreads(persistence: float, horizon: int) -> FloatArray:
    r"""Standard deviation of the sum of $h$ unit shocks, (H,).

    $$\sigma_h^2 = h + 2 \sum_{k=1}^{h-1} (h - k)\,\phi^k$$
    """
    weight = 2 * persistence ** np.arange(1, horizon, dtype=np.float64)
    rise = np.concatenate([[1.0], 1 + weight.cumsum()])
    return np.asarray(np.sqrt(np.cumsum(rise)), dtype=np.float64)


def _next_correlation(persistence: float, horizon: int) -> FloatArray:
    """Correlation of accumulated shocks at one horizon with the next, (H - 1,)."""
    spread = spreads(persistence, horizon)
    ahead = np.cumsum(persistence ** np.arange(1, horizon, dtype=np.float64))
    return np.asarray((spread[:-1] ** 2 + ahead) / (spread[:-1] * spread[1:]), dtype=np.float64)


def accumulate(shocks: SingleArray, persistence: float) -> None:
    """Turn independent yearly shocks, (n, H, P), into standardised accumulated ones, in place."""
    fresh = np.float32(np.sqrt(1 - persistence**2))
    for k in range(1, shocks.shape[1]):
        shocks[:, k] *= fresh
        shocks[:, k] += np.float32(persistence) * shocks[:, k - 1]
    for k in range(1, shocks.shape[1]):
        shocks[:, k] += shocks[:, k - 1]
    shocks /= spreads(persistence, shocks.shape[1]).astype(np.float32)[:, None]


@dataclass(frozen=True, eq=False)
class Sampler:
    """Draws blocks of paths; all that does not change from block to block is prepared once."""

    marginals: Marginals
    persistence: float
    own: float
    """Weight of a line's own shock."""
    loadings: sparse.csr_array
    """Weight of each node's shock in each line, (n, nodes of levels with a share)."""
    seed: int

    @classmethod
    def of(cls, hierarchy: Hierarchy, marginals: Marginals, dependence: Dependence, seed: int) -> "Sampler":
        """Check that the parts fit together and prepare.

        Raises:
            SettingError: when shares and levels, or marginals and lines, are not of one number.
        """
        problems = []
        if len(dependence.shares) != len(hierarchy.levels):
            problems.append(f"{len(dependence.shares)} shares for {len(hierarchy.levels)} levels. Give one a level.")
        if len(marginals.mean) != len(hierarchy.lines):
            problems.append(f"{len(marginals.mean)} marginals for {len(hierarchy.lines)} lines. Give one a line.")
        if problems:
            raise SettingError("paths", problems)
        used = np.flatnonzero(dependence.shares > 0)
        nodes, place = np.unique(hierarchy.members[used], return_inverse=True)
        lines = np.tile(np.arange(len(hierarchy.lines)), len(used))
        weight = np.repeat(np.sqrt(dependence.shares[used]), len(hierarchy.lines)).astype(np.float32)
        shape = (len(hierarchy.lines), len(nodes))
        loadings = sparse.csr_array((weight, (lines, place.ravel())), shape=shape)
        own = float(np.sqrt(1 - dependence.shares.sum()))
        return cls(marginals, dependence.persistence, own, loadings, seed)

    @cached_property
    def tiles(self) -> tuple[tuple[slice, sparse.csr_array], ...]:
        """The lines of each tile and their loadings."""
        starts = range(0, self.loadings.shape[0], TILE)
        return tuple((rows := slice(start, start + TILE), self.loadings[rows]) for start in starts)

    def fill(self, number: int, paths: FloatArray) -> None:
        """Put block `number` of the paths into an array, USD, (n, H, BLOCK)."""
        generator = np.random.Generator(np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=(number,))))
        horizon = self.marginals.mean.shape[1]
        half = BLOCK // 2
        shocks = generator.standard_normal((self.loadings.shape[1], horizon * half), dtype=np.float32)
        for rows, loadings in self.tiles:
            z = generator.standard_normal((loadings.shape[0], horizon, half), dtype=np.float32)
            z *= np.float32(self.own)
            if loadings.nnz:
                z += (loadings @ shocks).reshape(z.shape)
            accumulate(z, self.persistence)
            self._to_money(np.concatenate([z, -z], axis=2), rows, paths[rows])

    def _to_money(self, z: SingleArray, rows: slice, paths: FloatArray) -> None:
        """Put the amounts that normal draws (m, H, BLOCK) of some lines stand for into an array of that shape."""
        marginals = self.marginals
        intercept, slope = marginals.pieces
        pieces = slope.shape[-1]
        first = np.arange(slope.size // pieces).reshape(slope.shape[:2])[marginals.size[rows]] * pieces
        piece = np.zeros(z.shape, dtype=np.uint8 if pieces < 256 else np.intp)
        for knot in marginals.knots[1:-1].astype(np.float32):
            piece += z > knot
        place = first[:, :, None] + piece
        z *= slope.ravel().take(place)
        z += intercept.ravel().take(place)
        np.multiply(z, marginals.scale[rows, None, None], out=paths)
        paths += marginals.mean[rows, :, None]
        np.maximum(paths, marginals.least[rows, :, None], out=paths)


def draw(
    hierarchy: Hierarchy, marginals: Marginals, dependence: Dependence, paths: int, seed: int, chunk: int = BLOCK
) -> Iterator[FloatArray]:
    """Draw joint sample paths of all lines, USD, `chunk` at a time: arrays (n, H, p) of p <= `chunk` paths.

    Sums over lines of any path are that path's nodes (`hierarchy.add_up`). The first paths are the same however many
    are drawn, and whatever the chunk.
    """
    sampler = Sampler.of(hierarchy, marginals, dependence, seed)
    block = np.empty((*marginals.mean.shape, BLOCK))
    held = -1
    for begin in range(0, paths, chunk):
        end = min(begin + chunk, paths)
        out = np.empty((*marginals.mean.shape, end - begin))
        for number in range(begin // BLOCK, (end - 1) // BLOCK + 1):
            if number != held:
                sampler.fill(number, block)
                held = number
            start, stop = max(begin, number * BLOCK), min(end, (number + 1) * BLOCK)
            out[:, :, start - begin : stop - begin] = block[:, :, start - number * BLOCK : stop - number * BLOCK]
        yield out


def node_quantiles(
    hierarchy: Hierarchy,
    marginals: Marginals,
    dependence: Dependence,
    shares: Sequence[float],
    paths: int = 1000,
    seed: int = 0,
    workers: int | None = None,
) -> FloatArray:
    """Amounts that each node stays below in these shares of the paths that `draw` gives, USD, (a, H, Q).

    Quantiles lie on the straight line between neighbouring paths, as `numpy.quantile` has them.

    Args:
        hierarchy: a nodes above n lines.
        marginals: distribution of each line.
        dependence: how lines and years hang together.
        shares: chances, 0..1.
        paths: number of sample paths, at least one.
        seed: of the paths.
        workers: threads; by default one a processor. The result is the same.
    """
    sampler = Sampler.of(hierarchy, marginals, dependence, seed)
    horizon = marginals.mean.shape[1]
    workers = workers or os.cpu_count() or 1
    at_once = max(MOST_SUMS // (4 * horizon * paths), 1)
    out = np.empty((len(hierarchy.nodes), horizon, len(shares)))
    for start in range(0, len(out), at_once):
        rows = slice(start, start + at_once)
        out[rows] = _row_quantiles(sampler, hierarchy.summing[rows], shares, paths, workers)
    return out


def _row_quantiles(
    sampler: Sampler, summing: sparse.csr_array, shares: Sequence[float], paths: int, workers: int
) -> FloatArray:
    """Quantiles, (a, H, Q), of sums over lines by some rows of the summing matrix, (a, n).

    Sums are held as distances from their mean in units of their lines' scales, which single precision suits.
    """
    marginals = sampler.marginals
    middle, unit = summing @ marginals.mean, summing @ marginals.scale
    unit = np.where(unit > 0, unit, 1.0)
    held = np.empty((*middle.shape, paths), dtype=np.float32)

    def work(worker: int) -> None:
        block = np.empty((*marginals.mean.shape, BLOCK))
        for number in range(worker, -(-paths // BLOCK), workers):
            sampler.fill(number, block)
            sums = (summing @ block.reshape(len(block), -1)).reshape(*middle.shape, BLOCK)
            sums -= middle[:, :, None]
            sums /= unit[:, None, None]
            part = held[:, :, number * BLOCK : (number + 1) * BLOCK]
            part[:] = sums[:, :, : part.shape[2]]

    def order(worker: int) -> None:
        held[worker::workers].sort(axis=-1)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(workers)))
        list(pool.map(order, range(workers)))
    place = np.asarray(shares, dtype=np.float64) * (paths - 1)
    below = np.floor(place).astype(np.int64)
    low, high = held[..., below], held[..., np.minimum(below + 1, paths - 1)]
    distance = low + (place - below) * (high.astype(np.float64) - low)
    least = (summing @ marginals.least)[:, :, None]
    return np.asarray(np.maximum(middle[:, :, None] + unit[:, None, None] * distance, least), dtype=np.float64)
