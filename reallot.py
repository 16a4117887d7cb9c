"""The command line: a thin layer that reads arguments, calls the packages and prints.

Heavy packages are imported inside the commands, so that `reallot --help` answers at once.
"""

from __future__ import annotations

import contextlib
import errno
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.pipeline import Progress
    from scenarios.results import Results

DONE, BAD_INPUT, NO_PLAN_EXISTS, NONE_FOUND = 0, 2, 3, 4
"""Exit codes: 2 bad input or usage, 3 no plan can exist, 4 none found in the time given."""
BROKEN_OFF = 130
"""Exit code after Ctrl-C."""
NEXT = {"sample": "plan", "blank": "check"}
"""The command that follows a new study, by where it came from; a story is run."""
CODES = {"fault": 1, "bad input": BAD_INPUT, "no plan exists": NO_PLAN_EXISTS, "none found": NONE_FOUND}
"""Exit code of each kind of failure (`scenarios.workers`); of several failures the lowest counts."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Forecast a government's IT budget, prove a modernization plan, and see both in a browser.",
)

Folder = Annotated[Path, typer.Argument(help="A study: its folder, or its xlsx workbook.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results, one folder a scenario inside.")]
Json = Annotated[bool, typer.Option("--json", help="Print the summary as JSON to standard output, and nothing else.")]
Seconds = Annotated[float, typer.Option("--seconds", min=0.1, help="Longest time to look for a plan.")]
Gap = Annotated[float, typer.Option("--gap", min=0.0, max=1.0, help="Proven gap at which to stop: 0.001 is 0.1 %.")]
Solver = Annotated[str, typer.Option("--solver", help="HiGHS, or any other solver that PuLP finds here.")]

Record = Annotated[str, typer.Option("--database", help="Record the runs: a file (SQLite), or a URL of PostgreSQL.")]
Database = Annotated[str, typer.Option("--database", help="Where runs were recorded: a file, or a URL.")]

SolverOptions = Annotated[
    list[str] | None,
    typer.Option("--solver-option", help="An option of the solver as NAME=VALUE, by its own name; may be repeated."),
]


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where to put the study and its results.")] = Path("demo"),
    serve: Annotated[bool, typer.Option(help="Open the dashboard at the end.")] = True,
    port: Annotated[int, typer.Option(help="Port of the dashboard.")] = 8050,
) -> None:
    """Make the sample state, plan it, print the plan, open the dashboard."""
    from scenarios.sample import erie
    from scenarios.study import read_study, write_study

    place = folder / "erie"
    if not place.exists():
        write_study(erie(), place)
    results = _plan(read_study(place), "baseline", folder / "results")
    _print_results(results)
    if serve:
        _serve(folder / "results", "127.0.0.1", port, browse=True)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Where to write the study: a new folder, or a name ending in .xlsx.")],
    origin: Annotated[
        str,
        typer.Option("--from", help="What to start from: sample, a story (ohio, california, roundtable), or blank."),
    ] = "blank",
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is made up.")] = 0,
) -> None:
    """Write a new study: the made-up sample state, a story of the library, or empty tables to fill."""
    from scenarios.library.stories import NAMES, story
    from scenarios.sample import blank, erie
    from scenarios.study import write_study

    origins = ("sample", *NAMES, "blank")
    if origin not in origins:
        raise typer.BadParameter(
            f"{origin!r} is no starting point. Write one of: {', '.join(origins)}.", param_hint="--from"
        )
    made = blank() if origin == "blank" else erie(seed) if origin == "sample" else story(origin).study(seed)
    written = write_study(made, folder)
    _say(f"Wrote {written}. Next: reallot {NEXT.get(origin, 'run')} {written}")


@app.command("story")
def tell_story(
    name: Annotated[str, typer.Argument(help="A story of the library: ohio, california or roundtable.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to keep its study, its results and story.csv in.")
    ] = None,
    results: Annotated[
        Path | None, typer.Option("--results", help="Tell it from results of its study that are there already.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=1024, help="Local processes to plan on.")] = 1,
    as_json: Json = False,
) -> None:
    """Run a story of the library and print what was published beside what is simulated."""
    from scenarios.library.stories import tell, told_of

    if results and out:
        raise typer.BadParameter("Name --out or --results, not both.", param_hint="--results")
    with _progress() as progress:
        told = told_of(name, results) if results else tell(name, out, workers=workers, progress=progress)
    _say(json.dumps(told.json(), indent=2, allow_nan=False) if as_json else str(told))
    if out and not as_json:
        _say(f"Wrote {out / 'study'}, {out / 'results'} and {out / 'story.csv'}. Next: reallot serve {out / 'results'}")


@app.command("import")
def import_files(
    files: Annotated[
        list[Path], typer.Argument(help="Server inventories (RVTools), ledgers, or a workbook of tables.")
    ],
    into: Annotated[Path, typer.Option("--into", help="Folder of the new study.")],
    as_of: Annotated[str | None, typer.Option(help="Day from which to plan, YYYY-MM-DD.")] = None,
    name: Annotated[str, typer.Option(help="Name of the study.")] = "",
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="An assumption as NAME=VALUE, such as cost_model.labour_rate=80.")
    ] = None,
) -> None:
    """Make a study from files that are there already; what they do not hold is assumed and listed."""
    from scenarios.imported import import_study

    study = import_study(files, into, as_of=as_of, name=name, changes=_numbers(changes or []))
    systems, spending = study.table("systems"), study.table("spending")
    _say(f"Wrote {into}: {len(systems):,} systems, {len(spending):,} rows of history.")
    for table, column, value, _, reason in study.assumed.astype(str).itertuples(index=False, name=None):
        _say(f"  assumed {table}.{column}: {value or reason}")
    _warn(study.warnings)
    _say(f"Next: reallot check {into}, then reallot plan {into}")


@app.command()
def check(
    folder: Folder,
    errors: Annotated[Path | None, typer.Option(help="Folder for the wrong rows, each with its error.")] = None,
) -> None:
    """Say everything that is wrong with a study, all at once."""
    from scenarios.errors import StudyError
    from scenarios.expand import check_scenarios
    from scenarios.study import read_study, wrong_rows

    try:
        study = read_study(folder)
    except StudyError as error:
        if errors:
            errors.mkdir(parents=True, exist_ok=True)
            for table, rows in wrong_rows(folder, error.problems).items():
                rows.to_csv(errors / f"{table}.csv", index=False)
        raise
    planned = check_scenarios(study)
    for table, frame in study.tables.items():
        _say(f"{table}: {len(frame):,} rows")
    _say(f"scenarios: {planned:,} to plan")
    _warn(study.warnings)
    _say(f"{study.facts.name}: nothing wrong. {len(study.assumed)} columns were filled from defaults.")


@app.command()
def forecast(
    source: Annotated[Path, typer.Argument(help="A spending table (CSV, Parquet or xlsx), or a study.")],
    out: Annotated[Path, typer.Option("--out", help="File for the outlook: .csv, .parquet or .xlsx.")],
    horizon: Annotated[int, typer.Option(min=1, max=120, help="Periods ahead.")] = 5,
    levels: Annotated[
        str, typer.Option(help="Chances, in percent, that an amount lies within its interval.")
    ] = "80,95",
    paths: Annotated[int, typer.Option(min=0, help="Joint sample paths of all lines, in a file beside it.")] = 0,
    season: Annotated[int | None, typer.Option(min=1, max=366, help="Periods of a year, for plain numbers.")] = None,
    freq: Annotated[str | None, typer.Option(help="Frequency of dates as pandas names it: Y-JUN, Q-JUN, M.")] = None,
    amount: Annotated[str | None, typer.Option(help="Column of amounts; by default amount or expended.")] = None,
    period: Annotated[str, typer.Option(help="Column of periods.")] = "period",
    keys: Annotated[str | None, typer.Option(help="Columns that tell lines apart, as a,b; rows are added up.")] = None,
    like: Annotated[str, typer.Option(help="Keys that lines must share to be alike, as a,b.")] = "",
    appropriations: Annotated[
        Path | None, typer.Option(help="What was and is appropriated: keys, period, amount. Evidence of what is spent.")
    ] = None,
    index: Annotated[
        Path | None, typer.Option(help="Escalators or prices that lines follow: keys, period, index.")
    ] = None,
    overrides: Annotated[
        Path | None, typer.Option(help="Set by hand: keys, period, amount, reason, author, date.")
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="Write scores, weights and treatments beside it.")] = False,
    boost: Annotated[bool, typer.Option("--boost", help="Let gradient boosting join the models.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything drawn at random.")] = 0,
) -> None:
    """Forecast spending if nothing changes, with intervals and the back-test beside the naive rival."""
    import forecast as forecaster
    from scenarios.imported import read_spending_table

    if not all(level.strip().isdigit() for level in levels.split(",")):
        raise typer.BadParameter("Write whole percentages such as 80,95.", param_hint="--levels")
    spending = read_spending_table(source, amount=amount, period=period, keys=_names(keys), freq=freq)
    _warn(spending.attrs.get("notices", ()))
    outlook = forecaster.outlook(
        spending,
        horizon=horizon,
        levels=tuple(int(level) for level in levels.split(",")),
        like=_names(like) or (),
        season=season,
        appropriations=_table(appropriations),
        index=_table(index),
        overrides=_table(overrides),
        boost=boost,
        seed=seed,
    )
    written = forecaster.write_outlook(outlook, out, details=details, paths=paths, seed=seed)
    _say(str(outlook))
    _say(f"Wrote {', '.join(str(path) for path in written)}.")


def _names(text: str | None) -> list[str] | None:
    """Names that were written as a,b; None where nothing was."""
    return [name.strip() for name in text.split(",") if name.strip()] if text else None


def _table(path: Path | None) -> pd.DataFrame | None:
    """A table that was named, its cells as they stand."""
    from forecast.opening import read_cells

    return None if path is None else read_cells(path)


@app.command()
def plan(
    folder: Folder,
    out: Out,
    scenario: Annotated[str, typer.Option(help="Scenario of the study to plan.")] = "baseline",
    as_json: Json = False,
    seconds: Seconds = 60.0,
    gap: Gap = 1e-3,
    solver: Solver = "HiGHS",
    solver_options: SolverOptions = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write each table as Parquet too.")] = False,
    database: Record = "",
) -> None:
    """Plan what moves, how and when, with a proven gap; write the results."""
    from optimizer import read_solver_options
    from scenarios.study import read_study

    options = read_solver_options(solver, solver_options or [])
    results = _plan(
        read_study(folder),
        scenario,
        out,
        seconds=seconds,
        gap=gap,
        solver=solver,
        solver_options=options,
        parquet=parquet,
    )
    recorded = _record(database, [results.folder], folder)
    if as_json:
        sys.stdout.write(json.dumps(dict(results.summary), indent=2) + "\n")
    else:
        _print_results(results)
        _say(f"{recorded}Wrote {results.folder}. Next: reallot serve {out}")


@app.command("run")
def run_scenarios(
    folder: Folder,
    out: Out,
    workers: Annotated[int, typer.Option("--workers", min=1, max=1024, help="Local processes to plan on.")] = 1,
    cluster: Annotated[str, typer.Option(help="Address of a Dask scheduler, in place of local processes.")] = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep what an earlier run finished, if it fits still.")
    ] = False,
    seconds: Seconds = 60.0,
    gap: Gap = 1e-3,
    database: Record = "",
) -> None:
    """Plan every scenario of a study, grids and samples included; one table of all results."""
    from scenarios.batch import FAILURES, RUNS, run_study

    try:
        with _counting() as tell:
            batch = run_study(
                folder, out, workers=workers, cluster=cluster, resume=resume, gap=gap, seconds=seconds, tell=tell
            )
    except KeyboardInterrupt:
        sys.stderr.write(
            f"Broken off. What is finished is in {out}. Go on: reallot run {folder} --out {out} --resume\n"
        )
        raise typer.Exit(BROKEN_OFF) from None
    _say(str(batch))
    recorded = _record(database, [out / name for name in batch.done], folder)
    _say(f"{recorded}Wrote {out / RUNS} and {out / FAILURES}. Next: reallot compare {out}")
    if batch.failures:
        raise typer.Exit(min(CODES[failure.kind] for failure in batch.failures))


def _record(database: str, folders: Sequence[Path], study: Path) -> str:
    """Records runs where a database is named; says so."""
    if not database:
        return ""
    from scenarios.store import Store

    store = Store(database)
    runs = [store.record(folder, study) for folder in folders]
    return f"Recorded {f'run {runs[0].id}' if len(runs) == 1 else f'{len(runs):,} runs'}. "


@app.command()
def runs(
    database: Database = "reallot.db",
    scenario: Annotated[str, typer.Option(help="Only runs of this scenario.")] = "",
    as_json: Json = False,
) -> None:
    """List the runs that were recorded, the latest last."""
    from scenarios.store import Store
    from scenarios.terminal import runs_text

    found = Store(database, make=False).runs(scenario)
    if as_json:
        sys.stdout.write(json.dumps([vars(run) for run in found], indent=2) + "\n")
    else:
        _say(runs_text(found))


@app.command()
def repeat(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="A run as reallot runs lists it, or its beginning.")],
    database: Database = "reallot.db",
    out: Annotated[Path | None, typer.Option("--out", help="Folder to keep the results in.")] = None,
) -> None:
    """Run a recorded run again, from what is stored, and say whether the same bytes come out."""
    from scenarios.repeat import repeat as run_again
    from scenarios.store import Store

    found = run_again(Store(database, make=False), run_id, out)
    _say(str(found))
    if not found.same:
        raise typer.Exit(BAD_INPUT)


@contextlib.contextmanager
def _counting() -> Iterator[Callable[[int, int], None] | None]:
    """A bar of scenarios on a terminal, nothing in a pipe."""
    with _progress() as progress:
        yield (lambda done, total: progress(f"{done:,} of {total:,} scenarios", done / total)) if progress else None


@app.command()
def compare(
    out: Annotated[Path, typer.Argument(help="A results folder: that of reallot run or reallot plan.")],
    to: Annotated[str, typer.Option("--to", help="Scenario that the others are held against.")] = "baseline",
    file: Annotated[Path | None, typer.Option("--out", help="Write the table too: FILE.csv or FILE.xlsx.")] = None,
    as_json: Json = False,
) -> None:
    """Hold scenarios against one of them: assumptions that differ first, results that differ second."""
    from scenarios.comparison import compare as hold
    from scenarios.terminal import comparison_text

    found = hold(out, to)
    written = found.write(file) if file else None
    if as_json:
        sys.stdout.write(json.dumps(found.json(), indent=2) + "\n")
        return
    import shutil

    _say(comparison_text(found, shutil.get_terminal_size().columns if sys.stdout.isatty() else 200).rstrip())
    if written:
        _say(f"Wrote {written}.")


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="Results of one scenario: OUT/SCENARIO.")],
    study: Annotated[Path | None, typer.Option(help="The study, where it has been moved since.")] = None,
) -> None:
    """Recompute a plan from the study's tables, without a solver, and compare every figure."""
    from scenarios.referee import verify_results

    report = verify_results(folder, study)
    _say(str(report))
    if not report.agrees:
        raise typer.Exit(BAD_INPUT)


@app.command()
def explain(
    place: Annotated[Path, typer.Argument(help="Results of one scenario: OUT/SCENARIO; for --why-not also a study.")],
    why_not: Annotated[bool, typer.Option("--why-not", help="Say what conflicts, and the least changes.")] = False,
    prices: Annotated[bool, typer.Option("--prices", help="Price the limits, each moved to confirm it.")] = False,
    alternatives: Annotated[
        bool, typer.Option("--alternatives", help="Find plans within 2 % of the best that differ most.")
    ] = False,
    frontier: Annotated[int, typer.Option(min=0, max=50, help="Levels of risk and of speed to trade cost for.")] = 0,
    replan_on: Annotated[str, typer.Option(help="Plan again from this day, YYYY-MM-DD, changing least.")] = "",
    replan_from: Annotated[
        Path | None, typer.Option(help="Results with the plan that was promised; by default these.")
    ] = None,
    scenario: Annotated[str, typer.Option(help="Scenario, where a study is named.")] = "baseline",
    study: Annotated[Path | None, typer.Option(help="The study, where it has been moved since.")] = None,
    as_json: Json = False,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="Longest time for each question.")] = 60.0,
    gap: Gap = 1e-3,
) -> None:
    """Explain a plan: what limits are worth, what else costs as little, and why there is none."""
    from scenarios.explain import Asked
    from scenarios.explain import explain as answer

    if replan_from and not replan_on:
        raise typer.BadParameter("Say from which day: --replan-on YYYY-MM-DD.", param_hint="--replan-from")
    plain = not (why_not or prices or alternatives or frontier or replan_on)
    asked = Asked(
        why_not=why_not,
        prices=prices or plain,
        alternatives=alternatives or plain,
        frontier=frontier,
        replan_from=replan_from,
        on=_day(replan_on),
        seconds=seconds,
        gap=gap,
    )
    found = answer(place, asked, study=study, scenario=scenario)
    if as_json:
        sys.stdout.write(json.dumps(found.json(), indent=2) + "\n")
    else:
        _say("\n".join(found.text))
    if not found.possible:
        raise typer.Exit(NO_PLAN_EXISTS)


@app.command()
def simulate(
    place: Annotated[Path, typer.Argument(help="Results of one scenario: OUT/SCENARIO.")],
    futures: Annotated[
        int | None, typer.Option("--futures", min=1, max=1_000_000, help="How many; by default the parameter futures.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Seed of all that is drawn; by default the study's.")
    ] = None,
    study: Annotated[Path | None, typer.Option(help="The study, where it has been moved since.")] = None,
    drivers: Annotated[bool, typer.Option(help="Say what widens the spread, by turning each source off.")] = True,
    replans: Annotated[
        int,
        typer.Option(
            "--replans", min=0, max=2500, help="Solve so many of the futures anew each fiscal year, and with foresight."
        ),
    ] = 0,
    replan_seconds: Annotated[
        float, typer.Option("--replan-seconds", min=0, help="After about this long begin no further ones.")
    ] = 600.0,
    reserve_for: Annotated[
        float | None,
        typer.Option(help="Find instead the reserve that keeps all appropriations with this chance, such as 0.9."),
    ] = None,
    reserve_of: Annotated[
        str, typer.Option(help="With --reserve-for: keep more free of this fund only, such as it_capital.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Play a plan and its rivals against the same futures: chances to stay within appropriation, cost, units."""
    from scenarios.futures.run import simulate as play
    from scenarios.futures.run import summary_text

    if reserve_for is not None:
        from scenarios.futures.reserve import TRIED_ON, find_reserve

        with _progress() as progress:
            reserve = find_reserve(
                place,
                reserve_for,
                futures=futures or TRIED_ON,
                seed=seed,
                study=study,
                fund=reserve_of,
                progress=progress,
            )
        _say(json.dumps(reserve.json(), indent=2, allow_nan=False) if as_json else str(reserve))
        return
    with _progress() as progress:
        found = play(
            place,
            futures=futures,
            seed=seed,
            study=study,
            drivers=drivers,
            replans=replans,
            replan_seconds=replan_seconds,
            progress=progress,
        )
    if as_json:
        sys.stdout.write(json.dumps(found.json(), indent=2, allow_nan=False) + "\n")
    else:
        _say(summary_text(found))
        _say(f"Wrote risk.csv, drivers.csv and futures.json into {place}.")


@app.command("fit-overruns")
def fit_past(
    file: Annotated[
        Path,
        typer.Argument(help="Past projects: first_budget, last_budget; perhaps start_date, first_date, last_date."),
    ],
    as_json: Json = False,
) -> None:
    """Fit the overruns that futures are drawn from to past projects, say how well, and print what to set."""
    from scenarios.futures.fit import fit_overruns

    found = fit_overruns(file)
    _say(json.dumps(found.json(), indent=2, allow_nan=False) if as_json else str(found))


def _day(text: str) -> str:
    """A day that was written as YYYY-MM-DD."""
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day. Write YYYY-MM-DD.", param_hint="--replan-on") from None


@app.command()
def export(
    place: Annotated[
        Path, typer.Argument(help="A results folder, or the results of one scenario; for mps and lp also a study.")
    ],
    to: Annotated[str, typer.Option("--to", help="Format: xlsx, or mps or lp for the model.")],
    scenario: Annotated[str, typer.Option(help="Scenario, where a study is named.")] = "baseline",
    study: Annotated[Path | None, typer.Option(help="The study, where it has been moved since.")] = None,
) -> None:
    """Write results as a workbook with live formulas, or the model behind them for any solver."""
    from scenarios.export import FORMATS
    from scenarios.export import export as write

    if to not in FORMATS:
        raise typer.BadParameter(f"{to!r} is no format. Write one of: {', '.join(FORMATS)}.", param_hint="--to")
    for path in write(place, to, study=study, scenario=scenario):
        _say(f"Wrote {path}.")


@app.command()
def serve(
    folder: Annotated[Path, typer.Argument(help="A results folder, or a study.")] = Path(),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8050,
) -> None:
    """Show results in a browser."""
    _serve(folder, host, port, browse=False)


def _numbers(settings: list[str]) -> dict[str, float]:
    """`name=value` pairs."""
    found = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise typer.BadParameter(f"{setting!r} is not NAME=NUMBER.", param_hint="--set") from None
    return found


def _serve(folder: Path, host: str, port: int, *, browse: bool) -> None:
    from dashboard.app import refuse_foreign
    from dashboard.app import serve as serve_dashboard

    try:
        refuse_foreign(host)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--host") from None
    address = f"http://{host}:{port}/"
    _say(f"Serving {folder} at {address} (Ctrl-C ends it)")
    sys.stdout.flush()
    if browse:
        import threading
        import webbrowser

        opening = threading.Timer(1.5, webbrowser.open, [address])
        opening.daemon = True
        opening.start()
    try:
        serve_dashboard(folder, host, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise typer.BadParameter(f"Port {port} is in use. Name another one.", param_hint="--port") from None


def _plan(study: Any, scenario: str, out: Path, **asked: Any) -> Results:
    from scenarios.pipeline import plan_study

    with _progress() as progress:
        return plan_study(study, scenario, out, progress=progress, **asked)


@contextlib.contextmanager
def _progress() -> Iterator[Progress | None]:
    """A bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Reading", total=1.0)
        yield lambda stage, share: bar.update(task, description=stage, completed=share)


def _print_results(results: Results) -> None:
    from scenarios.terminal import summary_text

    _say(summary_text(results))
    for warning in results.summary["warnings"]:
        _say(f"note: {warning}")


def _warn(warnings: Sequence[object]) -> None:
    for warning in warnings:
        _say(f"note: {warning}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _exit_code(error: Exception) -> int | None:
    """The exit code of an error that a user can do something about; None for a fault of this program."""
    from scenarios.workers import FAULT, kind_of

    kind = kind_of(error)
    return None if kind == FAULT else CODES[kind]


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and ends with its exit code; errors become sentences on standard error."""
    try:
        app(arguments, standalone_mode=True)
    except Exception as error:
        code = _exit_code(error)
        if code is None:
            raise
        sys.stderr.write(f"{error}\n")
        sys.exit(code)


if __name__ == "__main__":
    main()
