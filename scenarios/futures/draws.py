r"""Draws: what happens to each contract, and to the budget, in each future of a block.

Futures are drawn in blocks of `BLOCK`, each from generators of its own, so that a future depends on the seed and its
number alone: not on how many are asked for. A contract has a generator of its own, named by its first system, so that
policies that buy the same meet the same luck (common random numbers).

Costs of contracts hang together by one common shock (a Gaussian copula): $z_{c} = \sqrt{\rho} \, \zeta +
\sqrt{1-\rho} \, \zeta_c$.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from optimizer import Method
from scenarios.futures.priors import OverrunClass, Priors

BLOCK = 2500
"""Futures drawn together."""
_CONTRACT, _STATE = 1, 2
"""What a generator is for."""


@dataclass(frozen=True, eq=False)
class ContractDraws:
    """One contract in F futures."""

    cost: np.ndarray
    """Actual over planned cost, capped, (F,); the years by which the work outlasts its plan come on top."""
    cap: float
    """Ratio at which it is stopped."""
    slip: np.ndarray
    """Actual over planned length of the work, (F,)."""
    lead: np.ndarray
    """Days from the decision to buy to the award, protests included, (F,)."""
    rounding: np.ndarray
    """Uniform, (F,): parts of a quarter become whole ones so often that the mean is kept."""
    cancel: np.ndarray
    """Uniform, (F,): below the chance of it the contract is cancelled."""
    when: np.ndarray
    """Uniform, (F,): share of the work that lies behind when it is cancelled."""


@dataclass(frozen=True, eq=False)
class StateDraws:
    """What all contracts of a block share: F futures, Y fiscal years."""

    shock: np.ndarray
    """Common shock to the cost of contracts, standard normal, (F,)."""
    cloud: np.ndarray
    """Cloud prices over those expected, (F, Y)."""
    cut: np.ndarray
    """Share of appropriations that is cut before the year begins, (F, Y)."""
    holdback: np.ndarray
    """Share that is held back from the third quarter on, (F, Y)."""


def state_draws(priors: Priors, years: int, seed: int, block: int, size: int = BLOCK) -> StateDraws:
    """What all contracts share, in `size` futures of a block."""
    rng = np.random.default_rng([seed, block, _STATE])
    shock = rng.standard_normal(size)
    steps = rng.standard_normal((size, years))
    chance, extent = rng.random((2, size, years)), rng.random((2, size, years))
    sigma = priors.cloud_sigma if priors.has("cloud_price") else 0.0
    cloud = np.exp((sigma * steps - sigma**2 / 2).cumsum(axis=1))
    on = priors.has("appropriations")
    cut = on * 2 * priors.cut_size * extent[0] * (chance[0] < priors.cut_chance)
    held = on * 2 * priors.holdback_size * extent[1] * (chance[1] < priors.holdback_chance)
    return StateDraws(shock, cloud, np.minimum(cut, 1.0), np.minimum(held, 1.0 - np.minimum(cut, 1.0)))


def contract_draws(
    priors: Priors, size: float, method: Method | None, name: int, shock: np.ndarray, seed: int, block: int
) -> ContractDraws:
    """One contract of some planned size (USD) in the futures of a block; `name` is the number of its first system."""
    rng, count = np.random.default_rng([seed, block, _CONTRACT, name]), len(shock)
    own, residue, wait = rng.standard_normal((3, count))
    rounding, cancel, when, protest = rng.random((4, count))
    modules = 1 if method is None else method.modules
    which = _class(priors, size / modules, method)
    rho = priors.correlation
    z = np.sqrt(rho) * shock + np.sqrt(1 - rho) * own
    if modules == 1:
        ratio = priors.cost_ratio(ndtr(z), which)
    else:
        ratio = split(priors, which, z, rng.standard_normal((modules, count)))
    cap = priors.stops_at(which)
    slip = slips(priors, which, z, residue)
    lead = np.zeros(count) if method is None else leads(priors, method, size, wait, protest)
    nothing = np.ones(count)
    return ContractDraws(
        cost=np.minimum(ratio, cap) if priors.has("overrun") else nothing,
        cap=cap if priors.has("overrun") else np.inf,
        slip=slip if priors.has("slip") else nothing,
        lead=lead,
        rounding=rounding,
        cancel=cancel if priors.has("cancellation") else nothing,
        when=when,
    )


def split(priors: Priors, which: OverrunClass, z: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Cost ratio of a purchase in modules of equal size, each stopped by itself: `own` is (modules, F) normal."""
    rho = priors.module_correlation
    each = priors.cost_ratio(ndtr(np.sqrt(rho) * z + np.sqrt(1 - rho) * own), which)
    return np.asarray(np.minimum(each, priors.stops_at(which)).mean(axis=0))


def slips(priors: Priors, which: OverrunClass, z: np.ndarray, residue: np.ndarray) -> np.ndarray:
    """Actual over planned length of the work: with the cost, and longer where the cost is in its tail."""
    r, sigma = priors.slip_cost_correlation, priors.slip_sigma
    usual = priors.slip_median * np.exp(sigma * (r * z + np.sqrt(1 - r**2) * residue))
    worst = priors.slip_tail_mean * np.exp(sigma * residue - sigma**2 / 2)
    return np.where(ndtr(z) > 1 - which.tail_chance, worst, usual)


def leads(priors: Priors, method: Method, size: float, wait: np.ndarray, protest: np.ndarray) -> np.ndarray:
    """Days to the award: their mean is that of the method, protests happen or not."""
    expected = float(method.lead(np.array([size]))[0])
    if not priors.has("lead_time"):
        return np.full(len(wait), expected)
    quiet = max(expected - method.protest_chance * method.protest_days, 0.0)
    drawn = quiet * np.exp(priors.lead_sigma * wait - priors.lead_sigma**2 / 2)
    return np.asarray(drawn + method.protest_days * (protest < method.protest_chance))


def _class(priors: Priors, size: float, method: Method | None) -> OverrunClass:
    """The class that a method names, else that of the size of a module."""
    from scenarios.futures.priors import CLASSES

    if method is not None and method.overrun_class in CLASSES:
        return priors.classes[CLASSES.index(method.overrun_class)]
    return priors.classes[int(priors.class_of(np.array([size]))[0])]
