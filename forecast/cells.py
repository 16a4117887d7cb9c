"""Single columns of a table: keys as text, money as numbers, and a cell as an error cites it."""

import numpy as np
import pandas as pd

from forecast.arrays import FloatArray, IntArray


def as_text(column: pd.Series) -> pd.Series:
    """Cells as text without blanks around it; a missing one is the empty text."""
    return as_category(column).astype("str")


def as_category(column: pd.Series) -> pd.Series:
    """A column as a categorical of sorted text without blanks around it; a missing value is the empty text."""
    if column.dtype == object:
        column = column.where(column.notna(), "").astype("str")
    codes, distinct = pd.factorize(column)  # -1 where missing, which is the place of the last text
    text = pd.concat([pd.Series(distinct).astype("object").astype("str").str.strip(), pd.Series([""])])
    places, texts = pd.factorize(text, sort=True)
    return pd.Series(pd.Categorical.from_codes(places[codes], categories=pd.Index(texts)), index=column.index)


def texts_at(text: pd.Series, rows: IntArray) -> pd.Series:
    """Some rows of a categorical of text as plain text."""
    return pd.Series(text.cat.categories.take(text.cat.codes.to_numpy()[rows]), dtype="str")


def read_amounts(column: pd.Series, *, needed: bool = True) -> tuple[FloatArray, list[str]]:
    """Dollars, (rows,), NaN where blank or unreadable, and what is wrong; all may be blank where none is needed."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        dollars, blank = column.to_numpy(dtype=np.float64, na_value=np.nan), column.isna().to_numpy()
    else:
        text = (column.where(column.notna(), "") if column.dtype == object else column.fillna("")).astype("str")
        text = text.str.strip()
        blank = (text == "").to_numpy(dtype=np.bool_)
        dollars = _floats(text.mask(blank, "nan") if blank.any() else text)
    wrong = ~np.isfinite(dollars) & ~blank
    problems = [
        f"row {row}, column '{column.name}': '{shown(value)}' is not a number. Write plain dollars such as 1250000."
        for row, value in column[wrong].items()
    ]
    if needed and len(column) and blank.all():
        problems = [f"column '{column.name}': every amount is blank. At least one must be known."]
    return np.where(wrong, np.nan, dollars), problems


def _floats(text: pd.Series) -> FloatArray:
    """Text as numbers, NaN where it is none: at once where all are, else by the slower way that tells."""
    try:
        return np.asarray(text.to_numpy(dtype=object).astype(np.float64), dtype=np.float64)
    except ValueError:
        return pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)


def shown(value: object) -> str:
    """A cell as an error cites it."""
    return "" if value is None or value is pd.NaT or value is pd.NA or value != value else str(value)
