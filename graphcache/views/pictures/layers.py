"""Boxes in layers from left to right, with few lines that cross and none through a box.

Whoever is needed stands right of all that needs it. A line over several layers has a place of its
own in each, as a box has (Sugiyama, Tagawa, Toda 1981); what stands where in a layer is found by
sweeps of barycentres and exchanges of neighbours, how far down by isotonic regression, which keeps
that order. Widths are left to the page, which knows the letters: all is in layers and pixels down.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Generic, TypeVar

_ROUNDS = 24
_GAP, _LINE_GAP = 10.0, 6.0
"""Pixels between two boxes, and beside a line."""

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Layout(Generic[T]):
    """Where boxes stand, and by which layers lines go."""

    places: dict[T, tuple[int, float]]
    """The layer of each box, and the pixels above it."""
    lines: dict[tuple[T, T], list[tuple[int, float]]]
    """Of each edge the layers between its ends, and the pixels above the line there."""
    height: float


@dataclass(slots=True, eq=False)
class _Slot:
    """A box in a layer, or the place of a line that passes by."""

    layer: int
    height: float
    is_box: bool
    before: list[_Slot] = field(default_factory=list)
    after: list[_Slot] = field(default_factory=list)
    at: int = 0
    y: float = 0.0
    """Of its middle."""


def layered(heights: Mapping[T, float], edges: Iterable[tuple[T, T]]) -> Layout[T]:
    """Lay out boxes of some heights, in pixels, of which edges say what needs what.

    There must be no circle. Equal input gives an equal layout.

    >>> found = layered({"a": 24, "b": 24, "c": 24}, [("a", "b"), ("b", "c"), ("a", "c")])
    >>> {box: layer for box, (layer, _) in found.places.items()}, len(found.lines["a", "c"])
    ({'a': 0, 'b': 1, 'c': 2}, 1)
    """
    order = {node: at for at, node in enumerate(heights)}
    pairs = sorted(set(edges), key=lambda pair: [order[end] for end in pair])
    layer = _layer_of(list(heights), pairs)
    slots = {node: _Slot(layer[node], height, True) for node, height in heights.items()}
    layers: list[list[_Slot]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for slot in slots.values():
        layers[slot.layer].append(slot)
    ways = {pair: _way(slots[pair[0]], slots[pair[1]], layers) for pair in pairs}
    _arrange(layers)
    _place(layers)
    top = min((s.y - s.height / 2 for one in layers for s in one), default=0.0)
    bottom = max((s.y + s.height / 2 for one in layers for s in one), default=0.0)
    return Layout(
        {n: (s.layer, round(s.y - s.height / 2 - top, 1)) for n, s in slots.items()},
        {pair: [(s.layer, round(s.y - top, 1)) for s in way] for pair, way in ways.items()},
        round(bottom - top, 1),
    )


def crossings(layout: Layout[T], heights: Mapping[T, float]) -> int:
    """How many pairs of lines cross, those that share an end left out.

    >>> heights = dict.fromkeys("abcd", 24.0)
    >>> crossings(layered(heights, [("a", "c"), ("b", "d"), ("a", "d")]), heights)
    0
    """
    steps: dict[int, list[tuple[float, float, tuple[T, T]]]] = {}
    for (start, end), between in layout.lines.items():
        ends = [(layout.places[n][0], layout.places[n][1] + heights[n] / 2) for n in (start, end)]
        points = [ends[0], *between, ends[1]]
        for (layer, y), (_, next_y) in pairwise(points):
            steps.setdefault(layer, []).append((y, next_y, (start, end)))
    found = set()
    for lines in steps.values():  # each: where it begins, where it ends, and of which edge
        for (here, there, one), (here_too, there_too, other) in combinations(lines, 2):
            if (here - here_too) * (there - there_too) < 0 and set(one).isdisjoint(other):
                found.add((one, other))
    return len(found)


def _layer_of(nodes: Sequence[T], edges: Sequence[tuple[T, T]]) -> dict[T, int]:
    """The layer of each: as far left as what needs it allows, or near to what it needs itself."""
    before: dict[T, list[T]] = {node: [] for node in nodes}
    after: dict[T, list[T]] = {node: [] for node in nodes}
    for start, end in edges:
        before[end].append(start)
        after[start].append(end)
    layer: dict[T, int] = {}
    missing = {node: len(before[node]) for node in nodes}
    order = [node for node in nodes if not missing[node]]
    for node in order:  # which grows meanwhile
        layer[node] = 1 + max((layer[one] for one in before[node]), default=-1)
        for one in after[node]:
            missing[one] -= 1
            if not missing[one]:
                order.append(one)
    for node in reversed(order):
        if before[node] and len(after[node]) > len(before[node]):
            layer[node] = min(layer[one] for one in after[node]) - 1
    return layer


def _way(start: _Slot, end: _Slot, layers: list[list[_Slot]]) -> list[_Slot]:
    """The places of a line in the layers between its ends."""
    way = [_Slot(layer, _LINE_GAP, False) for layer in range(start.layer + 1, end.layer)]
    for slot in way:
        layers[slot.layer].append(slot)
    for one, other in zip([start, *way], [*way, end], strict=True):
        one.after.append(other)
        other.before.append(one)
    return way


# The order in a layer -----------------------------------------------------------------------------


def _arrange(layers: list[list[_Slot]]) -> None:
    """Put each layer in the order that has the fewest crossings of those that were tried."""
    _number(layers)
    first = [list(layer) for layer in layers]
    best, kept = _count(layers) + 1, first
    for start in (_as_they_came, _turned, _most_needed_first, _fewest_needed_first):
        for layer, order in zip(layers, first, strict=True):
            layer[:] = start(order)
        _number(layers)
        for number in range(_ROUNDS):
            found = _count(layers)
            if found < best:
                best, kept = found, [list(layer) for layer in layers]
            if not best:
                break
            _sweep(layers, downward=number % 2 == 0, later=number % 4 > 1)
            _exchange(layers)
    for layer, order in zip(layers, kept, strict=True):
        layer[:] = order
    _number(layers)


def _as_they_came(layer: list[_Slot]) -> list[_Slot]:
    return list(layer)


def _turned(layer: list[_Slot]) -> list[_Slot]:
    return layer[::-1]


def _most_needed_first(layer: list[_Slot]) -> list[_Slot]:
    return sorted(layer, key=lambda slot: -len(slot.after))


def _fewest_needed_first(layer: list[_Slot]) -> list[_Slot]:
    return sorted(layer, key=lambda slot: len(slot.after))


def _number(layers: list[list[_Slot]]) -> None:
    for layer in layers:
        for at, slot in enumerate(layer):
            slot.at = at


def _sweep(layers: list[list[_Slot]], *, downward: bool, later: bool) -> None:
    """Sort each layer by the middle of what its slots are joined to in the one before.

    Of those that are alike, the later ones come first if so asked: else they never change places.
    """
    for layer in layers if downward else reversed(layers):
        middle = {}
        for slot in layer:
            near = slot.before if downward else slot.after
            middle[slot] = sum(one.at for one in near) / len(near) if near else float(slot.at)
        layer.sort(key=lambda slot: (middle[slot], -slot.at if later else slot.at))
        for at, slot in enumerate(layer):
            slot.at = at


def _exchange(layers: list[list[_Slot]]) -> None:
    """Exchange neighbours as long as that takes crossings away."""
    for _ in range(6):
        better = False
        for layer in layers:
            for at in range(len(layer) - 1):
                one, other = layer[at], layer[at + 1]
                if _crossed(one, other) > _crossed(other, one):
                    layer[at], layer[at + 1] = other, one
                    one.at, other.at = at + 1, at
                    better = True
        if not better:
            return


def _crossed(upper: _Slot, lower: _Slot) -> int:
    """How many lines of two neighbours cross, if one stands above the other."""
    return sum(
        a.at > b.at
        for mine, theirs in ((upper.before, lower.before), (upper.after, lower.after))
        for a in mine
        for b in theirs
    )


def _count(layers: list[list[_Slot]]) -> int:
    """The crossings of all layers."""
    found = 0
    for layer in layers:
        seen: list[int] = []
        for slot in layer:
            ends = sorted(one.at for one in slot.after)
            found += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
            for end in ends:
                insort(seen, end)
    return found


# How far down -------------------------------------------------------------------------------------


def _place(layers: list[list[_Slot]]) -> None:
    """Give each slot its height: near to what it is joined to, in the order of its layer."""
    for layer in layers:
        below = 0.0
        for at, slot in enumerate(layer):
            below += _gap(layer[at - 1], slot) if at else 0.0
            slot.y = below
        for slot in layer:
            slot.y -= below / 2
    for number in range(_ROUNDS):
        for layer in layers if number % 2 == 0 else reversed(layers):
            _regress(layer, before=number % 2 == 0)


def _gap(upper: _Slot, lower: _Slot) -> float:
    """Pixels between the middles of two neighbours."""
    room = _GAP if upper.is_box or lower.is_box else 2.0
    return (upper.height + lower.height) / 2 + room


def _regress(layer: list[_Slot], *, before: bool) -> None:
    """Isotonic regression of where the slots of a layer would stand (pool adjacent violators)."""
    blocks: list[tuple[float, float, int]] = []  # the sum of places, the weight, how many
    offsets, offset = [], 0.0
    for at, slot in enumerate(layer):
        offset += _gap(layer[at - 1], slot) if at else 0.0
        offsets.append(offset)
        near = (slot.before or slot.after) if before else (slot.after or slot.before)
        wanted = sum(one.y for one in near) / len(near) if near else slot.y
        # A line is to be straight before a box is in the middle.
        weight = (1.0 if slot.is_box else 4.0) if near else 0.05
        blocks.append(((wanted - offset) * weight, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            upper, lower = blocks[-2], blocks.pop()
            blocks[-1] = (upper[0] + lower[0], upper[1] + lower[1], upper[2] + lower[2])
    at = 0
    for places, weight, count in blocks:
        for _ in range(count):
            layer[at].y = places / weight + offsets[at]
            at += 1
