"""What a server costs to run today, when nobody has measured it: a planning model of its parts.

Used where an inventory carries no costs (on import) and for the made-up sample state, and always reported as assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd

from scenarios.operating_systems import describe
from scenarios.parameters import default_of

PARTS = ("hardware", "facility", "licences", "labour")
"""The parts of a run cost, in the order of the columns."""

POWERED_OFF = "powered_off"
"""The `environment` of a virtual machine that is switched off: it keeps its storage and licences, and little else."""

_SYSTEM_LICENCES: Mapping[str, float] = MappingProxyType(
    {
        "windows_server": 150.0,
        "windows_desktop": 60.0,
        "rhel": 110.0,
        "suse": 100.0,
        "oracle_linux": 90.0,
        "solaris": 260.0,
    }
)


@dataclass(frozen=True, slots=True)
class CostModel:
    """Run cost of one server and year, from its size, its operating system and what it is for.

    hardware = per vCPU + per GiB of memory + per GiB of storage; facility = per server + per vCPU;
    licences = per server + per vCPU, by operating system; labour = (hours per server + hours per vCPU) x rate.

    A typical Windows server in production (4 vCPU, 16 GiB, 200 GiB) comes to about $22,000: hardware 1,600, facility
    1,400, licences 3,600, labour 15,600. The State of Ohio Computer Center ran 2,700 servers for $108M in 2013
    (datacenterdynamics [O]), about $40,000 per server [D]; that holds its mainframe and all of its staff, so it is an
    upper bound, and the model aims at roughly half of it. Labour is the largest part because equipment alone cannot
    reach such figures: a whole host, shared by ten such servers, costs less in a year than an administrator in a
    month. All coefficients are planning assumptions [B]; replace them with your own rates.
    """

    hardware_per_vcpu: float = default_of("cost_model.hardware_per_vcpu")
    """USD/vCPU/year. A $19,000 host with 15 % maintenance a year, over five years, shared by 40 vCPUs [B]."""
    hardware_per_gib: float = default_of("cost_model.hardware_per_gib")
    """USD/GiB of memory/year. Server memory with its share of failover capacity over five years [B]."""
    storage_per_gib: float = default_of("cost_model.storage_per_gib")
    """USD/GiB/year. Array, replica and backup copy of one usable GiB [B]."""
    facility_per_server: float = default_of("cost_model.facility_per_server")
    """USD/server/year. Network ports, firewalls, racks, floor space and monitoring, whatever the size [B]."""
    facility_per_vcpu: float = default_of("cost_model.facility_per_vcpu")
    """USD/vCPU/year. Power and cooling of a half-empty data center (Ohio used under 10 %, LNW case [O]) [B]."""
    licences_per_server: float = default_of("cost_model.licences_per_server")
    """USD/server/year. Backup, security, monitoring and management agents [B]."""
    virtualisation_per_vcpu: float = default_of("cost_model.virtualisation_per_vcpu")
    """USD/vCPU/year. Hypervisor subscription at about four vCPUs to a core [B]."""
    middleware_per_vcpu: float = default_of("cost_model.middleware_per_vcpu")
    """USD/vCPU/year. Databases and application servers, averaged over servers with and without them [B]."""
    system_per_vcpu: Mapping[str, float] = field(default_factory=lambda: _SYSTEM_LICENCES)
    """USD/vCPU/year by family (`scenarios.operating_systems`); a family left out pays none [B]."""
    labour_hours_per_server: float = default_of("cost_model.labour_hours_per_server")
    """Hours/server/year. Patching, backup, security, accounts, audits: about 20 servers to an administrator [B]."""
    labour_hours_per_vcpu: float = default_of("cost_model.labour_hours_per_vcpu")
    """Hours/vCPU/year. Running the applications and databases; larger servers carry more of them [B]."""
    labour_rate: float = default_of("cost_model.labour_rate")
    """USD/hour. Salary with benefits and overhead of technical staff [B]."""
    labour_share_nonproduction: float = default_of("cost_model.labour_share_nonproduction")
    """Share of those hours that a test or development server takes [B]."""
    labour_share_desktop: float = default_of("cost_model.labour_share_desktop")
    """Share of those hours that a virtual desktop takes; it also carries no middleware [B]."""
    labour_share_off: float = default_of("cost_model.labour_share_off")
    """Share of those hours that a powered-off machine takes: it must still be accounted for [B]."""

    def __post_init__(self) -> None:
        """Refuses amounts below 0."""
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            numbers = value.values() if isinstance(value, Mapping) else [value]
            if any(not np.isfinite(n) or n < 0 for n in numbers):
                raise ValueError(f"{name} is {value}: write an amount of 0 or more.")

    def run_cost(self, servers: pd.DataFrame) -> pd.DataFrame:
        """Prices servers.

        Args:
            servers: `vcpus`, `memory_gib`, `storage_gib` (numbers of 0 or more); where given, `platform` (operating
                system), `kind` (`desktop` or anything else) and `environment` (`test`, `development`, `powered_off`
                or anything else).

        Returns:
            USD per unit and year: a frame with the index of `servers`, the columns `PARTS` and their sum
            `annual_run_cost`.

        Raises:
            ValueError: columns or sizes that are missing or below 0, with the rows.
        """
        sizes = _sizes(servers)
        vcpus, memory, storage = sizes["vcpus"], sizes["memory_gib"], sizes["storage_gib"]
        family = describe(_text(servers, "platform"))["family"]
        desktop = _text(servers, "kind").eq("desktop")
        environment = _text(servers, "environment")
        running = (~environment.eq(POWERED_OFF)).astype(float)
        share = pd.Series(1.0, index=servers.index)
        share = share.mask(environment.isin(["test", "development"]), self.labour_share_nonproduction)
        share = share.mask(desktop, self.labour_share_desktop).mask(running.eq(0), self.labour_share_off)
        system = family.map(dict(self.system_per_vcpu)).fillna(0.0).astype(float)
        middleware = self.middleware_per_vcpu * (~desktop).astype(float)
        parts = pd.DataFrame(
            {
                "hardware": running * (vcpus * self.hardware_per_vcpu + memory * self.hardware_per_gib)
                + storage * self.storage_per_gib,
                "facility": running * (self.facility_per_server + vcpus * self.facility_per_vcpu),
                "licences": running * (self.licences_per_server + vcpus * self.virtualisation_per_vcpu)
                + vcpus * (system + middleware),
                "labour": share
                * (self.labour_hours_per_server + vcpus * self.labour_hours_per_vcpu)
                * self.labour_rate,
            }
        )
        return parts.assign(annual_run_cost=parts.sum(axis=1))


def _text(servers: pd.DataFrame, column: str) -> pd.Series:
    if column not in servers:
        return pd.Series("", index=servers.index, dtype=str)
    return servers[column].fillna("").astype(str)


def _sizes(servers: pd.DataFrame) -> pd.DataFrame:
    needed = ["vcpus", "memory_gib", "storage_gib"]
    missing = [c for c in needed if c not in servers]
    if missing:
        raise ValueError(f"servers lack {', '.join(missing)}: run cost needs {', '.join(needed)}.")
    sizes: pd.DataFrame = servers[needed].apply(pd.to_numeric, errors="coerce").astype(float)
    wrong = ~(sizes.ge(0) & sizes.lt(np.inf)).all(axis=1)
    if wrong.any():
        names = ", ".join([str(i) for i in servers.index[wrong][:5]] + ["..."] * (int(wrong.sum()) > 5))
        raise ValueError(
            f"{int(wrong.sum())} of {len(servers)} servers have no usable size ({names}). "
            "Fill vcpus, memory_gib and storage_gib with numbers of 0 or more."
        )
    return sizes
