"""What every plan consists of: one fate for each unit, groups that move together, systems that wait for others."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from optimizer.limits.base import HasFrame, Limit, indicator, ranges
from optimizer.options import NEVER, Options
from optimizer.portfolio import Portfolio


@dataclass(frozen=True, eq=False)
class OneFate(Limit):
    r"""Every unit has one fate; a system that moves whole is one decision.

    $$\sum_{o \in O(s)} b_o x_o = n_s \qquad \forall s$$
    with $b_o$ the units that go together.
    """

    name = "one_fate"
    sense = "=="
    unit = "units"
    units: pd.Series
    """$n_s$, by system."""

    def coefficients(self, options: HasFrame) -> sparse.csr_array:
        """Ones: every unit of an option counts."""
        return indicator(
            self.units.index.get_indexer(pd.Index(options.frame["system"].astype(object))), len(self.units)
        )

    def allowed(self) -> pd.Series:
        """All units of each system."""
        return self.units.astype(float)


@dataclass(frozen=True, eq=False)
class MoveGroups(Limit):
    r"""Members of a group start in the same quarter, each whole and with its own strategy, or all stay.

    $$\sum_{o \in O(m),\, \tau_o = t} x_o = \sum_{o \in O(m_0),\, \tau_o = t} x_o
    \qquad \forall g,\ m \in g \setminus m_0,\ t$$
    with $x_o \in \{0,1\}$ whether the whole system goes that way. Systems that are modern already hold nobody back.
    """

    name = "together"
    sense = "=="
    unit = "moves"
    members: pd.DataFrame
    """`group system`, a row per member."""
    slots: tuple[str, ...]
    """Starts that must be the same."""

    def pairs(self) -> Iterator[tuple[str, str, str]]:
        """`(group, first member, other member)`."""
        for group, names in self.members.groupby("group", sort=False)["system"]:
            first, *others = names
            yield from ((str(group), first, other) for other in others)

    def coefficients(self, options: HasFrame) -> sparse.csr_array:
        """One for the member's options of that start, minus one for the first member's, per whole system."""
        pairs = list(self.pairs())
        frame = options.frame
        slot = pd.Index(self.slots).get_indexer(pd.Index(frame["start"].astype(object)))
        system = frame["system"].astype(object)
        whole = 1.0 / np.where(slot >= 0, frame["block"], 1)
        width = len(self.slots)
        others = pd.Index([other for _, _, other in pairs]).get_indexer(pd.Index(system))
        mine = np.flatnonzero((others >= 0) & (slot >= 0))
        rows, cols, values = [others[mine] * width + slot[mine]], [mine], [whole[mine]]
        firsts = pd.Series([first for _, first, _ in pairs], dtype=object)
        leading = np.flatnonzero(system.isin(firsts.unique()).to_numpy() & (slot >= 0))
        owner = pd.DataFrame({"system": system.iloc[leading], "column": leading, "slot": slot[leading]})
        led = owner.merge(pd.DataFrame({"system": firsts, "pair": np.arange(len(pairs))}), on="system")
        rows.append((led["pair"] * width + led["slot"]).to_numpy())
        cols.append(led["column"].to_numpy())
        values.append(-whole[led["column"].to_numpy()])
        return sparse.csr_array(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(cols))),
            shape=(len(pairs) * width, len(frame)),
        )

    def allowed(self) -> pd.Series:
        """No difference."""
        keys = [f"{group} {slot or 'stay'} {other}" for group, _, other in self.pairs() for slot in self.slots]
        return pd.Series(0.0, index=pd.Index(keys, dtype="str"))


@dataclass(frozen=True, eq=False)
class Precedence(Limit):
    r"""A system starts only when what it needs has cut over, plus a lag; a need that stays blocks it.

    $$\sum_{o \in O(s),\, \tau_o \le t} x_o \le \sum_{o \in O(p),\, q_o + l_{sp} \le t} x_o
    \qquad \forall\, s \text{ needs } p,\ t$$
    with $x_o \in \{0,1\}$ whether the whole system goes that way and $l$ in whole quarters: a lag of some months is
    over at the start of the first quarter that begins after it. A need that is modern already is met, and so is one of
    the same move group, by moving together.
    """

    name = "precedence"
    unit = "moves"
    portfolio: Portfolio

    def pairs(self) -> pd.DataFrame:
        """`s p lag`: positions of the two systems, quarters; those that bind."""
        systems, table = self.portfolio.systems, self.portfolio.dependencies
        s, p = (systems.index.get_indexer(pd.Index(table[name].astype(object))) for name in ("system", "needs"))
        lag = -(-table["lag"].to_numpy(dtype=float) // 3).astype(np.int64)
        group, legacy = systems["group"].to_numpy(), (systems["side"] == "legacy").to_numpy()
        binds = legacy[s] & legacy[p] & ((group[s] != group[p]) | (group[s] == ""))
        return pd.DataFrame({"s": s[binds], "p": p[binds], "lag": lag[binds]})

    def coefficients(self, options: Options) -> sparse.csr_array:
        """One for what has started by a quarter, minus one for the need that has cut over early enough, if whole."""
        pairs, length = self.pairs(), len(self.portfolio.quarters)
        table = pd.DataFrame({"o": np.arange(len(options)), "at": options.s})
        starts = table.assign(t=np.where(options.stays, NEVER, options.tau), sign=1.0)
        ends = table.assign(t=np.where(options.stays, NEVER, options.q), sign=-1.0)
        numbered = pairs.rename_axis("pair").reset_index()
        waits = numbered.merge(starts, left_on="s", right_on="at")
        needed = numbered.merge(ends, left_on="p", right_on="at")
        needed["t"] += needed["lag"]
        both = pd.concat([waits, needed])
        both = both[both["t"] < length]
        first = both["t"].to_numpy(dtype=np.int64)
        times = length - first
        t = ranges(first, times)
        o, pair = (np.repeat(both[name].to_numpy(dtype=np.int64), times) for name in ("o", "pair"))
        value = np.repeat(both["sign"].to_numpy(dtype=float), times) / options.block[o]
        return sparse.csr_array((value, (pair * length + t, o)), shape=(len(pairs) * length, len(options)))

    def allowed(self) -> pd.Series:
        """Nothing starts without its need."""
        names, quarters = self.portfolio.systems.index.tolist(), self.portfolio.quarters.astype(str).tolist()
        keys = [
            f"{names[s]} needs {names[p]} {t}"
            for s, p in self.pairs()[["s", "p"]].itertuples(index=False)
            for t in quarters
        ]
        return pd.Series(0.0, index=pd.Index(keys, dtype="str"))
