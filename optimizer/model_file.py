"""A problem as a file that any solver reads."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer.direct import build
from optimizer.errors import DataError
from optimizer.names import LONGEST
from optimizer.problem import Problem

if TYPE_CHECKING:
    import pulp

_WRITERS: Mapping[str, Callable[[pulp.LpProblem, str], object]] = {
    ".mps": lambda model, file: model.writeMPS(file),
    ".lp": lambda model, file: model.writeLP(file, max_length=LONGEST),
}


def write_model(problem: Problem, path: Path | str) -> Path:
    """Write the whole integer model as free MPS or as LP, by the suffix of `path`; all of it or nothing.

    Options, groups, decisions beside, limits, rules and homes are all in it. Names read like the maths:
    `move(payroll,rehost,2027Q1)`, `appropriation(general,FY2027)`. An MPS file holds 13 digits of each number, an LP
    file 12. A limit that nothing takes from is left out.

    Returns:
        The path of the file.

    Raises:
        DataError: the suffix is neither `.mps` nor `.lp`, or the folder does not exist.
    """
    path = Path(path)
    problems = []
    if path.suffix not in _WRITERS:
        known = " or ".join(f"`{suffix}`" for suffix in _WRITERS)
        problems.append(f"`{path.suffix}` is no format of a model. Write a name that ends in {known}.")
    if not path.parent.is_dir():
        problems.append(f"there is no folder {path.parent}. Make it first.")
    if problems:
        raise DataError(problems, str(path))
    model, _, _ = build(_binding(problem))
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".draft-") as draft:
        inside = Path(draft) / path.name
        _WRITERS[path.suffix](model, str(inside))
        os.replace(inside, path)
    return path


def _binding(problem: Problem) -> Problem:
    """Without the limits and rules that nothing takes from: PuLP would write a decision of its own for them."""
    limits = _binds(problem.use, problem.more, problem.limits)
    rules = _binds(*problem.rules, problem.rules_limits)
    kept = problem.replace(
        use=problem.use[:, limits], extra_use=problem.more[:, limits], limits=problem.limits.iloc[limits]
    )
    return kept.ruled(rules)


def _binds(options: sparse.csr_array, beside: sparse.csr_array, allowed: pd.Series) -> np.ndarray:
    """Positions of the rows that something takes from, or that allow less than nothing."""
    entries = np.diff(sparse.csc_array(sparse.vstack([options, beside])).indptr)
    return np.flatnonzero((entries > 0) | (allowed.to_numpy(dtype=float) < 0))
