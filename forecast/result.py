"""What an outlook is: amounts ahead by line and in total, with intervals, and how that was judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from forecast.arrays import FloatArray
from forecast.errors import SettingError
from forecast.hierarchy import Hierarchy
from forecast.ledger import ALL, find_lines
from forecast.models import LastValue
from forecast.paths import Dependence, Marginals, draw, fit_dependence, node_quantiles

NODE_PATHS = 1_000
"""Sample paths from which the intervals of sums are read."""
ENACTED, FORECAST = "enacted", "forecast"
"""What an appropriation of a period ahead is."""


@dataclass(frozen=True, eq=False)
class Joint:
    """How the amounts of all lines are distributed together, in a unit of its own; methods speak USD."""

    tree: Hierarchy
    marginals: Marginals
    errors: FloatArray
    """Of the back-test, in each line's scale, (O, n, H), NaN unscored."""
    unit: float
    """USD."""

    @cached_property
    def dependence(self) -> Dependence:
        """How errors of lines and periods hang together: learned when sums or paths are first asked for."""
        return fit_dependence(self.tree, self.errors)

    def line_quantiles(self, shares: Sequence[float]) -> FloatArray:
        """Amounts that lines stay below with these chances, USD, (n, H, Q)."""
        return self.marginals.quantiles(shares) * self.unit

    def node_quantiles(self, shares: Sequence[float], seed: int) -> FloatArray:
        """The same of the sums above them, (a, H, Q), read off `NODE_PATHS` sample paths."""
        return node_quantiles(self.tree, self.marginals, self.dependence, shares, NODE_PATHS, seed) * self.unit

    def draw(self, paths: int, seed: int) -> FloatArray:
        """Joint sample paths of the lines, USD, (n, H, paths)."""
        parts = draw(self.tree, self.marginals, self.dependence, paths, seed, chunk=max(paths, 1))
        return next(parts) * self.unit if paths else np.empty((*self.marginals.mean.shape, 0))


@dataclass(frozen=True, eq=False)
class SamplePaths:
    """Futures that hang together: each path is one course of all lines; sums over lines are that path's sums."""

    lines: pd.DataFrame
    """The lines' keys, n rows."""
    periods: pd.Series
    """The H periods ahead."""
    amounts: FloatArray
    """USD, (n, H, paths)."""

    def frame(self) -> pd.DataFrame:
        """`keys..., period, path, amount`, paths numbered from 1."""
        n, horizon, paths = self.amounts.shape
        frame = self.lines.iloc[np.repeat(np.arange(n), horizon * paths)].reset_index(drop=True)
        frame["period"] = self.periods.iloc[np.tile(np.repeat(np.arange(horizon), paths), n)].to_numpy()
        return frame.assign(path=np.tile(np.arange(1, paths + 1), n * horizon), amount=self.amounts.ravel())


@dataclass(frozen=True, eq=False)
class Outlook:
    """What will be spent, with intervals, and how that was judged. Money is nominal USD of each period."""

    keys: tuple[str, ...]
    """Names of the key columns."""
    lines: pd.DataFrame
    """`keys..., period, mean, lo_80, hi_80, lo_95, hi_95`, a row a line and period, sorted by keys and period."""
    nodes: pd.DataFrame
    """The same for every sum above the lines, `(all)` in the keys that it does not tell; the total of all last."""
    scores: pd.DataFrame
    """`model, horizon, smape, mase, owa, coverage_*, interval_score_*, weight, n`: each model, the naive rival among
    them, and `combined`."""
    line_scores: pd.DataFrame
    """A row a line (indexed by its keys): how the combined forecast did in the back-test, beside the naive rival."""
    weights: pd.DataFrame
    """A row a line (indexed by its keys), a column a model; rows sum to 1."""
    treatments: pd.DataFrame
    """`keys..., period, found, treatment, before, after`: everything that cleaning did, in USD.

    A level shift leaves the amounts as they are: `before` is then that of the year before, `after` that of the year.
    """
    history: pd.DataFrame
    """`keys..., period, amount`, cleaned, each line from its first period to the last of the table."""
    overrides: pd.DataFrame
    """`keys..., period, mean, model_mean`: what was set by hand, and what the models say there."""
    naive: str
    """The naive rival: `last value`, or `seasonal naive` where a year has several periods."""
    joint: Joint
    """How lines are distributed together; `paths` draws from it."""
    appropriations: pd.DataFrame | None = None
    """`keys..., period, amount, status`: what is enacted of the periods ahead, and beyond it what is forecast; rows are
    those of the table of appropriations, `(all)` in keys that it does not tell, and add up. None without one."""

    def paths(self, count: int, *, seed: int = 0) -> SamplePaths:
        """Joint sample paths of all lines: their spread is that of the intervals, and sums of a path are paths.

        The intervals of `nodes` are those of the first `NODE_PATHS` paths with the outlook's own seed.

        Raises:
            SettingError: for fewer than one path.
        """
        if count < 1:
            raise SettingError("paths", [f"{count} paths cannot be drawn. Ask for at least one."])
        whole = self.lines["period"].iloc[: self.joint.marginals.mean.shape[1]].reset_index(drop=True)
        return SamplePaths(self.joint.tree.lines, whole, self.joint.draw(count, seed))

    @property
    def totals(self) -> pd.DataFrame:
        """The sum of all lines, a row a period, without keys; no rows for lines that stand for themselves."""
        above = self.lines if len(self.weights) == 1 else self.nodes
        return above.tail(self.lines["period"].nunique()).drop(columns=list(self.keys)).reset_index(drop=True)

    def frame(self) -> pd.DataFrame:
        """Lines, then the sums above them, the total last: the shape of `outlook.csv`."""
        if not self.keys:
            return self.lines
        single = self.lines.assign(**dict.fromkeys(self.keys, ALL)) if len(self.weights) == 1 else self.nodes
        return pd.concat([self.lines, single], ignore_index=True) if len(single) else self.lines

    def best(self, horizon: int = 1) -> str:
        """The model with the smallest sMAPE `horizon` periods ahead, the naive rival if none beats it."""
        ahead = self.scores[self.scores["horizon"] == horizon].dropna(subset="smape").set_index("model")
        return str(ahead["smape"].idxmin()) if len(ahead) else self.naive

    def index(self, base: int) -> pd.DataFrame:
        """How each line moves from fiscal year `base` on: its amount in later years over its amount in `base`.

        A row a line (indexed by its keys), a column a fiscal year (`int`) from `base` + 1 to `base` + horizon, as far
        as the outlook reaches. Years of the past are the cleaned history, later ones the mean; so with the last year
        of history as `base` it is mean / last cleaned amount. 1.0 where the amount in `base` is zero or the line had
        not begun.

        Raises:
            SettingError: when `base` is no year of the history or outlook with a year after it.
        """
        past = self._wide(self.history, "amount")
        path = pd.concat([past, self._wide(self.lines, "mean")], axis=1)
        last = int(path.columns[-1])
        if base not in path.columns or base == last:
            years = f"{path.columns[0]} to {last - 1}"
            raise SettingError("Outlook.index", [f"base {base} is not in {years}. Choose one of them."])
        horizon = last - int(past.columns[-1])
        years_on = [year for year in range(base + 1, last + 1) if year <= base + horizon]
        start = path[base].to_numpy(dtype=np.float64)
        usable = np.isfinite(start) & (start != 0)
        later = path[years_on].to_numpy(dtype=np.float64)
        ratio = np.where(usable[:, None], later / np.where(usable, start, 1.0)[:, None], 1.0)
        return pd.DataFrame(ratio, index=path.index, columns=pd.Index(years_on, name="fiscal_year"))

    def summary(self) -> str:
        """The outlook as a page of text: totals in millions of USD, scores one year ahead, what was treated."""
        return "\n".join([*self._total_rows(), "", *self._score_rows(), "", *self._treatment_rows()])

    def __str__(self) -> str:
        """The same as `summary`."""
        return self.summary()

    def _wide(self, frame: pd.DataFrame, column: str) -> pd.DataFrame:
        """Lines by fiscal years (`int`) of one column, in the order of `weights`."""
        period = frame["period"]
        year = period.dt.year if isinstance(period.dtype, pd.PeriodDtype) else period
        years = np.sort(year.unique())
        place = find_lines(frame, self.joint.tree.lines)
        wide = np.full((len(self.weights), len(years)), np.nan)
        wide[place, np.searchsorted(years, year.to_numpy())] = frame[column].to_numpy()
        return pd.DataFrame(wide, index=self.weights.index, columns=[int(year) for year in years])

    def _total_rows(self) -> list[str]:
        """Totals with their intervals."""
        bands = [column for column in self.totals.columns if column.startswith(("lo_", "hi_"))]
        head = "".join(f"{name.replace('_', ' '):>13}" for name in ("mean", *bands))
        count = f"{len(self.weights):,} line{'' if len(self.weights) == 1 else 's'}"
        rows = [f"Outlook of {count}, total in millions of USD", f"{'period':<14}{head}"]
        for row in self.totals.to_dict("records"):
            amounts = "".join(f"{row[name] / 1e6:>13,.1f}" for name in ("mean", *bands))
            rows.append(f"{row['period']!s:<14}{amounts}")
        return rows

    def _score_rows(self) -> list[str]:
        """Scores one period ahead."""
        covered = [column for column in self.scores.columns if column.startswith("coverage_")]
        heads = ("smape", "mase", *covered, "weight", "n")
        width = max(14, *(len(name) for name in self.scores["model"]))
        rows = [
            f"Back-test one {self._period_noun()} ahead (smallest sMAPE: {self.best()})",
            f"{'model':<{width}}" + "".join(f"{head.replace('_', ' '):>13}" for head in heads),
        ]
        for row in self.scores[self.scores["horizon"] == 1].to_dict("records"):
            cells = [f"{row['smape']:>13.1f}", *(f"{row[head]:>13.2f}" for head in heads[1:-1]), f"{row['n']:>13,}"]
            rows.append(f"{row['model']:<{width}}" + "".join(cells))
        return rows

    def _period_noun(self) -> str:
        """What one period of the outlook is called."""
        kind = str(self.lines["period"].dtype).removeprefix("period[")[0]
        by_year = self.naive == LastValue.name
        return {"Q": "quarter", "M": "month"}.get(kind, "year" if by_year else "period")

    def _treatment_rows(self) -> list[str]:
        """How often what was treated."""
        if self.treatments.empty:
            return ["Nothing had to be treated."]
        counts = (self.treatments["found"] + ": " + self.treatments["treatment"]).value_counts().sort_index()
        return ["Treated:", *(f"  {count:,} x {what}" for what, count in counts.items())]
