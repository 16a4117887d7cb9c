import numpy as np
import pandas as pd
import pytest

from forecast.frequency import FREQUENCIES, Frequency


@pytest.mark.parametrize("frequency", FREQUENCIES.values(), ids=FREQUENCIES)
def test_whole_number_arithmetic_agrees_with_pandas(frequency: Frequency) -> None:
    months = pd.period_range("1966-03", "2031-11", freq="M")
    steps = frequency.holding(months.asi8)
    assert frequency.index(steps).equals(months.asfreq(frequency.name))
    starts = frequency.index(np.unique(steps)).asfreq("M", how="S")
    np.testing.assert_array_equal(frequency.first_month(np.unique(steps)), starts.asi8)
    if frequency.months == 12:
        np.testing.assert_array_equal(steps, frequency.index(steps).year)
