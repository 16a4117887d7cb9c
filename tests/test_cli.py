"""The command line: what it prints, what it leaves behind, and how it refuses what it cannot use."""

import json
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import reallot
from scenarios.study import write_study
from tests.scenarios.studies import small_study

ROOT = Path(__file__).parents[1]
RVTOOLS = ["VM", "Powerstate", "Template", "CPUs", "Memory", "Provisioned MB", "In Use MB", "Datacenter"]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    with pytest.raises(SystemExit) as caught:
        reallot.main([str(a) for a in arguments])
    said = capsys.readouterr()
    return int(caught.value.code or 0), said.out, said.err


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_study(small_study(), tmp_path / "study")


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for command in ("demo", "new", "import", "check", "forecast", "plan", "verify", "export", "serve"):
        assert command in out


def test_help_loads_none_of_the_heavy_packages() -> None:
    heavy = {"numpy", "pandas", "pulp", "highspy", "plotly", "dash", "scipy", "sqlalchemy"}
    code = (
        "import sys, reallot\ntry:\n    reallot.main(['--help'])\nexcept SystemExit:\n    print('LOADED', *sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    loaded = set(said[said.index("LOADED") :].split())
    assert not heavy & loaded


def test_plan_verify_and_export_work_in_a_row(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "plan", study, "--out", tmp_path / "out", "--json")
    summary = json.loads(out)
    assert (code, err) == (0, "")
    assert summary["gap"] <= 1e-3
    assert summary == json.loads((tmp_path / "out" / "baseline" / "summary.json").read_text())
    code, out, _ = run(capsys, "verify", tmp_path / "out" / "baseline")
    assert code == 0
    assert out.startswith("baseline: verified.")
    code, out, _ = run(capsys, "export", tmp_path / "out", "--to", "xlsx")
    assert code == 0
    assert (tmp_path / "out" / "baseline" / "workbook.xlsx").exists()
    assert (tmp_path / "out" / "cost_to_continue" / "workbook.xlsx").exists()


def test_the_model_of_results_and_of_a_study_is_written(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(capsys, "plan", study, "--out", out)
    code, said, err = run(capsys, "export", out, "--to", "mps")
    assert (code, said, err) == (0, f"Wrote {out / 'baseline' / 'model.mps'}.\n", "")
    assert "one_fate(s00)" in (out / "baseline" / "model.mps").read_text()
    code, said, err = run(capsys, "export", study, "--to", "mps")
    assert (code, said, err) == (0, f"Wrote {study / 'model_baseline.mps'}.\n", "")
    assert (study / "model_baseline.mps").read_bytes() == (out / "baseline" / "model.mps").read_bytes()
    assert run(capsys, "verify", out / "baseline")[0] == 0
    code, _, err = run(capsys, "export", out / "cost_to_continue", "--to", "lp")
    assert code == 2
    assert "cost_to_continue: has no model, for nothing is chosen in it. Name the results of another scenario." in err
    moved = study.rename(tmp_path / "moved")
    code, _, err = run(capsys, "export", out / "baseline", "--to", "lp")
    assert code == 2
    assert "does not find its study" in err
    assert run(capsys, "export", out / "baseline", "--to", "lp", "--study", moved)[0] == 0
    change(moved, "systems", lock="rehost@2029Q4", strategies="rehost|retain")
    assert run(capsys, "export", moved, "--to", "lp")[0] == 3
    assert not (moved / "model_baseline.lp").exists()
    assert run(capsys, "export", out / "baseline", "--to", "lp", "--study", moved)[0] == 2


def test_plan_prints_a_table_for_people(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "plan", study, "--out", tmp_path / "out")
    assert (code, err) == (0, "")
    assert "Testland, Baseline (made-up data)" in out
    assert "FY2029" in out


def test_new_check_and_forecast_work_in_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "new", tmp_path / "state.xlsx", "--from", "sample")[0] == 0
    code, out, _ = run(capsys, "check", tmp_path / "state.xlsx")
    assert code == 0
    assert "systems: 2,060 rows" in out
    assert "State of Erie: nothing wrong." in out
    code, out, _ = run(capsys, "forecast", tmp_path / "state.xlsx", "--horizon", 3, "--out", tmp_path / "outlook.csv")
    assert code == 0
    assert "last value" in out
    outlook = pd.read_csv(tmp_path / "outlook.csv")
    assert sorted(outlook["period"].unique()) == [2027, 2028, 2029]


def test_forecast_says_which_years_are_not_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    months = pd.period_range("2020-03", "2025-12", freq="M").astype("str")
    pd.DataFrame({"agency": "a", "period": months, "amount": 100.0}).to_csv(tmp_path / "m.csv", index=False)
    code, out, _ = run(
        capsys, "forecast", tmp_path / "m.csv", "--freq", "Y-JUN", "--out", tmp_path / "o.csv", "--horizon", 2
    )
    assert code == 0
    notes = [line for line in out.splitlines() if line.startswith("note: ")]
    assert len(notes) == 2
    assert "2020" in notes[0]
    assert "2026" in notes[1]


def test_forecast_takes_any_long_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pd.DataFrame({"agency": "a", "period": range(2018, 2026), "amount": range(100, 108)}).to_csv(
        tmp_path / "t.csv", index=False
    )
    code, _, err = run(
        capsys, "forecast", tmp_path / "t.csv", "--horizon", 2, "--out", tmp_path / "o.csv", "--levels", "90"
    )
    assert (code, err) == (0, "")
    assert list(pd.read_csv(tmp_path / "o.csv").columns) == ["agency", "period", "mean", "lo_90", "hi_90"]


def test_check_and_plan_refuse_parameters_that_do_not_fit(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = "parameters: {methods: [itb, coperative], itb.smallest: 2.0e+7, appropriation_years: 2}\n"
    told = (study / "study.yaml").read_text().split("parameters:")[0]
    (study / "study.yaml").write_text(told + wrong)
    for command in (("check", study), ("plan", study, "--out", tmp_path / "out")):
        code, out, err = run(capsys, *command)
        said = " ".join((out + err).split())
        assert code == 2
        assert '"coperative" is no way to buy. Did you mean cooperative? Write that.' in said
        assert "is above itb.largest, 1e+07" in said
        assert '"itb" names none that may buy refactor' in said
        assert '"2" needs to know when a biennium starts' in said
    assert not (tmp_path / "out").exists()


def test_check_returns_the_wrong_rows(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(study, "systems", units=["-1", *["1"] * 11])
    code, _, err = run(capsys, "check", study, "--errors", tmp_path / "wrong")
    assert code == 2
    assert 'tables/systems.csv, row 2, column units: "-1" is below 1. Write a value of 1 or more.' in err
    assert pd.read_csv(tmp_path / "wrong" / "systems.csv")["error"].tolist() == ["units: is below 1"]


def test_a_fault_in_every_row_is_counted_and_not_poured_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = write_study(small_study(systems=60), tmp_path / "wide")
    change(study, "systems", units="none")
    code, _, err = run(capsys, "check", study, "--errors", tmp_path / "wrong")
    assert code == 2
    assert err.count('"none" is not a number') == 20
    assert "tables/systems.csv, column units: 40 more such cells, up to row 61." in err
    assert len(pd.read_csv(tmp_path / "wrong" / "systems.csv")) == 60


def test_a_port_in_use_is_named(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "plan", study, "--out", tmp_path / "out")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, str(ROOT / "reallot.py"), "serve", str(tmp_path / "out"), "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"Port {port} is in use. Name another one." in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


def test_a_study_that_changed_since_cannot_be_verified(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "plan", study, "--out", tmp_path / "out")
    change(study, "sites", annual_fixed_cost="7")
    code, _, err = run(capsys, "verify", tmp_path / "out" / "baseline")
    assert code == 2
    assert "tables/sites.csv: has changed since the plan was made. Plan again: reallot plan DIR --out OUT." in err


def change(study: Path, table: str, **columns: Any) -> None:
    path = study / "tables" / f"{table}.csv"
    pd.read_csv(path, dtype=str, keep_default_na=False).assign(**columns).to_csv(path, index=False)


def drop(study: Path, table: str, column: str) -> None:
    path = study / "tables" / f"{table}.csv"
    pd.read_csv(path, dtype=str, keep_default_na=False).drop(columns=column).to_csv(path, index=False)


def text(study: Path, name: str, content: str) -> None:
    (study / name).write_text(content)


BROKEN: dict[str, tuple[Callable[[Path], object], int, str]] = {
    "missing column": (
        lambda s: drop(s, "systems", "annual_run_cost"),
        2,
        "tables/systems.csv, column annual_run_cost: is missing.",
    ),
    "text in a number": (
        lambda s: change(s, "systems", annual_run_cost="lots"),
        2,
        'tables/systems.csv, row 13, column annual_run_cost: "lots" is not a number.',
    ),
    "unknown fund": (
        lambda s: change(s, "systems", fund="wishes"),
        2,
        "names the fund wishes, which has no appropriation",
    ),
    "need of itself": (lambda s: change(s, "dependencies", needs="s01"), 2, '"s01" needs itself. Remove the row.'),
    "negative cost": (
        lambda s: change(s, "systems", annual_run_cost="-5"),
        2,
        '"-5" is below 0. Write a value of 0 or more.',
    ),
    "negative units": (lambda s: change(s, "systems", units="-2"), 2, '"-2" is below 1'),
    "NaN": (lambda s: change(s, "systems", annual_run_cost="NaN"), 2, '"NaN" is not a number'),
    "empty table": (
        lambda s: text(s, "tables/systems.csv", "system,agency,annual_run_cost,fund\n"),
        2,
        "tables/systems.csv: has no rows.",
    ),
    "empty file": (lambda s: text(s, "tables/systems.csv", ""), 2, "tables/systems.csv: is empty."),
    "missing table": (
        lambda s: (s / "tables/systems.csv").unlink(),
        2,
        "tables/systems.csv: is missing. Add the table systems",
    ),
    "duplicate systems": (lambda s: change(s, "systems", system="same"), 2, '"same" is the same as row 2.'),
    "date out of range": (
        lambda s: change(s, "systems", end_of_support="2999-01-01"),
        2,
        "is out of range. Write a date",
    ),
    "not a date": (lambda s: change(s, "systems", end_of_support="soon"), 2, '"soon" is not a date.'),
    "ragged rows": (
        lambda s: text(s, "tables/sites.csv", "site,fund,annual_fixed_cost\nnorth,general,1,2,3\n"),
        2,
        "tables/sites.csv: is not a table",
    ),
    "not text": (
        lambda s: (s / "tables/sites.csv").write_bytes(b"\xff\xfe\x00\x81"),
        2,
        "tables/sites.csv: is not UTF-8 text.",
    ),
    "shares that do not add up": (
        lambda s: change(s, "systems", fund="general:0.5|federal:0.4"),
        2,
        "the shares must add up to 1",
    ),
    "study.yaml is no YAML": (lambda s: text(s, "study.yaml", "name: [oops"), 2, "study.yaml, row 1: is not YAML."),
    "study.yaml without a date": (
        lambda s: text(s, "study.yaml", "name: X\nbase_year: 2026\n"),
        2,
        "column as_of: is missing.",
    ),
    "unknown strategy": (
        lambda s: change(s, "systems", strategies="teleport"),
        2,
        "does not have the form that is wanted",
    ),
    "unknown column": (
        lambda s: change(s, "systems", untis="1"),
        2,
        "is not a column of this table. Did you mean units?",
    ),
    "a budget of zero": (lambda s: change(s, "appropriations", amount="0"), 3, "appropriation"),
    "an impossible lock": (
        lambda s: change(s, "systems", lock="rehost@2029Q4", strategies="rehost|retain"),
        3,
        "lock",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_input_gets_one_clear_report(
    name: str, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    breaking, wanted, said = BROKEN[name]
    breaking(study)
    code, out, err = run(capsys, "plan", study, "--out", tmp_path / "out", "--json")
    assert (code, out) == (wanted, "")
    assert said in err
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


def _zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "not a workbook")
    return path


def _csv(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


UNREADABLE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "zip that is not xlsx": (lambda d: _zip(d / "servers.xlsx"), "servers.xlsx"),
    "wrong columns": (lambda d: _csv(d / "cats.csv", "cat,colour\ntom,grey\n"), "cats.csv"),
    "empty file": (lambda d: _csv(d / "empty.csv", ""), "empty.csv"),
    "missing file": (lambda d: d / "nowhere.xlsx", "nowhere.xlsx"),
    "text in a number": (lambda d: _csv(d / "ledger.csv", "fy,agency,fund,expenditure\n2020,a,b,much\n"), "much"),
    "no machines": (lambda d: _csv(d / "rvtools.csv", ",".join(RVTOOLS) + "\n"), "rvtools.csv"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_files_that_cannot_be_imported_are_named(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make, said = UNREADABLE[name]
    code, _, err = run(capsys, "import", make(tmp_path), "--into", tmp_path / "study")
    assert code == 2
    assert said in err
    assert "Traceback" not in err
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("new", "{tmp}/x", "--from", "utopia"), "'utopia' is no starting point"),
        (("plan", "{tmp}/nowhere", "--out", "{tmp}/o"), "does not exist. Name a study, or make one"),
        (
            ("plan", "{study}", "--out", "{tmp}/o", "--scenario", "best"),
            'scenarios: "best" is not a scenario of this study.',
        ),
        (("plan", "{study}", "--out", "{tmp}/o", "--solver", "abacus"), "abacus"),
        (("verify", "{tmp}/nowhere"), "holds no results. Make them: reallot plan DIR --out OUT."),
        (("export", "{tmp}/nowhere", "--to", "xlsx"), "holds no results"),
        (("export", "{tmp}/nowhere", "--to", "clay"), "'clay' is no format. Write one of: xlsx, mps, lp."),
        (("export", "{tmp}/nowhere", "--to", "mps"), "holds no results"),
        (("export", "{study}", "--to", "mps", "--scenario", "best"), '"best" is not a scenario of this study.'),
        (("forecast", "{tmp}/nowhere.csv", "--out", "{tmp}/o.csv"), "does not exist"),
        (("forecast", "{study}", "--out", "{tmp}/o.csv", "--levels", "many"), "Write whole percentages such as 80,95."),
        (("serve", "{tmp}", "--host", "0.0.0.0"), "Reallot does not listen on 0.0.0.0: sign-in is not configured"),
        (("serve", "{tmp}/nowhere"), "nowhere"),
        (("fly",), "No such command"),
    ],
)
def test_wrong_usage_ends_with_2(
    arguments: tuple[str, ...], said: str, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, *(a.format(tmp=tmp_path, study=study) for a in arguments))
    assert code == 2
    assert said in " ".join(err.replace("│", " ").split())
    assert "Traceback" not in err


def test_options_of_the_solver_are_kept_in_the_manifest(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--solver-option", "presolve=off", "--solver-option", "mip_heuristic_effort=0.1")
    for name in ("one", "two"):
        assert run(capsys, "plan", study, "--out", tmp_path / name, *given)[0] == 0
    one, two = (tmp_path / name / "baseline" for name in ("one", "two"))
    manifest = json.loads((one / "manifest.json").read_text())
    assert manifest["asked"]["solver_options"] == {"mip_heuristic_effort": 0.1, "presolve": "off"}
    for path in one.iterdir():
        if path.name != "timings.json":
            assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_all_that_is_wrong_with_options_of_the_solver_is_said_at_once(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = ("presolve", "threads=two", "time_limit=9", "efort=1")
    options = [part for text in wrong for part in ("--solver-option", text)]
    code, out, err = run(capsys, "plan", study, "--out", tmp_path / "out", *options)
    assert (code, out) == (2, "")
    lines = err.splitlines()
    assert lines[:3] == [
        "option `presolve` is not NAME=VALUE.",
        "option `threads` of solver HiGHS takes a whole number, not `two`.",
        "option `time_limit` of solver HiGHS cannot be set: use seconds.",
    ]
    assert lines[3].startswith("solver HiGHS has no option `efort`. Choose among: ")
    assert len(lines) == 4
    assert not (tmp_path / "out").exists()


def test_a_plan_that_was_not_found_in_time_ends_with_4(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import optimizer

    def never(*_: object, **__: object) -> None:
        raise optimizer.NoPlanFound("no plan found in 0.1 s.")

    monkeypatch.setattr(optimizer, "modernize", never)
    code, _, err = run(capsys, "plan", study, "--out", tmp_path / "out", "--seconds", "0.1")
    assert (code, err) == (4, "no plan found in 0.1 s.\n")


def test_a_failed_plan_leaves_the_older_results_alone(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "plan", study, "--out", tmp_path / "out")
    before = (tmp_path / "out" / "baseline" / "plan.csv").read_bytes()
    change(study, "appropriations", amount="0")
    assert run(capsys, "plan", study, "--out", tmp_path / "out")[0] == 3
    assert (tmp_path / "out" / "baseline" / "plan.csv").read_bytes() == before
    shutil.rmtree(tmp_path / "out")
