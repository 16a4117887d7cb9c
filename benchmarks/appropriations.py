"""How much the enacted appropriations tell, beside the naive rival and history alone.

    python -m benchmarks.appropriations [--no-lines]

Prints, on a real state's ledger where one is present (`REALLOT_SHARED`, or `shared` beside the checkout) and else on a
made-up table, the sMAPE of the last value, of history alone, of each rule and of all together, one to three years
ahead, with one and with two years enacted, and its ratio to that of the last value in the same run; and how often
intervals of 80 and 95 % hold that are calibrated on the errors of the other origins. Beyond the enacted years the
appropriation is forecast; the row before tells what comes of it where spending goes on there as history alone does.
Origins are FY2010 to FY2020, the last fiscal year known. At each, history alone is what `forecast.outlook` says of the
table cut off there; so is what history says of the appropriations. The ledger holds these as they stood at the end of
each year, after supplementals and transfers.
"""

import argparse
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

import forecast
from forecast import losses
from forecast.appropriations import Given, given, look_ahead
from forecast.arrays import BoolArray, FloatArray, IntArray, row_any
from forecast.cleaning import clean
from forecast.intervals import bounds, calibrate, line_scale, own_stretch, size_class, widths
from forecast.models import LastValue

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("REALLOT_SHARED", ROOT.parent / "shared"))
LEDGER = SHARED / "data" / "state_ledger" / "agency_year_fy1998_2021.csv"
LINES = SHARED / "data" / "state_ledger" / "expenditure_lines_fy1998_2021.parquet"

LARGE = 10e6
"""USD: agencies that spent more in every year."""
LEAST = 1e5
"""USD in the last year known: smaller lines are not scored."""
LEARNING = 7
"""Years known at the first origin; errors from there on weigh the rules."""
SPAN = (2010, 2020)
"""Origins that are scored: the last fiscal year known."""
HORIZON = 3
LEVELS = (80, 95)
COLUMNS = ((1, 1), (2, 1), (2, 2), (3, 1), (3, 2))
"""Years ahead, and years enacted, of each column printed."""


@dataclass(frozen=True)
class Panel:
    """Lines by fiscal years."""

    title: str
    years: IntArray
    spent: FloatArray
    """USD, (n, T), NaN where nothing is known."""
    appropriated: FloatArray
    """USD, (n, T), NaN where nothing is known."""
    least: float
    """USD in the last year known under which a line is not scored."""


@dataclass(frozen=True)
class Measured:
    """What was said at the origins of a panel, and where it is scored."""

    panel: Panel
    origins: IntArray
    alone: FloatArray
    """Forecasts of history alone, USD, (O, n, H)."""
    actual: FloatArray
    """USD, (O, n, H), NaN where it is not scored."""
    said: dict[int, Given]
    """By the number of enacted years."""
    carried: dict[int, Given]
    """The same where spending goes on beyond them as history alone does."""

    def smape(self, forecasts: FloatArray, ahead: int) -> float:
        """Mean over all scored cells of (O, n, H) forecasts so many years ahead."""
        actual = self.actual[:, :, ahead - 1]
        error = losses.smape(actual, forecasts[:, :, ahead - 1])
        return float(error[np.isfinite(actual)].mean())

    def last(self) -> FloatArray:
        """Last value at each origin, USD, (O, n, H)."""
        value = np.nan_to_num(self.panel.spent.T[self.origins - 1])
        return np.repeat(value[:, :, None], HORIZON, axis=2)

    def simple(self) -> dict[str, FloatArray]:
        """What one would try first: the lapse ratio of three years, and the median of it, last x growth and history."""
        reach = np.pad(self.panel.appropriated, ((0, 0), (0, HORIZON)), constant_values=np.nan)
        ahead = np.stack([reach[:, origin : origin + HORIZON] for origin in self.origins])
        both = np.isfinite(self.panel.appropriated) & np.isfinite(self.panel.spent)
        spent, allowed = np.where(both, (self.panel.spent, self.panel.appropriated), 0.0)
        late = [slice(origin - 3, origin) for origin in self.origins]
        top, base = (np.stack([values[:, part].sum(axis=1) for part in late]) for values in (spent, allowed))
        lapse = np.where(base > 0, top / np.where(base > 0, base, 1.0), 1.0)[:, :, None] * ahead
        before = allowed.T[self.origins - 1][:, :, None]
        growth = self.last() * np.where(before > 0, ahead / np.where(before > 0, before, 1.0), 1.0)
        lapse, growth = (np.where(np.isfinite(said), said, self.alone) for said in (lapse, growth))
        return {
            "simple: lapse of 3 years *": lapse,
            "simple: median of 3 *": np.median([lapse, growth, self.alone], axis=0),
        }

    def errors(self) -> dict[str, list[float]]:
        """SMAPE of every forecast by `COLUMNS`; of the simple ones the second year is enacted in all."""
        rows = {LastValue.name: [self.last()] * len(COLUMNS)}
        rows |= {name: [forecasts] * len(COLUMNS) for name, forecasts in self.simple().items()}
        for place, name in enumerate(self.said[1].names):
            rows[name] = [self.said[years].rules[:, place] for _, years in COLUMNS]
        rows["given, then as history"] = [self.carried[years].then for _, years in COLUMNS]
        rows["given"] = [self.said[years].then for _, years in COLUMNS]
        ahead = [ahead for ahead, _ in COLUMNS]
        return {name: [self.smape(one, k) for one, k in zip(row, ahead, strict=True)] for name, row in rows.items()}

    def coverage(self, forecasts: FloatArray, ahead: int) -> list[float]:
        """Share of scored amounts within intervals of each level that were calibrated on the other origins' errors."""
        fits = [clean(self.panel.spent[:, :origin]).fit for origin in self.origins]
        scale, size = np.stack([line_scale(fit) for fit in fits]), np.stack([size_class(fit) for fit in fits])
        error = self.actual - forecasts
        scale = scale * own_stretch(error / scale[:, :, None], self.origins, len(self.panel.years))[:-1]
        error = error / scale[:, :, None]
        inside: list[BoolArray] = []
        for j in range(len(self.origins)):
            known = np.isfinite(self.actual[j, :, ahead - 1])
            if not known.any():
                continue
            others = np.arange(len(self.origins)) != j
            fitted = calibrate(error[others].reshape(-1, HORIZON), size[others].ravel(), LEVELS, HORIZON)
            floored = ~row_any(self.panel.spent[:, : self.origins[j]] < 0)
            low, high = bounds(forecasts[j], *widths(fitted, scale[j], size[j]), floored)
            held = losses.covered(self.actual[j], low, high)
            inside.append(held[:, known, ahead - 1])
        return [float(share) for share in np.concatenate(inside, axis=1).mean(axis=1)]


def read_agencies() -> Panel:
    """Totals of the agencies that spent more than `LARGE` in every year."""
    panel = _panel(f"agencies above ${LARGE / 1e6:.0f}M in every year", pd.read_csv(LEDGER), ["agency"], least=0.0)
    large = (panel.spent > LARGE).all(axis=1)
    return replace(panel, spent=panel.spent[large], appropriated=panel.appropriated[large])


def read_lines() -> Panel:
    """All lines of the ledger by agency and fund."""
    table = pd.read_parquet(LINES, columns=["fy", "agency", "fund", "expenditure", "appropriated"])
    return _panel(f"lines by agency and fund, from ${LEAST / 1e3:.0f}k", table, ["agency", "fund"], least=LEAST)


def _panel(title: str, table: pd.DataFrame, keys: list[str], least: float) -> Panel:
    line = table.groupby(keys).ngroup().to_numpy(dtype=np.int64)
    year = table["fy"].to_numpy(dtype=np.int64)
    years = np.arange(year.min(), year.max() + 1, dtype=np.int64)
    cell, shape = line * len(years) + year - years[0], (line.max() + 1, len(years))
    count = np.bincount(cell, minlength=shape[0] * shape[1])
    spent, appropriated = (
        np.where(count > 0, np.bincount(cell, table[name], minlength=len(count)), np.nan).reshape(shape)
        for name in ("expenditure", "appropriated")
    )
    return Panel(title, years, spent, appropriated, least)


def made_up(lines: int = 60, years: int = 24) -> Panel:
    """Lines that need more each year and spend, softly, the lesser of that and an appropriation that jumps at times."""
    draw = np.random.default_rng(2027)
    need = np.exp(draw.normal(18, 1, size=(lines, 1)) + draw.normal(0.03, 0.08, size=(lines, years)).cumsum(axis=1))
    margin = draw.choice([0.02, 0.1, 1.0], size=(lines, 1))
    jumps = draw.normal(0, 0.4, size=(lines, years)) * (draw.random((lines, years)) < 0.2)
    appropriated = margin * need[:, :1] * np.exp((jumps + draw.normal(0.03, 0.03, size=(lines, years))).cumsum(axis=1))
    spent = 1 / (1 / need + 1 / appropriated)
    return Panel("made-up lines", np.arange(years) + 1998, spent, appropriated, least=0.0)


def measure(panel: Panel, enacted: tuple[int, ...] = (1, 2)) -> Measured:
    """Forecast a panel from every origin from `LEARNING` years on; only those of `SPAN` are scored."""
    periods = len(panel.years)
    origins = np.arange(LEARNING, periods, dtype=np.int64)
    cuts = (*origins.tolist(), periods)
    alone = np.stack([_history_alone(panel.years, panel.spent, cut) for cut in cuts])
    money = np.stack([_history_alone(panel.years, panel.appropriated, cut, sums=False) for cut in cuts])
    whole = np.pad(panel.appropriated, ((0, 0), (0, HORIZON)), constant_values=np.nan)

    def revised(years: int, expected: FloatArray | None) -> Given:
        known = np.full(len(whole), years)
        ahead = look_ahead(whole, HORIZON, origins, known, expected)
        return given(panel.spent, panel.appropriated, ahead, known, alone[:-1], alone[-1], origins)

    said, carried = ({years: revised(years, expected) for years in enacted} for expected in (money, None))
    return Measured(panel, origins, alone[:-1], _scored(panel, origins), said, carried)


def _history_alone(years: IntArray, amounts: FloatArray, origin: int, *, sums: bool = True) -> FloatArray:
    """What the outlook says of a table, (n, T), cut off after so many years, USD, (n, H)."""
    n = len(amounts)
    table = pd.DataFrame(
        {
            "line_item": np.repeat([f"line{place:06d}" for place in range(n)], origin),
            "period": np.tile(years[:origin], n),
            "amount": amounts[:, :origin].ravel(),
        }
    )
    lines = forecast.outlook(table, horizon=HORIZON, levels=(80,), sums=sums).lines
    return np.asarray(lines["mean"].to_numpy(dtype=np.float64).reshape(n, HORIZON), dtype=np.float64)


def _scored(panel: Panel, origins: IntArray) -> FloatArray:
    """Actual amounts after the origins of `SPAN` of lines that spent, where the appropriation is known, (O, n, H)."""
    beyond = ((0, 0), (0, HORIZON))
    spent = np.pad(np.where(panel.appropriated > 0, panel.spent, np.nan), beyond, constant_values=np.nan)
    actual = np.stack([spent[:, origin : origin + HORIZON] for origin in origins])
    spends = panel.spent.T[origins - 1] > panel.least
    year = panel.years[origins - 1]
    within = (year >= SPAN[0]) & (year <= SPAN[1])
    return np.where(spends[:, :, None] & within[:, None, None] & (actual >= 0), actual, np.nan)


def print_measured(measured: Measured) -> None:
    """All figures of a panel."""
    known = np.isfinite(measured.actual)
    lines, origins = int(known.any(axis=(0, 2)).sum()), int(known.any(axis=(1, 2)).sum())
    print(f"\n{measured.panel.title}: {lines:,} lines, {origins} origins; sMAPE (in brackets, over that of last value)")
    print_row("", [f"{ahead} ahead, {years} enacted" for ahead, years in COLUMNS])
    naive = [measured.smape(measured.last(), ahead) for ahead, _ in COLUMNS]
    for name, errors in measured.errors().items():
        print_row(name, [f"{error:.2f} ({error / rival:.3f})" for error, rival in zip(errors, naive, strict=True)])
    shares = [measured.coverage(measured.said[years].then, ahead) for ahead, years in COLUMNS]
    for level, row in zip(LEVELS, zip(*shares, strict=True), strict=True):
        print_row(f"coverage of {level} %", [f"{share:.3f}" for share in row])
    print_row("amounts scored", [f"{known[:, :, ahead - 1].sum():,}" for ahead, _ in COLUMNS])
    print("  * knows the second year's appropriation in every column")


def print_row(name: str, cells: list[str]) -> None:
    """One row of a table."""
    print(f"  {name:<28}" + "".join(f"{cell:>22}" for cell in cells))


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--no-lines", action="store_true", help="agency totals alone, which takes seconds")
    options = parser.parse_args()
    begin = time.process_time()
    if not LEDGER.is_file():
        print(f"No state ledger at {LEDGER}: set REALLOT_SHARED to measure on it. A made-up table stands in.")
        print_measured(measure(made_up()))
    else:
        print_measured(measure(read_agencies()))
        if LINES.is_file() and not options.no_lines:
            print_measured(measure(read_lines()))
    print(f"\n{time.process_time() - begin:.0f} CPU seconds")


if __name__ == "__main__":
    main()
