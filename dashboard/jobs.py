"""Long work: a table of jobs, a child process for each, and words for what has become of it.

A page knows a job by its id alone, so it survives a reload, a closed tab and a restart of the server.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

from sqlalchemy import Column, Float, MetaData, String, Table, Text, create_engine, insert, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
OPEN = (WAITING, RUNNING)
STALE = 90.0
"""Seconds without a heartbeat after which a worker that another server started counts as dead."""

_META = MetaData()
JOBS = Table(
    "jobs",
    _META,
    Column("id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("percent", Float, nullable=False),
    Column("stage", String(200), nullable=False),
    Column("heartbeat", Float, nullable=False),
    Column("request", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("error", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Job:
    """One job, as its row says it stands."""

    id: str
    state: str
    percent: float
    stage: str
    heartbeat: float
    request: Mapping[str, Any]
    result: str
    error: str

    @property
    def is_open(self) -> bool:
        """Whether it may still change."""
        return self.state in OPEN


def engine(database: Path | str) -> Engine:
    """The database of jobs: a file, or an SQLAlchemy URL."""
    url = str(database)
    if "://" not in url:
        Path(url).parent.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{url}"
    found = create_engine(url, poolclass=NullPool, connect_args={"timeout": 30} if url.startswith("sqlite") else {})
    _META.create_all(found)
    return found


class Jobs:
    """The jobs of one database, and the child processes that this server has started."""

    def __init__(self, database: Path | str) -> None:
        self.database = str(database)
        self._engine: Engine | None = None
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def engine(self) -> Engine:
        """The database, opened when first needed: looking at results leaves no file behind."""
        if self._engine is None:
            self._engine = engine(self.database)
        return self._engine

    def submit(self, request: Mapping[str, Any]) -> str:
        """Starts a job in a process of its own; returns the id to ask for it by."""
        name = uuid.uuid4().hex[:12]
        with self.engine.begin() as connection:
            row = {"id": name, "state": WAITING, "percent": 0.0, "stage": "starting", "heartbeat": time()}
            connection.execute(insert(JOBS).values(**row, request=json.dumps(request), result="", error=""))
        self._children[name] = subprocess.Popen(
            [sys.executable, "-m", "dashboard.worker", self.database, name],
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return name

    def read(self, name: str) -> Job | None:
        """A job as it stands now; a worker that has fallen silent has failed. None if there never was one."""
        if not name or (self._engine is None and "://" not in self.database and not Path(self.database).exists()):
            return None
        job = find(self.engine, name)
        if job is not None and job.is_open and self._has_died(job):
            job = find(self.engine, name)
            if job is not None and job.is_open:
                change(
                    self.engine, name, state=FAILED, error="The planning process ended without an answer. Plan again."
                )
                job = find(self.engine, name)
        if job is not None and not job.is_open:
            self._reap(name)
        return job

    def cancel(self, name: str) -> None:
        """Ends a job's own process and nothing else; one that another server started sees its row and ends itself."""
        job = self.read(name)
        if job is None or not job.is_open:
            return
        change(self.engine, name, state=CANCELLED, stage="cancelled")
        child = self._children.get(name)
        if child is not None and child.poll() is None:
            _end(child)
        self._reap(name)

    def wait(self, name: str, seconds: float = 60) -> None:
        """Waits until a job's own process has ended."""
        if name in self._children:
            self._children[name].wait(seconds)
            self._reap(name)

    def _has_died(self, job: Job) -> bool:
        child = self._children.get(job.id)
        return time() - job.heartbeat > STALE if child is None else child.poll() is not None

    def _reap(self, name: str) -> None:
        child = self._children.get(name)
        if child is not None and child.poll() is not None:
            del self._children[name]


def change(database: Engine, name: str, **values: Any) -> bool:
    """Changes an open job's row; False when it is open no longer."""
    with database.begin() as connection:
        found = connection.execute(update(JOBS).where(JOBS.c.id == name, JOBS.c.state.in_(OPEN)).values(**values))
        return bool(found.rowcount)


def find(database: Engine, name: str) -> Job | None:
    """A job's row; None where there is none."""
    with database.connect() as connection:
        row = connection.execute(select(JOBS).where(JOBS.c.id == name)).mappings().first()
    return None if row is None else Job(**{**row, "request": json.loads(row["request"])})


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ends a child and the solver that it may have started, by the child's own id."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGTERM)
        else:
            child.terminate()
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(5)
    except ProcessLookupError:
        child.wait(5)
