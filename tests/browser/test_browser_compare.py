"""The Compare page in a browser: a link opens the same plans side by side, and on every page the same scenario."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from dashboard.format import money
from dashboard.frame import PAGES
from scenarios.pipeline import plan_study
from scenarios.results import read_results
from scenarios.scenario import Scenario
from scenarios.study import read_study
from tests.browser.test_browser import assert_fits, opened, violations


@pytest.fixture(scope="module", autouse=True)
def slower(study: Path) -> Iterator[None]:
    """Two more plans, as long as this file needs them: one that may begin less, one with dearer money."""
    for name, title, setting in (
        ("slower", "Fewer starts", {"starts_per_quarter": 8}),
        ("dear_money", "Dear money", {"discount_rate": 0.08}),
    ):
        scenario = Scenario(name=name, title=title, why="To have something to compare.", set=setting)
        plan_study(read_study(study), scenario, study / "results", seconds=10)
    yield
    for name in ("slower", "dear_money"):
        shutil.rmtree(study / "results" / name)


def test_a_link_opens_the_same_plans_and_the_choices_change_it(page: Page, address: str, tmp_path: Path) -> None:
    opened(page, f"{address}/compare?compare=baseline,slower")
    heads = page.locator(".sides-table thead th > span")
    expect(heads).to_have_text(["Baseline", "Fewer starts"])
    assert page.url.endswith("compare=baseline,slower")
    assert violations(page) == []
    page.locator("#compare-3").click()
    page.locator("#compare-3").press("ArrowDown")
    page.get_by_role("option", name="Dear money").click()
    expect(page).to_have_url(re.compile("compare=baseline,slower,dear_money"))
    expect(heads).to_have_text(["Baseline", "Fewer starts", "Dear money"])
    page.locator("#compare-by").click()
    page.get_by_role("option", name="Risk left, present value").click()
    expect(page).to_have_url(re.compile("by=risk"))
    page.reload()
    expect(heads).to_have_text(["Baseline", "Fewer starts", "Dear money"])
    page.go_back()
    page.go_back()
    expect(heads).to_have_text(["Baseline", "Fewer starts"])
    assert_fits(page, tmp_path)


def test_figures_on_the_page_are_those_of_the_files(page: Page, address: str, study: Path) -> None:
    opened(page, f"{address}/compare?compare=baseline,slower&theme=dark")
    made = [read_results(study / "results" / name) for name in ("baseline", "slower")]
    block = page.locator("#sides")
    row = block.locator("tr", has=page.locator("th", has_text="Net saving against cost to continue")).first
    for cell, results in zip(row.locator("td").all(), made, strict=True):
        assert money(results.summary["net_saving"]) in cell.inner_text()
    with page.expect_download() as waiting:
        block.get_by_role("link", name="CSV").click()
    table = pd.read_csv(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8")))
    assert table["Scenario"].tolist() == ["Baseline", "Fewer starts"]
    assert table["Net saving against cost to continue, $M"].tolist() == pytest.approx(
        [r.summary["net_saving"] / 1e6 for r in made]
    )
    for summary in page.locator(".foot summary").all():
        summary.press("Enter")
    assert violations(page) == []


def test_a_scenario_is_a_url_on_every_page(page: Page, address: str) -> None:
    query = "showing=slower&against=baseline&compare=slower,baseline"
    opened(page, f"{address}/?{query}")
    for path, name, question in PAGES:
        page.locator(".rail-full a.page", has=page.get_by_text(name, exact=True)).click()
        expect(page.locator("main h1")).to_have_text(question, timeout=90_000)
        assert page.url == f"{address}{path}?{query}"
        expect(page.locator("#showing")).to_have_value("Fewer starts")
        expect(page.locator("#against")).to_have_value("Baseline")
        expect(page.locator(".differs summary")).to_contain_text("differ")
    opened(page, f"{address}/plan?{query}")
    expect(page.locator("#showing")).to_have_value("Fewer starts")


def test_a_scenario_without_results_offers_a_way_back(page: Page, address: str) -> None:
    opened(page, f"{address}/compare?showing=nowhere")
    expect(page.locator(".lede")).to_have_text("Nowhere has no results yet.")
    assert violations(page) == []
    page.get_by_role("link", name="Look at the plan shown first").press("Enter")
    expect(page.locator(".sides-table")).to_be_visible()
