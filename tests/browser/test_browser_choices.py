"""Other plans on the Plan page in a browser: asked of the worker, then figures and tables without a violation."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from dashboard.pages import explained
from tests.browser.test_browser import assert_fits, opened, violations
from tests.browser.test_browser_limits import pressed


def test_other_plans_and_the_frontier_are_found_by_the_worker(
    page: Page, address: str, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explained, "SECONDS", 15.0)
    opened(page, f"{address}/plan")
    expect(page.locator("#frontier-a")).to_have_text("Nobody has worked this out yet.")
    page.get_by_role("button", name="Work out the frontier").click()
    expect(page.locator("#job-status")).to_have_text("The frontier is worked out.", timeout=120_000)
    expect(page.locator("#frontier-a")).to_contain_text("none beats another")
    pressed(page, "Look for other plans")
    expect(page.locator("#job-status")).to_have_text("The search for other plans is over.", timeout=120_000)
    # how many are found depends on how fast the machine is: the page must tell of as many as the file
    expect(page.locator("#alternatives-a")).to_contain_text(re.compile("in present value|in the time given"))
    for key in ("frontier", "alternatives"):
        block = page.locator(f"#{key}")
        found = pd.read_csv(study / "results" / "baseline" / f"explain_{key}.csv")
        if len(found):
            block.locator(".foot summary").click()
        assert block.locator(".foot tbody tr").count() == len(found)
    assert violations(page) == []
    assert_fits(page, tmp_path)
