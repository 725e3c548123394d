"""Numbers of whole columns, as numpy has them: which differ, and what stands for equal rows."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Integers = NDArray[np.int64]
_Number = TypeVar("_Number", np.int64, np.uint64)


def numbers(array: pa.Array) -> Any:
    """The numbers of an array without nulls, as numpy sees them; nothing is copied.

    `to_numpy` does the same, but imports pandas where that is installed.

    >>> numbers(pa.array([7, 8, 9])[1:])
    array([8, 9])
    """
    kind = np.dtype(str(array.type).replace("double", "float64"))
    if not len(array):
        return np.empty(0, kind)
    return np.frombuffer(array.buffers()[1], kind, len(array), array.offset * kind.itemsize)


def distinct(values: NDArray[_Number]) -> NDArray[_Number]:
    """The distinct numbers, sorted. `np.unique` has been seen to take ten times as long.

    >>> distinct(np.array([3, 1, 3]))
    array([1, 3])
    """
    values = np.sort(values)
    return values[firsts(values)]


def coded_pairs(first: Integers, second: Integers, width: int) -> Integers:
    """One integer for each pair of numbers, of which the second is at least 0 and below `width`.

    Integers are quicker to sort and to look up than pairs. Of positions and codes of rows in
    memory, which are below 2**31, a pair is below 2**62; who pairs others sees to it that they fit.
    `decoded_pairs` is the way back; `joined_codes` in `columns.py` does the same with columns of
    Arrow.

    >>> coded_pairs(np.array([0, 2]), np.array([1, 0]), 3)
    array([1, 6])
    """
    return first.astype(np.int64, copy=False) * width + second


def decoded_pairs(codes: Integers, width: int) -> tuple[Integers, Integers]:
    """The pairs of which `coded_pairs` made one integer each.

    >>> decoded_pairs(np.array([1, 6]), 3)
    (array([0, 2]), array([1, 0]))
    """
    first, second = np.divmod(codes, max(width, 1))
    return first, second


def codes_of_rows(content: NDArray[np.int64]) -> Integers:
    """A number for each row of an array, which equal ones have in common.

    >>> codes_of_rows(np.array([[7, 8], [7, 9], [7, 8]])).tolist()
    [0, 1, 0]
    """
    content = np.ascontiguousarray(content)
    ends = np.arange(len(content) + 1) * content.itemsize * content.shape[1]
    return codes_of_bytes(content, ends)


def codes_of_bytes(content: NDArray[np.int64], ends: Integers) -> Integers:
    """A number for each part of an array that lies in one piece, which equal ones have in common.

    Args:
        content: the array.
        ends: before which byte each part ends, and where the first one begins.

    >>> codes_of_bytes(np.array([7, 7, 8, 7]), np.array([0, 8, 16, 24, 32])).tolist()
    [0, 0, 1, 0]
    """
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(content)]
    texts = pa.Array.from_buffers(pa.large_binary(), len(ends) - 1, buffers)
    found: Integers = numbers(texts.dictionary_encode().indices).astype(np.int64)
    return found


def is_rising(values: Integers) -> bool:
    """Whether each number is greater than the one before.

    >>> is_rising(np.array([1, 3])), is_rising(np.array([1, 1]))
    (True, False)
    """
    return bool((values[1:] > values[:-1]).all())


def firsts(values: NDArray[_Number]) -> NDArray[np.bool_]:
    """Where numbers that are sorted differ from those before.

    >>> firsts(np.array([1, 3, 3]))
    array([ True,  True, False])
    """
    first = np.ones(len(values), bool)
    first[1:] = values[1:] != values[:-1]
    return first
