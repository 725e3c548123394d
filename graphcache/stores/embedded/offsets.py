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
from graphcache.stores.statements import match_all, match_edges_by_offset, match_offsets
from graphcache.tables.columns import (
    Integers,
    conform,
    flat,
    is_rising,
    numbers,
    sort_table,
)

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
    """The tables of a store by LadybugDB, and its nodes by their numbers: of each type once."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._nodes: dict[str, _Nodes] = {}

    def nodes(self, type_: NodeType, names: list[str]) -> pa.Table:
        """The nodes of a type with some of their properties, sorted by key."""
        table = conform(self._ask(match_all(type_, names)), type_)
        return sort_table(table, type_).combine_chunks()

    def edges(self, type_: EdgeType, names: list[str]) -> Edges:
        """The edges of a type with some of their properties, sorted by key."""
        starts, ends = self._of(node_type(type_.start)), self._of(node_type(type_.end))
        read = self._ask(match_edges_by_offset(type_, names)).combine_chunks()
        start, end = (
            starts.place[numbers(flat(read["from"]))],
            ends.place[numbers(flat(read["to"]))],
        )
        pairs = start * len(ends.keys) + end
        columns = {name: read[name] for name in names}
        if not is_rising(pairs):
            order = np.argsort(pairs, kind="stable")
            start, end, rows = start[order], end[order], pa.array(order)
            columns = {name: flat(column).take(rows) for name, column in columns.items()}
        keys = {"from": starts.keys.take(pa.array(start)), "to": ends.keys.take(pa.array(end))}
        return Edges(conform(pa.table(keys | columns), type_).combine_chunks(), start, end)

    def _of(self, type_: NodeType) -> _Nodes:
        if type_.name not in self._nodes:
            read = self._ask(match_offsets(type_)).combine_chunks()
            keys, offsets = flat(read["key"]), numbers(flat(read["offset"]))
            order = pc.sort_indices(keys)
            place = np.full(int(offsets.max(initial=-1)) + 1, -1)
            place[offsets[numbers(order)]] = np.arange(len(keys))
            self._nodes[type_.name] = _Nodes(keys.take(order), place)
        return self._nodes[type_.name]
