"""GraphML: one file that Gephi, yEd and networkx read.

`nx.write_graphml` does not do: carriage returns do not survive it, Gephi takes what it calls `d3`
and `d7` for captions, and it needs fifteen times the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import msgspec
import pyarrow as pa

from graphcache.errors import ExportError
from graphcache.exports.texts import (
    batches,
    glue,
    glue_present,
    number_text,
    on_distinct,
    on_items,
    properties,
    refuse_names,
    tables_by_type,
)
from graphcache.schema import EdgeType, NodeType
from graphcache.tables import Tables
from graphcache.tables.columns import property_type

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns \
http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
"""
_TYPES = {"integer": "long", "boolean": "boolean", "number": "double"}
"""GraphML's name of a property type; all others are strings, a list as JSON."""
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

_Keys = dict[tuple[str, str, str], str]
"""The id of each key: of `node` or `edge`, a name, and a type of GraphML."""


def write(tables: Tables, path: Path) -> None:
    """Write the file: the nodes and edges of `Tables.to_networkx`, a node's id as `Spec:HASH`.

    Raises:
        ExportError: a property is named `type`, or a text holds what XML can't.

    >>> import networkx as nx
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write(Tables.empty(), Path(folder) / "graph.graphml")
    ...     nx.read_graphml(f"{folder}/graph.graphml").number_of_nodes()
    0
    """
    refuse_names(tables, lambda _, name: name == "type", "it is the type of the node or edge")
    keys = _keys(tables)
    with path.open("wb") as file:
        file.write(_HEAD.encode())
        for (element, name, kind), id_ in keys.items():
            title = quoteattr(_checked("name", name))
            key = f'<key id="{id_}" for="{element}" attr.name={title} attr.type="{kind}"/>\n'
            file.write(key.encode())
        file.write(b'<graph id="graphcache" edgedefault="directed">\n')
        for rows in _elements(tables, keys):
            file.write("".join(rows.to_pylist()).encode())
        file.write(b"</graph>\n</graphml>\n")


def _keys(tables: Tables) -> _Keys:
    """A key for every name and type; `type` and `label` are those that viewers look for."""
    wanted = [(e, name, "string") for e in ("node", "edge") for name in ("type", "label")]
    for type_, table in tables_by_type(tables):
        wanted += [
            (_element(type_), field.name, _kind(field)) for field in properties(type_, table)
        ]
    return {key: f"{key[0][0]}{number}" for number, key in enumerate(dict.fromkeys(wanted))}


def _element(type_: NodeType | EdgeType) -> str:
    return "edge" if isinstance(type_, EdgeType) else "node"


def _kind(field: pa.Field) -> str:
    return _TYPES.get(property_type(field.type), "string")


def _elements(tables: Tables, keys: _Keys) -> Iterator[pa.Array]:
    edges = 0
    for type_, table in tables_by_type(tables):
        for batch in batches(table):
            data = list(_data(type_, batch, keys))
            if isinstance(type_, NodeType):
                yield glue_present(_node_start(type_, batch, keys), *data, "</node>\n")
            else:
                yield glue_present(_edge_start(type_, batch, keys, edges), *data, "</edge>\n")
                edges += batch.num_rows


def _node_start(type_: NodeType, batch: pa.RecordBatch, keys: _Keys) -> pa.Array:
    type_key, label_key = keys["node", "type", "string"], keys["node", "label", "string"]
    key = _escaped(f"{type_.name}.{type_.key}", batch[type_.key])
    start = glue(f'<node id="{type_.name}:', key, f'"><data key="{type_key}">{type_.name}</data>')
    if "label" in batch.schema.names:
        return start
    return glue(start, f'<data key="{label_key}">', key, "</data>")


def _edge_start(type_: EdgeType, batch: pa.RecordBatch, keys: _Keys, first: int) -> pa.Array:
    type_key, label_key = keys["edge", "type", "string"], keys["edge", "label", "string"]
    numbers = pa.array(range(first, first + batch.num_rows)).cast(pa.string())
    start = _escaped(f"{type_.name}.from", batch["from"])
    end = _escaped(f"{type_.name}.to", batch["to"])
    rest = f'"><data key="{type_key}">{type_.name}</data>'
    if "label" not in batch.schema.names:
        rest += f'<data key="{label_key}">{type_.name}</data>'
    ends = glue(f'" source="{type_.start}:', start, f'" target="{type_.end}:', end)
    return glue('<edge id="e', numbers, ends, rest)


def _data(type_: NodeType | EdgeType, batch: pa.RecordBatch, keys: _Keys) -> Iterator[pa.Array]:
    """Each property as a further element of the rows, null where it is null."""
    for field in properties(type_, batch):
        key = keys[_element(type_), field.name, _kind(field)]
        value = _value(f"{type_.name}.{field.name}", batch[field.name])
        yield glue(f'<data key="{key}">', value, "</data>")


def _value(place: str, column: pa.Array) -> pa.Array:
    if pa.types.is_list(column.type):
        column = glue("[", on_items(column, _json, ", ", null="null"), "]")
    if pa.types.is_string(column.type):
        return _escaped(place, column)
    if pa.types.is_floating(column.type):
        return on_distinct(column, number_text)
    return column.cast(pa.string())


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _escaped(place: str, column: pa.Array) -> pa.Array:
    """Texts as they stand between tags and in an attribute."""
    function: Callable[[str], str] = partial(_escape, place)
    return on_distinct(column, function)


def _escape(place: str, text: str) -> str:
    # A parser makes one space of a line end or tab in an attribute, and \n of \r anywhere.
    references = {'"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
    return escape(_checked(place, text), references)


def _checked(place: str, text: str) -> str:
    match = _NOT_IN_XML.search(text)
    if match is None:
        return text
    raise ExportError(
        f"{place}: expected text that XML can hold, found U+{ord(match.group()):04X} in "
        f"{text[:80]!r}: take it out, or export to another format"
    )
