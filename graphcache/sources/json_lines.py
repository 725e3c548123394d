"""Lines of JSON to columns by Arrow's reader, which takes them or leaves it in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.json

from graphcache.tables.arrays import numbers


class Doubt(Exception):
    """What is read here is not in order throughout: it is read the careful way."""


def require(holds: Any) -> None:
    """Doubt, unless it holds."""
    if not holds:
        raise Doubt


def read_lines(lines: Sequence[tuple[int, bytes]], schema: pa.Schema) -> tuple[pa.Array, pa.Array]:
    """The numbers of the lines, and the list that stands on each: the two columns of a schema.

    A line says its number, so that no text in a list can add another line. Keys that the schema
    has not, or that stand twice, are refused by Arrow.

    Raises:
        Doubt: a list is not as the schema says, or there are others than these.

    >>> schema = pa.schema([("line", pa.int32()), ("names", pa.list_(pa.string()))])
    >>> numbers, lists = read_lines([(7, b'["a","b"]'), (9, b"[]")], schema)
    >>> numbers.to_pylist(), lists.to_pylist()
    ([7, 9], [['a', 'b'], []])
    """
    form = b'{"%b":%%d,"%b":%%b}\n' % tuple(name.encode() for name in schema.names)
    text = b"".join([form % line for line in lines])
    try:
        table = pa.json.read_json(
            pa.BufferReader(text),
            pa.json.ReadOptions(use_threads=False, block_size=len(text) + 1),
            pa.json.ParseOptions(schema, unexpected_field_behavior="error"),
        )
    except (pa.ArrowException, OverflowError) as error:
        raise Doubt from error
    require(all(column.num_chunks == 1 for column in table.columns))
    number, lists = (column.chunk(0) for column in table.columns)
    require(number.null_count == lists.null_count == 0)
    require(np.array_equal(numbers(number), [given for given, _ in lines]))
    return number, lists
