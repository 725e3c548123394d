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
    """Open a store to read: the path of an embedded store, or the URI of a Neo4j server.

    Args:
        location: a path, or a URI such as `neo4j://localhost:7687`.
        password: for a server; else NEO4J_PASSWORD. The user is NEO4J_USERNAME, else `neo4j`.
        database: for a server; else NEO4J_DATABASE, else the user's own.
        wait: for how many seconds to try while a server does not answer.

    Raises:
        StoreError: there is none, or it is locked, damaged, foreign or of another format; or the
            server does not answer or refuses.
        UsageError: the URI is of another scheme, or there is no password.
    """
    if is_server(fspath(location)):
        from graphcache.stores.neo4j.store import Login, Neo4jStore

        login = Login.from_environment(password)
        return Neo4jStore(fspath(location), login, database=database, wait=wait)
    from graphcache.stores.embedded.store import EmbeddedStore

    return EmbeddedStore(Path(location))


__all__ = ["Store", "is_server", "open_store"]
