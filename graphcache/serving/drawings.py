"""Pictures that were drawn, so that the second look is immediate."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from graphcache.stores import Store

if TYPE_CHECKING:
    from graphcache.analysis.subgraphs import NodeId


class Drawings:
    """The data of the last pictures of each open store, by node.

    They go with the store: one that is opened anew, since its file was replaced, begins with none.
    """

    def __init__(self, most: int) -> None:
        """Keep at most so many of a store."""
        self._most = most
        self._kept: WeakKeyDictionary[Store, OrderedDict[NodeId, bytes]] = WeakKeyDictionary()
        self._keeping = threading.Lock()
        # A picture takes a core for a while, so one is drawn at a time.
        self._drawing = threading.Lock()

    def of(self, store: Store, node: NodeId, draw: Callable[[], bytes]) -> bytes:
        """The picture of a node, drawn if it is not kept.

        >>> class Opened: ...
        >>> drawings, store = Drawings(16), Opened()
        >>> drawings.of(store, ("Package", "hdf5"), lambda: b"drawn")
        b'drawn'
        >>> drawings.of(store, ("Package", "hdf5"), lambda: b"drawn again")
        b'drawn'
        """
        kept = self._find(store, node)
        if kept is not None:
            return kept
        with self._drawing:
            # Another may have asked for the same, and been first.
            kept = self._find(store, node)
            if kept is None:
                kept = draw()
                self._keep(store, node, kept)
        return kept

    def _find(self, store: Store, node: NodeId) -> bytes | None:
        with self._keeping:
            of_store = self._kept.get(store, OrderedDict())
            if node in of_store:
                of_store.move_to_end(node)
            return of_store.get(node)

    def _keep(self, store: Store, node: NodeId, drawn: bytes) -> None:
        with self._keeping:
            of_store = self._kept.setdefault(store, OrderedDict())
            of_store[node] = drawn
            while len(of_store) > self._most:
                of_store.popitem(last=False)
