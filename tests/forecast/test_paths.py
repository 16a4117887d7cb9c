import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

import forecast
from forecast.arrays import FloatArray
from forecast.errors import SettingError
from forecast.hierarchy import Hierarchy, hierarchy
from forecast.intervals import COMMON_SHARE, KNOTS, calibrate, distribution
from forecast.paths import (
    BLOCK,
    PERSISTENCE,
    PRIOR_ORIGINS,
    TILE,
    Dependence,
    Marginals,
    accumulate,
    draw,
    fit_dependence,
    node_quantiles,
    normal_scores,
    spreads,
)

NAN = np.nan
CHANCES = (0.005, 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975, 0.995)
NORMAL = tuple(ndtri(CHANCES))
HALF_SPREAD = 4.0
"""Standard errors that a figure may be off."""


def tree(agencies: int, each: int) -> Hierarchy:
    names = np.repeat([f"agency{place:03d}" for place in range(agencies)], each)
    funds = np.arange(len(names)) % 3
    lines = {"agency": names, "fund": funds.astype(str), "object": np.arange(len(names)).astype(str)}
    return hierarchy(pd.DataFrame(lines))


def flat(count: int) -> Hierarchy:
    return hierarchy(pd.DataFrame({"agency": [f"agency{place:05d}" for place in range(count)]}))


def made_up(count: int, horizon: int, seed: int = 0, floor: float = -np.inf) -> Marginals:
    """Two classes of lines, one with a long upper tail."""
    draw_from = np.random.default_rng(seed)
    even = np.array(NORMAL) * np.sqrt(np.arange(1, horizon + 1))[:, None]
    return Marginals(
        mean=draw_from.lognormal(3, 1, (count, horizon)),
        scale=draw_from.lognormal(0, 1, count),
        size=draw_from.integers(0, 2, count),
        knots=np.array(NORMAL),
        reach=np.stack([even, np.where(even > 0, 3 * even, even)]),
        floor=np.full(count, floor),
    )


def plain(count: int, horizon: int) -> Marginals:
    """Amounts that are the normal draws themselves."""
    reach = np.broadcast_to([-1.0, 1.0], (1, horizon, 2))
    zero, one = np.zeros(count), np.ones(count)
    nothing = np.full(count, -np.inf)
    return Marginals(np.zeros((count, horizon)), one, zero.astype(np.int64), np.array([-1.0, 1.0]), reach, nothing)


def nothing_shared(hierarchy: Hierarchy, persistence: float = 0.0) -> Dependence:
    return Dependence(np.zeros(len(hierarchy.levels)), persistence)


def all_paths(
    hierarchy: Hierarchy, marginals: Marginals, dependence: Dependence, paths: int, seed: int = 0, chunk: int = BLOCK
) -> FloatArray:
    return np.concatenate(list(draw(hierarchy, marginals, dependence, paths, seed, chunk)), axis=2)


def of_a_plain_loop(marginals: Marginals, z: float, line: int, year: int) -> float:
    """The amount of one line at one normal draw."""
    knots, reach = marginals.knots, marginals.reach[marginals.size[line], year]
    k = 0
    while k < len(knots) - 2 and z > knots[k + 1]:
        k += 1
    told = reach[k] + (z - knots[k]) / (knots[k + 1] - knots[k]) * (reach[k + 1] - reach[k])
    mean = marginals.mean[line, year]
    return float(max(mean + marginals.scale[line] * told, min(mean, marginals.floor[line])))


def test_quantiles_are_those_of_a_plain_loop() -> None:
    marginals = made_up(6, 3, floor=0.0)
    shares = (0.001, 0.005, 0.03, 0.5, 0.8, 0.9999)
    expected = [
        [[of_a_plain_loop(marginals, float(ndtri(share)), line, year) for share in shares] for year in range(3)]
        for line in range(6)
    ]
    np.testing.assert_allclose(marginals.quantiles(shares), expected)
    assert (marginals.quantiles(shares) == 0).any()


def test_amounts_are_the_distribution_at_the_very_draws() -> None:
    lines, dependence = flat(TILE + 7), Dependence(np.array([0.3]), 0.4)
    count = len(lines.lines)
    marginals = made_up(count, 3, floor=5.0)
    draws = all_paths(lines, plain(count, 3), dependence, BLOCK)
    amounts = all_paths(lines, marginals, dependence, BLOCK)
    for line in (0, 1, 2, 3, TILE - 1, TILE, count - 1):
        for year in range(3):
            expected = [of_a_plain_loop(marginals, float(z), line, year) for z in draws[line, year]]
            np.testing.assert_allclose(amounts[line, year], expected, rtol=1e-4, atol=1e-4 * marginals.scale[line])


def test_quantiles_of_paths_are_those_of_the_line_whatever_the_dependence() -> None:
    lines, paths = tree(2, 4), 20_000
    marginals = made_up(8, 3, floor=0.0)
    shares = np.array([0.025, 0.1, 0.5, 0.9, 0.975])
    for dependence in (nothing_shared(lines), Dependence(np.array([0.4, 0.2, 0.1, 0.0]), 0.6)):
        amounts = all_paths(lines, marginals, dependence, paths)
        around = HALF_SPREAD * np.sqrt(shares * (1 - shares) / paths)
        low, high = marginals.quantiles(shares - around), marginals.quantiles(shares + around)
        found = np.quantile(amounts, shares, axis=2).transpose(1, 2, 0)
        assert ((low <= found) & (found <= high)).all()


def test_lines_hang_together_by_the_levels_that_they_share() -> None:
    lines, paths = tree(3, 6), 20_000
    assert lines.levels == ((), ("agency",), ("fund",), ("agency", "fund"))
    dependence = Dependence(np.array([0.3, 0.2, 0.1, 0.15]), 0.0)
    draws = all_paths(lines, plain(18, 2), dependence, paths)
    agency, fund = lines.lines["agency"].to_numpy(), lines.lines["fund"].to_numpy()
    same_agency, same_fund = agency[:, None] == agency, fund[:, None] == fund
    expected = 0.3 + 0.2 * same_agency + 0.1 * same_fund + 0.15 * (same_agency & same_fund)
    np.fill_diagonal(expected, 1)
    for year in range(2):
        assert np.abs(np.corrcoef(draws[:, year]) - expected).max() < HALF_SPREAD * np.sqrt(2 / paths)


@pytest.mark.parametrize("persistence", [-0.5, 0.0, 0.32, 0.9])
def test_years_hang_together_as_accumulated_shocks_do(persistence: float) -> None:
    horizon, paths = 5, 20_000
    lag = np.abs(np.subtract.outer(np.arange(horizon), np.arange(horizon)))
    sums = np.tril(np.ones((horizon, horizon)))
    covariance = sums @ persistence ** lag.astype(float) @ sums.T
    deviation = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(spreads(persistence, horizon), deviation)
    lines = flat(2)
    draws = all_paths(lines, plain(2, horizon), Dependence(np.array([0.5]), persistence), paths)
    expected = covariance / np.outer(deviation, deviation)
    for line in draws:
        assert np.abs(line @ line.T / paths - expected).max() < HALF_SPREAD * np.sqrt(4 / paths)
    shared = draws[0] @ draws[1].T / paths
    assert np.abs(shared - 0.5 * expected).max() < HALF_SPREAD * np.sqrt(4 / paths)


def test_accumulated_shocks_are_those_of_a_plain_loop() -> None:
    shocks = np.random.default_rng(1).standard_normal((3, 4, 2), dtype=np.float32)
    result = shocks.copy()
    accumulate(result, 0.3)
    for line in range(3):
        for path in range(2):
            increment, total = float(shocks[line, 0, path]), float(shocks[line, 0, path])
            for year in range(1, 4):
                increment = 0.3 * increment + np.sqrt(1 - 0.3**2) * float(shocks[line, year, path])
                total += increment
                assert result[line, year, path] == pytest.approx(total / spreads(0.3, 4)[year], rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("chunk", [1, 7, BLOCK, 50, 1000])
def test_paths_do_not_depend_on_the_chunk_nor_on_how_many_there_are(chunk: int) -> None:
    lines, marginals, dependence = tree(3, 4), made_up(12, 3), Dependence(np.array([0.3, 0.1, 0.0, 0.2]), 0.3)
    expected = all_paths(lines, marginals, dependence, 3 * BLOCK, seed=5)
    chunks = list(draw(lines, marginals, dependence, 75, 5, chunk))
    assert [part.shape for part in chunks[:-1]] == [(12, 3, chunk)] * (len(chunks) - 1)
    np.testing.assert_array_equal(np.concatenate(chunks, axis=2), expected[:, :, :75])
    other = all_paths(lines, marginals, dependence, 75, seed=6)
    assert (other != expected[:, :, :75]).mean() > 0.99


def test_no_two_blocks_and_no_two_lines_are_alike() -> None:
    draws = all_paths(flat(2 * TILE), plain(2 * TILE, 1), nothing_shared(flat(2 * TILE)), 4 * BLOCK)
    assert len(np.unique(np.abs(draws[:, 0, ::BLOCK]))) == 4 * 2 * TILE


def test_half_of_a_block_mirrors_the_other() -> None:
    draws = all_paths(tree(2, 3), plain(6, 2), Dependence(np.array([0.3, 0.1, 0.2]), 0.3), BLOCK)
    np.testing.assert_allclose(draws[:, :, : BLOCK // 2], -draws[:, :, BLOCK // 2 :], rtol=1e-6)


@pytest.mark.parametrize("paths", [1, 31, 200])
def test_node_quantiles_are_of_the_very_paths_and_hence_coherent(paths: int) -> None:
    lines, marginals, dependence = (
        tree(5, 6),
        made_up(30, 4, floor=0.0),
        Dependence(np.array([0.3, 0.1, 0.2, 0.1]), 0.3),
    )
    shares = (0.0, 0.025, 0.1, 0.5, 0.9, 1.0)
    amounts = all_paths(lines, marginals, dependence, paths, seed=3)
    sums = np.stack([amounts[lines.members[level] == node].sum(axis=0) for level, node in places(lines)])
    np.testing.assert_allclose(lines.add_up(amounts), sums, rtol=1e-12)
    expected = np.quantile(sums, shares, axis=2).transpose(1, 2, 0)
    found = node_quantiles(lines, marginals, dependence, shares, paths, seed=3)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def places(lines: Hierarchy) -> list[tuple[int, int]]:
    """Level and row of each node."""
    return [(level, int(node)) for level, member in enumerate(lines.members) for node in np.unique(member)]


def test_node_quantiles_do_not_depend_on_threads_nor_on_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, marginals, dependence = tree(5, 6), made_up(30, 4), Dependence(np.array([0.3, 0.1, 0.2, 0.1]), 0.3)
    expected = node_quantiles(lines, marginals, dependence, (0.1, 0.9), 100, workers=1)
    np.testing.assert_array_equal(node_quantiles(lines, marginals, dependence, (0.1, 0.9), 100, workers=5), expected)
    monkeypatch.setattr("forecast.paths.MOST_SUMS", 4 * 4 * 100 * 3)
    np.testing.assert_array_equal(node_quantiles(lines, marginals, dependence, (0.1, 0.9), 100), expected)


def test_what_lines_have_in_common_widens_their_total() -> None:
    lines, marginals = flat(200), plain(200, 1)
    alone, common = (
        node_quantiles(lines, marginals, Dependence(np.array([share]), 0.0), (0.1, 0.9), 4000)[0, 0]
        for share in (0.0, 0.3)
    )
    z = 1.2815515655
    np.testing.assert_allclose(alone, np.array([-z, z]) * np.sqrt(200), rtol=0.08)
    np.testing.assert_allclose(common, np.array([-z, z]) * np.sqrt(0.7 * 200 + 0.3 * 200**2), rtol=0.08)


def test_the_mean_of_paths_is_the_forecast_whichever_way_errors_went() -> None:
    """Sums of forecasts are the means of sums: of lines that were all underrated before, too."""
    lines, count = tree(5, 6), 30
    errors = np.random.default_rng(3).lognormal(0, 1, size=(8, count, 3)) - 0.5
    fitted = calibrate(errors.reshape(-1, 3), np.ones(8 * count, dtype=np.int64), KNOTS, 3)
    likely = made_up(count, 3)
    size = np.ones(count, dtype=np.int64)
    marginals = Marginals(likely.mean, likely.scale, size, *distribution(fitted, KNOTS), likely.floor)
    paths = all_paths(lines, marginals, Dependence(np.array([0.3, 0.1, 0.2, 0.1]), 0.3), 640)
    np.testing.assert_allclose(paths.mean(axis=2), likely.mean, rtol=1e-5, atol=1e-5 * float(likely.scale.max()))
    total, mean = paths.sum(axis=0), likely.mean.sum(axis=0)
    np.testing.assert_allclose(total.mean(axis=1), mean, rtol=1e-6)
    np.testing.assert_allclose((total < mean[:, None]).mean(axis=1), 0.5, atol=0.01)


@pytest.mark.parametrize(("growth", "wild"), [(0.03, 0.01), (0.05, 0.06), (-0.04, 0.03), (0.03, 0.25)])
def test_a_ledgers_total_lies_amid_its_paths(growth: float, wild: float) -> None:
    """Of a ledger with growth, all models that rate it too low, and its own errors hence of one sign."""
    draw_from = np.random.default_rng(5)
    steps = growth + wild * draw_from.normal(size=(60, 11)) + 0.01 * draw_from.normal(size=11)
    amounts = np.exp(draw_from.normal(13, 1, size=(60, 1)) + steps.cumsum(axis=1))
    keys = tree(6, 10).lines
    table = keys.iloc[np.repeat(np.arange(60), 11)].assign(
        period=np.tile(range(2015, 2026), 60), amount=amounts.ravel()
    )
    outlook = forecast.outlook(table)
    total = outlook.paths(512, seed=1).amounts.sum(axis=0)
    mean = outlook.lines.groupby("period")["mean"].sum().to_numpy()
    below = (total < mean[:, None]).mean(axis=1)
    assert ((below > 0.35) & (below < 0.65)).all()
    error = total.std(axis=1) / np.sqrt(512)
    assert (np.abs(total.mean(axis=1) - mean) < HALF_SPREAD * error).all()
    ends = outlook.totals[["lo_80", "hi_80"]].to_numpy()
    place = (mean - ends[:, 0]) / (ends[:, 1] - ends[:, 0])
    assert ((place > 0.35) & (place < 0.65)).all()


def test_a_single_line_has_paths_but_no_nodes() -> None:
    lines = hierarchy(pd.DataFrame(index=[0]))
    dependence = fit_dependence(lines, np.ones((3, 1, 2)))
    assert dependence.shares.shape == (0,)
    marginals = made_up(1, 2)
    assert all_paths(lines, marginals, dependence, 10).shape == (1, 2, 10)
    assert node_quantiles(lines, marginals, dependence, (0.1, 0.9), 10).shape == (0, 2, 2)


def test_no_path_falls_below_the_floor_unless_the_mean_does() -> None:
    lines, count = flat(3), 3
    steep = plain(count, 1)
    mean, floor = np.array([[1.0], [1.0], [-2.0]]), np.array([0.0, -np.inf, 0.0])
    marginals = Marginals(mean, steep.scale, steep.size, steep.knots, steep.reach, floor)
    least = all_paths(lines, marginals, nothing_shared(lines), 1000).min(axis=(1, 2))
    assert least[0] == 0
    assert least[1] < -1
    assert least[2] == -2


def test_lines_without_any_spread_have_their_mean_on_every_path() -> None:
    lines, marginals = flat(4), made_up(4, 2)
    still = Marginals(marginals.mean, np.zeros(4), marginals.size, marginals.knots, marginals.reach, np.zeros(4))
    dependence = fit_dependence(lines, np.zeros((5, 4, 2)))
    paths = all_paths(lines, still, dependence, 40)
    np.testing.assert_array_equal(paths, np.repeat(still.mean[:, :, None], 40, axis=2))
    found = node_quantiles(lines, still, dependence, (0.1, 0.9), 40)
    np.testing.assert_allclose(found[0], np.repeat(still.mean.sum(axis=0)[:, None], 2, axis=1))


def test_settings_that_no_dependence_can_have_are_told_at_once() -> None:
    with pytest.raises(SettingError) as caught:
        Dependence(np.array([0.9, 0.2]), 1.0)
    assert caught.value.problems == (
        "shares [0.9, 0.2] are not >= 0 with a sum <= 0.95.",
        "persistence 1.0 does not lie between -1 and 1.",
    )
    with pytest.raises(SettingError):
        Dependence(np.array([-0.1]), 0.0)


def test_parts_that_do_not_fit_together_are_told_at_once() -> None:
    with pytest.raises(SettingError) as caught:
        next(draw(flat(3), made_up(4, 2), Dependence(np.zeros(2), 0.0), 10, 0))
    assert caught.value.problems == (
        "2 shares for 1 levels. Give one a level.",
        "4 marginals for 3 lines. Give one a line.",
    )


def errors_of(lines: Hierarchy, dependence: Dependence, origins: int, horizon: int, seed: int = 0) -> FloatArray:
    """Past errors, (O, n, H), as the dependence makes them, from one half of each block: the other mirrors it."""
    paths = all_paths(lines, plain(len(lines.lines), horizon), dependence, 2 * origins + BLOCK, seed)
    fresh = np.arange(paths.shape[2]) % BLOCK < BLOCK // 2
    return np.asarray(spreads(dependence.persistence, horizon) * paths[:, :, fresh][:, :, :origins].transpose(2, 0, 1))


def test_planted_shares_are_found() -> None:
    lines, origins = tree(40, 12), 400
    planted = np.array([0.25, 0.15, 0.1, 0.2])
    found = fit_dependence(lines, errors_of(lines, Dependence(planted, 0.5), origins, 3))
    np.testing.assert_allclose(found.shares, planted, atol=0.04)
    assert found.persistence == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("persistence", [-0.4, 0.0, 0.7])
def test_planted_persistence_is_found_without_anything_shared(persistence: float) -> None:
    lines, origins = flat(300), 300
    found = fit_dependence(lines, errors_of(lines, nothing_shared(lines, persistence), origins, 4))
    expected = (origins * persistence + PRIOR_ORIGINS * PERSISTENCE) / (origins + PRIOR_ORIGINS)
    assert found.persistence == pytest.approx(expected, abs=0.03)
    assert found.shares[0] == pytest.approx(PRIOR_ORIGINS * COMMON_SHARE / (origins + PRIOR_ORIGINS), abs=0.005)


def test_units_holes_and_lines_that_never_miss_do_not_change_what_is_found() -> None:
    lines = tree(20, 9)
    errors = errors_of(lines, Dependence(np.array([0.3, 0.2, 0.1, 0.0]), 0.3), 200, 2)
    expected = fit_dependence(lines, errors)
    stretched = fit_dependence(lines, 1e6 * errors)
    np.testing.assert_allclose(stretched.shares, expected.shares)
    holes = np.where(np.random.default_rng(4).uniform(size=errors.shape) < 0.2, NAN, errors)
    holes[:, ::9] = 0.0
    holes[0, 1] = 1e200
    found = fit_dependence(lines, holes)
    np.testing.assert_allclose(found.shares, expected.shares, atol=0.03)
    assert found.persistence == pytest.approx(expected.persistence, abs=0.03)


def test_few_origins_lean_to_what_is_usual() -> None:
    lines = flat(50)
    for errors in (np.empty((0, 50, 3)), np.full((4, 50, 3), NAN), np.zeros((4, 50, 3))):
        found = fit_dependence(lines, errors)
        np.testing.assert_allclose(found.shares, [COMMON_SHARE])
        assert found.persistence == PERSISTENCE
    together = np.ones((2, 50, 1)) * np.array([1.0, -1.0])[:, None, None]
    assert fit_dependence(lines, together).shares[0] == pytest.approx((2 + 10 * COMMON_SHARE) / 12)
    assert fit_dependence(lines, together).persistence == PERSISTENCE


def test_shares_add_up_to_no_more_than_may_be_common() -> None:
    lines = tree(30, 6)
    common = np.random.default_rng(0).normal(size=(200, 1, 1))
    found = fit_dependence(lines, np.broadcast_to(common, (200, 180, 1)))
    assert found.shares.sum() == pytest.approx(0.95)


def test_scores_keep_sign_and_rank() -> None:
    errors = np.array([[[-3.0], [NAN], [1.0]], [[0.0], [2.0], [-2.0]]])
    expected = np.array([[-0.9, NAN, 0.3], [0.0, 0.6, -0.6]])
    half = np.where(expected == 0, 0, np.sign(expected) * ndtri(0.5 + np.abs(expected) / 2))
    np.testing.assert_allclose(normal_scores(errors)[:, :, 0], half)


cells = st.floats(-1e300, 1e300) | st.sampled_from([0.0, NAN, 1.0, -1.0])


@given(st.data(), st.integers(1, 6), st.integers(0, 4), st.integers(1, 3))
@settings(max_examples=60)
def test_any_errors_give_a_dependence_that_draws(data: st.DataObject, count: int, origins: int, horizon: int) -> None:
    lines = tree(2, count)
    size = origins * 2 * count * horizon
    errors = np.array(data.draw(st.lists(cells, min_size=size, max_size=size)), dtype=np.float64)
    dependence = fit_dependence(lines, errors.reshape(origins, 2 * count, horizon))
    assert len(dependence.shares) == len(lines.levels)
    assert np.isfinite(dependence.shares).all()
    assert np.isfinite(all_paths(lines, made_up(2 * count, horizon), dependence, 40)).all()
    found = node_quantiles(lines, made_up(2 * count, horizon), dependence, (0.1, 0.9), 40)
    assert (found[..., 0] < found[..., 1]).all()


def test_lines_of_any_size_are_summed_without_overflow() -> None:
    lines, steep = flat(3), plain(3, 1)
    scale = np.array([1e50, 1e-6, 1.0])
    marginals = Marginals(10 * scale[:, None], scale, steep.size, steep.knots, steep.reach, steep.floor)
    found = node_quantiles(lines, marginals, nothing_shared(lines), (0.1, 0.9), 400)
    np.testing.assert_allclose(found[0, 0], [8.7e50, 11.3e50], rtol=0.03)
