"""Money by year, layer and fund, and where each dollar ends up: all of it sums of a results folder's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.format import years as span
from scenarios.results import Results

LAYERS = ("other", "legacy", "transition", "modern")
TRANSITION = ("one_time", "dual_run", "exit")
MODERN = ("rehost", "replatform", "repurchase", "refactor")
STRATEGIES = ("rehost", "replatform", "repurchase", "refactor", "relocate", "retire", "retain")
ALL = "(all)"


def fiscal_year(periods: pd.Series) -> pd.Series:
    """The fiscal year of quarters or years, whether they come as text, numbers or periods."""
    years = {period: int(str(period)[:4]) for period in periods.unique()}
    return periods.map(years).astype(int)


def layer(nature: pd.Series, side: pd.Series) -> pd.Series:
    """Which of the four kinds of money a row is."""
    kinds = np.where(nature.isin(TRANSITION), "transition", np.where(side.isin(("legacy", "modern")), side, "other"))
    return pd.Series(kinds, index=nature.index, dtype=str)


def outlay_by_year(results: Results) -> pd.DataFrame:
    """Outlays by fiscal year: a column a layer, then `outlay`, their sum."""
    rows = results.outlays
    kinds = layer(rows["nature"], rows["side"])
    table = rows.groupby([fiscal_year(rows["period"]).rename("year"), kinds.rename("layer")])["amount"].sum().unstack()
    table = table.reindex(columns=list(LAYERS)).fillna(0.0)
    return table.assign(outlay=table.sum(axis=1))


def appropriation_by_year(results: Results) -> pd.Series:
    """What is appropriated in a fiscal year, all funds; empty where the study names none."""
    rows = results.appropriations
    return rows.groupby(rows["fiscal_year"].astype(int))["amount"].sum()


def spending(plan: Results, rival: Results) -> pd.DataFrame:
    """Outlays of the plan by layer, with the rival's, the change, the appropriation and its status, by fiscal year.

    Where no appropriation has a status, the budget cycle stands in its place.
    """
    table = outlay_by_year(plan)
    status = _status(plan).reindex(table.index).fillna("")
    if status.eq("").all() and plan.summary.get("biennium_start") is not None:
        cycles = biennia(plan, [int(y) for y in table.index])
        status = pd.Series({y: span(c[0], c[-1]) for c in cycles for y in c}, dtype=str).reindex(table.index)
    against = outlay_by_year(rival)["outlay"].reindex(table.index)
    return table.assign(
        rival=against,
        change=(table["outlay"] - against).fillna(0.0),
        appropriation=appropriation_by_year(plan).reindex(table.index),
        status=status,
        share=_by_year(plan.summary.get("legacy_share"), table.index),
        rival_share=_by_year(rival.summary.get("legacy_share"), table.index),
    )


def _by_year(values: object, years: pd.Index) -> pd.Series:
    found = {int(year): float(value) for year, value in values.items()} if isinstance(values, dict) else {}
    return pd.Series(found, dtype=float).reindex(years)


def _status(results: Results) -> pd.Series:
    """The status under which most of a year's money stands."""
    rows = results.appropriations
    if rows.empty or "status" not in rows:
        return pd.Series(dtype=str)
    sums = rows.groupby([rows["fiscal_year"].astype(int), rows["status"].astype(str)])["amount"].sum().unstack()
    return sums.fillna(0.0).idxmax(axis=1)


def runs(values: Sequence[object]) -> list[list[int]]:
    """Positions of neighbours that are alike: `a a b` -> `[[0, 1], [2]]`."""
    found: list[list[int]] = []
    for i, value in enumerate(values):
        if i and value == values[i - 1]:
            found[-1].append(i)
        else:
            found.append([i])
    return found


@dataclass(frozen=True, slots=True)
class Balance:
    """How a plan's outlays stand against its rival's."""

    extra: float
    """What it costs above the rival in the years up to `until`."""
    back: float
    """What it gives back in the years after."""
    until: int
    end: int
    moved: int

    @property
    def net(self) -> float:
        """The saving over the horizon; negative when the plan costs more."""
        return self.back - self.extra


def balance(change: pd.Series, moved: int) -> Balance:
    """Splits yearly changes at the last year in which more has been paid than ever before or after."""
    paid = change.cumsum()
    peak = int(paid.to_numpy().argmax()) if len(paid) and paid.max() > 0 else -1
    years = [int(year) for year in change.index]
    extra = float(paid.iloc[peak]) if peak >= 0 else 0.0
    return Balance(
        extra=extra,
        back=extra - float(change.sum()),
        until=years[peak] if peak >= 0 else years[0] if years else 0,
        end=years[-1] if years else 0,
        moved=moved,
    )


def units_moved(results: Results) -> int:
    """Servers moved to modern platforms."""
    rows = results.plan
    return int(rows.loc[rows["strategy"].isin(MODERN), "units"].sum())


def old_systems(results: Results) -> pd.DataFrame:
    """Rows of the plan that could move: what was modern from the start is no server to be counted among them."""
    rows = results.plan
    return rows[rows["side"].astype(str) != "modern"] if "side" in rows else rows


def units_total(results: Results) -> int:
    """Servers that could move, as the summary counts them."""
    return int(results.summary.get("units_total", old_systems(results)["units"].sum()))


def units_by_strategy(results: Results) -> pd.Series:
    """Servers by what happens to them, in the order in which pages list it."""
    return old_systems(results).groupby("strategy")["units"].sum().reindex(list(STRATEGIES)).fillna(0).astype(int)


def biennia(results: Results, fiscal_years: Sequence[int]) -> list[list[int]]:
    """Fiscal years by budget cycle: in pairs where the study names a biennium's start, else one by one."""
    start = results.summary.get("biennium_start")
    found: list[list[int]] = []
    for year in sorted(fiscal_years):
        if start is not None and found and (year - int(start)) % 2 == 1 and year - found[-1][-1] == 1:
            found[-1].append(year)
        else:
            found.append([year])
    return found


def by_fund(plan: Results, rival: Results) -> pd.DataFrame:
    """Change of outlays against the rival: a row a fund, a column a budget cycle (`FY2028–29`), `total` last.

    The last row sums the funds.
    """

    def table(results: Results) -> pd.DataFrame:
        rows = results.outlays
        return rows.groupby([rows["fund"].astype(str), fiscal_year(rows["period"])])["amount"].sum().unstack()

    by_year = table(plan).sub(table(rival), fill_value=0.0).fillna(0.0)
    cycles = biennia(plan, [int(y) for y in by_year.columns])
    change = pd.DataFrame({span(c[0], c[-1]): by_year[c].sum(axis=1) for c in cycles}, index=by_year.index)
    change = change.assign(total=change.sum(axis=1)).sort_values("total")
    change.loc["All funds"] = change.sum()
    return change


# ---- where each dollar ends up -----------------------------------------------------------------------------------


def ribbons(plan: Results, rival: Results, year: int) -> pd.DataFrame:
    """Dollars of one fiscal year on their way: `source through target amount`, conserved at every node.

    Left is what the rival spends, right what the plan spends and what it frees. A group of systems that costs more than
    before draws the difference from `Added`.
    """
    before, after = _entity_year(rival, year), _entity_year(plan, year)
    table = after.add_suffix("_after").join(before.add_suffix("_before"), how="outer").fillna(0.0)
    shares = _shares(plan, table)
    groups = shares.groupby("group")[["before", "other", "legacy", "transition", "modern"]].sum()
    rows: list[tuple[str, str, str, float]] = []
    for name in groups.index:
        rows += _routes(str(name), groups.loc[name])
    frame = pd.DataFrame(rows, columns=["source", "through", "target", "amount"])
    return frame[frame["amount"] > 0.5].reset_index(drop=True)


SOURCES = ("Other IT", "Legacy", "Added", "Modern")
THROUGH = ("Other IT", "Stay as they are", "Relocate", "Switched off", "Move to modern platforms", "Already modern")
TARGETS = ("Other IT", "Legacy", "Freed", "Transition", "Modern")
_GROUP = {
    "retain": "Stay as they are",
    "relocate": "Relocate",
    "retire": "Switched off",
    **dict.fromkeys(MODERN, "Move to modern platforms"),
}


def _entity_year(results: Results, year: int) -> pd.DataFrame:
    rows = results.flows
    rows = rows[fiscal_year(rows["period"]) == year]
    kinds = layer(rows["nature"], rows["side"]).rename("layer")
    table = rows.groupby([rows["entity"].astype(str), kinds])["amount"].sum().unstack()
    return table.reindex(columns=list(LAYERS)).fillna(0.0)


def _shares(plan: Results, table: pd.DataFrame) -> pd.DataFrame:
    """Each entity's money by what happens to it; a system that is split is apportioned by units.

    What stays costs what it cost before. The rest of the old system's cost belongs to those that move.
    """
    rows = plan.plan.assign(group=plan.plan["strategy"].map(_GROUP), system=plan.plan["system"].astype(str))
    units = rows.groupby(["system", "group"])["units"].sum().unstack().fillna(0.0)
    units = units.reindex(columns=[g for g in THROUGH if g in set(_GROUP.values())]).fillna(0.0)
    units = units.reindex(table.index).fillna(0.0)
    outside = units.sum(axis=1) == 0
    units.loc[outside, "Stay as they are"] = 1.0
    share = units.div(units.sum(axis=1), axis=0)
    before = table[[f"{name}_before" for name in LAYERS]].sum(axis=1)
    modern_before = table["modern_before"] > table["legacy_before"]
    stays = share["Stay as they are"]
    movers = share.drop(columns="Stay as they are")
    moving = movers.div(movers.sum(axis=1).where(movers.sum(axis=1) > 0, 1.0), axis=0)
    kept = stays.where(stays < 1.0, 1.0)
    frames = [
        pd.DataFrame(
            {
                "group": np.where(
                    table["other_before"] + table["other_after"] != 0,
                    "Other IT",
                    np.where(modern_before, "Already modern", "Stay as they are"),
                ),
                "before": before * kept,
                "other": table["other_after"],
                "legacy": np.where(kept == 1.0, table["legacy_after"], table["legacy_before"] * kept),
                "transition": np.where(kept == 1.0, table["transition_after"], 0.0),
                "modern": np.where(kept == 1.0, table["modern_after"], 0.0),
            }
        )
    ]
    rest = table["legacy_after"] - table["legacy_before"] * kept
    split = kept < 1.0
    modern_share = _modern_share(moving)
    for name in moving.columns:
        part = moving[name].where(split, 0.0)
        frames.append(
            pd.DataFrame(
                {
                    "group": name,
                    "before": before * movers[name].where(split, 0.0),
                    "other": 0.0,
                    "legacy": rest * part,
                    "transition": table["transition_after"] * part,
                    "modern": table["modern_after"].where(split, 0.0) * modern_share[name],
                }
            )
        )
    return pd.concat(frames)


def _modern_share(moving: pd.DataFrame) -> pd.DataFrame:
    """Who pays for the modern platform of a split system: those that moved there, or all movers where none did."""
    target = "Move to modern platforms"
    there = pd.DataFrame(0.0, index=moving.index, columns=moving.columns)
    there[target] = 1.0
    return there.where(moving[target] > 0, moving)


def _routes(name: str, sums: pd.Series) -> list[tuple[str, str, str, float]]:
    """From one source through a group to its targets; what is lacking is added, what is over is freed."""
    source = {"Other IT": "Other IT", "Already modern": "Modern"}.get(name, "Legacy")
    targets = {"Other IT": sums["other"], "Legacy": sums["legacy"]}
    targets |= {"Transition": sums["transition"], "Modern": sums["modern"]}
    over = float(sums["before"] - sum(targets.values()))
    supply = [(source, float(sums["before"]))] + ([("Added", -over)] if over < 0 else [])
    demand = [(target, float(amount)) for target, amount in targets.items()] + ([("Freed", over)] if over > 0 else [])
    return [(s, name, t, amount) for s, t, amount in _fill(supply, demand)]


def _fill(supply: list[tuple[str, float]], demand: list[tuple[str, float]]) -> list[tuple[str, str, float]]:
    """Pours sources into targets in order until both are spent."""
    found: list[tuple[str, str, float]] = []
    left = dict(supply)
    for target, wanted in demand:
        for source in left:
            amount = min(left[source], wanted)
            if amount > 0:
                found.append((source, target, amount))
                left[source] -= amount
                wanted -= amount
    return found
