"""How fast forecasts and sample paths are made to add up, beside the dense textbook formula, in one run.

    python -m benchmarks.coherence [--lines 12000 100000] [--dense 2000] [--paths 1000] [--seed 0]

Lines are made up: total > agency > program > unit > line in the proportions 1 : 490 : 3,500 : 16,000 : 100,000, fifteen
origins, five years ahead. Every figure is measured in a process of its own, so that its peak memory is its own. The
rival is MinT-shrink as published, with the covariance of all nodes and lines written out. `incoherence` is the largest
difference between the sum of any level's nodes and the sum of the lines, over the latter.
"""

import argparse
import os
import platform
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import get_context

import numpy as np
import pandas as pd
from scipy.special import ndtri

from forecast.arrays import FloatArray
from forecast.hierarchy import Hierarchy, hierarchy, reconcile, shrink
from forecast.paths import Marginals, draw, fit_dependence, node_quantiles

ORIGINS, HORIZON = 15, 5
PARTS = (0.0049, 0.035, 0.16)
"""Agencies, programs and units a line."""
CHANCES = (0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.995)
SHARES = (0.025, 0.1, 0.9, 0.975)


@dataclass(frozen=True)
class MadeUp:
    """Lines, their forecasts and past errors, all from a seed."""

    tree: Hierarchy
    scale: FloatArray
    """USD, (n,)."""
    base: FloatArray
    """Nodes, then lines, USD, (a + n, H)."""
    errors: FloatArray
    """The same one step ahead at past origins, USD, (a + n, O)."""

    @classmethod
    def of(cls, count: int, seed: int) -> "MadeUp":
        """So many lines; their errors have a third of their variance in common."""
        draws = np.random.default_rng(seed)
        groups = [max(round(part * count), 1) for part in PARTS]
        unit = draws.integers(0, groups[2], count)
        program = draws.integers(0, groups[1], groups[2])[unit]
        agency = draws.integers(0, groups[0], groups[1])[program]
        keys = {"agency": agency, "program": program, "unit": unit, "line_item": np.arange(count)}
        tree = hierarchy(pd.DataFrame({key: np.char.mod(f"{key}%06d", value) for key, value in keys.items()}))
        size = draws.lognormal(13, 1.5, count)
        shocks = np.sqrt(0.7) * draws.normal(size=(count, ORIGINS)) + np.sqrt(0.3) * draws.normal(size=ORIGINS)
        scale = 0.08 * size
        lines = size[:, None] * 1.03 ** np.arange(1, HORIZON + 1)
        errors = scale[:, None] * shocks
        wrong = draws.normal(1, 0.03, (len(tree.nodes), 1))
        worse = draws.lognormal(0, 0.3, (len(tree.nodes), 1))
        base = np.vstack([tree.add_up(lines) * wrong, lines])
        return cls(tree, scale, base, np.vstack([tree.add_up(errors) * worse, errors]))

    @property
    def lines(self) -> FloatArray:
        """Base forecasts of the lines, (n, H)."""
        return self.base[len(self.tree.nodes) :]

    def marginals(self) -> Marginals:
        """Intervals of four size classes that widen with the root of the horizon."""
        years = np.sqrt(np.arange(1, HORIZON + 1))[:, None]
        reach = np.array([0.5, 1.0, 1.2, 1.5])[:, None, None] * years * ndtri(CHANCES)
        size = (np.arange(len(self.scale)) % 4).astype(np.int64)
        return Marginals(self.lines, self.scale, size, ndtri(CHANCES), reach, np.zeros(len(self.scale)))

    def scaled_errors(self) -> FloatArray:
        """Errors of the lines in their scale, one year ahead alone, (O, n, 1)."""
        return (self.errors[len(self.tree.nodes) :] / self.scale[:, None]).T[:, :, None]


def dense(made: MadeUp) -> FloatArray:
    """Reconciled lines, (n, H), by the textbook: the whole covariance W, then (S' W^-1 S)^-1 S' W^-1 times the base."""
    covariance = made.errors @ made.errors.T / ORIGINS
    standard = made.errors / np.linalg.norm(made.errors, axis=1, keepdims=True)
    weight = shrink(standard)
    shrunk = weight * np.diag(np.diag(covariance)) + (1 - weight) * covariance
    sums = np.vstack([made.tree.summing.toarray(), np.eye(len(made.lines))])
    weighed = np.linalg.solve(shrunk, sums)
    return np.asarray(np.linalg.solve(sums.T @ weighed, weighed.T @ made.base), dtype=np.float64)


def incoherence(tree: Hierarchy, lines: FloatArray) -> float:
    """How far the sums of levels lie from the sum of the lines, (n, ...), as a share of it."""
    nodes, total = tree.add_up(lines), lines.sum(axis=0)
    ends = tree.members.max(axis=1) + 1
    levels = np.add.reduceat(nodes, np.concatenate([[0], ends[:-1]]), axis=0)
    return float((np.abs(levels - total) / np.abs(total)).max())


@dataclass(frozen=True)
class Measured:
    """What one piece of work took, and found."""

    seconds: float
    cpu: float
    memory: float
    """Peak resident memory of the process, MB."""
    nodes: int
    found: tuple[float, ...]


def measure(work: Callable[[MadeUp], tuple[float, ...]], made: MadeUp) -> Measured:
    """Time something on made-up lines."""
    began, cpu = time.perf_counter(), time.process_time()
    found = work(made)
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(seconds, used, memory, len(made.tree.nodes), found)


def reconciling(count: int, seed: int) -> Measured:
    """MinT-shrink of all lines and years."""
    return measure(
        lambda made: (incoherence(made.tree, reconcile(made.tree, made.base, made.errors, np.zeros(count))),),
        MadeUp.of(count, seed),
    )


def against_dense(count: int, seed: int) -> tuple[Measured, Measured]:
    """Ours and the dense textbook; found is the largest relative difference between them."""
    made = MadeUp.of(count, seed)
    results: list[FloatArray] = []

    def ours_of(made: MadeUp) -> tuple[float, ...]:
        results.append(reconcile(made.tree, made.base, made.errors, lean=0.0))
        return ()

    def rival_of(made: MadeUp) -> tuple[float, ...]:
        results.append(dense(made))
        return ()

    ours, rival = measure(ours_of, made), measure(rival_of, made)
    apart = float(np.abs(results[0] / results[1] - 1).max())
    return ours, Measured(rival.seconds, rival.cpu, rival.memory, rival.nodes, (apart,))


def drawing(count: int, paths: int, seed: int) -> Measured:
    """Sample paths of all lines, summed to all nodes, with the worst incoherence of any path."""
    made = MadeUp.of(count, seed)
    dependence = fit_dependence(made.tree, made.scaled_errors())
    marginals = made.marginals()

    def work(made: MadeUp) -> tuple[float, ...]:
        chunks = draw(made.tree, marginals, dependence, paths, seed)
        return (max(incoherence(made.tree, chunk) for chunk in chunks),)

    return measure(work, made)


def node_intervals(count: int, paths: int, seed: int) -> Measured:
    """Quantiles of all nodes' paths."""
    made = MadeUp.of(count, seed)
    dependence = fit_dependence(made.tree, made.scaled_errors())
    marginals = made.marginals()

    def work(made: MadeUp) -> tuple[float, ...]:
        ends = node_quantiles(made.tree, marginals, dependence, SHARES, paths, seed)
        return (float((ends[0, -1, -1] - ends[0, -1, 0]) / ends[0, -1].mean()),)

    return measure(work, made)


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, nargs="+", default=[12_000, 100_000])
    parser.add_argument("--dense", type=int, default=2_000)
    parser.add_argument("--paths", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy"))
    cores = f"{os.cpu_count()} cores (load {os.getloadavg()[0]:.1f})"
    print(f"{platform.machine()}, {cores}, Python {platform.python_version()}, {packages}")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as alone:
        print(f"\n{'':34}{'nodes':>8}{'seconds':>9}{'CPU s':>8}{'MB':>7}")
        ours, rival = alone.submit(against_dense, asked.dense, asked.seed).result()
        show(f"MinT-shrink, {asked.dense:,} lines", ours, "")
        show(
            "  the same, dense textbook",
            rival,
            f"ours {rival.cpu / ours.cpu:,.0f} x faster, apart {rival.found[0]:.0e}",
        )
        for count in asked.lines:
            done = alone.submit(reconciling, count, asked.seed).result()
            show(f"MinT-shrink, {count:,} lines", done, f"incoherence {done.found[0]:.0e}")
        for count in asked.lines:
            done = alone.submit(drawing, count, asked.paths, asked.seed).result()
            show(f"{asked.paths:,} paths, {count:,} lines", done, f"incoherence {done.found[0]:.0e}, with summing")
        for count in asked.lines:
            done = alone.submit(node_intervals, count, asked.paths, asked.seed).result()
            show(f"node quantiles, {count:,} lines", done, f"total's 95 % interval {done.found[0]:.0%} wide in year 5")


def show(name: str, done: Measured, told: str) -> None:
    """One line of the table."""
    print(f"{name:34}{done.nodes:8,}{done.seconds:9.2f}{done.cpu:8.2f}{done.memory:7,.0f}   {told}", flush=True)


if __name__ == "__main__":
    main()
