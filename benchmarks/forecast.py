"""How good, how sure and how fast the outlook is, side by side with the field in one run.

    python -m benchmarks.forecast [--panels yearly ledger] [--lines 20000] [--fresh] [--boost]

Prints, on the parts of the M3 competition and on a state's agencies (origins FY2010-2020, history alone) where they are
present (`REALLOT_SHARED`, or `shared` beside the checkout): OWA, sMAPE, MASE, coverage and MSIS of the outlook and of
statsforecast's and statsmodels' models, which run in an environment of their own (`make bench-rivals`; what an earlier
run kept is read, unless `--fresh`); then lines per CPU second of both, with the same configuration that is scored; and
an outlook of a large made-up table from file to file, its time and memory.

The outlook sees the training part alone: every choice in it was made there (how, stands in `docs/forecast.md`).
"""

import argparse
import os
import platform
import resource
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

import forecast
from benchmarks.competition import LEVELS, SEASONS, Entry, Panel, compare
from benchmarks.rivals.start import RivalsMissing, Run, run_rivals
from benchmarks.rivals.table import QUICK, by_method, read_panels, with_combinations
from forecast.arrays import FloatArray

OURS = "outlook"


def made_up(lines: int, years: int) -> FloatArray:
    """Log random walks with a common shock each year, USD, (lines, years)."""
    draw = np.random.default_rng(2027)
    steps = 0.03 + 0.08 * draw.normal(size=(lines, years)) + 0.03 * draw.normal(size=(1, years))
    return np.asarray(np.exp(draw.normal(13, 1.5, size=(lines, 1)) + steps.cumsum(axis=1)), dtype=np.float64)


def as_spending(amounts: FloatArray) -> pd.DataFrame:
    """The long frame of (n, T) amounts, NaN before a line begins, in sixteen agencies' programs and units."""
    line, period = np.nonzero(np.isfinite(amounts))
    names = pd.DataFrame({"item": [f"item{place:06d}" for place in range(len(amounts))]})
    for key, size in (("unit", 6), ("program", 30), ("agency", 200)):
        names.insert(0, key, [f"{key}{place // size:05d}" for place in range(len(amounts))])
    frame = names.iloc[line].reset_index(drop=True)
    return frame.assign(period=period + 2000, amount=amounts[line, period])


def ask_outlook(panel: Panel, *, boost: bool = False) -> tuple[Entry, float]:
    """What the outlook says of a panel, each series a line of its own; and its CPU seconds."""
    spending = as_spending(panel.history)[["item", "period", "amount"]]
    begin = time.process_time()
    said = forecast.outlook(spending, panel.horizon, LEVELS, season=panel.season, sums=False, boost=boost)
    seconds = time.process_time() - begin
    wide = {name: said.lines[name].to_numpy().reshape(-1, panel.horizon) for name in said.lines.columns[2:]}
    low, high = ({level: wide[f"{side}_{level}"] for level in LEVELS} for side in ("lo", "hi"))
    return Entry(wide["mean"], low, high), seconds


def ask_origins(panel: Panel) -> tuple[Entry, float]:
    """The same of a panel of rolling origins, whose every origin is a table of its own."""
    origins = np.array([name.split(" FY")[1] for name in panel.lines])
    parts = [ask_outlook(panel.rows(np.flatnonzero(origins == origin))) for origin in dict.fromkeys(origins.tolist())]
    entries = [entry for entry, _ in parts]
    low, high = (
        {level: np.concatenate([getattr(entry, side)[level] for entry in entries]) for level in LEVELS}
        for side in ("low", "high")
    )
    return Entry(np.concatenate([entry.mean for entry in entries]), low, high), sum(seconds for _, seconds in parts)


def compare_all(panels: Mapping[str, Panel], fresh: bool, boost: bool) -> None:
    """Print how everyone did on every panel, and how fast."""
    entries: dict[str, dict[str, Entry]] = {}
    speed: dict[str, dict[str, float]] = {}
    for name, panel in panels.items():
        ours, seconds = ask_origins(panel) if name == "ledger" else ask_outlook(panel)
        entries[name] = {OURS: ours}
        speed[name] = {OURS: len(panel.lines) / seconds}
        if boost and name != "ledger":
            entries[name][f"{OURS}, boosted"], _ = ask_outlook(panel, boost=True)
        runs = rivals(name, panel, fresh)
        entries[name] |= with_combinations({model: run.entry for model, run in runs.items()})
        speed[name] |= {model: run.took["series_per_cpu_second"] for model, run in runs.items()}
    tables = [compare([panels[name] for name in SEASONS if name in panels], by_method(entries))] if panels else []
    if "ledger" in panels:
        for ahead in (1, 2):
            step = panels["ledger"].step(ahead)
            tables.append(compare([step], by_method({step.name: entries["ledger"]})))
    print("\nsMAPE in percent; MASE and MSIS in mean changes of a series; OWA against Naive2")
    print(pd.concat(tables, ignore_index=True).round(3).to_string(index=False))
    print("\nSeries per CPU second")
    print(pd.DataFrame(speed).T.round(0).to_string())


def rivals(name: str, panel: Panel, fresh: bool) -> dict[str, Run]:
    """The field on a panel; what is kept of it where its environment is not built."""
    models = (*QUICK, *(("AutoARIMA",) if name != "monthly" else ()))
    try:
        return run_rivals(panel, models, fresh=fresh)
    except RivalsMissing as missing:
        print(missing)
        return run_rivals(panel, models, only_kept=True)


def print_speed(lines: int, years: int) -> None:
    """Lines per CPU second with back-test and intervals, in the configuration that is scored above."""
    amounts = made_up(lines, years)
    spending = as_spending(amounts)[["item", "period", "amount"]]
    begin = time.process_time()
    forecast.outlook(spending, sums=False)
    seconds = time.process_time() - begin
    print(
        f"\n{lines:,} annual lines x {years} years, back-test and intervals: "
        f"{lines / seconds:,.0f} lines per CPU second"
    )


def print_table(lines: int, years: int) -> None:
    """From a file with the lines of a whole government to a file with their outlook, all sums with it."""
    with TemporaryDirectory() as folder:
        source, out = Path(folder) / "spending.parquet", Path(folder) / "outlook.csv"
        as_spending(made_up(lines, years)).to_parquet(source)
        begin = time.perf_counter()
        said = forecast.outlook(forecast.read_spending(source))
        forecast.write_outlook(said, out)
        seconds = time.perf_counter() - begin
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        rows = len(said.lines) + len(said.nodes)
    print(
        f"\n{lines:,} lines x {years} years and {len(said.nodes) // 5:,} sums above them, read, forecast, reconciled "
        f"and written ({rows:,} rows): {seconds:.1f} s, peak {peak:.2f} GB"
    )


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--panels", nargs="*", choices=[*SEASONS, "ledger"], default=[*SEASONS, "ledger"])
    parser.add_argument("--lines", type=int, default=100_000, help="of the large table")
    parser.add_argument("--years", type=int, default=12)
    parser.add_argument("--fresh", action="store_true", help="run rivals also where an earlier run was kept")
    parser.add_argument("--boost", action="store_true", help="try gradient boosting beside the rest")
    options = parser.parse_args()

    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    panels = {name: panel for name, panel in read_panels().items() if name in options.panels}
    if panels:
        compare_all(panels, options.fresh, options.boost)
    else:
        print("No competition series: set REALLOT_SHARED to compare on them.")
    print_speed(min(options.lines, 20_000), options.years)
    print_table(options.lines, options.years)


if __name__ == "__main__":
    main()
