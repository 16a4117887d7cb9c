"""What the optimizer is given: run costs that follow the outlook, and money that adds up to it."""

import numpy as np
import pandas as pd
import pytest

from scenarios.expected import outlook_of
from scenarios.parameters import Settings
from scenarios.pipeline import prepare
from scenarios.portfolio import build_portfolio, catalogue, cost_index, methods, sizes
from scenarios.tables import METHODS
from tests.scenarios.studies import small_study


def test_the_methods_come_from_the_parameters() -> None:
    settings = Settings.defaults().change({"itb.largest": 2e6, "methods": ["sole_source", "itb"]}, "test", "test")
    itb, sole = methods(settings)
    assert (itb.name, itb.largest, itb.strategies) == ("itb", 2e6, ("rehost", "relocate", "repurchase"))
    assert (sole.name, sole.lead_days, sole.price_factor, sole.modules) == ("sole_source", 28, 1.1, 1)
    assert [m.name for m in methods(Settings.defaults())] == list(METHODS)
    assert methods(Settings.defaults().change({"methods": []}, "test", "test")) == ()


def test_a_large_system_takes_as_long_to_buy_as_was_measured() -> None:
    by_name = {m.name: m for m in methods(Settings.defaults())}
    sizes_usd = np.array([1e5, 50e6, 449e6])
    assert by_name["single_rfp"].lead(sizes_usd).tolist() == pytest.approx([161, 674, 855], abs=1)
    assert (by_name["modular_rfp"].lead(sizes_usd[1:]) < by_name["single_rfp"].lead(sizes_usd[1:])).all()


def test_estate_sites_and_residual_add_up_to_the_outlook() -> None:
    study = small_study(4)
    outlook = outlook_of(study)
    assert outlook is not None
    portfolio = build_portfolio(study, outlook)
    units = study.table("systems")["units"].to_numpy()
    for year in study.years:
        quarters = [q for q in portfolio.quarters if q.qyear == year]
        estate = (portfolio.run_cost[quarters].to_numpy() * units[:, None]).sum()
        sites = study.table("sites")["annual_fixed_cost"].sum()
        rest = portfolio.residual.loc[portfolio.residual["fiscal_year"].eq(year), "amount"].sum()
        expected = outlook.totals.loc[outlook.totals["period"].eq(year), "mean"].sum()
        assert estate + sites + rest == pytest.approx(expected, abs=0.01)


def test_a_system_follows_its_line_then_its_agency_then_all() -> None:
    study = small_study(4)
    outlook = outlook_of(study)
    assert outlook is not None
    systems = study.table("systems")
    line = f"{systems['agency'].iloc[0]}/it/general/infrastructure"
    lines = [line, *[""] * (len(systems) - 1)]
    agency = ["nobody" if i == 1 else a for i, a in enumerate(systems["agency"])]
    index = cost_index(study.with_table("systems", systems.assign(spending_line=lines, agency=agency)), outlook)
    totals = outlook.totals.set_index("period")["mean"]
    spent = study.table("spending").query("period == 2026")["expended"].sum()
    assert index.iloc[1].to_numpy() == pytest.approx((totals / spent).loc[list(study.years)].to_numpy(), rel=1e-6)
    assert index.iloc[0].to_numpy() == pytest.approx(outlook.outlook.index(2026).iloc[0].to_numpy(), rel=0.05)


def test_a_blank_size_takes_the_median_of_the_study() -> None:
    frame = pd.DataFrame({"vcpus": [2.0, np.nan, 8.0], "memory_gib": np.nan, "storage_gib": [1.0, 2.0, np.nan]})
    assert sizes(frame)["vcpus"].tolist() == [2, 5, 8]
    assert sizes(frame)["memory_gib"].tolist() == [16, 16, 16]
    assert sizes(frame)["storage_gib"].tolist() == [1, 2, 1.5]


def test_the_catalogue_comes_from_the_parameters() -> None:
    settings = Settings.defaults().change({"rehost.one_time_cost": 1234}, "test", "test")
    by_name = {s.name: s for s in catalogue(settings)}
    assert set(by_name) == {"retire", "rehost", "relocate", "repurchase", "replatform", "refactor"}
    assert by_name["rehost"].one_time_cost == 1234
    assert by_name["rehost"].hours == {"migration": 40, "application": 12}
    assert [s.buys for s in by_name.values()] == [s.name != "retire" for s in by_name.values()]
    assert by_name["repurchase"].subscription_years == 1
    assert (by_name["retire"].side, by_name["relocate"].side, by_name["refactor"].side) == ("", "legacy", "modern")


def test_cloud_prices_depend_on_size_system_and_region() -> None:
    study = small_study()
    systems = study.table("systems").assign(vcpus=[2.0, 16.0] * 6, memory_gib=8.0, platform="Ubuntu Linux (64-bit)")
    small, large = prepare(study.with_table("systems", systems)).portfolio.systems["cloud_price"].iloc[:2]
    windows = systems.assign(platform="Microsoft Windows Server 2019 (64-bit)")
    dearer = prepare(study.with_table("systems", windows)).portfolio.systems["cloud_price"].iloc[0]
    assert small < large
    assert small < dearer
