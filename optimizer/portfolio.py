"""The estate and what it lives on: systems, their run cost, sites, appropriations, capacity to move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
CLOSING_COLUMNS = ("lease_end", "closure_cost", "keep")
DEPENDENCY_COLUMNS = ("system", "needs", "lag")


@dataclass(frozen=True, slots=True)
class Learning:
    r"""How a team that is new to the work gets up to speed: in the n-th quarter from `as_of` it does a share of it.

    $$1 - (1 - \phi) \, \delta^n$$
    """

    first: float
    r"""$\phi$, the share in the quarter of `as_of` (0..1)."""
    decay: float
    r"""$\delta$, what is left of the gap after each quarter (0..1); 0.5 halves it."""

    def share(self, n: np.ndarray) -> np.ndarray:
        """Share of the full hours, n quarters from `as_of`."""
        return np.asarray(1 - (1 - self.first) * self.decay ** np.maximum(n, 0))


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
    dependencies: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(DEPENDENCY_COLUMNS)))
    """`system needs lag`: the system starts only when what it needs has cut over, and `lag` months after that."""
    closes_sites: bool = False
    """Whether a site closes when its last unit has left; then `sites` also has `lease_end closure_cost keep`."""
    biennium_start: int | None = None
    """A fiscal year in which a budget cycle of two years begins; None where each year has its own appropriation."""
    reserve: float | pd.Series = 0.0
    """Share of each appropriation that is kept free; one number, or by fiscal year."""
    fund_reserves: Mapping[str, float] = field(default_factory=dict)
    """Share of a fund's appropriations that is kept free beside that, by fund; nothing where a fund is not named."""
    sweep: float | pd.Series = 0.0
    """Share of last year's saving of run cost that is taken from the appropriation; one number, or by fiscal year."""
    procurement_capacity: pd.Series | None = None
    """Fiscal year -> purchases that may be open in each of its quarters; None: nothing limits how much is bought."""
    modern_share: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    """Fiscal year -> least share of its run cost that is modern; a missing year is free."""
    risk_ceiling: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    """Fiscal year -> most unit-quarters past the end of support, at criticality 3; a missing year is free."""
    soft: Mapping[str, float] = field(default_factory=dict)
    """Limits that may be overrun, by name, with the price of a unit in the objective: `{"appropriation": 1.5}`."""
    learning: Learning | None = None
    """How hours ramp up; None: all of them are there from the start."""
    disruption_price: float = 0.0
    """USD in the objective for each unit of criticality 3 that moves; others in proportion."""
    fund_weights: Mapping[str, float] = field(default_factory=dict)
    """What a dollar of a fund counts in the objective, 1 where nothing is said: `{"federal": 0}` is a state's view."""

    @property
    def fiscal_years(self) -> np.ndarray:
        """The fiscal years of the horizon, in order."""
        return np.unique(np.asarray(self.quarters.qyear))

    @property
    def dependent(self) -> np.ndarray:
        """Whether each system needs another or is needed."""
        named = pd.concat([self.dependencies["system"], self.dependencies["needs"]])
        return np.asarray(self.systems.index.isin(named.astype(object)))

    @property
    def whole(self) -> np.ndarray:
        """Whether each system moves whole: those in a move group and those that depend on each other."""
        grouped = (self.systems["group"] != "").to_numpy() | self.dependent
        return np.asarray(grouped & (self.systems["side"] == "legacy").to_numpy())

    @property
    def closable(self) -> np.ndarray:
        """Whether each site can close: it is not to be kept, and holds units of which all could leave."""
        sites, systems = self.sites, self.systems
        if not self.closes_sites:
            return np.zeros(len(sites), dtype=bool)
        stays = set(systems.loc[systems["side"] != "legacy", "site"])
        used = sites.index.isin(systems["site"]) & ~sites.index.isin(stays)
        return np.asarray(used & ~sites["keep"].to_numpy(dtype=bool))

    @property
    def price_year(self) -> int:
        """The fiscal year in whose prices the catalogue stands."""
        return int(self.as_of.to_period(self.quarters.freqstr).qyear) if self.base_year is None else self.base_year

    def replace(self, **changes: object) -> "Portfolio":
        """Return another portfolio with some fields changed."""
        return copy(self, **changes)  # type: ignore[arg-type]
