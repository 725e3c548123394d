"""The embedded store: one LadybugDB file, which is replaced whole and never changed in place.

How LadybugDB behaves where this matters is in docs/architecture.md, with what was tried.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.answers import Answer, Selection
from graphcache.errors import QueryError, StoreError
from graphcache.schema import (
    EDGE_TYPES,
    NODE_TYPES,
    EdgeType,
    NodeType,
    all_types,
    edge_type,
    quote,
)
from graphcache.stores.base import HELD_FILES, Description, Load, Store
from graphcache.stores.embedded.columns import Columns, open_columns
from graphcache.stores.embedded.errors import errors_of, query_errors
from graphcache.stores.embedded.offsets import Edges, Offsets
from graphcache.stores.embedded.opening import open_database
from graphcache.stores.embedded.places import FORMAT, check_file
from graphcache.stores.embedded.seal import check_seal
from graphcache.stores.logs import log_statement
from graphcache.stores.statements import (
    EMBEDDED_TYPES,
    check_parameters,
    check_reads,
    check_timeout,
    only_columns,
)
from graphcache.tables import Tables
from graphcache.tables.columns import arrow_schema, digest_table
from graphcache.tables.said import SAID
from graphcache.tables.tables import digest_of_all

if TYPE_CHECKING:
    import ladybug

_LOG = logging.getLogger(__name__)

_READ_CHUNK = 1_000_000
_POOL = 4 * 2**30
"""Bytes of memory in which LadybugDB asks a store of up to a 16th of that, if the machine has more.

Else it takes its own measure, 80 % of what the machine has, and each opening a processor for 1.6 ms
per GB of it.
"""
_SMALL = 2**23
"""Bytes of a store of which one thread answers sooner than several, which wait for each other."""
_LONGEST = 30 * 24 * 3600
"""Seconds that LadybugDB is told at most: it counts milliseconds in an integer."""


class EmbeddedStore(Store):
    """A store file, opened to read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        check_file(path)
        descriptor = _opened(path)
        # A name of the file that stays its own, also when another takes its path meanwhile.
        self._name = f"/dev/fd/{descriptor}"
        self._release = weakref.finalize(self, os.close, descriptor)
        self._size = os.stat(descriptor).st_size
        self._columns: Columns | None = None
        self._database: ladybug.Database | None = None
        self._opening = threading.Lock()
        self._offsets = Offsets()
        try:
            with open(descriptor, "rb", buffering=0, closefd=False) as file:
                check_seal(path, file)
            self._columns = open_columns(self._name)
            self._check_format()
        except QueryError as error:
            self.close()
            # What graphcache asks itself is not misspelt, whatever the error seems to say.
            why = error.__cause__ or error
            raise StoreError(f"{path}: damaged, build it again ({why})") from error
        except BaseException:
            self.close()
            raise
        _LOG.debug("opened: %s", path)

    def query(
        self,
        cypher: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Run one reading statement: at most `limit` rows, in at most `timeout` seconds.

        Raises:
            QueryError: the statement is wrong, writes, or takes too long.
            UsageError: the timeout is no number above 0.
        """
        check_reads(cypher)
        check_parameters(cypher, parameters or {})
        check_timeout(timeout)
        start = time.monotonic()
        end = start + (timeout or math.inf)
        with query_errors(timeout, cypher), self._connection() as connection:
            if timeout is not None:
                connection.set_query_timeout(max(1, int(min(timeout, _LONGEST) * 1000)))
            result = interruptible(
                connection, lambda: connection.execute(cypher, dict(parameters or {}))
            )
            answer = _answer(result, limit, end)
        log_statement(_LOG, "answered", cypher, len(answer.rows), start)
        return answer

    def held_files(self) -> pa.Table:
        """The files that the store was made from; see `HELD_FILES`."""
        names = ", ".join(f"f.`{name}` AS `{name}`" for name in HELD_FILES.names)
        return self._arrow(f"MATCH (f:GraphCacheFile) RETURN {names}").cast(HELD_FILES)

    def said(self) -> pa.Table:
        """Who says of which spec that it is where; see `tables.said`. Empty if only pages do."""
        names = ", ".join(f"s.`{name}` AS `{name}`" for name in SAID.names)
        return self._arrow(f"MATCH (s:GraphCacheSaid) RETURN {names}").cast(SAID)

    def describe(self) -> Description:
        """Counts, releases, digest and loads."""
        if self._columns:
            return self._described(self._columns)

        def count(pattern: str) -> int:
            return int(self.query(f"MATCH {pattern} RETURN count(*)").rows[0][0])

        releases = self.query(
            "MATCH (:Spec)-[:IN_RELEASE]->(r:Release) RETURN r.name, count(*) ORDER BY r.name"
        )
        loads = self.loads()
        return Description(
            {type_.name: count(f"(:{quote(type_.name)})") for type_ in NODE_TYPES},
            {type_.name: count(f"()-[:{quote(type_.name)}]->()") for type_ in EDGE_TYPES},
            loads[-1].digest,
            {str(name): int(n) for name, n in releases.rows},
            loads,
        )

    def _described(self, columns: Columns) -> Description:
        of_release = pc.value_counts(columns.edges(edge_type("IN_RELEASE"), []).table["to"])
        counts = zip(*(of_release.field(at).to_pylist() for at in (0, 1)), strict=True)
        return Description(
            {type_.name: columns.count(type_) for type_ in NODE_TYPES},
            {type_.name: columns.count(type_) for type_ in EDGE_TYPES},
            columns.loads[-1].digest,
            dict(sorted(counts)),
            list(columns.loads),
        )

    def loads(self) -> list[Load]:
        """The builds, updates and fetches that the store went through, the first one first."""
        if self._columns:
            return list(self._columns.loads)
        names = list(Load.__dataclass_fields__)
        columns = ", ".join(f"l.`{name}`" for name in names)
        answer = self.query(f"MATCH (l:GraphCacheLoad) RETURN {columns} ORDER BY l.`number`")
        return [Load(**dict(zip(names, row, strict=True))) for row in answer.rows]

    def table(self, type_: NodeType | EdgeType, only: Collection[str] | None = None) -> pa.Table:
        """All nodes or edges of a type, sorted by key; `only` names the properties to read."""
        names = list(only_columns(type_, self.columns(type_), only))
        return self._table(type_, names, self._columns)

    def _table(
        self, type_: NodeType | EdgeType, names: list[str], columns: Columns | None
    ) -> pa.Table:
        """Some properties of a type, from the columns, or from LadybugDB where there are none."""
        if isinstance(type_, EdgeType):
            return self._edges(type_, names, columns).table
        if columns:
            return columns.nodes(type_, names)
        return self._offsets.nodes(type_, names, self._arrow)

    def _edges(self, type_: EdgeType, names: list[str], columns: Columns | None) -> Edges:
        if columns:
            return columns.edges(type_, names)
        return self._offsets.edges(type_, names, self._arrow)

    def part(self, wanted: Selection) -> Tables:
        """The types and properties that are wanted, with the ends of edges as positions too."""
        ends = {}

        def table(type_: NodeType | EdgeType) -> pa.Table:
            if type_.name not in wanted:
                return arrow_schema(type_).empty_table()
            if isinstance(type_, NodeType):
                return self.table(type_, wanted[type_.name])
            names = only_columns(type_, self.columns(type_), wanted[type_.name])
            edges = self._edges(type_, list(names), self._columns)
            if {type_.start, type_.end} <= wanted.keys():
                ends[type_.name] = edges.starts, edges.ends
            return edges.table

        return replace(Tables.of(table), ends=ends)

    def written(self) -> Iterator[tuple[str, Iterator[pa.Table]]]:
        """Each type, and its table in each form in which the file holds it.

        One table after another, since memory that holds a graph once need not hold it three times.
        """
        forms = [None, self._columns] if self._columns else [None]
        for type_ in all_types():
            yield type_.name, map(partial(self._table, type_, [*self.columns(type_)]), forms)

    def digests(self) -> list[str]:
        """The digest of the graph in each form in which the file holds it."""
        of_types = {
            name: [*map(partial(digest_table, name), tables)] for name, tables in self.written()
        }
        of_forms = zip(*of_types.values(), strict=True)
        return [digest_of_all(dict(zip(of_types, one, strict=True))) for one in of_forms]

    def columns(self, type_: NodeType | EdgeType) -> dict[str, str]:
        """The properties that a type has in this store, with their types."""
        if self._columns:
            return self._columns.names(type_)
        info = self.query(f"CALL table_info('{type_.name}') RETURN name, type")
        names = {embedded: name for name, embedded in EMBEDDED_TYPES.items()}
        try:
            return {str(name): names[str(kind)] for name, kind in info.rows}
        except KeyError as error:
            raise StoreError(f"{self.path}: damaged: {type_.name} has the type {error}") from error

    def label(self, type_name: str) -> str:
        """The label by which this store knows its own nodes of a type: the type's name."""
        return type_name

    @property
    def location(self) -> str:
        """The path of the file."""
        return str(self.path)

    def close(self) -> None:
        """Release the file."""
        with self._opening:
            if self._database:
                self._database.close()
            if self._columns:
                self._columns.close()
            self._release()

    def _check_format(self) -> None:
        if self._columns:
            found = self._columns.format
        else:
            found = self.query("MATCH (l:GraphCacheLoad) RETURN max(l.format)").rows[0][0]
        if found != FORMAT:
            raise StoreError(
                f"{self.path}: expected a store of format {FORMAT}, found {found}: "
                f"build it again, or install the graphcache that made it"
            )

    def _pages(self) -> ladybug.Database:
        """LadybugDB's form of the graph; who reads columns alone never waits for its opening."""
        with self._opening:
            if not self._release.alive:
                raise ValueError("the store is closed")
            if self._database is None:
                with errors_of(self.path):
                    self._database = open_database(
                        self._name, read_only=True, buffer_pool_size=_pool(self._size)
                    )
            return self._database

    @contextmanager
    def _connection(self) -> Iterator[ladybug.Connection]:
        """A connection of its own for each statement, which gives its memory back at the end."""
        import ladybug

        threads = 1 if self._size <= _SMALL else 0  # as many as there are processors
        connection = ladybug.Connection(self._pages(), num_threads=threads)
        try:
            yield connection
        finally:
            connection.close()

    def _arrow(self, cypher: str) -> pa.Table:
        with query_errors(None, cypher), self._connection() as connection:
            start = time.monotonic()
            result: Any = connection.execute(cypher)
            table = result.get_as_arrow(_READ_CHUNK)
        log_statement(_LOG, "answered", cypher, table.num_rows, start)
        return table


def _pool(size: int) -> int:
    """The memory to open a store of so many bytes with; 0 for LadybugDB's own measure."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return _POOL if size <= _POOL // 16 and memory * 4 // 5 > _POOL else 0


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY)
    except PermissionError:
        raise StoreError(f"{path}: no permission to read it") from None
    except OSError as error:
        raise StoreError(f"{path}: can't be opened: {error.strerror or error}") from error


def verify_store(path: Path) -> str:
    """Recompute the digest of a store's content; the digest.

    Raises:
        StoreError: the content is not what was written.
    """
    with EmbeddedStore(path) as store:
        try:
            expected = store.loads()[-1].digest
            digests = set(store.digests())
        except (QueryError, pa.ArrowException, ValueError, LookupError) as error:
            raise StoreError(f"{path}: damaged ({error}): build it again") from error
    if digests != {expected}:
        found = min(digests - {expected})
        raise StoreError(
            f"{path}: damaged: expected the digest {expected}, found {found}: build it again"
        )
    return expected


def interruptible(connection: ladybug.Connection, work: Callable[[], Any]) -> Any:
    """Run in a thread, so that Ctrl-C ends a statement at once and not when it is done."""
    outcome: list[Any] = []
    done = threading.Event()
    begun = threading.Lock()

    def run() -> None:
        if not begun.acquire(blocking=False):
            return
        try:
            outcome.append(work())
        except BaseException as error:
            outcome.append(error)
        finally:
            done.set()

    # A process that ends while LadybugDB works is aborted, so what has begun is waited for. Not by
    # join(), which comes after: interrupted once, Python 3.11 takes the thread for ended.
    thread = threading.Thread(target=run, daemon=True)
    try:
        thread.start()
        done.wait()
    except KeyboardInterrupt:
        if not begun.acquire(blocking=False):
            connection.interrupt()
            done.wait()
        raise
    thread.join()  # else it might be the last that holds the result, and let go of it too late
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def _answer(result: Any, limit: int | None, end: float) -> Answer:
    rows: list[tuple[Any, ...]] = []
    while result.has_next() and (limit is None or len(rows) < limit):
        if time.monotonic() > end:
            raise TimeoutError
        rows.append(tuple(_plain(value) for value in result.get_next()))
    return Answer(result.get_column_names(), rows, more=bool(result.has_next()))


def _plain(value: Any) -> Any:
    """A value as any store gives it: LadybugDB sums integers to a Decimal, and marks nodes."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        hidden = ("_ID", "_SRC", "_DST")
        return {k: _plain(v) for k, v in value.items() if k not in hidden and v is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
