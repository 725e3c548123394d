"""The rows of a push: made of the tables, with a digest and the number of edges of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.errors import StoreError
from graphcache.stores.neo4j.statements import EDGE_DIGEST, NODE_DIGEST, PushPart, write_part
from graphcache.tables import Tables
from graphcache.tables.arrays import numbers
from graphcache.tables.columns import flat, semi_join
from graphcache.tables.compare import row_texts
from graphcache.tables.python_values import python_values

BATCH = 5_000
"""Rows in one transaction."""
_EDGE_END = "\x1d"
_BETWEEN = _EDGE_END * 2


class PartRows:
    """The rows of one part of the graph.

    Attributes:
        part: which.
        keys: of the nodes, sorted.
        digests: of what is sent of each node; null where that is edges alone, and there are none.
        edges: the number of edges that are sent with each node.

    Args:
        part: which.
        tables: the graph.
        once_set: by type, the properties that any push has set; those that the tables have no
            more are sent as null.
    """

    def __init__(
        self, part: PushPart, tables: Tables, once_set: Mapping[str, Iterable[str]]
    ) -> None:
        self.part = part
        self._nodes = tables.nodes[part.node.name]
        self._edges = {type_.name: tables.edges[type_.name] for type_ in part.edges}
        old = once_set.get(part.node.name, ())
        self._node_columns = _with_old(self._nodes.column_names, old)
        self._node_columns.remove(part.node.key)
        self._edge_columns = {
            # Behind the two ends.
            name: _with_old(table.column_names[2:], once_set.get(name, ()))
            for name, table in self._edges.items()
        }
        self.keys = self._nodes[part.node.key].combine_chunks()
        self.edges = pa.array([0] * len(self.keys), pa.int64())
        self.digests = self._digests()

    def statement(self, *, create: bool) -> str:
        """The statement that writes batches."""
        columns = self._node_columns if self.part.with_node else []
        return write_part(self.part, columns, self._edge_columns, create=create)

    def _digests(self) -> pa.Array:
        """One digest per row; the texts of a batch go before those of the next are made."""
        columns = self._nodes.column_names if self.part.with_node else []
        forms = [str(self._nodes.schema.field(name)) for name in columns]
        forms += [str(field) for table in self._edges.values() for field in table.schema]
        # The names and types of the columns belong to what is sent.
        begun = hashlib.blake2b(f"{forms!r}{_BETWEEN}".encode(), digest_size=8)
        offsets = [_offsets(table["from"], self.keys) for table in self._edges.values()]
        digests: list[int] = []
        for start in range(0, len(self.keys), BATCH):
            stop = min(start + BATCH, len(self.keys))
            texts = [row_texts(self._nodes.slice(start, stop - start), columns)]
            for table, at in zip(self._edges.values(), offsets, strict=True):
                of_batch = table.slice(at[start], at[stop] - at[start])
                bounds = pa.array([end - at[start] for end in at[start : stop + 1]], pa.int32())
                edge_texts = row_texts(of_batch, table.column_names[1:])
                lists = pa.ListArray.from_arrays(bounds, edge_texts)
                texts.append(pc.binary_join(lists, _EDGE_END))
            joined = pc.binary_join_element_wise(*texts, _BETWEEN)
            digests += (_digest(begun, text) for text in joined.to_pylist())
        for at in offsets:
            self.edges = pc.add(self.edges, pa.array([b - a for a, b in pairwise(at)], pa.int64()))
        says = True if self.part.with_node else pc.greater(self.edges, 0)
        return pc.if_else(says, pa.array(digests, pa.int64()), None)

    def batches(self, chosen: pa.Array) -> Iterator[list[list[Any]]]:
        """Rows as lists: key, digest, properties, then a list of edges for each type of edge."""
        keys, digests = self.keys.filter(chosen), self.digests.filter(chosen)
        nodes = self._nodes.filter(chosen)
        columns = self._node_columns if self.part.with_node else []
        edges = [
            EdgeRows(table, keys, self._edge_columns[name]) for name, table in self._edges.items()
        ]
        for start in range(0, len(keys), BATCH):
            stop = min(start + BATCH, len(keys))
            values = _values(nodes.slice(start, stop - start), columns)
            lists = [rows.lists(start, stop) for rows in edges]
            fixed = keys[start:stop].to_pylist(), digests[start:stop].to_pylist()
            yield [list(row) for row in zip(*fixed, *values, *lists, strict=True)]


class EdgeRows:
    """The edges of one type that start at some keys, as one list per key."""

    def __init__(self, table: pa.Table, keys: pa.Array, columns: list[str]) -> None:
        self.table = semi_join(table, table["from"], keys)
        self.offsets = _offsets(self.table["from"], keys)
        self.columns = columns

    def lists(self, start: int, stop: int) -> list[list[list[Any]]]:
        """For each key from `start` to `stop` its edges: end, then properties."""
        first, last = self.offsets[start], self.offsets[stop]
        values = _values(self.table.slice(first, last - first), ["to", *self.columns])
        edges = [list(edge) for edge in zip(*values, strict=True)]
        bounds = self.offsets[start : stop + 1]
        return [edges[a - first : b - first] for a, b in pairwise(bounds)]


def check_for_neo4j(tables: Tables) -> None:
    """Refuse what a script may add to a graph and Neo4j can't hold.

    Raises:
        StoreError: a list holds null, or a property has a name that would be misread.
    """
    for type_name, table in tables.by_type().items():
        for name in table.column_names:
            if not name or "\\" in name or name in (NODE_DIGEST, EDGE_DIGEST):
                raise StoreError(
                    f"{type_name}: Neo4j can't hold a property named {name!r}, or it has another "
                    f"meaning there: rename it"
                )
            column = table[name]
            if pa.types.is_list(column.type) and pc.list_flatten(column).null_count:
                raise StoreError(
                    f"{type_name}.{name}: expected lists without null, which Neo4j can't hold, "
                    f"found one with it: take it out"
                )


def _with_old(names: list[str], old: Iterable[str]) -> list[str]:
    """Properties, and behind them those that were there once."""
    return names + sorted(set(old) - set(names))


def _values(table: pa.Table, columns: list[str]) -> list[list[Any]]:
    """The columns as Python values; one that the table has not is null."""
    return [
        python_values(table[name]) if name in table.column_names else [None] * table.num_rows
        for name in columns
    ]


def _offsets(starts: Any, keys: pa.Array) -> list[int]:
    """Where the edges of each key begin, in a column sorted as the keys are; their number last."""
    counts = np.bincount(numbers(flat(pc.index_in(starts, keys))), minlength=len(keys))
    return [0, *np.cumsum(counts).tolist()]


def _digest(begun: Any, text: str) -> int:
    digest = begun.copy()
    digest.update(text.encode())
    return int.from_bytes(digest.digest(), signed=True)
