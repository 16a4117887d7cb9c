"""Every way in which every system can go: which exist, and what each costs, all in NumPy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from optimizer import buying
from optimizer.catalogue import RETAIN, Economics, Method, Strategy
from optimizer.errors import DataError, StuckSystems
from optimizer.portfolio import Portfolio
from optimizer.timeline import Timeline
from optimizer.words import listed

NATURES = ("run", "one_time", "dual_run", "exit")
SIDES = ("legacy", "modern")
STAY = -1
"""Start of a unit that stays."""
NEVER = 10**6
"""Cut-over and end of the old system of a unit that stays."""


@dataclass(frozen=True, eq=False)
class Options:
    r"""Options of systems, one a row; every amount is for one unit.

    Letters are those of the maths: system $s$, strategy $k$ (0 retains), method $m$ (0 buys nothing), start $\tau$,
    cut-over $q$, `off` the first quarter without the old system, $R$ the run cost if nothing moves, $M$ that of what
    comes instead, $a$ the avoidable share.
    """

    portfolio: Portfolio
    strategies: tuple[Strategy, ...]
    """Without `retain`; option's strategy k is `strategies[k - 1]`."""
    economics: Economics
    methods: tuple[Method, ...]
    """Option's method m is `methods[m - 1]`."""
    s: np.ndarray
    """Position of the system in `portfolio.systems`."""
    k: np.ndarray
    """Position of the strategy; 0 retains."""
    m: np.ndarray
    """Position of the method; 0 where nothing is bought."""
    tau: np.ndarray
    """Start quarter; -1 where the unit stays."""

    def __len__(self) -> int:
        """How many options there are."""
        return len(self.s)

    def take(self, chosen: np.ndarray) -> "Options":
        """Some of these options, by position or mask."""
        return replace(self, s=self.s[chosen], k=self.k[chosen], m=self.m[chosen], tau=self.tau[chosen])

    def staying(self) -> "Options":
        """The same systems if they stay as they are."""
        none = np.zeros_like(self.k)
        return replace(self, k=none, m=none, tau=np.full_like(self.tau, STAY))

    # When things happen ------------------------------------------------------------------------------------------

    @cached_property
    def timeline(self) -> Timeline:
        """Positions, discount factors and growth."""
        return Timeline(self.portfolio)

    def of_strategy(self, name: str) -> np.ndarray:
        """One attribute of each option's strategy; 0 where the unit stays."""
        return np.asarray(np.array([0, *(getattr(strategy, name) for strategy in self.strategies)])[self.k])

    @cached_property
    def stays(self) -> np.ndarray:
        """Whether the unit stays as it is."""
        return np.asarray(self.k == 0)

    @cached_property
    def q(self) -> np.ndarray:
        """Cut-over."""
        return np.where(self.stays, NEVER, self.tau + self.of_strategy("work_quarters"))

    @cached_property
    def off(self) -> np.ndarray:
        """First quarter without the old system."""
        return np.where(self.stays, NEVER, self.q + self.of_strategy("dual_run_quarters"))

    @cached_property
    def block(self) -> np.ndarray:
        """Units that go together: all of a system that moves whole, else one."""
        units = self.portfolio.systems["units"]
        return np.asarray(np.where(self.portfolio.whole, units, 1).astype(np.int64)[self.s])

    @cached_property
    def frame(self) -> pd.DataFrame:
        """`system strategy start cutover legacy_off block cost`, one row per option."""
        from optimizer.terms import cost

        names = pd.Index([RETAIN, *(strategy.name for strategy in self.strategies)], dtype="str")
        return pd.DataFrame(
            {
                "system": pd.Categorical.from_codes(self.s, categories=self.portfolio.systems.index.astype("str")),
                "strategy": pd.Categorical.from_codes(self.k, categories=names),
                "start": self.timeline.texts(self.tau, ~self.stays),
                "cutover": self.timeline.texts(self.q, ~self.stays),
                "legacy_off": self.timeline.texts(self.off, ~self.stays),
                "block": self.block,
                "cost": cost(self),
            }
        )

    # How it is bought --------------------------------------------------------------------------------------------

    @cached_property
    def contract(self) -> np.ndarray:
        """Size of its contract, nominal USD."""
        return buying.contract(self)

    @cached_property
    def lead(self) -> np.ndarray:
        """Days from the decision to buy to the award; 0 where nothing is bought."""
        return np.asarray(buying.leads(self)[np.arange(len(self)), self.m])

    @cached_property
    def bought_from(self) -> np.ndarray:
        """Quarter in which the purchase begins at the latest; that of the start where nothing is bought."""
        return np.where(self.m > 0, self.timeline.before(self.tau, self.lead), self.tau)

    @property
    def method(self) -> np.ndarray:
        """Name of the method; empty where nothing is bought."""
        names = np.array(["", *(method.name for method in self.methods)], dtype=object)
        return np.asarray(names[self.m])

    @property
    def price_factors(self) -> np.ndarray:
        """Price factor by position of the method."""
        return np.array([1.0, *(method.price_factor for method in self.methods)])

    # What it costs -----------------------------------------------------------------------------------------------

    @cached_property
    def before(self) -> np.ndarray:
        """$R$, options x quarters."""
        return np.asarray(self.portfolio.run_cost.to_numpy(dtype=float)[self.s])

    def after(self, t: np.ndarray) -> np.ndarray:
        r"""Run cost of what comes instead, options x quarters; beyond the horizon at the level of its last quarter.

        $$M_{skt} = \phi_k R_{st} + \kappa_k \frac{p_s}{4} (1+g_c)^{y(t)-y_0}$$
        """
        t = np.minimum(t, self.timeline.length - 1)
        cloud = (
            self.portfolio.systems["cloud_price"].to_numpy(dtype=float)[self.s] / 4 * self.of_strategy("cloud_factor")
        )
        growth = self.timeline.growth(self.economics.cloud_price_growth, t)
        carried = self.of_strategy("run_factor")[:, None] * self.before[:, t]
        return np.asarray(carried + cloud[:, None] * growth[None, :])

    @cached_property
    def _t(self) -> np.ndarray:
        return np.arange(self.timeline.length)

    @cached_property
    def _lands_modern(self) -> np.ndarray:
        """Whether the unit is on the modern side after the move (a modern system is there already)."""
        sides = np.array(["", *(strategy.side for strategy in self.strategies)])[self.k]
        return np.asarray(np.where(self.stays, self._was_modern, sides == "modern"))

    @cached_property
    def _was_modern(self) -> np.ndarray:
        return np.asarray((self.portfolio.systems["side"] == "modern").to_numpy()[self.s])

    def cash(self, nature: str, side: str) -> np.ndarray:
        """One unit's cash flow of one nature on one side, options x quarters, nominal USD."""
        old, new = getattr(self, f"_{nature}")()
        was_here, lands_here = self._was_modern == (side == "modern"), self._lands_modern == (side == "modern")
        return np.asarray(old * was_here[:, None] + new * lands_here[:, None])

    def total(self, nature: str) -> np.ndarray:
        """One unit's cash flow of one nature on both sides, options x quarters."""
        old, new = getattr(self, f"_{nature}")()
        return np.asarray(old + new)

    def _run(self) -> tuple[np.ndarray, np.ndarray]:
        """$R$ before the cut-over, $(1-a)R$ when the old system is off, $M$ from the cut-over on."""
        t, q, off = self._t[None, :], self.q[:, None], self.off[:, None]
        stranded = 1 - self.economics.avoidable_share
        return self.before * ((t < q) + stranded * (t >= off)), self.after(self._t) * (t >= q)

    def _dual_run(self) -> tuple[np.ndarray, np.ndarray]:
        """$R$ from the cut-over until the old system is off, $M$ in the early quarters before the cut-over."""
        t, q, off = self._t[None, :], self.q[:, None], self.off[:, None]
        early = (q - self.of_strategy("early_quarters")[:, None] <= t) & (t < q)
        return self.before * ((q <= t) & (t < off)), self.after(self._t) * early

    def _one_time(self) -> tuple[float, np.ndarray]:
        """One-time cost at the method's price, spread over the work; decommissioning when the old system is off.

        Both in grown prices.
        """
        t, tau, q, off = self._t[None, :], self.tau[:, None], self.q[:, None], self.off[:, None]
        prices = self.timeline.growth(self.economics.price_growth, self._t)[None, :]
        work = np.maximum(self.of_strategy("work_quarters"), 1)
        build = (self.price_factors[self.m] * self.of_strategy("one_time_cost") / work)[:, None] * (
            (tau <= t) & (t < q) & (tau >= 0)
        )
        clear = self.of_strategy("decommission_cost")[:, None] * (t == off)
        return 0.0, (build + clear) * prices

    def _exit(self) -> tuple[np.ndarray, float]:
        """The lesser of the exit fee at once and the avoidable run cost until the contract ends."""
        t, off = self._t[None, :], self.off[:, None]
        fee, until = self._exit_terms
        running_out = np.isnan(fee)[:, None] & (off <= t) & (t < until[:, None])
        pays = np.where(t == off, np.nan_to_num(fee)[:, None], 0.0)
        return np.where(running_out, self.economics.avoidable_share * self.before, pays), 0.0

    @cached_property
    def _exit_terms(self) -> tuple[np.ndarray, np.ndarray]:
        """Fee to pay at once (NaN where the contract is left to run out), and the first quarter that owes nothing."""
        systems, length = self.portfolio.systems, self.timeline.length
        until = self.timeline.ended(systems["contract_end"])[self.s]
        fee = systems["exit_fee"].to_numpy(dtype=float)[self.s]
        spent = np.hstack([np.zeros((len(self), 1)), self.before.cumsum(axis=1)])
        rows = np.arange(len(self))

        def by(position: np.ndarray) -> np.ndarray:
            beyond = np.maximum(position - length, 0) * self.before[:, -1]
            return np.asarray(spent[rows, np.clip(position, 0, length)] + beyond)

        open_ = (until > self.off) & ~self.stays
        off = np.where(open_, self.off, 0)
        owed = np.where(open_, self.economics.avoidable_share * (by(np.where(open_, until, 0)) - by(off)), 0.0)
        at_once = np.where(np.isnan(fee), np.inf, fee) < owed
        return np.where(open_, np.where(at_once, fee, np.nan), 0.0), np.where(open_, until, 0)

    # What it is worth today --------------------------------------------------------------------------------------

    def present_value(self, nature: str) -> np.ndarray:
        """Present value of one unit's cash flow of one nature within the horizon."""
        return np.asarray(self.total(nature) @ self.timeline.discount(self.economics.discount_rate, self._t))

    def tail(self) -> np.ndarray:
        r"""What lies beyond the horizon, per unit, in present value, against retaining.

        $$\sum_{t=T}^{T+4n-1} d_t \left( M_T + (1-a) R_T [t \ge off] - R_T \right)$$
        plus dual run, decommissioning and exit still owed, however late they fall due; $R_T$ and $M_T$ are those of the
        last quarter.
        """
        length, economics = self.timeline.length, self.economics
        stop = length + round(4 * economics.tail_years)
        moved = ~self.stays
        off = np.where(moved, self.off, 0)
        fee, until = self._exit_terms
        last = max(stop, int(off.max(initial=0)) + 1, int(until.max(initial=0)) + 1)
        positions = np.arange(last + 1)
        d = self.timeline.discount(economics.discount_rate, positions)
        summed = np.concatenate([[0.0], np.cumsum(d)])

        def between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
            return np.asarray(summed[np.maximum(start, end)] - summed[start])

        here = np.full(len(self), length)
        old, new = self.before[:, -1], self.after(np.array([length - 1]))[:, 0]
        gone = np.maximum(off, length)
        window = np.full(len(self), stop)
        run = (new - old) * between(here, window) + (1 - economics.avoidable_share) * old * between(
            np.minimum(gone, stop), window
        )
        prices = self.timeline.growth(economics.price_growth, positions)
        at_off = np.where(off >= length, d[off], 0.0)
        owed = (
            old * between(here, gone)
            + self.of_strategy("decommission_cost") * prices[off] * at_off
            + np.nan_to_num(fee) * at_off
            + np.where(np.isnan(fee), economics.avoidable_share * old * between(gone, np.maximum(until, gone)), 0.0)
        )
        return np.where(moved, run + owed, 0.0)

    def risk(self) -> np.ndarray:
        r"""Price of running past the end of support, per unit, in present value.

        $$\pi \frac{c_s}{3} \sum_{t \,:\, t > \mathrm{eos}(s)} d_t \, ([t < q] + \rho_k [t \ge q])$$
        """
        systems, economics = self.portfolio.systems, self.economics
        d = self.timeline.discount(economics.discount_rate, self._t)
        late = self.timeline.passed(systems["end_of_support"]) * d
        summed = np.hstack([np.zeros((len(systems), 1)), late.cumsum(axis=1)])[self.s]
        until = summed[np.arange(len(self)), np.minimum(self.q, self.timeline.length)]
        share = until + self.of_strategy("residual_risk") * (summed[:, -1] - until)
        return np.asarray(economics.risk_price * systems["criticality"].to_numpy(dtype=float)[self.s] / 3 * share)

    # What it needs -----------------------------------------------------------------------------------------------

    def yearly(self, flow: np.ndarray) -> np.ndarray:
        """Options x fiscal years of the horizon, from options x quarters."""
        years = np.asarray(self.portfolio.quarters.qyear)
        first = np.flatnonzero(np.diff(years, prepend=years[0] - 1))
        return np.add.reduceat(flow, first, axis=1)

    @cached_property
    def yearly_running(self) -> np.ndarray:
        """Run, dual run and exit money a fiscal year: what the system's fund pays."""
        return self.yearly(self.total("run") + self.total("dual_run") + self.total("exit"))

    @cached_property
    def yearly_one_time(self) -> np.ndarray:
        """One-time money a fiscal year: what the fund for building pays."""
        return self.yearly(self.total("one_time"))

    @cached_property
    def capital(self) -> np.ndarray:
        """Whether the one-time money is capital."""
        return self.of_strategy("capital").astype(bool)

    def hours(self, skill: str) -> np.ndarray:
        """Hours of one skill for one unit, options x quarters, spread evenly over the work."""
        each = np.array([0.0, *(s.hours.get(skill, 0.0) / s.work_quarters for s in self.strategies)])[self.k]
        at_work = (self.tau[:, None] <= self._t) & (self._t < self.q[:, None]) & ~self.stays[:, None]
        return np.asarray(each[:, None] * at_work)


def expand(
    portfolio: Portfolio,
    strategies: Iterable[Strategy],
    economics: Economics,
    methods: Iterable[Method] = (),
    *,
    bound: bool = True,
) -> Options:
    """List every option that exists: system x strategy x method x start quarter, filtered by what the study allows.

    Two methods for the same system, strategy and start differ only in price and lead time. Where nothing limits how
    much can be bought at once, only the cheapest is listed: of equal ones the quickest, then the first. Options that
    are not `bound` keep to no lock, and members of a move group need no start in common.
    """
    moves, bought = tuple(strategy for strategy in strategies if strategy.name != RETAIN), tuple(methods)
    exists = possible(portfolio, moves)
    s, k, tau = np.nonzero(exists)
    options = Options(portfolio, moves, economics, bought, s, k, np.zeros_like(k), np.where(k == 0, STAY, tau))
    ways = buying.open_ways(options)
    exists[s, k, tau] = ways.any(axis=1)
    if bound:
        _apply_locks(exists, portfolio.systems, moves, options.timeline)
        _apply_groups(exists, portfolio.systems)
    ways &= exists[s, k, tau][:, None]
    if portfolio.procurement_capacity is None:
        kept = np.flatnonzero(ways.any(axis=1))
        return replace(options, m=buying.cheapest(options, ways)).take(kept)
    row, m = np.nonzero(ways)
    return replace(options.take(row), m=m)


def chosen(
    portfolio: Portfolio,
    strategies: Iterable[Strategy],
    economics: Economics,
    rows: pd.DataFrame,
    methods: Iterable[Method] = (),
) -> tuple[Options, np.ndarray]:
    """Options of given rows (`system units strategy start`), whether allowed or not, and their units.

    A row may name its `method`; one that does not is bought the cheapest way that is allowed, else that there is.
    """
    moves = tuple(strategy for strategy in strategies if strategy.name != RETAIN)
    names = pd.Index([RETAIN, *(strategy.name for strategy in moves)])
    s = portfolio.systems.index.get_indexer(pd.Index(rows["system"].astype(object)))
    k = names.get_indexer(pd.Index(rows["strategy"].astype(object)))
    starts = rows["start"].astype(object)
    line = Timeline(portfolio)
    positions = {text: line.position(text) if text else STAY for text in starts.unique()}
    tau = starts.map(positions).to_numpy(dtype=np.int64)
    unknown = [*rows["system"][s < 0].unique(), *rows["strategy"][k < 0].unique()]
    if unknown:
        raise DataError([f"no system or strategy is called {listed(unknown)}"], "plan rows")
    wrong = ((tau == STAY) != (k == 0)) | (tau < STAY) | (tau >= line.length)
    if wrong.any():
        raise DataError(
            [f"the start of {listed(rows['system'][wrong])} is not a quarter of the horizon (empty for retain)"],
            "plan rows",
        )
    options = Options(portfolio, moves, economics, tuple(methods), s, k, np.zeros_like(k), tau)
    return replace(options, m=_named_methods(options, rows)), rows["units"].to_numpy(dtype=np.int64)


def _named_methods(options: Options, rows: pd.DataFrame) -> np.ndarray:
    """The method that each row names; the cheapest way where it names none."""
    cheapest = buying.cheapest(options, buying.open_ways(options))
    if "method" not in rows:
        return cheapest
    stated = pd.Index(rows["method"].astype(object))
    m = 1 + pd.Index([method.name for method in options.methods]).get_indexer(stated)
    unknown = (m == 0) & ~np.asarray(stated.isin([""]))
    if unknown.any():
        raise DataError([f"no method is called {listed(stated[unknown].unique())}"], "plan rows")
    idle = (m > 0) & ~buying.buys(options)
    if idle.any():
        raise DataError([f"nothing is bought for {listed(rows['system'][idle])}: leave the method empty"], "plan rows")
    return np.where(m > 0, m, cheapest)


def possible(portfolio: Portfolio, moves: Sequence[Strategy]) -> np.ndarray:
    """Which moves the windows, freezes and lists of strategies allow, systems x (retain, moves) x quarters.

    Retain stands in quarter 0; nothing starts in a quarter that begins before `as_of`.
    """
    systems, line = portfolio.systems, Timeline(portfolio)
    t = np.arange(line.length)
    legacy = (systems["side"] == "legacy").to_numpy()
    first = np.maximum(_positions(systems["earliest"], line, 0), int((line.days_until(t) < 0).sum()))
    last = _positions(systems["latest"], line, line.length)
    window = (t >= first[:, None]) & (t <= last[:, None]) & legacy[:, None]
    frozen = np.zeros(line.length + 1, dtype=bool)
    inside = [p for p in map(line.position, portfolio.freezes) if 0 <= p < line.length]
    frozen[inside] = True
    exists = np.zeros((len(systems), 1 + len(moves), line.length), dtype=bool)
    exists[:, 0, 0] = True
    allowed = systems["strategies"].astype(object)
    sets = {text: {name.strip() for name in text.split("|")} if text else None for text in allowed.unique()}
    for k, strategy in enumerate(moves, start=1):
        may = allowed.map({text: names is None or strategy.name in names for text, names in sets.items()}).to_numpy(
            bool
        )
        cutover = t + strategy.work_quarters
        fits = (cutover < line.length) & ~frozen[t] & ~frozen[np.minimum(cutover, line.length)]
        exists[:, k, :] = may[:, None] & window & fits
    return exists


def _positions(texts: pd.Series, line: Timeline, empty: int) -> np.ndarray:
    """Quarters as text to positions; `empty` where there is none."""
    values = texts.astype(object)
    return values.map({text: line.position(text) if text else empty for text in values.unique()}).to_numpy(np.int64)


def _apply_locks(exists: np.ndarray, systems: pd.DataFrame, moves: Sequence[Strategy], line: Timeline) -> None:
    """Leave a locked system its one option, in place."""
    names = {strategy.name: k for k, strategy in enumerate(moves, start=1)}
    problems = []
    for s in np.flatnonzero((systems["lock"] != "").to_numpy()).tolist():
        lock = str(systems["lock"].iloc[s])
        kept = np.zeros_like(exists[s])
        if lock == "keep":
            kept[0, 0] = True
        else:
            strategy, _, quarter = lock.partition("@")
            position = line.position(quarter)
            if 0 <= position < line.length and strategy in names:
                kept[names[strategy], position] = True
        exists[s] &= kept
        if not exists[s].any():
            problems.append(
                f"system {systems.index[s]}: lock `{lock}` leaves no option; its strategies, earliest, latest, "
                "the freezes, the purchase or the horizon forbid it. Change the lock or what forbids it"
            )
    if problems:
        raise StuckSystems(problems)


def _apply_groups(exists: np.ndarray, systems: pd.DataFrame) -> None:
    """Leave a group only the starts that every member has, in place."""
    whole = ((systems["group"] != "") & (systems["side"] == "legacy")).to_numpy()
    if not whole.any():
        return
    members = np.flatnonzero(whole)
    group, names = pd.factorize(systems["group"].iloc[members])
    stays = exists[members, 0, 0]
    moves = exists[members, 1:].any(axis=1)
    can = np.ones((len(names), 1 + exists.shape[2]), dtype=bool)
    np.logical_and.at(can, group, np.column_stack([stays, moves]))
    stuck = np.flatnonzero(~can.any(axis=1)).tolist()
    if stuck:
        raise StuckSystems(
            [
                f"group {names[g]}: its members ({listed(systems.index[members[np.asarray(group == g)]])}) "
                "have no start in common and cannot all stay. Change a lock, an earliest or a latest of one of them"
                for g in stuck
            ]
        )
    exists[members, 0, 0] &= can[group, 0]
    exists[members, 1:] &= can[group, None, 1:]
