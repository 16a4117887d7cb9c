import numpy as np
import pytest

from forecast.arrays import FloatArray
from forecast.backtest import Backtest, Prepared, backtest
from forecast.models import COMBINED, MODELS, LastValue
from forecast.scores import score, score_lines
from tests.forecast.spending_tables import random_walks

NAN = np.nan


def run(amounts: FloatArray, horizon: int = 3) -> tuple[Backtest, Prepared]:
    now = Prepared.of(amounts, 1)
    return backtest(amounts, now, np.zeros(len(amounts), dtype=np.int64), MODELS, horizon), now


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
