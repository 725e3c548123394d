"""The server store: a graph that `graphcache push` put into Neo4j."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import neo4j
import pyarrow as pa
from neo4j import exceptions as failures

from graphcache.answers import Answer
from graphcache.errors import QueryError, StoreError, UsageError
from graphcache.remote.locations import shown
from graphcache.schema import EDGE_TYPES, NODE_TYPES, EdgeType, NodeType, edge_type
from graphcache.stores.base import Description, Store
from graphcache.stores.logs import log_statement
from graphcache.stores.neighbourhood import rows_to_table
from graphcache.stores.neo4j.constraints import own_label
from graphcache.stores.neo4j.errors import (
    check_uri,
    check_version,
    refuse_misspelt,
    server_errors,
)
from graphcache.stores.neo4j.foreign import (
    foreign_nodes,
    foreign_warning,
    labels_counted,
    named_in,
)
from graphcache.stores.neo4j.note import PushNote
from graphcache.stores.neo4j.statements import (
    EDGE_DIGEST,
    LOAD_LABEL,
    NODE_DIGEST,
    Counted,
    all_counted,
    count_each,
    count_edges,
)
from graphcache.stores.statements import (
    check_parameters,
    check_reads,
    check_timeout,
    match_all,
    only_columns,
)

HIDDEN = frozenset({NODE_DIGEST, EDGE_DIGEST})
"""Properties that graphcache keeps on a node for itself."""

_LOG = logging.getLogger(__name__)

_FETCH = 10_000
_LONGEST = 10.0**9
"""Seconds; the driver counts milliseconds in 64 bits."""

# What the driver logs comes as an error of ours too; without this it would be printed besides.
logging.getLogger("neo4j").addHandler(logging.NullHandler())


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
            UsageError: there is no password, or what is said is not UTF-8.
        """
        password = password or os.environ.get("NEO4J_PASSWORD")
        if not password:
            raise UsageError("no password: set NEO4J_PASSWORD, or give one")
        username = os.environ.get("NEO4J_USERNAME", "neo4j")
        if not (_is_utf_8(password) and _is_utf_8(username)):
            raise UsageError("expected a user and a password in UTF-8: the server takes no others")
        return cls(username, password)


def _is_utf_8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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
                rest = deadline - time.monotonic()
                if not rest > 0:
                    raise
                time.sleep(min(0.5, rest))

    def _check_version(self) -> None:
        rows = self.read("CALL dbms.components() YIELD name, versions RETURN name, versions")
        version = next((str(found[0]) for name, found in rows if name == "Neo4j Kernel"), "")
        check_version(self.uri, version)
        database = self.database or "of the user"
        _LOG.debug("%s: Neo4j %s, database %s", shown(self.uri), version, database)

    def session(self, **config: Any) -> neo4j.Session:
        """A session on the store's database."""
        return self.driver.session(database=self.database, **config)

    def read(self, cypher: str, **parameters: Any) -> list[list[Any]]:
        """All rows of a statement of ours."""
        with (
            server_errors(self.uri, self.database),
            self.session(default_access_mode=neo4j.READ_ACCESS, fetch_size=_FETCH) as session,
        ):
            start = time.monotonic()
            rows: list[list[Any]] = session.execute_read(
                lambda tx: [record.values() for record in tx.run(cypher, parameters)]
            )
        log_statement(_LOG, "answered", cypher, len(rows), start)
        return rows

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
            UsageError: the timeout is no number above 0.
        """
        check_reads(cypher)
        check_parameters(cypher, parameters or {})
        check_timeout(timeout)

        @neo4j.unit_of_work(timeout=timeout and min(timeout, _LONGEST))
        def work(tx: neo4j.ManagedTransaction) -> Answer:
            result = tx.run(cypher, dict(parameters or {}))
            found = list(result) if limit is None else result.fetch(limit + 1)
            columns = list(result.keys())
            refuse_misspelt(result.consume().gql_status_objects, cypher)
            rows = [tuple(plain(value) for value in record.values()) for record in found]
            return Answer(columns, rows[:limit], more=limit is not None and len(rows) > limit)

        with (
            server_errors(self.uri, self.database, timeout=timeout),
            self.session(
                default_access_mode=neo4j.READ_ACCESS, notifications_min_severity="WARNING"
            ) as session,
        ):
            start = time.monotonic()
            try:
                answer = session.execute_read(work)
            except (TypeError, ValueError, OverflowError) as error:
                raise QueryError(f"a parameter can't be sent: {error}") from error
        log_statement(_LOG, "answered", cypher, len(answer.rows), start)
        return answer

    def table(self, type_: NodeType | EdgeType, only: Collection[str] | None = None) -> pa.Table:
        """All own nodes or edges of a type, sorted by key; `only` names the properties to read."""
        columns = only_columns(type_, self.columns(type_), only)
        rows = self.read(match_all(type_, list(columns), self.label))
        return rows_to_table(type_, columns, rows)

    def columns(self, type_: NodeType | EdgeType) -> dict[str, str]:
        """The properties that the last push sent; others that a node has are not ours."""
        if self._columns is None:
            self._columns = self.note().columns
        declared = {p.name: str(p.type) for p in type_.properties}
        return declared | self._columns.get(type_.name, {})

    def forget_columns(self) -> None:
        """Have `columns` look again: a push may change them."""
        self._columns = None

    def label(self, type_name: str) -> str:
        """The label by which this store knows its own nodes of a type."""
        return own_label(type_name)

    def foreign(self, statement: str | None = None) -> str | None:
        """A warning where nodes that graphcache did not push have labels of the graph; else None.

        With a statement, only labels that it asks by count.
        """
        found = foreign_nodes(dict(self._statistics(labels_counted())))
        if statement is not None:
            found = named_in(statement, found)
        return foreign_warning(self.uri, found) if found else None

    def counts(self) -> dict[str, int]:
        """The number of own nodes and edges by type.

        Only edges of types that foreign nodes have too are gone through.
        """
        counts: dict[str, int] = {}
        foreign = set()
        for name, count in self._statistics(all_counted()):
            if counts.setdefault(name, count) != count:
                foreign.add(name)
        return counts | {n: int(self.read(count_edges(edge_type(n)))[0][0]) for n in foreign}

    def _statistics(self, counted: Sequence[Counted]) -> Iterator[tuple[str, int]]:
        [counts] = self.read(count_each(counted))
        return zip((name for name, _ in counted), counts, strict=True)

    def note(self) -> PushNote:
        """What pushes have noted; an empty note if there was none."""
        rows = self.read(f"MATCH (l:{LOAD_LABEL}) RETURN properties(l)")
        return PushNote.from_properties(rows[0][0] if rows else {})

    def describe(self) -> Description:
        """Counts, releases, digest and the last push."""
        counts, load = self.counts(), self.note().load
        if load is None:
            raise StoreError(
                f"{self.uri}: no graph of graphcache's is there, or not all of it: "
                f"'graphcache push' puts one"
            )
        releases = self.query(
            "MATCH (:GraphCacheSpec)-[:IN_RELEASE]->(r:GraphCacheRelease) "
            "RETURN r.name, count(*) ORDER BY r.name"
        )
        return Description(
            {type_.name: counts[type_.name] for type_ in NODE_TYPES},
            {type_.name: counts[type_.name] for type_ in EDGE_TYPES},
            load.digest,
            dict(releases.rows),
            [load],
        )

    @property
    def location(self) -> str:
        """The URI of the server, which has no password in it."""
        return self.uri

    def close(self) -> None:
        """Close the connections."""
        self.driver.close()


def plain(value: Any) -> Any:
    """A value as any store gives it."""
    match value:
        case neo4j.graph.Node():
            return {"_LABEL": _label(value.labels)} | _properties(value)
        case neo4j.graph.Relationship():
            return {"_LABEL": value.type} | _properties(value)
        case neo4j.graph.Path(nodes=nodes, relationships=edges):
            return {"_NODES": plain(list(nodes)), "_RELS": plain(list(edges))}
        case list():
            return [plain(item) for item in value]
        case dict():
            return {key: plain(item) for key, item in value.items()}
    return _plain_time(value)


def _plain_time(value: Any) -> Any:
    """Python's own for one of Neo4j's dates, times and spans; a span with months has none."""
    if isinstance(value, neo4j.time.Duration):
        if value.months:
            return value.iso_format()
        return timedelta(value.days, value.seconds, value.nanoseconds // 1000)
    return value.to_native() if hasattr(value, "to_native") else value


def _label(labels: Set[str]) -> str:
    """A node's type, if it is one of ours; of any other node a label."""
    own = (type_.name for type_ in NODE_TYPES if own_label(type_.name) in labels)
    return next(own, min(labels, default=""))


def _properties(entity: neo4j.graph.Entity) -> dict[str, Any]:
    return {name: plain(value) for name, value in entity.items() if name not in HIDDEN}
