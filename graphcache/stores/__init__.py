"""Stores keep a graph and answer Cypher: an embedded file, or a server."""

from __future__ import annotations

import re
from os import PathLike, fspath
from pathlib import Path

from graphcache.stores.base import Store


def is_server(location: str) -> bool:
    """Whether a store's location is the URI of a server, and not a file.

    >>> is_server("neo4j://localhost:7687"), is_server("graphcache.lbug")
    (True, False)
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", location) is not None


def open_store(
    location: str | PathLike[str],
    *,
    password: str | None = None,
    database: str | None = None,
    wait: float = 0,
) -> Store:
    """Open a store to read that is asked in Cypher alone; `graphcache.open_store` says the rest."""
    if is_server(fspath(location)):
        from graphcache.stores.neo4j.store import Login, Neo4jStore

        login = Login.from_environment(password)
        return Neo4jStore(fspath(location), login, database=database, wait=wait)
    from graphcache.stores.embedded.store import EmbeddedStore

    return EmbeddedStore(Path(location))


__all__ = ["Store", "is_server", "open_store"]
