"""Scenarios in bulk: every scenario of a study, grids and samples included, each into its own folder.

A scenario's folder is there whole or not at all, so that a run can be broken off at any moment and go on later. The
table of all results is made from the folders at the end: its bytes depend neither on how many worked nor on the order.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.expand import point_of, scenarios_of, settings_text
from scenarios.pipeline import PACKAGES, asked_for, rival_scenario, version_of
from scenarios.results import RIVAL, input_hashes, read_json
from scenarios.run_table import run_table, write_table
from scenarios.scenario import Scenario
from scenarios.study import Study, read_study, read_yaml
from scenarios.workers import Failure, Task, on_cluster, on_processes

RUNS, FAILURES = "runs.parquet", "failures.csv"
"""The files beside the folders: one long table of all results, and what came to nothing, with its reason."""

Tell = Callable[[int, int], None]
"""Called with how many scenarios are done, and of how many."""


@dataclass(frozen=True)
class Batch:
    """What a run of many scenarios came to."""

    out: Path
    done: tuple[str, ...]
    """Scenarios with results, in the order of the table."""
    kept: tuple[str, ...]
    """Those of them that an earlier run had finished."""
    failures: tuple[Failure, ...]
    by_the_clock: tuple[str, ...]
    """Scenarios whose search ended with the time, not at the gap: these may come out otherwise when run again."""

    def __str__(self) -> str:
        total = len(self.done) + len(self.failures)
        lines = [f"{len(self.done):,} of {total:,} scenarios have results in {self.out}"]
        if self.kept:
            lines[0] += f", {len(self.kept):,} of them from before"
        if self.by_the_clock:
            lines.append(
                f"note: {len(self.by_the_clock):,} searches ended with the time, not at the gap "
                f"({_few(self.by_the_clock)}); run again, these may differ. More --seconds or a wider --gap ends that."
            )
        lines += [f"failed: {failure.scenario} ({failure.kind}): {failure.message}" for failure in self.failures]
        return "\n".join(lines)


def run_study(
    place: Path | str,
    out: Path | str,
    *,
    workers: int = 1,
    cluster: str = "",
    resume: bool = False,
    gap: float = 1e-3,
    seconds: float = 60.0,
    tell: Tell | None = None,
) -> Batch:
    """Plans every scenario of a study on local processes, or on a Dask cluster that is there already.

    Writes `OUT/<scenario>/` for each, `OUT/cost_to_continue/`, `OUT/runs.parquet` (`scenarios.run_table.COLUMNS`) and
    `OUT/failures.csv` (`scenario settings kind message`). With `resume`, folders whose manifest still fits (hashes of
    all inputs, scenario, versions, gap and seconds) are kept; otherwise every scenario is planned. A scenario
    that fails is a row of failures, never the end of the others. Broken off with Ctrl-C, what is finished is in the
    table all the same.

    Raises:
        StudyError: the study, a sweep or a sample cannot be used, or the cluster does not answer.
    """
    place, out = Path(place).resolve(), Path(out).resolve()
    study = read_study(place)
    wanted = {**scenarios_of(study), RIVAL: rival_scenario()}
    asked, inputs = asked_for(gap=gap, seconds=seconds), input_hashes(place)
    out.mkdir(parents=True, exist_ok=True)
    _sweep_drafts(out)
    kept = [name for name, own in wanted.items() if resume and still_fits(out / name, own, study, asked, inputs)]
    open_ones = [name for name in wanted if name not in set(kept)]
    tasks = [Task(str(place), str(out), name, asked, tuple(sorted(inputs.items()))) for name in open_ones]
    failed: dict[str, Failure] = {}
    finished: set[str] = set(kept)

    def take(name: str, failure: Failure | None) -> None:
        if failure is None:
            finished.add(name)
        else:
            failed[name] = failure
            shutil.rmtree(out / name, ignore_errors=True)
        if tell:
            tell(len(finished) + len(failed), len(wanted))

    try:
        if cluster:
            on_cluster(tasks, cluster, take)
        else:
            on_processes(tasks, workers, take)
    except BaseException:
        # results may have been written while word of them was still on the way
        written = [t.name for t in tasks if still_fits(out / t.name, wanted[t.name], study, asked, inputs)]
        finished.update(set(written) - set(failed))
        raise
    finally:
        _sweep_drafts(out)
        done = [name for name in wanted if name in finished]
        write_table(run_table(out, {name: wanted[name] for name in done}), out / RUNS)
        _write_failures([failed[name] for name in wanted if name in failed], wanted, out / FAILURES)
    clocked = [name for name in done if read_json(out / name / "manifest.json")["reached"] == "time"]
    failures = tuple(failed[name] for name in wanted if name in failed)
    return Batch(out, tuple(done), tuple(kept), failures, tuple(clocked))


def still_fits(
    folder: Path, scenario: Scenario, study: Study, asked: Mapping[str, Any], inputs: Mapping[str, str]
) -> bool:
    """Whether a results folder is what planning this scenario now would make.

    Its inputs must have the same hashes. Files that came later may only be other scenarios; a new baseline changes all.
    """
    made = read_json(folder / "manifest.json")
    if not made or not (folder / "summary.json").exists():
        return False
    now = {
        "scenario": scenario.model_dump(mode="json"),
        "asked": dict(asked),
        "seed": study.facts.seed,
        "versions": {name: version_of(name) for name in PACKAGES},
    }
    if any(made.get(key) != value for key, value in now.items()):
        return False
    before = made.get("inputs", {})
    if any(inputs.get(name) != hashed for name, hashed in before.items()):
        return False
    return all(_is_other_scenario(name, study) for name in set(inputs) - set(before))


def _is_other_scenario(name: str, study: Study) -> bool:
    if not name.startswith("scenarios/") or study.place is None:
        return False
    return read_yaml(study.place / name, name)[0].get("name") != "baseline"


def _write_failures(failures: Sequence[Failure], wanted: Mapping[str, Scenario], path: Path) -> None:
    rows = [(f.scenario, settings_text(point_of(wanted[f.scenario])), f.kind, f.message) for f in failures]
    frame = pd.DataFrame(rows, columns=["scenario", "settings", "kind", "message"])
    draft = path.with_name(f".draft-{path.name}")
    frame.to_csv(draft, index=False, lineterminator="\n")
    draft.replace(path)


def _sweep_drafts(out: Path) -> None:
    """Removes what a run that was killed left half-written."""
    for draft in out.glob(".draft-*"):
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            draft.unlink(missing_ok=True)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")
