"""Whatever a study sets within the ranges, it builds, plans and verifies, or says that no plan can exist."""

from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import optimizer
from scenarios.changes import apply
from scenarios.pipeline import prepare
from scenarios.scenario import Scenario
from scenarios.study import checked
from scenarios.tables import METHODS
from tests.scenarios.studies import FIRST, YEARS, small_study

share = st.sampled_from([0.0, 0.01, 0.05])
price = st.sampled_from([0.5, 1.5, 1000.0])


def by_year(values: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    return values | st.dictionaries(st.integers(FIRST, FIRST + YEARS), values, min_size=1, max_size=2)


def some(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name.replace("__", "."): value for name, value in values.items()})


SETTINGS = some(
    methods=st.just([]) | st.lists(st.sampled_from(list(METHODS)), unique=True).map(lambda m: [*m, "single_rfp"]),
    existing_contract__price_factor=st.sampled_from([0.8, 1.2]),
    reserve=by_year(share),
    savings_sweep=by_year(st.sampled_from([0.0, 0.5, 1.0])),
    appropriation_years=st.sampled_from([1, 2]),
    procurement_capacity=by_year(st.sampled_from([0.0, 1.0, 4.0])) | st.just({}),
    modern_share=by_year(st.sampled_from([0.0, 0.2])),
    risk_ceiling=by_year(st.sampled_from([20.0, 200.0])) | st.just({}),
    learning_first=st.sampled_from([0.2, 1.0]),
    close_sites=st.booleans(),
    disruption_price=st.sampled_from([0.0, 5000.0]),
    fund_weights=some(federal=st.sampled_from([0.0, 2.0])),
    violation_price=some(appropriation=price, hours=price, modern_share=price, risk_ceiling=price),
)


@given(SETTINGS, st.integers(0, 3), st.sampled_from([0.0, 0.02]), st.sampled_from([0, 4]))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_random_settings_plan_and_verify(set_: dict[str, Any], seed: int, room: float, lag: int) -> None:
    study = small_study(seed, systems=6, margin=1.06 + room, biennium_start=FIRST)
    needs = pd.DataFrame({"system": ["s03", "s04"], "needs": ["s02", "s00"], "lag": [lag, 0]})
    study = checked(study.with_table("dependencies", needs))
    ready = prepare(apply(study, Scenario(name="random", why="Anything may be set.", set=set_)))
    assert ready.portfolio.biennium_start == (FIRST if set_.get("appropriation_years") == 2 else None)
    rival = optimizer.continue_as_now(*ready.case, methods=ready.methods)
    assert optimizer.verify(*ready.case, rival, methods=ready.methods).agrees
    try:
        plan = optimizer.modernize(*ready.case, methods=ready.methods, gap=0.02, seconds=4)
    except (optimizer.InfeasiblePlan, optimizer.NoPlanFound):
        return
    assert optimizer.verify(*ready.case, plan, methods=ready.methods).agrees
    assert plan.rows["method"].isin(["", *(m.name for m in ready.methods)]).all()
