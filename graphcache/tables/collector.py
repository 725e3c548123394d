"""Python's garbage collector, put aside where very many objects are made that all stay."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from weakref import WeakSet

_MANY = 500_000
"""Objects, of which a search for garbage takes some twenty milliseconds."""


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
            _take_young_for_old()
            gc.enable()


def _take_young_for_old() -> None:
    """Pass over the search among all new objects that would come next: they are there to stay.

    They get among the oldest, where a full collection finds them if they are garbage after all.
    Nobody's frozen objects are unfrozen; where there are many, to count them takes as long.
    """
    if gc.get_count()[0] > _MANY and not gc.get_freeze_count():
        gc.freeze()
        gc.unfreeze()


def leave_to_exit(large: Any) -> None:
    """Let a large object that is still there when the process ends go with the process.

    Python would look through all of it for garbage once more then, and free its parts one by one.
    Until then it goes as ever when nobody holds it.
    """
    _left_to_exit().add(large)


@cache
def _left_to_exit() -> WeakSet[Any]:
    """The objects, which are kept at the end."""
    objects: WeakSet[Any] = WeakSet()
    atexit.register(_keep_for_ever, objects)
    return objects


def _keep_for_ever(objects: WeakSet[Any]) -> None:
    if not objects:
        return
    # Names of modules that are still there are cleared one by one, so that files are closed that a
    # script has left open: else they would go, unwritten, in circles of functions and modules.
    kept: list[Any] = [*objects, *sys.modules.values()]
    kept.append(kept)  # so that nothing frees it but a search for garbage, and none comes any more
    gc.freeze()
