"""What a story's folder holds beside its code: scenarios, published figures, expected results."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from scenarios.errors import ScenarioError
from scenarios.scenario import Scenario
from scenarios.study import read_yaml
from scenarios.tables import TABLES


def scenarios_in(folder: Path) -> dict[str, Scenario]:
    """The scenarios of a story by name, in the order of their files.

    Raises:
        ScenarioError: a file that is no scenario.
    """
    found = {}
    for path in sorted((folder / "scenarios").glob("*.yaml")):
        values, problems = read_yaml(path, path.name)
        if problems:
            raise ScenarioError(problems, f"{path.name} cannot be used")
        scenario = Scenario.read(values, path.name)
        found[scenario.name] = scenario
    return found


def filled(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A table of a study from the columns that a story gives; the others are at their defaults."""
    table, _, _ = TABLES[name].read(frame.astype(str), f"tables/{name}.csv")
    return table


def none_assumed() -> pd.DataFrame:
    """What was filled in, where nothing was."""
    return pd.DataFrame(columns=["table", "column", "value", "rows", "reason"])
