"""Runs what was recorded again, from what the store holds, and says whether the same comes out."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from scenarios.expected import outlook_of
from scenarios.pipeline import PACKAGES, plan_scenario, version_of, write_rival
from scenarios.results import RIVAL
from scenarios.scenario import Scenario
from scenarios.store import Run, Store, output_hashes
from scenarios.study import read_study


@dataclass(frozen=True)
class Repeated:
    """What came of a run that was run again."""

    run: Run
    differ: tuple[str, ...]
    """Files whose bytes differ from those of the run."""
    versions: tuple[str, ...]
    """Packages that are of another version now, in words."""

    @property
    def same(self) -> bool:
        """Whether every file has the same bytes."""
        return not self.differ

    def __str__(self) -> str:
        head = f"{self.run.id}, {self.run.scenario} of {self.run.study}"
        if self.same:
            return f"{head}: the same bytes came out again."
        lines = [f"{head}: came out otherwise in {', '.join(self.differ)}."]
        lines += [f"note: {said}" for said in self.versions]
        if self.run.manifest["reached"] == "time":
            lines.append("note: the search ended with the time, not at the gap; such a run may come out otherwise.")
        return "\n".join(lines)


def repeat(store: Store, name: str, out: Path | None = None) -> Repeated:
    """Runs a recorded run again, in `out` or in a place that is removed afterwards.

    Raises:
        StoreError: no such run, or one that cannot be repeated.
        StudyError, optimizer.NoPlanFound: as `plan_study`, where this version no longer takes what that one did.
    """
    run = store.run(name)
    made = run.manifest
    with tempfile.TemporaryDirectory(prefix="reallot-") as folder:
        study = read_study(store.restore(run, Path(folder)))
        place, outlook = out or Path(folder) / "out", outlook_of(study)
        if made["scenario"]["name"] == RIVAL:
            results = write_rival(study, outlook, place, made["asked"])
        else:
            results = plan_scenario(study, Scenario(**made["scenario"]), outlook, place, made["asked"])
        before, now = store.came_out(run), output_hashes(results.folder)
    differ = tuple(sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path)))
    then = made["versions"]
    moved = [f"{p} was {then.get(p)}, is {version_of(p)}" for p in PACKAGES if then.get(p) != version_of(p)]
    return Repeated(run, differ, tuple(moved))
