"""The core: choose options for the units of many systems at least cost, within shared limits.

It knows no money, no quarters and no solver; a knapsack with several limits is as good a problem as any study.
"""

from dataclasses import dataclass, field
from dataclasses import replace as copy
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer.bundles import Bundles
from optimizer.errors import DataError
from optimizer.homes import Homes
from optimizer.limits import Limit, MoveGroups, OneFate


@dataclass(frozen=True, eq=False)
class Problem:
    r"""Options of systems that meet only in shared limits.

    $$\min \sum_o c_o x_o + \sum_v c_v v \qquad \sum_o u_{lo} x_o + \sum_v u_{lv} v \le b_l \qquad
    \sum_{o \in O(s)} x_o = n_s \qquad x_o \in \mathbb{Z}_+,\ 0 \le v \le \bar v$$
    Rules are rows of the same form that bind a few systems each: there may be many of them, and none has a price that
    anybody could pay.
    """

    options: pd.DataFrame
    """`system cost`, and where needed: `units` of that system (default 1), `bundle` and `slot` (all systems of a bundle
    take the same slot), `always` (never left out of a restricted problem), `strategy` and `method` (for names); with a
    `horizon` also `starts ends leaves` (times) and `home` (the system whose options say when the last has left)."""
    use: sparse.csr_array
    """What one unit of each option takes of each limit, options x limits."""
    limits: pd.Series
    """How much there is of each; all are upper limits."""
    extra: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"upper": [], "cost": []}, dtype=float))
    """Decisions beside the options, by name: `upper cost`, and where needed `integer` (whole numbers only)."""
    extra_use: sparse.csr_array | None = None
    """What each of them takes (or gives, where negative), extra x limits."""
    rules_use: sparse.csr_array | None = None
    """What each option takes of each rule, options x rules."""
    rules_extra_use: sparse.csr_array | None = None
    """What the decisions beside take of each rule, extra x rules."""
    rules_limits: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    """Upper limit of each rule."""
    horizon: int = 0
    """Where rules are about time: the first time that is never. Then all of them follow from `waits` and from homes; a
    problem with other rules has none."""
    waits: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"system": [], "needs": [], "lag": []}))
    """`system needs lag`: the system starts no earlier than `lag` times after what it needs has ended."""

    def __post_init__(self) -> None:
        """Take any sparse matrix; refuse what does not fit together."""
        for name in ("use", "extra_use", "rules_use", "rules_extra_use"):
            if (matrix := getattr(self, name)) is not None and not isinstance(matrix, sparse.csr_array):
                object.__setattr__(self, name, sparse.csr_array(matrix))
        count, rows = len(self.options), len(self.limits)
        numbers = {
            "cost": self.options["cost"],
            "limits": self.limits,
            "use": pd.Series(self.use.data),
            "rules_limits": self.rules_limits,
            "rules_use": pd.Series(self.rules[0].data),
        }
        problems = [
            f"`{name}` holds {int((~np.isfinite(v.astype(float))).sum())} values that are not finite numbers"
            for name, v in numbers.items()
            if not np.isfinite(v.astype(float)).all()
        ]
        if self.use.shape != (count, rows):
            problems.append(
                f"`use` is {self.use.shape[0]} x {self.use.shape[1]}, must be {count} options x {rows} limits"
            )
        if self.more.shape != (len(self.extra), rows):
            problems.append(
                f"`extra_use` is {self.more.shape}, must be {len(self.extra)} extra decisions x {rows} limits"
            )
        wanted = [(every, len(self.rules_limits)) for every in (count, len(self.extra))]
        if [part.shape for part in self.rules] != wanted:
            problems.append(
                f"`rules_use` is {self.rules[0].shape} and `rules_extra_use` {self.rules[1].shape}, must be "
                f"{wanted[0]} and {wanted[1]}: options x rules and extra decisions x rules"
            )
        if self.horizon and (missing := {"starts", "ends", "leaves", "home"} - set(self.options)):
            problems.append(f"with a `horizon` options also need {', '.join(f'`{name}`' for name in sorted(missing))}")
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
        return sparse.csr_array((len(self.extra), len(self.limits))) if self.extra_use is None else self.extra_use

    @property
    def rules(self) -> tuple[sparse.csr_array, sparse.csr_array]:
        """What the options and what the decisions beside take of each rule; empty where there is none."""
        count = len(self.rules_limits)
        mine, theirs = self.rules_use, self.rules_extra_use
        return (
            sparse.csr_array((len(self.options), count)) if mine is None else mine,
            sparse.csr_array((len(self.extra), count)) if theirs is None else theirs,
        )

    @property
    def whole(self) -> np.ndarray:
        """Which of the decisions beside the options are whole numbers."""
        if "integer" not in self.extra:
            return np.zeros(len(self.extra), dtype=bool)
        return self.extra["integer"].to_numpy(dtype=bool)

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
        rules = None if self.rules_use is None else self.rules_use[kept]
        return self.replace(options=self.options.iloc[kept], use=self.use[kept], rules_use=rules)

    def ruled(self, kept: np.ndarray) -> "Problem":
        """The same problem with some of the rules."""
        mine, theirs = self.rules
        return self.replace(
            rules_use=mine[:, kept], rules_extra_use=theirs[:, kept], rules_limits=self.rules_limits.iloc[kept]
        )

    def free(self) -> "Problem":
        """The same problem without rules."""
        return self.replace(
            rules_use=None,
            rules_extra_use=None,
            rules_limits=pd.Series(dtype=float),
            horizon=0,
            waits=self.waits.iloc[:0],
        )

    def resident(self) -> "Problem":
        """Without rules, and without the systems that are homes."""
        return self.only(np.flatnonzero(self.homes.resident)).free()

    # What prices tell --------------------------------------------------------------------------------------------

    def price(self, prices: np.ndarray, rule_prices: np.ndarray | None = None) -> tuple[float, np.ndarray]:
        r"""What any prices of the limits prove: a lower bound, and how much more each option costs than the best fate.

        $$L(\lambda) = \sum_s n_s \min_{o \in O(s)} (c_o + \lambda u_o) + \sum_v \bar v \min(0, c_v + \lambda u_v)
        - \lambda b \qquad \lambda \ge 0$$
        A bundle takes the slot that is cheapest for all its systems together. A plan with one unit on option o costs at
        least $L$ plus what is returned for o. Homes hold as they are (`optimizer.homes`). Rules may have prices as
        well, which then count like limits; without them they are left out, which makes the bound no less true.
        """
        reduced = self.cost + self.use @ prices
        dear = self.extra["cost"].to_numpy() + self.more @ prices
        paid = float(prices @ self.limits.to_numpy())
        if rule_prices is not None:
            mine, theirs = self.rules
            reduced, dear = reduced + mine @ rule_prices, dear + theirs @ rule_prices
            paid += float(rule_prices @ self.rules_limits.to_numpy(dtype=float))
        constant = float(np.minimum(0.0, dear * self.extra["upper"].to_numpy()).sum()) - paid
        if self.homes.count:
            worth, above = self.homes.tables(self.system, self.units, self.together, reduced)
            return float(worth.min(axis=1).sum()) + constant, above
        best = np.full(len(self.systems), np.inf)
        np.minimum.at(best, self.system, reduced)
        above = reduced - best[self.system]
        alone = np.ones(len(best), dtype=bool)
        together = 0.0
        if self.together.count:
            alone[self.together.systems] = False
            together, above[self.together.options] = self.together.least(reduced)
        return float(self.units[alone] @ best[alone]) + together + constant, above

    @cached_property
    def together(self) -> Bundles:
        """Its bundles."""
        return Bundles.of(self.options, self.system)

    @cached_property
    def homes(self) -> Homes:
        """Its homes."""
        return Homes.within(self.options, self.system, self.systems, self.horizon)

    def objective(self, x: np.ndarray, extra: np.ndarray) -> float:
        """Cost of given decisions."""
        return float(self.cost @ x + self.extra["cost"].to_numpy() @ extra)

    def broken(self, x: np.ndarray, extra: np.ndarray) -> np.ndarray:
        """How far each rule is broken (negative: what is left)."""
        mine, theirs = self.rules
        return np.asarray(mine.T @ x + theirs.T @ extra - self.rules_limits.to_numpy(dtype=float))

    def excess(self, x: np.ndarray, extra: np.ndarray) -> np.ndarray:
        """How far each limit is overrun (negative: what is left)."""
        return np.asarray(self.use.T @ x + self.more.T @ extra - self.limits.to_numpy())
