r"""Forecasts that add up: the nodes above the lines, and MinT reconciliation.

Lines are summed into *nodes*: the total, an agency, an agency's fund. Forecast one by one, a node and the sum of its
lines differ. Let $\hat y$ hold the base forecasts of nodes and lines, $S$ (nodes by lines) the sums and
$C = [I, -S]$, so that $C y = 0$ says that all adds up. The forecasts that do so, with the least variance of error, are

$$\tilde y = \hat y - W C^\top (C W C^\top)^{-1} C \hat y, \qquad W = \lambda D + (1 - \lambda)\,U U^\top$$

where $U U^\top$ is the mean product of the back-test's one-step errors and $D$ its diagonal. Only $C D C^\top$, a
sparse matrix over the nodes, is ever solved with: the Woodbury identity puts the rest in as many columns as there are
origins.
Source of MinT: Wickramasuriya, Athanasopoulos & Hyndman, Journal of the American Statistical Association 114 (2019).
Source of $\lambda$: Schäfer & Strimmer, Statistical Applications in Genetics and Molecular Biology 4 (2005).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.linalg import splu

from forecast.arrays import FloatArray, IntArray
from forecast.errors import SettingError
from forecast.intervals import COMMON_SHARE
from forecast.ledger import ALL

TOTAL = "total"
"""Name of the level that tells nothing: the sum of all lines."""
LEAN = 16.0
"""$\\kappa$: one-step errors that the variance implied by a row's size counts for in its own."""
STILL = 1e-9
"""Share of its amount: a line that never missed by more is not moved."""
NO_AMOUNT = 1e-12
"""Share of the largest row: what is smaller has no size to follow."""
NO_VARIANCE = 1e-60
"""Squares of the largest amount: what varies by less cannot be told from what does not, and its inverse overflows."""
ENOUGH_ERRORS = 2
"""One-step errors that tell of a row's co-movement with others."""
ROUNDING = 1e-9
"""Sum of squared correlations of a row with all others that is taken for none."""
LEAST_SHRINKAGE = 1e-3
"""$\\lambda$ never falls below, so that every node keeps an error of its own."""
LEAST_NODE = 1e-6
"""Share of the sum of its lines' variances under which no node's variance falls."""
EXACT = 1e-12
"""Residual over right-hand side at which the conjugate gradients stop."""
STEPS = 150
"""Conjugate-gradient steps after which the matrix is factorised instead."""


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Which sums of lines are forecast and shown. Levels run from coarse to fine; L levels, a nodes, n lines."""

    lines: pd.DataFrame
    """The lines' keys: n rows, a text column a key (possibly none)."""
    levels: tuple[tuple[str, ...], ...]
    """Names of the keys that each level tells apart; `()` is the total."""
    nodes: pd.DataFrame
    """a rows, level by level: `level` (`total`, `agency`, `agency x fund`), then a column a key, `(all)` if untold."""
    members: IntArray
    """Row in `nodes` of each line's node at each level, (L, n)."""
    summing: sparse.csr_array
    """$S$, (a, n): one where the line belongs to the node."""

    def add_up(self, values: FloatArray) -> FloatArray:
        """Sums over each node's lines, (n, ...) -> (a, ...)."""
        width = math.prod(values.shape[1:])
        sums = self.summing @ np.ascontiguousarray(values, dtype=np.float64).reshape(len(values), width)
        return np.asarray(sums, dtype=np.float64).reshape(len(self.nodes), *values.shape[1:])

    def joint(self, one: int, other: int) -> IntArray:
        """Number of the group of lines that share their node at both of two levels, (n,)."""
        return _codes(np.stack([self.members[one], self.members[other]]))


def hierarchy(lines: pd.DataFrame, also: Sequence[Sequence[str]] = ()) -> Hierarchy:
    """Nodes above lines: the total, each key alone, each prefix of the key order, and the combinations in `also`.

    Levels are ordered by the number of keys they tell. One that groups the lines as an earlier level does, or that
    leaves every line alone, is dropped; a single line hence has none.

    Args:
        lines: a row a line, one text column a key, the coarser keys first.
        also: further combinations of keys, such as `[("agency", "fund")]`.

    Raises:
        SettingError: for keys in `also` that are not there or come twice, or a key named `level`, all at once.
    """
    keys = [str(column) for column in lines.columns]
    lines = lines.set_axis(keys, axis=1).reset_index(drop=True)
    if problems := list(_problems(keys, also)):
        raise SettingError("hierarchy", problems)
    codes = {key: lines[key].factorize(sort=True)[0].astype(np.int64) for key in keys}
    levels, groups = _distinct(_wanted(keys, also), codes, len(lines))
    counts = [int(group.max(initial=-1)) + 1 for group in groups]
    starts = np.cumsum([0, *counts])
    members = np.array([group + start for group, start in zip(groups, starts[:-1], strict=True)], dtype=np.int64)
    members = members.reshape(len(levels), len(lines))
    return Hierarchy(lines, levels, _name(lines, levels, groups), members, _sums(members, int(starts[-1])))


def _problems(keys: Sequence[str], also: Sequence[Sequence[str]]) -> Iterator[str]:
    """What is wrong with the keys of a hierarchy."""
    has = ", ".join(keys) or "none"
    if "level" in keys:
        yield "a key is named 'level', which names the levels. Rename that column."
    for wanted in also:
        text = " x ".join(wanted)
        unknown = [key for key in wanted if key not in keys]
        if unknown:
            yield f"also '{text}': {', '.join(unknown)} is not a key (keys: {has})."
        if len(set(wanted)) < len(wanted):
            yield f"also '{text}' names a key twice. Name each once."


def _wanted(keys: Sequence[str], also: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Levels in order, before any is dropped; keys within a level stand in the order of the lines' keys."""
    prefixes = [tuple(keys[:count]) for count in range(2, len(keys) + 1)]
    crossed = [tuple(key for key in keys if key in wanted) for wanted in also]
    return sorted([(), *((key,) for key in keys), *prefixes, *crossed], key=len)


def _distinct(
    wanted: Sequence[tuple[str, ...]], codes: dict[str, IntArray], count: int
) -> tuple[tuple[tuple[str, ...], ...], list[IntArray]]:
    """Levels that group the lines in a new way, and each line's group in them, (n,) a level."""
    levels: list[tuple[str, ...]] = []
    groups: list[IntArray] = []
    seen = {_shape(np.arange(count, dtype=np.int64))}
    for level in wanted:
        group = _codes(np.array([codes[key] for key in level], dtype=np.int64).reshape(len(level), count))
        if (shape := _shape(group)) not in seen:
            seen.add(shape)
            levels.append(level)
            groups.append(group)
    return tuple(levels), groups


def _codes(columns: IntArray) -> IntArray:
    """Number of each column's distinct value, in sorted order: (k, n) -> (n,), all zero for k = 0."""
    group = np.zeros(columns.shape[1], dtype=np.int64)
    for column in columns:
        group = np.unique(group * (column.max(initial=0) + 1) + column, return_inverse=True)[1].astype(np.int64)
    return group


def _shape(group: IntArray) -> bytes:
    """The same bytes for the same partition, whatever its groups are called."""
    return pd.factorize(group)[0].tobytes()


def _sums(members: IntArray, count: int) -> sparse.csr_array:
    """The summing matrix, (a, n)."""
    levels, lines = members.shape
    columns = np.tile(np.arange(lines), levels)
    return sparse.csr_array((np.ones(members.size), (members.ravel(), columns)), shape=(count, lines))


def _name(lines: pd.DataFrame, levels: Sequence[tuple[str, ...]], groups: Sequence[IntArray]) -> pd.DataFrame:
    """The frame of nodes."""
    parts = []
    for level, group in zip(levels, groups, strict=True):
        first = np.unique(group, return_index=True)[1]
        part = lines.iloc[first].astype("str").reset_index(drop=True)
        part[[key for key in lines.columns if key not in level]] = ALL
        part.insert(0, "level", " x ".join(level) or TOTAL)
        parts.append(part)
    empty = pd.DataFrame({name: pd.Series(dtype="str") for name in ("level", *lines.columns)})
    return pd.concat(parts, ignore_index=True).astype("str") if parts else empty


def reconcile(
    hierarchy: Hierarchy,
    base: FloatArray,
    errors: FloatArray,
    floor: FloatArray | None = None,
    lean: float = LEAN,
) -> FloatArray:
    """Line forecasts that agree best with all base forecasts, (n, H), USD; nodes are `hierarchy.add_up` of them.

    Lines whose past forecasts were exact are not moved, and base forecasts that add up already stay as they are.

    Args:
        hierarchy: a nodes above n lines.
        base: forecasts of the nodes, then of the lines, (a + n, H), USD.
        errors: actual less forecast one step ahead at past origins, (a + n, O), USD, NaN where unknown. Products with
            an unknown error count as zero, and each row's mean is over its own errors. Means are not taken out: a node
            that is always wrong the same way is wrong.
        floor: USD a line that no forecast falls below unless its base does, (n,); by default none. What is cut off is
            not taken from other lines.
        lean: how many errors the variance implied by size counts for; with zero this is MinT as it was published.
    """
    count = len(hierarchy.nodes)
    lines = base[count:]
    gap = base[:count] - hierarchy.add_up(lines)
    spread = Spread.of(hierarchy, base, errors, lean)
    moved = lines + _pull(hierarchy, spread, gap) if gap.any() else lines.copy()
    return moved if floor is None else np.maximum(moved, np.minimum(lines, floor[:, None]))


@dataclass(frozen=True)
class Spread:
    r"""$W = \operatorname{diag}(d) + U U^\top$ over nodes, then lines, in units of `unit` squared."""

    unit: float
    """USD."""
    own: FloatArray
    """$d$: variance of its own of each row, (a + n,)."""
    shared: FloatArray
    """$U$, (a + n, O), without columns where nothing is known to be shared."""

    @classmethod
    def of(cls, hierarchy: Hierarchy, base: FloatArray, errors: FloatArray, lean: float) -> "Spread":
        """Learn from errors (a + n, O) what the forecasts (a + n, H) may miss by."""
        known = np.isfinite(errors)
        size = np.abs(base).max(axis=1, initial=0.0)
        unit = max(float(np.abs(np.where(known, errors, 0.0)).max(initial=0.0)), float(size.max(initial=0.0))) or 1.0
        error, count = np.where(known, errors, 0.0) / unit, known.sum(axis=1)
        variance = _variance(hierarchy, error, count, size / unit, lean)
        root = np.sqrt((error**2).sum(axis=1))
        told = (count >= ENOUGH_ERRORS) & (root > 0) & (variance > 0)
        standard = np.where(told[:, None], error, 0.0) / np.where(told, root, 1.0)[:, None]
        shrinkage = max(shrink(standard), LEAST_SHRINKAGE)
        shared = np.sqrt((1 - shrinkage) * variance)[:, None] * standard
        own = np.where(told, shrinkage, 1.0) * variance
        return cls(unit, own, shared[:, : shared.shape[1] if shrinkage < 1 else 0])


def shrink(standard: FloatArray) -> float:
    r"""Weight $\lambda$ of the diagonal, 0..1, from errors (N, O), each row of unit length.

    $$\lambda = \frac{\sum_{i \ne j} \widehat{\operatorname{Var}}(r_{ij})}{\sum_{i \ne j} r_{ij}^2}, \qquad
    \widehat{\operatorname{Var}}(r_{ij}) = \frac{O \sum_t (z_{it} z_{jt})^2 - r_{ij}^2}{O - 1}$$

    with $r_{ij} = \sum_t z_{it} z_{jt}$. Sums over all pairs are those of O x O Gram matrices. One where there are no
    two rows or origins.
    """
    origins = int((standard != 0).any(axis=0).sum())
    if origins < ENOUGH_ERRORS:
        return 1.0
    square = standard**2
    length = square.sum(axis=1)
    pairs = float(((standard.T @ standard) ** 2).sum() - (length**2).sum())
    products = float((square.sum(axis=0) ** 2).sum() - (square**2).sum())
    noise = (origins * products - pairs) / (origins - 1)
    return float(np.clip(noise / pairs, 0.0, 1.0)) if pairs > ROUNDING * length.sum() else 1.0


def _variance(hierarchy: Hierarchy, error: FloatArray, count: IntArray, size: FloatArray, lean: float) -> FloatArray:
    r"""Variance of each row's error, (a + n,), from errors with zero for unknown, (a + n, O), and their counts.

    $$v_i = \frac{m_i\,\overline{e_i^2} + \kappa\,u_i}{m_i + \kappa}$$

    For a line, $u_i = x_i^2 \operatorname{median}_j \overline{e_j^2} / x_j^2$ follows its size $x_i$, the median being
    one at most; for a node it follows its lines, which have a share $\rho$ (`COMMON_SHARE`) in common:
    $u = (1-\rho) \sum_i v_i + \rho \big(\sum_i \sqrt{v_i}\big)^2$. Ten errors make a poor variance, hence the leaning;
    source: Opgen-Rhein & Strimmer, Statistical Applications in Genetics and Molecular Biology 6 (2007).
    """
    nodes = len(hierarchy.nodes)
    mean = (error**2).sum(axis=1) / count.clip(1)
    own, enough, amount = mean[nodes:], count[nodes:] >= ENOUGH_ERRORS, size[nodes:]
    still = enough & (own <= (STILL * amount) ** 2)
    tells = enough & ~still & (amount > NO_AMOUNT)
    usual = min(float(np.median(own[tells] / amount[tells] ** 2)), 1.0) if tells.any() else 1.0
    lines = _lean(own, count[nodes:], usual * amount**2, lean)
    lines = np.where(still | (lines < NO_VARIANCE), 0.0, lines)
    apart = hierarchy.add_up(lines)
    together = hierarchy.add_up(np.sqrt(lines)) ** 2
    implied = (1 - COMMON_SHARE) * apart + COMMON_SHARE * together
    above = np.maximum(_lean(mean[:nodes], count[:nodes], implied, lean), LEAST_NODE * apart)
    return np.concatenate([np.where(above >= NO_VARIANCE, above, 1.0), lines])


def _lean(own: FloatArray, count: IntArray, implied: FloatArray, lean: float) -> FloatArray:
    """Means of so many squares, leaning to what is implied; that alone where they are too few."""
    weight = np.where(count >= ENOUGH_ERRORS, count / (count.clip(1) + lean), 0.0)
    return np.asarray(weight * own + (1 - weight) * implied, dtype=np.float64)


def _pull(hierarchy: Hierarchy, spread: Spread, gap: FloatArray) -> FloatArray:
    r"""What reconciliation adds to the lines, (n, H), to close gaps (a, H) of nodes less sums of lines, USD.

    With $M = C D C^\top$ and $V = C U$, $z = (M + V V^\top)^{-1} C \hat y$ is found by Woodbury; the lines then get
    $D S^\top z - U V^\top z$, their own rows of $-W C^\top z$.
    """
    nodes = len(gap)
    own, shared, summing = spread.own, spread.shared, hierarchy.summing
    matrix = sparse.csr_array(sparse.diags_array(own[:nodes]) + summing @ sparse.diags_array(own[nodes:]) @ summing.T)
    apart = shared[:nodes] - hierarchy.add_up(shared[nodes:])
    solved = _solve(matrix, np.hstack([gap / spread.unit, apart]))
    z, y = solved[:, : gap.shape[1]], solved[:, gap.shape[1] :]
    z = z - y @ np.linalg.solve(np.eye(y.shape[1]) + apart.T @ y, apart.T @ z)
    pulled = own[nodes:, None] * (summing.T @ z) - shared[nodes:] @ (apart.T @ z)
    return np.asarray(pulled * spread.unit, dtype=np.float64)


def _solve(matrix: sparse.csr_array, right: FloatArray) -> FloatArray:
    """Solve a symmetric positive definite system, (a, a), for several right-hand sides, (a, k).

    Conjugate gradients, preconditioned by the diagonal, need no memory and some forty steps where levels cross; where
    nodes are known far better than their lines they need many, but then a tree's factors have hardly any fill.
    """
    root = np.sqrt(matrix.diagonal())
    scale = sparse.diags_array(1 / root)
    matrix = sparse.csr_array(scale @ matrix @ scale)
    right = right / root[:, None]
    left, steps = np.zeros_like(right), 0
    rest, way = right.copy(), right.copy()
    length = begin = (right**2).sum(axis=0)
    while (length > EXACT**2 * begin).any():
        if steps == STEPS:
            factors = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0)
            return np.asarray(factors.solve(right) / root[:, None], dtype=np.float64)
        ahead = matrix @ way
        step = length / _above_zero((way * ahead).sum(axis=0))
        left += step * way
        rest -= step * ahead
        before, length = length, (rest**2).sum(axis=0)
        way = rest + length / _above_zero(before) * way
        steps += 1
    return np.asarray(left / root[:, None], dtype=np.float64)


def _above_zero(values: FloatArray) -> FloatArray:
    """The values, one in place of zero: for quotients of columns that are done."""
    return np.where(values > 0, values, 1.0)
