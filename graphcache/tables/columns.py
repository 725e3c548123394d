"""Arrow columns: the tables' schemas, derived from the declaration, and work on whole columns."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.schema import EdgeType, NodeType
from graphcache.tables.arrays import distinct, numbers

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

FACT_TYPES: dict[str, pa.DataType] = {**ARROW_TYPES, "list of text": pa.string()}
"""The types of properties in facts, where a list is one text, joined by `SEPARATOR`."""

_DIGEST_FORM = b"graphcache tables 1\n"


def arrow_schema(type_: NodeType | EdgeType) -> pa.Schema:
    """The columns of a type's table; an edge table begins with the keys of its two ends.

    >>> from graphcache.schema import edge_type
    >>> arrow_schema(edge_type("BUILT_WITH")).names
    ['from', 'to', 'languages']
    """
    ends = [("from", pa.string()), ("to", pa.string())] if isinstance(type_, EdgeType) else []
    return pa.schema([*ends, *((p.name, ARROW_TYPES[p.type]) for p in type_.properties)])


def said_columns(type_: NodeType | EdgeType) -> list[tuple[str, pa.DataType]]:
    """The columns of facts that hold what sources say of a type: all that is not computed.

    >>> from graphcache.schema import edge_type
    >>> said_columns(edge_type("IN_RELEASE"))
    [('root', DataType(bool))]
    """
    return [(p.name, FACT_TYPES[p.type]) for p in type_.properties if not p.computed]


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
    return bool(pc.all(rises, min_count=0).as_py())


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
    or list column all lengths (int32, -1 for null), then all content; of another one byte per value
    that is 1 for null, then the values, little endian, null as 0.
    """
    return digest_columns(name, table.num_rows, table.schema, lambda column: table[column].chunks)


def digest_columns(
    name: str, rows: int, schema: pa.Schema, chunks: Callable[[str], Iterable[pa.Array]]
) -> str:
    """What `digest_table` gives, of a table that need not be in memory.

    `chunks` gives those of a column from the first one on, each time that it is called.
    """
    digest = hashlib.sha256(_DIGEST_FORM + f"{name} {rows}\n".encode())
    for field in schema:
        digest.update(f"\n{field.name} {property_type(field.type)}\n".encode())
        _feed(digest, field.type, partial(chunks, field.name))
    return digest.hexdigest()


def _feed(digest: Any, kind: pa.DataType, chunks: Callable[[], Iterable[pa.Array]]) -> None:
    if pa.types.is_list(kind):
        for chunk in chunks():
            _feed_fixed(digest, pc.fill_null(pc.list_value_length(chunk), -1))
        _feed(digest, kind.value_type, lambda: map(pc.list_flatten, chunks()))
    elif pa.types.is_string(kind):
        for chunk in chunks():
            _feed_fixed(digest, pc.fill_null(pc.binary_length(chunk), -1))
        for chunk in chunks():
            _feed_text(digest, pc.fill_null(chunk, ""))
    else:
        zero: Any = False if pa.types.is_boolean(kind) else 0
        for chunk in chunks():
            _feed_fixed(digest, pc.is_null(chunk).cast(pa.int8()))
        for chunk in chunks():
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


def row_keys(table: pa.Table, type_: NodeType | EdgeType) -> pa.Array:
    """One text per row that stands for its key."""
    return joined_texts(*(table[name] for name in key_columns(type_)))


def joined_texts(*columns: Any) -> pa.Array:
    r"""One text per row that stands for its texts in several columns; null where one of them is.

    >>> joined_texts(pa.array(["a", None]), pa.array(["b", "c"])).to_pylist()
    ['a\x1fb', None]
    """
    return flat(pc.binary_join_element_wise(*columns, SEPARATOR))


def joined_codes(first: Any, second: Any, width: int) -> Any:
    """One integer per row that stands for a pair of positions, the second one below `width`.

    Integers are quicker to sort and to group than pairs of texts; `split_codes` is the way back.

    >>> joined_codes(pa.array([0, 2]), pa.array([1, 0]), 3).to_pylist()
    [1, 6]
    """
    return pc.add(pc.multiply(first.cast(pa.int64()), width), second.cast(pa.int64()))


def split_codes(codes: Any, width: int) -> tuple[Any, Any]:
    """The positions for which `joined_codes` made one integer.

    >>> [column.to_pylist() for column in split_codes(pa.array([1, 6]), 3)]
    [[0, 2], [1, 0]]
    """
    first = pc.divide(codes, max(width, 1))
    return first, pc.subtract(codes, pc.multiply(first, width))


def look_up(keys: Any, known: Any, values: Any) -> Any:
    """For each key the value in the row where `known` has it; null where it has it nowhere.

    >>> look_up(pa.array(["b", "x"]), pa.array(["a", "b"]), pa.array([1, 2])).to_pylist()
    [2, None]
    """
    return values.take(pc.index_in(keys, flat(known)))


def map_unique(column: Any, function: Callable[[Any], Any], type_: pa.DataType) -> Any:
    """The function applied to each distinct value of a column; null stays null."""
    encoded = flat(column).dictionary_encode()
    values = [
        None if value is None else function(value) for value in encoded.dictionary.to_pylist()
    ]
    return pa.array(values, type_).take(encoded.indices)


def distinct_lists(column: pa.ListArray) -> pa.DictionaryArray | None:
    """Lists of texts as codes of those that differ; None where joined texts can't stand for them.

    >>> distinct_lists(pa.array([["x", "y"], [], ["x", "y"]])).indices.to_pylist()
    [0, 1, 0]
    """
    texts = pc.unique(column.flatten())
    if texts.null_count or any(not text or SEPARATOR in text for text in texts.to_pylist()):
        return None
    codes = pc.binary_join(column, SEPARATOR).dictionary_encode()
    known = numbers(codes.indices.drop_null())
    rows = np.flatnonzero(numbers(codes.is_valid().cast(pa.uint8())))
    first = np.zeros(len(codes.dictionary), np.int64)
    first[known[::-1]] = rows[::-1]
    return pa.DictionaryArray.from_arrays(codes.indices, column.take(pa.array(first)))


def semi_join(table: pa.Table, column: Any, keys: Any) -> pa.Table:
    """The rows of a table whose value in the column, of as many rows, is among the keys.

    >>> table = pa.table({"x": ["a", "b"]})
    >>> semi_join(table, table["x"], pa.array(["b"])).to_pylist()
    [{'x': 'b'}]
    """
    return table.filter(pc.is_in(column, flat(keys)))


def anti_join(table: pa.Table, column: Any, keys: Any) -> pa.Table:
    """The rows of a table whose value in the column, of as many rows, is not among the keys.

    >>> table = pa.table({"x": ["a", "b", None]})
    >>> anti_join(table, table["x"], pa.array(["b"])).to_pylist()
    [{'x': 'a'}, {'x': None}]
    """
    return table.filter(pc.invert(pc.is_in(column, flat(keys))))


def first_of_runs(values: pa.Array) -> pa.Array:
    """Where values differ from those before them; of any type, and none of them null.

    >>> first_of_runs(pa.array(["a", "a", "c"])).to_pylist()
    [True, False, True]
    """
    first = pa.array([True] * min(len(values), 1), pa.bool_())
    return pa.concat_arrays([first, pc.not_equal(values[1:], values[:-1])])


def places_of_sorted(values: Any, keys: pa.Array) -> pa.Array:
    """Where each value stands among the keys; both are sorted, and keys stand there once.

    A value that repeats the one before it is not looked for again, and none where all keys are
    there: to look for a million texts among as many takes Arrow a second.

    >>> places_of_sorted(pa.array(["a", "a", "c"]), pa.array(["a", "b", "c"])).to_pylist()
    [0, 0, 2]
    """
    values = flat(values)
    is_first = first_of_runs(values)
    runs = values.filter(is_first)
    found = (
        pa.array(np.arange(len(keys), dtype=np.int32))
        if runs.equals(keys)
        else pc.index_in(runs, keys)
    )
    if len(runs) == len(values):
        return found
    of_run = pc.subtract(pc.cumulative_sum(is_first.cast(pa.int32())), 1)
    return found.take(of_run)


def flat(column: Any) -> pa.Array:
    """The column in one piece, as Arrow wants it where values are looked up."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def sorted_unique(column: Any) -> pa.Array:
    """The distinct values that are not null, sorted."""
    if pa.types.is_integer(column.type):
        return pa.array(distinct(numbers(flat(column.drop_null()))))
    unique = pc.drop_null(pc.unique(column))
    return unique.take(pc.sort_indices(unique))


def split_texts(joined: str) -> list[str]:
    """The texts that `SEPARATOR` joins.

    >>> split_texts(f"build{SEPARATOR}link"), split_texts("")
    (['build', 'link'], [])
    """
    return joined.split(SEPARATOR) if joined else []


def united(said: pa.ListArray) -> pa.Array:
    """Of each list of joined texts the union, joined; most lists have but one."""
    several = pc.greater(pc.list_value_length(said), 1)
    first = pc.list_element(said, 0)
    unions = [_union(texts) for texts in said.filter(several).to_pylist()]
    return pc.replace_with_mask(first, several, pa.array(unions, pa.string()))


def _union(texts: list[str | None]) -> str | None:
    known = [split_texts(text) for text in texts if text is not None]
    return SEPARATOR.join(sorted(set().union(*known))) if known else None
