"""Tables as Parquet: each in parts, sorted by key, and the digest of all of them part by part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from graphcache.errors import LakeError
from graphcache.lake.facts import WARNINGS, read_kind
from graphcache.lake.listing import Files, PartFile
from graphcache.lake.places import Place, read_batches, read_part, write_part
from graphcache.records import Report
from graphcache.schema import EdgeType, NodeType, all_types
from graphcache.tables import Tables
from graphcache.tables.columns import (
    arrow_schema,
    conform,
    digest_columns,
    digest_table,
    is_sorted,
    key_columns,
)
from graphcache.tables.tables import digest_of_all

_PART = 64 * 2**20
"""Bytes of rows that become one file."""
_WHOLE = 2**20
"""Bytes of the files of a table that is read at once: a column at a time takes longer for few."""


@dataclass
class TableWriter:
    """Takes the rows of a table in their order, and writes them as files of bounded size."""

    place: Place
    id: str
    type: NodeType | EdgeType
    files: list[PartFile] = field(default_factory=list)
    _waiting: list[pa.Table] = field(default_factory=list)
    _bytes: int = 0
    _last: tuple[str, ...] = ()

    def take(self, rows: pa.Table) -> None:
        """Take more rows.

        Raises:
            LakeError: they are not in order; DuckDB has been seen to give them so.
        """
        rows = conform(rows, self.type)
        self._check_order([rows[name] for name in key_columns(self.type)])
        self._waiting.append(rows)
        self._bytes += rows.nbytes
        if self._bytes >= _PART:
            self._write()

    def _check_order(self, keys: list[Any]) -> None:
        if len(keys[0]):
            first, last = (tuple(key[at].as_py() for key in keys) for at in (0, -1))
            if first < self._last or not is_sorted(keys):
                raise LakeError(f"{self.type.name}: the engine gave rows that are not in order")
            self._last = last

    def close(self) -> list[PartFile]:
        """Write what is left; all files, one at least."""
        if self._bytes or not self.files:
            self._write()
        return self.files

    def _write(self) -> None:
        table = pa.concat_tables([arrow_schema(self.type).empty_table(), *self._waiting])
        name = f"tables/{self.type.name}/{self.id}-{len(self.files):05d}.parquet"
        self.files.append(write_part(self.place, name, table.combine_chunks()))
        self._waiting, self._bytes = [], 0


def write_table(
    place: Place, id_: str, type_: NodeType | EdgeType, batches: Iterable[pa.Table]
) -> list[PartFile]:
    """Write the rows of a table, sorted, as files."""
    writer = TableWriter(place, id_, type_)
    for batch in batches:
        writer.take(batch)
    return writer.close()


def write_tables(place: Place, id_: str, tables: Tables) -> Files:
    """Write a graph that is in memory."""
    of = tables.by_type()
    return {t.name: write_table(place, id_, t, slices(of[t.name])) for t in all_types()}


def slices(table: pa.Table) -> Iterator[pa.Table]:
    """A table as parts of bounded size."""
    parts = max(table.nbytes // _PART, 1)
    rows = -(-table.num_rows // parts) or 1
    for start in range(0, table.num_rows, rows):
        yield table.slice(start, rows)


def read_tables(place: Place, files: Files) -> Tables:
    """The graph, in memory.

    Raises:
        LakeError: a file is lost or damaged.
    """
    return Tables.of(lambda type_: read_table(place, files, type_))


def read_table(place: Place, files: Files, type_: NodeType | EdgeType) -> pa.Table:
    """One table, in memory."""
    parts = [conform(read_part(place, file), type_) for file in files[type_.name]]
    return pa.concat_tables([arrow_schema(type_).empty_table(), *parts]).combine_chunks()


def digest(place: Place, files: Files) -> str:
    """The digest that a store of these tables has; a column of a file is in memory at a time.

    Raises:
        LakeError: a file is lost or damaged.
    """
    return digest_of_all({t.name: _digest_table(place, t, files[t.name]) for t in all_types()})


def _digest_table(place: Place, type_: NodeType | EdgeType, files: list[PartFile]) -> str:
    if sum(file.bytes for file in files) <= _WHOLE:
        return digest_table(type_.name, read_table(place, {type_.name: files}, type_))
    schema = arrow_schema(type_)
    rows = sum(file.rows for file in files)

    def chunks(column: str) -> Iterator[Any]:
        for file in files:
            for chunk in read_batches(place, file, column):
                yield chunk.cast(schema.field(column).type)

    return digest_columns(type_.name, rows, schema, chunks)


def write_warnings(place: Place, id_: str, report: Report) -> list[PartFile]:
    """What joining warned of."""
    texts = list(report.warnings)
    table = pa.table([texts, [report.warnings[text] for text in texts]], schema=WARNINGS)
    return [write_part(place, f"tables/warning/{id_}.parquet", table)]


def read_warnings(place: Place, files: list[PartFile]) -> dict[str, int]:
    """What `write_warnings` was given."""
    rows = read_kind(place, "warning", files)
    return dict(zip(rows["warning"].to_pylist(), rows["count"].to_pylist(), strict=True))
