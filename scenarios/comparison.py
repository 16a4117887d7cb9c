"""Scenarios side by side: the assumptions in which they differ first, the results in which they differ second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.errors import Problem, ResultsError
from scenarios.expand import point_of, settings_text
from scenarios.parameters import declared, unknown_name
from scenarios.results import read_json, results_in
from scenarios.scenario import Scenario

MILLION = 1e6
FIGURES = ("net_saving", "npv_saving", "objective", "units_moved", "legacy_share", "first_cutover", "status", "gap")
"""Results of a whole scenario, in the order of the table; `legacy_share` is that of the last fiscal year."""
SAME = 0.5
"""Dollars by which figures may differ and still be called the same."""


@dataclass(frozen=True)
class Comparison:
    """What differs between the scenarios of a results folder, each held against one of them."""

    to: str
    assumptions: pd.DataFrame
    """A row a scenario, a column for each assumption that is not the same in all, as text; blank where there is none.
    `appropriation.FUND` is the sum of the years planned with, USD."""
    results: pd.DataFrame
    """A row a scenario, a column for each result that is not the same in all: those of `FIGURES`, and `outlay_2027`
    and so on; USD, shares as fractions."""
    sentences: Mapping[str, str]
    """What differs and what follows, in words, by scenario."""
    notes: tuple[str, ...] = ()
    """What makes them hard to compare: other inputs, scenarios without results."""

    @property
    def table(self) -> pd.DataFrame:
        """Both side by side with the sentences: what is written as CSV and xlsx. Assumptions first."""
        both = pd.concat([self.assumptions, self.results], axis=1)
        return both.assign(sentence=pd.Series(self.sentences)).rename_axis("scenario").reset_index()

    def json(self) -> dict[str, Any]:
        """The same as plain values."""
        results = self.results.astype(object).where(self.results.notna(), None)
        return {
            "to": self.to,
            "assumptions": self.assumptions.to_dict(orient="index"),
            "results": results.to_dict(orient="index"),
            "sentences": dict(self.sentences),
            "notes": list(self.notes),
        }

    def write(self, path: Path) -> Path:
        """Writes the table as `.csv` or `.xlsx`.

        Raises:
            ResultsError: another ending.
        """
        from scenarios.workbooks import write_sheets

        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".csv":
            self.table.to_csv(path, index=False, lineterminator="\n")
        elif path.suffix == ".xlsx":
            write_sheets({"comparison": self.table, "notes": pd.DataFrame({"note": list(self.notes)})}, path)
        else:
            raise ResultsError([Problem(str(path), "is no kind of file to write", "Name a file .csv or .xlsx")])
        return path


@dataclass(frozen=True)
class _Side:
    """What is read of one scenario."""

    name: str
    summary: Mapping[str, Any]
    manifest: Mapping[str, Any]
    assumptions: Mapping[str, str]

    @property
    def figures(self) -> dict[str, Any]:
        said = self.summary
        last = max(said["legacy_share"], default=None)
        whole = {name: said.get(name) for name in FIGURES}
        whole["legacy_share"] = said["legacy_share"][last] if last else None
        return whole | {f"outlay_{year}": amount for year, amount in said["outlay_by_year"].items()}


def compare(out: Path | str, to: str = "baseline", scenarios: Sequence[str] | None = None) -> Comparison:
    """Holds the scenarios of a results folder against one of them.

    Args:
        out: A results folder, as `plan_study` and `run_study` leave it.
        to: The scenario that the others are held against.
        scenarios: Which to compare; by default all that have results.

    Raises:
        ResultsError: no results, or none of a scenario that is named (with the nearest).
    """
    out = Path(out)
    present = results_in(out)
    if not present:
        raise ResultsError([Problem(str(out), "holds no results", "Make them: reallot run DIR --out OUT")])
    missing = [name for name in (to, *(scenarios or ())) if name not in present]
    if missing:
        raise ResultsError([unknown_name(n, present, str(out), "scenario with results") for n in missing])
    names = [to, *(name for name in (scenarios or present) if name != to)]
    sides = {name: _read(out / name) for name in names}
    base = sides[to]
    assumptions = _differing({name: side.assumptions for name, side in sides.items()}).fillna("")
    results = _differing({name: side.figures for name, side in sides.items()})
    sentences = {name: sentence(side, base, assumptions) for name, side in sides.items()}
    return Comparison(to, assumptions, results, sentences, _notes(out, sides, base))


def _read(folder: Path) -> _Side:
    manifest = read_json(folder / "manifest.json")
    table = pd.read_csv(folder / "assumptions.csv", dtype="str", keep_default_na=False)
    known = table[table["parameter"].isin(declared())]
    values = dict(zip(known["parameter"], known["value"], strict=True))
    money = pd.read_csv(folder / "appropriations.csv", dtype={"fund": "str"})
    funds = money.groupby("fund")["amount"].sum()
    values |= {f"appropriation.{fund}": f"{amount:.2f}" for fund, amount in funds.items()}
    scenario = Scenario(**manifest["scenario"])
    own = {name: settings_text({name: v}).partition("=")[2] for name, v in point_of(scenario).items()}
    values |= {name: value for name, value in own.items() if name.partition(".")[0] in ("capacity", "lock")}
    return _Side(folder.name, read_json(folder / "summary.json"), manifest, values)


def _differing(rows: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """A row a scenario; only the columns in which not all are the same."""
    frame = pd.DataFrame.from_dict({name: dict(row) for name, row in rows.items()}, orient="index", dtype=object)
    kept = [column for column in frame if frame[column].map(str).nunique() > 1]
    return frame[kept]


def sentence(side: _Side, base: _Side, assumptions: pd.DataFrame) -> str:
    """What differs from the base and what follows, from the numbers.

    A difference of dollars below the larger of both gaps in dollars is within the gap: better plans may turn it round.
    """
    said, own = side.figures, side.summary
    saving = f"{'saves' if said['net_saving'] >= 0 else 'costs'} {_millions(abs(said['net_saving']))} net"
    moved = f"{said['units_moved']:,} of {own['units_total']:,} units move"
    share = f"{said['legacy_share']:.1%} of run cost is legacy in the last year"
    status = _status(own)
    if side is base:
        return f"{side.name} {saving} against cost to continue; {moved}; {share}; {status}."
    row, other = (assumptions.loc[name].astype(str).to_dict() for name in (side.name, base.name))
    there = base.figures
    changed = [name for name in row if row[name] != other[name]]
    differs = ", ".join(
        f"{name} {assumed(str(name), row[name])} for {assumed(str(name), other[name])}" for name in changed
    )
    gap = max(own["gap_usd"] or 0.0, base.summary["gap_usd"] or 0.0)
    saved = _difference(said["net_saving"] - there["net_saving"], gap, "more", "less", base.name)
    cost = _difference(said["objective"] - there["objective"], gap, "higher", "lower", base.name)
    units = said["units_moved"] - there["units_moved"]
    points = 100 * (said["legacy_share"] - there["legacy_share"])
    return (
        f"{side.name}, with {differs or 'the same assumptions'}, {saving}, {saved}; the objective is "
        f"{_millions(said['objective'])}, {cost}; {moved} ({units:+,}); {share} ({points:+.1f} points); {status}."
    )


def assumed(name: str, value: str) -> str:
    """An assumption's value for people."""
    if name.startswith("appropriation."):
        return _millions(float(value)) if value else "none"
    return value or "none set"


def _difference(amount: float, gap: float, up: str, down: str, base: str) -> str:
    if abs(amount) < SAME:
        return f"as in {base}"
    size = f"{_millions(abs(amount))} {up if amount > 0 else down} than {base}"
    return f"{size}, which is within the gap of {_millions(gap)}" if abs(amount) <= gap else size


def _status(summary: Mapping[str, Any]) -> str:
    if summary["gap"] is None:
        return "nothing is chosen in it" if summary["status"] == "reference" else str(summary["status"])
    return f"{summary['status']}, proven gap {100 * summary['gap']:.2g} % ({_millions(summary['gap_usd'])})"


def _notes(out: Path, sides: Mapping[str, _Side], base: _Side) -> tuple[str, ...]:
    def inputs(side: _Side) -> dict[str, str]:
        return {k: v for k, v in side.manifest["inputs"].items() if not k.startswith("scenarios/")}

    other = [name for name, side in sides.items() if inputs(side) != inputs(base)]
    notes = [f"{name} was made from other tables or another study.yaml than {base.name}." for name in other]
    failures = out / "failures.csv"
    if failures.exists():
        table = pd.read_csv(failures, dtype="str", keep_default_na=False)
        rows = zip(table["scenario"], table["kind"], table["message"], strict=True)
        notes += [f"{name} has no results: {kind}. {said.splitlines()[0]}" for name, kind, said in rows]
    return tuple(notes)


def _millions(amount: float) -> str:
    """Dollars for people: millions, or dollars where that is less than a tenth of one."""
    sign, size = "-" if amount < 0 else "", abs(amount)
    return f"{sign}${size / MILLION:,.2f}M" if size >= MILLION / 10 else f"{sign}${size:,.0f}"
