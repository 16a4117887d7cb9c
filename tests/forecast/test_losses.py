import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forecast import losses

AMOUNT = st.floats(-1e9, 1e9)
TRIPLES = st.lists(st.tuples(AMOUNT, AMOUNT, st.floats(0, 1e6, allow_subnormal=False)), min_size=1, max_size=20)


def smape_single(actual: float, forecast: float) -> float:
    if abs(actual) + abs(forecast) == 0:
        return 0.0
    return 200 * abs(actual - forecast) / (abs(actual) + abs(forecast))


@given(TRIPLES)
def test_smape_is_that_of_a_plain_loop(triples: list[tuple[float, float, float]]) -> None:
    y, f, _ = (np.array(column) for column in zip(*triples, strict=True))
    np.testing.assert_allclose(losses.smape(y, f), [smape_single(a, b) for a, b in zip(y, f, strict=True)])


@given(TRIPLES)
def test_error_in_changes_is_that_of_a_plain_loop(triples: list[tuple[float, float, float]]) -> None:
    y, f, change = (np.array(column) for column in zip(*triples, strict=True))
    error = np.abs(y - f)
    expected = [e / c if c > losses.STILL * (abs(a) + e) else np.nan for a, e, c in zip(y, error, change, strict=True)]
    np.testing.assert_allclose(losses.in_changes(error, y, change), expected)


@given(TRIPLES, st.sampled_from([50, 80, 95]))
def test_interval_score_is_that_of_a_plain_loop(triples: list[tuple[float, float, float]], level: int) -> None:
    y, f, reach = (np.array(column) for column in zip(*triples, strict=True))
    alpha = 1 - level / 100

    def single(actual: float, low: float, high: float) -> float:
        penalty = 2 / alpha * ((low - actual) * (actual < low) + (actual - high) * (actual > high))
        return high - low + penalty

    expected = [single(a, b - c, b + c) for a, b, c in zip(y, f, reach, strict=True)]
    np.testing.assert_allclose(losses.interval_score(y, f - reach, f + reach, level), expected, rtol=1e-6, atol=1e-3)


def test_owa_is_the_mean_of_two_ratios_or_of_the_one_that_can_be_told() -> None:
    assert losses.owa(8.0, 1.0, 10.0, 2.0) == 0.65
    assert losses.owa(8.0, float("nan"), 10.0, float("nan")) == 0.8
    assert np.isnan(losses.owa(0.0, 0.0, 0.0, 0.0))


def test_owa_takes_no_ratio_to_what_is_only_rounding() -> None:
    assert losses.owa(1.0, 1.0, 5e-324, 2.0) == 0.5
    assert np.isnan(losses.owa(1.0, 1.0, 1e-13, 1e-13))


@given(TRIPLES)
def test_covered_is_that_of_a_plain_loop(triples: list[tuple[float, float, float]]) -> None:
    y, f, reach = (np.array(column) for column in zip(*triples, strict=True))
    expected = [b - c <= a <= b + c for a, b, c in zip(y, f, reach, strict=True)]
    np.testing.assert_array_equal(losses.covered(y, f - reach, f + reach), expected)
