"""What every store can do, and what it answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self

import pyarrow as pa

from graphcache.tables import Tables

HELD_FILES = pa.schema(
    [
        ("digest", pa.string()),
        ("file", pa.string()),
        ("release", pa.string()),
        ("package", pa.string()),
    ]
)
"""The files a store was made from, without those that had rejects."""


@dataclass(frozen=True, slots=True)
class Load:
    """One build or update of a store."""

    time: str
    """ISO 8601 with the offset from UTC."""
    command: str
    """`build` or `update`."""
    version: str
    """Of graphcache."""
    sources: list[str]
    files: int
    unchanged: int
    records: int
    rejects: int
    digest: str
    """Of the tables after the load."""

    @staticmethod
    def now() -> str:
        """The time, as a load records it."""
        return datetime.now().astimezone().isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave: column names, and a row a result."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    more: bool = False
    """True where the limit cut rows off."""


@dataclass(frozen=True, slots=True)
class Description:
    """What is in a store: counts by type, specs by release, the digest, and its loads."""

    nodes: dict[str, int]
    edges: dict[str, int]
    digest: str
    releases: dict[str, int]
    loads: list[Load]


class Store(Protocol):
    """A graph that answers Cypher. It is a context manager that closes itself."""

    def query(
        self,
        cypher: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Run one reading statement: at most `limit` rows, in at most `timeout` seconds."""

    def tables(self) -> Tables:
        """The whole graph."""

    def describe(self) -> Description:
        """Counts, releases, digest and loads."""

    def close(self) -> None:
        """Release the store."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
