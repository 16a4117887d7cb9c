"""Small made-up books of a fiscal year under way, and what holds of any projection of them."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from forecast.arrays import FloatArray
from forecast.profiles import Position
from forecast.yearend import YearEnd

NAN = float("nan")
LAST = 2026
"""The present fiscal year of every made-up table."""
LINE_COLUMNS = ["spent", "mean", "lo_80", "hi_80", "lo_95", "hi_95"]
BUDGET_COLUMNS = ["appropriated", "expected_lapse", "expected_overspend", "chance_over"]


def months(lines: Mapping[str, FloatArray], last: int = LAST) -> pd.DataFrame:
    """A long frame `agency, period, amount` of lines by fiscal years by months, (Y, 12) each; NaN where no row."""
    rows = []
    for agency, amounts in lines.items():
        start = pd.Period(year=last - len(amounts), month=7, freq="M")
        rows += [(agency, start + place, amount) for place, amount in enumerate(amounts.ravel())]
    table = pd.DataFrame(rows, columns=["agency", "period", "amount"])
    return table[table["amount"].notna()].reset_index(drop=True)


def budget(lines: Mapping[str, float | list[float]], last: int = LAST) -> pd.DataFrame:
    """A long frame `agency, fiscal_year, amount`; each line's appropriations end in the present year."""
    rows = []
    for agency, given_ in lines.items():
        amounts = given_ if isinstance(given_, list) else [given_]
        rows += [(agency, last - len(amounts) + 1 + place, amount) for place, amount in enumerate(amounts)]
    return pd.DataFrame(rows, columns=["agency", "fiscal_year", "amount"])


def spending(lines: int, years: int, closed: int, seed: int = 0, noise: float = 0.2) -> dict[str, FloatArray]:
    """Lines that walk at random from year to year and spend late in each; the present year open after `closed`."""
    draw = np.random.default_rng(seed)
    level = np.exp(
        draw.normal(13, 1, size=(lines, 1)) + (0.03 + 0.08 * draw.normal(size=(lines, years))).cumsum(axis=1)
    )
    profile = draw.dirichlet([8.0] * 11 + [16.0], size=lines)
    amounts = level[:, :, None] * profile[:, None] * np.exp(noise * draw.normal(size=(lines, years, 12)))
    amounts[:, -1, closed:] = NAN
    return {f"line{place:03d}": amounts[place] for place in range(lines)}


def check(end: YearEnd, *, budgeted: bool = True) -> None:
    """Everything that holds of any projection of a year that is not closed."""
    frames = [end.lines, end.totals(), *(end.totals(key) for key in end.keys)]
    for frame in frames:
        money = frame[LINE_COLUMNS].to_numpy()
        assert np.isfinite(money).all()
        slack = 1e-9 * np.abs(money).max()
        for low, high in pairwise(["lo_95", "lo_80", "mean", "hi_80", "hi_95"]):
            assert (frame[low] <= frame[high] + slack).all()
        assert (frame["hi_80"] > frame["lo_80"]).all()
        if budgeted:
            known = frame["appropriated"].notna()
            assert (frame.loc[known, ["expected_lapse", "expected_overspend"]] >= 0).all(axis=None)
            assert frame["chance_over"].dropna().between(0, 1).all()
    total = end.totals().iloc[0]
    assert total["mean"] == pytest.approx(end.lines["mean"].sum(), rel=1e-9, abs=1e-9 * end.lines["mean"].abs().sum())
    np.testing.assert_allclose(end.weights.sum(axis=1), 1)
    parts = end.variance["timing"] + end.variance["level"]
    rounding = 1e-9 * max(1.0, float(np.abs(end.lines[LINE_COLUMNS].to_numpy(dtype=np.float64)).max()))
    np.testing.assert_allclose(parts, end.variance["variance"], rtol=1e-9, atol=rounding)


def position(seed: int = 0, lines: int = 5, years: int = 4, closed: int = 5) -> Position:
    """Positive amounts, all known."""
    draw = np.random.default_rng(seed)
    amounts = np.exp(draw.normal(3, 1, size=(lines, years + 1, 12)))
    totals = amounts.sum(axis=2)
    return Position(
        past=amounts[:, :-1],
        whole=np.ones((lines, years), dtype=np.bool_),
        now=amounts[:, -1, :closed],
        like=np.arange(lines) % 2,
        appropriated=totals * np.exp(0.1 * draw.normal(size=totals.shape)),
        encumbered=totals * draw.uniform(0.1, 0.4, size=totals.shape),
        prior=totals[:, -1] * 1.1,
    )


def odd(end: YearEnd) -> list[tuple[str, str, str]]:
    """What was found."""
    table = end.treatments
    return [(row["agency"], str(row["period"]), row["found"]) for row in table.to_dict("records")]
