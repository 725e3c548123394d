"""Security advisories on a server, beside the graph that was pushed: what they touch, as edges.

They are no part of the graph (decision 46 in docs/architecture.md): no digest, count or comparison
knows them. Each load gives all that are to be there, and those that it lacks go.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import neo4j

from graphcache.schema import node_type, quote
from graphcache.stores.logs import log_statement
from graphcache.stores.neo4j.constraints import own_label
from graphcache.stores.neo4j.errors import server_errors
from graphcache.stores.neo4j.locking import LOCK, constrain, push_lock
from graphcache.stores.neo4j.statements import ADVISORY, AFFECTS
from graphcache.stores.neo4j.store import Neo4jStore

_LOG = logging.getLogger(__name__)

_ROWS = 5_000
"""Edges and nodes in one transaction, if one advisory alone does not have more."""

_OWN = quote(own_label(ADVISORY))
_SPEC = f"{quote(own_label('Spec'))} {{{quote(node_type('Spec').key)}: touched[0]}}"
_CONSTRAINT = (
    f"CREATE CONSTRAINT `graphcache_{ADVISORY}` IF NOT EXISTS "
    f"FOR (a:{_OWN}) REQUIRE a.`id` IS UNIQUE"
)
_COUNT = f"MATCH (a:{_OWN}) RETURN count(a)"
_DELETE = (
    f"MATCH (a:{_OWN}) WHERE NOT a.`id` IN $kept WITH a LIMIT 100 DETACH DELETE a RETURN count(*)"
)
# An advisory comes with all that it touches, so that whoever reads finds the old or the new of it.
_WRITE = f"""\
UNWIND $rows AS row
MERGE (a:{_OWN} {{`id`: row[0]}})
SET a:{quote(ADVISORY)}, a.`aliases` = row[1], a.`summary` = row[2], a.`url` = row[3]
WITH a, row
OPTIONAL MATCH (a)-[old:{quote(AFFECTS)}]->()
WITH a, row, collect(old) AS before
FOREACH (old IN before | DELETE old)
WITH a, row
UNWIND row[4] AS touched
MATCH (s:{_SPEC})
CREATE (a)-[e:{quote(AFFECTS)}]->(s)
SET e.`verdict` = touched[1], e.`match` = touched[2], e.`because` = touched[3]"""


@dataclass(frozen=True, slots=True)
class Touched:
    """A spec that an advisory means, or of which it can't be decided."""

    hash: str
    verdict: str
    """`affected` or `not decided`."""
    match: str
    """`rule` or `guess`: how the package was found by what the advisory calls it."""
    because: str


@dataclass(frozen=True, slots=True)
class AdvisoryNode:
    """An advisory, and all that it touches of the graph."""

    id: str
    aliases: Sequence[str]
    summary: str
    url: str
    touched: list[Touched]

    def row(self) -> list[Any]:
        """What the statement takes."""
        ends = [[one.hash, one.verdict, one.match, one.because] for one in self.touched]
        return [self.id, list(self.aliases), self.summary, self.url, ends]


def put_advisories(store: Neo4jStore, advisories: Sequence[AdvisoryNode]) -> int:
    """Have these advisories on a server, and no others of graphcache's.

    Each is a node `Advisory` with an edge `AFFECTS` to every spec that it touches. One whose
    writing was cut short is there as before or whole, and the next load mends what is left. Of two
    loads at once one waits for the other.

    Returns:
        How many that were there are there no more.

    Raises:
        StoreError: the server can't be reached, refuses, or fails.
    """
    with server_errors(store.uri, store.database), store.session() as session:
        if not advisories and not session.execute_read(_count):
            return 0
        constrain(session, [LOCK, _CONSTRAINT])
        with push_lock(store) as check_lock:
            return _put(session, advisories, check_lock)


def _count(transaction: neo4j.ManagedTransaction) -> int:
    return int(transaction.run(_COUNT).single(strict=True)[0])


def _put(
    session: neo4j.Session, advisories: Sequence[AdvisoryNode], check_lock: Callable[[], None]
) -> int:
    gone = _delete_others(session, [advisory.id for advisory in advisories])
    for rows in _batches(advisories):
        check_lock()
        start = time.monotonic()
        session.execute_write(_write, rows)
        log_statement(_LOG, "sent", _WRITE, len(rows), start)
    return gone


def _delete_others(session: neo4j.Session, kept: list[str]) -> int:
    def delete(transaction: neo4j.ManagedTransaction) -> int:
        return int(transaction.run(_DELETE, kept=kept).single(strict=True)[0])

    gone = 0
    while deleted := session.execute_write(delete):
        gone += deleted
    return gone


def _write(transaction: neo4j.ManagedTransaction, rows: list[list[Any]]) -> None:
    transaction.run(_WRITE, rows=rows).consume()


def _batches(advisories: Sequence[AdvisoryNode]) -> Iterator[list[list[Any]]]:
    batch: list[list[Any]] = []
    size = 0
    for advisory in advisories:
        if batch and size + len(advisory.touched) + 1 > _ROWS:
            yield batch
            batch, size = [], 0
        batch.append(advisory.row())
        size += len(advisory.touched) + 1
    if batch:
        yield batch
