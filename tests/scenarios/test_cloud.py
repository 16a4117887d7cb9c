"""The price list: what is offered, at what price, and the cheapest instance that fits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from scenarios import cloud

GOV = "us-gov-west-1"


def one(vcpus: float, memory: float, **options: object) -> pd.Series:
    frame = cloud.cheapest_fit(pd.Series([vcpus]), pd.Series([memory]), GOV, **options)  # type: ignore[arg-type]
    return frame.iloc[0]


@pytest.mark.parametrize("region", ["us-gov-west-1", "us-gov-east-1", "us-east-1", "us-east-2"])
@pytest.mark.parametrize("os", cloud.SYSTEMS)
def test_every_instance_has_a_size_and_a_price(region: str, os: str) -> None:
    offers = cloud.catalogue(region, os)
    assert len(offers) > 100
    assert (offers[["vcpus", "memory_gib", "compute_usd_per_hour"]] > 0).all(axis=None)
    assert offers["usd_per_hour"].is_monotonic_increasing
    assert offers.index.is_unique


def test_no_gpu_no_metal_no_arm_and_no_burstable_unless_asked_for() -> None:
    names = cloud.catalogue(GOV).index
    assert not names.str.contains(r"metal|flex|^[gpt]\d|^inf|^trn|^hpc|\dg[d-n]?\.").any()
    assert cloud.catalogue(GOV, burstable=True).index.str.startswith("t3.").any()


def test_sizes_of_a_family_are_priced_in_proportion() -> None:
    offers = cloud.catalogue("us-east-2")
    m5 = offers[offers.index.str.startswith("m5.")]
    rate = m5["compute_usd_per_hour"] / m5["vcpus"]
    assert rate.max() == pytest.approx(rate.min(), rel=1e-6)
    assert offers.loc["m5.xlarge", "compute_usd_per_hour"] == pytest.approx(0.192)


def test_windows_costs_its_licence_on_top() -> None:
    linux, windows = cloud.catalogue(GOV), cloud.catalogue(GOV, "windows")
    both = linux.assign(usd_per_hour_windows=windows["usd_per_hour"]).dropna()
    extra = (both["usd_per_hour_windows"] - both["usd_per_hour"]) / both["vcpus"]
    assert extra.min() == pytest.approx(0.046, abs=1e-4)
    assert extra.max() == pytest.approx(0.046, abs=1e-4)
    listed = cloud._listed("windows")[GOV].reindex(both.index)
    plausible = listed.gt(both["usd_per_hour"] * 1.05) & listed.lt(both["usd_per_hour_windows"] * 1.05)
    assert plausible.sum() > 50
    assert (listed / both["usd_per_hour_windows"])[plausible].median() == pytest.approx(1.0, abs=0.01)


def test_the_cheapest_that_fits_is_what_a_plain_loop_finds() -> None:
    rng = np.random.default_rng(3)
    servers = pd.DataFrame({"v": rng.integers(1, 40, 60), "m": rng.uniform(0.5, 300, 60)})
    found = cloud.cheapest_fit(servers["v"], servers["m"], GOV, 0.15, 0.3, os="windows")
    offers = cloud.catalogue(GOV, "windows")
    price = offers["compute_usd_per_hour"] * 0.7 + offers["licence_usd_per_hour"]
    for i, server in servers.iterrows():
        room = (offers["vcpus"] >= server["v"] * 1.15) & (offers["memory_gib"] >= server["m"] * 1.15)
        assert found.loc[i, "usd_per_year"] == pytest.approx(price[room].min() * 8_760)  # type: ignore[index]
        assert found.loc[i, "fits"]  # type: ignore[index]


def test_headroom_may_be_negative_and_the_discount_spares_licences() -> None:
    today, smaller = one(8, 32), one(8, 32, headroom=-0.5)
    assert smaller["vcpus"] == 4
    assert smaller["usd_per_year"] < today["usd_per_year"]
    committed = one(8, 32, os="windows", commitment_discount=1.0)
    assert committed["compute_usd"] == 0
    assert committed["usd_per_year"] == pytest.approx(8 * 0.046 * 8_760, rel=1e-3)


def test_storage_is_added_by_the_month() -> None:
    found = one(2, 4, storage_gib=100.0, storage_usd_per_gib_month=0.1)
    assert found["storage_usd"] == pytest.approx(120.0)
    assert found["usd_per_year"] == pytest.approx(found["compute_usd"] + 120.0)


def test_a_server_larger_than_any_instance_gets_the_largest_and_says_so() -> None:
    found = one(5_000, 16)
    assert not found["fits"]
    assert found["vcpus"] == cloud.catalogue(GOV)["vcpus"].max()


def test_index_and_order_are_the_servers() -> None:
    index = pd.Index(["b", "a", "c"])
    os = pd.Series(["linux", "windows", "linux"], index)
    found = cloud.cheapest_fit(pd.Series([2, 96, 2], index), pd.Series([4, 8, 4], index), GOV, os=os)
    assert list(found.index) == ["b", "a", "c"]
    assert list(found.columns) == list(cloud.FIT_COLUMNS)
    assert found["instance"].iloc[0] == found["instance"].iloc[2] != found["instance"].iloc[1]
    assert cloud.cheapest_fit(pd.Series(dtype=float), pd.Series(dtype=float), GOV).empty


def test_an_unknown_region_names_the_nearest() -> None:
    with pytest.raises(cloud.UnknownRegion) as caught:
        cloud.catalogue("us-gov-west")
    assert str(caught.value).startswith(
        '"us-gov-west" is not a region of the price list. The nearest is us-gov-west-1. Write one of: af-south-1, '
    )
    with pytest.raises(
        cloud.UnknownRegion, match=r'"wndows" is not an operating system of the price list\. The nearest'
    ):
        cloud.catalogue(GOV, "wndows")


@pytest.mark.parametrize("wrong", [np.nan, -1.0, np.inf])
def test_a_size_that_is_missing_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match=r"1 of 2 servers have no usable size \(1\)\. Fill vcpus"):
        cloud.cheapest_fit(pd.Series([2.0, wrong]), pd.Series([4.0, 4.0]), GOV)


def test_headroom_and_discount_have_limits() -> None:
    with pytest.raises(ValueError, match="headroom is -1: write a share above -1"):
        one(2, 4, headroom=-1)
    with pytest.raises(ValueError, match=r"commitment_discount is 1\.5: write a share from 0 to 1"):
        one(2, 4, commitment_discount=1.5)


def test_the_price_list_has_a_date() -> None:
    assert cloud.price_list_date() > pd.Timestamp("2023-01-01")
