"""When the makers of operating systems stop supporting them, looked up by the names that inventories print.

The dates lie in `operating_systems.yaml`, with their source.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pandas as pd
import yaml

_WIDTH = re.compile(r"\(?\b(32|64)[ -]?bit\b\)?", re.IGNORECASE)

UNKNOWN = "unknown"
"""The family of a name that no entry matches."""

CLOUD_SYSTEM = {"windows_server": "windows", "windows_desktop": "windows", "rhel": "rhel", "suse": "suse"}
"""Family -> operating system as `scenarios.cloud` prices it; every other family is priced as `linux`."""


def describe(names: pd.Series) -> pd.DataFrame:
    """What is known about operating systems, looked up once per distinct name.

    Args:
        names: text such as `Microsoft Windows Server 2008 R2 (64-bit)`; upper and lower case do not matter.

    Returns:
        A frame with the index of `names`: `product` (empty where unknown), `family` (`windows_server`,
        `windows_desktop`, `rhel`, `suse`, `oracle_linux`, `linux`, `solaris`, `unix`, `hypervisor` or `unknown`),
        `end_of_support` (`NaT` where unknown or not published), `known` (an entry matches) and `guess` (the name covers
        several versions).
    """
    text = names.fillna("").astype(str)
    distinct = pd.Index(text.unique())
    entries = _entries()
    places = [_place(name, entries["pattern"]) for name in distinct]
    facts = entries.drop(columns="pattern").reindex(places).set_axis(distinct)
    facts["known"] = [place >= 0 for place in places]
    facts["product"] = facts["product"].fillna("")
    facts["family"] = facts["family"].fillna(UNKNOWN)
    facts["guess"] = facts["guess"].eq(True)
    columns = ["product", "family", "end_of_support", "known", "guess"]
    return facts[columns].reindex(text).set_axis(names.index)


def end_of_support(names: pd.Series) -> pd.Series:
    """The last day of support for each operating system; `NaT` where it is unknown.

    Source: the makers' lifecycles, see `operating_systems.yaml`.
    """
    return describe(names)["end_of_support"].rename("end_of_support")


def unknown(names: pd.Series) -> pd.Series:
    """The names that no entry matches, with how many servers carry each; most frequent first."""
    text = names.fillna("").astype(str)
    return text[~describe(names)["known"]].value_counts()


def cloud_system(names: pd.Series) -> pd.Series:
    """The operating system under which `scenarios.cloud` prices each server: `windows`, `rhel`, `suse` or `linux`."""
    return describe(names)["family"].map(CLOUD_SYSTEM).fillna("linux").rename("os")


def _place(name: str, patterns: pd.Series) -> int:
    """Position of the first entry that matches, or -1. `(64-bit)` is no version and is taken away first."""
    bare = _WIDTH.sub("", name)
    return next((i for i, pattern in enumerate(patterns) if pattern.search(bare)), -1)


@cache
def _entries() -> pd.DataFrame:
    """The list: `pattern`, `product`, `family`, `end_of_support`, `guess`, in order of precedence."""
    raw = yaml.safe_load((Path(__file__).parent / "operating_systems.yaml").read_text(encoding="utf-8"))
    return pd.DataFrame(
        {
            "pattern": [re.compile(entry["match"], re.IGNORECASE) for entry in raw],
            "product": [entry["name"] for entry in raw],
            "family": [entry["family"] for entry in raw],
            "end_of_support": pd.to_datetime([entry["ends"] for entry in raw]).astype("datetime64[us]"),
            "guess": [bool(entry.get("guess", False)) for entry in raw],
        }
    )
