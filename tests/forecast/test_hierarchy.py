import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.arrays import FloatArray
from forecast.errors import SettingError
from forecast.hierarchy import Hierarchy, hierarchy, reconcile, shrink
from forecast.ledger import ALL

NAN = np.nan


def ledger() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "agency": ["dot", "dot", "dot", "health", "health", "health"],
            "program": ["it", "it", "roads", "it", "labs", "labs"],
            "fund": ["general", "federal", "general", "general", "general", "federal"],
        }
    )


def random_ledger(count: int, seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    keys = {"agency": 4, "program": 5, "fund": 3}
    names = {key: [f"{key}{place}" for place in draw.integers(0, many, count)] for key, many in keys.items()}
    return pd.DataFrame({**names, "object": [f"object{place:04d}" for place in range(count)]})


def made_up(tree: Hierarchy, origins: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Base forecasts three years ahead and past errors, with a shock that all lines share."""
    draw = np.random.default_rng(seed)
    size = draw.lognormal(10, 1.5, len(tree.lines))
    shock = draw.normal(size=(len(tree.lines), origins)) + draw.normal(size=origins)
    errors = 0.1 * size[:, None] * shock
    nodes = tree.add_up(errors) * draw.lognormal(0, 0.3, (len(tree.nodes), 1))
    lines = size[:, None] * np.array([1.03, 1.06, 1.09])
    base = np.vstack([tree.add_up(lines) * draw.normal(1, 0.05, (len(tree.nodes), 1)), lines])
    return base, np.vstack([nodes, errors])


def textbook(tree: Hierarchy, base: FloatArray, errors: FloatArray) -> FloatArray:
    """Lines by MinT-shrink as published, dense; pairs of rows are looked at one row at a time."""
    rows, origins = errors.shape
    covariance = errors @ errors.T / origins
    standard = errors / np.sqrt(np.diag(covariance))[:, None]
    noise = signal = 0.0
    for i in range(rows):
        products = standard[i] * np.delete(standard, i, axis=0)
        apart = products - products.mean(axis=1, keepdims=True)
        noise += (apart**2).sum() / (origins * (origins - 1))
        signal += (products.mean(axis=1) ** 2).sum()
    weight = min(1.0, noise / signal)
    shrunk = weight * np.diag(np.diag(covariance)) + (1 - weight) * covariance
    return generalised_least_squares(tree, base, shrunk)


def generalised_least_squares(tree: Hierarchy, base: FloatArray, covariance: FloatArray) -> FloatArray:
    """The lines b that minimise the errors of base less S b, weighed by the inverse of their covariance."""
    sums = np.vstack([tree.summing.toarray(), np.eye(len(tree.lines))])
    inverse = np.linalg.inv(covariance)
    return np.asarray(np.linalg.solve(sums.T @ inverse @ sums, sums.T @ inverse @ base), dtype=np.float64)


def test_levels_are_the_total_each_key_each_prefix_and_what_is_asked_for() -> None:
    tree = hierarchy(ledger(), also=[("fund", "agency")])
    assert tree.levels == ((), ("agency",), ("program",), ("fund",), ("agency", "program"), ("agency", "fund"))
    rows = [tuple(row) for row in tree.nodes.to_numpy()]
    assert rows == [
        ("total", ALL, ALL, ALL),
        ("agency", "dot", ALL, ALL),
        ("agency", "health", ALL, ALL),
        ("program", ALL, "it", ALL),
        ("program", ALL, "labs", ALL),
        ("program", ALL, "roads", ALL),
        ("fund", ALL, ALL, "federal"),
        ("fund", ALL, ALL, "general"),
        ("agency x program", "dot", "it", ALL),
        ("agency x program", "dot", "roads", ALL),
        ("agency x program", "health", "it", ALL),
        ("agency x program", "health", "labs", ALL),
        ("agency x fund", "dot", ALL, "federal"),
        ("agency x fund", "dot", ALL, "general"),
        ("agency x fund", "health", ALL, "federal"),
        ("agency x fund", "health", ALL, "general"),
    ]


@given(st.integers(1, 40), st.integers(0, 100))
def test_summing_puts_each_line_where_its_keys_agree_with_the_node(count: int, seed: int) -> None:
    tree = hierarchy(random_ledger(count, seed), also=[("agency", "fund")])
    keys = list(tree.lines.columns)
    matrix = tree.summing.toarray()
    assert matrix.shape == (len(tree.nodes), count)
    for row, node in enumerate(tree.nodes[keys].to_numpy()):
        for place, line in enumerate(tree.lines.to_numpy()):
            assert matrix[row, place] == all(said in (ALL, has) for said, has in zip(node, line, strict=True))
    partitions = [tuple(pd.factorize(member)[0]) for member in tree.members]
    assert len(set(partitions) | {tuple(range(count))}) == len(tree.levels) + 1
    for level, member in zip(tree.levels, tree.members, strict=True):
        assert set(tree.nodes["level"].to_numpy()[member]) == {" x ".join(level) or "total"}


def test_levels_that_tell_nothing_new_are_dropped() -> None:
    lines = ledger().assign(branch="executive", code=ledger()["agency"].str.upper())
    assert hierarchy(lines).levels == hierarchy(ledger()).levels


@pytest.mark.parametrize("keys", [{}, {"agency": ["dot"]}, {"agency": ["dot"], "fund": ["general"]}])
def test_a_single_line_has_no_level(keys: dict[str, list[str]]) -> None:
    tree = hierarchy(pd.DataFrame(keys, index=[0]))
    assert tree.levels == ()
    assert tree.nodes.columns.tolist() == ["level", *keys]
    assert tree.summing.shape == (0, 1)
    assert tree.add_up(np.ones((1, 3))).shape == (0, 3)
    base = np.array([[5.0, 6.0]])
    np.testing.assert_array_equal(reconcile(tree, base, np.empty((1, 0))), base)


def test_one_key_has_the_total_alone() -> None:
    tree = hierarchy(pd.DataFrame({"agency": ["a", "b", "c"]}))
    assert tree.levels == ((),)
    np.testing.assert_array_equal(tree.add_up(np.array([1.0, 2, 3])), [6])


def test_whatever_is_wrong_with_the_keys_is_told_at_once() -> None:
    lines = ledger().rename(columns={"program": "level"})
    with pytest.raises(SettingError) as caught:
        hierarchy(lines, also=[("agency", "site"), ("fund", "fund")])
    assert caught.value.problems == (
        "a key is named 'level', which names the levels. Rename that column.",
        "also 'agency x site': site is not a key (keys: agency, level, fund).",
        "also 'fund x fund' names a key twice. Name each once.",
    )


def test_joint_groups_share_both_nodes() -> None:
    tree = hierarchy(ledger())
    agency, fund = tree.levels.index(("agency",)), tree.levels.index(("fund",))
    assert tree.joint(agency, fund).tolist() == [1, 0, 1, 3, 3, 2]


@pytest.mark.parametrize("origins", [4, 8, 30])
@pytest.mark.parametrize("seed", range(5))
def test_reconciled_lines_are_those_of_the_dense_textbook(origins: int, seed: int) -> None:
    tree = hierarchy(random_ledger(20, seed), also=[("agency", "fund")])
    base, errors = made_up(tree, origins, seed)
    expected = textbook(tree, base, errors)
    assert np.abs(expected / base[len(tree.nodes) :] - 1).max() > 0.01
    np.testing.assert_allclose(reconcile(tree, base, errors, lean=0.0), expected, rtol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_nodes_known_far_better_than_their_lines_are_solved_for_all_the_same(seed: int) -> None:
    tree = hierarchy(random_ledger(200, seed), also=[("agency", "fund")])
    base, errors = made_up(tree, 12, seed)
    errors[: len(tree.nodes)] *= 1e-2
    np.testing.assert_allclose(reconcile(tree, base, errors, lean=0.0), textbook(tree, base, errors), rtol=1e-6)


def test_factors_give_what_conjugate_gradients_give(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = hierarchy(random_ledger(60, 1), also=[("agency", "fund")])
    base, errors = made_up(tree, 8, 1)
    expected = reconcile(tree, base, errors)
    monkeypatch.setattr("forecast.hierarchy.STEPS", 2)
    np.testing.assert_allclose(reconcile(tree, base, errors), expected, rtol=1e-9)


def test_shrinkage_is_full_without_pairs_and_little_where_errors_move_as_one() -> None:
    draw = np.random.default_rng(3)
    assert shrink(np.empty((4, 0))) == shrink(np.ones((4, 1))) == shrink(np.full((1, 5), 0.2**0.5)) == 1
    common = draw.normal(size=20)
    assert shrink(np.tile(common / np.linalg.norm(common), (30, 1))) < 0.2
    alone = draw.normal(size=(300, 20))
    assert shrink(alone / np.linalg.norm(alone, axis=1, keepdims=True)) > 0.9


def test_errors_of_size_alone_where_none_is_known() -> None:
    tree = hierarchy(pd.DataFrame({"agency": ["a", "b"]}))
    base = np.array([[13.0], [6.0], [4.0]])
    variance = np.diag([0.71 * 52 + 0.29 * 100, 36.0, 16.0])
    expected = generalised_least_squares(tree, base, variance)
    for errors in (np.empty((3, 0)), np.full((3, 4), NAN), np.array([[1.0], [2.0], [3.0]])):
        np.testing.assert_allclose(reconcile(tree, base, errors), expected)


def test_variances_lean_to_what_size_implies() -> None:
    tree = hierarchy(pd.DataFrame({"agency": ["a", "b", "c"]}))
    base = np.array([[27.0], [10.0], [10.0], [4.0]])
    errors = np.array([[1.0, 1], [2, -2], [1, 1], [1, -1]])
    lines = (2 * np.array([4.0, 1, 1]) + 16 * 0.04 * np.array([100.0, 100, 16])) / 18
    node = (2 * 1 + 16 * (0.71 * lines.sum() + 0.29 * np.sqrt(lines).sum() ** 2)) / 18
    standard = errors / np.linalg.norm(errors, axis=1, keepdims=True)
    weight = shrink(standard)
    variance = np.concatenate([[node], lines])
    correlation = weight * np.eye(4) + (1 - weight) * standard @ standard.T
    covariance = correlation * np.sqrt(np.outer(variance, variance))
    np.testing.assert_allclose(reconcile(tree, base, errors), generalised_least_squares(tree, base, covariance))


@given(st.integers(1, 30), st.integers(0, 12), st.integers(0, 1000))
@settings(max_examples=50)
def test_coherent_base_forecasts_stay_as_they_are(count: int, origins: int, seed: int) -> None:
    tree = hierarchy(random_ledger(count, seed))
    base, errors = made_up(tree, origins, seed)
    lines = base[len(tree.nodes) :]
    coherent = np.vstack([tree.add_up(lines), lines])
    np.testing.assert_allclose(reconcile(tree, coherent, errors), lines, rtol=1e-12)


def test_lines_that_never_missed_are_not_moved() -> None:
    tree = hierarchy(ledger())
    base, errors = made_up(tree, 8, 1)
    count = len(tree.nodes)
    base[count + 1], errors[count + 1] = 0.0, 0.0
    errors[count + 4] = 1e-12 * base[count + 4, 0]
    moved = reconcile(tree, base, errors)
    np.testing.assert_array_equal(moved[[1, 4]], base[count:][[1, 4]])
    assert np.abs(moved / np.where(base[count:] == 0, 1, base[count:]) - 1)[[0, 2, 3, 5]].min() > 1e-4


def test_nothing_moves_where_all_lines_are_exact() -> None:
    tree = hierarchy(ledger())
    base, errors = made_up(tree, 8, 1)
    count = len(tree.nodes)
    errors[count:] = 0
    np.testing.assert_array_equal(reconcile(tree, base, errors), base[count:])


def test_a_node_that_is_always_far_off_counts_for_little() -> None:
    tree = hierarchy(pd.DataFrame({"agency": ["a", "b", "c", "d"], "unit": ["1", "2", "3", "4"]}))
    base, errors = made_up(tree, 10, 2)
    lines = base[1:]
    base[0] = 20 * lines.sum(axis=0)
    errors[0] = lines[:, 0].sum() - base[0, 0]
    moved = reconcile(tree, base, errors, lean=0.0)
    assert moved.sum() < 1.05 * lines.sum()
    errors[0] = 0.01 * lines[:, 0].sum() * np.array([1, -1] * 5)
    assert reconcile(tree, base, errors, lean=0.0).sum() > 15 * lines.sum()


def test_no_line_falls_below_its_floor_unless_its_base_does() -> None:
    tree = hierarchy(pd.DataFrame({"agency": ["a", "b", "c"]}))
    base = np.array([[-9.0], [10.0], [0.1], [-2.0]])
    errors = np.array([[0.1, -0.1, 0.1], [1, -1, -1], [1, 1, -1], [1, 1, 1.0]])
    free = reconcile(tree, base, errors, lean=0.0)
    assert free[1, 0] < 0
    assert free[2, 0] < -2
    held = reconcile(tree, base, errors, np.zeros(3), lean=0.0)
    np.testing.assert_array_equal(held[:, 0], [free[0, 0], 0.0, -2.0])
    np.testing.assert_array_equal(reconcile(tree, base, errors, np.full(3, -np.inf), lean=0.0), free)


def test_unknown_errors_count_for_nothing() -> None:
    tree = hierarchy(ledger())
    base, errors = made_up(tree, 6, 4)
    wider = np.hstack([np.full((len(errors), 2), NAN), errors])
    holes = errors.copy()
    holes[-1, :5] = NAN
    one_left = holes.copy()
    one_left[-1, 5] = 0.0
    np.testing.assert_array_equal(reconcile(tree, base, holes), reconcile(tree, base, one_left))
    np.testing.assert_allclose(reconcile(tree, base, wider), reconcile(tree, base, errors))


amounts = st.floats(-1e50, 1e50, allow_subnormal=False) | st.sampled_from([0.0, 1.0, 1e-300, 1e12])


@given(st.data(), st.integers(1, 8), st.integers(0, 5), st.integers(0, 50), st.sampled_from([0.0, 16.0]))
@settings(max_examples=150)
def test_any_input_gives_finite_lines(data: st.DataObject, count: int, origins: int, seed: int, lean: float) -> None:
    tree = hierarchy(random_ledger(count, seed), also=[("agency", "fund")])
    rows = len(tree.nodes) + count
    base = np.array(data.draw(st.lists(amounts, min_size=2 * rows, max_size=2 * rows))).reshape(rows, 2)
    cells = st.lists(amounts | st.just(NAN), min_size=rows * origins, max_size=rows * origins)
    errors = np.array(data.draw(cells), dtype=np.float64).reshape(rows, origins)
    lines = reconcile(tree, base, errors, np.zeros(count), lean)
    assert np.isfinite(lines).all()
    assert (lines >= np.minimum(base[-count:], 0)).all()


def test_sizes_may_lie_far_apart() -> None:
    tree = hierarchy(random_ledger(40, 5))
    base, errors = made_up(tree, 10, 5)
    count = len(tree.nodes)
    stretch = np.where(np.arange(40) % 2 == 0, 1e-3, 1e9)[:, None]
    base[count:] *= stretch
    errors[count:] *= stretch
    base[:count], errors[:count] = 1.02 * tree.add_up(base[count:]), 1.2 * tree.add_up(errors[count:])
    moved = reconcile(tree, base, errors)
    assert (moved > 0).all()
    assert np.abs(np.log(moved / base[count:])).max() < math.log(2)
