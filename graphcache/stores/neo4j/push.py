"""Push: the graph of some tables to a Neo4j server, sending only what changed since the last push.

A push may die anywhere: what was sent carries its digest in the same transaction, so the next push
goes on from there. The load node, written last, says that a push was finished.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import neo4j
import pyarrow as pa
import pyarrow.compute as pc
from neo4j.exceptions import Neo4jError

from graphcache.errors import StoreError
from graphcache.remote.locations import shown
from graphcache.schema import NODE_TYPES
from graphcache.stores.base import Load
from graphcache.stores.logs import log_statement
from graphcache.stores.neo4j.constraints import constraints, own_label
from graphcache.stores.neo4j.errors import server_errors
from graphcache.stores.neo4j.locking import LOCK, constrain, push_lock, run
from graphcache.stores.neo4j.note import PushNote
from graphcache.stores.neo4j.rows import BATCH, EdgeRows, PartRows, check_for_neo4j
from graphcache.stores.neo4j.statements import (
    ADVISORY,
    LOAD_LABEL,
    PushPart,
    delete_edges,
    delete_nodes,
    delete_repeated,
    forget_digests,
    parts,
    read_digests,
)
from graphcache.stores.neo4j.store import Neo4jStore
from graphcache.tables import Tables
from graphcache.tables.columns import property_type

_LOG = logging.getLogger(__name__)

_PRUNE_BATCH = 1_000
_Found = dict[str, tuple[int | None, int]]


@dataclass
class PushReport:
    """What a push did: rows sent, and rows pruned, by type of node."""

    unchanged: bool = False
    """The server had all of it already."""
    sent: dict[str, int] = field(default_factory=dict)
    pruned: dict[str, int] = field(default_factory=dict)
    advisories: int = 0
    """Advisories that touch something, and are on the server now."""
    advisories_gone: int = 0
    """Those of an earlier push that are there no more."""


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
            on from there. Or the tables hold what Neo4j can't.
    """
    check_for_neo4j(tables)
    store.forget_columns()
    with server_errors(store.uri, store.database):
        _prepare(store)
        with push_lock(store) as check_lock:
            _LOG.debug("%s: no other push is under way", shown(store.uri))
            return _Push(tables, store, load, check_lock, on_rows).run(prune=prune, full=full)


def is_pushed(
    store: Neo4jStore, digest: str, wanted: Mapping[str, int], *, prune: bool = False
) -> bool:
    """Whether the last push was of a graph of this digest, and nothing was added or removed since.

    `wanted` are the graph's counts by type: with `prune` there must not be more on the server. No
    table has to be read to find it out.
    """
    note = store.note()
    return _is_of(note, digest) and _is_whole(note, store.counts(), wanted, prune=prune)


def _is_of(note: PushNote, digest: str) -> bool:
    return note.load is not None and not note.unfinished and note.load.digest == digest


def _is_whole(
    note: PushNote, counts: dict[str, int], wanted: Mapping[str, int], *, prune: bool
) -> bool:
    return note.counts == counts and (not prune or counts == dict(wanted))


def _prepare(store: Neo4jStore) -> None:
    with store.session() as session:
        constrain(session, [*constraints(), LOCK])
        session.run("CALL db.awaitIndexes(300)").consume()


class _Push:
    def __init__(
        self,
        tables: Tables,
        store: Neo4jStore,
        load: Load,
        check_lock: Callable[[], None],
        on_rows: Callable[[int], None],
    ) -> None:
        self.tables = tables
        self.store = store
        self.new_load = load
        self.check_lock = check_lock
        self.on_rows = on_rows
        self.report = PushReport()
        self.sent = 0

    def run(self, *, prune: bool, full: bool) -> PushReport:
        self.note = self.store.note()
        self.counts = counts = self.store.counts()
        wanted = self.tables.node_counts() | self.tables.edge_counts()
        is_there = _is_of(self.note, self.new_load.digest)
        if not full and is_there and _is_whole(self.note, counts, wanted, prune=prune):
            self.report.unchanged = True
            return self.report
        noted = self.note.counts or {}
        # Types of which somebody else has removed some: no digest tells which.
        shrunk = {name for name, count in noted.items() if counts[name] < count}
        self.as_noted = {name for name in counts if counts[name] == noted.get(name)}
        if self.note.unfinished:  # a push that died may have added what was removed elsewhere
            self.as_noted.clear()
        empty = not any(counts[type_.name] for type_ in NODE_TYPES)
        with self.store.session() as session:
            self._note_start(session)
            for part in parts():
                names = {part.node.name, *(type_.name for type_ in part.edges)}
                whole = full or empty or not shrunk.isdisjoint(names)
                self._send_part(session, part, create=empty, whole=whole)
            if prune:
                self._prune(session)
            self._note_end(session)
        return self.report

    def _send_part(
        self, session: neo4j.Session, part: PushPart, *, create: bool, whole: bool
    ) -> None:
        what = part.node.name if part.with_node else " and ".join(t.name for t in part.edges)
        self.report.sent[what] = 0
        # Where there are as many edges of each type as the last push left, nobody has removed any.
        intact = create or self.as_noted.issuperset(type_.name for type_ in part.edges)
        there = (self.tables.edges[t.name].num_rows or self.counts[t.name] for t in part.edges)
        if not part.with_node and intact and not any(there):
            return  # as in graphs of pages, of which no digest need be read
        rows = PartRows(part, self.tables, self.note.once_set)
        found = {} if whole and intact else self._found(part, count=not whole and not intact)
        if not intact:
            self._forget_others(session, rows, found)
        if whole:
            chosen = pa.array([True] * len(rows.keys), pa.bool_())
        else:
            chosen = _differ(rows, found, count=not intact)
        statement = rows.statement(create=create)
        for batch in rows.batches(chosen):
            self._send(session, statement, batch)
            self.sent += len(batch)
            self.on_rows(self.sent)
        says = chosen if part.with_node else pc.and_(chosen, pc.greater(rows.edges, 0))
        self.report.sent[what] = says.true_count

    def _forget_others(self, session: neo4j.Session, rows: PartRows, found: _Found) -> None:
        """Take the digests of nodes that the tables do not have, which may have lost edges.

        When this push has ended nothing tells of it any more: who has them sends them anew.
        """
        kept = set(rows.keys.to_pylist())
        keys = sorted(k for k, (digest, _) in found.items() if digest is not None and k not in kept)
        for start in range(0, len(keys), BATCH):
            self._send(session, forget_digests(rows.part), keys[start : start + BATCH])

    def _found(self, part: PushPart, *, count: bool) -> _Found:
        """Digest of each node on the server by key, and its number of edges if they are counted."""
        rows = self.store.read(read_digests(part, count=count))
        return {
            key: (digest if isinstance(digest, int) else None, edges)
            for (found,) in rows
            for key, digest, edges in found
            if isinstance(key, str)  # somebody else may have changed it
        }

    def _prune(self, session: neo4j.Session) -> None:
        for part in parts():
            if part.edges:
                self._prune_edges(session, part)
        own = [own_label(name) for name in (ADVISORY, *(type_.name for type_ in NODE_TYPES))]
        for type_ in NODE_TYPES:
            kept = set(self.tables.nodes[type_.name][type_.key].to_pylist())
            gone = sorted(
                self._found(PushPart(type_, (), with_node=True), count=False).keys() - kept
            )
            for start in range(0, len(gone), _PRUNE_BATCH):
                for statement in delete_nodes(type_):
                    self._send(session, statement, gone[start : start + _PRUNE_BATCH], own=own)
            self.report.pruned[type_.name] = len(gone)

    def _prune_edges(self, session: neo4j.Session, part: PushPart) -> None:
        """Delete edges of nodes that have more of them on the server than in the tables."""
        rows = PartRows(part, self.tables, {})
        wanted = dict(zip(rows.keys.to_pylist(), rows.edges.to_pylist(), strict=True))
        found = self._found(part, count=True)
        keys = sorted(key for key, (_, edges) in found.items() if edges > wanted.get(key, edges))
        for type_ in part.edges:
            ends = EdgeRows(self.tables.edges[type_.name], pa.array(keys, pa.string()), [])
            for start in range(0, len(keys), _PRUNE_BATCH):
                stop = min(start + _PRUNE_BATCH, len(keys))
                kept = [[edge[0] for edge in edges] for edges in ends.lists(start, stop)]
                batch = [list(row) for row in zip(keys[start:stop], kept, strict=True)]
                self._send(session, delete_edges(type_), batch)
                self._send(session, delete_repeated(type_), batch)

    def _columns(self) -> dict[str, dict[str, str]]:
        """The properties of each type, with the names of their types."""
        fields = {name: list(table.schema) for name, table in self.tables.nodes.items()}
        fields |= {name: list(table.schema)[2:] for name, table in self.tables.edges.items()}
        return {
            name: {f.name: property_type(f.type) for f in some} for name, some in fields.items()
        }

    def _note_start(self, session: neo4j.Session) -> None:
        """Note which properties nodes and edges may have from now on, even if this does not end."""
        once_set = {
            name: sorted({*self.note.once_set.get(name, ()), *some})
            for name, some in self._columns().items()
        }
        self._write_note(session, replace(self.note, unfinished=True, once_set=once_set))

    def _note_end(self, session: neo4j.Session) -> None:
        done = replace(
            self.note,
            load=self.new_load,
            unfinished=False,
            counts=self.store.counts(),
            columns=self._columns(),
        )
        self._write_note(session, done)
        self.store.forget_columns()

    def _write_note(self, session: neo4j.Session, note: PushNote) -> None:
        self.check_lock()
        statement = f"MERGE (l:{LOAD_LABEL} {{name: 'push'}}) SET l += $values"
        run(session, statement, values=note.to_properties())
        self.note = note

    def _send(
        self, session: neo4j.Session, statement: str, rows: list[Any], **parameters: Any
    ) -> None:
        """Run a statement over rows in a transaction, with retries; in halves if it is too large.

        The driver would retry a transaction that ran out of memory for half a minute, in vain.
        """
        ran = False

        def work(tx: neo4j.ManagedTransaction) -> None:
            nonlocal ran
            self.check_lock()
            if ran and len(rows) > 1:
                raise _TooLarge  # it is the commit that failed: it needs memory too
            tx.run(statement, rows=rows, **parameters).consume()
            ran = True

        start = time.monotonic()
        try:
            session.execute_write(_in_memory(work))
        except _TooLarge as error:
            if len(rows) < 2:
                raise StoreError(
                    f"{self.store.uri}: the server has too little memory for one row: raise "
                    f"server.memory.heap.max_size or db.memory.transaction.max"
                ) from error
            _LOG.debug("too large for the server's memory, so in halves: rows: %d", len(rows))
            middle = len(rows) // 2
            self._send(session, statement, rows[:middle], **parameters)
            self._send(session, statement, rows[middle:], **parameters)
        else:
            log_statement(_LOG, "sent", statement, len(rows), start)


def _differ(rows: PartRows, found: _Found, *, count: bool) -> pa.Array:
    """Which rows the server lacks, has with another digest, or (if counted) has lost edges of."""
    at = pc.index_in(rows.keys, pa.array(found, pa.string()))
    digests = pa.array([digest for digest, _ in found.values()], pa.int64()).take(at)
    neither = pc.and_(pc.is_null(digests), pc.is_null(rows.digests))
    same = pc.or_(neither, pc.fill_null(pc.equal(digests, rows.digests), False))
    if count:
        edges = pa.array([edges for _, edges in found.values()], pa.int64()).take(at)
        enough = pc.greater_equal(pc.fill_null(edges, 0), rows.edges)
        same = pc.and_(same, enough)
    return pc.invert(same)


def _in_memory(
    work: Callable[[neo4j.ManagedTransaction], None],
) -> Callable[[neo4j.ManagedTransaction], None]:
    """The work; where it needs more memory than there is, `_TooLarge`, which nobody retries."""

    def checked(tx: neo4j.ManagedTransaction) -> None:
        try:
            work(tx)
        except Neo4jError as error:
            if "OutOfMemory" in (error.code or "") or "heap space" in (error.message or ""):
                raise _TooLarge from error
            raise

    return checked


class _TooLarge(Exception):
    """The server has not the memory for so many rows in one transaction."""
