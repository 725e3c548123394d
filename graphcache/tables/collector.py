"""Python's garbage collector, put aside where very many objects are made that all stay."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache


@contextmanager
def paused_collector() -> Iterator[None]:
    """Without cyclic garbage collection: filling a large graph takes four times as long with it.

    >>> with paused_collector():
    ...     gc.isenabled()
    False
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@cache
def skip_last_collection() -> None:
    """Let the process end without a last search for garbage, which a large graph makes long.

    Python looks through all objects once more when it ends. What is there then goes with the
    process; until then a graph that nobody holds goes as ever.
    """
    atexit.register(gc.freeze)
