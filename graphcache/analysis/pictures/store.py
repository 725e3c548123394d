"""A whole store: its stacks, and what they share, by target and release."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from graphcache.analysis.memberships import members
from graphcache.answers import reads
from graphcache.tables import Tables

NO_STACK = "(no stack)"
"""What stands for the specs that are in none."""


@dataclass(frozen=True, slots=True)
class StorePicture:
    """The specs of a store by stack."""

    specs: int
    stacks: list[str]
    """Those that share much beside each other; `NO_STACK` last, if there are such specs."""
    targets: list[str]
    releases: list[str]
    packages: list[str]
    stack_sets: list[list[int]]
    """Which stacks a spec may be in at once."""
    release_sets: list[list[int]]
    groups: list[tuple[int, int, int, int, int]]
    """Specs that are alike: package, set of stacks, target (-1: not known), set of releases, and
    how many they are; all as positions."""

    @property
    def shared(self) -> list[list[int]]:
        """How many specs each two stacks share; in the diagonal, how many a stack has."""
        found = [[0] * len(self.stacks) for _ in self.stacks]
        for _, at, _, _, count in self.groups:
            for one in self.stack_sets[at]:
                for other in self.stack_sets[at]:
                    found[one][other] += count
        return found

    @property
    def own(self) -> list[int]:
        """Of each stack, the specs that are in no other."""
        found = [0] * len(self.stacks)
        for _, at, _, _, count in self.groups:
            if len(self.stack_sets[at]) == 1:
                found[self.stack_sets[at][0]] += count
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
    stack, release = (_sets(tables, edge, specs) for edge in ("IN_STACK", "IN_RELEASE"))
    names = [*members(tables, "IN_STACK").names, NO_STACK]
    of_stack = [found or (len(names) - 1,) for found in stack]
    counts = Counter(zip(package, of_stack, target, release, strict=True))
    order = _order(of_stack, len(names), has_none=any(not found for found in stack))
    place = {one: at for at, one in enumerate(order)}
    stack_sets = sorted({tuple(sorted(place[one] for one in key[1])) for key in counts})
    release_sets = sorted({key[3] for key in counts})
    at_stack = {found: at for at, found in enumerate(stack_sets)}
    at_release = {found: at for at, found in enumerate(release_sets)}
    groups = [
        (p, at_stack[tuple(sorted(place[one] for one in s))], t, at_release[r], count)
        for (p, s, t, r), count in sorted(counts.items())
    ]
    return StorePicture(
        specs,
        [names[one] for one in order],
        members(tables, "FOR_TARGET").names,
        members(tables, "IN_RELEASE").names,
        members(tables, "OF_PACKAGE").names,
        [list(found) for found in stack_sets],
        [list(found) for found in release_sets],
        groups,
    )


def _first(tables: Tables, edge: str, specs: int) -> list[int]:
    """Of each spec the position of what it has an edge to, -1 if to nothing."""
    found = [-1] * specs
    ends = members(tables, edge)
    for row, group in zip(ends.specs.tolist(), ends.groups.tolist(), strict=True):
        found[row] = group
    return found


def _sets(tables: Tables, edge: str, specs: int) -> list[tuple[int, ...]]:
    """Of each spec the positions of all that it has an edge to."""
    found: list[list[int]] = [[] for _ in range(specs)]
    ends = members(tables, edge)
    for row, group in zip(ends.specs.tolist(), ends.groups.tolist(), strict=True):
        found[row].append(group)
    return [tuple(sorted(one)) for one in found]


def _order(stacks: list[tuple[int, ...]], count: int, *, has_none: bool) -> list[int]:
    """The largest stack first, then the one that shares most with the one before it."""
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
    return [*order, none] if has_none else order
