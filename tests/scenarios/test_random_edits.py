"""A hundred random edits to the YAML of a study and its scenarios: each gives a clear report, and never a traceback."""

import copy
import datetime
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import reallot
from scenarios.study import write_study
from tests.scenarios.studies import FIRST, small_study

EDITS = 100
SCENARIOS: dict[str, dict[str, Any]] = {
    "lean": {
        "name": "lean",
        "title": "Lean years",
        "why": "Revenue falls short.",
        "set": {
            "discount_rate": 0.04,
            "tail_years": 5,
            "modern_share": {FIRST: 0.0},
            "methods": ["cooperative", "single_rfp"],
            "close_sites": True,
            "fund_weights": {"federal": 0.5},
            "appropriation": {"general": {FIRST: "+5%"}, "all": {FIRST + 1: "-1%"}},
            "capacity": {"migration": {FIRST: 5000}},
            "lock": {"s03": "keep"},
        },
        "not_modelled": ["layoffs"],
    },
    "grid": {
        "name": "grid",
        "why": "What if?",
        "based_on": "lean",
        "sweep": {"discount_rate": [0.02, 0.03], "appropriation.general": ["-10%", "0%"]},
        "sample": {"count": 3, "seed": 1, "ranges": {"risk_price": [0, 9000], "capacity.all": ["-5%", "+5%"]}},
    },
}
FREE = {"name", "title", "why", "about", "not_modelled"}
"""Keys whose value may be any text."""
WRONG: tuple[Any, ...] = (None, True, "soon", "", [], ["a", 1], {}, {"a": {"b": 1}}, 3.7, -4, datetime.date(2027, 1, 1))
IMPOSSIBLE: tuple[Any, ...] = (float("nan"), float("inf"), -1e12, 1e300, 10**30, "-500%", "2027-13-45", "1e400%")


def study_yaml() -> dict[str, Any]:
    return {
        "name": "Testland",
        "as_of": datetime.date(FIRST - 1, 7, 1),
        "fiscal_year_start": 7,
        "base_year": FIRST - 1,
        "horizon": 3,
        "made_up": True,
        "seed": 0,
        "about": "Made up.",
        "tables": {"systems": "tables/systems.csv"},
        "parameters": {"methods": [], "starts_per_quarter": 8, "risk_price": 15000, "reserve": {FIRST: 0.0}},
    }


def places(tree: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value below the top."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*above, key)
        yield from places(value, (*above, key))


def inside(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def misspelt(draw: random.Random, word: str) -> str:
    """A word with one letter lost, doubled or moved."""
    at = draw.randrange(1, len(word) - 1)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    near = [word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:], swapped]
    return draw.choice([other for other in near if other != word])


def edit(draw: random.Random, tree: dict[str, Any]) -> tuple[str, str, str]:
    """Makes one edit in place: its kind, what it did, and what a report must name (blank: anything may do)."""
    every = list(places(tree))
    kind = draw.choice(["misspelt", "wrong type", "impossible", "lost"])
    if kind == "misspelt":
        named = [p for p in every if len(p) == 1 or (isinstance(p[-1], str) and len(p[-1]) > 3 and p[0] != "tables")]
        path = draw.choice(named)
        wrong = misspelt(draw, path[-1])
        home = inside(tree, path[:-1])
        home[wrong] = home.pop(path[-1])
        return kind, f"{path} -> {wrong}", path[-1]
    path = draw.choice([p for p in every if p[0] not in FREE])
    if kind == "lost":
        del inside(tree, path[:-1])[path[-1]]
        return kind, f"{path}", ""
    home, value = inside(tree, path[:-1]), draw.choice(WRONG if kind == "wrong type" else IMPOSSIBLE)
    home[path[-1]] = value
    return kind, f"{path} = {value!r}", ""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = write_study(small_study(systems=6), tmp_path_factory.mktemp("edits") / "study")
    (place / "study.yaml").write_text(yaml.safe_dump(study_yaml(), sort_keys=False))
    for name, tree in SCENARIOS.items():
        (place / "scenarios" / f"{name}.yaml").write_text(yaml.safe_dump(tree, sort_keys=False))
    return place


def check(capsys: pytest.CaptureFixture[str], place: Path) -> tuple[int, str]:
    """Exit code and what stands on standard error; whatever else escapes fails the test."""
    with pytest.raises(SystemExit) as caught:
        reallot.main(["check", str(place)])
    return int(caught.value.code or 0), capsys.readouterr().err


def test_the_study_is_right_before_it_is_edited(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(capsys, study) == (0, "")


@pytest.mark.parametrize("seed", range(EDITS))
def test_an_edit_gives_a_clear_report(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    draw = random.Random(seed)
    place = shutil.copytree(study, tmp_path / "study")
    name = draw.choice(["study", *SCENARIOS])
    tree = copy.deepcopy(study_yaml() if name == "study" else SCENARIOS[name])
    kind, done, must_name = edit(draw, tree)
    path = place / ("study.yaml" if name == "study" else f"scenarios/{name}.yaml")
    path.write_text(yaml.safe_dump(tree, sort_keys=False))
    code, said = check(capsys, place)
    about = f"{name}: {kind}: {done}\n{said}"
    assert code in (0, 2), about
    assert "Traceback" not in said, about
    if kind == "misspelt":
        assert code == 2, about
        assert f"Did you mean {must_name}?" in said, about
    if kind == "impossible":
        assert code == 2, about
    if code == 2:
        assert ".yaml" in said or "tables/" in said, about
        assert all(line.rstrip().endswith((".", ":")) for line in said.splitlines()), about
