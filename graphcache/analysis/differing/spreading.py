"""From pairs up to those that need them: which causes each pair has at or below it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from graphcache.analysis.dependencies import Neighbours, Rows
from graphcache.analysis.differing.pair_walk import Pairs
from graphcache.tables.arrays import distinct

_BLOCK = 1024
"""Causes that go up at a time, which bounds the memory: each is a bit for each pair."""
_ROWS = 4096
"""Pairs whose bits are read at a time."""


def spread(
    found: tuple[Rows, Rows], pairs: Pairs, upward: Neighbours, wanted: Rows
) -> tuple[Rows, Rows]:
    """The wanted pairs, each with its causes and those of all pairs below it.

    Args:
        found: pairs and causes, by twos.
        pairs: all pairs, with what is below what.
        upward: for each pair those that need it.
        wanted: the pairs to answer for.
    """
    pair, cause = found
    downward = Neighbours(pairs.above, pairs.below, len(pairs.a))
    levels, cyclic = _levels(pairs, upward)
    parts = [(pair[:0], cause[:0])]
    causes = int(cause.max(initial=-1)) + 1
    for first in range(0, causes, _BLOCK):
        of_block = (cause >= first) & (cause < first + _BLOCK)
        # Words, which go up in a third of the time that their bytes take.
        words = np.zeros((len(pairs.a), -(-min(causes - first, _BLOCK) // 64)), np.uint64)
        bits = words.view(np.uint8)
        byte, bit = np.divmod(cause[of_block] - first, 8)
        np.bitwise_or.at(bits, (pair[of_block], byte), np.left_shift(1, bit).astype(np.uint8))
        for level in levels:
            _add_below(words, level, downward)
        while len(cyclic) and _add_below(words, cyclic, downward):
            pass
        parts += ((rows, at + first) for rows, at in _set(bits, wanted))
    rows, found_causes = (np.concatenate(part) for part in zip(*parts, strict=True))
    return rows, found_causes


def _levels(pairs: Pairs, upward: Neighbours) -> tuple[list[Rows], Rows]:
    """Pairs in an order in which those below come first; and those that are above a cycle."""
    left = np.bincount(pairs.above, minlength=len(pairs.a))
    border = np.flatnonzero(left == 0)
    levels = []
    while len(border):
        _, above = upward.of(border)
        np.subtract.at(left, above, 1)
        above = distinct(above)
        border = above[left[above] == 0]
        levels.append(border)
    return levels, np.flatnonzero(left > 0)


def _add_below(words: NDArray[np.uint64], above: Rows, downward: Neighbours) -> bool:
    """Give pairs the bits of those below them; whether that was news."""
    which, below = downward.of(above)
    if not len(which):
        return False
    starts = np.flatnonzero(np.append(True, which[1:] != which[:-1]))
    at = above[which[starts]]
    before = words[at]
    together = before | np.bitwise_or.reduceat(words[below], starts, axis=0)
    words[at] = together
    news = bool((together != before).any())
    return news


def _set(bits: NDArray[np.uint8], wanted: Rows) -> Iterator[tuple[Rows, Rows]]:
    """The wanted pairs and their bits that are set, by twos."""
    for first in range(0, len(wanted), _ROWS):
        some = wanted[first : first + _ROWS]
        rows, byte = np.nonzero(bits[some])
        which, bit = np.nonzero(
            np.unpackbits(bits[some[rows], byte][:, None], axis=1, bitorder="little")
        )
        yield some[rows[which]], byte[which] * 8 + bit
