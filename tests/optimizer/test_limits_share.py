"""How much of a year is modern, how much risk it carries."""

import pandas as pd

from optimizer import Portfolio
from optimizer.limits import ModernShare, RiskCeiling
from tests.optimizer.limit_cases import STAY, Fate, Tests, chose, compare, fleet, written
from tests.optimizer.portfolios import by_hand

ONE_MOVED: tuple[Fate, ...] = (
    ("payroll", 1, "rehost", "2027Q1"),
    ("payroll", 2, "retain", ""),
    ("ledger", 1, "retain", ""),
)


def modern(portfolio: Portfolio, *fates: Fate) -> bool:
    options, units = chose(portfolio, *fates)
    return ModernShare(portfolio).holds(options, units)


def at_least(share: float, year: int = 2027) -> Portfolio:
    return fleet(modern_share=pd.Series({year: share}))


def test_modern_share_is_reached() -> None:
    # one unit runs a quarter at 1,000 and three at 500: 1,500 of 14,500 are modern
    assert modern(at_least(0.103), *ONE_MOVED)
    assert modern(at_least(0.0), *STAY)
    assert modern(at_least(1.0, 2031), *STAY)


def test_modern_share_is_missed() -> None:
    assert not modern(at_least(0.104), *ONE_MOVED)
    assert not modern(at_least(0.01), *STAY)


def test_modern_share_lp() -> None:
    compare("modern_share", written(at_least(0.25), "modern_share"))


def test_what_was_modern_already_counts() -> None:
    portfolio = by_hand({"payroll": {}, "portal": {"side": "modern"}}, modern_share=pd.Series({2027: 0.5}))
    assert modern(portfolio, ("payroll", 1, "retain", ""), ("portal", 1, "retain", ""))


def test_modern_share_in_words() -> None:
    assert ModernShare(at_least(0.2)).sentence("FY2027", 9_000.0, 8_000.0) == (
        "modern_share FY2027: legacy run cost $9.0K of $8.0K"
    )


def unsupported(most: float, **changes: object) -> Portfolio:
    """Three servers run half the year past their end of support."""
    systems = {"payroll": {"units": 3, "end_of_support": "2026-12-31", **changes}, "ledger": {}}
    return by_hand(systems, risk_ceiling=pd.Series({2027: most}))


def risky(portfolio: Portfolio, *fates: Fate) -> bool:
    options, units = chose(portfolio, *fates)
    return RiskCeiling(portfolio).holds(options, units)


def test_risk_stays_below_its_ceiling() -> None:
    assert risky(unsupported(6.0), *STAY)
    assert risky(unsupported(10.0, criticality=5), *STAY)
    assert risky(unsupported(4.0), *ONE_MOVED)


def test_risk_above_its_ceiling_is_refused() -> None:
    assert not risky(unsupported(5.9), *STAY)
    assert not risky(unsupported(9.9, criticality=5), *STAY)
    assert not risky(unsupported(3.9), *ONE_MOVED)


def test_risk_lp() -> None:
    compare("risk_ceiling", written(unsupported(4.0), "risk_ceiling"))


REGISTER: Tests = {
    ModernShare: ("test_modern_share_is_reached", "test_modern_share_is_missed", "test_modern_share_lp"),
    RiskCeiling: (
        "test_risk_stays_below_its_ceiling",
        "test_risk_above_its_ceiling_is_refused",
        "test_risk_lp",
    ),
}
