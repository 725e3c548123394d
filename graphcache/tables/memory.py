"""Memory that was used and is not any more, given back to the system."""

from __future__ import annotations

import ctypes

import pyarrow as pa


def give_back_memory() -> None:
    """Give back what nothing holds: a large graph takes as much again while it is made.

    Arrow keeps some of it for what comes next, and so does malloc of glibc, which has a way to ask
    for it that others have not.

    >>> give_back_memory()
    """
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
