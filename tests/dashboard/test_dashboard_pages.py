"""The pages as component trees: what they say equals what the files say, and what they ask is asked accessibly."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dashboard import cards, create_app, frame, pages
from dashboard.app import refuse_foreign
from dashboard.format import money as in_money
from dashboard.jobs import Jobs
from dashboard.look import Look, View, address, parse
from dashboard.pages import assumptions, limits, outlook, overview, plan
from dashboard.pages.assumptions import form
from dashboard.pages.assumptions.progress import beside
from dashboard.pages.overview.layout import told
from dashboard.pages.plan.locks import differing_locks, free_name, lock_request
from dashboard.source import Source
from scenarios.results import write_results
from tests.dashboard.made_up import ASSUMPTIONS, results, write


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source.of(write(tmp_path / "out"))


@pytest.fixture
def study(tmp_path: Path) -> Source:
    write(tmp_path / "study" / "results")
    (tmp_path / "study" / "study.yaml").write_text("name: Erie\n", encoding="utf-8")
    return Source.of(tmp_path / "study")


def view(kind: str = "full", query: dict[str, str] | None = None, **look: Any) -> View:
    return View(results(kind), results("rival"), Look(**look), query or {})


def walk(component: Any) -> Iterator[Any]:
    """A component and all that lies in it."""
    if isinstance(component, (list, tuple)):
        for part in component:
            yield from walk(part)
    elif component is not None and not isinstance(component, (str, int, float, bool)):
        yield component
        yield from walk(getattr(component, "children", None))


def text(component: Any) -> str:
    if isinstance(component, (str, int, float)):
        return str(component)
    if isinstance(component, (list, tuple)):
        return "".join(map(text, component))
    return text(getattr(component, "children", None) or "")


def every_page(source: Source, tmp_path: Path, path: str, search: str = "") -> Any:
    look = {"scheme": "dark", "narrow": True}
    return pages.render(source, Jobs(tmp_path / "jobs.sqlite"), path, search, look)


@pytest.mark.parametrize("path", [path for path, _, _ in frame.PAGES])
def test_every_block_has_a_question_an_answer_and_a_name(study: Source, tmp_path: Path, path: str) -> None:
    main, _, _ = every_page(study, tmp_path, path)
    found = list(walk(main))
    ids = [c.id for c in found if isinstance(getattr(c, "id", None), str)]
    assert len(ids) == len(set(ids))
    assert sum(type(c).__name__ == "H1" for c in found) == 1
    for block in (c for c in found if type(c).__name__ == "Section"):
        named = getattr(block, "aria-labelledby")
        question = next(c for c in walk(block) if getattr(c, "id", "") == named)
        assert type(question).__name__ == "H2"
        assert text(question).endswith("?")
    for picture in (c for c in found if getattr(c, "role", "") == "img"):
        assert getattr(picture, "aria-label")
    for region in (c for c in found if getattr(c, "role", "") == "region" and "scroll" in c.className):
        assert region.tabIndex == 0
        assert getattr(region, "aria-label")


@pytest.mark.parametrize(
    "module", [overview, outlook, plan, limits, assumptions], ids=lambda m: m.__name__.split(".")[-1]
)
def test_every_csv_link_has_a_file_and_every_file_a_link(module: Any, study: Source, tmp_path: Path) -> None:
    page = module.__name__.split(".")[-1]
    shown = module.layout(view(), study, Jobs(tmp_path / "jobs.sqlite"))
    links = {c.href for c in walk(shown) if str(getattr(c, "href", "")).startswith("/csv/")}
    assert links == {f"/csv/{page}/{key}" for key in module.frames(view())}


def test_the_figures_of_the_overview_are_those_of_the_files(source: Source) -> None:
    made = source.read("baseline")
    page = text(overview.layout(View(made, source.read("cost_to_continue"))))
    year = made.outlays[made.outlays["period"].str.startswith("2031")]["amount"].sum()
    assert in_money(made.outlays["amount"].sum()) in page
    assert in_money(year) in page
    assert f"{made.summary['units_moved']:,}" in page
    assert "Made-up data" in page


@pytest.mark.parametrize("path", ["/", "/outlook", "/plan", "/limits"])
def test_a_study_without_rows_says_so(path: str) -> None:
    module = pages.MODULES[path]
    assert text(module.layout(view("empty"))).endswith((".", "Look at the plan", "Make one", "Make a plan"))


def test_the_rail_marks_the_page_and_keeps_the_scenario() -> None:
    full, menu = frame.rail("/plan", {"showing": "faster", "part": "health"})
    links = [c for c in walk(full) if getattr(c, "href", None)]
    assert [c.href for c in links] == [f"{path}?showing=faster" for path, _, _ in frame.PAGES]
    assert [getattr(c, "aria-current", None) for c in links] == [None, None, "page", None, None, None, None]
    assert "All pages" in text(menu)


def test_differing_settings_are_listed() -> None:
    rows = results().assumptions
    other = replace(results(), assumptions=rows.assign(value=["0.05", *rows["value"][1:]]))
    shown = frame.differs(View(other, results("rival")))
    assert "1 setting differs" in text(shown)
    assert "0.05" in text(shown)
    assert text(frame.differs(view())) == "No setting differs"


def test_addresses_keep_scenarios_and_theme() -> None:
    query = parse("?showing=a&theme=dark&part=b")
    assert address("/plan", query) == "/plan?showing=a&theme=dark"
    assert address("/plan", query, theme="", job="7") == "/plan?showing=a&job=7"


def test_an_unknown_page_or_scenario_is_told(source: Source, tmp_path: Path) -> None:
    assert "no such page" in text(every_page(source, tmp_path, "/nowhere")[0])
    assert "has no results yet" in text(every_page(source, tmp_path, "/", "?showing=nothing")[0])


def test_an_empty_study_offers_the_first_plan(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("name: Erie\n", encoding="utf-8")
    page = every_page(Source.of(tmp_path), tmp_path, "/")[0]
    assert "No plan yet." in text(page)
    assert any(type(c).__name__ == "Button" and text(c) == "Plan" for c in walk(page))
    assert not (tmp_path / "jobs.sqlite").exists()


def test_an_empty_results_folder_is_told(tmp_path: Path) -> None:
    assert "no results in this folder" in text(every_page(Source.of(tmp_path), tmp_path, "/")[0])
    with pytest.raises(FileNotFoundError, match="is no folder"):
        Source.of(tmp_path / "nowhere")


def test_results_are_read_once_until_they_change(source: Source) -> None:
    first = source.read("baseline")
    assert source.read("baseline") is first
    path = source.results / "baseline" / "summary.json"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    assert source.read("baseline") is not first


# ---- files ---------------------------------------------------------------------------------------------------------


def test_the_file_is_the_frame_that_the_table_shows(source: Source) -> None:
    client = create_app(source.results).server.test_client()
    answer = client.get("/csv/overview/spend")
    assert answer.status_code == 200
    assert 'filename="baseline_spend.csv"' in answer.headers["Content-Disposition"]
    table = pd.read_csv(io.StringIO(answer.text))
    assert set(table.pop("data")) == {"made up"}
    shown = overview.frames(View(source.read("baseline"), source.read("cost_to_continue")))["spend"]
    pd.testing.assert_frame_equal(table, shown, check_dtype=False)
    assert client.get("/csv/overview/nothing").status_code == 404
    assert client.get("/csv/nowhere/spend").status_code == 404
    assert client.get("/csv/overview/spend?showing=nothing").status_code == 404


def test_a_file_holds_no_formula() -> None:
    assert [pages._harmless(v) for v in ("=1+1", "@a", "+cmd", "-0.5", "a", -1)] == [
        "'=1+1",
        "'@a",
        "'+cmd",
        "-0.5",
        "a",
        -1,
    ]


def test_another_name_for_this_machine_is_refused(source: Source) -> None:
    client = create_app(source.results).server.test_client()
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/", headers={"Host": "127.0.0.1:8050"}).status_code == 200


def test_results_find_the_study_that_they_were_made_from(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "study.yaml").write_text("name: Erie\n", encoding="utf-8")
    made = replace(results(), folder=tmp_path / "out" / "baseline", manifest={"study": "../../study"})
    write_results(made)
    assert Source.of(tmp_path / "out").study == tmp_path / "study"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "example.org", ""])
def test_other_hosts_are_refused_in_words(host: str) -> None:
    with pytest.raises(ValueError, match="sign-in is not configured"):
        refuse_foreign(host)


def test_the_loopback_is_served() -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        refuse_foreign(host)


def test_tables_name_rows_and_set_numbers_right() -> None:
    table = cards.plain_table(
        pd.DataFrame({"Fund": ["a"], "Cost, $M": [-1.25], "Note": ["x"], "Share, %": [None]}), "T"
    )
    row = table.children[2].children[0]
    assert [type(c).__name__ for c in row.children] == ["Th", "Td", "Td", "Td"]
    assert text(row) == "a−1.2x–"
    assert row.children[2].className == "text"


# ---- the form ------------------------------------------------------------------------------------------------------


def entered(name: str = "Higher rate", why: str = "Because.", **changes: Any) -> form.Entered:
    figures = {f.key: f.shown for f in form.fields(results())} | changes.get("figures", {})
    money = {
        f"{row}/{year}": form.shown_amount(amount)
        for row, fund in enumerate(form.amounts(results()))
        for year, amount in fund.by_year.items()
    } | changes.get("money", {})
    return form.Entered(name, why, figures, money)


def test_the_form_begins_with_the_plan_shown() -> None:
    fields = {f.key: f for f in form.fields(results())}
    assert set(fields) == {name for name, *_ in ASSUMPTIONS}
    assert fields["discount_rate"].shown == 3.0
    assert fields["discount_rate"].label == "Nominal discount rate, % a year"
    assert fields["discount_rate"].range == "0 to 15"
    assert [f.fund for f in form.amounts(results())] == ["general", "federal", "highway", "services"]


def test_a_changed_rate_becomes_a_scenario() -> None:
    checked = form.check(entered(figures={"discount_rate": "5"}), results(), ["baseline"])
    assert checked.good
    assert checked.scenario == {
        "name": "higher_rate",
        "title": "Higher rate",
        "based_on": "baseline",
        "why": "Because.",
        "set": {"discount_rate": 0.05},
    }


def test_a_changed_amount_sets_every_year_of_its_fund() -> None:
    checked = form.check(entered(money={"0/2028": "40"}), results(), [])
    money = checked.scenario["set"]["appropriation"]
    assert set(money) == {"general"}
    assert money["general"][2028] == 40e6
    assert money["general"][2027] == form.amounts(results())[0].by_year[2027]


@pytest.mark.parametrize(
    ("put_in", "wrong"),
    [
        (entered(figures={"discount_rate": 99}), "99 is outside 0 to 15."),
        (entered(figures={"discount_rate": ""}), "Write a number from 0 to 15."),
        (entered(figures={"existing_contract.lead_days": 3.5}), "Write a whole number."),
        (entered(money={"0/2028": -1}), "Not below 0."),
        (entered(money={"0/2028": "much"}), "Write $M."),
        (entered(name=" "), "Give the scenario a name."),
        (entered(name="Baseline"), "Baseline exists already. Choose another name."),
        (entered(why=" "), "Say why, in a sentence."),
        (entered(), "Nothing differs from the plan shown. Change a figure first."),
    ],
)
def test_what_is_wrong_is_said_in_words_beside_its_field(put_in: form.Entered, wrong: str) -> None:
    checked = form.check(put_in, results(), ["baseline"])
    assert not checked.good
    said = [checked.name, checked.why, checked.nothing, *checked.figures.values(), *checked.amounts.values()]
    assert [words for words in said if words] == [wrong]


def test_a_change_comes_on_top_of_what_the_shown_scenario_sets() -> None:
    scenario = {
        "name": "cut",
        "based_on": "lean",
        "set": {"risk_price": 900, "appropriation": {"all": {"2028": "-5%"}}},
    }
    made = replace(results(), manifest={"scenario": scenario})
    checked = form.check(entered(figures={"discount_rate": 5}, money={"0/2028": "40"}), made, [])
    assert checked.scenario["based_on"] == "lean"
    assert checked.scenario["set"]["risk_price"] == 900
    assert list(checked.scenario["set"]["appropriation"]) == ["all", "general"]


def test_figures_by_year_are_fields_of_their_own() -> None:
    rows = [*ASSUMPTIONS, ("starts_per_quarter", "FY2027: 300, FY2028: 480", "units/quarter", "480", "")]
    table = pd.DataFrame(rows, columns=["parameter", "value", "unit", "default", "source"]).assign(changed_by="")
    made = replace(results(), assumptions=table)
    fields = {f.key: f.shown for f in form.fields(made)}
    assert fields["starts_per_quarter@2027"] == 300
    put_in = form.Entered("More", "Staff.", fields | {"starts_per_quarter@2028": 600}, {})
    assert form.check(put_in, made, []).scenario["set"] == {"starts_per_quarter": {"2027": 300, "2028": 600}}


def test_the_form_keeps_what_a_job_was_asked() -> None:
    asked = {"discount_rate": 0.07, "appropriation": {"general": {"2028": 41e6}}}
    assert {f.key: f.shown for f in form.fields(results(), asked)}["discount_rate"] == 7.0
    assert form.amounts(results(), asked)[0].by_year[2028] == 41e6


# ---- locks ---------------------------------------------------------------------------------------------------------


def row(
    system: str, lock: bool, held: str = "", strategy: str = "rehost", start: str = "2028Q1", units: int = 3
) -> dict[str, Any]:
    return {"system": system, "lock": lock, "held": held, "strategy": strategy, "start": start, "units": units}


def test_locks_name_the_fate_that_they_keep() -> None:
    rows = [
        row("a", True),
        row("b", True, strategy="retain", start=""),
        row("c", False, "keep"),
        row("d", True, "keep"),
    ]
    assert differing_locks(rows) == {"a": "rehost@2028Q1", "b": "keep", "c": ""}
    split = [row("a", True, units=9), row("a", True, strategy="retain", start="", units=2)]
    assert differing_locks(split) == {"a": "rehost@2028Q1"}


def test_locks_become_a_scenario_with_a_free_name(study: Source) -> None:
    request = lock_request(study, study.read("baseline"), {"a": "keep"})
    assert request["scenario"]["name"] == "baseline_locked"
    assert request["scenario"]["set"] == {"lock": {"a": "keep"}}
    assert request["before"] == "baseline"
    assert free_name("x", ["x", "x_2"]) == "x_3"


def test_the_grid_has_locks_only_where_a_study_is_known(source: Source, study: Source) -> None:
    with_study = [c for c in walk(plan.layout(view(), study)) if type(c).__name__ == "AgGrid"]
    without = [c for c in walk(plan.layout(view(), source)) if type(c).__name__ == "AgGrid"]
    assert with_study[0].columnDefs[0]["field"] == "lock"
    assert without[0].columnDefs[0]["field"] == "name"


def test_two_plans_stand_side_by_side() -> None:
    table = beside(results("rival"), results())
    assert list(table.columns) == ["Figure", "Cost to continue", "Baseline", "Difference"]
    assert len(table) == 8
    lacking = beside(replace(results("rival"), summary={}), results())
    assert "–" in set(lacking.iloc[:, 1])


def test_values_filled_in_more_than_once_are_no_difference() -> None:
    once = results().assumptions
    twice = pd.concat([once, once.assign(value="other")], ignore_index=True)
    shown = replace(
        view(), showing=replace(results(), assumptions=twice), against=replace(results("rival"), assumptions=twice)
    )
    assert frame.differing(shown).empty


def test_funds_that_do_not_change_are_one_row_that_keeps_the_total() -> None:
    table = pd.DataFrame(
        {"total": [5e6, 0.0, 1e3, 5.001e6], "FY2027": [5e6, 0.0, 1e3, 5.001e6]}, index=["a", "b", "c", "All funds"]
    )
    rows = told(table)
    assert list(rows.index) == ["a", "2 other funds", "All funds"]
    assert rows["total"].iloc[:-1].sum() == rows["total"].iloc[-1]


def test_a_long_list_of_treatments_is_cut_and_says_so() -> None:
    rows = pd.DataFrame(
        {"agency": "a", "fund": "f", "category": [f"c{i}" for i in range(40)], "period": 2020, "found": "gap"}
    ).assign(treatment="filled", before=float("nan"), after=1.0)
    shown = replace(view(), showing=replace(results(), treatments=rows))
    page = outlook.layout(shown)
    notes = [c.children for c in walk(page) if getattr(c, "className", "") == "source"]
    assert any("28 more in the file" in str(n) for n in notes)


def test_results_of_earlier_versions_say_why_the_year_is_not_there() -> None:
    none = pd.DataFrame()
    old = replace(results(), year_end=none, variance=none, overrides=none, versions=none)
    page = outlook.layout(replace(view(), showing=old))
    assert text(page).count("These results are from before this was read. Plan again to see it.") == 4


def test_overrides_of_earlier_versions_have_not_been_judged() -> None:
    judged = ["actual", "smape", "model_smape", "better"]
    old = replace(results(), overrides=results().overrides.drop(columns=judged))
    page = outlook.layout(replace(view(), showing=old))
    assert "Two amounts are set by hand" in text(page)
    table = outlook.frames(replace(view(), showing=old))["overrides"]
    assert table["Came to, $M"].isna().all()


def test_who_was_nearer_is_said_once_the_year_has_closed() -> None:
    page = text(outlook.layout(view()))
    assert "One amount is set by hand: Health / Infrastructure in FY2027" in page
    assert "nearer than the models: Health, finance office in 1 of 1." in page
    table = outlook.frames(view())["overrides"]
    assert table["By hand off, %"].notna().tolist() == [False, True]


def test_the_versions_of_the_budget_are_shown_by_year_and_by_line() -> None:
    page = outlook.layout(view())
    block = next(c for c in walk(page) if getattr(c, "id", "") == "budget")
    told = results().versions
    asked = told[told["version"].eq("request") & told["period"].eq(2028)]["amount"].sum()
    assert f"For FY2028 {in_money(asked)} was asked for" in text(block)
    heads = [text(c) for c in walk(block) if type(c).__name__ == "Th" and getattr(c, "scope", "") == "col"]
    assert heads[:6] == ["Fiscal year", "Asked for, $M", "Enacted, $M", "As revised, $M", "Forecast, $M", "Spent, $M"]
    lines = outlook.frames(view())["budget"]
    both = told[told["version"].eq("request") & told["period"].le(2028)]
    assert lines["Asked for, $M"].sum() == pytest.approx(both["amount"].sum() / 1e6)
    assert lines["Change, $M"].to_numpy() == pytest.approx((lines["Enacted, $M"] - lines["Asked for, $M"]).to_numpy())


@pytest.mark.parametrize(
    ("cut", "part", "said"),
    [
        ("fund", "federal", "For FY2028"),
        ("agency", "health", "Of no year both is known"),
        ("category", "applications", "Nothing is appropriated by category."),
    ],
)
def test_the_versions_follow_the_cut_of_the_page(cut: str, part: str, said: str) -> None:
    page = outlook.layout(view(query={"cut": cut, "part": part}))
    assert said in text(next(c for c in walk(page) if getattr(c, "id", "") == "budget"))


@pytest.mark.parametrize("cut", ["agency", "fund", "category"])
def test_the_year_under_way_follows_the_cut_of_the_page(cut: str) -> None:
    part = str(results().history[cut].iloc[0])
    page = view(query={"cut": cut, "part": part})
    rows = results().year_end
    own = rows[(rows[cut] == part) & (rows[["agency", "program", "fund", "category"]] == "(all)").sum(axis=1).eq(3)]
    assert in_money(own["mean"].iloc[0]) in text(outlook.layout(page))
    table = outlook.frames(page)["year-end"]
    assert table["Year end, $M"].iloc[0] == pytest.approx(own["mean"].iloc[0] / 1e6)
