"""Writes the model's reference from the docstrings: `python -m optimizer.describe > docs/model.md`."""

import inspect
import sys
from collections.abc import Callable, Iterable

from optimizer import buying
from optimizer.catalogue import Method
from optimizer.explain import Elastic
from optimizer.limits import LIMITS
from optimizer.options import Options
from optimizer.problem import Problem
from optimizer.sites import Closings
from optimizer.terms import TERMS
from optimizer.timeline import Timeline

SYMBOLS = {
    "$s, n_s$": "system, its units",
    "$k$": "strategy",
    "$m$": "method of purchase",
    "$o, x_o$": "option (system, strategy, method, start quarter), units that take it",
    "$t, T$": "quarter, the first one beyond the horizon",
    r"$\tau, q$": "start, cut-over",
    "off": "first quarter without the old system",
    "$y, f$": "fiscal year, fund",
    "$R, M$": "run cost of a unit if nothing moves, of what comes instead",
    "$a$": "share of run cost that is avoided when the old system is off",
    "$d_t$": "discount factor",
    "$j, e, c$": "site, first quarter in which no unit is there, quarter in which it closes",
    r"$\omega_f$": "what a dollar of a fund counts in the terms of money, 1 unless the portfolio says otherwise",
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
        section(
            "How it is bought",
            [(n.__name__, n) for n in (buying.contract, Method.lead, buying.open_ways, buying.cheapest)],
        ),
        section("Discounting and prices", [(name, getattr(Timeline, name)) for name in ("discount", "growth")]),
        section("Terms of the objective", [(term.name, type(term)) for term in TERMS]),
        section("Sites that close", [("Cases", Closings), ("site", Closings.present_value), ("tail", Closings.tail)]),
        section("Limits", [(vars(limit).get("name", limit.__name__.lower()), limit) for limit in LIMITS]),
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
