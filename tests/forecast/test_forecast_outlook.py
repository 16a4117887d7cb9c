import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import forecast
from forecast import Outlook, SettingError, SpendingError
from forecast.ledger import ALL
from forecast.models import MODELS
from tests.forecast.spending_tables import LAST, NAN, by_periods, random_walks, spending, walking

BANDS = ["lo_80", "hi_80", "lo_95", "hi_95"]


def check(outlook: Outlook) -> None:
    """Everything that holds of any outlook."""
    for frame in (outlook.lines, outlook.nodes, outlook.totals):
        money = frame[["mean", *BANDS]].to_numpy()
        assert np.isfinite(money).all()
        slack = 1e-9 * np.abs(money).max(initial=0)
        assert (frame["lo_95"] <= frame["lo_80"] + slack).all()
        assert (frame["lo_80"] <= frame["mean"] + slack).all()
        assert (frame["mean"] <= frame["hi_80"] + slack).all()
        assert (frame["hi_80"] <= frame["hi_95"] + slack).all()
        for level in (80, 95):
            assert (frame[f"hi_{level}"] > frame[f"lo_{level}"]).all()
    sums = outlook.lines.groupby("period")["mean"].sum().to_numpy()
    np.testing.assert_allclose(outlook.totals["mean"], sums, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(outlook.weights.sum(axis=1), 1)
    assert np.isfinite(outlook.history["amount"]).all()


def test_shapes_are_those_of_the_contract() -> None:
    outlook = forecast.outlook(walking(4, 12))
    assert outlook.keys == ("agency",)
    assert list(outlook.lines.columns) == ["agency", "period", "mean", *BANDS]
    assert list(outlook.totals.columns) == ["period", "mean", *BANDS]
    assert outlook.lines.shape == (4 * 5, 7)
    assert outlook.totals["period"].tolist() == [LAST + k for k in range(1, 6)]
    assert list(outlook.scores.columns) == [
        *("model", "horizon", "smape", "mase", "owa", "coverage_80", "coverage_95"),
        *("interval_score_80", "interval_score_95", "weight", "n"),
    ]
    models = [model.name for model in MODELS]
    assert models[0] == "last value"
    assert outlook.scores["model"].unique().tolist() == [*models, "combined"]
    assert list(outlook.weights.columns) == models
    assert outlook.line_scores.index.tolist() == outlook.weights.index.tolist()
    assert outlook.weights.index.tolist() == [f"line{place:05d}" for place in range(4)]
    assert list(outlook.treatments.columns) == ["agency", "period", "found", "treatment", "before", "after"]
    assert list(outlook.history.columns) == ["agency", "period", "amount"]
    assert outlook.history.shape == (4 * 12, 3)
    check(outlook)


def test_frame_is_lines_then_totals_under_all() -> None:
    table = spending({"b": [1e6] * 6, "a": [2e6] * 6}).assign(fund="general")[["agency", "fund", "period", "amount"]]
    frame = forecast.outlook(table, horizon=2).frame()
    assert frame["agency"].tolist() == ["a", "a", "b", "b", "(all)", "(all)"]
    assert frame["fund"].tolist() == ["general"] * 4 + ["(all)"] * 2
    assert frame["mean"].tolist() == pytest.approx([2e6, 2e6, 1e6, 1e6, 3e6, 3e6])


def test_the_order_of_rows_and_a_second_run_change_nothing() -> None:
    table = walking(20, 10)
    first, second = forecast.outlook(table), forecast.outlook(table.sample(frac=1, random_state=3))
    for name in ("lines", "totals", "scores", "weights", "treatments", "history"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))


def test_annual_periods_go_in_and_come_out() -> None:
    table = walking(3, 8)
    dated = table.assign(period=pd.PeriodIndex(table["period"].astype(str), freq="Y-JUN"))
    plain, outlook = forecast.outlook(table), forecast.outlook(dated)
    assert str(outlook.lines["period"].dtype) == "period[Y-JUN]"
    assert outlook.totals["period"].dt.year.tolist() == plain.totals["period"].tolist()
    np.testing.assert_array_equal(outlook.lines[BANDS], plain.lines[BANDS])
    pd.testing.assert_frame_equal(outlook.index(LAST), plain.index(LAST))


def test_a_table_without_keys_is_one_line() -> None:
    outlook = forecast.outlook(spending({"a": [10.0, 11, 12, 13, 14]}).drop(columns="agency"), horizon=3)
    assert outlook.keys == ()
    pd.testing.assert_frame_equal(outlook.lines, outlook.totals)
    pd.testing.assert_frame_equal(outlook.frame(), outlook.totals)
    assert outlook.index(LAST).shape == (1, 3)


def test_the_total_of_one_line_is_that_line() -> None:
    outlook = forecast.outlook(walking(1, 10))
    pd.testing.assert_frame_equal(outlook.lines.drop(columns="agency"), outlook.totals)


def test_index_is_mean_over_last_cleaned_amount() -> None:
    outlook = forecast.outlook(spending({"a": [100.0, 103, 101, 105, 108], "z": [0.0] * 5}), horizon=3)
    index = outlook.index(LAST)
    np.testing.assert_array_equal(index.columns, [LAST + 1, LAST + 2, LAST + 3])
    means = outlook.lines.loc[outlook.lines["agency"] == "a", "mean"].to_numpy()
    np.testing.assert_allclose(index.loc["a"], means / 108)
    np.testing.assert_array_equal(index.loc["z"], 1.0)


def test_index_from_an_earlier_and_a_later_year() -> None:
    outlook = forecast.outlook(spending({"a": [100.0, 103, 101, 105, 108], "b": [NAN, NAN, NAN, 7, 7]}), horizon=3)
    early = outlook.index(LAST - 2)
    np.testing.assert_array_equal(early.columns, [LAST - 1, LAST, LAST + 1])
    assert early.loc["a", LAST] == pytest.approx(108 / 101)
    np.testing.assert_array_equal(early.loc["b"], 1.0)
    late = outlook.index(LAST + 1)
    np.testing.assert_array_equal(late.columns, [LAST + 2, LAST + 3])
    with pytest.raises(SettingError, match=rf"base {LAST + 3} is not in {LAST - 4} to {LAST + 2}\. Choose one"):
        outlook.index(LAST + 3)


def test_three_faulty_settings_are_three_bullets() -> None:
    with pytest.raises(SettingError) as error:
        forecast.outlook(walking(1, 5), horizon=0, levels=(80, 0.95), like=("category",))  # type: ignore[arg-type]
    assert str(error.value) == (
        "outlook: 3 problems.\n"
        "  - horizon 0 is not a whole number of periods from 1 to 120.\n"
        "  - level 0.95 is not a whole percentage from 1 to 99. Write 80 for 80 %.\n"
        "  - like 'category' is not a key (keys: agency)."
    )


def test_levels_and_like_are_choices() -> None:
    table = walking(30, 10).assign(category=lambda frame: frame["agency"].str[-1])
    table = table[["agency", "category", "period", "amount"]]
    outlook = forecast.outlook(table, levels=(95, 50), like=("category",))
    assert list(outlook.totals.columns) == ["period", "mean", "lo_50", "hi_50", "lo_95", "hi_95"]
    assert {"coverage_50", "coverage_95"} < set(outlook.scores.columns)
    assert (outlook.weights["pooled growth"] > 0).all()


BRUTAL = {
    "one point": [NAN] * 11 + [5e6],
    "two points": [NAN] * 10 + [5e6, 6e6],
    "three points": [NAN] * 9 + [5e6, 6e6, 1e6],
    "gaps": [1e6, NAN, NAN, 1.1e6, NAN, 1.2e6, NAN, NAN, NAN, 1.3e6, 1.2e6, 1.3e6],
    "ended": [1e6] * 8 + [NAN] * 4,
    "nothing": [NAN] * 12,
    "zeros": [0.0] * 12,
    "negatives": [-1e6, -2e6, -1e6, -3e6, -2e6, -1e6, -2e6, -2e6, -1e6, -3e6, -2e6, -2e6],
    "both signs": [1e6, -2e6, 3e6, -1e6, 0, 2e6, -2e6, 1e6, 3e6, -1e6, 2e6, -2e6],
    "constant": [4e6] * 12,
    "now and then": [0, 0, 5e6, 0, 0, 0, 7e6, 0, 0, 0, 0, 2e6],
    "typing error": [1e6, 1.1e6, 1e6, 1.2e6, 1.1e10, 1.2e6, 1.3e6, 1.2e6, 1.3e6, 1.4e6, 1.3e6, 1.4e6],
    "last typing error": [1e6, 1.1e6, 1e6, 1.2e6, 1.1e6, 1.2e6, 1.3e6, 1.2e6, 1.3e6, 1.4e6, 1.3e6, 1.4e10],
    "level drop": [1e6, 1.1e6, 1e6, 1.2e6, 1.1e6, 1.2e6, 1.3e6, 1.2e6, 1.3e6, 0.4e6, 0.39e6, 0.4e6],
    "tiny": [1e-300, 2e-300, 1e-300, 3e-300, 2e-300, 2e-300, 1e-300, 1e-300, 3e-300, 2e-300, 1e-300, 1e-300],
    "huge": [1e300, 2e300, 1e300, 3e300, 2e300, 2e300, 1e300, 1e300, 3e300, 2e300, 1e300, 1e300],
}


def test_brutal_lines_all_at_once() -> None:
    outlook = forecast.outlook(spending(BRUTAL))
    assert len(outlook.weights) == len(BRUTAL)
    assert np.isfinite(outlook.lines[["mean", *BANDS]].to_numpy()).all()
    found = outlook.treatments.groupby("agency")["found"].agg(list)
    assert found["typing error"] == ["outlier"]
    assert found["last typing error"] == ["outlier"]
    assert found["level drop"] == ["level shift"]
    assert found["nothing"] == ["no amounts"]
    assert found["ended"] == ["ended"]
    assert "few points" in found["three points"]


@pytest.mark.parametrize("name", BRUTAL)
def test_a_brutal_line_alone_and_among_calm_ones(name: str) -> None:
    if name != "nothing":
        check(forecast.outlook(spending({name: BRUTAL[name]})))
    calm = {f"line{place}": list(row) for place, row in enumerate(random_walks(40, 12))}
    together = forecast.outlook(spending({**calm, name: BRUTAL[name]}))
    check(together)
    alone = forecast.outlook(spending(calm))
    others = together.treatments[together.treatments["agency"] != name].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, alone.treatments)
    kept = together.lines[together.lines["agency"] != name]
    np.testing.assert_allclose(kept["mean"], alone.lines["mean"], rtol=0.05)


def test_a_level_drop_does_not_go_on_falling() -> None:
    outlook = forecast.outlook(spending({"a": BRUTAL["level drop"]}))
    assert (outlook.lines["mean"] > 0.36e6).all()


def test_a_typing_error_does_not_carry_into_the_future() -> None:
    outlook = forecast.outlook(spending({name: BRUTAL[name] for name in ("typing error", "last typing error")}))
    assert (outlook.lines["mean"] < 2.5e6).all()


def test_lines_that_cannot_be_negative_stay_above_zero() -> None:
    outlook = forecast.outlook(spending({name: BRUTAL[name] for name in ("now and then", "level drop", "zeros")}))
    assert (outlook.lines[BANDS] >= 0).all(axis=None)
    assert (outlook.totals[BANDS] >= 0).all(axis=None)
    mixed = forecast.outlook(spending({"both signs": BRUTAL["both signs"]}))
    assert (mixed.lines["lo_80"] < 0).all()


AMOUNTS = st.floats(-1e12, 1e12) | st.sampled_from([NAN, 0.0, 1.0, 1e6, 1e-9])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(AMOUNTS, min_size=1, max_size=9), min_size=1, max_size=4),
    st.integers(1, 7),
)
def test_no_finite_table_breaks_it(lines: list[list[float]], horizon: int) -> None:
    lines[0][-1] = 1.0
    check(forecast.outlook(spending({str(place): amounts for place, amounts in enumerate(lines)}), horizon))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_intervals_cover_about_as_often_as_they_say(seed: int) -> None:
    amounts = random_walks(300, 20, seed, common=0.0)
    table = spending({f"{place:03d}": list(row[:17]) for place, row in enumerate(amounts)})
    outlook = forecast.outlook(table, horizon=3)
    came = amounts[:, 17:].ravel()
    for level, tolerance in ((80, 0.06), (95, 0.03)):
        inside = (outlook.lines[f"lo_{level}"] <= came) & (came <= outlook.lines[f"hi_{level}"])
        assert inside.mean() == pytest.approx(level / 100, abs=tolerance)
    said = outlook.scores.set_index(["model", "horizon"])
    assert said["coverage_80"]["combined", 1] == pytest.approx(0.80, abs=0.03)
    assert said["coverage_95"]["combined", 1] == pytest.approx(0.95, abs=0.02)


def test_the_interval_of_the_total_covers_about_as_often_as_it_says() -> None:
    inside = []
    for seed in range(25):
        amounts = random_walks(30, 17, seed)
        table = spending({f"{place:03d}": list(row[:15]) for place, row in enumerate(amounts)})
        totals, came = forecast.outlook(table, horizon=2).totals, amounts[:, 15:].sum(axis=0)
        inside.append(((totals["lo_80"] <= came) & (came <= totals["hi_80"])).to_numpy())
    assert 0.7 <= np.mean(inside) <= 0.95


def test_the_total_is_surer_than_its_lines_and_less_sure_than_if_they_were_independent() -> None:
    outlook = forecast.outlook(walking(200, 20))
    first = outlook.lines[outlook.lines["period"] == LAST + 1]
    reach = (first["hi_80"] - first["mean"]).to_numpy()
    total = (outlook.totals["hi_80"] - outlook.totals["mean"])[0]
    assert np.sqrt((reach**2).sum()) < total < reach.sum()


def test_the_naive_rival_may_win_and_wins_a_tie() -> None:
    assert forecast.outlook(spending({"a": [5.0] * 8})).best() == "last value"
    assert forecast.outlook(spending({"a": [5.0]})).best() == "last value"
    rising = {str(place): [100.0 * (1.02 + place / 1000) ** year for year in range(12)] for place in range(9)}
    assert forecast.outlook(spending(rising)).best(horizon=3) != "last value"


def test_the_summary_is_a_page_of_text() -> None:
    text = str(forecast.outlook(spending({"a": [1e6, 1e6, 1e6, 1e6, NAN, 1e6], "b": [5e6] * 6}), horizon=2))
    assert text.splitlines()[:4] == [
        "Outlook of 2 lines, total in millions of USD",
        "period                 mean        lo 80        hi 80        lo 95        hi 95",
        *text.splitlines()[2:4],
    ]
    assert text.splitlines()[2].startswith("2027                    6.0")
    assert "Back-test one year ahead (smallest sMAPE: last value)" in text
    table = text.split("\n\n")[1].splitlines()[1:]
    assert len({len(row) for row in table}) == 1
    assert text.endswith("Treated:\n  1 x gap: straight line between neighbours")
    assert "Nothing had to be treated." in forecast.outlook(walking(2, 6)).summary()


def crossed(seed: int = 0) -> pd.DataFrame:
    """Three agencies by two funds."""
    amounts = random_walks(6, 14, seed)
    table = spending({str(place): list(row) for place, row in enumerate(amounts)})
    place = table.pop("agency").astype(int)
    return table.assign(agency="a" + (place // 2).astype(str), fund="f" + (place % 2).astype(str))[
        ["agency", "fund", "period", "amount"]
    ]


@pytest.mark.parametrize("seed", range(5))
def test_every_sum_is_the_sum_of_its_lines(seed: int) -> None:
    outlook = forecast.outlook(crossed(seed), horizon=3)
    assert len(outlook.nodes) == 3 * (3 + 2 + 1)
    for keys in (["agency"], ["fund"], []):
        told = (outlook.nodes[["agency", "fund"]] != ALL).to_numpy()
        rows = outlook.nodes[(told == [name in keys for name in ("agency", "fund")]).all(axis=1)]
        sums = outlook.lines.groupby([*keys, "period"])["mean"].sum()
        found = rows.set_index([*keys, "period"])["mean"]
        np.testing.assert_allclose(found.sort_index(), sums.sort_index(), rtol=1e-12)
    assert outlook.nodes.iloc[-1][["agency", "fund"]].tolist() == [ALL, ALL]


def test_lines_may_stand_for_themselves_and_sums_move_them_little() -> None:
    apart, together = (forecast.outlook(crossed(), sums=sums) for sums in (False, True))
    assert not np.allclose(apart.lines["mean"], together.lines["mean"])
    np.testing.assert_allclose(apart.lines["mean"], together.lines["mean"], rtol=0.1)
    assert apart.nodes.empty
    assert apart.totals.empty
    pd.testing.assert_frame_equal(apart.frame(), apart.lines)


def test_paths_are_seeded_and_spread_as_the_intervals_say() -> None:
    outlook = forecast.outlook(crossed(), horizon=3, seed=7)
    paths = outlook.paths(4000, seed=1)
    np.testing.assert_array_equal(outlook.paths(50, seed=1).amounts, paths.amounts[..., :50])
    for share, name in ((0.025, "lo_95"), (0.1, "lo_80"), (0.9, "hi_80"), (0.975, "hi_95")):
        said = outlook.lines[name].to_numpy().reshape(6, 3)
        below = (paths.amounts < said[:, :, None]).mean(axis=2)
        np.testing.assert_allclose(below, share, atol=0.03)
    totals = outlook.paths(1000, seed=7).amounts.sum(axis=0)
    np.testing.assert_allclose(np.quantile(totals, 0.1, axis=1), outlook.totals["lo_80"], rtol=1e-4)
    frame = outlook.paths(2).frame()
    assert list(frame.columns) == ["agency", "fund", "period", "path", "amount"]
    assert frame.shape == (6 * 3 * 2, 5)
    with pytest.raises(SettingError, match="Ask for at least one"):
        outlook.paths(0)


def test_a_known_appropriation_is_followed() -> None:
    spent = random_walks(30, 15, common=0.0)
    enacted = np.column_stack([spent / 0.95, spent[:, -1] / 0.95 * 1.4])
    names = [f"line{place:02d}" for place in range(30)]
    table = spending(dict(zip(names, spent.tolist(), strict=True)))
    appropriations = spending(dict(zip(names, enacted.tolist(), strict=True)), last=LAST + 1)
    told, alone = forecast.outlook(table, appropriations=appropriations), forecast.outlook(table)
    growth = told.totals["mean"][0] / spent[:, -1].sum()
    assert growth == pytest.approx(1.4, abs=0.03)
    assert alone.totals["mean"][0] / spent[:, -1].sum() < 1.15
    onward = told.totals["mean"] / alone.totals["mean"]
    np.testing.assert_allclose(onward, onward[0], rtol=0.02)
    check(told)


def test_appropriations_by_fund_tell_of_funds_and_draw_the_lines_along() -> None:
    table = crossed()
    by_fund = table.groupby(["fund", "period"], as_index=False)["amount"].sum()
    last = by_fund[by_fund["period"] == LAST]
    doubled = last.assign(period=LAST + 1, amount=last["amount"] * 1.3)
    told = forecast.outlook(table, appropriations=pd.concat([by_fund, doubled]))
    alone = forecast.outlook(table)
    assert (told.totals["mean"][0] > alone.totals["mean"][0] * 1.02).all()
    check(told)


def by_fund(**ahead: list[float]) -> pd.DataFrame:
    """Appropriations of `crossed` by fund, 5 % above what was spent, and what is enacted of each fund ahead."""
    past = crossed().groupby(["fund", "period"])["amount"].sum().reset_index()
    later = [(fund, LAST + 1 + k, amount) for fund, amounts in ahead.items() for k, amount in enumerate(amounts)]
    return pd.concat([past.assign(amount=past["amount"] * 1.05), pd.DataFrame(later, columns=past.columns)])


def test_appropriations_beyond_the_enacted_ones_are_forecast() -> None:
    told = forecast.outlook(crossed(), horizon=4, appropriations=by_fund(f0=[7e6, 8e6], f1=[3e6, 3e6])).appropriations
    assert told is not None
    assert list(told.columns) == ["agency", "fund", "period", "amount", "status"]
    assert told["agency"].eq(ALL).all()
    first = told[told["fund"].eq("f0")]
    assert first["period"].tolist() == [LAST + 1, LAST + 2, LAST + 3, LAST + 4]
    assert first["status"].tolist() == ["enacted", "enacted", "forecast", "forecast"]
    assert first["amount"].tolist()[:2] == [7e6, 8e6]
    path = forecast.outlook(by_fund(), horizon=4, sums=False).lines["mean"].to_numpy()[:4]
    np.testing.assert_allclose(first["amount"][2:], 8e6 * path[2:] / path[1], rtol=1e-9)


def test_what_is_not_enacted_with_the_others_ends_unless_its_amount_is_blank() -> None:
    ended, awaited = (
        forecast.outlook(crossed(), horizon=3, appropriations=by_fund(f0=[7e6], f1=blank)) for blank in ([], [NAN])
    )
    assert ended.appropriations is not None
    assert awaited.appropriations is not None
    assert ended.appropriations["fund"].unique().tolist() == ["f0"]
    later = awaited.appropriations[awaited.appropriations["fund"].eq("f1")]
    assert later["status"].eq("forecast").all()
    assert (later["amount"] > 0).all()
    assert ended.totals["mean"][0] < awaited.totals["mean"][0]


def test_appropriations_of_the_past_alone_are_forecast_and_no_evidence() -> None:
    told, alone = forecast.outlook(crossed(), appropriations=by_fund()), forecast.outlook(crossed())
    pd.testing.assert_frame_equal(told.frame(), alone.frame())
    assert alone.appropriations is None
    assert told.appropriations is not None
    assert told.appropriations["status"].eq("forecast").all()
    assert len(told.appropriations) == 2 * 5


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from([NAN, 0.0, 1.0, 5e6, 1e9]), min_size=1, max_size=3), st.integers(1, 4))
def test_what_is_enacted_stands_in_the_appropriations_to_the_cent(ahead: list[float], horizon: int) -> None:
    outlook = forecast.outlook(crossed(), horizon=horizon, appropriations=by_fund(f0=ahead, f1=[2e6]))
    told = outlook.appropriations
    assert told is not None
    enacted = told[told["status"].eq("enacted")].groupby("fund")["amount"].agg(["sum", "count"])
    known = [amount for amount in ahead[:horizon] if amount == amount]
    assert enacted.reindex(["f0", "f1"]).fillna(0).to_numpy().tolist() == [[sum(known), len(known)], [2e6, 1]]
    assert np.isfinite(told["amount"]).all()
    assert (told["amount"] >= 0).all()
    check(outlook)


def test_one_table_by_line_and_one_by_line_and_nothing_else_agree() -> None:
    table = spending({"a": [5e6 * 1.03**k for k in range(9)], "b": [2e6] * 9})
    money = spending({"a": [5.2e6 * 1.03**k for k in range(10)], "b": [2.1e6] * 10}, last=LAST + 1)
    whole = money.groupby("period")["amount"].sum().reset_index()
    by_line, in_all = (forecast.outlook(table, horizon=3, appropriations=each) for each in (money, whole))
    assert by_line.appropriations is not None
    assert in_all.appropriations is not None
    assert in_all.appropriations["agency"].eq(ALL).all()
    sums = by_line.appropriations.groupby("period")["amount"].sum()
    np.testing.assert_allclose(sums, in_all.appropriations["amount"], rtol=0.02)


def test_a_line_with_an_escalator_follows_it() -> None:
    table = spending({"contract": [100.0, 103, 99, 120, 118], "other": [5e6, 5e6, 6e6, 5e6, 6e6]})
    steps = [1.03**year for year in range(6)]
    index = spending({"contract": steps}, last=LAST + 5).rename(columns={"amount": "index"})
    outlook = forecast.outlook(table, index=index)
    means = outlook.lines[outlook.lines["agency"] == "contract"]["mean"]
    np.testing.assert_allclose(means, 118 * np.array(steps[1:]))
    check(outlook)


def test_an_index_that_fits_no_line_is_two_bullets() -> None:
    index = spending({"contract": [1.0, 0.0]}, last=LAST + 1).rename(columns={"amount": "index"})
    with pytest.raises(SettingError) as error:
        forecast.outlook(walking(2, 5), index=index)
    assert str(error.value) == (
        "index table: 2 problems.\n"
        "  - contract: 0.0 is no index. It has to be above zero.\n"
        "  - no line of the spending table is contract. Correct the keys or remove the rows."
    )


def test_two_indices_of_one_line_and_year_are_an_error() -> None:
    index = spending({"line00000": [1.0, 1.03]}, last=LAST + 1).rename(columns={"amount": "index"})
    with pytest.raises(SpendingError, match=f"a second amount for line00000 in {LAST}"):
        forecast.outlook(walking(2, 5), horizon=1, index=pd.concat([index, index.assign(index=1.05)]))


def test_what_is_set_by_hand_stands_and_the_models_figure_stays_beside_it() -> None:
    row = {"agency": "line00001", "period": LAST + 2, "amount": 1e6}
    table = pd.DataFrame([row | {"reason": "the contract ends", "author": "budget office", "date": "2026-11-01"}])
    outlook, model = forecast.outlook(walking(3, 12), overrides=table), forecast.outlook(walking(3, 12))
    place = (outlook.lines["agency"] == "line00001") & (outlook.lines["period"] == LAST + 2)
    assert outlook.lines.loc[place, "mean"].tolist() == [1e6]
    assert outlook.overrides[["mean", "model_mean"]].to_numpy().tolist() == [[1e6, *model.lines.loc[place, "mean"]]]
    pd.testing.assert_frame_equal(outlook.lines[~place], model.lines[~place])
    moved = outlook.totals["mean"] - model.totals["mean"]
    np.testing.assert_allclose(moved, [0, *(1e6 - model.lines.loc[place, "mean"]), 0, 0, 0], atol=1e-6)


@pytest.mark.parametrize(("frequency", "season"), [("M", 12), ("Q-JUN", 4)])
def test_months_and_quarters_keep_their_season(frequency: str, season: int) -> None:
    periods = pd.period_range("2018-07", periods=6 * season, freq=frequency)
    shape = 1 + 0.3 * np.sin(2 * np.pi * np.arange(6 * season) / season)
    noise = np.random.default_rng(0).normal(1, 0.02, size=(8, 6 * season))
    table = by_periods({f"line{place}": list(1e6 * shape * row) for place, row in enumerate(noise)}, periods)
    outlook = forecast.outlook(table, horizon=season)
    assert str(outlook.lines["period"].dtype) == f"period[{frequency}]"
    assert outlook.naive == "seasonal naive"
    noun = {"M": "month", "Q-JUN": "quarter"}[frequency]
    assert f"Back-test one {noun} ahead" in str(outlook)
    ahead = outlook.totals["mean"].to_numpy() / 8e6
    np.testing.assert_allclose(ahead, shape[:season], rtol=0.06)
    best = outlook.scores[outlook.scores["model"] == "combined"]["owa"]
    assert (best < 1.1).all()
    plain = table.assign(period=table["period"].map({period: place for place, period in enumerate(periods, 1)}))
    same = forecast.outlook(plain, horizon=season, season=season)
    np.testing.assert_array_equal(same.totals["mean"], outlook.totals["mean"])
