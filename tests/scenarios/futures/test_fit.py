"""Overruns are fitted to past projects: what was put in comes out, and what does not fit says so."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import kstest

import reallot
from scenarios.errors import StudyError
from scenarios.futures.fit import TwoPart, fit_overruns, two_part
from scenarios.parameters import Settings

TRUTH = TwoPart(body_mean=0.95, body_sigma=0.15, tail_from=1.5, tail_chance=0.2, tail_power=1.6)


def projects(count: int = 4000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    first = rng.lognormal(15, 1.5, count).round(2)
    start = pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 900, count), unit="D")
    planned = rng.integers(200, 1500, count)
    slip = 1.3 * np.exp(0.25 * rng.standard_normal(count))
    ratios = TRUTH.quantile(rng.random(count))
    return pd.DataFrame(
        {
            "first_budget": first,
            "last_budget": first * ratios,
            "start_date": start.strftime("%Y-%m-%d"),
            "first_date": (start + pd.to_timedelta(planned, unit="D")).strftime("%Y-%m-%d"),
            "last_date": (start + pd.to_timedelta((planned * slip).round(), unit="D")).strftime("%Y-%m-%d"),
        }
    )


def test_what_was_put_in_comes_out(tmp_path: Path) -> None:
    projects(seed=1).to_csv(tmp_path / "past.csv", index=False)
    found = fit_overruns(tmp_path / "past.csv")
    assert found.model.tail_from == pytest.approx(1.5, abs=0.11)
    assert found.model.body_mean == pytest.approx(0.95, abs=0.01)
    assert found.model.body_sigma == pytest.approx(0.15, abs=0.01)
    assert found.model.tail_power == pytest.approx(1.6, rel=0.1)
    assert found.settings["slip.median"] == pytest.approx(1.3, rel=0.02)
    assert found.settings["slip.sigma"] == pytest.approx(0.25, abs=0.01)
    assert found.settings["overrun.medium.tail_chance"] == pytest.approx(0.2, abs=0.04)
    table = found.quantiles()
    assert table["model"].between(table["low"] - 0.02, table["high"] + 0.02).all()
    assert found.as_far > 0.05
    # what it prints is what a scenario takes
    settings = yaml.safe_load(str(found).split("study.yaml:\n")[1])["set"]
    assert settings == found.settings
    changed = Settings.defaults().change(settings, "test", "test.yaml")
    assert changed.number("overrun.body_mean") == found.settings["overrun.body_mean"]


def test_a_file_that_the_model_does_not_describe_is_said_to_fit_badly(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    ratios = np.concatenate([rng.normal(0.4, 0.01, 300), rng.normal(1.1, 0.01, 300)])
    pd.DataFrame({"first_budget": 1e6, "last_budget": 1e6 * ratios}).to_csv(tmp_path / "odd.csv", index=False)
    found = fit_overruns(tmp_path / "odd.csv")
    assert found.as_far == 0
    assert "more than chance" in str(found)
    assert found.distance > 0.1


def test_the_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    ratios = TRUTH.quantile(np.random.default_rng(2).random(500))
    model = two_part(ratios)
    reference = kstest(model.chance_up_to(ratios), "uniform")
    assert model.distance(ratios) == pytest.approx(float(reference.statistic))


def test_every_wrong_cell_is_told_at_once(tmp_path: Path) -> None:
    table = projects(40).astype(object)
    table.loc[3, "first_budget"] = "many"
    table.loc[5, "last_budget"] = -1
    table.loc[7, "first_date"] = "soon"
    table.to_csv(tmp_path / "past.csv", index=False)
    with pytest.raises(StudyError) as caught:
        fit_overruns(tmp_path / "past.csv")
    told = str(caught.value)
    assert 'row 5, column first_budget: "many" is not an amount above 0' in told
    assert 'row 7, column last_budget: "-1" is not an amount above 0' in told
    assert 'row 9, column first_date: "soon" is not a date' in told


def test_too_few_projects_missing_columns_and_no_file_are_said(tmp_path: Path) -> None:
    projects(10).to_csv(tmp_path / "few.csv", index=False)
    projects(40)[["first_budget"]].to_csv(tmp_path / "half.csv", index=False)
    for name, words in (("few", "holds 10 projects"), ("half", "lacks the columns last_budget"), ("no", "not exist")):
        with pytest.raises(StudyError, match=words):
            fit_overruns(tmp_path / f"{name}.csv")


def test_the_command_prints_what_to_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    projects(300).drop(columns=["start_date"]).to_csv(tmp_path / "past.csv", index=False)
    reallot.app(["fit-overruns", str(tmp_path / "past.csv")], standalone_mode=False)
    said = capsys.readouterr().out
    assert "300 projects" in said
    assert "Kolmogorov-Smirnov distance" in said
    assert "years or more after the first date" in said
    assert "overrun.body_mean:" in said
    assert "slip.median:" not in said
    reallot.app(["fit-overruns", str(tmp_path / "past.csv"), "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["projects"] == 300
