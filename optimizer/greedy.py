"""Today's practice: what pays back soonest first, as early as it fits."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer.catalogue import Economics, Method, Strategy
from optimizer.checks import check
from optimizer.modernize import evaluate
from optimizer.options import Options, expand
from optimizer.plan import Plan
from optimizer.portfolio import Portfolio
from optimizer.study import Study, study


def greedy(
    portfolio: Portfolio, strategies: Iterable[Strategy], economics: Economics, *, methods: Iterable[Method] = ()
) -> Plan:
    r"""Take moves in order of pay-back time, each at the first quarter in which it fits, until nothing fits any more.

    $$\text{pay-back} = \frac{\text{one-time and dual-run money}}{\text{run cost saved in a year}}$$
    A system has the strategy that pays back soonest; one that never pays back stays, and a move group moves whole. It
    keeps to appropriations, hours, starts, purchases, windows, freezes and locks, and never makes worse what is overrun
    already. It does not look ahead: money carried forward, transfers, sites, risk, floors of the modern share and
    ceilings of risk are nothing to it, and systems that need others, or are needed, stay. So its plan may break limits
    that doing nothing breaks as well; it is a plan that was given (`reference`), whose figures the referee has checked.

    Returns:
        The plan, with no bound.
    """
    catalogue, ways = tuple(strategies), tuple(methods)
    check(portfolio, catalogue, ways)
    options = expand(portfolio, catalogue, economics, ways)
    taken = soonest(study(options))
    frame = options.frame
    chosen = np.flatnonzero(taken > 0)
    rows = pd.DataFrame(
        {
            "system": frame["system"].astype("str").to_numpy()[chosen],
            "units": taken[chosen].astype(np.int64),
            "strategy": frame["strategy"].astype("str").to_numpy()[chosen],
            "start": frame["start"].astype("str").to_numpy()[chosen],
            "method": options.method[chosen],
        }
    )
    return evaluate(rows.astype({"method": "str"}), portfolio, catalogue, economics, methods=ways)


def payback(options: Options) -> np.ndarray:
    """Years until a unit's saving of run cost has paid for its move, options; infinite where it never does."""
    yearly = 4 * (options.before[:, -1] - options.total("run")[:, -1])
    spent = options.total("one_time").sum(axis=1) + options.total("dual_run").sum(axis=1)
    return np.where((yearly > 0) & ~options.stays, spent / np.maximum(yearly, 1e-9), inf)


def soonest(case: Study) -> np.ndarray:
    """Units of each option that pay-back greedy takes, (options,)."""
    options, problem = case.options, case.problem
    portfolio = options.portfolio
    count = len(options)
    units = portfolio.systems["units"].to_numpy(dtype=float)
    use = sparse.csr_array(sparse.diags_array(1.0 / options.block) @ problem.use[:count])
    stay = np.full(len(units), -1)
    stay[options.s[options.stays]] = np.flatnonzero(options.stays)
    # a lock to a move leaves nothing else: it comes first
    fixed = np.flatnonzero((stay[options.s] < 0) & ~options.stays)
    locked = np.unique(options.s[fixed], return_index=True)[1]
    taken = np.zeros(count)
    taken[stay[stay >= 0]] = units[stay >= 0]
    taken[fixed[locked]] = units[options.s[fixed[locked]]]
    at_sites = (problem.options["slot"].astype(str) == "").to_numpy()[count:]
    room = problem.limits.to_numpy(dtype=float) - use.T @ taken - problem.use[count:].T @ at_sites
    for party in _parties(options, stay):
        room = _move(party, options, use, stay, taken, room)
    return taken


def _parties(options: Options, stay: np.ndarray) -> list[np.ndarray]:
    """Options of each system or move group that may go, soonest pay-back first; by start, one a member and start."""
    systems = options.portfolio.systems
    group = systems["group"].where(systems["side"] == "legacy", "").astype(object).to_numpy()
    party = np.where(group == "", systems.index.astype(object), "group " + group)
    back = payback(options)
    may = np.isfinite(back) & (stay[options.s] >= 0) & ~options.portfolio.dependent[options.s]
    table = pd.DataFrame({"o": np.arange(len(options)), "s": options.s, "t": options.tau, "back": back})[may]
    table["party"] = party[table["s"]]
    table = table.sort_values(["back", "o"]).drop_duplicates(["s", "t"])
    size = pd.Series(party).value_counts()
    whole = table.groupby(["party", "t"])["s"].transform("size") == table["party"].map(size)
    table = table[whole]
    # a group pays back when its slowest member has
    slowest = table.groupby(["party", "t"])["back"].max().groupby("party").min().sort_values(kind="stable")
    by_party = {name: part["o"].to_numpy() for name, part in table.sort_values(["t", "s"]).groupby("party")}
    return [by_party[name] for name in slowest.index]


def _move(
    mine: np.ndarray, options: Options, use: sparse.csr_array, stay: np.ndarray, taken: np.ndarray, room: np.ndarray
) -> np.ndarray:
    """Move as many units of one party as fit, quarter after quarter, in place; what room is left."""
    systems, starts = np.unique(options.s[mine]), np.unique(options.tau[mine])
    together = len(systems) > 1 or options.block[mine[0]] > 1
    change = (use[mine] - use[stay[options.s[mine]]]).toarray()
    size = options.portfolio.systems["units"].to_numpy(dtype=float)[options.s[mine]]
    for t in starts:
        now = options.tau[mine] == t
        each = (change[now] * size[now, None]).sum(axis=0) if together else change[now][0]
        takes = each > 1e-9
        if (room[takes] < 0).any():
            continue
        fits = float(np.floor((room[takes] / each[takes]).min(initial=inf) + 1e-9))
        home = stay[options.s[mine[now]]]
        number = min(1.0, fits) if together else min(float(taken[home[0]]), fits)
        if number < 1:
            continue
        gone = size[now] if together else np.array([number])
        taken[mine[now]] += gone
        taken[home] -= gone
        room = room - number * each
        if together or taken[home[0]] < 1:
            break
    return room
