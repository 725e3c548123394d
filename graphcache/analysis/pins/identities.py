"""What makes a build the one that it is, as arrays: its own settings, and what is below it.

Settings and dependencies can be replaced, and identities are then made anew: two builds are one if
they agree in their own settings and need the same, for the same, down to the leaves. That is what
Spack's own hash says of a spec, and is asked here of graphs that nobody concretized.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from graphcache.analysis.dependencies import Rows
from graphcache.analysis.pins.graphs import FIELDS, BuildGraph, Changes, Codes, Edges, How, array_of
from graphcache.analysis.pins.mixing import Identities, mix, own_settings


def identities_of(graph: BuildGraph) -> Identities:
    """A number for each build, equal for those that are one.

    The numbers have 64 bits, mixed of all that a build is: of 100,000 builds, two that are not one
    get the same by a chance of one in 10**9. The graph has no circles.
    """
    found = np.zeros(len(graph.own), np.uint64)
    _renew(graph, np.arange(len(found)), found, Changes())
    return found


def identities_then(graph: BuildGraph, before: Identities, changes: Changes) -> Identities | None:
    """The identities with some changes; None if a build would then need itself.

    Only what changes, and what is above it, is gone through, and no whole graph is made.

    Args:
        graph: the builds without the changes.
        before: the identities of these.
        changes: what is otherwise.
    """
    levels = graph.levels
    if any(levels[end] >= levels[row] for row, needs in changes.needs.items() for end, _ in needs):
        changed = graph.with_changes(changes)
        return None if changed.has_circles else identities_of(changed)
    found = before.copy()
    above = graph.reached(changes.rows, upward=True)
    _renew(graph, np.flatnonzero(above), found, changes)
    return found


def _renew(graph: BuildGraph, rows: Rows, found: Identities, changes: Changes) -> None:
    """Make the identities of some builds, level by level, of those of all others; in place."""
    levels = graph.levels
    rows = rows[np.argsort(levels[rows], kind="stable")]
    edges = graph.edges(rows, changes)
    own = graph.settings.copy()
    own[list(changes.own)] = own_settings(array_of(changes.own.values(), len(FIELDS)))
    kinds = mix(np.arange(len(graph.codes["how"].values)).astype(np.uint64))[edges.hows]
    for at, run in graph.by_level(rows, edges.which):
        total = own[rows[at]]
        if run.start != run.stop:  # the lowest level needs nothing
            which, ends = edges.which[run], found[edges.ends[run]]
            parts = mix(ends + kinds[run])
            if edges.several[run].any():
                _unite(parts, ends, edges.of(run), graph.codes["how"])
            # A build of a level may need nothing any more, and reduceat takes no empty run.
            first = np.flatnonzero(np.diff(which, prepend=-1))
            total[which[first] - at.start] += np.add.reduceat(parts, first)
        found[rows[at]] = mix(total)


def _unite(parts: Identities, ends: Identities, edges: Edges, known: Codes) -> None:
    """Of two edges to what is one build make one, for all that either is for; in place."""
    first: dict[tuple[int, int], int] = {}
    united: dict[int, set[int]] = {}
    for at in np.flatnonzero(edges.several).tolist():
        key = int(edges.which[at]), int(ends[at])
        if key in first:
            of_first = {int(edges.hows[first[key]])}
            united.setdefault(first[key], of_first).add(int(edges.hows[at]))
            parts[at] = 0
        else:
            first[key] = at
    for at, codes in united.items():
        how = both_hows(known.values[code] for code in codes)
        kind = mix(np.array([known.code(how)], np.uint64))
        parts[at] = mix(ends[at : at + 1] + kind)[0]


def both_hows(hows: Iterable[How]) -> How:
    """What one dependency is for that stands for several.

    >>> both_hows([(("build",), None), (("link",), ("c",))])
    (('build', 'link'), ('c',))
    """
    every = list(hows)
    told = [[how[at] for how in every if how[at] is not None] for at in (0, 1)]
    types, virtuals = (
        tuple(sorted({text for texts in found for text in texts or ()})) if found else None
        for found in told
    )
    return types, virtuals
