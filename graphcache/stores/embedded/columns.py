"""The graph once more as Arrow's columns, behind LadybugDB's pages and below the same seal.

To read 891,403 dependencies with their lists takes LadybugDB a second, and a tenth from here. As
they lie in the same file, one rename replaces both; LadybugDB does not read behind its pages. Who
asks in Cypher asks LadybugDB; a store without these columns is read from there as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from graphcache.schema import EdgeType, NodeType, all_types, node_type
from graphcache.stores.base import Load
from graphcache.stores.embedded.offsets import Edges
from graphcache.stores.embedded.places import FORMAT
from graphcache.stores.embedded.seal import SEAL_LENGTH
from graphcache.tables import Tables
from graphcache.tables.arrays import numbers
from graphcache.tables.columns import conform, distinct_lists, flat, places_of_sorted, property_type

_MARK = b"\ngraphcache columns and loads, listed at: "
_WIDTH = 20
_FOOTER = len(_MARK) + _WIDTH
_ALIGNED = 64
_REPEATED = 4
"""How many times as many rows as distinct values make it worth to write each of these once."""
_LOOKED_AT = 1_000
_ENDS = ("from", "to")


class _Place(Struct):
    """Where a table ends in the file, and how many rows it has."""

    end: int
    rows: int


class _Listing(Struct):
    """What stands behind the tables: the form of the store, its loads, and where each table is."""

    format: int
    loads: list[Load]
    tables: dict[str, _Place]


def write_columns(path: Path, tables: Tables, loads: list[Load]) -> None:
    """Put the columns of all tables, and the loads, at the end of a file that has no seal yet."""
    with pa.OSFile(str(path), "ab") as file:
        at = path.stat().st_size
        places: dict[str, _Place] = {}
        for type_ in all_types():
            # At least a byte, since Arrow knows where it is in the file only when it has written.
            file.write(bytes(_ALIGNED - at % _ALIGNED))
            table = _packed(type_, tables)
            with pa.ipc.new_file(file, table.schema) as out:
                out.write_table(table)
            at = file.tell()
            places[type_.name] = _Place(at, table.num_rows)
        listed = msgspec.json.encode(_Listing(FORMAT, loads, places))
        file.write(listed + _MARK + b"%0*d" % (_WIDTH, at))


def open_columns(path: str) -> Columns | None:
    """The columns at the end of a file that is sealed; None if there are none."""
    file = pa.OSFile(path, "rb")
    end = file.size() - SEAL_LENGTH - _FOOTER
    footer = file.read_at(_FOOTER, end) if end > 0 else b""
    if not footer.startswith(_MARK):
        file.close()
        return None
    place = int(footer[len(_MARK) :])
    listing = msgspec.json.decode(file.read_at(end - place, place), type=_Listing)
    return Columns(file, listing)


class Columns:
    """Tables of a store, read column by column.

    Attributes:
        format: the form of the store that they are in.
        loads: what it went through, the first one first.
    """

    def __init__(self, file: Any, listing: _Listing) -> None:
        self.format = listing.format
        self.loads = listing.loads
        self._file = file
        self._places = listing.tables
        self._schemas: dict[str, pa.Schema] = {}
        self._keys: dict[str, pa.Array] = {}

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def names(self, type_: NodeType | EdgeType) -> dict[str, str]:
        """The properties of a type, with their types."""
        fields = (field for field in self._schema(type_) if field.name not in _ENDS)
        return {field.name: property_type(_unpacked_type(field.type)) for field in fields}

    def count(self, type_: NodeType | EdgeType) -> int:
        """How many nodes or edges of a type there are."""
        return self._places[type_.name].rows

    def nodes(self, type_: NodeType, names: list[str]) -> pa.Table:
        """The nodes of a type with some of their properties, sorted by key."""
        return conform(self._read(type_, names), type_)

    def edges(self, type_: EdgeType, names: list[str]) -> Edges:
        """The edges of a type with some of their properties, sorted by key."""
        read = self._read(type_, [*_ENDS, *names])
        start, end = (flat(read[name]) for name in _ENDS)
        keys = {
            "from": self._keys_of(type_.start).take(start),
            "to": self._keys_of(type_.end).take(end),
        }
        table = pa.table(keys | {name: read[name] for name in names})
        starts, ends = (numbers(at).astype(np.int64) for at in (start, end))
        return Edges(conform(table, type_), starts, ends)

    def _keys_of(self, type_name: str) -> pa.Array:
        if type_name not in self._keys:
            type_ = node_type(type_name)
            self._keys[type_name] = flat(self._read(type_, [type_.key])[type_.key])
        return self._keys[type_name]

    def _read(self, type_: NodeType | EdgeType, names: list[str]) -> pa.Table:
        schema = self._schema(type_)
        chosen = [schema.get_field_index(name) for name in names]
        table = self._open(type_, included_fields=chosen).read_all()
        return pa.table({name: _unpacked(flat(table[name])) for name in names})

    def _schema(self, type_: NodeType | EdgeType) -> pa.Schema:
        if type_.name not in self._schemas:
            self._schemas[type_.name] = self._open(type_).schema
        return self._schemas[type_.name]

    def _open(self, type_: NodeType | EdgeType, **options: Any) -> Any:
        read = pa.ipc.IpcReadOptions(use_threads=False, **options)
        return pa.ipc.open_file(self._file, self._places[type_.name].end, options=read)


def _packed(type_: NodeType | EdgeType, tables: Tables) -> pa.Table:
    """A table as it is written: what repeats once, and the ends of edges as positions of nodes."""
    table = tables.by_type()[type_.name]
    columns = {name: _packed_column(flat(table[name])) for name in table.column_names}
    if isinstance(type_, EdgeType):
        starts, ends = (
            flat(tables.nodes[of][node_type(of).key]) for of in (type_.start, type_.end)
        )
        columns["from"] = places_of_sorted(table["from"], starts)
        columns["to"] = pc.index_in(flat(table["to"]), ends)
    return pa.table(columns)


def _packed_column(column: pa.Array) -> pa.Array:
    encoded = None
    if column.type == pa.string() and _may_repeat(column):
        encoded = column.dictionary_encode()
    elif column.type == pa.list_(pa.string()):
        encoded = distinct_lists(column)
    repeats = encoded is not None and 0 < len(encoded.dictionary) * _REPEATED <= len(column)
    return encoded if repeats else column


def _may_repeat(column: pa.Array) -> bool:
    """Whether so few of the first texts differ that the others may repeat them."""
    first = column.slice(0, _LOOKED_AT)
    return len(pc.unique(first)) * _REPEATED <= len(first)


def _unpacked(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return column.dictionary.take(column.indices)
    return column


def _unpacked_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
