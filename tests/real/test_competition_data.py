"""The judge itself on the M3 competition and on a real state's agencies: it says what others have published."""

import os
from pathlib import Path

import pytest

from benchmarks.competition import compare, read_ledger, read_m3, read_published

SHARED = Path(os.environ.get("REALLOT_SHARED", Path(__file__).resolve().parents[3] / "shared"))
M3, LEDGER = SHARED / "data" / "m3", SHARED / "data" / "state_ledger"


@pytest.mark.skipif(not M3.is_dir(), reason=f"no M3 series at {M3}; set REALLOT_SHARED")
def test_naive2_misses_as_published_where_no_season_has_to_be_found() -> None:
    panels = read_m3(SHARED)
    shapes = {name: (len(panel.lines), panel.season, panel.horizon) for name, panel in panels.items()}
    expected = {"yearly": (645, 1, 6), "quarterly": (756, 4, 8), "monthly": (1428, 12, 18), "other": (174, 1, 8)}
    assert shapes == expected
    ours = compare(panels.values(), {}).set_index("panel")
    theirs = read_published(SHARED).loc["NAIVE2"]
    for part in ("yearly", "other"):
        assert ours.at[part, "smape"] == pytest.approx(theirs[f"smape_{part}"], abs=6e-4)
        assert ours.at[part, "mase"] == pytest.approx(theirs[f"mase_{part}"], abs=6e-4)
    assert ours.at["overall", "smape"] == pytest.approx(theirs["smape_total"], rel=0.01)
    assert ours.at["overall", "mase"] == pytest.approx(theirs["mase_total"], rel=0.01)


@pytest.mark.skipif(not M3.is_dir(), reason=f"no M3 series at {M3}; set REALLOT_SHARED")
def test_published_totals_weigh_every_series_alike() -> None:
    theirs = read_published(SHARED).loc["THETA"]
    counts = {"yearly": 645, "quarterly": 756, "monthly": 1428, "other": 174}
    for loss in ("smape", "mase"):
        mean = sum(count * theirs[f"{loss}_{part}"] for part, count in counts.items()) / 3003
        assert mean == pytest.approx(theirs[f"{loss}_total"], abs=1e-3)


@pytest.mark.skipif(not LEDGER.is_dir(), reason=f"no real ledger at {LEDGER}; set REALLOT_SHARED")
def test_last_value_on_large_agencies() -> None:
    ledger = read_ledger(SHARED)
    panel = ledger.panel()
    assert (len(ledger.agencies), panel.history.shape, panel.horizon) == (52, (572, 24), 2)
    assert compare([panel.step(1)], {}).at[0, "smape"] == pytest.approx(15.18, abs=0.005)
    assert panel.lines[0].endswith("FY2010")
    assert ledger.appropriations()[1].shape == (572, 2)
