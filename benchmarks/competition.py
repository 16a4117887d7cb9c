r"""Forecasting competitions: series with a known future, and the losses by which the field compares methods on them.

The losses are those of the M4 competition. Of each series over its horizon: sMAPE, MASE, coverage and MSIS

$$\mathrm{MASE} = \frac{\frac1H\sum_k |y_k-\hat y_k|}{s}, \qquad
  \mathrm{MSIS} = \frac{\frac1H\sum_k (u_k-l_k) + \frac2\alpha(l_k-y_k)^+ + \frac2\alpha(y_k-u_k)^+}{s}, \qquad
  s = \overline{|y_t-y_{t-m}|}$$

where s is the mean over the history. Of a method over all series: the means of those, and

$$\mathrm{OWA} = \tfrac12\left(\frac{\overline{\mathrm{sMAPE}}}{\overline{\mathrm{sMAPE}}_{\mathrm{Naive2}}} +
  \frac{\overline{\mathrm{MASE}}}{\overline{\mathrm{MASE}}_{\mathrm{Naive2}}}\right)$$

Source: Makridakis, Spiliotis & Assimakopoulos, International Journal of Forecasting 36 (2020), and the R code of its
benchmarks. The series are the 3,003 of the M3 competition (Makridakis & Hibon, International Journal of Forecasting 16,
2000) and a real state's agencies, where they are present (`REALLOT_SHARED`, or `shared` beside the checkout).

    python -m benchmarks.competition

prints the methods of the M3 competition with their OWA against our Naive2.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from forecast.arrays import BoolArray, FloatArray, IntArray, fill_forward, first_finite, last_finite
from forecast.losses import covered, interval_score, smape

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("REALLOT_SHARED", ROOT.parent / "shared"))
SEASONS = {"yearly": 1, "quarterly": 4, "monthly": 12, "other": 1}
"""Periods of a season in each part of the M3 competition. Source: Makridakis & Hibon (2000)."""
LEVELS = (80, 95)
"""Levels of the intervals that are compared, percent."""
TEST_LIMIT = 1.645
"""Normal quantile of the two-sided test at 90 % that a series has a season. Source: the M4 competition's R code."""
TEST_SEASONS = 3
"""Seasons that a series must have before that test. Source: the M4 competition's R code."""
FLOOR = 10e6
"""USD that an agency must have spent in every year, so that the ledger's sMAPE is not that of offices of ten people."""
ORIGINS = range(2010, 2021)
"""Last fiscal years known to the forecasts of the ledger."""


@dataclass(frozen=True)
class Panel:
    """Series of one frequency whose future is known: n series, up to T periods before it and H in it."""

    name: str
    season: int
    """Periods of a season, 1 if there is none."""
    lines: tuple[str, ...]
    """(n,), each once."""
    history: FloatArray
    """(n, T): the last period known is the last column; NaN before the first and where missing."""
    actual: FloatArray
    """(n, H): what came then, NaN where that is not known."""

    @property
    def horizon(self) -> int:
        """Periods to forecast, H."""
        return int(self.actual.shape[1])

    def rows(self, some: IntArray) -> "Panel":
        """Some of its series."""
        lines = tuple(self.lines[place] for place in some)
        return replace(self, lines=lines, history=self.history[some], actual=self.actual[some])

    def step(self, ahead: int) -> "Panel":
        """Only the period so far ahead, 1 the next: the others become unknown."""
        only = np.arange(1, self.horizon + 1) == ahead
        return replace(self, name=f"{self.name}, {ahead} ahead", actual=np.where(only, self.actual, np.nan))


@dataclass(frozen=True)
class Entry:
    """What a method says of a panel: (n, H) each, intervals by level in percent."""

    mean: FloatArray
    low: Mapping[int, FloatArray] = field(default_factory=dict)
    high: Mapping[int, FloatArray] = field(default_factory=dict)

    def rows(self, some: IntArray) -> "Entry":
        """Some of its series."""
        low, high = ({level: side[some] for level, side in sides.items()} for sides in (self.low, self.high))
        return Entry(self.mean[some], low, high)


@dataclass(frozen=True)
class Ledger:
    """Agencies of a state by fiscal year, USD: n agencies, T years."""

    agencies: tuple[str, ...]
    years: IntArray
    """(T,)."""
    expenditure: FloatArray
    """(n, T)."""
    appropriated: FloatArray
    """(n, T)."""

    def panel(self, origins: Iterable[int] = ORIGINS, horizon: int = 2) -> Panel:
        """Expenditure from rolling origins: all agencies at the first origin, then all at the next."""
        origins = list(origins)
        history, actual = roll(self.expenditure, self.years, origins, horizon)
        lines = tuple(f"{agency} FY{origin}" for origin in origins for agency in self.agencies)
        return Panel("ledger", 1, lines, history, actual)

    def appropriations(self, origins: Iterable[int] = ORIGINS, horizon: int = 2) -> tuple[FloatArray, FloatArray]:
        """Appropriations, those to each origin and those after it, in the rows and columns of `panel`."""
        return roll(self.appropriated, self.years, list(origins), horizon)


def roll(values: FloatArray, years: IntArray, origins: Sequence[int], horizon: int) -> tuple[FloatArray, FloatArray]:
    """Years to each origin, (O n, T), at the right of NaN, and the years after it, (O n, H), NaN where not known."""
    width = values.shape[1]
    padded = np.pad(values, ((0, 0), (width, horizon)), constant_values=np.nan)
    ends = [width + int(np.searchsorted(years, origin, side="right")) for origin in origins]
    history = np.concatenate([padded[:, end - width : end] for end in ends])
    return history, np.concatenate([padded[:, end : end + horizon] for end in ends])


def read_m3(shared: Path = SHARED) -> dict[str, Panel]:
    """The M3 competition's series by frequency: yearly, quarterly, monthly, other."""
    folder = shared / "data" / "m3"
    series = pd.read_csv(folder / "m3_series.csv").set_index("series_id")
    values = pd.read_parquet(folder / "m3_values.parquet")
    at = values["t"] - values["series_id"].map(series["n"])
    return {
        name: _panel(name, series.index[series["period"] == name.upper()], values.assign(at=at)) for name in SEASONS
    }


def _panel(name: str, lines: pd.Index, values: pd.DataFrame) -> Panel:
    """A part of the competition; `at` counts from its last period known, which is zero."""
    wide = values[values["series_id"].isin(lines)].pivot(index="series_id", columns="at", values="value").loc[lines]
    past = wide.columns.to_numpy() <= 0
    amounts = wide.to_numpy(dtype=np.float64)
    return Panel(name, SEASONS[name], tuple(lines), amounts[:, past], amounts[:, ~past])


def read_published(shared: Path = SHARED) -> pd.DataFrame:
    """Methods of the M3 competition: `smape_*` and `mase_*` by part and `*_total`, `n_series`, indexed by method."""
    return pd.read_csv(shared / "data" / "m3" / "m3_method_accuracy_recomputed.csv").set_index("method")


def read_ledger(shared: Path = SHARED) -> Ledger:
    """The state's agencies that spent more than `FLOOR` in every year."""
    path = shared / "data" / "state_ledger" / "agency_year_fy1998_2021.csv"
    wide = pd.read_csv(path, dtype={"agency": "str"}).pivot(index="agency", columns="fy")
    spent, given = (wide.xs(column, axis=1) for column in ("expenditure", "appropriated"))
    large = np.flatnonzero(spent.to_numpy(dtype=np.float64).min(axis=1) > FLOOR)
    amounts = (table.to_numpy(dtype=np.float64)[large] for table in (spent, given))
    return Ledger(tuple(spent.index[large]), spent.columns.to_numpy(dtype=np.int64), *amounts)


def naive2(panel: Panel) -> Entry:
    """The last value, of the series less its season where it has one: the rival of the M4 competition."""
    history, season = panel.history, panel.season
    index = np.where(has_season(history, season)[:, None], seasonal_index(history, season), 1.0)
    phase = (last_finite(history) - history.shape[1]) % season
    level = fill_forward(history)[:, -1] / index[np.arange(len(history)), phase]
    return Entry(level[:, None] * index[:, np.arange(panel.horizon) % season])


def has_season(history: FloatArray, season: int) -> BoolArray:
    r"""Whether the autocorrelation at the season is significant at 90 % and all amounts are above zero: (n, T) -> (n,).

    $$|r_m| > 1.645\sqrt{\frac{1 + 2\sum_{k<m} r_k^2}{n}}$$
    """
    known = np.isfinite(history)
    length = history.shape[1] - first_finite(history)
    centred = np.where(known, history - mean_known(history)[:, None], 0.0)
    power = (centred**2).sum(axis=1)
    lags = [(centred[:, lag:] * centred[:, :-lag]).sum(axis=1) for lag in range(1, season + 1)]
    correlation = np.stack(lags, axis=1) / np.where(power > 0, power, 1.0)[:, None]
    limit = TEST_LIMIT * np.sqrt((1 + 2 * (correlation[:, :-1] ** 2).sum(axis=1)) / length.clip(1))
    fit = (season > 1) & (length >= TEST_SEASONS * season) & (np.where(known, history, 1.0) > 0).all(axis=1)
    return np.asarray(fit & (np.abs(correlation[:, -1]) > limit), dtype=np.bool_)


def seasonal_index(history: FloatArray, season: int) -> FloatArray:
    """Index of each period of a season, mean one, by classical multiplicative decomposition: (n, T) -> (n, m).

    The first column is that of the period after the last. One where the series cannot tell.
    """
    past = -(-history.shape[1] // season) * season
    values = np.pad(history, ((0, 0), (past - history.shape[1], 0)), constant_values=np.nan)
    trend = moving_average(values, season)
    ratio = values / np.where(trend > 0, trend, np.nan)
    index = mean_known(ratio.reshape(len(values), -1, season), axis=1)
    index = index / index.mean(axis=1, keepdims=True)
    return np.where(np.isfinite(index).all(axis=1, keepdims=True), index, 1.0)


def moving_average(values: FloatArray, season: int) -> FloatArray:
    """Centred mean over a season, ends of an even one halved: (n, T) -> (n, T), NaN where not all of it is known."""
    ends = np.array([0.5]) if season % 2 == 0 else np.array([])
    weights = np.concatenate([ends, np.ones(season - len(ends)), ends]) / season
    reach = len(weights) // 2
    padded = np.pad(values, ((0, 0), (reach, reach)), constant_values=np.nan)
    width = values.shape[1]
    return np.asarray(sum(weight * padded[:, k : k + width] for k, weight in enumerate(weights)), dtype=np.float64)


def changes_scale(history: FloatArray, season: int) -> FloatArray:
    """Mean absolute change over a season: (n, T) -> (n,), NaN where nothing changed or too little is known."""
    scale = mean_known(np.abs(history[:, season:] - history[:, :-season]))
    return np.where(scale > 0, scale, np.nan)


def judge(panel: Panel, entry: Entry) -> pd.DataFrame:
    """One row a series: `smape` (percent), `mase`, `coverage_*` (shares), `msis_*`; NaN where nothing can be judged.

    Raises:
        ValueError: The entry has another shape than the panel, or says nothing where something came: to leave that out
            would flatter it.
    """
    known = np.isfinite(panel.actual)
    _check(panel, entry, known)
    actual = np.where(known, panel.actual, 0.0)
    scale = changes_scale(panel.history, panel.season)

    def over_horizon(loss: FloatArray | BoolArray) -> FloatArray:
        return mean_known(np.where(known, loss, np.nan))

    columns = {
        "smape": over_horizon(smape(actual, entry.mean)),
        "mase": over_horizon(np.abs(actual - entry.mean)) / scale,
    }
    for level in entry.low:
        columns[f"coverage_{level}"] = over_horizon(covered(actual, entry.low[level], entry.high[level]))
        score = interval_score(actual, entry.low[level], entry.high[level], level)
        columns[f"msis_{level}"] = over_horizon(score) / scale
    return pd.DataFrame(columns, index=pd.Index(panel.lines, name="line"))


def _check(panel: Panel, entry: Entry, known: BoolArray) -> None:
    """All that is wrong with an entry."""
    parts = {"mean": entry.mean}
    parts |= {
        f"{side} {level}": values[level]
        for side, values in (("low", entry.low), ("high", entry.high))
        for level in values
    }
    problems = []
    for name, values in parts.items():
        if values.shape != panel.actual.shape:
            problems.append(f"{name} is {values.shape}, not {panel.actual.shape}")
        elif len(rows := np.flatnonzero((known & ~np.isfinite(values)).any(axis=1))):
            problems.append(f"{name} is not a number for {len(rows)} series, first {panel.lines[rows[0]]}")
    if problems:
        raise ValueError(f"The entry for {panel.name} cannot be judged: " + "; ".join(problems))


def compare(panels: Iterable[Panel], entries: Mapping[str, Mapping[str, Entry]]) -> pd.DataFrame:
    """One row a method and panel: the means of `judge`, and `owa`; a row `overall` for methods with all panels.

    `entries` are by method, then by name of panel. Naive2 is always among the rows; `n` is the number of series.
    """
    panels = list(panels)
    judged = {
        method: {panel.name: judge(panel, by_panel[panel.name]) for panel in panels if panel.name in by_panel}
        for method, by_panel in {"Naive2": {panel.name: naive2(panel) for panel in panels}, **entries}.items()
    }
    for by_panel in judged.values():
        if len(panels) > 1 and len(by_panel) == len(panels):
            by_panel["overall"] = pd.concat(by_panel.values())
    rows = [
        {"panel": name, "method": method, "n": len(losses), "owa": owa(losses, judged["Naive2"][name]), **losses.mean()}
        for name in judged["Naive2"]
        for method, by_panel in judged.items()
        for losses in [by_panel.get(name)]
        if losses is not None
    ]
    return pd.DataFrame(rows)


def owa(losses: pd.DataFrame, naive: pd.DataFrame) -> float:
    """Mean of the ratios of mean sMAPE and of mean MASE to those of Naive2 on the same series."""
    return float(np.mean([losses[loss].mean() / naive[loss].mean() for loss in ("smape", "mase")]))


def combine(entries: Sequence[Entry], how: Literal["mean", "median"] = "mean") -> Entry:
    """Mean or median of several methods, of points and of the ends of their intervals."""

    def over(arrays: list[FloatArray]) -> FloatArray:
        stacked = np.stack(arrays)
        return np.asarray(np.median(stacked, axis=0) if how == "median" else stacked.mean(axis=0), dtype=np.float64)

    levels = [level for level in entries[0].low if all(level in entry.low for entry in entries)]
    low = {level: over([entry.low[level] for entry in entries]) for level in levels}
    high = {level: over([entry.high[level] for entry in entries]) for level in levels}
    return Entry(over([entry.mean for entry in entries]), low, high)


def mean_known(values: FloatArray, axis: int = -1) -> FloatArray:
    """Mean over the finite values along an axis, NaN if there are none."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.where(count > 0, total / count.clip(1), np.nan), dtype=np.float64)


def published_owa(published: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    """OWA of published methods by part and overall, against our Naive2 (`ours`: the rows of `compare`)."""
    naive = ours[ours["method"] == "Naive2"].set_index("panel")
    parts = {name: name for name in SEASONS} | {"overall": "total"}
    ratios = {
        part: (published[f"smape_{name}"] / ours_of["smape"] + published[f"mase_{name}"] / ours_of["mase"]) / 2
        for part, name in parts.items()
        for ours_of in [naive.loc[part].to_dict()]
    }
    return pd.DataFrame(ratios)


def main() -> None:
    """Print the M3 competition's own methods in the terms of the M4 competition."""
    if not (SHARED / "data" / "m3").is_dir():
        print(f"No M3 series under {SHARED}: set REALLOT_SHARED to compare with them.")
        return
    naive = compare(read_m3().values(), {})
    published = read_published()
    table = published_owa(published, naive)
    whole = published["n_series"] == naive["n"].iloc[-1]
    print("Our Naive2:")
    print(naive.drop(columns="owa").round(3).to_string(index=False))
    print("\nMethods of the M3 competition, OWA against our Naive2 (published sMAPE and MASE):")
    print(table.assign(overall=table["overall"].where(whole)).round(3).to_string())


if __name__ == "__main__":
    main()
