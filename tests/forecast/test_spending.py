from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast import SpendingError, read_spending
from forecast.spending import lay_out


def write(folder: Path, text: str) -> Path:
    path = folder / "spending.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_study_table_is_read_with_its_keys_as_text(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "period,agency,fund,appropriated,expended,encumbered\n"
        "2025,health,0312,110,100.5,3\nFY2024,health,0312,100,,1\n2025,aging,0001,20,10,0\n",
    )
    table = read_spending(path)
    assert list(table.columns) == ["agency", "fund", "period", "amount"]
    assert table["fund"].tolist() == ["0001", "0312", "0312"]
    assert table["period"].tolist() == [2025, 2024, 2025]
    np.testing.assert_array_equal(table["amount"], [10.0, np.nan, 100.5])
    assert read_spending(path, amount="appropriated")["amount"].tolist() == [20.0, 100.0, 110.0]


def test_what_was_read_reads_the_same_again(tmp_path: Path) -> None:
    table = read_spending(write(tmp_path, "agency,period,amount\nb,2025,2\na,2025,1\n"))
    pd.testing.assert_frame_equal(read_spending(table), table)


def test_named_keys_add_up_what_they_leave_apart() -> None:
    table = pd.DataFrame({"agency": "a", "fund": ["x", "y", "y"], "period": [2025, 2025, 2024], "amount": [1, 2, 4]})
    assert read_spending(table, keys=["agency"])["amount"].tolist() == [4.0, 3.0]
    assert read_spending(table, keys=[])["amount"].tolist() == [4.0, 3.0]


def test_annual_periods_stay_periods() -> None:
    years = pd.PeriodIndex(["2025", "2027"], freq="Y-JUN")
    ledger = lay_out(read_spending(pd.DataFrame({"agency": "a", "period": years, "amount": [1.0, 3.0]})))
    assert ledger.frequency == "Y-JUN"
    assert ledger.years.tolist() == [2025, 2026, 2027]
    np.testing.assert_array_equal(ledger.amounts, [[1.0, np.nan, 3.0]])
    assert str(ledger.periods(np.array([2028]))[0]) == "2028"


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
        read_spending(pd.DataFrame({"mean": ["a"], "dollars": [1.0]}).iloc[:0])
    assert str(error.value) == (
        "spending table: 4 problems.\n"
        "  - no column 'period' (columns: mean, dollars). Name the one that holds it with period='...'.\n"
        "  - no column 'amount' (columns: mean, dollars). Name the one that holds it with amount='...'.\n"
        "  - column 'mean' bears a name that the outlook uses itself. Rename it.\n"
        "  - there are no rows. It needs one a line and year."
    )


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (
            {"agency": ["a"], "period": [2025], "amount": [np.inf]},
            "row 0, column 'amount': 'inf' is not a number. Write plain dollars such as 1250000.",
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
            {"agency": ["(all)"], "period": [2025], "amount": [1.0]},
            "row 0: every key is '(all)', which stands for the total. Leave totals out.",
        ),
        (
            {"agency": ["a"], "period": pd.PeriodIndex(["2025Q1"], freq="Q-JUN"), "amount": [1.0]},
            "column 'period': periods of frequency Q-JUN. Add them up to fiscal years first.",
        ),
    ],
)
def test_one_fault(table: dict[str, object], problem: str) -> None:
    with pytest.raises(SpendingError) as error:
        read_spending(pd.DataFrame(table))
    assert error.value.problems == (problem,)


def test_a_missing_and_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(SpendingError, match=r"nothing\.csv: 1 problem\.\n  - no such file"):
        read_spending(tmp_path / "nothing.csv")
    with pytest.raises(SpendingError, match="the file is empty"):
        read_spending(write(tmp_path, ""))
