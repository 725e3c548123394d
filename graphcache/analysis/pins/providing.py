"""What builds need where another package provides something."""

from __future__ import annotations

import numpy as np

from graphcache.analysis.dependencies import Rows
from graphcache.analysis.pins.graphs import AT, BuildGraph, Codes, Need
from graphcache.analysis.pins.identities import both_hows

OF_THE_MACHINE = ("platform", "os", "target")


def provided_by(graph: BuildGraph, fits: Rows, virtuals: frozenset[str]) -> dict[int, list[Need]]:
    """What each build needs that takes some virtuals from other builds than these of a package."""
    hows, wanted = graph.codes["how"], virtuals
    with_it = {code for code, how in enumerate(hows.values) if wanted & {*(how[1] or ())}}
    others = np.ones(len(graph.own), bool)
    others[fits] = False
    edges = np.isin(graph.hows, list(with_it)) & others[graph.ends]
    models = _Models(graph, fits)
    needs: dict[int, list[Need]] = {}
    for row in sorted(set(graph.starts[edges].tolist())) if len(fits) else []:
        found: dict[int, int] = {}
        for end, code in graph.needs(row):
            if code not in with_it or not others[end]:
                add_need(hows, found, (end, code))
                continue
            types, provides = hows.values[code]
            swapped = tuple(virtual for virtual in provides or () if virtual in wanted)
            add_need(hows, found, (models.of(end), hows.code((types, swapped))))
            if rest := tuple(virtual for virtual in provides or () if virtual not in wanted):
                add_need(hows, found, (end, hows.code((types, rest))))
        needs[row] = list(found.items())
    return needs


class _Models:
    """Of the builds of a package the one to take in the place of another package's."""

    def __init__(self, graph: BuildGraph, fits: Rows) -> None:
        self._graph, self._fits = graph, fits
        self._machines = graph.own[:, [AT[name] for name in OF_THE_MACHINE]]
        self._needed = graph.needed_by_rows(fits)
        self._found: dict[int, int] = {}

    def of(self, row: int) -> int:
        """The one for the same machine; of such, which needs most of what the other does."""
        if row not in self._found:
            differ = (self._machines[self._fits] != self._machines[row]).sum(axis=1)
            needed = np.zeros(len(self._machines), bool)
            needed[[end for end, _ in self._graph.needs(row)]] = True
            which, ends = self._needed
            same = np.bincount(which, needed[ends], minlength=len(self._fits))
            self._found[row] = int(self._fits[np.lexsort((-same, differ))[0]])
        return self._found[row]


def add_need(hows: Codes, found: dict[int, int], need: Need) -> None:
    """Add a dependency; where there is one on that build already, they become one, for both."""
    end, how = need
    if end in found and found[end] != how:
        how = hows.code(both_hows([hows.values[found[end]], hows.values[how]]))
    found[end] = how
