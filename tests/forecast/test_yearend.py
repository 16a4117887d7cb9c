from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.arrays import FloatArray
from forecast.errors import SettingError, SpendingError
from forecast.profiles import (
    CONVERSION,
    CONVERSION_YEARS,
    DECAY,
    KNOTS,
    RULES,
    Chances,
    Position,
    chances,
    conversion,
    cumulative_share,
    group_reach,
    line_scale,
    line_size,
    middle,
    pool,
    project_all,
    reach,
    size_third,
)
from forecast.yearend import YearEnd, project, variance

NAN = float("nan")
LAST = 2026
"""The present fiscal year of every made-up table."""
LINE_COLUMNS = ["spent", "mean", "lo_80", "hi_80", "lo_95", "hi_95"]
BUDGET_COLUMNS = ["appropriated", "expected_lapse", "expected_overspend", "chance_over"]


def months(lines: Mapping[str, FloatArray], last: int = LAST) -> pd.DataFrame:
    """A long frame `agency, period, amount` of lines by fiscal years by months, (Y, 12) each; NaN where no row."""
    rows = []
    for agency, amounts in lines.items():
        start = pd.Period(year=last - len(amounts), month=7, freq="M")
        rows += [(agency, start + place, amount) for place, amount in enumerate(amounts.ravel())]
    table = pd.DataFrame(rows, columns=["agency", "period", "amount"])
    return table[table["amount"].notna()].reset_index(drop=True)


def budget(lines: Mapping[str, float | list[float]], last: int = LAST) -> pd.DataFrame:
    """A long frame `agency, fiscal_year, amount`; each line's appropriations end in the present year."""
    rows = []
    for agency, given_ in lines.items():
        amounts = given_ if isinstance(given_, list) else [given_]
        rows += [(agency, last - len(amounts) + 1 + place, amount) for place, amount in enumerate(amounts)]
    return pd.DataFrame(rows, columns=["agency", "fiscal_year", "amount"])


def spending(lines: int, years: int, closed: int, seed: int = 0, noise: float = 0.2) -> dict[str, FloatArray]:
    """Lines that walk at random from year to year and spend late in each; the present year open after `closed`."""
    draw = np.random.default_rng(seed)
    level = np.exp(
        draw.normal(13, 1, size=(lines, 1)) + (0.03 + 0.08 * draw.normal(size=(lines, years))).cumsum(axis=1)
    )
    profile = draw.dirichlet([8.0] * 11 + [16.0], size=lines)
    amounts = level[:, :, None] * profile[:, None] * np.exp(noise * draw.normal(size=(lines, years, 12)))
    amounts[:, -1, closed:] = NAN
    return {f"line{place:03d}": amounts[place] for place in range(lines)}


def check(end: YearEnd, *, budgeted: bool = True) -> None:
    """Everything that holds of any projection of a year that is not closed."""
    frames = [end.lines, end.totals(), *(end.totals(key) for key in end.keys)]
    for frame in frames:
        money = frame[LINE_COLUMNS].to_numpy()
        assert np.isfinite(money).all()
        slack = 1e-9 * np.abs(money).max()
        for low, high in pairwise(["lo_95", "lo_80", "mean", "hi_80", "hi_95"]):
            assert (frame[low] <= frame[high] + slack).all()
        assert (frame["hi_80"] > frame["lo_80"]).all()
        if budgeted:
            known = frame["appropriated"].notna()
            assert (frame.loc[known, ["expected_lapse", "expected_overspend"]] >= 0).all(axis=None)
            assert frame["chance_over"].dropna().between(0, 1).all()
    total = end.totals().iloc[0]
    assert total["mean"] == pytest.approx(end.lines["mean"].sum(), rel=1e-9, abs=1e-9 * end.lines["mean"].abs().sum())
    np.testing.assert_allclose(end.weights.sum(axis=1), 1)
    parts = end.variance["timing"] + end.variance["level"]
    rounding = 1e-9 * max(1.0, float(np.abs(end.lines[LINE_COLUMNS].to_numpy(dtype=np.float64)).max()))
    np.testing.assert_allclose(parts, end.variance["variance"], rtol=1e-9, atol=rounding)


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


@given(st.lists(st.floats(0, 100), min_size=3, max_size=3), st.floats(-300, 300), st.floats(0.5, 5), st.booleans())
def test_lapse_is_the_integral_that_it_is_said_to_be(sides: list[float], limit: float, high: float, held: bool) -> None:
    below = np.maximum.accumulate(np.linspace(1, 10, len(KNOTS)) * (1 + sides[0] / 50))[:, None]
    above = below * high
    floor = np.array([50.0 - sides[1] / 5]) if held else np.array([-np.inf])
    likely = chances(np.array([50.0]), floor, below, above)
    grid = np.linspace(-500, 500, 400_001)
    steps = np.diff(likely.amounts[0])
    rising = np.append(steps > 0, True)
    amounts, chance = likely.amounts[0][rising], likely.chance[rising]
    cumulative = np.interp(grid, amounts, chance, left=0.0, right=1.0)
    width = grid[1] - grid[0]
    at = np.array([limit])
    assert likely.below(at)[0] == pytest.approx(cumulative[grid <= limit].sum() * width, abs=0.01)
    assert likely.above(at)[0] == pytest.approx((1 - cumulative[grid > limit]).sum() * width, abs=0.01)
    if not np.isclose(limit, likely.amounts[0]).any():
        assert likely.over(at)[0] == pytest.approx(1 - np.interp(limit, amounts, chance, left=0, right=1), abs=1e-6)


def test_lapse_less_overspend_is_what_is_left_of_the_mean() -> None:
    likely = Chances(np.array([[0.0, 10.0, 30.0]]), np.array([0.0, 0.5, 1.0]))
    mean = 0.5 * 5 + 0.5 * 20
    for limit in (-5.0, 4.0, 12.0, 50.0):
        at = np.array([limit])
        assert likely.below(at)[0] - likely.above(at)[0] == pytest.approx(limit - mean)
    assert likely.below(np.array([10.0]))[0] == pytest.approx(2.5)


def test_spending_early_is_timing_and_spending_more_is_level() -> None:
    even = np.full((6, 12), 100.0)
    early, more = even.copy(), even.copy()
    early[-1, :6] = 120.0
    more[-1, :6] = 120.0
    lines = {"early": early, "even": even, "more": more} | {f"z{place}": even for place in range(5)}
    table = months(
        {name: np.where(np.arange(72).reshape(6, 12) >= 66, NAN, amounts) for name, amounts in lines.items()}
    )
    said = pd.DataFrame({"agency": list(lines), "mean": [1200.0, 1200.0, 1440.0, *[1200.0] * 5]})
    end = project(table, budget(dict.fromkeys(lines, 1200.0)), prior=said)
    rows = variance(table, budget(dict.fromkeys(lines, 1200.0))).set_index("agency")
    assert rows.loc["even", "variance"] == pytest.approx(0, abs=1e-6)
    assert rows.loc["early", "variance"] == pytest.approx(-120)
    assert rows.loc["early", "direction"] == "unfavourable"
    assert rows["share"].abs().sum() == pytest.approx(1)
    explained = end.variance.set_index("agency")
    assert explained["variance"].to_dict() == pytest.approx(rows["variance"].to_dict())
    means = end.lines.set_index("agency")["mean"]
    assert explained.loc["more", "level"] == pytest.approx(0.5 * (1200 - means["more"]))
    assert explained.loc["more", "timing"] == pytest.approx(0.5 * means["more"] - 720)


def test_months_may_be_written_in_many_ways() -> None:
    table = months(spending(3, 4, 7))
    ways = {
        "text": table["period"].astype("str"),
        "date": table["period"].dt.to_timestamp(),
        "day": table["period"].dt.to_timestamp().dt.strftime("%Y-%m-%d"),
        "object": table["period"].astype("object"),
    }
    first = project(table)
    for period in ways.values():
        pd.testing.assert_frame_equal(project(table.assign(period=period)).lines, first.lines)


def test_quarters_are_those_of_the_fiscal_year() -> None:
    table = months(spending(5, 6, 9))
    quarter = table["period"].dt.asfreq("Q-JUN")
    sums = table.assign(period=quarter).groupby(["agency", "period"])["amount"].sum().reset_index()
    end = project(sums)
    assert (end.periods, end.closed, end.fiscal_year) == (4, 3, LAST)
    written = sums.assign(period=sums["period"].astype("str"))
    assert written["period"].iloc[-1] == "2026Q3"
    pd.testing.assert_frame_equal(project(written).lines, end.lines)
    calendar = sums.assign(period=sums["period"].dt.asfreq("M").dt.asfreq("Q-DEC"))
    pd.testing.assert_frame_equal(project(calendar).lines, end.lines)
    np.testing.assert_allclose(end.lines["spent"], project(table).lines["spent"])
    check(end, budgeted=False)


def test_the_fiscal_year_begins_where_it_is_said_to() -> None:
    table = months(spending(3, 4, 12))
    for start, closed, year in ((7, 12, 2026), (10, 9, 2026), (1, 6, 2026), (4, 3, 2027)):
        end = project(table, fiscal_year_start=start)
        assert (end.closed, end.fiscal_year) == (closed, year)
        begin = pd.Period("2026-06", "M") - closed
        spent = table[table["period"] > begin].groupby("agency")["amount"].sum()
        np.testing.assert_allclose(end.lines["spent"], spent)


def test_nothing_after_the_last_closed_month_is_known() -> None:
    table = months(spending(12, 6, 12))
    end = project(table, as_of="2025-11")
    pd.testing.assert_frame_equal(end.lines, project(table[table["period"] <= "2025-11"]).lines)


def test_the_backtest_knows_no_later_year() -> None:
    table = months(spending(12, 6, 12))
    enacted = budget({name: [1e6 * (1 + year / 9) for year in range(6)] for name in table["agency"].unique()})
    end = project(table, enacted, as_of="2025-11")
    changed = table.assign(amount=table["amount"].where(table["period"] <= "2024-11", table["amount"] * 3))
    raised = enacted.assign(amount=enacted["amount"].where(enacted["fiscal_year"] < LAST, 9e6))
    later = project(changed, raised, as_of="2025-11")
    np.testing.assert_array_equal(end.tested.projected[:-1], later.tested.projected[:-1])
    np.testing.assert_array_equal(end.tested.scale[:-1], later.tested.scale[:-1])
    assert not np.allclose(end.tested.projected[-1], later.tested.projected[-1])


def test_years_with_gaps_or_not_begun_in_time_are_not_scored() -> None:
    table = months(spending(4, 5, 2))
    names = sorted(table["agency"].unique())
    gap = (table["agency"] == names[0]) & (table["period"] == "2023-12")
    late = (table["agency"] == names[1]) & (table["period"] < "2022-10")
    end = project(table.assign(amount=table["amount"].mask(gap))[~late])
    scored = np.isfinite(end.tested.actual)
    assert end.tested.years.tolist() == [1, 2, 3, 4]
    assert scored.tolist() == [
        [True, False, True, True],
        [False, True, True, True],
        [True, True, True, True],
        [False, False, False, False],
    ]


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


def test_a_group_of_one_line_has_the_intervals_of_that_line() -> None:
    table = months(spending(6, 6, 8))
    end = project(table, budget(dict.fromkeys(table["agency"].unique(), 5e5)))
    pd.testing.assert_frame_equal(end.totals("agency"), end.lines)
    pd.testing.assert_frame_equal(end.totals(["agency"]), end.lines)


def test_a_sum_that_was_never_tested_is_what_its_lines_imply() -> None:
    end = project(months(spending(5, 1, 6)))
    above = (end.lines["hi_80"] - end.lines["mean"]).to_numpy()
    implied = np.sqrt(0.71 * (above**2).sum() + 0.29 * above.sum() ** 2)
    total = end.totals().iloc[0]
    assert total["hi_80"] - total["mean"] == pytest.approx(implied)


def test_a_sum_is_surer_than_its_lines_together() -> None:
    end = project(months(spending(40, 6, 8)))
    total, lines = end.totals().iloc[0], end.lines
    assert total["hi_80"] - total["lo_80"] < (lines["hi_80"] - lines["lo_80"]).sum()
    assert total["hi_80"] - total["lo_80"] > (lines["hi_80"] - lines["lo_80"]).max() / 2


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
    import forecast

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


def position(seed: int = 0, lines: int = 5, years: int = 4, closed: int = 5) -> Position:
    """Positive amounts, all known."""
    draw = np.random.default_rng(seed)
    amounts = np.exp(draw.normal(3, 1, size=(lines, years + 1, 12)))
    totals = amounts.sum(axis=2)
    return Position(
        past=amounts[:, :-1],
        whole=np.ones((lines, years), dtype=np.bool_),
        now=amounts[:, -1, :closed],
        like=np.arange(lines) % 2,
        appropriated=totals * np.exp(0.1 * draw.normal(size=totals.shape)),
        encumbered=totals * draw.uniform(0.1, 0.4, size=totals.shape),
        prior=totals[:, -1] * 1.1,
    )


def test_rules_are_what_their_formulas_say() -> None:
    at = position()
    said = dict(zip((rule.name for rule in RULES), project_all(at, RULES), strict=True))
    weight = DECAY ** np.arange(4)[::-1]
    habit: FloatArray = 0.7 ** np.arange(4.0)[::-1]
    median = {name: pool(values, at.like, 1.0) for name, values in _habits(at, habit).items()}
    for i in range(len(at.spent)):
        c = sum(at.now[i])
        totals = [sum(year) for year in at.past[i]]
        early = [sum(year[:5]) for year in at.past[i]]
        rest = [total - part for total, part in zip(totals, early, strict=True)]
        usual = sum(w * r for w, r in zip(weight, rest, strict=True)) / sum(weight)
        balance = sum(w * e for w, e in zip(weight, at.encumbered[i, :-1], strict=True)) / sum(weight)
        q = conversion(at)[i]
        expected = {
            "run rate": c * 12 / 5,
            "last year": totals[-1],
            "last year's rest": c + rest[-1],
            "profile": c / at.share[i],
            "grown rest": c + at.growth[i] * rest[-1],
            "usual rest": c + at.growth[i] * usual,
            "encumbrances": c + usual + q * (at.encumbered[i, -1] - balance),
            "straight budget": at.appropriated[i, -1],
            "prior": at.prior[i],
        }
        for name, key in (("used budget", "budget"), ("used balance", "balance")):
            own = _habits(at, habit)[key][i]
            used = (sum(habit) * own + median[key][i]) / (sum(habit) + 1)
            whole = at.appropriated[i, -1]
            expected[name] = used * whole if key == "budget" else c + used * max(whole - c, 0)
        for name, value in expected.items():
            assert said[name][i] == pytest.approx(max(value, c)), name


def _habits(at: Position, weight: FloatArray) -> dict[str, FloatArray]:
    """Each line's own use of appropriations and of their unspent balances."""
    totals, early, given_ = at.past.sum(axis=2), at.past[:, :, :5].sum(axis=2), at.appropriated[:, :-1]
    left = (given_ - early).clip(0)
    rest = np.clip(totals - early, 0, 2 * left)
    return {
        "budget": (weight * np.clip(totals, 0, 2 * given_)).sum(axis=1) / (weight * given_).sum(axis=1),
        "balance": (weight * rest * (left > 0)).sum(axis=1) / (weight * left).sum(axis=1),
    }


def test_conversion_is_a_pooled_slope() -> None:
    at = position(lines=40, years=5)
    rest = at.past[:, :, 5:].sum(axis=2)
    at = replace(at, encumbered=np.column_stack([rest / 0.6, rest[:, -1]]))
    slope = conversion(at)
    expected = []
    for group in (0, 1):
        both = square = count = 0.0
        for i in np.flatnonzero(at.like == group):
            size = at.past[i].sum(axis=1).mean()
            came = (rest[i] - rest[i].mean()) / size
            held = (rest[i] / 0.6 - (rest[i] / 0.6).mean()) / size
            held, came = held / np.maximum(1, np.abs(held)), came / np.maximum(1, np.abs(came))
            both, square, count = both + (came * held).sum(), square + (held * held).sum(), count + 5
        expected.append((both, square, count))
    b, s, n = (sum(column) for column in zip(*expected, strict=True))
    overall = (n * b / s + CONVERSION_YEARS * CONVERSION) / (n + CONVERSION_YEARS)
    for group, (both, square, count) in enumerate(expected):
        leaned = (count * both / square + CONVERSION_YEARS * overall) / (count + CONVERSION_YEARS)
        np.testing.assert_allclose(slope[at.like == group], leaned)
    assert np.abs(slope - 0.6).max() < 0.05


def test_the_profile_leans_to_like_lines_as_far_as_years_differ() -> None:
    steady = np.tile([[30.0, 60.0]], (1, 4)).reshape(1, 4, 2)
    lines = np.concatenate([steady * scale for scale in (1.0, 2.0, 3.0)])
    totals, to_date = lines.sum(axis=2), lines[:, :, 0]
    share = cumulative_share(totals, to_date, 0.5, np.zeros(3, dtype=np.int64))
    weight = sum(DECAY**age for age in range(4))
    wider = (3 / 3 + 3 * (3 / 3 + 3 * 0.5) / 6) / 6
    assert share == pytest.approx([(weight / 3 + 0.1 * wider) / (weight + 0.1)] * 3)
    draw = np.random.default_rng(0)
    wild = draw.uniform(0.1, 0.9, size=(50, 4))
    leaned = cumulative_share(np.ones((50, 4)), wild, 0.5, np.zeros(50, dtype=np.int64))
    assert leaned.std() < 0.6 * wild.mean(axis=1).std()


def test_years_of_no_or_negative_spending_teach_no_profile() -> None:
    totals = np.array([[100.0, 0.0, -50.0, 100.0], [NAN, NAN, NAN, NAN]])
    to_date = np.array([[40.0, 10.0, 900.0, 40.0], [NAN, NAN, NAN, NAN]])
    share = cumulative_share(totals, to_date, 0.5, np.zeros(2, dtype=np.int64))
    assert 0.4 <= share[0] < 0.45
    assert 0.4 < share[1] < 0.5


def test_the_middle_of_projections_is_a_trimmed_mean() -> None:
    said = np.array([[1.0], [2.0], [3.0], [1000.0], [NAN]])
    assert middle(said, np.array([[0.25, 0.25, 0.25, 0.25, 0.0]]))[0] == pytest.approx(2.5)
    assert middle(said, np.array([[0.1, 0.7, 0.1, 0.1, 0.0]]))[0] == pytest.approx(2.0)
    assert middle(said, np.array([[0.2, 0.25, 0.35, 0.2, 0.0]]))[0] == pytest.approx((0.05 * 2 + 0.15 * 3) / 0.2)


def test_reach_is_a_conformal_quantile() -> None:
    errors = np.random.default_rng(1).permutation(np.arange(1.0, 1001) - 301)
    below, above = reach(errors, np.zeros(1000, dtype=np.int64), (80, 95))
    normal = np.sqrt(np.pi / 2) * np.array([1.2815515655, 1.9599639845])
    wider = (1000 * np.array([600.0, 675]) + 20 * normal) / 1020
    np.testing.assert_allclose(above[:, 1], wider, rtol=0.003)
    np.testing.assert_allclose(above[:, 0], (1000 * np.array([600.0, 675]) + 20 * wider) / 1020, rtol=0.003)
    wider = (1000 * np.array([200.0, 275]) + 20 * normal) / 1020
    np.testing.assert_allclose(below[:, 1], wider, rtol=0.006)
    none = reach(np.array([NAN]), np.zeros(1, dtype=np.int64), (80, 95))
    np.testing.assert_allclose(none, np.broadcast_to(normal[:, None], (2, 2, 3)))


def test_small_lines_do_not_lend_their_tails_to_large_ones() -> None:
    draw = np.random.default_rng(1)
    third = np.repeat([0, 1, 2], 300)
    errors = draw.normal(size=900) * np.array([9.0, 3.0, 1.0])[third]
    below, above = reach(errors, third, (80, 95))
    for side in (below, above):
        assert (side[:, 0] > 2 * side[:, 1]).all()
        assert (side[:, 1] > 1.5 * side[:, 2]).all()


def test_a_pooled_median_leans_from_peers_to_all_to_what_is_usual() -> None:
    values = np.array([2.0, 3.0, 9.0, 5.0, NAN])
    pooled = pool(values, np.array([0, 0, 0, 1, 2]), 1.0)
    overall = (4 * 4 + 3 * 1) / 7
    first, second = (3 * 3 + 3 * overall) / 6, (5 + 3 * overall) / 4
    assert pooled.tolist() == pytest.approx([first] * 3 + [second, overall])


def scaled(at: Position, **change: FloatArray) -> FloatArray:
    """Scales of like lines of one size whose errors, one each, were a tenth of it."""
    n = len(at.spent)
    known: dict[str, FloatArray] = {
        "size": np.full(n, 100.0),
        "miss": np.full(n, 0.1),
        "count": np.ones(n),
        "apart": np.ones((3, n)),
    }
    return line_scale(**(known | change), peers=np.zeros(n, dtype=np.int64), at=at)


def test_scale_grows_with_errors_of_its_own_and_where_rules_part() -> None:
    at = position()
    even = scaled(at)
    usual = (5 * 0.1 + 3 * (5 * 0.1 + 3 * 0.074 * np.sqrt(7 / 12)) / 8) / 8
    np.testing.assert_allclose(even, 100 * np.exp((np.log(0.1) + 4 * np.log(usual)) / 5))
    worse = scaled(at, miss=np.array([0.3, 0.1, 0.1, 0.1, 0.1]))
    assert worse[0] > 1.2 * worse[1]
    apart = np.ones((3, 5))
    apart[:, 0] = 4.0
    np.testing.assert_allclose(scaled(at, apart=apart), even * np.array([4.0 ** (0.5 * 4 / 5), 1, 1, 1, 1]))
    bare = replace(at, whole=np.zeros_like(at.whole), appropriated=at.appropriated * NAN, prior=at.prior * NAN)
    assert (scaled(bare) > 1.5 * even).all()
    np.testing.assert_array_equal(scaled(replace(at, now=np.ones((5, 12)))), 0)


def test_lines_stand_in_thirds_where_there_are_enough() -> None:
    size = np.append(np.arange(2.0, 62), 1.0)
    assert np.bincount(size_third(size)).tolist() == [21, 20, 20]
    assert size_third(size[:20]).tolist() == [0] * 20


def test_a_sum_without_a_backtest_is_what_its_lines_imply() -> None:
    group = np.array([0, 0, 1])
    reached = group_reach(np.array([3.0, 4.0, 2.0]), np.full((1, 2), NAN), np.ones(2), group, (80,))
    implied = np.sqrt([0.71 * 25 + 0.29 * 49, 4.0])
    np.testing.assert_allclose(reached[0], 1.2815515655 * implied)


def test_the_size_of_a_line_follows_the_smaller_of_past_and_projection() -> None:
    totals = np.array([[90.0, 100, 110], [NAN, NAN, NAN], [1e6, 1e6, 1e6], [0, 0, 0]])
    size = line_size(totals, np.array([100.0, 40, 0, 0]))
    assert size.tolist() == pytest.approx([100, 40, 1e5, 1])


def odd(end: YearEnd) -> list[tuple[str, str, str]]:
    """What was found."""
    table = end.treatments
    return [(row["agency"], str(row["period"]), row["found"]) for row in table.to_dict("records")]


def test_what_is_odd_in_the_months_is_listed() -> None:
    lines = spending(8, 5, 8, seed=6)
    names = list(lines)
    table = months(lines)

    def cell(name: str, period: str) -> pd.Series:
        return (table["agency"] == name) & (table["period"] == period)

    table = table[~cell(names[0], "2025-10")]
    table.loc[cell(names[1], "2025-12"), "amount"] = NAN
    table.loc[cell(names[2], "2023-08"), "amount"] = -5.0
    table = table[~((table["agency"] == names[3]) & (table["period"] < "2023-03"))]
    table.loc[(table["agency"] == names[4]) & (table["period"] < "2022-07"), "amount"] = 0.0
    table = table[~((table["agency"] == names[5]) & (table["period"] < "2025-09"))]
    end = project(table)
    assert odd(end) == [
        (names[0], "2025-10", "missing month"),
        (names[1], "2025-12", "blank month"),
        (names[2], "2023-08", "negative month"),
        (names[3], "2023-03", "begun within a year"),
        (names[4], "2021-07", "year without spending"),
        (names[5], "2026-02", "no full year"),
    ]
    blank = end.treatments[end.treatments["found"] == "blank month"].iloc[0]
    assert np.isnan(blank["before"])
    assert blank["after"] == table.loc[cell(names[1], "2024-12"), "amount"].iloc[0]
    assert "1 x missing month: taken as nothing spent" in str(end)
    check(end, budgeted=False)


def test_a_table_that_begins_within_a_year_does_not_learn_from_it() -> None:
    table = months(spending(4, 5, 8))
    cut = table[table["period"] >= "2021-10"]
    end = project(cut)
    assert [found for _, _, found in odd(end)] == ["partial first year"] * 4
    pd.testing.assert_frame_equal(end.lines, project(table[table["period"] >= "2022-07"]).lines)


def test_a_month_that_is_hardly_booked_is_left_out() -> None:
    table = months(spending(10, 5, 8, seed=7))
    partial = table.assign(amount=table["amount"].where(table["period"] < "2026-02", table["amount"] * 0.2))
    end = project(partial)
    assert end.closed == 7
    assert odd(end) == [(name, "2026-02", "partial last month") for name in end.lines["agency"]]
    pd.testing.assert_frame_equal(end.lines, project(table, as_of="2026-01").lines)
    assert project(partial, as_of="2026-02").closed == 8
    assert project(table).closed == 8


def test_a_month_that_is_always_quiet_is_not_partial() -> None:
    lines = spending(10, 5, 8, seed=7)
    for amounts in lines.values():
        amounts[:, 7] *= 0.05
    assert project(months(lines)).closed == 8


def test_everything_wrong_with_the_tables_is_said_at_once() -> None:
    table = pd.DataFrame(
        {
            "agency": ["a", "a", "b", "b"],
            "period": ["2025-07", "2025-13", "FY2026", "2025-08"],
            "amount": ["1", "x", "3", "4"],
        }
    )
    wrong = pd.DataFrame({"fund": ["general"], "fiscal_year": [2026], "amount": [1.0]})
    said = pd.DataFrame({"agency": ["a"], "mean": ["much"]})
    with pytest.raises(SpendingError) as raised:
        project(table, wrong, prior=said)
    problems = "\n".join(raised.value.problems)
    assert len(raised.value.problems) == 5
    assert "months: row 1, column 'amount': 'x' is not a number" in problems
    assert "months: row 1, column 'period': '2025-13' is not a month" in problems
    assert "months: row 2, column 'period': 'FY2026' is not a month" in problems
    assert "budget: its keys are fund, those of the months agency" in problems
    assert "prior: row 0, column 'mean': 'much' is not a number" in problems


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"period": ["2025-07", "2025-07"]}, "a second amount for a in 2025-07. Add them up."),
        ({"period": ["2025-07", "2025Q4"]}, "holds both months and quarters"),
        ({"period": ["1025-07", "2025-07"]}, "spans more than 200 years"),
        ({"amount": [NAN, NAN]}, "every amount is blank"),
        ({"amount": [1.0, np.inf]}, "'inf' is not a number"),
        ({"mean": ["x", "y"]}, "column 'mean' bears a name that the projection uses itself"),
        ({"amount": None}, "no column 'amount' (columns: agency, period)"),
        ({"period": [pd.Period("2025-07-01", "D")] * 2}, "is not a month (2026-07)"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(change: dict[str, Any], problem: str) -> None:
    table = pd.DataFrame({"agency": ["a", "a"], "period": ["2025-07", "2025-08"], "amount": [1.0, 2.0]})
    for name, values in change.items():
        table = table.drop(columns=name) if values is None else table.assign(**{name: values})
    with pytest.raises(SpendingError) as raised:
        project(table)
    assert problem in str(raised.value)


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(SpendingError, match="there are no rows"):
        project(pd.DataFrame({"agency": [], "period": [], "amount": []}))


def test_a_budget_without_the_present_year_and_a_date_out_of_the_table_are_refused() -> None:
    table = months(spending(2, 3, 8))
    with pytest.raises(SpendingError, match=r"no appropriation of FY2026, the present year"):
        project(table, budget({"line000": 5.0}, last=2025))
    for as_of in ("2026-03", "2020-01", "soon"):
        with pytest.raises(SpendingError, match=f"as_of '{as_of}' is no closed period"):
            project(table, as_of=as_of)


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


def test_the_page_of_text_says_what_matters() -> None:
    lines = spending(6, 5, 8, seed=3)
    said = {name: 1.2 * amounts[-2].sum() for name, amounts in lines.items()} | {"line000": 1.0}
    text = project(months(lines), budget(said)).summary()
    assert text.startswith("FY2026 after 8 of 12 months, 6 lines, in USD")
    for words in ("year end", "80 in 100 within", "expected lapse", "appropriated"):
        assert words in text
    assert "line000  (100% likely to overspend)" in text
    assert "Back-test at the same period of past years" in text
    assert "Nothing was odd." in text


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
