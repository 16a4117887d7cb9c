import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.chances import KNOTS, Chances, chances


@given(st.lists(st.floats(0, 100), min_size=3, max_size=3), st.floats(-300, 300), st.floats(0.5, 5), st.booleans())
def test_lapse_is_the_integral_that_it_is_said_to_be(sides: list[float], limit: float, high: float, held: bool) -> None:
    below = np.maximum.accumulate(np.linspace(1, 10, len(KNOTS)) * (1 + sides[0] / 50))[:, None]
    above = below * high
    floor = np.array([50.0 - sides[1] / 5]) if held else np.array([-np.inf])
    likely = chances(np.array([50.0]), floor, below, above)
    grid = np.linspace(-500, 500, 400_001)
    steps = np.diff(likely.amounts[0])
    rising = np.append(steps > 0, True)
    amounts, chance = likely.amounts[0][rising], likely.chance[rising]
    cumulative = np.interp(grid, amounts, chance, left=0.0, right=1.0)
    width = grid[1] - grid[0]
    at = np.array([limit])
    assert likely.below(at)[0] == pytest.approx(cumulative[grid <= limit].sum() * width, abs=0.01)
    assert likely.above(at)[0] == pytest.approx((1 - cumulative[grid > limit]).sum() * width, abs=0.01)
    if not np.isclose(limit, likely.amounts[0]).any():
        assert likely.over(at)[0] == pytest.approx(1 - np.interp(limit, amounts, chance, left=0, right=1), abs=1e-6)


def test_lapse_less_overspend_is_what_is_left_of_the_mean() -> None:
    likely = Chances(np.array([[0.0, 10.0, 30.0]]), np.array([0.0, 0.5, 1.0]))
    mean = 0.5 * 5 + 0.5 * 20
    for limit in (-5.0, 4.0, 12.0, 50.0):
        at = np.array([limit])
        assert likely.below(at)[0] - likely.above(at)[0] == pytest.approx(limit - mean)
    assert likely.below(np.array([10.0]))[0] == pytest.approx(2.5)
