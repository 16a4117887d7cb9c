"""What comes out: which units move when and how, with its money, its limits and its proof."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from optimizer.catalogue import MODERN
from optimizer.words import dollars

ROW_COLUMNS = (
    *("system", "units", "strategy", "method", "start", "cutover", "legacy_off", "wave"),
    *("one_time_cost", "run_cost_before", "run_cost_after", "npv_saving", "buy_from"),
)
REFERENCE = "reference"
"""Status of a plan that was given, not searched for."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan and its certificate; shapes as in `docs/architecture.md`."""

    rows: pd.DataFrame
    """`system units strategy method start cutover legacy_off wave`, then `one_time_cost run_cost_before run_cost_after
    npv_saving`, totals of the row, and `buy_from`, the quarter in which its purchase must begin."""
    flows: pd.DataFrame
    """`entity period fund nature side amount`."""
    limits: pd.DataFrame
    """`limit key used allowed unit binding price`, and `violation`, how far it is overrun."""
    terms: pd.Series
    """Present values that add up to the objective."""
    objective: float
    bound: float
    """Proven lower bound of the objective; NaN for a plan that was given."""
    gap: float
    """(objective - bound) / |objective|; NaN for a plan that was given."""
    status: str
    seconds: float = field(default=0.0, compare=False)
    solver: str = ""
    version: str = ""
    seed: int = 0
    reached: str = ""
    sites: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["site", "closes", "saving"]))
    """`site closes saving`: the quarter in which each site closes (empty where it stays open), and what that saves in
    present value against keeping it open, tail included."""

    @property
    def moves(self) -> pd.DataFrame:
        """The rows in which something moves."""
        return self.rows[self.rows["start"] != ""]

    def prices(self) -> pd.DataFrame:
        """The limits that hold the plan back, dearest first: what one more dollar, hour or start is worth."""
        return self.limits[self.limits["price"] > 0].sort_values("price", ascending=False, ignore_index=True)

    def __str__(self) -> str:
        """Describe the plan in the words of the trade."""
        return "\n".join([self._headline(), *self._years(), self._objective()])

    def _headline(self) -> str:
        units = int(self.rows["units"].sum())
        moved = int(self.rows.loc[self.rows["strategy"].isin(MODERN), "units"].sum())
        proven = "" if np.isnan(self.gap) else f", within {100 * self.gap:.3f} % of the best (proven)"
        last = self.flows["period"].max()
        by = "" if pd.isna(last) else f" by FY{last.qyear}"
        return f"plan: {self.status}{proven}, {moved:,} of {units:,} units moved to modern{by}"

    def _years(self) -> list[str]:
        outlay = self.flows.groupby(self.flows["period"].dt.qyear)["amount"].sum()
        starting = self.moves.assign(year=pd.PeriodIndex(self.moves["start"], freq=self._freq()).qyear)
        begins = starting.groupby("year")["units"].sum()
        closing = self.sites.loc[self.sites["closes"] != "", "closes"].astype(str)
        closes = closing.groupby(pd.PeriodIndex(closing, freq=self._freq()).qyear).size()
        allowed = self._appropriated()
        return [
            f"  FY{year}  outlay {dollars(amount)}"
            + (f" of {dollars(allowed[year])}" if year in allowed else "")
            + f"   {int(begins.get(year, 0)):,} units start"
            + (f", {count} site{' closes' if count == 1 else 's close'}" if (count := closes.get(year, 0)) else "")
            for year, amount in outlay.items()
        ]

    def _freq(self) -> str:
        return str(pd.PeriodIndex(self.flows["period"]).freqstr) if len(self.flows) else "Q-JUN"

    def _appropriated(self) -> dict[int, float]:
        """Money by year, when every row is for one fund as a whole: rows that overlap would count twice."""
        rows = self.limits[self.limits["limit"] == "appropriation"]
        parts = rows["key"].str.split(" FY")
        funds = parts.str[0]
        paying = set(self.flows["fund"].unique())
        if rows.empty or not paying <= set(funds) or not set(funds) <= {f for f in funds if " " not in f}:
            return {}
        years = rows.groupby(parts.str[1].astype(int))["allowed"].sum()
        return {int(str(year)): float(amount) for year, amount in years.items()}

    def _objective(self) -> str:
        parts = " + ".join(f"{str(name).replace('_', '-')} {dollars(value)}" for name, value in self.terms.items())
        return f"  objective {dollars(self.objective)} = {parts}"


def waves(starts: pd.Series, freq: str) -> pd.Series:
    """Number the half fiscal years in which something starts, from 1 in order of time; empty where nothing moves."""
    moving = starts != ""
    quarters = pd.PeriodIndex(starts[moving], freq=freq)
    halves = np.asarray(quarters.qyear) * 2 + (np.asarray(quarters.quarter) > 2)
    numbers = pd.Series(pd.NA, index=starts.index, dtype="Int64")
    numbers[moving] = np.unique(halves, return_inverse=True)[1] + 1
    return numbers
