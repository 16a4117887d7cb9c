"""Scenarios in bulk: what a second worker brings, as a share of what two plain processes reach on the same machine.

    python -m benchmarks.bulk [--systems 200] [--scenarios 8] [--gap 1e-2] [--seconds 60] [--seed 0]

The same scenarios are planned by `reallot run` with one worker and with two, and by plain processes that share nothing
and know nothing of each other: one that plans all of them, then two at once that plan half each. `reallot run` also
plans cost to continue and writes the table. The goal is `--systems 1000 --scenarios 300`: at least 85 % of the plain
speed-up, on a machine with two cores to itself. Both tables must have the same bytes as long as no search ends with
the time: below about 200 systems whole applications leave a gap of more than 1 %, and searches then take all of it.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
sys.path[:] = [str(ROOT), *(p for p in sys.path if Path(p or ".").name != "benchmarks")]

import yaml  # noqa: E402

from scenarios.batch import RUNS  # noqa: E402
from scenarios.expand import scenarios_of  # noqa: E402
from scenarios.sample import erie  # noqa: E402
from scenarios.study import Study, read_study, write_study  # noqa: E402

PLAIN = """
import sys
from scenarios.expected import outlook_of
from scenarios.pipeline import asked_for, plan_scenario
from scenarios.study import read_study
place, out, gap, seconds, *names = sys.argv[1:]
study = read_study(place)
outlook = outlook_of(study)
for name in names:
    plan_scenario(study, name, outlook, out, asked_for(gap=float(gap), seconds=float(seconds)))
"""
"""What a plain process does: read the study, forecast, plan one scenario after the other."""


def smaller(study: Study, systems: int) -> Study:
    """The study with its first systems only, and with money and starts in proportion, so that limits still bind."""
    estate = study.table("systems")
    kept = estate.head(systems).reset_index(drop=True)
    sizes = [(part["annual_run_cost"] * part["units"]).sum() for part in (kept, estate)]
    share = float(sizes[0] / sizes[1])
    for name, columns in (
        ("spending", ["appropriated", "expended", "encumbered"]),
        ("months", ["appropriated", "expended", "encumbered"]),
        ("appropriations", ["amount", "opening_balance"]),
        ("capacity", ["hours"]),
    ):
        table = study.table(name)
        present = [column for column in columns if column in table]
        study = study.with_table(name, table.assign(**{column: table[column] * share for column in present}))
    return study.with_table("systems", kept).with_table("overrides", study.table("overrides").head(0))


def written(folder: Path, systems: int, scenarios: int, seed: int) -> Path:
    """The study with a sample of scenarios, in a folder."""
    place = write_study(smaller(erie(seed), systems), folder / "study")
    for path in (place / "scenarios").glob("*.yaml"):
        path.unlink()
    ranges = {"discount_rate": [0.01, 0.06], "appropriation.all": ["+0%", "+10%"]}
    sample = {"count": scenarios, "seed": seed, "ranges": ranges}
    family = {"name": "futures", "why": "A benchmark.", "sample": sample}
    (place / "scenarios" / "futures.yaml").write_text(yaml.safe_dump(family, sort_keys=False))
    return place


def timed(commands: Sequence[Sequence[object]]) -> float:
    """Seconds until all of these commands, started at once, have ended."""
    alone = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    began = perf_counter()
    running = [subprocess.Popen([sys.executable, *map(str, c)], env=alone, stdout=subprocess.DEVNULL) for c in commands]
    codes = [process.wait() for process in running]
    if any(codes):
        raise SystemExit(f"A run ended with {codes}: choose other scenarios, for failures would be timed too.")
    return perf_counter() - began


def main() -> None:
    """Time one and two workers, and one and two plain processes; print the share."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--systems", type=int, default=200)
    parser.add_argument("--scenarios", type=int, default=8)
    parser.add_argument("--gap", type=float, default=1e-2)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="reallot-bulk-") as holding:
        folder = Path(holding)
        place = written(folder, asked.systems, asked.scenarios, asked.seed)
        names = list(scenarios_of(read_study(place)))
        how = ("--gap", asked.gap, "--seconds", asked.seconds)
        ours = [
            timed([("-m", "reallot", "run", place, "--out", folder / f"run{n}", "--workers", n, *how)]) for n in (1, 2)
        ]
        same = (folder / "run1" / RUNS).read_bytes() == (folder / "run2" / RUNS).read_bytes()
        plain = [
            timed(
                [("-c", PLAIN, place, folder / f"plain{n}", asked.gap, asked.seconds, *names[i::n]) for i in range(n)]
            )
            for n in (1, 2)
        ]
    print(f"{asked.systems:,} systems, {len(names):,} scenarios, gap {asked.gap:g}")
    for name, (one, two) in (("reallot run", ours), ("plain processes", plain)):
        print(f"{name:16}{one:9.1f} s on one{two:9.1f} s on two   speed-up {one / two:.2f}")
    share = (ours[0] / ours[1]) / (plain[0] / plain[1])
    print(f"share of the plain speed-up: {share:.0%} (goal: at least 85 % at 1,000 systems and 300 scenarios)")
    print(f"the tables of one and two workers {'have the same bytes' if same else 'DIFFER'}")


if __name__ == "__main__":
    main()
