"""RVTools exports: the virtual machines of a vSphere estate, as a workbook of tabs or as one CSV file per tab.

Columns are matched by name, never by position, upper and lower case alike, because they change between releases: `In
Use MB` became `In Use MiB`, `VM ID` and `VM UUID` came late, and custom attributes follow at the end. `MB` in a header
has always meant MiB. Sources: headers in RVTools exports; Dell RVTools manual; Azure Migrate's import.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from scenarios import operating_systems
from scenarios.cost_model import POWERED_OFF
from scenarios.intake.assumptions import Filled, by_value
from scenarios.intake.errors import IntakeError, Problem, faults
from scenarios.intake.sheets import Sheet, distinct, numbers, slug, slugs

MIB_PER_GIB = 1024

MACHINES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "name": ("vm",),
        "vcpus": ("cpus", "# cpus", "num cpu", "cpu"),
        "memory": ("memory", "memory mib", "size mib"),
        "power": ("powerstate", "power state"),
        "template": ("template",),
        "placeholder": ("srm placeholder",),
        "state": ("connection state",),
        "in_use": ("in use mib",),
        "provisioned": ("provisioned mib", "total disk capacity mib"),
        "datacenter": ("datacenter",),
        "cluster": ("cluster",),
        "os_file": ("os according to the configuration file", "os"),
        "os_tools": ("os according to the vmware tools",),
        "uuid": ("vm uuid", "vm id", "smbios uuid"),
    }
)
"""What is read from the tab vInfo, and the headers under which it is found, as `header_key` writes them."""

NEEDED = {"name": "VM", "vcpus": "CPUs", "memory": "Memory"}
"""What no vInfo can do without, as its headers are called."""

PARTITIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "name": ("vm",),
        "uuid": ("vm uuid", "vm id"),
        "consumed": ("consumed mib",),
    }
)
"""What is read from the tab vPartition."""

STRATEGIES = {
    "server": "retain|rehost|relocate|replatform|refactor",
    "desktop": "retain|rehost|relocate|repurchase",
    POWERED_OFF: "retain|retire",
}
"""What may happen to a machine: on the word of an inventory none in use can be retired, or replaced by a product."""

_WORDS = {"production": "prod|prd|production", "test": "test|tst|qa|uat", "development": "dev|devl|devel|development"}
_ENDINGS = {"production": "(?<!pre)(?<!non)prod", "test": "(?<!la)(?<!con)test", "development": "dev"}
_CRITICALITY = {"test": 2, "development": 2, POWERED_OFF: 1}
_UNRELIABLE = ("orphaned", "inaccessible", "invalid")


@dataclass(frozen=True)
class Estate:
    """The virtual machines of one export."""

    file: str
    systems: pd.DataFrame
    """One row per machine: `system name site kind units platform environment vcpus memory_gib storage_gib criticality
    end_of_support strategies`."""
    sites: pd.DataFrame
    """`site name`, one row per data center."""
    assumed: tuple[Filled, ...]
    warnings: tuple[str, ...]
    read: int
    """Machines in the file, before templates and placeholders were left out."""


def header_key(header: str) -> str:
    """A header as it is compared: lower case, one space between words, `MB` as `MiB`."""
    return re.sub(r"\bmb\b", "mib", re.sub(r"\s+", " ", header.strip().lower()))


def tab(headers: Iterable[str], name: str = "") -> str:
    """Which RVTools tab a row of headers belongs to: `vInfo`, `vPartition`, `other` (of no use here) or empty."""
    keys = {header_key(h) for h in headers}
    bare = name.lower().removeprefix("rvtools_tab").removeprefix("tab")
    if {"vm", "cpus", "memory"} <= keys or (bare == "vinfo" and "vm" in keys):
        return "vInfo"
    if {"vm", "consumed mib"} <= keys and ("disk" in keys or "capacity mib" in keys):
        return "vPartition"
    if {"vm", "powerstate"} <= keys:
        known = {"size mib": "other", "cpus": "other", "disk": "other", "network": "other", "nic label": "other"}
        return next((t for k, t in known.items() if k in keys), "vInfo")
    return "other" if bare.startswith("v") and bare[1:].isalpha() and {"host", "datacenter"} & keys else ""


def read_rvtools(sheets: Sequence[Sheet]) -> Estate:
    """Reads one export.

    Args:
        sheets: its tabs; vInfo is needed, vPartition is used where there is one.

    Raises:
        IntakeError: everything that is wrong in it, at once.
    """
    found: dict[str, tuple[Sheet, int]] = {}
    for sheet in sheets:
        at = sheet.find(lambda headers, name=sheet.name: tab(headers, name) != "")  # type: ignore[misc]
        if at is not None:
            found.setdefault(tab(sheet.header(at), sheet.name), (sheet, at))
    if "vInfo" not in found:
        tabs = ", ".join(s.name or s.file for s in sheets)
        file = sheets[0].file.partition("[")[0] if sheets else "RVTools"
        raise IntakeError(
            [Problem(file, f"has no tab vInfo (found: {tabs})", "Export all tabs, or at least vInfo", value="RVTools")]
        )
    sheet, at = found["vInfo"]
    raw, problems = _columns(sheet, at, MACHINES, NEEDED)
    problems += sheet.ragged(at)
    if not problems and raw.empty:
        problems.append(Problem(sheet.file, "lists no virtual machine", "Export it with the estate connected"))
    if problems:
        raise IntakeError(problems)
    return _estate(raw, sheet, at, found.get("vPartition"))


def _estate(raw: pd.DataFrame, sheet: Sheet, at: int, partitions: tuple[Sheet, int] | None) -> Estate:
    file, headers = sheet.file, _headers(sheet, at, MACHINES)
    notes: list[str] = []
    filled: list[Filled] = []
    machines = _left_out(raw, file, notes)
    if machines.empty:
        remedy = "Export the estate, not a library of templates"
        raise IntakeError([Problem(file, "lists templates and placeholders only", remedy)])
    problems: list[Problem] = []
    unnamed = machines["name"].eq("")
    problems += faults(file, headers["name"], machines.loc[unnamed, "name"], "is blank", "Write the machine's name")
    sizes = {what: _size(machines, what, file, headers, problems, filled) for what in ("vcpus", "memory")}
    storage = _storage(machines, file, headers, partitions, problems, filled, notes)
    if problems:
        raise IntakeError(problems)
    system = distinct(slugs(machines["name"], "vm"))
    site, sites = _sites(machines, file, filled)
    platform = _platform(machines, file, filled)
    known = operating_systems.describe(platform)
    kind = known["family"].eq("windows_desktop").map({True: "desktop", False: "server"})
    environment = _environment(machines, file, filled)
    _note_systems(platform, known, file, notes)
    role = kind.mask(environment.eq(POWERED_OFF), POWERED_OFF)
    criticality = environment.map(_CRITICALITY).fillna(3).astype("int64")
    strategies = role.map(STRATEGIES)
    filled += by_value(file, "systems", "kind", kind, "a desktop where its operating system is one")
    filled += by_value(file, "systems", "criticality", criticality, "3; 2 for test and development, 1 for powered off")
    filled += by_value(
        file,
        "systems",
        "strategies",
        strategies,
        "only a powered-off machine may be retired; a server is not replaced by a product nobody has named",
    )
    dated = int(known["end_of_support"].notna().sum())
    rule = "the maker's published date for that operating system"
    filled.append(Filled(file, "systems", "end_of_support", "by operating system", dated, rule))
    filled.append(Filled(file, "systems", "units", "1", len(machines), "one row per virtual machine"))
    systems = pd.DataFrame(
        {
            "system": system,
            "name": machines["name"],
            "site": site,
            "kind": kind,
            "units": 1,
            "platform": platform,
            "environment": environment,
            "vcpus": sizes["vcpus"],
            "memory_gib": (sizes["memory"] / MIB_PER_GIB).round(3),
            "storage_gib": (storage / MIB_PER_GIB).round(3),
            "criticality": criticality,
            "end_of_support": known["end_of_support"],
            "strategies": strategies,
        }
    ).reset_index(drop=True)
    return Estate(file, systems, sites, tuple(filled), tuple(notes), len(raw))


def _columns(
    sheet: Sheet, at: int, wanted: Mapping[str, tuple[str, ...]], needed: Mapping[str, str]
) -> tuple[pd.DataFrame, list[Problem]]:
    """The wanted columns as text, under our names; absent ones blank. A needed one that is absent is a problem."""
    keys = [header_key(h) for h in sheet.header(at)]
    places = {what: _place(keys, names) for what, names in wanted.items()}
    present = {what: i for what, i in places.items() if i is not None}
    frame = sheet.frame(at, list(present.values()))
    frame.columns = pd.Index(list(present))
    problems = [
        Problem(sheet.file, "is missing", "Export the tab with all of its columns", sheet.lines[at], needed[what])
        for what, i in places.items()
        if i is None and what in needed
    ]
    for what in wanted:
        if what not in frame:
            frame[what] = ""
    return frame, problems


def _place(keys: Sequence[str], names: Sequence[str]) -> int | None:
    return next((keys.index(n) for n in names if n in keys), None)


def _headers(sheet: Sheet, at: int, wanted: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Our name -> the header as the file writes it; empty where it has none."""
    headers = sheet.header(at)
    keys = [header_key(h) for h in headers]
    found = {what: _place(keys, names) for what, names in wanted.items()}
    return {what: headers[i] if i is not None else "" for what, i in found.items()}


def _left_out(raw: pd.DataFrame, file: str, notes: list[str]) -> pd.DataFrame:
    """The machines that run something; how many are left out, and why, goes into the notes."""
    reasons = {
        "templates": raw["template"].str.lower().eq("true"),
        "placeholders of Site Recovery Manager": raw["placeholder"].str.lower().eq("true"),
        "agents of vSphere itself (vCLS)": raw["name"].str.match(r"vCLS[-_ (]"),
        "machines that vCenter has lost (orphaned, inaccessible, invalid)": raw["state"].str.lower().isin(_UNRELIABLE),
    }
    out = pd.Series(False, index=raw.index)
    for what, rows in reasons.items():
        new = rows & ~out
        if new.any():
            notes.append(f"{file}: {int(new.sum())} {what} left out.")
        out |= new
    return raw[~out]


def _size(
    machines: pd.DataFrame,
    what: str,
    file: str,
    headers: Mapping[str, str],
    problems: list[Problem],
    filled: list[Filled],
) -> pd.Series:
    """vCPUs, or memory in MiB. A blank or 0 takes the median of the estate; text is a problem."""
    column = {"vcpus": "vcpus", "memory": "memory_gib"}[what]
    values, wrong = numbers(machines[what])
    remedy = "Write a number, or leave it blank for the median"
    problems += faults(file, headers[what], machines.loc[wrong, what], "is not a number", remedy)
    problems += faults(file, headers[what], machines.loc[values.lt(0), what], "is below 0", remedy)
    lacking = (values.isna() | values.eq(0)) & ~wrong
    if lacking.all():
        problems.append(
            Problem(file, "is blank in every row", "Export it with the estate connected", None, headers[what])
        )
        return values
    if not lacking.any():
        return values
    median = float(values[values.gt(0)].median())
    shown = f"{median:g}" if what == "vcpus" else f"{median / MIB_PER_GIB:g}"
    reason = "blank or 0 in the file: the median of the estate"
    filled += [Filled(file, "systems", column, shown, 1, reason, slug(n, "vm")) for n in machines.loc[lacking, "name"]]
    return values.mask(lacking, median)


def _storage(
    machines: pd.DataFrame,
    file: str,
    headers: Mapping[str, str],
    partitions: tuple[Sheet, int] | None,
    problems: list[Problem],
    filled: list[Filled],
    notes: list[str],
) -> pd.Series:
    """MiB: what the partitions hold; else what the datastore has in use; else what is provisioned; else the median."""
    found = pd.Series(np.nan, index=machines.index)
    sources: list[tuple[str, pd.Series, str]] = []
    if partitions is not None:
        held = _consumed(machines, *partitions, problems, notes)
        sources.append(("vPartition, consumed", held, "what the partitions hold"))
    for what, rule in (
        ("in_use", "no partitions listed: space in use on the datastore"),
        ("provisioned", "neither partitions nor use listed: space provisioned"),
    ):
        values, wrong = numbers(machines[what])
        remedy = "Write a number, or leave it blank"
        problems += faults(file, headers[what], machines.loc[wrong, what], "is not a number", remedy)
        sources.append((headers[what], values.where(values.gt(0)), rule))
    for source, values, rule in sources:
        new = found.isna() & values.notna()
        found = found.mask(new, values)
        if new.any():
            filled.append(Filled(file, "systems", "storage_gib", f"from {source}", int(new.sum()), rule))
    lacking = found.isna()
    if lacking.any():
        median = float(found.median()) if found.notna().any() else 100.0 * MIB_PER_GIB
        rule = "no storage listed: the median of the estate" if found.notna().any() else "no storage listed: 100 GiB"
        shown = f"{median / MIB_PER_GIB:g}"
        filled.append(Filled(file, "systems", "storage_gib", shown, int(lacking.sum()), rule))
        found = found.mask(lacking, median)
    return found


def _consumed(machines: pd.DataFrame, sheet: Sheet, at: int, problems: list[Problem], notes: list[str]) -> pd.Series:
    """MiB held by the partitions of each machine: by its id where both tabs have one, else by a name that is unique."""
    raw, _ = _columns(sheet, at, PARTITIONS, {})
    values, wrong = numbers(raw["consumed"])
    header = _headers(sheet, at, PARTITIONS)["consumed"]
    problems += faults(
        sheet.file, header, raw.loc[wrong, "consumed"], "is not a number", "Write a number, or leave it blank"
    )
    by_id = values.groupby(raw["uuid"].str.lower()).sum(min_count=1).drop("", errors="ignore")
    by_name = values.groupby(raw["name"].str.lower()).sum(min_count=1).drop("", errors="ignore")
    name = machines["name"].str.lower()
    held = machines["uuid"].str.lower().map(by_id).astype(float)
    single = ~name.duplicated(keep=False)
    held = held.fillna(name.where(single).map(by_name).astype(float))
    unclear = ~single & held.isna() & name.isin(by_name.index)
    if unclear.any():
        notes.append(
            f"{sheet.file}: {int(unclear.sum())} machines share a name and have no id, so their partitions cannot be "
            "told apart; their storage is what vInfo says."
        )
    return held.where(held.gt(0))


def _sites(machines: pd.DataFrame, file: str, filled: list[Filled]) -> tuple[pd.Series, pd.DataFrame]:
    """The site of each machine, and all sites: its Datacenter, for a cluster is no place that can be closed."""
    for what in ("datacenter", "cluster"):
        if machines[what].ne("").any():
            break
    else:
        what = ""
    place = machines[what].replace("", "unknown") if what else pd.Series("unknown", index=machines.index)
    site = slugs(place, "site")
    said = {
        "datacenter": "its Datacenter in vSphere: a cluster is no place that can be closed",
        "cluster": "its Cluster: the file names no Datacenter",
        "": "the file names neither Datacenter nor Cluster",
    }[what]
    filled += by_value(file, "systems", "site", site, said)
    names = pd.DataFrame({"site": site, "name": place}).drop_duplicates("site").sort_values("site")
    return site, names.reset_index(drop=True)


def _platform(machines: pd.DataFrame, file: str, filled: list[Filled]) -> pd.Series:
    """The operating system: what VMware Tools report where that is one we know, else what the configuration says."""
    tools, configured = machines["os_tools"], machines["os_file"]
    known = operating_systems.describe(tools)["known"]
    chosen = tools.where(known, configured.where(configured.ne(""), tools))
    other = int((~known & configured.ne("")).sum())
    if other:
        rule = "VMware Tools report no operating system that we know: as the configuration file says"
        filled.append(Filled(file, "systems", "platform", "from the configuration file", other, rule))
    blank = int(chosen.eq("").sum())
    if blank:
        filled.append(Filled(file, "systems", "platform", "", blank, "no operating system listed: treated as Linux"))
    return chosen


def _environment(machines: pd.DataFrame, file: str, filled: list[Filled]) -> pd.Series:
    """`powered_off`, or what the name says clearly, or blank."""
    name = machines["name"].str.lower()
    found = pd.Series("", index=machines.index, dtype=str)
    for environment, words in _WORDS.items():
        said = name.str.contains(
            rf"(?:^|[^a-z])(?:{words})(?:[^a-z]|$)|(?:{_ENDINGS[environment]})[^a-z]*$", regex=True
        )
        found = found.mask(said & found.eq(""), environment)
    guessed = found[found.ne("")]
    filled += by_value(file, "systems", "environment", guessed, "guessed from a word in the name, or at its end")
    off = machines["power"].str.lower().str.replace(" ", "").isin(["poweredoff", "off"])
    if off.any():
        rule = "Powerstate says so: kept, with its storage and licences only; may be retired"
        filled.append(Filled(file, "systems", "environment", POWERED_OFF, int(off.sum()), rule))
    return found.mask(off, POWERED_OFF)


def _note_systems(platform: pd.Series, known: pd.DataFrame, file: str, notes: list[str]) -> None:
    """Says which operating systems have no date, or a guessed one, and how many machines that concerns."""
    for name, count in operating_systems.unknown(platform).items():
        said = f'"{name}"' if name else "a blank operating system"
        notes.append(f"{file}: {said} is not an operating system we know; {count} machines have no end of support.")
    guessed = known[known["guess"]].groupby(platform)["end_of_support"].agg(["first", "size"])
    for name, row in guessed.iterrows():
        notes.append(
            f'{file}: "{name}" covers several versions; {int(row["size"])} machines are given the end of support '
            f"{row['first']:%Y-%m-%d}."
        )
