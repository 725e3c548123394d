"""Builds and what they need, as arrays in which settings and dependencies can be replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphcache.analysis.dependencies import Mask, Neighbours, Rows, Runs
from graphcache.analysis.pins.mixing import Identities, mix, own_settings
from graphcache.tables.arrays import distinct

FIELDS = (
    *("name", "version", "namespace", "platform", "os", "target", "compiler"),
    *("variants", "flags", "patches", "package_hash", "external", "unknown"),
)
"""What a build is of itself, a column each; `variants` are without the patches.

`external` is null of what Spack built, and else path, modules and so on. `unknown` is null, or of
its own for a spec of which nobody tells all that its hash is of.
"""
AT = {name: at for at, name in enumerate(FIELDS)}

How = tuple[tuple[str, ...] | None, tuple[str, ...] | None]
"""The types and the virtuals of a dependency; None where no source tells them."""
Need = tuple[int, int]
"""What a build needs: a row, and the code of how."""


@dataclass(frozen=True)
class Codes:
    """Values that are told apart by a number each; new ones may come at any time."""

    values: list[Any] = field(default_factory=list)
    _of: dict[Any, int] = field(default_factory=dict)

    def code(self, value: Any) -> int:
        """The number of a value.

        >>> codes = Codes()
        >>> codes.code("a"), codes.code("b"), codes.code("a")
        (0, 1, 0)
        """
        found = self._of.setdefault(value, len(self.values))
        if found == len(self.values):
            self.values.append(value)
        return found


@dataclass(frozen=True, eq=False)
class Changes:
    """What of some builds is otherwise."""

    own: dict[int, Rows] = field(default_factory=dict)
    """Rows with other settings."""
    needs: dict[int, list[Need]] = field(default_factory=dict)
    """Rows that need something else."""

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self.own or self.needs)

    @cached_property
    def rows(self) -> Rows:
        """The rows that change themselves, in order."""
        return np.array(sorted(self.own.keys() | self.needs.keys()), np.int64)


class Edges(NamedTuple):
    """Dependencies: of which build each is, by position; where it ends; and how."""

    which: Rows
    ends: Rows
    hows: Rows
    several: Mask
    """Whether the build needs several of that package, which may become one."""

    def of(self, at: slice | Rows | Mask) -> Edges:
        """Some of the dependencies."""
        return Edges(self.which[at], self.ends[at], self.hows[at], self.several[at])

    def and_of(self, other: Edges) -> Edges:
        """These and others, in the order of builds."""
        both = Edges(
            np.concatenate([self.which, other.which]),
            np.concatenate([self.ends, other.ends]),
            np.concatenate([self.hows, other.hows]),
            np.concatenate([self.several, other.several]),
        )
        return both.of(np.argsort(both.which, kind="stable"))


@dataclass(frozen=True)
class BuildGraph:
    """Builds and what they need; a build is a row."""

    own: Rows
    """A row per build, and a column per field, with codes."""
    starts: Rows
    """Where each dependency starts, in order."""
    ends: Rows
    hows: Rows
    codes: Mapping[str, Codes]
    """Of each field the values; of `how` those of dependencies."""

    @classmethod
    def of(
        cls, own: Rows, edges: tuple[Rows, Rows, Rows], codes: Mapping[str, Codes]
    ) -> BuildGraph:
        """The graph of settings and of edges: where they start, where they end, and how."""
        starts, ends, hows = edges
        # Nearly all are in order already where a few were replaced, which a stable sort uses.
        order = np.argsort(starts, kind="stable")
        return cls(own, starts[order], ends[order], hows[order], codes)

    def with_changes(self, changes: Changes) -> BuildGraph:
        """The graph in which some builds are otherwise."""
        own = self.own.copy()
        own[list(changes.own)] = array_of(changes.own.values(), len(FIELDS))
        if not changes.needs:
            return replace(self, own=own)
        edges = self.edges(np.arange(len(own)), changes)
        return BuildGraph.of(own, (edges.which, edges.ends, edges.hows), self.codes)

    @cached_property
    def settings(self) -> Identities:
        """A number for each build, equal for those that agree in their own settings."""
        return own_settings(self.own)

    @cached_property
    def known_settings(self) -> tuple[Identities, Rows]:
        """The distinct numbers of settings, sorted, and where among them that of each build is."""
        known = distinct(self.settings)
        return known, np.searchsorted(known, self.settings)

    def column(self, name: str) -> Rows:
        """The codes of a field."""
        column: Rows = self.own[:, AT[name]]
        return column

    def value(self, name: str, row: int) -> Any:
        """The value of a field of a build."""
        return self.codes[name].values[self.own[row, AT[name]]]

    @cached_property
    def external(self) -> Mask:
        """Of each build whether it is external, and so none that a cache could hold."""
        return self.is_external(self.own)

    def is_external(self, own: Rows) -> Mask:
        """Of settings whether they are of an external."""
        return np.asarray(own[:, AT["external"]] != self.codes["external"].code(None))

    @cached_property
    def _lists(self) -> tuple[list[int], list[Need]]:
        """Where the dependencies of each row begin, and all of them: quick to ask row by row."""
        counts = np.bincount(self.starts, minlength=len(self.own))
        begins = np.concatenate([[0], np.cumsum(counts)]).tolist()
        return begins, list(zip(self.ends.tolist(), self.hows.tolist(), strict=True))

    def needs(self, row: int) -> list[Need]:
        """What a build needs itself."""
        begins, needs = self._lists
        return needs[begins[row] : begins[row + 1]]

    def sums(self, kinds: Rows) -> Identities:
        """A number for each build, of the packages that it needs and a kind of each dependency.

        Two builds have the same if they need packages of the same names, each of the same kind. A
        dependency of a kind below zero is left out.
        """
        kept = kinds >= 0
        starts, names = self.starts[kept], self.column("name")[self.ends[kept]]
        parts = mix(names.astype(np.uint64) + mix(kinds[kept].astype(np.uint64)))
        first = np.flatnonzero(np.diff(starts, prepend=-1))
        found = np.zeros(len(self.own), np.uint64)
        if len(first):
            found[starts[first]] = np.add.reduceat(parts, first)
        return found

    @cached_property
    def _runs(self) -> Runs:
        return Runs(self.starts, len(self.own))

    def needed_by_rows(self, rows: Rows) -> tuple[Rows, Rows]:
        """What builds need themselves: of which of them each is, by position, and where it ends."""
        which, edges = self._runs.of(rows)
        return which, self.ends[edges]

    @cached_property
    def _needing(self) -> Neighbours:
        """For each build those that need it."""
        return Neighbours(self.ends, self.starts, len(self.own))

    def needing(self, row: int) -> list[int]:
        """What needs a build itself."""
        found: list[int] = self._needing.of(np.array([row]))[1].tolist()
        return found

    def reached(self, rows: Rows, *, upward: bool = False, without: Mask | None = None) -> Mask:
        """Of each build whether it is among the rows, or needed by them.

        Args:
            rows: where to begin.
            upward: whether it needs one of the rows.
            without: of each code of `how`, whether dependencies that are so are not followed.
        """
        if without is not None:
            kept = ~without[self.hows]
            edges = self.starts[kept], self.ends[kept], self.hows[kept]
            return BuildGraph(self.own, *edges, self.codes).reached(rows, upward=upward)
        found = np.zeros(len(self.own), bool)
        of = self._needing.of if upward else self.needed_by_rows
        border = np.asarray(rows)
        found[border] = True
        while len(border):
            ends = of(border)[1]
            border = distinct(ends[~found[ends]])
            found[border] = True
        return found

    def spread(self, bits: NDArray[np.uint64]) -> None:
        """Give each build the bits of all that it needs, besides its own; in place."""
        rows = np.argsort(self.levels, kind="stable")
        which, ends = self.needed_by_rows(rows)
        for at, run in self.by_level(rows, which):
            first = np.flatnonzero(np.diff(which[run], prepend=-1))
            if len(first):
                below = np.bitwise_or.reduceat(bits[ends[run]], first, axis=0)
                bits[rows[at][which[run][first] - at.start]] |= below

    def by_level(self, rows: Rows, which: Rows) -> Iterator[tuple[slice, slice]]:
        """Of each level the rows and their dependencies, of rows that are sorted by it."""
        levels = self.levels[rows]
        begins = np.searchsorted(levels, np.arange(levels.max(initial=-1) + 2))
        edges = np.searchsorted(which, begins)
        for at in range(len(begins) - 1):
            if begins[at] < begins[at + 1]:
                yield slice(*begins[at : at + 2]), slice(*edges[at : at + 2])

    @cached_property
    def levels(self) -> Rows:
        """Of each build a number above those of all that it needs; -1 where that is a circle."""
        levels = np.full(len(self.own), -1)
        waits = np.bincount(self.starts, minlength=len(self.own))
        border, level = np.flatnonzero(waits == 0), 0
        while len(border):
            levels[border] = level
            above = self._needing.of(border)[1]
            np.subtract.at(waits, above, 1)
            border = distinct(above)
            border = border[waits[border] == 0]
            level += 1
        return levels

    @property
    def has_circles(self) -> bool:
        """Whether a build needs itself, through others or not."""
        return bool((self.levels < 0).any())

    @cached_property
    def _several(self) -> Mask:
        return _of_one_package(self.starts, self.column("name")[self.ends])

    def edges(self, rows: Rows, changes: Changes) -> Edges:
        """The dependencies of some builds, in the order of rows, with changes."""
        which, edges = self._runs.of(rows)
        found = Edges(which, self.ends[edges], self.hows[edges], self._several[edges])
        if not changes.needs:
            return found
        position = np.full(len(self.own), -1)
        position[rows] = np.arange(len(rows))
        changed = np.zeros(len(rows), bool)
        changed[position[list(changes.needs)]] = True
        new = [(row, *need) for row, needs in changes.needs.items() for need in needs]
        starts, ends, hows = array_of(new, 3).T
        several = _of_one_package(starts, self.column("name")[ends])
        added = Edges(position[starts], ends, hows, several)
        return found.of(~changed[which]).and_of(added)


def _of_one_package(starts: Rows, packages: Rows) -> Mask:
    """Of each edge whether another one leads from the same build to the same package."""
    pairs = starts * (int(packages.max(initial=0)) + 1) + packages
    order = np.argsort(pairs)
    same = np.flatnonzero(pairs[order][1:] == pairs[order][:-1])
    found = np.zeros(len(pairs), bool)
    found[order[same]] = found[order[same + 1]] = True
    return found


def array_of(rows: Iterable[Iterable[int]], width: int) -> Rows:
    """Rows of numbers as an array, which has its width where there are none, too."""
    return np.array(list(rows), np.int64).reshape(-1, width)
