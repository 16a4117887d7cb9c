"""The pages in a browser: no violation, no foreign request, no complaint; and a changed assumption becomes a plan."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dashboard.format import money
from dashboard.frame import PAGES
from scenarios.results import read_results

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


def violations(page: Page) -> list[tuple[str, str]]:
    found: Any = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [(v["id"], v["nodes"][0]["html"][:160]) for v in found]


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def assert_fits(page: Page, folder: Path) -> None:
    """Narrow and narrower, nothing runs over the edge and nothing is out of reach; a picture of each in the folder."""
    for width in (768, 320):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")
        page.screenshot(path=folder / f"{width}.png", full_page=True)
        assert violations(page) == []
        assert overflow(page) <= 0


def opened(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_selector("main h1")
    page.wait_for_function("document.fonts.status === 'loaded'")
    page.wait_for_function("[...document.querySelectorAll('.dash-graph')].every(g => g.querySelector('.main-svg'))")
    if page.locator("#systems").count():
        page.wait_for_selector(".ag-row")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("path", [path for path, _, _ in PAGES])
def test_a_page_has_no_violation(path: str, width: int, theme: str, page: Page, address: str, tmp_path: Path) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, f"{address}{path}?theme={theme}")
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert violations(page) == []
    assert overflow(page) <= 0
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.screenshot(path=tmp_path / "open.png", full_page=True)
    assert violations(page) == []
    assert overflow(page) <= 0
    if width == 390:
        page.set_viewport_size({"width": 320, "height": 700})
        page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")


def test_totals_on_the_page_are_those_of_the_files(page: Page, address: str, study: Path) -> None:
    opened(page, address)
    outlays = pd.read_csv(study / "results" / "baseline" / "outlays.csv")
    summary = read_results(study / "results" / "baseline").summary
    values = page.locator(".key .value").all_inner_texts()
    assert values[0] == money(outlays["amount"].sum())
    assert values[1] == money(summary["outlay_by_year"]["2030"])
    assert values[3] == f"{summary['units_moved']:,}"
    assert "Made-up data" in page.locator(".bar").inner_text()


def test_the_file_holds_what_the_table_shows(page: Page, address: str) -> None:
    opened(page, address)
    block = page.locator("#spend")
    with page.expect_download() as waiting:
        block.get_by_role("link", name="CSV").click()
    table = pd.read_csv(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8")))
    block.get_by_text("Table", exact=False).first.click()
    assert block.locator("tbody tr").count() == len(table)
    shown = block.locator("tbody tr").first.locator("td").first.inner_text()
    assert float(shown) == pytest.approx(table.iloc[0, 1], abs=0.051)


def test_the_keyboard_reaches_the_page_first(page: Page, address: str) -> None:
    opened(page, address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_scenario_theme_and_page_live_in_the_address(page: Page, address: str) -> None:
    opened(page, address)
    page.locator("#showing").click()
    page.get_by_role("option", name="Cost to continue").click()
    expect(page).to_have_url(re.compile("showing=cost_to_continue"))
    expect(page.locator(".lede")).to_contain_text("costs the same")
    page.locator("label[for=dark], .dark .mantine-Switch-track").first.click()
    expect(page).to_have_url(re.compile("theme=dark"))
    link = page.locator(".rail-full a", has_text="What moves when?")
    expect(link).to_have_attribute("href", "/plan?showing=cost_to_continue&theme=dark")
    link.click()
    expect(page.locator("main h1")).to_have_text("What moves when?")
    expect(page).to_have_url(re.compile(r"/plan\?showing=cost_to_continue&theme=dark"))
    expect(page.locator(".rail-full [aria-current=page] .name")).to_have_text("Plan")
    assert page.title() == "Plan · Reallot"
    page.reload()
    expect(page.locator("#showing")).to_have_value("Cost to continue")
    page.go_back()
    expect(page.locator("main h1")).to_have_text("What happens to our money?")


def test_a_part_of_the_outlook_lives_in_the_address(page: Page, address: str) -> None:
    opened(page, f"{address}/outlook")
    page.locator("#outlook-cut").click()
    page.get_by_role("option", name="One agency").click()
    expect(page).to_have_url(re.compile("cut=agency"))
    page.locator("#outlook-part").click()
    page.get_by_role("option", name="Taxation").click()
    expect(page).to_have_url(re.compile("part=taxation"))
    expect(page.locator(".lede")).to_contain_text("spending of Taxation")
    assert violations(page) == []


def test_the_year_under_way_is_told_and_its_table_is_its_file(page: Page, address: str, study: Path) -> None:
    opened(page, f"{address}/outlook")
    told = read_results(study / "results" / "baseline")
    total = told.year_end.iloc[-1]
    block = page.locator("#year-end")
    assert money(total["mean"]) in block.locator(".answer").inner_text()
    with page.expect_download() as waiting:
        block.get_by_role("link", name="CSV").click()
    table = pd.read_csv(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8")))
    block.get_by_text("Table", exact=False).first.click()
    assert block.locator("tbody tr").count() == len(table)
    assert table["Year end, $M"].iloc[0] == pytest.approx(total["mean"] / 1e6)
    assert "A contract ends" in page.locator("#overrides").inner_text()
    page.goto(f"{address}/outlook?cut=agency&part=taxation")
    expect(page.locator("#year-end-a")).to_contain_text("Taxation ends FY2026")
    assert violations(page) == []


def test_print_leaves_out_what_cannot_be_pressed(page: Page, address: str) -> None:
    opened(page, address)
    page.emulate_media(media="print")
    for part in (".rail", ".foot .link", ".dark"):
        assert not page.locator(part).first.is_visible()
    assert page.locator(".made-up").is_visible()
    assert page.locator("#spend").is_visible()


def ask(page: Page, name: str, rate: str) -> None:
    """Fills in the form and presses *Plan*."""
    page.get_by_label("Nominal discount rate").fill(rate)
    page.get_by_label("Name of the scenario").fill(name)
    page.get_by_label("Why").fill("The treasurer expects another rate.")
    page.locator("#plan").click()


def test_a_changed_assumption_becomes_a_plan_beside_the_old(
    page: Page, address: str, study: Path, tmp_path: Path
) -> None:
    opened(page, f"{address}/assumptions")
    ask(page, "Dearer money", "99")
    expect(page.get_by_text("99 is outside 0 to 15.")).to_be_visible()
    expect(page.locator("#form-problem")).to_have_text("One field needs another look.")
    assert violations(page) == []
    page.set_viewport_size({"width": 1440, "height": 500})
    ask(page, "Dearer money", "9")
    expect(page).to_have_url(re.compile("job="))
    status = page.locator("#job-status")
    expect(status).to_have_attribute("role", "status")
    expect(status).to_be_in_viewport()
    page.reload()
    expect(page.locator("#job-status")).to_be_visible()
    expect(page.get_by_label("Nominal discount rate")).to_have_value("9")
    expect(page.locator("#job-status")).to_have_text("The plan is ready.", timeout=120_000)
    rows = page.locator("#job-result tbody tr")
    assert rows.count() == 8
    new = read_results(study / "results" / "dearer_money")
    assert money(new.outlays["amount"].sum()) in rows.first.inner_text()
    assert money(new.summary["net_saving"]) in rows.nth(1).inner_text()
    assert new.manifest["scenario"]["set"] == {"discount_rate": 0.09}
    page.screenshot(path=tmp_path / "beside.png", full_page=True)
    assert violations(page) == []
    page.locator("#job-result").get_by_role("link", name="Overview").click()
    expect(page.locator("#showing")).to_have_value("Dearer money")
    expect(page.locator(".differs summary")).to_contain_text("differ")
    page.locator(".differs summary").click()
    expect(page.locator(".sheet-over")).to_contain_text("0.09")
    page.keyboard.press("Escape")
    expect(page.locator(".sheet-over")).not_to_be_visible()


def test_cancel_leaves_the_plan_as_it_was(
    page: Page, address: str, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(page, f"{address}/assumptions")
    ask(page, "Never made", "8")
    page.locator("#job-cancel").click()
    expect(page.locator("#job-status")).to_have_text("Cancelled. The plan shown is as it was.")
    assert not (study / "results" / "never_made").exists()


def test_an_impossible_plan_is_told_in_words(page: Page, address: str) -> None:
    opened(page, f"{address}/assumptions")
    page.get_by_label("General, FY2028, $M").fill("0.01")
    ask(page, "Too little", "3")
    expect(page.locator("#job-status")).to_have_text("No plan was made.", timeout=120_000)
    expect(page.locator("#job-result")).to_contain_text("FY2028")
    assert violations(page) == []


def test_a_lock_makes_another_plan_possible(page: Page, address: str) -> None:
    opened(page, f"{address}/plan")
    again = page.locator("#plan-again")
    expect(again).to_be_disabled()
    lock = page.locator(".lock").first
    lock.click()
    expect(lock).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#locks")).to_contain_text("does not know of this yet")
    expect(again).to_be_enabled()
    assert violations(page) == []
    again.click()
    expect(page.locator("main h1")).to_have_text("What if?")
    expect(page.locator("#job-status")).to_have_text("The plan is ready.", timeout=120_000)
    expect(page.locator("#job-result")).to_contain_text("Baseline, locked")
