"""All pairs of specs that have to be compared, from some pairs down, level by level, as arrays."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from graphcache.analysis.dependencies import Rows
from graphcache.analysis.differing.spec_codes import SpecCodes
from graphcache.analysis.differing.spec_pairs import Edge, match_needs
from graphcache.tables.arrays import coded_pairs, decoded_pairs, distinct


@dataclass(frozen=True)
class Pairs:
    """Pairs of specs that differ; they are known by their position."""

    a: Rows
    b: Rows
    """The rows of the two."""
    above: Rows
    """A pair, and in `below` one of what the two need for the same."""
    below: Rows
    pattern: Rows
    """A number for what the two do not need alike; -1 where they need all alike."""
    swapped: dict[frozenset[str], set[str]]
    """Two packages, of which one provides virtuals in the place of the other, and these."""

    def at(self, a: Rows, b: Rows, size: int) -> Rows:
        """Where some of the pairs are, by the rows of the two."""
        return np.searchsorted(coded_pairs(self.a, self.b, size), coded_pairs(a, b, size))


def all_pairs(codes: SpecCodes, a: Rows, b: Rows) -> Pairs:
    """The pairs that are given, and all pairs of what they need for the same, and differ."""
    walk = _Walk(codes)
    known = border = distinct(coded_pairs(a, b, codes.size))
    above, below, odd, pattern = ([known[:0]] for _ in range(4))
    while len(border):
        found = walk.step(*decoded_pairs(border, codes.size))
        above.append(border[found.which])
        below.append(found.below)
        odd.append(border[found.odd])
        pattern.append(found.pattern)
        known, border = add(known, found.below)
    patterns = np.full(len(known), -1)
    patterns[np.searchsorted(known, np.concatenate(odd))] = np.concatenate(pattern)
    start, end = (_places(known, np.concatenate(part)) for part in (above, below))
    return Pairs(*decoded_pairs(known, codes.size), start, end, patterns, dict(walk.swapped))


@dataclass(frozen=True)
class _Step:
    """What some pairs need: pairs by their position, and of what they need by their codes."""

    which: Rows
    below: Rows
    odd: Rows
    """Pairs that do not need all alike, and in `pattern` what not."""
    pattern: Rows


class _Walk:
    """One step down.

    Mostly two specs need the same packages, one spec of each, for the same: these belong together,
    one after the other. Of other pairs this holds for a part; all else that they need is a pattern,
    of which there are few: `match_needs` is asked once for each what belongs together in it.
    """

    def __init__(self, codes: SpecCodes) -> None:
        self._codes = codes
        self._patterns: dict[bytes, int] = {}
        self._matched: list[list[tuple[int, int]]] = []
        """Of each pattern what belongs together and is not found as arrays, by position in it."""
        self.swapped: defaultdict[frozenset[str], set[str]] = defaultdict(set)

    def step(self, a: Rows, b: Rows) -> _Step:
        """What pairs of specs need for the same, and is not the same."""
        even, above, below = self._side_by_side(a, b)
        others = np.flatnonzero(~even)
        found = self._one_by_one(a[others], b[others])
        spliced, made, other_made = self._codes.made_of(a, b)
        return _Step(
            np.concatenate([above, others[found.which], spliced]),
            np.concatenate([below, found.below, coded_pairs(made, other_made, self._codes.size)]),
            others[found.odd],
            found.pattern,
        )

    def _side_by_side(self, a: Rows, b: Rows) -> tuple[NDArray[np.bool_], Rows, Rows]:
        """Which pairs need the same for the same, in the same order; these, and what differs there.

        Not so those of which one needs another version of its compiler: see `_one_by_one`.
        """
        codes = self._codes
        even = codes.shapes[a] == codes.shapes[b]
        at = np.flatnonzero(even)
        which, mine = codes.runs.of(a[at])
        apart = codes.runs.first(b[at]) - codes.runs.first(a[at])
        ends, of_other = codes.ends[mine], codes.ends[mine + apart[which]]
        differ = np.flatnonzero(ends != of_other)
        pair, ends, of_other = at[which[differ]], ends[differ], of_other[differ]
        runtime = codes.is_compiler[ends] & (codes.version[a] != codes.version[b])[pair]
        even[pair[runtime]] = False
        kept = even[pair]
        return even, pair[kept], coded_pairs(ends[kept], of_other[kept], codes.size)

    def _one_by_one(self, a: Rows, b: Rows) -> _Step:
        """The same for pairs of any kind, but for what was spliced."""
        codes = self._codes
        (which, mine), (other, theirs) = codes.runs.of(a), codes.runs.of(b)
        width = len(codes.names)
        keys = coded_pairs(which, codes.package[codes.ends[mine]], width)
        others = coded_pairs(other, codes.package[codes.ends[theirs]], width)
        at, one = _one_to_one(keys, others)
        left, right = mine[one], theirs[at[one]]
        ends, of_other = codes.ends[left], codes.ends[right]
        differ = ends != of_other
        alike = codes.kinds[left] == codes.kinds[right]
        # The version of a runtime is that of its compiler.
        version = (codes.version[a] != codes.version[b])[which[one]]
        alike &= ~(version & differ & codes.is_compiler[ends])
        rest, others_rest = np.ones(len(mine), bool), np.ones(len(theirs), bool)
        rest[np.flatnonzero(one)[alike]] = False
        others_rest[at[one][alike]] = False
        twice = np.concatenate([_repeated(keys), _repeated(others)])
        pair = np.concatenate([which[rest], other[others_rest]])
        edges = np.concatenate([mine[rest], theirs[others_rest]])
        of_twice = np.isin(np.concatenate([keys[rest], others[others_rest]]), twice)
        on_right = np.arange(len(edges)) >= rest.sum()
        content = self._content(edges, on_right, of_twice, np.where(on_right, a[pair], b[pair]))
        order = np.argsort(pair, kind="stable")
        odd, pattern, above, below = self._odd(pair[order], edges[order], content[order])
        return _Step(
            np.concatenate([which[one][differ], above]),
            np.concatenate([coded_pairs(ends[differ], of_other[differ], codes.size), below]),
            odd,
            pattern,
        )

    def _content(
        self, edges: Rows, on_right: NDArray[np.bool_], of_twice: NDArray[np.bool_], other: Rows
    ) -> Rows:
        """Of dependencies all that tells what belongs together, and what only one side needs."""
        codes = self._codes
        ends = codes.ends[edges]
        compiler = codes.version[ends] * 2 + codes.builds(ends, other)
        more = np.where(codes.is_compiler[ends], compiler, -1)
        more = np.where(of_twice, -3 - ends, more)
        return np.column_stack([on_right, codes.package[ends], codes.kinds[edges], more])

    def _odd(self, pair: Rows, edges: Rows, content: Rows) -> tuple[Rows, Rows, Rows, Rows]:
        """Pairs with their patterns; and pairs, with what belongs together by these."""
        starts = np.flatnonzero(np.append(True, pair[1:] != pair[:-1])[: len(pair)])
        bounds = np.append(starts, len(pair)).tolist()
        text, width = content.tobytes(), content.itemsize * content.shape[1]
        patterns: list[int] = []
        above: list[int] = []
        below: list[tuple[int, int]] = []
        for first, last in pairwise(bounds):
            key = text[first * width : last * width]
            pattern = self._patterns.get(key)
            if pattern is None:
                pattern = self._patterns[key] = len(self._matched)
                self._matched.append(self._match(edges[first:last], content[first:last]))
            patterns.append(pattern)
            for left, right in self._matched[pattern]:
                above.append(int(pair[first]))
                below.append((first + left, first + right))
        ends = self._codes.ends[edges[np.array(below, np.int64).reshape(-1, 2)]]
        return (
            pair[starts],
            np.array(patterns, np.int64),
            np.array(above, np.int64),
            coded_pairs(ends[:, 0], ends[:, 1], self._codes.size),
        )

    def _match(self, edges: Rows, content: Rows) -> list[tuple[int, int]]:
        """What belongs together of one pattern, but for the only specs of one package."""
        codes = self._codes
        sides: tuple[dict[Edge, int], dict[Edge, int]] = ({}, {})
        for at, (edge, row) in enumerate(zip(edges.tolist(), content.tolist(), strict=True)):
            on_right, package, kind, _ = row
            # Specs are in the order of hashes, and stay so here.
            made = Edge(f"{codes.ends[edge]:012}", codes.names[package], *codes.kind(kind))
            sides[on_right][made] = at
        left, right = ({edge.hash: edge for edge in side} for side in sides)
        found = []
        for (a, b), virtuals in match_needs([*sides[0]], [*sides[1]]).differ.items():
            at, other = sides[0][left[a]], sides[1][right[b]]
            if virtuals:
                self.swapped[frozenset((left[a].name, right[b].name))] |= {*virtuals}
            if virtuals or content[at][3] < -2:
                found.append((at, other))
        return found


def _places(known: Rows, pairs: Rows) -> Rows:
    """Where pairs are among the sorted ones; in their order it takes half the time."""
    order = np.argsort(pairs)
    places = np.empty(len(pairs), np.int64)
    places[order] = np.searchsorted(known, pairs[order])
    return places


def _one_to_one(keys: Rows, others: Rows) -> tuple[Rows, NDArray[np.bool_]]:
    """Of sorted keys where each is among others, and whether it is once in both."""
    if not len(others):
        return np.zeros(len(keys), np.int64), np.zeros(len(keys), bool)
    at = np.minimum(np.searchsorted(others, keys), len(others) - 1)
    return at, (others[at] == keys) & _once(keys) & _once(others)[at]


def _once(keys: Rows) -> NDArray[np.bool_]:
    """Whether each of some sorted keys is there once."""
    found = np.ones(len(keys), bool)
    same = keys[1:] == keys[:-1]
    found[1:] &= ~same
    found[:-1] &= ~same
    return found


def _repeated(keys: Rows) -> Rows:
    """The sorted keys that are there several times."""
    found: Rows = keys[1:][keys[1:] == keys[:-1]]
    return found


def add(known: Rows, found: Rows) -> tuple[Rows, Rows]:
    """What is known then, sorted, and what of it is new."""
    found = distinct(found)
    at = np.minimum(np.searchsorted(known, found), len(known) - 1)
    new = found[known[at] != found] if len(known) else found
    return np.sort(np.concatenate([known, new])), new
