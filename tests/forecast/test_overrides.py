from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import SettingError
from forecast.overrides import apply, read_overrides, score

ROWS = (
    ("aging", "general", 100.0, 80.0, 150.0),
    ("health", "federal", 0.0, -5.0, 5.0),
    ("health", "general", 300.0, 0, 700),
)


def outlook_lines() -> pd.DataFrame:
    """Three lines of two years, the second half as much again."""
    rows = [
        (agency, fund, year, *(by * value for value in (mean, low, high, 2 * low - mean, 2 * high - mean)))
        for agency, fund, mean, low, high in ROWS
        for year, by in ((2027, 1.0), (2028, 1.5))
    ]
    lines = pd.DataFrame(rows, columns=["agency", "fund", "period", "mean", "lo_80", "hi_80", "lo_95", "hi_95"])
    floored = lines["agency"].eq("health") & lines["fund"].eq("general")
    return lines.assign(lo_95=lines["lo_95"].mask(floored, 0.0))


def override(**cells: object) -> dict[str, object]:
    told = {"agency": "", "fund": "", "period": 2027, "amount": 50.0}
    return told | {"reason": "contract ends", "author": "lee", "date": "2026-07-01"} | cells


def overrides(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([override(**row) for row in rows])


def test_what_was_read_reads_the_same_again(tmp_path: Path) -> None:
    lines = outlook_lines()
    path = tmp_path / "overrides.csv"
    path.write_text(
        "date,author,reason,amount,period,agency\n2026-07-01,lee,contract ends,1000,FY2027,aging\n", encoding="utf-8"
    )
    table = read_overrides(path, lines)
    assert list(table.columns) == ["agency", "fund", "period", "amount", "reason", "author", "date"]
    assert table.iloc[0].tolist() == ["aging", "", 2027, 1000.0, "contract ends", "lee", pd.Timestamp("2026-07-01")]
    assert table["period"].dtype == lines["period"].dtype
    pd.testing.assert_frame_equal(read_overrides(table, lines), table)


def test_all_faults_at_once() -> None:
    table = overrides(
        {"agency": "agng", "amount": "ten"},
        {"agency": "health", "fund": "general", "reason": " ", "author": None},
        {"agency": "health", "date": "soon"},
        {"agency": "aging", "period": 2035, "amount": np.nan},
    )
    with pytest.raises(SettingError) as error:
        read_overrides(table, outlook_lines())
    assert error.value.where == "overrides table"
    assert error.value.problems == (
        "row 0, column 'amount': 'ten' is not a number. Write plain dollars such as 1250000.",
        "row 3, column 'amount': '' is not a number. Write plain dollars such as 1250000.",
        "row 1, column 'reason': it is blank. Say why it is set by hand.",
        "row 1, column 'author': it is blank. Say who sets it.",
        "row 2, column 'date': 'soon' is not a date. Write one such as 2026-07-01.",
        "row 3: the period '2035' is not in the outlook (2027 to 2028).",
        "row 0: the outlook has no line agng, (any). Check its keys; a blank one stands for any.",
        "row 2: sets health, general in 2027, which row 1 sets too. Keep one.",
    )


def test_faults_of_the_header() -> None:
    with pytest.raises(SettingError) as error:
        read_overrides(overrides({}).rename(columns={"reason": "why"}), outlook_lines())
    assert error.value.problems == (
        "no column 'reason' (columns: agency, fund, period, amount, why, author, date). Every override tells it.",
        "column 'why' is no key of the outlook (keys: agency, fund). Remove it.",
    )


@pytest.mark.parametrize("other", [{"agency": "health", "fund": "general"}, {"fund": "general"}, {"agency": "health"}])
def test_no_two_overrides_of_one_cell_however_named(other: dict[str, object]) -> None:
    with pytest.raises(SettingError, match="row 1: sets health, general in 2027, which row 0 sets too"):
        read_overrides(overrides({"agency": "health", "fund": "general"}, other), outlook_lines())
    later = read_overrides(
        overrides({"agency": "health", "fund": "general"}, other | {"period": 2028}), outlook_lines()
    )
    assert len(later) == 2


def test_an_override_takes_its_intervals_along_and_the_models_figure_stays() -> None:
    lines = outlook_lines()
    applied = apply(lines, overrides({"agency": "aging", "amount": 130.0}))
    assert list(applied.columns) == [*lines.columns, "model_mean", "overridden"]
    assert applied.iloc[0][["mean", "lo_80", "hi_80", "lo_95", "hi_95"]].tolist() == [130, 110, 180, 90, 230]
    assert applied.iloc[0]["model_mean"] == 100
    assert applied["overridden"].tolist() == [True] + [False] * 5
    pd.testing.assert_frame_equal(applied.loc[1:, lines.columns], lines.loc[1:])
    np.testing.assert_array_equal(applied["model_mean"], lines["mean"])
    with pytest.raises(SettingError, match="hold overrides already"):
        apply(applied, overrides({"agency": "aging"}))


def test_an_interval_that_ended_at_zero_stays_there_and_as_wide() -> None:
    applied = apply(outlook_lines(), overrides({"agency": "health", "fund": "general", "amount": 100.0}))
    moved = applied.iloc[4]
    assert moved[["mean", "lo_80", "hi_80", "lo_95", "hi_95"]].tolist() == [100, 0, 700, 0, 1100]
    below = apply(outlook_lines(), overrides({"agency": "health", "fund": "federal", "amount": -20.0})).iloc[2]
    assert below[["mean", "lo_80", "hi_80"]].tolist() == [-20, -25, -15]


def test_a_blank_key_is_spread_by_forecast() -> None:
    applied = apply(outlook_lines(), overrides({"fund": "general", "amount": 800.0}))
    assert applied.loc[applied["period"] == 2027, "mean"].tolist() == [200, 0, 600]
    every = apply(outlook_lines(), overrides({"amount": 40.0, "period": 2028}))
    assert every.loc[every["period"] == 2028, "mean"].tolist() == [10, 0, 30]


def test_lines_forecast_at_nothing_share_alike() -> None:
    lines = outlook_lines().assign(mean=0.0)
    applied = apply(lines, overrides({"agency": "health", "amount": 60.0}))
    assert applied.loc[applied["period"] == 2027, "mean"].tolist() == [0, 30, 30]


def test_no_override_changes_nothing() -> None:
    lines = outlook_lines()
    applied = apply(lines, overrides({}).iloc[:0])
    pd.testing.assert_frame_equal(applied, lines.assign(model_mean=lines["mean"], overridden=False))


def test_an_outlook_without_keys_and_by_quarters() -> None:
    quarters = pd.PeriodIndex(["2027Q1", "2027Q2"], freq="Q-JUN")
    lines = pd.DataFrame({"period": quarters, "mean": [1.0, 2], "lo_80": [0.5, 1], "hi_80": [2.0, 3]})
    table = overrides({"period": "2027Q2", "amount": 5}).drop(columns=["agency", "fund"])
    applied = apply(lines, table)
    assert applied["mean"].tolist() == [1, 5]
    assert applied["hi_80"].tolist() == [2, 6]
    assert applied["period"].dtype == lines["period"].dtype


@settings(max_examples=25, deadline=None)
@given(st.floats(-1e9, 1e9), st.sampled_from([{}, {"agency": "aging"}, {"fund": "general"}, {"agency": "health"}]))
def test_amounts_add_up_and_widths_stay(amount: float, keys: dict[str, object]) -> None:
    lines = outlook_lines()
    applied = apply(lines, overrides(keys | {"amount": amount}))
    assert applied.loc[applied["overridden"], "mean"].sum() == pytest.approx(amount, rel=1e-9, abs=1e-9)
    tolerance = 1e-9 * (1 + abs(amount))
    for level in (80, 95):
        low, high = f"lo_{level}", f"hi_{level}"
        np.testing.assert_allclose(applied[high] - applied[low], lines[high] - lines[low], atol=tolerance)
        assert (applied[low] <= applied["mean"] + tolerance).all()
        assert (applied["mean"] <= applied[high] + tolerance).all()
    assert (applied["lo_95"] <= applied["lo_80"] + tolerance).all()
    assert (applied["hi_80"] <= applied["hi_95"] + tolerance).all()


def test_overrides_are_scored_against_the_model_by_hand() -> None:
    table = overrides(
        {"agency": "aging", "amount": 120.0, "author": "lee"},
        {"agency": "health", "amount": 100.0, "author": "lee"},
        {"agency": "aging", "amount": 150.0, "period": 2028, "author": "kim"},
        {"agency": "health", "fund": "general", "amount": 90.0, "period": 2028, "author": "ray"},
    )
    came = [
        ("aging", "general", 2027, 110.0),
        ("health", "general", 2027, 280.0),
        ("health", "federal", 2027, 20.0),
        ("aging", "general", 2028, 100.0),
    ]
    actuals = pd.DataFrame(came, columns=["agency", "fund", "period", "amount"])
    told = score(apply(outlook_lines(), table), table, actuals)
    assert told.each["model"].tolist() == [100, 300, 150, 450]
    np.testing.assert_array_equal(told.each["actual"], [110, 300, 100, np.nan])
    np.testing.assert_allclose(told.each["smape"], [200 * 10 / 230, 100, 40, np.nan])
    np.testing.assert_allclose(told.each["model_smape"], [200 * 10 / 210, 0, 40, np.nan])
    np.testing.assert_array_equal(told.each["better"], [0.5, 0, 0.5, np.nan])
    assert told.authors["author"].tolist() == ["kim", "lee"]
    assert told.authors["n"].tolist() == [1, 2]
    np.testing.assert_allclose(told.authors["smape"], [40, (200 * 10 / 230 + 100) / 2])
    np.testing.assert_allclose(told.authors["better"], [0.5, 0.25])


def test_a_part_of_the_actual_amount_scores_nothing() -> None:
    table = overrides({"agency": "health", "amount": 100.0})
    actuals = pd.DataFrame({"agency": ["health"], "fund": ["general"], "period": [2027], "amount": [280.0]})
    told = score(apply(outlook_lines(), table), table, actuals)
    assert np.isnan(told.each["actual"]).all()
    assert told.authors.empty
    with pytest.raises(SettingError, match="no column 'fund', a key of the outlook"):
        score(apply(outlook_lines(), table), table, actuals.drop(columns="fund"))
