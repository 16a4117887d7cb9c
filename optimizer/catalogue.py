"""How a system can change, and the prices and rates that every option shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import inf, isfinite
from types import MappingProxyType

import numpy as np

from optimizer.errors import DataError

RETAIN = "retain"
"""The fate that is always there, unless a lock says otherwise. It needs no entry in a catalogue."""

MODERN = frozenset({"rehost", "replatform", "repurchase", "refactor"})
"""*Moved to modern*: relocated units stay legacy, retired ones are gone."""

SIDES = ("modern", "legacy", "")
ROUNDING = 1e-9
"""Days, or a share of a size, within which figures are the same."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """One way to change a system; every amount is per unit and in prices of the base year."""

    name: str
    one_time_cost: float = 0.0
    """USD, spread evenly over the work."""
    decommission_cost: float = 0.0
    """USD, in the first quarter without the old system."""
    work_quarters: int = 1
    """From the start to the cut-over."""
    early_quarters: int = 0
    """The new platform runs this long before the cut-over."""
    dual_run_quarters: int = 0
    """The old system runs this long after the cut-over."""
    hours: Mapping[str, float] = field(default_factory=dict)
    """Skill -> hours, spread evenly over the work."""
    run_factor: float = 0.0
    """Share of today's run cost that goes along."""
    cloud_factor: float = 0.0
    """Share of the system's cloud price that comes on top."""
    residual_risk: float = 0.0
    """Share of the risk that remains after the cut-over."""
    side: str = "modern"
    """Where the unit is afterwards: `modern`, `legacy`, or empty when it is gone."""
    capital: bool = False
    """Its one-time cost is capital money."""
    buys: bool = True
    """Something is bought for it, so that its start waits for a purchase."""
    subscription_years: float = 0.0
    """Years of run cost after the move that the same contract buys; they make it larger, not dearer."""

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        object.__setattr__(self, "hours", MappingProxyType(dict(self.hours)))
        money = (self.one_time_cost, self.decommission_cost, self.subscription_years)
        amounts = (*money, self.run_factor, self.cloud_factor, *self.hours.values())
        rules = {
            "amounts, factors and hours must be finite and not negative": all(isfinite(a) and a >= 0 for a in amounts),
            f"work_quarters is {self.work_quarters}, must be at least 1": self.work_quarters >= 1,
            f"early_quarters is {self.early_quarters}, must lie between 0 and work_quarters": (
                0 <= self.early_quarters <= self.work_quarters
            ),
            f"dual_run_quarters is {self.dual_run_quarters}, must not be negative": self.dual_run_quarters >= 0,
            f"residual_risk is {self.residual_risk}, must lie between 0 and 1": 0 <= self.residual_risk <= 1,
            f"side is `{self.side}`, must be `modern`, `legacy` or empty": self.side in SIDES,
        }
        refuse(f"strategy {self.name}", rules)

    def __reduce__(self) -> tuple[type["Strategy"], tuple[object, ...]]:
        """Let a strategy travel to another process (a mapping proxy alone cannot)."""
        values = (getattr(self, part.name) for part in fields(self))
        return Strategy, tuple(dict(value) if isinstance(value, MappingProxyType) else value for value in values)


@dataclass(frozen=True, slots=True)
class Method:
    """One way to buy: how long it takes, what it costs, and what it may be used for. Sizes are in nominal USD.

    A purchase in modules is n contracts of equal size, each with a lead time of its own. The first is awarded before
    the work starts, module j when (j - 1)/n of the work lies behind: later modules are bought while earlier ones are
    built, so they delay nothing and the money stays spread evenly over the work.
    """

    name: str
    lead_days: float = 0.0
    """From the decision to buy to the award, for a contract of `reference_size` or less, if nobody protests."""
    days_per_decade: float = 0.0
    """Days more for each tenfold of that size."""
    reference_size: float = 100_000.0
    """USD."""
    protest_chance: float = 0.0
    """Chance that the award is protested."""
    protest_days: float = 0.0
    """Delay by a protest."""
    price_factor: float = 1.0
    """One-time cost bought this way, relative to that of the strategy."""
    smallest: float = 0.0
    """USD; a contract below it, all its modules together, is not bought this way."""
    largest: float = inf
    """USD; neither is one above it."""
    modules: int = 1
    """$n$, contracts of equal size into which it is split."""
    strategies: tuple[str, ...] = ()
    """What it may buy; empty: everything."""
    overrun_class: str = ""
    """Class of overruns from which futures are drawn; empty: that of the size of a module."""

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        object.__setattr__(self, "strategies", tuple(self.strategies))
        days = (self.lead_days, self.days_per_decade, self.protest_days)
        rules = {
            "days must be finite and not negative": all(isfinite(d) and d >= 0 for d in days),
            f"protest_chance is {self.protest_chance}, must lie between 0 and 1": 0 <= self.protest_chance <= 1,
            f"reference_size is {self.reference_size}, must be above 0": isfinite(self.reference_size)
            and self.reference_size > 0,
            f"price_factor is {self.price_factor}, must be above 0": isfinite(self.price_factor)
            and self.price_factor > 0,
            f"smallest is {self.smallest} and largest {self.largest}, must be 0 <= smallest <= largest": (
                0 <= self.smallest <= self.largest
            ),
            f"modules is {self.modules}, must be at least 1": self.modules >= 1,
        }
        refuse(f"method {self.name}", rules)

    def lead(self, size: np.ndarray) -> np.ndarray:
        r"""Expected days from the decision to buy to the first award, for contracts of some sizes $z$, in whole days.

        $$L(z) = \left\lceil l + b \max\left(0, \log_{10} \frac{z}{n z_0}\right) + p D \right\rceil$$
        with $l$ days up to the reference size $z_0$ of a module, $b$ more for each tenfold, $n$ modules, $p$ the chance
        of a protest and $D$ its delay.
        """
        with np.errstate(divide="ignore"):
            decades = np.log10(np.asarray(size, dtype=float) / (self.modules * self.reference_size))
        days = (
            self.lead_days + self.days_per_decade * np.maximum(decades, 0.0) + self.protest_chance * self.protest_days
        )
        return np.asarray(np.ceil(days - ROUNDING))

    def fits(self, size: np.ndarray) -> np.ndarray:
        """Whether contracts of some sizes may be bought this way."""
        least, most = self.smallest * (1 - ROUNDING), self.largest * (1 + ROUNDING)
        return np.asarray((least <= size) & (size <= most))


@dataclass(frozen=True, slots=True)
class Economics:
    """Rates (fractions a year), prices and times that every option shares."""

    discount_rate: float = 0.0
    """Nominal, from `as_of`, mid-quarter."""
    price_growth: float = 0.0
    """Of one-time and decommissioning cost."""
    cloud_price_growth: float = 0.0
    """Of cloud prices; may be negative."""
    tail_years: float = 5.0
    """How long run cost beyond the horizon counts."""
    risk_price: float = 0.0
    """USD per unit and quarter past its end of support, at criticality 3."""
    avoidable_share: float = 1.0
    """Share of a run cost that stops when the old system goes."""

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        rates = (self.discount_rate, self.price_growth, self.cloud_price_growth)
        rules = {
            "rates must be finite and above -1": all(isfinite(rate) and rate > -1 for rate in rates),
            f"tail_years is {self.tail_years}, must not be negative": isfinite(self.tail_years)
            and self.tail_years >= 0,
            f"risk_price is {self.risk_price}, must not be negative": isfinite(self.risk_price)
            and self.risk_price >= 0,
            f"avoidable_share is {self.avoidable_share}, must lie between 0 and 1": 0 <= self.avoidable_share <= 1,
        }
        refuse("economics", rules)


def refuse(where: str, rules: Mapping[str, bool]) -> None:
    """Raise a `DataError` that lists every broken rule."""
    broken = [rule for rule, kept in rules.items() if not kept]
    if broken:
        raise DataError(broken, where)
