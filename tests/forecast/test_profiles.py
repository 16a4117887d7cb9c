import numpy as np
import pytest

from forecast.profiles import DECAY, cumulative_share, pool
from tests.forecast.monthly_tables import NAN


def test_the_profile_leans_to_like_lines_as_far_as_years_differ() -> None:
    steady = np.tile([[30.0, 60.0]], (1, 4)).reshape(1, 4, 2)
    lines = np.concatenate([steady * scale for scale in (1.0, 2.0, 3.0)])
    totals, to_date = lines.sum(axis=2), lines[:, :, 0]
    share = cumulative_share(totals, to_date, 0.5, np.zeros(3, dtype=np.int64))
    weight = sum(DECAY**age for age in range(4))
    wider = (3 / 3 + 3 * (3 / 3 + 3 * 0.5) / 6) / 6
    assert share == pytest.approx([(weight / 3 + 0.1 * wider) / (weight + 0.1)] * 3)
    draw = np.random.default_rng(0)
    wild = draw.uniform(0.1, 0.9, size=(50, 4))
    leaned = cumulative_share(np.ones((50, 4)), wild, 0.5, np.zeros(50, dtype=np.int64))
    assert leaned.std() < 0.6 * wild.mean(axis=1).std()


def test_years_of_no_or_negative_spending_teach_no_profile() -> None:
    totals = np.array([[100.0, 0.0, -50.0, 100.0], [NAN, NAN, NAN, NAN]])
    to_date = np.array([[40.0, 10.0, 900.0, 40.0], [NAN, NAN, NAN, NAN]])
    share = cumulative_share(totals, to_date, 0.5, np.zeros(2, dtype=np.int64))
    assert 0.4 <= share[0] < 0.45
    assert 0.4 < share[1] < 0.5


def test_a_pooled_median_leans_from_peers_to_all_to_what_is_usual() -> None:
    values = np.array([2.0, 3.0, 9.0, 5.0, NAN])
    pooled = pool(values, np.array([0, 0, 0, 1, 2]), 1.0)
    overall = (4 * 4 + 3 * 1) / 7
    first, second = (3 * 3 + 3 * overall) / 6, (5 + 3 * overall) / 4
    assert pooled.tolist() == pytest.approx([first] * 3 + [second, overall])
