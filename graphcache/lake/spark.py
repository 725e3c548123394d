"""Apache Spark: the join on a cluster, by the same SQL as DuckDB's.

The driver keeps the list of a lake; workers read and write its files, so it lies where all of them
reach it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from graphcache.errors import LakeError
from graphcache.lake import sql
from graphcache.lake.engines import order_by
from graphcache.lake.lake import WORK
from graphcache.lake.listing import PartFile
from graphcache.lake.places import Place, Sent, check_sizes
from graphcache.lake.sessions import Where, spark_session
from graphcache.lake.tables import TableWriter
from graphcache.schema import EdgeType, NodeType, edge_type, node_type

_TYPES = {"string": "STRING", "int64": "BIGINT", "bool": "BOOLEAN"}
_WRITTEN = "part INT, path STRING, rows BIGINT, bytes BIGINT, sha256 STRING"
_SHARE = 8 * 2**20
"""Bytes of Parquet, which is packed, of which one task takes the rows."""


class Spark:
    """A session, asked for nothing but the files of a lake."""

    dialect = sql.SPARK

    def __init__(self, session: Any, place: Place) -> None:
        self._session = session
        self._place = place
        self._work = f"{WORK}/{uuid.uuid4().hex[:16]}"
        self._size = 0
        for text in self.dialect.functions:
            session.sql(text)

    def view(self, name: str, schema: pa.Schema, files: list[PartFile]) -> None:
        """Call the rows of some files by a name."""
        check_sizes(self._place, files)
        self._share(sum(file.bytes for file in files))
        self._view(name, _columns(schema), [file.path for file in files])

    def _share(self, size: int) -> None:
        """Deal rows out to as many tasks as there are processors, or to more if they are many."""
        self._size = max(self._size, size)
        tasks = max(self._session.sparkContext.defaultParallelism, self._size // _SHARE)
        self._session.conf.set("spark.sql.shuffle.partitions", tasks)

    def _view(self, name: str, columns: Any, paths: list[str]) -> None:
        addresses = [_as_pattern(self._place.spark_path(path)) for path in paths]
        read = self._session.read.schema(columns)
        frame = read.parquet(*addresses) if paths else self._session.createDataFrame([], columns)
        frame.createOrReplaceTempView(name)

    def hold(self, name: str, table: pa.Table) -> None:
        """Call the rows of a small table by a name."""
        self._session.createDataFrame(table, _columns(table.schema)).createOrReplaceTempView(name)

    def make(self, name: str, text: str) -> None:
        """Make a table of what a SELECT gives.

        It goes to files: what a worker that is lost had in memory would have to be made again, and
        of statements that stand on each other Spark would make one that grows without bound.
        """
        frame, path = self._sql(text), f"{self._work}/{name}"
        frame.write.parquet(self._place.spark_path(path))
        self._view(name, frame.schema, [path])

    def close(self) -> None:
        """Remove what was made."""
        self._place.remove_folder(self._work)

    def rows(self, text: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """What a SELECT gives, with values in place of its question marks."""
        return [tuple(row) for row in self._sql(text, values).collect()]

    def sorted_files(self, type_: NodeType | EdgeType, id_: str, text: str) -> list[PartFile]:
        """Write what a SELECT gives as a table, sorted by its key: each task its own files."""
        write = _PartWriter(Sent.of(self._place), id_, type_.name, isinstance(type_, EdgeType))
        rows = self._sql(f"{text} {order_by(type_)}").mapInArrow(write, _WRITTEN).collect()
        files = [PartFile(*row[1:]) for row in sorted(tuple(row) for row in rows)]
        check_shared(self._place, files)
        return files or TableWriter(self._place, id_, type_).close()

    def _sql(self, text: str, values: Iterable[Any] = ()) -> Any:
        return self._session.sql(self.dialect.sql(text), args=list(values))


@dataclass(frozen=True)
class _PartWriter:
    """Writes the rows of a task, which are sorted, and tells the files."""

    place: Sent
    id: str
    type: str
    is_edge: bool

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Write them."""
        type_ = edge_type(self.type) if self.is_edge else node_type(self.type)
        part, attempt = task()
        # What a task wrote that failed has a name of its own, and is not listed.
        writer = TableWriter(self.place.place(), f"{self.id}-{part:05d}-{attempt}", type_)
        for batch in batches:
            writer.take(pa.Table.from_batches([batch]))
        files = [file for file in writer.close() if file.rows]
        yield pa.RecordBatch.from_pydict(
            {
                "part": pa.array([part] * len(files), pa.int32()),
                "path": pa.array([file.path for file in files], pa.string()),
                "rows": pa.array([file.rows for file in files], pa.int64()),
                "bytes": pa.array([file.bytes for file in files], pa.int64()),
                "sha256": pa.array([file.sha256 for file in files], pa.string()),
            }
        )


def check_shared(place: Place, files: list[PartFile]) -> None:
    """See that what workers say that they wrote is here.

    Raises:
        LakeError: it is not, since this is another folder there.
    """
    try:
        check_sizes(place, files)
    except LakeError:
        raise LakeError(
            f"{place.shown}: what workers wrote there is not here: expected a folder that is the "
            f"same on all of their machines and on this one, such as on a shared file system"
        ) from None


def task() -> tuple[int, int]:
    """Which part of the rows the task has that calls this, and the number of its attempt."""
    from pyspark import TaskContext

    context = TaskContext.get()
    assert context is not None  # noqa: S101 - only tasks call this
    return context.partitionId(), context.taskAttemptId()


def _as_pattern(path: str) -> str:
    """A path for Spark to read, of which no sign stands for others."""
    return re.sub(r"[][*?{}\\]", r"\\\g<0>", path)


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f"`{field.name}` {_sql_type(field.type)}" for field in schema)


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"ARRAY<{_sql_type(kind.value_type)}>"
    return _TYPES[str(kind)]


@contextmanager
def spark(place: Place, where: Where) -> Iterator[Spark]:
    """Spark on a cluster, on this machine, or that which `spark-submit` began.

    Raises:
        LakeError: it is not installed, does not begin, or what runs on it fails.
    """
    with spark_session(place.shown, where) as session:
        place.prepare_spark(session)
        engine = Spark(session, place)
        try:
            yield engine
        finally:
            engine.close()
