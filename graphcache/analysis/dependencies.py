"""Who needs whom, as arrays: what a spec reaches, and by which shortest path."""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphcache.answers import notes_on_dependencies
from graphcache.tables import Tables
from graphcache.tables.arrays import coded_pairs, codes_of_bytes, decoded_pairs, distinct, firsts

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
"""Of each row, whether something is so."""


@dataclass(frozen=True)
class Reach:
    """What can be reached from some rows."""

    found: Mask
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


class Runs:
    """Edges sorted by the row where they start: for each row a run of them."""

    def __init__(self, starts: Rows, rows: int) -> None:
        self._offsets = np.concatenate([[0], np.cumsum(np.bincount(starts, minlength=rows))])

    def first(self, rows: Rows) -> Rows:
        """The first edge of each of the rows, or where it would be."""
        found: Rows = self._offsets[rows]
        return found

    def of(self, rows: Rows) -> tuple[Rows, Rows]:
        """All edges of the rows: of which of the rows each is (by position), and which edge.

        >>> Runs(np.array([0, 0, 2]), 3).of(np.array([2, 0]))
        (array([0, 1, 1]), array([2, 0, 1]))
        """
        first, counts = self._offsets[rows], self._offsets[rows + 1] - self._offsets[rows]
        which = np.repeat(np.arange(len(rows)), counts)
        return which, np.arange(len(which)) + np.repeat(first - np.cumsum(counts) + counts, counts)

    def codes(self, content: Rows) -> Rows:
        """A number for each row, which is that of others whose edges have the same rows of content.

        >>> Runs(np.array([0, 1, 2, 2]), 4).codes(np.array([[7], [7], [7], [8]])).tolist()
        [0, 0, 1, 2]
        """
        content = np.ascontiguousarray(content)
        return codes_of_bytes(content, self._offsets * content.itemsize * content.shape[1])


class Neighbours:
    """For each row the rows at the other ends of its edges."""

    def __init__(self, starts: Rows, ends: Rows, rows: int) -> None:
        starts, self._ends = decoded_pairs(np.sort(coded_pairs(starts, ends, rows)), rows)
        self._runs = Runs(starts, rows)

    def of(self, rows: Rows) -> tuple[Rows, Rows]:
        """All edges of the rows: of which of the rows each is (by position), and where it ends."""
        which, edges = self._runs.of(rows)
        return which, self._ends[edges]


NEEDS: dict[str, tuple[str, ...]] = {"DEPENDS_ON": (), "SPLICED_FROM": ()}
"""The edges by which a spec needs another, as a verb says what it reads."""


class Dependencies:
    """Who needs whom in a graph; a spec is its row in the Spec table.

    A spliced spec also needs the one that it was spliced from, since it is installed from its
    binary. What is said of dependencies alone (`starts`, `ends`) leaves that out.
    """

    def __init__(self, tables: Tables) -> None:
        self.specs = tables.nodes["Spec"]
        self._hashes = self.specs["hash"].combine_chunks()
        edges = tables.edges["DEPENDS_ON"]
        self._types = edges["types"]
        self.starts, self.ends = tables.ends.get("DEPENDS_ON") or (
            self.rows(edges["from"]),
            self.rows(edges["to"]),
        )
        spliced = tables.edges["SPLICED_FROM"]
        self._built = self.rows(spliced["to"])
        self._needing, self._needed = self.starts, self.ends
        if len(self._built):
            self._needing = np.concatenate([self.starts, self.rows(spliced["from"])])
            self._needed = np.concatenate([self.ends, self._built])

    def of_types(self, types: Collection[str]) -> Dependencies:
        """The same with dependencies of some types alone; reads `types`.

        One of a type that no source tells is kept: it may be one of them.
        """
        kept = _may_be_of(self._types, types)
        some = copy(self)
        for name in ("_needs", "_needed_by"):  # found anew
            some.__dict__.pop(name, None)
        some.starts, some.ends, some._types = (
            self.starts[kept],
            self.ends[kept],
            self._types.filter(pa.array(kept)),
        )
        spliced = len(self.starts)
        some._needing = np.concatenate([some.starts, self._needing[spliced:]])
        some._needed = np.concatenate([some.ends, self._needed[spliced:]])
        return some

    def untold(self) -> Mask:
        """Of each dependency whether no source tells its types, which this reads."""
        return _untold(self._types)

    @cached_property
    def unknown(self) -> Mask:
        """Of each spec whether nobody tells what it needs; reads `dependencies_known`."""
        known = pc.fill_null(self.specs["dependencies_known"], False)
        return np.asarray(~known.to_numpy())

    def notes(self) -> list[str]:
        """What an answer that stands on dependencies can't know.

        Raises:
            NotKnownError: none are known.
        """
        return notes_on_dependencies(
            int(self.unknown.sum()), self.specs.num_rows, edges=bool(len(self.starts))
        )

    @cached_property
    def _needs(self) -> Neighbours:
        return Neighbours(self._needing, self._needed, self.specs.num_rows)

    @cached_property
    def _needed_by(self) -> Neighbours:
        return Neighbours(self._needed, self._needing, self.specs.num_rows)

    def rows(self, hashes: Any) -> Rows:
        """The rows of specs by hash; a hash that is no spec's has none and is left out."""
        found: Rows = pc.drop_null(pc.index_in(hashes, self._hashes)).to_numpy().astype(np.int64)
        return found

    def hash(self, row: int) -> str:
        """The hash of the spec in a row."""
        return str(self._hashes[row].as_py())

    def shown(self, row: int) -> str:
        """The spec in a row as a person writes it, `zlib@1.3.1/abcdefg`; reads `name` and `label`.

        >>> from graphcache import read
        >>> graph = Dependencies(read("tests/data/spack/radiuss.v6.spack.lock.gz")[0])
        >>> graph.shown(0)
        'py-redis@4.5.1/23mkiv3'
        """
        name, label = (self.specs[column][row].as_py() for column in ("name", "label"))
        return f"{name}@{label}"

    def column(self, name: str, rows: Rows) -> list[Any]:
        """A property of the specs in the rows."""
        return list(self.specs[name].take(pa.array(rows)).to_pylist())

    def needs(self, row: int) -> Rows:
        """What the spec in a row needs itself, in order."""
        return self._needs.of(np.array([row]))[1]

    def need(self, rows: Rows) -> Rows:
        """What the specs in the rows need themselves, as often as they do."""
        found: Rows = self._needed[self.among(rows)[self._needing]]
        return found

    def among(self, rows: Rows) -> Mask:
        """Of each spec whether it is one of the rows."""
        found = np.zeros(self.specs.num_rows, bool)
        found[rows] = True
        return found

    def needed(self, rows: Rows) -> Reach:
        """The rows, and all that they need."""
        return self._reach(rows, self._needs)

    def needing(self, rows: Rows) -> Reach:
        """The rows, and all that needs them."""
        return self._reach(rows, self._needed_by)

    def needing_directly(self, rows: Rows) -> Mask:
        """Of each spec whether it needs one of the rows itself."""
        return self.among(self._needed_by.of(rows)[1])

    def not_needed(self) -> Rows:
        """The specs that no other needs."""
        return np.flatnonzero(~self.among(self._needed[self._needing != self._needed]))

    def only_built(self, kept: Rows) -> Rows:
        """What is there only as what another was spliced from, or as what that needs.

        It is not installed: what was spliced takes its place. `kept` are there in any case.
        """
        needs = Neighbours(self.starts, self.ends, self.specs.num_rows)
        beside = self._reach(self._built, needs).found
        others = np.union1d(np.flatnonzero(~beside), kept)
        return np.flatnonzero(beside & ~self._reach(others, needs).found)

    def _reach(self, rows: Rows, neighbours: Neighbours) -> Reach:
        """Breadth first, all rows of one distance at a time; the lowest row before comes first."""
        found = np.zeros(self.specs.num_rows, bool)
        came_from = np.full(self.specs.num_rows, -1)
        border = distinct(rows)
        found[border] = True
        while len(border):
            which, ends = neighbours.of(border)
            new = ~found[ends]
            before = border[which[new]]
            reached = ends[new]
            order = np.argsort(reached, kind="stable")
            first = order[firsts(reached[order])]
            border = reached[first]
            found[border] = True
            came_from[border] = before[first]
        return Reach(found, came_from)


def _untold(types: pa.ChunkedArray) -> Mask:
    """Of each dependency whether no source tells its types."""
    told = pc.fill_null(pc.list_value_length(types), 0)
    return np.asarray(told.to_numpy() == 0)


def _may_be_of(column: pa.ChunkedArray, types: Collection[str]) -> Mask:
    """Of each dependency whether it is of one of the types, as far as is known."""
    found = _untold(column)
    lists = column.combine_chunks()
    of_these = pc.is_in(pc.list_flatten(lists), pa.array(sorted(types), pa.string()))
    found[pc.list_parent_indices(lists).filter(of_these).to_numpy()] = True
    return found
