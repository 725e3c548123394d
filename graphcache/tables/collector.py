"""Python's garbage collector, put aside where very many objects are made that all stay."""

from __future__ import annotations

import atexit
import gc
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any
from weakref import WeakSet

_WRITERS = frozenset({io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom})


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
    Nobody's frozen objects are unfrozen.
    """
    if not gc.get_freeze_count():
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
    kept: list[Any] = list(objects)
    if not kept:
        return
    _flush_files()
    kept.append(kept)  # so that nothing frees it but a search for garbage, and none comes any more
    gc.freeze()


def _flush_files() -> None:
    """Write out what is left in files that a script has not closed: Python does so by that search.

    What a script of functions has in its global names is freed by nothing else.
    """
    for one in [one for one in gc.get_objects() if type(one) in _WRITERS]:
        with suppress(OSError, ValueError):  # as of one that is closed
            one.flush()
