"""What tests of a push share: graphs put on a server, and what is there seen without graphcache."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import neo4j

from graphcache import Tables, build_store
from graphcache.schema import NODE_TYPES
from graphcache.stores.base import Load
from graphcache.stores.neo4j.constraints import own_label
from graphcache.stores.neo4j.push import PushReport, push
from graphcache.stores.neo4j.store import HIDDEN, Login, Neo4jStore

from .fixtures import Server, driver_of

OWN = {own_label(type_.name): type_ for type_ in NODE_TYPES}


def opened(server: Server) -> Neo4jStore:
    """The server as a store, to be closed by the caller."""
    return Neo4jStore(server.uri, Login(server.username, server.password))


def put(server: Server, tables: Tables, **options: Any) -> PushReport:
    """Push tables."""
    load = Load(Load.now(), "push", "0", ["a test"], 1, 0, 1, 0, tables.digest())
    with opened(server) as store:
        return push(tables, store, load, **options)


def tables_on(server: Server) -> Tables:
    """The graph on the server, as a store gives it."""
    with opened(server) as store:
        return store.tables()


def assert_on(server: Server, tables: Tables) -> None:
    """The server has these tables, to the last value, by graphcache's way and by plain Cypher."""
    found = tables_on(server)
    for name, table in tables.by_type().items():
        assert found.by_type()[name].equals(table), name
    assert found.digest() == tables.digest()
    assert own_graph(server) == plain_graph(tables)


def ask(server: Server, statement: str, **parameters: Any) -> list[list[Any]]:
    """Run any statement by the driver."""
    with driver_of(server) as driver, driver.session(database="neo4j") as session:
        return [record.values() for record in session.run(statement, parameters)]


def watch_statements(told: Callable[[int], None]) -> None:
    """Tell of each statement of this process that the server has begun with, and not committed.

    They are numbered from 1. For a fork that pushes: nothing takes this back.
    """
    run, numbers = neo4j.ManagedTransaction.run, itertools.count(1)

    def run_and_tell(*arguments: Any, **options: Any) -> neo4j.Result:
        result = run(*arguments, **options)
        told(next(numbers))
        return result

    setattr(neo4j.ManagedTransaction, "run", run_and_tell)  # noqa: B010 - for this process


def kill_at(statement: int, process: int) -> None:
    """Have a process killed, this one or the server, at a statement of this one."""

    def told(number: int) -> None:
        if number == statement:
            os.kill(process, signal.SIGKILL)

    watch_statements(told)


PlainGraph = tuple[dict[tuple[str, str], Any], dict[tuple[str, str, str], Any]]


def own_graph(server: Server) -> PlainGraph:
    """Nodes and edges that are graphcache's, with all their properties, by plain Cypher."""
    nodes = {}
    for labels, properties in ask(server, "MATCH (n) RETURN labels(n), properties(n)"):
        for type_ in (OWN[label] for label in labels if label in OWN):
            assert type_.name in labels
            shown = {name: value for name, value in properties.items() if name not in HIDDEN}
            nodes[type_.name, shown[type_.key]] = shown
    keys = "[label IN labels({0}) WHERE label IN $own | label][0], properties({0})"
    statement = (
        "MATCH (a)-[e]->(b) WHERE any(l IN labels(a) WHERE l IN $own) "
        "AND any(l IN labels(b) WHERE l IN $own) "
        f"RETURN type(e), {keys.format('a')}, {keys.format('b')}, properties(e)"
    )
    edges = {}
    for type_name, a, start, b, end, properties in ask(server, statement, own=list(OWN)):
        edge = type_name, start[OWN[a].key], end[OWN[b].key]
        assert edge not in edges, "two edges of one type between two nodes"
        edges[edge] = properties
    return nodes, edges


def plain_graph(tables: Tables) -> PlainGraph:
    """The same of tables."""
    nodes, edges = {}, {}
    for type_ in NODE_TYPES:
        for row in tables.nodes[type_.name].to_pylist():
            nodes[type_.name, row[type_.key]] = _without_nulls(row)
    for name, table in tables.edges.items():
        for row in table.to_pylist():
            edge = name, row.pop("from"), row.pop("to")
            edges[edge] = _without_nulls(row)
    return nodes, edges


def _without_nulls(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def everything(server: Server) -> tuple[list[Any], list[Any]]:
    """All nodes and edges, whosever they are, but for the notes that graphcache keeps."""
    nodes = ask(server, "MATCH (n) RETURN elementId(n), labels(n), properties(n)")
    edges = ask(
        server,
        "MATCH (a)-[e]->(b) "
        "RETURN elementId(e), elementId(a), elementId(b), type(e), properties(e)",
    )
    notes = {"GraphCacheLoad", "GraphCacheLock"}
    kept = [(i, sorted(labels), p) for i, labels, p in nodes if not notes & set(labels)]
    return sorted(kept, key=lambda row: str(row[0])), sorted(edges, key=lambda row: str(row[0]))


def login(server: Server) -> dict[str, str]:
    """The variables by which a command finds the server."""
    return {
        "NEO4J_URI": server.uri,
        "NEO4J_USERNAME": server.username,
        "NEO4J_PASSWORD": server.password,
    }


def built_store(folder: Path, *pages: Path) -> Path:
    """A store of pages in a folder."""
    path = folder / "store.lbug"
    build_store(path, *pages)
    return path
