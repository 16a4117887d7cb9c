"""The store: scenarios, runs and manifests in a database, so that a run is found, repeated and compared later.

SQLite in a file, or PostgreSQL by URL; the schema is that of the migrations beside this file. What went into a run
is stored as compressed bytes, each file once, so that a run can be repeated when its study has changed since.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ForeignKey, LargeBinary, MetaData, String, Table, Text, create_engine, insert, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from scenarios.errors import Problem, StoreError
from scenarios.results import digest, input_hashes, read_json, read_results

META = MetaData()
SCENARIOS = Table(
    "scenarios",
    META,
    Column("digest", String(64), primary_key=True),
    Column("name", String(200), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("body", Text, nullable=False),
)
RUNS = Table(
    "runs",
    META,
    Column("id", String(16), primary_key=True),
    Column("recorded_at", String(32), nullable=False, index=True),
    Column("study", String(200), nullable=False, index=True),
    Column("scenario", String(64), ForeignKey("scenarios.digest"), nullable=False, index=True),
    Column("place", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("manifest", Text, nullable=False),
    Column("summary", Text, nullable=False),
)
BLOBS = Table(
    "blobs",
    META,
    Column("digest", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
FILES = Table(
    "files",
    META,
    Column("run", String(16), ForeignKey("runs.id"), primary_key=True),
    Column("side", String(8), primary_key=True),
    Column("path", String(500), primary_key=True),
    Column("digest", String(64), nullable=False),
)
IN, OUT = "in", "out"
"""The sides of a run's files: what went in (kept as bytes), what came out (kept as hashes)."""


@dataclass(frozen=True)
class Run:
    """A run that was recorded: one scenario of one study, planned once."""

    id: str
    """From its manifest and what came out: the same run recorded twice is one."""
    recorded_at: str
    """UTC, ISO 8601."""
    study: str
    scenario: str
    place: str
    """Where the study was."""
    folder: str
    """Where the results were."""
    manifest: dict[str, Any]
    summary: dict[str, Any]


class Store:
    """A database of runs.

    Args:
        database: A file, or an SQLAlchemy URL such as `postgresql://name@host/database`.
        make: Whether a file that does not exist is made.

    Raises:
        StoreError: the database does not answer, or cannot be used.
    """

    def __init__(self, database: Path | str, *, make: bool = True) -> None:
        self.name = str(database)
        self._engine = _engine(self.name, make=make)
        with self._connection() as connection:
            _migrate(connection)

    def record(self, folder: Path | str, place: Path | str) -> Run:
        """Keeps a results folder's run, with all that went into it.

        Raises:
            StoreError: the study is no longer what the run was made from.
            ResultsError: no results in the folder.
        """
        folder, place = Path(folder).resolve(), Path(place).resolve()
        results = read_results(folder)
        manifest = dict(results.manifest)
        now = input_hashes(place)
        changed = sorted(name for name, hashed in manifest["inputs"].items() if now.get(name) != hashed)
        if changed:
            wrong = [Problem(name, "has changed since the plan was made", "Plan again") for name in changed]
            raise StoreError(wrong, f"{folder.name} cannot be recorded")
        came_out = output_hashes(folder)
        run = Run(
            _short(json.dumps([_lasting(manifest), came_out], sort_keys=True)),
            datetime.now(UTC).isoformat(timespec="seconds"),
            str(results.summary["study"]),
            str(manifest["scenario"]["name"]),
            str(place),
            str(folder),
            manifest,
            dict(results.summary),
        )
        with self._connection() as connection:
            if not connection.execute(select(RUNS.c.id).where(RUNS.c.id == run.id)).first():
                self._insert(connection, run, place, came_out)
        return run

    def _insert(self, connection: Connection, run: Run, place: Path, came_out: dict[str, str]) -> None:
        scenario = run.manifest["scenario"]
        body = json.dumps(scenario, sort_keys=True)
        own = hashlib.sha256(body.encode()).hexdigest()
        row = {"digest": own, "name": scenario["name"], "title": scenario["title"], "why": scenario["why"]}
        _once(connection, SCENARIOS, row | {"body": body})
        for name, hashed in run.manifest["inputs"].items():
            path = place if place.is_file() else place / name
            if not connection.execute(select(BLOBS.c.digest).where(BLOBS.c.digest == hashed)).first():
                content = zlib.compress(path.read_bytes())
                connection.execute(insert(BLOBS).values(digest=hashed, content=content))
        values = {"id": run.id, "recorded_at": run.recorded_at, "study": run.study, "scenario": own}
        values |= {"place": run.place, "folder": run.folder}
        values |= {"manifest": json.dumps(run.manifest), "summary": json.dumps(run.summary)}
        connection.execute(insert(RUNS).values(**values))
        sides = ((IN, run.manifest["inputs"]), (OUT, came_out))
        rows = [{"run": run.id, "side": s, "path": p, "digest": d} for s, files in sides for p, d in files.items()]
        connection.execute(insert(FILES), rows)

    def runs(self, scenario: str = "") -> list[Run]:
        """Every run that was recorded, or those of a scenario; the latest last."""
        chosen = (
            select(RUNS, SCENARIOS.c.name).join(SCENARIOS).order_by(RUNS.c.recorded_at, SCENARIOS.c.name, RUNS.c.id)
        )
        if scenario:
            chosen = chosen.where(SCENARIOS.c.name == scenario)
        with self._connection() as connection:
            return [_run(row._mapping) for row in connection.execute(chosen)]

    def run(self, name: str) -> Run:
        """A run by its id, or by as much of it as is needed.

        Raises:
            StoreError: no such run, or several.
        """
        every = self.runs()
        found = [run for run in every if name and run.id.startswith(name)]
        if len(found) == 1:
            return found[0]
        if found:
            said = Problem(_shown(self.name), "is the beginning of several runs", "Write more of it", value=name)
            raise StoreError([said])
        known = f"List its {len(every):,} runs: reallot runs --database {_shown(self.name)}"
        raise StoreError([Problem(_shown(self.name), "is no run of this database", known, value=name)])

    def restore(self, run: Run, folder: Path) -> Path:
        """Writes the study that a run was made from into a new folder; returns its place.

        Raises:
            StoreError: files of the study lay outside of it.
        """
        inside = (FILES.c.run == run.id) & (FILES.c.side == IN)
        chosen = select(FILES.c.path, BLOBS.c.content).join(BLOBS, BLOBS.c.digest == FILES.c.digest).where(inside)
        root = folder.resolve() / "study"
        with self._connection() as connection:
            for path, content in connection.execute(chosen):
                target = (root / path).resolve()
                if not target.is_relative_to(root):
                    said = "Repeat it where the study is: reallot plan DIR --out OUT"
                    raise StoreError([Problem(path, "lay outside of the study", said)], "The run cannot be repeated")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(zlib.decompress(content))
        workbooks = list(root.glob("*.xlsx"))
        return workbooks[0] if workbooks and not (root / "study.yaml").exists() else root

    def came_out(self, run: Run) -> dict[str, str]:
        """Hashes of what a run left behind, as `output_hashes`."""
        chosen = select(FILES.c.path, FILES.c.digest).where((FILES.c.run == run.id) & (FILES.c.side == OUT))
        with self._connection() as connection:
            return {str(path): str(hashed) for path, hashed in connection.execute(chosen.order_by(FILES.c.path))}

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            said = str(error.orig).strip().splitlines()[0].rstrip(".")
            remedy = "Name a file, or a database that answers: postgresql://name@host/database"
            raise StoreError([Problem(_shown(self.name), f"cannot be used ({said})", remedy)]) from None


def output_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of each file that a run writes and that must come out alike; the manifest without where the study is."""
    made = json.dumps(_lasting(read_json(folder / "manifest.json")), sort_keys=True)
    names = [p for p in sorted(folder.iterdir()) if p.suffix == ".csv" or p.name in ("flows.parquet", "summary.json")]
    found = {p.name: digest(p) for p in names if not p.name.startswith("explain_")}
    return found | {"manifest.json": hashlib.sha256(made.encode()).hexdigest()}


def _lasting(manifest: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in manifest.items() if key != "study"}


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _once(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    if not connection.execute(select(table.c.digest).where(table.c.digest == row["digest"])).first():
        connection.execute(insert(table).values(**row))


def _run(row: Any) -> Run:
    texts = {key: str(row[key]) for key in ("id", "recorded_at", "study", "place", "folder")}
    manifest, summary = json.loads(row["manifest"]), json.loads(row["summary"])
    return Run(**texts, scenario=str(row["name"]), manifest=manifest, summary=summary)


def _engine(name: str, *, make: bool) -> Engine:
    url = name
    if "://" not in name:
        if not make and not Path(name).exists():
            said = "Record runs first: reallot run DIR --out OUT --database FILE"
            raise StoreError([Problem(name, "does not exist", said)])
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{name}"
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            url = f"postgresql+psycopg://{url.removeprefix(plain)}"
    try:
        return create_engine(url, poolclass=NullPool, connect_args={"timeout": 30} if url.startswith("sqlite") else {})
    except ModuleNotFoundError:
        said = "Install it: pip install 'reallot[postgres]'"
        raise StoreError([Problem(_shown(name), "needs the driver of its database", said)]) from None
    except (ArgumentError, NoSuchModuleError, ValueError):
        said = "Name a file, or a URL such as postgresql://name@host/database"
        raise StoreError([Problem(_shown(name), "is no database", said)]) from None


def _shown(name: str) -> str:
    """A URL without its password."""
    head, at, tail = name.rpartition("@")
    return f"{head.split('://')[0]}://***@{tail}" if at and "://" in head else name


def _migrate(connection: Connection) -> None:
    """Brings the schema up to date; what is already stays."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
