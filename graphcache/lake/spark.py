"""Apache Spark: the join on a cluster, a shard of the specs in each task.

Spark deals out and brings together; what a task does is the code of one machine. The driver keeps
the list of a lake; workers read and write its files, so it lies where all of them reach it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.errors import LakeError
from graphcache.lake.addresses import Sent
from graphcache.lake.engines import claimed, write_names
from graphcache.lake.facts import FACTS, read_kind
from graphcache.lake.lake import Lake
from graphcache.lake.listing import Files, PartFile
from graphcache.lake.places import Place, check_sizes, read_part
from graphcache.lake.sessions import Where, spark_context
from graphcache.lake.shards import (
    KEYS,
    TYPES,
    WANTS,
    Common,
    Found,
    Kinds,
    Shards,
    Wanted,
    join_shard,
)
from graphcache.lake.tables import slices, write_table
from graphcache.records import Claim, Report

_SHARE = 8 * 2**20
"""Bytes of Parquet, which is packed, of which one task takes the rows."""

Share = list[tuple[str, PartFile]]
"""Files of facts, with their kinds."""
Piece = tuple[int, tuple[str, bytes]]
"""Rows on their way to a task: the number of its shard, their kind, and they as Arrow's stream."""


def join_on_spark(lake: Lake, id_: str, where: Where, report: Report) -> Files:
    """Have workers join all facts of a lake, and write the tables.

    Raises:
        LakeError: there is no Spark, what runs on it fails, a file is lost or damaged, or the lake
            is not where workers reach it.
    """
    place = lake.place
    files = [(kind, file) for kind in KEYS for file in lake.listing.facts(kind)]
    check_sizes(place, [file for _, file in files])
    found, written = Found(), Files((type_.name, []) for type_ in TYPES)
    with spark_context(place.shown, where) as context:
        for of_shard in _join(context, place, id_, files, claimed(lake)):
            found.add(of_shard.found)
            for name, of_type in of_shard.files.items():
                check_shared(place, of_type)
                written[name] += of_type
    for text in sorted(found.warnings) + found.differences.texts():
        report.warn(text)
    for type_ in TYPES:  # a table has a file at least
        written[type_.name] = written[type_.name] or write_table(place, id_, type_, ())
    names = {name: pa.array(sorted(texts), pa.string()) for name, texts in found.named.items()}
    return written | write_names(place, id_, names)


def _join(
    context: Any, place: Place, id_: str, files: Share, claims: list[Claim]
) -> list[_Written]:
    """What each task wrote, in the order of the shards."""
    processors = context.defaultParallelism
    shards = Shards.of(max(sum(file.bytes for _, file in files) // _SHARE, processors))
    dealt = deal(files, processors)
    shares = context.parallelize(dealt, max(len(dealt), 1))
    sent = Sent.of(place)
    read = _Reader(sent)
    wanted = Wanted.of_all(shares.map(read.wanted).collect())
    common = Common.of_all(wanted, shares.map(partial(read.common, wanted)).collect())
    pieces = shares.flatMap(partial(read.pieces, shards))
    write = _Writer(sent, id_, shards, common, claims)
    written: list[_Written] = (
        pieces.partitionBy(len(shards), int).mapPartitionsWithIndex(write).collect()
    )
    return written


def deal(files: Share, processors: int) -> list[Share]:
    """The files in shares of about as many bytes, one for each processor or more."""
    size = sum(file.bytes for _, file in files)
    most = min(_SHARE, size // processors + 1)
    dealt: list[Share] = []
    room = -1
    for kind, file in files:
        room -= file.bytes
        if room < 0:
            dealt.append([])
            room = most - file.bytes
        dealt[-1].append((kind, file))
    return dealt


@dataclass(frozen=True)
class _Reader:
    """Reads a share of the facts, on whatever machine."""

    place: Sent

    def wanted(self, share: Share) -> Wanted:
        """What these facts want to know of others."""
        place = self.place.place()
        facts = {}
        for kind, columns in WANTS.items():
            empty = FACTS[kind].empty_table().select(columns)
            parts = [read_part(place, file, columns) for of, file in share if of == kind]
            facts[kind] = pa.concat_tables([empty, *(part.select(columns) for part in parts)])
        return Wanted.by(facts)

    def common(self, wanted: Wanted, share: Share) -> Kinds:
        """Those of these facts that are wanted."""
        return wanted.among(self._facts(share, WANTS))

    def pieces(self, shards: Shards, share: Share) -> Iterator[Piece]:
        """These facts in pieces, for the tasks that join them."""
        for kind, facts in self._facts(share, KEYS).items():
            for number, rows in shards.split(facts, KEYS[kind]):
                yield number, (kind, _packed(rows))

    def _facts(self, share: Share, kinds: Iterable[str]) -> Kinds:
        place = self.place.place()
        return {
            kind: read_kind(place, kind, [file for of, file in share if of == kind])
            for kind in kinds
        }


@dataclass(frozen=True)
class _Written:
    """What a task did: the files that it wrote, and what it found besides."""

    files: Files
    found: Found


@dataclass(frozen=True)
class _Writer:
    """Joins a shard and writes its tables, on whatever machine."""

    place: Sent
    id: str
    shards: Shards
    common: Common
    claims: list[Claim]

    def __call__(self, number: int, pieces: Iterable[Piece]) -> Iterator[_Written]:
        """Do it."""
        found: dict[str, list[pa.Table]] = {kind: [] for kind in KEYS}
        for _, (kind, rows) in pieces:
            found[kind].append(pa.ipc.open_stream(rows).read_all())
        if not any(found.values()):
            return
        facts = {
            kind: pa.concat_tables([FACTS[kind].empty_table(), *tables])
            for kind, tables in found.items()
        }
        tables, noted = join_shard(facts, self.common, partial(self._is_own, number), self.claims)
        yield _Written(self._write(number, tables), noted)

    def _is_own(self, number: int, hashes: Any) -> Any:
        return pc.equal(self.shards.of_hashes(hashes), number)

    def _write(self, number: int, tables: dict[str, pa.Table]) -> Files:
        # What a task wrote that failed has a name of its own, and is not listed.
        place, name = self.place.place(), f"{self.id}-{number:05d}-{task()[1]}"
        return {
            type_.name: write_table(place, name, type_, slices(tables[type_.name]))
            for type_ in TYPES
            if tables[type_.name].num_rows
        }


def _packed(rows: pa.Table) -> bytes:
    buffer = pa.BufferOutputStream()
    with pa.ipc.new_stream(buffer, rows.schema) as stream:
        stream.write_table(rows)
    return bytes(buffer.getvalue())


def check_shared(place: Place, files: list[PartFile]) -> None:
    """See that what workers say that they wrote is here.

    Raises:
        LakeError: it is not, since this is another folder there.
    """
    try:
        check_sizes(place, files)
    except LakeError:
        raise LakeError(
            f"{place.shown}: what workers wrote there is not here: expected a folder that is the "
            f"same on all of their machines and on this one, such as on a shared file system"
        ) from None


def task() -> tuple[int, int]:
    """Which part of the rows the task has that calls this, and the number of its attempt."""
    from pyspark import TaskContext

    context = TaskContext.get()
    assert context is not None  # noqa: S101 - only tasks call this
    return context.partitionId(), context.taskAttemptId()
