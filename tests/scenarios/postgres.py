"""A PostgreSQL server for tests: on loopback, in a folder of its own, as an unprivileged user, ended by the test."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PASSWORD = "for-tests-only"


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`; None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((p for p in reversed(places) if (p / "initdb").exists() and (p / "postgres").exists()), None)


def _user() -> pwd.struct_passwd | None:
    """Who runs the server where the tests run as root, which PostgreSQL refuses; None for whoever runs the tests."""
    return pwd.getpwnam("nobody") if os.getuid() == 0 else None


@contextmanager
def server() -> Iterator[str]:
    """The URL of a database on a fresh server."""
    bin_, user = programs(), _user()
    assert bin_ is not None
    folder = Path(tempfile.mkdtemp(prefix="reallot-postgres-"))
    try:
        (folder / "password").write_text(PASSWORD)
        if user is not None:
            for path in (folder, folder / "password"):
                os.chown(path, user.pw_uid, user.pw_gid)
        as_user: dict[str, Any] = (
            {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        )
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **as_user}
        data = folder / "data"
        make: list[str | Path] = [
            bin_ / "initdb",
            "-D",
            data,
            "-U",
            "tester",
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        ]
        subprocess.run([*make, f"--pwfile={folder / 'password'}"], check=True, **quiet)
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        run: list[str | Path] = [bin_ / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder, "-F"]
        process: subprocess.Popen[bytes] = subprocess.Popen(run, **quiet)
        try:
            url = f"postgresql://tester:{PASSWORD}@127.0.0.1:{port}/postgres"
            _wait(url, process)
            yield url
        finally:
            process.send_signal(2)
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    import psycopg

    for _ in range(600):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert process.poll() is None, "PostgreSQL ended at once"
            time.sleep(0.05)
        else:
            return
    raise AssertionError("PostgreSQL did not start")
