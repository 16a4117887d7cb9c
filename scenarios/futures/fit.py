r"""Overruns of one's own past projects: the two-part model of `scenarios.futures.priors`, fitted, and how well.

Ratios of last over first budget up to $x$ are the body: $\ln R \sim N(m, \sigma)$ by mean and standard deviation,
or by median and quartiles, whichever is nearer.
Those above are the tail: its share is $p$, its power by maximum likelihood (Hill 1975):

$$\hat\alpha = n_{tail} \Big/ \sum_{R_i > x} \ln (R_i / x)$$

$x$ is where the model is nearest to the file (least Kolmogorov-Smirnov distance; Clauset, Shalizi & Newman, SIAM Review
51(4), 2009). How often a file drawn from the fitted model lies as far from its own fit is said beside it (bootstrap).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy.special import ndtr

from scenarios.errors import Problem, StudyError
from scenarios.futures.priors import CLASSES, OverrunClass, Priors
from scenarios.parameters import default_of, parameters

NEEDED = ("first_budget", "last_budget")
"""Columns that a table of projects must have; money of any one currency."""
DATES = ("start_date", "first_date", "last_date")
"""Columns that it may have: when the work began, when it was to end at first, when at last."""
FEWEST = 30
"""Projects without which nothing is fitted, nor a size class by itself."""
FEWEST_IN_TAIL = 5
"""Projects in the tail of a size class without which it takes the tail of all."""
QUANTILES = (0.1, 0.5, 0.8, 0.9, 0.95)
_STARTS = np.round(np.arange(1.2, 3.01, 0.05), 2)
_DRAWN = 200
_QUARTILE = 0.6745
"""Upper quartile of a standard normal."""


@dataclass(frozen=True)
class TwoPart:
    """Body and tail of ratios of actual over planned cost."""

    body_mean: float
    body_sigma: float
    tail_from: float
    tail_chance: float
    tail_power: float

    def chance_up_to(self, ratio: np.ndarray) -> np.ndarray:
        """Cumulative distribution."""
        location = np.log(self.body_mean) - self.body_sigma**2 / 2
        with np.errstate(divide="ignore"):
            body = (1 - self.tail_chance) * ndtr((np.log(ratio) - location) / max(self.body_sigma, 1e-9))
            tail = 1 - self.tail_chance * (np.maximum(ratio, self.tail_from) / self.tail_from) ** -self.tail_power
        return np.asarray(np.where(ratio < self.tail_from, body, tail))

    def quantile(self, chance: np.ndarray) -> np.ndarray:
        """Ratios below which some shares of projects lie, as futures draw them (without a cap)."""
        which = OverrunClass(self.tail_chance, self.tail_power, np.inf)
        own = Priors((which,), body_mean=self.body_mean, body_sigma=self.body_sigma, tail_from=self.tail_from)
        return own.cost_ratio(chance, which)

    def distance(self, ratios: np.ndarray) -> float:
        """Kolmogorov-Smirnov: the largest difference between the model's distribution and that of some ratios."""
        ordered, count = np.sort(ratios), len(ratios)
        model, steps = self.chance_up_to(ordered), np.arange(count + 1) / count
        return float(max((steps[1:] - model).max(), (model - steps[:-1]).max()))


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a table of projects says."""

    ratios: np.ndarray
    """Last over first budget."""
    model: TwoPart
    distance: float
    """Kolmogorov-Smirnov distance between file and model."""
    as_far: float
    """Share of files drawn from the model that lie as far from their own fit."""
    settings: Mapping[str, float]
    """Parameters to set."""
    slip_years: float
    """Median of last less first date; NaN without dates."""
    notes: tuple[str, ...]

    def quantiles(self) -> pd.DataFrame:
        """`quantile file low high model`: those of the file, the range of 95 % of like files, and the model's."""
        rng, count = np.random.default_rng(0), len(self.ratios)
        again = np.quantile(rng.choice(self.ratios, (1000, count)), QUANTILES, axis=1)
        low, high = np.quantile(again, [0.025, 0.975], axis=1)
        own = np.quantile(self.ratios, QUANTILES)
        columns = {"quantile": QUANTILES, "file": own, "low": low, "high": high}
        return pd.DataFrame(columns | {"model": self.model.quantile(np.array(QUANTILES))})

    def json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "projects": len(self.ratios),
            "parameters": dict(self.settings),
            "ks_distance": self.distance,
            "ks_as_far": self.as_far,
            "quantiles": self.quantiles().to_dict("records"),
            "slip_years_median": None if np.isnan(self.slip_years) else self.slip_years,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """The quantiles beside each other, how far apart they are, and what to set."""
        lines = [f"{len(self.ratios):,} projects: last over first budget", ""]
        lines.append(f"  {'':6}{'file':>8}{'95 % of like files':>22}{'model':>9}")
        for _, row in self.quantiles().iterrows():
            span = f"{row['low']:.2f} to {row['high']:.2f}"
            lines.append(f"  P{100 * row['quantile']:<5.0f}{row['file']:>8.2f}{span:>22}{row['model']:>9.2f}")
        lines += ["", f"  Kolmogorov-Smirnov distance {self.distance:.3f}: {self._verdict()}"]
        if not np.isnan(self.slip_years):
            lines.append(f"  Half of them ended, or will end, {self.slip_years:.1f} years or more after the first date")
        lines += [f"  note: {note}" for note in self.notes]
        plain = yaml.safe_dump({"set": dict(self.settings)}, sort_keys=False)
        return "\n".join([*lines, "", "Set in a scenario, or under `parameters:` in study.yaml:", "", plain.rstrip()])

    def _verdict(self) -> str:
        share = f"{100 * self.as_far:.0f} % of {_DRAWN} files drawn from the model lie as far from their own fit"
        return share + (
            ", so that chance explains it"
            if self.as_far >= 0.1
            else ": more than chance, so compare the quantiles above"
        )


def fit_overruns(path: Path | str) -> Fitted:
    """Fits the two-part model to a table of past projects (CSV, Parquet or xlsx).

    Columns: `first_budget`, `last_budget`, and perhaps `start_date`, `first_date`, `last_date`. With all three dates
    the slip is fitted too.

    Raises:
        StudyError: no such table, columns that are missing, cells that are no positive amounts or no dates, or too few
            projects; all at once.
    """
    table = _read(Path(path))
    ratios = (table["last_budget"] / table["first_budget"]).to_numpy(dtype=float)
    model = two_part(ratios)
    distance = model.distance(ratios)
    settings: dict[str, float] = {
        "overrun.body_mean": model.body_mean,
        "overrun.body_sigma": model.body_sigma,
        "overrun.tail_from": model.tail_from,
    }
    notes = ["the cap at which a contract is given up is a policy: it is not fitted"]
    settings |= _by_class(table["first_budget"].to_numpy(dtype=float), ratios, model, notes)
    slips = np.nan
    if {"first_date", "last_date"} <= set(table):
        slips = float(((table["last_date"] - table["first_date"]).dt.days / 365.25).median())
        if "start_date" in table:
            settings |= _slips(table, ratios > model.tail_from)
        else:
            notes.append("without start_date a slip is known in years only: slip.median is not fitted")
    return Fitted(
        ratios, model, distance, _as_far(model, len(ratios), distance), _inside(settings, notes), slips, tuple(notes)
    )


def two_part(ratios: np.ndarray) -> TwoPart:
    """The two-part model nearest to some ratios."""
    candidates = [model for start in _STARTS.tolist() for model in _at(ratios, start)]
    return min(candidates, key=lambda model: model.distance(ratios))


def _at(ratios: np.ndarray, start: float) -> list[TwoPart]:
    """Models with a tail that begins at some ratio; none where that leaves too little of a body.

    The body by mean and standard deviation, and by its median and middle half, which a few odd projects do not move.
    """
    above = ratios > start
    inside = np.log(ratios[~above])
    if len(inside) < max(3, 0.2 * len(ratios)):
        return []
    power = float(above.sum() / np.log(ratios[above] / start).sum()) if above.any() else 10.0
    low, middle, high = np.percentile(inside, [25, 50, 75]).tolist()
    bodies = ((float(inside.mean()), float(inside.std())), (middle, (high - low) / (2 * _QUARTILE)))
    return [
        TwoPart(float(np.exp(m + sigma**2 / 2)), max(sigma, 1e-6), start, float(above.mean()), power)
        for m, sigma in bodies
    ]


def _as_far(model: TwoPart, count: int, distance: float) -> float:
    """Share of files drawn from a model that lie as far from their own fit."""
    rng = np.random.default_rng(0)
    few = min(count, 2000)
    drawn = (model.quantile(rng.random(few)) for _ in range(_DRAWN))
    scaled = distance * np.sqrt(count / few)
    return float(np.mean([two_part(ratios).distance(ratios) >= scaled for ratios in drawn]))


def _by_class(budgets: np.ndarray, ratios: np.ndarray, model: TwoPart, notes: list[str]) -> dict[str, float]:
    """Chance and power of the tail of each size class; those of all projects where a class has too few."""
    bounds = [default_of(f"overrun.{name}.largest") for name in CLASSES[:-1]]
    of_class, pooled = np.searchsorted(bounds, budgets), []
    found: dict[str, float] = {}
    for number, name in enumerate(CLASSES):
        mine = ratios[of_class == number]
        tail = mine[mine > model.tail_from]
        chance, power = model.tail_chance, model.tail_power
        if len(mine) >= FEWEST and len(tail) >= FEWEST_IN_TAIL:
            chance, power = len(tail) / len(mine), len(tail) / float(np.log(tail / model.tail_from).sum())
        else:
            pooled.append(f"{name} ({len(mine)} projects)")
        found |= {f"overrun.{name}.tail_chance": float(chance), f"overrun.{name}.tail_power": float(power)}
    if pooled:
        notes.append(f"the tail of all projects stands for classes with too few: {', '.join(pooled)}")
    return found


def _slips(table: pd.DataFrame, tail: np.ndarray) -> dict[str, float]:
    """Median and spread of actual over planned length, and its mean where the cost is in its tail."""
    days = {name: (table[name] - table["start_date"]).dt.days for name in ("first_date", "last_date")}
    ratio = (days["last_date"] / days["first_date"]).to_numpy(dtype=float)
    usual = np.log(ratio[~tail]) if (~tail).any() else np.log(ratio)
    found = {"slip.median": float(np.exp(np.median(usual))), "slip.sigma": float(usual.std())}
    return found | ({"slip.tail_mean": float(ratio[tail].mean())} if tail.sum() >= FEWEST_IN_TAIL else {})


def _inside(settings: Mapping[str, float], notes: list[str]) -> dict[str, float]:
    """Rounded, and drawn into the ranges of their parameters."""
    found = {}
    for name, value in settings.items():
        low, high = parameters()[name].low, parameters()[name].high
        found[name] = float(np.clip(round(value, 4), low, high))
        if abs(found[name] - value) > 1e-3:
            notes.append(f"{name} came out as {value:.3f}, outside its range: set to {found[name]:g}")
    return found


def _read(path: Path) -> pd.DataFrame:
    """Budgets and dates, or every problem at once; rows are lines of the file."""
    from forecast.opening import read_cells

    if not path.exists():
        raise StudyError([Problem(str(path), "does not exist", "Name a table of past projects")])
    cells = read_cells(path)
    missing = [name for name in NEEDED if name not in cells]
    if missing:
        remedy = f"Add them; the table has {', '.join(map(str, cells.columns)) or 'no columns'}"
        raise StudyError([Problem(str(path), f"lacks the columns {', '.join(missing)}", remedy)])
    problems, found = [], pd.DataFrame(index=cells.index)
    for name in [*NEEDED, *(d for d in DATES if d in cells)]:
        money = name in NEEDED
        values: pd.Series
        values = (pd.to_numeric if money else pd.to_datetime)(cells[name], errors="coerce")
        amounts = values.to_numpy(dtype=float, na_value=np.nan) if money else np.ones(len(values))
        wrong = ~(np.isfinite(amounts) & (amounts > 0)) | values.isna().to_numpy()
        said = "is not an amount above 0" if money else "is not a date"
        remedy = "Write a plain number, or leave the project out" if money else "Write YYYY-MM-DD, or leave it out"
        problems += [
            Problem(path.name, said, remedy, row=int(row) + 2, column=name, value=str(cells[name].iloc[row]))
            for row in np.flatnonzero(wrong)
        ]
        found[name] = values
    if set(DATES) <= set(found) and not problems:
        for name in ("first_date", "last_date"):
            problems += [
                Problem(path.name, "is not after start_date", "Correct either", row=int(row) + 2, column=name)
                for row in np.flatnonzero(found[name] <= found["start_date"])
            ]
    if len(cells) < FEWEST:
        wrong_count = f"holds {len(cells)} projects, and {FEWEST} are needed"
        problems.append(Problem(path.name, wrong_count, "Add more, or keep the defaults and their sources"))
    if problems:
        raise StudyError(problems, f"{path.name} cannot be fitted")
    return found
