"""JSON in networkx's node-link form: what `nx.node_link_graph(data, edges="edges")` reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from graphcache.exports.texts import (
    batches,
    glue,
    glue_present,
    on_distinct,
    on_items,
    properties,
    refuse_names,
)
from graphcache.schema import EDGE_TYPES, NODE_TYPES, EdgeType, NodeType
from graphcache.tables import Tables

_NODE_NAMES = ("id", "type")
_EDGE_NAMES = ("source", "target", "key")


def write(tables: Tables, path: Path) -> None:
    """Write the file: the nodes and edges of `Tables.to_networkx`, one per line.

    Raises:
        ExportError: a property has the name of a member that the form itself has.

    >>> import networkx as nx
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write(Tables.empty(), Path(folder) / "graph.json")
    ...     text = (Path(folder) / "graph.json").read_text()
    >>> nx.node_link_graph(msgspec.json.decode(text), edges="edges").number_of_nodes()
    0
    """
    refuse_names(tables, _is_taken, "node-link JSON gives it another meaning")
    nodes = (row for type_ in NODE_TYPES for row in _nodes(type_, tables.nodes[type_.name]))
    edges = (row for type_ in EDGE_TYPES for row in _edges(type_, tables.edges[type_.name]))
    with path.open("wb") as file:
        file.write(b'{"directed": true, "multigraph": true, "graph": {}, "nodes": [')
        for part in _list(nodes):
            file.write(part)
        file.write(b'\n], "edges": [')
        for part in _list(edges):
            file.write(part)
        file.write(b"\n]}\n")


def _is_taken(type_: NodeType | EdgeType, name: str) -> bool:
    return name in (_EDGE_NAMES if isinstance(type_, EdgeType) else _NODE_NAMES)


def _list(parts: Iterator[pa.Array]) -> Iterator[bytes]:
    """Rows as items of a JSON list, one per line."""
    start = "\n"
    for rows in parts:
        yield (start + ",\n".join(rows.to_pylist())).encode()
        start = ",\n"


def _nodes(type_: NodeType, table: pa.Table) -> Iterator[pa.Array]:
    name = _text(type_.name)
    for batch in batches(table):
        keys = on_distinct(batch[type_.key], _text)
        start = glue(f'{{"id": [{name}, ', keys, f'], "type": {name}')
        if "label" not in table.column_names:
            start = glue(start, ', "label": ', keys)
        yield glue_present(start, *_members(type_, batch), "}")


def _edges(type_: EdgeType, table: pa.Table) -> Iterator[pa.Array]:
    for batch in batches(table):
        start = glue(
            f'{{"source": [{_text(type_.start)}, ',
            on_distinct(batch["from"], _text),
            f'], "target": [{_text(type_.end)}, ',
            on_distinct(batch["to"], _text),
            f'], "key": {_text(type_.name)}',
        )
        yield glue_present(start, *_members(type_, batch), "}")


def _members(type_: NodeType | EdgeType, batch: pa.RecordBatch) -> Iterator[pa.Array]:
    """Each property as a further member of the rows' objects, null where it is null."""
    for field in properties(type_, batch):
        column = batch[field.name]
        if pa.types.is_list(field.type):
            value = glue("[", on_items(column, _text, ", ", null="null"), "]")
        else:
            value = on_distinct(column, _text)
        yield glue(f", {_text(field.name)}: ", value)


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
