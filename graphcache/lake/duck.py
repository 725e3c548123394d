"""DuckDB: the join and the questions on one machine, in bounded memory."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from graphcache.errors import LakeError, UsageError
from graphcache.lake import sql
from graphcache.lake.bucket_places import BucketPlace
from graphcache.lake.listing import PartFile
from graphcache.lake.places import Place, check_sizes
from graphcache.lake.tables import write_table
from graphcache.schema import EdgeType, NodeType
from graphcache.stores.logs import outline

_LOG = logging.getLogger(__name__)

_ROWS = 100_000
"""Rows of a result in memory at a time."""
SPILL = ".graphcache-lake-spill-"
"""How the folder begins to which DuckDB writes what does not fit; it is removed at the end."""

_NOT_READ = re.compile(
    r"IOError: (?:Could not open Parquet input source '<Buffer>': )?(.*?)\. Detail: Python "
)
"""What of DuckDB's words is ours, where an object of a bucket could not be read."""


class DuckDB:
    """A connection of its own, to nothing but the files of a lake."""

    def __init__(self, connection: Any, place: Place) -> None:
        self._connection = connection
        self._place = place
        for text in sql.FUNCTIONS:  # not by `_run`: brackets in them are lists, no names
            _log(text)
            connection.execute(text)

    def view(self, name: str, schema: pa.Schema, files: list[PartFile]) -> None:
        """Call the rows of some files by a name."""
        check_sizes(self._place, files)
        if not files:
            self.hold(name, schema.empty_table())
        elif isinstance(self._place, BucketPlace):  # DuckDB would have to download what reads it
            self._connection.register(name, self._place.dataset(schema, files))
        else:
            paths = [self._place.path(file.path) for file in files]
            self._connection.read_parquet(paths).create_view(name, replace=True)

    def hold(self, name: str, table: pa.Table) -> None:
        """Call the rows of a small table by a name."""
        self._connection.register(name, table)

    def make(self, name: str, text: str) -> None:
        """Make a table of what a SELECT gives."""
        self._run(f"CREATE OR REPLACE TABLE {name} AS {text}")

    def insert(self, name: str, text: str) -> None:
        """Add to a table what a SELECT gives."""
        self._run(f"INSERT INTO {name} {text}")

    def rows(self, text: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """What a SELECT gives, with values in place of its question marks."""
        found: list[tuple[Any, ...]] = self._run(text, values).fetchall()
        return found

    def table(self, text: str, values: Iterable[Any] = ()) -> pa.Table:
        """What a SELECT gives, as columns."""
        reader = self._reader(text, values)
        return pa.Table.from_batches(list(reader), reader.schema)

    def sorted_files(self, type_: NodeType | EdgeType, id_: str, text: str) -> list[PartFile]:
        """Write what a SELECT gives as a table, sorted by its key."""
        reader = self._reader(f"{text} {sql.order_by(type_)}")
        batches = (pa.Table.from_batches([batch]) for batch in reader)
        return write_table(self._place, id_, type_, batches)

    def _reader(self, text: str, values: Iterable[Any] = ()) -> Any:
        _log(text)
        return self._connection.sql(sql.quoted(text), params=list(values)).to_arrow_reader(_ROWS)

    def _run(self, text: str, values: Iterable[Any] = ()) -> Any:
        _log(text)
        return self._connection.execute(sql.quoted(text), list(values))


def _log(text: str) -> None:
    """Log a statement before it is sent, since rows come when they are asked for."""
    if _LOG.isEnabledFor(logging.DEBUG):
        _LOG.debug("sent: %s", outline(text))


@contextmanager
def duckdb(place: Place, memory: str) -> Iterator[DuckDB]:
    """DuckDB in so much memory: what needs more is written to a folder beside the lake.

    Raises:
        LakeError: it is not installed; or there is no room for what it writes, or too little
            memory.
        UsageError: `memory` is no size.
    """
    engine = _imported()
    folder = place.root if place.is_local else None
    with TemporaryDirectory(prefix=SPILL, dir=folder, ignore_cleanup_errors=True) as spill:
        settings = {
            "memory_limit": memory,
            "temp_directory": f"{spill}/spill",
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        with _in_our_words(engine, place, memory):
            try:
                connection = engine.connect(f"{spill}/work.duckdb", config=settings)
            except (engine.ParserException, engine.InvalidInputException):
                raise UsageError(f"memory {memory!r}: expected a size, such as 4GB") from None
            with closing(connection):
                yield DuckDB(connection, place)


@contextmanager
def _in_our_words(engine: Any, place: Place, memory: str) -> Iterator[None]:
    """DuckDB's errors, of which the first line says what is the matter."""
    try:
        yield
    except engine.OutOfMemoryException:
        raise LakeError(
            f"{place.shown}: {memory} of memory and the room on its disk are too little for "
            f"DuckDB: give it more by --memory, or make room; what was there is unchanged"
        ) from None
    except engine.Error as error:
        read = _NOT_READ.search(str(error))
        why = read[1] if read else f"DuckDB: {str(error).splitlines()[0]}"
        raise LakeError(f"{place.shown}: {why}; what was there is unchanged") from error


def _imported() -> Any:
    try:
        import duckdb as engine
    except ImportError:
        raise LakeError(
            "DuckDB is not installed: python -m pip install 'graphcache[lake]'"
        ) from None
    return engine


def is_installed() -> bool:
    """Whether DuckDB can be imported."""
    from importlib.util import find_spec

    return find_spec("duckdb") is not None
