from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from scenarios.errors import StudyError
from scenarios.pipeline import prepare
from scenarios.sample import blank, erie
from scenarios.study import Study, read_study, write_study, wrong_rows
from scenarios.tables import TABLES
from tests.scenarios.studies import small_study


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_study(small_study(), tmp_path / "study")


def edit(folder: Path, table: str, **columns: Any) -> None:
    path = folder / "tables" / f"{table}.csv"
    pd.read_csv(path, dtype=str, keep_default_na=False).assign(**columns).to_csv(path, index=False)


def problems(place: Path) -> list[str]:
    with pytest.raises(StudyError) as caught:
        read_study(place)
    return [str(p) for p in caught.value.problems]


def same(one: Study, other: Study) -> None:
    assert one.facts == other.facts
    for name in TABLES:
        pd.testing.assert_frame_equal(one.table(name), other.table(name))


@pytest.mark.parametrize("name", ["study", "study.xlsx"])
def test_a_study_reads_back_as_it_was_written(tmp_path: Path, name: str) -> None:
    study = small_study()
    same(study, read_study(write_study(study, tmp_path / name)))


def test_the_made_up_state_reads_back_as_it_was_drawn(tmp_path: Path) -> None:
    same(erie(3), read_study(write_study(erie(3), tmp_path / "state")))


def test_a_blank_study_says_what_to_fill_in(tmp_path: Path) -> None:
    assert problems(write_study(blank(), tmp_path / "blank")) == [
        "tables/systems.csv: has no rows. Add at least one row: one row per system, or per fleet of like servers."
    ]


def test_nothing_is_written_over(folder: Path) -> None:
    with pytest.raises(StudyError, match=r"already holds something\. Name another place, or empty this one\."):
        write_study(small_study(), folder)


def test_problems_of_all_tables_are_reported_at_once(folder: Path) -> None:
    edit(folder, "systems", units="many")
    edit(folder, "sites", annual_fixed_cost="-1")
    (folder / "study.yaml").write_text((folder / "study.yaml").read_text() + "horizn: 3\n")
    found = problems(folder)
    assert found[0] == 'study.yaml: "horizn" is not a key of study.yaml. Did you mean horizon? Write that name.'
    assert sum("tables/systems.csv" in p for p in found) == 12
    assert sum("tables/sites.csv" in p for p in found) == 2


def test_wrong_rows_come_back_with_their_errors(folder: Path) -> None:
    edit(folder, "capacity", hours=["x", *["1"] * 5], fiscal_year=["y", *map(str, range(2027, 2032))])
    with pytest.raises(StudyError) as caught:
        read_study(folder)
    rows = wrong_rows(folder, caught.value.problems)
    assert list(rows) == ["capacity"]
    assert rows["capacity"]["error"].tolist() == ["fiscal_year: is not a number; hours: is not a number"]


@pytest.mark.parametrize(
    ("table", "columns", "said"),
    [
        (
            "systems",
            {"fund": ["genral"] + ["general"] * 11},
            'tables/systems.csv, row 2, column fund: "genral" names the fund genral, which has no appropriation. '
            "Did you mean general? Write that.",
        ),
        (
            "systems",
            {"site": ["nort"] + ["north"] * 11},
            'tables/systems.csv, row 2, column site: "nort" is not a site of tables/sites.csv. '
            "Did you mean north? Write that.",
        ),
        (
            "systems",
            {"lock": ["rehost@2040Q1"] + [""] * 11},
            'tables/systems.csv, row 2, column lock: "rehost@2040Q1" is outside the horizon. '
            "Write a quarter from 2027Q1 to 2029Q4.",
        ),
        (
            "systems",
            {"earliest": "2028Q1", "latest": ["2027Q1"] + [""] * 11},
            'tables/systems.csv, row 2, column latest: "2027Q1" is before earliest. Write a later quarter.',
        ),
        (
            "systems",
            {"end_of_support": ["1066-10-14"] + [""] * 11},
            'tables/systems.csv, row 2, column end_of_support: "1066-10-14" is out of range. '
            "Write a date from 1950 to 2100.",
        ),
        (
            "dependencies",
            {"needs": "s99"},
            'tables/dependencies.csv, row 2, column needs: "s99" is not a system of tables/systems.csv. '
            "Did you mean s09? Write that.",
        ),
        (
            "dependencies",
            {"needs": "s01"},
            'tables/dependencies.csv, row 2, column needs: "s01" needs itself. Remove the row.',
        ),
    ],
)
def test_what_does_not_fit_between_tables_is_named(
    folder: Path, table: str, columns: dict[str, object], said: str
) -> None:
    edit(folder, table, **columns)
    assert said in problems(folder)


def test_a_longer_cycle_names_its_members(folder: Path) -> None:
    rows = pd.DataFrame({"system": ["s01", "s02", "s03"], "needs": ["s02", "s03", "s01"]})
    rows.to_csv(folder / "tables" / "dependencies.csv", index=False)
    assert problems(folder) == [
        'tables/dependencies.csv, row 2: "group pair, s02, s03" is part of a cycle: each needs another of them. '
        "Remove one of the needs, or put them in one move group."
    ]


def test_a_need_that_can_only_stay_is_said(folder: Path) -> None:
    edit(folder, "systems", lock=["", "", "", "", "keep", *[""] * 7])
    edit(folder, "dependencies", system="s05", needs="s04")
    said = [str(w) for w in read_study(folder).warnings if "dependencies" in w.file]
    assert said == [
        'tables/dependencies.csv, row 2, column needs: "s04" may only stay, so that what needs it can never move. '
        "Let it move, or remove the row."
    ]


def test_what_moves_together_or_is_modern_already_closes_no_cycle(folder: Path) -> None:
    edit(folder, "systems", side=["legacy"] * 11 + ["modern"])
    rows = pd.DataFrame({"system": ["s00", "s01", "s02", "s11"], "needs": ["s01", "s00", "s11", "s02"]})
    rows.to_csv(folder / "tables" / "dependencies.csv", index=False)
    assert prepare(read_study(folder)).portfolio.dependencies["needs"].tolist() == ["s01", "s00", "s11", "s02"]


def test_a_fund_without_an_appropriation_in_a_year_is_named(folder: Path) -> None:
    path = folder / "tables" / "appropriations.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame[~(frame["fund"].eq("general") & frame["fiscal_year"].eq("2028"))].to_csv(path, index=False)
    assert problems(folder) == [
        'tables/appropriations.csv, column fiscal_year: "general" has no appropriation for FY2028. '
        "Add a row a year, up to the end of the horizon."
    ]


def test_filled_in_values_are_reported(folder: Path) -> None:
    study = read_study(folder)
    kinds = study.assumed[study.assumed["column"].eq("kind")]
    edit(folder, "systems", kind="")
    again = read_study(folder).assumed
    assert kinds.empty
    assert again[again["column"].eq("kind")][["table", "value", "rows"]].to_numpy().tolist() == [
        ["systems", "server", 12]
    ]


def test_parameters_of_a_study_are_checked(folder: Path) -> None:
    facts = yaml.safe_load((folder / "study.yaml").read_text())
    facts["parameters"] = {"discount_rat": 0.1, "risk_price": -5}
    (folder / "study.yaml").write_text(yaml.safe_dump(facts))
    assert problems(folder) == [
        'study.yaml: "discount_rat" is not a parameter. Did you mean discount_rate? Write that name.',
        'study.yaml, column risk_price: "-5" is out of range. Write a value from 0 to 50000 USD/unit-quarter.',
    ]


def test_what_is_not_planned_with_is_said(folder: Path) -> None:
    edit(folder, "sites", capacity="5")
    edit(folder, "appropriations", transfer_limit="1", opening_balance="2")
    path = folder / "tables" / "appropriations.csv"
    row = {"fund": "general", "agency": "helth", "fiscal_year": "2027", "amount": "9"}
    with path.open("a") as file:
        file.write(",".join(row.get(column, "") for column in TABLES["appropriations"].names) + "\n")
    said = [str(w) for w in read_study(folder).warnings]
    assert said[0] == (
        "tables/sites.csv: holds capacities, which are not planned with yet. Lock what must not relocate."
    )
    assert said[1].startswith("tables/sites.csv: holds fixed costs, which are paid in every plan while sites do not")
    assert [s.split(": ", 1)[0] for s in said[2:]] == [
        *(f"tables/appropriations.csv, row {row}, column transfer_limit" for row in range(2, 8)),
        *(f"tables/appropriations.csv, row {row}, column opening_balance" for row in (3, 4, 6, 7)),
        "tables/appropriations.csv, row 8, column agency",
    ]
    rule = '"helth" limits nothing: no system and no history has that agency. Did you mean health? Write that.'
    assert said[-1].endswith(rule)
