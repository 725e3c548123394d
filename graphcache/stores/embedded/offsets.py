"""Edges by the numbers that LadybugDB gives nodes, which are read as integers and not as keys.

To read the two keys of each edge takes three times as long, and to sort pairs of texts six times.
The numbers follow no order of the rows that were written: each is turned into the position of its
node among the keys of its type, sorted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.schema import EdgeType, NodeType, node_type
from graphcache.stores.statements import match_edges_by_offset, match_nodes_by_offset
from graphcache.tables.arrays import Integers, coded_pairs, is_rising, numbers
from graphcache.tables.columns import conform, flat, is_sorted

Ask = Callable[[str], pa.Table]
"""What answers a statement with a table."""


@dataclass(frozen=True, slots=True)
class Edges:
    """The edges of a type, and where each begins and ends among the nodes of these types."""

    table: pa.Table
    starts: Integers
    ends: Integers


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The keys of a type, sorted, and for the number of a node its place among them."""

    keys: pa.Array
    place: Integers


class Offsets:
    """The nodes of a store by their numbers: of each type once, as the file stays as it is.

    It holds no way to ask: a store that holds what holds the store again, is not let go of when
    nobody needs it, but with all that was read of it when Python next looks for such circles.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, _Nodes] = {}

    def nodes(self, type_: NodeType, names: list[str], ask: Ask) -> pa.Table:
        """The nodes of a type with some of their properties, the key among them, sorted by it."""
        read = ask(match_nodes_by_offset(type_, names))
        # Column by column, each of which lets go of the one that it was made of: memory that holds
        # a large table need not hold it twice.
        *columns, offset = (flat(column) for column in read.columns)
        del read
        at, offsets = names.index(type_.key), numbers(offset)
        if not is_sorted([columns[at]]):
            order = pc.sort_indices(columns[at])
            offsets = offsets[numbers(order)]
            for number, column in enumerate(columns):
                columns[number] = column.take(order)
                del column
        place = np.full(int(offsets.max(initial=-1)) + 1, -1)
        place[offsets] = np.arange(len(offsets))
        self._nodes[type_.name] = _Nodes(columns[at], place)
        return conform(pa.table(columns, names=names), type_).combine_chunks()

    def edges(self, type_: EdgeType, names: list[str], ask: Ask) -> Edges:
        """The edges of a type with some of their properties, sorted by key."""
        starts, ends = (self._of(node_type(end), ask) for end in (type_.start, type_.end))
        read = ask(match_edges_by_offset(type_, names)).combine_chunks()
        start, end = (
            starts.place[numbers(flat(read["from"]))],
            ends.place[numbers(flat(read["to"]))],
        )
        pairs = coded_pairs(start, end, len(ends.keys))
        columns = {name: read[name] for name in names}
        if not is_rising(pairs):
            order = np.argsort(pairs, kind="stable")
            start, end, rows = start[order], end[order], pa.array(order)
            columns = {name: flat(column).take(rows) for name, column in columns.items()}
        keys = {"from": starts.keys.take(pa.array(start)), "to": ends.keys.take(pa.array(end))}
        return Edges(conform(pa.table(keys | columns), type_).combine_chunks(), start, end)

    def _of(self, type_: NodeType, ask: Ask) -> _Nodes:
        if type_.name not in self._nodes:
            self.nodes(type_, [type_.key], ask)
        return self._nodes[type_.name]
