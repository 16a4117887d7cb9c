r"""Solves one integer model with OR-tools CP-SAT, inside the rivals' environment: imports nothing of this repository.

    .venv-rivals/bin/python benchmarks/rivals/cpsat.py MODEL.npz ANSWER.npz --seconds 60 --gap 1e-3 --seed 0

MODEL holds `cost upper whole low high` and the rows as CSR (`data indices indptr`): $\min c v$, $l \le A v \le b$,
$0 \le v \le \bar v$, those that are `whole` in whole numbers. ANSWER gets `values` and `bound`; without a plan
none, and minus infinity.

CP-SAT knows whole numbers only. What may be a fraction counts in steps, a power of ten: 1 where there is room for
`STEPS` of them. Each row is multiplied by a power of ten, at most `FINEST`, so small that no sum can leave $10^{15}$,
which is exact in a double and far below the $2^{62}$ that CP-SAT allows; a row that is whole already stays as it is.
Then what is used is rounded up and what is allowed down, so that **a plan that is found keeps to the true rows**. Costs
are rounded down in the same way, so that the bound is below every true cost of what the rounded rows allow. Those are
tighter than the true rows, by less than a cent a unit where rows are money: by as little could the bound be too high.
A row of equality must be whole. The caller works out the objective with the true costs.

One thread, as the others have; CP-SAT then takes turns among its ways to search (`interleave_search`).
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

LARGEST = 1e15
"""No sum of a row or of the objective may be larger."""
FINEST = 1e6
"""Largest factor of a row or of the objective."""
STEPS = 1e4
"""Steps that what may be a fraction has at least."""
NEAR = 1e-6
"""So near to a whole number, a number is taken for it: what floating point left over."""
Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Model:
    """An integer model as arrays; see the top of the file."""

    cost: Array
    upper: Array
    whole: Array
    low: Array
    high: Array
    data: Array
    indices: Array
    indptr: Array

    def row(self, i: int) -> tuple[Array, Array]:
        """Decisions and coefficients of a row."""
        part = slice(self.indptr[i], self.indptr[i + 1])
        return self.indices[part], self.data[part]


@dataclass(frozen=True)
class Row:
    """A row in whole numbers: `low <= coefficients @ decisions <= high`."""

    decisions: Array
    coefficients: Array
    low: int | None
    high: int


def steps_of(model: Model) -> Array:
    """How much one step of each decision is."""
    room = np.maximum(model.upper, NEAR)
    fine = 10.0 ** np.minimum(0.0, np.floor(np.log10(room / STEPS)))
    return np.where(model.whole, 1.0, fine)


def factor_of(coefficients: Array, upper: Array) -> float:
    """The power of ten to multiply by: none where all is whole, else the finest that no sum can overflow."""
    total = max(float(np.abs(coefficients) @ upper), 1e-300)
    if (np.abs(coefficients - np.rint(coefficients)) <= 1e-12).all() and total <= LARGEST:
        return 1.0
    return float(min(FINEST, 10.0 ** np.floor(np.log10(LARGEST / total))))


def rows_of(model: Model, steps: Array) -> list[Row]:
    """All rows in whole numbers.

    Raises:
        ValueError: a row of equality is not whole.
    """
    rows = []
    for i in range(len(model.high)):
        decisions, data = model.row(i)
        each = data * steps[decisions]
        factor = factor_of(each, model.upper[decisions] / steps[decisions])
        equal = model.low[i] == model.high[i]
        if equal and not (np.rint(each) == each).all():
            raise ValueError(f"row {i} is an equality of fractions, which has no like in whole numbers")
        coefficients = np.ceil(each * factor - NEAR).astype(np.int64)
        high = int(np.floor(model.high[i] * factor + NEAR))
        rows.append(Row(decisions, coefficients, high if equal else None, high))
    return rows


def solve(model: Model, seconds: float, gap: float, seed: int) -> tuple[Array, float]:
    """Values of the decisions (none without a plan) and a lower bound, in true units."""
    from ortools.sat.python import cp_model  # type: ignore[import-not-found, unused-ignore]

    began = perf_counter()
    steps = steps_of(model)
    most = np.floor(model.upper / steps + NEAR).astype(np.int64)
    program = cp_model.CpModel()
    decisions = [program.new_int_var(0, int(upper), f"v{j}") for j, upper in enumerate(most)]
    for row in rows_of(model, steps):
        mine = [decisions[j] for j in row.decisions]
        total = cp_model.LinearExpr.weighted_sum(mine, row.coefficients.tolist())
        program.add(total == row.high if row.low is not None else total <= row.high)
    factor = factor_of(model.cost * steps, most)
    costs = np.floor(model.cost * steps * factor).astype(np.int64)
    program.minimize(cp_model.LinearExpr.weighted_sum(decisions, costs.tolist()))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(seconds - (perf_counter() - began), 0.1)
    solver.parameters.relative_gap_limit = gap
    solver.parameters.random_seed = seed
    solver.parameters.num_workers = 1
    solver.parameters.interleave_search = True
    status = solver.solve(program)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return np.zeros(0), -np.inf
    values = np.array([solver.value(decision) for decision in decisions]) * steps
    return values, solver.best_objective_bound / factor


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, solve, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("answer", type=Path)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--gap", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    began = perf_counter()
    with np.load(asked.model) as arrays:
        model = Model(**{name: arrays[name] for name in Model.__dataclass_fields__})
    values, bound = solve(model, asked.seconds - (perf_counter() - began), asked.gap, asked.seed)
    np.savez(asked.answer, values=values, bound=bound)


if __name__ == "__main__":
    main()
