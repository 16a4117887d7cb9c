from forecast import ForecastError, SettingError, SpendingError
from forecast.errors import SHOWN


def test_every_error_is_a_forecast_error_and_a_value_error() -> None:
    assert issubclass(SpendingError, ForecastError)
    assert issubclass(SettingError, ForecastError)
    assert issubclass(ForecastError, ValueError)


def test_one_problem_is_counted_as_one() -> None:
    assert str(SettingError("outlook", ["too far."])) == "outlook: 1 problem.\n  - too far."


def test_many_problems_are_kept_and_the_first_ones_shown() -> None:
    error = SpendingError("spending.csv", [f"row {row} is wrong." for row in range(SHOWN + 5)])
    assert len(error.problems) == SHOWN + 5
    assert str(error).splitlines()[-1] == "  ... and 5 more."
