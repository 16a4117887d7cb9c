"""Imports run one way: reallot -> dashboard -> scenarios -> {forecast, optimizer}."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OWN = {"reallot", "dashboard", "scenarios", "forecast", "optimizer"}
MAY = {
    "forecast": set(),
    "optimizer": set(),
    "scenarios": {"forecast", "optimizer"},
    "dashboard": {"scenarios"},
    "reallot": {"dashboard", "scenarios", "forecast", "optimizer"},
}


def imported(path: Path) -> set[str]:
    """The first names of all modules that a file imports, wherever the import stands."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return {name.split(".")[0] for name in names}


def sources(package: str) -> list[Path]:
    return [ROOT / "reallot.py"] if package == "reallot" else sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", sorted(OWN))
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    assert sources(package)
    for path in sources(package):
        upward = (imported(path) & OWN) - MAY[package] - {package}
        assert not upward, f"{path.relative_to(ROOT)} imports {', '.join(upward)}"


def test_only_one_file_knows_the_solvers() -> None:
    words = ("highspy", "LpStatus", "sol_status")
    knowing = {
        path.relative_to(ROOT).as_posix()
        for package in OWN - {"reallot"}
        for path in sources(package)
        if any(word in path.read_text(encoding="utf-8") for word in words)
    }
    assert knowing <= {"optimizer/solver.py", "scenarios/pipeline.py"}


def test_the_dashboard_never_names_a_solver() -> None:
    for path in sources("dashboard"):
        assert "pulp" not in imported(path), path
