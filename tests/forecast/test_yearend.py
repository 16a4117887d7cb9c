import numpy as np
import pandas as pd
import pytest

from forecast.projection import project, variance
from tests.forecast.monthly_tables import NAN, budget, months, spending


def test_spending_early_is_timing_and_spending_more_is_level() -> None:
    even = np.full((6, 12), 100.0)
    early, more = even.copy(), even.copy()
    early[-1, :6] = 120.0
    more[-1, :6] = 120.0
    lines = {"early": early, "even": even, "more": more} | {f"z{place}": even for place in range(5)}
    table = months(
        {name: np.where(np.arange(72).reshape(6, 12) >= 66, NAN, amounts) for name, amounts in lines.items()}
    )
    said = pd.DataFrame({"agency": list(lines), "mean": [1200.0, 1200.0, 1440.0, *[1200.0] * 5]})
    end = project(table, budget(dict.fromkeys(lines, 1200.0)), prior=said)
    rows = variance(table, budget(dict.fromkeys(lines, 1200.0))).set_index("agency")
    assert rows.loc["even", "variance"] == pytest.approx(0, abs=1e-6)
    assert rows.loc["early", "variance"] == pytest.approx(-120)
    assert rows.loc["early", "direction"] == "unfavourable"
    assert rows["share"].abs().sum() == pytest.approx(1)
    explained = end.variance.set_index("agency")
    assert explained["variance"].to_dict() == pytest.approx(rows["variance"].to_dict())
    means = end.lines.set_index("agency")["mean"]
    assert explained.loc["more", "level"] == pytest.approx(0.5 * (1200 - means["more"]))
    assert explained.loc["more", "timing"] == pytest.approx(0.5 * means["more"] - 720)


def test_a_group_of_one_line_has_the_intervals_of_that_line() -> None:
    table = months(spending(6, 6, 8))
    end = project(table, budget(dict.fromkeys(table["agency"].unique(), 5e5)))
    pd.testing.assert_frame_equal(end.totals("agency"), end.lines)
    pd.testing.assert_frame_equal(end.totals(["agency"]), end.lines)


def test_a_sum_that_was_never_tested_is_what_its_lines_imply() -> None:
    end = project(months(spending(5, 1, 6)))
    above = (end.lines["hi_80"] - end.lines["mean"]).to_numpy()
    implied = np.sqrt(0.71 * (above**2).sum() + 0.29 * above.sum() ** 2)
    total = end.totals().iloc[0]
    assert total["hi_80"] - total["mean"] == pytest.approx(implied)


def test_a_sum_is_surer_than_its_lines_together() -> None:
    end = project(months(spending(40, 6, 8)))
    total, lines = end.totals().iloc[0], end.lines
    assert total["hi_80"] - total["lo_80"] < (lines["hi_80"] - lines["lo_80"]).sum()
    assert total["hi_80"] - total["lo_80"] > (lines["hi_80"] - lines["lo_80"]).max() / 2


def test_the_page_of_text_says_what_matters() -> None:
    lines = spending(6, 5, 8, seed=3)
    said = {name: 1.2 * amounts[-2].sum() for name, amounts in lines.items()} | {"line000": 1.0}
    text = project(months(lines), budget(said)).summary()
    assert text.startswith("FY2026 after 8 of 12 months, 6 lines, in USD")
    for words in ("year end", "80 in 100 within", "expected lapse", "appropriated"):
        assert words in text
    assert "line000  (100% likely to overspend)" in text
    assert "Back-test at the same period of past years" in text
    assert "Nothing was odd." in text
