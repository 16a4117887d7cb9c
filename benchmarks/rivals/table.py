"""The field: what forecasting libraries reach on the M3 competition and on a state's agencies, and what they take.

    python -m benchmarks.rivals.table [--panels yearly ledger] [--models AutoETS] [--sample 100] [--jobs 2]
        [--fresh] [--kept]

Runs each model on each panel in the rivals' environment (`make bench-rivals`), or reads what an earlier run kept, and
prints OWA, sMAPE, MASE, coverage and MSIS, of the models and of what combinations of them would reach; then CPU time
and memory. The slow ones run on monthly series only if they are named: AutoARIMA takes 0.7 CPU seconds a series there.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from benchmarks.competition import SEASONS, SHARED, Entry, Panel, combine, compare, read_ledger, read_m3
from benchmarks.rivals.start import Run, run_rivals, sample

QUICK = ("SeasonalNaive", "RandomWalkWithDrift", "DynamicOptimizedTheta", "AutoETS", "AutoCES")
SLOW = ("AutoARIMA", "statsmodels theta", "statsmodels damped")
COMBINATIONS: dict[str, tuple[Literal["mean", "median"], tuple[str, ...]]] = {
    "mean of ETS, theta": ("mean", ("AutoETS", "DynamicOptimizedTheta")),
    "median of ETS, theta, CES": ("median", ("AutoETS", "DynamicOptimizedTheta", "AutoCES")),
    "mean of ETS, theta, ARIMA": ("mean", ("AutoETS", "DynamicOptimizedTheta", "AutoARIMA")),
    "median of ETS, theta, ARIMA": ("median", ("AutoETS", "DynamicOptimizedTheta", "AutoARIMA")),
    "median of ETS, theta, ARIMA, CES": ("median", ("AutoETS", "DynamicOptimizedTheta", "AutoARIMA", "AutoCES")),
}
"""How to combine, and what: simple combinations win competitions."""


def read_panels(shared: Path = SHARED) -> dict[str, Panel]:
    """Every panel that is present."""
    panels = read_m3(shared) if (shared / "data" / "m3").is_dir() else {}
    if (shared / "data" / "state_ledger").is_dir():
        panels["ledger"] = read_ledger(shared).panel()
    return panels


def with_combinations(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """The entries on one panel, and the combinations whose parts are all there."""
    combined = {
        name: combine([entries[part] for part in parts], how)
        for name, (how, parts) in COMBINATIONS.items()
        if all(part in entries for part in parts)
    }
    return {**entries, **combined}


def by_method(entries: Mapping[str, Mapping[str, Entry]]) -> dict[str, dict[str, Entry]]:
    """Entries by panel and method, turned to those by method and panel."""
    turned: dict[str, dict[str, Entry]] = {}
    for panel, by_name in entries.items():
        for method, entry in by_name.items():
            turned.setdefault(method, {})[panel] = entry
    return turned


def field_table(panels: Mapping[str, Panel], runs: Mapping[str, Mapping[str, Run]]) -> pd.DataFrame:
    """`compare` on the parts of the M3 competition, and on the ledger by years ahead; runs are by panel and model."""
    entries = {
        panel: with_combinations({model: run.entry for model, run in by_model.items()})
        for panel, by_model in runs.items()
    }
    tables = [compare([panels[name] for name in SEASONS if name in runs], by_method(entries))]
    if "ledger" in runs:
        for ahead in (1, 2):
            panel = panels["ledger"].step(ahead)
            tables.append(compare([panel], by_method({panel.name: entries["ledger"]})))
    return pd.concat(tables, ignore_index=True)


def cost_table(runs: Mapping[str, Mapping[str, Run]]) -> pd.DataFrame:
    """What each run took."""
    columns = ["series", "cpu_seconds", "series_per_cpu_second", "peak_memory_mb", "jobs"]
    rows = [
        {"panel": panel, "model": model, **{column: run.took[column] for column in columns}}
        | {"not_done": len(run.took["failed"])}
        for panel, by_model in runs.items()
        for model, run in by_model.items()
    ]
    return pd.DataFrame(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run or read, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--panels", nargs="+", choices=[*SEASONS, "ledger"], default=[*SEASONS, "ledger"])
    parser.add_argument("--models", nargs="+", help=f"of {', '.join([*QUICK, *SLOW])}")
    parser.add_argument("--sample", type=int, default=0, help="only so many series of each panel, evenly spread")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--fresh", action="store_true", help="run also what an earlier run kept")
    parser.add_argument("--kept", action="store_true", help="only read what earlier runs kept")
    options = parser.parse_args(arguments)

    panels = {name: panel for name, panel in read_panels().items() if name in options.panels}
    if options.sample:
        panels = {name: panel.rows(sample(panel, options.sample)) for name, panel in panels.items()}
    models = options.models or [*QUICK, *SLOW]
    runs = {}
    for name, panel in panels.items():
        asked = [model for model in models if options.models or options.kept or name != "monthly" or model in QUICK]
        runs[name] = run_rivals(panel, asked, jobs=options.jobs, fresh=options.fresh, only_kept=options.kept)
    if not panels:
        print(f"No series under {SHARED}: set REALLOT_SHARED to compare on them.")
        return
    print("\nsMAPE in percent; MASE and MSIS in mean changes of a series; OWA against Naive2")
    print(field_table(panels, runs).round(3).to_string(index=False))
    print("\nWhat it took")
    print(cost_table(runs).round(2).to_string(index=False))


if __name__ == "__main__":
    main()
