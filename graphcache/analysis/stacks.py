"""How alike stacks are, and which belong together."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from graphcache.analysis.memberships import codes, members
from graphcache.answers import Answer, reads
from graphcache.errors import UsageError
from graphcache.tables import Tables

By = Literal["packages", "configurations", "specs"]
"""What two stacks may share: a package at all, the same build of it, or the very same binary."""


@reads({"Spec": ("name", "configuration"), "Release": (), "IN_STACK": ("releases",)})
def stack_similarity(tables: Tables, by: By = "packages", release: str | None = None) -> Answer:
    """Every pair of stacks with how much they share.

    The three ways to count give three answers. Stacks for different machines share packages, but
    no configuration, since a target is part of it; and those that share configurations may have
    built each twice, and share no spec.

    Args:
        tables: the graph.
        by: what to compare: packages, configurations or specs.
        release: only what the stacks hold in this release; in all of them if None.

    Returns:
        One row per pair: both stacks, how many both hold, how many only the first or the second
        holds, and the Jaccard index, shared / (shared + the two others), from 0 to 1 (Jaccard
        1901). The most alike come first.

    Raises:
        UsageError: the graph has no such release, or `by` is something else.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/pages")
    >>> answer = stack_similarity(tables, "specs")
    >>> dict(zip(answer.columns, answer.rows[1]))  # doctest: +NORMALIZE_WHITESPACE
    {'stack': 'ml-linux-x86_64-cpu', 'other': 'ml-linux-x86_64-cuda', 'shared': 45, 'only_stack': 6,
     'only_other': 1, 'jaccard': 0.8653846153846154}
    """
    stacks, held = _held(tables, by, release)
    shared, size = _shared(held)
    one, other = np.triu_indices(len(stacks), 1)
    both = shared[one, other]
    jaccard = _jaccard(shared, size)[one, other]
    columns = (both, size[one] - both, size[other] - both, jaccard)
    named = ([stacks[at] for at in ends] for ends in (one, other))
    rows = zip(*named, *(column.tolist() for column in columns), strict=True)
    return Answer(
        ["stack", "other", "shared", "only_stack", "only_other", "jaccard"],
        sorted(rows, key=lambda row: (-row[5], -row[2], row[0], row[1])),
    )


@reads(stack_similarity.reads)
def stack_clusters(
    tables: Tables,
    by: By = "packages",
    release: str | None = None,
    resolution: float = 1.0,
    seed: int = 1,
) -> Answer:
    """Stacks that belong together: communities of the graph of their Jaccard indices.

    By `networkx.community.louvain_communities` (Blondel et al. 2008, doi
    10.1088/1742-5468/2008/10/P10008), the same for the same seed.

    Args:
        tables: the graph.
        by: what makes stacks alike: packages, configurations or specs.
        release: only what the stacks hold in this release; in all of them if None.
        resolution: above 1 more and smaller clusters, below 1 fewer and larger.
        seed: of the order in which stacks are tried.

    Returns:
        One row per stack: the number of its cluster, from 1, the stack, and how many it holds.
        Clusters of many stacks come first.

    Raises:
        UsageError: the graph has no such release, or `by` is something else.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/pages")
    >>> stack_clusters(tables, "specs").rows[0]
    (1, 'ml-linux-x86_64-cpu', 51)
    """
    import networkx as nx

    stacks, held = _held(tables, by, release)
    shared, size = _shared(held)
    jaccard = _jaccard(shared, size)
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(len(stacks)))
    one, other = np.nonzero(np.triu(jaccard, 1))
    graph.add_weighted_edges_from(
        zip(one.tolist(), other.tolist(), jaccard[one, other].tolist(), strict=True)
    )
    found = nx.community.louvain_communities(graph, resolution=resolution, seed=seed)
    clusters = sorted((sorted(cluster) for cluster in found), key=lambda c: (-len(c), c))
    rows = [
        (number, stacks[at], int(size[at]))
        for number, cluster in enumerate(clusters, start=1)
        for at in cluster
    ]
    return Answer(["cluster", "stack", by], rows)


@reads(stack_similarity.reads)
def stack_combinations(tables: Tables, by: By = "specs", release: str | None = None) -> Answer:
    """How many are in exactly which stacks: what an UpSet plot shows.

    Args:
        tables: the graph.
        by: what to count: packages, configurations or specs.
        release: only what the stacks hold in this release; in all of them if None.

    Returns:
        One row per set of stacks: the stacks, and how many are in all of them and in no other. The
        largest come first; what is in no stack is not counted.

    Raises:
        UsageError: the graph has no such release, or `by` is something else.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/pages")
    >>> stack_combinations(tables).rows[0]
    (['ml-linux-aarch64-cpu', 'ml-linux-aarch64-cuda'], 42)
    """
    stacks, held = _held(tables, by, release)
    packed = np.packbits(held, axis=0).T
    sets, first, counts = np.unique(packed, axis=0, return_index=True, return_counts=True)
    rows = [
        ([stacks[at] for at in np.flatnonzero(held[:, column])], count)
        for column, count in zip(first.tolist(), counts.tolist(), strict=True)
        if sets.size
    ]
    rows = [row for row in rows if row[0]]
    return Answer(["stacks", by], sorted(rows, key=lambda row: (-row[1], len(row[0]), row[0])))


def _held(tables: Tables, by: By, release: str | None) -> tuple[list[str], NDArray[np.bool_]]:
    """The stacks, and of each stack (a row) and each thing (a column) whether it holds it."""
    if by not in get_args(By):
        raise UsageError(f"{by}: expected one of {', '.join(get_args(By))}")
    stacks = members(tables, "IN_STACK", release)
    specs = tables.nodes["Spec"]
    key = {"packages": "name", "configurations": "configuration", "specs": "hash"}[by]
    things, names = codes(specs[key])
    held = np.zeros((len(stacks.names), len(names)), bool)
    known = things[stacks.specs] >= 0
    held[stacks.groups[known], things[stacks.specs[known]]] = True
    return stacks.names, held


def _shared(held: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many each two stacks share, and how many each holds."""
    # A product of floats, which is quick, and exact: no stack holds 2**24 specs.
    counts = held.astype(np.float32)
    shared = (counts @ counts.T).astype(np.int64)
    return shared, np.diagonal(shared)


def _jaccard(shared: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.float64]:
    either = size[:, np.newaxis] + size - shared
    share: NDArray[np.float64] = shared / np.maximum(either, 1)
    return share
