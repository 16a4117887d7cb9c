"""Writes the model's reference from the docstrings: `python -m optimizer.describe > docs/model.md`."""

import inspect
import sys
from collections.abc import Callable, Iterable

from optimizer.explain import Elastic
from optimizer.limits import Appropriation, Hours, MoveGroups, OneFate, Starts
from optimizer.options import Options
from optimizer.problem import Problem
from optimizer.terms import TERMS
from optimizer.timeline import Timeline

SYMBOLS = {
    "$s, n_s$": "system, its units",
    "$k$": "strategy",
    "$o, x_o$": "option (system, strategy, start quarter), units that take it",
    "$t, T$": "quarter, the first one beyond the horizon",
    r"$\tau, q$": "start, cut-over",
    "off": "first quarter without the old system",
    "$y, f$": "fiscal year, fund",
    "$R, M$": "run cost of a unit if nothing moves, of what comes instead",
    "$a$": "share of run cost that is avoided when the old system is off",
    "$d_t$": "discount factor",
}

HEAD = """# The model

Generated from the docstrings of `optimizer/` by `python -m optimizer.describe`; change it there.

| symbol | meaning |
|---|---|
"""


def describe() -> str:
    """The whole page."""
    symbols = "".join(f"| {letter} | {meaning} |\n" for letter, meaning in SYMBOLS.items())
    parts = [
        section("The problem", [("Problem", Problem), ("Bound and prices", Problem.price)]),
        section("What an option costs", [(name, getattr(Options, name)) for name in ("after", *FLOWS, "tail", "risk")]),
        section("Discounting and prices", [(name, getattr(Timeline, name)) for name in ("discount", "growth")]),
        section("Terms of the objective", [(term.name, type(term)) for term in TERMS]),
        section("Limits", [(limit.name, limit) for limit in (OneFate, MoveGroups, Appropriation, Hours, Starts)]),
        section("When nothing fits", [("Elastic", Elastic)]),
    ]
    return HEAD + symbols + "".join(parts)


FLOWS = ("_run", "_dual_run", "_one_time", "_exit")


def section(title: str, documented: Iterable[tuple[str, Callable[..., object]]]) -> str:
    """One heading and the docstrings below it."""
    texts = (f"\n### {name.strip('_').replace('_', ' ')}\n\n{inspect.getdoc(thing)}\n" for name, thing in documented)
    return f"\n## {title}\n" + "".join(texts)


if __name__ == "__main__":
    sys.stdout.write(describe())
