r"""What may go otherwise than planned, as distributions; every figure is a parameter of the study.

Cost of a contract over its planned cost, by size class, in two parts:

$$R \sim \begin{cases} \min(\mathrm{LogNormal}(m, \sigma),\ x) & \text{with chance } 1 - p \\
\min(\mathrm{Pareto}(x, \alpha),\ \mathit{cap}) & \text{with chance } p \end{cases}$$

Sources: Flyvbjerg & Budzier (HBR 2011), Budzier & Flyvbjerg (SSRN 2069975), Flyvbjerg et al. (JMIS 39(3), 2022).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from scenarios.parameters import Settings

CLASSES = ("small", "medium", "large", "huge")
"""Size classes of contracts, the smallest first."""

SOURCES = ("run_cost", "overrun", "slip", "lead_time", "cancellation", "cloud_price", "appropriations")
"""What makes futures differ; each can be turned off."""


@dataclass(frozen=True, slots=True)
class OverrunClass:
    """The tail of one size class of contracts."""

    tail_chance: float
    """$p$."""
    tail_power: float
    r"""$\alpha$."""
    cap: float
    """Ratio at which it is given up."""
    largest: float = np.inf
    """USD; contracts up to this size belong to the class."""


@dataclass(frozen=True)
class Priors:
    """Everything that futures are drawn from; `off` turns sources off."""

    classes: tuple[OverrunClass, ...]
    body_mean: float = 0.91
    body_sigma: float = 0.18
    tail_from: float = 1.5
    stop_rule: float = 0.0
    """Ratio at which a gate review stops a contract; 0: only the cap of its class does."""
    year_factor: float = 0.15
    """Share of cost that each year beyond the planned work adds."""
    correlation: float = 0.1
    """Of cost between contracts."""
    module_correlation: float = 0.2
    """Of cost between modules of one purchase."""
    slip_median: float = 1.22
    slip_sigma: float = 0.3
    slip_tail_mean: float = 1.7
    slip_cost_correlation: float = 0.5
    lead_sigma: float = 0.5
    cancellation_rate: float = 0.08
    """Chance in a year of work."""
    cloud_sigma: float = 0.05
    run_cost: bool = True
    cut_chance: float = 0.1
    cut_size: float = 0.04
    holdback_chance: float = 0.1
    holdback_size: float = 0.02
    exempt: tuple[str, ...] = ()
    """Funds that are neither cut nor held back."""
    off: frozenset[str] = frozenset()
    """Those of `SOURCES` that are turned off: there all goes as planned."""

    def without(self, *sources: str) -> Priors:
        """The same with some sources turned off."""
        unknown = set(sources) - set(SOURCES)
        if unknown:
            raise ValueError(f"no source is called {', '.join(sorted(unknown))}; they are {', '.join(SOURCES)}")
        return replace(self, off=self.off | set(sources))

    def has(self, source: str) -> bool:
        """Whether a source is turned on."""
        return source not in self.off

    def class_of(self, size: np.ndarray) -> np.ndarray:
        """Position in `classes` of contracts of some sizes, USD."""
        return np.asarray(np.searchsorted([c.largest for c in self.classes[:-1]], size))

    def stops_at(self, which: OverrunClass) -> float:
        """Ratio at which a contract of a class is stopped: the lower of its cap and the stop rule."""
        return min(which.cap, self.stop_rule) if self.stop_rule > 0 else which.cap

    def cost_ratio(self, u: np.ndarray, which: OverrunClass) -> np.ndarray:
        """Quantiles of actual over planned cost before any rule stops it, for chances `u`; never falling in `u`."""
        p, start = which.tail_chance, self.tail_from
        u = np.clip(u, 1e-12, 1 - 1e-12)
        location = float(np.log(self.body_mean)) - self.body_sigma**2 / 2
        inside = np.clip(u / max(1 - p, 1e-12), 1e-12, 1 - 1e-12)
        body = np.minimum(np.exp(location + self.body_sigma * ndtri(inside)), start)
        if p <= 0:
            return np.asarray(body)
        tail = start * (np.minimum(1 - u, p) / p) ** (-1 / which.tail_power)
        return np.asarray(np.where(u > 1 - p, tail, body))


def priors_of(settings: Settings) -> Priors:
    """The priors that the parameters of a study, or of its scenario, describe."""
    number = settings.number
    classes = tuple(
        OverrunClass(
            tail_chance=number(f"overrun.{name}.tail_chance"),
            tail_power=number(f"overrun.{name}.tail_power"),
            cap=number(f"overrun.{name}.cap"),
            largest=number(f"overrun.{name}.largest") if name != CLASSES[-1] else np.inf,
        )
        for name in CLASSES
    )
    return Priors(
        classes=classes,
        body_mean=number("overrun.body_mean"),
        body_sigma=number("overrun.body_sigma"),
        tail_from=number("overrun.tail_from"),
        stop_rule=number("overrun.stop_rule"),
        year_factor=number("overrun.year_factor"),
        correlation=number("overrun.correlation"),
        module_correlation=number("overrun.module_correlation"),
        slip_median=number("slip.median"),
        slip_sigma=number("slip.sigma"),
        slip_tail_mean=number("slip.tail_mean"),
        slip_cost_correlation=number("slip.cost_correlation"),
        lead_sigma=number("lead_time.sigma"),
        cancellation_rate=number("cancellation_rate"),
        cloud_sigma=number("cloud_price_sigma"),
        run_cost=settings.truth("run_cost_paths"),
        cut_chance=number("cut.chance"),
        cut_size=number("cut.size"),
        holdback_chance=number("holdback.chance"),
        holdback_size=number("holdback.size"),
        exempt=settings.listed("cut.exempt"),
    )
