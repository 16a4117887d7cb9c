"""Starts rivals in their own environment, as subprocesses, and keeps what they said under `build/rivals`.

Reading what is kept takes no time and no environment. The key of a kept run is all that it depends on: the series, the
horizon, the model, the versions in `requirements.txt`, the number of processes.
"""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.competition import LEVELS, Entry, Panel
from forecast.arrays import IntArray

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PYTHON = ROOT / ".venv-rivals" / "bin" / "python"
KEPT = ROOT / "build" / "rivals"
FORMAT = 1
"""Raise it when `run.py` comes to do something else, so that nothing kept before is read."""


@dataclass(frozen=True)
class Run:
    """What a rival said of a panel, and what it took."""

    entry: Entry
    took: dict[str, Any]
    """`cpu_seconds wall_seconds series series_per_cpu_second peak_memory_mb jobs failed batch_error versions`."""
    kept: bool
    """Whether it was read from what an earlier run kept."""


class RivalsMissing(RuntimeError):
    """The rivals' environment is not there, and nothing is kept."""


def run_rivals(
    panel: Panel,
    models: Iterable[str],
    *,
    python: Path = PYTHON,
    kept: Path = KEPT,
    jobs: int = 1,
    fresh: bool = False,
    only_kept: bool = False,
) -> dict[str, Run]:
    """Each model on the panel, one after the other, by name.

    Args:
        panel: The series; gaps within one are closed up, for the rivals do not take any.
        models: Names that `run.py` knows.
        python: Interpreter of the rivals' environment.
        kept: Folder of earlier runs.
        jobs: Processes a model may use.
        fresh: Run also what is kept.
        only_kept: Leave out what is not kept, rather than run it.

    Raises:
        RivalsMissing: Something has to run, and there is no such interpreter.
        RuntimeError: A model could not run at all; the message ends with what it printed last.
    """
    runs = {}
    for model in models:
        out = kept / f"{slug(panel.name)}-{slug(model)}-{key(panel, model, jobs)}.parquet"
        there = out.is_file() and out.with_suffix(".json").is_file()
        if only_kept and not there:
            continue
        if fresh or not there:
            start(panel, model, out, python, jobs)
        took = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
        print(f"{panel.name}, {model}: {told(took)}{'' if fresh or not there else ' (kept from an earlier run)'}")
        runs[model] = Run(as_entry(panel, pd.read_parquet(out)), took, kept=there and not fresh)
    return runs


def start(panel: Panel, model: str, out: Path, python: Path, jobs: int) -> None:
    """Run one model in a process of its own; the files appear only when it is done."""
    if not python.is_file():
        raise RivalsMissing(f"There is no {python}. `make bench-rivals` builds it; what is kept needs no rivals.")
    out.parent.mkdir(parents=True, exist_ok=True)
    series, said = out.with_suffix(f".{os.getpid()}.in"), out.with_suffix(f".{os.getpid()}.part")
    as_series(panel).to_parquet(series)
    call = [str(part) for part in (python, HERE / "run.py", series, said, "--model", model)]
    call += ["--horizon", str(panel.horizon), "--season", str(panel.season), "--jobs", str(jobs)]
    one_thread = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")}
    try:
        done = subprocess.run(call, env={**os.environ, **one_thread}, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{model} on {panel.name} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        said.with_suffix(".json").replace(out.with_suffix(".json"))
        said.replace(out)
    finally:
        for left in (series, said, said.with_suffix(".json")):
            left.unlink(missing_ok=True)


def key(panel: Panel, model: str, jobs: int) -> str:
    """What a run depends on, as twelve hexadecimal digits."""
    what = hashlib.sha256((HERE / "requirements.txt").read_bytes())
    history = np.where(np.isfinite(panel.history), panel.history, np.nan)
    what.update(np.ascontiguousarray(history).tobytes())
    what.update(repr((FORMAT, panel.lines, panel.history.shape, panel.season, panel.horizon, model, jobs)).encode())
    return what.hexdigest()[:12]


def as_series(panel: Panel) -> pd.DataFrame:
    """The long table `unique_id ds y` of what is known, `ds` counting from each series' first."""
    row, _ = np.nonzero(np.isfinite(panel.history))
    table = pd.DataFrame({"unique_id": np.array(panel.lines, dtype=object)[row]})
    table["ds"] = table.groupby("unique_id", sort=False).cumcount() + 1
    return table.assign(y=panel.history[np.isfinite(panel.history)])


def as_entry(panel: Panel, said: pd.DataFrame) -> Entry:
    """The arrays of what a rival said, (n, H) each; levels that it did not give are left out."""
    index = pd.MultiIndex.from_product([panel.lines, range(1, panel.horizon + 1)])
    values = said.set_index(["unique_id", "step"]).reindex(index)

    def wide(column: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return values[column].to_numpy(dtype=np.float64).reshape(len(panel.lines), panel.horizon)

    levels = [level for level in LEVELS if values[f"lo_{level}"].notna().any()]
    return Entry(
        wide("mean"), {level: wide(f"lo_{level}") for level in levels}, {level: wide(f"hi_{level}") for level in levels}
    )


def sample(panel: Panel, size: int) -> IntArray:
    """Rows of so many series, evenly spread, for `Panel.rows`."""
    return np.unique(np.linspace(0, len(panel.lines) - 1, min(size, len(panel.lines))).astype(np.int64))


def told(took: dict[str, Any]) -> str:
    """One line on what a run took."""
    line = f"{took['cpu_seconds']:.2f} CPU s, {took['series_per_cpu_second']:,.1f} series/CPU s"
    line += f", peak {took['peak_memory_mb']:,.0f} MB, {took['series']:,} series"
    if took["failed"]:
        line += f", {len(took['failed'])} not done (last value instead)"
    return line + (f", batch stopped: {took['batch_error']}" if took["batch_error"] else "")


def slug(name: str) -> str:
    """A name for a file."""
    return "-".join("".join(sign if sign.isalnum() else " " for sign in name.lower()).split())
