"""Cypher that puts the graph on a server, made from the declaration alone.

Every node of graphcache's carries a second label of its own (`GraphCacheSpec` beside `Spec`), with
a uniqueness constraint on its key. So other data in the same database may have nodes called `Spec`
or `Package`, even with the same names: they are never matched, changed or counted.

A node goes together with its edges to nodes of other types, as one row of lists: one row per
spec costs the server half of what one row per node and one per edge cost. Edges between nodes of
one type (DEPENDS_ON, SPLICED_FROM, EXTENDS) follow when all nodes are there. With each of the two
parts the node keeps a digest of what was sent, so that the next push sends only what changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphcache.schema import EDGE_TYPES, NODE_TYPES, EdgeType, NodeType, node_type, quote
from graphcache.stores.neo4j.constraints import own_label

NODE_DIGEST = "graphcache_digest"
"""On a node: digest of its properties and its edges to nodes of other types."""
EDGE_DIGEST = "graphcache_edges"
"""On a node: digest of its edges to nodes of its own type; none where it has none."""
ADVISORY = "Advisory"
AFFECTS = "AFFECTS"
LOAD_LABEL = "GraphCacheLoad"
LOCK_LABEL = "GraphCacheLock"


@dataclass(frozen=True, slots=True)
class PushPart:
    """What a push sends in one row: a node with edges, or (`with_node` false) only edges of it."""

    node: NodeType
    edges: tuple[EdgeType, ...]
    with_node: bool

    @property
    def digest(self) -> str:
        """The property that holds the digest of this part."""
        return NODE_DIGEST if self.with_node else EDGE_DIGEST


def parts() -> list[PushPart]:
    """All parts, in an order in which the ends of every edge are there before it.

    >>> [(part.node.name, len(part.edges)) for part in parts() if part.edges]
    [('Spec', 5), ('Spec', 2), ('Target', 1)]
    """
    outward = {
        type_.name: tuple(e for e in EDGE_TYPES if e.start == type_.name != e.end)
        for type_ in NODE_TYPES
    }
    inward = {
        type_.name: tuple(e for e in EDGE_TYPES if e.start == type_.name == e.end)
        for type_ in NODE_TYPES
    }
    nodes = sorted(NODE_TYPES, key=lambda type_: len(outward[type_.name]))
    return [
        *(PushPart(type_, outward[type_.name], with_node=True) for type_ in nodes),
        *(PushPart(t, inward[t.name], with_node=False) for t in NODE_TYPES if inward[t.name]),
    ]


def write_part(
    part: PushPart, node_columns: list[str], edge_columns: dict[str, list[str]], *, create: bool
) -> str:
    """The statement that writes rows of a part: key, digest, properties, then edges by type.

    An edge is a list too: the key of its end, then its properties. `create` is for a database
    that holds nothing of graphcache's yet.
    """
    key, label = quote(part.node.key), quote(own_label(part.node.name))
    lines = ["UNWIND $rows AS row"]
    if not part.with_node:
        lines.append(f"MATCH (n:{label} {{{key}: row[0]}})")
    elif create:
        lines.append(f"CREATE (n:{label}:{quote(part.node.name)} {{{key}: row[0]}})")
    else:
        lines.append(f"MERGE (n:{label} {{{key}: row[0]}})")
    setters = [f"n.{quote(part.digest)} = row[1]"]
    if part.with_node:
        setters += [f"n.{quote(name)} = row[{i}]" for i, name in enumerate(node_columns, start=2)]
        if not create:
            setters.insert(0, f"n:{quote(part.node.name)}")
    lines.append(f"SET {', '.join(setters)}")
    first = 2 + (len(node_columns) if part.with_node else 0)
    for at, type_ in enumerate(part.edges, start=first):
        lines += _write_edges(type_, at, edge_columns[type_.name], create=create)
    return "\n".join(lines)


def _write_edges(type_: EdgeType, at: int, columns: list[str], *, create: bool) -> list[str]:
    end = node_type(type_.end)
    verb = "CREATE" if create else "MERGE"
    setters = [f"e.{quote(name)} = edge[{i}]" for i, name in enumerate(columns, start=1)]
    ends = f"MERGE (m:{quote(own_label(end.name))} {{{quote(end.key)}: edge[0]}})"
    edge = f"{verb} (n)-[e:{quote(type_.name)}]->(m)"
    properties = f" SET {', '.join(setters)}" if setters else ""
    return [f"FOREACH (edge IN row[{at}] | {ends} {edge}{properties})"]


def read_digests(part: PushPart, *, count: bool) -> str:
    """The statement that returns key, digest and number of own edges of each node of a part.

    They come in lists, one for all keys that begin alike: with a record for each, the driver would
    take most of the time of a push of little. Without `count` the number is 0: to count them looks
    at every edge, and takes the server most of its time.
    """
    counts = (
        f"COUNT {{ (n)-[:{quote(type_.name)}]->(:{quote(own_label(type_.end))}) }}"
        for type_ in part.edges
    )
    edges = " + ".join(counts) if count else ""
    key, label = quote(part.node.key), quote(own_label(part.node.name))
    return (
        f"MATCH (n:{label}) WITH n.{key} AS key, n.{quote(part.digest)} AS digest, "
        f"{edges or '0'} AS edges "
        f"WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found "
        f"RETURN found"
    )


def forget_digests(part: PushPart) -> str:
    """The statement that takes the digests of a part from nodes by key."""
    key, label = quote(part.node.key), quote(own_label(part.node.name))
    return f"UNWIND $rows AS key MATCH (n:{label} {{{key}: key}}) REMOVE n.{quote(part.digest)}"


def _edge_pattern(type_: EdgeType) -> str:
    start, end = quote(own_label(type_.start)), quote(own_label(type_.end))
    return f"(a:{start})-[e:{quote(type_.name)}]->(b:{end})"


Counted = tuple[str, str]
"""A name, and a pattern whose matches are counted for it."""


def count_each(counted: Sequence[Counted]) -> str:
    """The statement that counts what matches each pattern: one row of counts, in their order.

    The server answers from its statistics, whatever there is to count. One after another with
    UNION, it would plan them for twice as long.

    >>> count_each([("Spec", "(:Spec)"), ("IN_STACK", "()-[:IN_STACK]->()")])
    'RETURN COUNT { (:Spec) }, COUNT { ()-[:IN_STACK]->() }'
    """
    return "RETURN " + ", ".join(f"COUNT {{ {pattern} }}" for _, pattern in counted)


def all_counted() -> list[Counted]:
    """What counts own nodes by type, and edges by type in three ways.

    These are all edges, those at own starts, and those at own ends. Where the three are equal, all
    edges of the type are own at both ends, or others would be in one of them alone.
    """
    counted = [(t.name, f"(:{quote(own_label(t.name))})") for t in NODE_TYPES]
    for type_ in EDGE_TYPES:
        start, end = (f"(:{quote(own_label(of))})" for of in (type_.start, type_.end))
        edge = f"-[:{quote(type_.name)}]->"
        counted += (
            (type_.name, f"{a}{edge}{b}") for a, b in (("()", "()"), (start, "()"), ("()", end))
        )
    return counted


def count_edges(type_: EdgeType) -> str:
    """The statement that counts the edges of a type between own nodes, one by one."""
    return f"MATCH {_edge_pattern(type_)} RETURN count(e)"


def delete_edges(type_: EdgeType) -> str:
    """The statement that deletes the edges of nodes but for those to the keys that are kept."""
    start, end = node_type(type_.start), node_type(type_.end)
    return (
        f"UNWIND $rows AS row MATCH {_edge_pattern(type_)} "
        f"WHERE a.{quote(start.key)} = row[0] AND NOT b.{quote(end.key)} IN row[1] DELETE e"
    )


def delete_repeated(type_: EdgeType) -> str:
    """The statement that deletes edges beside another one of the same type, of nodes by key."""
    start = node_type(type_.start)
    return (
        f"UNWIND $rows AS row MATCH {_edge_pattern(type_)} WHERE a.{quote(start.key)} = row[0] "
        f"WITH a, b, collect(e) AS same UNWIND tail(same) AS e DELETE e"
    )


def delete_nodes(type_: NodeType) -> list[str]:
    """The statements that delete nodes by key.

    A node that other data has an edge to stays, without our edges and our mark: it is theirs now.
    """
    key, label = quote(type_.key), quote(own_label(type_.name))
    matched = f"UNWIND $rows AS key MATCH (n:{label} {{{key}: key}})"
    own = [e.name for e in EDGE_TYPES if type_.name in (e.start, e.end)]
    own += [AFFECTS] if type_.name == "Spec" else []
    types = "|".join(quote(name) for name in own)
    return [
        f"{matched} MATCH (n)-[e:{types}]-(m) WHERE any(l IN labels(m) WHERE l IN $own) DELETE e",
        f"{matched} WHERE NOT EXISTS {{ (n)--() }} DELETE n",
        f"{matched} REMOVE n:{label}, n.{quote(NODE_DIGEST)}, n.{quote(EDGE_DIGEST)}",
    ]
