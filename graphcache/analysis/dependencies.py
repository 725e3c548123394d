"""Who needs whom, as arrays: what a spec reaches, and by which shortest path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphcache.tables import Tables

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Reach:
    """What can be reached from some rows."""

    found: NDArray[np.bool_]
    """Of each row, whether it is reached; the rows at the start are."""
    came_from: Rows
    """Of each row the one before it on a shortest path; -1 at the start, and where not reached."""

    @property
    def rows(self) -> Rows:
        """The rows that are reached, in order."""
        return np.flatnonzero(self.found)

    def path(self, row: int) -> list[int]:
        """The rows from `row` back to where it was reached from.

        >>> Reach(np.array([True, True]), np.array([-1, 0])).path(1)
        [1, 0]
        """
        found = [row]
        while self.came_from[found[-1]] >= 0:
            found.append(int(self.came_from[found[-1]]))
        return found


class _Neighbours:
    """For each row the rows at the other ends of its edges, one after the other in one array."""

    def __init__(self, starts: Rows, ends: Rows, rows: int) -> None:
        order = np.lexsort((ends, starts))
        self._ends = ends[order]
        self._offsets = np.concatenate([[0], np.cumsum(np.bincount(starts, minlength=rows))])

    def of(self, rows: Rows) -> tuple[Rows, Rows]:
        """All edges of the rows: where each starts and where it ends."""
        first, counts = self._offsets[rows], self._offsets[rows + 1] - self._offsets[rows]
        starts = np.repeat(rows, counts)
        within = np.arange(len(starts)) - np.repeat(np.cumsum(counts) - counts, counts)
        return starts, self._ends[np.repeat(first, counts) + within]


class Dependencies:
    """The DEPENDS_ON edges of a graph; a spec is its row in the Spec table."""

    def __init__(self, tables: Tables) -> None:
        self.specs = tables.nodes["Spec"]
        self._hashes = self.specs["hash"].combine_chunks()
        edges = tables.edges["DEPENDS_ON"]
        starts, ends = self.rows(edges["from"]), self.rows(edges["to"])
        self._needs = _Neighbours(starts, ends, self.specs.num_rows)
        self._needed_by = _Neighbours(ends, starts, self.specs.num_rows)

    def rows(self, hashes: Any) -> Rows:
        """The rows of specs by hash; a hash that is no spec's has none and is left out."""
        found: Rows = pc.drop_null(pc.index_in(hashes, self._hashes)).to_numpy().astype(np.int64)
        return found

    def hash(self, row: int) -> str:
        """The hash of the spec in a row."""
        return str(self._hashes[row].as_py())

    def column(self, name: str, rows: Rows) -> list[Any]:
        """A property of the specs in the rows."""
        return list(self.specs[name].take(pa.array(rows)).to_pylist())

    def needs(self, row: int) -> Rows:
        """What the spec in a row needs itself, in order."""
        return self._needs.of(np.array([row]))[1]

    def needed(self, rows: Rows) -> Reach:
        """The rows, and all that they need."""
        return self._reach(rows, self._needs)

    def needing(self, rows: Rows) -> Reach:
        """The rows, and all that needs them."""
        return self._reach(rows, self._needed_by)

    def not_needed(self) -> Rows:
        """The specs that no other needs."""
        every = np.arange(self.specs.num_rows)
        starts, ends = self._needs.of(every)
        needed = np.zeros(len(every), bool)
        needed[ends[starts != ends]] = True
        return np.flatnonzero(~needed)

    def _reach(self, rows: Rows, neighbours: _Neighbours) -> Reach:
        """Breadth first, all rows of one distance at a time; the lowest row before comes first."""
        found = np.zeros(self.specs.num_rows, bool)
        came_from = np.full(self.specs.num_rows, -1)
        border = np.unique(rows)
        found[border] = True
        while len(border):
            starts, ends = neighbours.of(border)
            new = ~found[ends]
            border, first = np.unique(ends[new], return_index=True)
            found[border] = True
            came_from[border] = starts[new][first]
        return Reach(found, came_from)
