"""The named terms that add up to the objective: each gives the present value of one unit on each option."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from optimizer.options import Options


class Term(ABC):
    """One part of the objective, in present value."""

    name: ClassVar[str]

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
        return options.present_value("run")


class OneTime(Term):
    r"""Building and decommissioning within the horizon.

    $$\sum_o x_o \sum_{t<T} d_t \, \mathrm{one\_time}_{ot}$$
    """

    name = "one_time"

    def cost(self, options: Options) -> np.ndarray:
        """One-time cost spread over the work, decommissioning when the old system is off."""
        return options.present_value("one_time")


class DualRun(Term):
    r"""Running old and new side by side within the horizon.

    $$\sum_o x_o \sum_{t<T} d_t \, \mathrm{dual\_run}_{ot}$$
    """

    name = "dual_run"

    def cost(self, options: Options) -> np.ndarray:
        """The new one before the cut-over, the old one after it."""
        return options.present_value("dual_run")


class Exit(Term):
    r"""Contract money for what is no longer used, within the horizon.

    $$\sum_o x_o \sum_{t<T} d_t \, \mathrm{exit}_{ot}$$
    """

    name = "exit"

    def cost(self, options: Options) -> np.ndarray:
        """The exit fee, or what is owed until the contract ends."""
        return options.present_value("exit")


class Tail(Term):
    r"""What lies beyond the horizon, against retaining.

    $$\sum_o x_o \, \mathrm{tail}_o$$
    """

    name = "tail"

    def cost(self, options: Options) -> np.ndarray:
        """Run cost differences for the years after the horizon, and what is still owed."""
        return options.tail()


class Risk(Term):
    r"""Price of running past the end of support; no dollars, so never part of a saving.

    $$\sum_o x_o \, \mathrm{risk}_o$$
    """

    name = "risk"

    def cost(self, options: Options) -> np.ndarray:
        """In full while the old system carries the load, the strategy's share afterwards."""
        return options.risk()


TERMS: tuple[Term, ...] = (Run(), OneTime(), DualRun(), Exit(), Tail(), Risk())


def by_term(options: Options) -> dict[str, np.ndarray]:
    """Each term's present value of one unit on each option."""
    return {term.name: term.cost(options) for term in TERMS}


def cost(options: Options) -> np.ndarray:
    """Objective value of one unit on each option: the sum of all terms."""
    return sum((term.cost(options) for term in TERMS), start=np.zeros(len(options)))
