"""The results folder: what a scenario's run leaves behind, for people and programs alike.

Every money figure is a sum of `flows`. A folder is written whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from scenarios.errors import Problem, ResultsError

RIVAL = "cost_to_continue"
"""The folder of the rival: the same estate if nothing moves."""

TABLES = (
    "plan",
    "outlays",
    "limits",
    "outlook",
    "history",
    "scores",
    "treatments",
    "appropriations",
    "sites",
    "assumptions",
)
"""The CSV files of a results folder."""

LATER = ("year_end", "variance", "overrides", "versions")
"""CSV files that folders of earlier versions lack: they open, and what they lack is empty."""

EXPLAINED = ("prices", "alternatives", "alternative_plans", "frontier")
"""Answers of `reallot explain` that stand beside a plan as `explain_<name>.csv`; planning again removes them."""

PLAYED = ("risk", "drivers")
"""Answers of `reallot simulate` that stand beside a plan; planning again removes them."""

_TEXT = {
    "plan": (
        *("system", "strategy", "method", "start", "cutover", "legacy_off", "buy_from", "name", "agency", "program"),
        *("site", "side", "fund", "end_of_support", "lock"),
    ),
    "outlays": ("period", "fund", "nature", "side"),
    "limits": ("limit", "key", "unit"),
    "outlook": ("agency", "program", "fund", "category"),
    "history": ("agency", "program", "fund", "category"),
    "scores": ("model",),
    "year_end": ("agency", "program", "fund", "category"),
    "variance": ("agency", "program", "fund", "category", "direction"),
    "overrides": ("agency", "program", "fund", "category", "reason", "author", "date"),
    "versions": ("fund", "agency", "line_item", "purpose", "biennium", "version", "source"),
    "treatments": ("agency", "program", "fund", "category", "found", "treatment"),
    "appropriations": ("fund", "agency", "line_item", "purpose", "status"),
    "sites": ("site", "name", "fund", "lease_end", "closes"),
    "assumptions": ("parameter", "value", "unit", "default", "source", "changed_by"),
    "prices": ("limit", "key", "unit", "words"),
    "alternatives": ("words",),
    "alternative_plans": ("system", "strategy", "method", "start", "cutover", "legacy_off", "buy_from"),
    "frontier": ("aim",),
    "risk": ("policy", "measure", "fund", "period"),
    "drivers": ("source", "title", "measure"),
}
"""Columns that stay text when read back: an agency may be called 448."""


@dataclass(frozen=True)
class Results:
    """What one scenario came to; the shapes are those of `docs/architecture.md`."""

    folder: Path
    plan: pd.DataFrame
    flows: pd.DataFrame
    outlays: pd.DataFrame
    limits: pd.DataFrame
    outlook: pd.DataFrame
    history: pd.DataFrame
    scores: pd.DataFrame
    treatments: pd.DataFrame
    appropriations: pd.DataFrame
    sites: pd.DataFrame
    assumptions: pd.DataFrame
    summary: Mapping[str, Any]
    manifest: Mapping[str, Any]
    timings: Mapping[str, Any] = field(default_factory=dict)
    year_end: pd.DataFrame = field(default_factory=pd.DataFrame)
    variance: pd.DataFrame = field(default_factory=pd.DataFrame)
    overrides: pd.DataFrame = field(default_factory=pd.DataFrame)
    versions: pd.DataFrame = field(default_factory=pd.DataFrame)
    explained: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """Those of `EXPLAINED` that were asked for, as read; nothing writes them with a plan."""
    risk: pd.DataFrame = field(default_factory=pd.DataFrame)
    """How sure the plan and its rivals are, as read; empty where nothing was simulated."""
    drivers: pd.DataFrame = field(default_factory=pd.DataFrame)
    """What drives the spread, as read."""
    futures: Mapping[str, Any] = field(default_factory=dict)
    """How many futures were played, their seed, the sentence and the titles of policies; empty where none were."""

    @property
    def name(self) -> str:
        """The scenario, which is the name of the folder."""
        return self.folder.name


def read_results(folder: Path | str) -> Results:
    """Reads a results folder back.

    Raises:
        ResultsError: the folder is missing or lacks a file.
    """
    folder = Path(folder)
    wanted = [*(f"{t}.csv" for t in TABLES), "flows.parquet", "summary.json", "manifest.json"]
    lacking = [name for name in wanted if not (folder / name).exists()]
    if len(lacking) == len(wanted):
        raise ResultsError([Problem(str(folder), "holds no results", "Make them: reallot plan DIR --out OUT")])
    if lacking:
        said = f"lacks {', '.join(lacking)}"
        raise ResultsError([Problem(str(folder), said, "Run the scenario again: reallot plan DIR --out OUT")])
    present = [*TABLES, *(name for name in LATER if (folder / f"{name}.csv").exists())]
    frames = {name: _read_csv(folder / f"{name}.csv", _TEXT[name]) for name in present}
    answers = {name: folder / f"explain_{name}.csv" for name in EXPLAINED}
    return Results(
        folder=folder,
        flows=pd.read_parquet(folder / "flows.parquet"),
        summary=read_json(folder / "summary.json"),
        manifest=read_json(folder / "manifest.json"),
        timings=read_json(folder / "timings.json"),
        futures=read_json(folder / "futures.json"),
        explained={name: _read_csv(path, _TEXT[name]) for name, path in answers.items() if path.exists()},
        **frames,
        **{
            name: _read_csv(folder / f"{name}.csv", _TEXT[name]) for name in PLAYED if (folder / f"{name}.csv").exists()
        },
    )


def results_in(out: Path | str) -> list[str]:
    """The scenarios that have results in a folder: the baseline first, the rival last."""
    found = sorted(p.parent.name for p in Path(out).glob("*/summary.json"))
    rank = {"baseline": 0, RIVAL: 2}
    return sorted(found, key=lambda name: (rank.get(name, 1), name))


def write_results(results: Results, *, parquet: bool = False) -> Results:
    """Writes a results folder, in place of the one that is there: all of it or nothing.

    With `parquet` each table is written as Parquet too, beside its CSV file.
    """
    folder = results.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".draft-") as draft:
        inside = Path(draft) / folder.name
        inside.mkdir()
        for name in (*TABLES, *LATER):
            frame: pd.DataFrame = getattr(results, name)
            rounded = frame.select_dtypes("float").round(6)
            frame.assign(**{str(c): rounded[c] for c in rounded}).to_csv(
                inside / f"{name}.csv", index=False, lineterminator="\n"
            )
            if parquet:
                frame.to_parquet(inside / f"{name}.parquet", index=False)
        results.flows.to_parquet(inside / "flows.parquet", index=False)
        for name in ("summary", "manifest", "timings"):
            text = json.dumps(getattr(results, name), indent=2, ensure_ascii=False, allow_nan=False)
            (inside / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        if folder.exists():  # moved away in one step: a run that is killed here leaves no half of it
            os.replace(folder, Path(draft) / "before")
        os.replace(inside, folder)
    return results


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def input_hashes(place: Path) -> dict[str, str]:
    """SHA-256 of every file of a study, by its path within the study."""
    if place.is_file():
        return {place.name: digest(place)}
    files = [
        place / "study.yaml",
        *sorted((place / "tables").glob("*.csv")),
        *sorted((place / "scenarios").glob("*.yaml")),
    ]
    found = {f.relative_to(place).as_posix(): digest(f) for f in files if f.exists()}
    return found | {name: digest(place / name) for name in _elsewhere(place) if (place / name).is_file()}


def _elsewhere(place: Path) -> list[str]:
    """Other places of tables that `study.yaml` names."""
    try:
        said = yaml.safe_load((place / "study.yaml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []
    tables = said.get("tables") if isinstance(said, dict) else None
    return sorted(map(str, tables.values())) if isinstance(tables, dict) else []


def _read_csv(path: Path, text: tuple[str, ...]) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=dict.fromkeys(text, "str"), keep_default_na=True, na_values=[""])
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    present = [c for c in text if c in frame]
    frame[present] = frame[present].fillna("")
    return frame


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file of a results folder; empty where there is none."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
