"""Who plans scenarios in bulk: local processes, or the workers of a Dask cluster. Each does one scenario at a time.

A worker reads the study and makes its outlook once, for all scenarios that it plans.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any

from scenarios.errors import Problem, StudyError

BAD_INPUT, NO_PLAN_EXISTS, NONE_FOUND, FAULT = "bad input", "no plan exists", "none found", "fault"
"""What can become of a scenario without results; a fault is one of this program or of the machine."""

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

_Inputs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Task:
    """One scenario to plan: study, folder of results, name, how to search, and the hashes of the study's files."""

    place: str
    out: str
    name: str
    asked: dict[str, Any]
    inputs: _Inputs


@dataclass(frozen=True, slots=True)
class Failure:
    """A scenario without results, and why."""

    scenario: str
    kind: str
    message: str


Take = Callable[[str, Failure | None], None]
"""Called with a scenario's name and what went wrong with it, if anything did."""


def kind_of(error: BaseException) -> str:
    """Which sort of failure an error is; `fault` where a user can do nothing about it."""
    from forecast import ForecastError
    from optimizer import DataError, InfeasiblePlan, NoPlanFound, UnknownSolver, UnknownSolverOption

    if isinstance(error, InfeasiblePlan):
        return NO_PLAN_EXISTS
    if isinstance(error, NoPlanFound):
        return NONE_FOUND
    wrong = (StudyError, ForecastError, DataError, UnknownSolver, UnknownSolverOption, OSError)
    return BAD_INPUT if isinstance(error, wrong) else FAULT


def work(task: Task) -> Failure | None:
    """Plans one scenario and writes its folder; what went wrong, or None."""
    from scenarios.pipeline import plan_scenario, write_rival
    from scenarios.results import RIVAL

    try:
        study, outlook = _opened(task.place, task.inputs)
        if task.name == RIVAL:
            write_rival(study, outlook, task.out, task.asked)
        else:
            plan_scenario(study, task.name, outlook, task.out, task.asked)
    except Exception as error:
        kind = kind_of(error)
        said = str(error) if kind != FAULT else f"{type(error).__name__}: {error}"
        return Failure(task.name, kind, said)
    return None


@lru_cache(maxsize=1)
def _opened(place: str, inputs: _Inputs) -> tuple[Any, Any]:
    """The study and its outlook, read once a process."""
    from scenarios.expected import outlook_of
    from scenarios.results import input_hashes
    from scenarios.study import read_study

    if tuple(sorted(input_hashes(Path(place)).items())) != inputs:
        said = "Run again once it is settled: reallot run DIR --out OUT --resume"
        raise StudyError([Problem(place, "has changed since the run began", said)])
    study = read_study(place)
    return study, outlook_of(study)


def on_processes(tasks: Sequence[Task], workers: int, take: Take) -> None:
    """Plans on local processes of one thread each.

    Where a process dies (out of memory, killed), what was under way is tried once more, one by one; what then dies
    again is a failure.
    """
    waiting, shaky = list(tasks), list[Task]()
    with _single_threaded():
        while waiting:
            lost = _through_pool(waiting, workers, take)
            waiting = [task for task in waiting if task.name not in lost.settled and task not in lost.under_way]
            shaky += lost.under_way
        for task in shaky:
            if _through_pool([task], 1, take).under_way:
                take(task.name, Failure(task.name, FAULT, "its process ended (killed, or out of memory), twice"))


@dataclass
class _Lost:
    settled: set[str]
    under_way: list[Task]


def _through_pool(tasks: Sequence[Task], workers: int, take: Take) -> _Lost:
    """Plans until all is done or a process dies; what was then under way. Each process is handed one task at a time."""
    waiting = list(reversed(tasks))
    under_way: dict[Future[Failure | None], Task] = {}
    settled: set[str] = set()
    pool = ProcessPoolExecutor(min(workers, len(tasks)), mp_context=get_context("spawn"), initializer=_begin)
    try:
        while waiting or under_way:
            while waiting and len(under_way) < workers:
                task = waiting.pop()
                under_way[pool.submit(work, task)] = task
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                failure = future.result()
                task = under_way.pop(future)
                settled.add(task.name)
                take(task.name, failure)
    except BrokenProcessPool:
        return _Lost(settled, [task for task in under_way.values() if task.name not in settled])
    except BaseException:
        _end(pool)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return _Lost(settled, [])


def _end(pool: ProcessPoolExecutor) -> None:
    """Ends the pool's processes at once: what they have not finished is not wanted any more."""
    for process in list((pool._processes or {}).values()):
        process.terminate()


def _begin() -> None:
    """What a process does first: leave Ctrl-C to its parent, and end when that is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Processes that start here do their linear algebra in one thread: the same sums, whatever the machine."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def on_cluster(tasks: Sequence[Task], address: str, take: Take) -> None:
    """Plans on an existing Dask cluster whose workers see the same folders. A worker that dies costs only time.

    Raises:
        StudyError: Dask is not installed, or nothing answers at the address.
    """
    try:
        from distributed import Client, as_completed
    except ImportError:
        said = "Install it: pip install 'reallot[cluster]'"
        raise StudyError([Problem("--cluster", "needs Dask", said)], "The cluster cannot be used") from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, ImportError):
        said = "Start one: dask scheduler; then, for each core, dask worker ADDRESS --nthreads 1"
        problem = Problem("--cluster", "does not answer", said, value=address)
        raise StudyError([problem], "The cluster cannot be used") from None
    with client:
        futures = {client.submit(work, task, pure=False): task for task in tasks}
        try:
            for future in as_completed(list(futures), loop=client.loop):
                error = future.exception()
                name = futures[future].name
                said = f"{type(error).__name__}: {error}"
                take(name, future.result() if error is None else Failure(name, FAULT, said))
        except BaseException:
            client.cancel(list(futures))
            raise
