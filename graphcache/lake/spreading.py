"""Adding on a cluster: what there is to read is dealt out, and workers write the facts of it.

Paths are opened by the workers, and written is a lake that all of them reach: so both lie on a file
system that is the same everywhere. The driver puts together what hangs on several files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import chdir, nullcontext
from dataclasses import dataclass

from graphcache.errors import InputError, UsageError
from graphcache.lake.addresses import Sent
from graphcache.lake.facts import read_kind
from graphcache.lake.listing import Files
from graphcache.lake.places import Place
from graphcache.lake.sessions import Where, spark_context
from graphcache.lake.spark import check_shared, task
from graphcache.lake.writing import FactsWriter, OfRelease
from graphcache.records import Labels, Reject, Report
from graphcache.sources.gather import check_labels, labelled, nothing_read
from graphcache.sources.inputs import Item, input_items
from graphcache.sources.reading import Reading
from graphcache.sources.shares import Share, put_together, read_share

_LARGEST, _SMALLEST = 64 * 2**20, 2**20
"""Bytes of files that one task reads, but for a single file that has more."""
_PER_PROCESSOR = 4
"""Tasks of each processor, so that none waits long for the last one."""


def gather_on_spark(
    paths: list[str], labels: Labels, writer: FactsWriter, report: Report, where: Where
) -> Reading:
    """Have workers read the paths and write the facts; what reading them came to.

    Raises:
        InputError: there was nothing to read.
        LakeError: there is no Spark, what runs on it fails, or the lake is not where workers reach
            it.
        UsageError: the release or the stack can't be a name, or standard input is to be read.
    """
    check_labels(labels)
    if "-" in paths:
        raise UsageError("- (standard input) is not to be had on a cluster: expected paths alone")
    place = writer.place
    items = list(input_items(paths, report, in_buckets=True))
    read = _Reader(Sent.of(place, paths), writer.id, labels, os.getcwd())
    done: list[_Done] = []
    if items:
        with spark_context(place.shown, where) as context:
            dealt = deal(items, context.defaultParallelism)
            done = context.parallelize(dealt, len(dealt)).map(read).collect()
    written = [one.files for one in done]
    for of_release in written:
        for files in of_release.values():
            for of_kind in files.values():
                check_shared(place, of_kind)
    writer.take_over(written, {path for one in done for path in one.unnamed})
    reading = Reading(report, on_facts=writer.take)
    rejects = [_rejects(place, one.rejects) for one in done]
    put_together([one.share for one in done], rejects, labels, reading)
    if not report.files:
        raise InputError(nothing_read(labelled(paths, labels), report), report)
    return reading


def deal(items: list[Item], processors: int) -> list[list[Item]]:
    """The items in their order, in shares of about as many bytes; a mirror is one of its own.

    >>> deal([Item("a"), Item("b"), Item("m", is_mirror=True), Item("c")], 2)
    ... # doctest: +NORMALIZE_WHITESPACE
    [[Item(path='a', is_mirror=False, asked_for=False),
      Item(path='b', is_mirror=False, asked_for=False)],
     [Item(path='m', is_mirror=True, asked_for=False)],
     [Item(path='c', is_mirror=False, asked_for=False)]]
    """
    sizes = [_size(item) for item in items]
    fair = sum(sizes) // (processors * _PER_PROCESSOR)
    most = max(_SMALLEST, min(fair, _LARGEST))
    dealt: list[list[Item]] = []
    room = -1
    for item, size in zip(items, sizes, strict=True):
        room -= size
        if room < 0 or item.is_mirror:
            dealt.append([])
            room = most - size
        dealt[-1].append(item)
        if item.is_mirror:
            room = -1
    return dealt


def _size(item: Item) -> int:
    """Bytes of a file; none where it can't be told, as of an address."""
    try:
        return 0 if item.is_mirror else os.stat(item.path).st_size
    except (OSError, ValueError):
        return 0


@dataclass
class _Done:
    """What a task did: its share, and the files that it wrote."""

    share: Share
    files: OfRelease
    rejects: Files
    unnamed: set[str]


@dataclass(frozen=True)
class _Reader:
    """Reads a share, on whatever machine, and writes its facts into the lake."""

    place: Sent
    id: str
    labels: Labels
    folder: str
    """Where relative paths begin."""

    def __call__(self, items: list[Item]) -> _Done:
        """Do it."""
        part, attempt = task()
        # What a task wrote that failed has a name of its own, and is not listed.
        writer = FactsWriter(self.place.place(), f"{self.id}-{part:05d}-{attempt}")
        report = Report(on_reject=writer.take_reject)
        with chdir(self.folder) if os.path.isdir(self.folder) else nullcontext():
            share = read_share(items, self.labels, report, writer.take)
        writer.flush()
        writer.flush_rejects()
        report.rejects, report.on_reject = [], None  # they are in files
        return _Done(share, writer.files, writer.notes, writer.unnamed)


def _rejects(place: Place, files: Files) -> Iterator[Reject]:
    for file in files.get("reject", ()):
        for row in read_kind(place, "reject", [file]).to_pylist():
            yield Reject(**row)
