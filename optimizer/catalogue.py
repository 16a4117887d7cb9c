"""How a system can change, and the prices and rates that every option shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from types import MappingProxyType

from optimizer.errors import DataError

RETAIN = "retain"
"""The fate that is always there, unless a lock says otherwise. It needs no entry in a catalogue."""

MODERN = frozenset({"rehost", "replatform", "repurchase", "refactor"})
"""*Moved to modern*: relocated units stay legacy, retired ones are gone."""

SIDES = ("modern", "legacy", "")


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

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        object.__setattr__(self, "hours", MappingProxyType(dict(self.hours)))
        amounts = (self.one_time_cost, self.decommission_cost, self.run_factor, self.cloud_factor, *self.hours.values())
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
    lead_quarters: int = 0
    """Purchase lead time before the first start."""
    method: str = ""
    """Purchasing method that a plan names."""

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
            f"lead_quarters is {self.lead_quarters}, must not be negative": self.lead_quarters >= 0,
        }
        refuse("economics", rules)


def refuse(where: str, rules: Mapping[str, bool]) -> None:
    """Raise a `DataError` that lists every broken rule."""
    broken = [rule for rule, kept in rules.items() if not kept]
    if broken:
        raise DataError(broken, where)
