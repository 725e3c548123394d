"""Arrow tables ↔ `networkx.MultiDiGraph`, both ways, without loss.

It works on tables by type, as `Tables` holds them, and does not know `Tables` itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.errors import GraphError
from graphcache.schema import EDGE_TYPES, NODE_TYPES, EdgeType, NodeType, edge_type
from graphcache.tables.collector import leave_to_exit, paused_collector
from graphcache.tables.columns import (
    ARROW_TYPES,
    arrow_schema,
    conform,
    flat,
    places_of_sorted,
    property_type,
    sort_table,
)
from graphcache.tables.python_values import row_dicts

if TYPE_CHECKING:
    import networkx as nx

    NodeId = tuple[str, str]
    Graph = nx.MultiDiGraph[NodeId]

_LARGE = 100_000
"""Edges of a graph that is large: each has two dicts of its own."""

TABLES = tuple[dict[str, pa.Table], dict[str, pa.Table]]


def tables_to_graph(nodes: Mapping[str, pa.Table], edges: Mapping[str, pa.Table]) -> Graph:
    """The graph of node and edge tables; see `Tables.to_networkx` for its form.

    The adjacency dicts are filled in place, by the position of each node: `add_edges_from` takes
    five times the time. That they end as `add_node` and `add_edge` would leave them is held by a
    test.
    """
    import networkx as nx

    graph: Graph = nx.MultiDiGraph()
    with paused_collector():
        at = {type_.name: _fill_nodes(graph, type_, nodes[type_.name]) for type_ in NODE_TYPES}
        joined: set[tuple[str, str]] = set()
        for type_ in EDGE_TYPES:
            ends = type_.start, type_.end
            table = edges[type_.name]
            if table.num_rows:
                _fill_edges(type_, table, at[type_.start], at[type_.end], again=ends in joined)
                joined.add(ends)
    if sum(table.num_rows for table in edges.values()) >= _LARGE:
        leave_to_exit(graph)
    return graph


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The nodes of a type by position: their keys, ids, successors and predecessors."""

    keys: pa.Array
    ids: list[NodeId]
    successors: list[dict[Any, Any]]
    predecessors: list[dict[Any, Any]]


def _fill_nodes(graph: Any, type_: NodeType, table: pa.Table) -> _Nodes:
    """Add a type's nodes."""
    keys = table[type_.key].to_pylist()
    ids = [(type_.name, key) for key in keys]
    nodes = _Nodes(flat(table[type_.key]), ids, [{} for _ in keys], [{} for _ in keys])
    caption = {} if _has_label(type_) else {"label": keys}
    attributes = row_dicts(table, {"type": [type_.name] * len(keys), **caption})
    graph._node.update(zip(ids, attributes, strict=True))
    graph._succ.update(zip(ids, nodes.successors, strict=True))
    graph._pred.update(zip(ids, nodes.predecessors, strict=True))
    return nodes


def _fill_edges(
    type_: EdgeType, table: pa.Table, starts: _Nodes, ends: _Nodes, *, again: bool
) -> None:
    """Add a type's edges; `again` where those of another one may join the same nodes."""
    name = type_.name
    start = places_of_sorted(table["from"], starts.keys).to_pylist()
    end = pc.index_in(table["to"], ends.keys).to_pylist()
    rows = zip(
        map(starts.successors.__getitem__, start),
        map(starts.ids.__getitem__, start),
        map(ends.predecessors.__getitem__, end),
        map(ends.ids.__getitem__, end),
        [{name: properties} for properties in row_dicts(table.drop_columns(["from", "to"]))],
        strict=True,
    )
    # The two directions share one dict, as in networkx itself.
    if not again:
        for successors, start_id, predecessors, end_id, edge in rows:
            successors[end_id] = predecessors[start_id] = edge
        return
    for successors, start_id, predecessors, end_id, edge in rows:
        if end_id in successors:
            successors[end_id] |= edge
        else:
            successors[end_id] = predecessors[start_id] = edge


def graph_to_tables(graph: Graph) -> TABLES:
    """Node and edge tables of a graph in the form of `tables_to_graph`; GraphError if it is not."""
    if not (graph.is_multigraph() and graph.is_directed()):
        raise GraphError(f"expected a networkx.MultiDiGraph, found a {type(graph).__name__}")
    nodes: dict[str, list[dict[str, Any]]] = {type_.name: [] for type_ in NODE_TYPES}
    for node, attributes in graph.nodes(data=True):
        type_name, key = _check_node(node, attributes)
        rows = nodes[type_name]
        rows.append({**attributes, _KEYS[type_name]: key})
    edges: dict[str, list[dict[str, Any]]] = {type_.name: [] for type_ in EDGE_TYPES}
    for start, end, key, attributes in graph.edges(keys=True, data=True):
        _check_edge(start, end, key, attributes)
        edges[key].append({**attributes, "from": start[1], "to": end[1]})
    return (
        {t.name: _to_table(t, _without_derived(t, nodes[t.name])) for t in NODE_TYPES},
        {t.name: _to_table(t, edges[t.name]) for t in EDGE_TYPES},
    )


_KEYS = {type_.name: type_.key for type_ in NODE_TYPES}


def _check_node(node: Any, attributes: Mapping[str, Any]) -> NodeId:
    match node:
        case (str(type_name), str(key)) if type_name in _KEYS:
            for name, said in ("type", type_name), (_KEYS[type_name], key):
                if attributes.get(name, said) != said:
                    found = attributes[name]
                    raise GraphError(
                        f"node {node!r}: expected the {name} {said!r}, found {found!r}"
                    )
            return type_name, key
    known = ", ".join(_KEYS)
    raise GraphError(f"node {node!r}: expected (TYPE, KEY) with TYPE one of {known}")


def _check_edge(start: Any, end: Any, key: Any, attributes: Mapping[str, Any]) -> None:
    try:
        type_ = edge_type(key)
    except (KeyError, TypeError):
        known = ", ".join(type_.name for type_ in EDGE_TYPES)
        raise GraphError(
            f"edge {start!r} → {end!r}: expected a key of {known}, found {key!r}"
        ) from None
    if (start[0], end[0]) != (type_.start, type_.end):
        raise GraphError(f"edge {start!r} → {end!r}: {key} goes from {type_.start} to {type_.end}")
    if not attributes.keys().isdisjoint(("from", "to")):
        raise GraphError(f"edge {start!r} → {end!r}: no property can be called 'from' or 'to'")


def _without_derived(type_: NodeType, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without `type`, and without a `label` that only repeats the key."""
    labelled = _has_label(type_)
    for row in rows:
        row.pop("type", None)
        if not labelled and row.get("label") == row[type_.key]:
            del row["label"]
    return rows


def _has_label(type_: NodeType) -> bool:
    """Whether nodes of the type have a label of their own; the others are given their key."""
    return any(p.name == "label" for p in type_.properties)


def _to_table(type_: NodeType | EdgeType, rows: list[dict[str, Any]]) -> pa.Table:
    columns: dict[str, list[Any]] = defaultdict(lambda: [None] * len(rows))
    for number, row in enumerate(rows):
        for name, value in row.items():
            if not isinstance(name, str):
                raise GraphError(f"{type_.name}: property names are text, found {name!r}")
            columns[name][number] = value
    declared = arrow_schema(type_)
    known = [n for n in columns if n in declared.names or any(v is not None for v in columns[n])]
    arrays = {name: _to_array(type_.name, name, columns[name], declared) for name in known}
    if not arrays:
        return declared.empty_table()
    return sort_table(conform(pa.table(arrays), type_), type_).combine_chunks()


_PYTHON_TYPES = {"text": str, "integer": int, "boolean": bool, "list of text": list}


def _to_array(type_name: str, name: str, values: list[Any], declared: pa.Schema) -> pa.Array:
    wanted = declared.field(name).type if name in declared.names else None
    kinds = {type(value) for value in values if value is not None}
    try:
        array = pa.array(values, wanted)
        if array.type == pa.list_(pa.null()):
            array = array.cast(pa.list_(pa.string()))
        property_type(array.type)
        _check_kinds(array.type, kinds, values)
    except UnicodeEncodeError as error:
        raise GraphError(
            f"{type_name}.{name}: expected text that UTF-8 can write, found {error.object!r}"
        ) from None
    except (pa.ArrowException, KeyError, OverflowError, TypeError) as error:
        expected = (
            property_type(wanted) if wanted is not None else f"one of {', '.join(ARROW_TYPES)}"
        )
        fitting = _PYTHON_TYPES.get(expected)
        found = ", ".join(sorted(kind.__name__ for kind in kinds - {fitting} or kinds))
        raise GraphError(
            f"{type_name}.{name}: expected {expected}, found values of type {found}"
        ) from error
    return array


def _check_kinds(arrow_type: pa.DataType, kinds: set[type], values: list[Any]) -> None:
    """Refuse, by a TypeError, what Arrow would turn into another type in silence."""
    if pa.types.is_list(arrow_type):
        # A text would become its characters, and the order of a set is any.
        refused: tuple[type, ...] = (str, bytes, Set)
        items = {type(item) for value in values if value is not None for item in value}
        _check_kinds(arrow_type.value_type, items - {type(None)}, [])
    elif pa.types.is_integer(arrow_type):
        refused = (float, Decimal)  # it would cut off what is behind the point
    else:
        refused = (bool,) if pa.types.is_floating(arrow_type) else (bytes,)
    if any(issubclass(kind, refused) for kind in kinds):
        raise TypeError
