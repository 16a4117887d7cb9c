"""The reserve that keeps all appropriations with a stated chance, on futures that were not used to find it."""

import json
from pathlib import Path

import numpy as np
import pytest

import reallot
from scenarios.errors import ResultsError, StudyError
from scenarios.futures.reserve import find_reserve
from scenarios.pipeline import plan_study, prepare
from scenarios.referee import verify_results
from scenarios.results import Results, read_results
from scenarios.study import Study, read_study, write_study
from tests.scenarios.studies import small_study

OWN = {"methods": [], "starts_per_quarter": 20, "risk_price": 15_000, "run_cost_paths": False}


def a_study(place: Path, **parameters: object) -> Study:
    return read_study(write_study(small_study(1, 40, margin=1.1, parameters={**OWN, **parameters}), place / "study"))


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Results:
    place = tmp_path_factory.mktemp("reserve")
    return plan_study(a_study(place), "baseline", place / "out", seconds=10, gap=0.01)


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


def test_a_reserve_that_is_automatic_is_found_planned_with_and_repeated(tmp_path: Path) -> None:
    results = plan_study(a_study(tmp_path, reserve="auto"), "baseline", tmp_path / "out", seconds=3, gap=0.01)
    found = results.manifest["reserve"]
    assert found["reached"]
    assert found["chance"] == pytest.approx(0.9, abs=0.015)
    assert 0 < found["reserve"] < 0.1
    shares = results.assumptions.set_index("parameter")["value"]
    assert float(shares["reserve"]) == pytest.approx(found["reserve"], abs=1e-6)
    assert any(f"A reserve of {found['reserve']:.2%} keeps all" in note for note in results.summary["warnings"])
    # the plan keeps so much free, and whoever reads the folder counts with the same
    limits = results.limits[results.limits["limit"] == "appropriation"]
    money = results.appropriations.set_index(["fund", "fiscal_year"])["amount"]
    first = limits.iloc[0]
    fund, _, year = str(first["key"]).rpartition(" FY")
    assert first["allowed"] == pytest.approx((1 - found["reserve"]) * money[fund, int(year)], rel=1e-6)
    assert verify_results(results.folder).agrees
    assert "FY" not in str(read_results(results.folder).manifest["scenario"])
    reallot.app(["simulate", str(results.folder), "--futures", "2000", "--no-drivers"], standalone_mode=False)
    cost = read_results(results.folder).risk.query("policy == 'plan' and measure == 'cost'").iloc[0]
    assert cost["chance_within"] == pytest.approx(0.9, abs=0.03)


def test_only_a_fund_keeps_more_free_where_only_that_is_automatic(tmp_path: Path) -> None:
    wanted = {"fund_reserves": {"general": "auto"}, "reserve": 0.001, "reserve_chance": 0.5}
    study = a_study(tmp_path, **wanted)
    results = plan_study(study, "baseline", tmp_path / "out", seconds=3, gap=0.01)
    found = results.manifest["reserve"]
    assert found["fund"] == "general"
    ready = prepare(study, "baseline", found["reserve"])
    assert ready.portfolio.fund_reserves == {"general": found["reserve"]}
    assert np.allclose(ready.portfolio.reserve, 0.001)
    assert ready.study.settings.values["fund_reserves"] == {"general": found["reserve"]}
    assert verify_results(results.folder).agrees


def test_where_nothing_reaches_the_chance_the_plan_says_so(tmp_path: Path) -> None:
    hard = {"reserve": "auto", "reserve_chance": 0.99, "cut.chance": 1.0, "cut.size": 0.3}
    results = plan_study(a_study(tmp_path, **hard), "baseline", tmp_path / "out", seconds=1, gap=0.02)
    found = results.manifest["reserve"]
    assert not found["reached"]
    tried = {t["reserve"]: t["chance"] for t in found["tried"] if t["chance"] is not None}
    assert tried[found["reserve"]] == max(tried.values())
    assert any("No reserve keeps all appropriations" in note for note in results.summary["warnings"])


def test_until_it_is_found_an_automatic_reserve_is_nothing(tmp_path: Path) -> None:
    ready = prepare(a_study(tmp_path, reserve={2027: "auto", 2028: 0.02}, fund_reserves={"general": "auto"}))
    assert ready.wants_reserve
    assert np.allclose(ready.portfolio.reserve, [0.0, 0.02, 0.02])
    assert ready.portfolio.fund_reserves == {"general": 0.0}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reserve": "automatic"}, "Write a number in share, or auto"),
        ({"fund_reserves": {"general": "all"}}, "Write a number in share, or auto"),
        ({"fund_reserves": {"generall": 0.1}}, "Did you mean general"),
        ({"starts_per_quarter": "auto"}, "is not a number"),
        ({"reserve_chance": 1.0}, "is out of range"),
    ],
)
def test_what_is_no_reserve_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        prepare(small_study(1, 40, parameters={**OWN, **wrong}))


def test_a_reserve_of_one_fund_is_sought_on_the_command_line(
    planned: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["simulate", str(planned.folder), "--reserve-for", "0.5", "--reserve-of", "general", "--futures", "500"]
    reallot.app(asked, standalone_mode=False)
    assert "of general" in capsys.readouterr().out
    with pytest.raises(ResultsError, match="Name one of"):
        find_reserve(planned.folder, 0.5, fund="generall")
