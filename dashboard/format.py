"""Numbers for people: the only place where dollars become millions and fractions become percent."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

MINUS = "\u2212"
DASH = "\u2013"
NARROW = "\u202f"
"""A narrow space that does not break, between a figure and its percent sign."""

_ACRONYMS = {"it": "IT"}
_WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def money(dollars: float) -> str:
    """`$1.24B`, `$812.4M`, `$46K`, `$310`: the unit follows the size, after rounding."""
    size, sign = abs(dollars), MINUS if dollars < 0 else ""
    if round(size / 1e6, 1) >= 1000:
        return f"{sign}${size / 1e9:.2f}B"
    if round(size / 1e3) >= 1000:
        return f"{sign}${size / 1e6:.1f}M"
    if round(size) >= 1000:
        return f"{sign}${size / 1e3:.0f}K"
    return f"{sign}${size:.0f}" if round(size) else "$0"


def millions(dollars: float) -> str:
    """`$5,231.4M`: where less than ten million in billions is the point."""
    return f"{MINUS if dollars < 0 else ''}${abs(dollars) / 1e6:,.1f}M"


def change(dollars: float) -> str:
    """A signed difference; less than $0.05M either way reads `no change`."""
    if is_nothing(dollars):
        return "no change"
    return ("+" if dollars > 0 else "") + money(dollars)


def is_nothing(dollars: float) -> bool:
    """Whether a difference is too small to speak of."""
    return abs(dollars) < 50_000


def bare(value: float, digits: int = 1, signed: bool = False) -> str:
    """A figure under a header that names its unit: `1,204.5`, or `+3.1` where it is a change."""
    text = f"{abs(value):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def percent(share: float, digits: int = 0) -> str:
    """`31 %`; one significant digit below a tenth of a percent, as a gap needs: `0.008 %`."""
    value = share * 100
    if 0 < abs(value) < 0.0005:
        return f"under 0.001{NARROW}%"
    if 0 < abs(value) < 0.1:
        text = f"{abs(value):.3f}" if abs(value) < 0.01 else f"{abs(value):.2f}"
    else:
        text = f"{abs(value):.{digits}f}"
    sign = MINUS if value < 0 and float(text) else ""
    return f"{sign}{text}{NARROW}%"


def chance(share: float) -> str:
    """`79 %`; chances are never certain: `over 99 %`, `under 1 %`."""
    if share > 0.99:
        return f"over 99{NARROW}%"
    return f"under 1{NARROW}%" if share < 0.01 else percent(share)


def points(share: float) -> str:
    """A standard error of a chance: `0.4 points`."""
    value = f"{100 * share:.1f}"
    return f"{value} {'point' if value == '1.0' else 'points'}"


def count(number: float, one: str, many: str = "") -> str:
    """`1 server`, `1,240 servers`."""
    return f"{number:,.0f} {one if round(number) == 1 else many or one + 's'}"


def in_words(number: int) -> str:
    """`three` up to ten, figures beyond; prose only, never beside a figure."""
    return _WORDS[number] if 0 <= number < len(_WORDS) else f"{number:,}"


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = list(names)
    return f"{', '.join(most)} and {last}" if most else last


def sentence_case(text: str) -> str:
    """The first letter in upper case, the rest as it was."""
    return text[:1].upper() + text[1:]


def named(slug: str) -> str:
    """A slug as words: `general_revenue` -> `General revenue`, `it_capital` -> `IT capital`."""
    words = [_ACRONYMS.get(word, word) for word in str(slug).replace("_", " ").split(" ")]
    return sentence_case(" ".join(words))


def fy(year: int) -> str:
    """`FY2028`."""
    return f"FY{year}"


def years(first: int, last: int) -> str:
    """`FY2026-31` with an en dash, or one year alone."""
    return fy(first) if first == last else f"{fy(first)}{DASH}{last % 100:02d}"


def year_ticks(fiscal_years: Iterable[int], short: bool = False) -> list[str]:
    """`FY2026 FY2027`; short: the first in full, then `\u201927`, so that six fit where three would."""
    return [fy(y) if not short or i == 0 else f"\u2019{y % 100:02d}" for i, y in enumerate(fiscal_years)]


def day(date: pd.Timestamp) -> str:
    """`31 Mar 2026`."""
    return f"{date.day} {date:%b %Y}"


def month(date: pd.Timestamp) -> str:
    """`Mar 2026`."""
    return f"{date:%b %Y}"
