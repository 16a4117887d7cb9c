"""The money of a plan: a long table `entity period fund nature side amount`, for systems, sites and the residual."""

import numpy as np
import pandas as pd

from optimizer import funds
from optimizer.options import NATURES, SIDES, Options
from optimizer.portfolio import Portfolio
from optimizer.sites import Closings

COLUMNS = ["entity", "period", "fund", "nature", "side", "amount"]


def flows(options: Options, units: np.ndarray) -> pd.DataFrame:
    """All flows of a plan: chosen options with their units, the sites, the residual. Amounts of zero are left out."""
    portfolio = options.portfolio
    parts = [_of_systems(options, units, nature, side) for nature in NATURES for side in SIDES]
    table = pd.concat([*parts, *_of_sites(options, units), *_of_residual(portfolio)], ignore_index=True)
    return table.sort_values(["entity", "period", "nature", "side", "fund"], ignore_index=True)


def _of_systems(options: Options, units: np.ndarray, nature: str, side: str) -> pd.DataFrame:
    """One nature on one side, summed by system and shared out among the funds that pay for it."""
    systems = options.portfolio.systems
    amounts = np.zeros((len(systems), len(options.portfolio.quarters)))
    np.add.at(amounts, options.s, options.cash(nature, side) * units[:, None])
    split = funds.shares(systems["one_time_fund" if nature == "one_time" else "fund"])
    return pd.concat(
        [
            _long(systems.index, split[fund].to_numpy()[:, None] * amounts, options.portfolio, str(fund), nature, side)
            for fund in split.columns
        ]
    )


def _long(
    entities: pd.Index, amounts: np.ndarray, portfolio: Portfolio, fund: str, nature: str, side: str
) -> pd.DataFrame:
    """Entities x quarters to long."""
    row, column = np.nonzero(amounts)
    return pd.DataFrame(
        {
            "entity": entities.to_numpy()[row],
            "period": portfolio.quarters[column],
            "fund": fund,
            "nature": nature,
            "side": side,
            "amount": amounts[row, column],
        },
        columns=COLUMNS,
    ).astype({"entity": "str", "fund": "str", "nature": "str", "side": "str"})


def _of_sites(options: Options, units: np.ndarray) -> list[pd.DataFrame]:
    """A quarter of each site's annual fixed cost in each quarter, until it closes; then what closing costs."""
    portfolio, sites = options.portfolio, options.portfolio.sites
    if sites.empty:
        return []
    quarterly = sites["annual_fixed_cost"].to_numpy(dtype=float)[:, None] / 4 * np.ones(len(portfolio.quarters))
    closings = Closings.after(options, units)
    quarterly[closings.j] += closings.cash
    split = funds.shares(sites["fund"])
    return [
        _long(sites.index, split[fund].to_numpy()[:, None] * quarterly, portfolio, str(fund), "site", "legacy")
        for fund in split.columns
    ]


def _of_residual(portfolio: Portfolio) -> list[pd.DataFrame]:
    """A quarter of the year's residual in each of its quarters, by agency and fund."""
    residual = portfolio.residual[portfolio.residual["fiscal_year"].isin(portfolio.fiscal_years)]
    if residual.empty:
        return []
    same = np.asarray(portfolio.quarters.qyear)[None, :] == residual["fiscal_year"].to_numpy()[:, None]
    quarterly = residual["amount"].to_numpy(dtype=float)[:, None] / 4 * same
    names = pd.Index("residual:" + residual["agency"].astype(str))
    split = funds.shares(residual["fund"])
    long = [
        _long(names, split[fund].to_numpy()[:, None] * quarterly, portfolio, str(fund), "residual", "other")
        for fund in split.columns
    ]
    keys = COLUMNS[:-1]
    return [pd.concat(long).groupby(keys, sort=False)["amount"].sum().reset_index()]
