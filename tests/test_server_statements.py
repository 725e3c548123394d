"""The Cypher that is sent to Neo4j: every statement is written down, and takes no name from data.

`golden/statements/neo4j.cypher` is written anew by `make golden`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from graphcache import Tables
from graphcache.schema import EDGE_TYPES, NODE_TYPES, all_types
from graphcache.stores.neo4j.constraints import constraints, own_label
from graphcache.stores.neo4j.rows import PartRows
from graphcache.stores.neo4j.statements import (
    PushPart,
    all_counted,
    count_each,
    count_edges,
    delete_edges,
    delete_nodes,
    delete_repeated,
    forget_digests,
    parts,
    read_digests,
    write_part,
)
from graphcache.stores.statements import match_all

GOLDEN = Path(__file__).parent / "golden/statements/neo4j.cypher"


def name_of(part: PushPart) -> str:
    edges = " ".join(type_.name for type_ in part.edges)
    return f"{part.node.name if part.with_node else 'edges'} {edges}".strip()


def pushing() -> Iterator[tuple[str, str]]:
    """The statements that write, each with a line that says when it is sent."""
    for statement in constraints():
        yield "before a push", statement
    for create, when in ((True, "to an empty database"), (False, "to what is there")):
        for part in parts():
            statement = PartRows(part, Tables.empty(), {}).statement(create=create)
            yield f"{when}: {name_of(part)}", statement
    for part in parts():
        if part.edges:
            yield f"edges were removed: {name_of(part)}", forget_digests(part)
    for edge in EDGE_TYPES:
        yield f"prune {edge.name}", delete_edges(edge)
        yield f"prune what is twice of {edge.name}", delete_repeated(edge)
    for type_ in NODE_TYPES:
        for statement in delete_nodes(type_):
            yield f"prune {type_.name}", statement


def reading() -> Iterator[tuple[str, str]]:
    """The statements that read."""
    for part in parts():
        yield f"what is there: {name_of(part)}", read_digests(part, count=False)
        yield f"what is there, with edges: {name_of(part)}", read_digests(part, count=True)
    yield "count all", count_each(all_counted())
    for edge in EDGE_TYPES:
        yield f"count {edge.name}", count_edges(edge)
    for one in all_types():
        yield f"read {one.name}", match_all(one, [p.name for p in one.properties], own_label)


def test_golden_statements() -> None:
    made = "".join(f"// {when}\n{statement};\n" for when, statement in (*pushing(), *reading()))
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(made)
    assert made == GOLDEN.read_text()


def test_properties_of_a_script_are_quoted() -> None:
    part = next(part for part in parts() if part.node.name == "Target")
    made = write_part(part, ["a`b", "}) DETACH DELETE n //"], {}, create=False)
    assert made.splitlines() == [
        "UNWIND $rows AS row",
        "MERGE (n:`GraphCacheTarget` {`name`: row[0]})",
        "SET n:`Target`, n.`graphcache_digest` = row[1], n.`a``b` = row[2], "
        "n.`}) DETACH DELETE n //` = row[3]",
    ]


def test_every_edge_is_in_one_part_behind_the_nodes_of_its_ends() -> None:
    sent: list[str] = []
    for part in parts():
        sent += [part.node.name] if part.with_node else []
        for type_ in part.edges:
            assert {type_.start, type_.end} <= set(sent)
            sent.append(type_.name)
    assert sorted(sent) == sorted(type_.name for type_ in all_types())
