"""Why a spec is there: the shortest paths from the roots that need it, as one tree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphcache.analysis.pictures.shown import READS, Graph, Kind, SpecShown
from graphcache.analysis.reasons import roots_of
from graphcache.answers import LOAD_DEPENDENCIES, reads
from graphcache.errors import not_known
from graphcache.tables import Tables


@dataclass(frozen=True, slots=True)
class WhyPicture:
    """The roots that need a spec, and how."""

    spec: SpecShown
    roots: dict[int, SpecShown]
    """By number; the nearest first."""
    specs: dict[int, SpecShown]
    """All on a shortest path; the spec itself first, the nearest before others."""
    toward: dict[int, int]
    """Of each but the spec the next one on the way to it."""
    kinds: dict[int, Kind]
    """For what each needs that one."""
    number: int
    """The number of the spec itself."""
    notes: list[str]


@reads(READS)
def why_picture(tables: Tables, text: str) -> WhyPicture:
    """The shortest paths from the roots to the one spec that a text means.

    Raises:
        UsageError: as `the_spec` does.
        NotKnownError: it is not known which roots need it.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09")
    >>> picture = why_picture(tables, "hdf5/hhaw2z5")
    >>> [root.name for root in picture.roots.values()]
    ['hdf5', 'netcdf-c', 'nco', 'netcdf-fortran', 'py-xarray', 'adios2']
    """
    graph = Graph(tables)
    row = graph.row_of(text)
    reach = graph.needs.needing(np.array([row]))
    roots, perhaps = roots_of(tables, graph.needs)
    needing = roots[reach.found[roots]]
    notes = graph.needs.notes()
    [spec] = graph.shown([row])
    if not len(needing) and reach.found[perhaps].any():
        raise not_known(
            f"which roots need {spec.caption} is not known: of no spec of its stacks it is known "
            f"what it needs; {LOAD_DEPENDENCIES},"
        )
    distance: dict[int, int] = {}
    for root in needing.tolist():
        path = reach.path(root)
        distance |= {step: len(path) - 1 - at for at, step in enumerate(path)}
    order = sorted(distance or {row: 0}, key=lambda one: (distance.get(one, 0), one))
    specs = dict(zip(order, graph.shown(order), strict=True))
    toward = {one: int(reach.came_from[one]) for one in order if one != row}
    inside = np.isin(graph.needs.starts, order) & np.isin(graph.needs.ends, order)
    kinds = {
        edge.start: edge.kind for edge in graph.edges(inside) if toward.get(edge.start) == edge.end
    }
    return WhyPicture(
        spec,
        {root: specs[root] for root in order if root in set(needing.tolist())},
        specs,
        toward,
        kinds,
        row,
        notes,
    )
