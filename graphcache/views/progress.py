"""Progress on standard error: only on a terminal, and only for what lasts over a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from graphcache.words import counted

_DELAY = 1.0
"""Seconds before anything is shown."""
_EVERY = 0.1
"""Seconds between two changes of what is shown."""


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A function to call with what is done so far, in words.

    >>> with progress(quiet=True) as show:
    ...     show("1 file read")
    """
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    status = Console(stderr=True).status("")
    shown = False
    next_time = time.monotonic() + _DELAY

    def show(text: str) -> None:
        nonlocal shown, next_time
        if time.monotonic() < next_time:
            return
        if not shown:
            status.start()
            shown = True
        status.update(text)
        next_time = time.monotonic() + _EVERY

    try:
        yield show
    finally:
        if shown:
            status.stop()


@contextmanager
def count_progress(noun: str, done: str, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A function to call with a count so far, of what is counted and what was done with it.

    >>> with count_progress("file", "read", quiet=True) as on_file:
    ...     on_file(1)
    """
    with progress(quiet=quiet) as show:
        yield lambda count: show(f"{counted(count, noun)} {done}")
