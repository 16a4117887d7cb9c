"""A small study, planned by the real pipeline and served on the loopback, and a browser that reports trouble."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from waitress import create_server

from dashboard import create_app
from scenarios.pipeline import plan_study
from scenarios.study import read_study

CHROMIUM = shutil.which("chromium")
ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
STUDY = """\
name: Testland
as_of: 2026-07-01
base_year: 2026
horizon: 4
made_up: true
parameters:
  methods: [existing_contract, cooperative]
  starts_per_quarter: 40
"""
YEARS = range(2027, 2031)


def write_study(folder: Path) -> Path:
    """A study of two funds, three sites and twenty systems that pay to move."""
    rng = np.random.default_rng(5)
    n = 20
    systems = pd.DataFrame(
        {
            "system": [f"s{i:02d}" for i in range(n)],
            "name": [f"Service {i}" for i in range(n)],
            "agency": rng.choice(["health", "taxation"], n),
            "site": rng.choice(["north", "south", "west"], n),
            "units": rng.integers(3, 12, n),
            "vcpus": rng.choice([2, 4], n),
            "memory_gib": 8,
            "storage_gib": 100,
            "annual_run_cost": rng.uniform(15_000, 45_000, n).round(0),
            "fund": rng.choice(["general", "federal"], n),
            "end_of_support": "2028-01-14",
        }
    )
    cost = (systems["annual_run_cost"] * systems["units"]).groupby([systems["agency"], systems["fund"]]).sum() * 1.3
    lines = cost.rename("amount").reset_index().to_numpy().tolist()
    spending = [
        (
            year,
            agency,
            "",
            fund,
            "infrastructure",
            amount * 1.03 ** (year - 2026) * 1.04,
            amount * 1.03 ** (year - 2026),
        )
        for agency, fund, amount in lines
        for year in range(2018, 2026)
    ]
    months = [
        (f"{year - (month > 6)}-{month:02d}", agency, fund, "infrastructure", amount * 1.03 ** (year - 2026) / 12)
        for agency, fund, amount in lines
        for year in range(2024, 2027)
        for month in range(1, 13)
        if (year, month) != (2026, 6)
    ]
    opened = [
        (fund, 2026, sum(a for _, f, a in lines if f == fund) * 1.02, "enacted") for fund in ("general", "federal")
    ]
    override = [("taxation", 2028, 250_000, "A contract ends", "Budget office", "2026-06-15")]
    money = opened + [
        (fund, year, sum(a for _, f, a in lines if f == fund) * 1.03 ** (year - 2026) * 1.15, status)
        for fund in ("general", "federal")
        for year, status in zip(YEARS, ("enacted", "enacted", "request", "request"), strict=True)
    ]
    hours = [(skill, year, 6000) for skill in ("migration", "application") for year in YEARS]
    tables = {
        "systems": systems,
        "sites": pd.DataFrame({"site": ["north", "south", "west"], "fund": "general", "annual_fixed_cost": 5000}),
        "spending": pd.DataFrame(
            spending, columns=["period", "agency", "program", "fund", "category", "appropriated", "expended"]
        ),
        "months": pd.DataFrame(months, columns=["period", "agency", "fund", "category", "expended"]),
        "overrides": pd.DataFrame(override, columns=["agency", "fiscal_year", "amount", "reason", "author", "date"]),
        "appropriations": pd.DataFrame(money, columns=["fund", "fiscal_year", "amount", "status"]),
        "capacity": pd.DataFrame(hours, columns=["skill", "fiscal_year", "hours"]),
    }
    (folder / "tables").mkdir(parents=True)
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    for name, table in tables.items():
        table.to_csv(folder / "tables" / f"{name}.csv", index=False)
    return folder


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, with its baseline planned."""
    folder = write_study(tmp_path_factory.mktemp("browser") / "study")
    plan_study(read_study(folder), "baseline", folder / "results", seconds=20)
    return folder


@pytest.fixture(scope="session")
def address(study: Path) -> Iterator[str]:
    """Where the study is served."""
    server = create_server(create_app(study).server, host="127.0.0.1", port=0, threads=8)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(5)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium of the system."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: see tests/system.sh")
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that must neither complain nor ask another machine for anything."""
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(30_000)
    trouble: list[str] = []
    opened.on("console", lambda m: trouble.append(f"console: {m.text}") if m.type == "error" else None)
    opened.on("pageerror", lambda e: trouble.append(f"error: {e}"))
    opened.on(
        "request",
        lambda r: (
            None if r.url.startswith(("http://127.0.0.1", "data:", "blob:")) else trouble.append(f"foreign: {r.url}")
        ),
    )
    yield opened
    opened.close()
    assert not trouble
