"""What the boosted model adds to the combined forecast, and what it takes.

    python -m benchmarks.boost [--panels yearly quarterly monthly other ledger made-up] [--held-out]

Prints OWA against Naive2, sMAPE, MASE, coverage and MSIS of the combined forecast without and with the boosted model,
and of the boosted model alone; the weight that it was given; and CPU seconds. Panels are the M3 competition, a real
state's agencies from rolling origins (`REALLOT_SHARED`, or `shared` beside the checkout) and the made-up table of
`benchmarks.forecast`, its last years held out. `--held-out` forecasts the last horizon of the competition's training
part instead of its test part: that is where settings are chosen.
"""

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from benchmarks.competition import LEVELS, ORIGINS, SHARED, Entry, Panel, compare, read_ledger, read_m3
from benchmarks.forecast import made_up
from forecast.arrays import FloatArray
from forecast.backtest import Backtest, Prepared, backtest
from forecast.boost import with_boost
from forecast.intervals import bounds, calibrate, widths
from forecast.models import models_for
from forecast.scores import never_negative

PANELS = ("yearly", "quarterly", "monthly", "other", "ledger", "made-up")
WITHOUT, WITH, ALONE = "combined", "combined with boosted", "boosted alone"
LEAST_SEEN = 6
"""Periods, or two seasons and one more, that a series must still have when its last horizon is held out."""
MADE_UP_LINES, MADE_UP_YEARS, MADE_UP_HORIZON = 2_000, 20, 5


@dataclass(frozen=True)
class Measured:
    """What was said of a panel without and with the boosted model, and what that took."""

    entries: Mapping[str, Entry]
    """By method."""
    weight: float
    """What the boosted model was given today."""
    seconds: tuple[float, float]
    """CPU seconds of the back-test and of the boosting."""


def hold_out(panel: Panel) -> Panel:
    """The same one horizon earlier: what is forecast is the end of the history of those series that are long enough."""
    history, actual = panel.history[:, : -panel.horizon], panel.history[:, -panel.horizon :]
    least = LEAST_SEEN if panel.season == 1 else 2 * panel.season + 1
    long = np.flatnonzero(np.isfinite(history).sum(axis=1) >= least)
    return replace(panel, history=history, actual=actual).rows(long)


def made_up_panel() -> Panel:
    """Random walks with a common shock each year, their last years held out."""
    amounts = made_up(MADE_UP_LINES, MADE_UP_YEARS)
    lines = tuple(str(place) for place in range(MADE_UP_LINES))
    return Panel("made-up", 1, lines, amounts[:, :-MADE_UP_HORIZON], amounts[:, -MADE_UP_HORIZON:])


def read_panels(names: list[str], held_out: bool) -> Iterator[list[Panel]]:
    """Each panel that is asked for and present, in the parts that are forecast apart."""
    if (SHARED / "data" / "m3").is_dir():
        for name, panel in read_m3().items():
            if name in names:
                yield [hold_out(panel) if held_out else panel]
    if "ledger" in names and (SHARED / "data" / "state_ledger").is_dir():
        ledger = read_ledger()
        yield [ledger.panel([origin]) for origin in ORIGINS]
    if "made-up" in names:
        yield [made_up_panel()]


def measure(panel: Panel) -> Measured:
    """Forecast a panel without and with the boosted model."""
    history = panel.history[:, np.isfinite(panel.history).any(axis=0)]
    begin = time.process_time()
    now = Prepared.of(history, panel.season)
    like = np.zeros(len(history), dtype=np.int64)
    test = backtest(history, now, like, models_for(panel.season), panel.horizon)
    middle = time.process_time()
    more = with_boost(test, now)
    end = time.process_time()
    entries = {WITHOUT: _entry(test, now), WITH: _entry(more, now), ALONE: Entry(more.ahead[-2])}
    return Measured(entries, float(more.weights[:, -1].mean()), (middle - begin, end - middle))


def _entry(test: Backtest, now: Prepared) -> Entry:
    """The combined forecast and its intervals."""
    horizon = test.actual.shape[2]
    last = len(test.names) - 1
    fitted = calibrate(test.scaled_errors(last).reshape(-1, horizon), test.size[:-1].ravel(), LEVELS, horizon)
    below, above = widths(fitted, test.scale[-1], test.size[-1])
    low, high = bounds(test.ahead[-1], below, above, never_negative(now.cleaned.values))
    return Entry(test.ahead[-1], dict(zip(LEVELS, low, strict=True)), dict(zip(LEVELS, high, strict=True)))


def join(panels: list[Panel], measured: list[Measured]) -> tuple[Panel, dict[str, Entry]]:
    """Parts of a panel as one, with what was said of them."""
    if len(panels) == 1:
        return panels[0], dict(measured[0].entries)
    lines = tuple(line for panel in panels for line in panel.lines)
    whole = Panel(
        panels[0].name, panels[0].season, lines, _rows([p.history for p in panels]), _rows([p.actual for p in panels])
    )
    entries = {
        method: Entry(
            _rows([part.entries[method].mean for part in measured]),
            {level: _rows([part.entries[method].low[level] for part in measured]) for level in first.low},
            {level: _rows([part.entries[method].high[level] for part in measured]) for level in first.high},
        )
        for method, first in measured[0].entries.items()
    }
    return whole, entries


def _rows(parts: list[FloatArray]) -> FloatArray:
    """Rows of all parts, one below the other."""
    return np.concatenate(parts)


def print_table(table: pd.DataFrame) -> None:
    """A row a panel and method."""
    columns = [column for column in table.columns if column not in ("panel", "method", "n")]
    print(f"{'panel':<11}{'method':<23}{'n':>6}" + "".join(f"{column:>13}" for column in columns))
    for row in table[table["method"] != "Naive2"].to_dict("records"):
        cells = "".join(f"{row[column]:>13.4f}" for column in columns)
        print(f"{row['panel']:<11}{row['method']:<23}{row['n']:>6}{cells}")


def main() -> None:
    """Measure each panel and print all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--panels", nargs="+", choices=PANELS, default=list(PANELS))
    parser.add_argument("--held-out", action="store_true")
    options = parser.parse_args()

    tables = []
    for parts in read_panels(options.panels, options.held_out):
        measured = [measure(part) for part in parts]
        panel, entries = join(parts, measured)
        tables.append(compare([panel], {method: {panel.name: entry} for method, entry in entries.items()}))
        tested, boosting = (sum(part.seconds[place] for part in measured) for place in (0, 1))
        weight = np.mean([part.weight for part in measured])
        print(
            f"{panel.name}: weight {weight:.2f}, back-test {tested:.1f} CPU s, boosting {boosting:.1f} CPU s",
            flush=True,
        )
    if tables:
        print_table(pd.concat(tables, ignore_index=True))
    else:
        print(f"None of these panels lies under {SHARED}: set REALLOT_SHARED.")


if __name__ == "__main__":
    main()
