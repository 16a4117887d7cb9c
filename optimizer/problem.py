"""The core: choose options for the units of many systems at least cost, within shared limits.

It knows no money, no quarters and no solver; a knapsack with several limits is as good a problem as any study.
"""

from dataclasses import dataclass, field
from dataclasses import replace as copy
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer.errors import DataError
from optimizer.limits import Limit, MoveGroups, OneFate, limits_of, structure_of
from optimizer.options import Options


@dataclass(frozen=True, eq=False)
class Problem:
    r"""Options of systems that meet only in shared limits.

    $$\min \sum_o c_o x_o + \sum_v c_v v \qquad \sum_o u_{lo} x_o + \sum_v u_{lv} v \le b_l \qquad
    \sum_{o \in O(s)} x_o = n_s \qquad x_o \in \mathbb{Z}_+,\ 0 \le v \le \bar v$$
    """

    options: pd.DataFrame
    """`system cost`, and where needed: `units` of that system (default 1), `bundle` and `slot` (all systems of a bundle
    take the same slot), `always` (never left out of a restricted problem), `strategy` (for names)."""
    use: sparse.csr_array
    """What each option takes of each limit, limits x options."""
    limits: pd.Series
    """How much there is of each; all are upper limits."""
    extra: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"upper": [], "cost": []}, dtype=float))
    """Decisions beside the options, by name: `upper cost`."""
    extra_use: sparse.csr_array | None = None
    """What each of them takes (or gives, where negative), limits x extra."""

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        rows, columns = self.use.shape
        numbers = {"cost": self.options["cost"], "limits": self.limits, "use": pd.Series(self.use.data)}
        problems = [
            f"`{name}` holds {int((~np.isfinite(v.astype(float))).sum())} values that are not finite numbers"
            for name, v in numbers.items()
            if not np.isfinite(v.astype(float)).all()
        ]
        if (rows, columns) != (len(self.limits), len(self.options)):
            problems.append(
                f"`use` is {rows} x {columns}, must be {len(self.limits)} limits x {len(self.options)} options"
            )
        if self.extra_use is not None and self.extra_use.shape != (rows, len(self.extra)):
            problems.append(
                f"`extra_use` is {self.extra_use.shape}, must be {rows} limits x {len(self.extra)} extra decisions"
            )
        if "units" in self.options and (self.options.groupby("system", observed=True)["units"].nunique() > 1).any():
            problems.append("`units` must be the same for all options of a system")
        if problems:
            raise DataError(problems, "problem")

    def __len__(self) -> int:
        """How many options there are."""
        return len(self.options)

    # Its parts as arrays -----------------------------------------------------------------------------------------

    @cached_property
    def cost(self) -> np.ndarray:
        """$c_o$."""
        return self.options["cost"].to_numpy(dtype=float)

    @cached_property
    def _systems(self) -> tuple[np.ndarray, pd.Index]:
        codes, names = pd.factorize(self.options["system"])
        return codes, pd.Index(names)

    @property
    def system(self) -> np.ndarray:
        """Position of each option's system."""
        return self._systems[0]

    @property
    def systems(self) -> pd.Index:
        """The systems, in order of appearance."""
        return self._systems[1]

    @cached_property
    def units(self) -> np.ndarray:
        """$n_s$, by system."""
        if "units" not in self.options:
            return np.ones(len(self.systems))
        return np.asarray(self.options["units"].to_numpy(dtype=float)[self.first])

    @cached_property
    def first(self) -> np.ndarray:
        """The first option of each system."""
        return np.unique(self.system, return_index=True)[1]

    @cached_property
    def upper(self) -> np.ndarray:
        """Upper bound of each option: all units of its system."""
        return np.asarray(self.units[self.system])

    @property
    def more(self) -> sparse.csr_array:
        """`extra_use`, empty where there is none."""
        return sparse.csr_array((len(self.limits), len(self.extra))) if self.extra_use is None else self.extra_use

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The columns that the structural limits read."""
        slot = self.options.get("slot", "")
        return pd.DataFrame({"system": self.options["system"], "start": slot, "block": 1.0}, index=self.options.index)

    @cached_property
    def structure(self) -> tuple[Limit, ...]:
        """One fate for each system; bundles that go together."""
        fates = OneFate(pd.Series(self.units, index=self.systems))
        if "bundle" not in self.options or not (self.options["bundle"] != "").any():
            return (fates,)
        heads = self.options.iloc[self.first]
        bundled = heads[heads["bundle"] != ""]
        members = pd.DataFrame({"group": bundled["bundle"].astype(object), "system": bundled["system"].astype(object)})
        slots = self.options["slot"][self.options["bundle"] != ""].astype(object).unique()
        return (fates, MoveGroups(members.reset_index(drop=True), tuple(map(str, slots))))

    @cached_property
    def equalities(self) -> tuple[sparse.csr_array, np.ndarray, list[str]]:
        """All structural rows that bind something: coefficients, right-hand sides, names."""
        blocks = [limit.coefficients(self) for limit in self.structure]  # type: ignore[arg-type]
        allowed = [limit.allowed() for limit in self.structure]
        names = [
            f"{limit.name} {key}" for limit, right in zip(self.structure, allowed, strict=True) for key in right.index
        ]
        matrix = sparse.csr_array(sparse.vstack(blocks, format="csr"))
        rows = np.flatnonzero(np.diff(matrix.indptr) > 0)
        return matrix[rows], np.concatenate([right.to_numpy() for right in allowed])[rows], [names[row] for row in rows]

    def __getstate__(self) -> dict[str, object]:
        """Leave cached parts behind."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def replace(self, **changes: object) -> "Problem":
        """Return another problem with some parts changed."""
        return copy(self, **changes)  # type: ignore[arg-type]

    def only(self, kept: np.ndarray) -> "Problem":
        """The same problem with some of the options."""
        return self.replace(options=self.options.iloc[kept], use=self.use[:, kept])

    # What prices tell --------------------------------------------------------------------------------------------

    def price(self, prices: np.ndarray) -> tuple[float, np.ndarray]:
        r"""What any prices of the limits prove: a lower bound, and how much more each option costs than the best fate.

        $$L(\lambda) = \sum_s n_s \min_{o \in O(s)} (c_o + \lambda u_o) + \sum_v \bar v \min(0, c_v + \lambda u_v)
        - \lambda b \qquad \lambda \ge 0$$
        A bundle takes the slot that is cheapest for all its systems together. A plan with one unit on option o costs at
        least $L$ plus what is returned for o.
        """
        reduced = self.cost + self.use.T @ prices
        dear = self.extra["cost"].to_numpy() + self.more.T @ prices
        constant = float(np.minimum(0.0, dear * self.extra["upper"].to_numpy()).sum() - prices @ self.limits.to_numpy())
        best = np.full(len(self.systems), np.inf)
        np.minimum.at(best, self.system, reduced)
        above = reduced - best[self.system]
        alone = np.ones(len(best), dtype=bool)
        together = 0.0
        if self._bundles is not None:
            options, pair, pair_choice, choice_bundle, complete, systems = self._bundles
            alone[systems] = False
            cheapest = np.full(len(pair_choice), np.inf)
            np.minimum.at(cheapest, pair, reduced[options])
            choice = np.zeros(len(choice_bundle))
            np.add.at(choice, pair_choice, cheapest)
            choice[~complete] = np.inf
            lowest = np.full(int(choice_bundle.max()) + 1, np.inf)
            np.minimum.at(lowest, choice_bundle, choice)
            together = float(lowest.sum())
            dearer = np.full(len(choice), np.inf)
            dearer[complete] = choice[complete] - lowest[choice_bundle[complete]]
            above[options] = reduced[options] - cheapest[pair] + dearer[pair_choice][pair]
        return float(self.units[alone] @ best[alone]) + together + constant, above

    @cached_property
    def _bundles(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
        """What bundles need for pricing.

        Bundled options; their (system, slot) pair; each pair's (bundle, slot) choice; the choice's bundle; whether all
        systems of the bundle have that slot; the bundled systems.
        """
        if len(self.structure) == 1:
            return None
        options = np.flatnonzero((self.options["bundle"] != "").to_numpy())
        bundle = pd.factorize(self.options["bundle"].iloc[options])[0]
        slot = pd.factorize(self.options["slot"].iloc[options])[0]
        width = int(slot.max()) + 1
        _pairs, first, pair = np.unique(self.system[options] * width + slot, return_index=True, return_inverse=True)
        choices, pair_choice = np.unique((bundle * width + slot)[first], return_inverse=True)
        systems, heads = np.unique(self.system[options], return_index=True)
        sizes = np.bincount(bundle[heads])
        complete = np.bincount(pair_choice, minlength=len(choices)) == sizes[choices // width]
        return options, pair, pair_choice, choices // width, complete, systems

    def objective(self, x: np.ndarray, extra: np.ndarray) -> float:
        """Cost of given decisions."""
        return float(self.cost @ x + self.extra["cost"].to_numpy() @ extra)

    def excess(self, x: np.ndarray, extra: np.ndarray) -> np.ndarray:
        """How far each limit is overrun (negative: what is left)."""
        return np.asarray(self.use @ x + self.more @ extra - self.limits.to_numpy())


@dataclass(frozen=True, eq=False)
class Study:
    """A modernization study as a problem: which rows belong to which limit."""

    problem: Problem
    options: Options
    limits: tuple[Limit, ...]

    def prices(self, of_rows: np.ndarray) -> list[pd.Series]:
        """What one more unit of each limit is worth, from the prices of the problem's rows, by limit and key."""
        found, at = [], 0
        for limit in self.limits:
            loosened = limit.loosened()
            rows, keys = loosened.shape
            worth = loosened.T @ of_rows[at : at + rows]
            found.append(pd.Series(worth, index=limit.allowed().index[:keys]))
            at += rows
        return found


def study(portfolio_options: Options) -> Study:
    """Assemble the problem of a modernization study from its options and limits."""
    options, portfolio = portfolio_options, portfolio_options.portfolio
    limits = limits_of(portfolio)
    fates, _ = structure_of(portfolio)
    frame, block = options.frame, options.block
    grouped = (portfolio.systems["group"] != "") & (portfolio.systems["side"] == "legacy")
    bundle = pd.Categorical(portfolio.systems["group"].where(grouped, "").astype(object))
    table = pd.DataFrame(
        {
            "system": frame["system"],
            "cost": frame["cost"] * block,
            "units": fates.allowed().to_numpy()[options.s] / block,
            "bundle": pd.Categorical.from_codes(bundle.codes[options.s], categories=bundle.categories),
            "slot": frame["start"],
            "always": options.stays,
            "strategy": frame["strategy"],
        }
    )
    use = sparse.vstack([limit.coefficients(options) for limit in limits], format="csr")
    columns = [limit.columns() for limit in limits]
    allowed = [limit.allowed() for limit in limits]
    right = pd.concat([a.set_axis([f"{m.name} {k}" for k in a.index]) for m, a in zip(limits, allowed, strict=True)])
    upper = pd.concat([c.upper for c in columns])
    extra = pd.DataFrame({"upper": upper.astype(float), "cost": 0.0}).set_axis(
        [f"brought {key}" for key in upper.index]
    )
    problem = Problem(
        table,
        sparse.csr_array(use @ sparse.diags_array(block.astype(float))),
        right.astype(float),
        extra,
        sparse.csr_array(sparse.block_diag([c.use for c in columns], format="csr")),
    )
    return Study(problem, options, limits)
