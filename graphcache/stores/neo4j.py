"""The server store: a graph that `graphcache push` put into Neo4j."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import neo4j
import pyarrow as pa
from neo4j import exceptions as failures

from graphcache.errors import QueryError, StoreError, UsageError
from graphcache.schema import EDGE_TYPES, NODE_TYPES, EdgeType, NodeType, own_label
from graphcache.stores.base import Answer, Description, Load, Store
from graphcache.stores.neighbourhood import rows_to_table
from graphcache.stores.server_statements import (
    EDGE_DIGEST,
    LOAD_LABEL,
    NODE_DIGEST,
    count_edges,
    count_nodes,
)
from graphcache.stores.statements import check_parameters, check_reads, match_all

SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
OLDEST = (5, 0)
"""The oldest version of Neo4j whose Cypher the named queries can use."""
HIDDEN = frozenset({NODE_DIGEST, EDGE_DIGEST})
"""Properties that graphcache keeps on a node for itself."""

_URI = re.compile(r"([a-z0-9+.-]+)://(.*)", re.IGNORECASE | re.DOTALL)
_FETCH = 10_000


@dataclass(frozen=True, slots=True)
class Login:
    """Who connects. The password is in no text that this makes."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.username!r}, …)"

    @classmethod
    def from_environment(cls, password: str | None = None) -> Login:
        """By the names that Neo4j's own tools use: NEO4J_USERNAME, and NEO4J_PASSWORD if not given.

        Raises:
            UsageError: there is no password.
        """
        password = password or os.environ.get("NEO4J_PASSWORD")
        if not password:
            raise UsageError(
                "no password: set NEO4J_PASSWORD, or name a file that holds it by --password-file"
            )
        return cls(os.environ.get("NEO4J_USERNAME", "neo4j"), password)


class Neo4jStore(Store):
    """A graph on a Neo4j server. `wait` is for how many seconds to try while none answers."""

    def __init__(
        self, uri: str, login: Login, *, database: str | None = None, wait: float = 0
    ) -> None:
        check_uri(uri)
        self.uri = uri
        self._columns: dict[str, dict[str, str]] | None = None
        self.database = database or os.environ.get("NEO4J_DATABASE")
        with server_errors(uri, database):
            self.driver = neo4j.GraphDatabase.driver(
                uri,
                auth=(login.username, login.password),
                notifications_min_severity=neo4j.NotificationMinimumSeverity.OFF,
            )
        try:
            with server_errors(uri, database):
                self._connect(wait)
                self._check_version()
        except BaseException:
            self.close()
            raise

    def _connect(self, wait: float) -> None:
        deadline = time.monotonic() + wait
        while True:
            try:
                with self.session() as session:
                    session.run("RETURN 1").consume()
                return
            except (failures.ServiceUnavailable, failures.DatabaseUnavailable):
                if time.monotonic() >= deadline:
                    raise
                time.sleep(min(0.5, max(0.0, deadline - time.monotonic())))

    def _check_version(self) -> None:
        rows = self.read("CALL dbms.components() YIELD name, versions RETURN name, versions")
        version = next((str(found[0]) for name, found in rows if name == "Neo4j Kernel"), "")
        numbers = tuple(int(n) for n in re.findall(r"\d+", version)[:2])
        if numbers < OLDEST:
            raise StoreError(
                f"{self.uri}: expected Neo4j {OLDEST[0]} or later, found {version}: "
                f"update the server"
            )

    def session(self, **config: Any) -> neo4j.Session:
        """A session on the store's database."""
        return self.driver.session(database=self.database, **config)

    def read(self, cypher: str, **parameters: Any) -> list[list[Any]]:
        """All rows of a statement of ours."""
        with (
            server_errors(self.uri, self.database),
            self.session(default_access_mode=neo4j.READ_ACCESS, fetch_size=_FETCH) as session,
        ):
            return session.execute_read(
                lambda tx: [record.values() for record in tx.run(cypher, parameters)]
            )

    def query(
        self,
        cypher: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Run one reading statement in a read transaction: at most `limit` rows.

        Raises:
            QueryError: the statement is wrong, writes, or takes longer than `timeout` seconds.
        """
        check_reads(cypher)
        check_parameters(cypher, parameters or {})

        @neo4j.unit_of_work(timeout=timeout)
        def work(tx: neo4j.ManagedTransaction) -> Answer:
            result = tx.run(cypher, dict(parameters or {}))
            found = list(result) if limit is None else result.fetch(limit + 1)
            rows = [tuple(plain(value) for value in record.values()) for record in found]
            return Answer(
                list(result.keys()), rows[:limit], more=limit is not None and len(rows) > limit
            )

        with (
            server_errors(self.uri, self.database, timeout=timeout),
            self.session(default_access_mode=neo4j.READ_ACCESS) as session,
        ):
            return session.execute_read(work)

    def table(self, type_: NodeType | EdgeType) -> pa.Table:
        """All own nodes or edges of a type, sorted by key."""
        columns = self.columns(type_)
        rows = self.read(match_all(type_, list(columns), self.label))
        return rows_to_table(type_, columns, rows)

    def columns(self, type_: NodeType | EdgeType) -> dict[str, str]:
        """The properties that the last push sent; others that a node has are not ours."""
        if self._columns is None:
            load = self.load()
            self._columns = json.loads(load["columns"]) if load else {}
        declared = {p.name: str(p.type) for p in type_.properties}
        return declared | self._columns.get(type_.name, {})

    def label(self, type_name: str) -> str:
        """The label by which this store knows its own nodes of a type."""
        return own_label(type_name)

    def counts(self) -> dict[str, int]:
        """The number of own nodes and edges by type, from the server's statistics."""
        counts = {t.name: int(self.read(count_nodes(t))[0][0]) for t in NODE_TYPES}
        return counts | {t.name: int(self.read(count_edges(t))[0][0]) for t in EDGE_TYPES}

    def load(self) -> dict[str, Any] | None:
        """What the last push that was finished noted; None if there was none."""
        rows = self.read(f"MATCH (l:{LOAD_LABEL}) RETURN properties(l)")
        return dict(rows[0][0]) if rows else None

    def describe(self) -> Description:
        """Counts, releases, digest and the last push."""
        counts, load = self.counts(), self.load()
        if load is None:
            raise StoreError(
                f"{self.uri}: no graph of graphcache's is there: 'graphcache push' puts one"
            )
        releases = self.query(
            "MATCH (:GraphCacheSpec)-[:IN_RELEASE]->(r:GraphCacheRelease) "
            "RETURN r.name, count(*) ORDER BY r.name"
        )
        return Description(
            {type_.name: counts[type_.name] for type_ in NODE_TYPES},
            {type_.name: counts[type_.name] for type_ in EDGE_TYPES},
            load["digest"],
            dict(releases.rows),
            [Load(**{name: load[name] for name in Load.__dataclass_fields__})],
        )

    def close(self) -> None:
        """Close the connections."""
        self.driver.close()


def check_uri(uri: str) -> None:
    """Refuse a URI of another scheme, or one with a password in it (which is not repeated)."""
    match = _URI.fullmatch(uri)
    if match is None or match.group(1).lower() not in SCHEMES:
        scheme = match.group(1) if match else uri
        raise UsageError(
            f"expected a URI of {', '.join(SCHEMES)}, found {scheme!r}: "
            f"for example neo4j://localhost:7687"
        )
    if "@" in match.group(2):
        raise UsageError(
            "expected a URI without user or password: set NEO4J_USERNAME and NEO4J_PASSWORD"
        )


def plain(value: Any) -> Any:
    """A value as any store gives it."""
    if isinstance(value, neo4j.graph.Node):
        label = next((name for name in value.labels if not name.startswith("GraphCache")), "")
        return {"_LABEL": label} | _properties(value)
    if isinstance(value, neo4j.graph.Relationship):
        return {"_LABEL": value.type} | _properties(value)
    if isinstance(value, neo4j.graph.Path):
        return {
            "_NODES": [plain(node) for node in value.nodes],
            "_RELS": [plain(edge) for edge in value.relationships],
        }
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.to_native() if hasattr(value, "to_native") else value


def _properties(entity: neo4j.graph.Entity) -> dict[str, Any]:
    return {name: plain(value) for name, value in entity.items() if name not in HIDDEN}


@contextmanager
def server_errors(
    uri: str, database: str | None, *, timeout: float | None = None
) -> Iterator[None]:
    """The driver's errors in our words; never with a password in them."""
    try:
        yield
    except failures.AuthError:
        raise StoreError(
            f"{uri}: the server refused the user name or password: check NEO4J_USERNAME and "
            f"NEO4J_PASSWORD"
        ) from None
    except (failures.ServiceUnavailable, failures.SessionExpired) as error:
        raise StoreError(f"{uri}: {_no_connection(str(error))}") from error
    except failures.Neo4jError as error:
        raise _server_refusal(uri, database, error, timeout) from error
    except failures.DriverError as error:
        raise StoreError(f"{uri}: {error}") from error


def _no_connection(text: str) -> str:
    if "certificate" in text.lower():
        return (
            "its TLS certificate is not signed by an authority that this machine trusts: if it is "
            "self-signed and you trust the network, use neo4j+ssc://"
        )
    if "routing" in text.lower():
        return f"no server for this database answers: try bolt:// in place of neo4j:// ({text})"
    return (
        f"no server answers there: is it started, and the port right? --wait SECONDS gives it "
        f"time ({text})"
    )


def _server_refusal(
    uri: str, database: str | None, error: failures.Neo4jError, timeout: float | None
) -> StoreError | QueryError:
    code, text = error.code or "", (error.message or "").strip()
    if "DatabaseNotFound" in code:
        return StoreError(f"{uri}: no database {database!r}: name another by --database")
    if "AccessMode" in code or "read access mode" in text.lower():
        return QueryError("a query only reads, this one writes: nothing was changed")
    if "Forbidden" in code:
        return StoreError(f"{uri}: the user may not do this: it needs rights to write ({text})")
    if "TransactionTimedOut" in code or "Terminated" in code:
        limit = f"longer than {timeout:g} seconds" if timeout else "too long"
        return QueryError(f"it took {limit}: narrow it, or raise --timeout")
    if code.startswith("Neo.ClientError.Statement"):
        return QueryError(text)
    return StoreError(f"{uri}: the server failed: {text} ({code})")
