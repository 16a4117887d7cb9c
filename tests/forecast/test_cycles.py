from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import SettingError, SpendingError
from forecast.cycles import (
    EVIDENCE,
    VERSIONS,
    biennium,
    by_biennium,
    compare,
    enacted_through,
    evidence,
    lapse,
    lay_evidence,
    read_versions,
)


def table(*rows: tuple[str, str, int, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["agency", "fund", "period", "version", "amount"])


BUDGET = table(
    ("health", "general", 2027, "actual", 80),
    ("health", "general", 2027, "Enacted", 100),
    ("health", "general", 2027, "revised", 90),
    ("health", "general", 2027, "request", 120),
    ("aging", "general", 2027, "enacted", 50),
    ("aging", "general", 2027, "actual", 55),
    ("aging", "general", 2027, "request", 45),
    ("aging", "federal", 2028, "enacted", 10),
    ("aging", "federal", 2028, "Cost to continue", 9),
    ("health", "general", 2028, "actual", 80),
    ("health", "general", 2028, "allotted", 60),
    ("health", "general", 2028, "enacted", 70),
    ("health", "general", 2029, "request", 99),
)


def test_versions_are_read_in_the_order_of_a_budgets_life() -> None:
    versions = read_versions(BUDGET)
    assert list(versions.columns) == ["agency", "fund", "period", "version", "amount"]
    assert versions["period"].dtype == "int64"
    first = versions[(versions["agency"] == "health") & (versions["period"] == 2027)]
    assert first["version"].tolist() == ["request", "enacted", "revised", "actual"]
    assert first["amount"].tolist() == [120, 100, 90, 80]
    pd.testing.assert_frame_equal(read_versions(versions), versions)


def test_a_file_reads_as_its_frame_and_blank_amounts_are_no_versions(tmp_path: Path) -> None:
    path = tmp_path / "versions.csv"
    path.write_text("agency,period,version,amount\na,FY2027,enacted,5\na,2027,revised,\n", encoding="utf-8")
    assert read_versions(path).to_numpy().tolist() == [["a", 2027, "enacted", 5.0]]


def test_keys_that_are_not_named_are_added_up() -> None:
    versions = read_versions(BUDGET, keys=["fund"])
    assert versions[versions["version"] == "actual"]["amount"].tolist() == [135, 80]


def test_quarters_are_added_up_to_fiscal_years() -> None:
    quarters = [str(quarter) for quarter in pd.period_range("2027Q1", "2027Q4", freq="Q-JUN")]
    rows = pd.DataFrame({"agency": "a", "period": quarters, "version": "actual", "amount": [1.0, 2, 3, 4]})
    assert read_versions(rows, freq="Y-JUN").to_numpy().tolist() == [["a", 2027, "actual", 10.0]]
    with pytest.raises(SpendingError, match="no fiscal years"):
        read_versions(rows)


def test_all_faults_at_once() -> None:
    rows = [
        ("a", "g", 2027, "enactd", 1),
        ("a", "g", 2027, "", 1),
        ("b", "g", 2027, "Request", 1),
        ("b", "g", 2027, "request", 2),
        ("b", "g", "soon", "actual", "ten"),
    ]
    faulty = pd.DataFrame(rows, columns=["agency", "fund", "period", "version", "amount"])
    with pytest.raises(SpendingError) as error:
        read_versions(faulty)
    assert error.value.where == "versions table"
    assert error.value.problems == (
        "row 0, column 'version': 'enactd' is no version. Did you mean enacted?",
        f"row 1, column 'version': '' is no version. Write one of {', '.join(VERSIONS)}.",
        "row 4, column 'period': 'soon' is not a fiscal year. Write one such as 2027.",
        "row 4, column 'amount': 'ten' is not a number. Write plain dollars such as 1250000.",
        "row 3: a second amount for b, g, request in 2027. Add them up, or name `keys`.",
    )


def test_a_missing_column_and_a_key_named_as_a_result() -> None:
    rows = pd.DataFrame({"share": ["a"], "period": [2027], "amount": [1.0]})
    with pytest.raises(SpendingError) as error:
        read_versions(rows)
    assert error.value.problems == (
        f"no column 'version' (columns: share, period, amount). It names one of {', '.join(VERSIONS)}.",
        "column 'share' bears a name that comparisons use. Rename it.",
    )


def test_evidence_is_the_last_word_with_the_force_of_law() -> None:
    known = evidence(read_versions(BUDGET))
    assert known.to_numpy().tolist() == [
        ["aging", "federal", 2028, "enacted", 10.0],
        ["aging", "general", 2027, "enacted", 50.0],
        ["health", "general", 2027, "revised", 90.0],
        ["health", "general", 2028, "allotted", 60.0],
    ]


def test_enacted_through_and_a_table_of_wishes() -> None:
    versions = read_versions(BUDGET)
    assert enacted_through(versions) == 2028
    wishes = versions[versions["version"].isin(["request", "cost_to_continue"])]
    assert enacted_through(wishes) is None
    assert evidence(wishes).empty


def test_evidence_is_laid_out_by_line_and_year() -> None:
    versions = read_versions(BUDGET)
    years = np.array([2026, 2027, 2028])
    lines = pd.DataFrame({"agency": ["health", "aging", "nobody"]})
    laid = lay_evidence(versions, lines, years)
    np.testing.assert_array_equal(laid, [[np.nan, 90, 60], [np.nan, 50, 10], [np.nan] * 3])
    total = lay_evidence(versions, pd.DataFrame(index=range(1)), years)
    np.testing.assert_array_equal(total, [[np.nan, 140, 70]])
    with pytest.raises(SettingError, match="lines 'program' is not a key"):
        lay_evidence(versions, pd.DataFrame({"program": ["a"]}), years)


@pytest.mark.parametrize(
    ("year", "start", "name"),
    [
        (2027, 2027, "FY2027-28"),
        (2028, 2027, "FY2027-28"),
        (2028, 1, "FY2027-28"),
        (2028, 2026, "FY2028-29"),
        (2099, 1, "FY2099-00"),
        (2000, 2001, "FY1999-00"),
    ],
)
def test_a_biennium_is_named_for_its_years(year: int, start: int, name: str) -> None:
    assert biennium(year, start).tolist() == [name]


def test_sums_by_biennium_tell_whole_cycles_from_halves() -> None:
    sums = by_biennium(read_versions(BUDGET), 2027)
    actual = sums[sums["version"] == "actual"]
    assert actual[["agency", "biennium", "amount", "years"]].to_numpy().tolist() == [
        ["aging", "FY2027-28", 55.0, 1],
        ["health", "FY2027-28", 160.0, 2],
    ]
    later = sums[(sums["agency"] == "health") & (sums["biennium"] == "FY2027-28")]
    assert later["version"].tolist() == ["request", "enacted", "allotted", "revised", "actual"]


def test_a_comparison_by_hand() -> None:
    changes = compare(read_versions(BUDGET), "request", "enacted")
    assert list(changes.columns) == ["agency", "fund", "period", "request", "enacted", "change", "share"]
    assert changes.to_numpy().tolist() == [
        ["health", "general", 2027, 120.0, 100.0, -20.0, pytest.approx(4 / 3)],
        ["aging", "general", 2027, 45.0, 50.0, 5.0, pytest.approx(-1 / 3)],
    ]
    funds = compare(read_versions(BUDGET), "request", "enacted", by=["fund"])
    assert funds.to_numpy().tolist() == [["general", 2027, 165.0, 150.0, -15.0, 1.0]]


def test_a_line_that_one_version_lacks_counts_there_as_nothing() -> None:
    rows = table(("a", "g", 2027, "request", 5), ("b", "g", 2027, "enacted", 7), ("a", "g", 2028, "request", 5))
    changes = compare(read_versions(rows), "request", "enacted")
    assert changes[["agency", "change", "share"]].to_numpy().tolist() == [["b", 7.0, 3.5], ["a", -5.0, -2.5]]


AMOUNTS = st.lists(st.integers(-1000, 1000), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None)
@given(AMOUNTS, AMOUNTS)
def test_shares_sum_to_the_total_change_or_are_zero(before: list[int], after: list[int]) -> None:
    rows = [(f"l{i}", "g", 2027, "request", amount) for i, amount in enumerate(before)]
    rows += [(f"l{i}", "g", 2027, "enacted", amount) for i, amount in enumerate(after)]
    changes = compare(read_versions(table(*rows)), "request", "enacted")
    total = sum(after) - sum(before)
    assert changes["change"].sum() == pytest.approx(total)
    assert changes["share"].sum() == pytest.approx(1 if total else 0)
    np.testing.assert_allclose(changes["share"] * total, changes["change"] if total else 0, atol=1e-9)
    assert changes["change"].abs().is_monotonic_decreasing


def test_settings_of_a_comparison_are_checked() -> None:
    versions = read_versions(BUDGET)
    with pytest.raises(SettingError, match="'asked' is no version"):
        compare(versions, "asked", "enacted")
    with pytest.raises(SettingError, match="compared with itself"):
        compare(versions, "enacted", "enacted")
    with pytest.raises(SettingError, match="by 'program' is not a key"):
        compare(versions, "request", "enacted", by=["program"])


def test_lapse_and_overspending_by_hand() -> None:
    versions = read_versions(BUDGET)
    assert lapse(versions).to_numpy().tolist() == [[2027, 140.0, 135.0, 10.0, 5.0], [2028, 60.0, 80.0, 0.0, 20.0]]
    agencies = lapse(versions, ["agency"])
    assert agencies.to_numpy().tolist() == [["aging", 50.0, 55.0, 0.0, 5.0], ["health", 150.0, 160.0, 10.0, 20.0]]
    assert lapse(versions, []).to_numpy().tolist() == [[200.0, 215.0, 10.0, 25.0]]


def test_of_a_biennial_appropriation_nothing_lapses_before_the_cycle_ends() -> None:
    versions = read_versions(BUDGET)
    assert lapse(versions, ["biennium"], start=2027).to_numpy().tolist() == [["FY2027-28", 200.0, 215.0, 0.0, 15.0]]
    with pytest.raises(SettingError, match="by 'period' is not a key"):
        lapse(versions, ["period"], start=2027)


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("ab"), st.sampled_from([2027, 2028, 2029]), st.sampled_from(VERSIONS)),
        st.integers(-50, 50),
        min_size=1,
    )
)
def test_lapse_is_a_plain_loop(cells: dict[tuple[str, int, str], int]) -> None:
    versions = read_versions(table(*((line, "g", year, name, amount) for (line, year, name), amount in cells.items())))
    appropriated = actual = lapsed = over = 0
    for line, year in {(line, year) for line, year, _ in cells}:
        known = next((cells[line, year, name] for name in EVIDENCE if (line, year, name) in cells), None)
        spent = cells.get((line, year, "actual"))
        if known is not None and spent is not None:
            appropriated, actual = appropriated + known, actual + spent
            lapsed, over = lapsed + max(0, known - spent), over + max(0, spent - known)
    assert lapse(versions, []).to_numpy().tolist() == [[appropriated, actual, lapsed, over]]
    assert appropriated - actual == lapsed - over
