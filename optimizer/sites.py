"""Sites that close when their last unit has left: what that saves, what it costs, and when."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from optimizer import funds
from optimizer.catalogue import Economics
from optimizer.options import NEVER, Options
from optimizer.portfolio import Portfolio
from optimizer.timeline import Timeline


@dataclass(frozen=True, eq=False)
class Closings:
    r"""What becomes of sites, one case a row; every amount is the difference against keeping the site open.

    Site $j$ is empty from quarter $e$ on and closes in $c = \max(e, l_j)$: its rent is owed until the lease ends, $l_j$
    being the first quarter after that. Nothing is known of ways to leave a lease earlier. A site that is not empty
    within the horizon stays, and so does one that would close only after the tail.
    """

    portfolio: Portfolio
    economics: Economics
    j: np.ndarray
    """Position of the site in `portfolio.sites`."""
    e: np.ndarray
    """First quarter in which no unit is there; `NEVER` where it stays."""

    @classmethod
    def after(cls, options: Options, units: np.ndarray) -> Closings:
        """What becomes of every site that can close, when these units go these ways."""
        portfolio = options.portfolio
        here = homes(portfolio)[options.s]
        last = np.full(len(portfolio.sites), -1)
        counts = (here >= 0) & (units > 0)
        np.maximum.at(last, here[counts], options.off[counts])
        j = np.flatnonzero(portfolio.closable)
        inside = (last[j] >= 0) & (last[j] < options.timeline.length)
        return cls(portfolio, options.economics, j, np.where(inside, last[j], NEVER))

    @classmethod
    def possible(cls, options: Options) -> Closings:
        """Every quarter in which a site can be empty, beside that it stays; no site that somebody cannot leave."""
        portfolio, length = options.portfolio, options.timeline.length
        table = pd.DataFrame({"s": options.s, "off": options.off, "j": homes(portfolio)[options.s]})
        table = table[table["j"] >= 0]
        earliest = table.groupby(["j", "s"])["off"].min().groupby("j").max()
        table = table[table["off"].between(table["j"].map(earliest), length - 1)]
        ways = table[["j", "off"]].drop_duplicates()
        stay = pd.DataFrame({"j": ways["j"].unique(), "off": NEVER})
        cases = pd.concat([ways, stay]).sort_values(["j", "off"])
        return cls(
            portfolio, options.economics, cases["j"].to_numpy(dtype=np.int64), cases["off"].to_numpy(dtype=np.int64)
        )

    def __len__(self) -> int:
        """How many cases there are."""
        return len(self.j)

    @cached_property
    def timeline(self) -> Timeline:
        """Positions and discount factors."""
        return Timeline(self.portfolio)

    @cached_property
    def _sites(self) -> pd.DataFrame:
        """What the table says of each case's site."""
        return self.portfolio.sites.reindex(columns=["annual_fixed_cost", "lease_end", "closure_cost"]).iloc[self.j]

    @cached_property
    def _stop(self) -> int:
        """The first quarter that no longer counts."""
        return self.timeline.length + round(4 * self.economics.tail_years)

    @cached_property
    def closes(self) -> np.ndarray:
        """$c$, `NEVER` where the site stays."""
        c = np.maximum(self.e, self.timeline.ended(pd.to_datetime(self._sites["lease_end"])))
        return np.where((self.e == NEVER) | (c >= self._stop), NEVER, c)

    def _amounts(self, t: np.ndarray) -> np.ndarray:
        """Less fixed cost from the closing on, the cost of closing once, cases x quarters."""
        fixed = self._sites["annual_fixed_cost"].to_numpy(dtype=float)[:, None] / 4
        closing, c = self._sites["closure_cost"].to_numpy(dtype=float)[:, None], self.closes[:, None]
        return np.asarray(closing * (t == c) - fixed * (t >= c))

    @cached_property
    def cash(self) -> np.ndarray:
        """Cases x quarters of the horizon, nominal USD."""
        return self._amounts(np.arange(self.timeline.length))

    def _worth(self, t: np.ndarray) -> np.ndarray:
        return np.asarray(self._amounts(t) @ self.timeline.discount(self.economics.discount_rate, t))

    def present_value(self) -> np.ndarray:
        r"""What closing saves within the horizon, and what it costs.

        $$\sum_{t<T} d_t \left( K_j [t = c] - \frac{F_j}{4} [t \ge c] \right)$$
        with $F_j$ the fixed cost of a year and $K_j$ the cost of closing, both as the table says, in any year.
        """
        return self._worth(np.arange(self.timeline.length))

    def tail(self) -> np.ndarray:
        """The same beyond the horizon, for the years of the tail."""
        return self._worth(np.arange(self.timeline.length, self._stop))

    @cached_property
    def weight(self) -> np.ndarray:
        """What a dollar of each case's site counts in the objective."""
        return np.asarray(funds.weight(self.portfolio.sites["fund"], self.portfolio.fund_weights)[self.j])

    @property
    def cost(self) -> np.ndarray:
        """What each case adds to the objective."""
        return np.asarray(self.weight * (self.present_value() + self.tail()))


def homes(portfolio: Portfolio) -> np.ndarray:
    """Position of the site in which each system stands; -1 where it is none that can close."""
    at = portfolio.sites.index.get_indexer(pd.Index(portfolio.systems["site"].astype(object)))
    return np.where(np.append(portfolio.closable, False)[at], at, -1)


def closures(closings: Closings) -> pd.DataFrame:
    """`site closes saving`: the quarter in which each site closes (empty where it stays), its present value."""
    portfolio = closings.portfolio
    closes = np.full(len(portfolio.sites), NEVER)
    saving = np.zeros(len(portfolio.sites))
    closes[closings.j] = closings.closes
    saving[closings.j] = -(closings.present_value() + closings.tail())
    texts = closings.timeline.texts(closes, closes < NEVER)
    return pd.DataFrame(
        {"site": portfolio.sites.index.astype("str"), "closes": texts.astype("str"), "saving": saving + 0.0}
    )
