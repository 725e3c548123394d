"""The list of what is in a lake: which files, of which release, joined to which tables.

A file that is not listed is not in the lake: it is what a process left that was killed, or one that
is being written. The list is one small JSON document, which is replaced in one step.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import chain

import msgspec
from msgspec import Struct, field

from graphcache.errors import LakeError
from graphcache.records import short
from graphcache.remote.buckets import Bucket, bucket_and_key, is_bucket
from graphcache.remote.locations import NotFetched

LIST = "graphcache-lake.json"
"""The name of the list, at the root of a lake."""
LAYOUT = 1
"""The number of this layout. What is written by another one is refused."""


class PartFile(Struct, frozen=True):
    """A Parquet file: its path below the root, rows, bytes, and the SHA-256 of these."""

    path: str
    rows: int
    bytes: int
    sha256: str


Files = dict[str, list[PartFile]]
"""Files by the kind of facts, or by the type of table."""


class Partition(Struct):
    """What one `add` read of one release. A later one with the same labels takes its place."""

    release: str | None
    """None for what names no release."""
    stack: str | None
    """What --stack said, if it was given."""
    add: str
    """Which `add` read it."""
    facts: Files = field(default_factory=dict)

    @property
    def key(self) -> tuple[str | None, str | None]:
        """By what a later one takes its place."""
        return self.release, self.stack


class Add(Struct):
    """What reading some paths came to."""

    id: str
    time: str
    version: str
    sources: list[str]
    files: int = 0
    records: int = 0
    rejected: int = 0
    rejected_records: int = 0
    warnings: int = 0
    skipped: int = 0
    notes: Files = field(default_factory=dict)
    """Rejects, warnings and what was skipped. They go when the last of its partitions does."""


class Joined(Struct):
    """Tables, and what they were joined of."""

    id: str
    time: str
    engine: str
    partitions: list[tuple[str | None, str | None, str]]
    """Release, stack and `add` of each."""
    tables: Files
    digest: str
    """As that of a store of the same content."""
    warnings: list[PartFile]


class Listing(Struct, forbid_unknown_fields=True):
    """All that is in a lake."""

    layout: int = LAYOUT
    generation: int = 0
    """How often it was changed: who writes without a lock sees by it that another one did."""
    adds: dict[str, Add] = field(default_factory=dict)
    partitions: list[Partition] = field(default_factory=list)
    joined: Joined | None = None
    replaced: list[PartFile] = field(default_factory=list)
    """Hashes of partitions that the tables were joined of, and that are gone."""

    def files(self) -> list[PartFile]:
        """Every file."""
        lists = [p.facts for p in self.partitions] + [a.notes for a in self.adds.values()]
        joined = self.joined
        if joined is not None:
            lists.append({**joined.tables, "warning": joined.warnings})
        return [*chain.from_iterable(chain(*(one.values() for one in lists))), *self.replaced]

    def facts(self, kind: str) -> list[PartFile]:
        """The files of one kind of facts."""
        return files_of(self.partitions, kind)

    def notes(self, kind: str) -> list[PartFile]:
        """The files of one kind of notes."""
        return [file for add in self.adds.values() for file in add.notes.get(kind, ())]

    def releases(self) -> list[str]:
        """The releases, sorted."""
        return sorted({p.release for p in self.partitions if p.release is not None})


def files_of(partitions: Iterable[Partition], kind: str) -> list[PartFile]:
    """The files of one kind of facts of some partitions."""
    return [file for partition in partitions for file in partition.facts.get(kind, ())]


def is_lake(path: str | os.PathLike[str]) -> bool:
    """Whether a lake is at a path of this machine, or at an address of a bucket that can be read.

    >>> is_lake("examples/pages")
    False
    """
    given = os.fspath(path)
    if not is_bucket(given):
        return os.path.isfile(os.path.join(given, LIST))
    try:
        name, key = bucket_and_key(given)
        Bucket(name).read_from(f"{key}/{LIST}".lstrip("/"), 0, 1)
    except (NotFetched, OSError):  # the reader of mirrors says what is the matter
        return False
    return True


def encode(listing: Listing) -> bytes:
    """The list as JSON.

    >>> decode(encode(Listing()), "x") == Listing()
    True
    """
    return msgspec.json.format(msgspec.json.encode(listing), indent=1) + b"\n"


class _Head(Struct):
    layout: int


def decode(data: bytes, place: str) -> Listing:
    """The list of a lake that messages call `place`.

    Raises:
        LakeError: it is damaged, or of another layout.
    """
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.layout == LAYOUT:
            return msgspec.json.decode(data, type=Listing)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise LakeError(
            f"{place}/{LIST}: damaged: {error}; 'graphcache lake add' into a new folder makes the "
            f"lake again"
        ) from None
    raise LakeError(
        f"{place}: a lake of layout {short(head.layout)}: this graphcache has layout {LAYOUT}; "
        f"'graphcache lake add' into a new folder makes it again"
    )
