"""What was read and drawn of a store, so that the second look is immediate."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from graphcache.stores import Store

T = TypeVar("T")


class Kept(Generic[T]):
    """The last things that were made of each open store, by a key.

    They go with the store: one that is opened anew, since its file was replaced, begins with none.
    """

    def __init__(self, most: int, *, at_once: int = 1) -> None:
        """Keep at most so many of a store, and make so many at a time.

        What takes a core for a while is best made one at a time; what waits for a store is not.
        """
        self._most = most
        self._kept: WeakKeyDictionary[Store, OrderedDict[Hashable, T]] = WeakKeyDictionary()
        self._keeping = threading.Lock()
        self._making = threading.Semaphore(at_once)

    def of(self, store: Store, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept by a key, made if it is not.

        >>> class Opened: ...
        >>> kept, store = Kept(16), Opened()
        >>> kept.of(store, ("package", "hdf5"), lambda: "made")
        'made'
        >>> kept.of(store, ("package", "hdf5"), lambda: "made again")
        'made'
        """
        kept = self._find(store, key)
        if kept is not None:
            return kept
        with self._making:
            # Another may have asked for the same, and been first.
            kept = self._find(store, key)
            if kept is None:
                kept = make()
                self._keep(store, key, kept)
        return kept

    def _find(self, store: Store, key: Hashable) -> T | None:
        with self._keeping:
            of_store = self._kept.get(store, OrderedDict())
            if key in of_store:
                of_store.move_to_end(key)
            return of_store.get(key)

    def _keep(self, store: Store, key: Hashable, made: T) -> None:
        with self._keeping:
            of_store = self._kept.setdefault(store, OrderedDict())
            of_store[key] = made
            while len(of_store) > self._most:
                of_store.popitem(last=False)
