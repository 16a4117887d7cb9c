"""The reserve that keeps all appropriations with a stated chance, on futures that were not used to find it."""

import json

import pytest

import reallot
from scenarios.errors import ResultsError
from scenarios.futures.reserve import find_reserve
from scenarios.pipeline import plan_study
from scenarios.results import Results
from scenarios.study import read_study, write_study
from tests.scenarios.studies import small_study


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Results:
    place = tmp_path_factory.mktemp("reserve")
    own = {"methods": [], "starts_per_quarter": 20, "risk_price": 15_000, "run_cost_paths": False}
    study = read_study(write_study(small_study(1, 40, margin=1.1, parameters=own), place / "study"))
    return plan_study(study, "baseline", place / "out", seconds=10, gap=0.01)


def test_the_reserve_that_is_found_keeps_its_promise_on_other_futures(planned: Results) -> None:
    found = find_reserve(planned.folder, 0.9, gap=0.005, seconds=5)
    assert found.reached
    assert found.chance == pytest.approx(0.9, abs=0.015)
    assert 0 < found.share < 0.1
    tried = {share: -1.0 if chance is None else chance for share, chance in found.tried}
    assert tried[found.share] >= 0.9
    less = max(share for share in tried if share < found.share)
    assert tried[less] < 0.9
    assert found.share - less <= 0.0011
    assert "Set reserve: " in str(found)


def test_where_no_reserve_is_enough_the_best_is_told(planned: Results) -> None:
    found = find_reserve(planned.folder, 0.9999, futures=1000, gap=0.01, seconds=2)
    assert not found.reached
    assert found.futures == 1000
    known = {share: chance for share, chance in found.tried if chance is not None}
    assert known[found.share] == max(known.values())
    assert "No reserve keeps all appropriations" in str(found)


def test_the_command_finds_a_reserve_and_leaves_the_results_alone(
    planned: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in planned.folder.iterdir()}
    asked = ["simulate", str(planned.folder), "--reserve-for", "0.5", "--futures", "500", "--json"]
    reallot.app(asked, standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    assert told["reached"]
    assert told["futures"] == 500
    assert {path.name: path.read_bytes() for path in planned.folder.iterdir()} == before


@pytest.mark.parametrize("chance", [0.0, 1.0, 90.0])
def test_a_chance_is_a_share(planned: Results, chance: float) -> None:
    with pytest.raises(ResultsError, match=r"Write a share such as 0\.9"):
        find_reserve(planned.folder, chance)
