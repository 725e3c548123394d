"""What makes specs of one package differ: all that differs at and below them, each told once.

All pairs are gone through at once, as arrays: a cache of 60,000 specs has 100,000 pairs to compare.
What a difference means is said by `spec_pairs` and `following`, as for `diff` of two specs: they
are asked once for all pairs that differ alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from graphcache.analysis.dependencies import Dependencies, Neighbours, Rows, Runs
from graphcache.analysis.differing.cause_texts import (
    Cause,
    causes_of,
    provider_cause,
    unexplained_cause,
)
from graphcache.analysis.differing.following import COMMON, follow
from graphcache.analysis.differing.pair_walk import Pairs, all_pairs
from graphcache.analysis.differing.spec_codes import SpecCodes
from graphcache.analysis.differing.spec_pairs import Change, Compared, Specs, compare, why_not_told
from graphcache.analysis.differing.spreading import spread
from graphcache.tables import Tables
from graphcache.tables.arrays import coded_pairs, codes_of_rows, decoded_pairs, distinct


@dataclass(frozen=True)
class Differences:
    """Which causes explain which pairs, in the order of pairs."""

    pair: Rows
    """The position of the pair among those that were asked for."""
    cause: Rows
    """The position of the cause in `causes`."""
    causes: list[Cause]


def causes_of_pairs(tables: Tables, graph: Dependencies, a: Rows, b: Rows) -> Differences:
    """For pairs of specs that differ, each of one package, all that differs at and below them.

    Of each pair it is what `diff_specs` tells as its `lowest()`.
    """
    codes = SpecCodes(tables, graph)
    pairs = all_pairs(codes, a, b)
    upward = Neighbours(pairs.below, pairs.above, len(pairs.a))
    ask = _Asking(tables, graph, pairs)
    changes = _changes(codes, pairs, ask)
    numbers: dict[Cause, int] = {}
    told = _Told(changes, codes, pairs, numbers)
    not_told = _not_told(pairs, changes, upward)
    why = _why_not_told(codes, pairs, ask, not_told, numbers)
    # A setting that what needs the two shares in the same way is told there, and not below it.
    asked = pairs.at(a, b, codes.size)
    found = spread(_both(told.own, why, told.of_above(upward)), pairs, upward, distinct(asked))
    pair, cause = _pairs_in_order(_both(found, told.common), len(numbers))
    which, rows = Runs(pair, len(pairs.a)).of(asked)
    return Differences(which, cause[rows], list(numbers))


_Numbers = tuple[Rows, Rows]
"""Pairs, and something that each has, by twos."""


@dataclass(frozen=True)
class _Alike:
    """Pairs that differ alike."""

    pairs: Rows
    group: Rows
    """Of each pair its group."""
    first: Rows
    """Of each group one of its pairs."""

    def all_of(self, values: Iterable[Iterable[int]]) -> _Numbers:
        """What there is to each group, as numbers, for each pair in it."""
        found = [(at, value) for at, of_group in enumerate(values) for value in of_group]
        groups, numbers = np.array(found, np.int64).reshape(-1, 2).T
        which, rows = Runs(groups, len(self.first)).of(self.group)
        return self.pairs[which], numbers[rows]


def _alike(pairs: Rows, content: Rows) -> _Alike:
    """The pairs, of which those are alike that have the same row of numbers."""
    group = codes_of_rows(content)
    first = np.zeros(group.max(initial=-1) + 1, np.int64)
    first[group[::-1]] = pairs[::-1]
    return _Alike(pairs, group, first)


class _Asking:
    """What `spec_pairs` says of some pairs."""

    def __init__(self, tables: Tables, graph: Dependencies, pairs: Pairs) -> None:
        self._tables, self._graph, self._pairs = tables, graph, pairs

    def compare(self, at: Rows) -> Iterator[tuple[Specs, Compared]]:
        """The pairs compared, one after the other."""
        a, b = self._pairs.a[at], self._pairs.b[at]
        rows = distinct(np.concatenate([a, b]))
        needed = distinct(np.concatenate([rows, self._graph.need(rows)]))
        specs = Specs(self._tables, self._graph, needed, compared=rows)
        hashes = (self._graph.column("hash", side) for side in (a, b))
        for left, right in zip(*hashes, strict=True):
            yield specs, compare(specs, left, right)


@dataclass(frozen=True)
class _Changes:
    """What differs in pairs themselves: pairs that differ alike, and of each group what."""

    alike: _Alike
    of_group: list[list[Change]]


def _changes(codes: SpecCodes, pairs: Pairs, ask: _Asking) -> _Changes:
    """What differs in pairs themselves."""
    a, b = pairs.a, pairs.b
    differ = codes.settings[a] != codes.settings[b]
    differ[:, -1] &= ~(codes.tells_compilers[a] & codes.tells_compilers[b])
    swapped = codes.package[a] != codes.package[b]
    at = np.flatnonzero(differ.any(axis=1) | swapped | (pairs.pattern >= 0))
    a, b, differ = a[at], b[at], differ[at] & ~swapped[at, None]
    both = codes.settings[a] << 32 | codes.settings[b] & 0xFFFFFFFF
    content = [codes.package[a], codes.package[b]]
    content += [np.where(swapped[at], 0, _flags(codes, a, b))]
    content += [np.where(swapped[at], -1, pairs.pattern[at]), np.where(differ, both, -1)]
    alike = _alike(at, np.column_stack(content))
    return _Changes(alike, [follow(*asked) for asked in ask.compare(alike.first)])


def _flags(codes: SpecCodes, a: Rows, b: Rows) -> Rows:
    """What is known of pairs, and what they are for, besides their settings."""
    flags = np.zeros(len(a), np.int64)
    for of_spec in (codes.known, codes.compiles):
        for side in (a, b):
            flags = flags * 2 + of_spec[side]
    return flags


class _Told:
    """The causes that pairs are themselves."""

    def __init__(
        self, changes: _Changes, codes: SpecCodes, pairs: Pairs, numbers: dict[Cause, int]
    ) -> None:
        self._settings: dict[tuple[str, str, str], int] = {}
        own: list[list[int]] = []
        common: list[dict[int, int]] = []
        changed: list[list[int]] = []
        for first, found in zip(changes.alike.first.tolist(), changes.of_group, strict=True):
            names = [codes.names[codes.package[row]] for row in (pairs.a[first], pairs.b[first])]
            compiles = bool(codes.compiles[[pairs.a[first], pairs.b[first]]].all())
            rest = [change for change in found if change.what not in COMMON]
            causes = causes_of(names[0], rest, compiles=compiles)
            if names[0] != names[1]:
                virtuals = pairs.swapped.get(frozenset(names), set())
                causes = [provider_cause(names, virtuals)]
            own.append([numbers.setdefault(cause, len(numbers)) for cause in causes])
            of_common = {}
            for change in found:
                if change.what in COMMON and change.follows is None:
                    (cause,) = causes_of(names[0], [change])
                    of_common[self._setting(change)] = numbers.setdefault(cause, len(numbers))
            common.append(of_common)
            changed.append([self._setting(change) for change in found if change.what in COMMON])
        alike = changes.alike
        self.own = alike.all_of(own)
        """Pairs and their causes."""
        self.common = alike.all_of(of.values() for of in common)
        """Pairs and the causes that are settings which a spec mostly shares with what it needs."""
        self._of_common = alike.all_of(common)[1]
        self._changed = alike.all_of(changed)

    def _setting(self, change: Change) -> int:
        key = change.what, str(change.left), str(change.right)
        return self._settings.setdefault(key, len(self._settings))

    def of_above(self, upward: Neighbours) -> _Numbers:
        """The common settings of pairs, at the pairs above in which these do not differ alike."""
        pairs, cause = self.common
        which, above = upward.of(pairs)
        width = len(self._settings)
        alike = np.isin(
            coded_pairs(above, self._of_common[which], width), coded_pairs(*self._changed, width)
        )
        return above[~alike], cause[which][~alike]


def _not_told(pairs: Pairs, changes: _Changes, upward: Neighbours) -> Rows:
    """The pairs in which nothing that is known differs, nor in what they need."""
    changed = np.zeros(len(pairs.a), bool)
    some = np.array([bool(found) for found in changes.of_group], bool)
    changed[changes.alike.pairs[some[changes.alike.group]]] = True
    explained = changed.copy()
    # What needs a pair in which nothing is known to differ is explained by it all the same.
    lowest = np.ones(len(changed), bool)
    lowest[pairs.above] = False
    changed |= lowest
    border = np.flatnonzero(changed)
    while len(border):
        above = distinct(upward.of(border)[1])
        above = above[~explained[above]]
        explained[above] = True
        border = above[~changed[above]]
        changed[border] = True
    return np.flatnonzero(~explained)


def _why_not_told(
    codes: SpecCodes, pairs: Pairs, ask: _Asking, at: Rows, numbers: dict[Cause, int]
) -> _Numbers:
    """Pairs, and as a cause why nothing is known to differ in them."""
    a, b = pairs.a[at], pairs.b[at]
    unknown = [codes.settings[side] < 0 for side in (a, b)]
    alike = _alike(at, np.column_stack([codes.package[a], _flags(codes, a, b), *unknown]))
    causes = []
    for first, (_, compared) in zip(alike.first, ask.compare(alike.first), strict=True):
        name = codes.names[codes.package[pairs.a[first]]]
        cause = unexplained_cause(name, why_not_told(compared.unknown))
        causes.append([numbers.setdefault(cause, len(numbers))])
    return alike.all_of(causes)


def _both(*parts: _Numbers) -> _Numbers:
    pairs, numbers = (np.concatenate(part) for part in zip(*parts, strict=True))
    return pairs, numbers


def _pairs_in_order(found: _Numbers, width: int) -> _Numbers:
    """The same, sorted, each once."""
    return decoded_pairs(distinct(coded_pairs(*found, width)), width)
