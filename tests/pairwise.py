"""Few combinations in which each pair of values occurs: most faults need no more than two."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations, product
from typing import TypeVar

_T = TypeVar("_T", bound=Hashable)
_Pair = tuple[int, _T, int, _T]


def all_pairs(*choices: Sequence[_T]) -> Iterator[tuple[_T, ...]]:
    """Combinations of one value of each, until every two values have been in one together.

    Greedy: a combination begins with a pair that is still missing, and takes for each other place
    the value that adds most missing pairs. The same choices always give the same combinations.
    """
    if len(choices) < 2:
        yield from product(*choices)
        return
    missing = dict.fromkeys(
        (i, a, j, b)
        for i, j in combinations(range(len(choices)), 2)
        for a, b in product(choices[i], choices[j])
    )
    while missing:
        first, value, second, other = next(iter(missing))
        chosen = {first: value, second: other}
        for place, values in enumerate(choices):
            if place not in chosen:
                chosen[place] = max(
                    values, key=lambda v: sum(pair in missing for pair in _pairs(chosen, place, v))
                )
        for pair in _all(chosen):
            missing.pop(pair, None)
        yield tuple(chosen[place] for place in range(len(choices)))


def _pairs(chosen: dict[int, _T], place: int, value: _T) -> Iterator[_Pair[_T]]:
    """The pairs of a value at a place with those that are chosen."""
    for at, there in chosen.items():
        yield (at, there, place, value) if at < place else (place, value, at, there)


def _all(chosen: dict[int, _T]) -> Iterator[_Pair[_T]]:
    """All pairs of a whole combination."""
    for i, j in combinations(sorted(chosen), 2):
        yield i, chosen[i], j, chosen[j]
