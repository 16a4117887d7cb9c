"""Locks as a scenario: what was changed in the grid, as settings of a new plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.source import Source, title
from scenarios.results import Results

SECONDS = 60.0


def differing_locks(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Locks that the plan does not know yet: system -> `keep`, `strategy@quarter`, or blank where one was undone.

    A system that is split over several rows is locked to what most of its servers do.
    """
    wanted: dict[str, str] = {}
    for row in sorted(rows, key=lambda r: int(r["units"])):
        if bool(row["lock"]) != bool(row["held"]):
            wanted[str(row["system"])] = lock_of(row) if row["lock"] else ""
    return wanted


def lock_of(row: Mapping[str, Any]) -> str:
    """What a row's fate is called as a lock."""
    return f"{row['strategy']}@{row['start']}" if row["start"] else "keep"


def lock_request(source: Source, results: Results, locks: Mapping[str, str]) -> dict[str, Any]:
    """A job that plans the shown scenario again with other locks, under a name of its own."""
    base = dict(results.manifest.get("scenario") or {})
    settings = dict(base.get("set") or {})
    settings["lock"] = {**settings.get("lock", {}), **locks}
    name = free_name(f"{results.name}_locked", source.scenarios)
    return {
        "study": str(source.study),
        "out": str(source.results),
        "seconds": SECONDS,
        "before": results.name,
        "scenario": {
            "name": name,
            "title": f"{title(results)}, locked",
            "based_on": base.get("based_on") or "baseline",
            "why": f"{len(locks)} locks changed on {title(results)}.",
            "set": settings,
        },
    }


def free_name(name: str, taken: Sequence[str]) -> str:
    """The name, with a number where it is taken."""
    candidates = [name, *(f"{name}_{i}" for i in range(2, len(taken) + 3))]
    return next(c for c in candidates if c not in taken)
