from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecast import SpendingError, read_spending
from forecast.frequency import FREQUENCIES
from tests.forecast.spending_tables import by_periods, of_one_agency, problems, texts, write, write_sheets


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


def test_notices_stay_when_what_was_read_is_read_again(tmp_path: Path) -> None:
    table = read_spending(of_one_agency(["FY2027 Q1"]))
    assert read_spending(table).attrs["notices"] == table.attrs["notices"]
    table.to_parquet(tmp_path / "table.parquet")
    assert read_spending(tmp_path / "table.parquet").attrs["notices"] == table.attrs["notices"]


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


def test_only_keys_that_are_all_totals_are_refused() -> None:
    assert len(read_spending(of_one_agency([2025], fund="(all)"))) == 1


def test_amounts_that_add_up_to_more_than_a_number_can_hold() -> None:
    with pytest.raises(SpendingError, match="row 0: with the others of its line and period its amount is more than a"):
        read_spending(of_one_agency([2025, 2025], 1e308), keys=["agency"])


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
