"""How well a year's end is projected within the year, beside the naive rivals and a city's own published projection.

    python -m benchmarks.yearend [--lines 20000] [--years 8]

Where a large city's files are present (`REALLOT_SHARED`, or `shared` beside the checkout), prints for its monthly
receipts by source and for its departments' quarterly spending: sMAPE and median absolute percentage error of the
projection, of the run rate, of last year's remaining periods (the seasonal naive), of the straight budget and of the
city's own projection, each over that of the run rate; the error of the sum of all lines; how often 80 and 95 %
intervals held; and expected lapse and overspend over what came. Each year is projected from nothing but earlier years
and its own closed periods. The rules and their weights were chosen on the earlier years, receipts to FY2018 and
departments to FY2014, and the years after are shown apart; the scale of the intervals was settled with later years in
sight. Last, seconds for a made-up table.
"""

import argparse
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.arrays import BoolArray, FloatArray, IntArray
from forecast.losses import smape
from forecast.projection import project
from forecast.yearend import YearEnd

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("REALLOT_SHARED", ROOT.parent / "shared"))
CITY = SHARED / "data" / "city_monthly_receipts"
RECEIPTS = CITY / "monthly_receipts_2013_2021.csv"
DEPARTMENTS = CITY / "department_budget_vs_actual_fy2008_2021.csv"
SUMS = r"^total_|^all_taxes$|wage_earnings|^wage$|^earnings$|^net_profits$|^all_other_local"
"""Receipts that are sums of others in the file."""
GROUP = "Finance: Employee Benefits"
"""The one department that is the sum of others."""
REPEATED = 2020
"""The fiscal year whose first quarter the file gives the figures of the second: not projected from one quarter, and
half of it stands for each."""
TUNED = {"receipts": range(2016, 2019), "departments": range(2010, 2015)}
SHOWN = {"receipts": range(2019, 2022), "departments": range(2015, 2022)}


def read_receipts(path: Path = RECEIPTS) -> pd.DataFrame:
    """Monthly receipts by source, `source, period, amount`: the sources that the file has in all its years."""
    raw = pd.read_csv(path)
    raw = raw[~raw["name"].str.contains(SUMS)]
    years = raw.groupby("name")["fiscal_year"].transform("nunique")
    raw = raw[years == raw["fiscal_year"].nunique()]
    period = pd.PeriodIndex(raw["date"].str.slice(0, 7), freq="M")
    table = pd.DataFrame({"source": raw["name"], "period": period, "amount": raw["total"]})
    return table.groupby(["source", "period"])["amount"].sum().reset_index()


@dataclass(frozen=True)
class Departments:
    """The city's departments by fiscal year and quarter, USD."""

    spending: pd.DataFrame
    """`department, period, amount`, quarters."""
    budget: pd.DataFrame
    """`department, fiscal_year, quarter, amount`: the budget as it stood at the end of that quarter."""
    published: pd.DataFrame
    """`department, fiscal_year, quarter, mean`: the city's own projection of the year, made then."""


def read_departments(path: Path = DEPARTMENTS) -> Departments:
    """Departments and years of which the file has all three quarters and the year's end."""
    raw = pd.read_csv(path)
    raw = raw[raw["dept_name"] != GROUP].rename(columns={"dept_name": "department", "report_quarter": "quarter"})
    raw = raw.drop_duplicates(["department", "fiscal_year", "variable", "time_period", "report_fiscal_year", "quarter"])
    end = (raw["variable"] == "Actual") & (raw["time_period"] == "Full Year")
    interim = (raw["variable"] == "Actual") & (raw["time_period"] == "YTD") & (raw["quarter"] < 4)
    known = pd.concat([raw[interim], raw[end].assign(quarter=4)])
    to_date = known.pivot(index=["department", "fiscal_year"], columns="quarter", values="total").dropna()
    repeated = to_date.index.get_level_values("fiscal_year") == REPEATED
    to_date.loc[repeated, 1] = to_date.loc[repeated, 2] / 2
    amounts = to_date.diff(axis=1).fillna(to_date).melt(ignore_index=False, value_name="amount").reset_index()
    quarter = amounts["fiscal_year"].astype("str") + "Q" + amounts["quarter"].astype("str")
    now = raw[(raw["report_fiscal_year"] == raw["fiscal_year"]) & (raw["quarter"] < 4) & (raw["time_period"] != "YTD")]
    names = ["department", "fiscal_year", "quarter"]
    return Departments(
        spending=amounts.assign(period=quarter)[["department", "period", "amount"]],
        budget=now.loc[now["variable"] == "Target Budget", [*names, "total"]].rename(columns={"total": "amount"}),
        published=now.loc[now["variable"] == "Current Projection", [*names, "total"]].rename(columns={"total": "mean"}),
    )


@dataclass
class Tally:
    """What was said of each case, and what came."""

    actual: list[FloatArray]
    said: dict[str, list[FloatArray]]
    inside: dict[int, list[BoolArray]]
    totals: dict[int, list[bool]]

    def add(self, actual: FloatArray, said: Mapping[str, FloatArray], end: YearEnd, rows: IntArray) -> None:
        """One year."""
        self.actual.append(actual)
        for name, values in said.items():
            self.said.setdefault(name, []).append(values)
        for level in end.levels:
            low, high = (end.lines[f"{side}_{level}"].to_numpy()[rows] for side in ("lo", "hi"))
            self.inside.setdefault(level, []).append((low <= actual) & (actual <= high))
            whole = end.totals().iloc[0]
            self.totals.setdefault(level, []).append(whole[f"lo_{level}"] <= actual.sum() <= whole[f"hi_{level}"])

    def print(self, title: str) -> None:
        """A row a forecaster."""
        actual = np.concatenate(self.actual)
        spends = actual != 0
        print(f"\n{title}: {int(spends.sum())} cases that spend, {len(self.actual)} years")
        rival = np.concatenate(self.said["run rate"])
        base = smape(actual, rival)[spends].mean()
        middle = np.median(np.abs(rival / np.where(spends, actual, 1.0) - 1)[spends])
        for name, parts in self.said.items():
            said = np.concatenate(parts)
            missed = smape(actual, said)[spends].mean()
            apart = np.median(np.abs(said / np.where(spends, actual, 1.0) - 1)[spends])
            sums = [abs(one.sum() / true.sum() - 1) for one, true in zip(parts, self.actual, strict=True)]
            print(
                f"  {name:<28} sMAPE {missed:6.2f} ({missed / base:.2f})   median APE {100 * apart:6.2f} "
                f"({apart / middle:.2f})   sum of lines {100 * np.mean(sums):5.2f} %"
            )
        lines = (f"{level} %: {np.concatenate(parts)[spends].mean():.3f}" for level, parts in self.inside.items())
        whole = (f"{level} %: {sum(held)} of {len(held)}" for level, held in self.totals.items())
        print(f"  intervals held: lines {', '.join(lines)}; sum of lines {', '.join(whole)}")


def by_year(table: pd.DataFrame, year: int, closed: int, per_year: int, key: str) -> tuple[FloatArray, ...]:
    """Year's end and year to date of the year and of the one before, each (n,), lines sorted by key, NaN if unknown."""
    if per_year == 4:
        fiscal, place = table["period"].str.slice(0, 4).astype(int), table["period"].str.slice(5).astype(int)
    else:
        period = table["period"].dt
        fiscal, place = period.year + (period.month > 6), (period.month - 7) % 12 + 1
    wide = table.assign(fiscal=fiscal, early=place <= closed).pivot_table(
        index=key, columns=["fiscal", "early"], values="amount", aggfunc="sum"
    )
    columns = [(year, True), (year, False), (year - 1, True), (year - 1, False)]
    now, rest, before, left = wide.reindex(columns=pd.MultiIndex.from_tuples(columns)).to_numpy(dtype=np.float64).T
    return now + rest, now, before + left, left


def measure_receipts(years: range, label: str) -> None:
    """The city's receipts after 3, 6, 9 and 11 months."""
    table = read_receipts()
    for closed in (3, 6, 9, 11):
        tally = Tally([], {}, {}, {})
        for year in years:
            as_of = pd.Period(year=year - 1, month=6, freq="M") + closed
            end = project(table, as_of=as_of)
            actual, now, before, left = by_year(table, year, closed, 12, "source")
            said = {
                "ours": end.lines["mean"].to_numpy(),
                "run rate": now * 12 / closed,
                "last year's rest": now + left,
                "last year": before,
            }
            tally.add(actual, said, end, np.arange(len(actual)))
        tally.print(f"Receipts by source, {label}, {closed} of 12 months closed")


def measure_departments(years: range, label: str) -> None:
    """The city's departments after one, two and three quarters."""
    city = read_departments()
    for closed in (1, 2, 3):
        tally, money = Tally([], {}, {}, {}), []
        for year in (year for year in years if closed > 1 or year != REPEATED):
            at = {
                name: frame[frame["quarter"] == closed].drop(columns="quarter")
                for name, frame in (("budget", city.budget), ("published", city.published))
            }
            present = {name: frame[frame["fiscal_year"] <= year] for name, frame in at.items()}
            end = project(city.spending, present["budget"], as_of=f"{year}Q{closed}")
            alone = project(city.spending, as_of=f"{year}Q{closed}")
            both = project(city.spending, present["budget"], as_of=f"{year}Q{closed}", prior=present["published"])
            said = city_said(city, present, year, closed)
            for name, result in (("ours", end), ("ours, no budget", alone), ("ours and the city's", both)):
                said[name] = said["department"].map(result.lines.set_index("department")["mean"])
            said = said.dropna()
            rows = end.lines.set_index("department").index.get_indexer(pd.Index(said["department"]))
            order = (
                "ours",
                "ours, no budget",
                "ours and the city's",
                "run rate",
                "last year's rest",
                "budget",
                "city's own",
            )
            tally.add(said["actual"].to_numpy(), {name: said[name].to_numpy() for name in order}, end, rows)
            money.append(said.merge(end.lines, on="department"))
        tally.print(f"Departments, {label}, {closed} of 4 quarters closed")
        print_lapse(pd.concat(money))


def print_lapse(rows: pd.DataFrame) -> None:
    """Lapse and overspend that were expected, over those that came, and how often what was likely happened."""
    left = rows["appropriated"] - rows["actual"]
    lapse, over = rows["expected_lapse"].sum() / left.clip(lower=0).sum(), rows["expected_overspend"].sum()
    print(f"  expected over actual: lapse {lapse:.2f}, overspend {over / (-left).clip(lower=0).sum():.2f}", end="; ")
    bins = rows.assign(over=left < 0, chance=pd.cut(rows["chance_over"], [0, 0.25, 0.5, 0.75, 1], include_lowest=True))
    table = bins.groupby("chance", observed=True).agg(said=("chance_over", "mean"), came=("over", "mean"))
    print(
        "chance to overspend, said / came: " + ", ".join(f"{row.said:.2f}/{row.came:.2f}" for row in table.itertuples())
    )


def city_said(city: Departments, present: Mapping[str, pd.DataFrame], year: int, closed: int) -> pd.DataFrame:
    """A row a department of that year: what came, and what the rivals said."""
    actual, now, _, left = by_year(city.spending, year, closed, 4, "department")
    names = np.sort(city.spending["department"].unique())
    said = pd.DataFrame({"department": names, "actual": actual, "run rate": now * 4 / closed})
    said["last year's rest"] = np.where(np.isfinite(left), now + left, now * 4 / closed)
    for name, table, column in (("budget", "budget", "amount"), ("city's own", "published", "mean")):
        frame = present[table]
        said[name] = said["department"].map(frame[frame["fiscal_year"] == year].set_index("department")[column])
    return said


def made_up(lines: int, years: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Months that rise toward the year's end, and their appropriations; eight months of the last year are closed."""
    draw = np.random.default_rng(2027)
    size = draw.normal(13, 1.5, size=(lines, 1)) + (0.03 + 0.08 * draw.normal(size=(lines, years))).cumsum(axis=1)
    profile = draw.dirichlet([8.0] * 11 + [16.0], size=lines)
    amounts = (
        np.exp(size)[:, :, None] * profile[:, None] * np.exp(0.2 * draw.normal(size=(lines, years, 12)))
    ).reshape(lines, -1)[:, :-4]
    count = amounts.shape[1]
    names = np.array([f"line{place:06d}" for place in range(lines)])
    agencies = np.array([f"agency{place % 50:02d}" for place in range(lines)])
    period = pd.period_range("2018-07", periods=count, freq="M")
    months = pd.DataFrame(
        {
            "agency": np.repeat(agencies, count),
            "line_item": np.repeat(names, count),
            "period": period.take(np.tile(np.arange(count), lines)),
            "amount": amounts.ravel(),
        }
    )
    budget = pd.DataFrame(
        {
            "agency": np.repeat(agencies, years),
            "line_item": np.repeat(names, years),
            "fiscal_year": np.tile(np.arange(2019, 2019 + years), lines),
            "amount": 1.03 * np.exp(size).ravel(),
        }
    )
    return months, budget


def print_speed(lines: int, years: int) -> None:
    """Seconds of processor and of wall clock, which other work on the machine stretches."""
    months, budget = made_up(lines, years)
    begin, wall = time.process_time(), time.perf_counter()
    end = project(months, budget)
    end.totals("agency")
    seconds, passed = time.process_time() - begin, time.perf_counter() - wall
    print(f"\nSpeed, {lines:,} lines x {years} years of months, {len(months):,} rows ({platform.machine()})")
    print(f"  back-test, projection, lapse and totals: {seconds:.1f} CPU s, {passed:.1f} s by the clock")


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--years", type=int, default=8)
    options = parser.parse_args()
    if RECEIPTS.is_file() and DEPARTMENTS.is_file():
        for years, label in ((TUNED, "years it was tuned on"), (SHOWN, "later years")):
            measure_receipts(years["receipts"], label)
            measure_departments(years["departments"], label)
    else:
        print(f"No city at {CITY}: set REALLOT_SHARED to measure on it.")
    print_speed(options.lines, options.years)


if __name__ == "__main__":
    main()
