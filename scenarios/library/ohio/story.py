"""Ohio's story: what is read from results, beside what Ohio published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from scenarios.library.ohio.study import NAME, ohio
from scenarios.library.stories import SIMULATED, Story
from scenarios.results import RIVAL, Results, read_results, results_in
from scenarios.summary import fiscal_year

WORDS = {
    "it_spend": "IT spend",
    "servers": "Servers, not modern",
    "sites_open": "Data centers open at the end of the year",
    "servers_moved": "Servers moved to the cloud so far",
    "servers_a_week": "Servers moved a week, on average",
    "servers_a_week_peak": "Servers moved a week, in the busiest quarter",
    "infrastructure_share": "Infrastructure share of IT spend",
    "infrastructure_share_redirected": "The same if every dollar saved went to applications",
    "infrastructure_share_unmoved": "The same if nothing moves",
    "legacy_share": "Legacy share of run cost (another measure)",
    "saving_gross": "Savings in run cost and sites so far",
    "saving_share": "The same as a share of IT spend, a year on average",
    "one_time": "One-time cost of moving so far",
    "saving_net": "Savings less all that moving costs, so far",
}
RUNNING = ("run", "site")
"""Natures of outlay that go on: what savings are documented in."""
Row = tuple[str, str, float]


def measure(out: Path) -> pd.DataFrame:
    """`SIMULATED` of Ohio's results: the replay year by year, other scenarios at their end."""
    rival = read_results(out / RIVAL)
    rows = []
    for name in results_in(out):
        if name == RIVAL:
            continue
        results = read_results(out / name)
        last = max(results.summary["outlay_by_year"])
        rows += [
            (name, what, period, unit_of(what), value)
            for what, period, value in _figures(results, rival)
            if name == "baseline" or last in period
        ]
    return pd.DataFrame(rows, columns=list(SIMULATED))


def unit_of(what: str) -> str:
    """Unit of a measure."""
    if "share" in what:
        return "share"
    if what.startswith("servers"):
        return "servers"
    return "sites" if what == "sites_open" else "USD"


def _figures(results: Results, rival: Results) -> Iterator[Row]:
    said = results.summary
    years = sorted(int(year) for year in said["outlay_by_year"])
    base, last = years[0] - 1, years[-1]
    spent = results.history[results.history["period"] == base]
    under_way = float(results.outlook[_total(results.outlook) & results.outlook["period"].eq(base)]["mean"].sum())
    yield "it_spend", str(base), float(spent["expended"].sum()) or under_way
    for year in years:
        yield "it_spend", str(year), float(said["outlay_by_year"][str(year)])
    yield "servers", str(base), float(said["units_total"])
    yield from _sites(results, base, years)
    yield from _moved(results, years)
    yield from _shares(results, base, last)
    yield from _savings(results, rival, years)


def _total(outlook: pd.DataFrame) -> pd.Series:
    """The row of the outlook that is the sum of all."""
    return (outlook[["agency", "program", "fund", "category"]] == "(all)").all(axis=1)


def _sites(results: Results, base: int, years: list[int]) -> Iterator[Row]:
    closes = results.sites["closes"]
    yield "sites_open", str(base), float(len(closes))
    closed = fiscal_year(closes[closes.ne("")])
    for year in years:
        yield "sites_open", str(year), float(len(closes) - closed.le(year).sum())


def _moved(results: Results, years: list[int]) -> Iterator[Row]:
    moved = pd.Series(results.summary["units_moved_by_year"])
    for year, so_far in moved.cumsum().items():
        yield "servers_moved", str(year), float(so_far)
    through = f"{years[0]}-{years[-1]}"
    yield "servers_a_week", through, float(moved.sum() / (52 * len(years)))
    plan = results.plan[results.plan["cutover"].ne("") & results.plan["strategy"].isin(_modern())]
    yield "servers_a_week_peak", through, float(plan.groupby("cutover")["units"].sum().max() / 13)


def _modern() -> frozenset[str]:
    from optimizer.catalogue import MODERN

    return MODERN


def _shares(results: Results, base: int, last: int) -> Iterator[Row]:
    said = results.summary
    before, planned = said["infrastructure_share"], said["infrastructure_share_planned"]
    yield "infrastructure_share", str(base), float(before[str(base)])
    for year, share in planned.items():
        yield "infrastructure_share", year, float(share)
    end = str(last)
    # all that infrastructure costs in the plan, over a budget as large as if nothing had moved
    constant = said["outlay_by_year"][end] / said["cost_to_continue_by_year"][end]
    yield "infrastructure_share_redirected", end, float(planned[end] * constant)
    yield "infrastructure_share_unmoved", end, float(before[end])
    for year, share in said["legacy_share"].items():
        yield "legacy_share", year, float(share)


def _savings(results: Results, rival: Results, years: list[int]) -> Iterator[Row]:
    through, flows = f"{years[0]}-{years[-1]}", results.flows
    gross = _spent(rival.flows, RUNNING) - _spent(flows, RUNNING)
    yield "saving_gross", through, gross
    yield "saving_share", through, gross / float(sum(results.summary["outlay_by_year"].values()))
    yield "one_time", through, _spent(flows, ("one_time",))
    yield "saving_net", through, float(results.summary["net_saving"])


def _spent(flows: pd.DataFrame, natures: tuple[str, ...]) -> float:
    return float(flows.loc[flows["nature"].isin(natures), "amount"].sum())


STORY = Story("ohio", "Ohio: 5,000 servers in five years", NAME, ohio, measure, WORDS)
