import pandas as pd
import pytest

from scenarios.schema import Column, Table
from scenarios.tables import TABLES

COSTS = Table(
    "costs",
    "What things cost.",
    (
        Column("thing", "slug", "Name of the thing", required=True),
        Column("cost", "number", "Its cost", "USD", required=True, low=0),
        Column("count", "integer", "How many", default=1, low=1),
        Column("bought", "date", "Day of purchase"),
        Column("kept", "boolean", "Whether it stays", default=False),
        Column("fund", "split", "Who pays"),
    ),
    key=("thing",),
)


def text(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=str)


def test_a_good_table_is_typed_and_its_blanks_are_filled_and_reported() -> None:
    raw = text(thing=["desk", "lamp"], cost=["10.5", "3"], count=["", "2"], bought=["2026-07-01", ""], kept=["yes", ""])
    frame, problems, filled = COSTS.read(raw, "costs.csv")
    assert problems == []
    assert frame["count"].tolist() == [1, 2]
    assert frame["bought"].tolist() == [pd.Timestamp("2026-07-01"), pd.NaT]
    assert frame["kept"].tolist() == [True, False]
    assert list(filled.itertuples(index=False, name=None)) == [
        ("costs", "count", "1", 1),
        ("costs", "kept", "False", 1),
    ]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("cost", "ten", 'costs.csv, row 2, column cost: "ten" is not a number. Write a number, such as 1250.5.'),
        ("cost", "NaN", 'costs.csv, row 2, column cost: "NaN" is not a number. Write a number, such as 1250.5.'),
        ("cost", "inf", 'costs.csv, row 2, column cost: "inf" is not a number. Write a number, such as 1250.5.'),
        ("cost", "-1", 'costs.csv, row 2, column cost: "-1" is below 0. Write a value of 0 or more.'),
        ("cost", "", "costs.csv, row 2, column cost: is blank. Write a number, such as 1250.5."),
        ("count", "1.5", 'costs.csv, row 2, column count: "1.5" is not a whole number. Write a whole number.'),
        ("bought", "1 July", 'costs.csv, row 2, column bought: "1 July" is not a date. Write a date as YYYY-MM-DD.'),
        ("kept", "maybe", 'costs.csv, row 2, column kept: "maybe" is not valid. Write true or false.'),
        (
            "thing",
            "Big Desk",
            'costs.csv, row 2, column thing: "Big Desk" is not valid. '
            "Write a name of lower-case letters, digits and underscores.",
        ),
        (
            "fund",
            "general:",
            'costs.csv, row 2, column fund: "general:" is not valid. '
            "Write a fund, or shares such as general:0.25|federal:0.75.",
        ),
    ],
)
def test_a_bad_cell_is_named_with_its_remedy(column: str, value: str, said: str) -> None:
    cells = {"thing": ["desk"], "cost": ["1"], "count": ["1"], "bought": [""], "kept": [""], "fund": [""]}
    _, problems, _ = COSTS.read(text(**(cells | {column: [value]})), "costs.csv")
    assert [str(p) for p in problems] == [said]


def test_every_problem_is_reported_at_once() -> None:
    raw = text(thing=["desk", "desk"], csot=["1", "2"])
    _, problems, _ = COSTS.read(raw, "costs.csv")
    assert [str(p) for p in problems] == [
        "costs.csv, column cost: is missing. Add the column cost: its cost.",
        "costs.csv, row 1, column csot: is not a column of this table. Did you mean cost? Rename it.",
        'costs.csv, row 3, column thing: "desk" is the same as row 2. '
        "Keep one of the two, or give this one another name.",
    ]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda t: t.name)
def test_every_column_of_every_table_is_explained(table: Table) -> None:
    for column in table.columns:
        assert column.title
        assert column.title[0].isupper()
        assert not column.title.endswith(".")
        assert not (column.required and column.default is not None)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda t: t.name)
@pytest.mark.parametrize("wrong", ["x y", "-5 %", "1,000", "nan?"])
def test_a_wrong_value_in_any_typed_column_is_found(table: Table, wrong: str) -> None:
    for column in table.columns:
        if column.kind == "text" and not column.pattern:
            continue
        raw = pd.DataFrame({c.name: [wrong if c is column else ""] for c in table.columns})
        _, problems, _ = table.read(raw, "file")
        assert any(p.column == column.name and p.value == wrong for p in problems), column.name
