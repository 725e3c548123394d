"""Where the nodes of a drawing stand and how large they are, so that a page opens settled.

A force-directed layout of thousands of nodes takes minutes and ends in a hairball: a target or a
stack pulls all its specs onto one spot. So nodes that belong together become one group (those
that are joined to the same others; where these are too many, a package with its specs), and
groups that share their hubs one cluster. Clusters and hubs alone are laid out by force (ForceAtlas2
of networkx: Jacomy et al. 2014); what is in one fills a disc as the seeds of a sunflower do (Vogel
1979).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from graphcache.analysis.subgraphs import Graph, NodeId

    Around = dict[NodeId, set[NodeId]]
    Group = tuple[NodeId, ...]
    Cluster = tuple[Group, ...]

MAX_CLUSTERS = 500
"""What is laid out by force, which takes a time that grows with its square."""

_ROUNDS = 80
_SPECS = ("Spec", "Configuration")
_MANY = (*_SPECS, "Package")
"""Types of which there are many; nodes of the others are hubs, and stand alone."""
_SIZES = {"Stack": 10, "Release": 10, "Target": 8, "Compiler": 8, "Package": 6, "Spec": 4.5}
_PICTURE = (900, 760)
"""Width and height of a usual picture in pixels."""
_SMALLEST = 2.0
_COVERED = 0.18
"""The part of the picture that nodes cover at most."""
_FILLED = 0.5
"""The part of the picture that discs cover, before they are pushed apart."""
_NEARER = 0.75
"""The power of its distance from the middle at which a cluster is put."""
_ROOM = 1.25
"""What a disc has to itself, in its radii; at 1.2 the seeds of a sunflower touch."""
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


class Place(NamedTuple):
    """Where a node stands and its radius, all in pixels of a usual picture."""

    x: float
    y: float
    size: float


class _Disc(NamedTuple):
    """Discs in a disc: the places of their middles, and how far all reach."""

    spots: list[tuple[float, float]]
    radius: float


def places(graph: Graph, seed: int = 1) -> dict[NodeId, Place]:
    """The place of every node; equal for equal graphs.

    >>> graph = nx.MultiDiGraph([(("Spec", "a"), ("Stack", "e4s"))])
    >>> sorted(places(graph)) == sorted(graph)
    True
    """
    sizes = _sizes(graph)
    around: Around = {
        node: {*graph.successors(node), *graph.predecessors(node)} - {node}
        for node in sorted(graph)
    }
    clusters = _clusters(around)
    discs = [[_sunflower([sizes[node] for node in group]) for group in c] for c in clusters]
    outer = [_sunflower([disc.radius for disc in several]) for several in discs]
    radii = np.array([_ROOM * disc.radius for disc in outer])
    centres = _arrange(_skeleton(graph, clusters), radii, seed).tolist()
    found: dict[NodeId, Place] = {}
    for cluster, centre, disc, inner in zip(clusters, centres, outer, discs, strict=True):
        for group, spot, own in zip(cluster, disc.spots, inner, strict=True):
            for node, (x, y) in zip(group, own.spots, strict=True):
                found[node] = Place(centre[0] + spot[0] + x, centre[1] + spot[1] + y, sizes[node])
    return _fitted(found)


def _fitted(found: dict[NodeId, Place]) -> dict[NodeId, Place]:
    """The same with smaller nodes where the picture is shrunk to be seen as a whole."""
    if not found:
        return found
    spans = [
        (max(values) - min(values)) / usual
        for values, usual in zip(list(zip(*found.values(), strict=True))[:2], _PICTURE, strict=True)
    ]
    smaller = 1 / max(1, *spans)
    return {
        node: place._replace(size=max(_SMALLEST, place.size * smaller))
        if node[0] in _MANY
        else place
        for node, place in found.items()
    }


def _sizes(graph: Graph) -> dict[NodeId, float]:
    """By what a node is and how many specs it stands for; smaller where there are many."""
    sizes = {
        node: _SIZES.get(node[0], 4.5) + min(10, attributes.get("specs", 0) ** 0.4)
        for node, attributes in graph.nodes(data=True)
    }
    covered = math.fsum(math.pi * sizes[node] ** 2 for node in graph if node[0] in _MANY)
    smaller = min(1, math.sqrt(_COVERED * _PICTURE[0] * _PICTURE[1] / max(covered, 1)))
    return {n: size * (smaller if n[0] in _MANY else 1) for n, size in sizes.items()}


def _sunflower(radii: Sequence[float]) -> _Disc:
    """Places for discs in one disc, from its middle outwards, each with room for its area."""
    spots: list[tuple[float, float]] = []
    whole = area = 0.0
    for number, radius in enumerate(radii):
        room = (_ROOM * radius) ** 2
        # Around the first there must be room for two at once.
        out = max(math.sqrt(area + room), 1.1 * (radii[0] + radius)) if number else 0
        turn = number * _GOLDEN_ANGLE
        spots.append((out * math.cos(turn), out * math.sin(turn)))
        whole = max(whole, out + radius)
        area += room
    return _Disc(spots, whole)


def _clusters(around: Around) -> list[Cluster]:
    """The nodes in groups, and these in clusters: as finely as the number allows."""
    groups = _alike(around, lambda node: (node[0], frozenset(around[node])))
    if len(groups) > MAX_CLUSTERS:
        groups = _alike(around, lambda node: _home(node, around[node]))
    hubs = {group: _hubs(group, around) for group in groups}
    if len(groups) <= MAX_CLUSTERS:
        return [(group,) for group in groups]
    clusters: dict[Hashable, list[Group]] = defaultdict(list)
    for group in sorted(groups, key=lambda g: (-len(g), g)):
        clusters[hubs[group] if group[0][0] in _MANY else group].append(group)
    return _merged([tuple(cluster) for cluster in clusters.values()], hubs)


def _alike(around: Around, key: Callable[[NodeId], Hashable]) -> list[Group]:
    found: dict[Hashable, list[NodeId]] = defaultdict(list)
    for node, others in around.items():
        found[key(node) if node[0] in _MANY and others else node].append(node)
    return [tuple(nodes) for nodes in found.values()]


def _home(node: NodeId, around: set[NodeId]) -> Hashable:
    """Of a spec its package, of a package with specs itself, else the stacks."""
    if node[0] == "Package" and any(other[0] in _SPECS for other in around):
        return node
    packages = [other for other in around if other[0] == "Package"] if node[0] in _SPECS else []
    return min(packages) if packages else _hubs((node,), {node: around})


def _hubs(group: Group, around: Around) -> frozenset[NodeId]:
    return frozenset(other for node in group for other in around[node] if other[0] not in _MANY)


def _merged(clusters: list[Cluster], hubs: dict[Group, frozenset[NodeId]]) -> list[Cluster]:
    """The largest clusters, each with the smaller ones whose hubs are most alike."""

    def rank(cluster: Cluster) -> tuple[Any, ...]:
        first = cluster[0]
        return first[0][0] in _MANY, -sum(map(len, cluster)), -len(hubs[first]), first

    ranked = sorted(clusters, key=rank)
    kept = [list(cluster) for cluster in ranked[:MAX_CLUSTERS]]
    many = [number for number, cluster in enumerate(kept) if cluster[0][0][0] in _MANY]
    takers = many or list(range(len(kept)))  # with so many hubs, all that is kept is one of them
    rest = ranked[MAX_CLUSTERS:]
    likeness = _likeness([hubs[c[0]] for c in rest], [hubs[ranked[n][0]] for n in takers])
    for cluster, best in zip(rest, likeness.argmax(axis=1).tolist(), strict=True):
        kept[takers[best]].extend(cluster)
    return [tuple(cluster) for cluster in kept]


def _likeness(
    some: list[frozenset[NodeId]], others: list[frozenset[NodeId]]
) -> NDArray[np.float64]:
    """The part that each of some sets shares with each of others (Jaccard), as a matrix."""
    columns = {node: at for at, node in enumerate(sorted(frozenset().union(*some, *others)))}

    def matrix(sets: list[frozenset[NodeId]]) -> NDArray[np.float64]:
        marked = np.zeros((len(sets), len(columns)))
        for row, nodes in enumerate(sets):
            marked[row, [columns[node] for node in nodes]] = 1
        return marked

    a, b = matrix(some), matrix(others)
    shared: NDArray[np.float64] = a @ b.T
    either = a.sum(axis=1)[:, None] + b.sum(axis=1) - shared
    found: NDArray[np.float64] = shared / np.maximum(either, 1)
    return found


def _skeleton(graph: Graph, clusters: list[Cluster]) -> nx.Graph[int]:
    """The clusters as a graph; the more edges join two, the closer they are to be."""
    place = {
        node: number
        for number, cluster in enumerate(clusters)
        for group in cluster
        for node in group
    }
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for start, end in graph.edges():
        a, b = sorted((place[start], place[end]))
        counts[a, b] += 1
    skeleton: nx.Graph[int] = nx.Graph()
    skeleton.add_nodes_from(range(len(clusters)))
    for (a, b), count in sorted(counts.items()):
        if a != b:
            skeleton.add_edge(a, b, weight=1 + math.log(count))
    return skeleton


def _arrange(skeleton: nx.Graph[int], radii: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """The centre of each cluster's disc."""
    if len(radii) < 2:
        return np.zeros((len(radii), 2))
    layout: Any = nx.forceatlas2_layout(skeleton, max_iter=_ROUNDS, weight="weight", seed=seed)
    centres = np.array([layout[number] for number in range(len(radii))])
    centres -= centres.mean(axis=0)
    distances = np.sqrt(np.sum(centres**2, axis=1))
    spread = math.sqrt(float(np.mean(distances**2))) or 1
    # What is far out comes nearer, since all must fit into one window.
    centres *= (np.maximum(distances / spread, 1e-9) ** (_NEARER - 1))[:, None]
    wanted = math.sqrt(float(np.sum(radii**2)) / _FILLED / 2)
    return _pushed_apart(centres * (wanted / spread), radii)


def _pushed_apart(centres: NDArray[np.float64], radii: NDArray[np.float64]) -> NDArray[np.float64]:
    """The discs' centres, moved until few of them overlap."""
    wanted = np.square(radii[:, None] + radii)
    np.fill_diagonal(wanted, 0)
    x, y = centres.T
    for _ in range(100):
        across, down = x[:, None] - x, y[:, None] - y
        # Few of all pairs overlap, so the rest is done with these alone.
        one, other = np.nonzero(across * across + down * down < wanted)
        if not len(one):
            break
        across, down = across[one, other], down[one, other]
        distance = np.maximum(np.hypot(across, down), 1e-9)
        # Half of the half that is its own, since a disc is pushed by several at once.
        push = ((radii[one] + radii[other]) / distance - 1) / 4
        x = x + np.bincount(one, push * across, len(x))
        y = y + np.bincount(one, push * down, len(y))
    return np.column_stack((x, y))
