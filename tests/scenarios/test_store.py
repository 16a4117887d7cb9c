"""The store, on SQLite and on PostgreSQL: runs are found again, repeated to the byte, and never half recorded."""

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import reallot
from scenarios.batch import run_study
from scenarios.errors import StoreError
from scenarios.repeat import repeat
from scenarios.results import RIVAL
from scenarios.store import META, Store
from scenarios.study import write_study
from tests.scenarios import postgres
from tests.scenarios.studies import small_study

GRID = """name: rates
why: What if rates differ?
sweep: {discount_rate: [0.02, 0.06]}
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    place = write_study(small_study(systems=8), folder / "study")
    (place / "scenarios" / "rates.yaml").write_text(GRID)
    return run_study(place, folder / "out", gap=1e-2).out


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield str(tmp_path_factory.mktemp("database") / "runs.db")
    elif postgres.programs() is None:
        pytest.skip("no PostgreSQL here: sudo apt-get install postgresql")
    elif find_spec("psycopg") is None:
        pytest.skip("no psycopg here: pip install 'reallot[postgres]'")
    else:
        with postgres.server() as url:
            yield url


@pytest.fixture(scope="module")
def store(database: str, out: Path) -> Store:
    found = Store(database)
    for name in ("baseline", "rates__discount_rate_0_02", RIVAL):
        found.record(out / name, out.parent / "study")
    return found


def test_runs_are_found_again_with_what_they_came_to(store: Store, out: Path) -> None:
    assert {run.scenario for run in store.runs()} == {"baseline", "rates__discount_rate_0_02", RIVAL}
    (run,) = store.runs("baseline")
    assert run.summary == json.loads((out / "baseline" / "summary.json").read_text())
    assert run.manifest == json.loads((out / "baseline" / "manifest.json").read_text())
    assert (Path(run.folder), store.run(run.id[:6])) == (out / "baseline", run)


def test_the_same_run_recorded_twice_is_one(store: Store, out: Path, database: str) -> None:
    before = store.runs()
    again = Store(database).record(out / "baseline", out.parent / "study")
    assert again.id == store.runs("baseline")[0].id
    assert store.runs() == before


@pytest.mark.parametrize("name", ["baseline", "rates__discount_rate_0_02", RIVAL])
def test_a_run_is_repeated_from_what_is_stored_to_the_byte(store: Store, out: Path, name: str) -> None:
    study = out.parent / "study"
    hidden = study.rename(study.with_name("gone"))
    try:
        found = repeat(store, store.runs(name)[0].id)
    finally:
        hidden.rename(study)
    assert found.same, str(found)
    assert str(found).endswith("the same bytes came out again.")


def test_what_comes_out_otherwise_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run = store.runs("baseline")[0]
    came_out = {**store.came_out(run), "plan.csv": "other"}
    older = replace(run, manifest={**run.manifest, "versions": {**run.manifest["versions"], "numpy": "1.0"}})
    monkeypatch.setattr(store, "came_out", lambda _: came_out)
    monkeypatch.setattr(store, "run", lambda _: older)
    found = repeat(store, run.id)
    assert found.differ == ("plan.csv",)
    assert "came out otherwise in plan.csv.\nnote: numpy was 1.0, is " in str(found)


def test_a_study_that_has_changed_is_not_recorded_as_what_it_was(store: Store, out: Path) -> None:
    table = out.parent / "study" / "tables" / "systems.csv"
    before = table.read_text()
    try:
        table.write_text(before + "\n")
        with pytest.raises(StoreError, match=r"tables/systems\.csv: has changed since the plan was made"):
            store.record(out / "rates__discount_rate_0_06", out.parent / "study")
    finally:
        table.write_text(before)
    assert not store.runs("rates__discount_rate_0_06")


def test_the_migrations_make_the_schema_that_the_code_expects(store: Store) -> None:
    with store._connection() as connection:
        assert compare_metadata(MigrationContext.configure(connection), META) == []


def test_the_commands_record_list_and_repeat(
    out: Path, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = str(out.parent / "study")
    said = ("run", study, "--out", str(out), "--resume", "--gap", "0.01", "--database", database)
    reallot.app(list(said), standalone_mode=False)
    assert "Recorded 4 runs." in capsys.readouterr().out
    reallot.app(["runs", "--database", database, "--json"], standalone_mode=False)
    runs = json.loads(capsys.readouterr().out)
    assert len(runs) == 4
    reallot.app(["runs", "--database", database], standalone_mode=False)
    assert all(run["id"] in capsys.readouterr().out for run in runs[:1])
    reallot.app(["repeat", runs[0]["id"], "--database", database], standalone_mode=False)
    assert "the same bytes came out again" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        reallot.main(["repeat", "zz", "--database", database])
    assert caught.value.code == 2
    refused = capsys.readouterr().err
    assert '"zz" is no run of this database. List its 4 runs: reallot runs' in refused
    assert postgres.PASSWORD not in refused


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        Store(tmp_path / "none.db", make=False)
    with pytest.raises(StoreError, match="is no database"):
        Store("oracel://here/there")
    (tmp_path / "text.db").write_text("This is a text, and no database at all." * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        Store(tmp_path / "text.db")
