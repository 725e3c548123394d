"""In what two specs of one package differ, at the bottom of their dependencies.

All pairs are gone through at once, as arrays: a cache of 60,000 specs has 100,000 pairs to compare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from graphcache.analysis.dependencies import Dependencies, Neighbours, Rows, Runs
from graphcache.spack.versions import version_key


@dataclass(frozen=True)
class Differences:
    """Which causes explain which pairs, in the order of pairs."""

    pair: Rows
    """The position of the pair among those that were asked for."""
    cause: Rows
    """The position of the cause in `texts`."""
    texts: list[str]


@dataclass(frozen=True)
class _Pairs:
    """All pairs of specs that have to be compared; the others are by their position in them."""

    a: Rows
    b: Rows
    above: Rows
    """A pair, and in `below` one that is a difference in its dependencies."""
    below: Rows
    alone: Rows
    """A pair, and in `package` one that only one of the two needs."""
    package: Rows


def lowest_differences(graph: Dependencies, a: Rows, b: Rows) -> Differences:
    """For pairs of specs that differ, each of one package, what differs while nothing below does.

    Dependencies are compared by package. Where only one of the two has a package, that is a cause;
    where both have it and it differs, those two are a pair again.
    """
    needs = _Needs(graph)
    pairs = _all_pairs(needs, a * needs.size + b)
    every = np.arange(len(pairs.a))
    lowest = np.setdiff1d(every, np.concatenate([pairs.above, pairs.alone]))
    texts: dict[str, int] = {}

    def numbers(said: Iterable[str]) -> Rows:
        return np.array([texts.setdefault(text, len(texts)) for text in said], np.int64)

    def own(rows: Rows) -> Rows:
        return numbers(needs.own(a, b) for a, b in _zip(pairs.a[rows], pairs.b[rows]))

    alone = numbers(
        needs.with_or_without(a, n) for a, n in _zip(pairs.a[pairs.alone], pairs.package)
    )
    upward = Neighbours(pairs.below, pairs.above, len(every))
    start = np.concatenate([pairs.alone, lowest])
    pair, cause = _spread(start, np.concatenate([alone, own(lowest)]), upward)
    # Left over is what stands in a cycle, which no sound data has: each pair for itself.
    cycle = np.setdiff1d(every, pair)
    pair, cause = np.concatenate([pair, cycle]), np.concatenate([cause, own(cycle)])
    order = np.argsort(pair, kind="stable")
    pair, cause = pair[order], cause[order]
    codes = pairs.a * needs.size + pairs.b
    which, rows = Runs(pair, len(every)).of(np.searchsorted(codes, a * needs.size + b))
    return Differences(which, cause[rows], list(texts))


class _Needs:
    """The dependencies of each spec by package, of which a spec needs one at most."""

    def __init__(self, graph: Dependencies) -> None:
        self.size = max(graph.specs.num_rows, 1)
        names = graph.specs["name"].combine_chunks().dictionary_encode()
        self._names = names.dictionary.to_pylist()
        self._package = names.indices.to_numpy().astype(np.int64)
        self._said = [graph.specs[n] for n in ("version", "configuration", "namespace")]
        by_package = graph.starts * len(self._names) + self._package[graph.ends]
        by_package, ends = np.divmod(np.sort(by_package * self.size + graph.ends), self.size)
        last = np.append(by_package[1:] != by_package[:-1], True)[: len(ends)]
        self._ends = ends[last]
        starts, self._packages = np.divmod(by_package[last], max(len(self._names), 1))
        self._runs = Runs(starts, self.size)

    def compare(self, a: Rows, b: Rows) -> tuple[Rows, Rows, Rows, Rows]:
        """For pairs by position: pairs of dependencies that differ, and packages of one alone."""
        (which, edges), (other, others) = self._runs.of(a), self._runs.of(b)
        mine = which * len(self._names) + self._packages[edges]
        theirs = other * len(self._names) + self._packages[others]
        at = np.minimum(np.searchsorted(theirs, mine), max(len(theirs) - 1, 0))
        both = theirs[at] == mine if len(theirs) else np.zeros(len(mine), bool)
        unmatched = np.ones(len(theirs), bool)
        unmatched[at[both]] = False
        mine_end, their_end = self._ends[edges[both]], self._ends[others[at[both]]]
        differ = mine_end != their_end
        alone = np.concatenate([mine[~both], theirs[unmatched]])
        pair, package = np.divmod(alone, max(len(self._names), 1))
        below = mine_end[differ] * self.size + their_end[differ]
        return which[both][differ], below, pair, package

    def with_or_without(self, row: int, package: int) -> str:
        """The cause where only one of two specs needs a package."""
        return f"{self._names[self._package[row]]}: with or without {self._names[package]}"

    def own(self, a: int, b: int) -> str:
        """The cause where two specs differ and nothing that they need does."""
        name = self._names[self._package[a]]
        (version, other), (configured, as_other), (namespace, _) = (
            (column[int(a)].as_py(), column[int(b)].as_py()) for column in self._said
        )
        if namespace is None and not len(self._runs.of(np.array([a, b]))[0]):
            return f"{name}: not known, since pages show no dependencies"
        if version != other:
            return f"{name}: {' and '.join(map(str, sorted((version, other), key=version_key)))}"
        if configured != as_other:
            return f"{name}: variants, compiler, os or target"
        return f"{name}: its recipe, patches or flags"


def _all_pairs(needs: _Needs, asked: Rows) -> _Pairs:
    """The pairs that are asked for, and those that differ below them, level by level."""
    known = border = _distinct(asked)
    parts: list[tuple[Rows, ...]] = [(known[:0],) * 4]
    while len(border):
        above, below, alone, package = needs.compare(*np.divmod(border, needs.size))
        parts.append((border[above], below, border[alone], package))
        known, border = _add(known, below)
    above, below, alone, package = (np.concatenate(part) for part in zip(*parts, strict=True))
    above, below, alone = (np.searchsorted(known, codes) for codes in (above, below, alone))
    return _Pairs(*np.divmod(known, needs.size), above, below, alone, package)


def _spread(pair: Rows, cause: Rows, upward: Neighbours) -> tuple[Rows, Rows]:
    """Each pair with its causes and those of all pairs below it, sorted."""
    width = int(cause.max(initial=0)) + 1
    known = new = _distinct(pair * width + cause)
    while len(new):
        pair, cause = np.divmod(new, width)
        which, above = upward.of(pair)
        known, new = _add(known, above * width + cause[which])
    return np.divmod(known, width)


def _add(known: Rows, found: Rows) -> tuple[Rows, Rows]:
    """What is known then, sorted, and what of it is new."""
    new = np.setdiff1d(_distinct(found), known, assume_unique=True)
    return np.sort(np.concatenate([known, new])), new


def _distinct(numbers: Rows) -> Rows:
    """The distinct ones, sorted. `np.unique` has been seen to take ten times as long."""
    numbers = np.sort(numbers)
    first = np.ones(len(numbers), bool)
    first[1:] = numbers[1:] != numbers[:-1]
    return numbers[first]


def _zip(a: Rows, b: Rows) -> Iterator[tuple[int, int]]:
    return zip(a.tolist(), b.tolist(), strict=True)
