from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from forecast import scores
from forecast.arrays import FloatArray
from forecast.backtest import Backtest, Prepared, backtest
from forecast.intervals import bounds, calibrate, widths
from forecast.models import COMBINED, LastValue, models_for, naive_rival
from forecast.scores import never_negative, score, score_lines
from tests.forecast.hard_tables import Table, hard_tables
from tests.forecast.spending_tables import random_walks

NAN = np.nan
COLUMNS = ["model", "horizon", "smape", "mase", "owa", "coverage_80", "coverage_95"]
MORE_COLUMNS = ["interval_score_80", "interval_score_95", "weight", "n"]


def run(amounts: FloatArray, horizon: int = 3, season: int = 1) -> tuple[Backtest, Prepared]:
    now = Prepared.of(amounts, season)
    return backtest(amounts, now, np.zeros(len(amounts), dtype=np.int64), models_for(season), horizon), now


def of(table: pd.DataFrame, model: str) -> pd.DataFrame:
    """Rows of one model, by horizon."""
    return table[table["model"] == model].set_index("horizon")


@pytest.mark.parametrize("season", [1, 4])
def test_every_model_has_a_row_a_horizon_and_every_measure_a_column(season: int) -> None:
    test, now = run(random_walks(6, 24), 5, season)
    table = score(test, now, (80, 95), naive_rival(season))
    assert list(table.columns) == [*COLUMNS, *MORE_COLUMNS]
    assert table["model"].tolist() == [name for name in test.names for _ in range(5)]
    assert table["horizon"].tolist() == [1, 2, 3, 4, 5] * len(test.names)
    assert table.notna().all(axis=None)
    np.testing.assert_allclose(table[table["model"] != COMBINED].groupby("horizon")["weight"].sum(), 1)


@pytest.mark.parametrize("season", [1, 4])
def test_the_naive_rival_measures_itself_at_one(season: int) -> None:
    table = score(*run(random_walks(6, 24), 5, season), (80,), naive_rival(season))
    own, rival = of(table, COMBINED), of(table, naive_rival(season))
    assert rival["owa"].tolist() == [1.0] * 5
    assert (own["owa"] != 1).all()
    expected = (own["smape"] / rival["smape"] + own["mase"] / rival["mase"]) / 2
    np.testing.assert_allclose(own["owa"], expected)


def test_scores_count_what_they_stand_on() -> None:
    amounts = random_walks(5, 12)
    amounts[0, :8] = NAN
    amounts[1] = 0.0
    table = score(*run(amounts), (80, 95), LastValue.name).set_index(["model", "horizon"])
    assert {LastValue.name, COMBINED} < set(table.index.get_level_values("model"))
    assert table.loc[(COMBINED, 1), "n"] == 3 * 8 + 3
    assert table.loc[(COMBINED, 3), "n"] == 3 * 6 + 1
    assert table.loc[(COMBINED, 1), "weight"] == 1
    expected = [
        200 * abs(amounts[i, t] - amounts[i, t - 1]) / (amounts[i, t] + amounts[i, t - 1])
        for i in (0, 2, 3, 4)
        for t in range(9 if i == 0 else 4, 12)
    ]
    assert table.loc[(LastValue.name, 1), "smape"] == pytest.approx(np.mean(expected))
    assert table.loc[(LastValue.name, 2), "owa"] == 1


def test_scores_without_an_origin_are_nan_with_n_zero() -> None:
    table = score(*run(random_walks(2, 3), horizon=5), (80,), LastValue.name)
    far = table[table["horizon"] == 5]
    assert (far["n"] == 0).all()
    assert far[["smape", "mase", "owa", "coverage_80", "interval_score_80"]].isna().all(axis=None)


def test_coverage_of_random_walks_is_near_its_level() -> None:
    table = score(*run(random_walks(300, 20, common=0.0)), (80, 95), LastValue.name).set_index(["model", "horizon"])
    coverage = table.loc[COMBINED, ["coverage_80", "coverage_95"]].to_numpy()
    np.testing.assert_allclose(coverage, np.tile([0.80, 0.95], (3, 1)), atol=0.03)
    scores = table.loc[COMBINED, ["interval_score_80", "interval_score_95"]].to_numpy()
    assert (scores[:, 1] > scores[:, 0]).all()


def test_scores_of_lines_are_those_of_each_line_alone() -> None:
    amounts = random_walks(4, 12)
    amounts[3] = 0.0
    test, now = run(amounts)
    table = score_lines(test, now, (80,), LastValue.name)
    assert table["n"].tolist() == [8 + 7 + 6] * 3 + [0]
    assert table.loc[3].drop("n").isna().all()
    naive = [
        200 * abs(amounts[1, t + k] - amounts[1, t - 1]) / (amounts[1, t + k] + amounts[1, t - 1])
        for t in range(4, 12)
        for k in range(3)
        if t + k < 12
    ]
    assert table.loc[1, "naive_smape"] == pytest.approx(np.mean(naive))
    said = table.loc[1].to_dict()
    ratios = [said["smape"] / said["naive_smape"], said["mase"] / said["naive_mase"]]
    assert said["owa"] == pytest.approx(np.mean(ratios))


def plain_bands(test: Backtest, now: Prepared, model: int, level: int) -> tuple[list[float], list[float]]:
    """Share inside and mean score of a model's intervals by horizon, each origin calibrated on the others."""
    horizon = test.actual.shape[2]
    inside: list[list[float]] = [[] for _ in range(horizon)]
    lost: list[list[float]] = [[] for _ in range(horizon)]
    errors = test.scaled_errors(model)
    for j in range(len(test.origins)):
        others = [i for i in range(len(test.origins)) if i != j]
        fitted = calibrate(errors[others].reshape(-1, horizon), test.size[others].ravel(), (level,), horizon)
        below, above = widths(fitted, test.scale[j], test.size[j])
        low, high = bounds(test.forecasts[j, model], below, above, never_negative(now.cleaned.values))
        for i, k in np.argwhere(np.isfinite(test.actual[j])):
            y, bottom, top = test.actual[j, i, k], low[0, i, k], high[0, i, k]
            miss = max(bottom - y, 0) + max(y - top, 0)
            change = np.abs(np.diff(now.cleaned.values[i][np.isfinite(now.cleaned.values[i])])).mean()
            inside[k].append(float(bottom <= y <= top))
            lost[k].append((top - bottom + 2 / (1 - level / 100) * miss) / change)
    return [float(np.mean(part)) for part in inside], [float(np.mean(part)) for part in lost]


def test_intervals_are_scored_at_each_origin_by_the_others() -> None:
    amounts = random_walks(5, 12)
    amounts[0, :6] = NAN
    test, now = run(amounts)
    table = score(test, now, (80, 95), LastValue.name)
    for name in (COMBINED, LastValue.name):
        for level in (80, 95):
            inside, lost = plain_bands(test, now, test.names.index(name), level)
            np.testing.assert_allclose(of(table, name)[f"coverage_{level}"], inside)
            np.testing.assert_allclose(of(table, name)[f"interval_score_{level}"], lost)


@pytest.mark.parametrize(("season", "seed"), [(1, 1), (1, 2), (4, 3)])
def test_coverage_is_near_its_level_by_line_size_too(season: int, seed: int) -> None:
    amounts = random_walks(300, 28, seed, common=0.0)
    test, now = run(amounts, 3, season)
    table = score(test, now, (50, 80, 95), naive_rival(season))
    for level in (50, 80, 95):
        np.testing.assert_allclose(of(table, COMBINED)[f"coverage_{level}"], level / 100, atol=0.035)
    large = amounts[:, -1] > np.median(amounts[:, -1])
    lines = score_lines(test, now, (80,), naive_rival(season))
    for part in (large, ~large):
        assert lines.loc[part, "coverage_80"].mean() == pytest.approx(0.8, abs=0.05)


def test_intervals_of_many_lines_are_scored_on_some_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    test, now = run(random_walks(40, 14))
    fourth = np.arange(0, 40, 4)
    part = replace(
        test,
        forecasts=test.forecasts[:, :, fourth],
        actual=test.actual[:, fourth],
        scale=test.scale[:, fourth],
        size=test.size[:, fourth],
    )
    cleaned = replace(now.cleaned, values=now.cleaned.values[fourth])
    alone = score(part, replace(now, cleaned=cleaned), (80,), LastValue.name)
    whole = score(test, now, (80,), LastValue.name)
    monkeypatch.setattr(scores, "SAMPLE", 10)
    some = score(test, now, (80,), LastValue.name)
    bands, points = ["coverage_80", "interval_score_80"], ["smape", "mase", "owa", "weight", "n"]
    assert some[bands].equals(alone[bands])
    assert some[points].equals(whole[points])
    assert not some[bands].equals(whole[bands])


@given(table=hard_tables())
@settings(max_examples=60, deadline=None)
def test_no_table_is_too_hard(table: Table) -> None:
    test, now = run(table.amounts, 4, table.season)
    naive = naive_rival(table.season)
    rows = score(test, now, (80, 95), naive)
    assert (rows.loc[rows["n"] == 0, [*COLUMNS[2:], *MORE_COLUMNS[:2]]].isna()).all(axis=None)
    scored = rows[rows["n"] > 0]
    assert np.isfinite(scored[["smape", "coverage_80", "coverage_95", "weight"]].to_numpy()).all()
    assert scored["smape"].between(0, 200 + 1e-9).all()
    assert (scored["coverage_95"] >= scored["coverage_80"]).all()
    assert set(rows.loc[rows["model"] == naive, "owa"].dropna()) <= {1.0}
    lines = score_lines(test, now, (80, 95), naive)
    assert len(lines) == len(table.amounts)
    assert lines["n"].sum() == rows.loc[rows["model"] == COMBINED, "n"].sum()
    assert (lines["coverage_95"].dropna() >= lines["coverage_80"].dropna()).all()
