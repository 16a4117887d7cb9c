import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import SpendingError, read_spending
from forecast.ledger import lay_out
from tests.forecast.spending_tables import of_one_agency, problems, texts


def test_any_whole_numbers_are_periods() -> None:
    ledger = lay_out(read_spending(of_one_agency(range(1, 145), np.arange(144.0))))
    assert (ledger.frequency, ledger.season) == ("", 1)
    assert ledger.steps.tolist() == list(range(1, 145))
    np.testing.assert_array_equal(ledger.amounts, [np.arange(144.0)])
    assert ledger.periods(np.array([145])).tolist() == [145]


def test_annual_periods_have_their_fiscal_years_as_steps() -> None:
    years = pd.PeriodIndex(["2025", "2027"], freq="Y-JUN")
    ledger = lay_out(read_spending(of_one_agency(years, [1.0, 3.0])))
    assert ledger.steps.tolist() == [2025, 2026, 2027]
    assert ledger.steps_of(pd.Series([2028])).tolist() == [2028]
    frame = ledger.long(np.array([0, 0]), np.array([2028, 2029]), mean=np.array([4.0, 5.0]))
    assert frame["period"].tolist() == [pd.Period("2028", "Y-JUN"), pd.Period("2029", "Y-JUN")]
    assert frame["agency"].tolist() == ["a", "a"]
    with pytest.raises(
        SpendingError, match=r"periods: 1 problem\.\n  - months \(M\) are not the fiscal years \(Y-JUN\)"
    ):
        ledger.steps_of(pd.Series(pd.PeriodIndex(["2027-01"], freq="M")))


@given(st.lists(st.tuples(texts, texts, st.integers(2000, 2005)), min_size=1, max_size=30, unique=True))
@settings(max_examples=50)
def test_lines_stand_in_the_order_of_their_keys(rows: list[tuple[str, str, int]]) -> None:
    table = pd.DataFrame(rows, columns=["agency", "fund", "period"]).assign(amount=1.0)
    read = read_spending(table, keys=["agency", "fund"])
    plain = table.assign(agency=table["agency"].str.strip(), fund=table["fund"].str.strip())
    expected = sorted(set(plain[["agency", "fund", "period"]].itertuples(index=False, name=None)))
    assert list(read[["agency", "fund", "period"]].itertuples(index=False, name=None)) == expected
    ledger = lay_out(read)
    lines = sorted({row[:2] for row in expected})
    assert list(ledger.lines.itertuples(index=False, name=None)) == lines
    known = {
        (lines[line], int(ledger.steps[place]))
        for line, place in zip(*np.isfinite(ledger.amounts).nonzero(), strict=True)
    }
    assert known == {(row[:2], row[2]) for row in expected}


def test_more_keys_than_a_number_can_count() -> None:
    draw = np.random.default_rng(1)
    keys = [f"key{place}" for place in range(9)]
    table = pd.DataFrame({key: draw.permutation(300).astype("str") for key in keys}).assign(period=2025, amount=1.0)
    table["key0"] = "same"
    assert 300 ** (len(keys) - 1) > 2**63
    read = read_spending(table)
    pd.testing.assert_frame_equal(read[keys], table[keys].sort_values(keys, ignore_index=True), check_dtype=False)
    again = pd.concat([table, table.iloc[::-1]], ignore_index=True)
    assert len(problems(again)) == 300


def test_the_longest_history_is_read() -> None:
    months = pd.PeriodIndex(["1826-07", "2026-06"], freq="M")
    assert len(lay_out(read_spending(of_one_agency(months))).steps) == 2400
