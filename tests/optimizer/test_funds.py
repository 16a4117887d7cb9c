"""Splits of funds."""

import pandas as pd
import pytest

from optimizer import funds


def test_a_lone_name_pays_all() -> None:
    assert funds.parse("general") == {"general": 1.0}


def test_a_split_names_its_shares() -> None:
    assert funds.parse("general:0.25|federal:0.75") == {"general": 0.25, "federal": 0.75}


@pytest.mark.parametrize(
    "split", ["", "general|federal", "general:0.5", "general:x", "general:0.5|general:0.5", "a:-1|b:2"]
)
def test_a_wrong_split_says_so(split: str) -> None:
    with pytest.raises(ValueError, match=r"general:0\.25\|federal:0\.75|add up to"):
        funds.parse(split)


def test_shares_keep_the_rows_and_add_up() -> None:
    splits = pd.Series(["general", "general:0.25|federal:0.75", "general"], index=["a", "b", "c"])
    table = funds.shares(splits)
    assert list(table.columns) == ["federal", "general"]
    assert table.sum(axis=1).tolist() == [1.0, 1.0, 1.0]
    assert funds.share_of(splits, "federal").tolist() == [0.0, 0.75, 0.0]
    assert funds.share_of(splits, "unheard_of").tolist() == [0.0, 0.0, 0.0]
