"""Where a dashboard's results lie, and reading them once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

from dashboard.format import named
from scenarios.results import Results, read_results, results_in

RIVAL = "cost_to_continue"
ANSWERS = ("explain.json", "futures.json")
"""Files that are written last when a question about a plan has been answered."""


@dataclass(frozen=True, slots=True)
class Source:
    """A folder of results, and the study that they were made from where it is known."""

    results: Path
    study: Path | None

    @classmethod
    def of(cls, place: Path) -> Source:
        """A study folder (its results lie in `results`), or a results folder that holds scenarios.

        Raises:
            FileNotFoundError: there is no such folder.
        """
        if not place.is_dir():
            raise FileNotFoundError(f"{place} is no folder. Name a study, or a folder of results.")
        place = place.resolve()
        if (place / "study.yaml").is_file():
            return cls(place / "results", place)
        return cls(place, _study_of(place))

    @property
    def scenarios(self) -> list[str]:
        """The scenarios that have results, baseline first, the rival last."""
        return results_in(self.results) if self.results.is_dir() else []

    @property
    def shown_first(self) -> str:
        """The scenario shown when an address names none."""
        names = self.scenarios
        return next((n for n in names if n != RIVAL), names[0] if names else "")

    def shown(self, query: Mapping[str, str]) -> Results:
        """The results that an address shows."""
        return self.read(query.get("showing") or self.shown_first)

    @property
    def rival_first(self) -> str:
        """What a plan is held against when an address names nothing: cost to continue."""
        names = self.scenarios
        return RIVAL if RIVAL in names else names[-1] if names else ""

    def titles(self) -> list[tuple[str, str]]:
        """Every scenario with what it is called on a page."""
        return [(name, title(self.read(name))) for name in self.scenarios]

    def read(self, name: str) -> Results:
        """The results of a scenario, read again only when they have changed.

        Raises:
            KeyError: it has none.
        """
        if name not in self.scenarios:
            raise KeyError(f"{named(name)} has no results yet.")
        folder = self.results / name
        return _read(folder, tuple(_changed(folder / file) for file in ("summary.json", *ANSWERS)))


@lru_cache(maxsize=16)
def _read(folder: Path, changed: tuple[int, ...]) -> Results:
    return read_results(folder)


def _changed(file: Path) -> int:
    """When a file was last changed; 0 where there is none."""
    return file.stat().st_mtime_ns if file.exists() else 0


def title(results: Results) -> str:
    """What a scenario is called on a page."""
    return str(results.summary.get("title") or named(results.name))


def _study_of(results: Path) -> Path | None:
    """The study beside a results folder, or the one that its manifests name."""
    named_in = (_manifest_study(results / name) for name in results_in(results))
    candidates = chain([results.parent], named_in)
    return next((p for p in candidates if p is not None and (p / "study.yaml").is_file()), None)


def _manifest_study(folder: Path) -> Path | None:
    place = read_results(folder).manifest.get("study")
    return (folder / str(place)).resolve() if place else None
