import numpy as np
import pytest

from forecast.projection import project
from forecast.trial import middle
from tests.forecast.monthly_tables import LAST, NAN, budget, months, spending


def test_the_backtest_knows_no_later_year() -> None:
    table = months(spending(12, 6, 12))
    enacted = budget({name: [1e6 * (1 + year / 9) for year in range(6)] for name in table["agency"].unique()})
    end = project(table, enacted, as_of="2025-11")
    changed = table.assign(amount=table["amount"].where(table["period"] <= "2024-11", table["amount"] * 3))
    raised = enacted.assign(amount=enacted["amount"].where(enacted["fiscal_year"] < LAST, 9e6))
    later = project(changed, raised, as_of="2025-11")
    np.testing.assert_array_equal(end.tested.projected[:-1], later.tested.projected[:-1])
    np.testing.assert_array_equal(end.tested.scale[:-1], later.tested.scale[:-1])
    assert not np.allclose(end.tested.projected[-1], later.tested.projected[-1])


def test_years_with_gaps_or_not_begun_in_time_are_not_scored() -> None:
    table = months(spending(4, 5, 2))
    names = sorted(table["agency"].unique())
    gap = (table["agency"] == names[0]) & (table["period"] == "2023-12")
    late = (table["agency"] == names[1]) & (table["period"] < "2022-10")
    end = project(table.assign(amount=table["amount"].mask(gap))[~late])
    scored = np.isfinite(end.tested.actual)
    assert end.tested.years.tolist() == [1, 2, 3, 4]
    assert scored.tolist() == [
        [True, False, True, True],
        [False, True, True, True],
        [True, True, True, True],
        [False, False, False, False],
    ]


def test_the_middle_of_projections_is_a_trimmed_mean() -> None:
    said = np.array([[1.0], [2.0], [3.0], [1000.0], [NAN]])
    assert middle(said, np.array([[0.25, 0.25, 0.25, 0.25, 0.0]]))[0] == pytest.approx(2.5)
    assert middle(said, np.array([[0.1, 0.7, 0.1, 0.1, 0.0]]))[0] == pytest.approx(2.0)
    assert middle(said, np.array([[0.2, 0.25, 0.35, 0.2, 0.0]]))[0] == pytest.approx((0.05 * 2 + 0.15 * 3) / 0.2)
