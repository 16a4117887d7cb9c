"""Draws of overruns reproduce the figures that their sources imply."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import spearmanr

from optimizer import Method
from scenarios.futures.draws import contract_draws, leads, slips, split, state_draws
from scenarios.futures.priors import CLASSES, SOURCES, OverrunClass, Priors, priors_of
from scenarios.parameters import Settings, parameters

PRIORS = priors_of(Settings.defaults())


def one(p: float, alpha: float, cap: float = 10.0) -> OverrunClass:
    return OverrunClass(p, alpha, cap)


def drawn(priors: Priors, which: OverrunClass, count: int = 200_000) -> np.ndarray:
    u = np.random.default_rng(7).random(count)
    return np.asarray(np.minimum(priors.cost_ratio(u, which), priors.stops_at(which)))


@pytest.mark.parametrize(
    ("p", "alpha", "mean", "p80", "p95", "over_3"),
    # implied by HBR 2011, by How Big Things Get Done 2023 and by PMJ 2025 (upper bound)
    [(0.17, 2.0, 1.21, 1.22, 2.7, 0.040), (0.18, 1.38, 1.38, 1.27, 3.7, 0.068), (0.18, 1.0, 1.54, 1.29, 5.4, 0.092)],
)
def test_overruns_have_the_quantiles_of_the_reference_class(
    p: float, alpha: float, mean: float, p80: float, p95: float, over_3: float
) -> None:
    ratio = drawn(PRIORS, one(p, alpha))
    assert np.percentile(ratio, [50, 80, 95]) == pytest.approx([0.94, p80, p95], rel=0.03)
    assert ratio.mean() == pytest.approx(mean, rel=0.03)
    assert (ratio > 3).mean() == pytest.approx(over_3, abs=0.004)


def test_the_defaults_are_the_suggested_ones_by_size_and_cut_by_their_caps() -> None:
    assert [(c.tail_chance, c.tail_power, c.cap) for c in PRIORS.classes] == [
        (0.08, 1.6, 5),
        (0.13, 1.5, 8),
        (0.20, 1.4, 10),
        (0.25, 1.4, 10),
    ]
    assert list(PRIORS.class_of(np.array([1e6, 1.1e6, 1e7, 2e7, 5e7, 6e7]))) == [0, 1, 1, 2, 2, 3]
    for which in PRIORS.classes:
        ratio = drawn(PRIORS, which)
        assert ratio.max() == which.cap
        assert (ratio > PRIORS.tail_from).mean() == pytest.approx(which.tail_chance, abs=0.003)


def modules(n: int, rho: float, stop: float = 0.0, count: int = 100_000) -> np.ndarray:
    rng = np.random.default_rng(11)
    priors = replace(PRIORS, module_correlation=rho, stop_rule=stop)
    return split(priors, one(0.18, 1.38), rng.standard_normal(count), rng.standard_normal((n, count)))


def test_ten_independent_modules_leave_the_mean_and_end_the_catastrophe() -> None:
    whole, ten = modules(1, 0.0), modules(10, 0.0)
    assert ten.mean() == pytest.approx(whole.mean(), rel=0.02)
    assert ten.mean() == pytest.approx(1.38, rel=0.02)
    assert (whole > 3).mean() == pytest.approx(0.070, abs=0.004)
    assert (ten > 3).mean() == pytest.approx(0.006, abs=0.003)
    assert (whole > 1.5).mean() == pytest.approx(0.18, abs=0.005)
    assert (ten > 1.5).mean() == pytest.approx(0.31, abs=0.01)
    assert np.percentile(ten, [80, 95]) == pytest.approx([1.78, 2.28], rel=0.03)


def test_a_stop_rule_lowers_the_mean_of_one_contract_and_of_ten_alike() -> None:
    for n, p95 in ((1, 2.00), (10, 1.32)):
        stopped = modules(n, 0.0, stop=2.0)
        assert stopped.mean() == pytest.approx(1.09, rel=0.02)
        assert np.percentile(stopped, 95) == pytest.approx(p95, rel=0.03)


def test_correlation_between_modules_takes_the_benefit_away_again() -> None:
    curve = [(modules(10, rho) > 5).mean() for rho in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert all(a < b for a, b in itertools.pairwise(curve))
    assert curve[-1] == pytest.approx((modules(1, 0.0) > 5).mean(), abs=0.003)


def test_slips_are_longer_where_cost_is_in_its_tail_and_go_along_with_it() -> None:
    z, residue = np.random.default_rng(3).standard_normal((2, 200_000))
    which = one(0.18, 1.38)
    slip = slips(PRIORS, which, z, residue)
    tail = ndtr(z) > 0.82
    assert slip[tail].mean() == pytest.approx(1.7, rel=0.01)
    assert 1.05 < np.median(slip[~tail]) < 1.22
    assert float(spearmanr(z, slip).statistic) == pytest.approx(0.5, abs=0.1)


def test_lead_times_have_the_mean_of_their_method_and_protests_happen_or_not() -> None:
    rng = np.random.default_rng(5)
    method = Method("single_rfp", lead_days=158, days_per_decade=190, protest_chance=0.05, protest_days=60)
    wait, protest = rng.standard_normal(200_000), rng.random(200_000)
    days = leads(PRIORS, method, 5e7, wait, protest)
    assert days.mean() == pytest.approx(float(method.lead(np.array([5e7]))[0]), rel=0.01)
    assert np.percentile(days, 90) > 1.5 * np.median(days)
    assert leads(PRIORS.without("lead_time"), method, 5e7, wait, protest).std() == 0


def test_a_contract_is_the_same_in_each_run_and_goes_as_planned_with_all_sources_off() -> None:
    shock = state_draws(PRIORS, 5, seed=1, block=0).shock
    method = Method("cooperative", lead_days=120)
    again = [contract_draws(PRIORS, 2e6, method, 4, shock, 1, 0) for _ in range(2)]
    assert (again[0].cost == again[1].cost).all()
    assert (again[0].cost != contract_draws(PRIORS, 2e6, method, 5, shock, 1, 0).cost).any()
    calm = contract_draws(PRIORS.without(*SOURCES), 2e6, method, 4, shock, 1, 0)
    assert (calm.cost == 1).all()
    assert (calm.slip == 1).all()
    assert (calm.lead == 120).all()
    assert not (calm.cancel < PRIORS.cancellation_rate).any()
    state = state_draws(PRIORS.without(*SOURCES), 5, seed=1, block=0)
    assert (state.cloud == 1).all()
    assert not state.cut.any()
    assert not state.holdback.any()


def test_cloud_prices_drift_about_what_is_expected_and_cuts_have_their_mean() -> None:
    state = state_draws(PRIORS, 5, seed=0, block=0, size=100_000)
    assert state.cloud.mean(axis=0) == pytest.approx(np.ones(5), abs=0.01)
    assert state.cloud[:, 4].std() > 1.5 * state.cloud[:, 0].std()
    assert state.cut.mean() == pytest.approx(PRIORS.cut_chance * PRIORS.cut_size, rel=0.05)


def test_no_source_that_is_not_there_can_be_turned_off() -> None:
    with pytest.raises(ValueError, match="weather"):
        PRIORS.without("weather")


def test_every_prior_says_whether_it_is_a_fact_or_an_assumption() -> None:
    begin = ("overrun.", "slip.", "lead_time.", "cancellation", "cloud_price_sigma", "cut.", "holdback.")
    told = {name: p.basis for name, p in parameters().items() if name.startswith(begin)}
    assert len(told) > 25
    assert {"assumption", "derived", "fact"} == set(told.values())
    assert told["cancellation_rate"] == "derived"
    assert told["overrun.correlation"] == "assumption"
    assert len(PRIORS.classes) == len(CLASSES)
