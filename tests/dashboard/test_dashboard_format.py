from __future__ import annotations

import pandas as pd
import pytest

from dashboard import format as f
from dashboard.theme import DARK, LIGHT, Palette, contrast, css_variables, faded
from dashboard.words import joined, marked, plain, slot


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        (1_240_000_000, "$1.24B"),
        (999_960_000, "$1.00B"),
        (999_900_000, "$999.9M"),
        (812_400_000, "$812.4M"),
        (999_600, "$1.0M"),
        (46_000, "$46K"),
        (310, "$310"),
        (0.2, "$0"),
        (-68_500_000, "−$68.5M"),
    ],
)
def test_money_takes_the_unit_of_its_size(dollars: float, text: str) -> None:
    assert f.money(dollars) == text


def test_changes_are_signed_and_small_ones_are_none() -> None:
    assert f.change(3_100_000) == "+$3.1M"
    assert f.change(-3_100_000) == "−$3.1M"
    assert f.change(49_999) == "no change"
    assert f.millions(5_231_400_000) == "$5,231.4M"
    assert f.bare(-0.04) == "0.0"
    assert f.bare(1204.5, signed=True) == "+1,204.5"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.31, "31\u202f%"),
        (0.00008, "0.008\u202f%"),
        (0.0004, "0.04\u202f%"),
        (0.000001, "under 0.001\u202f%"),
        (0, "0\u202f%"),
        (-0.02, "−2\u202f%"),
    ],
)
def test_percent_has_a_narrow_space_and_digits_for_small_gaps(share: float, text: str) -> None:
    assert f.percent(share) == text


def test_counts_words_and_lists() -> None:
    assert f.count(1, "server") == "1 server"
    assert f.count(1240, "server") == "1,240 servers"
    assert f.count(2, "agency", "agencies") == "2 agencies"
    assert [f.in_words(n) for n in (0, 1, 10, 11)] == ["none", "one", "ten", "11"]
    assert f.listed(["a", "b", "c"]) == "a, b and c"
    assert f.listed(["a"]) == "a"
    assert f.named("it_capital") == "IT capital"


def test_years_and_dates() -> None:
    assert f.years(2026, 2031) == "FY2026–31"
    assert f.years(2026, 2026) == "FY2026"
    assert f.year_ticks([2026, 2027], short=True) == ["FY2026", "’27"]
    assert f.day(pd.Timestamp(2026, 3, 31)) == "31 Mar 2026"
    assert f.month(pd.Timestamp(2026, 3, 31)) == "Mar 2026"


def test_slots_are_bold_and_stars_of_their_own_do_not_end_them() -> None:
    children = marked(f"Moving {slot('5,000 servers')} costs {slot('a*b')}.")
    assert [getattr(c, "children", c) for c in children] == ["Moving ", "5,000 servers", " costs ", "ab", "."]
    assert plain("a *b* c") == "a b c"
    assert joined("a.", "", "b.") == "a. b."


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_marks_keep_their_contrast(palette: Palette) -> None:
    for name in ("ink", "quiet", "legacy_text", "transition_text", "modern_text", "other_text", "freed_text", "alert"):
        assert contrast(getattr(palette, name), palette.page) >= 4.5, name
    for name in ("quiet", "ink"):
        assert contrast(getattr(palette, name), palette.sunk) >= 4.5, name
    for name in ("legacy", "transition", "modern", "freed", "baseline", "median", "band_edge", "edge", "focus"):
        assert contrast(getattr(palette, name), palette.page) >= 3, name
    assert contrast(palette.on_legacy, palette.legacy) >= 4.5


def test_the_style_sheet_gets_both_palettes() -> None:
    css = css_variables()
    assert "--legacy-text:#6B6357" in css
    assert "[data-mantine-color-scheme=dark]{--page:#15181C" in css
    assert faded("#FFFFFF", 0.5) == "rgba(255,255,255,0.5)"
