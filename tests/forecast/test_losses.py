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
def test_scaled_error_is_that_of_a_plain_loop(triples: list[tuple[float, float, float]]) -> None:
    y, f, change = (np.array(column) for column in zip(*triples, strict=True))
    expected = [
        abs(a - b) / c if c > losses.STILL * (abs(a) + abs(b)) else np.nan for a, b, c in zip(y, f, change, strict=True)
    ]
    np.testing.assert_allclose(losses.scaled_error(y, f, change), expected)


@given(TRIPLES)
def test_covered_is_that_of_a_plain_loop(triples: list[tuple[float, float, float]]) -> None:
    y, f, reach = (np.array(column) for column in zip(*triples, strict=True))
    expected = [b - c <= a <= b + c for a, b, c in zip(y, f, reach, strict=True)]
    np.testing.assert_array_equal(losses.covered(y, f - reach, f + reach), expected)
