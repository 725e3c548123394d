"""Adding: from paths to facts in a lake, in the place of what the same labels had put there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from os import PathLike

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.errors import UsageError
from graphcache.lake import MEMORY, EngineName, bytes_of
from graphcache.lake.addresses import place_at
from graphcache.lake.facts import folder_of, read_kind
from graphcache.lake.lake import Lake
from graphcache.lake.listing import Add, Listing, PartFile, Partition, files_of
from graphcache.lake.places import write_part
from graphcache.lake.sessions import Where
from graphcache.lake.spreading import gather_on_spark
from graphcache.lake.writing import FactsWriter
from graphcache.records import Labels, Reject, Report
from graphcache.remote.locations import shown
from graphcache.sources.addresses import Remote
from graphcache.sources.gather import gather, labelled
from graphcache.spack.variants import PATCHES
from graphcache.stores.base import Load
from graphcache.version import __version__

OnReject = Callable[[Reject], None]


@dataclass(frozen=True, slots=True)
class Added:
    """What an `add` came to."""

    report: Report
    releases: list[str | None]
    """What was read, sorted; None for what names no release."""
    replaced: list[str | None]
    """Of which of them something was there."""


def add(
    lake: str | PathLike[str],
    *paths: str | PathLike[str],
    release: str | None = None,
    stack: str | None = None,
    remote: Remote | None = None,
    on_file: Callable[[int], None] | None = None,
    on_reject: OnReject | None = None,
    engine: EngineName = "auto",
    master: str | None = None,
    memory: str = MEMORY,
) -> Added:
    """Read the paths into a lake: of each release, in the place of what was there.

    What was added under another stack stays: of each release, what is read with the same `stack`,
    or with none, is one partition. The arguments are those of `graphcache.build_store`, and for
    Spark, whose workers then read the files, those of `join_lake`.

    Raises:
        InputError: there was nothing to read; nothing was changed.
        LakeError: the lake can't be written, or is none, or Spark fails; nothing was changed.
        UsageError: a release can't be the name of a folder, or an engine other than Spark is asked
            for; nothing was changed.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     add(f"{folder}/lake", "examples/pages").report.kept
    216
    """
    folder_of("spec", release)  # or an error, before anything is read
    on_spark = _is_on_spark(engine, master)
    place = place_at(lake)
    with place.lock():
        opened = Lake.open_or_new(lake)
        writer = FactsWriter(place, opened.new_id())

        def take(reject: Reject) -> None:
            writer.take_reject(reject)
            if on_reject is not None:
                on_reject(reject)

        with opened.writing():
            labels, given = Labels(release, stack), [os.fspath(path) for path in paths]
            if on_spark:
                report, where = Report(on_reject=take), Where(master, bytes_of(memory))
                reading = gather_on_spark(given, labels, writer, report, where)
            else:
                reading = gather(
                    labelled(given, labels),
                    remote=remote,
                    on_file=on_file,
                    on_reject=take,
                    on_facts=writer.take,
                )
            writer.flush()
            writer.name_environments(reading.names)
            writer.write_claims(reading)
            writer.write_notes(reading.report)
            sources = [shown(path) for path in given]
            return commit_facts(opened, writer, reading.report, sources, stack)


def _is_on_spark(engine: EngineName, master: str | None) -> bool:
    if engine not in ("auto", "spark"):
        raise UsageError(f"engine {engine!r}: it joins, and reads nothing; expected spark, or auto")
    return engine == "spark" or master is not None


def commit_facts(
    lake: Lake, writer: FactsWriter, report: Report, sources: list[str], stack: str | None
) -> Added:
    """Make what was written a part of the lake."""
    listing = lake.listing
    new = [Partition(release, stack, writer.id, files) for release, files in writer.files.items()]
    keys = {partition.key for partition in new}
    old = [partition for partition in listing.partitions if partition.key in keys]
    kept = [partition for partition in listing.partitions if partition.key not in keys]
    used = {partition.add for partition in kept}
    adds = {name: one for name, one in listing.adds.items() if name in used}
    adds[writer.id] = Add(
        writer.id,
        Load.now(),
        __version__,
        sources,
        files=report.files,
        records=report.records,
        rejected=report.rejected,
        rejected_records=report.rejected_records,
        warnings=len(report.warnings),
        skipped=len(report.skipped),
        notes=writer.notes,
    )
    partitions = sorted([*kept, *new], key=lambda p: (p.release or "", p.stack or "", p.add))
    replaced = [*listing.replaced, *_hashes_of_joined(lake, old, writer.id)]
    lake.commit(Listing(adds=adds, partitions=partitions, joined=listing.joined, replaced=replaced))
    return Added(report, _sorted(writer.files), _sorted(p.release for p in old))


def _sorted(releases: Iterable[str | None]) -> list[str | None]:
    return sorted(set(releases), key=lambda release: (release is not None, release or ""))


def _hashes_of_joined(lake: Lake, old: list[Partition], add_id: str) -> list[PartFile]:
    """The hashes of what goes, where tables were joined of it: they are to be joined anew."""
    joined = lake.listing.joined
    known = set(joined.partitions) if joined else set()
    files = files_of((one for one in old if (*one.key, one.add) in known), "spec")
    if not files:
        return []
    specs = read_kind(lake.place, "spec", files)
    return [write_part(lake.place, f"tables/replaced/{add_id}.parquet", hashes_of(specs))]


def hashes_of(specs: pa.Table) -> pa.Table:
    """The hashes of facts, and where a spec is patched, its package.

    What is known of a patch is told to all specs of a package.
    """
    patched = pc.fill_null(pc.match_substring(specs["variants"], PATCHES), False)
    name = pc.if_else(patched, specs["name"], pa.scalar(None, pa.string()))
    rows = pa.table({"hash": specs["hash"], "patched": name})
    return rows.group_by(["hash", "patched"], use_threads=False).aggregate([])
