"""Writing an embedded store: beside the old file, held against the tables, then put in its place.

LadybugDB reports a COPY as durable that a full disk has lost, so what was written is opened again
and compared before it takes the old file's place. Readers that hold the old file go on undisturbed.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from graphcache.errors import QueryError, StoreError
from graphcache.files import clean_up, put_in_place
from graphcache.schema import all_types, quote
from graphcache.stores.base import Load
from graphcache.stores.embedded.columns import write_columns
from graphcache.stores.embedded.errors import errors_of
from graphcache.stores.embedded.opening import open_database
from graphcache.stores.embedded.places import FORMAT, reserve
from graphcache.stores.embedded.seal import seal
from graphcache.stores.embedded.store import EmbeddedStore, interruptible
from graphcache.stores.statements import MACROS, create_table
from graphcache.tables import Tables
from graphcache.tables.columns import digest_table
from graphcache.tables.memory import give_back_memory
from graphcache.tables.said import SAID

if TYPE_CHECKING:
    import ladybug

_LOG = logging.getLogger(__name__)

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
    "rejected": "STRING[]",
}
_CREATE_LOADS = (
    "CREATE NODE TABLE GraphCacheLoad("
    + ", ".join(f"`{name}` {kind}" for name, kind in _LOAD_COLUMNS.items())
    + ", PRIMARY KEY(`number`))"
)
_CREATE_FILES = (
    "CREATE NODE TABLE GraphCacheFile(`digest` STRING, `file` STRING, `kind` STRING, "
    "`release` STRING, `name` STRING, `place` STRING, PRIMARY KEY(`digest`))"
)
_CREATE_SAID = (
    "CREATE NODE TABLE GraphCacheSaid(`number` INT64, `row` INT64, `claim` STRING, "
    "`in_buildcache` BOOLEAN, `stack` STRING, `release` STRING, `root` BOOLEAN, "
    "`listed` BOOLEAN, PRIMARY KEY(`number`))"
)
_RESERVE = 4 * 2**20
"""Bytes that a store takes which has no rows; 3.1 MB were seen."""
_MORE_THAN_ROWS = 6
"""How much more room than Arrow the first rows take, since each column has its pages: 4.8 times was
seen of 1 MB of rows, 4.6 of 1.6; half of it of 30 and of 115 MB, with what is there while it is
written."""
_FIRST_ROWS = 4 * 2**20
_LARGE = 2**26
"""Bytes of rows for which memory matters more than the time that it takes to give some back."""
_POOL = 16 * _LARGE
"""Bytes of memory in which LadybugDB writes rows that are not so large; a seventh would do.

For more rows it takes its own measure, 80 % of what the machine has. Each statement looks through
a queue as long as the pool has pages: a store of few rows takes a third less time so.
"""


def write_store(
    path: Path,
    tables: Tables,
    loads: list[Load],
    files: pa.Table,
    said: pa.Table | None = None,
) -> None:
    """Put a store of these tables at `path`, in one step: the old file or the new one is there.

    The caller holds `store_lock(path)`. `said` is who says of which spec that it is where; None if
    only pages do.

    Raises:
        StoreError: it can't be written, or what was written is not what was given.
    """
    # In a folder, since LadybugDB leaves files of its own beside one that it can't finish.
    folder = path.with_name(f".{path.name}.new")
    new = folder / path.name
    try:
        shutil.rmtree(folder, ignore_errors=True)  # what a killed build left
        folder.mkdir()
        said = SAID.empty_table() if said is None else said
        rows = sum(table.nbytes for table in (said, *tables.by_type().values()))
        large = rows > _LARGE
        reserve(folder / "reserve", room_for(rows))
        if large:
            give_back_memory()  # what reading and joining took
        with errors_of(path, "can't be written, and what was there is as it was: disk full?"):
            _fill(new, tables, loads, files, said, pool=0 if large else _POOL)
        write_columns(new, tables, loads)
        seal(new)
        _check_written(new, path, tables, large=large)
        size = new.stat().st_size
        put_in_place(new, path)
        _LOG.debug("in place, bytes: %d: %s", size, path)
    except OSError as error:
        raise StoreError(f"{path}: can't be written: {error.strerror or error}") from error
    finally:
        clean_up(partial(shutil.rmtree, folder, ignore_errors=True))


def room_for(rows: int) -> int:
    """The bytes of a disk that a store needs at most while it is written, by the bytes of its rows.

    >>> room_for(0), room_for(2**20) > 4.8 * 2**20
    (4194304, True)
    """
    return _RESERVE + 2 * rows + (_MORE_THAN_ROWS - 1) * min(rows, _FIRST_ROWS)


def _fill(
    path: Path, tables: Tables, loads: list[Load], files: pa.Table, said: pa.Table, *, pool: int
) -> None:
    # One checkpoint at the end: after each COPY it takes a fifth of the time of all.
    database = open_database(str(path), buffer_pool_size=pool, auto_checkpoint=False)
    try:
        by_type = tables.by_type()
        types = (create_table(type_, by_type[type_.name].schema) for type_ in all_types())
        created = [*MACROS, _CREATE_LOADS, _CREATE_FILES, _CREATE_SAID, *types]
        _run(database, ";".join(("BEGIN TRANSACTION", *created, "COMMIT")))
        for name, table in by_type.items():
            _copy(database, name, table)
        _copy(database, "GraphCacheFile", files)
        number = pa.array(range(said.num_rows), pa.int64())
        _copy(database, "GraphCacheSaid", said.add_column(0, "number", number))
        for number, load in enumerate(loads):
            values = {"number": number, "format": FORMAT, **asdict(load)}
            setters = ", ".join(f"`{name}`: ${name}" for name in values)
            _run(database, f"CREATE (:GraphCacheLoad {{{setters}}})", values)
        _run(database, "CHECKPOINT")
    finally:
        database.close()


def _run(database: ladybug.Database, statement: str, values: Mapping[str, Any] = {}) -> None:
    import ladybug  # not before it is asked for: a push imports this module, and needs none

    # A connection of its own for each statement: every COPY on one leaks 14 MB until it closes.
    connection = ladybug.Connection(database)
    try:
        interruptible(connection, lambda: connection.execute(statement, dict(values)))
    finally:
        connection.close()


def _copy(database: ladybug.Database, name: str, table: pa.Table) -> None:
    if table.num_rows:
        _run(database, f"COPY {quote(name)} FROM $rows", {"rows": table})
        _LOG.debug("written, rows: %d: %s", table.num_rows, name)


def _check_written(new: Path, path: Path, tables: Tables, *, large: bool) -> None:
    """Hold the finished file against the tables: a full disk has been seen to lose rows quietly."""
    given = tables.by_type()
    try:
        with EmbeddedStore(new) as store:
            lost = []
            for name, found in store.written():
                if large:
                    give_back_memory()  # what the tables before took, and the writing
                if not all(map(partial(_is_whole, name, given[name]), found)):
                    lost.append(name)
    except (StoreError, QueryError) as error:
        raise StoreError(
            f"{path}: the new store can't be read, and the old one was left as it was: "
            f"is the disk full? ({error})"
        ) from error
    if lost:
        raise StoreError(
            f"{path}: {lost[0]} was not written whole, and the old store was left as it was: "
            f"is the disk full?"
        )
    _LOG.debug("read back, and as it was given: %s", new)


def _is_whole(name: str, given: pa.Table, found: pa.Table) -> bool:
    # A number that is none (NaN) is not equal to itself, but has the same digest.
    return found.equals(given) or digest_table(name, found) == digest_table(name, given)
