"""RVTools exports: releases that name columns differently, what is left out, and what is assumed."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter

from scenarios.intake import Imported, IntakeError, import_files, sniff

Table = tuple[list[str], list[list[Any]]]
"""Column names and rows."""

TODAY = datetime.date(2026, 2, 1)
WINDOWS = "Microsoft Windows Server 2012 (64-bit)"
LINUX = "Red Hat Enterprise Linux 8 (64-bit)"

OLD: Table = (
    [
        "VM",
        "Powerstate",
        "Template",
        "CPUs",
        "Memory",
        "Provisioned MB",
        "In Use MB",
        "Datacenter",
        "Cluster",
        "OS according to the configuration file",
    ],
    [
        ["web-prod-1", "poweredOn", "False", "4", "16384", "204800", "102400", "North", "C1", WINDOWS],
        ["web-test-1", "poweredOn", "False", "2", "8,192", "102400", "51200", "North", "C1", WINDOWS],
        ["gold", "poweredOff", "True", "2", "4096", "51200", "10240", "North", "C1", WINDOWS],
        ["attic", "poweredOff", "False", "2", "4096", "51200", "20480", "South", "C2", LINUX],
    ],
)
"""As releases before 3.8 wrote it: MB, no ids, no placeholders."""

MIDDLE: Table = (
    [
        "VM",
        "Powerstate",
        "Template",
        "SRM Placeholder",
        "Connection state",
        "CPUs",
        "Memory",
        "Provisioned MiB",
        "In use MiB",
        "Datacenter",
        "OS according to the configuration file",
        "OS according to the VMware Tools",
        "VM ID",
        "VM UUID",
    ],
    [
        [
            "db",
            "poweredOn",
            "False",
            "False",
            "connected",
            4,
            16384.0,
            204800,
            102400,
            "North",
            LINUX,
            WINDOWS,
            "vm-1",
            "aa",
        ],
        ["db", "poweredOn", "False", "False", "connected", 8, 32768.0, 204800, 51200, "North", LINUX, "", "vm-2", "bb"],
        ["stub", "poweredOff", "False", "True", "connected", 1, 1024, 1024, 512, "North", LINUX, "", "vm-3", "cc"],
        ["vCLS-0a1b", "poweredOn", "False", "False", "connected", 1, 128, 2048, 512, "North", LINUX, "", "vm-4", "dd"],
        ["lost", "poweredOn", "False", "False", "orphaned", "", "", "", "", "North", "", "", "vm-5", "ee"],
    ],
)
"""As releases 4.0 to 4.3 wrote it: MiB with a small `use`, ids, numbers as numbers."""

NEW: Table = (
    [
        "Owner tag",
        "vm",
        "POWERSTATE",
        "Template",
        "SRM Placeholder",
        "CPUs",
        "Memory",
        "Total disk capacity MiB",
        "In Use MiB",
        "Cluster",
        "OS according to the configuration file",
        "OS according to the VMware Tools",
        "VM UUID",
    ],
    [
        [
            "x",
            "app.dev.local",
            "poweredOn",
            "False",
            "False",
            "2",
            "4096",
            "40960",
            "",
            "Edge",
            LINUX,
            "Windows 11",
            "aa",
        ],
        ["y", "contest", "poweredOn", "False", "False", "2", "4096", "", "", "Edge", "Plan 9", "", "bb"],
    ],
)
"""As later releases write it: custom attributes, other letters' case, no Datacenter."""


def write_csv(path: Path, table: Table) -> Path:
    pd.DataFrame(table[1], columns=table[0]).to_csv(path, index=False)
    return path


def write_xlsx(path: Path, **tabs: Table) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        for name, table in tabs.items():
            sheet = book.add_worksheet(name)
            header, rows = table
            for i, row in enumerate([header, *rows]):
                sheet.write_row(i, 0, row)
    return path


def read(*paths: Path) -> Imported:
    return import_files(paths, today=TODAY)


def assumed(study: Imported, column: str) -> dict[str, int]:
    rows = study.assumed[study.assumed["column"].eq(column) & study.assumed["table"].eq("systems")]
    return {str(v): int(n) for v, n in zip(rows["value"], rows["rows"], strict=True)}


def test_an_old_release(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "whatever.csv", OLD)
    assert sniff(file) == "rvtools"
    study = read(file)
    systems = study.tables["systems"].set_index("system")
    assert list(systems.index) == ["web_prod_1", "web_test_1", "attic"]
    assert list(systems["name"]) == ["web-prod-1", "web-test-1", "attic"]
    assert list(systems["memory_gib"]) == [16, 8, 4]
    assert list(systems["storage_gib"]) == [100, 50, 20]
    assert list(systems["site"]) == ["north", "north", "south"]
    assert list(systems["environment"]) == ["production", "test", "powered_off"]
    assert list(systems["strategies"].str.contains("retire")) == [False, False, True]
    assert list(systems["criticality"]) == [3, 2, 1]
    assert list(systems["units"]) == [1, 1, 1]
    assert systems.loc["web_prod_1", "end_of_support"] == pd.Timestamp("2023-10-10")
    assert systems["annual_run_cost"].gt(0).all()
    assert "whatever.csv: 1 templates left out." in study.warnings
    assert assumed(study, "storage_gib") == {"from In Use MB": 3}


def test_a_middle_release_with_partitions_and_shared_names(tmp_path: Path) -> None:
    headers = ["VM", "Template", "Disk", "Capacity MiB", "Consumed MiB", "VM ID", "VM UUID"]
    held: list[list[Any]] = [
        ["db", "False", "C:\\", 100, 10240, "vm-1", "AA"],
        ["db", "False", "D:\\", 100, 20480, "vm-1", "AA"],
        ["db", "False", "/", 100, 5120, "vm-2", "BB"],
    ]
    file = write_xlsx(
        tmp_path / "estate.xlsx", vInfo=MIDDLE, vPartition=(headers, held), vHost=(["Host", "Datacenter"], [])
    )
    assert sniff(file) == "rvtools"
    study = read(file)
    systems = study.tables["systems"].set_index("system")
    assert list(systems.index) == ["db", "db_2"]
    assert list(systems["storage_gib"]) == [30, 5]
    assert list(systems["platform"]) == [WINDOWS, LINUX]
    assert list(study.warnings) == [
        "estate.xlsx[vInfo]: 1 placeholders of Site Recovery Manager left out.",
        "estate.xlsx[vInfo]: 1 agents of vSphere itself (vCLS) left out.",
        "estate.xlsx[vInfo]: 1 machines that vCenter has lost (orphaned, inaccessible, invalid) left out.",
    ]


def test_a_new_release_without_datacenter(tmp_path: Path) -> None:
    study = read(write_csv(tmp_path / "RVTools_tabvInfo.csv", NEW))
    systems = study.tables["systems"].set_index("system")
    assert list(systems["kind"]) == ["desktop", "server"]
    assert list(systems["environment"]) == ["development", ""]
    assert list(systems["site"]) == ["edge", "edge"]
    assert list(systems["storage_gib"]) == [40, 40]
    assert systems["end_of_support"].isna().tolist() == [True, True]
    assert assumed(study, "site") == {"edge": 2}
    assert assumed(study, "storage_gib") == {"from Total disk capacity MiB": 1, "40": 1}
    assert any('"Plan 9" is not an operating system we know; 1 machines have no' in w for w in study.warnings)


def test_csv_tabs_of_one_export_belong_together(tmp_path: Path) -> None:
    write_csv(tmp_path / "RVTools_tabvInfo.csv", OLD)
    write_csv(
        tmp_path / "RVTools_tabvPartition.csv",
        (
            ["VM", "Disk", "Capacity MB", "Consumed MB"],
            [["web-prod-1", "C:\\", 5, 3072], ["web-prod-1", "D:\\", 5, 1024]],
        ),
    )
    assert sniff(tmp_path) == "rvtools"
    study = read(tmp_path)
    assert study.tables["systems"]["storage_gib"].tolist() == [4, 50, 20]
    assert assumed(study, "storage_gib") == {"from vPartition, consumed": 1, "from In Use MB": 2}


def test_machines_that_share_a_name_and_have_no_id(tmp_path: Path) -> None:
    header, rows = OLD
    twins: Table = (header, [rows[0], rows[0]])
    partitions: Table = (["VM", "Disk", "Consumed MB"], [["web-prod-1", "C:\\", 3072]])
    study = read(write_xlsx(tmp_path / "e.xlsx", vInfo=twins, vPartition=partitions))
    assert study.tables["systems"]["system"].tolist() == ["web_prod_1", "web_prod_1_2"]
    assert study.tables["systems"]["storage_gib"].tolist() == [100, 100]
    assert any("2 machines share a name and have no id" in w for w in study.warnings)


def test_a_blank_size_takes_the_median_and_is_named(tmp_path: Path) -> None:
    header, rows = OLD
    blank = [*rows[:2], [*rows[1]], ["odd", "poweredOn", "False", "", "0", "", "", "North", "C1", ""]]
    study = read(write_csv(tmp_path / "e.csv", (header, blank)))
    odd = study.tables["systems"].set_index("system").loc["odd"]
    assert (odd["vcpus"], odd["memory_gib"], odd["storage_gib"]) == (2, 8, 50)
    named = study.assumed[study.assumed["row"].eq("odd")]
    assert named[["column", "value", "rows"]].to_numpy().tolist() == [["vcpus", "2", 1], ["memory_gib", "8", 1]]


def test_two_exports_make_one_estate(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    first = write_xlsx(tmp_path / "a" / "one.xlsx", vInfo=OLD)
    header, rows = OLD
    second = write_xlsx(tmp_path / "two.xlsx", vInfo=(header, rows[:1]))
    study = read(first, second)
    assert study.tables["systems"]["system"].tolist() == ["web_prod_1", "web_test_1", "attic", "web_prod_1_2"]
    assert study.tables["sites"]["site"].tolist() == ["north", "south"]
    assert "two.xlsx[vInfo]: the sites north are also in another file and taken for the same." in study.warnings


def test_without_a_ledger_everything_is_assumed(tmp_path: Path) -> None:
    study = read(write_csv(tmp_path / "e.csv", OLD))
    systems, money = study.tables["systems"], study.tables["appropriations"]
    assert study.settings["as_of"] == datetime.date(2026, 7, 1)
    assert study.settings["base_year"] == 2027
    assert set(systems["agency"]) == {"statewide"}
    assert set(systems["fund"]) == {"general"}
    assert study.tables["spending"].empty
    assert money["fiscal_year"].tolist() == [2027, 2028, 2029, 2030, 2031]
    assert money["amount"].iloc[0] == pytest.approx(systems["annual_run_cost"].sum() * 1.1, abs=0.01)
    assert set(money["status"]) == {"forecast"}
    hours = study.tables["capacity"].set_index(["skill", "fiscal_year"])["hours"]
    assert hours["migration", 2027] == round(3 * 40 / 3)
    said = study.assumed[study.assumed["table"].ne("study")]
    filled = {
        "agency",
        "fund",
        "annual_run_cost",
        "risk",
        "kind",
        "strategies",
        "criticality",
        "end_of_support",
        "site",
    }
    assert filled <= set(said.loc[said["table"].eq("systems"), "column"])
    assert "systems.annual_run_cost" in study.sources


def test_assumptions_can_be_set(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "e.csv", OLD)
    given: dict[str, float | str] = {
        "agency": "health",
        "fund": "federal:0.75|general:0.25",
        "cost_model.labour_rate": 0.0,
        "horizon": 2,
    }
    study = import_files([file], as_of=datetime.date(2024, 1, 15), assumptions=given)
    assert set(study.tables["systems"]["agency"]) == {"health"}
    assert set(study.tables["appropriations"]["fund"]) == {"federal", "general"}
    assert study.settings["as_of"] == datetime.date(2024, 1, 15)
    assert study.settings["base_year"] == 2024
    assert study.settings["horizon"] == 2
    assert study.tables["systems"]["annual_run_cost"].max() < 10_000


def refused(*paths: Path) -> str:
    with pytest.raises(IntakeError) as caught:
        read(*paths)
    return str(caught.value)


def test_text_in_a_number_is_named_with_all_its_fellows(tmp_path: Path) -> None:
    header, rows = OLD
    wrong = [[*rows[0]], [*rows[1]], [*rows[3]]]
    wrong[0][3], wrong[1][4], wrong[2][6], wrong[2][0] = "four", "8 GB", "lots", ""
    assert refused(write_csv(tmp_path / "e.csv", (header, wrong))) == (
        "The files cannot be read in:\n"
        "  - e.csv, row 4, column VM: is blank. Write the machine's name.\n"
        '  - e.csv, row 2, column CPUs: "four" is not a number. Write a number, or leave it blank for the median.\n'
        '  - e.csv, row 3, column Memory: "8 GB" is not a number. Write a number, or leave it blank for the median.\n'
        '  - e.csv, row 4, column In Use MB: "lots" is not a number. Write a number, or leave it blank.'
    )


def test_missing_columns_are_all_named(tmp_path: Path) -> None:
    table: Table = (["VM", "Powerstate", "Template", "Host"], [["a", "poweredOn", "False", "h"]])
    assert refused(write_xlsx(tmp_path / "e.xlsx", vInfo=table)) == (
        "The files cannot be read in:\n"
        "  - e.xlsx[vInfo], row 1, column CPUs: is missing. Export the tab with all of its columns.\n"
        "  - e.xlsx[vInfo], row 1, column Memory: is missing. Export the tab with all of its columns."
    )


def test_an_export_without_vinfo(tmp_path: Path) -> None:
    table: Table = (["VM", "Disk", "Capacity MiB", "Consumed MiB"], [["a", "C:", 1, 1]])
    assert refused(write_xlsx(tmp_path / "e.xlsx", vPartition=table)) == (
        'The files cannot be read in:\n  - e.xlsx: "RVTools" has no tab vInfo (found: vPartition). '
        "Export all tabs, or at least vInfo."
    )


def test_only_templates(tmp_path: Path) -> None:
    header, rows = OLD
    assert refused(write_csv(tmp_path / "e.csv", (header, [rows[2]]))) == (
        "The files cannot be read in:\n"
        "  - e.csv: lists templates and placeholders only. Export the estate, not a library of templates."
    )


def test_no_machines(tmp_path: Path) -> None:
    assert refused(write_csv(tmp_path / "e.csv", (OLD[0], []))) == (
        "The files cannot be read in:\n  - e.csv: lists no virtual machine. Export it with the estate connected."
    )


def test_the_same_file_twice(tmp_path: Path) -> None:
    one, two = write_csv(tmp_path / "a.csv", OLD), write_csv(tmp_path / "b.csv", OLD)
    assert refused(one, two) == "The files cannot be read in:\n  - b.csv: holds the same as a.csv. Give each file once."
