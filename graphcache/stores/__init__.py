"""Stores keep a graph and answer Cypher: an embedded file, or a server."""

from __future__ import annotations

from pathlib import Path

from graphcache.stores.base import Store
from graphcache.stores.embedded import EmbeddedStore


def open_store(location: str | Path) -> Store:
    """Open a store to read: the path of an embedded store.

    Raises:
        StoreError: there is none, or it is locked, damaged, foreign or of another format.
    """
    return EmbeddedStore(Path(location))


__all__ = ["EmbeddedStore", "Store", "open_store"]
