"""The documents are true: what they name exists, what exists is named, and the README's example runs."""

import re
from pathlib import Path

import pytest

import reallot
from scenarios.describe import PAGES
from scenarios.parameters import declared
from scenarios.tables import TABLES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")


def command_names() -> list[str]:
    return [c.name or c.callback.__name__ for c in reallot.app.registered_commands if c.callback]


@pytest.mark.parametrize("name", command_names())
def test_every_command_is_in_the_guide(name: str) -> None:
    assert f"`reallot {name}" in GUIDE


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_up_to_date(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_every_parameter_and_column_is_in_its_page() -> None:
    told = (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in told for name in declared())
    told = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert all(f"`{column}`" in told for table in TABLES.values() for column in table.names)


@pytest.mark.parametrize("page", ["README.md", *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / page).parent.joinpath(link).exists(), link


def test_the_readme_commands_exist_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, flags=re.MULTILINE):
        assert f"\n{target}:" in makefile
    for name in re.findall(r"^reallot (\w+)", README, flags=re.MULTILINE):
        assert name in command_names()


def test_the_readme_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = re.search(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert code
    monkeypatch.chdir(tmp_path)
    exec(compile(code[1], "README.md", "exec"), {})
    saving, gap = map(float, capsys.readouterr().out.split())
    assert saving > 0
    assert 0 <= gap <= 1e-3


def test_the_lock_file_names_versions_and_no_hosts() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z]+\])?==[A-Za-z0-9.+!]+", line) for line in lines if line)
