r"""The named terms that add up to the objective: each gives the present value of one unit on each option.

A dollar counts what the portfolio says of its fund: $\omega_f$, 1 where it says nothing.
"""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

import numpy as np

from optimizer import funds
from optimizer.options import Options
from optimizer.portfolio import Portfolio


class Term(ABC):
    """One part of the objective, in present value."""

    name: ClassVar[str]
    money: ClassVar[bool] = True
    """Whether it is dollars, and so part of a saving."""

    @abstractmethod
    def cost(self, options: Options) -> np.ndarray:
        """USD for one unit on each option."""


class Run(Term):
    r"""Run cost of old and new systems within the horizon.

    $$\sum_o x_o \sum_{t<T} d_t \, \mathrm{run}_{ot}$$
    """

    name = "run"

    def cost(self, options: Options) -> np.ndarray:
        """Legacy until the cut-over, its unavoidable share after it is off, modern from the cut-over on."""
        return np.asarray(_running(options) * options.present_value("run"))


class OneTime(Term):
    r"""Building and decommissioning within the horizon.

    $$\sum_o x_o \sum_{t<T} d_t \, \mathrm{one\_time}_{ot}$$
    """

    name = "one_time"

    def cost(self, options: Options) -> np.ndarray:
        """One-time cost spread over the work, decommissioning when the old system is off."""
        return np.asarray(_building(options) * options.present_value("one_time"))


class DualRun(Term):
    r"""Running old and new side by side within the horizon.

    $$\sum_o x_o \sum_{t<T} d_t \, \mathrm{dual\_run}_{ot}$$
    """

    name = "dual_run"

    def cost(self, options: Options) -> np.ndarray:
        """The new one before the cut-over, the old one after it."""
        return np.asarray(_running(options) * options.present_value("dual_run"))


class Exit(Term):
    r"""Contract money for what is no longer used, within the horizon.

    $$\sum_o x_o \sum_{t<T} d_t \, \mathrm{exit}_{ot}$$
    """

    name = "exit"

    def cost(self, options: Options) -> np.ndarray:
        """The exit fee, or what is owed until the contract ends."""
        return np.asarray(_running(options) * options.present_value("exit"))


class Tail(Term):
    r"""What lies beyond the horizon, against retaining.

    $$\sum_o x_o \, \mathrm{tail}_o$$
    """

    name = "tail"

    def cost(self, options: Options) -> np.ndarray:
        """Run cost differences for the years after the horizon, and what is still owed."""
        cleared = _cleared_later(options)
        running = options.tail() - cleared
        return np.asarray(_running(options) * running + _building(options) * cleared)


class Risk(Term):
    r"""Price of running past the end of support; no dollars, so never part of a saving.

    $$\sum_o x_o \, \mathrm{risk}_o$$
    """

    name = "risk"
    money = False

    def cost(self, options: Options) -> np.ndarray:
        """In full while the old system carries the load, the strategy's share afterwards."""
        return options.risk()


class Disruption(Term):
    r"""Price of disturbing critical systems, however they move; no dollars, so never part of a saving.

    $$\sum_{o \text{ moves}} \delta \, \frac{c_s}{3} \, x_o$$
    """

    name = "disruption"
    money = False

    def cost(self, options: Options) -> np.ndarray:
        """The price at criticality 3, the more the more critical; the same in every quarter."""
        critical = options.portfolio.systems["criticality"].to_numpy(dtype=float)[options.s]
        return np.asarray(options.portfolio.disruption_price * critical / 3 * ~options.stays)


TERMS: tuple[Term, ...] = (Run(), OneTime(), DualRun(), Exit(), Tail(), Risk(), Disruption())


def terms_of(portfolio: Portfolio) -> tuple[Term, ...]:
    """The terms of a study: disruption only where it has a price."""
    return tuple(term for term in TERMS if term.name != "disruption" or portfolio.disruption_price > 0)


def by_term(options: Options) -> dict[str, np.ndarray]:
    """Each term's present value of one unit on each option."""
    return {term.name: term.cost(options) for term in terms_of(options.portfolio)}


def cost(options: Options) -> np.ndarray:
    """Objective value of one unit on each option: the sum of all terms."""
    return sum(by_term(options).values(), start=np.zeros(len(options)))


def dollars(options: Options) -> np.ndarray:
    """Present value of all money of one unit on each option, every fund's dollars alike."""
    alike = replace(options, portfolio=options.portfolio.replace(fund_weights={}))
    return sum((term.cost(alike) for term in TERMS if term.money), start=np.zeros(len(options)))


def _running(options: Options) -> np.ndarray:
    """What a dollar of each option's running money counts."""
    portfolio = options.portfolio
    return np.asarray(funds.weight(portfolio.systems["fund"], portfolio.fund_weights)[options.s])


def _building(options: Options) -> np.ndarray:
    """What a dollar of each option's one-time money counts."""
    portfolio = options.portfolio
    return np.asarray(funds.weight(portfolio.systems["one_time_fund"], portfolio.fund_weights)[options.s])


def _cleared_later(options: Options) -> np.ndarray:
    """Present value of decommissioning beyond the horizon: the part of the tail that the fund for building pays."""
    line, economics = options.timeline, options.economics
    late = ~options.stays & (options.off >= line.length)
    off = np.where(late, options.off, line.length)
    prices = line.growth(economics.price_growth, off) * line.discount(economics.discount_rate, off)
    return np.asarray(options.of_strategy("decommission_cost") * prices * late)
