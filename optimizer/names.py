"""Names in a model: they read like the maths, every format can hold them, and no two are the same."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from optimizer.problem import Problem

LONGEST = 100
"""Characters of a name at most: CBC reads no more of an LP file, and PuLP writes no more."""
_UNFIT = re.compile(r"[^A-Za-z0-9_.]")
_FIRST = re.compile(r"(?![eE](?:[eE0-9]|$))[A-Za-z_]")
"""An LP file takes `e9` and `eels` for the end of a number, and a digit or a full stop for its beginning."""
_WORDS = frozenset(
    [
        *("min", "max", "minimize", "maximize", "minimise", "maximise", "minimum", "maximum", "subject", "such", "st"),
        *("s.t.", "bound", "bounds", "general", "generals", "gen", "integer", "integers", "int", "binary", "binaries"),
        *("bin", "semi", "semis", "sos", "sos1", "sos2", "free", "inf", "infinity", "nan", "end", "obj", "__dummy"),
    ]
)
"""What an LP file keeps for itself, and the names that PuLP gives."""


def variables_of(problem: Problem) -> list[str]:
    """Names of the options, then of the decisions beside them."""
    return apart([*_options(problem), *map(legal, problem.extra.index.astype(str))])


def rows_of(problem: Problem) -> tuple[list[str], list[str], list[str]]:
    """Names of the structural rows, of the limits and of the rules."""
    structure = problem.equalities[2]
    limits, rules = problem.limits.index.astype(str), problem.rules_limits.index.astype(str)
    names = apart([legal(name) for name in (*structure, *limits, *rules)])
    first, second = len(structure), len(structure) + len(limits)
    return names[:first], names[first:second], names[second:]


def legal(name: str) -> str:
    """A row's name as the maths writes it: `appropriation general FY2027` -> `appropriation(general,FY2027)`."""
    family, _, key = name.partition(" ")
    plain = re.sub(r"[^A-Za-z0-9_.,]", "_", key.replace(" ", ","))
    made = f"{family}({plain})" if key else family
    made = re.sub(r"[^A-Za-z0-9_.,()]", "_", made)
    return made if _FIRST.match(made) and made.lower() not in _WORDS else f"_{made}"


def apart(names: Iterable[str]) -> list[str]:
    """The same names, shortened where too long, and told apart by a number where two would be the same.

    The first of its kind keeps its name, so that names stay as they are when more of the kind follow.
    """
    short = [name[:LONGEST] for name in names]
    taken = set(short)
    if len(taken) == len(short):
        return short
    seen: dict[str, int] = {}
    for i, name in enumerate(short):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] == 1:
            continue
        while (fresh := _numbered(name, seen[name])) in taken:
            seen[name] += 1
        taken.add(fresh)
        short[i] = fresh
    return short


def _numbered(name: str, number: int) -> str:
    tail = f"_{number}"
    return name[: LONGEST - len(tail)] + tail


def _options(problem: Problem) -> list[str]:
    """`keep(payroll)`, `move(payroll,rehost,2027Q1)`, with the method where there are several (`rehost,itb`).

    Plain problems get `take(system,position)`.
    """
    options = problem.options
    systems = _plain(options["system"])
    if "strategy" not in options:
        return [f"take({s},{i})" for i, s in zip(_plain(options.index.to_series()), systems, strict=True)]
    starts, ways = _plain(options["slot"]), _plain(options["strategy"])
    if "method" in options:
        ways = ways.str.cat(_plain(options["method"]), sep=",")
    return [f"move({s},{k},{t})" if t else f"keep({s})" for s, k, t in zip(systems, ways, starts, strict=True)]


def _plain(column: pd.Series) -> pd.Series:
    """The column as text, with nothing in it that a name may not hold; each value is looked at once."""
    text = column.astype(str)
    return text.map({value: _UNFIT.sub("_", value) for value in text.unique()})
