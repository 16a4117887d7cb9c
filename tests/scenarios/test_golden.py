"""What a small study came to when somebody last looked. Changed only on purpose: REALLOT_GOLDEN=write pytest ..."""

import json
import os
from pathlib import Path

import pytest

from scenarios.pipeline import plan_study
from scenarios.study import read_study, write_study
from tests.scenarios.studies import small_study

GOLDEN = Path(__file__).parents[1] / "golden" / "small_study.json"
KEPT = (
    "status",
    "objective",
    "bound",
    "terms",
    "npv_saving",
    "net_saving_by_year",
    "legacy_share",
    "units_by_strategy",
)


def test_the_small_study_comes_to_what_it_came_to(tmp_path: Path) -> None:
    results = plan_study(
        read_study(write_study(small_study(), tmp_path / "study")), "baseline", tmp_path / "out", gap=0.0
    )
    now = {name: results.summary[name] for name in KEPT}
    if os.environ.get("REALLOT_GOLDEN") == "write":
        GOLDEN.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")
    then = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert now["status"] == then["status"] == "optimal"
    assert now["units_by_strategy"] == then["units_by_strategy"]
    for name in ("objective", "bound", "npv_saving"):
        assert now[name] == pytest.approx(then[name], rel=1e-6)
    for name in ("terms", "net_saving_by_year", "legacy_share"):
        assert now[name] == pytest.approx(then[name], rel=1e-6, abs=1e-6)
