"""Import of real files: an RVTools export of 805 machines, 24 years of a state's ledger. Skipped where absent."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pandas as pd
import pytest

from scenarios import cloud, operating_systems
from scenarios.intake import Imported, import_files, sniff

SHARED = Path(os.environ.get("REALLOT_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
ESTATE = SHARED / "data" / "server_inventory" / "rvtools_805.xlsx"
LEDGER = SHARED / "data" / "state_ledger" / "it_lines_fy1998_2021.csv"
AGENCIES = SHARED / "data" / "state_ledger" / "agency_year_fy1998_2021.csv"

pytestmark = pytest.mark.skipif(
    not (ESTATE.exists() and LEDGER.exists()),
    reason=f"the real files are not in {SHARED.name}/data; set REALLOT_SHARED to the folder that holds data/",
)


@pytest.fixture(scope="module")
def study() -> Imported:
    return import_files([ESTATE, LEDGER])


@pytest.fixture(scope="module")
def ledger() -> pd.DataFrame:
    return pd.read_csv(LEDGER, dtype={"agency": str, "fund": str, "object": str})


def test_files_are_recognised_by_their_content() -> None:
    assert sniff(ESTATE) == "rvtools"
    assert sniff(LEDGER) == "ledger"
    assert sniff(AGENCIES) == "ledger"


def test_every_machine_but_templates(study: Imported) -> None:
    raw = pd.read_excel(ESTATE, sheet_name="vInfo", engine="calamine", dtype=str)
    kept = raw[raw["Template"].ne("True")]
    systems = study.tables["systems"]
    assert len(raw) == 805
    assert systems["name"].tolist() == kept["VM"].tolist()
    assert systems["system"].is_unique
    assert systems["vcpus"].tolist() == kept["CPUs"].astype(float).tolist()
    assert systems["memory_gib"].sum() == pytest.approx(kept["Memory"].astype(float).sum() / 1024, abs=0.1)
    assert systems["environment"].eq("powered_off").sum() == kept["Powerstate"].eq("poweredOff").sum()
    assert "rvtools_805.xlsx[vInfo]: 10 templates left out." in study.warnings


def test_every_cent_is_there(study: Imported, ledger: pd.DataFrame) -> None:
    spending = study.tables["spending"]
    for ours, theirs in (("expended", "expenditure"), ("appropriated", "appropriated")):
        assert round(spending[ours].sum() * 100) == round(ledger[theirs].sum() * 100)
        by_year = (spending.groupby("period")[ours].sum() * 100).round().astype("int64")
        assert by_year.to_dict() == (ledger.groupby("fy")[theirs].sum() * 100).round().astype("int64").to_dict()
    assert spending["agency"].nunique() == ledger["agency"].nunique()
    assert spending["fund"].nunique() == ledger["fund"].nunique()
    assert spending["category"].nunique() == ledger["object"].nunique()
    assert not spending.duplicated(["period", "agency", "program", "fund", "category"]).any()


def test_every_system_is_priced(study: Imported) -> None:
    systems = study.tables["systems"]
    fit = cloud.cheapest_fit(
        systems["vcpus"],
        systems["memory_gib"],
        "us-gov-west-1",
        os=operating_systems.cloud_system(systems["platform"]),
        storage_gib=systems["storage_gib"],
        storage_usd_per_gib_month=0.1,
    )
    assert fit["usd_per_year"].gt(0).all()
    assert fit["fits"].all()
    assert systems["annual_run_cost"].between(1_000, 100_000).all()
    assert 10_000 < systems["annual_run_cost"].mean() < 35_000
    assert fit["usd_per_year"].median() < systems["annual_run_cost"].median()


def test_support_and_owner(study: Imported) -> None:
    systems = study.tables["systems"]
    assert systems["end_of_support"].isna().sum() == 6
    assert systems["end_of_support"].lt(pd.Timestamp("2026-07-01")).mean() > 0.97
    assert set(systems["agency"]) == {"innovation_and_technology"}
    assert set(systems["fund"]) == {"technology_mgmnt_revolving:0.83|capital_development:0.16|general_revenue:0.01"}


def test_every_assumed_column_is_named(study: Imported) -> None:
    said = study.assumed[study.assumed["table"].eq("systems")]
    systems = study.tables["systems"]
    read = {"system", "name", "vcpus", "memory_gib", "platform"}
    blank = {c for c in systems if systems[c].isna().all() or systems[c].astype(str).isin(["", "NaT", "nan"]).all()}
    assert set(systems.columns) - read - blank <= set(said["column"])
    for column in ("agency", "fund", "annual_run_cost", "spending_line", "kind", "site", "criticality"):
        assert said.loc[said["column"].eq(column), "rows"].sum() == len(systems)
    for table in ("sites", "appropriations", "capacity", "spending", "study"):
        assert study.assumed["table"].eq(table).any()
    assert study.assumed["reason"].ne("").all()


def test_settings_and_the_years_ahead(study: Imported) -> None:
    assert study.settings["as_of"] == datetime.date(2021, 7, 1)
    assert study.settings["base_year"] == 2022
    money = study.tables["appropriations"]
    funds = {part.partition(":")[0] for part in study.tables["systems"]["fund"].iloc[0].split("|")}
    assert funds <= set(money["fund"])
    assert set(money["fiscal_year"]) == {2022, 2023, 2024, 2025, 2026}
    assert set(money["status"]) == {"forecast"}
    assert len(study.tables["capacity"]) == 10
