import datetime
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecast import SpendingError, read_spending
from forecast.spending import FREQUENCIES, Frequency, lay_out, read_cells
from tests.forecast.spending_tables import by_periods


def write(folder: Path, text: str, name: str = "spending.csv") -> Path:
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


def of_one_agency(periods: object, amounts: object = 1.0, **more: object) -> pd.DataFrame:
    return pd.DataFrame({"agency": "a", "period": periods, "amount": amounts, **more})


def written(table: pd.DataFrame) -> list[str]:
    return table["period"].astype("str").tolist()


def problems(source: pd.DataFrame | Path, freq: str | None = None, sheet: str | None = None) -> tuple[str, ...]:
    with pytest.raises(SpendingError) as error:
        read_spending(source, freq=freq, sheet=sheet)
    return error.value.problems


# Keys, amounts, years


def test_a_study_table_is_read_with_its_keys_as_text(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "period,agency,fund,appropriated,expended,encumbered\n"
        "2025,health,0312,110,100.5,3\nFY2024,health,0312,100,,1\n2025,aging,0001,20,10,0\n",
    )
    table = read_spending(path)
    assert list(table.columns) == ["agency", "fund", "period", "amount"]
    assert table["fund"].tolist() == ["0001", "0312", "0312"]
    assert table["period"].dtype == np.int64
    assert table["period"].tolist() == [2025, 2024, 2025]
    np.testing.assert_array_equal(table["amount"], [10.0, np.nan, 100.5])
    assert table.attrs["notices"] == []
    assert read_spending(path, amount="appropriated")["amount"].tolist() == [20.0, 100.0, 110.0]


def test_what_was_read_reads_the_same_again(tmp_path: Path) -> None:
    table = read_spending(write(tmp_path, "agency,period,amount\nb,2025,2\na,2025,1\n"))
    pd.testing.assert_frame_equal(read_spending(table), table)


def test_named_keys_add_up_what_they_leave_apart() -> None:
    table = pd.DataFrame({"agency": "a", "fund": ["x", "y", "y"], "period": [2025, 2025, 2024], "amount": [1, 2, 4]})
    assert read_spending(table, keys=["agency"])["amount"].tolist() == [4.0, 3.0]
    assert read_spending(table, keys=[])["amount"].tolist() == [4.0, 3.0]


def test_any_whole_numbers_are_periods() -> None:
    ledger = lay_out(read_spending(of_one_agency(range(1, 145), np.arange(144.0))))
    assert (ledger.frequency, ledger.season) == ("", 1)
    assert ledger.steps.tolist() == list(range(1, 145))
    np.testing.assert_array_equal(ledger.amounts, [np.arange(144.0)])
    assert ledger.periods(np.array([145])).tolist() == [145]


def test_rows_under_one_index_label_are_rows_of_their_own() -> None:
    table = pd.DataFrame({"agency": ["b", "a"], "period": [2025, 2024], "amount": [2.0, 1.0]}, index=[7, 7])
    assert read_spending(table)["agency"].tolist() == ["a", "b"]


def test_keys_of_any_type_become_text() -> None:
    table = pd.DataFrame(
        {
            "number": [3, 3],
            "share": [0.5, np.nan],
            "mixed": pd.Series([None, 312], dtype=object),
            "kind": pd.Categorical([" x ", "y"], categories=["y", " x "]),
            "period": [2025, 2025],
            "amount": pd.array([None, 1], dtype="Int64"),
        }
    )
    read = read_spending(table)
    assert read.drop(columns=["period", "amount"]).to_numpy().tolist() == [["3", "", "312", "y"], ["3", "0.5", "", "x"]]
    np.testing.assert_array_equal(read["amount"], [1.0, np.nan])


texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=4)


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


# Styles of periods


@pytest.mark.parametrize(
    ("texts", "periods", "frequency"),
    [
        (["2026", "FY2027", "fy 2028", "FY29", "2030.0"], ["2026", "2027", "2028", "2029", "2030"], ""),
        (["FY98", "FY68", "FY69"], ["1969", "1998", "2068"], ""),
        (["2027Q1", "2027-Q2", "FY2027 Q3", "fy2027q4"], ["2027Q1", "2027Q2", "2027Q3", "2027Q4"], "Q-DEC"),
        (["2027 Q1", "Q2 2027", "q3-FY2027"], ["2027Q1", "2027Q2", "2027Q3"], "Q-DEC"),
        (["2026-07", "Aug 2026", "9/2026"], ["2026-07", "2026-08", "2026-09"], "M"),
        (["july 2026", "Aug-2026", "Sept. 2026"], ["2026-07", "2026-08", "2026-09"], "M"),
        (["2026-07-01", "2026-08-31T00:00:00", "2026-09-30 00:00"], ["2026-07", "2026-08", "2026-09"], "M"),
    ],
)
def test_styles_of_one_kind_may_stand_together(texts: list[str], periods: list[str], frequency: str) -> None:
    table = read_spending(of_one_agency(texts))
    assert written(table) == periods
    assert lay_out(table).frequency == frequency


@pytest.mark.parametrize(
    "text", ["2026-13", "13/2026", "Marketing 2026", "2026Q5", "2026-02-30", "0", "FY127", "FY272027", "20267"]
)
def test_what_looks_like_a_period_and_is_none(text: str) -> None:
    assert problems(of_one_agency([text])) == (
        f"row 0, column 'period': '{text}' is not a fiscal year. Write one such as 2027.",
    )


def test_kinds_that_stand_mixed_are_listed_row_by_row(tmp_path: Path) -> None:
    path = write(
        tmp_path, "agency,period,amount\na,2027Q1,1\na,FY2027,1\na,2027Q2,1\na,2026-07,1\na,2026-07-01,1\na,,1\n"
    )
    with pytest.raises(SpendingError) as error:
        read_spending(path)
    assert str(error.value) == (
        "spending.csv: 4 problems.\n"
        "  - row 3, column 'period': 'FY2027' is a fiscal year where most rows hold quarters. Write all alike, as "
        "2027Q1.\n"
        "  - row 5, column 'period': '2026-07' is a month where most rows hold quarters. Write all alike, as 2027Q1.\n"
        "  - row 6, column 'period': '2026-07-01' is a date where most rows hold quarters. Write all alike, as "
        "2027Q1.\n"
        "  - row 7, column 'period': '' is not a quarter. Write one such as 2027Q1."
    )


def test_fiscal_quarters_belong_to_the_calendar_year_unless_said() -> None:
    table = of_one_agency(["FY2027 Q1"])
    assert read_spending(table)["period"].tolist() == [pd.Period("2027Q1", "Q-DEC")]
    assert read_spending(table).attrs["notices"] == [
        "Fiscal quarters are taken for those of the calendar year (Q-DEC); freq='Q-JUN' makes the year end in June."
    ]
    assert read_spending(table, freq="Q-JUN")["period"].tolist() == [pd.Period("2027Q1", "Q-JUN")]
    assert read_spending(table, freq="Q-JUN").attrs["notices"] == []
    assert read_spending(of_one_agency(["2027Q1"])).attrs["notices"] == []


def test_notices_stay_when_what_was_read_is_read_again(tmp_path: Path) -> None:
    table = read_spending(of_one_agency(["FY2027 Q1"]))
    assert read_spending(table).attrs["notices"] == table.attrs["notices"]
    table.to_parquet(tmp_path / "table.parquet")
    assert read_spending(tmp_path / "table.parquet").attrs["notices"] == table.attrs["notices"]


JULY, JUNE = ["2024-07-01", "2025-07-01", "2027-07-01"], ["2024-06-30", "2025-06-30"]


@pytest.mark.parametrize(
    ("dates", "freq", "periods", "frequency"),
    [
        (JULY, None, ["2025", "2026", "2028"], "Y-JUN"),
        (JUNE, None, ["2024", "2025"], "Y-JUN"),
        (["2025-01-01", "2026-01-01"], None, ["2025", "2026"], "Y-DEC"),
        (["2024-10-01", "2025-10-01"], None, ["2025", "2026"], "Y-SEP"),
        (["2024-07-01", "2024-10-01", "2025-04-01"], None, ["2024Q3", "2024Q4", "2025Q2"], "Q-DEC"),
        (["2024-09-30", "2024-12-31"], None, ["2024Q3", "2024Q4"], "Q-DEC"),
        (["2024-08-01", "2024-11-01"], None, ["2024Q4", "2025Q1"], "Q-OCT"),
        (["2024-07-01", "2024-09-01", "2024-10-01"], None, ["2024-07", "2024-09", "2024-10"], "M"),
        (["2024-02-29", "2024-03-31"], None, ["2024-02", "2024-03"], "M"),
        (["2024-02-29"], None, ["2024-02"], "M"),
        (["2024-07-01", "2024-10-31"], None, ["2024-07", "2024-10"], "M"),
        (JULY, "Y-SEP", ["2024", "2025", "2027"], "Y-SEP"),
        (JULY, "M", ["2024-07", "2025-07", "2027-07"], "M"),
        (["2024-07-01", "2024-10-01"], "Q-JUN", ["2025Q1", "2025Q2"], "Q-JUN"),
        (["2024-07-03", "2024-08-17", "2024-08-18"], "M", ["2024-07", "2024-08"], "M"),
    ],
)
def test_dates_tell_their_frequency(dates: list[str], freq: str | None, periods: list[str], frequency: str) -> None:
    stamps = pd.to_datetime(dates)
    forms: list[object] = [dates, stamps, stamps.tz_localize("UTC"), list(stamps.date), stamps.to_period("D")]
    for form in forms:
        table = read_spending(of_one_agency(form), freq=freq)
        assert written(table) == periods
        assert lay_out(table).frequency == frequency


def test_a_frequency_that_was_guessed_from_dates_is_said() -> None:
    assert read_spending(of_one_agency(JUNE)).attrs["notices"] == [
        "Dates are read as the fiscal years (Y-JUN) that hold them; `freq` gives them another frequency."
    ]
    assert read_spending(of_one_agency(JUNE), freq="Y-JUN").attrs["notices"] == []


def test_days_need_to_be_told_what_to_add_up_to() -> None:
    table = of_one_agency(["2024-07-01", "2024-07-03", "2024-08-17"], [1.0, 2.0, 4.0])
    assert problems(table) == (
        "column 'period': dates within months, the first in row 1. Give `freq`, such as 'M' or 'Y-JUN', to add them "
        "up.",
    )
    months = read_spending(table, freq="M")
    assert months["amount"].tolist() == [3.0, 4.0]
    assert months.attrs["notices"] == [
        "Dates run from 2024-07-01 to 2024-08-17 and do not tell whether the first and the last month are whole."
    ]
    assert problems(pd.concat([table, table], ignore_index=True), freq="M")[0] == (
        "row 3: a second amount for a in 2024-07-01. Add them up, or name `keys`."
    )


@pytest.mark.parametrize("name", FREQUENCIES)
def test_pandas_periods_stay_what_they_are(name: str) -> None:
    index = pd.period_range("2024-05-05", periods=5, freq=name)[[0, 1, 4]]
    for form in (index, index.astype(object)):
        table = read_spending(of_one_agency(form, [1.0, 2.0, 5.0]))
        assert table["period"].dtype == index.dtype
        ledger = lay_out(table)
        assert (ledger.frequency, ledger.season) == (name, {"Y": 1, "Q": 4, "M": 12}[name[0]])
        assert len(ledger.steps) == 5
        np.testing.assert_array_equal(ledger.amounts, [[1.0, 2.0, np.nan, np.nan, 5.0]])
        assert ledger.periods(ledger.steps[[0, 1, 4]]).tolist() == index.tolist()
        np.testing.assert_array_equal(ledger.steps_of(ledger.periods(ledger.steps)), ledger.steps)
        assert ledger.periods(ledger.steps[-1:] + 1).tolist() == [index[-1] + 1]


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


@pytest.mark.parametrize("frequency", FREQUENCIES.values(), ids=FREQUENCIES)
def test_whole_number_arithmetic_agrees_with_pandas(frequency: Frequency) -> None:
    months = pd.period_range("1966-03", "2031-11", freq="M")
    steps = frequency.holding(months.asi8)
    assert frequency.index(steps).equals(months.asfreq(frequency.name))
    starts = frequency.index(np.unique(steps)).asfreq("M", how="S")
    np.testing.assert_array_equal(frequency.first_month(np.unique(steps)), starts.asi8)
    if frequency.months == 12:
        np.testing.assert_array_equal(steps, frequency.index(steps).year)


# Adding up to longer periods


def test_months_are_added_up_to_whole_fiscal_years() -> None:
    months = pd.period_range("2024-05", "2026-07", freq="M")
    table = read_spending(of_one_agency(months, np.arange(27.0)), freq="Y-JUN")
    assert table["period"].tolist() == [pd.Period("2025", "Y-JUN"), pd.Period("2026", "Y-JUN")]
    assert table["amount"].tolist() == [sum(range(2, 14)), sum(range(14, 26))]
    assert table.attrs["notices"] == [
        "FY2024 is left out: nothing is known of 2023-07, 2023-08, 2023-09 and 7 more of its 12 months.",
        "FY2027 is left out: nothing is known of 2026-08, 2026-09, 2026-10 and 8 more of its 12 months.",
    ]


def test_what_is_added_up_from_few_months_or_lost_is_said() -> None:
    months = pd.period_range("2024-07", "2025-08", freq="M")
    table = by_periods({"late": [np.nan] * 13 + [1.0], "thin": [1.0] * 5 + [np.nan] * 9, "full": [1.0] * 14}, months)
    read = read_spending(table.drop(index=3), freq="Y-JUN")
    assert read["agency"].tolist() == ["full", "late", "thin"]
    np.testing.assert_array_equal(read["amount"], [12.0, np.nan, 5.0])
    assert read.attrs["notices"][1:] == [
        "1 amount of fiscal years added up from fewer than 12 months: what is blank or missing counts as nothing."
    ]
    fresh = read_spending(table[(table["agency"] != "late") | table["amount"].notna()], freq="Y-JUN")
    assert fresh["agency"].tolist() == ["full", "thin"]
    assert fresh.attrs["notices"][1] == "Left out: 1 line without an amount in a whole fiscal year."


def test_a_month_of_which_nothing_is_known_leaves_its_year_out() -> None:
    months = pd.period_range("2024-07", "2026-06", freq="M")
    table = read_spending(of_one_agency(months, [1.0] * 5 + [np.nan] + [1.0] * 18), freq="Y-JUN")
    assert table["period"].tolist() == [pd.Period("2026", "Y-JUN")]
    assert table.attrs["notices"] == ["FY2025 is left out: nothing is known of 2024-12 of its 12 months."]


@pytest.mark.parametrize(
    "months", [["2024-07", "2024-08", "2024-10"], pd.PeriodIndex(["2024-07", "2024-08", "2024-10"], freq="M")]
)
def test_years_of_which_none_is_whole_are_refused(months: object) -> None:
    assert problems(of_one_agency(months), freq="Y-JUN") == (
        "column 'period': no fiscal year is whole. FY2025 is left out: nothing is known of 2024-09, 2024-11, 2024-12 "
        "and 6 more of its 12 months. Write 0 where nothing was spent, or leave out `freq`.",
    )


def test_quarters_are_added_up_in_writing_and_as_dates() -> None:
    quarters = pd.period_range("2025Q1", "2026Q3", freq="Q-JUN")
    fiscal, calendar = "2026Q4", "2026Q2"
    forms: list[tuple[object, str]] = [
        (quarters, fiscal),
        (quarters.astype("str"), fiscal),
        (quarters.to_timestamp(), fiscal),
        (quarters.asfreq("Q-DEC"), calendar),
    ]
    for form, missing in forms:
        table = read_spending(of_one_agency(form, np.arange(7.0)), freq="Y-JUN")
        assert table["period"].tolist() == [pd.Period("2025", "Y-JUN")]
        assert table["amount"].tolist() == [6.0]
        assert table.attrs["notices"] == [f"FY2026 is left out: nothing is known of {missing} of its 4 quarters."]


def test_quarters_change_their_names_but_not_their_months() -> None:
    table = of_one_agency(pd.PeriodIndex(["2027Q1", "2027Q2"], freq="Q-JUN"), [1.0, np.nan])
    read = read_spending(table, freq="Q-DEC")
    assert read["period"].tolist() == [pd.Period("2026Q3", "Q-DEC"), pd.Period("2026Q4", "Q-DEC")]
    assert read.attrs["notices"] == []


def test_numbers_are_fiscal_years_where_asked() -> None:
    assert read_spending(of_one_agency([2027]), freq="Y-JUN")["period"].tolist() == [pd.Period("2027", "Y-JUN")]


spent = st.integers(-1, 9).map(lambda amount: None if amount < 0 else amount)
lines = st.tuples(st.sampled_from("abc"), st.integers(600, 615), st.lists(spent, min_size=1, max_size=30))


@given(st.lists(lines, min_size=1, max_size=4), st.sampled_from([name for name in FREQUENCIES if name != "M"]))
def test_adding_up_agrees_with_a_plain_loop(drawn: list[tuple[str, int, list[int | None]]], name: str) -> None:
    known = [
        (agency, pd.Period(ordinal=first + place, freq="M"), amount)
        for agency, first, amounts in drawn
        for place, amount in enumerate(amounts)
    ]
    need = {"Y": 12, "Q": 3}[name[0]]
    seen: dict[pd.Period, set[pd.Period]] = defaultdict(set)
    sums: dict[tuple[str, pd.Period], float] = defaultdict(lambda: np.nan)
    for agency, month, amount in known:
        whole = month.asfreq(name)
        sums[agency, whole] = (
            np.nansum([sums[agency, whole], amount or 0]) if amount is not None else sums[agency, whole]
        )
        if amount is not None:
            seen[whole].add(month)
    expected = {cell: amount for cell, amount in sums.items() if len(seen[cell[1]]) == need}
    table = pd.DataFrame(known, columns=["agency", "period", "amount"])
    table["amount"] = table["amount"].astype("float64")
    if not expected:
        with pytest.raises(SpendingError):
            read_spending(table, keys=["agency"], freq=name)
        return
    read = read_spending(table, keys=["agency"], freq=name)
    assert list(zip(read["agency"], read["period"], strict=True)) == sorted(expected)
    np.testing.assert_array_equal(read["amount"], [expected[cell] for cell in sorted(expected)])
    left = {month.asfreq(name) for _, month, _ in known} - {
        whole for whole, months in seen.items() if len(months) == need
    }
    assert sum(" is left out: " in notice for notice in read.attrs["notices"]) == len(left)


@pytest.mark.parametrize(
    ("periods", "freq", "problem"),
    [
        ([2027], "M", "column 'period': fiscal years cannot be split into months (M). Leave out `freq`."),
        (["2027Q1"], "M", "column 'period': quarters cannot be split into months (M). Leave out `freq`."),
        (
            pd.PeriodIndex(["2027"], freq="Y-JUN"),
            "Q-JUN",
            "column 'period': fiscal years cannot be split into quarters (Q-JUN). Leave out `freq`.",
        ),
        (
            pd.PeriodIndex(["2027"], freq="Y-JUN"),
            "Y-SEP",
            "column 'period': fiscal years (Y-JUN) do not make up fiscal years (Y-SEP). Write freq='Y-JUN'.",
        ),
        (
            pd.PeriodIndex(["2027Q1"], freq="Q-JUN"),
            "Y-JUL",
            "column 'period': quarters (Q-JUN) do not make up fiscal years (Y-JUL). Write freq='Y-JUN'.",
        ),
        (
            pd.PeriodIndex(["2027-01-03"], freq="W-SUN"),
            None,
            "column 'period': periods of frequency W-SUN. Make them fiscal years, quarters or months.",
        ),
        (
            pd.PeriodIndex(["2027-01", "NaT"], freq="M"),
            None,
            "row 1, column 'period': '' is not a month. Write one such as 2026-07.",
        ),
        (
            pd.DatetimeIndex(["2027-01-01", "NaT"]),
            None,
            "row 1, column 'period': '' is not a date. Write one such as 2026-07-01.",
        ),
        ([2027], "A-JUN", "freq 'A-JUN' is not a frequency. Did you mean 'Y-JUN'?"),
        ([2027], "A", "freq 'A' is not a frequency. Did you mean 'Y-DEC'?"),
        ([2027], "Y", "freq 'Y' is not a frequency. Did you mean 'Y-DEC'?"),
        ([2027], "QE-JUNE", "freq 'QE-JUNE' is not a frequency. Did you mean 'Q-JUN'?"),
        ([2027], "ME", "freq 'ME' is not a frequency. Did you mean 'M'?"),
        ([2027], "weekly", "freq 'weekly' is not a frequency. Write one such as 'Y-JUN', 'Q-JUN' or 'M'."),
    ],
)
def test_frequencies_that_do_not_fit(periods: object, freq: str | None, problem: str) -> None:
    assert problems(of_one_agency(periods), freq=freq) == (problem,)


# Problems of the table


def test_three_faults_are_three_bullets(tmp_path: Path) -> None:
    path = write(
        tmp_path, "agency,period,amount\nhealth,2024,twelve\nhealth,soon,7\naging,2025,1\naging,2025,2\naging,2026,3\n"
    )
    with pytest.raises(SpendingError) as error:
        read_spending(path)
    assert str(error.value) == (
        "spending.csv: 3 problems.\n"
        "  - row 3, column 'period': 'soon' is not a fiscal year. Write one such as 2027.\n"
        "  - row 2, column 'amount': 'twelve' is not a number. Write plain dollars such as 1250000.\n"
        "  - row 5: a second amount for aging in 2025. Add them up, or name `keys`."
    )


def test_faults_of_the_header_come_first_and_all_at_once() -> None:
    with pytest.raises(SpendingError) as error:
        read_spending(pd.DataFrame({"mean": ["a"], "dollars": [1.0]}).iloc[:0], freq="Y")
    assert str(error.value) == (
        "spending table: 5 problems.\n"
        "  - freq 'Y' is not a frequency. Did you mean 'Y-DEC'?\n"
        "  - no column 'period' (columns: mean, dollars). Name the one that holds it with period='...'.\n"
        "  - no column 'amount' (columns: mean, dollars). Name the one that holds it with amount='...'.\n"
        "  - column 'mean' bears a name that the outlook uses itself. Rename it.\n"
        "  - there are no rows. It needs one a line and period."
    )


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (
            {"agency": ["a"], "period": [2025], "amount": [np.inf]},
            "row 0, column 'amount': 'inf' is not a number. Write plain dollars such as 1250000.",
        ),
        (
            {"agency": ["a"], "period": [2025], "amount": ["nan"]},
            "row 0, column 'amount': 'nan' is not a number. Write plain dollars such as 1250000.",
        ),
        (
            {"agency": ["a"], "period": [2025], "amount": [np.nan]},
            "column 'amount': every amount is blank. At least one must be known.",
        ),
        (
            {"agency": ["a"], "period": [2025.5], "amount": [1.0]},
            "row 0, column 'period': '2025.5' is not a fiscal year. Write one such as 2027.",
        ),
        (
            {"agency": ["a", "a"], "period": [205, 2025], "amount": [1.0, 2.0]},
            "column 'period': 205 to 2025 is more than 200 years. Check the first and the last.",
        ),
        (
            {"agency": ["a", "a"], "period": ["1826-07", "2026-07"], "amount": [1.0, 2.0]},
            "column 'period': 1826-07 to 2026-07 is more than 200 years. Check the first and the last.",
        ),
        (
            {"agency": ["(all)"], "fund": "(all)", "period": [2025], "amount": [1.0]},
            "row 0: every key is '(all)', which stands for the total. Leave totals out.",
        ),
        (
            {"agency": ["a", "a"], "period": pd.PeriodIndex(["2025"] * 2, freq="Y-JUN"), "amount": [1.0, 2.0]},
            "row 1: a second amount for a in FY2025. Add them up, or name `keys`.",
        ),
        (
            {"period": ["2025Q1"] * 2, "amount": [1.0, 2.0]},
            "row 1: a second amount for the line in 2025Q1. Add them up, or name `keys`.",
        ),
    ],
)
def test_one_fault(table: dict[str, object], problem: str) -> None:
    assert problems(pd.DataFrame(table)) == (problem,)


def test_the_longest_history_is_read() -> None:
    months = pd.PeriodIndex(["1826-07", "2026-06"], freq="M")
    assert len(lay_out(read_spending(of_one_agency(months))).steps) == 2400


def test_only_keys_that_are_all_totals_are_refused() -> None:
    assert len(read_spending(of_one_agency([2025], fund="(all)"))) == 1


def test_amounts_that_add_up_to_more_than_a_number_can_hold() -> None:
    with pytest.raises(SpendingError, match="row 0: with the others of its line and period its amount is more than a"):
        read_spending(of_one_agency([2025, 2025], 1e308), keys=["agency"])


# Files


def test_rows_are_the_lines_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '\n\nagency , period,amount\n"a\nb",2025,1\n\na,2025,2\n,,\na,2026,x\n')
    assert problems(path) == ("row 9, column 'amount': 'x' is not a number. Write plain dollars such as 1250000.",)
    assert len(read_spending(write(tmp_path, path.read_text().replace(",x", ",5")))) == 3


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
def test_separators_are_found(tmp_path: Path, separator: str) -> None:
    text = "agency,period,amount\nhealth,2025,1.5\n".replace(",", separator)
    assert read_spending(write(tmp_path, text))["amount"].tolist() == [1.5]


def test_columns_without_a_name(tmp_path: Path) -> None:
    table = ",agency,period,amount,\n0,a,2025,1,\n1,b,2025,2,\n"
    assert problems(write(tmp_path, table)) == ("column 1 has no name. Name it, remove it, or choose `keys`.",)
    assert problems(write(tmp_path, table.replace("agency", ""))) == (
        "column 1 has no name. Name it, remove it, or choose `keys`.",
        "column 2 has no name. Name it, remove it, or choose `keys`.",
    )
    assert len(read_spending(write(tmp_path, table), keys=["agency"])) == 2


def test_a_column_that_stands_there_twice(tmp_path: Path) -> None:
    path = write(tmp_path, "agency,note,note,period,amount\na,x,y,2025,1\n")
    assert problems(path) == ("column 'note' stands there twice. Rename or remove one.",)
    assert len(read_spending(path, keys=["agency"])) == 1


def test_a_reserved_column_that_stands_there_twice(tmp_path: Path) -> None:
    assert problems(write(tmp_path, "mean,mean,period,amount\na,x,2025,1\n")) == (
        "column 'mean' bears a name that the outlook uses itself. Rename it.",
        "column 'mean' stands there twice. Rename or remove one.",
    )


def test_cells_are_read_as_they_stand(tmp_path: Path) -> None:
    cells = read_cells(write(tmp_path, "agency,period,index\n 01,FY2025,1.030\n"))
    assert cells.to_dict("list") == {"agency": [" 01"], "period": ["FY2025"], "index": ["1.030"]}


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zip"])
def test_packed_files_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"spending.csv{suffix}"
    of_one_agency([2025]).to_csv(path, index=False)
    assert read_spending(path)["amount"].tolist() == [1.0]


def test_the_sheet_with_periods_is_found(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["agency", "period", "amount"],
        [None, None, None],
        ["0312", 2025, 1.25],
        [312, 2026, None],
    ]
    path = write_sheets(tmp_path / "book.xlsx", {"notes": [["Spending"], ["of agencies"]], "data": rows, "more": rows})
    table = read_spending(path)
    assert table["agency"].tolist() == ["0312", "312"]
    np.testing.assert_array_equal(table["amount"], [1.25, np.nan])
    pd.testing.assert_frame_equal(read_spending(path, sheet="more"), table)
    assert problems(path, sheet="notes") == (
        "no column 'period' (columns: Spending). Name the one that holds it with period='...'.",
        "no column 'amount' (columns: Spending). Name the one that holds it with amount='...'.",
    )
    assert problems(path, sheet="none") == ("no sheet 'none' (sheets: notes, data, more). Correct `sheet`.",)


def test_cells_of_dates_are_dates_and_rows_those_of_the_sheet(tmp_path: Path) -> None:
    day = datetime.date
    rows: list[list[object]] = [["agency", "period", "amount"], ["a", day(2026, 7, 1), 1], ["a", day(2026, 8, 1), 2]]
    path = write_sheets(tmp_path / "book.xlsx", {"data": rows})
    assert written(read_spending(path)) == ["2026-07", "2026-08"]
    path = write_sheets(tmp_path / "book.xlsx", {"data": [[None, None, None], *rows, ["a", "soon", 2]]})
    assert problems(path) == ("row 5, column 'period': 'soon' is not a date. Write one such as 2026-07-01.",)


def test_rows_of_parquet_are_counted_from_one_and_named_indexes_are_columns(tmp_path: Path) -> None:
    path = tmp_path / "spending.parquet"
    table = of_one_agency([2025, 2025])
    table.to_parquet(path)
    assert problems(path) == ("row 2: a second amount for a in 2025. Add them up, or name `keys`.",)
    of_one_agency([2025, 2026]).set_index(["agency", "period"]).to_parquet(path)
    assert read_spending(path)["period"].tolist() == [2025, 2026]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", b"", "the file is empty. It needs a header and one row a line and period."),
        ("a.csv", b"\n \n\n", "the file is empty. It needs a header and one row a line and period."),
        ("a.csv", b"PK\x03\x04...", "not CSV, which its suffix says: it holds xlsx. Rename it to .xlsx."),
        ("a.xlsx", b"PAR1...", "not xlsx, which its suffix says: it holds Parquet. Rename it to .parquet."),
        ("a.PARQUET", b"agency,period", "not Parquet, which its suffix says: it holds text. Rename it to .csv."),
        ("a.xls", b"\xd0\xcf\x11\xe0...", "a workbook of before Excel 2007. Save it as .xlsx."),
        ("a.csv", b"agency,period,amount\n", "there are no rows. It needs one a line and period."),
        (
            "a.csv",
            b"agency,period,amount\na,2025,1,2\n",
            "not a CSV file in UTF-8 (Error tokenizing data. C error: Expected 3 fields in line 2, saw 4). Save it as "
            "one.",
        ),
        (
            "a.csv",
            b"agency,period,amount\n\xe9,2025,1\n",
            "not a CSV file in UTF-8 ('utf-8' codec can't decode byte 0xe9 in position 21: invalid continuation byte)."
            " Save it as one.",
        ),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SpendingError) as error:
        read_spending(path)
    assert str(error.value) == f"{name}: 1 problem.\n  - {problem}"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.xlsx", b"PK\x03\x04...", r"^not an xlsx workbook \(.+[^.]\)\. Save it as one\.$"),
        ("a.parquet", b"PAR1...", r"^not a Parquet file \(.+[^.]\)\. Write it again\.$"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SpendingError) as error:
        read_spending(path)
    assert len(error.value.problems) == 1
    assert re.match(problem, error.value.problems[0])


def test_a_suffix_that_says_nothing_leaves_it_to_the_content(tmp_path: Path) -> None:
    assert len(read_spending(write(tmp_path, "agency,period,amount\na,2025,1\n", "spending.dat"))) == 1


def test_a_missing_file_a_folder_and_a_sheet_of_no_workbook(tmp_path: Path) -> None:
    missing = tmp_path / "nothing.csv"
    assert problems(missing) == (f"no such file: {missing}. Check the path.",)
    assert problems(tmp_path) == ("cannot be opened (Is a directory). Name a file.",)
    assert problems(write(tmp_path, "a,b"), sheet="data") == ("a CSV file has no sheet 'data'. Leave out `sheet`.",)
    assert problems(of_one_agency([2025]), sheet="data") == ("a frame has no sheet 'data'. Leave out `sheet`.",)


# Round trips


def to_csv(table: pd.DataFrame, folder: Path) -> Path:
    table.to_csv(folder / "table.csv", index=False)
    return folder / "table.csv"


def to_parquet(table: pd.DataFrame, folder: Path) -> Path:
    table.to_parquet(folder / "table.parquet")
    return folder / "table.parquet"


def to_xlsx(table: pd.DataFrame, folder: Path) -> Path:
    text = table.assign(period=table["period"].astype("str" if table["period"].dtype != np.int64 else "int64"))
    return write_sheets(folder / "table.xlsx", {"table": [list(text.columns), *text.to_numpy(dtype=object).tolist()]})


cents = st.integers(-(10**13), 10**13).map(lambda amount: amount / 100)
floats = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(("write_table", "amounts"), [(to_csv, floats), (to_parquet, floats), (to_xlsx, cents)])
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_reads_back_equal(
    tmp_path: Path,
    write_table: Callable[[pd.DataFrame, Path], Path],
    amounts: st.SearchStrategy[float],
    data: st.DataObject,
) -> None:
    rows = st.tuples(texts, texts, st.integers(-30, 60), st.one_of(st.just(np.nan), amounts))
    drawn = data.draw(
        st.lists(rows, min_size=1, max_size=20, unique_by=lambda row: (row[0].strip(), row[1].strip(), row[2]))
    )
    name = data.draw(st.sampled_from(["", "Y-JUN", "Q-DEC", "Q-JUN", "M"]))
    agency, fund, step, amount = zip(*drawn, strict=True)
    steps = np.array(step) + 100
    period = FREQUENCIES[name].index(steps + 1970 * (name[:1] == "Y")) if name else steps
    table = pd.DataFrame({"agency": agency, "fund": fund, "period": period, "amount": np.array((*amount[:-1], 1.5))})
    first = read_spending(table)
    pd.testing.assert_frame_equal(read_spending(write_table(first, tmp_path), freq=name or None), first)
