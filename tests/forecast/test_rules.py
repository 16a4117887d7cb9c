from dataclasses import replace

import numpy as np
import pytest

from forecast.arrays import FloatArray
from forecast.profiles import DECAY, Position, pool
from forecast.rules import CONVERSION, CONVERSION_YEARS, RULES, conversion, project_all
from tests.forecast.monthly_tables import position


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
