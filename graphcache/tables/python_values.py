"""Columns as Python objects, and rows as dicts: where a graph leaves Arrow, by whole columns.

What stands in a column many times is made once: names are shared, and of a list there are copies,
since whoever has one may change it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, repeat
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.tables.columns import distinct_lists, flat

_LOOKED_AT = 1_000
"""Rows by which it is guessed whether the others repeat them."""
_REPEATED = 4
"""How many times as many rows as distinct values make it worth to find these."""


def row_dicts(
    table: pa.Table, defaults: Mapping[str, Sequence[Any]] = {}
) -> Iterator[dict[str, Any]]:
    """Each row as a dict without nulls; `defaults` are columns before, for rows without their own.

    >>> list(row_dicts(pa.table({"a": [1, None], "b": [["x"], []]})))
    [{'a': 1, 'b': ['x']}, {'b': []}]
    >>> list(row_dicts(pa.table({"a": [1, None], "b": [3, 4]}), {"a": [8, 9]}))
    [{'a': 1, 'b': 3}, {'a': 9, 'b': 4}]
    """
    columns = dict(defaults)
    for name in table.column_names:
        if table[name].null_count < table.num_rows:
            values = python_values(table[name])
            if name in columns:
                pairs = zip(columns[name], values, strict=True)
                values = [default if value is None else value for default, value in pairs]
            columns[name] = values
    if any(table[name].null_count for name in columns.keys() & set(table.column_names)):
        rows = zip(*columns.values(), strict=True)
        return ({k: v for k, v in zip(columns, row, strict=True) if v is not None} for row in rows)
    return _dicts(columns, table.num_rows)


def _dicts(columns: Mapping[str, Sequence[Any]], count: int) -> Iterator[dict[str, Any]]:
    """The rows of columns that are all there; those of edges are one or two, which are quicker."""
    match list(columns.items()):
        case []:
            return ({} for _ in range(count))
        case [(name, values)]:
            return ({name: value} for value in values)
        case [(one, first), (other, second)]:
            return ({one: a, other: b} for a, b in zip(first, second, strict=True))
    return map(dict, map(zip, repeat(tuple(columns)), zip(*columns.values(), strict=True)))


def python_values(column: pa.ChunkedArray) -> list[Any]:
    """The column's values as Python objects; null is None.

    >>> python_values(pa.chunked_array([[["x", "y"], None, []]]))
    [['x', 'y'], None, []]
    """
    array = flat(column)
    if pa.types.is_list(array.type):
        return _lists(array)
    if pa.types.is_string(array.type):
        return _texts(array)
    return list(array.to_pylist())


def _texts(array: pa.Array) -> list[str | None]:
    few = pc.count_distinct(array.slice(0, _LOOKED_AT)).as_py() * _REPEATED
    if few > min(len(array), _LOOKED_AT):
        return list(array.to_pylist())
    encoded = array.dictionary_encode()
    texts = [*encoded.dictionary.to_pylist(), None]
    return [texts[code] for code in pc.fill_null(encoded.indices, -1).to_pylist()]


def _lists(array: pa.Array) -> list[list[Any] | None]:
    """Lists by slicing, which is quicker than by Arrow; those that repeat by copying."""
    if pa.types.is_string(array.type.value_type):
        encoded = distinct_lists(array)
        if encoded is not None and len(encoded.dictionary) * _REPEATED <= len(array):
            lists: list[list[str]] = encoded.dictionary.to_pylist()
            codes = encoded.indices.to_pylist()
            return [None if code is None else lists[code][:] for code in codes]
    values, ends = python_values(array.values), array.offsets.to_pylist()
    found = [values[start:end] for start, end in pairwise(ends)]
    if not array.null_count:
        return [*found]
    valid = array.is_valid().to_pylist()
    return [value if ok else None for value, ok in zip(found, valid, strict=True)]
