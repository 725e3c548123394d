"""What makes a build the one that it is, as arrays: its own settings, and what is below it.

Settings and dependencies can be replaced, and identities are then made anew: two builds are one if
they agree in their own settings and need the same, for the same, down to the leaves. That is what
Spack's own hash says of a spec, and is asked here of graphs that nobody concretized.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphcache.analysis.dependencies import Neighbours, Rows, Runs

Identities = NDArray[np.uint64]
Flags = NDArray[np.bool_]

FIELDS = (
    *("name", "version", "namespace", "platform", "os", "target", "compiler"),
    *("variants", "flags", "patches", "package_hash", "external", "unknown"),
)
"""What a build is of itself, a column each; `variants` are without the patches.

`external` is null of what Spack built, and else path, modules and so on. `unknown` is zero, or a
number of its own for a spec of which nobody tells all that its hash is of.
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

    @cached_property
    def runs(self) -> Runs:
        """The dependencies of each build, as positions in `starts`, `ends` and `hows`."""
        return Runs(self.starts, len(self.own))

    def column(self, name: str) -> Rows:
        """The codes of a field."""
        column: Rows = self.own[:, AT[name]]
        return column

    def value(self, name: str, row: int) -> Any:
        """The value of a field of a build."""
        return self.codes[name].values[self.own[row, AT[name]]]

    @property
    def external(self) -> Flags:
        """Of each build whether it is external, and so none that a cache could hold."""
        none = self.codes["external"].code(None)
        return np.asarray(self.column("external") != none)

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

    def with_settings(self, own: Mapping[int, Rows]) -> BuildGraph:
        """The graph in which some rows have other settings."""
        if not own:
            return self
        changed = self.own.copy()
        changed[list(own)] = list(own.values())
        return replace(self, own=changed)

    def with_needs(self, needs: Mapping[int, Iterable[Need]]) -> BuildGraph:
        """The graph in which some rows need something else."""
        if not needs:
            return self
        kept = np.ones(len(self.starts), bool)
        kept[self.runs.of(np.array(sorted(needs)))[1]] = False
        new = [(row, *need) for row, found in needs.items() for need in found]
        added = np.array(new, np.int64).reshape(-1, 3).T
        edges = np.concatenate([np.stack([self.starts, self.ends, self.hows])[:, kept], added], 1)
        return self.of(self.own, (edges[0], edges[1], edges[2]), self.codes)

    @cached_property
    def needed_by(self) -> Neighbours:
        """For each build those that need it."""
        return Neighbours(self.ends, self.starts, len(self.own))

    def _needed(self, rows: Rows) -> tuple[Rows, Rows]:
        which, edges = self.runs.of(rows)
        return which, self.ends[edges]

    def reached(self, rows: Rows, *, upward: bool = False) -> Flags:
        """Of each build whether it is among the rows, or needed by them; upward, or needs them."""
        found = np.zeros(len(self.own), bool)
        border = np.asarray(rows)
        while len(border):
            found[border] = True
            needs = self.needed_by.of if upward else self._needed
            ends = needs(border)[1]
            new = np.zeros(len(self.own), bool)
            new[ends] = True
            border = np.flatnonzero(new & ~found)
        return found

    @cached_property
    def several(self) -> Flags:
        """Of each dependency whether its build needs several of that package, which may be one."""
        packages = self.column("name")[self.ends]
        pairs = self.starts * (int(packages.max(initial=0)) + 1) + packages
        order = np.argsort(pairs, kind="stable")
        same = pairs[order][1:] == pairs[order][:-1]
        found = np.zeros(len(pairs), bool)
        found[order[1:][same]] = found[order[:-1][same]] = True
        return found

    @cached_property
    def levels(self) -> Rows:
        """Of each build a number above those of all that it needs; -1 where that is a circle."""
        levels = np.full(len(self.own), -1)
        waits = np.bincount(self.starts, minlength=len(self.own))
        border, level = np.flatnonzero(waits == 0), 0
        while len(border):
            levels[border] = level
            above = self.needed_by.of(border)[1]
            waits = waits - np.bincount(above, minlength=len(waits))
            border = np.unique(above)
            border = border[waits[border] == 0]
            level += 1
        return levels

    @property
    def has_circles(self) -> bool:
        """Whether a build needs itself, through others or not."""
        return bool((self.levels < 0).any())


def identities(
    graph: BuildGraph, before: Identities | None = None, changed: Flags | None = None
) -> Identities:
    """A number for each build, equal for those that are one.

    The numbers have 64 bits, mixed of all that a build is: of 100,000 builds, two that are not one
    get the same by a chance of one in 10**9.

    Args:
        graph: the builds; it has no circles.
        before: the identities of another graph, which hold but for the rows that are changed.
        changed: these rows, with all that needs them.
    """
    levels = graph.levels
    found = np.zeros(len(levels), np.uint64) if before is None else before.copy()
    rows = np.arange(len(levels)) if changed is None else np.flatnonzero(changed)
    rows = rows[np.argsort(levels[rows], kind="stable")]
    own = own_settings(graph.own[rows])
    which, edges = graph.runs.of(rows)
    ends, hows = graph.ends[edges], graph.hows[edges]
    twice = graph.several[edges]
    begins = np.searchsorted(levels[rows], np.arange(levels.max(initial=-1) + 2))
    edge_begins = np.searchsorted(which, begins)
    for level in range(len(begins) - 1):
        at, run = (slice(*of[level : level + 2]) for of in (begins, edge_begins))
        if at.start == at.stop:
            continue
        parts = _mix(found[ends[run]] + _mix(hows[run].astype(np.uint64) + _ODD))
        if twice[run].any():
            _unite(parts, (which[run], found[ends[run]], hows[run]), twice[run], graph.codes["how"])
        total = own[at]
        if run.start != run.stop:  # the lowest level needs nothing, any other something
            first = np.searchsorted(which[run], np.arange(at.start, at.stop))
            total = total + np.add.reduceat(parts, first)
        found[rows[at]] = _mix(total)
    return found


_ODD = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def _mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers of which each bit hangs on all bits of the given ones (splitmix64, by Vigna)."""
    numbers = numbers + _ODD
    numbers = (numbers ^ (numbers >> np.uint64(30))) * _FIRST
    numbers = (numbers ^ (numbers >> np.uint64(27))) * _SECOND
    return numbers ^ (numbers >> np.uint64(31))


def own_settings(own: Rows) -> Identities:
    """A number for each row of settings, equal for those that are."""
    total = np.zeros(len(own), np.uint64)
    for column in own.T:
        total = _mix(total + column.astype(np.uint64))
    return total


def _unite(
    parts: NDArray[np.uint64],
    edges: tuple[Rows, Identities, Rows],
    twice: Flags,
    known: Codes,
) -> None:
    """Of two edges to what is one build make one, for all that either is for; in place."""
    which, ends, hows = edges
    first: dict[tuple[int, int], int] = {}
    united: dict[int, set[int]] = {}
    for at in np.flatnonzero(twice).tolist():
        key = int(which[at]), int(ends[at])
        if key in first:
            united.setdefault(first[key], {int(hows[first[key]])}).add(int(hows[at]))
            parts[at] = 0
        else:
            first[key] = at
    for at, codes in united.items():
        how = both_hows(known.values[code] for code in codes)
        code = np.array([known.code(how)], np.uint64)
        parts[at] = _mix(ends[at : at + 1] + _mix(code + _ODD))[0]


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
