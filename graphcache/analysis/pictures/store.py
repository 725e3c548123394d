"""A whole store: its stacks, and what they share, by target and release."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pyarrow.compute as pc

from graphcache.analysis.memberships import members
from graphcache.answers import reads
from graphcache.tables import Tables

NO_STACK = "(no stack)"
"""What stands for the specs that are in none."""

_Stacks = tuple[tuple[int, tuple[int, ...]], ...]
"""Stacks, each with the releases in which it holds a spec."""


@dataclass(frozen=True, slots=True)
class StorePicture:
    """The specs of a store by stack."""

    specs: int
    stacks: list[str]
    """Those that share much beside each other; `NO_STACK` last, if there are such specs."""
    targets: list[str]
    releases: list[str]
    packages: list[str]
    release_sets: list[list[int]]
    """In which releases something may be at once."""
    stack_sets: list[list[tuple[int, int]]]
    """Which stacks a spec may be in at once, each with the set of releases in which it is there."""
    groups: list[tuple[int, int, int, int]]
    """Specs that are alike: package, set of stacks, target (-1: not known), and how many they are;
    all but the last as positions."""

    @property
    def shared(self) -> list[list[int]]:
        """How many specs each two stacks share; in the diagonal, how many a stack has."""
        found = [[0] * len(self.stacks) for _ in self.stacks]
        for _, at, _, count in self.groups:
            for one, _ in self.stack_sets[at]:
                for other, _ in self.stack_sets[at]:
                    found[one][other] += count
        return found

    @property
    def own(self) -> list[int]:
        """Of each stack, the specs that are in no other."""
        found = [0] * len(self.stacks)
        for _, at, _, count in self.groups:
            if len(self.stack_sets[at]) == 1:
                found[self.stack_sets[at][0][0]] += count
        return found


@reads(
    {
        "Spec": (),
        "OF_PACKAGE": (),
        "Package": (),
        "FOR_TARGET": (),
        "IN_STACK": ("releases",),
        "IN_RELEASE": (),
        "Release": (),
    }
)
def store_picture(tables: Tables) -> StorePicture:
    """What there is to see of a whole store.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09", release="2026-09")
    >>> picture = store_picture(tables)
    >>> picture.stacks, picture.own, picture.shared[0]
    (['io', 'solvers', 'tools'], [98, 43, 78], [173, 70, 58])
    """
    specs = tables.nodes["Spec"].num_rows
    package, target = (_first(tables, edge, specs) for edge in ("OF_PACKAGE", "FOR_TARGET"))
    names = [*members(tables, "IN_STACK").names, NO_STACK]
    held = _held(tables, specs, len(names) - 1)
    counts = Counter(zip(package, held, target, strict=True))
    order = _order([tuple(one for one, _ in stacks) for stacks in held], len(names))
    place = {one: at for at, one in enumerate(order)}
    release_sets = sorted({releases for stacks in held for _, releases in stacks})
    at_release = {found: at for at, found in enumerate(release_sets)}
    stack_sets = sorted(
        {stacks: sorted((place[a], at_release[b]) for a, b in stacks) for stacks in held}.items(),
        key=lambda pair: pair[1],
    )
    at_stack = {stacks: at for at, (stacks, _) in enumerate(stack_sets)}
    return StorePicture(
        specs,
        [names[one] for one in order],
        members(tables, "FOR_TARGET").names,
        members(tables, "IN_RELEASE").names,
        members(tables, "OF_PACKAGE").names,
        [list(found) for found in release_sets],
        [found for _, found in stack_sets],
        [(p, at_stack[s], t, count) for (p, s, t), count in sorted(counts.items())],
    )


def _held(tables: Tables, specs: int, none: int) -> list[_Stacks]:
    """Of each spec its stacks, each with the releases in which that holds it.

    A spec in no stack is in `none` of them, in the releases that hold it.
    """
    releases = members(tables, "IN_RELEASE")
    number = {name: at for at, name in enumerate(releases.names)}
    edges = tables.edges["IN_STACK"]
    rows = pc.index_in(edges["from"], tables.nodes["Spec"]["hash"].combine_chunks()).to_pylist()
    stacks = {name: at for at, name in enumerate(members(tables, "IN_STACK").names)}
    found: list[list[tuple[int, tuple[int, ...]]]] = [[] for _ in range(specs)]
    for row, stack, told in zip(
        rows, edges["to"].to_pylist(), edges["releases"].to_pylist(), strict=True
    ):
        if row is not None:
            known = sorted(number[name] for name in told or () if name in number)
            found[row].append((stacks[stack], tuple(known)))
    alone: list[list[int]] = [[] for _ in range(specs)]
    for row, group in zip(releases.specs.tolist(), releases.groups.tolist(), strict=True):
        alone[row].append(group)
    return [
        tuple(sorted(stacks)) or ((none, tuple(sorted(there))),)
        for stacks, there in zip(found, alone, strict=True)
    ]


def _first(tables: Tables, edge: str, specs: int) -> list[int]:
    """Of each spec the position of what it has an edge to, -1 if to nothing."""
    found = [-1] * specs
    ends = members(tables, edge)
    for row, group in zip(ends.specs.tolist(), ends.groups.tolist(), strict=True):
        found[row] = group
    return found


def _order(stacks: list[tuple[int, ...]], count: int) -> list[int]:
    """The largest stack first, then the one that shares most with the one before it; none last."""
    sizes: Counter[int] = Counter()
    shared: Counter[tuple[int, int]] = Counter()
    for found, times in Counter(stacks).items():
        for one in found:
            sizes[one] += times
            shared.update(dict.fromkeys(((one, other) for other in found), times))
    none = count - 1
    left = [one for one in range(none) if sizes[one]]
    order: list[int] = []
    while left:
        last = order[-1] if order else None
        best = max(
            left,
            key=lambda one: (shared[last, one] if last is not None else 0, sizes[one], -one),
        )
        left.remove(best)
        order.append(best)
    return [*order, none] if sizes[none] else order
