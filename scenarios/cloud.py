"""What a server would cost in a public cloud: the price list that ships with Apache Libcloud, made fit for planning.

Libcloud's file lists one price per instance and region, scraped from the AWS price list. Two things are
put right before anyone plans with it:

- 0.0 means that the price is missing; such an entry is left out.
- Some entries are the price of *dedicated* tenancy (up to 10 % more), and some entries of the Windows list are the
  licence alone or the price without one. Sizes of one family are priced in proportion to each other, so the lowest
  rate of a family is its shared rate; and a licence costs the same per vCPU everywhere, so the usual difference
  between the two lists is the licence.

Only x86-64 instances of the current generation and of the general, compute and memory families are offered: no GPU, no
bare metal, no ARM (a legacy server cannot be moved there unchanged).
"""

from __future__ import annotations

import difflib
import math
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

HOURS_PER_YEAR = 8_760
"""365 days of 24 hours: what an instance that is always on is billed for."""

SYSTEMS = ("linux", "windows", "rhel", "suse")
"""Operating systems whose licence the catalogue prices."""

_FAMILIES = ("General purpose", "Compute optimized", "Memory optimized")
_BURSTABLE = r"^t\d|-flex"
_UNUSUAL = r"^hpc|metal"

FIT_COLUMNS = ("instance", "vcpus", "memory_gib", "compute_usd", "licence_usd", "storage_usd", "usd_per_year", "fits")
"""The columns of `cheapest_fit`."""


class UnknownRegion(ValueError):
    """A region, or an operating system, that the catalogue has no prices for."""


def price_list_date() -> pd.Timestamp:
    """The day on which the installed price list was made."""
    import json
    from pathlib import Path

    from libcloud.pricing import get_pricing_file_path

    stamp = json.loads(Path(get_pricing_file_path()).read_text(encoding="utf-8"))["updated"]
    return pd.Timestamp(stamp, unit="s").normalize()


def regions() -> tuple[str, ...]:
    """Every region with prices, sorted: `us-gov-west-1` and `us-gov-east-1` are AWS GovCloud."""
    return tuple(sorted(_linux_prices().columns))


def catalogue(region: str, os: str = "linux", *, burstable: bool = False) -> pd.DataFrame:
    """The instances that can be rented in a region.

    Args:
        region: one of `regions()`.
        os: one of `SYSTEMS`.
        burstable: whether to offer instances that may not use their processors all the time (`t3`, `m7i-flex`).

    Returns:
        A frame indexed by `instance`, cheapest first: `vcpus` (hyper-threads), `memory_gib`,
        `usd_per_hour` = `compute_usd_per_hour` + `licence_usd_per_hour` (on demand, shared tenancy).

    Raises:
        UnknownRegion: no prices for that region or operating system; names the nearest and all.
    """
    return _catalogue(
        _known(region, regions(), "a region"), _known(os, SYSTEMS, "an operating system"), burstable
    ).copy()


def cheapest_fit(
    vcpus: pd.Series,
    memory_gib: pd.Series,
    region: str,
    headroom: float = 0.0,
    commitment_discount: float = 0.0,
    *,
    os: str | pd.Series = "linux",
    storage_gib: float | pd.Series = 0.0,
    storage_usd_per_gib_month: float = 0.0,
    burstable: bool = False,
) -> pd.DataFrame:
    """The cheapest instance for each server that has room for it.

    An instance has room when its vCPUs and its memory are each at least need x (1 + headroom). A server larger than
    any instance gets the one that covers most of it, and `fits` is False.

    Args:
        vcpus: vCPUs in use today, one per server.
        memory_gib: memory in use today, GiB, same index.
        region: one of `regions()`.
        headroom: share added to the need; negative for right-sizing (-0.3 asks for 70 % of today).
        commitment_discount: share off the compute price for a one- or three-year commitment. Licences and storage are
            not discounted.
        os: one of `SYSTEMS` for all, or one per server.
        storage_gib: provisioned storage, GiB.
        storage_usd_per_gib_month: price of block storage, USD per GiB and month.
        burstable: see `catalogue`.

    Returns:
        A frame with the servers' index and `FIT_COLUMNS`; the money is USD per year of 8,760 hours,
        `usd_per_year` the sum of its three parts.

    Raises:
        UnknownRegion: no prices for that region or operating system.
        ValueError: a need that is missing, below 0 or endless; a headroom of -1 or less; a discount outside 0..1.
    """
    if not -1 < headroom < math.inf:
        raise ValueError(f"headroom is {headroom:g}: write a share above -1, such as 0.2 for 20 % more than today.")
    if not 0 <= commitment_discount <= 1:
        raise ValueError(f"commitment_discount is {commitment_discount:g}: write a share from 0 to 1, such as 0.28.")
    servers = pd.DataFrame({"vcpus": vcpus, "memory": memory_gib, "storage": storage_gib, "os": os}, index=vcpus.index)
    _refuse_gaps(servers)
    servers["os"] = servers["os"].astype(str)
    for system in servers["os"].unique():
        _known(str(system), SYSTEMS, "an operating system")
    needs = servers[["os", "vcpus", "memory"]].drop_duplicates().reset_index(drop=True)
    fits = [
        _fit(part, catalogue(region, str(system), burstable=burstable), headroom, commitment_discount)
        for system, part in needs.groupby("os", sort=False)
    ]
    chosen = pd.concat(fits) if fits else pd.DataFrame(columns=["instance", *FIT_COLUMNS[1:5], "fits"])
    found = servers.reset_index(drop=True).merge(
        needs.join(chosen.rename(columns={"vcpus": "has_vcpus"})), on=["os", "vcpus", "memory"], how="left"
    )
    found["storage_usd"] = found["storage"] * storage_usd_per_gib_month * 12
    found["usd_per_year"] = found["compute_usd"] + found["licence_usd"] + found["storage_usd"]
    found = found.drop(columns="vcpus").rename(columns={"has_vcpus": "vcpus"})
    return found[list(FIT_COLUMNS)].set_axis(vcpus.index).astype({"fits": bool})


def _fit(needs: pd.DataFrame, offers: pd.DataFrame, headroom: float, discount: float) -> pd.DataFrame:
    """For each distinct need the cheapest instance, by a matrix of needs x offers."""
    price = (offers["compute_usd_per_hour"] * (1 - discount) + offers["licence_usd_per_hour"]).to_numpy(dtype=float)
    offers, price = offers.iloc[np.argsort(price, kind="stable")], np.sort(price, kind="stable")
    tolerance = 1e-9
    cover = np.minimum(
        _ratio(offers["vcpus"], needs["vcpus"] * (1 + headroom)),
        _ratio(offers["memory_gib"], needs["memory"] * (1 + headroom)),
    )
    enough = cover >= 1 - tolerance
    fits = enough.any(axis=1)
    pick = np.where(fits, enough.argmax(axis=1), cover.argmax(axis=1))
    chosen = offers.iloc[pick].reset_index()
    return pd.DataFrame(
        {
            "instance": chosen["instance"].to_numpy(),
            "vcpus": chosen["vcpus"].to_numpy(),
            "memory_gib": chosen["memory_gib"].to_numpy(),
            "compute_usd": chosen["compute_usd_per_hour"].to_numpy() * (1 - discount) * HOURS_PER_YEAR,
            "licence_usd": chosen["licence_usd_per_hour"].to_numpy() * HOURS_PER_YEAR,
            "fits": fits,
        },
        index=needs.index,
    )


def _ratio(has: pd.Series, need: pd.Series) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        ratio: npt.NDArray[np.float64] = has.to_numpy(dtype=float)[None, :] / need.to_numpy(dtype=float)[:, None]
    return ratio


def _refuse_gaps(servers: pd.DataFrame) -> None:
    needs = servers[["vcpus", "memory", "storage"]].apply(pd.to_numeric, errors="coerce").astype(float)
    wrong = ~(np.isfinite(needs) & needs.ge(0)).all(axis=1)
    if wrong.any():
        names = ", ".join([str(i) for i in servers.index[wrong][:5]] + ["..."] * (int(wrong.sum()) > 5))
        raise ValueError(
            f"{int(wrong.sum())} of {len(servers)} servers have no usable size ({names}). "
            "Fill vcpus, memory_gib and storage_gib with numbers of 0 or more."
        )


def _known(name: str, known: tuple[str, ...], what: str) -> str:
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    raise UnknownRegion(
        f'"{name}" is not {what} of the price list. The nearest is {near[0]}. Write one of: {", ".join(known)}.'
    )


@cache
def _catalogue(region: str, os: str, burstable: bool) -> pd.DataFrame:
    sizes = _sizes()
    compute = _linux_prices()[region].dropna()
    found = sizes.loc[compute.index, ["vcpus", "memory_gib"]].assign(compute_usd_per_hour=compute)
    if not burstable:
        found = found[~found.index.str.contains(_BURSTABLE)]
    found["licence_usd_per_hour"] = _licences(os).reindex(found.index)
    found = found.dropna()
    found["usd_per_hour"] = found["compute_usd_per_hour"] + found["licence_usd_per_hour"]
    return found.sort_values(["usd_per_hour", "vcpus", "memory_gib"], kind="stable").rename_axis("instance")


@cache
def _sizes() -> pd.DataFrame:
    """Every instance that may be offered: `vcpus`, `memory_gib`, `family`, `scale` (its size within the family)."""
    from libcloud.compute.constants.ec2_instance_types import INSTANCE_TYPES

    rows = [
        (
            name,
            float(entry["extra"]["vcpu"]),
            entry["ram"] / 1024,
            name.partition(".")[0],
            pd.to_numeric(entry["extra"].get("normalizationSizeFactor"), errors="coerce"),
        )
        for name, entry in INSTANCE_TYPES.items()
        if _offered(entry["extra"])
    ]
    found = pd.DataFrame(rows, columns=["instance", "vcpus", "memory_gib", "family", "scale"]).set_index("instance")
    return found[~found.index.str.contains(_UNUSUAL)]


def _offered(facts: dict[str, Any]) -> bool:
    maker = str(facts.get("physicalProcessor", ""))
    return (
        facts.get("instanceFamily") in _FAMILIES
        and facts.get("currentGeneration") == "Yes"
        and "64-bit" in str(facts.get("processorArchitecture"))
        and ("Intel" in maker or "AMD" in maker)
    )


@cache
def _listed(os: str) -> pd.DataFrame:
    """The list as it is, instances x regions, USD per hour; missing is NaN."""
    from libcloud.pricing import get_pricing

    prices = get_pricing("compute", f"ec2_{os}")
    sizes = _sizes().index
    frame = pd.DataFrame.from_dict({i: prices[i] for i in sizes if i in prices}, orient="index", dtype=float)
    return frame.where(frame > 0).reindex(index=sizes)


@cache
def _linux_prices() -> pd.DataFrame:
    """USD per hour of the machine alone, instances x regions: no size above the lowest rate of its family."""
    listed, sizes = _listed("linux"), _sizes()
    rate = listed.div(sizes["scale"], axis=0).groupby(sizes["family"]).transform("min")
    fair = rate.mul(sizes["scale"], axis=0)
    return listed.where(~(listed > fair), fair).dropna(axis=1, how="all")


@cache
def _licences(os: str) -> pd.Series:
    """USD per hour that an operating system adds to each instance: the median difference of the lists, by vCPUs."""
    sizes = _sizes()
    if os == "linux":
        return pd.Series(0.0, index=sizes.index)
    listed = _listed(os)
    extra = (listed - _linux_prices().reindex(columns=listed.columns)).div(sizes["vcpus"], axis=0)
    extra = extra.where(extra > 1e-6)
    long = extra.melt(value_name="usd", ignore_index=False)[["usd"]].dropna().join(sizes["vcpus"])
    usual = long.groupby("vcpus")["usd"].median()
    return (sizes["vcpus"].map(usual).fillna(long["usd"].median()) * sizes["vcpus"]).rename("licence")
