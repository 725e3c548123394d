"""From paths to a store, and from a store to a server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from graphcache import __version__
from graphcache.errors import UsageError
from graphcache.ingest import HeldFile, Reading, Source, gather, labelled
from graphcache.joining import join
from graphcache.records import Labels, Report
from graphcache.remote.locations import shown
from graphcache.sources.remote import Remote
from graphcache.stores.base import HELD_FILES, MAX_WARNINGS, Load, Store
from graphcache.stores.embedded import EmbeddedStore, write_store
from graphcache.stores.places import store_lock
from graphcache.tables import Tables
from graphcache.updating import update

if TYPE_CHECKING:
    from graphcache.stores.push import PushReport

OnFile = Callable[[int], None]


def build_store(
    store: str | PathLike[str],
    *paths: str | PathLike[str],
    release: str | None = None,
    stack: str | None = None,
    remote: Remote | None = None,
    on_file: OnFile | None = None,
) -> Report:
    """Read the paths and put a store of their graph at `store`, in the place of one that is there.

    Args:
        store: the store's file.
        *paths: files, folders, archives (.tar, .tar.gz, .zip), addresses of mirrors and files, or
            `-` for standard input.
        release: the release to put all records under, whatever the pages say.
        stack: the stack to put the specs of indexes, lock files and spec files under.
        remote: how what lies elsewhere is brought here, and where it is kept.
        on_file: called with the number of files looked at, after each.

    Raises:
        InputError: there was no page to read; nothing was changed.
        StoreError: the store can't be written; nothing was changed.
    """
    sources = labelled(paths, Labels(release, stack))
    return build_from(store, sources, remote=remote, on_file=on_file)


def build_from(
    store: str | PathLike[str],
    sources: list[Source],
    *,
    command: str = "build",
    remote: Remote | None = None,
    on_file: OnFile | None = None,
) -> Report:
    """Do what `build_store` does, with labels of its own for each source."""
    path = Path(store)
    with store_lock(path):
        reading = gather(sources, remote=remote, on_file=on_file)
        tables = join(reading.facts, reading.report)
        load = _load(command, sources, reading, tables)
        write_store(path, tables, [load], _held_table(reading.files))
    return reading.report


def update_store(
    store: str | PathLike[str],
    *paths: str | PathLike[str],
    release: str | None = None,
    stack: str | None = None,
    remote: Remote | None = None,
    on_file: OnFile | None = None,
) -> Report:
    """Bring newer pages into the store at `store`; the arguments are those of `build_store`.

    A page replaces what its release and package held before. A file that the store has already
    is not parsed again. A page with rejects adds what it has and removes nothing: that a spec is
    absent from it means nothing.

    Raises:
        InputError: there was no page to read; nothing was changed.
        StoreError: there is no such store, or it can't be written; nothing was changed.
    """
    sources = labelled(paths, Labels(release, stack))
    path = Path(store)
    with store_lock(path):
        with EmbeddedStore(path) as opened:
            old, held, loads = opened.tables(), _held_files(opened.held_files()), opened.loads()
        reading = gather(sources, held=held, remote=remote, on_file=on_file)
        if not reading.claimed:
            return reading.report  # nothing new: the store is left as it is
        for kind, in_release, name in sorted(reading.incomplete, key=str):
            if kind != "file":
                reading.report.warn(
                    f"{name} in {in_release or 'no release'}: read with rejects, so nothing that "
                    f"the store held of it was removed"
                )
        replaced = reading.claimed.keys() - reading.incomplete - reading.unchanged
        tables = update(old, reading.facts, replaced, reading.report)
        load = _load("update", sources, reading, tables)
        files = [
            *(f for f in held if f.claim not in replaced and f.claim not in reading.incomplete),
            *reading.files,
        ]
        write_store(path, tables, [*loads, load], _held_table(files))
    return reading.report


def push_store(
    store: str | PathLike[str],
    server: Store,
    *,
    prune: bool = False,
    full: bool = False,
    on_rows: Callable[[int], None] = lambda _: None,
) -> PushReport:
    """Put the graph of the store at `store` on a Neo4j server.

    That there is nothing to do is found out without reading the graph.

    Args:
        store: the store's file.
        server: where to: what `open_store` gives for the URI of a server.
        prune: also remove what the store does not have any more, of what graphcache put there.
        full: send everything, even what the server seems to have.
        on_rows: called with the number of rows sent so far.

    Raises:
        StoreError: the store can't be read, or the server can't be written.
        UsageError: `server` is no server, but a store in a file.
    """
    from graphcache.stores.neo4j import Neo4jStore
    from graphcache.stores.push import PushReport, is_pushed, push

    if not isinstance(server, Neo4jStore):
        raise UsageError("expected a store on a server to push to, found one in a file")
    with EmbeddedStore(Path(store)) as opened:
        described = opened.describe()
        counts = described.nodes | described.edges
        if not full and is_pushed(server, described.digest, counts, prune=prune):
            return PushReport(unchanged=True)
        tables = opened.tables()
    load = replace(
        described.loads[-1],
        time=Load.now(),
        command="push",
        version=__version__,
        digest=tables.digest(),
    )
    return push(tables, server, load, prune=prune, full=full, on_rows=on_rows)


def _load(command: str, sources: list[Source], reading: Reading, tables: Tables) -> Load:
    report = reading.report
    return Load(
        time=Load.now(),
        command=command,
        version=__version__,
        # A name that is not UTF-8 is kept as it is shown.
        sources=[shown(path).encode(errors="backslashreplace").decode() for path, _ in sources],
        files=report.files,
        unchanged=report.unchanged,
        records=report.kept,
        rejects=len(report.rejects),
        digest=tables.digest(),
        warnings=list(report.warnings)[:MAX_WARNINGS],
    )


def _held_table(files: list[HeldFile]) -> pa.Table:
    """The files as a table; a file given twice, under two names, stands in it once."""
    unique = {file.digest: file for file in reversed(files)}.values()
    columns = [
        [file.digest for file in unique],
        [file.file for file in unique],
        *([file.claim[part] for file in unique] for part in range(3)),
    ]
    return pa.table(columns, schema=HELD_FILES)


def _held_files(table: pa.Table) -> list[HeldFile]:
    rows = table.to_pylist()
    return [HeldFile(r["digest"], r["file"], (r["kind"], r["release"], r["name"])) for r in rows]
