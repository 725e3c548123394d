"""Numbers that stand for what was mixed into them: equal ones for what is equal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphcache.analysis.dependencies import Rows
from graphcache.tables.arrays import distinct

Identities = NDArray[np.uint64]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def mix(numbers: Identities) -> Identities:
    """Numbers of which each bit hangs on all bits of the given ones (splitmix64, by Vigna)."""
    numbers = numbers + _ODD
    numbers = (numbers ^ (numbers >> np.uint64(30))) * _FIRST
    numbers = (numbers ^ (numbers >> np.uint64(27))) * _SECOND
    return numbers ^ (numbers >> np.uint64(31))


def own_settings(own: Rows) -> Identities:
    """A number for each row of settings, equal for those that are."""
    total = np.zeros(len(own), np.uint64)
    for column in own.T:
        total = mix(total + column.astype(np.uint64))
    return total


def count_distinct(numbers: Identities) -> int:
    """How many distinct ones there are.

    >>> count_distinct(np.array([5, 3, 5], np.uint64))
    2
    """
    return len(distinct(numbers))
