"""What all policies share: the estate, its budgets, who pays for what, and the paths of run cost.

Letters of shapes: F futures, S scopes, B budgets, Y fiscal years, L lines that run costs follow, n systems.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from optimizer import Economics, Method, Portfolio, Strategy, funds
from optimizer.limits.budgets import SCOPE, Budgets
from scenarios.checks import spending_lines
from scenarios.expected import Expected
from scenarios.futures.draws import BLOCK, StateDraws, state_draws
from scenarios.futures.priors import Priors, priors_of
from scenarios.pipeline import Prepared

PILOT = 10**6
"""A block of sample paths that no future is made of."""


@dataclass(frozen=True, eq=False)
class Lines:
    """What run costs of systems follow: L sums of lines of the outlook."""

    of_system: np.ndarray
    """Number of each system's line, (n,)."""
    member: np.ndarray
    """Which lines of the outlook each sums, (L, lines)."""


@dataclass(frozen=True, eq=False)
class World:
    """What happens to the state itself in the futures of one block."""

    state: StateDraws
    line: np.ndarray
    """Run cost over that expected, (F, L, Y)."""
    rest: np.ndarray
    """What other IT costs beyond what is expected, USD, (F, S, Y)."""
    amount: np.ndarray
    """Rows of appropriations before holdbacks and after them, USD, (2, F, rows)."""

    def part(self, which: slice) -> World:
        """Some futures of the block."""
        state = self.state
        some = StateDraws(state.shock[which], state.cloud[which], state.cut[which], state.holdback[which])
        return World(some, self.line[which], self.rest[which], self.amount[:, which])


@dataclass(frozen=True, eq=False)
class Case:
    """A scenario as its futures need it."""

    portfolio: Portfolio
    strategies: tuple[Strategy, ...]
    economics: Economics
    methods: tuple[Method, ...]
    outlook: Expected | None
    priors: Priors
    seed: int
    bundle: str
    transfers: pd.Series
    """What is moved into each budget by the plan, USD, by key."""
    prices: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    """What one more unit of each limit was worth when the plan was made, by `limit key`."""

    @classmethod
    def of(cls, ready: Prepared, limits: pd.DataFrame, seed: int) -> Case:
        """The case of a prepared scenario; `limits` are those of its plan."""
        settings = ready.study.settings
        portfolio, strategies, economics = ready.case
        return cls(
            portfolio,
            tuple(strategies),
            economics,
            tuple(ready.methods),
            ready.outlook,
            priors_of(settings),
            seed,
            settings.text("contract_bundle"),
            pd.Series(dtype=float),
        ).planned(limits)

    def planned(self, limits: pd.DataFrame) -> Case:
        """The same with what the limits of a plan say: what it moves between budgets, and what limits are worth."""
        moved = limits[limits["limit"] == "transfers"].set_index("key")["used"].astype(float)
        prices = limits.get("price", pd.Series(0.0, index=limits.index)).astype(float)
        names = limits["limit"].astype(object) + " " + limits["key"].astype(object)
        return replace(self, transfers=moved, prices=prices.set_axis(names))

    def price(self, limit: str, keys: Sequence[str] | pd.Index | pd.Series) -> np.ndarray:
        """Prices of some keys of a limit; 0 where the plan has none."""
        names = [f"{limit} {key}" for key in keys]
        return self.prices.reindex(names).fillna(0.0).to_numpy(dtype=float)

    # Who pays ----------------------------------------------------------------------------------------------------

    @cached_property
    def years(self) -> np.ndarray:
        """Fiscal years of the horizon, (Y,)."""
        return self.portfolio.fiscal_years

    @cached_property
    def year_of(self) -> np.ndarray:
        """Position of the fiscal year of each quarter, (T,)."""
        return np.searchsorted(self.years, np.asarray(self.portfolio.quarters.qyear))

    @cached_property
    def budgets(self) -> Budgets:
        """The appropriations as budgets."""
        return Budgets(self.portfolio)

    @cached_property
    def scopes(self) -> pd.DataFrame:
        """`fund agency line_item purpose`: each fund that pays for anything, then what else is appropriated for."""
        portfolio = self.portfolio
        texts = [portfolio.systems["fund"], portfolio.systems["one_time_fund"], portfolio.sites["fund"]]
        texts += [portfolio.residual["fund"], portfolio.appropriations["fund"]]
        names = sorted({fund for column in texts for text in column.unique() for fund in funds.parse(str(text))})
        plain = pd.DataFrame({"fund": names, "agency": "", "line_item": "", "purpose": "any"})
        named = self.budgets.frame[SCOPE].drop_duplicates()
        both = pd.concat([plain, named.astype(object)], ignore_index=True)
        return both.drop_duplicates(ignore_index=True)

    @cached_property
    def funds(self) -> int:
        """How many of the scopes are whole funds: the first ones."""
        return int(
            ((self.scopes["agency"] == "") & (self.scopes["line_item"] == "") & (self.scopes["purpose"] == "any")).sum()
        )

    @cached_property
    def scope_names(self) -> list[str]:
        """`general`, `general health capital`: as in the keys of limits.csv, without the year."""
        table = self.scopes.assign(purpose=self.scopes["purpose"].replace("any", ""))
        return [" ".join(part for part in row if part) for row in table.itertuples(index=False, name=None)]

    def pays(self, systems: np.ndarray, capital: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Share of running and of one-time money of some systems that falls to each scope, two of (cells, S)."""
        frame = self.portfolio.systems.iloc[systems]
        runs, builds = np.zeros((2, len(systems), len(self.scopes)))
        for s, scope in enumerate(self.scopes.to_dict("records")):
            inside = np.ones(len(systems), dtype=bool)
            if scope["agency"]:
                inside &= (frame["agency"] == scope["agency"]).to_numpy()
            if scope["line_item"]:
                inside &= (frame["program"] == scope["line_item"]).to_numpy()
            purpose = {"capital": capital, "operating": ~capital}.get(scope["purpose"], np.ones(len(systems), bool))
            runs[:, s] = inside * funds.share_of(frame["fund"], scope["fund"]) * (scope["purpose"] != "capital")
            builds[:, s] = inside * funds.share_of(frame["one_time_fund"], scope["fund"]) * purpose
        return runs, builds

    @cached_property
    def sites(self) -> np.ndarray:
        """Share of each site's money that falls to each scope, (sites, S): operating money of no agency."""
        plain = self.scopes["agency"].eq("") & self.scopes["line_item"].eq("") & self.scopes["purpose"].ne("capital")
        share = np.column_stack([funds.share_of(self.portfolio.sites["fund"], f) for f in self.scopes["fund"]])
        return np.asarray(share * plain.to_numpy())

    @cached_property
    def residual(self) -> np.ndarray:
        """Other IT as expected, USD, (S, Y)."""
        table, found = self.portfolio.residual, np.zeros((len(self.scopes), len(self.years)))
        part = np.bincount(self.year_of, minlength=len(self.years)) / 4
        for s, scope in enumerate(self.scopes.to_dict("records")):
            mine = table[table["agency"].eq(scope["agency"])] if scope["agency"] else table
            if scope["line_item"] or scope["purpose"] == "capital" or mine.empty:
                continue
            paid = mine["amount"].to_numpy(dtype=float) * funds.share_of(mine["fund"], scope["fund"])
            by = pd.Series(paid).groupby(mine["fiscal_year"].to_numpy()).sum()
            found[s] = by.reindex(self.years, fill_value=0.0).to_numpy() * part
        return found

    # What run costs follow ---------------------------------------------------------------------------------------

    @cached_property
    def lines(self) -> Lines:
        """The line of each system: its own, else its agency's, else the total; as `scenarios.portfolio.cost_index`."""
        systems = self.portfolio.systems
        if self.outlook is None:
            return Lines(np.zeros(len(systems), dtype=np.int64), np.zeros((1, 0)))
        keys = self._told
        mean = self._mean.sum(axis=1)
        known = pd.DataFrame({"line": spending_lines(keys), "agency": keys["agency"].astype(object)})
        alive = mean > 0
        wanted = systems["spending_line"].astype(object).to_numpy()
        agency = systems["agency"].astype(object).to_numpy()
        has_line = np.isin(wanted, known.loc[alive, "line"].astype(object).to_numpy())
        has_agency = np.isin(agency, known.loc[alive, "agency"].to_numpy())
        names = np.where(has_line, "line " + wanted, np.where(has_agency, "agency " + agency, "all"))
        number, found = pd.factorize(names)
        lines, agencies = known["line"].astype(object).to_numpy(), known["agency"].to_numpy()
        member = np.array(
            [
                np.ones(len(keys), bool)
                if n == "all"
                else (lines == n[5:])
                if n.startswith("line ")
                else agencies == n[7:]
                for n in found
            ]
        )
        return Lines(number.astype(np.int64), member.astype(float))

    @cached_property
    def _told(self) -> pd.DataFrame:
        """Keys of the outlook's lines, as sample paths have them."""
        assert self.outlook is not None
        return self.outlook.outlook.paths(1).lines

    @cached_property
    def _mean(self) -> np.ndarray:
        """Expected amounts of the outlook's lines, (lines, Y); 0 in years that it does not cover."""
        assert self.outlook is not None
        told = self.outlook.outlook.lines
        names = spending_lines(told)
        by = told.assign(line=names).pivot_table(index="line", columns="period", values="mean", aggfunc="sum")
        by = by.reindex(index=spending_lines(self._told), columns=list(self.years), fill_value=0.0)
        return by.fillna(0.0).to_numpy()

    @cached_property
    def line_scopes(self) -> np.ndarray:
        """Which lines of the outlook each scope pays for, (lines, S); no line without an outlook."""
        if self.outlook is None:
            return np.zeros((0, len(self.scopes)))
        keys, found = self._told, np.zeros((len(self._told), len(self.scopes)))
        for s, scope in enumerate(self.scopes.to_dict("records")):
            if scope["line_item"] or scope["purpose"] == "capital":
                continue
            mine = keys["agency"].eq(scope["agency"]).to_numpy() if scope["agency"] else np.ones(len(keys), bool)
            found[:, s] = mine * funds.share_of(keys["fund"], scope["fund"])
        return found

    @cached_property
    def staying(self) -> np.ndarray:
        """Run cost of all systems if nothing moves, by line, scope and fiscal year, USD, (L, S, Y)."""
        everything = np.arange(len(self.portfolio.systems))
        runs, _ = self.pays(everything, np.zeros(len(everything), dtype=bool))
        return self.by_line(everything, self.portfolio.systems["units"].to_numpy(dtype=float), runs)

    def by_line(self, systems: np.ndarray, units: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Run cost of units that stay, by line, (L, columns of `weight`, Y)."""
        quarterly = self.portfolio.run_cost.to_numpy(dtype=float)[systems] * units[:, None]
        first = np.flatnonzero(np.diff(self.year_of, prepend=-1))
        yearly = np.add.reduceat(quarterly, first, axis=1)
        found = np.zeros((len(self.lines.member), weight.shape[1], len(self.years)))
        np.add.at(found, self.lines.of_system[systems], weight[:, :, None] * yearly[:, None, :])
        return found

    # What happens ------------------------------------------------------------------------------------------------

    def world(self, block: int) -> World:
        """The state in the futures of a block."""
        state = state_draws(self.priors, len(self.years), self.seed, block)
        line, rest = self._paths(block)
        return World(state, line, rest, self._amounts(state))

    def _paths(self, block: int) -> tuple[np.ndarray, np.ndarray]:
        """Run cost by line over that expected, (F, L, Y), and what other IT costs beyond it, (F, S, Y)."""
        line = np.ones((BLOCK, len(self.lines.member), len(self.years)))
        rest = np.zeros((BLOCK, len(self.scopes), len(self.years)))
        if self.outlook is None or not (self.priors.run_cost and self.priors.has("run_cost")):
            return line, rest
        seed = int(np.random.SeedSequence([self.seed, block]).generate_state(1)[0])
        drawn = self.outlook.outlook.paths(BLOCK, seed=seed)
        told = [int(period) for period in drawn.periods]
        at = [(y, told.index(year)) for y, year in enumerate(self.years.tolist()) if year in told]
        for y, h in at:
            off = drawn.amounts[:, h] - self._mean[:, y][:, None]
            mean = self.lines.member @ self._mean[:, y]
            line[:, :, y] += (self.lines.member @ off / np.where(mean > 0, mean, np.inf)[:, None]).T
            rest[:, :, y] = (self.line_scopes.T @ off).T
        line = np.maximum(line, 0.0)
        # what systems explain of the lines is theirs; the rest is other IT
        rest -= np.einsum("fly,lsy->fsy", line - 1.0, self.staying, optimize=True)
        return line, rest

    def _amounts(self, state: StateDraws) -> np.ndarray:
        """Rows of appropriations after cuts, and after holdbacks too, USD, (2, F, rows)."""
        rows = self.budgets.rows
        spared, year = rows["fund"].isin(self.priors.exempt).to_numpy(), rows["y"].to_numpy(dtype=np.int64)
        amount = rows["amount"].to_numpy(dtype=float)
        taken = np.stack([state.cut, state.cut + state.holdback])
        return np.asarray(amount * np.where(spared, 1.0, 1.0 - taken[:, :, year]))

    @cached_property
    def scope_of(self) -> np.ndarray:
        """Scope of each budget, (B,)."""
        scopes = {tuple(scope): s for s, scope in enumerate(self.scopes.itertuples(index=False, name=None))}
        names = self.budgets.frame[SCOPE].astype(object).itertuples(index=False, name=None)
        return np.array([scopes[tuple(name)] for name in names], dtype=np.int64)

    @cached_property
    def cycle(self) -> np.ndarray:
        """Which fiscal years each budget pays for, (B, Y)."""
        rows = self.budgets.rows
        found = np.zeros((len(self.budgets.frame), len(self.years)), dtype=bool)
        found[rows["budget"].to_numpy(dtype=np.int64), rows["y"].to_numpy(dtype=np.int64)] = True
        return found

    def opening(self, futures: int) -> np.ndarray:
        """What each budget has from before the horizon, USD, (F, B)."""
        frame, found = self.budgets.frame, np.zeros((futures, len(self.budgets.frame)))
        opens = ~np.isin(np.arange(len(frame)), frame["next"].to_numpy())
        found[:, opens] = frame["brought"].to_numpy(dtype=float)[opens]
        return found

    def amount(self, world: World, t: int | None) -> np.ndarray:
        """Amount of each budget as it is known in a quarter, or at last (None), USD, (F, B).

        What is held back is so from the third quarter of its year on.
        """
        rows, before, after = self.budgets.rows, *world.amount
        held = np.ones(len(rows), dtype=bool)
        if t is not None:
            held = rows["y"].to_numpy() < self.year_of[t] + (self.portfolio.quarters[t].quarter > 2)
        return np.asarray((self.budgets.sums @ np.where(held, after, before).T).T + self.moved)

    def known_amount(self, world: World, t: int) -> np.ndarray:
        """Amount of each budget as the start of a fiscal year knows it, USD, (F, B).

        Cuts of that year and before, holdbacks of the years before; later years as they were planned with.
        """
        rows, before, after = self.budgets.rows, *world.amount
        year, planned = rows["y"].to_numpy(), rows["amount"].to_numpy(dtype=float)
        known = np.where(year < self.year_of[t], after, np.where(year == self.year_of[t], before, planned))
        return np.asarray((self.budgets.sums @ known.T).T + self.moved)

    @cached_property
    def persistence(self) -> tuple[np.ndarray, np.ndarray]:
        """How much of what one year shows lasts into later ones: of lines (L, Y, Y) and of other IT (S, Y, Y).

        The best linear guess that the forecaster's own paths allow, from paths that no future is made of: entry
        (y, z) is what a dollar above expectation in year y lets one expect above it in year z.
        """
        line, rest = self._paths(PILOT)
        found = []
        for off in (line - 1.0, rest):
            centred = off - off.mean(axis=0)
            shared = np.einsum("fay,faz->ayz", centred, centred)
            own = np.einsum("ayy->ay", shared)[:, :, None]
            found.append(np.divide(shared, own, out=np.zeros_like(shared), where=own > 0))
        return found[0], found[1]

    @cached_property
    def moved(self) -> np.ndarray:
        """What the plan moves into each budget, USD, (B,)."""
        return self.transfers.reindex(self.budgets.frame["key"]).fillna(0.0).to_numpy(dtype=float)
