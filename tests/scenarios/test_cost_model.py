"""The cost model: parts that add up, in the range that it claims, and what makes a server dearer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from scenarios import operating_systems
from scenarios.cost_model import PARTS, CostModel

WINDOWS = "Microsoft Windows Server 2012 (64-bit)"


def server(**changes: object) -> pd.DataFrame:
    facts = {"vcpus": 4, "memory_gib": 16, "storage_gib": 200, "platform": WINDOWS, "kind": "server", "environment": ""}
    return pd.DataFrame([{**facts, **changes}])


def cost(model: CostModel | None = None, **changes: object) -> float:
    return float((model or CostModel()).run_cost(server(**changes))["annual_run_cost"].iloc[0])


def test_a_typical_windows_server_costs_15_to_35_thousand() -> None:
    parts = CostModel().run_cost(server()).iloc[0]
    assert 15_000 <= parts["annual_run_cost"] <= 35_000
    assert parts["annual_run_cost"] < 108e6 / 2_700
    assert parts[list(PARTS)].sum() == pytest.approx(parts["annual_run_cost"])
    assert parts[list(PARTS)].to_dict() == pytest.approx(
        {"hardware": 1_576, "facility": 1_380, "licences": 3_600, "labour": 15_640}
    )


def test_the_docstring_tells_the_same_figure() -> None:
    assert f"about ${round(cost(), -3):,.0f}" in (CostModel.__doc__ or "")


def test_cost_follows_size_system_and_use() -> None:
    assert cost(vcpus=8) > cost() > cost(vcpus=2)
    assert cost(memory_gib=64) > cost()
    assert cost(storage_gib=2_000) > cost()
    assert cost(platform="Ubuntu Linux 20.04") < cost()
    assert cost(environment="test") < cost()
    assert cost(kind="desktop", platform="Windows 10") < cost(environment="test")
    assert cost(environment="powered_off") < 0.25 * cost()


def test_a_powered_off_machine_keeps_storage_and_licences() -> None:
    parts = CostModel().run_cost(server(environment="powered_off")).iloc[0]
    assert parts["facility"] == 0
    assert parts["hardware"] == pytest.approx(480)
    assert parts["licences"] > 0


def test_optional_columns_may_be_absent() -> None:
    bare = server()[["vcpus", "memory_gib", "storage_gib"]]
    assert CostModel().run_cost(bare)["annual_run_cost"].gt(0).all()


def test_coefficients_can_be_changed_one_by_one() -> None:
    assert cost(CostModel(labour_rate=184.0)) - cost() == pytest.approx(15_640)
    with pytest.raises(ValueError, match=r"labour_rate is -1: write an amount of 0 or more\."):
        CostModel(labour_rate=-1)


def test_missing_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="servers lack memory_gib: run cost needs vcpus, memory_gib, storage_gib"):
        CostModel().run_cost(server().drop(columns="memory_gib"))
    with pytest.raises(ValueError, match=r"1 of 1 servers have no usable size \(0\)\."):
        CostModel().run_cost(server(vcpus=np.nan))


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("Microsoft Windows Server 2003 Standard (32-bit)", "2015-07-14"),
        ("Microsoft Windows Server 2008 R2 (64-bit)", "2020-01-14"),
        ("MICROSOFT WINDOWS SERVER 2012 R2 (64-BIT)", "2023-10-10"),
        ("Microsoft Windows Server 2016 or later (64-bit)", "2027-01-12"),
        ("Microsoft Windows Server 2019 (64-bit)", "2029-01-09"),
        ("Microsoft Windows Server 2022 (64-bit)", "2031-10-14"),
        ("Microsoft Windows 7 (64-bit)", "2020-01-14"),
        ("Microsoft Windows 10 (64-bit)", "2025-10-14"),
        ("Red Hat Enterprise Linux 6 (64-bit)", "2020-11-30"),
        ("Red Hat Enterprise Linux 8.4 (Ootpa)", "2029-05-31"),
        ("CentOS 4/5/6/7 (64-bit)", "2024-06-30"),
        ("SUSE Linux Enterprise 11 (64-bit)", "2019-03-31"),
        ("Ubuntu 20.04.6 LTS", "2025-05-31"),
        ("Debian GNU/Linux 10 (64-bit)", "2024-06-30"),
        ("Oracle Linux 8 (64-bit)", "2029-07-31"),
        ("FreeBSD 12 (64-bit)", "2023-12-31"),
        ("Oracle Solaris 10 (64-bit)", "2027-01-31"),
        ("Other 3.x or later Linux (64-bit)", None),
        ("Ubuntu Linux (64-bit)", None),
        ("Debian GNU/Linux (64-bit)", None),
        ("Red Hat Enterprise Linux (32-bit)", None),
        ("", None),
    ],
)
def test_end_of_support(name: str, ends: str | None) -> None:
    found = operating_systems.end_of_support(pd.Series([name])).iloc[0]
    assert found is pd.NaT if ends is None else found == pd.Timestamp(ends)


def test_support_is_looked_up_for_every_row_and_unknown_ones_are_counted() -> None:
    names = pd.Series([WINDOWS, "BeOS", WINDOWS, "BeOS", None], index=list("edcba"))
    facts = operating_systems.describe(names)
    assert list(facts.index) == list("edcba")
    assert facts["end_of_support"].dtype == "datetime64[us]"
    assert list(facts["known"]) == [True, False, True, False, False]
    assert operating_systems.unknown(names).to_dict() == {"BeOS": 2, "": 1}
    assert list(operating_systems.cloud_system(names)) == ["windows", "linux", "windows", "linux", "linux"]
