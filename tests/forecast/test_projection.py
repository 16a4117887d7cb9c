from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import forecast
from forecast.arrays import FloatArray
from forecast.errors import SettingError
from forecast.projection import project
from tests.forecast.monthly_tables import BUDGET_COLUMNS, LAST, LINE_COLUMNS, NAN, budget, check, months, spending


def test_shapes_are_those_of_the_contract() -> None:
    table = months(spending(4, 5, 8))
    end = project(table, budget(dict.fromkeys(table["agency"].unique(), 1e6)))
    assert (end.keys, end.fiscal_year, end.closed, end.periods, end.levels) == (("agency",), LAST, 8, 12, (80, 95))
    assert list(end.lines.columns) == ["agency", *LINE_COLUMNS, *BUDGET_COLUMNS]
    assert list(end.totals("agency").columns) == ["agency", *LINE_COLUMNS, *BUDGET_COLUMNS]
    assert list(end.totals().columns) == [*LINE_COLUMNS, *BUDGET_COLUMNS]
    assert list(end.scores.columns) == ["rule", "smape", "coverage_80", "coverage_95", "weight", "n"]
    assert end.scores["rule"].tolist()[:2] == ["run rate", "last year"]
    assert end.scores["rule"].tolist()[-1] == "combined"
    assert list(end.weights.columns) == end.scores["rule"].tolist()[:-1]
    assert end.weights.index.tolist() == end.lines["agency"].tolist()
    assert list(end.profile.columns) == ["agency", "month", "share"]
    assert end.profile.shape == (4 * 12, 3)
    assert list(end.treatments.columns) == ["agency", "period", "found", "treatment", "before", "after"]
    assert list(end.variance.columns) == [
        *("agency", "appropriated", "budget_to_date", "spent", "variance", "timing", "level", "direction", "share")
    ]
    assert end.lines["spent"].tolist() == pytest.approx(
        table[table["period"] >= "2025-07"].groupby("agency")["amount"].sum().tolist()
    )
    check(end)


def test_without_a_budget_nothing_is_said_of_it() -> None:
    end = project(months(spending(3, 4, 5)), levels=(50,))
    assert list(end.lines.columns) == ["agency", "spent", "mean", "lo_50", "hi_50"]
    assert list(end.totals().columns) == ["spent", "mean", "lo_50", "hi_50"]
    assert end.variance.empty
    assert "lapse" not in str(end)


def test_a_surge_at_the_years_end_is_learnt() -> None:
    shape = np.array([1.0] * 11 + [5.0])
    lines = {f"a{place}": np.array([shape * (10 + place) * 1.03**year for year in range(6)]) for place in range(6)}
    truth = {agency: amounts[-1].sum() for agency, amounts in lines.items()}
    for amounts in lines.values():
        amounts[-1, 9:] = NAN
    end = project(months(lines))
    means = end.lines.set_index("agency")["mean"]
    for agency, total in truth.items():
        assert means[agency] == pytest.approx(total, rel=0.02)
        assert abs(lines[agency][-1, :9].sum() * 12 / 9 / total - 1) > 0.2
    august = end.profile[end.profile["month"] == 11]["share"]
    np.testing.assert_allclose(august, 11 / 16, rtol=0.02)
    scores = end.scores.set_index("rule")["smape"]
    assert scores["combined"] < scores["run rate"] / 5


def test_the_run_rate_may_win() -> None:
    draw = np.random.default_rng(3)
    lines = {f"a{place}": np.full((6, 12), 1e4) * np.exp(draw.normal(size=(6, 1))) for place in range(8)}
    for amounts in lines.values():
        amounts[-1, 6:] = NAN
    end = project(months(lines))
    assert end.best() == "run rate"
    np.testing.assert_allclose(end.lines["mean"], 2 * end.lines["spent"], rtol=1e-6)


def test_intervals_hold_about_as_often_as_they_say_in_years_that_were_not_seen() -> None:
    lines = spending(300, 7, 12, seed=5)
    truth = np.array([amounts[-1].sum() for amounts in lines.values()])
    table = months(lines)
    for as_of in ("2025-09", "2026-03"):
        end = project(table, as_of=as_of)
        for level, least, most in ((80, 0.77, 0.9), (95, 0.92, 0.995)):
            held = (end.lines[f"lo_{level}"] <= truth) & (truth <= end.lines[f"hi_{level}"])
            assert least < held.mean() < most


def test_intervals_narrow_as_months_close_until_the_year_is_what_it_was() -> None:
    table = months(spending(60, 6, 12, seed=2))
    ends = [project(table, as_of=pd.Period("2025-06", "M") + closed) for closed in (1, 3, 6, 9, 11, 12)]
    for width in ("lines", "totals"):
        frames = [end.lines if width == "lines" else end.totals() for end in ends]
        widths = [float((frame["hi_80"] - frame["lo_80"]).mean()) for frame in frames]
        assert all(later < before for before, later in pairwise(widths))
        assert widths[-2] > 0
        assert widths[-1] == 0
    np.testing.assert_array_equal(ends[-1].lines["mean"], ends[-1].lines["spent"])


def test_a_closed_year_lapses_what_it_left() -> None:
    lines = {"a": np.full((3, 12), 10.0), "b": np.full((3, 12), 20.0)}
    end = project(months(lines), budget({"a": 150.0, "b": 230.0}))
    assert end.lines["expected_lapse"].tolist() == pytest.approx([30, 0])
    assert end.lines["expected_overspend"].tolist() == pytest.approx([0, 10])
    assert end.lines["chance_over"].tolist() == [0, 1]
    assert "The year is closed" in str(end)


def test_money_lapses_line_by_line() -> None:
    lines = spending(2, 6, 9, seed=4, noise=0.01)
    now = [float(np.nansum(amounts[-1])) for amounts in lines.values()]
    end = project(months(lines), budget(dict(zip(lines, (3 * now[0], 0.9 * now[1]), strict=True))))
    total = end.totals().iloc[0]
    assert total["expected_lapse"] == pytest.approx(end.lines["expected_lapse"].sum())
    assert total["expected_overspend"] == pytest.approx(end.lines["expected_overspend"].sum())
    assert end.lines["chance_over"].tolist() == pytest.approx([0, 1], abs=0.01)
    netted = total["appropriated"] - total["mean"]
    assert total["expected_lapse"] > netted + 0.5 * end.lines["expected_overspend"].iloc[1]


def test_nothing_after_the_last_closed_month_is_known() -> None:
    table = months(spending(12, 6, 12))
    end = project(table, as_of="2025-11")
    pd.testing.assert_frame_equal(end.lines, project(table[table["period"] <= "2025-11"]).lines)


def test_no_year_ends_below_what_is_spent_however_small_its_budget() -> None:
    lines = spending(5, 5, 10)
    small = {name: [0.4 * float(np.nansum(year)) for year in amounts] for name, amounts in lines.items()}
    end = project(months(lines), budget({name: [*years[:-1], 1.0] for name, years in small.items()}))
    assert (end.tested.projected[-1] >= end.lines["spent"].to_numpy()).sum() == end.tested.projected[-1].size
    assert (end.lines["lo_95"] >= end.lines["spent"]).all()


def test_the_order_of_rows_and_a_second_run_change_nothing() -> None:
    table = months(spending(10, 5, 4))
    shuffled = table.sample(frac=1, random_state=3)
    first, second = project(table), project(shuffled)
    for name in ("lines", "scores", "weights", "profile", "treatments", "variance"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))


def test_one_line_without_keys_and_a_first_year() -> None:
    table = months(spending(1, 1, 4)).drop(columns="agency")
    end = project(table, pd.DataFrame({"fiscal_year": [LAST], "amount": [1e6]}))
    assert end.keys == ()
    check(end)
    assert end.scores["n"].eq(0).all()
    alone = project(table)
    assert alone.lines["mean"].iloc[0] == pytest.approx(3 * alone.lines["spent"].iloc[0])
    sure = end.lines["hi_80"] - end.lines["lo_80"]
    assert (alone.lines["hi_80"] - alone.lines["lo_80"]).iloc[0] > sure.iloc[0]


def test_new_lines_and_lines_without_an_appropriation() -> None:
    lines = spending(4, 5, 6)
    table = months(lines)
    names = list(lines)
    end = project(table, budget({names[0]: 1e6, names[1]: 1e6, names[2]: 1e6, "new": 5e5}))
    rows = end.lines.set_index("agency")
    assert rows.loc["new", "spent"] == 0
    assert rows["mean"].between(0.3e6, 0.55e6)["new"]
    assert rows.loc[names[3], BUDGET_COLUMNS].isna().all()
    assert set(end.variance["agency"]) == {*names[:3], "new"}
    found = end.treatments.set_index("agency")["found"]
    assert found[names[3]] == "no appropriation"
    assert found["new"] == "no full year"
    total = end.totals().iloc[0]
    assert np.isnan(total["chance_over"])
    assert total["appropriated"] == pytest.approx(3.5e6)
    assert end.totals("agency").set_index("agency")["chance_over"].notna().sum() == 4
    check(end)


def test_only_lines_with_credits_may_end_below_what_is_spent() -> None:
    lines = spending(20, 6, 11, seed=8)
    for place, amounts in enumerate(lines.values()):
        amounts[:-1, 11] = -0.3 * amounts[:-1, :11].sum(axis=1) if place < 10 else 0.001
    end = project(months(lines))
    below = end.lines["lo_95"] < end.lines["spent"]
    assert below.tolist() == [True] * 10 + [False] * 10
    assert (end.lines["mean"].head(10) < end.lines["spent"].head(10)).all()
    assert (end.treatments["found"] == "negative month").sum() == 50


def test_a_forecast_made_elsewhere_counts_for_what_it_was_worth() -> None:
    lines = spending(30, 6, 12, seed=9)
    table = months(lines)
    truth = {name: amounts.sum(axis=1) for name, amounts in lines.items()}
    rows = [(name, LAST - 5 + year, total) for name, totals in truth.items() for year, total in enumerate(totals)]
    oracle = pd.DataFrame(rows, columns=["agency", "fiscal_year", "mean"])
    wrong = oracle.assign(mean=oracle["mean"] * 10)
    now = np.array([totals[-1] for totals in truth.values()])
    errors = {}
    for name, prior in (("none", None), ("oracle", oracle), ("wrong", wrong)):
        end = project(table, as_of="2025-10", prior=prior)
        errors[name] = np.abs(end.lines["mean"] / now - 1).mean()
        if prior is not None:
            errors[f"{name} weight"] = float(end.weights["prior"].mean())
    assert errors["oracle"] < errors["none"] / 10
    assert errors["wrong"] == pytest.approx(errors["none"], rel=0.05)
    assert errors["oracle weight"] > 0.5
    assert errors["wrong weight"] < 0.01
    present = oracle[oracle["fiscal_year"] == LAST].drop(columns="fiscal_year")
    untested = project(table, as_of="2025-10", prior=present)
    assert 0.02 < untested.weights["prior"].mean() < 0.5
    assert untested.scores.set_index("rule").loc["prior", "n"] == 0


def test_an_outlook_will_do_as_a_prior() -> None:

    lines = spending(6, 6, 8)
    yearly = pd.DataFrame(
        [(name, LAST - 5 + year, amounts[year].sum()) for name, amounts in lines.items() for year in range(5)],
        columns=["agency", "period", "amount"],
    )
    outlook = forecast.outlook(yearly, horizon=1)
    end = project(months(lines), prior=outlook.lines)
    assert end.weights["prior"].gt(0).all()


def encumbered(lines: int, years: int) -> tuple[pd.DataFrame, FloatArray]:
    """Lines whose last four months pay nine tenths of what is encumbered after eight, and the present year's end."""
    draw = np.random.default_rng(11)
    early = 1e4 * np.exp(0.1 * draw.normal(size=(lines, years, 8)))
    balance = 1e5 * np.exp(0.6 * draw.normal(size=(lines, years)))
    late = np.repeat((0.9 * balance / 4)[:, :, None], 4, axis=2)
    amounts = np.concatenate([early, late], axis=2)
    held = np.concatenate([np.repeat(balance[:, :, None], 8, axis=2), np.zeros((lines, years, 4))], axis=2)
    table = months({f"a{place:02d}": amounts[place] for place in range(lines)})
    table["encumbered"] = held.reshape(-1)
    return table, np.asarray(amounts[:, -1].sum(axis=1), dtype=np.float64)


def test_encumbrances_are_heeded_as_far_as_they_were_paid() -> None:
    table, truth = encumbered(20, 6)
    end = project(table, as_of="2026-02")
    assert end.best() == "encumbrances"
    missed = np.abs(end.lines["mean"] / truth - 1).mean()
    assert missed < 0.05
    blind = project(table.drop(columns="encumbered"), as_of="2026-02")
    assert missed < np.abs(blind.lines["mean"] / truth - 1).mean() / 4
    held = table[table["period"] == "2026-02"]["encumbered"].to_numpy()
    np.testing.assert_array_equal(end.lines["encumbered"], held)
    assert end.totals()["encumbered"].iloc[0] == pytest.approx(held.sum())


def test_settings_out_of_range_are_refused_together() -> None:
    table = months(spending(2, 3, 8))
    with pytest.raises(SettingError) as raised:
        project(table, levels=(0, 80), like=("fund",), fiscal_year_start=13)
    assert [problem.split(" is ")[0] for problem in raised.value.problems] == [
        *("level 0", "fiscal_year_start 13", "like 'fund'")
    ]
    with pytest.raises(SettingError, match="no level"):
        project(table, levels=())
    with pytest.raises(SettingError, match=r"by 'fund' is not a key \(keys: agency\)"):
        project(table).totals("fund")


def test_like_lines_share_what_they_learn() -> None:
    lines = spending(12, 4, 6, seed=1, noise=0.0)
    for place, amounts in enumerate(lines.values()):
        amounts[:, :6] *= 4.0 if place % 2 else 0.25
    lines["new"] = np.where(np.arange(48).reshape(4, 12) < 36, NAN, next(iter(lines.values())))
    table = months(lines)
    kind = {name: "late" if place % 2 == 0 else "early" for place, name in enumerate(lines)}
    table.insert(0, "kind", table["agency"].map(kind))
    apart, together = project(table, like=["kind"]), project(table)
    share = {
        name: end.profile.set_index(["agency", "month"])["share"]["new", 6]
        for name, end in (("apart", apart), ("together", together))
    }
    late = np.median(
        [
            amounts[0, :6].sum() / amounts[0].sum()
            for name, amounts in lines.items()
            if kind[name] == "late" and name != "new"
        ]
    )
    assert abs(share["apart"] - late) < abs(share["together"] - late)


amounts_ = st.one_of(st.floats(-1e6, 1e9), st.sampled_from([0.0, NAN, 1e-300, 1e150, -1e150, 1.0]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.one_of(st.none(), amounts_), min_size=20, max_size=20), min_size=1, max_size=4).filter(
        lambda lines: any(value is not None and value == value for line in lines for value in line)
    ),
    st.integers(1, 12),
    st.booleans(),
)
def test_no_table_breaks_it(lines: list[list[float | None]], start: int, with_budget: bool) -> None:
    rows = [
        (f"a{place}", str(pd.Period("2024-04", "M") + month), value, abs(value) / 2)
        for place, line in enumerate(lines)
        for month, value in enumerate(line)
        if value is not None
    ]
    table = pd.DataFrame(rows, columns=["agency", "period", "amount", "encumbered"])
    last = pd.Period(table["period"].max(), "M")
    year = last.year + (last.month >= start > 1)
    enacted = budget({"a0": [1e-200, 5.0], "a1": 0.0, "b": [NAN, 1e150]}, last=year) if with_budget else None
    end = project(table, enacted, fiscal_year_start=start)
    if end.closed < end.periods:
        check(end, budgeted=with_budget)
    assert np.isfinite(end.profile["share"]).all()
    assert isinstance(str(end), str)
