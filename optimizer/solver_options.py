"""A solver's options as people write them: `NAME=VALUE`."""

from collections.abc import Iterable
from math import isfinite

from optimizer import solver as solvers
from optimizer.errors import UnknownSolverOption

SolverOption = bool | int | float | str
"""What an option may be set to."""


def read_solver_options(solver: str, texts: Iterable[str]) -> dict[str, SolverOption]:
    """Options written as `NAME=VALUE`, by name: `true` and `false`, whole numbers, numbers, and else text.

    Args:
        solver: HiGHS, or any other of PuLP's solvers by name.
        texts: One option each.

    Raises:
        UnknownSolver: no such solver here.
        UnknownSolverOption: all that is wrong: what is not written so, what is set twice, and what the solver refuses.
    """
    name = solvers.named(solver)
    found: dict[str, SolverOption] = {}
    problems = []
    for text in texts:
        key, _, written = (part.strip() for part in text.partition("="))
        if not key or not written:
            problems.append(f"option `{text}` is not NAME=VALUE.")
        elif key in found:
            problems.append(f"option `{key}` is set twice.")
        else:
            found[key] = _value(written)
    problems += solvers.wrong_options(name, found)
    if problems:
        raise UnknownSolverOption(problems)
    return dict(sorted(found.items()))


def _value(text: str) -> SolverOption:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if isfinite(number):
            return number
    return text
