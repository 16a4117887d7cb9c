"""`reallot simulate`: a results folder in, risk.csv, drivers.csv and a sentence out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scenarios.errors import Problem, ResultsError
from scenarios.futures.books import Outcome
from scenarios.futures.case import Case
from scenarios.futures.draws import BLOCK
from scenarios.futures.policies import AllAtOnce, DoNothing, Fixed, Greedy, Policy
from scenarios.futures.priors import SOURCES
from scenarios.futures.replanned import Replanned
from scenarios.futures.risk import ALL, NOTHING, drivers_table, risk_table
from scenarios.futures.schedule import Schedule, schedule_of
from scenarios.futures.simulate import play
from scenarios.referee import made_from, plan_from
from scenarios.results import RIVAL, Results, read_results

Progress = Callable[[str, float], None]
DRIVER_FUTURES = BLOCK
"""Futures from which is told what drives the spread, at most."""


@dataclass(frozen=True, eq=False)
class Simulated:
    """What the futures of a scenario say."""

    name: str
    made_up: bool
    risk: pd.DataFrame
    drivers: pd.DataFrame
    titles: Mapping[str, str]
    """Policies by slug, for people."""
    futures: int
    seed: int
    sample: Mapping[str, Any] | None = None
    """How the futures were made that were solved one by one; None where none were."""

    def figure(self, policy: str, measure: str, column: str, fund: str = ALL, period: object = ALL) -> float:
        """One figure of `risk`."""
        rows = self.risk[(self.risk["policy"] == policy) & (self.risk["measure"] == measure)]
        rows = rows[(rows["fund"] == fund) & (rows["period"] == str(period))]
        return float(rows[column].iloc[0])

    @property
    def headline(self) -> str:
        """One sentence: the chance of keeping every appropriation, and what the plan costs."""
        chance, error = (self.figure("plan", "cost", name) for name in ("chance_within", "standard_error"))
        cost = [self.figure("plan", "cost", name) / 1e6 for name in ("p50", "p80", "p95")]
        return (
            f"In {100 * chance:.1f} % (± {100 * error:.1f}) of {self.futures:,} futures the plan keeps every "
            f"appropriation; it costs ${cost[0]:,.0f}M in half of them, at most ${cost[1]:,.0f}M in 80 % and "
            f"${cost[2]:,.0f}M in 95 %."
        )

    def json(self) -> dict[str, Any]:
        """Everything as plain values; None where there is no such figure."""
        tables = {"risk": self.risk, "drivers": self.drivers}
        return {
            "scenario": self.name,
            "made_up": self.made_up,
            "futures": self.futures,
            "seed": self.seed,
            "headline": self.headline,
            "policies": dict(self.titles),
            "sample": None if self.sample is None else dict(self.sample),
            **{name: _records(table) for name, table in tables.items()},
        }


def simulate(
    folder: Path | str,
    *,
    futures: int | None = None,
    seed: int | None = None,
    study: Path | str | None = None,
    policies: Sequence[Policy] = (),
    drivers: bool = True,
    replans: int = 0,
    replan_seconds: float = 600.0,
    progress: Progress | None = None,
) -> Simulated:
    """Plays the plan of a results folder, and its rivals, against the same futures; writes risk.csv and drivers.csv.

    Args:
        folder: results of one scenario.
        futures: how many; by default the parameter `futures`.
        seed: of all that is drawn; by default that of the study.
        study: the study, where it has been moved since.
        policies: further ones to play, beside doing nothing, pay-back greedy, all at once, the plan held fixed and
            the plan decided again each fiscal year.
        drivers: whether to turn each source off in turn.
        replans: how many of the futures to solve anew each fiscal year, and with perfect foresight; 0: none.
        replan_seconds: after about this long no further ones are begun.
        progress: called with words and the share of the way that lies behind.

    Raises:
        ResultsError: no results, the rival's, or no study beside them; a study that has changed since.
    """
    tell = progress or (lambda stage, share: None)
    results = read_results(folder)
    case, plan, default = case_of(results, study, seed)
    count = default if futures is None else futures
    if count < 1:
        raise ResultsError([Problem(str(folder), "cannot be played", "Ask for at least one future", value=str(count))])
    everyone: tuple[Policy, ...] = (DoNothing(), Greedy(), AllAtOnce(), Fixed(plan), Replanned(plan), *policies)
    tell("Policies", 0.05)
    schedules = schedules_of(case, everyone)
    tell("Futures", 0.3)
    outcomes = play_all(schedules, count, lambda share: tell("Futures", 0.3 + 0.4 * share))
    without: dict[str, Outcome] = {}
    drawn = min(count, DRIVER_FUTURES)
    for i, source in enumerate(SOURCES if drivers else ()):
        tell("What drives the spread", 0.7 + 0.28 * i / len(SOURCES))
        calmer = replace(case, priors=case.priors.without(source))
        without[source] = play_all({"plan": replace(schedules["plan"], case=calmer)}, drawn)["plan"]
    base = Outcome.joined([outcomes["plan"]], drawn)
    risk, titles = risk_table(case, outcomes), {policy.name: policy.title for policy in everyone}
    sample = None
    if replans:
        from scenarios.futures import foresight

        histories = {name: (schedules[name], outcome) for name, outcome in outcomes.items()}
        sample = foresight.sampled(
            schedules["plan"], histories, min(replans, count), replan_seconds, lambda share: tell("Re-planning", share)
        )
        few = {NOTHING: Outcome.joined([outcomes[NOTHING]], sample.futures), **sample.outcomes}
        own = risk_table(case, few)
        risk = pd.concat([risk, own[own["policy"] != NOTHING], sample.rows], ignore_index=True)
        titles |= foresight.TITLES
    found = Simulated(
        results.name,
        bool(results.summary["made_up"]),
        risk,
        drivers_table(case, base, without),
        titles,
        count,
        case.seed,
        None if sample is None else sample.json(),
    )
    write(found, results.folder)
    tell("Done", 1.0)
    return found


def case_of(results: Results, study: Path | str | None, seed: int | None) -> tuple[Case, pd.DataFrame, int]:
    """The case of a results folder, the rows of its plan, and how many futures its study asks for.

    Raises:
        ResultsError: the rival's folder, in which nothing was planned; no study; one that has changed since.
    """
    if results.name == RIVAL:
        remedy = "Simulate a scenario: doing nothing is played beside each"
        raise ResultsError([Problem(str(results.folder), "holds no plan, only cost to continue", remedy)])
    _, ready = made_from(results, study)
    own = int(results.manifest["seed"]) if seed is None else seed
    settings = ready.study.settings
    return Case.of(ready, results.limits, own), plan_from(results).rows, int(settings.number("futures"))


def schedules_of(case: Case, policies: Sequence[Policy]) -> dict[str, Schedule]:
    """What each policy decides, by its name; policies that begin with the same rows share what is looked up."""
    found: dict[str, Schedule] = {}
    made: list[tuple[pd.DataFrame, Schedule]] = []
    for policy in policies:
        rows = policy.rows(case)
        same = [schedule for known, schedule in made if known is rows]
        if not same:
            made.append((rows, schedule_of(case, rows)))
            made[-1][1].prepare()
        found[policy.name] = (same[0] if same else made[-1][1]).under(policy)
    return found


def play_all(
    schedules: Mapping[str, Schedule], futures: int, progress: Callable[[float], None] | None = None
) -> dict[str, Outcome]:
    """All schedules in the same futures, block by block.

    One block after the other: threads were tried, and two of them are slower than one on arrays of this size.
    """
    blocks = -(-futures // BLOCK)
    first = next(iter(schedules.values()))

    def one(block: int) -> dict[str, Outcome]:
        world = first.case.world(block)
        return {name: play(schedule, block, world) for name, schedule in schedules.items()}

    done: list[dict[str, Outcome]] = []
    for block in range(blocks):
        done.append(one(block))
        if progress:
            progress(len(done) / blocks)
    return {name: Outcome.joined([part[name] for part in done], futures) for name in schedules}


def write(found: Simulated, folder: Path) -> None:
    """Writes risk.csv, drivers.csv and futures.json into a results folder."""
    for name, table in (("risk", found.risk), ("drivers", found.drivers)):
        table.round(6).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    told = {key: value for key, value in found.json().items() if key not in ("risk", "drivers")}
    text = json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "futures.json").write_text(text + "\n", encoding="utf-8")


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    plain = table.astype(object).where(table.notna(), None)
    return [{str(k): v for k, v in row.items()} for row in plain.to_dict("records")]


def summary_text(found: Simulated) -> str:
    """The policies side by side, each appropriation of the plan, what drives the spread, and the sentence."""
    title = found.name.replace("_", " ").capitalize() + (" (made-up data)" if found.made_up else "")
    lines = [f"{title}: {found.futures:,} futures, seed {found.seed}; money in millions of USD", ""]
    lines.append(
        f"  {'policy':22}{'keeps all':>11}{'cost P50':>11}{'P80':>10}{'P95':>10}{'worst 5 %':>11}{'moved P50':>11}"
    )
    last = max(int(p) for p in found.risk.loc[found.risk["measure"] == "units_moved", "period"])
    for policy, words in found.titles.items():
        chance = found.figure(policy, "cost", "chance_within")
        cost = [found.figure(policy, "cost", name) / 1e6 for name in ("p50", "p80", "p95")]
        worst = found.figure(policy, "cost_tail_mean", "mean") / 1e6
        moved = found.figure(policy, "units_moved", "p50", period=last)
        figures = f"{cost[0]:>11,.0f}{cost[1]:>10,.0f}{cost[2]:>10,.0f}{worst:>11,.0f}{moved:>11,.0f}"
        lines.append(f"  {words:22}{chance:>11.1%}{figures}")
    if found.sample:
        lines += _sample_text(found, found.sample)
    outlay = found.risk[(found.risk["policy"] == "plan") & (found.risk["measure"] == "outlay")]
    chances = outlay.pivot(index="fund", columns="period", values="chance_within").dropna(how="all")
    lines += [
        "",
        "  Chance that the plan keeps each appropriation",
        f"  {'':22}" + "".join(f"{p:>10}" for p in chances),
    ]
    for fund, row in chances.sort_index(key=lambda names: names == ALL, kind="stable").iterrows():
        lines.append(f"  {fund!s:22}" + "".join(f"{'':>10}" if np.isnan(v) else f"{v:>10.1%}" for v in row))
    spread = found.drivers[found.drivers["measure"] == "cost_spread"].sort_values("change", ascending=False)
    if len(spread):
        lines += ["", f"  What widens the cost (P5 to P95, {int(spread['futures'].iloc[0]):,} futures)"]
        widening = zip(spread["title"], spread["change"] / 1e6, strict=True)
        lines += [f"  {words:42}{change:>+10,.1f}" for words, change in widening]
    return "\n".join([*lines, "", f"  {found.headline}"])


def _sample_text(found: Simulated, sample: Mapping[str, Any]) -> list[str]:
    """Regret against perfect foresight, and what each policy costs more than re-planning in full."""
    count, mean, most = (sample[name] for name in ("futures", "foresight_gap_mean", "foresight_gap_max"))
    lines = [
        "",
        f"  The first {count:,} futures solved one by one, {sample['solves']:,} solves; mean and standard error, $M",
        f"  {'policy':22}{'regret':>18}{'P95':>9}{'cost above full':>20}",
    ]
    mine = found.risk[found.risk["measure"].isin(["regret", "cost_above_full"])]
    rows = {(row["policy"], row["measure"]): row for row in mine.to_dict("records")}
    for policy in mine.loc[mine["measure"] == "regret", "policy"]:
        row = rows[policy, "regret"]
        own = f"{row['mean'] / 1e6:,.2f} (± {row['standard_error'] / 1e6:,.2f})"
        line = f"  {found.titles[policy]:22}{own:>18}{row['p95'] / 1e6:>9,.1f}"
        if above := rows.get((policy, "cost_above_full")):
            line += f"{above['mean'] / 1e6:>+11,.2f} (± {above['standard_error'] / 1e6:,.2f})"
        lines.append(line)
    told = f"{mean / 1e6:,.2f}M on average, ${most / 1e6:,.2f}M at most"
    return [*lines, f"  Foresight may itself miss ${told}: so far is each proven."]
