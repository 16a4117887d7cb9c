"""Spending given the appropriation on a real state's books, FY1998-2021: how far it cuts the last value's error."""

import numpy as np
import pytest

from benchmarks.appropriations import LEDGER, LINES, Measured, measure, read_agencies, read_lines

pytestmark = pytest.mark.skipif(not LEDGER.is_file(), reason=f"no real ledger at {LEDGER}; set REALLOT_SHARED")


@pytest.fixture(scope="module")
def agencies() -> Measured:
    return measure(read_agencies())


def test_one_year_ahead_agency_totals_miss_by_little_more_than_half_of_the_last_value(agencies: Measured) -> None:
    known = np.isfinite(agencies.actual[:, :, 0])
    assert known.any(axis=0).sum() == 52
    assert agencies.panel.years[agencies.origins[known.any(axis=1)] - 1].tolist() == list(range(2010, 2021))
    last = agencies.smape(agencies.last(), 1)
    assert last == pytest.approx(15.18, abs=0.05)
    error = agencies.smape(agencies.said[1].then, 1)
    assert error <= 0.55 * last
    assert error <= agencies.smape(agencies.simple()["simple: median of 3 *"], 1)


def test_a_known_second_year_helps_the_second_year(agencies: Measured) -> None:
    last = agencies.smape(agencies.last(), 2)
    assert agencies.smape(agencies.said[1].then, 2) <= 0.9 * last
    assert agencies.smape(agencies.said[2].then, 2) <= 0.5 * last


def test_no_single_rule_beats_them_together(agencies: Measured) -> None:
    errors = agencies.errors()
    together = errors.pop("given")
    errors.pop("given, then as history")
    assert together[0] < min(error[0] for error in errors.values())


def test_beyond_the_enacted_years_a_forecast_appropriation_is_no_worse_than_history_alone(agencies: Measured) -> None:
    for enacted, ahead in ((1, 2), (1, 3), (2, 3)):
        given, carried = (each[enacted].then for each in (agencies.said, agencies.carried))
        assert agencies.smape(given, ahead) < agencies.smape(carried, ahead)
        assert agencies.smape(given, 1) == agencies.smape(carried, 1)


def test_intervals_cover_about_as_often_as_they_say(agencies: Measured) -> None:
    for enacted, ahead in ((1, 1), (2, 2)):
        coverage = agencies.coverage(agencies.said[enacted].then, ahead)
        assert coverage == pytest.approx([0.80, 0.95], abs=0.03)


@pytest.mark.skipif(not LINES.is_file(), reason=f"no real ledger lines at {LINES}; set REALLOT_SHARED")
def test_lines_by_agency_and_fund_one_year_ahead() -> None:
    lines = measure(read_lines(), enacted=(1,))
    assert lines.smape(lines.said[1].then, 1) <= 0.55 * lines.smape(lines.last(), 1)
    assert np.isfinite(lines.said[1].now).all()
