"""The picture of a whole store: stacks as bars, and the matrix of what they share."""

from __future__ import annotations

from typing import Any

from graphcache.analysis.pictures.store import StorePicture
from graphcache.views.pictures.drawing import Picture
from graphcache.words import counted

_SHADES = 4


def store(found: StorePicture, address: str = "") -> Picture:
    """Draw a store; `address` is what the name of a package is put behind, where there is one."""
    shared, own = found.shared, found.own
    between = [n for a, row in enumerate(shared) for b, n in enumerate(row) if a != b]
    low, high = min(between, default=0), max(between, default=0)
    floor = low if low > high / 2 else 0

    def shade(count: int) -> int:
        if not count:
            return 0
        return min(_SHADES, 1 + int(3.999 * (count - floor) / max(1, high - floor)))

    where = f"{counted(len(found.packages), 'package')} in {counted(len(found.stacks), 'stack')}"
    return Picture(
        title="The whole store",
        under=f"{counted(found.specs, 'spec')} of {where}",
        answer=_answer(found, shared, own),
        template="store.html",
        values={
            "found": found,
            "rows": [
                (
                    number,
                    name,
                    shared[number][number],
                    own[number],
                    [(other, n, shade(n)) for other, n in enumerate(shared[number])],
                    max(
                        ((n, other) for other, n in enumerate(shared[number]) if other != number),
                        default=(0, 0),
                    ),
                )
                for number, name in enumerate(found.stacks)
            ],
            "largest": max((shared[at][at] for at in range(len(shared))), default=1),
            "data": _data(found, address),
        },
        command=["graphcache", "view"],
        cypher="MATCH (s:Spec)-[:IN_STACK]->(k:Stack) RETURN k.name AS stack, count(s) AS specs "
        "ORDER BY specs DESC",
    )


def _answer(found: StorePicture, shared: list[list[int]], own: list[int]) -> str:
    if not found.specs:
        return "The store has no spec."
    if len(found.stacks) == 1:
        return f"All specs are in {found.stacks[0]}."
    alone = f"{100 * sum(own) // found.specs}% of the specs are in one stack only."
    stacks = range(len(found.stacks))
    pairs = [(shared[a][b], found.stacks[b], found.stacks[a]) for a in stacks for b in range(a)]
    most, least = max(pairs)[0], min(pairs)[0]
    if not most:
        return f"{alone} No two stacks share any."
    first = sorted(f"{one} and {other}" for count, one, other in pairs if count == most)
    rest = f"; every two share at least {least:,}" if least and len(pairs) > 1 else ""
    return f"{alone} {_listed(first)} have most in common: {counted(most, 'spec')}{rest}."


def _listed(pairs: list[str]) -> str:
    """Pairs of stacks that share as much, the first ones.

    >>> _listed(["a and b"]), _listed(["a and b", "a and c"])
    ('a and b', 'a and b, and a and c,')
    """
    if len(pairs) > 2:
        return f"{pairs[0]}, and {len(pairs) - 1:,} other pairs,"
    return f"{', and '.join(pairs)}{',' if len(pairs) > 1 else ''}"


def _data(found: StorePicture, address: str) -> dict[str, Any]:
    return {
        "stacks": found.stacks,
        "packages": found.packages,
        "stackSets": found.stack_sets,
        "releaseSets": found.release_sets,
        "groups": found.groups,
        "address": address,
    }
