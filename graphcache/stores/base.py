"""What every store can do, and what it answers with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from graphcache.answers import Answer, Selection
from graphcache.errors import GraphcacheError
from graphcache.schema import EdgeType, NodeType, quote
from graphcache.stores.neighbourhood import neighbourhood
from graphcache.tables import Tables
from graphcache.tables.columns import arrow_schema
from graphcache.words import counted

if TYPE_CHECKING:
    import networkx as nx

HELD_FILES = pa.schema(
    [
        ("digest", pa.string()),
        ("file", pa.string()),
        ("kind", pa.string()),
        ("release", pa.string()),
        ("name", pa.string()),
        ("place", pa.string()),
    ]
)
"""The files a store was made from, without those that had rejects: by digest, with what they claim
(kind, release and name); of an environment's lock file also a digest of its whole path."""

_PATIENCE = 2.0
"""Seconds that a store may take to say what is in it, for who only looks at it."""
MAX_WARNINGS = 1_000
MAX_REJECTS = 1_000


@dataclass(frozen=True, slots=True)
class Load:
    """What brought a graph into a store: a build, an update, a fetch, or a push to a server."""

    time: str
    """ISO 8601 with the offset from UTC."""
    command: str
    """`build`, `update`, `fetch` or `push`."""
    version: str
    """Of graphcache."""
    sources: list[str]
    """Paths and addresses, as they were given. Of a fetch the addresses of the indexes, of a push
    what the store that was pushed was last made from; so are the counts below."""
    files: int
    unchanged: int
    records: int
    rejects: int
    digest: str
    """Of the tables after the load."""
    warnings: list[str] = field(default_factory=list)
    """What was warned of, at most `MAX_WARNINGS` lines."""
    rejected: list[str] = field(default_factory=list)
    """The places that were rejected, each with why, at most `MAX_REJECTS` of the `rejects`."""

    @staticmethod
    def now() -> str:
        """The time, as a load records it."""
        return datetime.now().astimezone().isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Description:
    """What is in a store: counts by type, specs by release, the digest, and its loads."""

    nodes: dict[str, int]
    edges: dict[str, int]
    digest: str
    releases: dict[str, int]
    loads: list[Load]


class Store(ABC):
    """A graph that answers Cypher. It is a context manager that closes itself."""

    @abstractmethod
    def query(
        self,
        cypher: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Run one reading statement: at most `limit` rows, in at most `timeout` seconds.

        Raises:
            QueryError: the statement is wrong, writes, or takes too long.
            UsageError: the timeout is no number above 0.
        """

    @abstractmethod
    def describe(self) -> Description:
        """Counts, releases, digest and loads."""

    @abstractmethod
    def table(self, type_: NodeType | EdgeType, only: Collection[str] | None = None) -> pa.Table:
        """All nodes or edges of a type, sorted by key; `only` names the properties to read.

        The key, or the ends of an edge, are always read; a property that is not is null.
        """

    @abstractmethod
    def columns(self, type_: NodeType | EdgeType) -> dict[str, str]:
        """The properties that a type has in this store, with their types."""

    @abstractmethod
    def label(self, type_name: str) -> str:
        """The label by which this store knows its own nodes of a type."""

    def foreign(self, statement: str | None = None) -> str | None:
        """A warning where an answer may hold nodes that are not the graph's; else None.

        On a server, other data may have labels of the graph. With a statement, only those that it
        asks by count. An embedded store holds nothing else.
        """
        return None

    @abstractmethod
    def close(self) -> None:
        """Release the store."""

    def part(self, wanted: Selection) -> Tables:
        """The types and properties that are wanted, which is quicker than the whole graph.

        Tables of other types are empty, other properties null.
        """
        return Tables.of(
            lambda type_: (
                self.table(type_, wanted[type_.name])
                if type_.name in wanted
                else arrow_schema(type_).empty_table()
            )
        )

    def tables(self, *, around: str | None = None, hops: int = 2) -> Tables:
        """The whole graph; with `around`, what is at most so many edges away from that package.

        Raises:
            UsageError: there is no such package.
        """
        if around is not None:
            return neighbourhood(self, around, hops)
        return Tables.of(self.table)

    def to_networkx(
        self, *, around: str | None = None, hops: int = 2
    ) -> nx.MultiDiGraph[tuple[str, str]]:
        """The same as `tables`, for networkx; `Tables.to_networkx` says in which form."""
        return self.tables(around=around, hops=hops).to_networkx()

    @property
    @abstractmethod
    def location(self) -> str:
        """Where it is: a path, or the URI of a server."""

    def __repr__(self) -> str:
        """Where it is and what is in it, as far as it can be asked: it may be closed, or away."""
        try:
            counts = [self._count(name) for name in ("Spec", "Package", "Stack", "Release")]
        except GraphcacheError:
            return f"<Store {self.location}: not open>"
        specs, *others = counts
        return f"<Store {self.location}: {specs} of {', '.join(others)}>"

    def _count(self, type_name: str) -> str:
        label = quote(self.label(type_name))
        counted_ = self.query(f"MATCH (n:{label}) RETURN count(*)", timeout=_PATIENCE).rows[0][0]
        return counted(counted_, type_name.lower())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
