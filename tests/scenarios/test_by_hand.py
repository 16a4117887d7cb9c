"""What was set by hand: kept once its year has closed, and held against what came and what the models said then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecast
from forecast import losses
from scenarios.books import closed_years
from scenarios.budget import evidence
from scenarios.by_hand import OVERRIDDEN, SCORED
from scenarios.expected import Expected, outlook_of
from scenarios.pipeline import plan_study
from scenarios.results import read_results
from scenarios.study import Study, checked, read_study, write_study
from scenarios.tables import LINE_KEYS, TABLES
from tests.scenarios.studies import small_study, under_way

HEALTH = {"agency": "health", "program": "", "fund": "", "category": ""}


def overrides(*rows: dict[str, object]) -> pd.DataFrame:
    told = {"amount": 1e5, "reason": "A contract ends", "author": "Budget office", "date": pd.Timestamp(2024, 9, 1)}
    return pd.DataFrame([HEALTH | {"fiscal_year": 2025} | told | row for row in rows])[list(TABLES["overrides"].names)]


def expected(study: Study) -> Expected:
    found = outlook_of(checked(study))
    assert found is not None
    return found


def spent(study: Study, year: int) -> float:
    rows = study.table("spending")
    return float(rows.loc[rows["agency"].eq("health") & rows["period"].eq(year), "expended"].sum())


def test_an_override_of_a_closed_year_is_held_against_the_outlook_of_its_day() -> None:
    study = small_study()
    found = expected(study.with_table("overrides", overrides({"amount": 3e5}))).overrides
    assert list(found.columns) == list(OVERRIDDEN)
    closed = closed_years(study.tables, study.years, study.quarters)
    money = evidence(study, 2024, through=2025)
    then = forecast.outlook(closed[closed["period"].le(2024)], horizon=1, levels=(80,), appropriations=money)
    said = float(then.lines.loc[then.lines["agency"].eq("health"), "mean"].sum())
    came = spent(study, 2025)
    row = found.iloc[0]
    assert row["model_mean"] == pytest.approx(said)
    assert row["actual"] == pytest.approx(came)
    assert row["smape"] == pytest.approx(float(losses.smape(np.array(came), np.array(3e5))))
    assert row["model_smape"] == pytest.approx(float(losses.smape(np.array(came), np.array(said))))
    assert row["better"] == float(abs(came - 3e5) < abs(came - said))
    assert row["lines"] == 2
    assert row["date"] == "2024-09-01"


def test_what_came_later_changes_nothing_that_was_said_then() -> None:
    study = small_study().with_table("overrides", overrides({}))
    table = study.table("spending")
    later = table["period"].gt(2025)
    changed = study.with_table("spending", table.assign(expended=table["expended"] * np.where(later, 3.0, 1.0)))
    one, other = (expected(each).overrides for each in (study, changed))
    pd.testing.assert_frame_equal(one, other)


def test_overrides_stand_in_their_order_those_ahead_as_ever() -> None:
    study = small_study()
    ahead = overrides({"fiscal_year": 2028, "amount": 123_456.0})
    mixed = overrides(
        {"fiscal_year": 2028, "amount": 123_456.0},
        {"author": "Health"},
        {"fiscal_year": 2024, "date": pd.Timestamp(2022, 7, 1)},
    )
    alone, both = (expected(study.with_table("overrides", table)) for table in (ahead, mixed))
    pd.testing.assert_frame_equal(alone.lines, both.lines)
    told = both.overrides
    assert told["period"].tolist() == [2028, 2025, 2024]
    assert told["author"].tolist() == ["Budget office", "Health", "Budget office"]
    assert told.loc[0, list(SCORED)].isna().all()
    assert told.loc[1:, list(SCORED)].notna().all(axis=None)
    assert told["model_mean"].iloc[0] == alone.overrides["model_mean"].iloc[0]


def test_the_outlook_of_a_day_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    own = forecast.outlook

    def counted(spending: pd.DataFrame, **more: object) -> forecast.Outlook:
        asked.append(int(spending["period"].max()))
        return own(spending, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(forecast, "outlook", counted)
    days: list[dict[str, object]] = [
        {},
        {"agency": "taxation", "date": pd.Timestamp(2025, 6, 30)},
        {"fiscal_year": 2026, "date": pd.Timestamp(2025, 7, 1)},
    ]
    found = expected(small_study().with_table("overrides", overrides(*days))).overrides
    assert sorted(asked) == [2024, 2025, 2026]
    assert found["better"].notna().all()


def test_of_a_line_that_began_later_the_models_said_nothing() -> None:
    study = small_study()
    table = study.table("spending")
    fresh = table[table["period"].ge(2025) & table["agency"].eq("health")].assign(category="new", expended=5e4)
    study = study.with_table("spending", pd.concat([table, fresh], ignore_index=True))
    told = expected(study.with_table("overrides", overrides({"category": "new", "amount": 1e5}))).overrides.iloc[0]
    assert (told["model_mean"], told["actual"], told["better"]) == (0.0, 1e5, 1.0)
    ended = study.with_table("spending", table[~(table["agency"].eq("health") & table["period"].eq(2025))])
    told = expected(ended.with_table("overrides", overrides({}))).overrides.iloc[0]
    assert told["actual"] == 0.0


def test_before_the_history_there_is_no_model_to_hold_it_against() -> None:
    table = overrides({"fiscal_year": 2022, "date": pd.Timestamp(2020, 9, 1)})
    told = expected(small_study().with_table("overrides", table)).overrides
    assert told[["model_mean", *SCORED]].isna().all(axis=None)
    assert told["lines"].tolist() == [2]


def test_an_override_of_the_year_under_way_waits() -> None:
    study = under_way(small_study())
    waiting = overrides({"fiscal_year": 2026, "date": pd.Timestamp(2025, 3, 1)})
    found = checked(study.with_table("overrides", waiting))
    said = [str(w) for w in found.warnings if w.file == "tables/overrides.csv"]
    assert said == [
        'tables/overrides.csv, row 2, column fiscal_year: "2026" is under way: its books say where it ends. '
        "Keep the row: it is judged when that year has closed."
    ]
    without, told = expected(study), expected(found)
    pd.testing.assert_frame_equal(without.lines, told.lines)
    assert told.overrides["model_mean"].notna().all()
    assert told.overrides[list(SCORED)].isna().all(axis=None)


def test_of_a_biennium_the_appropriations_of_both_years_were_known() -> None:
    table = overrides({"fiscal_year": 2025, "date": pd.Timestamp(2023, 9, 1)})
    spending = small_study().table("spending")
    raised = spending.assign(appropriated=spending["appropriated"] * np.where(spending["period"].eq(2025), 1.5, 1.0))
    by_year, by_two = (small_study(biennium_start=start) for start in (None, 2024))
    said = [
        expected(each.with_table("spending", raised).with_table("overrides", table)).overrides["model_mean"].iloc[0]
        for each in (by_year, by_two)
    ]
    assert said[1] > 1.2 * said[0]


def test_overrides_of_closed_years_are_in_the_results(tmp_path: Path) -> None:
    study = small_study().with_table("overrides", overrides({}, {"fiscal_year": 2028}))
    place = write_study(study, tmp_path / "study")
    results = plan_study(read_study(place), "baseline", tmp_path / "out")
    told = read_results(results.folder).overrides
    assert told["actual"].notna().tolist() == [True, False]
    assert told[list(LINE_KEYS)].iloc[0].tolist() == ["health", "", "", ""]
