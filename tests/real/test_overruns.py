"""The two-part model on a government's own IT projects, 2016 against 2019. Skipped where the file is absent."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scenarios.futures.fit import fit_overruns

SHARED = Path(os.environ.get("REALLOT_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
PROJECTS = SHARED / "data" / "it_project_overruns" / "gc_it_projects_2016_2019.csv"

pytestmark = pytest.mark.skipif(
    not PROJECTS.exists(),
    reason=f"the real file is not in {SHARED.name}/data; set REALLOT_SHARED to the folder that holds data/",
)


def test_the_fitted_model_has_the_quantiles_of_the_file_within_sampling_error(tmp_path: Path) -> None:
    told = pd.read_csv(PROJECTS)
    wide = told.pivot_table(index="uniqueId", columns="survey_year", values=["totalBudget", "eta"], aggfunc="first")
    columns = {
        "first_budget": wide["totalBudget"][2016],
        "last_budget": wide["totalBudget"][2019],
        "first_date": wide["eta"][2016],
        "last_date": wide["eta"][2019],
    }
    pairs = pd.DataFrame(columns).dropna()
    assert len(pairs) > 80
    pairs.to_csv(tmp_path / "pairs.csv", index=False)
    found = fit_overruns(tmp_path / "pairs.csv")
    table = found.quantiles()
    assert table["model"].between(table["low"], table["high"]).all(), str(found)
    assert found.distance < 1.36 / np.sqrt(len(pairs))
    assert found.slip_years > 1
