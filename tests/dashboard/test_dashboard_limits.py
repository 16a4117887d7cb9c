"""The Limits page: one price for a limit on every page, said in words, and checked by the worker when asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dashboard import worker, worth
from dashboard.jobs import CANCELLED, DONE, FAILED, Job, Jobs
from dashboard.look import View
from dashboard.measures import limits as measure
from dashboard.pages import explained, limits, plan
from dashboard.pages.assumptions import sentences as asking
from dashboard.pages.assumptions.progress import standing
from dashboard.pages.limits import sentences
from dashboard.pages.limits.layout import used
from dashboard.source import Source
from dashboard.words import plain
from scenarios.results import Results, read_results
from tests.dashboard.made_up import checked, results, write
from tests.dashboard.test_dashboard_pages import text, walk


def view(made: Results | None = None, **query: str) -> View:
    return View(made or results(), results("rival"), query=query)


def bound(made: Results | None = None) -> pd.DataFrame:
    return measure.bound(measure.priced(made or results()))


def spaced(sentence: str) -> str:
    return plain(sentence).replace("\u202f", " ")


@pytest.fixture
def study(tmp_path: Path) -> Source:
    write(tmp_path / "study" / "results")
    (tmp_path / "study" / "study.yaml").write_text("name: Erie\n", encoding="utf-8")
    return Source.of(tmp_path / "study")


# ---- measures ------------------------------------------------------------------------------------------------------


def test_one_percent_more_makes_limits_of_all_units_comparable() -> None:
    rows = measure.priced(results())
    one = rows[rows["key"] == "general FY2028"].iloc[0]
    assert one["percent"] == pytest.approx(0.01 * 38e6 * 0.4)
    kinds = measure.kinds(rows)
    assert kinds["limit"].tolist() == ["appropriation", "hours"]
    assert kinds["percent"].sum() == pytest.approx(rows["percent"].sum())
    assert kinds["bound"].sum() == rows["binding"].sum() == len(measure.bound(rows))
    assert not rows["tried"].any()


def test_checked_prices_count_on_every_page() -> None:
    made = checked()
    rows = measure.priced(made).set_index("key")
    hours = rows.loc[["migration 2029Q1"]]
    assert hours[["price", "up", "down"]].to_numpy().tolist() == [[40.0, 400.0, 400.0]]
    assert rows["price"].gt(0).sum() == 4
    assert rows["tried"].sum() == 3
    assert rows["confirmed"].sum() == 2
    table = plan.frames(View(made, results("rival")))["limits"]
    assert table.set_index("Limit").loc["Migration hours 2029Q1", "One more is worth"] == "$40 an hour"


def test_prices_that_were_all_found_to_be_nothing_count_too() -> None:
    nothing = checked().explained["prices"].iloc[:0]
    rows = measure.priced(replace(results(), explained={"prices": nothing}))
    assert rows["price"].sum() == 0
    assert rows["binding"].sum() == measure.priced(results())["binding"].sum()
    broken = measure.priced(replace(results(), explained={"prices": pd.DataFrame()}))
    assert broken["price"].sum() > 0


def test_prices_are_read_again_when_they_were_checked(study: Source) -> None:
    first = study.read("baseline")
    assert first.explained == {}
    folder = study.results / "baseline"
    checked().explained["prices"].to_csv(folder / "explain_prices.csv", index=False)
    (folder / "explain.json").write_text("{}\n", encoding="utf-8")
    again = study.read("baseline")
    assert measure.is_checked(again)
    pd.testing.assert_frame_equal(measure.priced(again), measure.priced(checked(again)))
    assert read_results(folder).explained["prices"]["words"].tolist() == [""] * 4


# ---- sentences -----------------------------------------------------------------------------------------------------


def kinds(*rows: tuple[str, int, int, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["limit", "bound", "all", "percent"])


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            kinds(("starts", 15, 20, 1.7e6), ("hours", 7, 40, 65e3), ("appropriation", 4, 30, 34e3)),
            "26 limits hold the plan back, starts most: 1 % more of them is worth $1.7M at most, "
            "of hours of work $65K and of appropriations $34K.",
        ),
        (
            kinds(("starts", 15, 20, 1.7e6), ("hours", 7, 40, 65e3)),
            "22 limits hold the plan back, starts most: 1 % more of them is worth $1.7M at most, "
            "and of hours of work $65K.",
        ),
        (
            kinds(("hours", 1, 40, 65e3)),
            "1 limit holds the plan back: 1 % more hours of work is worth $65K at most.",
        ),
        (kinds(("hours", 2, 40, 0.0)), "2 limits hold the plan back, but 1 % more of any is worth nothing by itself."),
        (kinds(), "No limit holds this plan back: more money, hours or starts would not change it."),
    ],
    ids=["three", "two", "one", "no price", "none"],
)
def test_the_lede_of_the_limits(table: pd.DataFrame, said: str) -> None:
    sentence = sentences.lede(table)
    assert spaced(sentence) == said
    assert len(said) <= 200
    assert sentence.count("*") % 2 == 0
    assert sentences.lede(table, moves=False) == "Nothing moves in this plan, so no limit holds it back."


def test_which_limit_is_dearest_and_whether_that_was_tried() -> None:
    assert spaced(sentences.which(bound(), False)) == (
        "One more dollar of general money in FY2028 is worth $0.40. These prices were not checked yet."
    )
    some = bound(checked())
    assert spaced(sentences.which(some, True)).endswith("Moving its limit tried 3 of 4 prices: 2 held.")
    sure = some[some["confirmed"]]
    assert sentences.which(sure, True).endswith("tried all two prices and confirmed each.")
    assert sentences.which(sure.head(1), True).endswith("tried all one price and confirmed it.")
    assert sentences.which(some[~some["tried"] & some["price"].gt(0)], True).endswith(
        "no time to try any of these prices."
    )
    assert sentences.which(some.assign(price=0.0), True).startswith("None has a price")
    assert sentences.which(some.head(0), True) == "No limit binds."


def test_how_far_a_price_holds() -> None:
    rows = bound(checked()).set_index("key")
    said = {str(key): sentences.holds(row) for key, row in rows.iterrows()}
    assert said["migration 2029Q1"] == "for 400 hours more or less"
    assert said["application 2029Q1"] == "for 300 hours less; more is worth less"
    assert said["application 2029Q2"] == "not tried"
    assert said["general FY2028"] == "for no step: more is worth $0.30, less costs $0.50"
    one = rows.loc[["migration 2029Q1"]].iloc[0]
    assert sentences.holds(one.mask(one.index == "down", 0.0)) == "for 400 hours more; less costs more"
    assert sentences.holds(one.mask(one.index == "down", 40.0)) == "for 400 hours more, 40 hours less"


def test_what_is_used_up() -> None:
    table = measure.use(measure.priced(results()))
    assert spaced(sentences.use(table)) == (
        "General appropriation binds in 1 of 5 years, application hours bind in 4 of 20 quarters and "
        "migration hours bind in 4 of 20 quarters. One other never does."
    )
    assert sentences.use(table.assign(binding=False)) == "Every limit has room."
    assert sentences.use(table.head(0)) == "This plan has no limits."
    whole = table.head(1).assign(period="", binding=True)
    assert plain(sentences.use(whole)) == "General appropriation binds."
    row = bound().iloc[0]
    assert used(row) == "$38.0M of $38.0M"
    assert used(row.mask(row.index == "used", 30e6)) == "$30.0M of $38.0M; the rest goes on to the next year"


def test_limits_of_every_unit_are_named() -> None:
    row = pd.Series(
        {"limit": "modern_share", "subject": "", "quarter": "", "year": "2030", "unit": "USD", "price": 0.25}
    )
    assert plain(worth.price(row)) == "One more dollar under the share of modern systems in FY2030 is worth $0.25."
    bought = row.mask(row.index == "limit", "procurement").mask(row.index == "unit", "purchases")
    assert plain(worth.price(bought)) == "One more open purchase in FY2030 is worth $0."
    risk = row.mask(row.index == "limit", "risk_ceiling").mask(row.index == "unit", "unit-quarters")
    assert worth.one_more(risk) == "One more unit-quarter under the ceiling on risk in FY2030"
    assert worth.limit_name(row) == "modern share FY2030"
    assert worth.amount(0.4, bought) == "0.4 purchases"
    assert worth.amount(1.0, bought) == "1 purchase"


# ---- the page ------------------------------------------------------------------------------------------------------


def test_the_page_and_its_files_say_the_same(study: Source, tmp_path: Path) -> None:
    page = limits.layout(view(checked()), study, Jobs(tmp_path / "jobs.sqlite"))
    table = limits.frames(view(checked()))["bound"]
    assert len(table) == len(bound(checked()))
    said = text(page)
    assert "for 400 hours more or less" in said
    assert set(table["Confirmed"]) == {"yes", "no"}
    assert table["1 % more is worth at most, $M"].sum() == pytest.approx(bound(checked())["percent"].sum() / 1e6)
    assert "Prices confirmed2of 3 tried, of 4 in all" in said
    assert "Prices confirmed–not checked yet" in text(limits.layout(view(), study))


def buttons(page: Any) -> list[str]:
    return [text(c) for c in walk(page) if type(c).__name__ == "Button"]


def test_prices_are_asked_for_where_a_study_is_known(study: Source, tmp_path: Path) -> None:
    results_only = Source.of(write(tmp_path / "out"))
    assert "Check these prices" in buttons(limits.layout(view(), study))
    assert "Check the prices again" in buttons(limits.layout(view(checked()), study))
    assert buttons(limits.layout(view(), results_only)) == []
    assert explained.NO_STUDY in text(limits.layout(view(), results_only))
    assert explained.NO_STUDY not in text(limits.layout(view(results("rival")), results_only))


def test_a_plan_that_moves_nothing_has_nothing_to_hold_back() -> None:
    assert "Nothing moves in this plan" in text(limits.layout(view(results("rival"))))


def test_a_plan_without_limits_says_so() -> None:
    made = results()
    none = replace(made, limits=made.limits.iloc[:0])
    assert "No limits yet." in text(limits.layout(view(none)))
    free = replace(made, limits=made.limits.assign(binding=False, price=0.0))
    assert "No limit holds this plan back" in text(limits.layout(view(free)))


# ---- the job -------------------------------------------------------------------------------------------------------


def job(state: str, question: str = "prices", **values: Any) -> Job:
    request = {"kind": "explain", "question": question, **values.pop("request", {})}
    return Job("a", state, 40.0, "moving each limit", 0.0, request, values.get("result", ""), values.get("error", ""))


def test_a_question_is_a_job_about_the_plan_shown(study: Source) -> None:
    request = explained.request(study, study.read("baseline"), "prices")
    assert (request["kind"], request["question"], request["name"]) == ("explain", "prices", "baseline")
    assert explained.question_of(request) == "prices"
    assert explained.question_of({"scenario": {}}) == ""


def test_the_worker_answers_the_question(study: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("scenarios.explain.explain", lambda *a, **k: asked.append((a, k)))
    for question in ("prices", "frontier"):
        assert worker.explain(explained.request(study, study.read("baseline"), question), print) == "baseline"
    (prices, frontier), place = [a[1] for a, _ in asked], asked[0][0][0]
    assert (prices.prices, prices.alternatives, prices.frontier) == (True, False, 0)
    assert (frontier.prices, frontier.frontier) == (False, explained.LEVELS)
    assert place == study.results / "baseline"
    assert asked[0][1] == {"study": str(study.study), "progress": print}


def test_the_page_says_how_a_question_stands(study: Source) -> None:
    assert asking.progress(job(DONE)) == "The prices are checked."
    assert asking.progress(job(CANCELLED)) == "Cancelled. Nothing was changed."
    assert asking.progress(job(FAILED)) == "No answer was found."
    status, _, over, result = standing(job(DONE, result="baseline"), study, {})
    assert (status, over, result) == ("The prices are checked.", True, None)
    failed = standing(job(FAILED, error="systems.csv has changed"), study, {})[3]
    assert text(failed) == "Systems.csv has changed"
