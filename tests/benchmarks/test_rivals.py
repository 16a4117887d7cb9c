"""Rivals: one bad series stops no batch, and what ran once is read again."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.competition import Entry, Panel
from benchmarks.rivals import run, start, table

PANEL = Panel("made up", 1, ("b", "a"), np.array([[np.nan, 1, 2], [3, 4, 5]]), np.array([[3.0, 3], [6, 6]]))
STAND_IN = """#!{python}
import json, sys
import pandas as pd
series, said = sys.argv[2:4]
last = pd.read_parquet(series).groupby("unique_id", sort=False)["y"].last()
rows = [(line, step, y) + (y - 1, y + 1) * 2 for line, y in last.items() for step in (1, 2)]
columns = ["unique_id", "step", "mean", "lo_80", "hi_80", "lo_95", "hi_95"]
pd.DataFrame(rows, columns=columns).to_parquet(said)
took = dict(model=sys.argv[5], cpu_seconds=1, series_per_cpu_second=2, peak_memory_mb=3, series=2, jobs=1)
took |= dict(failed={{}}, batch_error="")
open(said.replace(".part", ".json"), "w").write(json.dumps(took))
with open({calls!r}, "a") as calls:
    calls.write("x")
"""
"""In the place of the rivals' interpreter: the last value, and a mark for each call."""


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def python(tmp_path: Path, calls: Path) -> Path:
    path = tmp_path / "python"
    path.write_text(STAND_IN.format(python=sys.executable, calls=str(calls)), encoding="utf-8")
    path.chmod(0o755)
    return path


def double(series: pd.DataFrame) -> pd.DataFrame:
    """Twice the last value, but no more than a hundred."""
    last = series.groupby("unique_id", sort=False)["y"].last()
    if (last > 50).any():
        raise ValueError("too much")
    blocks = np.tile(2 * last.to_numpy()[:, None, None], (1, 2, len(run.COLUMNS)))
    return run.as_table(list(last.index), np.where(blocks < 0, np.nan, blocks))


def series(**last: float) -> pd.DataFrame:
    rows = [(line, step + 1, y * part) for line, y in last.items() for step, part in enumerate((0.5, 1))]
    return pd.DataFrame(rows, columns=["unique_id", "ds", "y"])


def test_a_batch_that_works_is_taken_as_it_is() -> None:
    said, failed, stopped = run.forecast_all(double, series(b=1, a=2), 2)
    assert (said["unique_id"].tolist(), said["mean"].tolist()) == (["b", "b", "a", "a"], [2, 2, 4, 4])
    assert (failed, stopped) == ({}, "")


def test_one_bad_series_gets_its_last_value_and_is_counted() -> None:
    said, failed, stopped = run.forecast_all(double, series(a=1, bad=80, c=3), 2)
    assert said["mean"].tolist() == [2, 2, 80, 80, 6, 6]
    assert failed == {"bad": "ValueError: too much"}
    assert stopped == "ValueError: too much"
    bad = said[said["unique_id"] == "bad"].iloc[0]
    assert bad["lo_95"] < bad["lo_80"] < 80 < bad["hi_80"] < bad["hi_95"]


def test_what_is_not_a_number_counts_as_not_done() -> None:
    said, failed, stopped = run.forecast_all(double, series(a=1, bad=-4), 2)
    assert said["mean"].tolist() == [2, 2, -4, -4]
    assert (failed, stopped) == ({"bad": "not a number"}, "")


def test_series_and_answers_keep_their_rows(tmp_path: Path) -> None:
    long = start.as_series(PANEL)
    assert long["unique_id"].tolist() == ["b", "b", "a", "a", "a"]
    assert long["ds"].tolist() == [1, 2, 1, 2, 3]
    assert long["y"].tolist() == [1, 2, 3, 4, 5]
    blocks = np.arange(20.0).reshape(2, 2, 5)
    entry = start.as_entry(PANEL, run.as_table(["a", "b"], blocks))
    assert entry.mean.tolist() == blocks[::-1, :, 0].tolist()
    assert entry.low[95].tolist() == blocks[::-1, :, 3].tolist()
    assert entry.high[80].tolist() == blocks[::-1, :, 2].tolist()


def test_what_ran_once_is_read_again_and_fresh_runs_again(python: Path, calls: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    first = start.run_rivals(PANEL, ["Naive"], python=python, kept=kept)["Naive"]
    again = start.run_rivals(PANEL, ["Naive"], python=tmp_path / "none", kept=kept)["Naive"]
    assert (first.kept, again.kept, calls.read_text()) == (False, True, "x")
    assert first.entry.mean.tolist() == again.entry.mean.tolist() == [[2, 2], [5, 5]]
    fresh = start.run_rivals(PANEL, ["Naive"], python=python, kept=kept, fresh=True)["Naive"]
    assert (fresh.kept, calls.read_text()) == (False, "xx")
    assert len(list(kept.iterdir())) == 2


def test_a_missing_environment_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(start.RivalsMissing, match="make bench-rivals"):
        start.run_rivals(PANEL, ["Naive"], python=tmp_path / "none", kept=tmp_path)
    assert start.run_rivals(PANEL, ["Naive"], python=tmp_path / "none", kept=tmp_path, only_kept=True) == {}


def test_a_model_that_cannot_run_shows_its_last_words(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no such model >&2\nexit 3\n", encoding="utf-8")
    python.chmod(0o755)
    with pytest.raises(RuntimeError, match="ended with 3:\nno such model"):
        start.run_rivals(PANEL, ["Naive"], python=python, kept=tmp_path / "kept")
    assert not list((tmp_path / "kept").iterdir())


def test_the_key_changes_with_all_that_a_run_depends_on() -> None:
    other = PANEL.history.copy()
    other[1, 1] += 1e-9
    keys = {
        start.key(PANEL, "Naive", 1),
        start.key(PANEL, "AutoETS", 1),
        start.key(PANEL, "Naive", 2),
        start.key(Panel("made up", 4, PANEL.lines, PANEL.history, PANEL.actual), "Naive", 1),
        start.key(Panel("made up", 1, PANEL.lines, other, PANEL.actual), "Naive", 1),
        start.key(Panel("made up", 1, PANEL.lines, PANEL.history, PANEL.actual[:, :1]), "Naive", 1),
    }
    assert len(keys) == 6
    assert start.key(PANEL.step(1), "Naive", 1) == start.key(PANEL, "Naive", 1)


def test_combinations_need_all_their_parts() -> None:
    one, two = Entry(np.ones((2, 2))), Entry(np.full((2, 2), 3.0))
    entries = table.with_combinations({"AutoETS": one, "DynamicOptimizedTheta": two})
    assert [name for name in entries if name not in ("AutoETS", "DynamicOptimizedTheta")] == ["mean of ETS, theta"]
    assert entries["mean of ETS, theta"].mean.tolist() == [[2, 2], [2, 2]]


def test_models_are_known_to_the_runner() -> None:
    parts = {part for _, parts in table.COMBINATIONS.values() for part in parts}
    assert parts | {*table.QUICK, *table.SLOW} <= {*run.STATSFORECAST, *run.STATSMODELS}
