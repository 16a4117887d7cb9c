from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import smoothing
from forecast.arrays import FloatArray, IntArray
from forecast.smoothing import STILL, Cells, ThetaCells, likelihood, smooth, smooth_theta
from tests.forecast.spending_tables import random_walks

NAN = np.nan
CELLS = [(0.3, 0.1, 0.9), (0.8, 0.0, 1.0), (0.5, 0.0, 0.0)]
ALPHAS, THETAS = (0.2, 0.7), (2.0, 3.0)
Run = Callable[[FloatArray, IntArray, int], FloatArray]


def damped(values: FloatArray, origins: IntArray, horizon: int) -> FloatArray:
    return smooth(values, Cells.of(CELLS), origins, horizon)


def theta(values: FloatArray, origins: IntArray, horizon: int) -> FloatArray:
    return smooth_theta(values, ThetaCells.of(ALPHAS, THETAS), origins, horizon)


BOTH = pytest.mark.parametrize("run", [damped, theta])


def plain_smooth(
    amounts: list[float], alpha: float, gamma: float, phi: float, horizon: int
) -> tuple[list[float], list[float]]:
    """Forecasts and past errors of one line and one cell, as one would write it without arrays."""
    steps = min(len(amounts) - 1, 3)
    level, slope = amounts[0], (amounts[steps] - amounts[0]) / steps if phi and steps else 0.0
    errors = []
    for value in amounts[1:]:
        error = value - level - phi * slope
        level, slope = level + phi * slope + alpha * error, phi * slope + gamma * error
        errors.append(error)
    return [level + slope * sum(phi**j for j in range(1, k + 1)) for k in range(1, horizon + 1)], errors


def plain_theta(amounts: list[float], alpha: float, theta: float, horizon: int) -> tuple[list[float], list[float]]:
    """The dynamic theta model as published, its line fitted anew to all values so far, each forecast taken for true."""
    values, said = list(amounts[:1]), []
    level = alpha * amounts[0] + (1 - alpha) * amounts[0] / theta
    for t in range(1, len(amounts) + horizon):
        time = np.arange(1, t + 1)
        slope = float(np.polyfit(time, values, 1)[0]) if t > 1 else 0.0
        start = float(np.mean(values)) - slope * (t + 1) / 2
        trend = (1 - alpha) ** t * start + (1 - (1 - alpha) ** (t + 1)) / alpha * slope
        said.append(level + (1 - 1 / theta) * trend)
        values.append(amounts[t] if t < len(amounts) else said[-1])
        level = alpha * values[-1] + (1 - alpha) * level
    past = len(amounts) - 1
    return said[past:], [value - expected for value, expected in zip(amounts[1:], said[:past], strict=True)]


def plain_mean(amounts: list[float], cells: list[tuple[list[float], list[float]]]) -> FloatArray:
    """Forecasts of all cells, weighed by the likelihood of their errors."""
    square = np.mean([(value - amounts[0]) ** 2 for value in amounts])
    count = len(amounts) - 1
    likely = np.array([(np.mean(np.square(errors)) / square + STILL) ** (-count / 2) for _, errors in cells])
    return np.asarray(likely / likely.sum() @ np.array([said for said, _ in cells]), dtype=np.float64)


def ragged() -> FloatArray:
    """Three lines of eleven periods; the second begins in the fifth."""
    history = random_walks(3, 11) / 1e6
    history[1, :4] = NAN
    return history


@pytest.mark.parametrize(("alpha", "beta", "phi"), [(0.3, 0.2, 0.9), (0.95, 0.0, 1.0), (0.5, 0.0, 0.0)])
def test_smoothing_is_that_of_a_plain_loop(alpha: float, beta: float, phi: float) -> None:
    history = ragged()
    said = smooth(history, Cells.of([(alpha, alpha * beta, phi)]), np.array([8, 11]), 4)
    for j, origin in enumerate((8, 11)):
        for i, begin in enumerate((0, 4, 0)):
            expected, _ = plain_smooth(history[i, begin:origin].tolist(), alpha, alpha * beta, phi, 4)
            np.testing.assert_allclose(said[j, i], expected)


@pytest.mark.parametrize(("alpha", "theta"), [(0.3, 2.0), (0.9, 4.0), (0.05, 1.5), (0.5, 1.0)])
def test_dynamic_theta_is_the_published_formula(alpha: float, theta: float) -> None:
    history = ragged()
    said = smooth_theta(history, ThetaCells.of((alpha,), (theta,)), np.array([8, 11]), 4)
    for j, origin in enumerate((8, 11)):
        for i, begin in enumerate((0, 4, 0)):
            expected, _ = plain_theta(history[i, begin:origin].tolist(), alpha, theta, 4)
            np.testing.assert_allclose(said[j, i], expected)


def test_forecasts_are_means_of_cells_by_their_likelihood() -> None:
    history = ragged()
    origins = np.array([8, 11])
    ours, our_theta = damped(history, origins, 3), theta(history, origins, 3)
    for j, origin in enumerate(origins.tolist()):
        for i, begin in enumerate((0, 4, 0)):
            line = history[i, begin:origin].tolist()
            np.testing.assert_allclose(ours[j, i], plain_mean(line, [plain_smooth(line, *cell, 3) for cell in CELLS]))
            pairs = [plain_theta(line, alpha, each, 3) for alpha in ALPHAS for each in THETAS]
            np.testing.assert_allclose(our_theta[j, i], plain_mean(line, pairs))


@BOTH
@given(seed=st.integers(0, 2**32), factor=st.floats(1e-9, 1e9))
@settings(max_examples=30, deadline=None)
def test_nothing_after_an_origin_is_known(run: Run, seed: int, factor: float) -> None:
    """To the last bit, from four amounts on, which the first trend is taken from."""
    history = random_walks(5, 14, seed)
    history[2, :4] = NAN
    changed = history.copy()
    changed[:, 9:] *= -factor
    origins = np.array([8, 9])
    np.testing.assert_array_equal(run(history, origins, 3), run(changed, origins, 3))


@BOTH
def test_one_pass_is_a_run_at_each_origin(run: Run) -> None:
    history = random_walks(5, 14)
    history[2, :4] = NAN
    origins = np.array([8, 9, 12, 14])
    said = run(history, origins, 3)
    for j, origin in enumerate(origins.tolist()):
        np.testing.assert_allclose(said[j], run(history[:, :origin], np.array([origin]), 3)[0], rtol=1e-12)


@BOTH
def test_a_line_that_has_not_begun_is_forecast_as_zero(run: Run) -> None:
    history = random_walks(3, 9)
    history[1, :7] = NAN
    history[2] = NAN
    said = run(history, np.array([5, 9]), 2)
    assert (said[0, 1] == 0).all()
    assert (said[:, 2] == 0).all()
    assert (said[:, 0] > 0).all()


@BOTH
def test_constant_lines_stay_to_the_bit_and_single_amounts_too(run: Run) -> None:
    history = np.array([[0.1] * 9, [NAN] * 8 + [7.3], [-1e40] * 9, [5e-324] * 9])
    np.testing.assert_array_equal(run(history, np.array([9]), 4)[0], np.repeat(history[:, -1:], 4, axis=1))


@BOTH
def test_forecasts_move_and_grow_with_their_line(run: Run) -> None:
    """No level is foreseen and no size: lines that differ by a sum or a factor have forecasts that do so too."""
    history = random_walks(4, 12) / 1e5
    origins = np.array([6, 12])
    said = run(history, origins, 5)
    np.testing.assert_allclose(run(history - 300, origins, 5), said - 300)
    np.testing.assert_allclose(run(-7 * history, origins, 5), -7 * said)
    np.testing.assert_array_equal(run(history * 2.0**90, origins, 5), said * 2.0**90)


@BOTH
@pytest.mark.parametrize("other", [1e300, -1e300, 1e-300, 0.0, NAN])
def test_no_line_sees_another(run: Run, other: float) -> None:
    history = random_walks(3, 12)
    beside = history.copy()
    beside[1] = other * (-1.0) ** np.arange(12)
    origins = np.array([6, 12])
    np.testing.assert_array_equal(run(beside, origins, 5)[:, [0, 2]], run(history, origins, 5)[:, [0, 2]])


@BOTH
def test_blocks_are_put_together_in_order(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    history = random_walks(7, 12)
    origins = np.array([6, 12])
    whole = run(history, origins, 5)
    monkeypatch.setattr(smoothing, "BLOCK", 3)
    np.testing.assert_allclose(run(history, origins, 5), whole, rtol=1e-12)


@BOTH
def test_no_lines_have_no_forecasts(run: Run) -> None:
    assert run(np.empty((0, 5)), np.array([3, 5]), 2).shape == (2, 0, 2)


def test_a_straight_line_goes_on() -> None:
    rising = 10 + 3 * np.arange(20, dtype=np.float64)[None]
    holt = smooth(rising, Cells.of([(alpha, 0.1, 1.0) for alpha in (0.1, 0.5, 0.9)]), np.array([20]), 3)
    np.testing.assert_allclose(holt[0], [[70, 73, 76]])
    half = smooth_theta(rising, ThetaCells.of((0.98,), (2.0,)), np.array([20]), 3)
    np.testing.assert_allclose(half[0, 0], [68.5, 70, 71.5], atol=0.1)


def test_the_likelier_cell_weighs_more_the_longer_the_line() -> None:
    loss = np.array([[1.0, 10.0], [2.0, 20.0]])
    weights = likelihood(loss, np.array([2.0, 20.0]), np.ones(2))
    np.testing.assert_allclose(weights.sum(axis=0), 1)
    np.testing.assert_allclose(weights[:, 0], [2 / 3, 1 / 3])
    np.testing.assert_allclose(weights[:, 1], [1 / (1 + 2.0**-10), 1 / (1 + 2.0**10)])


@given(
    st.lists(st.lists(st.floats(0, 1e3), min_size=4, max_size=4), min_size=1, max_size=8),
    st.integers(0, 2_000),
    st.sampled_from([0.0, 5e-324, 1e-200, 0.3, 1.0]),
)
def test_weights_of_cells_sum_to_one_and_fall_with_the_loss(rows: list[list[float]], count: int, square: float) -> None:
    loss = np.array(rows)
    weights = likelihood(loss, np.full(4, float(count)), np.full(4, square))
    np.testing.assert_allclose(weights.sum(axis=0), 1)
    ranked = np.take_along_axis(weights, np.argsort(loss, axis=0, kind="stable"), axis=0)
    assert (np.diff(ranked, axis=0) <= 1e-12).all()


def test_a_perfect_fit_and_no_errors_leave_finite_weights() -> None:
    weights = likelihood(np.zeros((3, 2)), np.array([0.0, 30.0]), np.array([0.0, 1.0]))
    np.testing.assert_allclose(weights, 1 / 3)
    nearly = likelihood(np.array([[0.0], [1e-7]]), np.array([10.0]), np.array([1.0]))
    np.testing.assert_allclose(nearly[0] / nearly[1], [2.0**5])
    perfect = likelihood(np.array([[0.0], [1.0]]), np.array([5.0]), np.array([1.0]))
    np.testing.assert_allclose(perfect, [[1], [0]], atol=1e-12)
