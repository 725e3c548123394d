"""Packages by how much hangs on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphcache.analysis.dependencies import Dependencies, Neighbours, Rows
from graphcache.analysis.memberships import codes
from graphcache.answers import Answer, reads
from graphcache.errors import UsageError
from graphcache.tables import Tables
from graphcache.tables.arrays import coded_pairs, decoded_pairs

if TYPE_CHECKING:
    import networkx as nx

_AT_ONCE = 64
"""Packages that are followed up at the same time: the bits of an integer."""


class _Level(NamedTuple):
    """Specs whose needs are all in levels before, with these needs."""

    specs: Rows
    first: Rows
    """Of each spec, where its needs begin in `needs`."""
    needs: Rows


@reads({"Spec": ("name", "dependencies_known"), "DEPENDS_ON": ()})
def dependents(tables: Tables) -> Answer:
    """How many specs and packages need each package, at any distance: its reverse closure.

    Without the package's own specs.

    Returns:
        One row per package: its name, its specs, the specs of others that need one of them, and
        how many packages those are of. Those that most specs need come first.

    Raises:
        NotKnownError: no dependencies are known.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> dependents(tables).rows[0]
    ('gcc', 1, 304, 235)
    """
    graph = Dependencies(tables)
    package, names = _packages(graph)
    levels, cycle = _levels(graph)
    specs = np.bincount(package, minlength=len(names))
    by_package = np.argsort(package, kind="stable")
    first = np.cumsum(specs) - specs
    rows: list[tuple[str, int, int, int]] = []
    for start in range(0, len(names), _AT_ONCE):
        chosen = slice(start, start + _AT_ONCE)
        needed = _needed(package - start, levels, cycle)
        packages = np.bitwise_or.reduceat(needed[by_package], first)
        # Each spec is counted as needing its own package, and each package as needing itself.
        own = specs[chosen]
        above = _count_bits(needed)[: len(own)] - own
        others = _count_bits(packages)[: len(own)] - 1
        counted = (names[chosen], own.tolist(), above.tolist(), others.tolist())
        rows += zip(*counted, strict=True)
    rows.sort(key=lambda row: (-row[2], -row[3], row[0]))
    columns = ["package", "specs", "needed_by_specs", "needed_by_packages"]
    return Answer(columns, rows, notes=graph.notes())


@reads(dependents.reads)
def package_graph(tables: Tables) -> nx.DiGraph[str]:
    """Packages that need packages: an edge where any spec of the one needs one of the other.

    An edge's `specs` is the number of such pairs of specs. For networkx's algorithms.

    Raises:
        NotKnownError: no dependencies are known.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> package_graph(tables).edges["umpire", "camp"]
    {'specs': 3}
    """
    import networkx as nx

    graph = Dependencies(tables)
    graph.notes()  # or the error that none are known
    package, names = _packages(graph)
    starts, ends = package[graph.starts], package[graph.ends]
    other = starts != ends
    pairs, counts = np.unique(
        coded_pairs(starts[other], ends[other], len(names)), return_counts=True
    )
    made: nx.DiGraph[str] = nx.DiGraph()
    made.add_nodes_from(sorted(names))
    columns = (*decoded_pairs(pairs, len(names)), counts)
    for start, end, count in zip(*(column.tolist() for column in columns), strict=True):
        made.add_edge(names[start], names[end], specs=count)
    return made


def centrality(graph: nx.DiGraph[str], sample: int | None = 100, seed: int = 1) -> Answer:
    """Packages that many ways lead through, and to which many lead; networkx computes both.

    Betweenness (Brandes 2001, doi 10.1080/0022250X.2001.9990249) is the share of shortest paths
    between others that pass a package: high for what couples much above with much below. It costs
    nodes times edges, so it is estimated from the paths of `sample` packages (Brandes and Pich
    2007, doi 10.1142/S0218127407018403). PageRank (Brin and Page 1998, doi
    10.1016/S0169-7552(98)00110-X) is high for what is needed by much that is needed itself.

    A networkx backend is used where `networkx.config` or NETWORKX_BACKEND_PRIORITY names one.

    Args:
        graph: what `package_graph` gives, or any graph of which an edge says 'needs'.
        sample: packages whose shortest paths are followed; all of them if None, or if there are
            fewer.
        seed: by which the sample is drawn.

    Returns:
        One row per package: its name, betweenness and PageRank. The highest PageRank comes first.

    Raises:
        UsageError: scipy, which networkx needs for PageRank, is not installed.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> centrality(package_graph(tables)).rows[0][:2]
    ('gcc', 0.0)
    """
    import networkx as nx

    k = None if sample is None or sample >= len(graph) else sample
    between = nx.betweenness_centrality(graph, k=k, seed=seed)
    try:
        rank = nx.pagerank(graph)
    except ModuleNotFoundError as error:
        said = f"PageRank needs {error.name}: pip install 'graphcache[analysis]'"
        raise UsageError(said) from error
    rows = [(name, between[name], rank[name]) for name in graph]
    return Answer(
        ["package", "betweenness", "pagerank"], sorted(rows, key=lambda row: (-row[2], row[0]))
    )


def _packages(graph: Dependencies) -> tuple[Rows, list[str]]:
    """The package of each spec, by its position among the names."""
    return codes(pc.fill_null(graph.specs["name"], ""))


def _needed(package: Rows, levels: list[_Level], cycle: _Level) -> NDArray[np.uint64]:
    """Of each spec, bit by bit, whether it needs the first packages, or is of them."""
    bits = np.zeros(len(package), np.uint64)
    own = (package >= 0) & (package < _AT_ONCE)
    bits[own] = np.uint64(1) << package[own].astype(np.uint64)
    for level in levels:
        _take_over(bits, level)
    before = np.zeros_like(bits)
    while len(cycle.specs) and not np.array_equal(before, bits):
        before = bits.copy()
        _take_over(bits, cycle)
    return bits


def _count_bits(numbers: NDArray[np.uint64]) -> Rows:
    """Of each of the bits, in how many of the numbers it is set."""
    bytes_ = numbers.astype("<u8").view(np.uint8).reshape(-1, _AT_ONCE // 8)
    counts: Rows = np.unpackbits(bytes_, axis=1, bitorder="little").sum(axis=0, dtype=np.int64)
    return counts


def _take_over(bits: NDArray[np.uint64], level: _Level) -> None:
    """Give each spec of the level what its needs have."""
    bits[level.specs] |= np.bitwise_or.reduceat(bits[level.needs], level.first)


def _levels(graph: Dependencies) -> tuple[list[_Level], _Level]:
    """The specs in levels; apart, what is in a cycle or above one, which no sound data has."""
    apart = graph.starts != graph.ends
    starts, ends, size = graph.starts[apart], graph.ends[apart], graph.specs.num_rows
    needs, needed_by = Neighbours(starts, ends, size), Neighbours(ends, starts, size)
    left = np.bincount(starts, minlength=size)
    levels = [_level(rows, needs) for rows in _needs_first(left, needed_by)]
    return levels, _level(np.flatnonzero(left), needs)


def _needs_first(left: Rows, needed_by: Neighbours) -> Iterator[Rows]:
    """Specs level by level; `left` is how many needs of each are in no level yet."""
    border = np.flatnonzero(left == 0)
    while len(border):
        above, counts = np.unique(needed_by.of(border)[1], return_counts=True)
        left[above] -= counts
        border = above[left[above] == 0]
        if len(border):
            yield border


def _level(rows: Rows, needs: Neighbours) -> _Level:
    which, ends = needs.of(rows)
    return _Level(rows, np.flatnonzero(np.diff(which, prepend=-1)), ends)
