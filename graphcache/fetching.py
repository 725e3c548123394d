"""`fetch`: the indexes that a manifest names, brought here side by side, and a store of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path

from msgspec import Struct

from graphcache.errors import InputError, no_such
from graphcache.loading import build_from
from graphcache.records import Labels, Name, Report, one_line
from graphcache.remote.locations import NotFetched, is_url, local_path, shown
from graphcache.sources.documents import decode
from graphcache.sources.frontmatter import Unreadable
from graphcache.sources.inputs import MAX_DOCUMENT
from graphcache.sources.remote import MAX_MANIFEST, Remote

JOBS = 8
"""Downloads at once, if nothing else is said."""

_PLACE = "the manifest"


class _Index(Struct):
    label: Name
    url: Name


def fetch_store(
    store: str | PathLike[str],
    manifest: str,
    release: str,
    stacks: Iterable[str] = (),
    *,
    jobs: int = JOBS,
    remote: Remote | None = None,
    on_file: Callable[[int], None] | None = None,
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

    Raises:
        UsageError: the manifest has no such release or stack.
        InputError: the manifest, or every index in it, can't be had; nothing was changed.
        StoreError: the store can't be written; nothing was changed.
    """
    remote = remote or Remote(MAX_DOCUMENT)
    indexes = _chosen(read_manifest(manifest, remote), release, list(stacks))
    _check_addresses(indexes, manifest)
    sources = [(index.url, Labels(release, index.label)) for index in indexes]
    remote.fetch_all((url for url, _ in sources if local_path(url) is None), jobs)
    return build_from(store, sources, command="fetch", remote=remote, on_file=on_file)


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
        releases: dict[str, list[_Index]] = decode(data, dict[Name, list[_Index]], "")
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


def _check_addresses(indexes: list[_Index], manifest: str) -> None:
    """What a server says must not make this machine read its own files."""
    from_server = is_url(manifest) and local_path(manifest) is None
    local = "" if from_server else ", or file:// with a whole path"
    for index in indexes:
        if not is_url(index.url) or (from_server and local_path(index.url) is not None):
            expected = f"expected http://, https:// or s3://{local}"
            raise InputError(f"{shown(manifest)}: {index.label}: {shown(index.url)}: {expected}")
