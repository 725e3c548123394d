"""The graph's declaration as text, JSON and Cypher."""

from __future__ import annotations

import json
from dataclasses import asdict

from graphcache.schema import EDGE_TYPES, NODE_TYPES, EdgeType, NodeType, Property, all_types


def schema_as_text() -> str:
    """Every type with its properties, for reading in a terminal."""
    blocks = [
        "\n".join([f"{type_pattern(type_)}  {type_.doc}", *map(_property_line, type_.properties)])
        for type_ in all_types()
    ]
    return "\n\n".join(blocks)


def type_pattern(type_: NodeType | EdgeType) -> str:
    """A type as Cypher's patterns write it.

    >>> from graphcache.schema import edge_type
    >>> type_pattern(edge_type("OF_PACKAGE"))
    '(:Spec)-[:OF_PACKAGE]->(:Package)'
    """
    if isinstance(type_, NodeType):
        return f"(:{type_.name})"
    return f"(:{type_.start})-[:{type_.name}]->(:{type_.end})"


def _property_line(property_: Property) -> str:
    return f"    {property_.name}: {property_.type}, {property_.doc}"


def schema_as_json() -> str:
    """The declaration as a JSON object with `nodes` and `edges`."""
    declared = {
        "nodes": [{**asdict(type_), "key": type_.key} for type_ in NODE_TYPES],
        "edges": [asdict(type_) for type_ in EDGE_TYPES],
    }
    return json.dumps(declared, ensure_ascii=False, indent=2)


def schema_as_cypher() -> str:
    """The statements that make an embedded store's tables."""
    from graphcache.stores.statements import create_table
    from graphcache.tables.columns import arrow_schema

    statements = (create_table(t, arrow_schema(t)) for t in all_types())
    return "\n".join(f"{statement};" for statement in statements)
