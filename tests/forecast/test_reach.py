from dataclasses import replace

import numpy as np
import pytest

from forecast.arrays import FloatArray
from forecast.profiles import Position
from forecast.reach import group_reach, line_scale, line_size, reach, size_third
from tests.forecast.monthly_tables import NAN, position


def test_reach_is_a_conformal_quantile() -> None:
    errors = np.random.default_rng(1).permutation(np.arange(1.0, 1001) - 301)
    below, above = reach(errors, np.zeros(1000, dtype=np.int64), (80, 95))
    normal = np.sqrt(np.pi / 2) * np.array([1.2815515655, 1.9599639845])
    wider = (1000 * np.array([600.0, 675]) + 20 * normal) / 1020
    np.testing.assert_allclose(above[:, 1], wider, rtol=0.003)
    np.testing.assert_allclose(above[:, 0], (1000 * np.array([600.0, 675]) + 20 * wider) / 1020, rtol=0.003)
    wider = (1000 * np.array([200.0, 275]) + 20 * normal) / 1020
    np.testing.assert_allclose(below[:, 1], wider, rtol=0.006)
    none = reach(np.array([NAN]), np.zeros(1, dtype=np.int64), (80, 95))
    np.testing.assert_allclose(none, np.broadcast_to(normal[:, None], (2, 2, 3)))


def test_small_lines_do_not_lend_their_tails_to_large_ones() -> None:
    draw = np.random.default_rng(1)
    third = np.repeat([0, 1, 2], 300)
    errors = draw.normal(size=900) * np.array([9.0, 3.0, 1.0])[third]
    below, above = reach(errors, third, (80, 95))
    for side in (below, above):
        assert (side[:, 0] > 2 * side[:, 1]).all()
        assert (side[:, 1] > 1.5 * side[:, 2]).all()


def scaled(at: Position, **change: FloatArray) -> FloatArray:
    """Scales of like lines of one size whose errors, one each, were a tenth of it."""
    n = len(at.spent)
    known: dict[str, FloatArray] = {
        "size": np.full(n, 100.0),
        "miss": np.full(n, 0.1),
        "count": np.ones(n),
        "apart": np.ones((3, n)),
    }
    return line_scale(**(known | change), peers=np.zeros(n, dtype=np.int64), at=at)


def test_scale_grows_with_errors_of_its_own_and_where_rules_part() -> None:
    at = position()
    even = scaled(at)
    usual = (5 * 0.1 + 3 * (5 * 0.1 + 3 * 0.074 * np.sqrt(7 / 12)) / 8) / 8
    np.testing.assert_allclose(even, 100 * np.exp((np.log(0.1) + 4 * np.log(usual)) / 5))
    worse = scaled(at, miss=np.array([0.3, 0.1, 0.1, 0.1, 0.1]))
    assert worse[0] > 1.2 * worse[1]
    apart = np.ones((3, 5))
    apart[:, 0] = 4.0
    np.testing.assert_allclose(scaled(at, apart=apart), even * np.array([4.0 ** (0.5 * 4 / 5), 1, 1, 1, 1]))
    bare = replace(at, whole=np.zeros_like(at.whole), appropriated=at.appropriated * NAN, prior=at.prior * NAN)
    assert (scaled(bare) > 1.5 * even).all()
    np.testing.assert_array_equal(scaled(replace(at, now=np.ones((5, 12)))), 0)


def test_lines_stand_in_thirds_where_there_are_enough() -> None:
    size = np.append(np.arange(2.0, 62), 1.0)
    assert np.bincount(size_third(size)).tolist() == [21, 20, 20]
    assert size_third(size[:20]).tolist() == [0] * 20


def test_a_sum_without_a_backtest_is_what_its_lines_imply() -> None:
    group = np.array([0, 0, 1])
    reached = group_reach(np.array([3.0, 4.0, 2.0]), np.full((1, 2), NAN), np.ones(2), group, (80,))
    implied = np.sqrt([0.71 * 25 + 0.29 * 49, 4.0])
    np.testing.assert_allclose(reached[0], 1.2815515655 * implied)


def test_the_size_of_a_line_follows_the_smaller_of_past_and_projection() -> None:
    totals = np.array([[90.0, 100, 110], [NAN, NAN, NAN], [1e6, 1e6, 1e6], [0, 0, 0]])
    size = line_size(totals, np.array([100.0, 40, 0, 0]))
    assert size.tolist() == pytest.approx([100, 40, 1e5, 1])
