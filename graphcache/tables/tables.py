"""The graph as Arrow tables, one per node and edge type: the form from which all else is made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from graphcache.schema import EDGE_TYPES, NODE_TYPES, EdgeType, NodeType, all_types
from graphcache.tables.arrays import Integers
from graphcache.tables.columns import arrow_schema, digest_table
from graphcache.tables.networkx import graph_to_tables, tables_to_graph
from graphcache.words import counted

if TYPE_CHECKING:
    import networkx as nx


def digest_of_all(digests: Mapping[str, str]) -> str:
    """The digest of a graph, of those of its tables in the order of their types."""
    return hashlib.sha256("".join(digests[t.name] for t in all_types()).encode()).hexdigest()


@dataclass(frozen=True)
class Tables:
    """The graph: a table for every node and edge type, sorted by key.

    A node table has one column per property, the key first. An edge table has `from` and `to` (the
    keys of its ends), then one column per property. Properties that a script added stand behind.

    >>> Tables.empty().node_counts()["Spec"]
    0
    >>> import graphcache
    >>> graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")[0]
    <Tables of 239 Package, 308 Spec, 1 Stack, 1 Compiler, 3 Target, 3,507 edges>
    """

    nodes: dict[str, pa.Table]
    edges: dict[str, pa.Table]
    ends: Mapping[str, tuple[Integers, Integers]] = field(
        default_factory=dict, repr=False, compare=False
    )
    """Of some types of edges the positions of `from` and `to` among the nodes, where it is known
    from reading them: it need not be looked for then."""

    def __repr__(self) -> str:
        nodes = [f"{n:,} {name}" for name, n in self.node_counts().items() if n]
        edges = counted(sum(self.edge_counts().values()), "edge")
        return f"<Tables of {', '.join([*nodes, edges])}>"

    @classmethod
    def of(cls, table: Callable[[NodeType | EdgeType], pa.Table]) -> Tables:
        """The graph of which a function gives the table of each type.

        >>> Tables.of(lambda type_: arrow_schema(type_).empty_table()) == Tables.empty()
        True
        """
        return cls({t.name: table(t) for t in NODE_TYPES}, {t.name: table(t) for t in EDGE_TYPES})

    @classmethod
    def empty(cls) -> Tables:
        """The graph without a node."""
        return cls.of(lambda type_: arrow_schema(type_).empty_table())

    def by_type(self) -> dict[str, pa.Table]:
        """All tables, those of nodes first."""
        return self.nodes | self.edges

    def node_counts(self) -> dict[str, int]:
        """Nodes by type."""
        return {name: table.num_rows for name, table in self.nodes.items()}

    def edge_counts(self) -> dict[str, int]:
        """Edges by type."""
        return {name: table.num_rows for name, table in self.edges.items()}

    def digests(self) -> dict[str, str]:
        """A digest of each table, by type."""
        return {name: digest_table(name, table) for name, table in self.by_type().items()}

    def digest(self) -> str:
        """One SHA-256 of all content: equal for equal graphs, whatever the order of the input."""
        return digest_of_all(self.digests())

    def to_networkx(self) -> nx.MultiDiGraph[tuple[str, str]]:
        """The graph for networkx: nodes `(type, key)`, edge keys their type.

        A node has the attributes `type`, `label` (a caption) and its properties, an edge its
        properties; those that are null are left out, lists are Python lists.

        >>> Tables.empty().to_networkx().number_of_nodes()
        0
        """
        return tables_to_graph(self.nodes, self.edges)

    @classmethod
    def from_networkx(cls, graph: nx.MultiDiGraph[tuple[str, str]]) -> Tables:
        """The tables of a graph in the form of `to_networkx`, with properties that were added.

        Raises:
            GraphError: a node or edge does not have that form, or a property has values of
                several types.

        >>> Tables.from_networkx(Tables.empty().to_networkx()).digest() == Tables.empty().digest()
        True
        """
        return cls(*graph_to_tables(graph))
