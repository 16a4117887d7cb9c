"""The outlook: what will be spent if nothing changes, by line and in total. The way through, from a table to a result.

    read -> clean -> back-test -> known appropriations -> reconcile -> follow indices -> calibrate -> override -> result

Lines and the sums above them (nodes) are forecast alike, and reconciliation makes them agree. What a line missed by in
the past, after all of that, calibrates its interval; joint sample paths of the lines give the intervals of the nodes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from forecast import overrides as by_hand
from forecast.appropriations import enacted_years, given, look_ahead
from forecast.arrays import FloatArray, IntArray, first_finite, row_any
from forecast.backtest import Backtest, Prepared, backtest
from forecast.boost import with_boost
from forecast.cleaning import list_treatments
from forecast.errors import SettingError, level_problems, like_problems
from forecast.escalators import follow, followers, index_paths
from forecast.evidence import Appropriations, appropriated
from forecast.hierarchy import Hierarchy, hierarchy, reconcile
from forecast.intervals import KNOTS, calibrate, distribution
from forecast.ledger import ALL, Ledger, lay_out, line_index
from forecast.models import models_for, naive_rival
from forecast.paths import Marginals
from forecast.result import ENACTED, FORECAST, Joint, Outlook
from forecast.scores import never_negative, score, score_lines
from forecast.spending import read_spending

FARTHEST = 120
"""Periods: the longest horizon."""
MOST_MOVED = 0.5
"""Scales that reconciliation draws a line at most: one wild line in a sum cannot carry the others off.

A line that has ended is not drawn at all.
"""
LONGEST_SEASON = 366
"""Periods of a year, at most."""
LARGEST = 1e50
"""USD: tables with larger amounts are computed in a larger unit, so that squares stay finite."""


@dataclass(frozen=True)
class _Tried:
    """Series that have been forecast, today and at earlier origins."""

    amounts: FloatArray
    """As they were given, (n, T)."""
    now: Prepared
    test: Backtest

    def with_combined(self, then: FloatArray, ahead: FloatArray) -> "_Tried":
        """The same with another combined forecast, (O, n, H) and (n, H)."""
        forecasts, today = self.test.forecasts.copy(), self.test.ahead.copy()
        forecasts[:, -1], today[-1] = then, ahead
        return replace(self, test=replace(self.test, forecasts=forecasts, ahead=today))

    def told(self) -> FloatArray:
        """Combined forecasts at all origins and today, (O + 1, n, H)."""
        return np.append(self.test.forecasts[:, -1], self.test.ahead[None, -1], axis=0)

    def one_step_errors(self) -> FloatArray:
        """Actual less combined forecast of the next period at each origin, (O, n), NaN where unknown."""
        return np.asarray(self.test.actual[:, :, 0] - self.test.forecasts[:, -1, :, 0], dtype=np.float64)


@dataclass(frozen=True)
class _Money:
    """Appropriations, and what was expected of them at earlier origins and is today."""

    told: Appropriations
    amounts: FloatArray
    """(c, T + H), NaN where nothing is told."""
    ahead: FloatArray
    """(O + 1, c, H)."""
    enacted: IntArray
    """Periods that are enacted ahead, (c,)."""

    def beside(self, sums: sparse.csr_array) -> tuple[FloatArray, FloatArray, IntArray]:
        """Those of (rows, c) sums of cells: of the past, (rows, T), and ahead, (O + 1, rows, H); NaN where nothing is.

        Ahead there is something where any cell of the row is enacted: in so many periods, (rows,).
        """
        past = self.amounts[:, : -self.ahead.shape[2]]
        known = np.isfinite(past)
        periods = sums.multiply(self.enacted[None]).max(axis=1).toarray().astype(np.int64)
        ahead = np.stack([np.where(periods[:, None] > 0, sums @ said, np.nan) for said in self.ahead])
        told = sums @ known.astype(np.float64) > 0
        return np.where(told, sums @ np.where(known, past, 0.0), np.nan), ahead, periods


def outlook(
    spending: pd.DataFrame,
    horizon: int = 5,
    levels: Sequence[int] = (80, 95),
    *,
    like: Sequence[str] = (),
    season: int | None = None,
    appropriations: pd.DataFrame | None = None,
    index: pd.DataFrame | None = None,
    overrides: pd.DataFrame | None = None,
    also: Sequence[Sequence[str]] = (),
    sums: bool = True,
    boost: bool = False,
    seed: int = 0,
) -> Outlook:
    """Forecast spending `horizon` periods ahead with intervals, by line and in total.

    Args:
        spending: the long frame `keys..., period, amount`, such as `read_spending` returns: fiscal years, quarters or
            months as pandas Periods, or plain integers.
        horizon: periods after the last one of the table.
        levels: chances, in percent, that an amount lies within its interval.
        like: key columns that lines must share to be like each other, such as `category`; growth is pooled among like
            lines first. By default all lines are like each other.
        season: periods of a year; by default as the periods say, one for plain integers.
        appropriations: `keys..., period, amount`, of past periods and of those already enacted, by all or some of the
            keys. What is enacted is evidence, and what comes after it is forecast: see `forecast.appropriations`. In a
            period ahead of which some amounts are told, what has none gets nothing; unless a blank amount ahead says
            that it is not enacted yet.
        index: `keys..., period, index`, for lines that follow an escalator or a price index: see `forecast.escalators`.
        overrides: amounts set by hand, `keys..., period, amount, reason, author, date`: see `forecast.overrides`.
        also: further sets of keys to have sums for, such as `("agency", "fund")`; single keys and the first few of all
            keys have theirs anyway.
        sums: whether the sums above the lines are forecast too, reconciled with the lines, and given; if not, lines
            stand for themselves.
        boost: whether gradient boosting across lines joins the models (extra `boost`).
        seed: of the sample paths from which the intervals of sums are read, and of the boosting.

    Raises:
        SettingError: for a setting out of its range.
        SpendingError: for a table that cannot be read, with every problem at once.
    """
    _check_settings(spending, horizon, levels, like, season)
    levels = sorted(set(levels))
    ledger = lay_out(read_spending(spending, amount="amount"))
    tree = hierarchy(ledger.lines, also)
    told = None if appropriations is None else appropriated(ledger, tree, appropriations, horizon)
    unit = max(_unit(ledger.amounts), 1.0 if told is None else _unit(told.amounts))
    length = season or ledger.season
    lines = _try(ledger.amounts / unit, _groups(ledger, like), length, horizon)
    if boost:
        lines = replace(lines, test=with_boost(lines.test, lines.now, seed=seed))
    money = None
    if told is not None:
        money = _expect(told, told.amounts / unit, lines.test.origins, length, horizon)
        lines = _given(lines, money, told.lines)
    if sums and len(tree.nodes):
        nodes = _try(_node_amounts(tree, lines.now), np.zeros(len(tree.nodes), dtype=np.int64), length, horizon)
        lines = _reconciled(tree, nodes if money is None else _given(nodes, money, money.told.nodes), lines)
    if index is not None:
        lines = _following(lines, index_paths(ledger, index, horizon), horizon)
    made = _result(ledger, tree, lines, levels, unit, overrides, seed if sums else None)
    return made if money is None else replace(made, appropriations=_appropriations(ledger, money, unit))


def _unit(amounts: FloatArray) -> float:
    """USD in which amounts are no larger than `LARGEST`, at least one."""
    return max(1.0, float(np.abs(np.nan_to_num(amounts)).max(initial=0.0)) / LARGEST)


def _check_settings(
    spending: pd.DataFrame, horizon: int, levels: Sequence[int], like: Sequence[str], season: int | None
) -> None:
    """Refuse what no outlook can have."""
    problems = []
    if not isinstance(horizon, int | np.integer) or not 1 <= horizon <= FARTHEST:
        problems.append(f"horizon {horizon} is not a whole number of periods from 1 to {FARTHEST}.")
    problems += level_problems(levels)
    if season is not None and (not isinstance(season, int | np.integer) or not 1 <= season <= LONGEST_SEASON):
        problems.append(f"season {season} is not a whole number of periods from 1 to {LONGEST_SEASON}.")
    problems += like_problems(like, [str(name) for name in spending.columns if name not in ("period", "amount")])
    if problems:
        raise SettingError("outlook", problems)


def _groups(ledger: Ledger, like: Sequence[str]) -> IntArray:
    """Number of each line's group of like lines, (n,)."""
    if not like:
        return np.zeros(len(ledger.lines), dtype=np.int64)
    return np.asarray(ledger.lines.groupby(list(like), sort=True).ngroup(), dtype=np.int64)


def _try(amounts: FloatArray, like: IntArray, season: int, horizon: int) -> _Tried:
    """Forecast (n, T) amounts today and at earlier origins."""
    now = Prepared.of(amounts, season)
    return _Tried(amounts, now, backtest(amounts, now, like, models_for(season), horizon))


def _node_amounts(tree: Hierarchy, lines: Prepared) -> FloatArray:
    """Sums of the cleaned amounts of lines, (a, T), NaN before any of them begins."""
    values = lines.cleaned.values
    known = np.isfinite(values)
    sums = tree.add_up(np.where(known, values, 0.0))
    return np.where(tree.add_up(known.astype(np.float64)) > 0, sums, np.nan)


def _expect(told: Appropriations, amounts: FloatArray, origins: IntArray, season: int, horizon: int) -> _Money:
    """Appropriations, (c, T + H), forecast like any series; where the past tells none, nothing was appropriated.

    Nor is anything in a period ahead of which others are told, unless the cell has a blank amount ahead.
    """
    past = amounts[:, :-horizon]
    begun = row_any(np.isfinite(past))
    forecasts = np.zeros((len(origins) + 1, len(amounts), horizon))
    if begun.any():
        forecasts[:, begun] = _try(past[begun], np.zeros(int(begun.sum()), dtype=np.int64), season, horizon).told()
    enacted = enacted_years(amounts, past.shape[1])
    known = np.where(told.awaited, enacted, enacted.max(initial=0))
    within = np.arange(horizon) < known[:, None]
    later = np.where(within & ~told.awaited[:, None], np.nan_to_num(amounts[:, -horizon:]), amounts[:, -horizon:])
    whole = np.concatenate([np.nan_to_num(past), later], axis=1)
    return _Money(told, amounts, look_ahead(whole, horizon, origins, known, forecasts), enacted)


def _given(tried: _Tried, money: _Money, sums: sparse.csr_array) -> _Tried:
    """What is expected given the appropriations, those of (n, c) sums of cells."""
    if not sums.nnz or not money.enacted.any():
        return tried
    test = tried.test
    found = given(tried.amounts, *money.beside(sums), test.forecasts[:, -1], test.ahead[-1], test.origins)
    return tried.with_combined(found.then, found.now)


def _reconciled(tree: Hierarchy, nodes: _Tried, lines: _Tried) -> _Tried:
    """Lines that agree with the nodes, today and, by the same weights, at all origins."""
    base = np.concatenate([nodes.told(), lines.told()], axis=1)
    said = base[:, len(tree.nodes) :]
    origins, rows, horizon = base.shape
    flat = base.transpose(1, 0, 2).reshape(rows, -1)
    errors = np.concatenate([nodes.one_step_errors(), lines.one_step_errors()], axis=1).T
    floor = np.where(never_negative(lines.now.cleaned.values), 0.0, -np.inf)
    moved = reconcile(tree, flat, errors, floor).reshape(-1, origins, horizon).transpose(1, 0, 2)
    most = np.where(lines.test.size > 0, MOST_MOVED * lines.test.scale, 0.0)[:, :, None]
    moved = np.clip(moved, said - most, said + most)
    return lines.with_combined(moved[:-1], moved[-1])


def _following(lines: _Tried, paths: FloatArray, horizon: int) -> _Tried:
    """Lines that have an index follow it, also where the back-test asks what that would have missed by."""
    rows = followers(paths, horizon)
    periods = lines.now.seen.shape[1]
    cuts = np.append(lines.test.origins, periods)
    last = np.nan_to_num(lines.now.cleaned.values.T[cuts - 1])
    said = lines.told()
    path = follow(paths, last, cuts, horizon)
    said = np.where(rows[:, None] & np.isfinite(path), path, said)
    return lines.with_combined(said[:-1], said[-1])


def _result(
    ledger: Ledger,
    tree: Hierarchy,
    lines: _Tried,
    levels: Sequence[int],
    unit: float,
    overrides: pd.DataFrame | None,
    seed: int | None,
) -> Outlook:
    """Frames in USD out of arrays in `unit`; no sums without a seed for their paths."""
    now, test = lines.now, lines.test
    n, horizon = test.ahead.shape[1:]
    steps = ledger.steps[-1] + np.arange(1, horizon + 1)
    places, ahead = np.repeat(np.arange(n), horizon), np.tile(steps, n)
    model = ledger.long(places, ahead, mean=test.ahead[-1].ravel() * unit)
    mean, set_by_hand = _overridden(model, overrides)
    joint = _joint(tree, lines, mean.reshape(n, horizon) / unit, levels, unit)
    known = np.arange(len(ledger.steps)) >= first_finite(now.cleaned.values)[:, None]
    line, place = np.nonzero(known)
    naive, names = naive_rival(now.season.length), line_index(ledger.lines)
    return Outlook(
        keys=ledger.keys,
        lines=ledger.long(places, ahead, mean=mean, **_columns(joint.line_quantiles(_shares(levels)), levels)),
        nodes=_nodes(ledger, tree, mean.reshape(n, horizon), joint, levels, seed)
        if seed is not None
        else model.iloc[:0],
        scores=score(test, now, levels, naive),
        line_scores=score_lines(test, now, levels, naive).set_axis(names, axis=0),
        weights=pd.DataFrame(test.weights, index=names, columns=list(test.names[:-1])),
        treatments=_treatments(ledger, now, unit),
        history=ledger.long(line, ledger.steps[place], amount=now.cleaned.values[line, place] * unit),
        overrides=set_by_hand,
        naive=naive,
        joint=joint,
    )


def _overridden(model: pd.DataFrame, overrides: pd.DataFrame | None) -> tuple[FloatArray, pd.DataFrame]:
    """Means of lines with overrides in, and what was set by hand: `keys..., period, mean, model_mean`."""
    if overrides is None:
        return model["mean"].to_numpy(dtype=np.float64), model.assign(model_mean=model["mean"]).iloc[:0]
    table = by_hand.apply(model, overrides)
    touched = table.loc[table["overridden"], [*model.columns, "model_mean"]]
    return table["mean"].to_numpy(dtype=np.float64), touched.reset_index(drop=True)


def _joint(tree: Hierarchy, lines: _Tried, mean: FloatArray, levels: Sequence[int], unit: float) -> Joint:
    """How lines are distributed about means (n, H), each for itself and together."""
    test, horizon = lines.test, mean.shape[1]
    knots = sorted({*KNOTS, *levels})
    errors = test.scaled_errors(len(test.names) - 1)
    fitted = calibrate(errors.reshape(-1, horizon), test.size[:-1].ravel(), knots, horizon)
    floor = np.where(never_negative(lines.now.cleaned.values), 0.0, -np.inf)
    marginals = Marginals(mean, test.scale[-1], test.size[-1], *distribution(fitted, knots), floor)
    return Joint(tree, marginals, errors, unit)


def _columns(quantiles: FloatArray, levels: Sequence[int]) -> dict[str, FloatArray]:
    """Lower and upper ends, (rows, H, 2 L), as columns of a long frame."""
    names = [f"{side}_{level}" for level in levels for side in ("lo", "hi")]
    return {name: quantiles[..., place].ravel() for place, name in enumerate(names)}


def _nodes(
    ledger: Ledger, tree: Hierarchy, mean: FloatArray, joint: Joint, levels: Sequence[int], seed: int
) -> pd.DataFrame:
    """The sums above the lines, the finest level first, the total last."""
    horizon = mean.shape[1]
    steps = ledger.steps[-1] + np.arange(1, horizon + 1)
    order = np.arange(len(tree.nodes))[::-1]
    sums = tree.add_up(mean)
    ends = joint.node_quantiles(_shares(levels), seed)
    ends[..., 0::2] = np.minimum(ends[..., 0::2], sums[..., None])
    ends[..., 1::2] = np.maximum(ends[..., 1::2], sums[..., None])
    columns = {"mean": sums.ravel(), **_columns(ends, levels)}
    frame = tree.nodes[list(ledger.keys)].iloc[np.repeat(order, horizon)].reset_index(drop=True)
    frame["period"] = ledger.periods(np.tile(steps, len(order))).to_numpy()
    return frame.assign(**{name: values.reshape(-1, horizon)[order].ravel() for name, values in columns.items()})


def _shares(levels: Sequence[int]) -> list[float]:
    """Chances of an amount below the lower and the upper end, level by level."""
    return [0.5 + sign * level / 200 for level in levels for sign in (-1, 1)]


def _treatments(ledger: Ledger, now: Prepared, unit: float) -> pd.DataFrame:
    """What cleaning did, by keys and period."""
    notes = list_treatments(now.cleaned.notes)
    money = {name: notes[name].to_numpy(dtype=np.float64) * unit for name in ("before", "after")}
    words = {name: notes[name].astype("str") for name in ("found", "treatment")}
    return ledger.long(notes["line"].to_numpy(), ledger.steps[notes["year"].to_numpy()], **words, **money)


def _appropriations(ledger: Ledger, money: _Money, unit: float) -> pd.DataFrame:
    """Appropriations of the periods ahead in USD, `(all)` in keys at which they are not told; no cells that ended."""
    ahead = money.ahead[-1]
    horizon = ahead.shape[1]
    enacted = np.isfinite(money.amounts[:, -horizon:])
    alive = row_any(enacted | (ahead != 0))
    keys = money.told.cells[alive].reindex(columns=list(ledger.keys), fill_value=ALL)
    frame = keys.iloc[np.repeat(np.arange(len(keys)), horizon)].reset_index(drop=True)
    frame["period"] = ledger.periods(np.tile(ledger.steps[-1] + np.arange(1, horizon + 1), len(keys))).to_numpy()
    status = np.where(enacted[alive].ravel(), ENACTED, FORECAST)
    return frame.assign(amount=ahead[alive].ravel() * unit, status=pd.Series(status, dtype="str"))
