r"""What systems that wait for each other do best at given prices: dynamic programming along trees of waits.

At prices of the limits all that joins systems is who waits for whom, and within a tree of waits the best is exact. A
*node* is a move bundle, or a system that is in none. From the leaves on, each node tells the one above what its branch
costs at best, by the time t that this one sets: branches that are needed must have ended by then, branches that wait
start no earlier,

$$M_c(t) = \min_{o \in O(c)} \Big( r_o + \sum_{d\ \mathrm{below}\ c} M_d(t_o) \Big), \qquad
e_o + \mathrm{lag} \le t \quad \mathrm{or} \quad a_o \ge t$$

and then, from the root on, each takes the option that this says. Waits that would close a ring are held to their moment
instead.

Source: Bertele & Brioschi, *Nonserial Dynamic Programming* (1972).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from optimizer.windows import Opening, Windows


class Better(NamedTuple):
    """What trees of waits would do."""

    taken: np.ndarray
    """An option for each system of a tree, (systems,); -1 for the others."""
    tree: np.ndarray
    """The tree of each wait within one, (waits,); -1 for those that are held."""
    gain: np.ndarray
    """What each tree gains by it, (trees,): infinite where it can no longer do what it did."""


class _Level(NamedTuple):
    """Nodes that lie so many waits below their roots: slices of rows, pairs, ways and nodes, all sorted by level."""

    rows: slice
    pairs: slice
    ways: slice
    nodes: slice


@dataclass(frozen=True, eq=False)
class Rows:
    """Options of systems that wait or are waited for: rows, in pairs of system and slot, in ways, in nodes."""

    option: np.ndarray
    """Position among the problem's options, (rows,)."""
    system: np.ndarray
    pair: np.ndarray
    """(rows,), never falling."""
    way: np.ndarray
    """Of each pair, never falling."""
    node: np.ndarray
    """Of each way, never falling; nodes in order of their level."""


@dataclass(frozen=True, eq=False)
class Trees:
    """The waits of a problem, to be taken apart into trees."""

    windows: Windows

    @cached_property
    def node(self) -> np.ndarray:
        """The node of each system, (systems,)."""
        return np.asarray(self.windows.node)

    @cached_property
    def rows(self) -> Rows:
        """All rows, sorted by node."""
        problem, windows = self.windows.problem, self.windows
        together, systems = problem.together, len(problem.systems)
        used = np.zeros(systems + together.count, dtype=bool)
        used[self.node[windows.late]] = used[self.node[windows.early]] = True
        used[self.node[problem.homes.home < problem.homes.count]] = True
        option = np.flatnonzero(used[self.node[problem.system]] & problem.homes.resident)
        system = problem.system[option]
        pair, way = system.copy(), np.arange(systems)
        node_of_way = self.node.copy()
        if together.count:
            place = np.full(len(problem), -1)
            place[together.options] = systems + together.pair
            pair = np.where(place[option] >= 0, place[option], pair)
            way = np.concatenate([way, systems + together.way])
            node_of_way = np.concatenate([node_of_way, systems + together.bundle])
        return _sorted(option, system, pair, way, node_of_way)

    @cached_property
    def _broken(self) -> np.ndarray:
        """Options of ways that not all systems of their bundle have, (options,)."""
        together = self.windows.problem.together
        broken = np.zeros(len(self.windows.problem), dtype=bool)
        broken[together.options] = ~together.complete[together.way[together.pair]]
        return broken

    def forest(self, random: np.random.Generator) -> np.ndarray:
        """As many waits as close no ring, (waits,); which of a ring is left out is chance."""
        windows = self.windows
        one, other = self.node[windows.late], self.node[windows.early]
        count = int(self.node.max(initial=0)) + 1
        edge = np.minimum(one, other) * count + np.maximum(one, other)
        shuffled = random.permutation(len(edge))
        distinct, first = np.unique(edge[shuffled], return_index=True)
        weight = 1.0 + random.random(len(distinct))
        graph = sparse.csr_array((weight, np.divmod(distinct, count)), shape=(count, count))
        tree = sparse.coo_array(csgraph.minimum_spanning_tree(graph))
        kept = np.isin(distinct, tree.coords[0].astype(np.int64) * count + tree.coords[1])
        free = np.zeros(len(edge), dtype=bool)
        free[shuffled[first[kept]]] = True
        return free

    def better(self, reduced: np.ndarray, opening: Opening, closing: np.ndarray, free: np.ndarray) -> Better | None:
        """What trees of waits do best beside what they do within windows; None where some can do nothing.

        Args:
            reduced: cost of each option at prices of the limits, (options,).
            opening: the windows so far; waits that are not free keep their moment.
            closing: when homes are to close, (H + 1,).
            free: waits that make up the trees, (waits,), as `forest` gives them.
        """
        windows = self.windows
        allowed = windows.allowed(closing) & ~self._broken
        course = _Course.of(self, free)
        rows, cost = course.rows, reduced * self._times
        now = course.least(np.where(allowed & opening.kept, cost, np.inf)[rows.option])
        chosen, best = course.best(np.where(allowed & windows.within(opening.moment, ~free), cost, np.inf)[rows.option])
        if not np.isfinite(best).all():
            return None
        taken = np.full(len(windows.problem.systems), -1)
        taken[rows.system[chosen]] = rows.option[chosen]
        gain = np.bincount(course.tree, now) - best
        tree_of = np.full(len(self.node) + windows.problem.together.count, -1)
        tree_of[course.names] = course.tree
        return Better(taken, np.where(free, tree_of[self.node[windows.late]], -1), gain)

    @cached_property
    def _times(self) -> np.ndarray:
        """How often the cost of an option counts: for all units of its system; bundled ones count as a whole."""
        problem = self.windows.problem
        times = problem.units[problem.system].astype(float)
        times[problem.together.options] = 1.0
        return np.asarray(times)


@dataclass(frozen=True, eq=False)
class _Course:
    """Trees of free waits, level by level."""

    windows: Windows
    rows: Rows
    names: np.ndarray
    """The node that each place stands for, (nodes,)."""
    tree: np.ndarray
    """Each node's tree, (nodes,)."""
    levels: list[_Level]
    wait: np.ndarray
    """The wait that joins each node to the one above, (nodes,); -1 for roots."""
    waits: np.ndarray
    """Whether it is the node that waits, not the one above, (nodes,)."""

    @classmethod
    def of(cls, trees: Trees, free: np.ndarray) -> _Course:
        """Trees with a root each and everything sorted by distance from it."""
        windows, listed = trees.windows, trees.rows
        names = np.unique(listed.node)
        place = np.full(int(trees.node.max(initial=0)) + 1, -1)
        place[names] = np.arange(len(names))
        edges = np.flatnonzero(free)
        late, early = place[trees.node[windows.late[edges]]], place[trees.node[windows.early[edges]]]
        count = len(names)
        number, tree = csgraph.connected_components(_graph(late, early, count), directed=False)
        root = np.unique(tree, return_index=True)[1]
        # one more node above all roots, so that one walk reaches every tree
        graph = _graph(np.append(late, np.full(number, count)), np.append(early, root), count + 1)
        _, parent = csgraph.breadth_first_order(graph, count, directed=False)
        depth = np.zeros(count + 1, dtype=np.int64)
        parent[count] = count
        reached = np.append(parent[:count] == count, True)
        while not reached.all():
            fresh = ~reached & reached[parent]
            depth[fresh] = depth[parent[fresh]] + 1
            reached |= fresh
        wait, waits = np.full(count, -1), np.zeros(count, dtype=bool)
        below = parent[late] == early
        wait[np.where(below, late, early)] = edges
        waits[late[below]] = True
        order = np.argsort(depth[:count], kind="stable")
        rank = np.empty(count, dtype=np.int64)
        rank[order] = np.arange(count)
        rows = _sorted(listed.option, listed.system, listed.pair, listed.way, rank[place[listed.node]])
        return cls(windows, rows, names[order], tree[order], _levels(rows, depth[order]), wait[order], waits[order])

    def least(self, value: np.ndarray, level: _Level | None = None) -> np.ndarray:
        """Least cost of each node by itself, (nodes,), all or those of a level, from what rows cost."""
        rows = self.rows
        of_pair = np.minimum.reduceat(value, _heads(rows.pair if level is None else rows.pair[level.rows]))
        way = rows.way if level is None else rows.way[level.pairs]
        of_way = np.add.reduceat(of_pair, _heads(way))
        return np.asarray(np.minimum.reduceat(of_way, _heads(rows.node if level is None else rows.node[level.ways])))

    def best(self, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rows taken, and what each tree costs, (trees,)."""
        value = value.copy()
        for level in self.levels[:0:-1]:
            self._tell(value, level)
        rows, cost = self.rows, np.zeros(int(self.tree.max(initial=-1)) + 1)
        taken = np.full(len(self.windows.problem.systems), -1)
        chosen = []
        for depth, level in enumerate(self.levels):
            mine = value[level.rows]
            if depth:
                mine = np.where(self._inside(level, taken), mine, np.inf)
            else:
                cost[self.tree[level.nodes]] = self.least(mine, level)
            picked = self._picked(mine, level) + level.rows.start
            taken[rows.system[picked]] = rows.option[picked]
            chosen.append(picked)
        return np.concatenate(chosen) if chosen else np.empty(0, dtype=np.int64), cost

    def _ends(self, option: np.ndarray, wait: np.ndarray) -> np.ndarray:
        """From when on what waits may start once such options have ended."""
        windows = self.windows
        return windows.after(windows.ends[option], windows.lag[wait])

    def _joined(self, level: _Level) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of a level: the rows of systems that are joined to the node above, their nodes, and their times."""
        rows, windows = self.rows, self.windows
        wait = self.wait[level.nodes]
        system = np.where(self.waits[level.nodes], windows.late[wait], windows.early[wait])
        node = rows.node[rows.way[rows.pair[level.rows]]] - level.nodes.start
        joined = np.flatnonzero(rows.system[level.rows] == system[node])
        option, node = rows.option[level.rows][joined], node[joined]
        time = np.where(self.waits[level.nodes][node], windows.starts[option], self._ends(option, wait[node]))
        return joined, node, time

    def _tell(self, value: np.ndarray, level: _Level) -> None:
        """Add to the rows of the nodes above what the branches of a level cost at best by their times."""
        rows, windows, width = self.rows, self.windows, self.windows.problem.horizon + 1
        mine = value[level.rows]
        joined, _, time = self._joined(level)
        pair = rows.pair[level.rows] - level.pairs.start
        way = rows.way[level.pairs] - level.ways.start
        of_pair = np.minimum.reduceat(mine, _heads(pair))
        of_pair[np.unique(pair[joined])] = 0.0
        of_way = np.add.reduceat(of_pair, _heads(way))
        by_time = np.full((level.ways.stop - level.ways.start) * width, np.inf)
        np.minimum.at(by_time, way[pair[joined]] * width + time, mine[joined])
        by_time = by_time.reshape(-1, width) + of_way[:, None]
        message = np.minimum.reduceat(by_time, _heads(rows.node[level.ways]), axis=0)
        waits = self.waits[level.nodes]
        message = np.where(
            waits[:, None],
            np.minimum.accumulate(message[:, ::-1], axis=1)[:, ::-1],
            np.minimum.accumulate(message, axis=1),
        )
        wait = self.wait[level.nodes]
        system = np.where(waits, windows.early[wait], windows.late[wait])
        begin, end = self._places[0][system], self._places[1][system]
        child = np.repeat(np.arange(len(wait)), end - begin)
        row = self._by_system[
            np.repeat(begin - np.cumsum(end - begin) + (end - begin), end - begin) + np.arange(len(child))
        ]
        option = rows.option[row]
        at = np.where(waits[child], self._ends(option, wait[child]), windows.starts[option])
        np.add.at(value, row, message[child, at])

    def _inside(self, level: _Level, taken: np.ndarray) -> np.ndarray:
        """Which rows of a level are in time for what the nodes above have taken."""
        windows = self.windows
        joined, node, time = self._joined(level)
        wait, waits = self.wait[level.nodes], self.waits[level.nodes]
        above = taken[np.where(waits, windows.early[wait], windows.late[wait])]
        bound = np.where(waits, self._ends(above, wait), windows.starts[above])[node]
        inside = np.ones(level.rows.stop - level.rows.start, dtype=bool)
        inside[joined] = np.where(waits[node], time >= bound, time <= bound)
        return inside

    def _picked(self, mine: np.ndarray, level: _Level) -> np.ndarray:
        """The rows of each node's cheapest way, the cheapest of each pair, from what those of a level cost."""
        rows = self.rows
        pair, way, node = rows.pair[level.rows], rows.way[level.pairs], rows.node[level.ways]
        of_pair = np.minimum.reduceat(mine, _heads(pair))
        of_way = np.add.reduceat(of_pair, _heads(way))
        order = np.lexsort((of_way, node))
        best = np.zeros(len(node), dtype=bool)
        best[order[_heads(node)]] = True
        pair, way = pair - level.pairs.start, way - level.ways.start
        within = np.flatnonzero(best[way[pair]] & (mine <= of_pair[pair]))
        return np.asarray(within[_heads(pair[within])])

    @cached_property
    def _by_system(self) -> np.ndarray:
        return np.argsort(self.rows.system, kind="stable")

    @cached_property
    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        every = np.arange(len(self.windows.problem.systems))
        sorted_ = self.rows.system[self._by_system]
        return np.searchsorted(sorted_, every), np.searchsorted(sorted_, every, side="right")


def _graph(one: np.ndarray, other: np.ndarray, count: int) -> sparse.csr_array:
    """Nodes that are joined."""
    return sparse.csr_array((np.ones(len(one)), (one, other)), shape=(count, count))


def _heads(group: np.ndarray) -> np.ndarray:
    """Where each group of a sorted array begins."""
    return np.flatnonzero(np.diff(group, prepend=group[0] - 1)) if len(group) else np.empty(0, dtype=np.int64)


def _sorted(option: np.ndarray, system: np.ndarray, pair: np.ndarray, way: np.ndarray, node: np.ndarray) -> Rows:
    """Rows sorted by node, way and pair, of which only those that rows have are kept and numbered anew."""
    order = np.lexsort((pair, way[pair], node[way[pair]]))
    pair = pair[order]
    lead = _heads(pair)
    of_way = way[pair[lead]]
    head = _heads(of_way)
    return Rows(
        option[order],
        system[order],
        np.cumsum(np.diff(pair, prepend=pair[:1]) != 0),
        np.cumsum(np.diff(of_way, prepend=of_way[:1]) != 0),
        node[of_way[head]],
    )


def _levels(rows: Rows, depth: np.ndarray) -> list[_Level]:
    """Slices of each level, where nodes are sorted by depth."""
    of_pair = rows.node[rows.way]
    nodes = np.searchsorted(depth, np.arange(int(depth.max(initial=-1)) + 2))
    cuts = [np.searchsorted(node, nodes) for node in (of_pair[rows.pair], of_pair, rows.node)]
    return [
        _Level._make(slice(int(cut[level]), int(cut[level + 1])) for cut in (*cuts, nodes))
        for level in range(len(nodes) - 1)
    ]
