"""What a plan must keep to: one class per limit, its formula in the docstring.

The model, the prices and the table of limits all come from `coefficients`, `allowed` and `columns`: they cannot differ.
"""

import pandas as pd

from optimizer.limits.base import Columns, Limit
from optimizer.limits.budgets import Budgets
from optimizer.limits.money import Appropriation, Biennium
from optimizer.limits.share import ModernShare, RiskCeiling
from optimizer.limits.sites import SiteClosure
from optimizer.limits.soft import Soft
from optimizer.limits.structure import MoveGroups, OneFate, Precedence
from optimizer.limits.sweep import Sweep
from optimizer.limits.transfers import Transfers
from optimizer.limits.work import Hours, Procurements, Starts
from optimizer.portfolio import Portfolio
from optimizer.sites import Closings


def limits_of(portfolio: Portfolio) -> tuple[Limit, ...]:
    """All limits of a study on money, work and time: few rows, each with a price. Some may be overrun at one."""
    money = Appropriation if portfolio.biennium_start is None else Biennium
    every: tuple[Limit, ...] = (
        money(portfolio),
        Transfers(portfolio),
        Sweep(portfolio),
        Hours(portfolio),
        Starts(portfolio.quarters, portfolio.starts),
        Procurements(portfolio),
        ModernShare(portfolio),
        RiskCeiling(portfolio),
    )
    return tuple(Soft(limit, portfolio.soft[limit.name]) if limit.name in portfolio.soft else limit for limit in every)


def structure_of(portfolio: Portfolio) -> tuple[OneFate, MoveGroups]:
    """What every plan consists of: one fate for each unit, and groups that move together."""
    systems = portfolio.systems
    grouped = systems[(systems["group"] != "") & (systems["side"] == "legacy")]
    members = pd.DataFrame({"group": grouped["group"].to_numpy(), "system": grouped.index.to_numpy()})
    return OneFate(systems["units"]), MoveGroups(members, ("", *portfolio.quarters.astype(str)))


def rules_of(portfolio: Portfolio, closings: Closings) -> tuple[Limit, ...]:
    """Rows that bind a few systems each: many, and without a price that anybody could pay."""
    return (Precedence(portfolio), SiteClosure(closings))


LIMITS: tuple[type[Limit], ...] = (
    *(OneFate, MoveGroups, Precedence, SiteClosure),
    *(Appropriation, Biennium, Transfers, Sweep),
    *(Hours, Starts, Procurements),
    *(ModernShare, RiskCeiling, Soft),
)
"""Every kind of limit there is."""

__all__ = [
    "LIMITS",
    "Appropriation",
    "Biennium",
    "Budgets",
    "Columns",
    "Hours",
    "Limit",
    "ModernShare",
    "MoveGroups",
    "OneFate",
    "Precedence",
    "Procurements",
    "RiskCeiling",
    "SiteClosure",
    "Soft",
    "Starts",
    "Sweep",
    "Transfers",
    "limits_of",
    "rules_of",
    "structure_of",
]
