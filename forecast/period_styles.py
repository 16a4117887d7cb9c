"""Ways to write periods: fiscal years, quarters, months and dates."""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from forecast.arrays import FloatArray
from forecast.frequency import EPOCH

MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


class Style(NamedTuple):
    """A way to write periods."""

    noun: str
    example: str
    read: Callable[[pd.Series], FloatArray]
    """Text, (rows,), to fiscal years, ordinals of quarters or months, or days since 1970; NaN where it is otherwise."""


def _fiscal_years(text: pd.Series) -> FloatArray:
    """`2027`, `2027.0`, `FY2027`, and `FY27`, in which 69 to 99 are of the last century as in POSIX."""
    said = text.str.extract(r"^FY\s?(\d{2}|\d{4})$", flags=re.IGNORECASE)[0]
    plain = _number(text.str.extract(r"^(\d{1,4})(?:\.0+)?$")[0])
    century = np.select([said.str.len() != 2, _number(said) < 69], [0, 2000], 1900)
    year = np.where(said.isna(), plain, _number(said) + century)
    return np.where(year >= 1, year, np.nan)


def _quarters(text: pd.Series) -> FloatArray:
    """`2027Q1`, `2027-Q1`, `FY2027 Q1`; `Q1 2027`."""
    behind = text.str.extract(r"^(?:FY\s?)?(?P<year>\d{4})[\s-]?Q(?P<quarter>[1-4])$", flags=re.IGNORECASE)
    before = text.str.extract(r"^Q(?P<quarter>[1-4])[\s-]?(?:FY\s?)?(?P<year>\d{4})$", flags=re.IGNORECASE)
    found = behind.fillna(before)
    return (_number(found["year"]) - EPOCH) * 4 + _number(found["quarter"]) - 1


def _months(text: pd.Series) -> FloatArray:
    """`2026-07`; `07/2026`; `Jul 2026`, `July 2026`."""
    behind = text.str.extract(r"^(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])$")
    before = text.str.extract(r"^(?P<month>0?[1-9]|1[0-2])/(?P<year>\d{4})$")
    named = text.str.extract(r"^(?P<month>[A-Z]+)\.?[\s-](?P<year>\d{4})$", flags=re.IGNORECASE)
    numbers = {name[:length]: str(place) for place, name in enumerate(MONTH_NAMES, 1) for length in (3, 9)}
    named["month"] = named["month"].str.lower().map({**numbers, "sept": "9"}).astype("str")
    found = behind.fillna(before).fillna(named)
    return (_number(found["year"]) - EPOCH) * 12 + _number(found["month"]) - 1


def _dates(text: pd.Series) -> FloatArray:
    """`2026-07-01`, with or without a time of day."""
    found = text.str.extract(r"^(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}.*)?$")[0]
    days = pd.to_datetime(found, format="%Y-%m-%d", errors="coerce").to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(np.int64))


def _number(text: pd.Series) -> FloatArray:
    """Digits as numbers, NaN where there are none."""
    return pd.to_numeric(text).to_numpy(dtype=np.float64, na_value=np.nan)


FISCAL_YEAR = Style("fiscal year", "2027", _fiscal_years)
QUARTER = Style("quarter", "2027Q1", _quarters)
MONTH = Style("month", "2026-07", _months)
DATE = Style("date", "2026-07-01", _dates)
STYLES = (FISCAL_YEAR, QUARTER, MONTH, DATE)
"""All of them; no text is of two."""
