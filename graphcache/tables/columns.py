"""Arrow columns: the tables' schemas, derived from the declaration, and work on whole columns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.schema import EdgeType, NodeType

SEPARATOR = "\x1f"
"""Joins texts to one that stands for a list; no text of a record holds this character."""

ARROW_TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "list of text": pa.list_(pa.string()),
    # What a script may add to a graph besides:
    "number": pa.float64(),
    "list of integers": pa.list_(pa.int64()),
    "list of numbers": pa.list_(pa.float64()),
}
"""Property types by name, those of the declaration first."""

_DIGEST_FORM = b"graphcache tables 1\n"


def arrow_schema(type_: NodeType | EdgeType) -> pa.Schema:
    """The columns of a type's table; an edge table begins with the keys of its two ends.

    >>> from graphcache.schema import edge_type
    >>> arrow_schema(edge_type("BUILT_WITH")).names
    ['from', 'to', 'languages']
    """
    ends = [("from", pa.string()), ("to", pa.string())] if isinstance(type_, EdgeType) else []
    return pa.schema([*ends, *((p.name, ARROW_TYPES[p.type]) for p in type_.properties)])


def key_columns(type_: NodeType | EdgeType) -> list[str]:
    """The columns by which a type's table is sorted, and in which no two rows are alike."""
    return ["from", "to"] if isinstance(type_, EdgeType) else [type_.key]


def conform(table: pa.Table, type_: NodeType | EdgeType) -> pa.Table:
    """The table with the type's columns in order (null where it has none), then others by name."""
    schema = arrow_schema(type_)
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    extras = sorted(set(table.column_names) - set(schema.names))
    fields = [*schema, *(pa.field(name, table.schema.field(name).type) for name in extras)]
    return pa.table([*columns, *(table[name] for name in extras)], schema=pa.schema(fields))


def sort_table(table: pa.Table, type_: NodeType | EdgeType) -> pa.Table:
    """The rows in the order of their keys; a store often gives them so already."""
    keys = [table[name] for name in key_columns(type_)]
    if is_sorted(keys):
        return table
    return table.sort_by([(name, "ascending") for name in key_columns(type_)])


def is_sorted(keys: list[Any]) -> bool:
    """Whether the columns rise from row to row, the later ones where those before are equal.

    >>> is_sorted([pa.chunked_array([["a", "a", "b"]]), pa.chunked_array([["x", "y", "x"]])])
    True
    """
    rises: Any = True
    for key in reversed(keys):
        before, after = key.slice(0, max(len(key) - 1, 0)), key.slice(1)
        rises = pc.or_(pc.less(before, after), pc.and_(pc.equal(before, after), rises))
    return bool(pc.all(rises).as_py())


def extra_columns(table: pa.Table, type_: NodeType | EdgeType) -> list[str]:
    """The columns that the declaration does not have: what a script added."""
    return [name for name in table.column_names if name not in arrow_schema(type_).names]


def property_type(arrow_type: pa.DataType) -> str:
    """The name of a column's property type; KeyError if a column can't have the type.

    >>> property_type(pa.list_(pa.string()))
    'list of text'
    """
    for name, known in ARROW_TYPES.items():
        if known.equals(arrow_type):
            return name
    raise KeyError(str(arrow_type))


def digest_table(name: str, table: pa.Table) -> str:
    """A SHA-256 of a table's content, the same for any chunking and any version of Arrow.

    Fed in: name, number of rows, then of each column its name, its type and its values: of a text
    or list column all lengths (int32, -1 for null), then all content; of another a byte a value
    that is 1 for null, then the values, little endian, null as 0.
    """
    digest = hashlib.sha256(_DIGEST_FORM + f"{name} {table.num_rows}\n".encode())
    for column, field in zip(table.columns, table.schema, strict=True):
        digest.update(f"\n{field.name} {property_type(field.type)}\n".encode())
        _feed(digest, column.chunks)
    return digest.hexdigest()


def _feed(digest: Any, chunks: Iterable[pa.Array]) -> None:
    chunks = list(chunks)
    if not chunks:
        return
    kind = chunks[0].type
    if pa.types.is_list(kind):
        for chunk in chunks:
            _feed_fixed(digest, pc.fill_null(pc.list_value_length(chunk), -1))
        _feed(digest, [pc.list_flatten(chunk) for chunk in chunks])
    elif pa.types.is_string(kind):
        for chunk in chunks:
            _feed_fixed(digest, pc.fill_null(pc.binary_length(chunk), -1))
        for chunk in chunks:
            _feed_text(digest, pc.fill_null(chunk, ""))
    else:
        zero: Any = False if pa.types.is_boolean(kind) else 0
        for chunk in chunks:
            _feed_fixed(digest, pc.is_null(chunk).cast(pa.int8()))
        for chunk in chunks:
            filled = pc.fill_null(chunk, zero)
            _feed_fixed(digest, filled.cast(pa.int8()) if zero is False else filled)


def _feed_fixed(digest: Any, array: pa.Array) -> None:
    if len(array):
        width = array.type.bit_width // 8
        start = array.offset * width
        digest.update(memoryview(array.buffers()[1])[start : start + len(array) * width])


def _feed_text(digest: Any, array: pa.Array) -> None:
    if len(array):
        _, offsets, content = array.buffers()
        ends = memoryview(offsets).cast("i")
        start, stop = ends[array.offset], ends[array.offset + len(array)]
        if stop > start:
            digest.update(memoryview(content)[start:stop])


def sorted_unique(column: Any) -> pa.Array:
    """The distinct values that are not null, sorted."""
    unique = pc.drop_null(pc.unique(column))
    return unique.take(pc.sort_indices(unique))
