"""Small made-up tables for the tests of forecasting, in memory and in files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from forecast import SpendingError, read_spending

LAST = 2026
"""The last fiscal year of every made-up table."""

NAN = float("nan")

texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=4)
"""Names of lines."""


def spending(lines: Mapping[str, Sequence[float]], last: int = LAST) -> pd.DataFrame:
    """A long frame `agency, period, amount`; each line's amounts end in `last`, NaN where blank."""
    rows = [
        (agency, last - len(amounts) + 1 + place, amount)
        for agency, amounts in lines.items()
        for place, amount in enumerate(amounts)
    ]
    return pd.DataFrame(rows, columns=["agency", "period", "amount"])


def random_walks(
    lines: int, years: int, seed: int = 0, growth: float = 0.03, own: float = 0.08, common: float = 0.03
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Amounts, (lines, years), of log random walks with a common shock each year."""
    draw = np.random.default_rng(seed)
    steps = growth + own * draw.normal(size=(lines, years)) + common * draw.normal(size=(1, years))
    return np.asarray(np.exp(draw.normal(13, 1.5, size=(lines, 1)) + steps.cumsum(axis=1)), dtype=np.float64)


def walking(lines: int, years: int, seed: int = 0) -> pd.DataFrame:
    """The same as a long frame."""
    return spending({f"line{place:05d}": list(row) for place, row in enumerate(random_walks(lines, years, seed))})


def by_periods(lines: Mapping[str, Sequence[float]], periods: pd.PeriodIndex) -> pd.DataFrame:
    """A long frame `agency, period, amount`; each line has an amount a period, NaN where blank."""
    return pd.concat(
        [pd.DataFrame({"agency": agency, "period": periods, "amount": amounts}) for agency, amounts in lines.items()],
        ignore_index=True,
    )


def of_one_agency(periods: object, amounts: object = 1.0, **more: object) -> pd.DataFrame:
    """A long frame `agency, period, amount` of one line."""
    return pd.DataFrame({"agency": "a", "period": periods, "amount": amounts, **more})


def write(folder: Path, text: str, name: str = "spending.csv") -> Path:
    """A file of text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def write_sheets(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """A workbook of cells; text stays text, whatever it looks like."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs={"options": options}) as book:
        for name, rows in sheets.items():
            pd.DataFrame(rows).to_excel(book, sheet_name=name, header=False, index=False)
    return path


def written(table: pd.DataFrame) -> list[str]:
    """Its periods as text."""
    return table["period"].astype("str").tolist()


def problems(source: pd.DataFrame | Path, freq: str | None = None, sheet: str | None = None) -> tuple[str, ...]:
    """What is wrong with a table that cannot be read."""
    with pytest.raises(SpendingError) as error:
        read_spending(source, freq=freq, sheet=sheet)
    return error.value.problems
