"""A modernization study as a problem of the core: systems and sites decide, limits and rules join them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer.limits import Columns, Limit, Precedence, limits_of, rules_of, structure_of
from optimizer.options import NEVER, Options
from optimizer.portfolio import Portfolio
from optimizer.problem import Problem
from optimizer.sites import Closings, homes


@dataclass(frozen=True, eq=False)
class Study:
    """A modernization study as a problem: which rows belong to which limit."""

    problem: Problem
    """Its options are those of the systems, then the cases of the sites, each site a system of its own."""
    options: Options
    limits: tuple[Limit, ...]
    closings: Closings
    """The cases of the sites."""

    def taken(self, x: np.ndarray) -> tuple[Options, np.ndarray]:
        """The options that a solution takes, and how many units of each."""
        chosen = np.flatnonzero(x[: len(self.options)] > 0)
        return self.options.take(chosen), (x[chosen] * self.options.block[chosen]).astype(np.int64)

    def prices(self, of_rows: np.ndarray) -> list[pd.Series]:
        """What one more unit of each limit is worth, from the prices of the problem's rows, by limit and key."""
        found, at = [], 0
        for limit in self.limits:
            loosened = limit.loosened()
            rows, keys = loosened.shape
            worth = loosened.T @ of_rows[at : at + rows]
            found.append(pd.Series(worth, index=limit.allowed().index[:keys]))
            at += rows
        return found


def study(options: Options) -> Study:
    """Assemble the problem of a modernization study from its options and limits."""
    closings, portfolio = Closings.possible(options), options.portfolio
    limits, rules = limits_of(portfolio), rules_of(portfolio, closings)
    columns = [limit.columns(options) for limit in limits]
    extra = pd.concat([pd.DataFrame({"upper": c.upper.astype(float), "cost": c.cost}) for c in columns])
    rules_use, rules_beside = _use(rules, options, closings), _beside(rules, columns)
    # a row in which nothing counts forbids nothing
    binds = (sparse.vstack([rules_use, rules_beside], format="csr") > 0).sum(axis=0) > 0
    problem = Problem(
        _decisions(options, closings),
        _use(limits, options, closings),
        _allowed(limits),
        extra,
        _beside(limits, columns),
        rules_use[:, binds],
        rules_beside[:, binds],
        _allowed(rules)[binds],
        **_order(options, closings),
    )
    return Study(problem, options, limits, closings)


def _decisions(options: Options, closings: Closings) -> pd.DataFrame:
    """The options of the systems as the core knows them, then the cases of the sites."""
    portfolio, frame, block = options.portfolio, options.frame, options.block
    grouped = (portfolio.systems["group"] != "") & (portfolio.systems["side"] == "legacy")
    bundle = pd.Categorical(portfolio.systems["group"].where(grouped, "").astype(object))
    units = structure_of(portfolio)[0].allowed().to_numpy()
    table = pd.DataFrame(
        {
            "system": frame["system"],
            "cost": frame["cost"] * block,
            "units": units[options.s] / block,
            "bundle": pd.Categorical.from_codes(bundle.codes[options.s], categories=bundle.categories),
            "slot": frame["start"],
            "always": options.stays,
            "strategy": frame["strategy"],
        }
    )
    if portfolio.procurement_capacity is not None:
        table["method"] = options.method
    if len(closings) or len(portfolio.dependencies):
        table = table.assign(**_times(options, closings))
    if not len(closings):
        return table
    stays = closings.e == NEVER
    sites = pd.DataFrame(
        {
            "system": _site_names(portfolio)[closings.j],
            "cost": closings.cost,
            "units": 1.0,
            "bundle": "",
            "slot": closings.timeline.texts(closings.e, ~stays).astype(object),
            "always": True,
            "strategy": np.where(stays, "stay", "close"),
            "starts": len(portfolio.quarters),
            "ends": len(portfolio.quarters),
            "leaves": np.minimum(closings.e, len(portfolio.quarters)),
            "home": "",
            **({"method": ""} if "method" in table else {}),
        }
    )
    words = ["system", "bundle", "slot", "strategy", "home"]
    both = pd.concat([table.astype(dict.fromkeys(words, object)), sites], ignore_index=True)
    return both.astype(dict.fromkeys(words, "category"))


def _site_names(portfolio: Portfolio) -> np.ndarray:
    """What sites are called as systems of the core."""
    return np.asarray("site." + portfolio.sites.index.astype(str).to_numpy().astype(object))


def _times(options: Options, closings: Closings) -> dict[str, np.ndarray]:
    """When each option starts, has cut over and has left its site, as quarters of the horizon; and that site."""
    length = len(options.portfolio.quarters)
    at = homes(options.portfolio)[options.s]
    closes = np.isin(at, closings.j)
    return {
        "starts": np.where(options.stays, length, options.tau),
        "ends": np.where(options.stays, length, np.minimum(options.q, length)),
        "leaves": np.minimum(options.off, length),
        "home": np.where(closes, np.append(_site_names(options.portfolio), "")[np.where(closes, at, -1)], ""),
    }


def _order(options: Options, closings: Closings) -> dict[str, Any]:
    """What the core needs to know of time, if rules are about it."""
    portfolio = options.portfolio
    if not len(closings) and not len(portfolio.dependencies):
        return {}
    pairs, names = Precedence(portfolio).pairs(), portfolio.systems.index.to_numpy()
    waits = pd.DataFrame({"system": names[pairs["s"]], "needs": names[pairs["p"]], "lag": pairs["lag"]})
    return {"horizon": len(portfolio.quarters), "waits": waits}


def _use(limits: Sequence[Limit], options: Options, closings: Closings) -> sparse.csr_array:
    """What options, whole where they move whole, and cases take of the rows of some limits, decisions x rows."""
    systems = sparse.vstack([limit.coefficients(options) for limit in limits], format="csr")
    whole = systems @ sparse.diags_array(options.block.astype(float))
    sites = sparse.vstack([limit.of_sites(closings) for limit in limits], format="csr")
    return sparse.csr_array(sparse.hstack([whole, sites], format="csr").T)


def _allowed(limits: Sequence[Limit]) -> pd.Series:
    """The right-hand sides of some limits."""
    rows = [(f"{limit.name} {key}", value) for limit in limits for key, value in limit.allowed().items()]
    return pd.Series([value for _, value in rows], index=pd.Index([key for key, _ in rows], dtype="str"), dtype=float)


def _beside(limits: Sequence[Limit], columns: Sequence[Columns]) -> sparse.csr_array:
    """What the decisions of all limits take of the rows of some, decisions x rows."""
    rows = [(limit.name, len(limit.allowed())) for limit in limits]
    blocks = [[c.use.get(name, sparse.csr_array((n, len(c.upper)))) for c in columns] for name, n in rows]
    return sparse.csr_array(sparse.block_array(blocks, format="csr").T)
