"""Parameters that do not fit: every problem at once, each with its place and what to do next."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from scenarios.changes import apply
from scenarios.errors import StudyError
from scenarios.scenario import Scenario
from scenarios.study import read_study, write_study
from tests.scenarios.studies import small_study


def written(folder: Path, parameters: dict[str, Any], **facts: Any) -> Path:
    place = write_study(small_study(), folder / "study")
    told = yaml.safe_load((place / "study.yaml").read_text()) | {"parameters": parameters} | facts
    (place / "study.yaml").write_text(yaml.safe_dump(told))
    return place


def problems(folder: Path, parameters: dict[str, Any]) -> list[str]:
    with pytest.raises(StudyError) as caught:
        read_study(written(folder, parameters))
    return [str(p) for p in caught.value.problems]


def notes(folder: Path, parameters: dict[str, Any], **facts: Any) -> list[str]:
    return [str(w) for w in read_study(written(folder, parameters, **facts)).warnings if w.file == "study.yaml"]


def test_every_parameter_that_does_not_fit_is_named_at_once(tmp_path: Path) -> None:
    wrong = {
        "methods": ["existing_contrct", "itb"],
        "itb.strategies": ["rehost", "retire"],
        "itb.smallest": 2e6,
        "itb.largest": 1e6,
        "modular_rfp.modules": 2.5,
        "freezes": ["2027-Q3"],
        "fund_weights": {"federl": 0},
        "violation_price": {"transfers": 1},
        "appropriation_years": 2,
    }
    assert sorted(problems(tmp_path, wrong)) == sorted(
        [
            'study.yaml, column modular_rfp.modules: "2.5" is not a whole number. Write a whole number of contracts.',
            'study.yaml, column methods: "existing_contrct" is no way to buy. '
            "Did you mean existing_contract? Write that.",
            'study.yaml, column itb.strategies: "retire" is no strategy that is bought. '
            "Write any of rehost, relocate, repurchase, replatform, refactor.",
            'study.yaml, column violation_price: "transfers" is no limit that can be overrun. '
            "Write any of appropriation, hours, starts, procurement, modern_share, risk_ceiling.",
            'study.yaml, column fund_weights: "federl" is no fund of appropriations. Did you mean federal? Write that.',
            'study.yaml, column freezes: "2027-Q3" is not a quarter. Write a quarter such as 2027Q3.',
            'study.yaml, column itb.smallest: "2e+06" is above itb.largest, 1e+06, so that nothing can be bought '
            "this way. Write a smaller one, or leave the method out of methods.",
            *(
                f'study.yaml, column methods: "itb" names none that may buy {strategy}, which systems may take. '
                "Add one that may, such as existing_contract."
                for strategy in ("relocate", "repurchase", "replatform", "refactor")
            ),
            'study.yaml, column appropriation_years: "2" needs to know when a biennium starts. '
            "Write in study.yaml biennium_start: the first fiscal year of a biennium.",
        ]
    )


@pytest.mark.parametrize("name", ["reserve", "savings_sweep", "modern_share", "learning_first", "learning_decay"])
def test_shares_lie_between_0_and_1(tmp_path: Path, name: str) -> None:
    assert problems(tmp_path, {name: 1.5}) == [
        f'study.yaml, column {name}: "1.5" is out of range. Write a value from 0 to 1 share.'
    ]


def test_sizes_that_nobody_sells_and_years_that_never_come_are_said(tmp_path: Path) -> None:
    few = {"methods": ["sole_source", "single_rfp"], "single_rfp.smallest": 60_000, "modern_share": {2040: 0.5}}
    said = notes(tmp_path, few)
    assert said[0] == (
        'study.yaml, column methods: "single_rfp, sole_source" names none that may buy rehost in contracts '
        "from $50,000 to $60,000. Add one, or change what it may buy; systems of that size stay as they are."
    )
    assert said[-1] == (
        'study.yaml, column modern_share: "2040" is after the horizon, so that it limits nothing. '
        "Write a year from 2027 to 2029."
    )


def test_what_is_left_of_a_biennium_lapses_and_that_is_said(tmp_path: Path) -> None:
    said = notes(tmp_path, {"appropriation_years": 2}, biennium_start=2027)
    assert len(said) == 1
    assert "carry_forward does not count" in said[0]


def test_a_scenario_that_does_not_fit_is_named_as_the_place() -> None:
    scenario = Scenario(name="bids", why="Only bids.", set={"methods": ["itb"]})
    with pytest.raises(StudyError) as caught:
        apply(small_study(), scenario)
    assert {p.file for p in caught.value.problems} == {"scenarios/bids.yaml"}
