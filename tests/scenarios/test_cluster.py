"""Scenarios on a Dask cluster: a real scheduler and two workers on loopback, one of which is killed midway."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from scenarios.batch import RUNS, run_study
from scenarios.errors import StudyError
from scenarios.study import write_study
from tests.scenarios.studies import small_study

pytest.importorskip("distributed", reason="no Dask here: pip install 'reallot[cluster]'")
ROOT = Path(__file__).parents[2]
GRID = """name: rates
why: What if rates differ?
sweep: {discount_rate: [0.02, 0.03, 0.04, 0.05, 0.06]}
"""


@contextmanager
def started(*arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """One of Dask's own commands, ended with the test."""
    command = [sys.executable, "-m", "dask", *map(str, arguments)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(port: int) -> None:
    """Until something listens on a port of this machine."""
    for _ in range(3000):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("the scheduler did not start")


def test_a_cluster_that_loses_a_worker_gives_the_same_table(tmp_path: Path) -> None:
    place = write_study(small_study(systems=8), tmp_path / "study")
    (place / "scenarios" / "rates.yaml").write_text(GRID)
    alone = run_study(place, tmp_path / "alone", gap=1e-2)
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    worker = ("worker", address, "--host", "127.0.0.1", "--nthreads", 1, "--no-nanny", "--no-dashboard")
    with ExitStack() as running:
        running.enter_context(started("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"))
        wait_for(port)
        doomed, _ = (
            running.enter_context(started(*worker, "--local-directory", tmp_path / name)) for name in ("one", "two")
        )

        def kill_midway() -> None:
            while len(list((tmp_path / "shared").glob("[a-z]*/summary.json"))) < 2 and doomed.poll() is None:
                time.sleep(0.01)
            doomed.kill()

        watching = threading.Thread(target=kill_midway, daemon=True)
        watching.start()
        batch = run_study(place, tmp_path / "shared", cluster=address, gap=1e-2)
        watching.join(timeout=60)
        assert doomed.poll() is not None
    assert batch.failures == ()
    assert batch.done == alone.done
    assert (tmp_path / "shared" / RUNS).read_bytes() == (tmp_path / "alone" / RUNS).read_bytes()


def test_a_cluster_that_does_not_answer_is_said(tmp_path: Path) -> None:
    place = write_study(small_study(), tmp_path / "study")
    with pytest.raises(StudyError, match="does not answer"):
        run_study(place, tmp_path / "out", cluster=f"tcp://127.0.0.1:{free_port()}")
