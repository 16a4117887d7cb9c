"""Who pays: the one place that reads a split of funds such as `general:0.25|federal:0.75`."""

from collections.abc import Mapping

import numpy as np
import pandas as pd


def parse(split: str) -> dict[str, float]:
    """Read one split: fund -> share. A lone name pays all.

    >>> parse("general")
    {'general': 1.0}
    >>> parse("general:0.25|federal:0.75")
    {'general': 0.25, 'federal': 0.75}
    """
    found: dict[str, float] = {}
    for part in split.split("|"):
        fund, colon, share = (text.strip() for text in part.partition(":"))
        if not fund or fund in found:
            raise ValueError(f"`{split}` names no fund or one twice; write `general` or `general:0.25|federal:0.75`")
        try:
            found[fund] = float(share) if colon else 1.0
        except ValueError:
            raise ValueError(f"`{split}`: `{share}` is not a number; write `general:0.25|federal:0.75`") from None
    if not all(0 <= share <= 1 for share in found.values()) or abs(sum(found.values()) - 1) > 1e-9:
        raise ValueError(f"`{split}`: the shares must add up to 1; they add up to {sum(found.values()):g}")
    return found


def shares(splits: pd.Series) -> pd.DataFrame:
    """The splits as numbers: one row each as indexed, a column per fund, rows adding up to 1."""
    texts = splits.astype(object)
    parsed = {text: parse(text) for text in texts.unique()}
    table = pd.DataFrame.from_dict(parsed, orient="index", dtype=float).fillna(0.0)
    table = table[sorted(table.columns)]
    return pd.DataFrame(
        table.to_numpy()[table.index.get_indexer(pd.Index(texts))], index=splits.index, columns=table.columns
    )


def weight(splits: pd.Series, weights: Mapping[str, float]) -> np.ndarray:
    """What a dollar of each split counts, when a dollar of a fund counts its weight, or 1."""
    table = shares(splits)
    return np.asarray(table.to_numpy() @ np.array([weights.get(str(fund), 1.0) for fund in table.columns], dtype=float))


def share_of(splits: pd.Series, fund: str) -> np.ndarray:
    """The share that one fund pays of each split; 0 where it is not named."""
    table = shares(splits)
    return table[fund].to_numpy() if fund in table else np.zeros(len(splits))
