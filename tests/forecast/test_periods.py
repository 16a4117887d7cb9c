from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast import SpendingError, read_spending
from forecast.frequency import FREQUENCIES
from forecast.ledger import lay_out
from forecast.periods import last_months
from tests.forecast.spending_tables import of_one_agency, problems, write, written


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


def test_months_and_quarters_are_read_each_by_itself() -> None:
    values = ["2025-07", "Jul 2025", "2026Q1", pd.Period("2025Q3", "Q-DEC"), pd.Timestamp("2025-09-03"), "2025", None]
    last, span = last_months(pd.Series(values, dtype="object"), FREQUENCIES["Y-JUN"])
    july = pd.Period("2025-07", "M").ordinal
    assert span.tolist() == [1, 1, 3, 3, 1, 0, 0]
    assert last[:5].tolist() == [july, july, july + 2, july + 2, july + 2]
