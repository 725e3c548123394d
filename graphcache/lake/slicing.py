"""A slice of a lake as a store: all of it, of one release, or of one stack in one release."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.errors import no_such
from graphcache.lake.facts import read_facts, read_kind
from graphcache.lake.lake import Lake
from graphcache.lake.listing import Add, Partition, files_of
from graphcache.records import Report
from graphcache.stores.base import HELD_FILES, MAX_WARNINGS, Load
from graphcache.stores.embedded.places import store_lock
from graphcache.stores.embedded.write import write_store
from graphcache.tables import Tables
from graphcache.tables.columns import flat, semi_join
from graphcache.tables.facts import Facts
from graphcache.tables.join import join
from graphcache.tables.said import are_by_pages, parts_of
from graphcache.tables.update import said_of
from graphcache.version import __version__


@dataclass(frozen=True, slots=True)
class Sliced:
    """What became of a slice."""

    tables: Tables
    report: Report
    adds: list[Add]
    """What its facts were read by."""


def build_slice(
    store: str | os.PathLike[str],
    lake: str | os.PathLike[str],
    release: str | None = None,
    stack: str | None = None,
) -> Sliced:
    """Put a store of a part of a lake at `store`, in the place of one that is there.

    Of a release it is the store that `graphcache.build_store` makes of the files that were added.
    Of a stack it has the specs that are in it, with all that these need in the same release.

    Raises:
        UsageError: the lake has no such release or stack.
        LakeError: there is no lake, or a file of it is lost or damaged.
        StoreError: the store can't be written; nothing was changed.
    """
    opened = Lake.open(lake)
    partitions = partitions_of(opened, release)
    with store_lock(Path(store)) as path:
        facts = read_facts(opened.place, partitions)
        if stack is not None:
            facts = only_stack(facts, stack)
        held = HELD_FILES.empty_table() if stack is not None else _held(opened, partitions)
        report = Report()
        tables = join(facts, report)
        said = said_of(facts, tables)
        names = {partition.add for partition in partitions}
        adds = [add for add in opened.listing.adds.values() if add.id in names]
        load = _load(opened, adds, facts, tables, report)
        del facts
        write_store(path, tables, [load], held, said)
    return Sliced(tables, report, adds)


def partitions_of(lake: Lake, release: str | None) -> list[Partition]:
    """The partitions of a release, or all.

    Raises:
        UsageError: the lake has no such release.
    """
    if release is None:
        return lake.listing.partitions
    found = [one for one in lake.listing.partitions if one.release == release]
    if not found:
        raise no_such("release", release, lake.listing.releases(), "the lake")
    return found


def only_stack(facts: Facts, stack: str) -> Facts:
    """What is said of the specs in a stack, and of all that they need.

    Raises:
        UsageError: nothing is said of that stack.
    """
    said = facts.said
    *_, name = parts_of(said["claim"])
    of_stack = pc.and_not(pc.equal(name, stack), are_by_pages(said["claim"]))
    chosen = pc.or_(pc.fill_null(pc.equal(said["stack"], stack), False), of_stack)
    hashes = flat(facts.specs["hash"])
    members = pc.unique(hashes.take(flat(said["row"].filter(chosen))))
    if not len(members):
        known = pc.unique(said["stack"].drop_null()).to_pylist()
        raise no_such("stack", stack, sorted(known), "that part of the lake")
    wanted = _with_needs(members, facts)
    kept = pc.is_in(hashes, wanted)
    place = pc.subtract(pc.cumulative_sum(kept.cast(pa.int64())), 1)
    mine = said.filter(chosen)
    mine = mine.set_column(0, "row", place.take(flat(mine["row"])))
    needs = semi_join(facts.depends_on, facts.depends_on["from"], wanted)
    return Facts(facts.specs.filter(kept), mine, needs)


def _with_needs(members: Any, facts: Facts) -> Any:
    """The specs, and what they need, be it through others."""
    spliced = facts.specs.filter(pc.is_valid(facts.specs["spliced_from"]))
    starts = pa.concat_arrays([flat(facts.depends_on["from"]), flat(spliced["hash"])])
    ends = pa.concat_arrays([flat(facts.depends_on["to"]), flat(spliced["spliced_from"])])
    found, count = members, -1
    while len(found) != count:
        count = len(found)
        reached = ends.filter(pc.is_in(starts, found))
        found = pc.unique(pa.concat_arrays([found, reached]))
    return found


def _held(lake: Lake, partitions: list[Partition]) -> pa.Table:
    """The files that were read whole, as a store knows them; each once."""
    rows = read_kind(lake.place, "file", files_of(partitions, "file"))
    rows = rows.filter(pc.and_(rows["complete"], pc.is_valid(rows["digest"])))
    rows = rows.group_by("digest", use_threads=False).aggregate(
        [(name, "min") for name in ("file", "claim", "place")]
    )
    columns = [rows["digest"], rows["file_min"], *parts_of(rows["claim_min"]), rows["place_min"]]
    return pa.table(columns, schema=HELD_FILES)


def _load(lake: Lake, adds: list[Add], facts: Facts, tables: Tables, report: Report) -> Load:
    return Load(
        time=Load.now(),
        command="build",
        version=__version__,
        sources=[lake.place.shown],
        files=sum(add.files for add in adds),
        unchanged=0,
        records=facts.specs.num_rows - facts.specs["version"].null_count,
        rejects=sum(add.rejected for add in adds),
        digest=tables.digest(),
        warnings=list(report.warnings)[:MAX_WARNINGS],
    )
