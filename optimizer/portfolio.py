"""The estate and what it lives on: systems, their run cost, sites, appropriations, capacity to move."""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as copy

import numpy as np
import pandas as pd

SYSTEM_COLUMNS = (
    *("agency", "program", "site", "kind", "units", "group", "side", "fund", "one_time_fund", "criticality", "risk"),
    *("end_of_support", "contract_end", "exit_fee", "strategies", "earliest", "latest", "lock", "cloud_price"),
)
APPROPRIATION_COLUMNS = (
    *("fund", "agency", "line_item", "fiscal_year", "amount", "purpose", "status", "carry_forward"),
    *("opening_balance", "transfer_limit"),
)


@dataclass(frozen=True, eq=False)
class Portfolio:
    """What a plan is made for; the shapes of every field are those of `docs/architecture.md`.

    The horizon should hold whole fiscal years. Costs are nominal USD per unit and quarter.
    """

    quarters: pd.PeriodIndex
    """T quarters in a row; their frequency (`Q-JUN`) tells the month in which the fiscal year ends."""
    as_of: pd.Timestamp
    """Where discounting starts."""
    systems: pd.DataFrame
    """Indexed by `system`: agency program site kind units group side fund one_time_fund criticality ..."""
    run_cost: pd.DataFrame
    """Systems x quarters: one unit, if nothing moves."""
    residual: pd.DataFrame
    """`agency fund fiscal_year amount`: cost to continue that no system or site explains."""
    sites: pd.DataFrame
    """Indexed by `site`: `fund annual_fixed_cost`."""
    appropriations: pd.DataFrame
    """`fund agency line_item fiscal_year amount purpose status carry_forward opening_balance transfer_limit`."""
    capacity: pd.DataFrame
    """`skill fiscal_year hours`: hours of that whole fiscal year, a quarter of them in each quarter."""
    starts: pd.Series
    """Fiscal year -> units that may begin to move in each of its quarters; a missing year is free."""
    freezes: Sequence[pd.Period] = ()
    """Quarters in which nothing may start or cut over."""
    base_year: int | None = None
    """Fiscal year of the catalogue's prices; that of `as_of` when None."""

    @property
    def fiscal_years(self) -> np.ndarray:
        """The fiscal years of the horizon, in order."""
        return np.unique(np.asarray(self.quarters.qyear))

    @property
    def price_year(self) -> int:
        """The fiscal year in whose prices the catalogue stands."""
        return int(self.as_of.to_period(self.quarters.freqstr).qyear) if self.base_year is None else self.base_year

    def replace(self, **changes: object) -> "Portfolio":
        """Return another portfolio with some fields changed."""
        return copy(self, **changes)  # type: ignore[arg-type]
