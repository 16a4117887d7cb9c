"""The Risk page in a browser: the button simulates, the job outlives a reload, and what it finds has no violation."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd
from playwright.sync_api import Page, expect

from dashboard.format import chance
from scenarios.results import read_results
from tests.browser.test_browser import assert_fits, opened, violations


def test_cancel_leaves_nothing_behind(page: Page, address: str, study: Path) -> None:
    opened(page, f"{address}/risk")
    expect(page.locator(".lede")).to_have_text("Baseline has not met any simulated future yet.")
    assert violations(page) == []
    page.get_by_role("button", name="Simulate").press("Enter")
    page.locator("#job-cancel").press("Enter")
    expect(page.locator("#job-status")).to_have_text("Cancelled. Nothing was changed.")
    assert not (study / "results" / "baseline" / "futures.json").exists()


def test_a_plan_is_simulated_from_the_page(page: Page, address: str, study: Path, tmp_path: Path) -> None:
    opened(page, f"{address}/risk")
    page.get_by_role("button", name="Simulate").click()
    expect(page).to_have_url(re.compile("job="))
    page.reload()
    expect(page.locator("#job-status")).to_have_text("The futures are played.", timeout=120_000)
    made = read_results(study / "results" / "baseline")
    cost = made.risk.query("policy == 'plan' and measure == 'cost'").iloc[0]
    expect(page.locator(".lede strong").first).to_have_text(chance(cost["chance_within"]))
    expect(page.locator(".key .value").first).to_have_text(chance(cost["chance_within"]))
    assert violations(page) == []
    for key, measure in (("chance", "outlay"), ("policies", "cost")):
        block = page.locator(f"#{key}")
        with page.expect_download() as waiting:
            block.get_by_role("link", name="CSV").click()
        table = pd.read_csv(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8")))
        block.locator(".foot summary").press("Enter")
        assert block.locator(".foot tbody tr").count() == len(table)
        assert table["Futures"].eq(made.futures["futures"]).all()
        assert table["data"].eq("made up").all()
        assert len(table) <= made.risk["measure"].eq(measure).sum()
    assert_fits(page, tmp_path)


def test_fund_and_target_live_in_the_address(page: Page, address: str, tmp_path: Path) -> None:
    opened(page, f"{address}/risk?theme=dark")
    page.locator("#risk-fund").click()
    page.get_by_role("option", name="General").click()
    expect(page).to_have_url(re.compile("fund=general"))
    expect(page.locator("#fan-a")).to_contain_text("The median of General")
    page.locator("#risk-target").press("Enter")
    page.locator("#risk-target").press("ArrowDown")
    page.locator("#risk-target").press("Enter")
    expect(page).to_have_url(re.compile("target=0.95"))
    expect(page.locator("#chance-a")).to_contain_text("95")
    page.reload()
    expect(page.locator("#risk-fund")).to_have_value("General")
    assert violations(page) == []
    assert_fits(page, tmp_path)
