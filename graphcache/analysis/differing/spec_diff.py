"""In what two specs differ, down to the lowest differences: each told once.

Two specs are compared by their settings and by what they need; what they need for the same, and is
not the same, is compared in turn. The same two specs may be met by many ways: they are compared
once, where the way is shortest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import pyarrow as pa

from graphcache.analysis.dependencies import Dependencies
from graphcache.analysis.differing.following import COMMON, follow, same_above
from graphcache.analysis.differing.spec_pairs import (
    READS,
    Change,
    Compared,
    Side,
    Specs,
    compare,
    why_not_told,
)
from graphcache.analysis.matching.names import the_spec
from graphcache.answers import reads
from graphcache.tables import Tables

MOST = 20_000
"""Pairs of specs that are compared at most: no sound data has as many."""
DEEPEST = 100
"""Dependencies down from the top that are followed at most."""


@dataclass(frozen=True, slots=True)
class SpecName:
    """What a spec is known by."""

    hash: str
    package: str
    version: str | None

    def __str__(self) -> str:
        """The spec as a person writes it: `zlib@1.3.1/abcdefg`."""
        version = "" if self.version is None else f"@{self.version}"
        return f"{self.package}{version}/{self.hash[:7]}"


@dataclass(frozen=True, slots=True)
class Difference:
    """Two specs that are not the same, and what differs."""

    left: SpecName
    right: SpecName
    changes: tuple[Change, ...]
    """What differs in them, settings first, and not in what they need."""
    unexplained: str | None
    """Why nothing is told that differs, where nothing is."""
    unknown: dict[str, Side]
    """What could not be compared, and on which side it is not known; `dependencies` among it."""
    below: tuple[Difference, ...]
    """What they need and is not the same."""
    told: tuple[str, ...]
    """Further packages that they need and are not the same, which are told elsewhere."""

    @property
    def own(self) -> tuple[Change, ...]:
        """The changes that follow from nothing else that is told."""
        return tuple(change for change in self.changes if change.follows is None)


@dataclass(frozen=True, slots=True)
class SpecDiff:
    """In what two specs differ; it is false where they are one."""

    left: SpecName
    right: SpecName
    tree: Difference | None
    """None where they are one."""
    left_out: int = 0
    """Pairs of specs that were not compared, since there are too many, or too far down."""

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return self.tree is not None

    def walk(self) -> Iterator[tuple[tuple[str, ...], Difference]]:
        """All differences, the nearest first, each with the packages that lead to it."""
        level: list[tuple[tuple[str, ...], Difference]] = []
        if self.tree is not None:
            level.append(((self.tree.right.package,), self.tree))
        while level:
            yield from level
            level = [
                ((*path, below.right.package), below)
                for path, difference in level
                for below in difference.below
            ]

    def lowest(self) -> list[Difference]:
        """The differences that follow from nothing below them, the nearest first."""
        return [found for _, found in self.walk() if found.own or found.unexplained]


@reads(READS)
def diff_specs(tables: Tables, left: str, right: str) -> SpecDiff:
    """In what two specs differ, down to the lowest differences.

    Dependencies belong together that are of one package, or provide the same virtual; of a package
    that is needed several times, those that are needed for the same, say to build. What is known
    of one side alone is not compared, and listed as `unknown`.

    A change follows another one, and is no difference of its own, where it comes along with that:
    a dependency that comes or goes in a spec that differs itself, or where another package
    provides something; all else of what is external on one side only; variants of another version,
    and those that only one side has where others differ; the recipe's hash and patches, which
    depend on these; a target, platform, os or compiler that differs in the same way in all specs
    that need it; and the version of a compiler's runtime, which is that of the compiler.

    Args:
        tables: the graph.
        left: a spec, as `/HASH`, HASH or `PACKAGE@VERSIONS/HASH`; the hash may be cut short.
        right: another one.

    Returns:
        A `SpecDiff`, false where both are one spec. Its `tree` is a `Difference`: both specs as
        `left` and `right`, each with `hash`, `package` and `version`; the `changes` between them,
        each with `what`, `left`, `right`, and what it `follows`; and in `below` the differences
        of what they need. `lowest()` gives those that follow from nothing below them.

    Raises:
        UsageError: a text means no spec of the graph, or several.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09/io", "examples/site/2026-10/io")
    >>> found = diff_specs(tables, "hdf5/hhaw2z5", "hdf5/kylug4g")
    >>> for lowest in found.lowest():
    ...     print(lowest.left, lowest.right, [change.what for change in lowest.own])
    hdf5@1.14.6/hhaw2z5 hdf5@1.14.6/kylug4g ['variant szip']
    cmake@3.30.9/txyrket cmake@3.31.11/h3moojz ['version']
    zlib-ng@2.2.5/oaqf7r3 zlib-ng@2.3.3/7oy2jfg ['version']
    curl@8.15.0/uiubkqm curl@8.20.0/rhcpwzv ['version']
    hwloc@2.13.0/zum5qcm hwloc@2.13.0/dobpqx7 ['package_hash']
    openssl@3.4.4/qkyawhf openssl@3.6.1/sr33xrz ['version']
    """
    a, b = the_spec(tables, left), the_spec(tables, right)
    graph = Dependencies(tables)
    needed = graph.needed(graph.rows(pa.array([a, b]))).rows
    return compare_specs(Specs(tables, graph, needed), a, b)


def compare_specs(specs: Specs, left: str, right: str) -> SpecDiff:
    """In what two specs differ, given by hash; `specs` has both, and all that they need."""
    nodes, left_out = _nodes(specs, left, right) if left != right else ([], 0)
    tree = _tree(specs, nodes) if nodes else None
    return SpecDiff(_named(specs, left), _named(specs, right), tree, left_out)


class Lowest(NamedTuple):
    """A difference that follows from nothing below it."""

    package: str
    own: list[Change]
    unexplained: str | None
    """Why nothing is told, where none of what is known differs."""


def lowest_differences(specs: Specs, left: str, right: str) -> list[Lowest]:
    """What `lowest()` of `compare_specs` has, and the pair itself first; empty for one spec.

    It makes no tree, which is most of the work where many pairs are compared.
    """
    nodes, _ = _nodes(specs, left, right) if left != right else ([], 0)
    explained = _explained(nodes)
    found = []
    for at, node in enumerate(nodes):
        own = [node.name_virtuals(change) for change in node.changes if change.follows is None]
        why = None if at in explained else why_not_told(node.compared.unknown)
        if own or why or not at:
            found.append(Lowest(specs.name(node.right), own, why))
    return found


# The comparison -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Node:
    """A pair of specs, while they are compared; pairs are known by their position in a list."""

    left: str
    right: str
    depth: int
    virtuals: list[str]
    compared: Compared
    changes: list[Change]
    below: list[int] = field(default_factory=list)
    """Those that are met here first."""
    told: list[int] = field(default_factory=list)

    def name_virtuals(self, change: Change) -> Change:
        """The change; where it is that of the package, with what both packages are there for."""
        if change.what != "package" or not self.virtuals:
            return change
        return replace(change, what=f"provider of {', '.join(sorted(self.virtuals))}")


def _nodes(specs: Specs, left: str, right: str) -> tuple[list[_Node], int]:
    """All pairs that differ, breadth first, and the number of those that were not compared."""
    nodes = [_node(specs, left, right, 0)]
    known = {(left, right): 0}
    left_out = set()
    for node in nodes:  # which grows meanwhile
        for (a, b), virtuals in node.compared.pairs.items():
            at = known.get((a, b))
            if at is not None:
                node.told.append(at)
                nodes[at].virtuals += [v for v in virtuals if v not in nodes[at].virtuals]
            elif len(nodes) < MOST and node.depth < DEEPEST:
                known[a, b] = len(nodes)
                node.below.append(len(nodes))
                nodes.append(_node(specs, a, b, node.depth + 1))
                nodes[-1].virtuals += virtuals
            else:
                left_out.add((a, b))
    for at, above in _above(nodes).items():
        nodes[at].changes = [_of_above(specs, change, above) for change in nodes[at].changes]
    return nodes, len(left_out - known.keys())


def _node(specs: Specs, left: str, right: str, depth: int) -> _Node:
    compared = compare(specs, left, right)
    if (left, right) not in specs.followed:
        specs.followed[left, right] = follow(specs, compared)
    return _Node(left, right, depth, [], compared, specs.followed[left, right])


def _above(nodes: list[_Node]) -> dict[int, list[_Node]]:
    """For each pair that may follow them those that need it, the nearest to the top first."""
    found: dict[int, list[_Node]] = {
        at: [] for at, node in enumerate(nodes) if any(c.what in COMMON for c in node.changes)
    }
    for node in nodes if found else ():
        for below in (*node.below, *node.told):
            if below in found:
                found[below].append(node)
    return found


def _of_above(specs: Specs, change: Change, above: list[_Node]) -> Change:
    """The change; where it is the same in what needs these two, as one that follows that."""
    if change.follows or not above or not same_above(change, [node.changes for node in above]):
        return change
    return replace(change, follows=f"{change.what} of {specs.name(above[0].left)}")


# The tree -----------------------------------------------------------------------------------------


def _tree(specs: Specs, nodes: list[_Node]) -> Difference:
    """The pairs as one tree, made from its leaves to the top."""
    explained = _explained(nodes)
    made: dict[int, Difference] = {}
    for at in reversed(range(len(nodes))):
        node = nodes[at]
        made[at] = Difference(
            left=_named(specs, node.left),
            right=_named(specs, node.right),
            changes=tuple(map(node.name_virtuals, node.changes)),
            unexplained=None if at in explained else why_not_told(node.compared.unknown),
            unknown=node.compared.unknown,
            below=tuple(made[below] for below in node.below),
            told=tuple(sorted({specs.name(nodes[told].right) for told in node.told})),
        )
    return made[0]


def _explained(nodes: list[_Node]) -> set[int]:
    """The pairs that differ in something that can be seen at them, or else below them."""
    above: dict[int, list[int]] = {}
    for at, node in enumerate(nodes):
        for below in (*node.below, *node.told):
            above.setdefault(below, []).append(at)
    seen = {at for at, node in enumerate(nodes) if node.changes}
    # What needs a spec of which nothing is told that differs is explained by it all the same.
    border = seen | {at for at, node in enumerate(nodes) if not node.compared.pairs}
    found = set(border)
    while border:
        border = {at for below in border for at in above.get(below, ())} - found
        found |= border
        seen |= border
    return seen


def _named(specs: Specs, hash_: str) -> SpecName:
    return SpecName(hash_, specs.name(hash_), specs.version(hash_))
