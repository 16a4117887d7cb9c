"""A scenario: a difference from another one, with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scenarios.errors import Problem, ScenarioError
from scenarios.parameters import unknown_name


class Sample(BaseModel):
    """Scenarios drawn as a Latin hypercube: each range is cut into `count` equal parts, and each part is met once."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    count: int = Field(ge=1, le=100_000, strict=True)
    """How many scenarios."""
    seed: int = Field(0, ge=0, lt=2**63, strict=True)
    """Seed of the draw."""
    ranges: dict[str, tuple[Any, Any]] = Field(min_length=1)
    """Lowest and highest value by name: numbers, or changes such as -10% and +10%; both whole: whole numbers."""


class Scenario(BaseModel):
    """What a scenario file says. Values by year hold until the next year listed."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    """An identifier, which is the name of its results folder too."""
    title: str = ""
    """Name for people."""
    based_on: str = "baseline"
    """The scenario that it differs from."""
    why: str = Field(min_length=1)
    """The reason, as a sentence."""
    set: dict[str, Any] = Field(default_factory=dict)
    """Parameters; and `appropriation: {fund: {year: amount or "+5%"}}` (fund `all` for every one),
    `capacity: {skill: {year: hours or "+10%"}}` (skill `all` for every one),
    `lock: {system: keep, strategy@quarter, or blank}`."""
    sweep: dict[str, list[Any]] = Field(default_factory=dict)
    """Values to try, as `{discount_rate: [0.02, 0.03], appropriation.general: [-10%, 0%]}`: one scenario for each
    combination."""
    sample: Sample | None = None
    """A Latin hypercube, as `{count: 200, seed: 1, ranges: {discount_rate: [0.01, 0.05]}}`: one scenario a draw."""
    not_modelled: tuple[str, ...] = ()
    """What the scenario leaves out."""

    @classmethod
    def read(cls, values: Mapping[str, Any], file: str) -> Scenario:
        """A scenario from the keys and values of its file.

        Raises:
            ScenarioError: every key or value that does not fit.
        """
        problems = [
            unknown_name(str(k), cls.model_fields, file, "key of a scenario")
            for k in values
            if k not in cls.model_fields
        ]
        try:
            scenario = cls(**{str(k): v for k, v in values.items() if k in cls.model_fields})
        except ValidationError as error:
            problems += [
                unknown_name(str(e["loc"][-1]), Sample.model_fields, file, "key of a sample")
                if e["type"] == "extra_forbidden"
                else Problem(
                    file,
                    "is missing" if e["type"] == "missing" else f"does not fit ({str(e['msg']).rstrip('.')})",
                    _asked(str(e["loc"][0]), cls.model_fields[str(e["loc"][0])].description or ""),
                    column=".".join(map(str, e["loc"])),
                )
                for e in error.errors()
            ]
        if problems:
            raise ScenarioError(problems, f"{file} cannot be used")
        return scenario

    @property
    def is_family(self) -> bool:
        """Whether it stands for many scenarios: it has a sweep or a sample."""
        return bool(self.sweep) or self.sample is not None

    def write(self, path: Path) -> None:
        """Writes the scenario as a file of a study."""
        plain = {k: v for k, v in self.model_dump(mode="json").items() if v not in ({}, [], "", None)}
        path.write_text(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")


def _asked(name: str, description: str) -> str:
    """What to write at a key, from the first line of what it means."""
    told = description.partition("\n")[0].rstrip(".")
    return f"Write {name}: {told[:1].lower()}{told[1:]}"
