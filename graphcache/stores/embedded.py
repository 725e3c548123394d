"""The embedded store: one LadybugDB file, which is replaced whole and never changed in place.

A file is written beside, checkpointed, opened again and held against the tables it was made from
before it takes the old one's place, because LadybugDB reports a COPY as durable that a full disk
has lost. Readers that hold the old file go on undisturbed. How LadybugDB behaves where this
matters is in docs/architecture.md, with what was tried.
"""

from __future__ import annotations

import math
import os
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import ladybug
import pyarrow as pa

from graphcache.columns import conform, sort_table
from graphcache.errors import QueryError, StoreError
from graphcache.schema import EDGE_TYPES, NODE_TYPES, EdgeType, NodeType, all_types, quote
from graphcache.stores.base import HELD_FILES, Answer, Description, Load, Store
from graphcache.stores.places import check_file, reserve, sync
from graphcache.stores.statements import (
    EMBEDDED_TYPES,
    MACROS,
    check_parameters,
    check_reads,
    check_timeout,
    create_table,
    match_all,
    only_columns,
)
from graphcache.tables import Tables

FORMAT = 1
"""The form of graphcache's own tables in a store; a store of another form must be built again."""

_LOAD_COLUMNS = {
    "number": "INT64",
    "format": "INT64",
    "time": "STRING",
    "command": "STRING",
    "version": "STRING",
    "sources": "STRING[]",
    "files": "INT64",
    "unchanged": "INT64",
    "records": "INT64",
    "rejects": "INT64",
    "digest": "STRING",
    "warnings": "STRING[]",
}
_CREATE_LOADS = (
    "CREATE NODE TABLE GraphCacheLoad("
    + ", ".join(f"`{name}` {kind}" for name, kind in _LOAD_COLUMNS.items())
    + ", PRIMARY KEY(`number`))"
)
_CREATE_FILES = (
    "CREATE NODE TABLE GraphCacheFile(`digest` STRING, `file` STRING, `kind` STRING, "
    "`release` STRING, `name` STRING, PRIMARY KEY(`digest`))"
)
_READ_CHUNK = 1_000_000
_LONGEST = 30 * 24 * 3600
"""Seconds that LadybugDB is told at most: it counts milliseconds in an integer."""
_RESERVE = 4 * 2**20
"""Bytes that a store takes besides its rows."""


class EmbeddedStore(Store):
    """A store file, opened to read."""

    def __init__(self, path: Path) -> None:
        check_file(path)
        self.path = path
        with _errors_of(path):
            self._database = ladybug.Database(str(path), read_only=True)
        try:
            self._check_format()
        except QueryError as error:
            self.close()
            raise StoreError(f"{path}: damaged, build it again ({error})") from error
        except BaseException:
            self.close()
            raise

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
        end = time.monotonic() + (timeout or math.inf)
        with _query_errors(timeout):
            connection = ladybug.Connection(self._database)
            if timeout is not None:
                connection.set_query_timeout(max(1, int(min(timeout, _LONGEST) * 1000)))
            result = _interruptible(
                connection, lambda: connection.execute(cypher, dict(parameters or {}))
            )
            return _answer(result, limit, end)

    def held_files(self) -> pa.Table:
        """The files that the store was made from; see `HELD_FILES`."""
        names = ", ".join(f"f.`{name}` AS `{name}`" for name in HELD_FILES.names)
        return self._arrow(f"MATCH (f:GraphCacheFile) RETURN {names}").cast(HELD_FILES)

    def describe(self) -> Description:
        """Counts, releases, digest and loads."""

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

    def loads(self) -> list[Load]:
        """The builds and updates that the store went through, the first one first."""
        names = list(Load.__dataclass_fields__)
        columns = ", ".join(f"l.`{name}`" for name in names)
        answer = self.query(f"MATCH (l:GraphCacheLoad) RETURN {columns} ORDER BY l.`number`")
        return [Load(**dict(zip(names, row, strict=True))) for row in answer.rows]

    def table(self, type_: NodeType | EdgeType, only: Collection[str] | None = None) -> pa.Table:
        """All nodes or edges of a type, sorted by key; `only` names the properties to read."""
        names = only_columns(type_, self.columns(type_), only)
        table = self._arrow(match_all(type_, list(names)))
        return sort_table(conform(table, type_), type_).combine_chunks()

    def columns(self, type_: NodeType | EdgeType) -> dict[str, str]:
        """The properties that a type has in this store, with their types."""
        info = self.query(f"CALL table_info('{type_.name}') RETURN name, type")
        names = {embedded: name for name, embedded in EMBEDDED_TYPES.items()}
        try:
            return {str(name): names[str(kind)] for name, kind in info.rows}
        except KeyError as error:
            raise StoreError(f"{self.path}: damaged: {type_.name} has the type {error}") from error

    def label(self, type_name: str) -> str:
        """The label by which this store knows its own nodes of a type: the type's name."""
        return type_name

    def close(self) -> None:
        """Release the file."""
        self._database.close()

    def _check_format(self) -> None:
        tables = {row[0] for row in self.query("CALL show_tables() RETURN name").rows}
        if "GraphCacheLoad" not in tables:
            raise StoreError(
                f"{self.path}: a LadybugDB database that graphcache did not make: "
                f"give another file by --store"
            )
        found = self.query("MATCH (l:GraphCacheLoad) RETURN max(l.format)").rows[0][0]
        if found != FORMAT:
            raise StoreError(
                f"{self.path}: expected a store of format {FORMAT}, found {found}: "
                f"build it again, or install the graphcache that made it"
            )

    def _arrow(self, cypher: str) -> pa.Table:
        with _query_errors(None):
            result: Any = ladybug.Connection(self._database).execute(cypher)
            return result.get_as_arrow(_READ_CHUNK)


def write_store(path: Path, tables: Tables, loads: list[Load], files: pa.Table) -> None:
    """Put a store of these tables at `path`, in one step: the old file or the new one is there.

    The caller holds `store_lock(path)`.

    Raises:
        StoreError: it can't be written, or what was written is not what was given.
    """
    # In a folder, since LadybugDB leaves files of its own beside one that it can't finish.
    folder = path.with_name(f".{path.name}.new")
    new = folder / path.name
    try:
        shutil.rmtree(folder, ignore_errors=True)  # what a killed build left
        folder.mkdir()
        reserve(folder / "reserve", _RESERVE + sum(table.nbytes for table in _all_tables(tables)))
        with _errors_of(path, "can't be written, and what was there is as it was: disk full?"):
            _fill(new, tables, loads, files)
        _check_written(new, path, tables)
        sync(new)
        os.replace(new, path)
        sync(path.parent)
    except OSError as error:
        raise StoreError(f"{path}: can't be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(path: Path, tables: Tables, loads: list[Load], files: pa.Table) -> None:
    database = ladybug.Database(str(path))
    try:
        by_type = {**tables.nodes, **tables.edges}
        for statement in (*MACROS, _CREATE_LOADS, _CREATE_FILES):
            _run(database, statement)
        for type_ in all_types():
            _run(database, create_table(type_, by_type[type_.name].schema))
        for name, table in by_type.items():
            _copy(database, name, table)
        _copy(database, "GraphCacheFile", files)
        for number, load in enumerate(loads):
            values = {"number": number, "format": FORMAT, **asdict(load)}
            setters = ", ".join(f"`{name}`: ${name}" for name in values)
            _run(database, f"CREATE (:GraphCacheLoad {{{setters}}})", values)
        _run(database, "CHECKPOINT")
    finally:
        database.close()


def _run(database: ladybug.Database, statement: str, values: Mapping[str, Any] = {}) -> None:
    # A connection of its own for each statement: every COPY on one leaks 14 MB until it closes.
    connection = ladybug.Connection(database)
    try:
        _interruptible(connection, lambda: connection.execute(statement, dict(values)))
    finally:
        connection.close()


def _copy(database: ladybug.Database, name: str, table: pa.Table) -> None:
    if table.num_rows:
        _run(database, f"COPY {quote(name)} FROM $rows", {"rows": table})


def _check_written(new: Path, path: Path, tables: Tables) -> None:
    """Hold the finished file against the tables: a full disk has been seen to lose rows quietly."""
    try:
        with EmbeddedStore(new) as store:
            written = store.tables().digests()
    except (StoreError, QueryError) as error:
        raise StoreError(
            f"{path}: the new store can't be read, and the old one was left as it was: "
            f"is the disk full? ({error})"
        ) from error
    for name, digest in tables.digests().items():
        if written[name] != digest:
            raise StoreError(
                f"{path}: {name} was not written whole, and the old store was left as it was: "
                f"is the disk full?"
            )


def verify_store(path: Path) -> str:
    """Recompute the digest of a store's content; the digest.

    Raises:
        StoreError: the content is not what was written.
    """
    with EmbeddedStore(path) as store:
        try:
            expected = store.loads()[-1].digest
            found = store.tables().digest()
        except (QueryError, pa.ArrowException, ValueError, LookupError) as error:
            raise StoreError(f"{path}: damaged ({error}): build it again") from error
    if found != expected:
        raise StoreError(
            f"{path}: damaged: expected the digest {expected}, found {found}: build it again"
        )
    return found


def _all_tables(tables: Tables) -> list[pa.Table]:
    return [*tables.nodes.values(), *tables.edges.values()]


@contextmanager
def _errors_of(path: Path, otherwise: str = "damaged, build it again") -> Iterator[None]:
    """LadybugDB's errors on a file, in our words."""
    try:
        yield
    except (RuntimeError, MemoryError, IndexError) as error:
        text = str(error)
        if "lock on file" in text:
            why = "another program holds it open to write: wait until it has ended"
        elif "not a valid" in text:
            why = "not a store: graphcache makes one by 'graphcache build PATH...'"
        elif "different version" in text:
            why = f"made by another version of LadybugDB: build it again ({text})"
        elif "ermission" in text:
            why = "no permission to read it"
        else:
            # Of a full disk, LadybugDB says first that what it could not write is durable.
            why = f"{otherwise} ({text[max(0, text.rfind('IO exception')) :]})"
        raise StoreError(f"{path}: {why}") from error


@contextmanager
def _query_errors(timeout: float | None) -> Iterator[None]:
    """LadybugDB's errors on a query, in our words."""
    try:
        yield
    except TimeoutError as error:
        raise QueryError(_too_long(timeout)) from error
    except (RuntimeError, MemoryError, IndexError, ValueError, TypeError, OverflowError) as error:
        text = str(error)
        if "read-only" in text:
            why = "a query only reads, this one writes: nothing was changed"
        elif "Interrupted" in text:
            why = _too_long(timeout)
        elif "bad_alloc" in text:
            why = "it needs more memory than there is: narrow it"
        else:
            why = text.removeprefix("Runtime exception: ").strip()
        raise QueryError(why) from error


def _too_long(timeout: float | None) -> str:
    return f"it took longer than {timeout or 0:g} seconds: narrow it, or raise --timeout"


def _interruptible(connection: ladybug.Connection, work: Callable[[], Any]) -> Any:
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
    # join(): interrupted once, Python 3.11 takes the thread for ended.
    try:
        threading.Thread(target=run, daemon=True).start()
        done.wait()
    except KeyboardInterrupt:
        if not begun.acquire(blocking=False):
            connection.interrupt()
            done.wait()
        raise
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
