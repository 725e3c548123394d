"""Send the graph of a store to a Neo4j server, and write down the seconds that each type took.

    python benchmarks/neo4j_rows.py push STORE TIMES
    python benchmarks/neo4j_rows.py merge STORE TIMES      the floor: a plain loop
    python benchmarks/neo4j_rows.py create STORE TIMES     the same, for an empty database

`push` is what `graphcache push` does. The plain loop is the fastest that was found among those that
one writes by hand: constraints first, then each type by itself in one session, `UNWIND $rows` in
transactions of 5,000 rows, rows as lists. It keeps no digests and no labels of its own, so that it
can't tell what changed. The server is that of NEO4J_URI.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neo4j

from graphcache.pushing import push_store
from graphcache.schema import EDGE_TYPES, NODE_TYPES, EdgeType, NodeType, all_types
from graphcache.stores import open_store
from graphcache.stores.neo4j.store import Login, Neo4jStore
from graphcache.tables import Tables
from graphcache.tables.python_values import python_values

BATCH = 5_000
Times = dict[str, tuple[int, float]]
"""Nodes and edges, and seconds, by what was sent together."""


def send_plainly(tables: Tables, store: Neo4jStore, verb: str) -> Times:
    """The plain loop."""
    times: Times = {}
    with store.session() as session:
        for node in NODE_TYPES:
            unique = f"FOR (n:{node.name}) REQUIRE n.{node.key} IS UNIQUE"
            session.run(f"CREATE CONSTRAINT IF NOT EXISTS {unique}").consume()
        session.run("CALL db.awaitIndexes(300)").consume()
        for type_ in all_types():
            start = time.perf_counter()
            table = (tables.nodes | tables.edges)[type_.name]
            statement = plain_statement(type_, table.column_names, verb)
            for rows in batches(table):
                session.execute_write(send, statement, rows)
            times[type_.name] = (len(table), time.perf_counter() - start)
    return times


def send(tx: neo4j.ManagedTransaction, statement: str, rows: list[Any]) -> None:
    """Send some rows."""
    tx.run(statement, rows=rows).consume()


def batches(table: Any) -> Iterator[list[Any]]:
    """Rows as lists."""
    for start in range(0, len(table), BATCH):
        part = table.slice(start, BATCH)
        columns = [python_values(part[name]) for name in part.column_names]
        yield [list(row) for row in zip(*columns, strict=True)]


def plain_statement(type_: NodeType | EdgeType, columns: list[str], verb: str) -> str:
    """What one writes by hand."""
    if isinstance(type_, NodeType):
        setters = [f"n.{name} = row[{i}]" for i, name in enumerate(columns) if i]
        pattern = f"{verb} (n:{type_.name} {{{type_.key}: row[0]}})"
    else:
        keys = {t.name: t.key for t in NODE_TYPES}
        setters = [f"e.{name} = row[{i}]" for i, name in enumerate(columns) if i > 1]
        pattern = (
            f"MATCH (a:{type_.start} {{{keys[type_.start]}: row[0]}}) "
            f"MATCH (b:{type_.end} {{{keys[type_.end]}: row[1]}}) "
            f"{verb} (a)-[e:{type_.name}]->(b)"
        )
    return f"UNWIND $rows AS row {pattern}{' SET ' if setters else ''}{', '.join(setters)}"


def send_by_push(path: str, store: Neo4jStore) -> Times:
    """What the command does; the clock is read after each batch."""
    seen = [(0, time.perf_counter())]
    report = push_store(path, store, on_rows=lambda rows: seen.append((rows, time.perf_counter())))
    if report.unchanged:
        return {}
    counts = store.counts()
    times: Times = {}
    total, before = 0, seen[0][1]
    for what, rows in report.sent.items():
        total += rows
        after = max((clock for done, clock in seen if done <= total), default=before)
        names = [what, *(e.name for e in EDGE_TYPES if e.start == what != e.end)]
        sent = sum(counts[name] for name in names if name in counts)
        if rows:
            first = [] if times else ["constraints and indexes"]
            names = [*first, *(name for name in names if counts.get(name))]
            times[" + ".join(names)] = (sent, after - before)
        before = after
    return times


def main() -> None:
    """Send, and write the times as JSON."""
    way, path, out = sys.argv[1:]
    with Neo4jStore(os.environ["NEO4J_URI"], Login.from_environment()) as store:
        if way == "push":
            times = send_by_push(path, store)
        else:
            with open_store(path) as opened:
                tables = opened.tables()
            times = send_plainly(tables, store, way.upper())
    Path(out).write_text(json.dumps(times), encoding="utf-8")


if __name__ == "__main__":
    main()
