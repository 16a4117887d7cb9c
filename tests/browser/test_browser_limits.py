"""The Limits page in a browser: prices are checked by the worker, from the keyboard, without a violation."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
from playwright.sync_api import Page, expect

from dashboard.format import money
from scenarios.results import read_results
from tests.browser.test_browser import assert_fits, opened, violations


def pressed(page: Page, name: str) -> None:
    """Reaches a button by the keyboard alone and presses it."""
    wanted = page.get_by_role("button", name=name)
    expect(wanted).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("button => button === document.activeElement"):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"the keyboard does not reach {name}")


def test_prices_are_checked_by_the_worker_and_take_their_place(
    page: Page, address: str, study: Path, tmp_path: Path
) -> None:
    opened(page, f"{address}/limits")
    expect(page.locator("#bound-a")).to_contain_text("These prices were not checked yet.")
    pressed(page, "Check these prices")
    expect(page).to_have_url(re.compile("/limits.*job="))
    expect(page.locator("#job-q")).to_be_focused()
    status = page.locator("#job-status")
    expect(status).to_have_attribute("role", "status")
    expect(status).to_have_text("The prices are checked.", timeout=120_000)
    expect(page.locator("#bound-a")).to_contain_text("Moving its limit tried")
    found = pd.read_csv(study / "results" / "baseline" / "explain_prices.csv")
    assert len(found)
    block = page.locator("#bound")
    block.get_by_text("Table", exact=False).first.click()
    table = block.locator(".foot tbody tr")
    assert table.filter(has_text="yes").count() == int(found["confirmed"].sum())
    assert page.get_by_role("button", name="Check the prices again").is_visible()
    assert violations(page) == []
    assert_fits(page, tmp_path)


def test_a_check_that_is_cancelled_changes_nothing(page: Page, address: str) -> None:
    opened(page, f"{address}/limits")
    before = page.locator("#bound-a").inner_text()
    page.locator("#bound button").click()
    page.locator("#job-cancel").click()
    expect(page.locator("#job-status")).to_have_text("Cancelled. Nothing was changed.")
    assert page.locator("#bound-a").inner_text() == before


def test_a_slider_moves_by_keys_and_a_plan_follows(page: Page, address: str, study: Path, tmp_path: Path) -> None:
    opened(page, f"{address}/limits")
    plan = page.locator("#limits-plan")
    expect(plan).to_be_disabled()
    slider = page.get_by_label("Starts, change in percent")
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator("#limits-asked")).to_contain_text("Starts +20")
    expect(page.locator("#limits-asked")).to_have_attribute("role", "status")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".slider-says").first).to_contain_text("+19")
    page.get_by_role("button", name="Back to today").click()
    expect(slider).to_have_value("0")
    expect(plan).to_be_disabled()
    slider.focus()
    page.keyboard.press("PageDown")
    expect(plan).to_be_enabled()
    assert violations(page) == []
    pressed(page, "Plan with these limits")
    expect(page).to_have_url(re.compile("/limits.*job="))
    expect(page.locator("#job-status")).to_have_text("The plan is ready.", timeout=120_000)
    expect(page.locator("#job-result")).to_contain_text("Its net saving against cost to continue")
    expect(page.get_by_label("Starts, change in percent")).to_have_value("-4")
    new = read_results(study / "results" / "baseline_starts_minus_4")
    assert new.manifest["scenario"]["set"] == {"starts_per_quarter": 38}
    assert money(new.summary["net_saving"]) in page.locator("#job-result tbody tr").nth(1).inner_text()
    page.screenshot(path=tmp_path / "planned.png", full_page=True)
    assert violations(page) == []
