"""Which builds remain where something of them changes: those that are still needed, each once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from graphcache.analysis.dependencies import Mask, Rows
from graphcache.analysis.pins.graphs import FIELDS, BuildGraph, Changes
from graphcache.analysis.pins.identities import identities_then
from graphcache.analysis.pins.mixing import (
    Identities,
    count_distinct,
    own_settings,
)
from graphcache.tables.arrays import distinct, firsts


@dataclass(frozen=True)
class Builds:
    """Builds, and which of them count."""

    graph: BuildGraph
    identities: Identities
    chosen: Mask
    """The specs that were asked for."""
    roots: Rows
    """Those that are there of themselves, and not because another needs them."""
    at_first: Mask
    """What was needed before anything changed."""
    needed: Mask

    @cached_property
    def counts(self) -> Mask:
        """The builds to be made: the chosen that are still needed, and what only now is."""
        return self._counted(self.needed, self.graph.external)

    @cached_property
    def distinct(self) -> int:
        """How many builds these are."""
        return count_distinct(self.identities[self.counts])

    @property
    def to_build(self) -> Mask:
        """Of each build whether it is needed only to build others."""
        hows = self.graph.codes["how"].values
        only = np.array([how[0] is not None and {*how[0]} <= {"build", "test"} for how in hows])
        return ~self.graph.reached(self.roots, without=only) if len(hows) else ~self.needed

    def then(self, changes: Changes) -> Builds:
        """The builds with some changes; no build needs itself by them."""
        found = identities_then(self.graph, self.identities, changes)
        if found is None:
            raise ValueError("expected changes by which no build needs itself")
        graph, needed = self.graph.with_changes(changes), self._needed(changes)
        return Builds(graph, found, self.chosen, self.roots, self.at_first, needed)

    def remain(self, changes: Changes) -> int | None:
        """How many builds remain with some changes; None if one would need itself."""
        found = identities_then(self.graph, self.identities, changes)
        return None if found is None else count_distinct(found[self._counts(changes)])

    def remain_at_least(self, changes: Changes) -> int:
        """How many builds remain at least, which is quicker to say.

        What does not change is known. What does, or is above it, is at least as many builds as it
        has settings that no other has.
        """
        above = self.graph.reached(changes.rows, upward=True)
        counts, settings = self._counts(changes), self.graph.settings.copy()
        own = np.array(list(changes.own.values()), np.int64).reshape(-1, len(FIELDS))
        settings[list(changes.own)] = own_settings(own)
        others = counts & ~above
        # Those of what does not change are numbered already, and are marked instead of sorted.
        known, number = self.graph.known_settings
        old = np.zeros(len(known) + 1, bool)
        old[number[others]] = True
        new = distinct(settings[counts & above])
        at = np.searchsorted(known, new)
        is_known = known[np.minimum(at, len(known) - 1)] == new
        added = len(new) - int(old[at[is_known]].sum())
        return self._count_identities(others) + added

    @cached_property
    def _numbers(self) -> Rows:
        """Of each build the number of its identity, among all that there are."""
        order = np.argsort(self.identities)
        numbers = np.zeros(len(order), np.int64)
        numbers[order] = np.cumsum(firsts(self.identities[order])) - 1
        return numbers

    def _count_identities(self, which: Mask) -> int:
        """How many distinct builds some of them are."""
        found = np.zeros(len(which), bool)
        found[self._numbers[which]] = True
        return int(found.sum())

    def dropped(self, changes: Changes) -> int:
        """How many builds nothing needs any more with some changes."""
        return int((self.counts & ~self._needed(changes)).sum()) if changes.needs else 0

    def _counts(self, changes: Changes) -> Mask:
        external = self.graph.external
        if changes.own:
            external = external.copy()
            own = np.array(list(changes.own.values()), np.int64)
            external[list(changes.own)] = self.graph.is_external(own)
        return self._counted(self._needed(changes), external)

    def _counted(self, needed: Mask, external: Mask) -> Mask:
        return needed & ~external & (self.chosen | ~self.at_first)

    @cached_property
    def _needing(self) -> Rows:
        """How often each build is needed by what is needed itself, or is a root."""
        ends = self.graph.ends[self.needed[self.graph.starts]]
        times = np.bincount(ends, minlength=len(self.needed))
        times[self.roots] += 1
        return times

    @cached_property
    def _known(self) -> dict[Changes, Mask]:
        """What is needed with changes that were asked for before."""
        return {}

    def _needed(self, changes: Changes) -> Mask:
        """What is needed with some changes, by counting how often each build is."""
        if not changes.needs:
            return self.needed
        if changes not in self._known:
            self._known[changes] = self._needed_now(changes)
        return self._known[changes]

    def _needed_now(self, changes: Changes) -> Mask:
        needed, times = self.needed.copy(), self._needing.copy()

        def needs(row: int) -> Iterable[int]:
            found = changes.needs.get(row)
            return [end for end, _ in (self.graph.needs(row) if found is None else found)]

        rows = [row for row in changes.needs if needed[row]]
        more = [end for row in rows for end in needs(row)]
        while more:
            end = more.pop()
            times[end] += 1
            if not needed[end]:
                needed[end] = True
                more += needs(end)
        less = [end for row in rows for end, _ in self.graph.needs(row)]
        while less:
            end = less.pop()
            times[end] -= 1
            if not times[end]:
                needed[end] = False
                less += needs(end)
        return needed
