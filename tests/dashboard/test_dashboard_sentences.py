"""Every branch of every sentence, read as a person reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from dashboard import worth
from dashboard.jobs import CANCELLED, DONE, FAILED, RUNNING, WAITING, Job
from dashboard.measures import money, moves
from dashboard.measures.money import Balance
from dashboard.measures.year_end import UnderWay
from dashboard.pages.assumptions import sentences as asking
from dashboard.pages.outlook import sentences as ahead
from dashboard.pages.overview import sentences as overview
from dashboard.pages.plan import sentences as plan
from dashboard.words import plain
from tests.dashboard.made_up import results


@pytest.mark.parametrize(
    ("extra", "back", "moved", "text"),
    [
        (
            62e6,
            130.5e6,
            5000,
            "Moving 5,000 servers costs $62.0M more than to continue as now through FY2028, then gives back $130.5M: "
            "a net saving of $68.5M by FY2031.",
        ),
        (
            62e6,
            57.9e6,
            5000,
            "Moving 5,000 servers costs $62.0M more than to continue as now through FY2028, then gives back $57.9M, "
            "which still leaves a net cost of $4.1M by FY2031.",
        ),
        (
            4.1e6,
            0,
            1,
            "Moving 1 server costs $4.1M more than to continue as now through FY2028, "
            "and none of it comes back by FY2031.",
        ),
        (
            4.1e6,
            4.1e6,
            9,
            "Moving 9 servers costs $4.1M more than to continue as now through FY2028, then gives back $4.1M: "
            "it costs the same by FY2031.",
        ),
        (0, 12e6, 9, "Moving 9 servers saves $12.0M by FY2031, and costs more in no year."),
        (0, 0, 9, "Moving 9 servers costs the same as to continue as now by FY2031."),
        (0, 0, 0, "This plan costs the same as to continue as now by FY2031."),
    ],
    ids=["dearer then cheaper", "negative", "none back", "all back", "never dearer", "tie", "nothing moves"],
)
def test_the_lede_of_the_overview(extra: float, back: float, moved: int, text: str) -> None:
    said = overview.lede(Balance(extra, back, 2028, 2031, moved))
    assert plain(said) == text
    assert len(text) <= 200
    assert said.count("*") % 2 == 0


def shares(*values: float, transition: float = 71e6) -> pd.DataFrame:
    years = range(2027, 2027 + len(values))
    return pd.DataFrame({"share": values, "transition": [transition] * len(values)}, index=pd.Index(years))


@pytest.mark.parametrize(
    ("table", "start"),
    [
        (
            shares(0.78, 0.31),
            "Legacy falls from 78 % of run cost in FY2027 to 31 % in FY2028; transition peaks at $71.0M",
        ),
        (shares(0.31, 0.78), "Legacy rises from 31 %"),
        (shares(0.31, 0.312, transition=0), "Legacy stays near 31 % of run cost. Bold"),
        (shares(0.31), "Legacy is 31 % of run cost in FY2027; transition"),
        (shares(float("nan"), transition=0), "Bold figures"),
    ],
)
def test_when_the_money_leaves(table: pd.DataFrame, start: str) -> None:
    assert plain(overview.spend(table)).replace("\u202f", " ").startswith(start)


def flows(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["source", "through", "target", "amount"])


def test_where_each_dollar_ends_up() -> None:
    off, move = ("Legacy", "Switched off", "Freed", 52e6), ("Legacy", "Move to modern platforms", "Freed", 9e6)
    new = ("Added", "Relocate", "Modern", 3e6)
    said = [plain(overview.ribbons(flows(*rows), 2031)) for rows in ((off, move), (off,), (new,), (off, new), ())]
    assert said == [
        "Of $61.0M freed in FY2031, $52.0M comes from switching systems off and $9.0M from moving to modern platforms.",
        "All of $52.0M freed in FY2031 comes from switching systems off.",
        "Moving adds $3.0M.",
        "All of $52.0M freed in FY2031 comes from switching systems off. Moving adds $3.0M.",
        "No dollar of FY2031 moves.",
    ]
    same = flows(("Legacy", "Stay as they are", "Legacy", 5e6))
    assert overview.ribbons(same, 2031) == "Nothing is freed in FY2031, and nothing added."


@pytest.mark.parametrize(
    ("totals", "text"),
    [
        (
            {"it_capital": 107.2e6, "general": -89.9e6},
            "IT capital pays $107.2M more over six years; General gains $89.9M.",
        ),
        ({"general": -89.9e6}, "Every fund pays less or the same; General gains most, $89.9M over six years."),
        ({"it_capital": 107.2e6}, "No fund gains; IT capital pays most, $107.2M more over six years."),
        ({"general": 100.0}, "No fund pays more or less than to continue."),
    ],
)
def test_who_pays(totals: dict[str, float], text: str) -> None:
    table = pd.DataFrame({"total": {**totals, "All funds": sum(totals.values())}})
    assert plain(overview.funds(table, 6)) == f"{text} Figures are changes against cost to continue."


def test_what_must_be_decided() -> None:
    waves = moves.waves(results())
    assert plain(overview.decisions(waves, 2)) == "Two of four purchases fall due by April 2027."
    assert plain(overview.decisions(waves, 9)) == "All four purchases fall due by April 2029."
    assert plain(overview.decisions(waves.head(1), 9)) == "One purchase falls due by July 2026."
    assert overview.decisions(waves.head(0), 9).startswith("Nothing is to be bought")


def test_the_lede_of_the_outlook() -> None:
    past = pd.DataFrame({"year": [2026], "appropriated": [9e6], "expended": [10e6]})
    future = pd.DataFrame({"year": [2027, 2028], "mean": [11e6, 12e6]})
    limit = pd.Series({2027: 11.5e6, 2028: 11.5e6})
    said = [
        plain(ahead.lede(*case))
        for case in (
            (past, future, limit),
            (past, future, limit + 9e6, "Health"),
            (past.head(0), future, pd.Series(dtype=float)),
            (past, future.head(0), limit),
            (past, future.assign(mean=10e6), pd.Series(dtype=float)),
        )
    ]
    assert said == [
        "If nothing changes, spending grows to $12.0M by FY2028, from $10.0M in FY2026. "
        "It passes what is appropriated in FY2028, and is short by $500K at most.",
        "If nothing changes, spending of Health grows to $12.0M by FY2028, from $10.0M in FY2026. "
        "It stays within what is appropriated in every year.",
        "If nothing changes, spending is $12.0M in FY2028.",
        "No history yet, so nothing can be said about the years ahead.",
        "If nothing changes, spending stays near $10.0M by FY2028, from $10.0M in FY2026.",
    ]


def test_the_range_and_the_scores() -> None:
    row = {"year": [2027, 2028], "lo_80": 8e6, "hi_80": 12e6, "hi_95": 13e6}
    assert plain(ahead.fan(pd.DataFrame(row))).startswith("In FY2028 outlays lie between $8.0M and $12.0M")
    assert ahead.fan(pd.DataFrame(row).head(1)) == "One year; no trend can be shown."
    assert ahead.fan(pd.DataFrame()) == "No history yet."
    blank = pd.DataFrame(row | {"mean": [9e6, 10e6]}).assign(hi_95=float("nan"))
    assert plain(ahead.fan(blank)) == "In FY2028 outlays come to $10.0M; these results hold no range for it."
    table = pd.DataFrame({"horizon": [1], "combined": [0.05], "naive": [0.07], "coverage_80": [0.83]})
    assert plain(ahead.scores(table)).endswith("Its 80\u202f% range held 83\u202f% of the time.")
    table = table.assign(coverage_80=float("nan"))
    assert "better than to repeat the last year, which was 7.0\u202f% off" in plain(ahead.scores(table))
    assert "no better than" in ahead.scores(table.assign(naive=0.04))
    assert ahead.scores(table.assign(naive=float("nan"), horizon=2)).endswith("2 years ahead.")
    assert ahead.scores(table.head(0)).startswith("No back-test yet")
    assert plain(ahead.treatments(results().treatments)) == "1 figure of the history was treated: 1 outlier."
    assert ahead.treatments(pd.DataFrame()).startswith("Nothing")
    rows = results().treatments
    more = rows.assign(found="year under way", treatment="year-end projection from 11 of 12 months", period=2026)
    last = "FY2026 stands in it as a year-end projection from 11 of 12 months."
    assert plain(ahead.treatments(pd.concat([rows, more]))) == f"1 figure of the history was treated: 1 outlier. {last}"
    assert plain(ahead.treatments(more)) == f"Nothing in the closed years needed treatment. {last}"


def test_the_year_under_way() -> None:
    now = UnderWay(2026, 11, 12)
    row = {"mean": 9e6, "lo_80": 8e6, "hi_80": 10e6, "appropriated": 9.5e6}
    rows = pd.DataFrame([row | {"expected_lapse": 6e5, "expected_overspend": 1e5}])
    start = "near $9.0M: between $8.0M and $10.0M with 4 chances in 5."
    assert plain(ahead.year_end(now, rows)) == (
        f"With 11 of 12 months closed, FY2026 ends {start} "
        "Of its appropriations $600K is expected to lapse and $100K to be overspent."
    )
    assert plain(ahead.year_end(UnderWay(2026, 3, 4), rows.assign(appropriated=float("nan")), "Health")) == (
        f"With 3 of 4 quarters closed, Health ends FY2026 {start} No appropriation is known for it."
    )
    assert ahead.year_end(None, rows.head(0)) == "The study holds no months of a year under way."
    assert ahead.year_end(None, pd.DataFrame()) == ahead.EARLIER


def test_the_budget_and_what_people_set() -> None:
    rows = pd.DataFrame({"variance": [3e6, -1e6], "timing": [-5e5, 0.0], "level": [3.5e6, -1e6]})
    assert plain(ahead.variance(rows)) == (
        "Spending to date is $2.0M below budget: +$2.5M lasts to the end of the year, "
        "and −$500K is timing, which reverses by then."
    )
    assert "$2.0M above budget" in plain(ahead.variance(-rows))
    assert ahead.variance(rows.head(0)) == "No budget of a year under way is known."
    assert ahead.variance(rows.head(0), "category") == "Nothing is appropriated by category."
    assert ahead.variance(pd.DataFrame()) == ahead.EARLIER
    hand = pd.DataFrame({"period": [2027, 2028], "amount": [1e6, 2e6], "change": [-1e6, -2e6]})
    assert plain(ahead.overrides(hand.head(1), ["Health"])) == (
        "One amount is set by hand: Health in FY2027, −$1.0M against the models."
    )
    said = plain(ahead.overrides(hand, ["Health", "Aging"]))
    assert said == "Two amounts are set by hand, together −$3.0M against the models."
    came = hand.assign(better=[float("nan"), 1.0], author="Budget office")
    assert plain(ahead.overrides(came, ["Health", "Aging"])) == (
        "One amount is set by hand: Health in FY2027, −$1.0M against the models. "
        "Once the year had closed, what was set was nearer than the models: Budget office in 1 of 1."
    )
    many = pd.concat([came.tail(1).assign(author=f"Office {i}", better=i / 2) for i in range(6)])
    said = plain(ahead.overrides(many, ["Aging"] * 6))
    assert said.startswith("Nothing ahead is set by hand. Once")
    assert said.endswith("Office 2 in 1 of 1, Office 3 in 0 of 1 and 2 more authors.")
    assert ahead.overrides(hand.head(0), []).startswith("Nothing is set by hand")
    assert ahead.overrides(pd.DataFrame(), []) == ahead.EARLIER


def test_what_was_asked_for_and_what_was_enacted() -> None:
    table = pd.DataFrame({"year": [2027]})
    columns = ["year", "request", "enacted", "change"]
    rows = [(2027, 9e6, 7e6, -2e6), (2027, 1e6, 1.5e6, 0.5e6), (2026, 5e6, 5e6, 0.0), (2025, 3e6, 1e6, -2e6)]
    changes = pd.DataFrame(rows, columns=columns)
    assert plain(ahead.budget(table, changes, ["Health", "Aging", "Health", "Health"])) == (
        "For FY2027 $10.0M was asked for and $8.5M enacted; the largest change is Health, −$2.0M. "
        "For FY2026 $5.0M was asked for and $5.0M enacted."
    )
    assert ahead.budget(table, changes.head(0), []).startswith("Of no year both is known")
    assert ahead.budget(table.head(0), changes.head(0), []) == "No budget is known."
    assert ahead.budget(table.head(0), changes.head(0), [], "category") == "Nothing is appropriated by category."
    assert ahead.budget(table, changes, [], earlier=True) == ahead.EARLIER


def test_the_lede_of_the_plan() -> None:
    waves, bound = moves.waves(results()), moves.limits(results()).query("binding")
    said = plain(plan.lede(waves, 2150, pd.Timestamp(2030, 12, 31), bound, "existing contract"))
    assert said == (
        "2,150 servers move in four waves by December 2030. Buying must start by 1 Jul 2026, "
        "first by existing contract, and hours of work set the pace."
    )
    one = plan.lede(waves.head(1), 1, None, bound.head(0))
    assert plain(one) == "1 server moves in one wave. Buying must start by 1 Jul 2026."
    nothing = plan.lede(waves.head(1).assign(buy_by=pd.Series([pd.NaT])), 1, None, bound.head(0))
    assert plain(nothing) == "1 server moves in one wave. Nothing is to be bought for it."
    assert plan.lede(waves.head(0), 0, None, bound).startswith("Nothing moves")
    starts = pd.DataFrame({"limit": ["starts"]})
    assert plan.pacing(starts) == "the number of starts sets the pace"
    assert plan.pacing(pd.DataFrame({"limit": ["starts", "hours"]})) == ""
    assert plan.pacing(pd.DataFrame({"limit": ["reserve"]})) == "reserve set the pace"


def test_sites_capacity_and_systems() -> None:
    lines = moves.lifelines(results())
    assert plain(plan.roadmap(lines)) == "All seven sites keep some systems."
    gone = lines.assign(stays=0, moved=lines["units"])
    assert plain(plan.roadmap(gone)) == "Seven of seven sites empty."
    assert plan.roadmap(lines.head(0)) == "No site yet."
    assert plan.closing(moves.closings(results())) == ""
    sites = results().sites.assign(closes=["2030Q1", "2029Q3", *[""] * (len(results().sites) - 2)], saving=1.5e6)
    closed = moves.closings(replace(results(), sites=sites))
    assert closed["closes"].tolist() == ["2029Q3", "2030Q1"]
    assert plain(plan.closing(closed)) == "Two close, which saves $3.0M in present value."
    assert plain(plan.closing(closed.head(1))) == "One closes, which saves $1.5M in present value."
    rows = moves.capacity(results())
    assert plain(plan.capacity(rows)) == (
        "Application hours are full in 5 quarters and migration hours are full in 5 quarters. Starts always have room."
    )
    assert plan.capacity(rows[rows["limit"] == "starts"]) == "Every quarter has room."
    assert plan.capacity(rows.head(0)).startswith("No limit")
    table = moves.fates(results())
    assert "the plan takes" in plan.systems(table, 2031)
    assert "leaves it as it is" in plan.systems(table.assign(after=table["cost"]), 2031)
    assert "the plan adds" in plan.systems(table.assign(after=table["cost"] * 2), 2031)
    assert plan.systems(table.head(0), 2031) == "No system yet."
    assert plain(plan.locks(1, 0)).startswith("1 system locked. A lock keeps")
    assert plan.locks(2, 1).endswith("does not know of this yet.")


def limit(**values: Any) -> pd.Series:
    row = {"limit": "hours", "subject": "migration", "quarter": "2028Q2", "year": "", "unit": "hours", "price": 38.0}
    return pd.Series({**row, **values})


def test_prices_of_limits() -> None:
    assert plain(worth.price(limit())) == "One more hour of migration in 2028Q2 is worth $38."
    start = limit(limit="starts", subject="", unit="units", price=76_000.0)
    assert plain(worth.price(start)) == "One more start in 2028Q2 is worth $76K."
    dollar = limit(limit="appropriation", subject="general", quarter="", year="2028", unit="USD", price=0.4)
    assert plain(worth.price(dollar)) == "One more dollar of general money in FY2028 is worth $0.40."
    assert worth.price(limit(price=0.0)) == "One more is worth nothing."
    assert [worth.short_price(r) for r in (limit(), start, dollar, limit(price=float("nan")))] == [
        "$38 an hour",
        "$76K a start",
        "$0.40 a dollar",
        "nothing",
    ]
    assert worth.limit_name(dollar) == "general appropriation FY2028"
    bound = pd.DataFrame([limit(), start])
    assert plain(plan.limits(bound)) == "2 limits bind. One more start in 2028Q2 is worth $76K."
    assert plain(plan.limits(bound.assign(price=0.0))).startswith("2 limits bind. None has a price")
    assert plan.limits(bound.head(0)).startswith("No limit binds")


def job(state: str, **values: Any) -> Job:
    row: dict[str, Any] = {
        "percent": 40.0,
        "stage": "planning",
        "heartbeat": 0,
        "request": {},
        "result": "",
        "error": "",
    }
    return Job(id="a", state=state, **{**row, **values})


def test_jobs_and_their_outcome() -> None:
    said = [asking.progress(job(state)) for state in (WAITING, RUNNING, DONE, CANCELLED, FAILED)]
    assert said == [
        "Starting…",
        "Planning, 40\u202f%",
        "The plan is ready.",
        "Cancelled. The plan shown is as it was.",
        "No plan was made.",
    ]
    assert plain(asking.outcome(6.2e6, "New", "Old")) == "New saves $6.2M against Old over the horizon."
    assert plain(asking.outcome(-6.2e6, "New", "Old")) == "New costs $6.2M more than Old over the horizon."
    assert plain(asking.outcome(0, "New", "Old")) == "New costs the same as Old over the horizon."
    assert plain(asking.changed(2.5e6, -6.5e6, 74, 2e5)) == (
        "Its net saving against cost to continue rises by $2.5M, and 74 more servers move to modern platforms. "
        "The cost that plans minimise is $6.5M less in present value."
    )
    assert plain(asking.changed(-2.5e6, 1e5, -1, 2e5)) == (
        "Its net saving against cost to continue falls by $2.5M, and 1 fewer server moves to modern platforms. "
        "The cost that plans minimise is $100K more in present value, which is within what the proof leaves open."
    )
    assert asking.changed(0.0, 0.0, 0, 0.0) == (
        "Its net saving against cost to continue stays as it is. The cost that plans minimise is the same."
    )
    assert plain(asking.lede(1, 80)) == "This plan rests on 80 assumptions; 1 was changed from its default."
    assert plain(asking.lede(3, 80)).endswith("3 were changed from their defaults.")
    assert asking.lede(0, 80).endswith("Change one and plan again.")
    assert asking.lede(0, 0) == "This plan lists no assumptions."


def test_no_sentence_of_a_full_study_is_long_or_has_an_empty_slot() -> None:
    made, rival = results(), results("rival")
    table = money.spending(made, rival)
    for text in (
        overview.spend(table),
        overview.ribbons(money.ribbons(made, rival, 2031), 2031),
        overview.funds(money.by_fund(made, rival), 5),
        plan.roadmap(moves.lifelines(made)),
    ):
        assert len(plain(text)) <= 200
        assert "**" not in text
        assert "nan" not in text
