"""Stories: a study with its scenarios, run and held against what was published.

A story lies in a folder of its own: `study.py` makes the study, `scenarios/*.yaml` are its scenarios, `published.csv`
is what was published, with its source, `story.py` reads from results what is held against it, and `expected.csv` is
what came out when somebody last looked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.batch import run_study
from scenarios.errors import Problem, ResultsError
from scenarios.futures.run import simulate
from scenarios.parameters import unknown_name
from scenarios.results import RIVAL, read_json, results_in
from scenarios.study import Study, write_study

NAMES = ("ohio", "california", "roundtable")
"""The stories of the library."""
KEYS = ("scenario", "measure", "period")
"""What tells the rows of a story's table."""
WITHIN = 0.03
"""Share by which a figure may differ from what is expected: plans within the gap of each other move other servers."""
SIMULATED = (*KEYS, "unit", "simulated")
"""What a story reads from results."""
TABLE = (*KEYS, "unit", "published", "simulated", "role", "source", "made_up")
"""Columns of `story.csv`; `role` is input (published and put in), fitted, or result."""

Tell = Callable[[str, float], None]


@dataclass(frozen=True)
class Story:
    """One story of the library."""

    name: str
    title: str
    called: str
    """Name of its study, by which results are known to be of it."""
    study: Callable[[int], Study]
    """Makes the study from a seed."""
    measure: Callable[[Path], pd.DataFrame]
    """`SIMULATED` of a folder of results, one row a figure, in the order in which they are told."""
    words: dict[str, str]
    """Measures, for people."""
    gap: float = 5e-3
    """Proven gap at which a search stops."""
    futures: int = 0
    """Futures in which each plan is played; none where no figure needs them."""

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return Path(__file__).parent / self.name

    def published(self) -> pd.DataFrame:
        """`scenario measure period published unit role source`: what was published."""
        return _read(self.folder / "published.csv")

    def expected(self) -> pd.DataFrame:
        """`SIMULATED` as it came out when somebody last looked."""
        return _read(self.folder / "expected.csv")

    def table(self, simulated: pd.DataFrame) -> pd.DataFrame:
        """`TABLE`: each simulated figure beside the published ones; what nobody published is blank."""
        both = simulated.merge(self.published().drop(columns="unit"), on=list(KEYS), how="left")
        both = both.assign(made_up=True, role=both["role"].fillna("result"), source=both["source"].fillna(""))
        return both[list(TABLE)]


@dataclass(frozen=True)
class Told:
    """A story that was run."""

    story: Story
    table: pd.DataFrame
    """`TABLE`."""

    def json(self) -> dict[str, Any]:
        """The story as plain values; None where nothing was published."""
        plain = self.table.astype(object).where(self.table.notna(), None)
        rows = [{str(k): v for k, v in row.items()} for row in plain.to_dict("records")]
        return {"story": self.story.name, "title": self.story.title, "made_up": True, "table": rows}

    def __str__(self) -> str:
        from scenarios.library.pages import table_text

        return table_text(self.story, self.table)


def story(name: str) -> Story:
    """A story by name.

    Raises:
        ResultsError: there is none of that name, with the nearest.
    """
    if name not in NAMES:
        raise ResultsError([unknown_name(name, NAMES, "reallot story", "story of the library")])
    found = import_module(f"scenarios.library.{name}.story").STORY
    assert isinstance(found, Story)
    return found


def tell(
    name: str, place: Path | str | None = None, *, workers: int = 1, seed: int = 0, progress: Tell | None = None
) -> Told:
    """Writes a story's study, plans all its scenarios, and holds them against what was published.

    Leaves `study/`, `results/` and `story.csv` in `place`; without one nothing is kept.

    Raises:
        StudyError: the place holds something already.
        ResultsError: no such story, or a scenario that came to nothing.
    """
    one = story(name)
    if place is None:
        with tempfile.TemporaryDirectory() as draft:
            return tell(name, Path(draft) / name, workers=workers, seed=seed, progress=progress)
    place, count = Path(place), progress or (lambda stage, share: None)
    count("Making the study", 0.02)
    study = write_study(one.study(seed), place / "study")
    out = place / "results"
    batch = run_study(
        study,
        out,
        workers=workers,
        gap=one.gap,
        seconds=600,
        tell=lambda done, total: count(f"{done:,} of {total:,} scenarios", 0.05 + 0.85 * done / total),
    )
    if batch.failures:
        said = [Problem(f.scenario, f"came to nothing: {f.message}", "Plan it by itself") for f in batch.failures]
        raise ResultsError(said, f"The story {name} cannot be told")
    for scenario in (done for done in batch.done if one.futures and done != RIVAL):
        simulate(out / scenario, futures=one.futures, drivers=False)
    told = told_of(name, out)
    told.table.to_csv(place / "story.csv", index=False, lineterminator="\n")
    count("Done", 1.0)
    return told


def told_of(name: str, out: Path | str) -> Told:
    """A story from results that are there: those of `reallot run` on its study, its own or one that was changed.

    Raises:
        ResultsError: no such story, or results that are not of it.
    """
    one, out = story(name), Path(out)
    present = results_in(out)
    if "baseline" not in present or RIVAL not in present:
        remedy = f"Make them: reallot new DIR --from {name}, then reallot run DIR --out {out}"
        raise ResultsError([Problem(str(out), "holds no results of a story", remedy)])
    own = str(read_json(out / "baseline" / "summary.json")["study"])
    if own != one.called:
        remedy = f"Name results of {one.called}, or keep that name in study.yaml"
        raise ResultsError([Problem(str(out), f"holds results of another study, not of {name}", remedy, value=own)])
    return Told(one, one.table(one.measure(out)))


def _read(path: Path) -> pd.DataFrame:
    text = dict.fromkeys((*KEYS, "unit", "role", "source"), "str")
    frame = pd.read_csv(path, dtype=text, keep_default_na=True, na_values=[""])
    present = [name for name in text if name in frame]
    frame[present] = frame[present].fillna("")
    return frame
