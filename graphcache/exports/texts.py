"""Rows of text made of whole columns: what the GraphML, JSON, Cypher and CSV exports share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.errors import ExportError
from graphcache.schema import EDGE_TYPES, NODE_TYPES, EdgeType, NodeType
from graphcache.tables import Tables

_BATCH = 10_000
"""Rows held as text at a time: tens of megabytes."""


def tables_by_type(tables: Tables) -> Iterator[tuple[NodeType | EdgeType, pa.Table]]:
    """Every node type with its table, then every edge type with its own."""
    for node_type in NODE_TYPES:
        yield node_type, tables.nodes[node_type.name]
    for edge_type in EDGE_TYPES:
        yield edge_type, tables.edges[edge_type.name]


def properties(type_: NodeType | EdgeType, table: pa.Table) -> list[pa.Field]:
    """The columns that are properties: all but the two ends of an edge.

    >>> from graphcache.schema import edge_type
    >>> in_stack = edge_type("IN_STACK")
    >>> [field.name for field in properties(in_stack, Tables.empty().edges["IN_STACK"])]
    ['releases', 'root']
    """
    ends = ("from", "to") if isinstance(type_, EdgeType) else ()
    return [field for field in table.schema if field.name not in ends]


def batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    """The table in parts that may be held as text."""
    yield from table.combine_chunks().to_batches(max_chunksize=_BATCH)


def on_distinct(column: pa.Array, function: Callable[[Any], str]) -> pa.Array:
    """A text for each value, null for null; the function is called once for values that are alike.

    >>> on_distinct(pa.array(["a", None, "a"]), str.upper).to_pylist()
    ['A', None, 'A']
    """
    codes = column.dictionary_encode()
    made = pa.array([function(value) for value in codes.dictionary.to_pylist()], pa.string())
    return made.take(codes.indices)


def on_items(
    column: pa.Array, function: Callable[[Any], str], separator: str, null: str | None = None
) -> pa.Array:
    """The texts of each list's items joined, null for null; `null` is the text of a null item.

    >>> on_items(pa.array([[1, 2], [], None]), str, "; ").to_pylist()
    ['1; 2', '', None]
    """
    items = on_distinct(column.flatten(), function)
    if null is not None:
        items = pc.fill_null(items, null)
    ends = pc.cumulative_sum(pc.fill_null(pc.list_value_length(column), 0))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    lists = pa.ListArray.from_arrays(offsets, items, mask=column.is_null())
    return pc.binary_join(lists, separator)


def glue(*parts: pa.Array | str) -> pa.Array:
    """The parts row by row as one text, null where one of them is null.

    >>> glue("<", pa.array(["a", None]), ">").to_pylist()
    ['<a>', None]
    """
    return pc.binary_join_element_wise(*parts, "")


def glue_present(*parts: pa.Array | str) -> pa.Array:
    """The parts row by row as one text, without those that are null.

    >>> glue_present("<", pa.array(["a", None]), ">").to_pylist()
    ['<a>', '<>']
    """
    return pc.binary_join_element_wise(*parts, "", null_handling="skip")


def number_text(value: float) -> str:
    """A number as Python, Java and JavaScript all read it.

    >>> [number_text(value) for value in (1.0, 1e-7, float("nan"), float("-inf"))]
    ['1.0', '1e-07', 'NaN', '-Infinity']
    """
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), repr(value))


def refuse_null_items(tables: Tables) -> None:
    """For what Neo4j reads: it stores no list that holds a null.

    Raises:
        ExportError: a list holds one.
    """
    for type_, table in tables_by_type(tables):
        refuse_null_items_in(type_, table)


def refuse_null_items_in(type_: NodeType | EdgeType, table: pa.Table) -> None:
    """As `refuse_null_items`, of one table.

    Raises:
        ExportError: a list holds one.
    """
    for field in properties(type_, table):
        if pa.types.is_list(field.type) and pc.list_flatten(table[field.name]).null_count:
            raise ExportError(
                f"{type_.name}.{field.name}: expected lists without null, which Neo4j can't "
                f"hold, found one with it: take it out, or export to another format"
            )


def refuse_names(
    tables: Tables, refused: Callable[[NodeType | EdgeType, str], bool], why: str
) -> None:
    """For a format that gives some names of properties a meaning of its own.

    Raises:
        ExportError: a property has such a name.
    """
    for type_, table in tables_by_type(tables):
        for field in properties(type_, table):
            if refused(type_, field.name):
                raise ExportError(
                    f"{type_.name}: this format can't hold a property named {field.name!r} "
                    f"({why}): rename it"
                )
