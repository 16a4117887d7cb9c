"""Names in a model: they read like the maths, every format can hold them, and no two are the same."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from optimizer import Problem
from optimizer.names import LONGEST, apart, legal, rows_of, variables_of


def test_names_read_like_the_maths() -> None:
    assert legal("appropriation general FY2027") == "appropriation(general,FY2027)"
    assert legal("a Health-Dept") == "a(Health_Dept)"
    problem = Problem(
        pd.DataFrame({"system": ["a", "a"], "cost": [0.0, -2.0]}),
        sparse.csr_array(np.array([[0.0], [3.0]])),
        pd.Series([3.0], index=["room here"]),
    )
    assert variables_of(problem) == ["take(a,0)", "take(a,1)"]
    assert rows_of(problem) == (["one_fate(a)"], ["room(here)"], [])


@pytest.mark.parametrize("name", ["2027", ".x", "e9", "eels", "E", "Free", "end", "OBJ", "st"])
def test_what_an_lp_file_reads_otherwise_is_set_apart(name: str) -> None:
    assert legal(name) == f"_{name}"


def test_the_first_of_its_kind_keeps_its_name() -> None:
    assert apart(["a", "b", "a", "a_2", "a"]) == ["a", "b", "a_3", "a_2", "a_4"]


def test_long_names_are_shortened_and_stay_apart() -> None:
    long = "agency " + "x" * 150
    names = apart([legal(long + "1"), legal(long + "2"), legal("short")])
    assert [len(name) for name in names] == [LONGEST, LONGEST, len("short")]
    assert names[1] == names[0][:-2] + "_2"


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.text(max_size=6), max_size=20))
def test_any_names_become_legal_and_different(names: list[str]) -> None:
    made = apart([legal(name) for name in names])
    assert len(set(made)) == len(names)
    assert all(name and name.isascii() and not set(name) & set("+-*^:<>=[] /\\") for name in made)


def test_limits_and_rules_of_the_same_name_stay_apart() -> None:
    room = sparse.csr_array(np.array([[1.0], [0.0]]))
    problem = Problem(
        pd.DataFrame({"system": ["Health Dept", "Health-Dept"], "cost": 1.0}),
        room,
        pd.Series([3.0], index=["one_fate Health_Dept"]),
        pd.DataFrame({"upper": [1.0], "cost": 0.0}, index=["take Health_Dept 0"]),
        sparse.csr_array((1, 1)),
        room,
        sparse.csr_array((1, 1)),
        pd.Series([3.0], index=["one_fate Health_Dept"]),
    )
    structure, limits, rules = rows_of(problem)
    assert len({*structure, *limits, *rules}) == 4
    assert variables_of(problem) == ["take(Health_Dept,0)", "take(Health_Dept,1)", "take(Health_Dept,0)_2"]
