"""A graph made small enough to draw: what is alike is folded into one node, the rest left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphcache.analysis.subgraphs import Subgraph
from graphcache.words import counted

if TYPE_CHECKING:
    from graphcache.analysis.subgraphs import Graph, NodeId

MAX_NODES = 5_000
"""Nodes that a page shows well."""

_SHOWN = 20
"""Hashes that a folded node names."""


def fit(subgraph: Subgraph, max_nodes: int = MAX_NODES) -> Subgraph:
    """The subgraph with at most so many nodes, and notes on what was done for it.

    First the specs of one configuration are folded into one node; if that is not enough, what is
    left of specs into their packages, save those of the package that it is all about. In the end,
    what stands for the fewest specs is left out.

    >>> import graphcache as gc
    >>> from tempfile import TemporaryDirectory
    >>> from graphcache.analysis import around, find_node
    >>> with TemporaryDirectory() as folder:
    ...     report = gc.build_store(f"{folder}/graphcache.lbug", "examples/pages")
    ...     with gc.open_store(f"{folder}/graphcache.lbug") as store:
    ...         len(fit(around(store, find_node(store, "rocblas")), 10).graph)
    10
    """
    for fold in (_fold_configurations, _fold_packages, _leave_out):
        if len(subgraph.graph) > max_nodes:
            subgraph = fold(subgraph, max_nodes)
    return subgraph


def _fold_configurations(subgraph: Subgraph, max_nodes: int) -> Subgraph:
    graph = subgraph.graph
    shared = Counter(str(s["configuration"]) for _, s in _specs(graph) if s.get("configuration"))
    groups = {
        node: ("Configuration", str(spec["configuration"]))
        for node, spec in _specs(graph)
        if shared[str(spec.get("configuration"))] > 1 and node != subgraph.focus
    }
    note = (
        f"{len(graph):,} nodes are more than {max_nodes:,}: {len(groups):,} specs that share a "
        f"configuration are folded into {counted(len(set(groups.values())), 'node')}, one per "
        f"configuration."
    )
    return _folded(subgraph, groups, note)


def _fold_packages(subgraph: Subgraph, max_nodes: int) -> Subgraph:
    graph = subgraph.graph
    focus = subgraph.focus[1] if subgraph.focus else None
    groups = {
        node: ("Package", str(attributes["name"]))
        for node, attributes in graph.nodes(data=True)
        if node[0] in ("Spec", "Configuration")
        and node != subgraph.focus
        and attributes.get("name") not in (None, focus)
    }
    packages = len(set(groups.values()))
    note = (
        f"{len(graph):,} nodes are more than {max_nodes:,}: specs are folded into their "
        f"{counted(packages, 'package')}."
    )
    return _folded(subgraph, groups, note)


def _leave_out(subgraph: Subgraph, max_nodes: int) -> Subgraph:
    graph = subgraph.graph

    def rank(node: NodeId) -> tuple[Any, ...]:
        folds = node[0] in ("Spec", "Configuration", "Package")
        specs = graph.nodes[node].get("specs", 1)
        return node != subgraph.focus, folds, -specs, -graph.degree(node), node

    kept = sorted(graph, key=rank)[:max_nodes]
    note = (
        f"{len(graph) - max_nodes:,} of {len(graph):,} nodes are left out: those that stand for "
        "the fewest specs, and of these the ones with the fewest edges."
    )
    return replace(subgraph, graph=graph.subgraph(kept).copy(), notes=_with_note(subgraph, note))


def _specs(graph: Graph) -> list[tuple[NodeId, dict[str, Any]]]:
    return [(node, data) for node, data in graph.nodes(data=True) if node[0] == "Spec"]


def _with_note(subgraph: Subgraph, note: str) -> tuple[str, ...]:
    return (*subgraph.notes, note)


def _folded(subgraph: Subgraph, groups: dict[NodeId, NodeId], note: str) -> Subgraph:
    """The subgraph with each node that has a group in its group's place."""
    import networkx as nx

    if not groups:
        return subgraph
    graph = subgraph.graph
    folded: Graph = nx.MultiDiGraph()
    members: dict[NodeId, list[NodeId]] = {}
    for node, attributes in graph.nodes(data=True):
        group = groups.get(node)
        if group is None:
            folded.add_node(node, **attributes)
        else:
            members.setdefault(group, []).append(node)
    for group, nodes in members.items():
        folded.add_node(group, **_attributes(graph, group, nodes))
    for start, end, key, attributes in graph.edges(keys=True, data=True):
        if start in groups or end in groups:
            _count_edge(folded, groups.get(start, start), groups.get(end, end), key, attributes)
        else:
            folded.add_edge(start, end, key, **attributes)
    return replace(subgraph, graph=folded, notes=_with_note(subgraph, note))


def _attributes(graph: Graph, group: NodeId, members: list[NodeId]) -> dict[str, Any]:
    """What is said of a folded node: what all its members say alike, and how many there are."""
    said = [graph.nodes[node] for node in members]
    specs = sum(attributes.get("specs", 1) for attributes in said)
    if group[0] == "Package":
        own = graph.nodes[group] if group in graph else {}
        return {**own, "type": "Package", "label": group[1], "name": group[1], "specs": specs}
    alike = {
        name: value
        for name, value in said[0].items()
        if all(attributes.get(name) == value for attributes in said)
    }
    hashes = sorted(key for _, key in members)[:_SHOWN]
    label = f"{alike.get('version', '')} ×{specs:,}"  # noqa: RUF001
    return {**alike, "type": group[0], "label": label, "specs": specs, "hashes": hashes}


def _count_edge(
    graph: Graph, start: NodeId, end: NodeId, key: str, attributes: dict[str, Any]
) -> None:
    if start == end:
        return  # such as from a package's specs to the package
    if graph.has_edge(start, end, key):
        known = graph.edges[start, end, key]
        known["specs"] = known.get("specs", 1) + attributes.get("specs", 1)
    else:
        graph.add_edge(start, end, key, specs=attributes.get("specs", 1))
