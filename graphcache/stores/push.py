"""Push: the graph of some tables to a Neo4j server, sending only what changed since the last push.

A push may die anywhere: what was sent carries its digest in the same transaction, so the next push
goes on from there. The load node, written last, says that a push was finished.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import accumulate, pairwise
from typing import Any

import neo4j
import pyarrow as pa
import pyarrow.compute as pc
from neo4j.exceptions import Neo4jError

from graphcache.columns import property_type
from graphcache.comparing import row_texts
from graphcache.errors import StoreError
from graphcache.graph import python_values
from graphcache.schema import NODE_TYPES, constraints, own_label
from graphcache.stores.base import Load
from graphcache.stores.neo4j import Neo4jStore, server_errors
from graphcache.stores.server_statements import (
    LOAD_LABEL,
    LOCK_LABEL,
    Part,
    delete_edges,
    delete_nodes,
    parts,
    read_digests,
    write_part,
)
from graphcache.tables import Tables

BATCH = 5_000
"""Rows in one transaction."""
_PRUNE_BATCH = 1_000
_EDGE_END = "\x1d"
_ENDS = ("from", "to")


@dataclass
class PushReport:
    """What a push did: rows sent, and rows pruned, by type of node."""

    unchanged: bool = False
    """The server had all of it already."""
    sent: dict[str, int] = field(default_factory=dict)
    pruned: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Rows:
    """A part's rows: their keys, digests, and the numbers of edges of each."""

    keys: pa.Array
    digests: pa.Array
    edges: pa.Array


def push(
    tables: Tables,
    store: Neo4jStore,
    load: Load,
    *,
    prune: bool = False,
    full: bool = False,
    on_rows: Callable[[int], None] = lambda _: None,
) -> PushReport:
    """Bring the server's graph up to the tables.

    Args:
        tables: the graph.
        store: the server.
        load: what the load node shall say; its digest is that of the tables.
        prune: also remove what the tables do not have, of what graphcache put there.
        full: send everything, even what the server seems to have.
        on_rows: called with the number of rows sent so far.

    Raises:
        StoreError: the server can't be reached, refuses, or fails; a push that is run again goes
            on from there.
    """
    with server_errors(store.uri, store.database):
        _prepare(store)
        with _push_lock(store):
            return _Push(tables, store, load, on_rows).run(prune=prune, full=full)


def _prepare(store: Neo4jStore) -> None:
    lock = (
        f"CREATE CONSTRAINT `graphcache_lock` IF NOT EXISTS "
        f"FOR (n:{LOCK_LABEL}) REQUIRE n.`name` IS UNIQUE"
    )
    with store.session() as session:
        for statement in (*constraints(), lock):
            session.run(statement).consume()
        session.run("CALL db.awaitIndexes(300)").consume()


@contextmanager
def _push_lock(store: Neo4jStore) -> Iterator[None]:
    """One push at a time: a second one waits here until the first has ended, however it ends.

    The lock is an open transaction, so it ends with the connection of a client that was killed.
    """
    with store.session() as session, session.begin_transaction() as transaction:
        transaction.run(f"MERGE (l:{LOCK_LABEL} {{name: 'push'}}) SET l.held = true").consume()
        yield
        transaction.run(f"MATCH (l:{LOCK_LABEL}) SET l.held = false").consume()
        transaction.commit()


class _Push:
    def __init__(
        self, tables: Tables, store: Neo4jStore, load: Load, on_rows: Callable[[int], None]
    ) -> None:
        self.tables = tables
        self.store = store
        self.new_load = load
        self.on_rows = on_rows
        self.report = PushReport()
        self.sent = 0

    def run(self, *, prune: bool, full: bool) -> PushReport:
        old = self.store.load()
        counts = self.store.counts()
        if not full and old is not None and self._is_there(old, counts, prune=prune):
            self.report.unchanged = True
            return self.report
        empty = not any(counts[type_.name] for type_ in NODE_TYPES)
        self.old_columns = json.loads(old["columns"]) if old else {}
        with self.store.session() as session:
            for part in parts():
                self._send_part(session, part, empty=empty, full=full)
            if prune:
                self._prune(session)
            self._note_load(session)
        return self.report

    def _is_there(self, old: dict[str, Any], counts: dict[str, int], *, prune: bool) -> bool:
        """Whether the last push was of these tables, and nothing was added or removed since."""
        wanted = self.tables.node_counts() | self.tables.edge_counts()
        same = old["digest"] == self.new_load.digest and json.loads(old["counts"]) == counts
        return same and (not prune or counts == wanted)

    def _send_part(self, session: neo4j.Session, part: Part, *, empty: bool, full: bool) -> None:
        rows = self._rows(part)
        chosen = pa.array([True] * len(rows.keys), pa.bool_())
        if not empty and not full:
            chosen = self._differ(part, rows)
        if not part.with_node:
            chosen = pc.and_(chosen, pc.greater(rows.edges, 0))
        statement = write_part(
            part, self._node_columns(part), self._edge_columns(part), create=empty
        )
        keys = rows.keys.filter(chosen)
        digests = rows.digests.filter(chosen)
        for batch in self._batches(part, keys, digests):
            _send(session, statement, batch)
            self.sent += len(batch)
            self.on_rows(self.sent)
        what = part.node.name if part.with_node else " and ".join(t.name for t in part.edges)
        self.report.sent[what] = len(keys)

    def _node_columns(self, part: Part) -> list[str]:
        """Properties to set; those that only an earlier push had are set to null."""
        name = part.node.name
        columns = [c for c in self.tables.nodes[name].column_names if c != part.node.key]
        gone = set(self.old_columns.get(name, ())) - set(columns) - {part.node.key}
        return columns + sorted(gone)

    def _edge_columns(self, part: Part) -> dict[str, list[str]]:
        found = {}
        for type_ in part.edges:
            columns = self.tables.edges[type_.name].column_names[2:]
            gone = set(self.old_columns.get(type_.name, ())) - set(columns)
            found[type_.name] = columns + sorted(gone)
        return found

    def _rows(self, part: Part) -> _Rows:
        """Key, digest and number of edges of every row of a part."""
        table = self.tables.nodes[part.node.name]
        keys = table[part.node.key].combine_chunks()
        columns = self._node_columns(part) if part.with_node else []
        texts = [row_texts(table, columns), pa.array([repr(columns)] * len(keys), pa.string())]
        edges = pa.array([0] * len(keys), pa.int64())
        for type_ in part.edges:
            edge_table = self.tables.edges[type_.name]
            offsets = _offsets(edge_table["from"], keys)
            edge_texts = row_texts(edge_table, edge_table.column_names[1:])
            lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), edge_texts)
            texts.append(pc.binary_join(lists, _EDGE_END))
            edges = pc.add(edges, pc.list_value_length(lists))
        joined = pc.binary_join_element_wise(*texts, _EDGE_END * 2)
        return _Rows(keys, pa.array(map(_digest, joined.to_pylist()), pa.int64()), edges)

    def _differ(self, part: Part, rows: _Rows) -> pa.Array:
        """Which rows the server lacks, has with another digest, or has lost edges of."""
        found = self.store.read(read_digests(part))
        keys = pa.array([row[0] for row in found], pa.string())
        at = pc.index_in(rows.keys, keys)
        digests = pa.array([row[1] for row in found], pa.int64()).take(at)
        edges = pa.array([row[2] for row in found], pa.int64()).take(at)
        same = pc.and_(pc.equal(digests, rows.digests), pc.greater_equal(edges, rows.edges))
        return pc.invert(pc.fill_null(same, False))

    def _batches(self, part: Part, keys: pa.Array, digests: pa.Array) -> Iterator[list[list[Any]]]:
        """Rows as lists: key, digest, properties, then a list of edges for each type of edge."""
        nodes = self.tables.nodes[part.node.name]
        columns = self._node_columns(part) if part.with_node else []
        nodes = nodes.take(pc.index_in(keys, nodes[part.node.key].combine_chunks()))
        edges = [
            _EdgeRows(self.tables.edges[type_.name], keys, self._edge_columns(part)[type_.name])
            for type_ in part.edges
        ]
        for start in range(0, len(keys), BATCH):
            stop = min(start + BATCH, len(keys))
            slice_ = nodes.slice(start, stop - start)
            values = [
                python_values(slice_[name])
                if name in slice_.column_names
                else [None] * (stop - start)
                for name in columns
            ]
            yield [
                list(row)
                for row in zip(
                    keys[start:stop].to_pylist(),
                    digests[start:stop].to_pylist(),
                    *values,
                    *(rows.lists(start, stop) for rows in edges),
                    strict=True,
                )
            ]

    def _prune(self, session: neo4j.Session) -> None:
        for part in parts():
            if part.edges:
                self._prune_edges(session, part)
        own = [own_label(type_.name) for type_ in NODE_TYPES]
        for type_ in NODE_TYPES:
            kept = set(self.tables.nodes[type_.name][type_.key].to_pylist())
            part = Part(type_, (), with_node=True)
            gone = sorted(key for key, *_ in self.store.read(read_digests(part)) if key not in kept)
            for start in range(0, len(gone), _PRUNE_BATCH):
                for statement in delete_nodes(type_):
                    _send(session, statement, gone[start : start + _PRUNE_BATCH], own=own)
            self.report.pruned[type_.name] = len(gone)

    def _prune_edges(self, session: neo4j.Session, part: Part) -> None:
        """Delete edges of nodes that have more of them on the server than in the tables."""
        rows = self._rows(part)
        wanted = dict(zip(rows.keys.to_pylist(), rows.edges.to_pylist(), strict=True))
        found = self.store.read(read_digests(part))
        keys = sorted(key for key, _, edges in found if edges > wanted.get(key, edges))
        for type_ in part.edges:
            ends = _EdgeRows(self.tables.edges[type_.name], pa.array(keys, pa.string()), [])
            for start in range(0, len(keys), _PRUNE_BATCH):
                stop = min(start + _PRUNE_BATCH, len(keys))
                kept = [[edge[0] for edge in edges] for edges in ends.lists(start, stop)]
                batch = [list(row) for row in zip(keys[start:stop], kept, strict=True)]
                _send(session, delete_edges(type_), batch)

    def _note_load(self, session: neo4j.Session) -> None:
        tables = {**self.tables.nodes, **self.tables.edges}
        columns = {
            name: {f.name: property_type(f.type) for f in table.schema if f.name not in _ENDS}
            for name, table in tables.items()
        }
        values = {
            **asdict(self.new_load),
            "counts": json.dumps(self.store.counts()),
            "columns": json.dumps(columns),
        }
        statement = f"MERGE (l:{LOAD_LABEL} {{name: 'push'}}) SET l += $values"
        session.execute_write(lambda tx: tx.run(statement, values=values).consume())


class _EdgeRows:
    """The edges of one type that start at some keys, as lists a key."""

    def __init__(self, table: pa.Table, keys: pa.Array, columns: list[str]) -> None:
        self.table = table.filter(pc.is_in(table["from"], keys))
        self.offsets = _offsets(self.table["from"], keys)
        self.columns = columns

    def lists(self, start: int, stop: int) -> list[list[list[Any]]]:
        """For each key from `start` to `stop` its edges: end, then properties."""
        first, last = self.offsets[start], self.offsets[stop]
        part = self.table.slice(first, last - first)
        nothing = [None] * (last - first)
        values = [
            python_values(part[name]) if name in part.column_names else nothing
            for name in ("to", *self.columns)
        ]
        edges = [list(edge) for edge in zip(*values, strict=True)]
        bounds = self.offsets[start : stop + 1]
        return [edges[a - first : b - first] for a, b in pairwise(bounds)]


def _offsets(starts: Any, keys: pa.Array) -> list[int]:
    """Where the edges of each key begin, in a column sorted as the keys are; their number last."""
    counts = [0] * (len(keys) + 1)
    for at in pc.index_in(starts, keys).to_pylist():
        counts[at + 1] += 1
    return list(accumulate(counts))


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), signed=True)


class _TooLarge(Exception):
    """The server has not the memory for so many rows in one transaction."""


def _send(session: neo4j.Session, statement: str, rows: list[Any], **parameters: Any) -> None:
    """Run a statement over rows in a transaction, with retries; in halves if it is too large.

    The driver would retry a transaction that ran out of memory for half a minute, in vain.
    """

    def work(tx: neo4j.ManagedTransaction) -> None:
        try:
            tx.run(statement, rows=rows, **parameters).consume()
        except Neo4jError as error:
            if "OutOfMemory" in (error.code or "") or "heap space" in (error.message or ""):
                raise _TooLarge from error
            raise

    try:
        session.execute_write(work)
    except _TooLarge as error:
        if len(rows) < 2:
            raise StoreError(
                "the server has too little memory for one row: raise "
                "server.memory.heap.max_size or db.memory.transaction.max"
            ) from error
        middle = len(rows) // 2
        _send(session, statement, rows[:middle], **parameters)
        _send(session, statement, rows[middle:], **parameters)
