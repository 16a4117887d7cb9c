"""The reference of the model is what the docstrings say."""

from pathlib import Path

import optimizer
from optimizer.describe import describe
from optimizer.terms import TERMS

PAGE = Path(optimizer.__file__).parents[1] / "docs" / "model.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == describe(), "run: python -m optimizer.describe > docs/model.md"


def test_every_term_states_its_formula() -> None:
    assert all("$$" in (type(term).__doc__ or "") for term in TERMS)
