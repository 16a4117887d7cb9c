"""Runs one rival on a table of series, inside the rivals' own environment: imports nothing of this repository.

    .venv-rivals/bin/python benchmarks/rivals/run.py SERIES.parquet OUT.parquet --model AutoETS --horizon 6 --season 1
        [--jobs 2]

SERIES has `unique_id`, `ds` (whole numbers) and `y`. OUT gets `unique_id step mean lo_80 hi_80 lo_95 hi_95`, and
OUT.json beside it what it took: CPU seconds of this process and its children, series per CPU second, peak memory, and
how many series the rival could not do, which got the last value. One model a process, for only so can its peak memory
be told. The first series go through once before the clock starts, so that compiling is not counted.
"""

import argparse
import json
import math
import resource
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

LEVELS = (80, 95)
COLUMNS = ["mean", *(f"{side}_{level}" for level in LEVELS for side in ("lo", "hi"))]
WARM_UP = 3
"""Series that go through before the clock starts."""
Array = np.ndarray[Any, np.dtype[np.float64]]
Batch = Callable[[pd.DataFrame], pd.DataFrame]
"""A table of series in, a table of `unique_id step` and `COLUMNS` out."""


class StatsForecastModel:
    """A model of statsforecast, as its documentation has it run: one call for all series."""

    def __init__(self, name: str, season: int, horizon: int, jobs: int) -> None:
        import statsforecast.models as models  # type: ignore[import-not-found, unused-ignore]

        seasonal = {"AutoETS", "AutoTheta", "DynamicOptimizedTheta", "AutoARIMA", "AutoCES"}
        self.name, self.horizon, self.jobs = name, horizon, jobs
        if name == "SeasonalNaive" and season == 1:
            self.model = models.Naive(alias=name)
        elif name == "SeasonalNaive" or name in seasonal:
            self.model = getattr(models, name)(season_length=season, alias=name)
        else:
            self.model = getattr(models, name)(alias=name)

    def batch(self, series: pd.DataFrame) -> pd.DataFrame:
        """All series in one call; the first that fails raises."""
        from statsforecast import StatsForecast  # type: ignore[import-not-found, unused-ignore]

        runner = StatsForecast(models=[self.model], freq=1, n_jobs=self.jobs)
        said = runner.forecast(df=series, h=self.horizon, level=list(LEVELS)).reset_index()
        said = said.rename(columns={self.name: "mean"} | self._sides())
        said["step"] = said.groupby("unique_id", sort=False).cumcount() + 1
        missing = [column for column in COLUMNS if column not in said]
        table: pd.DataFrame = said.assign(**dict.fromkeys(missing, np.nan))[["unique_id", "step", *COLUMNS]]
        return table

    def _sides(self) -> dict[str, str]:
        return {f"{self.name}-{side}-{level}": f"{side}_{level}" for side in ("lo", "hi") for level in LEVELS}


class StatsmodelsModel:
    """A model of statsmodels, which knows one series at a time."""

    def __init__(self, name: str, season: int, horizon: int, jobs: int) -> None:
        self.fit = {"statsmodels theta": self.theta, "statsmodels damped": self.damped}[name]
        self.season, self.horizon, self.jobs = season, horizon, jobs

    def batch(self, series: pd.DataFrame) -> pd.DataFrame:
        """All series one by one, on as many processes as jobs; the first that fails raises."""
        groups = [(str(line), values.to_numpy()) for line, values in series.groupby("unique_id", sort=False)["y"]]
        if self.jobs > 1 and len(groups) > WARM_UP:
            with ProcessPoolExecutor(self.jobs) as pool:
                blocks = list(pool.map(self.fit, [values for _, values in groups], chunksize=16))
        else:
            blocks = [self.fit(values) for _, values in groups]
        lines = [line for line, _ in groups]
        return as_table(lines, np.stack(blocks))

    def theta(self, values: Array) -> Array:
        """The theta method (Assimakopoulos & Nikolopoulos, 2000) with its own test for a season, (H, columns)."""
        from statsmodels.tsa.forecasting.theta import ThetaModel  # type: ignore[import-not-found, unused-ignore]

        seasonal = self.season > 1 and len(values) >= 2 * self.season
        fitted = ThetaModel(values, period=max(self.season, 2), deseasonalize=seasonal).fit()
        columns = [np.asarray(fitted.forecast(self.horizon), dtype=float)]
        for level in LEVELS:
            columns.extend(fitted.prediction_intervals(self.horizon, alpha=1 - level / 100).to_numpy().T)
        return np.stack(columns, axis=1)

    def damped(self, values: Array) -> Array:
        """Exponential smoothing with a damped trend, additive season where there is one, (H, columns)."""
        from statsmodels.tsa.exponential_smoothing.ets import (  # type: ignore[import-not-found, unused-ignore]
            ETSModel,
        )

        seasonal = self.season > 1 and len(values) >= 2 * self.season
        season = {"seasonal": "add", "seasonal_periods": self.season} if seasonal else {}
        fitted = ETSModel(pd.Series(values, dtype=float), error="add", trend="add", damped_trend=True, **season).fit(
            disp=False
        )
        ahead = fitted.get_prediction(len(values), len(values) + self.horizon - 1)
        columns: list[Any] = []
        for level in LEVELS:
            table = ahead.summary_frame(alpha=1 - level / 100)
            columns.extend(([] if columns else [table["mean"]]) + [table["pi_lower"], table["pi_upper"]])
        return np.stack([np.asarray(column, dtype=float) for column in columns], axis=1)


STATSFORECAST = (
    "Naive",
    "SeasonalNaive",
    "RandomWalkWithDrift",
    "AutoETS",
    "AutoTheta",
    "DynamicOptimizedTheta",
    "AutoCES",
    "AutoARIMA",
)
STATSMODELS = ("statsmodels theta", "statsmodels damped")


def rival(name: str, season: int, horizon: int, jobs: int) -> Any:
    """A model by its name."""
    kind = StatsForecastModel if name in STATSFORECAST else StatsmodelsModel
    return kind(name, season, horizon, jobs)


def as_table(lines: list[str], blocks: Array) -> pd.DataFrame:
    """The long table of (n, H, columns)."""
    horizon = blocks.shape[1]
    table = pd.DataFrame(blocks.reshape(-1, len(COLUMNS)), columns=COLUMNS)
    table.insert(0, "unique_id", np.repeat(lines, horizon))
    table.insert(1, "step", np.tile(np.arange(1, horizon + 1), len(lines)))
    return table


def last_value(series: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """What a series gets that the rival cannot do: its last value, and normal intervals from its changes."""
    values = series["y"].to_numpy()
    spread = float(np.sqrt(np.mean(np.diff(values) ** 2))) if len(values) > 1 else 0.0
    steps = np.sqrt(np.arange(1, horizon + 1))
    quantile = {80: 1.2816, 95: 1.9600}
    columns = [np.full(horizon, values[-1])]
    for level in LEVELS:
        columns.extend(values[-1] + sign * quantile[level] * spread * steps for sign in (-1.0, 1.0))
    return as_table([series["unique_id"].iloc[0]], np.stack(columns, axis=1)[None])


def forecast_all(batch: Batch, series: pd.DataFrame, horizon: int) -> tuple[pd.DataFrame, dict[str, str], str]:
    """What the rival says of every series; why not, of those it could not do; and what stopped its batch, if anything.

    Where the batch stops, each series goes by itself, at whatever time that takes.
    """
    said, stopped = attempt(batch, series)
    blocks = {} if said is None else dict(list(said.groupby("unique_id", sort=False)))
    failed, tables = {}, []
    for line, one in series.groupby("unique_id", sort=False):
        table, why = attempt(batch, one) if stopped else (blocks.get(line), "")
        if table is None or not np.isfinite(table["mean"]).all():
            failed[str(line)] = why or "not a number"
            table = last_value(one, horizon)
        tables.append(table)
    return pd.concat(tables, ignore_index=True), failed, stopped


def attempt(batch: Batch, series: pd.DataFrame) -> tuple[pd.DataFrame | None, str]:
    """What the rival says, or the error that it ended with."""
    try:
        return batch(series), ""
    except Exception as problem:
        return None, f"{type(problem).__name__}: {problem}"[:200]


def cpu_seconds() -> float:
    """CPU seconds of this process and of its children that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return math.fsum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, kinds))


def peak_memory() -> float:
    """MB of the largest of this process and its children."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024


def main() -> None:
    """Read, forecast, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("series", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", required=True, choices=[*STATSFORECAST, *STATSMODELS])
    parser.add_argument("--season", type=int, default=1)
    parser.add_argument("--horizon", type=int, required=True)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore")

    series = pd.read_parquet(options.series)
    lines = series["unique_id"].unique()
    model = rival(options.model, options.season, options.horizon, options.jobs)
    forecast_all(model.batch, series[series["unique_id"].isin(lines[:WARM_UP])], options.horizon)
    begin, clock = cpu_seconds(), time.perf_counter()
    said, failed, stopped = forecast_all(model.batch, series, options.horizon)
    seconds, wall = cpu_seconds() - begin, time.perf_counter() - clock
    if len(failed) == len(lines):
        raise SystemExit(f"{options.model} could do none of the series: {stopped or failed}")
    said.to_parquet(options.out)
    took = {
        "model": options.model,
        "series": len(lines),
        "cpu_seconds": seconds,
        "wall_seconds": wall,
        "series_per_cpu_second": len(lines) / seconds if seconds else None,
        "peak_memory_mb": peak_memory(),
        "jobs": options.jobs,
        "failed": failed,
        "batch_error": stopped,
        "versions": {name: version(name) for name in ("statsforecast", "statsmodels", "numpy", "pandas", "scipy")},
    }
    options.out.with_suffix(".json").write_text(json.dumps(took, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
