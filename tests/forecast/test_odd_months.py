import numpy as np
import pandas as pd

from forecast.projection import project
from tests.forecast.monthly_tables import NAN, check, months, odd, spending


def test_what_is_odd_in_the_months_is_listed() -> None:
    lines = spending(8, 5, 8, seed=6)
    names = list(lines)
    table = months(lines)

    def cell(name: str, period: str) -> pd.Series:
        return (table["agency"] == name) & (table["period"] == period)

    table = table[~cell(names[0], "2025-10")]
    table.loc[cell(names[1], "2025-12"), "amount"] = NAN
    table.loc[cell(names[2], "2023-08"), "amount"] = -5.0
    table = table[~((table["agency"] == names[3]) & (table["period"] < "2023-03"))]
    table.loc[(table["agency"] == names[4]) & (table["period"] < "2022-07"), "amount"] = 0.0
    table = table[~((table["agency"] == names[5]) & (table["period"] < "2025-09"))]
    end = project(table)
    assert odd(end) == [
        (names[0], "2025-10", "missing month"),
        (names[1], "2025-12", "blank month"),
        (names[2], "2023-08", "negative month"),
        (names[3], "2023-03", "begun within a year"),
        (names[4], "2021-07", "year without spending"),
        (names[5], "2026-02", "no full year"),
    ]
    blank = end.treatments[end.treatments["found"] == "blank month"].iloc[0]
    assert np.isnan(blank["before"])
    assert blank["after"] == table.loc[cell(names[1], "2024-12"), "amount"].iloc[0]
    assert "1 x missing month: taken as nothing spent" in str(end)
    check(end, budgeted=False)


def test_a_table_that_begins_within_a_year_does_not_learn_from_it() -> None:
    table = months(spending(4, 5, 8))
    cut = table[table["period"] >= "2021-10"]
    end = project(cut)
    assert [found for _, _, found in odd(end)] == ["partial first year"] * 4
    pd.testing.assert_frame_equal(end.lines, project(table[table["period"] >= "2022-07"]).lines)
