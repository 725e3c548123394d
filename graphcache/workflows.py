"""The whole ways from paths or a manifest to a store: build, update, fetch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path

import pyarrow as pa
from msgspec import Struct

from graphcache.errors import InputError, no_such
from graphcache.records import Claim, HeldFile, Labels, Name, Reject, Report, one_line
from graphcache.remote.locations import NotFetched, is_url, local_path, shown
from graphcache.sources.addresses import MAX_MANIFEST, Remote
from graphcache.sources.documents import MAX_DOCUMENT, decode_whole
from graphcache.sources.gather import Source, gather, labelled
from graphcache.sources.names import Unreadable, check_name
from graphcache.sources.reading import Reading
from graphcache.stores.base import HELD_FILES, MAX_REJECTS, MAX_WARNINGS, Load
from graphcache.stores.embedded.places import store_lock
from graphcache.stores.embedded.store import EmbeddedStore
from graphcache.stores.embedded.write import write_store
from graphcache.tables import Tables
from graphcache.tables.join import join
from graphcache.tables.said import holds_no_root, lock_claims
from graphcache.tables.update import said_of, update
from graphcache.version import __version__

OnFile = Callable[[int], None]
OnReject = Callable[[Reject], None]

JOBS = 8
"""Downloads at once, if nothing else is said."""

_PLACE = "the manifest"


class _Index(Struct):
    label: Name
    url: Name


def build_store(
    store: str | PathLike[str],
    *paths: str | PathLike[str],
    release: str | None = None,
    stack: str | None = None,
    remote: Remote | None = None,
    on_file: OnFile | None = None,
    on_reject: OnReject | None = None,
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
        on_reject: called with each file and record that is not read; a report keeps the first.

    Raises:
        InputError: there was no page to read; nothing was changed.
        StoreError: the store can't be written; nothing was changed.
    """
    sources = labelled(paths, Labels(release, stack))
    return build_from(store, sources, remote=remote, on_file=on_file, on_reject=on_reject)


def build_from(
    store: str | PathLike[str],
    sources: list[Source],
    *,
    command: str = "build",
    remote: Remote | None = None,
    on_file: OnFile | None = None,
    on_reject: OnReject | None = None,
) -> Report:
    """Do what `build_store` does, with labels of its own for each source."""
    with store_lock(Path(store)) as path:
        reading = gather(sources, remote=remote, on_file=on_file, on_reject=on_reject)
        facts = reading.take_facts()
        tables = join(facts, reading.report)
        said = said_of(facts, tables)
        del facts  # while LadybugDB writes, there is no room to spare
        load = _load(command, sources, reading, tables)
        write_store(path, tables, [load], _held_table(reading.files), said)
    return reading.report


def update_store(
    store: str | PathLike[str],
    *paths: str | PathLike[str],
    release: str | None = None,
    stack: str | None = None,
    remote: Remote | None = None,
    on_file: OnFile | None = None,
    on_reject: OnReject | None = None,
) -> Report:
    """Bring newer pages into the store at `store`; the arguments are those of `build_store`.

    A page replaces what pages said of its package in its release; an index, a lock file, or the
    spec files of a mirror, what its own kind said of its stack in its release. What another kind
    said stays. A file that the store has already is not parsed again. A file with rejects adds what
    it has and removes nothing: that a spec is absent from it means nothing.

    Raises:
        InputError: there was no page to read; nothing was changed.
        StoreError: there is no such store, or it can't be written; nothing was changed.
    """
    sources = labelled(paths, Labels(release, stack))
    with store_lock(Path(store)) as path:
        with EmbeddedStore(path) as opened:
            old, said, loads = opened.tables(), opened.said(), opened.loads()
            held = _held_files(opened.held_files())
        known = lock_claims(said)
        reading = gather(
            sources, held=held, known=known, remote=remote, on_file=on_file, on_reject=on_reject
        )
        if not reading.claimed:
            return reading.report  # nothing new: the store is left as it is
        for claim in sorted(reading.incomplete, key=str):
            if claim.kind != "file":
                reading.report.warn(
                    f"{claim.name} in {claim.release or 'no release'}: read with rejects, so "
                    f"nothing that the store held of it was removed"
                )
        replaced = reading.claimed.keys() - reading.incomplete - reading.unchanged
        tables, said = update(old, said, reading.take_facts(), replaced, reading.report)
        for claim in sorted((c for c in reading.claimed if c.kind == "index"), key=str):
            if holds_no_root(said, claim):
                reading.report.warn(
                    f"{claim.name} in {claim.release or 'no release'}: the index lists none of the "
                    f"roots of the stack's lock file: they don't belong together; load the lock "
                    f"file that the index was made with"
                )
        load = _load("update", sources, reading, tables)
        files = [
            *(f for f in held if f.claim not in replaced and f.claim not in reading.incomplete),
            *reading.files,
        ]
        write_store(path, tables, [*loads, load], _held_table(files), said)
    return reading.report


def fetch_store(
    store: str | PathLike[str],
    manifest: str,
    release: str,
    stacks: Iterable[str] = (),
    *,
    jobs: int = JOBS,
    remote: Remote | None = None,
    on_file: OnFile | None = None,
    on_reject: OnReject | None = None,
) -> Report:
    """Build a store of the indexes of a release, each under its stack.

    Args:
        store: the store's file.
        manifest: the path or address of a `cache_spack_io_index.json`.
        release: the release in it.
        stacks: the stacks in it; all of them, and the release's union index, if none is named.
        jobs: how many indexes are fetched at once.
        remote: how what lies elsewhere is brought here, and where it is kept.
        on_file: called with the number of files looked at, after each.
        on_reject: called with each file and record that is not read; a report keeps the first.

    Raises:
        UsageError: the manifest has no such release or stack.
        InputError: the manifest, or every index in it, can't be had; nothing was changed.
        StoreError: the store can't be written; nothing was changed.
    """
    remote = remote or Remote(MAX_DOCUMENT)
    indexes = _chosen(read_manifest(manifest, remote), release, list(stacks))
    _check_indexes(indexes, manifest)
    sources = [(index.url, Labels(release, index.label)) for index in indexes]
    remote.fetch_all((url for url, _ in sources if local_path(url) is None), jobs)
    return build_from(
        store, sources, command="fetch", remote=remote, on_file=on_file, on_reject=on_reject
    )


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
        rejects=report.rejected,
        digest=tables.digest(),
        warnings=list(report.warnings)[:MAX_WARNINGS],
        rejected=[one_line(str(reject)) for reject in report.rejects[:MAX_REJECTS]],
    )


def _held_table(files: list[HeldFile]) -> pa.Table:
    """The files as a table; a file given twice, under two names, stands in it once."""
    unique = {file.digest: file for file in reversed(files)}.values()
    columns = [
        [file.digest for file in unique],
        [file.file for file in unique],
        [file.claim.kind for file in unique],
        [file.claim.release for file in unique],
        [file.claim.name for file in unique],
        [file.place for file in unique],
    ]
    return pa.table(columns, schema=HELD_FILES)


def _held_files(table: pa.Table) -> list[HeldFile]:
    return [
        HeldFile(r["digest"], r["file"], Claim(r["kind"], r["release"], r["name"]), r["place"])
        for r in table.to_pylist()
    ]


def read_manifest(manifest: str, remote: Remote) -> dict[str, list[_Index]]:
    """By release, its indexes, if it has any."""
    name = shown(manifest)
    try:
        path = local_path(manifest) if is_url(manifest) else manifest
        file = remote.file_of(manifest) if path is None else Path(path)
        with file.open("rb") as content:
            data = content.read(MAX_MANIFEST + 1)
        if len(data) > MAX_MANIFEST:
            raise Unreadable(f"expected at most {MAX_MANIFEST:,} bytes, found more")
        releases: dict[str, list[_Index]] = decode_whole(data, dict[Name, list[_Index]])
    except (NotFetched, OSError, Unreadable) as problem:
        why = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise InputError(
            f'{name}: {one_line(str(why))}; expected a manifest: {{"RELEASE": '
            f'[{{"label": "STACK", "url": "…"}}, …]}}'
        ) from None
    return {release: indexes for release, indexes in releases.items() if indexes}


def _chosen(releases: dict[str, list[_Index]], release: str, stacks: list[str]) -> list[_Index]:
    if release not in releases:
        raise no_such("release", release, sorted(releases, reverse=True), _PLACE)
    indexes = releases[release]
    labels = {index.label for index in indexes}
    for stack in stacks:
        if stack not in labels:
            raise no_such("stack", stack, sorted(labels), _PLACE)
    return [index for index in indexes if not stacks or index.label in stacks]


def _check_indexes(indexes: list[_Index], manifest: str) -> None:
    """What a server says must not make this machine read its own files."""
    from_server = is_url(manifest) and local_path(manifest) is None
    local = "" if from_server else ", or file:// with a whole path"
    for index in indexes:
        try:
            check_name(index.label, "label", 0)
        except Unreadable as problem:
            raise InputError(f"{shown(manifest)}: {problem}") from None
        if not is_url(index.url) or (from_server and local_path(index.url) is not None):
            expected = f"expected http://, https:// or s3://{local}"
            raise InputError(f"{shown(manifest)}: {index.label}: {shown(index.url)}: {expected}")
