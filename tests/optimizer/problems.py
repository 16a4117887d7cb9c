"""Problems of the core, made up without any study."""

from itertools import product

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer import Problem


def random_problem(
    seed: int, systems: int = 6, options: int = 4, limits: int = 3, *, units: int = 1, bundles: bool = False
) -> Problem:
    """Systems with options of random cost and use; the cheapest ones together overrun every limit."""
    random = np.random.default_rng(seed)
    count = systems * options
    system = np.repeat(np.arange(systems), options)
    whole = random.integers(1, units + 1, systems)
    use = random.integers(0, 9, (limits, count)).astype(float)
    cost = 100.0 + 10.0 * random.random(count) - 4.0 * use.sum(axis=0) / limits
    least = use.T.reshape(systems, options, limits)
    low = (least.min(axis=1) * whole[:, None]).sum(axis=0)
    mean = (least.mean(axis=1) * whole[:, None]).sum(axis=0)
    frame = pd.DataFrame({"system": [f"s{i}" for i in system], "cost": cost, "units": whole[system].astype(float)})
    if bundles:
        frame["units"] = 1.0
        frame["bundle"] = np.where(system < 2 * (systems // 3), "b" + pd.Series(system // 2).astype(str), "")
        frame["slot"] = np.where(np.arange(count) % options < options // 2, "early", "late")
    allowed = pd.Series(np.ceil(0.45 * low + 0.55 * mean), index=[f"limit {i}" for i in range(limits)])
    return Problem(frame, sparse.csr_array(use.T), allowed)


def brute_force(problem: Problem) -> float:
    """The least cost of all plans; infinite without one. For units of 1."""
    options, best = problem.options, np.inf
    places = [np.flatnonzero(problem.system == s) for s in range(len(problem.systems))]
    for chosen in product(*places):
        taken = options.iloc[np.array(chosen)]
        if "bundle" in options:
            bundled = taken[taken["bundle"] != ""]
            if (bundled.groupby("bundle")["slot"].nunique() > 1).any():
                continue
        x = np.zeros(len(options))
        x[list(chosen)] = 1
        if (problem.excess(x, np.zeros(0)) <= 1e-9).all():
            best = min(best, problem.objective(x, np.zeros(0)))
    return float(best)
