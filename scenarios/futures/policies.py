"""Policies: what a state may do. Each gives rows of a plan, and all of them meet the same futures.

A policy of your own is a class with a `name`, a `title` and `rows(case)`; hand it to `simulate(..., policies=)`. One
that decides again each fiscal year has `aims(known)` beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from optimizer.catalogue import RETAIN
from optimizer.greedy import greedy
from optimizer.options import expand
from optimizer.terms import cost
from scenarios.futures.case import Case

if TYPE_CHECKING:
    from scenarios.futures.known import Known


class Policy(Protocol):
    """What a state decides to move, how and when."""

    @property
    def name(self) -> str:
        """Slug, as in risk.csv."""

    @property
    def title(self) -> str:
        """Name for people."""

    def rows(self, case: Case) -> pd.DataFrame:
        """`system units strategy method start` of all units; `start` is empty where they stay."""


@runtime_checkable
class Replanning(Policy, Protocol):
    """A policy that decides again at the start of each fiscal year, in all futures at once."""

    def aims(self, known: Known) -> np.ndarray:
        """When each contract is to begin, (C, F), positions of quarters; T: never.

        What has begun stays as it is, whatever is said of it; what cannot be bought so soon, or may not begin then,
        begins in the next quarter in which it can.
        """


@dataclass(frozen=True)
class DoNothing:
    """Everything stays as it is."""

    name: str = "do_nothing"
    title: str = "Do nothing"

    def rows(self, case: Case) -> pd.DataFrame:
        """All units are retained."""
        units = case.portfolio.systems["units"]
        every = {"system": units.index, "units": units.to_numpy(), "strategy": RETAIN, "method": "", "start": ""}
        return pd.DataFrame(every)


@dataclass(frozen=True)
class Greedy:
    """Today's practice: what pays back soonest first, as early as it fits."""

    name: str = "greedy"
    title: str = "Pay-back greedy"

    def rows(self, case: Case) -> pd.DataFrame:
        """The rows of `optimizer.greedy`."""
        return greedy(case.portfolio, case.strategies, case.economics, methods=case.methods).rows


@dataclass(frozen=True)
class AllAtOnce:
    """Whatever is worth moving, all of it as early as it can be bought; only money and starts hold it up."""

    name: str = "all_at_once"
    title: str = "All at once"

    def rows(self, case: Case) -> pd.DataFrame:
        """Each system, or group, its cheapest way among those at its earliest start, where that beats staying."""
        options = expand(case.portfolio, case.strategies, case.economics, case.methods)
        systems = case.portfolio.systems
        table = pd.DataFrame({"o": np.arange(len(options)), "s": options.s, "t": options.tau, "cost": cost(options)})
        stay = table[options.stays].set_index("s")["cost"]
        alone = systems["group"].eq("") | systems["side"].ne("legacy")
        party = np.where(alone, "system " + systems.index.astype(object), "group " + systems["group"].astype(object))
        table["party"] = party[table["s"]]
        table["units"] = systems["units"].to_numpy()[table["s"]]
        table["gain"] = (table["s"].map(stay) - table["cost"]) * table["units"]
        moves = table[~options.stays].sort_values(["gain", "o"], ascending=[False, True]).drop_duplicates(["s", "t"])
        size = pd.Series(party).value_counts()
        together = moves.groupby(["party", "t"])["gain"].agg(["sum", "size"]).reset_index()
        together = together[(together["size"] == together["party"].map(size)) & (together["sum"] > 0)]
        first = together.groupby("party", as_index=False)["t"].min()
        taken = moves.merge(first, on=["party", "t"])
        while len(kept := _unblocked(case, taken)) < len(taken):
            taken = kept
        frame = options.frame
        o = taken["o"].to_numpy(dtype=np.int64)
        moving = pd.DataFrame(
            {
                "system": frame["system"].astype("str").to_numpy()[o],
                "units": taken["units"].to_numpy(),
                "strategy": frame["strategy"].astype("str").to_numpy()[o],
                "method": options.method[o],
                "start": frame["start"].astype("str").to_numpy()[o],
            }
        )
        rest = DoNothing().rows(case)
        rest = rest[~rest["system"].isin(moving["system"])]
        return pd.concat([moving, rest], ignore_index=True)


@dataclass(frozen=True)
class Fixed:
    """A plan that was made, held whatever comes."""

    plan: pd.DataFrame
    """Its rows."""
    name: str = "plan"
    title: str = "The plan held fixed"

    def rows(self, case: Case) -> pd.DataFrame:
        """As they were planned."""
        return self.plan


def _unblocked(case: Case, taken: pd.DataFrame) -> pd.DataFrame:
    """Without parties of which a member needs what stays."""
    systems = case.portfolio.systems
    moving = set(systems.index[taken["s"]])
    legacy = set(systems.index[systems["side"] == "legacy"])
    edges = case.portfolio.dependencies
    stuck = set(edges.loc[edges["needs"].isin(legacy - moving), "system"])
    blocked = set(taken.loc[systems.index[taken["s"]].isin(stuck), "party"])
    return taken[~taken["party"].isin(blocked)]
