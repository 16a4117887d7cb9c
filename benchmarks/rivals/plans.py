"""Ways to a plan of one problem, ours and the rivals', each in a process of its own with its peak memory."""

import multiprocessing
import os
import re
import resource
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, nan
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from scipy import sparse

from optimizer import core, direct, solver
from optimizer.direct import ROUNDING, SLACK, gap_of
from optimizer.problem import Problem
from optimizer.solver import Status

HERE = Path(__file__).resolve().parent
PYTHON = HERE.parents[1] / ".venv-rivals" / "bin" / "python"
CPSAT = "cp-sat"
LATE = 30.0
"""Seconds beyond its own after which a rival that does not stop is ended."""


@dataclass(frozen=True)
class Outcome:
    """What one way came to."""

    seconds: float
    objective: float
    bound: float
    memory: float = nan
    """Peak, MiB, of its process and of what that started, added up; the latter at least what its parent then had."""
    priced: int = 0
    """Limits that have a price."""

    @property
    def gap(self) -> float:
        """Of the objective against the bound; infinite without a plan or a bound."""
        return gap_of(self.objective, self.bound)


def has_cpsat() -> bool:
    """Whether `make bench-rivals` has built the rivals' environment, with OR-tools in it."""
    return PYTHON.is_file() and any(PYTHON.parents[1].glob("lib/python*/site-packages/ortools"))


def ours(problem: Problem, gap: float, seconds: float, seed: int) -> Outcome:
    """Our own way."""
    answer = core.solve(problem, gap=gap, seconds=seconds, seed=seed)
    return Outcome(answer.seconds, answer.objective, answer.bound, priced=int((answer.prices > 1e-7).sum()))


def whole(problem: Problem, gap: float, seconds: float, seed: int, name: str) -> Outcome:
    """Everything at once to CP-SAT, or to PuLP and a solver: its plan, and its own bound where it tells one."""
    if name == CPSAT:
        return _by_cpsat(problem, gap, seconds, seed)
    began = perf_counter()
    named = solver.named(name)
    model, x, extra = direct.build(problem)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        options = {"logPath": str(log)} if named == "PULP_CBC_CMD" else None
        left = seconds - (perf_counter() - began)
        answer = solver.run(model, named, gap=gap, seconds=left, seed=seed, options=options)
        bound = answer.bound if answer.bound is not None else cbc_bound(log.read_text()) if log.exists() else -inf
    if answer.status not in (Status.OPTIMAL, Status.FEASIBLE):
        return Outcome(perf_counter() - began, inf, bound)
    chosen = np.rint([v.varValue or 0.0 for v in x])
    value = problem.objective(chosen, np.array([v.varValue or 0.0 for v in extra]))
    return Outcome(perf_counter() - began, value, bound)


def cbc_bound(log: str) -> float:
    """The bound that CBC's log ends with: PuLP tells none. Where it says optimal without one, that is the objective."""
    for label in ("Lower bound", "Objective value"):
        if found := re.findall(rf"^{label}:\s+(\S+)", log, flags=re.MULTILINE):
            return float(found[-1]) if label == "Lower bound" or "Optimal solution found" in log else -inf
    return -inf


def _by_cpsat(problem: Problem, gap: float, seconds: float, seed: int) -> Outcome:
    """OR-tools CP-SAT in the rivals' environment (`cpsat.py`); a plan counts if it keeps to the true limits."""
    began = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        model, answer = Path(folder) / "model.npz", Path(folder) / "answer.npz"
        np.savez(model, allow_pickle=False, **arrays_of(problem))
        call = [PYTHON, HERE / "cpsat.py", model, answer, "--gap", gap, "--seed", seed]
        call += ["--seconds", seconds - (perf_counter() - began)]
        subprocess.run([str(part) for part in call], check=True)
        with np.load(answer) as said:
            values, bound = said["values"], float(said["bound"])
    taken = perf_counter() - began
    if not len(values):
        return Outcome(taken, inf, bound)
    x, extra = values[: len(problem)], values[len(problem) :]
    return Outcome(taken, problem.objective(x, extra) if keeps(problem, x, extra) else inf, bound)


def arrays_of(problem: Problem) -> dict[str, np.ndarray]:
    """A problem as the arrays that `cpsat.py` reads: structural rows, then limits, then rules."""
    equal, right, _ = problem.equalities
    rules, beside = problem.rules
    matrix = sparse.block_array([[equal, None], [problem.use.T, problem.more.T], [rules.T, beside.T]], format="csr")
    limits = np.concatenate([problem.limits.to_numpy(dtype=float), problem.rules_limits.to_numpy(dtype=float)])
    return {
        "cost": np.concatenate([problem.cost, problem.extra["cost"].to_numpy(dtype=float)]),
        "upper": np.concatenate([problem.upper, problem.extra["upper"].to_numpy(dtype=float)]),
        "whole": np.concatenate([np.ones(len(problem), dtype=bool), problem.whole]),
        "low": np.concatenate([right, np.full(len(limits), -inf)]),
        "high": np.concatenate([right, limits]),
        "data": matrix.data,
        "indices": matrix.indices,
        "indptr": matrix.indptr,
    }


def keeps(problem: Problem, x: np.ndarray, extra: np.ndarray) -> bool:
    """Whether a plan keeps to groups, limits and rules, as far as our own plans must."""
    equal, right, _ = problem.equalities
    allowed = np.concatenate([problem.limits.to_numpy(dtype=float), problem.rules_limits.to_numpy(dtype=float)])
    over = np.concatenate([problem.excess(x, extra), problem.broken(x, extra)])
    return bool((equal @ x == right).all() and (over <= ROUNDING + SLACK * np.abs(allowed)).all())


def alone(way: Callable[..., Outcome], seconds: float, *arguments: Any) -> Outcome:
    """Run one way in a process of its own; one that does not stop in time is ended, without a plan."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_send, args=(there, way, arguments))
    process.start()
    there.close()
    try:
        outcome = here.recv() if here.poll(seconds + LATE) else Outcome(seconds, inf, -inf)
    except EOFError:
        outcome = Outcome(seconds, inf, -inf)
    _end(process)
    return outcome if isinstance(outcome, Outcome) else Outcome(seconds, inf, -inf)


def _end(process: Any) -> None:
    """End a process and the solver that it may have started, which are a group of their own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
    process.join()


def _send(pipe: Any, way: Callable[..., Outcome], arguments: tuple[Any, ...]) -> None:
    os.setpgid(0, 0)
    outcome = way(*arguments)
    # what the system counts for a process begins with what its parent had: only the status is of this one alone
    own = float(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0])
    pipe.send(replace(outcome, memory=(own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024))
