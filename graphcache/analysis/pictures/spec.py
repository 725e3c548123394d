"""A spec: what it needs, each once, what each brings, and what needs it."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from graphcache.analysis.pictures.shown import (
    READS,
    Edge,
    Graph,
    SpecShown,
    Use,
    note_on_needs,
    uses,
)
from graphcache.answers import reads
from graphcache.tables import Tables

LASTING = ("link", "run")
"""Dependencies of these types are there when a spec is used."""
DRAWN = 40
"""Specs that layers show; of more a tree is read more easily."""
_IMPLIED_FROM = 20
"""Of so many specs, lines that a longer way implies are not drawn at first."""
_ORDER = ("link", "run", "build", "test", "unknown")


@dataclass(frozen=True, slots=True)
class Needed:
    """A spec with all that it needs, as far as some types of dependencies tell."""

    specs: dict[int, SpecShown]
    """By number, those that need others before these; the spec itself first."""
    edges: list[Edge]
    parent: dict[int, int]
    """Of each but the first the user that is nearest to it, below which the tree shows it."""
    brings: dict[int, int]
    """How many nothing else here needs: they come with it alone."""
    implied: set[tuple[int, int]]
    """Edges that a longer way implies, and that are not drawn at first; the first spec's own are
    always drawn."""
    steps: int
    """The longest chain."""

    @property
    def root(self) -> int:
        """The number of the spec itself."""
        return next(iter(self.specs))

    @property
    def kind(self) -> dict[tuple[int, int], str]:
        """For what one needs another."""
        return {(edge.start, edge.end): edge.kind for edge in self.edges}

    @property
    def users(self) -> dict[int, list[int]]:
        """What needs each here."""
        found: dict[int, list[int]] = {}
        for edge in self.edges:
            found.setdefault(edge.end, []).append(edge.start)
        return found


@dataclass(frozen=True, slots=True)
class SpecPicture:
    """What there is to see of a spec."""

    spec: SpecShown
    whole: Needed
    """With what only builds it."""
    lasting: Needed
    """What it is linked to and runs with."""
    needed_by: list[Use]
    needing: int
    """Specs that need it, itself or through others."""
    total: int
    """Specs of the graph."""
    known: bool
    """Whether it is known what it needs."""
    note: str


@reads(READS)
def spec_picture(tables: Tables, text: str, *, is_hash: bool = False) -> SpecPicture:
    """What there is to see of the one spec that a text means, or of which it is the whole hash.

    Raises:
        UsageError: as `the_spec` does.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09")
    >>> picture = spec_picture(tables, "hdf5/hhaw2z5")
    >>> len(picture.whole.specs), len(picture.lasting.specs), picture.needed_by[0].name
    (51, 28, 'conduit')
    """
    graph = Graph(tables)
    row = graph.row_of_hash(text) if is_hash else graph.row_of(text)
    rows = np.array([row])
    inward = list(graph.edges(np.flatnonzero(graph.needs.ends == row)))
    whole = _needed(graph, row, None)
    unknown = graph.without_known_needs(np.array(list(whole.specs)))
    return SpecPicture(
        graph.described(rows)[0],
        whole,
        _needed(graph, row, LASTING),
        uses(graph, (edge for edge in inward if edge.start != row), inward=True),
        int(graph.needs.needing(rows).found.sum()) - 1,
        len(graph),
        not graph.needs.unknown[row],
        note_on_needs(unknown, len(whole.specs)),
    )


def _needed(graph: Graph, row: int, types: tuple[str, ...] | None) -> Needed:
    """What a spec needs by dependencies of some types; None for all."""
    needs = graph.needs if types is None else graph.needs.of_types(types)
    reached = needs.needed(np.array([row])).rows
    edges = [
        edge
        for edge in graph.among(reached)
        if types is None or not edge.types or not set(types).isdisjoint(edge.types)
    ]
    # What a spec was spliced from is needed too, and no edge of theirs: it is left out.
    drawn: nx.DiGraph[int] = nx.DiGraph()
    drawn.add_node(row)
    drawn.add_edges_from((edge.start, edge.end) for edge in edges)
    drawn = drawn.subgraph({row, *nx.descendants(drawn, row)}).copy()
    edges = [edge for edge in edges if drawn.has_edge(edge.start, edge.end)]
    order = list(nx.lexicographical_topological_sort(drawn))
    specs = dict(zip(order, graph.shown(order), strict=True))
    return Needed(
        specs,
        edges,
        _parents(row, specs, edges),
        _brings(drawn, row),
        _implied(drawn, row),
        int(nx.dag_longest_path_length(drawn)) if len(drawn) > 1 else 0,
    )


def _parents(row: int, specs: dict[int, SpecShown], edges: list[Edge]) -> dict[int, int]:
    """The nearest user of each, breadth first; what is linked before what only builds."""
    below: dict[int, list[Edge]] = {}
    for edge in edges:
        below.setdefault(edge.start, []).append(edge)
    found: dict[int, int] = {}
    queue = [row]
    for one in queue:  # which grows meanwhile
        for edge in sorted(
            below.get(one, ()), key=lambda e: (_ORDER.index(e.kind), specs[e.end].name, e.end)
        ):
            if edge.end not in found and edge.end != row:
                found[edge.end] = one
                queue.append(edge.end)
    return found


def _brings(graph: nx.DiGraph[int], row: int) -> dict[int, int]:
    """How many specs come with each alone: those that it dominates."""
    dominator = nx.immediate_dominators(graph, row)
    found: dict[int, int] = {}
    for one in reversed(list(nx.topological_sort(graph))):
        above = dominator.get(one)
        if above is not None and above != one:
            found[above] = found.get(above, 0) + 1 + found.get(one, 0)
    return found


def _implied(graph: nx.DiGraph[int], row: int) -> set[tuple[int, int]]:
    if not _IMPLIED_FROM <= len(graph) <= DRAWN:
        return set()
    shortest = nx.transitive_reduction(graph)
    return {(a, b) for a, b in graph.edges if a != row and not shortest.has_edge(a, b)}
