"""One open store for all requests, opened anew where its file was replaced."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from graphcache.stores import Store

_Identity = tuple[int, int, int] | None


@dataclass(slots=True)
class _Opened:
    store: Store
    identity: _Identity
    readers: int = 0


class HeldStore:
    """A store that requests share: one database handle, whatever the number of threads.

    A build or update replaces a store's file whole. Whoever reads then goes on with the old file;
    the next request gets the new one, and the last reader of the old one closes it.
    """

    def __init__(self, open_: Callable[[], Store], file: Path | None) -> None:
        """Open the store; `file` is None for a server, which is never opened anew.

        Raises:
            StoreError: it can't be opened.
        """
        self._open = open_
        self._file = file
        self._lock = threading.Lock()
        self._opened = self._open_now()

    @property
    def is_file(self) -> bool:
        """Whether what is open stays as it is: a server's content may change at any time."""
        return self._file is not None

    @contextmanager
    def reading(self) -> Iterator[Store]:
        """The store as it is now, which stays open until the block ends.

        Raises:
            StoreError: its file was replaced or removed, and what is there can't be opened.
        """
        with self._lock:
            opened = self._current()
            opened.readers += 1
        try:
            yield opened.store
        finally:
            with self._lock:
                opened.readers -= 1
                self._close_unread(opened)

    def close(self) -> None:
        """Release the store."""
        with self._lock:
            self._opened.store.close()

    def _current(self) -> _Opened:
        if self._identity() != self._opened.identity:
            old, self._opened = self._opened, self._open_now()
            self._close_unread(old)
        return self._opened

    def _close_unread(self, opened: _Opened) -> None:
        if opened is not self._opened and not opened.readers:
            opened.store.close()

    def _open_now(self) -> _Opened:
        # The identity first: of a file that is replaced in between, the next request takes note.
        identity = self._identity()
        return _Opened(self._open(), identity)

    def _identity(self) -> _Identity:
        """What tells a file from the one that takes its place; None where there is none."""
        if self._file is None:
            return None
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
