"""The cash flow table of the contract, row by row, worked out by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimizer import DataError, Economics, Strategy
from optimizer.options import NEVER, Options, chosen, expand
from tests.optimizer.portfolios import CATALOGUE, by_hand, made_up

MOVE = Strategy("rehost", 600.0, 90.0, 2, 1, 1, {"migration": 10}, 0.5, 1.0, 0.25)
PLAIN = Economics(tail_years=0)


def option(
    start: str, *, strategy: Strategy = MOVE, economics: Economics = PLAIN, years: int = 2, **system: Any
) -> Options:
    portfolio = by_hand({"payroll": system}, years=years)
    rows = pd.DataFrame(
        {"system": ["payroll"], "units": [1], "strategy": [strategy.name if start else "retain"], "start": [start]}
    )
    return chosen(portfolio, (strategy,), economics, rows)[0]


def flow(options: Options, nature: str, side: str) -> list[float]:
    amounts: list[float] = options.cash(nature, side)[0].round(6).tolist()
    return amounts


def test_run_cost_of_the_old_system_ends_when_it_is_off() -> None:
    # starts in quarter 1, cut over in 3, off in 4
    assert flow(option("2027Q2"), "run", "legacy") == [1000, 1000, 1000, 0, 0, 0, 0, 0]


def test_the_unavoidable_share_of_run_cost_stays() -> None:
    kept = option("2027Q2", economics=Economics(tail_years=0, avoidable_share=0.9))
    assert flow(kept, "run", "legacy") == [1000, 1000, 1000, 0, 100, 100, 100, 100]


def test_both_systems_run_side_by_side() -> None:
    both = option("2027Q2", cloud_price=800.0)
    assert flow(both, "dual_run", "legacy") == [0, 0, 0, 1000, 0, 0, 0, 0]
    assert flow(both, "dual_run", "modern") == [0, 0, 700, 0, 0, 0, 0, 0]
    assert flow(both, "run", "modern") == [0, 0, 0, 700, 700, 700, 700, 700]


def test_cloud_prices_grow_by_fiscal_year() -> None:
    grown = option("2027Q1", cloud_price=800.0, economics=Economics(tail_years=0, cloud_price_growth=0.1))
    assert flow(grown, "run", "modern") == [0, 0, 700, 700, 720, 720, 720, 720]


def test_one_time_cost_is_spread_over_the_work_and_decommissioning_follows() -> None:
    assert flow(option("2027Q3"), "one_time", "modern") == [0, 0, 300, 300, 0, 90, 0, 0]
    grown = option("2027Q4", economics=Economics(tail_years=0, price_growth=0.1))
    assert flow(grown, "one_time", "modern") == [0, 0, 0, 300, 330, 0, 99, 0]


def test_retire_and_relocate_build_on_the_legacy_side() -> None:
    retire = Strategy("retire", 100.0, 50.0, 1, side="")
    relocate = Strategy("relocate", 100.0, 50.0, 1, run_factor=0.5, side="legacy")
    gone, moved = option("2027Q2", strategy=retire), option("2027Q2", strategy=relocate)
    assert flow(gone, "one_time", "legacy") == [0, 100, 50, 0, 0, 0, 0, 0]
    assert flow(gone, "run", "legacy") == [1000, 1000, 0, 0, 0, 0, 0, 0]
    assert flow(moved, "run", "legacy") == [1000, 1000, 500, 500, 500, 500, 500, 500]
    for nature in ("run", "one_time", "dual_run", "exit"):
        assert flow(gone, nature, "modern") == flow(moved, nature, "modern") == [0] * 8


def test_a_modern_system_stays_on_its_side() -> None:
    stays = option("", side="modern")
    assert flow(stays, "run", "modern") == [1000] * 8
    assert flow(stays, "run", "legacy") == [0] * 8


@pytest.mark.parametrize(
    ("fee", "exit_flow"),
    [
        (np.nan, [0, 0, 0, 0, 1000, 1000, 0, 0]),  # no fee agreed: owed until the contract ends
        (1500.0, [0, 0, 0, 0, 1500, 0, 0, 0]),  # the fee is less than the 2,000 owed
        (2500.0, [0, 0, 0, 0, 1000, 1000, 0, 0]),  # dearer than letting it run out
    ],
)
def test_exit_is_the_lesser_of_fee_and_contract(fee: float, exit_flow: list[float]) -> None:
    leaves = option("2027Q2", contract_end=pd.Timestamp("2027-12-31"), exit_fee=fee)
    assert flow(leaves, "exit", "legacy") == exit_flow


def test_nothing_is_owed_once_the_contract_has_ended() -> None:
    assert flow(option("2027Q2", contract_end=pd.Timestamp("2027-06-30"), exit_fee=5.0), "exit", "legacy") == [0] * 8
    assert flow(option("2027Q2", exit_fee=5.0), "exit", "legacy") == [0] * 8


def test_discounting_is_mid_quarter_from_as_of() -> None:
    stays = option("", economics=Economics(discount_rate=0.08, tail_years=0))
    expected = sum(1000 / 1.08 ** ((t + 0.5) / 4) for t in range(8))
    assert stays.present_value("run")[0] == pytest.approx(expected)


def test_tail_counts_the_difference_of_run_cost() -> None:
    # M = 0.5 x 1,000; a tenth of R stays: each quarter after the horizon saves 400
    economics = Economics(discount_rate=0.08, tail_years=2, avoidable_share=0.9)
    expected = sum(-400 / 1.08 ** ((t + 0.5) / 4) for t in range(8, 16))
    assert option("2027Q2", economics=economics).tail()[0] == pytest.approx(expected)
    assert option("", economics=economics).tail()[0] == 0


def test_tail_keeps_what_is_still_owed_after_the_horizon() -> None:
    # starts in 5, cut over in 7, dual run in 7, 8, 9, off in 10; the contract ends with quarter 11
    late = Strategy("rehost", 600.0, 90.0, 2, 1, 3, {}, 0.5)
    owing = option("2028Q2", strategy=late, contract_end=pd.Timestamp("2029-06-30"))
    assert owing.tail()[0] == pytest.approx(2 * 1000 + 90 + 2 * 1000)
    fee = option("2028Q2", strategy=late, contract_end=pd.Timestamp("2029-06-30"), exit_fee=700.0)
    assert fee.tail()[0] == pytest.approx(2 * 1000 + 90 + 700)
    # with a tail: M 500 instead of R 1,000 for four quarters on top, and the two quarters of dual run cost R anew
    longer = option("2028Q2", strategy=late, economics=Economics(tail_years=1))
    assert longer.tail()[0] == pytest.approx(4 * -500 + 2 * 1000 + 90)


def test_risk_is_priced_after_the_end_of_support() -> None:
    economics = Economics(tail_years=0, risk_price=30.0)
    support: dict[str, Any] = {"end_of_support": pd.Timestamp("2026-12-31"), "criticality": 5}
    # quarters 2 to 7 start after the end of support; 30 x 5/3 = 50 each, a quarter of it from the cut-over in 3 on
    assert option("", economics=economics, **support).risk()[0] == pytest.approx(6 * 50)
    assert option("2027Q2", economics=economics, **support).risk()[0] == pytest.approx(50 + 5 * 12.5)
    assert option("2027Q2", economics=economics).risk()[0] == 0


def test_hours_are_spread_over_the_work() -> None:
    assert option("2027Q2").hours("migration")[0].tolist() == [0, 5, 5, 0, 0, 0, 0, 0]
    assert option("2027Q2").hours("law")[0].tolist() == [0] * 8


def starts(portfolio_changes: dict[str, Any] | None = None, economics: Economics = PLAIN, **system: Any) -> list[str]:
    portfolio = by_hand({"payroll": system}, years=2, **(portfolio_changes or {}))
    frame = expand(portfolio, (MOVE,), economics).frame
    return [str(start) for start in frame["start"]]


def test_an_option_for_every_start_whose_cutover_lies_in_the_horizon() -> None:
    assert starts() == ["", "2027Q1", "2027Q2", "2027Q3", "2027Q4", "2028Q1", "2028Q2"]


def test_freezes_forbid_starts_and_cutovers() -> None:
    assert starts({"freezes": ["2027Q4"]}) == ["", "2027Q1", "2027Q3", "2028Q1", "2028Q2"]


def test_earliest_latest_and_today_narrow_the_window() -> None:
    assert starts(earliest="2027Q3", latest="2027Q4") == ["", "2027Q3", "2027Q4"]
    assert starts({"as_of": "2027-02-10"}) == ["", "2027Q4", "2028Q1", "2028Q2"]


def test_locks_leave_one_option() -> None:
    assert starts(lock="keep") == [""]
    assert starts(lock="rehost@2027Q3") == ["2027Q3"]
    with pytest.raises(DataError, match="system payroll: lock `rehost@2028Q4` leaves no option"):
        starts(lock="rehost@2028Q4")


def test_strategies_and_side_filter() -> None:
    assert starts(strategies="retire") == starts(side="modern") == [""]
    assert len(starts(strategies="retire|rehost")) == 7


def test_a_group_keeps_the_starts_that_all_members_have() -> None:
    systems: dict[str, dict[str, Any]] = {
        "a": {"group": "g", "earliest": "2027Q2", "units": 3},
        "b": {"group": "g", "latest": "2027Q3"},
        "c": {"group": "g", "side": "modern"},
    }
    frame = expand(by_hand(systems, years=2), (MOVE,), PLAIN).frame
    of = {name: [str(start) for start in rows["start"]] for name, rows in frame.groupby("system", observed=True)}
    assert of == {"a": ["", "2027Q2", "2027Q3"], "b": ["", "2027Q2", "2027Q3"], "c": [""]}
    assert frame.groupby("system", observed=True)["block"].first().to_dict() == {"a": 3, "b": 1, "c": 1}
    systems["a"] |= {"lock": "rehost@2027Q4", "earliest": ""}
    systems["b"] |= {"lock": "keep", "latest": ""}
    with pytest.raises(DataError, match=r"group g: its members \(a, b\) have no start in common"):
        expand(by_hand(systems, years=2), (MOVE,), PLAIN)


def test_frame_has_one_row_per_option() -> None:
    portfolio = made_up(30, seed=3)
    options = expand(portfolio, CATALOGUE, Economics())
    frame = options.frame
    assert list(frame.columns) == ["system", "strategy", "start", "cutover", "legacy_off", "block", "cost"]
    assert len(frame) == len(options)
    assert not frame.duplicated(["system", "strategy", "start"]).any()
    assert set(frame["system"]) == set(portfolio.systems.index)
    assert (options.q[options.stays] == NEVER).all()
    assert (frame.loc[options.stays, ["start", "cutover", "legacy_off"]] == "").all(axis=None)


def test_given_rows_must_name_what_exists() -> None:
    portfolio = by_hand({"payroll": {}})
    rows = pd.DataFrame({"system": ["pay"], "units": [1], "strategy": ["rehost"], "start": ["2027Q1"]})
    with pytest.raises(DataError, match="no system or strategy is called pay"):
        chosen(portfolio, (MOVE,), PLAIN, rows)
    with pytest.raises(DataError, match="the start of payroll is not a quarter of the horizon"):
        chosen(portfolio, (MOVE,), PLAIN, rows.assign(system="payroll", start="2031Q1"))
