"""Two specs: the packages in which they differ, with the causes that `diff` names, and the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphcache.analysis.differing import spec_pairs
from graphcache.analysis.differing.spec_diff import Difference, SpecDiff, compare_specs
from graphcache.analysis.differing.spec_pairs import Specs
from graphcache.analysis.pictures.shown import READS, Graph, SpecShown
from graphcache.answers import reads
from graphcache.tables import Tables

_READS = {
    name: tuple(dict.fromkeys((*READS.get(name, ()), *spec_pairs.READS.get(name, ()))))
    for name in dict.fromkeys((*READS, *spec_pairs.READS))
}


@dataclass(frozen=True, slots=True)
class TwoPicture:
    """In what two specs differ."""

    left: SpecShown
    right: SpecShown
    found: SpecDiff
    differences: list[Difference]
    """All of them, the nearest first; the two specs' own is the first."""
    edges: set[tuple[int, int]]
    """Which leads to which, by position."""
    same: list[SpecShown]
    """What both need, and is the same."""
    only_left: list[SpecShown]
    """What one of them needs, of packages that the other does not need at all."""
    only_right: list[SpecShown]


@reads(_READS)
def two_picture(tables: Tables, left: str, right: str) -> TwoPicture:
    """In what two specs differ, each given by a text that means one.

    Raises:
        UsageError: as `the_spec` does.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09/io", "examples/site/2026-10/io")
    >>> picture = two_picture(tables, "hdf5/hhaw2z5", "hdf5/kylug4g")
    >>> len(picture.differences), len(picture.same), [one.name for one in picture.only_right]
    (25, 26, ['libaec'])
    """
    graph = Graph(tables)
    a, b = graph.row_of(left), graph.row_of(right)
    of_left, of_right = (graph.needs.needed(np.array([row])).rows for row in (a, b))
    specs = Specs(tables, graph.needs, np.union1d(of_left, of_right))
    found = compare_specs(specs, graph.needs.hash(a), graph.needs.hash(b))
    differences = [one for _, one in found.walk()]
    names = [{*graph.names(rows)} for rows in (of_left, of_right)]
    sides = [
        [one for one in graph.shown(rows.tolist()) if one.name not in others]
        for rows, others in zip((of_left, of_right), reversed(names), strict=True)
    ]
    shown_left, shown_right = graph.shown([a, b])
    return TwoPicture(
        shown_left,
        shown_right,
        found,
        differences,
        _edges(differences),
        sorted(graph.shown(np.intersect1d(of_left, of_right).tolist()), key=lambda one: one.name),
        *(sorted(side, key=lambda one: one.name) for side in sides),
    )


def _edges(differences: list[Difference]) -> set[tuple[int, int]]:
    """What leads to what; a package that is told elsewhere is there where it is met first."""
    at = {id(one): number for number, one in enumerate(differences)}
    by_name: dict[str, int] = {}
    for number, one in enumerate(differences):
        by_name.setdefault(one.right.package, number)
    found = set()
    for number, one in enumerate(differences):
        found |= {(number, at[id(below)]) for below in one.below}
        found |= {(number, by_name[name]) for name in one.told if name in by_name}
    return {(start, end) for start, end in found if start != end}
