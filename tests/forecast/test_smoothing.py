import numpy as np
import pytest

from forecast.smoothing import Cells, ThetaCells, blocks, likelihood, smooth, smooth_theta
from tests.forecast.spending_tables import random_walks

NAN = np.nan


def plain_smooth(amounts: list[float], alpha: float, gamma: float, phi: float, horizon: int) -> list[float]:
    """One line and one cell, as one would write it without arrays."""
    steps = min(len(amounts) - 1, 3)
    level, slope = amounts[0], (amounts[steps] - amounts[0]) / steps if phi else 0.0
    for value in amounts[1:]:
        error = value - level - phi * slope
        level, slope = level + phi * slope + alpha * error, phi * slope + gamma * error
    return [level + slope * sum(phi**j for j in range(1, k + 1)) for k in range(1, horizon + 1)]


def plain_theta(amounts: list[float], alpha: float, theta: float, horizon: int) -> list[float]:
    """The dynamic theta model as published, its line fitted anew to all values so far, each forecast taken for true."""
    values, level, said = list(amounts[:1]), amounts[0], []
    for t in range(1, len(amounts) + horizon):
        time = np.arange(1, t + 1)
        slope = float(np.polyfit(time, values, 1)[0]) if t > 1 else 0.0
        start = float(np.mean(values)) - slope * (t + 1) / 2
        trend = (1 - alpha) ** t * start + (1 - (1 - alpha) ** (t + 1)) / alpha * slope
        expected = level + (1 - 1 / theta) * trend
        value = amounts[t] if t < len(amounts) else expected
        said.append(expected)
        values.append(value)
        level = alpha * value + (1 - alpha) * level
    return said[-horizon:]


@pytest.mark.parametrize(("alpha", "beta", "phi"), [(0.3, 0.2, 0.9), (0.95, 0.0, 1.0), (0.5, 0.0, 0.0)])
def test_smoothing_is_that_of_a_plain_loop(alpha: float, beta: float, phi: float) -> None:
    history = random_walks(3, 11) / 1e6
    history[1, :4] = NAN
    cells = Cells.of([(alpha, alpha * beta, phi)])
    said = smooth(history, cells, np.array([8, 11]), 4)
    for j, origin in enumerate((8, 11)):
        for i, begin in enumerate((0, 4, 0)):
            expected = plain_smooth(history[i, begin:origin].tolist(), alpha, alpha * beta, phi, 4)
            np.testing.assert_allclose(said[j, i], expected)


@pytest.mark.parametrize(("alpha", "theta"), [(0.3, 2.0), (0.9, 4.0)])
def test_dynamic_theta_is_that_of_a_plain_loop(alpha: float, theta: float) -> None:
    history = random_walks(3, 11) / 1e6
    history[1, :4] = NAN
    said = smooth_theta(history, ThetaCells.of((alpha,), (theta,)), np.array([8, 11]), 4)
    for j, origin in enumerate((8, 11)):
        for i, begin in enumerate((0, 4, 0)):
            np.testing.assert_allclose(said[j, i], plain_theta(history[i, begin:origin].tolist(), alpha, theta, 4))


def test_nothing_after_an_origin_is_known() -> None:
    history = random_walks(5, 14)
    changed = history.copy()
    changed[:, 9:] *= 3
    cells, theta = Cells.of([(0.3, 0.1, 0.9), (0.8, 0.0, 1.0)]), ThetaCells.of((0.2, 0.7), (2.0, 3.0))
    origins = np.array([5, 9])
    np.testing.assert_array_equal(smooth(history, cells, origins, 3), smooth(changed, cells, origins, 3))
    np.testing.assert_array_equal(smooth_theta(history, theta, origins, 3), smooth_theta(changed, theta, origins, 3))


def test_the_likelier_cell_weighs_more_the_longer_the_line() -> None:
    loss = np.array([[1.0, 10.0], [2.0, 20.0]])
    weights = likelihood(loss, np.array([2.0, 20.0]), np.ones(2))
    np.testing.assert_allclose(weights.sum(axis=0), 1)
    np.testing.assert_allclose(weights[:, 0], [2 / 3, 1 / 3])
    np.testing.assert_allclose(weights[:, 1], [1 / (1 + 2.0**-10), 1 / (1 + 2.0**10)])


def test_a_perfect_fit_and_no_errors_leave_finite_weights() -> None:
    weights = likelihood(np.zeros((3, 2)), np.array([0.0, 30.0]), np.array([0.0, 1.0]))
    np.testing.assert_allclose(weights, 1 / 3)


def test_blocks_cover_every_line_once() -> None:
    assert [(part.start, part.stop) for part in blocks(5000)] == [(0, 2048), (2048, 4096), (4096, 5000)]
    assert list(blocks(0)) == []
