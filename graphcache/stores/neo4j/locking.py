"""One push at a time on a server, and what it has to be told before: its constraints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from neo4j import Session
from neo4j.exceptions import DriverError, Neo4jError

from graphcache.errors import StoreError
from graphcache.stores.neo4j.statements import LOCK_LABEL
from graphcache.stores.neo4j.store import Neo4jStore

LOCK = (
    f"CREATE CONSTRAINT `graphcache_lock` IF NOT EXISTS "
    f"FOR (n:{LOCK_LABEL}) REQUIRE n.`name` IS UNIQUE"
)
"""What makes the lock's node one, however many make it at once."""


def run(session: Session, statement: str, **parameters: Any) -> None:
    """Run a statement in a transaction of its own, with the driver's retries."""
    session.execute_write(lambda transaction: transaction.run(statement, parameters).consume())


def constrain(session: Session, statements: Iterable[str]) -> None:
    """Make constraints and indexes where they are not there yet."""
    for statement in statements:
        try:
            run(session, statement)
        except Neo4jError as error:
            # Another push makes it just now: IF NOT EXISTS does not see that.
            if not (error.code or "").endswith("AlreadyExists"):
                raise


@contextmanager
def push_lock(store: Neo4jStore) -> Iterator[Callable[[], None]]:
    """One push at a time: a second one waits here until the first has ended, however it ends.

    The lock is an open transaction, so it ends with the connection of a client that was killed. It
    needs the constraint `LOCK`. Gives what finds out that the lock is lost, as when the server was
    started anew meanwhile.
    """
    with store.session() as session, session.begin_transaction() as transaction:
        transaction.run(f"MERGE (l:{LOCK_LABEL} {{name: 'push'}}) SET l.held = true").consume()

        def check() -> None:
            try:
                transaction.run("RETURN 1").consume()
            except (DriverError, Neo4jError) as error:
                raise StoreError(
                    f"{store.uri}: the server was gone for a while: run the push again, it goes "
                    f"on from what was sent"
                ) from error

        yield check
        transaction.run(f"MATCH (l:{LOCK_LABEL}) SET l.held = false").consume()
        transaction.commit()
