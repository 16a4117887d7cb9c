"""The main job on a real server export and a real ledger, from the command line to the pages, without a hand edit."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest

import reallot
from dashboard.app import create_app
from scenarios.results import read_results
from scenarios.study import read_study

SHARED = Path(os.environ.get("REALLOT_SHARED", Path(__file__).parents[3] / "shared"))
SERVERS = SHARED / "data" / "server_inventory" / "rvtools_805.xlsx"
LEDGER = SHARED / "data" / "state_ledger" / "it_lines_fy1998_2021.csv"

pytestmark = pytest.mark.skipif(
    not (SERVERS.exists() and LEDGER.exists()), reason="the real server export and ledger are not here"
)


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as caught:
        reallot.main([str(a) for a in arguments])
    return int(caught.value.code or 0)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    assert run("import", SERVERS, LEDGER, "--into", folder / "study") == 0
    assert run("check", folder / "study") == 0
    assert run("plan", folder / "study", "--out", folder / "out", "--gap", "0.005") == 0
    return folder


def test_the_plan_is_proven_and_verified(place: Path) -> None:
    summary = json.loads((place / "out" / "baseline" / "summary.json").read_text())
    assert summary["status"] in ("optimal", "feasible")
    assert 0 <= summary["gap"] <= 0.005
    assert summary["units_total"] == 795
    assert summary["units_moved"] > 0
    assert run("verify", place / "out" / "baseline") == 0
    assert run("export", place / "out", "--to", "xlsx") == 0


def test_history_is_conserved_to_the_cent(place: Path) -> None:
    told = read_results(place / "out" / "baseline").history["expended"].sum()
    assert told == pytest.approx(pd.read_csv(LEDGER)["expenditure"].sum(), abs=0.01)


def test_every_filled_in_value_is_named(place: Path) -> None:
    study = read_study(place / "study")
    named = set(read_results(place / "out" / "baseline").assumptions["parameter"])
    for table, column in [
        *(
            ("systems", c)
            for c in ("agency", "fund", "annual_run_cost", "criticality", "risk", "strategies", "units", "kind")
        ),
        *(("appropriations", c) for c in ("amount", "carry_forward", "purpose")),
        *(("sites", c) for c in ("annual_fixed_cost", "fund")),
        ("capacity", "hours"),
        ("spending", "encumbered"),
    ]:
        assert f"{table}.{column}" in named
    assert study.table("systems")["annual_run_cost"].gt(0).all()


def test_the_dashboard_opens_it(place: Path) -> None:
    client = create_app(place / "out").server.test_client()
    for page in ("/", "/outlook", "/plan", "/assumptions"):
        assert client.get(page).status_code == 200
